//! What becomes of scanned documents.

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
