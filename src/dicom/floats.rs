//! Float Pixel Data (7FE0,0008) and Double Float Pixel Data (7FE0,0009), PS3.3 C.7.6.24 and C.7.6.25.

use super::file::{DicomFile, Limits};
use super::header::{integer, text};
use super::instance::Instance;
use super::places::{Layer, Pictures, Placement};
use super::views::{View, ViewKind};
use crate::error::{Error, Result};
use crate::region::Region;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use image::{Rgb, RgbImage};
use std::ops::Range;

/// The ends of the second view, as shares of the values: what lies outside is shown as black and white.
const PERCENTILES: (f64, f64) = (0.005, 0.995);

/// A second view is made where it shows at least 1.4 times the contrast, as for integers.
const NARROWER: f64 = 0.7;

/// Floating point frames, in the place of Pixel Data.
#[derive(Debug)]
pub struct Floats<'a> {
    file: &'a DicomFile,
    tag: Tag,
    columns: u32,
    rows: u32,
    frames: u32,
    value: Range<u64>,
    /// Bytes of a value: 4 or 8.
    size: usize,
    /// The highest value is shown as black.
    inverted: bool,
}

impl<'a> Floats<'a> {
    /// Finds the floating point frames of an instance.
    ///
    /// # Errors
    ///
    /// Where the attributes contradict them.
    pub fn find(instance: &'a Instance, limits: &Limits) -> Result<Option<Self>> {
        let layout = &instance.file.layout;
        let kinds =
            [(tags::FLOAT_PIXEL_DATA, 4, "FloatPixelData"), (tags::DOUBLE_FLOAT_PIXEL_DATA, 8, "DoubleFloatPixelData")];
        let present = |tag| layout.get(tag).filter(|element| !element.value.is_empty());
        let Some((element, size, keyword)) =
            kinds.into_iter().find_map(|(tag, size, keyword)| Some((present(tag)?, size, keyword)))
        else {
            return Ok(None);
        };
        // PS3.3 C.7.6.24: only one of the three may be there.
        if kinds.iter().filter(|kind| present(kind.0).is_some()).count() > 1 || present(tags::PIXEL_DATA).is_some() {
            return Err(Error::invalid(keyword, "beside other pixel data"));
        }
        if element.undefined_length {
            return Err(Error::invalid(keyword, "encapsulated"));
        }
        let header = &instance.header;
        let number = |tag, keyword| integer::<u32>(header, tag, keyword)?.ok_or(Error::MissingAttribute(keyword));
        let (rows, columns) = (number(tags::ROWS, "Rows")?, number(tags::COLUMNS, "Columns")?);
        let frames = integer::<u32>(header, tags::NUMBER_OF_FRAMES, "NumberOfFrames")?.unwrap_or(1);
        if integer::<u32>(header, tags::SAMPLES_PER_PIXEL, "SamplesPerPixel")?.is_some_and(|count| count != 1) {
            return Err(Error::invalid("SamplesPerPixel", "not 1 with floating point pixels"));
        }
        let inverted = match text(header, tags::PHOTOMETRIC_INTERPRETATION).as_deref() {
            None | Some("MONOCHROME2") => false,
            Some("MONOCHROME1") => true,
            Some(_) => return Err(Error::invalid("PhotometricInterpretation", "not gray with floating point pixels")),
        };
        let pixels = u64::from(rows) * u64::from(columns);
        if pixels > limits.max_pixels {
            return Err(Error::TooLarge { what: "Rows x Columns", limit: limits.max_pixels });
        }
        let needed = u128::from(pixels) * u128::from(frames) * size as u128;
        if needed == 0 || needed != u128::from(element.value.end - element.value.start) {
            return Err(Error::invalid(keyword, "not as long as Rows x Columns x NumberOfFrames need"));
        }
        let value = element.value.clone();
        Ok(Some(Self { file: &instance.file, tag: element.tag, columns, rows, frames, value, size, inverted }))
    }

    fn bytes(&self, frame: u32) -> Result<Vec<u8>> {
        let range = self.range(frame);
        self.file.data().read_vec(range.start, range.end - range.start)
    }

    fn floats(&self, frame: u32) -> Result<Vec<f64>> {
        let big = self.file.encoding.is_big_endian();
        let bytes = self.bytes(frame)?;
        Ok(match self.size {
            4 => {
                let read = if big { f32::from_be_bytes } else { f32::from_le_bytes };
                bytes.as_chunks().0.iter().map(|&b| f64::from(read(b))).collect()
            }
            _ => {
                let read = if big { f64::from_be_bytes } else { f64::from_le_bytes };
                bytes.as_chunks().0.iter().map(|&b| read(b)).collect()
            }
        })
    }

