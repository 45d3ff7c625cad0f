//! Where the bytes of a file are read from: positioned reads on a file, or memory for what had to be inflated.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

/// Read-only bytes that several threads may read at once, each at its own position.
#[derive(Debug)]
pub enum Bytes {
    /// A file on disk, with its length and the time of its last change when it was opened.
    File(File, u64, Option<SystemTime>),
    /// Bytes in memory.
    Memory(Vec<u8>),
}

impl Bytes {
    /// Opens a regular file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be opened, [`Error::NotDicom`] if it is a folder, a pipe or a device.
    pub fn open(path: &Path) -> Result<Self> {
        // Opening a pipe waits for who writes to it.
        if std::fs::metadata(path).is_ok_and(|data| !data.is_file()) {
            return Err(Error::NotDicom("not a regular file"));
        }
        let file = File::open(path).map_err(Error::io("cannot open the file"))?;
        let data = file.metadata().map_err(Error::io("cannot read the file"))?;
        if !data.is_file() {
            return Err(Error::NotDicom("not a regular file"));
        }
        Ok(Self::File(file, data.len(), data.modified().ok()))
    }

    /// Returns the number of bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        match self {
            Self::File(_, len, _) => *len,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Checks that a file has not been written to since it was opened: what was examined is what was copied.
    ///
    /// # Errors
    ///
    /// [`Error::Verification`] if its length or its time of last change differ.
    pub fn check_unchanged(&self) -> Result<()> {
        if let Self::File(file, len, modified) = self {
            let now = file.metadata().map_err(Error::io("cannot read the file"))?;
            if (now.len(), now.modified().ok()) != (*len, *modified) {
                return Err(Error::Verification("the input changed while it was read"));
            }
        }
        Ok(())
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if they reach past the end, [`Error::Io`] if the file cannot be read (any more).
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let end = offset.saturating_add(buffer.len() as u64);
        if end > self.len() {
            return Err(Error::Malformed { problem: "value reaches past the end of the file", position: offset });
        }
        match self {
            Self::File(file, ..) => read_exact_at(file, offset, buffer).map_err(Error::io("cannot read the file")),
            Self::Memory(bytes) => {
                let start = usize::try_from(offset).expect("inside a slice");
                buffer.copy_from_slice(&bytes[start..start + buffer.len()]);
                Ok(())
            }
        }
    }

    /// Returns `length` bytes from `offset` on. Nothing is allocated for a range past the end.
    ///
    /// # Errors
    ///
    /// As [`Bytes::read_at`].
    pub fn read_vec(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        let past_end = Error::Malformed { problem: "value reaches past the end of the file", position: offset };
        if offset.checked_add(length).is_none_or(|end| end > self.len()) {
            return Err(past_end);
        }
        let mut buffer = vec![0; usize::try_from(length).map_err(|_| past_end)?];
        self.read_at(offset, &mut buffer)?;
        Ok(buffer)
    }

    /// Returns whether all bytes of the range are zero.
    ///
    /// # Errors
    ///
    /// As [`Bytes::read_at`].
    pub fn is_zero(&self, range: Range<u64>) -> Result<bool> {
        let mut position = range.start;
        while position < range.end {
            let length = (range.end - position).min(1 << 16);
            if self.read_vec(position, length)?.iter().any(|&byte| byte != 0) {
                return Ok(false);
            }
            position += length;
        }
        Ok(true)
    }

    /// Returns a reader of the bytes from `start` up to `end`.
    pub const fn reader(&self, start: u64, end: u64) -> RangeReader<'_> {
        RangeReader { bytes: self, position: start, end }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> std::io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n => {
                buffer = &mut buffer[n..];
                offset += n as u64;
            }
        }
    }
    Ok(())
}

/// A reader of a range of [`Bytes`]; made by [`Bytes::reader`].
#[derive(Debug)]
pub struct RangeReader<'a> {
    bytes: &'a Bytes,
    position: u64,
    end: u64,
}

impl Read for RangeReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.end.saturating_sub(self.position);
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        self.bytes.read_at(self.position, &mut buffer[..n]).map_err(|error| match error {
            Error::Io { source, .. } => source,
            _ => std::io::ErrorKind::UnexpectedEof.into(),
        })?;
        self.position += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_that_is_written_to_after_opening_is_noticed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"before").unwrap();
        let bytes = Bytes::open(file.path()).unwrap();
        bytes.check_unchanged().unwrap();
        file.write_all(b" and after").unwrap();
        assert!(matches!(bytes.check_unchanged(), Err(Error::Verification(_))));
    }
}
