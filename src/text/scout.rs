//! Where text may stand, said of cells of a picture by a small network, so that the larger ones look there alone.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them"
)]

use image::RgbImage;
use ndarray::{Array2, s};

use super::manifest::ScoutThresholds;
use super::network::{Network, run};
use super::passes::Passes;
use super::tiles;
use crate::error::Result;
use crate::geometry::Rect;

/// Side of a cell in pixels of the copy that the network is shown.
const CELL: u32 = 16;

/// What the network says of a picture in several sizes.
#[derive(Debug)]
pub(super) struct Sighted(Vec<Copy>);

/// What it says of one copy.
#[derive(Debug)]
struct Copy {
    text: Array2<bool>,
    /// Pixels of the copy for one of the picture, along a row and down a column.
    scales: (f32, f32),
    /// Pixels that were put around the copy.
    margin: u32,
}

impl Sighted {
    /// Returns whether text may stand in an area of the picture.
    pub(super) fn is_text(&self, area: Rect) -> bool {
        self.0.iter().any(|copy| copy.is_text(area))
    }
}

impl Copy {
    fn is_text(&self, area: Rect) -> bool {
        let cells = |from: u32, to: u32, scale: f32, end: usize| {
            let at = |pixel: u32| pixel as f32 * scale + self.margin as f32;
            let (first, last) = (at(from) as u32 / CELL, (at(to).ceil() as u32).div_ceil(CELL));
            (first as usize).min(end)..(last as usize).min(end)
        };
        let (rows, columns) = self.text.dim();
        let rows = cells(area.y0, area.y1, self.scales.1, rows);
        let columns = cells(area.x0, area.x1, self.scales.0, columns);
        self.text.slice(s![rows, columns]).iter().any(|&is_text| is_text)
    }
}

/// Shows the network an enlarged picture, or a part of one with this short side, at its own size and in smaller copies,
/// each with a margin of this many pixels.
///
/// # Errors
///
/// [`crate::Error::Detector`] if the network fails or returns something that cannot be read.
pub(super) fn look(
    network: &mut Network<ScoutThresholds>,
    image: &RgbImage,
    passes: &Passes,
    short: u32,
    margin: u32,
) -> Result<Sighted> {
    let mut copies = Vec::new();
    let mut scale = 1.0;
    while copies.is_empty() || short as f32 * scale >= passes.least_scouted_side as f32 {
        copies.push(once(network, image, scale, passes, margin)?);
        scale /= 2.0;
    }
    Ok(Sighted(copies))
}

fn once(
    network: &mut Network<ScoutThresholds>,
    image: &RgbImage,
    scale: f32,
    passes: &Passes,
    margin: u32,
) -> Result<Copy> {
    let copy = tiles::resized(image, scale);
    let framed = tiles::framed(&copy, margin);
    let level = if scale < 1.0 { network.thresholds.reduced } else { network.thresholds.text };
    let cells = |side: u32| side.div_ceil(CELL) as usize;
    let mut text = Array2::from_elem((cells(framed.height()), cells(framed.width())), false);
    for tile in tiles::tiles(framed.width(), framed.height(), passes.tile_side, passes.tile_overlap) {
        let tile = Rect::new(tile.x0 / CELL * CELL, tile.y0 / CELL * CELL, tile.x1, tile.y1);
        let map = run(&mut *network.model, &network.input, &framed, tile, (1, CELL as usize))?;
        let (top, left) = ((tile.y0 / CELL) as usize, (tile.x0 / CELL) as usize);
        let (rows, columns) = (cells(tile.height()), cells(tile.width()));
        // Where tiles overlap, either may see text.
        text.slice_mut(s![top..top + rows, left..left + columns])
            .zip_mut_with(&map.slice(s![0, ..rows, ..columns]), |all, &own| *all |= own > level);
    }
    let scales = (copy.width() as f32 / image.width() as f32, copy.height() as f32 / image.height() as f32);
    Ok(Copy { text, scales, margin })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::text::manifest::{Channels, InputForm, Layout};
    use crate::text::model::Model;
    use image::Rgb;
    use ndarray::{Array4, ArrayD, ArrayView4};

    /// Says of each cell how bright its brightest pixel is.
    pub(in crate::text) struct Brightest;

    impl Model for Brightest {
        fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
            let cell = CELL as usize;
            let shape = (1, 1, input.dim().2 / cell, input.dim().3 / cell);
            let brightest = |y: usize, x: usize| {
                let part = input.slice(s![0, 0, y * cell..(y + 1) * cell, x * cell..(x + 1) * cell]);
                part.iter().fold(0.0_f32, |most, &value| most.max(value))
            };
            Ok(Array4::from_shape_fn(shape, |(_, _, y, x)| brightest(y, x)).into_dyn())
        }
    }

    fn sighted(image: &RgbImage, margin: u32) -> Sighted {
        let input = InputForm {
            layout: Layout::Nchw,
            channels: Channels::Rgb,
            multiple_of: 32,
            scale: 1.0 / 255.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        let mut network =
            Network { model: Box::new(Brightest), input, thresholds: ScoutThresholds { text: 0.5, reduced: 0.5 } };
        let short = image.width().min(image.height());
        look(&mut network, image, &Passes::default(), short, margin).expect("looked at")
    }

    #[test]
    fn a_pixel_is_seen_in_its_cell_whatever_the_margin_and_the_tiles() {
        for (width, height, x, y) in [(800, 600, 399, 300), (2501, 1403, 1250, 700), (61, 47, 60, 46), (3000, 40, 0, 0)]
        {
            let mut image = RgbImage::new(width, height);
            image.put_pixel(x, y, Rgb([255; 3]));
            for margin in [0, 8, 22] {
                let seen = sighted(&image, margin);
                assert!(seen.is_text(Rect::new(x, y, x + 1, y + 1)), "{width} x {height}, {margin}");
                let far = |at: u32, by: u32, end: u32| at + by < end;
                assert!(!far(x, 70, width) || !seen.is_text(Rect::new(x + 69, y, x + 70, y + 1)));
                assert!(!far(y, 70, height) || !seen.is_text(Rect::new(x, y + 69, x + 1, y + 70)));
            }
        }
    }

    #[test]
    fn nothing_is_seen_in_a_dark_picture() {
        assert!(!sighted(&RgbImage::new(1024, 768), 8).is_text(Rect::new(0, 0, 1024, 768)));
    }
}
