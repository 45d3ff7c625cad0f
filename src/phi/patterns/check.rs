//! Check digits: what tells a national number from a number of its length.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::LazyLock;

/// What a match must satisfy beyond its regular expression, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Luhn's sum of all digits (cards, Canadian SIN).
    Luhn,
    /// Luhn's sum of the last ten digits; a century may stand before them (Swedish personnummer).
    LuhnOfTen,
    /// Verhoeff's scheme (Indian Aadhaar).
    Verhoeff,
    /// ISO 7064 mod 97-10 of an IBAN.
    Iban,
    /// British NHS number, mod 11.
    Nhs,
    /// French NIR, mod 97, with Corsica's `2A` and `2B`.
    Nir,
    /// Spanish DNI and NIE, letter of mod 23.
    Dni,
    /// Italian codice fiscale, letter of mod 26.
    CodiceFiscale,
    /// German health insurance number (KVNR), mod 10.
    Kvnr,
    /// German tax number (Steuer-ID), ISO 7064 mod 11,10.
    SteuerId,
    /// Austrian social insurance number, mod 11.
    AustrianSvnr,
    /// Swiss AHV number, EAN-13.
    SwissAhv,
    /// Dutch BSN, eleven-test.
    Bsn,
    /// Belgian national number, mod 97, for both centuries.
    BelgianNumber,
    /// Portuguese NIF, mod 11.
    PortugueseNif,
    /// Norwegian fødselsnummer, two digits of mod 11.
    Fodselsnummer,
    /// Finnish HETU, character of mod 31.
    Hetu,
    /// Polish PESEL, mod 10.
    Pesel,
    /// Brazilian CPF, two digits of mod 11.
    Cpf,
    /// Chinese resident number, ISO 7064 mod 11-2.
    ChineseResident,
    /// Japanese My Number, mod 11.
    MyNumber,
    /// Australian Medicare number, mod 10.
    AustralianMedicare,
    /// Australian tax file number, mod 11.
    AustralianTfn,
    /// Not all groups of digits end in 0, as they do along a scale.
    NotRound,
    /// At least one word is none of the common words of anatomy, position and settings.
    NameWords,
}

impl Check {
    /// Returns whether it is one of digits, which make one number only if they stand together.
    #[must_use]
    pub const fn is_of_digits(self) -> bool {
        !matches!(self, Self::NotRound | Self::NameWords)
    }

    /// Returns whether a match satisfies the check. Separators are ignored.
    #[must_use]
    pub fn holds(self, text: &str) -> bool {
        if self == Self::NameWords {
            return has_other_word(text);
        }
        if is_scale(text) {
            return false;
        }
        let characters: Vec<u8> =
            text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).collect();
        match self {
            Self::NotRound => true,
            Self::Iban => iban(&characters),
            Self::Nir => nir(&characters),
            Self::Dni => dni(&characters),
            Self::CodiceFiscale => codice_fiscale(&characters),
            Self::Kvnr => kvnr(&characters),
            Self::Hetu => hetu(&characters),
            Self::ChineseResident => chinese_resident(&characters),
            _ => characters.iter().map(|&byte| digit(byte)).collect::<Option<Vec<_>>>().is_some_and(|d| self.fits(&d)),
        }
    }

    /// The checks of digits alone.
    fn fits(self, digits: &[u32]) -> bool {
        match self {
            Self::Luhn => luhn(digits),
            Self::LuhnOfTen => digits.len() >= 10 && luhn(&digits[digits.len() - 10..]),
            Self::Verhoeff => verhoeff(digits),
            Self::Nhs => weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_some_and(|sum| sum % 11 == 0),
            Self::SteuerId => steuer_id(digits),
            Self::AustrianSvnr => {
                weighted(digits, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]).is_some_and(|sum| sum % 11 == digits[3])
            }
            Self::SwissAhv => {
                weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_some_and(|sum| sum % 10 == 0)
            }
            // The last digit counts minus one, which is ten in mod 11.
            Self::Bsn => weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_some_and(|sum| sum % 11 == 0),
            Self::BelgianNumber => belgian_number(digits),
            Self::PortugueseNif => {
                weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2, 0]).is_some_and(|sum| below_ten(sum) == digits[8])
            }
            Self::Fodselsnummer => fodselsnummer(digits),
            Self::Pesel => weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_some_and(|sum| sum % 10 == 0),
            Self::Cpf => cpf(digits),
            Self::MyNumber => {
                weighted(digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 0]).is_some_and(|sum| below_ten(sum) == digits[11])
            }
            // A tenth and an eleventh digit count issues and persons of a card.
            Self::AustralianMedicare => digits
                .get(..9)
                .is_some_and(|d| weighted(d, &[1, 3, 7, 9, 1, 3, 7, 9, 0]).is_some_and(|sum| sum % 10 == d[8])),
            Self::AustralianTfn => weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_some_and(|sum| sum % 11 == 0),
            _ => false,
        }
    }
}

