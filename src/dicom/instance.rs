//! One opened SOP instance: what it is, and whether everything in it that may show text can be examined.

use super::attributes;
use super::bytes::Bytes;
use super::codec;
use super::decoded::Decoded;
use super::file::{DicomFile, Limits, is_uid};
use super::fill::FillChoice;
use super::frames::{Frames, Store};
use super::header::{self, decimal, text};
use super::layout::{Element, Encoding};
use super::overlays;
use super::palette::PaletteColor;
use super::pixels::{Photometric, PixelDescription};
use super::views::Window;
use crate::attribute::Attribute;
use crate::error::{Error, Result};
use crate::geometry::Rect;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::path::Path;
use std::sync::Arc;

/// An opened file with its header.
#[derive(Debug)]
pub struct Instance {
    /// The file and where its elements lie.
    pub file: DicomFile,
    /// Top level values of the header, without sequences, pixels and long values.
    pub header: InMemDicomObject,
    limits: Limits,
    /// Its frames that were decoded, and those of what was opened beside it.
    decoded: Arc<Decoded>,
}

impl Instance {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`DicomFile::open`], and [`Error::Malformed`] where header values cannot be read.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        Self::read(Bytes::open(path)?, limits)
    }

    /// Like [`Instance::open`], for a file that is open or in memory.
    ///
    /// # Errors
    ///
    /// As [`Instance::open`].
    pub fn read(file: Bytes, limits: &Limits) -> Result<Self> {
        let file = DicomFile::read(file, limits)?;
        let header = header::read(&file)?;
        attributes::check_charsets(&file)?;
        Ok(Self { file, header, limits: *limits, decoded: Arc::default() })
    }

    /// Opens what was written of this instance, with the same limits. Frames that are stored as the same bytes in both are
    /// decoded once.
    ///
    /// # Errors
    ///
    /// As [`Instance::open`].
    pub fn open_written(&self, path: &Path) -> Result<Self> {
        Ok(Self { decoded: Arc::clone(&self.decoded), ..Self::open(path, &self.limits)? })
    }

    /// Returns SOP Class UID (0008,0016), if it is a UID: it goes to the report.
    #[must_use]
    pub fn sop_class_uid(&self) -> Option<String> {
        text(&self.header, tags::SOP_CLASS_UID).filter(|value| is_uid(value))
    }

    /// Returns SOP Instance UID (0008,0018), if it is a UID: it goes to the report.
    #[must_use]
    pub fn sop_instance_uid(&self) -> Option<String> {
        text(&self.header, tags::SOP_INSTANCE_UID).filter(|value| is_uid(value))
    }

    /// Returns Study Instance UID (0020,000D), if it is a UID: it goes to the report.
    #[must_use]
    pub fn study_instance_uid(&self) -> Option<String> {
        text(&self.header, tags::STUDY_INSTANCE_UID).filter(|value| is_uid(value))
    }

    /// Returns Series Instance UID (0020,000E), if it is a UID: it goes to the report.
    #[must_use]
    pub fn series_instance_uid(&self) -> Option<String> {
        text(&self.header, tags::SERIES_INSTANCE_UID).filter(|value| is_uid(value))
    }

    /// Returns Modality (0008,0060), if it looks like one: it goes to the report, and a misplaced name must not.
    #[must_use]
    pub fn modality(&self) -> Option<String> {
        // Nearly all defined terms (PS3.3 C.7.3.1.1.1) but these are of two to four capitals.
        const LONGER: [&str; 5] = ["RTIMAGE", "RTDOSE", "RTSTRUCT", "RTPLAN", "RTRECORD"];
        text(&self.header, tags::MODALITY).filter(|value| {
            LONGER.contains(&value.as_str())
                || (2..=4).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_uppercase())
        })
    }

    /// Returns the text values of the header at any depth, for the identity of patient, study and site.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn attributes(&self) -> Result<Vec<Attribute>> {
        attributes::read(&self.file)
    }

    /// Returns the values of an attribute by its keyword or `(gggg,eeee)`, joined by a backslash, for the conditions of
    /// device zones. Of Sequence of Ultrasound Regions (0018,6011): the corners of all regions.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        if name != "SequenceOfUltrasoundRegions" {
            return header::by_name(&self.header, name);
        }
        let numbers: Vec<String> = self.region_corners().iter().flatten().map(ToString::to_string).collect();
        (!numbers.is_empty()).then(|| numbers.join("\\"))
    }

    /// Returns the places of Sequence of Ultrasound Regions (0018,6011), cut to the frame. Empty where there are none or
    /// where they make no sense.
    #[must_use]
    pub fn ultrasound_regions(&self, columns: u32, rows: u32) -> Vec<Rect> {
        // The second corner is the last pixel inside (PS3.3 C.8.5.5.1.1).
        let rect = |[x0, y0, x1, y1]: [u32; 4]| {
            Rect::new(x0, y0, x1.saturating_add(1).min(columns), y1.saturating_add(1).min(rows))
        };
        self.region_corners().into_iter().map(rect).filter(|rect| !rect.is_empty()).collect()
    }

    /// Returns Region Location Min X0, Min Y0, Max X1 and Max Y1 of each ultrasound region that has them.
    fn region_corners(&self) -> Vec<[u32; 4]> {
        let corners = |item: &InMemDicomObject| -> Option<[u32; 4]> {
            let corner = |tag| header::integer::<u32>(item, tag, "RegionLocation").ok()?;
            Some([
                corner(tags::REGION_LOCATION_MIN_X0)?,
                corner(tags::REGION_LOCATION_MIN_Y0)?,
                corner(tags::REGION_LOCATION_MAX_X1)?,
                corner(tags::REGION_LOCATION_MAX_Y1)?,
            ])
        };
        header::items(&self.file, tags::SEQUENCE_OF_ULTRASOUND_REGIONS).iter().filter_map(corners).collect()
    }

    /// Returns the frames of Pixel Data, or `None` where there is none. What else could show text is found by
    /// [`Places::find`](super::places::Places::find).
    ///
    /// # Errors
    ///
    /// [`Error::MissingAttribute`] where there has to be Pixel Data and is none,
    /// [`Error::UnsupportedTransferSyntax`] for video and unknown syntaxes; other variants where the pixel attributes
    /// or the pixel data contradict each other.
    pub fn frames(&self) -> Result<Option<Frames<'_>>> {
        let Some(element) = self.file.layout.get(tags::PIXEL_DATA) else {
            let instead = [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA, tags::PIXEL_DATA_PROVIDER_URL];
            let present = |tag| self.file.layout.get(tag).is_some();
            let missing = present(tags::ROWS) && !instead.into_iter().any(present);
            return if missing { Err(Error::MissingAttribute("PixelData")) } else { Ok(None) };
        };
        let syntax = &self.file.transfer_syntax;
        if !codec::lookup(syntax).is_some_and(|info| info.decode) {
            let kind = codec::held_kind(syntax);
            return Err(Error::UnsupportedTransferSyntax { uid: syntax.clone(), kind });
        }
        let description = header::description(&self.header)?;
        if description.pixels() > self.limits.max_pixels {
            return Err(Error::TooLarge { what: "Rows x Columns", limit: self.limits.max_pixels });
        }
        let palette = match description.photometric {
            Photometric::PaletteColor => {
                let file = &self.file;
                Some(palette(file, file.encoding, &file.layout.elements, description.signed)?)
            }
            _ => None,
        };
        let store = Store::new(&self.file, element, &description)?;
        Ok(Some(Frames {
            file: &self.file,
            header: &self.header,
            decoded: &self.decoded,
            windows: self.windows(),
            fill: FillChoice::default(),
            overlay_bits: overlays::declared_bits(self),
            description,
            palette,
            store,
        }))
    }

    /// Returns the value windows of Window Center and Window Width, in stored values.
    fn windows(&self) -> Vec<Window> {
        let list = |tag| self.header.get(tag).and_then(|e| e.to_multi_float64().ok()).unwrap_or_default();
        // With a Modality LUT the way back from output units is not a line; the other views must do.
        if self.file.layout.get(tags::MODALITY_LUT_SEQUENCE).is_some() {
            return Vec::new();
        }
        let slope = decimal(&self.header, tags::RESCALE_SLOPE).filter(|&s| s != 0.0).unwrap_or(1.0);
        let intercept = decimal(&self.header, tags::RESCALE_INTERCEPT).unwrap_or(0.0);
        let (centers, widths) = (list(tags::WINDOW_CENTER), list(tags::WINDOW_WIDTH));
        let pairs = centers.into_iter().zip(widths).filter(|(c, w)| c.is_finite() && w.is_finite() && *w > 0.0);
        pairs.map(|(c, w)| Window { center: (c - intercept) / slope, width: (w / slope).abs() }).collect()
    }
}

