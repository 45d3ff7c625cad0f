//! Device zones from what reviewers masked: places that come again in the pictures of one device.

use super::apply::area;
use super::decisions::InstanceVerdict;
use super::ledger::Ledger;
use super::loaded::{Inputs, Loaded};
use super::server::{is_same_place, layout_of};
use super::verdicts::InstanceState;
use crate::dicom::Limits;
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::phi::{Decision, RuleAction, ZoneRule};
use crate::report::Record;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The attributes that make a device and a layout, with their values.
type Device = Vec<(&'static str, String)>;

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// The zones, by device, then from top to bottom.
    pub zones: Vec<Zone>,
    /// Instances that a person has reviewed or corrected and that could be opened.
    pub instances: usize,
    /// Those that could not.
    pub unopened: usize,
    /// Places that too few instances show.
    pub rare: usize,
}

/// A place that reviewers masked again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// The rule.
    pub rule: ZoneRule,
    /// Reviewed instances of the device in which something was masked there.
    pub support: usize,
    /// Reviewed instances of the device.
    pub of: usize,
    /// Studies that the former are of.
    pub studies: usize,
    /// Masked boxes in it.
    pub boxes: usize,
}

/// What a reviewer left in one instance.
struct Sample {
    device: Device,
    study: String,
    boxes: Vec<Rect>,
}

/// A place and where it was seen.
struct Cluster {
    bounds: Rect,
    boxes: usize,
    instances: BTreeSet<usize>,
}

/// Finds the places that were masked in at least `support` reviewed instances of one device and size.
///
/// Counted is what a person masked, moved, drew or accepted, and all masks of instances they marked as reviewed.
#[must_use]
pub fn learn(loaded: &Loaded, ledger: &Ledger, inputs: &Inputs, limits: &Limits, support: usize) -> Learned {
    let reviewed: Vec<usize> = ledger.touched(loaded);
    let samples: Vec<Option<Sample>> =
        reviewed.par_iter().map(|&index| sample(loaded, ledger, inputs, limits, index)).collect();
    let unopened = samples.iter().filter(|sample| sample.is_none()).count();
    let mut by_device: BTreeMap<Device, Vec<Sample>> = BTreeMap::new();
    let mut learned = Learned { unopened, ..Learned::default() };
    for sample in samples.into_iter().flatten() {
        learned.instances += 1;
        by_device.entry(sample.device.clone()).or_default().push(sample);
    }
    for (device, samples) in by_device {
        let (often, rare): (Vec<Cluster>, Vec<Cluster>) =
            clusters(&samples).into_iter().partition(|cluster| cluster.instances.len() >= support);
        learned.rare += rare.len();
        for cluster in often {
            let number = learned.zones.len() + 1;
            learned.zones.push(zone(&device, &samples, &cluster, number));
        }
    }
    learned
}

fn sample(loaded: &Loaded, ledger: &Ledger, inputs: &Inputs, limits: &Limits, index: usize) -> Option<Sample> {
    let record = &loaded.records[index];
    let device = layout_of(&inputs.path(record).ok()?, limits)?;
    let folder = record.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let study = record.study_instance_uid.as_deref().unwrap_or(folder).to_owned();
    Some(Sample { device, study, boxes: masked(record, &ledger.state(loaded, index)) })
}

/// Returns the boxes of Pixel Data that a person stands for.
fn masked(record: &Record, state: &InstanceState) -> Vec<Rect> {
    if state.has_conflict() {
        return Vec::new();
    }
    let is_reviewed = matches!(state.verdict, Some(InstanceVerdict::Reviewed | InstanceVerdict::Released));
    let mut boxes = Vec::new();
    for (index, region) in record.regions.iter().enumerate().filter(|(_, region)| region.plane.is_none()) {
        let place = area(region).bounding_box(1 << 16, 1 << 16);
        match state.regions.get(&format!("r{index}")) {
            Some(own) => {
                let parts = own.parts.iter().filter(|part| part.decision == Decision::Mask);
                boxes.extend(parts.filter(|part| part.reviewer.is_some()).map(|part| part.bounds.unwrap_or(place)));
            }
            None => boxes.extend((is_reviewed && region.action == Decision::Mask).then_some(place)),
        }
    }
    let drawn = state.regions.iter().filter(|(id, own)| id.starts_with('n') && own.plane.is_none());
    let parts = drawn.flat_map(|(_, own)| &own.parts).filter(|part| part.decision == Decision::Mask);
    boxes.extend(parts.filter_map(|part| part.bounds));
    boxes.retain(|bounds| !bounds.is_empty());
    boxes
}

/// Puts boxes at one place together, until none is at the place of another.
fn clusters(samples: &[Sample]) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        for &bounds in &sample.boxes {
            add(&mut clusters, Cluster { bounds, boxes: 1, instances: BTreeSet::from([index]) });
        }
    }
    clusters.sort_by_key(|cluster| (cluster.bounds.y0, cluster.bounds.x0, cluster.bounds.y1, cluster.bounds.x1));
    clusters
}

fn add(clusters: &mut Vec<Cluster>, mut own: Cluster) {
    while let Some(place) = clusters.iter().position(|other| is_same_place(other.bounds, own.bounds)) {
        let other = clusters.swap_remove(place);
        let (a, b) = (own.bounds, other.bounds);
        own.bounds = Rect::new(a.x0.min(b.x0), a.y0.min(b.y0), a.x1.max(b.x1), a.y1.max(b.y1));
        own.boxes += other.boxes;
        own.instances.extend(other.instances);
    }
    clusters.push(own);
}

