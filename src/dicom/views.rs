//! 8-bit renderings of a frame for the detector.
//!
//! The first shows the full range of stored values, because text outside the display window is still in the
//! pixels. Others are added where that one leaves little contrast to what most of the image is made of.

use image::RgbImage;
use std::collections::BTreeMap;

mod shown;
mod stored;
mod unused;

use super::color;
use super::palette::PaletteColor;
use super::pixels::{Frame, Photometric, PixelDescription, Samples};
pub use shown::{Values, shown, values};
use stored::{Stored, quantiles};
pub use unused::unused_bits;

/// A VOI window (PS3.3 C.11.2.1.2) in stored values: the caller has undone the rescaling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its middle.
    pub center: f64,
    /// Its width, above 0.
    pub width: f64,
}

/// Which values a view shows between black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewKind {
    /// All that Bits Stored can hold, or above 8 bits all that occur.
    FullRange,
    /// Those between two percentiles.
    Percentile,
    /// Those of a VOI window of the data set.
    Voi,
    /// A few values round that of an even area.
    Plateau,
    /// None: what stands beside the values, in the bits outside of Bits Stored or as no number.
    Hidden,
}

/// A rendering, one pixel for each of the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The pixels.
    pub image: RgbImage,
    /// Which values they show.
    pub kind: ViewKind,
}

/// More windows for one frame cost more detector runs than they have been seen to find.
const MOST: usize = 3;

/// An even area of this share of a deep image, a panel or a saturated background, may hold text that differs by a level
/// of some thousand.
const PLATEAU: f64 = 0.02;

/// …if it has as many pixels as a short line of small text.
const LEAST_PLATEAU: f64 = 500.0;

/// Values within this many levels of it may be text that is too faint to be seen at the full range.
const NEXT: i32 = 32;

/// Text on an even area has at least this share of its pixels (a short line on a large panel)…
const LEAST_TEXT: f64 = 0.002;

/// …and at most this one (a page of bold text has a quarter).
const MOST_TEXT: f64 = 0.5;

/// A background and a panel.
const MOST_PLATEAUS: usize = 2;

/// Ranges of fewer values are handled by tables.
const MOST_TABULATED: usize = 1 << 16;

/// How many levels round it are shown then; a text that differs by more is white or black.
const LEVELS: f64 = 4.0;

/// A window this much narrower than the full range shows the same text with 1.4 times the contrast; what is less
/// than that is no reason to run the detector again.
const NARROWER: f64 = 0.7;

/// With 8 bits no text is crushed by scaling, and the detector normalizes some contrast by itself. Only images that
/// leave half of the range unused are stretched.
const NARROWER_8_BITS: f64 = 0.5;

/// Two windows whose ends lie within a tenth of their width of each other look the same.
const NEAR: f64 = 0.1;

/// Renders a frame: first its full range, then at most two narrower windows that raise contrast, and one round each of
/// the two largest even areas of a deep image.
///
/// `palette` is used for `PALETTE COLOR`; without one, indices are shown as gray. `windows` are used for grayscale
/// only, as in PS3.3 C.11.2. The same arguments give the same views.
///
/// # Panics
///
/// If `frame` does not hold the samples that its description promises.
#[must_use]
pub fn views(frame: &Frame, palette: Option<&PaletteColor>, windows: &[Window]) -> Vec<View> {
    if let Some(image) = as_stored(frame) {
        return vec![View { image, kind: ViewKind::FullRange }];
    }
    let raster = Raster::new(frame, palette);
    let full = raster.full_range();
    let mut ranges = vec![(full, ViewKind::FullRange)];
    let limit = if raster.deep { NARROWER } else { NARROWER_8_BITS };
    // Color of 8 bits was made to be looked at.
    if (raster.deep || raster.gray)
        && frame.description.bits_stored > 1
        && let Some(range) = raster.percentiles()
        && range.width() < limit * full.width()
    {
        ranges.push((range, ViewKind::Percentile));
    }
    if raster.gray {
        for window in windows.iter().filter(|window| window.width > 0.0 && window.center.is_finite()) {
            let range = Range { low: window.center - window.width / 2.0, high: window.center + window.width / 2.0 };
            // Beside the values that occur, a window shows a single shade.
            let shows = range.high > full.low && range.low < full.high;
            let known = ranges.iter().any(|(other, _)| range.is_near(*other));
            if ranges.len() < MOST && shows && !known && range.width() < NARROWER * full.width() {
                ranges.push((range, ViewKind::Voi));
            }
        }
    }
    if raster.deep && raster.gray {
        for value in raster.plateaus() {
            let range = Range { low: value - LEVELS, high: value + LEVELS };
            if !ranges.iter().any(|(other, _)| range.is_near(*other)) {
                ranges.push((range, ViewKind::Plateau));
            }
        }
    }
    ranges.into_iter().map(|(range, kind)| View { image: raster.render(range), kind }).collect()
}

