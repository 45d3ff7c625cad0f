//! From two maps to text lines, as for a network that marks whole lines and the center line of each.
//!
//! The first map says where text is, up to the edge of each line; the second marks the shrunken middle of each line, so
//! that lines whose regions touch stay apart.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "coordinates within a map, whose sides are below 2^20, are cut to it before they are cast"
)]

use imageproc::point::Point as PixelPoint;
use ndarray::{Array2, s};
use std::collections::VecDeque;
use std::ops::Range;

use super::detector::Detection;
use super::manifest::RegionThresholds;
use super::{postprocess, quads};
use crate::geometry::{Point, Quad, Rect};

/// What the network says of one copy of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Regions {
    /// The probability that a pixel lies in a text line.
    pub region: Array2<f32>,
    /// The probability that it lies in the middle of one.
    pub core: Array2<f32>,
    /// How many pixels of the map there are for one of the picture, along a row.
    pub x_scale: f32,
    /// …and down a column.
    pub y_scale: f32,
}

impl Regions {
    /// Returns the lines in pixels of the picture; each has a pixel that reaches the seed, a mean that reaches the score,
    /// and fills its rectangle.
    ///
    /// A region that sprawls is looked at again with a higher threshold, for text may lie in it: what is left of it then
    /// either fills its rectangle or is a grid, a trace or a texture.
    #[must_use]
    pub fn lines(&self, thresholds: &RegionThresholds) -> Vec<Detection> {
        /// Text fills most of the rectangle round it.
        const FULL: f32 = 0.5;
        /// Dots of fewer pixels of the map a side are no letters.
        const LEAST_SIDE: f32 = 2.0;
        let mut lines = Vec::new();
        let Some(area) = self.bounds(thresholds.region) else { return lines };
        let own = self.region.slice(s![area.0.clone(), area.1.clone()]);
        let mut within: Option<Vec<bool>> = None;
        for region in [thresholds.region, thresholds.seed, f32::midpoint(thresholds.seed, 1.0)] {
            let is_above = own.iter().map(|&value| value > region);
            let text: Vec<bool> = match &within {
                Some(within) => is_above.zip(within).map(|(is_above, &within)| is_above && within).collect(),
                None => is_above.collect(),
            };
            if !text.contains(&true) {
                break;
            }
            let (labels, parts) = self.parts(&area, &text, thresholds.core);
            let mut sprawls = vec![false; parts.len() + 1];
            for (index, part) in parts.iter().enumerate().filter(|(_, part)| part.highest >= thresholds.seed) {
                match part.rectangle() {
                    Some(quad) if part.count as f32 >= FULL * quads::area(&quad.0) => {
                        let is_line = quads::short_side(&quad) >= LEAST_SIDE && part.mean() >= thresholds.score;
                        lines.extend(is_line.then(|| self.line(part, quad)));
                    }
                    _ => sprawls[index + 1] = true,
                }
            }
            if !sprawls.contains(&true) {
                break;
            }
            within = Some(labels.into_iter().map(|label| sprawls[label as usize]).collect());
        }
        lines
    }

    /// Returns the rows and columns that hold all pixels above a level; nothing where there is none.
    fn bounds(&self, level: f32) -> Option<(Range<usize>, Range<usize>)> {
        let is_marked = |row: &usize| self.region.row(*row).iter().any(|&value| value > level);
        let (rows, columns) = self.region.dim();
        let rows = (0..rows).find(is_marked)?..(0..rows).rev().find(is_marked)? + 1;
        let mut ends = columns..0;
        for row in self.region.slice(s![rows.clone(), ..]).outer_iter() {
            let first = row.iter().take(ends.start).position(|&value| value > level);
            let last = row.iter().rposition(|&value| value > level);
            ends = first.unwrap_or(ends.start)..ends.end.max(last.map_or(0, |last| last + 1));
        }
        Some((rows, ends))
    }

