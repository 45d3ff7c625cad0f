//! What a report comes to: inputs by status, modality and reason, regions by rule, the largest inputs.

use super::footer::{Counts, Footer};
use super::record::{Line, Record, Status};
use crate::phi::Decision;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// How many of the largest and of the slowest inputs are named.
const MOST: usize = 5;

/// What was done with the regions of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// Regions masked.
    pub mask: u64,
    /// Regions kept.
    pub keep: u64,
    /// Regions for review.
    pub review: u64,
}

/// An input that stands out, and by what: bytes or milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extreme {
    /// Its name in the report.
    pub path: String,
    /// Its measure.
    pub value: u64,
}

/// The sums of a report's lines, added one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The sums that stand in the report too.
    #[serde(flatten)]
    pub footer: Footer,
    /// Inputs by Modality (0008,0060); `none` where there is none.
    pub by_modality: BTreeMap<String, Counts>,
    /// Held inputs by reason.
    pub by_reason: BTreeMap<String, u64>,
    /// Regions by the rule that decided. A masked region in an instance that is not in the output counts as well.
    pub by_rule: BTreeMap<String, Decisions>,
    /// The largest inputs, in bytes.
    pub largest: Vec<Extreme>,
    /// The inputs that took longest, in milliseconds; only a run knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slowest: Vec<Extreme>,
}

impl Summary {
    /// Adds a line, and the milliseconds that it took where they are known.
    pub fn add(&mut self, line: &Line, milliseconds: Option<u64>) {
        self.footer.add(line);
        let Line::Instance(record) = line else { return };
        self.by_modality
            .entry(record.modality.clone().unwrap_or_else(|| "none".into()))
            .or_default()
            .add(record.status);
        if record.status == Status::Held {
            let code = record.reason.as_ref().map_or("none", |reason| &reason.code);
            *self.by_reason.entry(code.to_owned()).or_default() += 1;
        }
        self.add_rules(record);
        note(&mut self.largest, record, record.bytes);
        note(&mut self.slowest, record, milliseconds);
    }

    fn add_rules(&mut self, record: &Record) {
        for region in &record.regions {
            let decisions = self.by_rule.entry(region.reason.clone()).or_default();
            match region.action {
                Decision::Mask => decisions.mask += 1,
                Decision::Keep => decisions.keep += 1,
                Decision::Review => decisions.review += 1,
            }
        }
    }
}

/// Keeps the largest, equal ones in the order of their coming.
fn note(extremes: &mut Vec<Extreme>, record: &Record, value: Option<u64>) {
    let Some(value) = value else { return };
    let at = extremes.partition_point(|other| other.value >= value);
    if at < MOST {
        extremes.insert(at, Extreme { path: record.path.clone(), value });
        extremes.truncate(MOST);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.footer.counts;
        let [clean, masked, no_pixels] = [counts.clean, counts.masked, counts.no_pixels];
        write!(
            f,
            "{} inputs: {clean} clean, {masked} masked, {no_pixels} without pixels, {} for review, {} held",
            self.footer.inputs, counts.review, counts.held
        )?;
        if self.footer.ignored > 0 {
            write!(f, "; {} other files ignored", self.footer.ignored)?;
        }
        write!(f, "\n{} frames examined, {} regions masked", self.footer.frames_examined, self.footer.regions_masked)?;
        for (modality, counts) in &self.by_modality {
            write!(f, "\n  modality {modality}: {} inputs, {} masked", counts.total(), counts.masked)?;
            for (number, what) in [(counts.review, "for review"), (counts.held, "held")] {
                if number > 0 {
                    write!(f, ", {number} {what}")?;
                }
            }
        }
        for (reason, number) in &self.by_reason {
            write!(f, "\n  held, {reason}: {number}")?;
        }
        for (rule, decisions) in &self.by_rule {
            write!(f, "\n  rule {rule}: {} masked, {} kept", decisions.mask, decisions.keep)?;
            if decisions.review > 0 {
                write!(f, ", {} for review", decisions.review)?;
            }
        }
        for largest in &self.largest {
            write!(f, "\n  largest: {} ({} bytes)", plain(&largest.path), largest.value)?;
        }
        for slowest in &self.slowest {
            write!(f, "\n  slowest: {} ({} ms)", plain(&slowest.path), slowest.value)?;
        }
        Ok(())
    }
}

/// Keeps a name in its line, whatever is in it.
fn plain(path: &str) -> String {
    path.replace(char::is_control, "?")
}

#[cfg(test)]
mod tests {
    use super::super::record::Reason;
    use super::*;

    #[test]
    fn a_summary_counts_and_names_the_largest() {
        let mut summary = Summary::default();
        for number in 0..8u64 {
            let mut record = Record::new(format!("{number}"));
            record.bytes = Some(number * 100);
            record.modality = Some("US".into());
            record.status = Status::Masked;
            summary.add(&Line::Instance(record), Some(8 - number));
        }
        let mut held = Record::new("bad\nname".into());
        held.reason = Some(Reason { code: "decode".into(), message: "x".into() });
        summary.add(&Line::Instance(held), None);
        assert_eq!(summary.largest.iter().map(|e| e.value).collect::<Vec<_>>(), [700, 600, 500, 400, 300]);
        assert_eq!(summary.slowest[0], Extreme { path: "0".into(), value: 8 });
        assert_eq!((summary.by_modality["US"].masked, summary.by_modality["none"].held), (8, 1));
        assert_eq!(summary.by_reason["decode"], 1);
        let text = summary.to_string();
        assert!(text.starts_with("9 inputs: 0 clean, 8 masked, 0 without pixels, 0 for review, 1 held\n"), "{text}");
        assert!(text.contains("largest: 7 (700 bytes)") && text.contains("held, decode: 1"), "{text}");
    }
}
