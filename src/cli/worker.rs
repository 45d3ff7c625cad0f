//! The process that does the work of a run: it decodes what nobody has looked at, so it may die of it.

use super::{Isolate, log, machine, run::Job, setup};
use deburn::batch::{self, Event, Worker};
use deburn::report::TextKey;
use deburn::{Error, Result};
#[cfg(unix)]
use std::fs::File;
use std::io::{BufRead, Write};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// Starts what does the work of a job.
pub fn start(job: &Job<'_>, key: &TextKey) -> Result<Worker> {
    if job.arguments.isolate == Isolate::Off {
        let (pipeline, header) = setup::pipeline(job, key.clone())?;
        return Ok(Worker::in_process(Arc::new(pipeline), job.threads(), header));
    }
    let program = std::env::current_exe().map_err(Error::io("cannot find the program itself"))?;
    let mut arguments = std::env::args_os().skip(1);
    let mut command = Command::new(program);
    // Its name comes first; all else may stand behind a `--`.
    command.args(arguments.next()).arg("--worker").args(arguments);
    Worker::spawn(command, key)
}

/// Is a worker: reads jobs from standard input until it is closed, and tells on standard output what becomes of them.
pub fn run(job: &Job<'_>) -> Result<ExitCode> {
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
    log::start(job.arguments.log, job.arguments.log_format, log::Lines(move |line| tell(Event::Log(line))));
    let set_up = || {
        machine::limit_memory(job.arguments.memory)?;
        setup::pipeline(job, read_key()?)
    };
    let pipeline = match set_up() {
        Ok((pipeline, header)) => {
            send(Event::Ready(Box::new(header)));
            pipeline
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
    batch::serve(&pipeline, job.threads(), jobs, &send)?;
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
