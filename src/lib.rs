//! Finds text burned into DICOM pixel data, masks it, and reports every decision.
//!
//! ```text
//! paths ──► Instance ──► Frame ──► TextLine ──► Finding ──► Region ──► clean file + Record
//!  source    dicom        dicom     text         phi         mask       dicom      report
//! ```
//!
//! [`pipeline`] is that street for one instance, [`batch`] for many. I/O stands at both ends; [`text`], [`phi`] and
//! [`mask`] see pixels, quadrilaterals and decisions, never a path or a DICOM object.

pub mod again;
mod attribute;
pub mod batch;
pub mod cine;
mod cleaned;
pub mod dicom;
mod error;
pub mod evaluate;
mod geometry;
pub mod given;
mod ground;
pub mod mask;
pub mod output;
pub mod phi;
pub mod pipeline;
pub mod reader;
mod region;
pub mod report;
pub mod review;
mod sensitive;
pub mod source;
pub mod text;
mod turned;
mod windows;

pub use attribute::Attribute;
pub use error::{Error, Result};
pub use geometry::{Point, Quad, Rect};
pub use region::Region;
pub use sensitive::Sensitive;
