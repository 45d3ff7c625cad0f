//! Blocks: boxes round several lines, which the coarser passes of a detector draw where lines stand close.
//!
//! A recognizer reads one line and makes nothing of a block, so that all that stands in it would be masked.

use image::{Rgb, RgbImage, imageops};

use super::detector::Detection;
use super::quads::{area, grow, holds, merge, pad, shared_area, short_side};
use crate::error::Result;
use crate::geometry::{Point, Quad, Rect};

/// A line of a block is lower than this share of it: two lines that touch are half of it each, loose boxes more.
const LOWER: f32 = 0.75;

/// The share of a line's area that lies in its block.
const INSIDE: f32 = 0.7;

/// The largest difference of values (of 255, in each channel) in what is taken for one color. In real panels the rest
/// of a block differs by 2 at most, or by more than 60: borders, marks, the edge of the image, other text.
const FLAT: u8 = 16;

/// The least share of a block that its known lines cover, padded, if more than one color is left: a block of which less
/// is known may be a line that a finer pass found a letter of.
const KNOWN: f32 = 0.4;

/// What is looked at beside a block, in pixels: letters at its border are found only with some of what is round them.
const MARGIN: f32 = 16.0;

/// What is left of a block is masked this far round it: soft edges of letters differ less than [`FLAT`] from the ground.
const SOFT: u32 = 2;

/// …cut into cells of this side, so that a border aslant or a gradient takes no line with it.
const CELL: u32 = 8;

/// The most places that are told as left of a block: of a block on tissue it would be hundreds.
const MOST_LEFT: usize = 64;

/// The lines of a frame, taken out of their blocks.
#[derive(Debug, PartialEq)]
pub(crate) struct Apart {
    /// The lines, and the blocks that cannot be taken apart.
    pub(crate) lines: Vec<Detection>,
    /// What else stands in the blocks: letters that no look finds, marks, rules. Nobody can tell what they say.
    pub(crate) left: Vec<Detection>,
}

/// Replaces blocks by the lines that they show.
///
/// The lines found by themselves are painted over. If one color is left, there is no other text in the block;
/// otherwise `detect` looks at it again in each view, and what it finds are lines as well. A block stays in which it finds
/// something as high as the block itself. What then differs from the ground is told as left; if that is in many places,
/// the block stays.
pub(crate) fn without_blocks(
    mut lines: Vec<Detection>,
    views: &[&RgbImage],
    mut detect: impl FnMut(&RgbImage) -> Result<Vec<Detection>>,
) -> Result<Apart> {
    // From the lowest up, so that no block stands for the lines of another one.
    lines.sort_by(|a, b| short_side(&a.quad).total_cmp(&short_side(&b.quad)));
    let mut kept: Vec<Detection> = Vec::new();
    let mut left = Vec::new();
    for block in lines {
        let is_inner = |line: &Detection| {
            let low = short_side(&line.quad) < LOWER * short_side(&block.quad);
            low && shared_area(&line.quad, &block.quad) >= INSIDE * area(&line.quad.0)
        };
        if !kept.iter().any(is_inner) {
            kept.push(block);
            continue;
        }
        match rest(&block, &kept, views, &mut detect)? {
            Some(rest) => {
                kept.extend(rest.lines);
                left.extend(rest.left);
            }
            None => kept.push(block),
        }
    }
    Ok(Apart { lines: merge(kept), left })
}

/// Returns what a block holds besides lines that are known, or `None` if it cannot be taken apart.
fn rest(
    block: &Detection,
    lines: &[Detection],
    views: &[&RgbImage],
    detect: &mut impl FnMut(&RgbImage) -> Result<Vec<Detection>>,
) -> Result<Option<Apart>> {
    let mut found = Vec::new();
    let mut left = Vec::new();
    for view in views {
        let around = grow(&block.quad, MARGIN);
        let own = around.bounding_box(view.width(), view.height());
        let known: Vec<Quad> =
            (lines.iter().map(|line| pad(&line.quad))).filter(|line| shared_area(line, &around) > 0.0).collect();
        let Rest { is_flat, color, known: share } = Rest::of(view, &block.quad, &known);
        if is_flat {
            continue;
        }
        if share < KNOWN {
            return Ok(None);
        }
        let mut all = known.clone();
        for detection in detect(&painted(view, own, &known, color))? {
            let quad = moved(&detection.quad, own);
            if shared_area(&quad, &block.quad) < area(&quad.0) / 2.0 {
                continue;
            }
            if short_side(&quad) >= LOWER * short_side(&block.quad) {
                return Ok(None);
            }
            all.push(pad(&quad));
            found.push(Detection { quad, ..detection });
        }
        let rest = Rest::of(view, &block.quad, &all);
        if rest.is_flat {
            continue;
        }
        let boxes = other(view, &block.quad, &all, rest.color);
        if boxes.len() > MOST_LEFT {
            return Ok(None);
        }
        left.extend(boxes.into_iter().map(|quad| Detection { quad, ..*block }));
    }
    Ok(Some(Apart { lines: found, left }))
}

