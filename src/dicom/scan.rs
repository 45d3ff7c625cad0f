//! The walk over element headers that a [`Layout`] is made by.

use super::bytes::Bytes;
use super::layout::{Blob, Element, Encoding, Layout, NestedPixels, is_overlay_data, is_pixel_data};
use crate::error::{Error, Result};
use dicom_core::header::SequenceItemHeader;
use dicom_core::{Length, Tag, VR};
use dicom_encoding::decode::{
    Decode, explicit_be::ExplicitVRBigEndianDecoder, explicit_le::ExplicitVRLittleEndianDecoder,
    implicit_le::StandardImplicitVRLittleEndianDecoder,
};
use std::cell::RefCell;
use std::ops::Range;

/// Nested data sets deeper than this are refused. PS3.5 sets no limit; the deepest content trees of structured
/// reports seen in practice stay below 20 levels.
const MAX_DEPTH: u32 = 100;

/// No picture and no document is shorter; the smallest PNG and GIF files have some 40 bytes.
const SMALLEST_BLOB: u64 = 32;

/// Element headers read at once.
const WINDOW: usize = 1 << 16;

/// Decodes headers of one encoding from a sliding window over the file.
pub(super) struct Scanner<'a> {
    bytes: &'a Bytes,
    limit: u64,
    encoding: Encoding,
    window: RefCell<(u64, Vec<u8>)>,
    /// What was found so far.
    pub(super) layout: Layout,
    /// Tags of the sequences around the current item.
    path: Vec<Tag>,
}

/// A decoded element header.
pub(super) struct ElementHeader {
    /// The tag.
    pub(super) tag: Tag,
    vr: VR,
    /// Whether the VR is one of the standard.
    is_known: bool,
    length: Option<u32>,
    size: u64,
}

