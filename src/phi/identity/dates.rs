//! Dates in every order and form, and times of day.

use super::items::{Item, What};
use super::line::is_apostrophe;
use super::rules::{RULES, Use};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::ops::Range;

/// How far the clock in a picture may be from the header's, in seconds. The picture may be taken, and its time be
/// burned in, a moment before the header is written.
const CLOCKS: u32 = 120;

/// The longest gap between the parts of a date, in characters: ".  '" and the like.
const GAP: usize = 4;

/// The longest run of digits that is searched for a date within: two times of 14 digits and some more.
const LONGEST_RUN: usize = 32;

/// What a part of a text says of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Day(i16, i8, i8),
    /// With a year of two digits.
    ShortDay(i16, i8, i8),
    Month(i16, i8),
    ShortMonth(i16, i8),
    /// Without a year, where the month has its name.
    DayOfYear(i8, i8),
}

/// The dates of a header.
#[derive(Default)]
pub struct Calendar {
    terms: BTreeMap<Key, usize>,
}

impl Calendar {
    /// Adds a date of a term. Of equal dates the first term stays.
    pub fn add(&mut self, date: Date, term: usize) {
        let (y, m, d) = (date.year(), date.month(), date.day());
        let short = y.rem_euclid(100);
        for key in [
            Key::Day(y, m, d),
            Key::ShortDay(short, m, d),
            Key::Month(y, m),
            Key::ShortMonth(short, m),
            Key::DayOfYear(m, d),
        ] {
            self.terms.entry(key).or_insert(term);
        }
    }

    /// Calls `found` with the term and the folded characters of each date in a text.
    pub fn find(&self, chars: &[char], items: &[Item], found: &mut impl FnMut(usize, Range<usize>)) {
        if self.terms.is_empty() {
            return;
        }
        for chain in chains(chars, items) {
            for (at, first) in chain.iter().enumerate() {
                for count in 1..=3.min(chain.len() - at) {
                    let parts = &chain[at..at + count];
                    let range = first.range.start..parts[count - 1].range.end;
                    if is_weak(parts) {
                        continue;
                    }
                    for key in keys(parts, era(chars, range.start)) {
                        if let Some(&term) = self.terms.get(&key) {
                            found(term, range.clone());
                        }
                    }
                }
            }
        }
    }
}

/// Returns the numbers and months that stand together, without the small words between them.
fn chains<'a>(chars: &[char], items: &'a [Item]) -> Vec<Vec<&'a Item>> {
    let mut chains: Vec<Vec<&Item>> = Vec::new();
    let mut end = None;
    for item in items {
        let is_joined = end.is_some_and(|end| is_gap(&chars[end..item.range.start]));
        match item.what {
            What::Other => end = None,
            What::Skip => end = is_joined.then_some(item.range.end),
            What::Number { .. } | What::Month(_) => {
                match chains.last_mut().filter(|_| is_joined) {
                    Some(chain) => chain.push(item),
                    None => chains.push(vec![item]),
                }
                end = Some(item.range.end);
            }
        }
    }
    chains
}

fn is_gap(between: &[char]) -> bool {
    let is_separator = |c: char| {
        c.is_whitespace()
            || is_apostrophe(c)
            || matches!(c, '.' | '-' | '/' | ',' | ':' | '_' | '^' | '\\' | '|' | '\u{2010}'..='\u{2015}' | '\u{2212}')
    };
    between.len() <= GAP && between.iter().all(|&c| is_separator(c))
}

/// Returns whether more of the digits are guessed from letters than read.
fn is_weak(parts: &[&Item]) -> bool {
    let (mut all, mut read) = (0, 0);
    for part in parts {
        if let What::Number { digits, real } = &part.what {
            all += digits.len();
            read += real;
        }
    }
    read * 2 < all
}

