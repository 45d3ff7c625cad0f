//! What happens to files while they are read, and outputs that cannot be written by whoever may do everything.
#![cfg(target_os = "linux")]

use crate::common::{Report, deburn, fixtures};
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
