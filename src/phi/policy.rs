//! From text lines to findings: the evidence in its order, and what a policy does where there is none.

use super::agreement::says_the_same;
pub use super::finding::{Decision, Finding};
use super::identity::Identity;
use super::limits::ReadingLimits;
use super::rows::Rows;
use super::rules::Rules;
use super::scales::keep_on_scales;
use super::stacks::mask_stacks;
use super::tables;
use super::zones::{ZoneAction, ZoneHit};
use crate::geometry::{Quad, Rect};
use crate::text::{self, LineKind, Reading, TextLine};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::iter;
use std::ops::Range;

/// The rule of rows of tables.
const TABLE: &str = "technical:table";

/// Which text stays.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// All but text that matches the header's identity, a pattern or a deny term, and unreadable text
    Phi,
    /// Only text that was read well and is technical, every word of it
    #[default]
    Strict,
    /// No text at all; nothing is read
    All,
}

/// Decides on the lines of one instance.
#[derive(Debug)]
pub struct Judge<'a> {
    /// Which text stays.
    pub policy: Policy,
    /// Patterns, technical grammar, deny and allow terms.
    pub rules: &'a Rules,
    /// What the header tells of the patient, the study and the site.
    pub identity: Identity,
    /// Zones of the device that made the instance.
    pub zones: Vec<ZoneHit>,
    /// Ultrasound regions (0018,6011) in frame pixels. Text outside of them must be read better to stay.
    pub ultrasound_regions: Vec<Rect>,
    /// Reading scores that count.
    pub limits: ReadingLimits,
    /// Kept lines with a lower reading score are for review.
    pub review_below: Option<f32>,
}

/// What speaks against keeping a line, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    Zone(String),
    Deny(String),
    Identity(usize),
    Pattern(String),
}