    /// Returns the value that is shown as black: the end of the frame's finite values.
    fn black(&self, frame: u32) -> Result<f64> {
        let finite = self.floats(frame)?.into_iter().filter(|value| value.is_finite());
        let ends = finite.fold(None, |ends: Option<(f64, f64)>, value| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        Ok(ends.map_or(0.0, |(low, high)| if self.inverted { high } else { low }))
    }

    /// Returns the bytes of a value as they are stored.
    #[expect(clippy::cast_possible_truncation, reason = "it was a value of 32 bits before")]
    fn stored(&self, value: f64) -> Vec<u8> {
        let mut bytes =
            if self.size == 4 { (value as f32).to_le_bytes().to_vec() } else { value.to_le_bytes().to_vec() };
        if self.file.encoding.is_big_endian() {
            bytes.reverse();
        }
        bytes
    }

    fn render(&self, shade: impl Fn(usize) -> u8) -> RgbImage {
        RgbImage::from_fn(self.columns, self.rows, |x, y| {
            Rgb([shade(y as usize * self.columns as usize + x as usize); 3])
        })
    }
}

/// Maps a value to gray; what is no number is shown as the darkest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255 before")]
fn gray(value: f64, low: f64, high: f64) -> u8 {
    // Halves, because the width of a range of 64-bit values may be above all numbers.
    let share = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    if share.is_nan() { 0 } else { (share.clamp(0.0, 1.0) * 255.0).round() as u8 }
}

impl Pictures for Floats<'_> {
    fn size(&self) -> (u32, u32) {
        (self.columns, self.rows)
    }

    fn count(&self) -> u32 {
        self.frames
    }

    fn repeats(&self, frame: u32) -> Result<bool> {
        Ok(frame > 0 && self.bytes(frame)? == self.bytes(frame - 1)?)
    }

    /// The whole range, the percentiles where they raise contrast, and the places without a number where there are some.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into values in memory"
    )]
    fn views(&self, frame: u32) -> Result<Vec<View>> {
        let values = self.floats(frame)?;
        let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        finite.sort_unstable_by(f64::total_cmp);
        let mut views = Vec::new();
        let mut show = |low: f64, high: f64, kind| {
            let shade = |pixel: usize| {
                let shade = gray(values[pixel], low, high);
                if self.inverted { 255 - shade } else { shade }
            };
            views.push(View { image: self.render(shade), kind });
        };
        if let (Some(&low), Some(&high)) = (finite.first(), finite.last()) {
            show(low, high, ViewKind::FullRange);
            let at = |share: f64| finite[((finite.len() - 1) as f64 * share) as usize];
            let (inner_low, inner_high) = (at(PERCENTILES.0), at(PERCENTILES.1));
            if inner_high > inner_low && inner_high / 2.0 - inner_low / 2.0 < NARROWER * (high / 2.0 - low / 2.0) {
                show(inner_low, inner_high, ViewKind::Percentile);
            }
        }
        if finite.len() < values.len() {
            let shade = |pixel: usize| if values[pixel].is_finite() { 0 } else { 255 };
            views.push(View { image: self.render(shade), kind: ViewKind::Hidden });
        }
        Ok(views)
    }

    fn placement(&self) -> Option<Placement> {
        Some(Placement { frame: Some(0), ..Placement::default() })
    }
}

impl Layer for Floats<'_> {
    fn name(&self) -> &'static str {
        if self.size == 4 { "float" } else { "double_float" }
    }

    fn is_image(&self) -> bool {
        true
    }

    fn pictures(&self) -> &dyn Pictures {
        self
    }

    fn tag(&self) -> Tag {
        self.tag
    }

    fn range(&self, frame: u32) -> Range<u64> {
        let length = u64::from(self.columns) * u64::from(self.rows) * self.size as u64;
        let start = self.value.start + length * u64::from(frame);
        start..start + length
    }

    fn patch(&self, frame: u32, region: &Region, bytes: &mut [u8]) -> Result<()> {
        let black = self.stored(self.black(frame)?);
        for pixel in region.indices() {
            bytes[pixel * self.size..(pixel + 1) * self.size].copy_from_slice(&black);
        }
        Ok(())
    }

    /// The bytes as they are: what is no number is equal to nothing.
    fn values(&self, frame: u32) -> Result<Vec<u8>> {
        self.bytes(frame)
    }

    fn masked(&self, frame: u32, region: &Region) -> Result<Vec<u8>> {
        let black = self.stored(self.black(frame)?);
        let covered = |pixel: usize| {
            let columns = self.columns as usize;
            region.contains(u32::try_from(pixel % columns).unwrap_or(0), u32::try_from(pixel / columns).unwrap_or(0))
        };
        let bytes = self.bytes(frame)?;
        let values = bytes.chunks_exact(self.size).enumerate();
        Ok(values.flat_map(|(pixel, value)| if covered(pixel) { black.clone() } else { value.to_vec() }).collect())
    }
}
