//! The key of the report's text hashes: one for each user, unless a file is named.

use deburn::output::Pending;
use deburn::report::TextKey;
use deburn::{Error, Result, text};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The key's name in the user's data folder.
const NAME: &str = "text-key";

/// Reads the key from `file`; without one, from the user's data folder, where it is made at first use.
///
/// Where no key can be stored, one is made for this run alone: the hashes of its report cannot be compared with those
/// of others.
///
/// # Errors
///
/// [`Error::Path`] if a file is there and is no key, and if one that is named is not there.
pub fn load(file: Option<&Path>) -> Result<TextKey> {
    if let Some(file) = file {
        return read(file)?.ok_or_else(|| problem(file, "no such file; `openssl rand -hex 32` makes a key"));
    }
    let Some(path) = text::user_folder().map(|folder| folder.join(NAME)) else { return for_this_run() };
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    match write(&path) {
        // Another process may have been faster: its key counts.
        Ok(()) => {}
        Err(_) if path.exists() => {}
        Err(_) => return for_this_run(),
    }
    read(&path)?.ok_or_else(|| problem(&path, "is gone again"))
}

fn read(path: &Path) -> Result<Option<TextKey>> {
    let digits = match std::fs::read_to_string(path) {
        Ok(digits) => digits,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err(problem(path, "is not a key")),
        Err(error) => return Err(problem(path, &error.kind().to_string())),
    };
    parse(digits.trim()).map(Some).ok_or_else(|| problem(path, "is not a key: 64 hexadecimal digits"))
}

/// Parses 64 hexadecimal digits.
pub fn parse(digits: &str) -> Option<TextKey> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(TextKey::new(key))
}

fn write(path: &Path) -> Result<()> {
    let digits: String = random()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut pending = Pending::create_private(path)?;
    writeln!(pending, "{digits}").map_err(Error::io("cannot write the key"))?;
    pending.commit(false)
}

fn for_this_run() -> Result<TextKey> {
    tracing::warn!("the key of the text hashes cannot be stored; --text-key FILE makes reports comparable");
    random().map(TextKey::new)
}

fn random() -> Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::Usage(format!("no random numbers for the key: {error}")))?;
    Ok(key)
}

fn problem(path: &Path, problem: &str) -> Error {
    Error::Path { path: path.to_owned(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        let digits = "00ff".repeat(16);
        assert!(parse(&digits).is_some());
        assert!(parse(&digits[1..]).is_none() && parse(&digits.replace('f', "g")).is_none());
        assert!(parse(&"é".repeat(32)).is_none());
    }

    #[test]
    fn a_written_key_is_read_again_and_is_private() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deeper").join(NAME);
        assert!(read(&path).expect("nothing there").is_none());
        write(&path).expect("written");
        let id = read(&path).expect("a key").expect("there").id();
        assert_eq!(load(Some(&path)).expect("the same").id(), id);
        assert!(write(&path).is_err(), "an existing key stays");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        }
        assert!(matches!(load(Some(&folder.path().join("none"))), Err(Error::Path { .. })));
    }
}
