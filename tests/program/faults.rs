//! What goes wrong with files, disks and instances, and the line that tells of it.
#![cfg(target_os = "linux")]

use crate::common::{Report, deburn, fixtures};
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};

const REPORT: &str = "deburn-report.jsonl";
const QUICK: [&str; 6] = ["--policy", "all", "--effort", "fast", "--verify", "off"];

fn copy(from: &str, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("tests have their files")).expect("tests have their files");
    std::fs::copy(fixtures().join(from), to).expect("tests have their files");
}

fn mask(input: &Path, out: &Path, more: &[&str]) -> (Output, String) {
    let output = deburn()
        .arg("mask")
        .arg(input)
        .arg("-o")
        .arg(out)
        .args(QUICK)
        .args(more)
        .output()
        .expect("tests have their files");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!error.contains("panicked"), "{error}");
    (output, error)
}

/// Runs a shell command, whose `$0` is the program.
fn shell(script: &str, arguments: &[&Path]) -> (Option<i32>, String) {
    let mut command = Command::new("bash");
    command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_deburn")).args(arguments);
    let output = command
        .env("XDG_DATA_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("data"))
        .output()
        .expect("tests have their files");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn odd_names_pipes_and_links_are_each_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let long = "x".repeat(200);
    copy("sr.dcm", &input.join(OsStr::from_bytes(b"cas\xe9/1")));
    copy("sr.dcm", &input.join(r"cas\xe9/1"));
    copy("sr.dcm", &input.join(&long).join(&long).join(&long));
    copy("sr.dcm", &input.join("a\nb"));
    std::os::unix::fs::symlink(&input, input.join("loop")).unwrap();
    assert!(Command::new("mkfifo").arg(input.join("pipe")).status().unwrap().success());
    let (output, error) = mask(&input, &out, &[]);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("held: loop: a link to a folder around it"), "{error}");
    let report = Report::read(&out.join(REPORT));
    let names: Vec<&str> = report.records.keys().map(String::as_str).collect();
    assert_eq!(names, ["a\nb", r"cas\\xe9/1", r"cas\xe9/1", "loop", &format!("{long}/{long}/{long}")]);
    assert_eq!(report.ignored, ["pipe"]);
    assert!(out.join(OsStr::from_bytes(b"cas\xe9/1")).exists() && out.join(r"cas\xe9/1").exists());
    let listed = deburn().arg("handoff").arg(out.join(REPORT)).arg("-0").arg("-o").arg(&out).output().unwrap();
    assert_eq!(listed.stdout.iter().filter(|byte| **byte == 0).count(), 4, "each is found again");
    assert_eq!(deburn().arg("handoff").arg(out.join(REPORT)).output().unwrap().status.code(), Some(1), "a line end");
}

#[test]
fn listed_files_that_are_gone_are_held() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    copy("sr.dcm", &folder.path().join("in/1"));
    std::fs::write(&list, format!("{0}/in/1\n{0}/in/2\n", folder.path().display())).unwrap();
    let mut command = deburn();
    command.arg("mask").arg("--files-from").arg(&list).arg("-o").arg(folder.path().join("out")).args(QUICK);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("held: 2: cannot open the file: entity not found"), "{error}");
}

/// A batch of one large picture that takes its time, worked on with all care, and of others that do not.
fn slow(folder: &Path) -> Command {
    // Noise of 16 million pixels: the networks alone take many seconds.
    let noise = (0..4000_u32 * 4000).map(|i| i.wrapping_mul(2_654_435_761).rotate_left(i % 13).to_le_bytes()[2]);
    std::fs::create_dir_all(folder.join("in")).expect("a folder");
    std::fs::write(folder.join("in/slow"), deflated(4000, noise.collect())).expect("a file");
    for name in ["1", "2", "3"] {
        copy("sr.dcm", &folder.join("in").join(name));
    }
    mask_slow(folder)
}

