//! The 128 bytes before a DICOM file (PS3.10 7.1). Some writers put a TIFF header there, so that the file is a TIFF file
//! too.

use super::file::DicomFile;
use crate::error::{Error, Result};
use dicom_dictionary_std::tags;
use std::ops::Range;

/// Image file directories that are followed; a file for both readers has one a frame at most.
const MOST_DIRECTORIES: usize = 10_000;

/// TIFF tags: where the strips and tiles of a picture lie and how long they are, and where other directories are.
const STRIP_OFFSETS: u16 = 273;
const STRIP_BYTE_COUNTS: u16 = 279;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const SUB_DIRECTORIES: u16 = 330;
const EXIF_DIRECTORY: u16 = 34665;

/// Returns whether the file begins with a TIFF header.
///
/// # Errors
///
/// [`Error::Io`].
pub fn is_tiff(file: &DicomFile) -> Result<bool> {
    let has_preamble = file.meta.as_ref().is_some_and(|meta| meta.range.start == 132);
    let head = file.file.read_vec(0, file.file.len().min(4))?;
    let known: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
    Ok(has_preamble && known.contains(&head.as_slice()))
}

/// Refuses a file that shows a TIFF reader anything but its Pixel Data.
///
/// # Errors
///
/// [`Error::NotExamined`]; [`Error::Io`].
pub fn check(file: &DicomFile) -> Result<()> {
    if !is_tiff(file)? {
        return Ok(());
    }
    let held = |problem| Err(Error::NotExamined { keyword: "File Preamble".into(), problem });
    // What points outside of the file shows nothing to a reader.
    let Some(pieces) = (Tiff { file, big_endian: file.file.read_vec(0, 1)? == b"M" }).pieces() else {
        return held("a TIFF header of a kind that is not read");
    };
    let pixels = file.layout.get(tags::PIXEL_DATA).map_or(0..0, |pixels| pixels.value.clone());
    if file.is_deflated() || pieces.iter().any(|piece| piece.start < pixels.start || pixels.end < piece.end) {
        return held("a TIFF header that leads to other pictures");
    }
    Ok(())
}

/// A reader of the directories of a TIFF file.
struct Tiff<'a> {
    file: &'a DicomFile,
    big_endian: bool,
}

impl Tiff<'_> {
    /// Returns the bytes of all pictures; `None` where a directory is of no form that is known here.
    fn pieces(&self) -> Option<Vec<Range<u64>>> {
        // 43 instead of 42 has longer numbers.
        if self.number(2, 2)? != 42 {
            return None;
        }
        let mut pieces = Vec::new();
        let mut directory = self.number(4, 4)?;
        for _ in 0..MOST_DIRECTORIES {
            // The header may stand for nothing.
            if directory == 0 || directory + 2 > self.file.file.len() {
                return Some(pieces);
            }
            let count = self.number(directory, 2)?;
            let [mut offsets, mut lengths] = [Vec::new(), Vec::new()];
            for entry in (0..count).map(|index| directory + 2 + index * 12) {
                match u16::try_from(self.number(entry, 2)?).ok()? {
                    STRIP_OFFSETS | TILE_OFFSETS => offsets.extend(self.values(entry)?),
                    STRIP_BYTE_COUNTS | TILE_BYTE_COUNTS => lengths.extend(self.values(entry)?),
                    SUB_DIRECTORIES | EXIF_DIRECTORY => return None,
                    _ => {}
                }
            }
            if offsets.len() != lengths.len() {
                return None;
            }
            pieces.extend(offsets.into_iter().zip(lengths).map(|(start, length)| start..start + length));
            directory = self.number(directory + 2 + count * 12, 4)?;
        }
        None
    }

    /// Returns the values of an entry, of 16 or 32 bits; they stand in it where they fit.
    fn values(&self, entry: u64) -> Option<Vec<u64>> {
        let size = match self.number(entry + 2, 2)? {
            3 => 2,
            4 => 4,
            _ => return None,
        };
        let count = self.number(entry + 4, 4)?;
        let start = if count * size <= 4 { entry + 8 } else { self.number(entry + 8, 4)? };
        if start + count * size > self.file.file.len() {
            return None;
        }
        (0..count).map(|index| self.number(start + index * size, size)).collect()
    }

    /// Returns a number of `size` bytes, at most 4.
    fn number(&self, position: u64, size: u64) -> Option<u64> {
        let bytes = self.file.file.read_vec(position, size).ok()?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }
}
