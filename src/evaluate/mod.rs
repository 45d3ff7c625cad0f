//! Measures masked files against a truth: which lines are hidden, which stay, what else has changed.
//!
//! Nothing is asked of the tool that made the output but DICOM files in a folder that mirrors the folder of the
//! originals, so that tools can be compared with each other. Only Pixel Data is looked at.
//!
//! # The truth file
//!
//! ```json
//! { "files": [ {
//!   "file": "us/001.dcm",
//!   "lines": [ { "frames": [0, 9], "box": [12, 32, 89, 42], "is_phi": true, "text": "DOE^JANE", "class": ["name"] } ]
//! } ] }
//! ```
//!
//! Of a file:
//!
//! - `file`: its path below the folder of the originals and below that of the output, with `/` between names.
//! - `lines`: its text, *all* of it: what is masked elsewhere is a false mask. Empty where it has none.
//! - `annotated` (optional): `false` where nobody has looked for text; there only changes are counted.
//! - `glyphs` (optional): path of a picture (PNG) below the folder of the truth file that holds the letters of its lines,
//!   white on black.
//! - `transfer_syntax`, `status`, `frames`, `note` (optional): for other readers, ignored.
//!
//! Of a line:
//!
//! - `frames`: first and last frame that it stands in, counted from 0, both included.
//! - `box`: `[x0, y0, x1, y1]` in pixels from the top left, half-open, at most 2 pixels loose around the ink.
//! - `is_phi`: whether it has to be hidden.
//! - `ambiguous` (optional): people would not agree; such a line is counted apart.
//! - `class` (optional): list of words such as `name`, `date`; there is a sum for each.
//! - `text` (optional): shown where it is asked for, used for nothing else.
//! - `readability` (optional): `normal`, `small` or `low_contrast`; there is a sum for each.
//! - `glyphs` (optional): `[x, y]`, where in the file's picture of letters the part of this line starts; the part is as
//!   large as `box`, and its white pixels are the letters.
//! - `plane` (optional): it stands not in Pixel Data but elsewhere, and is not judged.
//! - `turns`, `cap_height`, `contrast` (optional): for other readers, ignored.
//!
//! Any other key is an error, so that a misspelled one is not overlooked.
//!
//! # What is measured
//!
//! A line is **hidden** if at least 95 % of its ink are under a mask in every frame of its range, **kept** if at most
//! 5 % of its ink have changed, and else **partly** hidden. Ink is told from the original's pixels (see `ink.rs`), so
//! that a loose box costs nothing; a share and not all of it, because ink is told by a threshold and a truth box may
//! take in a pixel of something else. Where the truth has the letters to the pixel (`glyphs`), nothing is estimated, and
//! the share is 98 %. A mask is a constant (see `compare.rs`). Frames of its range in which a line shows
//! no ink do not count.
//!
//! The **false area** is the share of pixels, over all frames, that have changed to the value of the mask and are
//! farther than 6 pixels from each box of the file, whatever its frames: masks are padded, and in a clip they stand
//! longer than their line, both on purpose. Pixels that had the value of the mask already are not counted, they have
//! lost nothing. **Changed elsewhere** are pixels that have changed and are not masked.

mod compare;
mod figures;
mod glyphs;
mod ink;
mod picture;
mod sheet;
#[cfg(test)]
mod testing;
mod truth;

pub use figures::{
    Area, Evaluation, FileFigures, FileState, Groups, LineCounts, LineFigures, MOST, NEARLY_ALL, Outcome, Totals,
    VERSION,
};
pub use sheet::{Missed, sheet};
pub use truth::{Kind, Readability, Truth, TruthFile, TruthLine};

use crate::dicom::{Frames, Instance, Limits};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::region::Region;
use compare::{Changes, Cover};
use glyphs::Glyphs;
use picture::Pair;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Pixels around a box that belong to its text: the padding of a mask.
const BOX_GROWTH: u32 = 6;

/// What a line may have changed and still be kept: the end of a mask beside it may touch a letter.
const LITTLE: f64 = 1.0 - MOST;

/// The report that deburn leaves in its output.
const REPORT: &str = "deburn-report.jsonl";

/// How files are compared.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Folder of the originals.
    pub input: &'a Path,
    /// Folder of the output.
    pub masked: &'a Path,
    /// What a file may cost.
    pub limits: Limits,
    /// Differences up to this are no change. Needed where an output was compressed again with loss.
    pub tolerance: u64,
    /// Whether the result holds the texts of the truth.
    pub show_text: bool,
}

