//! `deburn evaluate` over what `deburn mask` wrote, over originals, and over damaged copies.

use crate::common::{deburn, fixtures};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Of several kinds: native, lossy (without subsampled chroma, whose smoothing shows beside a mask), signed, a clip, a picture without text, and one that is held.
const FILES: [&str; 6] = [
    "us_rgb.dcm",
    "us_rgb_jpeg.dcm",
    "ct_signed_dirty.dcm",
    "us_cine_native.dcm",
    "clean_ruler_grid.dcm",
    "us_overlay.dcm",
];

/// A folder with originals and their truth, and one with the output.
struct Data {
    folder: tempfile::TempDir,
}

static DATA: LazyLock<Data> = LazyLock::new(|| {
    let data = Data { folder: tempfile::tempdir().expect("test data is in order") };
    std::fs::create_dir(data.path("in")).expect("test data is in order");
    for file in FILES {
        std::fs::copy(fixtures().join(file), data.path("in").join(file)).expect("test data is in order");
    }
    std::fs::write(data.path("in/truth.json"), truth().to_string()).expect("test data is in order");
    let mut mask = deburn();
    mask.args(["mask", "--policy", "all", "--overlays", "hold"]).args(FILES.map(|file| data.path("in").join(file)));
    mask.arg("-o").arg(data.path("out")).assert().code(2);
    data
});

impl Data {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Returns the truth of the files, cut out of the fixtures' own.
fn truth() -> Value {
    let text = std::fs::read_to_string(fixtures().join("truth.json")).expect("test data is in order");
    let all: Value = serde_json::from_str(&text).expect("test data is in order");
    let own = |file: &&Value| FILES.iter().any(|name| file["file"] == *name);
    let files: Vec<&Value> = all["files"].as_array().expect("test data is in order").iter().filter(own).collect();
    assert_eq!(files.len(), FILES.len());
    json!({ "files": files })
}

/// Runs `evaluate` and returns exit code, standard output and standard error.
fn evaluate(truth: &Path, masked: &Path, more: &[&str]) -> (i32, String, String) {
    let mut command = deburn();
    command.arg("evaluate").arg("--truth").arg(truth).arg("--masked").arg(masked).args(more);
    let output = command.output().expect("test data is in order");
    let text = |bytes| String::from_utf8(bytes).expect("test data is in order");
    (output.status.code().expect("test data is in order"), text(output.stdout), text(output.stderr))
}

fn figures(masked: &Path) -> (i32, Value) {
    let (code, stdout, stderr) = evaluate(&DATA.path("in/truth.json"), masked, &["--json", "-"]);
    assert_eq!(stderr, "");
    (code, serde_json::from_str(&stdout).expect("test data is in order"))
}

fn file<'a>(figures: &'a Value, name: &str) -> &'a Value {
    figures["files"]
        .as_array()
        .expect("test data is in order")
        .iter()
        .find(|file| file["file"] == name)
        .expect("test data is in order")
}

#[test]
fn what_was_masked_is_hidden() {
    let (code, figures) = figures(&DATA.path("out"));
    assert_eq!(code, 0);
    assert_eq!(figures["version"], 1);
    let (phi, technical) = (&figures["totals"]["lines"]["phi"], &figures["totals"]["lines"]["technical"]);
    assert!(phi["lines"].as_u64().unwrap() > 10);
    assert!(phi["absent"].as_u64().unwrap() > 0, "the held file's lines");
    assert_eq!(phi["hidden"].as_u64().unwrap() + phi["absent"].as_u64().unwrap(), phi["lines"].as_u64().unwrap());
    // The detector misses a single digit of a scale.
    let open = technical["kept"].as_u64().unwrap() + technical["partly"].as_u64().unwrap();
    assert!(technical["hidden"].as_u64().unwrap() > 10 && open <= 1, "{technical}");
    let totals = &figures["totals"];
    assert_eq!((&totals["compared"], &totals["absent"], &totals["not_judged"]), (&json!(5), &json!(1), &json!(0)));
    assert_eq!((&totals["changed_elsewhere"], &totals["largest_difference"]), (&json!(0), &json!(0)));
    assert_eq!(totals["false_area_without_text"]["files"], 1);
    assert_eq!(file(&figures, "us_overlay.dcm")["status"], "held: not_examined");
    assert!(file(&figures, "us_rgb.dcm")["masked_area"].as_f64().unwrap() > 0.0);
    assert!(file(&figures, "us_cine_native.dcm")["frames"].as_u64().unwrap() > 1);
}

