//! What all workers of a run share: the loaded library, the checked models and the device they run on.

use super::detector::{Detector, DetectorSettings};
use super::device::Device;
use super::manifest::{ModelEntry, Models};
use super::model::OrtModel;
use super::runtime::Runtime;
use crate::error::Result;

/// Makes detectors that are all alike, one for each worker.
#[derive(Debug)]
pub struct Engine {
    runtime: Runtime,
    models: Models,
    device: Device,
    settings: DetectorSettings,
}

impl Engine {
    /// Prepares to run the models on a device, and loads the detector once to see that it can be done.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Device`] if the device cannot be used, [`crate::Error::Model`] if the detector cannot be
    /// loaded.
    pub fn new(runtime: Runtime, models: Models, device: Device) -> Result<Self> {
        let (entry, bytes) = models.detector();
        let settings = DetectorSettings::from(entry);
        // `auto` is decided here once, so that two workers cannot run on two devices.
        let device = OrtModel::load(&runtime, &entry.file, bytes, device)?.device();
        Ok(Self { runtime, models, device, settings })
    }

    /// Makes a detector for one worker.
    ///
    /// # Errors
    ///
    /// As [`Engine::new`].
    pub fn detector(&self) -> Result<Detector> {
        let (entry, bytes) = self.models.detector();
        let model = OrtModel::load(&self.runtime, &entry.file, bytes, self.device)?;
        Ok(Detector::new(Box::new(model), self.settings.clone()))
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

    /// Returns the detector's entry in the manifest, for the report.
    #[must_use]
    pub fn detector_entry(&self) -> &ModelEntry {
        self.models.detector().0
    }

    /// Returns the settings of the detectors.
    #[must_use]
    pub const fn settings(&self) -> &DetectorSettings {
        &self.settings
    }

    /// Changes the settings of the detectors made from now on.
    pub fn set_settings(&mut self, settings: DetectorSettings) {
        self.settings = settings;
    }
}
