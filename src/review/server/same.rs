//! The same place in other instances: of one series, or of all that a device made in one size.

use super::super::decisions::{RegionId, Verdict, What};
use super::super::verdicts::InstanceState;
use super::api::{Answer, ToldRegion, beside};
use super::{App, random_hex};
use crate::dicom::{Instance, Limits};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::reader::Reader;
use crate::report::Record;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// Two boxes are at the same place if this share of the smaller one lies in the other: texts of one line differ in
/// length, lines above and below share nothing.
pub(in crate::review) const SAME_PLACE: f64 = 0.5;

/// What makes two pictures alike enough for a place to mean the same on both.
const LAYOUT: [&str; 5] = ["Modality", "Manufacturer", "ManufacturerModelName", "Rows", "Columns"];

/// In which instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    Series,
    Device,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    index: usize,
    #[serde(rename = "box")]
    bounds: Rect,
    verdict: Verdict,
    scope: Scope,
    /// Append it; else it is only counted.
    #[serde(default)]
    apply: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Preview {
    /// Instances of the same layout, the one that was asked about included.
    instances: usize,
    /// Regions at the place that would be decided on.
    found: usize,
    /// Instances without a region there, in which one would be drawn.
    drawn: usize,
}

/// Counts, or decides on, one place in all instances of the same layout.
pub(super) async fn same(State(app): State<Arc<App>>, Json(wanted): Json<Wanted>) -> Answer {
    let value = beside(move || {
        if wanted.bounds.is_empty() {
            return Err(Error::Usage("the box is empty".into()));
        }
        let alike = alike(&app, wanted.index, wanted.scope)?;
        let mut what = Vec::new();
        let mut preview = Preview { instances: alike.len(), found: 0, drawn: 0 };
        for index in alike {
            let state = app.ledger().state(&app.loaded, index);
            let own = decisions(&app.loaded.records[index], &state, &wanted)?;
            preview.drawn += own.iter().filter(|own| own.bounds.is_some()).count();
            preview.found += own.iter().filter(|own| own.bounds.is_none()).count();
            what.extend(own.into_iter().map(|own| own.on(app.loaded.records[index].path.clone())));
        }
        if !wanted.apply {
            return Ok(json!({ "preview": preview }));
        }
        let mut paths: Vec<String> = what.iter().filter_map(|what: &What| what.instance().map(str::to_owned)).collect();
        paths.sort();
        paths.dedup();
        if !what.is_empty() {
            app.decide(what, wanted.reason.filter(|reason| !reason.trim().is_empty()))?;
        }
        let mut value = app.changed(&paths);
        value["preview"] = json!(preview);
        Ok(value)
    });
    Ok(Json(value.await?).into_response())
}

/// Returns the decisions on one place of an instance: on each region there, or a region drawn where there is none.
fn decisions(record: &Record, state: &InstanceState, wanted: &Wanted) -> Result<Vec<ToldRegion>> {
    let own =
        |region: String, bounds| ToldRegion { region, verdict: wanted.verdict, bounds, frames: None, plane: None };
    let mut at_place = Vec::new();
    for (index, region) in record.regions.iter().enumerate().filter(|(_, region)| region.plane.is_none()) {
        let id = RegionId::Found(index).to_string();
        let moved = state.regions.get(&id).and_then(|own| own.parts.iter().find_map(|part| part.bounds));
        if is_same_place(moved.unwrap_or(region.bounding_box), wanted.bounds) {
            at_place.push(own(id, None));
        }
    }
    for (id, region) in state.regions.iter().filter(|(id, _)| id.starts_with('n')) {
        let part = region.parts.iter().find(|part| !part.is_removed && region.plane.is_none());
        let bounds = part.and_then(|part| part.bounds);
        if let Some(bounds) = bounds.filter(|bounds| is_same_place(*bounds, wanted.bounds)) {
            // A drawn region has no other place than that which it is given.
            let told = own(id.clone(), (wanted.verdict != Verdict::Remove).then_some(bounds));
            at_place.extend((wanted.verdict != Verdict::Accept).then_some(told));
        }
    }
    if at_place.is_empty() && wanted.verdict == Verdict::Mask {
        at_place.push(own(format!("n{}", &random_hex()?[..12]), Some(wanted.bounds)));
    }
    Ok(at_place)
}

