#!/usr/bin/env python3
"""Checks the Spark job: several workers, one of them killed in mid-run, the result that of one machine to the byte.

    scripts/spark/check.py --deburn target/release/deburn      # needs Java 17 or newer: default-jre-headless

Makes an environment with PySpark and all files below target/spark/. Three workers with a Java process each
(local-cluster mode); as soon as one of them is at work with a deburn of its own, it is killed with SIGKILL, before it
can say anything. Exit code 1 if any file or the report differs from those of one machine, if the Parquet does not hold
the report's records, or if nothing was killed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from environment import environment
from spread_check import OPTIONS, REPORT, ROOT, input_tree, one_machine, told

EXECUTOR = b"CoarseGrainedExecutorBackend"


def processes():
    """Returns parent and command line of each process."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found[int(entry.name)] = (parent, (entry / "cmdline").read_bytes())
            except OSError:
                continue
    return found


def above(pid, table):
    """Yields a process and those that it comes from."""
    while pid in table:
        yield pid
        pid = table[pid][0]


def kill_one(job, deburn):
    """Waits until a worker of the job runs deburn and kills that worker; returns its id, or `None` if none did."""
    while job.poll() is None:
        table = processes()
        for pid, (_, command) in table.items():
            if command.split(b"\0")[0] == os.fsencode(deburn):
                line = list(above(pid, table))
                worker = next((each for each in line if EXECUTOR in table[each][1]), None)
                if worker and job.pid in line:
                    # In the middle of its work, not at its very start.
                    time.sleep(1)
                    os.kill(worker, signal.SIGKILL)
                    return worker
        time.sleep(0.1)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deburn", type=Path, default=ROOT / "target/release/deburn")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/spark", help="where all of it goes")
    parser.add_argument("--copies", type=int, default=2, help="how often the fixtures stand in the input")
    options = parser.parse_args()
    deburn, folder = options.deburn.resolve(), options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = environment("spark", folder)
    key = folder / "text-key"
    key.write_text("17" * 32)
    source, one, cluster, parquet = (folder / name for name in ("in", "one", "cluster", "parquet"))
    print(f"{input_tree(source, options.copies)} files in the input")
    one_machine(deburn, source, one, key)
    for old in (cluster, parquet):
        shutil.rmtree(old, ignore_errors=True)
    command = [python, ROOT / "scripts/spark/mask.py", "--deburn", deburn, "--partitions", "12", "--parquet", parquet]
    command += [source, cluster, "--", "--text-key", key, *OPTIONS]
    own = {
        "PYSPARK_PYTHON": str(python),
        "PYSPARK_SUBMIT_ARGS": "--master local-cluster[3,1,1024] --conf spark.executor.memory=512m "
        "--conf spark.ui.enabled=false --conf spark.task.maxFailures=4 pyspark-shell",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
    }
    with (folder / "spark.log").open("wb") as log:
        job = subprocess.Popen(
            [str(part) for part in command], env={**os.environ, **own}, stdout=subprocess.PIPE, stderr=log, cwd=folder
        )
        killed = kill_one(job, deburn)
        out, _ = job.communicate()
    print(f"worker killed: {killed}; the job ended with {job.returncode}: {out.decode().strip()}")
    lost = (folder / "spark.log").read_text(errors="replace").count("Lost task")
    print(f"tasks that Spark says it lost: {lost}")
    bad = told(one, cluster, "Spark")
    count = "import sys, pyarrow.parquet as p; print(p.read_table(sys.argv[1]).num_rows)"
    rows = subprocess.run([python, "-c", count, parquet], capture_output=True, text=True, check=False).stdout.strip()
    records = sum(b'"type":"instance"' in line for line in (one / REPORT).open("rb"))
    print(f"Parquet: {rows} rows for {records} records")
    return 1 if bad or not killed or job.returncode not in (0, 2) or rows != str(records) else 0


if __name__ == "__main__":
    sys.exit(main())
