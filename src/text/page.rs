//! Scanned pages: whether a picture is one, which way up it is, and the ink on it that is no text line.

use image::RgbImage;

use super::codes::texture::groups;
use super::line::{LineKind, Orientation, TextLine};
use super::resize;
use crate::geometry::{Quad, Rect};
use crate::region::Region;

/// The paper of a page: most pixels lie within this many levels of one brightness, half below and half above it, …
const PAPER_BAND: usize = 32;
/// …which is at least this. Of 113 real pictures that are no pages, with the limits below, none of those whose header
/// could be that of a page comes near: plain color patches have no ink, gray CT ground holds 43 %.
const PAPER_LEVEL: usize = 150;
/// The least share of paper: 0.97 on rendered forms; half leaves room for stamps, pictures and shadows.
const PAPER_SHARE: f64 = 0.5;
/// Ink is darker than paper by this many levels: pencil and blue ink are.
const INK_DEPTH: usize = 48;
/// The most ink that a page has: forms have 2 to 3 %, a photograph on white 30 %.
const MOST_INK: f64 = 0.25;
/// The least number of text lines on a page.
pub(crate) const LEAST_LINES: usize = 3;

/// Straight dark runs of this many pixels are ruled lines (or filled areas) and no strokes. At a skew of 2 degrees a rule
/// of 3 pixels still makes runs of 85.
const RULE: usize = 48;
/// Strokes that reach less far in both directions are specks and dots.
const SPECK: u32 = 10;
/// …or have fewer dark pixels.
const LEAST_PIXELS: usize = 12;
/// What is denser than this and larger than `PICTURE_SIDE` in both directions is a picture or a filled box.
const DENSE: f64 = 0.6;
/// See [`DENSE`].
const PICTURE_SIDE: u32 = 40;
/// What spreads over more than this share of both sides of the page is a picture or a frame.
const LARGEST: f64 = 0.4;
/// A thin straight rest of a rule is at most this thick…
const THIN: u32 = 4;
/// …and at least so many times as long.
const DASH: u32 = 4;
/// Strokes this near to each other are masked together.
const NEAR: u32 = 12;
/// Pixels added round strokes: their soft edges are lighter than ink.
const MARGIN: u32 = 3;

/// The share of characters that must be read in another direction for the page to be turned.
const TURNED: f32 = 0.6;

/// A page's paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paper {
    /// Its brightness.
    level: u8,
    /// Whether it may have been drawn by a program and no scanner: half of the picture or more has one brightness, and there
    /// are others than two.
    pub(crate) is_even: bool,
}

/// Returns the paper of a picture that looks like a page: mostly one light ground, and some ink on it.
///
/// It is a page if there are [`LEAST_LINES`] lines of text on it; without, it may be a page of a document of which
/// another frame is one.
pub(crate) fn paper(image: &RgbImage) -> Option<Paper> {
    let mut counts = [0_u64; 256];
    resize::gray(image).pixels().for_each(|pixel| counts[usize::from(pixel.0[0])] += 1);
    let all: u64 = counts.iter().sum();
    let half = PAPER_BAND / 2;
    let band = |level: usize| -> u64 { counts[level.saturating_sub(half)..(level + half + 1).min(256)].iter().sum() };
    let level = (PAPER_LEVEL..256).max_by_key(|&level| (band(level), counts[level]))?;
    let ink: u64 = counts[..level - INK_DEPTH].iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of pixels are below 2^52")]
    let share = |count: u64| count as f64 / all as f64;
    let is_page = share(band(level)) >= PAPER_SHARE && ink > 0 && share(ink) <= MOST_INK;
    let is_even = share(counts.iter().copied().max().unwrap_or(0)) >= PAPER_SHARE
        && counts.iter().filter(|&&count| count > 0).count() > 2;
    is_page.then(|| Paper { level: u8::try_from(level).expect("a byte"), is_even })
}

/// Returns how the text of a page is turned, by what was read in most of it; `None` if it is upright or undecided.
pub(crate) fn turn(lines: &[TextLine]) -> Option<Orientation> {
    let mut characters = [0.0_f32; 4];
    for reading in lines.iter().filter_map(|line| line.readings.first()) {
        characters[usize::from(reading.orientation.quarters())] += reading.character_scores.iter().sum::<f32>();
    }
    let all: f32 = characters.iter().sum();
    let turned = [Orientation::Clockwise90, Orientation::UpsideDown, Orientation::Clockwise270];
    turned.into_iter().find(|way| characters[usize::from(way.quarters())] > TURNED * all)
}

