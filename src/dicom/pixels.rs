//! What a frame is: the Image Pixel description of PS3.3 C.7.6.3 and decoded samples.

use crate::error::{Error, Result};
use crate::geometry::Rect;

/// Photometric Interpretation (0028,0004), PS3.3 C.7.6.3.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Photometric {
    /// `MONOCHROME1`: the lowest value is shown as white.
    Monochrome1,
    /// `MONOCHROME2`: the lowest value is shown as black.
    Monochrome2,
    /// `PALETTE COLOR`: values are indices into lookup tables.
    PaletteColor,
    /// `RGB`.
    Rgb,
    /// `YBR_FULL`: full range, neutral chroma at half.
    YbrFull,
    /// `YBR_FULL_422`: like `YBR_FULL`, two pixels share a chroma pair.
    YbrFull422,
    /// `YBR_PARTIAL_422` (retired): luma 16..=235.
    YbrPartial422,
    /// `YBR_PARTIAL_420`: luma 16..=235, used with video only.
    YbrPartial420,
    /// `YBR_ICT`: irreversible JPEG 2000 transform, decoders return RGB.
    YbrIct,
    /// `YBR_RCT`: reversible JPEG 2000 transform, decoders return RGB.
    YbrRct,
    /// `XYB`: JPEG XL, decoders return RGB.
    Xyb,
}

impl Photometric {
    /// Reads the code string, without its padding.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidAttribute`] if it is none that this program can show and mask (`HSV`, `ARGB`, `CMYK` are
    /// retired).
    pub fn parse(code: &str) -> Result<Self> {
        Ok(match code {
            "MONOCHROME1" => Self::Monochrome1,
            "MONOCHROME2" => Self::Monochrome2,
            "PALETTE COLOR" => Self::PaletteColor,
            "RGB" => Self::Rgb,
            "YBR_FULL" => Self::YbrFull,
            "YBR_FULL_422" => Self::YbrFull422,
            "YBR_PARTIAL_422" => Self::YbrPartial422,
            "YBR_PARTIAL_420" => Self::YbrPartial420,
            "YBR_ICT" => Self::YbrIct,
            "YBR_RCT" => Self::YbrRct,
            "XYB" => Self::Xyb,
            _ => return Err(Error::invalid("PhotometricInterpretation", "not supported")),
        })
    }

    /// Returns the code string of PS3.3.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Monochrome1 => "MONOCHROME1",
            Self::Monochrome2 => "MONOCHROME2",
            Self::PaletteColor => "PALETTE COLOR",
            Self::Rgb => "RGB",
            Self::YbrFull => "YBR_FULL",
            Self::YbrFull422 => "YBR_FULL_422",
            Self::YbrPartial422 => "YBR_PARTIAL_422",
            Self::YbrPartial420 => "YBR_PARTIAL_420",
            Self::YbrIct => "YBR_ICT",
            Self::YbrRct => "YBR_RCT",
            Self::Xyb => "XYB",
        }
    }

    /// Returns the Samples per Pixel (0028,0002) that goes with it.
    #[must_use]
    pub const fn samples_per_pixel(self) -> u16 {
        match self {
            Self::Monochrome1 | Self::Monochrome2 | Self::PaletteColor => 1,
            _ => 3,
        }
    }
}

/// The attributes that say how stored values are to be read.
///
/// Checked when made: see [`PixelDescription::check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelDescription {
    /// Rows (0028,0010), at least 1.
    pub rows: u32,
    /// Columns (0028,0011), at least 1.
    pub columns: u32,
    /// Samples per Pixel (0028,0002): 1 or 3.
    pub samples_per_pixel: u16,
    /// Photometric Interpretation (0028,0004).
    pub photometric: Photometric,
    /// Planar Configuration (0028,0006) is 1: all of one component, then the next.
    pub planar: bool,
    /// Bits Allocated (0028,0100): 1, 8, 16 or 32.
    pub bits_allocated: u16,
    /// Bits Stored (0028,0101).
    pub bits_stored: u16,
    /// High Bit (0028,0102).
    pub high_bit: u16,
    /// Pixel Representation (0028,0103) is 1: two's complement.
    pub signed: bool,
    /// Number of Frames (0028,0008), 1 where absent.
    pub frames: u32,
}

