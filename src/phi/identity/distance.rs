//! Finds a word in a text that was read with errors: a weighted edit distance that knows which shapes are confused.

use super::line::{Edge, Gap, Line, Places, bit, index as class};
use super::shapes::{CONFUSIONS, Clip, Cost, FULL, JOINT, NEVER, Style, clip, limit, substitution};
use std::ops::Range;

/// A mark such as a frame's `|` that is passed over.
const MARK: Cost = 5;

/// What a missing edge costs in a long word: with two of them a word of four letters has to be read right, and one of
/// seven may hold an error.
const NO_EDGE: Cost = 35;

/// What characters of the same shape cost at most.
const SAME_SHAPE: Cost = 25;

/// The most leading zeros that are passed over; identifiers are padded to ten or so.
const MOST_ZEROS: usize = 16;

/// One more than the most full errors that any limit allows.
const MOST_ERRORS: usize = 6;

/// The longest pattern. Names and addresses of this length are told by their parts.
pub const LONGEST: usize = 64;

/// A word as it is searched for. Its `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    letters: Vec<char>,
    style: Style,
    limit: Cost,
    /// Whether a separator may stand before each letter.
    breaks: Vec<bool>,
    /// The characters that may be read for each letter for less than a full error, see [`bit`].
    accepts: Vec<u64>,
    /// For two letters up to this one, what may be read for both; for each letter, which two may be read for it.
    merges: Vec<Vec<(char, Cost)>>,
    splits: Vec<Vec<([char; 2], Cost)>>,
    clip: Clip,
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pattern({:?}, {} characters)", self.style, self.letters.len())
    }
}

impl Pattern {
    /// Makes a pattern of folded letters. In `parts` a separator may stand between any two; [`JOINT`] is no letter.
    #[must_use]
    pub fn new(parts: &[&[char]], style: Style) -> Self {
        let mut letters: Vec<char> = Vec::new();
        let mut breaks = Vec::new();
        for part in parts {
            for (i, &c) in part.iter().enumerate() {
                breaks.push(i == 0 || c == JOINT || part[i - 1] == JOINT);
                letters.push(c);
            }
        }
        letters.truncate(LONGEST);
        breaks.truncate(LONGEST);
        let length = letters.iter().filter(|&&c| c != JOINT).count();
        let has_joint = length < letters.len();
        let mut pattern = Self {
            limit: limit(style, length),
            accepts: vec![0; letters.len()],
            merges: vec![Vec::new(); letters.len()],
            splits: vec![Vec::new(); letters.len()],
            clip: if has_joint { Clip::No } else { clip(style, length) },
            letters,
            style,
            breaks,
        };
        pattern.prepare();
        pattern
    }

    fn prepare(&mut self) {
        // A letter more would make another word of a short one: only umlauts that are written out do.
        let most = match self.style {
            Style::Token => 15,
            Style::Word | Style::Joined => FULL,
            Style::Script | Style::Number | Style::Acronym | Style::Tail => 0,
        };
        for (i, &letter) in self.letters.iter().enumerate() {
            let readings = ('a'..='z').chain('0'..='9').chain(['|', '!', '$', letter]);
            self.accepts[i] |= readings.filter(|&c| substitution(letter, c) < FULL).fold(0, |mask, c| mask | bit(c));
        }
        for &(two, one, cost) in CONFUSIONS.pairs.iter().filter(|pair| pair.2 <= most) {
            for i in 0..self.letters.len() {
                if self.letters[i] == one {
                    self.splits[i].push((two, cost));
                    self.accepts[i] |= bit(two[0]) | bit(two[1]);
                }
                if i > 0 && self.letters[i - 1..=i] == two {
                    self.merges[i].push((one, cost));
                    self.accepts[i - 1] |= bit(one);
                    self.accepts[i] |= bit(one);
                }
            }
        }
    }

