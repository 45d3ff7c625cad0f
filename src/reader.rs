//! One frame's text: found and read in all its views.

mod looked;

use crate::dicom::views::View;
use crate::error::Result;
use crate::geometry::Quad;
use crate::text::{
    self, Code, Detection, Detections, DetectorPool, Later, Look, Reading, RecognizerPool, TextLine,
    page::{self, Paper},
};
use crate::turned;
use image::RgbImage;
pub use looked::Looked;
use looked::{Seen, ViewLook, confirmed, moved};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Finds the text of frames and, unless nothing is to be kept, reads it.
#[derive(Debug)]
pub struct Reader {
    /// Detectors, one a thread.
    pub detectors: DetectorPool,
    /// Recognizers, one a thread; `None` where nothing is to be read.
    pub recognizers: Option<RecognizerPool>,
}

/// What was read in an instance already, so that static text of a clip is read once.
///
/// A reading depends on nothing but the pixels and the place of a line, so that it does not matter which thread came
/// first.
#[derive(Debug, Default)]
pub struct Readings {
    read: Mutex<HashMap<[u8; 32], Option<Reading>>>,
    /// What the detector found in small pictures that were cut out to be looked at by themselves.
    found: Mutex<HashMap<[u8; 32], Detections>>,
}

/// More than this are not remembered: what changes in every frame of a long clip does not come again.
const MOST_READINGS: usize = 4096;

/// What was found in a frame.
#[derive(Debug, Default)]
pub struct Found {
    /// Lines of text, then codes, then strokes. These count if a frame of the instance is a page.
    pub lines: Vec<TextLine>,
    /// The number of candidates that the detector dropped.
    pub dropped: u32,
    /// Whether the frame looks like a scanned page.
    pub is_page: bool,
}

/// Says of the lines of a picture whether they are those of a screen.
pub type IsScreen<'a> = &'a dyn Fn(&[TextLine]) -> bool;

/// The views of a frame in which lines are looked for.
#[derive(Clone, Copy, Debug)]
struct Shown<'a> {
    views: &'a [&'a RgbImage],
    /// Pixels of ground that a mask keeps round what stands in it.
    soft_edge: u32,
    /// Whether they are read as those of a page.
    is_page: bool,
}

impl Reader {
    /// Returns what is to be masked or kept in a frame, and what the next frame of a clip inherits of it.
    ///
    /// Masks end `soft_edge` pixels beyond what stands in them, where nothing but plain ground follows.
    ///
    /// Where `before` was looked at and shows the same views, the detector is shown what changed since, with what is around
    /// it; lines and codes that no changed pixel touches are those of `before`.
    ///
    /// Where the header is that of a document, the picture may be a page; it is read the way up that most of its text
    /// is, and strokes that are no text are found too. `is_screen` says of the lines of a picture whether they are those of
    /// a screen: on light ground that a program may have drawn, without strokes beside them, that is no page.
    ///
    /// # Errors
    ///
    /// What the detector and the recognizer report.
    pub fn look(
        &self,
        views: Vec<View>,
        soft_edge: u32,
        before: Option<&Looked>,
        is_screen: Option<IsScreen<'_>>,
        known: &Readings,
    ) -> Result<(Found, Looked)> {
        let Some(first) = views.first().map(|view| &view.image) else { return Ok(Default::default()) };
        let paper = is_screen.and_then(|is_screen| Some((page::paper(first)?, is_screen)));
        let before = before.filter(|before| paper.is_none() && before.is_like(&views));
        // All at once where other cores have nothing to do.
        let look = |index: usize| self.detect(&views[index].image, before.map(|before| &before.0[index]));
        let (mut looks, dropped): (Vec<ViewLook>, Vec<u32>) = in_parallel(views.len(), look)?.into_iter().unzip();
        let mut dropped: u32 = dropped.into_iter().sum();
        let shown: Vec<&RgbImage> = views.iter().map(|view| &view.image).collect();
        let found = || looks.iter().map(|look| &*look.lines);
        // Strokes count on pages alone, so that where there is none, no letter may be left to them.
        let own_lines =
            |dropped: &mut u32| self.lines(Shown { views: &shown, soft_edge, is_page: false }, found(), known, dropped);
        let mut lines = None;
        if let Some((paper, is_screen)) = paper {
            let mut all_dropped = dropped;
            let page = Shown { views: &shown, soft_edge, is_page: true };
            let on_page = self.lines(page, found(), known, &mut all_dropped)?;
            if on_page.len() >= page::LEAST_LINES {
                let own = if paper.is_even { own_lines(&mut dropped)? } else { Vec::new() };
                let places: Vec<Quad> = own.iter().map(|line| line.area).collect();
                if own.is_empty() || !is_screen(&own) || !page::ink(shown[0], paper, &places).is_empty() {
                    let shown = views.into_iter().map(|view| view.image).collect();
                    return Ok((self.page(shown, soft_edge, paper, (on_page, all_dropped), known)?, Looked::default()));
                }
                lines = Some(own);
            }
        }
        let lines = lines.map_or_else(|| own_lines(&mut dropped), Ok)?;
        for (look, view) in looks.iter_mut().zip(&views) {
            look.find_codes(&view.image);
        }
        let codes = looks.iter().flat_map(|look| look.codes.iter().cloned()).collect();
        let mut lines: Vec<TextLine> =
            lines.into_iter().chain(text::merged(codes).into_iter().map(TextLine::from)).collect();
        if let Some(((paper, _), view)) = paper.zip(views.first()) {
            page::add_strokes(&mut lines, &view.image, paper);
        }
        let looks = views.into_iter().zip(looks);
        let seen = looks.map(|(view, look)| Seen { view, lines: look.lines, codes: look.codes }).collect();
        Ok((Found { lines, dropped, is_page: false }, Looked(seen)))
    }

