//! From a probability map to text lines, as for networks with a differentiable-binarization head.
//!
//! Such a network marks the shrunken core of each line, so that touching lines stay apart; the core's rectangle is
//! grown back here.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates within a tile, which is far smaller than 2^23, are cut to the map before they are cast"
)]

use image::GrayImage;
use imageproc::contours::{BorderType, find_contours};
use imageproc::geometry::convex_hull;
use imageproc::point::Point as PixelPoint;
use ndarray::ArrayView2;

use super::detector::Detection;
use super::manifest::Thresholds;
use super::quads;
use crate::geometry::{Point, Quad};

/// A line and the core that it was grown from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// What the network marked, in the same pixels as the line.
    pub core: Quad,
    /// The line.
    pub line: Detection,
}

/// Returns the lines in a probability map, in pixels of the map, in the order of their topmost pixels.
///
/// Each 8-connected region above the threshold gives at most one line. None is left out for being one too many.
#[must_use]
pub fn lines(map: ArrayView2<'_, f32>, thresholds: &Thresholds) -> Vec<Found> {
    let (rows, columns) = map.dim();
    // One pixel of background round the map: imageproc finds no outer border of a region that touches its edge.
    let mut bits = GrayImage::new(columns as u32 + 2, rows as u32 + 2);
    for ((row, column), probability) in map.indexed_iter() {
        if *probability > thresholds.probability {
            bits.put_pixel(column as u32 + 1, row as u32 + 1, image::Luma([255]));
        }
    }
    find_contours::<i32>(&bits)
        .into_iter()
        .filter(|contour| contour.border_type == BorderType::Outer)
        .filter_map(|contour| line(map, contour.points, thresholds))
        .collect()
}

/// Returns the line whose core has this outline, `None` if it is too thin or too improbable.
fn line(map: ArrayView2<'_, f32>, outline: Vec<PixelPoint<i32>>, thresholds: &Thresholds) -> Option<Found> {
    // The contours were found with a margin of one pixel.
    let core = rectangle(outline, -0.5)?;
    let (along, down) = quads::sides(&core);
    if along.min(down) < thresholds.min_side {
        return None;
    }
    let score = mean_inside(map, &core);
    if score < thresholds.r#box {
        return None;
    }
    let distance = along * down * thresholds.unclip / (2.0 * (along + down));
    Some(Found { core, line: Detection { quad: quads::grow(&core, distance), score } })
}

/// Returns the smallest rectangle that covers pixels, given by their place and what is added to it for their centers.
///
/// `imageproc::geometry::min_area_rect` is not used because it rounds corners to whole pixels, which bends slanted
/// rectangles, and leaves out one side of the hull.
pub(super) fn rectangle(mut pixels: Vec<PixelPoint<i32>>, to_center: f32) -> Option<Quad> {
    // Thin regions are walked along twice. Equal points have no place in the hull's sorting order.
    pixels.sort_unstable_by_key(|p| (p.y, p.x));
    pixels.dedup();
    let hull = convex_hull(pixels);
    let points: Vec<Point> = hull.iter().map(|p| Point::new(p.x as f32 + to_center, p.y as f32 + to_center)).collect();
    let ends = points.iter().cycle().skip(1);
    let directions = points.iter().zip(ends).filter_map(|(a, b)| {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let length = dx.hypot(dy);
        (length > 0.0).then(|| (dx / length, dy / length))
    });
    // The upright rectangle comes first, so that it wins where a slanted one is no smaller.
    let centers = quads::smallest_rectangle(&points, std::iter::once((1.0, 0.0)).chain(directions))?;
    // From the centers of the outermost pixels to their edges.
    Some(quads::grow(&centers, 0.5))
}

