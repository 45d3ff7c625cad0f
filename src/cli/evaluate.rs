//! `deburn evaluate`: measures masked files against a truth, as a table or as JSON.

use super::{HELD, print, say};
use clap::Args;
use deburn::dicom::Limits;
use deburn::evaluate::{
    Area, Evaluation, FileFigures, FileState, Kind, LineCounts, LineFigures, Missed, Options, Outcome, Readability,
    Truth, evaluate, sheet,
};
use deburn::output::Pending;
use deburn::{Error, Result};
use image::codecs::png::PngEncoder;
use image::{ImageEncoder as _, RgbImage};
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 no PHI line is left in the files of the output; 1 bad usage or a malformed truth; \
2 at least one PHI line is in the output and not known to be hidden."
)]
pub struct EvaluateArguments {
    /// JSON file that says which text stands where; README shows its form
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// Folder with the masked files; mirrors the tree of the originals
    #[arg(long, value_name = "DIR")]
    masked: PathBuf,
    /// Folder with the originals [default: the folder of the truth file]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Write all figures as JSON to this file, or with - to standard output in place of the table
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw every PHI or ambiguous line that is not hidden into this PNG file, as in the input and in the output: it
    /// shows PHI and is for those who may see the input
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// Draw technical lines that are not hidden too, where all text was to be hidden
    #[arg(long, requires = "sheet")]
    sheet_all: bool,
    /// Replace an existing JSON or PNG file
    #[arg(long)]
    overwrite: bool,
    /// Also list each PHI line not hidden, each ambiguous one not hidden and each technical one not kept
    #[arg(long)]
    list: bool,
    /// Show the texts of the truth in the list and in JSON: they may be PHI
    #[arg(long)]
    show_text: bool,
    /// Take stored values that differ by no more than this for equal, for outputs that were compressed again with loss
    #[arg(long, value_name = "N", default_value_t = 0)]
    tolerance: u64,
    /// Do not judge files whose frames have more pixels than this
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_pixels)]
    max_pixels: u64,
}

/// Measures and prints; returns the exit code.
pub fn run(arguments: &EvaluateArguments) -> Result<ExitCode> {
    // A codec that panics may quote what it choked on.
    std::panic::set_hook(Box::new(|_| {}));
    let json = arguments.json.as_deref();
    let files = [json.filter(|path| *path != Path::new("-")), arguments.sheet.as_deref()];
    for path in files.into_iter().flatten().filter(|_| !arguments.overwrite) {
        if path.symlink_metadata().is_ok() {
            let problem = "exists already; --overwrite replaces it";
            return Err(Error::Path { path: path.to_owned(), problem: problem.into() });
        }
    }
    let truth = Truth::read(&arguments.truth)?;
    let options = Options {
        input: arguments.input.as_deref().unwrap_or(truth.folder()),
        masked: &arguments.masked,
        limits: Limits { max_pixels: arguments.max_pixels, ..Limits::default() },
        tolerance: arguments.tolerance,
        show_text: arguments.show_text,
    };
    let evaluation = evaluate(&truth, &options)?;
    let text = || {
        let text = serde_json::to_string_pretty(&evaluation);
        text.map(|text| text + "\n").map_err(|_| Error::Verification("the JSON cannot be made"))
    };
    match json {
        Some(path) if path == Path::new("-") => print(&text()?)?,
        _ => print(&table(&evaluation, arguments.list))?,
    };
    if let Some(path) = json.filter(|path| *path != Path::new("-")) {
        let mut pending = Pending::create(path)?;
        pending.write_all(text()?.as_bytes()).map_err(Error::io("cannot write the figures"))?;
        pending.commit(arguments.overwrite)?;
    }
    if let Some(path) = &arguments.sheet {
        let missed = if arguments.sheet_all { Missed::All } else { Missed::Phi };
        write_sheet(path, sheet(&truth.files, &evaluation, &options, missed)?.as_ref(), arguments.overwrite)?;
    }
    Ok(if evaluation.leaks() { HELD.into() } else { ExitCode::SUCCESS })
}

/// Writes the sheet for its owner alone, or says that there is nothing to show.
fn write_sheet(path: &Path, sheet: Option<&RgbImage>, overwrite: bool) -> Result<()> {
    let Some(sheet) = sheet else {
        say("no line is missed: no sheet is written");
        return Ok(());
    };
    let mut pending = Pending::create_private(path)?;
    let written = PngEncoder::new(&mut pending).write_image(
        sheet.as_raw(),
        sheet.width(),
        sheet.height(),
        image::ExtendedColorType::Rgb8,
    );
    written.map_err(|_| Error::Verification("the sheet cannot be written"))?;
    pending.commit(overwrite)
}

/// Describes the figures for people.
fn table(evaluation: &Evaluation, list: bool) -> String {
    let mut out = String::new();
    write_table(evaluation, list, &mut out).expect("a string takes everything");
    out
}

fn write_table(evaluation: &Evaluation, list: bool, out: &mut String) -> fmt::Result {
    write_files(&evaluation.files, out)?;
    write_lines(evaluation, out)?;
    write_changes(evaluation, out)?;
    if list {
        writeln!(out, "\nmissed lines")?;
        for file in &evaluation.files {
            file.lines.iter().filter(|line| is_missed(line)).try_for_each(|line| write_line(file, line, out))?;
        }
    }
    Ok(())
}

