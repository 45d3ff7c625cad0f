//! One instance, stage by stage: open, look at each frame, decide, mask, write, check.

use crate::cine;
use crate::dicom::write::{self, Method};
use crate::dicom::{Frames, Instance, Limits};
use crate::error::{Error, Result};
use crate::mask;
use crate::output::Pending;
use crate::phi::{self, Decision, Documents, Finding, Identity, Judge, Policy, ReadingLimits, Rules};
use crate::reader::{Found, Reader, Readings};
use crate::report::{Advice, FrameCount, Reason, Record, RegionRecord, Status, TextPrivacy, WriteMethod};
use crate::text::LineKind;
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
    /// What becomes of scanned documents.
    pub documents: Documents,
    /// What counts as PHI and what as technical.
    pub rules: Rules,
    /// Kept lines with a lower reading score are for review.
    pub review_below: Option<f32>,
    /// Finds and reads text.
    pub reader: Reader,
    /// What the report tells of text.
    pub privacy: TextPrivacy,
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
        let judge = self.judge(&instance, &frames)?;
        let (mut findings, dropped, is_document) = self.examine(&frames, &judge, instance.may_be_document())?;
        if is_document {
            self.treat_document(&mut findings, record)?;
        } else {
            findings.iter_mut().for_each(|own| own.retain(|finding| finding.kind != LineKind::Ink));
        }
        let findings = cine::inherit(findings);
        record.frames = FrameCount { examined: frames.count(), total: frames.count() };
        record.candidates_dropped = dropped;
        record.regions = self.regions(&findings, &frames);
        let any = |decision| findings.iter().flatten().any(|finding| finding.decision == decision);
        if any(Decision::Review) || is_document && self.documents == Documents::Review {
            return Ok(Status::Review);
        }
        if !any(Decision::Mask) {
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

    /// Does what is wanted with a scanned document.
    fn treat_document(&self, findings: &mut [Vec<Finding>], record: &mut Record) -> Result<()> {
        let decision = match self.documents {
            Documents::Mask => Decision::Mask,
            Documents::Review => Decision::Review,
            Documents::Hold => return Err(Error::Document),
        };
        findings.iter_mut().for_each(|own| phi::hide_document(own, decision));
        record.advice.push(Advice::document());
        Ok(())
    }

    /// Looks at every frame and decides on what it finds; also returns how many candidates were dropped, and whether a
    /// frame is a page. A frame whose bytes equal those of the frame before it is not looked at again.
    fn examine(
        &self,
        frames: &Frames<'_>,
        judge: &Judge<'_>,
        may_be_document: bool,
    ) -> Result<(Vec<Vec<Finding>>, u64, bool)> {
        // The first frame that failed. Later ones need not be looked at; earlier ones are, so that the reason reported
        // does not depend on the order of threads.
        let failed = AtomicU32::new(u32::MAX);
        let readings = Readings::default();
        let size = (frames.description.columns, frames.description.rows);
        let look = |frame: u32| -> Result<Option<(Vec<Finding>, Found)>> {
            if frame > failed.load(Ordering::Relaxed) {
                return Ok(None);
            }
            // Frames may be looked at in other threads, where a panic would take the pool along.
            let looked = catch_unwind(AssertUnwindSafe(|| {
                if frames.repeats(frame)? {
                    return Ok(None);
                }
                let found = self.reader.look(&frames.decode(frame)?, frames, may_be_document, &readings)?;
                Ok(Some((judge.decide(&found.lines, frame, size), found)))
            }))
            .unwrap_or(Err(Error::Panic("the frame examination")));
            if looked.is_err() {
                failed.fetch_min(frame, Ordering::Relaxed);
            }
            looked
        };
        let looked: Vec<_> = (0..frames.count()).into_par_iter().map(look).collect();
        let mut findings: Vec<Vec<Finding>> = Vec::new();
        let (mut all_dropped, mut is_document) = (0, false);
        for own in looked {
            let own = match own? {
                Some((own, found)) => {
                    all_dropped += u64::from(found.dropped);
                    is_document |= found.is_page;
                    own
                }
                None => findings.last().cloned().unwrap_or_default(),
            };
            findings.push(own);
        }
        Ok((findings, all_dropped, is_document))
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

    /// Makes the report's regions: findings that stand unchanged in consecutive frames become one.
    fn regions(&self, findings: &[Vec<Finding>], frames: &Frames<'_>) -> Vec<RegionRecord> {
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
                    None => regions.push(self.region(finding, frame, frames)),
                }
            }
            open = still_open;
        }
        regions
    }

    fn region(&self, finding: &Finding, frame: u32, frames: &Frames<'_>) -> RegionRecord {
        let (columns, rows) = (frames.description.columns, frames.description.rows);
        RegionRecord {
            quad: finding.quad,
            bounding_box: frames.maskable(finding.area.bounding_box(columns, rows)),
            frames: [frame, frame],
            detection_score: finding.score,
            reading: self.privacy.reading(finding),
            code: match finding.kind {
                LineKind::Code(kind) => Some(kind),
                LineKind::Text | LineKind::Ink => None,
            },
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
