//! Turned rectangles of a gray picture, and the pixels in them.

use image::{GrayImage, Luma};

use crate::geometry::{Point, Quad};

/// A rectangle with its own axes: `u` along the direction (`cos`, `sin`), `v` a quarter turn clockwise of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Patch {
    pub cos: f32,
    pub sin: f32,
    /// First and last position along the first axis…
    pub u: (f32, f32),
    /// …and along the second.
    pub v: (f32, f32),
}

/// Lines of a side may leave it by this many pixels inward to find where it is plain.
const INWARD: f32 = 8.0;

/// How far a side is sought outward: a fixed way, and a share of the other sides.
const OUTWARD: (f32, f32) = (12.0, 0.1);

/// A line is plain if all but this share of its pixels are light, or dark.
const PLAIN: f32 = 0.97;

/// As many plain lines side by side are plain ground.
const QUIET_LINES: u8 = 4;

/// As many pixels of a patch are looked at to learn how dark and how light it is.
const MOST_PIXELS: f32 = 4000.0;
/// As many pixels of a line along a side are looked at to learn whether it is plain.
const LINE_PIXELS: f32 = 120.0;

impl Patch {
    /// Returns the smallest patch at `angle` that holds squares of side `side` round each of `points`.
    pub fn round(points: impl Iterator<Item = (f32, f32)>, side: f32, angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        let mut patch = Self { cos, sin, u: (f32::MAX, f32::MIN), v: (f32::MAX, f32::MIN) };
        for (x, y) in points {
            let (u, v) = (x * cos + y * sin, y * cos - x * sin);
            patch.u = (patch.u.0.min(u - side / 2.0), patch.u.1.max(u + side / 2.0));
            patch.v = (patch.v.0.min(v - side / 2.0), patch.v.1.max(v + side / 2.0));
        }
        patch
    }

    pub fn width(&self) -> f32 {
        self.u.1 - self.u.0
    }

    pub fn height(&self) -> f32 {
        self.v.1 - self.v.0
    }

    /// Returns the patch with `along` and `across` added at both ends of its axes.
    pub fn grown(self, along: f32, across: f32) -> Self {
        Self { u: (self.u.0 - along, self.u.1 + along), v: (self.v.0 - across, self.v.1 + across), ..self }
    }

    /// Returns the same rectangle with its second axis as its first.
    pub fn turned(self) -> Self {
        Self { cos: -self.sin, sin: self.cos, u: self.v, v: (-self.u.1, -self.u.0) }
    }

    fn point(&self, u: f32, v: f32) -> Point {
        Point::new(u * self.cos - v * self.sin, u * self.sin + v * self.cos)
    }

    /// Returns the corners, multiplied by `scale`.
    pub fn quad(&self, scale: f32) -> Quad {
        let corners = [(self.u.0, self.v.0), (self.u.1, self.v.0), (self.u.1, self.v.1), (self.u.0, self.v.1)];
        Quad(corners.map(|(u, v)| self.point(u, v)).map(|point| Point::new(point.x * scale, point.y * scale)))
    }

    /// Returns where the corners of a quadrilateral in the picture that [`Patch::cut`] makes lie in the picture it is cut
    /// from.
    pub fn uncut(&self, quad: &Quad, zoom: f32) -> Quad {
        Quad(quad.0.map(|corner| self.point(self.u.0 + corner.x / zoom, self.v.0 + corner.y / zoom)))
    }

    /// Returns the brightness at a position, `None` outside of the picture.
    pub fn sample(&self, image: &GrayImage, u: f32, v: f32) -> Option<f32> {
        let point = self.point(u, v);
        sample(image, point.x, point.y)
    }

    /// Returns pixels of the patch, evenly spread, and the 5th and 95th of a hundred of them.
    pub fn pixels(&self, image: &GrayImage) -> (Vec<f32>, f32, f32) {
        let step = (self.width() * self.height() / MOST_PIXELS).sqrt().max(1.0);
        let mut pixels: Vec<f32> = steps(self.v, step)
            .flat_map(|v| steps(self.u, step).map(move |u| (u, v)))
            .filter_map(|(u, v)| self.sample(image, u, v))
            .collect();
        if pixels.is_empty() {
            return (pixels, 0.0, 0.0);
        }
        let last = pixels.len() - 1;
        let low = *pixels.select_nth_unstable_by(last / 20, f32::total_cmp).1;
        let high = *pixels.select_nth_unstable_by(last - last / 20, f32::total_cmp).1;
        (pixels, low, high)
    }

    /// Moves each side outward to where a line along it is plain, and returns how plain the plainest lines near the
    /// four sides are, 0..=1, on average. A side without a plain line is moved by half of the way.
    pub fn settled(self, image: &GrayImage, low: f32, high: f32) -> (Self, f32) {
        let (dark, light) = (low + 0.25 * (high - low), high - 0.25 * (high - low));
        let mut settled = self;
        let mut total = 0.0;
        for side in 0..4 {
            let length = if side < 2 { self.width() } else { self.height() };
            let way = OUTWARD.0 + OUTWARD.1 * length;
            let mut best = 0.0_f32;
            let mut end = None;
            let mut plain = 0_u8;
            for distance in steps((-INWARD, way), 1.0) {
                let share = self.plainness(image, side, distance, (dark, light));
                best = best.max(share);
                // A single line inside of the code may be plain: the border of a Data Matrix is.
                plain = if share < PLAIN { 0 } else { plain + 1 };
                if plain == QUIET_LINES {
                    end = Some(distance + 1.0 - f32::from(QUIET_LINES));
                    break;
                }
            }
            let distance = end.unwrap_or(way / 2.0).max(0.0) + 1.0;
            match side {
                0 => settled.v.0 -= distance,
                1 => settled.v.1 += distance,
                2 => settled.u.0 -= distance,
                _ => settled.u.1 += distance,
            }
            total += best;
        }
        (settled, total / 4.0)
    }

