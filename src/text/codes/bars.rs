//! Finds linear codes (Code 128, Code 39, EAN, ITF…) by their parallel bars, readable or not, at any angle.

use image::GrayImage;

use super::Located;
use super::patch::{Patch, steps};
use super::texture::{CELL, Cell, Grid, groups};

/// Cells of bars: their contrast with their neighbors in levels, and…
const CONTRAST: f32 = 40.0;
/// …their own.
const OWN_CONTRAST: f32 = 24.0;
/// How parallel their edges are together with their neighbors'…
const PARALLEL: f32 = 0.7;
/// …or alone.
const OWN_PARALLEL: f32 = 0.85;
/// The mean gradient as a share of the contrast.
const ROUGHNESS: f32 = 0.1;
/// Cosine of the angle by which neighbors may differ, 16 degrees.
const SAME_DIRECTION: f32 = 0.96;

/// The shortest code, in pixels: eight digits of ITF with modules of a pixel.
const SHORTEST: f32 = 40.0;
/// The lowest bars: lower ones are letters.
const LOWEST: f32 = 12.5;

/// What a group of cells must show to be bars: edges along its best line, …
///
/// Of 871 rendered linear codes (modules of 1 to 6 pixels, any angle, blur, noise, JPEG, a seventh of them damaged) 88 %
/// pass, of 66 text-free pictures two, both a test card's line pairs of rising frequency.
const EDGES: usize = 14;
/// …how alike its lines are, the second worst of four pairs…
const ALIKE: f32 = 0.5;
/// …and their median, …
const MOSTLY_ALIKE: f32 = 0.8;
/// …which is higher in reduced pictures, where bars are wide, and where the lines of a text look like bars of a kind, …
const ALIKE_REDUCED: f32 = 0.93;
/// …and how much runs of one color differ in width from the next of it, as a logarithm: 0 for rulers and line pairs, 0.24
/// for line pairs of a test card that are too fine for its pixels, 0.3 or more for 99 % of the codes.
const IRREGULAR: f32 = 0.3;

/// Bars are at most so many times as long as the code is wide: lines of text are longer.
const LONGEST_BARS: f32 = 1.2;

/// How much less a candidate may show to be given to the decoder.
const FEWER_EDGES: usize = 10;
const LESS_ALIKE: f32 = 0.6;

/// Returns what may be linear codes in a picture, and with score 0 what is too regular for one: rulers, line pairs.
pub(super) fn locate(image: &GrayImage, grid: &Grid, is_reduced: bool) -> Vec<Located> {
    let angles: Vec<Option<f32>> = (0..grid.len()).map(|index| direction(grid, index)).collect();
    let same =
        |a: usize, b: usize| angles[a].zip(angles[b]).is_some_and(|(a, b)| (a - b).cos().abs() >= SAME_DIRECTION);
    groups(grid.columns.max(1), grid.len(), |index| angles[index].is_some(), same)
        .iter()
        .filter(|cells| cells.len() >= 5)
        .filter_map(|cells| assess(image, grid, cells, is_reduced))
        .collect()
}

/// Returns the angle across the edges of a cell, if it is one of bars.
fn direction(grid: &Grid, index: usize) -> Option<f32> {
    let own = grid.get(index);
    if own.contrast() < OWN_CONTRAST {
        return None;
    }
    let (x, y) = (index % grid.columns, index / grid.columns);
    let (x0, y0, x1, y1) =
        (x.saturating_sub(1), y.saturating_sub(1), (x + 2).min(grid.columns), (y + 2).min(grid.rows));
    let around = grid.block(x0, y0, x1, y1);
    let is_clear = own.parallel() >= OWN_PARALLEL;
    let is_bars = around.contrast() >= CONTRAST
        && (is_clear || around.parallel() >= PARALLEL)
        && around.roughness((x1 - x0) * (y1 - y0) * CELL * CELL) >= ROUGHNESS;
    is_bars.then(|| angle(if is_clear { own } else { &around }))
}

fn angle(cell: &Cell) -> f32 {
    cell.double[1].atan2(cell.double[0]) / 2.0
}

/// Makes a candidate of a group of cells, if it looks like bars at all.
fn assess(image: &GrayImage, grid: &Grid, cells: &[usize], is_reduced: bool) -> Option<Located> {
    #[expect(clippy::cast_precision_loss, reason = "8")]
    let patch = Patch::round(cells.iter().map(|&cell| grid.middle(cell)), CELL as f32, angle(&grid.sum(cells)));
    if patch.width() < SHORTEST || patch.height() < LOWEST || patch.height() > LONGEST_BARS * patch.width() {
        return None;
    }
    let lines = [0.2, 0.35, 0.5, 0.65, 0.8].map(|share| line(image, &patch, patch.v.0 + share * patch.height()));
    let mut alike = [0, 1, 2, 3].map(|index| correlation(&lines[index], &lines[index + 1]));
    alike.sort_unstable_by(f32::total_cmp);
    let (edges, irregular) = lines.iter().map(|line| runs(line)).max_by_key(|&(edges, _)| edges)?;
    if edges < FEWER_EDGES || alike[2] < LESS_ALIKE {
        return None;
    }
    if irregular < IRREGULAR {
        return Some(Located { patch, score: 0.0, is_linear: true });
    }
    let is_sure =
        edges >= EDGES && alike[1] >= ALIKE && alike[2] >= if is_reduced { ALIKE_REDUCED } else { MOSTLY_ALIKE };
    let (_, low, high) = patch.pixels(image);
    let (settled, _) = patch.settled(image, low, high);
    // The bars are as good as they are alike; what is not sure stays below one half.
    let score = if is_sure { alike[2].clamp(0.5, 1.0) } else { (alike[2] / 2.0).clamp(0.0, 0.49) };
    Some(Located { patch: settled, score, is_linear: true })
}