/// Returns a frame of plain color as it is: its only view is equal to its bytes.
fn as_stored(frame: &Frame) -> Option<RgbImage> {
    let d = &frame.description;
    let is_plain = d.photometric == Photometric::Rgb && d.bits_stored == 8 && d.bits_allocated == 8 && !d.signed;
    match &frame.samples {
        Samples::U8(bytes) if is_plain => RgbImage::from_raw(d.columns, d.rows, bytes.clone()),
        _ => None,
    }
}

/// Values that are shown as black and as white.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    fn width(self) -> f64 {
        self.high - self.low
    }

    /// Returns whether both look alike.
    fn is_near(self, other: Self) -> bool {
        let tolerance = NEAR * self.width().min(other.width());
        (self.low - other.low).abs() <= tolerance && (self.high - other.high).abs() <= tolerance
    }
}

/// What a frame shows: stored values for grayscale, RGB for all others.
struct Raster {
    width: u32,
    height: u32,
    /// 1 or 3, interleaved.
    channels: usize,
    /// Values less `offset`.
    values: Vec<i32>,
    /// 2^31 for unsigned values of 32 bits, which then fit, else 0.
    offset: i64,
    /// The lowest value is white.
    inverted: bool,
    /// Values of more than 8 bits.
    deep: bool,
    /// The first view shows `nominal` and not the values that occur.
    fixed: bool,
    /// VOI windows and percentiles apply.
    gray: bool,
    /// What the bits can hold.
    nominal: Range,
}

impl Raster {
    /// Reads the stored values, masked to Bits Stored and sign-extended, and brings color to RGB.
    fn new(frame: &Frame, palette: Option<&PaletteColor>) -> Self {
        let d = &frame.description;
        let count = usize::try_from(d.samples()).expect("a decoded frame is in memory");
        assert_eq!(frame.samples.len(), count, "a frame holds all its samples");
        let stored = Stored::new(d);
        let values: Vec<i64> = match &frame.samples {
            Samples::U8(samples) => samples.iter().map(|&sample| stored.value(u32::from(sample))).collect(),
            Samples::U16(samples) => samples.iter().map(|&sample| stored.value(u32::from(sample))).collect(),
            Samples::U32(samples) => samples.iter().map(|&sample| stored.value(sample)).collect(),
        };
        let values = values.into_iter();
        let offset = if d.bits_stored == 32 && !d.signed { 1_i64 << 31 } else { 0 };
        let bits = f64::from(d.bits_stored);
        let low = if d.signed { -(bits - 1.0).exp2() } else { 0.0 };
        let mut raster = Self {
            width: d.columns,
            height: d.rows,
            channels: usize::from(d.samples_per_pixel),
            values: Vec::new(),
            offset,
            inverted: d.photometric == Photometric::Monochrome1,
            deep: d.bits_stored > 8,
            fixed: d.bits_stored <= 8,
            gray: d.samples_per_pixel == 1,
            nominal: Range { low, high: low + bits.exp2() - 1.0 },
        };
        match (d.photometric, palette) {
            (Photometric::PaletteColor, Some(palette)) => raster.look_up(values, palette),
            (Photometric::YbrFull | Photometric::YbrFull422, _) => raster.convert(values, d, color::full_to_rgb),
            (Photometric::YbrPartial422 | Photometric::YbrPartial420, _) => {
                raster.convert(values, d, color::partial_to_rgb);
            }
            _ => raster.values = values.map(|v| i32::try_from(v - offset).expect("32 bits at most")).collect(),
        }
        raster
    }

