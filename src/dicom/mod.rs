//! The only code that knows DICOM: open, frames, views, write back.

pub mod attributes;
pub mod bytes;
mod charset;
pub mod codec;
pub mod color;
mod document;
mod edit;
pub mod file;
pub mod fill;
pub mod frames;
pub mod header;
pub mod instance;
pub mod layout;
pub mod palette;
pub mod pixels;
pub mod views;
pub mod write;

pub use file::Limits;
pub use frames::Frames;
pub use instance::Instance;
pub use pixels::{Frame, Photometric, PixelDescription, Samples};
