//! The lines of a decisions file. These types are its JSON Schema.
//!
//! A line is never changed or taken away: a later one overrides it, and an undo names what it takes back.

use crate::error::{Error, Result};
use crate::geometry::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The form of the lines. A file of another form is refused.
pub const FORM: u32 = 1;

/// One line of a decisions file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first line: which report the decisions are about.
    Decisions(Head),
    /// What a reviewer decided.
    Decision(Entry),
}

/// Which report the decisions are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The form of the lines: 1.
    pub form: u32,
    /// Version of deburn that began the file.
    pub version: String,
    /// SHA-256 of the report.
    pub report_sha256: String,
}

/// One decision of one reviewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Names the step it is a part of: what is decided in one go is undone in one go.
    pub step: String,
    /// When, in UTC (RFC 3339).
    pub time: String,
    /// Who.
    pub reviewer: String,
    /// Why, in the reviewer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was decided.
    pub what: What,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// On a region.
    Region(RegionDecision),
    /// On an instance as a whole.
    Instance(InstanceDecision),
    /// Where reviewers differ, the word of one of them stands and that of the others is void.
    Settle(Settlement),
    /// A step of the same reviewer is taken back.
    Undo(Undo),
}

/// What becomes of a region in some frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionDecision {
    /// The instance's path in the report.
    pub instance: String,
    /// `r` and the index of a region of the report, or `n` and letters and digits for one that a person has drawn.
    pub region: String,
    /// What is done.
    pub verdict: Verdict,
    /// Where, in pixels of the picture; the place as it was, if not given. What is masked is this box and nothing else.
    #[serde(default, rename = "box", skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Rect>,
    /// In which frames, first and last, counted from 0; all in which the region stands, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<[u32; 2]>,
    /// Of a drawn region: the place of the record that it stands in; absent for Pixel Data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plane: Option<String>,
}

/// What a person does with a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What the report says is right.
    Accept,
    /// It is masked.
    Mask,
    /// It is text that may stay.
    Keep,
    /// There is nothing: no text, or no region of a person any more.
    Remove,
}

/// What a person does with an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceDecision {
    /// The instance's path in the report.
    pub instance: String,
    /// What is done.
    pub verdict: InstanceVerdict,
}

/// What becomes of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstanceVerdict {
    /// Looked at, every frame; one that was for review goes out with the masks that stand.
    Reviewed,
    /// It does not go out.
    Held,
    /// It goes out although the report holds it, with the masks that stand, if it can be written.
    Released,
    /// Nothing is decided any more.
    Open,
}

/// Whose word stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// The instance's path in the report.
    pub instance: String,
    /// The region; the instance as a whole, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The reviewer whose word stands.
    pub stands: String,
}

/// What is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The step.
    pub step: String,
}

impl What {
    /// Returns the path of the instance it is about; an undo is about a step.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        match self {
            Self::Region(own) => Some(&own.instance),
            Self::Instance(own) => Some(&own.instance),
            Self::Settle(own) => Some(&own.instance),
            Self::Undo(_) => None,
        }
    }
}

/// Which region of an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegionId {
    /// One of the report, by its index.
    Found(usize),
    /// One that a person has drawn, by its name.
    Drawn(String),
}

impl RegionId {
    /// Reads `r7` or `nab12`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(index) = text.strip_prefix('r') {
            let is_plain = !index.starts_with('+') && (index == "0" || !index.starts_with('0'));
            return index.parse().ok().filter(|_| is_plain).map(Self::Found);
        }
        let name = text.strip_prefix('n')?;
        let is_name = (1..=24).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_name.then(|| Self::Drawn(text.to_owned()))
    }
}

impl std::fmt::Display for RegionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Found(index) => write!(f, "r{index}"),
            Self::Drawn(name) => f.write_str(name),
        }
    }
}

/// Checks the name of a reviewer.
///
/// # Errors
///
/// [`Error::Usage`] unless it has 1 to 64 characters and none of them is a control character.
pub fn check_reviewer(name: &str) -> Result<()> {
    let is_fine = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if is_fine { Ok(()) } else { Err(Error::Usage("a reviewer is 1 to 64 characters on one line".into())) }
}

/// Returns the JSON Schema of a [`Line`], as in `src/review/decisions.schema.json`.
///
/// # Errors
///
/// What serde_json reports; the types here give no cause.
pub fn schema() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&schemars::schema_for!(Line)).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_schema_is_that_of_the_types() {
        let hint = "run `deburn schema --of decisions > src/review/decisions.schema.json`";
        assert_eq!(schema().unwrap(), include_str!("decisions.schema.json"), "{hint}");
    }

    #[test]
    fn a_region_has_one_name() {
        assert_eq!(RegionId::parse("r0"), Some(RegionId::Found(0)));
        assert_eq!(RegionId::parse("n1f"), Some(RegionId::Drawn("n1f".into())));
        for wrong in ["", "r", "r-1", "r+1", "r01", "n", "n/..", "n\u{e9}", "x1", "r99999999999999999999999"] {
            assert_eq!(RegionId::parse(wrong), None, "{wrong}");
        }
        assert_eq!(RegionId::parse("r12").unwrap().to_string(), "r12");
    }

    #[test]
    fn a_line_is_plain_json() {
        let what = What::Region(RegionDecision {
            instance: "a/1.dcm".into(),
            region: "r3".into(),
            verdict: Verdict::Mask,
            bounds: Some(Rect::new(1, 2, 3, 4)),
            frames: Some([0, 9]),
            plane: None,
        });
        let (step, time, reviewer) = ("5f".to_owned(), "2026-01-02T03:04:05Z".to_owned(), "ada".to_owned());
        let line = Line::Decision(Entry { step, time, reviewer, reason: None, what });
        let json = r#"{"type":"decision","step":"5f","time":"2026-01-02T03:04:05Z","reviewer":"ada","what":{"region":{"instance":"a/1.dcm","region":"r3","verdict":"mask","box":{"x0":1,"y0":2,"x1":3,"y1":4},"frames":[0,9]}}}"#;
        assert_eq!(serde_json::to_string(&line).unwrap(), json);
        assert_eq!(serde_json::from_str::<Line>(json).unwrap(), line);
    }
}
