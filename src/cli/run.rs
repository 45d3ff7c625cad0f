//! `mask` and `scan`: find the inputs, see what is left of an earlier run, work, sum up.

use super::progress::Reporter;
use super::state::{Places, State, refuse};
use super::worker::{self, Task, WorkerArguments};
use super::{HELD, LogFormat, LogLevel, RunArguments, STOPPED, key, log, print, reports, say, setup};
use deburn::again::Verify;
use deburn::batch::{self, Batch, Outcome, Plan, Work, Worker};
use deburn::dicom::codec;
use deburn::dicom::fill::FillChoice;
use deburn::dicom::marks::Marks;
use deburn::output::{self, Pending};
use deburn::report::{Footer, Header, Record, ShardUsed, TextKey, Writer};
use deburn::source::{self, Input};
use deburn::{Error, Result};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, Ordering};

/// How often the process was asked to end.
static STOP: AtomicU8 = AtomicU8::new(0);

/// A run of `mask` or, without `output`, of `scan`.
pub struct Job<'a> {
    /// Folder of the output.
    pub output: Option<&'a Path>,
    /// The report; standard output where there is none.
    pub report: Option<&'a Path>,
    /// The form of instances that cannot be written in their own.
    pub fallback: codec::Fallback,
    /// Whether existing files are replaced.
    pub overwrite: bool,
    /// What masks are filled with.
    pub fill: FillChoice,
    /// Which outputs say that they were cleaned.
    pub marks: Marks,
    /// Whether masked outputs get a SOP Instance UID of their own.
    pub new_uids: bool,
    /// Whether masked instances are looked at again.
    pub verify: Verify,
    /// What both share.
    pub arguments: &'a RunArguments,
}

impl Task for Job<'_> {
    fn worker(&self) -> &WorkerArguments {
        &self.arguments.worker
    }

    fn threads(&self) -> usize {
        worker::threads(self.arguments.jobs)
    }

    fn log(&self) -> (LogLevel, LogFormat) {
        (self.arguments.log, self.arguments.log_format)
    }

    fn set_up(&self, key: TextKey) -> Result<(Box<Work>, Header)> {
        let (pipeline, header) = setup::pipeline(self, key)?;
        let work = move |job: &batch::Job| {
            pipeline.process(Path::new(&job.path), job.name.clone(), job.target.as_deref().map(Path::new))
        };
        Ok((Box::new(work), header))
    }
}

/// Runs a job and returns the exit code.
pub fn run(job: &Job<'_>) -> Result<ExitCode> {
    let places = Places::of(job);
    if let Some(places) = &places {
        output::tag_partials(&places.tag());
    }
    if job.arguments.worker.worker {
        return worker::run(job);
    }
    log::start(job.arguments.log, job.arguments.log_format, std::io::stderr);
    let (inputs, shard) = inputs(job.arguments)?;
    check_places(job, &inputs)?;
    let is_begun = places.as_ref().is_some_and(Places::is_begun);
    if !is_begun && !job.overwrite {
        let targets = job.output.into_iter().flat_map(|folder| inputs.iter().map(|input| folder.join(&input.relative)));
        targets.chain(job.report.map(Path::to_owned)).try_for_each(|path| refuse(&path))?;
    }
    if job.arguments.dry_run && !is_begun {
        let plan = Plan { todo: (0..inputs.len()).collect(), ..Plan::default() };
        return print(&listing(&inputs, &plan));
    }
    // A second handler in one process is refused.
    let _ = ctrlc::set_handler(|| {
        if STOP.fetch_add(1, Ordering::Relaxed) == 0 {
            say("deburn: stopping when what is in work is finished; once more stops at once");
        }
    });
    let mut state = places.as_ref().map(State::open).transpose()?;
    let result = go(job, &inputs, shard, state.as_mut());
    match result {
        Ok(End::Finished(footer)) => {
            if let Some(state) = state {
                state.finish();
            }
            Ok(if footer.counts.held + footer.counts.review > 0 { HELD.into() } else { ExitCode::SUCCESS })
        }
        Ok(End::Listed(list)) => {
            state.into_iter().for_each(State::release);
            print(&list)
        }
        Ok(End::Stopped(why)) => {
            let goes_on = if state.is_some() { ": the same command goes on from here" } else { "" };
            say(&format!("deburn: {why}{goes_on}"));
            state.into_iter().for_each(State::release);
            Ok(STOPPED.into())
        }
        Err(error) => {
            state.into_iter().for_each(State::release);
            Err(error)
        }
    }
}

