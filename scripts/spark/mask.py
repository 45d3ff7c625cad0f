#!/usr/bin/env python3
"""Masks a tree of DICOM files with deburn on a Spark cluster.

    spark-submit scripts/spark/mask.py [options] INPUT OUTPUT [-- options of `deburn mask`]
    spark-submit --master spark://HOST:7077 --conf spark.task.maxFailures=4 scripts/spark/mask.py \\
        --deburn /opt/deburn/deburn --partitions 400 /archive /cleaned -- --text-key /secret/key --policy strict

INPUT and OUTPUT are folders that all machines see under the same paths; deburn (with libonnxruntime beside it) stands
on each at the path of --deburn. Spark needs no more than its own Python; --parquet needs nothing else either.

What it does:

1. The driver lists the files and deals them out to partitions of about equal bytes, the largest first.
2. Each partition is one run of `deburn mask --files-from - --root INPUT --report -`, into a folder of its own below
   OUTPUT/.spark/. Only when that run has ended well are its files renamed into their places, and then its report. A
   partition that failed or whose machine died is run again by Spark (spark.task.maxFailures), in a new folder: attempts
   never meet, also not when the first one lives on unseen. Held inputs are no failure; they are in the report.
3. The driver joins the reports with `deburn merge`, which proves that each listed file stands in exactly one of them
   and that versions, options, rules and models agree. The result is OUTPUT/deburn-report.jsonl, byte for byte that of
   one machine; with --parquet it is written as Parquet too, one row for each input, its regions nested.

The key of the report's text hashes has to be the same everywhere: name it with --text-key unless all machines share
your home folder. Exit code: that of one run, 0 if all is clean or masked, 2 if something is held or for review; 1 if it
failed, and then OUTPUT has no report.
"""

import argparse
import ctypes
import heapq
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

HELD = 2
SCRATCH = ".spark"
# From linux/prctl.h.
PR_SET_PDEATHSIG = 1


def listed(folder, above=()):
    """Lists all files below a folder as (path, bytes), links followed.

    A link to a folder around it is listed itself: deburn holds it, and so it is accounted for.
    """
    found, above = [], (*above, os.path.realpath(folder))
    for entry in os.scandir(folder):
        if entry.is_dir() and os.path.realpath(entry.path) not in above:
            found += listed(entry.path, above)
            continue
        try:
            size = entry.stat().st_size
        except OSError:
            # deburn will say what is wrong with it.
            size = 0
        found.append((entry.path, size))
    return sorted(found)


def dealt(files, partitions):
    """Deals files out to partitions: the largest first, each to the one with the fewest bytes so far.

    Every file costs something whatever its size, so each counts for 64 KiB more than it has.
    """
    heap = [(0, index) for index in range(partitions)]
    parts = [[] for _ in range(partitions)]
    for path, size in sorted(files, key=lambda file: (-file[1], file[0])):
        load, index = heapq.heappop(heap)
        parts[index].append(path)
        heapq.heappush(heap, (load + size + (1 << 16), index))
    return [sorted(part) for part in parts if part]


