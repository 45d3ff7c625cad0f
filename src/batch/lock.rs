//! Locks that keep two runs from one output, and that hold for as long as a worker of a run lives.

use crate::error::{Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a lock is waited for. The worker of a run that was killed ends as soon as it sees that its input is closed:
/// within 0.5 s in 12 kills of `scripts/kill_test.py` on a machine with seven times more work than cores.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(20);

/// Who else may hold a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Alone,
    /// Others that take it so.
    Shared,
}

/// A file that is locked.
#[derive(Debug)]
pub struct Lock {
    /// The file, open for reading and writing.
    pub file: File,
    path: PathBuf,
}

impl Lock {
    /// Opens the file at `path`, which is made where it is not there, and locks it.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if another run holds it, [`Error::Io`].
    pub fn take(path: &Path, sharing: Sharing) -> Result<Self> {
        let begun = Instant::now();
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .map_err(Error::io("cannot make a file beside the output"))?;
            let tried = match sharing {
                Sharing::Alone => file.try_lock(),
                Sharing::Shared => file.try_lock_shared(),
            };
            match tried {
                // The one that had it may have removed the file since it was opened.
                Ok(()) if is_at(&file, path) => {
                    pass_on(&file);
                    return Ok(Self { file, path: path.to_owned() });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let folder = path.parent().unwrap_or(path).to_owned();
                    return Err(Error::Path { path: folder, problem: "another run is at work on this output".into() });
                }
                Err(TryLockError::Error(_)) => {
                    // Some network file systems know no locks; an archive on them can be worked on all the same.
                    tracing::warn!("this file system knows no locks: see to it that no other run has this output");
                    return Ok(Self { file, path: path.to_owned() });
                }
            }
        }
    }

    /// Removes the file, unless others still hold it.
    pub fn remove(self) {
        // A shared lock is given up for this; who takes it in between keeps the file.
        let _ = self.file.unlock();
        if self.file.try_lock().is_ok() && is_at(&self.file, &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |data: std::fs::Metadata| (data.dev(), data.ino());
    let (open, there) = (file.metadata().map(id), std::fs::metadata(path).map(id));
    open.is_ok_and(|open| there.is_ok_and(|there| open == there))
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
const fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Lets processes that are started from now on hold the lock too, so that it outlasts a run whose worker does.
#[cfg(unix)]
fn pass_on(file: &File) {
    let _ = rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty());
}

#[cfg(not(unix))]
const fn pass_on(_: &File) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_alone_or_shared_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let shared = Lock::take(&path, Sharing::Shared).unwrap();
        let second = Lock::take(&path, Sharing::Shared).unwrap();
        let refused = Lock::take(&path, Sharing::Alone).unwrap_err();
        assert!(refused.to_string().ends_with("another run is at work on this output"));
        shared.remove();
        assert!(path.exists(), "another one holds it");
        second.remove();
        assert!(!path.exists());
        Lock::take(&path, Sharing::Alone).unwrap().remove();
        assert!(!path.exists());
    }
}
