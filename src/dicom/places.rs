//! Every place beside Pixel Data that may show text: those that are looked at, those that go unseen, and those that hold
//! an instance back.

use super::blobs;

use super::file::{DicomFile, Limits};
use super::floats::Floats;
use super::frames::Frames;
use super::instance::Instance;
use super::layout::{Element, NestedPixels, is_overlay_data, is_pixel_data};
use super::nested::Nested;
use super::overlays::{self, Embedded, Plane};
use super::preamble;
use super::views::View;
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::region::Region;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::BTreeSet;
use std::ops::Range;

/// What becomes of overlay planes.
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
pub enum Overlays {
    /// Text in them is judged and masked as in the image
    #[default]
    Mask,
    /// They go
    Remove,
    /// An instance with a plane that shows anything is held
    Hold,
}

/// See [`Pictures::soft_edge`].
pub(super) const SOFT_EDGE: u32 = 2;

/// Frames of one size that text is looked for in.
pub trait Pictures: Sync {
    /// Returns columns and rows.
    fn size(&self) -> (u32, u32);

    /// Returns the number of frames.
    fn count(&self) -> u32;

    /// Returns whether a frame shows the same as the frame before it.
    ///
    /// # Errors
    ///
    /// Where frames cannot be read.
    fn repeats(&self, frame: u32) -> Result<bool>;

    /// Renders a frame for the detector; empty where it shows nothing.
    ///
    /// # Errors
    ///
    /// Where the frame cannot be read.
    fn views(&self, frame: u32) -> Result<Vec<View>>;

    /// Returns how many pixels of plain ground a mask keeps round what stands in it: letters have soft edges. (Less than
    /// 4 of 255 levels differ there; see [`crate::text`].) None are needed where whole blocks are masked, of which no
    /// letter reaches into another unseen.
    fn soft_edge(&self) -> u32 {
        SOFT_EDGE
    }

    /// Returns the smallest box around `area` that can be masked by itself.
    fn maskable(&self, area: Rect) -> Rect {
        area
    }

    /// Returns which image frame and pixel the first pixel of the first frame lies on; `None` where it lies on none.
    fn placement(&self) -> Option<Placement>;
}

/// Where a picture lies on the frames of Pixel Data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Column of its first pixel.
    pub x: i64,
    /// Row of its first pixel.
    pub y: i64,
    /// Frame of its first frame, from 0; `None` if it lies on all frames.
    pub frame: Option<u32>,
}

impl Placement {
    /// Returns where an area of the image lies on a picture of `columns` x `rows` pixels; `None` if beside it.
    #[must_use]
    pub fn on_picture(&self, area: Rect, columns: u32, rows: u32) -> Option<Rect> {
        let shift = |at: u32, by: i64, end: u32| {
            u32::try_from(i64::from(at).saturating_sub(by).clamp(0, end.into())).unwrap_or(0)
        };
        let rect = Rect::new(
            shift(area.x0, self.x, columns),
            shift(area.y0, self.y, rows),
            shift(area.x1, self.x, columns),
            shift(area.y1, self.y, rows),
        );
        (!rect.is_empty()).then_some(rect)
    }
}

/// A picture beside Pixel Data that is examined and, where need be, masked in place.
pub trait Layer: Pictures {
    /// Returns how reports name it.
    fn name(&self) -> &str;

    /// Returns whether it is the instance's own image.
    fn is_image(&self) -> bool {
        false
    }

    /// Returns whether it is an overlay plane.
    fn is_overlay(&self) -> bool {
        false
    }

    /// Returns it as pictures to look at.
    fn pictures(&self) -> &dyn Pictures;

    /// Returns the tag of the top level element that it lies in.
    fn tag(&self) -> Tag;

    /// Returns which bytes of the data set a frame is in.
    fn range(&self, frame: u32) -> Range<u64>;

    /// Masks `region` of a frame in the bytes of [`Layer::range`].
    ///
    /// # Errors
    ///
    /// Where the frame cannot be read.
    fn patch(&self, frame: u32, region: &Region, bytes: &mut [u8]) -> Result<()>;

    /// Returns the bytes of a frame's values, pixel by pixel, read from the file.
    ///
    /// # Errors
    ///
    /// Where the frame cannot be read.
    fn values(&self, frame: u32) -> Result<Vec<u8>>;

    /// Returns what [`Layer::values`] has to be after [`Layer::patch`], for the check of what was written.
    ///
    /// # Errors
    ///
    /// Where the frame cannot be read.
    fn masked(&self, frame: u32, region: &Region) -> Result<Vec<u8>>;
}

