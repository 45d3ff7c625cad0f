//! The marker structure that JPEG (ISO/IEC 10918-1) and JPEG-LS (ISO/IEC 14495-1) share, read before any decoder
//! sees the stream.

use std::ops::Range;

use crate::dicom::pixels::PixelDescription;
use crate::error::{Error, Result};

/// Start of image.
pub(super) const SOI: u8 = 0xD8;
/// End of image.
pub(super) const EOI: u8 = 0xD9;
/// Start of scan.
pub(super) const SOS: u8 = 0xDA;

/// A frame header (SOFn): what the stream itself says of its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// The marker's second byte, which names the coding process.
    pub(super) process: u8,
    /// Bits a sample.
    pub(super) precision: u8,
    /// Rows; 0 where a DNL segment would say it later.
    pub(super) rows: u16,
    /// Columns.
    pub(super) columns: u16,
    /// Identifier, sampling factors (horizontal << 4 | vertical) and quantization table of each component.
    pub(super) components: Vec<(u8, u8, u8)>,
}

impl FrameHeader {
    /// Reads the parameters of a frame header segment.
    fn read(process: u8, payload: &[u8]) -> Option<Self> {
        let &[precision, r1, r0, c1, c0, count, ref rest @ ..] = payload else { return None };
        if rest.len() != usize::from(count) * 3 {
            return None;
        }
        Some(Self {
            process,
            precision,
            rows: u16::from_be_bytes([r1, r0]),
            columns: u16::from_be_bytes([c1, c0]),
            components: rest.as_chunks::<3>().0.iter().map(|&[id, sampling, table]| (id, sampling, table)).collect(),
        })
    }

    /// Checks that the stream holds what the data set promises.
    pub(super) fn check(&self, codec: &'static str, description: &PixelDescription) -> Result<()> {
        let (rows, columns) = (u32::from(self.rows), u32::from(self.columns));
        check_size(codec, description, (rows, columns), self.components.len(), u32::from(self.precision))
    }
}

/// Checks what a stream says of itself (`size` is rows, columns) against the data set.
///
/// A precision below Bits Stored is common and harmless. One above it is so too, as long as the container holds
/// it: there are encoders that code whole containers.
pub(super) fn check_size(
    codec: &'static str,
    description: &PixelDescription,
    size: (u32, u32),
    components: usize,
    precision: u32,
) -> Result<()> {
    let failed = |problem| Err(Error::decode(codec, problem));
    if size != (description.rows, description.columns) {
        let (rows, columns) = (description.rows, description.columns);
        return failed(format!("stream has {} rows of {}, data set {rows} of {columns}", size.0, size.1));
    }
    if components != usize::from(description.samples_per_pixel) {
        return failed(format!("stream has {components} components, data set {}", description.samples_per_pixel));
    }
    if !matches!(description.bits_allocated, 8 | 16) {
        return failed(format!("bits allocated are {}, not 8 or 16", description.bits_allocated));
    }
    if precision == 0 || precision > u32::from(description.bits_allocated) {
        return failed(format!(
            "stream has {precision} bits a sample, data set allocates {}",
            description.bits_allocated
        ));
    }
    Ok(())
}

/// A marker segment, or the entropy-coded data behind a scan header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The marker's second byte and where its parameters are, without the length.
    Segment(u8, Range<usize>),
    /// Where the coded data are, restart markers included.
    Coded(Range<usize>),
}

/// A stream cut into its parts.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// The one frame header.
    pub(super) header: FrameHeader,
    /// All parts between SOI and EOI, in order.
    pub(super) parts: Vec<Part>,
    /// Whether an EOI was found. What follows it is not part of the image.
    pub(super) ended: bool,
}

