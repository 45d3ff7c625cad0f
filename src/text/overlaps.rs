//! Lines whose rectangles overlap, although their letters do not, are cut apart between the letters.
//!
//! A detector draws small text with loose boxes. In a dense column the box of one line then holds parts of the lines
//! above and below: they spoil its reading, and go with it when it is masked.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates within a picture, clamped to it before the cast"
)]

use image::RgbImage;

use super::detector::Detection;
use super::level::{Level, Picture};

/// The least height that is left of a line, in parts of its own: boxes are loose by up to a third on each side.
const LEFT: f32 = 0.4;

/// The largest share of a line that lies in the other one: lines that lie in each other by more are above and below each
/// other the other way, and a cut would part the words of both.
const MOST_SHARED: f32 = 0.5;

/// How much the background between two lines may vary, in parts of their contrast: lossy compression leaves a tenth…
const NOISE: f32 = 0.15;

/// …and, where there is little contrast, in values of 255.
const LEAST_NOISE: u8 = 16;

/// Cuts lines apart that overlap above and below, or beside each other.
///
/// The cut runs where every view shows nothing but background. What a line loses lies in the other one or is
/// background itself, so that all letters stay in a line.
pub(crate) fn separate(mut lines: Vec<Detection>, views: &[&RgbImage]) -> Vec<Detection> {
    for transposed in [false, true] {
        for first in 0..lines.len() {
            for second in 0..lines.len() {
                if first == second {
                    continue;
                }
                let level = |index: usize| Level::new(&lines[index].quad, transposed);
                let (Some(above), Some(below)) = (level(first), level(second)) else { continue };
                if let Some(cut) = cut(above, below, views, transposed) {
                    lines[first].quad = Level { y1: cut, ..above }.quad(transposed);
                    lines[second].quad = Level { y0: cut, ..below }.quad(transposed);
                }
            }
        }
    }
    lines
}

/// Returns where to cut between two lines that overlap, if they can be cut apart.
fn cut(above: Level, below: Level, views: &[&RgbImage], transposed: bool) -> Option<f32> {
    let (left, right) = (above.x0.max(below.x0), above.x1.min(below.x1));
    let shared = above.y1 - below.y0;
    let is_neighbor = 0.0 < shared && shared <= MOST_SHARED * above.height().min(below.height());
    let overlaps = left < right && above.y0 < below.y0 && above.y1 < below.y1 && is_neighbor;
    if !overlaps {
        return None;
    }
    let pictures: Vec<Picture<'_>> = views.iter().map(|image| Picture { image, transposed }).collect();
    let limits: Vec<u8> = pictures
        .iter()
        .map(|picture| {
            let contrast = picture.contrast(above, |_, _| true).max(picture.contrast(below, |_, _| true));
            LEAST_NOISE.max((NOISE * f32::from(contrast)) as u8)
        })
        .collect();
    let is_flat = |area: Level, is_meant: &dyn Fn(u32, u32) -> bool| {
        pictures.iter().zip(&limits).all(|(picture, limit)| picture.contrast(area, is_meant) <= *limit)
    };
    // The longest run of rows without letters.
    let (first, end) = (below.y0.max(0.0).ceil() as u32, above.y1.max(0.0).floor() as u32);
    let mut best: Option<(u32, u32)> = None;
    let mut start = None;
    for y in first..=end {
        let row = Level { x0: left, y0: y as f32, x1: right, y1: (y + 1) as f32 };
        if y < end && is_flat(row, &|_, _| true) {
            start.get_or_insert(y);
        } else if let Some(from) = start.take() {
            best = best.filter(|(a, b)| b - a >= y - from).or(Some((from, y)));
        }
    }
    let (from, to) = best?;
    let cut = (from + to) as f32 / 2.0;
    let is_left = cut - above.y0 >= LEFT * above.height() && below.y1 - cut >= LEFT * below.height();
    let lost_above = Level { y0: cut, ..above };
    let lost_below = Level { y1: cut, ..below };
    let is_safe = is_flat(lost_above, &|x, y| !below.holds(x, y)) && is_flat(lost_below, &|x, y| !above.holds(x, y));
    (is_left && is_safe).then_some(cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::level::testing::{line, picture};
    use crate::text::quads::extent;

    #[test]
    fn loose_boxes_are_cut_between_the_letters() {
        let image = picture(&[[10, 10, 60, 20], [10, 24, 50, 34]]);
        let loose = vec![line(6, 6, 64, 26), line(6, 18, 54, 38)];
        assert_eq!(separate(loose.clone(), &[&image]), [line(6, 6, 64, 22), line(6, 22, 54, 38)]);
        let reversed = vec![loose[1], loose[0]];
        assert_eq!(separate(reversed, &[&image]), [line(6, 22, 54, 38), line(6, 6, 64, 22)]);
        // What one view shows there counts.
        let other = picture(&[[10, 18, 60, 30]]);
        assert_eq!(separate(loose.clone(), &[&image, &other]), loose);
    }

    #[test]
    fn words_side_by_side_are_cut_too() {
        let image = picture(&[[10, 10, 40, 20], [46, 10, 90, 20]]);
        let loose = vec![line(6, 6, 48, 24), line(38, 6, 94, 24)];
        assert_eq!(separate(loose, &[&image]), [line(6, 6, 43, 24), line(43, 6, 94, 24)]);
    }

    #[test]
    fn lines_above_each_other_are_not_cut_into_words() {
        // Between the words, nothing but background in the rows that both boxes have.
        let image = picture(&[[10, 10, 50, 20], [60, 10, 100, 20], [14, 24, 50, 34], [60, 24, 104, 34]]);
        let loose = vec![line(6, 6, 104, 24), line(8, 20, 108, 38)];
        assert_eq!(separate(loose, &[&image]), [line(6, 6, 104, 22), line(8, 22, 108, 38)]);
        let dim = RgbImage::new(120, 80);
        let loose = vec![line(6, 6, 104, 24), line(8, 20, 108, 38)];
        let cut = separate(loose, &[&dim]);
        assert!(cut.iter().all(|line| extent(&line.quad).2 - extent(&line.quad).0 > 90.0), "{cut:?}");
    }

    #[test]
    fn no_letter_is_lost() {
        // Letters touch.
        let image = picture(&[[10, 10, 60, 22], [10, 22, 50, 34]]);
        let loose = vec![line(6, 6, 64, 26), line(6, 18, 54, 38)];
        assert_eq!(separate(loose.clone(), &[&image]), loose);
        // A descender right of the lower line.
        let image = picture(&[[10, 10, 60, 20], [56, 20, 60, 25], [10, 24, 50, 34]]);
        assert_eq!(separate(loose.clone(), &[&image]), loose);
    }

    #[test]
    fn what_is_aslant_or_apart_stays() {
        let image = picture(&[[10, 10, 60, 20], [10, 24, 50, 34]]);
        let apart = vec![line(6, 6, 64, 21), line(6, 23, 54, 38)];
        assert_eq!(separate(apart.clone(), &[&image]), apart);
        let mut slanted = vec![line(6, 6, 64, 26), line(6, 18, 54, 38)];
        slanted[0].quad.0[1].y += 8.0;
        slanted[0].quad.0[2].y += 8.0;
        assert_eq!(separate(slanted.clone(), &[&image]), slanted);
    }
}
