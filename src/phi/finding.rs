//! What was decided on a place in a frame.

use crate::geometry::Quad;
use crate::text::{LineKind, Reading};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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

/// A place in a frame with its decision and the rule that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Where the text stands, in frame pixels, not padded; for a zone, the zone.
    pub quad: Quad,
    /// What is filled if it is masked.
    pub area: Quad,
    /// The detector's score, 0..=1; `None` for a zone.
    pub score: Option<f32>,
    /// The best reading.
    pub reading: Option<Reading>,
    /// What is done.
    pub decision: Decision,
    /// The id of the rule that decided.
    pub rule: Cow<'static, str>,
    /// Keyword of the attribute whose value was recognized.
    pub attribute: Option<String>,
    /// What stands there.
    pub kind: LineKind,
}

impl Finding {
    /// Returns whether it is masked.
    #[must_use]
    pub fn is_mask(&self) -> bool {
        self.decision == Decision::Mask
    }

    /// Returns whether something is known against the text, and not only nothing for it.
    #[must_use]
    pub fn has_evidence(&self) -> bool {
        ["zone:", "deny:", "identity", "pattern:"].iter().any(|kind| self.rule.starts_with(kind))
    }
}