    /// Reads a page, whose lines were found in the views as they are, the way up that it is.
    fn page(
        &self,
        mut shown: Vec<RgbImage>,
        soft_edge: u32,
        paper: Paper,
        (mut lines, mut dropped): (Vec<TextLine>, u32),
        known: &Readings,
    ) -> Result<Found> {
        let size = shown[0].dimensions();
        let turn = page::turn(&lines);
        if let Some(turn) = turn {
            shown = shown.iter().map(|image| turned::upright(image, turn)).collect();
            let looks = in_parallel(shown.len(), |index| self.detect(&shown[index], None))?;
            dropped += looks.iter().map(|(_, dropped)| dropped).sum::<u32>();
            let views: Vec<&RgbImage> = shown.iter().collect();
            let found = looks.iter().map(|(look, _)| &*look.lines);
            lines = self.lines(Shown { views: &views, soft_edge, is_page: true }, found, known, &mut dropped)?;
        }
        let codes = shown.iter().map(|image| self.all_codes(image)).collect::<Result<Vec<_>>>()?;
        lines.extend(text::merged(codes.into_iter().flatten().collect()).into_iter().map(TextLine::from));
        page::add_strokes(&mut lines, &shown[0], paper);
        if let Some(turn) = turn {
            lines = lines.into_iter().map(|line| turned::back(line, turn, size)).collect();
        }
        Ok(Found { lines, dropped, is_page: true })
    }

    /// Returns the machine-readable codes of a page.
    fn all_codes(&self, image: &RgbImage) -> Result<Vec<Code>> {
        let found = text::codes(image, Look::Everywhere);
        if found.iter().all(|code| code.content.is_some()) {
            return Ok(found);
        }
        let marks = self.detectors.with(|detector| detector.marks(image))?;
        Ok(confirmed(found, &marks))
    }

    /// Finds the lines of a view, but for those outside of what changed since `before`, which are taken from there. Also
    /// returns how many candidates were dropped.
    fn detect(&self, view: &RgbImage, before: Option<&Seen>) -> Result<(ViewLook, u32)> {
        let mut look = ViewLook::new(view, before);
        let mut dropped = 0;
        for window in look.windows(view) {
            let part = text::part(view, window);
            let is_wanted = |area| look.is_wanted(window, area);
            let [known, same] = look.known(window);
            let is_changed = |area| look.is_changed(window, area);
            let is_gone = |area| look.is_gone(window, area);
            let later = || Later {
                is_wanted: &is_wanted,
                is_changed: &is_changed,
                is_gone: &is_gone,
                known: &known,
                same: &same,
            };
            let later = look.is_later().then(later);
            let detect = |detector: &mut text::Detector| detector.detect_part(&part, view.dimensions(), later.as_ref());
            let (mut found, marks) = self.detectors.with(detect)?;
            dropped += found.dropped;
            found.lines.iter_mut().for_each(|line| line.quad = moved(&line.quad, window));
            look.add_lines(found.lines, view);
            look.parts.push((window, marks));
        }
        Ok((look, dropped))
    }

