//! Masking inside a lossy JPEG stream: the blocks under a mask get a new DC and no AC, all others keep their
//! coefficients.

use super::jpeg::{Jpeg, Process};
use super::markers::Part;
use super::turbo::{BlockRow, Coding, Entropy, transform};
use crate::dicom::blocks::{Blocks, Grain};
use crate::dicom::fill::Fill;
use crate::dicom::pixels::PixelDescription;
use crate::error::{Error, Result};

/// A stream whose blocks can be masked.
pub struct Maskable<'a> {
    jpeg: Jpeg<'a>,
    coding: Coding,
    components: Vec<Component>,
    grain: Grain,
}

/// What a masked block of a component becomes.
struct Component {
    /// Blocks in an MCU, across and down.
    blocks: (usize, usize),
    /// The quantized DC coefficient.
    dc: i16,
}

impl<'a> Maskable<'a> {
    /// Reads `data` and finds how to fill its blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] if they cannot be filled: no coefficient makes the fill, the coding cannot be written;
    /// [`Error::Decode`] if the stream is not what the description says.
    pub fn new(
        transfer_syntax: &str,
        description: &PixelDescription,
        data: &'a [u8],
        fill: &dyn Fn(&PixelDescription) -> Result<Option<Fill>>,
    ) -> Result<Self> {
        let jpeg = Jpeg::read(description, data)?;
        if jpeg.process == Process::Lossless {
            return Err(failed("stream is lossless, against its transfer syntax"));
        }
        let coding =
            coding(transfer_syntax, &jpeg).ok_or_else(|| failed("spectral selection alone cannot be written"))?;
        let precision = jpeg.stream.header.precision;
        let fill = fill(&jpeg.description(description))?.and_then(|fill| fill.values());
        let fill = fill.ok_or_else(|| failed("the fill differs within a frame"))?;
        let values = levels(fill, &jpeg, description.signed)?;
        let sampling = sampling(&jpeg)?;
        let most = |axis: fn(&(u32, u32)) -> u32| sampling.iter().map(axis).max().unwrap_or(1);
        let least = |axis: fn(&(u32, u32)) -> u32| sampling.iter().map(axis).min().unwrap_or(1);
        let (across, down) = (most(|s| s.0), most(|s| s.1));
        if sampling.iter().any(|s| across % s.0 != 0 || down % s.1 != 0) {
            return Err(failed("sampling factors are no multiples of each other"));
        }
        let grain = Grain {
            width: 8 * across,
            height: 8 * down,
            // Interpolation between two chroma samples, which lie this far apart, wherever a decoder places them.
            reach: (across / least(|s| s.0) - 1, down / least(|s| s.1) - 1),
        };
        let mut components = Vec::new();
        for ((component, &(h, v)), value) in jpeg.stream.header.components.iter().zip(&sampling).zip(values) {
            let quantum = quantum(&jpeg, data, component.2)?;
            let dc = dc(value, quantum, precision).ok_or_else(|| failed("no coefficient makes the fill"))?;
            components.push(Component { blocks: (h as usize, v as usize), dc });
        }
        Ok(Self { jpeg, coding, components, grain })
    }

    /// Returns the unit of masking: an MCU.
    pub const fn grain(&self) -> Grain {
        self.grain
    }

    /// Returns the stream with `blocks` filled. Application and comment segments, but for those that tell the color
    /// space, restart markers and all behind EOI are gone.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the stream cannot be decoded to its end.
    pub fn mask(&self, blocks: &Blocks) -> Result<Vec<u8>> {
        let plain = self.jpeg.plain();
        let change = |index: usize, row: usize, coefficients: &mut BlockRow| {
            let Some(Component { blocks: (across, down), dc }) = self.components.get(index) else { return };
            for (column, block) in coefficients.iter_mut().enumerate() {
                if blocks.contains(column / across, row / down) {
                    *block = [0; 64];
                    block[0] = *dc;
                }
            }
        };
        let mut masked = transform(&plain, self.coding, change)?;
        if self.coding.entropy == Entropy::CommonTables && masked.len() > plain.len() {
            masked = transform(&plain, Coding { entropy: Entropy::OwnTables, ..self.coding }, change)?;
        }
        self.jpeg.with_color_markers(&masked)
    }
}

/// Returns how a stream of a transfer syntax is coded; `None` for those of spectral selection without successive
/// approximation, which the library does not write.
fn coding(transfer_syntax: &str, jpeg: &Jpeg<'_>) -> Option<Coding> {
    let huffman = if has_common_tables(jpeg) { Entropy::CommonTables } else { Entropy::OwnTables };
    let (progressive, entropy) = match transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.")? {
        "50" | "51" => (false, huffman),
        "52" => (false, Entropy::Arithmetic),
        "55" => (true, Entropy::OwnTables),
        "56" => (true, Entropy::Arithmetic),
        _ => return None,
    };
    Some(Coding { progressive, entropy })
}

