//! Masks a report's inputs anew as reviewers decided, by the pipeline that masked them first.

use super::decisions::InstanceVerdict;
use super::ledger::Ledger;
use super::loaded::{Inputs, Loaded};
use super::verdicts::{InstanceState, Part, RegionState};
use crate::error::Error;
use crate::geometry::{Quad, Rect};
use crate::given::{Given, GivenFinding};
use crate::phi::{Decision, Finding};
use crate::pipeline::Pipeline;
use crate::report::{InstanceReview, Reason, Record, RegionChange, RegionRecord, RegionReview, ReportText, Status};
use crate::source::{self, Input};
use crate::text::{self, LineKind};
use std::path::{Path, PathBuf};

/// Before its place in the list of origins, in the rule of a given finding.
const TAG: &str = "given:";

/// The rule id of what a person decided.
const RULE: &str = "reviewer";

/// Where a given finding comes from.
#[derive(Clone, Debug)]
struct Origin {
    /// The region of the report before.
    found: Option<RegionRecord>,
    /// What a person did.
    review: Option<RegionReview>,
}

/// The inputs of a report, and what reviewers decided on them.
#[derive(Debug)]
pub struct Reviewed {
    /// The report.
    pub loaded: Loaded,
    /// The decisions.
    pub ledger: Ledger,
    /// Where the inputs are.
    pub inputs: Inputs,
}

impl Reviewed {
    /// Lists the inputs in the order of the report.
    #[must_use]
    pub fn list(&self) -> Vec<Input> {
        let input = |record: &Record| Input {
            // One that is not there is told of when its turn comes.
            path: self.inputs.path(record).unwrap_or_default(),
            relative: source::parse_name(&record.path).unwrap_or_else(|| PathBuf::from(&record.path)),
            named: true,
            problem: None,
        };
        self.loaded.records.iter().map(input).collect()
    }

    /// Processes an input, by its number, as it stands after review, and writes what may go out to `output`.
    ///
    /// Never fails, as [`Pipeline::process`].
    #[must_use]
    pub fn process(&self, pipeline: &Pipeline, index: usize, output: Option<&Path>) -> (Record, Option<Error>) {
        let (before, state) = (&self.loaded.records[index], self.ledger.state(&self.loaded, index));
        let (record, error) = match outcome(before, &state) {
            Outcome::Stays(status, reason) => (not_written(before, status, reason), None),
            Outcome::Written => match self.inputs.path(before) {
                Ok(input) => {
                    let (given, origins) = given(before, &state);
                    let (record, error) = pipeline.process_given(&input, before.path.clone(), output, &given);
                    (told(record, before, &origins, pipeline.privacy.text), error)
                }
                Err(error) => (not_written(before, Status::Held, Some(Reason::from(&error))), Some(error)),
            },
        };
        (reviewed(record, before, state), error)
    }

    /// Makes the record of an input that is held because work on it did not come to an end; the reason is to be added.
    #[must_use]
    pub fn held(&self, index: usize) -> Record {
        let before = &self.loaded.records[index];
        reviewed(not_written(before, Status::Held, None), before, self.ledger.state(&self.loaded, index))
    }
}

/// Adds to the record of an instance what was decided on it as a whole.
fn reviewed(mut record: Record, before: &Record, state: InstanceState) -> Record {
    if state.verdict.is_none() {
        record.advice.clone_from(&before.advice);
    }
    let is_decided = state.verdict.is_some() || !state.regions.is_empty() || !state.conflict.is_empty();
    record.review =
        is_decided.then_some(InstanceReview { was: before.status, verdict: state.verdict, reviewers: state.reviewers });
    record
}

/// What becomes of an instance.
enum Outcome {
    /// It is written, if it can be.
    Written,
    /// Nothing of it goes out.
    Stays(Status, Option<Reason>),
}

