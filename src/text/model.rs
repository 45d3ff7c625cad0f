//! Runs a network: the [`Model`] trait, and the implementation on ONNX Runtime.

use ndarray::{ArrayD, ArrayView4, IxDyn};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use super::device::Device;
use super::runtime::Runtime;
use crate::error::{Error, Result};

/// A network that turns one tensor into another. Tests have one of their own.
pub trait Model: Send {
    /// Runs the network on `input`, whose axes are picture, channel, row and column.
    ///
    /// # Errors
    ///
    /// The runtime's words, if the network cannot be run on it.
    fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String>;
}

/// A network on ONNX Runtime. One is made for each worker: a session runs one picture at a time.
#[derive(Debug)]
pub struct OrtModel {
    session: Session,
    device: Device,
}

impl OrtModel {
    /// Loads a network from the bytes of an ONNX file.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if a device that was named cannot be used, [`Error::Model`] if the bytes are no network
    /// with one input and one output.
    pub fn load(runtime: &Runtime, file: &str, bytes: &[u8], device: Device) -> Result<Self> {
        if device != Device::Auto {
            return Self::load_on(runtime, file, bytes, device);
        }
        for candidate in Device::CANDIDATES {
            let there = candidate == Device::Cpu || runtime.providers().contains(&candidate.provider());
            if !there {
                continue;
            }
            match Self::load_on(runtime, file, bytes, candidate) {
                Err(Error::Device { device, problem }) => tracing::info!(device, problem, "device not used"),
                other => return other,
            }
        }
        Self::load_on(runtime, file, bytes, Device::Cpu)
    }

    /// Returns what the network runs on; never [`Device::Auto`].
    #[must_use]
    pub const fn device(&self) -> Device {
        self.device
    }

    fn load_on(runtime: &Runtime, file: &str, bytes: &[u8], device: Device) -> Result<Self> {
        let mut builder = builder(runtime)
            .map_err(|error| Error::Model { file: file.to_owned(), problem: error.message().to_owned() })?;
        if let Some(provider) = device.dispatch() {
            builder = builder
                .with_execution_providers([provider])
                .map_err(|error| Error::Device { device: device.to_string(), problem: error.message().to_owned() })?;
        }
        // With an accelerator the commit can fail on the network or on the device; only the device differs from
        // the CPU, where the same bytes load or do not.
        let session = builder.commit_from_memory(bytes).map_err(|error| match device {
            Device::Cpu | Device::Auto => Error::Model { file: file.to_owned(), problem: error.message().to_owned() },
            _ => Error::Device { device: device.to_string(), problem: error.message().to_owned() },
        })?;
        if session.inputs().len() != 1 || session.outputs().len() != 1 {
            return Err(Error::Model { file: file.to_owned(), problem: "not one input and one output".to_owned() });
        }
        Ok(Self { session, device })
    }
}

/// Sets what does not depend on the device.
///
/// One thread a session, because workers run pictures side by side: on shared cores a session with two spinning
/// threads was slower than with one. The memory pattern would keep the activations of every picture size.
fn builder(runtime: &Runtime) -> ort::Result<ort::session::builder::SessionBuilder> {
    Ok(Session::builder(runtime.environment())?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_memory_pattern(false)?
        .with_optimization_level(GraphOptimizationLevel::All)?)
}

impl Model for OrtModel {
    fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
        let failed = |error: ort::Error| error.message().to_owned();
        let tensor = TensorRef::from_array_view(input).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![tensor]).map_err(failed)?;
        let (shape, values) = outputs[0].try_extract_tensor::<f32>().map_err(failed)?;
        let sides: Vec<usize> = shape.iter().filter_map(|side| usize::try_from(*side).ok()).collect();
        ArrayD::from_shape_vec(IxDyn(&sides), values.to_vec()).map_err(|error| error.to_string())
    }
}
