//! Overlay planes (PS3.3 C.9.2): bitmaps of their own, or bits of the pixels that are no part of the value.

use super::file::{DicomFile, Limits};
use super::frames::{Frames, Store};
use super::header::integer;
use super::instance::Instance;
use super::layout::Element;
use super::pixels::{Frame, Photometric, PixelDescription, Samples};
use super::places::{Layer, Pictures, Placement};
use super::views::{View, views};
use crate::error::{Error, Result};
use crate::region::Region;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::ops::Range;

/// Returns how reports name the plane of a group.
#[must_use]
pub fn name(group: u16) -> String {
    format!("overlay_{group:04x}")
}

/// A plane with Overlay Data (60xx,3000) of its own: single bits, the lowest of each byte first (PS3.5 8.1.2), its
/// frames one after the other without padding.
#[derive(Debug)]
pub struct Plane<'a> {
    file: &'a DicomFile,
    name: String,
    tag: Tag,
    columns: u32,
    rows: u32,
    frames: u32,
    value: Range<u64>,
    /// Words of 16 bits have their bytes swapped.
    word_swapped: bool,
    placement: Placement,
}

impl<'a> Plane<'a> {
    /// Reads the attributes of the plane of `group` with its `data`.
    ///
    /// # Errors
    ///
    /// Where they are missing, contradict the data, or are larger than the limits.
    pub fn find(instance: &'a Instance, group: u16, data: &Element, limits: &Limits) -> Result<Self> {
        let header = &instance.header;
        let attribute = |element, keyword| integer::<u32>(header, Tag(group, element), keyword);
        let side = |element, keyword| {
            attribute(element, keyword)?.filter(|&side| side > 0).ok_or(Error::MissingAttribute(keyword))
        };
        let (rows, columns) = (side(0x0010, "OverlayRows")?, side(0x0011, "OverlayColumns")?);
        let frames = attribute(0x0015, "NumberOfFramesInOverlay")?;
        if frames == Some(0) {
            return Err(Error::invalid("NumberOfFramesInOverlay", "zero"));
        }
        // Both are fixed for Overlay Data (PS3.3 C.9.2.1); other values speak of bits in the pixels.
        if attribute(0x0100, "OverlayBitsAllocated")?.is_some_and(|bits| bits != 1) {
            return Err(Error::invalid("OverlayBitsAllocated", "not 1, though there is OverlayData"));
        }
        if attribute(0x0102, "OverlayBitPosition")?.is_some_and(|bit| bit != 0) {
            return Err(Error::invalid("OverlayBitPosition", "not 0, though there is OverlayData"));
        }
        let pixels = u64::from(rows) * u64::from(columns);
        if pixels > limits.max_pixels {
            return Err(Error::TooLarge { what: "OverlayRows x OverlayColumns", limit: limits.max_pixels });
        }
        let needed = (u128::from(pixels) * u128::from(frames.unwrap_or(1))).div_ceil(8);
        let present = u128::from(data.value.end - data.value.start);
        if present < needed {
            return Err(Error::invalid("OverlayData", "shorter than its rows, columns and frames need"));
        }
        let end = data.value.start + u64::try_from(needed).expect("not above what is present");
        // The byte that makes the length even may be anything.
        if data.value.end - end > 1 && !instance.file.data().is_zero(end..data.value.end)? {
            return Err(Error::invalid("OverlayData", "longer than its rows, columns and frames need"));
        }
        Ok(Self {
            file: &instance.file,
            name: name(group),
            tag: data.tag,
            columns,
            rows,
            frames: frames.unwrap_or(1),
            value: data.value.clone(),
            word_swapped: instance.file.encoding.is_big_endian() && data.vr == VR::OW,
            placement: placement(header, group, frames)?,
        })
    }

    /// Returns the byte, counted in the value, and the bit of a pixel.
    fn place(&self, frame: u32, pixel: usize) -> (usize, u8) {
        let pixels = self.columns as usize * self.rows as usize;
        let bit = frame as usize * pixels + pixel;
        ((bit / 8) ^ usize::from(self.word_swapped), 1 << (bit % 8))
    }

