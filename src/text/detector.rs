//! Finds the text lines of one picture: scales, tiles, and what to make of boxes that are too large to be text.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them"
)]

use image::RgbImage;
use image::imageops;
use ndarray::s;

use super::manifest::{InputForm, ModelEntry, Thresholds};
use super::model::Model;
use super::{postprocess, quads, tiles};
use crate::error::{Error, Result};
use crate::geometry::{Point, Quad, Rect};

/// Where a line of text is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextLine {
    /// A rectangle round the line, in frame pixels. Corners may lie outside the frame.
    pub quad: Quad,
    /// The mean probability of text in the line's core, in 0..=1.
    pub score: f32,
}

/// At which scales and in which parts a picture is shown to the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passes {
    /// A picture whose short side is below this is enlarged by the least whole number that reaches it.
    pub least_short_side: u32,
    /// The largest such number.
    pub largest_factor: u32,
    /// The longest side of a tile.
    pub tile_side: u32,
    /// How many pixels neighboring tiles share.
    pub tile_overlap: u32,
    /// Reduced copies are shown too, each half as large as the one before, as long as their short side reaches this.
    pub least_reduced_side: u32,
    /// A line is giant if its short side is above this share of the picture's short side…
    pub giant_share: f32,
    /// …and above this many pixels of the enlarged picture.
    pub giant_side: f32,
}

impl Default for Passes {
    fn default() -> Self {
        Self {
            // Frames of 320 x 240 lose whole lines at their own size and none at twice that.
            least_short_side: 480,
            // A letter of 5 pixels is 20 high then; more only blurs.
            largest_factor: 4,
            // Holds the usual 1280 x 960 frame whole, and bounds the memory of a run.
            tile_side: 1280,
            // Text up to about 100 pixels high lies whole in one of two neighbors.
            tile_overlap: 128,
            least_reduced_side: 200,
            giant_share: 0.18,
            // Without it a strip of a frame would have no line that is not giant.
            giant_side: 96.0,
        }
    }
}

/// All that a detector's result depends on besides the network and the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorSettings {
    /// How a picture is fed to the network.
    pub input: InputForm,
    /// How lines are read from its output.
    pub thresholds: Thresholds,
    /// What is fed.
    pub passes: Passes,
}

impl From<&ModelEntry> for DetectorSettings {
    fn from(entry: &ModelEntry) -> Self {
        Self { input: entry.input.clone(), thresholds: entry.thresholds, passes: Passes::default() }
    }
}

/// Finds text in pictures, one at a time.
pub struct Detector {
    model: Box<dyn Model>,
    settings: DetectorSettings,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detector").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A picture that crops of the frame are taken from, and the height above which its lines are giant.
struct Work<'a> {
    image: &'a RgbImage,
    giant: f32,
}

impl Detector {
    /// Makes a detector of a network.
    #[must_use]
    pub fn new(model: Box<dyn Model>, settings: DetectorSettings) -> Self {
        Self { model, settings }
    }

    /// Returns the text lines of a picture, from top to bottom and then from left to right, in its own pixels.
    ///
    /// Lines are as the text stands; [`super::pad`] grows them for masking. The result depends on nothing but the
    /// picture, the settings and the network.
    ///
    /// # Errors
    ///
    /// [`Error::Detector`] if the network fails or returns something that cannot be read, [`Error::TooLarge`] for a
    /// side of 2^20 pixels or more.
    pub fn detect(&mut self, image: &RgbImage) -> Result<Vec<TextLine>> {
        self.detect_enlarged(image, self.enlargement(image.width(), image.height()))
    }

    /// Returns the factor by which [`Detector::detect`] enlarges a picture.
    #[must_use]
    pub fn enlargement(&self, width: u32, height: u32) -> u32 {
        let passes = &self.settings.passes;
        passes.least_short_side.div_ceil(width.min(height).max(1)).clamp(1, passes.largest_factor)
    }

    /// Like [`Detector::detect`], with a factor of the caller's choice: for a strip of a frame, that of the frame.
    ///
    /// # Errors
    ///
    /// As [`Detector::detect`].
    pub fn detect_enlarged(&mut self, image: &RgbImage, factor: u32) -> Result<Vec<TextLine>> {
        const LIMIT: u32 = 1 << 20;
        let (width, height) = image.dimensions();
        if width.max(height).saturating_mul(factor) >= LIMIT {
            return Err(Error::TooLarge { what: "a side of the picture", limit: u64::from(LIMIT) });
        }
        if width.min(height) == 0 || factor == 0 {
            return Ok(Vec::new());
        }
        let enlarged = tiles::resized(image, factor as f32);
        let passes = self.settings.passes;
        let giant = (passes.giant_share * enlarged.width().min(enlarged.height()) as f32).max(passes.giant_side);
        let mut lines = self.all_scales(&Work { image: &enlarged, giant })?;
        for point in lines.iter_mut().flat_map(|line| &mut line.quad.0) {
            *point = Point::new(point.x / factor as f32, point.y / factor as f32);
        }
        Ok(lines)
    }

