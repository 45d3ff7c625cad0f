//! What happens to files while they are read and to the processes that read them, and outputs that cannot be written by
//! whoever may do everything.
#![cfg(target_os = "linux")]

use crate::common::{Report, deburn, fixtures};
use deburn::report::Status;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const REPORT: &str = "deburn-report.jsonl";
const QUICK: [&str; 6] = ["--policy", "all", "--effort", "fast", "--verify", "off"];

#[expect(clippy::print_stderr, reason = "who runs the tests should see it")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Builds what makes the faults; `None` where there is no C compiler for this system's programs.
fn faults() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/faults.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.so");
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
        command.status().is_ok_and(|status| status.success()).then_some(library)
    };
    LIBRARY.get_or_init(build).as_deref()
}

/// A batch of two good files and one, `bad`, that something happens to; `None` where that cannot be made to happen.
fn run(fault: &str, bad: &str) -> Option<(Output, tempfile::TempDir)> {
    let Some(library) = faults() else {
        skipped("there is no C compiler to provoke faults with");
        return None;
    };
    let folder = tempfile::tempdir().expect("tests have their files");
    let input = folder.path().join("in");
    std::fs::create_dir(&input).expect("tests have their files");
    for (from, to) in [("sr.dcm", "a"), (bad, "bad"), ("pr.dcm", "c")] {
        std::fs::copy(fixtures().join(from), input.join(to)).expect("tests have their files");
    }
    let mut command = deburn();
    command.env("LD_PRELOAD", library).env("FAULT", fault);
    command.arg("mask").arg(&input).arg("-o").arg(folder.path().join("out")).args(QUICK);
    let output = command.output().expect("tests have their files");
    Some((output, folder))
}

/// Checks that `bad` alone is held, with this line, and that nothing of it is in the output.
fn assert_held(fault: &str, bad: &str, message: &str) {
    let Some((output, folder)) = run(fault, bad) else { return };
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(&format!("held: bad: {message}\n")), "{error}");
    let out = folder.path().join("out");
    let mut left: Vec<_> = std::fs::read_dir(&out)
        .expect("tests have their files")
        .map(|entry| entry.expect("tests have their files").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["a", "c", REPORT], "nothing else is left");
    let report = Report::read(&out.join(REPORT));
    assert_eq!((report.footer.counts.no_pixels, report.footer.counts.held), (2, 1));
}

#[test]
fn a_read_error_holds_the_instance() {
    assert_held("eio", "us_palette.dcm", "cannot read the file: input/output error (os error 5)");
}

#[test]
fn a_file_that_is_gone_when_its_turn_comes_is_held() {
    assert_held("gone", "us_palette.dcm", "cannot open the file: entity not found");
}

#[test]
fn a_file_that_grows_while_it_is_read_is_held() {
    let message = "verification of the output failed: the input changed while it was read";
    assert_held("grows", "us_palette.dcm", message);
    assert_held("grows", "sr.dcm", message);
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_held() {
    assert_held("shrinks", "us_palette.dcm", "cannot read the file: unexpected end of file");
    assert_held("shrinks", "sr.dcm", "cannot read the file: unexpected end of file");
}

#[test]
fn a_file_that_is_deleted_while_it_is_read_is_finished() {
    let Some((output, folder)) = run("unlinked", "us_palette.dcm") else { return };
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!folder.path().join("in/bad").exists());
    let report = Report::read(&folder.path().join("out").join(REPORT));
    assert_eq!((report.footer.counts.masked, report.footer.counts.no_pixels), (1, 2));
    assert!(folder.path().join("out/bad").exists());
}

