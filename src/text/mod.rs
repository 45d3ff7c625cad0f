//! The only code that knows ONNX Runtime: runtime and devices, detector, model manifest.
//!
//! ```text
//! Models ─┐
//! Runtime ┼─► Engine ─► Detector (one a worker) ─► Detection
//! Device ─┘
//! ```

mod detector;
mod device;
mod engine;
mod line;
mod manifest;
mod model;
#[allow(dead_code, unreachable_pub, reason = "shared with build.rs, which uses other parts of it")]
mod ort_release;
mod pool;
pub mod postprocess;
mod quads;
mod runtime;
pub mod sample;
mod tiles;
mod version;

pub use detector::{Detection, Detector, DetectorSettings, Passes};
pub use device::Device;
pub use engine::Engine;
pub use line::{Orientation, Reading, TextLine};
pub use manifest::{Channels, InputForm, Layout, ModelEntry, Models, Output, Role, Thresholds};
pub use model::{Model, OrtModel};
pub use pool::DetectorPool;
pub(crate) use quads::merge;
pub use quads::pad;
pub use runtime::{Runtime, fetch as fetch_runtime, places as runtime_places, user_folder};
