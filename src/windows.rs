//! What of a frame has to be looked at again after the frame before it: where pixels changed, with what is around them.

use crate::geometry::{Quad, Rect};
use crate::text;
use image::RgbImage;
use ndarray::{Array2, s};

/// Side of the cells that are compared, in pixels: a block of JPEG with subsampled chroma. Neighbors of a changed block
/// differ only where a decoder smooths chroma over its border.
const CELL: u32 = 16;

/// Pixels around what changed that the networks are shown too. The small network sees as far with its strongest weights;
/// text whose pixels changed lies in the window whole, so that this is ground.
const AROUND: u32 = 64;

/// Cells of one line that changed are no further apart than this, in pixels: what stands between its letters need not change.
const NEAR: u32 = 32;

/// Windows begin at multiples of this, in pixels of the frame, so that a network that halves a picture sees the same pixels
/// fall together as in the whole frame.
const STEP: u32 = 32;

/// Windows of more than this share of a frame in all are no cheaper than the frame.
const MOST: f64 = 0.75;

/// More windows than this are one: joining them takes the square of their number.
const MOST_WINDOWS: usize = 64;

/// The cells of a frame, and which of them differ from another frame.
#[derive(Debug)]
pub(crate) struct Changes {
    size: (u32, u32),
    changed: Array2<bool>,
    /// The box round the pixels of each cell that differ; empty where none does.
    differing: Array2<Rect>,
}

impl Changes {
    /// Compares two frames; `None` if they are of different size.
    pub(crate) fn between(before: &RgbImage, now: &RgbImage) -> Option<Self> {
        if before.dimensions() != now.dimensions() {
            return None;
        }
        let (width, height) = now.dimensions();
        let cells = |side: u32| side.div_ceil(CELL) as usize;
        let mut differing = Array2::from_elem((cells(height), cells(width)), Rect::new(0, 0, 0, 0));
        let row = width as usize * 3;
        for (y, (before, now)) in before.as_raw().chunks_exact(row).zip(now.as_raw().chunks_exact(row)).enumerate() {
            if before == now {
                continue;
            }
            let y = u32::try_from(y).unwrap_or(u32::MAX);
            let own = differing.row_mut((y / CELL) as usize);
            let cells = before.chunks(CELL as usize * 3).zip(now.chunks(CELL as usize * 3));
            for ((own, (before, now)), x) in own.into_iter().zip(cells).zip((0..width).step_by(CELL as usize)) {
                if before != now {
                    let differs = |at: &u32| before[*at as usize * 3..][..3] != now[*at as usize * 3..][..3];
                    let columns = 0..CELL.min(width - x);
                    let (first, last) = (columns.clone().find(differs), columns.rev().find(differs));
                    let own_row = Rect::new(x + first.unwrap_or(0), y, x + last.unwrap_or(0) + 1, y + 1);
                    *own = if own.is_empty() { own_row } else { around(*own, own_row) };
                }
            }
        }
        let changed = differing.map(|own| !own.is_empty());
        Some(Self { size: (width, height), changed, differing })
    }

    /// Returns whether no pixel differs.
    pub(crate) fn is_empty(&self) -> bool {
        !self.changed.iter().any(|&changed| changed)
    }

    /// Returns whether a pixel changed in or beside what is masked if a quadrilateral is.
    pub(crate) fn touch(&self, quad: &Quad) -> bool {
        let area = text::pad(quad).bounding_box(self.size.0, self.size.1);
        self.differ(Rect::new(area.x0.saturating_sub(1), area.y0.saturating_sub(1), area.x1 + 1, area.y1 + 1))
    }

    /// Returns whether a pixel of an area changed, or lies between two of a cell that did.
    pub(crate) fn differ(&self, area: Rect) -> bool {
        let [rows, columns] = self.cells(area);
        self.differing.slice(s![rows, columns]).iter().any(|own| own.meets(&area))
    }

    /// Returns the parts of the frame that hold all that changed, and all of `also`, with what is around them; no two
    /// overlap. The whole frame is one part where parts are no cheaper.
    pub(crate) fn windows(&self, also: &[Quad]) -> Vec<Rect> {
        let whole = Rect::new(0, 0, self.size.0, self.size.1);
        let mut parts = text::groups(&self.changed, CELL);
        parts.extend(also.iter().map(|quad| text::pad(quad).bounding_box(self.size.0, self.size.1)));
        let mut parts: Vec<Rect> = parts.into_iter().map(|part| self.grown(part)).collect();
        if parts.len() > MOST_WINDOWS {
            parts = parts.into_iter().reduce(around).into_iter().collect();
        }
        let mut windows: Vec<Rect> = Vec::new();
        while let Some(part) = parts.pop() {
            match windows.iter().position(|other| other.meets(&part)) {
                Some(index) => parts.push(around(windows.swap_remove(index), part)),
                None => windows.push(part),
            }
        }
        let area = |rect: &Rect| f64::from(rect.width()) * f64::from(rect.height());
        if windows.iter().map(area).sum::<f64>() > MOST * area(&whole) {
            return vec![whole];
        }
        windows.sort_unstable_by_key(|window| (window.y0, window.x0));
        windows
    }

