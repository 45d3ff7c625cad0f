//! A set of pixels of one frame: what a mask covers.

use crate::geometry::{Quad, Rect};

/// Pixels of a frame of `width` × `height`, as a bitmap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    width: u32,
    height: u32,
    covered: Vec<bool>,
}

impl Region {
    /// Makes an empty region.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        Self { width, height, covered: vec![false; width as usize * height as usize] }
    }

    /// Makes a region of all pixels of a frame of `size`, columns and rows.
    #[must_use]
    pub fn whole((width, height): (u32, u32)) -> Self {
        Self { width, height, covered: vec![true; width as usize * height as usize] }
    }

    /// Returns the frame's columns.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Returns the frame's rows.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Returns whether no pixel is covered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.covered.contains(&true)
    }

    /// Returns the number of covered pixels.
    #[must_use]
    pub fn area(&self) -> u64 {
        self.covered.iter().filter(|&&pixel| pixel).count() as u64
    }

    /// Returns whether the pixel is covered.
    ///
    /// # Panics
    ///
    /// If it is outside the frame.
    #[must_use]
    pub fn contains(&self, x: u32, y: u32) -> bool {
        self.covered[y as usize * self.width as usize + x as usize]
    }

    /// Returns the covered pixels as indices `y * width + x`, ascending.
    pub fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.covered.iter().enumerate().filter_map(|(index, &pixel)| pixel.then_some(index))
    }

    /// Adds a box; parts outside the frame are ignored.
    pub fn add_rect(&mut self, rect: Rect) {
        for y in rect.y0..rect.y1.min(self.height) {
            self.add_row(y, rect.x0, rect.x1);
        }
    }

    /// Takes a box away; parts outside the frame are ignored.
    pub fn remove_rect(&mut self, rect: Rect) {
        let columns = rect.x0.min(self.width) as usize..rect.x1.min(self.width) as usize;
        for y in rect.y0..rect.y1.min(self.height) {
            let row = y as usize * self.width as usize;
            if !columns.is_empty() {
                self.covered[row + columns.start..row + columns.end].fill(false);
            }
        }
    }

    /// Adds around each pixel the box that `maskable` gives for it.
    #[must_use]
    pub fn grown(&self, maskable: impl Fn(Rect) -> Rect) -> Self {
        let mut grown = self.clone();
        for pixel in self.indices() {
            let pixel = u32::try_from(pixel).expect("frames have fewer than 2^32 pixels");
            let (x, y) = (pixel % self.width, pixel / self.width);
            let own = Rect::new(x, y, x + 1, y + 1);
            let area = maskable(own);
            if area != own {
                grown.add_rect(area);
            }
        }
        grown
    }

    /// Adds every pixel that the quadrilateral touches, however little; parts outside the frame are ignored.
    ///
    /// ```text
    ///   quad from (1.2, 0) to (2.8, 1)      . # # .
    /// ```
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the frame before the cast")]
    #[expect(clippy::cast_precision_loss, reason = "frame sides are below 2^24")]
    pub fn add_quad(&mut self, quad: &Quad) {
        let bounds = quad.bounding_box(self.width, self.height);
        for y in bounds.y0..bounds.y1 {
            let (top, bottom) = (y as f32, y as f32 + 1.0);
            let mut reach = (f32::INFINITY, f32::NEG_INFINITY);
            for i in 0..4 {
                let (a, b) = (quad.0[i], quad.0[(i + 1) % 4]);
                if a.y.max(b.y) < top || a.y.min(b.y) > bottom {
                    continue;
                }
                // The part of the edge inside this row of pixels; a level edge counts whole.
                let at = |y: f32| if a.y == b.y { a.x } else { a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y) };
                let ends = if a.y == b.y {
                    [a.x, b.x]
                } else {
                    let (low, high) = (a.y.min(b.y), a.y.max(b.y));
                    [at(top.clamp(low, high)), at(bottom.clamp(low, high))]
                };
                for x in ends {
                    reach = (reach.0.min(x), reach.1.max(x));
                }
            }
            if reach.0 <= reach.1 {
                let clamp = |x: f32| x.clamp(0.0, self.width as f32) as u32;
                self.add_row(y, clamp(reach.0.floor()), clamp(reach.1.ceil()));
            }
        }
    }

    /// Adds all pixels of `other`.
    ///
    /// # Panics
    ///
    /// If the frames differ in size.
    pub fn union(&mut self, other: &Self) {
        assert_eq!((self.width, self.height), (other.width, other.height), "regions of one frame size");
        for (own, &theirs) in self.covered.iter_mut().zip(&other.covered) {
            *own |= theirs;
        }
    }

    fn add_row(&mut self, y: u32, x0: u32, x1: u32) {
        let row = y as usize * self.width as usize;
        let (x0, x1) = (x0.min(self.width) as usize, x1.min(self.width) as usize);
        if x0 < x1 {
            self.covered[row + x0..row + x1].fill(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use proptest::prelude::*;

    #[test]
    fn a_touched_pixel_is_covered() {
        let mut region = Region::new(4, 1);
        region.add_quad(&Quad([
            Point::new(1.2, 0.0),
            Point::new(2.8, 0.0),
            Point::new(2.8, 1.0),
            Point::new(1.2, 1.0),
        ]));
        assert_eq!(region.indices().collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn parts_outside_the_frame_are_ignored() {
        let mut region = Region::new(3, 2);
        region.add_quad(&Quad([
            Point::new(-5.0, -5.0),
            Point::new(50.0, -5.0),
            Point::new(50.0, 50.0),
            Point::new(-5.0, 50.0),
        ]));
        assert_eq!(region.area(), 6);
        region.add_rect(Rect::new(2, 1, 9, 9));
        assert_eq!(region.area(), 6);
    }

    #[test]
    fn a_box_is_taken_away_and_nothing_else() {
        let mut region = Region::new(3, 2);
        region.add_rect(Rect::new(0, 0, 3, 2));
        region.remove_rect(Rect::new(1, 1, 9, 9));
        assert_eq!(region.indices().collect::<Vec<_>>(), [0, 1, 2, 3]);
        region.remove_rect(Rect::new(7, 0, 9, 9));
        assert_eq!(region.area(), 4);
    }

    proptest! {
        #[test]
        fn every_pixel_whose_center_is_inside_is_covered(
            cx in -5.0f32..25.0, cy in -5.0f32..25.0, w in 0.5f32..20.0, h in 0.5f32..20.0, angle in 0.0f32..6.3,
        ) {
            let (sin, cos) = angle.sin_cos();
            let corner = |dx: f32, dy: f32| Point::new(cx + dx * cos - dy * sin, cy + dx * sin + dy * cos);
            let (a, b) = (w / 2.0, h / 2.0);
            let mut region = Region::new(20, 20);
            region.add_quad(&Quad([corner(-a, -b), corner(a, -b), corner(a, b), corner(-a, b)]));
            for y in 0u8..20 {
                for x in 0u8..20 {
                    let (dx, dy) = (f32::from(x) + 0.5 - cx, f32::from(y) + 0.5 - cy);
                    let (u, v) = (dx * cos + dy * sin, -dx * sin + dy * cos);
                    if u.abs() < a - 1e-3 && v.abs() < b - 1e-3 {
                        prop_assert!(region.contains(x.into(), y.into()), "{x} {y}");
                    }
                }
            }
        }
    }
}
