//! Findings that are given instead of found: those of an earlier report, as a person has corrected them.

use crate::cleaned::Seen;
use crate::dicom::Frames;
use crate::dicom::places::{Pictures, Places};
use crate::error::{Error, Result};
use crate::phi::Finding;
use crate::report::{FrameCount, Record};

/// A finding and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenFinding {
    /// The place beside Pixel Data; `None` for Pixel Data.
    pub plane: Option<String>,
    /// First and last frame, counted from 0.
    pub frames: [u32; 2],
    /// The finding.
    pub finding: Finding,
}

/// All that is known of an instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// SOP Instance UID of the instance that it is known of.
    pub sop_instance_uid: Option<String>,
    /// Frames that were looked at; none of an instance that could not be examined.
    pub frames: FrameCount,
    /// The findings.
    pub findings: Vec<GivenFinding>,
}

impl Given {
    /// Lays the findings out by picture and frame.
    ///
    /// # Errors
    ///
    /// [`Error::Verification`] if the instance is another one, or if a finding stands where it has no picture or frame:
    /// then nothing may go out.
    pub(crate) fn seen(&self, record: &mut Record, frames: Option<&Frames<'_>>, places: &Places<'_>) -> Result<Seen> {
        if self.sop_instance_uid.is_some() && self.sop_instance_uid != record.sop_instance_uid {
            return Err(Error::Verification("the file holds another instance than the report"));
        }
        let empty = |pictures: &dyn Pictures| vec![Vec::new(); pictures.count() as usize];
        let mut seen = Seen {
            image: frames.map(|frames| empty(frames)).unwrap_or_default(),
            layers: places.layers.iter().map(|layer| empty(layer.pictures())).collect(),
        };
        // What is removed whole is not looked at.
        for index in (0..seen.layers.len()).filter(|&index| places.is_cleared(index)) {
            seen.layers[index].clear();
        }
        let image = places.layers.iter().find(|layer| layer.is_image()).map(|layer| layer.count());
        let total = frames.map(Frames::count).or(image).unwrap_or(0);
        if self.frames.total != 0 && self.frames.total != total {
            return Err(Error::Verification("the file has other frames than the report says"));
        }
        record.frames = FrameCount { total, ..self.frames };
        for given in &self.findings {
            let own = match &given.plane {
                None => Some(&mut seen.image),
                Some(name) => {
                    let index = places.layers.iter().position(|layer| layer.name() == name.as_str());
                    index.map(|index| &mut seen.layers[index])
                }
            };
            let own = own.ok_or(Error::Verification("the file has other places than the report says"))?;
            let [first, last] = given.frames.map(|frame| frame as usize);
            let own =
                own.get_mut(first..=last).ok_or(Error::Verification("a region stands in no frame of the file"))?;
            own.iter_mut().for_each(|frame| frame.push(given.finding.clone()));
        }
        Ok(seen)
    }
}
