//! Detectors for as many threads as ask at once.

use super::detector::Detector;
use super::engine::Engine;
use crate::error::Result;
use std::sync::{Mutex, PoisonError};

/// Lends each caller a detector of its own and makes a new one when all are lent.
///
/// A session of ONNX Runtime is used by one thread at a time, and one session a core with one thread each is
/// the fastest way to use a CPU.
#[derive(Debug)]
pub struct DetectorPool {
    engine: Engine,
    idle: Mutex<Vec<Detector>>,
}

impl DetectorPool {
    /// Makes an empty pool.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine, idle: Mutex::new(Vec::new()) }
    }

    /// Returns what the detectors share.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Calls `work` with a detector that nobody else uses. One that was in use during a panic is not lent again.
    ///
    /// # Errors
    ///
    /// What `work` returns, and what making a detector reports.
    pub fn with<T>(&self, work: impl FnOnce(&mut Detector) -> Result<T>) -> Result<T> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = idle().pop();
        let mut detector = match lent {
            Some(detector) => detector,
            None => self.engine.detector()?,
        };
        let done = work(&mut detector);
        idle().push(detector);
        done
    }
}
