//! What the page asks for. Instances go by their index, so that no address holds a name.

use super::super::decisions::{
    Entry, InstanceDecision, InstanceVerdict, RegionDecision, Settlement, Undo, Verdict, What,
};
use super::super::verdicts::InstanceState;
use super::super::{apply, picture};
use super::{App, random_hex, rows};
use crate::error::{Error, Result};
use crate::geometry::{Quad, Rect};
use crate::report::{Record, RegionRecord};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// An answer or a line that says why not.
pub(super) type Answer = std::result::Result<Response, Refusal>;

/// Why a request was not answered.
pub(super) struct Refusal(StatusCode, String);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Usage(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self(status, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

/// Runs what reads files or decodes beside the server's own thread.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> std::result::Result<T, Refusal> {
    // A codec that panics spoils one picture only.
    let done = tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Panic("the review")));
    done.map_err(Refusal::from)
}

impl App {
    pub(super) fn record(&self, index: usize) -> Result<&Record> {
        self.loaded.records.get(index).ok_or_else(|| Error::Usage("the report has no such instance".into()))
    }

    /// Returns where the masked file of a record is, if it is there.
    fn written(&self, record: &Record) -> Option<PathBuf> {
        let path = self.output.as_ref()?.join(&record.path);
        path.is_file().then_some(path)
    }

    /// Appends decisions as one step and returns it.
    pub(super) fn decide(&self, what: Vec<What>, reason: Option<String>) -> Result<String> {
        let step = random_hex()?;
        let now = jiff::Timestamp::now();
        let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
        let entry = |what| Entry {
            step: step.clone(),
            time: now.to_string(),
            reviewer: self.reviewer.clone(),
            reason: reason.clone(),
            what,
        };
        self.ledger().append(what.into_iter().map(entry).collect(), &self.loaded)?;
        Ok(step)
    }

    /// Returns the lines of the instances that a step is about.
    pub(super) fn changed(&self, paths: &[String]) -> Value {
        let ledger = self.ledger();
        let indices = paths.iter().filter_map(|path| self.loaded.find(path));
        let changes: Vec<_> =
            indices.map(|index| rows::change(self, index, &ledger.state(&self.loaded, index))).collect();
        json!({ "entries": ledger.entries().len(), "changes": changes })
    }
}

/// The whole worklist.
pub(super) async fn report(State(app): State<Arc<App>>) -> Answer {
    let body = beside(move || {
        let (rows, rules, series) = rows::all(&app);
        let entries = app.ledger().entries().len();
        let header = &app.loaded.header;
        let value = json!({
            "version": header.version,
            "command": header.command,
            "policy": header.options.policy,
            "reviewer": app.reviewer,
            "show_text": app.reader.is_some(),
            "output": app.output.is_some(),
            "is_whole": app.loaded.footer.is_some(),
            "ignored": app.loaded.ignored.len(),
            "entries": entries,
            "rules": rules,
            "series": series,
            "rows": rows,
        });
        serde_json::to_vec(&value).map_err(|error| Error::io("cannot send")(error.into()))
    });
    Ok(typed("application/json", body.await?))
}

/// What other processes have decided since.
pub(super) async fn changes(State(app): State<Arc<App>>, Query(since): Query<Since>) -> Answer {
    let value = beside(move || {
        app.ledger().follow(&app.loaded)?;
        let paths: Vec<String> = {
            let ledger = app.ledger();
            let new = ledger.entries().get(since.since..).unwrap_or_default();
            let own = |entry: &Entry| match &entry.what {
                What::Undo(undo) => ledger.instances_of(&entry.reviewer, &undo.step),
                what => what.instance().map(str::to_owned).into_iter().collect(),
            };
            let mut paths: Vec<String> = new.iter().flat_map(own).collect();
            paths.sort();
            paths.dedup();
            paths
        };
        Ok(app.changed(&paths))
    });
    Ok(Json(value.await?).into_response())
}

#[derive(Deserialize)]
pub(super) struct Since {
    since: usize,
}

/// A region as the page draws it.
#[derive(Serialize)]
struct Shown<'a> {
    id: String,
    #[serde(flatten)]
    record: &'a RegionRecord,
    /// What would be filled, in whole pixels.
    area: Rect,
}

#[derive(Serialize)]
struct Detail<'a> {
    index: usize,
    record: &'a Record,
    regions: Vec<Shown<'a>>,
    state: InstanceState,
    #[serde(flatten)]
    shown: Option<picture::Shown>,
    /// The masked file can be shown.
    written: bool,
    /// Why there are no pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