    /// Numbers the pixels of text in an area by the lines they belong to, row by row, and gathers them.
    fn parts(&self, area: &(Range<usize>, Range<usize>), text: &[bool], core: f32) -> (Vec<u32>, Vec<Pixels>) {
        let columns = area.1.len();
        let own = s![area.0.clone(), area.1.clone()];
        let cores = self.core.slice(own);
        let is_core: Vec<bool> = text.iter().zip(cores).map(|(&text, &value)| text && value > core).collect();
        let labels = labels(columns, text, &is_core);
        let mut parts: Vec<Pixels> = Vec::new();
        for ((row, labels), values) in
            area.0.clone().zip(labels.chunks_exact(columns)).zip(self.region.slice(own).outer_iter())
        {
            for ((column, &label), &value) in
                area.1.clone().zip(labels).zip(values).filter(|((_, label), _)| **label > 0)
            {
                let index = label as usize - 1;
                if parts.len() <= index {
                    parts.resize_with(index + 1, Pixels::default);
                }
                parts[index].add(row, column, value);
            }
        }
        (labels, parts)
    }

    /// Returns whether a pixel in an area of the picture is above a level.
    pub(super) fn is_marked(&self, area: Rect, level: f32) -> bool {
        let (rows, columns) = self.pixels(area);
        self.region.slice(s![rows, columns]).iter().any(|&value| value > level)
    }

    /// Returns whether a pixel in an area of the picture, but in none of these places and not beside one, is above a level.
    pub(super) fn is_marked_beside(&self, area: Rect, level: f32, places: &[Rect]) -> bool {
        let (rows, columns) = self.pixels(area);
        let grown = |own: Range<usize>| own.start.saturating_sub(1)..own.end + 1;
        let places: Vec<_> = places.iter().map(|&place| self.pixels(place)).collect();
        let places: Vec<_> = places.into_iter().map(|(rows, columns)| (grown(rows), grown(columns))).collect();
        let is_beside =
            |row: usize, column: usize| !places.iter().any(|own| own.0.contains(&row) && own.1.contains(&column));
        rows.into_iter()
            .any(|row| columns.clone().any(|column| self.region[[row, column]] > level && is_beside(row, column)))
    }

    /// Returns the rows and columns of the map that show an area of the picture.
    fn pixels(&self, area: Rect) -> (Range<usize>, Range<usize>) {
        let (rows, columns) = self.region.dim();
        let range = |from: u32, to: u32, scale: f32, end: usize| {
            let from = (from as f32 * scale) as usize;
            from.min(end)..((to as f32 * scale).ceil() as usize).min(end)
        };
        (range(area.y0, area.y1, self.y_scale, rows), range(area.x0, area.x1, self.x_scale, columns))
    }

    /// Returns the share of a quadrilateral of the picture that is text, in 0..=1.
    #[must_use]
    pub fn share(&self, quad: &Quad, thresholds: &RegionThresholds) -> f32 {
        let quad = Quad(quad.0.map(|p| Point::new(p.x * self.x_scale, p.y * self.y_scale)));
        // A line of a few pixels may hold no center of a pixel of the map.
        let quad = if quads::short_side(&quad) < 2.0 { quads::grow(&quad, 1.0) } else { quad };
        let (left, top, right, bottom) = quads::extent(&quad);
        let (rows, columns) = self.region.dim();
        let range = |from: f32, to: f32, end: usize| (from.max(0.0) as usize)..(to.ceil().max(0.0) as usize).min(end);
        let (mut text, mut all) = (0_u32, 0_u32);
        for row in range(top, bottom, rows) {
            for column in range(left, right, columns) {
                if quads::holds(&quad, Point::new(column as f32 + 0.5, row as f32 + 0.5)) {
                    all += 1;
                    text += u32::from(self.region[[row, column]] > thresholds.region);
                }
            }
        }
        text as f32 / all.max(1) as f32
    }

    fn line(&self, line: &Pixels, quad: Quad) -> Detection {
        let back = |p: Point| Point::new(p.x / self.x_scale, p.y / self.y_scale);
        Detection { quad: Quad(quad.0.map(back)), score: line.mean() }
    }
}

/// The pixels of one line.
#[derive(Default)]
struct Pixels {
    /// The first and the last pixel of each row.
    ends: Vec<PixelPoint<i32>>,
    highest: f32,
    sum: f64,
    count: u32,
}

