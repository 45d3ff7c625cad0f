//! The only code that knows DICOM: open, frames, views, write back.

pub mod codec;
pub mod color;
pub mod palette;
pub mod pixels;
pub mod views;