impl Judge<'_> {
    /// Decides on each line of a frame, and adds the zones that are always masked.
    ///
    /// The first findings are those of `lines`, in their order. Lines of text come before what else there is, which is
    /// masked under every policy.
    #[must_use]
    pub fn decide(&self, lines: &[TextLine], frame: u32, size: (u32, u32)) -> Vec<Finding> {
        let (lines, others) = lines.split_at(lines.partition_point(|line| line.kind == LineKind::Text));
        let zones: Vec<&ZoneHit> = self.zones.iter().filter(|zone| zone.stands_in(frame)).collect();
        let rows = Rows::new(lines);
        let in_table = if self.policy == Policy::All {
            vec![false; lines.len()]
        } else {
            tables::rows(lines, self.rules.technical())
        };
        let evidence = self.evidence(lines, &rows, &in_table, &zones, size);
        let mut findings: Vec<Finding> = (lines.iter().zip(&in_table).zip(evidence))
            .map(|((line, in_table), evidence)| self.find(line, evidence, *in_table))
            .collect();
        self.keep_technical_rows(&mut findings, lines, &rows);
        mask_numbers_beside_masks(&mut findings, &rows);
        mask_stacks(&mut findings, lines);
        if self.policy != Policy::All {
            keep_on_scales(&mut findings, |reading| self.staying(reading));
        }
        findings.extend(others.iter().map(|other| self.find_other(other)));
        findings.extend(zones.iter().filter(|zone| zone.action == ZoneAction::Mask).map(|zone| {
            let quad = Quad::from_rect(zone.rect);
            let rule = Cow::Owned(format!("zone:{}", zone.id));
            let kind = LineKind::Text;
            Finding {
                quad,
                area: quad,
                score: None,
                reading: None,
                decision: Decision::Mask,
                rule,
                attribute: None,
                kind,
            }
        }));
        cover(&mut findings);
        findings
    }

    fn find(&self, line: &TextLine, evidence: Option<Evidence>, in_table: bool) -> Finding {
        let (decision, rule, attribute) = match evidence {
            Some(Evidence::Zone(id)) => (Decision::Mask, format!("zone:{id}").into(), None),
            Some(Evidence::Deny(id)) => (Decision::Mask, format!("deny:{id}").into(), None),
            Some(Evidence::Identity(term)) => {
                (Decision::Mask, "identity".into(), Some(self.identity.terms()[term].keyword.clone()))
            }
            Some(Evidence::Pattern(id)) => (Decision::Mask, format!("pattern:{id}").into(), None),
            None => {
                let (decision, rule) = self.without_evidence(line, in_table);
                (decision, rule, None)
            }
        };
        Finding {
            quad: line.quad,
            area: line.area,
            score: Some(line.score),
            reading: line.readings.first().cloned(),
            decision,
            rule,
            attribute,
            kind: line.kind,
        }
    }

    /// Masks what is no line of text. What a code says never leaves this function: at most which attribute it is.
    fn find_other(&self, line: &TextLine) -> Finding {
        let rule = match line.kind {
            LineKind::Code(_) => "machine-readable-code",
            LineKind::Ink | LineKind::Text => "handwriting",
        };
        let said =
            line.readings.first().and_then(|reading| self.identity.find(reading.text.expose()).into_iter().next());
        Finding {
            quad: line.quad,
            area: line.quad,
            score: Some(line.score),
            reading: None,
            decision: Decision::Mask,
            rule: rule.into(),
            attribute: said.map(|hit| self.identity.terms()[hit.term].keyword.clone()),
            kind: line.kind,
        }
    }

    /// What the policy does with a line that nothing speaks against.
    fn without_evidence(&self, line: &TextLine, in_table: bool) -> (Decision, Cow<'static, str>) {
        if self.policy == Policy::All {
            return (Decision::Mask, "policy-all".into());
        }
        let Some(best) = line.readings.first() else { return (Decision::Mask, "unreadable".into()) };
        if line.readings.iter().any(|reading| !self.limits.is_read(reading, line)) {
            return (Decision::Mask, "unreadable".into());
        }
        // Every view must show something technical: what one view shows, another may hide.
        let technical: Option<Vec<Cow<'static, str>>> = (line.readings.iter())
            .map(|reading| self.technical_in_a_view(reading, &line.readings).or(in_table.then_some(TABLE.into())))
            .collect();
        let kept = match (technical, self.policy) {
            (Some(mut rules), _) if line.readings.iter().all(|reading| self.is_confident(reading, line)) => {
                Some(rules.swap_remove(0))
            }
            (_, Policy::Phi) => Some("policy-phi".into()),
            (Some(_), _) => return (Decision::Mask, "low-confidence".into()),
            (None, _) => None,
        };
        match kept {
            Some(rule) => (self.staying(best), rule),
            None => (Decision::Mask, "not-technical".into()),
        }
    }

    /// What becomes of a line that may stay.
    fn staying(&self, best: &Reading) -> Decision {
        if self.review_below.is_some_and(|limit| best.score < limit) { Decision::Review } else { Decision::Keep }
    }

    /// Keeps rows that are technical as a whole, although a word of them is not so alone: `Se:` before `3`.
    fn keep_technical_rows(&self, findings: &mut [Finding], lines: &[TextLine], rows: &Rows) {
        if self.policy == Policy::All {
            return;
        }
        for row in rows.joined(lines) {
            let may_stay = row.members.iter().all(|&(index, _)| {
                let [best, others @ ..] = lines[index].readings.as_slice() else { return false };
                let is_free = findings[index].decision != Decision::Mask || findings[index].rule == "not-technical";
                let is_same = |other: &Reading| says_the_same(best.text.expose(), other.text.expose());
                let is_confident = |reading| self.is_confident(reading, &lines[index]);
                is_free && others.iter().all(is_same) && lines[index].readings.iter().all(is_confident)
            });
            let Some(accepted) = may_stay.then(|| self.rules.technical().accepts(&row.text)).flatten() else {
                continue;
            };
            for (index, _) in &row.members {
                let finding = &mut findings[*index];
                if let (Decision::Mask, Some(reading)) = (finding.decision, lines[*index].readings.first()) {
                    finding.decision = self.staying(reading);
                    finding.rule = format!("technical:{}", accepted.id).into();
                }
            }
        }
    }

    fn technical(&self, reading: &Reading) -> Option<Cow<'static, str>> {
        let text = reading.text.expose();
        let allowed = || self.rules.allowed(text).map(|id| format!("allow:{id}").into());
        self.rules.technical().accepts(text).map(|found| format!("technical:{}", found.id).into()).or_else(allowed)
    }

    /// Returns why a reading is technical, by itself or as another view shows the same text.
    fn technical_in_a_view(&self, reading: &Reading, all: &[Reading]) -> Option<Cow<'static, str>> {
        let is_same = |other: &&Reading| says_the_same(other.text.expose(), reading.text.expose());
        self.technical(reading).or_else(|| all.iter().filter(is_same).find_map(|other| self.technical(other)))
    }

    fn is_confident(&self, reading: &Reading, line: &TextLine) -> bool {
        self.limits.admit(reading, self.is_outside(line))
    }

    /// Returns whether the line touches no ultrasound region, where there are any.
    fn is_outside(&self, line: &TextLine) -> bool {
        let own = line.quad.bounding_box(1 << 16, 1 << 16);
        !self.ultrasound_regions.is_empty() && !self.ultrasound_regions.iter().any(|region| meet(region, &own))
    }

    /// Returns the strongest evidence against each line.
    ///
    /// Patterns say nothing of rows of tables: numbers of several columns look like identifiers in groups, and `ref.` like a
    /// label.
    fn evidence(
        &self,
        lines: &[TextLine],
        rows: &Rows,
        in_table: &[bool],
        zones: &[&ZoneHit],
        size: (u32, u32),
    ) -> Vec<Option<Evidence>> {
        let mut found: Vec<Option<Evidence>> = vec![None; lines.len()];
        let mut add = |index: usize, evidence: Evidence| {
            if found[index].as_ref().is_none_or(|own| evidence < *own) {
                found[index] = Some(evidence);
            }
        };
        for (index, line) in lines.iter().enumerate() {
            let own = line.area.bounding_box(size.0, size.1);
            if let Some(zone) = zones.iter().find(|zone| meet(&zone.rect, &own)) {
                add(index, Evidence::Zone(zone.id.clone()));
            }
        }
        if self.policy == Policy::All {
            return found;
        }
        let mut labels = Vec::new();
        let mut alone: Vec<Vec<Evidence>> = vec![Vec::new(); lines.len()];
        for (index, line) in lines.iter().enumerate() {
            for text in line.readings.iter().flat_map(|reading| iter::once(&reading.text).chain(&reading.at_first)) {
                self.look(
                    text.expose(),
                    |_| true,
                    |_, evidence, open| {
                        if in_table[index] && matches!(evidence, Evidence::Pattern(_)) {
                            return;
                        }
                        labels.extend(open.then(|| (index, evidence.clone())));
                        alone[index].push(evidence.clone());
                        add(index, evidence);
                    },
                );
            }
        }
        for row in rows.joined(lines) {
            self.look(
                &row.text,
                |range| row.is_phrase(range),
                |range, evidence, open| {
                    let is_pattern = matches!(evidence, Evidence::Pattern(_));
                    if is_pattern && row.touched(&range).all(|index| in_table[index]) {
                        return;
                    }
                    // What a line says alone says nothing of a technical one beside it.
                    let is_said = row.touched(&range).any(|index| alone[index].contains(&evidence));
                    let is_spared = |index: usize| {
                        is_pattern && is_said && lines[index].readings.iter().all(|own| self.technical(own).is_some())
                    };
                    for index in row.touched(&range).filter(|index| !is_spared(*index)) {
                        add(index, evidence.clone());
                    }
                    let last = row.members.last().map(|member| member.0);
                    labels.extend(last.filter(|_| open).map(|index| (index, evidence)));
                },
            );
        }
        for (label, evidence) in labels {
            for value in rows.values_of(label) {
                add(value, evidence.clone());
            }
        }
        found
    }

    /// Calls `found` with all evidence in a text, where it lies, and whether it is a label whose value follows the text.
    ///
    /// Numbers that go by nothing but their check digits must be a phrase: in a table, one in eleven would be found.
    fn look(
        &self,
        text: &str,
        is_phrase: impl Fn(&Range<usize>) -> bool,
        mut found: impl FnMut(Range<usize>, Evidence, bool),
    ) {
        for hit in self.rules.deny(text) {
            found(hit.range, Evidence::Deny(hit.id.to_owned()), false);
        }
        for hit in self.identity.find(text) {
            found(hit.range, Evidence::Identity(hit.term), false);
        }
        for hit in self.rules.patterns(text) {
            if !hit.is_checked || is_phrase(&hit.range) {
                found(hit.range, Evidence::Pattern(hit.id.to_owned()), hit.open_label);
            }
        }
    }
}

