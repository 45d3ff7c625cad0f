//! A report read back.

use crate::error::{Error, Result};
use crate::report::{Footer, Header, Line, Record};
use crate::source::parse_name;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A larger report is refused: a record has some hundred bytes, one with many regions some ten thousand.
const LARGEST: u64 = 2 << 30;

/// A report, checked.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What ran.
    pub header: Header,
    /// The inputs in their order.
    pub records: Vec<Record>,
    /// Files that are not DICOM.
    pub ignored: Vec<crate::report::IgnoredFile>,
    /// The sums; `None` if the run was cut off.
    pub footer: Option<Footer>,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Where each path stands among the records.
    places: BTreeMap<String, usize>,
}

impl Loaded {
    /// Reads the report at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] for what is no report, for one of another version of deburn, for records with one path or with a
    /// path that leads out of the input, and for sums that are not those of the records.
    pub fn read(path: &Path) -> Result<Self> {
        let problem = |problem: String| Error::Path { path: path.to_owned(), problem };
        let size = std::fs::metadata(path).map_err(|error| problem(error.kind().to_string()))?.len();
        if size > LARGEST {
            return Err(problem(format!("is above the limit of {LARGEST} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|error| problem(error.kind().to_string()))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| problem("is no report of deburn: not UTF-8".into()))?;
        Self::parse(text).map_err(problem)
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let mut lines = text.lines().enumerate();
        let first = lines.next().map_or("", |(_, line)| line);
        check_version(first)?;
        let Ok(Line::Run(header)) = serde_json::from_str(first) else {
            return Err("is no report of deburn: the first line is not that of a run".into());
        };
        let (mut records, mut ignored, mut footer) = (Vec::new(), Vec::new(), None);
        let mut places = BTreeMap::new();
        for (index, line) in lines {
            let number = index + 1;
            if footer.is_some() {
                return Err(format!("line {number} stands behind the summary"));
            }
            match serde_json::from_str(line) {
                Ok(Line::Instance(record)) => {
                    if !stays_inside(&record.path) {
                        return Err(format!("line {number}: the path leads out of the input folder"));
                    }
                    if places.insert(record.path.clone(), records.len()).is_some() {
                        return Err(format!("line {number}: another record has this path"));
                    }
                    records.push(record);
                }
                Ok(Line::Ignored(file)) => ignored.push(file),
                Ok(Line::Summary(sums)) => footer = Some(sums),
                Ok(Line::Run(_)) => return Err(format!("line {number} is that of another run")),
                Err(error) => return Err(format!("line {number} is no line of a report (column {})", error.column())),
            }
        }
        if footer.is_some_and(|sums: Footer| sums.inputs != records.len() as u64) {
            return Err("the summary counts other inputs than there are records".into());
        }
        let sha256 = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { header, records, ignored, footer, sha256, places })
    }

    /// Returns the index of the record with a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<usize> {
        self.places.get(path).copied()
    }
}

/// Refuses reports of other versions: before 1.0, each minor version may change what a line means.
fn check_version(first: &str) -> std::result::Result<(), String> {
    let value: serde_json::Value = serde_json::from_str(first).map_err(|_| "is no report of deburn".to_owned())?;
    if value.get("type").and_then(|kind| kind.as_str()) != Some("run") {
        return Err("is no report of deburn: the first line is not that of a run".into());
    }
    let version = value.get("version").and_then(|version| version.as_str()).unwrap_or("");
    let series = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let own = env!("CARGO_PKG_VERSION");
    if series(version) == series(own) {
        return Ok(());
    }
    let shown: String = version.chars().filter(|c| c.is_ascii_alphanumeric() || ".-+".contains(*c)).take(20).collect();
    Err(format!("is a report of deburn {shown}, this is {own}: make it anew, or use that version"))
}

/// Returns whether a path of a record stays below the folder that it is joined to.
fn stays_inside(path: &str) -> bool {
    let path = Path::new(path);
    !path.as_os_str().is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// The folders that the inputs of a report lie in.
#[derive(Clone, Debug)]
pub struct Inputs(Vec<PathBuf>);

impl Inputs {
    /// Takes folders as named, or the current one.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] for one that is no folder, and for that of the report of a masking run: it holds the outputs.
    pub fn new(folders: &[PathBuf], report: &Path, header: &Header) -> Result<Self> {
        let folders = if folders.is_empty() { vec![PathBuf::from(".")] } else { folders.to_owned() };
        let own = report.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        for folder in &folders {
            let problem = |problem: &str| Error::Path { path: folder.clone(), problem: problem.into() };
            let real = folder.canonicalize().map_err(|error| problem(&error.kind().to_string()))?;
            if !real.is_dir() {
                return Err(problem("is no folder"));
            }
            if header.command != "scan" && own.canonicalize().is_ok_and(|own| own == real) {
                return Err(problem("holds the outputs of the run; --input names the folder of its inputs"));
            }
        }
        Ok(Self(folders))
    }

    /// Returns where the file of a record is.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if it is in none of the folders.
    pub fn path(&self, record: &Record) -> Result<PathBuf> {
        let missing = || Error::Usage("the file is not below the input folder; --input names it".into());
        let relative = parse_name(&record.path).ok_or_else(missing)?;
        let mut places = self.0.iter().map(|folder| folder.join(&relative));
        places.find(|path| path.is_file()).ok_or_else(missing)
    }

    /// Returns the folders.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_of_a_folder_is_refused() {
        for path in ["../a", "/etc/passwd", "a/../../b", "", "."] {
            assert!(!stays_inside(path), "{path}");
        }
        assert!(stays_inside("a/b c/d.dcm"));
    }

    #[test]
    fn another_version_is_named() {
        let refused = Loaded::parse(r#"{"type":"run","version":"9.1.0"}"#).unwrap_err();
        assert!(refused.contains("deburn 9.1.0"), "{refused}");
        assert!(Loaded::parse("{}").unwrap_err().contains("no report"));
        assert!(Loaded::parse("DICM").unwrap_err().contains("no report"));
    }
}
