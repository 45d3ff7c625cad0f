//! Where text may stand, said of cells of a picture by a small network: the larger ones look there alone, and of what they
//! find, what is text must be marked there along a part of it.
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
use super::{quads, tiles};
use crate::error::Result;
use crate::geometry::{Point, Quad, Rect};

/// Side of a cell in pixels of the copy that the network is shown.
const CELL: u32 = 16;

/// What the network says of a picture in several sizes.
#[derive(Debug)]
pub(super) struct Sighted(Vec<Copy>);

/// What it says of one copy.
#[derive(Debug)]
struct Copy {
    map: Array2<f32>,
    /// The detectors look at cells above this.
    level: f32,
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

    /// Returns whether a copy has a cell above `level` in an area of the picture.
    pub(super) fn reaches(&self, area: Rect, level: f32) -> bool {
        self.0.iter().any(|copy| copy.reaches(area, level))
    }

    /// Returns whether a line is seen along a part of it, if a small one.
    pub(super) fn shows(&self, line: &Quad, thresholds: &ScoutThresholds) -> bool {
        self.share(line, thresholds.line) >= thresholds.share
    }

    /// Returns whether a line is seen for certain along a part of it.
    pub(super) fn is_certain(&self, line: &Quad, thresholds: &ScoutThresholds) -> bool {
        self.share(line, thresholds.alone) >= thresholds.share
    }

    /// Returns along which share of a line, from its one end to the other, a copy has cells above `level`.
    fn share(&self, line: &Quad, level: f32) -> f32 {
        /// Pixels from one place in the line to the next: no cell is passed over.
        const STEP: f32 = CELL as f32 / 2.0;
        let (along, down) = quads::sides(line);
        let steps = |length: f32| (length / STEP).ceil().clamp(1.0, 4096.0) as u32;
        // Of the corners, the first two lie along the longer side.
        let corners = if along >= down { line.0 } else { [line.0[1], line.0[2], line.0[3], line.0[0]] };
        let between = |a: Point, b: Point, part: f32| Point::new(a.x + (b.x - a.x) * part, a.y + (b.y - a.y) * part);
        let (count, across) = (steps(along.max(down)), steps(along.min(down)));
        let part = |index: u32, count: u32| (index as f32 + 0.5) / count as f32;
        let is_marked = |index: u32| {
            let upper = between(corners[0], corners[1], part(index, count));
            let lower = between(corners[3], corners[2], part(index, count));
            (0..across).any(|row| {
                let place = between(upper, lower, part(row, across));
                self.0.iter().any(|copy| copy.at(place) > level)
            })
        };
        (0..count).filter(|&index| is_marked(index)).map(|_| 1.0).sum::<f32>() / count as f32
    }
}

impl Copy {
    fn is_text(&self, area: Rect) -> bool {
        self.reaches(area, self.level)
    }

    fn reaches(&self, area: Rect, level: f32) -> bool {
        let cells = |from: u32, to: u32, scale: f32, end: usize| {
            let at = |pixel: u32| pixel as f32 * scale + self.margin as f32;
            let (first, last) = (at(from) as u32 / CELL, (at(to).ceil() as u32).div_ceil(CELL));
            (first as usize).min(end)..(last as usize).min(end)
        };
        let (rows, columns) = self.map.dim();
        let rows = cells(area.y0, area.y1, self.scales.1, rows);
        let columns = cells(area.x0, area.x1, self.scales.0, columns);
        self.map.slice(s![rows, columns]).iter().any(|&own| own > level)
    }

    /// Returns what is said of the cell that a place of the picture lies in; 0 outside.
    fn at(&self, place: Point) -> f32 {
        let cell = |pixel: f32, scale: f32| ((pixel * scale + self.margin as f32) / CELL as f32).floor();
        let (row, column) = (cell(place.y, self.scales.1), cell(place.x, self.scales.0));
        if row < 0.0 || column < 0.0 {
            return 0.0;
        }
        self.map.get((row as usize, column as usize)).copied().unwrap_or(0.0)
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
    let mut all = Array2::zeros((cells(framed.height()), cells(framed.width())));
    for tile in tiles::tiles(framed.width(), framed.height(), passes.tile_side, passes.tile_overlap) {
        let tile = Rect::new(tile.x0 / CELL * CELL, tile.y0 / CELL * CELL, tile.x1, tile.y1);
        let map = run(&mut *network.model, &network.input, &framed, tile, (1, CELL as usize))?;
        let (top, left) = ((tile.y0 / CELL) as usize, (tile.x0 / CELL) as usize);
        let (rows, columns) = (cells(tile.height()), cells(tile.width()));
        // Where tiles overlap, either may see text.
        all.slice_mut(s![top..top + rows, left..left + columns])
            .zip_mut_with(&map.slice(s![0, ..rows, ..columns]), |all: &mut f32, &own| *all = all.max(own));
    }
    let scales = (copy.width() as f32 / image.width() as f32, copy.height() as f32 / image.height() as f32);
    Ok(Copy { map: all, level, scales, margin })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::text::manifest::{Channels, InputForm, Layout};
    use crate::text::model::Model;
    use image::Rgb;
    use ndarray::{Array4, ArrayD, ArrayView4};

    pub(in crate::text) const THRESHOLDS: ScoutThresholds =
        ScoutThresholds { text: 0.5, reduced: 0.5, certain: 0.5, line: 0.5, share: 0.25, alone: 0.8 };

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
        let mut network = Network { model: Box::new(Brightest), input, thresholds: THRESHOLDS };
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
    fn the_share_of_a_line_is_that_along_it() {
        let mut image = RgbImage::new(1024, 768);
        for x in 320..400 {
            image.put_pixel(x, 216, Rgb([255; 3]));
        }
        let seen = sighted(&image, 0);
        let line = |rect: Rect| Quad::from_rect(rect);
        let near = |quad: &Quad, share: f32| (seen.share(quad, 0.5) - share).abs() < 0.1;
        assert!(near(&line(Rect::new(320, 208, 400, 224)), 1.0) && near(&line(Rect::new(160, 208, 560, 224)), 0.25));
        assert!(near(&line(Rect::new(160, 320, 560, 340)), 0.0) && near(&line(Rect::new(600, 208, 1200, 224)), 0.0));
        // High, turned by a quarter, and aslant: from end to end, whichever way the corners go round.
        assert!(near(&line(Rect::new(340, 16, 380, 416)), 0.1));
        let turned = |quad: Quad, by: usize| Quad([0, 1, 2, 3].map(|corner| quad.0[(corner + by) % 4]));
        let wide = line(Rect::new(160, 208, 560, 224));
        assert!((1..4).all(|by| near(&turned(wide, by), 0.25)));
        let slanted =
            Quad([(160.0, 100.0), (560.0, 300.0), (552.0, 316.0), (152.0, 116.0)].map(|(x, y)| Point::new(x, y)));
        assert!(seen.share(&slanted, 0.5) > 0.02 && seen.share(&slanted, 0.5) < 0.3);
    }

    #[test]
    fn nothing_is_seen_in_a_dark_picture() {
        assert!(!sighted(&RgbImage::new(1024, 768), 8).is_text(Rect::new(0, 0, 1024, 768)));
    }
}
