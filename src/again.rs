//! A second look at what is to be written: text that would be masked and still stands.
//!
//! The first look decided what is masked. This one sees the masked frames at another size and offset, so that what the
//! first one missed has another chance to be found before it gets out. Masks are painted over with what is around them.

use crate::dicom::places::Pictures;
use crate::error::Result;
use crate::geometry::Quad;
use crate::phi::{Decision, Finding, Judge};
use crate::reader::{Looked, Reader, Readings};
use crate::{ground, mask, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of text that a second look finds in what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// It is masked too, and the instance looked at once more; if text still stands then, it is for review
    #[default]
    Mask,
    /// The instance is for review
    Review,
    /// There is no second look, and no instance is marked as cleaned
    Off,
}

/// How often an instance is written and looked at: once, and once more to see that nothing else stands.
pub(crate) const MOST_ROUNDS: usize = 2;

/// The rule id of what was found by the second look only.
const RULE: &str = "second-look";

/// A line of the second look is a part of one of the first if this share of it lies in what that one decided on. Masks
/// leave edges and kept lines are found again, both a pixel or two off.
const SETTLED: f32 = 0.5;

/// Returns the lines of a masked frame that would be masked and stand beside what was decided on.
///
/// `before` is a frame that was looked at already; what did not change since is not looked at again. `settled` are the
/// findings of the first look in this frame, masked and kept. Also returns what the next frame inherits.
///
/// # Errors
///
/// What decoding, the detector and the recognizer report.
pub(crate) fn standing(
    reader: &Reader,
    judge: &Judge<'_>,
    known: &Readings,
    (pictures, frame): (&dyn Pictures, u32),
    before: Option<&Looked>,
    settled: &[Finding],
) -> Result<(Vec<Finding>, Looked)> {
    let (columns, rows) = pictures.size();
    let mut views = pictures.views(frame)?;
    if let Some(masked) = mask::region(settled, columns, rows) {
        views.iter_mut().for_each(|view| ground::paint(&mut view.image, &masked));
    }
    let (lines, seen) = reader.lines_again(views, before, known)?;
    // The findings of the lines come first, in their order; zones follow, which are masked already.
    let findings = judge.decide(&lines, frame, pictures.size()).into_iter().take(lines.len());
    let stands = |finding: &Finding| finding.decision == Decision::Mask && !is_settled(&finding.quad, settled);
    Ok((findings.filter(stands).map(|finding| Finding { rule: RULE.into(), ..finding }).collect(), seen))
}

/// Returns whether a line lies for the most part in what was decided on.
fn is_settled(line: &Quad, settled: &[Finding]) -> bool {
    // Masks are tighter than the boxes of either look, where nothing but ground is left out.
    let share = |finding: &Finding| text::shared_area(&finding.area, line).max(text::shared_area(&finding.quad, line));
    let shared: f32 = settled.iter().map(share).sum();
    shared >= SETTLED * text::area(&line.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    #[test]
    fn what_was_decided_on_is_settled_and_what_stands_beside_it_is_not() {
        let quad = |x0, x1| Quad::from_rect(Rect::new(x0, 10, x1, 20));
        let settled = |x0, x1, decision| Finding {
            quad: quad(x0, x1),
            area: quad(x0, x1),
            score: Some(0.9),
            reading: None,
            decision,
            rule: "not-technical".into(),
            attribute: None,
            kind: text::LineKind::Text,
        };
        let findings = [settled(0, 50, Decision::Mask), settled(60, 100, Decision::Keep)];
        assert!(is_settled(&quad(0, 50), &findings) && is_settled(&quad(30, 90), &findings));
        assert!(!is_settled(&quad(44, 62), &findings) && !is_settled(&quad(100, 120), &findings));
    }
}
