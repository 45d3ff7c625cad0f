//! The readings of a text that patterns look at: plain letters, and digits where letters were read in their place.

use super::super::fold::fold;
use std::borrow::Cow;
use std::ops::Range;

/// A text in ASCII of the same case: diacritics go, compatibility forms and typographic marks become plain ones, and
/// letters of other scripts become [`OTHER`]. Regular expressions run fastest on ASCII.
#[derive(Debug)]
pub struct Plain<'t> {
    raw: &'t str,
    /// The plain text.
    pub text: Cow<'t, str>,
    /// For each of its bytes, where in the raw text the character starts that it comes from; empty if nothing changed.
    origins: Vec<usize>,
}

/// Stands for what has no plain form. It is no letter, no digit and no space.
const OTHER: char = '\u{1}';

impl<'t> Plain<'t> {
    /// Makes a text plain.
    #[must_use]
    pub fn new(raw: &'t str) -> Self {
        if raw.is_ascii() {
            return Self { raw, text: Cow::Borrowed(raw), origins: Vec::new() };
        }
        let (mut text, mut origins) = (String::with_capacity(raw.len()), Vec::with_capacity(raw.len()));
        for (start, c) in raw.char_indices() {
            push_plain(c, &raw[start..start + c.len_utf8()], &mut text);
            origins.resize(text.len(), start);
        }
        Self { raw, text: Cow::Owned(text), origins }
    }

    /// Returns the bytes of the raw text that a part of the plain text comes from.
    #[must_use]
    pub fn raw(&self, part: Range<usize>) -> Range<usize> {
        if self.origins.is_empty() || part.is_empty() {
            return part;
        }
        let last = self.origins[part.end - 1];
        let width = self.raw[last..].chars().next().map_or(0, char::len_utf8);
        self.origins[part.start]..last + width
    }

    /// Returns the text with the digits that letters among digits may have been (`2O13-0l-25`), byte for byte; `None`
    /// if there are no such letters.
    #[must_use]
    pub fn with_digits(&self) -> Option<String> {
        let mut bytes = self.text.as_bytes().to_vec();
        let mut changed = false;
        let mut start = 0;
        while start < bytes.len() {
            let length = bytes[start..].iter().take_while(|byte| is_in_number(**byte)).count();
            let run = &mut bytes[start..start + length];
            // `DOB:` before a number is a word.
            let word = run.iter().position(|byte| is_separator(*byte) || byte.is_ascii_digit()).unwrap_or(0);
            let word = if run.get(word) == Some(&b':') { word } else { 0 };
            changed |= read_digits(&mut run[word..]);
            start += length.max(1);
        }
        changed.then(|| String::from_utf8(bytes).expect("ASCII was put for ASCII"))
    }
}

fn push_plain(c: char, own: &str, text: &mut String) {
    if c.is_ascii() {
        text.push(c);
        return;
    }
    let plain = match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2018}' | '\u{2019}' | '\u{2032}' | '´' => Some('\''),
        '\u{201C}' | '\u{201D}' | '\u{2033}' => Some('"'),
        _ => None,
    };
    if let Some(plain) = plain {
        text.push(plain);
        return;
    }
    for folded in fold(own).chars {
        match folded {
            _ if !folded.is_ascii() => text.push(OTHER),
            _ if c.is_uppercase() => text.push(folded.to_ascii_uppercase()),
            _ => text.push(folded),
        }
    }
}

fn is_in_number(byte: u8) -> bool {
    byte.is_ascii_digit() || digit_like(byte).is_some() || is_separator(byte)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'.' | b'-' | b':')
}

/// Returns the digit that recognizers confuse a character with.
fn digit_like(byte: u8) -> Option<u8> {
    match byte {
        b'O' | b'o' | b'Q' | b'D' => Some(b'0'),
        b'I' | b'l' | b'i' | b'|' | b'!' => Some(b'1'),
        b'Z' | b'z' => Some(b'2'),
        b'S' | b's' => Some(b'5'),
        b'B' => Some(b'8'),
        _ => None,
    }
}

/// Puts digits for the letters of a run of digits, letters like them and separators, if it is a number rather than a
/// word: at least half of its letters and digits are digits. Returns whether it did.
fn read_digits(run: &mut [u8]) -> bool {
    let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
    let separators = run.iter().filter(|byte| is_separator(**byte)).count();
    let letters = run.len() - digits - separators;
    if letters == 0 || letters > digits {
        return false;
    }
    // A letter before or behind a simple number is a mode or a unit (`S2000`, `2D`, `4326s`), but `O` and `I` before it
    // are digits.
    let is_simple = separators < 2;
    let start = usize::from(is_simple && !matches!(run[0], b'O' | b'o' | b'I' | b'i' | b'l' | b'|' | b'!'));
    let end = if is_simple { run.len() - 1 } else { run.len() };
    let mut changed = false;
    for byte in run.get_mut(start..end).unwrap_or_default() {
        if let Some(digit) = digit_like(*byte) {
            *byte = digit;
            changed = true;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_ascii_of_the_same_case() {
        for (raw, plain) in [
            ("MÜLLER, Groß", "MULLER, Gross"),
            ("né(e) le １２", "ne(e) le 12"),
            ("12–05—1942", "12-05-1942"),
            ("姓名：Jane", "\u{1}\u{1}:Jane"),
            ("MI 1.2", "MI 1.2"),
        ] {
            assert_eq!(Plain::new(raw).text, plain);
        }
    }

    #[test]
    fn places_are_those_of_the_raw_text() {
        let plain = Plain::new("xß é山1");
        assert_eq!(plain.text, "xss e\u{1}1");
        assert_eq!(plain.raw(1..2), 1..3);
        assert_eq!(plain.raw(2..3), 1..3);
        assert_eq!(plain.raw(4..7), 4..10);
        assert_eq!(Plain::new("abc").raw(1..3), 1..3);
    }

    #[test]
    fn letters_among_digits_become_digits() {
        for (text, digits) in [
            ("DOB:2O13-0l-25", Some("DOB:2013-01-25")),
            ("O5/I2/194S", Some("05/12/1945")),
            ("4326s", None),
            ("2D", None),
            ("S2000", None),
            ("l234567", Some("1234567")),
            ("D", None),
            ("ISO 100", None),
            ("LOBO 12", None),
        ] {
            assert_eq!(Plain::new(text).with_digits().as_deref(), digits, "{text}");
        }
    }
}