    /// Takes the values as indices. Palettes are made for the whole range like 8-bit images.
    fn look_up(&mut self, values: impl Iterator<Item = i64>, palette: &PaletteColor) {
        let index = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
        self.values = values.flat_map(|value| palette.rgb(index(value)).map(i32::from)).collect();
        (self.channels, self.offset, self.gray) = (3, 0, false);
        (self.deep, self.fixed) = (palette.is_wide(), true);
        self.nominal = Range { low: 0.0, high: if self.deep { 65_535.0 } else { 255.0 } };
    }

    /// Takes the values as YBR. Those of more than 16 bits lose their lowest bits, those of less than 8 gain zeros.
    fn convert(
        &mut self,
        values: impl Iterator<Item = i64>,
        d: &PixelDescription,
        to_rgb: fn([u16; 3], u16) -> [u16; 3],
    ) {
        let bits = d.bits_stored.clamp(8, 16);
        let samples: Vec<u16> = values
            .map(|value| value.max(0) << (bits.saturating_sub(d.bits_stored)) >> (d.bits_stored.saturating_sub(bits)))
            .map(|value| u16::try_from(value).unwrap_or(u16::MAX))
            .collect();
        self.values = samples.as_chunks().0.iter().flat_map(|&ybr| to_rgb(ybr, bits).map(i32::from)).collect();
        self.offset = 0;
        self.nominal = Range { low: 0.0, high: f64::from(bits).exp2() - 1.0 };
    }

    /// Returns the stored value.
    fn value(&self, value: i32) -> f64 {
        // Exact: both are below 2^33.
        f64::from(value) + if self.offset == 0 { 0.0 } else { 31_f64.exp2() }
    }

    /// Returns the lowest and the highest value.
    fn extremes(&self) -> (i32, i32) {
        let fold = |(low, high): (i32, i32), &value: &i32| (low.min(value), high.max(value));
        self.values.iter().fold((i32::MAX, i32::MIN), fold)
    }

    /// Returns the range of the first view.
    fn full_range(&self) -> Range {
        if self.fixed {
            return self.nominal;
        }
        let (low, high) = self.extremes();
        let range = Range { low: self.value(low), high: self.value(high) };
        // An image of one value is shown at its place in what the bits can hold.
        if range.width() > 0.0 { range } else { self.nominal }
    }

    /// Returns the range between the percentiles, or nothing if there is one value only.
    ///
    /// Where nearly all pixels are background, both percentiles fall on it. They are then taken of the other
    /// pixels, and the background is added again, being the shade that these stand out from.
    fn percentiles(&self) -> Option<Range> {
        let (low, high) = self.extremes();
        let (low, high) = (i64::from(low), i64::from(high));
        // More than 65536 values are counted in as many steps.
        let step = (high - low) / (1 << 16) + 1;
        let bin = |value: i64| usize::try_from((value - low) / step).expect("not below the lowest value");
        let mut counts = vec![0_u64; bin(high) + 1];
        for &value in &self.values {
            counts[bin(i64::from(value))] += 1;
        }
        let mut ends = quantiles(&counts)?;
        if ends.0 == ends.1 {
            let background = ends.0;
            counts[background] = 0;
            let (first, last) = quantiles(&counts)?;
            ends = (first.min(background), last.max(background));
        }
        let value = |bin: usize| {
            let value = low + i64::try_from(bin).expect("65536 bins at most") * step;
            self.value(i32::try_from(value.min(high)).expect("between two values"))
        };
        Some(Range { low: value(ends.0), high: value(ends.1) })
    }

