//! Shows the network of regions a picture in several sizes.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them"
)]

use image::RgbImage;
use ndarray::{Array2, Array3, s};
use std::ops::Range;

use super::manifest::RegionThresholds;
use super::network::{Network, run};
use super::passes::Passes;
use super::regions::Regions;
use super::spots::Spots;
use super::tiles;
use crate::error::Result;
use crate::geometry::Rect;

/// The maps have half the sides of the input.
const STRIDE: usize = 2;

/// Shows the network a picture, or a part of one with this short side, at its scales and returns what it says of each, the
/// largest first. Where there are `spots`, it looks there alone.
///
/// Where a copy of twice the size is shown, it is shown where a smaller one is marked, if faintly (see
/// [`Passes::is_thorough`]): a single character may not reach the threshold of text at a small size. What is marked in the
/// places that `explained` returns, given the smaller copies, is not looked at closer.
///
/// # Errors
///
/// [`crate::Error::Detector`] if the network fails or returns something that cannot be read.
pub(super) fn all(
    network: &mut Network<RegionThresholds>,
    image: &RgbImage,
    passes: &Passes,
    short: u32,
    spots: Option<&Spots>,
    explained: impl FnOnce(&[Regions]) -> Vec<Rect>,
) -> Result<Vec<Regions>> {
    /// This share of the threshold of text is looked at too.
    const FAINT: f32 = 0.5;
    let mut scale = 1.0;
    let mut maps = vec![at(network, image, scale, passes, spots)?];
    loop {
        scale /= 2.0;
        if (short as f32) * scale < passes.least_reduced_region_side as f32 {
            break;
        }
        maps.push(at(network, image, scale, passes, spots)?);
    }
    if short < passes.least_region_side {
        let level = FAINT * network.thresholds.region;
        let places = explained(&maps);
        let is_marked = |cell: Rect| {
            let own: Vec<Rect> = places.iter().filter(|place| place.meets(&cell)).copied().collect();
            passes.is_thorough || maps.iter().any(|map| map.is_marked_beside(cell, level, &own))
        };
        let marked = Spots::new(image.dimensions(), is_marked);
        let windows = marked.windows(|_| true, passes.around_regions);
        maps.insert(0, in_windows(network, image, 2.0, passes, &windows, 0)?);
    }
    Ok(maps)
}

/// Shows the network a copy of a picture, of which it looks at `spots` alone where there are any.
///
/// # Errors
///
/// As [`all`].
pub(super) fn at(
    network: &mut Network<RegionThresholds>,
    image: &RgbImage,
    scale: f32,
    passes: &Passes,
    spots: Option<&Spots>,
) -> Result<Regions> {
    let Some(spots) = spots else { return once(network, image, scale, passes) };
    let around = (passes.around_scouted as f32 / scale.min(1.0)) as u32;
    in_windows(network, image, scale, passes, &spots.windows(|_| true, around), around / 2)
}

/// Shows the network parts of a copy of a picture, and says of all else that nothing is there. It is not believed within
/// `rim` pixels of where a part was cut out: half a texture looks like text.
fn in_windows(
    network: &mut Network<RegionThresholds>,
    image: &RgbImage,
    scale: f32,
    passes: &Passes,
    windows: &[Rect],
    rim: u32,
) -> Result<Regions> {
    if windows == [Rect::new(0, 0, image.width(), image.height())] {
        return once(network, image, scale, passes);
    }
    let side = |side: u32| (side as f32 * scale).round().max(1.0);
    let (width, height) = (side(image.width()), side(image.height()));
    let mut region = Array2::zeros(((height as usize).div_ceil(STRIDE), (width as usize).div_ceil(STRIDE)));
    let mut core = region.clone();
    let (x_scale, y_scale) = map_scales(image, width, height);
    for &window in windows {
        let part = tiles::part(image, window);
        let own = once(network, &part, scale, passes)?;
        let (rows, own_rows) = believed((window.y0, window.y1), image.height(), y_scale, rim, own.region.dim().0);
        let (columns, own_columns) = believed((window.x0, window.x1), image.width(), x_scale, rim, own.region.dim().1);
        for (all, own) in [(&mut region, &own.region), (&mut core, &own.core)] {
            // Where windows overlap, the one that sees more of a line is believed.
            all.slice_mut(s![rows.clone(), columns.clone()])
                .zip_mut_with(&own.slice(s![own_rows.clone(), own_columns.clone()]), |all: &mut f32, &own| {
                    *all = all.max(own)
                });
        }
    }
    Ok(Regions { region, core, x_scale, y_scale })
}

