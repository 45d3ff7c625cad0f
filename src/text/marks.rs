//! What the network of regions marks in a picture in several sizes.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the factor that a picture is enlarged by is a small whole number"
)]

use super::manifest::RegionThresholds;
use super::regions::Regions;
use super::spots::Spots;
use super::{Detection, quads};
use crate::geometry::{Point, Quad, Rect};

/// What the network of regions marks in a picture or a part of one; everything where there is no such network.
#[derive(Debug)]
pub struct Marks {
    /// Of the picture in each size, enlarged by a factor.
    pub(super) maps: Vec<Regions>,
    pub(super) thresholds: Option<RegionThresholds>,
    pub(super) factor: f32,
    /// Where of a later frame something may have come that is no known line; everywhere in a first one.
    pub(super) news: Option<Spots>,
}

impl Marks {
    /// Returns whether a quadrilateral, in pixels of the picture, is marked as text.
    #[must_use]
    pub fn hold(&self, quad: &Quad) -> bool {
        let Some(thresholds) = &self.thresholds else { return true };
        let quad = scaled(quad, self.factor);
        self.maps.iter().any(|map| map.share(&quad, thresholds) >= thresholds.support)
    }

    /// Returns whether a pixel of an area, in pixels of the enlarged picture, reaches the seed of a line in any size.
    pub(super) fn have_seed(&self, area: Rect) -> bool {
        let Some(thresholds) = &self.thresholds else { return true };
        self.maps.iter().any(|map| map.is_marked(area, thresholds.seed))
    }

    /// Returns a line of the picture in pixels of the enlarged one.
    pub(super) fn enlarged(&self, line: &Detection) -> Detection {
        Detection { quad: scaled(&line.quad, self.factor), ..*line }
    }

    /// Returns whether a pixel of an area outside of some places, in pixels of the enlarged picture, is marked as text in
    /// any size.
    pub(super) fn touch_beside(&self, area: Rect, places: &[Rect]) -> bool {
        let own: Vec<Rect> = places.iter().filter(|place| place.meets(&area)).copied().collect();
        let Some(thresholds) = self.thresholds.as_ref().filter(|_| !own.is_empty()) else { return true };
        self.maps.iter().any(|map| map.is_marked_beside(area, thresholds.region, &own))
    }

    /// Returns where something that is no known line is marked in a picture of this size, and the cells that reach into one
    /// of `more` areas.
    pub(super) fn spots(&self, size: (u32, u32), more: &[Rect]) -> Spots {
        let factor = self.factor as u32;
        let enlarged = |area: Rect| Rect::new(area.x0 * factor, area.y0 * factor, area.x1 * factor, area.y1 * factor);
        let is_news = |area: Rect| self.news.as_ref().map_or_else(|| self.touch(area), |news| news.touch(area));
        Spots::new(size, |area| is_news(enlarged(area)) || more.iter().any(|other| other.meets(&area)))
    }

    /// Returns whether a pixel of an area, in pixels of the enlarged picture, is marked as text in any size.
    pub(super) fn touch(&self, area: Rect) -> bool {
        let Some(thresholds) = &self.thresholds else { return true };
        self.maps.iter().any(|map| map.is_marked(area, thresholds.region))
    }
}

/// Returns whether most of a line that is known, in pixels of the enlarged picture, is marked, and a good part of it in two
/// sizes.
pub(super) fn are_again(maps: &[Regions], line: &Detection, thresholds: &RegionThresholds) -> bool {
    let shares: Vec<f32> = maps.iter().map(|map| map.share(&line.quad, thresholds)).collect();
    let reach = |share: f32| shares.iter().filter(|own| **own >= share).count();
    reach(thresholds.whole) > 0 && reach(thresholds.support) >= shares.len().min(2)
}

/// Returns whether a line fills most of the upright rectangle round it.
pub(crate) fn is_upright(quad: &Quad) -> bool {
    const MOST: f32 = 0.9;
    let (left, top, right, bottom) = quads::extent(quad);
    quads::area(&quad.0) >= MOST * (right - left) * (bottom - top)
}

/// Returns a quadrilateral of a picture in pixels of the picture enlarged by a factor.
fn scaled(quad: &Quad, factor: f32) -> Quad {
    Quad(quad.0.map(|p| Point::new(p.x * factor, p.y * factor)))
}
