//! Which lines of a frame belong together: words of one row, and what stands below a label.
//!
//! Detectors cut a row where a gap is wide, and a name, a date or a label and its value then lie in several lines.

use crate::text::{self, Orientation, TextLine};
use std::ops::Range;

/// The share of the lower line's height that two lines of a row have in common.
///
/// Descenders and quotation marks move a box by about a fifth of its height; the lines above and below share nothing or
/// the little by which boxes are loose.
const SAME_ROW: f32 = 0.5;

/// The largest ratio of the heights of two lines of a row. A word without ascenders is lower than one with both by
/// 1.6 (x-height against ascender to descender, about 0.45 against 0.72 of the body plus box padding).
const HEIGHTS: f32 = 1.8;

/// The largest gap between two words of a row, in heights. Columns of settings stand further apart than words; more
/// would join numbers of different columns to dates.
const GAP: f32 = 3.0;

/// The largest gap between two words of one phrase, in heights: a space is about a third of it, two boxes drawn tightly
/// round words add as much again.
const WORD_GAP: f32 = 1.0;

/// How far below a label its value may start, in heights of the label.
const BELOW: f32 = 1.5;

/// Text of one or more lines, joined by single spaces, that may say together what none of them says alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The lines' best readings, joined.
    pub text: String,
    /// Index of each line, and where it lies in the text.
    pub members: Vec<(usize, Range<usize>)>,
    /// Where in the text more than a word space lies between two lines.
    pub wide: Vec<usize>,
}

impl Row {
    /// Returns whether the words of a range stand as near to each other as those of one phrase.
    #[must_use]
    pub fn is_phrase(&self, range: &Range<usize>) -> bool {
        !self.wide.iter().any(|at| range.start < *at && *at < range.end)
    }

    /// Returns the lines that a range of the text touches.
    pub fn touched(&self, range: &Range<usize>) -> impl Iterator<Item = usize> {
        self.members.iter().filter(|(_, own)| own.start < range.end && range.start < own.end).map(|&(index, _)| index)
    }
}

/// A line's box as seen by a reader: from left to right and from top to bottom whatever its orientation.
#[derive(Clone, Copy, Debug)]
struct Seen {
    index: usize,
    orientation: Orientation,
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
}

impl Seen {
    fn new(index: usize, line: &TextLine, orientation: Orientation) -> Self {
        let (x0, y0, x1, y1) = text::extent(&line.quad);
        let (left, right, top, bottom) = match orientation {
            Orientation::Upright => (x0, x1, y0, y1),
            Orientation::Clockwise90 => (y0, y1, -x1, -x0),
            Orientation::UpsideDown => (-x1, -x0, -y1, -y0),
            Orientation::Clockwise270 => (-y1, -y0, x0, x1),
        };
        Self { index, orientation, left, right, top, bottom }
    }

    fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// How far it is to `other` along the row; less than zero where they overlap.
    fn gap(&self, other: &Self) -> f32 {
        (other.left - self.right).max(self.left - other.right)
    }

    /// Whether `other` stands in the same row, anywhere in it.
    fn is_beside(&self, other: &Self) -> bool {
        let (low, high) = (self.height().min(other.height()), self.height().max(other.height()));
        let shared = self.bottom.min(other.bottom) - self.top.max(other.top);
        self.orientation == other.orientation && shared >= SAME_ROW * low && high <= HEIGHTS * low
    }

    /// Whether `other` starts right below.
    fn is_above(&self, other: &Self) -> bool {
        let gap = other.top - self.bottom;
        let overlap = self.right.min(other.right) - self.left.max(other.left);
        self.orientation == other.orientation && overlap > 0.0 && (-0.5..=BELOW).contains(&(gap / self.height()))
    }
}

/// The rows of a frame.
#[derive(Debug)]
pub struct Rows {
    seen: Vec<Seen>,
    /// Lines that could not be read, turned each way.
    unread: Vec<Seen>,
}

impl Rows {
    /// Looks where lines stand and, where they could be read, how they are turned.
    #[must_use]
    pub fn new(lines: &[TextLine]) -> Self {
        let (mut seen, mut unread) = (Vec::new(), Vec::new());
        for (index, line) in lines.iter().enumerate() {
            match line.readings.first() {
                Some(reading) => seen.push(Seen::new(index, line, reading.orientation)),
                None => unread.extend(Orientation::ALL.map(|orientation| Seen::new(index, line, orientation))),
            }
        }
        Self { seen, unread }
    }

