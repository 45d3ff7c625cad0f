//! Whether the header is that of a scanned page.

use super::header::text;
use super::instance::Instance;
use dicom_dictionary_std::{tags, uids};

/// SOP classes that hold pictures of whatever.
const CAPTURES: [&str; 5] = [
    uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_SINGLE_BIT_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
];

/// Modalities of pictures that no modality has made (PS3.3 C.7.3.1.1.1; SC is not defined, but used).
const NO_MODALITIES: [&str; 3] = ["OT", "DOC", "SC"];

/// The Conversion Type (PS3.3 C.8.6.1) of a scanned document, and that of a scanned image, which screens have too.
const SCANNED: [&str; 2] = [SCANNED_DOCUMENT, "SI"];
const SCANNED_DOCUMENT: &str = "SD";

impl Instance {
    /// Returns whether the header may be that of a scanned document: a secondary capture, a modality that is none, or
    /// a conversion from paper. The picture decides then.
    ///
    /// Ultrasound regions say that a modality has made the picture.
    #[must_use]
    pub fn may_be_document(&self) -> bool {
        let value = |tag| text(&self.header, tag);
        if value(tags::CONVERSION_TYPE).is_some_and(|own| SCANNED.contains(&own.as_str())) {
            return true;
        }
        let is_capture = value(tags::SOP_CLASS_UID).is_none_or(|own| CAPTURES.contains(&own.as_str()));
        let is_no_modality = value(tags::MODALITY).is_none_or(|own| NO_MODALITIES.contains(&own.as_str()));
        (is_capture || is_no_modality) && self.file.layout.get(tags::SEQUENCE_OF_ULTRASOUND_REGIONS).is_none()
    }

    /// Returns whether the header says that it is a scanned document, so that no screen is looked for in it.
    #[must_use]
    pub fn is_scanned_document(&self) -> bool {
        text(&self.header, tags::CONVERSION_TYPE).is_some_and(|own| own == SCANNED_DOCUMENT)
    }
}
