//! Enlarges and reduces pictures, value for value as `image` does it and several times faster.
//!
//! `image` goes through four channels of `f32` for each pixel. The detector's results are measured on its pictures, so the
//! numbers are the same here, to the last rounding; a test compares them.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20, samples are bytes"
)]

use image::imageops::{self, FilterType};
use image::{GrayImage, RgbImage};

/// Bytes of a pixel.
const CHANNELS: usize = 3;

/// Returns the picture enlarged to a size, bilinearly.
pub(super) fn enlarged(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (old_width, old_height) = image.dimensions();
    if (width, height) == (2 * old_width, 2 * old_height) {
        return doubled(image);
    }
    let Some((across, down)) = taps(old_width, width).zip(taps(old_height, height)) else {
        return imageops::resize(image, width, height, FilterType::Triangle);
    };
    let stride = old_width as usize * CHANNELS;
    let mut out = Vec::with_capacity(width as usize * height as usize * CHANNELS);
    let mut row = vec![0.0_f32; stride];
    for tap in down {
        let line = |index: usize| &image.as_raw()[(tap.first + index) * stride..][..stride];
        let [a, b, c] = [line(0), line(1), line(2)];
        for (value, ((&a, &b), &c)) in row.iter_mut().zip(a.iter().zip(b).zip(c)) {
            *value = f32::from(a) * tap.weights[0] + f32::from(b) * tap.weights[1] + f32::from(c) * tap.weights[2];
        }
        for tap in &across {
            let near: &[f32; 3 * CHANNELS] = row[tap.first * CHANNELS..].first_chunk().expect("three pixels of a row");
            for channel in 0..CHANNELS {
                let [a, b, c] = [near[channel], near[channel + CHANNELS], near[channel + 2 * CHANNELS]];
                out.push(rounded(a * tap.weights[0] + b * tap.weights[1] + c * tap.weights[2]));
            }
        }
    }
    RgbImage::from_raw(width, height, out).expect("as many bytes as the size asks for")
}

/// Three neighbors that a sample is made of.
struct Tap {
    first: usize,
    weights: [f32; 3],
}

/// Returns what each of `new` samples is made of along a side of `old` samples; `None` where three do not do.
fn taps(old: u32, new: u32) -> Option<Vec<Tap>> {
    if old < 3 || new < old {
        return None;
    }
    let ratio = old as f32 / new as f32;
    let tap = |index: u32| {
        let center = (index as f32 + 0.5) * ratio;
        let left = ((center - 1.0).floor() as i64).clamp(0, i64::from(old) - 1);
        let right = ((center + 1.0).ceil() as i64).clamp(left + 1, i64::from(old));
        let weight = |at: i64| 1.0 - (at as f32 - (center - 0.5)).abs().min(1.0);
        // In this order, for sums of floating point numbers depend on it.
        let sum: f32 = (left..right).map(weight).sum();
        let first = left.min(i64::from(old) - 3);
        let mut weights = [0.0; 3];
        for at in left..right {
            let weight = weight(at) / sum;
            match weights.get_mut((at - first) as usize) {
                Some(own) => *own = weight,
                None if weight == 0.0 => {}
                None => return None,
            }
        }
        Some(Tap { first: first as usize, weights })
    };
    (0..new).map(tap).collect()
}

/// Rounds half away from zero; `value` is in 0..=255.5.
fn rounded(value: f32) -> u8 {
    let whole = value as i32;
    // The difference is exact.
    (whole + i32::from(value - whole as f32 >= 0.5)).min(255) as u8
}

/// Returns the picture at twice its size: weights are 9, 3, 3 and 1 sixteenths, so that integers hold all of it.
fn doubled(image: &RgbImage) -> RgbImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let stride = width * CHANNELS;
    let mut out = vec![0_u8; 4 * stride * height];
    // The first and the last pixel stand twice, so that each has a neighbor.
    let mut row = vec![0_u16; stride + 2 * CHANNELS];
    let (mut lefts, mut rights) = (vec![0_u8; stride], vec![0_u8; stride]);
    for (y, own) in out.chunks_exact_mut(2 * stride).enumerate() {
        let near = &image.as_raw()[y / 2 * stride..][..stride];
        let far = if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { (y / 2 + 1).min(height - 1) };
        let far = &image.as_raw()[far * stride..][..stride];
        for (sum, (&near, &far)) in row[CHANNELS..].iter_mut().zip(near.iter().zip(far)) {
            *sum = 3 * u16::from(near) + u16::from(far);
        }
        row.copy_within(CHANNELS..2 * CHANNELS, 0);
        row.copy_within(stride..stride + CHANNELS, stride + CHANNELS);
        // Sample by sample, whatever pixel it is of, which a compiler does many at a time.
        let sums = row.iter().zip(&row[CHANNELS..]).zip(&row[2 * CHANNELS..]);
        for (((&left, &here), &right), (own, other)) in sums.zip(lefts.iter_mut().zip(&mut rights)) {
            *own = ((3 * here + 8 + left) >> 4) as u8;
            *other = ((3 * here + 8 + right) >> 4) as u8;
        }
        let pairs = lefts.as_chunks::<CHANNELS>().0.iter().zip(rights.as_chunks::<CHANNELS>().0);
        for (pair, (left, right)) in own.as_chunks_mut::<{ 2 * CHANNELS }>().0.iter_mut().zip(pairs) {
            *pair = [left[0], left[1], left[2], right[0], right[1], right[2]];
        }
    }
    RgbImage::from_raw(2 * image.width(), 2 * image.height(), out).expect("four times the bytes")
}