/// Returns whether two boxes are at the same place.
pub(in crate::review) fn is_same_place(a: Rect, b: Rect) -> bool {
    let area = |rect: Rect| f64::from(rect.width()) * f64::from(rect.height());
    let both = Rect::new(a.x0.max(b.x0), a.y0.max(b.y0), a.x1.min(b.x1), a.y1.min(b.y1));
    let least = area(a).min(area(b));
    least > 0.0 && area(both) >= SAME_PLACE * least
}

/// Returns the instances with pictures of the same layout in a scope.
fn alike(app: &App, index: usize, scope: Scope) -> Result<Vec<usize>> {
    let of = app.record(index)?;
    let own = layout(app, index).ok_or_else(|| Error::Usage("the file cannot be opened".into()))?;
    let folder = |record: &Record| record.path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let is_in_scope = |record: &Record| match (scope, &of.series_instance_uid) {
        (Scope::Device, _) => record.modality == of.modality,
        (Scope::Series, Some(uid)) => record.series_instance_uid.as_ref() == Some(uid),
        (Scope::Series, None) => record.series_instance_uid.is_none() && folder(record) == folder(of),
    };
    let may_be = (0..app.loaded.records.len()).into_par_iter().filter(|&other| is_in_scope(&app.loaded.records[other]));
    Ok(may_be.filter(|&other| layout(app, other).as_ref() == Some(&own)).collect())
}

/// Returns what made an instance and how large it is; `None` where it cannot be opened.
fn layout(app: &App, index: usize) -> Option<String> {
    let lock = || app.devices.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(&index) {
        return known.clone();
    }
    let path = app.inputs.path(&app.loaded.records[index]).ok();
    let values = path.and_then(|path| layout_of(&path, &app.limits)).map(|values| format!("{values:?}"));
    lock().insert(index, values.clone());
    values
}

/// Returns the attributes that make two pictures alike, with their values.
pub(in crate::review) fn layout_of(path: &Path, limits: &Limits) -> Option<Vec<(&'static str, String)>> {
    let instance = Instance::open(path, limits).ok()?;
    let value = |name: &'static str| (name, instance.attribute(name).unwrap_or_default().trim().to_owned());
    Some(LAYOUT.into_iter().map(value).collect())
}

/// Reads the regions of Pixel Data anew, each in its first frame: texts by region.
pub(super) fn read(reader: &Reader, path: &Path, limits: &Limits, record: &Record) -> Result<BTreeMap<String, String>> {
    use crate::dicom::places::Pictures;
    let instance = Instance::open(path, limits)?;
    let Some(frames) = instance.frames()? else { return Ok(BTreeMap::new()) };
    let mut by_frame: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (index, region) in record.regions.iter().enumerate().filter(|(_, region)| region.plane.is_none()) {
        by_frame.entry(region.frames[0]).or_default().push(index);
    }
    let mut texts = BTreeMap::new();
    for (frame, regions) in by_frame {
        let quads: Vec<_> = regions.iter().map(|&index| record.regions[index].quad).collect();
        let read = reader.read_at(frames.views(frame)?, &quads)?;
        for (index, reading) in regions.into_iter().zip(read) {
            let text = reading.map(|reading| reading.text.expose().clone());
            texts.extend(text.map(|text| (format!("r{index}"), text)));
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_text_of_the_same_line_is_at_the_same_place_and_the_next_line_is_not() {
        let line = |y: u32, width: u32| Rect::new(10, y, 10 + width, y + 12);
        assert!(is_same_place(line(20, 40), line(22, 120)));
        assert!(!is_same_place(line(20, 40), line(34, 40)));
        assert!(!is_same_place(line(20, 0), line(20, 40)));
    }
}
