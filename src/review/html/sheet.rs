//! The contact sheet: pictures of masked files, never of inputs, small, with the masks drawn over them.

use super::super::loaded::Loaded;
use super::super::picture;
use super::chart::escape;
use crate::dicom::Limits;
use crate::error::Result;
use crate::geometry::Rect;
use crate::phi::Decision;
use crate::report::{Record, RegionRecord, Status};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::{Rgb, RgbImage};
use rayon::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

/// More pictures make a page that browsers struggle with; the others are counted.
const MOST: usize = 120;

/// The longer side of a picture.
const SIDE: u32 = 320;

/// Makes the section of pictures.
pub(super) fn sheet(loaded: &Loaded, output: Option<&Path>, limits: &Limits) -> Result<String> {
    let mut text =
        "<section class=\"sheet\" aria-labelledby=\"sheet\"><h2 id=\"sheet\">Masked pictures</h2>\n".to_owned();
    let Some(output) = output else {
        return Ok(text + "<p>A scan writes no files, so there are no masked pictures.</p></section>\n");
    };
    let is_shown = |record: &&Record| record.status == Status::Masked && record.regions.iter().any(is_shown_mask);
    let masked: Vec<&Record> = loaded.records.iter().filter(is_shown).collect();
    let chosen: Vec<&Record> = spread(&masked, MOST);
    let pictures: Vec<Option<String>> =
        chosen.par_iter().map(|record| one(record, &output.join(&record.path), limits)).collect();
    let missing = pictures.iter().filter(|picture| picture.is_none()).count();
    let _ = write!(
        text,
        "<p>{} of {} instances with masked regions; outlines show the masks.",
        chosen.len() - missing,
        masked.len()
    );
    if missing > 0 {
        let _ = write!(text, " {missing} files are not in the output folder or cannot be opened.");
    }
    text += "</p>\n<ul>\n";
    pictures.into_iter().flatten().for_each(|picture| text += &picture);
    Ok(text + "</ul></section>\n")
}

/// Chooses so many, evenly.
fn spread<'a>(all: &[&'a Record], most: usize) -> Vec<&'a Record> {
    if all.len() <= most {
        return all.to_vec();
    }
    (0..most).map(|index| all[index * all.len() / most]).collect()
}

fn is_shown_mask(region: &RegionRecord) -> bool {
    region.plane.is_none() && region.action == Decision::Mask
}

/// Draws the frame of an instance in which most regions are masked; nothing if the file is not that of the record.
fn one(record: &Record, path: &Path, limits: &Limits) -> Option<String> {
    let stands = |frame: u32| {
        let masks = record.regions.iter().filter(|region| is_shown_mask(region));
        masks.filter(move |region| (region.frames[0]..=region.frames[1]).contains(&frame))
    };
    let firsts = record.regions.iter().filter(|region| is_shown_mask(region)).map(|region| region.frames[0]);
    let frame = firsts.max_by_key(|&frame| (stands(frame).count(), std::cmp::Reverse(frame)))?;
    let instance = crate::dicom::Instance::open(path, limits).ok()?;
    let uid = record.output_sop_instance_uid.as_ref().or(record.sop_instance_uid.as_ref());
    if instance.sop_instance_uid().as_ref() != uid {
        return None;
    }
    let mut image = picture::frame(path, limits, None, frame).ok()?;
    let size = image.dimensions();
    // Were the folder a wrong one, what was masked still does not show.
    record
        .regions
        .iter()
        .filter(|region| is_shown_mask(region))
        .for_each(|region| fill(&mut image, region.bounding_box));
    let png = picture::png(&picture::reduced(&image, SIDE)).ok()?;
    let mut boxes = String::new();
    for region in stands(frame) {
        let Rect { x0, y0, .. } = region.bounding_box;
        let (width, height) = (region.bounding_box.width(), region.bounding_box.height());
        let _ = write!(
            boxes,
            "<rect class=\"outline\" x=\"{x0}\" y=\"{y0}\" width=\"{width}\" height=\"{height}\" vector-effect=\"non-scaling-stroke\"/>"
        );
    }
    let count = record.regions.iter().filter(|region| is_shown_mask(region)).count();
    let of_clip = if record.frames.total > 1 {
        format!(", frame {} of {}", frame + 1, record.frames.total)
    } else {
        String::new()
    };
    Some(format!(
        "<li><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"masked picture\">\
<image width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{png}\"/>{boxes}</svg>\
<p class=\"path\">{path}</p><p>{count} masked{of_clip}</p></li>\n",
        width = size.0,
        height = size.1,
        png = BASE64.encode(&png),
        path = escape(&record.path),
    ))
}

fn fill(image: &mut RgbImage, area: Rect) {
    let (width, height) = image.dimensions();
    for y in area.y0..area.y1.min(height) {
        for x in area.x0..area.x1.min(width) {
            image.put_pixel(x, y, Rgb([0; 3]));
        }
    }
}
