//! Encoding of lossless JPEG (process 14): a masked frame back into the form of its stream.

use super::jpeg::{Jpeg, Process};
use super::markers::{Part, SOS, Stream};
use super::turbo::{Decoded, compress_lossless};
use crate::dicom::pixels::{Frame, PixelDescription, Samples};
use crate::error::{Error, Result};

/// Encodes `frame` with the precision, component identifiers and color markers of the stream `like`, and with its
/// predictor unless `first_predictor` asks for the one of process 14, selection value 1.
///
/// # Errors
///
/// [`Error::Encode`] if the samples do not fit the precision of the stream.
pub fn encode(description: &PixelDescription, like: &[u8], first_predictor: bool, frame: &Frame) -> Result<Vec<u8>> {
    let jpeg = Jpeg::read(description, like)?;
    if jpeg.process != Process::Lossless {
        return Err(failed("stream is lossy, against its transfer syntax"));
    }
    let scan = jpeg.stream.scans(like).next().unwrap_or_default();
    let predictor = scan.get(scan.len().saturating_sub(3)).copied().filter(|value| (1..=7).contains(value));
    let predictor = if first_predictor { 1 } else { predictor.unwrap_or(1) };
    let shape = jpeg.shape();
    let samples = fitted(&frame.samples, shape.precision, description.signed)?;
    let mut made = compress_lossless(&samples, shape, predictor)?;
    name_components(&mut made, &jpeg)?;
    jpeg.with_color_markers(&made)
}

/// Brings samples into the width that the precision calls for. Of signed ones the bits above it repeat the sign.
fn fitted(samples: &Samples, precision: u8, signed: bool) -> Result<Decoded> {
    let largest = u16::MAX >> (16 - precision);
    let fit = |value: u16| {
        let cut = if signed { value & largest } else { value };
        if cut > largest { Err(failed("samples have more bits than the stream")) } else { Ok(cut) }
    };
    let values: Vec<u16> = match samples {
        Samples::U8(v) => v.iter().map(|&value| fit(u16::from(value))).collect::<Result<_>>()?,
        Samples::U16(v) => v.iter().map(|&value| fit(value)).collect::<Result<_>>()?,
        Samples::U32(_) => return Err(failed("samples of 32 bits")),
    };
    if precision > 8 {
        return Ok(Decoded::Bits16(values));
    }
    Ok(Decoded::Bits8(values.into_iter().map(|value| value.to_le_bytes()[0]).collect()))
}

/// Gives the components of the stream `made` the identifiers of those of `like`, which decoders guess colors from.
fn name_components(made: &mut [u8], like: &Jpeg<'_>) -> Result<()> {
    let stream = Stream::read("JPEG", made, 1)?;
    let new: Vec<u8> = like.stream.header.components.iter().map(|component| component.0).collect();
    let old: Vec<u8> = stream.header.components.iter().map(|component| component.0).collect();
    let renamed = |id: u8| old.iter().position(|&own| own == id).and_then(|index| new.get(index)).copied();
    for part in &stream.parts {
        // In a frame header each component has three bytes behind the first six, in a scan header two behind the first.
        let (range, first, step) = match part {
            Part::Segment(0xC3, range) => (range, 6, 3),
            Part::Segment(SOS, range) => (range, 1, 2),
            _ => continue,
        };
        let count = if step == 3 { made[range.start + 5] } else { made[range.start] };
        for index in 0..usize::from(count) {
            let id = &mut made[range.start + first + index * step];
            *id = renamed(*id).ok_or_else(|| failed("scan of an unknown component"))?;
        }
    }
    Ok(())
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::encode("JPEG lossless", problem)
}
