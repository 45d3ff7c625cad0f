//! A contact sheet of missed lines: what stood in the input and what is left of it in the output, for people who may
//! see both.

use super::Options;
use super::figures::{Evaluation, FileFigures, LineFigures, Outcome};
use super::picture::Pair;
use super::truth::{Kind, TruthFile};
use crate::dicom::{Frame, Frames, Instance, views};
use crate::error::Result;
use crate::geometry::Rect;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use imageproc::drawing::draw_hollow_rect_mut;
use std::path::Path;

/// Which lines a sheet shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// PHI and ambiguous lines that are not hidden.
    Phi,
    /// All lines that are not hidden, for tools and policies that should hide all text.
    All,
}

/// Cells beside each other; with four, a sheet is as wide as a screen.
const COLUMNS: u32 = 4;
/// Width of a cell, and of what it shows.
const CELL: u32 = 480;
/// Tallest picture in a cell. Two of them and the caption keep a thousand misses within `TALLEST`.
const PANEL: u32 = 72;
/// Largest scale: letters of 6 pixels become 24 high.
const SCALE: f64 = 4.0;
/// Between cells.
const GAP: u32 = 6;
/// Height of a line of the caption: characters of 8 pixels and a gap.
const CAPTION: u32 = 10;
/// Tallest sheet, 175 MB in memory; what does not fit is counted in its last caption.
const TALLEST: u32 = 30_000;

const GROUND: Rgb<u8> = Rgb([48, 48, 56]);
const INK: Rgb<u8> = Rgb([255, 230, 120]);
const FRAME: Rgb<u8> = Rgb([255, 0, 200]);

/// Draws all missed lines of an evaluation of `files`; `None` if there are none.
///
/// Each cell shows the worst frame of a line, of the input above and of the output below, where a frame marks the box.
/// The caption holds the file, the line's index in the truth, the frame and the share that is covered.
///
/// # Errors
///
/// If a file cannot be read that could be read a moment ago.
pub fn sheet(
    files: &[TruthFile],
    evaluation: &Evaluation,
    options: &Options<'_>,
    missed: Missed,
) -> Result<Option<RgbImage>> {
    let mut cells = Vec::new();
    let mut left_out = 0_usize;
    let mut heights = [GAP; COLUMNS as usize];
    for (file, figures) in files.iter().zip(&evaluation.files) {
        let lines: Vec<(usize, &LineFigures)> =
            figures.lines.iter().enumerate().filter(|(_, line)| is_missed(line, missed)).collect();
        if lines.is_empty() {
            continue;
        }
        let room = heights.iter().any(|height| height + 2 * (PANEL + CAPTION + GAP) < TALLEST);
        if !room {
            left_out += lines.len();
            continue;
        }
        for cell in file_cells(file, figures, &lines, options)? {
            let column = (0..heights.len()).min_by_key(|&column| heights[column]).expect("there are columns");
            let place = (GAP + u32::try_from(column).expect("few columns") * (CELL + GAP), heights[column]);
            heights[column] += cell.height() + GAP;
            cells.push((place, cell));
        }
    }
    if cells.is_empty() {
        return Ok(None);
    }
    let height = heights.into_iter().max().expect("there are columns") + CAPTION + GAP;
    let mut sheet = RgbImage::from_pixel(GAP + COLUMNS * (CELL + GAP), height, GROUND);
    for ((x, y), cell) in cells {
        imageops::replace(&mut sheet, &cell, i64::from(x), i64::from(y));
    }
    if left_out > 0 {
        write(&mut sheet, &format!("and {left_out} more"), GAP, height - CAPTION);
    }
    Ok(Some(sheet))
}

fn is_missed(line: &LineFigures, missed: Missed) -> bool {
    let counts = missed == Missed::All || line.kind != Kind::Technical;
    counts && matches!(line.outcome, Outcome::Kept | Outcome::Partly) && line.worst_frame.is_some()
}

/// Draws the cells of a file.
fn file_cells(
    file: &TruthFile,
    figures: &FileFigures,
    lines: &[(usize, &LineFigures)],
    options: &Options<'_>,
) -> Result<Vec<RgbImage>> {
    let mut cells: Vec<RgbImage> = lines.iter().map(|(index, line)| caption(figures, *index, line)).collect();
    let mut ranges = vec![None; lines.len()];
    for (folder, is_output) in [(options.input, false), (options.masked, true)] {
        with_frames(&folder.join(&file.file), options, |source| {
            for (((_, line), cell), range) in lines.iter().zip(&mut cells).zip(&mut ranges) {
                append(cell, &panel(source, line, range, is_output)?);
            }
            Ok(())
        })?;
    }
    Ok(cells)
}

fn with_frames(path: &Path, options: &Options<'_>, work: impl FnOnce(&Frames<'_>) -> Result<()>) -> Result<()> {
    let instance = Instance::open(path, &options.limits)?;
    instance.frames()?.map_or(Ok(()), |frames| work(&frames))
}