/// A place whose pixels go without a look at them.
#[derive(Debug)]
pub struct Removal {
    /// How reports name it.
    pub name: String,
    /// Top level elements that are left out.
    pub elements: Vec<Tag>,
    /// The value that is overwritten by zeros, where the place is too deep to be left out, and its top level element.
    pub blank: Option<(Tag, Range<u64>)>,
    /// The index among [`Places::layers`] of the plane that is cleared, where it lies in the pixels.
    pub clear: Option<usize>,
    /// It is an overlay.
    pub is_overlay: bool,
}

impl Removal {
    fn notes() -> Self {
        Self { name: STREAM_NOTES.into(), elements: Vec::new(), blank: None, clear: None, is_overlay: false }
    }
}

/// How reports name the comments and application segments in the streams of the frames.
const STREAM_NOTES: &str = "stream_notes";

/// All places of an instance beside Pixel Data.
#[derive(Default)]
pub struct Places<'a> {
    /// Pictures to be examined; those that [`Removal::clear`] names need not be.
    pub layers: Vec<Box<dyn Layer + 'a>>,
    /// What goes.
    pub removals: Vec<Removal>,
}

impl std::fmt::Debug for Places<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.layers.iter().map(|layer| layer.name()).collect();
        f.debug_struct("Places").field("layers", &names).field("removals", &self.removals).finish()
    }
}

impl<'a> Places<'a> {
    /// Finds all places of `instance`; `frames` are those of its Pixel Data.
    ///
    /// # Errors
    ///
    /// [`Error::NotExamined`] where something that could show text can be neither looked at nor removed: documents,
    /// waveforms, references to pixels elsewhere, files inside of elements, compressed pixels inside of sequences;
    /// other variants where the attributes of a place contradict each other.
    pub fn find(
        instance: &'a Instance,
        frames: Option<&'a Frames<'a>>,
        limits: &Limits,
        overlays: Overlays,
    ) -> Result<Self> {
        let file = &instance.file;
        refuse_other_kinds(file)?;
        preamble::check(file)?;
        blobs::check(file)?;
        if let Some(frames) = frames {
            blobs::check_streams(frames)?;
        }
        let mut places = Places::default();
        if let Some(frames) = frames {
            places.add_notes(frames)?;
        }
        places.add_overlays(instance, frames, limits, overlays)?;
        if let Some(floats) = Floats::find(instance, limits)? {
            places.layers.push(Box::new(floats));
        }
        places.add_icon(file);
        for item in &file.layout.nested {
            places.add_nested(file, item, limits)?;
        }
        Ok(places)
    }

    /// Returns whether the streams of the frames have notes that go.
    #[must_use]
    pub fn has_stream_notes(&self) -> bool {
        self.removals.iter().any(|removal| removal.name == STREAM_NOTES)
    }

