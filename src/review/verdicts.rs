//! What stands after all decisions: of each region its parts, of each instance its verdict, and where reviewers differ.

use super::decisions::{Entry, InstanceVerdict, RegionDecision, RegionId, Settlement, Verdict, What};
use crate::geometry::Rect;
use crate::phi::Decision;
use crate::report::{Record, RegionRecord};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A region in consecutive frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// First and last frame, counted from 0.
    pub frames: [u32; 2],
    /// What is done.
    pub decision: Decision,
    /// A person says that there is no text.
    pub is_removed: bool,
    /// The box that a person gave; the report's place if `None`.
    pub bounds: Option<Rect>,
    /// Who decided; the report if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    /// Why, in the reviewer's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Part {
    /// Returns whether both come to the same pixels.
    fn agrees(&self, other: &Self) -> bool {
        self.decision == other.decision && self.is_removed == other.is_removed && self.bounds == other.bounds
    }
}

/// What stands of a region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RegionState {
    /// The place that it stands in; Pixel Data if `None`.
    pub plane: Option<String>,
    /// Its parts by frame; they do not overlap. Where reviewers differ, those of the report.
    pub parts: Vec<Part>,
    /// What each of the reviewers who differ has decided.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub conflict: BTreeMap<String, Vec<Part>>,
}

/// What stands of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InstanceState {
    /// Regions that a person has decided on, by their name.
    pub regions: BTreeMap<String, RegionState>,
    /// What becomes of it as a whole.
    pub verdict: Option<InstanceVerdict>,
    /// Who said so.
    pub reviewers: Vec<String>,
    /// What each of the reviewers who differ says of the whole.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub conflict: BTreeMap<String, InstanceVerdict>,
}

impl InstanceState {
    /// Returns whether reviewers differ anywhere.
    #[must_use]
    pub fn has_conflict(&self) -> bool {
        !self.conflict.is_empty() || self.regions.values().any(|region| !region.conflict.is_empty())
    }
}

/// Returns the entries that no undo has taken back, in their order, without the undos.
///
/// An undo takes back a step of its own reviewer, another undo too.
#[must_use]
pub fn in_force(entries: &[Entry]) -> Vec<&Entry> {
    let mut undone: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut left = Vec::new();
    for entry in entries.iter().rev() {
        if undone.contains(&(entry.reviewer.as_str(), entry.step.as_str())) {
            continue;
        }
        match &entry.what {
            What::Undo(undo) => {
                undone.insert((&entry.reviewer, &undo.step));
            }
            _ => left.push(entry),
        }
    }
    left.reverse();
    left
}

/// Returns what stands of an instance. `entries` are those in force; those of other instances are passed over.
#[must_use]
pub fn state(record: &Record, entries: &[&Entry]) -> InstanceState {
    let mut timelines: BTreeMap<String, Timelines> = BTreeMap::new();
    let mut wholes: BTreeMap<String, InstanceVerdict> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.what.instance() == Some(&record.path)) {
        match &entry.what {
            What::Region(own) => {
                let timelines = timelines.entry(own.region.clone()).or_insert_with(|| Timelines::new(record, own));
                timelines.paint(entry, own, record);
            }
            What::Instance(own) => {
                wholes.insert(entry.reviewer.clone(), own.verdict);
            }
            What::Settle(Settlement { region: Some(region), stands, .. }) => {
                if let Some(timelines) = timelines.get_mut(region) {
                    timelines.settle(stands);
                }
            }
            What::Settle(Settlement { region: None, stands, .. }) => wholes.retain(|reviewer, _| reviewer == stands),
            What::Undo(_) => {}
        }
    }
    wholes.retain(|_, verdict| *verdict != InstanceVerdict::Open);
    let different: BTreeSet<InstanceVerdict> = wholes.values().copied().collect();
    InstanceState {
        regions: timelines.into_iter().map(|(id, timelines)| (id, timelines.finish())).collect(),
        verdict: different.first().copied().filter(|_| different.len() == 1),
        reviewers: wholes.keys().cloned().collect(),
        conflict: if different.len() > 1 { wholes } else { BTreeMap::new() },
    }
}

/// What each reviewer has made of a region.
#[derive(Debug)]
struct Timelines {
    plane: Option<String>,
    base: Vec<Part>,
    own: BTreeMap<String, Vec<Part>>,
}

impl Timelines {
    fn new(record: &Record, decision: &RegionDecision) -> Self {
        let found = match RegionId::parse(&decision.region) {
            Some(RegionId::Found(index)) => record.regions.get(index),
            _ => None,
        };
        match found {
            Some(found) => Self { plane: found.plane.clone(), base: vec![as_found(found)], own: BTreeMap::new() },
            None => Self { plane: decision.plane.clone(), base: Vec::new(), own: BTreeMap::new() },
        }
    }