/// Returns what parts say of a date, in every order.
fn keys(parts: &[&Item], era: Option<i16>) -> Vec<Key> {
    let mut keys = Vec::new();
    let whats: Vec<&What> = parts.iter().map(|part| &part.what).collect();
    match whats.as_slice() {
        [What::Number { digits, .. }] => run(digits, &mut keys),
        // One separator was lost: 25.012013.
        [What::Number { digits: a, .. }, What::Number { digits: b, .. }]
            if a.len() + b.len() == 8 && matches!(a.len(), 2 | 4 | 6) =>
        {
            run(&[a.as_slice(), b].concat(), &mut keys);
        }
        [What::Month(month), What::Number { digits, .. }] | [What::Number { digits, .. }, What::Month(month)] => {
            let of_year =
                |year| if digits.len() == 4 { Key::Month(year, *month) } else { Key::ShortMonth(year, *month) };
            keys.extend(year(digits).map(of_year));
            keys.extend(small(digits).map(|day| Key::DayOfYear(*month, day)));
            // Day and year that run together: Jan252013, JAN2513.
            for years in [2, 4].into_iter().filter(|years| whats[0] == &What::Month(*month) && digits.len() > *years) {
                let (d, y) = digits.split_at(digits.len() - years);
                day(y, Some(*month), d, &mut keys);
            }
        }
        [What::Number { digits: a, .. }, What::Number { digits: b, .. }, What::Number { digits: c, .. }] => {
            for (y, m, d) in [(a, b, c), (c, b, a), (c, a, b), (a, c, b)] {
                day(y, small(m), d, &mut keys);
            }
            if let (Some(offset), Some(year), Some(m), Some(d)) = (era, small(a), small(b), small(c)) {
                keys.push(Key::Day(offset + i16::from(year), m, d));
            }
        }
        [What::Month(month), What::Number { digits: a, .. }, What::Number { digits: b, .. }]
        | [What::Number { digits: a, .. }, What::Month(month), What::Number { digits: b, .. }]
        | [What::Number { digits: a, .. }, What::Number { digits: b, .. }, What::Month(month)] => {
            day(a, Some(*month), b, &mut keys);
            day(b, Some(*month), a, &mut keys);
        }
        _ => {}
    }
    keys
}

/// Adds the date of a year's, a month's and a day's digits.
fn day(y: &[u8], month: Option<i8>, d: &[u8], keys: &mut Vec<Key>) {
    let (Some(year), Some(month), Some(day)) = (year(y), month, small(d)) else { return };
    if y.len() == 2 {
        keys.push(Key::ShortDay(year, month, day));
        return;
    }
    keys.push(Key::Day(year, month, day));
    // The Buddhist calendar of Thailand is 543 years ahead.
    if year > 2400 {
        keys.push(Key::Day(year - 543, month, day));
    }
}

/// Adds the dates of digits without separators.
fn run(digits: &[u8], keys: &mut Vec<Key>) {
    let mut add = |y: &[u8], m: &[u8], d: &[u8]| day(y, small(m), d, keys);
    match digits.len() {
        6 => {
            add(&digits[..2], &digits[2..4], &digits[4..]);
            add(&digits[4..], &digits[2..4], &digits[..2]);
            add(&digits[4..], &digits[..2], &digits[2..4]);
        }
        7 => {
            add(&digits[3..], &digits[1..3], &digits[..1]);
            add(&digits[3..], &digits[..1], &digits[1..3]);
            add(&digits[3..], &digits[..2], &digits[2..3]);
            add(&digits[3..], &digits[2..3], &digits[..2]);
        }
        8..=LONGEST_RUN => {
            for eight in digits.windows(8) {
                add(&eight[..4], &eight[4..6], &eight[6..]);
                add(&eight[4..], &eight[2..4], &eight[..2]);
                add(&eight[4..], &eight[..2], &eight[2..4]);
            }
        }
        _ => {}
    }
}

fn year(digits: &[u8]) -> Option<i16> {
    matches!(digits.len(), 2 | 4).then(|| digits.iter().fold(0, |value, &digit| value * 10 + i16::from(digit)))
}

fn small(digits: &[u8]) -> Option<i8> {
    let value = digits.iter().take(2).fold(0, |value, &digit| value * 10 + i8::try_from(digit).unwrap_or(0));
    (matches!(digits.len(), 1 | 2) && value > 0).then_some(value)
}

