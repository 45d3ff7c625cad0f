//! What counts as PHI: from text lines to decisions.

use crate::geometry::Quad;
use crate::text::TextLine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which text stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// No text at all.
    #[default]
    All,
}

/// What is done with a text line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Its pixels are filled.
    Mask,
    /// Its pixels stay.
    Keep,
    /// A person has to look.
    Review,
}

/// A text line with its decision and the rule that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Where the text stands, in frame pixels, not padded.
    pub quad: Quad,
    /// The detector's score, 0..=1.
    pub score: f32,
    /// What is done.
    pub decision: Decision,
    /// The id of the rule that decided.
    pub rule: &'static str,
}

impl Policy {
    /// Decides on each line of a frame.
    #[must_use]
    pub fn decide(self, lines: &[TextLine]) -> Vec<Finding> {
        let rule = match self {
            Self::All => "policy-all",
        };
        let find = |line: &TextLine| Finding { quad: line.quad, score: line.score, decision: Decision::Mask, rule };
        lines.iter().map(find).collect()
    }
}
