//! Which pixels of a box are text: estimated from the picture, or as the truth has them.

use super::picture::Picture;
use crate::geometry::Rect;

/// Width of the strip around a box that its background is taken from. Boxes may be tight around the ink, and then
/// their own border is text; two pixels away it is not.
const STRIP: u32 = 2;

/// Deviations above this share of a box are cut to it before the threshold is found. A few dead or overflown pixels
/// would otherwise be the only ink; text covers more than a fiftieth of its box.
const HIGHEST: f64 = 0.98;

/// The text in a box, as pixels `y * columns + x`, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Pixels that stand out from the background.
    pub core: Vec<usize>,
    /// These and their neighbors: the soft edges tell the letters too. Of an estimate those inside the box alone.
    pub grown: Vec<usize>,
    /// The whole box, for letters that cannot be told from the mask; empty of an estimate.
    pub area: Vec<usize>,
    /// `core` is no estimate.
    pub exact: bool,
}

/// Takes the text in `bounds`, which lies inside the frame of `columns` × `rows`, from the truth: `is_letter` is asked
/// for each pixel of the box, counted from its corner. `None` where no pixel is one.
pub fn exact(is_letter: impl Fn(u32, u32) -> bool, bounds: Rect, columns: u32, rows: u32) -> Option<Ink> {
    let index = |x: u32, y: u32| y as usize * columns as usize + x as usize;
    let inside = |x: u32, y: u32| (bounds.x0..bounds.x1).contains(&x) && (bounds.y0..bounds.y1).contains(&y);
    let is_core = |x: u32, y: u32| inside(x, y) && is_letter(x - bounds.x0, y - bounds.y0);
    let mut ink = Ink { core: Vec::new(), grown: Vec::new(), area: Vec::new(), exact: true };
    for y in bounds.y0.saturating_sub(1)..(bounds.y1 + 1).min(rows) {
        for x in bounds.x0.saturating_sub(1)..(bounds.x1 + 1).min(columns) {
            if inside(x, y) {
                ink.area.push(index(x, y));
            }
            if is_core(x, y) {
                ink.core.push(index(x, y));
            }
            let xs = x.saturating_sub(1)..x + 2;
            if (y.saturating_sub(1)..y + 2).any(|y| xs.clone().any(|x| is_core(x, y))) {
                ink.grown.push(index(x, y));
            }
        }
    }
    (!ink.core.is_empty()).then_some(ink)
}

/// Finds the text in `bounds`, which lies inside the frame of `columns` × `rows`. `None` where the box is all background.
///
/// A pixel's deviation is how far its most different component is from the median of a strip around the box; ink is
/// the upper class of Otsu's threshold on the deviations. So light text, dark text, colored and outlined text are all
/// found, and nothing has to be known of the display.
#[must_use]
pub fn find(picture: &Picture<'_>, bounds: Rect, columns: u32, rows: u32) -> Option<Ink> {
    let index = |x: u32, y: u32| y as usize * columns as usize + x as usize;
    let background = background(picture, bounds, columns, rows);
    let pixels = || (bounds.y0..bounds.y1).flat_map(|y| (bounds.x0..bounds.x1).map(move |x| (x, y)));
    let mut deviations: Vec<u64> =
        pixels().map(|(x, y)| super::picture::distance(picture.pixel(index(x, y)), background)).collect();
    let highest = cut(&mut deviations)?;
    let threshold = otsu(&deviations, highest);
    let width = bounds.width() as usize;
    let is_core = |x: u32, y: u32| deviations[(y - bounds.y0) as usize * width + (x - bounds.x0) as usize] > threshold;
    let core = pixels().filter(|&(x, y)| is_core(x, y)).map(|(x, y)| index(x, y)).collect();
    let near = |x: u32, y: u32| {
        let xs = x.saturating_sub(1).max(bounds.x0)..(x + 2).min(bounds.x1);
        let mut ys = y.saturating_sub(1).max(bounds.y0)..(y + 2).min(bounds.y1);
        ys.any(|y| xs.clone().any(|x| is_core(x, y)))
    };
    let grown = pixels().filter(|&(x, y)| near(x, y)).map(|(x, y)| index(x, y)).collect();
    Some(Ink { core, grown, area: Vec::new(), exact: false })
}

