//! How far the mask of a line reaches beyond its box where another line stands close.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "coordinates within a picture, which are whole numbers below 65536"
)]

use super::level::{Level, Picture};
use super::quads::{pad, shared_area};
use crate::geometry::Quad;
use image::RgbImage;

/// The largest difference of values (of 255, in each channel) in what is taken for background, as between parts of a line.
const FLAT: u8 = 8;

/// Returns what is filled if a line is masked: its box, padded for what the detector clips of its letters; towards
/// `others`, the boxes of the other lines, only up to the first row that shows nothing but background in every view.
///
/// What a box clips is joined to the rest of its letter, so that no part of it lies behind such a row, but for dots and
/// accents, and these only where they lie in the box of the other line.
pub(crate) fn reach(quad: &Quad, others: &[Quad], views: &[&RgbImage]) -> Quad {
    let padded = pad(quad);
    let near: Vec<&Quad> = others.iter().filter(|other| shared_area(&padded, other) > 0.0).collect();
    if near.is_empty() {
        return padded;
    }
    let mut reached = padded;
    for transposed in [false, true] {
        let (Some(inner), Some(outer)) = (Level::new(quad, transposed), Level::new(&padded, transposed)) else {
            continue;
        };
        let pictures: Vec<Picture<'_>> = views.iter().map(|image| Picture { image, transposed }).collect();
        let is_flat = |row: i32| {
            let row = Level { y0: row as f32, y1: (row + 1) as f32, ..outer };
            pictures.iter().all(|picture| picture.contrast(row, |_, _| true) <= FLAT)
        };
        let is_met = |strip: Level| near.iter().any(|other| shared_area(&strip.quad(transposed), other) > 0.0);
        let mut level = Level::new(&reached, transposed).unwrap_or(outer);
        if is_met(Level { y0: inner.y1, ..outer }) {
            // The first row whose middle lies outside of the box.
            let rows = (inner.y1 + 0.5).floor() as i32..outer.y1.ceil() as i32;
            level.y1 = rows.into_iter().find(|&row| is_flat(row)).map_or(level.y1, |row| level.y1.min(row as f32));
        }
        if is_met(Level { y1: inner.y0, ..outer }) {
            let rows = outer.y0.floor() as i32..(inner.y0 - 0.5).ceil() as i32;
            let flat = rows.into_iter().rev().find(|&row| is_flat(row));
            level.y0 = flat.map_or(level.y0, |row| level.y0.max((row + 1) as f32));
        }
        reached = level.quad(transposed);
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::level::testing::{picture, quad};

    #[test]
    fn a_mask_ends_at_the_background_before_the_next_line() {
        let image = picture(&[[10, 10, 60, 20], [10, 24, 50, 34]]);
        let (own, next) = (quad(8, 8, 62, 22), quad(8, 22, 52, 36));
        let reached = reach(&own, &[next], &[&image]).bounding_box(120, 80);
        assert_eq!((reached.y0, reached.y1), (5, 22), "padded above, not below");
        let reached = reach(&next, &[own], &[&image]).bounding_box(120, 80);
        assert_eq!((reached.y0, reached.y1), (22, 39));
        assert_eq!(reach(&own, &[], &[&image]), pad(&own), "nobody is near");
    }

    #[test]
    fn a_clipped_letter_is_covered_whole() {
        // A descender reaches below the box.
        let image = picture(&[[10, 10, 60, 20], [56, 20, 60, 24], [10, 26, 50, 36]]);
        let (own, next) = (quad(8, 8, 62, 22), quad(8, 22, 52, 38));
        assert_eq!(reach(&own, &[next], &[&image]).bounding_box(120, 80).y1, 24);
        // Nothing is flat between the lines.
        let image = picture(&[[10, 10, 60, 20], [56, 20, 60, 40], [10, 24, 50, 34]]);
        assert_eq!(reach(&own, &[next], &[&image]), pad(&own));
    }

    #[test]
    fn neighbors_in_a_row_stay_whole_too() {
        let image = picture(&[[10, 10, 30, 20], [34, 10, 50, 20]]);
        let (own, next) = (quad(8, 8, 32, 22), quad(32, 8, 52, 22));
        let reached = reach(&own, &[next], &[&image]).bounding_box(120, 80);
        assert_eq!((reached.x0, reached.x1), (5, 32));
    }
}
