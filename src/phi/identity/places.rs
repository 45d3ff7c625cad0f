//! The forms of phones, identifiers, institutions, addresses, stations and other words that are searched as text.

use super::distance::Pattern;
use super::line::is_apostrophe;
use super::names::style_of;
use super::rules::{RULES, Use, plain};
use super::shapes::Style;

/// The most words of a value that count: longer values are prose.
const MOST_WORDS: usize = 40;

/// How many of a telephone number's last digits tell it: the subscriber's number without its area.
const SUBSCRIBER: usize = 7;

/// Returns the forms of an identifier: its digits and letters, and its longer words.
#[must_use]
pub fn identifier(value: &str) -> Vec<Pattern> {
    let parts = parts(value);
    let mut patterns = Vec::new();
    number(&parts, &mut patterns);
    if parts.len() > 1 {
        // An ID such as JOHNSON-1960 holds a name.
        let is_word =
            |word: &&Vec<char>| word.len() >= 4 && word.iter().all(|c| c.is_alphabetic()) && !is_generic(word);
        patterns.extend(parts.iter().filter(is_word).map(|word| Pattern::new(&[word], Style::Word)));
    }
    patterns
}

/// Returns the forms of a telephone number; of an address of another kind, those of a place.
#[must_use]
pub fn phone(value: &str) -> Vec<Pattern> {
    let digits: Vec<char> = plain(value).chars().filter(char::is_ascii_digit).collect();
    let mut patterns = Vec::new();
    if digits.len() >= SUBSCRIBER {
        patterns.push(Pattern::new(&[&digits[digits.len() - SUBSCRIBER..]], Style::Tail));
    }
    number(&[digits], &mut patterns);
    if value.chars().any(char::is_alphabetic) {
        patterns.extend(place(value));
    }
    patterns
}

/// Returns the forms of a station's name or a device's serial number.
#[must_use]
pub fn device(value: &str) -> Vec<Pattern> {
    let whole: String = parts(value).concat().into_iter().collect();
    if RULES.has(Use::NoSite, &whole) {
        return Vec::new();
    }
    let mut patterns = identifier(value);
    for part in parts(value) {
        let text: String = part.iter().collect();
        let is_distinct = part.len() >= 4 && !is_generic(&part) && !RULES.has(Use::NoSite, &text);
        if is_distinct && part.iter().any(char::is_ascii_digit) {
            patterns.push(Pattern::new(&[&part], Style::Number));
        }
    }
    patterns.retain(|pattern| !is_only_no_site(pattern));
    patterns
}

fn is_only_no_site(pattern: &Pattern) -> bool {
    RULES.has(Use::NoSite, &pattern.text())
}

/// Returns the forms of a place: its phrases, their distinctive words and their initials.
#[must_use]
pub fn place(value: &str) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    let has_small = value.chars().any(char::is_lowercase);
    let mut left = MOST_WORDS;
    for phrase in value.split([',', ';', '\n', '\r', '^', '=', '(', ')']) {
        let all = words(phrase);
        let all = &all[..all.len().min(left)];
        left -= all.len();
        let letters: Vec<Vec<char>> = all.iter().map(|word| folded(word)).collect();
        phrase_forms(&letters, &mut patterns);
        initials(&letters, &mut patterns);
        for (word, letters) in all.iter().zip(&letters) {
            let is_acronym = has_small && letters.len() >= 3 && word.chars().all(|c| c.is_uppercase());
            if is_acronym && letters.len() == 3 {
                patterns.push(Pattern::new(&[letters], Style::Acronym));
            }
        }
    }
    patterns
}

fn phrase_forms(words: &[Vec<char>], patterns: &mut Vec<Pattern>) {
    let total: usize = words.iter().map(Vec::len).sum();
    let is_distinct = |word: &&Vec<char>| !is_generic(word) && word.len() > 1;
    let distinct: Vec<&Vec<char>> = words.iter().filter(is_distinct).collect();
    if distinct.is_empty() {
        return;
    }
    if words.len() > 1 && total >= 6 {
        let parts: Vec<&[char]> = words.iter().map(Vec::as_slice).collect();
        patterns.push(Pattern::new(&parts, Style::Word).whole());
    }
    for word in &distinct {
        let style = match (word.iter().any(char::is_ascii_digit), word.len()) {
            (true, 4..) => Some(Style::Number),
            // Two letters, such as those of a state, are told with their neighbors alone.
            (true, _) | (false, ..3) => None,
            (false, length) => style_of(length),
        };
        patterns.extend(style.map(|style| Pattern::new(&[word], style)));
    }
    // Musterstraße is shortened to Musterstr.
    let stems = distinct
        .iter()
        .filter_map(|word| (4..word.len().saturating_sub(2)).map(|at| word.split_at(at)).find(|two| is_generic(two.1)));
    for stem in stems.map(|two| two.0).filter(|stem| !is_generic(stem)) {
        patterns.push(Pattern::new(&[stem], Style::Word));
    }
    for two in distinct.windows(2).filter(|two| two.iter().any(|word| word.len() < 4)) {
        let total = two[0].len() + two[1].len();
        let style = if total >= 6 { Style::Word } else { Style::Joined };
        if total >= 4 {
            patterns.push(Pattern::new(&[two[0], two[1]], style));
        }
    }
}

/// Adds the first letters of three and more words, with and without the small ones between.
fn initials(words: &[Vec<char>], patterns: &mut Vec<Pattern>) {
    let first = |words: &mut dyn Iterator<Item = &Vec<char>>| -> Vec<char> { words.map(|word| word[0]).collect() };
    let all = first(&mut words.iter());
    let long = first(&mut words.iter().filter(|word| word.len() > 3));
    let mut forms = vec![all, long];
    forms.dedup();
    for letters in forms.iter().filter(|letters| letters.len() >= 3 && letters.iter().all(|c| c.is_alphabetic())) {
        patterns.push(Pattern::new(&[letters], Style::Acronym));
    }
}

/// Adds an identifier without its leading zeros, unless it is too short to tell anything.
fn number(parts: &[Vec<char>], patterns: &mut Vec<Pattern>) {
    let zeros = parts.iter().flatten().take_while(|&&c| c == '0').count();
    let mut skip = zeros;
    let kept: Vec<&[char]> = (parts.iter())
        .map(|part| {
            let from = skip.min(part.len());
            skip -= from;
            &part[from..]
        })
        .filter(|part| !part.is_empty())
        .collect();
    let length: usize = kept.iter().map(|part| part.len()).sum();
    // One digit counts something in every line.
    if length >= 2 {
        patterns.push(Pattern::new(&kept, Style::Number));
    }
}

fn parts(value: &str) -> Vec<Vec<char>> {
    words(value).iter().map(|word| folded(word)).filter(|word| !word.is_empty()).take(MOST_WORDS).collect()
}

fn words(text: &str) -> Vec<String> {
    let whole: String = text.chars().filter(|&c| !is_apostrophe(c)).collect();
    let is_letter = |c: char| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c);
    let words = whole.split(|c: char| !is_letter(c)).filter(|word| !folded(word).is_empty());
    words.map(str::to_owned).collect()
}

fn folded(word: &str) -> Vec<char> {
    plain(word).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn is_generic(word: &[char]) -> bool {
    RULES.has(Use::Generic, &word.iter().collect::<String>())
}
