//! A safe wrapper of libjpeg-turbo: decoding, changing coefficients, lossless encoding.
#![expect(unsafe_code, reason = "libjpeg-turbo is a C library")]

use std::ffi::{CStr, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

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

/// How coefficients are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    /// In several scans, else in one.
    pub(super) progressive: bool,
    /// How symbols are written.
    pub(super) entropy: Entropy,
}

/// How symbols are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entropy {
    /// With the Huffman tables that ISO/IEC 10918-1 K.3 shows and most encoders use. They hold all symbols of sequential
    /// streams of 8 bits; the library makes tables for the image wherever they do not.
    CommonTables,
    /// With Huffman tables made for the image, which takes a pass more.
    OwnTables,
    /// Arithmetically.
    Arithmetic,
}

/// The coefficients of a row of blocks of one component, in the order of rows of frequencies, DC first.
pub(super) type BlockRow = [[i16; 64]];

/// A compressor, decompressor or both, freed when dropped.
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
    let handle = Handle::new(sys::TJINIT_TJINIT_DECOMPRESS)?;
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

/// Lets `change` see, component by component and from the top, every row of blocks of a lossy stream, and returns the
/// stream with the coefficients as they are then. It has no application and comment segments but those of the library,
/// and no restart markers.
///
/// # Errors
///
/// [`Error::Decode`] as [`decompress`], [`Error::Panic`] if `change` panicked.
pub(super) fn transform(
    jpeg: &[u8],
    coding: Coding,
    mut change: impl FnMut(usize, usize, &mut BlockRow),
) -> Result<Vec<u8>> {
    let handle = Handle::new(sys::TJINIT_TJINIT_TRANSFORM)?;
    let mut options = sys::TJXOPT_COPYNONE;
    options |= if coding.progressive { sys::TJXOPT_PROGRESSIVE } else { 0 };
    options |= match coding.entropy {
        Entropy::CommonTables => 0,
        Entropy::OwnTables => sys::TJXOPT_OPTIMIZE,
        Entropy::Arithmetic => sys::TJXOPT_ARITHMETIC,
    };
    let mut filter = Filter { change: &mut change, panicked: false };
    let transform = sys::tjtransform {
        r: sys::tjregion { x: 0, y: 0, w: 0, h: 0 },
        op: sys::TJXOP_TJXOP_NONE.cast_signed(),
        options: options.cast_signed(),
        data: ptr::from_mut(&mut filter).cast::<c_void>(),
        customFilter: Some(filter_row),
    };
    let mut out = Output::default();
    let size = jpeg.len() as sys::size_t;
    // SAFETY: the handle is alive; pointer and size describe `jpeg`; there is one transform and one output, whose
    // pointer is null so that the library allocates; `filter` outlives the call and is used by no one else during it.
    let code = unsafe {
        sys::tj3Transform(handle.0, jpeg.as_ptr(), size, 1, &raw mut out.data, &raw mut out.size, &transform)
    };
    if filter.panicked {
        return Err(Error::Panic("a change of coefficients"));
    }
    handle.check(code)?;
    Ok(out.to_vec())
}

/// What the library hands to [`filter_row`].
struct Filter<'a> {
    change: &'a mut dyn FnMut(usize, usize, &mut BlockRow),
    panicked: bool,
}

