//! Reads the text of one line: which way up, with what scores.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of characters, classes and pixels of a line are far below 2^24"
)]

use image::RgbImage;
use ndarray::{Array4, Axis, Ix3};

use super::charset::{Charset, Decoded};
use super::line::{Orientation, Reading};
use super::manifest::{Channels, InputForm, LineForm};
use super::model::Model;
use super::strokes::strokes;
use super::{crop, quads};
use crate::error::{Error, Result};
use crate::geometry::{Point, Quad};
use crate::sensitive::Sensitive;

/// All that a recognizer's result depends on besides the network, its charset and the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct RecognizerSettings {
    /// How a line is fed to the network.
    pub input: InputForm,
    /// How large.
    pub line: LineForm,
    /// Which ways up are tried.
    pub turns: Turns,
}

/// When a line is read another way up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turns {
    /// A rectangle is high, or wide, if one side is more than this many times the other one.
    pub long: f32,
    /// A high rectangle with a lower ratio may also be an upright character.
    pub column: f32,
    /// A reading with a lower score is compared with those of other orientations.
    pub good: f32,
}

impl Default for Turns {
    fn default() -> Self {
        Self { long: 1.5, column: 3.0, good: 0.9 }
    }
}

/// By how much a line is grown to be read, in parts of its short side.
const PAD: f32 = 0.1;

/// A line is read once more, closer round its letters, if its score or that of a character is below these: about what
/// text needs to stay…
const CLEAR: (f32, f32) = (0.7, 0.4);

/// …or these, if it has so few characters, which have to be read better.
const CLEAR_SHORT: (f32, f32) = (0.95, 0.6);
const SHORT: usize = 3;

/// How much of the ground above and below the letters is shown then, in heights of them. Of 0.15, 0.3 and 0.5 the first
/// one read best.
const CLOSE: f32 = 0.15;

/// The letters' height that is too close to the line's for that to change anything.
const FILLED: f32 = 0.7;

/// Returns a rectangle that holds every pixel which the reading of a line depends on.
#[must_use]
pub fn recognizer_area(quad: &Quad) -> Quad {
    // Interpolation looks at two pixels on each side.
    quads::grow(quad, PAD * quads::short_side(quad) + 2.0)
}

/// Reads lines, one at a time.
pub struct Recognizer {
    model: Box<dyn Model>,
    charset: Charset,
    settings: RecognizerSettings,
}

impl std::fmt::Debug for Recognizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recognizer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Recognizer {
    /// Makes a recognizer of a network and what its classes mean.
    #[must_use]
    pub fn new(model: Box<dyn Model>, charset: Charset, settings: RecognizerSettings) -> Self {
        Self { model, charset, settings }
    }

    /// Reads an empty line to see that network and charset belong together.
    ///
    /// # Errors
    ///
    /// [`Error::Recognizer`] if they do not or the network cannot be run.
    pub fn check(&mut self) -> Result<()> {
        let size = self.settings.line.height;
        self.read_line(&RgbImage::new(size, size)).map(drop)
    }

    /// Reads the text in `quad`; `None` if there is none, or the line is too long to be read.
    ///
    /// The result depends on nothing but the pixels in [`recognizer_area`], the settings and the network.
    ///
    /// # Errors
    ///
    /// [`Error::Recognizer`] if the network fails or returns something that cannot be read.
    pub fn read(&mut self, image: &RgbImage, quad: &Quad) -> Result<Option<Reading>> {
        let quad = quads::grow(quad, PAD * quads::short_side(quad));
        let (along, down) = quads::sides(&quad);
        let Turns { long, column, good } = self.settings.turns;
        let turns: &[Orientation] = if down > column * along {
            &[Orientation::Clockwise270, Orientation::Clockwise90]
        } else if down > long * along {
            &[Orientation::Upright, Orientation::Clockwise270, Orientation::Clockwise90]
        } else if along > long * down {
            &[Orientation::Upright, Orientation::UpsideDown]
        } else {
            &[Orientation::Upright, Orientation::UpsideDown, Orientation::Clockwise270, Orientation::Clockwise90]
        };
        let mut best: Option<Reading> = None;
        for &orientation in turns {
            // On their sides, letters give high scores either way.
            let is_good = best.as_ref().is_some_and(|best| best.score >= good);
            if is_good && turns[0] == Orientation::Upright {
                break;
            }
            let reading = self.read_turned(image, &quad, orientation)?;
            let score = |reading: &Option<Reading>| reading.as_ref().map_or(0.0, |reading| reading.score);
            if score(&reading) > score(&best) {
                best = reading;
            }
        }
        let Some(best) = best else { return Ok(None) };
        let clear = if best.character_scores.len() <= SHORT { CLEAR_SHORT } else { CLEAR };
        if best.score >= clear.0 && best.least_character_score() >= clear.1 {
            return Ok(Some(best));
        }
        let closer = self.closer(image, &crop::turned(&quad, best.orientation));
        let closer = closer.map(|quad| self.read_upright(image, &quad, best.orientation)).transpose()?.flatten();
        // A network is sure of more where it leaves out what it cannot read.
        let is_better = |closer: &Reading| {
            closer.score > best.score
                && closer.least_character_score() > best.least_character_score()
                && closer.character_scores.len() >= best.character_scores.len()
        };
        Ok(Some(match closer.filter(is_better) {
            Some(closer) => Reading { at_first: Some(best.text), ..closer },
            None => best,
        }))
    }

