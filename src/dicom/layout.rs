//! Where each element of a data set lies: a scan of the headers that reads no values.
//!
//! dicom-rs gives values without positions. To copy a file byte for byte but for its pixels, positions are what is
//! needed, so this file walks over the element headers (decoded by `dicom-encoding`), checks that every length
//! stays inside what encloses it, and notes every place, at any depth, that may hold pixels.

use super::attributes::TextPlaces;
use super::bytes::Bytes;
use crate::error::{Error, Result};
use dicom_core::header::SequenceItemHeader;
use dicom_core::{Length, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::decode::{
    Decode, explicit_be::ExplicitVRBigEndianDecoder, explicit_le::ExplicitVRLittleEndianDecoder,
    implicit_le::StandardImplicitVRLittleEndianDecoder,
};
use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;

/// How element headers are encoded (PS3.5 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Implicit VR, little endian.
    ImplicitLittle,
    /// Explicit VR, little endian.
    ExplicitLittle,
    /// Explicit VR, big endian (retired).
    ExplicitBig,
}

impl Encoding {
    /// Returns whether numbers have their most significant byte first.
    #[must_use]
    pub const fn is_big_endian(self) -> bool {
        matches!(self, Self::ExplicitBig)
    }
}

/// Nested data sets deeper than this are refused. PS3.5 sets no limit; the deepest content trees of structured
/// reports seen in practice stay below 20 levels.
const MAX_DEPTH: u32 = 100;

/// Element headers read at once.
const WINDOW: usize = 1 << 16;

/// One element of the top level data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its tag.
    pub tag: Tag,
    /// Its value representation; from the dictionary where it is not explicit.
    pub vr: VR,
    /// First byte of the header.
    pub start: u64,
    /// The value, without delimiters. Of a sequence: all its items.
    pub value: Range<u64>,
    /// First byte behind the element and its delimiter.
    pub end: u64,
    /// Length is undefined (FFFFFFFF).
    pub undefined_length: bool,
}

/// A place below the top level that holds pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NestedPixels {
    /// An Icon Image Sequence (0088,0200) with pixel data, at any depth.
    Icon,
    /// Pixel data in an item of another sequence.
    PixelData,
    /// Overlay data in an item of a sequence.
    Overlay,
}

/// The elements of a data set in file order, and what was found below them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Top level elements.
    pub elements: Vec<Element>,
    /// The items of an encapsulated Pixel Data (7FE0,0010): the offset table first, then the fragments.
    pub fragments: Vec<Range<u64>>,
    /// Nested pixels, in file order.
    pub nested: Vec<NestedPixels>,
    /// Text values at any depth.
    pub texts: TextPlaces,
}

impl Layout {
    /// Walks over the data set in `range` of `bytes`.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] where a length reaches outside, a delimiter is missing or misplaced, a top level
    /// attribute occurs twice, or nesting is absurdly deep.
    pub fn scan(bytes: &Bytes, range: Range<u64>, encoding: Encoding) -> Result<Self> {
        Self::scan_while(bytes, range, encoding, |_| true).map(|(layout, _)| layout)
    }

    /// Like [`Layout::scan`], but stops before the first element whose tag `wanted` refuses; returns where.
    ///
    /// # Errors
    ///
    /// As [`Layout::scan`].
    pub fn scan_while(
        bytes: &Bytes,
        range: Range<u64>,
        encoding: Encoding,
        wanted: impl Fn(Tag) -> bool,
    ) -> Result<(Self, u64)> {
        let mut scanner = Scanner::new(bytes, range.end, encoding);
        let mut seen = HashSet::new();
        let mut position = range.start;
        while position < range.end {
            if scanner.is_zero_tail(position)? {
                break;
            }
            let tag = scanner.header(position)?.tag;
            if !wanted(tag) {
                break;
            }
            // Readers disagree on which of two values holds; and a bomb of zeros ends here.
            if !seen.insert(tag) {
                return Err(Error::Malformed { problem: "an attribute occurs twice", position });
            }
            let mut element = scanner.element(position, range.end, 0)?;
            // Some writers close encapsulated pixel data twice.
            while element.undefined_length && scanner.is_sequence_delimiter(element.end)? {
                element.end += 8;
            }
            position = element.end;
            scanner.layout.elements.push(element);
        }
        Ok((scanner.layout, position))
    }

