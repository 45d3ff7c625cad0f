//! What masked pixels get, and how it is put into stored samples.

mod background;

use super::instance::is_subsampled;
use super::palette::PaletteColor;
use super::pixels::{Frame, Photometric, PixelDescription, Samples};
use crate::error::{Error, Result};
use crate::region::Region;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// What masks are filled with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FillChoice {
    /// The darkest value that can be stored.
    #[default]
    Black,
    /// The median of what is around: one value for each connected part of the mask, so that nothing of the text's form
    /// shows in it.
    Background,
    /// A stored value, brought to the nearest that can be stored. In color it is a gray, in YBR the luma.
    Value(i64),
}

impl FromStr for FillChoice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "black" => Ok(Self::Black),
            "background" => Ok(Self::Background),
            _ => text.parse().map(Self::Value).map_err(|_| "neither black, background nor a whole number".into()),
        }
    }
}

impl Display for FillChoice {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Black => f.write_str("black"),
            Self::Background => f.write_str("background"),
            Self::Value(value) => write!(f, "{value}"),
        }
    }
}

/// Pixels around a part of a mask that its background is taken from: text and its soft edge are under the mask, and two
/// pixels farther the background may have changed.
const RING: u32 = 2;

/// The containers that masked pixels get, one for each sample of a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    value: [u32; 3],
    /// For each pixel of the frame, the index of its part's value, where parts differ.
    parts: Option<(Vec<u32>, Vec<[u32; 3]>)>,
}

impl Fill {
    /// Finds what fills `region` of a decoded frame.
    ///
    /// # Errors
    ///
    /// As [`Fill::black`].
    pub fn new(choice: FillChoice, frame: &Frame, palette: Option<&PaletteColor>, region: &Region) -> Result<Self> {
        if let Some(even) = Self::even(choice, &frame.description, palette)? {
            return Ok(even);
        }
        let black = Self::black(&frame.description, palette)?;
        let (labels, parts) = background::parts(region);
        let values = parts.iter().map(|part| background::median(frame, region, part, RING));
        let values = values.map(|value| value.unwrap_or(black.value)).collect();
        Ok(Self { value: black.value, parts: Some((labels, values)) })
    }

    /// Finds what fills any region of a frame that decodes to `description`; `None` if that depends on the region.
    ///
    /// # Errors
    ///
    /// As [`Fill::black`].
    pub fn even(
        choice: FillChoice,
        description: &PixelDescription,
        palette: Option<&PaletteColor>,
    ) -> Result<Option<Self>> {
        match choice {
            FillChoice::Black => Self::black(description, palette).map(Some),
            FillChoice::Value(value) => Ok(Some(Self { value: constant(description, value), parts: None })),
            FillChoice::Background => Ok(None),
        }
    }

    /// Finds the darkest value that `description` can store.
    ///
    /// The lowest value of `MONOCHROME2`, the highest of `MONOCHROME1`, 0 of `RGB`, luma black with neutral chroma of
    /// YBR (PS3.3 C.7.6.3.1.2), the darkest palette entry. Bits outside Bits Stored are cleared; of a signed sample
    /// those above High Bit repeat the sign, so that readers that do not mask the container see the same value.
    ///
    /// Pixel Padding Value (0028,0120) is not asked: it says that nothing was acquired there, and readers may show it in
    /// any color.
    ///
    /// # Errors
    ///
    /// [`Error::MissingAttribute`] if `PALETTE COLOR` comes without its `palette`.
    pub fn black(description: &PixelDescription, palette: Option<&PaletteColor>) -> Result<Self> {
        let (low, high) = ends(description);
        let value = match description.photometric {
            Photometric::Monochrome1 => constant(description, high),
            Photometric::PaletteColor => {
                let palette = palette.ok_or(Error::MissingAttribute("RedPaletteColorLookupTableDescriptor"))?;
                constant(description, palette.darkest_index(description.bits_stored, description.signed).into())
            }
            Photometric::YbrPartial422 | Photometric::YbrPartial420 => {
                let bits = description.bits_stored;
                constant(description, if bits >= 8 { 16 << (bits - 8) } else { 16 >> (8 - bits) })
            }
            Photometric::Monochrome2 => constant(description, low),
            _ => constant(description, 0),
        };
        Ok(Self { value, parts: None })
    }

