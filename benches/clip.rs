//! What a clip and a batch cost beside the networks: comparing frames and inheriting what stands still, what masks frames
//! and compares them with the input, the report and the journal.

use criterion::{Criterion, criterion_group, criterion_main};
use deburn::batch::{Done, Journal, Stamp};
use deburn::cine;
use deburn::dicom::blocks::Grain;
use deburn::dicom::codec::{self, Fallback};
use deburn::dicom::fill::FillChoice;
use deburn::dicom::marks::Marks;
use deburn::dicom::places::{Overlays, Pictures};
use deburn::dicom::views::{View, ViewKind};
use deburn::dicom::write::{self, Plan, WriteOptions};
use deburn::dicom::{Frames, Instance, Limits};
use deburn::phi::{Decision, Documents, Finding, Policy};
use deburn::reader::{Reader, Readings};
use deburn::report::{self, Header, Line, Options, Record, ReportText, Runtime, Status, TextKey, TextPrivacy, Writer};
use deburn::text::{self, DetectorPool, Device, Effort, Engine, LineKind, Models};
use deburn::{Quad, Rect, Region, mask};
use image::RgbImage;
use std::hint::black_box;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn with_frames(name: &str, work: impl FnOnce(&Frames<'_>)) {
    let instance = Instance::open(&fixture(name), &Limits::default()).expect("a fixture opens");
    work(&instance.frames().expect("a fixture has pixels").expect("a fixture has pixels"));
}

/// Eighteen masked lines, as an ultrasound frame has them, all a bit to the right in each frame.
fn findings(frame: u16) -> Vec<Finding> {
    let line = |index: u16| {
        let (x, y) = (u32::from(12 + 190 * (index % 2) + frame % 3), u32::from(8 + 30 * (index / 2)));
        let quad = Quad::from_rect(Rect::new(x, y, x + 150, y + 14));
        Finding {
            quad,
            area: text::pad(&quad),
            score: Some(0.9),
            reading: None,
            decision: Decision::Mask,
            rule: "not-technical".into(),
            attribute: None,
            kind: LineKind::Text,
        }
    };
    (0..18).map(line).collect()
}

/// The look at a frame of 800 x 600 after one that was looked at: the same, and one with a changed corner.
fn looks(criterion: &mut Criterion) {
    // Benches run from <target>/<profile>/deps, the build puts the library one folder above.
    let exe = std::env::current_exe().expect("the path of this bench");
    let folder = exe.parent().and_then(Path::parent).expect("a bench lies in deps");
    let name = format!("{}onnxruntime{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let runtime = text::Runtime::load(Some(&folder.join(name))).expect("built");
    let engine = Engine::new(runtime, Models::embedded().expect("built in"), Device::Cpu).expect("always there");
    let reader = Reader { detectors: DetectorPool::new(Arc::new(engine), Effort::Standard), recognizers: None };
    let frame = RgbImage::from_fn(800, 600, |x, y| image::Rgb([u8::try_from((x * 7 + y * 13) % 97).unwrap_or(0); 3]));
    let views = |image: &RgbImage| vec![View { image: image.clone(), kind: ViewKind::FullRange }];
    let known = Readings::default();
    let (_, before) = reader.look(views(&frame), 2, None, None, &known).expect("looked at");
    let mut changed = frame.clone();
    (0..40).for_each(|x| changed.put_pixel(700 + x, 500, image::Rgb([200; 3])));
    let mut group = criterion.benchmark_group("clip");
    group.sample_size(20);
    for (name, now) in [("unchanged", &frame), ("a changed row of 40 pixels", &changed)] {
        group.bench_function(format!("{name}/800x600"), |b| {
            b.iter(|| reader.look(views(black_box(now)), 2, Some(&before), None, &known).expect("looked at"));
        });
    }
    group.bench_function("inherit/100 frames of 18 lines", |b| {
        b.iter_batched(|| (0..100).map(findings).collect::<Vec<_>>(), cine::inherit, criterion::BatchSize::SmallInput);
    });
    group.finish();
}

/// Writing a masked clip and comparing it with the input, frames decoded anew as in a clip too long to be kept.
fn written(criterion: &mut Criterion) {
    for name in ["us_cine_jpeg", "us_cine_native"] {
        with_frames(&format!("{name}.dcm"), |frames| {
            let (columns, rows) = frames.size();
            let regions = |frame: u32| mask::region(&findings(u16::try_from(frame).unwrap_or(0)), columns, rows);
            let plan = Plan::new(frames, &regions, WriteOptions { fallback: Fallback::ExplicitLe }).expect("maskable");
            let masked = || {
                let mut out = Cursor::new(Vec::new());
                write::masked(frames, &regions, &plan, &mut out).expect("written");
                out.into_inner()
            };
            criterion.bench_function(&format!("clip/write/{name}"), |b| b.iter(masked));
        });
    }
    with_frames("us_cine_jpeg.dcm", |frames| {
        let stored = frames.stored(0).expect("it is there");
        let syntax = &frames.file.transfer_syntax;
        criterion.bench_function("clip/decode/us_cine_jpeg", |b| {
            b.iter(|| codec::decode(syntax, &frames.description, black_box(&stored)));
        });
        criterion.bench_function("clip/decoded before/us_cine_jpeg", |b| b.iter(|| frames.decode(black_box(0))));
        let mut region = Region::new(frames.description.columns, frames.description.rows);
        region.add_rect(Rect::new(20, 10, 180, 26));
        let grain = Grain { width: 16, height: 8, reach: (1, 0) };
        criterion.bench_function("clip/blocks of a mask", |b| b.iter(|| grain.blocks(black_box(&region)).changed()));
    });
}

/// What runs, as a report begins with it.
fn header() -> Header {
    Header {
        version: "0".into(),
        command: "mask".into(),
        options: Options {
            policy: Policy::Strict,
            documents: Documents::Mask,
            effort: Effort::Standard,
            rules: Vec::new(),
            review_below: None,
            overlays: Overlays::Mask,
            fill: FillChoice::Black.to_string(),
            marks: Marks::Masked,
            new_uids: false,
            verify: deburn::again::Verify::Mask,
            report_text: ReportText::Kept,
            text_key: "0".into(),
            fallback: Fallback::ExplicitLe,
            max_pixels: 1 << 28,
            device: "cpu".into(),
        },
        runtime: Runtime { version: "0".into(), execution_provider: "CPUExecutionProvider".into() },
        models: Vec::new(),
        shard: None,
        review: None,
    }
}

fn told(criterion: &mut Criterion) {
    with_frames("us_cine_jpeg.dcm", |frames| {
        let privacy = TextPrivacy { text: ReportText::Kept, key: TextKey::new([0; 32]) };
        let all: Vec<Vec<Finding>> = (0..12).map(findings).collect();
        let regions = || report::regions(black_box(&all), frames, None, Grain::PIXEL, &privacy);
        criterion.bench_function("report/regions of 12 frames of 18 lines", |b| b.iter(regions));
        let mut record = Record::new("a/b.dcm".into());
        record.status = Status::Masked;
        record.regions = regions();
        record.regions.truncate(18);
        let line = Line::Instance(record);
        let mut report = Writer::new(std::io::sink(), header()).expect("a sink takes all");
        criterion.bench_function("report/a record of 18 regions", |b| b.iter(|| report.add(black_box(&line))));
        let file = tempfile::tempfile().expect("a temporary file");
        let (mut journal, _) = Journal::open(file).expect("an empty journal");
        let stamp = Stamp::of(&fixture("us_cine_jpeg.dcm"));
        criterion.bench_function("journal/begun and done, read back", |b| {
            b.iter(|| {
                journal.begun("a/b.dcm").expect("written");
                let done = Done { line: line.clone(), input: stamp, output: stamp };
                let place = journal.done(done).expect("written");
                journal.line(place).expect("as it was written")
            });
        });
    });
}

criterion_group!(benches, looks, written, told);
criterion_main!(benches);
