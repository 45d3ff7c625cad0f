//! What an evaluation tells. These types are its JSON form; a new key raises no version, another meaning does.

use super::truth::{Kind, Readability};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the JSON form.
pub const VERSION: u32 = 1;

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Evaluation {
    /// Version of this form.
    pub version: u32,
    /// Version of deburn.
    pub deburn: String,
    /// Differences up to this are no change.
    pub tolerance: u64,
    /// The sums.
    pub totals: Totals,
    /// Each file of the truth, in its order.
    pub files: Vec<FileFigures>,
}

impl Evaluation {
    /// Returns whether a PHI line is in the output and not known to be hidden.
    #[must_use]
    pub const fn leaks(&self) -> bool {
        let phi = &self.totals.lines.phi;
        phi.partly + phi.kept + phi.not_judged > 0
    }
}

/// What became of a line. The worst frame of its range decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// At least 95 % of its ink are under a mask in every frame of its range; of letters that the truth has to the pixel,
    /// 98 %.
    Hidden,
    /// At most 5 % of its ink have changed in every frame of its range.
    Kept,
    /// Neither.
    Partly,
    /// Its file is not in the output.
    Absent,
    /// It could not be looked at; see `problem`.
    NotJudged,
}

/// Lines by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LineCounts {
    /// All of them.
    pub lines: u64,
    /// See [`Outcome::Hidden`].
    pub hidden: u64,
    /// Those of `hidden` with at least 98 % of their ink under a mask.
    pub hidden_98: u64,
    /// See [`Outcome::Partly`].
    pub partly: u64,
    /// See [`Outcome::Kept`].
    pub kept: u64,
    /// See [`Outcome::Absent`].
    pub absent: u64,
    /// See [`Outcome::NotJudged`].
    pub not_judged: u64,
}

/// Of a line's ink, the share that counts as nearly all: a letter of a short word is more than the rest.
pub const MOST: f64 = 0.95;
/// A stricter share, told beside.
pub const NEARLY_ALL: f64 = 0.98;

impl LineCounts {
    /// Counts a line.
    pub fn add(&mut self, line: &LineFigures) {
        self.lines += 1;
        match line.outcome {
            Outcome::Hidden => self.hidden += 1,
            Outcome::Partly => self.partly += 1,
            Outcome::Kept => self.kept += 1,
            Outcome::Absent => self.absent += 1,
            Outcome::NotJudged => self.not_judged += 1,
        }
        let nearly_all = line.covered.is_some_and(|covered| covered >= NEARLY_ALL);
        self.hidden_98 += u64::from(line.outcome == Outcome::Hidden && nearly_all);
    }

    /// Returns the share that is hidden of what was looked at; `None` if that is nothing.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        let seen = self.lines - self.absent - self.not_judged;
        (seen > 0).then(|| super::compare::share(self.hidden, seen))
    }

    /// Returns the sum of both.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            hidden: self.hidden + other.hidden,
            hidden_98: self.hidden_98 + other.hidden_98,
            partly: self.partly + other.partly,
            kept: self.kept + other.kept,
            absent: self.absent + other.absent,
            not_judged: self.not_judged + other.not_judged,
        }
    }
}

/// Lines by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Groups {
    /// Lines that have to be hidden, without ambiguous ones.
    pub phi: LineCounts,
    /// Ambiguous lines.
    pub ambiguous: LineCounts,
    /// Lines that should stay, without ambiguous ones.
    pub technical: LineCounts,
    /// PHI and technical lines by the words of `class`; a line counts for each of its words.
    pub by_class: BTreeMap<String, LineCounts>,
    /// PHI and technical lines by how well a person reads them, where the truth tells.
    pub by_readability: BTreeMap<Readability, LineCounts>,
}

impl Groups {
    /// Counts a line.
    pub fn add(&mut self, line: &LineFigures) {
        match line.kind {
            Kind::Phi => self.phi.add(line),
            Kind::Ambiguous => return self.ambiguous.add(line),
            Kind::Technical => self.technical.add(line),
        }
        if let Some(readability) = line.readability {
            self.by_readability.entry(readability).or_default().add(line);
        }
        for class in &line.class {
            self.by_class.entry(class.clone()).or_default().add(line);
        }
    }
}

