//! What a cleaned instance says of itself (PS3.15 E.3): elements that are set, or added to what stands in them.

use super::change::{Change, element_header, padded, set};
use super::file::DicomFile;
use super::header::{self, text};
use super::instance::Instance;
use super::layout::{Element, Encoding};
use crate::error::{Error, Result};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use sha2::{Digest, Sha256};

/// Which outputs say that they were cleaned.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Marks {
    /// Those that were changed; what is clean stays byte for byte
    #[default]
    Masked,
    /// Those where nothing was to be masked too
    All,
    /// None
    Off,
}

/// What was done to an instance, as far as its marks depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Values of the image itself were masked.
    pub pixels: bool,
    /// Overlays were masked or removed.
    pub graphics: bool,
    /// There is an image.
    pub has_image: bool,
}

/// A coded entry of the DICOM Controlled Terminology (PS3.16 annex D).
type Code = (&'static str, &'static str);

const CLEAN_PIXEL_DATA: Code = ("113101", "Clean Pixel Data Option");
const CLEAN_GRAPHICS: Code = ("113103", "Clean Graphics Option");
const DEIDENTIFYING_EQUIPMENT: Code = ("109104", "De-identifying Equipment");

const NAME: &str = "deburn";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Longest value of De-identification Method, a Long String, and of Derivation Description, a Short Text (PS3.5 6.2).
const LONGEST: (usize, usize) = (64, 1024);

/// Lists the changes that mark an instance.
///
/// - Burned In Annotation (0028,0301) is NO (PS3.15 E.3.1).
/// - De-identification Method Code Sequence (0012,0064) gets 113101 and, where overlays were cleaned, 113103; De-identification
///   Method (0012,0063) a value with name and version.
/// - Contributing Equipment Sequence (0018,A001) gets an item of purpose 109104 (PS3.3 C.12.1). Contribution DateTime is
///   left out, so that two runs write the same.
/// - Where pixels were masked, value 1 of Image Type (0008,0008) and Frame Type (0008,9007) is DERIVED (PS3.3 C.7.6.1.1.2,
///   C.8.16.1.1) and Derivation Description (0008,2111) says how. C.7.6.1.1.3 lets SOP Instance UID stay where the change
///   does not affect the interpretation.
///
/// # Errors
///
/// [`Error::InvalidAttribute`] where one of the sequences is not one.
pub fn changes(instance: &Instance, done: Done) -> Result<Vec<Change>> {
    let file = &instance.file;
    let method = format!("{NAME} {VERSION}: burned-in text masked");
    let mut changes = Vec::new();
    if done.pixels {
        changes.extend(derived(instance)?);
    }
    changes.extend(appended(file, tags::DEIDENTIFICATION_METHOD, VR::LO, '\\', &method, usize::MAX)?);
    let known: Vec<String> = header::items(file, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE)
        .iter()
        .filter_map(|item| text(item, tags::CODE_VALUE))
        .collect();
    let codes = [(done.has_image, CLEAN_PIXEL_DATA), (is_graphics_clean(file, done), CLEAN_GRAPHICS)];
    let codes = codes.into_iter().filter(|(wanted, code)| *wanted && !known.iter().any(|own| own == code.0));
    let codes: Vec<Code> = codes.map(|(_, code)| code).collect();
    changes.extend(with_items(
        file,
        tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        "DeidentificationMethodCodeSequence",
        |e| codes.iter().map(|code| coded(e, *code)).collect(),
    )?);
    changes.extend(with_items(file, tags::CONTRIBUTING_EQUIPMENT_SEQUENCE, "ContributingEquipmentSequence", |e| {
        Ok(vec![equipment(e)?])
    })?);
    if done.has_image {
        changes.push(set(&file.layout, file.encoding, tags::BURNED_IN_ANNOTATION, VR::CS, b"NO")?);
    }
    Ok(changes)
}

