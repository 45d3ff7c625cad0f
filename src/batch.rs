//! Many instances: given to a worker, their lines kept until their turn in the report, all of it noted in a journal.

mod handle;
mod journal;
mod ledger;
mod lock;
mod protocol;
mod resume;
mod supervisor;
mod worker;

use crate::error::Result;
use crate::report::{Header, Line, Record, Writer};
use crate::source::Input;
use ledger::Ledger;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicU8;
use std::time::Duration;
use supervisor::Supervisor;

pub use handle::{Next, Worker};
pub use journal::{Done, Journal, Known, Past, Place, Stamp, Start};
pub use lock::{Lock, Sharing};
pub use protocol::{Event, Job, Trouble};
pub use resume::{Plan, remove};
pub use worker::{Work, serve};

/// What a run tells while it goes on.
pub trait Progress: Send {
    /// An input is done: in so many milliseconds, or by an earlier run.
    fn line(&mut self, line: &Line, milliseconds: Option<u64>);

    /// A worker has a line for the log.
    fn log(&mut self, line: &str);
}

/// What a run is given.
pub struct Batch<'a> {
    /// All inputs, in the order of the report.
    pub inputs: &'a [Input],
    /// Makes the record of an input that is held without a word of a worker, from its number; the reason is added.
    pub held: &'a dyn Fn(usize) -> Record,
    /// The folder of the output, if one is written.
    pub output: Option<&'a Path>,
    /// A temporary file of the run itself that has to stay: that of the report.
    pub keep: Option<&'a Path>,
    /// How long an instance may take, in a worker process.
    pub timeout: Option<Duration>,
    /// How many instances are worked on at once.
    pub threads: usize,
    /// How often the run was asked to stop: once, what is in work is finished; twice, it is not.
    pub stop: &'a AtomicU8,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is done.
    Finished,
    /// It was asked to stop.
    Stopped,
    /// The disk of the output is full.
    DiskFull,
}

/// Works on what `plan` says, and adds the lines of all inputs to `report` in their order.
///
/// `worker` is set up, and `start` starts another one like it when it dies. `journal` is told each step.
///
/// # Errors
///
/// [`crate::Error::Io`] if the report, the journal or the output cannot be written; [`crate::Error::Usage`] if no worker
/// can be started any more. Instances never fail a run.
pub fn run<W: Write>(
    batch: &Batch<'_>,
    plan: Plan,
    worker: (Worker, Header),
    start: &dyn Fn() -> Result<Worker>,
    journal: Option<Journal>,
    report: &mut Writer<W>,
    progress: &mut dyn Progress,
) -> Result<Outcome> {
    let ledger = Ledger::new(report, journal, plan.done);
    Supervisor::new(batch, start, worker, ledger, progress, plan.todo).run()
}
