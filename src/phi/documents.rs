//! What becomes of scanned documents.

use super::finding::Finding;
use crate::text::LineKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of scanned documents.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Documents {
    /// All text and all strokes on them are masked, whatever the policy; the report advises a look
    #[default]
    Mask,
    /// They are for review
    Review,
    /// They are held
    Hold,
}

/// Returns whether lines are those of a screen, a dose sheet or a list of measurements, rather than those of a page: most of
/// them are technical.
#[must_use]
pub fn is_screen(findings: &[Finding]) -> bool {
    let lines = || findings.iter().filter(|finding| finding.kind == LineKind::Text && finding.score.is_some());
    let is_technical = |finding: &&Finding| !finding.is_mask() && finding.rule.starts_with("technical:");
    2 * lines().filter(is_technical).count() > lines().count()
}