    /// Returns the rows of more than one line.
    #[must_use]
    pub fn joined(&self, lines: &[TextLine]) -> Vec<Row> {
        let mut chains: Vec<Vec<Seen>> = Vec::new();
        let mut order = self.seen.clone();
        order.sort_by(|a, b| a.left.total_cmp(&b.left).then(a.index.cmp(&b.index)));
        for own in order {
            // The row whose last word is nearest.
            let gap = |chain: &Vec<Seen>| chain.last().map_or(f32::INFINITY, |last| own.left - last.right);
            let fits = |chain: &&mut Vec<Seen>| {
                let near = gap(chain) <= GAP * own.height();
                near && chain.last().is_some_and(|last| last.is_beside(&own))
            };
            match chains.iter_mut().filter(fits).min_by(|a, b| gap(a).abs().total_cmp(&gap(b).abs())) {
                Some(chain) => chain.push(own),
                None => chains.push(vec![own]),
            }
        }
        chains.iter().filter(|chain| chain.len() > 1).map(|chain| join(chain, lines)).collect()
    }

    /// Returns the lines that stand in one row with line `index`, a word space or less away.
    #[must_use]
    pub fn next_to(&self, index: usize) -> Vec<usize> {
        let Some(own) = self.seen.iter().find(|seen| seen.index == index) else { return Vec::new() };
        let near = |other: &&Seen| {
            other.index != index
                && own.is_beside(other)
                && own.gap(other) <= WORD_GAP * own.height().min(other.height())
        };
        self.seen.iter().filter(near).map(|other| other.index).collect()
    }

    /// Returns whether something that could not be read stands beside line `index`, a word space or less away, along half
    /// of its height: a word, or parts of letters.
    #[must_use]
    pub fn is_next_to_unread(&self, index: usize) -> bool {
        let Some(own) = self.seen.iter().find(|seen| seen.index == index) else { return false };
        let near = |other: &&Seen| own.orientation == other.orientation && own.gap(other) <= WORD_GAP * own.height();
        let mut near: Vec<Seen> = self.unread.iter().filter(near).copied().collect();
        near.sort_by(|a, b| a.top.total_cmp(&b.top));
        let (mut shared, mut down_to) = (0.0, own.top);
        for other in near {
            shared += (other.bottom.min(own.bottom) - other.top.max(down_to)).max(0.0);
            down_to = down_to.max(other.bottom);
        }
        shared >= SAME_ROW * own.height()
    }

    /// Returns the lines that may hold the value of a label at the end of line `index`: the next word of its row; or, if
    /// that is far off, both it and the line right below.
    #[must_use]
    pub fn values_of(&self, index: usize) -> Vec<usize> {
        let Some(label) = self.seen.iter().find(|seen| seen.index == index) else { return Vec::new() };
        let others = || self.seen.iter().filter(|other| other.index != index);
        let right = others()
            .filter(|other| label.is_beside(other) && other.left >= label.left + label.height() / 2.0)
            .min_by(|a, b| a.left.total_cmp(&b.left));
        if let Some(near) = right.filter(|other| other.left - label.right <= GAP * label.height()) {
            return vec![near.index];
        }
        let below = others().filter(|other| label.is_above(other)).min_by(|a, b| a.top.total_cmp(&b.top));
        right.into_iter().chain(below).map(|seen| seen.index).collect()
    }
}