/// Returns how much runs of one color differ in width from the next of it, along rows and columns of a patch, as a
/// logarithm: 0 for grids and checkerboards.
pub(super) fn irregularity(image: &GrayImage, patch: &Patch) -> f32 {
    /// Lines with fewer edges say nothing.
    const FEWEST: usize = 4;
    let along = |patch: Patch| {
        let places = [0.1, 0.3, 0.5, 0.7, 0.9].map(|share| patch.v.0 + share * patch.height());
        places.map(|v| runs(&line(image, &patch, v)))
    };
    let told = along(*patch).into_iter().chain(along(patch.turned())).filter(|&(edges, _)| edges >= FEWEST);
    let (count, sum) = told.fold((0.0, 0.0), |(count, sum), (_, irregular)| (count + 1.0, sum + irregular));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Returns the brightness along the first axis at position `v` of the second, half a pixel apart, each the mean of three
/// pixels along the bars. Shorter where the patch leaves the picture.
fn line(image: &GrayImage, patch: &Patch, v: f32) -> Vec<f32> {
    let at = |u: f32| {
        let pixels = [-1.0, 0.0, 1.0].map(|beside| patch.sample(image, u, v + beside));
        let inside = pixels.iter().flatten().count();
        #[expect(clippy::cast_precision_loss, reason = "three at most")]
        let mean = pixels.iter().flatten().sum::<f32>() / inside.max(1) as f32;
        mean
    };
    steps(patch.u, 0.5).map(at).collect()
}

/// Returns the correlation of two lines, -1..=1.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "lines are shorter than 2^24")]
    let mean = |line: &[f32]| line.iter().sum::<f32>() / line.len().max(1) as f32;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        both += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    both / (square_a * square_b).sqrt().max(1.0)
}

/// Returns the number of edges along a line, and the mean difference of the widths of runs of one color that follow each
/// other, as a logarithm.
fn runs(line: &[f32]) -> (usize, f32) {
    /// Lines of less contrast show no bars.
    const FLAT: f32 = 30.0;
    let mut sorted = line.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let [Some(low), Some(high)] =
        [sorted.len() / 20, sorted.len().saturating_sub(1 + sorted.len() / 20)].map(|index| sorted.get(index).copied())
    else {
        return (0, 0.0);
    };
    if high - low < FLAT {
        return (0, 0.0);
    }
    let middle = f32::midpoint(low, high);
    let band = 0.1 * (high - low);
    let mut edges: Vec<f32> = Vec::new();
    let (mut crossing, mut before) = (0.0, None);
    for (index, pair) in line.windows(2).enumerate() {
        let [here, next] = [pair[0] - middle, pair[1] - middle];
        if here * next <= 0.0 && here != next {
            #[expect(clippy::cast_precision_loss, reason = "lines are shorter than 2^24")]
            let start = index as f32;
            crossing = start + here / (here - next);
        }
        if next.abs() >= band {
            let now = next > 0.0;
            if before.is_some_and(|before| before != now) {
                edges.push(crossing);
            }
            before = Some(now);
        }
    }
    let widths: Vec<f32> = edges.windows(2).map(|pair| (pair[1] - pair[0]).max(0.5)).collect();
    let differences: Vec<f32> = widths.windows(3).map(|run| (run[2] / run[0]).ln().abs()).collect();
    #[expect(clippy::cast_precision_loss, reason = "lines are shorter than 2^24")]
    let irregular = differences.iter().sum::<f32>() / differences.len().max(1) as f32;
    (edges.len(), irregular)
}

/// Returns a patch along the bars of a linear code as high as the bars are, given a low one across them.
pub(super) fn heightened(image: &GrayImage, patch: Patch) -> Patch {
    /// Lines that are less like the given one are not of the code.
    const SAME: f32 = 0.5;
    let given = line(image, &patch, f32::midpoint(patch.v.0, patch.v.1));
    let reach = |start: f32, step: f32| {
        let mut end = start;
        while correlation(&given, &line(image, &patch, end)) >= SAME && (end - start).abs() < patch.width() {
            end += step;
        }
        end
    };
    Patch { v: (reach(patch.v.0, -1.0) - HEIGHT_MARGIN, reach(patch.v.1, 1.0) + HEIGHT_MARGIN), ..patch }
}

/// Pixels added above and below bars whose height was followed line by line.
const HEIGHT_MARGIN: f32 = 4.0;
