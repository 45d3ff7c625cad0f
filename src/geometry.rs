//! Points, rectangles and quadrilaterals in frame pixels; nothing here knows what they enclose.
//!
//! The origin is the top left corner of the top left pixel, x grows to the right and y downward, so pixel
//! (0, 0) covers the square from (0.0, 0.0) to (1.0, 1.0).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A position in frame pixels, in fractions of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// Distance from the left edge.
    pub x: f32,
    /// Distance from the top edge.
    pub y: f32,
}

impl Point {
    /// Makes a point.
    #[must_use]
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }
}

/// A half-open box of whole pixels: `x0 <= x < x1` and `y0 <= y < y1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Rect {
    /// First column.
    pub x0: u32,
    /// First row.
    pub y0: u32,
    /// First column behind the box.
    pub x1: u32,
    /// First row behind the box.
    pub y1: u32,
}

impl Rect {
    /// Makes a box from its edges.
    #[must_use]
    pub const fn new(x0: u32, y0: u32, x1: u32, y1: u32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// Returns the number of columns, 0 for an inverted box.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.x1.saturating_sub(self.x0)
    }

    /// Returns the number of rows, 0 for an inverted box.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.y1.saturating_sub(self.y0)
    }

    /// Returns the box so many columns further right and rows further down.
    #[must_use]
    pub const fn shifted(&self, x: u32, y: u32) -> Self {
        Self { x0: self.x0 + x, y0: self.y0 + y, x1: self.x1 + x, y1: self.y1 + y }
    }

    /// Returns whether a pixel lies in both.
    #[must_use]
    pub const fn meets(&self, other: &Self) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }

    /// Returns whether the box holds no pixel.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.width() == 0 || self.height() == 0
    }
}

/// A convex quadrilateral, its corners clockwise from the one that is the top left of the text when upright.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quad(pub [Point; 4]);

impl Quad {
    /// Makes the quadrilateral that covers exactly the pixels of `rect`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "frame sides are below 2^24")]
    pub fn from_rect(rect: Rect) -> Self {
        let (x0, y0, x1, y1) = (rect.x0 as f32, rect.y0 as f32, rect.x1 as f32, rect.y1 as f32);
        Self([Point::new(x0, y0), Point::new(x1, y0), Point::new(x1, y1), Point::new(x0, y1)])
    }

    /// Returns the smallest box of whole pixels that holds every pixel the quadrilateral touches, cut to a frame
    /// of `width` × `height` pixels. May be empty.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the frame before the cast")]
    #[expect(clippy::cast_precision_loss, reason = "frame sides are below 2^24")]
    pub fn bounding_box(&self, width: u32, height: u32) -> Rect {
        let fold = |pick: fn(&Point) -> f32, start: f32, f: fn(f32, f32) -> f32| self.0.iter().map(pick).fold(start, f);
        let clamp = |v: f32, max: u32| v.clamp(0.0, max as f32) as u32;
        Rect::new(
            clamp(fold(|p| p.x, f32::INFINITY, f32::min).floor(), width),
            clamp(fold(|p| p.y, f32::INFINITY, f32::min).floor(), height),
            clamp(fold(|p| p.x, f32::NEG_INFINITY, f32::max).ceil(), width),
            clamp(fold(|p| p.y, f32::NEG_INFINITY, f32::max).ceil(), height),
        )
    }
}
