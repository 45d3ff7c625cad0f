//! A network with what belongs to it, and one run of it on a tile of a picture.

use image::RgbImage;
use ndarray::{Array3, Axis, Ix4};

use super::manifest::InputForm;
use super::model::Model;
use super::tiles;
use crate::error::{Error, Result};
use crate::geometry::Rect;

/// A network and what belongs to it.
pub struct Network<T> {
    /// Runs it.
    pub model: Box<dyn Model>,
    /// How a picture is fed to it.
    pub input: InputForm,
    /// How its output is read.
    pub thresholds: T,
}

impl<T: std::fmt::Debug> std::fmt::Debug for Network<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { input, thresholds, .. } = self;
        f.debug_struct("Network").field("input", input).field("thresholds", thresholds).finish_non_exhaustive()
    }
}

/// Shows a network one tile of a picture and returns its output: channel, row, column.
///
/// The output has `channels` channels of the input's sides divided by `stride`; the input's sides are those of the tile,
/// continued up to what the network needs.
///
/// # Errors
///
/// [`Error::Detector`] if the network fails or returns something else.
pub(super) fn run(
    model: &mut dyn Model,
    input: &InputForm,
    image: &RgbImage,
    tile: Rect,
    (channels, stride): (usize, usize),
) -> Result<Array3<f32>> {
    let tensor = tiles::tensor(image, tile, input);
    let map = model.run(tensor.view()).map_err(Error::Detector)?;
    let (_, _, rows, columns) = tensor.dim();
    if map.shape() != [1, channels, rows / stride, columns / stride] {
        return Err(Error::Detector(format!("the output has the axes {:?}", map.shape())));
    }
    // A comparison with NaN is false: the text would be lost without a word.
    // All of it is looked at, which is faster than to stop at the first.
    if !map.iter().fold(true, |all, value| all & value.is_finite()) {
        return Err(Error::Detector("the output holds values that are no numbers".to_owned()));
    }
    let map = map.into_dimensionality::<Ix4>().expect("four axes were seen");
    Ok(map.index_axis_move(Axis(0), 0))
}