    /// Leaves the pattern to be found whole alone, where its parts are patterns of their own or common words.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.clip = Clip::No;
        self
    }

    /// Returns the letters, for comparing them with lists.
    #[must_use]
    pub fn text(&self) -> String {
        self.letters.iter().collect()
    }

    /// Calls `found` with the cells of each place where the pattern lies in a line.
    pub fn search(&self, line: &Line, scratch: &mut Scratch, mut found: impl FnMut(Range<usize>)) {
        if self.letters.is_empty() || line.cells.is_empty() {
            return;
        }
        if self.may_occur(line) && line.places.as_ref().is_none_or(|places| self.may_align(places, line.cells.len())) {
            self.align(line, scratch, &mut |range| {
                let is_short_number = self.style == Style::Number && self.letters.len() <= 3;
                let fits = match self.style {
                    Style::Acronym => line.is_capital(range.start, range.end),
                    _ => !is_short_number || line.stands_alone(range.start, range.end),
                };
                if fits {
                    found(range);
                }
            });
        }
        if let Clip::To(least) = self.clip {
            self.clipped(line, least, &mut found);
        }
    }

    /// Whether few enough letters have nothing in the line that could be read for them.
    fn may_occur(&self, line: &Line) -> bool {
        let is_missing = |(&accepts, &letter): (&u64, &char)| letter != JOINT && accepts & line.mask == 0;
        let missing = self.accepts.iter().zip(&self.letters).filter(|&pair| is_missing(pair)).count();
        missing <= usize::from(self.limit / FULL)
    }

    /// Returns whether the letters occur in their order with few enough full errors, all lesser ones being free.
    ///
    /// Sets of places are moved on letter by letter: those reached with no error, with one, and so on.
    fn may_align(&self, places: &Places, length: usize) -> bool {
        let errors = usize::from(self.limit / FULL).min(MOST_ERRORS - 1);
        let all = if length == 63 { u64::MAX } else { (2 << length) - 1 };
        let at_edges = |cost: &dyn Fn(Edge) -> Cost| {
            let kinds = [Edge::Open, Edge::Case, Edge::Change, Edge::None];
            kinds.into_iter().filter(|&edge| cost(edge) < NEVER).fold(0, |at, edge| at | places.edges[edge as usize])
        };
        let ends = at_edges(&|edge| self.edge_cost(edge));
        let starts = if matches!(self.style, Style::Number | Style::Tail) { all } else { ends };
        let mut own = [0u64; MOST_ERRORS];
        own[..=errors].fill(starts);
        let mut before = [0u64; MOST_ERRORS];
        for (i, &letter) in self.letters.iter().enumerate() {
            let earlier = before;
            before = own;
            let read = if letter == JOINT { all } else { places.read_for[class(letter)] };
            for k in 0..=errors {
                let mut next = (before[k] << 1) & read;
                next |= if letter == JOINT { before[k] } else { 0 };
                for &(c, _) in &self.merges[i] {
                    next |= (earlier[k] << 1) & places.of[class(c)];
                }
                for &(two, _) in &self.splits[i] {
                    next |= (((before[k] << 1) & places.of[class(two[0])]) << 1) & places.of[class(two[1])];
                }
                if k > 0 {
                    next |= before[k - 1] | before[k - 1] << 1 | own[k - 1] << 1;
                }
                if places.marks != 0 {
                    next |= (next << 1) & places.marks;
                }
                own[k] = next & all;
            }
            if own[errors] == 0 {
                return false;
            }
        }
        own[errors] & ends != 0
    }

    fn align(&self, line: &Line, scratch: &mut Scratch, found: &mut dyn FnMut(Range<usize>)) {
        let n = self.letters.len();
        scratch.reset(n + 1);
        let (may_miss, gaps) = (!matches!(self.style, Style::Token | Style::Acronym), self.gap_costs());
        let missing = if may_miss { FULL } else { NEVER };
        let mut best: Option<(Cost, Range<usize>)> = None;
        for j in 0..=line.cells.len() {
            let [own, before, earlier] = scratch.turn();
            own[0] = State { cost: self.start_cost(line, j), start: j };
            let read = j.checked_sub(1).map(|at| line.cells[at]);
            for i in 1..=n {
                let letter = self.letters[i - 1];
                let mut state = own[i - 1].plus(if letter == JOINT { 0 } else { missing });
                if let Some(cell) = read {
                    let gap = if cell.gap == Gap::None { 0 } else { gaps[usize::from(cell.gap == Gap::Point)] };
                    let inner = if i == 1 || self.breaks[i - 1] { 0 } else { gap };
                    state = state.min(before[i - 1].plus(self.substitution(letter, cell.c) + inner));
                    let added = if cell.is_mark { MARK } else { missing + gap };
                    state = state.min(before[i].plus(added));
                    for &(c, cost) in self.merges[i - 1].iter().filter(|merge| merge.0 == cell.c) {
                        debug_assert_eq!(c, cell.c);
                        state = state.min(before[i - 2].plus(cost + inner));
                    }
                    for &(two, cost) in self.splits[i - 1].iter().filter(|split| split.0[1] == cell.c) {
                        if j > 1 && line.cells[j - 2].c == two[0] && cell.gap == Gap::None {
                            state = state.min(earlier[i - 1].plus(cost));
                        }
                    }
                }
                own[i] = state;
            }
            let (cost, start) = (own[n].cost.saturating_add(self.end_cost(line, j)), own[n].start);
            if cost > self.limit || start >= j {
                continue;
            }
            match &mut best {
                Some((least, range)) if start < range.end => {
                    if cost < *least {
                        (*least, *range) = (cost, start..j);
                    }
                }
                _ => {
                    if let Some((_, range)) = best.replace((cost, start..j)) {
                        found(range);
                    }
                }
            }
        }
        if let Some((_, range)) = best {
            found(range);
        }
    }

    /// In a number a letter of the same shape is nothing but the font: the same shape errs each time it occurs.
    fn substitution(&self, letter: char, read: char) -> Cost {
        let cost = substitution(letter, read);
        let is_number = matches!(self.style, Style::Number | Style::Tail);
        if is_number && cost <= SAME_SHAPE { cost / 2 } else { cost }
    }

    /// What a separator costs between two letters of the pattern that has none there: a space or dash, and a point.
    fn gap_costs(&self) -> [Cost; 2] {
        let n = self.letters.len();
        match self.style {
            Style::Token | Style::Joined | Style::Acronym => [NEVER; 2],
            // "SH ART" is no "HART", but "J ANE" may be JANE.
            Style::Word if n <= 5 => [45; 2],
            Style::Word => [10; 2],
            Style::Script | Style::Tail => [0; 2],
            // "47.11" and "4 7 11" are measurements, "123.45" too; "12 975" may be an ID.
            Style::Number if n <= 4 => [NEVER; 2],
            Style::Number if n == 5 => [0, NEVER],
            Style::Number => [0; 2],
        }
    }

    fn start_cost(&self, line: &Line, at: usize) -> Cost {
        let is_number = matches!(self.style, Style::Number | Style::Tail);
        if is_number && line.edges[at] == Edge::None && self.letters[0].is_ascii_digit() {
            // Leading zeros are optional.
            let zeros =
                line.cells[..at].iter().rev().take(MOST_ZEROS).take_while(|cell| matches!(cell.c, '0' | 'o')).count();
            return self.edge_cost(line.edges[at - zeros]);
        }
        self.edge_cost(if self.style == Style::Tail { Edge::Open } else { line.edges[at] })
    }

    fn end_cost(&self, line: &Line, at: usize) -> Cost {
        self.edge_cost(line.edges[at])
    }

    fn edge_cost(&self, edge: Edge) -> Cost {
        match (self.style, edge) {
            (_, Edge::Open) | (Style::Script, _) => 0,
            (Style::Token | Style::Joined | Style::Word, Edge::Case) => 0,
            (Style::Word, Edge::Change) => MARK,
            (Style::Word, Edge::None) => NO_EDGE,
            (Style::Number, _) if self.letters.len() <= 3 => NEVER,
            (Style::Number | Style::Tail, Edge::Case | Edge::Change) => 0,
            // The digits of another, longer number, unless most of it is the same.
            (Style::Number | Style::Tail, Edge::None) if self.letters.len() >= 7 => NO_EDGE,
            (Style::Token | Style::Joined | Style::Acronym | Style::Number | Style::Tail, _) => NEVER,
        }
    }

    /// Looks for the rest of a word of which the line's end or begin cut something off, or both.
    fn clipped(&self, line: &Line, least: usize, found: &mut impl FnMut(Range<usize>)) {
        let (n, m) = (self.letters.len(), line.cells.len());
        let longest = (n - 1).min(m);
        let fits = |letters: Range<usize>, cells: Range<usize>, edge: Edge| {
            // Short rests must be words and be read right but for one shape.
            let needs_edge = letters.len() < 6 && !matches!(self.style, Style::Number);
            if needs_edge && matches!(edge, Edge::Change | Edge::None) {
                return false;
            }
            let limit = if letters.len() < 6 { 25 } else { 50 };
            let mut cost = 0;
            self.letters[letters].iter().zip(&line.cells[cells]).all(|(&letter, cell)| {
                cost += self.substitution(letter, cell.c);
                cost <= limit
            })
        };
        if let Some(kept) = (least..=longest).rev().find(|&kept| fits(0..kept, m - kept..m, line.edges[m - kept])) {
            found(m - kept..m);
        }
        if let Some(kept) = (least..=longest).rev().find(|&kept| fits(n - kept..n, 0..kept, line.edges[kept])) {
            found(0..kept);
        }
        if (least.max(5)..n).contains(&m) && (1..n - m).any(|start| fits(start..start + m, 0..m, Edge::Open)) {
            found(0..m);
        }
    }
}

