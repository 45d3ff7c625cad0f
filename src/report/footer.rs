//! The last line of a report: its sums.

use super::record::{Line, Status};
use crate::phi::Decision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Inputs by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// See [`Status::Clean`].
    pub clean: u64,
    /// See [`Status::Masked`].
    pub masked: u64,
    /// See [`Status::NoPixels`].
    pub no_pixels: u64,
    /// See [`Status::Review`].
    pub review: u64,
    /// See [`Status::Held`].
    pub held: u64,
}

impl Counts {
    /// Counts one more.
    pub const fn add(&mut self, status: Status) {
        let count = match status {
            Status::Clean => &mut self.clean,
            Status::Masked => &mut self.masked,
            Status::NoPixels => &mut self.no_pixels,
            Status::Review => &mut self.review,
            Status::Held => &mut self.held,
        };
        *count += 1;
    }

    /// Returns the sum.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.clean + self.masked + self.no_pixels + self.review + self.held
    }
}

/// The sums of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Footer {
    /// Inputs of the run: files named, and DICOM files found in folders.
    pub inputs: u64,
    /// Inputs by status; their sum is `inputs`.
    #[serde(flatten)]
    pub counts: Counts,
    /// Files in input folders that are not DICOM.
    pub ignored: u64,
    /// Frames that the detector has seen.
    pub frames_examined: u64,
    /// Regions masked, a region in several frames counted once.
    pub regions_masked: u64,
}

impl Footer {
    /// Adds a line of an input or of an ignored file to the sums.
    pub fn add(&mut self, line: &Line) {
        match line {
            Line::Instance(record) => {
                self.inputs += 1;
                self.counts.add(record.status);
                self.frames_examined += u64::from(record.frames.examined);
                let masked = record.regions.iter().filter(|region| region.action == Decision::Mask).count();
                if record.status == Status::Masked {
                    self.regions_masked += masked as u64;
                }
            }
            Line::Ignored(_) => self.ignored += 1,
            Line::Run(_) | Line::Summary(_) => {}
        }
    }
}
