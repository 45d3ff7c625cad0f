//! Tables of doses and measurements: heads of columns and the numbers below them.
//!
//! A row of bare numbers may be an identifier in groups (`120 263 843`). Below a row of heads, each number under a head of
//! its own, it is a row of values.

use super::technical::Technical;
use crate::text::{self, Orientation, Reading, TextLine};

/// The least number of heads side by side, all of them known: one or two such words stand in any row.
const LEAST_HEADS: usize = 3;

/// How far the row below may start under the row before, in heights of its own: rows are 1.2 to 2 apart, and some are
/// empty or hold words.
const BELOW: f32 = 3.0;

/// How far a number may reach out from under its head, in heights: heads are centered, numbers are set to the right.
const BESIDE: f32 = 1.0;

/// The share of the lower line's height that two lines of a row have in common.
const SAME_ROW: f32 = 0.5;

/// The most digits of a number before its decimal point: a total of mAs has four.
const DIGITS: usize = 4;

/// A word or line and what it spans.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
}

impl Span {
    fn new(line: &TextLine) -> Self {
        let (left, top, right, bottom) = text::extent(&line.quad);
        Self { left, right, top, bottom }
    }

    fn height(&self) -> f32 {
        self.bottom - self.top
    }

    fn is_in_row(&self, other: &Self) -> bool {
        let shared = self.bottom.min(other.bottom) - self.top.max(other.top);
        shared >= SAME_ROW * self.height().min(other.height())
    }

    fn is_under(&self, head: &Self) -> bool {
        let (center, loose) = (f32::midpoint(self.left, self.right), BESIDE * self.height());
        (head.left - loose..=head.right + loose).contains(&center)
    }
}

/// A row of heads.
#[derive(Debug)]
struct Heads {
    /// The lines that they are in.
    lines: Vec<usize>,
    /// Their words, and all else that stands beside them, which is no head.
    columns: Vec<(Span, bool)>,
    bottom: f32,
}

/// Returns which lines are rows of tables: heads, all words of them known ones, or below such heads with every number in
/// a column of its own and all else technical.
pub(super) fn rows(lines: &[TextLine], technical: &Technical) -> Vec<bool> {
    let mut found = vec![false; lines.len()];
    for heads in heads(lines, technical) {
        heads.lines.iter().for_each(|&index| found[index] = true);
        let mut below: Vec<usize> =
            (0..lines.len()).filter(|&index| Span::new(&lines[index]).top >= heads.bottom).collect();
        below.sort_by(|&a, &b| Span::new(&lines[a]).top.total_cmp(&Span::new(&lines[b]).top));
        let mut bottom = heads.bottom;
        for index in below {
            let own = Span::new(&lines[index]);
            if own.top - bottom > BELOW * own.height() {
                break;
            }
            let is_row = |reading: &Reading| is_row(reading, own, &heads.columns, technical);
            if !lines[index].readings.is_empty() && lines[index].readings.iter().all(is_row) {
                found[index] = true;
                bottom = bottom.max(own.bottom);
            }
        }
    }
    found
}

/// Returns the rows of heads.
fn heads(lines: &[TextLine], technical: &Technical) -> Vec<Heads> {
    let is_head = |line: &TextLine| {
        let is_known = |reading: &Reading| {
            let mut words = reading.text.expose().split_whitespace().filter(|word| !is_mark(word)).peekable();
            reading.orientation == Orientation::Upright
                && words.peek().is_some()
                && words.all(|word| technical.is_head(word))
        };
        !line.readings.is_empty() && line.readings.iter().all(is_known)
    };
    let mut open: Vec<usize> = (0..lines.len()).filter(|&index| is_head(&lines[index])).collect();
    let mut rows = Vec::new();
    while let Some(first) = open.pop() {
        let seed = Span::new(&lines[first]);
        let (mut row, rest): (Vec<usize>, Vec<usize>) =
            open.into_iter().partition(|&other| Span::new(&lines[other]).is_in_row(&seed));
        open = rest;
        row.push(first);
        let mut columns: Vec<(Span, bool)> = row
            .iter()
            .flat_map(|&index| words(&lines[index].readings[0], Span::new(&lines[index])))
            .filter(|(word, _)| !is_mark(word))
            .map(|(_, span)| (span, true))
            .collect();
        if columns.len() >= LEAST_HEADS {
            for (_, line) in lines.iter().enumerate().filter(|(index, _)| !row.contains(index)) {
                let own = Span::new(line);
                if own.is_in_row(&seed) {
                    columns.extend(
                        line.readings.iter().flat_map(|reading| words(reading, own)).map(|(_, span)| (span, false)),
                    );
                }
            }
            // Boxes of a row below may begin a little above where these end.
            let bottom = f32::midpoint(seed.top, seed.bottom);
            rows.push(Heads { lines: row, columns, bottom });
        }
    }
    rows
}