/// Returns the mean of the map over the pixels whose centers lie in `quad`.
fn mean_inside(map: ArrayView2<'_, f32>, quad: &Quad) -> f32 {
    let (rows, columns) = map.dim();
    let (left, top, right, bottom) = quads::extent(quad);
    let range =
        |from: f32, to: f32, end: usize| (from.floor().max(0.0) as usize)..(to.ceil().max(0.0) as usize).min(end);
    let (mut sum, mut count) = (0.0_f64, 0_u32);
    for row in range(top, bottom, rows) {
        for column in range(left, right, columns) {
            let center = Point::new(column as f32 + 0.5, row as f32 + 0.5);
            if quads::holds(quad, center) {
                sum += f64::from(map[[row, column]]);
                count += 1;
            }
        }
    }
    if count == 0 { 0.0 } else { (sum / f64::from(count)) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};

    const THRESHOLDS: Thresholds = Thresholds { probability: 0.2, r#box: 0.3, unclip: 1.8, min_side: 2.0 };
    const PLAIN: Thresholds = Thresholds { unclip: 0.0, ..THRESHOLDS };

    fn map_with(rows: std::ops::Range<usize>, columns: std::ops::Range<usize>, value: f32) -> Array2<f32> {
        let mut map = Array2::zeros((40, 60));
        map.slice_mut(s![rows, columns]).fill(value);
        map
    }

    #[test]
    fn a_region_gives_the_rectangle_of_its_pixels() {
        for (rows, columns) in [(5..9, 10..30), (0..4, 0..20), (36..40, 40..60), (0..40, 0..60), (0..2, 0..2)] {
            let found = lines(map_with(rows.clone(), columns.clone(), 0.9).view(), &PLAIN);
            let (left, top, right, bottom) = quads::extent(&found.first().expect("one line").line.quad);
            assert_eq!(found.len(), 1);
            assert_eq!(
                [left, top, right, bottom],
                [columns.start, rows.start, columns.end, rows.end].map(|v| v as f32)
            );
            assert!((found[0].line.score - 0.9).abs() < 1e-5);
        }
    }

    #[test]
    fn a_core_grows_by_area_times_ratio_over_perimeter() {
        let found = lines(map_with(10..14, 10..30, 0.9).view(), &THRESHOLDS);
        let distance = 4.0 * 20.0 * 1.8 / 48.0;
        let (left, top, right, bottom) = quads::extent(&found[0].line.quad);
        for (found, expected) in
            [(left, 10.0 - distance), (top, 10.0 - distance), (right, 30.0 + distance), (bottom, 14.0 + distance)]
        {
            assert!((found - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn thin_and_improbable_regions_are_noise() {
        assert!(lines(map_with(5..6, 5..6, 1.0).view(), &THRESHOLDS).is_empty());
        assert!(lines(map_with(5..6, 5..40, 1.0).view(), &THRESHOLDS).is_empty());
        assert!(lines(map_with(5..9, 5..40, 0.25).view(), &THRESHOLDS).is_empty());
        assert!(lines(map_with(5..9, 5..40, 0.2).view(), &THRESHOLDS).is_empty());
    }

    #[test]
    fn a_region_with_a_hole_is_one_line_and_one_in_the_hole_another() {
        let mut map = map_with(2..30, 2..50, 0.9);
        map.slice_mut(s![5..27, 5..47]).fill(0.0);
        map.slice_mut(s![12..16, 12..40]).fill(0.9);
        let found = lines(map.view(), &Thresholds { r#box: 0.1, ..PLAIN });
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_slanted_region_gives_a_slanted_rectangle() {
        let mut map = Array2::zeros((80, 80));
        for ((row, column), value) in map.indexed_iter_mut() {
            // A bar of 60 x 8 round (40, 40), turned by 30 degrees.
            let (x, y) = (column as f32 - 39.5, row as f32 - 39.5);
            let (sin, cos) = 30.0_f32.to_radians().sin_cos();
            if (x * cos + y * sin).abs() < 30.0 && (y * cos - x * sin).abs() < 4.0 {
                *value = 0.8_f32;
            }
        }
        let found = lines(map.view(), &PLAIN);
        let [a, b, ..] = found[0].line.quad.0;
        let angle = (b.y - a.y).atan2(b.x - a.x).to_degrees();
        let (along, down) = quads::sides(&found[0].line.quad);
        assert!((angle - 30.0).abs() < 3.0, "{angle}");
        assert!((along - 60.0).abs() < 3.0 && (down - 8.0).abs() < 3.0, "{along} x {down}");
    }

    #[test]
    fn more_lines_than_usual_are_all_there() {
        let mut map = Array2::zeros((400, 400));
        for row in (0..400).step_by(4) {
            for column in (0..400).step_by(4) {
                map.slice_mut(s![row..row + 2, column..column + 2]).fill(1.0);
            }
        }
        assert_eq!(lines(map.view(), &THRESHOLDS).len(), 10_000);
    }
}
