//! Where in a line that was cut out its letters stand: boxes of detectors are loose, above all round single characters.

use crate::geometry::Rect;
use image::RgbImage;

/// A pixel is of a letter if it differs from the ground by more than this, of 255, as in blocks. It is no share of what
/// differs most: dim text beside bright text must stay in sight.
const LEAST: u8 = 16;

/// Returns the rectangle round all that stands out, at least `margin` pixels from the edges, from the ground, which is what
/// most pixels show; `None` if nothing does.
pub(super) fn strokes(line: &RgbImage, margin: u32) -> Option<Rect> {
    let mut counts = [[0_u32; 256]; 3];
    for pixel in line.pixels() {
        for (counts, value) in counts.iter_mut().zip(pixel.0) {
            counts[usize::from(value)] += 1;
        }
    }
    let half = line.width() * line.height() / 2;
    let ground = counts.map(|counts| {
        let mut below = 0;
        let median = (0..=u8::MAX).find(|&value| {
            below += counts[usize::from(value)];
            below > half
        });
        median.unwrap_or_default()
    });
    let is_letter =
        |pixel: &image::Rgb<u8>| pixel.0.iter().zip(ground).any(|(value, ground)| value.abs_diff(ground) > LEAST);
    let [columns, rows] = [line.width(), line.height()].map(|side| margin..side.saturating_sub(margin));
    let inner = line.enumerate_pixels().filter(|(x, y, _)| columns.contains(x) && rows.contains(y));
    inner.filter(|(_, _, pixel)| is_letter(pixel)).fold(None, |found: Option<Rect>, (x, y, _)| {
        let Some(own) = found else { return Some(Rect::new(x, y, x + 1, y + 1)) };
        Some(Rect::new(own.x0.min(x), own.y0.min(y), own.x1.max(x + 1), own.y1.max(y + 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn letters_are_what_stands_out() {
        let mut line = RgbImage::from_pixel(60, 48, Rgb([200, 180, 160]));
        assert_eq!(strokes(&line, 2), None);
        for (x, y) in [(20, 14), (31, 30)] {
            line.put_pixel(x, y, Rgb([200, 20, 160]));
        }
        // Noise is no letter, and what reaches in from a line below none of this one's.
        line.put_pixel(4, 40, Rgb([200, 164, 160]));
        line.put_pixel(30, 46, Rgb([0, 0, 0]));
        assert_eq!(strokes(&line, 2), Some(Rect::new(20, 14, 32, 31)));
        // Dim letters are letters beside bright ones too.
        line.put_pixel(50, 40, Rgb([200, 163, 160]));
        assert_eq!(strokes(&line, 2), Some(Rect::new(20, 14, 51, 41)));
    }
}
