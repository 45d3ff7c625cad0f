//! The report: JSON Lines with a header, a record for each input, and a footer.

mod footer;
mod header;
mod merge;
mod reader;
mod record;
mod regions;
mod summary;
mod table;
mod text;
mod writer;

pub use footer::{Counts, Footer};
pub use header::{Header, ModelUsed, Options, ReviewUsed, RulesFile, Runtime, ShardUsed};
pub use merge::merge;
pub use reader::{RawLine, read};
pub use record::{
    Advice, FrameCount, IgnoredFile, InstanceReview, Line, PlaceAction, PlaceRecord, Reason, Record, RegionChange,
    RegionRecord, RegionReview, Status, WriteMethod,
};
pub use regions::regions;
pub use summary::{Decisions, Extreme, Summary};
pub use table::write_csv;
pub use text::{ReadingRecord, ReportText, TextKey, TextPrivacy};
pub use writer::Writer;
#[cfg(test)]
pub(crate) use writer::tests::header as test_header;

/// Returns the JSON Schema of a [`Line`], as in `src/report/schema.json`.
///
/// # Errors
///
/// What serde_json reports; the types here give no cause.
pub fn schema() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&schemars::schema_for!(Line)).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_shipped_schema_is_that_of_the_types() {
        assert_eq!(
            super::schema().unwrap(),
            include_str!("schema.json"),
            "run `deburn schema > src/report/schema.json`"
        );
    }
}
