//! Finds the text lines of one picture: scales, tiles, and what to make of boxes that are too large to be text.
#![expect(
    clippy::cast_precision_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them"
)]

use image::RgbImage;
use image::imageops;
use ndarray::{Ix4, s};

use super::manifest::{InputForm, Thresholds};
use super::model::Model;
use super::postprocess::{self, Found};
use super::{quads, tiles};
use crate::error::{Error, Result};
use crate::geometry::{Point, Quad, Rect};

/// Where a line of text is; nothing is read yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// A rectangle round the line, in frame pixels. Corners may lie outside the frame.
    pub quad: Quad,
    /// The mean probability of text in the line's core, in 0..=1.
    pub score: f32,
}

/// What was found in a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detections {
    /// The lines, from top to bottom and then from left to right.
    pub lines: Vec<Detection>,
    /// How many candidates much higher than a usual line were looked at again and then not taken.
    pub dropped: u32,
}

/// At which scales and in which parts a picture is shown to the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passes {
    /// A picture whose short side is below this is enlarged by the least whole number that reaches it.
    pub least_short_side: u32,
    /// The largest such number.
    pub largest_factor: u32,
    /// …and the longest side that a picture is enlarged to: a strip is low, but its text is not small.
    pub longest_enlarged: u32,
    /// Pixels of plain ground that are put around a picture that is not reduced: small text touches its border.
    pub margin: u32,
    /// The longest side of a tile.
    pub tile_side: u32,
    /// How many pixels neighboring tiles share.
    pub tile_overlap: u32,
    /// Reduced copies are shown too, each half as large as the one before, as long as their short side reaches this.
    pub least_reduced_side: u32,
    /// Even smaller copies are shown down to this short side, of which only giant lines are taken.
    pub least_giant_reduced_side: u32,
    /// A line is giant if its short side is above this share of the picture's short side…
    pub giant_share: f32,
    /// …and above this many pixels of the enlarged picture.
    pub giant_side: f32,
    /// A giant line may be large text if its short side is up to this share of the picture's short side.
    pub largest_share: f32,
    /// A giant line is large text if it is found again, reduced, with this share of the area of both together.
    pub giant_agreement: f32,
}

