//! What is refused before any work, and how.

use crate::common::{Report, deburn, fixtures};
use std::path::Path;

fn refused(arguments: &[&Path], words: &str) {
    let output = deburn().args(arguments).output().expect("it runs");
    let stderr = String::from_utf8(output.stderr).expect("messages are text");
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(words), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn an_output_in_the_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(fixtures().join("dx_rle.dcm"), folder.path().join("a.dcm")).unwrap();
    let out = folder.path().join("out");
    refused(&[Path::new("mask"), folder.path(), Path::new("-o"), &out], "inside an input");
    refused(&[Path::new("mask"), &folder.path().join("a.dcm"), Path::new("-o"), folder.path()], "inside the output");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing was made");
}

#[test]
fn two_inputs_with_one_output_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    for sub in [&a, &b] {
        std::fs::create_dir(sub).unwrap();
        std::fs::copy(fixtures().join("dx_rle.dcm"), sub.join("x.dcm")).unwrap();
    }
    let out = folder.path().join("out");
    refused(&[Path::new("mask"), &a, &b, Path::new("-o"), &out], "same place in the output");
    assert!(!out.exists());
}

#[test]
fn an_existing_output_stays_without_overwrite() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("dx_rle.dcm"), b"mine").unwrap();
    let input = fixtures().join("dx_rle.dcm");
    refused(&[Path::new("mask"), &input, Path::new("-o"), &out], "--overwrite");
    assert_eq!(std::fs::read(out.join("dx_rle.dcm")).unwrap(), b"mine");
    deburn().arg("mask").arg(&input).arg("-o").arg(&out).arg("--overwrite").assert().success();
    assert!(std::fs::metadata(out.join("dx_rle.dcm")).unwrap().len() > 1000);
}

#[test]
fn a_device_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let input = fixtures().join("dx_rle.dcm");
    for device in ["cuda", "openvino"] {
        let arguments = [Path::new("mask"), &input, Path::new("-o"), &out, Path::new("--device"), Path::new(device)];
        refused(&arguments, &format!("device {device} is not available"));
        assert!(!out.join("dx_rle.dcm").exists());
    }
    refused(&[Path::new("scan"), &input, Path::new("--device"), Path::new("gpu")], "a device is");
}

#[test]
fn a_missing_runtime_is_named_with_what_mends_it() {
    let input = fixtures().join("dx_rle.dcm");
    let arguments = [Path::new("scan"), &input, Path::new("--ort-lib"), Path::new("/nowhere/libonnxruntime.so")];
    refused(&arguments, "/nowhere/libonnxruntime.so");
    refused(&arguments, "unset the option");
}

#[test]
fn a_model_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for entry in std::fs::read_dir(models).unwrap().map(Result::unwrap) {
        let mut bytes = std::fs::read(entry.path()).unwrap();
        if entry.path().extension().is_some_and(|extension| extension == "onnx") {
            bytes[1000] ^= 1;
        }
        std::fs::write(folder.path().join(entry.file_name()), bytes).unwrap();
    }
    let input = fixtures().join("dx_rle.dcm");
    refused(&[Path::new("scan"), &input, Path::new("--model-dir"), folder.path()], "sha256");
}

#[test]
fn wrong_arguments_exit_with_1() {
    refused(&[Path::new("mask")], "Usage");
    refused(&[Path::new("mask"), Path::new("x.dcm"), Path::new("-o"), Path::new("o")], "x.dcm");
    deburn().arg("--help").assert().code(0);
    deburn().arg("--version").assert().code(0);
}

#[test]
fn doctor_finds_this_installation_fit() {
    let output = deburn().arg("doctor").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for word in ["ONNX Runtime", "CPUExecutionProvider", "PP-OCRv6 small", "1.2.840.10008.1.2.4.50"] {
        assert!(text.contains(word), "{word} in:\n{text}");
    }
    let output = deburn().args(["doctor", "--ort-lib", "/nowhere/lib.so"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_frame_above_the_limit_is_held() {
    let input = fixtures().join("dx_rle.dcm");
    let output = deburn().args(["scan", "--max-pixels", "1000"]).arg(&input).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let report = Report::parse(String::from_utf8(output.stdout).unwrap());
    let record = &report.records["dx_rle.dcm"];
    assert_eq!(record.reason.as_ref().unwrap().code, "too_large");
    assert_eq!(record.frames.examined, 0);
}

#[test]
fn a_folder_may_hold_links_and_files_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::create_dir(&input).unwrap();
    std::fs::copy(fixtures().join("clean_ruler_grid.dcm"), input.join("a")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&input, input.join("loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", input.join("broken")).unwrap();
    }
    let out = folder.path().join("out");
    deburn().arg("mask").arg(&input).arg("-o").arg(&out).assert().code(2);
    let report = Report::read(&out.join("deburn-report.jsonl"));
    assert_eq!(report.footer.inputs, 3);
    assert_eq!((report.footer.counts.clean, report.footer.counts.held), (1, 2));
}

#[test]
fn the_help_is_as_reviewed() {
    for command in ["mask", "scan"] {
        let output = deburn().args([command, "--help"]).output().unwrap();
        insta::assert_snapshot!(format!("help_{command}"), String::from_utf8(output.stdout).unwrap());
    }
}

#[test]
fn a_name_where_a_uid_belongs_is_not_reported() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(fixtures().join("dx_implicit.dcm")).unwrap();
    let instance = crate::common::open(&fixtures().join("dx_implicit.dcm"));
    let planted = |uid: &str| {
        let name = format!("{:<1$}", "DOE^JANE", uid.len());
        let mut bytes = bytes.clone();
        let places: Vec<usize> =
            bytes.windows(uid.len()).enumerate().filter(|(_, w)| *w == uid.as_bytes()).map(|w| w.0).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + uid.len()].copy_from_slice(name.as_bytes());
        }
        bytes
    };
    std::fs::write(folder.path().join("instance"), planted(&instance.sop_instance_uid().unwrap())).unwrap();
    // The implicit syntax's UID begins many others, so only the one in the File Meta Information is replaced.
    let element =
        instance.file.meta.as_ref().unwrap().layout.get(dicom_dictionary_std::tags::TRANSFER_SYNTAX_UID).unwrap();
    let (start, end) = (usize::try_from(element.value.start).unwrap(), usize::try_from(element.value.end).unwrap());
    let mut syntax = bytes.clone();
    syntax[start..end].copy_from_slice(format!("{:<1$}", "DOE^JANE", end - start).as_bytes());
    std::fs::write(folder.path().join("syntax"), syntax).unwrap();
    let output = deburn().arg("scan").arg(folder.path()).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!stdout.contains("DOE") && !stderr.contains("DOE"), "{stdout}{stderr}");
    let report = Report::parse(stdout);
    assert_eq!(report.records["instance"].sop_instance_uid, None);
    assert_eq!(report.records["syntax"].reason.as_ref().unwrap().code, "invalid_attribute");
}
