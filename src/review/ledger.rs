//! The decisions file: read, checked against its report, appended to, and followed while another process appends.

use super::decisions::{Entry, FORM, Head, Line, RegionId, Verdict, What, check_reviewer};
use super::loaded::Loaded;
use super::verdicts::{self, InstanceState};
use crate::error::{Error, Result};
use crate::output::Pending;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A larger file is refused. A line has some 300 bytes, so that this is a hundred thousand decisions; reviewing ten
/// thousand instances one by one, with a correction in each, takes a fifth of it.
pub const LARGEST: u64 = 32 << 20;

/// All decisions on a report.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    /// By path: which entries are about an instance.
    by_instance: BTreeMap<String, Vec<usize>>,
    /// By reviewer and step: the paths of the instances that a step is about.
    steps: BTreeMap<(String, String), BTreeSet<String>>,
    /// The file that is appended to, and how much of it was read.
    file: Option<(PathBuf, u64)>,
}

impl Ledger {
    /// Reads decisions from files, one after the other.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] for a file that is too large, is about another report or holds a line that is not understood.
    pub fn read(files: &[PathBuf], loaded: &Loaded) -> Result<Self> {
        let mut ledger = Self::default();
        for path in files {
            let mut file = File::open(path).map_err(|error| problem(path, error.kind().to_string()))?;
            ledger.take(path, &mut file, 0, loaded)?;
        }
        Ok(ledger)
    }

    /// Opens the file at `path` to append to it; makes it with its first line if it is not there.
    ///
    /// # Errors
    ///
    /// As [`Ledger::read`], and [`Error::Io`].
    pub fn open(path: &Path, loaded: &Loaded) -> Result<Self> {
        if !path.exists() {
            let version = env!("CARGO_PKG_VERSION").to_owned();
            let head = Head { form: FORM, version, report_sha256: loaded.sha256.clone() };
            let mut pending = Pending::create_private(path)?;
            writeln!(pending, "{}", json(&Line::Decisions(head))?).map_err(Error::io("cannot write the decisions"))?;
            match pending.commit(false) {
                // Another process may have been faster: its file counts.
                Err(_) if path.exists() => {}
                done => done?,
            }
        }
        let mut ledger = Self::default();
        let mut file = File::open(path).map_err(|error| problem(path, error.kind().to_string()))?;
        let read = ledger.take(path, &mut file, 0, loaded)?;
        ledger.file = Some((path.to_owned(), read));
        Ok(ledger)
    }

    /// Returns all entries in their order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns what stands of the instance at `index`.
    #[must_use]
    pub fn state(&self, loaded: &Loaded, index: usize) -> InstanceState {
        let record = &loaded.records[index];
        let own = self.by_instance.get(&record.path).map_or(&[][..], Vec::as_slice);
        if own.is_empty() {
            return InstanceState::default();
        }
        let own: Vec<Entry> = own.iter().map(|&entry| self.entries[entry].clone()).collect();
        verdicts::state(record, &verdicts::in_force(&own))
    }

    /// Returns the indices of the instances that any entry is about.
    #[must_use]
    pub fn touched(&self, loaded: &Loaded) -> Vec<usize> {
        self.by_instance.keys().filter_map(|path| loaded.find(path)).collect()
    }

    /// Returns the paths of the instances that a step of a reviewer is about.
    #[must_use]
    pub fn instances_of(&self, reviewer: &str, step: &str) -> Vec<String> {
        let paths = self.steps.get(&(reviewer.to_owned(), step.to_owned()));
        paths.into_iter().flatten().cloned().collect()
    }

    /// Returns the last step of a reviewer that is in force.
    #[must_use]
    pub fn last_step(&self, reviewer: &str) -> Option<String> {
        let standing = verdicts::in_force(&self.entries);
        standing.iter().rev().find(|entry| entry.reviewer == reviewer).map(|entry| entry.step.clone())
    }

    /// Checks entries and appends them to the file, synced to disk.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for an entry that does not fit the report, [`Error::Io`], and [`Error::Path`] if the file would
    /// become too large or another process has spoilt it.
    pub fn append(&mut self, entries: Vec<Entry>, loaded: &Loaded) -> Result<()> {
        entries.iter().try_for_each(|entry| check(entry, loaded).map_err(Error::Usage))?;
        let Some((path, read)) = self.file.clone() else {
            return Err(Error::Usage("the decisions were opened for reading".into()));
        };
        let mut lines = String::new();
        for entry in &entries {
            lines += &json(&Line::Decision(entry.clone()))?;
            lines.push('\n');
        }
        let failed = Error::io;
        let mut file =
            OpenOptions::new().read(true).append(true).open(&path).map_err(failed("cannot open the decisions"))?;
        // Two reviewers may work with one file at the same time.
        file.lock().map_err(failed("cannot lock the decisions"))?;
        let read = self.take(&path, &mut file, read, loaded)?;
        if read + lines.len() as u64 > LARGEST {
            return Err(problem(&path, format!("would be above the limit of {LARGEST} bytes")));
        }
        file.write_all(lines.as_bytes()).map_err(failed("cannot write the decisions"))?;
        file.sync_data().map_err(failed("cannot write the decisions"))?;
        entries.into_iter().for_each(|entry| self.add(entry));
        self.file = Some((path, read + lines.len() as u64));
        Ok(())
    }

