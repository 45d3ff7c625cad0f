//! What a frame shows in the bits beside its values.

use super::{View, ViewKind};
use crate::dicom::pixels::Frame;
use image::RgbImage;

/// Renders the bits of the samples outside of Bits Stored but for those in `overlays`, which are looked at by themselves.
///
/// `None` where they are the same in all pixels, or repeat the sign: then they show nothing.
///
/// # Panics
///
/// As [`super::views`].
#[must_use]
pub fn unused_bits(frame: &Frame, overlays: u32) -> Option<View> {
    let d = &frame.description;
    let (low, high) = (u32::from(d.high_bit + 1 - d.bits_stored), u32::from(d.high_bit) + 1);
    let all = u32::MAX >> (32 - u32::from(d.bits_allocated));
    let stored = (u32::MAX >> (32 - u32::from(d.bits_stored))) << low;
    if all & !stored & !overlays == 0 || d.bits_allocated == 1 {
        return None;
    }
    let is_negative = |sample: u32| d.signed && sample >> (high - 1) & 1 == 1;
    let above = if high == 32 { 0 } else { u32::MAX << high };
    let unused = |sample: u32| {
        let extended = if is_negative(sample) { sample ^ above } else { sample };
        let bits = extended & all & !stored & !overlays;
        // What is above and below the value moves together.
        (bits & !above) | if high == 32 { 0 } else { bits >> high << low }
    };
    let channels = usize::from(d.samples_per_pixel);
    let pixel = |pixel: usize| {
        (0..channels).map(|c| unused(frame.samples.get(pixel * channels + c))).max().expect("a pixel has samples")
    };
    let values: Vec<u32> = (0..frame.samples.len() / channels).map(pixel).collect();
    let (least, most) = (*values.iter().min()?, *values.iter().max()?);
    if least == most {
        return None;
    }
    let shade = |value: u32| u8::try_from(u64::from(value - least) * 255 / u64::from(most - least)).unwrap_or(u8::MAX);
    let image = RgbImage::from_fn(d.columns, d.rows, |x, y| {
        image::Rgb([shade(values[y as usize * d.columns as usize + x as usize]); 3])
    });
    Some(View { image, kind: ViewKind::Hidden })
}
