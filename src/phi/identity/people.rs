//! Ages and sexes: single letters and small numbers, told by what stands around them.

use super::items::{Item, What};
use super::rules::{RULES, Sex, Unit, Use};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Ages in a smaller unit are told up to this many of it: three years in months, one year in weeks, three months in days.
const LIMITS: [(Unit, i32); 3] = [(Unit::Month, 36), (Unit::Week, 53), (Unit::Day, 92)];

/// No one is older.
const OLDEST: i32 = 130;

/// How many characters may stand between an age and its label, unit or sex.
const GAP: usize = 3;

/// The ages and sexes of a header.
#[derive(Default)]
pub struct People {
    ages: BTreeMap<(Unit, i32), usize>,
    sexes: Vec<(Sex, usize)>,
}

impl People {
    /// Adds a value of AS; returns whether it says an age.
    pub fn add_age(&mut self, value: &str, term: usize) -> bool {
        let Some(age) = age(value) else { return false };
        self.ages.entry(age).or_insert(term);
        true
    }

    /// Adds the ages that follow from a birth date on other dates.
    pub fn add_birth(&mut self, birth: Date, dates: &BTreeSet<Date>, term: usize) {
        for &date in dates.range(birth..) {
            let years = i32::from(date.year()) - i32::from(birth.year());
            let is_before = (date.month(), date.day()) < (birth.month(), birth.day());
            let months =
                years * 12 + i32::from(date.month()) - i32::from(birth.month()) - i32::from(date.day() < birth.day());
            let days = date.duration_since(birth).as_hours() / 24;
            let days = i32::try_from(days).unwrap_or(i32::MAX);
            // Some devices subtract the years alone.
            for age in [years, years - i32::from(is_before)] {
                if (0..=OLDEST).contains(&age) {
                    self.ages.entry((Unit::Year, age)).or_insert(term);
                }
            }
            for ((unit, most), age) in LIMITS.into_iter().zip([months, days / 7, days]) {
                if age <= most {
                    self.ages.entry((unit, age)).or_insert(term);
                }
            }
        }
    }

    /// Adds a value of Patient's Sex; returns whether it says one.
    pub fn add_sex(&mut self, value: &str, term: usize) -> bool {
        let sex = RULES.sexes().iter().find(|sex| sex.code.eq_ignore_ascii_case(value.trim()));
        self.sexes.extend(sex.map(|sex| (sex.clone(), term)));
        sex.is_some()
    }

    /// Calls `found` with the term and the folded characters of each age and sex in a text.
    pub fn find(&self, chars: &[char], items: &[Item], found: &mut impl FnMut(usize, Range<usize>)) {
        if self.ages.is_empty() && self.sexes.is_empty() {
            return;
        }
        for (at, item) in items.iter().enumerate() {
            let around = Around::new(chars, items, at);
            match &item.what {
                What::Number { digits, .. } => self.find_age(digits, &around, found),
                _ => self.find_sex(&around, found),
            }
        }
    }

    fn find_age(&self, digits: &[u8], around: &Around<'_>, found: &mut impl FnMut(usize, Range<usize>)) {
        let Some(number) = small(digits).filter(|_| !around.is_decimal()) else { return };
        let before = around.word(-1);
        let behind = around.word(1);
        let mut add = |unit: Unit, range: Range<usize>| {
            if let Some(&term) = self.ages.get(&(unit, number)) {
                found(term, range);
            }
        };
        let own = around.range();
        // "78DR78" and "78F78" are settings: another number is glued to the unit.
        let is_setting = around.is_glued(2) || around.is_glued_before() || around.is_rate();
        if let Some(unit) = behind.as_deref().and_then(|word| RULES.unit(word)).filter(|_| !is_setting) {
            add(unit, own.start..around.end_of(1));
        }
        if before.as_deref().is_some_and(|word| RULES.has(Use::AgeLabel, word)) {
            add(Unit::Year, around.start_of(-1)..own.end);
        }
        if around.is_bracketed() {
            add(Unit::Year, own.clone());
        }
        if before.as_deref().is_some_and(is_sex) && !around.has_unit() && !around.is_glued(-2) {
            add(Unit::Year, around.start_of(-1)..own.end);
        }
        if behind.as_deref().is_some_and(is_sex) && !around.is_glued(2) && !around.is_glued_before() {
            add(Unit::Year, own.start..around.end_of(1));
        }
    }

