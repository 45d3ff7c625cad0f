//! Whole files inside of elements, known by their first bytes: pictures, documents and DICOM streams that nothing else
//! would look at.

use super::bytes::Bytes;
use super::file::DicomFile;
use super::frames::{Frames, Store};
use crate::error::{Error, Result};
use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use std::borrow::Cow;
use std::ops::Range;

/// Signatures at the start of a value.
const STARTS: &[(&[u8], &str)] = &[
    (&[0xFF, 0xD8, 0xFF], "a JPEG picture"),
    (b"\x89PNG\r\n\x1A\n", "a PNG picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (&[0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 picture"),
    (b"\0\0\0\x0CjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    // The same in Base64, as in XML and JSON.
    (b"/9j/4", "a JPEG picture"),
    (b"iVBORw0KGgo", "a PNG picture"),
    (b"JVBERi0", "a PDF document"),
];

/// Signatures anywhere in a value, behind a header of the vendor's: long enough not to come about by chance.
const ANYWHERE: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1A\n", "a PNG picture"),
    (b"\xFF\xD8\xFF\xE0\0\x10JFIF\0", "a JPEG picture"),
    (b"DICM\x02\0\0\0UL\x04\0", "a DICOM file"),
    (b"DICM\x02\0\x01\0OB\0\0", "a DICOM file"),
    (b"DICM\x02\0\x02\0UI", "a DICOM file"),
];

/// Bytes of a value that are searched at once; neighbors overlap by the longest signature.
const CHUNK: u64 = 1 << 20;

/// Refuses an instance with a picture, a document or a DICOM file in a private or binary value.
///
/// # Errors
///
/// [`Error::NotExamined`] naming the tag; [`Error::Io`].
pub fn check(file: &DicomFile) -> Result<()> {
    let meta = file.meta.iter().flat_map(|meta| meta.layout.blobs.iter().map(|blob| (&file.file, blob)));
    let data = file.layout.blobs.iter().map(|blob| (file.data(), blob));
    for (bytes, blob) in meta.chain(data).filter(|(_, blob)| blob.tag != tags::ENCAPSULATED_DOCUMENT) {
        if let Some(problem) = find(bytes, &blob.value)? {
            return Err(Error::NotExamined { keyword: name(blob.tag), problem });
        }
    }
    Ok(())
}

/// Refuses frames whose stream holds a second JPEG picture, such as a preview in an APPn segment, or is followed by
/// anything but zeros.
///
/// The streams of JPEG, JPEG-LS and JPEG 2000 keep markers out of their coded data, so that the start and the end of an
/// image are found nowhere else.
///
/// # Errors
///
/// [`Error::NotExamined`]; [`Error::Io`].
pub fn check_streams(frames: &Frames<'_>) -> Result<()> {
    let Store::Encapsulated(_) = frames.store else { return Ok(()) };
    if !keeps_markers_apart(&frames.file.transfer_syntax) {
        return Ok(());
    }
    for frame in 0..frames.count() {
        let stream = frames.stored(frame)?;
        let held = |problem| Err(Error::NotExamined { keyword: "PixelData".into(), problem });
        if contains(stream.get(1..).unwrap_or(&[]), &[0xFF, 0xD8, 0xFF]) {
            return held("a second picture in the stream of a frame");
        }
        let end = memchr::memmem::rfind(&stream, &[0xFF, 0xD9]).map_or(stream.len(), |at| at + 2);
        // One byte, whatever it is, may make the length even.
        if stream.len() - end > 1 && stream[end..].iter().any(|&byte| byte != 0) {
            return held("bytes behind the stream of a frame");
        }
    }
    Ok(())
}

/// Returns whether a transfer syntax is one of JPEG, JPEG-LS, JPEG 2000 or HTJ2K.
fn keeps_markers_apart(transfer_syntax: &str) -> bool {
    let number = transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.").and_then(|number| number.parse::<u32>().ok());
    number.is_some_and(|number| matches!(number, 50..=93 | 201..=203))
}

