//! `apply`: mask again as reviewers decided, with the options of the run that was reviewed.

use super::progress::Reporter;
use super::worker::{self, Task, WorkerArguments};
use super::{EngineArguments, HELD, LogFormat, LogLevel, key, log, rules, setup, state};
use deburn::batch::{self, Batch, Job, Outcome, Plan, Progress, Work, Worker};
use deburn::dicom::Limits;
use deburn::dicom::write::WriteOptions;
use deburn::output::{self, Partials, Pending};
use deburn::pipeline::Pipeline;
use deburn::reader::Reader;
use deburn::report::{Header, Line, ReviewUsed, RulesFile, Runtime, TextKey, TextPrivacy, Writer};
use deburn::review::apply::Reviewed;
use deburn::review::{self, Inputs, Ledger, Loaded};
use deburn::source::{self, Input};
use deburn::text::{DetectorPool, Engine, RecognizerPool};
use deburn::{Error, Result};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub struct ApplyArguments {
    /// The report that was reviewed
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// The decisions; may be given more than once [default: REPORT with .decisions.jsonl for its ending]
    #[arg(long, value_name = "FILE")]
    decisions: Vec<PathBuf>,
    /// Folder of the run's inputs; may be given more than once [default: the current folder]
    #[arg(long, value_name = "DIR")]
    input: Vec<PathBuf>,
    /// Folder for the cleaned files; mirrors the tree of the inputs
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Where the new report goes [default: OUT/deburn-report.jsonl]
    #[arg(long = "new-report", value_name = "FILE")]
    new_report: Option<PathBuf>,
    #[command(flatten)]
    rules: super::RulesArguments,
    /// Key of the text hashes, as for `mask`
    #[arg(long, value_name = "FILE")]
    text_key: Option<PathBuf>,
    #[command(flatten)]
    engine: EngineArguments,
    /// Instances and frames worked on at once [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    #[command(flatten)]
    worker: WorkerArguments,
    /// Replace existing files of the output
    #[arg(long)]
    overwrite: bool,
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
    /// What to log on standard error
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "warn")]
    log: LogLevel,
}

impl Task for ApplyArguments {
    fn worker(&self) -> &WorkerArguments {
        &self.worker
    }

    fn threads(&self) -> usize {
        worker::threads(self.jobs)
    }

    fn log(&self) -> (LogLevel, LogFormat) {
        (self.log, LogFormat::Text)
    }

    fn set_up(&self, key: TextKey) -> Result<(Box<Work>, Header)> {
        let files = decision_files(self)?;
        let reviewed = reviewed(self, &files)?;
        let engine = Arc::new(setup::engine(&self.engine)?);
        let pipeline = pipeline(self, &reviewed.loaded.header, &engine, key)?;
        let header = header(self, &reviewed, &engine, &files)?;
        let work = move |job: &Job| reviewed.process(&pipeline, job.index, job.target.as_deref().map(Path::new));
        Ok((Box::new(work), header))
    }
}

/// Applies decisions and returns the exit code.
pub fn run(arguments: &ApplyArguments) -> Result<ExitCode> {
    let new_report = arguments.new_report.clone().unwrap_or_else(|| arguments.output.join("deburn-report.jsonl"));
    output::tag_partials(&state::tag(&new_report));
    if arguments.worker.worker {
        return worker::run(arguments);
    }
    log::start(arguments.log, LogFormat::Text, std::io::stderr);
    let files = decision_files(arguments)?;
    let reviewed = reviewed(arguments, &files)?;
    source::check_apart(reviewed.inputs.folders(), &[], &arguments.output)?;
    let made_folder = !arguments.output.exists();
    let lock = state::lock(&arguments.output)?;
    let result = go(arguments, &reviewed, &files, &new_report);
    lock.remove();
    if made_folder {
        // It stays if there is anything in it.
        let _ = std::fs::remove_dir(&arguments.output);
    }
    result
}

/// Works on all inputs, with the output locked.
fn go(arguments: &ApplyArguments, reviewed: &Reviewed, files: &[PathBuf], new_report: &Path) -> Result<ExitCode> {
    let inputs = reviewed.list();
    refuse_early(arguments, &inputs, new_report)?;
    // What a run that was killed has left.
    output::remove_partials_below(&arguments.output, Partials::Own)?;
    output::remove_partials_beside(new_report, None)?;
    let key = key::load(arguments.text_key.as_deref())?;
    let start = || worker::start(arguments, &key);
    let (worker, header) = Worker::begin(&start)?;
    if header.review != Some(review_used(reviewed, files)?) {
        return Err(Error::Usage("the decisions changed while they were read".into()));
    }
    let mut pending = Pending::create(new_report)?;
    let keep = pending.flushed()?.to_owned();
    let mut report = Writer::new(pending, header.clone())?;
    let mut reporter = Reporter::new(inputs.len(), arguments.quiet, LogFormat::Text);
    let batch = Batch {
        inputs: &inputs,
        held: &|index| reviewed.held(index),
        output: Some(&arguments.output),
        keep: Some(&keep),
        timeout: arguments.worker.timeout(),
        threads: arguments.threads(),
        stop: &AtomicU8::new(0),
    };
    let plan = Plan { todo: (0..inputs.len()).collect(), ..Plan::default() };
    let outcome = batch::run(&batch, plan, (worker, header), &start, None, &mut report, &mut reporter)?;
    if outcome != Outcome::Finished {
        return Err(Error::Usage("the disk of the output is full; --overwrite begins anew".into()));
    }
    for file in &reviewed.loaded.ignored {
        let line = Line::Ignored(file.clone());
        report.add(&line)?;
        reporter.line(&line, Some(0));
    }
    reporter.finish();
    let (footer, pending) = report.finish((inputs.len() + reviewed.loaded.ignored.len()) as u64)?;
    pending.commit(arguments.overwrite)?;
    Ok(if footer.counts.held + footer.counts.review > 0 { HELD.into() } else { ExitCode::SUCCESS })
}

