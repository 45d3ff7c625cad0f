//! Masked frames back into coded bytes: in the form of their own stream, or in a lossless syntax chosen instead.

use super::jpeg_blocks::Maskable;
use super::{MaskForm, decode, inflated, j2k, jpeg_lossless, jpegls, jxl, lookup, native, rle, without_padding};
use crate::dicom::blocks::{Blocks, Grain};
use crate::dicom::decoded::Decoded;
use crate::dicom::fill::{Fill, FillChoice};
use crate::dicom::instance::is_subsampled;
use crate::dicom::palette::PaletteColor;
use crate::dicom::pixels::{Frame, Photometric, PixelDescription};
use crate::error::{Error, Result};
use dicom_dictionary_std::uids;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The transfer syntax of instances that cannot be written in their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Fallback {
    /// Uncompressed (Explicit VR Little Endian), which every reader knows
    #[default]
    ExplicitLe,
    /// RLE Lossless
    Rle,
    /// JPEG-LS Lossless
    JpegLs,
    /// JPEG 2000 Lossless
    J2k,
}

impl Fallback {
    /// Returns its Transfer Syntax UID.
    #[must_use]
    pub const fn transfer_syntax(self) -> &'static str {
        match self {
            Self::ExplicitLe => uids::EXPLICIT_VR_LITTLE_ENDIAN,
            Self::Rle => uids::RLE_LOSSLESS,
            Self::JpegLs => uids::JPEGLS_LOSSLESS,
            Self::J2k => uids::JPEG2000_LOSSLESS,
        }
    }

    /// Returns the Photometric Interpretation of frames that decode to `decoded`, once they are in this syntax.
    #[must_use]
    pub const fn photometric(self, decoded: Photometric) -> Photometric {
        match (self, decoded) {
            // PS3.5 8.2.4: what the component transform of the encoder makes of RGB.
            (Self::J2k, Photometric::Rgb) => Photometric::YbrRct,
            _ => decoded,
        }
    }
}

/// Encodes a decoded frame losslessly in a fallback syntax; uncompressed frames are little endian.
///
/// # Errors
///
/// [`Error::Encode`] if the syntax cannot hold the frame.
pub fn encode(fallback: Fallback, frame: &Frame) -> Result<Vec<u8>> {
    if !matches!(frame.description.bits_allocated, 8 | 16) && matches!(fallback, Fallback::JpegLs | Fallback::J2k) {
        return Err(Error::encode("fallback", "bits allocated are neither 8 nor 16"));
    }
    guarded(|| match fallback {
        Fallback::ExplicitLe => Ok(native::pack(frame)),
        Fallback::Rle => rle::encode(frame),
        Fallback::JpegLs => jpegls::encode(frame, None),
        Fallback::J2k => j2k::encode(frame, None),
    })
}

/// Masks the frames of an encapsulated instance in the form they are stored in.
#[derive(Clone, Copy)]
pub struct Masker<'a> {
    /// Of the instance.
    pub transfer_syntax: &'a str,
    /// Of the instance.
    pub description: &'a PixelDescription,
    /// What masked pixels get.
    pub fill: FillChoice,
    /// The palette of the instance.
    pub palette: Option<&'a PaletteColor>,
    /// Frames that were decoded already.
    pub decoded: Option<&'a Decoded>,
}

