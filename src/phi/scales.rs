//! Numbers along a scale: one that was read badly is known by its neighbors.

use super::policy::{Decision, Finding};
use crate::text::{self, Reading};

/// The least number of other numbers that a scale has, all kept for themselves. Three points lie on a line to a quarter
/// of a letter by chance in one of hundreds of columns, and then the fourth has to lie on it as well.
const LEAST: usize = 3;

/// How far a number may stand from where the scale has it, in heights of the lower one: boxes of single digits sit
/// unevenly on them.
const OFF: f32 = 0.25;

/// How far apart the numbers of a scale are at least, in heights.
const APART: f32 = 1.2;

/// A number and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mark {
    index: usize,
    value: f32,
    x: f32,
    y: f32,
    height: f32,
}

impl Mark {
    /// Reads a line that shows a number and at most the tick beside it.
    fn new(index: usize, finding: &Finding) -> Option<Self> {
        let text = finding.reading.as_ref()?.text.expose().trim();
        let is_tick = |c: char| c.is_whitespace() || matches!(c, '-' | '_' | '−' | '–' | '—' | '|' | '\'' | '’');
        // A minus may be a tick: the other numbers tell.
        let digits = text.trim_matches(is_tick);
        let is_number =
            !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let value = digits.parse().ok().filter(|_| is_number)?;
        let points = finding.quad.0;
        let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.x / 4.0, sum.1 + point.y / 4.0));
        let (along, down) = text::sides(&finding.quad);
        Some(Self { index, value, x, y, height: along.min(down) })
    }
}

/// Keeps numbers that were masked for their readings alone, but stand where a scale has them: its other numbers are kept,
/// in a column or a row, and all of them are the further on the scale the further they are along it.
pub(super) fn keep_on_scales(findings: &mut [Finding], staying: impl Fn(&Reading) -> Decision) {
    let marks = |findings: &[Finding], is_meant: fn(&Finding) -> bool| -> Vec<Mark> {
        let meant = findings.iter().enumerate().filter(|(_, finding)| is_meant(finding));
        meant.filter_map(|(index, finding)| Mark::new(index, finding)).collect()
    };
    let known = marks(findings, |finding| finding.decision == Decision::Keep && finding.rule == "technical:numbers");
    let unsure = marks(findings, |finding| {
        let is_for_reading = ["low-confidence", "not-technical", "beside-masked"].contains(&&*finding.rule);
        finding.decision == Decision::Mask && is_for_reading
    });
    for own in unsure {
        let turned = |mark: &Mark| Mark { x: mark.y, y: mark.x, ..*mark };
        let column = || known.iter().copied();
        if is_on_scale(own, column()) || is_on_scale(turned(&own), column().map(|mark| turned(&mark))) {
            let finding = &mut findings[own.index];
            finding.decision = finding.reading.as_ref().map_or(Decision::Mask, &staying);
            finding.rule = "technical:scale".into();
        }
    }
}

/// Returns whether a number continues those of its column.
fn is_on_scale(own: Mark, known: impl Iterator<Item = Mark>) -> bool {
    let beside = |other: &Mark| (own.x - other.x).abs() <= own.height && apart(&own, other);
    let column: Vec<Mark> = known.filter(beside).collect();
    column.iter().enumerate().any(|(at, first)| {
        column[at + 1..].iter().filter(|second| apart(first, second) && second.value != first.value).any(|second| {
            let step = (second.y - first.y) / (second.value - first.value);
            let fits = |mark: &Mark| {
                (first.y + (mark.value - first.value) * step - mark.y).abs() <= OFF * mark.height.min(own.height)
            };
            fits(&own) && column.iter().filter(|mark| fits(mark)).count() >= LEAST
        })
    })
}

fn apart(a: &Mark, b: &Mark) -> bool {
    (a.y - b.y).abs() >= APART * a.height.min(b.height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phi::rows::tests::line;

    /// Numbers at heights of one column, of which the last was read badly.
    fn column(numbers: &[(&str, u32)], rule: &'static str) -> Finding {
        let mut findings: Vec<Finding> = numbers
            .iter()
            .map(|(text, y)| {
                // One that is far from its column.
                let x = if *text == "8" && *y == 160 { 150 } else { 100 };
                let line = line(text, [x, *y, x + 8, y + 12], 0.99);
                Finding {
                    quad: line.quad,
                    area: line.area,
                    score: Some(0.9),
                    reading: line.readings.into_iter().next(),
                    decision: Decision::Keep,
                    rule: "technical:numbers".into(),
                    attribute: None,
                    kind: line.kind,
                }
            })
            .collect();
        let last = findings.last_mut().expect("a number");
        (last.decision, last.rule) = (Decision::Mask, rule.into());
        keep_on_scales(&mut findings, |_| Decision::Keep);
        findings.pop().expect("a number")
    }

    #[test]
    fn a_number_in_its_place_is_kept() {
        let scale = [("2", 40), ("4", 80), ("10", 202)];
        let with = |own: (&'static str, u32)| [&scale[..], &[own]].concat();
        for own in [("6", 120), ("6 -", 121), ("−8", 161), ("12", 240)] {
            let found = column(&with(own), "low-confidence");
            assert_eq!((found.decision, &*found.rule), (Decision::Keep, "technical:scale"), "{own:?}");
        }
        for own in [("6", 130), ("8", 120), ("8", 160), ("6a", 120), ("1962", 120), ("", 120)] {
            assert_eq!(column(&with(own), "low-confidence").decision, Decision::Mask, "{own:?}");
        }
        assert_eq!(column(&with(("6", 120)), "beside-masked").decision, Decision::Keep);
        for rule in ["identity", "pattern:date", "unreadable", "zone:a", "deny:a"] {
            assert_eq!(column(&with(("6", 120)), rule).decision, Decision::Mask, "{rule}");
        }
    }

    #[test]
    fn two_numbers_or_uneven_ones_are_no_scale() {
        assert_eq!(column(&[("2", 40), ("4", 80), ("6", 120)], "low-confidence").decision, Decision::Mask);
        let uneven = [("2", 40), ("4", 80), ("60", 100), ("6", 120)];
        assert_eq!(column(&uneven, "low-confidence").decision, Decision::Mask);
    }
}
