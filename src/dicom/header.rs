//! Values of the header that the pixel data is read by.

use super::file::DicomFile;
use super::pixels::{Photometric, PixelDescription};
use crate::error::{Error, Result};
use dicom_core::dictionary::DataDictionary;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries;
use std::io::{Cursor, Read};

use super::layout::{Element, Encoding, NestedPixels};

/// Longer values are not header: documents, waveforms, private blobs.
const MAX_VALUE: u64 = 1 << 20;

/// Reads the top level elements that are neither sequences, nor pixels, nor longer than 1 MiB.
///
/// # Errors
///
/// [`Error::Malformed`] if dicom-rs cannot read their values.
pub fn read(file: &DicomFile) -> Result<InMemDicomObject> {
    parse(file, file.encoding, file.layout.elements.iter().filter(is_plain))
}

/// Reads the elements of an item like [`read`] those of the top level.
///
/// # Errors
///
/// As [`read`].
pub fn read_item(file: &DicomFile, item: &NestedPixels) -> Result<InMemDicomObject> {
    parse(file, item.encoding, item.elements.iter().filter(is_plain))
}

fn is_plain(element: &&Element) -> bool {
    element.vr != VR::SQ
        && !element.undefined_length
        && element.tag.0 < 0x7FE0
        && element.end - element.start <= MAX_VALUE
}

/// Returns the items of a top level sequence of at most 1 MiB; none where it is absent, longer or not readable.
#[must_use]
pub fn items(file: &DicomFile, sequence: Tag) -> Vec<InMemDicomObject> {
    let Some(element) = file.layout.get(sequence).filter(|element| element.end - element.start <= MAX_VALUE) else {
        return Vec::new();
    };
    let read = parse(file, file.encoding, std::iter::once(element)).ok();
    let items = |object: InMemDicomObject| object.get(sequence).and_then(|element| element.items().map(<[_]>::to_vec));
    read.and_then(items).unwrap_or_default()
}

/// Returns the values of a top level attribute as text, joined by `\\`, by its PS3.6 keyword or by its tag as
/// `(gggg,eeee)`. Empty where it is there without a value; `None` where it is absent, unknown or has no text form.
#[must_use]
pub fn by_name(header: &InMemDicomObject, name: &str) -> Option<String> {
    let value = header.get(StandardDataDictionary.parse_tag(name)?)?.to_str().ok()?;
    Some(value.trim_matches(is_padding).to_owned())
}

/// Returns whether a keyword is in the data dictionary (PS3.6), or is a tag.
#[must_use]
pub fn is_known(name: &str) -> bool {
    StandardDataDictionary.parse_tag(name).is_some()
}

fn parse<'a>(
    file: &DicomFile,
    encoding: Encoding,
    elements: impl Iterator<Item = &'a Element>,
) -> Result<InMemDicomObject> {
    let mut bytes = Vec::new();
    for element in elements {
        let mut range = file.data().reader(element.start, element.end);
        range.read_to_end(&mut bytes).map_err(Error::io("cannot read the file"))?;
    }
    let syntax = match encoding {
        Encoding::ImplicitLittle => entries::IMPLICIT_VR_LITTLE_ENDIAN.erased(),
        Encoding::ExplicitLittle => entries::EXPLICIT_VR_LITTLE_ENDIAN.erased(),
        Encoding::ExplicitBig => entries::EXPLICIT_VR_BIG_ENDIAN.erased(),
    };
    InMemDicomObject::read_dataset_with_ts(Cursor::new(bytes), &syntax)
        .map_err(|_| Error::Malformed { problem: "a header value cannot be read", position: file.range.start })
}

/// Returns the text of an attribute without its padding, `None` where it is absent or empty.
#[must_use]
pub fn text(header: &InMemDicomObject, tag: Tag) -> Option<String> {
    let value = header.get(tag)?.to_str().ok()?;
    let trimmed = value.trim_matches(is_padding);
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn is_padding(c: char) -> bool {
    c == '\0' || c.is_whitespace()
}

/// Returns the first number of an attribute; `None` where it is absent or empty.
///
/// # Errors
///
/// [`Error::InvalidAttribute`] if it is not a number or does not fit.
pub fn integer<T: TryFrom<i64>>(header: &InMemDicomObject, tag: Tag, keyword: &'static str) -> Result<Option<T>> {
    let Some(element) = header.get(tag) else { return Ok(None) };
    if element.value().to_bytes().is_ok_and(|bytes| bytes.is_empty()) {
        return Ok(None);
    }
    let number: i64 = element.to_int().map_err(|_| Error::invalid(keyword, "not a number"))?;
    T::try_from(number).map(Some).map_err(|_| Error::invalid(keyword, "out of range"))
}

/// Returns the first decimal of an attribute, `None` where there is none.
#[must_use]
pub fn decimal(header: &InMemDicomObject, tag: Tag) -> Option<f64> {
    header.get(tag)?.to_multi_float64().ok()?.first().copied().filter(|value| value.is_finite())
}

/// Reads the Image Pixel attributes (PS3.3 C.7.6.3) and checks them against each other.
///
/// # Errors
///
/// [`Error::MissingAttribute`] or [`Error::InvalidAttribute`]. Defaults are taken only where the standard or the
/// attribute's nature gives one: one frame, planar configuration 0, and unsigned where there is no Pixel
/// Representation for color.
pub fn description(header: &InMemDicomObject) -> Result<PixelDescription> {
    let number = |tag, keyword| integer::<u16>(header, tag, keyword)?.ok_or(Error::MissingAttribute(keyword));
    let photometric =
        text(header, tags::PHOTOMETRIC_INTERPRETATION).ok_or(Error::MissingAttribute("PhotometricInterpretation"))?;
    let samples_per_pixel = number(tags::SAMPLES_PER_PIXEL, "SamplesPerPixel")?;
    let bits_allocated = number(tags::BITS_ALLOCATED, "BitsAllocated")?;
    let bits_stored = integer(header, tags::BITS_STORED, "BitsStored")?.unwrap_or(bits_allocated);
    let representation = match integer::<u16>(header, tags::PIXEL_REPRESENTATION, "PixelRepresentation")? {
        Some(value @ (0 | 1)) => value,
        Some(_) => return Err(Error::invalid("PixelRepresentation", "neither 0 nor 1")),
        None if samples_per_pixel == 3 => 0,
        None => return Err(Error::MissingAttribute("PixelRepresentation")),
    };
    let planar = match integer::<u16>(header, tags::PLANAR_CONFIGURATION, "PlanarConfiguration")? {
        None | Some(0) => false,
        Some(1) => samples_per_pixel > 1,
        Some(_) => return Err(Error::invalid("PlanarConfiguration", "neither 0 nor 1")),
    };
    let description = PixelDescription {
        rows: u32::from(number(tags::ROWS, "Rows")?),
        columns: u32::from(number(tags::COLUMNS, "Columns")?),
        samples_per_pixel,
        photometric: Photometric::parse(&photometric)?,
        planar,
        bits_allocated,
        bits_stored,
        high_bit: integer(header, tags::HIGH_BIT, "HighBit")?.unwrap_or(bits_stored.saturating_sub(1)),
        signed: representation == 1,
        frames: integer(header, tags::NUMBER_OF_FRAMES, "NumberOfFrames")?.unwrap_or(1),
    };
    description.check()?;
    Ok(description)
}
