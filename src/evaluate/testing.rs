//! Frames for tests.

use crate::dicom::{Frame, Photometric, PixelDescription, Samples};

/// Makes a frame of 8 bits.
pub fn frame(photometric: Photometric, columns: u32, rows: u32, samples: &[u8]) -> Frame {
    let description = PixelDescription {
        rows,
        columns,
        samples_per_pixel: photometric.samples_per_pixel(),
        photometric,
        planar: false,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        signed: false,
        frames: 1,
    };
    Frame { description, samples: Samples::U8(samples.to_vec()) }
}

/// Makes a gray frame of 8 bits.
pub fn gray(columns: u32, rows: u32, samples: &[u8]) -> Frame {
    frame(Photometric::Monochrome2, columns, rows, samples)
}
