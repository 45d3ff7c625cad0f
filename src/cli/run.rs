//! `mask`, `scan` and `doctor`: set up, run, sum up.

use super::progress::Reporter;
use super::{EngineArguments, FAILED, HELD, LogFormat, LogLevel, RunArguments, doctor, key, reports, rules};
use deburn::again::Verify;
use deburn::batch;
use deburn::dicom::fill::FillChoice;
use deburn::dicom::marks::Marks;
use deburn::dicom::write::WriteOptions;
use deburn::dicom::{Limits, codec};
use deburn::output::Pending;
use deburn::phi::Policy;
use deburn::pipeline::Pipeline;
use deburn::reader::Reader;
use deburn::report::{Footer, Header, ModelUsed, Options, RulesFile, Runtime, ShardUsed, TextPrivacy, Writer};
use deburn::source::{self, Input};
use deburn::text;
use deburn::{Error, Result};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

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

/// Runs a job and returns the exit code.
pub fn run(job: &Job<'_>) -> Result<ExitCode> {
    log(job.arguments.log, job.arguments.log_format);
    // A panic becomes a held record; its message may quote what it choked on.
    std::panic::set_hook(Box::new(|_| {
        if !text::is_decoding() {
            tracing::error!("a stage panicked; the instance is held");
        }
    }));
    let (inputs, shard) = inputs(job.arguments)?;
    refuse_early(job, &inputs)?;
    let (rules, rules_files) = rules::load(&job.arguments.rules.rules)?;
    let engine = Arc::new(engine(&job.arguments.engine)?);
    let pipeline = Pipeline {
        limits: Limits { max_pixels: job.arguments.max_pixels, ..Limits::default() },
        policy: job.arguments.policy,
        documents: job.arguments.documents,
        rules,
        review_below: job.arguments.review_below,
        overlays: job.arguments.overlays,
        fill: job.fill,
        marks: job.marks,
        new_uids: job.new_uids,
        verify: job.verify,
        reader: reader(job, &engine)?,
        privacy: TextPrivacy { text: job.arguments.report_text, key: key::load(job.arguments.text_key.as_deref())? },
        write: WriteOptions { fallback: job.fallback },
        overwrite: job.overwrite,
    };
    let header = Header { shard, ..header(job, &pipeline, &engine, rules_files) };
    let footer = match job.report {
        Some(path) => {
            let (footer, pending) = process(job, &pipeline, &inputs, Pending::create(path)?, header)?;
            pending.commit(job.overwrite)?;
            footer
        }
        None => process(job, &pipeline, &inputs, BufWriter::new(std::io::stdout()), header)?.0,
    };
    Ok(if footer.counts.held + footer.counts.review > 0 { HELD.into() } else { ExitCode::SUCCESS })
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

/// Shows what this installation can do.
pub fn doctor(arguments: &EngineArguments) -> Result<ExitCode> {
    let options = doctor::DoctorOptions {
        ort_library: arguments.ort_lib.clone(),
        model_folder: arguments.model_dir.clone(),
        device: arguments.device,
    };
    let rows: Vec<doctor::SyntaxRow<'_>> = codec::syntaxes()
        .iter()
        .map(|syntax| doctor::SyntaxRow {
            uid: syntax.uid,
            name: syntax.name,
            decode: syntax.decode,
            mask: match syntax.mask {
                codec::MaskForm::InPlace => "in place, same syntax out",
                codec::MaskForm::JpegBlocks => "blocks of the stream, same syntax out",
                codec::MaskForm::Reencoded => "encoded without loss, same syntax out",
                codec::MaskForm::ReencodedIfReversible => "encoded without loss, same syntax out; lossy: --fallback",
                codec::MaskForm::Fallback => "decoded, --fallback out",
                codec::MaskForm::Held => "held",
            },
        })
        .collect();
    let usable = doctor::run(&options, &rows, &mut std::io::stdout().lock())
        .map_err(Error::io("cannot write to standard output"))?;
    Ok(if usable { ExitCode::SUCCESS } else { FAILED.into() })
}

/// Refuses what would go wrong later, before any work.
fn refuse_early(job: &Job<'_>, inputs: &[Input]) -> Result<()> {
    let exists = |path: &Path| {
        let problem = "exists already; --overwrite replaces it";
        if job.overwrite || path.symlink_metadata().is_err() {
            Ok(())
        } else {
            Err(Error::Path { path: path.to_owned(), problem: problem.into() })
        }
    };
    if let Some(output) = job.output {
        source::check_apart(&job.arguments.inputs, inputs, output)?;
        for input in inputs {
            let target = output.join(&input.relative);
            exists(&target)?;
            if job.report == Some(target.as_path()) {
                return Err(Error::Path { path: target, problem: "is the report and the output of an input".into() });
            }
        }
    }
    if let Some(report) = job.report {
        exists(report)?;
        if inputs.iter().any(|input| same_file(&input.path, report)) {
            return Err(Error::Path { path: report.to_owned(), problem: "the report is an input".into() });
        }
    }
    Ok(())
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn engine(arguments: &EngineArguments) -> Result<text::Engine> {
    let models = match &arguments.model_dir {
        Some(folder) => text::Models::from_folder(folder)?,
        None => text::Models::embedded()?,
    };
    let runtime = text::Runtime::load(arguments.ort_lib.as_deref())?;
    text::Engine::new(runtime, models, arguments.device)
}

/// Makes what finds and reads text. Nothing is read where nothing can stay.
fn reader(job: &Job<'_>, engine: &Arc<text::Engine>) -> Result<Reader> {
    let recognizers = match job.arguments.policy {
        Policy::All => None,
        _ => Some(text::RecognizerPool::new(Arc::clone(engine), job.arguments.effort)?),
    };
    Ok(Reader { detectors: text::DetectorPool::new(Arc::clone(engine), job.arguments.effort), recognizers })
}

fn header(job: &Job<'_>, pipeline: &Pipeline, engine: &text::Engine, rules: Vec<RulesFile>) -> Header {
    let recognizer = pipeline.reader.recognizers.as_ref().map(|_| engine.recognizer_entry(job.arguments.effort));
    let used = |role: &str, model: &text::ModelEntry| ModelUsed {
        role: role.into(),
        file: model.file.clone(),
        sha256: model.sha256.clone(),
    };
    Header {
        version: env!("CARGO_PKG_VERSION").into(),
        command: if job.output.is_some() { "mask" } else { "scan" }.into(),
        options: Options {
            policy: pipeline.policy,
            documents: pipeline.documents,
            effort: job.arguments.effort,
            rules,
            review_below: pipeline.review_below,
            overlays: pipeline.overlays,
            fill: pipeline.fill.to_string(),
            marks: pipeline.marks,
            new_uids: pipeline.new_uids,
            verify: pipeline.verify,
            report_text: pipeline.privacy.text,
            text_key: pipeline.privacy.key.id(),
            fallback: pipeline.write.fallback,
            max_pixels: pipeline.limits.max_pixels,
            device: job.arguments.engine.device.to_string(),
        },
        runtime: Runtime {
            version: engine.runtime().version().into(),
            execution_provider: engine.device().provider().into(),
        },
        models: (engine.detector_entries(job.arguments.effort).into_iter().map(|model| used("detector", model)))
            .chain(recognizer.map(|model| used("recognizer", model)))
            .collect(),
        shard: None,
    }
}

fn process<W: Write + Send>(
    job: &Job<'_>,
    pipeline: &Pipeline,
    inputs: &[Input],
    out: W,
    header: Header,
) -> Result<(Footer, W)> {
    let threads = job.arguments.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .panic_handler(|_| tracing::error!("a worker panicked"))
        .build()
        .map_err(|error| Error::Usage(format!("cannot start the workers: {error}")))?;
    let mut report = Writer::new(out, header)?;
    let mut reporter = Reporter::new(inputs.len(), job.arguments.quiet, job.arguments.log_format);
    pool.install(|| batch::run(pipeline, inputs, job.output, &mut report, &mut reporter))?;
    reporter.finish();
    report.finish(inputs.len() as u64)
}

/// Sends this program's log events from `level` up to standard error.
///
/// Of libraries only ONNX Runtime is heard, which sees no header: readers and codecs quote values in their messages.
fn log(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let filter = EnvFilter::new(format!("off,deburn={level},ort=warn"));
    // A second subscriber in one process is refused; the first one stays.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => log.without_time().try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}
