#!/usr/bin/env bash
# Runs everything that CI runs: format, lints, tests, docs, licenses, spelling.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

cargo fmt --check
cargo test --locked
cargo clippy --locked --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

# These two are not part of a Rust installation; they run where they are installed.
if cargo deny --version >/dev/null 2>&1; then cargo deny check; else echo "cargo-deny is not installed: not run" >&2; fi
if command -v typos >/dev/null 2>&1; then typos; else echo "typos is not installed: not run" >&2; fi
