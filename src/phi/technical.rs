//! Technical grammar: which lines say nothing but what a scanner, a view or a body part is called, and how much.
//!
//! A line is technical only if every token of it is. Words are compared whole and exactly, after folding case and
//! diacritics: what is merely like a technical word may be a name. Recognizers drop spaces, so tokens may also stand
//! glued, as far as no name can be put together from them. The vocabulary is data: `technical-*.toml` beside this file.

mod line;
mod numbers;
mod tokens;
mod vocabulary;

use super::fold::fold;
use super::problem::Problem;
use regex::bytes::{RegexBuilder, RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use vocabulary::{Kind, Vocabulary};

/// The rules that `deburn` brings along: `[[technical]]` tables of a rules file.
pub const EMBEDDED: &str = concat!(
    include_str!("technical-numbers.toml"),
    include_str!("technical-settings.toml"),
    include_str!("technical-measurements.toml"),
    include_str!("technical-views.toml"),
    include_str!("technical-anatomy.toml"),
    include_str!("technical-languages.toml"),
    include_str!("technical-screen.toml"),
    include_str!("technical-devices.toml"),
    include_str!("technical-terms.toml"),
);

/// The longest line that is looked at, in characters. Technical lines are short; what is longer is prose.
const LONGEST: usize = 160;

/// One group of technical vocabulary as in a rules file.
///
/// Entries are folded (`Hígado` is `higado`), and a space in an entry also stands for none, two, a hyphen or a colon.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TechnicalRule {
    /// Name of the group, in findings.
    pub id: String,
    /// Why these words are technical, and why no others.
    pub why: String,
    /// Words and phrases that are technical by themselves. Those of three letters or more may be glued to others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Words that are also names or initials: they stay only beside a technical word or setting. A word that is listed
    /// here is shared, wherever else it is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<String>,
    /// Letters and marks that may stand alone, but neither with a second one nor as company of a shared word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<String>,
    /// Brands and products, which may stand alone, but are no company for a shared word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logos: Vec<String>,
    /// Short words that may be glued to a word of four letters or more (`LTKIDNEY`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub glue: Vec<String>,
    /// Units: behind a number or in brackets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// Units that show a time such as 3:00 elsewhere in the line to be a position on a clock face.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clock_units: Vec<String>,
    /// Names of values, with a number of up to three digits behind. From three letters on they may stand without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// The same, with a number of up to four digits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wide_settings: Vec<String>,
    /// Names of values that are also initials: the number has a unit or a decimal point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<String>,
    /// Settings that old consoles print right behind their number (`45CG`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<String>,
    /// Settings that old consoles print between two readings of one value (`630P630`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<String>,
    /// Regular expressions of whole tokens, such as names of transducers; they see the folded token and match all of
    /// it. Classes such as `\d` are of ASCII.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<String>,
    /// Words that stand above columns of numbers in tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<String>,
    /// Lines that are technical by this group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<String>,
    /// Lines that are not technical.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub misses: Vec<String>,
}

impl TechnicalRule {
    /// Returns the vocabulary by kind.
    fn entries(&self) -> [(Kind, &[String]); 12] {
        [
            (Kind::Word, &self.words),
            (Kind::Shared, &self.shared),
            (Kind::Marker, &self.markers),
            (Kind::Logo, &self.logos),
            (Kind::Glue, &self.glue),
            (Kind::Unit, &self.units),
            (Kind::ClockUnit, &self.clock_units),
            (Kind::Setting, &self.settings),
            (Kind::WideSetting, &self.wide_settings),
            (Kind::Measure, &self.measures),
            (Kind::Behind, &self.behind),
            (Kind::Between, &self.between),
        ]
    }
}

/// A line that is technical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// The group of the first token that is not a plain number; `numbers` if there is none.
    pub id: &'a str,
}

/// The technical grammar with its vocabulary.
#[derive(Clone, Debug)]
pub struct Technical {
    rules: Vec<TechnicalRule>,
    vocabulary: Vocabulary,
    /// Folded.
    heads: BTreeSet<String>,
    forms: RegexSet,
    /// For each form, the rule it belongs to.
    form_rules: Vec<usize>,
}