/// Returns the pixels of a map that a window of it is believed on, along one side, and which they are of the window's own
/// `length` pixels.
fn believed((from, to): (u32, u32), end: u32, scale: f32, rim: u32, length: usize) -> (Range<usize>, Range<usize>) {
    let at = |pixel: u32| (pixel as f32 * scale).round() as usize;
    let all = ((end as f32 * scale * STRIDE as f32).round().max(1.0) as usize).div_ceil(STRIDE);
    let room = length.min(all.saturating_sub(at(from)));
    let first = if from == 0 { 0 } else { at(rim).min(room) };
    let last = if to == end { room } else { room.saturating_sub(at(rim)).max(first) };
    (at(from) + first..at(from) + last, first..last)
}

/// Shows the network one copy of a picture, with a margin and in tiles.
///
/// # Errors
///
/// As [`all`].
fn once(network: &mut Network<RegionThresholds>, image: &RgbImage, scale: f32, passes: &Passes) -> Result<Regions> {
    let copy = tiles::resized(image, scale);
    let margin = passes.margin as usize / STRIDE;
    let framed = tiles::framed(&copy, (margin * STRIDE) as u32);
    let halved = |side: u32| (side as usize).div_ceil(STRIDE);
    let mut maps = Array3::<f32>::zeros((2, halved(framed.height()), halved(framed.width())));
    for tile in tiles::tiles(framed.width(), framed.height(), passes.tile_side, passes.tile_overlap) {
        let map = run(&mut *network.model, &network.input, &framed, tile, (2, STRIDE))?;
        let (top, left) = (tile.y0 as usize / STRIDE, tile.x0 as usize / STRIDE);
        let (rows, columns) = (halved(tile.height()), halved(tile.width()));
        let rows = rows.min(maps.dim().1 - top);
        let columns = columns.min(maps.dim().2 - left);
        // Where tiles overlap, the one that sees more of a line is believed.
        maps.slice_mut(s![.., top..top + rows, left..left + columns])
            .zip_mut_with(&map.slice(s![.., ..rows, ..columns]), |all, &own| *all = all.max(own));
    }
    let own = |channel: usize| {
        let (rows, columns) = (halved(copy.height()), halved(copy.width()));
        maps.slice(s![channel, margin..margin + rows, margin..margin + columns]).to_owned()
    };
    let (x_scale, y_scale) = map_scales(image, copy.width() as f32, copy.height() as f32);
    Ok(Regions { region: own(0), core: own(1), x_scale, y_scale })
}

/// Returns how many pixels of the map of a copy there are for one of the picture, along a row and down a column.
fn map_scales(image: &RgbImage, width: f32, height: f32) -> (f32, f32) {
    (width / image.width() as f32 / STRIDE as f32, height / image.height() as f32 / STRIDE as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_is_believed_but_for_its_rim_where_it_was_cut_out() {
        assert_eq!(believed((64, 192), 800, 0.5, 16, 64), (40..88, 8..56));
        assert_eq!(believed((0, 192), 800, 0.5, 16, 96), (0..88, 0..88));
        assert_eq!(believed((640, 800), 800, 1.0, 16, 160), (656..800, 16..160));
    }

    proptest! {
        #[test]
        fn what_is_believed_lies_in_the_map(
            (end, from, length) in (1_u32..3000).prop_flat_map(|end| (Just(end), 0..end, 1_u32..3000)),
            scale in prop::sample::select(vec![0.0625_f32, 0.125, 0.25, 0.5, 0.75, 1.0]),
            rim in 0_u32..200,
        ) {
            let to = end.min(from + length);
            let pixels = |side: u32| ((side as f32 * scale * STRIDE as f32).round().max(1.0) as usize).div_ceil(STRIDE);
            let own = pixels(to - from);
            let (all, part) = believed((from, to), end, scale, rim, own);
            prop_assert!(all.start <= all.end && all.end <= pixels(end), "{all:?} of {}", pixels(end));
            prop_assert!(part.end <= own && part.len() == all.len());
        }
    }
}
