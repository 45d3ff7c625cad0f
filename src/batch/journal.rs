//! What a run has done so far, on disk: a line for each step, with a checksum, added at the end and never changed.
//!
//! A line that is torn or damaged counts as not written: its step is done again.

use crate::error::{Error, Result};
use crate::report::{Header, Line, Reason, Status};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// How much work a power failure may cost: lines are synced to disk this often. A kill costs none.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Digits of the checksum before each line: 64 bits of SHA-256, since it guards against torn writes, not against people.
const DIGITS: usize = 16;

/// What a run is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// What decides on the result.
    pub header: Header,
    /// SHA-256 of the names of all inputs: none of their places in the output was taken before the run.
    pub names_sha256: String,
    /// The report's path, where it is a file.
    pub report: Option<String>,
}

/// How a file looks from outside. Its content is not read again to see whether it changed: that would cost as much as
/// reading an archive does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    bytes: u64,
    /// Seconds and nanoseconds of the last change of content.
    modified: (i64, u32),
    /// Of the last change of anything, which no program can set; 0 where the system does not tell.
    changed: (i64, i64),
}

impl Stamp {
    /// Looks at a file; `None` if it is not there or cannot be looked at.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|data| Self::from_metadata(&data))
    }

    fn from_metadata(data: &Metadata) -> Self {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let modified = data.modified().ok().map_or((0, 0), |time| match time.duration_since(UNIX_EPOCH) {
            Ok(since) => (seconds(since), since.subsec_nanos()),
            Err(before) => (-seconds(before.duration()), before.duration().subsec_nanos()),
        });
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt;
            (data.ctime(), data.ctime_nsec())
        };
        #[cfg(not(unix))]
        let changed = (0, 0);
        Self { bytes: data.len(), modified, changed }
    }

    /// Returns the file's size.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// An instance that is finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Its line of the report.
    pub line: Line,
    /// The input before work on it began.
    pub input: Option<Stamp>,
    /// The output, where there is one.
    pub output: Option<Stamp>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Entry {
    Start(Box<Start>),
    Begun(String),
    Done(Box<Done>),
}

/// Where a line stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    offset: u64,
    length: usize,
}

/// What is known of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Work on it began and was not finished.
    Begun,
    /// It is finished.
    Done {
        /// Where its line stands.
        place: Place,
        /// The input as it was.
        input: Option<Stamp>,
        /// The output as it was.
        output: Option<Stamp>,
        /// Whether it was held for a reason that lies outside of it.
        may_end_otherwise: bool,
    },
}

/// What an earlier run has left.
#[derive(Debug, Default)]
pub struct Past {
    /// What that run was about; `None` if there was none.
    pub start: Option<Start>,
    /// The inputs that it came to, by name.
    pub known: BTreeMap<String, Known>,
}

/// The journal of this run.
#[derive(Debug)]
pub struct Journal {
    file: File,
    end: u64,
    synced: Instant,
}

impl Journal {
    /// Reads what an open file holds, and goes on at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`Error::Usage`] if it holds steps but not what they are about.
    pub fn open(mut file: File) -> Result<(Self, Past)> {
        let failed = || Error::io("cannot read the journal");
        file.seek(SeekFrom::Start(0)).map_err(failed())?;
        let mut past = Past::default();
        let (mut lines, mut offset, mut line, mut ends_well) = (BufReader::new(&file), 0, Vec::new(), true);
        loop {
            line.clear();
            let length = lines.read_until(b'\n', &mut line).map_err(failed())?;
            if length == 0 {
                break;
            }
            ends_well = line.ends_with(b"\n");
            if let Some(entry) = parse(&line) {
                past.learn(entry, Place { offset, length });
            }
            offset += length as u64;
        }
        if past.start.is_none() && !past.known.is_empty() {
            let problem = "the journal of an earlier run is damaged; --overwrite begins anew";
            return Err(Error::Usage(problem.into()));
        }
        let mut journal = Self { file, end: offset, synced: Instant::now() };
        if !ends_well {
            // A torn line gets its end, so that the next one is whole.
            journal.write(b"\n")?;
        }
        Ok((journal, past))
    }

