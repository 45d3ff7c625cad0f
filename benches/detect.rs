//! Detection of one frame of two usual sizes, the reading of a probability map alone, and of one line of text; the
//! search for machine-readable codes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use deburn::Quad;
use deburn::text::{self, Device, Effort, Engine, Look, Models, Role, Runtime, postprocess, sample};
use image::RgbImage;
use ndarray::Array2;

/// A frame with lines of text along its left side and a gray sector in the middle.
fn frame(width: u32, height: u32) -> RgbImage {
    let (text, area) = sample::picture();
    let mut frame = RgbImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (x.abs_diff(width / 2), y.abs_diff(height / 8));
        let inside = dx < dy && dx * dx + dy * dy < height * height / 2;
        image::Rgb([if inside { u8::try_from((x * 7 + y * 13) % 97).unwrap_or(0) } else { 0 }; 3])
    });
    let line = image::imageops::crop_imm(&text, area.x0, area.y0, area.width(), area.height()).to_image();
    for row in 0..10 {
        image::imageops::replace(&mut frame, &line, 8, 8 + 24 * row);
    }
    frame
}

fn engine() -> Engine {
    // Benches run from <target>/<profile>/deps, the build puts the library one folder above.
    let exe = std::env::current_exe().expect("the path of this bench");
    let folder = exe.parent().and_then(std::path::Path::parent).expect("a bench lies in deps");
    let name = format!("{}onnxruntime{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let runtime = Runtime::load(Some(&folder.join(name))).expect("built");
    Engine::new(runtime, Models::embedded().expect("built in"), Device::Cpu).expect("the CPU is always there")
}

fn detection(criterion: &mut Criterion) {
    let engine = engine();
    let mut group = criterion.benchmark_group("detect");
    group.sample_size(10);
    for effort in Effort::ALL {
        let mut detector = engine.detector(effort).expect("loaded before");
        for (width, height) in [(800, 608), (1024, 768)] {
            let frame = frame(width, height);
            let name = format!("{}/{width}x{height}", effort.name());
            group.bench_function(name, |b| b.iter(|| detector.detect(black_box(&frame))));
        }
    }
    group.finish();
    let models = Models::embedded().expect("built in");
    let Role::Detector { thresholds } = models.detector().0.role else { unreachable!("the detector has this role") };
    let map = Array2::from_shape_fn((608, 800), |(y, x)| if y % 24 < 6 && x % 200 < 150 { 0.9 } else { 0.0 });
    criterion
        .bench_function("postprocess/800x608", |b| b.iter(|| postprocess::lines(black_box(map.view()), &thresholds)));
}

fn reading(criterion: &mut Criterion) {
    let engine = engine();
    let (text, area) = sample::picture();
    let quad = Quad::from_rect(area);
    for (name, effort) in [("fast", Effort::Fast), ("standard", Effort::Standard)] {
        let mut recognizer = engine.recognizer(effort).expect("built in");
        criterion.bench_function(&format!("read/{name}"), |b| b.iter(|| recognizer.read(black_box(&text), &quad)));
    }
}

fn codes(criterion: &mut Criterion) {
    for (width, height) in [(800, 608), (1024, 768)] {
        let frame = frame(width, height);
        criterion.bench_function(&format!("codes/{width}x{height}"), |b| {
            b.iter(|| text::codes(black_box(&frame), Look::Candidates))
        });
    }
}

criterion_group!(benches, codes, detection, reading);
criterion_main!(benches);