impl Pixels {
    /// Adds a pixel; they come row by row, from left to right.
    fn add(&mut self, row: usize, column: usize, value: f32) {
        let pixel = PixelPoint::new(column as i32, row as i32);
        if let [.., first, last] = self.ends.as_slice()
            && first.y == pixel.y
            && last.y == pixel.y
        {
            self.ends.pop();
        }
        self.ends.push(pixel);
        self.highest = self.highest.max(value);
        self.sum += f64::from(value);
        self.count += 1;
    }

    fn mean(&self) -> f32 {
        (self.sum / f64::from(self.count.max(1))) as f32
    }

    /// Returns the upright rectangle round the pixels, or a slanted one that is much smaller.
    fn rectangle(&self) -> Option<Quad> {
        /// The ragged rim of a short word leans by chance; a line that leans by 10 degrees or more has a box that much
        /// larger than itself if it is three times as long as high.
        const CLEARLY: f32 = 1.35;
        let slanted = postprocess::rectangle(self.ends.clone(), 0.5)?;
        let corners: Vec<Point> = slanted.0.to_vec();
        let upright = quads::smallest_rectangle(
            &self.ends.iter().map(|p| Point::new(p.x as f32 + 0.5, p.y as f32 + 0.5)).collect::<Vec<_>>(),
            std::iter::once((1.0, 0.0)),
        )?;
        let upright = quads::grow(&upright, 0.5);
        Some(if quads::area(&upright.0) < CLEARLY * quads::area(&corners) { upright } else { slanted })
    }
}

/// Numbers the pixels of each line from 1; 0 is no text. Pixels are given row by row.
///
/// A region pixel belongs to the core that is nearest within its region, on a way of neighboring pixels. A region
/// without a core is a line by itself.
fn labels(columns: usize, text: &[bool], is_core: &[bool]) -> Vec<u32> {
    let mut labels = vec![0; text.len()];
    let mut queue = VecDeque::new();
    let count = number(&mut labels, columns, is_core, 0, &mut queue);
    queue.extend((0..labels.len()).filter(|&index| labels[index] > 0));
    spread(&mut labels, columns, &mut queue, text);
    number(&mut labels, columns, text, count, &mut queue);
    labels
}

/// Numbers the 8-connected groups of pixels that are set and have no number, from `count + 1` on in the order of their
/// first pixels; returns the last number.
fn number(labels: &mut [u32], columns: usize, set: &[bool], mut count: u32, queue: &mut VecDeque<usize>) -> u32 {
    for index in 0..labels.len() {
        if labels[index] == 0 && set[index] {
            count += 1;
            labels[index] = count;
            queue.push_back(index);
            spread(labels, columns, queue, set);
        }
    }
    count
}

