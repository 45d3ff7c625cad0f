//! The black of an image and how it is put into stored samples.

use super::instance::is_subsampled;
use super::palette::PaletteColor;
use super::pixels::{Frame, Photometric, PixelDescription, Samples};
use crate::error::{Error, Result};
use crate::region::Region;

/// The containers that show as black, one for each sample of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill([u32; 3]);

impl Fill {
    /// Finds the darkest value that `description` can store.
    ///
    /// The lowest value of `MONOCHROME2`, the highest of `MONOCHROME1`, 0 of `RGB`, luma black with neutral chroma of
    /// YBR (PS3.3 C.7.6.3.1.2), the darkest palette entry. Bits outside Bits Stored are cleared; of a signed sample
    /// those above High Bit repeat the sign, so that readers that do not mask the container see the same value.
    ///
    /// # Errors
    ///
    /// [`Error::MissingAttribute`] if `PALETTE COLOR` comes without its `palette`.
    pub fn black(description: &PixelDescription, palette: Option<&PaletteColor>) -> Result<Self> {
        let bits = u32::from(description.bits_stored);
        let half = 1i64 << (bits - 1);
        let (low, high) = if description.signed { (-half, half - 1) } else { (0, (half << 1) - 1) };
        let eighths = |value: i64| if bits >= 8 { value << (bits - 8) } else { value >> (8 - bits) };
        let values = match description.photometric {
            Photometric::Monochrome1 => [high; 3],
            Photometric::Monochrome2 => [low; 3],
            Photometric::PaletteColor => {
                let palette = palette.ok_or(Error::MissingAttribute("RedPaletteColorLookupTableDescriptor"))?;
                [i64::from(palette.darkest_index(description.bits_stored, description.signed)); 3]
            }
            Photometric::Rgb | Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb => [0; 3],
            Photometric::YbrFull | Photometric::YbrFull422 => [0, half, half],
            Photometric::YbrPartial422 | Photometric::YbrPartial420 => [eighths(16), half, half],
        };
        let shift = u32::from(description.high_bit + 1 - description.bits_stored);
        let container = (1u64 << description.bits_allocated) - 1;
        Ok(Self(values.map(|value| {
            let stored = (value << shift).cast_unsigned() & container;
            u32::try_from(stored).expect("masked to at most 32 bits")
        })))
    }

    /// Returns the containers, as many of them as a pixel has samples.
    #[must_use]
    pub const fn values(&self) -> [u32; 3] {
        self.0
    }

    /// Fills `region` of a decoded frame.
    pub fn frame(&self, frame: &mut Frame, region: &Region) {
        let samples_per_pixel = usize::from(frame.description.samples_per_pixel);
        for pixel in region.indices() {
            for component in 0..samples_per_pixel {
                let (index, value) = (pixel * samples_per_pixel + component, self.0[component]);
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
        let samples_per_pixel = usize::from(frame.description.samples_per_pixel);
        let stored = u32::MAX >> (31 - u32::from(frame.description.high_bit));
        let coded = self.0.map(|value| if frame.description.signed { value & stored } else { value });
        let mut samples = region.indices().flat_map(|pixel| (0..samples_per_pixel).map(move |c| (pixel, c)));
        samples.all(|(pixel, c)| {
            let value = frame.samples.get(pixel * samples_per_pixel + c);
            value == self.0[c] || value == coded[c]
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
                let set = u8::from(self.0[0] & 1 == 1);
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
            if is_subsampled(description) {
                // Y1 Y2 Cb Cr, a row begins with a new pair (PS3.3 C.7.6.3.1.2).
                let pair = pixel / columns * columns.div_ceil(2) + pixel % columns / 2;
                for (sample, component) in [0, 0, 1, 2].into_iter().enumerate() {
                    put(pair * 4 + sample, self.0[component]);
                }
                continue;
            }
            for component in 0..components {
                let sample =
                    if description.planar { component * pixels + pixel } else { pixel * components + component };
                put(sample, self.0[component]);
            }
        }
    }
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
        Fill::black(&description(photometric, bits, signed), None).unwrap().0
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
