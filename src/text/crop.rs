//! Cuts a line out of a picture and lays it upright, at the height that a recognizer wants.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths are finite, not negative and below 2^20 before they are cast"
)]

use image::RgbImage;
use image::imageops::{self, FilterType};
use imageproc::geometric_transformations::{Border, Interpolation, warp_into_with};

use super::line::Orientation;
use super::quads;
use crate::geometry::{Point, Quad};

/// Returns the corners of a line as its text stands: the first one is the top left of the letters.
pub(super) const fn turned(quad: &Quad, orientation: Orientation) -> Quad {
    let [a, b, c, d] = quad.0;
    match orientation {
        Orientation::Upright => Quad([a, b, c, d]),
        Orientation::Clockwise90 => Quad([b, c, d, a]),
        Orientation::UpsideDown => Quad([c, d, a, b]),
        Orientation::Clockwise270 => Quad([d, a, b, c]),
    }
}

/// Returns how wide a line is at a height, or `None` if it has no area or is no rectangle of a picture at all.
pub(super) fn width_at(quad: &Quad, height: u32) -> Option<u32> {
    const LIMIT: f32 = (1 << 20) as f32;
    let (along, down) = quads::sides(quad);
    let is_line = quad.0.iter().all(|p| p.x.abs() < LIMIT && p.y.abs() < LIMIT) && along >= 1.0 && down >= 1.0;
    is_line.then(|| ((along / down * height as f32).round() as u32).max(1))
}

/// Returns the pixels of a line, its first corner at the top left, `width` × `height` of them.
///
/// Small text is enlarged linearly, large text is reduced by the mean of the pixels that fall together. What lies
/// outside of the picture has the color of the nearest pixel.
pub(super) fn line(image: &RgbImage, quad: &Quad, width: u32, height: u32) -> RgbImage {
    let (along, down) = quads::sides(quad);
    // Reducing by more than a half would skip pixels.
    let factor = |side: f32, size: u32| ((side / size as f32).ceil() as u32).max(1);
    let (across, downward) = (factor(along, width), factor(down, height));
    let mut lines = RgbImage::new(width * across, height * downward);
    let [a, b, _, d] = quad.0;
    let step = |to: Point, count: u32| ((to.x - a.x) / count as f32, (to.y - a.y) / count as f32);
    let ((ux, uy), (vx, vy)) = (step(b, lines.width()), step(d, lines.height()));
    // Centers of pixels lie at halves in the frame and at whole numbers in what is interpolated.
    let at = |x: f32, y: f32| {
        let (x, y) = (x + 0.5, y + 0.5);
        (a.x + x * ux + y * vx - 0.5, a.y + x * uy + y * vy - 0.5)
    };
    // Cubic interpolation costs more and reads no better: of 1000 rendered lines it lost 6 with the small network and 3
    // with the tiny one, among letters below 10 pixels too.
    warp_into_with(image, at, Interpolation::Bilinear, Border::Replicate, &mut lines);
    if across > 1 || downward > 1 { imageops::resize(&lines, width, height, FilterType::Triangle) } else { lines }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use image::{Pixel, Rgb};

    /// Red grows to the right, green downward.
    fn ramp() -> RgbImage {
        RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8 * 5, y as u8 * 5, 0]))
    }

    #[test]
    fn a_line_at_its_own_size_is_its_pixels() {
        let quad = Quad::from_rect(Rect::new(5, 7, 25, 17));
        let line = line(&ramp(), &quad, 20, 10);
        assert_eq!(line, imageops::crop_imm(&ramp(), 5, 7, 20, 10).to_image());
    }

    #[test]
    fn a_turned_line_is_laid_upright() {
        let quad = Quad::from_rect(Rect::new(5, 7, 25, 17));
        let own = imageops::crop_imm(&ramp(), 5, 7, 20, 10).to_image();
        let at = |orientation, width, height| line(&ramp(), &turned(&quad, orientation), width, height);
        assert_eq!(at(Orientation::UpsideDown, 20, 10), imageops::rotate180(&own));
        assert_eq!(at(Orientation::Clockwise90, 10, 20), imageops::rotate270(&own));
        assert_eq!(at(Orientation::Clockwise270, 10, 20), imageops::rotate90(&own));
    }

    #[test]
    fn reducing_takes_the_mean_and_the_outside_is_the_border() {
        let stripes = RgbImage::from_fn(400, 200, |x, _| Rgb([if x % 2 == 0 { 200 } else { 0 }; 3]));
        let reduced = line(&stripes, &Quad::from_rect(Rect::new(100, 50, 300, 150)), 40, 20);
        assert!(reduced.pixels().all(|p| p.channels()[0].abs_diff(100) <= 12), "{:?}", reduced.get_pixel(20, 10));
        let outside =
            Quad([(-20.0, -20.0), (-5.0, -20.0), (-5.0, -10.0), (-20.0, -10.0)].map(|(x, y)| Point::new(x, y)));
        assert!(line(&stripes, &outside, 15, 10).pixels().all(|p| p.0 == [200; 3]));
    }

    #[test]
    fn what_is_no_line_has_no_width() {
        let quad = |x1: f32, y1: f32| Quad([(0.0, 0.0), (x1, 0.0), (x1, y1), (0.0, y1)].map(|(x, y)| Point::new(x, y)));
        assert_eq!(width_at(&quad(100.0, 24.0), 48), Some(200));
        for (x1, y1) in [(0.0, 10.0), (10.0, 0.5), (f32::NAN, 10.0), (f32::INFINITY, 10.0), (3e6, 10.0)] {
            assert_eq!(width_at(&quad(x1, y1), 48), None, "{x1} x {y1}");
        }
    }
}
