//! The texture of a gray picture: gradients summed in cells, at one scale after the other.

use image::GrayImage;

/// Side of a cell in pixels. At one scale or another a module of any code is 1.5 to 3 pixels wide, so a cell holds
/// several edges.
pub(super) const CELL: usize = 8;

/// Gradients below this many levels are noise.
const NOISE: f32 = 10.0;

/// What the pixels of a cell, or of several, have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// The sum of squared gradients.
    pub energy: f32,
    /// Their sum as vectors of double angle: long if all edges are parallel.
    pub double: [f32; 2],
    /// The same of four times the angle: long if all edges are parallel or at right angles.
    pub quadruple: [f32; 2],
    /// The darkest pixel.
    pub low: u8,
    /// The brightest pixel.
    pub high: u8,
}

impl Cell {
    const EMPTY: Self = Self { energy: 0.0, double: [0.0; 2], quadruple: [0.0; 2], low: u8::MAX, high: 0 };

    fn add(&mut self, other: &Self) {
        self.energy += other.energy;
        for axis in 0..2 {
            self.double[axis] += other.double[axis];
            self.quadruple[axis] += other.quadruple[axis];
        }
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    /// Returns how parallel all edges are, 0..=1.
    pub fn parallel(&self) -> f32 {
        self.double[0].hypot(self.double[1]) / self.energy.max(1.0)
    }

    /// Returns how well all edges follow two directions at right angles, 0..=1.
    pub fn gridded(&self) -> f32 {
        self.quadruple[0].hypot(self.quadruple[1]) / self.energy.max(1.0)
    }

    /// Returns the difference between the brightest and the darkest pixel.
    pub fn contrast(&self) -> f32 {
        f32::from(self.high.saturating_sub(self.low))
    }

    /// Returns the root mean square gradient of `pixels` pixels, as a share of the contrast.
    pub fn roughness(&self, pixels: usize) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a rough measure")]
        let mean = self.energy / pixels as f32;
        mean.sqrt() / self.contrast().max(1.0)
    }
}

/// What is summed over the rows of a cell, column by column, so that a processor does several columns at a time.
#[derive(Default)]
struct Sums {
    energy: [f32; CELL],
    double: [[f32; CELL]; 2],
    quadruple: [[f32; CELL]; 2],
    low_high: Option<(u8, u8)>,
}

impl Sums {
    /// Adds the gradients of a row of pixels, of which the last belongs to the next cell, and the row below it.
    fn gather(&mut self, here: &[u8; CELL + 1], below: &[u8; CELL + 1]) {
        for x in 0..CELL {
            let [here, right, below, across] = [here[x], here[x + 1], below[x], below[x + 1]].map(f32::from);
            // The diagonal differences of 2 x 2 pixels: they see modules of a single pixel too.
            let (falling, rising) = (across - here, right - below);
            let (gx, gy) = (falling + rising, falling - rising);
            // Twice a gradient of 8-bit pixels is at most 1020, its square below 2^21, exact in f32.
            let square = gx * gx + gy * gy;
            let is_seen = if square < 4.0 * NOISE * NOISE { 0.0 } else { 0.25 };
            let (energy, real, imaginary) = (square * is_seen, (gx * gx - gy * gy) * is_seen, 2.0 * gx * gy * is_seen);
            // (real, imaginary) has the length of the energy, so that the square of real alone gives that of both.
            let cosine = real / energy.max(1.0);
            self.energy[x] += energy;
            self.double[0][x] += real;
            self.double[1][x] += imaginary;
            self.quadruple[0][x] += 2.0 * real * cosine - energy;
            self.quadruple[1][x] += 2.0 * imaginary * cosine;
        }
        let own = &here[..CELL];
        let (low, high) = self.low_high.unwrap_or((u8::MAX, 0));
        self.low_high = Some(own.iter().fold((low, high), |(low, high), &pixel| (low.min(pixel), high.max(pixel))));
    }

    fn cell(&self) -> Cell {
        let sum = |values: &[f32; CELL]| values.iter().sum::<f32>();
        let (low, high) = self.low_high.unwrap_or((u8::MAX, 0));
        let [double, quadruple] = [&self.double, &self.quadruple].map(|both| [sum(&both[0]), sum(&both[1])]);
        Cell { energy: sum(&self.energy), double, quadruple, low, high }
    }
}

/// The cells of a picture; what is left over at the right and the bottom has none.
pub(super) struct Grid {
    pub columns: usize,
    pub rows: usize,
    cells: Vec<Cell>,
}

