//! What a frame may inherit from the frames around it: the masks of text that stands in them.
//!
//! A detector that looks at each frame by itself loses dim text now and then, and one frame is enough to read a name.
//! So a line that is masked in some frames is masked in the frames between them too, and for a while before and after.

use crate::geometry::{Quad, Rect};
use crate::phi::{self, Decision, Finding};
use crate::text;
use std::ops::Range;

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
    /// Frame, and index among the frame's findings.
    seen: Vec<(usize, usize)>,
}

impl Track {
    fn last(&self) -> (usize, usize) {
        self.seen[self.seen.len() - 1]
    }
}

/// Adds to each frame the masks it inherits, and masks what is kept in one frame and known to be PHI in another.
///
/// A line masked in two frames or more is masked from 8 frames before the first to 8 frames after the last of
/// them; in a frame where it was not found, where it stood in the frame before (before its first, where it stood
/// there). A line masked in one frame only stays in that one: most of these are no text. A line that matches the
/// identity, a pattern, a deny term or a zone in any frame is masked in all frames in which it is found, whatever was
/// read in them.
///
/// ```text
/// found       . A . . A .  B .      A: a gap of two frames; B: in one frame only
/// masked      A A A A A A  B A
/// ```
#[must_use]
pub fn inherit(mut findings: Vec<Vec<Finding>>) -> Vec<Vec<Finding>> {
    let tracks = tracks(&findings);
    for track in &tracks {
        even(&mut findings, track);
        hide(&mut findings, track);
    }
    findings.iter_mut().for_each(|frame| phi::cover(frame));
    findings
}

/// Follows each line through the frames.
fn tracks(findings: &[Vec<Finding>]) -> Vec<Track> {
    let mut closed: Vec<Track> = Vec::new();
    let mut open: Vec<Track> = Vec::new();
    for (frame, own) in findings.iter().enumerate() {
        for (index, finding) in own.iter().enumerate().filter(|(_, finding)| finding.score.is_some()) {
            let overlap = |track: &Track| {
                let (frame, index) = track.last();
                shared(&findings[frame][index].quad, &finding.quad)
            };
            let best = (open.iter_mut())
                .filter(|track| track.last().0 < frame && overlap(track) >= SAME)
                .max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
            match best {
                Some(track) => track.seen.push((frame, index)),
                None => open.push(Track { seen: vec![(frame, index)] }),
            }
        }
        let ended = open.extract_if(.., |track| track.last().0 + GAP < frame);
        closed.extend(ended);
    }
    closed.extend(open);
    closed
}

/// Gives a line that stands still one area: where the background around it changes from frame to frame, the whole padding.
fn even(findings: &mut [Vec<Finding>], track: &Track) {
    for pair in track.seen.windows(2).rev().chain(track.seen.windows(2)) {
        let [(frame, index), (other_frame, other_index)] = [pair[0], pair[1]];
        let (one, other) = (&findings[frame][index], &findings[other_frame][other_index]);
        if one.quad == other.quad && one.area != other.area {
            let whole = text::pad(&one.quad);
            findings[frame][index].area = whole;
            findings[other_frame][other_index].area = whole;
        }
    }
}

/// Masks a line where its track says so.
fn hide(findings: &mut [Vec<Finding>], track: &Track) {
    let at = |findings: &[Vec<Finding>], (frame, index): (usize, usize)| findings[frame][index].clone();
    let known = track.seen.iter().map(|&seen| at(findings, seen)).find(Finding::has_evidence);
    let masked: Vec<(usize, Finding)> = (track.seen.iter())
        .map(|&seen| (seen.0, at(findings, seen)))
        .filter(|(_, finding)| finding.decision == Decision::Mask)
        .collect();
    if let Some(known) = known {
        for &(frame, index) in &track.seen {
            turn(&mut findings[frame][index], &known);
        }
    }
    let [(first, at_first), .., (last, at_last)] = masked.as_slice() else { return };
    let end = (last + 1 + GAP).min(findings.len());
    fill(findings, track, first.saturating_sub(GAP)..*first, at_first);
    for pair in masked.windows(2).filter(|pair| pair[1].0 - pair[0].0 <= GAP) {
        fill(findings, track, pair[0].0 + 1..pair[1].0, &pair[0].1);
    }
    fill(findings, track, last + 1..end, at_last);
}

