//! Review by a person: a page that shows each decision with its picture, the decisions file that it writes, and what is
//! made of that.
//!
//! ```text
//! report ─► Loaded ─┐                     ┌─► server (the page)
//!                   ├─► InstanceState ────┼─► apply  (the pipeline with given findings)
//! decisions ► Ledger┘                     ├─► learn  (zones)
//!                                         └─► html   (the report for audit)
//! ```

pub mod apply;
pub mod decisions;
pub mod html;
pub mod learn;
mod ledger;
mod loaded;
mod picture;
pub mod server;
mod verdicts;

pub use decisions::InstanceVerdict;
pub use ledger::{LARGEST, Ledger, sha256};
pub use loaded::{Inputs, Loaded};
pub use verdicts::{InstanceState, Part, RegionState};
