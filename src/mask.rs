//! From findings to the pixels that are filled.

use crate::phi::{Decision, Finding};
use crate::region::Region;
use crate::text;

/// Returns the region that the findings to mask cover in a frame of `width` x `height` pixels, padded by about the width
/// of their strokes; `None` if there is none.
#[must_use]
pub fn region(findings: &[Finding], width: u32, height: u32) -> Option<Region> {
    let mut region = Region::new(width, height);
    for finding in findings.iter().filter(|finding| finding.decision == Decision::Mask) {
        region.add_quad(&text::pad(&finding.quad));
    }
    (!region.is_empty()).then_some(region)
}
