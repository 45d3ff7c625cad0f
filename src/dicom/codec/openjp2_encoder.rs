//! A safe wrapper of the encoder of openjp2, which has the interface of the C library it was translated from.
#![expect(unsafe_code, reason = "openjp2 writes through callbacks and pointers")]

use std::ffi::{c_char, c_void};
use std::io::{Cursor, Seek, SeekFrom, Write};
use std::ptr;

use openjp2::openjpeg as opj;
use openjp2::{CODEC_FORMAT, COLOR_SPACE, opj_cparameters_t, opj_image, opj_image_comptparm, opj_stream_t};

use crate::error::{Error, Result};

/// An image to encode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image<'a> {
    /// Columns.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    /// Bits a sample, 1 to 16.
    pub(super) precision: u32,
    /// Samples are signed.
    pub(super) signed: bool,
    /// The first three components are RGB and are stored as YCbCr (the reversible component transform).
    pub(super) transformed: bool,
    /// One plane for each component, rows from the top.
    pub(super) planes: &'a [Vec<i32>],
}

/// Encodes losslessly, as a codestream without boxes.
///
/// # Errors
///
/// [`Error::Encode`] if the library refuses the image.
#[expect(clippy::field_reassign_with_default, reason = "a type with a destructor cannot be updated in its initializer")]
pub(super) fn encode(image: Image<'_>) -> Result<Vec<u8>> {
    let mut pixels = pixels(image)?;
    let mut parameters = opj_cparameters_t::default();
    parameters.tcp_numlayers = 1;
    parameters.cp_disto_alloc = 1;
    parameters.tcp_mct = c_char::from(image.transformed);
    // A level halves the sides; the library refuses more levels than halvings.
    let halvings = image.width.min(image.height).max(1).ilog2();
    parameters.numresolution = 1 + i32::try_from(halvings.min(5)).expect("at most 5");
    let mut out = Cursor::new(Vec::new());
    let codec = Codec::new()?;
    let stream = Stream::new(&mut out)?;
    let image: *mut opj_image = &raw mut *pixels;
    // SAFETY: codec and stream are alive until the end of this function, `parameters` and `pixels` too, and nothing else
    // uses them meanwhile.
    let done = unsafe {
        opj::opj_setup_encoder(codec.0, &raw mut parameters, image) == 1
            && opj::opj_start_compress(codec.0, image, stream.0) == 1
            && opj::opj_encode(codec.0, stream.0) == 1
            && opj::opj_end_compress(codec.0, stream.0) == 1
    };
    // What the stream has buffered is written when it goes, while `out` is still there.
    drop((stream, codec));
    if done { Ok(out.into_inner()) } else { Err(failed("frame cannot be encoded")) }
}

/// Makes the library's image.
fn pixels(image: Image<'_>) -> Result<Box<opj_image>> {
    let component = opj_image_comptparm {
        dx: 1,
        dy: 1,
        w: image.width,
        h: image.height,
        x0: 0,
        y0: 0,
        prec: image.precision,
        bpp: image.precision,
        sgnd: u32::from(image.signed),
    };
    let space = if image.planes.len() == 3 { COLOR_SPACE::OPJ_CLRSPC_SRGB } else { COLOR_SPACE::OPJ_CLRSPC_GRAY };
    let mut pixels =
        opj_image::create(&vec![component; image.planes.len()], space).ok_or_else(|| failed("out of memory"))?;
    (pixels.x0, pixels.y0, pixels.x1, pixels.y1) = (0, 0, image.width, image.height);
    let components = pixels.comps_mut().ok_or_else(|| failed("no components"))?;
    for (component, plane) in components.iter_mut().zip(image.planes) {
        let data = component.data_mut().filter(|data| data.len() == plane.len());
        data.ok_or_else(|| failed("a plane has another size than the image"))?.copy_from_slice(plane);
    }
    Ok(pixels)
}

/// An encoder, freed when dropped.
struct Codec(*mut openjp2::opj_codec_t);

impl Codec {
    fn new() -> Result<Self> {
        // SAFETY: takes a constant and returns a handle or null.
        let codec = unsafe { opj::opj_create_compress(CODEC_FORMAT::OPJ_CODEC_J2K) };
        if codec.is_null() { Err(failed("out of memory")) } else { Ok(Self(codec)) }
    }
}

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: the handle came from `new`, is not null and is destroyed here only.
        unsafe { opj::opj_destroy_codec(self.0) }
    }
}

/// A stream into memory, freed when dropped.
struct Stream(*mut opj_stream_t);

impl Stream {
    /// Makes a stream that writes to `out`, which must stay where it is and be left alone until the stream is dropped.
    fn new(out: &mut Cursor<Vec<u8>>) -> Result<Self> {
        // SAFETY: makes a stream for output; null is checked below.
        let stream = unsafe { opj::opj_stream_default_create(0) };
        if stream.is_null() {
            return Err(failed("out of memory"));
        }
        let data = ptr::from_mut(out).cast::<c_void>();
        // SAFETY: the stream is alive; `data` points to a cursor, which is what the callbacks take it for, and there is
        // no function to free it, since it is not the stream's.
        unsafe {
            opj::opj_stream_set_write_function(stream, Some(write));
            opj::opj_stream_set_skip_function(stream, Some(skip));
            opj::opj_stream_set_seek_function(stream, Some(seek));
            opj::opj_stream_set_user_data(stream, data, None);
        }
        Ok(Self(stream))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the stream came from `new`, is not null and is destroyed here only; its cursor is still alive.
        unsafe { opj::opj_stream_destroy(self.0) }
    }
}

/// Writes `length` bytes; `usize::MAX` says that it failed.
unsafe extern "C" fn write(bytes: *mut c_void, length: usize, out: *mut c_void) -> usize {
    // SAFETY: the library passes `length` bytes that can be read, and the cursor of `Stream::new`, which nothing else
    // uses while the library runs.
    let (bytes, out) =
        unsafe { (std::slice::from_raw_parts(bytes.cast::<u8>(), length), &mut *out.cast::<Cursor<Vec<u8>>>()) };
    out.write_all(bytes).map_or(usize::MAX, |()| length)
}

/// Moves on; -1 says that it failed.
unsafe extern "C" fn skip(length: i64, out: *mut c_void) -> i64 {
    // SAFETY: as in `write`.
    let out = unsafe { &mut *out.cast::<Cursor<Vec<u8>>>() };
    out.seek(SeekFrom::Current(length)).map_or(-1, |_| length)
}

/// Moves to a place; 0 says that it failed.
unsafe extern "C" fn seek(place: i64, out: *mut c_void) -> i32 {
    // SAFETY: as in `write`.
    let out = unsafe { &mut *out.cast::<Cursor<Vec<u8>>>() };
    let place = u64::try_from(place).map(SeekFrom::Start);
    i32::from(place.is_ok_and(|place| out.seek(place).is_ok()))
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::encode("JPEG 2000", problem)
}
