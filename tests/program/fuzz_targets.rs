//! The fuzz targets, run once over the fixtures, their own seeds and all that they have found.

use crate::common::{fixtures, open};
use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/lib.rs"]
#[expect(dead_code, reason = "panics are let through for a fuzzer only")]
mod targets;

/// What is masked, in all frames; a fuzzer tries other places.
const BOX: [u8; 8] = [0, 0, 0xFF, 0, 40, 40, 90, 90];

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 6] = [
    ("open", targets::open),
    ("write", targets::write),
    ("jpeg", targets::jpeg),
    ("places", targets::places),
    ("rules", targets::rules),
    ("reports", targets::reports),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

#[test]
fn every_fixture_passes_through_the_fuzz_targets() {
    let mut count = 0;
    for path in files(&fixtures()) {
        let data = std::fs::read(&path).unwrap();
        // A debug build takes long for the large ones, which the other tests have as well.
        if data.len() < 80_000 {
            targets::open(&data);
            targets::places(&data);
            targets::write(&[&data[..], &BOX].concat());
            count += 1;
        }
    }
    assert!(count > 80, "the fixtures are there");
}

#[test]
fn the_streams_of_the_fixtures_pass_through_the_jpeg_target() {
    let mut count = 0;
    for path in files(&fixtures()).iter().filter(|path| path.to_string_lossy().contains("_jpeg")) {
        if path.parent() != Some(&fixtures()) {
            continue;
        }
        let instance = open(path);
        let stream = instance.frames().unwrap().unwrap().stored(0).unwrap();
        for syntax in 0..5 {
            targets::jpeg(&[&[0, syntax], &BOX[2..], &stream].concat());
        }
        count += 1;
    }
    assert!(count > 5, "the fixtures are there");
}

#[test]
fn seeds_and_findings_pass_through_their_fuzz_targets() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut seeds = 0;
    for (name, target) in TARGETS {
        for folder in ["seeds", "regressions"] {
            for path in files(&fuzz.join(folder).join(name)) {
                target(&std::fs::read(&path).unwrap());
                seeds += 1;
            }
        }
    }
    assert!(seeds > 8, "the seeds are there");
    for kind in ["0", "1"] {
        targets::reports(&[kind.as_bytes(), targets::REPORT.as_bytes()].concat());
    }
}
