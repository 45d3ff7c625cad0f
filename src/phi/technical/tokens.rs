//! The tokens that may start at a place of a line: words, settings with their values, numbers with their units, forms.
//!
//! What may be glued to what is decided here too, so that no name can be put together from technical pieces.

use super::numbers::{self, Context, Value};
use super::vocabulary::{Kind, Match, Meaning, Vocabulary};

/// How many letters a word must have to be glued to another. Shorter pieces make names too easily: SING.
const GLUED: usize = 4;

/// How many letters a word must have to be glued to a number. Shorter words with digits make identifiers.
const NAMED: usize = 3;

/// The longest token that is compared with the forms, in characters.
const FORM: usize = 28;

/// What a token begins or ends with, as far as it matters to what may be glued there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// Letters of a word, and how many the word has.
    Word(usize),
    /// A word that may be glued to long ones, with its letters.
    Glue(usize),
    /// Letters of a shared word, and how many it has.
    Shared(usize),
    /// Letters that are never glued.
    Short,
    /// A unit with its letters.
    Unit(usize),
    /// The name of a setting that has a value, and whether a sign stands between them.
    Name { letters: usize, separated: bool },
    /// The digits of a number with a unit of two letters or more, at its begin.
    Measure,
    /// Digits, and whether they have a decimal point.
    Digits { decimal: bool },
    /// The digit at the end of a form.
    Form,
    /// A sign, or an end of the line.
    Symbol,
}

impl Edge {
    pub(super) fn is_digit(self) -> bool {
        matches!(self, Self::Digits { .. } | Self::Measure | Self::Form)
    }

    /// Returns whether a token may begin with `head` right behind this one.
    pub(super) fn joins(self, head: Self) -> bool {
        match (self, head) {
            (Self::Symbol, _) | (_, Self::Symbol) => true,
            (Self::Word(a), Self::Word(b)) => a >= GLUED && b >= GLUED,
            (Self::Glue(_), Self::Word(letters)) => letters >= GLUED,
            // No name begins as RT and LT do.
            (Self::Glue(2), Self::Shared(letters)) => letters >= GLUED,
            // Names end as RT and LT do (PROBE|RT), but seldom as a longer word.
            (Self::Word(a), Self::Glue(b)) => a > GLUED && b >= NAMED,
            (Self::Glue(a), Self::Measure) => a >= NAMED,
            (Self::Unit(_) | Self::Digits { .. }, Self::Word(letters)) => letters >= GLUED,
            // 12.5cm behind a word or 3cm3cm; 2CFA3 without units is part of an identifier.
            (Self::Word(letters), Self::Measure) => letters >= NAMED,
            (Self::Word(a), Self::Name { letters, .. }) => a >= GLUED && letters >= GLUED,
            (Self::Word(letters), Self::Digits { .. }) => letters >= GLUED,
            (Self::Unit(letters), Self::Measure) => letters >= 2,
            (Self::Unit(unit), Self::Name { letters, separated }) => separated || unit >= 2 && letters >= NAMED,
            (Self::Digits { decimal }, Self::Name { letters, separated }) => {
                separated || letters >= GLUED || decimal && letters >= 2
            }
            (Self::Form, Self::Word(letters)) => letters >= GLUED,
            _ => false,
        }
    }
}

/// What a token says for the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It is technical beyond doubt.
    Strong,
    /// It may stay, but says nothing for a shared word.
    Mild,
    /// It is a shared word.
    Weak,
    /// It is a brand.
    Logo,
    /// A marker.
    Marker,
    /// One letter with a number.
    LetterValue,
    /// A number without label and unit.
    Number { integer: bool, digits: u8 },
    /// A position on a clock face.
    Clock,
    /// What makes such positions likely.
    ClockUnit,
}

/// A token that starts at some place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub end: usize,
    pub head: Edge,
    pub tail: Edge,
    pub weight: Weight,
    pub rule: Option<usize>,
    /// A number with decimal point and unit, which may follow `1:`.
    pub measured: bool,
}

