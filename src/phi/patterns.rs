//! Patterns: what PHI looks like whoever the patient is. The rules are data; this is how they are run.
//!
//! A rule is a regular expression with a reason and examples. It may ask for a check digit, and it may be a label, whose
//! value follows it. What an instance's own header tells is the identity's business.

mod check;
#[cfg(test)]
mod tests;
mod view;

use super::problem::Problem;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;
use view::Plain;

pub use check::Check;

/// The embedded rules, as `[[pattern]]` tables.
pub const EMBEDDED: &str = include_str!("patterns.toml");

/// Bound of one compiled expression, in bytes: ten times what the largest of the embedded rules takes, and too little
/// for nested repetitions that would take seconds and gigabytes.
const SIZE_LIMIT: usize = 4 << 20;

/// Bound of all of them together.
const SET_SIZE_LIMIT: usize = 64 << 20;

/// Memory for the states of the automaton that looks for all rules at once, for each thread. The states of ordinary
/// lines fit, so that they are built once.
const SET_CACHE: usize = 16 << 20;

/// One pattern as in a rules file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternRule {
    /// Names the rule in reports; unique.
    pub id: String,
    /// Why what it finds is PHI.
    pub why: String,
    /// What is done with the line.
    pub decision: PatternDecision,
    /// What is looked for.
    ///
    /// It sees the text in plain ASCII (`Müller` as `Muller`); but the text as it is, if it names characters beyond
    /// ASCII or classes of them. Letters among digits are tried as the digits that they look like.
    pub regex: String,
    /// What a match must satisfy besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// Whether a match is a label: what follows, up to a wide gap or the end, belongs to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub label: bool,
    /// Texts in which it must be found; at least one.
    pub hits: Vec<String>,
    /// Texts in which it must not be found.
    #[serde(default)]
    pub misses: Vec<String>,
}

/// What is done with a line in which a pattern is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatternDecision {
    /// It is masked.
    Mask,
}

/// Where a pattern was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternHit<'a> {
    /// The rule's id.
    pub id: &'a str,
    /// The bytes of the text that it covers.
    pub range: Range<usize>,
    /// Whether it is a label at the end of the text with nothing behind it, so that its value is in the next line or
    /// box.
    pub open_label: bool,
    /// Whether check digits show it to be one number.
    pub is_checked: bool,
}

/// Patterns ready to run.
#[derive(Debug)]
pub struct Patterns {
    rules: Vec<PatternRule>,
    regexes: Vec<Regex>,
    /// Rules that see plain text, and what finds which of them to run.
    plain: (Vec<usize>, RegexSet),
    /// The same for rules that see the text as it is.
    raw: (Vec<usize>, RegexSet),
}

impl Patterns {
    /// Compiles rules and runs their examples.
    ///
    /// # Errors
    ///
    /// The first rule with an empty or repeated id, without a reason or a hit, with an expression that cannot be used,
    /// or whose examples do not do as they should.
    pub fn new(rules: Vec<PatternRule>) -> Result<Self, Problem> {
        let mut ids = BTreeSet::new();
        let mut regexes = Vec::with_capacity(rules.len());
        for rule in &rules {
            if !ids.insert(rule.id.as_str()) {
                return Err(Problem::new(&rule.id, "another pattern has this id"));
            }
            regexes.push(compile(rule)?);
        }
        let (raw, plain): (Vec<_>, Vec<_>) = (0..rules.len()).partition(|&index| is_beyond_ascii(&rules[index].regex));
        let raw = compile_set(&rules, raw)?;
        let plain = compile_set(&rules, plain)?;
        let patterns = Self { rules, regexes, plain, raw };
        patterns.run_examples()?;
        Ok(patterns)
    }