    /// Returns how many pixels have each value.
    fn counts(&self) -> BTreeMap<i32, usize> {
        let (low, high) = self.extremes();
        let mut counts = BTreeMap::new();
        if usize::try_from(i64::from(high) - i64::from(low)).is_ok_and(|width| width < MOST_TABULATED) {
            let mut table = vec![0_usize; MOST_TABULATED];
            self.values.iter().for_each(|&value| table[value.abs_diff(low) as usize] += 1);
            let occurring = (low..=high).zip(table).filter(|(_, count)| *count > 0);
            counts.extend(occurring);
        } else {
            self.values.iter().for_each(|&value| *counts.entry(value).or_default() += 1);
        }
        counts
    }

    /// Returns the values of the largest even areas, the largest first.
    ///
    /// Text on one is a few values next to it that are rarer than itself. A background of noise has more of them, and
    /// one that nothing comes near to shows no more than the full range does.
    #[expect(clippy::cast_precision_loss, reason = "numbers of pixels, far below 2^53")]
    fn plateaus(&self) -> Vec<f64> {
        let counts = self.counts();
        let least = (PLATEAU * self.values.len() as f64).max(LEAST_PLATEAU);
        let mut even: Vec<(usize, i32)> = Vec::new();
        for (&value, &count) in counts.iter().filter(|(_, count)| **count as f64 >= least) {
            let near: usize =
                counts.range(value.saturating_sub(NEXT)..=value.saturating_add(NEXT)).map(|(_, count)| count).sum();
            let share = (near - count) as f64 / count as f64;
            if (LEAST_TEXT..=MOST_TEXT).contains(&share) {
                even.push((count, value));
            }
        }
        even.sort_unstable_by(|a, b| b.cmp(a));
        even.into_iter().take(MOST_PLATEAUS).map(|(_, value)| self.value(value)).collect()
    }

    /// Maps values linearly to 0..=255.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255")]
    fn render(&self, range: Range) -> RgbImage {
        let scale = 255.0 / range.width();
        let shade = |&value: &i32| {
            let shade = ((self.value(value) - range.low) * scale).round().clamp(0.0, 255.0) as u8;
            if self.inverted { 255 - shade } else { shade }
        };
        let (low, high) = self.extremes();
        let is_small = i64::from(high) - i64::from(low) < i64::try_from(MOST_TABULATED).unwrap_or(0);
        let bytes = if is_small && self.values.len() > MOST_TABULATED {
            // Far fewer values than pixels: rounding is what rendering costs.
            let table: Vec<u8> = (low..=high).map(|value| shade(&value)).collect();
            self.pixels(|value| table[value.abs_diff(low) as usize])
        } else {
            self.pixels(|value| shade(&value))
        };
        RgbImage::from_raw(self.width, self.height, bytes).expect("three bytes for each pixel")
    }
}

