//! The few elements that change when encapsulated pixels are written uncompressed.

use super::codec;
use super::frames::Frames;
use super::header::text;
use super::layout::{Element, Layout};
use super::pixels::PixelDescription;
use crate::error::{Error, Result};
use dicom_core::header::DataElementHeader;
use dicom_core::{Length, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::encode::Encode;
use dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder;
use std::collections::BTreeMap;
use std::ops::Range;

/// A range of the input file and what stands there in the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes that are left out; empty for an insertion.
    pub range: Range<u64>,
    /// Bytes that are written instead.
    pub bytes: Vec<u8>,
    /// The bytes are the header of Pixel Data, whose value follows.
    pub is_pixel_data: bool,
}

/// Lists the edits that make the file of `frames` hold `length` bytes of uncompressed pixels as in `description`.
///
/// Transfer Syntax UID, Photometric Interpretation, Planar Configuration and Pixel Data are set; the Extended Offset
/// Tables, which speak of fragments, go. Where the first frame's stream is lossy and the attributes do not say so,
/// Lossy Image Compression (0028,2110), its Ratio and its Method are set, since no stream tells it any more. Group lengths
/// of the groups that change are kept right.
///
/// # Errors
///
/// [`Error::MissingAttribute`] if the file has no File Meta Information to hold the transfer syntax.
pub fn edits_for_native(frames: &Frames<'_>, description: &PixelDescription, length: u32) -> Result<Vec<Edit>> {
    let meta = frames.file.meta.as_ref().ok_or(Error::MissingAttribute("TransferSyntaxUID"))?;
    let layout = &frames.file.layout;
    let mut edits = Vec::new();
    let mut syntax = uids::EXPLICIT_VR_LITTLE_ENDIAN.as_bytes().to_vec();
    syntax.resize(syntax.len().next_multiple_of(2), 0);
    edits.push(set(&meta.layout, meta.range.end, tags::TRANSFER_SYNTAX_UID, VR::UI, &syntax)?);
    let end = frames.file.range.end;
    let photometric = padded(description.photometric.code());
    edits.push(set(layout, end, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, &photometric)?);
    if description.samples_per_pixel > 1 {
        edits.push(set(layout, end, tags::PLANAR_CONFIGURATION, VR::US, &[0, 0])?);
    }
    edits.extend(lossy(frames, length)?);
    for tag in [tags::EXTENDED_OFFSET_TABLE, tags::EXTENDED_OFFSET_TABLE_LENGTHS] {
        edits.extend(layout.get(tag).map(|e| Edit { range: e.start..e.end, bytes: Vec::new(), is_pixel_data: false }));
    }
    let pixels = layout.get(tags::PIXEL_DATA).ok_or(Error::MissingAttribute("PixelData"))?;
    // PS3.5 A.2: OW above 8 bits, OB or OW up to there.
    let vr = if description.bits_allocated > 8 { VR::OW } else { VR::OB };
    let bytes = element_header(tags::PIXEL_DATA, vr, length)?;
    let pixel_edit = Edit { range: pixels.start..pixels.end, bytes, is_pixel_data: true };
    let pixels_grow = i64::from(length) + size(pixel_edit.bytes.len()) - span(&pixel_edit.range);
    edits.push(pixel_edit);
    let lengths = group_lengths(frames, &edits, pixels_grow)?;
    edits.extend(lengths);
    Ok(edits)
}

/// Adds what the compressed streams said by themselves: that, how and how much they lost (PS3.3 C.7.6.1.1.5).
fn lossy(frames: &Frames<'_>, length: u32) -> Result<Vec<Edit>> {
    let Some(method) = codec::lossy_method(&frames.file.transfer_syntax, &frames.stored(0)?) else {
        return Ok(Vec::new());
    };
    if text(frames.header, tags::LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01") {
        return Ok(Vec::new());
    }
    let (layout, end) = (&frames.file.layout, frames.file.range.end);
    let compressed: u64 = layout.fragments.iter().skip(1).map(|fragment| fragment.end - fragment.start).sum();
    #[expect(clippy::cast_precision_loss, reason = "two decimals are kept")]
    let ratio = format!("{:.2}", f64::from(length) / compressed.max(1) as f64);
    Ok(vec![
        set(layout, end, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, b"01")?,
        set(layout, end, tags::LOSSY_IMAGE_COMPRESSION_RATIO, VR::DS, &padded(&ratio))?,
        set(layout, end, tags::LOSSY_IMAGE_COMPRESSION_METHOD, VR::CS, &padded(method))?,
    ])
}

