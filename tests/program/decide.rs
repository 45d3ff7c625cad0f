//! What stays and what goes under the policies, and what the report tells of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common::{Run, TruthLine, deburn, fixtures, goes_out, open, truth};
use crate::end_to_end::{is_uniform, samples};
use deburn::dicom::Frame;
use deburn::phi::{Decision, Policy};
use deburn::report::{Record, Status};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, open_file};
use std::path::Path;
use std::sync::LazyLock;

/// One run over the fixtures under the default policy.
static STRICT: LazyLock<Run> = LazyLock::new(|| Run::mask(&fixtures(), &[]));

/// What became of the truth lines of the files that were masked or clean.
#[derive(Debug, Default)]
struct Outcome {
    visible_phi: Vec<String>,
    phi: usize,
    changed_technical: Vec<String>,
    technical: usize,
}

/// Compares the output with the fixtures in the frames where lines begin.
fn outcome(run: &Run, inputs: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    for file in truth().iter().filter(|file| matches!(file.status, Status::Masked | Status::Clean)) {
        let record = &run.report.records[&file.file];
        assert!(goes_out(record.status), "{}: {:?}", file.file, record.reason);
        let (input, output) = (open(&inputs.join(&file.file)), open(&run.out(&file.file)));
        let (Some(input), Some(output)) = (input.frames().unwrap(), output.frames().unwrap()) else { continue };
        for line in file.lines.iter().filter(|line| line.plane.is_none()) {
            let (before, after) = (input.decode(line.frames[0]).unwrap(), output.decode(line.frames[0]).unwrap());
            let name = format!("{} {:?}", file.file, line.text);
            if line.is_phi {
                outcome.phi += 1;
                outcome.visible_phi.extend((!is_uniform(&after, line.bounds)).then_some(name));
            } else if !file.file.starts_with("scan_") {
                // What is no PHI on a scanned form are its labels, which are no technical text.
                outcome.technical += 1;
                outcome.changed_technical.extend((!is_equal(&before, &after, line)).then_some(name));
            }
        }
    }
    outcome
}

fn is_equal(before: &Frame, after: &Frame, line: &TruthLine) -> bool {
    let [x0, y0, x1, y1] = line.bounds;
    (y0..y1).all(|y| (x0..x1).all(|x| samples(before, x, y).eq(samples(after, x, y))))
}

#[test]
fn names_go_and_technical_lines_stay() {
    let outcome = outcome(&STRICT, &fixtures());
    assert!(outcome.phi > 100, "{}", outcome.phi);
    assert!(outcome.visible_phi.is_empty(), "{:#?}", outcome.visible_phi);
    assert!(outcome.technical > 60, "{}", outcome.technical);
    let changed = outcome.changed_technical.len();
    // Single digits of scales are found and read with too low scores to stay.
    assert!(changed * 5 <= outcome.technical, "{changed}: {:#?}", outcome.changed_technical);
}

#[test]
fn names_go_after_the_header_was_scrubbed() {
    let folder = tempfile::tempdir().unwrap();
    for file in truth() {
        let path = fixtures().join(&file.file);
        let target = folder.path().join(&file.file);
        // What dicom-rs cannot write again stays as it is.
        let written = open_file(&path).ok().and_then(|mut object| {
            let identity = |vr| matches!(vr, VR::PN | VR::DA | VR::TM | VR::DT);
            let texts = [tags::PATIENT_ID, tags::ACCESSION_NUMBER, tags::STUDY_ID, tags::INSTITUTION_NAME];
            let scrubbed: Vec<(Tag, VR)> = (object.iter())
                .filter(|element| identity(element.vr()) || texts.contains(&element.header().tag))
                .map(|element| (element.header().tag, element.vr()))
                .collect();
            for (tag, vr) in scrubbed {
                object.put(DataElement::new(tag, vr, PrimitiveValue::Empty));
            }
            object.write_to_file(&target).ok()
        });
        if written.is_none() {
            std::fs::copy(&path, &target).unwrap();
        }
    }
    let run = Run::mask(folder.path(), &[]);
    let outcome = outcome(&run, folder.path());
    assert!(outcome.visible_phi.is_empty(), "{:#?}", outcome.visible_phi);
    let named = |run: &Run| run.report.text.matches("\"attribute\":\"PatientName\"").count();
    assert!(named(&STRICT) > 20 && named(&run) < named(&STRICT) / 2, "{} {}", named(&STRICT), named(&run));
}

