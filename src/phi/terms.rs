//! A site's own words: deny terms, which mask wherever they stand, and allow terms, which a whole line may be.

use super::fold::{Folded, fold};
use super::problem::Problem;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;

/// One deny or allow term as in a rules file: either `text` or `regex`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermRule {
    /// Names the rule in reports; unique among its kind.
    pub id: String,
    /// Why the site wants it.
    pub why: String,
    /// Whole words, in any case, with or without diacritics. Spaces and separators in them may be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A regular expression for the text as it was read. It ignores case, unless it says `(?-i)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
}

/// Where a deny term was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermHit<'a> {
    /// The rule's id.
    pub id: &'a str,
    /// The bytes of the text that it covers.
    pub range: Range<usize>,
}

/// How a term is looked for.
#[derive(Clone, Debug)]
enum Form {
    /// The term's folded letters and digits, and before which of them it has a separator.
    Words { letters: Vec<char>, gaps: Vec<bool> },
    /// Found anywhere, and the same for the whole line.
    Regex { anywhere: Regex, whole: Regex },
}

/// Terms ready to look for.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    rules: Vec<TermRule>,
    forms: Vec<Form>,
}

impl Terms {
    /// Compiles terms.
    ///
    /// # Errors
    ///
    /// The first term with an empty or repeated id, without a reason, with not exactly one of text and regex, with a
    /// text without letters and digits, or with an expression that cannot be used.
    pub fn new(rules: Vec<TermRule>) -> Result<Self, Problem> {
        let mut ids = BTreeSet::new();
        let mut forms = Vec::with_capacity(rules.len());
        for rule in &rules {
            let form = compile(rule).map_err(|problem| Problem::new(&rule.id, problem))?;
            if !ids.insert(rule.id.as_str()) {
                return Err(Problem::new(&rule.id, "another term has this id"));
            }
            forms.push(form);
        }
        Ok(Self { rules, forms })
    }

    /// Returns the rules in their order.
    #[must_use]
    pub fn rules(&self) -> &[TermRule] {
        &self.rules
    }

    /// Returns each place where a term stands in a text, as whole words, term by term.
    ///
    /// Separators between the letters of the text do not matter: a recognizer adds and drops them. A word also ends
    /// where letters and digits meet, since the space between them is often lost.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<TermHit<'_>> {
        let line = Line::new(text);
        let mut hits = Vec::new();
        for (rule, form) in self.rules.iter().zip(&self.forms) {
            let mut push = |range| hits.push(TermHit { id: &rule.id, range });
            match form {
                Form::Words { letters, .. } => line.find(letters).for_each(&mut push),
                Form::Regex { anywhere, .. } => {
                    anywhere.find_iter(text).filter(|found| !found.is_empty()).for_each(|found| push(found.range()));
                }
            }
        }
        hits
    }

    /// Returns the id of the first term that is the whole line.
    ///
    /// Other than for [`Terms::find`], separators may be missing, but not added: `LA KE` is not the term `LAKE`. Those
    /// before and behind do not matter.
    #[must_use]
    pub fn whole(&self, text: &str) -> Option<&str> {
        let line = Line::new(text);
        let is_whole = |form: &Form| match form {
            Form::Words { letters, gaps } => line.is(letters, gaps),
            Form::Regex { whole, .. } => whole.is_match(text.trim()),
        };
        self.rules.iter().zip(&self.forms).find(|(_, form)| is_whole(form)).map(|(rule, _)| rule.id.as_str())
    }
}

fn compile(rule: &TermRule) -> Result<Form, String> {
    if rule.id.trim().is_empty() {
        return Err("the id is empty".into());
    }
    if rule.why.trim().is_empty() {
        return Err("the reason (why) is empty".into());
    }
    match (&rule.text, &rule.regex) {
        (Some(text), None) => {
            let line = Line::new(text);
            if line.places.is_empty() {
                return Err("the text has no letters or digits; write it as a regex".into());
            }
            Ok(Form::Words { gaps: line.gaps(), letters: line.letters })
        }
        (None, Some(regex)) => {
            let anywhere = expression(regex)?;
            if anywhere.is_match("") {
                return Err("the regex also fits nothing, so it would fit everywhere".into());
            }
            Ok(Form::Regex { anywhere, whole: expression(&format!(r"\A(?:{regex})\z"))? })
        }
        _ => Err("give either `text` or `regex`".into()),
    }
}

fn expression(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(pattern).case_insensitive(true).build().map_err(|error| error.to_string())
}

/// A folded text and its letters and digits.
struct Line {
    folded: Folded,
    letters: Vec<char>,
    /// Where each of them is among the folded characters.
    places: Vec<usize>,
}

impl Line {
    fn new(text: &str) -> Self {
        let folded = fold(text);
        let places: Vec<usize> = (0..folded.chars.len()).filter(|&at| folded.chars[at].is_alphanumeric()).collect();
        let letters = places.iter().map(|&at| folded.chars[at]).collect();
        Self { folded, letters, places }
    }

    /// Returns for each letter whether something stands between it and the one before.
    fn gaps(&self) -> Vec<bool> {
        let before = std::iter::once(None).chain(self.places.iter().copied().map(Some));
        self.places.iter().zip(before).map(|(&at, before)| before.is_some_and(|before| before + 1 < at)).collect()
    }