/// Masks numbers next to masked words: a detector cuts "DOE 4711 081" where it likes, and a number without its words says
/// nothing for itself.
fn mask_numbers_beside_masks(findings: &mut [Finding], rows: &Rows) {
    let masked: Vec<bool> = findings.iter().map(|finding| finding.decision == Decision::Mask).collect();
    for (index, finding) in findings.iter_mut().enumerate().filter(|(index, _)| !masked[*index]) {
        let text = finding.reading.as_ref().map(|reading| reading.text.expose().as_str());
        let is_number = text.is_some_and(|text| !text.chars().any(char::is_alphabetic));
        let is_beside = || rows.next_to(index).into_iter().any(|other| masked[other]) || rows.is_next_to_unread(index);
        // In a table a number is told by the head above it.
        if is_number && finding.rule != TABLE && is_beside() {
            finding.decision = Decision::Mask;
            finding.rule = "beside-masked".into();
        }
    }
}

/// Masks, or gives to review, all that is to be kept in a scanned document, for whatever stands there may be said of the
/// patient.
pub(crate) fn hide_document(findings: &mut [Finding], decision: Decision) {
    for finding in findings.iter_mut() {
        if finding.decision == Decision::Keep {
            finding.decision = decision;
            finding.rule = "document".into();
        }
    }
}

