//! JPEG XL (ISO/IEC 18181), lossless, lossy and recompressed JPEG.

use jxl_oxide::frame::Encoding;
use jxl_oxide::image::BitDepth;
use jxl_oxide::{AllocTracker, InitializeResult, JxlImage};
use zune_core::bit_depth::BitDepth as Depth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::markers::check_size;
use super::native::usize_of;
use crate::dicom::pixels::{Frame, Photometric, PixelDescription, Samples};
use crate::error::{Error, Result};

/// Decodes one frame to integers of the stream's own depth. Color comes back as RGB.
///
/// # Errors
///
/// [`Error::Decode`] if the stream does not fit the description, holds more than one image or further channels
/// (alpha), holds floating point samples, or cannot be decoded to its end.
pub fn decode(description: &PixelDescription, data: &[u8]) -> Result<Frame> {
    // Rendering needs a few buffers of 4 bytes a sample; 64 bytes a sample and 64 MiB for tables were never reached
    // by files here, and a stream that claims a larger size stops at this before it is compared.
    let limit = usize_of(description.samples().saturating_mul(64).saturating_add(64 << 20))?;
    let mut reader = JxlImage::builder().alloc_tracker(AllocTracker::with_limit(limit)).build_uninit();
    reader.feed_bytes(data).map_err(damaged)?;
    let image = match reader.try_init().map_err(damaged)? {
        InitializeResult::Initialized(image) => image,
        InitializeResult::NeedMoreData(_) => return Err(failed("stream is cut off")),
    };
    let metadata = &image.image_header().metadata;
    let components = if metadata.grayscale() { 1 } else { 3 };
    let bits = match metadata.bit_depth {
        BitDepth::IntegerSample { bits_per_sample } => bits_per_sample,
        BitDepth::FloatSample { .. } => return Err(failed("floating point samples")),
    };
    check_size("JPEG XL", description, (image.height(), image.width()), components, bits)?;
    if !metadata.ec_info.is_empty() {
        return Err(failed("stream has further channels"));
    }
    if !image.is_loading_done() {
        return Err(failed("stream is cut off"));
    }
    if metadata.animation.is_some() || image.num_loaded_keyframes() != 1 {
        return Err(failed("stream holds more than one image"));
    }
    let render = image.render_frame(0).map_err(damaged)?;
    let mut stream = render.stream();
    if (stream.height(), stream.width(), stream.channels() as usize)
        != (description.rows, description.columns, components)
    {
        return Err(failed("decoded image has another size than its header says"));
    }
    // Samples come as fractions of the largest value of the depth. A float has 24 bits, so rounding restores
    // integers of up to 16 bits exactly.
    let mut fractions = vec![0_f32; usize_of(description.samples())?];
    if stream.write_to_buffer(&mut fractions) != fractions.len() {
        return Err(failed("decoded image is incomplete"));
    }
    let largest = f32::from(u16::MAX >> (16 - bits));
    let samples = match description.bits_allocated {
        8 => Samples::U8(fractions.into_iter().map(|v| integer(v, largest).to_le_bytes()[0]).collect()),
        _ => Samples::U16(fractions.into_iter().map(|v| integer(v, largest)).collect()),
    };
    let photometric = if components == 3 { Photometric::Rgb } else { description.photometric };
    Ok(Frame { description: PixelDescription { photometric, planar: false, ..description.clone() }, samples })
}

/// Returns whether a stream is coded with the DCT or in the color space XYB, both of which lose information. One that
/// is not may still have.
pub fn is_lossy(data: &[u8]) -> bool {
    JxlImage::builder().read(data).is_ok_and(|image| {
        let dct = image.frame_header(0).is_none_or(|header| header.encoding != Encoding::Modular);
        dct || image.image_header().metadata.xyb_encoded
    })
}

/// Checks that a masked frame can be encoded losslessly in the form of its stream.
///
/// # Errors
///
/// [`Error::Encode`] if the stream is lossy: Photometric Interpretation may say so too (`XYB`).
pub fn check_lossless(data: &[u8]) -> Result<()> {
    if is_lossy(data) { Err(Error::encode("JPEG XL", "stream is lossy")) } else { Ok(()) }
}

/// Encodes one frame losslessly, in 8 or 16 bits a sample.
///
/// # Errors
///
/// [`Error::Encode`] if the encoder refuses: it wants at least two rows and columns.
pub fn encode(frame: &Frame) -> Result<Vec<u8>> {
    let d = &frame.description;
    let (bytes, depth) = match &frame.samples {
        Samples::U8(v) => (v.clone(), Depth::Eight),
        Samples::U16(v) => (v.iter().flat_map(|value| value.to_ne_bytes()).collect(), Depth::Sixteen),
        Samples::U32(_) => return Err(Error::encode("JPEG XL", "samples of 32 bits")),
    };
    let color = if d.samples_per_pixel == 1 { ColorSpace::Luma } else { ColorSpace::RGB };
    let mut out = Vec::new();
    // One thread: instances are worked on side by side already.
    let options = EncoderOptions::new(usize_of(d.columns.into())?, usize_of(d.rows.into())?, color, depth);
    let encoder = JxlSimpleEncoder::new(&bytes, options.set_num_threads(1));
    encoder.encode(&mut out).map_err(|source| Error::Encode {
        codec: "JPEG XL",
        problem: "frame cannot be encoded".into(),
        source: Some(format!("{source:?}").into()),
    })?;
    Ok(out)
}

/// Returns the integer nearest to a fraction of `largest`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=65535")]
fn integer(fraction: f32, largest: f32) -> u16 {
    (fraction * largest).round().clamp(0.0, largest) as u16
}

/// Wraps the decoder's error.
fn damaged(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Decode { codec: "JPEG XL", problem: "stream is damaged or incomplete".into(), source: Some(source) }
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::decode("JPEG XL", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_of_each_depth_survives_the_way_through_a_fraction() {
        for bits in [8, 10, 12, 16] {
            let largest = u16::MAX >> (16 - bits);
            for value in 0..=largest {
                assert_eq!(integer(f32::from(value) / f32::from(largest), f32::from(largest)), value);
            }
        }
    }
}
