//! Many reports into one: that of a single run over all inputs.

use super::footer::Footer;
use super::header::{Header, ShardUsed};
use super::reader::read;
use super::record::Line;
use crate::error::{Error, Result};
use crate::source::parse_name;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{BufRead, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// Where a line stands.
struct Place {
    path: PathBuf,
    name: String,
    report: usize,
    offset: u64,
    length: usize,
}

/// Joins `reports`, each with a name for messages, into one that is written to `out`: the lines in path order, as one run
/// over all inputs would have written them. Returns its sums.
///
/// Each path must stand in one report alone. Where the reports are those of shards, all shards of one division must be
/// there, and together hold the files that each of them has seen. Where `expected` names the inputs, these must be the
/// paths of the reports.
///
/// # Errors
///
/// [`Error::Report`] if one of that does not hold, if a report is not whole, or if versions, commands, options, rules,
/// models or runtimes differ; [`Error::Io`].
pub fn merge<R: BufRead + Seek>(
    reports: &mut [(String, R)],
    expected: Option<&BTreeSet<String>>,
    out: &mut impl Write,
) -> Result<Footer> {
    let (mut headers, mut places, mut sums) = (Vec::new(), Vec::new(), Footer::default());
    for (index, (label, report)) in reports.iter_mut().enumerate() {
        let (header, footer) = read(report, |raw| {
            let path = parse_name(raw.path).ok_or_else(|| Error::Report("a path in it cannot be one".into()))?;
            let (name, length) = (raw.path.to_owned(), raw.text.len() + 1);
            places.push(Place { path, name, report: index, offset: raw.offset, length });
            Ok(())
        })
        .map_err(|error| label_error(label, error))?;
        headers.push(header);
        add(&mut sums, &footer);
    }
    places.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some([first, second]) = places.array_windows().find(|[a, b]| a.path == b.path) {
        let (one, other) = (&reports[first.report].0, &reports[second.report].0);
        return Err(Error::Report(format!("{} stands in {one} and in {other}", first.name)));
    }
    let header = common_header(&headers, reports)?;
    check_shards(&headers, &places)?;
    if let Some(expected) = expected {
        check_expected(expected, &places)?;
    }
    write(&header, &places, sums, reports, out)?;
    Ok(sums)
}

fn label_error(label: &str, error: Error) -> Error {
    match error {
        Error::Report(problem) => Error::Report(format!("{label}: {problem}")),
        other => other,
    }
}

fn add(sums: &mut Footer, more: &Footer) {
    sums.inputs += more.inputs;
    sums.counts.clean += more.counts.clean;
    sums.counts.masked += more.counts.masked;
    sums.counts.no_pixels += more.counts.no_pixels;
    sums.counts.review += more.counts.review;
    sums.counts.held += more.counts.held;
    sums.ignored += more.ignored;
    sums.frames_examined += more.frames_examined;
    sums.regions_masked += more.regions_masked;
}

/// Returns the header that all have, without their shards.
fn common_header<R>(headers: &[Header], reports: &[(String, R)]) -> Result<Header> {
    let Some(first) = headers.first() else { return Err(Error::Report("there is none to merge".into())) };
    for (other, (label, _)) in headers.iter().zip(reports) {
        if let Some(difference) = first.difference(other) {
            return Err(Error::Report(format!("{label} differs from {} in {difference}", reports[0].0)));
        }
    }
    Ok(Header { shard: None, ..first.clone() })
}

/// Checks that the shards of a division are all there and hold all of its files.
fn check_shards(headers: &[Header], places: &[Place]) -> Result<()> {
    let shards: Vec<&ShardUsed> = headers.iter().filter_map(|header| header.shard.as_ref()).collect();
    let Some(first) = shards.first() else { return Ok(()) };
    if shards.len() != headers.len() {
        return Err(Error::Report("some are those of shards and some are not".into()));
    }
    if shards.iter().any(|shard| shard.count != first.count) {
        return Err(Error::Report("they are shards of different divisions".into()));
    }
    if shards.iter().any(|shard| (shard.files, &shard.names_sha256) != (first.files, &first.names_sha256)) {
        return Err(Error::Report("the shards have not seen the same files: run them over one unchanging tree".into()));
    }
    let there: BTreeSet<u32> = shards.iter().map(|shard| shard.index).collect();
    if let Some(missing) = (1..=first.count).find(|index| !there.contains(index)) {
        return Err(Error::Report(format!("shard {missing}/{} is missing", first.count)));
    }
    let mut hash = Sha256::new();
    for place in places {
        hash.update(&place.name);
        hash.update([0]);
    }
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if places.len() as u64 != first.files || hash != first.names_sha256 {
        return Err(Error::Report("the shards together do not hold the files that each of them has seen".into()));
    }
    Ok(())
}

fn check_expected(expected: &BTreeSet<String>, places: &[Place]) -> Result<()> {
    let there: BTreeSet<&str> = places.iter().map(|place| place.name.as_str()).collect();
    if let Some(missing) = expected.iter().find(|name| !there.contains(name.as_str())) {
        return Err(Error::Report(format!("{missing} is in no report")));
    }
    match there.iter().find(|name| !expected.contains(**name)) {
        Some(more) => Err(Error::Report(format!("{more} is in a report and not among the inputs"))),
        None => Ok(()),
    }
}

fn write<R: Read + Seek>(
    header: &Header,
    places: &[Place],
    sums: Footer,
    reports: &mut [(String, R)],
    out: &mut impl Write,
) -> Result<()> {
    let failed = || Error::io("cannot write the report");
    let json = |line: &Line| {
        let text = serde_json::to_string(line).map_err(|_| Error::Report("a line cannot be written".into()));
        text.map(|text| text + "\n")
    };
    out.write_all(json(&Line::Run(header.clone()))?.as_bytes()).map_err(failed())?;
    let mut line = Vec::new();
    let mut proved = Footer::default();
    for place in places {
        let report = &mut reports[place.report].1;
        line.resize(place.length, 0);
        report.seek(SeekFrom::Start(place.offset)).map_err(Error::io("cannot read a report"))?;
        report.read_exact(&mut line).map_err(Error::io("cannot read a report"))?;
        // It might have changed since it was read first.
        let again: Line =
            serde_json::from_slice(&line).map_err(|_| Error::Report("it changed while it was read".into()))?;
        proved.add(&again);
        out.write_all(&line).map_err(failed())?;
    }
    if proved != sums {
        return Err(Error::Report("the sums of the parts are not those of the whole".into()));
    }
    out.write_all(json(&Line::Summary(sums))?.as_bytes()).map_err(failed())?;
    out.flush().map_err(failed())
}

#[cfg(test)]
mod tests {
    use super::super::reader::tests::report;
    use super::super::writer::tests::header;
    use super::*;
    use crate::source::{Input, names_sha256};
    use std::io::Cursor;

    fn merged(reports: &[String], expected: Option<&[&str]>) -> Result<String, String> {
        let named = reports.iter().enumerate().map(|(index, text)| (format!("r{index}"), Cursor::new(text.clone())));
        let expected = expected.map(|names| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>());
        let mut out = Vec::new();
        merge(&mut named.collect::<Vec<_>>(), expected.as_ref(), &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn shard(index: u32, names: &[&str], all: &[&str]) -> String {
        let inputs: Vec<Input> = all
            .iter()
            .map(|name| Input { path: name.into(), relative: name.into(), named: false, problem: None })
            .collect();
        let used = ShardUsed { index, count: 2, files: all.len() as u64, names_sha256: names_sha256(&inputs) };
        report(Header { shard: Some(used), ..header() }, names)
    }

    #[test]
    fn the_merged_report_is_that_of_one_run() {
        let whole = report(header(), &["a/b", "a/c", "!a.txt", "d"]);
        let parts = [report(header(), &["a/c", "d"]), report(header(), &["a/b", "!a.txt"]), report(header(), &[])];
        assert_eq!(merged(&parts, None).unwrap(), whole);
        assert_eq!(merged(&parts, Some(&["a/b", "a/c", "a.txt", "d"])).unwrap(), whole);
        let parts = [shard(2, &["a/b", "d"], &["a/b", "a/c", "d"]), shard(1, &["a/c"], &["a/b", "a/c", "d"])];
        assert_eq!(merged(&parts, None).unwrap(), report(header(), &["a/b", "a/c", "d"]));
    }

    #[test]
    fn what_is_lost_or_there_twice_is_named() {
        let parts = [report(header(), &["a", "b"]), report(header(), &["b", "c"])];
        assert_eq!(merged(&parts, None).unwrap_err(), "report: b stands in r0 and in r1");
        let parts = [report(header(), &["a"]), report(header(), &["c"])];
        assert_eq!(merged(&parts, Some(&["a", "b", "c"])).unwrap_err(), "report: b is in no report");
        assert!(merged(&parts, Some(&["a"])).unwrap_err().contains("c is in a report and not among"));
        assert!(merged(&[], None).is_err());
        let all = ["a", "b", "c"];
        assert_eq!(merged(&[shard(2, &["a"], &all)], None).unwrap_err(), "report: shard 1/2 is missing");
        let lost = [shard(2, &["a"], &all), shard(1, &["c"], &all)];
        assert!(merged(&lost, None).unwrap_err().contains("do not hold the files"));
        let grown = [shard(2, &["a"], &all), shard(1, &["c"], &["a", "c"])];
        assert!(merged(&grown, None).unwrap_err().contains("not seen the same files"));
        assert!(
            merged(&[shard(1, &["a"], &["a"]), report(header(), &["b"])], None).unwrap_err().contains("some are not")
        );
    }

    #[test]
    fn reports_of_other_runs_are_refused_with_what_differs() {
        let with = |change: fn(&mut Header)| {
            let mut other = header();
            change(&mut other);
            merged(&[report(header(), &["a"]), report(other, &["b"])], None).unwrap_err()
        };
        assert_eq!(with(|h| h.version = "9".into()), "report: r1 differs from r0 in the version");
        assert!(with(|h| h.options.new_uids = true).contains("the options (new_uids)"));
        assert!(with(|h| h.options.text_key = "11".into()).contains("the options (text_key)"));
        assert!(with(|h| h.runtime.version = "2".into()).contains("the runtime"));
    }
}
