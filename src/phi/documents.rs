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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Quad, Rect};
    use crate::phi::Decision;

    #[test]
    fn a_screen_is_mostly_technical() {
        let quad = Quad::from_rect(Rect::new(0, 0, 20, 10));
        let finding = |decision, rule: &'static str, kind, score| Finding {
            quad,
            area: quad,
            score,
            reading: None,
            decision,
            rule: rule.into(),
            attribute: None,
            kind,
        };
        let technical = || finding(Decision::Keep, "technical:numbers", LineKind::Text, Some(0.9));
        let other = || finding(Decision::Mask, "not-technical", LineKind::Text, Some(0.9));
        assert!(is_screen(&[technical(), technical(), other()]));
        assert!(!is_screen(&[technical(), other()]) && !is_screen(&[]));
        // What stays for want of evidence against it says nothing, and codes, strokes and zones are no lines.
        let stays = finding(Decision::Keep, "policy-phi", LineKind::Text, Some(0.9));
        assert!(!is_screen(&[technical(), stays.clone(), stays]));
        let zone = finding(Decision::Mask, "zone", LineKind::Text, None);
        let ink = finding(Decision::Mask, "ink", LineKind::Ink, Some(1.0));
        assert!(is_screen(&[technical(), zone, ink]));
        // Weakly read technical lines may be for review and are technical all the same.
        assert!(is_screen(&[Finding { decision: Decision::Review, ..technical() }, technical(), other()]));
    }
}