/// Returns boxes round what differs from the ground of a block and lies in none of its lines.
fn other(image: &RgbImage, block: &Quad, lines: &[Quad], ground: Rgb<u8>) -> Vec<Quad> {
    let own = block.bounding_box(image.width(), image.height());
    let differs = |(x, y): (u32, u32)| {
        let at = center(x, y);
        let differs = image.get_pixel(x, y).0.iter().zip(ground.0).any(|(own, ground)| own.abs_diff(ground) > FLAT);
        differs && holds(block, at) && !lines.iter().any(|line| holds(line, at))
    };
    let mut boxes: Vec<Rect> = Vec::new();
    for y in (own.y0..own.y1).step_by(CELL as usize) {
        for x in (own.x0..own.x1).step_by(CELL as usize) {
            let cell = Rect::new(x, y, own.x1.min(x + CELL), own.y1.min(y + CELL));
            let Some(found) =
                pixels(cell).filter(|&at| differs(at)).map(|(x, y)| Rect::new(x, y, x + 1, y + 1)).reduce(both)
            else {
                continue;
            };
            // Along a rule, cells make one box.
            match boxes.last_mut() {
                Some(last) if last.x1 == found.x0 && (last.y0, last.y1) == (found.y0, found.y1) => last.x1 = found.x1,
                _ => boxes.push(found),
            }
        }
    }
    let soft = |rect: Rect| {
        let (x0, y0) = (rect.x0.saturating_sub(SOFT), rect.y0.saturating_sub(SOFT));
        Quad::from_rect(Rect::new(x0, y0, (rect.x1 + SOFT).min(image.width()), (rect.y1 + SOFT).min(image.height())))
    };
    boxes.into_iter().map(soft).collect()
}

/// Returns the rectangle round two.
fn both(a: Rect, b: Rect) -> Rect {
    Rect::new(a.x0.min(b.x0), a.y0.min(b.y0), a.x1.max(b.x1), a.y1.max(b.y1))
}

/// The pixels of a block that lie in none of its lines.
struct Rest {
    /// Whether they differ by [`FLAT`] at most.
    is_flat: bool,
    /// Their median in each channel.
    color: Rgb<u8>,
    /// The share of the block that lies in lines.
    known: f32,
}

impl Rest {
    #[expect(clippy::cast_precision_loss, reason = "numbers of pixels below 2^24, or a ratio where it does not matter")]
    fn of(image: &RgbImage, block: &Quad, lines: &[Quad]) -> Self {
        let mut counts = [[0_u32; 256]; 3];
        let mut known = 0_u32;
        for (x, y) in pixels(block.bounding_box(image.width(), image.height())) {
            if !holds(block, center(x, y)) {
                continue;
            }
            if lines.iter().any(|line| holds(line, center(x, y))) {
                known += 1;
                continue;
            }
            for (counts, value) in counts.iter_mut().zip(image.get_pixel(x, y).0) {
                counts[usize::from(value)] += 1;
            }
        }
        let mut is_flat = true;
        let medians = counts.map(|counts| {
            let values = || (0..=u8::MAX).filter(|value| counts[usize::from(*value)] > 0);
            is_flat &= values().next_back().unwrap_or(0) - values().next().unwrap_or(0) <= FLAT;
            let half = counts.iter().sum::<u32>() / 2;
            let mut below = 0;
            values().find(|value| {
                below += counts[usize::from(*value)];
                below > half
            })
        });
        let all = known + counts[0].iter().sum::<u32>();
        let known = known as f32 / all.max(1) as f32;
        Self { is_flat, color: Rgb(medians.map(Option::unwrap_or_default)), known }
    }
}

/// Cuts out a part of a picture with the lines in it painted over.
fn painted(image: &RgbImage, own: Rect, lines: &[Quad], color: Rgb<u8>) -> RgbImage {
    let mut part = imageops::crop_imm(image, own.x0, own.y0, own.x1 - own.x0, own.y1 - own.y0).to_image();
    for line in lines {
        let covered = line.bounding_box(image.width(), image.height());
        for (x, y) in pixels(covered).filter(|&(x, y)| own.x0 <= x && x < own.x1 && own.y0 <= y && y < own.y1) {
            if holds(line, center(x, y)) {
                part.put_pixel(x - own.x0, y - own.y0, color);
            }
        }
    }
    part
}

fn pixels(rect: Rect) -> impl Iterator<Item = (u32, u32)> {
    (rect.y0..rect.y1).flat_map(move |y| (rect.x0..rect.x1).map(move |x| (x, y)))
}

#[expect(clippy::cast_precision_loss, reason = "coordinates within a picture")]
fn center(x: u32, y: u32) -> Point {
    Point::new(x as f32 + 0.5, y as f32 + 0.5)
}

