//! Letters one above the other, or one beside the other, that were found one by one: parts of a text that runs down, or
//! of a name with wide spaces. Each of them alone would be a number or a marker of a side.

use super::policy::{Decision, Finding};
use crate::geometry::Quad;
use crate::text::{self, TextLine};

/// The most that the longer side of a part is of the shorter one: two digits on their side, with their box.
const LONGEST: f32 = 2.5;

/// From which share of its width on a part is higher than wide, and may be two letters on their side. Two that stand
/// upright are a word or a number of a list.
const HIGH: f32 = 1.3;

/// The least ratio of the sizes of two neighbors: capitals and small letters, not a letter and a speck of one.
const SIZES: f32 = 0.5;

/// The largest gap between a part and one that is masked, in sizes of the smaller one.
const NEAR: f32 = 1.0;

/// The largest gap between parts that are all kept: letters of one text stand nearer, the numbers of a scale and the lines
/// of a list further apart.
const TOUCHING: f32 = 0.5;

/// The least number of parts that make a text of their own. Two letters at an edge tell a direction (`R`, `I`).
const TEXT: usize = 3;

/// A letter or two, and where they stand.
#[derive(Clone, Copy, Debug)]
struct Part {
    index: usize,
    x0: f32,
    y0: f32,
    x1: f32,
    y1: f32,
}

impl Part {
    fn new(index: usize, quad: &Quad) -> Option<Self> {
        let (x0, y0, x1, y1) = text::extent(quad);
        let (width, height) = (x1 - x0, y1 - y0);
        (width.min(height) > 0.0 && width.max(height) <= LONGEST * width.min(height)).then_some(Self {
            index,
            x0,
            y0,
            x1,
            y1,
        })
    }

    fn turned(self) -> Self {
        Self { x0: self.y0, y0: self.x0, x1: self.y1, y1: self.x1, ..self }
    }

    fn size(&self) -> f32 {
        (self.x1 - self.x0).min(self.y1 - self.y0)
    }

    /// Returns whether another part stands above or below, no more than `gap` sizes away.
    fn is_stacked(&self, other: &Self, gap: f32) -> bool {
        let (low, high) = (self.size().min(other.size()), self.size().max(other.size()));
        let shared = self.x1.min(other.x1) - self.x0.max(other.x0);
        let apart = (other.y0 - self.y1).max(self.y0 - other.y1);
        self.index != other.index && low >= SIZES * high && shared >= low / 2.0 && apart <= gap * low
    }
}

/// Masks kept letters and digits of a stack of which one is masked, and those of stacks and rows of three or more.
pub(super) fn mask_stacks(findings: &mut [Finding], lines: &[TextLine]) {
    let letters = |finding: &Finding| {
        let reading = finding.reading.as_ref();
        reading.map(|reading| reading.text.expose().chars().filter(|c| c.is_alphanumeric()).count())
    };
    let is_part = |part: &Part| match letters(&findings[part.index]) {
        None | Some(0 | 1) => true,
        Some(2) => part.y1 - part.y0 >= HIGH * (part.x1 - part.x0),
        Some(_) => false,
    };
    let parts: Vec<Part> =
        (lines.iter().enumerate()).filter_map(|(index, line)| Part::new(index, &line.inked)).filter(is_part).collect();
    let is_kept = |findings: &[Finding], part: &Part| findings[part.index].decision != Decision::Mask;
    let (mut kept, mut masked): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| is_kept(findings, part));
    while let Some(own) = masked.pop() {
        for part in kept.extract_if(.., |part| part.is_stacked(&own, NEAR)) {
            mask(&mut findings[part.index], "beside-masked");
            masked.push(part);
        }
    }
    for turned in [false, true] {
        let kept = kept.iter().filter(|part| is_kept(findings, part));
        let kept = kept.map(|part| if turned { part.turned() } else { *part }).collect();
        for stack in stacks(kept).into_iter().filter(|stack| stack.len() >= TEXT) {
            stack.into_iter().for_each(|index| mask(&mut findings[index], "stacked"));
        }
    }
}

fn mask(finding: &mut Finding, rule: &'static str) {
    finding.decision = Decision::Mask;
    finding.rule = rule.into();
}

/// Returns the indices of parts that hang together.
fn stacks(mut parts: Vec<Part>) -> Vec<Vec<usize>> {
    let mut stacks = Vec::new();
    while let Some(first) = parts.pop() {
        let mut stack = vec![first];
        let mut at = 0;
        while at < stack.len() {
            let own = stack[at];
            stack.extend(parts.extract_if(.., |other| own.is_stacked(other, TOUCHING)));
            at += 1;
        }
        stacks.push(stack.into_iter().map(|part| part.index).collect());
    }
    stacks
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::line;
    use super::*;

    /// Masks the stacks of lines of which those with an exclamation mark are masked already.
    fn kept(lines: &[(&str, [u32; 4])]) -> Vec<bool> {
        let texts: Vec<TextLine> =
            lines.iter().map(|(text, rect)| line(text.trim_end_matches('!'), *rect, 0.99)).collect();
        let finding = |(line, (text, _)): (&TextLine, &(&str, [u32; 4]))| Finding {
            quad: line.quad,
            area: line.area,
            score: Some(0.9),
            reading: line.readings.first().cloned(),
            decision: if text.ends_with('!') { Decision::Mask } else { Decision::Keep },
            rule: "technical:numbers".into(),
            attribute: None,
            kind: line.kind,
        };
        let mut findings: Vec<Finding> = texts.iter().zip(lines).map(finding).collect();
        mask_stacks(&mut findings, &texts);
        findings.iter().map(|finding| finding.decision == Decision::Keep).collect()
    }

    #[test]
    fn digits_of_a_date_that_runs_down_go_with_its_letters() {
        let lines = [
            ("50", [60, 10, 76, 40]),
            ("60", [60, 82, 76, 92]),
            ("9", [60, 42, 76, 52]),
            ("V!", [60, 56, 74, 66]),
            ("2", [60, 70, 76, 80]),
            // Of another column, too far, too large, a line.
            ("8", [90, 42, 106, 52]),
            ("7", [60, 100, 76, 110]),
            ("4", [30, 82, 90, 130]),
            ("66.67", [50, 84, 100, 94]),
        ];
        assert_eq!(kept(&lines), [false, true, false, false, false, true, true, true, true]);
    }

    #[test]
    fn three_letters_that_touch_are_a_text_and_two_are_none() {
        let column = |gap: u32| {
            let at = |index: u32| [10, 10 + index * (12 + gap), 20, 22 + index * (12 + gap)];
            kept(&[("L", at(0)), ("I", at(1)), ("S", at(2))])
        };
        assert_eq!(column(3), [false; 3]);
        assert_eq!(column(8), [true; 3], "the numbers of a scale stand further apart");
        assert_eq!(kept(&[("R", [10, 10, 20, 22]), ("I", [10, 25, 20, 37])]), [true; 2]);
        let row = [("L", [10, 10, 20, 22]), ("I", [23, 10, 33, 22]), ("S", [36, 10, 46, 22])];
        assert_eq!(kept(&row), [false; 3]);
        assert_eq!(kept(&[row[0], ("!", [23, 10, 33, 22])]), [true, false], "beside each other, rows decide");
    }
}
