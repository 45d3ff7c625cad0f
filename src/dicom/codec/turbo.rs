//! A safe wrapper of the decoder of libjpeg-turbo, and the only file of this room with `unsafe` code.
#![expect(unsafe_code, reason = "libjpeg-turbo is a C library")]

use std::ffi::{CStr, c_int};

use turbojpeg_sys as sys;

use crate::error::{Error, Result};

/// Samples of the width that the precision calls for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// Up to 8 bits.
    Bits8(Vec<u8>),
    /// Up to 16 bits.
    Bits16(Vec<u16>),
}

/// What the caller has read from the stream's frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Columns.
    pub(super) width: u16,
    /// Rows.
    pub(super) height: u16,
    /// 1, or 3 for samples interleaved by pixel.
    pub(super) components: usize,
    /// Bits a sample.
    pub(super) precision: u8,
}

/// A decompressor, freed when dropped.
struct Handle(sys::tjhandle);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle came from tj3Init, is not null and is destroyed here only.
        unsafe { sys::tj3Destroy(self.0) }
    }
}

/// Decodes a whole stream to gray or RGB samples.
///
/// # Errors
///
/// [`Error::Decode`] if the stream is not of this shape or cannot be decoded to its end: see [`is_harmless`].
pub(super) fn decompress(jpeg: &[u8], shape: Shape) -> Result<Decoded> {
    let handle = Handle::new()?;
    // SAFETY: the handle is alive, pointer and length describe `jpeg`, which outlives the call.
    let code = unsafe { sys::tj3DecompressHeader(handle.0, jpeg.as_ptr(), jpeg.len() as sys::size_t) };
    handle.check(code)?;
    let wanted = [c_int::from(shape.width), c_int::from(shape.height), c_int::from(shape.precision)];
    let found = [sys::TJPARAM_TJPARAM_JPEGWIDTH, sys::TJPARAM_TJPARAM_JPEGHEIGHT, sys::TJPARAM_TJPARAM_PRECISION]
        .map(|parameter| handle.get(parameter));
    let format = match shape.components {
        1 => sys::TJPF_TJPF_GRAY,
        3 => sys::TJPF_TJPF_RGB,
        _ => return Err(failed("neither 1 nor 3 components")),
    };
    // The buffers below are as large as `shape` says, so the library has to see the same size.
    if found != wanted {
        return Err(failed("the decoder reads another size than its header says"));
    }
    let length = usize::from(shape.width) * usize::from(shape.height) * shape.components;
    let (data, size) = (jpeg.as_ptr(), jpeg.len() as sys::size_t);
    match shape.precision {
        2..=8 => {
            let mut out = vec![0_u8; length];
            // SAFETY: the handle is alive; `data` and `size` describe `jpeg`; pitch 0 means rows without gaps, so
            // `length` samples are written, which `out` has room for; no scaling or cropping is set.
            let code = unsafe { sys::tj3Decompress8(handle.0, data, size, out.as_mut_ptr(), 0, format) };
            handle.check(code)?;
            Ok(Decoded::Bits8(out))
        }
        9..=12 => {
            let mut out = vec![0_i16; length];
            // SAFETY: as above, with samples of 16 bits.
            let code = unsafe { sys::tj3Decompress12(handle.0, data, size, out.as_mut_ptr(), 0, format) };
            handle.check(code)?;
            // Values are 0..=4095.
            Ok(Decoded::Bits16(out.into_iter().map(i16::cast_unsigned).collect()))
        }
        13..=16 => {
            let mut out = vec![0_u16; length];
            // SAFETY: as above, with samples of 16 bits.
            let code = unsafe { sys::tj3Decompress16(handle.0, data, size, out.as_mut_ptr(), 0, format) };
            handle.check(code)?;
            Ok(Decoded::Bits16(out))
        }
        _ => Err(failed("precision is not supported")),
    }
}

impl Handle {
    /// Makes a decompressor with the library's defaults: accurate DCT, smooth chroma upsampling.
    fn new() -> Result<Self> {
        // SAFETY: takes a constant and returns a handle or null.
        let handle = unsafe { sys::tj3Init(sys::TJINIT_TJINIT_DECOMPRESS.cast_signed()) };
        if handle.is_null() { Err(failed("out of memory")) } else { Ok(Self(handle)) }
    }

    /// Reads a parameter.
    fn get(&self, parameter: sys::TJPARAM) -> c_int {
        // SAFETY: the handle is alive; unknown parameters return -1.
        unsafe { sys::tj3Get(self.0, parameter.cast_signed()) }
    }

    /// Turns the return value of a call into a result.
    fn check(&self, code: c_int) -> Result<()> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: the handle is alive.
        let kind = unsafe { sys::tj3GetErrorCode(self.0) };
        // SAFETY: the string is inside the handle, ends with zero and is copied before another call changes it.
        let message = unsafe { CStr::from_ptr(sys::tj3GetErrorStr(self.0)) }.to_string_lossy().into_owned();
        if kind == sys::TJERR_TJERR_WARNING.cast_signed() && is_harmless(&message) {
            return Ok(());
        }
        let problem = if message.starts_with("Corrupt JPEG data") || message.starts_with("Premature end") {
            "stream is damaged or incomplete"
        } else {
            "stream cannot be decoded"
        };
        Err(Error::Decode { codec: "JPEG", problem: problem.into(), source: Some(message.into()) })
    }
}

/// Returns whether the image is complete in spite of a warning.
///
/// The library keeps the first warning of an image only, so one is harmless only if nothing can come after it:
/// surplus bytes before EOI (0xd9) are met when all scans have been decoded. All others are errors, because where
/// data are missing or damaged the library fills in gray, and text could hide there. The one other warning that
/// real files cause, on the parameters of sequential scans, does not occur because the caller mends them.
fn is_harmless(message: &str) -> bool {
    message.ends_with("extraneous bytes before marker 0xd9")
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::decode("JPEG", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_surplus_bytes_before_the_end_are_harmless() {
        assert!(is_harmless("Corrupt JPEG data: 3 extraneous bytes before marker 0xd9"));
        assert!(!is_harmless("Corrupt JPEG data: 3 extraneous bytes before marker 0xda"));
        assert!(!is_harmless("Corrupt JPEG data: premature end of data segment"));
    }

    #[test]
    fn bytes_that_are_no_jpeg_are_an_error() {
        let shape = Shape { width: 1, height: 1, components: 1, precision: 8 };
        assert!(decompress(b"", shape).is_err());
        assert!(decompress(b"no image", shape).is_err());
    }
}
