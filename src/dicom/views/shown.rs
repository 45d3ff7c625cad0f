//! A frame as a person looks at it: one picture, or the values of a deep one for a window of their own.

use super::{Frame, PaletteColor, Range, Raster, Window};
use image::RgbImage;

/// The values of a gray frame with more than 8 bits, brought to 16 bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// One for each pixel, from 0 on.
    pub values: Vec<u16>,
    /// The stored value of 0.
    pub low: f64,
    /// How many stored values come to one: 1 unless they take more than 16 bits.
    pub step: f64,
    /// The lowest value is white.
    pub inverted: bool,
    /// Lowest and highest stored value of the window that is shown first.
    pub window: [f64; 2],
}

/// Renders a frame: a gray one through its first VOI window that shows something, else over its full range.
///
/// # Panics
///
/// As [`super::views`].
#[must_use]
pub fn shown(frame: &Frame, palette: Option<&PaletteColor>, windows: &[Window]) -> RgbImage {
    let raster = Raster::new(frame, palette);
    raster.render(first(&raster, windows))
}

/// Returns the values of a gray frame with more than 8 bits; `None` for all other frames.
///
/// # Panics
///
/// As [`super::views`].
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "scaled to 16 bits before the cast")]
pub fn values(frame: &Frame, palette: Option<&PaletteColor>, windows: &[Window]) -> Option<Values> {
    let raster = Raster::new(frame, palette);
    if !raster.deep || !raster.gray {
        return None;
    }
    let (low, high) = raster.extremes();
    let (least, most) = (raster.value(low), raster.value(high));
    let step = ((most - least) / f64::from(u16::MAX)).ceil().max(1.0);
    let values = raster.values.iter().map(|&value| ((raster.value(value) - least) / step) as u16).collect();
    let window = first(&raster, windows);
    Some(Values { values, low: least, step, inverted: raster.inverted, window: [window.low, window.high] })
}

/// Returns the range that is shown first.
fn first(raster: &Raster, windows: &[Window]) -> Range {
    let full = raster.full_range();
    let range =
        |window: &Window| Range { low: window.center - window.width / 2.0, high: window.center + window.width / 2.0 };
    let shows = |range: &Range| range.width() > 0.0 && range.high > full.low && range.low < full.high;
    let first = windows.iter().filter(|window| window.center.is_finite()).map(range).find(shows);
    first.filter(|_| raster.gray && raster.deep).unwrap_or(full)
}