/// Returns the bytes of one value of a VR that dicom-rs reads number by number (PS3.5 6.2), 1 of all others.
const fn number_size(vr: VR) -> u32 {
    match vr {
        VR::SS | VR::US | VR::OW => 2,
        VR::AT | VR::FL | VR::SL | VR::UL | VR::OF | VR::OL => 4,
        VR::FD | VR::SV | VR::UV | VR::OD | VR::OV => 8,
        _ => 1,
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a Bytes, limit: u64, encoding: Encoding) -> Self {
        Self {
            bytes,
            limit,
            encoding,
            window: RefCell::new((0, Vec::new())),
            layout: Layout::default(),
            path: Vec::new(),
        }
    }

    /// Calls `f` with up to `count` bytes at `position`, fewer at the end.
    fn peek<T>(&self, position: u64, count: usize, f: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let mut window = self.window.borrow_mut();
        let count = usize::try_from(self.limit.saturating_sub(position)).unwrap_or(usize::MAX).min(count);
        let inside = position >= window.0 && position + count as u64 <= window.0 + window.1.len() as u64;
        if !inside {
            let length = (self.limit - position).min(WINDOW as u64);
            *window = (position, self.bytes.read_vec(position, length)?);
        }
        let start = usize::try_from(position - window.0).expect("inside the window");
        Ok(f(&window.1[start..start + count]))
    }

    /// Returns whether fewer bytes than an element header are left and all are zero: padding that some writers
    /// append, above all behind deflated data.
    pub(super) fn is_zero_tail(&self, position: u64) -> Result<bool> {
        Ok(self.limit - position < 8 && self.peek(position, 8, |tail| tail.iter().all(|&byte| byte == 0))?)
    }

    pub(super) fn is_sequence_delimiter(&self, position: u64) -> Result<bool> {
        let delimiter: [u8; 8] = match self.encoding {
            Encoding::ExplicitBig => [0xFF, 0xFE, 0xE0, 0xDD, 0, 0, 0, 0],
            _ => [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0],
        };
        self.peek(position, 8, |bytes| bytes == delimiter)
    }

    pub(super) fn header(&self, position: u64) -> Result<ElementHeader> {
        let encoding = self.encoding;
        let (decoded, vr) = self.peek(position, 12, |mut window| {
            let vr = window.get(4..6).and_then(|vr| <[u8; 2]>::try_from(vr).ok());
            let decoded = match encoding {
                Encoding::ImplicitLittle => StandardImplicitVRLittleEndianDecoder::default().decode_header(&mut window),
                Encoding::ExplicitLittle => ExplicitVRLittleEndianDecoder::default().decode_header(&mut window),
                Encoding::ExplicitBig => ExplicitVRBigEndianDecoder::default().decode_header(&mut window),
            };
            (decoded, vr)
        })?;
        let (header, size) =
            decoded.map_err(|_| Error::Malformed { problem: "the file ends inside an element header", position })?;
        // The decoder takes what it does not know for UN.
        let is_known = header.vr != VR::UN || encoding == Encoding::ImplicitLittle || vr == Some(*b"UN");
        let length = defined(header.len);
        Ok(ElementHeader { tag: header.tag, vr: header.vr, is_known, length, size: size as u64 })
    }

    fn item_header(&self, position: u64) -> Result<SequenceItemHeader> {
        let encoding = self.encoding;
        let decoded = self.peek(position, 8, |mut window| match encoding {
            Encoding::ExplicitBig => ExplicitVRBigEndianDecoder::default().decode_item_header(&mut window),
            _ => ExplicitVRLittleEndianDecoder::default().decode_item_header(&mut window),
        })?;
        decoded.map_err(|_| Error::Malformed { problem: "an item or delimiter is expected", position })
    }

    /// Walks over the element at `position`, which must end by `limit`.
    pub(super) fn element(&mut self, position: u64, limit: u64, depth: u32) -> Result<Element> {
        let ElementHeader { tag, vr, is_known, length, size } = self.header(position)?;
        if tag.0 == 0xFFFE {
            return Err(Error::Malformed { problem: "an item or delimiter outside a sequence", position });
        }
        // Other readers guess the form of its length, or give up.
        if !is_known {
            return Err(Error::Malformed { problem: "an unknown value representation", position });
        }
        let start = position + size;
        let make = |value: Range<u64>, end| Element {
            tag,
            vr,
            start: position,
            value,
            end,
            undefined_length: length.is_none(),
        };
        match length {
            Some(length) => {
                let end = start + u64::from(length);
                if end > limit {
                    return Err(Error::Malformed { problem: "a length reaches outside its data set", position });
                }
                // dicom-rs reads whole numbers, and would take what is left for the next element.
                if tag.0 < 0x7FE0 && length % number_size(vr) != 0 {
                    return Err(Error::Malformed { problem: "a length is no whole number of values", position });
                }
                if vr == VR::SQ {
                    self.sequence(tag, start, end, Some(end), depth)?;
                } else if vr == VR::UN {
                    self.unknown(tag, start..end, depth)?;
                } else {
                    self.layout.texts.note(tag, vr, start..end);
                    self.note_blob(tag, vr, start..end);
                }
                Ok(make(start..end, end))
            }
            None if is_pixel_data(tag) && vr != VR::SQ => {
                let (value_end, end) = self.fragments(start, limit, depth)?;
                Ok(make(start..value_end, end))
            }
            None => {
                // An UN of undefined length is a sequence in implicit VR little endian (PS3.5 6.2.2, CP-246).
                let outer = self.encoding;
                if vr == VR::UN {
                    self.encoding = Encoding::ImplicitLittle;
                } else if vr != VR::SQ {
                    return Err(Error::Malformed { problem: "undefined length on a plain value", position });
                }
                let ends = self.sequence(tag, start, limit, None, depth);
                self.encoding = outer;
                let (value_end, end) = ends?;
                Ok(make(start..value_end, end))
            }
        }
    }

    /// Notes a value that may hold a picture or a document.
    fn note_blob(&mut self, tag: Tag, vr: VR, value: Range<u64>) {
        let binary = matches!(vr, VR::OB | VR::OW | VR::OD | VR::OF | VR::OL | VR::OV | VR::UN);
        let known = is_pixel_data(tag) || is_overlay_data(tag);
        if (binary || tag.0 % 2 == 1) && !known && value.end - value.start >= SMALLEST_BLOB {
            self.layout.blobs.push(Blob { tag, value });
        }
    }

    /// Walks over the items of a sequence from `position`; `end` is known for defined lengths. Returns the ends of
    /// the value and of the element.
    fn sequence(
        &mut self,
        tag: Tag,
        mut position: u64,
        limit: u64,
        end: Option<u64>,
        depth: u32,
    ) -> Result<(u64, u64)> {
        if depth >= MAX_DEPTH {
            return Err(Error::Malformed { problem: "sequences are nested too deep", position });
        }
        self.path.push(tag);
        let ends = loop {
            if Some(position) == end {
                break (position, position);
            }
            match self.item_header(position)? {
                SequenceItemHeader::Item { len } => position = self.item(position + 8, limit, len, depth)?,
                SequenceItemHeader::SequenceDelimiter if end.is_none() => break (position, position + 8),
                _ => return Err(Error::Malformed { problem: "a misplaced delimiter", position }),
            }
        };
        self.path.pop();
        Ok(ends)
    }

    /// Walks over one item and returns where it ends.
    fn item(&mut self, mut position: u64, limit: u64, length: Length, depth: u32) -> Result<u64> {
        let end = defined(length).map(|length| position + u64::from(length));
        if end.is_some_and(|end| end > limit) {
            return Err(Error::Malformed { problem: "an item reaches outside its sequence", position });
        }
        let outside = self.layout.texts.mark();
        let mut elements = Vec::new();
        let end = loop {
            if Some(position) == end {
                break position;
            }
            if end.is_none()
                && self.peek(position, 8, |bytes| bytes.len() == 8)?
                && let Ok(SequenceItemHeader::ItemDelimiter) = self.item_header(position)
            {
                break position + 8;
            }
            let element = self.element(position, end.unwrap_or(limit), depth + 1)?;
            position = element.end;
            elements.push(element);
        };
        self.layout.texts.leave(outside);
        let shows = |e: &Element| (is_pixel_data(e.tag) || is_overlay_data(e.tag)) && !e.value.is_empty();
        if elements.iter().any(shows) {
            let (path, encoding) = (self.path.clone(), self.encoding);
            self.layout.nested.push(NestedPixels { path, encoding, elements });
        }
        Ok(end)
    }

    /// Looks into an UN of defined length: it may be a sequence whose VR the writer did not know. What does not
    /// walk as one is plain bytes.
    fn unknown(&mut self, tag: Tag, value: Range<u64>, depth: u32) -> Result<()> {
        if value.end - value.start < 8 || !self.peek(value.start, 4, |b| b == [0xFE, 0xFF, 0x00, 0xE0])? {
            self.note_blob(tag, VR::UN, value);
            return Ok(());
        }
        let (outer, path) = (self.encoding, self.path.len());
        let (found, blobs) = (self.layout.nested.len(), self.layout.blobs.len());
        let texts = self.layout.texts.mark();
        self.encoding = Encoding::ImplicitLittle;
        let walked = self.sequence(tag, value.start, value.end, Some(value.end), depth);
        self.encoding = outer;
        self.path.truncate(path);
        match walked {
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(_) => {
                self.layout.nested.truncate(found);
                self.layout.blobs.truncate(blobs);
                self.layout.texts.forget(texts);
                self.note_blob(tag, VR::UN, value);
            }
            Ok(_) => {}
        }
        Ok(())
    }

    /// Walks over the items of encapsulated pixel data (PS3.5 A.4). Returns the ends of the value and the element.
    fn fragments(&mut self, mut position: u64, limit: u64, depth: u32) -> Result<(u64, u64)> {
        loop {
            match self.item_header(position)? {
                SequenceItemHeader::Item { len: Length(len) } if len != u32::MAX => {
                    let start = position + 8;
                    let end = start + u64::from(len);
                    if end > limit {
                        return Err(Error::Malformed { problem: "a fragment reaches past the end", position });
                    }
                    if depth == 0 {
                        self.layout.fragments.push(start..end);
                    }
                    position = end;
                }
                SequenceItemHeader::SequenceDelimiter => return Ok((position, position + 8)),
                _ => return Err(Error::Malformed { problem: "a misplaced delimiter in PixelData", position }),
            }
        }
    }
}

/// Returns the length, `None` where it is undefined. (`Length` is equal to nothing when undefined.)
const fn defined(length: Length) -> Option<u32> {
    if length.0 == u32::MAX { None } else { Some(length.0) }
}
