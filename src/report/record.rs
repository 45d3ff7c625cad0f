//! The lines of a report. These types are its JSON Schema.
//!
//! No line holds header values other than UIDs and Modality, nor text read from pixels but what
//! [`ReportText`](crate::report::ReportText) lets through. Nothing in a line depends on time, threads or the machine, but for the key of
//! the hashes.

use crate::dicom::write::Method;
use crate::error::Error;
use crate::geometry::{Quad, Rect};
use crate::phi::Decision;
use crate::report::{Footer, Header, ReadingRecord};
use crate::review::InstanceVerdict;
use crate::text::CodeKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first line: what ran.
    Run(Header),
    /// An input.
    Instance(Record),
    /// A file in an input folder that is not DICOM. It is no input and nothing of it is in the output.
    Ignored(IgnoredFile),
    /// The last line: the sums.
    Summary(Footer),
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Examined, nothing to mask: in the output as it was.
    Clean,
    /// Text was masked, or an icon or an overlay removed.
    Masked,
    /// Nothing in it could hold burned-in text: in the output as it was.
    NoPixels,
    /// A person has to look; not in the output.
    Review,
    /// It could not be done; not in the output.
    Held,
}

impl Status {
    /// Returns whether the file is in the output.
    #[must_use]
    pub const fn goes_out(self) -> bool {
        matches!(self, Self::Clean | Self::Masked | Self::NoPixels)
    }
}

/// Why an input is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Kind of reason, for programs.
    pub code: String,
    /// One line for people; names attributes, holds no values.
    pub message: String,
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        Self { code: error.code().into(), message: error.to_string() }
    }
}

impl From<Method> for WriteMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::InPlace => Self::InPlace,
            Method::JpegBlocks => Self::JpegBlocks,
            Method::Reencoded => Self::Reencoded,
            Method::Transcoded(_) => Self::Transcoded,
            Method::Decoded => Self::Decoded,
        }
    }
}

/// How many frames were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrameCount {
    /// Frames that the detector has seen.
    pub examined: u32,
    /// Number of Frames (0028,0008); 0 where it could not be read.
    pub total: u32,
}

/// How masked pixels were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteMethod {
    /// Overwritten in place, all other samples and the transfer syntax as they were.
    InPlace,
    /// Coded blocks of masked frames replaced in their JPEG streams, all other coefficients as they were. Frames
    /// without a mask keep their bytes.
    JpegBlocks,
    /// Masked frames encoded again without loss, in the same transfer syntax. Frames without a mask keep their bytes.
    Reencoded,
    /// All frames decoded and encoded without loss in another transfer syntax.
    Transcoded,
    /// Pixel Data written uncompressed.
    Decoded,
}

/// What was done with a place beside Pixel Data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceAction {
    /// Examined, nothing to mask.
    Unchanged,
    /// Text was masked.
    Masked,
    /// It went without a look at it.
    Removed,
}

/// A place beside Pixel Data that can show text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceRecord {
    /// Its name: `overlay_6000` by the group, `icon`, `nested_1`, `nested_icon_1`, `float`, `double_float`;
    /// `stream_notes` are comments, Exif and the like in the JPEG streams of the frames.
    pub name: String,
    /// What was done.
    pub action: PlaceAction,
}

/// A text line in one or more consecutive frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegionRecord {
    /// Corners in frame pixels, clockwise from the top left of the text when upright, before padding.
    pub quad: Quad,
    /// What is filled if it is masked, where that ends at plain ground; absent where it is `quad`
    /// and its padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Quad>,
    /// The smallest box around all that changed: what is masked, padding included, and in JPEG streams the whole blocks
    /// of it with the rim that takes color from them.
    pub bounding_box: Rect,
    /// First and last frame it stands in, counted from 0, both included.
    pub frames: [u32; 2],
    /// Which of the record's `places` it stands in; absent for Pixel Data. Pixels and frames are those of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plane: Option<String>,
    /// The detector's score, 0..=1, the highest of its frames; absent for a zone, which nothing was detected in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detection_score: Option<f32>,
    /// What was read, in the first of its frames; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingRecord>,
    /// The kind of the machine-readable code that stands there; what it says is never told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeKind>,
    /// What was done.
    pub action: Decision,
    /// The id of the rule that decided.
    pub reason: String,
    /// Keyword of the attribute whose value stands there, where one was recognized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// What a person decided on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<RegionReview>,
}