    /// Returns the lines found at the picture's own size and in its reduced copies.
    fn all_scales(&mut self, work: &Work<'_>) -> Result<Vec<TextLine>> {
        let (giants, mut lines) = split(self.one_scale(work.image, 1.0)?, work.giant);
        let mut reduced_giants = Vec::new();
        let mut scale = 0.5;
        let short = work.image.width().min(work.image.height()) as f32;
        // At least once: isolated letters are seen in a reduced copy that are not in the picture itself.
        while scale == 0.5 || short * scale >= self.settings.passes.least_reduced_side as f32 {
            let (giants, others) = split(self.one_scale(work.image, scale)?, work.giant);
            lines.extend(others);
            reduced_giants.extend(giants);
            scale /= 2.0;
        }
        for giant in &giants {
            lines.extend(self.inside(work, giant)?);
        }
        for giant in quads::merge(giants.into_iter().chain(reduced_giants).collect()) {
            if self.is_large_text(work, &giant)? {
                lines.push(giant);
            }
        }
        Ok(quads::merge(lines))
    }

    /// Looks again at twice the size at what the network took for one giant line, and returns the lines in it.
    ///
    /// Such networks sometimes take a whole ultrasound sector or Doppler window for text. Dropping it would lose the
    /// text that lies in it, for the map is saturated there.
    fn inside(&mut self, work: &Work<'_>, giant: &TextLine) -> Result<Vec<TextLine>> {
        let (crop, origin) = crop(work.image, &giant.quad, 0.0);
        let lines = self.one_scale(&crop, 2.0)?;
        Ok(lines.into_iter().map(|line| moved(line, origin)).filter(|line| quads::short_side(&line.quad) <= work.giant).collect())
    }

    /// Returns whether a giant line is text: whether it is found again when it is shown with its surroundings, so
    /// much reduced that it is of usual height. A lead marker is, a sector or a Doppler window is not.
    fn is_large_text(&mut self, work: &Work<'_>, giant: &TextLine) -> Result<bool> {
        // The height at which the network finds lines best, and how well the two have to agree.
        const USUAL_HEIGHT: f32 = 48.0;
        const AGREEMENT: f32 = 0.5;
        let side = quads::short_side(&giant.quad);
        let (crop, origin) = crop(work.image, &giant.quad, side);
        let lines = self.one_scale(&crop, USUAL_HEIGHT / side)?;
        Ok(lines.into_iter().any(|line| quads::overlap(&moved(line, origin).quad, &giant.quad) > AGREEMENT))
    }

    /// Returns the lines in a copy of `image` of another size, in pixels of `image`.
    fn one_scale(&mut self, image: &RgbImage, scale: f32) -> Result<Vec<TextLine>> {
        let copy = tiles::resized(image, scale);
        let (width, height) = copy.dimensions();
        let (x, y) = (image.width() as f32 / width as f32, image.height() as f32 / height as f32);
        let passes = self.settings.passes;
        let mut lines = Vec::new();
        for tile in tiles::tiles(width, height, passes.tile_side, passes.tile_overlap) {
            lines.extend(self.one_tile(&copy, tile)?);
        }
        for point in lines.iter_mut().flat_map(|line| &mut line.quad.0) {
            *point = Point::new(point.x * x, point.y * y);
        }
        Ok(lines)
    }

    /// Returns the lines in one tile, in pixels of `image`.
    fn one_tile(&mut self, image: &RgbImage, tile: Rect) -> Result<Vec<TextLine>> {
        let tensor = tiles::tensor(image, tile, &self.settings.input);
        let map = self.model.run(tensor.view())?;
        let (_, _, rows, columns) = tensor.dim();
        if map.dim() != (1, 1, rows, columns) {
            return Err(Error::Detector(format!("the output has the axes {:?}", map.dim())));
        }
        // A comparison with NaN is false: the text would be lost without a word.
        if map.iter().any(|value| !value.is_finite()) {
            return Err(Error::Detector("the output holds values that are no numbers".to_owned()));
        }
        let map = map.slice(s![0, 0, ..tile.height() as usize, ..tile.width() as usize]);
        let origin = Point::new(tile.x0 as f32, tile.y0 as f32);
        let lines = postprocess::lines(map, &self.settings.thresholds);
        Ok(lines.into_iter().map(|line| moved(line, origin)).collect())
    }
}

/// Parts lines into those above and those up to a height.
fn split(lines: Vec<TextLine>, giant: f32) -> (Vec<TextLine>, Vec<TextLine>) {
    lines.into_iter().partition(|line| quads::short_side(&line.quad) > giant)
}

fn moved(line: TextLine, by: Point) -> TextLine {
    TextLine { quad: Quad(line.quad.0.map(|p| Point::new(p.x + by.x, p.y + by.y))), ..line }
}

/// Cuts out what lies round a quadrilateral, with a margin; also returns the cutout's top left corner.
fn crop(image: &RgbImage, quad: &Quad, margin: f32) -> (RgbImage, Point) {
    let area = quads::grow(quad, margin).bounding_box(image.width(), image.height());
    let cutout = imageops::crop_imm(image, area.x0, area.y0, area.width(), area.height()).to_image();
    (cutout, Point::new(area.x0 as f32, area.y0 as f32))
}
