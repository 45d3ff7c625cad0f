//! A frame before and after masking, as values that can be compared.

use crate::dicom::color;
use crate::dicom::palette::PaletteColor;
use crate::dicom::{Frame, Photometric};

/// The value of a pixel. Gray stands in all three places, so that gray and color are compared by one rule.
pub type Value = [i64; 3];

/// Two frames of one size in the same form.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The original.
    pub before: Picture<'a>,
    /// The output.
    pub after: Picture<'a>,
}

/// A frame and its color tables.
pub type Source<'a> = (&'a Frame, Option<&'a PaletteColor>);

impl<'a> Pair<'a> {
    /// Brings both to one form: stored values where they mean the same, else red, green and blue.
    ///
    /// # Errors
    ///
    /// Why they cannot be compared, in a few words.
    pub fn new(before: Source<'a>, after: Source<'a>) -> Result<Self, &'static str> {
        let (a, b) = (&before.0.description, &after.0.description);
        if (a.rows, a.columns) != (b.rows, b.columns) {
            return Err("the output has another frame size");
        }
        let (own, other) = (Family::of(before), Family::of(after));
        let forms = match (own, other) {
            _ if own == other && own != Family::Palette => (Form::Stored, Form::Stored),
            (Family::Palette, Family::Palette) if is_wide(before) == is_wide(after) => (Form::Table, Form::Table),
            (Family::Gray(_), _) | (_, Family::Gray(_)) => return Err("the output shows gray in another way"),
            _ if has_8_bits(before) && has_8_bits(after) => (Form::Rgb8, Form::Rgb8),
            _ => return Err("the output has colors of another depth"),
        };
        let picture = |(frame, palette), form| Picture { frame, palette, form };
        Ok(Self { before: picture(before, forms.0), after: picture(after, forms.1) })
    }

    /// Returns the frame's columns and rows.
    #[must_use]
    pub const fn size(&self) -> (u32, u32) {
        (self.before.frame.description.columns, self.before.frame.description.rows)
    }

    /// Returns by how much a pixel differs, in its most different component.
    #[must_use]
    pub fn difference(&self, pixel: usize) -> u64 {
        distance(self.before.pixel(pixel), self.after.pixel(pixel))
    }
}

/// Returns the difference of the most different components.
#[must_use]
pub fn distance(a: Value, b: Value) -> u64 {
    a.into_iter().zip(b).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
}

/// How values are to be understood.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Gray(Photometric),
    Color(Photometric),
    Palette,
}

impl Family {
    fn of((frame, palette): Source<'_>) -> Self {
        match frame.description.photometric {
            gray @ (Photometric::Monochrome1 | Photometric::Monochrome2) => Self::Gray(gray),
            // Without its tables only equal indices can be told.
            Photometric::PaletteColor if palette.is_none() => Self::Gray(Photometric::PaletteColor),
            Photometric::PaletteColor => Self::Palette,
            // Decoded samples have all their chroma.
            Photometric::YbrFull | Photometric::YbrFull422 => Self::Color(Photometric::YbrFull),
            Photometric::YbrPartial422 | Photometric::YbrPartial420 => Self::Color(Photometric::YbrPartial422),
            // Decoders undo the transforms of JPEG 2000 and JPEG XL.
            Photometric::Rgb | Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb => {
                Self::Color(Photometric::Rgb)
            }
        }
    }
}

fn is_wide((_, palette): Source<'_>) -> bool {
    palette.is_some_and(PaletteColor::is_wide)
}

fn has_8_bits((frame, palette): Source<'_>) -> bool {
    palette.is_some() || frame.description.bits_stored == 8
}

#[derive(Clone, Copy, Debug)]
enum Form {
    /// Stored values, without the bits around them.
    Stored,
    /// Colors as in the tables.
    Table,
    /// Red, green and blue of 8 bits.
    Rgb8,
}

/// A frame whose pixels are read one by one: nothing is copied, frames may be large.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    frame: &'a Frame,
    palette: Option<&'a PaletteColor>,
    form: Form,
}

impl Picture<'_> {
    /// Returns the value of the pixel `y * columns + x`.
    #[must_use]
    pub fn pixel(&self, pixel: usize) -> Value {
        let stored = self.stored(pixel);
        let index = || i32::try_from(stored[0]).unwrap_or(i32::MAX);
        match (self.form, self.palette) {
            (Form::Table, Some(palette)) => palette.rgb(index()).map(i64::from),
            (Form::Rgb8, Some(palette)) => palette.rgb8(index()).map(i64::from),
            (Form::Rgb8, None) => {
                let samples = stored.map(|value| u16::try_from(value).unwrap_or(0));
                let rgb = match self.frame.description.photometric {
                    Photometric::YbrFull | Photometric::YbrFull422 => color::full_to_rgb(samples, 8),
                    Photometric::YbrPartial422 | Photometric::YbrPartial420 => color::partial_to_rgb(samples, 8),
                    _ => samples,
                };
                rgb.map(i64::from)
            }
            (Form::Stored | Form::Table, _) => stored,
        }
    }

    /// Returns the stored values: masked to Bits Stored, with their sign.
    fn stored(&self, pixel: usize) -> Value {
        let d = &self.frame.description;
        let (shift, bits) = (d.high_bit + 1 - d.bits_stored, u32::from(d.bits_stored));
        let value = |sample: usize| {
            let value = i64::from(self.frame.samples.get(sample) >> shift & (u32::MAX >> (32 - bits)));
            if d.signed && value >> (bits - 1) != 0 { value - (1 << bits) } else { value }
        };
        match d.samples_per_pixel {
            3 => [0, 1, 2].map(|component| value(pixel * 3 + component)),
            _ => [value(pixel); 3],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{frame, gray};
    use super::*;

    #[test]
    fn stored_values_are_compared_without_the_bits_around_them() {
        let (mut a, mut b) = (gray(2, 1, &[0x0F, 0xF1]), gray(2, 1, &[0x3F, 0xC2]));
        for frame in [&mut a, &mut b] {
            (frame.description.bits_stored, frame.description.high_bit) = (4, 3);
            frame.description.signed = true;
        }
        let pair = Pair::new((&a, None), (&b, None)).unwrap();
        assert_eq!((pair.before.pixel(0), pair.difference(0)), ([-1; 3], 0));
        assert_eq!((pair.before.pixel(1), pair.difference(1)), ([1; 3], 1));
    }

    #[test]
    fn ybr_is_compared_with_rgb_by_its_color() {
        let ybr = frame(Photometric::YbrFull, 1, 1, &[76, 85, 255]);
        let rgb = frame(Photometric::Rgb, 1, 1, &[254, 0, 3]);
        assert_eq!(Pair::new((&ybr, None), (&rgb, None)).unwrap().difference(0), 3);
    }

    #[test]
    fn what_means_something_else_is_not_compared() {
        let (a, wide) = (gray(2, 1, &[1, 2]), gray(1, 2, &[1, 2]));
        assert!(Pair::new((&a, None), (&wide, None)).is_err());
        let inverted = frame(Photometric::Monochrome1, 2, 1, &[1, 2]);
        assert!(Pair::new((&a, None), (&inverted, None)).is_err());
        let color = frame(Photometric::Rgb, 2, 1, &[1; 6]);
        assert!(Pair::new((&a, None), (&color, None)).is_err());
    }
}