impl Grid {
    pub fn new(image: &GrayImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let pixels = image.as_raw();
        let (columns, rows) = (width / CELL, height / CELL);
        let mut cells = vec![Cell::EMPTY; columns * rows];
        for (row, own) in cells.chunks_exact_mut(columns.max(1)).enumerate() {
            for (column, cell) in own.iter_mut().enumerate() {
                let mut sums = Sums::default();
                let left = column * CELL;
                let line = |y: usize| -> [u8; CELL + 1] {
                    let pixels = &pixels[y.min(height - 1) * width..][left..width];
                    std::array::from_fn(|x| pixels[x.min(pixels.len() - 1)])
                };
                let mut here = line(row * CELL);
                for y in row * CELL + 1..=(row + 1) * CELL {
                    let below = line(y);
                    sums.gather(&here, &below);
                    here = below;
                }
                *cell = sums.cell();
            }
        }
        Self { columns, rows, cells }
    }

    pub fn get(&self, index: usize) -> &Cell {
        &self.cells[index]
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Returns the middle of a cell in pixels.
    #[expect(clippy::cast_precision_loss, reason = "sides of pictures are below 2^24")]
    pub fn middle(&self, index: usize) -> (f32, f32) {
        let half = CELL as f32 / 2.0;
        ((index % self.columns * CELL) as f32 + half, (index / self.columns * CELL) as f32 + half)
    }

    /// Returns the sum of a block of cells; the ends are excluded.
    pub fn block(&self, x0: usize, y0: usize, x1: usize, y1: usize) -> Cell {
        let mut sum = Cell::EMPTY;
        for row in y0..y1 {
            self.cells[row * self.columns..][x0..x1].iter().for_each(|cell| sum.add(cell));
        }
        sum
    }

    /// Returns the sum of some cells.
    pub fn sum(&self, cells: &[usize]) -> Cell {
        let mut sum = Cell::EMPTY;
        cells.iter().for_each(|&index| sum.add(&self.cells[index]));
        sum
    }
}

/// Returns the picture at half its size, each pixel the mean of four.
pub(super) fn halved(image: &GrayImage) -> GrayImage {
    let (width, columns, rows) = (image.width() as usize, image.width() / 2, image.height() / 2);
    let pixels = image.as_raw();
    let mut half = Vec::with_capacity(columns as usize * rows as usize);
    for y in 0..rows as usize {
        let (above, below) = (&pixels[2 * y * width..][..width], &pixels[(2 * y + 1) * width..][..width]);
        half.extend(above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0).map(|(above, below)| {
            let sum: u16 = above.iter().chain(below).map(|&pixel| u16::from(pixel)).sum();
            u8::try_from((sum + 2) / 4).expect("the mean of bytes is a byte")
        }));
    }
    GrayImage::from_raw(columns, rows, half).expect("as many pixels as columns times rows")
}

/// Groups the indices of a raster of `columns` whose `linked` says so: neighbors, corners included.
///
/// Groups come in the order of their first index; `linked(a, b)` is asked for members `a` and candidates `b`.
pub(in crate::text) fn groups(
    columns: usize,
    count: usize,
    is_member: impl Fn(usize) -> bool,
    linked: impl Fn(usize, usize) -> bool,
) -> Vec<Vec<usize>> {
    let mut seen = vec![false; count];
    let mut found = Vec::new();
    for start in (0..count).filter(|&index| is_member(index)) {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut group = Vec::new();
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            group.push(index);
            let (x, y) = (index % columns, index / columns);
            for row in y.saturating_sub(1)..(y + 2).min(count / columns) {
                for column in x.saturating_sub(1)..(x + 2).min(columns) {
                    let other = row * columns + column;
                    if !seen[other] && is_member(other) && linked(index, other) {
                        seen[other] = true;
                        open.push(other);
                    }
                }
            }
        }
        found.push(group);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn stripes_are_parallel_and_a_checkerboard_is_gridded() {
        let stripes = GrayImage::from_fn(32, 32, |x, _| Luma([if x % 4 < 2 { 0 } else { 200 }]));
        let board = GrayImage::from_fn(32, 32, |x, y| Luma([if (x / 3 + y / 3) % 2 == 0 { 0 } else { 200 }]));
        let whole = |image: &GrayImage| {
            let grid = Grid::new(image);
            grid.block(0, 0, grid.columns, grid.rows)
        };
        let (stripes, board) = (whole(&stripes), whole(&board));
        assert!(stripes.parallel() > 0.99 && stripes.gridded() > 0.99);
        assert!(board.parallel() < 0.2 && board.gridded() > 0.5, "{} {}", board.parallel(), board.gridded());
        assert!((board.contrast() - 200.0).abs() < 0.5);
    }

    #[test]
    fn a_half_is_the_mean_of_four() {
        let image = GrayImage::from_raw(5, 2, vec![0, 10, 255, 255, 9, 20, 30, 255, 255, 9]).expect("ten pixels");
        assert_eq!(halved(&image).into_raw(), [15, 255]);
    }

    #[test]
    fn groups_are_neighbors() {
        let set = [0, 1, 6, 9, 14];
        let found = groups(5, 15, |index| set.contains(&index), |_, _| true);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    }
}