/// How a job ended.
enum End {
    Finished(Footer),
    Listed(String),
    Stopped(&'static str),
}

/// Works on the inputs, or lists what there is to do.
fn go(job: &Job<'_>, inputs: &[Input], shard: Option<ShardUsed>, state: Option<&mut State>) -> Result<End> {
    let key = key::load(job.arguments.text_key.as_deref())?;
    let start = || worker::start(job, &key);
    let (worker, header) = Worker::begin(&start)?;
    let header = Header { shard, ..header };
    let mut plan = Plan { todo: (0..inputs.len()).collect(), ..Plan::default() };
    let mut journal = None;
    if let Some(state) = state {
        plan = state.plan(job, inputs, &header)?;
        if job.arguments.dry_run {
            return Ok(End::Listed(listing(inputs, &plan)));
        }
        if !job.arguments.quiet && plan.todo.len() < inputs.len() {
            let (done, changed) = (plan.done.len(), plan.changed.len());
            say(&format!("going on: {done} of {} files are done; {changed} changed since", inputs.len()));
        }
        journal = Some(state.start(job, inputs, &header, &plan)?);
    }
    let mut pending = job.report.map(Pending::create).transpose()?;
    let keep = match &mut pending {
        Some(pending) => Some(pending.flushed()?.to_owned()),
        None => None,
    };
    let out: Box<dyn Write> = match &mut pending {
        Some(pending) => Box::new(pending),
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let mut report = Writer::new(out, header.clone())?;
    let mut reporter = Reporter::new(inputs.len(), job.arguments.quiet, job.arguments.log_format);
    let batch = Batch {
        inputs,
        held: &|index| Record::new(inputs[index].name()),
        output: job.output,
        keep: keep.as_deref(),
        timeout: job.arguments.worker.timeout(),
        threads: job.threads(),
        stop: &STOP,
    };
    let outcome = batch::run(&batch, plan, (worker, header), &start, journal, &mut report, &mut reporter)?;
    match outcome {
        Outcome::Finished => {}
        Outcome::Stopped => return Ok(End::Stopped("stopped")),
        Outcome::DiskFull => return Ok(End::Stopped("the disk of the output is full")),
    }
    let (footer, out) = report.finish(inputs.len() as u64)?;
    drop(out);
    reporter.finish();
    if let Some(pending) = pending {
        // What is there was found to be of this run or one that may be replaced.
        pending.commit(true)?;
    }
    Ok(End::Finished(footer))
}

/// Returns the file that a report goes to; `None` where that is standard output.
pub fn file(report: &Path) -> Option<&Path> {
    (report != Path::new("-")).then_some(report)
}

/// Finds the inputs, and those of them that the run takes.
fn inputs(arguments: &RunArguments) -> Result<(Vec<Input>, Option<ShardUsed>)> {
    let mut inputs = source::discover(&arguments.inputs)?;
    if let Some(list) = &arguments.files_from {
        inputs.extend(source::from_list(&reports::read_list(list)?, arguments.root.as_deref())?);
    }
    let mut inputs = source::arrange(inputs)?;
    let Some(shard) = arguments.shard else { return Ok((inputs, None)) };
    let used = ShardUsed {
        index: shard.index(),
        count: shard.count(),
        files: inputs.len() as u64,
        names_sha256: source::names_sha256(&inputs),
    };
    inputs.retain(|input| shard.takes(&input.name()));
    Ok((inputs, Some(used)))
}

/// Refuses places that cannot be right, before any work.
fn check_places(job: &Job<'_>, inputs: &[Input]) -> Result<()> {
    if let Some(output) = job.output {
        source::check_apart(&job.arguments.inputs, inputs, output)?;
        for input in inputs {
            let target = output.join(&input.relative);
            if job.report == Some(target.as_path()) {
                return Err(Error::Path { path: target, problem: "is the report and the output of an input".into() });
            }
            if output::is_reserved(&input.relative) {
                let problem = "has a name that deburn keeps for its own files";
                return Err(Error::Path { path: input.path.clone(), problem: problem.into() });
            }
        }
    }
    if let Some(report) = job.report
        && inputs.iter().any(|input| same_file(&input.path, report))
    {
        return Err(Error::Path { path: report.to_owned(), problem: "the report is an input".into() });
    }
    Ok(())
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Lists what a run would do, an input a line.
fn listing(inputs: &[Input], plan: &Plan) -> String {
    let mut lines = vec!["do"; inputs.len()];
    for (index, _) in &plan.done {
        lines[*index] = "done";
    }
    for index in &plan.changed {
        lines[*index] = "again";
    }
    let list = inputs.iter().zip(lines).map(|(input, what)| {
        let name = input.name().replace(char::is_control, "?");
        match input.problem {
            Some(problem) => format!("hold {name}: {problem}\n"),
            None => format!("{what} {name}\n"),
        }
    });
    list.collect()
}