fn caption(figures: &FileFigures, index: usize, line: &LineFigures) -> RgbImage {
    let mut cell = RgbImage::from_pixel(CELL, 2 * CAPTION, GROUND);
    write(&mut cell, &figures.file, 0, 0);
    let (frame, covered) = (line.worst_frame.unwrap_or(0), line.covered.unwrap_or(0.0) * 100.0);
    write(&mut cell, &format!("line {index}, frame {frame}: {covered:.1} % covered"), 0, CAPTION);
    cell
}

/// Cuts a line with its surroundings out of its worst frame, and scales it to its place. `range` are the values between
/// black and white: found in the input, and kept for the output, where a mask would leave the letters no contrast.
fn panel(source: &Frames<'_>, line: &LineFigures, range: &mut Option<[i64; 2]>, mark: bool) -> Result<RgbImage> {
    let frame = source.decode(line.worst_frame.unwrap_or(0))?;
    let (columns, rows) = (frame.description.columns, frame.description.rows);
    let [x0, y0, x1, y1] = line.bounds;
    let margin = (8.max((y1 - y0) / 2)).min(40);
    let (left, top) = (x0.saturating_sub(margin), y0.saturating_sub(margin));
    let (width, height) = ((x1 + margin).min(columns) - left, (y1 + margin).min(rows) - top);
    let cut = if frame.description.bits_stored > 8 && frame.description.samples_per_pixel == 1 {
        stretched(&frame, source, Rect::new(left, top, left + width, top + height), range)
    } else {
        let shown = views::views(&frame, source.palette.as_ref(), &[]).swap_remove(0).image;
        imageops::crop_imm(&shown, left, top, width, height).to_image()
    };
    let scale = SCALE.min(f64::from(CELL) / f64::from(width)).min(f64::from(PANEL) / f64::from(height));
    let size = |length: u32| scaled(length, scale).max(1);
    let mut panel = imageops::resize(&cut, size(width), size(height), FilterType::Triangle);
    if mark {
        let at = |value: u32| i32::try_from(scaled(value, scale)).unwrap_or(i32::MAX);
        let inner = imageproc::rect::Rect::at(at(x0 - left) - 1, at(y0 - top) - 1);
        draw_hollow_rect_mut(&mut panel, inner.of_size(size(x1 - x0) + 2, size(y1 - y0) + 2), FRAME);
    }
    Ok(panel)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand pixels at most")]
fn scaled(length: u32, scale: f64) -> u32 {
    (f64::from(length) * scale).round() as u32
}

/// Shows a part of a deep gray frame between the lowest and the highest of its values: letters may lie one of 65,536
/// shades from what is around them.
fn stretched(frame: &Frame, source: &Frames<'_>, area: Rect, range: &mut Option<[i64; 2]>) -> RgbImage {
    let own = (frame, source.palette.as_ref());
    let pair = Pair::new(own, own).expect("a frame is like itself");
    let columns = frame.description.columns as usize;
    let value = |x: u32, y: u32| pair.before.pixel((area.y0 + y) as usize * columns + (area.x0 + x) as usize)[0];
    let [low, high] = *range.get_or_insert_with(|| {
        let values = (0..area.height()).flat_map(|y| (0..area.width()).map(move |x| (x, y)));
        values.map(|(x, y)| value(x, y)).fold([i64::MAX, i64::MIN], |[low, high], v| [low.min(v), high.max(v)])
    });
    let span = (high - low).max(1);
    RgbImage::from_fn(area.width(), area.height(), |x, y| {
        let shade = (value(x, y).clamp(low, high) - low) * 255 / span;
        Rgb([u8::try_from(shade).expect("0 to 255"); 3])
    })
}

/// Puts a panel below what a cell holds already.
fn append(cell: &mut RgbImage, panel: &RgbImage) {
    let mut longer = RgbImage::from_pixel(CELL, cell.height() + panel.height() + 2, GROUND);
    imageops::replace(&mut longer, cell, 0, 0);
    imageops::replace(&mut longer, panel, 0, i64::from(cell.height()));
    *cell = longer;
}

/// Writes a text in characters of 8 × 8 pixels; what is not ASCII becomes a question mark.
fn write(picture: &mut RgbImage, text: &str, left: u32, top: u32) {
    for (index, character) in (0_u32..).zip(text.chars()) {
        let code = if character.is_ascii() { character as usize } else { usize::from(b'?') };
        for (y, row) in (0_u32..).zip(font8x8::legacy::BASIC_LEGACY[code]) {
            for x in (0_u32..8).filter(|x| row >> x & 1 == 1) {
                let (x, y) = (left + index * 8 + x, top + y);
                if x < picture.width() && y < picture.height() {
                    picture.put_pixel(x, y, INK);
                }
            }
        }
    }
}
