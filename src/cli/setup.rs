//! What `mask` and `scan` work with: runtime, models, rules and key, made from the arguments.

use super::run::Job;
use super::{EngineArguments, rules};
use deburn::dicom::Limits;
use deburn::dicom::write::WriteOptions;
use deburn::phi::Policy;
use deburn::pipeline::Pipeline;
use deburn::reader::Reader;
use deburn::report::{Header, ModelUsed, Options, RulesFile, Runtime, TextKey, TextPrivacy};
use deburn::{Result, text};
use std::sync::Arc;

/// Makes the pipeline of a job, and the header that says what it is made of.
pub fn pipeline(job: &Job<'_>, key: TextKey) -> Result<(Pipeline, Header)> {
    let (rules, engine) = std::thread::scope(|scope| {
        let engine = scope.spawn(|| engine(&job.arguments.engine));
        (rules::load(&job.arguments.rules.rules), engine.join())
    });
    let (rules, rules_files) = rules?;
    let engine = Arc::new(engine.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
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
        privacy: TextPrivacy { text: job.arguments.report_text, key },
        write: WriteOptions { fallback: job.fallback },
        overwrite: job.overwrite,
    };
    let header = header(job, &pipeline, &engine, rules_files);
    Ok((pipeline, header))
}

/// Loads the runtime and the models.
pub fn engine(arguments: &EngineArguments) -> Result<text::Engine> {
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
        review: None,
    }
}