fn outcome(before: &Record, state: &InstanceState) -> Outcome {
    let reason = |code: &str, message: &str| Some(Reason { code: code.into(), message: message.into() });
    if state.has_conflict() {
        return Outcome::Stays(Status::Review, reason("reviewers_differ", "reviewers differ and none has settled it"));
    }
    match (before.status, state.verdict) {
        (_, Some(InstanceVerdict::Held)) => {
            Outcome::Stays(Status::Held, reason("held_by_reviewer", "held by a person"))
        }
        (Status::Held, verdict) if verdict != Some(InstanceVerdict::Released) => {
            Outcome::Stays(Status::Held, before.reason.clone())
        }
        (Status::Review, None) => Outcome::Stays(Status::Review, before.reason.clone()),
        _ => Outcome::Written,
    }
}

/// Makes the record of an instance that is not written.
fn not_written(before: &Record, status: Status, reason: Option<Reason>) -> Record {
    Record {
        status,
        reason,
        output_sop_instance_uid: None,
        output_transfer_syntax: None,
        write_method: None,
        write_reason: None,
        ..before.clone()
    }
}

/// Makes the findings that stand, each tagged with its place in the list of origins.
fn given(before: &Record, state: &InstanceState) -> (Given, Vec<Origin>) {
    let mut made = Made { given: Vec::new(), origins: Vec::new() };
    for (index, found) in before.regions.iter().enumerate() {
        match state.regions.get(&format!("r{index}")) {
            None => made.add(found.frames, finding(found), Some(found), None),
            Some(region) => region.parts.iter().for_each(|part| made.add_part(found, part)),
        }
    }
    for (_, region) in state.regions.iter().filter(|(id, _)| id.starts_with('n')) {
        made.add_drawn(region);
    }
    let given =
        Given { sop_instance_uid: before.sop_instance_uid.clone(), frames: before.frames, findings: made.given };
    (given, made.origins)
}

struct Made {
    given: Vec<GivenFinding>,
    origins: Vec<Origin>,
}

impl Made {
    fn add(
        &mut self,
        frames: [u32; 2],
        finding: Finding,
        found: Option<&RegionRecord>,
        review: Option<(RegionReview, Option<String>)>,
    ) {
        let rule = format!("{TAG}{}", self.origins.len()).into();
        let (review, plane) = match review {
            Some((review, plane)) => (Some(review), plane),
            None => (None, found.and_then(|found| found.plane.clone())),
        };
        self.given.push(GivenFinding { plane, frames, finding: Finding { rule, ..finding } });
        self.origins.push(Origin { found: found.cloned(), review });
    }

    /// Adds a region of the report in the frames of a part.
    fn add_part(&mut self, found: &RegionRecord, part: &Part) {
        let Some(reviewer) = part.reviewer.clone() else {
            return self.add(part.frames, finding(found), Some(found), None);
        };
        let review = |change| {
            let (reviewer, reason, was) = (reviewer.clone(), part.reason.clone(), Some(found.action));
            Some((RegionReview { reviewer, change, reason, was }, found.plane.clone()))
        };
        let own = Finding { decision: part.decision, ..finding(found) };
        let Some(bounds) = part.bounds.filter(|_| !part.is_removed) else {
            let change = match part.is_removed {
                true => RegionChange::Removed,
                false if part.decision == found.action => RegionChange::Accepted,
                false => RegionChange::Decided,
            };
            return self.add(part.frames, own, Some(found), review(change));
        };
        let quad = Quad::from_rect(bounds);
        self.add(part.frames, Finding { quad, area: quad, ..own.clone() }, Some(found), review(RegionChange::Moved));
        // A person has seen the place where it was, so that the second look does not ask again.
        if !holds(bounds, found.bounding_box) {
            let left = Finding { decision: Decision::Keep, ..own };
            self.add(part.frames, left, Some(found), review(RegionChange::Removed));
        }
    }