/// Returns the picture reduced to a size, each pixel the mean of those that fall together.
pub(super) fn reduced(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (old_width, old_height) = image.dimensions();
    let times = old_width / width;
    if times == 0 || (times * width, times * height) != (old_width, old_height) {
        return imageops::thumbnail(image, width, height);
    }
    let (count, stride) = (times * times, old_width as usize * CHANNELS);
    let mut out = Vec::with_capacity(width as usize * height as usize * CHANNELS);
    let mut sums = vec![[0_u32; CHANNELS]; width as usize];
    for rows in image.as_raw().chunks_exact(stride * times as usize) {
        sums.fill([count / 2; CHANNELS]);
        for row in rows.chunks_exact(stride) {
            for (sum, block) in sums.iter_mut().zip(row.chunks_exact(CHANNELS * times as usize)) {
                for pixel in block.as_chunks::<CHANNELS>().0 {
                    (0..CHANNELS).for_each(|channel| sum[channel] += u32::from(pixel[channel]));
                }
            }
        }
        // One picture in two sizes is the usual case, and division by a number that is not known is slow.
        let mean = |sum: u32| if count == 4 { sum / 4 } else { sum / count };
        out.extend(sums.iter().flatten().map(|&sum| mean(sum) as u8));
    }
    RgbImage::from_raw(width, height, out).expect("as many bytes as the size asks for")
}

/// Returns the brightness of a picture, as `image` weighs the colors.
pub(super) fn gray(image: &RgbImage) -> GrayImage {
    let luma =
        |&[r, g, b]: &[u8; CHANNELS]| ((2126 * u32::from(r) + 7152 * u32::from(g) + 722 * u32::from(b)) / 10_000) as u8;
    let pixels = image.as_raw().as_chunks().0.iter().map(luma).collect();
    GrayImage::from_raw(image.width(), image.height(), pixels).expect("a byte for each pixel")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A picture of edges, ramps and noise.
    fn picture(width: u32, height: u32, seed: u32) -> RgbImage {
        let mut state = seed;
        RgbImage::from_fn(width, height, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 24) as u8;
            image::Rgb([noise, if (x / 3 + y / 2).is_multiple_of(2) { 0 } else { 255 }, ((x * 7 + y) % 256) as u8])
        })
    }

    proptest! {
        #[test]
        fn sizes_are_made_as_image_makes_them(
            width in 1_u32..70, height in 1_u32..70, seed: u32, wider in 0_u32..90, higher in 0_u32..90, times in 1_u32..5,
        ) {
            let image = picture(width, height, seed);
            for (width, height) in [(width + wider, height + higher), (2 * width, 2 * height), (width * times, height * times)] {
                let expected = imageops::resize(&image, width, height, FilterType::Triangle);
                prop_assert_eq!(enlarged(&image, width, height), expected);
            }
            let (small, low) = (width.saturating_sub(wider).max(1), height.saturating_sub(higher).max(1));
            prop_assert_eq!(reduced(&image, small, low), imageops::thumbnail(&image, small, low));
            let large = picture(width * times, height * times, seed);
            prop_assert_eq!(reduced(&large, width, height), imageops::thumbnail(&large, width, height));
            prop_assert_eq!(gray(&image), imageops::grayscale(&image));
        }
    }

    #[test]
    fn usual_sizes_are_made_as_image_makes_them() {
        for (width, height) in [(640, 480), (1024, 768), (801, 599)] {
            let image = picture(width, height, 1);
            for factor in [1.5_f32, 1.125, 2.0, 3.0] {
                let side = |side: u32| (side as f32 * factor).round() as u32;
                let (width, height) = (side(width), side(height));
                let expected = imageops::resize(&image, width, height, FilterType::Triangle);
                assert!(enlarged(&image, width, height) == expected, "{factor}");
            }
        }
    }
}