/// Reads the Palette Color Lookup Tables (PS3.3 C.7.6.3.1.5 and, segmented, C.7.9.2).
///
/// # Errors
///
/// Where one is missing or they contradict each other.
pub(super) fn palette(
    file: &DicomFile,
    encoding: Encoding,
    elements: &[Element],
    signed: bool,
) -> Result<PaletteColor> {
    let find = |tag| elements.iter().find(|element| element.tag == tag);
    let words = |(tag, keyword)| words(file, encoding, find(tag), keyword);
    let descriptors = [
        (tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, "RedPaletteColorLookupTableDescriptor"),
        (tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, "GreenPaletteColorLookupTableDescriptor"),
        (tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, "BluePaletteColorLookupTableDescriptor"),
    ];
    let plain = [
        (tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA, "RedPaletteColorLookupTableData"),
        (tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA, "GreenPaletteColorLookupTableData"),
        (tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA, "BluePaletteColorLookupTableData"),
    ];
    let segmented_tags = [
        (tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA, "SegmentedRedPaletteColorLookupTableData"),
        (tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA, "SegmentedGreenPaletteColorLookupTableData"),
        (tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA, "SegmentedBluePaletteColorLookupTableData"),
    ];
    let segmented = find(plain[0].0).is_none();
    let data = if segmented { segmented_tags } else { plain };
    let mut numbers = [[0; 3]; 3];
    for (row, (tag, keyword)) in numbers.iter_mut().zip(descriptors) {
        let words = words((tag, keyword))?;
        let &[e0, e1, f0, f1, b0, b1] = words.as_slice() else {
            return Err(Error::invalid(keyword, "not three values"));
        };
        let first = u16::from_le_bytes([f0, f1]);
        let first = if signed { i32::from(first.cast_signed()) } else { i32::from(first) };
        *row = [u16::from_le_bytes([e0, e1]).into(), first, u16::from_le_bytes([b0, b1]).into()];
    }
    let [red, green, blue] = data.map(words);
    let (red, green, blue) = (red?, green?, blue?);
    PaletteColor::new(numbers, [&red, &green, &blue], segmented)
}

