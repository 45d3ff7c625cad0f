//! Numbers, month names and other words of a text, in order: what dates, times and ages are made of.

use super::rules::{RULES, Use};
use std::ops::Range;
use std::sync::LazyLock;

/// What stands at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Digits, and how many of them were read as such.
    Number {
        /// Their values.
        digits: Vec<u8>,
        /// How many were digits in the text, not letters of the same shape.
        real: usize,
    },
    /// A month's name.
    Month(i8),
    /// An ordinal, a weekday or a small word.
    Skip,
    /// Any other word.
    Other,
}

/// A number or word and the folded characters it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub what: What,
    /// Where it stands.
    pub range: Range<usize>,
}

/// The longest word that is looked at for a month.
const LONGEST_WORD: usize = 24;

/// Returns the items of folded characters; if `lenient`, letters in the shape of digits count as these.
#[must_use]
pub fn items(chars: &[char], lenient: bool) -> Vec<Item> {
    let mut items = Vec::new();
    let mut start = 0;
    let is_token = |c: char| c.is_alphanumeric() || lenient && matches!(c, '|' | '!' | '$');
    while start < chars.len() {
        if !is_token(chars[start]) {
            start += 1;
            continue;
        }
        let end = (start..chars.len()).find(|&at| !is_token(chars[at])).unwrap_or(chars.len());
        if !(lenient && lenient_token(chars, start..end, &mut items)) {
            strict_token(chars, start..end, &mut items);
        }
        start = end;
    }
    items
}

/// Splits a token into its digits and its letters.
fn strict_token(chars: &[char], token: Range<usize>, items: &mut Vec<Item>) {
    let mut start = token.start;
    while start < token.end {
        let kind = chars[start].is_ascii_digit();
        let is_other =
            |&at: &usize| chars[at].is_ascii_digit() != kind || is_calendar(chars[at]) != is_calendar(chars[start]);
        let end = (start + 1..token.end).find(is_other).unwrap_or(token.end);
        if kind {
            let digits: Vec<u8> = chars[start..end].iter().filter_map(|&c| digit(c)).collect();
            let real = digits.len();
            items.push(Item { what: What::Number { digits, real }, range: start..end });
        } else {
            letters(chars, start..end, items);
        }
        start = end;
    }
}

/// Marks of the parts of a Japanese or Chinese date; each stands for itself, whatever follows.
fn is_calendar(c: char) -> bool {
    matches!(c, '年' | '月' | '日')
}

fn letters(chars: &[char], range: Range<usize>, items: &mut Vec<Item>) {
    let what = |range: Range<usize>| -> Option<What> {
        let word: String = chars[range].iter().collect();
        RULES.month(&word).map(What::Month).or_else(|| RULES.has(Use::DateSkip, &word).then_some(What::Skip))
    };
    let own = &chars[range.clone()];
    let begins = |(name, _): &&(Vec<char>, i8)| own.starts_with(name);
    let ends = |(name, _): &&(Vec<char>, i8)| own.ends_with(name);
    if range.len() > LONGEST_WORD {
        items.push(Item { what: What::Other, range });
        return;
    }
    if let Some(what) = what(range.clone()) {
        items.push(Item { what, range });
        return;
    }
    // A month with a label or a weekday before it, or a small word behind: "DOBJAN", "FRIJAN", "MAIDE".
    if let Some((name, month)) = MONTHS.iter().find(ends) {
        let at = range.end - name.len();
        items.push(Item { what: what(range.start..at).unwrap_or(What::Other), range: range.start..at });
        items.push(Item { what: What::Month(*month), range: at..range.end });
    } else if let Some((name, month)) = MONTHS.iter().find(begins) {
        let at = range.start + name.len();
        items.push(Item { what: What::Month(*month), range: range.start..at });
        items.push(Item { what: what(at..range.end).unwrap_or(What::Other), range: at..range.end });
    } else {
        items.push(Item { what: What::Other, range });
    }
}

/// The names of months, the longest first.
static MONTHS: LazyLock<Vec<(Vec<char>, i8)>> = LazyLock::new(|| {
    let mut months: Vec<(Vec<char>, i8)> =
        RULES.months().map(|(name, month)| (name.chars().collect(), month)).collect();
    months.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    months
});