/// Returns the median of the strip around the box, or of its border where it fills the frame, for each component.
fn background(picture: &Picture<'_>, bounds: Rect, columns: u32, rows: u32) -> [i64; 3] {
    let outer = Rect::new(
        bounds.x0.saturating_sub(STRIP),
        bounds.y0.saturating_sub(STRIP),
        (bounds.x1 + STRIP).min(columns),
        (bounds.y1 + STRIP).min(rows),
    );
    let inner = if outer == bounds {
        Rect::new(bounds.x0 + 1, bounds.y0 + 1, bounds.x1.saturating_sub(1), bounds.y1.saturating_sub(1))
    } else {
        bounds
    };
    let inside = |x: u32, y: u32| (inner.x0..inner.x1).contains(&x) && (inner.y0..inner.y1).contains(&y);
    let strip = (outer.y0..outer.y1).flat_map(|y| (outer.x0..outer.x1).map(move |x| (x, y)));
    let values: Vec<_> = strip
        .filter(|&(x, y)| !inside(x, y))
        .map(|(x, y)| picture.pixel(y as usize * columns as usize + x as usize))
        .collect();
    [0, 1, 2].map(|component| {
        let mut values: Vec<i64> = values.iter().map(|value| value[component]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    })
}

/// Cuts outliers and returns the highest value left; `None` where all are 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
#[expect(clippy::cast_precision_loss, reason = "boxes have fewer than 2^52 pixels")]
fn cut(deviations: &mut [u64]) -> Option<u64> {
    let mut sorted = deviations.to_vec();
    let rank = ((sorted.len() - 1) as f64 * HIGHEST) as usize;
    let limit = *sorted.select_nth_unstable(rank).1;
    if limit > 0 {
        deviations.iter_mut().for_each(|value| *value = (*value).min(limit));
    }
    deviations.iter().copied().max().filter(|&highest| highest > 0)
}

/// Returns the value above which the upper class begins: the threshold with the largest variance between both classes
/// (Otsu 1979), of several the lowest.
#[expect(clippy::cast_precision_loss, reason = "boxes have fewer than 2^52 pixels")]
fn otsu(values: &[u64], highest: u64) -> u64 {
    // Wide ranges are counted in 256 steps.
    let step = highest / 256 + 1;
    let mut counts = [0_u64; 257];
    for &value in values {
        counts[usize::try_from(value / step).expect("256 at most")] += 1;
    }
    let weighted = |(bin, &count): (usize, &u64)| bin as f64 * count as f64;
    let (total, sum) = (values.len() as f64, counts.iter().enumerate().map(weighted).sum::<f64>());
    let (mut below, mut below_sum) = (0.0, 0.0);
    let (mut best, mut threshold) = (-1.0, 0);
    for (bin, count) in counts.iter().enumerate() {
        below += *count as f64;
        below_sum += weighted((bin, count));
        let above = total - below;
        if above == 0.0 {
            break;
        }
        let apart = if below == 0.0 { 0.0 } else { below_sum / below - (sum - below_sum) / above };
        let between = below * above * apart * apart;
        if between > best {
            (best, threshold) = (between, bin);
        }
    }
    // Where all deviate alike, nothing lies below.
    if best <= 0.0 { 0 } else { (threshold as u64 + 1) * step - 1 }
}

#[cfg(test)]
mod tests {
    use super::super::picture::Pair;
    use super::super::testing::{frame, gray};
    use super::*;
    use crate::dicom::{Frame, Photometric};

    fn ink(frame: &Frame, bounds: Rect) -> Option<Ink> {
        let pair = Pair::new((frame, None), (frame, None)).unwrap();
        find(&pair.before, bounds, frame.description.columns, frame.description.rows)
    }

    #[test]
    fn light_and_dark_text_and_its_neighbors_are_found() {
        for (paper, pen) in [(0, 200), (200, 0)] {
            let mut values = vec![paper; 10 * 5];
            values[2 * 10 + 4] = pen;
            let found = ink(&gray(10, 5, &values), Rect::new(2, 1, 8, 4)).unwrap();
            assert_eq!(found.core, [24]);
            assert_eq!(found.grown, [13, 14, 15, 23, 24, 25, 33, 34, 35]);
        }
    }

    #[test]
    fn a_box_that_is_all_ink_is_found_by_what_is_around() {
        let mut values = vec![10; 8 * 5];
        for pixel in [17, 18, 19, 20] {
            values[pixel] = 90;
        }
        assert_eq!(ink(&gray(8, 5, &values), Rect::new(1, 2, 5, 3)).unwrap().core, [17, 18, 19, 20]);
    }

    #[test]
    fn colored_text_of_equal_brightness_is_found() {
        let mut values = [100_u8, 100, 100].repeat(6 * 3);
        values[7 * 3..7 * 3 + 3].copy_from_slice(&[180, 59, 100]);
        assert_eq!(ink(&frame(Photometric::Rgb, 6, 3, &values), Rect::new(0, 0, 6, 3)).unwrap().core, [7]);
    }

    #[test]
    fn one_dead_pixel_does_not_hide_the_text() {
        let mut values = vec![0; 20 * 10];
        values[105..115].fill(60);
        values[3] = 255;
        let core = ink(&gray(20, 10, &values), Rect::new(0, 0, 20, 10)).unwrap().core;
        assert_eq!(core, [&[3], (105..115).collect::<Vec<_>>().as_slice()].concat());
    }

    #[test]
    fn letters_of_the_truth_are_taken_as_they_are() {
        let found = exact(|x, y| (x, y) == (1, 0), Rect::new(3, 0, 5, 2), 6, 4).unwrap();
        let wanted = Ink { core: vec![4], grown: vec![3, 4, 5, 9, 10, 11], area: vec![3, 4, 9, 10], exact: true };
        assert_eq!(found, wanted);
        let right = exact(|x, _| x == 0, Rect::new(5, 1, 6, 2), 6, 4).unwrap();
        assert_eq!(right.grown, [4, 5, 10, 11, 16, 17], "nothing beyond the frame");
        assert_eq!(exact(|_, _| false, Rect::new(0, 0, 2, 2), 6, 4), None);
    }

    #[test]
    fn a_uniform_box_has_no_ink() {
        assert_eq!(ink(&gray(6, 4, &[7; 24]), Rect::new(1, 1, 4, 3)), None);
        assert_eq!(ink(&gray(2, 2, &[7; 4]), Rect::new(0, 0, 2, 2)), None, "the box is the frame");
        assert!(ink(&gray(1, 1, &[7]), Rect::new(0, 0, 1, 1)).is_none());
    }
}