/// Returns a value of 16-bit words as little endian bytes.
fn words(file: &DicomFile, encoding: Encoding, element: Option<&Element>, keyword: &'static str) -> Result<Vec<u8>> {
    let element = element.ok_or(Error::MissingAttribute(keyword))?;
    let length = element.value.end - element.value.start;
    if length > 1 << 20 {
        return Err(Error::invalid(keyword, "longer than any lookup table"));
    }
    let mut bytes = file.data().read_vec(element.value.start, length)?;
    if encoding.is_big_endian() && element.vr != VR::OB {
        bytes.chunks_exact_mut(2).for_each(|word| word.swap(0, 1));
    }
    Ok(bytes)
}

/// Returns whether the description is one whose chroma is shared by two native pixels.
#[must_use]
pub const fn is_subsampled(description: &PixelDescription) -> bool {
    matches!(description.photometric, Photometric::YbrFull422 | Photometric::YbrPartial422)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::places::{Overlays, Pictures, Places};
    use proptest::prelude::*;
    use std::io::Write;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
    }

    fn decode_all(bytes: &[u8]) -> Result<u32> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let limits = Limits { max_pixels: 1 << 20, max_inflated: 1 << 24 };
        let instance = Instance::open(file.path(), &limits)?;
        let frames = instance.frames()?;
        let places = Places::find(&instance, frames.as_ref(), &limits, Overlays::Mask)?;
        for layer in &places.layers {
            (0..layer.count().min(9)).try_for_each(|frame| layer.views(frame).map(|_| ()))?;
        }
        let Some(frames) = &frames else { return Ok(0) };
        (0..frames.count()).try_for_each(|frame| frames.views(frame).map(|_| ()))?;
        Ok(frames.count())
    }

    #[test]
    fn windows_are_in_stored_values() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dx_label_outside_window.dcm");
        let instance = Instance::open(&path, &Limits::default()).unwrap();
        let windows = instance.windows();
        let slope = decimal(&instance.header, tags::RESCALE_SLOPE).unwrap_or(1.0);
        let intercept = decimal(&instance.header, tags::RESCALE_INTERCEPT).unwrap_or(0.0);
        let center = decimal(&instance.header, tags::WINDOW_CENTER).unwrap();
        assert!((windows[0].center * slope + intercept - center).abs() < 1e-9);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(250))]

        #[test]
        fn damaged_headers_are_errors_never_panics(
            name in prop::sample::select(vec![
                "us_palette.dcm", "us_ybr422_native.dcm", "dx_rle.dcm", "nested_private.dcm",
                "us_cine_extended_offsets.dcm", "us_overlay_frames.dcm", "us_nested_pixels.dcm", "pr_overlay.dcm",
                "double_float_map.dcm",
            ]),
            // The start is where the lengths and the pixel attributes are.
            damage in prop::collection::vec((132usize..1600, any::<u8>()), 1..6),
        ) {
            let mut bytes = fixture(name);
            for (at, value) in damage {
                bytes[at] = value;
            }
            if let Err(error) = decode_all(&bytes) {
                prop_assert!(!matches!(error, Error::Panic(_)), "{error}");
                prop_assert!(!error.to_string().contains('\n'));
            }
        }

        #[test]
        fn files_cut_anywhere_are_errors_or_show_no_frame(cut in 0usize..30_000) {
            let bytes = fixture("us_ybr_jpeg.dcm");
            let cut = cut.min(bytes.len() - 1);
            // Cut between two elements before Rows, it is an object without pixels.
            prop_assert!(!matches!(decode_all(&bytes[..cut]), Ok(1..)), "{cut}");
        }
    }
}
