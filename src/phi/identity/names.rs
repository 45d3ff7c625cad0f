//! The forms in which a person's name is written, in any order.

use super::distance::Pattern;
use super::line::is_apostrophe;
use super::rules::{RULES, Use};
use super::shapes::{JOINT, Style};
use crate::phi::fold::fold;

/// The most words of a name that count. More are no name.
const MOST_WORDS: usize = 12;

/// Family, given and middle name, prefix and suffix, and some more of names that do not keep to them.
const MOST_COMPONENTS: usize = 8;

/// A word of a name.
#[derive(Clone, Debug)]
struct Word {
    letters: Vec<char>,
    /// How many characters it is written with: a syllable of Hangul folds to several.
    length: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Latin,
    /// A title, a particle or a generation: part of joined forms only.
    Particle,
    /// A script without spaces.
    Script,
    /// With digits.
    Number,
}

/// What a name is searched by.
#[derive(Debug, Default)]
pub struct Name {
    /// Patterns of its parts and of its parts joined.
    pub patterns: Vec<Pattern>,
    /// Sets of initials, each sorted by no more than the orders of the name.
    pub initials: Vec<Vec<char>>,
}

/// Returns the forms of a value of PN: component groups by `=`, components by `^`.
#[must_use]
pub fn name(value: &str) -> Name {
    let mut name = Name::default();
    for group in value.split('=').take(3) {
        let components: Vec<Vec<Word>> =
            group.split(['^', ',']).map(words).filter(|words| !words.is_empty()).take(MOST_COMPONENTS).collect();
        name.add(&components);
    }
    name
}

fn words(component: &str) -> Vec<Word> {
    let whole: String = component.chars().filter(|&c| !is_apostrophe(c)).collect();
    whole.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).filter_map(word).take(MOST_WORDS).collect()
}

/// Combining marks belong to the letter before them.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn word(text: &str) -> Option<Word> {
    let folded = fold(text);
    let letters: Vec<char> = folded.chars.into_iter().filter(|c| c.is_alphanumeric()).collect();
    let plain: String = letters.iter().collect();
    if letters.is_empty() || RULES.has(Use::NoIdentity, &plain) {
        return None;
    }
    let kind = if letters.iter().any(char::is_ascii_digit) {
        Kind::Number
    } else if letters.iter().any(|&c| is_unspaced(c)) {
        Kind::Script
    } else if RULES.has(Use::Particle, &plain) {
        Kind::Particle
    } else {
        Kind::Latin
    };
    Some(Word { letters, length: text.chars().filter(|&c| !is_mark(c)).count(), kind })
}

/// Returns whether a letter is of a script that is written without spaces or whose words are one or two characters
/// long: Han, kana, Hangul (and its parts), Thai.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1100}'..='\u{11FF}' | '\u{3040}'..='\u{312F}' | '\u{3400}'..='\u{9FFF}'
        | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Returns the style of a word that is told alone, `None` if it is too short.
#[must_use]
pub fn style_of(length: usize) -> Option<Style> {
    match length {
        0 | 1 => None,
        2 | 3 => Some(Style::Token),
        _ => Some(Style::Word),
    }
}

impl Name {
    fn add(&mut self, components: &[Vec<Word>]) {
        for word in components.iter().flatten() {
            self.add_word(word);
        }
        for component in components.iter().filter(|component| component.len() > 1) {
            self.join(&component.iter().collect::<Vec<_>>(), component.len());
        }
        // Family, given and middle name, and the words of a name without components.
        let first: Vec<&[Word]> = components.iter().take(3).map(Vec::as_slice).collect();
        self.add_joined(&first);
        if let [only] = first.as_slice() {
            let singles: Vec<&[Word]> = only.iter().take(3).map(std::slice::from_ref).collect();
            self.add_joined(&singles);
        }
        self.add_initials(components);
    }

    fn add_word(&mut self, word: &Word) {
        let style = match word.kind {
            Kind::Particle => None,
            Kind::Number => (word.length >= 4).then_some(Style::Number),
            // A family name of one character is told with the given name alone.
            Kind::Script => (word.length >= 2).then_some(Style::Script),
            Kind::Latin => style_of(word.letters.len()),
        };
        self.patterns.extend(style.map(|style| Pattern::new(&[&word.letters], style)));
    }

    /// Adds each two of the components in both orders, and initials with what is too short to be told within others.
    fn add_joined(&mut self, components: &[&[Word]]) {
        for (i, one) in components.iter().enumerate() {
            for (k, other) in components.iter().enumerate() {
                if i == k {
                    continue;
                }
                let both: Vec<&Word> = one.iter().chain(*other).collect();
                self.join(&both, one.len());
                self.add_with_initial(one, other);
            }
        }
        if let [family, given, middle] = components {
            self.join(&family.iter().chain(*given).chain(*middle).collect::<Vec<_>>(), family.len());
            let last: Vec<&Word> = given.iter().chain(*middle).chain(*family).collect();
            self.join(&last, given.len() + middle.len());
        }
    }

    /// `DOEJ` and `JDOE`: a longer family name is found in both by itself.
    fn add_with_initial(&mut self, one: &[Word], other: &[Word]) {
        let [base] = one else { return };
        let Some(initial) = other.first().filter(|word| word.kind == Kind::Latin) else { return };
        if base.kind == Kind::Latin && (2..4).contains(&base.letters.len()) {
            let initial = &initial.letters[..1];
            self.patterns.push(Pattern::new(&[&base.letters, &[JOINT], initial], Style::Joined));
            self.patterns.push(Pattern::new(&[initial, &[JOINT], &base.letters], Style::Joined));
        }
    }

    /// Adds words one behind the other, with a `^` before the word at `joint`; none where that is their number.
    fn join(&mut self, words: &[&Word], joint: usize) {
        let letters: usize = words.iter().map(|word| word.letters.len()).sum();
        let count = |kind: Kind| words.iter().filter(|word| word.kind == kind).count();
        // Particles and titles alone are nobody's name.
        if letters < 3 && count(Kind::Script) == 0 || count(Kind::Particle) == words.len() {
            return;
        }
        let style = match () {
            () if count(Kind::Script) > 0 => Style::Script,
            () if letters < 6 => Style::Joined,
            () => Style::Word,
        };
        // Two letters and a title make no word that is told.
        if style == Style::Joined && words.iter().any(|word| word.kind == Kind::Particle) {
            return;
        }
        let mut parts: Vec<&[char]> = Vec::new();
        for (i, word) in words.iter().enumerate() {
            if i == joint && style != Style::Script {
                parts.push(&[JOINT]);
            }
            parts.push(&word.letters);
        }
        self.patterns.push(Pattern::new(&parts, style));
    }

    fn add_initials(&mut self, components: &[Vec<Word>]) {
        let initial =
            |words: &Vec<Word>| words.iter().find(|word| word.kind == Kind::Latin).map(|word| word.letters[0]);
        let initials: Vec<char> = components.iter().take(3).filter_map(initial).collect();
        match *initials.as_slice() {
            [family, given] => self.initials.extend([vec![family, given], vec![given, family]]),
            [family, given, middle] => self.initials.extend([
                vec![family, given],
                vec![given, family],
                vec![family, given, middle],
                vec![given, middle, family],
            ]),
            _ => {}
        }
    }
}
