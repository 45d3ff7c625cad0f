//! Uncompressed Pixel Data in an item of a sequence: looked at and masked like that of the instance.

use super::codec::native;
use super::file::{DicomFile, Limits};
use super::fill::{Fill, FillChoice};
use super::header;
use super::instance::palette;
use super::layout::{Element, Encoding, NestedPixels};
use super::palette::PaletteColor;
use super::pixels::{Frame, Photometric, PixelDescription};
use super::places::{Layer, Pictures, Placement};
use super::views::{View, views};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::region::Region;
use dicom_core::{Tag, VR};
use std::ops::Range;

/// The frames of one item.
#[derive(Debug)]
pub struct Nested<'a> {
    file: &'a DicomFile,
    encoding: Encoding,
    name: String,
    tag: Tag,
    description: PixelDescription,
    palette: Option<PaletteColor>,
    value: Range<u64>,
}

impl<'a> Nested<'a> {
    /// Reads the attributes of `item` for its uncompressed `pixels`; `top` is the top level element around both.
    ///
    /// # Errors
    ///
    /// Where they are missing, contradict the pixels, or are larger than the limits.
    pub fn new(
        file: &'a DicomFile,
        item: &NestedPixels,
        pixels: &Element,
        top: Tag,
        number: usize,
        limits: &Limits,
    ) -> Result<Self> {
        let attributes = header::read_item(file, item)?;
        let description = header::description(&attributes)?;
        if description.pixels() > limits.max_pixels {
            return Err(Error::TooLarge { what: "Rows x Columns", limit: limits.max_pixels });
        }
        if matches!(description.photometric, Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb) {
            return Err(Error::invalid("PhotometricInterpretation", "not allowed for uncompressed pixels"));
        }
        let held = |problem| Err(Error::NotExamined { keyword: "PixelData".into(), problem });
        let bits = description.native_frame_bits();
        if description.frames > 1 && bits % 8 != 0 {
            return held("frames inside a sequence that begin inside a byte");
        }
        if item.encoding.is_big_endian() && pixels.vr == VR::OW && description.bits_allocated <= 8 {
            return held("byte-swapped pixel data inside a sequence");
        }
        let needed = u128::from(bits.div_ceil(8)) * u128::from(description.frames);
        let present = u128::from(pixels.value.end - pixels.value.start);
        // One byte may pad the value to an even length.
        if present < needed || present - needed > 1 {
            return Err(Error::PixelData("inside a sequence: not as long as its attributes say".into()));
        }
        let palette = match description.photometric {
            Photometric::PaletteColor => Some(palette(file, item.encoding, &item.elements, description.signed)?),
            _ => None,
        };
        Ok(Self {
            file,
            encoding: item.encoding,
            name: format!("nested_{number}"),
            tag: top,
            description,
            palette,
            value: pixels.value.clone(),
        })
    }

    fn decode(&self, frame: u32) -> Result<Frame> {
        let range = self.range(frame);
        let bytes = self.file.data().read_vec(range.start, range.end - range.start)?;
        native::unpack(&self.description, self.encoding.is_big_endian(), false, &bytes)
    }

    fn fill(&self, frame: &Frame, region: &Region) -> Result<Fill> {
        Fill::new(FillChoice::Black, frame, self.palette.as_ref(), region)
    }
}

impl Pictures for Nested<'_> {
    fn size(&self) -> (u32, u32) {
        (self.description.columns, self.description.rows)
    }

    fn count(&self) -> u32 {
        self.description.frames
    }

    fn repeats(&self, frame: u32) -> Result<bool> {
        Ok(frame > 0 && self.decode(frame)? == self.decode(frame - 1)?)
    }

    fn views(&self, frame: u32) -> Result<Vec<View>> {
        Ok(views(&self.decode(frame)?, self.palette.as_ref(), &[]))
    }

    fn maskable(&self, area: Rect) -> Rect {
        self.description.whole_pairs(area)
    }

    fn placement(&self) -> Option<Placement> {
        None
    }
}

impl Layer for Nested<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn pictures(&self) -> &dyn Pictures {
        self
    }

    fn tag(&self) -> Tag {
        self.tag
    }

    fn range(&self, frame: u32) -> Range<u64> {
        let length = self.description.native_frame_bits().div_ceil(8);
        let start = self.value.start + length * u64::from(frame);
        start..start + length
    }

    fn patch(&self, frame: u32, region: &Region, bytes: &mut [u8]) -> Result<()> {
        let fill = self.fill(&self.decode(frame)?, region)?;
        fill.native(bytes, 0, &self.description, self.encoding.is_big_endian(), region);
        Ok(())
    }

    fn values(&self, frame: u32) -> Result<Vec<u8>> {
        Ok(self.decode(frame)?.samples.to_le_bytes())
    }

    fn masked(&self, frame: u32, region: &Region) -> Result<Vec<u8>> {
        let mut decoded = self.decode(frame)?;
        self.fill(&decoded, region)?.frame(&mut decoded, region);
        Ok(decoded.samples.to_le_bytes())
    }
}
