//! A line of text: where it is and what was read in it.

use crate::geometry::Quad;
use crate::sensitive::Sensitive;
use crate::text::Detection;
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
}

/// A line of text of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLine {
    /// A rectangle round the line, in frame pixels. Corners may lie outside the frame.
    pub quad: Quad,
    /// The detector's score, 0..=1.
    pub score: f32,
    /// What was read: one reading for each view of the frame that showed something else there, the best first.
    /// Empty where nothing could be read or nothing was tried.
    pub readings: Vec<Reading>,
}

impl From<Detection> for TextLine {
    fn from(detection: Detection) -> Self {
        Self { quad: detection.quad, score: detection.score, readings: Vec::new() }
    }
}
