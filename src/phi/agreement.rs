//! Whether two readings of one place say the same.

use super::fold::fold;
use super::identity::is_same_shape;

/// Returns whether `other` is `text` as a recognizer may misread it in another view: with other spaces, with a digit for
/// a letter of its shape, with a comma for a point.
///
/// Never with a letter for a digit: of two readings, the one with the letters is the one that could be a name, so that
/// nothing is taken for harmless because something like it is.
///
/// ```text
/// "DFOV 16.0cm" and "DF0V16.0cm", "Tilt: -0.0" and "Ti1t:-0,0"      the same
/// "111" and "ILL", "MI 1.2" and "MI 1.3"                            not
/// ```
pub(super) fn says_the_same(text: &str, other: &str) -> bool {
    let letters = |text: &str| fold(text).chars.into_iter().filter(|c| !c.is_whitespace()).collect::<Vec<char>>();
    let (text, other) = (letters(text), letters(other));
    let is_same = |(text, other): (&char, &char)| match (*text, *other) {
        (text, other) if text == other => true,
        ('.', ',') | (',', '.') => true,
        (text, other) => text.is_ascii_lowercase() && other.is_ascii_digit() && is_same_shape(text, other),
    };
    text.len() == other.len() && text.iter().zip(&other).all(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_digits_for_letters_are_misread() {
        for (text, other) in [
            ("kv 120", "kv120"),
            ("DFOV 16.0cm", "DF0V16.0cm"),
            ("Tilt: -0.0", "Ti1t:-0.0"),
            ("3.0 mm/1.0sp", "3.0mm/1,0sp"),
            ("Riñón", "RINON"),
        ] {
            assert!(says_the_same(text, other), "{text} {other}");
        }
        for (text, other) in [
            ("111", "ILL"),
            ("MI 1.2", "MI 1.3"),
            ("kv 120", "kv 12"),
            ("SAG", "SMG"),
            ("50", "SO"),
            ("1:20", "1.20"),
            ("Niere", "Nier."),
        ] {
            assert!(!says_the_same(text, other), "{text} {other}");
        }
    }
}
