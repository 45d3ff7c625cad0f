//! Pictures into input tensors: where tiles lie, and how their samples are laid out.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them"
)]

use std::borrow::Cow;

use image::{Rgb, RgbImage, imageops};
use ndarray::Array4;

use super::manifest::{Channels, InputForm};
use super::resize;
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
        let values: [f32; 256] = std::array::from_fn(|sample| form.normalized(sample as u8, channel));
        for (y, mut row) in plane.outer_iter_mut().enumerate() {
            let image_y = (tile.y0 as usize + y).min(tile.y1 as usize - 1);
            let start = (image_y * image.width() as usize + tile.x0 as usize) * 3;
            let samples = &image.as_raw()[start..start + tile.width() as usize * 3];
            let row = row.as_slice_mut().expect("a row lies in one piece");
            let (own, rest) = row.split_at_mut(tile.width() as usize);
            for (value, pixel) in own.iter_mut().zip(samples.as_chunks::<3>().0) {
                *value = values[usize::from(pixel[source])];
            }
            rest.fill(own.last().copied().unwrap_or(0.0));
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
        Cow::Owned(resize::reduced(image, width, height))
    } else {
        Cow::Owned(resize::enlarged(image, width, height))
    }
}

/// Returns a part of a picture.
pub(crate) fn part(image: &RgbImage, area: Rect) -> Cow<'_, RgbImage> {
    if (area.width(), area.height()) == image.dimensions() {
        return Cow::Borrowed(image);
    }
    Cow::Owned(imageops::crop_imm(image, area.x0, area.y0, area.width(), area.height()).to_image())
}

/// Returns the picture with `margin` pixels added on each side: in the color of that side's ground where it has a plain
/// one, else mirrored.
///
/// The network sees text that touches the border worse, above all small text; with ground around it, it is like any
/// other text. Repeating the border's pixels would draw its strokes out to bars; one color around a picture without a
/// plain border would make it look framed, and the network takes a frame for text.
pub(super) fn framed(image: &RgbImage, margin: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    let top = ground((0..width).map(|x| image.get_pixel(x, 0)));
    let bottom = ground((0..width).map(|x| image.get_pixel(x, height - 1)));
    let left = ground((0..height).map(|y| image.get_pixel(0, y)));
    let right = ground((0..height).map(|y| image.get_pixel(width - 1, y)));
    // A margin wider than the picture repeats the far border.
    let mirrored = |at: u32, side: u32| {
        if at < margin {
            (margin - 1 - at).min(side - 1)
        } else {
            let inside = at - margin;
            if inside < side { inside } else { (2 * side - 1).saturating_sub(inside) }
        }
    };
    let mut out: Vec<u8> = Vec::with_capacity(3 * (width + 2 * margin) as usize * (height + 2 * margin) as usize);
    let stride = 3 * width as usize;
    for y in 0..height + 2 * margin {
        let is_inside = (margin..margin + height).contains(&y);
        let plain = if y < margin { top } else { bottom };
        if let Some(plain) = plain.filter(|_| !is_inside) {
            (0..width + 2 * margin).for_each(|_| out.extend(plain.0));
            continue;
        }
        let row = &image.as_raw()[mirrored(y, height) as usize * stride..][..stride];
        let side = |columns: std::ops::Range<u32>, plain: Option<Rgb<u8>>, out: &mut Vec<u8>| {
            for x in columns {
                let own = mirrored(x, width) as usize * 3;
                out.extend(plain.filter(|_| is_inside).map_or([row[own], row[own + 1], row[own + 2]], |plain| plain.0));
            }
        };
        side(0..margin, left, &mut out);
        out.extend_from_slice(row);
        side(margin + width..width + 2 * margin, right, &mut out);
    }
    RgbImage::from_raw(width + 2 * margin, height + 2 * margin, out).expect("rows of the new width")
}

/// Returns the median color of a side's outermost pixels if most of them are close to it.
fn ground<'a>(pixels: impl Iterator<Item = &'a Rgb<u8>> + Clone) -> Option<Rgb<u8>> {
    /// Noise and JPEG ringing stay below this many levels.
    const CLOSE: u8 = 16;
    let median = Rgb([0, 1, 2].map(|channel| {
        let mut values: Vec<u8> = pixels.clone().map(|pixel| pixel.0[channel]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    }));
    let is_close = |pixel: &&Rgb<u8>| pixel.0.iter().zip(median.0).all(|(&a, b)| a.abs_diff(b) <= CLOSE);
    // Text may fill up to a half of a side.
    (2 * pixels.clone().filter(is_close).count() > pixels.count()).then_some(median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_everything_with_the_overlap_and_are_equal() {
        for (width, height) in [(1, 1), (1280, 960), (1281, 16), (2500, 2048), (1700, 2200), (5000, 4000), (32_768, 40)]
        {
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
    fn a_margin_takes_the_ground_of_its_side_or_mirrors_it() {
        // Rows from the top: black but for one pixel, then white; the left column is a ramp and has no ground.
        let image = RgbImage::from_fn(5, 5, |x, y| match (x, y) {
            (2, 0) => Rgb([200; 3]),
            (_, 0) => Rgb([0; 3]),
            (0, _) => Rgb([y as u8 * 40; 3]),
            _ => Rgb([255; 3]),
        });
        let framed = framed(&image, 2);
        assert_eq!(framed.dimensions(), (9, 9));
        assert!((0..9).all(|x| framed.get_pixel(x, 1).0 == [0; 3] && framed.get_pixel(x, 7).0 == [255; 3]));
        assert!((2..7).all(|y| framed.get_pixel(8, y).0 == [255; 3]));
        assert!((2..7).all(|y| framed.get_pixel(1, y) == image.get_pixel(0, y - 2)));
        assert!((2..7).all(|y| framed.get_pixel(0, y) == image.get_pixel(1, y - 2)));
        assert!((0..5).all(|y| (0..5).all(|x| framed.get_pixel(x + 2, y + 2) == image.get_pixel(x, y))));
    }

    #[test]
    fn a_margin_may_be_wider_than_the_picture() {
        let image = RgbImage::from_fn(2, 1, |x, _| Rgb([x as u8 * 200; 3]));
        assert_eq!(framed(&image, 16).dimensions(), (34, 33));
    }

    #[test]
    fn resizing_keeps_at_least_a_pixel() {
        let image = RgbImage::new(100, 1);
        assert_eq!(resized(&image, 0.25).dimensions(), (25, 1));
        assert_eq!(resized(&image, 2.0).dimensions(), (200, 2));
    }
}