    fn find<'a>(&'a self, term: &'a [char]) -> impl Iterator<Item = Range<usize>> + 'a {
        let starts = (0..self.letters.len()).filter(|&start| self.letters[start..].starts_with(term));
        let whole = starts.filter(|&start| self.is_edge(start) && self.is_edge(start + term.len()));
        whole.map(|start| self.folded.bytes(self.places[start], self.places[start + term.len() - 1] + 1))
    }

    fn is(&self, term: &[char], gaps: &[bool]) -> bool {
        self.letters == term && self.gaps().iter().zip(gaps).all(|(own, given)| *given || !own)
    }

    /// Returns whether a word may begin or end before a letter.
    fn is_edge(&self, letter: usize) -> bool {
        let Some(before) = letter.checked_sub(1) else { return true };
        let Some(&at) = self.places.get(letter) else { return true };
        let (left, right) = (self.letters[before], self.letters[letter]);
        self.places[before] + 1 < at
            || left.is_numeric() != right.is_numeric()
            || is_written_without_spaces(left)
            || is_written_without_spaces(right)
    }
}

/// Thai to Khmer, Chinese and Japanese; Korean too, whose particles are glued to the words.
fn is_written_without_spaces(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}' | '\u{2E80}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str) -> TermRule {
        TermRule { id: text.to_owned(), why: "a test".into(), text: Some(text.to_owned()), regex: None }
    }

    fn regex(pattern: &str) -> TermRule {
        TermRule { id: pattern.to_owned(), why: "a test".into(), text: None, regex: Some(pattern.to_owned()) }
    }

    fn found(rule: TermRule, text: &str) -> Vec<&str> {
        Terms::new(vec![rule]).unwrap().find(text).into_iter().map(|hit| &text[hit.range]).collect()
    }

    fn is_whole(rule: TermRule, text: &str) -> bool {
        Terms::new(vec![rule]).unwrap().whole(text).is_some()
    }

    #[test]
    fn a_deny_term_is_found_whatever_its_case_diacritics_and_spaces() {
        for (rule, text, expected) in [
            ("Northlake Hospital", "at NORTHLAKE HOSPITAL, 3rd", "NORTHLAKE HOSPITAL"),
            ("Northlake Hospital", "NORTHLAKEHOSPITAL", "NORTHLAKEHOSPITAL"),
            ("Northlake Hospital", "northlake-hospital", "northlake-hospital"),
            ("Northlake", "North Lake", "North Lake"),
            ("Müller", "Dr MULLER", "MULLER"),
            ("MULLER", "Dr. Mu\u{308}ller!", "Mu\u{308}ller"),
            ("Groß", "GROSS", "GROSS"),
            ("28 Hz", "FR 28Hz", "28Hz"),
            ("28 Hz", "FR28HZ", "28HZ"),
            ("山田", "山田太郎", "山田"),
        ] {
            assert_eq!(found(term(rule), text), [expected], "{rule} in {text}");
        }
    }

    #[test]
    fn a_deny_term_is_found_as_whole_words_only() {
        for (rule, text) in [("lake", "Northlake"), ("north", "northlake"), ("28 Hz", "128 Hz"), ("28 Hz", "28 Hzx")] {
            assert!(found(term(rule), text).is_empty(), "{rule} in {text}");
        }
        assert_eq!(found(term("AB"), "ab, AB-ab xab"), ["ab", "AB", "ab"]);
    }

    #[test]
    fn an_allow_term_is_the_whole_line() {
        for text in ["NORTHLAKE HOSPITAL", " northlakehospital.", "Northlake-Hospital", "Nörthlake Hospital"] {
            assert!(is_whole(term("Northlake Hospital"), text), "{text}");
        }
        for text in ["NORTHLAKE HOSPITAL 4", "J NORTHLAKE HOSPITAL", "NORTHLAKE", "NORTH LAKE HOSPITAL", ""] {
            assert!(!is_whole(term("Northlake Hospital"), text), "{text}");
        }
        assert!(is_whole(regex("room [0-9]|room [0-9]+ left"), "ROOM 12 LEFT"));
        for text in ["x room 1", "room 1 x", "room"] {
            assert!(!is_whole(regex("room [0-9]"), text), "{text}");
        }
    }

    #[test]
    fn a_regex_ignores_case_and_is_found_anywhere() {
        assert_eq!(found(regex("mrn[0-9]+"), "xMRN12 mrn3"), ["MRN12", "mrn3"]);
        assert_eq!(found(regex("(?-i)mrn[0-9]+"), "MRN12 mrn3"), ["mrn3"]);
        assert_eq!(found(regex("ü+"), "aÜüb"), ["Üü"]);
    }

    #[test]
    fn wrong_terms_are_named() {
        let both = TermRule { regex: Some("x".into()), ..term("x") };
        let neither = TermRule { text: None, ..term("x") };
        let no_reason = TermRule { why: " ".into(), ..term("x") };
        for (rules, expected) in [
            (vec![both], "either"),
            (vec![neither], "either"),
            (vec![no_reason], "reason"),
            (vec![term("?!")], "letters"),
            (vec![term("")], "id is empty"),
            (vec![regex("(")], "unclosed"),
            (vec![regex("a)(b")], "unopened"),
            (vec![regex("x*")], "nothing"),
            (vec![term("x"), term("x")], "another"),
        ] {
            let problem = Terms::new(rules).unwrap_err();
            assert!(problem.problem.contains(expected), "{problem}");
        }
    }
}
