#!/usr/bin/env bash
# Builds what compare.py measures: `cargo build --release` of its arguments, with cmake from scripts/env.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

exec cargo build --release --locked "$@"