#[test]
fn originals_hide_nothing() {
    let (code, figures) = figures(&DATA.path("in"));
    assert_eq!(code, 2);
    let lines = &figures["totals"]["lines"];
    for kind in ["phi", "technical"] {
        assert_eq!((&lines[kind]["hidden"], &lines[kind]["partly"]), (&json!(0), &json!(0)), "{kind}");
    }
    let (all, not_judged) = (&lines["phi"]["lines"], &lines["phi"]["not_judged"]);
    assert_eq!(lines["phi"]["kept"].as_u64().unwrap() + not_judged.as_u64().unwrap(), all.as_u64().unwrap());
    assert!(not_judged.as_u64().unwrap() > 0, "the lines of the overlay");
    assert!(lines["technical"]["kept"].as_u64().unwrap() > 0);
    for file in figures["files"].as_array().unwrap() {
        assert_eq!((&file["masked_area"], &file["changed_elsewhere"]), (&json!(0.0), &json!(0)), "{file}");
    }
}

/// Copies the output of one file and lets `change` alter its pixel bytes.
fn damaged(name: &str, change: impl Fn(&mut [u8])) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("test data is in order");
    let path = DATA.path("out").join(name);
    let element = crate::common::open(&path);
    let element = element.file.layout.get(dicom_dictionary_std::tags::PIXEL_DATA).expect("test data is in order");
    let (start, end) = (
        usize::try_from(element.value.start).expect("test data is in order"),
        usize::try_from(element.value.end).expect("test data is in order"),
    );
    let mut bytes = std::fs::read(&path).expect("test data is in order");
    change(&mut bytes[start..end]);
    std::fs::write(folder.path().join(name), bytes).expect("test data is in order");
    folder
}

#[test]
fn a_pixel_changed_elsewhere_is_counted() {
    let last = |pixels: &mut [u8]| pixels[pixels.len() - 1] ^= 0x40;
    let folder = damaged("us_rgb.dcm", last);
    let (code, figures) = figures(folder.path());
    let own = file(&figures, "us_rgb.dcm");
    assert_eq!((&own["changed_elsewhere"], &own["largest_difference"]), (&json!(1), &json!(0x40)));
    assert_eq!(own["counts"]["phi"]["hidden"], own["counts"]["phi"]["lines"]);
    assert_eq!((code, &figures["totals"]["absent"]), (0, &json!(5)));
    let (_, table, _) = evaluate(&DATA.path("in/truth.json"), folder.path(), &[]);
    assert!(table.contains("changed elsewhere by more than 0: 1 pixels in 1 files"), "{table}");
    let (_, table, _) = evaluate(&DATA.path("in/truth.json"), folder.path(), &["--tolerance", "64"]);
    assert!(table.contains("changed elsewhere by more than 64: 0 pixels in 0 files"), "{table}");
}

#[test]
fn one_frame_of_a_clip_that_shows_a_line_is_enough_to_leak() {
    let original = crate::common::open(&DATA.path("in/us_cine_native.dcm"));
    let element = original.file.layout.get(dicom_dictionary_std::tags::PIXEL_DATA).unwrap();
    let value = original.file.data().read_vec(element.value.start, element.value.end - element.value.start).unwrap();
    let frames = usize::try_from(original.frames().unwrap().unwrap().count()).unwrap();
    let folder = damaged("us_cine_native.dcm", |pixels| {
        let length = pixels.len() / frames;
        pixels[length..2 * length].copy_from_slice(&value[length..2 * length]);
    });
    let (code, figures) = figures(folder.path());
    assert_eq!(code, 2);
    let lines = file(&figures, "us_cine_native.dcm")["lines"].as_array().unwrap();
    let phi = lines.iter().filter(|line| line["kind"] == "phi" && line["frames"][0] == 0 && line["frames"][1] != 0);
    let open: Vec<&Value> = phi.collect();
    assert!(!open.is_empty());
    for line in open {
        assert_eq!((&line["outcome"], &line["worst_frame"]), (&json!("partly"), &json!(1)), "{line}");
    }
}

