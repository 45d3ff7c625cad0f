//! How models want to be fed and how their output is read, as the manifest tells.

use serde::Deserialize;

/// How a picture is laid out in the input tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Picture, channel, row, column.
    Nchw,
}

/// The order of the color channels in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Blue, green, red.
    Bgr,
    /// Red, green, blue.
    Rgb,
}

/// What the output tensor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// One channel of probabilities at input size, of the shrunken cores of text lines.
    ProbabilityMap,
    /// Two channels of probabilities at half the input size: of text lines, and of their middles.
    RegionAndCoreMaps,
    /// One channel of probabilities at a sixteenth of the input size: that text stands in a cell.
    CellMap,
    /// Step along the line, class: probabilities of the blank, the characters of the charset and the space.
    Ctc,
}

/// How a picture becomes an input tensor: sample `v` of a channel becomes `(v * scale - mean) / std`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputForm {
    /// The tensor's axes.
    pub layout: Layout,
    /// The order of the channels.
    pub channels: Channels,
    /// What both sides have to be divisible by; of a recognizer's line, the width.
    pub multiple_of: u32,
    /// Factor for samples of 0 to 255.
    pub scale: f32,
    /// In the order of the channels.
    pub mean: [f32; 3],
    /// In the order of the channels.
    pub std: [f32; 3],
}

impl InputForm {
    /// Returns what the network is fed for a sample of a channel.
    pub(super) fn normalized(&self, sample: u8, channel: usize) -> f32 {
        (f32::from(sample) * self.scale - self.mean[channel]) / self.std[channel]
    }
}

/// How lines are read from a probability map.
///
/// There is no limit on the number of lines: what is left out would stay in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A pixel belongs to a line if its probability is above this.
    pub probability: f32,
    /// A line is kept if the mean probability in its rectangle reaches this.
    pub r#box: f32,
    /// How much a core grows: by area × `unclip` ÷ perimeter on each side.
    pub unclip: f32,
    /// The least short side of a core, in pixels of the map.
    pub min_side: f32,
}

/// How lines are read from a map of regions and one of cores.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionThresholds {
    /// A pixel belongs to a line if its probability is above this…
    pub region: f32,
    /// …a pixel of the line reaches this…
    pub seed: f32,
    /// …and the mean of the line's pixels this.
    pub score: f32,
    /// A pixel lies in the middle of a line if that probability is above this.
    pub core: f32,
    /// A line counts as seen in another copy of the picture, or by another network, if this share of it is text there.
    pub support: f32,
    /// A line that no other network found is taken if the mean of its pixels reaches this…
    pub sure: f32,
    /// …or, if it is low, this…
    pub sure_low: f32,
    /// …or this share of it, on average over the copies of the picture, is text.
    pub whole: f32,
    /// A line stands after masking if the mean of its pixels reaches this.
    pub score_again: f32,
}

/// How the cells of a scout are read.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoutThresholds {
    /// The detectors look at a cell if its probability is above this…
    pub text: f32,
    /// …or, in a reduced copy, where a cell is larger, this.
    pub reduced: f32,
    /// The network of cores looks where a cell among those that are marked is above this, in any copy; so does that of regions
    /// when what is written is looked at again.
    pub certain: f32,
    /// What was found is a line of text if cells above this, in any copy…
    pub line: f32,
    /// …lie along this share of it.
    pub share: f32,
    /// A low line that is marked in one size alone is one if cells above this lie along that share of it.
    pub alone: f32,
}

/// The file that tells what the classes of a recognizer mean: one character a line, without blank and space.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharsetFile {
    /// Its name, beside the manifest.
    pub file: String,
    /// The file's hash, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// The size of the line that a recognizer is shown, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineForm {
    /// Its height.
    pub height: u32,
    /// Shorter lines are filled up to this width.
    pub least_width: u32,
    /// Longer lines are not read.
    pub most_width: u32,
}
