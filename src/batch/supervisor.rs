//! Gives instances to a worker, and sees to it that what ends the worker ends one instance and not the run.

use super::handle::{Next, Worker};
use super::journal::{Done, Stamp};
use super::ledger::Ledger;
use super::protocol::{Event, Job, Trouble};
use super::resume::remove;
use super::{Batch, Outcome, Progress};
use crate::error::{Error, Result};
use crate::output;
use crate::report::{Header, Line, Reason};
use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often signals and times are looked at while nothing else happens.
const PAUSE: Duration = Duration::from_millis(50);

/// How often in a row a worker may die with nothing done. One that cannot work at all would be started forever.
const MOST_DEATHS: u32 = 5;

/// An instance that a worker has.
struct Given {
    /// The input before work on it began.
    input: Option<Stamp>,
    begun: Option<Instant>,
}

/// The state of a run.
pub struct Supervisor<'a, W> {
    batch: &'a Batch<'a>,
    start: &'a dyn Fn() -> Result<Worker>,
    header: Header,
    ledger: Ledger<'a, W>,
    progress: &'a mut dyn Progress,
    worker: Worker,
    /// Inputs to give, in their order.
    queue: VecDeque<usize>,
    /// Inputs that were in work when a worker died: each is done again with no other beside it, so that it shows which
    /// one it was.
    alone: VecDeque<usize>,
    given: BTreeMap<usize, Given>,
    /// Whether what is in work has to be done alone.
    is_alone: bool,
    /// Whether the worker has been given nothing yet: then it was only one instance that it died of.
    is_fresh: bool,
    deaths: u32,
    disk_full: bool,
}

impl<'a, W: Write> Supervisor<'a, W> {
    /// Begins with a worker that is set up.
    pub fn new(
        batch: &'a Batch<'a>,
        start: &'a dyn Fn() -> Result<Worker>,
        (worker, header): (Worker, Header),
        ledger: Ledger<'a, W>,
        progress: &'a mut dyn Progress,
        todo: Vec<usize>,
    ) -> Self {
        let (queue, alone, given) = (todo.into(), VecDeque::new(), BTreeMap::new());
        let (is_alone, is_fresh, deaths, disk_full) = (false, true, 0, false);
        Self {
            batch,
            start,
            header,
            ledger,
            progress,
            worker,
            queue,
            alone,
            given,
            is_alone,
            is_fresh,
            deaths,
            disk_full,
        }
    }

    /// Works until all is done, or until the run is asked to stop and nothing is in work any more.
    pub fn run(mut self) -> Result<Outcome> {
        self.ledger.flush(self.progress)?;
        loop {
            let stops = self.batch.stop.load(Ordering::Relaxed);
            if stops > 1 {
                self.drop_all()?;
            } else if stops == 0 && !self.disk_full {
                self.give()?;
            }
            if self.given.is_empty() {
                break;
            }
            match self.worker.next(PAUSE) {
                Next::Event(Event::Begun(index)) => {
                    if let Some(given) = self.given.get_mut(&index) {
                        given.begun = Some(Instant::now());
                    }
                }
                Next::Event(Event::Done(index, line, trouble)) => self.done(index, *line, trouble)?,
                Next::Event(Event::Log(line)) => self.progress.log(&line),
                Next::Event(Event::Failed(problem)) => return Err(Error::Usage(problem)),
                Next::Event(Event::Ready(_)) | Next::Nothing => {}
                Next::Gone => self.died(None)?,
            }
            self.check_times()?;
        }
        self.ledger.sync()?;
        let is_finished = self.queue.is_empty() && self.alone.is_empty() && !self.disk_full;
        Ok(match (is_finished, self.disk_full) {
            (true, _) => Outcome::Finished,
            (false, true) => Outcome::DiskFull,
            (false, false) => Outcome::Stopped,
        })
    }

    /// Gives the worker as much as it needs to be busy; one instance where it has to be done alone.
    fn give(&mut self) -> Result<()> {
        if self.given.is_empty() {
            self.is_alone = !self.alone.is_empty();
            if let Some(index) = self.alone.pop_front() {
                if !self.is_fresh {
                    self.worker.kill();
                    self.restart()?;
                }
                return self.give_one(index);
            }
        }
        // One instance waits for each that is in work, so that no thread has to wait for this one.
        while !self.is_alone && self.alone.is_empty() && self.given.len() < 2 * self.batch.threads {
            let Some(index) = self.queue.pop_front() else { break };
            self.give_one(index)?;
        }
        Ok(())
    }

    fn give_one(&mut self, index: usize) -> Result<()> {
        let input = &self.batch.inputs[index];
        let given = Given { input: Stamp::of(&input.path), begun: None };
        if let Some(problem) = input.problem {
            self.given.insert(index, given);
            let mut record = (self.batch.held)(index);
            record.reason = Some(Reason { code: "io".into(), message: problem.into() });
            return self.done(index, Line::Instance(record), None);
        }
        let name = input.name();
        self.ledger.begun(&name)?;
        self.is_fresh &= self.given.is_empty();
        self.given.insert(index, given);
        let target = self.target(index).map(PathBuf::into_os_string);
        self.worker.give(Job { index, path: input.path.clone().into_os_string(), name, named: input.named, target });
        Ok(())
    }

    fn target(&self, index: usize) -> Option<PathBuf> {
        self.batch.output.map(|folder| folder.join(&self.batch.inputs[index].relative))
    }

