//! The floor of the comparison: what the files cost if every frame is read and decoded once and nothing is looked for.
//!
//! ```sh
//! cargo run --release --example floor -- FILE...
//! ```
//!
//! Of a clip, each frame is also compared with the one before it, and a strip as high as a banner is masked in all
//! frames in the input's own form: a JPEG clip by its coefficients. One thread. Prints the number of frames and of
//! changed tiles.

use std::io::{Cursor, Error, Result, Write, stdout};
use std::path::Path;

use deburn::dicom::write::{self, Plan, WriteOptions};
use deburn::dicom::{Frame, Instance, Limits, Samples};
use deburn::{Rect, Region};

/// Side of the square that is compared at once.
const TILE: usize = 32;
/// Height of the masked strip, about that of two rows of text.
const STRIP: u32 = 48;

fn main() -> Result<()> {
    let (mut frames, mut changed) = (0, 0);
    for path in std::env::args_os().skip(1) {
        let (of_file, tiles) = file(Path::new(&path))?;
        frames += of_file;
        changed += tiles;
    }
    writeln!(stdout(), "{frames} frames, {changed} changed tiles")
}

/// Reads and decodes a file; returns its frames and the tiles that differ from the frame before.
fn file(path: &Path) -> Result<(u32, usize)> {
    let instance = Instance::open(path, &Limits::default()).map_err(Error::other)?;
    let Some(frames) = instance.frames().map_err(Error::other)? else { return Ok((0, 0)) };
    let (mut before, mut tiles) = (None, 0);
    for index in 0..frames.count() {
        let frame = frames.decode(index).map_err(Error::other)?;
        if let Some(before) = &before {
            tiles += changed_tiles(before, &frame);
        }
        before = Some(frame);
    }
    if frames.count() > 1 {
        let regions = |_| {
            let mut region = Region::new(frames.description.columns, frames.description.rows);
            region.add_rect(Rect::new(0, 0, frames.description.columns, STRIP.min(frames.description.rows)));
            Some(region)
        };
        let plan = Plan::new(&frames, &regions, WriteOptions::default()).map_err(Error::other)?;
        write::masked(&frames, &regions, &plan, &mut Cursor::new(Vec::new())).map_err(Error::other)?;
    }
    Ok((frames.count(), tiles))
}

/// Counts the tiles in which any sample has changed.
fn changed_tiles(before: &Frame, after: &Frame) -> usize {
    let samples = usize::from(after.description.samples_per_pixel);
    let row = after.description.columns as usize * samples;
    match (&before.samples, &after.samples) {
        (Samples::U8(before), Samples::U8(after)) => compare(before, after, row, TILE * samples),
        (Samples::U16(before), Samples::U16(after)) => compare(before, after, row, TILE * samples),
        (Samples::U32(before), Samples::U32(after)) => compare(before, after, row, TILE * samples),
        _ => 0,
    }
}

/// Counts tiles of `TILE` rows and `wide` samples that differ.
fn compare<T: PartialEq>(before: &[T], after: &[T], row: usize, wide: usize) -> usize {
    let mut tiles = 0;
    for (before, after) in before.chunks(row * TILE).zip(after.chunks(row * TILE)) {
        let mut differs = vec![false; row.div_ceil(wide)];
        for (before, after) in before.chunks(row).zip(after.chunks(row)) {
            for (differs, (before, after)) in differs.iter_mut().zip(before.chunks(wide).zip(after.chunks(wide))) {
                *differs |= before != after;
            }
        }
        tiles += differs.iter().filter(|differs| **differs).count();
    }
    tiles
}
