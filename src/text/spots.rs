//! Where a network has to look at all, given what another look at the same picture marks.

use ndarray::{Array2, s};

use crate::geometry::Rect;

/// Side of the cells that marks are gathered in, in pixels of the picture.
const CELL: u32 = 16;

/// What a window costs beside its pixels, a side: the margin that is put around it.
const RIM: u32 = 16;

/// Windows that cost more than this share of what the whole picture costs are no gain.
const MOST: f64 = 0.8;

/// More windows than this are one: joining them takes the square of their number.
const MOST_WINDOWS: usize = 1000;

/// The cells of a picture that are marked.
#[derive(Debug)]
pub(super) struct Spots {
    size: (u32, u32),
    marked: Array2<bool>,
}

impl Spots {
    /// Gathers the cells of a picture of `size` of which `is_marked` says so.
    pub(super) fn new(size: (u32, u32), is_marked: impl Fn(Rect) -> bool) -> Self {
        let cells = |side: u32| 0..side.div_ceil(CELL);
        let ends = |cell: u32, side: u32| (cell * CELL, ((cell + 1) * CELL).min(side));
        let cell = |row, column| {
            let ((x0, x1), (y0, y1)) = (ends(column, size.0), ends(row, size.1));
            is_marked(Rect::new(x0, y0, x1, y1))
        };
        let marked = cells(size.1).flat_map(|row| cells(size.0).map(move |column| (row, column)));
        let marked: Vec<bool> = marked.map(|(row, column)| cell(row, column)).collect();
        let shape = (size.1.div_ceil(CELL) as usize, size.0.div_ceil(CELL) as usize);
        Self { size, marked: Array2::from_shape_vec(shape, marked).expect("a value for each cell") }
    }

    /// Leaves out the groups of marked cells that touch of which `is_shown` does not say so.
    pub(super) fn retain(&mut self, is_shown: impl Fn(&[Rect]) -> bool) {
        let cell = |(row, column): (usize, usize)| {
            let [x, y] = [column, row].map(|at| u32::try_from(at).expect("cells of a picture") * CELL);
            Rect::new(x, y, (x + CELL).min(self.size.0), (y + CELL).min(self.size.1))
        };
        for group in members(&self.marked) {
            let cells: Vec<Rect> = group.iter().map(|&own| cell(own)).collect();
            if !is_shown(&cells) {
                group.into_iter().for_each(|own| self.marked[own] = false);
            }
        }
    }

    /// Returns whether a marked cell reaches into an area.
    pub(super) fn touch(&self, area: Rect) -> bool {
        let cells = |from: u32, to: u32, end: usize| (from / CELL) as usize..(to.div_ceil(CELL) as usize).min(end);
        let (rows, columns) = self.marked.dim();
        let (rows, columns) = (cells(area.y0, area.y1, rows), cells(area.x0, area.x1, columns));
        !rows.is_empty() && !columns.is_empty() && self.marked.slice(s![rows, columns]).iter().any(|&marked| marked)
    }

    /// Returns the box round all marked cells; nothing where there is none.
    pub(super) fn hull(&self) -> Option<Rect> {
        let marked = self.marked.indexed_iter().filter(|(_, marked)| **marked).map(|(cell, _)| cell);
        let [(top, bottom), (left, right)] = marked.fold([(usize::MAX, 0); 2], |[rows, columns], (row, column)| {
            [(rows.0.min(row), rows.1.max(row)), (columns.0.min(column), columns.1.max(column))]
        });
        let at = |cell: usize| u32::try_from(cell).expect("cells of a picture") * CELL;
        let end = |cell: usize, side: u32| at(cell + 1).min(side);
        (top <= bottom).then(|| Rect::new(at(left), at(top), end(right, self.size.0), end(bottom, self.size.1)))
    }

    /// Returns windows that hold all groups of marked cells that touch, if `is_shown` says so of the box round a group, with
    /// `around` pixels of what is around them, from top to bottom. A group lies in one window whole; windows may overlap.
    /// Where they cost as much as the whole picture, that is the only one.
    pub(super) fn windows(&self, is_shown: impl Fn(&Rect) -> bool, around: u32) -> Vec<Rect> {
        let whole = Rect::new(0, 0, self.size.0, self.size.1);
        let groups = groups(&self.marked, CELL).into_iter().filter(is_shown);
        let mut parts: Vec<Rect> = groups.map(|part| self.grown(part, around)).collect();
        if parts.len() > MOST_WINDOWS {
            return vec![whole];
        }
        let mut windows: Vec<Rect> = Vec::new();
        while let Some(part) = parts.pop() {
            let is_cheaper = |other: &Rect| cost(&hull(*other, part)) <= cost(other) + cost(&part);
            match windows.iter().position(is_cheaper) {
                Some(index) => parts.push(hull(windows.swap_remove(index), part)),
                None => windows.push(part),
            }
        }
        if windows.iter().map(cost).sum::<f64>() > MOST * cost(&whole) {
            return vec![whole];
        }
        windows.sort_unstable_by_key(|window| (window.y0, window.x0));
        windows
    }

    fn grown(&self, part: Rect, around: u32) -> Rect {
        let (x0, y0) = (part.x0.saturating_sub(around), part.y0.saturating_sub(around));
        Rect::new(x0, y0, (part.x1 + around).min(self.size.0), (part.y1 + around).min(self.size.1))
    }
}

