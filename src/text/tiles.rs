//! Pictures into input tensors: where tiles lie, and how their samples are laid out.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them"
)]

use std::borrow::Cow;

use image::RgbImage;
use image::imageops::{self, FilterType};
use ndarray::Array4;

use super::manifest::{Channels, InputForm};
use crate::geometry::Rect;

/// Returns the tiles of a picture, row by row: equally large, none with a side above `side`, neighbors sharing at
/// least `overlap` pixels.
pub(super) fn tiles(width: u32, height: u32, side: u32, overlap: u32) -> Vec<Rect> {
    let (columns, rows) = (spans(width, side, overlap), spans(height, side, overlap));
    let row = |(y0, y1): (u32, u32)| columns.iter().map(move |&(x0, x1)| Rect::new(x0, y0, x1, y1));
    rows.iter().flat_map(|&span| row(span)).collect()
}

/// Cuts a length into equal parts that overlap.
fn spans(length: u32, side: u32, overlap: u32) -> Vec<(u32, u32)> {
    if length <= side {
        return vec![(0, length)];
    }
    // Balanced rather than full tiles and a rest: a narrow rest shows the network a line without its surroundings.
    let count = (length - overlap).div_ceil(side - overlap);
    let part = (length + (count - 1) * overlap).div_ceil(count);
    let start = |i: u32| (u64::from(length - part) * u64::from(i) / u64::from(count - 1)) as u32;
    (0..count).map(|i| (start(i), start(i) + part)).collect()
}

/// Lays a tile out as the network wants it, one picture in the batch.
///
/// Sides that are no multiple of what the network needs are continued with the tile's last row and column: black
/// would draw an edge along a bright picture, and stretching would change the shape of the letters.
pub(super) fn tensor(image: &RgbImage, tile: Rect, form: &InputForm) -> Array4<f32> {
    let padded = |side: u32| side.next_multiple_of(form.multiple_of) as usize;
    let (rows, columns) = (padded(tile.height()), padded(tile.width()));
    let mut tensor = Array4::zeros((1, 3, rows, columns));
    for (channel, mut plane) in tensor.index_axis_mut(ndarray::Axis(0), 0).outer_iter_mut().enumerate() {
        let source = match form.channels {
            Channels::Rgb => channel,
            Channels::Bgr => 2 - channel,
        };
        let values: Vec<f32> =
            (0..=255_u8).map(|v| (f32::from(v) * form.scale - form.mean[channel]) / form.std[channel]).collect();
        for (y, mut row) in plane.outer_iter_mut().enumerate() {
            let image_y = (tile.y0 as usize + y).min(tile.y1 as usize - 1);
            let start = (image_y * image.width() as usize + tile.x0 as usize) * 3;
            let samples = &image.as_raw()[start..start + tile.width() as usize * 3];
            let last = samples.len() - 3;
            for (x, value) in row.iter_mut().enumerate() {
                *value = values[usize::from(samples[(x * 3).min(last) + source])];
            }
        }
    }
    tensor
}

/// Returns the picture with its sides multiplied by `factor`, at least one pixel long.
///
/// Enlarging is bilinear, reducing takes the mean of the pixels that fall together, so that thin strokes fade but do
/// not vanish.
pub(super) fn resized(image: &RgbImage, factor: f32) -> Cow<'_, RgbImage> {
    let side = |side: u32| ((side as f32 * factor).round() as u32).max(1);
    let (width, height) = (side(image.width()), side(image.height()));
    if (width, height) == image.dimensions() {
        Cow::Borrowed(image)
    } else if factor < 1.0 {
        Cow::Owned(imageops::thumbnail(image, width, height))
    } else {
        Cow::Owned(imageops::resize(image, width, height, FilterType::Triangle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn tiles_cover_everything_with_the_overlap_and_are_equal() {
        for (width, height) in [(1, 1), (1280, 960), (1281, 16), (2500, 2048), (1700, 2200), (5000, 4000), (32_768, 40)] {
            let tiles = tiles(width, height, 1280, 128);
            assert!(tiles.iter().all(|t| t.width() <= 1280 && t.height() <= 1280 && t.x1 <= width && t.y1 <= height));
            assert!(tiles.iter().all(|t| (t.width(), t.height()) == (tiles[0].width(), tiles[0].height())));
            let first_row: Vec<_> = tiles.iter().filter(|t| t.y0 == 0).collect();
            assert!(first_row.windows(2).all(|pair| pair[1].x0 + 128 <= pair[0].x1));
            let last = tiles.last().expect("at least one tile");
            assert_eq!((tiles[0].x0, tiles[0].y0, last.x1, last.y1), (0, 0, width, height));
        }
    }

    #[test]
    fn a_tensor_holds_the_normalized_samples_and_repeats_the_border() {
        let image = RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8 * 10, y as u8 * 10, 7]));
        let form = InputForm {
            layout: super::super::manifest::Layout::Nchw,
            channels: Channels::Bgr,
            multiple_of: 4,
            scale: 1.0,
            mean: [7.0, 0.0, 0.0],
            std: [1.0, 1.0, 2.0],
        };
        let tensor = tensor(&image, Rect::new(1, 0, 3, 2), &form);
        assert_eq!(tensor.dim(), (1, 3, 4, 4));
        let plane = |c: usize| tensor.index_axis(ndarray::Axis(1), c).iter().copied().collect::<Vec<f32>>();
        assert_eq!(plane(0), [0.0; 16]);
        assert_eq!(plane(1)[..8], [0.0, 0.0, 0.0, 0.0, 10.0, 10.0, 10.0, 10.0]);
        assert_eq!(plane(2)[12..], [5.0, 10.0, 10.0, 10.0]);
    }

    #[test]
    fn resizing_keeps_at_least_a_pixel() {
        let image = RgbImage::new(100, 1);
        assert_eq!(resized(&image, 0.25).dimensions(), (25, 1));
        assert_eq!(resized(&image, 2.0).dimensions(), (200, 2));
    }
}