/// The run on such a batch.
fn mask_slow(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deburn"));
    command
        .env("XDG_DATA_HOME", folder.join("data"))
        .arg("mask")
        .arg(folder.join("in"))
        .arg("-o")
        .arg(folder.join("out"));
    command.args(["--policy", "all", "--effort", "max"]).stderr(std::process::Stdio::piped());
    command
}

fn assert_only_slow_is_held(folder: &Path, output: &Output, code: &str, message: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(&format!("held: slow: {message}")), "{error}");
    let report = Report::read(&folder.join("out").join(REPORT));
    assert_eq!(report.records["slow"].reason.as_ref().expect("tests have their files").code, code);
    assert_eq!(report.footer.counts.no_pixels, 3);
    assert_eq!(
        std::fs::read_dir(folder.join("out")).expect("tests have their files").count(),
        4,
        "nothing else is left"
    );
}

#[test]
fn a_crash_costs_the_instance_that_caused_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = slow(folder.path()).spawn().unwrap();
    let id = run.id();
    let journal = folder.path().join("out/.deburn-journal");
    // The worker is ended whenever it has nothing but the page, as a decoder would that aborts on it.
    let mut killed = 0;
    while run.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let steps = std::fs::read_to_string(&journal).unwrap_or_default();
        let others = steps.matches("{\"Done\":").count();
        let begun = steps.matches("{\"Begun\":\"slow\"}").count();
        if others == 3 && begun > killed {
            killed = begun;
            std::thread::sleep(std::time::Duration::from_millis(200));
            let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
            for child in children.split_whitespace() {
                // It may be gone.
                let _ = Command::new("kill").args(["-ABRT", child]).stderr(std::process::Stdio::null()).status();
            }
        }
    }
    let output = run.wait_with_output().unwrap();
    assert_only_slow_is_held(folder.path(), &output, "crashed", "the process that worked on it crashed");
}

#[test]
fn an_instance_that_takes_too_long_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let output = slow(folder.path()).args(["--timeout", "1"]).output().unwrap();
    assert_only_slow_is_held(folder.path(), &output, "timeout", "it takes longer than --timeout allows");
}

/// A deflated secondary capture with one square frame.
fn deflated(side: u16, pixels: Vec<u8>) -> Vec<u8> {
    let element = |group: u16, element: u16, vr: &str, value: &[u8]| {
        let mut bytes = [group.to_le_bytes(), element.to_le_bytes()].concat();
        bytes.extend_from_slice(vr.as_bytes());
        if vr == "OB" {
            bytes.extend_from_slice(&[0, 0]);
            bytes.extend_from_slice(&u32::try_from(value.len()).expect("tests have their files").to_le_bytes());
        } else {
            bytes.extend_from_slice(&u16::try_from(value.len()).expect("tests have their files").to_le_bytes());
        }
        bytes.extend_from_slice(value);
        bytes
    };
    let number = |group: u16, tag: u16, value: u16| element(group, tag, "US", &value.to_le_bytes());
    let data = [
        element(8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.7\0"),
        element(8, 0x18, "UI", b"1.2.3\0"),
        number(0x28, 2, 1),
        element(0x28, 4, "CS", b"MONOCHROME2 "),
        number(0x28, 0x10, side),
        number(0x28, 0x11, side),
        number(0x28, 0x100, 8),
        number(0x28, 0x101, 8),
        number(0x28, 0x102, 7),
        number(0x28, 0x103, 0),
        element(0x7fe0, 0x10, "OB", &pixels),
    ];
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    deflated.write_all(&data.concat()).expect("tests have their files");
    let meta = element(2, 0x10, "UI", b"1.2.840.10008.1.2.1.99");
    [vec![0; 128], b"DICM".to_vec(), meta, deflated.finish().expect("tests have their files")].concat()
}

#[test]
fn an_instance_that_needs_too_much_memory_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    copy("us_palette.dcm", &input.join("small"));
    std::fs::write(input.join("large"), deflated(9000, vec![0; 9000 * 9000])).unwrap();
    let (output, error) = mask(&input, &out, &["--memory", "400M", "--jobs", "1"]);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("held: large: it needs more memory than --memory allows"), "{error}");
    let report = Report::read(&out.join(REPORT));
    assert_eq!(report.records["large"].reason.as_ref().unwrap().code, "out_of_memory");
    assert!(out.join("small").exists() && !out.join("large").exists());
}