    /// Returns the containers of a masked pixel, one for each sample.
    #[must_use]
    pub fn at(&self, pixel: usize) -> [u32; 3] {
        match &self.parts {
            Some((labels, values)) => values.get(labels[pixel] as usize).copied().unwrap_or(self.value),
            None => self.value,
        }
    }

    /// Returns the containers of a pixel, as many of them as a pixel has samples; `None` if parts of the mask differ.
    #[must_use]
    pub const fn values(&self) -> Option<[u32; 3]> {
        match self.parts {
            Some(_) => None,
            None => Some(self.value),
        }
    }

    /// Fills `region` of a decoded frame.
    pub fn frame(&self, frame: &mut Frame, region: &Region) {
        let samples_per_pixel = usize::from(frame.description.samples_per_pixel);
        for pixel in region.indices() {
            let values = self.at(pixel);
            for (component, value) in values.into_iter().enumerate().take(samples_per_pixel) {
                let index = pixel * samples_per_pixel + component;
                match &mut frame.samples {
                    Samples::U8(v) => v[index] = u8::try_from(value).expect("fits the container"),
                    Samples::U16(v) => v[index] = u16::try_from(value).expect("fits the container"),
                    Samples::U32(v) => v[index] = value,
                }
            }
        }
    }

    /// Returns whether every pixel of `region` holds exactly the fill. Of a signed sample the bits above High Bit may be
    /// zero too: codecs do not store them.
    #[must_use]
    pub fn covers(&self, frame: &Frame, region: &Region) -> bool {
        let count = usize::from(frame.description.samples_per_pixel);
        let stored = u32::MAX >> (31 - u32::from(frame.description.high_bit));
        region.indices().all(|pixel| {
            let values = self.at(pixel);
            (0..count).all(|component| {
                let (value, fill) = (frame.samples.get(pixel * count + component), values[component]);
                value == fill || (frame.description.signed && value == fill & stored)
            })
        })
    }

    /// Fills `region` in native bytes, in place. `first_bit` is where the frame begins in `bytes`.
    ///
    /// Of pixels that share their chroma both are filled.
    ///
    /// # Panics
    ///
    /// If `bytes` do not hold the frame.
    pub fn native(
        &self,
        bytes: &mut [u8],
        first_bit: u64,
        description: &PixelDescription,
        big_endian: bool,
        region: &Region,
    ) {
        let first_bit = usize::try_from(first_bit).expect("inside the slice");
        if description.bits_allocated == 1 {
            for pixel in region.indices() {
                let (byte, bit) = ((first_bit + pixel) / 8, (first_bit + pixel) % 8);
                let set = u8::from(self.at(pixel)[0] & 1 == 1);
                bytes[byte] = bytes[byte] & !(1 << bit) | set << bit;
            }
            return;
        }
        let size = usize::from(description.bits_allocated / 8);
        let bytes = &mut bytes[first_bit / 8..];
        let mut put = |sample: usize, value: u32| {
            let own = &mut bytes[sample * size..(sample + 1) * size];
            if big_endian {
                own.copy_from_slice(&value.to_be_bytes()[4 - size..]);
            } else {
                own.copy_from_slice(&value.to_le_bytes()[..size]);
            }
        };
        let columns = description.columns as usize;
        let pixels = columns * description.rows as usize;
        let components = usize::from(description.samples_per_pixel);
        for pixel in region.indices() {
            let values = self.at(pixel);
            if is_subsampled(description) {
                // Y1 Y2 Cb Cr, a row begins with a new pair (PS3.3 C.7.6.3.1.2).
                let pair = pixel / columns * columns.div_ceil(2) + pixel % columns / 2;
                for (sample, component) in [0, 0, 1, 2].into_iter().enumerate() {
                    put(pair * 4 + sample, values[component]);
                }
                continue;
            }
            for (component, value) in values.into_iter().enumerate().take(components) {
                let sample =
                    if description.planar { component * pixels + pixel } else { pixel * components + component };
                put(sample, value);
            }
        }
    }
}

/// Returns the lowest and the highest value that can be stored.
const fn ends(description: &PixelDescription) -> (i64, i64) {
    let half = 1i64 << (description.bits_stored - 1);
    if description.signed { (-half, half - 1) } else { (0, (half << 1) - 1) }
}