    /// Returns the top level element with this tag.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.elements.iter().find(|element| element.tag == tag)
    }
}

/// Decodes headers of one encoding from a sliding window over the file.
struct Scanner<'a> {
    bytes: &'a Bytes,
    limit: u64,
    encoding: Encoding,
    window: RefCell<(u64, Vec<u8>)>,
    layout: Layout,
    /// Tags of the sequences around the current item.
    path: Vec<Tag>,
}

/// A decoded element header.
struct ElementHeader {
    tag: Tag,
    vr: VR,
    length: Option<u32>,
    size: u64,
}

impl<'a> Scanner<'a> {
    fn new(bytes: &'a Bytes, limit: u64, encoding: Encoding) -> Self {
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
    fn is_zero_tail(&self, position: u64) -> Result<bool> {
        Ok(self.limit - position < 8 && self.peek(position, 8, |tail| tail.iter().all(|&byte| byte == 0))?)
    }

    fn is_sequence_delimiter(&self, position: u64) -> Result<bool> {
        let delimiter: [u8; 8] = match self.encoding {
            Encoding::ExplicitBig => [0xFF, 0xFE, 0xE0, 0xDD, 0, 0, 0, 0],
            _ => [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0],
        };
        self.peek(position, 8, |bytes| bytes == delimiter)
    }

    fn header(&self, position: u64) -> Result<ElementHeader> {
        let encoding = self.encoding;
        let decoded = self.peek(position, 12, |mut window| match encoding {
            Encoding::ImplicitLittle => StandardImplicitVRLittleEndianDecoder::default().decode_header(&mut window),
            Encoding::ExplicitLittle => ExplicitVRLittleEndianDecoder::default().decode_header(&mut window),
            Encoding::ExplicitBig => ExplicitVRBigEndianDecoder::default().decode_header(&mut window),
        })?;
        let (header, size) =
            decoded.map_err(|_| Error::Malformed { problem: "the file ends inside an element header", position })?;
        let length = defined(header.len);
        Ok(ElementHeader { tag: header.tag, vr: header.vr, length, size: size as u64 })
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
    fn element(&mut self, position: u64, limit: u64, depth: u32) -> Result<Element> {
        let ElementHeader { tag, vr, length, size } = self.header(position)?;
        if tag.0 == 0xFFFE {
            return Err(Error::Malformed { problem: "an item or delimiter outside a sequence", position });
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
        self.note_nested(tag, length, depth);
        match length {
            Some(length) => {
                let end = start + u64::from(length);
                if end > limit {
                    return Err(Error::Malformed { problem: "a length reaches outside its data set", position });
                }
                if vr == VR::SQ {
                    self.sequence(tag, start, end, Some(end), depth)?;
                } else if vr == VR::UN {
                    self.unknown(tag, start..end, depth)?;
                } else {
                    self.layout.texts.note(tag, vr, start..end);
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

    /// Notes pixels below the top level.
    fn note_nested(&mut self, tag: Tag, length: Option<u32>, depth: u32) {
        if depth == 0 || length == Some(0) {
            return;
        }
        if is_pixel_data(tag) {
            let icon = self.path.contains(&tags::ICON_IMAGE_SEQUENCE);
            self.layout.nested.push(if icon { NestedPixels::Icon } else { NestedPixels::PixelData });
        } else if is_overlay_data(tag) {
            self.layout.nested.push(NestedPixels::Overlay);
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
            position = self.element(position, end.unwrap_or(limit), depth + 1)?.end;
        };
        self.layout.texts.leave(outside);
        Ok(end)
    }

    /// Looks into an UN of defined length: it may be a sequence whose VR the writer did not know. What does not
    /// walk as one is plain bytes.
    fn unknown(&mut self, tag: Tag, value: Range<u64>, depth: u32) -> Result<()> {
        if value.end - value.start < 8 || !self.peek(value.start, 4, |b| b == [0xFE, 0xFF, 0x00, 0xE0])? {
            return Ok(());
        }
        let (outer, found, path) = (self.encoding, self.layout.nested.len(), self.path.len());
        let texts = self.layout.texts.mark();
        self.encoding = Encoding::ImplicitLittle;
        let walked = self.sequence(tag, value.start, value.end, Some(value.end), depth);
        self.encoding = outer;
        self.path.truncate(path);
        match walked {
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(_) => {
                self.layout.nested.truncate(found);
                self.layout.texts.forget(texts);
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

/// Returns whether this is Pixel Data or one of its floating point forms.
#[must_use]
pub fn is_pixel_data(tag: Tag) -> bool {
    matches!(tag, tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA)
}

/// Returns whether this is Overlay Data (60xx,3000), even groups only.
#[must_use]
pub const fn is_overlay_data(tag: Tag) -> bool {
    tag.0 & 0xFF01 == 0x6000 && tag.1 == 0x3000
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An explicit VR little endian element with a 16-bit length.
    fn short(tag: (u16, u16), vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap().to_le_bytes();
        [&tag.0.to_le_bytes()[..], &tag.1.to_le_bytes(), vr, &length, value].concat()
    }

    /// An explicit VR little endian element with a 32-bit length.
    fn long(tag: (u16, u16), vr: &[u8; 2], length: u32, value: &[u8]) -> Vec<u8> {
        [&tag.0.to_le_bytes()[..], &tag.1.to_le_bytes(), vr, &[0, 0], &length.to_le_bytes(), value].concat()
    }

    fn item(length: u32, value: &[u8]) -> Vec<u8> {
        [&[0xFE, 0xFF, 0x00, 0xE0][..], &length.to_le_bytes(), value].concat()
    }

    const ITEM_END: [u8; 8] = [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0];
    const SEQUENCE_END: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
    const UNDEFINED: u32 = u32::MAX;

    fn scan(bytes: &[u8]) -> Result<Layout> {
        let end = bytes.len() as u64;
        Layout::scan(&Bytes::Memory(bytes.to_vec()), 0..end, Encoding::ExplicitLittle)
    }

    fn problem(bytes: &[u8]) -> &'static str {
        match scan(bytes) {
            Err(Error::Malformed { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn elements_lie_one_after_the_other() {
        let rows = short((0x28, 0x10), b"US", &[1, 0]);
        let pixels = long((0x7FE0, 0x10), b"OW", 4, &[1, 2, 3, 4]);
        let layout = scan(&[rows, pixels].concat()).unwrap();
        let places: Vec<_> = layout.elements.iter().map(|e| (e.tag, e.start, e.value.clone(), e.end)).collect();
        assert_eq!(places, [(tags::ROWS, 0, 8..10, 10), (tags::PIXEL_DATA, 10, 22..26, 26)]);
    }

    #[test]
    fn fragments_are_found_and_doubled_delimiters_taken() {
        let stream = [item(0, &[]), item(2, &[9, 9]), SEQUENCE_END.to_vec(), SEQUENCE_END.to_vec()].concat();
        let layout = scan(&long((0x7FE0, 0x10), b"OB", UNDEFINED, &stream)).unwrap();
        assert_eq!(layout.fragments, [20..20, 28..30]);
        assert_eq!(layout.elements[0].end, 46);
    }

    #[test]
    fn nested_pixels_are_found_at_any_depth_and_in_unknown_elements() {
        let pixels = long((0x7FE0, 0x10), b"OW", 2, &[1, 1]);
        let icon = long((0x88, 0x200), b"SQ", UNDEFINED, &[item(UNDEFINED, &pixels), ITEM_END.to_vec()].concat());
        let icon = [icon, SEQUENCE_END.to_vec()].concat();
        assert_eq!(scan(&icon).unwrap().nested, [NestedPixels::Icon]);
        let size = u32::try_from(icon.len()).unwrap();
        let outer = long((0x8, 0x1115), b"SQ", size + 8, &item(size, &icon));
        assert_eq!(scan(&outer).unwrap().nested, [NestedPixels::Icon]);

        // Inside UN everything is implicit VR little endian (PS3.5 6.2.2).
        let implicit = [&[0xE0, 0x7F, 0x10, 0x00][..], &2u32.to_le_bytes(), &[1, 1]].concat();
        let hidden = long((0x9, 0x1010), b"UN", 18, &item(10, &implicit));
        assert_eq!(scan(&hidden).unwrap().nested, [NestedPixels::PixelData]);
        let undefined = long((0x9, 0x1010), b"UN", UNDEFINED, &[item(10, &implicit), SEQUENCE_END.to_vec()].concat());
        assert_eq!(scan(&undefined).unwrap().nested, [NestedPixels::PixelData]);
        let overlay = [&[0x00, 0x60, 0x00, 0x30][..], &2u32.to_le_bytes(), &[1, 1]].concat();
        let overlay = long((0x9, 0x1010), b"UN", 18, &item(10, &overlay));
        assert_eq!(scan(&overlay).unwrap().nested, [NestedPixels::Overlay]);
        let bytes = long((0x9, 0x1010), b"UN", 12, &[0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0, 0, 1, 2, 3, 4]);
        assert_eq!(scan(&bytes).unwrap().nested, [], "what is no sequence is plain bytes");
    }

    #[test]
    fn lengths_that_reach_outside_are_refused() {
        let rows = short((0x28, 0x10), b"US", &[1, 0]);
        assert_eq!(problem(&rows[..9]), "a length reaches outside its data set");
        assert_eq!(problem(&rows[..6]), "the file ends inside an element header");
        assert_eq!(problem(&long((0x8, 0x1115), b"SQ", 18, &item(20, &rows))), "an item reaches outside its sequence");
        assert_eq!(problem(&long((0x7FE0, 0x10), b"OB", UNDEFINED, &item(8, &[]))), "a fragment reaches past the end");
        assert_eq!(problem(&long((0x7FE0, 0x10), b"OB", UNDEFINED, &item(0, &[]))), "an item or delimiter is expected");
        assert_eq!(problem(&long((0x28, 0x10), b"UT", UNDEFINED, &[])), "undefined length on a plain value");
        assert_eq!(problem(&[rows.clone(), rows].concat()), "an attribute occurs twice");
        assert_eq!(problem(&SEQUENCE_END), "an item or delimiter outside a sequence");
    }

    #[test]
    fn deep_nesting_is_refused_without_overflowing_the_stack() {
        let level = long((0x8, 0x1115), b"SQ", UNDEFINED, &item(UNDEFINED, &[]));
        assert_eq!(problem(&level.repeat(100_000)), "sequences are nested too deep");
    }

    #[test]
    fn zeros_do_not_become_elements_without_end() {
        assert_eq!(problem(&[0; 100_000]), "an attribute occurs twice");
    }

    proptest! {
        #[test]
        fn any_bytes_scan_without_a_panic_and_inside_their_range(
            bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(0xFE), Just(0xFF), Just(0xE0), any::<u8>()], 0..300),
        ) {
            for encoding in [Encoding::ImplicitLittle, Encoding::ExplicitLittle, Encoding::ExplicitBig] {
                let end = bytes.len() as u64;
                if let Ok(layout) = Layout::scan(&Bytes::Memory(bytes.clone()), 0..end, encoding) {
                    prop_assert!(layout.elements.iter().all(|e| e.start < e.end && e.end <= end));
                    prop_assert!(layout.elements.windows(2).all(|pair| pair[0].end == pair[1].start));
                }
            }
        }
    }
}