impl Technical {
    /// Builds the grammar from its rules.
    ///
    /// # Errors
    ///
    /// A [`Problem`] if an id or reason is empty, an id is there twice, an entry is empty, a form is no regular
    /// expression, or a rule's own examples do not come out as it says with all rules loaded.
    pub fn new(rules: Vec<TechnicalRule>) -> Result<Self, Problem> {
        let mut ids = BTreeSet::new();
        let mut vocabulary = Vocabulary::default();
        let (mut forms, mut form_rules) = (Vec::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate() {
            if rule.id.trim().is_empty() {
                return Err(Problem::new(&rule.id, "has no id"));
            }
            if rule.why.trim().is_empty() {
                return Err(Problem::new(&rule.id, "has no reason (why)"));
            }
            if !ids.insert(rule.id.as_str()) {
                return Err(Problem::new(&rule.id, "is there twice"));
            }
            for (kind, entries) in rule.entries() {
                for entry in entries {
                    vocabulary.add(entry, kind, index).map_err(|problem| Problem::new(&rule.id, problem))?;
                }
            }
            for form in &rule.forms {
                // Compiled alone first: an error must name its rule, and `a)(b` must not pass inside of the group.
                // Forms are of ASCII: with Unicode's digits and cases they take a hundred times as long to compile.
                RegexBuilder::new(form)
                    .unicode(false)
                    .build()
                    .map_err(|error| Problem::new(&rule.id, error.to_string()))?;
                forms.push(format!("^(?:{form})$"));
                form_rules.push(index);
            }
        }
        let forms = RegexSetBuilder::new(forms).case_insensitive(true).unicode(false).build();
        let forms = forms.map_err(|error| Problem::new("technical forms", error.to_string()))?;
        let heads = rules.iter().flat_map(|rule| &rule.heads).map(|head| bare(head)).collect();
        let technical = Self { rules, vocabulary, heads, forms, form_rules };
        technical.check_examples()?;
        Ok(technical)
    }

    /// Returns the group that names a line if every token of it is technical.
    ///
    /// ```text
    /// "LT KIDNEY LONG 10.2 cm" → technical        "LTKIDNEYLONG" → technical
    /// "LT KIDNEY SMITH"        → not              "LONG"         → not: also a name, and no company
    /// ```
    #[must_use]
    pub fn accepts(&self, text: &str) -> Option<Accepted<'_>> {
        // Folding may lengthen a text; a first look at its bytes keeps the cost of long ones down.
        if text.len() > LONGEST * 4 {
            return None;
        }
        let folded = fold(text).chars;
        if folded.len() > LONGEST {
            return None;
        }
        let folded = as_written(&folded);
        let rule = line::read(&folded, &self.vocabulary, |token| self.form(token))?;
        Some(Accepted { id: rule.map_or(numbers::GROUP, |rule| self.rules[rule].id.as_str()) })
    }

    /// Returns whether a word stands above columns of numbers in tables, whatever marks are around it (`CTDIvol*`).
    #[must_use]
    pub fn is_head(&self, word: &str) -> bool {
        self.heads.contains(&bare(word))
    }

    /// Returns the rules, in the order given.
    #[must_use]
    pub fn rules(&self) -> &[TechnicalRule] {
        &self.rules
    }

    /// Returns the rule of the first form that a token has.
    fn form(&self, token: &str) -> Option<usize> {
        self.forms.matches(token.as_bytes()).iter().next().map(|form| self.form_rules[form])
    }

    fn check_examples(&self) -> Result<(), Problem> {
        for rule in &self.rules {
            if let Some(hit) = rule.hits.iter().find(|hit| self.accepts(hit).is_none()) {
                return Err(Problem::new(&rule.id, format!("does not accept its hit {hit:?}")));
            }
            if let Some(miss) = rule.misses.iter().find(|miss| self.accepts(miss).is_some()) {
                return Err(Problem::new(&rule.id, format!("accepts its miss {miss:?}")));
            }
        }
        Ok(())
    }
}

/// Returns a folded word without the marks around it.
fn bare(word: &str) -> String {
    let folded: String = fold(word).chars.into_iter().collect();
    folded.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// Undoes what recognizers make of technical text: spaces beside a slash (`T1/ 0/1/ 4`, `mm /s`), triangles for the
/// Greek letter, quotation marks for apostrophes.
fn as_written(folded: &[char]) -> Vec<char> {
    let is_beside_slash = |at: usize| {
        let beside = |other: Option<usize>| other.and_then(|other| folded.get(other)) == Some(&'/');
        folded[at] == ' ' && (beside(at.checked_sub(1)) || beside(Some(at + 1)))
    };
    let kept = (0..folded.len()).filter(|&at| !is_beside_slash(at)).map(|at| folded[at]);
    let plain = |c: char| match c {
        '\u{2206}' | '\u{25B3}' => 'δ',
        '\u{2018}' | '\u{2019}' => '\'',
        c => c,
    };
    kept.map(plain).collect()
}

#[cfg(test)]
mod tests;