def follow_parent():
    """Has Linux end this process when the one that started it dies: no deburn outlives its worker."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def mask_partition(index, files, job):
    """Masks the files of a partition on the machine where this runs; returns the path of its report."""
    scratch = Path(job["output"], SCRATCH, f"{index:06d}-{uuid.uuid4().hex}")
    clean = scratch / "clean"
    command = [job["deburn"], "mask", "--quiet", "--files-from", "-", "--root", job["input"], "--report", "-"]
    command += ["--jobs", str(job["jobs"]), "--output", str(clean), *job["options"]]
    scratch.mkdir(parents=True)
    report = scratch / "report.jsonl"
    with report.open("wb") as out:
        done = subprocess.run(
            command,
            input=b"".join(os.fsencode(path) + b"\0" for path in files),
            stdout=out,
            stderr=subprocess.PIPE,
            preexec_fn=follow_parent if sys.platform.startswith("linux") else None,
        )
    if done.returncode not in (0, HELD):
        # What deburn prints names files and never what is in them.
        said = done.stderr.decode(errors="replace").strip().splitlines()
        shutil.rmtree(scratch, ignore_errors=True)
        raise RuntimeError(f"deburn ended with {done.returncode} on partition {index}: {said[-1] if said else ''}")
    for folder, _, names in os.walk(clean):
        target = Path(job["output"], os.path.relpath(folder, clean))
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            if name.startswith(".deburn-"):
                # The run's own state, not an output.
                continue
            # The same input gives the same bytes: a place that another attempt has filled already may be filled again.
            os.replace(os.path.join(folder, name), target / name)
    final = Path(job["output"], SCRATCH, f"report-{index:06d}.jsonl")
    os.replace(report, final)
    shutil.rmtree(scratch, ignore_errors=True)
    return str(final)


def write_parquet(spark, report, target):
    """Writes the records of a report as Parquet."""
    records = spark.sparkContext.textFile(str(report)).filter(lambda line: json.loads(line)["type"] == "instance")
    spark.read.json(records).drop("type").write.mode("overwrite").parquet(str(target))


def arguments():
    ours, theirs = sys.argv[1:], []
    if "--" in ours:
        at = ours.index("--")
        ours, theirs = ours[:at], ours[at + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path, help="folder of the originals")
    parser.add_argument("output", type=Path, help="folder of the cleaned files; without a report in it")
    parser.add_argument("--deburn", default=shutil.which("deburn") or "deburn", help="the program, on every machine")
    parser.add_argument("--partitions", type=int, help="parts of the work [default: four for each core of the cluster]")
    parser.add_argument("--parquet", type=Path, help="write the records to this folder too, as Parquet")
    options = parser.parse_args(ours)
    options.theirs = theirs
    return options


def main():
    options = arguments()
    from pyspark.sql import SparkSession

    source, output = options.input.resolve(), options.output.resolve()
    report = output / "deburn-report.jsonl"
    if not source.is_dir():
        sys.exit(f"mask.py: {source}: is no folder")
    if report.exists():
        sys.exit(f"mask.py: {report}: is there already")
    spark = SparkSession.builder.appName("deburn").getOrCreate()
    context = spark.sparkContext
    files = listed(source)
    if not files:
        sys.exit(f"mask.py: {source}: holds no files")
    parts = dealt(files, min(options.partitions or 4 * context.defaultParallelism, len(files)))
    scratch = output / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    job = {
        "input": str(source),
        "output": str(output),
        "deburn": options.deburn,
        "jobs": int(context.getConf().get("spark.task.cpus", "1")),
        "options": options.theirs,
    }

    def work(numbered):
        for index, paths in numbered:
            yield mask_partition(index, paths, job)

    try:
        reports = context.parallelize(list(enumerate(parts)), len(parts)).mapPartitions(work).collect()
    except Exception as error:  # noqa: BLE001: the cause is in Spark's log, with the machine; here is one line
        sys.exit(f"mask.py: a partition failed for good: {str(error).splitlines()[0]}")
    names = scratch / "inputs"
    # As deburn names them: a backslash is doubled, bytes that are not UTF-8 are written as \\xNN.
    named = (os.fsencode(os.path.relpath(path, source)).replace(b"\\", b"\\\\") for path, _ in files)
    names.write_text("".join(name.decode(errors="backslashreplace") + "\0" for name in named))
    merge = [options.deburn, "merge", *reports, "--inputs", names, "--output", report]
    if subprocess.run(merge, check=False).returncode:
        sys.exit("mask.py: the reports do not go together")
    if options.parquet:
        write_parquet(spark, report, options.parquet.resolve())
    shutil.rmtree(scratch, ignore_errors=True)
    spark.stop()
    with report.open() as lines:
        *_, last = lines
    sums = json.loads(last)
    print(json.dumps(sums))
    return HELD if sums["held"] or sums["review"] else 0


if __name__ == "__main__":
    sys.exit(main())
