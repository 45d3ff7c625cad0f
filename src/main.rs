//! The `deburn` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    deburn::cli::main()
}
