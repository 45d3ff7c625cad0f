//! The few elements that change when encapsulated pixels are written uncompressed.

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
/// Tables, which speak of fragments, go. Where the input's syntax is lossy and its attributes do not say so, Lossy
/// Image Compression (0028,2110), its Ratio and its Method are added, since the syntax no longer tells. Group lengths
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

/// Adds what a lossy transfer syntax said by itself (PS3.3 C.7.6.1.1.5).
fn lossy(frames: &Frames<'_>, length: u32) -> Result<Vec<Edit>> {
    // Syntaxes that are lossy by definition; those that may be either are left to the attributes.
    let method = match frames.file.transfer_syntax.as_str() {
        "1.2.840.10008.1.2.4.50" | "1.2.840.10008.1.2.4.51" | "1.2.840.10008.1.2.4.53" | "1.2.840.10008.1.2.4.55" => {
            "ISO_10918_1"
        }
        "1.2.840.10008.1.2.4.81" => "ISO_14495_1",
        _ => return Ok(Vec::new()),
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
        corrected.push(Edit {
            range: element.value.clone(),
            bytes: new.to_le_bytes().to_vec(),
            is_pixel_data: false,
        });
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
