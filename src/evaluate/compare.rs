//! One frame before and after: which pixels are masked, which have changed otherwise, how much of a line is covered.
//!
//! A mask is a constant. Two things follow. What a tool blurs or paints over with a pattern is not masked here, only
//! changed. And a pixel that had the mask's value before and has it still tells nothing, whether it lies under the mask
//! or beside it; such pixels are left out, of text and of area alike.

use super::ink::Ink;
use super::picture::{Pair, Value, distance};
use crate::region::Region;
use std::cmp::Reverse;
use std::collections::HashMap;

/// How much of a line's ink is hidden in a frame, 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cover {
    /// Share that has the value of the mask now.
    pub covered: f64,
    /// Share that has changed in any way.
    pub changed: f64,
}

/// Measures how much of a line's ink is covered.
///
/// The mask's value is the most frequent one among the ink's changed pixels, found for each line by itself, because
/// tools may use several. Text that is merely shown in other values is not covered: paper and pen do not get the
/// *same* value. Of estimated ink, soft edges belong to what must be covered, for they tell the letters; of letters that
/// the truth has to the pixel those pixels alone, which hold the edges already. What has changed is measured without
/// neighbors, because a mask that ends beside a letter does not make it unreadable.
#[must_use]
pub fn cover(pair: &Pair<'_>, ink: &Ink, tolerance: u64) -> Cover {
    let changed = |pixel: &&usize| pair.difference(**pixel) > tolerance;
    let value = |pixels: &[usize]| most_frequent(pixels.iter().filter(changed).map(|&pixel| pair.after.pixel(pixel)));
    let Some(fill) = value(&ink.grown).or_else(|| value(&ink.area)) else {
        return Cover { covered: 0.0, changed: 0.0 };
    };
    // One that had this value and has it still says nothing; one that has it no longer shows that this is no mask.
    let is_fill = |value: Value| distance(value, fill) <= tolerance;
    let tells = |pixel: &&usize| !(is_fill(pair.before.pixel(**pixel)) && is_fill(pair.after.pixel(**pixel)));
    let telling = |pixels: &[usize]| pixels.iter().filter(tells).copied().collect::<Vec<_>>();
    let (core, grown) = (telling(&ink.core), telling(&ink.grown));
    // Black letters under a black mask: only what is around them shows whether it is there; of black letters with a
    // black outline, what is around that.
    let enough = |pixels: &[usize]| pixels.len() * 2 >= ink.core.len();
    let body = match (enough(&core), enough(&grown) || !ink.exact) {
        (true, _) => &core,
        (false, true) => &grown,
        (false, false) => &telling(&ink.area),
    };
    let hidden = if ink.exact { body } else { &grown };
    let count = |pixels: &[usize], is: &dyn Fn(&usize) -> bool| pixels.iter().filter(|pixel| is(pixel)).count() as u64;
    Cover {
        covered: share(count(hidden, &|pixel| is_fill(pair.after.pixel(*pixel))), hidden.len() as u64),
        changed: share(count(body, &|pixel| changed(&pixel)), body.len() as u64),
    }
}

/// What has changed in one frame or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Pixels compared.
    pub pixels: u64,
    /// Pixels that have changed to the mask's value.
    pub masked: u64,
    /// Those of them that are not near text.
    pub masked_outside_text: u64,
    /// Pixels that have changed otherwise, by more than the tolerance.
    pub elsewhere: u64,
    /// The sum of all differences but those of masked pixels.
    pub difference: u64,
    /// The largest of them.
    pub largest: u64,
}

impl Changes {
    /// Adds the changes of another frame.
    pub fn add(&mut self, other: &Self) {
        self.pixels += other.pixels;
        self.masked += other.masked;
        self.masked_outside_text += other.masked_outside_text;
        self.elsewhere += other.elsewhere;
        self.difference += other.difference;
        self.largest = self.largest.max(other.largest);
    }

    /// Returns the mean difference of what is not masked.
    #[must_use]
    pub fn mean_difference(&self) -> f64 {
        share(self.difference, self.pixels - self.masked)
    }

