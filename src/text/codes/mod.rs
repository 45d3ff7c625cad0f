//! Machine-readable codes in a picture: found by their texture, named by a decoder.
//!
//! ```text
//! picture ─► texture, at five scales ─► candidates ─► sure: a code            ─┐
//!                                                  └► both: decoded, if it can be ─┴─► Code
//! ```
//!
//! A code is masked whether it can be decoded or not, for what this decoder cannot read another may. The decoder says
//! which kind it is and what it says, and takes in candidates that the texture alone does not settle.

mod bars;
mod decode;
mod matrix;
mod patch;
pub(super) mod texture;

use image::{GrayImage, RgbImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::marks::Marks;
use super::{quads, resize, tiles};
use crate::geometry::{Point, Quad, Rect};
use crate::sensitive::Sensitive;
pub use decode::is_decoding;
use patch::Patch;

/// A kind of machine-readable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// Some code of modules in two directions, located and not decoded.
    Matrix,
    /// Some code of parallel bars, located and not decoded.
    Linear,
    /// QR, Micro QR or rectangular Micro QR code.
    Qr,
    /// Data Matrix.
    DataMatrix,
    /// Aztec.
    Aztec,
    /// PDF417.
    Pdf417,
    /// MaxiCode.
    MaxiCode,
    /// Code 128.
    Code128,
    /// Code 39.
    Code39,
    /// Code 93.
    Code93,
    /// Codabar.
    Codabar,
    /// EAN-8, EAN-13, UPC-A or UPC-E.
    Ean,
    /// Interleaved 2 of 5.
    Itf,
    /// GS1 DataBar.
    DataBar,
    /// Another linear code that was decoded.
    OtherLinear,
}

/// A code in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// A rectangle round it with a margin, in the picture's pixels. Corners may lie outside of the picture.
    pub quad: Quad,
    /// Its kind.
    pub kind: CodeKind,
    /// How sure it is that this is a code, 0..=1; 1 where it was decoded.
    pub score: f32,
    /// What it says, where it was decoded.
    pub content: Option<Sensitive<String>>,
}

/// Where the decoder looks.
#[derive(Clone, Copy, Debug)]
pub enum Look<'a> {
    /// At what looks like a code.
    Candidates,
    /// At that of it where the detector marks something near, or where a code may still be.
    Marked(&'a Marks, &'a [Rect]),
    /// At the whole picture too.
    Everywhere,
}

/// A place that may be a code, in the pixels of the scale it was found at.
#[derive(Clone, Copy, Debug)]
struct Located {
    patch: Patch,
    /// 0..=1; from [`SURE`] it is a code.
    score: f32,
    is_linear: bool,
}

/// Candidates with this score are codes.
const SURE: f32 = 0.5;

/// Candidates with less are not even decoded.
const LEAST: f32 = 0.2;

/// More candidates than this are not decoded in one picture, the best first: an ordinary one has one or two.
const MOST_DECODED: usize = 4;

/// The scales looked at, each half of the one before. At the last one, modules of 12 to 24 pixels are found.
const SCALES: u32 = 4;

/// Scales at which texture alone makes a code. Below, modules are of 12 pixels and more, the decoder reads what is a code,
/// and vessels, folds and layers look like one: a mammogram was masked whole.
const SURE_SCALES: u32 = 3;

/// A code is left out if so much of it lies in another one.
const INSIDE: f32 = 0.8;

/// Returns the codes of a picture, from top to bottom.
///
/// The result depends on nothing but the picture and `look`.
#[must_use]
pub fn codes(image: &RgbImage, look: Look<'_>) -> Vec<Code> {
    let Look::Marked(marks, known) = look else { return codes_in(image, look, |_| true) };
    let spots = marks.spots(image.dimensions(), known);
    let Some(hull) = spots.hull() else { return Vec::new() };
    let area = around(hull, image.dimensions());
    let is_shown = |part: Rect| spots.touch(around(part.shifted(area.x0, area.y0), image.dimensions()));
    let mut found = codes_in(&tiles::part(image, area), look, is_shown);
    #[expect(clippy::cast_precision_loss, reason = "frame sides are below 2^24")]
    let (x, y) = (area.x0 as f32, area.y0 as f32);
    for point in found.iter_mut().flat_map(|code| &mut code.quad.0) {
        *point = Point::new(point.x + x, point.y + y);
    }
    found
}

/// Returns what is marked with ground around it, so cut that the cells of all scales are those of the whole picture.
fn around(marked: Rect, size: (u32, u32)) -> Rect {
    /// What is around a mark in a code: its quiet zone, and what of it is not marked.
    const AROUND: u32 = 64;
    #[expect(clippy::cast_possible_truncation, reason = "8")]
    const STEP: u32 = (texture::CELL as u32) << (SCALES - 1);
    let first = |at: u32| at.saturating_sub(AROUND) / STEP * STEP;
    let last = |at: u32, end: u32| (at + AROUND).next_multiple_of(STEP).min(end);
    Rect::new(first(marked.x0), first(marked.y0), last(marked.x1, size.0), last(marked.y1, size.1))
}

