//! Opening: preamble, File Meta Information, transfer syntax, and the data set behind them (PS3.10 7).

use super::bytes::Bytes;
use super::layout::{Encoding, Layout};
use crate::error::{Error, Result};
use dicom_dictionary_std::{tags, uids};
use flate2::read::DeflateDecoder;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

/// What a single instance may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of one frame. While it is examined a frame needs some 10 to 25 bytes a pixel: samples, values, views.
    pub max_pixels: u64,
    /// Bytes of an inflated data set, which is held in memory.
    pub max_inflated: u64,
}

impl Default for Limits {
    /// 100 megapixels hold the largest radiographs and scanned pages (a 43 × 35 cm film at 50 µm has 60) and keep
    /// a frame below 3 GB of memory; 512 MiB hold every deflated data set but a long clip.
    fn default() -> Self {
        Self { max_pixels: 100_000_000, max_inflated: 512 << 20 }
    }
}

/// The elements of the File Meta Information (group 0002) and where they lie.
#[derive(Debug)]
pub struct Meta {
    /// The elements, always explicit VR little endian.
    pub layout: Layout,
    /// First byte of group 0002 and first byte of the data set.
    pub range: Range<u64>,
}

/// An opened file: its encoding and where its elements lie. No values are kept.
#[derive(Debug)]
pub struct DicomFile {
    /// The file as it is on disk.
    pub file: Bytes,
    /// The inflated data set, if it is deflated.
    inflated: Option<Bytes>,
    /// File Meta Information; bare data sets have none.
    pub meta: Option<Meta>,
    /// Transfer Syntax UID (0002,0010), guessed for bare data sets.
    pub transfer_syntax: String,
    /// How the data set's headers are encoded.
    pub encoding: Encoding,
    /// The data set's bytes in [`DicomFile::data`].
    pub range: Range<u64>,
    /// The data set's elements.
    pub layout: Layout,
}

impl DicomFile {
    /// Opens the file at `path` and walks over its elements.
    ///
    /// Files without preamble are taken where they begin with File Meta Information or with group 0008, the
    /// first that a data set can have.
    ///
    /// # Errors
    ///
    /// [`Error::NotDicom`] if nothing of that is there, [`Error::Malformed`] if the elements break the encoding
    /// rules, [`Error::TooLarge`] if a deflated data set grows above the limit.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        Self::read(Bytes::open(path)?, limits)
    }

    /// Like [`DicomFile::open`], for a file that is open or in memory.
    ///
    /// # Errors
    ///
    /// As [`DicomFile::open`].
    pub fn read(file: Bytes, limits: &Limits) -> Result<Self> {
        let start = match recognize(&file)? {
            Start::Meta(start) => start,
            Start::DataSet(encoding) => {
                let range = 0..file.len();
                let layout = Layout::scan(&file, range.clone(), encoding)?;
                let transfer_syntax = native_syntax(encoding).to_owned();
                return Ok(Self { file, inflated: None, meta: None, transfer_syntax, encoding, range, layout });
            }
        };
        let (meta, data_start) =
            Layout::scan_while(&file, start..file.len(), Encoding::ExplicitLittle, |tag| tag.0 == 2)?;
        let transfer_syntax = match meta.get(tags::TRANSFER_SYNTAX_UID) {
            Some(element) => trim_uid(&file.read_vec(element.value.start, element.value.end - element.value.start)?),
            None => return Err(Error::MissingAttribute("TransferSyntaxUID")),
        };
        let encoding = match transfer_syntax.as_str() {
            "" => return Err(Error::MissingAttribute("TransferSyntaxUID")),
            // It is named in the report and in errors, so it must not be anything else than a UID.
            other if !is_uid(other) => return Err(Error::invalid("TransferSyntaxUID", "not a UID")),
            uids::IMPLICIT_VR_LITTLE_ENDIAN => Encoding::ImplicitLittle,
            EXPLICIT_VR_BIG_ENDIAN => Encoding::ExplicitBig,
            // Also all syntaxes with encapsulated pixel data (PS3.5 A.4), and private ones as far as one can tell.
            _ => Encoding::ExplicitLittle,
        };
        let inflated = match transfer_syntax.as_str() {
            uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => Some(inflate(&file, data_start, limits)?),
            _ => None,
        };
        let range = inflated.as_ref().map_or(data_start..file.len(), |bytes| 0..bytes.len());
        let data = inflated.as_ref().unwrap_or(&file);
        if encoding != Encoding::ImplicitLittle && !range.is_empty() {
            let head = data.read_vec(range.start, data.len().saturating_sub(range.start).min(6))?;
            if !head.get(4..6).is_some_and(is_vr) {
                let problem = "the data set is not in explicit VR, against its transfer syntax";
                return Err(Error::Malformed { problem, position: range.start });
            }
        }
        let layout = Layout::scan(data, range.clone(), encoding)?;
        let meta = Some(Meta { layout: meta, range: start..data_start });
        Ok(Self { file, inflated, meta, transfer_syntax, encoding, range, layout })
    }

    /// Returns the bytes that the data set's positions refer to.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        self.inflated.as_ref().unwrap_or(&self.file)
    }

    /// Returns whether the data set is deflated in the file.
    #[must_use]
    pub const fn is_deflated(&self) -> bool {
        self.inflated.is_some()
    }
}

