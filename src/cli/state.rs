//! What a run keeps on disk while it goes on: its locks and its journal.

use super::run::Job;
use deburn::batch::{Journal, Known, Lock, Past, Plan, Sharing, Start};
use deburn::output::{self, Partials};
use deburn::report::Header;
use deburn::source::{self, Input};
use deburn::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Held by every run on an output folder: alone, or shared by runs of parts.
const LOCK: &str = ".deburn-lock";
/// The journal of a run; one of a part has the part's name behind it.
const JOURNAL: &str = ".deburn-journal";

/// Where a run keeps its state.
pub struct Places {
    folder: PathBuf,
    journal: PathBuf,
    /// How the output folder is shared; `None` where there is none.
    sharing: Option<Sharing>,
}

impl Places {
    /// Finds the places of a job; `None` if it writes nothing but to standard output.
    pub fn of(job: &Job<'_>) -> Option<Self> {
        let part = job.arguments.part_name();
        let (folder, name, sharing) = match (job.output, job.report) {
            (Some(folder), _) => (folder, part.as_ref().map(std::convert::AsRef::as_ref), Some(&part)),
            (None, Some(report)) => (report.parent()?, report.file_name(), None),
            (None, None) => return None,
        };
        let mut journal = std::ffi::OsString::from(JOURNAL);
        if let Some(name) = name {
            journal.push("-");
            journal.push(name);
        }
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let sharing = sharing.map(|part| if part.is_some() { Sharing::Shared } else { Sharing::Alone });
        Some(Self { folder: folder.to_owned(), journal: folder.join(journal), sharing })
    }

    /// Returns whether an earlier run was not finished.
    pub fn is_begun(&self) -> bool {
        self.journal.exists()
    }

    /// Returns what sets the temporary files of this run apart from those of others.
    pub fn tag(&self) -> String {
        tag(&self.journal)
    }
}

/// Makes an output folder, where it is not there, and locks it for one run alone.
pub fn lock(folder: &Path) -> Result<Lock> {
    std::fs::create_dir_all(folder).map_err(Error::io("cannot create the output folder"))?;
    Lock::take(&folder.join(LOCK), Sharing::Alone)
}

/// Returns what sets the temporary files of a run apart, by a file that is its own.
pub fn tag(own: &Path) -> String {
    let path = std::path::absolute(own).unwrap_or_else(|_| own.to_owned());
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The state of a run: locked, and read.
pub struct State {
    lock: Option<Lock>,
    journal_lock: Lock,
    journal: Option<Journal>,
    past: Past,
    folder: PathBuf,
    made_folder: bool,
    sharing: Option<Sharing>,
    /// Whether the journal is worth keeping.
    is_started: bool,
}

impl State {
    /// Takes the locks and reads the journal.
    pub fn open(places: &Places) -> Result<Self> {
        let folder = places.folder.clone();
        let made_folder = !folder.exists();
        std::fs::create_dir_all(&folder).map_err(Error::io("cannot create the output folder"))?;
        let lock = match places.sharing {
            Some(sharing) => Some(Lock::take(&folder.join(LOCK), sharing)?),
            None => None,
        };
        let journal_lock = Lock::take(&places.journal, Sharing::Alone)?;
        let file = journal_lock.file.try_clone().map_err(Error::io("cannot read the journal"))?;
        let (journal, past) = Journal::open(file)?;
        let is_started = past.start.is_some();
        let sharing = places.sharing;
        Ok(Self { lock, journal_lock, journal: Some(journal), past, folder, made_folder, sharing, is_started })
    }

    /// Finds out what there is to do. An earlier run with other options is refused, or forgotten if files may be
    /// replaced.
    pub fn plan(&mut self, job: &Job<'_>, inputs: &[Input], header: &Header) -> Result<Plan> {
        if let Some(start) = &self.past.start
            && let Some(difference) = start.header.difference(header)
        {
            if !job.overwrite {
                let problem = format!(
                    "an unfinished run on this output differs in {difference}: repeat it as it was, or begin anew with \
                     --overwrite"
                );
                return Err(Error::Path { path: self.folder.clone(), problem });
            }
            self.past.known.values_mut().for_each(|known| *known = Known::Begun);
        }
        if !job.overwrite {
            self.refuse_existing(job, inputs)?;
        }
        Ok(Plan::new(inputs, job.output, &self.past))
    }

    /// Refuses to replace what the run has not made.
    fn refuse_existing(&self, job: &Job<'_>, inputs: &[Input]) -> Result<()> {
        let before = self.past.start.as_ref();
        let claimed = before.is_some_and(|start| start.names_sha256 == source::names_sha256(inputs));
        if let Some(folder) = job.output.filter(|_| !claimed) {
            let unknown = inputs.iter().filter(|input| !self.past.known.contains_key(&input.name()));
            unknown.map(|input| folder.join(&input.relative)).try_for_each(|target| refuse(&target))?;
        }
        match job.report {
            Some(report) if before.and_then(|start| start.report.clone()) != Some(full_name(report)) => refuse(report),
            _ => Ok(()),
        }
    }

    /// Begins, or goes on: what an earlier run has left and does not count is removed, and the journal begun where that
    /// run was another one.
    pub fn start(&mut self, job: &Job<'_>, inputs: &[Input], header: &Header, plan: &Plan) -> Result<Journal> {
        if self.past.start.is_some() {
            let whose = if self.sharing == Some(Sharing::Alone) { Partials::All } else { Partials::Own };
            plan.clear(job.output, whose)?;
            if let Some(report) = job.report {
                output::remove_partials_beside(report, None)?;
            }
        }
        let start = Start {
            header: header.clone(),
            names_sha256: source::names_sha256(inputs),
            report: job.report.map(full_name),
        };
        let mut journal = self.journal.take().ok_or(Error::Verification("the journal is gone"))?;
        let differs = |past: &Start| past.header.difference(header).is_some();
        if self.past.start.as_ref() != Some(&start) {
            journal.start(start, self.past.start.as_ref().is_none_or(differs))?;
        }
        self.is_started = true;
        Ok(journal)
    }

    /// Removes the journal of a finished run, and its locks.
    pub fn finish(mut self) {
        self.is_started = false;
        self.release();
    }

    /// Gives up the locks. The journal stays if there is something in it.
    pub fn release(self) {
        // The journal goes last: a kill in between leaves a run that only has to be finished.
        if let Some(lock) = self.lock {
            lock.remove();
        }
        if self.is_started {
            drop(self.journal_lock);
        } else {
            self.journal_lock.remove();
        }
        if self.made_folder {
            // It stays if there is anything in it.
            let _ = std::fs::remove_dir(self.folder);
        }
    }
}

/// Refuses to replace a file.
pub fn refuse(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Error::Path { path: path.to_owned(), problem: "exists already; --overwrite replaces it".into() })
}

fn full_name(path: &Path) -> String {
    source::name(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}
