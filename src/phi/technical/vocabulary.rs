//! The words of the technical grammar, in a tree by letters that finds all entries that start at a place.

use crate::phi::fold::fold;

/// What an entry is to the grammar; see the fields of the same names of `TechnicalRule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Shared,
    Marker,
    Logo,
    Glue,
    Unit,
    ClockUnit,
    Setting,
    WideSetting,
    Measure,
    Behind,
    Between,
}

/// What an entry means, and the rule that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub kind: Kind,
    pub rule: usize,
}

impl Meaning {
    /// Returns whether it is the name of a value.
    pub(super) fn is_setting(&self) -> bool {
        matches!(self.kind, Kind::Setting | Kind::WideSetting | Kind::Measure)
    }
}

/// An entry found in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match<'a> {
    /// Where it ends.
    pub end: usize,
    /// How many letters it has.
    pub letters: usize,
    /// Its meanings; an entry may have several.
    pub meanings: &'a [Meaning],
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Sorted by character.
    next: Vec<(char, usize)>,
    letters: usize,
    meanings: Vec<Meaning>,
}

/// Up to how many letters two words have together that would be a name without their space: LE VEN.
const SHORT: usize = 5;

/// A space of an entry that a line may leave out, in the tree.
const LOOSE: char = ' ';

/// One that it must have.
const FIRM: char = '\n';

/// All entries.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary {
    nodes: Vec<Node>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Vocabulary {
    /// Adds an entry; says what is wrong with it if it cannot be one.
    pub(super) fn add(&mut self, entry: &str, kind: Kind, rule: usize) -> Result<(), String> {
        let folded: String = fold(entry).chars.into_iter().collect();
        let words: Vec<&str> = folded.split_whitespace().collect();
        let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
        if letters == 0 && !matches!(kind, Kind::Unit) || words.is_empty() {
            return Err(format!("the entry {entry:?} has no letter"));
        }
        let mut node = 0;
        for c in joined(&words).chars() {
            node = match self.nodes[node].next.binary_search_by_key(&c, |&(own, _)| own) {
                Ok(found) => self.nodes[node].next[found].1,
                Err(place) => {
                    let new = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[node].next.insert(place, (c, new));
                    new
                }
            };
        }
        self.nodes[node].letters = letters;
        self.nodes[node].meanings.push(Meaning { kind, rule });
        Ok(())
    }

    /// Finds all entries that start at `at`. A space of an entry stands for up to two, none, or a hyphen
    /// or colon.
    pub(super) fn find<'a>(&'a self, chars: &[char], at: usize, found: &mut Vec<Match<'a>>) {
        found.clear();
        self.walk(chars, at, 0, found);
    }

    fn walk<'a>(&'a self, chars: &[char], at: usize, node: usize, found: &mut Vec<Match<'a>>) {
        let (mut at, mut node) = (at, node);
        loop {
            let here = &self.nodes[node];
            if !here.meanings.is_empty() {
                found.push(Match { end: at, letters: here.letters, meanings: &here.meanings });
            }
            // Recursion is as deep as the longest entry has spaces.
            let mut next = at + Self::spaces(chars, at);
            if matches!(chars.get(next), Some('-' | ':')) {
                next += 1 + Self::spaces(chars, next + 1);
            }
            if let Some(behind) = self.child(node, LOOSE) {
                self.walk(chars, next, behind, found);
            }
            if let Some(behind) = self.child(node, FIRM).filter(|_| next > at) {
                self.walk(chars, next, behind, found);
            }
            match chars.get(at).filter(|c| !matches!(**c, LOOSE | FIRM)).and_then(|&c| self.child(node, c)) {
                Some(child) => (at, node) = (at + 1, child),
                None => return,
            }
        }
    }

    fn spaces(chars: &[char], at: usize) -> usize {
        chars[at..].iter().take(2).take_while(|c| c.is_whitespace()).count()
    }

    fn child(&self, node: usize, c: char) -> Option<usize> {
        let next = &self.nodes[node].next;
        next.binary_search_by_key(&c, |&(own, _)| own).ok().map(|found| next[found].1)
    }
}

/// Joins the words of an entry by spaces. Those between short words may not be left out: REIN D is not REIND.
fn joined(words: &[&str]) -> String {
    let mut joined = String::new();
    for (place, word) in words.iter().enumerate() {
        if place > 0 {
            let before = words[place - 1].chars().count();
            let behind = word.chars().count();
            joined.push(if before.min(behind) < 2 || before + behind <= SHORT { FIRM } else { LOOSE });
        }
        joined.push_str(word);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(vocabulary: &Vocabulary, text: &str) -> Vec<usize> {
        let chars: Vec<char> = text.chars().collect();
        let mut found = Vec::new();
        vocabulary.find(&chars, 0, &mut found);
        found.iter().map(|found| found.end).collect()
    }

    #[test]
    fn all_entries_at_a_place_are_found() {
        let mut vocabulary = Vocabulary::default();
        for entry in ["AO", "Ao Diam", "aorta", "Hígado"] {
            vocabulary.add(entry, Kind::Word, 0).unwrap();
        }
        assert_eq!(ends(&vocabulary, "ao diam"), [2, 7]);
        assert_eq!(ends(&vocabulary, "aodiam"), [2, 6]);
        assert_eq!(ends(&vocabulary, "ao-diam"), [2, 7]);
        assert_eq!(ends(&vocabulary, "ao   diam"), [2]);
        assert_eq!(ends(&vocabulary, "aortas"), [2, 5]);
        assert_eq!(ends(&vocabulary, "higado"), [6]);
        assert!(ends(&vocabulary, "a").is_empty());
        assert!(vocabulary.add(" 12 ", Kind::Word, 0).is_err());
    }
}
