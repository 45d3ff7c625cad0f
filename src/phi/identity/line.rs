//! A text that was read, ready for comparison: folded, without separators, with the edges of its words.

use super::rules::{RULES, Use};
use crate::phi::fold::{Folded, fold};
use std::ops::Range;
use std::sync::LazyLock;

/// How clearly something begins or ends between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A separator, or an end of the text.
    Open = 0,
    /// Small letters go over to capitals, or a label such as `Name` ends.
    Case = 1,
    /// Letters go over to digits, or back.
    Change = 2,
    /// Nothing tells of an edge.
    None = 3,
}

/// What lies before a character in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nothing.
    None,
    /// Spaces, dashes and other separators.
    Space,
    /// Only a character that also stands within numbers and times: `.`, `,`, `:`, `/`.
    Point,
}

/// A character that is not a separator.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The folded character.
    pub c: char,
    /// Its index in the folded text.
    pub at: usize,
    /// What lies between it and the one before.
    pub gap: Gap,
    /// Whether it is a capital in the text.
    pub is_capital: bool,
    /// Whether it is a mark that may be read for a letter (`|`, `!`, `$`) or be a frame or a separator.
    pub is_mark: bool,
}

/// A text with its cells.
pub struct Line {
    /// The folded text.
    pub folded: Folded,
    /// Its characters but separators.
    pub cells: Vec<Cell>,
    /// The edge before each cell; at the end, that behind the last.
    pub edges: Vec<Edge>,
    /// The characters that occur, see [`bit`].
    pub mask: u64,
    /// For a text of less than 64 cells, where its characters and edges are.
    pub places: Option<Box<Places>>,
}

/// Sets of places in a short text, a bit each; the place of a character is that behind it.
pub struct Places {
    /// Of each character, by [`index`].
    pub of: [u64; CLASSES],
    /// Of what may be read for each character at little cost.
    pub read_for: [u64; CLASSES],
    /// Of marks.
    pub marks: u64,
    /// Of edges of each kind, by its number.
    pub edges: [u64; 4],
}

/// The number of classes of characters.
pub const CLASSES: usize = 64;

impl Places {
    fn new(cells: &[Cell], edges: &[Edge]) -> Option<Box<Self>> {
        if cells.len() >= 64 {
            return None;
        }
        let mut places = Box::new(Self { of: [0; CLASSES], read_for: [0; CLASSES], marks: 0, edges: [0; 4] });
        for (at, cell) in cells.iter().enumerate() {
            let place = 2 << at;
            places.of[index(cell.c)] |= place;
            places.marks |= if cell.is_mark { place } else { 0 };
        }
        for (at, edge) in edges.iter().enumerate() {
            places.edges[*edge as usize] |= 1 << at;
        }
        for (letter, readings) in READINGS.iter().enumerate() {
            places.read_for[letter] = readings.iter().fold(0, |all, &reading| all | places.of[reading]);
        }
        Some(places)
    }
}

/// For each class of characters, those that may be read for it, itself first.
static READINGS: LazyLock<Vec<Vec<usize>>> = LazyLock::new(|| {
    let mut readings: Vec<Vec<usize>> = (0..CLASSES).map(|class| vec![class]).collect();
    for (a, b, _) in RULES.confusions() {
        if let (&[a], &[b]) = (a.as_slice(), b.as_slice()) {
            readings[index(a)].push(index(b));
            readings[index(b)].push(index(a));
        }
    }
    readings
});

/// The longest label before a name that is looked for, in characters.
const LONGEST_LABEL: usize = 12;

static LABELS: LazyLock<Vec<Vec<char>>> =
    LazyLock::new(|| RULES.words(Use::Label).map(|word| word.chars().collect()).collect());