    /// Returns whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty() && self.removals.is_empty()
    }

    /// Returns whether the layer at `index` is cleared whole, whatever it shows.
    #[must_use]
    pub fn is_cleared(&self, index: usize) -> bool {
        self.removals.iter().any(|removal| removal.clear == Some(index))
    }

    /// Has comments, Exif and the like removed from the streams of the frames: no element changes for it but Pixel Data.
    fn add_notes(&mut self, frames: &Frames<'_>) -> Result<()> {
        if frames.has_notes()? {
            self.removals.push(Removal::notes());
        }
        Ok(())
    }

    /// Adds the overlay planes (PS3.3 C.9.2).
    fn add_overlays(
        &mut self,
        instance: &'a Instance,
        frames: Option<&'a Frames<'a>>,
        limits: &Limits,
        choice: Overlays,
    ) -> Result<()> {
        let layout = &instance.file.layout;
        let groups: BTreeSet<u16> = layout.elements.iter().map(|e| e.tag.0).filter(|g| is_overlay_group(*g)).collect();
        for group in groups {
            let elements: Vec<Tag> = layout.elements.iter().map(|e| e.tag).filter(|tag| tag.0 == group).collect();
            let name = overlays::name(group);
            let mut removal = Removal { name, elements, blank: None, clear: None, is_overlay: true };
            let Some(data) = layout.get(Tag(group, 0x3000)).filter(|data| !data.value.is_empty()) else {
                if let Some(embedded) = Embedded::find(instance, frames, group)? {
                    match choice {
                        Overlays::Hold if !embedded.shows_anything()? => {}
                        Overlays::Hold => return Err(held("OverlayBitPosition", "an overlay embedded in the pixels")),
                        Overlays::Remove => removal.clear = Some(self.layers.len()),
                        Overlays::Mask => {}
                    }
                    self.layers.push(Box::new(embedded));
                }
                if choice == Overlays::Remove {
                    self.removals.push(removal);
                }
                continue;
            };
            if choice == Overlays::Remove {
                self.removals.push(removal);
            } else if !instance.file.data().is_zero(data.value.clone())? {
                // A plane without a set bit shows nothing.
                if choice == Overlays::Hold {
                    return Err(held("OverlayData", "an overlay plane"));
                }
                self.layers.push(Box::new(Plane::find(instance, group, data, limits)?));
            }
        }
        Ok(())
    }

    /// Has the Icon Image Sequence removed: it was made from the image before it was cleaned.
    fn add_icon(&mut self, file: &DicomFile) {
        if let Some(icon) = file.layout.get(tags::ICON_IMAGE_SEQUENCE).filter(|icon| !icon.value.is_empty()) {
            self.removals.push(Removal {
                name: "icon".into(),
                elements: vec![icon.tag],
                blank: None,
                clear: None,
                is_overlay: false,
            });
        }
    }

    /// Adds the pixels of an item.
    fn add_nested(&mut self, file: &'a DicomFile, item: &'a NestedPixels, limits: &Limits) -> Result<()> {
        if item.path.first() == Some(&tags::ICON_IMAGE_SEQUENCE) {
            return Ok(());
        }
        for element in &item.elements {
            if is_overlay_data(element.tag) && !file.data().is_zero(element.value.clone())? {
                return Err(held("OverlayData", "an overlay inside a sequence"));
            }
            if is_pixel_data(element.tag) && element.tag != tags::PIXEL_DATA && !element.value.is_empty() {
                return Err(held("FloatPixelData", "floating point pixels inside a sequence"));
            }
        }
        let Some(pixels) = item.get(tags::PIXEL_DATA).filter(|pixels| !pixels.value.is_empty()) else { return Ok(()) };
        if pixels.undefined_length {
            return Err(held("PixelData", "compressed pixel data inside a sequence"));
        }
        let number = 1 + self.layers.iter().filter(|layer| layer.name().starts_with("nested")).count();
        let top = top_level(file, pixels);
        if item.is_icon() {
            let icons = self.removals.iter().filter(|removal| removal.name.starts_with("nested_icon")).count();
            self.removals.push(Removal {
                name: format!("nested_icon_{}", icons + 1),
                elements: Vec::new(),
                blank: Some((top, pixels.value.clone())),
                clear: None,
                is_overlay: false,
            });
            return Ok(());
        }
        self.layers.push(Box::new(Nested::new(file, item, pixels, top, number, limits)?));
        Ok(())
    }
}

/// Returns the tag of the top level element around a nested one.
fn top_level(file: &DicomFile, nested: &Element) -> Tag {
    let around = |e: &&Element| e.start < nested.start && nested.end <= e.end;
    file.layout.elements.iter().find(around).map_or(nested.tag, |element| element.tag)
}

/// Makes the error of what is not looked at.
fn held(keyword: &'static str, problem: &'static str) -> Error {
    Error::NotExamined { keyword: keyword.into(), problem }
}

const fn is_overlay_group(group: u16) -> bool {
    group & 0xFF01 == 0x6000
}

/// Refuses kinds of data that no rendering is made of.
fn refuse_other_kinds(file: &DicomFile) -> Result<()> {
    let kinds: [(Tag, &'static str, &'static str); 4] = [
        (tags::PIXEL_DATA_PROVIDER_URL, "PixelDataProviderURL", "pixels kept elsewhere"),
        (tags::ENCAPSULATED_DOCUMENT, "EncapsulatedDocument", "a document"),
        (tags::WAVEFORM_SEQUENCE, "WaveformSequence", "waveforms"),
        (tags::SPECTROSCOPY_DATA, "SpectroscopyData", "spectra"),
    ];
    for (tag, keyword, problem) in kinds {
        if let Some(element) = file.layout.get(tag).filter(|element| !element.value.is_empty()) {
            let document = tag == tags::ENCAPSULATED_DOCUMENT;
            let known = if document { blobs::kind(file, &element.value)? } else { None };
            return Err(held(keyword, known.unwrap_or(problem)));
        }
    }
    Ok(())
}
