//! Detectors and recognizers for as many threads as ask at once.

use super::detector::Detector;
use super::engine::Engine;
use super::manifest::Effort;
use super::recognizer::Recognizer;
use crate::error::Result;
use std::sync::{Arc, Mutex, PoisonError};

/// Makes one more.
type Make<T> = Box<dyn Fn(&Engine) -> Result<T> + Send + Sync>;

/// Lends each caller a detector or recognizer of its own and makes a new one when all are lent.
///
/// A session of ONNX Runtime is used by one thread at a time, and one session a core with one thread each is
/// the fastest way to use a CPU.
pub struct Pool<T> {
    engine: Arc<Engine>,
    make: Make<T>,
    idle: Mutex<Vec<T>>,
}

/// Lends detectors.
pub type DetectorPool = Pool<Detector>;

/// Lends recognizers of one effort.
pub type RecognizerPool = Pool<Recognizer>;

impl<T> std::fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Pool<Detector> {
    /// Makes an empty pool of detectors of an effort.
    #[must_use]
    pub fn new(engine: Arc<Engine>, effort: Effort) -> Self {
        Self { engine, make: Box::new(move |engine: &Engine| engine.detector(effort)), idle: Mutex::default() }
    }
}

impl Pool<Recognizer> {
    /// Makes a pool of one recognizer, loaded and tried to see that it can be done.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Device`] and [`crate::Error::Model`] if it cannot be loaded, [`crate::Error::Recognizer`] if
    /// network and charset do not belong together.
    pub fn new(engine: Arc<Engine>, effort: Effort) -> Result<Self> {
        let mut first = engine.recognizer(effort)?;
        first.check()?;
        let make = Box::new(move |engine: &Engine| engine.recognizer(effort));
        Ok(Self { engine, make, idle: Mutex::new(vec![first]) })
    }
}

impl<T> Pool<T> {
    /// Returns what the lent ones share.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Calls `work` with one that nobody else uses. One that was in use during a panic is not lent again.
    ///
    /// # Errors
    ///
    /// What `work` returns, and what making one reports.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> Result<R>) -> Result<R> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = idle().pop();
        let mut lent = match lent {
            Some(lent) => lent,
            None => (self.make)(&self.engine)?,
        };
        let done = work(&mut lent);
        idle().push(lent);
        done
    }
}