/// A reviewed batch of three good files and one, `bad`, that ends, stops or starves the process that reads it when the
/// decisions are applied; `None` where that cannot be made to happen.
fn applied(fault: &str, more: &[&str]) -> Option<(Output, tempfile::TempDir)> {
    let Some(library) = faults() else {
        skipped("there is no C compiler to provoke faults with");
        return None;
    };
    let folder = tempfile::tempdir().expect("tests have their files");
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("in")).expect("tests have their files");
    // A name that is not UTF-8 stands for the others that are written in another way in the report.
    let odd = OsStr::from_bytes(b"d\xe9");
    for (from, to) in [("sr.dcm", "a"), ("us_palette.dcm", "bad"), ("pr.dcm", "c")] {
        std::fs::copy(fixtures().join(from), path("in").join(to)).expect("tests have their files");
    }
    std::fs::copy(fixtures().join("us_palette.dcm"), path("in").join(odd)).expect("tests have their files");
    deburn().arg("mask").arg(path("in")).arg("-o").arg(path("masked")).args(QUICK).assert().success();
    let report = path("masked").join(REPORT);
    let sha256 = deburn::review::sha256(&report).expect("a report");
    let lines = format!(
        "{{\"type\":\"decisions\",\"form\":1,\"version\":\"0\",\"report_sha256\":\"{sha256}\"}}\n\
         {{\"type\":\"decision\",\"step\":\"s1\",\"time\":\"2026-01-01T00:00:00Z\",\"reviewer\":\"ann\",\"what\":\
         {{\"instance\":{{\"instance\":\"bad\",\"verdict\":\"reviewed\"}}}}}}\n"
    );
    std::fs::write(report.with_extension("decisions.jsonl"), lines).expect("tests have their files");
    let mut command = deburn();
    command.env("LD_PRELOAD", library).env("FAULT", fault);
    command.arg("apply").arg(&report).arg("--input").arg(path("in")).arg("-o").arg(path("out")).args(more);
    let output = command.output().expect("tests have their files");
    Some((output, folder))
}

/// Checks that `bad` alone is held, that the others are written as they would be, and that nothing else is left.
fn assert_kept_out(fault: &str, more: &[&str], code: &str, message: &str) {
    let Some((output, folder)) = applied(fault, more) else { return };
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(&format!("held: bad: {message}\n")), "{error}");
    let out = folder.path().join("out");
    let left = std::fs::read_dir(&out).expect("tests have their files");
    let mut left: Vec<_> = left.map(|entry| entry.expect("tests have their files").file_name()).collect();
    left.sort();
    let odd = OsStr::from_bytes(b"d\xe9");
    assert_eq!(left, [OsStr::new("a"), OsStr::new("c"), OsStr::new(REPORT), odd], "nothing else is left");
    let [before, after] = ["masked", "out"].map(|name| Report::read(&folder.path().join(name).join(REPORT)));
    let counts = after.footer.counts;
    assert_eq!((counts.no_pixels, counts.masked, counts.held), (2, 1, 1));
    let bad = &after.records["bad"];
    assert_eq!((bad.status, bad.reason.as_ref().map(|reason| reason.code.as_str())), (Status::Held, Some(code)));
    assert_eq!(bad.review.as_ref().map(|review| review.reviewers.as_slice()), Some(&["ann".to_owned()][..]));
    assert_eq!(bad.regions, before.records["bad"].regions, "what was decided is told all the same");
    let written = |name: &str| std::fs::read(folder.path().join(name).join(odd)).expect("it is written");
    assert_eq!(written("out"), written("masked"));
}

#[test]
fn a_crash_leaves_the_report_of_a_run_whose_output_is_a_relative_path() {
    let Some(library) = faults() else {
        skipped("there is no C compiler to provoke faults with");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    for name in ["a", "bad"] {
        std::fs::copy(fixtures().join("sr.dcm"), folder.path().join("in").join(name)).unwrap();
    }
    let mut command = deburn();
    command.env("LD_PRELOAD", library).env("FAULT", "crash").current_dir(folder.path());
    let output = command.args(["mask", "in", "-o", "out"]).args(QUICK).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    let report = Report::read(&folder.path().join("out").join(REPORT));
    assert_eq!(report.records["bad"].reason.as_ref().unwrap().code, "crashed");
    assert_eq!(report.footer.counts.no_pixels, 1);
}

#[test]
fn a_crash_while_decisions_are_applied_costs_the_instance_that_caused_it() {
    assert_kept_out("crash", &[], "crashed", "the process that worked on it crashed");
}

#[test]
fn a_hang_while_decisions_are_applied_costs_the_instance_that_caused_it() {
    assert_kept_out("hang", &["--timeout", "5"], "timeout", "it takes longer than --timeout allows");
}

#[test]
fn a_lack_of_memory_while_decisions_are_applied_costs_the_instance_that_caused_it() {
    let message = "it needs more memory than --memory allows";
    assert_kept_out("memory", &["--memory", "1G"], "out_of_memory", message);
}

#[test]
fn an_output_that_another_run_is_at_work_on_is_refused() {
    let Some((output, folder)) = applied("none", &[]) else { return };
    assert_eq!(output.status.code(), Some(0));
    let path = |name: &str| folder.path().join(name);
    let lock = std::fs::File::create(path("out/.deburn-lock")).unwrap();
    lock.lock().unwrap();
    let mut command = deburn();
    command.arg("apply").arg(path("masked").join(REPORT)).arg("--input").arg(path("in")).arg("--overwrite");
    let output = command.arg("-o").arg(path("out")).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error, format!("deburn: {}: another run is at work on this output\n", path("out").display()));
    assert!(path("out/bad").exists() && path("out").join(REPORT).exists(), "what is there stays");
}