    /// Returns the part of a line, its first corner at the top left, in which its letters stand, with a little round them;
    /// `None` if it is hardly smaller.
    fn closer(&self, image: &RgbImage, quad: &Quad) -> Option<Quad> {
        let LineForm { height, most_width, .. } = self.settings.line;
        let width = crop::width_at(quad, height).filter(|width| *width <= most_width)?;
        // What the line was grown by may show other lines. All that stands in it itself stays in sight.
        let margin = PAD / (1.0 + 2.0 * PAD) * width.min(height) as f32;
        let found = strokes(&crop::line(image, quad, width, height), margin as u32)?;
        let high = (found.y1 - found.y0) as f32;
        if high > FILLED * height as f32 {
            return None;
        }
        let around = |from: u32, to: u32, end: u32| {
            let part = |at: f32| at.clamp(0.0, end as f32) / end as f32;
            (part(from as f32 - CLOSE * high), part(to as f32 + CLOSE * high))
        };
        let (left, right) = around(found.x0, found.x1, width);
        let (top, bottom) = around(found.y0, found.y1, height);
        let [a, b, _, d] = quad.0;
        let at = |x: f32, y: f32| {
            Point::new(a.x + x * (b.x - a.x) + y * (d.x - a.x), a.y + x * (b.y - a.y) + y * (d.y - a.y))
        };
        Some(Quad([at(left, top), at(right, top), at(right, bottom), at(left, bottom)]))
    }

    /// Reads a line one way up.
    fn read_turned(&mut self, image: &RgbImage, quad: &Quad, orientation: Orientation) -> Result<Option<Reading>> {
        self.read_upright(image, &crop::turned(quad, orientation), orientation)
    }

    /// Reads a line whose first corner is at the top left of its letters, which are turned so in the picture.
    fn read_upright(&mut self, image: &RgbImage, quad: &Quad, orientation: Orientation) -> Result<Option<Reading>> {
        let LineForm { height, most_width, .. } = self.settings.line;
        let Some(width) = crop::width_at(quad, height).filter(|width| *width <= most_width) else {
            return Ok(None);
        };
        if image.width() == 0 || image.height() == 0 {
            return Ok(None);
        }
        let Decoded { text, scores } = self.read_line(&crop::line(image, quad, width, height))?;
        if text.is_empty() {
            return Ok(None);
        }
        let score = scores.iter().sum::<f32>() / scores.len() as f32;
        let text = Sensitive::new(text);
        Ok(Some(Reading { text, score, character_scores: scores, orientation, at_first: None }))
    }

    /// Reads a line of the height that the network wants.
    fn read_line(&mut self, line: &RgbImage) -> Result<Decoded> {
        let input = tensor(line, &self.settings);
        let output = self.model.run(input.view()).map_err(Error::Recognizer)?;
        let axes = output.shape().to_vec();
        let is_batch_of_one = axes.len() == 3 && axes[0] == 1;
        if !is_batch_of_one {
            return Err(Error::Recognizer(format!("the output has the axes {axes:?}")));
        }
        if axes[2] != self.charset.classes() {
            let problem = format!("the network has {} classes, its charset {}", axes[2], self.charset.classes());
            return Err(Error::Recognizer(problem));
        }
        // A comparison with NaN is false: the text would become another one without a word.
        if !output.iter().all(|value| (0.0..=1.001).contains(value)) {
            return Err(Error::Recognizer("the output holds values that are no probabilities".to_owned()));
        }
        let output = output.into_dimensionality::<Ix3>().expect("three axes were seen");
        Ok(self.charset.decode(output.index_axis(Axis(0), 0)))
    }
}

