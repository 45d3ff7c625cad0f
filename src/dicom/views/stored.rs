//! Values out of their containers, and where most of them lie.

use crate::dicom::pixels::PixelDescription;

/// The lower end of the percentile window. Text is light on dark far more often than the reverse, so the dark end
/// may lose half a percent to dead pixels and padding.
const LOW: f64 = 0.005;

/// The upper end. Text can be a few hundred pixels of a megapixel: above this, a thousandth is left to outliers.
const HIGH: f64 = 0.999;

/// How a container holds a stored value.
pub(super) struct Stored {
    shift: u32,
    bits: u32,
    signed: bool,
}

impl Stored {
    pub(super) fn new(d: &PixelDescription) -> Self {
        Self { shift: u32::from(d.high_bit + 1 - d.bits_stored), bits: u32::from(d.bits_stored), signed: d.signed }
    }

    /// Masks to Bits Stored and extends the sign.
    pub(super) fn value(&self, container: u32) -> i64 {
        let value = i64::from(container >> self.shift & (u32::MAX >> (32 - self.bits)));
        if self.signed && value >> (self.bits - 1) != 0 { value - (1 << self.bits) } else { value }
    }
}

/// Returns the bins that hold the low and the high percentile, or nothing if all are empty.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a number of pixels, far below 2^53"
)]
pub(super) fn quantiles(counts: &[u64]) -> Option<(usize, usize)> {
    let total: u64 = counts.iter().sum();
    let last = total.checked_sub(1)?;
    let find = |share: f64| {
        let rank = (last as f64 * share).round() as u64;
        let mut below = 0;
        counts.iter().position(|&count| {
            below += count;
            below > rank
        })
    };
    Some((find(LOW)?, find(HIGH)?))
}