    fn paint(&mut self, entry: &Entry, decision: &RegionDecision, record: &Record) {
        let own = self.own.entry(entry.reviewer.clone()).or_insert_with(|| self.base.clone());
        let standing = own.first().zip(own.last()).map(|(first, last)| [first.frames[0], last.frames[1]]);
        let all = [0, record.frames.total.saturating_sub(1)];
        let frames = decision.frames.or(standing).unwrap_or(all);
        let (verdict, is_removed) = match decision.verdict {
            Verdict::Accept => (None, false),
            Verdict::Mask => (Some(Decision::Mask), false),
            Verdict::Keep => (Some(Decision::Keep), false),
            Verdict::Remove => (Some(Decision::Keep), true),
        };
        // Without a box of its own, each part stays where it is.
        let before: Vec<Part> = own.clone();
        let base = self.base.first();
        let bounds_at = |frame: u32| {
            let part = before.iter().find(|part| (part.frames[0]..=part.frames[1]).contains(&frame));
            part.or(before.first()).and_then(|part| part.bounds)
        };
        let mut painted = Vec::new();
        let mut start = frames[0];
        while start <= frames[1] {
            let inside = before.iter().find(|part| (part.frames[0]..=part.frames[1]).contains(&start));
            let next = before.iter().map(|part| part.frames[0]).filter(|first| *first > start).min();
            let end = inside.map_or(next.map_or(frames[1], |next| next - 1), |part| part.frames[1]).min(frames[1]);
            let accepted = base.map_or(Decision::Mask, |base| base.decision);
            painted.push(Part {
                frames: [start, end],
                decision: verdict.unwrap_or(accepted),
                is_removed,
                bounds: match decision.verdict {
                    Verdict::Accept => decision.bounds.or(base.and_then(|base| base.bounds)),
                    _ => decision.bounds.or_else(|| bounds_at(start)),
                },
                reviewer: Some(entry.reviewer.clone()),
                reason: entry.reason.clone(),
            });
            let Some(after) = end.checked_add(1) else { break };
            start = after;
        }
        *own = before.iter().flat_map(|part| cut(part, frames)).chain(painted).collect();
        own.sort_by_key(|part| part.frames[0]);
        join(own);
    }

    /// Makes the word of one reviewer the ground that all later decisions build on.
    fn settle(&mut self, stands: &str) {
        if let Some(own) = self.own.remove(stands) {
            self.own = BTreeMap::from([(stands.to_owned(), own.clone())]);
            self.base = own;
        }
    }

    fn finish(self) -> RegionState {
        let mut views: Vec<(&String, &Vec<Part>)> = self.own.iter().collect();
        views.dedup_by(|a, b| same(a.1, b.1));
        let first = views.first().map(|view| view.1);
        let is_one = first.is_none_or(|first| self.own.values().all(|own| same(first, own)));
        let parts = if is_one { first.cloned().unwrap_or_default() } else { self.base };
        RegionState { plane: self.plane, parts, conflict: if is_one { BTreeMap::new() } else { self.own } }
    }
}

fn as_found(region: &RegionRecord) -> Part {
    let (frames, decision) = (region.frames, region.action);
    Part { frames, decision, is_removed: false, bounds: None, reviewer: None, reason: None }
}

/// Returns what is left of a part beside `frames`.
fn cut(part: &Part, [first, last]: [u32; 2]) -> Vec<Part> {
    let [start, end] = part.frames;
    let mut left = Vec::new();
    if start < first {
        left.push(Part { frames: [start, end.min(first - 1)], ..part.clone() });
    }
    if end > last {
        left.push(Part { frames: [start.max(last + 1), end], ..part.clone() });
    }
    left
}

/// Joins neighbors that say the same.
fn join(parts: &mut Vec<Part>) {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts.drain(..) {
        match joined.last_mut() {
            Some(last)
                if last.frames[1].checked_add(1) == Some(part.frames[0])
                    && last.agrees(&part)
                    && (&last.reviewer, &last.reason) == (&part.reviewer, &part.reason) =>
            {
                last.frames[1] = part.frames[1];
            }
            _ => joined.push(part),
        }
    }
    *parts = joined;
}

