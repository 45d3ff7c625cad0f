//! Paints over masks with what is around them, for a second look: bars of one color look like text to a network.

use crate::region::Region;
use image::{Rgb, RgbImage};

/// Paints each masked pixel of an image with the color of the open ones around it, the smoother the farther they are.
///
/// What is masked was compared with the mask before, sample by sample; only what lies open is looked at. Where all is
/// masked, or the mask is of another size, nothing changes.
pub(crate) fn paint(image: &mut RgbImage, masked: &Region) {
    let all = u64::from(image.width()) * u64::from(image.height());
    if (masked.width(), masked.height()) != image.dimensions() || masked.area() == all {
        return;
    }
    let mut levels = Levels::new(image, masked);
    let places = image.enumerate_pixels().map(|(x, y, _)| (x, y)).filter(|&(x, y)| masked.contains(x, y));
    let painted: Vec<(u32, u32, Rgb<u8>)> = places.map(|(x, y)| (x, y, levels.between(1, x, y))).collect();
    painted.into_iter().for_each(|(x, y, color)| image.put_pixel(x, y, color));
}

/// An image, which is level 0, and copies of it, each of half the size of the one before, down to one pixel ("push-pull"
/// interpolation). Of the copies only what is asked for is made.
struct Levels<'a> {
    image: &'a RgbImage,
    masked: &'a Region,
    /// Level 1 and those above it.
    copies: Vec<Level>,
}

struct Level {
    width: u32,
    height: u32,
    pixels: Vec<Pixel>,
}

/// A pixel of a copy.
#[derive(Clone, Copy)]
enum Pixel {
    Unknown,
    /// The mean of the open ones of the four that it stands for.
    Open(Rgb<u8>),
    /// None of these is open.
    Closed,
    /// …and this is its color in the smaller copies.
    Painted(Rgb<u8>),
}

impl<'a> Levels<'a> {
    fn new(image: &'a RgbImage, masked: &'a Region) -> Self {
        let (mut width, mut height) = image.dimensions();
        let mut copies = Vec::new();
        while width.max(height) > 1 {
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
            copies.push(Level { width, height, pixels: vec![Pixel::Unknown; width as usize * height as usize] });
        }
        Self { image, masked, copies }
    }

    fn size(&self, level: usize) -> (u32, u32) {
        match level {
            0 => self.image.dimensions(),
            _ => (self.copies[level - 1].width, self.copies[level - 1].height),
        }
    }

    /// Returns a pixel of a copy.
    fn pixel(&mut self, level: usize, x: u32, y: u32) -> &mut Pixel {
        let copy = &mut self.copies[level - 1];
        &mut copy.pixels[y as usize * copy.width as usize + x as usize]
    }

    /// Returns the color of an open pixel, nothing of a closed one.
    fn open(&mut self, level: usize, x: u32, y: u32) -> Option<Rgb<u8>> {
        if level == 0 {
            return (!self.masked.contains(x, y)).then(|| *self.image.get_pixel(x, y));
        }
        match *self.pixel(level, x, y) {
            Pixel::Open(color) => return Some(color),
            Pixel::Closed | Pixel::Painted(_) => return None,
            Pixel::Unknown => {}
        }
        let (width, height) = self.size(level - 1);
        let (mut sums, mut count) = ([0_u16; 3], 0);
        for below_y in 2 * y..(2 * y + 2).min(height) {
            for below_x in 2 * x..(2 * x + 2).min(width) {
                if let Some(color) = self.open(level - 1, below_x, below_y) {
                    count += 1;
                    sums.iter_mut().zip(color.0).for_each(|(sum, own)| *sum += u16::from(own));
                }
            }
        }
        let channel = |sum: u16| u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX);
        let mean = (count > 0).then(|| Rgb(sums.map(channel)));
        *self.pixel(level, x, y) = mean.map_or(Pixel::Closed, Pixel::Open);
        mean
    }

    /// Returns the color of a pixel of a copy, open or not.
    fn color(&mut self, level: usize, x: u32, y: u32) -> Rgb<u8> {
        if let Some(color) = self.open(level, x, y) {
            return color;
        }
        if let Pixel::Painted(color) = *self.pixel(level, x, y) {
            return color;
        }
        let color = self.between(level + 1, x, y);
        *self.pixel(level, x, y) = Pixel::Painted(color);
        color
    }

    /// Returns the color of a pixel of the level below, which lies between four pixels of this one.
    fn between(&mut self, level: usize, x: u32, y: u32) -> Rgb<u8> {
        /// The nearer pixel of two has three quarters of the weight.
        const WEIGHTS: [u16; 4] = [9, 3, 3, 1];
        let near = |at: u32, end: u32| {
            let other = if at.is_multiple_of(2) { (at / 2).saturating_sub(1) } else { (at / 2 + 1).min(end - 1) };
            (at / 2, other)
        };
        let (width, height) = self.size(level);
        let ((x, other_x), (y, other_y)) = (near(x, width), near(y, height));
        let mut sums = [8_u16; 3];
        for ((x, y), weight) in [(x, y), (other_x, y), (x, other_y), (other_x, other_y)].into_iter().zip(WEIGHTS) {
            let color = self.color(level, x, y);
            sums.iter_mut().zip(color.0).for_each(|(sum, own)| *sum += weight * u16::from(own));
        }
        Rgb(sums.map(|sum| u8::try_from(sum / 16).unwrap_or(u8::MAX)))
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
    fn the_nearer_of_two_neighbors_in_the_copy_counts_three_times() {
        let mut masked = Region::new(8, 2);
        masked.add_rect(Rect::new(3, 0, 4, 2));
        let ramp: [u8; 8] = [0, 16, 32, 48, 64, 80, 96, 112];
        let mut image = RgbImage::from_fn(8, 2, |x, _| Rgb([ramp[x as usize]; 3]));
        paint(&mut image, &masked);
        // In the copy, 32 is what is left of columns 2 and 3, and 72 the mean of 4 and 5; 42 is 3/4 and 1/4 of them.
        let row = |y: u32| (0..8).map(|x| image.get_pixel(x, y)[0]).collect::<Vec<u8>>();
        assert_eq!([row(0), row(1)], [[0, 16, 32, 42, 64, 80, 96, 112]; 2]);
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
