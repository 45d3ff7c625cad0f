//! Detectors and recognizers for as many threads as ask at once.

use super::detector::Detector;
use super::engine::Engine;
use super::manifest::Effort;
use super::recognizer::Recognizer;
use crate::error::Result;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// How many were made or are being made.
    made: AtomicUsize,
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
        let make = Box::new(move |engine: &Engine| engine.detector(effort));
        Self { engine, make, idle: Mutex::default(), made: AtomicUsize::new(0) }
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
        Ok(Self { engine, make, idle: Mutex::new(vec![first]), made: AtomicUsize::new(1) })
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
        let lent = self.idle().pop();
        let mut lent = match lent {
            Some(lent) => lent,
            None => {
                self.made.fetch_add(1, Ordering::Relaxed);
                (self.make)(&self.engine)?
            }
        };
        let done = work(&mut lent);
        self.idle().push(lent);
        done
    }

    /// Makes one more in advance, unless there are as many as threads. One that cannot be made is left to [`Pool::with`],
    /// which says why.
    pub fn prepare(&self) {
        if self.made.fetch_add(1, Ordering::Relaxed) < rayon::current_num_threads()
            && let Ok(one) = (self.make)(&self.engine)
        {
            self.idle().push(one);
        } else {
            self.made.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Device, Models, Runtime};

    /// A pool that lends numbers, counted up.
    fn numbers() -> Pool<usize> {
        let runtime = Runtime::load(None).expect("built");
        let engine =
            Engine::new(runtime, Models::embedded().expect("built in"), Device::Cpu).expect("the CPU is there");
        let next = AtomicUsize::new(0);
        let make = Box::new(move |_: &Engine| Ok(next.fetch_add(1, Ordering::Relaxed)));
        Pool { engine: Arc::new(engine), make, idle: Mutex::default(), made: AtomicUsize::new(0) }
    }

    #[test]
    fn as_many_are_made_in_advance_as_there_are_threads() {
        let pool = numbers();
        let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
        threads.install(|| (0..5).for_each(|_| pool.prepare()));
        assert_eq!(*pool.idle(), [0, 1]);
        // One that is lent counts, and one more is made where all are lent.
        let lent = pool.with(|first| pool.with(|second| pool.with(|third| Ok([*first, *second, *third]))));
        assert_eq!(lent.expect("made"), [1, 0, 2]);
        threads.install(|| pool.prepare());
        assert_eq!(pool.idle().len(), 3);
    }
}