/// Returns the year before the first of the Japanese era whose mark stands right before a number.
fn era(chars: &[char], start: usize) -> Option<i16> {
    let before = chars[..start].iter().rev().find(|c| !c.is_whitespace() && **c != '.')?;
    match before {
        'r' | '和' if *before == 'r' || chars[..start].ends_with(&['令', '和']) => Some(2018),
        'h' | '成' => Some(1988),
        's' | '和' => Some(1925),
        't' | '正' => Some(1911),
        _ => None,
    }
}

/// Reads a value of DA, or the date of DT; old forms with separators too. `None` if it says no date.
#[must_use]
pub fn date(value: &str) -> Option<Date> {
    let digits: Vec<u8> = digits(value).collect();
    let eight = digits.get(..8)?;
    Date::new(year(&eight[..4])?, small(&eight[4..6])?, small(&eight[6..])?).ok()
}

/// Reads a value of TM, in seconds of the day. `None` without minutes, and for a time of zeros alone.
#[must_use]
pub fn time(value: &str) -> Option<u32> {
    let whole = value.split('.').next().unwrap_or_default();
    seconds_of(&digits(whole).collect::<Vec<_>>())
}

/// Reads the time of a value of DT.
#[must_use]
pub fn time_of(value: &str) -> Option<u32> {
    let whole = value.split(['.', '+', '-']).next().unwrap_or_default();
    seconds_of(digits(whole).collect::<Vec<_>>().get(8..)?)
}

fn digits(value: &str) -> impl Iterator<Item = u8> {
    value.chars().filter_map(|c| c.to_digit(10)).filter_map(|digit| u8::try_from(digit).ok())
}

fn seconds_of(digits: &[u8]) -> Option<u32> {
    let two = |at: usize| digits.get(at..at + 2).map(|two| u32::from(two[0]) * 10 + u32::from(two[1]));
    let seconds = seconds(two(0)?, two(2)?, two(4).unwrap_or(0))?;
    (seconds > 0).then_some(seconds)
}

fn seconds(hour: u32, minute: u32, second: u32) -> Option<u32> {
    (hour < 24 && minute < 60 && second < 61).then_some(hour * 3600 + minute * 60 + second)
}

/// The times of day of a header.
#[derive(Default)]
pub struct Clock {
    terms: BTreeMap<u32, usize>,
}

impl Clock {
    /// Adds a time of a term, in seconds of the day. Of equal times the first term stays.
    pub fn add(&mut self, seconds: u32, term: usize) {
        self.terms.entry(seconds).or_insert(term);
    }

    /// Calls `found` with the term and the folded characters of each time in a text.
    pub fn find(&self, chars: &[char], items: &[Item], found: &mut impl FnMut(usize, Range<usize>)) {
        if self.terms.is_empty() {
            return;
        }
        for at in 0..items.len() {
            for (range, times) in readings(chars, &items[at..]) {
                let near = times.into_iter().flat_map(|time| self.terms.range(time));
                if let Some(term) = near.map(|(_, &term)| term).min() {
                    found(term, range);
                }
            }
        }
    }
}

/// Returns the times that the items at the begin may say, each with the seconds of the day that it matches.
fn readings(chars: &[char], items: &[Item]) -> Vec<(Range<usize>, Vec<std::ops::RangeInclusive<u32>>)> {
    let mut readings = Vec::new();
    let Some((first, a)) = items.first().and_then(|item| Some((item, number(item)?))) else { return readings };
    if a.len() == 6 {
        readings.extend(reading(chars, first.range.clone(), (&a[..2], &a[2..4], Some(&a[4..])), true));
        return readings;
    }
    let Some((second, b, gap)) = next_number(chars, items, 0) else { return readings };
    let range = first.range.start..items[second].range.end;
    if matches!(gap, Some(':' | ';')) && b.len() == 4 {
        readings.extend(reading(chars, range.clone(), (a, &b[..2], Some(&b[2..])), true));
    }
    let third = next_number(chars, items, second).filter(|next| next.2.is_some());
    if let Some((third, c, _)) = third.filter(|_| gap.is_some()) {
        let whole = first.range.start..items[third].range.end;
        readings.extend(reading(chars, whole, (a, b, Some(c)), true));
        if !readings.is_empty() {
            return readings;
        }
    }
    match gap {
        Some(':' | ';' | 'h') => readings.extend(reading(chars, range, (a, b, None), true)),
        // As a number of hundredths: only the very minute, and not before a unit.
        Some('.') if a.len() == 2 => readings.extend(reading(chars, range, (a, b, None), false)),
        _ => {}
    }
    readings
}

