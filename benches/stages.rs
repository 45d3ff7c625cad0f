//! The stages around detection on shipped frames of several kinds: open, decode, view, decide, mask, write.
//!
//! `benches/detect.rs` has detection and reading.

use criterion::{Criterion, criterion_group, criterion_main};
use deburn::dicom::codec::{self, Masker};
use deburn::dicom::fill::FillChoice;
use deburn::dicom::frames::Store;
use deburn::dicom::views::views;
use deburn::dicom::write::{self, Plan, WriteOptions};
use deburn::dicom::{Instance, Limits};
use deburn::phi::{Identity, Judge, Policy, ReadingLimits, Rules};
use deburn::text::{Orientation, Reading, TextLine};
use deburn::{Point, Quad, Rect, Region, Sensitive, mask};
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
    (0..5u8).map(|i| TextLine::unread(at(20.0, 10.0 + 30.0 * f32::from(i)), 0.9)).collect()
}

/// Forty lines as an ultrasound frame shows them, in two columns.
fn read_lines() -> Vec<TextLine> {
    const TEXTS: [&str; 10] = [
        "NORTHLAKE HOSPITAL",
        "KOWALSKI, ANNA",
        "ID: NL5520184",
        "04-11-2021 08:02:55",
        "MI 0.8",
        "TIS0.4",
        "LT KIDNEY LONG",
        "Dist 4.52 cm",
        "28 Hz",
        "C5-1",
    ];
    let line = |i: u16| {
        let text = TEXTS[usize::from(i) % TEXTS.len()];
        let (x, y) = (20.0 + 400.0 * f32::from(i % 2), 10.0 + 24.0 * f32::from(i / 2));
        let corner = |dx: f32, dy: f32| Point::new(x + dx, y + dy);
        let reading = Reading {
            at_first: None,
            text: Sensitive::new(text.to_owned()),
            score: 0.97,
            character_scores: vec![0.97; text.chars().count()],
            orientation: Orientation::Upright,
        };
        let quad = Quad([corner(0.0, 0.0), corner(160.0, 0.0), corner(160.0, 16.0), corner(0.0, 16.0)]);
        TextLine { readings: vec![reading], ..TextLine::unread(quad, 0.9) }
    };
    (0..40).map(line).collect()
}

fn judge<'a>(rules: &'a Rules, instance: &Instance, policy: Policy) -> Judge<'a> {
    Judge {
        policy,
        rules,
        identity: Identity::new(instance.attributes().expect("read")),
        zones: Vec::new(),
        ultrasound_regions: Vec::new(),
        limits: ReadingLimits::default(),
        review_below: None,
    }
}

fn decisions(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/us_rgb_jpeg.dcm");
    let instance = Instance::open(&path, &Limits::default()).expect("a fixture opens");
    let rules = Rules::embedded().expect("built in");
    criterion.bench_function("rules/embedded", |b| b.iter(Rules::embedded));
    criterion.bench_function("identity/read", |b| b.iter(|| instance.attributes()));
    let attributes = instance.attributes().expect("read");
    criterion.bench_function("identity/build", |b| b.iter(|| Identity::new(black_box(attributes.clone()))));
    let lines = read_lines();
    let judge = judge(&rules, &instance, Policy::Strict);
    criterion.bench_function("decide/40 lines", |b| b.iter(|| judge.decide(black_box(&lines), 0, (800, 600))));
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
        // Frames that are compressed are remembered; here each is decoded anew.
        let stored = frames.stored(0).expect("it is there");
        criterion.bench_function(&format!("decode/{name}"), |b| match frames.store {
            Store::Native { .. } => b.iter(|| frames.decode(black_box(0))),
            Store::Encapsulated(_) => {
                b.iter(|| codec::decode(&instance.file.transfer_syntax, &frames.description, black_box(&stored)));
            }
        });
        let frame = frames.decode(0).expect("a fixture decodes");
        criterion.bench_function(&format!("view/{name}"), |b| {
            b.iter(|| views(black_box(&frame), frames.palette.as_ref(), &frames.windows));
        });
        let rules = Rules::embedded().expect("built in");
        let findings = judge(&rules, &instance, Policy::All).decide(&lines(), 0, (1 << 15, 1 << 15));
        criterion.bench_function(&format!("mask/{name}"), |b| {
            b.iter(|| mask::region(black_box(&findings), frame.description.columns, frame.description.rows));
        });
        criterion.bench_function(&format!("write/{name}"), |b| {
            let region = |_| mask::region(&findings, frame.description.columns, frame.description.rows);
            let plan = Plan::new(&frames, &region, WriteOptions::default()).expect("a fixture can be written");
            b.iter(|| write::masked(&frames, &region, &plan, &mut Cursor::new(Vec::new())));
        });
    }
}

/// Masking inside a JPEG stream, beside decoding it: of fixtures, and of a file of one's own in `DEBURN_BENCH_FILE`.
fn jpeg_blocks(criterion: &mut Criterion) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths: Vec<_> = ["us_ybr_jpeg", "us_cine_jpeg"].map(|name| fixtures.join(format!("{name}.dcm"))).into();
    paths.extend(std::env::var_os("DEBURN_BENCH_FILE").map(Into::into));
    for path in paths {
        let instance = Instance::open(&path, &Limits::default()).expect("a file that opens");
        let frames = instance.frames().expect("a file with pixels").expect("a file with pixels");
        let stream = frames.stored(0).expect("it is there");
        let transfer_syntax = &instance.file.transfer_syntax;
        let fill = FillChoice::Black;
        let masker = Masker { transfer_syntax, description: &frames.description, fill, palette: None, decoded: None };
        let mut region = Region::new(frames.description.columns, frames.description.rows);
        region.add_rect(Rect::new(20, 10, 180, 26));
        let blocks = masker.grain(&stream).expect("a lossy JPEG").blocks(&region);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        criterion.bench_function(&format!("jpeg/decode/{name}"), |b| {
            b.iter(|| codec::decode(transfer_syntax, &frames.description, black_box(&stream)));
        });
        criterion.bench_function(&format!("jpeg/mask/{name}"), |b| b.iter(|| masker.mask(black_box(&stream), &blocks)));
    }
}

criterion_group!(benches, stages, jpeg_blocks, decisions);
criterion_main!(benches);
