//! A report as comma-separated values, one row an input, for spreadsheets.

use super::record::{Line, Record, RegionRecord};
use crate::error::{Error, Result};
use crate::phi::Decision;
use std::collections::BTreeSet;
use std::io::Write;

/// The columns, in their order.
const COLUMNS: [&str; 18] = [
    "path",
    "status",
    "reason",
    "message",
    "modality",
    "bytes",
    "frames",
    "regions_masked",
    "regions_kept",
    "regions_review",
    "rules",
    "attributes",
    "transfer_syntax",
    "output_transfer_syntax",
    "sop_class_uid",
    "sop_instance_uid",
    "output_sop_instance_uid",
    "advice",
];

/// Writes the title row and a row for each input among `lines`.
///
/// A cell that a spreadsheet would take for a formula begins with an apostrophe: file names come from outside.
///
/// # Errors
///
/// [`Error::Io`], and what `lines` yields.
pub fn write_csv(lines: impl Iterator<Item = Result<Line>>, out: impl Write) -> Result<()> {
    let mut table = csv::Writer::from_writer(out);
    let failed = |error: csv::Error| Error::io("cannot write the table")(error.into());
    table.write_record(COLUMNS).map_err(failed)?;
    for line in lines {
        if let Line::Instance(record) = line? {
            table.write_record(row(&record).map(harmless)).map_err(failed)?;
        }
    }
    table.flush().map_err(Error::io("cannot write the table"))
}

fn row(record: &Record) -> [String; COLUMNS.len()] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let count = |action| record.regions.iter().filter(|region| region.action == action).count().to_string();
    let distinct = |of: fn(&RegionRecord) -> Option<&str>| {
        let all: BTreeSet<&str> = record.regions.iter().filter_map(of).collect();
        all.into_iter().collect::<Vec<_>>().join(" ")
    };
    let status = serde_json::to_value(record.status).ok().and_then(|value| value.as_str().map(str::to_owned));
    let advice: Vec<&str> = record.advice.iter().map(|advice| advice.code.as_str()).collect();
    [
        record.path.clone(),
        status.unwrap_or_default(),
        record.reason.as_ref().map(|reason| reason.code.clone()).unwrap_or_default(),
        record.reason.as_ref().map(|reason| reason.message.clone()).unwrap_or_default(),
        text(&record.modality),
        record.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
        record.frames.examined.to_string(),
        count(Decision::Mask),
        count(Decision::Keep),
        count(Decision::Review),
        distinct(|region| Some(&region.reason)),
        distinct(|region| region.attribute.as_deref()),
        text(&record.transfer_syntax),
        text(&record.output_transfer_syntax),
        text(&record.sop_class_uid),
        text(&record.sop_instance_uid),
        text(&record.output_sop_instance_uid),
        advice.join(" "),
    ]
}

fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_quoted_and_holds_no_formula() {
        let lines = ["=1+1", "a,\"b\"", "plain"].map(|name| Ok(Line::Instance(Record::new(name.into()))));
        let mut out = Vec::new();
        write_csv(lines.into_iter(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows[0].starts_with("path,status,reason,"));
        assert!(rows[1].starts_with("'=1+1,held,"), "{text}");
        assert!(rows[2].starts_with("\"a,\"\"b\"\"\",held,"), "{text}");
        assert_eq!(rows.len(), 4);
        assert!(rows.iter().skip(3).all(|row| row.matches(',').count() == COLUMNS.len() - 1));
    }
}
