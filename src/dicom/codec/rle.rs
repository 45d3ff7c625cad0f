//! RLE Lossless (PS3.5 Annex G): 8, 16 and 32 bits, decoded strictly, and encoded.

use super::native::usize_of;
use crate::dicom::pixels::{Frame, Photometric, PixelDescription, Samples};
use crate::error::{Error, Result};

/// The header holds the number of segments and 15 offsets, four bytes each.
const HEADER: usize = 64;

/// Decodes one frame. The samples keep the description's color space.
///
/// # Errors
///
/// [`Error::Decode`] if the segments are not those the description calls for, or one of them holds fewer or
/// (but for a pad byte) more bytes than its plane.
pub fn decode(description: &PixelDescription, data: &[u8]) -> Result<Frame> {
    let width = match description.bits_allocated {
        8 | 16 | 32 => usize::from(description.bits_allocated / 8),
        _ => return Err(failed("bits allocated are neither 8, 16 nor 32")),
    };
    if matches!(description.photometric, Photometric::YbrPartial420) {
        return Err(failed("4:2:0 chroma is for video only"));
    }
    let components = usize::from(description.samples_per_pixel);
    let pixels = usize_of(description.pixels())?;
    let segments = segments(data, width * components)?;
    // A replicate run makes at most 128 bytes of two: less data cannot fill the planes, so it may not claim memory.
    if data.len().saturating_mul(64) < pixels.saturating_mul(width * components) {
        return Err(failed("segments are too short for the frame"));
    }
    let mut planes = Vec::with_capacity(segments.len());
    for segment in segments {
        planes.push(unpack(segment, pixels)?);
    }
    let count = pixels * components;
    let byte = |sample: usize, place: usize| planes[sample % components * width + place][sample / components];
    let samples = match width {
        1 => Samples::U8((0..count).map(|i| byte(i, 0)).collect()),
        2 => Samples::U16((0..count).map(|i| u16::from_be_bytes([byte(i, 0), byte(i, 1)])).collect()),
        _ => Samples::U32(
            (0..count).map(|i| u32::from_be_bytes([byte(i, 0), byte(i, 1), byte(i, 2), byte(i, 3)])).collect(),
        ),
    };
    // RLE codes whole planes, so chroma is never shared between pixels here whatever the header calls it.
    let photometric = match description.photometric {
        Photometric::YbrFull422 => Photometric::YbrFull,
        other => other,
    };
    Ok(Frame { description: PixelDescription { photometric, planar: false, ..description.clone() }, samples })
}

/// Encodes one frame: a segment for each byte of a sample, most significant first, component by component.
///
/// # Errors
///
/// [`Error::Encode`] if there are more segments than a header can hold, which no frame here has, or the frame does not
/// fit its 32-bit offsets.
pub fn encode(frame: &Frame) -> Result<Vec<u8>> {
    let description = &frame.description;
    if description.bits_allocated == 1 {
        return Err(Error::encode("RLE", "one-bit pixels"));
    }
    let components = usize::from(description.samples_per_pixel);
    let width = usize::from(description.bits_allocated / 8);
    let columns = usize_of(description.columns.into())?;
    let mut out = vec![0; HEADER];
    let too_large = || Error::encode("RLE", "frame is too large");
    out[..4].copy_from_slice(&u32::try_from(components * width).map_err(|_| too_large())?.to_le_bytes());
    let mut row = vec![0; columns];
    for segment in 0..components * width {
        let (component, place) = (segment / width, segment % width);
        let offset = u32::try_from(out.len()).map_err(|_| too_large())?;
        let entry = out.get_mut(4 + 4 * segment..8 + 4 * segment).filter(|_| segment < HEADER / 4 - 1);
        entry.ok_or_else(too_large)?.copy_from_slice(&offset.to_le_bytes());
        for first in (0..usize_of(description.pixels())?).step_by(columns) {
            for (x, byte) in row.iter_mut().enumerate() {
                let sample = frame.samples.get((first + x) * components + component);
                *byte = sample.to_be_bytes()[4 - width + place];
            }
            // No run goes on in the next row (PS3.5 G.3.1).
            pack(&row, &mut out);
        }
        out.resize(out.len().next_multiple_of(2), 0);
    }
    Ok(out)
}

