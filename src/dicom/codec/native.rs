//! Native frames: bytes as they lie in Pixel Data into samples, with every chroma sample and interleaved by pixel.
//!
//! Which bytes belong to a frame, and which VR they have, is the caller's to know.

use crate::dicom::pixels::{Frame, Photometric, PixelDescription, Samples};
use crate::error::{Error, Result};

/// Unpacks exactly one native frame.
///
/// `big_endian` is the byte order of 16- and 32-bit samples. `word_swapped` says that one-bit or 8-bit samples lie
/// in 16-bit words of the other byte order, which is so for VR OW in a big endian transfer syntax and never for
/// OB (PS3.5 8.1.2); a frame of an odd number of bytes then needs its pad byte. One-bit frames start at bit 0 of
/// the first byte, the least significant one (PS3.5 8.1.1).
///
/// 4:2:2 frames (`Y1 Y2 Cb Cr`, PS3.3 C.7.6.3.1.2) come back with the chroma of a pair repeated for both pixels;
/// full range is then called `YBR_FULL`, partial range keeps its name.
///
/// # Errors
///
/// [`Error::PixelData`] if `bytes` is not as long as the description says, [`Error::InvalidAttribute`] if native
/// frames cannot have this description.
pub fn unpack(description: &PixelDescription, big_endian: bool, word_swapped: bool, bytes: &[u8]) -> Result<Frame> {
    let expected = description.native_frame_bits().div_ceil(8);
    let swapped;
    let mut bytes = bytes;
    if word_swapped && description.bits_allocated <= 8 {
        if bytes.len() as u64 != expected.next_multiple_of(2) {
            return Err(length_error(bytes.len(), expected.next_multiple_of(2)));
        }
        swapped = bytes.as_chunks::<2>().0.iter().flat_map(|&[a, b]| [b, a]).collect::<Vec<u8>>();
        // Not more than was checked above: only the pad byte goes.
        bytes = &swapped[..swapped.len() - usize::from(swapped.len() as u64 != expected)];
    }
    if bytes.len() as u64 != expected {
        return Err(length_error(bytes.len(), expected));
    }
    let samples = match description.bits_allocated {
        1 => Samples::U8(bits(bytes, description)?),
        8 => Samples::U8(arrange(bytes.to_vec(), description)?),
        16 => {
            let read = if big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
            Samples::U16(arrange(bytes.as_chunks().0.iter().map(|&b| read(b)).collect(), description)?)
        }
        32 => {
            let read = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
            Samples::U32(arrange(bytes.as_chunks().0.iter().map(|&b| read(b)).collect(), description)?)
        }
        _ => return Err(Error::invalid("BitsAllocated", "neither 1, 8, 16 nor 32")),
    };
    let photometric = match description.photometric {
        Photometric::YbrFull422 => Photometric::YbrFull,
        other => other,
    };
    Ok(Frame { description: PixelDescription { photometric, planar: false, ..description.clone() }, samples })
}

