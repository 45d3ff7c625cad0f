//! Paints over masks with what is around them, for a second look: bars of one color look like text to a network.

use crate::region::Region;
use image::RgbImage;

/// Paints each masked pixel of an image with the color of the open ones around it, the smoother the farther they are.
///
/// What is masked was compared with the mask before, sample by sample; only what lies open is looked at. Where all is
/// masked, or the mask is of another size, nothing changes.
pub(crate) fn paint(image: &mut RgbImage, masked: &Region) {
    if (masked.width(), masked.height()) != image.dimensions() {
        return;
    }
    let width = image.width() as usize;
    let indices: Vec<usize> = masked.indices().collect();
    if indices.len() == width * image.height() as usize {
        return;
    }
    let mut copies = Copies::of(image, masked);
    let colors: Vec<Color> = indices.iter().map(|index| copies.between(1, index % width, index / width)).collect();
    let (pixels, _) = image.as_chunks_mut::<3>();
    indices.into_iter().zip(colors).for_each(|(index, color)| pixels[index] = color);
}

type Color = [u8; 3];

/// An image and its copies, each of half the size of the one before, down to one pixel ("push-pull" interpolation). Of the
/// copies, which are the second on, only what is asked for is made.
struct Copies<'a> {
    image: &'a [Color],
    masked: &'a Region,
    copies: Vec<Copy>,
}

/// A copy of `width` × `height`.
struct Copy {
    width: usize,
    height: usize,
    pixels: Vec<Pixel>,
}

/// A pixel of a copy.
#[derive(Clone, Copy)]
enum Pixel {
    Unknown,
    /// The mean of the open ones of the four that it stands for.
    Open(Color),
    /// None of these is open.
    Closed,
    /// …and this is its color in the smaller copies.
    Painted(Color),
}

impl<'a> Copies<'a> {
    fn of(image: &'a RgbImage, masked: &'a Region) -> Self {
        let (mut width, mut height) = (image.width() as usize, image.height() as usize);
        let mut copies = vec![Copy { width, height, pixels: Vec::new() }];
        while width.max(height) > 1 {
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
            copies.push(Copy { width, height, pixels: vec![Pixel::Unknown; width * height] });
        }
        Self { image: image.as_chunks().0, masked, copies }
    }

    /// Returns the color of an open pixel of the image, which is `copies[0]`, or of a copy; nothing of a closed one.
    fn open(&mut self, copy: usize, x: usize, y: usize) -> Option<Color> {
        let Copy { width, .. } = self.copies[copy];
        if copy == 0 {
            return (!self.masked.covers(y * width + x)).then(|| self.image[y * width + x]);
        }
        match self.copies[copy].pixels[y * width + x] {
            Pixel::Open(color) => return Some(color),
            Pixel::Closed | Pixel::Painted(_) => return None,
            Pixel::Unknown => {}
        }
        let larger = &self.copies[copy - 1];
        let (right, bottom) = ((2 * x + 2).min(larger.width), (2 * y + 2).min(larger.height));
        let (mut sums, mut count) = ([0_u16; 3], 0);
        for y in 2 * y..bottom {
            for x in 2 * x..right {
                if let Some(color) = self.open(copy - 1, x, y) {
                    count += 1;
                    sums.iter_mut().zip(color).for_each(|(sum, own)| *sum += u16::from(own));
                }
            }
        }
        let mean = (count > 0).then(|| sums.map(|sum| u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX)));
        self.copies[copy].pixels[y * width + x] = mean.map_or(Pixel::Closed, Pixel::Open);
        mean
    }

    /// Returns the color of a pixel of a copy.
    fn color(&mut self, copy: usize, x: usize, y: usize) -> Color {
        if let Some(color) = self.open(copy, x, y) {
            return color;
        }
        let index = y * self.copies[copy].width + x;
        if let Pixel::Painted(color) = self.copies[copy].pixels[index] {
            return color;
        }
        let color = self.between(copy + 1, x, y);
        self.copies[copy].pixels[index] = Pixel::Painted(color);
        color
    }

    /// Returns the color of a pixel of the next larger copy, which lies between four pixels of this one.
    fn between(&mut self, copy: usize, x: usize, y: usize) -> Color {
        /// The nearer pixel of two has three quarters of the weight.
        const WEIGHTS: [u16; 4] = [9, 3, 3, 1];
        let near = |at: usize, end: usize| {
            let other = if at.is_multiple_of(2) { (at / 2).saturating_sub(1) } else { (at / 2 + 1).min(end - 1) };
            (at / 2, other)
        };
        let Copy { width, height, .. } = self.copies[copy];
        let ((x, other_x), (y, other_y)) = (near(x, width), near(y, height));
        let mut sums = [8_u16; 3];
        for ((x, y), weight) in [(x, y), (other_x, y), (x, other_y), (other_x, other_y)].into_iter().zip(WEIGHTS) {
            let color = self.color(copy, x, y);
            sums.iter_mut().zip(color).for_each(|(sum, own)| *sum += weight * u16::from(own));
        }
        sums.map(|sum| u8::try_from(sum / 16).unwrap_or(u8::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use image::Rgb;

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