    /// Returns the share of pixels that are masked and not near text.
    #[must_use]
    pub fn false_area(&self) -> f64 {
        share(self.masked_outside_text, self.pixels)
    }
}

/// Compares two frames. `near_text` are the pixels where a mask is no false one.
#[must_use]
pub fn changes(pair: &Pair<'_>, near_text: &Region, tolerance: u64) -> Changes {
    let (columns, rows) = pair.size();
    let count = columns as usize * rows as usize;
    let mut found = Changes { pixels: count as u64, ..Changes::default() };
    let mut changed = Vec::new();
    for pixel in 0..count {
        let difference = pair.difference(pixel);
        if difference > tolerance {
            changed.push((pixel, difference));
        } else {
            found.difference += difference;
            found.largest = found.largest.max(difference);
        }
    }
    let flat = changed.iter().filter(|(pixel, _)| is_flat(pair, *pixel, tolerance));
    let fill = most_frequent(flat.map(|(pixel, _)| pair.after.pixel(*pixel)));
    for (pixel, difference) in changed {
        if fill.is_some_and(|fill| distance(pair.after.pixel(pixel), fill) <= tolerance) {
            let (x, y) = (pixel % columns as usize, pixel / columns as usize);
            let coordinate = |value: usize| u32::try_from(value).expect("inside the frame");
            found.masked += 1;
            found.masked_outside_text += u64::from(!near_text.contains(coordinate(x), coordinate(y)));
        } else {
            found.elsewhere += 1;
            found.difference += difference;
            found.largest = found.largest.max(difference);
        }
    }
    found
}

/// Returns whether the output has one value in the pixel and all its neighbors. No mask is thinner than three pixels,
/// and a single pixel that was damaged must not pass for one.
fn is_flat(pair: &Pair<'_>, pixel: usize, tolerance: u64) -> bool {
    let (columns, rows) = pair.size();
    let (columns, rows) = (columns as usize, rows as usize);
    let (x, y) = (pixel % columns, pixel / columns);
    let own = pair.after.pixel(pixel);
    let mut ys = y.saturating_sub(1)..(y + 2).min(rows);
    ys.all(|y| {
        let mut xs = x.saturating_sub(1)..(x + 2).min(columns);
        xs.all(|x| distance(pair.after.pixel(y * columns + x), own) <= tolerance)
    })
}

/// Returns the most frequent value, of several the lowest.
fn most_frequent(values: impl Iterator<Item = Value>) -> Option<Value> {
    let mut counts: HashMap<Value, u64> = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(value, count)| (count, Reverse(value))).map(|(value, _)| value)
}

