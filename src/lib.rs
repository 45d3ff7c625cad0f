//! Finds text burned into DICOM pixel data, masks it, and reports every decision.

pub mod dicom;
mod error;
mod geometry;
mod sensitive;
pub mod text;

pub use error::{Error, Result};
pub use geometry::{Point, Quad, Rect};
pub use sensitive::Sensitive;
