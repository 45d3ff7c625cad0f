//! The first line of a report: what ran, and with what.

use crate::again::Verify;
use crate::dicom::codec::Fallback;
use crate::dicom::marks::Marks;
use crate::dicom::places::Overlays;
use crate::phi::{Documents, Policy};
use crate::report::ReportText;
use crate::text::Effort;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// Version of deburn.
    pub version: String,
    /// `mask` or `scan`.
    pub command: String,
    /// What decides on the result.
    pub options: Options,
    /// The inference runtime.
    pub runtime: Runtime,
    /// The models used.
    pub models: Vec<ModelUsed>,
    /// The part of all inputs that the run took, where it did not take all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardUsed>,
    /// Of `apply`: what persons decided on and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewUsed>,
}

/// The part of all inputs that a run took, as `--shard` asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardUsed {
    /// Number of the part, from 1.
    pub index: u32,
    /// How many parts there are.
    pub count: u32,
    /// Files of all parts.
    pub files: u64,
    /// SHA-256 of the names of these files in path order, each ended by a NUL.
    pub names_sha256: String,
}

/// The decisions that a report follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewUsed {
    /// SHA-256 of the report that was reviewed.
    pub report_sha256: String,
    /// The files of decisions, in their order.
    pub decisions: Vec<RulesFile>,
    /// All who decided.
    pub reviewers: Vec<String>,
}

/// The options that decide on the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Options {
    /// Which text stays.
    pub policy: Policy,
    /// What becomes of scanned documents.
    pub documents: Documents,
    /// Which recognizer reads.
    pub effort: Effort,
    /// Site files of rules, in their order.
    pub rules: Vec<RulesFile>,
    /// Kept lines with a lower reading score are for review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_below: Option<f32>,
    /// What becomes of overlay planes.
    pub overlays: Overlays,
    /// What masks are filled with: `black`, `background` or a value.
    pub fill: String,
    /// Which outputs say that they were cleaned.
    pub marks: Marks,
    /// Masked outputs get a SOP Instance UID of their own.
    pub new_uids: bool,
    /// What became of text that a second look found.
    pub verify: Verify,
    /// Which text goes into the report.
    pub report_text: ReportText,
    /// Names the key of the text hashes: reports with the same name can be compared.
    pub text_key: String,
    /// The transfer syntax of instances that cannot be written in their own.
    pub fallback: Fallback,
    /// Largest frame, in pixels.
    pub max_pixels: u64,
    /// The device asked for.
    pub device: String,
}

/// A site file of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RulesFile {
    /// Its file name.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The inference runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Runtime {
    /// Version of ONNX Runtime.
    pub version: String,
    /// The execution provider really used.
    pub execution_provider: String,
}

/// A model used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelUsed {
    /// What it is for.
    pub role: String,
    /// Its file name.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}
