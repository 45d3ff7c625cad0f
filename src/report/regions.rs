//! From the findings of all frames to the report's regions.

use super::record::RegionRecord;
use super::text::TextPrivacy;
use crate::dicom::blocks::Grain;
use crate::dicom::places::Pictures;
use crate::phi::{Decision, Finding};
use crate::text::{LineKind, pad};

/// Makes the regions of one picture: findings that stand unchanged in consecutive frames become one.
///
/// Masks are told with what changes together with them in the stored form, which `grain` says.
pub fn regions(
    findings: &[Vec<Finding>],
    pictures: &dyn Pictures,
    plane: Option<&str>,
    grain: Grain,
    privacy: &TextPrivacy,
) -> Vec<RegionRecord> {
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
                None => regions.push(region(finding, frame, pictures, plane, grain, privacy)),
            }
        }
        open = still_open;
    }
    regions
}

fn region(
    finding: &Finding,
    frame: u32,
    pictures: &dyn Pictures,
    plane: Option<&str>,
    grain: Grain,
    privacy: &TextPrivacy,
) -> RegionRecord {
    let (columns, rows) = pictures.size();
    let grain = if finding.decision == Decision::Mask { grain } else { Grain::PIXEL };
    let area = pictures.maskable(finding.area.bounding_box(columns, rows));
    RegionRecord {
        quad: finding.quad,
        area: (is_padded(finding) && finding.area != pad(&finding.quad)).then_some(finding.area),
        bounding_box: grain.changed(area, columns, rows),
        frames: [frame, frame],
        plane: plane.map(str::to_owned),
        detection_score: finding.score,
        reading: privacy.reading(finding),
        code: match finding.kind {
            LineKind::Code(kind) => Some(kind),
            LineKind::Text | LineKind::Ink => None,
        },
        action: finding.decision,
        reason: finding.rule.clone().into_owned(),
        attribute: finding.attribute.clone(),
        review: None,
    }
}

/// Returns whether what is filled is a detected line of text and what its box may lack.
fn is_padded(finding: &Finding) -> bool {
    finding.kind == LineKind::Text && finding.score.is_some()
}

/// Returns whether a later frame's finding says the same as one of the frame before.
fn is_unchanged(before: &Finding, after: &Finding) -> bool {
    let text = |finding: &Finding| finding.reading.as_ref().map(|reading| reading.text.clone());
    before.quad == after.quad
        && before.area == after.area
        && before.rule == after.rule
        && before.decision == after.decision
        && before.attribute == after.attribute
        && text(before) == text(after)
}

fn higher(a: Option<f32>, b: Option<f32>) -> Option<f32> {
    a.zip(b).map(|(a, b)| a.max(b)).or(a).or(b)
}