#[test]
fn reports_show_the_text_of_kept_lines_alone() {
    let phi: Vec<String> =
        truth().into_iter().flat_map(|f| f.lines).filter(|l| l.is_phi && l.text.len() > 3).map(|l| l.text).collect();
    assert!(phi.len() > 50);
    for text in phi {
        assert!(!STRICT.report.text.contains(&text) && !STRICT.stderr().contains(&text), "{text:?}");
    }
    let (mut kept, mut masked) = (0, 0);
    for region in STRICT.report.records.values().flat_map(|record| &record.regions) {
        let Some(reading) = &region.reading else {
            assert_eq!(region.action, Decision::Mask, "what stays was read");
            continue;
        };
        assert_ne!(reading.text.is_some(), reading.text_hash.is_some());
        match region.action {
            Decision::Keep => {
                assert!(reading.text.is_some() && region.reason.starts_with("technical:"), "{region:?}");
                assert!(reading.least_character_score <= reading.score);
                kept += 1;
            }
            _ => {
                assert!(reading.text.is_none(), "{region:?}");
                masked += 1;
            }
        }
    }
    assert!(kept > 50 && masked > 100, "{kept} {masked}");
}

/// Runs over one fixture and returns its record with the run.
fn one(name: &str, more: &[&str]) -> (Record, Run) {
    let run = Run::mask(&fixtures().join(name), more);
    (run.report.records[name].clone(), run)
}

#[test]
fn report_text_is_none_or_full_where_asked_for() {
    let (none, _) = one("us_palette.dcm", &["--report-text", "none"]);
    let (full, run) = one("us_palette.dcm", &["--report-text", "full"]);
    let texts = |record: &Record| record.regions.iter().filter_map(|r| r.reading.as_ref()?.text.clone()).count();
    assert_eq!(texts(&none), 0);
    assert!(texts(&full) >= 5 && run.report.text.contains("MUELLER"), "{full:?}");
    let hashes = |record: &Record| -> Vec<String> {
        record.regions.iter().filter_map(|r| r.reading.as_ref()?.text_hash.clone()).collect()
    };
    assert_eq!(hashes(&full), Vec::<String>::new());
    assert!(hashes(&none).len() >= 5 && hashes(&none).iter().all(|hash| hash.len() == 32));
}

#[test]
fn the_key_decides_on_the_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let hashes = |digit: &str| {
        let key = folder.path().join(digit);
        std::fs::write(&key, digit.repeat(64)).unwrap();
        let (record, run) = one("us_palette.dcm", &["--text-key", key.to_str().unwrap()]);
        let hash = |region: &deburn::report::RegionRecord| region.reading.as_ref()?.text_hash.clone();
        (run.report.header.options.text_key, record.regions.iter().filter_map(hash).collect::<Vec<_>>())
    };
    let (a, again, b) = (hashes("a"), hashes("a"), hashes("b"));
    assert_eq!(a, again);
    assert!(a.0 != b.0 && !a.1.is_empty() && a.1.iter().zip(&b.1).all(|(a, b)| a != b));
}

#[test]
fn a_line_that_was_read_badly_is_for_review_where_asked_for() {
    let (record, run) = one("us_palette.dcm", &["--review-below", "1"]);
    assert_eq!((record.status, run.output.status.code()), (Status::Review, Some(2)));
    assert!(!run.out("us_palette.dcm").exists());
    assert!(record.regions.iter().any(|region| region.action == Decision::Review));
    let (record, _) = one("us_palette.dcm", &["--review-below", "0"]);
    assert_eq!(record.status, Status::Masked);
}

