//! The value of an encapsulated Pixel Data (PS3.5 A.4): offset table, fragments, delimiter.

use super::frames::{Frames, Store};
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;

/// A frame of the output.
pub enum Coded {
    /// The fragments of the input, as indices into `layout.fragments[1..]`.
    Kept(Range<usize>),
    /// A new stream, which becomes one fragment.
    New(Vec<u8>),
}

/// Where the frames of a written value are: the entries of the Extended Offset Table and of its lengths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// First byte of each frame's first item, counted from the one behind the Basic Offset Table.
    pub offsets: Vec<u64>,
    /// Bytes of each frame, without the item headers and the pad byte of a new one.
    pub lengths: Vec<u64>,
}

/// `map_err` argument for writes.
const WRITE: fn(std::io::Error) -> Error = |source| Error::Io { action: "cannot write the output", source };

/// Writes the value at `position`, which is where `out` stands; returns where it ends and where the frames are.
///
/// # Errors
///
/// What `coded` reports for a frame, [`Error::TooLarge`] if an offset or a fragment does not fit 32 bits, and
/// [`Error::Io`].
pub fn write(
    frames: &Frames<'_>,
    with_table: bool,
    coded: impl Fn(u32) -> Result<Coded> + Sync,
    position: u64,
    out: &mut (impl Write + Seek),
) -> Result<(u64, Table)> {
    let entries = if with_table { frames.count() as usize * 4 } else { 0 };
    out.write_all(&item(entries as u64)?).map_err(WRITE)?;
    out.write_all(&vec![0; entries]).map_err(WRITE)?;
    let first = position + 8 + entries as u64;
    let (mut end, mut table) = (first, Table::default());
    in_turn(frames.count(), coded, |frame, coded| {
        table.offsets.push(end - first);
        match coded {
            Coded::Kept(own) => {
                let fragments = &frames.file.layout.fragments[1..][own];
                let mut length = 0;
                for fragment in fragments {
                    // The item header lies in the eight bytes before.
                    let mut from = frames.file.data().reader(fragment.start - 8, fragment.end);
                    end += std::io::copy(&mut from, out).map_err(Error::io("cannot copy the file"))?;
                    length += fragment.end - fragment.start;
                }
                table.lengths.push(kept_length(frames, frame)?.unwrap_or(length));
            }
            Coded::New(mut stream) => {
                table.lengths.push(stream.len() as u64);
                stream.resize(stream.len().next_multiple_of(2), 0);
                out.write_all(&item(stream.len() as u64)?).map_err(WRITE)?;
                out.write_all(&stream).map_err(WRITE)?;
                end += 8 + stream.len() as u64;
            }
        }
        Ok(())
    })?;
    out.write_all(&[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]).map_err(WRITE)?;
    end += 8;
    if with_table {
        let limit = u64::from(u32::MAX);
        let too_large = Error::TooLarge { what: "an offset of a frame in bytes", limit };
        let narrow: Option<Vec<u32>> = table.offsets.iter().map(|&offset| u32::try_from(offset).ok()).collect();
        let bytes: Vec<u8> = narrow.ok_or(too_large)?.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        patch(out, position + 8, &bytes)?;
    }
    Ok((end, table))
}

/// Makes something of each frame, in all threads, and gives it to `write` in the order of the frames. One for each thread
/// is in memory at a time.
///
/// # Errors
///
/// What the two report, of the first frame that one of them fails for.
pub fn in_turn<T: Send>(
    count: u32,
    make: impl Fn(u32) -> Result<T> + Sync,
    mut write: impl FnMut(u32, T) -> Result<()>,
) -> Result<()> {
    let threads = rayon::current_num_threads().max(1);
    for start in (0..count).step_by(threads) {
        let end = start.saturating_add(u32::try_from(threads).unwrap_or(u32::MAX)).min(count);
        let made: Vec<Result<T>> = (start..end).into_par_iter().map(&make).collect();
        for (frame, made) in (start..).zip(made) {
            write(frame, made?)?;
        }
    }
    Ok(())
}

/// Overwrites bytes at `position` and returns to the end of `out`.
///
/// # Errors
///
/// [`Error::Io`].
pub fn patch(out: &mut (impl Write + Seek), position: u64, bytes: &[u8]) -> Result<()> {
    out.seek(SeekFrom::Start(position)).map_err(WRITE)?;
    out.write_all(bytes).map_err(WRITE)?;
    out.seek(SeekFrom::End(0)).map_err(WRITE)?;
    Ok(())
}

/// Returns the fragments of a frame of the input.
///
/// # Panics
///
/// If the frames are not encapsulated.
#[must_use]
pub fn of_input(frames: &Frames<'_>, frame: u32) -> Range<usize> {
    match &frames.store {
        Store::Encapsulated(own) => own[frame as usize].clone(),
        Store::Native { .. } => unreachable!("native frames have no fragments"),
    }
}

/// Returns the input's own entry of the Extended Offset Table Lengths for a frame: it does not count a pad byte.
fn kept_length(frames: &Frames<'_>, frame: u32) -> Result<Option<u64>> {
    let table = frames.file.layout.get(dicom_dictionary_std::tags::EXTENDED_OFFSET_TABLE_LENGTHS);
    let whole = |value: &Range<u64>| value.end - value.start == u64::from(frames.count()) * 8;
    let Some(value) = table.map(|element| &element.value).filter(|value| whole(value)) else { return Ok(None) };
    let bytes = frames.file.data().read_vec(value.start + u64::from(frame) * 8, 8)?;
    Ok(Some(u64::from_le_bytes(bytes.try_into().expect("eight bytes"))))
}

/// Makes an item header.
fn item(length: u64) -> Result<[u8; 8]> {
    // FFFFFFFF means undefined.
    let limit = u64::from(u32::MAX) - 1;
    let length = u32::try_from(length).ok().filter(|&length| u64::from(length) <= limit);
    let [a, b, c, d] = length.ok_or(Error::TooLarge { what: "a fragment in bytes", limit })?.to_le_bytes();
    Ok([0xFE, 0xFF, 0x00, 0xE0, a, b, c, d])
}

/// Returns whether the input's Basic Offset Table has entries.
#[must_use]
pub fn has_table(frames: &Frames<'_>) -> bool {
    frames.file.layout.fragments.first().is_some_and(|table| !table.is_empty())
}