impl Line {
    /// Prepares a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let folded = fold(text);
        let mut cells: Vec<Cell> = Vec::with_capacity(folded.chars.len());
        let mut gap = Gap::None;
        for (at, &c) in folded.chars.iter().enumerate() {
            let is_mark = matches!(c, '|' | '!' | '$');
            if c.is_alphanumeric() || is_mark {
                let is_capital = text[folded.starts[at]..].chars().next().is_some_and(char::is_uppercase);
                cells.push(Cell { c, at, gap, is_capital, is_mark });
                gap = Gap::None;
            } else if !is_apostrophe(c) {
                let is_point = matches!(c, '.' | ',' | ':' | '/') && gap == Gap::None;
                gap = if is_point { Gap::Point } else { Gap::Space };
            }
        }
        let mask = cells.iter().fold(0, |mask, cell| mask | bit(cell.c));
        let edges = edges(&cells);
        let places = Places::new(&cells, &edges);
        Self { folded, cells, edges, mask, places }
    }

    /// Returns the bytes of the text that cells `start..end` come from.
    #[must_use]
    pub fn bytes(&self, start: usize, end: usize) -> Range<usize> {
        self.folded.bytes(self.cells[start].at, self.cells[end - 1].at + 1)
    }

    /// Returns whether cells `start..end` have white space around them, or a label before, and no unit behind.
    #[must_use]
    pub fn stands_alone(&self, start: usize, end: usize) -> bool {
        let chars = &self.folded.chars;
        let mut before = chars[..self.cells[start].at].iter().rev();
        let behind = &chars[self.cells[end - 1].at + 1..];
        let is_free = match before.next() {
            Some(':' | '#' | '=') => before.next().is_none_or(|c| !c.is_ascii_digit()),
            before => before.is_none_or(|c| c.is_whitespace()),
        };
        let next = behind.iter().find(|c| !c.is_whitespace());
        is_free
            && behind.first().is_none_or(|c| c.is_whitespace())
            && next.is_none_or(|c| !c.is_alphabetic() && *c != '%')
    }

    /// Returns whether cells `start..end` are words of their own in capitals only.
    #[must_use]
    pub fn is_capital(&self, start: usize, end: usize) -> bool {
        self.cells[start..end].iter().all(|cell| cell.is_capital || !cell.c.is_alphabetic())
    }
}

/// Returns whether a character is an apostrophe, which is as good as nothing in a name.
#[must_use]
pub fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '`' | '\u{b4}' | '\u{2bc}')
}

/// Returns a bit for a character; others than ASCII letters and digits share theirs.
#[must_use]
pub fn bit(c: char) -> u64 {
    1 << index(c)
}

/// Returns the class of a character, below [`CLASSES`].
#[must_use]
pub const fn index(c: char) -> usize {
    match c {
        'a'..='z' => c as usize - 'a' as usize,
        '0'..='9' => c as usize - '0' as usize + 26,
        _ => 36 + c as usize % 28,
    }
}

fn edges(cells: &[Cell]) -> Vec<Edge> {
    let mut edges = vec![Edge::Open; cells.len() + 1];
    let mut word = 0;
    for j in 1..cells.len() {
        let (before, own) = (cells[j - 1], cells[j]);
        let is_small_ahead = cells.get(j + 1).is_some_and(|next| is_small(next) && next.gap == Gap::None);
        edges[j] = if own.gap != Gap::None || own.is_mark || before.is_mark {
            Edge::Open
        } else if own.is_capital && (is_small(&before) || before.is_capital && is_small_ahead) {
            Edge::Case
        } else if before.c.is_alphabetic() != own.c.is_alphabetic() {
            Edge::Change
        } else if is_label(&cells[word..j]) {
            Edge::Case
        } else {
            Edge::None
        };
        if edges[j] != Edge::None {
            word = j;
        }
    }
    edges
}

fn is_small(cell: &Cell) -> bool {
    cell.c.is_alphabetic() && !cell.is_capital
}

fn is_label(word: &[Cell]) -> bool {
    word.len() <= LONGEST_LABEL
        && LABELS.iter().any(|label| label.len() == word.len() && label.iter().zip(word).all(|(a, b)| *a == b.c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_at_separators_capitals_labels_and_digits() {
        let line = Line::new("a-BcD3NAMEX");
        use Edge::{Case, Change, None, Open};
        assert_eq!(line.edges, [Open, Open, None, Case, Change, Change, None, None, None, Case, Open]);
        assert_eq!(line.bytes(1, 3), 2..4);
    }

    #[test]
    fn gaps_tell_points_from_spaces() {
        let gaps: Vec<Gap> = Line::new("1.2 3. 4o'b").cells.iter().map(|cell| cell.gap).collect();
        assert_eq!(gaps, [Gap::None, Gap::Point, Gap::Space, Gap::Space, Gap::None, Gap::None]);
    }
}
