//! Reads a report back and proves it: its form, its sums, and that no input is in it twice.

use super::footer::Footer;
use super::header::Header;
use super::record::Line;
use crate::error::{Error, Result};
use std::collections::HashSet;
use std::io::BufRead;

/// A line of an input or of an ignored file, as it stands in a report.
#[derive(Debug)]
pub struct RawLine<'a> {
    /// Its name.
    pub path: &'a str,
    /// What it says.
    pub line: &'a Line,
    /// The line itself, without its end.
    pub text: &'a str,
    /// Where it begins in the report, in bytes.
    pub offset: u64,
}

/// Reads a whole report, shows each line between header and footer to `visit`, and returns both.
///
/// # Errors
///
/// [`Error::Report`] if a line is malformed, if the report does not begin with a header and end with its sums, if these
/// are not those of its lines, or if a path stands in it twice; [`Error::Io`]; and what `visit` returns.
pub fn read(mut report: impl BufRead, mut visit: impl FnMut(RawLine<'_>) -> Result<()>) -> Result<(Header, Footer)> {
    let (mut header, mut end, mut sums) = (None, None, Footer::default());
    let mut paths = HashSet::new();
    let (mut text, mut offset, mut number) = (String::new(), 0u64, 0u64);
    loop {
        text.clear();
        let length = report.read_line(&mut text).map_err(Error::io("cannot read the report"))?;
        if length == 0 {
            break;
        }
        number += 1;
        let malformed = |problem: &str| Error::Report(format!("line {number} {problem}"));
        let bare = text.strip_suffix('\n').ok_or_else(|| malformed("is cut off"))?;
        let line: Line = serde_json::from_str(bare).map_err(|_| malformed("is not a line of a report"))?;
        if end.is_some() {
            return Err(malformed("stands behind the summary"));
        }
        let path = match &line {
            Line::Instance(record) => &record.path,
            Line::Ignored(file) => &file.path,
            Line::Run(run) if header.is_none() && number == 1 => {
                header = Some(run.clone());
                offset += length as u64;
                continue;
            }
            Line::Summary(footer) => {
                end = Some(*footer);
                continue;
            }
            Line::Run(_) => return Err(malformed("is a second header")),
        };
        if header.is_none() {
            return Err(malformed("should be the header"));
        }
        if !paths.insert(path.clone()) {
            return Err(malformed("names a path a second time"));
        }
        sums.add(&line);
        visit(RawLine { path, line: &line, text: bare, offset })?;
        offset += length as u64;
    }
    let header = header.ok_or_else(|| Error::Report("it is empty".into()))?;
    let footer = end.ok_or_else(|| Error::Report("it ends without a summary: the run was not finished".into()))?;
    if footer != sums || footer.inputs != footer.counts.total() {
        return Err(Error::Report("its summary is not the sum of its lines".into()));
    }
    Ok((header, footer))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::record::{IgnoredFile, Record, Status};
    use super::super::writer::{Writer, tests::header};
    use super::*;

    /// Writes a report of some held inputs and one ignored file.
    pub fn report(header: Header, names: &[&str]) -> String {
        let mut writer = Writer::new(Vec::new(), header).unwrap();
        for name in names {
            let line = match name.strip_prefix('!') {
                Some(name) => Line::Ignored(IgnoredFile { path: name.into(), message: "not DICOM".into() }),
                None => Line::Instance(Record { status: Status::Clean, ..Record::new((*name).into()) }),
            };
            writer.add(&line).unwrap();
        }
        String::from_utf8(writer.finish(names.len() as u64).unwrap().1).unwrap()
    }

    #[test]
    fn a_report_reads_back_with_the_places_of_its_lines() {
        let text = report(header(), &["a", "!b", "c"]);
        let mut seen = Vec::new();
        let (_, footer) = read(text.as_bytes(), |raw| {
            let start = usize::try_from(raw.offset).unwrap();
            assert!(text[start..].starts_with(raw.text));
            seen.push(raw.path.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!((seen, footer.inputs, footer.ignored), (vec!["a".into(), "b".into(), "c".into()], 2, 1));
    }

    #[test]
    fn a_report_that_is_not_whole_is_refused() {
        let text = report(header(), &["a", "b"]);
        let lines: Vec<&str> = text.lines().collect();
        let of = |picked: &[usize]| picked.iter().map(|&index| format!("{}\n", lines[index])).collect::<String>();
        let problem = |text: &str| read(text.as_bytes(), |_| Ok(())).expect_err("refused").to_string();
        assert!(problem("").contains("empty"));
        assert!(problem(&of(&[0, 1, 2])).contains("without a summary"));
        assert!(problem(&of(&[1, 2, 3])).contains("header"));
        assert!(problem(&of(&[0, 1, 3])).contains("sum of its lines"));
        assert!(problem(&of(&[0, 1, 1, 3])).contains("second time"));
        assert!(problem(&of(&[0, 0, 1, 2, 3])).contains("second header"));
        assert!(problem(&of(&[0, 1, 2, 3, 3])).contains("behind the summary"));
        assert!(problem(&text[..text.len() - 1]).contains("cut off"));
        assert!(problem(&text.replace("\"a\"", "a")).contains("line 2"));
        for cut in 0..text.len() {
            assert!(read(&text.as_bytes()[..cut], |_| Ok(())).is_err(), "cut at {cut}");
        }
    }
}