/// Codes `row` with replicate runs where three or more bytes are equal, or two at the start of a run, and literal runs
/// for all others.
fn pack(row: &[u8], out: &mut Vec<u8>) {
    let run_at = |at: usize| row[at..].iter().take(128).take_while(|&&byte| byte == row[at]).count();
    let length = |count: usize| u8::try_from(count).expect("runs are of 1 to 128 bytes");
    let mut at = 0;
    while at < row.len() {
        let run = run_at(at);
        if run >= 2 {
            out.extend([length(257 - run), row[at]]);
            at += run;
            continue;
        }
        let mut end = at + 1;
        while end < row.len() && end - at < 128 && run_at(end) < 3 {
            end += 1;
        }
        out.push(length(end - at - 1));
        out.extend_from_slice(&row[at..end]);
        at = end;
    }
}

/// Cuts the frame into its segments.
fn segments(data: &[u8], expected: usize) -> Result<Vec<&[u8]>> {
    let header = data.get(..HEADER).ok_or_else(|| failed("frame is shorter than its header"))?;
    let words: Vec<usize> = header.as_chunks().0.iter().map(|&b| u32::from_le_bytes(b) as usize).collect();
    if words[0] != expected {
        return Err(failed(format!("{} segments where {expected} are needed", words[0])));
    }
    let offsets = words.get(1..=expected).ok_or_else(|| failed("more segments than a header can hold"))?;
    let mut ends: Vec<usize> = offsets.iter().skip(1).copied().collect();
    ends.push(data.len());
    offsets
        .iter()
        .zip(ends)
        .map(|(&start, end)| {
            let part = if start < HEADER || start >= end { None } else { data.get(start..end) };
            part.ok_or_else(|| failed("segment offsets do not ascend inside the frame"))
        })
        .collect()
}

/// Undoes the PackBits coding of one segment (PS3.5 G.3.2).
fn unpack(segment: &[u8], length: usize) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(length);
    let mut rest = segment;
    while out.len() < length {
        let Some((&control, tail)) = rest.split_first() else {
            return Err(failed("a segment ends before its plane is full"));
        };
        match control {
            0..=127 => {
                let run = usize::from(control) + 1;
                let bytes = tail.get(..run).ok_or_else(|| failed("a literal run passes the end of its segment"))?;
                out.extend_from_slice(bytes);
                rest = &tail[run..];
            }
            128 => rest = tail,
            129..=255 => {
                let (&value, tail) =
                    tail.split_first().ok_or_else(|| failed("a replicate run passes the end of its segment"))?;
                out.resize(out.len() + 257 - usize::from(control), value);
                rest = tail;
            }
        }
    }
    // Planes of an odd number of bytes are coded with a pad byte by some writers, and segments are padded to an
    // even length, which shows as a zero behind the last run.
    if out.len() > length + 1 || rest.iter().any(|&byte| byte != 0) {
        return Err(failed("a segment holds more than its plane"));
    }
    out.truncate(length);
    Ok(out)
}