/// What is known of a line in the output.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LineFigures {
    /// First and last frame.
    pub frames: [u32; 2],
    /// `[x0, y0, x1, y1]` as in the truth.
    #[serde(rename = "box")]
    pub bounds: [u32; 4],
    /// What it is.
    pub kind: Kind,
    /// The words of the truth.
    pub class: Vec<String>,
    /// How well a person reads it, where the truth tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readability: Option<Readability>,
    /// The truth has its letters to the pixel; else its ink is estimated.
    pub exact: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The smallest share of its ink that is covered in a frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered: Option<f64>,
    /// The largest share of its ink that has changed in a frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<f64>,
    /// The first frame with the smallest share covered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_frame: Option<u32>,
    /// The text, only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Whether a file could be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// All its frames were.
    Compared,
    /// It has no Pixel Data and needs none.
    NoPixels,
    /// It is not in the output: nothing of it leaks.
    Absent,
    /// It is in the output and cannot be compared; see `problem`.
    NotJudged,
}

/// What is known of a file in the output.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FileFigures {
    /// Its path below the folders.
    pub file: String,
    /// Whether it could be compared.
    pub state: FileState,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Its status in a report of deburn that lies in the output, with the code of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether its text was annotated.
    pub annotated: bool,
    /// Frames compared.
    pub frames: u32,
    /// Its lines, added up.
    pub counts: Groups,
    /// Of all pixels, the share that has changed to the value of a mask.
    pub masked_area: f64,
    /// Of all pixels, the share that is masked and not near text; absent without annotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub false_area: Option<f64>,
    /// Pixels that have changed by more than the tolerance and are not masked.
    pub changed_elsewhere: u64,
    /// The mean difference of pixels that are not masked.
    pub mean_difference: f64,
    /// The largest difference of pixels that are not masked.
    pub largest_difference: u64,
    /// Each line.
    pub lines: Vec<LineFigures>,
}

/// An area, over files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Area {
    /// Files that it was measured in.
    pub files: u64,
    /// Files with more than nothing.
    pub files_above_zero: u64,
    /// The mean of their shares.
    pub mean: f64,
    /// The largest share.
    pub worst: f64,
    /// The first file with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_file: Option<String>,
}

impl Area {
    #[expect(clippy::cast_precision_loss, reason = "a number of files")]
    fn of<'a>(files: impl Iterator<Item = (&'a FileFigures, f64)>) -> Self {
        let mut area = Self::default();
        let mut sum = 0.0;
        for (file, share) in files {
            area.files += 1;
            area.files_above_zero += u64::from(share > 0.0);
            sum += share;
            if share > area.worst {
                (area.worst, area.worst_file) = (share, Some(file.file.clone()));
            }
        }
        area.mean = if area.files == 0 { 0.0 } else { sum / area.files as f64 };
        area
    }
}

/// The sums over all files.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Totals {
    /// Files of the truth.
    pub files: u64,
    /// Those compared, or without pixels.
    pub compared: u64,
    /// Those not in the output.
    pub absent: u64,
    /// Those that cannot be compared.
    pub not_judged: u64,
    /// Files by their status in a report of deburn.
    pub by_status: BTreeMap<String, u64>,
    /// All lines.
    pub lines: Groups,
    /// Area masked outside of text, in files with text.
    pub false_area_with_text: Area,
    /// Area masked in files without text.
    pub false_area_without_text: Area,
    /// Files with pixels that have changed and are not masked.
    pub files_changed_elsewhere: u64,
    /// Those pixels.
    pub changed_elsewhere: u64,
    /// The largest difference of pixels that are not masked.
    pub largest_difference: u64,
}

impl Totals {
    /// Adds up the files.
    #[must_use]
    pub fn of(files: &[FileFigures]) -> Self {
        let count = |state: &[FileState]| files.iter().filter(|file| state.contains(&file.state)).count() as u64;
        let mut by_status = BTreeMap::new();
        for status in files.iter().filter_map(|file| file.status.clone()) {
            *by_status.entry(status).or_default() += 1;
        }
        let mut lines = Groups::default();
        files.iter().flat_map(|file| &file.lines).for_each(|line| lines.add(line));
        let compared = || files.iter().filter(|file| file.state == FileState::Compared);
        let areas = |with_text: bool| {
            let own = compared().filter(move |file| file.lines.is_empty() != with_text);
            Area::of(own.filter_map(|file| Some((file, file.false_area?))))
        };
        Self {
            files: files.len() as u64,
            compared: count(&[FileState::Compared, FileState::NoPixels]),
            absent: count(&[FileState::Absent]),
            not_judged: count(&[FileState::NotJudged]),
            by_status,
            lines,
            false_area_with_text: areas(true),
            false_area_without_text: areas(false),
            files_changed_elsewhere: compared().filter(|file| file.changed_elsewhere > 0).count() as u64,
            changed_elsewhere: compared().map(|file| file.changed_elsewhere).sum(),
            largest_difference: compared().map(|file| file.largest_difference).max().unwrap_or(0),
        }
    }
}