fn number(item: &Item) -> Option<&[u8]> {
    match &item.what {
        What::Number { digits, real } if real * 2 >= digits.len() => Some(digits),
        _ => None,
    }
}

/// Returns the number behind item `at`, and what separates them if that may stand in a time.
fn next_number<'a>(chars: &[char], items: &'a [Item], at: usize) -> Option<(usize, &'a [u8], Option<char>)> {
    let next = (at + 1..items.len().min(at + 3)).find(|&next| number(&items[next]).is_some())?;
    let between = &chars[items[at].range.end..items[next].range.start];
    let mut marks = between.iter().filter(|c| !c.is_whitespace());
    let mark = match (marks.next(), marks.next()) {
        (None, _) if !between.is_empty() => Some(' '),
        (Some(&mark), None) if matches!(mark, ':' | ';' | '.' | 'h' | '-' | '\'') => Some(mark),
        _ => None,
    };
    (between.len() <= GAP).then_some(())?;
    Some((next, number(&items[next])?, mark))
}

/// The digits of an hour, a minute and, if there are any, a second.
type Parts<'a> = (&'a [u8], &'a [u8], Option<&'a [u8]>);

fn reading(
    chars: &[char],
    range: Range<usize>,
    (h, m, s): Parts<'_>,
    is_clear: bool,
) -> Option<(Range<usize>, Vec<std::ops::RangeInclusive<u32>>)> {
    let value = |digits: &[u8]| digits.iter().fold(0, |value, &digit| value * 10 + u32::from(digit));
    if !matches!(h.len(), 1 | 2) || m.len() != 2 || s.is_some_and(|s| s.len() != 2) {
        return None;
    }
    let half = half_of_day(chars, range.end);
    let end = half.map_or(range.end, |(_, end)| end);
    if half.is_none() && !is_clear && !is_free(chars, range.end) {
        return None;
    }
    let hour = value(h);
    let hours = match half {
        Some((is_afternoon, _)) if (1..=12).contains(&hour) => vec![hour % 12 + if is_afternoon { 12 } else { 0 }],
        _ if (1..12).contains(&hour) => vec![hour, hour + 12],
        _ => vec![hour],
    };
    let slack = if is_clear || half.is_some() { CLOCKS } else { 0 };
    let times = hours.into_iter().filter_map(|hour| seconds(hour, value(m), s.map_or(0, value)));
    // Without seconds the whole minute.
    let width = if s.is_some() { 0 } else { 59 };
    let times: Vec<_> = times.map(|time| time.saturating_sub(slack)..=time + width + slack).collect();
    (!times.is_empty()).then_some((range.start..end, times))
}

/// Returns whether AM or PM follows, and where it ends: true for PM.
fn half_of_day(chars: &[char], end: usize) -> Option<(bool, usize)> {
    let mut letters = chars[end..].iter().enumerate().filter(|(_, c)| !c.is_whitespace() && **c != '.').take(3);
    let (first, second) = (letters.next()?, letters.next()?);
    let is_word_end = chars.get(end + second.0 + 1).is_none_or(|c| !c.is_alphabetic());
    let is_half = matches!(first.1, 'a' | 'p') && *second.1 == 'm' && is_word_end;
    is_half.then_some((*first.1 == 'p', end + second.0 + 1))
}

/// Returns whether no unit follows: nothing, or a word that goes with times.
fn is_free(chars: &[char], end: usize) -> bool {
    let word: String =
        chars[end..].iter().skip_while(|c| c.is_whitespace()).take_while(|c| c.is_alphabetic() || **c == '%').collect();
    word.is_empty() || RULES.has(Use::TimeWord, &word)
}
