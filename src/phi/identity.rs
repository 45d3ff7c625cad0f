//! The terms by which a header's patient, study and site can be recognized, and their search in text that was read.
//!
//! Reading drops spaces and takes one shape for another, and text is clipped at the edges of boxes. So names are told in
//! any order, identifiers with any separators, dates in every form, all with the errors of recognizers. What the words
//! and errors are is data, `identity.toml`. What a hit means is for the policy to say.

mod dates;
mod distance;
mod items;
mod line;
mod names;
mod people;
mod places;
mod rules;
mod shapes;
#[cfg(test)]
mod tests;

use crate::attribute::Attribute;
use dates::{Calendar, Clock};
use distance::{Pattern, Scratch};
use line::Line;
use people::People;
use rules::{RULES, Use, plain};
use serde::Deserialize;
pub(super) use shapes::is_same_shape;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What a term is, and so how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// A person's name.
    PersonName,
    /// A number or code of a person, a visit or an order.
    Id,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A date with a time of day.
    DateTime,
    /// An age.
    Age,
    /// A sex.
    Sex,
    /// A telephone number or another way to reach a person.
    Phone,
    /// An institution, department, address, city, country or service; group, rank, occupation and belief.
    Place,
    /// A station's name or a device's serial number.
    Device,
}

/// A value of the header that identifies. Its `Debug` shows no value.
#[derive(Clone, Debug)]
pub struct Term {
    /// Group and element number of the attribute.
    pub tag: (u16, u16),
    /// The attribute's keyword.
    pub keyword: String,
    /// How it is compared.
    pub kind: TermKind,
    patterns: Vec<Pattern>,
    initials: Initials,
}

/// Sets of initials.
#[derive(Clone, Default)]
struct Initials(Vec<Vec<char>>);

impl std::fmt::Debug for Initials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} sets", self.0.len())
    }
}

/// A place in a text that says what a term says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityHit {
    /// Bytes of the searched text, between characters.
    pub range: Range<usize>,
    /// Index of the term in [`Identity::terms`].
    pub term: usize,
}

/// The identity terms of a header. Its `Debug` shows counts alone.
#[derive(Default)]
pub struct Identity {
    terms: Vec<Term>,
    /// The terms that have patterns or initials: all but the thousands of moments of an enhanced multi-frame header.
    searched: Vec<usize>,
    calendar: Calendar,
    clock: Clock,
    people: People,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({} terms)", self.terms.len())
    }
}

impl Identity {
    /// Takes the identity terms among the attributes of a header.
    ///
    /// Values that say nothing, such as `ANONYMOUS` or a date of zeros, are left out. Terms stand in the order of their
    /// tags; of equal values of one kind the first stays.
    pub fn new(attributes: impl IntoIterator<Item = Attribute>) -> Self {
        let kept = attributes.into_iter().filter_map(|attribute| Some((RULES.kind_of(&attribute)?, attribute)));
        let mut kept: Vec<(TermKind, Attribute)> = kept.collect();
        kept.sort_by(|a, b| a.1.cmp(&b.1));
        let mut identity = Self::default();
        let mut known: BTreeMap<(TermKind, String), Option<usize>> = BTreeMap::new();
        let (mut births, mut dates) = (BTreeMap::new(), BTreeSet::new());
        for (kind, attribute) in kept {
            let value = attribute.value.expose().trim();
            if !identifies(value, kind) {
                continue;
            }
            let term = *known.entry((kind, value.to_owned())).or_insert_with(|| identity.add(kind, value, &attribute));
            let is_day = matches!(kind, TermKind::Date | TermKind::DateTime);
            let (Some(date), Some(term)) = (dates::date(value).filter(|_| is_day), term) else { continue };
            // The birth and the study may be of one day.
            if attribute.keyword.contains("BirthDate") {
                births.entry(date).or_insert(term);
            } else {
                dates.insert(date);
            }
        }
        for (birth, term) in births {
            identity.people.add_birth(birth, &dates, term);
        }
        identity
    }

