//! The embedded patterns on lines of many devices and languages.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct File {
    pattern: Vec<PatternRule>,
}

/// Lines of devices that are no PHI.
const TECHNICAL: &str = include_str!("tests/technical.txt");

/// Lines that hold PHI of some kind, or a label of it.
const PHI: &str = include_str!("tests/phi.txt");

fn embedded() -> Vec<PatternRule> {
    toml::from_str::<File>(EMBEDDED).unwrap().pattern
}

static PATTERNS: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(embedded()).unwrap_or_else(|problem| panic!("{problem}")));

fn ids(text: &str) -> Vec<&'static str> {
    let mut ids: Vec<_> = PATTERNS.find(text).iter().map(|hit| hit.id).collect();
    ids.dedup();
    ids
}

fn rule(id: &str, regex: &str) -> PatternRule {
    PatternRule {
        id: id.to_owned(),
        why: "a test".to_owned(),
        decision: PatternDecision::Mask,
        regex: regex.to_owned(),
        check: None,
        label: false,
        hits: vec!["x".to_owned()],
        misses: Vec::new(),
    }
}

#[test]
fn every_rule_does_as_its_examples_say_and_has_both_kinds() {
    for (index, rule) in embedded().iter().enumerate() {
        for text in &rule.hits {
            assert!(ids(text).contains(&rule.id.as_str()), "{} does not hit {text}", rule.id);
        }
        for text in &rule.misses {
            assert!(!ids(text).contains(&rule.id.as_str()), "{} hits {text}", rule.id);
        }
        assert!(!rule.misses.is_empty(), "{}", rule.id);
        assert_eq!(PATTERNS.rules()[index], *rule);
    }
}

#[test]
fn technical_lines_are_left_alone() {
    assert!(TECHNICAL.lines().count() > 80);
    let hits: Vec<_> = TECHNICAL.lines().map(|line| (line, ids(line))).filter(|(_, ids)| !ids.is_empty()).collect();
    assert!(hits.is_empty(), "{hits:?}");
}

#[test]
fn technical_lines_side_by_side_are_left_alone() {
    let lines: Vec<_> = TECHNICAL.lines().collect();
    let rows = lines.windows(2).map(|pair| pair.join(" "));
    let hits: Vec<_> = rows.map(|row| (ids(&row), row)).filter(|(ids, _)| !ids.is_empty()).collect();
    assert!(hits.is_empty(), "{hits:?}");
}