/// Masks what is to be kept but lies, by half or more, in what is masked: its pixels are gone, and what was read there
/// may be a part of what is masked.
pub(crate) fn cover(findings: &mut [Finding]) {
    const HALF: f32 = 0.5;
    let masked: Vec<Quad> =
        (findings.iter().filter(|finding| finding.decision == Decision::Mask)).map(|finding| finding.area).collect();
    for finding in findings.iter_mut().filter(|finding| finding.decision != Decision::Mask) {
        let own = text::area(&finding.quad.0);
        if masked.iter().any(|area| text::shared_area(area, &finding.quad) >= HALF * own) {
            finding.decision = Decision::Mask;
            finding.rule = "covered".into();
        }
    }
}

fn meet(a: &Rect, b: &Rect) -> bool {
    a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::line;
    use super::*;
    use crate::attribute::Attribute;
    use crate::sensitive::Sensitive;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::embedded().unwrap());

    fn attribute(keyword: &str, tag: (u16, u16), vr: &str, value: &str) -> Attribute {
        Attribute { tag, keyword: keyword.to_owned(), vr: vr.to_owned(), value: Sensitive::new(value.to_owned()) }
    }

    fn name(value: &str) -> Attribute {
        attribute("PatientName", (0x0010, 0x0010), "PN", value)
    }

    fn judge<'a>(policy: Policy, rules: &'a Rules, attributes: &[Attribute]) -> Judge<'a> {
        Judge {
            policy,
            rules,
            identity: Identity::new(attributes.to_vec()),
            zones: Vec::new(),
            ultrasound_regions: Vec::new(),
            limits: ReadingLimits::default(),
            review_below: None,
        }
    }

    fn decide(judge: &Judge<'_>, lines: &[TextLine]) -> Vec<(Decision, String)> {
        let findings = judge.decide(lines, 0, (1000, 1000));
        findings.into_iter().map(|finding| (finding.decision, finding.rule.into_owned())).collect()
    }

    fn decide_one(judge: &Judge<'_>, text: &str, score: f32) -> (Decision, String) {
        let right = 20 + 12 * u32::try_from(text.chars().count()).unwrap();
        decide(judge, &[line(text, [10, 10, right, 30], score)]).remove(0)
    }

    #[test]
    fn a_row_that_is_technical_as_a_whole_stays() {
        let judge = judge(Policy::Strict, &RULES, &[name("DOE^JANE")]);
        let kept = |texts: [&str; 2], score| {
            let lines = [line(texts[0], [0, 0, 40, 20], 0.99), line(texts[1], [50, 0, 90, 20], score)];
            judge.decide(&lines, 0, (200, 100)).iter().map(|found| found.decision == Decision::Keep).collect::<Vec<_>>()
        };
        assert_eq!(kept(["Se:", "3"], 0.99), [true, true]);
        assert_eq!(kept(["REIN", "DROIT"], 0.99), [true, true]);
        assert_eq!(kept(["REIN", "DROIT"], 0.5), [false, false], "not read well");
        assert_eq!(kept(["REIN", "DOE"], 0.99), [false, false]);
        assert_eq!(kept(["REIN", "SMITH"], 0.99), [false, false]);
        let careful = Judge { review_below: Some(0.98), ..judge };
        let lines = [line("Se:", [0, 0, 40, 20], 0.97), line("3", [50, 0, 90, 20], 0.99)];
        let decisions = careful.decide(&lines, 0, (200, 100)).iter().map(|found| found.decision).collect::<Vec<_>>();
        assert_eq!(decisions, [Decision::Review, Decision::Keep]);
    }

    #[test]
    fn the_shorter_a_text_the_better_it_must_be_read() {
        let judge = judge(Policy::Strict, &RULES, &[]);
        for (text, enough, too_low) in
            [("R", 0.96, 0.94), ("2D", 0.91, 0.89), ("1.8 3.6", 0.91, 0.89), ("Depth 12 cm", 0.71, 0.69)]
        {
            assert_eq!(decide_one(&judge, text, enough).0, Decision::Keep, "{text}");
            assert_eq!(decide_one(&judge, text, too_low), (Decision::Mask, "low-confidence".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_weakly_read_number_on_a_scale_is_for_review_where_asked_for() {
        let judge = judge(Policy::Strict, &RULES, &[]);
        let scores = [("2", 0.99), ("4", 0.99), ("6", 0.99), ("8", 0.9)];
        let lines: Vec<TextLine> = (scores.iter().zip([40, 80, 120, 160]))
            .map(|(&(text, score), y)| line(text, [100, y, 108, y + 12], score))
            .collect();
        let scale = "technical:scale".to_owned();
        assert_eq!(decide(&judge, &lines)[3], (Decision::Keep, scale.clone()));
        let careful = Judge { review_below: Some(0.95), ..judge };
        let decisions = decide(&careful, &lines);
        assert_eq!((decisions[0].0, &decisions[3]), (Decision::Keep, &(Decision::Review, scale)));
    }

    #[test]
    fn what_one_view_shows_with_other_spaces_is_the_same() {
        let judge = judge(Policy::Strict, &RULES, &[]);
        let decide_both = |first: &str, second: &str| {
            let mut both = line(first, [10, 10, 60, 30], 0.98);
            both.readings.extend(line(second, [10, 10, 60, 30], 0.95).readings);
            decide(&judge, &[both]).remove(0)
        };
        assert_eq!(decide_both("kv 120", "kv120"), (Decision::Keep, "technical:radiography".to_owned()));
        assert_eq!(decide_both("kv120", "kv 120"), (Decision::Keep, "technical:radiography".to_owned()));
        assert_eq!(decide_both("Tilt: -0.0", "Ti1t:-0.0").0, Decision::Keep);
        assert_eq!(decide_both("12", "LZ"), (Decision::Mask, "not-technical".to_owned()));
        assert_eq!(decide_both("kv 120", "kv SMITH").0, Decision::Mask);
    }

    #[test]
    fn a_pattern_in_one_line_leaves_its_technical_neighbor() {
        let judge = judge(Policy::Strict, &RULES, &[]);
        let lines = [line("General Hospital", [0, 0, 160, 20], 0.99), line("TIB 0.2", [190, 0, 250, 20], 0.99)];
        let rules: Vec<String> =
            judge.decide(&lines, 0, (300, 100)).iter().map(|found| found.rule.to_string()).collect();
        assert!(rules[0].starts_with("pattern:") && rules[1].starts_with("technical:"), "{rules:?}");
    }

    #[test]
    fn only_technical_text_that_was_read_well_is_kept_under_strict() {
        let rules = &*RULES;
        let strict = judge(Policy::Strict, rules, &[name("DOE^JANE")]);
        let mask = |rule: &str| (Decision::Mask, rule.to_owned());
        assert_eq!(decide_one(&strict, "MI 1.2", 0.99).0, Decision::Keep);
        assert_eq!(decide_one(&strict, "MI 1.2", 0.65), mask("low-confidence"));
        assert_eq!(decide_one(&strict, "MI 1.2", 0.3), mask("unreadable"));
        assert_eq!(decide_one(&strict, "Jane Doe", 0.99), mask("identity"));
        assert_eq!(decide_one(&strict, "WALDORF", 0.99), mask("not-technical"));
        assert!(decide_one(&strict, "DOB 01/02/1960", 0.99).1.starts_with("pattern:"));
        let unread = TextLine { readings: Vec::new(), ..line("x", [0, 0, 9, 9], 0.9) };
        assert_eq!(decide(&strict, &[unread]), [mask("unreadable")]);
    }

    #[test]
    fn what_was_read_at_first_is_looked_up_too() {
        let judge = judge(Policy::Strict, &RULES, &[name("Lindqvist^Maja")]);
        let mut own = line("Liver Long", [10, 10, 110, 30], 0.99);
        assert_eq!(decide(&judge, std::slice::from_ref(&own))[0].0, Decision::Keep);
        for (text, rule) in [("Lindqvist", "identity"), ("12.03.1962", "pattern:date-numeric")] {
            own.readings[0].at_first = Some(Sensitive::new(text.to_owned()));
            assert_eq!(decide(&judge, std::slice::from_ref(&own)), [(Decision::Mask, rule.to_owned())], "{text}");
        }
        own.readings[0].at_first = Some(Sensitive::new("Llver Lonq".to_owned()));
        assert_eq!(decide(&judge, &[own])[0].0, Decision::Keep, "a misreading says nothing");
    }

    #[test]
    fn the_other_policies_keep_more_and_nothing() {
        let rules = &*RULES;
        let phi = judge(Policy::Phi, rules, &[name("DOE^JANE")]);
        assert_eq!(decide_one(&phi, "WALDORF", 0.99), (Decision::Keep, "policy-phi".to_owned()));
        assert_eq!(decide_one(&phi, "WALDORF", 0.3).1, "unreadable");
        assert_eq!(decide_one(&phi, "Doe", 0.99).1, "identity");
        let all = judge(Policy::All, rules, &[]);
        assert_eq!(decide_one(&all, "MI 1.2", 0.99), (Decision::Mask, "policy-all".to_owned()));
    }

    #[test]
    fn technical_words_that_are_the_name_are_masked() {
        let rules = &*RULES;
        for (value, text) in [("LONG^PETER", "LT KIDNEY LONG"), ("HEAD^ANN", "AXIAL HEAD"), ("KIDNEY", "RT KIDNEY")] {
            assert_eq!(decide_one(&judge(Policy::Strict, rules, &[]), text, 0.99).0, Decision::Keep, "{text}");
            let found = decide_one(&judge(Policy::Strict, rules, &[name(value)]), text, 0.99);
            assert_eq!(found, (Decision::Mask, "identity".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_number_in_a_line_that_is_too_long_for_it_is_masked() {
        // What stands before the number is in a script that is not read.
        let judge = judge(Policy::Phi, &RULES, &[]);
        for (text, rect, decision) in [
            ("47", [0, 0, 98, 24], Decision::Mask),
            ("47", [0, 0, 40, 24], Decision::Keep),
            ("EF 64%", [0, 0, 176, 27], Decision::Keep),
        ] {
            let found = &judge.decide(&[line(text, rect, 0.99)], 0, (800, 600))[0];
            assert_eq!(found.decision, decision, "{text} {rect:?}");
            assert_eq!(found.rule == "unreadable", decision == Decision::Mask);
        }
    }

    #[test]
    fn a_label_takes_what_stands_beside_or_below_it_along() {
        let rules = &*RULES;
        let strict = judge(Policy::Strict, rules, &[]);
        for value in [[300, 10, 400, 30], [15, 35, 100, 55]] {
            let lines = [line("Patient:", [10, 10, 90, 30], 0.99), line("KIDNEY", value, 0.99)];
            let decisions = decide(&strict, &lines);
            assert!(decisions.iter().all(|(_, rule)| rule.starts_with("pattern:")), "{decisions:?}");
        }
        let far = [line("Patient:", [10, 10, 90, 30], 0.99), line("KIDNEY", [15, 500, 100, 520], 0.99)];
        assert_eq!(decide(&strict, &far)[1].0, Decision::Keep);
    }

    #[test]
    fn numbers_of_a_table_are_no_national_number() {
        // A Dutch BSN by its check digit.
        let judge = judge(Policy::Strict, &RULES, &[]);
        let decisions = |gap: u32| -> Vec<String> {
            let cell = |number: u32, text| line(text, [number * (30 + gap), 10, number * (30 + gap) + 30, 30], 0.99);
            let lines = [cell(0, "111"), cell(1, "222"), cell(2, "333")];
            decide(&judge, &lines).into_iter().map(|(_, rule)| rule).collect()
        };
        assert_eq!(decisions(40), ["technical:numbers"; 3]);
        assert_eq!(decisions(15), ["pattern:dutch-bsn"; 3]);
    }

    #[test]
    fn values_of_a_dose_table_stay_and_names_among_them_go() {
        let judge = judge(
            Policy::Strict,
            &RULES,
            &[name("DOE^JANE"), attribute("PatientID", (0x0010, 0x0020), "LO", "317180")],
        );
        let row = |y: u32, texts: [&str; 4]| -> Vec<TextLine> {
            let cells = texts.into_iter().zip([10, 110, 180, 240]);
            let cell = |(text, x): (&str, u32)| {
                line(text, [x, y, x + 8 * u32::try_from(text.len()).expect("short"), y + 16], 0.99)
            };
            cells.map(cell).collect()
        };
        let rows = [
            row(10, ["Scan", "kV mAs", "ref.", "CTDIvol"]),
            // A Canadian SIN by its check digit, read as one number.
            row(32, ["CTDI 8.4", "120 295", "183", "36.26"]),
            row(54, ["DOE", "120 295", "183", "36.26"]),
            // The patient's ID.
            row(76, ["Chest", "100 317", "180", "4.10"]),
        ];
        let decisions = decide(&judge, &rows.concat());
        let rules: Vec<&str> = decisions.iter().map(|(_, rule)| rule.as_str()).collect();
        assert!(decisions[..8].iter().all(|(decision, _)| *decision == Decision::Keep), "{rules:?}");
        assert_eq!(rules[8], "identity");
        assert_eq!(rules[13..15], ["identity"; 2], "{rules:?}");
        // Without the heads these are numbers in groups.
        let bare = decide(&judge, &rows[1]);
        assert_eq!([bare[1].0, bare[2].0], [Decision::Mask; 2], "{bare:?}");
    }

    #[test]
    fn a_number_beside_what_could_not_be_read_is_masked() {
        let judge = judge(Policy::Strict, &RULES, &[]);
        let unread = |x: u32| TextLine { readings: Vec::new(), ..line("", [x, 10, x + 30, 30], 0.9) };
        let beside = decide(&judge, &[line("47", [50, 10, 70, 30], 0.99), unread(15)]);
        assert_eq!(beside[0], (Decision::Mask, "beside-masked".to_owned()));
        assert_eq!(decide(&judge, &[line("47", [90, 10, 110, 30], 0.99), unread(15)])[0].0, Decision::Keep);
    }

    #[test]
    fn a_name_over_two_boxes_is_found() {
        let rules = &*RULES;
        let phi = judge(Policy::Phi, rules, &[attribute("PatientID", (0x0010, 0x0020), "LO", "4711-0815")]);
        let lines = [line("4711", [10, 10, 60, 30], 0.99), line("0815", [70, 10, 120, 30], 0.99)];
        assert!(decide(&phi, &lines).iter().all(|(decision, rule)| *decision == Decision::Mask && rule == "identity"));
    }

    #[test]
    fn every_view_must_be_technical() {
        let rules = &*RULES;
        let mut two = line("MI 1.2", [10, 10, 80, 30], 0.99);
        two.readings.extend(line("WALDORF", [10, 10, 80, 30], 0.95).readings);
        let strict = judge(Policy::Strict, rules, &[]);
        assert_eq!(decide(&strict, &[two.clone()])[0].1, "not-technical");
        two.readings[1] = line("DOE", [10, 10, 200, 30], 0.4).readings.remove(0);
        assert_eq!(decide(&judge(Policy::Phi, rules, &[name("DOE^JANE")]), &[two])[0].1, "identity");
    }

    #[test]
    fn zones_are_masked_and_what_touches_a_denied_one_is_too() {
        let rules = &*RULES;
        let zone = |id: &str, action, rect| ZoneHit { id: id.to_owned(), action, rect, frames: None };
        for policy in [Policy::Phi, Policy::Strict, Policy::All] {
            let mut judge = judge(policy, rules, &[]);
            judge.zones = vec![
                zone("logo", ZoneAction::Mask, Rect::new(500, 500, 600, 600)),
                zone("strip", ZoneAction::Deny, Rect::new(0, 0, 1000, 31)),
            ];
            let lines = [line("MI 1.2", [10, 10, 60, 30], 0.99), line("12 cm", [10, 100, 60, 120], 0.99)];
            let findings = judge.decide(&lines, 0, (1000, 1000));
            assert_eq!(findings.len(), 3);
            assert_eq!((findings[0].decision, &*findings[0].rule), (Decision::Mask, "zone:strip"));
            assert_eq!(findings[1].decision == Decision::Keep, policy != Policy::All);
            assert_eq!((findings[2].area, &*findings[2].rule), (Quad::from_rect(judge.zones[0].rect), "zone:logo"));
        }
    }

    #[test]
    fn outside_of_the_ultrasound_regions_text_must_be_read_better() {
        let rules = &*RULES;
        let mut strict = judge(Policy::Strict, rules, &[]);
        let between = f32::midpoint(strict.limits.character, strict.limits.character_outside);
        let mut weak = line("MI 1.2", [10, 10, 60, 30], 0.99);
        weak.readings[0].character_scores[0] = between;
        strict.ultrasound_regions = vec![Rect::new(0, 0, 100, 100)];
        assert_eq!(decide(&strict, &[weak.clone()])[0].0, Decision::Keep);
        strict.ultrasound_regions = vec![Rect::new(100, 100, 200, 200)];
        assert_eq!(decide(&strict, &[weak])[0].1, "low-confidence");
    }

    #[test]
    fn what_is_kept_with_a_low_score_is_for_review_where_asked_for() {
        let rules = &*RULES;
        let mut strict = judge(Policy::Strict, rules, &[]);
        strict.review_below = Some(0.97);
        assert_eq!(decide_one(&strict, "MI 1.2", 0.96).0, Decision::Review);
        assert_eq!(decide_one(&strict, "MI 1.2", 0.98).0, Decision::Keep);
    }

    #[test]
    fn a_number_next_to_a_masked_word_goes_with_it() {
        let rules = &*RULES;
        let strict = judge(Policy::Strict, rules, &[]);
        let lines = |x| [line("WALDORF", [0, 0, 90, 20], 0.99), line("81", [x, 0, x + 40, 20], 0.99)];
        assert_eq!(decide(&strict, &lines(100))[1], (Decision::Mask, "beside-masked".to_owned()));
        assert_eq!(decide(&strict, &lines(200))[1].0, Decision::Keep);
        let depth = [line("WALDORF", [0, 0, 90, 20], 0.99), line("12 cm", [100, 0, 140, 20], 0.99)];
        assert_eq!(decide(&strict, &depth)[1].0, Decision::Keep);
    }

    #[test]
    fn what_lies_in_a_masked_block_goes_with_it() {
        let rules = &*RULES;
        let strict = judge(Policy::Strict, rules, &[]);
        let lines = [line("WALDORF", [0, 0, 200, 60], 0.99), line("MI 1.2", [10, 10, 90, 30], 0.99)];
        assert_eq!(decide(&strict, &lines)[1], (Decision::Mask, "covered".to_owned()));
    }

    const TEXTS: [&str; 14] = [
        "MI 1.2",
        "TIS0.4",
        "LT KIDNEY LONG",
        "12 cm",
        "Depth 15.0 cm",
        "HEAD",
        "JANE DOE",
        "MAY",
        "Name:",
        "ID 4711",
        "01/02/1960",
        "LONG",
        "28 Hz",
        "WALDORF",
    ];
    const NAMES: [&str; 5] = ["LONG^MAY", "DOE^JANE", "HEAD", "KIDNEY^DEPTH", "WALDORF"];

    prop_compose! {
        fn any_line()(text in 0..TEXTS.len(), x in 0u32..800, y in 0u32..20, score in 0.0f32..1.0) -> TextLine {
            line(TEXTS[text], [x, y * 25, x + 120, y * 25 + 20], score.sqrt())
        }
    }

    proptest! {
        #[test]
        fn a_further_term_a_stricter_policy_or_a_lower_score_never_unmasks(
            lines in prop::collection::vec(any_line(), 1..12),
            names in prop::collection::vec(0..NAMES.len(), 0..3),
            further in 0..NAMES.len(),
            lower in 0.0f32..1.0,
        ) {
            let rules = &*RULES;
            let attributes: Vec<Attribute> = names.iter().map(|&index| name(NAMES[index])).collect();
            let masked = |judge: &Judge<'_>, lines: &[TextLine]| -> Vec<bool> {
                decide(judge, lines).iter().map(|(decision, _)| *decision == Decision::Mask).collect()
            };
            let implies = |a: &[bool], b: &[bool]| a.iter().zip(b).all(|(a, b)| !a || *b);
            let mut before: Option<Vec<bool>> = None;
            for policy in [Policy::Phi, Policy::Strict, Policy::All] {
                let own = masked(&judge(policy, rules, &attributes), &lines);
                if let Some(before) = &before {
                    prop_assert!(implies(before, &own), "{policy:?}");
                }
                let mut more = attributes.clone();
                more.push(name(NAMES[further]));
                prop_assert!(implies(&own, &masked(&judge(policy, rules, &more), &lines)));
                let mut worse = lines.clone();
                for reading in worse.iter_mut().flat_map(|line| &mut line.readings) {
                    reading.score *= lower;
                    reading.character_scores.iter_mut().for_each(|score| *score *= lower);
                }
                prop_assert!(implies(&own, &masked(&judge(policy, rules, &attributes), &worse)));
                before = Some(own);
            }
        }
    }
}