    fn find_sex(&self, around: &Around<'_>, found: &mut impl FnMut(usize, Range<usize>)) {
        let Some(own) = around.word(0) else { return };
        for (sex, term) in &self.sexes {
            if sex.words.contains(&own) {
                found(*term, around.range());
            }
            let Some(place) = sex.letters.iter().position(|letter| *letter == own) else { continue };
            if around.is_whole_line()
                || around.is_bracketed()
                || self.has_age(around)
                || place == 0 && around.leads_number()
            {
                found(*term, around.range());
            }
            if around.word(-1).is_some_and(|word| RULES.has(Use::SexLabel, &word)) {
                found(*term, around.start_of(-1)..around.range().end);
            }
        }
    }

    /// Returns whether an age with its unit, or the patient's age, stands beside.
    fn has_age(&self, around: &Around<'_>) -> bool {
        [-1, 1].into_iter().any(|step| {
            let Some(beside) = around.step(step) else { return false };
            let unit = beside.word(0).and_then(|word| RULES.unit(&word));
            // "78Y M": the age stands before its unit. "2D M" is no age.
            if step < 0 && unit == Some(Unit::Year) && beside.step(-1).is_some_and(|age| age.number().is_some()) {
                return !beside.is_glued(1);
            }
            let Some(number) = beside.number().filter(|_| !beside.is_decimal()) else { return false };
            let with_unit = step > 0
                && beside.word(1).is_some_and(|word| RULES.unit(&word) == Some(Unit::Year))
                && !beside.is_glued(2);
            let is_own =
                self.ages.contains_key(&(Unit::Year, number)) && !around.is_glued(-step) && !beside.has_unit_but_sex();
            with_unit || is_own
        })
    }
}

/// Reads a value of AS. Zero of anything but days is no age.
fn age(value: &str) -> Option<(Unit, i32)> {
    let value = value.trim().to_ascii_uppercase();
    let unit = match value.chars().last()? {
        'Y' => Unit::Year,
        'M' => Unit::Month,
        'W' => Unit::Week,
        'D' => Unit::Day,
        digit if digit.is_ascii_digit() => Unit::Year,
        _ => return None,
    };
    let number: i32 = value.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()?;
    (number > 0 || unit == Unit::Day).then_some((unit, number))
}

fn small(digits: &[u8]) -> Option<i32> {
    let is_small = matches!(digits.len(), 1..=3);
    is_small.then(|| digits.iter().fold(0, |value, &digit| value * 10 + i32::from(digit)))
}

fn is_sex(word: &str) -> bool {
    let is_own = |sex: &Sex| sex.letters[0] == word || sex.words.iter().any(|own| own == word);
    RULES.sexes().iter().take(2).any(is_own)
}

/// An item and what stands around it.
struct Around<'a> {
    chars: &'a [char],
    items: &'a [Item],
    at: usize,
}

impl<'a> Around<'a> {
    fn new(chars: &'a [char], items: &'a [Item], at: usize) -> Self {
        Self { chars, items, at }
    }

    fn range(&self) -> Range<usize> {
        self.items[self.at].range.clone()
    }

