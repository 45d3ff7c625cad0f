//! Many instances: work spread over threads, records folded in input order.

use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::report::{IgnoredFile, Line, Reason, Record, Writer};
use crate::source::Input;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc;

/// What a run tells while it goes on.
pub trait Progress: Send {
    /// A line was added to the report.
    fn line(&mut self, line: &Line, milliseconds: Option<u64>);
}

/// Processes `inputs` on the current rayon pool and adds their lines to `report` in input order.
///
/// # Errors
///
/// [`Error::Io`] if the report cannot be written. Instances never fail a run.
pub fn run<W: Write + Send>(
    pipeline: &Pipeline,
    inputs: &[Input],
    output: Option<&Path>,
    report: &mut Writer<W>,
    progress: &mut dyn Progress,
) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        let folding = scope.spawn(move || fold(&receiver, report, progress));
        let work = |(index, input): (usize, &Input)| {
            // The receiver is gone only after a failure that it reports itself.
            let _ = sender.send((index, line(pipeline, input, output)));
        };
        // Bridged, inputs are taken in order, so that few lines wait for an earlier one.
        inputs.iter().enumerate().par_bridge().for_each(work);
        drop(sender);
        folding.join().unwrap_or(Err(Error::Panic("the report writer")))
    })
}

/// Adds lines in the order of their index.
fn fold<W: Write>(
    receiver: &mpsc::Receiver<(usize, Line)>,
    report: &mut Writer<W>,
    progress: &mut dyn Progress,
) -> Result<()> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (index, line) in receiver {
        early.insert(index, line);
        while let Some(line) = early.remove(&next) {
            report.add(&line)?;
            progress.line(&line, Some(0));
            next += 1;
        }
    }
    Ok(())
}

/// Processes one input.
fn line(pipeline: &Pipeline, input: &Input, output: Option<&Path>) -> Line {
    let path = input.name();
    if let Some(problem) = input.problem {
        let mut record = Record::new(path);
        record.reason = Some(Reason { code: "io".into(), message: problem.into() });
        return Line::Instance(record);
    }
    let target = output.map(|folder| folder.join(&input.relative));
    match pipeline.process(&input.path, path, target.as_deref()) {
        (record, Some(error @ Error::NotDicom(_))) if !input.named => {
            Line::Ignored(IgnoredFile { path: record.path, message: error.to_string() })
        }
        (record, _) => Line::Instance(record),
    }
}
