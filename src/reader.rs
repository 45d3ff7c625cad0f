//! One frame's text: found and read in all its views.

use crate::dicom::views::View;
use crate::error::Result;
use crate::geometry::Quad;
use crate::text::{self, Code, Detection, DetectorPool, LineKind, Look, Reading, RecognizerPool, TextLine, page};
use crate::turned;
use image::RgbImage;
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
pub struct Readings(Mutex<HashMap<[u8; 32], Option<Reading>>>);

/// More readings than this are not remembered: what changes in every frame of a long clip does not come again.
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

impl Reader {
    /// Returns what is to be masked or kept in a frame.
    ///
    /// Where the header is that of a document, the picture may be a page; it is read the way up that most of its text
    /// is, and strokes that are no text are found too.
    ///
    /// # Errors
    ///
    /// What the detector and the recognizer report.
    pub fn look(&self, views: Vec<View>, may_be_document: bool, known: &Readings) -> Result<Found> {
        let mut shown: Vec<RgbImage> = views.into_iter().map(|view| view.image).collect();
        let Some(size) = shown.first().map(RgbImage::dimensions) else { return Ok(Found::default()) };
        let (mut lines, mut dropped) = self.lines(&shown, known)?;
        let paper = shown.first().filter(|_| may_be_document).and_then(page::paper);
        let is_page = paper.is_some() && lines.len() >= page::LEAST_LINES;
        let turn = page::turn(&lines).filter(|_| is_page);
        if let Some(turn) = turn {
            shown = shown.iter().map(|image| turned::upright(image, turn)).collect();
            let (found, more) = self.lines(&shown, known)?;
            (lines, dropped) = (found, dropped + more);
        }
        let look = if is_page { Look::Everywhere } else { Look::Candidates };
        let codes = shown.iter().map(|image| self.codes(image, look)).collect::<Result<Vec<_>>>()?;
        lines.extend(text::merged(codes.into_iter().flatten().collect()).into_iter().map(TextLine::from));
        if let Some((paper, image)) = paper.zip(shown.first()) {
            let places: Vec<Quad> = lines.iter().map(place).collect();
            let strokes = page::ink(image, paper, &places);
            lines.extend(
                strokes.into_iter().map(|quad| TextLine { kind: LineKind::Ink, ..TextLine::unread(quad, 1.0) }),
            );
        }
        if let Some(turn) = turn {
            lines = lines.into_iter().map(|line| turned::back(line, turn, size)).collect();
        }
        Ok(Found { lines, dropped, is_page })
    }

    /// Returns the machine-readable codes of a picture: those that were decoded, and those that the detector marks too.
    /// Speckle, vessels and the blocks of JPEG have the texture of codes.
    fn codes(&self, image: &RgbImage, look: Look) -> Result<Vec<Code>> {
        let (decoded, located): (Vec<Code>, Vec<Code>) =
            text::codes(image, look).into_iter().partition(|code| code.content.is_some());
        let quads: Vec<Quad> = located.iter().map(|code| code.quad).collect();
        let marked = self.detectors.with(|detector| detector.marks(image, &quads))?;
        let confirmed = located.into_iter().zip(marked).filter_map(|(code, is_marked)| is_marked.then_some(code));
        Ok(decoded.into_iter().chain(confirmed).collect())
    }

    /// Returns the text lines that the views of a frame show, and the number of candidates that the detector dropped.
    fn lines(&self, shown: &[RgbImage], known: &Readings) -> Result<(Vec<TextLine>, u32)> {
        let views: Vec<&RgbImage> = shown.iter().collect();
        let mut found: Vec<Vec<Detection>> = Vec::new();
        let mut dropped = 0;
        for view in shown {
            let mut detections = self.detectors.with(|detector| detector.detect(view))?;
            dropped += detections.dropped;
            // The detector sees a margin around the frame; what it finds there covers no pixel.
            let (columns, rows) = view.dimensions();
            detections.lines.retain(|line| !text::pad(&line.quad).bounding_box(columns, rows).is_empty());
            found.push(detections.lines);
        }
        let merged = text::merge(found.iter().flatten().copied().collect());
        let Some(recognizers) = self.recognizers.as_ref().filter(|_| !merged.is_empty()) else {
            return Ok((merged.into_iter().map(TextLine::from).collect(), dropped));
        };
        let apart = text::without_blocks(merged, &views, |image| {
            let again = self.detectors.with(|detector| detector.detect(image))?;
            dropped += again.dropped;
            Ok(again.lines)
        })?;
        let mut lines: Vec<TextLine> = text::separate(apart, &views).into_iter().map(TextLine::from).collect();
        read(recognizers, shown, &found, &mut lines, known)?;
        Ok((lines, dropped))
    }

    /// Looks otherwise at a frame whose text should be gone, and returns the lines that are plainly there.
    ///
    /// # Errors
    ///
    /// What the detector and the recognizer report.
    pub fn lines_again(&self, views: Vec<View>, known: &Readings) -> Result<Vec<TextLine>> {
        let shown: Vec<RgbImage> = views.into_iter().map(|view| view.image).collect();
        let look = |view: &RgbImage| self.detectors.with(|detector| detector.look_again(view));
        let found: Vec<Vec<Detection>> = shown.iter().map(look).collect::<Result<_>>()?;
        let merged = text::merge(found.iter().flatten().copied().collect());
        let mut lines: Vec<TextLine> = merged.into_iter().map(TextLine::from).collect();
        if let Some(recognizers) = &self.recognizers {
            read(recognizers, &shown, &found, &mut lines, known)?;
        }
        Ok(lines)
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
        read(recognizers, &shown, &found, &mut lines, &Readings::default())?;
        Ok(lines.into_iter().map(|line| line.readings.into_iter().next()).collect())
    }
}

/// Reads lines in all views that show something of them.
fn read(
    recognizers: &RecognizerPool,
    views: &[RgbImage],
    found: &[Vec<Detection>],
    lines: &mut [TextLine],
    known: &Readings,
) -> Result<()> {
    for (view, own) in views.iter().zip(found) {
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
    lines.iter_mut().for_each(|line| line.readings = best_first(std::mem::take(&mut line.readings)));
    Ok(())
}

/// Returns what is masked if a line is.
fn place(line: &TextLine) -> Quad {
    if line.kind == LineKind::Text { text::pad(&line.quad) } else { line.quad }
}

/// Sorts readings by score and leaves out what another view shows better.
fn best_first(mut readings: Vec<Reading>) -> Vec<Reading> {
    readings.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.text.cmp(&b.text)));
    let mut kept: Vec<Reading> = Vec::new();
    for reading in readings {
        if !kept.iter().any(|other| other.text == reading.text) {
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
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(image, quad);
        if let Some(known) = lock().get(&key) {
            return Ok(known.clone());
        }
        let reading = read()?;
        let mut readings = lock();
        if readings.len() < MOST_READINGS {
            readings.insert(key, reading.clone());
        }
        Ok(reading)
    }
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
        Reading { text: Sensitive::new(text.into()), score, character_scores, orientation: text::Orientation::Upright }
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
