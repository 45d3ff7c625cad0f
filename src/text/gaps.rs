//! Boxes round text that stands apart are cut where nothing stands: a value and the date far right of it, two lines.
//!
//! A detector takes neighbors for one line where its map joins them. All of it would be masked for the sake of a part,
//! and two lines cannot be read as one.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates within a picture, clamped to it before the cast"
)]

use super::detector::Detection;
use super::level::{Level, Picture};
use super::quads::merge;
use image::RgbImage;

/// The least gap between two parts of a line, in heights of its box. Spaces are about a third of it, those of
/// monospaced fonts and justified tables up to two thirds.
const APART: f32 = 1.0;

/// …or in heights of its letters, if that is less: boxes are loose. A space of monospaced fonts is 0.6 of the body, with
/// the sides of letters 0.7 or less, which is as much as their height; where no letter has an ascender, up to 1.4 of it.
const LETTERS_APART: f32 = 1.6;

/// The least height of each part that a box is cut into from top to bottom, in heights of the box. Diacritics, dots and
/// the strokes of `=` or a Chinese two are a fifth of it at most; of three lines each has about a quarter.
const LINE: f32 = 0.25;

/// The same in pixels: lower text cannot be read.
const LEAST_LINE: f32 = 5.0;

/// How many rows make a column of a table…
const COLUMN: usize = 3;

/// …and the least gap between two of them, in heights of the highest. Within text on its side letters stand nearer, and
/// words apart by half of a short one at most.
const ROWS_APART: f32 = 0.8;

/// The largest difference of values (of 255, in each channel) in what is taken for background. What lossy compression
/// leaves round letters is more and ends the gap; text that differs less shows in another view if at all.
const FLAT: u8 = 8;

/// Cuts lines at gaps in which every view shows one color from edge to edge of the box, and merges what is then the same.
///
/// Nothing but background is lost: the parts meet in the middle of a gap.
pub(crate) fn cut(lines: Vec<Detection>, views: &[&RgbImage]) -> Vec<Detection> {
    let count = lines.len();
    let mut parts = Vec::new();
    for line in lines {
        let rows = split(line, views, true);
        parts.extend(rows.into_iter().flat_map(|row| split(row, views, false)));
    }
    if parts.len() == count { parts } else { merge(parts) }
}

/// Cuts a line between its rows (`transposed`) or between its columns.
fn split(line: Detection, views: &[&RgbImage], transposed: bool) -> Vec<Detection> {
    let Some(area) = Level::new(&line.quad, transposed) else { return vec![line] };
    let pictures: Vec<Picture<'_>> = views.iter().map(|image| Picture { image, transposed }).collect();
    let (along, across) = (area.x1 - area.x0, area.height());
    let is_flat = |from: f32, to: f32| {
        let part = Level { x0: from, x1: to, ..area };
        pictures.iter().all(|picture| picture.contrast(part, |_, _| true) <= FLAT)
    };
    // Text runs along the longer side. Across it, a gap of a row is enough between parts as high as lines.
    let (least_gap, least_part) =
        if along >= across { (apart(area, &pictures), 0.0) } else { (1.0, LEAST_LINE.max(LINE * along)) };
    let columns = area.x0.max(0.0).ceil() as u32..area.x1.max(0.0).floor() as u32;
    let inked: Vec<f32> = columns.map(|x| x as f32).filter(|&x| !is_flat(x, x + 1.0)).collect();
    let (Some(&first), Some(&last)) = (inked.first(), inked.last()) else { return vec![line] };
    let (mut starts, mut from) = (vec![area.x0], first);
    for pair in inked.windows(2) {
        let (left, right) = (pair[0] + 1.0, pair[1]);
        let is_wide = right - left >= least_gap && left - from >= least_part && last + 1.0 - right >= least_part;
        if is_wide && is_flat(left, right) {
            starts.push((left + right) / 2.0);
            from = right;
        }
    }
    if transposed && along >= across && starts.len() == 1 {
        starts.extend(between_rows(&inked));
    }
    let ends = starts.iter().skip(1).copied().chain([area.x1]);
    let part = |(&x0, x1)| Detection { quad: Level { x0, x1, ..area }.quad(transposed), ..line };
    if starts.len() == 1 { vec![line] } else { starts.iter().zip(ends).map(part).collect() }
}

/// Returns the middles of the gaps in a column of rows, which may hold rules across it; nothing if it may be text on its
/// side.
fn between_rows(inked: &[f32]) -> Vec<f32> {
    let gaps = inked.windows(2).map(|pair| (pair[0] + 1.0, pair[1])).filter(|&(end, start)| start > end);
    let gaps: Vec<(f32, f32)> = gaps.collect();
    let (Some(&first), Some(&last)) = (inked.first(), inked.last()) else { return Vec::new() };
    let starts = [first].into_iter().chain(gaps.iter().map(|gap| gap.1));
    let ends = gaps.iter().map(|gap| gap.0).chain([last + 1.0]);
    let heights: Vec<f32> = starts.zip(ends).map(|(start, end)| end - start).collect();
    let highest = heights.iter().copied().fold(0.0, f32::max);
    let are_rows = heights.len() >= COLUMN
        && heights.iter().all(|&height| height >= LEAST_LINE)
        && gaps.iter().all(|(end, start)| start - end >= ROWS_APART * highest);
    if are_rows { gaps.into_iter().map(|(end, start)| f32::midpoint(end, start)).collect() } else { Vec::new() }
}