/// Makes an error of this codec.
fn failed(problem: impl Into<String>) -> Error {
    Error::decode("RLE", problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::codec::testing::describe;
    use proptest::prelude::*;

    /// Codes planes, independently of the encoder above, with literal runs, or replicate runs where two or more bytes are equal.
    fn coded(planes: &[Vec<u8>]) -> Vec<u8> {
        let mut segments: Vec<Vec<u8>> = Vec::new();
        for plane in planes {
            let mut out = Vec::new();
            let mut i = 0;
            while i < plane.len() {
                let run = plane[i..].iter().take(128).take_while(|&&b| b == plane[i]).count();
                if run >= 2 {
                    out.extend([u8::try_from(257 - run).expect("2..=128"), plane[i]]);
                } else {
                    out.extend([0, plane[i]]);
                }
                i += run;
            }
            if out.len() % 2 == 1 {
                out.push(0);
            }
            segments.push(out);
        }
        let mut header = vec![u32::try_from(segments.len()).expect("few")];
        let mut at = 64;
        for segment in &segments {
            header.push(at);
            at += u32::try_from(segment.len()).expect("small");
        }
        header.resize(16, 0);
        header.iter().flat_map(|w| w.to_le_bytes()).chain(segments.concat()).collect()
    }

    #[test]
    fn bytes_of_a_sample_are_most_significant_first() {
        let d = describe(1, 2, Photometric::Monochrome2, 16);
        let frame = decode(&d, &coded(&[vec![1, 3], vec![2, 4]])).expect("well formed");
        assert_eq!(frame.samples, Samples::U16(vec![0x0102, 0x0304]));
    }

    #[test]
    fn full_range_ybr_keeps_its_name() {
        let d = describe(1, 1, Photometric::YbrFull, 8);
        let frame = decode(&d, &coded(&[vec![1], vec![2], vec![3]])).expect("well formed");
        assert_eq!(frame.description.photometric, Photometric::YbrFull);
        assert_eq!(frame.samples, Samples::U8(vec![1, 2, 3]));
    }

    #[test]
    fn a_missing_segment_a_short_and_a_long_one_are_errors() {
        let d = describe(2, 2, Photometric::Monochrome2, 16);
        let plane = vec![1, 2, 3, 4];
        assert!(decode(&d, &coded(&[plane.clone(), plane.clone()])).is_ok());
        assert!(decode(&d, &coded(std::slice::from_ref(&plane))).is_err());
        assert!(decode(&d, &coded(&[plane.clone(), vec![1, 2, 3]])).is_err());
        assert!(decode(&d, &coded(&[plane.clone(), vec![1, 2, 3, 4, 5, 6]])).is_err());
        let mut crossed = coded(&[plane.clone(), plane]);
        crossed.copy_within(8..12, 4);
        assert!(decode(&d, &crossed).is_err());
    }

    #[test]
    fn a_tiny_stream_claims_no_memory_for_a_large_frame() {
        let d = describe(60_000, 60_000, Photometric::Monochrome2, 8);
        assert!(decode(&d, &coded(&[vec![0; 128]])).is_err());
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(values in prop::collection::vec(0_u32..300, 12)) {
            let d = describe(2, 2, Photometric::Rgb, 32);
            let planes: Vec<Vec<u8>> = (0..3)
                .flat_map(|c| (0..4).map(move |place| (c, place)))
                .map(|(c, place)| values.iter().skip(c).step_by(3).map(|v| v.to_be_bytes()[place]).collect())
                .collect();
            prop_assert_eq!(decode(&d, &coded(&planes)).expect("well formed").samples, Samples::U32(values));
        }

        #[test]
        fn what_is_encoded_decodes_and_no_run_passes_the_end_of_a_row(
            values in prop::collection::vec(prop_oneof![Just(7_u32), any::<u32>()], 3 * 5 * 300),
            bits in prop::sample::select(vec![8_u16, 16, 32]),
        ) {
            let d = describe(5, 300, Photometric::Rgb, bits);
            let samples = match bits {
                8 => Samples::U8(values.iter().map(|v| v.to_le_bytes()[0]).collect()),
                16 => Samples::U16(values.iter().map(|v| u16::from_le_bytes([v.to_le_bytes()[0], v.to_le_bytes()[1]])).collect()),
                _ => Samples::U32(values),
            };
            let frame = Frame { description: d.clone(), samples };
            let data = encode(&frame).expect("fits");
            prop_assert_eq!(data.len() % 2, 0);
            prop_assert_eq!(&decode(&d, &data).expect("well formed"), &frame);
            for segment in segments(&data, usize::from(bits / 8) * 3).expect("well formed") {
                let (mut rest, mut filled) = (segment, 0);
                while filled < 1500 {
                    let control = rest[0];
                    let (run, bytes) = if control < 128 {
                        (usize::from(control) + 1, usize::from(control) + 2)
                    } else {
                        (257 - usize::from(control), 2)
                    };
                    prop_assert!(filled / 300 == (filled + run - 1) / 300);
                    (rest, filled) = (&rest[bytes..], filled + run);
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..200) {
            let d = describe(2, 2, Photometric::Monochrome2, 8);
            let _ = decode(&d, &bytes);
            let mut mutated = coded(&[vec![1, 1, 2, 3]]);
            let at = at % mutated.len();
            mutated[at] = bytes.first().copied().unwrap_or(0);
            let _ = decode(&d, &mutated);
            let _ = decode(&d, &mutated[..at]);
        }
    }
}
