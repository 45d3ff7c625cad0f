//! The side that does the work: takes instances from a channel and tells what becomes of them.

use super::protocol::{Event, Job, Trouble};
use crate::error::{Error, Result};
use crate::report::{IgnoredFile, Line, Record};
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

/// What is done with an instance: it makes the record, and beside it the error that holds the instance.
pub type Work = dyn Fn(&Job) -> (Record, Option<Error>) + Send + Sync;

/// Works on the instances of `jobs`, so many at once as there are `threads`, until the channel is closed.
///
/// All threads share one pool, so that the frames of one instance are spread over all of them when there is no other.
///
/// # Errors
///
/// [`Error::Usage`] if the threads cannot be started.
pub fn serve(work: &Work, threads: usize, jobs: Receiver<Job>, send: &(dyn Fn(Event) + Sync)) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .panic_handler(|_| tracing::error!("a worker panicked"))
        .build()
        .map_err(|error| Error::Usage(format!("cannot start the workers: {error}")))?;
    let jobs = Mutex::new(jobs);
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(job) = next() {
                    pool.install(|| {
                        send(Event::Begun(job.index));
                        send(done(work, &job));
                    });
                }
            });
        }
    });
    Ok(())
}

/// Works on one instance.
fn done(work: &Work, job: &Job) -> Event {
    let (record, error) = work(job);
    let trouble = error.as_ref().and_then(Trouble::of);
    let line = match error {
        Some(error @ Error::NotDicom(_)) if !job.named => {
            Line::Ignored(IgnoredFile { path: record.path, message: error.to_string() })
        }
        _ => Line::Instance(record),
    };
    Event::Done(job.index, Box::new(line), trouble)
}