    /// Returns which share of the line along a side, `distance` outward, is light or is dark. Beside the picture, all.
    fn plainness(&self, image: &GrayImage, side: u8, distance: f32, (dark, light): (f32, f32)) -> f32 {
        let (mut count, mut darks, mut lights) = (0.0, 0.0, 0.0);
        let span = if side < 2 { self.u } else { self.v };
        for at in steps(span, ((span.1 - span.0) / LINE_PIXELS).max(1.0)) {
            let pixel = match side {
                0 => self.sample(image, at, self.v.0 - distance),
                1 => self.sample(image, at, self.v.1 + distance),
                2 => self.sample(image, self.u.0 - distance, at),
                _ => self.sample(image, self.u.1 + distance, at),
            };
            count += 1.0;
            darks += f32::from(u8::from(pixel.is_none_or(|pixel| pixel < dark)));
            lights += f32::from(u8::from(pixel.is_none_or(|pixel| pixel > light)));
        }
        if count > 0.0 { f32::max(darks, lights) / count } else { 0.0 }
    }

    /// Returns the patch as a picture of its own, `zoom` pixels for each of the picture's. Beside the picture it repeats
    /// the border.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sides are below 2^24")]
    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    pub fn cut(&self, image: &GrayImage, zoom: f32) -> GrayImage {
        let side = |length: f32| ((length * zoom).round() as u32).max(1);
        let (columns, rows) = (image.width() as f32 - 0.01, image.height() as f32 - 0.01);
        GrayImage::from_fn(side(self.width()), side(self.height()), |x, y| {
            let at = self.point(self.u.0 + (x as f32 + 0.5) / zoom, self.v.0 + (y as f32 + 0.5) / zoom);
            let value = sample(image, at.x.clamp(0.0, columns), at.y.clamp(0.0, rows)).unwrap_or(0.0);
            Luma([value.round() as u8])
        })
    }
}

/// Returns positions from half a step after the first to the last.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lengths are below 2^24 and not negative")]
#[expect(clippy::cast_precision_loss, reason = "lengths are below 2^24")]
pub(super) fn steps((first, last): (f32, f32), step: f32) -> impl Iterator<Item = f32> {
    let count = ((last - first) / step).max(0.0) as u32;
    (0..count).map(move |index| first + (index as f32 + 0.5) * step)
}

/// Returns the brightness at a point, between the four pixels round it; `None` outside of the picture.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be inside of the picture")]
#[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
fn sample(image: &GrayImage, x: f32, y: f32) -> Option<f32> {
    let (width, height) = image.dimensions();
    if !(x >= 0.0 && y >= 0.0 && x < width as f32 && y < height as f32) {
        return None;
    }
    let (x, y) = ((x - 0.5).max(0.0), (y - 0.5).max(0.0));
    let (left, top) = (x as u32, y as u32);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (dx, dy) = (x.fract(), y.fract());
    let pixels = image.as_raw();
    let pixel = |x: u32, y: u32| f32::from(pixels[y as usize * width as usize + x as usize]);
    let above = pixel(left, top) * (1.0 - dx) + pixel(right, top) * dx;
    let below = pixel(left, bottom) * (1.0 - dx) + pixel(right, bottom) * dx;
    Some(above * (1.0 - dy) + below * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_patch_is_cut_upright() {
        let image = GrayImage::from_fn(60, 60, |x, y| Luma([if x > y { 200 } else { 0 }]));
        let patch = Patch::round([(30.0, 30.0)].into_iter(), 20.0, std::f32::consts::FRAC_PI_4);
        let cut = patch.cut(&image, 1.0);
        assert_eq!(cut.dimensions(), (20, 20));
        assert!((0..20).all(|x| cut.get_pixel(x, 4).0 == [200] && cut.get_pixel(x, 15).0 == [0]));
    }

    #[test]
    fn sides_move_to_the_plain_ground_round_a_pattern() {
        let image = GrayImage::from_fn(80, 80, |x, y| {
            let inside = (20..60).contains(&x) && (20..60).contains(&y);
            Luma([if inside && (x / 2 + y / 2) % 2 == 0 { 0 } else { 250 }])
        });
        let patch = Patch { cos: 1.0, sin: 0.0, u: (24.0, 56.0), v: (18.0, 62.0) };
        let (settled, plain) = patch.settled(&image, 0.0, 250.0);
        assert!(plain > 0.99);
        assert!(
            settled.u.0 <= 20.0 && settled.u.0 >= 17.0 && settled.u.1 >= 60.0 && settled.u.1 <= 63.0,
            "{settled:?}"
        );
        assert!(settled.v.0 <= 20.0 && settled.v.1 >= 60.0, "{settled:?}");
    }
}