#[test]
fn decisions_are_applied_alike_in_a_process_and_without_one() {
    let reports = [&[][..], &["--isolate", "off", "--jobs", "1"]].map(|more| {
        let (output, folder) = applied("none", more)?;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        Some(Report::read(&folder.path().join("out").join(REPORT)))
    });
    let [Some(isolated), Some(inside)] = reports else { return };
    assert_eq!((isolated.footer.counts.masked, isolated.footer.counts.no_pixels), (2, 2));
    assert_eq!(isolated.records, inside.records);
}

/// Runs on a folder with two files that are quickly done.
fn simple(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    std::fs::create_dir_all(folder.join("in")).expect("tests have their files");
    for name in ["1", "2"] {
        std::fs::copy(fixtures().join("sr.dcm"), folder.join("in").join(name)).expect("tests have their files");
    }
    let mut command = deburn();
    command.arg("mask").arg(folder.join("in")).arg("-o").arg(folder.join("out")).args(QUICK).args(more);
    let output = command.output().expect("tests have their files");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_folder_in_the_place_of_an_output_holds_its_instance() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("out/2");
    std::fs::create_dir_all(taken.join("own")).unwrap();
    let (code, error) = simple(folder.path(), &[]);
    assert_eq!(code, Some(1), "{error}");
    assert_eq!(error, format!("deburn: {}: exists already; --overwrite replaces it\n", taken.display()));
    let (code, error) = simple(folder.path(), &["--overwrite"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("held: 2: cannot rename the output: is a directory\n"), "{error}");
    assert!(taken.join("own").exists() && folder.path().join("out/1").exists());
    assert_eq!(std::fs::read_dir(folder.path().join("out")).unwrap().count(), 3, "nothing else is left");
}

#[test]
fn a_broken_link_is_held_and_a_link_to_a_file_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::create_dir(&input).unwrap();
    std::os::unix::fs::symlink("nowhere", input.join("broken")).unwrap();
    std::os::unix::fs::symlink("round", input.join("round")).unwrap();
    std::os::unix::fs::symlink(fixtures().join("pr.dcm"), input.join("link")).unwrap();
    let (code, error) = simple(folder.path(), &[]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("held: broken: cannot be read\n"), "{error}");
    assert!(error.contains("held: round: cannot be read\n"), "{error}");
    let report = Report::read(&folder.path().join("out").join(REPORT));
    assert_eq!((report.footer.counts.no_pixels, report.footer.counts.held), (3, 2));
    assert!(folder.path().join("out/link").symlink_metadata().unwrap().is_file(), "a file, no link");
}

#[test]
fn an_output_that_is_mounted_read_only_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "ro,size=64k", "tmpfs"]).arg(&out).stderr(std::process::Stdio::null());
    if !mount.status().is_ok_and(|status| status.success()) {
        skipped("only root may mount a file system");
        return;
    }
    let (code, error) = simple(folder.path(), &[]);
    let files = std::fs::read_dir(&out).unwrap().count();
    assert!(Command::new("umount").arg(&out).status().unwrap().success());
    assert_eq!(code, Some(1), "{error}");
    assert_eq!(error, "deburn: cannot make a file beside the output: read-only filesystem or storage medium\n");
    assert_eq!(files, 0);
}