    /// Returns whether an area lies so near to a cell that changed that it may show the same line, or in what is masked if
    /// one of `also` is.
    pub(crate) fn are_near(&self, area: Rect, also: &[Quad]) -> bool {
        let (x0, y0) = (area.x0.saturating_sub(NEAR), area.y0.saturating_sub(NEAR));
        self.any(Rect::new(x0, y0, area.x1 + NEAR, area.y1 + NEAR)) || self.are_masked(area, also)
    }

    /// Returns whether an area reaches into what is masked if one of some quadrilaterals is.
    pub(crate) fn are_masked(&self, area: Rect, quads: &[Quad]) -> bool {
        quads.iter().any(|quad| text::pad(quad).bounding_box(self.size.0, self.size.1).meets(&area))
    }

    /// Returns whether a cell that an area reaches into changed.
    pub(crate) fn any(&self, area: Rect) -> bool {
        let [rows, columns] = self.cells(area);
        self.changed.slice(s![rows, columns]).iter().any(|&changed| changed)
    }

    /// Returns the rows and the columns of the cells that an area reaches into.
    fn cells(&self, area: Rect) -> [std::ops::Range<usize>; 2] {
        let cells = |from: u32, to: u32, end: u32| {
            let last = to.min(end).div_ceil(CELL);
            (from / CELL).min(last) as usize..last as usize
        };
        [cells(area.y0, area.y1, self.size.1), cells(area.x0, area.x1, self.size.0)]
    }

    fn grown(&self, part: Rect) -> Rect {
        let first = |at: u32| at.saturating_sub(AROUND) / STEP * STEP;
        let last = |at: u32, end: u32| (at + AROUND).next_multiple_of(STEP).min(end);
        Rect::new(first(part.x0), first(part.y0), last(part.x1, self.size.0), last(part.y1, self.size.1))
    }
}

fn around(a: Rect, b: Rect) -> Rect {
    Rect::new(a.x0.min(b.x0), a.y0.min(b.y0), a.x1.max(b.x1), a.y1.max(b.y1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    fn changed(pixels: &[(u32, u32)]) -> Changes {
        let before = RgbImage::new(800, 600);
        let mut now = before.clone();
        pixels.iter().for_each(|&(x, y)| now.put_pixel(x, y, Rgb([0, 0, 1])));
        Changes::between(&before, &now).expect("of one size")
    }

    #[test]
    fn one_level_of_one_pixel_is_a_change() {
        assert!(changed(&[]).is_empty());
        assert_eq!(changed(&[(400, 300)]).windows(&[]), [Rect::new(320, 224, 480, 384)]);
        assert!(Changes::between(&RgbImage::new(2, 3), &RgbImage::new(3, 2)).is_none());
    }

    #[test]
    fn far_changes_have_windows_of_their_own_and_many_are_the_frame() {
        assert_eq!(changed(&[(10, 10), (700, 500)]).windows(&[]).len(), 2);
        let spread: Vec<(u32, u32)> = (0..50).flat_map(|x| (0..37).map(move |y| (x * 16, y * 16))).collect();
        assert_eq!(changed(&spread).windows(&[]), [Rect::new(0, 0, 800, 600)]);
    }

    #[test]
    fn an_area_is_looked_at_where_it_changed_or_where_a_line_was() {
        let changes = changed(&[(100, 100)]);
        assert!(changes.are_near(Rect::new(143, 90, 160, 97), &[]));
        assert!(
            !changes.are_near(Rect::new(144, 90, 160, 97), &[]) && !changes.are_near(Rect::new(96, 48, 112, 64), &[])
        );
        let line = Quad::from_rect(Rect::new(700, 500, 720, 510));
        assert!(changes.are_near(Rect::new(716, 496, 732, 512), &[line]));
        assert!(!changes.are_near(Rect::new(732, 496, 748, 512), &[line]));
    }

    #[test]
    fn a_line_is_touched_where_its_mask_is() {
        let line = Quad::from_rect(Rect::new(100, 100, 200, 112));
        let touched = |pixels: &[(u32, u32)]| changed(pixels).touch(&line);
        assert!(touched(&[(150, 105)]) && touched(&[(201, 99)]) && touched(&[(203, 114)]) && touched(&[(96, 96)]));
        assert!(
            !touched(&[(300, 105)]) && !touched(&[(150, 200)]) && !touched(&[(207, 105)]) && !touched(&[(150, 119)])
        );
        // Of a cell counts all that lies between what changed in it.
        assert!(!touched(&[(207, 95), (207, 112)]) && touched(&[(192, 119), (207, 112)]));
    }

    proptest! {
        #[test]
        fn every_changed_pixel_lies_in_a_window(pixels in prop::collection::vec((0_u32..800, 0_u32..600), 1..30)) {
            let windows = changed(&pixels).windows(&[Quad::from_rect(Rect::new(700, 500, 790, 520))]);
            let lies_in = |&(x, y): &(u32, u32)| {
                windows.iter().filter(|w| (w.x0..w.x1).contains(&x) && (w.y0..w.y1).contains(&y)).count() == 1
            };
            prop_assert!(pixels.iter().chain(&[(700, 500), (789, 519)]).all(lies_in));
        }
    }
}
