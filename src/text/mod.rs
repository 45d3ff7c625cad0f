//! The only code that knows ONNX Runtime: runtime and devices, detector, recognizer, model manifest.
//!
//! ```text
//! Models ─┐          ┌─► Detector   (one a worker) ─► Detection
//! Runtime ┼─► Engine ┤
//! Device ─┘          └─► Recognizer (one a worker) ─► Reading
//! ```

mod blocks;
mod charset;
mod codes;
mod cores;
mod crop;
mod detector;
mod device;
mod engine;
mod forms;
mod gaps;
mod heap;
mod level;
mod line;
mod looks;
mod manifest;
mod marks;
mod model;
mod network;
#[allow(dead_code, unreachable_pub, reason = "shared with build.rs, which uses other parts of it")]
mod ort_release;
mod overlaps;
mod padding;
pub(crate) mod page;
mod passes;
mod pool;
pub mod postprocess;
mod quads;
mod recognizer;
pub mod regions;
mod resize;
mod runtime;
pub mod sample;
mod scout;
mod spots;
mod strokes;
mod tight;
mod tiles;
mod version;

pub(crate) use blocks::{Apart, without_blocks};
pub use charset::Charset;
pub use codes::{Code, CodeKind, Look, codes, is_decoding, merged};
pub use detector::{Detection, Detections, Detector, Later};
pub use device::Device;
pub use engine::Engine;
pub(crate) use gaps::cut;
pub use line::{LineKind, Orientation, Reading, TextLine};
pub use manifest::{
    Channels, CharsetFile, Effort, InputForm, Layout, LineForm, ModelEntry, Models, Output, RegionThresholds, Role,
    Thresholds,
};
pub use marks::Marks;
pub(crate) use marks::is_upright;
pub use model::{Model, OrtModel};
pub use network::Network;
pub(crate) use overlaps::separate;
pub(crate) use padding::reach;
pub use passes::Passes;
pub use pool::{DetectorPool, Pool, RecognizerPool};
pub use quads::pad;
pub(crate) use quads::{area, extent, merge, shared_area, sides};
pub use recognizer::{Recognizer, RecognizerSettings, Turns, recognizer_area};
pub use runtime::{Runtime, fetch as fetch_runtime, places as runtime_places, user_folder};
pub(crate) use spots::groups;
pub(crate) use tight::{around, tight};
pub(crate) use tiles::part;
