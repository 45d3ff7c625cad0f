//! `apply`: mask again as reviewers decided, with the options of the run that was reviewed.

use super::progress::Reporter;
use super::{EngineArguments, HELD, LogFormat, LogLevel, key, log, rules, setup};
use deburn::dicom::Limits;
use deburn::dicom::write::WriteOptions;
use deburn::output::Pending;
use deburn::pipeline::Pipeline;
use deburn::reader::Reader;
use deburn::report::{Header, ReviewUsed, RulesFile, Runtime, TextPrivacy, Writer};
use deburn::review::{self, Inputs, Ledger, Loaded};
use deburn::text::{DetectorPool, Engine, RecognizerPool};
use deburn::{Error, Result, source};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

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

/// Applies decisions and returns the exit code.
pub fn run(arguments: &ApplyArguments) -> Result<ExitCode> {
    log::start(arguments.log, LogFormat::Text, std::io::stderr);
    let loaded = Loaded::read(&arguments.report)?;
    let inputs = Inputs::new(&arguments.input, &arguments.report, &loaded.header)?;
    let files = decision_files(arguments)?;
    let ledger = Ledger::read(&files, &loaded)?;
    let new_report = arguments.new_report.clone().unwrap_or_else(|| arguments.output.join("deburn-report.jsonl"));
    refuse_early(arguments, &loaded, &inputs, &new_report)?;
    let engine = Arc::new(setup::engine(&arguments.engine)?);
    let pipeline = pipeline(arguments, &loaded.header, &engine)?;
    let header = header(arguments, &loaded, &ledger, &engine, &files)?;
    let mut report = Writer::new(Pending::create(&new_report)?, header)?;
    let mut reporter = Reporter::new(loaded.records.len(), arguments.quiet, LogFormat::Text);
    setup::workers(arguments.jobs)?.install(|| {
        let both = (&loaded, &ledger);
        review::apply::run(&pipeline, both, &inputs, &arguments.output, &mut report, &mut reporter)
    })?;
    reporter.finish();
    let (footer, pending) = report.finish((loaded.records.len() + loaded.ignored.len()) as u64)?;
    pending.commit(arguments.overwrite)?;
    Ok(if footer.counts.held + footer.counts.review > 0 { HELD.into() } else { ExitCode::SUCCESS })
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

fn refuse_early(arguments: &ApplyArguments, loaded: &Loaded, inputs: &Inputs, new_report: &Path) -> Result<()> {
    source::check_apart(inputs.folders(), &[], &arguments.output)?;
    let targets = loaded.records.iter().map(|record| arguments.output.join(&record.path));
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
fn pipeline(arguments: &ApplyArguments, header: &Header, engine: &Arc<Engine>) -> Result<Pipeline> {
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
        privacy: TextPrivacy { text: options.report_text, key: key::load(arguments.text_key.as_deref())? },
        write: WriteOptions { fallback: options.fallback },
        overwrite: arguments.overwrite,
    })
}

fn header(
    arguments: &ApplyArguments,
    loaded: &Loaded,
    ledger: &Ledger,
    engine: &Engine,
    files: &[PathBuf],
) -> Result<Header> {
    let used = |path: &PathBuf| -> Result<RulesFile> {
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(RulesFile { file, sha256: review::sha256(path)? })
    };
    let reviewers: BTreeSet<String> = ledger.entries().iter().map(|entry| entry.reviewer.clone()).collect();
    let mut header = loaded.header.clone();
    header.version = env!("CARGO_PKG_VERSION").into();
    header.command = "apply".into();
    header.options.device = arguments.engine.device.to_string();
    header.runtime =
        Runtime { version: engine.runtime().version().into(), execution_provider: engine.device().provider().into() };
    header.review = Some(ReviewUsed {
        report_sha256: loaded.sha256.clone(),
        decisions: files.iter().map(used).collect::<Result<_>>()?,
        reviewers: reviewers.into_iter().collect(),
    });
    Ok(header)
}
