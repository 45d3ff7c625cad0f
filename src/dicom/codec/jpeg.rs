//! JPEG (ISO/IEC 10918-1): baseline, extended and progressive with 8 and 12 bits, and lossless with 2 to 16 bits.
//!
//! The stream is read marker by marker, checked against the data set, and handed to the decoder with one plain
//! statement on its color transform, so that no decoder has to guess.

use super::markers::{EOI, FrameHeader, Part, SOI, SOS, Stream};
use super::turbo::{Decoded, Shape, decompress};
use crate::dicom::pixels::{Frame, Photometric, PixelDescription, Samples};
use crate::error::{Error, Result};
use std::ops::Range;

/// Decodes one frame. Lossy color comes back as RGB.
///
/// # Errors
///
/// [`Error::Decode`] if the stream does not fit the description, is incomplete, or is of a process that has no
/// decoder (hierarchical, lossless with arithmetic coding).
pub fn decode(description: &PixelDescription, data: &[u8]) -> Result<Frame> {
    let jpeg = Jpeg::read(description, data)?;
    let samples = match (decompress(&jpeg.plain(), jpeg.shape())?, description.bits_allocated) {
        (Decoded::Bits8(samples), 8) => Samples::U8(samples),
        (Decoded::Bits8(samples), 16) => Samples::U16(samples.into_iter().map(u16::from).collect()),
        (Decoded::Bits16(samples), 16) => Samples::U16(samples),
        _ => return Err(failed("precision does not fit bits allocated")),
    };
    Ok(Frame { description: jpeg.description(description), samples })
}

/// A stream that fits its description.
pub(super) struct Jpeg<'a> {
    pub(super) stream: Stream,
    pub(super) process: Process,
    /// The three components are YCbCr.
    pub(super) transformed: bool,
    /// What the decoded samples are.
    photometric: Photometric,
    data: &'a [u8],
}

impl<'a> Jpeg<'a> {
    /// Reads the markers of `data` and checks them.
    pub(super) fn read(description: &PixelDescription, data: &'a [u8]) -> Result<Self> {
        let stream = Stream::read("JPEG", data, 1)?;
        stream.header.check("JPEG", description)?;
        let process = Process::of(&stream.header)?;
        check_scans(&stream, data, process)?;
        let first = stream.header.components[0].1;
        if process == Process::Lossless && stream.header.components.iter().any(|c| c.1 != first) {
            return Err(failed("lossless stream with subsampled components"));
        }
        let transformed = is_transformed(&stream, data, process, description.photometric);
        let photometric = match (process, description.photometric) {
            (_, gray) if gray.samples_per_pixel() == 1 => gray,
            (Process::Lossless, _) if transformed => Photometric::YbrFull,
            // Nothing is shared between pixels in a lossless stream.
            (Process::Lossless, Photometric::YbrFull | Photometric::YbrFull422) => Photometric::YbrFull,
            (Process::Lossless, Photometric::YbrPartial422) => Photometric::YbrPartial422,
            _ => Photometric::Rgb,
        };
        Ok(Self { stream, process, transformed, photometric, data })
    }

    /// Returns how the decoded samples are to be read.
    pub(super) fn description(&self, stored: &PixelDescription) -> PixelDescription {
        PixelDescription { photometric: self.photometric, planar: false, ..stored.clone() }
    }

    /// Returns what the library is told of the stream.
    pub(super) fn shape(&self) -> Shape {
        let header = &self.stream.header;
        let (width, height) = (header.columns, header.rows);
        Shape { width, height, components: header.components.len(), precision: header.precision }
    }

    /// Returns what stands in a part of the stream.
    pub(super) fn bytes(&self, range: &Range<usize>) -> Option<&'a [u8]> {
        self.data.get(range.clone())
    }

    /// Returns the stream as the library is given it.
    pub(super) fn plain(&self) -> Vec<u8> {
        rewrite(&self.stream, self.data, self.process, self.transformed)
    }

    /// Gives a stream that the library made the color markers of this one, and no other application or comment
    /// segments: a decoder must take the components for what it took them before.
    ///
    /// A thumbnail in the JFIF segment goes.
    pub(super) fn with_color_markers(&self, made: &[u8]) -> Result<Vec<u8>> {
        let new = Stream::read("JPEG", made, 1)?;
        let mut out = Vec::with_capacity(made.len() + 48);
        out.extend([0xFF, SOI]);
        if let Some(jfif) = application(&self.stream, self.data, 0xE0, b"JFIF\0") {
            // Version, unit and densities; what is missing of them is 1.1, none, 1 and 1.
            let fields = jfif.get(5..12).unwrap_or(&[1, 1, 0, 0, 1, 0, 1]);
            out.extend([0xFF, 0xE0, 0, 16]);
            out.extend(b"JFIF\0");
            out.extend(fields);
            out.extend([0, 0]);
        }
        if let Some(adobe) = application(&self.stream, self.data, 0xEE, b"Adobe").and_then(|adobe| adobe.get(..12)) {
            out.extend([0xFF, 0xEE, 0, 14]);
            out.extend(adobe);
        }
        for part in &new.parts {
            match part {
                Part::Segment(0xE0..=0xEF | 0xFE, _) => {}
                Part::Segment(marker, range) => {
                    out.extend([0xFF, *marker]);
                    out.extend_from_slice(&made[range.start - 2..range.end]);
                }
                Part::Coded(range) => out.extend_from_slice(&made[range.clone()]),
            }
        }
        out.extend([0xFF, EOI]);
        Ok(out)
    }
}