/// Returns the containers of a value: in YBR the luma, with neutral chroma, otherwise all samples.
fn constant(description: &PixelDescription, value: i64) -> [u32; 3] {
    let (low, high) = ends(description);
    let value = value.clamp(low, high);
    let neutral = 1i64 << (description.bits_stored - 1);
    let values = match description.photometric {
        Photometric::YbrFull | Photometric::YbrFull422 | Photometric::YbrPartial422 | Photometric::YbrPartial420 => {
            [value, neutral, neutral]
        }
        _ => [value; 3],
    };
    values.map(|value| container(description, value))
}

/// Returns the container of a stored value.
fn container(description: &PixelDescription, value: i64) -> u32 {
    let shift = u32::from(description.high_bit + 1 - description.bits_stored);
    let mask = (1u64 << description.bits_allocated) - 1;
    u32::try_from((value << shift).cast_unsigned() & mask).expect("masked to at most 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(photometric: Photometric, bits: (u16, u16, u16), signed: bool) -> PixelDescription {
        PixelDescription {
            rows: 1,
            columns: 4,
            samples_per_pixel: photometric.samples_per_pixel(),
            photometric,
            planar: false,
            bits_allocated: bits.0,
            bits_stored: bits.1,
            high_bit: bits.2,
            signed,
            frames: 1,
        }
    }

    fn black(photometric: Photometric, bits: (u16, u16, u16), signed: bool) -> [u32; 3] {
        Fill::black(&description(photometric, bits, signed), None).unwrap().value
    }

    #[test]
    fn black_is_the_darkest_value_that_can_be_stored() {
        use Photometric::{Monochrome1, Monochrome2, Rgb, YbrFull, YbrPartial422};
        assert_eq!(black(Monochrome2, (16, 12, 11), false)[0], 0);
        assert_eq!(black(Monochrome2, (16, 12, 11), true)[0], 0xF800, "sign-extended -2048");
        assert_eq!(black(Monochrome1, (16, 12, 11), false)[0], 0x0FFF);
        assert_eq!(black(Monochrome1, (16, 12, 15), false)[0], 0xFFF0, "left-aligned");
        assert_eq!(black(Monochrome1, (16, 12, 11), true)[0], 0x07FF);
        assert_eq!(black(Monochrome2, (32, 32, 31), true)[0], 0x8000_0000);
        assert_eq!(black(Monochrome1, (32, 32, 31), false)[0], 0xFFFF_FFFF);
        assert_eq!(black(Monochrome1, (1, 1, 0), false)[0], 1);
        assert_eq!(black(Rgb, (8, 8, 7), false), [0, 0, 0]);
        assert_eq!(black(YbrFull, (8, 8, 7), false), [0, 128, 128]);
        assert_eq!(black(YbrPartial422, (8, 8, 7), false), [16, 128, 128]);
    }

    fn filled(choice: &str, frame: &Frame, palette: Option<&PaletteColor>, region: &Region) -> Vec<u32> {
        let mut frame = frame.clone();
        let fill = Fill::new(choice.parse().unwrap(), &frame, palette, region).unwrap();
        fill.frame(&mut frame, region);
        assert!(fill.covers(&frame, region));
        (0..frame.samples.len()).map(|index| frame.samples.get(index)).collect()
    }

    fn row(photometric: Photometric, bits: (u16, u16, u16), signed: bool, samples: Samples) -> Frame {
        let mut description = description(photometric, bits, signed);
        description.columns = u32::try_from(samples.len()).unwrap() / u32::from(description.samples_per_pixel);
        Frame { description, samples }
    }

    fn columns(width: u32, masked: &[u32]) -> Region {
        let mut region = Region::new(width, 1);
        masked.iter().for_each(|&x| region.add_rect(crate::geometry::Rect::new(x, 0, x + 1, 1)));
        region
    }

    #[test]
    fn the_background_is_the_median_around_each_part() {
        let samples = Samples::U8(vec![10, 20, 99, 30, 40, 50, 60, 99, 99, 70, 80, 90]);
        let gray = row(Photometric::Monochrome2, (8, 8, 7), false, samples);
        let after = filled("background", &gray, None, &columns(12, &[2, 7, 8]));
        assert_eq!(after, [10, 20, 30, 30, 40, 50, 60, 70, 70, 70, 80, 90]);
        let all: Vec<u32> = (0..12).collect();
        assert_eq!(filled("background", &gray, None, &columns(12, &all)), [0; 12], "black where nothing is around");

        // -2, 3 and 9 in 12 bits of 16, the highest bits dirty.
        let signed = Samples::U16(vec![0xFFFE, 0x0123, 0x5003, 0x0009]);
        let signed = row(Photometric::Monochrome2, (16, 12, 11), true, signed);
        assert_eq!(filled("background", &signed, None, &columns(4, &[1])), [0xFFFE, 3, 0x5003, 9]);

        let color = Samples::U8(vec![1, 2, 3, 0, 0, 0, 9, 8, 7, 5, 5, 5]);
        let color = row(Photometric::Rgb, (8, 8, 7), false, color);
        assert_eq!(filled("background", &color, None, &columns(4, &[1]))[3..6], [5, 5, 5]);
    }

    #[test]
    fn the_background_of_a_palette_is_an_index_of_the_image() {
        let table = [0_u16, 0xFFFF, 0x8000].map(u16::to_le_bytes).concat();
        let palette = PaletteColor::new([[3, 0, 16]; 3], [&table, &table, &table], false).unwrap();
        let samples = Samples::U8(vec![2, 0, 1, 2, 2]);
        let frame = row(Photometric::PaletteColor, (8, 8, 7), false, samples);
        assert_eq!(filled("background", &frame, Some(&palette), &columns(5, &[2])), [2, 0, 2, 2, 2]);
        assert_eq!(filled("black", &frame, Some(&palette), &columns(5, &[2])), [2, 0, 0, 2, 2]);
    }

    #[test]
    fn a_value_is_brought_to_what_can_be_stored() {
        let gray = |signed| row(Photometric::Monochrome2, (16, 12, 11), signed, Samples::U16(vec![7; 2]));
        let region = columns(2, &[0]);
        assert_eq!(filled("-1000", &gray(true), None, &region), [0xFC18, 7]);
        assert_eq!(filled("-1000", &gray(false), None, &region), [0, 7]);
        assert_eq!(filled("9999", &gray(false), None, &region), [0x0FFF, 7]);
        let ybr = row(Photometric::YbrFull, (8, 8, 7), false, Samples::U8(vec![7; 6]));
        assert_eq!(filled("100", &ybr, None, &region), [100, 128, 128, 7, 7, 7]);
        assert!("gray".parse::<FillChoice>().is_err());
    }

    #[test]
    fn native_fill_changes_the_region_and_nothing_else() {
        let mut region = Region::new(4, 1);
        region.add_rect(crate::geometry::Rect::new(1, 0, 2, 1));
        let run = |description: &PixelDescription, big_endian, bytes: &[u8], first_bit| {
            let mut bytes = bytes.to_vec();
            Fill::black(description, None).unwrap().native(&mut bytes, first_bit, description, big_endian, &region);
            bytes
        };
        let gray16 = description(Photometric::Monochrome1, (16, 12, 11), false);
        assert_eq!(run(&gray16, false, &[9; 8], 0), [9, 9, 0xFF, 0x0F, 9, 9, 9, 9]);
        assert_eq!(run(&gray16, true, &[9; 8], 0), [9, 9, 0x0F, 0xFF, 9, 9, 9, 9]);
        let mut rgb = description(Photometric::Rgb, (8, 8, 7), false);
        assert_eq!(run(&rgb, false, &[9; 12], 0), [9, 9, 9, 0, 0, 0, 9, 9, 9, 9, 9, 9]);
        rgb.planar = true;
        assert_eq!(run(&rgb, false, &[9; 12], 0), [9, 0, 9, 9, 9, 0, 9, 9, 9, 0, 9, 9]);
        let ybr422 = description(Photometric::YbrFull422, (8, 8, 7), false);
        assert_eq!(run(&ybr422, false, &[9; 8], 0), [0, 0, 128, 128, 9, 9, 9, 9]);
        let bits = description(Photometric::Monochrome2, (1, 1, 0), false);
        assert_eq!(run(&bits, false, &[0xFF, 0xFF], 6), [0x7F, 0xFF], "pixel 1 of a frame that begins at bit 6");
    }
}