/// What a person decided on a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegionReview {
    /// Who.
    pub reviewer: String,
    /// What they did.
    pub change: RegionChange,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the report before said; absent for a drawn region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Decision>,
}

/// What a person did with a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegionChange {
    /// Nothing: they say that it is right.
    Accepted,
    /// They drew it.
    Drawn,
    /// They gave it another place.
    Moved,
    /// They decided otherwise.
    Decided,
    /// They say that there is no text.
    Removed,
}

/// What a person decided on an instance as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InstanceReview {
    /// What became of it before.
    pub was: Status,
    /// The verdict, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<InstanceVerdict>,
    /// Who gave it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewers: Vec<String>,
}

/// What a person should do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Advice {
    /// Kind of advice, for programs.
    pub code: String,
    /// One line for people.
    pub message: String,
}

impl Advice {
    /// Advises to look at a scanned document.
    #[must_use]
    pub fn document() -> Self {
        Self {
            code: "document".into(),
            message: "a scanned document: look at it, since no detector finds all handwriting".into(),
        }
    }
}

/// What was found in an input and done with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The input's path below its input folder, with `/` between names. It is also the output's path. Bytes that are not
    /// UTF-8 are written as `\xNN`, a backslash as `\\`.
    pub path: String,
    /// What became of it.
    pub status: Status,
    /// Why it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Size of the input file in bytes; absent where it could not be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SOP Class UID (0008,0016).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sop_class_uid: Option<String>,
    /// SOP Instance UID (0008,0018).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sop_instance_uid: Option<String>,
    /// Study Instance UID (0020,000D), and…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study_instance_uid: Option<String>,
    /// …Series Instance UID (0020,000E), where they could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_instance_uid: Option<String>,
    /// SOP Instance UID of the output where it is another one, as `--new-uids` asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_sop_instance_uid: Option<String>,
    /// Modality (0008,0060).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality: Option<String>,
    /// Transfer Syntax UID of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_syntax: Option<String>,
    /// Transfer Syntax UID of the output; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_transfer_syntax: Option<String>,
    /// How masked pixels were written; absent where none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_method: Option<WriteMethod>,
    /// Why masked pixels were not written in the form of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_reason: Option<String>,
    /// Frames looked at.
    pub frames: FrameCount,
    /// Places beside Pixel Data, where there are some: those looked at, then those removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PlaceRecord>,
    /// Places that the detector looked at twice and then did not take for text, in all frames.
    pub candidates_dropped: u64,
    /// The text found, by first frame, then from top to bottom.
    pub regions: Vec<RegionRecord>,
    /// What a person should do about it although it is in the output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<Advice>,
    /// What a person decided on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<InstanceReview>,
}

impl Record {
    /// Makes the record of an input that nothing is known of yet.
    #[must_use]
    pub const fn new(path: String) -> Self {
        Self {
            path,
            status: Status::Held,
            reason: None,
            bytes: None,
            sop_class_uid: None,
            sop_instance_uid: None,
            study_instance_uid: None,
            series_instance_uid: None,
            output_sop_instance_uid: None,
            modality: None,
            transfer_syntax: None,
            output_transfer_syntax: None,
            write_method: None,
            write_reason: None,
            frames: FrameCount { examined: 0, total: 0 },
            places: Vec::new(),
            candidates_dropped: 0,
            regions: Vec::new(),
            advice: Vec::new(),
            review: None,
        }
    }
}

/// A file that is not DICOM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IgnoredFile {
    /// Its path below its input folder.
    pub path: String,
    /// Why it was not taken for DICOM.
    pub message: String,
}

impl Header {
    /// Returns in what this header differs from another one, shards aside; `None` where both promise the same results.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let options = || {
            let [mine, others] = [self, other].map(|header| serde_json::to_value(&header.options).unwrap_or_default());
            let differs = |key: &&String| mine.get(key.as_str()) != others.get(key.as_str());
            let both = || [&mine, &others].into_iter().filter_map(|value| value.as_object());
            let names: BTreeSet<&String> = both().flat_map(|object| object.keys()).filter(differs).collect();
            names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        if self.version != other.version {
            Some("the version".into())
        } else if self.command != other.command {
            Some("the command".into())
        } else if self.options != other.options {
            Some(format!("the options ({})", options()))
        } else if self.models != other.models {
            Some("the models".into())
        } else if self.runtime != other.runtime {
            Some("the runtime".into())
        } else {
            None
        }
    }
}
