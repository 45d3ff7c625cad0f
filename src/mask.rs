//! From findings to the pixels that are filled.

use crate::phi::{Decision, Finding};
use crate::region::Region;

/// Returns the region that the findings to mask cover in a frame of `width` x `height` pixels; `None` if there is none.
#[must_use]
pub fn region(findings: &[Finding], width: u32, height: u32) -> Option<Region> {
    let mut region = Region::new(width, height);
    for finding in findings.iter().filter(|finding| finding.decision == Decision::Mask) {
        region.add_quad(&finding.area);
    }
    (!region.is_empty()).then_some(region)
}
