//! The log of a process: this program's events on standard error, or told by a worker to its run.

use super::{LogFormat, LogLevel};
use deburn::text;
use std::io::Write;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Sends this program's log events from `level` up to `out`, a write call each.
///
/// Of libraries only ONNX Runtime is heard, which sees no header: readers and codecs quote values in their messages.
pub fn start<W>(level: LogLevel, format: LogFormat, out: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let filter = EnvFilter::new(format!("off,deburn={level},ort=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(out).with_ansi(false);
    // A second subscriber in one process is refused; the first one stays.
    let _ = match format {
        LogFormat::Text => log.without_time().try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    // A panic becomes a held record; its message may quote what it choked on.
    std::panic::set_hook(Box::new(|_| {
        if !text::is_decoding() {
            tracing::error!("a stage panicked; the instance is held");
        }
    }));
}

/// Takes the lines of a log and gives each, whole, to a function.
pub struct Lines<F>(pub F);

impl<F: Fn(String)> Write for &Lines<F> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0(String::from_utf8_lossy(bytes).trim_end().to_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a, F: Fn(String) + 'a> MakeWriter<'a> for Lines<F> {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}