fn join(chain: &[Seen], lines: &[TextLine]) -> Row {
    let mut row = Row { text: String::new(), members: Vec::new(), wide: Vec::new() };
    let mut before: Option<&Seen> = None;
    for seen in chain {
        let Some(reading) = lines[seen.index].readings.first() else { continue };
        if let Some(before) = before.replace(seen) {
            if before.gap(seen) > WORD_GAP * before.height().min(seen.height()) {
                row.wide.push(row.text.len());
            }
            row.text.push(' ');
        }
        let start = row.text.len();
        row.text.push_str(reading.text.expose());
        row.members.push((seen.index, start..row.text.len()));
    }
    row
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::sensitive::Sensitive;
    use crate::text::Reading;
    use crate::{Quad, Rect};

    /// Makes a line that was read with a score.
    pub fn line(text: &str, rect: [u32; 4], score: f32) -> TextLine {
        let [x0, y0, x1, y1] = rect;
        let readings = vec![Reading {
            at_first: None,
            text: Sensitive::new(text.to_owned()),
            score,
            character_scores: vec![score; text.chars().count()],
            orientation: Orientation::Upright,
        }];
        TextLine { readings, ..TextLine::unread(Quad::from_rect(Rect::new(x0, y0, x1, y1)), 0.9) }
    }

    fn texts(lines: &[TextLine]) -> Vec<String> {
        Rows::new(lines).joined(lines).into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn words_of_a_row_are_joined_from_left_to_right() {
        let lines = [
            line("JANE", [100, 11, 150, 31], 0.9),
            line("Depth", [0, 40, 60, 60], 0.9),
            line("DOE,", [40, 10, 90, 30], 0.9),
            line("15", [150, 41, 170, 59], 0.9),
        ];
        assert_eq!(texts(&lines), ["DOE, JANE"]);
        let rows = Rows::new(&lines).joined(&lines);
        assert_eq!(rows[0].members, [(2, 0..4), (0, 5..9)]);
        assert_eq!(rows[0].touched(&(3..6)).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(rows[0].touched(&(4..5)).count(), 0);
    }

    #[test]
    fn text_that_runs_down_is_joined_along_its_own_direction() {
        let mut lines = [line("DOE", [10, 10, 30, 60], 0.9), line("JANE", [11, 70, 31, 130], 0.9)];
        for line in &mut lines {
            line.readings[0].orientation = Orientation::Clockwise90;
        }
        assert_eq!(texts(&lines), ["DOE JANE"]);
        for line in &mut lines {
            line.readings[0].orientation = Orientation::Clockwise270;
        }
        assert_eq!(texts(&lines), ["JANE DOE"]);
        lines[0].readings[0].orientation = Orientation::Upright;
        assert!(texts(&lines).is_empty());
    }

    #[test]
    fn a_caption_and_small_print_beside_it_are_no_row() {
        assert!(texts(&[line("A", [0, 0, 30, 40], 0.9), line("b", [35, 10, 50, 24], 0.9)]).is_empty());
        assert!(texts(&[line("A", [0, 0, 30, 20], 0.9), line("B", [100, 0, 130, 20], 0.9)]).is_empty());
    }

    #[test]
    fn what_is_next_to_a_line_is_a_word_space_away() {
        let lines = [
            line("DOE", [0, 0, 60, 20], 0.9),
            line("081", [75, 0, 110, 20], 0.9),
            line("5", [131, 0, 150, 20], 0.9),
            line("below", [0, 22, 60, 42], 0.9),
        ];
        let rows = Rows::new(&lines);
        assert_eq!((rows.next_to(1), rows.next_to(0), rows.next_to(2)), (vec![0], vec![1], vec![]));
    }

    #[test]
    fn what_could_not_be_read_is_seen_beside_a_line() {
        let number = line("47", [40, 10, 60, 30], 0.9);
        let unread = |rect: [u32; 4]| TextLine { readings: Vec::new(), ..line("", rect, 0.0) };
        let beside = |rects: &[[u32; 4]]| {
            let mut lines = vec![number.clone()];
            lines.extend(rects.iter().map(|rect| unread(*rect)));
            Rows::new(&lines).is_next_to_unread(0)
        };
        assert!(beside(&[[0, 10, 30, 30]]) && beside(&[[70, 0, 90, 60]]));
        assert!(!beside(&[]) && !beside(&[[0, 10, 15, 30]]), "too far");
        // Parts of a letter count together, each row of them once; a tick does not.
        assert!(beside(&[[20, 10, 30, 16], [22, 16, 30, 22]]));
        assert!(!beside(&[[20, 10, 30, 16], [22, 10, 36, 16]]) && !beside(&[[62, 18, 70, 22]]));
    }

    #[test]
    fn the_value_of_a_label_stands_to_the_right_or_below() {
        let lines = [
            line("Name:", [0, 0, 60, 20], 0.9),
            line("4711", [300, 0, 380, 20], 0.9),
            line("far", [500, 0, 540, 20], 0.9),
            line("below", [10, 24, 80, 44], 0.9),
            line("further below", [10, 80, 80, 100], 0.9),
            line("beside", [90, 25, 150, 45], 0.9),
        ];
        assert_eq!(Rows::new(&lines).values_of(0), [1, 3]);
        assert_eq!(Rows::new(&lines).values_of(3), [5]);
        assert_eq!(Rows::new(&lines).values_of(4), Vec::<usize>::new());
    }
}
