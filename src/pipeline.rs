//! One instance, stage by stage: open, look at each frame, decide, mask, write, check.

mod clip;
mod writing;

use crate::again::Verify;
use crate::cine;
use crate::cleaned::{Cleaned, Seen, place_records};
use crate::dicom::blocks::Grain;
use crate::dicom::fill::FillChoice;
use crate::dicom::marks::Marks;
use crate::dicom::places::{Overlays, Pictures, Placement, Places};
use crate::dicom::write::{self, Plan, WriteOptions};
use crate::dicom::{Frames, Instance, Limits};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::given::Given;
use crate::output::Pending;
use crate::phi::{self, Decision, Documents, Finding, Identity, Judge, Policy, ReadingLimits, Rules, ZoneHit};
use crate::reader::{IsScreen, Reader, Readings};
use crate::report::{self, Advice, FrameCount, Reason, Record, Status, TextPrivacy};
use crate::text::{LineKind, TextLine};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

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
    /// In which form masked pixels are written.
    pub write: WriteOptions,
    /// Whether what is written is looked at again.
    pub verify: Verify,
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
        self.process_as(input, name, output, None)
    }

    /// Like [`Pipeline::process`], with findings that are given in place of those that would be found. All that is
    /// written goes the same way, the second look included.
    #[must_use]
    pub fn process_given(
        &self,
        input: &Path,
        name: String,
        output: Option<&Path>,
        given: &Given,
    ) -> (Record, Option<Error>) {
        self.process_as(input, name, output, Some(given))
    }

    fn process_as(
        &self,
        input: &Path,
        name: String,
        output: Option<&Path>,
        given: Option<&Given>,
    ) -> (Record, Option<Error>) {
        let mut record = Record::new(name);
        let done = catch_unwind(AssertUnwindSafe(|| self.run(input, output, &mut record, given)))
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
                record.write_reason = None;
                (record, Some(error))
            }
        }
    }

    fn run(&self, input: &Path, output: Option<&Path>, record: &mut Record, given: Option<&Given>) -> Result<Status> {
        let instance = Instance::open(input, &self.limits)?;
        record.bytes = Some(instance.file.file.len());
        record.sop_class_uid = instance.sop_class_uid();
        record.sop_instance_uid = instance.sop_instance_uid();
        record.study_instance_uid = instance.study_instance_uid();
        record.series_instance_uid = instance.series_instance_uid();
        record.modality = instance.modality();
        record.transfer_syntax = Some(instance.file.transfer_syntax.clone());
        let frames = instance.frames()?.map(|frames| Frames { fill: self.fill, ..frames });
        record.frames.total = frames.as_ref().map_or(0, Frames::count);
        let places = Places::find(&instance, frames.as_ref(), &self.limits, self.overlays)?;
        if frames.is_none() && places.is_empty() {
            self.copy(&instance, output, record)?;
            return Ok(Status::NoPixels);
        }
        let seen = match given {
            Some(given) => given.seen(record, frames.as_ref(), &places)?,
            None => self.examine(&instance, frames.as_ref(), &places, record)?,
        };
        record.places = place_records(&places, &seen);
        let mut cleaned = Cleaned { instance: &instance, frames: frames.as_ref(), places, seen };
        let plan = self.plan(&cleaned)?;
        self.record_regions(&cleaned, plan.as_ref(), record);
        let is_document = !record.advice.is_empty();
        if is_document && self.documents == Documents::Review {
            return Ok(Status::Review);
        }
        if cleaned.seen.all().any(|finding| finding.decision == Decision::Review) {
            return Ok(Status::Review);
        }
        match output {
            Some(output) if !cleaned.is_clean() || self.marks == Marks::All => {
                return self.write_and_look_again(&mut cleaned, plan, output, record);
            }
            _ if cleaned.is_clean() => self.copy(&instance, output, record)?,
            _ => {}
        }
        Ok(if cleaned.is_clean() { Status::Clean } else { Status::Masked })
    }

    /// Finds the form that Pixel Data are written in; `None` where they stay as they are.
    fn plan(&self, cleaned: &Cleaned<'_>) -> Result<Option<Plan>> {
        match cleaned.frames.filter(|_| cleaned.seen.masks_image() || cleaned.places.has_stream_notes()) {
            Some(frames) => Plan::new(frames, &cleaned.masks(frames), self.write).map(Some),
            None => Ok(None),
        }
    }

    /// Records the regions of all pictures, with what changes along in the form of `plan`.
    fn record_regions(&self, cleaned: &Cleaned<'_>, plan: Option<&Plan>, record: &mut Record) {
        let grain = plan.map_or(Grain::PIXEL, |plan| plan.grain);
        record.regions.clear();
        if let Some(frames) = cleaned.frames {
            record.regions.extend(report::regions(&cleaned.seen.image, frames, None, grain, &self.privacy));
        }
        for (layer, findings) in cleaned.places.layers.iter().zip(&cleaned.seen.layers) {
            let (pictures, name) = (layer.pictures(), Some(layer.name()));
            record.regions.extend(report::regions(findings, pictures, name, Grain::PIXEL, &self.privacy));
        }
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
        let mut look = |pictures: &dyn Pictures| -> Result<Vec<Vec<Finding>>> {
            let judge = self.judge(instance, pictures)?;
            let (mut findings, dropped, is_document) = self.look(pictures, &judge, instance, &readings)?;
            if is_document {
                self.treat_document(&mut findings, record)?;
            } else {
                findings.iter_mut().for_each(|own| own.retain(|finding| finding.kind != LineKind::Ink));
            }
            let findings = cine::inherit(findings);
            record.candidates_dropped += dropped;
            Ok(findings)
        };
        if let Some(frames) = frames {
            seen.image = look(frames)?;
        }
        for (index, layer) in places.layers.iter().enumerate() {
            let skip = places.is_cleared(index);
            seen.layers.push(if skip { Vec::new() } else { look(layer.pictures())? });
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

    /// Does what is wanted with a scanned document.
    fn treat_document(&self, findings: &mut [Vec<Finding>], record: &mut Record) -> Result<()> {
        let decision = match self.documents {
            Documents::Mask => Decision::Mask,
            Documents::Review => Decision::Review,
            Documents::Hold => return Err(Error::Document),
        };
        findings.iter_mut().for_each(|own| phi::hide_document(own, decision));
        if record.advice.is_empty() {
            record.advice.push(Advice::document());
        }
        Ok(())
    }

    /// Looks at every frame and decides on what it finds; also returns how many candidates were dropped, and whether a
    /// frame is a scanned page. What shows what a frame before it shows is not looked at again.
    fn look(
        &self,
        pictures: &dyn Pictures,
        judge: &Judge<'_>,
        instance: &Instance,
        readings: &Readings,
    ) -> Result<(Vec<Vec<Finding>>, u64, bool)> {
        // Where all stays that is not known to be PHI, a signature that was found as a line would.
        let may_be_screen = self.policy == Policy::Strict && !instance.is_scanned_document();
        let prepare = || self.reader.detectors.prepare();
        let looked = clip::each(pictures.count(), "the frame examination", prepare, |frame, before| {
            if pictures.repeats(frame)? {
                return Ok(None);
            }
            let (views, soft_edge) = (pictures.views(frame)?, pictures.soft_edge());
            let is_screen =
                |lines: &[TextLine]| may_be_screen && phi::is_screen(&judge.decide(lines, frame, pictures.size()));
            let is_screen: Option<IsScreen<'_>> = instance.may_be_document().then_some(&is_screen);
            let (found, seen) = self.reader.look(views, soft_edge, before, is_screen, readings)?;
            let own = judge.decide(&found.lines, frame, pictures.size());
            Ok(Some(((own, found.dropped, found.is_page), seen)))
        });
        let mut findings: Vec<Vec<Finding>> = Vec::new();
        let (mut all_dropped, mut is_document) = (0, false);
        for own in looked {
            let own = match own? {
                Some((own, dropped, is_page)) => {
                    all_dropped += u64::from(dropped);
                    is_document |= is_page;
                    own
                }
                None => findings.last().cloned().unwrap_or_default(),
            };
            findings.push(own);
        }
        Ok((findings, all_dropped, is_document))
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
