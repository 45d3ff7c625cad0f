//! The embedded rules: which attributes are identity terms, which words tell of nobody, and how readings err.

use super::TermKind;
use crate::attribute::Attribute;
use crate::phi::fold::fold;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The rules of `identity.toml`.
pub static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../identity.toml")).expect("a test reads the embedded rules");
    Rules::new(file)
});

/// What a list of words is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Values that stand for a missing one.
    NoIdentity,
    /// Values of station and service names that tell of no site.
    NoSite,
    /// Parts of names that do not match alone.
    Particle,
    /// What stands right before a name.
    Label,
    /// Words of institutions and addresses that name no place alone.
    Generic,
    /// Words between the parts of a date.
    DateSkip,
    /// What stands before an age.
    AgeLabel,
    /// What stands before a sex.
    SexLabel,
    /// What may follow a time of day.
    TimeWord,
}

/// A unit of age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Years.
    Year,
    /// Months.
    Month,
    /// Weeks.
    Week,
    /// Days.
    Day,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) attributes: Vec<Group>,
    exempt: Vec<Exempt>,
    words: Vec<Words>,
    units: Vec<UnitWords>,
    sexes: Vec<Sex>,
    months: Months,
    confusions: Vec<Confusion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "ids, reasons and examples are for readers and a test"))]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) why: String,
    pub(super) kind: TermKind,
    pub(super) vr: Vec<String>,
    pub(super) keywords: Vec<String>,
    pub(super) examples: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "ids, reasons and examples are for readers and a test"))]
pub(super) struct Example {
    pub(super) keyword: String,
    pub(super) value: String,
    pub(super) hits: Vec<String>,
    pub(super) misses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "ids, reasons and examples are for readers and a test"))]
struct Exempt {
    id: String,
    why: String,
    keywords: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "ids, reasons and examples are for readers and a test"))]
struct Words {
    id: String,
    #[serde(rename = "use")]
    purpose: Use,
    why: String,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitWords {
    unit: Unit,
    words: Vec<String>,
}

/// How a sex is written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sex {
    /// The value of Patient's Sex.
    pub code: String,
    /// Single letters, the code's own first.
    pub letters: Vec<String>,
    /// Words that say it anywhere in a text.
    pub words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "ids, reasons and examples are for readers and a test"))]
struct Months {
    why: String,
    names: Vec<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "ids, reasons and examples are for readers and a test"))]
struct Confusion {
    id: String,
    why: String,
    cost: u16,
    pairs: Vec<(String, String)>,
}

/// The rules, ready for look-up.
pub struct Rules {
    by_keyword: BTreeMap<String, TermKind>,
    by_vr: BTreeMap<String, TermKind>,
    exempt: BTreeSet<String>,
    words: BTreeMap<Use, BTreeSet<String>>,
    units: BTreeMap<String, Unit>,
    sexes: Vec<Sex>,
    months: BTreeMap<String, i8>,
    confusions: Vec<(Vec<char>, Vec<char>, u16)>,
}

impl Rules {
    fn new(file: File) -> Self {
        let mut rules = Self {
            by_keyword: BTreeMap::new(),
            by_vr: BTreeMap::new(),
            exempt: file.exempt.iter().flat_map(|exempt| exempt.keywords.clone()).collect(),
            words: BTreeMap::new(),
            units: BTreeMap::new(),
            sexes: file.sexes,
            months: BTreeMap::new(),
            confusions: Vec::new(),
        };
        for group in file.attributes {
            rules.by_vr.extend(group.vr.into_iter().map(|vr| (vr, group.kind)));
            rules.by_keyword.extend(group.keywords.into_iter().map(|keyword| (keyword, group.kind)));
        }
        for list in file.words {
            rules.words.entry(list.purpose).or_default().extend(list.words.iter().map(|word| plain(word)));
        }
        for list in file.units {
            rules.units.extend(list.words.iter().map(|word| (plain(word), list.unit)));
        }
        for sex in &mut rules.sexes {
            sex.words = sex.words.iter().map(|word| plain(word)).collect();
        }
        for (number, names) in (1..).zip(file.months.names) {
            rules.months.extend(names.into_iter().map(|name| (name, number)));
        }
        for list in file.confusions {
            let pairs = list.pairs.iter().map(|(a, b)| (a.chars().collect(), b.chars().collect(), list.cost));
            rules.confusions.extend(pairs);
        }
        rules
    }

    /// Returns what kind of term an attribute is, `None` if it is none.
    #[must_use]
    pub fn kind_of(&self, attribute: &Attribute) -> Option<TermKind> {
        if self.exempt.contains(&attribute.keyword) {
            return None;
        }
        self.by_keyword.get(&attribute.keyword).or_else(|| self.by_vr.get(&attribute.vr)).copied()
    }

    /// Returns whether a folded word is in the lists of a use.
    #[must_use]
    pub fn has(&self, purpose: Use, word: &str) -> bool {
        self.words.get(&purpose).is_some_and(|words| words.contains(word))
    }

    /// Returns the words of a use, in order.
    pub fn words(&self, purpose: Use) -> impl Iterator<Item = &str> {
        self.words.get(&purpose).into_iter().flatten().map(String::as_str)
    }

    /// Returns the unit of age that a folded word says.
    #[must_use]
    pub fn unit(&self, word: &str) -> Option<Unit> {
        self.units.get(word).copied()
    }

    /// Returns the sexes and how they are written.
    #[must_use]
    pub fn sexes(&self) -> &[Sex] {
        &self.sexes
    }

    /// Returns the folded names of months and their numbers, in order of the names.
    pub fn months(&self) -> impl Iterator<Item = (&str, i8)> {
        self.months.iter().map(|(name, &number)| (name.as_str(), number))
    }

    /// Returns the number of the month with a folded name.
    #[must_use]
    pub fn month(&self, name: &str) -> Option<i8> {
        self.months.get(name).copied()
    }

    /// Returns which one or two characters are read as which others, and the cost in hundredths.
    #[must_use]
    pub fn confusions(&self) -> &[(Vec<char>, Vec<char>, u16)] {
        &self.confusions
    }
}

/// Returns a text folded, as a string.
#[must_use]
pub fn plain(text: &str) -> String {
    fold(text).chars.into_iter().collect()
}

#[cfg(test)]
impl File {
    pub(super) fn embedded() -> Self {
        toml::from_str(include_str!("../identity.toml")).unwrap()
    }

    /// Returns the id and reason of every rule.
    pub(super) fn reasons(&self) -> impl Iterator<Item = (&str, &str)> {
        let groups = self.attributes.iter().map(|group| (&group.id, &group.why));
        let exempt = self.exempt.iter().map(|exempt| (&exempt.id, &exempt.why));
        let words = self.words.iter().map(|words| (&words.id, &words.why));
        let confusions = self.confusions.iter().map(|confusion| (&confusion.id, &confusion.why));
        let all = groups.chain(exempt).chain(words).chain(confusions).map(|(id, why)| (id.as_str(), why.as_str()));
        all.chain([("months", self.months.why.as_str())])
    }
}
