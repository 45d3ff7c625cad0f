//! The texts of a header at any depth: names, dates, identifiers, for whoever has to recognize them.

use super::charset::Charset;
use super::file::DicomFile;
use super::layout::Element;
use crate::attribute::Attribute;
use crate::error::{Error, Result};
use crate::sensitive::Sensitive;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use std::collections::HashSet;
use std::ops::Range;

/// Longer values are documents, not terms. An address of the longest kind (ST) has up to 1024 characters.
const MAX_LENGTH: u64 = 4096;

/// Where a text value lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPlace {
    tag: Tag,
    vr: VR,
    value: Range<u64>,
    /// Index of its Specific Character Set among [`TextPlaces::charsets`].
    charset: Option<usize>,
}

/// Where the texts of a data set lie, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextPlaces {
    places: Vec<TextPlace>,
    charsets: Vec<Range<u64>>,
    /// The character set of the item being walked.
    current: Option<usize>,
}

impl TextPlaces {
    /// Notes an element, if its value is text that may identify.
    pub fn note(&mut self, tag: Tag, vr: VR, value: Range<u64>) {
        if tag == tags::SPECIFIC_CHARACTER_SET {
            self.current = Some(self.charsets.len());
            self.charsets.push(value);
        } else if is_text(vr) && !value.is_empty() && value.end - value.start <= MAX_LENGTH {
            self.places.push(TextPlace { tag, vr, value, charset: self.current });
        }
    }

    /// Returns where values of an attribute lie below the top level, each with the tag of the top level element around it.
    #[must_use]
    pub fn find(&self, tag: Tag, top_level: &[Element]) -> Vec<(Tag, Range<u64>)> {
        let around = |value: &Range<u64>| {
            let element = top_level.iter().find(|e| e.start < value.start && value.end <= e.end)?;
            (element.tag != tag).then(|| (element.tag, value.clone()))
        };
        self.places.iter().filter(|place| place.tag == tag).filter_map(|place| around(&place.value)).collect()
    }

    /// Returns a mark to go back to: before an item, whose character set holds in it alone, or before a try.
    #[must_use]
    pub const fn mark(&self) -> (Option<usize>, usize) {
        (self.current, self.places.len())
    }

    /// Ends an item: the character set of what encloses it holds again.
    pub const fn leave(&mut self, mark: (Option<usize>, usize)) {
        self.current = mark.0;
    }

    /// Forgets all that was noted after a mark.
    pub fn forget(&mut self, mark: (Option<usize>, usize)) {
        self.current = mark.0;
        self.places.truncate(mark.1);
    }
}

/// Unlimited text and code strings are read for the few attributes of them that identify; URIs and application entity
/// titles name machines, which the header keeps anyway.
const fn is_text(vr: VR) -> bool {
    matches!(
        vr,
        VR::PN | VR::DA | VR::DT | VR::TM | VR::AS | VR::LO | VR::SH | VR::ST | VR::LT | VR::UC | VR::UT | VR::CS
    )
}

/// Reads the text values of a data set at any depth, each once.
///
/// # Errors
///
/// [`crate::Error::Io`].
pub fn read(file: &DicomFile) -> Result<Vec<Attribute>> {
    let bytes = |range: &Range<u64>| file.data().read_vec(range.start, range.end - range.start);
    let texts = &file.layout.texts;
    let charset = |range| bytes(range).map(|value| Charset::new(&String::from_utf8_lossy(&value)));
    let charsets: Vec<Charset> = texts.charsets.iter().map(charset).collect::<Result<_>>()?;
    // Multi-frame headers repeat the same values for each frame.
    let mut seen = HashSet::new();
    let mut attributes = Vec::new();
    for place in &texts.places {
        let value = bytes(&place.value)?;
        if !seen.insert((place.tag, place.charset.map(|index| charsets[index].name()), value.clone())) {
            continue;
        }
        let charset = place.charset.map(|index| charsets[index]).unwrap_or_default();
        for text in charset.decode(&value) {
            attributes.extend(values(&text, place.vr).map(|value| attribute(place, value)));
        }
    }
    Ok(attributes)
}

/// Refuses character sets whose names hold control characters: what reads on may not know what to do with these.
///
/// # Errors
///
/// [`Error::InvalidAttribute`]; [`Error::Io`].
pub fn check_charsets(file: &DicomFile) -> Result<()> {
    for range in &file.layout.texts.charsets {
        let value = file.data().read_vec(range.start, range.end - range.start)?;
        let end = value.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        if value[..end].iter().any(u8::is_ascii_control) {
            return Err(Error::invalid("SpecificCharacterSet", "holds a control character"));
        }
    }
    Ok(())
}