/// Compares all files of `truth`.
///
/// # Errors
///
/// [`Error::Path`] where an original is missing, where the output has none of the files, or where a line of the truth
/// does not fit its file. A file of the output that cannot be read is part of the result.
pub fn evaluate(truth: &Truth, options: &Options<'_>) -> Result<Evaluation> {
    let wrong = |path: &Path, problem: &str| Err(Error::Path { path: path.to_owned(), problem: problem.into() });
    if let Some(file) = truth.files.iter().find(|file| !options.input.join(&file.file).is_file()) {
        return wrong(&options.input.join(&file.file), "is in the truth and not in the folder of the originals");
    }
    if !options.masked.is_dir() {
        return wrong(options.masked, "is no folder");
    }
    let report = options.masked.join(REPORT);
    // With a wrong folder all would be absent, and so nothing would leak.
    if !report.is_file() && !truth.files.iter().any(|file| options.masked.join(&file.file).is_file()) {
        return wrong(options.masked, "holds none of the truth's files");
    }
    let statuses = statuses(&report);
    let one = |file: &TruthFile| {
        let mut figures = judge(truth, file, options)?;
        figures.status = statuses.get(&file.file).cloned();
        Ok(figures)
    };
    // In the order of the truth, however many threads there are.
    let files: Vec<FileFigures> =
        truth.files.par_iter().map(one).collect::<Vec<_>>().into_iter().collect::<Result<_>>()?;
    Ok(Evaluation {
        version: VERSION,
        deburn: env!("CARGO_PKG_VERSION").into(),
        tolerance: options.tolerance,
        totals: Totals::of(&files),
        files,
    })
}

/// Reads the statuses of a report, of any version: what is not understood is left out.
fn statuses(report: &Path) -> BTreeMap<String, String> {
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let status = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let status = line["status"].as_str().filter(is_word)?;
        let reason = line["reason"]["code"].as_str().filter(is_word);
        let status = reason.map_or_else(|| status.to_owned(), |reason| format!("{status}: {reason}"));
        Some((line["path"].as_str()?.to_owned(), status))
    };
    std::fs::read_to_string(report).unwrap_or_default().lines().filter_map(status).collect()
}

/// Why a file or the whole truth cannot be judged.
enum Failure {
    /// The file.
    File(String),
    /// The truth.
    Truth(Error),
}

/// Compares one file.
fn judge(truth: &Truth, file: &TruthFile, options: &Options<'_>) -> Result<FileFigures> {
    let mut states: Vec<LineState> = vec![LineState::default(); file.lines.len()];
    let mut changes = Changes::default();
    let (state, problem, frames) = if options.masked.join(&file.file).is_file() {
        let work = || compare_file(truth, file, options, &mut states, &mut changes);
        // Codecs may panic on what they read.
        match catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Failure::File("internal error".into()))) {
            Ok(0) => (FileState::NoPixels, None, 0),
            Ok(frames) => (FileState::Compared, None, frames),
            Err(Failure::File(problem)) => (FileState::NotJudged, Some(problem), 0),
            Err(Failure::Truth(error)) => return Err(error),
        }
    } else {
        (FileState::Absent, None, 0)
    };
    let compared = state == FileState::Compared;
    if !compared {
        changes = Changes::default();
    }
    let figures = |(line, state_of_line): (&TruthLine, &LineState)| {
        line_figures(line, state, problem.as_deref(), state_of_line, options.show_text)
    };
    let lines: Vec<LineFigures> = file.lines.iter().zip(&states).map(figures).collect();
    let mut counts = Groups::default();
    lines.iter().for_each(|line| counts.add(line));
    Ok(FileFigures {
        file: file.file.clone(),
        state,
        problem,
        status: None,
        annotated: file.annotated,
        frames,
        counts,
        masked_area: compare::share(changes.masked, changes.pixels),
        false_area: (compared && file.annotated).then(|| changes.false_area()),
        changed_elsewhere: changes.elsewhere,
        mean_difference: changes.mean_difference(),
        largest_difference: changes.largest,
        lines,
    })
}

