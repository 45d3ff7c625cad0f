//! The command line: arguments in, library calls out.

mod apply;
mod doctor;
mod evaluate;
mod key;
mod log;
mod machine;
mod progress;
mod reports;
mod review;
mod rules;
mod run;
mod setup;
mod state;
mod worker;
mod zones;

use clap::{Args, Parser, Subcommand, ValueEnum};
use deburn::again::Verify;
use deburn::dicom::Limits;
use deburn::dicom::codec::Fallback;
use deburn::dicom::fill::FillChoice;
use deburn::dicom::marks::Marks;
use deburn::dicom::places::Overlays;
use deburn::phi::{Documents, Policy};
use deburn::report::ReportText;
use deburn::source::Shard;
use deburn::text::{Device, Effort};
use deburn::{Error, Result};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code for bad usage and set-up.
const FAILED: u8 = 1;
/// Exit code where at least one input is held or for review.
const HELD: u8 = 2;
/// Exit code of a run that stopped before its end, and that the same command goes on with.
const STOPPED: u8 = 3;

/// Finds text burned into DICOM pixels, masks it and reports every decision.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 all inputs are clean, masked or without pixels; \
1 bad usage or set-up; 2 at least one input is held or needs review; 3 stopped before the end by a signal or a full disk: \
the same command goes on."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Masks burned-in text and writes cleaned copies
    Mask(MaskArguments),
    /// Reports burned-in text and writes nothing else
    Scan(ScanArguments),
    /// Shows what this installation can do, and fails if it cannot do its main job
    Doctor(DoctorArguments),
    /// Gets the pinned ONNX Runtime from PyPI into the per-user data folder
    FetchRuntime,
    /// Measures masked files, of any tool, against what is known of their text
    Evaluate(evaluate::EvaluateArguments),
    /// Joins the reports of runs over parts of the inputs into that of one run over all, and proves it
    Merge(reports::MergeArguments),
    /// Lists the cleaned files that may go on to a tag scrubber: none that is held or for review
    Handoff(reports::HandoffArguments),
    /// Sums up a report by status, modality, reason and rule, and writes it as a table
    Summary(reports::SummaryArguments),
    /// Prints all rules in force: patterns, technical words, deny and allow terms, zones
    Rules(RulesArguments),
    /// Shows a report with its pictures in the browser, for a person to correct; or writes it as one page
    Review(review::ReviewArguments),
    /// Masks again as reviewers decided
    Apply(apply::ApplyArguments),
    /// Device zones
    Zones(zones::ZonesArguments),
    /// Prints the JSON Schema of the report's lines
    Schema(SchemaArguments),
}

#[derive(Debug, Args)]
struct MaskArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Folder for the cleaned files; mirrors the tree of the inputs
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Where the report goes, - for standard output [default: deburn-report.jsonl in the output folder, with the name of
    /// the shard or part in it where there is one]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The lossless form of masked instances that cannot be written in their own without a further loss
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    fallback: Fallback,
    /// What masks are filled with: black, background (the median around each mask) or a stored value
    #[arg(long, value_name = "FILL", default_value_t, allow_hyphen_values = true)]
    fill: FillChoice,
    /// Which outputs say in their header that burned-in text was removed (PS3.15 E.3.1)
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    marks: Marks,
    /// Give masked outputs a SOP Instance UID of their own, made from that of the input; references to it stay
    #[arg(long)]
    new_uids: bool,
    /// What becomes of text that a second look finds in a masked instance before it goes out
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    verify: Verify,
    /// Replace existing files of the output
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, Args)]
struct ScanArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Where the report goes, - for standard output [default: -]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Replace an existing report
    #[arg(long)]
    overwrite: bool,
}

/// What `mask` and `scan` share.
#[derive(Debug, Args)]
struct RunArguments {
    /// DICOM files, or folders with DICOM files of any name
    #[arg(required_unless_present = "files_from", value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Take the files that this list names too, one path a line or, where there is a NUL in it, each ended by one; - for
    /// standard input
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Listed files keep their place below this folder [default: relative paths are their places, others keep their name]
    #[arg(long, value_name = "DIR", requires = "files_from")]
    root: Option<PathBuf>,
    /// Take only part I of N of the files, chosen by their names: runs of all parts share no work and leave none out
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// A name for this run where several share an output folder, each with files of its own: for its report and journal
    #[arg(long, value_name = "NAME", conflicts_with = "shard", value_parser = part)]
    part: Option<String>,
    /// List what there is to do and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Which text stays
    #[arg(long, value_enum, default_value_t)]
    policy: Policy,
    /// What becomes of overlay planes
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    overlays: Overlays,
    /// What becomes of scanned documents
    #[arg(long, value_enum, default_value_t)]
    documents: Documents,
    /// How carefully text is looked for and read
    #[arg(long, value_enum, default_value_t)]
    effort: Effort,
    #[command(flatten)]
    rules: RulesArguments,
    /// Do not write instances with a kept line whose reading score is lower: they need review
    #[arg(long, value_name = "SCORE", value_parser = score)]
    review_below: Option<f32>,
    /// Which text the report shows; other text is shown as a keyed hash
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    report_text: ReportText,
    /// Key of the text hashes, 64 hexadecimal digits [default: one for this user, made at first use]
    #[arg(long, value_name = "FILE")]
    text_key: Option<PathBuf>,
    #[command(flatten)]
    engine: EngineArguments,
    /// Instances and frames worked on at once [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Hold frames with more pixels than this
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_pixels)]
    max_pixels: u64,
    #[command(flatten)]
    worker: worker::WorkerArguments,
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
    /// What to log on standard error
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "warn")]
    log: LogLevel,
    /// How to write on standard error: progress, held inputs, the summary and the log
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

