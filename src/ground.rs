//! Paints over masks with what is around them, for a second look: bars of one color look like text to a network.

use crate::region::Region;
use image::{Rgb, RgbImage, imageops};

/// Paints each masked pixel of an image with the color of the open ones around it, the smoother the farther they are.
///
/// What is masked was compared with the mask before, sample by sample; only what lies open is looked at. Where all is
/// masked, or the mask is of another size, nothing changes.
pub(crate) fn paint(image: &mut RgbImage, masked: &Region) {
    if (masked.width(), masked.height()) == image.dimensions() && !masked.is_empty() {
        let mut open = vec![true; image.width() as usize * image.height() as usize];
        masked.indices().for_each(|index| open[index] = false);
        close(image, &open);
    }
}

/// Paints the pixels that are not open as a copy of half the size has them, of which a pixel is the mean of the open ones
/// it stands for, or painted itself from a smaller copy ("push-pull" interpolation).
fn close(image: &mut RgbImage, open: &[bool]) {
    let (width, height) = image.dimensions();
    if width.max(height) <= 1 || open.iter().all(|&own| own) {
        return;
    }
    let mut half = RgbImage::new(width.div_ceil(2), height.div_ceil(2));
    let mut half_open = Vec::with_capacity(half.width() as usize * half.height() as usize);
    let is_open = |x: u32, y: u32| open[y as usize * width as usize + x as usize];
    for (half_x, half_y, mean) in half.enumerate_pixels_mut() {
        let (mut sums, mut count) = ([0_u16; 3], 0);
        for y in 2 * half_y..(2 * half_y + 2).min(height) {
            for x in (2 * half_x..(2 * half_x + 2).min(width)).filter(|&x| is_open(x, y)) {
                count += 1;
                for (sum, own) in sums.iter_mut().zip(image.get_pixel(x, y).0) {
                    *sum += u16::from(own);
                }
            }
        }
        half_open.push(count > 0);
        if count > 0 {
            *mean = Rgb(sums.map(|sum| u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX)));
        }
    }
    close(&mut half, &half_open);
    #[expect(clippy::cast_precision_loss, reason = "frame sides are below 2^24")]
    let at = |pixel: u32, end: u32| (pixel as f32 / 2.0 - 0.25).clamp(0.0, (end - 1) as f32);
    for (x, y, pixel) in image.enumerate_pixels_mut().filter(|(x, y, _)| !is_open(*x, *y)) {
        if let Some(own) = imageops::interpolate_bilinear(&half, at(x, half.width()), at(y, half.height())) {
            *pixel = own;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    /// A picture that is brighter from column 100 on, with black where it is masked; as it is and painted.
    fn painted(masks: &[Rect]) -> (RgbImage, RgbImage) {
        let mut masked = Region::new(200, 100);
        masks.iter().for_each(|&mask| masked.add_rect(mask));
        let ground = |x| Rgb([if x < 100 { 60 } else { 180 }, 20, 30]);
        let image = RgbImage::from_fn(200, 100, |x, y| if masked.contains(x, y) { Rgb([0; 3]) } else { ground(x) });
        let mut painted = image.clone();
        paint(&mut painted, &masked);
        (image, painted)
    }

    #[test]
    fn a_mask_takes_the_color_of_its_surroundings_and_nothing_else_changes() {
        let [left, both, block] = [Rect::new(10, 10, 60, 24), Rect::new(80, 50, 120, 64), Rect::new(0, 60, 60, 100)];
        let (image, painted) = painted(&[left, both, block]);
        for (x, y, pixel) in painted.enumerate_pixels() {
            let is_in = |area: Rect| area.meets(&Rect::new(x, y, x + 1, y + 1));
            if is_in(left) {
                assert_eq!(pixel.0, [60, 20, 30], "{x} {y}");
            } else if is_in(both) || is_in(block) {
                assert!((60..=180).contains(&pixel[0]) && pixel.0[1..] == [20, 30], "{x} {y}: {pixel:?}");
            } else {
                assert_eq!(pixel, image.get_pixel(x, y), "{x} {y}");
            }
        }
        assert!(painted.get_pixel(81, 57)[0] < 90 && painted.get_pixel(118, 57)[0] > 150);
    }

    #[test]
    fn what_is_masked_whole_stays_as_it_is() {
        let (image, painted) = painted(&[Rect::new(0, 0, 200, 100)]);
        assert_eq!(image, painted);
    }

    #[test]
    fn a_mask_of_another_size_changes_nothing() {
        let image = RgbImage::from_pixel(30, 20, Rgb([7; 3]));
        let mut other = image.clone();
        paint(&mut other, &Region::whole((20, 30)));
        assert_eq!(image, other);
    }
}
