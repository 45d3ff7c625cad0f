//! A part of all inputs, chosen by their names alone: machines that see the same tree need not talk to each other.

use super::Input;
use sha2::{Digest, Sha256};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// One of so many parts, counted from 1. Written as `I/N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: NonZeroU32,
}

impl Shard {
    /// Returns the number of this part, from 1.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Returns how many parts there are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count.get()
    }

    /// Returns whether the input with this name in the report belongs to this part.
    ///
    /// The first eight bytes of the name's SHA-256, as a big endian number modulo the number of parts, are the number of
    /// the part less one. So every name is in exactly one part, on every machine and in every version.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        let digest = Sha256::digest(name.as_bytes());
        let head = digest.iter().take(8).fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        head % u64::from(self.count.get()) == u64::from(self.index - 1)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parsed {
            Some((index, count)) if (1..=NonZeroU32::get(count)).contains(&index) => Ok(Self { index, count }),
            _ => Err("a shard is I/N with 1 ≤ I ≤ N".to_owned()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Returns the SHA-256 of the names of inputs in the order of the report, each ended by a NUL.
#[must_use]
pub fn names_sha256(inputs: &[Input]) -> String {
    let mut hash = Sha256::new();
    for input in inputs {
        hash.update(input.name());
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_in_exactly_one_shard() {
        for count in [1, 2, 7, 100] {
            let shards: Vec<Shard> = (1..=count).map(|index| format!("{index}/{count}").parse().unwrap()).collect();
            for number in 0..500 {
                let name = format!("study/{number}.dcm");
                assert_eq!(shards.iter().filter(|shard| shard.takes(&name)).count(), 1, "{name} of {count}");
            }
        }
        // Shards of different machines and versions must agree: these never change.
        let third: Shard = "3/4".parse().unwrap();
        let taken: Vec<u32> = (0..12).filter(|number| third.takes(&format!("{number}.dcm"))).collect();
        assert_eq!(taken, [8]);
    }

    #[test]
    fn a_shard_is_counted_from_one() {
        for bad in ["0/2", "3/2", "1/0", "1", "a/b", "-1/2", "1/2/3", "/"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
        assert_eq!("2/2".parse::<Shard>().unwrap().to_string(), "2/2");
    }
}