/// Returns whether two reviewers come to the same pixels in all frames.
fn same(a: &[Part], b: &[Part]) -> bool {
    let plain = |parts: &[Part]| {
        let mut parts: Vec<Part> =
            parts.iter().map(|part| Part { reviewer: None, reason: None, ..part.clone() }).collect();
        join(&mut parts);
        parts
    };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::super::decisions::{InstanceDecision, Undo};
    use super::*;
    use crate::geometry::Quad;
    use proptest::prelude::*;

    fn record() -> Record {
        let mut record = Record::new("a".into());
        record.frames.total = 10;
        let bounds = Rect::new(0, 0, 9, 9);
        record.regions.push(RegionRecord {
            quad: Quad::from_rect(bounds),
            area: None,
            bounding_box: bounds,
            frames: [0, 9],
            plane: None,
            detection_score: Some(0.9),
            reading: None,
            code: None,
            action: Decision::Mask,
            reason: "identity".into(),
            attribute: None,
            review: None,
        });
        record
    }

    fn entry(reviewer: &str, step: &str, what: What) -> Entry {
        let (step, time, reviewer) = (step.into(), "2026-01-02T03:04:05Z".into(), reviewer.into());
        Entry { step, time, reviewer, reason: None, what }
    }

    fn on(verdict: Verdict, frames: Option<[u32; 2]>) -> What {
        let (instance, region) = ("a".into(), "r0".into());
        What::Region(RegionDecision { instance, region, verdict, bounds: None, frames, plane: None })
    }

    fn parts(entries: &[Entry]) -> Vec<([u32; 2], Decision)> {
        let state = state(&record(), &in_force(entries));
        state.regions["r0"].parts.iter().map(|part| (part.frames, part.decision)).collect()
    }

    #[test]
    fn a_decision_on_some_frames_leaves_the_others() {
        let entries = [entry("ada", "1", on(Verdict::Keep, Some([3, 4])))];
        assert_eq!(parts(&entries), [([0, 2], Decision::Mask), ([3, 4], Decision::Keep), ([5, 9], Decision::Mask)]);
    }

    #[test]
    fn an_undo_can_be_undone_and_touches_nobody_else() {
        let keep = entry("ada", "1", on(Verdict::Keep, None));
        let undo = |who: &str, step: &str, of: &str| entry(who, step, What::Undo(Undo { step: of.into() }));
        assert_eq!(in_force(&[keep.clone(), undo("ada", "2", "1")]).len(), 0);
        assert_eq!(in_force(&[keep.clone(), undo("bob", "2", "1")]).len(), 1);
        assert_eq!(in_force(&[keep, undo("ada", "2", "1"), undo("ada", "3", "2")]).len(), 1);
    }

    #[test]
    fn reviewers_who_differ_are_both_told_until_one_word_stands() {
        let mut entries =
            vec![entry("ada", "1", on(Verdict::Keep, None)), entry("bob", "2", on(Verdict::Accept, None))];
        let own = state(&record(), &in_force(&entries));
        assert!(own.has_conflict());
        assert_eq!(own.regions["r0"].conflict.keys().collect::<Vec<_>>(), ["ada", "bob"]);
        assert_eq!(own.regions["r0"].parts[0].decision, Decision::Mask, "the report's until then");
        let (instance, region, stands) = ("a".into(), Some("r0".into()), "ada".into());
        entries.push(entry("cy", "3", What::Settle(Settlement { instance, region, stands })));
        let own = state(&record(), &in_force(&entries));
        assert!(!own.has_conflict());
        assert_eq!(own.regions["r0"].parts[0].decision, Decision::Keep);
    }

    #[test]
    fn reviewers_who_agree_do_not_differ() {
        let entries =
            [entry("ada", "1", on(Verdict::Mask, Some([0, 4]))), entry("bob", "2", on(Verdict::Accept, None))];
        assert!(!state(&record(), &in_force(&entries)).has_conflict());
    }

    #[test]
    fn a_whole_that_is_held_by_one_and_reviewed_by_another_is_a_conflict() {
        let whole =
            |who: &str, verdict| entry(who, who, What::Instance(InstanceDecision { instance: "a".into(), verdict }));
        let entries = [whole("ada", InstanceVerdict::Reviewed), whole("bob", InstanceVerdict::Held)];
        let own = state(&record(), &in_force(&entries));
        assert!(own.has_conflict() && own.verdict.is_none());
        let own = state(&record(), &in_force(&entries[1..]));
        assert_eq!(own.verdict, Some(InstanceVerdict::Held));
    }

    proptest! {
        #[test]
        fn parts_never_overlap_and_cover_what_was_decided(
            steps in prop::collection::vec((0u32..10, 0u32..10, 0usize..4), 1..8)
        ) {
            let verdicts = [Verdict::Accept, Verdict::Mask, Verdict::Keep, Verdict::Remove];
            let mut expected = [Decision::Mask; 10];
            let mut entries = Vec::new();
            for (number, (a, b, verdict)) in steps.into_iter().enumerate() {
                let frames = [a.min(b), a.max(b)];
                entries.push(entry("ada", &number.to_string(), on(verdicts[verdict], Some(frames))));
                for frame in frames[0]..=frames[1] {
                    expected[frame as usize] = if verdict < 2 { Decision::Mask } else { Decision::Keep };
                }
            }
            let mut seen = Vec::new();
            for (frames, decision) in parts(&entries) {
                (frames[0]..=frames[1]).for_each(|frame| seen.push((frame, decision)));
            }
            let expected: Vec<_> = (0u32..).zip(expected).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
