//! The process that does the work of a run: it decodes what nobody has looked at, so it may die of it.

use super::{LogFormat, LogLevel, log, machine};
use deburn::batch::{self, Event, Work, Worker};
use deburn::report::{Header, TextKey};
use deburn::{Error, Result};
#[cfg(unix)]
use std::fs::File;
use std::io::{BufRead, Write};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Seconds that an instance may take. A frame takes 0.4 s of CPU time at `--effort standard` and 1.7 s at `max` (README), so
/// an hour is enough for clips of some thousand frames on one core, and a hang costs two hours at most.
const TIMEOUT: u64 = 3600;

/// What work on an instance may cost, and where it is done.
#[derive(Debug, clap::Args)]
pub struct WorkerArguments {
    /// Hold an instance that takes longer than so many seconds, also alone; 0 is no limit
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT)]
    timeout: u64,
    /// Memory of the process that does the work, with K, M, G or T; 0 is no limit; Linux alone [default: 80 % of what
    /// there is]
    #[arg(long, value_name = "SIZE", value_parser = machine::size)]
    memory: Option<u64>,
    /// Work in a process of its own, so that a crash, a hang or a lack of memory costs one instance and not the run
    #[arg(long, value_enum, value_name = "WHETHER", default_value = "on")]
    isolate: Isolate,
    /// Be that process
    #[arg(long, hide = true)]
    pub worker: bool,
}

impl WorkerArguments {
    /// Returns how long an instance may take.
    pub fn timeout(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.timeout)).filter(|time| !time.is_zero())
    }
}

/// Whether the work is done in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Isolate {
    /// In a process that is started again when it dies
    On,
    /// In the process of the run, without --timeout and --memory
    Off,
}

/// A command whose work workers do.
pub trait Task {
    /// Returns what is said of its workers.
    fn worker(&self) -> &WorkerArguments;

    /// Returns how many instances a worker has in work at once.
    fn threads(&self) -> usize;

    /// Returns what a worker logs, and how.
    fn log(&self) -> (LogLevel, LogFormat);

    /// Makes what does the work, and the header that says what it is made of.
    fn set_up(&self, key: TextKey) -> Result<(Box<Work>, Header)>;
}

/// Returns how many instances are worked on at once: as many as was said, or one for each core.
pub fn threads(jobs: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    jobs.map_or_else(cores, usize::from)
}

/// Starts what does the work of a task.
pub fn start(task: &impl Task, key: &TextKey) -> Result<Worker> {
    if task.worker().isolate == Isolate::Off {
        let (work, header) = task.set_up(key.clone())?;
        return Ok(Worker::in_process(work, task.threads(), header));
    }
    let program = std::env::current_exe().map_err(Error::io("cannot find the program itself"))?;
    let mut arguments = std::env::args_os().skip(1);
    let mut command = Command::new(program);
    // Its name comes first; all else may stand behind a `--`.
    command.args(arguments.next()).arg("--worker").args(arguments);
    Worker::spawn(command, key)
}

/// Is a worker: reads jobs from standard input until it is closed, and tells on standard output what becomes of them.
pub fn run(task: &impl Task) -> Result<ExitCode> {
    let out = Arc::new(Mutex::new(protocol_output()?));
    let send = move |event: Event| {
        let line = serde_json::to_string(&event).unwrap_or_default() + "\n";
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            // Nobody listens any more.
            std::process::exit(0);
        }
    };
    let tell = send.clone();
    let (level, format) = task.log();
    log::start(level, format, log::Lines(move |line| tell(Event::Log(line))));
    let set_up = || {
        machine::limit_memory(task.worker().memory)?;
        task.set_up(read_key()?)
    };
    let work = match set_up() {
        Ok((work, header)) => {
            send(Event::Ready(Box::new(header)));
            work
        }
        Err(error) => {
            send(Event::Failed(error.to_string()));
            return Ok(super::FAILED.into());
        }
    };
    let (sender, jobs) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
            if let Ok(job) = serde_json::from_str(&line) {
                let _ = sender.send(job);
            }
        }
        // The run is over, or it was killed: either way nothing more may come of what is in work.
        std::process::exit(0);
    });
    batch::serve(&work, task.threads(), jobs, &send)?;
    Ok(ExitCode::SUCCESS)
}

fn read_key() -> Result<TextKey> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Error::io("cannot read from the run"))?;
    super::key::parse(line.trim()).ok_or_else(|| Error::Usage("a worker is started by a run alone".into()))
}

/// Returns standard output, and puts nothing in its place, so that no library can write into what is told.
#[cfg(unix)]
fn protocol_output() -> Result<File> {
    use std::os::fd::AsFd;
    let failed = || Error::io("cannot prepare standard output");
    let out = std::io::stdout().as_fd().try_clone_to_owned().map_err(failed())?;
    let nothing = std::fs::OpenOptions::new().write(true).open("/dev/null").map_err(failed())?;
    rustix::stdio::dup2_stdout(&nothing).map_err(|error| failed()(error.into()))?;
    Ok(File::from(out))
}

#[cfg(not(unix))]
fn protocol_output() -> Result<std::io::Stdout> {
    Ok(std::io::stdout())
}
