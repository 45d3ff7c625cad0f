//! Shows the network of regions a picture in several sizes.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them"
)]

use image::RgbImage;
use ndarray::{Array2, Array3, s};

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
/// largest first.
///
/// Where a copy of twice the size is shown, it is shown where a smaller one is marked (see [`Passes::is_thorough`]).
///
/// # Errors
///
/// [`crate::Error::Detector`] if the network fails or returns something that cannot be read.
pub(super) fn all(
    network: &mut Network<RegionThresholds>,
    image: &RgbImage,
    passes: &Passes,
    short: u32,
) -> Result<Vec<Regions>> {
    let mut scale = 1.0;
    let mut maps = vec![once(network, image, scale, passes)?];
    loop {
        scale /= 2.0;
        if (short as f32) * scale < passes.least_reduced_region_side as f32 {
            break;
        }
        maps.push(once(network, image, scale, passes)?);
    }
    if short < passes.least_region_side {
        maps.insert(0, closer(network, image, 2.0, passes, &maps)?);
    }
    Ok(maps)
}

/// Shows the network a copy of a picture where one of those that it was `shown` is marked, if faintly, and says of all else that nothing
/// is there.
///
/// # Errors
///
/// As [`all`].
pub(super) fn closer(
    network: &mut Network<RegionThresholds>,
    image: &RgbImage,
    scale: f32,
    passes: &Passes,
    shown: &[Regions],
) -> Result<Regions> {
    /// What is this much below the threshold of text is looked at too: a single character may not reach it at a small size.
    const FAINT: f32 = 0.5;
    let level = FAINT * network.thresholds.region;
    let is_marked = |cell: Rect| passes.is_thorough || shown.iter().any(|map| map.is_marked(cell, level));
    let windows = Spots::new(image.dimensions(), is_marked).windows(|_| true, passes.around_regions);
    if windows == [Rect::new(0, 0, image.width(), image.height())] {
        return once(network, image, scale, passes);
    }
    let side = |side: u32| (side as f32 * scale).round().max(1.0);
    let (width, height) = (side(image.width()), side(image.height()));
    let mut region = Array2::zeros(((height as usize).div_ceil(STRIDE), (width as usize).div_ceil(STRIDE)));
    let mut core = region.clone();
    let (x_scale, y_scale) = map_scales(image, width, height);
    for window in windows {
        let part = tiles::part(image, window);
        let own = once(network, &part, scale, passes)?;
        let top = (window.y0 as f32 * y_scale).round() as usize;
        let left = (window.x0 as f32 * x_scale).round() as usize;
        for (all, own) in [(&mut region, &own.region), (&mut core, &own.core)] {
            let rows = own.dim().0.min(all.dim().0.saturating_sub(top));
            let columns = own.dim().1.min(all.dim().1.saturating_sub(left));
            // Where windows overlap, the one that sees more of a line is believed.
            all.slice_mut(s![top..top + rows, left..left + columns])
                .zip_mut_with(&own.slice(s![..rows, ..columns]), |all: &mut f32, &own| *all = all.max(own));
        }
    }
    Ok(Regions { region, core, x_scale, y_scale })
}

/// Shows the network one copy of a picture, with a margin and in tiles.
///
/// # Errors
///
/// As [`all`].
pub(super) fn once(
    network: &mut Network<RegionThresholds>,
    image: &RgbImage,
    scale: f32,
    passes: &Passes,
) -> Result<Regions> {
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
