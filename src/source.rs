//! Which files a run is about: inputs from the command line, folders walked, lists of paths, each with its place in the
//! output; and which of them a shard takes.

mod name;
mod shard;

use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use walkdir::WalkDir;

pub use name::{name, parse_name};
pub use shard::{Shard, names_sha256};

/// A file to process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its place below the output folder, and its name in the report.
    pub relative: PathBuf,
    /// It was named itself, not found in a folder or a list: it must be DICOM.
    pub named: bool,
    /// Why it cannot be read, where that shows already: a broken link, a link to a folder around it, no permission.
    pub problem: Option<&'static str>,
}

impl Input {
    /// Returns its name in the report, see [`name()`].
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.relative)
    }
}

/// Lists all files of `arguments`; links are followed.
///
/// A file keeps its name; a file in a folder keeps its path below that folder.
///
/// # Errors
///
/// [`Error::Path`] if an argument does not exist.
pub fn discover(arguments: &[PathBuf]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for argument in arguments {
        let data = std::fs::metadata(argument)
            .map_err(|error| Error::Path { path: argument.clone(), problem: error.kind().to_string() })?;
        if data.is_dir() {
            walk(argument, &mut inputs);
        } else {
            let relative = argument.file_name().map_or_else(|| argument.clone(), PathBuf::from);
            inputs.push(Input { path: argument.clone(), relative, named: true, problem: None });
        }
    }
    Ok(inputs)
}

/// Takes the paths of a list: one a line, or each ended by a NUL where there is a NUL in it. Empty ones count for nothing.
///
/// A path keeps its place below `root`. Without a root it is its own place if it is relative and does not go upward, else
/// its file name is. A file that is not DICOM is ignored, as in a folder; one that is not there is held.
///
/// # Errors
///
/// [`Error::Path`] for a path that does not lie below `root`, or that names no file.
pub fn from_list(list: &[u8], root: Option<&Path>) -> Result<Vec<Input>> {
    let separator = if list.contains(&0) { 0 } else { b'\n' };
    let root = root.map(|root| std::path::absolute(root).unwrap_or_else(|_| root.to_owned()));
    let mut inputs = Vec::new();
    for entry in list.split(|&byte| byte == separator) {
        // Lists made on Windows end their lines with a carriage return too.
        let entry = if separator == 0 { entry } else { entry.strip_suffix(b"\r").unwrap_or(entry) };
        if entry.is_empty() {
            continue;
        }
        let path = name::path_from_bytes(entry)
            .ok_or_else(|| Error::Usage("a path of the list is not one of this system".into()))?;
        let relative = place(&path, root.as_deref())?;
        let problem = path.is_dir().then_some("a folder; lists name files");
        inputs.push(Input { path, relative, named: false, problem });
    }
    Ok(inputs)
}

/// Returns the place in the output of a path in a list.
fn place(path: &Path, root: Option<&Path>) -> Result<PathBuf> {
    let refuse = |problem: &str| Err(Error::Path { path: path.to_owned(), problem: problem.into() });
    let below = match root {
        Some(root) => match std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).strip_prefix(root) {
            Ok(below) => below.to_owned(),
            Err(_) => return refuse("does not lie below the root"),
        },
        None => path.to_owned(),
    };
    let mut place = PathBuf::new();
    for part in below.components() {
        match part {
            Component::Normal(part) => place.push(part),
            Component::CurDir => {}
            _ if root.is_some() => return refuse("does not lie below the root"),
            _ => {
                place = path.file_name().map(PathBuf::from).unwrap_or_default();
                break;
            }
        }
    }
    if place.as_os_str().is_empty() { refuse("names no file") } else { Ok(place) }
}

/// Sorts inputs by their places in the output.
///
/// # Errors
///
/// [`Error::Path`] if two have one place.
pub fn arrange(mut inputs: Vec<Input>) -> Result<Vec<Input>> {
    inputs.sort_by(|a, b| a.relative.cmp(&b.relative));
    for pair in inputs.windows(2) {
        if pair[0].relative == pair[1].relative {
            let problem = format!("has the same place in the output as {}", pair[0].path.display());
            return Err(Error::Path { path: pair[1].path.clone(), problem });
        }
    }
    Ok(inputs)
}

