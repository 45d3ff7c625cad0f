//! Runs the program and reads what it wrote.

use assert_cmd::Command;
use deburn::dicom::{Instance, Limits};
use deburn::report::{Footer, Header, Line, Record, Status};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The program, ready for arguments.
pub fn deburn() -> Command {
    let mut command = Command::cargo_bin("deburn").expect("the program is built for its tests");
    // Tests leave nothing in the user's own data folder.
    command.env("XDG_DATA_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("data"));
    command
}

/// The folder of the fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A report, taken apart.
pub struct Report {
    pub header: Header,
    pub records: BTreeMap<String, Record>,
    pub ignored: Vec<String>,
    pub footer: Footer,
    pub text: String,
}

impl Report {
    /// Reads a report and checks its form: one header, one footer, every sum right.
    pub fn parse(text: String) -> Self {
        let mut lines: Vec<Line> =
            text.lines().map(|line| serde_json::from_str(line).expect("a line of the schema")).collect();
        let Some(Line::Summary(footer)) = lines.pop() else { panic!("the last line is the summary") };
        let mut records = BTreeMap::new();
        let mut ignored = Vec::new();
        let mut lines = lines.into_iter();
        let Some(Line::Run(header)) = lines.next() else { panic!("the first line is the header") };
        for line in lines {
            match line {
                Line::Instance(record) => {
                    assert!(records.insert(record.path.clone(), record).is_none(), "one record an input");
                }
                Line::Ignored(file) => ignored.push(file.path),
                Line::Run(_) | Line::Summary(_) => panic!("one header, one footer"),
            }
        }
        assert_eq!(footer.inputs, footer.counts.total());
        assert_eq!(footer.inputs, records.len() as u64);
        assert_eq!(footer.ignored, ignored.len() as u64);
        Self { header, records, ignored, footer, text }
    }

    pub fn read(path: &Path) -> Self {
        Self::parse(std::fs::read_to_string(path).expect("a report was written"))
    }
}

/// A finished `deburn mask INPUT -o OUT`.
pub struct Run {
    pub folder: tempfile::TempDir,
    pub report: Report,
    pub output: Output,
}

impl Run {
    pub fn mask(input: &Path, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("out");
        let output = deburn().arg("mask").arg(input).arg("-o").arg(&out).args(more).output().expect("it runs");
        let report = Report::read(&out.join("deburn-report.jsonl"));
        Self { folder, report, output }
    }

    pub fn out(&self, path: &str) -> PathBuf {
        self.folder.path().join("out").join(path)
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

/// Whether a status means that the file is in the output.
pub fn goes_out(status: Status) -> bool {
    matches!(status, Status::Clean | Status::Masked | Status::NoPixels)
}

/// Opens a file with the library.
pub fn open(path: &Path) -> Instance {
    Instance::open(path, &Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text line as it was drawn.
#[derive(Deserialize)]
pub struct TruthLine {
    pub frames: [u32; 2],
    #[serde(rename = "box")]
    pub bounds: [u32; 4],
    pub text: String,
    pub is_phi: bool,
    /// Where it was drawn if not into Pixel Data.
    pub plane: Option<String>,
}

#[derive(Deserialize)]
pub struct TruthFile {
    pub file: String,
    pub transfer_syntax: String,
    pub status: Status,
    pub lines: Vec<TruthLine>,
}

#[derive(Deserialize)]
pub struct BadFile {
    pub file: String,
    pub why: String,
    pub expect: String,
}

#[derive(Deserialize)]
pub struct Truth<T> {
    pub files: Vec<T>,
}

pub fn truth() -> Vec<TruthFile> {
    let json = std::fs::read(fixtures().join("truth.json")).expect("the truth of the fixtures");
    let truth: Truth<TruthFile> = serde_json::from_slice(&json).expect("its form");
    assert!(truth.files.len() > 30, "the fixtures are there");
    truth.files
}

pub fn bad_truth() -> Vec<BadFile> {
    let json = std::fs::read(fixtures().join("bad/truth.json")).expect("the truth of the bad files");
    let truth: Truth<BadFile> = serde_json::from_slice(&json).expect("its form");
    assert!(truth.files.len() > 30, "the bad files are there");
    truth.files
}
