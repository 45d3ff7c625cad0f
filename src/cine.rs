//! What a frame may inherit from the frames around it: the masks of text that stands in them.
//!
//! A detector that looks at each frame by itself loses dim text now and then, and one frame is enough to read a name.
//! So a line that is masked in some frames is masked in the frames between them too, and for a while before and after.

use crate::geometry::{Quad, Rect};
use crate::phi::{Decision, Finding};

/// Frames that a line may be missed for in a row and still is the same line.
///
/// In four real clips (156 frames) 15 lines were found in a fifth of the frames or more, but not in all; 13 of them had
/// no gap above 8 frames, the longest was 11. A moving false region seldom comes back to its place within so few.
const GAP: usize = 8;

/// The share of two boxes' union that they have in common when they are the same line. Boxes of static text jitter by
/// a pixel or two; neighboring lines share far less.
const SAME: f64 = 0.5;

/// The rule id of inherited findings.
const RULE: &str = "cine-lifetime";

/// A line followed through frames.
struct Track {
    first: (usize, Finding),
    last: (usize, Finding),
    /// It was found in more than one frame.
    confirmed: bool,
}

/// Adds to each frame the masks it inherits.
///
/// A line found in two frames or more is masked from 8 frames before the first to 8 frames after the last of
/// them; in a frame where it was not found, where it stood in the frame before (before its first, where it stood
/// there). A line found in one frame only stays in that one: most of these are no text.
///
/// ```text
/// found       . A . . A .  B .      A: a gap of two frames; B: in one frame only
/// masked      A A A A A A  B A
/// ```
#[must_use]
pub fn inherit(findings: Vec<Vec<Finding>>) -> Vec<Vec<Finding>> {
    let mut inherited: Vec<Vec<Finding>> = vec![Vec::new(); findings.len()];
    let mut open: Vec<Track> = Vec::new();
    for (frame, own) in findings.iter().enumerate() {
        for finding in own.iter().filter(|finding| finding.decision == Decision::Mask) {
            let overlap = |track: &Track| shared(&track.last.1.quad, &finding.quad);
            let best = (0..open.len())
                .filter(|&index| open[index].last.0 < frame && overlap(&open[index]) >= SAME)
                .max_by(|&a, &b| overlap(&open[a]).total_cmp(&overlap(&open[b])));
            match best {
                Some(index) => {
                    let track = &mut open[index];
                    fill(&mut inherited, track.last.0 + 1..frame, &track.last.1);
                    track.last = (frame, finding.clone());
                    track.confirmed = true;
                }
                None => {
                    let here = (frame, finding.clone());
                    open.push(Track { first: here.clone(), last: here, confirmed: false });
                }
            }
        }
        let (still_open, closed) = open.into_iter().partition(|track| track.last.0 + GAP >= frame);
        open = still_open;
        closed.iter().for_each(|track| extend(&mut inherited, track));
    }
    open.iter().for_each(|track| extend(&mut inherited, track));
    let add = |(mut own, more): (Vec<Finding>, Vec<Finding>)| {
        own.extend(more);
        own
    };
    findings.into_iter().zip(inherited).map(add).collect()
}

/// Masks a confirmed line for a while before and after.
fn extend(inherited: &mut [Vec<Finding>], track: &Track) {
    if track.confirmed {
        let end = (track.last.0 + 1 + GAP).min(inherited.len());
        fill(inherited, track.first.0.saturating_sub(GAP)..track.first.0, &track.first.1);
        fill(inherited, track.last.0 + 1..end, &track.last.1);
    }
}

fn fill(inherited: &mut [Vec<Finding>], frames: std::ops::Range<usize>, finding: &Finding) {
    for frame in &mut inherited[frames] {
        frame.push(Finding { rule: RULE, ..finding.clone() });
    }
}

/// Returns the share of the union of two lines' bounding boxes that lies in both.
fn shared(a: &Quad, b: &Quad) -> f64 {
    // Frames have at most 65535 pixels a side (Rows and Columns are 16-bit numbers).
    let (a, b) = (a.bounding_box(1 << 16, 1 << 16), b.bounding_box(1 << 16, 1 << 16));
    let area = |rect: &Rect| f64::from(rect.width()) * f64::from(rect.height());
    let both = Rect::new(a.x0.max(b.x0), a.y0.max(b.y0), a.x1.min(b.x1), a.y1.min(b.y1));
    let union = area(&a) + area(&b) - area(&both);
    if union > 0.0 { area(&both) / union } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(x: u32) -> Finding {
        let quad = Quad::from_rect(Rect::new(x, 0, x + 20, 10));
        Finding { quad, score: 0.9, decision: Decision::Mask, rule: "policy-all" }
    }

    /// Runs over frames given as the places of their lines; returns where each frame is masked, inherited or not.
    fn places(frames: &[&[u32]]) -> Vec<Vec<u32>> {
        let findings = frames.iter().map(|frame| frame.iter().map(|&x| at(x)).collect()).collect();
        let place = |finding: &Finding| finding.quad.bounding_box(9999, 9999).x0;
        inherit(findings).iter().map(|frame| frame.iter().map(place).collect()).collect()
    }

    #[test]
    fn a_gap_is_masked_where_the_line_stood_before_it() {
        assert_eq!(places(&[&[5], &[], &[], &[6]]), [vec![5], vec![5], vec![5], vec![6]]);
    }

    #[test]
    fn a_confirmed_line_is_masked_for_a_while_before_and_after() {
        let mut frames: Vec<&[u32]> = vec![&[]; 40];
        frames[20] = &[5];
        frames[21] = &[6];
        let masked = places(&frames);
        assert!((12..20).all(|frame| masked[frame] == [5]));
        assert!((22..30).all(|frame| masked[frame] == [6]));
        assert!((0..12).chain(30..40).all(|frame| masked[frame].is_empty()));
    }

    #[test]
    fn a_line_of_one_frame_stays_in_it() {
        assert_eq!(places(&[&[], &[5], &[]]), [vec![], vec![5], vec![]]);
    }

    #[test]
    fn two_lines_are_not_one() {
        assert_eq!(places(&[&[0], &[], &[15]]), [vec![0], vec![], vec![15]]);
        assert_eq!(places(&[&[0, 40], &[40], &[0, 40]]), [vec![0, 40], vec![40, 0], vec![0, 40]]);
    }

    #[test]
    fn what_is_kept_is_not_inherited() {
        let kept = Finding { decision: Decision::Keep, ..at(0) };
        let after = inherit(vec![vec![kept.clone()], vec![], vec![kept]]);
        assert!(after[1].is_empty());
    }

    proptest! {
        #[test]
        fn nothing_found_is_ever_lost(frames in prop::collection::vec(prop::collection::vec(0u32..200, 0..6), 0..40)) {
            let findings: Vec<Vec<Finding>> = frames.iter().map(|f| f.iter().map(|&x| at(x)).collect()).collect();
            let after = inherit(findings.clone());
            prop_assert_eq!(after.len(), findings.len());
            for (own, all) in findings.iter().zip(&after) {
                prop_assert_eq!(own.as_slice(), &all[..own.len()]);
            }
        }
    }
}