fn write_files(files: &[FileFigures], out: &mut String) -> fmt::Result {
    let titles =
        ["file", "PHI hidden", "technical kept", "ambiguous hidden", "false area", "changed elsewhere", "remarks"];
    let mut rows = vec![titles.map(str::to_owned)];
    for file in files {
        let of = |counts: &LineCounts, good: u64| {
            if counts.lines == 0 { String::new() } else { format!("{good}/{}", counts.lines) }
        };
        let compared = file.state == FileState::Compared;
        let state = match file.state {
            FileState::Compared => None,
            FileState::NoPixels => Some("no pixels".to_owned()),
            FileState::Absent => Some("not in the output".to_owned()),
            FileState::NotJudged => Some("not judged".to_owned()),
        };
        let not_annotated = (!file.annotated).then(|| "not annotated".to_owned());
        let remarks = [state, file.problem.clone(), file.status.clone(), not_annotated];
        rows.push([
            file.file.clone(),
            of(&file.counts.phi, file.counts.phi.hidden),
            of(&file.counts.technical, file.counts.technical.kept),
            of(&file.counts.ambiguous, file.counts.ambiguous.hidden),
            file.false_area.map(percent).unwrap_or_default(),
            if compared { file.changed_elsewhere.to_string() } else { String::new() },
            remarks.into_iter().flatten().collect::<Vec<_>>().join("; "),
        ]);
    }
    write_aligned(&rows, 1, out)
}

fn write_lines(evaluation: &Evaluation, out: &mut String) -> fmt::Result {
    let lines = &evaluation.totals.lines;
    let titles = ["lines", "all", "hidden", "share", "by 98 %", "partly", "kept", "not in the output", "not judged"];
    let mut rows = vec![titles.map(str::to_owned)];
    let mut add = |name: &str, counts: &LineCounts| {
        let LineCounts { lines, hidden, hidden_98, partly, kept, absent, not_judged } = *counts;
        let share = counts.recall().map(percent).unwrap_or_default();
        let [a, b, c, d, e, f, g] =
            [lines, hidden, hidden_98, partly, kept, absent, not_judged].map(|number| number.to_string());
        rows.push([name.to_owned(), a, b, share, c, d, e, f, g]);
    };
    add("PHI", &lines.phi);
    add("PHI and ambiguous", &lines.phi.plus(&lines.ambiguous));
    add("technical", &lines.technical);
    add("ambiguous", &lines.ambiguous);
    for (readability, counts) in &lines.by_readability {
        let name = match readability {
            Readability::Normal => "  (normal)",
            Readability::Small => "  (small)",
            Readability::LowContrast => "  (low contrast)",
        };
        add(name, counts);
    }
    lines.by_class.iter().for_each(|(class, counts)| add(&format!("  {class}"), counts));
    writeln!(out)?;
    write_aligned(&rows, 0, out)
}

fn write_changes(evaluation: &Evaluation, out: &mut String) -> fmt::Result {
    let totals = &evaluation.totals;
    let by_status: Vec<String> = totals.by_status.iter().map(|(status, count)| format!("{count} {status}")).collect();
    writeln!(
        out,
        "\n{} files: {} compared, {} not in the output, {} not judged",
        totals.files, totals.compared, totals.absent, totals.not_judged
    )?;
    if !by_status.is_empty() {
        writeln!(out, "by the report in the output: {}", by_status.join(", "))?;
    }
    let mut area = |what: &str, area: &Area| match &area.worst_file {
        Some(worst) => writeln!(
            out,
            "{what}: {} of the picture on average, {} at most ({worst}), nothing in {} of {} files",
            percent(area.mean),
            percent(area.worst),
            area.files - area.files_above_zero,
            area.files
        ),
        None => writeln!(out, "{what}: nothing in {} files", area.files),
    };
    area("masked outside of text, files with text", &totals.false_area_with_text)?;
    area("masked in files without text", &totals.false_area_without_text)?;
    writeln!(
        out,
        "changed elsewhere by more than {}: {} pixels in {} files; the largest difference is {}",
        evaluation.tolerance, totals.changed_elsewhere, totals.files_changed_elsewhere, totals.largest_difference
    )
}

/// Writes columns of numbers between a first one of names and `remarks` last ones of text.
fn write_aligned<const N: usize>(rows: &[[String; N]], remarks: usize, out: &mut String) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let is_number = column > 0 && column + remarks < N;
            if is_number { write!(line, "{gap}{cell:>width$}")? } else { write!(line, "{gap}{cell:width$}")? }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn is_missed(line: &LineFigures) -> bool {
    match (line.kind, line.outcome) {
        (_, Outcome::Absent) => false,
        (Kind::Technical, outcome) => outcome != Outcome::Kept,
        (Kind::Phi | Kind::Ambiguous, outcome) => outcome != Outcome::Hidden,
    }
}

fn write_line(file: &FileFigures, line: &LineFigures, out: &mut String) -> fmt::Result {
    let kind = match line.kind {
        Kind::Phi => "PHI",
        Kind::Ambiguous => "ambiguous",
        Kind::Technical => "technical",
    };
    let outcome = match line.outcome {
        Outcome::Hidden => "hidden",
        Outcome::Kept => "kept",
        Outcome::Partly => "partly hidden",
        Outcome::Absent => "not in the output",
        Outcome::NotJudged => "not judged",
    };
    let [first, last] = line.frames;
    write!(out, "{}: {kind}", file.file)?;
    if !line.class.is_empty() {
        write!(out, " ({})", line.class.join(", "))?;
    }
    write!(out, ", frames {first} to {last}, box {:?}: {outcome}", line.bounds)?;
    if let (Some(covered), Some(changed), Some(frame)) = (line.covered, line.changed, line.worst_frame) {
        let (covered, changed) = (percent(covered), percent(changed));
        write!(out, ", {covered} of its ink covered in frame {frame}, {changed} changed")?;
    }
    if let Some(problem) = &line.problem {
        write!(out, ", {problem}")?;
    }
    if let Some(text) = &line.text {
        write!(out, ", {text:?}")?;
    }
    writeln!(out)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