    /// Returns all that is found in a text, rule by rule in their order.
    #[must_use]
    pub fn find<'a>(&'a self, text: &str) -> Vec<PatternHit<'a>> {
        let plain = Plain::new(text);
        let digits = plain.with_digits();
        let mut hits = Vec::new();
        let mut look = |(rules, set): &(Vec<usize>, RegexSet), view: &str, is_plain: bool| {
            for rule in set.matches(view.as_bytes()).into_iter().map(|index| rules[index]) {
                self.find_one(rule, view, |range, open_label| {
                    hits.push((rule, if is_plain { plain.raw(range) } else { range }, open_label));
                });
            }
        };
        look(&self.plain, &plain.text, true);
        look(&self.raw, text, false);
        if let Some(digits) = &digits {
            look(&self.plain, digits, true);
            look(&self.raw, digits, true);
        }
        hits.sort_by_key(|(rule, range, open)| (*rule, range.start, range.end, *open));
        hits.dedup();
        let hit = |(rule, range, open_label): (usize, _, _)| {
            let PatternRule { id, check, .. } = &self.rules[rule];
            PatternHit { id, range, open_label, is_checked: check.is_some_and(Check::is_of_digits) }
        };
        hits.into_iter().map(hit).collect()
    }

    /// Returns the rules, in their order.
    #[must_use]
    pub fn rules(&self) -> &[PatternRule] {
        &self.rules
    }

    /// Calls `found` with the places of one rule, and whether it is an open label.
    fn find_one(&self, rule: usize, text: &str, mut found: impl FnMut(Range<usize>, bool)) {
        let (regex, rule) = (&self.regexes[rule], &self.rules[rule]);
        let mut at = 0;
        // Where the last label's value ends: labels in it belong to it.
        let mut covered = 0;
        while at <= text.len()
            && let Some(part) = regex.find_at(text.as_bytes(), at)
        {
            // An expression for bytes may cut a character in two.
            let (start, end) = (text.floor_char_boundary(part.start()), text.ceil_char_boundary(part.end()));
            let last = text.floor_char_boundary(end.saturating_sub(1));
            // What ends a match may be what begins the next.
            at = if last > part.start() { last } else { part.end() + 1 };
            if part.is_empty() || rule.check.is_some_and(|check| !check.holds(&text[start..end])) {
                continue;
            }
            if !rule.label {
                found(start..end, false);
            } else if is_separators(&text[end..]) {
                found(start..text.len(), !ends_in_a_number(&text[start..end]));
            } else if start >= covered {
                covered = value_end(text, end);
                found(start..covered, false);
            }
        }
    }

    /// Returns whether a rule is found in a text.
    fn is_found(&self, rule: usize, text: &str) -> bool {
        let plain = Plain::new(text);
        let seen = if self.raw.0.contains(&rule) { text } else { &plain.text };
        let mut is_found = false;
        for view in std::iter::once(seen).chain(plain.with_digits().as_deref()) {
            self.find_one(rule, view, |_, _| is_found = true);
        }
        is_found
    }

    fn run_examples(&self) -> Result<(), Problem> {
        for (index, rule) in self.rules.iter().enumerate() {
            let is_found = |text: &String| self.is_found(index, text);
            if let Some(number) = rule.hits.iter().position(|text| !is_found(text)) {
                return Err(Problem::new(&rule.id, format!("number {} of its hits is not found", number + 1)));
            }
            if let Some(number) = rule.misses.iter().position(is_found) {
                return Err(Problem::new(&rule.id, format!("number {} of its misses is found", number + 1)));
            }
        }
        Ok(())
    }
}

fn compile(rule: &PatternRule) -> Result<Regex, Problem> {
    let problem = |text: &str| Err(Problem::new(&rule.id, text));
    if rule.id.trim().is_empty() {
        return problem("a pattern needs an id");
    }
    if rule.why.trim().is_empty() {
        return problem("a pattern needs a reason, `why`");
    }
    if rule.hits.is_empty() {
        return problem("a pattern needs at least one example in `hits`");
    }
    // Plain text is ASCII, and classes of ASCII make small automata.
    let unicode = is_beyond_ascii(&rule.regex);
    let regex = RegexBuilder::new(&rule.regex).unicode(unicode).size_limit(SIZE_LIMIT).build();
    let regex = regex.map_err(|error| Problem::new(&rule.id, error.to_string()))?;
    if regex.is_match(b"") {
        return problem("its expression is found in an empty text");
    }
    Ok(regex)
}

/// Compiles what finds which of some rules are found; all see the same kind of text.
fn compile_set(rules: &[PatternRule], members: Vec<usize>) -> Result<(Vec<usize>, RegexSet), Problem> {
    let unicode = members.iter().any(|&index| is_beyond_ascii(&rules[index].regex));
    let mut set = RegexSetBuilder::new(members.iter().map(|&index| rules[index].regex.as_str()));
    let set = set.unicode(unicode).size_limit(SET_SIZE_LIMIT).dfa_size_limit(SET_CACHE).build();
    Ok((members, set.map_err(|error| Problem::new("patterns", format!("all together: {error}")))?))
}

/// Returns whether an expression names characters that plain text does not have.
fn is_beyond_ascii(regex: &str) -> bool {
    !regex.is_ascii() || [r"\p", r"\P", r"\w", r"\W", r"\x", r"\u", r"\U"].iter().any(|class| regex.contains(class))
}

/// Returns whether nothing but marks and spaces is left.
fn is_separators(text: &str) -> bool {
    !text.chars().any(char::is_alphanumeric)
}

/// Returns whether the last that a label's expression has found is a number: that of its value, for labels such as `ID` are
/// told by what follows them.
fn ends_in_a_number(text: &str) -> bool {
    text.trim_end_matches(|c: char| !c.is_alphanumeric()).ends_with(|c: char| c.is_ascii_digit())
}

/// Returns where the value that follows a label ends: before the next wide gap, or at the end.
fn value_end(text: &str, label_end: usize) -> usize {
    let rest = &text[label_end..];
    let start = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
    let value = &rest.as_bytes()[start..];
    let is_gap = |at: &usize| matches!(&value[*at..], [b'\t' | b'\n', ..] | [b' ', b' ', ..]);
    label_end + start + (0..value.len()).find(is_gap).unwrap_or(value.len())
}