/// The coding processes, as far as they differ here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// Baseline and extended sequential.
    Sequential,
    /// Spectral selection, full progression.
    Progressive,
    /// Process 14.
    Lossless,
}

impl Process {
    /// Reads it from the frame header's marker.
    fn of(header: &FrameHeader) -> Result<Self> {
        match header.process {
            0xC0 | 0xC1 | 0xC9 => Ok(Self::Sequential),
            0xC2 | 0xCA => Ok(Self::Progressive),
            0xC3 => Ok(Self::Lossless),
            0xCB => Err(failed("lossless with arithmetic coding has no decoder")),
            0xF7 => Err(failed("stream is JPEG-LS")),
            _ => Err(failed("hierarchical coding has no decoder")),
        }
    }
}

/// Checks that the scans make a whole image, which decoders do not: where a scan is missing they leave gray.
fn check_scans(stream: &Stream, data: &[u8], process: Process) -> Result<()> {
    let arithmetic = matches!(stream.header.process, 0xC9 | 0xCA);
    // Without EOI a Huffman-coded scan shows by itself whether it is whole. Arithmetic decoding goes on with zeros
    // forever, and of a progressive image later scans may be missing.
    if !stream.ended && (process == Process::Progressive || arithmetic) {
        return Err(failed("stream is cut off"));
    }
    let mut seen = vec![false; stream.header.components.len()];
    for scan in stream.scans(data) {
        let count = usize::from(scan.first().copied().unwrap_or(0));
        if count == 0 || scan.len() != 4 + 2 * count {
            return Err(failed("scan header is malformed"));
        }
        // Only the first pass over the lowest coefficients makes an image of a progressive component.
        let first_pass = process != Process::Progressive || (scan[1 + 2 * count] == 0 && scan[3 + 2 * count] >> 4 == 0);
        for selector in scan[1..=2 * count].iter().step_by(2) {
            let index = stream.header.components.iter().position(|c| c.0 == *selector);
            let index = index.ok_or_else(|| failed("scan of an unknown component"))?;
            seen[index] |= first_pass;
        }
    }
    if seen.contains(&false) { Err(failed("a component has no scan")) } else { Ok(()) }
}

/// Returns whether the three components are YCbCr.
///
/// What the stream says goes before what the data set says, since encoders write the former and anything between
/// them and us may have changed the latter: the Adobe marker, then JFIF (which is YCbCr by definition), then the
/// letters R, G, B as component identifiers, then Photometric Interpretation. Lossless streams are not transformed
/// unless the Adobe marker says so; JFIF is found in them whatever they hold.
fn is_transformed(stream: &Stream, data: &[u8], process: Process, photometric: Photometric) -> bool {
    if stream.header.components.len() != 3 {
        return false;
    }
    if let Some(&transform) = application(stream, data, 0xEE, b"Adobe").and_then(|adobe| adobe.get(11)) {
        return transform != 0;
    }
    if process == Process::Lossless {
        return false;
    }
    if application(stream, data, 0xE0, b"JFIF\0").is_some() {
        return true;
    }
    let letters = stream.header.components.iter().map(|c| c.0).eq(*b"RGB");
    !letters && photometric != Photometric::Rgb
}

/// Returns the first application segment of this marker and name.
fn application<'d>(stream: &Stream, data: &'d [u8], marker: u8, name: &[u8]) -> Option<&'d [u8]> {
    stream.parts.iter().find_map(|part| match part {
        Part::Segment(found, range) if *found == marker => {
            data.get(range.clone()).filter(|payload| payload.starts_with(name))
        }
        _ => None,
    })
}

/// Writes the stream anew, with nothing left in it that a decoder could stumble over.
///
/// Application and comment segments go, an Adobe marker with the color transform is added, the spectral selection
/// of sequential scans is set to what it must be (some encoders write zeros), and EOI ends the stream.
fn rewrite(stream: &Stream, data: &[u8], process: Process, transformed: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 32);
    out.extend([0xFF, SOI]);
    if stream.header.components.len() == 3 {
        // A lossless stream is never transformed by the decoder, only given its name afterwards.
        let transform = u8::from(transformed && process != Process::Lossless);
        out.extend([0xFF, 0xEE, 0, 14]);
        out.extend(b"Adobe");
        out.extend([0, 100, 0, 0, 0, 0, transform]);
    }
    for part in &stream.parts {
        match part {
            Part::Segment(0xE0..=0xEF | 0xFE, _) => {}
            Part::Segment(marker, range) => {
                // The length stands in the two bytes before the parameters.
                out.extend([0xFF, *marker]);
                out.extend_from_slice(&data[range.start - 2..range.end]);
                if *marker == SOS && process == Process::Sequential {
                    let selection = out.len() - 3;
                    out[selection..].copy_from_slice(&[0, 63, 0]);
                }
            }
            Part::Coded(range) => out.extend_from_slice(&data[range.clone()]),
        }
    }
    out.extend([0xFF, EOI]);
    out
}

/// Returns whether a stream is coded with the DCT, all of whose processes lose information.
pub fn is_lossy(data: &[u8]) -> bool {
    Stream::read("JPEG", data, 1).is_ok_and(|stream| matches!(stream.header.process, 0xC0..=0xC2 | 0xC9 | 0xCA))
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::decode("JPEG", problem)
}
