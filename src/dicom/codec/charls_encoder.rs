//! A safe wrapper of the encoder of CharLS.
//!
//! The crate `charls` has one too, but gives it a buffer of about the size of the samples, which noise overflows.
#![expect(unsafe_code, reason = "CharLS is a C++ library")]

use charls_sys as sys;
use std::ffi::c_void;

use crate::error::{Error, Result};

/// An image to encode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image {
    /// Columns.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    /// Bits a sample, 2 to 16.
    pub(super) precision: u8,
    /// Components.
    pub(super) components: u8,
    /// How components are interleaved.
    pub(super) mode: Mode,
}

/// How components are interleaved (14495-1 C.2.3), in the samples given and in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A scan for each component; samples are given as planes.
    None,
    /// By lines; samples are given by pixel.
    Line,
    /// By pixel.
    Sample,
}

/// Encodes samples losslessly: bytes for a precision of up to 8, above that words of the machine's byte order.
///
/// # Errors
///
/// [`Error::Encode`] if the library refuses.
pub(super) fn encode(image: Image, samples: &[u8]) -> Result<Vec<u8>> {
    let bytes = if image.precision > 8 { 2 } else { 1 };
    let count = image.width as usize * image.height as usize * usize::from(image.components);
    if samples.len() != count * bytes {
        return Err(failed("samples are not as many as the image has"));
    }
    let info = sys::charls_frame_info {
        width: image.width,
        height: image.height,
        bits_per_sample: image.precision.into(),
        component_count: image.components.into(),
    };
    let mode = match image.mode {
        Mode::None => sys::charls_interleave_mode_none,
        Mode::Line => sys::charls_interleave_mode_line,
        Mode::Sample => sys::charls_interleave_mode_sample,
    };
    // No code is longer than 2 (p + max(8, p)) bits, four times the sample in memory (14495-1 A.2.1, C.2.4.1.1), and
    // one bit in eight is stuffed; headers and tables are below 4096 bytes.
    let mut out = vec![0_u8; samples.len() * 4 / 7 * 8 + 8 + 4096];
    let encoder = Encoder::new()?;
    let data = out.as_mut_ptr().cast::<c_void>();
    let mut written = 0_usize;
    // SAFETY: the encoder is alive; `info` is read during its call; `out` stays where it is, is as long as said and is used
    // by nothing else until the encoder has gone; `samples` is as long as said, which is what size and precision ask for;
    // a stride of 0 means rows without gaps.
    let codes = unsafe {
        [
            sys::charls_jpegls_encoder_set_frame_info(encoder.0, &raw const info),
            sys::charls_jpegls_encoder_set_near_lossless(encoder.0, 0),
            sys::charls_jpegls_encoder_set_interleave_mode(encoder.0, mode),
            sys::charls_jpegls_encoder_set_destination_buffer(encoder.0, data, out.len()),
            sys::charls_jpegls_encoder_encode_from_buffer(encoder.0, samples.as_ptr().cast(), samples.len(), 0),
            sys::charls_jpegls_encoder_get_bytes_written(encoder.0, &raw mut written),
        ]
    };
    drop(encoder);
    // Calls after one that failed fail too or do nothing.
    if let Some(code) = codes.iter().find(|&&code| code != 0) {
        let source = Some(format!("CharLS error {code}").into());
        return Err(Error::Encode { codec: "JPEG-LS", problem: "frame cannot be encoded".into(), source });
    }
    out.truncate(written);
    Ok(out)
}

/// An encoder, freed when dropped.
struct Encoder(*mut sys::charls_jpegls_encoder);

impl Encoder {
    fn new() -> Result<Self> {
        // SAFETY: returns a handle or null.
        let encoder = unsafe { sys::charls_jpegls_encoder_create() };
        if encoder.is_null() { Err(failed("out of memory")) } else { Ok(Self(encoder)) }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the handle came from `new`, is not null and is destroyed here only.
        unsafe { sys::charls_jpegls_encoder_destroy(self.0) }
    }
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::encode("JPEG-LS", problem)
}