/// Returns the codes of a picture where `is_shown` says so of a part.
fn codes_in(image: &RgbImage, look: Look<'_>, is_shown: impl Fn(Rect) -> bool) -> Vec<Code> {
    let gray = resize::gray(image);
    let candidates = candidates(&gray, is_shown);
    let mut found = Vec::new();
    for (place, candidate) in candidates.iter().enumerate() {
        let decoded = if place < MOST_DECODED { decode::patch(&gray, candidate) } else { None };
        // A candidate that is not sure may be a page with a code on it: then only the code counts.
        if candidate.score >= SURE {
            found.push(candidate.code(decoded.as_ref()));
        }
        found.extend(decoded);
    }
    if matches!(look, Look::Everywhere) {
        found.extend(decode::everywhere(&gray));
    }
    merged(found)
}

/// Joins what several views of a frame show: codes that lie in another one are left out.
#[must_use]
pub fn merged(mut codes: Vec<Code>) -> Vec<Code> {
    let area = |code: &Code| quads::area(&code.quad.0);
    // The large ones first; of equal ones those that say more.
    codes.sort_by(|a, b| area(b).total_cmp(&area(a)).then(b.kind.cmp(&a.kind)).then(b.score.total_cmp(&a.score)));
    let mut kept: Vec<Code> = Vec::new();
    for code in codes {
        let shared = |other: &Code| quads::shared_area(&other.quad, &code.quad);
        match kept.iter_mut().find(|other| shared(other) >= INSIDE * area(&code)) {
            Some(other) if other.content.is_none() && code.content.is_some() => {
                (other.kind, other.score, other.content) = (code.kind, code.score, code.content);
            }
            Some(_) => {}
            None => kept.push(code),
        }
    }
    kept.sort_by(|a, b| (a.quad.0[0].y, a.quad.0[0].x).partial_cmp(&(b.quad.0[0].y, b.quad.0[0].x)).expect("finite"));
    kept
}

