//! Scanned pages, and the codes and the handwriting on them.

use crate::common::{Run, fixtures, open, truth};
use crate::decide::with_header;
use crate::end_to_end::{is_uniform, samples};
use deburn::phi::Decision;
use deburn::report::{Record, Status};
use deburn::text::CodeKind;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use std::sync::LazyLock;

const UPRIGHT: &str = "scan_codes_upright.dcm";
const UPSIDE_DOWN: &str = "scan_codes_upside_down.dcm";

static PAGE: LazyLock<Run> = LazyLock::new(|| Run::mask(&fixtures().join(UPRIGHT), &[]));
static TURNED: LazyLock<Run> = LazyLock::new(|| Run::mask(&fixtures().join(UPSIDE_DOWN), &[]));

fn record<'a>(run: &'a Run, name: &str) -> &'a Record {
    &run.report.records[name]
}

#[test]
fn codes_text_and_a_signature_on_a_page_are_gone_and_the_rest_stays() {
    for (run, name) in [(&PAGE, UPRIGHT), (&TURNED, UPSIDE_DOWN)] {
        let record = record(run, name);
        assert_eq!(record.status, Status::Masked, "{:?}", record.reason);
        let (input, output) = (open(&fixtures().join(name)), open(&run.out(name)));
        let frames = (input.frames().unwrap().unwrap(), output.frames().unwrap().unwrap());
        let (before, after) = (frames.0.decode(0).unwrap(), frames.1.decode(0).unwrap());
        let file = truth().into_iter().find(|file| file.file == name).unwrap();
        assert!(file.lines.len() > 20);
        for line in &file.lines {
            assert!(is_uniform(&after, line.bounds), "{name}: {:?} {:?}", line.text, line.bounds);
        }
        let (columns, rows) = (before.description.columns, before.description.rows);
        let changed = (0..rows)
            .flat_map(|y| (0..columns).map(move |x| (x, y)))
            .filter(|&(x, y)| !samples(&before, x, y).eq(samples(&after, x, y)))
            .count();
        assert!(changed > 20_000, "{changed}");
        assert!(changed * 100 < columns as usize * rows as usize * 20, "{changed} pixels are masked");
        // The rule below the title and the frame round the findings.
        for x in (70..780).step_by(50) {
            for y in [111, 641] {
                let (x, y) = if name == UPRIGHT { (x, y) } else { (columns - 1 - x, rows - 1 - y) };
                assert!(samples(&before, x, y).eq(samples(&after, x, y)), "{name}: the rule at {x} {y}");
            }
        }
    }
}

#[test]
fn codes_are_named_and_what_they_say_is_not() {
    let record = record(&PAGE, UPRIGHT);
    let code = |kind| record.regions.iter().find(|region| region.code == Some(kind)).cloned();
    let (qr, bars) = (code(CodeKind::Qr).expect("a QR code"), code(CodeKind::Code128).expect("a Code 128"));
    for code in [&qr, &bars] {
        assert_eq!((code.action, code.reason.as_str()), (Decision::Mask, "machine-readable-code"));
        assert_eq!(code.reading, None);
    }
    assert!(matches!(qr.attribute.as_deref(), Some("PatientID" | "PatientName")), "{:?}", qr.attribute);
    assert_eq!(bars.attribute.as_deref(), Some("AccessionNumber"));
    assert!(code(CodeKind::Matrix).is_some(), "the damaged one: {:?}", record.regions);
    let full = Run::mask(&fixtures().join(UPRIGHT), &["--report-text", "full"]);
    for region in full.report.records[UPRIGHT].regions.iter().filter(|region| region.code.is_some()) {
        assert_eq!(region.reading, None);
    }
    for run in [&PAGE, &full] {
        assert!(!run.report.text.contains("NL4471920 JANE DOE"));
    }
}

