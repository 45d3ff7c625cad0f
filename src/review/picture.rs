//! Pictures for a person: PNG made on demand, a few kept in memory, none on disk.

use crate::dicom::places::{Overlays, Pictures, Places};
use crate::dicom::views::{self, Values};
use crate::dicom::{Instance, Limits};
use crate::error::{Error, Result};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage, imageops};
use serde::Serialize;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of pictures that are kept: some sixty frames of ultrasound, so that going back and forth decodes nothing.
const MOST_BYTES: usize = 64 << 20;

/// The longer side of a picture in a list.
pub const THUMBNAIL: u32 = 112;

/// Shows a frame of an instance as PNG; of Pixel Data, or of the place named.
///
/// # Errors
///
/// What opening and decoding report; [`Error::PixelData`] if there is no such frame.
pub fn frame(path: &Path, limits: &Limits, plane: Option<&str>, frame: u32) -> Result<RgbImage> {
    let instance = Instance::open(path, limits)?;
    let frames = instance.frames()?;
    let missing = || Error::PixelData("there is no such frame".into());
    let Some(plane) = plane else {
        let frames = frames.ok_or_else(missing)?;
        let decoded = frames.decode(frame)?;
        return Ok(views::shown(&decoded, frames.palette.as_ref(), &frames.windows));
    };
    let places = Places::find(&instance, frames.as_ref(), limits, Overlays::Mask)?;
    let layer = places.layers.iter().find(|layer| layer.name() == plane).ok_or_else(missing)?;
    if frame >= layer.count() {
        return Err(missing());
    }
    let (columns, rows) = layer.size();
    let view = layer.views(frame)?.into_iter().next();
    Ok(view.map_or_else(|| RgbImage::new(columns, rows), |view| view.image))
}

/// What of an instance can be shown.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Pixel Data.
    picture: Option<Size>,
    /// Places beside it.
    layers: Vec<Size>,
}

/// A picture with frames.
#[derive(Debug, Serialize)]
struct Size {
    name: String,
    frames: u32,
    columns: u32,
    rows: u32,
    /// Gray with more than 8 bits: shown through a window.
    deep: bool,
}

/// Returns which pictures an instance has.
///
/// # Errors
///
/// What opening reports.
pub fn shown(path: &Path, limits: &Limits) -> Result<Shown> {
    let instance = Instance::open(path, limits)?;
    let frames = instance.frames()?;
    let size = |pictures: &dyn Pictures, name: &str, deep| {
        let (columns, rows) = pictures.size();
        Size { name: name.to_owned(), frames: pictures.count(), columns, rows, deep }
    };
    let picture = frames.as_ref().map(|frames| {
        let deep = frames.description.bits_stored > 8 && frames.description.samples_per_pixel == 1;
        size(frames, "", deep && frames.palette.is_none())
    });
    // What cannot be examined has no places that could be shown.
    let places = Places::find(&instance, frames.as_ref(), limits, Overlays::Mask).unwrap_or_default();
    let layers = places.layers.iter().map(|layer| size(layer.pictures(), layer.name(), false)).collect();
    Ok(Shown { picture, layers })
}

/// Returns the values of a deep gray frame of Pixel Data.
///
/// # Errors
///
/// As [`frame`].
pub fn values(path: &Path, limits: &Limits, frame: u32) -> Result<Option<(Values, [u32; 2])>> {
    let instance = Instance::open(path, limits)?;
    let frames = instance.frames()?.ok_or_else(|| Error::PixelData("there is no such frame".into()))?;
    let values = views::values(&frames.decode(frame)?, frames.palette.as_ref(), &frames.windows);
    Ok(values.map(|values| (values, [frames.description.columns, frames.description.rows])))
}

/// Makes a picture smaller, so that no side is above `longest`.
#[must_use]
pub fn reduced(image: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    let most = width.max(height);
    if most <= longest {
        return image.clone();
    }
    let side = |side: u32| (u64::from(side) * u64::from(longest) / u64::from(most)).max(1);
    let (width, height) = (side(width), side(height));
    let fit = |side: u64| u32::try_from(side).unwrap_or(longest);
    imageops::thumbnail(image, fit(width), fit(height))
}

/// Encodes a picture.
///
/// # Errors
///
/// [`Error::Encode`].
pub fn png(image: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The page and the server share a machine: time counts, size does not.
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Up);
    let (width, height) = image.dimensions();
    let failed = |_| Error::encode("PNG", "a picture cannot be encoded");
    encoder.write_image(image.as_raw(), width, height, ExtendedColorType::Rgb8).map_err(failed)?;
    Ok(bytes)
}

/// The pictures made last.
#[derive(Debug, Default)]
pub struct Cache(Mutex<VecDeque<(String, Arc<Vec<u8>>)>>);

impl Cache {
    /// Returns the picture with this name, or makes it.
    ///
    /// # Errors
    ///
    /// That of `make`.
    pub fn get_or(&self, name: &str, make: impl FnOnce() -> Result<Vec<u8>>) -> Result<Arc<Vec<u8>>> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut kept = lock();
            if let Some(place) = kept.iter().position(|(own, _)| own == name)
                && let Some(found) = kept.remove(place)
            {
                kept.push_back(found.clone());
                return Ok(found.1);
            }
        }
        let made = Arc::new(make()?);
        let mut kept = lock();
        kept.push_back((name.to_owned(), Arc::clone(&made)));
        let mut total: usize = kept.iter().map(|(_, bytes)| bytes.len()).sum();
        while total > MOST_BYTES
            && let Some((_, oldest)) = kept.pop_front()
        {
            total -= oldest.len();
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_keeps_what_was_asked_for_last_and_no_more_than_it_may() {
        let cache = Cache::default();
        let big = || Ok(vec![0; MOST_BYTES / 2 + 1]);
        cache.get_or("a", big).unwrap();
        cache.get_or("b", big).unwrap();
        let mut made = false;
        cache.get_or("b", || unreachable!("it is kept")).unwrap();
        cache
            .get_or("a", || {
                made = true;
                Ok(Vec::new())
            })
            .unwrap();
        assert!(made, "the older one had to go");
    }

    #[test]
    fn a_reduced_picture_keeps_its_shape() {
        assert_eq!(reduced(&RgbImage::new(400, 100), 112).dimensions(), (112, 28));
        assert_eq!(reduced(&RgbImage::new(3, 9000), 112).dimensions(), (1, 112));
        assert_eq!(reduced(&RgbImage::new(30, 40), 112).dimensions(), (30, 40));
    }
}