/// Returns boxes round the strokes on a page that lie outside of `known` places, are no ruled lines and no pictures:
/// handwriting, signatures, stamps, marks, and letters that were not found as text.
pub(crate) fn ink(image: &RgbImage, paper: Paper, known: &[Quad]) -> Vec<Quad> {
    let gray = resize::gray(image);
    let (width, height) = gray.dimensions();
    let limit = usize::from(paper.level).saturating_sub(INK_DEPTH);
    let mut dark: Vec<bool> = gray.pixels().map(|pixel| usize::from(pixel.0[0]) < limit).collect();
    erase_rules(&mut dark, width as usize);
    let mut covered = Region::new(width, height);
    known.iter().for_each(|quad| covered.add_quad(quad));
    covered.indices().for_each(|index| dark[index] = false);
    let strokes = groups(width as usize, dark.len(), |index| dark[index], |_, _| true);
    let boxes = strokes.iter().filter_map(|pixels| stroke(pixels, (width, height))).collect();
    let grown = |rect: Rect| {
        let (x0, y0) = (rect.x0.saturating_sub(MARGIN), rect.y0.saturating_sub(MARGIN));
        Quad::from_rect(Rect::new(x0, y0, (rect.x1 + MARGIN).min(width), (rect.y1 + MARGIN).min(height)))
    };
    joined(boxes).into_iter().map(grown).collect()
}

/// Adds strokes on paper that are no text.
pub(crate) fn add_strokes(lines: &mut Vec<TextLine>, image: &RgbImage, paper: Paper) {
    let places: Vec<Quad> = lines.iter().map(|line| line.area).collect();
    let strokes = ink(image, paper, &places);
    let line = |quad| TextLine { kind: LineKind::Ink, area: quad, ..TextLine::unread(quad, 1.0) };
    lines.extend(strokes.into_iter().map(line));
}

/// Clears long straight runs, along rows and along columns.
fn erase_rules(dark: &mut [bool], width: usize) {
    let mut rules = Vec::new();
    let mut find = |positions: &mut dyn Iterator<Item = usize>| {
        let mut run: Vec<usize> = Vec::new();
        for index in positions {
            if dark[index] {
                run.push(index);
                continue;
            }
            if run.len() >= RULE {
                rules.append(&mut run);
            }
            run.clear();
        }
        if run.len() >= RULE {
            rules.append(&mut run);
        }
    };
    let height = dark.len() / width.max(1);
    (0..height).for_each(|y| find(&mut (y * width..(y + 1) * width)));
    (0..width).for_each(|x| find(&mut (0..height).map(|y| y * width + x)));
    rules.into_iter().for_each(|index| dark[index] = false);
}

/// Returns the box of connected dark pixels if they are a stroke.
fn stroke(pixels: &[usize], (width, height): (u32, u32)) -> Option<Rect> {
    if pixels.len() < LEAST_PIXELS {
        return None;
    }
    let mut bounds = Rect::new(u32::MAX, u32::MAX, 0, 0);
    for &index in pixels {
        let index = u32::try_from(index).expect("a frame has less than 2^32 pixels");
        let (x, y) = (index % width, index / width);
        bounds = Rect::new(bounds.x0.min(x), bounds.y0.min(y), bounds.x1.max(x + 1), bounds.y1.max(y + 1));
    }
    let (own_width, own_height) = (bounds.width(), bounds.height());
    let (short, long) = (own_width.min(own_height), own_width.max(own_height));
    #[expect(clippy::cast_precision_loss, reason = "counts of pixels are below 2^52")]
    let fill = pixels.len() as f64 / (f64::from(own_width) * f64::from(own_height));
    let is_picture = short >= PICTURE_SIDE && fill >= DENSE;
    let is_rest_of_rule = short <= THIN && long >= DASH * short && fill >= DENSE;
    let is_frame =
        f64::from(own_width) > LARGEST * f64::from(width) && f64::from(own_height) > LARGEST * f64::from(height);
    (long >= SPECK && !is_picture && !is_rest_of_rule && !is_frame).then_some(bounds)
}