#[test]
fn texts_are_shown_only_where_asked_for() {
    let (truth, input) = (DATA.path("in/truth.json"), DATA.path("in"));
    let (code, table, stderr) = evaluate(&truth, &input, &["--list"]);
    assert_eq!((code, stderr.as_str()), (2, ""));
    assert!(table.contains("us_rgb.dcm: PHI, frames 0 to 0, box [12, 32, 89, 42]: kept, 0.00 % of its ink"), "{table}");
    let (_, json, _) = evaluate(&truth, &input, &["--json", "-"]);
    assert!(!table.contains("DOE") && !json.contains("DOE"));
    let (_, table, _) = evaluate(&truth, &input, &["--list", "--show-text"]);
    let (_, json, _) = evaluate(&truth, &input, &["--json", "-", "--show-text"]);
    assert!(table.contains("\"DOE^JANE\"") && json.contains("\"DOE^JANE\""));
}

#[test]
fn json_goes_to_a_new_file_beside_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figures.json");
    let arguments = ["--json", path.to_str().unwrap()];
    let (truth, out) = (DATA.path("in/truth.json"), DATA.path("out"));
    let (code, table, _) = evaluate(&truth, &out, &arguments);
    assert!(code == 0 && table.contains("PHI and ambiguous"), "{table}");
    let (_, stdout, _) = evaluate(&truth, &out, &["--json", "-"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), stdout);
    let (code, _, stderr) = evaluate(&truth, &out, &arguments);
    assert!(code == 1 && stderr.contains("--overwrite"), "{stderr}");
}

#[test]
fn a_malformed_truth_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("truth.json");
    let refused = |truth: &Value, words: &str| {
        std::fs::write(&path, truth.to_string()).unwrap();
        let arguments = ["--input", DATA.path("in").to_str().unwrap()].map(str::to_owned);
        let (code, stdout, stderr) = evaluate(&path, &DATA.path("out"), &[&arguments[0], &arguments[1]]);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (1, "", 1), "{stderr}");
        assert!(stderr.contains("truth.json: ") && stderr.contains(words), "{stderr}");
        assert!(!stderr.contains("DOE"), "{stderr}");
    };
    let line = |change: &dyn Fn(&mut Value)| {
        let mut line = json!({"frames": [0, 0], "box": [0, 0, 9, 9], "is_phi": true, "text": "DOE^JANE"});
        change(&mut line);
        json!({"files": [{"file": "us_rgb.dcm", "lines": [line]}]})
    };
    refused(&line(&|line| line["is_phi"] = json!("DOE")), "(us_rgb.dcm).lines[0].is_phi: neither true nor false");
    refused(&line(&|line| line["clas"] = json!(["name"])), "lines[0].clas: unknown key");
    refused(&line(&|line| line["frames"] = json!([0, 7])), "us_rgb.dcm, lines[0]: frames: the file has no such frame");
    refused(&line(&|line| line["box"] = json!([0, 0, 9999, 9])), "us_rgb.dcm, lines[0]: box: outside of the frame");
    std::fs::write(&path, "{ DOE").unwrap();
    let (code, _, stderr) = evaluate(&path, &DATA.path("out"), &[]);
    assert!(code == 1 && stderr.contains("not JSON, at line 1") && !stderr.contains("DOE"), "{stderr}");
}

#[test]
fn missing_folders_and_files_are_refused() {
    let (truth, out) = (DATA.path("in/truth.json"), DATA.path("out"));
    let empty = tempfile::tempdir().unwrap();
    for (truth, masked, more, words) in [
        (DATA.path("in/none.json"), out.clone(), vec![], "none.json"),
        (truth.clone(), DATA.path("none"), vec![], "is no folder"),
        (truth.clone(), empty.path().to_owned(), vec![], "holds none of the truth's files"),
        (truth, out, vec!["--input", empty.path().to_str().unwrap()], "not in the folder of the originals"),
    ] {
        let (code, stdout, stderr) = evaluate(&truth, &masked, &more);
        assert!(code == 1 && stdout.is_empty() && stderr.contains(words), "{stderr}");
    }
}

#[test]
fn an_output_that_cannot_be_read_is_not_taken_for_hidden() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("us_rgb.dcm"), b"DOE").unwrap();
    let (code, figures) = figures(folder.path());
    let own = file(&figures, "us_rgb.dcm");
    assert_eq!((code, &own["state"]), (2, &json!("not_judged")));
    assert_eq!(own["counts"]["phi"]["not_judged"], own["counts"]["phi"]["lines"]);
}
