//! JPEG-LS (ISO/IEC 14495-1), lossless and near-lossless.

use dicom_dictionary_std::uids;

use super::charls_encoder::{self, Image, Mode};
use super::dicom_rs;
use super::markers::Stream;
use super::native::interleave;
use crate::dicom::pixels::{Frame, Photometric, PixelDescription, Samples};
use crate::error::{Error, Result};

/// Decodes one frame. The samples keep the description's color space: JPEG-LS has no color transform.
///
/// # Errors
///
/// [`Error::Decode`] if the stream does not fit the description or cannot be decoded to its end.
pub fn decode(description: &PixelDescription, data: &[u8]) -> Result<Frame> {
    let stream = Stream::read("JPEG-LS", data, 0x80)?;
    stream.header.check("JPEG-LS", description)?;
    if stream.header.process != 0xF7 {
        return Err(failed("stream is JPEG"));
    }
    // The decoder sees this too, but only after it has read zeros for all that is missing, at seconds an image.
    if !stream.ended {
        return Err(failed("stream is cut off"));
    }
    if stream.header.components.iter().any(|c| c.1 != 0x11) {
        return Err(failed("subsampled components"));
    }
    let scan = stream.scans(data).next().unwrap_or_default();
    let count = usize::from(scan.first().copied().unwrap_or(0));
    if count == 0 || scan.len() != 4 + 2 * count {
        return Err(failed("scan header is malformed"));
    }
    if scan[1..=2 * count].iter().skip(1).step_by(2).any(|&table| table != 0) {
        return Err(failed("mapping tables"));
    }
    // One scan a component comes back as planes, everything else by pixel.
    let planes = if count == 1 { stream.header.components.len() } else { 1 };
    // The header was compared with the description, so an adapter that reads the description reads the stream. One
    // syntax serves both: the decoder goes by the stream.
    let bytes = dicom_rs::decode("JPEG-LS", uids::JPEGLS_LOSSLESS, description, data)?;
    let wide = stream.header.precision > 8;
    if bytes.len() as u64 != description.samples() * if wide { 2 } else { 1 } {
        return Err(failed("stream holds another number of samples than its header says"));
    }
    let samples = match (wide, description.bits_allocated) {
        (false, 8) => Samples::U8(interleave(&bytes, planes)),
        (false, _) => Samples::U16(interleave(&bytes, planes).into_iter().map(u16::from).collect()),
        (true, _) => {
            let words: Vec<u16> = bytes.as_chunks().0.iter().map(|&b| u16::from_ne_bytes(b)).collect();
            Samples::U16(interleave(&words, planes))
        }
    };
    let photometric = match description.photometric {
        // Nothing is shared between pixels.
        Photometric::YbrFull422 => Photometric::YbrFull,
        other => other,
    };
    Ok(Frame { description: PixelDescription { photometric, planar: false, ..description.clone() }, samples })
}

/// Returns whether a stream was coded with loss: whether NEAR (14495-1 C.2.3) is above 0 in some scan.
pub fn is_lossy(data: &[u8]) -> bool {
    Stream::read("JPEG-LS", data, 0x80).is_ok_and(|stream| {
        stream.scans(data).any(|scan| {
            let components = usize::from(scan.first().copied().unwrap_or(0));
            scan.get(1 + 2 * components).is_some_and(|&near| near > 0)
        })
    })
}

/// Encodes one frame losslessly, with the precision and the interleaving of the stream `like` where there is one.
///
/// # Errors
///
/// [`Error::Encode`] if the samples have more bits than the stream, or the encoder refuses.
pub fn encode(frame: &Frame, like: Option<&[u8]>) -> Result<Vec<u8>> {
    let description = &frame.description;
    let components = usize::from(description.samples_per_pixel);
    let (precision, interleaving) = match like {
        Some(data) => {
            let stream = Stream::read("JPEG-LS", data, 0x80)?;
            let scan = stream.scans(data).next().unwrap_or_default();
            // 14495-1 C.2.3: ILV is the last parameter but one.
            let mode = scan.get(scan.len().saturating_sub(2)).copied().unwrap_or(0);
            (u16::from(stream.header.precision), mode)
        }
        None => (coded_bits(frame), 2),
    };
    let mode = match (components, interleaving) {
        (2.., 1) => Mode::Line,
        (2.., 2) => Mode::Sample,
        _ => Mode::None,
    };
    let values = fitted(frame, precision)?;
    let pixels = values.len() / components.max(1);
    let order: Vec<u16> = match mode {
        Mode::None => (0..values.len()).map(|i| values[i % pixels * components + i / pixels]).collect(),
        Mode::Line | Mode::Sample => values,
    };
    let bytes: Vec<u8> = if precision > 8 {
        order.iter().flat_map(|value| value.to_ne_bytes()).collect()
    } else {
        order.iter().map(|value| value.to_le_bytes()[0]).collect()
    };
    let narrow = |value: u16| u8::try_from(value).map_err(|_| Error::encode("JPEG-LS", "too many bits or components"));
    let image = Image {
        width: description.columns,
        height: description.rows,
        // The standard knows no samples of one bit.
        precision: narrow(precision.max(2))?,
        components: narrow(description.samples_per_pixel)?,
        mode,
    };
    charls_encoder::encode(image, &bytes)
}

/// Returns the lowest precision that holds all samples, at least that of the description.
fn coded_bits(frame: &Frame) -> u16 {
    let all = (0..frame.samples.len()).fold(0, |all, index| all | frame.samples.get(index));
    let used = u16::try_from(u32::BITS - all.leading_zeros()).expect("at most 32");
    used.max(frame.description.high_bit + 1)
}

/// Returns the samples in the width of the stream. Of signed ones the bits above it repeat the sign.
fn fitted(frame: &Frame, precision: u16) -> Result<Vec<u16>> {
    let largest = (1_u32 << precision.min(16)) - 1;
    let fit = |index| {
        let value = frame.samples.get(index);
        let cut = if frame.description.signed { value & largest } else { value };
        let fits = u16::try_from(cut).ok().filter(|_| cut <= largest);
        fits.ok_or_else(|| Error::encode("JPEG-LS", "samples have more bits than the stream"))
    };
    (0..frame.samples.len()).map(fit).collect()
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::decode("JPEG-LS", problem)
}