/// Explicit VR Big Endian, retired.
pub const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

const fn native_syntax(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::ImplicitLittle => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        Encoding::ExplicitLittle => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        Encoding::ExplicitBig => EXPLICIT_VR_BIG_ENDIAN,
    }
}

/// What a file begins with.
enum Start {
    /// File Meta Information at this position.
    Meta(u64),
    /// A bare data set.
    DataSet(Encoding),
}

fn recognize(file: &Bytes) -> Result<Start> {
    let head = file.read_vec(0, file.len().min(140))?;
    if head.is_empty() {
        return Err(Error::NotDicom("the file is empty"));
    }
    if head.get(128..132) == Some(b"DICM") {
        return Ok(Start::Meta(132));
    }
    if head.starts_with(b"DICM") {
        return Ok(Start::Meta(4));
    }
    if head.starts_with(&[2, 0]) && head.get(4..6).is_some_and(is_vr) {
        return Ok(Start::Meta(0));
    }
    guess(file, 0)?.map(Start::DataSet).ok_or(Error::NotDicom("neither preamble nor data set"))
}

/// Guesses the encoding of a data set from its first element, which must be of group 0008.
fn guess(file: &Bytes, position: u64) -> Result<Option<Encoding>> {
    let head = file.read_vec(position, file.len().saturating_sub(position).min(8))?;
    let &[g0, g1, _, _, v0, v1, l0, l1] = head.as_slice() else { return Ok(None) };
    let length = u64::from(u32::from_le_bytes([v0, v1, l0, l1]));
    Ok(match (g0, g1) {
        (8, 0) if is_vr(&[v0, v1]) => Some(Encoding::ExplicitLittle),
        (0, 8) if is_vr(&[v0, v1]) => Some(Encoding::ExplicitBig),
        (8, 0) if position + 8 + length <= file.len() => Some(Encoding::ImplicitLittle),
        _ => None,
    })
}

fn is_vr(bytes: &[u8]) -> bool {
    matches!(bytes, [a, b] if dicom_core::VR::from_binary([*a, *b]).is_some())
}

/// Returns whether a text has the form of a UID (PS3.5 9.1), whatever it names.
#[must_use]
pub fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Makes a UID from a value with its padding.
fn trim_uid(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
}

fn inflate(file: &Bytes, start: u64, limits: &Limits) -> Result<Bytes> {
    let mut data = Vec::new();
    DeflateDecoder::new(file.reader(start, file.len())).take(limits.max_inflated + 1).read_to_end(&mut data).map_err(
        |error| match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                Error::Malformed { problem: "the deflated data set is damaged", position: start }
            }
            _ => Error::Io { action: "cannot inflate the data set", source: error },
        },
    )?;
    if data.len() as u64 > limits.max_inflated {
        return Err(Error::TooLarge { what: "the inflated data set in bytes", limit: limits.max_inflated });
    }
    Ok(Bytes::Memory(data))
}