impl RunArguments {
    /// Returns the name of the part that the run takes; `None` where it has its output for itself.
    fn part_name(&self) -> Option<String> {
        let shard = self.shard.map(|shard| format!("{}-of-{}", shard.index(), shard.count()));
        shard.or_else(|| self.part.clone())
    }
}

#[derive(Debug, Args)]
struct RulesArguments {
    /// Site rules to add: a TOML file as `deburn rules` prints, a CTP DicomPixelAnonymizer script or a deid recipe;
    /// may be given more than once
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct SchemaArguments {
    /// Of which lines
    #[arg(long, value_enum, value_name = "WHAT", default_value = "report")]
    of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SchemaOf {
    /// Reports
    Report,
    /// Decisions of reviewers
    Decisions,
}

/// Log levels. Events hold counts, sizes and rule ids; no text and no header values.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The form of what is written on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Args)]
struct EngineArguments {
    /// auto, cpu, cuda[:N], tensorrt, coreml, directml or openvino; one that is named must be there
    #[arg(long, default_value_t)]
    device: Device,
    /// The ONNX Runtime library to use [default: ORT_DYLIB_PATH, then the places that doctor lists]
    #[arg(long, value_name = "FILE")]
    ort_lib: Option<PathBuf>,
    /// A folder with a manifest.toml and models to use in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    model_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct DoctorArguments {
    #[command(flatten)]
    engine: EngineArguments,
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done about a closed terminal.
            let _ = error.print();
            return if error.use_stderr() { FAILED.into() } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(cli.command) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("deburn: {error}"));
            FAILED.into()
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Mask(arguments) => {
            let name = match arguments.run.part_name() {
                Some(part) => format!("deburn-report-{part}.jsonl"),
                None => "deburn-report.jsonl".to_owned(),
            };
            let report = arguments.report.unwrap_or_else(|| arguments.output.join(name));
            run::run(&run::Job {
                output: Some(&arguments.output),
                report: run::file(&report),
                fallback: arguments.fallback,
                overwrite: arguments.overwrite,
                fill: arguments.fill,
                marks: arguments.marks,
                new_uids: arguments.new_uids,
                verify: arguments.verify,
                arguments: &arguments.run,
            })
        }
        Command::Scan(arguments) => run::run(&run::Job {
            output: None,
            report: arguments.report.as_deref().and_then(run::file),
            fallback: Fallback::default(),
            overwrite: arguments.overwrite,
            fill: FillChoice::default(),
            marks: Marks::default(),
            new_uids: false,
            verify: Verify::default(),
            arguments: &arguments.run,
        }),
        Command::Doctor(arguments) => doctor::doctor(&arguments.engine),
        Command::FetchRuntime => {
            let path = deburn::text::fetch_runtime()?;
            print(&format!("{}\n", path.display()))
        }
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Merge(arguments) => reports::merge(&arguments),
        Command::Handoff(arguments) => reports::handoff(&arguments),
        Command::Summary(arguments) => reports::summary(&arguments),
        Command::Rules(arguments) => print(&rules::load(&arguments.rules)?.0.effective_toml()),
        Command::Review(arguments) => review::run(&arguments),
        Command::Apply(arguments) => apply::run(&arguments),
        Command::Zones(arguments) => zones::run(&arguments),
        Command::Schema(arguments) => {
            let schema = match arguments.of {
                SchemaOf::Report => deburn::report::schema(),
                SchemaOf::Decisions => deburn::review::decisions::schema(),
            };
            print(&schema.map_err(|_| Error::Verification("the schema cannot be made"))?)
        }
    }
}

/// Parses the name of a part.
fn part(text: &str) -> std::result::Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_name = (1..=64).contains(&text.len()) && text.chars().all(is_plain);
    if is_name { Ok(text.to_owned()) } else { Err("not 1 to 64 letters, digits, - and _".to_owned()) }
}

/// Parses a score.
fn score(text: &str) -> std::result::Result<f32, String> {
    let score: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&score) { Ok(score) } else { Err("not in 0..=1".to_owned()) }
}

/// Writes to standard output.
fn print(text: &str) -> Result<ExitCode> {
    std::io::stdout().write_all(text.as_bytes()).map_err(Error::io("cannot write to standard output"))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a line to standard error, whose absence is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