#[test]
fn an_upside_down_page_gives_the_same_findings() {
    let (page, turned) = (record(&PAGE, UPRIGHT), record(&TURNED, UPSIDE_DOWN));
    assert!(page.regions.len() > 20);
    let mut missing = Vec::new();
    for region in &page.regions {
        let same = turned.regions.iter().any(|other| {
            // Both are rectangles with the same order of corners.
            let places = region
                .quad
                .0
                .iter()
                .zip(other.quad.0)
                .all(|(a, b)| (848.0 - b.x - a.x).abs() < 0.01 && (1100.0 - b.y - a.y).abs() < 0.01);
            places
                && other.code == region.code
                && (other.action, &other.reason, &other.attribute) == (region.action, &region.reason, &region.attribute)
        });
        if !same {
            missing.push(format!("{region:?}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert_eq!(page.regions.len(), turned.regions.len());
}

#[test]
fn nothing_on_a_page_is_kept_under_any_policy_and_a_look_is_advised() {
    for policy in ["strict", "phi", "all"] {
        let run = Run::mask(&fixtures().join(UPRIGHT), &["--policy", policy]);
        let record = record(&run, UPRIGHT);
        assert_eq!(record.status, Status::Masked);
        assert!(record.regions.iter().all(|region| region.action == Decision::Mask), "{policy}");
        assert_eq!(record.advice.iter().map(|advice| advice.code.as_str()).collect::<Vec<_>>(), ["document"]);
    }
    let other = Run::mask(&fixtures().join("us_rgb.dcm"), &[]);
    assert_eq!(other.report.records["us_rgb.dcm"].advice, []);
}

#[test]
fn documents_are_held_or_for_review_where_asked_for() {
    let run = Run::mask(&fixtures().join(UPRIGHT), &["--documents", "review"]);
    assert_eq!((record(&run, UPRIGHT).status, run.output.status.code()), (Status::Review, Some(2)));
    assert!(!run.out(UPRIGHT).exists() && !record(&run, UPRIGHT).regions.is_empty());
    let run = Run::mask(&fixtures().join(UPRIGHT), &["--documents", "hold"]);
    let held = record(&run, UPRIGHT);
    assert_eq!((held.status, held.reason.as_ref().unwrap().code.as_str()), (Status::Held, "document"));
    assert!(!run.out(UPRIGHT).exists());
    let run = Run::mask(&fixtures().join("us_rgb.dcm"), &["--documents", "hold"]);
    assert_eq!(record(&run, "us_rgb.dcm").status, Status::Masked, "no page");
}

#[test]
fn a_drawn_screen_of_technical_text_is_no_page() {
    for name in ["sc_dose_sheet.dcm", "sc_dose_sheet_signed.dcm"] {
        let run = Run::mask(&fixtures().join(name), &[]);
        assert_eq!((record(&run, name).status, record(&run, name).advice.len()), (Status::Masked, 0), "{name}");
        let (input, output) = (open(&fixtures().join(name)), open(&run.out(name)));
        let frames = (input.frames().unwrap().unwrap(), output.frames().unwrap().unwrap());
        let (before, after) = (frames.0.decode(0).unwrap(), frames.1.decode(0).unwrap());
        let file = truth().into_iter().find(|file| file.file == name).unwrap();
        let is_same = |[x0, y0, x1, y1]: [u32; 4]| {
            (y0..y1).all(|y| (x0..x1).all(|x| samples(&before, x, y).eq(samples(&after, x, y))))
        };
        let (mut technical, mut kept) = (0, 0);
        for line in &file.lines {
            if line.text == "signature" {
                let [x0, y0, x1, y1] = line.bounds;
                let is_ink = |x, y| samples(&before, x, y).all(|sample| sample < 100);
                let ink = (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y))).filter(|&(x, y)| is_ink(x, y));
                // A mask may be as black as the pen: what is around the strokes shows that there is one.
                assert!(ink.clone().count() > 500);
                for (x, y) in ink {
                    assert!(is_uniform(&after, [x - 1, y - 1, x + 2, y + 2]), "{name}: the signature at {x} {y}");
                }
            } else if line.is_phi {
                assert!(is_uniform(&after, line.bounds), "{name}: {:?}", line.text);
            } else {
                technical += 1;
                kept += u32::from(is_same(line.bounds));
            }
        }
        assert!(technical == 25 && kept >= 22, "{name}: {kept} of {technical} stay");
    }
}

#[test]
fn where_text_stays_that_nobody_knows_a_screen_is_a_page() {
    let name = "sc_dose_sheet_signed.dcm";
    let run = Run::mask(&fixtures().join(name), &["--policy", "phi"]);
    assert!(record(&run, name).regions.iter().all(|region| region.action == Decision::Mask));
    assert_eq!(record(&run, name).advice.len(), 1);
}

#[test]
fn a_scanned_document_is_a_page_whatever_it_says() {
    let name = "sc_dose_sheet.dcm";
    let with_type = |value: &str| {
        let (_folder, path) = with_header(name, |object| {
            object.put(DataElement::new(tags::CONVERSION_TYPE, VR::CS, PrimitiveValue::from(value)));
        });
        let run = Run::mask(&path, &[]);
        (
            record(&run, name).regions.iter().any(|region| region.action == Decision::Keep),
            record(&run, name).advice.len(),
        )
    };
    assert_eq!([with_type("SD"), with_type("SI"), with_type("WSD")], [(false, 1), (true, 0), (true, 0)]);
}