/// Returns whether all groups of digits are round, as along a scale: `100 200 300` fits one check or another. One real
/// number in a thousand is so.
fn is_scale(text: &str) -> bool {
    let mut groups = text.split_whitespace();
    text.split_whitespace().nth(1).is_some() && groups.all(|group| group.ends_with('0'))
}

/// Returns the digit that an ASCII character is.
fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(10)
}

/// Returns the sum of the digits by their weights, if there are as many.
fn weighted(digits: &[u32], weights: &[u32]) -> Option<u32> {
    (digits.len() == weights.len()).then(|| digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum())
}

/// Returns the digit that makes a sum a multiple of eleven; 0 where that would be ten.
fn below_ten(sum: u32) -> u32 {
    match (11 - sum % 11) % 11 {
        10 => 0,
        digit => digit,
    }
}

/// Returns a number's remainder, digit by digit, so that its length does not matter.
fn remainder(digits: impl IntoIterator<Item = u32>, divisor: u32) -> u32 {
    digits.into_iter().fold(0, |rest, digit| (rest * 10 + digit) % divisor)
}

fn luhn(digits: &[u32]) -> bool {
    let double = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, &d)| if i % 2 == 1 { double(d) } else { d }).sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

fn verhoeff(digits: &[u32]) -> bool {
    const PERMUTATION: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    // The dihedral group of the pentagon: 0 to 4 are rotations, 5 to 9 reflections.
    let product = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let permuted = |digit: u32, times: usize| (0..times).fold(digit, |digit, _| PERMUTATION[digit as usize]);
    digits.iter().rev().enumerate().fold(0, |sum, (i, &digit)| product(sum, permuted(digit, i % 8))) == 0
}

fn iban(characters: &[u8]) -> bool {
    if !(15..=34).contains(&characters.len()) {
        return false;
    }
    let turned = characters[4..].iter().chain(&characters[..4]);
    let digits = turned.flat_map(|&byte| match digit(byte) {
        Some(digit) => vec![digit],
        None => vec![u32::from(byte - b'A' + 10) / 10, u32::from(byte - b'A' + 10) % 10],
    });
    remainder(digits, 97) == 1
}

fn nir(characters: &[u8]) -> bool {
    if characters.len() != 15 {
        return false;
    }
    let mut plain = characters.to_vec();
    let department: &[u8] = match &plain[5..7] {
        b"2A" => b"19",
        b"2B" => b"18",
        other => &[other[0], other[1]],
    };
    let department = [department[0], department[1]];
    plain[5..7].copy_from_slice(&department);
    let Some(digits) = plain.into_iter().map(digit).collect::<Option<Vec<_>>>() else { return false };
    97 - remainder(digits[..13].iter().copied(), 97) == digits[13] * 10 + digits[14]
}

fn dni(characters: &[u8]) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let Some((&letter, number)) = characters.split_last() else { return false };
    let digits = number.iter().enumerate().map(|(i, &byte)| match (i, byte) {
        (0, b'X'..=b'Z') => Some(u32::from(byte - b'X')),
        _ => digit(byte),
    });
    let digits = digits.collect::<Option<Vec<_>>>();
    digits.is_some_and(|d| d.len() == 8 && LETTERS[remainder(d, 23) as usize] == letter)
}

fn codice_fiscale(characters: &[u8]) -> bool {
    /// Values of `A` to `Z` in odd places; digits have those of `A` to `J`.
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let Some((&last, rest)) = characters.split_last() else { return false };
    let place = |byte: u8| digit(byte).unwrap_or_else(|| u32::from(byte - b'A'));
    let sum: u32 = (rest.iter().enumerate())
        .map(|(i, &byte)| if i % 2 == 0 { ODD[place(byte) as usize] } else { place(byte) })
        .sum();
    rest.len() == 15 && last.is_ascii_uppercase() && sum % 26 == place(last)
}

fn kvnr(characters: &[u8]) -> bool {
    let Some((&letter, number)) = characters.split_first() else { return false };
    let Some(digits) = number.iter().map(|&byte| digit(byte)).collect::<Option<Vec<_>>>() else { return false };
    if digits.len() != 9 || !letter.is_ascii_uppercase() {
        return false;
    }
    let letter = u32::from(letter - b'A' + 1);
    let all = [letter / 10, letter % 10].into_iter().chain(digits[..8].iter().copied());
    let sum: u32 = all.enumerate().map(|(i, d)| if i % 2 == 1 { 2 * d / 10 + 2 * d % 10 } else { d }).sum();
    sum % 10 == digits[8]
}

fn steuer_id(digits: &[u32]) -> bool {
    let Some((&last, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        2 * (if sum == 0 { 10 } else { sum }) % 11
    });
    rest.len() == 10 && rest[0] != 0 && (11 - product) % 10 == last
}

