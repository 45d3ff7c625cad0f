//! One instance, stage by stage: open, look at each frame, decide, mask, write, check.

use crate::cine;
use crate::dicom::blocks::Grain;
use crate::dicom::write::{self, Method, Plan, WriteOptions};
use crate::dicom::{Frames, Instance, Limits};
use crate::error::{Error, Result};
use crate::mask;
use crate::output::Pending;
use crate::phi::{Decision, Finding, Identity, Judge, Policy, ReadingLimits, Rules};
use crate::reader::{Reader, Readings};
use crate::region::Region;
use crate::report::{FrameCount, Reason, Record, RegionRecord, Status, TextPrivacy, WriteMethod};
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
    /// What counts as PHI and what as technical.
    pub rules: Rules,
    /// Kept lines with a lower reading score are for review.
    pub review_below: Option<f32>,
    /// Finds and reads text.
    pub reader: Reader,
    /// What the report tells of text.
    pub privacy: TextPrivacy,
    /// How masked instances are written.
    pub write: WriteOptions,
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
                record.write_reason = None;
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
        let judge = self.judge(&instance, &frames)?;
        let (findings, dropped) = self.examine(&frames, &judge)?;
        let findings = cine::inherit(findings);
        record.frames = FrameCount { examined: frames.count(), total: frames.count() };
        record.candidates_dropped = dropped;
        let any = |decision| findings.iter().flatten().any(|finding| finding.decision == decision);
        let (columns, rows) = (frames.description.columns, frames.description.rows);
        let region = |frame: u32| mask::region(&findings[frame as usize], columns, rows);
        let plan = if any(Decision::Mask) { Some(Plan::new(&frames, &region, self.write)?) } else { None };
        let grain = plan.as_ref().map_or(Grain::PIXEL, |plan| plan.grain);
        record.regions = self.regions(&findings, &frames, grain);
        if any(Decision::Review) {
            return Ok(Status::Review);
        }
        let Some(plan) = plan else {
            self.copy(&instance, output, record)?;
            return Ok(Status::Clean);
        };
        if let Some(output) = output {
            let plan = self.write(&frames, &region, plan, output)?;
            record.regions = self.regions(&findings, &frames, plan.grain);
            record.output_transfer_syntax = Some(plan.transfer_syntax);
            record.write_reason = plan.reason;
            record.write_method = Some(match plan.method {
                Method::InPlace => WriteMethod::InPlace,
                Method::JpegBlocks => WriteMethod::JpegBlocks,
                Method::Reencoded => WriteMethod::Reencoded,
                Method::Transcoded(_) => WriteMethod::Transcoded,
                Method::Decoded => WriteMethod::Decoded,
            });
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

    /// Gathers what the decisions on an instance rest on.
    fn judge(&self, instance: &Instance, frames: &Frames<'_>) -> Result<Judge<'_>> {
        let (columns, rows) = (frames.description.columns, frames.description.rows);
        Ok(Judge {
            policy: self.policy,
            rules: &self.rules,
            identity: match self.policy {
                // Nothing is read.
                Policy::All => Identity::empty(),
                _ => Identity::new(instance.attributes()?),
            },
            zones: self.rules.zones().for_instance(&|name| instance.attribute(name)),
            ultrasound_regions: instance.ultrasound_regions(columns, rows),
            limits: ReadingLimits::default(),
            review_below: self.review_below,
        })
    }

    /// Looks at every frame and decides on what it finds; also returns how many candidates were dropped. A frame whose
    /// bytes equal those of the frame before it is not looked at again.
    fn examine(&self, frames: &Frames<'_>, judge: &Judge<'_>) -> Result<(Vec<Vec<Finding>>, u64)> {
        // The first frame that failed. Later ones need not be looked at; earlier ones are, so that the reason reported
        // does not depend on the order of threads.
        let failed = AtomicU32::new(u32::MAX);
        let readings = Readings::default();
        let size = (frames.description.columns, frames.description.rows);
        let look = |frame: u32| -> Result<Option<(Vec<Finding>, u32)>> {
            if frame > failed.load(Ordering::Relaxed) {
                return Ok(None);
            }
            // Frames may be looked at in other threads, where a panic would take the pool along.
            let looked = catch_unwind(AssertUnwindSafe(|| {
                if frames.repeats(frame)? {
                    return Ok(None);
                }
                let (lines, dropped) = self.reader.lines(&frames.decode(frame)?, frames, &readings)?;
                Ok(Some((judge.decide(&lines, frame, size), dropped)))
            }))
            .unwrap_or(Err(Error::Panic("the frame examination")));
            if looked.is_err() {
                failed.fetch_min(frame, Ordering::Relaxed);
            }
            looked
        };
        let looked: Vec<_> = (0..frames.count()).into_par_iter().map(look).collect();
        let mut findings: Vec<Vec<Finding>> = Vec::new();
        let mut all_dropped = 0;
        for own in looked {
            let own = match own? {
                Some((own, dropped)) => {
                    all_dropped += u64::from(dropped);
                    own
                }
                None => findings.last().cloned().unwrap_or_default(),
            };
            findings.push(own);
        }
        Ok((findings, all_dropped))
    }

    /// Writes the masked instance; where it cannot be written as planned, as the plan's fallback. Returns the plan that
    /// it was written by.
    fn write(
        &self,
        frames: &Frames<'_>,
        region: &impl Fn(u32) -> Option<Region>,
        mut plan: Plan,
        output: &Path,
    ) -> Result<Plan> {
        loop {
            // A codec that panics is a reason for the fallback as well.
            let tried = catch_unwind(AssertUnwindSafe(|| self.write_as(frames, region, &plan, output)))
                .unwrap_or(Err(Error::Panic("the writing of an output")));
            let Err(error) = tried else { return Ok(plan) };
            plan = plan.next(frames, &error).ok_or(error)?;
        }
    }

    /// Writes the masked instance, opens it again, compares, and only then gives it its name.
    fn write_as(
        &self,
        frames: &Frames<'_>,
        region: &impl Fn(u32) -> Option<Region>,
        plan: &Plan,
        output: &Path,
    ) -> Result<()> {
        let mut pending = Pending::create(output)?;
        write::masked(frames, region, plan, &mut pending)?;
        let again = Instance::open(pending.flushed()?, &self.limits)?;
        let again_frames = again.frames()?.ok_or(Error::Verification("PixelData is missing"))?;
        write::verify(frames, region, plan, &again_frames)?;
        frames.file.file.check_unchanged()?;
        pending.commit(self.overwrite)
    }

    /// Makes the report's regions: findings that stand unchanged in consecutive frames become one.
    fn regions(&self, findings: &[Vec<Finding>], frames: &Frames<'_>, grain: Grain) -> Vec<RegionRecord> {
        let mut regions: Vec<RegionRecord> = Vec::new();
        let mut open: Vec<(usize, &Finding)> = Vec::new();
        for (frame, own) in (0..frames.count()).zip(findings) {
            let mut still_open = Vec::new();
            for finding in own {
                let place = open.iter().find(|(_, before)| is_unchanged(before, finding)).map(|&(index, _)| index);
                let index = place.unwrap_or(regions.len());
                still_open.push((index, finding));
                match regions.get_mut(index) {
                    Some(region) => {
                        region.frames[1] = frame;
                        region.detection_score = higher(region.detection_score, finding.score);
                    }
                    None => regions.push(self.region(finding, frame, frames, grain)),
                }
            }
            open = still_open;
        }
        regions
    }

    fn region(&self, finding: &Finding, frame: u32, frames: &Frames<'_>, grain: Grain) -> RegionRecord {
        let (columns, rows) = (frames.description.columns, frames.description.rows);
        let grain = if finding.decision == Decision::Mask { grain } else { Grain::PIXEL };
        RegionRecord {
            quad: finding.quad,
            bounding_box: grain.changed(finding.area.bounding_box(columns, rows), columns, rows),
            frames: [frame, frame],
            detection_score: finding.score,
            reading: self.privacy.reading(finding),
            action: finding.decision,
            reason: finding.rule.clone().into_owned(),
            attribute: finding.attribute.clone(),
        }
    }
}

/// Returns whether a later frame's finding says the same as one of the frame before.
fn is_unchanged(before: &Finding, after: &Finding) -> bool {
    let text = |finding: &Finding| finding.reading.as_ref().map(|reading| reading.text.clone());
    before.quad == after.quad
        && before.rule == after.rule
        && before.decision == after.decision
        && before.attribute == after.attribute
        && text(before) == text(after)
}

fn higher(a: Option<f32>, b: Option<f32>) -> Option<f32> {
    a.zip(b).map(|(a, b)| a.max(b)).or(a).or(b)
}
