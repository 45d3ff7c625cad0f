//! Parts of an archive: lists, shards, and reports joined, summed up and handed on.

use crate::common::{Report, deburn, fixtures};
use std::path::{Path, PathBuf};

/// Small fixtures of several statuses, in a tree.
fn tree(folder: &Path) -> PathBuf {
    let input = folder.join("in");
    for (name, from) in [
        ("a.dcm", "dx_rle.dcm"),
        ("a/1", "clean_ruler_grid.dcm"),
        ("a/2", "sr.dcm"),
        ("b/c/notes", "bad/notes.txt"),
        ("b/c/bad", "bad/rows_zero.dcm"),
        ("b/d", "us_rgb.dcm"),
    ] {
        std::fs::create_dir_all(input.join(name).parent().expect("tests have their files"))
            .expect("tests have their files");
        std::fs::copy(fixtures().join(from), input.join(name)).expect("tests have their files");
    }
    input
}

fn mask(arguments: &[&str], input: Option<&Path>, out: &Path) -> std::process::Output {
    let mut command = deburn();
    command.args(["mask", "--policy", "all", "--effort", "fast"]).args(arguments).arg("-o").arg(out);
    command.args(input).output().expect("it runs")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stdout(command: &mut assert_cmd::Command, code: i32) -> String {
    let output = command.output().expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn shards_and_lists_merge_into_the_report_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let input = tree(folder.path());
    assert_eq!(mask(&[], Some(&input), &path("whole")).status.code(), Some(2));
    let whole = read(&path("whole/deburn-report.jsonl"));
    assert_eq!(Report::parse(whole.clone()).footer.inputs, 5);

    for shard in ["2/2", "1/2"] {
        mask(&["--shard", shard], Some(&input), &path("shards"));
    }
    let [first, second] = ["1", "2"].map(|index| path(&format!("shards/deburn-report-{index}-of-2.jsonl")));
    let merged = stdout(deburn().arg("merge").args([&second, &first]), 0);
    assert_eq!(merged, whole);
    assert_eq!(stdout(deburn().arg("merge").arg(&first), 1), "", "a shard is missing");

    // The same by lists, as a cluster would: one with line ends, one with NULs.
    let (lines, nuls) = (path("lines"), path("nuls"));
    std::fs::write(&lines, ["a.dcm", "a/1", "b/c/notes"].map(|name| format!("{}/{name}\n", input.display())).concat())
        .unwrap();
    std::fs::write(&nuls, ["a/2", "b/c/bad", "b/d"].map(|name| format!("{}/{name}\0", input.display())).concat())
        .unwrap();
    for (list, report) in [(&lines, "r1"), (&nuls, "r2")] {
        let mut command = deburn();
        command.args(["mask", "--policy", "all", "--effort", "fast", "--report", "-", "--files-from"]).arg(list);
        let output = command.arg("--root").arg(&input).arg("-o").arg(path("lists")).output().unwrap();
        std::fs::write(path(report), output.stdout).unwrap();
    }
    let names = path("names");
    std::fs::write(&names, "a.dcm\na/1\na/2\nb/c/notes\nb/c/bad\nb/d\n").unwrap();
    let merged = path("merged.jsonl");
    let mut merge = deburn();
    merge.arg("merge").args([path("r1"), path("r2")]).arg("--inputs").arg(&names).arg("-o").arg(&merged);
    merge.assert().code(0);
    assert_eq!(read(&merged), whole);
    for name in ["a.dcm", "a/1", "a/2", "b/d"] {
        for out in ["shards", "lists"] {
            let own = std::fs::read(path(out).join(name)).unwrap();
            assert!(own == std::fs::read(path("whole").join(name)).unwrap(), "{out}/{name}");
        }
    }
    std::fs::write(&names, "a.dcm\na/1\na/2\nb/c/notes\nb/c/bad\nb/d\nlost\n").unwrap();
    let output = merge.arg("--overwrite").output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "deburn: report: lost is in no report\n");
    assert_eq!(read(&merged), whole, "it stays");
}

#[test]
fn what_is_handed_on_is_what_went_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    mask(&["--quiet"], Some(&tree(folder.path())), &path("out"));
    let report = path("out/deburn-report.jsonl");
    assert_eq!(stdout(deburn().arg("handoff").arg(&report), 0), "a/1\na/2\na.dcm\nb/d\n");
    let listed = stdout(deburn().arg("handoff").arg(&report).arg("-0").arg("-o").arg(path("out")), 0);
    assert!(listed.split_terminator('\0').all(|name| Path::new(name).is_file()));
    assert_eq!(listed.matches('\0').count(), 4);
    let text = stdout(deburn().arg("summary").arg(&report), 0);
    for words in ["5 inputs: 1 clean, 2 masked, 1 without pixels, 0 for review, 1 held; 1 other", "modality DX", "rule"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    let table = path("table.csv");
    let json = stdout(deburn().arg("summary").arg(&report).arg("--json").arg("--csv").arg(&table), 0);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["summary"]["masked"], 2);
    assert_eq!(read(&table).lines().count(), 6, "a title and five inputs");
    // Nothing is handed on of a run that was not finished, or where a file is gone.
    std::fs::remove_file(path("out/b/d")).unwrap();
    assert_eq!(stdout(deburn().arg("handoff").arg(&report).arg("-o").arg(path("out")), 1), "");
    let text = read(&report);
    std::fs::write(&report, &text[..text.len() / 2]).unwrap();
    assert_eq!(stdout(deburn().arg("handoff").arg(&report), 1), "");
}

#[test]
fn what_is_said_can_be_read_by_programs() {
    let folder = tempfile::tempdir().unwrap();
    let output = mask(&["--log-format", "json"], Some(&tree(folder.path())), &folder.path().join("out"));
    let lines: Vec<serde_json::Value> = String::from_utf8(output.stderr)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("JSON: {line}")))
        .collect();
    let event = |name: &str| lines.iter().find(|line| line["event"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(event("held")["path"], "b/c/bad");
    assert_eq!(event("summary")["inputs"], 5);
    assert_eq!(event("summary")["slowest"].as_array().unwrap().len(), 5);
}