impl Masker<'_> {
    /// Returns in which unit `stream` can be masked.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] with the reason if it cannot be in its own form, and what reading the stream reports.
    pub fn grain(&self, stream: &[u8]) -> Result<Grain> {
        guarded(|| match self.family() {
            Family::JpegBlocks => Ok(self.jpeg(stream)?.grain()),
            Family::Native | Family::Deflated if is_subsampled(self.description) => Ok(Grain::PAIR),
            Family::J2k => j2k::check_reversible(stream).map(|()| Grain::PIXEL),
            Family::Jxl => jxl::check_lossless(stream).map(|()| Grain::PIXEL),
            Family::None => Err(self.unsupported()),
            _ => Ok(Grain::PIXEL),
        })
    }

    /// Returns the frame in `stream` with the pixels of `blocks` filled, in the same form.
    ///
    /// # Errors
    ///
    /// As [`Masker::grain`], and what decoding reports.
    pub fn mask(&self, stream: &[u8], blocks: &Blocks) -> Result<Vec<u8>> {
        guarded(|| match self.family() {
            Family::JpegBlocks => self.jpeg(stream)?.mask(blocks),
            Family::Native => self.native(without_padding(self.description, stream)?, blocks),
            Family::Deflated => {
                let frame = inflated(self.description, stream)?;
                let frame = self.native(without_padding(self.description, &frame)?, blocks)?;
                let mut out = Vec::new();
                flate2::read::DeflateEncoder::new(frame.as_slice(), flate2::Compression::default())
                    .read_to_end(&mut out)
                    .map_err(Error::io("cannot deflate a frame"))?;
                Ok(out)
            }
            Family::Rle => rle::encode(&self.filled(stream, blocks)?),
            Family::JpegLossless => {
                let first_predictor = self.transfer_syntax == uids::JPEG_LOSSLESS_SV1;
                jpeg_lossless::encode(self.description, stream, first_predictor, &self.filled(stream, blocks)?)
            }
            Family::JpegLs => jpegls::encode(&self.filled(stream, blocks)?, Some(stream)),
            Family::J2k => {
                j2k::check_reversible(stream)?;
                j2k::encode(&self.filled(stream, blocks)?, Some(stream))
            }
            Family::Jxl => {
                jxl::check_lossless(stream)?;
                jxl::encode(&self.filled(stream, blocks)?)
            }
            Family::None => Err(self.unsupported()),
        })
    }

    fn unsupported(&self) -> Error {
        let name = lookup(self.transfer_syntax).map_or("transfer syntax", |syntax| syntax.name);
        Error::encode(name, "there is no encoder for this form")
    }

    fn jpeg<'s>(&self, stream: &'s [u8]) -> Result<Maskable<'s>> {
        let fill = |description: &PixelDescription| Fill::even(self.fill, description, self.palette);
        Maskable::new(self.transfer_syntax, self.description, stream, &fill)
    }

    /// Decodes and fills.
    fn filled(&self, stream: &[u8], blocks: &Blocks) -> Result<Frame> {
        let mut frame = match self.decoded {
            Some(decoded) => decoded.decode(self.transfer_syntax, self.description, stream)?,
            None => decode(self.transfer_syntax, self.description, stream)?,
        };
        let region = blocks.pixels();
        Fill::new(self.fill, &frame, self.palette, &region)?.frame(&mut frame, &region);
        Ok(frame)
    }

    /// Fills in native bytes, which keep their order and everything outside of the blocks.
    fn native(&self, frame: &[u8], blocks: &Blocks) -> Result<Vec<u8>> {
        let region = blocks.pixels();
        let fill =
            Fill::new(self.fill, &native::unpack(self.description, false, false, frame)?, self.palette, &region)?;
        let mut frame = frame.to_vec();
        fill.native(&mut frame, 0, self.description, false, &region);
        Ok(frame)
    }

    fn family(&self) -> Family {
        let form = lookup(self.transfer_syntax).map_or(MaskForm::Held, |syntax| syntax.mask);
        match (form, self.transfer_syntax.strip_prefix("1.2.840.10008.1.2.").unwrap_or_default()) {
            (MaskForm::JpegBlocks, _) => Family::JpegBlocks,
            (MaskForm::Fallback | MaskForm::Held | MaskForm::InPlace, _) => Family::None,
            (_, "1.98") => Family::Native,
            (_, "8.1") => Family::Deflated,
            (_, "5") => Family::Rle,
            (_, "4.57" | "4.70") => Family::JpegLossless,
            (_, "4.80" | "4.81") => Family::JpegLs,
            (_, "4.90" | "4.91") => Family::J2k,
            (_, "4.110" | "4.112") => Family::Jxl,
            _ => Family::None,
        }
    }
}

/// Transfer syntaxes with the same encoder.
enum Family {
    JpegBlocks,
    Native,
    Deflated,
    Rle,
    JpegLossless,
    JpegLs,
    J2k,
    Jxl,
    None,
}

/// Turns a panic of an encoder into an error. Encoders hold no state between calls, so nothing broken can be seen
/// afterwards.
fn guarded<T>(encoder: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(encoder)).unwrap_or(Err(Error::Panic("an encoder")))
}