/// Returns boxes round the cells of this side that are marked and touch each other, in pixels.
pub(crate) fn groups(marked: &Array2<bool>, cell: u32) -> Vec<Rect> {
    let pixel = |at: usize| u32::try_from(at).expect("cells of a picture") * cell;
    let around = |group: Vec<(usize, usize)>| {
        let (mut first, mut last) = (group[0], group[0]);
        for (row, column) in group {
            first = (first.0.min(row), first.1.min(column));
            last = (last.0.max(row), last.1.max(column));
        }
        Rect::new(pixel(first.1), pixel(first.0), pixel(last.1 + 1), pixel(last.0 + 1))
    };
    members(marked).into_iter().map(around).collect()
}

/// Returns the rows and columns of the cells that are marked and touch each other, group by group.
fn members(marked: &Array2<bool>) -> Vec<Vec<(usize, usize)>> {
    let mut open = marked.clone();
    let (rows, columns) = open.dim();
    let mut groups = Vec::new();
    for start in 0..rows * columns {
        let start = (start / columns, start % columns);
        if !std::mem::take(&mut open[start]) {
            continue;
        }
        let mut group = vec![start];
        let mut next = 0;
        while let Some(&(row, column)) = group.get(next) {
            next += 1;
            for near_row in row.saturating_sub(1)..(row + 2).min(rows) {
                for near in column.saturating_sub(1)..(column + 2).min(columns) {
                    if std::mem::take(&mut open[[near_row, near]]) {
                        group.push((near_row, near));
                    }
                }
            }
        }
        groups.push(group);
    }
    groups
}

fn hull(a: Rect, b: Rect) -> Rect {
    Rect::new(a.x0.min(b.x0), a.y0.min(b.y0), a.x1.max(b.x1), a.y1.max(b.y1))
}

fn cost(rect: &Rect) -> f64 {
    f64::from(rect.width() + RIM) * f64::from(rect.height() + RIM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Marks the cells of a picture of 800 x 600 that hold one of these pixels.
    fn spots(pixels: &[(u32, u32)]) -> Spots {
        Spots::new((800, 600), |cell| {
            pixels.iter().any(|&(x, y)| (cell.x0..cell.x1).contains(&x) && (cell.y0..cell.y1).contains(&y))
        })
    }

    #[test]
    fn a_cell_has_a_window_with_what_is_around_it() {
        assert_eq!(spots(&[]).windows(|_| true, 16), []);
        assert_eq!(spots(&[(100, 200)]).windows(|_| true, 16), [Rect::new(80, 176, 128, 224)]);
        assert_eq!(spots(&[(799, 599)]).windows(|_| true, 16), [Rect::new(768, 576, 800, 600)]);
    }

    #[test]
    fn windows_are_joined_where_one_is_cheaper() {
        let line: Vec<_> = (0..6).map(|word| (100 + 40 * word, 200)).collect();
        assert_eq!(spots(&line).windows(|_| true, 16), [Rect::new(80, 176, 320, 224)]);
        // A strip along the top and one down the left side: a window for both would be the picture.
        let along = (0..50).map(|x| (x * 16, 40)).chain((10..37).map(|y| (40, y * 16)));
        let windows = spots(&along.collect::<Vec<_>>()).windows(|_| true, 16);
        assert_eq!(windows, [Rect::new(0, 16, 800, 64), Rect::new(16, 144, 64, 600)]);
    }

    #[test]
    fn the_hull_holds_all_that_is_marked() {
        assert_eq!(spots(&[]).hull(), None);
        assert_eq!(spots(&[(100, 200), (799, 30)]).hull(), Some(Rect::new(96, 16, 800, 208)));
        let spots = spots(&[(100, 200)]);
        assert!(spots.touch(Rect::new(111, 207, 112, 208)) && !spots.touch(Rect::new(112, 200, 200, 208)));
    }

    #[test]
    fn groups_of_which_no_cell_is_certain_are_left_out() {
        let mut spots = spots(&[(100, 200), (116, 200), (132, 216), (400, 200)]);
        spots.retain(|group| group.iter().any(|cell| cell.x0 == 128));
        assert_eq!(spots.windows(|_| true, 0), [Rect::new(96, 192, 144, 224)]);
    }

    #[test]
    fn groups_can_be_left_out() {
        let line = (0..20).map(|x| (100 + 16 * x, 200));
        let letter = (0..9).map(|cell| (600 + cell % 3 * 16, 400 + cell / 3 * 16));
        let spots = spots(&line.chain(letter).collect::<Vec<_>>());
        assert_eq!(spots.windows(|_| true, 0).len(), 2);
        assert_eq!(spots.windows(|group| group.height() == 48, 0), [Rect::new(592, 400, 640, 448)]);
        assert_eq!(spots.windows(|group| group.height() == 49, 0), []);
    }

    #[test]
    fn what_is_marked_all_over_is_one_window() {
        let all = Spots::new((800, 600), |_| true);
        assert_eq!(all.windows(|_| true, 16), [Rect::new(0, 0, 800, 600)]);
        let spread: Vec<_> = (0..12).flat_map(|x| (0..9).map(move |y| (x * 64, y * 64))).collect();
        assert_eq!(spots(&spread).windows(|_| true, 16), [Rect::new(0, 0, 800, 600)]);
    }

    proptest! {
        #[test]
        fn every_marked_pixel_lies_in_a_window_with_what_is_around_it(
            pixels in prop::collection::vec((0_u32..800, 0_u32..600), 1..30),
        ) {
            let windows = spots(&pixels).windows(|_| true, 16);
            for (x, y) in pixels {
                let (x0, y0, x1, y1) = (x.saturating_sub(16), y.saturating_sub(16), (x + 17).min(800), (y + 17).min(600));
                prop_assert!(windows.iter().any(|w| w.x0 <= x0 && w.y0 <= y0 && w.x1 >= x1 && w.y1 >= y1));
            }
        }
    }
}
