//! What the worklist shows of each instance.

use super::super::decisions::InstanceVerdict;
use super::super::verdicts::InstanceState;
use super::App;
use crate::phi::Decision;
use crate::report::{Record, RegionRecord, Status};
use serde::Serialize;
use std::collections::BTreeMap;

/// One line of the worklist.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    index: usize,
    path: &'a str,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    modality: Option<&'a str>,
    /// Numbers of its study and series.
    group: [usize; 2],
    frames: u32,
    /// Regions masked, kept, for review; as they stand.
    counts: [usize; 3],
    /// The least certain of its regions, 0..=1.
    certainty: f32,
    /// Numbers of its rules.
    rules: Vec<usize>,
    /// Code of the reason that it is held for.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<&'a str>,
    advice: bool,
    /// Where its first region stands: what its thumbnail shows.
    first: u32,
    #[serde(flatten)]
    state: RowState,
}

/// What changes in a line when something is decided.
#[derive(Serialize)]
pub(super) struct RowState {
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<InstanceVerdict>,
    /// Regions that a person has decided on.
    edited: usize,
    conflict: bool,
}

impl From<&InstanceState> for RowState {
    fn from(state: &InstanceState) -> Self {
        Self { verdict: state.verdict, edited: state.regions.len(), conflict: state.has_conflict() }
    }
}

/// A line with its number, for what has changed.
#[derive(Serialize)]
pub(super) struct Change {
    index: usize,
    counts: [usize; 3],
    #[serde(flatten)]
    state: RowState,
}

/// Makes the lines of all instances, the names of their rules, and their studies and series.
pub(super) fn all(app: &App) -> (Vec<Row<'_>>, Vec<&str>, Vec<String>) {
    let ledger = app.ledger();
    let mut rules: Vec<&str> = app.loaded.records.iter().flat_map(|record| &record.regions).map(rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let (mut studies, mut series) = (Numbers::default(), Numbers::default());
    let mut rows = Vec::with_capacity(app.loaded.records.len());
    for (index, record) in app.loaded.records.iter().enumerate() {
        let state = ledger.state(&app.loaded, index);
        // Reports before these UIDs stood in them: a folder is most often a series.
        let folder = record.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let study = studies.of(record.study_instance_uid.as_deref().unwrap_or(folder));
        let own = series.of(record.series_instance_uid.as_deref().unwrap_or(folder));
        let mut used: Vec<usize> =
            record.regions.iter().filter_map(|region| rules.binary_search(&rule(region)).ok()).collect();
        used.sort_unstable();
        used.dedup();
        rows.push(Row {
            index,
            path: &record.path,
            status: record.status,
            modality: record.modality.as_deref(),
            group: [study, own],
            frames: record.frames.total,
            counts: counts(record, &state),
            certainty: certainty(record),
            rules: used,
            held: record.reason.as_ref().map(|reason| reason.code.as_str()),
            advice: !record.advice.is_empty(),
            first: first(record),
            state: RowState::from(&state),
        });
    }
    (rows, rules, series.names)
}

/// Makes the line of what has changed.
pub(super) fn change(app: &App, index: usize, state: &InstanceState) -> Change {
    Change { index, counts: counts(&app.loaded.records[index], state), state: RowState::from(state) }
}

/// Returns the frame that shows most of what an instance is about: that of its first region of Pixel Data.
pub(super) fn first(record: &Record) -> u32 {
    record.regions.iter().find(|region| region.plane.is_none()).map_or(0, |region| region.frames[0])
}

#[derive(Default)]
struct Numbers {
    known: BTreeMap<String, usize>,
    names: Vec<String>,
}

impl Numbers {
    fn of(&mut self, name: &str) -> usize {
        let next = self.names.len();
        let number = *self.known.entry(name.to_owned()).or_insert(next);
        if number == next {
            self.names.push(name.to_owned());
        }
        number
    }
}

/// Returns the rule without its parameter: `zone`, `technical`, `identity`.
fn rule(region: &RegionRecord) -> &str {
    region.reason.split(':').next().unwrap_or(&region.reason)
}

/// Counts regions masked, kept and for review as they stand.
fn counts(record: &Record, state: &InstanceState) -> [usize; 3] {
    let mut counts = [0; 3];
    let mut count = |decision: Decision| match decision {
        Decision::Mask => counts[0] += 1,
        Decision::Keep => counts[1] += 1,
        Decision::Review => counts[2] += 1,
    };
    for (index, region) in record.regions.iter().enumerate() {
        match state.regions.get(&format!("r{index}")) {
            None => count(region.action),
            Some(own) => own.parts.iter().filter(|part| !part.is_removed).for_each(|part| count(part.decision)),
        }
    }
    let drawn = state.regions.iter().filter(|(id, _)| id.starts_with('n'));
    drawn.flat_map(|(_, own)| &own.parts).filter(|part| !part.is_removed).for_each(|part| count(part.decision));
    counts
}

/// Returns how certain the least certain decision of an instance is. What a person must look at is not certain at all;
/// what is kept is as certain as its reading, what is masked without evidence as its detection.
fn certainty(record: &Record) -> f32 {
    if matches!(record.status, Status::Held | Status::Review) {
        return 0.0;
    }
    record.regions.iter().map(of_region).fold(1.0, f32::min)
}

fn of_region(region: &RegionRecord) -> f32 {
    let has_evidence =
        ["zone", "deny", "identity", "pattern", "machine-readable-code"].iter().any(|kind| rule(region) == *kind);
    match region.action {
        Decision::Review => 0.0,
        Decision::Keep => region.reading.as_ref().map_or(0.0, |own| own.score.min(own.least_character_score)),
        Decision::Mask if has_evidence => 1.0,
        Decision::Mask => region.detection_score.unwrap_or(1.0),
    }
}