impl Stream {
    /// Reads all markers up to EOI or the end of `data`.
    ///
    /// `stuffing` is the lowest value that cannot follow FF inside coded data: 1 for JPEG, which stuffs a zero
    /// byte, 0x80 for JPEG-LS, which stuffs a zero bit.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if a marker is cut off or out of place, or there is not exactly one frame header before
    /// the first scan.
    pub(super) fn read(codec: &'static str, data: &[u8], stuffing: u8) -> Result<Self> {
        let failed = |problem| Error::decode(codec, problem);
        if data.get(..2) != Some(&[0xFF, SOI]) {
            return Err(failed("stream does not start with SOI"));
        }
        let (mut at, mut parts, mut header, mut scans, mut ended) = (2, Vec::new(), None, 0_usize, false);
        while at < data.len() {
            if data[at] != 0xFF {
                return Err(failed("bytes between marker segments"));
            }
            let Some(&marker) = data.get(at + 1) else { break };
            at += 1;
            match marker {
                0xFF => continue,
                EOI => {
                    // A frame more than promised, hidden from readers that stop here.
                    if data[at + 1..].windows(3).any(|bytes| bytes == [0xFF, SOI, 0xFF]) {
                        return Err(failed("another image follows the end of the stream"));
                    }
                    ended = true;
                    break;
                }
                SOI | 0x00 | 0x01 | 0xD0..=0xD7 => return Err(failed("a marker is out of place")),
                _ => at += 1,
            }
            let segment = segment(data, at).ok_or_else(|| failed("a marker segment is cut off"))?;
            at = segment.end;
            if is_frame_header(marker) {
                let read = FrameHeader::read(marker, &data[segment.clone()])
                    .ok_or_else(|| failed("frame header is malformed"))?;
                if header.replace(read).is_some() {
                    return Err(failed("more than one frame header"));
                }
            }
            parts.push(Part::Segment(marker, segment));
            if marker == SOS {
                scans += 1;
                if header.is_none() || scans > MAX_SCANS {
                    return Err(failed("scan without a frame header, or too many scans"));
                }
                let end = coded_end(data, at, stuffing);
                parts.push(Part::Coded(at..end));
                at = end;
            }
        }
        let header = header.ok_or_else(|| failed("stream has no frame header"))?;
        if scans == 0 {
            return Err(failed("stream has no scan"));
        }
        Ok(Self { header, parts, ended })
    }

    /// Returns the parameters of each scan header.
    pub(super) fn scans<'a>(&'a self, data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.parts.iter().filter_map(|part| match part {
            Part::Segment(SOS, range) => data.get(range.clone()),
            _ => None,
        })
    }
}

/// More scans than any encoder writes (a progressive color image has about ten) only serve to waste time.
const MAX_SCANS: usize = 500;

/// Returns whether a marker is SOFn: all of C0 to CF but DHT, JPG and DAC, and JPEG-LS's F7.
const fn is_frame_header(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF | 0xF7) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// Returns where the parameters of the segment are whose length is at `at`.
fn segment(data: &[u8], at: usize) -> Option<Range<usize>> {
    let length = usize::from(u16::from_be_bytes([*data.get(at)?, *data.get(at + 1)?]));
    (length >= 2 && at + length <= data.len()).then_some(at + 2..at + length)
}

/// Returns where the marker stands that ends the coded data from `at` on. Restart markers do not end it.
fn coded_end(data: &[u8], from: usize, stuffing: u8) -> usize {
    memchr::memchr_iter(0xFF, &data[from..])
        .map(|offset| from + offset)
        .find(|at| data.get(at + 1).is_some_and(|&next| next >= stuffing && !matches!(next, 0xD0..=0xD7 | 0xFF)))
        .unwrap_or(data.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TINY: &[u8] = &[
        0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 2, 0, 3, 1, 1, 0x11, 0, 0xFF, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 5,
        0xFF, 0, 0xFF, 0xD0, 6, 0xFF, 0xD9, 7,
    ];

    #[test]
    fn parts_are_found_and_bytes_behind_eoi_are_not() {
        let stream = Stream::read("JPEG", TINY, 1).expect("well formed");
        assert_eq!((stream.header.rows, stream.header.columns, stream.header.precision), (2, 3, 8));
        assert_eq!(stream.parts.last(), Some(&Part::Coded(26..32)));
        assert!(stream.ended);
        assert_eq!(stream.scans(TINY).count(), 1);
    }

    #[test]
    fn a_second_image_behind_eoi_is_an_error() {
        assert!(Stream::read("JPEG", &TINY.repeat(2), 1).is_err());
    }

    #[test]
    fn a_second_frame_header_is_an_error() {
        let mut twice = TINY[..15].to_vec();
        twice.extend_from_slice(&TINY[2..]);
        assert!(Stream::read("JPEG", &twice, 1).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), cut in 0..35_usize) {
            let _ = Stream::read("JPEG", &bytes, 1);
            let mixed = [&TINY[..cut], &bytes[..]].concat();
            let _ = Stream::read("JPEG", &mixed, 0x80);
        }
    }
}
