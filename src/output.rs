//! The one way files come into being: under a temporary name, synced, then renamed.

use crate::error::{Error, Result};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::NamedTempFile;
use walkdir::WalkDir;

/// How names of temporary files begin and end.
const PREFIX: &str = ".deburn-";
const SUFFIX: &str = ".partial";

/// What temporary files of this process have in their names beside that.
static RUN: OnceLock<String> = OnceLock::new();

/// Whose temporary files are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partials {
    /// Those of this run.
    Own,
    /// Those of any run: this one has the folder to itself.
    All,
}

/// Gives the temporary files of this process a tag in their names, so that runs that share a folder can tell theirs
/// apart, also when they go on after a kill.
pub fn tag_partials(tag: &str) {
    // The first one stays: there is one run in a process.
    let _ = RUN.set(format!("{PREFIX}{tag}-"));
}

fn prefix() -> &'static str {
    RUN.get().map_or(PREFIX, String::as_str)
}

fn is_partial(path: &Path, whose: Partials) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let prefix = if whose == Partials::Own { prefix() } else { PREFIX };
    name.starts_with(prefix) && name.ends_with(SUFFIX)
}

/// Returns whether a name is one that this module gives to temporary files of some run.
#[must_use]
pub fn is_reserved(name: &Path) -> bool {
    let name = name.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.starts_with(PREFIX)
}

/// Removes the temporary files that a killed process of this run has left in the folder of `path`, but not `keep`.
///
/// # Errors
///
/// [`Error::Io`].
pub fn remove_partials_beside(path: &Path, keep: Option<&Path>) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    // Where there is no folder, there is nothing in it.
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    // By its name, which is random: one folder may be written in several ways, relative ones and links among them.
    let keep = keep.and_then(Path::file_name);
    for entry in entries.filter_map(std::result::Result::ok) {
        let path = entry.path();
        if is_partial(&path, Partials::Own) && keep != path.file_name() {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes the temporary files that killed processes have left anywhere below `folder`.
///
/// # Errors
///
/// [`Error::Io`].
pub fn remove_partials_below(folder: &Path, whose: Partials) -> Result<()> {
    let entries = WalkDir::new(folder).into_iter().filter_map(std::result::Result::ok);
    let mut partials = entries.filter(|entry| entry.file_type().is_file() && is_partial(entry.path(), whose));
    partials.try_for_each(|entry| remove(entry.path()))
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(Error::io("cannot remove a temporary file"))
}

/// A file that is not there yet: it appears under its name only by [`Pending::commit`] and is removed when dropped.
#[derive(Debug)]
pub struct Pending {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Pending {
    /// Creates a temporary file beside `path`, and the folders above it. The name tells nothing of `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn create(path: &Path) -> Result<Self> {
        // As a plain `create` would: the umask takes its part.
        Self::create_with(path, 0o666)
    }

    /// Like [`Pending::create`], for a file that only its owner may read.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn create_private(path: &Path) -> Result<Self> {
        Self::create_with(path, 0o600)
    }

    #[cfg_attr(not(unix), expect(unused_variables, reason = "other systems have no mode"))]
    fn create_with(path: &Path, mode: u32) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(Error::io("cannot create the output folder"))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix()).suffix(SUFFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        let file = builder.tempfile_in(folder).map_err(Error::io("cannot create a file in the output folder"))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 17, file), path: path.to_owned() })
    }

    /// Returns the temporary file's path, its content flushed, for a look at it before [`Pending::commit`].
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn flushed(&mut self) -> Result<&Path> {
        self.file.flush().map_err(Error::io("cannot write the output"))?;
        Ok(self.file.get_ref().path())
    }

    /// Syncs the content to disk and gives the file its name. An existing file stays unless `overwrite`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; the temporary file is gone then.
    pub fn commit(self, overwrite: bool) -> Result<()> {
        let file = self.file.into_inner().map_err(|error| Error::io("cannot write the output")(error.into_error()))?;
        file.as_file().sync_all().map_err(Error::io("cannot write the output"))?;
        let persisted = if overwrite { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        persisted.map_err(|error| Error::io("cannot rename the output")(error.error))?;
        Ok(())
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Read for Pending {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.file.flush()?;
        self.file.get_mut().read(bytes)
    }
}

impl Seek for Pending {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_to_keep_stays_however_its_folder_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let [mut kept, mut other] = ["report", "a"].map(|name| Pending::create(&folder.path().join(name)).unwrap());
        let [kept, other] = [&mut kept, &mut other].map(|pending| pending.flushed().unwrap().to_owned());
        let name = folder.path().file_name().unwrap();
        let written_otherwise = folder.path().join("..").join(name).join(kept.file_name().unwrap());
        remove_partials_beside(&folder.path().join("b"), Some(&written_otherwise)).unwrap();
        assert!(kept.exists() && !other.exists());
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.dcm");
        let mut pending = Pending::create(&path).unwrap();
        pending.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(pending);
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 0);

        let mut pending = Pending::create(&path).unwrap();
        pending.write_all(b"whole").unwrap();
        pending.commit(false).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");

        let mut pending = Pending::create(&path).unwrap();
        pending.write_all(b"again").unwrap();
        assert!(pending.commit(false).is_err(), "an existing file stays");
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }
}