/// Returns the places that may be codes, in pixels of the picture, the best first; only those of which `is_shown` says so.
fn candidates(gray: &GrayImage, is_shown: impl Fn(Rect) -> bool) -> Vec<Located> {
    let mut found = Vec::new();
    // Reduced, line pairs that run into each other look irregular.
    let mut regular: Vec<Quad> = Vec::new();
    let mut scaled = std::borrow::Cow::Borrowed(gray);
    let mut scale = 1.0;
    for level in 0..SCALES {
        if level > 0 {
            scaled = std::borrow::Cow::Owned(texture::halved(&scaled));
            scale *= 2.0;
        }
        let grid = texture::Grid::new(&scaled);
        let is_shown = |part: Rect| {
            let [x0, y0, x1, y1] = [part.x0, part.y0, part.x1, part.y1].map(|at| at << level);
            is_shown(Rect::new(x0, y0, x1, y1))
        };
        let own = matrix::locate(&scaled, &grid, is_shown).into_iter().chain(bars::locate(&scaled, &grid, level > 0));
        let highest = if level < SURE_SCALES { 1.0 } else { f32::midpoint(LEAST, SURE) };
        for located in own.map(|located| Located { score: located.score.min(highest), ..located.scaled(scale) }) {
            if located.is_linear && located.score <= 0.0 {
                regular.push(located.patch.quad(1.0));
            } else if located.score >= LEAST
                && is_shown(located.patch.quad(1.0).bounding_box(gray.width(), gray.height()))
                && !(located.is_linear && located.lies_in(&regular))
            {
                found.push(located);
            }
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

impl Located {
    /// Makes a code of the candidate, with what was decoded in it.
    fn code(&self, decoded: Option<&Code>) -> Code {
        let quad = self.patch.quad(1.0);
        let kind = if self.is_linear { CodeKind::Linear } else { CodeKind::Matrix };
        let located = Code { quad, kind, score: self.score, content: None };
        decoded.map_or(located, |decoded| Code { quad, ..decoded.clone() })
    }

    /// Returns whether a good part of the candidate lies in one of some places.
    fn lies_in(&self, places: &[Quad]) -> bool {
        const PART: f32 = 0.3;
        let own = self.patch.quad(1.0);
        places.iter().any(|place| quads::shared_area(place, &own) >= PART * quads::area(&own.0))
    }

    fn scaled(self, scale: f32) -> Self {
        let times = |(first, last): (f32, f32)| (first * scale, last * scale);
        Self { patch: Patch { u: times(self.patch.u), v: times(self.patch.v), ..self.patch }, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Luma, Rgb, imageops};

    /// Widths of bars and gaps as in a linear code, from a fixed sequence.
    fn bars(seed: u32) -> Vec<u32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        (0..61).map(|_| 1 + next() % 4).collect()
    }

    /// Draws bars of these widths, `scale` pixels a module, and returns their box.
    fn draw_bars(image: &mut GrayImage, widths: &[u32], (left, top): (u32, u32), height: u32, scale: u32) -> Rect {
        let mut x = left;
        for (index, width) in widths.iter().enumerate() {
            for column in x..x + width * scale {
                (top..top + height).filter(|_| index % 2 == 0).for_each(|y| image.put_pixel(column, y, Luma([20])));
            }
            x += width * scale;
        }
        Rect::new(left, top, x, top + height)
    }

    /// Draws a square of random modules and returns its box.
    fn draw_modules(image: &mut GrayImage, (left, top): (u32, u32), modules: u32, scale: u32) -> Rect {
        let mut state = 7_u32;
        for y in 0..modules {
            for x in 0..modules {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if state >> 31 == 0 {
                    continue;
                }
                for dot in 0..scale * scale {
                    image.put_pixel(left + x * scale + dot % scale, top + y * scale + dot / scale, Luma([20]));
                }
            }
        }
        Rect::new(left, top, left + modules * scale, top + modules * scale)
    }

    fn find(image: &GrayImage) -> Vec<Code> {
        codes(
            &RgbImage::from_fn(image.width(), image.height(), |x, y| Rgb([image.get_pixel(x, y).0[0]; 3])),
            Look::Candidates,
        )
    }

    fn covers(code: &Code, area: Rect) -> bool {
        quads::contains(&code.quad, &Quad::from_rect(area))
    }

    #[test]
    fn modules_that_mean_nothing_are_a_matrix_code_at_any_size() {
        for (modules, scale) in [(25, 2), (25, 3), (33, 5), (21, 8)] {
            let mut image = GrayImage::from_pixel(400, 360, Luma([240]));
            let area = draw_modules(&mut image, (90, 70), modules, scale);
            let found = find(&image);
            let matrix = |code: &&Code| code.kind == CodeKind::Matrix && covers(code, area);
            assert!(found.iter().any(|code| matrix(&code)), "{modules} modules of {scale} pixels: {found:?}");
        }
    }

    #[test]
    fn bars_that_mean_nothing_are_a_linear_code_and_turned_too() {
        for scale in [1, 2, 4] {
            let mut image = GrayImage::from_pixel(760, 760, Luma([240]));
            let area = draw_bars(&mut image, &bars(3), (60, 300), 24 + 16 * scale, scale);
            let found = find(&image);
            assert!(found.iter().any(|code| code.kind.is_linear() && covers(code, area)), "{scale}: {found:?}");
            let turned = find(&imageops::rotate90(&image));
            let area = Rect::new(760 - area.y1, area.x0, 760 - area.y0, area.x1);
            assert!(turned.iter().any(|code| code.kind.is_linear() && covers(code, area)), "{scale}: {turned:?}");
        }
    }

    #[test]
    fn rulers_gray_bars_line_pairs_grids_and_boards_are_no_codes() {
        let mut image = GrayImage::from_pixel(640, 480, Luma([0]));
        let shade = |x: u32, y: u32| match y {
            // A ruler with long and short marks, gray bars, line pairs, rising line pairs, a grid, a checkerboard.
            20..60 => u8::from(x.is_multiple_of(8) && (x.is_multiple_of(40) || y < 40)) * 220,
            80..130 => u8::try_from(x / 40 * 16).unwrap_or(u8::MAX),
            140..180 => u8::from((x / 3).is_multiple_of(2)) * 255,
            190..240 => u8::from((f64::from(x) * f64::from(x) / 2500.0).sin() > 0.0) * 255,
            260..340 => u8::from(x.is_multiple_of(16) || y.is_multiple_of(16)) * 160,
            360..460 => u8::from((x / 20 + y / 20).is_multiple_of(2)) * 255,
            _ => 0,
        };
        image.enumerate_pixels_mut().for_each(|(x, y, pixel)| *pixel = Luma([shade(x, y)]));
        assert_eq!(find(&image), []);
    }

    #[test]
    fn pictures_of_any_size_are_looked_at() {
        for (width, height) in [(1, 1), (7, 900), (8, 8), (25, 24), (3000, 2)] {
            assert_eq!(find(&GrayImage::from_pixel(width, height, Luma([9]))), [], "{width} x {height}");
        }
    }

    #[test]
    fn a_code_seen_in_two_views_is_one_and_what_was_decoded_counts() {
        let code = |x0, kind, content: Option<&str>| Code {
            quad: Quad::from_rect(Rect::new(x0, 0, 100, 100)),
            kind,
            score: 0.9,
            content: content.map(|text| Sensitive::new(text.to_owned())),
        };
        let found = merged(vec![code(0, CodeKind::Matrix, None), code(10, CodeKind::Qr, Some("x"))]);
        assert_eq!(
            found,
            [Code { quad: Quad::from_rect(Rect::new(0, 0, 100, 100)), ..code(0, CodeKind::Qr, Some("x")) }]
        );
    }
}
