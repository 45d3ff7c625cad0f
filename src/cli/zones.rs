//! `zones learn`: a rules file from what reviewers masked.

use super::{print, say};
use deburn::dicom::Limits;
use deburn::output::Pending;
use deburn::review::{Inputs, Ledger, Loaded, learn};
use deburn::{Error, Result};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `zones`.
#[derive(Debug, clap::Args)]
pub struct ZonesArguments {
    #[command(subcommand)]
    command: ZonesCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ZonesCommand {
    /// Proposes device zones from places that reviewers masked again and again
    Learn(LearnArguments),
}

#[derive(Debug, clap::Args)]
struct LearnArguments {
    /// The report that was reviewed
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// The decisions; may be given more than once [default: REPORT with .decisions.jsonl for its ending]
    #[arg(long, value_name = "FILE")]
    decisions: Vec<PathBuf>,
    /// Folder of the run's inputs; may be given more than once [default: the current folder]
    #[arg(long, value_name = "DIR")]
    input: Vec<PathBuf>,
    /// Propose what was masked in so many reviewed instances of a device at least
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    support: u32,
    /// Where the rules go [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    overwrite: bool,
}

/// Learns zones.
pub fn run(arguments: &ZonesArguments) -> Result<ExitCode> {
    let ZonesCommand::Learn(arguments) = &arguments.command;
    super::review::quiet_panics();
    let loaded = Loaded::read(&arguments.report)?;
    let inputs = Inputs::new(&arguments.input, &arguments.report, &loaded.header)?;
    let beside = || vec![arguments.report.with_extension("decisions.jsonl")];
    let files = if arguments.decisions.is_empty() { beside() } else { arguments.decisions.clone() };
    let ledger = Ledger::read(&files, &loaded)?;
    let limits = Limits { max_pixels: loaded.header.options.max_pixels, ..Limits::default() };
    let support = arguments.support as usize;
    let learned = learn::learn(&loaded, &ledger, &inputs, &limits, support);
    let text = learned.to_toml(support)?;
    say(&format!("{} zones from {} reviewed instances", learned.zones.len(), learned.instances));
    let Some(path) = &arguments.output else { return print(&text) };
    let mut pending = Pending::create(path)?;
    pending.write_all(text.as_bytes()).map_err(Error::io("cannot write the rules"))?;
    pending.commit(arguments.overwrite)?;
    Ok(ExitCode::SUCCESS)
}
