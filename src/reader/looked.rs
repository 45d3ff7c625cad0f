//! What was seen in a frame, and what the next frame of a clip inherits of it.

use crate::dicom::views::View;
use crate::geometry::{Point, Quad, Rect};
use crate::text::{self, Code, Detection, Look, Marks};
use crate::windows::Changes;
use image::RgbImage;

/// A frame that was looked at, view by view; nothing is inherited from an empty one.
#[derive(Debug, Default)]
pub struct Looked(pub(super) Vec<Seen>);

impl Looked {
    /// Returns whether the frame was rendered in the same way as another one.
    pub(super) fn is_like(&self, views: &[View]) -> bool {
        self.0.iter().map(|seen| seen.view.kind).eq(views.iter().map(|view| view.kind))
    }
}

/// A view, and what was found in it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) view: View,
    pub(super) lines: Vec<Detection>,
    pub(super) codes: Vec<Code>,
}

/// A look at a view that goes on.
pub(super) struct ViewLook {
    pub(super) lines: Vec<Detection>,
    pub(super) codes: Vec<Code>,
    /// What the detector was shown, and what it marked there.
    pub(super) parts: Vec<(Rect, Marks)>,
    /// Lines of the frame before that may be others now…
    touched: Vec<Detection>,
    /// …the places of such codes…
    touched_codes: Vec<Quad>,
    /// …and of both.
    gone: Vec<Quad>,
    /// `None` if all of the view is looked at.
    changes: Option<Changes>,
    /// How many of the lines, the first ones, are those of the frame before.
    same: usize,
}

impl ViewLook {
    /// Takes over what no changed pixel touches.
    pub(super) fn new(view: &RgbImage, before: Option<&Seen>) -> Self {
        let changes = before.and_then(|before| Changes::between(&before.view.image, view));
        let mut look = Self {
            lines: Vec::new(),
            codes: Vec::new(),
            parts: Vec::new(),
            touched: Vec::new(),
            touched_codes: Vec::new(),
            gone: Vec::new(),
            changes,
            same: 0,
        };
        if let Some((before, changes)) = before.zip(look.changes.as_ref()) {
            let (touched, lines): (Vec<Detection>, Vec<Detection>) =
                before.lines.iter().partition(|line| changes.touch(&line.quad));
            let (touched_codes, codes): (Vec<Code>, _) =
                before.codes.iter().cloned().partition(|code| changes.touch(&code.quad));
            look.same = lines.len();
            (look.lines, look.codes, look.touched) = (lines, codes, touched);
            look.touched_codes = touched_codes.iter().map(|code| code.quad).collect();
            look.gone = look.touched.iter().map(|line| line.quad).chain(look.touched_codes.iter().copied()).collect();
        }
        look
    }

    /// Returns what the detector has to be shown; the whole view where that is as cheap.
    pub(super) fn windows(&self, view: &RgbImage) -> Vec<Rect> {
        match &self.changes {
            Some(changes) if changes.is_empty() => Vec::new(),
            Some(changes) => changes.windows(&self.gone),
            None => vec![Rect::new(0, 0, view.width(), view.height())],
        }
    }

    /// Returns whether there is a frame before that is like this one.
    pub(super) fn is_later(&self) -> bool {
        self.changes.is_some()
    }

    /// Returns whether the networks behind the scout have to look at an area of a window: where nothing near changed, no new
    /// line is taken.
    pub(super) fn is_wanted(&self, window: Rect, area: Rect) -> bool {
        let area = area.shifted(window.x0, window.y0);
        self.changes.as_ref().is_none_or(|changes| changes.are_near(area, &self.gone))
    }

    /// Returns whether an area of a window reaches into a cell that changed.
    pub(super) fn is_changed(&self, window: Rect, area: Rect) -> bool {
        let area = area.shifted(window.x0, window.y0);
        self.changes.as_ref().is_none_or(|changes| changes.any(area))
    }

    /// Returns whether an area of a window reaches into what is masked if a line or a code is that may be gone.
    pub(super) fn is_gone(&self, window: Rect, area: Rect) -> bool {
        let area = area.shifted(window.x0, window.y0);
        self.changes.as_ref().is_some_and(|changes| changes.are_masked(area, &self.gone))
    }