/// Returns the least gap between two parts of a line.
fn apart(area: Level, pictures: &[Picture<'_>]) -> f32 {
    let plain = |from_end| pictures.iter().map(|picture| picture.plain_rows(area, FLAT, from_end)).min().unwrap_or(0);
    let letters = area.height() - (plain(false) + plain(true)) as f32;
    // Dashes and dots say nothing of the size of letters.
    if letters < LEAST_LINE { APART * area.height() } else { (APART * area.height()).min(LETTERS_APART * letters) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::level::testing::{line, picture};
    use image::Rgb;

    #[test]
    fn what_stands_far_apart_in_a_row_is_cut_in_the_middle() {
        let image = picture(&[[10, 10, 30, 20], [34, 10, 50, 20], [80, 10, 100, 20]]);
        let box_ = line(6, 6, 104, 24);
        assert_eq!(cut(vec![box_], &[&image]), [line(6, 6, 65, 24), line(65, 6, 104, 24)]);
        // What one view shows in the gap counts.
        let other = picture(&[[60, 12, 70, 18]]);
        assert_eq!(cut(vec![box_], &[&image, &other]), [box_]);
        // So does a low value.
        let mut dim = image.clone();
        dim.put_pixel(65, 15, Rgb([9, 0, 0]));
        assert_eq!(cut(vec![box_], &[&dim]), [box_]);
    }

    #[test]
    fn in_a_loose_box_the_letters_tell_what_is_far() {
        let loose = line(6, 14, 84, 40);
        let words = |gap: u32| picture(&[[10, 20, 30, 30], [30 + gap, 20, 50 + gap, 30]]);
        assert_eq!(cut(vec![loose], &[&words(20)]), [line(6, 14, 40, 40), line(40, 14, 84, 40)]);
        assert_eq!(cut(vec![loose], &[&words(14)]), [loose]);
        // Dashes tell nothing.
        let dashes = picture(&[[10, 24, 20, 26], [40, 24, 50, 26]]);
        assert_eq!(cut(vec![line(6, 5, 84, 45)], &[&dashes]), [line(6, 5, 84, 45)]);
    }

    #[test]
    fn lines_of_a_box_are_cut_apart() {
        let image = picture(&[[10, 10, 60, 20], [10, 24, 50, 34]]);
        assert_eq!(cut(vec![line(6, 6, 64, 38)], &[&image]), [line(6, 6, 64, 22), line(6, 22, 64, 38)]);
        // In a column, each word of two by itself.
        let image = picture(&[[10, 10, 20, 60], [24, 10, 34, 50]]);
        assert_eq!(cut(vec![line(6, 6, 38, 64)], &[&image]), [line(6, 6, 22, 64), line(22, 6, 38, 64)]);
    }

    #[test]
    fn columns_of_a_table_are_cut_between_their_rows() {
        let rows = [[12, 10, 32, 20], [18, 30, 32, 40], [12, 50, 32, 60]];
        let box_ = line(6, 6, 38, 64);
        let parts = [line(6, 6, 38, 25), line(6, 25, 38, 45), line(6, 45, 38, 64)];
        assert_eq!(cut(vec![box_], &[&picture(&rows)]), parts);
        let rules = [[0, 25, 60, 26], [0, 45, 60, 46]];
        assert_eq!(cut(vec![box_], &[&picture(&[&rows[..], &rules].concat())]), parts);
        // Letters on their side stand nearer; two may be anything; what is low is no row.
        let letters = [[12, 10, 32, 22], [12, 28, 32, 40], [12, 46, 32, 58]];
        assert_eq!(cut(vec![box_], &[&picture(&letters)]), [box_]);
        assert_eq!(cut(vec![box_], &[&picture(&rows[..2])]), [box_]);
        assert_eq!(cut(vec![box_], &[&picture(&[rows[0], [12, 34, 32, 36], rows[2]])]), [box_]);
    }

    #[test]
    fn words_dots_and_strokes_stay_together() {
        for letters in [
            &[[10, 10, 30, 20], [36, 10, 60, 20]][..],
            // A dot, an equals sign.
            &[[10, 8, 12, 10], [10, 12, 12, 24], [14, 12, 60, 24]],
            &[[10, 10, 60, 12], [10, 18, 60, 20]],
        ] {
            let whole = line(6, 6, 64, 26);
            assert_eq!(cut(vec![whole], &[&picture(letters)]), [whole]);
        }
    }

    #[test]
    fn what_is_aslant_stays() {
        let mut slanted = line(6, 6, 104, 24);
        slanted.quad.0[1].y += 8.0;
        slanted.quad.0[2].y += 8.0;
        assert_eq!(cut(vec![slanted], &[&RgbImage::new(120, 80)]), [slanted]);
    }
}
