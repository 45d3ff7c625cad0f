#!/usr/bin/env bash
# Masks a tree of DICOM files with deburn on a Slurm cluster: an array of shards, then one task that joins their reports.
#
#   scripts/slurm/submit.sh INPUT OUTPUT SHARDS [options of `deburn mask`]
#   DEBURN=/opt/deburn/deburn SBATCH_PARTITION=long scripts/slurm/submit.sh /archive /cleaned 400 --policy strict
#
# INPUT, OUTPUT and $DEBURN (default: deburn on PATH) must be seen under the same paths on all nodes. No task needs to
# know of another: --shard chooses its files by their names. The key of the report's text hashes has to be the same
# everywhere: name it with --text-key FILE unless all nodes share your home folder. What else sbatch should know
# (partition, account, time) goes into its SBATCH_* variables; CPUs for each task into $SBATCH_CPUS_PER_TASK or $CPUS.
#
# Prints the ids of both jobs. OUTPUT/deburn-report.jsonl is there when the second has ended well.
set -euo pipefail

if [ $# -lt 3 ] || [ "$1" = --help ]; then
    sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"
    [ "${1:-}" = --help ] && exit 0 || exit 1
fi
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
DEBURN="$(realpath -- "$(command -v "${DEBURN:-deburn}")")"
INPUT="$(realpath -- "$1")" OUTPUT="$(realpath -m -- "$2")" SHARDS="$3"
shift 3
if [ -e "$OUTPUT/deburn-report.jsonl" ]; then
    echo "submit.sh: $OUTPUT/deburn-report.jsonl: is there already" >&2
    exit 1
fi
mkdir -p "$OUTPUT/.slurm"
export DEBURN INPUT OUTPUT SHARDS
array=$(sbatch --parsable --array="1-$SHARDS" --cpus-per-task="${CPUS:-1}" --output="$OUTPUT/.slurm/%A-%a.log" \
    "$here/mask.sbatch" "$@")
joined=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes --output="$OUTPUT/.slurm/%j.log" \
    "$here/merge.sbatch")
echo "$array $joined"