/// Returns `part` of `whole`, 0 of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of pixels, far below 2^53")]
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::super::ink;
    use super::super::testing::{frame, gray};
    use super::*;
    use crate::dicom::{Frame, Photometric};
    use crate::geometry::Rect;

    const TEXT: Rect = Rect::new(2, 2, 18, 8);

    /// 20 × 10 pixels with four bars of `pen` on `paper`, like `IIII`.
    fn written(paper: u8, pen: u8) -> Vec<u8> {
        let mut values = vec![paper; 200];
        for (x, y) in [3, 7, 11, 15].into_iter().flat_map(|x| (3..7).map(move |y| (x, y))) {
            values[y * 20 + x] = pen;
        }
        values
    }

    fn filled(values: &[u8], area: Rect, fill: u8) -> Vec<u8> {
        let mut values = values.to_vec();
        for y in area.y0..area.y1 {
            values[(y * 20 + area.x0) as usize..(y * 20 + area.x1) as usize].fill(fill);
        }
        values
    }

    fn covered(before: &Frame, after: &Frame, tolerance: u64) -> Cover {
        let pair = Pair::new((before, None), (after, None)).unwrap();
        cover(&pair, &ink::find(&pair.before, TEXT, 20, 10).unwrap(), tolerance)
    }

    #[test]
    fn a_mask_of_any_value_covers_text_of_any_value() {
        for (paper, pen, fill) in [(0, 255, 0), (255, 0, 0), (0, 255, 255), (90, 200, 0), (90, 200, 128)] {
            let text = written(paper, pen);
            let (before, after) = (gray(20, 10, &text), gray(20, 10, &filled(&text, TEXT, fill)));
            assert_eq!(covered(&before, &after, 0), Cover { covered: 1.0, changed: 1.0 }, "{paper} {pen} {fill}");
            assert_eq!(covered(&before, &before, 0), Cover { covered: 0.0, changed: 0.0 });
        }
    }

    #[test]
    fn a_letter_that_stays_is_not_covered() {
        for (paper, pen) in [(0, 255), (255, 0), (90, 200)] {
            let text = written(paper, pen);
            let after = gray(20, 10, &filled(&text, Rect::new(0, 0, 13, 10), 0));
            let cover = covered(&gray(20, 10, &text), &after, 0);
            assert!((0.6..0.85).contains(&cover.covered), "{paper} {pen}: {cover:?}");
            assert!((0.6..0.85).contains(&cover.changed), "{paper} {pen}: {cover:?}");
        }
    }

    #[test]
    fn of_letters_known_to_the_pixel_each_counts_and_no_neighbor() {
        let (paper, pen) = (90, 200);
        let text = written(paper, pen);
        let is_letter = |x: u32, y: u32| text[(y + TEXT.y0) as usize * 20 + (x + TEXT.x0) as usize] == pen;
        let ink = ink::exact(is_letter, TEXT, 20, 10).unwrap();
        let cover = |area: Rect, fill: u8| {
            let (before, after) = (gray(20, 10, &text), gray(20, 10, &filled(&text, area, fill)));
            cover(&Pair::new((&before, None), (&after, None)).unwrap(), &ink, 0)
        };
        // Tight around the bars: the estimate would ask for their neighbors too.
        assert_eq!(cover(Rect::new(3, 3, 16, 7), 0), Cover { covered: 1.0, changed: 1.0 });
        // The first of four bars stays, and a row of the others.
        assert_eq!(cover(Rect::new(4, 3, 20, 7), 0).covered, 0.75);
        assert_eq!(cover(Rect::new(3, 4, 16, 7), 0).covered, 0.75);
        assert_eq!(cover(Rect::new(0, 0, 20, 2), 0), Cover { covered: 0.0, changed: 0.0 });
    }

    #[test]
    fn black_letters_known_to_the_pixel_are_covered_by_black_around_them() {
        let text = written(255, 0);
        let is_letter = |x: u32, y: u32| text[(y + TEXT.y0) as usize * 20 + (x + TEXT.x0) as usize] == 0;
        let ink = ink::exact(is_letter, TEXT, 20, 10).unwrap();
        let (before, after) = (gray(20, 10, &text), gray(20, 10, &filled(&text, TEXT, 0)));
        let masked = cover(&Pair::new((&before, None), (&after, None)).unwrap(), &ink, 0);
        assert_eq!(masked, Cover { covered: 1.0, changed: 1.0 });
        let untouched = cover(&Pair::new((&before, None), (&before, None)).unwrap(), &ink, 0);
        assert_eq!(untouched, Cover { covered: 0.0, changed: 0.0 });
    }

    #[test]
    fn black_letters_with_a_black_outline_are_covered_by_black_around_that() {
        let mut text = written(255, 0);
        // Bars of three columns and six rows around those that the truth has as letters.
        for (x, y) in [3, 7, 11, 15].into_iter().flat_map(|x| (2..8).map(move |y| (x, y))) {
            text[y * 20 + x - 1..y * 20 + x + 2].fill(0);
        }
        let is_letter = |x: u32, y: u32| [1, 5, 9, 13].contains(&x) && (1..5).contains(&y);
        let ink = ink::exact(is_letter, TEXT, 20, 10).unwrap();
        let cover = |area: Rect| {
            let (before, after) = (gray(20, 10, &text), gray(20, 10, &filled(&text, area, 0)));
            cover(&Pair::new((&before, None), (&after, None)).unwrap(), &ink, 0)
        };
        assert_eq!(cover(Rect::new(2, 2, 18, 8)), Cover { covered: 1.0, changed: 1.0 });
        assert_eq!(cover(Rect::new(0, 0, 0, 0)), Cover { covered: 0.0, changed: 0.0 });
        let half = cover(Rect::new(2, 2, 10, 8));
        assert_eq!((half.covered, half.changed), (0.5, 0.5));
    }

    #[test]
    fn text_in_other_values_is_not_covered() {
        let before = gray(20, 10, &written(90, 200));
        for (paper, pen) in [(91, 201), (200, 90), (0, 255)] {
            let cover = covered(&before, &gray(20, 10, &written(paper, pen)), 0);
            assert!(cover.covered < 0.9 && cover.changed > 0.9, "{cover:?}");
        }
    }

    #[test]
    fn black_letters_beside_a_black_mask_elsewhere_are_not_covered() {
        let text = written(255, 0);
        let after = gray(20, 10, &filled(&text, Rect::new(0, 0, 20, 2), 0));
        assert_eq!(covered(&gray(20, 10, &text), &after, 0), Cover { covered: 0.0, changed: 0.0 });
    }

    #[test]
    fn a_mask_that_touches_the_soft_edge_alone_leaves_the_line_unchanged() {
        let text = written(90, 200);
        let after = gray(20, 10, &filled(&text, Rect::new(0, 0, 20, 3), 0));
        let cover = covered(&gray(20, 10, &text), &after, 0);
        assert!(cover.changed == 0.0 && cover.covered > 0.0, "{cover:?}");
    }

    #[test]
    fn noise_within_the_tolerance_is_no_change() {
        let text = written(90, 200);
        let noisy =
            |values: &[u8]| values.iter().enumerate().map(|(i, v)| v + u8::from(i % 3 == 0)).collect::<Vec<_>>();
        let before = gray(20, 10, &text);
        assert_eq!(covered(&before, &gray(20, 10, &noisy(&text)), 1).changed, 0.0);
        let masked = gray(20, 10, &noisy(&filled(&text, TEXT, 0)));
        assert_eq!(covered(&before, &masked, 1).covered, 1.0);
        assert!(covered(&before, &masked, 0).covered < 0.95);
    }

    fn changed(before: &Frame, after: &Frame, near: Option<Rect>) -> Changes {
        let pair = Pair::new((before, None), (after, None)).unwrap();
        let (columns, rows) = pair.size();
        let mut near_text = Region::new(columns, rows);
        near.into_iter().for_each(|rect| near_text.add_rect(rect));
        changes(&pair, &near_text, 0)
    }

    #[test]
    fn masked_area_and_other_changes_are_told_apart() {
        let text = written(90, 200);
        let mut after = filled(&text, Rect::new(2, 2, 18, 10), 0);
        after[0] = 97;
        let found = changed(&gray(20, 10, &text), &gray(20, 10, &after), Some(TEXT));
        let wanted =
            Changes { pixels: 200, masked: 128, masked_outside_text: 32, elsewhere: 1, difference: 7, largest: 7 };
        assert_eq!(found, wanted);
        assert_eq!(found.mean_difference(), 7.0 / 72.0);
        assert_eq!(found.false_area(), 0.16);
    }

    #[test]
    fn a_damaged_pixel_alone_is_no_mask() {
        let before = gray(20, 10, &[50; 200]);
        let mut values = [50; 200];
        values[105] = 0;
        let found = changed(&before, &gray(20, 10, &values), None);
        assert_eq!((found.masked, found.elsewhere, found.largest), (0, 1, 50));
        assert_eq!(changed(&before, &before, None), Changes { pixels: 200, ..Changes::default() });
    }

    #[test]
    fn color_counts_by_pixel() {
        let before = frame(Photometric::Rgb, 4, 3, &[10, 20, 30].repeat(12));
        let after = frame(Photometric::Rgb, 4, 3, &[0; 36]);
        assert_eq!(changed(&before, &after, None).masked, 12);
    }
}