    fn bits(&self, frame: u32) -> Result<Vec<u8>> {
        let pixels = u64::from(self.columns) * u64::from(self.rows);
        let first = pixels * u64::from(frame);
        // Whole words, whose bytes may be swapped.
        let start = first / 16 * 2;
        let end = (first + pixels).div_ceil(16) * 2;
        let end = end.min(self.value.end - self.value.start);
        let bytes = self.file.data().read_vec(self.value.start + start, end - start)?;
        let start = usize::try_from(start).expect("inside a value");
        let bit = |pixel| {
            let (byte, bit) = self.place(frame, pixel);
            u8::from(bytes.get(byte - start).is_some_and(|byte| byte & bit != 0))
        };
        Ok((0..usize::try_from(pixels).expect("a plane in memory")).map(bit).collect())
    }
}

impl Pictures for Plane<'_> {
    fn size(&self) -> (u32, u32) {
        (self.columns, self.rows)
    }

    fn count(&self) -> u32 {
        self.frames
    }

    fn repeats(&self, frame: u32) -> Result<bool> {
        Ok(frame > 0 && self.bits(frame)? == self.bits(frame - 1)?)
    }

    fn views(&self, frame: u32) -> Result<Vec<View>> {
        Ok(bitmap(self.columns, self.rows, self.bits(frame)?))
    }

    fn placement(&self) -> Option<Placement> {
        Some(self.placement)
    }
}

impl Layer for Plane<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_overlay(&self) -> bool {
        true
    }

    fn pictures(&self) -> &dyn Pictures {
        self
    }

    fn tag(&self) -> Tag {
        self.tag
    }

    /// All frames together: one may begin inside the last byte of the one before.
    fn range(&self, _frame: u32) -> Range<u64> {
        self.value.clone()
    }

    fn patch(&self, frame: u32, region: &Region, bytes: &mut [u8]) -> Result<()> {
        for pixel in region.indices() {
            let (byte, bit) = self.place(frame, pixel);
            if let Some(byte) = bytes.get_mut(byte) {
                *byte &= !bit;
            }
        }
        Ok(())
    }

    fn values(&self, frame: u32) -> Result<Vec<u8>> {
        self.bits(frame)
    }

    fn masked(&self, frame: u32, region: &Region) -> Result<Vec<u8>> {
        let mut values = self.values(frame)?;
        region.indices().for_each(|pixel| values[pixel] = 0);
        Ok(values)
    }
}

/// A plane in bits of the pixels that are outside of Bits Stored (retired): Overlay Bit Position (60xx,0102) says in
/// which.
#[derive(Debug)]
pub struct Embedded<'a> {
    frames: &'a Frames<'a>,
    value: Range<u64>,
    name: String,
    bit: u32,
}

impl<'a> Embedded<'a> {
    /// Finds the plane of a group that has no Overlay Data. `None` if it is in no bit either, and then shows nothing.
    ///
    /// # Errors
    ///
    /// Where its place cannot be looked at or contradicts the pixels.
    pub fn find(instance: &Instance, frames: Option<&'a Frames<'a>>, group: u16) -> Result<Option<Self>> {
        let number = |element, keyword| integer::<u32>(&instance.header, Tag(group, element), keyword);
        let (rows, columns) = (number(0x0010, "OverlayRows")?, number(0x0011, "OverlayColumns")?);
        let bits = number(0x0100, "OverlayBitsAllocated")?;
        let bit = number(0x0102, "OverlayBitPosition")?;
        if rows.is_none() || bits == Some(1) || (bits, bit) == (None, Some(0)) {
            return Ok(None);
        }
        let held = |problem| Err(Error::NotExamined { keyword: "OverlayBitPosition".into(), problem });
        let Some(bit) = bit else { return held("an overlay of which no place is told") };
        let Some(frames) = frames else { return held("an overlay embedded in pixels that are missing") };
        let d = &frames.description;
        let Store::Native { value, word_swapped: false } = &frames.store else {
            return held("an overlay embedded in compressed or swapped pixels");
        };
        let first = u32::from(d.high_bit + 1 - d.bits_stored);
        if (first..=u32::from(d.high_bit)).contains(&bit) || bit >= u32::from(d.bits_allocated) {
            return Err(Error::invalid("OverlayBitPosition", "not outside of BitsStored"));
        }
        if d.samples_per_pixel != 1 || (rows, columns) != (Some(d.rows), Some(d.columns)) {
            return Err(Error::invalid("OverlayRows", "not those of the pixels that the overlay is embedded in"));
        }
        Ok(Some(Self { frames, value: value.clone(), name: name(group), bit }))
    }

