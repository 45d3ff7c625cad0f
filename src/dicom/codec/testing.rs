//! What the tests of the decoders share.

use crate::dicom::pixels::{Photometric, PixelDescription};

/// Makes the description of one unsigned frame, interleaved, with all allocated bits stored.
pub(super) fn describe(rows: u32, columns: u32, photometric: Photometric, bits: u16) -> PixelDescription {
    PixelDescription {
        rows,
        columns,
        samples_per_pixel: photometric.samples_per_pixel(),
        photometric,
        planar: false,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        frames: 1,
    }
}
