//! What a run and the process that does its work say to each other: a line of JSON each.

use crate::error::Error;
use crate::report::{Header, Line};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::ErrorKind;

/// An instance to work on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number among the inputs.
    pub index: usize,
    /// Where it is.
    pub path: OsString,
    /// Its name in the report.
    pub name: String,
    /// Whether it must be DICOM.
    pub named: bool,
    /// Where its output goes, if anywhere.
    pub target: Option<OsString>,
}

/// What a worker tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// It is set up; what runs.
    Ready(Box<Header>),
    /// It cannot be set up, and why.
    Failed(String),
    /// It has begun with this instance.
    Begun(usize),
    /// It is done with this instance.
    Done(usize, Box<Line>, Option<Trouble>),
    /// A line for the log.
    Log(String),
}

/// Why a held instance may end otherwise another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// The disk is full: so it is for all others.
    DiskFull,
    /// There was not enough memory, perhaps because of others at work at the same time.
    Memory,
}

impl Trouble {
    /// Finds out whether an error is one of these.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Io { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(Self::DiskFull),
                ErrorKind::OutOfMemory => Some(Self::Memory),
                _ => None,
            },
            Error::Detector(_) | Error::Recognizer(_) | Error::Decode { .. } | Error::Encode { .. } => {
                // Libraries say it in words of their own, which are looked at and never shown.
                let words = format!("{error:?}").to_lowercase();
                let signs = ["bad_alloc", "failed to allocate", "out of memory", "insufficient memory"];
                signs.iter().any(|sign| words.contains(sign)).then_some(Self::Memory)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Record;

    #[cfg(unix)]
    #[test]
    fn any_path_and_any_line_pass_unchanged() {
        use std::os::unix::ffi::OsStringExt;
        let path = OsString::from_vec(b"a\xff\n b".to_vec());
        let job = Job { index: 3, path: path.clone(), name: r"a\xff".into(), named: true, target: Some(path) };
        let text = serde_json::to_string(&job).unwrap();
        assert!(!text.contains('\n'));
        assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job);
        let done = Event::Done(3, Box::new(Line::Instance(Record::new("a".into()))), Some(Trouble::Memory));
        let text = serde_json::to_string(&done).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), done);
    }

    #[test]
    fn a_full_disk_and_a_lack_of_memory_are_told_apart() {
        let io = |kind: ErrorKind| Trouble::of(&Error::io("cannot write the output")(kind.into()));
        assert_eq!(io(ErrorKind::StorageFull), Some(Trouble::DiskFull));
        assert_eq!(io(ErrorKind::PermissionDenied), None);
        let detector = |words: &str| Trouble::of(&Error::Detector(words.into()));
        assert_eq!(detector("std::bad_alloc"), Some(Trouble::Memory));
        assert_eq!(detector("the output holds values that are no numbers"), None);
    }
}
