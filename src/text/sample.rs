//! A small picture with text in it, to see whether text is found and read on this machine.

use image::{Rgb, RgbImage};

use crate::geometry::Rect;

/// Five columns and seven rows a glyph, the top row first, the leftmost column in the highest of five bits.
const GLYPHS: [(char, [u8; 7]); 11] = [
    ('D', [0b11110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11110]),
    ('O', [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('E', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111]),
    ('J', [0b00111, 0b00010, 0b00010, 0b00010, 0b00010, 0b10010, 0b01100]),
    ('H', [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    ('N', [0b10001, 0b11001, 0b10101, 0b10011, 0b10001, 0b10001, 0b10001]),
    ('1', [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('9', [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]),
    ('6', [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]),
    ('0', [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110]),
    (' ', [0; 7]),
];

/// What stands in the picture.
pub const TEXT: &str = "DOE JOHN 1960";

/// Returns a picture of black ground with one line of gray text, and the box of the text.
#[must_use]
pub fn picture() -> (RgbImage, Rect) {
    let mut image = RgbImage::new(320, 240);
    let area = draw(&mut image, TEXT, 40, 100, 2);
    (image, area)
}

/// Draws text with its top left corner at (`x`, `y`), `scale` pixels a dot, and returns its box.
pub(super) fn draw(image: &mut RgbImage, text: &str, x: u32, y: u32, scale: u32) -> Rect {
    let mut left = x;
    for letter in text.chars() {
        let rows = GLYPHS.iter().find(|(glyph, _)| *glyph == letter).map_or([0; 7], |(_, rows)| *rows);
        for (row, bits) in (0_u32..).zip(rows) {
            for column in (0..5_u32).filter(|column| bits >> (4 - column) & 1 == 1) {
                for dot in 0..scale * scale {
                    let (px, py) = (left + column * scale + dot % scale, y + row * scale + dot / scale);
                    if let Some(pixel) = image.get_pixel_mut_checked(px, py) {
                        *pixel = Rgb([220; 3]);
                    }
                }
            }
        }
        left += 6 * scale;
    }
    Rect::new(x, y, left.saturating_sub(scale).max(x), y + 7 * scale)
}
