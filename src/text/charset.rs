//! What the classes of a recognizer mean, and how its output becomes text.

use std::sync::Arc;

use ndarray::ArrayView2;

/// The characters a recognizer knows, in the order of its classes: the blank, those of a file, the space.
#[derive(Clone)]
pub struct Charset(Arc<[char]>);

impl std::fmt::Debug for Charset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Charset({} characters)", self.0.len())
    }
}

/// Text and the score of each of its characters, without space at its ends.
#[derive(Debug, PartialEq)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) scores: Vec<f32>,
}

impl Charset {
    /// Reads the characters of a file, one a line; the error is in words.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
        // Not `trim`: white space is a character.
        let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let one = |(number, line): (usize, &str)| {
            let mut characters = line.strip_suffix('\r').unwrap_or(line).chars();
            match (characters.next(), characters.next()) {
                (Some(character), None) => Ok(character),
                _ => Err(format!("line {} is not one character", number + 1)),
            }
        };
        Ok(Self(lines.enumerate().map(one).collect::<Result<_, _>>()?))
    }

    /// Returns the number of classes: the characters of the file, the blank and the space.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.0.len() + 2
    }

    /// Returns the text that is most probable at each step, in probabilities of the classes along the line.
    ///
    /// Steps in a row with one class are one character, and blanks are nothing. A character's score is the greatest
    /// of its steps'.
    pub(super) fn decode(&self, steps: ArrayView2<'_, f32>) -> Decoded {
        let mut characters: Vec<(char, f32)> = Vec::new();
        let mut before = 0;
        for step in steps.outer_iter() {
            let best = step.iter().copied().enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a });
            let Some((class, score)) = best else { continue };
            match characters.last_mut() {
                Some((_, highest)) if class == before && class != 0 => *highest = highest.max(score),
                _ if class != 0 => characters.push((self.0.get(class - 1).copied().unwrap_or(' '), score)),
                _ => {}
            }
            before = class;
        }
        let is_space = |character: &(char, f32)| character.0.is_whitespace();
        let first = characters.iter().position(|c| !is_space(c)).unwrap_or(characters.len());
        let last = characters.iter().rposition(|c| !is_space(c)).map_or(first, |last| last + 1);
        let (text, scores) = characters[first..last].iter().copied().unzip();
        Decoded { text, scores }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// One step a class, with 0.9 for it.
    fn decoded(charset: &Charset, classes: &[usize]) -> String {
        let steps =
            Array2::from_shape_fn(
                (classes.len(), charset.classes()),
                |(step, class)| {
                    if class == classes[step] { 0.9 } else { 0.01 }
                },
            );
        let Decoded { text, scores } = charset.decode(steps.view());
        assert_eq!(scores, vec![0.9; text.chars().count()]);
        text
    }

    #[test]
    fn a_file_has_one_character_a_line() {
        let charset = Charset::read("A\r\n\u{3000}\r\n\u{1F6C4}\r\n".as_bytes()).expect("three characters");
        assert_eq!((charset.classes(), &*charset.0), (5, &['A', '\u{3000}', '\u{1F6C4}'][..]));
        for bad in [&b"AB\n"[..], b"A\n\nB\n", b"", b"A\n\xff\n"] {
            assert!(Charset::read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn repeated_steps_are_one_character_and_a_blank_parts_two() {
        let charset = Charset::read(b"A\nB\n").expect("two characters");
        assert_eq!(decoded(&charset, &[0, 1, 1, 0, 1, 2, 2, 0]), "AAB");
        assert_eq!(decoded(&charset, &[1, 3, 3, 2]), "A B");
        assert_eq!(decoded(&charset, &[3, 0, 3, 1, 2, 3]), "AB");
        assert_eq!(decoded(&charset, &[0, 3, 0]), "");
        assert_eq!(decoded(&charset, &[]), "");
    }

    #[test]
    fn a_characters_score_is_the_greatest_of_its_steps() {
        let charset = Charset::read(b"A\nB\n").expect("two characters");
        let steps = ndarray::array![[0.1, 0.6, 0.3, 0.0], [0.1, 0.8, 0.1, 0.0], [0.3, 0.3, 0.4, 0.0]];
        assert_eq!(charset.decode(steps.view()), Decoded { text: "AB".into(), scores: vec![0.8, 0.4] });
    }
}