/// Gives the labels of the queued pixels to those set around them, nearest first.
fn spread(labels: &mut [u32], columns: usize, queue: &mut VecDeque<usize>, set: &[bool]) {
    let rows = labels.len() / columns;
    while let Some(index) = queue.pop_front() {
        let (label, row, column) = (labels[index], index / columns, index % columns);
        for y in row.saturating_sub(1)..(row + 2).min(rows) {
            for other in y * columns + column.saturating_sub(1)..y * columns + (column + 2).min(columns) {
                if labels[other] == 0 && set[other] {
                    labels[other] = label;
                    queue.push_back(other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: RegionThresholds = RegionThresholds {
        region: 0.2,
        seed: 0.5,
        core: 0.5,
        support: 0.5,
        score: 0.35,
        sure: 0.65,
        sure_low: 0.65,
        whole: 0.7,
        score_again: 0.75,
    };

    fn regions(region: Array2<f32>, core: Array2<f32>) -> Regions {
        Regions { region, core, x_scale: 0.5, y_scale: 0.5 }
    }

    fn extents(lines: &[Detection]) -> Vec<(f32, f32, f32, f32)> {
        lines.iter().map(|line| quads::extent(&line.quad)).collect()
    }

    #[test]
    fn a_region_is_a_line_in_pixels_of_the_picture() {
        let mut region = Array2::zeros((40, 60));
        region.slice_mut(s![5..9, 10..30]).fill(0.8_f32);
        let lines = regions(region, Array2::zeros((40, 60))).lines(&THRESHOLDS);
        assert_eq!(extents(&lines), [(20.0, 10.0, 60.0, 18.0)]);
        assert!((lines[0].score - 0.8).abs() < 1e-6);
    }

    #[test]
    fn all_that_is_marked_lies_within_the_bounds() {
        let mut region = Array2::zeros((40, 60));
        assert_eq!(regions(region.clone(), Array2::zeros((40, 60))).bounds(0.2), None);
        for (row, column) in [(7, 31), (20, 12), (33, 59)] {
            region[[row, column]] = 0.8_f32;
        }
        assert_eq!(regions(region, Array2::zeros((40, 60))).bounds(0.2), Some((7..34, 12..60)));
    }

    #[test]
    fn touching_lines_are_parted_at_their_cores() {
        let (mut region, mut core) = (Array2::zeros((40, 60)), Array2::zeros((40, 60)));
        region.slice_mut(s![4..12, 10..30]).fill(0.8_f32);
        core.slice_mut(s![5..7, 10..30]).fill(0.9_f32);
        core.slice_mut(s![9..11, 10..30]).fill(0.9_f32);
        let lines = regions(region, core).lines(&THRESHOLDS);
        assert_eq!(extents(&lines), [(20.0, 8.0, 60.0, 16.0), (20.0, 16.0, 60.0, 24.0)]);
    }

    #[test]
    fn a_region_without_a_seed_is_none_and_one_with_a_faint_rim_is_whole() {
        let mut region = Array2::zeros((40, 60));
        region.slice_mut(s![5..9, 10..30]).fill(0.45_f32);
        region.slice_mut(s![20..30, 10..30]).fill(0.25_f32);
        region.slice_mut(s![22..28, 12..28]).fill(0.7_f32);
        let lines = regions(region, Array2::zeros((40, 60))).lines(&THRESHOLDS);
        assert_eq!(extents(&lines), [(20.0, 40.0, 60.0, 60.0)]);
    }

    #[test]
    fn a_grid_is_no_line_and_what_stands_on_it_is_one() {
        let mut region = Array2::zeros((60, 90));
        for ((row, column), value) in region.indexed_iter_mut() {
            if row % 10 == 0 || column % 10 == 0 {
                *value = 0.6_f32;
            }
        }
        region.slice_mut(s![25..31, 32..58]).fill(0.95);
        let lines = regions(region, Array2::zeros((60, 90))).lines(&THRESHOLDS);
        assert_eq!(extents(&lines), [(64.0, 50.0, 116.0, 62.0)]);
    }

    #[test]
    fn a_slanted_region_gives_a_slanted_rectangle() {
        let region = Array2::from_shape_fn((80, 80), |(row, column)| {
            let (x, y) = (column as f32 - 39.5, row as f32 - 39.5);
            let (sin, cos) = 30.0_f32.to_radians().sin_cos();
            if (x * cos + y * sin).abs() < 30.0 && (y * cos - x * sin).abs() < 4.0 { 0.8 } else { 0.0 }
        });
        let lines = regions(region, Array2::zeros((80, 80))).lines(&THRESHOLDS);
        let (along, down) = quads::sides(&lines[0].quad);
        assert!((along - 120.0).abs() < 6.0 && (down - 16.0).abs() < 6.0, "{along} x {down}");
    }

    #[test]
    fn the_share_is_that_inside_of_the_quadrilateral() {
        let mut region = Array2::zeros((40, 60));
        region.slice_mut(s![10..14, 10..20]).fill(0.4_f32);
        let regions = regions(region, Array2::zeros((40, 60)));
        let at = |x0, x1| regions.share(&Quad::from_rect(crate::geometry::Rect::new(x0, 20, x1, 28)), &THRESHOLDS);
        assert_eq!([at(20, 40), at(20, 60), at(80, 90)].map(|p| (p * 10.0).round() as u32), [10, 5, 0]);
    }
}