impl PixelDescription {
    /// Checks that the attributes agree with each other.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidAttribute`] naming the first that does not.
    pub fn check(&self) -> Result<()> {
        if self.rows == 0 {
            return Err(Error::invalid("Rows", "zero"));
        }
        if self.columns == 0 {
            return Err(Error::invalid("Columns", "zero"));
        }
        if self.frames == 0 {
            return Err(Error::invalid("NumberOfFrames", "zero"));
        }
        if self.samples_per_pixel != self.photometric.samples_per_pixel() {
            return Err(Error::invalid("SamplesPerPixel", "does not fit PhotometricInterpretation"));
        }
        if !matches!(self.bits_allocated, 1 | 8 | 16 | 32) {
            return Err(Error::invalid("BitsAllocated", "neither 1, 8, 16 nor 32"));
        }
        if self.bits_stored == 0 || self.bits_stored > self.bits_allocated {
            return Err(Error::invalid("BitsStored", "zero or above BitsAllocated"));
        }
        if self.high_bit >= self.bits_allocated || self.high_bit + 1 < self.bits_stored {
            return Err(Error::invalid("HighBit", "does not fit BitsStored and BitsAllocated"));
        }
        if self.bits_allocated == 1 && self.samples_per_pixel != 1 {
            return Err(Error::invalid("BitsAllocated", "1 with more than one sample a pixel"));
        }
        Ok(())
    }

    /// Returns the pixels of one frame.
    #[must_use]
    pub const fn pixels(&self) -> u64 {
        self.rows as u64 * self.columns as u64
    }

    /// Returns the samples of one frame as decoded, with all chroma samples.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.pixels() * self.samples_per_pixel as u64
    }

    /// Returns the smallest box of whole pairs of pixels around `area`, where a pair shares its chroma in native frames. An
    /// odd last column is a pair of its own.
    #[must_use]
    pub fn whole_pairs(&self, area: Rect) -> Rect {
        if !matches!(self.photometric, Photometric::YbrFull422 | Photometric::YbrPartial422) {
            return area;
        }
        Rect { x0: area.x0 & !1, x1: area.x1.next_multiple_of(2).min(self.columns), ..area }
    }

    /// Returns the bits of one native frame as it lies in Pixel Data: one-bit frames follow each other without
    /// padding (PS3.5 8.1.1), and 4:2:2 frames hold two samples a pixel (PS3.3 C.7.6.3.1.2).
    #[must_use]
    pub const fn native_frame_bits(&self) -> u64 {
        match self.photometric {
            Photometric::YbrFull422 | Photometric::YbrPartial422 => {
                // Odd widths are not allowed; where they occur, the pair at the row's end is whole.
                let pairs = (self.columns as u64).div_ceil(2) * self.rows as u64;
                pairs * 4 * self.bits_allocated as u64
            }
            _ => self.samples() * self.bits_allocated as u64,
        }
    }
}

/// Stored values as unsigned containers, interleaved by pixel (R G B R G B…), rows from the top.
///
/// They are neither masked to Bits Stored nor sign-extended: a signed or dirty value stays as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// Bits Allocated 1 (values 0 and 1) and 8.
    U8(Vec<u8>),
    /// Bits Allocated 16.
    U16(Vec<u16>),
    /// Bits Allocated 32.
    U32(Vec<u32>),
}

impl Samples {
    /// Returns the number of samples.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::U32(v) => v.len(),
        }
    }

    /// Returns the containers as little endian bytes.
    #[must_use]
    pub fn to_le_bytes(&self) -> Vec<u8> {
        match self {
            Self::U8(v) => v.clone(),
            Self::U16(v) => v.iter().flat_map(|s| s.to_le_bytes()).collect(),
            Self::U32(v) => v.iter().flat_map(|s| s.to_le_bytes()).collect(),
        }
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the container at `index`.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`Samples::len`].
    #[must_use]
    pub fn get(&self, index: usize) -> u32 {
        match self {
            Self::U8(v) => u32::from(v[index]),
            Self::U16(v) => u32::from(v[index]),
            Self::U32(v) => v[index],
        }
    }
}

/// One decoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How to read `samples`. Photometric Interpretation is that of the *decoded* samples: a decoder that undoes
    /// the color transform says `Rgb` here, 4:2:2 is upsampled and says `YbrFull` (or `YbrPartial422`, with all
    /// chroma samples present). `planar` is false. `frames` is as in the instance.
    pub description: PixelDescription,
    /// `rows * columns * samples_per_pixel` stored values.
    pub samples: Samples,
}
