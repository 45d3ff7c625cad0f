//! What a person, or a program, sees while a run goes on: a bar on a terminal, lines elsewhere, as text or as JSON.

use super::{LogFormat, say};
use deburn::batch::Progress;
use deburn::report::{Line, Status, Summary};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often a plain line is written where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(10);

/// Shows counts, rate and the time left, and a line for each input that is held.
pub struct Reporter {
    bar: Option<ProgressBar>,
    format: LogFormat,
    quiet: bool,
    files: usize,
    /// Lines of this run, and lines that an earlier one had finished.
    done: usize,
    before: usize,
    summary: Summary,
    started: Instant,
    spoken: Instant,
}

impl Reporter {
    /// Starts for so many files.
    pub fn new(files: usize, quiet: bool, format: LogFormat) -> Self {
        let is_seen = !quiet && format == LogFormat::Text && std::io::stderr().is_terminal();
        let bar = is_seen.then(|| {
            let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:32} {pos}/{len} files, {per_sec}, {eta} left{msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let now = Instant::now();
        let summary = Summary::default();
        Self { bar, format, quiet, files, done: 0, before: 0, summary, started: now, spoken: now }
    }

    /// Takes the bar away and says what the run comes to.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.quiet {
            return;
        }
        match self.format {
            LogFormat::Text => say(&self.summary.to_string()),
            LogFormat::Json => event("INFO", "summary", serde_json::to_value(&self.summary).unwrap_or_default()),
        }
    }

    fn speak(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }

    /// Tells how far the run is.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn tell(&self) {
        let (all, held) = (self.done + self.before, self.summary.footer.counts.held);
        let rate = self.done as f64 / self.started.elapsed().as_secs_f64();
        let left = self.files.saturating_sub(all) as f64 / rate;
        match self.format {
            LogFormat::Text => {
                say(&format!("{all}/{} files, {rate:.1}/s, {held} held, {} left", self.files, span(left)));
            }
            LogFormat::Json => event(
                "INFO",
                "progress",
                json!({"done": all, "files": self.files, "held": held, "per_second": rate, "seconds_left": left}),
            ),
        }
    }
}

impl Progress for Reporter {
    fn line(&mut self, line: &Line, milliseconds: Option<u64>) {
        match milliseconds {
            Some(_) => self.done += 1,
            None => self.before += 1,
        }
        self.summary.add(line, milliseconds);
        if let Line::Instance(record) = line
            && record.status == Status::Held
        {
            let reason = record.reason.as_ref();
            let message = reason.map_or("", |reason| reason.message.as_str());
            match self.format {
                LogFormat::Text => {
                    // One line, whatever is in a file name.
                    let path = record.path.replace(char::is_control, "?");
                    self.speak(&format!("held: {path}: {message}"));
                }
                LogFormat::Json => {
                    let code = reason.map(|reason| &reason.code);
                    event("WARN", "held", json!({"path": record.path, "reason": code, "message": message}));
                }
            }
        }
        match &self.bar {
            Some(bar) => {
                let held = self.summary.footer.counts.held;
                if held > 0 {
                    bar.set_message(format!(", {held} held"));
                }
                bar.inc(1);
            }
            None if !self.quiet && self.spoken.elapsed() >= INTERVAL => {
                self.tell();
                self.spoken = Instant::now();
            }
            None => {}
        }
    }

    fn log(&mut self, line: &str) {
        self.speak(line);
    }
}

/// Writes an event as a line of JSON.
pub fn event(level: &str, event: &str, mut fields: Value) {
    if let Value::Object(fields) = &mut fields {
        fields.insert("level".into(), level.into());
        fields.insert("event".into(), event.into());
    }
    say(&fields.to_string());
}

/// Writes a time in seconds for people.
fn span(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "an unknown time".into();
    }
    let [days, hours, minutes] = [86_400.0, 3600.0, 60.0].map(|unit| seconds / unit);
    match () {
        () if days >= 2.0 => format!("{days:.1} days"),
        () if hours >= 2.0 => format!("{hours:.1} h"),
        () if minutes >= 2.0 => format!("{minutes:.0} min"),
        () => format!("{seconds:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn times_are_written_in_a_unit_that_fits() {
        assert_eq!(
            [5.4, 119.0, 600.0, 36_000.0, 432_000.0].map(span),
            ["5 s", "119 s", "10 min", "10.0 h", "5.0 days"]
        );
        assert_eq!(span(f64::INFINITY), "an unknown time");
    }
}
