//! `deburn evaluate` with a truth to the letter's pixel, and its contact sheet.

use crate::common::{deburn, fixtures, open};
use image::{GrayImage, Luma, RgbImage};
use serde_json::{Value, json};
use std::path::Path;

const FILE: &str = "us_rgb.dcm";
/// A name on the fixture, in light gray on dark gray, as its truth has it.
const LINE: [u32; 4] = [12, 32, 89, 42];
/// Where its letters stand in the picture of letters.
const CORNER: [u32; 2] = [3, 5];

/// The original, the truth of its one line, and an output that a test paints.
struct Case {
    folder: tempfile::TempDir,
    /// Where the pixels are in the file, RGB of 8 bits by rows.
    pixels: std::ops::Range<usize>,
    columns: usize,
    letters: Vec<(usize, usize)>,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("test data is in order");
        let original = folder.path().join("in").join(FILE);
        for name in ["in/letters", "out"] {
            std::fs::create_dir_all(folder.path().join(name)).expect("test data is in order");
        }
        std::fs::copy(fixtures().join(FILE), &original).expect("test data is in order");
        let instance = open(&original);
        let columns = instance.frames().expect("has frames").expect("has frames").description.columns as usize;
        let element = instance.file.layout.get(dicom_dictionary_std::tags::PIXEL_DATA).expect("has pixels");
        let [start, end] = [element.value.start, element.value.end].map(|at| usize::try_from(at).expect("small"));
        let bytes = std::fs::read(&original).expect("test data is in order");
        let [x0, y0, x1, y1] = LINE.map(|value| value as usize);
        let is_light = |x: usize, y: usize| bytes[start + (y * columns + x) * 3] > 100;
        let letters: Vec<_> =
            (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y))).filter(|&(x, y)| is_light(x, y)).collect();
        assert!(letters.len() > 150, "the letters are there");
        let mut picture = GrayImage::new(100, 20);
        for &(x, y) in &letters {
            let at = |value: usize, first: usize, corner: u32| u32::try_from(value - first).expect("small") + corner;
            picture.put_pixel(at(x, x0, CORNER[0]), at(y, y0, CORNER[1]), Luma([255]));
        }
        picture.save(folder.path().join("in/letters/a.png")).expect("test data is in order");
        Self { folder, pixels: start..end, columns, letters }
    }

    /// Writes the output: the original with these pixels painted black.
    fn paint(&self, black: impl IntoIterator<Item = (usize, usize)>) {
        let mut bytes = std::fs::read(self.folder.path().join("in").join(FILE)).expect("test data is in order");
        for (x, y) in black {
            let at = self.pixels.start + (y * self.columns + x) * 3;
            bytes[at..at + 3].fill(0);
        }
        std::fs::write(self.folder.path().join("out").join(FILE), bytes).expect("test data is in order");
    }

    /// Writes a truth with one line and runs `evaluate`; returns exit code, standard output and standard error.
    fn evaluate(&self, change: impl Fn(&mut Value), more: &[&str]) -> (i32, String, String) {
        let mut file = json!({"file": FILE, "glyphs": "letters/a.png", "lines": [{
            "frames": [0, 0], "box": LINE, "is_phi": true, "text": "DOE^JANE", "class": ["name", "cap:09-12"],
            "readability": "small", "glyphs": CORNER, "cap_height": 10, "contrast": 224.0}]});
        change(&mut file);
        let truth = self.folder.path().join("in/truth.json");
        std::fs::write(&truth, json!({"files": [file]}).to_string()).expect("test data is in order");
        let mut command = deburn();
        command
            .arg("evaluate")
            .arg("--truth")
            .arg(&truth)
            .arg("--masked")
            .arg(self.folder.path().join("out"))
            .args(more);
        let output = command.output().expect("test data is in order");
        let text = |bytes| String::from_utf8(bytes).expect("test data is in order");
        (output.status.code().expect("ends by itself"), text(output.stdout), text(output.stderr))
    }

    fn figures(&self) -> (i32, Value) {
        let (code, stdout, stderr) = self.evaluate(|_| {}, &["--json", "-"]);
        assert_eq!(stderr, "");
        (code, serde_json::from_str(&stdout).expect("JSON"))
    }
}

#[test]
fn a_line_is_hidden_with_98_of_100_of_its_letters_pixels() {
    let case = Case::new();
    let count = case.letters.len();
    for (left, outcome, code) in [(0, "hidden", 0), (count * 2 / 100, "hidden", 0), (count * 2 / 100 + 1, "partly", 2)]
    {
        case.paint(case.letters.iter().copied().skip(left));
        let (exit, figures) = case.figures();
        let line = &figures["files"][0]["lines"][0];
        assert_eq!(
            (exit, &line["outcome"], &line["exact"]),
            (code, &json!(outcome), &json!(true)),
            "{left} of {count}"
        );
        let covered = line["covered"].as_f64().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred pixels")]
        let wanted = (count - left) as f64 / count as f64;
        assert!((covered - wanted).abs() < 1e-9, "{covered}: each letter's pixel counts and no other");
    }
}

