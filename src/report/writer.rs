//! Writes a report line by line and keeps the sums.

use super::footer::Footer;
use super::header::Header;
use super::record::Line;
use crate::error::{Error, Result};
use std::io::Write;

/// Writes lines to `W` and adds them up.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    footer: Footer,
}

impl<W: Write> Writer<W> {
    /// Begins a report with its header.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn new(out: W, header: Header) -> Result<Self> {
        let mut writer = Self { out, footer: Footer::default() };
        writer.write(&Line::Run(header))?;
        Ok(writer)
    }

    /// Adds a line of an input or of an ignored file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn add(&mut self, line: &Line) -> Result<()> {
        self.footer.add(line);
        self.write(line)
    }

    /// Ends the report after `files` inputs and ignored files, and returns the sums and the writer.
    ///
    /// # Errors
    ///
    /// [`Error::Verification`] if the records are not as many as the files, [`Error::Io`].
    pub fn finish(mut self, files: u64) -> Result<(Footer, W)> {
        if self.footer.inputs != self.footer.counts.total() || self.footer.inputs + self.footer.ignored != files {
            return Err(Error::Verification("inputs and records differ in number"));
        }
        self.write(&Line::Summary(self.footer))?;
        self.out.flush().map_err(Error::io("cannot write the report"))?;
        Ok((self.footer, self.out))
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        let json = serde_json::to_string(line).map_err(|error| Error::io("cannot write the report")(error.into()))?;
        writeln!(self.out, "{json}").map_err(Error::io("cannot write the report"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::header::{Options, Runtime};
    use super::super::record::Record;
    use super::*;
    use crate::dicom::codec::Fallback;
    use crate::phi::Policy;
    use crate::report::ReportText;
    use crate::text::Effort;

    pub(crate) fn header() -> Header {
        Header {
            version: "0".into(),
            command: "mask".into(),
            options: Options {
                documents: crate::phi::Documents::default(),
                policy: Policy::All,
                effort: Effort::Fast,
                rules: Vec::new(),
                review_below: None,
                overlays: crate::dicom::places::Overlays::Mask,
                fill: "black".into(),
                marks: crate::dicom::marks::Marks::Masked,
                new_uids: false,
                verify: crate::again::Verify::Mask,
                report_text: ReportText::None,
                text_key: "00".into(),
                fallback: Fallback::default(),
                max_pixels: 1,
                device: "cpu".into(),
            },
            runtime: Runtime { version: "0".into(), execution_provider: "CPUExecutionProvider".into() },
            models: Vec::new(),
            shard: None,
            review: None,
        }
    }

    #[test]
    fn a_lost_record_is_an_error() {
        let mut writer = Writer::new(Vec::new(), header()).unwrap();
        writer.add(&Line::Instance(Record::new("a".into()))).unwrap();
        assert!(matches!(writer.finish(2), Err(Error::Verification(_))));
    }

    #[test]
    fn lines_read_back_as_they_were_written() {
        let mut writer = Writer::new(Vec::new(), header()).unwrap();
        let record = Line::Instance(Record::new("a".into()));
        writer.add(&record).unwrap();
        let (footer, bytes) = writer.finish(1).unwrap();
        assert_eq!((footer.inputs, footer.counts.held), (1, 1));
        let lines: Vec<Line> =
            String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, [Line::Run(header()), record, Line::Summary(footer)]);
    }
}