impl Default for Passes {
    fn default() -> Self {
        Self {
            // Frames of 320 x 240 lose whole lines at their own size and none at twice that.
            least_short_side: 480,
            // A letter of 5 pixels is 20 high then; more only blurs.
            largest_factor: 4,
            // 400 lines of 800 pixels may still be a low-resolution frame.
            longest_enlarged: 1600,
            // Of 425 lines in 52 synthetic pictures, many at the border, those not covered to 98 % fell from 19 to 10; 16
            // found one more, but masked 4.6 % and not 2.8 % of text-free pictures (2.3 % without a margin).
            margin: 8,
            // Holds the usual 1280 x 960 frame whole with its margin, and bounds the memory of a run.
            tile_side: 1296,
            // Text up to about 100 pixels high lies whole in one of two neighbors.
            tile_overlap: 128,
            // At 100, one more copy of a usual frame, one more of 315 lines is found, but the area masked outside of
            // text doubles, and on pictures without text it reaches a third of one.
            least_reduced_side: 200,
            // No further copies. At 60 single letters up to a third of the picture's height are found, and not only up
            // to about a fifth, but one of ten text-free pictures was masked to 27 %.
            least_giant_reduced_side: 200,
            // Text-free pictures were masked to 24 % without the rule, to 2 % with this number.
            giant_share: 0.18,
            // Without it a strip of a frame would have no line that is not giant.
            giant_side: 96.0,
            // Without a limit, two of ten text-free pictures were masked whole: their boxes are found again at any
            // size. With this one the check for large text changed nothing on 32 real pictures.
            largest_share: 0.45,
            // At 0.3 one of ten text-free pictures was masked to 20 %, and no line more was found.
            giant_agreement: 0.5,
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
    pub fn detect(&mut self, image: &RgbImage) -> Result<Detections> {
        self.detect_enlarged(image, self.enlargement(image.width(), image.height()))
    }

    /// Returns the factor by which [`Detector::detect`] enlarges a picture.
    #[must_use]
    pub fn enlargement(&self, width: u32, height: u32) -> u32 {
        let passes = &self.settings.passes;
        let largest = (passes.longest_enlarged / width.max(height).max(1)).clamp(1, passes.largest_factor);
        passes.least_short_side.div_ceil(width.min(height).max(1)).clamp(1, largest)
    }

    /// Like [`Detector::detect`], with a factor of the caller's choice: for a strip of a frame, that of the frame.
    ///
    /// # Errors
    ///
    /// As [`Detector::detect`].
    pub fn detect_enlarged(&mut self, image: &RgbImage, factor: u32) -> Result<Detections> {
        const LIMIT: u32 = 1 << 20;
        let (width, height) = image.dimensions();
        if width.max(height).saturating_mul(factor) >= LIMIT {
            return Err(Error::TooLarge { what: "a side of the picture", limit: u64::from(LIMIT) });
        }
        if width.min(height) == 0 || factor == 0 {
            return Ok(Detections::default());
        }
        let enlarged = tiles::resized(image, factor as f32);
        let passes = self.settings.passes;
        let giant = (passes.giant_share * enlarged.width().min(enlarged.height()) as f32).max(passes.giant_side);
        let mut found = self.all_scales(&Work { image: &enlarged, giant })?;
        for point in found.lines.iter_mut().flat_map(|line| &mut line.quad.0) {
            *point = Point::new(point.x / factor as f32, point.y / factor as f32);
        }
        Ok(found)
    }

    /// Returns the lines found at the picture's own size and in its reduced copies.
    ///
    /// A reduced copy shows large text and isolated letters, but draws coarse boxes round the rest. So a line of it
    /// is left out if its core lies entirely in lines of larger copies. On real pictures this keeps all the text that
    /// reduced copies add (.930 of the lines covered without them, .939 with them, either way) and more than halves
    /// what they add outside of text (1.4 % of the area without them, 3.2 % with all of their lines, 2.2 % so).
    fn all_scales(&mut self, work: &Work<'_>) -> Result<Detections> {
        let (mut giants, found) = split(self.one_scale(work.image, 1.0, self.settings.passes.margin)?, work.giant);
        let mut lines: Vec<Detection> = found.into_iter().map(|found| found.line).collect();
        for giant in &giants {
            lines.extend(self.inside(work, giant)?);
        }
        let short = work.image.width().min(work.image.height()) as f32;
        let mut scale = 0.5;
        let passes = self.settings.passes;
        while short * scale >= passes.least_giant_reduced_side.min(passes.least_reduced_side) as f32 {
            let (more_giants, found) = split(self.one_scale(work.image, scale, 0)?, work.giant);
            giants.extend(more_giants);
            scale /= 2.0;
            if short * scale * 2.0 < passes.least_reduced_side as f32 {
                continue;
            }
            let new: Vec<_> = found.into_iter().filter(|found| !quads::covered(&found.core, &lines)).collect();
            lines.extend(new.into_iter().map(|found| found.line));
        }
        let largest = self.settings.passes.largest_share * short;
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
        let agreement = self.settings.passes.giant_agreement;
        let side = quads::short_side(&giant.quad);
        let (crop, origin) = crop(work.image, &giant.quad, side);
        let lines = self.one_scale(&crop, USUAL_HEIGHT / side, 0)?;
        Ok(lines.into_iter().any(|found| quads::overlap(&moved(found, origin).line.quad, &giant.quad) > agreement))
    }

    /// Returns the lines in a copy of `image` of another size and with a margin, in pixels of `image`.
    fn one_scale(&mut self, image: &RgbImage, scale: f32, margin: u32) -> Result<Vec<Found>> {
        let copy = tiles::resized(image, scale);
        let (x, y) = (image.width() as f32 / copy.width() as f32, image.height() as f32 / copy.height() as f32);
        let passes = self.settings.passes;
        let framed = tiles::framed(&copy, margin);
        let mut found = Vec::new();
        for tile in tiles::tiles(framed.width(), framed.height(), passes.tile_side, passes.tile_overlap) {
            found.extend(self.one_tile(&framed, tile)?);
        }
        let margin = margin as f32;
        let back = |p: Point| Point::new((p.x - margin) * x, (p.y - margin) * y);
        Ok(found.into_iter().map(|found| mapped(found, back)).collect())
    }

    /// Returns the lines in one tile, in pixels of `image`.
    fn one_tile(&mut self, image: &RgbImage, tile: Rect) -> Result<Vec<Found>> {
        let tensor = tiles::tensor(image, tile, &self.settings.input);
        let map = self.model.run(tensor.view()).map_err(Error::Detector)?;
        let (_, _, rows, columns) = tensor.dim();
        if map.shape() != [1, 1, rows, columns] {
            return Err(Error::Detector(format!("the output has the axes {:?}", map.shape())));
        }
        // A comparison with NaN is false: the text would be lost without a word.
        if map.iter().any(|value| !value.is_finite()) {
            return Err(Error::Detector("the output holds values that are no numbers".to_owned()));
        }
        let map = map.into_dimensionality::<Ix4>().expect("four axes were seen");
        let map = map.slice(s![0, 0, ..tile.height() as usize, ..tile.width() as usize]);
        let origin = Point::new(tile.x0 as f32, tile.y0 as f32);
        let found = postprocess::lines(map, &self.settings.thresholds);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::manifest::{Channels, Layout};
    use image::Rgb;
    use ndarray::{Array4, ArrayD, ArrayView4, Axis};

    /// Says that text is wherever the picture is bright.
    struct Bright;

    impl Model for Bright {
        fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
            assert!(
                input.dim().2.is_multiple_of(32)
                    && input.dim().3.is_multiple_of(32)
                    && input.dim().2.max(input.dim().3) <= 1312
            );
            Ok(input.slice(s![.., ..1, .., ..]).mapv(|v| if v > 0.5 { 0.9 } else { 0.0 }).into_dyn())
        }
    }

    fn detector(model: impl Model + 'static, unclip: f32) -> Detector {
        let input = InputForm {
            layout: Layout::Nchw,
            channels: Channels::Bgr,
            multiple_of: 32,
            scale: 1.0 / 255.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        let thresholds = Thresholds { probability: 0.2, r#box: 0.3, unclip, min_side: 2.0 };
        Detector::new(Box::new(model), DetectorSettings { input, thresholds, passes: Passes::default() })
    }

    fn picture(width: u32, height: u32, boxes: &[Rect]) -> RgbImage {
        let bright = |x, y| boxes.iter().any(|b| (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y));
        RgbImage::from_fn(width, height, |x, y| if bright(x, y) { Rgb([255; 3]) } else { Rgb([0; 3]) })
    }

    fn assert_found(width: u32, height: u32, boxes: &[Rect]) {
        let lines = detector(Bright, 0.0).detect(&picture(width, height, boxes)).expect("detected").lines;
        let found: Vec<_> = lines.iter().map(|line| quads::extent(&line.quad)).collect();
        assert_eq!(found.len(), boxes.len(), "{width} x {height}: {found:?}");
        for (found, expected) in found.into_iter().zip(boxes) {
            let expected = quads::extent(&Quad::from_rect(*expected));
            let near = |a: f32, b: f32| (a - b).abs() <= 2.0;
            assert!(
                near(found.0, expected.0)
                    && near(found.1, expected.1)
                    && near(found.2, expected.2)
                    && near(found.3, expected.3),
                "{width} x {height}: {found:?} for {expected:?}"
            );
        }
    }

    #[test]
    fn lines_come_back_where_they_are_in_reading_order() {
        assert_found(640, 480, &[Rect::new(0, 0, 90, 14), Rect::new(300, 20, 420, 34), Rect::new(500, 460, 640, 480)]);
        assert_found(801, 607, &[Rect::new(10, 10, 90, 30), Rect::new(700, 590, 801, 607)]);
        assert_found(61, 47, &[Rect::new(3, 4, 40, 9), Rect::new(20, 30, 61, 36)]);
        assert_found(2501, 1403, &[Rect::new(5, 5, 300, 40), Rect::new(2400, 1380, 2501, 1403)]);
    }

    #[test]
    fn a_line_across_a_seam_is_one_line() {
        assert_found(3000, 600, &[Rect::new(100, 300, 2900, 330)]);
        assert_found(600, 3000, &[Rect::new(300, 100, 330, 2900)]);
    }

    #[test]
    fn grown_lines_hold_their_core() {
        let area = Rect::new(200, 100, 400, 116);
        let lines = detector(Bright, 1.8).detect(&picture(800, 600, &[area])).expect("detected").lines;
        assert!(lines.iter().any(|line| quads::contains(&line.quad, &Quad::from_rect(area))), "{lines:?}");
    }

    #[test]
    fn a_slanted_line_gives_a_slanted_rectangle() {
        let image = RgbImage::from_fn(800, 600, |x, y| {
            let (x, y) = (x as f32 - 400.0, y as f32 - 300.0);
            let (sin, cos) = 20.0_f32.to_radians().sin_cos();
            let inside = (x * cos + y * sin).abs() < 100.0 && (y * cos - x * sin).abs() < 10.0;
            if inside { Rgb([255; 3]) } else { Rgb([0; 3]) }
        });
        let lines = detector(Bright, 0.0).detect(&image).expect("detected").lines;
        let [a, b, ..] = lines[0].quad.0;
        assert!(((b.y - a.y).atan2(b.x - a.x).to_degrees() - 20.0).abs() < 2.0, "{lines:?}");
    }

    #[test]
    fn a_large_letter_is_kept_and_a_picture_that_is_all_bright_is_not_a_line() {
        assert_found(800, 600, &[Rect::new(300, 200, 460, 380)]);
        assert_found(800, 600, &[]);
        let bright = picture(800, 600, &[Rect::new(0, 0, 800, 600)]);
        let found = detector(Bright, 0.0).detect(&bright).expect("detected");
        assert_eq!((found.lines, found.dropped), (vec![], 1));
    }

    #[test]
    fn pictures_of_any_size_can_be_examined() {
        for (width, height) in [(1, 1), (3, 3), (16, 16), (1, 500), (5000, 2), (33, 31)] {
            let lines = detector(Bright, 0.0).detect(&picture(width, height, &[])).expect("detected");
            assert_eq!(lines, Detections::default(), "{width} x {height}");
        }
    }

    #[test]
    fn the_result_depends_on_the_picture_alone() {
        let boxes: Vec<Rect> =
            (0..40).map(|i| Rect::new(i * 37 % 700, i * 53 % 580, i * 37 % 700 + 60, i * 53 % 580 + 12)).collect();
        let (image, other) = (picture(800, 600, &boxes), picture(640, 480, &boxes[..9]));
        let mut used = detector(Bright, 1.8);
        let first = used.detect(&image).expect("detected");
        used.detect(&other).expect("detected");
        assert_eq!(used.detect(&image).expect("detected"), first);
        assert_eq!(detector(Bright, 1.8).detect(&image).expect("detected"), first);
    }

    #[test]
    fn an_output_that_cannot_be_read_is_an_error() {
        struct Broken(fn(Array4<f32>) -> Array4<f32>);
        impl Model for Broken {
            fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
                Ok((self.0)(input.slice(s![.., ..1, .., ..]).to_owned()).into_dyn())
            }
        }
        let breaks: [fn(Array4<f32>) -> Array4<f32>; 3] = [
            |map| map * f32::NAN,
            |map| map.slice(s![.., .., ..32, ..]).to_owned(),
            |map| ndarray::concatenate(Axis(1), &[map.view(), map.view()]).expect("same shape"),
        ];
        for broken in breaks {
            let result = detector(Broken(broken), 1.8).detect(&picture(640, 480, &[]));
            assert!(matches!(result, Err(Error::Detector(_))), "{result:?}");
        }
    }
}
