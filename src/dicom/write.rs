//! Writing back: the input file byte for byte, but for the masked pixels and what must say how they are stored.
//!
//! Uncompressed pixels are patched where they lie, in the input's own transfer syntax. Encapsulated pixels are written
//! decoded, as Explicit VR Little Endian; the data set around them has that encoding already (PS3.5 A.4).

use super::codec;
use super::edit::{Edit, edits_for_native};
use super::frames::{Frames, Store};
use super::pixels::{Frame, Samples};
use crate::error::{Error, Result};
use crate::region::Region;
use dicom_dictionary_std::uids;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// What a written file is, for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Transfer Syntax UID of the output.
    pub transfer_syntax: String,
    /// How the pixels got there.
    pub method: Method,
}

/// How the pixels of an output were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Masked samples overwritten in place.
    InPlace,
    /// Decoded and written uncompressed.
    Decoded,
}

/// Writes the instance of `frames` with the region that `regions` gives for each frame filled.
///
/// `out` must be empty and at its start.
///
/// # Errors
///
/// What decoding reports, [`Error::TooLarge`] where the uncompressed pixels do not fit a DICOM element, and
/// [`Error::Io`].
pub fn masked(
    frames: &Frames<'_>,
    regions: &impl Fn(u32) -> Option<Region>,
    out: &mut (impl Read + Write + Seek),
) -> Result<Written> {
    let file = frames.file;
    match &frames.store {
        Store::Native { value, .. } => {
            if file.is_deflated() {
                copy(&mut file.file.reader(0, file.meta.as_ref().map_or(0, |meta| meta.range.end)), out)?;
                let mut data = Cursor::new(Vec::new());
                copy(&mut file.data().reader(0, file.data().len()), &mut data)?;
                patch(frames, value, regions, &mut data)?;
                let mut encoder = DeflateEncoder::new(&mut *out, Compression::default());
                encoder.write_all(data.get_ref()).map_err(WRITE)?;
                encoder.finish().map_err(WRITE)?;
            } else {
                copy(&mut file.file.reader(0, file.file.len()), out)?;
                patch(frames, value, regions, out)?;
            }
            Ok(Written { transfer_syntax: file.transfer_syntax.clone(), method: Method::InPlace })
        }
        Store::Encapsulated(_) => {
            decoded(frames, regions, out)?;
            let transfer_syntax = uids::EXPLICIT_VR_LITTLE_ENDIAN.to_owned();
            Ok(Written { transfer_syntax, method: Method::Decoded })
        }
    }
}

/// Writes the input file as it is.
///
/// # Errors
///
/// [`Error::Io`].
pub fn unchanged(file: &super::file::DicomFile, out: &mut impl Write) -> Result<()> {
    copy(&mut file.file.reader(0, file.file.len()), out)
}

/// `map_err` argument for writes.
const WRITE: fn(std::io::Error) -> Error = |source| Error::Io { action: "cannot write the output", source };

fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<()> {
    // The reader's own failures come through here too; which side failed shows in the kind of the cause.
    std::io::copy(from, to).map_err(Error::io("cannot copy the file"))?;
    Ok(())
}

/// Fills the regions in a copy of the native data set, in place.
fn patch(
    frames: &Frames<'_>,
    value: &Range<u64>,
    regions: &impl Fn(u32) -> Option<Region>,
    out: &mut (impl Read + Write + Seek),
) -> Result<()> {
    let word_swapped = matches!(frames.store, Store::Native { word_swapped: true, .. });
    for frame in 0..frames.count() {
        let Some(region) = &regions(frame) else { continue };
        let (range, first_bit) = frames.native_range(value, frame);
        // What is patched is read back from the output: frames of one bit a pixel may share a byte.
        let mut bytes = vec![0; usize::try_from(range.end - range.start).expect("a frame in memory")];
        out.seek(SeekFrom::Start(range.start)).map_err(WRITE)?;
        out.read_exact(&mut bytes).map_err(WRITE)?;
        let swap = |bytes: &mut [u8]| {
            if word_swapped {
                bytes.chunks_exact_mut(2).for_each(|word| word.swap(0, 1));
            }
        };
        swap(&mut bytes);
        let fill = frames.fill_of(&frames.decode(frame)?, region)?;
        fill.native(&mut bytes, first_bit, &frames.description, frames.file.encoding.is_big_endian(), region);
        swap(&mut bytes);
        out.seek(SeekFrom::Start(range.start)).map_err(WRITE)?;
        out.write_all(&bytes).map_err(WRITE)?;
    }
    out.seek(SeekFrom::End(0)).map_err(WRITE)?;
    Ok(())
}

