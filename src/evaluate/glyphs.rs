//! The letters of a file's lines, to the pixel, as its truth has them: one picture, white on black, that holds a
//! rectangle for each line, as large as the line's box.

use super::ink::{self, Ink};
use super::truth::{Truth, TruthFile};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use image::GrayImage;

/// The picture with the letters of a file.
#[derive(Clone, Debug)]
pub struct Glyphs {
    picture: GrayImage,
}

impl Glyphs {
    /// Reads the letters of a file, if its truth has any, and checks that those of each line are there.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if the picture cannot be read or a line's part of it is outside or empty.
    pub fn read(truth: &Truth, file: &TruthFile) -> Result<Option<Self>> {
        let Some(name) = &file.glyphs else { return Ok(None) };
        let path = truth.folder().join(name);
        let picture = image::open(&path).map_err(|error| {
            let problem = match error {
                image::ImageError::IoError(error) => error.kind().to_string(),
                _ => "not a picture that can be read".to_owned(),
            };
            Error::Path { path, problem }
        })?;
        let glyphs = Self { picture: picture.into_luma8() };
        let (width, height) = glyphs.picture.dimensions();
        for (index, line) in file.lines.iter().enumerate() {
            let Some([x, y]) = line.glyphs else { continue };
            let inside = x.checked_add(line.bounds.width()).is_some_and(|end| end <= width)
                && y.checked_add(line.bounds.height()).is_some_and(|end| end <= height);
            if !inside {
                return Err(truth.wrong_line(file, index, "glyphs: outside of the picture"));
            }
            if !glyphs.any([x, y], line.bounds) {
                return Err(truth.wrong_line(file, index, "glyphs: no letter there"));
            }
        }
        Ok(Some(glyphs))
    }

    /// Returns the letters of a line whose part starts at `corner`, as pixels of a frame of `columns` × `rows`.
    #[must_use]
    pub fn ink(&self, corner: [u32; 2], bounds: Rect, columns: u32, rows: u32) -> Option<Ink> {
        ink::exact(|x, y| self.is_letter(corner, x, y), bounds, columns, rows)
    }

    fn any(&self, corner: [u32; 2], bounds: Rect) -> bool {
        (0..bounds.height()).any(|y| (0..bounds.width()).any(|x| self.is_letter(corner, x, y)))
    }

    fn is_letter(&self, [left, top]: [u32; 2], x: u32, y: u32) -> bool {
        self.picture.get_pixel(left + x, top + y).0[0] > 127
    }
}