    /// Takes what became of an instance.
    fn done(&mut self, index: usize, line: Line, trouble: Option<Trouble>) -> Result<()> {
        // It may have been taken from the worker in the meantime.
        let Some(given) = self.given.remove(&index) else { return Ok(()) };
        self.deaths = 0;
        let was_alone_in_it = self.is_fresh;
        self.is_fresh = false;
        match trouble {
            Some(Trouble::DiskFull) => {
                self.disk_full = true;
                self.queue.push_front(index);
                return Ok(());
            }
            Some(Trouble::Memory) if self.worker.is_process() => {
                if was_alone_in_it {
                    return self.hold(index, &given, Cause::Memory);
                }
                // It may have lacked what others took.
                self.alone.push_back(index);
                return Ok(());
            }
            _ => {}
        }
        self.finish(index, line, &given)
    }

    fn finish(&mut self, index: usize, line: Line, given: &Given) -> Result<()> {
        let target = self.target(index);
        let goes_out = matches!(&line, Line::Instance(record) if record.status.goes_out());
        let output = match &target {
            // What an earlier run or a worker that died has left there is not what the line tells of.
            Some(target) if !goes_out => {
                remove(target)?;
                None
            }
            Some(target) => Stamp::of(target),
            None => None,
        };
        let milliseconds =
            given.begun.map_or(0, |begun| u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        self.progress.line(&line, Some(milliseconds));
        self.ledger.done(index, Done { line, input: given.input, output })?;
        self.ledger.flush(self.progress)
    }

    /// Ends the worker if an instance takes it too long.
    fn check_times(&mut self) -> Result<()> {
        let Some(most) = self.batch.timeout.filter(|_| self.worker.is_process()) else { return Ok(()) };
        if self.given.values().any(|given| given.begun.is_some_and(|begun| begun.elapsed() > most)) {
            self.worker.kill();
            self.died(Some(Cause::Time))?;
        }
        Ok(())
    }

    /// Goes on with a new worker: what the old one was at is done again, one by one.
    fn died(&mut self, cause: Option<Cause>) -> Result<()> {
        if !self.worker.is_process() {
            return Err(Error::Panic("the threads of the run"));
        }
        let memory = self.worker.died_of_memory();
        let cause = cause.unwrap_or(if memory { Cause::Memory } else { Cause::Crash });
        let given = std::mem::take(&mut self.given);
        self.deaths += 1;
        if self.deaths > MOST_DEATHS {
            return Err(Error::Usage("the worker process dies again and again; --log debug may tell more".into()));
        }
        tracing::warn!(in_work = given.len(), cause = cause.code(), "the worker process ended; a new one goes on");
        let (begun, waiting): (Vec<_>, Vec<_>) = given.into_iter().partition(|(_, given)| given.begun.is_some());
        for (index, _) in waiting.into_iter().rev() {
            self.queue.push_front(index);
        }
        self.clear(begun.iter().map(|(index, _)| *index))?;
        match begun.as_slice() {
            // It was given this one alone: there is no doubt.
            [(index, given)] if self.is_fresh => self.hold(*index, given, cause)?,
            _ => self.alone.extend(begun.iter().map(|(index, _)| *index)),
        }
        self.restart()
    }

    fn restart(&mut self) -> Result<()> {
        let header = loop {
            self.worker = (self.start)()?;
            match self.worker.ready() {
                Ok(header) => break header,
                Err(error) if self.deaths >= MOST_DEATHS => return Err(error),
                Err(_) => self.deaths += 1,
            }
        };
        self.is_fresh = true;
        let decisions = || (self.header.review != header.review).then(|| "the review".into());
        match self.header.difference(&header).or_else(decisions) {
            Some(difference) => Err(Error::Usage(format!("{difference} changed during the run"))),
            None => Ok(()),
        }
    }

    /// Holds an instance that a worker died of.
    fn hold(&mut self, index: usize, given: &Given, cause: Cause) -> Result<()> {
        self.deaths = 0;
        let mut record = (self.batch.held)(index);
        record.bytes = given.input.map(|input| input.bytes());
        record.reason = Some(Reason { code: cause.code().into(), message: cause.message().into() });
        self.finish(index, Line::Instance(record), given)
    }

    /// Removes what a dead worker has left of instances.
    fn clear(&self, indices: impl Iterator<Item = usize>) -> Result<()> {
        for target in indices.filter_map(|index| self.target(index)) {
            remove(&target)?;
            output::remove_partials_beside(&target, self.batch.keep)?;
        }
        Ok(())
    }

    /// Stops at once: what is in work is as if it had not begun.
    fn drop_all(&mut self) -> Result<()> {
        self.worker.kill();
        let given = std::mem::take(&mut self.given);
        self.queue.extend(given.keys());
        self.clear(given.keys().copied())
    }
}

/// What a worker died of.
#[derive(Clone, Copy)]
enum Cause {
    Crash,
    Memory,
    Time,
}

impl Cause {
    const fn code(self) -> &'static str {
        match self {
            Self::Crash => "crashed",
            Self::Memory => "out_of_memory",
            Self::Time => "timeout",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Crash => "the process that worked on it crashed",
            Self::Memory => "it needs more memory than --memory allows",
            Self::Time => "it takes longer than --timeout allows",
        }
    }
}
