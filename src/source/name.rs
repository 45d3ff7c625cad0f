//! Names of files in a report: text, whatever bytes a path is made of, and back again.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Returns a relative path as text with `/` between its parts, on every system.
///
/// Bytes that are not UTF-8 are written as `\xNN` and a backslash as `\\`, so that no two paths have one name.
///
/// # Examples
///
/// ```
/// use deburn::source::{name, parse_name};
/// use std::path::Path;
///
/// assert_eq!(name(Path::new("CT/1.dcm")), "CT/1.dcm");
/// assert_eq!(parse_name("CT/1.dcm").as_deref(), Some(Path::new("CT/1.dcm")));
/// ```
#[must_use]
pub fn name(path: &Path) -> String {
    let mut name = String::new();
    for part in path {
        if !name.is_empty() {
            name.push('/');
        }
        for chunk in part.as_encoded_bytes().utf8_chunks() {
            name += &chunk.valid().replace('\\', r"\\");
            for byte in chunk.invalid() {
                write!(name, r"\x{byte:02x}").expect("a string takes everything");
            }
        }
    }
    name
}

/// Returns the path that [`name()`] has written; `None` for what it cannot have written, and for what leads out of the
/// folder that it is relative to.
#[must_use]
pub fn parse_name(name: &str) -> Option<PathBuf> {
    name.split('/').map(parse_part).collect()
}

fn parse_part(part: &str) -> Option<OsString> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        if let Some(after) = escape.strip_prefix('\\') {
            bytes.push(b'\\');
            rest = after;
        } else {
            let digits = escape.strip_prefix('x')?.get(..2)?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &escape[3..];
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    let leads_out = bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&b'/') || bytes.contains(&0);
    if leads_out { None } else { path_from_bytes(&bytes).map(PathBuf::into_os_string) }
}

/// Makes a path of bytes: any bytes where paths are made of bytes, UTF-8 elsewhere.
pub(super) fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        Some(OsString::from_vec(bytes.to_vec()).into())
    }
    #[cfg(not(unix))]
    {
        std::str::from_utf8(bytes).ok().map(PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["", "/a", "a//b", "../a", "a/..", "./a", r"a\x2fb", r"a\x00", r"a\y", r"a\x4", r"\x2e\x2e/a"] {
            assert_eq!(parse_name(name), None, "{name}");
        }
    }

    #[cfg(unix)]
    proptest! {
        #[test]
        fn every_path_has_a_name_of_its_own(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 1..4)) {
            let bytes = parts.join(&b'/');
            let path = path_from_bytes(&bytes).unwrap();
            let plain = parts.iter().all(|part| part != b"." && part != b".." && !part.contains(&b'/') && !part.contains(&0));
            prop_assume!(plain);
            prop_assert_eq!(parse_name(&name(&path)), Some(path));
        }
    }
}
