//! What a person sees while a run goes on: a bar on a terminal, plain lines elsewhere.

use super::say;
use deburn::batch::Progress;
use deburn::report::{Line, Status};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often a plain line is written where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(10);

/// Shows counts and rate, and a line for each input that is held.
pub struct Reporter {
    bar: Option<ProgressBar>,
    quiet: bool,
    files: usize,
    done: usize,
    held: usize,
    started: Instant,
    spoken: Instant,
}

impl Reporter {
    /// Starts for so many files.
    pub fn new(files: usize, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:32} {pos}/{len} files, {per_sec}, {eta} left{msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let now = Instant::now();
        Self { bar, quiet, files, done: 0, held: 0, started: now, spoken: now }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn speak(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }
}

impl Progress for Reporter {
    fn line(&mut self, line: &Line) {
        self.done += 1;
        if let Line::Instance(record) = line
            && record.status == Status::Held
        {
            self.held += 1;
            let message = record.reason.as_ref().map_or("", |reason| reason.message.as_str());
            // One line, whatever is in a file name.
            let path = record.path.replace(char::is_control, "?");
            self.speak(&format!("held: {path}: {message}"));
        }
        match &self.bar {
            Some(bar) => {
                if self.held > 0 {
                    bar.set_message(format!(", {} held", self.held));
                }
                bar.inc(1);
            }
            None if !self.quiet && self.spoken.elapsed() >= INTERVAL => {
                #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
                let rate = self.done as f64 / self.started.elapsed().as_secs_f64();
                say(&format!("{}/{} files, {rate:.1}/s, {} held", self.done, self.files, self.held));
                self.spoken = Instant::now();
            }
            None => {}
        }
    }
}