/// Called by the library for each row of blocks; -1 stops it.
unsafe extern "C" fn filter_row(
    coefficients: *mut i16,
    row: sys::tjregion,
    _plane: sys::tjregion,
    component: c_int,
    _transform_id: c_int,
    transform: *mut sys::tjtransform,
) -> c_int {
    // SAFETY: the library passes the transform it was called with, whose data is the `Filter` of `transform`, alive and
    // borrowed by nothing else until the library returns.
    let filter = unsafe { &mut *(*transform).data.cast::<Filter<'_>>() };
    let sizes = (usize::try_from(row.w), usize::try_from(row.y), usize::try_from(component));
    let (Ok(width), Ok(top), Ok(component)) = sizes else { return -1 };
    // SAFETY: the library passes a row of `w / 8` blocks, which lie one behind the other, of 64 coefficients each.
    let coefficients = unsafe { std::slice::from_raw_parts_mut(coefficients, width / 8 * 64) };
    let blocks = coefficients.as_chunks_mut::<64>().0;
    // A panic must not pass through C.
    let done = catch_unwind(AssertUnwindSafe(|| (filter.change)(component, top / 8, blocks)));
    filter.panicked |= done.is_err();
    if filter.panicked { -1 } else { 0 }
}

/// Encodes gray samples, or three components interleaved by pixel, losslessly (process 14) with a predictor of 1 to 7.
///
/// # Errors
///
/// [`Error::Encode`] if the library refuses.
pub(super) fn compress_lossless(samples: &Decoded, shape: Shape, predictor: u8) -> Result<Vec<u8>> {
    let handle = Handle::new(sys::TJINIT_TJINIT_COMPRESS)?;
    handle.set(sys::TJPARAM_TJPARAM_LOSSLESS, 1)?;
    handle.set(sys::TJPARAM_TJPARAM_LOSSLESSPSV, predictor.into())?;
    handle.set(sys::TJPARAM_TJPARAM_LOSSLESSPT, 0)?;
    handle.set(sys::TJPARAM_TJPARAM_PRECISION, shape.precision.into())?;
    let format = match shape.components {
        1 => sys::TJPF_TJPF_GRAY,
        3 => sys::TJPF_TJPF_RGB,
        _ => return Err(Error::encode("JPEG", "neither 1 nor 3 components")),
    };
    let length = usize::from(shape.width) * usize::from(shape.height) * shape.components;
    let (width, height) = (c_int::from(shape.width), c_int::from(shape.height));
    let mut out = Output::default();
    let (data, size) = (&raw mut out.data, &raw mut out.size);
    let code = match (samples, shape.precision) {
        (Decoded::Bits8(v), 2..=8) if v.len() == length => {
            // SAFETY: the handle is alive; pitch 0 means rows without gaps, so `length` samples are read, which `v` has;
            // the output pointer is null, so that the library allocates.
            unsafe { sys::tj3Compress8(handle.0, v.as_ptr(), width, 0, height, format, data, size) }
        }
        (Decoded::Bits16(v), 9..=12) if v.len() == length => {
            // SAFETY: as above; samples of 9 to 12 bits are the same as i16 and u16.
            unsafe { sys::tj3Compress12(handle.0, v.as_ptr().cast::<i16>(), width, 0, height, format, data, size) }
        }
        (Decoded::Bits16(v), 13..=16) if v.len() == length => {
            // SAFETY: as above.
            unsafe { sys::tj3Compress16(handle.0, v.as_ptr(), width, 0, height, format, data, size) }
        }
        _ => return Err(Error::encode("JPEG", "samples do not fit the precision")),
    };
    handle.check(code).map_err(|source| Error::Encode {
        codec: "JPEG",
        problem: "frame cannot be encoded losslessly".into(),
        source: Some(source.into()),
    })?;
    Ok(out.to_vec())
}

/// A buffer that the library allocates, freed when dropped.
struct Output {
    data: *mut u8,
    size: sys::size_t,
}

impl Default for Output {
    fn default() -> Self {
        Self { data: ptr::null_mut(), size: 0 }
    }
}

impl Output {
    /// Copies what the library wrote.
    fn to_vec(&self) -> Vec<u8> {
        if self.data.is_null() {
            return Vec::new();
        }
        let size = usize::try_from(self.size).expect("a size in memory");
        // SAFETY: a call that succeeded left a buffer of at least `size` written bytes.
        unsafe { std::slice::from_raw_parts(self.data, size) }.to_vec()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: null, or a buffer that the library allocated and nobody else frees.
        unsafe { sys::tj3Free(self.data.cast::<c_void>()) }
    }
}

impl Handle {
    /// Makes a handle with the library's defaults: accurate DCT, smooth chroma upsampling.
    fn new(purpose: sys::TJINIT) -> Result<Self> {
        // SAFETY: takes a constant and returns a handle or null.
        let handle = unsafe { sys::tj3Init(purpose.cast_signed()) };
        if handle.is_null() { Err(failed("out of memory")) } else { Ok(Self(handle)) }
    }

    /// Reads a parameter.
    fn get(&self, parameter: sys::TJPARAM) -> c_int {
        // SAFETY: the handle is alive; unknown parameters return -1.
        unsafe { sys::tj3Get(self.0, parameter.cast_signed()) }
    }

    /// Sets a parameter.
    fn set(&self, parameter: sys::TJPARAM, value: c_int) -> Result<()> {
        // SAFETY: the handle is alive; values that are not allowed return -1.
        let code = unsafe { sys::tj3Set(self.0, parameter.cast_signed(), value) };
        if code == 0 { Ok(()) } else { Err(Error::encode("JPEG", "parameters are not supported")) }
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