#[expect(clippy::cast_precision_loss, reason = "coordinates within a picture")]
fn moved(quad: &Quad, by: Rect) -> Quad {
    Quad(quad.0.map(|p| Point::new(p.x + by.x0 as f32, p.y + by.y0 as f32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(x0: u32, y0: u32, x1: u32, y1: u32) -> Detection {
        Detection { quad: Quad::from_rect(Rect::new(x0, y0, x1, y1)), score: 0.5 }
    }

    /// White lines on black, of strokes with gaps between them.
    fn picture(lines: &[Detection]) -> RgbImage {
        let mut image = RgbImage::new(200, 100);
        for line in lines {
            for (x, y) in pixels(line.quad.bounding_box(200, 100)).filter(|(x, _)| x % 3 == 0) {
                image.put_pixel(x, y, Rgb([255; 3]));
            }
        }
        image
    }

    fn take_apart(lines: &[Detection], image: &RgbImage, again: &[Detection]) -> (Vec<Detection>, u32) {
        let mut looks = 0;
        let detect = |_: &RgbImage| {
            looks += 1;
            Ok(again.to_vec())
        };
        let apart = without_blocks(lines.to_vec(), &[image], detect).expect("no error");
        (apart.lines, looks)
    }

    #[test]
    fn a_block_of_nothing_but_its_lines_goes() {
        let lines = [line(20, 10, 100, 20), line(20, 24, 90, 34)];
        let block = line(18, 8, 102, 36);
        assert_eq!(take_apart(&[block, lines[0], lines[1]], &picture(&lines), &[]), (lines.to_vec(), 0));
        // One line is known, the other one is found when the first is painted over; the cut starts two pixels in.
        let again = line(18, 24, 88, 34);
        let (kept, looks) = take_apart(&[block, lines[0]], &picture(&lines), &[again]);
        assert_eq!((kept, looks), (vec![lines[0], line(20, 24, 90, 34)], 1));
    }

    #[test]
    fn letters_that_no_look_finds_are_told_as_left() {
        let lines = [line(20, 10, 100, 20), line(20, 24, 90, 34)];
        let block = line(18, 8, 102, 36);
        // The second look finds but the first word of the second line.
        let (word, image) = (line(18, 24, 50, 34), picture(&lines));
        let apart = without_blocks(vec![block, lines[0]], &[&image], |_| Ok(vec![word])).expect("no error");
        assert_eq!(apart.lines, [lines[0], line(20, 24, 52, 34)]);
        let known = apart.lines.iter().map(|line| pad(&line.quad)).chain(apart.left.iter().map(|left| left.quad));
        assert!(Rest::of(&image, &block.quad, &known.collect::<Vec<_>>()).is_flat, "no letter is left out");
        for left in &apart.left {
            let left = left.quad.bounding_box(200, 100);
            assert!(left.x0 >= 50 && left.y0 >= 21 && left.x1 <= 92 && left.y1 <= 36, "{left:?}");
        }
    }

    #[test]
    fn a_block_stays_if_much_is_left() {
        let lines = [line(20, 10, 180, 20)];
        let block = line(10, 2, 190, 98);
        let mut image = picture(&lines);
        // Dots all over it.
        for (x, y) in pixels(Rect::new(0, 0, 200, 100)).filter(|(x, y)| x % 5 == 0 && y % 5 == 0) {
            image.put_pixel(x, y, Rgb([200; 3]));
        }
        let all_known = line(12, 8, 188, 60);
        assert_eq!(take_apart(&[block, all_known], &image, &[]).0, [block, all_known]);
    }

    #[test]
    fn a_block_stays_if_it_is_no_block_or_still_looks_like_one() {
        let lines = [line(20, 10, 100, 20), line(20, 24, 90, 34)];
        let block = line(18, 8, 102, 36);
        assert_eq!(take_apart(&[block], &picture(&lines), &[]), (vec![block], 0));
        let (kept, looks) = take_apart(&[block, lines[0]], &picture(&lines), &[line(16, 8, 100, 36)]);
        assert_eq!((kept, looks), (vec![block, lines[0]], 1));
        let higher = line(20, 10, 100, 34);
        assert_eq!(take_apart(&[block, higher], &picture(&lines), &[]).1, 0, "loose boxes are no blocks");
    }

    #[test]
    fn what_is_looked_at_again_has_its_lines_painted_over() {
        let lines = [line(20, 10, 100, 20), line(20, 24, 90, 34)];
        let block = line(18, 8, 102, 36);
        let look = |image: &RgbImage| {
            let bright: Vec<u32> = image.enumerate_pixels().filter(|p| p.2.0 == [255; 3]).map(|p| p.1).collect();
            assert_eq!((bright.iter().min(), bright.iter().max()), (Some(&24), Some(&33)));
            Ok(Vec::new())
        };
        without_blocks(vec![block, lines[0]], &[&picture(&lines)], look).expect("no error");
    }
}
