//! Which pixels can be masked by themselves: in some stored forms only whole blocks, whose border a decoder may blur.

use crate::geometry::Rect;
use crate::region::Region;

/// The unit in which the pixels of a stored frame can be masked.
///
/// Decoders that smooth subsampled chroma compute a pixel from samples of the blocks within `reach` of it, so the color
/// of a masked block can show in its neighbors and the other way round. Brightness never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grain {
    /// Columns of a block.
    pub width: u32,
    /// Rows of a block.
    pub height: u32,
    /// Pixels to the left and right, and above and below, from which a decoded pixel may take color.
    pub reach: (u32, u32),
}

impl Grain {
    /// Every pixel for itself.
    pub const PIXEL: Self = Self { width: 1, height: 1, reach: (0, 0) };
    /// Pairs of pixels in a row, which share their chroma. An odd last column is a pair of its own.
    pub const PAIR: Self = Self { width: 2, height: 1, reach: (0, 0) };

    /// Returns the smallest box around all that may change when `area` is masked in a frame of this size.
    #[must_use]
    pub fn changed(self, area: Rect, columns: u32, rows: u32) -> Rect {
        let (x, y) = self.reach;
        if area.is_empty() {
            return area;
        }
        let low = |at: u32, reach: u32, side: u32| (at.saturating_sub(reach) / side * side).saturating_sub(reach);
        let high = |at: u32, reach: u32, side: u32, limit: u32| {
            ((at + reach).min(limit).next_multiple_of(side) + reach).min(limit)
        };
        Rect {
            x0: low(area.x0, x, self.width),
            y0: low(area.y0, y, self.height),
            x1: high(area.x1, x, self.width, columns),
            y1: high(area.y1, y, self.height, rows),
        }
    }

    /// Returns the blocks that have to be masked for `region` to be gone in every decoder: those it touches, and those
    /// whose color reaches into it.
    #[must_use]
    pub fn blocks(self, region: &Region) -> Blocks {
        let (columns, rows) = (region.width().div_ceil(self.width), region.height().div_ceil(self.height));
        let mut masked = vec![false; columns as usize * rows as usize];
        for pixel in region.indices() {
            let pixel = u32::try_from(pixel).expect("frames have fewer than 2^32 pixels");
            let (x, y) = (pixel % region.width(), pixel / region.width());
            let (left, top) = (x.saturating_sub(self.reach.0), y.saturating_sub(self.reach.1));
            let right = (x + self.reach.0).min(region.width() - 1);
            let bottom = (y + self.reach.1).min(region.height() - 1);
            for by in top / self.height..=bottom / self.height {
                for bx in left / self.width..=right / self.width {
                    masked[by as usize * columns as usize + bx as usize] = true;
                }
            }
        }
        Blocks { grain: self, width: region.width(), height: region.height(), columns, masked }
    }
}

/// The blocks of a frame that are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    grain: Grain,
    width: u32,
    height: u32,
    columns: u32,
    masked: Vec<bool>,
}

impl Blocks {
    /// Returns the unit.
    #[must_use]
    pub const fn grain(&self) -> Grain {
        self.grain
    }

    /// Returns whether the block in this column and row of blocks is masked; blocks outside the frame never are.
    #[must_use]
    pub fn contains(&self, column: usize, row: usize) -> bool {
        let columns = self.columns as usize;
        column < columns && self.masked.get(row * columns + column).copied().unwrap_or(false)
    }

    /// Returns the pixels of the masked blocks.
    #[must_use]
    pub fn pixels(&self) -> Region {
        let mut region = Region::new(self.width, self.height);
        self.each(true, |rect| region.add_rect(rect));
        region
    }

    /// Returns the pixels that hold nothing but the fill in every decoder: masked blocks without the rim that takes
    /// color from blocks beside them.
    #[must_use]
    pub fn core(&self) -> Region {
        let mut region = self.pixels();
        if self.grain.reach != (0, 0) {
            self.each(false, |rect| region.remove_rect(self.grown(rect)));
        }
        region
    }