/// Masks a track's line in `frames`: turns it where it is found and adds a mask where it is not.
fn fill(findings: &mut [Vec<Finding>], track: &Track, frames: Range<usize>, like: &Finding) {
    for frame in frames {
        match track.seen.binary_search_by_key(&frame, |seen| seen.0) {
            Ok(place) => turn(&mut findings[frame][track.seen[place].1], like),
            Err(_) => {
                // What stood there then may have been wider: a clock goes on.
                let area = text::around(&like.area, &like.quad);
                findings[frame].push(Finding { area, rule: RULE.into(), reading: None, ..like.clone() });
            }
        }
    }
}

/// Makes a mask of a finding that is none.
fn turn(finding: &mut Finding, like: &Finding) {
    if finding.decision != Decision::Mask {
        finding.decision = Decision::Mask;
        finding.rule = RULE.into();
        finding.attribute.clone_from(&like.attribute);
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
        Finding {
            quad,
            area: quad,
            score: Some(0.9),
            reading: None,
            decision: Decision::Mask,
            rule: "not-technical".into(),
            attribute: None,
            kind: crate::text::LineKind::Text,
        }
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
    fn a_line_that_stands_still_has_one_area() {
        let quad = at(5).quad;
        let trimmed = || Finding { area: quad, ..at(5) };
        let whole = || Finding { area: text::pad(&quad), ..at(5) };
        let areas = |frames: Vec<Finding>| {
            let after = inherit(frames.into_iter().map(|finding| vec![finding]).collect());
            after.iter().map(|frame| frame[0].area == text::pad(&quad)).collect::<Vec<_>>()
        };
        assert_eq!(areas(vec![trimmed(), trimmed()]), [false, false]);
        assert_eq!(areas(vec![trimmed(), trimmed(), whole(), trimmed(), trimmed()]), [true; 5]);
    }

    #[test]
    fn what_is_inherited_is_not_tighter_than_the_box() {
        let tight = |x: u32| Finding { area: Quad::from_rect(Rect::new(x + 4, 2, x + 12, 12)), ..at(x) };
        let after = inherit(vec![vec![tight(5)], vec![], vec![tight(5)]]);
        let areas = after.iter().map(|frame| frame[0].area.bounding_box(100, 100));
        let (own, whole) = (Rect::new(9, 2, 17, 12), Rect::new(5, 0, 25, 12));
        assert_eq!(areas.collect::<Vec<_>>(), [own, whole, own]);
    }

    fn kept(x: u32) -> Finding {
        Finding { decision: Decision::Keep, rule: "technical:setting".into(), ..at(x) }
    }

    #[test]
    fn what_is_kept_is_not_inherited() {
        let after = inherit(vec![vec![kept(0)], vec![], vec![kept(0)]]);
        assert!(after[1].is_empty() && after[0] == [kept(0)]);
    }

    #[test]
    fn what_is_kept_between_masks_is_masked() {
        let after = inherit(vec![vec![at(0)], vec![kept(0)], vec![at(0)]]);
        assert_eq!((after[1].len(), after[1][0].decision, &*after[1][0].rule), (1, Decision::Mask, "cine-lifetime"));
    }

    #[test]
    fn what_is_known_as_phi_in_one_frame_is_masked_in_all() {
        let known = Finding { rule: "identity".into(), attribute: Some("PatientName".into()), ..at(0) };
        let mut frames = vec![vec![kept(0), kept(50)]; 40];
        frames[30] = vec![known, kept(50)];
        let after = inherit(frames);
        assert!(after.iter().all(|frame| frame[0].decision == Decision::Mask && frame[1].decision == Decision::Keep));
        assert_eq!(after[0][0].attribute.as_deref(), Some("PatientName"));
    }

    #[test]
    fn one_misreading_masks_its_own_frame_alone() {
        let mut frames = vec![vec![kept(0)]; 20];
        frames[10] = vec![at(0)];
        let masked = inherit(frames).iter().filter(|frame| frame[0].decision == Decision::Mask).count();
        assert_eq!(masked, 1);
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
