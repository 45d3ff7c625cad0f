//! How well a line must be read to stay.

use crate::text::{self, Orientation, Reading, TextLine};

/// From which reading scores on a line may be kept.
///
/// A score alone keeps nothing, nor does a low one give much away: the text must be technical too, and misread names
/// hardly ever are, unless they are short. Of 11 777 lines rendered with 92 font files at 7 to 20 pixels on four
/// backgrounds, partly JPEG, with no header to match them, the grammar took what was read with a score as follows,
/// by letters and digits of the reading (PHI : technical, standard effort):
///
/// | score, least character | one     | two or three | more     |
/// |------------------------|---------|--------------|----------|
/// | from 0.9, 0.6          | 13 : 137 | 12 : 416    | 1 : 1723 |
/// | from 0.85              | 2 : 6   | 3 : 23       | 0 : 155  |
/// | below                  | 5 : 15  | 5 : 27       | 2 : 57   |
///
/// The last two are numbers alone; so these count as short, however long. The code counts signs as well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadingLimits {
    /// Mean of the character scores, below which a line is unreadable under any policy.
    pub readable: f32,
    /// The same for keeping it as technical…
    pub score: f32,
    /// …and the least of its characters' scores.
    pub character: f32,
    /// The least character score outside of all ultrasound regions, where devices put names.
    pub character_outside: f32,
    /// The score from which numbers alone and two or three letters are kept…
    pub short_score: f32,
    /// …and the least of their characters' scores.
    pub short_character: f32,
    /// The score from which one letter or digit is kept: half of the misread ones are below.
    pub single: f32,
    /// The most that a line is longer than high, for each character that was read, in heights of the line: what is longer
    /// shows characters that the recognizer does not know, and reads as a technical number what may be a name and an age.
    /// Of 3221 kept lines of rendered and real pictures the longest are 1.1 (a wide gap before a percentage); five lines
    /// of Korean, Thai and Hebrew, of which but a number was read, are 1.6 and more.
    pub longest: f32,
}

impl Default for ReadingLimits {
    fn default() -> Self {
        Self {
            readable: 0.6,
            score: 0.7,
            character: 0.3,
            character_outside: 0.4,
            short_score: 0.9,
            short_character: 0.6,
            single: 0.95,
            longest: 1.3,
        }
    }
}

impl ReadingLimits {
    /// Returns whether a reading is that of a whole line and good enough to be one.
    pub(super) fn is_read(&self, reading: &Reading, line: &TextLine) -> bool {
        // As long as what stands there, as high as the box, whose height says more of that of letters.
        let (inked, whole) = (text::sides(&line.inked), text::sides(&line.quad));
        let (along, down) = match reading.orientation {
            Orientation::Upright | Orientation::UpsideDown => (inked.0, whole.1),
            Orientation::Clockwise90 | Orientation::Clockwise270 => (inked.1, whole.0),
        };
        let count: f32 = reading.text.expose().chars().filter(|c| !c.is_whitespace()).map(|_| 1.0).sum();
        reading.score >= self.readable && along - down <= self.longest * down * count
    }

    /// Returns whether a reading is good enough for its text to be kept.
    pub(super) fn admit(&self, reading: &Reading, is_outside: bool) -> bool {
        let text = reading.text.expose();
        let least = reading.least_character_score();
        let (mut score, mut character) = (self.score, self.character);
        if is_outside {
            character = character.max(self.character_outside);
        }
        let count = text.chars().filter(|c| !c.is_whitespace()).count();
        if count <= 3 || !text.chars().any(char::is_alphabetic) {
            (score, character) = (score.max(self.short_score), character.max(self.short_character));
        }
        if count <= 1 {
            score = score.max(self.single);
        }
        reading.score >= score && least >= character
    }
}
