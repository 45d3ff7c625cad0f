//! Lines of a report in the order of the inputs, whatever the order in which they come.

use super::Progress;
use super::journal::{Done, Journal, Place};
use crate::error::Result;
use crate::report::{Line, Writer};
use std::collections::BTreeMap;
use std::io::Write;

/// A line that waits for its turn.
#[derive(Debug)]
enum Waiting {
    Here(Box<Line>),
    /// Written to the journal by this run.
    Journaled(Place),
    /// Written to the journal by an earlier run.
    Before(Place),
}

/// Keeps lines until their turn comes: in the journal where there is one, else in memory.
#[derive(Debug)]
pub struct Ledger<'a, W> {
    report: &'a mut Writer<W>,
    journal: Option<Journal>,
    waiting: BTreeMap<usize, Waiting>,
    next: usize,
}

impl<'a, W: Write> Ledger<'a, W> {
    /// Begins with the lines that an earlier run has finished.
    pub fn new(report: &'a mut Writer<W>, journal: Option<Journal>, before: Vec<(usize, Place)>) -> Self {
        let waiting = before.into_iter().map(|(index, place)| (index, Waiting::Before(place))).collect();
        Self { report, journal, waiting, next: 0 }
    }

    /// Notes that work on an input begins.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Io`].
    pub fn begun(&mut self, name: &str) -> Result<()> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.begun(name))
    }

    /// Takes a line of an input.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Io`].
    pub fn done(&mut self, index: usize, done: Done) -> Result<()> {
        let waiting = match &mut self.journal {
            Some(journal) => Waiting::Journaled(journal.done(done)?),
            None => Waiting::Here(Box::new(done.line)),
        };
        self.waiting.insert(index, waiting);
        Ok(())
    }

    /// Writes all lines whose turn has come.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Io`]; [`crate::Error::Verification`] if the journal is not as it was written.
    pub fn flush(&mut self, progress: &mut dyn Progress) -> Result<()> {
        while let Some(waiting) = self.waiting.remove(&self.next) {
            let mut read = |place| match &mut self.journal {
                Some(journal) => journal.line(place),
                None => Err(crate::Error::Verification("there is no journal")),
            };
            let line = match waiting {
                Waiting::Here(line) => *line,
                Waiting::Journaled(place) => read(place)?,
                Waiting::Before(place) => {
                    let line = read(place)?;
                    progress.line(&line, None);
                    line
                }
            };
            self.report.add(&line)?;
            self.next += 1;
        }
        Ok(())
    }

    /// Makes what is noted outlast a power failure.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Io`].
    pub fn sync(&mut self) -> Result<()> {
        self.journal.as_mut().map_or(Ok(()), Journal::sync)
    }
}