    /// Returns the lines of the frame before that stood in a window where something changed, and those whose pixels are the
    /// same, in pixels of the window.
    pub(super) fn known(&self, window: Rect) -> [Vec<Detection>; 2] {
        let area = Quad::from_rect(window);
        let (x, y) = (area.0[0].x, area.0[0].y);
        let own = |line: &&Detection| text::shared_area(&area, &line.quad) > 0.0;
        let back =
            |line: &Detection| Detection { quad: Quad(line.quad.0.map(|p| Point::new(p.x - x, p.y - y))), ..*line };
        [&self.touched, &self.lines].map(|lines| lines.iter().filter(own).map(back).collect())
    }

    /// Adds lines that were found in a window, in pixels of the view.
    ///
    /// What stands around what changed was found before, as a whole; here the window may cut it.
    pub(super) fn add_lines(&mut self, mut found: Vec<Detection>, view: &RgbImage) {
        // The detector sees a margin around the frame; what it finds there covers no pixel.
        let (columns, rows) = view.dimensions();
        found.retain(|line| !text::pad(&line.quad).bounding_box(columns, rows).is_empty() && self.is_new(&line.quad));
        let Some(changes) = &self.changes else { return self.lines.extend(found) };
        let same = &self.lines[..self.same];
        let new: Vec<Detection> = found.iter().flat_map(|line| beside(line, same, changes)).collect();
        self.lines.extend(new);
    }

    /// Finds the codes in what the detector was shown; in a later frame, where it marked something that is no known line, and
    /// where a code was.
    pub(super) fn find_codes(&mut self, view: &RgbImage) {
        for (window, marks) in std::mem::take(&mut self.parts) {
            let part = text::part(view, window);
            let own = self.touched_codes.iter().map(|code| inside(code, window)).collect::<Vec<Rect>>();
            let look = if self.is_later() { Look::Marked(&marks, &own) } else { Look::Candidates };
            let found = confirmed(text::codes(&part, look), &marks);
            let found = found.into_iter().map(|code| Code { quad: moved(&code.quad, window), ..code });
            let new: Vec<Code> = found.filter(|code| self.is_new(&code.quad)).collect();
            self.codes.extend(new);
        }
    }

    /// Returns whether a changed pixel or what was there before touches a quadrilateral.
    fn is_new(&self, quad: &Quad) -> bool {
        let is_gone = |gone: &Quad| text::shared_area(gone, quad) > 0.0;
        self.changes.as_ref().is_none_or(|changes| changes.touch(quad) || self.gone.iter().any(is_gone))
    }
}

/// Returns what of a line that was found has to be taken beside lines that are the `same` as in the frame before: a box round
/// one of these and a speck of what moves past it is the speck.
///
/// Along the line, what such lines fill to half of its height and where no pixel changed is left out, at its ends and where
/// that is longer than the gap between two words; and so are remains that are shorter than half of its height if no pixel
/// changed there either.
fn beside(line: &Detection, same: &[Detection], changes: &Changes) -> Vec<Detection> {
    const FILLED: u32 = 2;
    /// In heights of the line.
    const GAP: u32 = 2;
    /// Frames have at most 65535 pixels a side.
    const END: u32 = 1 << 16;
    let own: Vec<Rect> = (same.iter())
        .filter(|other| text::is_upright(&other.quad) && text::shared_area(&other.quad, &line.quad) > 0.0)
        .map(|other| other.quad.bounding_box(END, END))
        .collect();
    let area = line.quad.bounding_box(END, END);
    let masked = text::pad(&line.quad).bounding_box(END, END);
    let is_wide = area.width() >= area.height();
    let ends = |area: &Rect| if is_wide { (area.x0, area.x1) } else { (area.y0, area.y1) };
    let sides = |area: &Rect| if is_wide { (area.y0, area.y1) } else { (area.x0, area.x1) };
    // A part of an area, along the line.
    let part = |area: Rect, from: u32, to: u32| {
        if is_wide { Rect::new(from, area.y0, to, area.y1) } else { Rect::new(area.x0, from, area.x1, to) }
    };
    let shared = |(a, b): (u32, u32), (c, d): (u32, u32)| b.min(d).saturating_sub(a.max(c));
    let height = sides(&area).1 - sides(&area).0;
    let is_same = |at: u32| {
        let here = own.iter().filter(|other| shared(ends(other), (at, at + 1)) > 0);
        let filled: u32 = here.map(|other| shared(sides(other), sides(&area))).sum();
        filled > 0 && FILLED * filled >= height && !changes.differ(part(masked, at, at + 1))
    };
    let (from, to) = ends(&area);
    if !text::is_upright(&line.quad) || !(from..to).any(is_same) {
        return vec![*line];
    }
    // Joins places that are no further apart than this.
    let joined = |places: &mut dyn Iterator<Item = Rect>, gap: u32| {
        places.fold(Vec::new(), |mut all: Vec<Rect>, own| {
            match all.last_mut().filter(|last| ends(&own).0 - ends(last).1 <= gap) {
                Some(last) => *last = part(area, ends(last).0, ends(&own).1),
                None => all.push(own),
            }
            all
        })
    };
    let left = joined(&mut (from..to).filter(|&at| !is_same(at)).map(|at| part(area, at, at + 1)), 0);
    let counts = |own: &Rect| {
        let (from, to) = ends(own);
        FILLED * (to - from) >= height || changes.differ(part(masked, from, to))
    };
    let left = joined(&mut left.into_iter().filter(counts), GAP * height);
    left.into_iter().map(|own| Detection { quad: Quad::from_rect(own), ..*line }).collect()
}