    /// Begins a run: what was there before counts no more if `anew`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn start(&mut self, start: Start, anew: bool) -> Result<()> {
        if anew {
            self.file.set_len(0).map_err(Error::io("cannot write the journal"))?;
            self.end = 0;
        }
        self.add(&Entry::Start(Box::new(start)))?;
        self.sync()
    }

    /// Notes that work on an input begins.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn begun(&mut self, name: &str) -> Result<()> {
        self.add(&Entry::Begun(name.to_owned())).map(drop)
    }

    /// Notes what became of an input, and returns where.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn done(&mut self, done: Done) -> Result<Place> {
        let place = self.add(&Entry::Done(Box::new(done)))?;
        if self.synced.elapsed() >= SYNC_INTERVAL {
            self.sync()?;
        }
        Ok(place)
    }

    /// Reads a line of a finished input back.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`Error::Verification`] if it is another than was written.
    pub fn line(&mut self, place: Place) -> Result<Line> {
        let mut line = vec![0; place.length];
        self.file.seek(SeekFrom::Start(place.offset)).map_err(Error::io("cannot read the journal"))?;
        self.file.read_exact(&mut line).map_err(Error::io("cannot read the journal"))?;
        match parse(&line) {
            Some(Entry::Done(done)) => Ok(done.line),
            _ => Err(Error::Verification("the journal changed")),
        }
    }

    /// Makes all lines outlast a power failure.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn sync(&mut self) -> Result<()> {
        self.synced = Instant::now();
        self.file.sync_data().map_err(Error::io("cannot write the journal"))
    }

    fn add(&mut self, entry: &Entry) -> Result<Place> {
        let json = serde_json::to_string(entry).map_err(|error| Error::io("cannot write the journal")(error.into()))?;
        let line = format!("{} {json}\n", checksum(json.as_bytes()));
        let place = Place { offset: self.end, length: line.len() };
        self.write(line.as_bytes())?;
        Ok(place)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let failed = || Error::io("cannot write the journal");
        self.file.seek(SeekFrom::Start(self.end)).map_err(failed())?;
        self.file.write_all(bytes).map_err(failed())?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

impl Past {
    fn learn(&mut self, entry: Entry, place: Place) {
        match entry {
            Entry::Start(start) => self.start = Some(*start),
            Entry::Begun(name) => {
                self.known.insert(name, Known::Begun);
            }
            Entry::Done(done) => {
                let Done { line, input, output } = *done;
                let (name, may_end_otherwise) = match line {
                    Line::Instance(record) => {
                        (record.path, record.status == Status::Held && lies_outside(record.reason))
                    }
                    Line::Ignored(file) => (file.path, false),
                    Line::Run(_) | Line::Summary(_) => return,
                };
                self.known.insert(name, Known::Done { place, input, output, may_end_otherwise });
            }
        }
    }
}

/// Returns whether an input was held for what its surroundings were at that time.
fn lies_outside(reason: Option<Reason>) -> bool {
    reason.is_some_and(|reason| matches!(reason.code.as_str(), "io" | "timeout" | "out_of_memory" | "crashed"))
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

fn parse(line: &[u8]) -> Option<Entry> {
    let line = line.strip_suffix(b"\n")?;
    let (digits, json) = line.split_at_checked(DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    if checksum(json).as_bytes() == digits { serde_json::from_slice(json).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Record, test_header};

    fn start() -> Start {
        Start { header: test_header(), names_sha256: "aa".into(), report: None }
    }

    fn done(name: &str) -> Done {
        Done { line: Line::Instance(Record::new(name.into())), input: Stamp::of(Path::new("Cargo.toml")), output: None }
    }

    #[test]
    fn every_cut_loses_only_what_is_cut_off() {
        let file = tempfile::tempfile().unwrap();
        let (mut journal, past) = Journal::open(file.try_clone().unwrap()).unwrap();
        assert!(past.start.is_none());
        journal.start(start(), true).unwrap();
        journal.begun("a").unwrap();
        let place = journal.done(done("a")).unwrap();
        journal.begun("b").unwrap();
        assert_eq!(journal.line(place).unwrap(), done("a").line);
        let length = journal.end;
        let mut known = 2;
        for cut in (0..=length).rev() {
            file.set_len(cut).unwrap();
            let (journal, past) = Journal::open(file.try_clone().unwrap()).unwrap();
            assert!(past.known.len() <= known, "less and less is known");
            known = past.known.len();
            assert!(past.start.is_some() || known == 0);
            if cut < length {
                assert_ne!(past.known.get("b"), Some(&Known::Begun));
            }
            drop(journal);
        }
    }

    #[test]
    fn a_run_goes_on_behind_a_torn_line() {
        let file = tempfile::tempfile().unwrap();
        let (mut journal, _) = Journal::open(file.try_clone().unwrap()).unwrap();
        journal.start(start(), true).unwrap();
        journal.done(done("a")).unwrap();
        file.set_len(journal.end - 5).unwrap();
        let (mut journal, past) = Journal::open(file.try_clone().unwrap()).unwrap();
        assert!(past.known.is_empty());
        journal.done(done("b")).unwrap();
        let (_, past) = Journal::open(file).unwrap();
        assert_eq!(past.start, Some(start()));
        let Known::Done { input, may_end_otherwise, .. } = past.known["b"] else { panic!("done") };
        assert_eq!((input, may_end_otherwise), (Stamp::of(Path::new("Cargo.toml")), false));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut file = tempfile::tempfile().unwrap();
        let (mut journal, _) = Journal::open(file.try_clone().unwrap()).unwrap();
        journal.start(start(), true).unwrap();
        let place = journal.done(done("a")).unwrap();
        file.seek(SeekFrom::Start(place.offset + 40)).unwrap();
        file.write_all(b"#").unwrap();
        assert!(journal.line(place).is_err());
        assert!(Journal::open(file).unwrap().1.known.is_empty());
    }
}