    /// Reads what another process has appended, and returns whether there was anything.
    ///
    /// # Errors
    ///
    /// As [`Ledger::read`].
    pub fn follow(&mut self, loaded: &Loaded) -> Result<bool> {
        let Some((path, read)) = self.file.clone() else { return Ok(false) };
        let size = std::fs::metadata(&path).map_err(Error::io("cannot read the decisions"))?.len();
        if size == read {
            return Ok(false);
        }
        let mut file = File::open(&path).map_err(Error::io("cannot read the decisions"))?;
        file.lock_shared().map_err(Error::io("cannot lock the decisions"))?;
        let read = self.take(&path, &mut file, read, loaded)?;
        self.file = Some((path, read));
        Ok(true)
    }

    /// Reads the lines from byte `from` on and returns where they end.
    fn take(&mut self, path: &Path, file: &mut File, from: u64, loaded: &Loaded) -> Result<u64> {
        let size = file.metadata().map_err(Error::io("cannot read the decisions"))?.len();
        if size > LARGEST {
            return Err(problem(path, format!("is above the limit of {LARGEST} bytes")));
        }
        if size < from {
            return Err(problem(path, "has become shorter: decisions are only ever appended".into()));
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from)).map_err(Error::io("cannot read the decisions"))?;
        file.take(LARGEST).read_to_end(&mut bytes).map_err(Error::io("cannot read the decisions"))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| problem(path, "is not UTF-8 text".into()))?;
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(problem(path, "ends within a line".into()));
        }
        let mut taken = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let is_head = from == 0 && index == 0;
            let entry = parse(line, is_head, loaded).map_err(|what| problem(path, format!("{}: {what}", index + 1)))?;
            taken.extend(entry);
        }
        if from == 0 && text.is_empty() {
            return Err(problem(path, "is empty: no decisions file".into()));
        }
        taken.into_iter().for_each(|entry| self.add(entry));
        Ok(from + bytes.len() as u64)
    }

    fn add(&mut self, entry: Entry) {
        let paths = match &entry.what {
            What::Undo(undo) => self.instances_of(&entry.reviewer, &undo.step),
            what => what.instance().map(str::to_owned).into_iter().collect(),
        };
        let step = self.steps.entry((entry.reviewer.clone(), entry.step.clone())).or_default();
        for path in paths {
            step.insert(path.clone());
            self.by_instance.entry(path).or_default().push(self.entries.len());
        }
        self.entries.push(entry);
    }
}

/// Reads a line; the first one holds no entry.
fn parse(line: &str, is_head: bool, loaded: &Loaded) -> std::result::Result<Option<Entry>, String> {
    let value = serde_json::from_str(line).map_err(|error| format!("no line of decisions (column {})", error.column()));
    match value? {
        Line::Decisions(head) if is_head => {
            if head.form != FORM {
                return Err(format!("decisions of form {}, this deburn knows form {FORM}", head.form));
            }
            if head.report_sha256 != loaded.sha256 {
                return Err("the decisions are about another report".into());
            }
            Ok(None)
        }
        Line::Decision(entry) if !is_head => check(&entry, loaded).map(|()| Some(entry)),
        Line::Decisions(_) => Err("a second first line".into()),
        Line::Decision(_) => Err("no decisions file: the first line does not say of which report".into()),
    }
}

/// Checks that an entry fits the report.
fn check(entry: &Entry, loaded: &Loaded) -> std::result::Result<(), String> {
    check_reviewer(&entry.reviewer).map_err(|error| error.to_string())?;
    if !(1..=64).contains(&entry.step.len()) || !entry.step.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err("a step is 1 to 64 letters and digits".into());
    }
    if entry.time.parse::<jiff::Timestamp>().is_err() {
        return Err("a time is one of RFC 3339".into());
    }
    if entry.reason.as_ref().is_some_and(|reason| reason.chars().count() > 500) {
        return Err("a reason has 500 characters at most".into());
    }
    let Some(path) = entry.what.instance() else { return Ok(()) };
    let record = &loaded.records[loaded.find(path).ok_or("the report has no such instance")?];
    let region = match &entry.what {
        What::Region(own) => Some(own.region.as_str()),
        What::Settle(own) => own.region.as_deref(),
        What::Instance(_) | What::Undo(_) => None,
    };
    let id =
        region.map(|id| RegionId::parse(id).ok_or("a region is `r` and a number or `n` and a name")).transpose()?;
    if matches!(id, Some(RegionId::Found(index)) if index >= record.regions.len()) {
        return Err("the record has no such region".into());
    }
    let What::Region(own) = &entry.what else { return Ok(()) };
    // Rows and Columns are 16-bit numbers.
    if own.bounds.is_some_and(|area| area.is_empty() || area.x1 > 1 << 16 || area.y1 > 1 << 16) {
        return Err("the box is empty or outside of any frame".into());
    }
    if own.frames.is_some_and(|[first, last]| first > last || last >= record.frames.total.max(1)) {
        return Err("the instance has no such frames".into());
    }
    if own.plane.as_ref().is_some_and(|plane| !record.places.iter().any(|place| place.name == *plane)) {
        return Err("the record has no such place".into());
    }
    let is_whole = own.bounds.is_some() && own.verdict != Verdict::Accept || own.verdict == Verdict::Remove;
    if matches!(id, Some(RegionId::Drawn(_))) && !is_whole {
        return Err("a drawn region is masked or kept in a box, or removed".into());
    }
    Ok(())
}

fn json(line: &Line) -> Result<String> {
    serde_json::to_string(line).map_err(|error| Error::io("cannot write the decisions")(error.into()))
}

fn problem(path: &Path, problem: String) -> Error {
    Error::Path { path: path.to_owned(), problem }
}

/// Returns the SHA-256 of a file, in hexadecimal digits.
///
/// # Errors
///
/// [`Error::Path`].
pub fn sha256(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| problem(path, error.kind().to_string()))?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
