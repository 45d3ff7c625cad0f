//! Parses the command line, sets up logging and turns the outcome into an exit code.

use std::io::Write;
use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let done = match std::env::args().nth(1).as_deref() {
        Some("doctor") => cli::doctor::run(&cli::doctor::DoctorOptions::default(), &[], &mut out),
        Some("fetch-runtime") => match deburn::text::fetch_runtime() {
            Ok(path) => writeln!(out, "{}", path.display()).map(|()| true),
            Err(error) => writeln!(out, "{error}").map(|()| false),
        },
        _ => Ok(false),
    };
    if done.unwrap_or(false) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