    /// Returns the text lines that the views of a frame show, given those found in each.
    fn lines<'a>(
        &self,
        Shown { views, soft_edge, is_page }: Shown<'_>,
        found: impl Iterator<Item = &'a [Detection]> + Clone,
        known: &Readings,
        dropped: &mut u32,
    ) -> Result<Vec<TextLine>> {
        let merged = text::merge(found.clone().flatten().copied().collect());
        let Some(recognizers) = self.recognizers.as_ref().filter(|_| !merged.is_empty()) else {
            let line = |own: Detection| TextLine {
                area: text::tight(&text::pad(&own.quad), views, soft_edge),
                ..TextLine::from(own)
            };
            return Ok(merged.into_iter().map(line).collect());
        };
        // Nothing of a page stays, so that its blocks need not be taken apart, which would leave what no look finds.
        let text::Apart { lines: apart, left } = if is_page {
            text::Apart { lines: merged, left: Vec::new() }
        } else {
            text::without_blocks(merged, views, |image| {
                let again = known.detections(image, || self.detectors.with(|detector| detector.detect(image)))?;
                *dropped += again.dropped;
                Ok(again.lines)
            })?
        };
        let apart = text::separate(text::cut(apart, views), views);
        let quads: Vec<Quad> = apart.iter().map(|line| line.quad).collect();
        let mut lines: Vec<TextLine> = Vec::new();
        for (index, line) in apart.into_iter().enumerate() {
            let others = [&quads[..index], &quads[index + 1..]].concat();
            let area = text::tight(&text::reach(&line.quad, &others, views), views, soft_edge);
            lines.push(TextLine { area, ..TextLine::from(line) });
        }
        read(recognizers, views, found, &mut lines, known)?;
        lines.extend(left.into_iter().map(|left| TextLine { area: left.quad, ..TextLine::from(left) }));
        Ok(lines)
    }

    /// Looks otherwise at a frame whose text should be gone, and returns the lines that are plainly there; of what did not
    /// change since `before`, those that were there then.
    ///
    /// # Errors
    ///
    /// What the detector and the recognizer report.
    pub fn lines_again(
        &self,
        views: Vec<View>,
        before: Option<&Looked>,
        known: &Readings,
    ) -> Result<(Vec<TextLine>, Looked)> {
        let before = before.filter(|before| before.is_like(&views));
        let look = |index: usize| self.detect_again(&views[index].image, before.map(|before| &before.0[index]));
        let lines = in_parallel(views.len(), look)?;
        let seen = views.into_iter().zip(lines).map(|(view, lines)| Seen { view, lines, codes: Vec::new() });
        let seen: Vec<Seen> = seen.collect();
        let merged = text::merge(seen.iter().flat_map(|seen| &seen.lines).copied().collect());
        let mut lines: Vec<TextLine> = merged.into_iter().map(TextLine::from).collect();
        if let Some(recognizers) = &self.recognizers {
            let views: Vec<&RgbImage> = seen.iter().map(|seen| &seen.view.image).collect();
            read(recognizers, &views, seen.iter().map(|seen| &*seen.lines), &mut lines, known)?;
        }
        Ok((lines, Looked(seen)))
    }

    /// Looks otherwise at what a view shows and did not show `before`, whose lines there are taken over elsewhere.
    fn detect_again(&self, view: &RgbImage, before: Option<&Seen>) -> Result<Vec<Detection>> {
        let mut look = ViewLook::new(view, before);
        for window in look.windows(view) {
            let part = text::part(view, window);
            let is_wanted = |area| look.is_changed(window, area) || look.is_gone(window, area);
            let again = |detector: &mut text::Detector| detector.look_again(&part, view.dimensions(), is_wanted);
            let mut lines = self.detectors.with(again)?;
            lines.iter_mut().for_each(|line| line.quad = moved(&line.quad, window));
            look.add_lines(lines, view);
        }
        Ok(look.lines)
    }
}

impl Reader {
    /// Reads the text at places that are known, in the view that shows it best; nothing where nothing can be read.
    ///
    /// # Errors
    ///
    /// What the recognizer reports.
    pub fn read_at(&self, views: Vec<View>, quads: &[Quad]) -> Result<Vec<Option<Reading>>> {
        let Some(recognizers) = &self.recognizers else { return Ok(vec![None; quads.len()]) };
        let shown: Vec<RgbImage> = views.into_iter().map(|view| view.image).collect();
        let mut lines: Vec<TextLine> = quads.iter().map(|quad| TextLine::unread(*quad, 1.0)).collect();
        let own: Vec<Detection> = quads.iter().map(|&quad| Detection { quad, score: 1.0 }).collect();
        let found = vec![own; shown.len()];
        let views: Vec<&RgbImage> = shown.iter().collect();
        read(recognizers, &views, found.iter().map(Vec::as_slice), &mut lines, &Readings::default())?;
        Ok(lines.into_iter().map(|line| line.readings.into_iter().next()).collect())
    }
}

/// Calls `work` with all numbers below `count`, in other threads too if they have nothing to do, and returns the results in
/// order, or the first error in that order.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let done: Vec<Result<T>> = (0..count).into_par_iter().map(&work).collect();
    done.into_iter().collect()
}