/// Compares all frames of a file and returns how many there are; 0 if it has no Pixel Data.
fn compare_file(
    truth: &Truth,
    file: &TruthFile,
    options: &Options<'_>,
    states: &mut [LineState],
    changes: &mut Changes,
) -> Result<u32, Failure> {
    let original = |error: Error| Failure::File(format!("original: {error}"));
    let output = |error: Error| Failure::File(format!("output: {error}"));
    let before = Instance::open(&options.input.join(&file.file), &options.limits).map_err(original)?;
    let after = Instance::open(&options.masked.join(&file.file), &options.limits).map_err(output)?;
    let before = match before.frames().map_err(original)? {
        Some(before) => before,
        None if file.lines.iter().all(|line| line.plane.is_some()) => return Ok(0),
        None => return Err(Failure::File("original: PixelData is missing".into())),
    };
    check_lines(truth, file, &before).map_err(Failure::Truth)?;
    let glyphs = Glyphs::read(truth, file).map_err(Failure::Truth)?;
    let after = after.frames().map_err(output)?;
    let after = after.ok_or_else(|| Failure::File("output: PixelData is missing".into()))?;
    if before.count() != after.count() {
        return Err(Failure::File("the output has another number of frames".into()));
    }
    let near_text = near_text(file, &before);
    for frame in 0..before.count() {
        let (own, other) = (before.decode(frame).map_err(original)?, after.decode(frame).map_err(output)?);
        let pair = Pair::new((&own, before.palette.as_ref()), (&other, after.palette.as_ref()));
        let pair = pair.map_err(|problem| Failure::File(problem.into()))?;
        changes.add(&compare::changes(&pair, &near_text, options.tolerance));
        let (columns, rows) = pair.size();
        for (line, state) in file.lines.iter().zip(states.iter_mut()) {
            if line.plane.is_none()
                && (line.frames[0]..=line.frames[1]).contains(&frame)
                && let Some(ink) = match (line.glyphs, &glyphs) {
                    (Some(corner), Some(glyphs)) => glyphs.ink(corner, line.bounds, columns, rows),
                    _ => ink::find(&pair.before, line.bounds, columns, rows),
                }
            {
                state.add(frame, compare::cover(&pair, &ink, options.tolerance));
            }
        }
    }
    Ok(before.count())
}

/// Refuses lines that stand outside of their file.
fn check_lines(truth: &Truth, file: &TruthFile, frames: &Frames<'_>) -> Result<()> {
    let (columns, rows) = (frames.description.columns, frames.description.rows);
    for (index, line) in file.lines.iter().enumerate().filter(|(_, line)| line.plane.is_none()) {
        if line.frames[1] >= frames.count() {
            return Err(truth.wrong_line(file, index, "frames: the file has no such frame"));
        }
        if line.bounds.x1 > columns || line.bounds.y1 > rows {
            return Err(truth.wrong_line(file, index, "box: outside of the frame"));
        }
    }
    Ok(())
}

/// Returns where a mask is no false one.
fn near_text(file: &TruthFile, frames: &Frames<'_>) -> Region {
    let mut region = Region::new(frames.description.columns, frames.description.rows);
    for line in file.lines.iter().filter(|line| line.plane.is_none()) {
        let Rect { x0, y0, x1, y1 } = line.bounds;
        region.add_rect(Rect::new(
            x0.saturating_sub(BOX_GROWTH),
            y0.saturating_sub(BOX_GROWTH),
            x1.saturating_add(BOX_GROWTH),
            y1.saturating_add(BOX_GROWTH),
        ));
    }
    region
}

/// What was seen of a line so far.
#[derive(Clone, Copy, Debug, Default)]
struct LineState {
    /// Frame with the least cover, that cover, and the largest change.
    worst: Option<(u32, Cover)>,
}

impl LineState {
    fn add(&mut self, frame: u32, cover: Cover) {
        self.worst = Some(match self.worst {
            None => (frame, cover),
            Some((first, worst)) => {
                let changed = worst.changed.max(cover.changed);
                let (frame, covered) =
                    if cover.covered < worst.covered { (frame, cover.covered) } else { (first, worst.covered) };
                (frame, Cover { covered, changed })
            }
        });
    }
}

fn line_figures(
    line: &TruthLine,
    state: FileState,
    problem: Option<&str>,
    seen: &LineState,
    show_text: bool,
) -> LineFigures {
    let enough = if line.glyphs.is_some() { NEARLY_ALL } else { MOST };
    let (outcome, problem) = match (state, &line.plane, seen.worst) {
        (FileState::Absent, _, _) => (Outcome::Absent, None),
        (_, Some(_), _) => (Outcome::NotJudged, Some("not in PixelData".to_owned())),
        (FileState::NotJudged | FileState::NoPixels, ..) => (Outcome::NotJudged, problem.map(str::to_owned)),
        (_, _, None) => (Outcome::NotJudged, Some("the box of the original is uniform".to_owned())),
        (_, _, Some((_, cover))) if cover.covered >= enough => (Outcome::Hidden, None),
        (_, _, Some((_, cover))) if cover.changed <= LITTLE => (Outcome::Kept, None),
        _ => (Outcome::Partly, None),
    };
    let worst = seen.worst.filter(|_| state == FileState::Compared);
    let Rect { x0, y0, x1, y1 } = line.bounds;
    LineFigures {
        frames: line.frames,
        bounds: [x0, y0, x1, y1],
        kind: line.kind,
        class: line.class.clone(),
        readability: line.readability,
        exact: line.glyphs.is_some(),
        outcome,
        problem,
        covered: worst.map(|(_, cover)| cover.covered),
        changed: worst.map(|(_, cover)| cover.changed),
        worst_frame: worst.map(|(frame, _)| frame),
        text: line.text.as_ref().filter(|_| show_text).map(|text| text.expose().clone()),
    }
}