/// Checks that the marks are in a written file.
///
/// # Errors
///
/// [`Error::Verification`].
pub fn verify(output: &Instance, done: Done) -> Result<()> {
    let has = |sequence, code: Code| {
        let items = header::items(&output.file, sequence);
        items.iter().any(|item| text(item, tags::CODE_VALUE).as_deref() == Some(code.0))
    };
    let method = tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE;
    let image_type = text(&output.header, tags::IMAGE_TYPE);
    let says_no = text(&output.header, tags::BURNED_IN_ANNOTATION).as_deref() == Some("NO");
    let is_marked = (!done.has_image || says_no && has(method, CLEAN_PIXEL_DATA))
        && (!is_graphics_clean(&output.file, done) || has(method, CLEAN_GRAPHICS))
        && (!done.pixels || image_type.is_none_or(|own| own.split('\\').next() != Some("ORIGINAL")))
        && header::items(&output.file, tags::CONTRIBUTING_EQUIPMENT_SEQUENCE)
            .iter()
            .any(|item| text(item, tags::MANUFACTURER_MODEL_NAME).as_deref() == Some(NAME));
    if is_marked { Ok(()) } else { Err(Error::Verification("a mark is missing")) }
}

/// Returns whether all graphics are clean: the texts and forms of Graphic Annotation Sequence (0070,0001) are no pixels, and
/// left to the scrubber.
fn is_graphics_clean(file: &DicomFile, done: Done) -> bool {
    let others = file.layout.get(tags::GRAPHIC_ANNOTATION_SEQUENCE).is_some_and(|element| !element.value.is_empty());
    done.graphics && !others
}

