//! The report: JSON Lines with a header, a record for each input, and a footer.

mod record;
mod regions;
mod text;
mod writer;

pub use record::{
    Advice, Counts, Footer, FrameCount, Header, IgnoredFile, InstanceReview, Line, ModelUsed, Options, PlaceAction,
    PlaceRecord, Reason, Record, RegionChange, RegionRecord, RegionReview, ReviewUsed, RulesFile, Runtime, Status,
    WriteMethod,
};
pub use regions::regions;
pub use text::{ReadingRecord, ReportText, TextKey, TextPrivacy};
pub use writer::Writer;

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
