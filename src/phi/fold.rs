//! Text made comparable: lower case, without diacritics, one form of each character.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text folded for comparison, and where each folded character comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The folded characters: lower case, no diacritics, no combining marks; spaces and punctuation are kept.
    pub chars: Vec<char>,
    /// For each of them, the byte offset in the text of the character it comes from; at the end, the text's length.
    pub starts: Vec<usize>,
}

impl Folded {
    /// Returns the bytes of the text that folded characters `start..end` come from.
    #[must_use]
    pub fn bytes(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        // A character may fold to several: go on to the next that comes from further on.
        let behind = self.starts[end.max(1) - 1..].iter().copied().find(|&at| at > self.starts[end.max(1) - 1]);
        self.starts[start]..if end > start {
            behind.unwrap_or(self.starts[self.chars.len()])
        } else {
            self.starts[start]
        }
    }
}

/// Folds a text: compatibility forms (NFKD) become plain ones, case and diacritics go, and Latin letters that do not
/// decompose are written as usual (`ß` as `ss`, `ø` as `o`, `ł` as `l`, `æ` as `ae`). Other scripts stay.
///
/// ```text
/// "MÜLLER-Groß" → "muller-gross"
/// ```
#[must_use]
pub fn fold(text: &str) -> Folded {
    let mut folded = Folded::default();
    for (start, c) in text.char_indices() {
        for c in std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
            let plain = if is_extended_latin(c) { deunicode::deunicode_char(c) } else { None };
            let mut push = |c: char| {
                // `İ` in lower case is `i` and a dot above.
                if !is_combining_mark(c) {
                    folded.chars.push(c);
                    folded.starts.push(start);
                }
            };
            match plain {
                Some(plain) => plain.chars().flat_map(char::to_lowercase).for_each(&mut push),
                None => push(c),
            }
        }
    }
    folded.starts.push(text.len());
    folded
}

/// Returns whether a letter is Latin, but not of ASCII (Latin-1 Supplement to Latin Extended-B, and Additional).
fn is_extended_latin(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}') && c.is_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text).chars.into_iter().collect()
    }

    #[test]
    fn case_and_diacritics_go() {
        for (text, expected) in [
            ("MÜLLER-Groß", "muller-gross"),
            ("Łódź Øre Æble", "lodz ore aeble"),
            ("Þór Đorđe ıİ", "thor dorde ii"),
            ("Ⅳ ﬁn Ａ１", "iv fin a1"),
            ("e\u{301}te", "ete"),
            ("山田^太郎", "山田^太郎"),
        ] {
            assert_eq!(folded(text), expected);
        }
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "xß^ü y";
        let folded = fold(text);
        assert_eq!(folded.chars, ['x', 's', 's', '^', 'u', ' ', 'y']);
        assert_eq!(folded.bytes(1, 3), 1..3);
        assert_eq!(folded.bytes(1, 2), 1..3);
        assert_eq!(&text[folded.bytes(4, 5)], "ü");
        assert_eq!(folded.bytes(0, 7), 0..text.len());
        assert_eq!(folded.bytes(3, 3), 3..3);
    }
}