/// Collects the tokens that start at one place.
pub(super) struct Reader<'a, 'b> {
    pub chars: &'a [char],
    pub at: usize,
    pub vocabulary: &'a Vocabulary,
    pub tokens: &'b mut Vec<Token>,
}

impl Reader<'_, '_> {
    pub(super) fn read(&mut self, form: &impl Fn(&str) -> Option<usize>) {
        let mut found = Vec::new();
        self.vocabulary.find(self.chars, self.at, &mut found);
        for entry in &found {
            self.entry(entry);
        }
        self.number();
        self.bracketed_unit();
        self.forms(form);
    }

    /// Adds the tokens that an entry of the vocabulary makes here.
    fn entry(&mut self, entry: &Match<'_>) {
        let shared = entry.meanings.iter().find(|meaning| meaning.kind == Kind::Shared);
        for meaning in entry.meanings {
            match meaning.kind {
                Kind::Word if shared.is_none() => self.word(entry, meaning, Weight::Strong),
                // The name of a value that is shared and short, as mA and Ma, is not a word.
                Kind::Shared if entry.letters >= NAMED || !entry.meanings.iter().any(Meaning::is_setting) => {
                    self.word(entry, meaning, Weight::Weak);
                }
                Kind::Marker => self.word(entry, meaning, Weight::Marker),
                Kind::Logo if shared.is_none() => self.word(entry, meaning, Weight::Logo),
                Kind::Glue => {
                    let edge = Edge::Glue(entry.letters);
                    let weight = if shared.is_some() { Weight::Weak } else { Weight::Strong };
                    self.push(entry.end, (edge, edge), weight, Some(meaning.rule));
                }
                Kind::Setting | Kind::WideSetting | Kind::Measure => {
                    if meaning.kind != Kind::Measure && shared.is_none() && entry.letters >= NAMED {
                        self.word(entry, meaning, Weight::Strong);
                    }
                    self.setting(entry, meaning, shared.is_some());
                }
                Kind::Word
                | Kind::Shared
                | Kind::Logo
                | Kind::Unit
                | Kind::ClockUnit
                | Kind::Behind
                | Kind::Between => {}
            }
        }
    }

    fn word(&mut self, entry: &Match<'_>, meaning: &Meaning, weight: Weight) {
        // A shared word is part of a name as soon as something is glued to it: LEVEN|STEIN.
        let letters = if weight == Weight::Weak {
            Edge::Shared(entry.letters)
        } else if entry.letters >= NAMED {
            Edge::Word(entry.letters)
        } else {
            Edge::Short
        };
        let edge = |c: char| match c {
            c if c.is_ascii_digit() => Edge::Digits { decimal: false },
            c if c.is_alphabetic() => letters,
            _ => Edge::Symbol,
        };
        let edges = (edge(self.chars[self.at]), edge(self.chars[entry.end - 1]));
        self.push(entry.end, edges, weight, Some(meaning.rule));
    }