#[test]
fn a_full_disk_stops_the_run_and_more_space_lets_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    for name in ["1", "2", "3", "4"] {
        copy("dx_rle.dcm", &input.join(name));
    }
    std::fs::create_dir(&out).unwrap();
    let mount = |options: &str| {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&out);
        command.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !mount("size=300k") {
        // Only root may mount a file system that can be filled.
        return;
    }
    let (first, first_error) = mask(&input, &out, &["--quiet"]);
    mount("remount,size=4m");
    let (second, second_error) = mask(&input, &out, &["--quiet"]);
    let report = std::fs::read_to_string(out.join(REPORT));
    let files = std::fs::read_dir(&out).unwrap().count();
    assert!(Command::new("umount").arg(&out).status().unwrap().success());
    assert_eq!(first.status.code(), Some(3), "{first_error}");
    let line = "deburn: the disk of the output is full: the same command goes on from here\n";
    assert_eq!(first_error, line);
    assert_eq!(second.status.code(), Some(0), "{second_error}");
    assert_eq!(Report::parse(report.unwrap()).footer.counts.masked, 4);
    assert_eq!(files, 5);
}

#[test]
fn what_may_not_be_read_is_held_and_what_may_not_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    copy("sr.dcm", &input.join("1"));
    copy("sr.dcm", &input.join("2"));
    let open = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    std::fs::create_dir(&out).unwrap();
    open(folder.path(), 0o755);
    open(&out, 0o777);
    open(&input.join("2"), 0);
    // Root may do everything, so it becomes nobody.
    let nobody = "[ $(id -u) = 0 ] && as='setpriv --reuid=65534 --regid=65534 --clear-groups'; \
                  XDG_DATA_HOME=/nowhere exec $as \"$0\" mask \"$1\" -o \"$2\" --policy all --effort fast";
    let (code, error) = shell(nobody, &[&input, &out]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("held: 2: cannot open the file: permission denied"), "{error}");
    assert!(out.join("1").exists() && !out.join("2").exists());
    std::fs::remove_dir_all(&out).unwrap();
    std::fs::create_dir(&out).unwrap();
    open(&out, 0o555);
    let (code, error) = shell(nobody, &[&input, &out]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("deburn: cannot make a file beside the output: permission denied"), "{error}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn a_second_signal_stops_at_once_and_leaves_nothing_of_what_was_in_work() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = slow(folder.path()).spawn().unwrap();
    let out = folder.path().join("out");
    let steps = || std::fs::read_to_string(out.join(".deburn-journal")).unwrap_or_default();
    while run.try_wait().unwrap().is_none()
        && !(steps().contains("{\"Begun\":\"slow\"}") && steps().matches("{\"Done\":").count() == 3)
    {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // Two signals of a kind that come at once may count as one, so it is told until it hears.
    while run.try_wait().unwrap().is_none() {
        let _ = Command::new("kill").args(["-INT", &run.id().to_string()]).stderr(std::process::Stdio::null()).status();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let output = run.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{error}");
    assert!(
        error.contains("deburn: stopping when what is in work is finished; once more stops at once\n")
            && error.ends_with("deburn: stopped: the same command goes on from here\n"),
        "{error}"
    );
    let mut left: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".deburn-journal", "1", "2", "3"], "no report, no temporary file");
    let output = mask_slow(folder.path()).arg("--dry-run").output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    assert_eq!(list.lines().filter(|line| line.starts_with("done ")).count(), 3, "{list}");
}