/// Returns the SOP Instance UID of a masked output that must not have that of the input: always the same for the same
/// input, so that references can be mapped.
#[must_use]
pub fn new_uid(uid: &str) -> String {
    let hash = Sha256::new().chain_update(b"deburn SOP Instance UID ").chain_update(uid).finalize();
    let (number, _) = hash.split_first_chunk().expect("32 bytes");
    // PS3.5 B.2: the number of a UUID below 2.25; this one is of version 8, of variant 10 (RFC 9562).
    let number = u128::from_be_bytes(*number) & !(0xF << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62;
    format!("2.25.{number}")
}

/// Says that the pixels are derived from others.
fn derived(instance: &Instance) -> Result<Vec<Change>> {
    let file = &instance.file;
    let mut changes = Vec::new();
    if let Some(element) = file.layout.get(tags::IMAGE_TYPE) {
        let value = value_of(file, element)?;
        if let Some(rest) = value.strip_prefix(b"ORIGINAL") {
            let value = [b"DERIVED", rest].concat();
            changes.push(set(&file.layout, file.encoding, tags::IMAGE_TYPE, VR::CS, &even(value))?);
        }
    }
    let how = format!("{NAME} {VERSION}: text burned into the pixels was filled with a constant");
    changes.extend(appended(file, tags::DERIVATION_DESCRIPTION, VR::ST, ' ', &how, LONGEST.1)?);
    // Frame types lie in items, whose length must stay: the letter less becomes a space behind the last value.
    let groups = [tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE];
    let frame_types = file.layout.texts.find(tags::FRAME_TYPE, &file.layout.elements);
    for (tag, range) in frame_types.into_iter().filter(|(tag, _)| groups.contains(tag)) {
        let value = file.data().read_vec(range.start, range.end - range.start)?;
        if let Some(rest) = value.strip_prefix(b"ORIGINAL") {
            let bytes = [b"DERIVED", rest, b" "].concat();
            changes.push(Change { tag, range, bytes });
        }
    }
    Ok(changes)
}

/// Adds text to an element, or makes it; nothing where the value would be longer than `longest`.
fn appended(
    file: &DicomFile,
    tag: Tag,
    vr: VR,
    separator: char,
    addition: &str,
    longest: usize,
) -> Result<Option<Change>> {
    let mut value = match file.layout.get(tag) {
        Some(element) => value_of(file, element)?,
        None => Vec::new(),
    };
    if !value.is_empty() {
        value.extend(separator.to_string().as_bytes());
    }
    debug_assert!(addition.len() <= LONGEST.0 || vr != VR::LO, "a value of its own");
    value.extend(addition.as_bytes());
    if value.len() > longest {
        return Ok(None);
    }
    set(&file.layout, file.encoding, tag, vr, &even(value)).map(Some)
}

/// Adds items to a sequence behind those that are there, or makes it. `items` makes them in the encoding of the sequence.
fn with_items(
    file: &DicomFile,
    tag: Tag,
    keyword: &'static str,
    items: impl Fn(Encoding) -> Result<Vec<Vec<u8>>>,
) -> Result<Option<Change>> {
    let element = file.layout.get(tag);
    let encoding = match element.map(|element| element.vr) {
        // Inside UN all is implicit (PS3.5 6.2.2).
        Some(VR::UN) => Encoding::ImplicitLittle,
        Some(VR::SQ) | None => file.encoding,
        Some(_) => return Err(Error::invalid(keyword, "not a sequence")),
    };
    let added = items(encoding)?.concat();
    if added.is_empty() {
        return Ok(None);
    }
    match element {
        Some(element) if element.undefined_length => {
            let end = element.value.end;
            Ok(Some(Change { tag, range: end..end, bytes: added }))
        }
        _ => {
            let mut value = match element {
                Some(element) => file.data().read_vec(element.value.start, element.value.end - element.value.start)?,
                None => Vec::new(),
            };
            value.extend(added);
            let vr = element.map_or(VR::SQ, |element| element.vr);
            set(&file.layout, file.encoding, tag, vr, &value).map(Some)
        }
    }
}

/// Makes the item that names this program.
fn equipment(encoding: Encoding) -> Result<Vec<u8>> {
    let purpose = coded(encoding, DEIDENTIFYING_EQUIPMENT)?;
    let content = [
        element(encoding, tags::MANUFACTURER, VR::LO, &padded(NAME))?,
        element(encoding, tags::MANUFACTURER_MODEL_NAME, VR::LO, &padded(NAME))?,
        element(encoding, tags::SOFTWARE_VERSIONS, VR::LO, &padded(VERSION))?,
        element(encoding, tags::CONTRIBUTION_DESCRIPTION, VR::ST, &padded("Burned-in text masked"))?,
        element(encoding, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, VR::SQ, &purpose)?,
    ];
    item(encoding, &content.concat())
}

/// Makes the item of a code.
fn coded(encoding: Encoding, (value, meaning): Code) -> Result<Vec<u8>> {
    let content = [
        element(encoding, tags::CODE_VALUE, VR::SH, &padded(value))?,
        element(encoding, tags::CODING_SCHEME_DESIGNATOR, VR::SH, &padded("DCM"))?,
        element(encoding, tags::CODE_MEANING, VR::LO, &padded(meaning))?,
    ];
    item(encoding, &content.concat())
}

fn element(encoding: Encoding, tag: Tag, vr: VR, value: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = element_header(encoding, tag, vr, u32::try_from(value.len()).expect("short values"))?;
    bytes.extend(value);
    Ok(bytes)
}

/// Puts an item around its elements, with its length.
fn item(encoding: Encoding, content: &[u8]) -> Result<Vec<u8>> {
    // Items have no VR, whatever the encoding (PS3.5 7.5).
    let mut bytes = match encoding {
        Encoding::ExplicitBig => vec![0xFF, 0xFE, 0xE0, 0x00],
        _ => vec![0xFE, 0xFF, 0x00, 0xE0],
    };
    let length = u32::try_from(content.len()).expect("short values");
    bytes.extend(if encoding.is_big_endian() { length.to_be_bytes() } else { length.to_le_bytes() });
    bytes.extend(content);
    Ok(bytes)
}

/// Returns a text value without its padding.
fn value_of(file: &DicomFile, element: &Element) -> Result<Vec<u8>> {
    let mut value = file.data().read_vec(element.value.start, element.value.end - element.value.start)?;
    while value.last().is_some_and(|&byte| matches!(byte, b' ' | 0)) {
        value.pop();
    }
    Ok(value)
}

/// Pads text to an even length.
fn even(mut value: Vec<u8>) -> Vec<u8> {
    value.resize(value.len().next_multiple_of(2), b' ');
    value
}