    /// Adds a setting with each value that may stand behind it.
    fn setting(&mut self, entry: &Match<'_>, meaning: &Meaning, shared: bool) {
        let mut at = skip_spaces(self.chars, self.qualified(entry.end));
        let separated = matches!(self.chars.get(at), Some(':' | '=' | '<' | '>' | '(' | '#' | '~' | '≤' | '≥' | '≈'));
        if separated {
            at = skip_spaces(self.chars, at + 1);
        }
        let Some(value) = numbers::value(self.chars, at) else { return };
        // R 022 is part of an identifier.
        if entry.letters == 1 && value.is_padded() {
            return;
        }
        let name = Edge::Name { letters: entry.letters, separated };
        let weight = if entry.letters > 1 { Weight::Strong } else { Weight::LetterValue };
        let wide = meaning.kind == Kind::WideSetting;
        // Short names right before three digits are identifiers, rooms or beds: A578, PST709.
        let glued = entry.end == at && entry.letters < GLUED;
        let plain = value.decimal || !glued || value.integer_digits <= 2;
        let labeled = value.is_technical(Context::Labeled { wide }) && plain;
        if labeled && (meaning.kind != Kind::Measure || value.decimal) {
            let tail = Edge::Digits { decimal: value.decimal };
            // A surname with an age: RAO 95.
            let aged = shared && !separated && value.is_integer() && value.integer_digits <= 2;
            let weight = if aged { Weight::Weak } else { weight };
            self.push(value.end, (name, tail), weight, Some(meaning.rule));
        }
        if value.is_technical(Context::Unit) && !value.is_clock() {
            let weight = if weight == Weight::Strong { Weight::Strong } else { Weight::Mild };
            for (end, tail, _) in self.units(value) {
                self.push(end, (name, tail), weight, Some(meaning.rule));
            }
        }
    }

    /// Returns where a name ends with what stands in brackets behind it, as in `FL (Hadlock) 3.4 cm`.
    fn qualified(&self, end: usize) -> usize {
        let open = skip_spaces(self.chars, end);
        if self.chars.get(open) != Some(&'(') {
            return end;
        }
        let mut found = Vec::new();
        self.vocabulary.find(self.chars, open + 1, &mut found);
        let closed = found.iter().find(|entry| self.chars.get(entry.end) == Some(&')') && entry.letters >= NAMED);
        closed.map_or(end, |entry| entry.end + 1)
    }

    /// Adds the number that starts here, with each unit that may follow.
    fn number(&mut self) {
        let Some(value) = numbers::value(self.chars, self.at) else { return };
        let head = Edge::Digits { decimal: value.decimal };
        let tail = Edge::Digits { decimal: value.decimal };
        let weight = match value.is_clock() {
            true => Weight::Clock,
            false => {
                let digits = u8::try_from(value.integer_digits).unwrap_or(u8::MAX);
                Weight::Number { integer: value.is_integer(), digits }
            }
        };
        if value.is_technical(Context::Bare) {
            self.push(value.end, (head, tail), weight, None);
        }
        if !value.is_technical(Context::Unit) {
            return;
        }
        for (end, tail, unit) in self.units(value) {
            let weight = match (value.is_clock(), unit.kind) {
                (_, Kind::ClockUnit) => Weight::ClockUnit,
                (true, _) => continue,
                (false, _) => Weight::Mild,
            };
            let measured = value.decimal && matches!(tail, Edge::Unit(2..) | Edge::Symbol);
            let head = if matches!(tail, Edge::Unit(2..)) { Edge::Measure } else { head };
            self.tokens.push(Token { end, head, tail, weight, rule: Some(unit.rule), measured });
        }
        self.behind(value, head);
    }