/// Splits a text into its values. ST, LT and UT have one, which may hold a backslash (PS3.5 6.2).
fn values(text: &str, vr: VR) -> impl Iterator<Item = &str> {
    let single = matches!(vr, VR::ST | VR::LT | VR::UT);
    let padding = |c: char| c == '\0' || c.is_whitespace();
    text.split(move |c| c == '\\' && !single).map(move |value| value.trim_matches(padding)).filter(|v| !v.is_empty())
}

fn attribute(place: &TextPlace, value: &str) -> Attribute {
    let Tag(group, element) = place.tag;
    let known = StandardDataDictionary.by_tag(place.tag).filter(|_| group % 2 == 0);
    Attribute {
        tag: (group, element),
        keyword: known.map_or_else(|| format!("({group:04X},{element:04X})"), |entry| entry.alias().to_owned()),
        vr: place.vr.to_string().to_owned(),
        value: Sensitive::new(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::Limits;
    use dicom_core::value::{DataSetSequence, PrimitiveValue};
    use dicom_core::{DataElement, Length};
    use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

    fn element(tag: Tag, vr: VR, value: &str) -> DataElement<InMemDicomObject> {
        DataElement::new(tag, vr, PrimitiveValue::from(value))
    }

    fn written(object: InMemDicomObject, syntax: &str) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.dcm");
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(syntax)
            .media_storage_sop_class_uid("1.2.3")
            .media_storage_sop_instance_uid("1.2.3");
        object.with_meta(meta).expect("meta").write_to_file(&path).expect("written");
        let file = DicomFile::open(&path, &Limits::default()).expect("opened");
        let read = read(&file).expect("read");
        read.into_iter().map(|a| (a.keyword, a.vr, a.value.expose().clone())).collect()
    }

    #[test]
    fn values_are_found_at_any_depth_and_in_the_character_set_of_their_item() {
        for syntax in ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"] {
            let item = InMemDicomObject::from_element_iter([
                element(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
                element(tags::PATIENT_ID, VR::LO, "Ä 4711"),
            ]);
            // As bytes: the writer would go on in the character set of the item before.
            let latin = PrimitiveValue::U8(b"\xD6123".as_slice().into());
            let plain = InMemDicomObject::from_element_iter([DataElement::new(tags::PATIENT_ID, VR::LO, latin)]);
            let sequence = DataSetSequence::new(vec![item, plain], Length::UNDEFINED);
            let object = InMemDicomObject::from_element_iter([
                element(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
                element(tags::PATIENT_NAME, VR::PN, "Müller^Jörg"),
                element(tags::ADMISSION_ID, VR::LO, "A1\\B2"),
                DataElement::new(tags::OTHER_PATIENT_I_DS_SEQUENCE, VR::SQ, sequence),
                element(tags::PATIENT_BIRTH_DATE, VR::DA, "19600102"),
            ]);
            let found = written(object, syntax);
            let values = |keyword: &str| -> Vec<&str> {
                found.iter().filter(|found| found.0 == keyword).map(|found| found.2.as_str()).collect()
            };
            assert_eq!(values("PatientName"), ["Müller^Jörg"]);
            assert_eq!(values("AdmissionID"), ["A1", "B2"]);
            assert_eq!(values("PatientID"), ["Ä 4711", "Ö123"]);
            assert_eq!(values("PatientBirthDate"), ["19600102"]);
        }
    }

    #[test]
    fn repeated_values_come_once_and_private_ones_by_their_tag() {
        let object = InMemDicomObject::from_element_iter([
            element(Tag(0x0009, 0x0010), VR::LO, "CREATOR"),
            element(Tag(0x0009, 0x1001), VR::PN, "DOE^JANE\\DOE^JANE"),
            element(tags::PATIENT_COMMENTS, VR::LT, "a\\b"),
        ]);
        let found = written(object, "1.2.840.10008.1.2.1");
        let name = ("(0009,1001)".to_owned(), "PN".to_owned(), "DOE^JANE".to_owned());
        assert_eq!(found[1..], [name.clone(), name, ("PatientComments".into(), "LT".into(), "a\\b".into())]);
    }
}
