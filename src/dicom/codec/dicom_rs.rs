//! One frame through dicom-pixeldata, for the codecs whose dicom-rs adapters are exact.
//!
//! A data set of one frame is made for it: asked for a frame of a clip, dicom-rs copies all fragments of the clip.

use crate::dicom::pixels::PixelDescription;
use crate::error::{Error, Result};
use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_pixeldata::PixelDecoder;

/// Returns the decoder's bytes of the one frame in `stream`, in the order that the codec gives them.
///
/// # Errors
///
/// [`Error::Decode`] if dicom-rs refuses the frame.
pub(super) fn decode(
    codec: &'static str,
    transfer_syntax: &str,
    description: &PixelDescription,
    stream: &[u8],
) -> Result<Vec<u8>> {
    let number = |tag: Tag, value: u32| {
        let value = u16::try_from(value).map_err(|_| Error::decode(codec, "a side is above 65535 pixels"))?;
        Ok(DataElement::new(tag, VR::US, PrimitiveValue::from(value)))
    };
    let mut object = InMemDicomObject::from_element_iter([
        number(tags::SAMPLES_PER_PIXEL, description.samples_per_pixel.into())?,
        number(tags::ROWS, description.rows)?,
        number(tags::COLUMNS, description.columns)?,
        number(tags::BITS_ALLOCATED, description.bits_allocated.into())?,
        number(tags::BITS_STORED, description.bits_stored.into())?,
        number(tags::HIGH_BIT, description.high_bit.into())?,
        number(tags::PIXEL_REPRESENTATION, description.signed.into())?,
        DataElement::new(
            tags::PHOTOMETRIC_INTERPRETATION,
            VR::CS,
            PrimitiveValue::from(description.photometric.code()),
        ),
    ]);
    let pixels = PixelFragmentSequence::new_fragments(vec![stream.to_vec()]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
    let failed =
        |source| Error::Decode { codec, problem: "stream is damaged or incomplete".into(), source: Some(source) };
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(transfer_syntax)
        .media_storage_sop_class_uid(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("2.25.0");
    let object = object.with_meta(meta).map_err(|error| failed(error.into()))?;
    let decoded = object.decode_pixel_data().map_err(|error| failed(error.into()))?;
    Ok(decoded.data().to_vec())
}