/// Writes encapsulated pixels decoded, one frame in memory at a time.
fn decoded(frames: &Frames<'_>, regions: &impl Fn(u32) -> Option<Region>, out: &mut impl Write) -> Result<()> {
    let mut first = frames.decode(0)?;
    let mut description = first.description.clone();
    description.planar = false;
    let bits = u128::from(description.native_frame_bits()) * u128::from(frames.count());
    if description.bits_allocated == 1 && frames.count() > 1 && description.native_frame_bits() % 8 != 0 {
        return Err(Error::PixelData("one-bit frames that end inside a byte cannot be written uncompressed".into()));
    }
    // PS3.5 7.1.1: FFFFFFFF means undefined, so the longest value is two below.
    let limit = u64::from(u32::MAX) - 1;
    let length = u64::try_from(bits.div_ceil(8)).ok().filter(|&bytes| bytes < limit);
    let length = length.ok_or(Error::TooLarge { what: "the uncompressed PixelData in bytes", limit })?;
    let mut edits = edits_for_native(frames, &description, u32::try_from(length + length % 2).expect("below limit"))?;
    // An insertion comes before what is replaced at the same place.
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let source = &frames.file.file;
    let mut position = 0;
    for Edit { range, bytes, is_pixel_data } in edits {
        copy(&mut source.reader(position, range.start), out)?;
        out.write_all(&bytes).map_err(WRITE)?;
        if is_pixel_data {
            for frame in 0..frames.count() {
                let mut decoded = if frame == 0 { first.clone() } else { frames.decode(frame)? };
                if decoded.description.photometric != first.description.photometric {
                    return Err(Error::PixelData("frames decode to different PhotometricInterpretation".into()));
                }
                if let Some(region) = &regions(frame) {
                    frames.fill_of(&decoded, region)?.frame(&mut decoded, region);
                }
                out.write_all(&little_endian(&decoded)).map_err(WRITE)?;
            }
            first.samples = Samples::U8(Vec::new());
            out.write_all(&[0][..usize::from(length % 2 == 1)]).map_err(WRITE)?;
        }
        position = range.end;
    }
    copy(&mut source.reader(position, source.len()), out)
}

/// Returns the samples as native little endian bytes; single bits are packed from the lowest up (PS3.5 8.1.1).
fn little_endian(frame: &Frame) -> Vec<u8> {
    match &frame.samples {
        Samples::U8(v) if frame.description.bits_allocated == 1 => {
            let pack = |bits: &[u8]| bits.iter().enumerate().fold(0, |byte, (i, &bit)| byte | (bit & 1) << i);
            v.chunks(8).map(pack).collect()
        }
        Samples::U8(v) => v.clone(),
        Samples::U16(v) => v.iter().flat_map(|s| s.to_le_bytes()).collect(),
        Samples::U32(v) => v.iter().flat_map(|s| s.to_le_bytes()).collect(),
    }
}

/// Checks a written file against what it had to become: it opens, has the same elements, its frames decode to the
/// input's samples outside the regions and to the fill inside.
///
/// # Errors
///
/// [`Error::Verification`] naming what differs, and what opening and decoding report.
pub fn verify(
    frames: &Frames<'_>,
    regions: &impl Fn(u32) -> Option<Region>,
    written: &Written,
    output: &Frames<'_>,
) -> Result<()> {
    if output.file.transfer_syntax != written.transfer_syntax {
        return Err(Error::Verification("TransferSyntaxUID differs"));
    }
    if codec::lookup(&written.transfer_syntax).is_none() || output.count() != frames.count() {
        return Err(Error::Verification("NumberOfFrames differs"));
    }
    for frame in 0..frames.count() {
        let mut expected = frames.decode(frame)?;
        let actual = output.decode(frame)?;
        if let Some(region) = &regions(frame) {
            let fill = frames.fill_of(&expected, region)?;
            if !fill.covers(&actual, region) {
                return Err(Error::Verification("a masked pixel does not have the fill"));
            }
            fill.frame(&mut expected, region);
        }
        if expected.samples != actual.samples || expected.description.photometric != actual.description.photometric {
            return Err(Error::Verification("a pixel outside the masks differs"));
        }
    }
    Ok(())
}
