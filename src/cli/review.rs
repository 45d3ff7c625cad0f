//! `review`: the page in the browser, or the report for audit as one file.

use super::{EngineArguments, print, say, setup};
use deburn::dicom::Limits;
use deburn::output::Pending;
use deburn::reader::Reader;
use deburn::report::Header;
use deburn::review::decisions::check_reviewer;
use deburn::review::server::{self, Review};
use deburn::review::{Inputs, Ledger, Loaded, html};
use deburn::text::{DetectorPool, Effort, RecognizerPool};
use deburn::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `review`.
#[derive(Debug, clap::Args)]
pub struct ReviewArguments {
    /// The report of `mask`, `scan` or `apply`
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Folder of the run's inputs; may be given more than once [default: the current folder]
    #[arg(long, value_name = "DIR")]
    input: Vec<PathBuf>,
    /// Folder of the masked files, to be shown too [default: that of the report, unless it is one of `scan`]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Where decisions are kept; made if it is not there [default: REPORT with .decisions.jsonl for its ending]
    #[arg(long, value_name = "FILE", conflicts_with = "html")]
    decisions: Option<PathBuf>,
    /// Who decides, as it stands in the decisions [default: the name of the user]
    #[arg(long, value_name = "NAME", conflicts_with = "html")]
    reviewer: Option<String>,
    /// Read texts anew and show them in the page; they are never stored
    #[arg(long, conflicts_with = "html")]
    show_text: bool,
    /// Port on 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "PORT", conflicts_with = "html")]
    port: Option<u16>,
    /// Write the report for audit as one page, with masked pictures only, and serve nothing
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Replace an existing page
    #[arg(long, requires = "html")]
    overwrite: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

/// Serves the page, or writes it.
pub fn run(arguments: &ReviewArguments) -> Result<ExitCode> {
    quiet_panics();
    let loaded = Loaded::read(&arguments.report)?;
    let output = arguments.output.clone().or_else(|| folder_of_outputs(&arguments.report, &loaded.header));
    if let Some(path) = &arguments.html {
        let page = html::page(&loaded, output.as_deref(), &Limits::default())?;
        let mut pending = Pending::create(path)?;
        pending.write_all(page.as_bytes()).map_err(Error::io("cannot write the page"))?;
        pending.commit(arguments.overwrite)?;
        return Ok(ExitCode::SUCCESS);
    }
    let inputs = Inputs::new(&arguments.input, &arguments.report, &loaded.header)?;
    let reviewer = match arguments.reviewer.clone().or_else(user) {
        Some(reviewer) => reviewer,
        None => return Err(Error::Usage("--reviewer NAME: nobody knows who you are".into())),
    };
    check_reviewer(&reviewer)?;
    let path = arguments.decisions.clone().unwrap_or_else(|| arguments.report.with_extension("decisions.jsonl"));
    let ledger = Ledger::open(&path, &loaded)?;
    let reader = arguments.show_text.then(|| reader(&arguments.engine)).transpose()?;
    let limits = Limits { max_pixels: loaded.header.options.max_pixels, ..Limits::default() };
    let review = Review { loaded, ledger, inputs, output, reviewer, reader, limits };
    server::serve(review, arguments.port.unwrap_or(0), |link| {
        say("open this link; it works once. Ctrl+C ends the review, all decisions are saved.");
        print(&format!("{link}\n")).map(|_| ())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Says nothing of what a codec choked on: the message may quote it.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}

fn folder_of_outputs(report: &Path, header: &Header) -> Option<PathBuf> {
    let folder = report.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (header.command != "scan").then(|| folder.to_owned())
}

fn user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].iter().filter_map(|name| std::env::var(name).ok()).find(|name| !name.is_empty())
}

fn reader(arguments: &EngineArguments) -> Result<Reader> {
    let engine = Arc::new(setup::engine(arguments)?);
    let recognizers = RecognizerPool::new(Arc::clone(&engine), Effort::default())?;
    Ok(Reader { detectors: DetectorPool::new(engine, Effort::default()), recognizers: Some(recognizers) })
}
