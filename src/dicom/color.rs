//! YBR to RGB, by the equations of PS3.3 C.7.6.3.1.2, for samples of 8 to 16 bits.

/// Converts `YBR_FULL` (luma and chroma use the whole range, neutral chroma is half of it) to RGB.
///
/// `bits` is Bits Stored, 8 to 16. Results are rounded to the nearest integer and clamped to the range.
///
/// # Examples
///
/// ```
/// assert_eq!(deburn::dicom::color::full_to_rgb([76, 85, 255], 8), [254, 0, 0]);
/// ```
#[must_use]
pub fn full_to_rgb(ybr: [u16; 3], bits: u16) -> [u16; 3] {
    let half = half(bits);
    let [luma, blue, red] = ybr.map(f64::from);
    to_rgb(luma, blue - half, red - half, largest(bits))
}

/// Converts `YBR_PARTIAL_422`, whose luma is 16 to 235 and whose chroma is 16 to 240 of 255, to RGB.
///
/// `bits` is Bits Stored, 8 to 16; the limits scale with it. Results are rounded to the nearest integer and
/// clamped to the range.
#[must_use]
pub fn partial_to_rgb(ybr: [u16; 3], bits: u16) -> [u16; 3] {
    let (half, largest) = (half(bits), largest(bits));
    let step = half / 128.0;
    let [luma, blue, red] = ybr.map(f64::from);
    let chroma = largest / (224.0 * step);
    to_rgb((luma - 16.0 * step) * largest / (219.0 * step), (blue - half) * chroma, (red - half) * chroma, largest)
}

/// Undoes the transform for full range luma and chroma around zero.
fn to_rgb(luma: f64, blue: f64, red: f64, largest: f64) -> [u16; 3] {
    [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue]
        .map(|value| integer(value.round().clamp(0.0, largest)))
}

/// Returns neutral chroma.
fn half(bits: u16) -> f64 {
    f64::from(1_u32 << (bits.clamp(8, 16) - 1))
}

/// Returns the largest sample.
fn largest(bits: u16) -> f64 {
    half(bits) * 2.0 - 1.0
}

/// Converts a rounded value.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=65535 before")]
fn integer(value: f64) -> u16 {
    value as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_is_gray_at_every_depth() {
        for bits in 8..=16 {
            let half = 1 << (bits - 1);
            let largest = u16::MAX >> (16 - bits);
            for luma in [0, 1, half, largest] {
                assert_eq!(full_to_rgb([luma, half, half], bits), [luma; 3]);
            }
        }
    }

    #[test]
    fn corners_of_the_full_range_cube_come_back_within_rounding() {
        // The forward equations of C.7.6.3.1.2 for the eight corners, rounded.
        let corners = [
            ([0, 128, 128], [0, 0, 0]),
            ([76, 85, 255], [255, 0, 0]),
            ([150, 44, 21], [0, 255, 0]),
            ([29, 255, 107], [0, 0, 255]),
            ([226, 1, 149], [255, 255, 0]),
            ([179, 171, 1], [0, 255, 255]),
            ([105, 212, 235], [255, 0, 255]),
            ([255, 128, 128], [255, 255, 255]),
        ];
        for (ybr, rgb) in corners {
            let found = full_to_rgb(ybr, 8);
            for channel in 0..3 {
                assert!(found[channel].abs_diff(rgb[channel]) <= 2, "{ybr:?} {found:?}");
            }
        }
    }

    #[test]
    fn partial_range_reaches_black_and_white() {
        assert_eq!(partial_to_rgb([16, 128, 128], 8), [0; 3]);
        assert_eq!(partial_to_rgb([235, 128, 128], 8), [255; 3]);
        assert_eq!(partial_to_rgb([16 << 8, 1 << 15, 1 << 15], 16), [0; 3]);
        assert_eq!(partial_to_rgb([235 << 8, 1 << 15, 1 << 15], 16), [65_535; 3]);
        assert_eq!(partial_to_rgb([0, 128, 128], 8), [0; 3]);
        assert_eq!(partial_to_rgb([255, 128, 128], 8), [255; 3]);
    }

    #[test]
    fn extremes_do_not_wrap() {
        assert_eq!(full_to_rgb([255, 255, 255], 8), [255, 121, 255]);
        assert_eq!(full_to_rgb([0, 0, 0], 8), [0, 135, 0]);
    }
}