#[test]
fn lines_are_added_up_by_readability_and_class() {
    let case = Case::new();
    case.paint(case.letters.clone());
    let (_, figures) = case.figures();
    let lines = &figures["totals"]["lines"];
    assert_eq!(
        (&lines["by_readability"]["small"]["hidden"], &lines["by_readability"]["normal"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(lines["by_class"]["cap:09-12"]["hidden"], 1);
    let (_, table, _) = case.evaluate(|_| {}, &[]);
    let row = |name: &str| {
        let row = table.lines().find(|line| line.trim_start().starts_with(name)).expect("the row is there");
        row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("lines")[..3], ["all", "hidden", "share"]);
    for name in ["(small)", "name", "cap:09-12"] {
        assert_eq!(row(name)[..3], ["1", "1", "100.00 %"], "{name}");
    }
}

#[test]
fn a_sheet_shows_the_missed_line_before_and_after() {
    let case = Case::new();
    case.paint(case.letters.iter().copied().filter(|(x, _)| *x < 40));
    let path = case.folder.path().join("sheet.png");
    let arguments = ["--sheet", path.to_str().unwrap()];
    let (code, table, stderr) = case.evaluate(|_| {}, &arguments);
    assert_eq!((code, stderr.as_str()), (2, ""));
    assert!(!table.contains("DOE"));
    let sheet: RgbImage = image::open(&path).unwrap().into_rgb8();
    assert_eq!(sheet.width(), 4 * 486 + 6);
    // One cell: a caption of two lines, then the cut of 77 + 16 by 10 + 16 pixels, 72 / 26 times as large, twice.
    let (left, top, width, height) = (6, 6 + 20, 258, 72);
    assert_eq!(sheet.height(), top + 2 * (height + 2) + 6 + 16);
    let count = |x: std::ops::Range<u32>, y: std::ops::Range<u32>, is: &dyn Fn([u8; 3]) -> bool| {
        y.flat_map(|y| x.clone().map(move |x| (x, y))).filter(|&(x, y)| is(sheet.get_pixel(x, y).0)).count()
    };
    assert!(count(left..left + 300, 6..24, &|pixel| pixel == [255, 230, 120]) > 300, "the caption");
    // The text is light; the frame of the box is red and blue.
    let light = |pixel: [u8; 3]| pixel[1] > 110;
    // The letters start 8 pixels into the cut; those below x = 40 are the first 28 of 77 columns.
    let split = left + 36 * 72 / 26;
    let lower = top + height + 2;
    let before = count(left..split, top..top + height, &light);
    assert!(before > 300, "{before}");
    assert_eq!(count(left..split - 8, lower..lower + height, &light), 0, "masked in the output");
    let after = count(split..left + width, lower..lower + height, &light);
    let wanted = count(split..left + width, top..top + height, &light);
    assert!(
        wanted > 300 && after <= wanted && after * 10 > wanted * 8,
        "left but for the rim of the box: {after} of {wanted}"
    );
    assert!(count(left..left + width, lower..lower + height, &|pixel| pixel == [255, 0, 200]) > 400, "the box");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (code, stdout, stderr) = case.evaluate(|_| {}, &arguments);
    assert!(code == 1 && stdout.is_empty() && stderr.contains("--overwrite"), "{stderr}");
}

#[test]
fn technical_lines_are_on_a_sheet_only_where_asked_for() {
    let case = Case::new();
    case.paint([]);
    let path = case.folder.path().join("sheet.png");
    let technical = |file: &mut Value| file["lines"][0]["is_phi"] = json!(false);
    let (code, _, stderr) = case.evaluate(technical, &["--sheet", path.to_str().unwrap()]);
    assert_eq!((code, stderr.as_str()), (0, "no line is missed: no sheet is written\n"));
    assert!(!path.exists());
    let (code, _, stderr) = case.evaluate(technical, &["--sheet", path.to_str().unwrap(), "--sheet-all"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(path.exists());
}

#[test]
fn letters_that_are_not_there_are_an_error_of_the_truth() {
    let case = Case::new();
    case.paint([]);
    let refused = |change: &dyn Fn(&mut Value), words: &str| {
        let (code, stdout, stderr) = case.evaluate(change, &[]);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (1, "", 1), "{stderr}");
        assert!(stderr.contains(words) && !stderr.contains("DOE"), "{stderr}");
    };
    refused(&|file| file["lines"][0]["glyphs"] = json!([30, 5]), "lines[0]: glyphs: outside of the picture");
    refused(&|file| file["lines"][0]["box"] = json!([12, 32, 13, 42]), "lines[0]: glyphs: no letter there");
    refused(&|file| file["glyphs"] = json!("letters/b.png"), "b.png: ");
    refused(&|file| file["glyphs"] = json!("truth.json"), "truth.json: not a picture that can be read");
    refused(
        &|file| file["lines"][0]["readability"] = json!("DOE"),
        "readability: neither normal, small nor low_contrast",
    );
    assert!(Path::new(&case.folder.path().join("in/letters/a.png")).is_file());
}
