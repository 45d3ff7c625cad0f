//! The background of a mask: the median of what is around each of its parts.

use super::container;
use crate::dicom::pixels::{Frame, Photometric, PixelDescription};
use crate::region::Region;
use std::collections::BTreeMap;

/// Takes a region apart into its connected parts, corners included. Returns the index of each pixel's part (that of no
/// part is `u32::MAX`), and the pixels of each part.
pub(super) fn parts(region: &Region) -> (Vec<u32>, Vec<Vec<usize>>) {
    let mut labels = vec![u32::MAX; region.width() as usize * region.height() as usize];
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for start in region.indices() {
        if labels[start] != u32::MAX {
            continue;
        }
        let label = u32::try_from(parts.len()).expect("fewer parts than pixels");
        labels[start] = label;
        let mut part = vec![start];
        let mut next = 0;
        while next < part.len() {
            for neighbor in around(region, part[next], 1) {
                if labels[neighbor] == u32::MAX && contains(region, neighbor) {
                    labels[neighbor] = label;
                    part.push(neighbor);
                }
            }
            next += 1;
        }
        parts.push(part);
    }
    (labels, parts)
}

/// Returns the containers of the median of the unmasked pixels that are at most `ring` away from `part`; of a palette the
/// most frequent index, whose color is a color of the image. `None` if there is no such pixel.
pub(super) fn median(frame: &Frame, region: &Region, part: &[usize], ring: u32) -> Option<[u32; 3]> {
    let mut near: Vec<usize> =
        part.iter().flat_map(|&pixel| around(region, pixel, ring)).filter(|&pixel| !contains(region, pixel)).collect();
    near.sort_unstable();
    near.dedup();
    if near.is_empty() {
        return None;
    }
    let description = &frame.description;
    let count = usize::from(description.samples_per_pixel);
    let mut values = [0; 3];
    for (component, value) in values.iter_mut().enumerate().take(count) {
        let sample = |&pixel: &usize| stored(description, frame.samples.get(pixel * count + component));
        let mut samples: Vec<i64> = near.iter().map(sample).collect();
        samples.sort_unstable();
        let chosen = match description.photometric {
            Photometric::PaletteColor => most_frequent(&samples),
            _ => samples[samples.len() / 2],
        };
        *value = container(description, chosen);
    }
    Some(values)
}

fn most_frequent(samples: &[i64]) -> i64 {
    let mut counts: BTreeMap<i64, u32> = BTreeMap::new();
    samples.iter().for_each(|&sample| *counts.entry(sample).or_default() += 1);
    // Of several the lowest, whatever the order.
    counts.into_iter().max_by_key(|&(sample, count)| (count, -sample)).map_or(0, |(sample, _)| sample)
}

fn contains(region: &Region, pixel: usize) -> bool {
    let pixel = u32::try_from(pixel).expect("frames have fewer than 2^32 pixels");
    region.contains(pixel % region.width(), pixel / region.width())
}

/// Returns the pixels of the square around a pixel, cut to the frame.
fn around(region: &Region, pixel: usize, reach: u32) -> impl Iterator<Item = usize> + use<> {
    let (width, height) = (region.width(), region.height());
    let pixel = u32::try_from(pixel).expect("frames have fewer than 2^32 pixels");
    let (x, y) = (pixel % width, pixel / width);
    let rows = y.saturating_sub(reach)..(y + reach + 1).min(height);
    let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
    rows.flat_map(move |y| columns.clone().map(move |x| y as usize * width as usize + x as usize))
}

/// Returns the value in a container, without the bits around it and with its sign.
fn stored(description: &PixelDescription, container: u32) -> i64 {
    let bits = u32::from(description.bits_stored);
    let value = i64::from(container) >> (description.high_bit + 1 - description.bits_stored) & ((1 << bits) - 1);
    if description.signed && value >> (bits - 1) == 1 { value - (1 << bits) } else { value }
}