/// Sets an element: in place of the one that is there, or where its tag belongs.
fn set(layout: &Layout, end: u64, tag: Tag, vr: VR, value: &[u8]) -> Result<Edit> {
    let range = match layout.get(tag) {
        Some(element) => element.start..element.end,
        None => {
            let at = layout.elements.iter().find(|element| element.tag > tag).map_or(end, |element| element.start);
            at..at
        }
    };
    let mut bytes = element_header(tag, vr, u32::try_from(value.len()).expect("short values"))?;
    bytes.extend(value);
    Ok(Edit { range, bytes, is_pixel_data: false })
}

/// Corrects the Group Length (gggg,0000) of every group that changes and has one.
fn group_lengths(frames: &Frames<'_>, edits: &[Edit], pixels_grow: i64) -> Result<Vec<Edit>> {
    let meta = frames.file.meta.iter().map(|meta| &meta.layout);
    let layouts: Vec<&Layout> = meta.chain([&frames.file.layout]).collect();
    let mut grown: BTreeMap<u16, i64> = BTreeMap::new();
    for edit in edits {
        let grow = if edit.is_pixel_data { pixels_grow } else { size(edit.bytes.len()) - span(&edit.range) };
        *grown.entry(group_of(edit, &layouts)).or_default() += grow;
    }
    let mut corrected = Vec::new();
    for (group, grow) in grown.into_iter().filter(|&(_, grow)| grow != 0) {
        let Some(element) = layouts.iter().find_map(|layout| layout.get(Tag(group, 0))) else { continue };
        if element.value.end - element.value.start != 4 {
            continue;
        }
        let old = frames.file.file.read_vec(element.value.start, 4)?;
        let old = i64::from(u32::from_le_bytes(old.try_into().expect("four bytes")));
        // A length that was wrong before may leave the range; it is then left as it was.
        let Ok(new) = u32::try_from(old + grow) else { continue };
        corrected.push(Edit { range: element.value.clone(), bytes: new.to_le_bytes().to_vec(), is_pixel_data: false });
    }
    Ok(corrected)
}

/// Returns the group that an edit changes: that of its new bytes or, for a removal, of the element removed.
fn group_of(edit: &Edit, layouts: &[&Layout]) -> u16 {
    if let [low, high, ..] = edit.bytes[..] {
        return u16::from_le_bytes([low, high]);
    }
    let removed = |e: &&Element| e.start == edit.range.start;
    layouts.iter().find_map(|layout| layout.elements.iter().find(removed)).map_or(0, |element| element.tag.0)
}

fn element_header(tag: Tag, vr: VR, length: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ExplicitVRLittleEndianEncoder::default()
        .encode_element_header(&mut bytes, DataElementHeader::new(tag, vr, Length(length)))
        .map_err(|_| Error::Verification("an element header cannot be encoded"))?;
    Ok(bytes)
}

/// Pads text with a space to an even length (PS3.5 6.2).
fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(bytes.len().next_multiple_of(2), b' ');
    bytes
}

fn size(length: usize) -> i64 {
    i64::try_from(length).expect("a length in memory")
}

fn span(range: &Range<u64>) -> i64 {
    i64::try_from(range.end - range.start).expect("a length in a file")
}

#[cfg(test)]
mod tests {
    use crate::dicom::header::text;
    use crate::dicom::{Instance, Limits, codec, write};
    use crate::region::Region;
    use dicom_core::Tag;
    use dicom_dictionary_std::tags;
    use std::io::{Cursor, Write};
    use std::path::Path;

    fn open(bytes: &[u8]) -> Instance {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Instance::open(file.path(), &Limits::default()).unwrap()
    }

