//! What all workers of a run share: the loaded library, the checked models and the device they run on.

use super::detector::Detector;
use super::device::Device;
use super::heap;
use super::manifest::{Effort, ModelEntry, Models, Role};
use super::model::OrtModel;
use super::network::Network;
use super::passes::Passes;
use super::recognizer::{Recognizer, RecognizerSettings, Turns};
use super::runtime::Runtime;
use crate::error::Result;
use std::sync::{Mutex, PoisonError};

/// Makes detectors, and recognizers of an effort, that are all alike, one for each worker.
#[derive(Debug)]
pub struct Engine {
    runtime: Runtime,
    models: Models,
    device: Device,
    /// The network of cores that was loaded to see that it can be; the first detector gets it.
    first: Mutex<Option<OrtModel>>,
}

impl Engine {
    /// Prepares to run the models on a device, and loads the detector once to see that it can be done.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Device`] if the device cannot be used, [`crate::Error::Model`] if the detector cannot be
    /// loaded.
    pub fn new(runtime: Runtime, models: Models, device: Device) -> Result<Self> {
        heap::keep();
        let (entry, bytes) = models.detector();
        // `auto` is decided here once, so that two workers cannot run on two devices.
        let first = OrtModel::load(&runtime, &entry.file, bytes, device)?;
        Ok(Self { device: first.device(), runtime, models, first: Mutex::new(Some(first)) })
    }

    /// Makes a detector of an effort for one worker.
    ///
    /// # Errors
    ///
    /// As [`Engine::new`].
    pub fn detector(&self, effort: Effort) -> Result<Detector> {
        let (entry, bytes) = self.models.region_detector();
        let Role::RegionDetector { thresholds } = entry.role else { unreachable!("the region detector has this role") };
        let regions = self.network(entry, bytes, thresholds, None)?;
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let cores = match effort {
            Effort::Fast => None,
            Effort::Standard | Effort::Max => {
                let (entry, bytes) = self.models.detector();
                let Role::Detector { thresholds } = entry.role else { unreachable!("the detector has this role") };
                Some(self.network(entry, bytes, thresholds, first)?)
            }
        };
        let detector = Detector::new(cores, Some(regions), Passes::of(effort));
        Ok(match self.scout(effort) {
            Some((entry, bytes)) => {
                let Role::Scout { thresholds } = entry.role else { unreachable!("the scout has this role") };
                detector.with_scout(self.network(entry, bytes, thresholds, None)?)
            }
            None => detector,
        })
    }

    /// Returns the scout of an effort: the last resort looks everywhere.
    fn scout(&self, effort: Effort) -> Option<(&ModelEntry, &[u8])> {
        self.models.scout().filter(|_| !Passes::of(effort).is_thorough)
    }

    /// Makes a network of what is `loaded` already, or loads it.
    fn network<T>(
        &self,
        entry: &ModelEntry,
        bytes: &[u8],
        thresholds: T,
        loaded: Option<OrtModel>,
    ) -> Result<Network<T>> {
        let load = || OrtModel::load(&self.runtime, &entry.file, bytes, self.device);
        let model = loaded.map_or_else(load, Ok)?;
        Ok(Network { model: Box::new(model), input: entry.input.clone(), thresholds })
    }

    /// Makes a recognizer for one worker.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Device`] and [`crate::Error::Model`] if it cannot be loaded.
    pub fn recognizer(&self, effort: Effort) -> Result<Recognizer> {
        let (entry, bytes, charset) = self.models.recognizer(effort);
        let Role::Recognizer { line, .. } = entry.role else { unreachable!("a recognizer has this role") };
        let model = OrtModel::load(&self.runtime, &entry.file, bytes, self.device)?;
        let settings = RecognizerSettings { input: entry.input.clone(), line, turns: Turns::default() };
        Ok(Recognizer::new(Box::new(model), charset.clone(), settings))
    }

    /// Returns what the models run on; never [`Device::Auto`].
    #[must_use]
    pub const fn device(&self) -> Device {
        self.device
    }

    /// Returns the library.
    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Returns the entries of an effort's detectors in the manifest, for the report.
    #[must_use]
    pub fn detector_entries(&self, effort: Effort) -> Vec<&ModelEntry> {
        let cores = (effort > Effort::Fast).then(|| self.models.detector().0);
        let scout = self.scout(effort).map(|(entry, _)| entry);
        cores.into_iter().chain([self.models.region_detector().0]).chain(scout).collect()
    }

    /// Returns the entry of an effort's recognizer in the manifest, for the report.
    #[must_use]
    pub fn recognizer_entry(&self, effort: Effort) -> &ModelEntry {
        self.models.recognizer(effort).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::geometry::{Quad, Rect};
    use crate::text::{pad, quads, sample};
    use image::RgbImage;

    fn engine(device: Device) -> Result<Engine> {
        Engine::new(Runtime::load(None)?, Models::embedded()?, device)
    }

    fn is_covered(image: &RgbImage, area: Rect) -> bool {
        let mut detector =
            engine(Device::Auto).and_then(|e| e.detector(Effort::Standard)).expect("the CPU is always there");
        let lines = detector.detect(image).expect("detected").lines;
        lines.iter().any(|line| quads::contains(&pad(&line.quad), &Quad::from_rect(area)))
    }

    #[test]
    fn text_is_found_by_the_built_in_detector() {
        let (image, area) = sample::picture();
        assert!(is_covered(&image, area));
    }

    #[test]
    fn text_at_a_seam_of_a_large_picture_is_found() {
        let mut image = RgbImage::new(1500, 700);
        let area = sample::draw(&mut image, "JOHN DOE 1906", 660, 300, 3);
        assert!(is_covered(&image, area));
    }

    #[test]
    fn a_large_letter_is_found() {
        let mut image = RgbImage::new(640, 480);
        let area = sample::draw(&mut image, "H", 300, 200, 10);
        assert!(is_covered(&image, area));
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error_and_auto_is_decided_once() {
        assert_eq!(engine(Device::Cpu).expect("always there").device(), Device::Cpu);
        assert_ne!(engine(Device::Auto).expect("always there").device(), Device::Auto);
        let coreml = engine(Device::CoreMl);
        if !cfg!(target_os = "macos") {
            assert!(matches!(coreml, Err(Error::Device { .. })), "{coreml:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_network_are_refused() {
        let runtime = Runtime::load(None).expect("built");
        let result = OrtModel::load(&runtime, "x.onnx", b"no network", Device::Cpu);
        assert!(matches!(result, Err(Error::Model { .. })), "{result:?}");
    }
}
