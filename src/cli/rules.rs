//! Site files of rules: read, hash, add.

use deburn::dicom::header;
use deburn::phi::{Problem, Rules};
use deburn::report::RulesFile;
use deburn::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Returns the built-in rules with those of `files` added, and what the report says of the files.
///
/// # Errors
///
/// [`Error::Path`] for a file that cannot be read, [`Error::Rules`] for one that is not understood.
pub fn load(files: &[PathBuf]) -> Result<(Rules, Vec<RulesFile>)> {
    let mut rules = Rules::embedded().map_err(|problem| refused("the built-in rules", &problem))?;
    let mut used = Vec::new();
    for path in files {
        let problem = |problem: String| Error::Path { path: path.clone(), problem };
        let bytes = std::fs::read(path).map_err(|error| problem(error.kind().to_string()))?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let text = String::from_utf8(bytes).map_err(|_| problem("is not UTF-8 text".into()))?;
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        rules.add_site(&file, &text).map_err(|problem| refused(&file, &problem))?;
        // A misspelled keyword would keep a zone from ever being masked.
        if let Some(name) = rules.zones().attributes().into_iter().find(|name| !header::is_known(name)) {
            return Err(Error::Rules { file, problem: format!("{name} is no attribute of the data dictionary") });
        }
        used.push(RulesFile { file, sha256 });
    }
    Ok((rules, used))
}

fn refused(file: &str, problem: &Problem) -> Error {
    Error::Rules { file: file.to_owned(), problem: problem.to_string() }
}