#[test]
fn lines_with_phi_are_found_in_many_languages() {
    assert!(PHI.lines().count() > 120);
    let missed: Vec<_> = PHI.lines().filter(|line| ids(line).is_empty()).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn lines_with_phi_are_found_without_their_spaces() {
    // What no longer has a form of its own.
    let lost = |line: &str| line.split(' ').count() > 1 && ids(&line.replace(' ', "")).is_empty();
    let missed: Vec<_> = PHI.lines().filter(|line| lost(line)).collect();
    assert!(missed.len() * 10 < PHI.lines().count(), "{missed:?}");
}

#[test]
fn digits_read_as_letters_are_found() {
    for text in
        ["O5/I2/1942", "2O13-0l-25", "DOB:2O130125", "12O9O7058", "l4:23:53", "Age: B7", "MF-OOOO0013", "943 476 59l9"]
    {
        assert!(!ids(text).is_empty(), "{text}");
    }
    assert_eq!(PATTERNS.find("x O5/I2/1942 y")[0].range, 1..12);
}

/// Returns the places of a rule's hits and whether they are open.
fn places(text: &str, id: &str) -> Vec<(Range<usize>, bool)> {
    PATTERNS.find(text).into_iter().filter(|hit| hit.id == id).map(|hit| (hit.range, hit.open_label)).collect()
}

#[test]
fn a_label_takes_what_follows_it_up_to_a_wide_gap() {
    assert_eq!(places("Depth 12 Name: LONG", "name-label"), [(9..19, false)]);
    assert_eq!(places("Name: LONG, PETER   MI 1.2", "name-label"), [(0..17, false)]);
    assert_eq!(places("Name:     LONG  MI 1.2", "name-label"), [(0..14, false)]);
    assert_eq!(places("Prénom: Zoë\tMI", "name-label"), [(0..13, false)]);
    assert_eq!(places("姓名: 张三", "label-cjk"), [(0..14, false)]);
}

#[test]
fn a_label_with_nothing_behind_is_open() {
    for text in [
        "Patient:",
        "Name",
        "DOB :",
        "ID",
        "MRN#",
        "Acc:",
        "Dr.",
        "Sono:",
        "Geschlecht",
        "Age:",
        "Né(e) le",
        "姓名：",
        "Datum ...",
    ] {
        assert!(PATTERNS.find(text).iter().any(|hit| hit.open_label && hit.range.end == text.len()), "{text}");
    }
    for text in [
        "Name: DOE",
        "Patient LONG",
        "12/05/1942",
        "Hospital",
        "Dr. Weber",
        "ID 154169",
        "ID V5482652.",
        "Acc 1234567",
        "AN 12345",
    ] {
        assert!(!PATTERNS.find(text).iter().any(|hit| hit.open_label), "{text}");
    }
    // The last label of a text is the one that is open.
    assert_eq!(places("Name: DOE Name:", "name-label"), [(0..15, false), (10..15, true)]);
}

#[test]
fn hits_lie_where_they_are_in_texts_beyond_ascii() {
    let text = "Größe: ß 12.05.1942 x";
    let hit = places(text, "date-numeric").remove(0).0;
    assert_eq!(&text[hit], " 12.05.1942");
    let text = "Hôpital Sud";
    assert_eq!(places(text, "institution"), [(0..text.len(), false)]);
}

#[test]
fn neighbours_that_share_a_space_are_both_found() {
    assert_eq!(places("123456 234567 345678", "digit-run").len(), 3);
}

#[test]
fn rules_that_cannot_be_used_are_refused() {
    let refused = |rule: PatternRule| Patterns::new(vec![rule]).unwrap_err().problem;
    assert!(Patterns::new(vec![rule("a", "x")]).is_ok());
    assert!(Patterns::new(Vec::new()).unwrap().find("DOB").is_empty());
    assert!(refused(rule("a", "(")).contains("unclosed group"));
    assert!(refused(rule("", "x")).contains("id"));
    assert!(refused(PatternRule { why: " ".to_owned(), ..rule("a", "x") }).contains("why"));
    assert!(refused(PatternRule { hits: Vec::new(), ..rule("a", "x") }).contains("hits"));
    assert!(
        refused(PatternRule { misses: vec!["y".to_owned(), "fox".to_owned()], ..rule("a", "x") }).contains("number 2")
    );
    assert!(refused(rule("a", "y")).contains("number 1"));
    assert!(refused(rule("a", "x*")).contains("empty"));
    assert!(refused(rule("a", r"(?:\w{100}){100}x")).contains("size"));
    assert!(Patterns::new(vec![rule("a", "x"), rule("a", "x")]).unwrap_err().problem.contains("this id"));
}

#[test]
fn unknown_keys_are_errors_and_rules_are_written_as_they_are_read() {
    let text = toml::to_string(&rule("a", "x")).unwrap();
    assert_eq!(toml::from_str::<PatternRule>(&text).unwrap(), rule("a", "x"));
    assert!(toml::from_str::<PatternRule>(&format!("{text}reason = 1\n")).is_err());
    assert!(toml::from_str::<PatternRule>(&text.replace("mask", "keep")).is_err());
    let checked = PatternRule { check: Some(Check::CodiceFiscale), label: true, ..rule("a", "x") };
    assert_eq!(toml::from_str::<PatternRule>(&toml::to_string(&checked).unwrap()).unwrap(), checked);
}

#[test]
fn a_site_rule_may_name_letters_beyond_ascii() {
    let mut own = rule("site", r"(?i)Universität K\p{L}ln");
    own.hits = vec!["UNIVERSITÄT KÖLN".to_owned()];
    let patterns = Patterns::new(vec![own]).unwrap();
    assert_eq!(patterns.find("x Universität Köln")[0].range, 2..20);
}

#[test]
fn an_expression_for_bytes_cuts_no_character() {
    for regex in [r"(?-u:[\x80-\xFF])|x", r"x|\b", r"x|\p{L}?"] {
        let Ok(patterns) = Patterns::new(vec![rule("site", regex)]) else { continue };
        for hit in patterns.find("aé姓x é") {
            assert!("aé姓x é".get(hit.range).is_some());
        }
    }
}

#[test]
fn a_long_text_takes_no_longer_for_each_character() {
    for piece in ["ID:", "Name: ", "a@", "1.", "12/", "0-", "DOE,", "x", "é ", "O1", "ID:x  "] {
        let _ = PATTERNS.find(&piece.repeat(5_000));
    }
}

proptest! {
    #[test]
    fn any_text_can_be_looked_at(text in prop_oneof![".{0,60}", "[A-Za-z0-9:/. ,^\u{e9}\u{df}\u{59d3}-]{0,60}", "(Name|DOB|ID|é|姓名|[0-9]{1,9}|[:/ .-]){0,12}"]) {
        for hit in PATTERNS.find(&text) {
            prop_assert!(hit.range.start < hit.range.end);
            prop_assert!(text.get(hit.range.clone()).is_some());
            prop_assert!(!hit.open_label || hit.range.end == text.len());
        }
    }
}