/// Returns whether the Huffman tables are those of 10918-1 K.3, as far as their lengths tell: 12 symbols for DC, 162
/// for AC. Tables made for an image have only the symbols in it. A wrong guess costs time, no bytes.
fn has_common_tables(jpeg: &Jpeg<'_>) -> bool {
    let mut tables = jpeg.stream.parts.iter().filter_map(|part| match part {
        Part::Segment(0xC4, range) => jpeg.bytes(range),
        _ => None,
    });
    tables.all(|mut rest| {
        while let Some((&class, lengths)) = rest.split_first() {
            let Some((counts, symbols)) = lengths.split_first_chunk::<16>() else { return false };
            let count = counts.iter().map(|&count| usize::from(count)).sum();
            if count != if class >> 4 == 0 { 12 } else { 162 } || symbols.len() < count {
                return false;
            }
            rest = &symbols[count..];
        }
        true
    })
}

/// Returns the blocks of each component in an MCU. A component that is alone has one, whatever its factors say
/// (10918-1 A.2.2).
fn sampling(jpeg: &Jpeg<'_>) -> Result<Vec<(u32, u32)>> {
    let components = &jpeg.stream.header.components;
    if components.len() == 1 {
        return Ok(vec![(1, 1)]);
    }
    let factors = components.iter().map(|c| (u32::from(c.1 >> 4), u32::from(c.1 & 15)));
    let allowed = |factors: &(u32, u32)| (1..=4).contains(&factors.0) && (1..=4).contains(&factors.1);
    let factors: Vec<_> = factors.filter(allowed).collect();
    if factors.len() == components.len() { Ok(factors) } else { Err(failed("sampling factors are malformed")) }
}

/// Turns decoded samples into those of the stream's components.
fn levels(fill: [u32; 3], jpeg: &Jpeg<'_>, signed: bool) -> Result<[u32; 3]> {
    let precision = jpeg.stream.header.precision;
    let largest = (1 << precision) - 1;
    // The codec knows no signs: two's complement of the stream's own width.
    let fill = if signed { fill.map(|value| value & largest) } else { fill };
    if fill.iter().any(|&value| value > largest) {
        return Err(failed("the fill has more bits than the stream"));
    }
    match fill {
        _ if !jpeg.transformed => Ok(fill),
        [red, green, blue] if red == green && green == blue => {
            let neutral = 1 << (precision - 1);
            Ok([red, neutral, neutral])
        }
        _ => Err(failed("the fill is not gray")),
    }
}

/// Returns the quantization step of the DC coefficients that use a table.
fn quantum(jpeg: &Jpeg<'_>, data: &[u8], table: u8) -> Result<u16> {
    let mut found = None;
    for part in &jpeg.stream.parts {
        let Part::Segment(0xDB, range) = part else { continue };
        let mut rest = &data[range.clone()];
        while let Some((&kind, values)) = rest.split_first() {
            let length = if kind >> 4 == 0 { 64 } else { 128 };
            let values = values.get(..length).ok_or_else(|| failed("quantization table is cut off"))?;
            let first = if kind >> 4 == 0 { u16::from(values[0]) } else { u16::from_be_bytes([values[0], values[1]]) };
            if kind & 15 == table && found.replace(first).is_some_and(|before| before != first) {
                return Err(failed("a quantization table changes between scans"));
            }
            rest = &rest[1 + length..];
        }
    }
    found.ok_or_else(|| failed("quantization table is missing"))
}

/// Returns the quantized DC coefficient of a block of `value`: its eightfold, counted from the middle of the range.
///
/// The ends of the range are met by what lies beyond them, which decoders clamp; no further than a quarter of the range, since
/// some look values up in tables of a few times the range. Within it, a DC that is off by less than half a level
/// decodes to the level.
fn dc(value: u32, quantum: u16, precision: u8) -> Option<i16> {
    let half = 1_i64 << (precision - 1);
    let (quantum, target) = (i64::from(quantum), 8 * (i64::from(value) - half));
    if quantum == 0 {
        return None;
    }
    let step = if value == 0 {
        target.div_euclid(quantum)
    } else if i64::from(value) == 2 * half - 1 {
        -(-target).div_euclid(quantum)
    } else {
        (target + quantum / 2).div_euclid(quantum)
    };
    let off = (step * quantum - target).abs();
    let limit = if value == 0 || i64::from(value) == 2 * half - 1 { 4 * half } else { 3 };
    (off <= limit).then(|| i16::try_from(step).ok()).flatten()
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::encode("JPEG blocks", problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn black_and_white_lie_at_or_beyond_the_ends_of_the_range() {
        assert_eq!(dc(0, 16, 8), Some(-64));
        assert_eq!(dc(0, 3, 8), Some(-342), "-1026 is below -1024");
        assert_eq!(dc(0, 1, 12), Some(-16384));
        assert_eq!(dc(255, 3, 8), Some(339), "1017 is above 1016");
        assert_eq!(dc(128, 99, 8), Some(0));
        assert_eq!(dc(0, 2000, 8), None, "too far beyond");
        assert_eq!(dc(0, 0, 8), None);
    }

    proptest! {
        #[test]
        fn a_flat_block_decodes_to_its_value(value in 0_u32..4096, quantum in 1_u16..256, eight: bool) {
            let (precision, value) = if eight { (8, value % 256) } else { (12, value) };
            let Some(dc) = dc(value, quantum, precision) else { return Ok(()) };
            // A block without AC is an eighth of its DC everywhere.
            let level = f64::from(dc) * f64::from(quantum) / 8.0 + f64::from(1 << (precision - 1));
            let clamped = level.round().clamp(0.0, f64::from((1 << precision) - 1));
            prop_assert!((clamped - f64::from(value)).abs() < 0.1, "{} {}", level, value);
        }
    }
}
