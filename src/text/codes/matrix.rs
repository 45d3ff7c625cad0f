//! Finds matrix codes (QR, Data Matrix, Aztec, PDF417…) by their texture, readable or not.
//!
//! Every row and column of a matrix code changes between dark and light every few modules, its edges follow two
//! directions at right angles, half of it is dark, and it stands on plain ground. Text has rows between its lines that
//! change little; speckle and noise have edges in all directions; grids and rulers change too seldom.

use image::GrayImage;

use super::patch::Patch;
use super::texture::{CELL, Grid, groups};
use super::{LEAST, Located, bars};
use crate::geometry::Rect;

/// Side of a window in cells: 8 to 16 modules, as many as the smallest Data Matrix has.
const WINDOW: usize = 3;
const SIDE: usize = WINDOW * CELL;

/// What a window must show to be looked at closer. Of 12 000 windows of text-free pictures with a roughness of 0.1, these
/// limits leave 800; codes whose modules run into each other (blurred by 0.9 of a module) fail them too.
struct Limits;

impl Limits {
    /// Least contrast in levels: noise of 8 levels spreads over 50.
    const CONTRAST: f32 = 60.0;
    /// Least mean gradient as a share of the contrast.
    const ROUGHNESS: f32 = 0.1;
    /// Least share of edges in two directions.
    const GRIDDED: f32 = 0.15;
    /// Fewer changes a row are those of a grid of lines, which has two a line…
    const FEWEST_CHANGES: usize = 28;
    /// …and more those of dithering, in tenths.
    const MOST_CHANGES: usize = 132;
    /// Changes that four of five rows and columns must have. The rows between lines of text have less.
    const CHANGES: u8 = 2;
    /// With so many, a window is full of modules.
    const MANY_CHANGES: u8 = 3;
    /// How far from the middle brightness a pixel must be to be dark or light, as a share of the contrast.
    const BAND: f32 = 0.05;
}

/// Returns what may be matrix codes in a picture, with their scores. Windows of which `is_shown` does not say so are none.
pub(super) fn locate(image: &GrayImage, grid: &Grid, is_shown: impl Fn(Rect) -> bool) -> Vec<Located> {
    if grid.columns < WINDOW || grid.rows < WINDOW {
        return Vec::new();
    }
    let (columns, rows) = (grid.columns - WINDOW + 1, grid.rows - WINDOW + 1);
    let changes: Vec<u8> = (0..columns * rows)
        .map(|index| {
            let (column, row) = (index % columns, index / columns);
            if is_shown(window(column, row)) { changes(image, grid, column, row) } else { 0 }
        })
        .collect();
    groups(columns, changes.len(), |index| changes[index] >= Limits::CHANGES, |_, _| true)
        .iter()
        .filter_map(|windows| assess(image, grid, columns, windows, &changes))
        .collect()
}

/// Returns the pixels of the window that begins with a cell.
fn window(column: usize, row: usize) -> Rect {
    let at = |cell: usize| u32::try_from(cell * CELL).expect("cells of a picture");
    Rect::new(at(column), at(row), at(column + WINDOW), at(row + WINDOW))
}

/// Returns how often four of five rows and columns of a window change between dark and light; 0 if it is no texture of
/// modules.
fn changes(image: &GrayImage, grid: &Grid, column: usize, row: usize) -> u8 {
    let sum = grid.block(column, row, column + WINDOW, row + WINDOW);
    if sum.contrast() < Limits::CONTRAST
        || sum.roughness(SIDE * SIDE) < Limits::ROUGHNESS
        || sum.gridded() < Limits::GRIDDED
    {
        return 0;
    }
    let (mut across, mut down) = count_changes(image, column * CELL, row * CELL, (sum.low, sum.high));
    let total: usize = across.iter().chain(&down).map(|&count| usize::from(count)).sum();
    let tenths = 10 * total / (2 * SIDE);
    if !(Limits::FEWEST_CHANGES..=Limits::MOST_CHANGES).contains(&tenths) {
        return 0;
    }
    across.sort_unstable();
    down.sort_unstable();
    across[SIDE / 5].min(down[SIDE / 5])
}

