//! Which files a run is about: inputs from the command line, folders walked, each with its place in the output.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A file to process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its place below the output folder, and its name in the report.
    pub relative: PathBuf,
    /// It was named itself, not found in a folder: it must be DICOM.
    pub named: bool,
    /// Why it cannot be read, where that shows already: a broken link, a link to a folder around it, no permission.
    pub problem: Option<&'static str>,
}

/// Lists all files of `arguments`, sorted within each folder; links are followed.
///
/// A file keeps its name; a file in a folder keeps its path below that folder.
///
/// # Errors
///
/// [`Error::Path`] if an argument does not exist, or if two files would have one place in the output.
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
    let mut places: BTreeMap<&Path, &Path> = BTreeMap::new();
    for input in &inputs {
        if let Some(first) = places.insert(&input.relative, &input.path) {
            let problem = format!("has the same place in the output as {}", first.display());
            return Err(Error::Path { path: input.path.clone(), problem });
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
pub fn check_apart(arguments: &[PathBuf], output: &Path) -> Result<()> {
    let output = absolute(output);
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
        let inputs = discover(&[path("in"), path("y.dcm")]).unwrap();
        let places: Vec<_> = inputs.iter().map(|i| (i.relative.to_str().unwrap(), i.named)).collect();
        assert_eq!(places, [("a.dcm", false), ("b/c/x", false), ("y.dcm", true)]);
        assert!(discover(&[path("in"), path("in/a.dcm")]).is_err(), "one place for two inputs");
        assert!(discover(&[path("missing")]).is_err());
    }

    #[test]
    fn output_and_input_must_lie_apart() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir_all(path("in")).unwrap();
        assert!(check_apart(&[path("in")], &path("in/out")).is_err());
        assert!(check_apart(&[path("in")], &path("in")).is_err());
        assert!(check_apart(&[path("in")], root.path()).is_err());
        assert!(check_apart(&[path("in")], &path("in/../in/new/../out")).is_err());
        assert!(check_apart(&[path("in")], &path("input")).is_ok());
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