/// The same with letters as digits of the same shape.
static SHAPES: LazyLock<Vec<(Vec<char>, i8)>> =
    LazyLock::new(|| MONTHS.iter().map(|(name, month)| (name.iter().map(|&c| shape(c)).collect(), *month)).collect());

/// Reads a token with letters as digits; returns whether it made anything of it.
fn lenient_token(chars: &[char], token: Range<usize>, items: &mut Vec<Item>) -> bool {
    let own = &chars[token.clone()];
    if own.iter().all(char::is_ascii_digit) {
        return false;
    }
    let real = own.iter().filter(|c| c.is_ascii_digit()).count();
    if own.iter().all(|&c| digit(c).is_some()) {
        // "lO" may be 10; longer words without any digit are words.
        if real == 0 && own.len() > 2 {
            return false;
        }
        let digits = own.iter().filter_map(|&c| digit(c)).collect();
        items.push(Item { what: What::Number { digits, real }, range: token });
        return true;
    }
    if own.len() > LONGEST_WORD {
        return false;
    }
    let shapes: Vec<char> = own.iter().map(|&c| shape(c)).collect();
    for (name, month) in SHAPES.iter().filter(|(name, _)| name.len() <= shapes.len()) {
        for at in 0..=shapes.len() - name.len() {
            let (before, behind) = (&own[..at], &own[at + name.len()..]);
            let is_month = shapes[at..at + name.len()] == *name;
            // The shapes of "ago" are those of 460: one letter must be itself.
            let has_letter = own[at..at + name.len()].iter().any(|c| c.is_alphabetic());
            if is_month && has_letter && [before, behind].iter().all(|part| part.iter().all(|&c| digit(c).is_some())) {
                let start = token.start + at;
                push_digits(before, token.start, items);
                items.push(Item { what: What::Month(*month), range: start..start + name.len() });
                push_digits(behind, start + name.len(), items);
                return true;
            }
        }
    }
    false
}

fn push_digits(chars: &[char], start: usize, items: &mut Vec<Item>) {
    if !chars.is_empty() {
        let digits = chars.iter().filter_map(|&c| digit(c)).collect();
        let real = chars.iter().filter(|c| c.is_ascii_digit()).count();
        items.push(Item { what: What::Number { digits, real }, range: start..start + chars.len() });
    }
}

/// Returns the digit that a character is or has the shape of.
#[must_use]
pub fn digit(c: char) -> Option<u8> {
    Some(match c {
        '0'..='9' => return u8::try_from(u32::from(c) - u32::from('0')).ok(),
        'o' | 'd' | 'q' => 0,
        'i' | 'l' | '|' | '!' | 'j' => 1,
        'z' => 2,
        'a' => 4,
        's' | '$' => 5,
        'g' => 6,
        't' => 7,
        'b' => 8,
        _ => return None,
    })
}

fn shape(c: char) -> char {
    digit(c).map_or(c, |digit| char::from(b'0' + digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(text: &str, lenient: bool) -> Vec<What> {
        items(&text.chars().collect::<Vec<_>>(), lenient).into_iter().map(|item| item.what).collect()
    }

    fn number(digits: &[u8], real: usize) -> What {
        What::Number { digits: digits.to_vec(), real }
    }

    #[test]
    fn tokens_fall_into_numbers_and_months() {
        assert_eq!(whats("25jan13", false), [number(&[2, 5], 2), What::Month(1), number(&[1, 3], 2)]);
        assert_eq!(whats("dob12", false), [What::Other, number(&[1, 2], 2)]);
        assert_eq!(whats("1er mai", false), [number(&[1], 1), What::Skip, What::Month(5)]);
        assert_eq!(whats("frijan", false), [What::Skip, What::Month(1)]);
        assert_eq!(whats("3月4日", false), [number(&[3], 1), What::Skip, number(&[4], 1), What::Skip]);
    }

    #[test]
    fn letters_in_the_shape_of_digits_are_read_as_these() {
        assert_eq!(whats("2o13", true), [number(&[2, 0, 1, 3], 3)]);
        assert_eq!(whats("0ct", true), [What::Month(10)]);
        assert_eq!(whats("3ju1z0", true), [number(&[3], 1), What::Month(7), number(&[2, 0], 1)]);
        assert_eq!(whats("solid", true), [What::Other]);
    }
}