    fn add_drawn(&mut self, region: &RegionState) {
        for part in region.parts.iter().filter(|part| !part.is_removed) {
            let (Some(bounds), Some(reviewer)) = (part.bounds, part.reviewer.clone()) else { continue };
            let quad = Quad::from_rect(bounds);
            let finding = Finding {
                quad,
                area: quad,
                score: None,
                reading: None,
                decision: part.decision,
                rule: RULE.into(),
                attribute: None,
                kind: LineKind::Text,
            };
            let (change, reason) = (RegionChange::Drawn, part.reason.clone());
            let review = RegionReview { reviewer, change, reason, was: None };
            self.add(part.frames, finding, None, Some((review, region.plane.clone())));
        }
    }
}

/// Makes the finding that a region of a report was made of.
fn finding(region: &RegionRecord) -> Finding {
    let kind = match region.code {
        Some(kind) => LineKind::Code(kind),
        None if region.reason == "handwriting" => LineKind::Ink,
        None => LineKind::Text,
    };
    Finding {
        quad: region.quad,
        area: area(region),
        score: region.detection_score,
        reading: None,
        decision: region.action,
        rule: RULE.into(),
        attribute: region.attribute.clone(),
        kind,
    }
}

/// Returns what is filled if a region of a report is masked: a line of text with its padding, all else as it stands.
pub(super) fn area(region: &RegionRecord) -> Quad {
    // Nothing was detected in a zone or in what a person drew.
    let is_line = region.detection_score.is_some() && region.code.is_none() && region.reason != "handwriting";
    let is_box = region.review.as_ref().is_some_and(|review| review.change == RegionChange::Moved);
    match region.area {
        Some(area) if !is_box => area,
        _ if is_line && !is_box => text::pad(&region.quad),
        _ => region.quad,
    }
}

fn holds(outer: Rect, inner: Rect) -> bool {
    outer.x0 <= inner.x0 && outer.y0 <= inner.y0 && outer.x1 >= inner.x1 && outer.y1 >= inner.y1
}

/// Tells of each region where it comes from.
fn told(mut record: Record, before: &Record, origins: &[Origin], shown: ReportText) -> Record {
    record.candidates_dropped = before.candidates_dropped;
    for region in &mut record.regions {
        let index = region.reason.strip_prefix(TAG).and_then(|index| index.parse::<usize>().ok());
        let Some(origin) = index.and_then(|index| origins.get(index)) else { continue };
        let decided = origin.review.as_ref().is_some_and(|review| review.change != RegionChange::Accepted);
        if let Some(found) = &origin.found {
            region.reading.clone_from(&found.reading);
            region.reason.clone_from(&found.reason);
            // What is masked is not told, whoever said so.
            if region.action != Decision::Keep && shown != ReportText::Full {
                region.reading.iter_mut().for_each(|reading| reading.text = None);
            }
        }
        if decided || origin.found.is_none() {
            region.reason = RULE.into();
        }
        region.review.clone_from(&origin.review);
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: Status) -> Record {
        Record { status, ..Record::new("a".into()) }
    }

    fn stays(before: Status, verdict: Option<InstanceVerdict>) -> Option<Status> {
        match outcome(&record(before), &InstanceState { verdict, ..InstanceState::default() }) {
            Outcome::Written => None,
            Outcome::Stays(status, _) => Some(status),
        }
    }

    #[test]
    fn what_was_not_out_goes_out_only_by_a_persons_word() {
        use InstanceVerdict::{Held, Released, Reviewed};
        assert_eq!(stays(Status::Held, None), Some(Status::Held));
        assert_eq!(stays(Status::Held, Some(Reviewed)), Some(Status::Held));
        assert_eq!(stays(Status::Held, Some(Released)), None);
        assert_eq!(stays(Status::Review, None), Some(Status::Review));
        assert_eq!(stays(Status::Review, Some(Reviewed)), None);
        for status in [Status::Clean, Status::Masked, Status::NoPixels, Status::Review, Status::Held] {
            assert_eq!(stays(status, Some(Held)), Some(Status::Held));
        }
        assert_eq!(stays(Status::Masked, None), None);
    }
}
