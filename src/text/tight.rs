//! Rectangles without the strips at their sides in which nothing stands.
//!
//! Detectors draw loose boxes, above all round small text: up to half of their height is ground. A mask of that size
//! hides more than the text. (Recognizers were trained with such boxes: with tight ones they read worse, single characters
//! above all.)
#![expect(clippy::cast_precision_loss, reason = "numbers of rows of a picture, which are below 65536")]

use super::level::{Level, Picture};
use crate::geometry::Quad;
use image::RgbImage;

/// The largest difference of values (of 255, in each channel) in what is taken for plain ground: nobody sees it, not
/// even in the view that shows most, and it is less than between the parts of a line because here it decides what is
/// no longer masked.
const PLAIN: u8 = 3;

/// Returns a rectangle that is moved inward from each side as long as every view shows nothing but one color there, up to
/// `margin` pixels before anything else.
///
/// All that differs from the ground stays in it. One that is aslant, or in which nothing stands, stays as it is.
pub(crate) fn tight(quad: &Quad, views: &[&RgbImage], margin: u32) -> Quad {
    let mut tight = *quad;
    // What was taken from the rows at each side, at most a row of it.
    let mut ground = [0.0; 2];
    for transposed in [false, true] {
        let Some(level) = Level::new(&tight, transposed) else { return *quad };
        // A stroke as high as what is left, that of an L, is of one color as well; it differs from the ground above or below.
        let shown = Level { x0: level.x0 - ground[0], x1: level.x1 + ground[1], ..level };
        let plain = |from_end: bool| {
            let rows = views.iter().map(|image| Picture { image, transposed }.plain_rows(shown, PLAIN, from_end));
            rows.min().unwrap_or(0)
        };
        let (start, end) = (level.y0.max(0.0).floor(), level.y1.ceil());
        let first = start + plain(false).saturating_sub(margin) as f32;
        let last = end - plain(true).saturating_sub(margin) as f32;
        let (y0, y1) = (level.y0.max(first), level.y1.min(last));
        if y0 >= y1 {
            return *quad;
        }
        ground = [(y0 - level.y0).min(1.0), (level.y1 - y1).min(1.0)];
        tight = Level { y0, y1, ..level }.quad(transposed);
    }
    tight
}

/// Returns the rectangle round two level ones: an area that is filled and the box that it was made tight from. One
/// aslant was not made tight, and holds its box.
pub(crate) fn around(area: &Quad, other: &Quad) -> Quad {
    let levels = (Level::new(area, false), Level::new(other, false));
    let (Some(a), Some(b)) = levels else { return *area };
    Level { x0: a.x0.min(b.x0), y0: a.y0.min(b.y0), x1: a.x1.max(b.x1), y1: a.y1.max(b.y1) }.quad(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::level::testing::{picture, quad};
    use image::Rgb;
    use proptest::prelude::*;

    #[test]
    fn loose_boxes_end_before_the_letters() {
        let image = picture(&[[20, 20, 30, 30], [34, 22, 50, 34]]);
        assert_eq!(tight(&quad(5, 6, 90, 60), &[&image], 2), quad(18, 18, 52, 36));
        assert_eq!(tight(&quad(19, 20, 51, 60), &[&image], 2), quad(19, 20, 51, 36));
        // What another view shows counts too.
        let other = picture(&[[60, 40, 70, 44]]);
        assert_eq!(tight(&quad(5, 6, 90, 60), &[&image, &other], 2), quad(18, 18, 72, 46));
        // So does what is hardly seen.
        let mut dim = image.clone();
        dim.put_pixel(8, 8, Rgb([0, 4, 0]));
        assert_eq!(tight(&quad(5, 6, 90, 60), &[&dim], 2), quad(6, 6, 52, 36));
    }

    #[test]
    fn strokes_as_high_as_the_letters_stay() {
        let letter = picture(&[[20, 20, 22, 34], [20, 32, 30, 34]]);
        assert_eq!(tight(&quad(5, 6, 90, 60), &[&letter], 0), quad(20, 20, 30, 34));
        // At the border of the picture there is ground on one side alone.
        let above = picture(&[[0, 66, 4, 80], [4, 72, 30, 76]]);
        assert_eq!(tight(&quad(0, 40, 50, 80), &[&above], 0), quad(0, 66, 30, 80));
    }

    #[test]
    fn a_box_without_ground_or_without_anything_stays() {
        let image = picture(&[[20, 20, 50, 34]]);
        for stays in [quad(22, 22, 40, 30), quad(60, 40, 90, 60), Quad::from_rect(crate::Rect::new(0, 0, 0, 0))] {
            assert_eq!(tight(&stays, &[&image], 2), stays);
        }
        let mut slanted = quad(5, 6, 90, 60);
        slanted.0[1].y += 9.0;
        slanted.0[2].y += 9.0;
        assert_eq!(tight(&slanted, &[&image], 2), slanted);
        // A gradient is no ground.
        let gradient = RgbImage::from_fn(120, 80, |x, y| Rgb([u8::try_from(x + y).expect("below 200"); 3]));
        let kept = tight(&quad(5, 6, 90, 60), &[&gradient], 0);
        assert!(kept.bounding_box(120, 80).width() >= 85 - 6, "{kept:?}");
    }

    #[test]
    fn at_the_edge_of_the_picture_nothing_is_lost() {
        let image = picture(&[[0, 0, 9, 5], [111, 75, 120, 80]]);
        let whole = Quad(quad(0, 0, 120, 80).0.map(|p| crate::Point::new(p.x * 1.1 - 4.0, p.y * 1.1 - 4.0)));
        assert_eq!(tight(&whole, &[&image], 2).bounding_box(120, 80), crate::Rect::new(0, 0, 120, 80));
    }

    proptest! {
        #[test]
        fn no_pixel_that_differs_is_left_out(
            dots in prop::collection::vec((0u32..120, 0u32..80, 4u8..), 1..6),
            (x0, y0) in (0u32..60, 0u32..40), (width, height) in (4u32..60, 4u32..40), margin in 0u32..4,
        ) {
            let mut image = RgbImage::new(120, 80);
            for &(x, y, value) in &dots {
                image.put_pixel(x, y, Rgb([value, 0, 0]));
            }
            let own = quad(x0, y0, x0 + width, y0 + height);
            let kept = tight(&own, &[&image], margin).bounding_box(120, 80);
            for (x, y, _) in dots {
                let holds = |r: crate::Rect| r.x0 <= x && x < r.x1 && r.y0 <= y && y < r.y1;
                prop_assert!(holds(kept) || !holds(own.bounding_box(120, 80)));
            }
        }
    }
}
