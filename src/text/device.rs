//! What a model runs on, as said on the command line and as asked of ONNX Runtime.

use std::fmt;
use std::str::FromStr;

use ort::ep::{self, ExecutionProviderDispatch};

use crate::error::Error;

/// What a model runs on. A device that is named and cannot be used is an error, never a silent run on the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// The first of CUDA, DirectML and OpenVINO that the library can use, else the CPU.
    ///
    /// Not tried are TensorRT, which builds an engine for minutes for each picture size, and Core ML, which may
    /// compute in half precision: this detector's output is useless then.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU, by its number.
    Cuda(u32),
    /// The first NVIDIA GPU through TensorRT.
    TensorRt,
    /// Apple's Core ML.
    CoreMl,
    /// A GPU through DirectML, on Windows.
    DirectMl,
    /// Intel's OpenVINO.
    OpenVino,
}

impl Device {
    /// What [`Device::Auto`] tries, in order.
    pub(super) const CANDIDATES: [Self; 4] = [Self::Cuda(0), Self::DirectMl, Self::OpenVino, Self::Cpu];

    /// Returns ONNX Runtime's name for it.
    #[must_use]
    pub const fn provider(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "CPUExecutionProvider",
            Self::Cuda(_) => "CUDAExecutionProvider",
            Self::TensorRt => "TensorrtExecutionProvider",
            Self::CoreMl => "CoreMLExecutionProvider",
            Self::DirectMl => "DmlExecutionProvider",
            Self::OpenVino => "OpenVINOExecutionProvider",
        }
    }

    /// Returns the execution provider to register, `None` for those that need none.
    pub(super) fn dispatch(self) -> Option<ExecutionProviderDispatch> {
        let provider = match self {
            Self::Auto => return None,
            // The arena keeps the memory of the largest picture for good and gains no time here.
            Self::Cpu => ep::CPU::default().with_arena_allocator(false).build(),
            // TF32 rounds to 10 bits: other lines could be found than on the CPU.
            Self::Cuda(number) => {
                ep::CUDA::default().with_device_id(i32::try_from(number).unwrap_or(i32::MAX)).with_tf32(false).build()
            }
            Self::TensorRt => ep::TensorRT::default().build(),
            Self::CoreMl => ep::CoreML::default().build(),
            Self::DirectMl => ep::DirectML::default().build(),
            Self::OpenVino => ep::OpenVINO::default().build(),
        };
        Some(provider.error_on_failure())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::TensorRt => f.write_str("tensorrt"),
            Self::CoreMl => f.write_str("coreml"),
            Self::DirectMl => f.write_str("directml"),
            Self::OpenVino => f.write_str("openvino"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Ok(match word {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "cuda" => Self::Cuda(0),
            "tensorrt" => Self::TensorRt,
            "coreml" => Self::CoreMl,
            "directml" => Self::DirectMl,
            "openvino" => Self::OpenVino,
            _ => match word.strip_prefix("cuda:").and_then(|number| number.parse().ok()) {
                Some(number) => Self::Cuda(number),
                None => {
                    return Err(Error::Usage(
                        "a device is auto, cpu, cuda, cuda:N, tensorrt, coreml, directml or openvino".to_owned(),
                    ));
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_devices_are_the_same() {
        for word in ["auto", "cpu", "cuda", "cuda:3", "tensorrt", "coreml", "directml", "openvino"] {
            assert_eq!(word.parse::<Device>().expect("a known word").to_string(), word);
        }
        assert_eq!("cuda:0".parse::<Device>().expect("a known word"), Device::Cuda(0));
    }

    #[test]
    fn unknown_devices_are_refused() {
        for word in ["", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:x"] {
            assert!(matches!(word.parse::<Device>(), Err(Error::Usage(_))), "{word}");
        }
    }
}
