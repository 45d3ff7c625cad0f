//! What a report tells of the text that was read: the text itself, or a hash that only shows equal texts to be equal.

use crate::phi::{Decision, Finding};
use crate::text::{Orientation, Reading};
use hmac::{Hmac, KeyInit, Mac};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Which text goes into the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ReportText {
    /// None
    None,
    /// Only that of lines kept as technical
    #[default]
    Kept,
    /// All of it: the report holds PHI then
    Full,
}

/// The secret of the hashes. Reports made with the same key can be compared.
#[derive(Clone)]
pub struct TextKey([u8; 32]);

impl std::fmt::Debug for TextKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextKey({})", self.id())
    }
}

impl TextKey {
    /// Wraps a key. Names and dates can be guessed one by one, so the key must be random and stay secret.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Returns the key itself in hexadecimal digits, for a process that works for this one and for nobody else.
    #[must_use]
    pub fn digits(&self) -> String {
        hex(&self.0)
    }

    /// Returns a short name of the key that tells nothing of it.
    #[must_use]
    pub fn id(&self) -> String {
        hex(&Sha256::new().chain_update(b"deburn text key").chain_update(self.0).finalize()[..4])
    }

    /// Returns 128 bits of HMAC-SHA256 (RFC 2104) of a text without its spaces and in lower case, in hexadecimal
    /// digits: recognizers lose spaces.
    #[must_use]
    pub fn hash(&self, text: &str) -> String {
        let normal: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of HMAC may have any length");
        mac.update(normal.as_bytes());
        hex(&mac.finalize().into_bytes()[..16])
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was read in a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingRecord {
    /// The mean of the recognizer's character scores, 0..=1.
    pub score: f32,
    /// The least of them.
    pub least_character_score: f32,
    /// How the text is turned on the frame.
    pub orientation: Orientation,
    /// The text, where `--report-text` lets it appear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A keyed hash of the text where the text does not appear. Equal texts of one key have equal hashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_hash: Option<String>,
}

/// Decides what a report tells of text.
#[derive(Clone, Debug)]
pub struct TextPrivacy {
    /// Which text appears.
    pub text: ReportText,
    /// The key of the hashes.
    pub key: TextKey,
}

impl TextPrivacy {
    /// Returns what may be told of a finding's reading.
    #[must_use]
    pub fn reading(&self, finding: &Finding) -> Option<ReadingRecord> {
        let reading: &Reading = finding.reading.as_ref()?;
        let technical = ["technical:", "allow:"].iter().any(|kind| finding.rule.starts_with(kind));
        let shown = match self.text {
            ReportText::None => false,
            ReportText::Kept => finding.decision == Decision::Keep && technical,
            ReportText::Full => true,
        };
        let text = reading.text.expose();
        Some(ReadingRecord {
            score: reading.score,
            least_character_score: reading.least_character_score(),
            orientation: reading.orientation,
            text: shown.then(|| text.clone()),
            text_hash: (!shown).then(|| self.key.hash(text)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Quad, Rect};
    use crate::sensitive::Sensitive;

    fn finding(decision: Decision, rule: &'static str) -> Finding {
        let quad = Quad::from_rect(Rect::new(0, 0, 9, 9));
        let reading = Reading {
            at_first: None,
            text: Sensitive::new("MI 1.2".into()),
            score: 0.9,
            character_scores: vec![0.8, 1.0],
            orientation: Orientation::Upright,
        };
        let kind = crate::text::LineKind::Text;
        let (rule, reading) = (rule.into(), Some(reading));
        Finding { quad, area: quad, score: None, reading, decision, rule, attribute: None, kind }
    }

    fn texts(text: ReportText) -> Vec<bool> {
        let privacy = TextPrivacy { text, key: TextKey::new([7; 32]) };
        let findings = [
            finding(Decision::Keep, "technical:setting"),
            finding(Decision::Keep, "policy-phi"),
            finding(Decision::Review, "technical:setting"),
            finding(Decision::Mask, "identity"),
        ];
        let shown = |finding| {
            let record = privacy.reading(finding).expect("it was read");
            assert_ne!(record.text.is_some(), record.text_hash.is_some());
            record.text.is_some()
        };
        findings.iter().map(shown).collect()
    }

    #[test]
    fn text_appears_only_where_it_may() {
        assert_eq!(texts(ReportText::None), [false; 4]);
        assert_eq!(texts(ReportText::Kept), [true, false, false, false]);
        assert_eq!(texts(ReportText::Full), [true; 4]);
    }

    #[test]
    fn equal_texts_have_equal_hashes_under_one_key_only() {
        let key = TextKey::new([7; 32]);
        assert_eq!(key.hash("DOE, Jane"), key.hash("doe,JANE"));
        assert_ne!(key.hash("DOE, Jane"), key.hash("DOE, Jan"));
        assert_ne!(key.hash("DOE"), TextKey::new([8; 32]).hash("DOE"));
        assert_eq!(key.hash("").len(), 32);
        assert!(!format!("{key:?}").contains("7, 7"));
    }

    /// The value is that of Python's `hmac` module.
    #[test]
    fn the_hash_is_hmac_sha256() {
        let key: Vec<u8> = (1..=32).collect();
        let key = TextKey::new(key.try_into().expect("32 bytes"));
        assert_eq!(key.hash("abc"), "a21b1f5d4cf4f73a4dd939750f7a066a");
    }
}
