//! Numbers in a technical line: which are readings of a scale or values of a setting, and which may be a date, a time
//! or an identifier.

/// The group of lines that hold nothing but numbers.
pub(super) const GROUP: &str = "numbers";

/// What stands before and behind a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Neither a setting nor a unit.
    Bare,
    /// Behind a setting, which may take four digits.
    Labeled { wide: bool },
    /// Before a unit.
    Unit,
}

/// A number, fraction or range as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// Where it ends.
    pub end: usize,
    /// Whether it has a decimal point.
    pub decimal: bool,
    /// Digits before the decimal point.
    pub integer_digits: usize,
    /// Its form, and what of its digits decides on it.
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Plain {
        decimals: usize,
        /// A leading zero before a further digit: scales have none, dates and identifiers do.
        padded: bool,
        /// Reads as day and month (`03.09`).
        day_month: bool,
    },
    Fraction {
        parts: usize,
        /// Digits of the longest part.
        longest: usize,
        /// Whether each part has one decimal: frequencies, as 1.7/3.4.
        tenths: bool,
        /// Reads as a date with a year.
        date: bool,
    },
    /// Two numbers with a dash between them.
    Range,
    /// The position of an hour on a clock face.
    Clock,
}

impl Value {
    /// Returns whether it is technical where it stands.
    pub(super) fn is_technical(&self, context: Context) -> bool {
        match self.shape {
            Shape::Plain { decimals, padded, day_month } => match context {
                // Up to three digits: numbers of a scale. Four are a year, a PIN or part of an identifier.
                Context::Bare => {
                    self.integer_digits <= 3 && self.integer_digits + decimals <= 5 && !padded && !day_month
                }
                Context::Labeled { wide } => {
                    decimals <= 3 && self.integer_digits <= if wide || decimals == 1 { 4 } else { 3 }
                }
                // 075Y is an age (PS3.5 6.2, AS), whatever unit its last letter is read as.
                Context::Unit => {
                    decimals <= 3
                        && self.integer_digits <= if self.decimal { 5 } else { 4 }
                        && (self.decimal || !padded)
                }
            },
            Shape::Fraction { parts, longest, tenths, date } => match (parts, context) {
                // A bare pair is a day and month, or a month and year, as well as a page.
                (2, Context::Bare) => tenths && longest <= 2,
                (2, _) => longest <= 3,
                // Positions of filters: 3/2/0. No date is written with one digit a part.
                (3, Context::Bare) => longest == 1 && !self.decimal,
                (4, Context::Bare) => false,
                _ => longest <= 2 && !date,
            },
            // 2-5 is a day and month too.
            Shape::Range => self.decimal || context == Context::Unit,
            Shape::Clock => context != Context::Labeled { wide: true } && context != Context::Labeled { wide: false },
        }
    }

    /// Returns whether it is a whole number that counts against the digits a line may have without a label.
    pub(super) fn is_integer(&self) -> bool {
        matches!(self.shape, Shape::Plain { decimals: 0, .. }) && !self.decimal
    }

    /// Returns whether it is a plain number with a zero before further digits.
    pub(super) fn is_padded(&self) -> bool {
        matches!(self.shape, Shape::Plain { padded: true, .. })
    }

    /// Returns whether it reads as a time, and is technical only beside a unit of clock positions.
    pub(super) fn is_clock(&self) -> bool {
        self.shape == Shape::Clock
    }
}

/// Reads the number, fraction or range that starts at `at` and is not part of a longer one.
pub(super) fn value(chars: &[char], at: usize) -> Option<Value> {
    if at > 0 && chars[at - 1].is_ascii_digit() {
        return None;
    }
    let signed = matches!(chars.get(at), Some('+' | '-' | '\u{2212}'));
    // A sign behind a letter or digit is a dash.
    if signed && at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == ')') {
        return None;
    }
    // What stands behind a decimal point is not a number of its own.
    if at > 1 && matches!(chars[at - 1], '.' | ',') && chars[at - 2].is_ascii_digit() {
        return None;
    }
    let first = plain(chars, at + usize::from(signed))?;
    let read = match chars.get(first.end) {
        Some('/') if starts_number(chars, first.end + 1) => fraction(chars, first)?,
        Some('-' | '\u{2013}') if starts_number(chars, first.end + 1) => {
            let second = plain(chars, first.end + 1)?;
            let fits = first.integer_digits <= 3 && second.integer_digits <= 3 && !signed;
            let decimal = first.decimal && second.decimal;
            fits.then_some(Value { end: second.end, decimal, shape: Shape::Range, ..first })?
        }
        Some(':') if starts_number(chars, first.end + 1) && !signed => clock(chars, at, first)?,
        _ => first,
    };
    let goes_on = matches!(chars.get(read.end), Some('.' | ',' | ':' | '/' | '-' | '\u{2013}' | '_' | '\''))
        && starts_number(chars, read.end + 1);
    (!goes_on).then_some(read)
}

fn starts_number(chars: &[char], at: usize) -> bool {
    chars.get(at).is_some_and(char::is_ascii_digit)
}

