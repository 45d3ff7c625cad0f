//! What of an earlier run still holds: its finished inputs, if neither they nor their outputs have changed.

use super::journal::{Known, Past, Place, Stamp};
use crate::error::{Error, Result};
use crate::output::{self, Partials};
use crate::source::{Input, parse_name};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What there is to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// Inputs to work on, by their numbers.
    pub todo: Vec<usize>,
    /// Inputs that are finished, and where their lines stand.
    pub done: Vec<(usize, Place)>,
    /// Those of `todo` that were finished and have changed since.
    pub changed: BTreeSet<usize>,
    /// Outputs that belong to no finished input: what was begun, what changed, and what is no input any more.
    pub stale: Vec<PathBuf>,
}

impl Plan {
    /// Compares inputs, and their places in the folder `output`, with what is known of them.
    #[must_use]
    pub fn new(inputs: &[Input], output: Option<&Path>, past: &Past) -> Self {
        let mut plan = Self::default();
        let mut names = BTreeSet::new();
        for (index, input) in inputs.iter().enumerate() {
            let name = input.name();
            let target = output.map(|folder| folder.join(&input.relative));
            match past.known.get(&name) {
                Some(Known::Done { place, input: before, output: written, may_end_otherwise: false })
                    if before.is_some()
                        && *before == Stamp::of(&input.path)
                        && *written == target.as_deref().and_then(Stamp::of) =>
                {
                    plan.done.push((index, *place));
                }
                None => plan.todo.push(index),
                Some(known) => {
                    plan.todo.push(index);
                    plan.stale.extend(target);
                    if let Known::Done { may_end_otherwise: false, .. } = known {
                        plan.changed.insert(index);
                    }
                }
            }
            names.insert(name);
        }
        if let Some(folder) = output {
            let gone = past.known.keys().filter(|name| !names.contains(*name));
            plan.stale.extend(gone.filter_map(|name| Some(folder.join(parse_name(name)?))));
        }
        plan
    }

    /// Removes what an earlier run has left and does not count, temporary files below the folder `output` included.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn clear(&self, output: Option<&Path>, whose: Partials) -> Result<()> {
        self.stale.iter().try_for_each(|path| remove(path))?;
        output.map_or(Ok(()), |folder| output::remove_partials_below(folder, whose))
    }
}

/// Removes a file, if it is there.
///
/// # Errors
///
/// [`Error::Io`].
pub fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if path.symlink_metadata().is_ok_and(|data| !data.is_dir()) => {
            Err(Error::io("cannot remove a file of the output")(error))
        }
        _ => Ok(()),
    }
}
