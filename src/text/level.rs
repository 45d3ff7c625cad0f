//! Level rectangles in a picture or in one with rows and columns exchanged, so that what is done to rows is done to
//! columns too.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates within a picture, clamped to it before the cast"
)]

use super::quads::extent;
use crate::geometry::{Point, Quad};
use image::RgbImage;
use std::ops::Range;

/// The largest slope of a line that counts as level: about a pixel over the length of a short word.
const LEVEL: f32 = 0.05;

/// A level rectangle; in a transposed picture, `x` and `y` are exchanged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) x0: f32,
    pub(super) y0: f32,
    pub(super) x1: f32,
    pub(super) y1: f32,
}

impl Level {
    /// Returns the rectangle of a line that is level or upright.
    pub(super) fn new(quad: &Quad, transposed: bool) -> Option<Self> {
        let [a, b, c, d] = quad.0;
        let is_level = [(a, b), (d, c)].iter().all(|(from, to)| (to.y - from.y).abs() <= LEVEL * (to.x - from.x).abs());
        let is_upright =
            [(a, d), (b, c)].iter().all(|(from, to)| (to.x - from.x).abs() <= LEVEL * (to.y - from.y).abs() + 1.0);
        let (x0, y0, x1, y1) = extent(quad);
        (is_level && is_upright).then_some(if transposed {
            Self { x0: y0, y0: x0, x1: y1, y1: x1 }
        } else {
            Self { x0, y0, x1, y1 }
        })
    }

    pub(super) fn quad(self, transposed: bool) -> Quad {
        let Self { x0, y0, x1, y1 } =
            if transposed { Self { x0: self.y0, y0: self.x0, x1: self.y1, y1: self.x1 } } else { self };
        Quad([(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|(x, y)| Point::new(x, y)))
    }

    pub(super) fn height(self) -> f32 {
        self.y1 - self.y0
    }

    pub(super) fn holds(self, x: u32, y: u32) -> bool {
        let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
        self.x0 <= x && x < self.x1 && self.y0 <= y && y < self.y1
    }
}

/// A picture, or the same with rows and columns exchanged.
#[derive(Clone, Copy)]
pub(super) struct Picture<'a> {
    pub(super) image: &'a RgbImage,
    pub(super) transposed: bool,
}

/// The least and the most value of some pixels in each channel.
#[derive(Clone, Copy)]
struct Values {
    least: [u8; 3],
    most: [u8; 3],
}

impl Values {
    const NONE: Self = Self { least: [u8::MAX; 3], most: [u8::MIN; 3] };

    fn add(&mut self, pixel: [u8; 3]) {
        for (channel, value) in pixel.into_iter().enumerate() {
            self.least[channel] = self.least[channel].min(value);
            self.most[channel] = self.most[channel].max(value);
        }
    }

    /// Returns the largest difference in a channel.
    fn contrast(self) -> u8 {
        self.least.into_iter().zip(self.most).map(|(least, most)| most.saturating_sub(least)).max().unwrap_or(0)
    }
}

impl Picture<'_> {
    /// Returns the range of values in each channel of some pixels of a rectangle, the largest of the three.
    pub(super) fn contrast(self, area: Level, is_meant: impl Fn(u32, u32) -> bool) -> u8 {
        let mut values = Values::NONE;
        let (columns, rows) = self.spans(area);
        for y in rows {
            for x in columns.clone().filter(|x| is_meant(*x, y)) {
                values.add(self.pixel(x, y));
            }
        }
        values.contrast()
    }

    /// Returns how many rows of a rectangle, from its start or from its end, together show a contrast of no more than
    /// `limit`; all of them if it does so itself.
    pub(super) fn plain_rows(self, area: Level, limit: u8, from_end: bool) -> u32 {
        let mut values = Values::NONE;
        let (columns, rows) = self.spans(area);
        let mut is_plain = |y: u32| {
            columns.clone().for_each(|x| values.add(self.pixel(x, y)));
            values.contrast() <= limit
        };
        let plain = |y: &u32| is_plain(*y);
        (if from_end { rows.rev().take_while(plain).count() } else { rows.take_while(plain).count() }) as u32
    }

    fn pixel(self, x: u32, y: u32) -> [u8; 3] {
        (if self.transposed { self.image.get_pixel(y, x) } else { self.image.get_pixel(x, y) }).0
    }

    /// Returns the columns and the rows of a rectangle that lie in the picture.
    fn spans(self, area: Level) -> (Range<u32>, Range<u32>) {
        let (width, height) = self.image.dimensions();
        let (width, height) = if self.transposed { (height, width) } else { (width, height) };
        let span = |from: f32, to: f32, end: u32| from.max(0.0).floor() as u32..(to.max(0.0).ceil() as u32).min(end);
        (span(area.x0, area.x1, width), span(area.y0, area.y1, height))
    }
}

#[cfg(test)]
pub(super) mod testing {
    use crate::geometry::{Quad, Rect};
    use crate::text::Detection;
    use image::{Rgb, RgbImage};

    pub(in crate::text) fn quad(x0: u32, y0: u32, x1: u32, y1: u32) -> Quad {
        Quad::from_rect(Rect::new(x0, y0, x1, y1))
    }

    pub(in crate::text) fn line(x0: u32, y0: u32, x1: u32, y1: u32) -> Detection {
        Detection { quad: quad(x0, y0, x1, y1), score: 0.5 }
    }

    /// Bars of letters on black.
    pub(in crate::text) fn picture(letters: &[[u32; 4]]) -> RgbImage {
        let mut image = RgbImage::new(120, 80);
        for &[x0, y0, x1, y1] in letters {
            for (x, y) in (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y))) {
                image.put_pixel(x, y, Rgb([200; 3]));
            }
        }
        image
    }
}
