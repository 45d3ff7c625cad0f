//! Finds text lines with a network that marks their cores: scales, tiles, and what to make of boxes that are too large to
//! be text.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them"
)]

use image::RgbImage;
use image::imageops;
use ndarray::s;

use super::detector::{Detection, Detections};
use super::manifest::Thresholds;
use super::network::{Network, run};
use super::passes::Passes;
use super::postprocess::{self, Found};
use super::spots::Spots;
use super::{quads, tiles};
use crate::error::Result;
use crate::geometry::{Point, Quad, Rect};

/// A picture that crops of the frame are taken from, and the height above which its lines are giant.
struct Work<'a> {
    image: &'a RgbImage,
    /// Where something in it can be text at all.
    spots: &'a Spots,
    /// The short side of the picture that this is a part of.
    short: f32,
    giant: f32,
}

/// The network with what it is used with.
pub(super) struct Cores<'a> {
    pub(super) network: &'a mut Network<Thresholds>,
    pub(super) passes: &'a Passes,
}

impl Cores<'_> {
    /// Returns the lines of an enlarged picture, or of a part of one with this short side, in its pixels; it is looked at
    /// where there are `spots`.
    pub(super) fn detect(&mut self, image: &RgbImage, spots: &Spots, short: u32) -> Result<Detections> {
        self.all_scales(&Work { image, spots, short: short as f32, giant: self.passes.giant(short) })
    }

    /// Returns whether the network finds a line as well, shown at `scale` with its surroundings.
    pub(super) fn confirm(&mut self, image: &RgbImage, line: &Detection, scale: f32) -> Result<bool> {
        /// In heights of the line: enough of the ground to tell text from texture.
        const AROUND: f32 = 2.0;
        let (crop, origin) = crop(image, &line.quad, AROUND * quads::short_side(&line.quad));
        let found = self.one_scale(&crop, scale, self.passes.margin)?;
        let shared = |found: Found| quads::shared_area(&moved(found, origin).line.quad, &line.quad);
        Ok(found.into_iter().map(shared).sum::<f32>() >= self.passes.share_again * quads::area(&line.quad.0))
    }

    /// Returns the lines found at the picture's own size and in its reduced copies.
    ///
    /// A reduced copy shows large text and isolated letters, but draws coarse boxes round the rest. So a line of it
    /// is left out if its core lies entirely in lines of larger copies. On real pictures this keeps all the text that
    /// reduced copies add (.930 of the lines covered without them, .939 with them, either way) and more than halves
    /// what they add outside of text (1.4 % of the area without them, 3.2 % with all of their lines, 2.2 % so).
    fn all_scales(&mut self, work: &Work<'_>) -> Result<Detections> {
        let (mut giants, found) = split(self.in_windows(work, 1.0, self.passes.margin)?, work.giant);
        let mut lines: Vec<Detection> = found.into_iter().map(|found| found.line).collect();
        for giant in &giants {
            lines.extend(self.inside(work, giant)?);
        }
        let short = work.short;
        let mut scale = 0.5;
        let passes = *self.passes;
        while short * scale >= passes.least_giant_reduced_side.min(passes.least_reduced_side) as f32 {
            let (more_giants, found) = split(self.in_windows(work, scale, 0)?, work.giant);
            giants.extend(more_giants);
            scale /= 2.0;
            if short * scale * 2.0 < passes.least_reduced_side as f32 {
                continue;
            }
            let new: Vec<_> = found.into_iter().filter(|found| !quads::covered(&found.core, &lines)).collect();
            lines.extend(new.into_iter().map(|found| found.line));
        }
        let largest = self.passes.largest_share * short;
        let mut dropped = 0;
        for giant in quads::merge(giants) {
            if quads::short_side(&giant.quad) <= largest && self.is_large_text(work, &giant)? {
                lines.push(giant);
            } else {
                dropped += 1;
            }
        }
        Ok(Detections { lines: quads::merge(lines), dropped })
    }

    /// Returns the lines in a copy of another size, looked at where there are spots. A reduced copy shows what is large
    /// enough to be large text, with more around it.
    fn in_windows(&mut self, work: &Work<'_>, scale: f32, margin: u32) -> Result<Vec<Found>> {
        /// A group of spots that is this high in pixels of a reduced copy may be a line that is too large for the one before.
        /// Without reduced copies of parts, 5 of the tune split's 83 single letters above 40 pixels are lost; where all
        /// spots are shown reduced, coarse boxes round small text mask half as much again in some pictures.
        const LARGE: f32 = 24.0;
        /// A reduced copy shows this many times the ground around: with no more of it than at full size, pictures of the tune
        /// split without text were masked to 2.6 % on average and not to 2.3 %; three times as much changes nothing.
        const GROUND: f32 = 2.0;
        let is_shown = |group: &Rect| scale >= 1.0 || group.width().min(group.height()) as f32 * scale >= LARGE;
        let around = self.passes.around_cores as f32 * if scale < 1.0 { GROUND / scale } else { 1.0 };
        let mut all = Vec::new();
        for window in work.spots.windows(is_shown, around as u32) {
            let part = tiles::part(work.image, window);
            let origin = Point::new(window.x0 as f32, window.y0 as f32);
            let found = self.one_scale(&part, scale, margin)?;
            all.extend(found.into_iter().map(|found| moved(found, origin)));
        }
        Ok(all)
    }

    /// Looks again at twice the size at what the network took for one giant line, and returns the lines in it.
    ///
    /// Such networks sometimes take a whole ultrasound sector or Doppler window for text. Dropping it would lose the
    /// text that lies in it, for the map is saturated there.
    fn inside(&mut self, work: &Work<'_>, giant: &Detection) -> Result<Vec<Detection>> {
        let (crop, origin) = crop(work.image, &giant.quad, 0.0);
        let lines = self.one_scale(&crop, 2.0, 0)?;
        let (_, found) = split(lines, work.giant);
        Ok(found.into_iter().map(|found| moved(found, origin).line).collect())
    }

    /// Returns whether a giant line is text: whether it is found again when it is shown with its surroundings, so
    /// much reduced that it is of usual height. A lead marker is, a sector or a Doppler window is not.
    fn is_large_text(&mut self, work: &Work<'_>, giant: &Detection) -> Result<bool> {
        // The height at which the network finds lines best.
        const USUAL_HEIGHT: f32 = 48.0;
        let agreement = self.passes.giant_agreement;
        let side = quads::short_side(&giant.quad);
        let (crop, origin) = crop(work.image, &giant.quad, side);
        let lines = self.one_scale(&crop, USUAL_HEIGHT / side, 0)?;
        Ok(lines.into_iter().any(|found| quads::overlap(&moved(found, origin).line.quad, &giant.quad) > agreement))
    }

    /// Returns the lines in a copy of `image` of another size and with a margin, in pixels of `image`.
    fn one_scale(&mut self, image: &RgbImage, scale: f32, margin: u32) -> Result<Vec<Found>> {
        let copy = tiles::resized(image, scale);
        let (x, y) = (image.width() as f32 / copy.width() as f32, image.height() as f32 / copy.height() as f32);
        let passes = *self.passes;
        let frame = margin as f32;
        let back = |p: Point| Point::new((p.x - frame) * x, (p.y - frame) * y);
        let framed = tiles::framed(&copy, margin);
        let mut found = Vec::new();
        for tile in tiles::tiles(framed.width(), framed.height(), passes.tile_side, passes.tile_overlap) {
            found.extend(self.one_tile(&framed, tile)?);
        }
        Ok(found.into_iter().map(|found| mapped(found, back)).collect())
    }

    /// Returns the lines in one tile, in pixels of `image`.
    fn one_tile(&mut self, image: &RgbImage, tile: Rect) -> Result<Vec<Found>> {
        let map = run(&mut *self.network.model, &self.network.input, image, tile, (1, 1))?;
        let map = map.slice(s![0, ..tile.height() as usize, ..tile.width() as usize]);
        let origin = Point::new(tile.x0 as f32, tile.y0 as f32);
        let found = postprocess::lines(map, &self.network.thresholds);
        Ok(found.into_iter().map(|found| moved(found, origin)).collect())
    }
}

/// Parts lines into those above and those up to a height.
fn split(found: Vec<Found>, giant: f32) -> (Vec<Detection>, Vec<Found>) {
    let (giants, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|found| quads::short_side(&found.line.quad) > giant);
    (giants.into_iter().map(|found| found.line).collect(), others)
}

fn moved(found: Found, by: Point) -> Found {
    mapped(found, |p| Point::new(p.x + by.x, p.y + by.y))
}

fn mapped(found: Found, map: impl Fn(Point) -> Point) -> Found {
    let quad = |quad: Quad| Quad(quad.0.map(&map));
    Found { core: quad(found.core), line: Detection { quad: quad(found.line.quad), ..found.line } }
}

/// Cuts out what lies round a quadrilateral, with a margin; also returns the cutout's top left corner.
fn crop(image: &RgbImage, quad: &Quad, margin: f32) -> (RgbImage, Point) {
    let area = quads::grow(quad, margin).bounding_box(image.width(), image.height());
    let cutout = imageops::crop_imm(image, area.x0, area.y0, area.width(), area.height()).to_image();
    (cutout, Point::new(area.x0 as f32, area.y0 as f32))
}
