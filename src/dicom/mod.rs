//! The only code that knows DICOM: open, frames, views, write back.

pub mod codec;
pub mod pixels;
