//! `PALETTE COLOR`: the three lookup tables of PS3.3 C.7.6.3.1.5 and C.7.9.2, from plain values.

use crate::error::{Error, Result};

/// Red, green and blue for each stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaletteColor {
    /// The stored value of the first entry; lower ones are shown like it, higher ones than the last like that.
    first: i32,
    /// Entries of 8 or 16 bits.
    entries: Vec<[u16; 3]>,
    /// Whether entries use 16 bits.
    wide: bool,
}

/// What a descriptor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Descriptor {
    entries: usize,
    first: i32,
    bits: i32,
}

impl PaletteColor {
    /// Reads the tables for red, green and blue.
    ///
    /// `descriptors` are those of the Red, Green and Blue Palette Color Lookup Table Descriptor: number of entries
    /// (0 means 65536), first stored value mapped (signed or not, as Pixel Representation says), bits of an entry.
    /// `tables` are the lookup table data as little endian bytes; `segmented` says that they are those of the
    /// Segmented … Lookup Table Data.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidAttribute`] if a descriptor or a table is malformed, or the three do not go together.
    pub fn new(descriptors: [[i32; 3]; 3], tables: [&[u8]; 3], segmented: bool) -> Result<Self> {
        let descriptor = Descriptor::read(descriptors)?;
        let [red, green, blue] = tables.map(|table| Table::read(table, descriptor, segmented));
        let tables = [red?, green?, blue?];
        let highest = tables.iter().flat_map(|table| &table.values).copied().max().unwrap_or(0);
        // Descriptors that say 16 bits above tables of 8-bit values are common, and read by their word they would
        // make everything black. The other way round, words that do not fit 8 bits use 16.
        let wide = highest > 255;
        let widen = |table: &Table, i: usize| {
            let value = table.values[i];
            // In a mixed set, 8-bit entries are brought to 16 bits by repeating them.
            if wide && table.narrow { value * 257 } else { value }
        };
        let entries = (0..descriptor.entries).map(|i| [0, 1, 2].map(|c| widen(&tables[c], i))).collect();
        Ok(Self { first: descriptor.first, entries, wide })
    }

    /// Returns the color of a stored value, with 8 bits a channel.
    #[must_use]
    pub fn rgb8(&self, index: i32) -> [u8; 3] {
        self.rgb(index).map(|value| if self.wide { value.to_be_bytes()[0] } else { value.to_le_bytes()[0] })
    }

    /// Returns the color of a stored value as it is in the tables.
    #[must_use]
    pub fn rgb(&self, index: i32) -> [u16; 3] {
        let entry = usize::try_from(i64::from(index) - i64::from(self.first)).unwrap_or(0);
        self.entries[entry.min(self.entries.len() - 1)]
    }

    /// Returns whether entries use 16 bits.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        self.wide
    }

    /// Returns the stored value whose color has the lowest luma, of several the lowest.
    ///
    /// Only values that Bits Stored and Pixel Representation (`signed`) can represent are considered.
    #[must_use]
    pub fn darkest_index(&self, bits_stored: u16, signed: bool) -> i32 {
        let bits = u32::from(bits_stored.clamp(1, 32));
        let (lowest, highest) =
            if signed { (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1) } else { (0, (1_i64 << bits) - 1) };
        let narrow = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
        let (lowest, highest) = (narrow(lowest), narrow(highest));
        let last = self.first + i32::try_from(self.entries.len()).expect("65536 entries at most") - 1;
        // Values outside the table look like its ends, so beyond it only the lowest possible one has to be tried.
        let inside = self.first.max(lowest)..=last.min(highest);
        let luma = |index: &i32| {
            let [red, green, blue] = self.rgb(*index).map(u32::from);
            299 * red + 587 * green + 114 * blue
        };
        std::iter::once(lowest).chain(inside).min_by_key(luma).unwrap_or(lowest)
    }
}

impl Descriptor {
    /// Checks three descriptors, which have to say the same (PS3.3 C.7.6.3.1.5).
    fn read(descriptors: [[i32; 3]; 3]) -> Result<Self> {
        if descriptors.iter().any(|d| *d != descriptors[0]) {
            return Err(failed("red, green and blue descriptors differ"));
        }
        let [entries, first, bits] = descriptors[0];
        // An SS value is the same 16 bits.
        let entries = usize::from(u16::from_le_bytes([entries.to_le_bytes()[0], entries.to_le_bytes()[1]]));
        if bits != 8 && bits != 16 {
            return Err(failed("entries of neither 8 nor 16 bits"));
        }
        if !(i32::from(i16::MIN)..=i32::from(u16::MAX)).contains(&first) {
            return Err(failed("first value mapped is no 16-bit value"));
        }
        Ok(Self { entries: if entries == 0 { 1 << 16 } else { entries }, first, bits })
    }
}

