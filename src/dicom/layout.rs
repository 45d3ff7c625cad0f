//! Where each element of a data set lies: a scan of the headers that reads no values.
//!
//! dicom-rs gives values without positions. To copy a file byte for byte but for its pixels, positions are what is
//! needed, so this file walks over the element headers (decoded by `dicom-encoding`), checks that every length
//! stays inside what encloses it, and notes every place, at any depth, that may hold pixels.

use super::attributes::TextPlaces;
use super::bytes::Bytes;
use super::scan::Scanner;
use crate::error::{Error, Result};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
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

/// An item of a sequence, at any depth, with pixel or overlay data of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedPixels {
    /// Tags of the sequences around it, the outermost first.
    pub path: Vec<Tag>,
    /// How its elements are encoded: inside UN always as implicit VR (PS3.5 6.2.2).
    pub encoding: Encoding,
    /// Its elements.
    pub elements: Vec<Element>,
}

impl NestedPixels {
    /// Returns the item's element with this tag.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.elements.iter().find(|element| element.tag == tag)
    }

    /// Returns whether the item is, or is inside, an Icon Image Sequence (0088,0200).
    #[must_use]
    pub fn is_icon(&self) -> bool {
        self.path.contains(&tags::ICON_IMAGE_SEQUENCE)
    }
}

/// A value that is neither text nor pixels nor a sequence, and may hold anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The tag of its element.
    pub tag: Tag,
    /// Its bytes.
    pub value: Range<u64>,
}

/// The elements of a data set in file order, and what was found below them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Top level elements.
    pub elements: Vec<Element>,
    /// The items of an encapsulated Pixel Data (7FE0,0010): the offset table first, then the fragments.
    pub fragments: Vec<Range<u64>>,
    /// Items with pixels, in the order of their ends.
    pub nested: Vec<NestedPixels>,
    /// Private and binary values at any depth.
    pub blobs: Vec<Blob>,
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
        let nested = |bytes: &[u8]| -> Vec<(bool, Vec<Tag>)> {
            let found = scan(bytes).unwrap().nested.into_iter();
            found.map(|item| (item.is_icon(), item.elements.iter().map(|e| e.tag).collect())).collect()
        };
        let (pixel_data, overlay_data) = (vec![tags::PIXEL_DATA], vec![Tag(0x6000, 0x3000)]);
        assert_eq!(nested(&icon), [(true, pixel_data.clone())]);
        let size = u32::try_from(icon.len()).unwrap();
        let outer = long((0x8, 0x1115), b"SQ", size + 8, &item(size, &icon));
        assert_eq!(nested(&outer), [(true, pixel_data.clone())]);

        // Inside UN everything is implicit VR little endian (PS3.5 6.2.2).
        let implicit = [&[0xE0, 0x7F, 0x10, 0x00][..], &2u32.to_le_bytes(), &[1, 1]].concat();
        let hidden = long((0x9, 0x1010), b"UN", 18, &item(10, &implicit));
        assert_eq!(nested(&hidden), [(false, pixel_data.clone())]);
        let undefined = long((0x9, 0x1010), b"UN", UNDEFINED, &[item(10, &implicit), SEQUENCE_END.to_vec()].concat());
        assert_eq!(nested(&undefined), [(false, pixel_data)]);
        assert_eq!(scan(&undefined).unwrap().nested[0].encoding, Encoding::ImplicitLittle);
        let overlay = [&[0x00, 0x60, 0x00, 0x30][..], &2u32.to_le_bytes(), &[1, 1]].concat();
        let overlay = long((0x9, 0x1010), b"UN", 18, &item(10, &overlay));
        assert_eq!(nested(&overlay), [(false, overlay_data)]);
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
        assert_eq!(problem(&long((0x28, 0x10), b"F\xD1", 2, &[1, 0])), "an unknown value representation");
        assert_eq!(problem(&short((0x20, 0x10), b"SL", b"1 ")), "a length is no whole number of values");
        assert_eq!(problem(&SEQUENCE_END), "an item or delimiter outside a sequence");
    }

    #[test]
    fn deep_nesting_is_refused_without_overflowing_the_stack() {
        let level = long((0x8, 0x1115), b"SQ", UNDEFINED, &item(UNDEFINED, &[]));
        assert_eq!(problem(&level.repeat(100_000)), "sequences are nested too deep");
    }

    #[test]
    fn zeros_do_not_become_elements_without_end() {
        assert_eq!(problem(&[0; 100_000]), "an unknown value representation");
        assert_eq!(problem(&long((0, 0), b"UN", 0, &[]).repeat(10_000)), "an attribute occurs twice");
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