/// Reads lines in all views that show something of them.
fn read<'a>(
    recognizers: &RecognizerPool,
    views: &[&RgbImage],
    found: impl Iterator<Item = &'a [Detection]>,
    lines: &mut [TextLine],
    known: &Readings,
) -> Result<()> {
    for (&view, own) in views.iter().zip(found) {
        for line in &mut *lines {
            // A view that shows nothing there has nothing to be read.
            if !own.iter().any(|detection| text::shared_area(&detection.quad, &line.quad) > 0.0) {
                continue;
            }
            let reading =
                known.get_or(view, &line.quad, || recognizers.with(|recognizer| recognizer.read(view, &line.quad)))?;
            line.readings.extend(reading);
        }
    }
    for line in lines {
        line.readings = best_first(std::mem::take(&mut line.readings));
        line.inked = text::tight(&line.quad, views, 0);
    }
    Ok(())
}

/// Sorts readings by score and leaves out what another view shows better.
fn best_first(mut readings: Vec<Reading>) -> Vec<Reading> {
    readings.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.text.cmp(&b.text)));
    let mut kept: Vec<Reading> = Vec::new();
    for reading in readings {
        if !kept.iter().any(|other| other.text == reading.text && other.at_first == reading.at_first) {
            kept.push(reading);
        }
    }
    kept
}

impl Readings {
    /// Returns what was read before in the same pixels at the same place, or reads it.
    fn get_or(
        &self,
        image: &RgbImage,
        quad: &Quad,
        read: impl FnOnce() -> Result<Option<Reading>>,
    ) -> Result<Option<Reading>> {
        remembered(&self.read, key(image, quad), read)
    }

    /// Returns what was found before in a picture of the same pixels, or looks.
    fn detections(&self, image: &RgbImage, look: impl FnOnce() -> Result<Detections>) -> Result<Detections> {
        let mut hash = Sha256::new();
        hash.update(image.width().to_le_bytes());
        hash.update(image.as_raw());
        remembered(&self.found, hash.finalize().into(), look)
    }
}

/// Returns what is known by a key, or finds it and remembers it.
fn remembered<T: Clone>(
    known: &Mutex<HashMap<[u8; 32], T>>,
    key: [u8; 32],
    find: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(&key) {
        return Ok(known.clone());
    }
    let found = find()?;
    let mut known = lock();
    if known.len() < MOST_READINGS {
        known.insert(key, found.clone());
    }
    Ok(found)
}

/// Returns the hash of a place and of all pixels that a recognizer may look at there.
fn key(image: &RgbImage, quad: &Quad) -> [u8; 32] {
    let mut hash = Sha256::new();
    for point in quad.0 {
        hash.update(point.x.to_le_bytes());
        hash.update(point.y.to_le_bytes());
    }
    let area = text::recognizer_area(quad).bounding_box(image.width(), image.height());
    let row = image.width() as usize * 3;
    for y in area.y0..area.y1 {
        let start = y as usize * row;
        hash.update(&image.as_raw()[start + area.x0 as usize * 3..start + area.x1 as usize * 3]);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use crate::sensitive::Sensitive;

    fn reading(text: &str, score: f32) -> Reading {
        let character_scores = vec![score; text.chars().count()];
        Reading {
            text: Sensitive::new(text.into()),
            score,
            character_scores,
            orientation: text::Orientation::Upright,
            at_first: None,
        }
    }

    #[test]
    fn equal_pixels_at_one_place_are_read_once() {
        let readings = Readings::default();
        let mut image = RgbImage::new(60, 40);
        let quad = Quad::from_rect(Rect::new(10, 10, 40, 20));
        let mut times = 0;
        let mut look = |image: &RgbImage, quad: &Quad| {
            let read = || {
                times += 1;
                Ok(Some(reading("A", 0.5)))
            };
            let found = readings.get_or(image, quad, read).expect("read");
            assert_eq!(found, Some(reading("A", 0.5)));
            times
        };
        assert_eq!(look(&image, &quad), 1);
        assert_eq!(look(&image, &quad), 1);
        image.put_pixel(59, 39, image::Rgb([1, 1, 1]));
        assert_eq!(look(&image, &quad), 1, "far from the line");
        image.put_pixel(39, 19, image::Rgb([1, 1, 1]));
        assert_eq!(look(&image, &quad), 2);
        assert_eq!(look(&image, &Quad::from_rect(Rect::new(11, 10, 40, 20))), 3);
    }

    #[test]
    fn readings_come_best_first_and_each_text_once() {
        let readings = best_first(vec![reading("A", 0.5), reading("B", 0.9), reading("A", 0.7)]);
        assert_eq!(readings, [reading("B", 0.9), reading("A", 0.7)]);
    }
}
