//! Writing back: the input file byte for byte, but for the masked pixels and what must say how they are stored.
//!
//! Uncompressed pixels are patched where they lie. Encapsulated frames that are masked are written in the form they have,
//! and the others keep their fragments; where a form cannot be written without a further loss, all frames go to a lossless
//! transfer syntax of the user's choice. The data set around them has that encoding already (PS3.5 A.4).

use super::blocks::Grain;
use super::codec::{self, Fallback};
use super::edit::{Edit, Part, Target, edits};
use super::fill::Fill;
use super::fragments::{self, Coded};
use super::frames::{Frames, Store};
use super::instance::is_subsampled;
use super::pixels::{Frame, PixelDescription, Samples};
use super::plan::masker;
pub use super::plan::{Method, Plan, WriteOptions};
use crate::error::{Error, Result};
use crate::region::Region;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rayon::prelude::*;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// Writes the instance of `frames` as planned, with the region that `regions` gives for each frame filled.
///
/// `out` must be empty and at its start.
///
/// # Errors
///
/// What decoding and encoding report, [`Error::TooLarge`] where the pixels do not fit a DICOM element, and
/// [`Error::Io`].
pub fn masked(
    frames: &Frames<'_>,
    regions: &(impl Fn(u32) -> Option<Region> + Sync),
    plan: &Plan,
    out: &mut (impl Read + Write + Seek),
) -> Result<()> {
    match &frames.store {
        Store::Native { value, .. } => in_place(frames, value, regions, plan.grain, out),
        Store::Encapsulated(_) => encapsulated(frames, regions, plan, out),
    }
}

/// Writes the input file as it is.
///
/// # Errors
///
/// [`Error::Io`].
pub fn unchanged(file: &super::file::DicomFile, out: &mut impl Write) -> Result<()> {
    copy(&mut file.file.reader(0, file.file.len()), out).map(|_| ())
}

/// `map_err` argument for writes.
const WRITE: fn(std::io::Error) -> Error = |source| Error::Io { action: "cannot write the output", source };

fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<u64> {
    // The reader's own failures come through here too; which side failed shows in the kind of the cause.
    std::io::copy(from, to).map_err(Error::io("cannot copy the file"))
}

/// Writes the file with its native pixels patched.
fn in_place(
    frames: &Frames<'_>,
    value: &Range<u64>,
    regions: &(impl Fn(u32) -> Option<Region> + Sync),
    grain: Grain,
    out: &mut (impl Read + Write + Seek),
) -> Result<()> {
    let file = frames.file;
    let regions = |frame| regions(frame).map(|region| grain.blocks(&region).pixels());
    if !file.is_deflated() {
        unchanged(file, out)?;
        return patch(frames, value, &regions, out);
    }
    copy(&mut file.file.reader(0, file.meta.as_ref().map_or(0, |meta| meta.range.end)), out)?;
    let mut data = Cursor::new(Vec::new());
    copy(&mut file.data().reader(0, file.data().len()), &mut data)?;
    patch(frames, value, &regions, &mut data)?;
    let mut encoder = DeflateEncoder::new(&mut *out, Compression::default());
    encoder.write_all(data.get_ref()).map_err(WRITE)?;
    encoder.finish().map_err(WRITE)?;
    Ok(())
}

/// Fills the regions in a copy of the native data set, in place.
fn patch(
    frames: &Frames<'_>,
    value: &Range<u64>,
    regions: &(impl Fn(u32) -> Option<Region> + Sync),
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
        let even = Fill::even(frames.fill, &frames.description, frames.palette.as_ref())?;
        let fill = match even {
            Some(even) => even,
            None => frames.fill_of(&frames.decode(frame)?, region)?,
        };
        fill.native(&mut bytes, first_bit, &frames.description, frames.file.encoding.is_big_endian(), region);
        swap(&mut bytes);
        out.seek(SeekFrom::Start(range.start)).map_err(WRITE)?;
        out.write_all(&bytes).map_err(WRITE)?;
    }
    out.seek(SeekFrom::End(0)).map_err(WRITE)?;
    Ok(())
}