    /// Returns whether a bit is set in any frame.
    ///
    /// # Errors
    ///
    /// Where a frame cannot be decoded.
    pub fn shows_anything(&self) -> Result<bool> {
        for frame in 0..self.frames.count() {
            if self.bits(frame)?.contains(&1) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn bits(&self, frame: u32) -> Result<Vec<u8>> {
        let samples = self.frames.decode(frame)?.samples;
        Ok((0..samples.len()).map(|pixel| u8::from(samples.get(pixel) >> self.bit & 1 == 1)).collect())
    }
}

impl Pictures for Embedded<'_> {
    fn size(&self) -> (u32, u32) {
        (self.frames.description.columns, self.frames.description.rows)
    }

    fn count(&self) -> u32 {
        self.frames.count()
    }

    fn repeats(&self, frame: u32) -> Result<bool> {
        Ok(frame > 0 && self.bits(frame)? == self.bits(frame - 1)?)
    }

    fn views(&self, frame: u32) -> Result<Vec<View>> {
        let (columns, rows) = self.size();
        Ok(bitmap(columns, rows, self.bits(frame)?))
    }

    fn placement(&self) -> Option<Placement> {
        Some(Placement { frame: Some(0), ..Placement::default() })
    }
}

impl Layer for Embedded<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_overlay(&self) -> bool {
        true
    }

    fn pictures(&self) -> &dyn Pictures {
        self
    }

    fn tag(&self) -> Tag {
        tags::PIXEL_DATA
    }

    fn range(&self, frame: u32) -> Range<u64> {
        self.frames.native_range(&self.value, frame).0
    }

    fn patch(&self, _frame: u32, region: &Region, bytes: &mut [u8]) -> Result<()> {
        let size = usize::from(self.frames.description.bits_allocated / 8);
        let (byte, bit) = (self.bit as usize / 8, self.bit % 8);
        let byte = if self.frames.file.encoding.is_big_endian() { size - 1 - byte } else { byte };
        region.indices().for_each(|pixel| bytes[pixel * size + byte] &= !(1 << bit));
        Ok(())
    }

    fn values(&self, frame: u32) -> Result<Vec<u8>> {
        self.bits(frame)
    }

    fn masked(&self, frame: u32, region: &Region) -> Result<Vec<u8>> {
        let mut values = self.values(frame)?;
        region.indices().for_each(|pixel| values[pixel] = 0);
        Ok(values)
    }
}

/// Returns the bits of the pixels that overlays declare to be theirs.
#[must_use]
pub fn declared_bits(instance: &Instance) -> u32 {
    let groups = (0x6000..0x6100_u16).step_by(2);
    let bit = |group| {
        let number = |element| integer::<u32>(&instance.header, Tag(group, element), "OverlayBitPosition").ok()?;
        let embedded = number(0x0010).is_some() && number(0x0100) != Some(1);
        (embedded && instance.file.layout.get(Tag(group, 0x3000)).is_none()).then(|| number(0x0102))?
    };
    groups.filter_map(bit).filter(|&bit| bit < 32).fold(0, |bits, bit| bits | 1 << bit)
}

/// Reads Overlay Origin (60xx,0050), row and column from 1, and Image Frame Origin (60xx,0051).
fn placement(header: &InMemDicomObject, group: u16, frames: Option<u32>) -> Result<Placement> {
    let invalid = |_| Error::invalid("OverlayOrigin", "not two numbers");
    let origin = match header.get(Tag(group, 0x0050)) {
        Some(element) => element.to_multi_int::<i64>().map_err(invalid)?,
        None => Vec::new(),
    };
    let (y, x) = match origin.as_slice() {
        [] => (1, 1),
        &[y, x] => (y, x),
        // Planes of volumes had a third number (retired).
        &[y, x, _] => (y, x),
        _ => return Err(Error::invalid("OverlayOrigin", "not two numbers")),
    };
    let first = integer::<u32>(header, Tag(group, 0x0051), "ImageFrameOrigin")?;
    let frame = (frames.is_some() || first.is_some()).then(|| first.unwrap_or(1).saturating_sub(1));
    Ok(Placement { x: x.saturating_sub(1), y: y.saturating_sub(1), frame })
}

/// Renders set bits white on black. Without a set bit there is nothing to see.
fn bitmap(columns: u32, rows: u32, bits: Vec<u8>) -> Vec<View> {
    if !bits.contains(&1) {
        return Vec::new();
    }
    let description = PixelDescription {
        rows,
        columns,
        samples_per_pixel: 1,
        photometric: Photometric::Monochrome2,
        planar: false,
        bits_allocated: 1,
        bits_stored: 1,
        high_bit: 0,
        signed: false,
        frames: 1,
    };
    views(&Frame { description, samples: Samples::U8(bits) }, None, &[])
}
