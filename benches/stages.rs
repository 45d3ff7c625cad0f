//! The stages around detection on shipped frames of several kinds: open, decode, view, mask, write.
//!
//! `benches/detect.rs` has detection and post-processing.

use criterion::{Criterion, criterion_group, criterion_main};
use deburn::dicom::views::views;
use deburn::dicom::{Instance, Limits, write};
use deburn::phi::Policy;
use deburn::text::TextLine;
use deburn::{Point, Quad, mask};
use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;

/// Five lines of usual size, none of them level.
fn lines() -> Vec<TextLine> {
    let at = |x: f32, y: f32| {
        Quad([
            Point::new(x, y),
            Point::new(x + 120.0, y + 1.0),
            Point::new(x + 119.0, y + 15.0),
            Point::new(x, y + 14.0),
        ])
    };
    (0..5u8)
        .map(|i| TextLine { quad: at(20.0, 10.0 + 30.0 * f32::from(i)), score: 0.9, readings: Vec::new() })
        .collect()
}

fn stages(criterion: &mut Criterion) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for name in ["us_rgb", "us_ybr_jpeg", "us_cine_jpeg", "dx_label_outside_window", "dx_j2k", "dx_jpegls", "scan_page"]
    {
        let path = fixtures.join(format!("{name}.dcm"));
        let limits = Limits::default();
        criterion.bench_function(&format!("open/{name}"), |b| b.iter(|| Instance::open(black_box(&path), &limits)));
        let instance = Instance::open(&path, &limits).expect("a fixture opens");
        let frames = instance.frames().expect("a fixture has pixels").expect("a fixture has pixels");
        criterion.bench_function(&format!("decode/{name}"), |b| b.iter(|| frames.decode(black_box(0))));
        let frame = frames.decode(0).expect("a fixture decodes");
        criterion.bench_function(&format!("view/{name}"), |b| {
            b.iter(|| views(black_box(&frame), frames.palette.as_ref(), &frames.windows));
        });
        let findings = Policy::All.decide(&lines());
        criterion.bench_function(&format!("mask/{name}"), |b| {
            b.iter(|| mask::region(black_box(&findings), frame.description.columns, frame.description.rows));
        });
        criterion.bench_function(&format!("write/{name}"), |b| {
            let region = |_| {
                mask::region(&findings, frame.description.columns, frame.description.rows).map(|own| frames.grown(own))
            };
            b.iter(|| write::masked(&frames, &region, &mut Cursor::new(Vec::new())));
        });
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