#[test]
fn every_policy_keeps_what_a_stricter_one_keeps() {
    let kept = |policy: &str| -> Vec<String> {
        let (record, _) = one("us_rgb.dcm", &["--policy", policy]);
        (record.regions.iter().filter(|r| r.action == Decision::Keep)).map(|r| format!("{:?}", r.quad)).collect()
    };
    let (all, strict, phi) = (kept("all"), kept("strict"), kept("phi"));
    assert!(all.is_empty() && strict.len() >= 8, "{strict:?}");
    assert!(strict.iter().all(|line| phi.contains(line)));
    assert_eq!(STRICT.report.header.options.policy, Policy::Strict);
}

/// Writes a copy of a fixture with other values in its header.
pub fn with_header(name: &str, change: impl FnOnce(&mut InMemDicomObject)) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut object = open_file(fixtures().join(name)).unwrap();
    change(&mut object);
    let path = folder.path().join(name);
    object.write_to_file(&path).unwrap();
    (folder, path)
}

#[test]
fn a_technical_word_that_is_the_name_goes() {
    let probe = truth().into_iter().find(|f| f.file == "us_rgb.dcm").unwrap();
    let probe = probe.lines.into_iter().find(|line| line.text == "C5-1").unwrap();
    let [x, y] = [0, 1].map(|side| u32::midpoint(probe.bounds[side], probe.bounds[side + 2]));
    let line = |record: &Record| {
        let holds = |b: &deburn::Rect| (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y);
        record.regions.iter().find(|region| holds(&region.bounding_box)).cloned()
    };
    let (record, _) = one("us_rgb.dcm", &[]);
    assert_eq!(line(&record).unwrap().action, Decision::Keep);
    let (_folder, path) = with_header("us_rgb.dcm", |object| {
        object.put(DataElement::new(tags::ACCESSION_NUMBER, VR::SH, PrimitiveValue::from("C51")));
        object.put(DataElement::new(tags::PATIENT_ID, VR::LO, PrimitiveValue::from("C5-1")));
    });
    let run = Run::mask(&path, &[]);
    let region = line(&run.report.records["us_rgb.dcm"]).unwrap();
    assert_eq!((region.action, region.reason.as_str()), (Decision::Mask, "identity"));
    assert!(matches!(region.attribute.as_deref(), Some("PatientID" | "AccessionNumber")), "{:?}", region.attribute);
}

#[test]
fn site_rules_deny_allow_and_fill_zones() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("site.toml");
    let text = r#"
[[deny]]
id = "frame-rate"
why = "this site's rooms are named like it"
text = "28 Hz"

[[allow]]
id = "hospital"
why = "an allow term never overrides the header"
text = "NORTHLAKE HOSPITAL"

[[zone]]
id = "corner"
why = "a logo"
action = "mask"
rectangles = [[100, 200, 30, 20]]
[zone.device]
Modality = "US"
"#;
    std::fs::write(&rules, text).unwrap();
    let (record, run) = one("us_rgb.dcm", &["--rules", rules.to_str().unwrap()]);
    let reasons: Vec<&str> = record.regions.iter().map(|region| region.reason.as_str()).collect();
    assert!(reasons.contains(&"deny:frame-rate") && reasons.contains(&"zone:corner"), "{reasons:?}");
    assert!(!reasons.iter().any(|reason| reason.starts_with("allow:")), "{reasons:?}");
    let output = open(&run.out("us_rgb.dcm"));
    let frame = output.frames().unwrap().unwrap().decode(0).unwrap();
    assert!(is_uniform(&frame, [100, 200, 130, 220]));
    let used = &run.report.header.options.rules;
    assert_eq!((used.len(), used[0].file.as_str(), used[0].sha256.len()), (1, "site.toml", 64));

    let printed = deburn().args(["rules", "--rules"]).arg(&rules).output().unwrap();
    assert!(printed.status.success());
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("frame-rate") && printed.parse::<toml::Table>().is_ok());

    std::fs::write(&rules, text.replace("why = \"a logo\"", "wy = \"a logo\"")).unwrap();
    let refused = deburn().args(["rules", "--rules"]).arg(&rules).output().unwrap();
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr.contains("site.toml") && stderr.contains("wy"), "{stderr}");
}