/// Everything about one instance.
pub(super) async fn instance(State(app): State<Arc<App>>, Path(index): Path<usize>) -> Answer {
    let body = beside(move || {
        let record = app.record(index)?;
        let area = |region: &RegionRecord| {
            let quad: Quad = apply::area(region);
            quad.bounding_box(1 << 16, 1 << 16)
        };
        let shown = |(index, region)| Shown { id: format!("r{index}"), area: area(region), record: region };
        let pictures = app.inputs.path(record).and_then(|path| picture::shown(&path, &app.limits));
        let (pictures, missing) = match pictures {
            Ok(pictures) => (Some(pictures), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let detail = Detail {
            index,
            shown: pictures,
            record,
            regions: record.regions.iter().enumerate().map(shown).collect(),
            state: app.ledger().state(&app.loaded, index),
            written: app.written(record).is_some(),
            missing,
        };
        serde_json::to_vec(&detail).map_err(|error| Error::io("cannot send")(error.into()))
    });
    Ok(typed("application/json", body.await?))
}

/// Which picture.
#[derive(Deserialize)]
pub(super) struct Which {
    /// The place beside Pixel Data.
    plane: Option<String>,
    /// That of the masked file.
    #[serde(default)]
    written: bool,
}

impl Which {
    fn path(&self, app: &App, record: &Record) -> Result<PathBuf> {
        if self.written {
            return app.written(record).ok_or_else(|| Error::Usage("there is no masked file".into()));
        }
        app.inputs.path(record)
    }
}

/// A frame as PNG.
pub(super) async fn picture(
    State(app): State<Arc<App>>,
    Path((index, frame)): Path<(usize, u32)>,
    Query(which): Query<Which>,
) -> Answer {
    let bytes = beside(move || {
        let path = which.path(&app, app.record(index)?)?;
        let name = format!("{index} {frame} {:?} {}", which.plane, which.written);
        let make = || picture::png(&picture::frame(&path, &app.limits, which.plane.as_deref(), frame)?);
        app.cache.get_or(&name, make).map(|bytes| bytes.to_vec())
    });
    Ok(typed("image/png", bytes.await?))
}

/// A small picture of an instance.
pub(super) async fn thumbnail(State(app): State<Arc<App>>, Path(index): Path<usize>) -> Answer {
    let turn = Arc::clone(&app);
    // The semaphore is never closed; without a turn it would be made all the same.
    let _turn = turn.thumbnails.acquire().await;
    let bytes = beside(move || {
        let record = app.record(index)?;
        let path = app.inputs.path(record)?;
        let make = || {
            let whole = picture::frame(&path, &app.limits, None, rows::first(record))?;
            picture::png(&picture::reduced(&whole, picture::THUMBNAIL))
        };
        app.cache.get_or(&format!("{index} small"), make).map(|bytes| bytes.to_vec())
    });
    Ok(typed("image/png", bytes.await?))
}

/// The values of a deep gray frame, 16 bits each, little endian; no content for all other frames.
pub(super) async fn values(
    State(app): State<Arc<App>>,
    Path((index, frame)): Path<(usize, u32)>,
    Query(which): Query<Which>,
) -> Answer {
    let values = beside(move || picture::values(&which.path(&app, app.record(index)?)?, &app.limits, frame)).await?;
    let Some((values, [columns, rows])) = values else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let told = json!({
        "columns": columns,
        "rows": rows,
        "low": values.low,
        "step": values.step,
        "inverted": values.inverted,
        "window": values.window,
    });
    let bytes: Vec<u8> = values.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut response = typed("application/octet-stream", bytes);
    if let Ok(told) = HeaderValue::from_str(&told.to_string()) {
        response.headers_mut().insert("x-values", told);
    }
    Ok(response)
}

/// The text of all regions of an instance, read anew; nothing keeps it.
pub(super) async fn texts(State(app): State<Arc<App>>, Path(index): Path<usize>) -> Answer {
    let texts = beside(move || {
        let reader = app.reader.as_ref().ok_or_else(|| Error::Usage("start with --show-text to see texts".into()))?;
        let record = app.record(index)?;
        super::same::read(reader, &app.inputs.path(record)?, &app.limits, record)
    });
    Ok(Json(texts.await?).into_response())
}

/// What a reviewer decides in one step.
#[derive(Deserialize)]
pub(super) struct Step {
    reason: Option<String>,
    decisions: Vec<Decided>,
}

/// A decision, its instance by index.
#[derive(Deserialize)]
struct Decided {
    index: usize,
    #[serde(flatten)]
    what: Told,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Region(ToldRegion),
    Instance(InstanceVerdict),
    Settle { region: Option<String>, stands: String },
}

#[derive(Deserialize)]
pub(super) struct ToldRegion {
    pub(super) region: String,
    pub(super) verdict: Verdict,
    #[serde(rename = "box")]
    pub(super) bounds: Option<Rect>,
    pub(super) frames: Option<[u32; 2]>,
    pub(super) plane: Option<String>,
}

impl ToldRegion {
    pub(super) fn on(self, instance: String) -> What {
        let Self { region, verdict, bounds, frames, plane } = self;
        What::Region(RegionDecision { instance, region, verdict, bounds, frames, plane })
    }
}

/// Appends decisions.
pub(super) async fn decide(State(app): State<Arc<App>>, Json(step): Json<Step>) -> Answer {
    let value = beside(move || {
        let mut paths = Vec::new();
        let mut what = Vec::new();
        for decided in step.decisions {
            let instance = app.record(decided.index)?.path.clone();
            paths.push(instance.clone());
            what.push(match decided.what {
                Told::Region(own) => own.on(instance),
                Told::Instance(verdict) => What::Instance(InstanceDecision { instance, verdict }),
                Told::Settle { region, stands } => What::Settle(Settlement { instance, region, stands }),
            });
        }
        app.decide(what, step.reason.filter(|reason| !reason.trim().is_empty()))?;
        paths.sort();
        paths.dedup();
        Ok(app.changed(&paths))
    });
    Ok(Json(value.await?).into_response())
}

/// Takes the reviewer's last step back.
pub(super) async fn undo(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    // A form of another page cannot send this type.
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
        return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "JSON is expected".into()));
    }
    let value = beside(move || {
        let last = app.ledger().last_step(&app.reviewer);
        let Some(step) = last else { return Ok(json!({ "entries": app.ledger().entries().len(), "changes": [] })) };
        let paths = app.ledger().instances_of(&app.reviewer, &step);
        app.decide(vec![What::Undo(Undo { step })], None)?;
        Ok(app.changed(&paths))
    });
    Ok(Json(value.await?).into_response())
}

pub(super) fn typed(kind: &'static str, bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
}
