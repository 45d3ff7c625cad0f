//! Pages that lie on their side or stand on their head: turned upright, and what is found in them turned back.

use crate::geometry::{Point, Quad};
use crate::text::{Orientation, TextLine};
use image::{RgbImage, imageops};

/// Returns a picture whose text is turned by `turn` with its text upright.
pub(crate) fn upright(image: &RgbImage, turn: Orientation) -> RgbImage {
    match turn {
        Orientation::Upright => image.clone(),
        Orientation::Clockwise90 => imageops::rotate270(image),
        Orientation::UpsideDown => imageops::rotate180(image),
        Orientation::Clockwise270 => imageops::rotate90(image),
    }
}

/// Returns a line that was found in the upright picture as it stands in the turned one of `size`.
#[expect(clippy::cast_precision_loss, reason = "frame sides are below 2^24")]
pub(crate) fn back(line: TextLine, turn: Orientation, (columns, rows): (u32, u32)) -> TextLine {
    let (columns, rows) = (columns as f32, rows as f32);
    let point = |point: Point| match turn {
        Orientation::Upright => point,
        Orientation::Clockwise90 => Point::new(columns - point.y, point.x),
        Orientation::UpsideDown => Point::new(columns - point.x, rows - point.y),
        Orientation::Clockwise270 => Point::new(point.y, rows - point.x),
    };
    let turned = |quad: Quad| Quad(quad.0.map(point));
    let mut line = TextLine { quad: turned(line.quad), area: turned(line.area), inked: turned(line.inked), ..line };
    for reading in &mut line.readings {
        reading.orientation = turn.after(reading.orientation);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use image::Rgb;

    #[test]
    fn what_is_found_upright_is_turned_back_to_its_pixels() {
        let mark = Rect::new(1, 0, 3, 1);
        for turn in [Orientation::Upright, Orientation::Clockwise90, Orientation::UpsideDown, Orientation::Clockwise270]
        {
            // The page as it should be, with a mark, and turned clockwise as it lies in the frame.
            let page = RgbImage::from_fn(6, 4, |x, y| {
                Rgb([if (mark.x0..mark.x1).contains(&x) && (mark.y0..mark.y1).contains(&y) { 9 } else { 0 }; 3])
            });
            let frame = match turn {
                Orientation::Upright => page.clone(),
                Orientation::Clockwise90 => imageops::rotate90(&page),
                Orientation::UpsideDown => imageops::rotate180(&page),
                Orientation::Clockwise270 => imageops::rotate270(&page),
            };
            assert_eq!(upright(&frame, turn), page);
            let found = back(TextLine::unread(Quad::from_rect(mark), 0.9), turn, frame.dimensions());
            let bounds = found.quad.bounding_box(frame.width(), frame.height());
            for (x, y, pixel) in frame.enumerate_pixels() {
                let inside = (bounds.x0..bounds.x1).contains(&x) && (bounds.y0..bounds.y1).contains(&y);
                assert_eq!(inside, pixel.0 == [9; 3], "{turn:?} {x} {y}");
            }
        }
    }
}