/// Joins boxes that are near to each other, until none are. Sorted from top to bottom.
fn joined(mut boxes: Vec<Rect>) -> Vec<Rect> {
    let near =
        |a: &Rect, b: &Rect| a.x0 < b.x1 + NEAR && b.x0 < a.x1 + NEAR && a.y0 < b.y1 + NEAR && b.y0 < a.y1 + NEAR;
    let mut done: Vec<Rect> = Vec::new();
    while let Some(mut own) = boxes.pop() {
        // What `own` grows by may bring it near to others that are done already.
        while let Some(index) = done.iter().position(|other| near(&own, other)) {
            let other = done.swap_remove(index);
            own = Rect::new(own.x0.min(other.x0), own.y0.min(other.y0), own.x1.max(other.x1), own.y1.max(other.y1));
        }
        done.push(own);
    }
    done.sort_unstable_by_key(|rect| (rect.y0, rect.x0, rect.y1, rect.x1));
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitive::Sensitive;
    use crate::text::Reading;
    use image::Rgb;

    /// White paper with a ruled line, a signature of two waves, a speck and a filled box.
    #[expect(clippy::cast_precision_loss, reason = "a small picture")]
    fn page() -> RgbImage {
        RgbImage::from_fn(400, 500, |x, y| {
            let wave = |top: f32, period: f32| {
                let at = top + 14.0 * (x as f32 / period).sin();
                (120..260).contains(&x) && (y as f32 - at).abs() < 2.0
            };
            let rule = (y == 300 || y == 301) && (20..380).contains(&x);
            let filled = (40..100).contains(&x) && (400..460).contains(&y);
            let speck = (300..303).contains(&x) && (60..63).contains(&y);
            let is_dark = wave(200.0, 6.0) || wave(215.0, 9.0) || rule || filled || speck;
            Rgb([if is_dark { 30 } else { 245 }; 3])
        })
    }

    #[test]
    fn a_signature_is_found_and_rules_boxes_and_specks_are_not() {
        let image = page();
        let paper = paper(&image).expect("a page");
        let found = ink(&image, paper, &[]);
        let [quad] = found.as_slice() else { panic!("{found:?}") };
        let bounds = quad.bounding_box(400, 500);
        assert!(bounds.x0 <= 120 && bounds.x1 >= 260 && bounds.y0 <= 184 && bounds.y1 >= 231, "{bounds:?}");
        assert!(bounds.y1 < 300 && bounds.x0 > 100 && bounds.x1 < 290, "{bounds:?}");
        assert_eq!(ink(&image, paper, &[Quad::from_rect(Rect::new(110, 180, 270, 240))]), []);
    }

    #[test]
    fn what_a_scanner_made_is_not_even() {
        let is_even = |image: &RgbImage| paper(image).expect("a page").is_even;
        let mut drawn = page();
        assert!(!is_even(&drawn), "of one bit");
        // Soft edges of letters.
        drawn.put_pixel(301, 59, Rgb([140; 3]));
        assert!(is_even(&drawn));
        let mut grain = page();
        grain
            .enumerate_pixels_mut()
            .for_each(|(x, y, pixel)| pixel[1] -= u8::try_from((x * 7 + y * 13) % 5 * 4).expect("a byte"));
        assert!(!is_even(&grain));
    }

    #[test]
    fn dark_gray_and_plain_pictures_are_no_pages() {
        assert_eq!(paper(&RgbImage::from_pixel(90, 90, Rgb([240; 3]))), None, "no ink");
        assert_eq!(paper(&RgbImage::from_fn(90, 90, |x, _| Rgb([if x < 3 { 255 } else { 20 }; 3]))), None);
        assert_eq!(paper(&RgbImage::from_fn(90, 90, |x, _| Rgb([if x < 40 { 20 } else { 250 }; 3]))), None);
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let ramp = RgbImage::from_fn(256, 90, |x, _| Rgb([x as u8; 3]));
        assert_eq!(paper(&ramp), None);
    }

    #[test]
    fn most_characters_decide_on_the_turn() {
        let line = |text: &str, orientation| TextLine {
            readings: vec![Reading {
                at_first: None,
                text: Sensitive::new(text.into()),
                score: 0.9,
                character_scores: vec![0.9; text.len()],
                orientation,
            }],
            ..TextLine::unread(Quad::from_rect(Rect::new(0, 0, 9, 9)), 0.9)
        };
        let (up, down) = (Orientation::Upright, Orientation::UpsideDown);
        assert_eq!(turn(&[line("UPSIDE DOWN", down), line("NO", up)]), Some(down));
        assert_eq!(turn(&[line("UP", up), line("NO", down)]), None);
        assert_eq!(turn(&[]), None);
    }
}
