//! The second half of the street: write, open again, compare, look again, and only then give the file its name.

use super::{Pipeline, clip};
use crate::again::{self, Verify};
use crate::cleaned::Cleaned;
use crate::dicom::marks::{self, Marks};
use crate::dicom::places::{Pictures, Places};
use crate::dicom::rewrite::Changes;
use crate::dicom::write::{self, Plan};
use crate::dicom::{Frames, Instance};
use crate::error::{Error, Result};
use crate::output::Pending;
use crate::phi::Finding;
use crate::reader::Readings;
use crate::region::Region;
use crate::report::{Record, Status, WriteMethod};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

impl Pipeline {
    /// Writes the cleaned instance and looks at it again. Text that still stands is masked too, and looked for once more.
    pub(super) fn write_and_look_again(
        &self,
        cleaned: &mut Cleaned<'_>,
        mut plan: Option<Plan>,
        output: &Path,
        record: &mut Record,
    ) -> Result<Status> {
        for round in 0..again::MOST_ROUNDS {
            let mut written = self.write(cleaned, plan, output, record)?;
            let standing = match self.verify {
                Verify::Mask | Verify::Review => {
                    self.standing(cleaned, &cleaned.instance.open_written(written.flushed()?)?)?
                }
                Verify::Off => Vec::new(),
            };
            if standing.iter().flatten().flatten().next().is_none() {
                if round > 0 && self.verify == Verify::Review {
                    break;
                }
                cleaned.instance.file.file.check_unchanged()?;
                written.commit(self.overwrite)?;
                return Ok(if cleaned.is_clean() { Status::Clean } else { Status::Masked });
            }
            cleaned.seen.add(standing, cleaned.frames.is_some());
            plan = self.plan(cleaned)?;
            self.record_regions(cleaned, plan.as_ref(), record);
        }
        record.output_transfer_syntax = None;
        record.output_sop_instance_uid = None;
        record.write_method = None;
        record.write_reason = None;
        Ok(Status::Review)
    }

    /// Returns the text that still stands in a written file: of each picture, the frames in the order of the findings.
    fn standing(&self, cleaned: &Cleaned<'_>, written: &Instance) -> Result<Vec<Vec<Vec<Finding>>>> {
        let frames = written.frames()?;
        let places = Places::find(written, frames.as_ref(), &self.limits, self.overlays)?;
        let readings = Readings::default();
        let look = |pictures: Option<&dyn Pictures>, settled: &[Vec<Finding>]| -> Result<Vec<Vec<Finding>>> {
            // What was removed shows nothing any more.
            let Some(pictures) = pictures.filter(|_| !settled.is_empty()) else { return Ok(Vec::new()) };
            if pictures.count() as usize != settled.len() {
                return Err(Error::Verification("a picture has another number of frames"));
            }
            let judge = self.judge(cleaned.instance, pictures)?;
            let looked = clip::each(
                pictures.count(),
                "the second look",
                || (),
                |frame, before| {
                    let own = &settled[frame as usize];
                    again::standing(&self.reader, &judge, &readings, (pictures, frame), before, own).map(Some)
                },
            );
            looked.into_iter().map(|own| own.map(Option::unwrap_or_default)).collect()
        };
        let mut standing = Vec::new();
        if cleaned.frames.is_some() {
            standing.push(look(frames.as_ref().map(|frames| frames as &dyn Pictures), &cleaned.seen.image)?);
        }
        for (layer, settled) in cleaned.places.layers.iter().zip(&cleaned.seen.layers) {
            let written = places.layers.iter().find(|written| written.name() == layer.name());
            standing.push(look(written.map(|written| written.pictures()), settled)?);
        }
        Ok(standing)
    }

    /// Writes the cleaned instance: masked samples of Pixel Data first, then all else that changes; each is opened again
    /// and compared.
    fn write(&self, cleaned: &Cleaned<'_>, plan: Option<Plan>, output: &Path, record: &mut Record) -> Result<Pending> {
        let input = &cleaned.instance.file;
        record.output_transfer_syntax = Some(input.transfer_syntax.clone());
        let mut pixels = None;
        if let Some((frames, plan)) = cleaned.frames.zip(plan) {
            let (pending, plan) = write_pixels((cleaned.instance, frames), &cleaned.masks(frames), plan, output)?;
            self.record_regions(cleaned, Some(&plan), record);
            record.write_method = Some(WriteMethod::from(plan.method));
            record.output_transfer_syntax = Some(plan.transfer_syntax);
            record.write_reason = plan.reason;
            pixels = Some(pending);
        } else if cleaned.seen.all().any(Finding::is_mask) {
            record.write_method = Some(WriteMethod::InPlace);
        }
        let masked = match &mut pixels {
            Some(pending) => Some(cleaned.instance.open_written(pending.flushed()?)?),
            None => None,
        };
        let own = record.sop_instance_uid.as_deref().filter(|_| self.new_uids && !cleaned.is_clean());
        record.output_sop_instance_uid = own.map(marks::new_uid);
        let uid = record.output_sop_instance_uid.as_deref();
        let rest = self.write_rest(masked.as_ref().unwrap_or(cleaned.instance), cleaned, uid, output)?;
        rest.or(pixels).ok_or(Error::Verification("nothing was written"))
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
        // PS3.15 marks say that it was checked.
        let marked = self.marks != Marks::Off && self.verify != Verify::Off;
        let marks = marked.then(|| cleaned.done());
        let mut changes = Changes::new(instance, &places, cleaned.layer_masks(), marks)?;
        if let Some(uid) = uid {
            changes.set_uid(&instance.file, uid)?;
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let mut pending = Pending::create(output)?;
        changes.write(&instance.file, &mut pending)?;
        let again = instance.open_written(pending.flushed()?)?;
        let again_frames = again.frames()?;
        let again_places = Places::find(&again, again_frames.as_ref(), &self.limits, self.overlays)?;
        changes.verify(instance, &places, &again, &again_places)?;
        Ok(Some(pending))
    }
}

/// Writes the instance with masked samples and nothing else changed; where that cannot be done as planned, as the
/// plan's fallback. Returns the plan that it was written by.
fn write_pixels(
    (instance, frames): (&Instance, &Frames<'_>),
    region: &(impl Fn(u32) -> Option<Region> + Sync),
    mut plan: Plan,
    output: &Path,
) -> Result<(Pending, Plan)> {
    loop {
        // A codec that panics is a reason for the fallback as well.
        let tried = catch_unwind(AssertUnwindSafe(|| write_as((instance, frames), region, &plan, output)))
            .unwrap_or(Err(Error::Panic("the writing of an output")));
        match tried {
            Ok(pending) => return Ok((pending, plan)),
            Err(error) => plan = plan.next(frames, &error).ok_or(error)?,
        }
    }
}

/// Writes the instance of `frames` as planned, and compares what was written with it.
fn write_as(
    (instance, frames): (&Instance, &Frames<'_>),
    region: &(impl Fn(u32) -> Option<Region> + Sync),
    plan: &Plan,
    output: &Path,
) -> Result<Pending> {
    let mut pending = Pending::create(output)?;
    write::masked(frames, region, plan, &mut pending)?;
    let again = instance.open_written(pending.flushed()?)?;
    let again_frames = again.frames()?.ok_or(Error::Verification("PixelData is missing"))?;
    write::verify(frames, region, plan, &again_frames)?;
    Ok(pending)
}
