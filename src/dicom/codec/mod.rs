//! Decoders and encoders for each family of transfer syntax: bytes of one frame in, checked samples out, and back.
//!
//! How frames are found in a file is left to the caller, as is the choice of what to do with an error.

mod charls_encoder;
mod dicom_rs;
mod encode;
mod j2k;
mod jpeg;
mod jpeg_blocks;
mod jpeg_lossless;
mod jpegls;
mod jxl;
mod markers;
#[cfg(test)]
mod mask_tests;
pub mod native;
mod notes;
mod openjp2_encoder;
mod rle;
mod syntaxes;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod turbo;

use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use encode::{Fallback, Masker, encode};
pub use notes::without_notes;
pub use syntaxes::{MaskForm, SyntaxInfo, held_kind, lookup, syntaxes};

use super::pixels::{Frame, PixelDescription, Samples};
use crate::error::{Error, Result};

/// Decodes one frame.
///
/// `data` are the fragments of the frame, concatenated, or the bytes of a little endian native frame (for others
/// there is [`native::unpack`]). The stream's own size, components and precision are compared with `description`
/// before anything is allocated or decoded; no result is cropped, padded or zero-filled.
///
/// # Errors
///
/// [`Error::UnsupportedTransferSyntax`] if there is no decoder, [`Error::Decode`] or [`Error::PixelData`] if the
/// frame is not what the description says or cannot be decoded to its end, [`Error::Panic`] if a decoder panicked.
pub fn decode(transfer_syntax: &str, description: &PixelDescription, data: &[u8]) -> Result<Frame> {
    description.check()?;
    // Decoders hold no state between calls, so nothing broken can be seen afterwards.
    let frame = catch_unwind(AssertUnwindSafe(|| dispatch(transfer_syntax, description, data)))
        .map_err(|_| Error::Panic("a decoder"))??;
    let fits = matches!(
        (&frame.samples, description.bits_allocated),
        (Samples::U8(_), 1 | 8) | (Samples::U16(_), 16) | (Samples::U32(_), 32)
    );
    if !fits || frame.samples.len() as u64 != description.samples() {
        return Err(Error::PixelData("a decoder returned another number of samples than a frame has".into()));
    }
    Ok(frame)
}

/// Returns how a frame lost information when it was compressed, as Lossy Image Compression Method (0028,2114) names it
/// (PS3.3 C.7.6.1.1.5.1); `None` where its stream does not say that it did.
#[must_use]
pub fn lossy_method(transfer_syntax: &str, data: &[u8]) -> Option<&'static str> {
    let (is_lossy, method): (fn(&[u8]) -> bool, _) = match transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.")? {
        "80" | "81" => (jpegls::is_lossy, "ISO_14495_1"),
        "90" | "91" => (j2k::is_lossy, "ISO_15444_1"),
        "201" | "202" | "203" => (j2k::is_lossy, "ISO_15444_15"),
        "50" | "51" | "52" | "53" | "54" | "55" | "56" | "57" | "70" => (jpeg::is_lossy, "ISO_10918_1"),
        "110" | "111" | "112" => (jxl::is_lossy, "ISO_18181_1"),
        _ => return None,
    };
    is_lossy(data).then_some(method)
}

/// Chooses the decoder.
fn dispatch(transfer_syntax: &str, description: &PixelDescription, data: &[u8]) -> Result<Frame> {
    let unsupported =
        || Error::UnsupportedTransferSyntax { uid: transfer_syntax.to_owned(), kind: held_kind(transfer_syntax) };
    if !lookup(transfer_syntax).is_some_and(|syntax| syntax.decode) {
        return Err(unsupported());
    }
    match transfer_syntax.strip_prefix("1.2.840.10008.1.2").ok_or_else(unsupported)? {
        "" | ".1" | ".1.99" => native::unpack(description, false, false, data),
        ".1.98" => native::unpack(description, false, false, without_padding(description, data)?),
        ".5" => rle::decode(description, data),
        ".8.1" => inflate(description, data),
        ".4.50" | ".4.51" | ".4.52" | ".4.53" | ".4.54" | ".4.55" | ".4.56" | ".4.57" | ".4.70" => {
            jpeg::decode(description, data)
        }
        ".4.80" | ".4.81" => jpegls::decode(description, data),
        ".4.90" | ".4.91" | ".4.201" | ".4.202" | ".4.203" => j2k::decode(description, data),
        ".4.110" | ".4.111" | ".4.112" => jxl::decode(description, data),
        ".2" => Err(Error::PixelData("big endian frames need their value representation".into())),
        _ => Err(unsupported()),
    }
}

/// Drops the pad byte of a native frame in a fragment, which has an even length, and any further zeros.
fn without_padding<'a>(description: &PixelDescription, data: &'a [u8]) -> Result<&'a [u8]> {
    let length = native::usize_of(description.native_frame_bits().div_ceil(8))?;
    match data.split_at_checked(length) {
        Some((frame, pad)) if pad.len() <= 1 || pad.iter().all(|&byte| byte == 0) => Ok(frame),
        _ => Ok(data),
    }
}

/// Undoes Deflated Image Frame Compression (PS3.5 A.4.13) and unpacks the native frame.
fn inflate(description: &PixelDescription, data: &[u8]) -> Result<Frame> {
    native::unpack(description, false, false, without_padding(description, &inflated(description, data)?)?)
}

/// Undoes RFC 1951 without a wrapper; the result is a native frame, which may be padded.
fn inflated(description: &PixelDescription, data: &[u8]) -> Result<Vec<u8>> {
    let expected = description.native_frame_bits().div_ceil(8);
    let mut frame = Vec::new();
    // Two bytes more than the frame and its pad byte are enough to see that there is too much.
    flate2::read::DeflateDecoder::new(data).take(expected + 3).read_to_end(&mut frame).map_err(|source| {
        Error::Decode {
            codec: "deflate",
            problem: "stream is damaged or incomplete".into(),
            source: Some(source.into()),
        }
    })?;
    if frame.len() as u64 > expected.next_multiple_of(2) {
        return Err(Error::decode("deflate", "stream holds more than a frame"));
    }
    Ok(frame)
}
