//! From findings to the pixels that are filled.

use crate::dicom::{PixelDescription, fill};
use crate::phi::{Decision, Finding};
use crate::region::Region;
use crate::text;

/// Returns the region that the findings to mask cover in a frame of `description`, padded; `None` if there is none.
///
/// Where pixels share their chroma, the region is grown to whole pairs.
#[must_use]
pub fn region(findings: &[Finding], description: &PixelDescription) -> Option<Region> {
    let mut region = Region::new(description.columns, description.rows);
    for finding in findings.iter().filter(|finding| finding.decision == Decision::Mask) {
        region.add_quad(&text::pad(&finding.quad));
    }
    let region = fill::grow_to_pairs(description, &region);
    (!region.is_empty()).then_some(region)
}