    /// Adds a number with the setting that an old console prints behind it, and perhaps the number again.
    fn behind(&mut self, value: Value, head: Edge) {
        if !value.is_integer() || value.integer_digits > 3 {
            return;
        }
        let mut found = Vec::new();
        self.vocabulary.find(self.chars, value.end, &mut found);
        for entry in &found {
            for meaning in entry.meanings {
                let again = || numbers::value(self.chars, entry.end).filter(|again| self.is_again(value, *again));
                match meaning.kind {
                    Kind::Behind if !self.chars.get(entry.end).is_some_and(|c| c.is_alphanumeric()) => {
                        self.push(entry.end, (head, Edge::Short), Weight::Mild, Some(meaning.rule));
                    }
                    Kind::Between => {
                        if let Some(again) = again() {
                            let tail = Edge::Form;
                            self.push(again.end, (head, tail), Weight::Mild, Some(meaning.rule));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Returns whether a number may be a further reading of the same value: no more than 5 apart. Both halves of an
    /// identifier seldom are.
    fn is_again(&self, first: Value, again: Value) -> bool {
        let number = |end: usize, digits: usize| {
            self.chars[end - digits..end]
                .iter()
                .filter_map(|c| c.to_digit(10))
                .fold(0, |sum: i32, digit| sum.saturating_mul(10).saturating_add(i32::try_from(digit).unwrap_or(0)))
        };
        again.is_integer()
            && again.integer_digits == first.integer_digits
            && (2..=3).contains(&first.integer_digits)
            && (number(first.end, first.integer_digits) - number(again.end, again.integer_digits)).abs() <= 5
    }

    /// Adds a unit in brackets, as at the end of a scale.
    fn bracketed_unit(&mut self) {
        let close = match self.chars[self.at] {
            '[' => ']',
            '(' => ')',
            _ => return,
        };
        let mut found = Vec::new();
        self.vocabulary.find(self.chars, self.at + 1, &mut found);
        for entry in &found {
            // One letter in brackets is a sex: [M].
            let closed = self.chars.get(entry.end) == Some(&close) && entry.letters >= 2;
            if let Some(unit) = entry.meanings.iter().find(|meaning| closed && meaning.kind == Kind::Unit) {
                self.push(entry.end + 1, (Edge::Symbol, Edge::Symbol), Weight::Mild, Some(unit.rule));
            }
        }
    }

    /// Adds each form that starts here, at the start of a token.
    fn forms(&mut self, form: &impl Fn(&str) -> Option<usize>) {
        let starts = self.at == 0 || !self.chars[self.at - 1].is_alphanumeric() && self.chars[self.at - 1] != '.';
        if !starts || !self.chars[self.at].is_alphanumeric() {
            return;
        }
        let rest = &self.chars[self.at..(self.at + FORM).min(self.chars.len())];
        // A form has letters and digits: without a digit near there is nothing to compare.
        if !rest.iter().any(char::is_ascii_digit) {
            return;
        }
        let mut token = String::with_capacity(FORM);
        for (place, &c) in rest.iter().enumerate() {
            token.push(c);
            let end = self.at + place + 1;
            let (here, next) = (c, self.chars.get(end).copied().unwrap_or(' '));
            // It ends where a token ends, or where letters are glued to its last digit.
            let ends =
                here.is_alphanumeric() && !next.is_alphanumeric() || here.is_ascii_digit() && next.is_alphabetic();
            if !ends || place == 0 {
                continue;
            }
            if let Some(rule) = form(&token) {
                let tail = if here.is_ascii_digit() { Edge::Form } else { Edge::Short };
                self.push(end, (Edge::Form, tail), Weight::Mild, Some(rule));
            }
        }
    }

    /// Returns each unit behind a value: its end, its edge and meaning.
    fn units(&self, value: Value) -> Vec<(usize, Edge, Meaning)> {
        let mut found = Vec::new();
        self.vocabulary.find(self.chars, skip_spaces(self.chars, value.end), &mut found);
        let mut units = Vec::new();
        for entry in found {
            let edge = match self.chars[entry.end - 1] {
                c if c.is_alphabetic() => Edge::Unit(entry.letters),
                c if c.is_ascii_digit() => Edge::Digits { decimal: false },
                _ => Edge::Symbol,
            };
            let unit = entry.meanings.iter().find(|meaning| matches!(meaning.kind, Kind::Unit | Kind::ClockUnit));
            units.extend(unit.map(|&meaning| (entry.end, edge, meaning)));
        }
        units
    }

    fn push(&mut self, end: usize, (head, tail): (Edge, Edge), weight: Weight, rule: Option<usize>) {
        self.tokens.push(Token { end, head, tail, weight, rule, measured: false });
    }
}

/// Skips up to two spaces: more part columns, not a value from its unit.
fn skip_spaces(chars: &[char], at: usize) -> usize {
    at + chars[at.min(chars.len())..].iter().take(2).take_while(|c| c.is_whitespace()).count()
}
