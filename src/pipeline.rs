//! One instance, stage by stage: open, look at each frame, decide, mask, write, check.

use crate::cine;
use crate::dicom::views::views;
use crate::dicom::write::{self, Method};
use crate::dicom::{Frame, Frames, Instance, Limits};
use crate::error::{Error, Result};
use crate::mask;
use crate::output::Pending;
use crate::phi::{Finding, Policy};
use crate::report::{FrameCount, Reason, Record, RegionRecord, Status, WriteMethod};
use crate::text::{Detection, DetectorPool, TextLine, merge, pad};
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// How instances are processed.
#[derive(Debug)]
pub struct Pipeline {
    /// What an instance may cost.
    pub limits: Limits,
    /// Which text stays.
    pub policy: Policy,
    /// Detectors, one a thread.
    pub detectors: DetectorPool,
    /// Whether an existing output is replaced.
    pub overwrite: bool,
}

impl Pipeline {
    /// Processes the file at `input` and writes what may go out to `output`, if there is one to write.
    ///
    /// Never fails: an error or a panic makes a record with status held, and nothing is at `output` then. The error comes
    /// beside the record.
    #[must_use]
    pub fn process(&self, input: &Path, name: String, output: Option<&Path>) -> (Record, Option<Error>) {
        let mut record = Record::new(name);
        let done = catch_unwind(AssertUnwindSafe(|| self.run(input, output, &mut record)))
            .unwrap_or(Err(Error::Panic("the pipeline")));
        match done {
            Ok(status) => {
                record.status = status;
                (record, None)
            }
            Err(error) => {
                record.status = Status::Held;
                record.reason = Some(Reason::from(&error));
                record.output_transfer_syntax = None;
                record.write_method = None;
                (record, Some(error))
            }
        }
    }

    fn run(&self, input: &Path, output: Option<&Path>, record: &mut Record) -> Result<Status> {
        let instance = Instance::open(input, &self.limits)?;
        record.sop_class_uid = instance.sop_class_uid();
        record.sop_instance_uid = instance.sop_instance_uid();
        record.modality = instance.modality();
        record.transfer_syntax = Some(instance.file.transfer_syntax.clone());
        let Some(frames) = instance.frames()? else {
            self.copy(&instance, output, record)?;
            return Ok(Status::NoPixels);
        };
        record.frames.total = frames.count();
        let findings = cine::inherit(self.examine(&frames)?);
        record.frames = FrameCount { examined: frames.count(), total: frames.count() };
        record.regions = regions(&findings, &frames);
        if !findings.iter().flatten().any(|finding| finding.decision == crate::phi::Decision::Mask) {
            self.copy(&instance, output, record)?;
            return Ok(Status::Clean);
        }
        if let Some(output) = output {
            self.write(&frames, &findings, output, record)?;
        }
        Ok(Status::Masked)
    }

    /// Copies the input as it is.
    fn copy(&self, instance: &Instance, output: Option<&Path>, record: &mut Record) -> Result<()> {
        let Some(output) = output else { return Ok(()) };
        let mut pending = Pending::create(output)?;
        write::unchanged(&instance.file, &mut pending)?;
        instance.file.file.check_unchanged()?;
        pending.commit(self.overwrite)?;
        record.output_transfer_syntax = Some(instance.file.transfer_syntax.clone());
        Ok(())
    }

    /// Looks at every frame and decides on what it finds. A frame whose bytes equal those of the frame before it is
    /// not looked at again.
    fn examine(&self, frames: &Frames<'_>) -> Result<Vec<Vec<Finding>>> {
        // The first frame that failed. Later ones need not be looked at; earlier ones are, so that the reason reported
        // does not depend on the order of threads.
        let failed = AtomicU32::new(u32::MAX);
        let look = |frame: u32| -> Result<Option<Vec<Finding>>> {
            if frame > failed.load(Ordering::Relaxed) {
                return Ok(None);
            }
            // Frames may be looked at in other threads, where a panic would take the pool along.
            let looked = catch_unwind(AssertUnwindSafe(|| {
                if frames.repeats(frame)? {
                    return Ok(None);
                }
                let lines = self.detect(&frames.decode(frame)?, frames)?;
                Ok(Some(self.policy.decide(&lines)))
            }))
            .unwrap_or(Err(Error::Panic("the frame examination")));
            if looked.is_err() {
                failed.fetch_min(frame, Ordering::Relaxed);
            }
            looked
        };
        let looked: Vec<_> = (0..frames.count()).into_par_iter().map(look).collect();
        let mut findings: Vec<Vec<Finding>> = Vec::new();
        for own in looked {
            let own = own?.or_else(|| findings.last().cloned()).unwrap_or_default();
            findings.push(own);
        }
        Ok(findings)
    }

    /// Finds the text lines of a frame in all its views.
    fn detect(&self, frame: &Frame, frames: &Frames<'_>) -> Result<Vec<TextLine>> {
        let mut lines: Vec<Detection> = Vec::new();
        for view in views(frame, frames.palette.as_ref(), &frames.windows) {
            lines.extend(self.detectors.with(|detector| detector.detect(&view.image))?);
        }
        // The detector sees a margin around the frame; what it finds there covers no pixel.
        let (columns, rows) = (frame.description.columns, frame.description.rows);
        lines.retain(|line| !pad(&line.quad).bounding_box(columns, rows).is_empty());
        Ok(merge(lines).into_iter().map(TextLine::from).collect())
    }

    /// Writes the masked instance, opens it again, compares, and only then gives it its name.
    fn write(&self, frames: &Frames<'_>, findings: &[Vec<Finding>], output: &Path, record: &mut Record) -> Result<()> {
        let (columns, rows) = (frames.description.columns, frames.description.rows);
        let region = |frame: u32| mask::region(&findings[frame as usize], columns, rows).map(|own| frames.grown(own));
        let mut pending = Pending::create(output)?;
        let written = write::masked(frames, &region, &mut pending)?;
        let again = Instance::open(pending.flushed()?, &self.limits)?;
        let again_frames = again.frames()?.ok_or(Error::Verification("PixelData is missing"))?;
        write::verify(frames, &region, &written, &again_frames)?;
        frames.file.file.check_unchanged()?;
        pending.commit(self.overwrite)?;
        record.output_transfer_syntax = Some(written.transfer_syntax);
        record.write_method = Some(match written.method {
            Method::InPlace => WriteMethod::InPlace,
            Method::Decoded => WriteMethod::Decoded,
        });
        Ok(())
    }
}

/// Makes the report's regions: findings that stand unchanged in consecutive frames become one.
fn regions(findings: &[Vec<Finding>], frames: &Frames<'_>) -> Vec<RegionRecord> {
    let mut regions: Vec<RegionRecord> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (frame, own) in (0..frames.count()).zip(findings) {
        let mut still_open = Vec::new();
        for finding in own {
            let same = |&&index: &&usize| {
                let region = &regions[index];
                region.quad == finding.quad && region.reason == finding.rule && region.action == finding.decision
            };
            if let Some(&index) = open.iter().find(same) {
                regions[index].frames[1] = frame;
                regions[index].score = regions[index].score.max(finding.score);
                still_open.push(index);
                continue;
            }
            still_open.push(regions.len());
            regions.push(RegionRecord {
                quad: finding.quad,
                bounding_box: frames
                    .maskable(pad(&finding.quad).bounding_box(frames.description.columns, frames.description.rows)),
                frames: [frame, frame],
                score: finding.score,
                action: finding.decision,
                reason: finding.rule.to_owned(),
            });
        }
        open = still_open;
    }
    regions
}
