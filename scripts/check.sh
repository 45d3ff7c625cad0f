#!/usr/bin/env bash
# Runs everything that CI runs: format, tests, lints, docs, spelling, licenses.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

cargo fmt --check
cargo test --locked
cargo clippy --locked --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
wheel check bin/typos
target/tools/check/bin/typos
# No wheel has cargo-deny, and building it takes longer than all of the above.
if ! cargo deny --version >/dev/null 2>&1; then
    echo "cargo-deny is not installed: not run" >&2
else
    cargo deny check licenses bans sources
    cargo deny --manifest-path fuzz/Cargo.toml --config deny.toml check licenses bans sources
    # The database of advisories is on GitHub, which not every machine may reach.
    if cargo deny fetch db >/dev/null 2>&1; then
        cargo deny check --disable-fetch advisories
    else
        echo "the database of advisories cannot be fetched: not checked" >&2
    fi
fi
# The review page in a browser, where there is one; it says so where there is none.
python3 scripts/test_review.py
echo "all checks passed"
