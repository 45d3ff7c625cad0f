//! The program over real and malformed files that are not part of the repository.
//!
//! `DEBURN_TEST_DATA` names a folder with `real/` and `malformed/`, each with `files/` and a `manifest.json`. Without
//! it these tests pass without looking at anything, and say so.

use crate::common::{Run, goes_out};
use crate::places::unexpected_changes;
use deburn::Rect;
use deburn::dicom::places::{Overlays, Places};
use deburn::dicom::{Instance, Limits};
use deburn::phi::Decision;
use deburn::report::Status;
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Manifest {
    records: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    file: String,
    truth: Option<Truth>,
}

#[derive(Deserialize)]
struct Truth {
    frame: u32,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "box")]
    bounds: [u32; 4],
    is_phi: bool,
}

#[expect(clippy::print_stderr, reason = "says that a test did not look at anything")]
fn data(set: &str) -> Option<(PathBuf, Manifest)> {
    let Some(root) = std::env::var_os("DEBURN_TEST_DATA") else {
        eprintln!("DEBURN_TEST_DATA is not set: not run");
        return None;
    };
    let folder = Path::new(&root).join(set);
    let json = std::fs::read(folder.join("manifest.json")).expect("DEBURN_TEST_DATA holds a manifest");
    let manifest: Manifest = serde_json::from_slice(&json).expect("its form");
    assert!(manifest.records.len() > 20, "the files are there");
    Some((folder.join("files"), manifest))
}

fn assert_nothing_is_lost(run: &Run, manifest: &Manifest) {
    for entry in &manifest.records {
        let path = entry.file.strip_prefix("files/").expect("a path below the manifest");
        if run.report.ignored.iter().any(|ignored| ignored == path) {
            assert!(!run.out(path).exists(), "{path}");
            continue;
        }
        let record = &run.report.records[path];
        assert_eq!(goes_out(record.status), run.out(path).exists(), "{path}");
        if let Some(reason) = &record.reason {
            assert!(!matches!(reason.code.as_str(), "panic" | "verification"), "{path}: {reason:?}");
        }
        if goes_out(record.status) {
            assert_eq!(record.frames.examined, record.frames.total, "{path}");
        }
    }
    assert!(!run.stderr().contains("panicked"), "{}", run.stderr());
}

/// Opens every real file and finds what is beside its pixels: what is refused is refused for a reason that is known.
#[test]
fn places_of_real_files_are_found_or_refused_by_name() {
    let Some((files, manifest)) = data("real") else { return };
    let (mut refused, mut layers, mut removed) = (Vec::new(), 0, 0);
    for entry in &manifest.records {
        let name = entry.file.strip_prefix("files/").expect("a path below the manifest");
        let Ok(instance) = Instance::open(&files.join(name), &Limits::default()) else { continue };
        let Ok(frames) = instance.frames() else { continue };
        match Places::find(&instance, frames.as_ref(), &Limits::default(), Overlays::Mask) {
            Ok(places) => {
                layers += places.layers.len();
                removed += places.removals.len();
            }
            Err(error) => refused.push(format!("{name}: {error}")),
        }
    }
    assert!(layers >= 8 && removed >= 3, "{layers} layers, {removed} removals");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Files with overlays, embedded overlays, icons and floating point pixels, and others in several transfer syntaxes.
#[test]
fn in_real_files_only_what_must_change_does() {
    const FILES: [&str; 12] = [
        "094faf_", "112539_", "654df0_", "65cf40_", "91ebb0_", "a68cd8_", "5ae125_", "98bc8d_", "f8e134_", "1f9e8f_",
        "903381_", "341522_",
    ];
    let Some((files, manifest)) = data("real") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let names: Vec<&str> = (manifest.records.iter())
        .filter(|entry| FILES.iter().any(|name| entry.file.contains(name)))
        .map(|entry| entry.file.strip_prefix("files/").expect("a path below the manifest"))
        .collect();
    assert_eq!(names.len(), FILES.len());
    for name in &names {
        std::fs::copy(files.join(name), folder.path().join(name)).expect("a copy");
    }
    let run = Run::mask(folder.path(), &["--policy", "all"]);
    let mut masked = 0;
    for name in names {
        let record = &run.report.records[name];
        assert!(goes_out(record.status), "{name}: {:?}", record.reason);
        let changed = unexpected_changes(&files.join(name), &run.out(name), record);
        if record.status == Status::Masked {
            masked += 1;
            assert_eq!(changed, [], "{name}");
        }
    }
    assert!(masked >= 6, "{masked}");
}

#[test]
fn malformed_files_are_held_or_read_without_a_panic() {
    let Some((files, manifest)) = data("malformed") else { return };
    let run = Run::mask(&files, &[]);
    assert_nothing_is_lost(&run, &manifest);
    assert!(run.report.footer.counts.held >= 10);
}

/// Single frames of the files with patient names and of ultrasound, so that CI stays short; `scripts/evaluate.py`
/// looks at all files.
#[test]
fn names_ids_and_dates_in_real_files_are_masked() {
    const FILES: [&str; 7] = ["341522_", "2ea262_", "a6e009_", "03e0c9_", "164a46_", "2427fd_", "10204a_"];
    let Some((files, manifest)) = data("real") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let entries: Vec<&Entry> =
        manifest.records.iter().filter(|e| FILES.iter().any(|name| e.file.contains(name))).collect();
    assert_eq!(entries.len(), FILES.len());
    for entry in &entries {
        let name = entry.file.strip_prefix("files/").expect("a path below the manifest");
        std::fs::copy(files.join(name), folder.path().join(name)).expect("a copy");
    }
    let run = Run::mask(folder.path(), &[]);
    let mut missed = Vec::new();
    for entry in entries {
        let name = entry.file.strip_prefix("files/").expect("a path below the manifest");
        let record = &run.report.records[name];
        assert_eq!(record.status, Status::Masked, "{name}: {:?}", record.reason);
        let truth = entry.truth.as_ref().expect("these files have truth boxes");
        for line in truth.lines.iter().filter(|line| line.is_phi) {
            let [x0, y0, x1, y1] = line.bounds;
            // Truth boxes are up to two pixels loose.
            let bounds = Rect::new(x0 + 2, y0 + 2, x1.saturating_sub(2), y1.saturating_sub(2));
            let covered = |x, y| {
                record.regions.iter().any(|region| {
                    let own = region.bounding_box;
                    region.action == Decision::Mask
                        && (region.frames[0]..=region.frames[1]).contains(&truth.frame)
                        && (own.x0..own.x1).contains(&x)
                        && (own.y0..own.y1).contains(&y)
                })
            };
            let all = u64::from(bounds.width()) * u64::from(bounds.height());
            let hit = (bounds.y0..bounds.y1).flat_map(|y| (bounds.x0..bounds.x1).map(move |x| (x, y)));
            let hit = hit.filter(|&(x, y)| covered(x, y)).count() as u64;
            if hit * 100 < all * 95 {
                missed.push(format!("{name} {:?}: {hit} of {all} pixels", line.bounds));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