    /// Returns the item `steps` further, if every gap on the way is a short one.
    fn step(&self, steps: isize) -> Option<Self> {
        let to = self.at.checked_add_signed(steps).filter(|&to| to < self.items.len())?;
        let (from, until) = (self.at.min(to), self.at.max(to));
        let is_near = |pair: &[Item]| {
            let between = &self.chars[pair[0].range.end..pair[1].range.start];
            between.len() <= GAP
                && between.iter().all(|c| {
                    c.is_whitespace() || matches!(c, '.' | ':' | '-' | '/' | '=' | '(' | ')' | '[' | ']' | ',')
                })
        };
        self.items[from..=until].windows(2).all(is_near).then(|| Self::new(self.chars, self.items, to))
    }

    /// Returns the word `steps` further.
    fn word(&self, steps: isize) -> Option<String> {
        let item = self.step(steps)?;
        let is_number = matches!(item.items[item.at].what, What::Number { .. });
        (!is_number).then(|| self.chars[item.range()].iter().collect())
    }

    fn number(&self) -> Option<i32> {
        match &self.items[self.at].what {
            What::Number { digits, .. } => small(digits),
            _ => None,
        }
    }

    fn start_of(&self, steps: isize) -> usize {
        self.step(steps).map_or(self.range().start, |item| item.range().start)
    }

    fn end_of(&self, steps: isize) -> usize {
        self.step(steps).map_or(self.range().end, |item| item.range().end)
    }

    /// Returns whether the item `steps` further, on the way there, touches the one before it.
    fn is_glued(&self, steps: isize) -> bool {
        let Some(to) = self.at.checked_add_signed(steps).filter(|&to| to < self.items.len()) else { return false };
        let (one, other) = if steps > 0 { (to - 1, to) } else { (to, to + 1) };
        self.items[one].range.end == self.items[other].range.start
    }

    fn is_glued_before(&self) -> bool {
        self.is_glued(-1)
    }

    fn char_before(&self) -> Option<char> {
        self.range().start.checked_sub(1).map(|at| self.chars[at])
    }

    fn char_behind(&self) -> Option<char> {
        self.chars.get(self.range().end).copied()
    }

    /// Returns whether the number is a part of a longer one: 1.78, 78.5, -78.
    fn is_decimal(&self) -> bool {
        let Range { start, end } = self.range();
        let is_digit = |at: Option<usize>| at.and_then(|at| self.chars.get(at)).is_some_and(char::is_ascii_digit);
        let before = matches!(self.char_before(), Some('.' | ',')) && is_digit(start.checked_sub(2));
        let behind = matches!(self.char_behind(), Some('.' | ',')) && is_digit(Some(end + 1));
        before || behind || start == 1 && self.char_before() == Some('-')
    }

    /// Returns whether the unit is one of speed: 6 m/s.
    fn is_rate(&self) -> bool {
        self.chars.get(self.end_of(1)) == Some(&'/') && self.chars.get(self.end_of(1) + 1) == Some(&'s')
    }

    fn is_bracketed(&self) -> bool {
        matches!((self.char_before(), self.char_behind()), (Some('('), Some(')')) | (Some('['), Some(']')))
    }

    fn is_whole_line(&self) -> bool {
        self.items.len() == 1
    }

    /// Returns whether a word follows that is no unit of age: "M 60 dB".
    fn has_unit(&self) -> bool {
        self.char_behind() == Some('%') || self.word(1).is_some_and(|word| RULES.unit(&word).is_none())
    }

    fn has_unit_but_sex(&self) -> bool {
        self.has_unit() && !self.word(1).is_some_and(|word| is_sex(&word))
    }

    /// Returns whether the text begins with this letter and a number of two or three digits, as in "M 26".
    fn leads_number(&self) -> bool {
        let Some(next) = self.step(1).filter(|_| self.at == 0) else { return false };
        let gap = &self.chars[self.range().end..next.range().start];
        let is_long = matches!(next.range().len(), 2 | 3) && next.number().is_some_and(|number| number <= OLDEST);
        is_long
            && !gap.is_empty()
            && gap.iter().all(|c| c.is_whitespace() || *c == '/')
            && !next.is_decimal()
            && !next.has_unit()
    }
}
