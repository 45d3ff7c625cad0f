#!/usr/bin/env bash
# Builds deburn and masks the sample: target/demo/ gets the cleaned DICOM, its report, and nothing else.
# With arguments, runs deburn with them instead.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

cargo build --release --locked --bin deburn
if [ $# -gt 0 ]; then
    exec target/release/deburn "$@"
fi
target/release/deburn mask fixtures/us_rgb.dcm --output target/demo --overwrite
echo "cleaned file: target/demo/us_rgb.dcm"
echo "report:       target/demo/deburn-report.jsonl"
