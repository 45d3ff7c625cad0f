//! Runs that end before their end, and what the same command makes of them.
#![cfg(unix)]

use crate::common::{Report, deburn, fixtures};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const REPORT: &str = "deburn-report.jsonl";
const JOURNAL: &str = ".deburn-journal";

/// A batch that is cheap to work on.
struct Trial {
    folder: tempfile::TempDir,
}

impl Trial {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("tests have their files");
        for number in 0..12 {
            let names =
                ["us_palette.dcm", "sr.dcm", "bad/rows_zero.dcm", "pr.dcm", "bad/notes.txt", "clean_ruler_grid.dcm"];
            let target = folder.path().join(format!("in/{}/{number}", number % 3));
            std::fs::create_dir_all(target.parent().expect("tests have their files")).expect("tests have their files");
            std::fs::copy(fixtures().join(names[number % 6]), target).expect("tests have their files");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deburn"));
        command.env("XDG_DATA_HOME", self.path("data"));
        command.arg("mask").arg(self.path("in")).arg("-o").arg(self.path("out"));
        command.args(["--policy", "all", "--effort", "fast", "--verify", "off"]).args(more);
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    fn run(&self, more: &[&str]) -> (Output, String) {
        let output = self.command(more).output().expect("tests have their files");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        (output, error)
    }

    /// Every file of the output, hidden ones too.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = walkdir::WalkDir::new(self.path("out")).into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file());
        files
            .map(|entry| (entry.path().to_owned(), std::fs::read(entry.path()).expect("tests have their files")))
            .collect()
    }

    fn undisturbed(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (output, error) = self.run(&[]);
        assert_eq!(output.status.code(), Some(2), "{error}");
        let files = self.files();
        assert_eq!(Report::read(&self.path("out").join(REPORT)).footer.inputs, 10);
        assert_eq!(files.len(), 9, "eight files go out, and the report");
        std::fs::remove_dir_all(self.path("out")).expect("tests have their files");
        files
    }

    /// Starts the run, and returns once its journal tells of so many finished files; `None` if it ended before.
    fn start(&self, done: usize, more: &[&str]) -> Option<Child> {
        let mut run = self.command(more).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("deburn starts");
        loop {
            let journal = std::fs::read_to_string(self.path("out").join(JOURNAL)).unwrap_or_default();
            if journal.matches("{\"Done\":").count() >= done {
                return Some(run);
            }
            if run.try_wait().expect("it is our child").is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Leaves an output where a run was killed after so many files.
    fn interrupted(&self, done: usize) {
        loop {
            if let Some(mut run) = self.start(done, &[]) {
                run.kill().expect("it is our child");
                run.wait().expect("it is our child");
                if self.path("out").join(JOURNAL).exists() {
                    return;
                }
            }
            // It was faster than we.
            std::fs::remove_dir_all(self.path("out")).expect("tests have their files");
        }
    }
}

fn signal(process: u32, signal: &str) {
    assert!(
        Command::new("kill").args([signal, &process.to_string()]).status().expect("tests have their files").success()
    );
}

#[test]
fn a_run_that_is_killed_goes_on_and_ends_as_if_it_had_not_been() {
    let trial = Trial::new();
    let wanted = trial.undisturbed();
    trial.interrupted(1);
    for (done, how) in [(4, "-TERM"), (6, "-KILL")] {
        // Where the run before came to its end, there is nothing to go on with.
        let Some(mut run) = trial.start(done, &[]) else { break };
        signal(run.id(), how);
        let status = run.wait().unwrap();
        if how == "-TERM" {
            assert!(matches!(status.code(), Some(2 | 3)), "it finishes what is in work");
        }
        // A report is there whole or not at all.
        let report = trial.path("out").join(REPORT);
        assert!(!report.exists() || std::fs::read(&report).unwrap() == wanted[&report]);
    }
    if trial.path("out").join(JOURNAL).exists() {
        let (list, error) = trial.run(&["--dry-run"]);
        let list = String::from_utf8(list.stdout).unwrap();
        assert_eq!(list.lines().count(), 12, "{error}");
        assert!(list.lines().filter(|line| line.starts_with("done ")).count() >= 6, "{list}");
        let (output, error) = trial.run(&[]);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.starts_with("going on: "), "{error}");
    }
    assert!(trial.files() == wanted);
}

#[test]
fn a_worker_that_is_killed_costs_nothing() {
    let trial = Trial::new();
    let wanted = trial.undisturbed();
    let mut run = loop {
        match trial.start(1, &[]) {
            Some(run) => break run,
            None => std::fs::remove_dir_all(trial.path("out")).unwrap(),
        }
    };
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", run.id()));
    // Other systems than Linux do not tell.
    if let Ok(children) = children {
        for child in children.split_whitespace() {
            // It may have ended by now.
            let _ = Command::new("kill").args(["-ABRT", child]).stderr(Stdio::null()).status().unwrap();
        }
    }
    assert_eq!(run.wait().unwrap().code(), Some(2));
    assert!(trial.files() == wanted);
}

#[test]
fn what_changed_since_is_noticed() {
    let trial = Trial::new();
    trial.interrupted(3);
    let (output, error) = trial.run(&["--new-uids"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("an unfinished run on this output differs in the options (new_uids): repeat it"), "{error}");
    // An input that is another one now is done again, and one that is gone leaves nothing.
    std::fs::copy(fixtures().join("pr.dcm"), trial.path("in/0/0")).unwrap();
    std::fs::remove_file(trial.path("in/1/1")).unwrap();
    let (output, error) = trial.run(&[]);
    assert_eq!(output.status.code(), Some(2), "{error}");
    let report = Report::read(&trial.path("out").join(REPORT));
    assert_eq!(report.footer.inputs, 9);
    assert_eq!(report.records["0/0"].modality.as_deref(), Some("PR"));
    assert!(!trial.path("out/1/1").exists() && !trial.path("out").join(JOURNAL).exists());
    // With --overwrite, another run begins anew.
    std::fs::remove_dir_all(trial.path("out")).unwrap();
    trial.interrupted(3);
    let (output, error) = trial.run(&["--new-uids", "--overwrite"]);
    assert_eq!(output.status.code(), Some(2), "{error}");
    let report = Report::read(&trial.path("out").join(REPORT));
    assert!(report.records["0/6"].output_sop_instance_uid.is_some());
}

#[test]
fn two_runs_on_one_output_are_refused() {
    let trial = Trial::new();
    std::fs::create_dir(trial.path("out")).unwrap();
    let lock = std::fs::File::create(trial.path("out/.deburn-lock")).unwrap();
    lock.lock().unwrap();
    let (output, error) = trial.run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(error, format!("deburn: {}: another run is at work on this output\n", trial.path("out").display()));
    // Runs of parts share it.
    lock.unlock().unwrap();
    lock.lock_shared().unwrap();
    let (output, error) = trial.run(&["--shard", "1/4", "--quiet"]);
    assert!(output.status.code() != Some(1), "{error}");
    assert!(trial.path("out/deburn-report-1-of-4.jsonl").exists());
    drop(lock);
    assert!(
        deburn().arg("merge").arg(trial.path("out/deburn-report-1-of-4.jsonl")).output().unwrap().stdout.is_empty()
    );
    assert!(!Path::new(&trial.path("out/.deburn-journal-1-of-4")).exists());
}
