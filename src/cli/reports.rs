//! `merge`, `handoff` and `summary`: what is done with reports after their runs.

use super::print;
use clap::Args;
use deburn::output::Pending;
use deburn::report::{Header, Line, RawLine, Summary, merge as merge_reports, read, write_csv};
use deburn::{Error, Result, source};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 the reports go together and every input is accounted for; 1 they do not, and \
nothing is written.")]
pub struct MergeArguments {
    /// Reports of runs over parts of the inputs
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<PathBuf>,
    /// Where the one report goes [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Names of all inputs as in the reports, one a line or each ended by a NUL; each must be in exactly one report
    #[arg(long, value_name = "FILE")]
    inputs: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    overwrite: bool,
}

/// Arguments of `handoff`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 all files are listed; 1 the report is not whole, or a file that it promises is \
not there.")]
pub struct HandoffArguments {
    /// The report of a finished run
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Folder of the cleaned files: list them with it, and check that each is there
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// End each path with a NUL in place of a line end
    #[arg(short = '0', long)]
    null: bool,
}

/// Arguments of `summary`.
#[derive(Debug, Args)]
pub struct SummaryArguments {
    /// The report of a finished run
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a row for each input to this file, as comma-separated values
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    overwrite: bool,
}

/// Joins reports into one.
pub fn merge(arguments: &MergeArguments) -> Result<ExitCode> {
    let open = |path: &PathBuf| Ok((path.display().to_string(), BufReader::new(open(path)?)));
    let mut reports = arguments.reports.iter().map(open).collect::<Result<Vec<_>>>()?;
    let expected = match &arguments.inputs {
        Some(list) => {
            let names = String::from_utf8(read_list(list)?);
            let names = names.map_err(|_| Error::Usage("the names of the inputs are not UTF-8".into()))?;
            let separator = if names.contains('\0') { '\0' } else { '\n' };
            let names = names.split(separator).map(|name| name.strip_suffix('\r').unwrap_or(name));
            Some(names.filter(|name| !name.is_empty()).map(str::to_owned).collect::<BTreeSet<_>>())
        }
        None => None,
    };
    match &arguments.output {
        Some(path) => {
            refuse_existing(path, arguments.overwrite)?;
            let mut out = Pending::create(path)?;
            merge_reports(&mut reports, expected.as_ref(), &mut out)?;
            out.commit(arguments.overwrite)?;
        }
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            merge_reports(&mut reports, expected.as_ref(), &mut out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists the files that may go on to a tag scrubber.
pub fn handoff(arguments: &HandoffArguments) -> Result<ExitCode> {
    let mut list = Vec::new();
    read_report(&arguments.report, |raw| {
        let Line::Instance(record) = raw.line else { return Ok(()) };
        if !record.status.goes_out() {
            return Ok(());
        }
        let malformed = || Error::Report("a path in it cannot be one".into());
        let relative = source::parse_name(&record.path).ok_or_else(malformed)?;
        let path = arguments.output.as_ref().map_or(relative.clone(), |folder| folder.join(&relative));
        if arguments.output.is_some() && !path.is_file() {
            return Err(Error::Path { path, problem: "is in the report and not in the output".into() });
        }
        let bytes = path.as_os_str().as_encoded_bytes();
        if !arguments.null && bytes.contains(&b'\n') {
            return Err(Error::Usage("a path holds a line end: --null lists it".into()));
        }
        list.extend_from_slice(bytes);
        list.push(if arguments.null { 0 } else { b'\n' });
        Ok(())
    })?;
    std::io::stdout().write_all(&list).map_err(Error::io("cannot write to standard output"))?;
    Ok(ExitCode::SUCCESS)
}

/// Sums up a report.
pub fn summary(arguments: &SummaryArguments) -> Result<ExitCode> {
    if let Some(path) = &arguments.csv {
        refuse_existing(path, arguments.overwrite)?;
    }
    let mut summary = Summary::default();
    let header = read_report(&arguments.report, |raw| {
        summary.add(raw.line, None);
        Ok(())
    })?;
    if let Some(path) = &arguments.csv {
        // The report is whole, as was just seen; its last line is no row.
        let lines = std::io::BufRead::lines(BufReader::new(open(&arguments.report)?)).map(|line| {
            let line = line.map_err(Error::io("cannot read the report"))?;
            serde_json::from_str(&line).map_err(|_| Error::Report("it changed while it was read".into()))
        });
        let mut pending = Pending::create(path)?;
        write_csv(lines, &mut pending)?;
        pending.commit(arguments.overwrite)?;
    }
    if arguments.json {
        let json = serde_json::json!({"version": header.version, "command": header.command, "summary": summary});
        print(&format!("{json:#}\n"))
    } else {
        print(&format!("{summary}\n"))
    }
}

fn read_report(path: &Path, visit: impl FnMut(RawLine<'_>) -> Result<()>) -> Result<Header> {
    Ok(read(BufReader::new(open(path)?), visit)?.0)
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| Error::Path { path: path.to_owned(), problem: error.kind().to_string() })
}

/// Reads a list of paths, from standard input for `-`.
pub fn read_list(path: &Path) -> Result<Vec<u8>> {
    let mut list = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut list)
    } else {
        open(path)?.read_to_end(&mut list)
    };
    read.map_err(|error| Error::Path { path: path.to_owned(), problem: error.kind().to_string() })?;
    Ok(list)
}

fn refuse_existing(path: &Path, overwrite: bool) -> Result<()> {
    if overwrite || path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Error::Path { path: path.to_owned(), problem: "exists already; --overwrite replaces it".into() })
}