impl Raster {
    /// Returns three bytes for each pixel.
    fn pixels(&self, shade: impl Fn(i32) -> u8) -> Vec<u8> {
        if self.channels == 1 {
            self.values.iter().flat_map(|&value| [shade(value); 3]).collect()
        } else {
            self.values.iter().map(|&value| shade(value)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::pixels::Samples;
    use proptest::prelude::*;

    fn frame(photometric: Photometric, rows: u32, columns: u32, stored: u16, samples: Samples) -> Frame {
        let bits_allocated = match samples {
            Samples::U8(_) => {
                if stored == 1 {
                    1
                } else {
                    8
                }
            }
            Samples::U16(_) => 16,
            Samples::U32(_) => 32,
        };
        let description = PixelDescription {
            rows,
            columns,
            samples_per_pixel: photometric.samples_per_pixel(),
            photometric,
            planar: false,
            bits_allocated,
            bits_stored: stored,
            high_bit: stored - 1,
            signed: false,
            frames: 1,
        };
        Frame { description, samples }
    }

    fn shades(view: &View) -> Vec<u8> {
        view.image.pixels().map(|p| p.0[0]).collect()
    }

    #[test]
    fn eight_bits_are_shown_as_they_are_and_monochrome1_inverted() {
        let samples = Samples::U8(vec![0, 100, 255]);
        let found = views(&frame(Photometric::Monochrome2, 1, 3, 8, samples.clone()), None, &[]);
        assert_eq!(found.len(), 1);
        assert_eq!(shades(&found[0]), [0, 100, 255]);
        let found = views(&frame(Photometric::Monochrome1, 1, 3, 8, samples), None, &[]);
        assert_eq!(shades(&found[0]), [255, 155, 0]);
    }

    #[test]
    fn one_bit_is_black_and_white() {
        let found = views(&frame(Photometric::Monochrome2, 1, 2, 1, Samples::U8(vec![0, 1])), None, &[]);
        assert_eq!(found.len(), 1);
        assert_eq!(shades(&found[0]), [0, 255]);
    }

    #[test]
    fn high_bits_that_are_not_stored_are_not_shown_and_signs_are_extended() {
        let mut f = frame(Photometric::Monochrome2, 1, 3, 10, Samples::U16(vec![0x8000 | 0x200, 0, 0x4000 | 0x1FF]));
        f.description.signed = true;
        assert_eq!(shades(&views(&f, None, &[])[0]), [0, 128, 255]);
    }

    #[test]
    fn bits_beside_the_value_are_shown_where_they_tell_something() {
        let look = |samples: Vec<u16>, signed, overlays| {
            let count = u32::try_from(samples.len()).expect("few");
            let mut f = frame(Photometric::Monochrome2, 1, count, 12, Samples::U16(samples));
            f.description.signed = signed;
            unused_bits(&f, overlays).map(|view| shades(&view))
        };
        assert_eq!(look(vec![0x1123, 0x0456, 0x3789], false, 0), Some(vec![85, 0, 255]));
        assert_eq!(look(vec![0x1123, 0x1456], false, 0), None, "the same in all pixels");
        assert_eq!(look(vec![0xF823, 0x0456], true, 0), None, "the sign");
        assert_eq!(look(vec![0x0823, 0x0456], true, 0), Some(vec![255, 0]), "not the sign");
        assert_eq!(look(vec![0x1123, 0x0456], false, 1 << 12), None, "an overlay");
        let mut left = frame(Photometric::Monochrome2, 1, 2, 12, Samples::U16(vec![0x1230, 0x1234]));
        left.description.high_bit = 15;
        assert_eq!(unused_bits(&left, 0).map(|view| shades(&view)), Some(vec![0, 255]), "below the value");
        let whole = frame(Photometric::Monochrome2, 1, 2, 16, Samples::U16(vec![0, 0xFFFF]));
        assert_eq!(unused_bits(&whole, 0), None);
    }

    #[test]
    fn thirty_two_bits_do_not_overflow() {
        let f = frame(Photometric::Monochrome2, 1, 3, 32, Samples::U32(vec![0, 1 << 31, u32::MAX]));
        assert_eq!(shades(&views(&f, None, &[])[0]), [0, 128, 255]);
    }

    #[test]
    fn a_level_beside_an_even_area_becomes_visible() {
        // A ramp, and an even area of the highest value but one, in which a line stands that is one level brighter.
        let mut samples: Vec<u16> = (0..3000).collect();
        samples.extend(vec![4094; 1000]);
        samples[3500..3600].fill(4095);
        let found = views(&frame(Photometric::Monochrome2, 40, 100, 12, Samples::U16(samples.clone())), None, &[]);
        let view = found.iter().find(|view| view.kind == ViewKind::Plateau).expect("an even area");
        let shades = shades(view);
        assert_eq!((shades[3400], shades[3550], shades[0]), (128, 159, 0));
        samples.truncate(3000);
        let found = views(&frame(Photometric::Monochrome2, 30, 100, 12, Samples::U16(samples)), None, &[]);
        assert!(found.iter().all(|view| view.kind != ViewKind::Plateau));
    }

    #[test]
    fn an_outlier_adds_a_percentile_view() {
        let mut samples: Vec<u16> = (0..10_000_u16).map(|i| i % 100).collect();
        samples[5000] = 60_000;
        let found = views(&frame(Photometric::Monochrome2, 100, 100, 16, Samples::U16(samples)), None, &[]);
        assert_eq!(found.iter().map(|v| v.kind).collect::<Vec<_>>(), [ViewKind::FullRange, ViewKind::Percentile]);
        assert_eq!(shades(&found[1])[99], 255);
        assert!(shades(&found[0])[99] < 2);
    }

    #[test]
    fn few_faint_pixels_on_a_plain_background_are_stretched() {
        let mut samples = vec![10_u8; 100_000];
        samples[..50].fill(14);
        let found = views(&frame(Photometric::Monochrome2, 100, 1000, 8, Samples::U8(samples)), None, &[]);
        assert_eq!(shades(&found[1])[..51].iter().rev().take(2).copied().collect::<Vec<_>>(), [0, 255]);
    }

    #[test]
    fn a_voi_window_is_added_once_if_it_is_narrow_and_meets_the_values() {
        let samples = Samples::U16((0..4096).collect());
        let f = frame(Photometric::Monochrome2, 64, 64, 12, samples);
        let narrow = Window { center: 1000.0, width: 500.0 };
        let near = Window { center: 1010.0, width: 500.0 };
        let wide = Window { center: 2000.0, width: 4000.0 };
        let outside = Window { center: 9000.0, width: 500.0 };
        let found = views(&f, None, &[wide, outside, narrow, near]);
        assert_eq!(found.iter().map(|v| v.kind).collect::<Vec<_>>(), [ViewKind::FullRange, ViewKind::Voi]);
        assert_eq!(shades(&found[1])[1000], 128);
    }

    #[test]
    fn palettes_and_ybr_are_shown_in_color() {
        let (red, zero) = ([0_u8, 255], [0_u8, 0]);
        let palette = PaletteColor::new([[2, 0, 8]; 3], [&red, &zero, &zero], false).expect("well formed");
        let f = frame(Photometric::PaletteColor, 1, 2, 8, Samples::U8(vec![1, 0]));
        assert_eq!(views(&f, Some(&palette), &[])[0].image.as_raw(), &[255, 0, 0, 0, 0, 0]);
        let f = frame(Photometric::YbrFull, 1, 1, 8, Samples::U8(vec![76, 85, 255]));
        assert_eq!(views(&f, None, &[])[0].image.as_raw(), &[254, 0, 0]);
    }

    #[test]
    fn deep_color_shares_its_range() {
        let f = frame(Photometric::Rgb, 1, 1, 16, Samples::U16(vec![0, 500, 1000]));
        assert_eq!(views(&f, None, &[])[0].image.as_raw(), &[0, 128, 255]);
    }

    proptest! {
        #[test]
        fn any_frame_has_one_to_three_views_of_its_size(
            samples in prop::collection::vec(any::<u32>(), 12), stored in 1_u16..=32, signed: bool, color: bool,
            center in -1e6_f64..1e6, width in 0.0_f64..1e6,
        ) {
            let photometric = if color { Photometric::YbrFull } else { Photometric::Monochrome2 };
            let mut f = frame(photometric, 2, if color { 2 } else { 6 }, stored, Samples::U32(samples));
            f.description.signed = signed;
            let found = views(&f, None, &[Window { center, width }]);
            prop_assert!((1..=3).contains(&found.len()));
            prop_assert_eq!(found[0].kind, ViewKind::FullRange);
            prop_assert!(found.iter().all(|v| v.image.dimensions() == (f.description.columns, 2)));
        }
    }
}