/// The columns of an alignment, kept between searches.
#[derive(Default)]
pub struct Scratch {
    columns: [Vec<State>; 3],
}

impl Scratch {
    fn reset(&mut self, size: usize) {
        for column in &mut self.columns {
            column.clear();
            column.resize(size, State { cost: NEVER, start: 0 });
        }
    }

    /// Returns the columns of this, the last and the last but one character of the text.
    fn turn(&mut self) -> &mut [Vec<State>; 3] {
        self.columns.rotate_right(1);
        &mut self.columns
    }
}

/// The least cost up to a place, and where that alignment starts.
#[derive(Clone, Copy, Debug)]
struct State {
    cost: Cost,
    start: usize,
}

impl State {
    fn plus(self, cost: Cost) -> Self {
        Self { cost: self.cost.saturating_add(cost), ..self }
    }

    /// Of two equal ones the shorter.
    fn min(self, other: Self) -> Self {
        let is_less = other.cost < self.cost || other.cost == self.cost && other.start > self.start;
        if is_less { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(pattern: &str, style: Style, text: &str) -> bool {
        let letters: Vec<char> = pattern.chars().collect();
        let mut found = false;
        Pattern::new(&[&letters], style).search(&Line::new(text), &mut Scratch::default(), |_| found = true);
        found
    }

    #[test]
    fn all_confusions_are_readable() {
        assert_eq!(substitution('0', 'o'), 25);
        assert_eq!(substitution('x', 'o'), FULL);
        assert!(CONFUSIONS.pairs.len() > 5);
    }

    #[test]
    fn shapes_cost_little_and_other_letters_one() {
        assert!(finds("miller", Style::Word, "M1LLER"));
        assert!(finds("muller", Style::Word, "MUELLER") && finds("mueller", Style::Word, "Müller"));
        assert!(finds("burns", Style::Word, "BUMS") && finds("gross", Style::Word, "GroB"));
        assert!(!finds("long", Style::Word, "LUNG") && !finds("hart", Style::Word, "HEART"));
        assert!(!finds("hart", Style::Word, "SH ART") && finds("jane", Style::Word, "J ANE"));
        assert!(finds("doe", Style::Token, "D0E") && !finds("doe", Style::Token, "DOES"));
        assert!(!finds("ann", Style::Token, "AM") && finds("ase", Style::Token, "AASE"));
    }

    proptest! {
        #[test]
        fn what_cannot_align_is_not_found(word in "[a-jmnor-u0158]{2,9}", edits in prop::collection::vec((0..9usize, 0..8usize), 0..4), style in 0..4usize) {
            const READ: [&str; 8] = ["", "rn", "1", "8", "-", "u", "x", "cl"];
            let style = [Style::Word, Style::Token, Style::Joined, Style::Number][style];
            let letters: Vec<char> = word.chars().collect();
            let mut read: Vec<String> = letters.iter().map(|c| c.to_string()).collect();
            for (at, by) in edits {
                let at = at % read.len();
                read[at] = READ[by].to_owned();
            }
            let joined: [&[char]; 3] = [&letters[..1], &[JOINT], &letters[1..]];
            for pattern in [Pattern::new(&[&letters], style), Pattern::new(&joined, style)] {
                for text in [read.concat(), format!("ab {} z", read.concat())] {
                    let mut line = Line::new(&text);
                    let search = |line: &Line| {
                        let mut found = Vec::new();
                        pattern.search(line, &mut Scratch::default(), |range| found.push(range));
                        found
                    };
                    let filtered = search(&line);
                    line.places = None;
                    prop_assert_eq!(filtered, search(&line), "{} in {}", word, text);
                }
            }
        }
    }

    #[test]
    fn the_best_places_are_found_all_and_once() {
        let mut found = Vec::new();
        let letters: Vec<char> = "miller".chars().collect();
        let line = Line::new("MILLER, MILLER MILER");
        Pattern::new(&[&letters], Style::Word).search(&line, &mut Scratch::default(), |range| found.push(range));
        found.dedup();
        assert!(found.starts_with(&[0..6, 6..12, 12..17]), "{found:?}");
    }
}