fn walk(folder: &Path, inputs: &mut Vec<Input>) {
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let (path, problem) = match &entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => (entry.path(), None),
            Err(error) if error.loop_ancestor().is_some() => {
                (error.path().unwrap_or(folder), Some("a link to a folder around it"))
            }
            Err(error) => (error.path().unwrap_or(folder), Some("cannot be read")),
        };
        let relative = path.strip_prefix(folder).unwrap_or(path).to_owned();
        inputs.push(Input { path: path.to_owned(), relative, named: false, problem });
    }
}

/// Refuses an output folder that lies in an input folder, or around an input.
///
/// # Errors
///
/// [`Error::Path`].
pub fn check_apart(arguments: &[PathBuf], inputs: &[Input], output: &Path) -> Result<()> {
    let output = absolute(output);
    // Those of a list are none of the arguments. Many share a folder.
    let folders: BTreeSet<&Path> = inputs.iter().filter_map(|input| input.path.parent()).collect();
    if let Some(inside) = folders.into_iter().find(|folder| absolute(folder).starts_with(&output)) {
        return Err(Error::Path { path: inside.to_owned(), problem: "the input lies inside the output".into() });
    }
    for argument in arguments {
        let input = absolute(argument);
        if output.starts_with(&input) {
            return Err(Error::Path { path: output, problem: "the output lies inside an input".into() });
        }
        if input.starts_with(&output) {
            return Err(Error::Path { path: input, problem: "the input lies inside the output".into() });
        }
    }
    Ok(())
}

/// Returns the path without links, dots and relative parts, also where its end does not exist yet.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return path.strip_prefix(ancestor).map_or(real.clone(), |rest| real.join(rest));
        }
    }
    path
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make their inputs")]
mod tests {
    use super::*;

    #[test]
    fn folders_keep_their_tree_and_files_their_name() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir_all(path("in/b/c")).unwrap();
        for name in ["in/b/c/x", "in/a.dcm", "y.dcm"] {
            std::fs::write(path(name), b"").unwrap();
        }
        let inputs = arrange(discover(&[path("y.dcm"), path("in")]).unwrap()).unwrap();
        let places: Vec<_> = inputs.iter().map(|i| (i.relative.to_str().unwrap(), i.named)).collect();
        assert_eq!(places, [("a.dcm", false), ("b/c/x", false), ("y.dcm", true)]);
        let twice = discover(&[path("in"), path("in/a.dcm")]).unwrap();
        assert!(arrange(twice).is_err(), "one place for two inputs");
        assert!(discover(&[path("missing")]).is_err());
    }

    #[test]
    fn output_and_input_must_lie_apart() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir_all(path("in")).unwrap();
        assert!(check_apart(&[path("in")], &[], &path("in/out")).is_err());
        assert!(check_apart(&[path("in")], &[], &path("in")).is_err());
        assert!(check_apart(&[path("in")], &[], root.path()).is_err());
        assert!(check_apart(&[path("in")], &[], &path("in/../in/new/../out")).is_err());
        assert!(check_apart(&[path("in")], &[], &path("input")).is_ok());
    }

    #[test]
    fn a_list_places_its_paths_below_the_root_or_as_they_are() {
        let places = |list: &[u8], root: Option<&Path>| -> Vec<String> {
            from_list(list, root).unwrap().iter().map(Input::name).collect()
        };
        assert_eq!(places(b"a/1\n./b\r\n\n/far/away/c\n../d\n", None), ["a/1", "b", "c", "d"]);
        assert_eq!(places(b"/data/x/1\0/data/y\n2\0", Some(Path::new("/data"))), ["x/1", "y\n2"]);
        for escape in ["/else/1", "/data/../etc/1", "/data"] {
            let refused = from_list(escape.as_bytes(), Some(Path::new("/data")));
            assert!(matches!(refused, Err(Error::Path { .. })), "{escape}");
        }
        assert!(from_list(b"..", None).is_err() && from_list(b"/", None).is_err());
        let folder = from_list(b"src", None).unwrap();
        assert!(folder[0].problem.is_some(), "a folder is no file");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_loop_is_listed_with_its_problem() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
        std::os::unix::fs::symlink(root.path().join("nowhere"), root.path().join("broken")).unwrap();
        let inputs = discover(&[root.path().to_owned()]).unwrap();
        assert_eq!(inputs.len(), 2);
        assert!(inputs.iter().all(|input| input.problem.is_some()));
    }
}