/// Reads digits, and a decimal point or comma with digits behind it.
fn plain(chars: &[char], at: usize) -> Option<Value> {
    let digits = |from: usize| chars[from.min(chars.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
    let integer_digits = digits(at);
    let mut end = at + integer_digits;
    let mut decimals = 0;
    if matches!(chars.get(end), Some('.' | ',')) {
        decimals = digits(end + 1);
        end += if decimals > 0 { decimals + 1 } else { 0 };
    }
    if integer_digits + decimals == 0 {
        return None;
    }
    let number = |from: usize, to: usize| chars[from..to].iter().fold(0, |sum, &c| sum * 10 + digit(c));
    let day_month =
        integer_digits == 2 && decimals == 2 && { is_day_month(number(at, at + 2), number(at + 3, at + 5)) };
    let padded = integer_digits > 1 && chars[at] == '0';
    Some(Value { end, decimal: decimals > 0, integer_digits, shape: Shape::Plain { decimals, padded, day_month } })
}

/// Reads the further parts of a fraction such as `22/22`, `3/2/0` or `2.4/2.4`.
fn fraction(chars: &[char], first: Value) -> Option<Value> {
    let mut parts = vec![first];
    let mut end = first.end;
    while chars.get(end) == Some(&'/') && starts_number(chars, end + 1) {
        let part = plain(chars, end + 1)?;
        end = part.end;
        parts.push(part);
        if parts.len() > 4 {
            return None;
        }
    }
    let longest = parts.iter().map(|part| part.integer_digits).max().unwrap_or(0);
    let decimal = parts.iter().any(|part| part.decimal);
    let tenths = parts.iter().all(|part| matches!(part.shape, Shape::Plain { decimals: 1, .. }));
    let numbers: Vec<u32> = parts
        .iter()
        .map(|part| {
            chars[part.end - part.integer_digits.min(part.end)..part.end]
                .iter()
                .fold(0, |n: u32, &c| n.saturating_mul(10).saturating_add(digit(c)))
        })
        .collect();
    let date = parts.len() == 3
        && !decimal
        && (parts[2].integer_digits > 1 && is_day_month(numbers[0], numbers[1])
            || parts[0].integer_digits > 1 && parts[2].integer_digits > 1 && is_day_month(numbers[1], numbers[2]));
    Some(Value {
        end,
        decimal,
        integer_digits: longest,
        shape: Shape::Fraction { parts: parts.len(), longest, tenths, date },
    })
}

/// Reads a full or half hour of a clock face.
fn clock(chars: &[char], at: usize, hour: Value) -> Option<Value> {
    let minutes: String = chars[hour.end + 1..].iter().take_while(|c| c.is_ascii_digit()).collect();
    let is_clock = !hour.decimal
        && hour.integer_digits <= 2
        && (1..=12).contains(&chars[at..hour.end].iter().fold(0, |sum, &c| sum * 10 + digit(c)));
    (is_clock && matches!(minutes.as_str(), "00" | "30")).then_some(Value {
        end: hour.end + 3,
        decimal: false,
        integer_digits: hour.integer_digits,
        shape: Shape::Clock,
    })
}

/// Returns whether two numbers may be a day and a month, in either order.
fn is_day_month(a: u32, b: u32) -> bool {
    let (low, high) = (a.min(b), a.max(b));
    (1..=12).contains(&low) && (1..=31).contains(&high)
}

fn digit(c: char) -> u32 {
    c.to_digit(10).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Value> {
        let chars: Vec<char> = text.chars().collect();
        value(&chars, 0).filter(|value| value.end == chars.len())
    }

    fn technical(text: &str, context: Context) -> bool {
        read(text).is_some_and(|value| value.is_technical(context))
    }

    #[test]
    fn bare_numbers_are_those_of_a_scale() {
        for text in ["0", "14", "200", "-3", "+5", "66.67", ".42", "-.62", "0,9", "120.5", "3/2/0", "1.7/3.4"] {
            assert!(technical(text, Context::Bare), "{text}");
        }
        for text in [
            "1234",
            "12345",
            "007",
            "03.09",
            "12.10",
            "3/2",
            "12/10/62",
            "16/4/1",
            "1/0/1/4",
            "2-5",
            "1.2.3",
            "12.10/13.11",
        ] {
            assert!(!technical(text, Context::Bare), "{text}");
        }
    }

    #[test]
    fn a_label_allows_more_digits_and_fractions_but_no_date() {
        let narrow = Context::Labeled { wide: false };
        for text in ["16/4/1", "22/22", "1/0/1/4", "2.4/2.4", "007", "1234.5", "0.8"] {
            assert!(technical(text, narrow), "{text}");
        }
        for text in ["12/10/62", "62/10/12", "3/14/1962", "1234", "14:23", "3:00"] {
            assert!(!technical(text, narrow), "{text}");
        }
        assert!(technical("3498", Context::Labeled { wide: true }));
        assert!(!technical("34981", Context::Labeled { wide: true }));
    }

    #[test]
    fn a_unit_allows_four_digits_and_ranges() {
        for text in ["1540", "4326", "2-5", "1.8-3.6", "12345.6"] {
            assert!(technical(text, Context::Unit), "{text}");
        }
        assert!(!technical("12345", Context::Unit));
    }

    #[test]
    fn parts_of_longer_numbers_are_none() {
        for text in ["12.10.2020", "14:23:53", "2011-05-25", "3-2-1", "555-1234-5", "1/2/3/4/5"] {
            assert_eq!(read(text), None, "{text}");
        }
        let chars: Vec<char> = "12.5".chars().collect();
        assert_eq!(value(&chars, 1), None);
        assert_eq!(value(&chars, 3), None);
    }
}
