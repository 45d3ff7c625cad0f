//! What reading one shape for another costs, and how much a word may cost.

use super::rules::RULES;
use std::sync::LazyLock;

/// What an alignment costs, in hundredths of one wrong character.
pub type Cost = u16;

/// One wrong, missing or additional character.
pub const FULL: Cost = 100;

/// More than any limit.
pub const NEVER: Cost = 10_000;

/// Stands for `^` in a pattern.
pub const JOINT: char = '^';

/// What the recognizer reads for `^`, besides nothing and separators.
const JOINT_READ_AS: [char; 6] = ['a', 'w', 'v', 'n', '4', '^'];
const JOINT_MISREAD: Cost = 10;

/// Which characters are read for which others.
pub struct Confusions {
    /// For two ASCII characters, row by row.
    single: Vec<Cost>,
    /// Two characters for one.
    pub pairs: Vec<([char; 2], char, Cost)>,
}

/// The confusions of the rules.
pub static CONFUSIONS: LazyLock<Confusions> = LazyLock::new(|| {
    let mut table = Confusions { single: vec![FULL; 128 * 128], pairs: Vec::new() };
    for c in 0..128 {
        table.single[c * 128 + c] = 0;
    }
    for (a, b, cost) in RULES.confusions() {
        match (a.as_slice(), b.as_slice()) {
            (&[a], &[b]) => {
                for (a, b) in [(a, b), (b, a)] {
                    table.single[index(a, b).expect("a test reads all confusions: they are ASCII")] = *cost;
                }
            }
            (&[a0, a1], &[b]) => table.pairs.push(([a0, a1], b, *cost)),
            _ => unreachable!("a test reads all confusions: one or two characters for one"),
        }
    }
    table
});

fn index(a: char, b: char) -> Option<usize> {
    (a.is_ascii() && b.is_ascii()).then(|| a as usize * 128 + b as usize)
}

/// Returns what reading `b` for `a` costs.
#[must_use]
pub fn substitution(a: char, b: char) -> Cost {
    if a == JOINT {
        return if JOINT_READ_AS.contains(&b) { JOINT_MISREAD } else { FULL };
    }
    index(a, b).map_or(if a == b { 0 } else { FULL }, |index| CONFUSIONS.single[index])
}

/// Returns whether two characters have one shape in bitmap fonts, so that a recognizer takes either.
#[must_use]
pub fn is_same_shape(a: char, b: char) -> bool {
    const SAME_SHAPE: Cost = 25;
    substitution(a, b) <= SAME_SHAPE
}

/// How a pattern may lie in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A word of two or three letters: between edges, no letter more or less.
    Token,
    /// A word that is told anywhere.
    Word,
    /// Words that are only told together, and too short to be told within others.
    Joined,
    /// Ideographs, kana, Hangul: no spaces between words.
    Script,
    /// Digits and letters of an identifier.
    Number,
    /// Three or more capitals that stand for a longer name.
    Acronym,
    /// The last digits of a number that may be written with more before them.
    Tail,
}

/// What may be cut off where a text begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clip {
    /// Nothing.
    No,
    /// The fewest characters that stay.
    To(usize),
}

/// What a word of `length` letters may cost.
#[must_use]
pub fn limit(style: Style, length: usize) -> Cost {
    match (style, length) {
        (Style::Acronym, _) | (Style::Script, ..4) => 0,
        // One of four ideographs is read wrong, as measured (four in five are right).
        (Style::Script, 4..7) => 100,
        (Style::Script, _) => 200,
        // One shape of two letters, or of three that are initials in part; two of more, or a nearer miss.
        (Style::Token, ..3) | (Style::Joined, ..4) => 25,
        (Style::Token | Style::Joined, _) => 50,
        // Two shapes; another digit is another number.
        (Style::Number, ..3) => 0,
        (Style::Number, 3) => 25,
        (Style::Number | Style::Tail, 4) => 50,
        (Style::Number | Style::Tail, 5..=6) => 75,
        (Style::Tail, _) => 50,
        // One wrong digit or some shapes, then in step with the length.
        (Style::Number, 7..=9) => 100,
        (Style::Number, 10..=12) => 150,
        (Style::Number, _) => 200,
        // Shapes only: another letter makes another word (LONG, LUNG).
        (Style::Word, ..=4) => 75,
        // One wrong letter; the recognizer gets one in twenty to fifty wrong.
        (Style::Word, 5..=6) => 100,
        (Style::Word, 7..=9) => 150,
        (Style::Word, 10..=12) => 200,
        (Style::Word, 13..=15) => 250,
        // A fifth of a phrase.
        (Style::Word, _) => u16::try_from(length.min(25)).unwrap_or(25) * 20,
    }
}

/// What a line's end may cut off.
#[must_use]
pub fn clip(style: Style, length: usize) -> Clip {
    match style {
        // Less than four letters, or than two in five, are the begin of too many words.
        Style::Word if length >= 5 => Clip::To((length * 2).div_ceil(5).max(4)),
        Style::Number if length >= 6 => Clip::To((length * 3).div_ceil(5).max(5)),
        _ => Clip::No,
    }
}