fn zone(device: &Device, samples: &[Sample], cluster: &Cluster, number: usize) -> Zone {
    let studies: BTreeSet<&str> = cluster.instances.iter().map(|&index| samples[index].study.as_str()).collect();
    let Rect { x0, y0, .. } = cluster.bounds;
    let (support, of) = (cluster.instances.len(), samples.len());
    let value = |name: &str| device.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value.as_str());
    let words = format!("{} {}", value("Manufacturer"), value("ManufacturerModelName")).to_lowercase();
    let words: Vec<&str> = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let name = if words.is_empty() { "device".to_owned() } else { words.join("-") };
    let condition = |(name, value): &(&str, String)| {
        let number = value.parse().ok().filter(|_| ["Rows", "Columns"].contains(name)).map(toml::Value::Integer);
        ((*name).to_owned(), number.unwrap_or_else(|| toml::Value::String(value.clone())))
    };
    let rule = ZoneRule {
        id: format!("learned-{number}-{name}"),
        why: format!("reviewers masked this place in {support} of {of} instances"),
        action: RuleAction::Mask,
        rectangles: vec![[x0, y0, cluster.bounds.width(), cluster.bounds.height()]],
        whole_frame: false,
        ultrasound_regions: false,
        frames: None,
        group: None,
        // What the header lacks cannot be asked for.
        device: device.iter().filter(|(_, value)| !value.is_empty()).map(condition).collect(),
    };
    Zone { rule, support, of, studies: studies.len(), boxes: cluster.boxes }
}

/// A rules file of zones alone.
#[derive(Serialize)]
struct RulesFile<'a> {
    zone: [&'a ZoneRule; 1],
}

impl Learned {
    /// Writes a rules file for a person to read and edit, and for `--rules`.
    ///
    /// # Errors
    ///
    /// [`Error::Verification`] if a zone cannot be written as TOML.
    pub fn to_toml(&self, support: usize) -> Result<String> {
        let mut text = format!(
            "# Zones learned from {} reviewed instances; places masked in fewer than {support} of a device are left out ({}).\n\
             # Read each before use: a zone is filled in every picture of the device, whatever stands there.\n\
             # `action = \"deny\"` masks only text that is found there.\n",
            self.instances, self.rare
        );
        if self.unopened > 0 {
            let _ = writeln!(text, "# {} reviewed instances could not be opened and are not counted.", self.unopened);
        }
        for zone in &self.zones {
            let Zone { support, of, studies, boxes, .. } = zone;
            let _ = writeln!(
                text,
                "\n# support: {support} of {of} reviewed instances, {studies} {}, {boxes} boxes",
                if *studies == 1 { "study" } else { "studies" }
            );
            let own = toml::to_string(&RulesFile { zone: [&zone.rule] });
            text += &own.map_err(|_| Error::Verification("a zone cannot be written"))?;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phi::Rules;

    fn sample(boxes: &[[u32; 4]], study: &str) -> Sample {
        let device = vec![
            ("Modality", "US".to_owned()),
            ("Manufacturer", "ACME \"A\"".to_owned()),
            ("ManufacturerModelName", String::new()),
            ("Rows", "480".to_owned()),
        ];
        let boxes = boxes.iter().map(|&[x0, y0, x1, y1]| Rect::new(x0, y0, x1, y1)).collect();
        Sample { device, study: study.into(), boxes }
    }

    #[test]
    fn lines_of_different_length_are_one_place_and_neighbors_are_not() {
        let samples = [
            sample(&[[10, 10, 60, 20], [10, 30, 80, 40]], "a"),
            sample(&[[11, 11, 160, 21]], "b"),
            sample(&[[300, 200, 310, 220]], "b"),
        ];
        let clusters = clusters(&samples);
        let found: Vec<_> = clusters.iter().map(|cluster| (cluster.bounds, cluster.instances.len())).collect();
        let rect = Rect::new;
        assert_eq!(found, [(rect(10, 10, 160, 21), 2), (rect(10, 30, 80, 40), 1), (rect(300, 200, 310, 220), 1)]);
    }

    #[test]
    fn what_is_learned_is_a_rules_file() {
        let samples = [sample(&[[10, 10, 60, 20]], "a"), sample(&[[11, 11, 160, 21]], "b")];
        let cluster = clusters(&samples).remove(0);
        let zone = zone(&samples[0].device, &samples, &cluster, 1);
        let learned = Learned { zones: vec![zone], instances: 2, unopened: 1, rare: 3 };
        let text = learned.to_toml(2).unwrap();
        assert!(text.contains("# support: 2 of 2 reviewed instances, 2 studies, 2 boxes"), "{text}");
        let mut rules = Rules::embedded().unwrap();
        rules.add_site("learned.toml", &text).unwrap();
        let value = |name: &str| match name {
            "Modality" => Some("US".to_owned()),
            "Manufacturer" => Some("ACME \"A\"".to_owned()),
            "Rows" => Some("480".to_owned()),
            "Columns" => Some("640".to_owned()),
            _ => None,
        };
        let hits = rules.zones().for_instance(&value);
        assert_eq!((hits.len(), hits[0].rect), (1, Rect::new(10, 10, 160, 21)));
    }
}
