//! A worker as the run sees it: a process of its own, or threads of this one.

use super::protocol::{Event, Job};
use super::worker::{self, Work};
use crate::error::{Error, Result};
use crate::report::{Header, TextKey};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// What comes from a worker.
#[derive(Debug)]
pub enum Next {
    /// It tells something.
    Event(Event),
    /// Nothing for now.
    Nothing,
    /// It is no more.
    Gone,
}

/// A worker. The process of one that is dropped is killed.
#[derive(Debug)]
pub struct Worker {
    jobs: Option<Jobs>,
    events: Receiver<Event>,
    child: Option<Child>,
    /// What its standard error says of why it ended.
    last_words: Option<JoinHandle<bool>>,
    /// Whether it was the run that ended it.
    killed: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Jobs {
    Pipe(ChildStdin),
    Channel(Sender<Job>),
}

/// What is in the way if a worker is gone before it is set up.
const ENDED_EARLY: &str = "the worker process ended before it was set up; --memory may be too low";

/// How often a first worker is started: whatever ended one may be over.
const STARTS: usize = 3;

impl Worker {
    /// Starts a process that reads jobs from its standard input and writes events to its standard output. The key of text
    /// hashes is the first line that it gets.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if there is no such program.
    pub fn spawn(mut command: Command, key: &TextKey) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A signal from the terminal is for the run, which lets the worker finish what it is at.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(Error::io("cannot start the worker process"))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(Error::Usage("the worker process has no pipes".into()));
        };
        // A worker that is gone already shows when its first event is waited for.
        let _ = writeln!(stdin, "{}", key.digits());
        let (sender, events) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n') {
                let Ok(line) = line else { break };
                if let Ok(event) = serde_json::from_slice(&line)
                    && sender.send(event).is_err()
                {
                    break;
                }
            }
        });
        let last_words = Some(std::thread::spawn(move || tells_of_memory(stderr)));
        let jobs = Some(Jobs::Pipe(stdin));
        Ok(Self { jobs, events, child: Some(child), last_words, killed: Arc::default() })
    }

    /// Starts threads of this process. What ends them ends the run.
    #[must_use]
    pub fn in_process(work: Box<Work>, threads: usize, header: Header) -> Self {
        let (jobs, received) = mpsc::channel();
        let (sender, events) = mpsc::channel();
        std::thread::spawn(move || {
            let send = |event| {
                // The run is over then.
                let _ = sender.send(event);
            };
            send(Event::Ready(Box::new(header)));
            if let Err(error) = worker::serve(&work, threads, received, &send) {
                send(Event::Failed(error.to_string()));
            }
        });
        Self { jobs: Some(Jobs::Channel(jobs)), events, child: None, last_words: None, killed: Arc::default() }
    }

    /// Starts one and waits until it is set up; also returns what runs. One that ends before that is started again.
    ///
    /// # Errors
    ///
    /// What `start` and [`Worker::ready`] report.
    pub fn begin(start: &dyn Fn() -> Result<Self>) -> Result<(Self, Header)> {
        let mut tries = 1;
        loop {
            let worker = start()?;
            match worker.ready() {
                Ok(header) => return Ok((worker, header)),
                Err(Error::Usage(problem)) if problem == ENDED_EARLY && tries < STARTS => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until it is set up and returns what runs.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] with what is in the way.
    pub fn ready(&self) -> Result<Header> {
        loop {
            match self.events.recv() {
                Ok(Event::Ready(header)) => return Ok(*header),
                Ok(Event::Failed(problem)) => return Err(Error::Usage(problem)),
                Ok(Event::Begun(_) | Event::Done(..) | Event::Log(_)) => {}
                Err(_) => return Err(Error::Usage(ENDED_EARLY.into())),
            }
        }
    }

    /// Gives it a job. One that is gone shows by [`Worker::next`].
    pub fn give(&mut self, job: Job) {
        match &mut self.jobs {
            Some(Jobs::Pipe(stdin)) => {
                let line = serde_json::to_string(&job).unwrap_or_default() + "\n";
                let _ = stdin.write_all(line.as_bytes());
            }
            Some(Jobs::Channel(sender)) => {
                let _ = sender.send(job);
            }
            None => {}
        }
    }

    /// Waits so long for what it tells next.
    #[must_use]
    pub fn next(&self, wait: Duration) -> Next {
        match self.events.recv_timeout(wait) {
            Ok(event) => Next::Event(event),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::Gone,
        }
    }

    /// Returns whether it can be ended without the run.
    #[must_use]
    pub const fn is_process(&self) -> bool {
        self.child.is_some()
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.killed.store(true, Ordering::Relaxed);
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Waits for its end and returns whether it came from a lack of memory.
    pub fn died_of_memory(&mut self) -> bool {
        self.jobs = None;
        let status = self.child.as_mut().and_then(|child| child.wait().ok());
        let said_so = self.last_words.take().is_some_and(|words| words.join().unwrap_or(false));
        // Where memory is short, Linux ends the process that has most of it.
        said_so || (!self.killed.load(Ordering::Relaxed) && status.is_some_and(was_killed))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(unix)]
fn was_killed(status: std::process::ExitStatus) -> bool {
    /// SIGKILL, which has this number on every Unix.
    const KILL: i32 = 9;
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(KILL)
}

#[cfg(not(unix))]
const fn was_killed(_: std::process::ExitStatus) -> bool {
    false
}

/// Reads standard error to its end and returns whether a language runtime said that an allocation failed. The rest may
/// quote header values and is dropped.
fn tells_of_memory(stderr: impl Read) -> bool {
    const SIGNS: [&[u8]; 2] = [b"memory allocation of", b"std::bad_alloc"];
    let mut told = false;
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    // A line without an end is not let grow.
    while let Ok(1..) = lines.by_ref().take(1 << 12).read_until(b'\n', &mut line) {
        told |= SIGNS.iter().any(|sign| line.windows(sign.len()).any(|window| window == *sign));
        line.clear();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_tell_of_memory_alone() {
        assert!(tells_of_memory(&b"x\nmemory allocation of 123 bytes failed\n"[..]));
        assert!(tells_of_memory(&b"terminate called after throwing an instance of 'std::bad_alloc'"[..]));
        assert!(!tells_of_memory(&b"DOE^JANE cannot be parsed\n"[..]));
        assert!(!tells_of_memory(&[b'x'; 100_000][..]));
    }

    #[cfg(unix)]
    #[test]
    fn a_worker_that_does_not_start_is_an_error() {
        let key = TextKey::new([0; 32]);
        assert!(Worker::spawn(Command::new("/nowhere/deburn"), &key).is_err());
        let worker = Worker::spawn(Command::new("false"), &key).unwrap();
        assert!(worker.ready().unwrap_err().to_string().contains("ended before"));
    }
}
