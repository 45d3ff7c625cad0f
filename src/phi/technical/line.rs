//! Whole lines: every way to cut a line into technical tokens, with or without spaces between them.
//!
//! From left to right, each place holds the states in which it can be reached; tokens lead from place to place. A line
//! is technical if a state at its end has what it needs. Rules of gluing keep names from being put together:
//!
//! ```text
//! "tis0.4mi0.8" → tis 0.4 | mi 0.8      "ltkidneylong" → lt | kidney | long      "lian" → none
//! ```

use super::tokens::{Edge, Reader, Token, Weight};
use super::vocabulary::Vocabulary;

/// How many states a place may have. Ordinary lines have up to five; the bound keeps odd ones cheap.
const STATES: usize = 24;

/// How many bare numbers, whole ones among them, and digits of whole ones a line may have: two readings of a scale, but
/// no identifier in groups.
const NUMBERS: u8 = 4;
const INTEGERS: u8 = 2;
const DIGITS: u8 = 4;

/// How many letters with a number (`R3 A2 P16`) a line may have that says nothing clearer.
const LETTER_VALUES: u8 = 3;

/// What stands between two tokens, the strictest sign of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Nothing,
    Space,
    /// Bracket, bullet…
    Soft,
    /// Behind it a single letter is an initial.
    Comma,
    /// Colon, equals sign…
    Colon,
    /// Dash, slash, full stop: between numbers these make dates, telephone numbers and identifiers.
    Hard,
}

/// How far a line was read, and what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    tail: Edge,
    gap: Gap,
    any: bool,
    strong: bool,
    weak: bool,
    logo: bool,
    clock: bool,
    clock_unit: bool,
    markers: u8,
    letter_values: u8,
    numbers: u8,
    integers: u8,
    digits: u8,
    first: Option<usize>,
}

impl State {
    const START: Self = Self {
        tail: Edge::Symbol,
        gap: Gap::Nothing,
        any: false,
        strong: false,
        weak: false,
        logo: false,
        clock: false,
        clock_unit: false,
        markers: 0,
        letter_values: 0,
        numbers: 0,
        integers: 0,
        digits: 0,
        first: None,
    };

    /// Returns the state behind a token, if it may follow.
    fn with(mut self, token: &Token) -> Option<Self> {
        let fits = match self.gap {
            Gap::Nothing => self.tail.joins(token.head),
            Gap::Space | Gap::Soft => true,
            Gap::Comma => token.weight != Weight::Marker,
            Gap::Colon => !(self.tail.is_digit() && token.head.is_digit()) || token.measured,
            Gap::Hard => !(self.tail.is_digit() && token.head.is_digit()),
        };
        match token.weight {
            Weight::Strong => self.strong = true,
            Weight::Mild => {}
            Weight::Weak => self.weak = true,
            Weight::Logo => self.logo = true,
            Weight::Marker => self.markers = self.markers.saturating_add(1),
            Weight::LetterValue => self.letter_values = self.letter_values.saturating_add(1),
            Weight::Number { integer, digits } => {
                self.numbers = self.numbers.saturating_add(1);
                self.integers = self.integers.saturating_add(u8::from(integer));
                self.digits = self.digits.saturating_add(if integer { digits } else { 0 });
            }
            Weight::Clock => self.clock = true,
            Weight::ClockUnit => self.clock_unit = true,
        }
        let few = self.numbers <= NUMBERS && self.integers <= INTEGERS && self.digits <= DIGITS;
        let first = self.first.or(token.rule);
        (fits && few).then_some(Self { tail: token.tail, gap: Gap::Nothing, any: true, first, ..self })
    }

    /// Returns whether the line may end here.
    fn is_technical(&self) -> bool {
        // A letter beside a bare number may be the unit of an age (30 D), and beside a brand an initial (L. Philips).
        let marked = self.markers == 0 || self.markers == 1 && self.numbers == 0 && !self.logo;
        let branded = !self.logo || self.letter_values == 0;
        let clear = !self.weak && marked && branded && self.letter_values <= LETTER_VALUES;
        // Gen is January in Italian.
        let dated = self.logo && self.numbers > 0;
        self.any && (self.strong || clear) && !dated && (!self.clock || self.clock_unit)
    }

    /// Returns whether two states differ in nothing but the first token's rule.
    fn equals(&self, other: &Self) -> bool {
        Self { first: None, ..*self } == Self { first: None, ..*other }
    }
}

/// Reads a folded line; returns the rule of its first token that is not a number, or `None` if it is not technical.
///
/// `form` returns the rule of a token's form.
pub(super) fn read(
    chars: &[char],
    vocabulary: &Vocabulary,
    form: impl Fn(&str) -> Option<usize>,
) -> Option<Option<usize>> {
    let mut places: Vec<Vec<State>> = vec![Vec::new(); chars.len() + 1];
    places[0].push(State::START);
    let mut tokens = Vec::new();
    for at in 0..chars.len() {
        if places[at].is_empty() {
            continue;
        }
        let states = std::mem::take(&mut places[at]);
        for state in &states {
            if let Some(gap) = gap(chars, at, state.tail) {
                reach(&mut places[at + 1], State { gap: state.gap.max(gap), ..*state });
            }
        }
        tokens.clear();
        let mut reader = Reader { chars, at, vocabulary, tokens: &mut tokens };
        reader.read(&form);
        for token in &tokens {
            for state in &states {
                if let Some(state) = state.with(token) {
                    reach(&mut places[token.end], state);
                }
            }
        }
    }
    places[chars.len()].iter().find(|state| state.is_technical()).map(|state| state.first)
}

fn reach(place: &mut Vec<State>, state: State) {
    if place.len() < STATES && !place.iter().any(|own| own.equals(&state)) {
        place.push(state);
    }
}

/// Returns what a character is between tokens; `None` if it must not stand there, as `^` or `@`.
fn gap(chars: &[char], at: usize, tail: Edge) -> Option<Gap> {
    match chars[at] {
        c if c.is_whitespace() => Some(Gap::Space),
        ',' => Some(Gap::Comma),
        ';' | '|' | '(' | ')' | '[' | ']' | '&' | '*' | '+' | '•' | '·' | '®' | '™' | '×' | '±' | '↑' | '↓' | '←'
        | '→' => Some(Gap::Soft),
        // The sign of multiplication, as in 3.2 x 4.1 cm.
        'x' if is_factor(chars, at, tail) && is_before_digit(chars, at) => Some(Gap::Soft),
        ':' | '=' | '<' | '>' | '#' | '≤' | '≥' => Some(Gap::Colon),
        '-' | '\u{2013}' | '\u{2014}' | '\u{2212}' | '/' | '.' => Some(Gap::Hard),
        // Protocols are written as T2_TSE_SAG; image_1 is the name of a file.
        '_' if chars.get(at + 1).is_some_and(|c| c.is_alphabetic()) => Some(Gap::Hard),
        _ => None,
    }
}

/// Returns whether a number before an `x` may be multiplied: 8X77 and 55GX2 are parts of identifiers, 8 x 7,
/// 3.2x4.1 and 3cmx4cm are not.
fn is_factor(chars: &[char], at: usize, tail: Edge) -> bool {
    match tail {
        Edge::Digits { decimal } => decimal || chars[at - 1].is_whitespace(),
        Edge::Unit(_) => chars[at - 1].is_whitespace() || chars[at - 1] == 'm',
        _ => false,
    }
}

fn is_before_digit(chars: &[char], at: usize) -> bool {
    chars[at + 1..].iter().find(|c| !c.is_whitespace()).is_some_and(|c| c.is_ascii_digit() || *c == '.')
}