/// Reads the report and the decisions on it.
fn reviewed(arguments: &ApplyArguments, files: &[PathBuf]) -> Result<Reviewed> {
    let loaded = Loaded::read(&arguments.report)?;
    let inputs = Inputs::new(&arguments.input, &arguments.report, &loaded.header)?;
    let ledger = Ledger::read(files, &loaded)?;
    Ok(Reviewed { loaded, ledger, inputs })
}

/// Returns the decisions that were named, or those beside the report.
fn decision_files(arguments: &ApplyArguments) -> Result<Vec<PathBuf>> {
    if !arguments.decisions.is_empty() {
        return Ok(arguments.decisions.clone());
    }
    let path = arguments.report.with_extension("decisions.jsonl");
    let problem = "is not there; --decisions names the decisions";
    if path.is_file() { Ok(vec![path]) } else { Err(Error::Path { path, problem: problem.into() }) }
}

/// Refuses what would be replaced, before any work.
fn refuse_early(arguments: &ApplyArguments, inputs: &[Input], new_report: &Path) -> Result<()> {
    let targets = inputs.iter().map(|input| arguments.output.join(&input.relative));
    for path in targets.chain([new_report.to_owned()]) {
        if !arguments.overwrite && path.symlink_metadata().is_ok() {
            return Err(Error::Path { path, problem: "exists already; --overwrite replaces it".into() });
        }
    }
    let real = |path: &Path| path.canonicalize().ok();
    if real(new_report).is_some_and(|own| Some(own) == real(&arguments.report)) {
        let problem = "is the report that was reviewed; another output or --new-report keeps it".into();
        return Err(Error::Path { path: new_report.to_owned(), problem });
    }
    Ok(())
}

/// Makes the pipeline of the run that was reviewed.
fn pipeline(arguments: &ApplyArguments, header: &Header, engine: &Arc<Engine>, key: TextKey) -> Result<Pipeline> {
    let options = &header.options;
    let (rules, rules_files) = rules::load(&arguments.rules.rules)?;
    if rules_files.iter().map(|own| &own.sha256).ne(options.rules.iter().map(|own| &own.sha256)) {
        let problem = "the run that was reviewed used other rules; --rules names the same files in the same order";
        return Err(Error::Usage(problem.into()));
    }
    let recognizers = match options.policy {
        deburn::phi::Policy::All => None,
        _ => Some(RecognizerPool::new(Arc::clone(engine), options.effort)?),
    };
    Ok(Pipeline {
        limits: Limits { max_pixels: options.max_pixels, ..Limits::default() },
        policy: options.policy,
        documents: options.documents,
        rules,
        review_below: options.review_below,
        overlays: options.overlays,
        fill: options.fill.parse().map_err(|_| Error::Usage("the report names a fill that is none".into()))?,
        marks: options.marks,
        new_uids: options.new_uids,
        verify: options.verify,
        reader: Reader { detectors: DetectorPool::new(Arc::clone(engine), options.effort), recognizers },
        privacy: TextPrivacy { text: options.report_text, key },
        write: WriteOptions { fallback: options.fallback },
        overwrite: arguments.overwrite,
    })
}

fn header(arguments: &ApplyArguments, reviewed: &Reviewed, engine: &Engine, files: &[PathBuf]) -> Result<Header> {
    let mut header = reviewed.loaded.header.clone();
    header.version = env!("CARGO_PKG_VERSION").into();
    header.command = "apply".into();
    header.options.device = arguments.engine.device.to_string();
    header.runtime =
        Runtime { version: engine.runtime().version().into(), execution_provider: engine.device().provider().into() };
    header.review = Some(review_used(reviewed, files)?);
    Ok(header)
}

/// Says which review is applied.
fn review_used(reviewed: &Reviewed, files: &[PathBuf]) -> Result<ReviewUsed> {
    let used = |path: &PathBuf| -> Result<RulesFile> {
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(RulesFile { file, sha256: review::sha256(path)? })
    };
    let reviewers: BTreeSet<String> = reviewed.ledger.entries().iter().map(|entry| entry.reviewer.clone()).collect();
    Ok(ReviewUsed {
        report_sha256: reviewed.loaded.sha256.clone(),
        decisions: files.iter().map(used).collect::<Result<_>>()?,
        reviewers: reviewers.into_iter().collect(),
    })
}