/// Returns the samples as native little endian bytes; single bits are packed from the lowest up (PS3.5 8.1.1).
#[must_use]
pub fn pack(frame: &Frame) -> Vec<u8> {
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

/// Returns one byte of 0 or 1 a pixel.
fn bits(bytes: &[u8], description: &PixelDescription) -> Result<Vec<u8>> {
    if description.samples_per_pixel != 1 {
        return Err(Error::invalid("BitsAllocated", "1 with more than one sample a pixel"));
    }
    let mut samples: Vec<u8> = bytes.iter().flat_map(|&byte| (0..8).map(move |bit| byte >> bit & 1)).collect();
    samples.truncate(usize_of(description.pixels())?);
    Ok(samples)
}

/// Brings samples in stored order into the order of [`Samples`].
fn arrange<T: Copy>(samples: Vec<T>, description: &PixelDescription) -> Result<Vec<T>> {
    match description.photometric {
        Photometric::YbrFull422 | Photometric::YbrPartial422 => {
            if description.planar {
                return Err(Error::invalid("PlanarConfiguration", "1 with 4:2:2 chroma"));
            }
            repeat_chroma(&samples, description)
        }
        Photometric::YbrPartial420 => {
            Err(Error::invalid("PhotometricInterpretation", "4:2:0 chroma in native pixel data"))
        }
        _ if description.planar && description.samples_per_pixel > 1 => {
            Ok(interleave(&samples, usize::from(description.samples_per_pixel)))
        }
        _ => Ok(samples),
    }
}

/// Turns planes that follow each other into samples interleaved by pixel.
pub(super) fn interleave<T: Copy>(planes: &[T], count: usize) -> Vec<T> {
    let pixels = planes.len() / count;
    let mut out = Vec::with_capacity(planes.len());
    for pixel in 0..pixels {
        out.extend((0..count).map(|plane| planes[plane * pixels + pixel]));
    }
    out
}

/// Gives both pixels of each `Y1 Y2 Cb Cr` group their chroma; the second one of an odd row's end is dropped.
fn repeat_chroma<T: Copy>(samples: &[T], description: &PixelDescription) -> Result<Vec<T>> {
    let columns = usize_of(u64::from(description.columns))?;
    let mut out = Vec::with_capacity(usize_of(description.samples())?);
    for row in samples.chunks_exact(columns.div_ceil(2) * 4) {
        let start = out.len();
        for &[first, second, blue, red] in row.as_chunks::<4>().0 {
            out.extend([first, blue, red, second, blue, red]);
        }
        out.truncate(start + columns * 3);
    }
    Ok(out)
}

/// Makes the error for a frame of the wrong length.
fn length_error(found: usize, expected: u64) -> Error {
    Error::PixelData(format!("a frame of {found} bytes where {expected} are needed"))
}

/// Converts a size that is known to describe something in memory.
pub(super) fn usize_of(size: u64) -> Result<usize> {
    usize::try_from(size).map_err(|_| Error::TooLarge { what: "a frame", limit: usize::MAX as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::codec::testing::describe;
    use proptest::prelude::*;

    #[test]
    fn one_bit_samples_start_at_the_least_significant_bit() {
        let d = describe(2, 5, Photometric::Monochrome2, 1);
        let frame = unpack(&d, false, false, &[0b1000_0101, 0b0000_0011]).expect("right length");
        assert_eq!(frame.samples, Samples::U8(vec![1, 0, 1, 0, 0, 0, 0, 1, 1, 1]));
    }

    #[test]
    fn words_of_8_bit_samples_are_swapped_only_when_told() {
        let d = describe(1, 3, Photometric::Monochrome2, 8);
        let frame = unpack(&d, true, true, &[2, 1, 0, 3]).expect("with its pad byte");
        assert_eq!(frame.samples, Samples::U8(vec![1, 2, 3]));
        let frame = unpack(&d, true, false, &[1, 2, 3]).expect("right length");
        assert_eq!(frame.samples, Samples::U8(vec![1, 2, 3]));
        assert!(unpack(&d, true, true, &[2, 1, 3]).is_err());
    }

    #[test]
    fn byte_order_is_that_of_the_whole_sample() {
        let d = describe(1, 1, Photometric::Monochrome2, 16);
        assert_eq!(unpack(&d, true, false, &[1, 2]).expect("length").samples, Samples::U16(vec![0x0102]));
        assert_eq!(unpack(&d, false, false, &[1, 2]).expect("length").samples, Samples::U16(vec![0x0201]));
        let d = describe(1, 1, Photometric::Monochrome2, 32);
        assert_eq!(unpack(&d, true, false, &[1, 2, 3, 4]).expect("length").samples, Samples::U32(vec![0x0102_0304]));
    }

    #[test]
    fn planes_are_interleaved() {
        let d = PixelDescription { planar: true, ..describe(1, 2, Photometric::Rgb, 8) };
        let frame = unpack(&d, false, false, &[1, 2, 3, 4, 5, 6]).expect("right length");
        assert_eq!(frame.samples, Samples::U8(vec![1, 3, 5, 2, 4, 6]));
        assert!(!frame.description.planar);
    }

    #[test]
    fn chroma_pairs_serve_both_pixels_of_even_and_odd_rows() {
        let d = describe(1, 2, Photometric::YbrFull422, 8);
        let frame = unpack(&d, false, false, &[1, 2, 8, 9]).expect("right length");
        assert_eq!(frame.samples, Samples::U8(vec![1, 8, 9, 2, 8, 9]));
        assert_eq!(frame.description.photometric, Photometric::YbrFull);
        let d = describe(2, 1, Photometric::YbrPartial422, 8);
        let frame = unpack(&d, false, false, &[1, 2, 8, 9, 3, 4, 6, 7]).expect("right length");
        assert_eq!(frame.samples, Samples::U8(vec![1, 8, 9, 3, 6, 7]));
        assert_eq!(frame.description.photometric, Photometric::YbrPartial422);
    }

    #[test]
    fn a_byte_too_few_or_too_many_is_an_error() {
        let d = describe(2, 2, Photometric::Rgb, 8);
        for length in [0, 11, 13, 14] {
            assert!(unpack(&d, false, false, &vec![0; length]).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn unpacking_inverts_packing(values in prop::collection::vec(any::<u16>(), 12), big: bool, planar: bool) {
            let d = PixelDescription { planar, ..describe(2, 2, Photometric::Rgb, 16) };
            let stored: Vec<u16> = if planar {
                (0..3).flat_map(|c| values.iter().skip(c).step_by(3).copied().collect::<Vec<_>>()).collect()
            } else {
                values.clone()
            };
            let bytes: Vec<u8> =
                stored.iter().flat_map(|v| if big { v.to_be_bytes() } else { v.to_le_bytes() }).collect();
            let frame = unpack(&d, big, false, &bytes).expect("right length");
            prop_assert_eq!(frame.samples, Samples::U16(values));
        }
    }
}