/// Counts the changes between dark and light along each row and each column of the window at (`x0`, `y0`).
fn count_changes(image: &GrayImage, x0: usize, y0: usize, (low, high): (u8, u8)) -> ([u8; SIDE], [u8; SIDE]) {
    let (low, high) = (f32::from(low), f32::from(high));
    let (middle, band) = (f32::midpoint(low, high), Limits::BAND * (high - low));
    // The brightest dark and the darkest light value: bytes are whole numbers.
    let (dark, light) = ((middle - band).floor(), (middle + band).ceil());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
    let (dark, light) = (dark as u8, light as u8);
    // By brightness: 1 for dark, 2 for light, 0 for what is neither.
    let shade = |value: u8| if value <= dark { 1 } else { 2 * u8::from(value >= light) };
    let (mut across, mut down) = ([0; SIDE], [0; SIDE]);
    let mut above = [0; SIDE];
    for (y, count) in across.iter_mut().enumerate() {
        let line = &image.as_raw()[(y0 + y) * image.width() as usize + x0..][..SIDE];
        let mut before = 0;
        for (x, &value) in line.iter().enumerate() {
            let now = shade(value);
            if now == 0 {
                continue;
            }
            *count += u8::from(before != 0 && before != now);
            down[x] += u8::from(above[x] != 0 && above[x] != now);
            (before, above[x]) = (now, now);
        }
    }
    (across, down)
}

/// Makes a candidate of a group of windows, if it can be one.
fn assess(image: &GrayImage, grid: &Grid, columns: usize, windows: &[usize], changes: &[u8]) -> Option<Located> {
    let mut cells: Vec<usize> = windows
        .iter()
        .flat_map(|window| {
            let first = window / columns * grid.columns + window % columns;
            (0..WINDOW * WINDOW).map(move |at| first + at / WINDOW * grid.columns + at % WINDOW)
        })
        .collect();
    cells.sort_unstable();
    cells.dedup();
    let sum = grid.sum(&cells);
    let angle = sum.quadruple[1].atan2(sum.quadruple[0]) / 4.0;
    #[expect(clippy::cast_precision_loss, reason = "8")]
    let patch = Patch::round(cells.iter().map(|&cell| grid.middle(cell)), CELL as f32, angle);
    let full = windows.iter().filter(|&&window| changes[window] >= Limits::MANY_CHANGES).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of windows are below 2^24")]
    let mut features = Features {
        windows: (windows.len() as f32).ln(),
        full: share(full, windows.len()),
        gridded: sum.gridded(),
        contrast: sum.contrast() / 255.0,
        size: (patch.width().min(patch.height()) / SIDE as f32).ln(),
        quiet: 1.0,
        unbalance: 0.0,
    };
    // The rest costs more, and can only lower the score.
    if features.score() < LEAST {
        return None;
    }
    let (pixels, low, high) = patch.pixels(image);
    let middle = f32::midpoint(low, high);
    features.unbalance = (share(pixels.iter().filter(|&&pixel| pixel < middle).count(), pixels.len()) - DARK).abs();
    if features.score() < LEAST {
        return None;
    }
    if bars::irregularity(image, &patch) < IRREGULAR {
        return None;
    }
    let (settled, quiet) = patch.settled(image, low, high);
    features.quiet = quiet;
    Some(Located { patch: settled, score: features.score(), is_linear: false })
}

/// Runs that differ less in width, as a logarithm, are those of a grid or a checkerboard, which have 0.
const IRREGULAR: f32 = 0.15;

/// The share of a code's pixels that is dark: the median of rendered ones, plain ground at their border included.
const DARK: f32 = 0.48;

#[expect(clippy::cast_precision_loss, reason = "shares are rough")]
fn share(count: usize, of: usize) -> f32 {
    count as f32 / of.max(1) as f32
}

/// What tells a code from other textures.
#[derive(Clone, Copy, Debug)]
struct Features {
    /// Logarithm of the number of windows.
    windows: f32,
    /// The share of windows full of modules.
    full: f32,
    /// How well edges follow two directions.
    gridded: f32,
    /// The contrast, 0..=1.
    contrast: f32,
    /// Logarithm of the shorter side in windows.
    size: f32,
    /// How plain the ground round it is.
    quiet: f32,
    /// How far the share of dark pixels is from what codes have.
    unbalance: f32,
}

impl Features {
    /// Returns how sure it is that this is a code, 0..=1.
    ///
    /// The weights are those of a logistic regression on candidates in 700 rendered pictures with a code of twelve kinds
    /// (1256 candidates; modules from 1.5 pixels, any angle, blur, noise, JPEG, damage) and in 110 real pictures without
    /// one. From one half, the score takes 62 % of 421 rendered matrix codes, of which a decoder reads 55 %, none of
    /// 581 candidates in rendered text, one place in 66 text-free pictures and six in 45 with text.
    fn score(&self) -> f32 {
        let sum = 0.35 * self.windows
            + 2.9 * self.full
            + 3.2 * self.gridded
            + 3.1 * self.contrast
            + 2.6 * self.size
            + 11.5 * self.quiet
            - 17.0 * self.unbalance
            - 15.0;
        1.0 / (1.0 + (-sum).exp())
    }
}