/// The entries of one channel.
struct Table {
    values: Vec<u16>,
    /// Each fits 8 bits and is meant so.
    narrow: bool,
}

impl Table {
    /// Reads lookup table data, which may be packed (one byte an entry) or in words, whatever the descriptor says.
    fn read(data: &[u8], descriptor: Descriptor, segmented: bool) -> Result<Self> {
        let wanted = descriptor.entries;
        let words = || data.as_chunks().0.iter().map(|&b| u16::from_le_bytes(b)).collect::<Vec<u16>>();
        let bytes = || data.iter().map(|&b| u16::from(b)).collect::<Vec<u16>>();
        let mut values = match (segmented, descriptor.bits) {
            (true, 8) => expand(&bytes(), wanted, 1)?,
            (true, _) => expand(&words(), wanted, 2)?,
            (false, _) if data.len() >= wanted * 2 => words(),
            (false, _) if data.len() >= wanted => bytes(),
            (false, _) => return Err(failed("table is shorter than its descriptor says")),
        };
        values.truncate(wanted);
        let narrow = values.iter().all(|&value| value <= 255);
        Ok(Self { values, narrow: narrow && descriptor.bits == 8 })
    }
}

/// Expands a segmented table (PS3.3 C.7.9.2.2) whose fields have `width` bytes each.
fn expand(data: &[u16], wanted: usize, width: usize) -> Result<Vec<u16>> {
    let mut out = Vec::with_capacity(wanted);
    let mut at = 0;
    while out.len() < wanted {
        at = segment(data, at, width, &mut out, wanted, true)?;
    }
    Ok(out)
}

/// Appends the segment at `at` and returns where the next one starts. Fails if it would pass `wanted` entries.
fn segment(data: &[u16], at: usize, width: usize, out: &mut Vec<u16>, wanted: usize, indirect: bool) -> Result<usize> {
    let cut = || failed("segmented table is shorter than its descriptor says");
    let (&operation, &length) = (data.get(at).ok_or_else(cut)?, data.get(at + 1).ok_or_else(cut)?);
    let length = usize::from(length);
    if operation != 2 && length > wanted - out.len() {
        return Err(failed("segmented table is longer than its descriptor says"));
    }
    match operation {
        0 => {
            out.extend_from_slice(data.get(at + 2..at + 2 + length).ok_or_else(cut)?);
            Ok(at + 2 + length)
        }
        1 => {
            let &end = data.get(at + 2).ok_or_else(cut)?;
            let &start = out.last().ok_or_else(|| failed("segmented table starts with a linear segment"))?;
            out.extend((1..=length).map(|step| interpolate(start, end, step, length)));
            Ok(at + 3)
        }
        2 if indirect => {
            // The offset has four bytes, in bytes from the start of the table.
            let fields = data.get(at + 2..at + 2 + 4 / width).ok_or_else(cut)?;
            let shift = 8 * width;
            let offset = fields.iter().rev().fold(0_usize, |offset, &field| offset << shift | usize::from(field));
            let mut from = offset / width;
            for _ in 0..length {
                from = segment(data, from, width, out, wanted, false)?;
            }
            Ok(at + 2 + 4 / width)
        }
        2 => Err(failed("segmented table with nested indirect segments")),
        _ => Err(failed("segmented table with an unknown segment")),
    }
}

/// Returns the value `step` of `steps` on the line from `start` to `end`, rounded to the nearest.
fn interpolate(start: u16, end: u16, step: usize, steps: usize) -> u16 {
    let (start, end, step, steps) = (u64::from(start), u64::from(end), step as u64, steps as u64);
    let value = (start * (steps - step) + end * step + steps / 2) / steps;
    u16::try_from(value).expect("between two 16-bit values")
}