    /// Returns the sizes of all elements of a group but its Group Length.
    fn group_size(instance: &Instance, group: u16) -> u64 {
        let layout = if group == 2 { &instance.file.meta.as_ref().unwrap().layout } else { &instance.file.layout };
        layout.elements.iter().filter(|e| e.tag.0 == group && e.tag.1 != 0).map(|e| e.end - e.start).sum()
    }

    #[test]
    fn streams_tell_whether_they_are_lossy() {
        let lossy = [
            ("us_ybr_jpeg", Some("ISO_10918_1")),
            ("dx_jpeg12", Some("ISO_10918_1")),
            ("dx_jpeg_lossless", None),
            ("dx_jpegls", None),
            ("dx_jpegls_near", Some("ISO_14495_1")),
            ("dx_j2k", None),
            ("dx_j2k_lossy", Some("ISO_15444_1")),
            ("dx_rle", None),
        ];
        for (name, expected) in lossy {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/{name}.dcm"));
            let instance = open(&std::fs::read(path).unwrap());
            let stream = instance.frames().unwrap().unwrap().stored(0).unwrap();
            assert_eq!(codec::lossy_method(&instance.file.transfer_syntax, &stream), expected, "{name}");
        }
    }

    #[test]
    fn a_lossy_syntax_stays_told_and_group_lengths_stay_right() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/us_ybr_jpeg.dcm");
        let mut bytes = std::fs::read(&path).unwrap();
        let instance = open(&bytes);
        let at = |position: u64| usize::try_from(position).unwrap();
        // Without its Lossy Image Compression attributes, and with a (retired) length of group 0028.
        let lossy = |tag: Tag| tag.0 == 0x28 && (0x2110..=0x2114).contains(&tag.1);
        for element in instance.file.layout.elements.iter().rev().filter(|e| lossy(e.tag)) {
            bytes.drain(at(element.start)..at(element.end));
        }
        let first = instance.file.layout.elements.iter().find(|e| e.tag.0 == 0x28).unwrap();
        let size = u32::try_from(group_size(&open(&bytes), 0x28)).unwrap().to_le_bytes();
        let group_length = [&[0x28, 0, 0, 0][..], b"UL", &[4, 0], &size].concat();
        bytes.splice(at(first.start)..at(first.start), group_length);

        let input = open(&bytes);
        assert!(input.header.get(tags::LOSSY_IMAGE_COMPRESSION).is_none());
        let frames = input.frames().unwrap().unwrap();
        let mut out = Cursor::new(Vec::new());
        write::masked(&frames, &|_| None::<Region>, &mut out).unwrap();
        let output = open(out.get_ref());
        assert_eq!(output.file.transfer_syntax, "1.2.840.10008.1.2.1");
        assert_eq!(text(&output.header, tags::PHOTOMETRIC_INTERPRETATION).unwrap(), "RGB");
        assert_eq!(text(&output.header, tags::PLANAR_CONFIGURATION).unwrap(), "0");
        assert_eq!(text(&output.header, tags::LOSSY_IMAGE_COMPRESSION).unwrap(), "01");
        assert_eq!(text(&output.header, tags::LOSSY_IMAGE_COMPRESSION_METHOD).unwrap(), "ISO_10918_1");
        let ratio: f64 = text(&output.header, tags::LOSSY_IMAGE_COMPRESSION_RATIO).unwrap().parse().unwrap();
        assert!(ratio > 3.0 && ratio < 60.0, "{ratio}");
        let length = |tag: Tag| output.header.get(tag).unwrap().to_int::<u64>().unwrap();
        assert_eq!(length(Tag(0x28, 0)), group_size(&output, 0x28));
        let meta = output.file.meta.as_ref().unwrap();
        let element = meta.layout.get(Tag(2, 0)).unwrap();
        let value = output.file.file.read_vec(element.value.start, 4).unwrap();
        assert_eq!(u64::from(u32::from_le_bytes(value.try_into().unwrap())), group_size(&output, 2));
        let tags: Vec<Tag> = output.file.layout.elements.iter().map(|e| e.tag).collect();
        assert!(tags.is_sorted(), "inserted where they belong");
    }
}
