//! What is to be written of an instance: its findings, as masks, marks and records.

use crate::dicom::marks::Done;
use crate::dicom::places::{Places, Removal};
use crate::dicom::rewrite::LayerMask;
use crate::dicom::{Frames, Instance};
use crate::mask;
use crate::phi::Finding;
use crate::region::Region;
use crate::report::{PlaceAction, PlaceRecord};

/// What was found in an instance, frame by frame.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Of Pixel Data.
    pub(crate) image: Vec<Vec<Finding>>,
    /// As many as there are layers.
    pub(crate) layers: Vec<Vec<Vec<Finding>>>,
}

impl Seen {
    /// Returns all findings.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Finding> {
        self.image.iter().chain(self.layers.iter().flatten()).flatten()
    }

    /// Adds findings to each frame of each picture, Pixel Data first if there are some, then the layers.
    pub(crate) fn add(&mut self, more: Vec<Vec<Vec<Finding>>>, has_image: bool) {
        let own = has_image.then_some(&mut self.image).into_iter().chain(&mut self.layers);
        for (own, more) in own.zip(more) {
            for (own, more) in own.iter_mut().zip(more) {
                own.extend(more);
            }
        }
    }

    /// Returns whether samples of Pixel Data are masked.
    pub(crate) fn masks_image(&self) -> bool {
        self.image.iter().flatten().any(Finding::is_mask)
    }
}

/// An instance and all that its output depends on.
pub(crate) struct Cleaned<'a> {
    /// The input.
    pub(crate) instance: &'a Instance,
    /// Its Pixel Data.
    pub(crate) frames: Option<&'a Frames<'a>>,
    /// What is beside it.
    pub(crate) places: Places<'a>,
    /// What was found.
    pub(crate) seen: Seen,
}

impl Cleaned<'_> {
    /// Returns whether nothing has to change.
    pub(crate) fn is_clean(&self) -> bool {
        self.places.removals.is_empty() && !self.seen.all().any(Finding::is_mask)
    }

    /// Returns what gives the mask of each frame of Pixel Data.
    pub(crate) fn masks(&self, frames: &Frames<'_>) -> impl Fn(u32) -> Option<Region> + Sync {
        let (columns, rows) = (frames.description.columns, frames.description.rows);
        move |frame| {
            let own = self.seen.image.get(frame as usize)?;
            mask::region(own, columns, rows)
        }
    }

    /// Returns the masks of the layers.
    pub(crate) fn layer_masks(&self) -> Vec<LayerMask> {
        let mut masks = Vec::new();
        for (layer, (pictures, findings)) in self.places.layers.iter().zip(&self.seen.layers).enumerate() {
            let (columns, rows) = pictures.size();
            for (frame, own) in (0..).zip(findings) {
                let region =
                    mask::region(own, columns, rows).map(|region| region.grown(|area| pictures.maskable(area)));
                masks.extend(region.map(|region| LayerMask { layer, frame, region }));
            }
        }
        masks
    }

    /// Returns what the marks tell.
    pub(crate) fn done(&self) -> Done {
        let layers = || self.places.layers.iter().zip(&self.seen.layers);
        let masked = |findings: &[Vec<Finding>]| findings.iter().flatten().any(Finding::is_mask);
        Done {
            pixels: self.seen.masks_image() || layers().any(|(layer, own)| layer.is_image() && masked(own)),
            has_image: self.frames.is_some() || self.places.layers.iter().any(|layer| layer.is_image()),
            graphics: self.places.removals.iter().any(|removal| removal.is_overlay)
                || layers().any(|(layer, own)| layer.is_overlay() && masked(own)),
        }
    }
}

/// Lists the places for the report.
pub(crate) fn place_records(places: &Places<'_>, seen: &Seen) -> Vec<PlaceRecord> {
    let layers = places.layers.iter().zip(&seen.layers).enumerate().filter(|(index, _)| !places.is_cleared(*index));
    let layers = layers.map(|(_, (layer, findings))| PlaceRecord {
        name: layer.name().to_owned(),
        action: match findings.iter().flatten().any(Finding::is_mask) {
            true => PlaceAction::Masked,
            false => PlaceAction::Unchanged,
        },
    });
    let removed = |removal: &Removal| PlaceRecord { name: removal.name.clone(), action: PlaceAction::Removed };
    layers.chain(places.removals.iter().map(removed)).collect()
}