    /// Returns an identity without any term.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns the terms, in the order of their tags.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Returns where a text says what a term says, for every term, in the order of the places, then of the terms.
    ///
    /// Places of one term do not overlap.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<IdentityHit> {
        let line = Line::new(text);
        let mut hits = Vec::new();
        let mut scratch = Scratch::default();
        for (term, own) in self.searched.iter().map(|&term| (term, &self.terms[term])) {
            for pattern in &own.patterns {
                let mut found =
                    |range: Range<usize>| hits.push(IdentityHit { range: line.bytes(range.start, range.end), term });
                pattern.search(&line, &mut scratch, &mut found);
            }
            if !own.initials.0.is_empty() && is_initials(&line, &own.initials.0) {
                hits.push(IdentityHit { range: line.bytes(0, line.cells.len()), term });
            }
        }
        let chars = &line.folded.chars;
        let mut found = |term, range: Range<usize>| {
            hits.push(IdentityHit { range: line.folded.bytes(range.start, range.end), term });
        };
        let strict = items::items(chars, false);
        self.people.find(chars, &strict, &mut found);
        // At least half of the digits of a date or time must be read as such.
        if chars.iter().any(char::is_ascii_digit) {
            let lenient = items::items(chars, true);
            for items in [&strict, &lenient] {
                self.calendar.find(chars, items, &mut found);
                self.clock.find(chars, items, &mut found);
            }
        }
        merge(hits)
    }

    /// Adds a term if something in its value can be searched, and returns its index.
    fn add(&mut self, kind: TermKind, value: &str, attribute: &Attribute) -> Option<usize> {
        let term = self.terms.len();
        let name = if kind == TermKind::PersonName { names::name(value) } else { names::Name::default() };
        let mut patterns = match kind {
            TermKind::Id => places::identifier(value),
            TermKind::Phone => places::phone(value),
            TermKind::Place => places::place(value),
            TermKind::Device => places::device(value),
            _ => name.patterns,
        };
        let initials = name.initials;
        let is_searched = match kind {
            TermKind::PersonName | TermKind::Id | TermKind::Phone | TermKind::Place | TermKind::Device => false,
            TermKind::Date => self.add_date(value, term),
            TermKind::Time => self.add_time(dates::time(value), term),
            TermKind::DateTime => self.add_date(value, term) | self.add_time(dates::time_of(value), term),
            TermKind::Age => self.people.add_age(value, term),
            TermKind::Sex => self.people.add_sex(value, term),
        };
        if !is_searched && patterns.is_empty() && initials.is_empty() {
            return None;
        }
        if !is_searched {
            self.searched.push(term);
        }
        dedup(&mut patterns);
        let (tag, keyword) = (attribute.tag, attribute.keyword.clone());
        self.terms.push(Term { tag, keyword, kind, patterns, initials: Initials(initials) });
        Some(term)
    }

    fn add_date(&mut self, value: &str, term: usize) -> bool {
        let date = dates::date(value);
        if let Some(date) = date {
            self.calendar.add(date, term);
        }
        date.is_some()
    }

    fn add_time(&mut self, time: Option<u32>, term: usize) -> bool {
        if let Some(time) = time {
            self.clock.add(time, term);
        }
        time.is_some()
    }
}

/// Returns whether a value tells anything: it is not empty, of zeros alone, or a stand-in.
fn identifies(value: &str, kind: TermKind) -> bool {
    let letters: String = plain(value).chars().filter(|c| c.is_alphanumeric()).collect();
    let is_zero = matches!(kind, TermKind::Date | TermKind::Time | TermKind::DateTime | TermKind::Id | TermKind::Phone)
        && letters.chars().all(|c| c == '0');
    let is_stand_in = kind != TermKind::Sex && RULES.has(Use::NoIdentity, &letters);
    !letters.is_empty() && !is_zero && !is_stand_in
}

/// Returns whether the whole line is initials with a full stop behind or a separator between each.
fn is_initials(line: &Line, sets: &[Vec<char>]) -> bool {
    let is_apart = line.cells.iter().skip(1).all(|cell| cell.gap != line::Gap::None);
    let has_point = line.folded.chars.contains(&'.');
    is_apart
        && has_point
        && sets.iter().any(|set| set.len() == line.cells.len() && set.iter().zip(&line.cells).all(|(a, b)| *a == b.c))
}

fn dedup(patterns: &mut Vec<Pattern>) {
    let mut kept: Vec<Pattern> = Vec::new();
    for pattern in patterns.drain(..) {
        if !kept.contains(&pattern) {
            kept.push(pattern);
        }
    }
    *patterns = kept;
}

/// Puts overlapping hits of a term together, and all in order.
fn merge(mut hits: Vec<IdentityHit>) -> Vec<IdentityHit> {
    hits.sort_by_key(|hit| (hit.term, hit.range.start, hit.range.end));
    let mut merged: Vec<IdentityHit> = Vec::new();
    for hit in hits {
        match merged.last_mut() {
            Some(last) if last.term == hit.term && hit.range.start < last.range.end => {
                last.range.end = last.range.end.max(hit.range.end);
            }
            _ => merged.push(hit),
        }
    }
    merged.sort_by_key(|hit| (hit.range.start, hit.range.end, hit.term));
    merged
}
