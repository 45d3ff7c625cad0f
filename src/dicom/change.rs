//! Changes of single elements of a file that is otherwise copied byte for byte, in the encoding of its data set.

use super::bytes::Bytes;
use super::layout::{Element, Encoding, Layout};
use crate::error::{Error, Result};
use dicom_core::header::DataElementHeader;
use dicom_core::{Length, Tag, VR};
use dicom_encoding::encode::Encode;
use dicom_encoding::encode::explicit_be::ExplicitVRBigEndianEncoder;
use dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder;
use dicom_encoding::encode::implicit_le::ImplicitVRLittleEndianEncoder;
use std::collections::BTreeMap;
use std::ops::Range;

/// A range of a data set and what stands there in the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The top level element that changes.
    pub tag: Tag,
    /// Bytes that are left out; empty for an insertion.
    pub range: Range<u64>,
    /// Bytes that are written instead.
    pub bytes: Vec<u8>,
}

impl Change {
    /// Returns by how many bytes the data set grows.
    fn growth(&self) -> i64 {
        let old = i64::try_from(self.range.end - self.range.start).expect("a length in a file");
        i64::try_from(self.bytes.len()).expect("a length in memory") - old
    }
}

/// Sets an element of a data set: in place of the one that is there, or where its tag belongs.
pub(super) fn set(layout: &Layout, encoding: Encoding, tag: Tag, vr: VR, value: &[u8]) -> Result<Change> {
    let range = match layout.get(tag) {
        Some(element) => element.start..element.end,
        None => {
            let before = layout.elements.iter().rev().find(|element| element.tag < tag).map(|element| element.end);
            let after = layout.elements.first().map(|element| element.start);
            let at = before.or(after).ok_or(Error::Verification("an empty data set cannot be marked"))?;
            at..at
        }
    };
    let mut bytes = element_header(encoding, tag, vr, u32::try_from(value.len()).expect("short values"))?;
    bytes.extend(value);
    Ok(Change { tag, range, bytes })
}

/// Leaves an element out.
pub(super) fn remove(element: &Element) -> Change {
    Change { tag: element.tag, range: element.start..element.end, bytes: Vec::new() }
}

/// Corrects the Group Length (gggg,0000) of every group of `layout`, which lies in `bytes`, that `changes` change and that
/// has one.
pub(super) fn group_lengths(
    (bytes, layout): (&Bytes, &Layout),
    encoding: Encoding,
    changes: &[Change],
) -> Result<Vec<Change>> {
    let mut grown: BTreeMap<u16, i64> = BTreeMap::new();
    for change in changes {
        *grown.entry(change.tag.0).or_default() += change.growth();
    }
    let mut corrected = Vec::new();
    for (group, grow) in grown.into_iter().filter(|&(_, grow)| grow != 0) {
        let Some(element) = layout.get(Tag(group, 0)).filter(|e| e.value.end - e.value.start == 4) else { continue };
        // A group of which nothing is left needs no length.
        if changes.iter().any(|change| change.range.start == element.start) {
            continue;
        }
        let old: [u8; 4] = bytes.read_vec(element.value.start, 4)?.try_into().expect("four bytes");
        let old = i64::from(if encoding.is_big_endian() { u32::from_be_bytes(old) } else { u32::from_le_bytes(old) });
        // A length that was wrong before may leave the range; it is then left as it was.
        let Ok(new) = u32::try_from(old + grow) else { continue };
        let new = if encoding.is_big_endian() { new.to_be_bytes() } else { new.to_le_bytes() };
        let range = element.value.clone();
        corrected.push(Change { tag: element.tag, range, bytes: new.to_vec() });
    }
    Ok(corrected)
}

/// Returns an element's header.
pub(super) fn element_header(encoding: Encoding, tag: Tag, vr: VR, length: u32) -> Result<Vec<u8>> {
    let (mut bytes, header) = (Vec::new(), DataElementHeader::new(tag, vr, Length(length)));
    let encoded = match encoding {
        Encoding::ImplicitLittle => ImplicitVRLittleEndianEncoder::default().encode_element_header(&mut bytes, header),
        Encoding::ExplicitLittle => ExplicitVRLittleEndianEncoder::default().encode_element_header(&mut bytes, header),
        Encoding::ExplicitBig => ExplicitVRBigEndianEncoder::default().encode_element_header(&mut bytes, header),
    };
    encoded.map_err(|_| Error::Verification("an element header cannot be encoded"))?;
    Ok(bytes)
}

/// Pads text with a space to an even length (PS3.5 6.2).
pub(super) fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(bytes.len().next_multiple_of(2), b' ');
    bytes
}
