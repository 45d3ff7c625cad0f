//! One instance, stage by stage: open, look at each frame, decide, mask, write, check.

use crate::cine;
use crate::cleaned::{Cleaned, Seen, place_records};
use crate::dicom::fill::FillChoice;
use crate::dicom::marks::{self, Marks};
use crate::dicom::places::{Overlays, Pictures, Placement, Places};
use crate::dicom::rewrite::Changes;
use crate::dicom::write::{self, Method, Written};
use crate::dicom::{Frames, Instance, Limits};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::mask;
use crate::output::Pending;
use crate::phi::{Decision, Finding, Identity, Judge, Policy, ReadingLimits, Rules, ZoneHit};
use crate::reader::{Reader, Readings};
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
    /// What becomes of overlay planes.
    pub overlays: Overlays,
    /// What masks are filled with.
    pub fill: FillChoice,
    /// Which outputs say that they were cleaned.
    pub marks: Marks,
    /// Masked outputs get a SOP Instance UID of their own.
    pub new_uids: bool,
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
                record.output_sop_instance_uid = None;
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
        let frames = instance.frames()?.map(|frames| Frames { fill: self.fill, ..frames });
        record.frames.total = frames.as_ref().map_or(0, Frames::count);
        let places = Places::find(&instance, frames.as_ref(), &self.limits, self.overlays)?;
        if frames.is_none() && places.is_empty() {
            self.copy(&instance, output, record)?;
            return Ok(Status::NoPixels);
        }
        let seen = self.examine(&instance, frames.as_ref(), &places, record)?;
        record.places = place_records(&places, &seen);
        if seen.all().any(|finding| finding.decision == Decision::Review) {
            return Ok(Status::Review);
        }
        let cleaned = Cleaned { instance: &instance, frames: frames.as_ref(), places, seen };
        match output {
            Some(output) if !cleaned.is_clean() || self.marks == Marks::All => self.write(&cleaned, output, record)?,
            _ if cleaned.is_clean() => self.copy(&instance, output, record)?,
            _ => {}
        }
        Ok(if cleaned.is_clean() { Status::Clean } else { Status::Masked })
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

    /// Looks at the frames of Pixel Data and at all layers beside it.
    fn examine(
        &self,
        instance: &Instance,
        frames: Option<&Frames<'_>>,
        places: &Places<'_>,
        record: &mut Record,
    ) -> Result<Seen> {
        let readings = Readings::default();
        let mut seen = Seen::default();
        let mut look = |pictures: &dyn Pictures, plane: Option<&str>| -> Result<Vec<Vec<Finding>>> {
            let judge = self.judge(instance, pictures)?;
            let (findings, dropped) = self.look(pictures, &judge, &readings)?;
            let findings = cine::inherit(findings);
            record.candidates_dropped += dropped;
            record.regions.extend(self.regions(&findings, pictures, plane));
            Ok(findings)
        };
        if let Some(frames) = frames {
            seen.image = look(frames, None)?;
        }
        for (index, layer) in places.layers.iter().enumerate() {
            let skip = places.is_cleared(index);
            seen.layers.push(if skip { Vec::new() } else { look(layer.pictures(), Some(layer.name()))? });
        }
        let image = places.layers.iter().find(|layer| layer.is_image()).map(|layer| layer.count());
        let total = frames.map(Frames::count).or(image).unwrap_or(0);
        record.frames = FrameCount { examined: total, total };
        Ok(seen)
    }

    /// Gathers what the decisions on pictures of an instance rest on.
    fn judge(&self, instance: &Instance, pictures: &dyn Pictures) -> Result<Judge<'_>> {
        let (columns, rows) = pictures.size();
        let (zones, ultrasound_regions) = match pictures.placement() {
            Some(placement) => {
                let zones = self.rules.zones().for_instance(&|name| instance.attribute(name));
                let place = |zone| placed(zone, placement, (columns, rows));
                let regions = instance.ultrasound_regions(u32::MAX, u32::MAX);
                let shift = |rect: Rect| placement.on_picture(rect, columns, rows);
                (zones.into_iter().filter_map(place).collect(), regions.into_iter().filter_map(shift).collect())
            }
            None => (Vec::new(), Vec::new()),
        };
        Ok(Judge {
            policy: self.policy,
            rules: &self.rules,
            identity: match self.policy {
                // Nothing is read.
                Policy::All => Identity::empty(),
                _ => Identity::new(instance.attributes()?),
            },
            zones,
            ultrasound_regions,
            limits: ReadingLimits::default(),
            review_below: self.review_below,
        })
    }

    /// Looks at every frame and decides on what it finds; also returns how many candidates were dropped. A frame that
    /// shows what the frame before it shows is not looked at again.
    fn look(
        &self,
        pictures: &dyn Pictures,
        judge: &Judge<'_>,
        readings: &Readings,
    ) -> Result<(Vec<Vec<Finding>>, u64)> {
        // The first frame that failed. Later ones need not be looked at; earlier ones are, so that the reason reported
        // does not depend on the order of threads.
        let failed = AtomicU32::new(u32::MAX);
        let look = |frame: u32| -> Result<Option<(Vec<Finding>, u32)>> {
            if frame > failed.load(Ordering::Relaxed) {
                return Ok(None);
            }
            // Frames may be looked at in other threads, where a panic would take the pool along.
            let looked = catch_unwind(AssertUnwindSafe(|| {
                if pictures.repeats(frame)? {
                    return Ok(None);
                }
                let (lines, dropped) = self.reader.lines(&pictures.views(frame)?, readings)?;
                Ok(Some((judge.decide(&lines, frame, pictures.size()), dropped)))
            }))
            .unwrap_or(Err(Error::Panic("the frame examination")));
            if looked.is_err() {
                failed.fetch_min(frame, Ordering::Relaxed);
            }
            looked
        };
        let looked: Vec<_> = (0..pictures.count()).into_par_iter().map(look).collect();
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

    /// Writes the cleaned instance: masked samples of Pixel Data first, then all else that changes; each is opened again
    /// and compared, and only then the file gets its name.
    fn write(&self, cleaned: &Cleaned<'_>, output: &Path, record: &mut Record) -> Result<()> {
        let input = &cleaned.instance.file;
        record.output_transfer_syntax = Some(input.transfer_syntax.clone());
        let mut pixels = None;
        if let Some(frames) = cleaned.frames.filter(|_| cleaned.seen.masks_image()) {
            let (pending, written) = self.write_pixels(frames, &cleaned.seen.image, output)?;
            record.output_transfer_syntax = Some(written.transfer_syntax);
            record.write_method = Some(match written.method {
                Method::InPlace => WriteMethod::InPlace,
                Method::Decoded => WriteMethod::Decoded,
            });
            pixels = Some(pending);
        } else if cleaned.seen.all().any(Finding::is_mask) {
            record.write_method = Some(WriteMethod::InPlace);
        }
        let masked = match &mut pixels {
            Some(pending) => Some(Instance::open(pending.flushed()?, &self.limits)?),
            None => None,
        };
        let own = record.sop_instance_uid.as_deref().filter(|_| self.new_uids && !cleaned.is_clean());
        record.output_sop_instance_uid = own.map(marks::new_uid);
        let uid = record.output_sop_instance_uid.as_deref();
        let rest = self.write_rest(masked.as_ref().unwrap_or(cleaned.instance), cleaned, uid, output)?;
        let last = rest.or(pixels).ok_or(Error::Verification("nothing was written"))?;
        input.file.check_unchanged()?;
        last.commit(self.overwrite)
    }

    /// Writes the instance with masked samples and nothing else changed.
    fn write_pixels(
        &self,
        frames: &Frames<'_>,
        findings: &[Vec<Finding>],
        output: &Path,
    ) -> Result<(Pending, Written)> {
        let (columns, rows) = frames.size();
        let region = |frame: u32| mask::region(&findings[frame as usize], columns, rows).map(|own| frames.grown(own));
        let mut pending = Pending::create(output)?;
        let written = write::masked(frames, &region, &mut pending)?;
        let again = Instance::open(pending.flushed()?, &self.limits)?;
        let again_frames = again.frames()?.ok_or(Error::Verification("PixelData is missing"))?;
        write::verify(frames, &region, &written, &again_frames)?;
        Ok((pending, written))
    }

    /// Writes `instance`, which has its samples masked already, with masked layers, without what has to go, and with
    /// marks; nothing where none of that changes anything.
    fn write_rest(
        &self,
        instance: &Instance,
        cleaned: &Cleaned<'_>,
        uid: Option<&str>,
        output: &Path,
    ) -> Result<Option<Pending>> {
        let frames = instance.frames()?;
        let places = Places::find(instance, frames.as_ref(), &self.limits, self.overlays)?;
        let names = |places: &Places<'_>| places.layers.iter().map(|layer| layer.name().to_owned()).collect::<Vec<_>>();
        if names(&places) != names(&cleaned.places) {
            return Err(Error::Verification("a layer is missing or added"));
        }
        let marks = (self.marks != Marks::Off).then(|| cleaned.done());
        let mut changes = Changes::new(instance, &places, cleaned.layer_masks(), marks)?;
        if let Some(uid) = uid {
            changes.set_uid(&instance.file, uid)?;
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let mut pending = Pending::create(output)?;
        changes.write(&instance.file, &mut pending)?;
        let again = Instance::open(pending.flushed()?, &self.limits)?;
        let again_frames = again.frames()?;
        let again_places = Places::find(&again, again_frames.as_ref(), &self.limits, self.overlays)?;
        changes.verify(instance, &places, &again, &again_places)?;
        Ok(Some(pending))
    }

    /// Makes the report's regions: findings that stand unchanged in consecutive frames become one.
    fn regions(&self, findings: &[Vec<Finding>], pictures: &dyn Pictures, plane: Option<&str>) -> Vec<RegionRecord> {
        let mut regions: Vec<RegionRecord> = Vec::new();
        let mut open: Vec<(usize, &Finding)> = Vec::new();
        for (frame, own) in (0..pictures.count()).zip(findings) {
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
                    None => regions.push(self.region(finding, frame, pictures, plane)),
                }
            }
            open = still_open;
        }
        regions
    }

    fn region(&self, finding: &Finding, frame: u32, pictures: &dyn Pictures, plane: Option<&str>) -> RegionRecord {
        let (columns, rows) = pictures.size();
        RegionRecord {
            quad: finding.quad,
            bounding_box: pictures.maskable(finding.area.bounding_box(columns, rows)),
            frames: [frame, frame],
            plane: plane.map(str::to_owned),
            detection_score: finding.score,
            reading: self.privacy.reading(finding),
            action: finding.decision,
            reason: finding.rule.clone().into_owned(),
            attribute: finding.attribute.clone(),
        }
    }
}

/// Brings a zone of the image to a picture that lies on it.
fn placed(zone: ZoneHit, placement: Placement, (columns, rows): (u32, u32)) -> Option<ZoneHit> {
    let rect = placement.on_picture(zone.rect, columns, rows)?;
    let frames = match (zone.frames, placement.frame) {
        (Some([first, last]), Some(own)) => Some([first.saturating_sub(own), last.checked_sub(own)?]),
        // It lies on all frames.
        (_, None) | (None, _) => None,
    };
    Some(ZoneHit { rect, frames, ..zone })
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