/// Makes the error for a malformed palette.
fn failed(problem: &str) -> Error {
    Error::invalid("RedPaletteColorLookupTableDescriptor", problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn packed_bytes_words_and_mistaken_16_bit_tables_of_8_bit_values_look_the_same() {
        let packed = [0_u8, 128, 255, 0];
        let loose = words(&[0, 128, 255]);
        for (table, bits) in [(&packed[..], 8), (&packed[..], 16), (&loose[..], 8), (&loose[..], 16)] {
            let palette = PaletteColor::new([[3, 0, bits]; 3], [table; 3], false).expect("well formed");
            assert_eq!([0, 1, 2].map(|i| palette.rgb8(i)[0]), [0, 128, 255], "{bits}");
        }
    }

    #[test]
    fn values_outside_the_table_look_like_its_ends() {
        let table = words(&[0x1100, 0x2200]);
        let palette = PaletteColor::new([[2, -5, 16]; 3], [&table; 3], false).expect("well formed");
        assert_eq!([-6, -5, -4, 99, i32::MIN].map(|i| palette.rgb8(i)[1]), [0x11, 0x11, 0x22, 0x22, 0x11]);
    }

    #[test]
    fn zero_entries_are_65536() {
        let table = words(&(0..=u16::MAX).collect::<Vec<_>>());
        let palette = PaletteColor::new([[0, 0, 16]; 3], [&table; 3], false).expect("well formed");
        assert_eq!(palette.rgb(65_535), [65_535; 3]);
        assert!(PaletteColor::new([[0, 0, 16]; 3], [&table[..65_535]; 3], false).is_err());
    }

    #[test]
    fn the_darkest_index_is_the_lowest_of_its_luma_and_representable() {
        let (red, green) = (words(&[9, 0, 0, 0]), words(&[9, 5, 0, 0]));
        let palette = PaletteColor::new([[4, 0, 16]; 3], [&red, &green, &green], false).expect("well formed");
        assert_eq!(palette.darkest_index(8, false), 2);
        assert_eq!(palette.darkest_index(1, false), 1);
        let palette = PaletteColor::new([[4, -2, 16]; 3], [&red, &green, &green], false).expect("well formed");
        assert_eq!(palette.darkest_index(8, true), 0);
        let palette = PaletteColor::new([[4, -3, 16]; 3], [&red, &green, &green], false).expect("well formed");
        assert_eq!(palette.darkest_index(8, true), -1);
        let palette = PaletteColor::new([[1, 300, 16]; 3], [&red[..2]; 3], false).expect("well formed");
        assert_eq!(palette.darkest_index(8, false), 0);
    }

    #[test]
    fn discrete_linear_and_indirect_segments_expand() {
        let table = words(&[0, 2, 10, 20, 1, 4, 40, 2, 1, 0, 0]);
        let palette = PaletteColor::new([[8, 0, 16]; 3], [&table; 3], true).expect("well formed");
        let found: Vec<u16> = (0..8).map(|i| palette.rgb(i)[0]).collect();
        assert_eq!(found, [10, 20, 25, 30, 35, 40, 10, 20]);
        let bytes = [0_u8, 2, 10, 20, 1, 4, 40, 2, 1, 0, 0, 0, 0];
        let narrow = PaletteColor::new([[8, 0, 8]; 3], [&bytes; 3], true).expect("well formed");
        assert_eq!((0..8).map(|i| narrow.rgb(i)[0]).collect::<Vec<_>>(), found);
    }

    #[test]
    fn malformed_palettes_are_errors() {
        let table = words(&[1, 2]);
        assert!(PaletteColor::new([[3, 0, 16]; 3], [&table[..2]; 3], false).is_err());
        assert!(PaletteColor::new([[2, 0, 12]; 3], [&table; 3], false).is_err());
        assert!(PaletteColor::new([[2, 0, 16], [2, 0, 16], [2, 1, 16]], [&table; 3], false).is_err());
        for broken in [&[1, 2, 5][..], &[0, 9, 1], &[2, 1, 0, 0], &[7, 1, 1], &[0, 3, 1, 1, 1]] {
            assert!(PaletteColor::new([[2, 0, 16]; 3], [&words(broken); 3], true).is_err(), "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_tables_never_panic_or_loop(
            data in prop::collection::vec(0_u16..6, 0..40), entries in 0..70_000_i32, bits in prop::sample::select(vec![8, 16]),
            first in -40_000..70_000_i32, segmented: bool, index: i32,
        ) {
            let bytes = words(&data);
            if let Ok(palette) = PaletteColor::new([[entries, first, bits]; 3], [&bytes; 3], segmented) {
                let _ = palette.rgb8(index);
                prop_assert!((-128..128).contains(&palette.darkest_index(8, true)));
            }
        }
    }
}
