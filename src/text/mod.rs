//! The only code that knows ONNX Runtime: runtime and devices, detector, model manifest.
