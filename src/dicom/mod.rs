//! The only code that knows DICOM: open, frames, views, write back.

pub mod attributes;
mod blobs;
pub mod blocks;
pub mod bytes;
mod change;
mod charset;
pub mod codec;
pub mod color;
pub mod decoded;
mod document;
mod edit;
pub mod file;
pub mod fill;
mod floats;
mod fragments;
pub mod frames;
pub mod header;
pub mod instance;
pub mod layout;
pub mod marks;
mod nested;
mod overlays;
pub mod palette;
pub mod pixels;
pub mod places;
pub mod plan;
mod preamble;
pub mod rewrite;
mod scan;
pub mod views;
pub mod write;

pub use file::Limits;
pub use frames::Frames;
pub use instance::Instance;
pub use pixels::{Frame, Photometric, PixelDescription, Samples};