/// Returns what kind of file a value is, if it is known.
///
/// # Errors
///
/// [`Error::Io`].
pub fn kind(file: &DicomFile, value: &Range<u64>) -> Result<Option<&'static str>> {
    find(file.data(), value)
}

fn find(bytes: &Bytes, value: &Range<u64>) -> Result<Option<&'static str>> {
    let length = value.end - value.start;
    let head = bytes.read_vec(value.start, length.min(256))?;
    if let Some((_, problem)) = STARTS.iter().find(|(signature, _)| head.starts_with(signature)) {
        return Ok(Some(problem));
    }
    if is_bmp(&head, length) {
        return Ok(Some("a BMP picture"));
    }
    let mut position = value.start;
    while position < value.end {
        let chunk = bytes.read_vec(position, (value.end - position).min(CHUNK + 32))?;
        if let Some((_, problem)) = ANYWHERE.iter().find(|(signature, _)| contains(&chunk, signature)) {
            return Ok(Some(problem));
        }
        position += CHUNK;
    }
    Ok(None)
}

/// Returns whether a value is a BMP file: two letters are little, so its lengths must make sense too.
fn is_bmp(head: &[u8], length: u64) -> bool {
    let Some(&[b'B', b'M', s0, s1, s2, s3, _, _, _, _, o0, o1, o2, o3, h0, h1, h2, h3]) = head.first_chunk() else {
        return false;
    };
    let size = u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
    let pixels = u64::from(u32::from_le_bytes([o0, o1, o2, o3]));
    let header = u32::from_le_bytes([h0, h1, h2, h3]);
    // The sizes of all headers that were ever in use. Some writers leave the file's size at zero.
    let known = matches!(header, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124);
    known && (size <= length + 1) && (26..=length).contains(&pixels)
}

/// Returns whether `bytes` hold `wanted`.
fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}

/// Names an element by its keyword or, if it is private or unknown, by its tag.
fn name(tag: Tag) -> Cow<'static, str> {
    let known = StandardDataDictionary.by_tag(tag).filter(|_| tag.0.is_multiple_of(2));
    known.map_or_else(|| format!("({:04X},{:04X})", tag.0, tag.1).into(), |entry| entry.alias().to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(value: &[u8]) -> Option<&'static str> {
        find(&Bytes::Memory(value.to_vec()), &(0..value.len() as u64)).unwrap()
    }

    #[test]
    fn files_are_known_by_their_signature_and_noise_is_none() {
        let padded = |start: &[u8]| [start, &[7; 40]].concat();
        assert_eq!(kind_of(&padded(b"\xFF\xD8\xFF\xDB")), Some("a JPEG picture"));
        assert_eq!(kind_of(&padded(b"MM\0*")), Some("a TIFF picture"));
        assert_eq!(kind_of(&padded(b"%PDF-1.7")), Some("a PDF document"));
        assert_eq!(kind_of(&[&[9; 100][..], b"\x89PNG\r\n\x1A\n", &[7; 40]].concat()), Some("a PNG picture"));
        assert_eq!(kind_of(&[&[0; 128][..], b"DICM\x02\0\0\0UL\x04\0", &[7; 40]].concat()), Some("a DICOM file"));
        let mut long = vec![9; usize::try_from(CHUNK).unwrap() - 4];
        long.extend(b"\x89PNG\r\n\x1A\n");
        assert_eq!(kind_of(&long), Some("a PNG picture"), "across two chunks");
        let bmp = [b"BM".as_slice(), &[86, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0], &[0; 68]].concat();
        assert_eq!(kind_of(&bmp), Some("a BMP picture"));
        assert_eq!(kind_of(&padded(b"BM is no picture")), None);
        let noise: Vec<u8> = (0..100_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
        assert_eq!(kind_of(&noise), None);
    }
}