/// Returns whether a line below heads holds numbers, each in a column of its own, and nothing else that is not technical.
fn is_row(reading: &Reading, line: Span, columns: &[(Span, bool)], technical: &Technical) -> bool {
    if reading.orientation != Orientation::Upright {
        return false;
    }
    let (mut taken, mut rest, mut numbers) = (vec![false; columns.len()], Vec::new(), 0);
    for (word, span) in words(reading, line) {
        let center = |span: &Span| f32::midpoint(span.left, span.right);
        let column = (0..columns.len())
            .filter(|&column| !taken[column] && span.is_under(&columns[column].0))
            .min_by(|&a, &b| {
                let away = |column: usize| (center(&columns[column].0) - center(&span)).abs();
                away(a).total_cmp(&away(b))
            })
            .filter(|&column| columns[column].1 && is_number(word));
        match column {
            Some(column) => {
                taken[column] = true;
                numbers += 1;
            }
            None => rest.push(word),
        }
    }
    let is_named = rest.iter().any(|word| !is_number(word)) && technical.accepts(&rest.join(" ")).is_some();
    numbers > 0 && (rest.is_empty() || is_named)
}

/// Returns whether a word is nothing but signs: `/`, `[`.
fn is_mark(word: &str) -> bool {
    !word.contains(char::is_alphanumeric)
}

/// Returns whether a word is a number as values are written: no leading zeros, at most four digits before the point.
fn is_number(word: &str) -> bool {
    let (whole, decimals) = word.split_once(['.', ',']).unwrap_or((word, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_digits(whole)
        && is_digits(decimals)
        && whole.len() <= DIGITS
        && decimals.len() < DIGITS
        && (whole == "0" || !whole.starts_with('0'))
}

/// Returns the words of a line and about where they stand: characters are taken to be equally wide.
fn words(reading: &Reading, line: Span) -> Vec<(&str, Span)> {
    let text = reading.text.expose();
    #[expect(clippy::cast_precision_loss, reason = "a line has less than 2^24 characters")]
    let at = |byte: usize| {
        let share = text[..byte].chars().count() as f32 / text.chars().count().max(1) as f32;
        line.left + share * (line.right - line.left)
    };
    let words = text.split_whitespace().map(|word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (word, Span { left: at(start), right: at(start + word.len()), ..line })
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::line;
    use super::super::rules::Rules;
    use super::*;

    fn table(cells: &[(&str, [u32; 4])]) -> Vec<bool> {
        let lines: Vec<TextLine> = cells.iter().map(|&(text, rect)| line(text, rect, 0.99)).collect();
        rows(&lines, Rules::embedded().expect("rules").technical())
    }

    const HEADS: [(&str, [u32; 4]); 3] =
        [("Scan", [10, 10, 60, 26]), ("kV mAs", [110, 10, 190, 26]), ("CTDIvol DLP", [200, 10, 330, 26])];

    #[test]
    fn numbers_below_heads_are_values() {
        let row = ("120 263", [110, 32, 180, 48]);
        assert_eq!(table(&[HEADS.as_slice(), &[row]].concat()), [true; 4]);
        let whole = ("CTDI 8.4 120 263 36.26 620.7", [10, 54, 330, 70]);
        assert_eq!(table(&[HEADS.as_slice(), &[row, whole]].concat()), [true; 5]);
    }

    #[test]
    fn what_stands_elsewhere_or_is_no_number_is_no_value() {
        for (text, rect) in [
            ("120 263", [400, 32, 470, 48]),
            ("120 263", [110, 200, 180, 216]),
            ("0263", [110, 32, 150, 48]),
            ("12034", [110, 32, 150, 48]),
            ("120 263 843", [110, 32, 190, 48]),
            ("Doe 120", [10, 32, 150, 48]),
            ("1962-04-03", [110, 32, 190, 48]),
        ] {
            assert_eq!(table(&[HEADS.as_slice(), &[(text, rect)]].concat()), [true, true, true, false], "{text}");
        }
        // Nearer to another word than to a head.
        let id = [HEADS[1], HEADS[2], ("ID", [60, 10, 100, 26])];
        let below = |x: u32| table(&[id.as_slice(), &[("4711", [x, 32, x + 32, 48])]].concat())[3];
        assert!(!below(80) && below(110));
        // Two known words are no row of heads, nor is a row with a third that is none.
        assert_eq!(table(&[HEADS[1], ("120 263", [110, 32, 180, 48])]), [false; 2]);
        assert_eq!(table(&[HEADS[1], ("Name", [10, 10, 60, 26]), ("120 263", [110, 32, 180, 48])]), [false; 3]);
    }
}