    /// Returns the pixels that may differ from the input's in some decoder: masked blocks and the rim around them.
    #[must_use]
    pub fn changed(&self) -> Region {
        let mut region = Region::new(self.width, self.height);
        self.each(true, |rect| region.add_rect(self.grown(rect)));
        region
    }

    /// Calls `f` with the box of each block that is masked, or is not.
    fn each(&self, masked: bool, mut f: impl FnMut(Rect)) {
        let Grain { width, height, .. } = self.grain;
        for (index, _) in self.masked.iter().enumerate().filter(|&(_, &own)| own == masked) {
            let index = u32::try_from(index).expect("frames have fewer than 2^32 blocks");
            let (x, y) = (index % self.columns * width, index / self.columns * height);
            f(Rect::new(x, y, x + width, y + height));
        }
    }

    fn grown(&self, rect: Rect) -> Rect {
        let (x, y) = self.grain.reach;
        Rect::new(rect.x0.saturating_sub(x), rect.y0.saturating_sub(y), rect.x1 + x, rect.y1 + y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region(area: Rect, width: u32, height: u32) -> Region {
        let mut region = Region::new(width, height);
        region.add_rect(area);
        region
    }

    #[test]
    fn pairs_are_masked_whole() {
        let blocks = Grain::PAIR.blocks(&region(Rect::new(1, 0, 2, 1), 5, 2));
        assert_eq!(blocks.pixels().indices().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(blocks.core(), blocks.changed());
        let blocks = Grain::PAIR.blocks(&region(Rect::new(4, 1, 5, 2), 5, 2));
        assert_eq!(blocks.pixels().indices().collect::<Vec<_>>(), [9], "the last column of an odd row");
    }

    #[test]
    fn a_pixel_at_the_edge_of_a_block_takes_its_neighbor_along() {
        let grain = Grain { width: 16, height: 8, reach: (1, 0) };
        let inside = grain.blocks(&region(Rect::new(17, 0, 31, 8), 64, 16));
        assert_eq!(inside.pixels(), region(Rect::new(16, 0, 32, 8), 64, 16));
        assert_eq!(inside.core(), region(Rect::new(17, 0, 31, 8), 64, 16));
        assert_eq!(inside.changed(), region(Rect::new(15, 0, 33, 8), 64, 16));
        let edge = grain.blocks(&region(Rect::new(17, 0, 32, 8), 64, 16));
        assert_eq!(edge.pixels(), region(Rect::new(16, 0, 48, 8), 64, 16));
    }

    proptest! {
        #[test]
        fn what_was_asked_for_is_in_the_core_and_the_core_in_what_changes(
            x in 0u32..40, y in 0u32..30, w in 1u32..20, h in 1u32..20,
            side in prop::sample::select(vec![(8, 8, 0, 0), (16, 16, 1, 1), (16, 8, 1, 0), (32, 8, 3, 0), (1, 1, 0, 0)]),
        ) {
            let grain = Grain { width: side.0, height: side.1, reach: (side.2, side.3) };
            let area = Rect::new(x, y, (x + w).min(41), (y + h).min(31));
            let asked = region(area, 41, 31);
            let blocks = grain.blocks(&asked);
            let (core, pixels, changed) = (blocks.core(), blocks.pixels(), blocks.changed());
            let bounds = grain.changed(area, 41, 31);
            for y in 0..31 {
                for x in 0..41 {
                    prop_assert!(!asked.contains(x, y) || core.contains(x, y));
                    prop_assert!(!core.contains(x, y) || pixels.contains(x, y));
                    prop_assert!(!pixels.contains(x, y) || changed.contains(x, y));
                    let inside = (bounds.x0..bounds.x1).contains(&x) && (bounds.y0..bounds.y1).contains(&y);
                    prop_assert_eq!(changed.contains(x, y), inside);
                }
            }
        }
    }
}