fn belgian_number(digits: &[u32]) -> bool {
    if digits.len() != 11 {
        return false;
    }
    let check = digits[9] * 10 + digits[10];
    // From 2000 on, a 2 stands before the number.
    [0, 2]
        .into_iter()
        .any(|century| 97 - remainder(std::iter::once(century).chain(digits[..9].iter().copied()), 97) == check)
}

fn fodselsnummer(digits: &[u32]) -> bool {
    const FIRST: [u32; 11] = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0];
    const SECOND: [u32; 11] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];
    [FIRST, SECOND].iter().all(|weights| weighted(digits, weights).is_some_and(|sum| sum % 11 == 0))
}

fn hetu(characters: &[u8]) -> bool {
    const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    // The sign of the century is a letter or, dropped before, a dash.
    let digits: Vec<u32> = match characters {
        [date @ .., b'A'..=b'F' | b'U'..=b'Y', a, b, c, _] if date.len() == 6 => {
            date.iter().chain([a, b, c]).filter_map(|&byte| digit(byte)).collect()
        }
        [number @ .., _] => number.iter().filter_map(|&byte| digit(byte)).collect(),
        [] => return false,
    };
    digits.len() == 9 && characters.last() == Some(&CHARACTERS[remainder(digits, 31) as usize])
}

fn cpf(digits: &[u32]) -> bool {
    const FIRST: [u32; 11] = [10, 9, 8, 7, 6, 5, 4, 3, 2, 0, 0];
    const SECOND: [u32; 11] = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 0];
    let fits = |weights: &[u32], at: usize| weighted(digits, weights).is_some_and(|sum| below_ten(sum) == digits[at]);
    fits(&FIRST, 9) && fits(&SECOND, 10) && digits.windows(2).any(|pair| pair[0] != pair[1])
}

fn chinese_resident(characters: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const LAST: &[u8; 11] = b"10X98765432";
    let Some((last, number)) = characters.split_last() else { return false };
    let digits = number.iter().map(|&byte| digit(byte)).collect::<Option<Vec<_>>>();
    digits.and_then(|d| weighted(&d, &WEIGHTS)).is_some_and(|sum| LAST[sum as usize % 11] == *last)
}

/// Common words of anatomy, position and settings, lower case.
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("words.txt").lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
});

fn has_other_word(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.any(|word| word.chars().count() > 1 && !WORDS.contains(word.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made-up or published sample numbers, each valid.
    const VALID: [(Check, &[&str]); 23] = [
        (Check::Luhn, &["4111 1111 1111 1111", "046 454 286", "79927398713"]),
        (Check::LuhnOfTen, &["811228-9874", "19811228-9874"]),
        (Check::Verhoeff, &["2363"]),
        (Check::Iban, &["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"]),
        (Check::Nhs, &["943 476 5919"]),
        (Check::Nir, &["2 55 08 14 168 025 38"]),
        (Check::Dni, &["12345678Z", "X1234567L"]),
        (Check::CodiceFiscale, &["RSSMRA85T10A562S"]),
        (Check::Kvnr, &["A123456780"]),
        (Check::SteuerId, &["86095742719", "47 036 892 816"]),
        (Check::AustrianSvnr, &["1237 010180"]),
        (Check::SwissAhv, &["756.9217.0769.85"]),
        (Check::Bsn, &["111222333"]),
        (Check::BelgianNumber, &["85.07.30-033.28"]),
        (Check::PortugueseNif, &["123456789"]),
        (Check::Fodselsnummer, &["13097248022"]),
        (Check::Hetu, &["131052-308T", "010516A903X"]),
        (Check::Pesel, &["44051401359"]),
        (Check::Cpf, &["529.982.247-25"]),
        (Check::ChineseResident, &["11010519491231002X"]),
        (Check::MyNumber, &["123456789018"]),
        (Check::AustralianMedicare, &["2123 45670"]),
        (Check::AustralianTfn, &["123 456 782"]),
    ];

    #[test]
    fn sample_numbers_hold_and_each_changed_digit_is_noticed() {
        for (check, numbers) in VALID {
            for number in numbers {
                assert!(check.holds(number), "{check:?} {number}");
                let at = number.rfind(|c: char| c.is_ascii_digit()).unwrap();
                for digit in (b'0'..=b'9').map(char::from) {
                    let changed = format!("{}{digit}{}", &number[..at], &number[at + 1..]);
                    assert_eq!(check.holds(&changed), changed == *number, "{check:?} {changed}");
                }
            }
        }
    }

    #[test]
    fn any_text_can_be_checked() {
        for text in [
            "",
            "0",
            "A",
            "-",
            "é",
            "00000000000",
            "ZZZZZZZZZZZZZZZZ",
            "999999999999999999999999999999999999",
            "2B",
            "X",
        ] {
            for (check, _) in VALID {
                let _ = check.holds(text);
            }
        }
    }

    #[test]
    fn words_of_position_make_no_name() {
        assert!(!Check::NameWords.holds("Kidney, Right"));
        assert!(!Check::NameWords.holds("R. Ovary"));
        assert!(Check::NameWords.holds("LONG, PETER"));
    }
}
