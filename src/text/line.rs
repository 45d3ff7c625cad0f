//! A line of text: where it is and what was read in it.

use crate::geometry::Quad;
use crate::sensitive::Sensitive;
use crate::text::{Code, CodeKind, Detection, pad};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How text is turned on the frame: where its top points, by clockwise turns of upright text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Orientation {
    /// From left to right.
    #[default]
    Upright,
    /// From top to bottom.
    Clockwise90,
    /// From right to left, upside down.
    UpsideDown,
    /// From bottom to top.
    Clockwise270,
}

impl Orientation {
    /// All of them, by [`quarters`](Self::quarters).
    pub(crate) const ALL: [Self; 4] = [Self::Upright, Self::Clockwise90, Self::UpsideDown, Self::Clockwise270];

    /// Returns by how many clockwise quarter turns, 0..=3.
    #[must_use]
    pub const fn quarters(self) -> u8 {
        match self {
            Self::Upright => 0,
            Self::Clockwise90 => 1,
            Self::UpsideDown => 2,
            Self::Clockwise270 => 3,
        }
    }

    /// Returns this turn after another one.
    #[must_use]
    pub const fn after(self, other: Self) -> Self {
        Self::ALL[(self.quarters() as usize + other.quarters() as usize) % 4]
    }
}

/// What stands at a place that is masked or kept as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineKind {
    /// A line of text.
    #[default]
    Text,
    /// A machine-readable code; what it says is its reading.
    Code(CodeKind),
    /// Strokes on a page that are no text line: handwriting, a signature, a stamp.
    Ink,
}

/// What a recognizer read in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The text, never empty. Spaces may be missing.
    pub text: Sensitive<String>,
    /// The mean of the character scores, 0..=1. High scores of wrong readings are common.
    pub score: f32,
    /// The score of each `char` of the text, 0..=1.
    pub character_scores: Vec<f32>,
    /// How the text was turned to be read.
    pub orientation: Orientation,
    /// What was read at first, where a second, closer look read it better. It may still be what the header tells.
    pub at_first: Option<Sensitive<String>>,
}

impl Reading {
    /// Returns the lowest score of a character.
    #[must_use]
    pub fn least_character_score(&self) -> f32 {
        self.character_scores.iter().copied().fold(1.0, f32::min)
    }
}

/// A line of text of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLine {
    /// A rectangle round the line, in frame pixels. Corners may lie outside the frame.
    pub quad: Quad,
    /// What is filled if it is masked: the rectangle, padded for what the detector clips of text, without strips in which
    /// nothing stands.
    pub area: Quad,
    /// The rectangle without such strips, which shows how long the text is.
    pub inked: Quad,
    /// The detector's score, 0..=1.
    pub score: f32,
    /// What was read: one reading for each view of the frame that showed something else there, the best first.
    /// Empty where nothing could be read or nothing was tried.
    pub readings: Vec<Reading>,
    /// What stands there.
    pub kind: LineKind,
}

impl TextLine {
    /// Makes a line of text of which only the place is known.
    #[must_use]
    pub fn unread(quad: Quad, score: f32) -> Self {
        Self { quad, area: pad(&quad), inked: quad, score, readings: Vec::new(), kind: LineKind::Text }
    }
}

impl From<Detection> for TextLine {
    fn from(detection: Detection) -> Self {
        Self::unread(detection.quad, detection.score)
    }
}

impl From<Code> for TextLine {
    fn from(code: Code) -> Self {
        let reading = |text: Sensitive<String>| {
            let character_scores = vec![1.0; text.expose().chars().count()];
            Reading { text, score: 1.0, character_scores, orientation: Orientation::Upright, at_first: None }
        };
        let readings = code.content.map(reading).into_iter().collect();
        Self {
            quad: code.quad,
            area: code.quad,
            inked: code.quad,
            score: code.score,
            readings,
            kind: LineKind::Code(code.kind),
        }
    }
}