/// Writes an encapsulated instance, with as many frames in memory at a time as there are threads.
fn encapsulated(
    frames: &Frames<'_>,
    regions: &(impl Fn(u32) -> Option<Region> + Sync),
    plan: &Plan,
    out: &mut (impl Write + Seek),
) -> Result<()> {
    let first = match plan.method {
        Method::Decoded | Method::Transcoded(_) => Some(frames.decode(0)?),
        _ => None,
    };
    let (target, description) = target(frames, plan, first.as_ref())?;
    let anew = |frame| target != Target::Same || regions(frame).is_some();
    let edits = edits(frames, &target, &description, anew)?;
    let source = &frames.file.file;
    let (mut read, mut written) = (0, 0);
    let (mut later, mut done): (Vec<(Part, u64)>, _) = (Vec::new(), None);
    for Edit { range, bytes, part } in edits {
        written += copy(&mut source.reader(read, range.start), out)?;
        // Of an element whose value comes later, the value is what follows its header.
        later.push((part, written));
        out.write_all(&bytes).map_err(WRITE)?;
        written += bytes.len() as u64;
        if part == Part::PixelData {
            let start = written - bytes.len() as u64;
            let (end, table) = value(frames, regions, plan, &description, written, out)?;
            let grow = i64::try_from(end - start).ok().zip(i64::try_from(range.end - range.start).ok());
            done = Some((table, grow.map_or(0, |(new, old)| new - old)));
            written = end;
        }
        read = range.end;
    }
    copy(&mut source.reader(read, source.len()), out)?;
    let Some((table, grow)) = done else { return Err(Error::MissingAttribute("PixelData")) };
    let numbers = |values: &[u64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    for (part, position) in later {
        match part {
            // OV has a header of 12 bytes in explicit VR.
            Part::Offsets => fragments::patch(out, position + 12, &numbers(&table.offsets))?,
            Part::Lengths => fragments::patch(out, position + 12, &numbers(&table.lengths))?,
            Part::PixelGroupLength(base) => {
                // One that was wrong before may leave the range; it is then left as it was.
                if let Ok(length) = u32::try_from(base + grow) {
                    fragments::patch(out, position, &length.to_le_bytes())?;
                }
            }
            Part::Whole | Part::PixelData => {}
        }
    }
    Ok(())
}

/// Returns what Pixel Data become, and the description of the frames then.
fn target(frames: &Frames<'_>, plan: &Plan, first: Option<&Frame>) -> Result<(Target, PixelDescription)> {
    let mut description = first.map_or(&frames.description, |frame| &frame.description).clone();
    match plan.method {
        Method::InPlace | Method::JpegBlocks | Method::Reencoded => Ok((Target::Same, description)),
        Method::Transcoded(coded) => {
            description.photometric = coded.photometric(description.photometric);
            Ok((Target::Coded(coded.transfer_syntax()), description))
        }
        Method::Decoded => {
            if is_subsampled(&description) {
                return Err(Error::PixelData("pixels of partial range cannot be written uncompressed".into()));
            }
            let (bits, count) = (description.native_frame_bits(), description.frames);
            if description.bits_allocated == 1 && count > 1 && bits % 8 != 0 {
                let problem = "one-bit frames that end inside a byte cannot be written uncompressed";
                return Err(Error::PixelData(problem.into()));
            }
            // PS3.5 7.1.1: FFFFFFFF means undefined, so the longest value is two below.
            let limit = u64::from(u32::MAX) - 1;
            let bytes = (u128::from(bits) * u128::from(count)).div_ceil(8).next_multiple_of(2);
            let length = u32::try_from(bytes).ok().filter(|&bytes| u64::from(bytes) < limit);
            let length = length.ok_or(Error::TooLarge { what: "the uncompressed PixelData in bytes", limit })?;
            Ok((Target::Native(length), description))
        }
    }
}

/// Writes the value of Pixel Data at `position`; returns where it ends and, of fragments, where the frames are.
fn value(
    frames: &Frames<'_>,
    regions: &(impl Fn(u32) -> Option<Region> + Sync),
    plan: &Plan,
    description: &PixelDescription,
    position: u64,
    out: &mut (impl Write + Seek),
) -> Result<(u64, fragments::Table)> {
    let filled = |frame: u32| -> Result<Frame> {
        let mut decoded = frames.decode(frame)?;
        let photometric = match plan.method {
            Method::Transcoded(coded) => coded.photometric(decoded.description.photometric),
            _ => decoded.description.photometric,
        };
        if photometric != description.photometric {
            return Err(Error::PixelData("frames decode to different PhotometricInterpretation".into()));
        }
        if let Some(region) = &regions(frame) {
            frames.fill_of(&decoded, region)?.frame(&mut decoded, region);
        }
        Ok(decoded)
    };
    match plan.method {
        Method::Decoded => {
            let mut length = 0;
            let native = |frame| codec::encode(Fallback::ExplicitLe, &filled(frame)?);
            fragments::in_turn(frames.count(), native, |_, bytes| {
                length += bytes.len() as u64;
                out.write_all(&bytes).map_err(WRITE)
            })?;
            out.write_all(&[0][..usize::from(length % 2 == 1)]).map_err(WRITE)?;
            Ok((position + length.next_multiple_of(2), fragments::Table::default()))
        }
        Method::Transcoded(fallback) => {
            // Offsets of 32 bits are enough for what is not longer uncompressed; without them each frame has a fragment.
            let native = description.native_frame_bits() / 8 * u64::from(frames.count());
            let coded = |frame| codec::encode(fallback, &filled(frame)?).map(Coded::New);
            fragments::write(frames, native < 1 << 31, coded, position, out)
        }
        Method::InPlace | Method::JpegBlocks | Method::Reencoded => {
            let masker = masker(frames);
            let coded = |frame| match &regions(frame) {
                Some(region) => masker.mask(&frames.stored(frame)?, &plan.grain.blocks(region)).map(Coded::New),
                None => Ok(match frames.without_notes(frame)? {
                    Some(stream) => Coded::New(stream),
                    None => Coded::Kept(fragments::of_input(frames, frame)),
                }),
            };
            fragments::write(frames, fragments::has_table(frames), coded, position, out)
        }
    }
}

/// Checks a written file against what it had to become: it opens, has the same elements, its frames decode to the
/// input's samples outside the masked blocks (and the rim that takes color from them) and to the fill in their core,
/// and frames without a mask that stay in their form have the same bytes, but for notes beside the image.
///
/// # Errors
///
/// [`Error::Verification`] naming what differs, and what opening and decoding report.
pub fn verify(
    frames: &Frames<'_>,
    regions: &(impl Fn(u32) -> Option<Region> + Sync),
    plan: &Plan,
    output: &Frames<'_>,
) -> Result<()> {
    if output.file.transfer_syntax != plan.transfer_syntax {
        return Err(Error::Verification("TransferSyntaxUID differs"));
    }
    if codec::lookup(&plan.transfer_syntax).is_none() || output.count() != frames.count() {
        return Err(Error::Verification("NumberOfFrames differs"));
    }
    let same_form = matches!(plan.method, Method::JpegBlocks | Method::Reencoded);
    let check = |frame: u32| -> Result<()> {
        let region = regions(frame);
        if region.is_none() && same_form && frames.without_notes(frame)?.is_none() {
            if frames.stored(frame)? != output.stored(frame)? {
                return Err(Error::Verification("a frame without a mask differs"));
            }
            return Ok(());
        }
        if same_form && output.without_notes(frame)?.is_some() {
            return Err(Error::Verification("a stream has comments or application data"));
        }
        let mut expected = frames.decode(frame)?;
        let actual = output.decode(frame)?;
        if expected.description.photometric != actual.description.photometric {
            return Err(Error::Verification("PhotometricInterpretation differs"));
        }
        if let Some(region) = &region {
            let blocks = plan.grain.blocks(region);
            if !frames.fill_of(&expected, &blocks.pixels())?.covers(&actual, &blocks.core()) {
                return Err(Error::Verification("a masked pixel does not have the fill"));
            }
            take(&mut expected, &actual, &blocks.changed());
        }
        if expected.samples != actual.samples {
            return Err(Error::Verification("a pixel outside the masks differs"));
        }
        Ok(())
    };
    // The first one that differs, whichever thread comes upon one first.
    (0..frames.count()).into_par_iter().find_map_first(|frame| check(frame).err()).map_or(Ok(()), Err)
}

/// Copies the samples of `region` from one frame to another of the same form.
fn take(to: &mut Frame, from: &Frame, region: &Region) {
    let count = usize::from(to.description.samples_per_pixel);
    for index in region.indices().flat_map(|pixel| pixel * count..(pixel + 1) * count) {
        match (&mut to.samples, &from.samples) {
            (Samples::U8(to), Samples::U8(from)) => to[index] = from[index],
            (Samples::U16(to), Samples::U16(from)) => to[index] = from[index],
            (Samples::U32(to), Samples::U32(from)) => to[index] = from[index],
            // Of different widths, the frames differ whatever is taken.
            _ => {}
        }
    }
}