/// Returns the codes that were decoded, and those that the detector marks too. Speckle, vessels and the blocks of JPEG have
/// the texture of codes.
pub(super) fn confirmed(found: Vec<Code>, marks: &Marks) -> Vec<Code> {
    let (decoded, located): (Vec<Code>, Vec<Code>) = found.into_iter().partition(|code| code.content.is_some());
    decoded.into_iter().chain(located.into_iter().filter(|code| marks.hold(&code.quad))).collect()
}

/// Returns the box round what of a quadrilateral of the frame lies in a window, in pixels of the window.
fn inside(quad: &Quad, window: Rect) -> Rect {
    let own = quad.bounding_box(window.x1, window.y1);
    let [(x0, x1), (y0, y1)] = [(own.x0, own.x1, window.x0), (own.y0, own.y1, window.y0)]
        .map(|(first, last, start)| (first.saturating_sub(start), last.saturating_sub(start)));
    Rect::new(x0, y0, x1, y1)
}

/// Brings a quadrilateral of a window to the frame.
#[expect(clippy::cast_precision_loss, reason = "frame sides are below 2^24")]
pub(super) fn moved(quad: &Quad, window: Rect) -> Quad {
    Quad(quad.0.map(|p| Point::new(p.x + window.x0 as f32, p.y + window.y0 as f32)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::views::ViewKind;
    use proptest::prelude::*;

    fn line(x0: u32, y0: u32) -> Detection {
        Detection { quad: Quad::from_rect(Rect::new(x0, y0, x0 + 60, y0 + 12)), score: 0.9 }
    }

    #[test]
    fn the_box_of_a_code_is_cut_to_the_window() {
        let own = |x0, y0, x1, y1| inside(&Quad::from_rect(Rect::new(x0, y0, x1, y1)), Rect::new(100, 50, 300, 200));
        assert_eq!(own(150, 60, 180, 90), Rect::new(50, 10, 80, 40));
        assert_eq!(own(80, 40, 400, 260), Rect::new(0, 0, 200, 150));
        assert!(own(10, 10, 90, 40).is_empty());
    }

    #[test]
    fn a_box_round_a_line_that_is_the_same_and_something_that_moves_is_what_moves() {
        let before = RgbImage::new(800, 600);
        let with = |places: &[Rect]| {
            let mut now = before.clone();
            for place in places {
                (place.x0..place.x1).for_each(|x| now.put_pixel(x, place.y0, image::Rgb([200; 3])));
            }
            Changes::between(&before, &now).expect("of one size")
        };
        let same = [line(100, 100), line(100, 118)];
        let found = |x0, y0, x1, y1| Detection { quad: Quad::from_rect(Rect::new(x0, y0, x1, y1)), score: 0.9 };
        let boxes = |line: &Detection, changes: &Changes| -> Vec<Rect> {
            beside(line, &same, changes).iter().map(|own| own.quad.bounding_box(800, 600)).collect()
        };
        let dot = with(&[Rect::new(88, 110, 92, 111)]);
        // Round one line, and round two of them.
        assert_eq!(boxes(&found(84, 98, 130, 112), &dot), [Rect::new(84, 98, 100, 112)]);
        assert_eq!(boxes(&found(84, 98, 162, 131), &dot), [Rect::new(84, 98, 100, 131)]);
        // On both sides something stands that may be text; a sliver is none.
        assert_eq!(boxes(&found(84, 98, 200, 112), &dot), [Rect::new(84, 98, 100, 112), Rect::new(160, 98, 200, 112)]);
        assert_eq!(boxes(&found(84, 98, 164, 112), &dot), [Rect::new(84, 98, 100, 112)]);
        // What changed is not left out, with what stands between; nor what such lines hardly fill, nor what stands aslant.
        let over = with(&[Rect::new(88, 110, 92, 111), Rect::new(120, 104, 124, 105)]);
        assert_eq!(boxes(&found(84, 98, 160, 112), &over), [Rect::new(84, 98, 124, 112)]);
        let far = with(&[Rect::new(88, 110, 92, 111), Rect::new(140, 104, 142, 105)]);
        assert_eq!(boxes(&found(84, 98, 160, 112), &far), [Rect::new(84, 98, 100, 112), Rect::new(140, 98, 142, 112)]);
        let whole = |own: Detection| assert_eq!(beside(&own, &same, &dot), [own]);
        whole(found(84, 90, 130, 105));
        whole(found(300, 98, 400, 112));
        whole(Detection {
            quad: Quad([(84.0, 98.0), (130.0, 128.0), (122.0, 140.0), (76.0, 110.0)].map(|(x, y)| Point::new(x, y))),
            score: 0.9,
        });
        // A high line is cut from top to bottom.
        let high = [Detection { quad: Quad::from_rect(Rect::new(100, 100, 112, 160)), score: 0.9 }];
        let cut = beside(&found(98, 84, 112, 150), &high, &with(&[Rect::new(104, 90, 108, 91)]));
        assert_eq!(cut[0].quad.bounding_box(800, 600), Rect::new(98, 84, 112, 100));
    }

    proptest! {
        #[test]
        fn no_pixel_that_changed_is_left_out_beside_known_lines(
            pixels in prop::collection::vec((0_u32..300, 0_u32..100), 1..8),
            (x0, y0) in (0_u32..200, 0_u32..60),
            (width, height) in (1_u32..100, 1_u32..40),
            places in prop::collection::vec((0_u32..240, 0_u32..80), 0..5),
        ) {
            let before = RgbImage::new(300, 100);
            let mut now = before.clone();
            pixels.iter().for_each(|&(x, y)| now.put_pixel(x, y, image::Rgb([1; 3])));
            let changes = Changes::between(&before, &now).expect("of one size");
            let same: Vec<Detection> = places.into_iter().map(|(x, y)| line(x, y)).collect();
            let area = Rect::new(x0, y0, x0 + width, y0 + height);
            let left = beside(&Detection { quad: Quad::from_rect(area), score: 0.9 }, &same, &changes);
            let holds = |area: Rect, x, y| (area.x0..area.x1).contains(&x) && (area.y0..area.y1).contains(&y);
            for (x, y) in pixels.into_iter().filter(|&(x, y)| holds(area, x, y)) {
                prop_assert!(left.iter().any(|own| holds(own.quad.bounding_box(300, 100), x, y)), "{x} {y}");
            }
        }
    }

    #[test]
    fn lines_that_no_changed_pixel_touches_are_inherited_and_others_looked_for_again() {
        let image = RgbImage::new(800, 600);
        let view = View { image: image.clone(), kind: ViewKind::FullRange };
        let before = Seen { view, lines: vec![line(20, 20), line(400, 300)], codes: Vec::new() };
        let mut now = image.clone();
        now.put_pixel(455, 305, image::Rgb([1; 3]));
        let mut look = ViewLook::new(&now, Some(&before));
        assert_eq!(look.lines, [line(20, 20)]);
        let [window] = look.windows(&now)[..] else { panic!("one window") };
        assert!(window.x0 <= 399 && window.x1 >= 461 && window.width() < 300);
        // What the window shows of other lines is no news.
        look.add_lines(vec![line(402, 301), line(330, 250)], &now);
        assert_eq!(look.lines, [line(20, 20), line(402, 301)]);
        let same = ViewLook::new(&image, Some(&before));
        assert_eq!((same.lines.len(), same.windows(&image)), (2, Vec::new()));
        assert_eq!(ViewLook::new(&now, None).windows(&now), [Rect::new(0, 0, 800, 600)]);
    }
}
