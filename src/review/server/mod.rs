//! The review page and what it asks for, on 127.0.0.1 alone.

mod api;
mod assets;
mod guard;
mod rows;
mod same;

pub(in crate::review) use guard::random_hex;
pub(in crate::review) use same::{is_same_place, layout_of};

use super::ledger::Ledger;
use super::loaded::{Inputs, Loaded};
use super::picture::Cache;
use crate::dicom::Limits;
use crate::error::{Error, Result};
use crate::reader::Reader;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use guard::Guard;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// A larger request is refused: it would be ten thousand decisions in one step, which come by their place instead.
const MOST_BODY: usize = 4 << 20;

/// Requests worked on at once: no more than a browser sends at once.
const MOST_AT_ONCE: usize = 6;

/// Of these, thumbnails: the picture that a person waits for must not stand behind a screenful of them.
const MOST_THUMBNAILS: usize = 2;

/// What a review works with.
#[derive(Debug)]
pub struct Review {
    /// The report.
    pub loaded: Loaded,
    /// The decisions.
    pub ledger: Ledger,
    /// Where the originals are.
    pub inputs: Inputs,
    /// Where the masked files are, if they are to be shown.
    pub output: Option<PathBuf>,
    /// Who decides.
    pub reviewer: String,
    /// Reads text anew, where it is to be shown.
    pub reader: Option<Reader>,
    /// What an instance may cost.
    pub limits: Limits,
}

/// All that requests share.
struct App {
    loaded: Loaded,
    ledger: Mutex<Ledger>,
    inputs: Inputs,
    output: Option<PathBuf>,
    reviewer: String,
    reader: Option<Reader>,
    limits: Limits,
    cache: Cache,
    /// By index of the instance: what made it and how large it is.
    devices: Mutex<HashMap<usize, Option<String>>>,
    guard: Guard,
    thumbnails: Semaphore,
}

impl App {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves a review until the process ends.
///
/// `ready` is given the address to open, which works once. Every decision is on disk before it is acknowledged, so that
/// the process can be ended at any time.
///
/// # Errors
///
/// [`Error::Io`] if the port cannot be had.
pub fn serve(review: Review, port: u16, ready: impl FnOnce(&str) -> Result<()>) -> Result<()> {
    let failed = Error::io;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .max_blocking_threads(MOST_AT_ONCE)
        .build()
        .map_err(failed("cannot start the server"))?;
    runtime.block_on(async {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = tokio::net::TcpListener::bind(address).await.map_err(failed("cannot open the port"))?;
        let port = listener.local_addr().map_err(failed("cannot open the port"))?.port();
        let guard = Guard::new(port)?;
        let link = guard.link();
        let app = Arc::new(App {
            loaded: review.loaded,
            ledger: Mutex::new(review.ledger),
            inputs: review.inputs,
            output: review.output,
            reviewer: review.reviewer,
            reader: review.reader,
            limits: review.limits,
            cache: Cache::default(),
            devices: Mutex::default(),
            guard,
            thumbnails: Semaphore::new(MOST_THUMBNAILS),
        });
        ready(&link)?;
        axum::serve(listener, router(app)).await.map_err(failed("the server failed"))
    })
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(assets::page))
        .route("/assets/{name}", get(assets::asset))
        .route("/api/report", get(api::report))
        .route("/api/changes", get(api::changes))
        .route("/api/instance/{index}", get(api::instance))
        .route("/api/thumbnail/{index}", get(api::thumbnail))
        .route("/api/picture/{index}/{frame}", get(api::picture))
        .route("/api/values/{index}/{frame}", get(api::values))
        .route("/api/texts/{index}", get(api::texts))
        .route("/api/decide", post(api::decide))
        .route("/api/undo", post(api::undo))
        .route("/api/same", post(same::same))
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), guard::check))
        .with_state(app)
}