/// Lays a line out as the network wants it, filled up on the right side.
fn tensor(line: &RgbImage, settings: &RecognizerSettings) -> Array4<f32> {
    let form = &settings.input;
    let width = line.width().max(settings.line.least_width).next_multiple_of(form.multiple_of);
    let mut tensor = Array4::zeros((1, 3, line.height() as usize, width as usize));
    for (channel, mut plane) in tensor.index_axis_mut(Axis(0), 0).outer_iter_mut().enumerate() {
        let source = match form.channels {
            Channels::Rgb => channel,
            Channels::Bgr => 2 - channel,
        };
        for (pixels, mut row) in line.rows().zip(plane.outer_iter_mut()) {
            for (pixel, value) in pixels.zip(row.iter_mut()) {
                *value = form.normalized(pixel.0[source], channel);
            }
        }
    }
    tensor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use image::Rgb;
    use ndarray::{Array3, ArrayD, ArrayView4};

    /// Reads `A`, the surer the more of the line's height is white.
    struct Height;

    impl Model for Height {
        fn run(&mut self, input: ArrayView4<'_, f32>) -> std::result::Result<ArrayD<f32>, String> {
            let plane = input.index_axis(Axis(0), 0).index_axis(Axis(0), 0).to_owned();
            let is_white = |row: &ndarray::ArrayView1<'_, f32>| row.iter().any(|&value| value > 0.8);
            let share = plane.outer_iter().filter(is_white).count() as f32 / plane.nrows() as f32;
            // Steps by classes: blank, A, B, space.
            let mut steps = Array3::zeros((1, 2, 4));
            steps[[0, 0, 1]] = share;
            steps[[0, 1, 0]] = 1.0;
            Ok(steps.into_dyn())
        }
    }

    fn recognizer() -> Recognizer {
        let input = InputForm {
            layout: crate::text::manifest::Layout::Nchw,
            channels: Channels::Rgb,
            multiple_of: 8,
            scale: 1.0 / 255.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        let line = LineForm { height: 48, least_width: 48, most_width: 960 };
        let settings = RecognizerSettings { input, line, turns: Turns::default() };
        Recognizer::new(Box::new(Height), Charset::read(b"A\nB\n").expect("a charset"), settings)
    }

    /// Returns the text of a box of 60 x 30 with something white in it, and what was read there at first.
    fn read(image: &RgbImage) -> (String, Option<String>) {
        let reading = recognizer().read(image, &Quad::from_rect(Rect::new(10, 10, 70, 40))).expect("read");
        let reading = reading.expect("a text");
        (reading.text.expose().clone(), reading.at_first.map(|first| first.expose().clone()))
    }

    fn picture(white: [u32; 4]) -> RgbImage {
        let [x0, y0, x1, y1] = white;
        RgbImage::from_fn(80, 60, |x, y| {
            if (x0..x1).contains(&x) && (y0..y1).contains(&y) { Rgb([255; 3]) } else { Rgb([0; 3]) }
        })
    }

    #[test]
    fn loose_lines_are_read_closer_and_tell_what_was_read_at_first() {
        assert_eq!(read(&picture([30, 20, 50, 30])), ("A".to_owned(), Some("A".to_owned())));
        // There is nothing closer to be seen of what fills its box.
        assert_eq!(read(&picture([14, 11, 66, 39])), ("A".to_owned(), None));
    }

    #[test]
    fn a_closer_reading_keeps_all_that_stands_in_the_box() {
        // Dim text far from the bright one, above it: with it in sight the letters fill the box, and nothing is cut off.
        let mut image = picture([30, 30, 50, 38]);
        for (x, y) in [(12, 11), (13, 11), (12, 12), (13, 12)] {
            image.put_pixel(x, y, Rgb([80; 3]));
        }
        assert_eq!(read(&image).1, None);
    }
}
