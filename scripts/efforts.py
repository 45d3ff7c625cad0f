#!/usr/bin/env python3
"""The table of detectors and efforts: recall, false area and cost, measured one after the other in one run.

    python3 scripts/efforts.py --deburn target/release/deburn SET FOLDER [--variant NAME="OPTIONS"]... [--jobs 2]

SET is a folder of scripts/make_evaluation_set.py, FOLDER takes outputs and figures and is made anew. Each variant is a
run of `deburn mask --policy all` with its options, and one of `deburn evaluate`; without `--variant` the three efforts,
and the standard one without the second look. Costs are of the whole job: CPU seconds of the program and all its workers.
The table goes to standard output as Markdown, all figures to FOLDER/efforts.json. Needs nothing but Python.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

VARIANTS = ["fast=--effort fast", "standard=", "standard, one look=--verify off", "max=--effort max"]
READABILITY = ("normal", "small", "low_contrast")


def run(command, allowed):
    """Runs a command and returns its wall and CPU seconds."""
    before, start = os.times(), time.monotonic()
    done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=False)
    after, wall = os.times(), time.monotonic() - start
    if done.returncode not in allowed:
        raise SystemExit(f"{shlex.join(str(part) for part in command)} ended with {done.returncode}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent


def measure(deburn, pictures, folder, options, jobs):
    """Masks the set with these options; returns the figures."""
    masked, figures = folder / "masked", folder / "figures.json"
    shutil.rmtree(masked, ignore_errors=True)
    command = [deburn, "mask", "--quiet", "--policy", "all", "--jobs", jobs, *options, pictures, "--output", masked]
    wall, spent = run(command, (0, 2))
    truth = pictures / "truth.json"
    run([deburn, "evaluate", "--truth", truth, "--masked", masked, "--json", figures, "--overwrite"], (0, 2))
    shutil.rmtree(masked)
    totals = json.loads(figures.read_text())["totals"]
    return {"options": options, "wall_s": round(wall, 1), "cpu_s": round(spent, 1), "totals": totals}


def row(name, figures, frames):
    """One line of the table."""
    totals = figures["totals"]
    lines = totals["lines"]

    def hidden(of):
        # Of what came out; a file for review is no miss, and has a column of its own.
        out = of["lines"] - of["absent"]
        return f"{100 * of['hidden_98'] / out:.2f} %" if out else "none"

    free = totals["false_area_without_text"]
    cells = [
        name,
        hidden(lines["phi"]),
        *(hidden(lines["by_readability"][key]) for key in READABILITY if key in lines["by_readability"]),
        f"{100 * free['mean']:.2f} %, {100 * free['worst']:.0f} %",
        f"{100 * totals['false_area_with_text']['mean']:.1f} %",
        str(totals["by_status"].get("review", 0)),
        f"{figures['cpu_s'] / frames:.2f} s",
    ]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path, help="folder with truth.json")
    parser.add_argument("folder", type=Path, help="takes outputs and figures; emptied first")
    parser.add_argument("--deburn", type=Path, required=True, help="the program")
    parser.add_argument("--variant", action="append", metavar="NAME=OPTIONS", help="instead of the usual ones")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    truth = json.loads((arguments.set / "truth.json").read_text())["files"]
    frames = sum(one.get("frames", 1) for one in truth)
    shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True)
    print("| | PHI lines | normal | small | low contrast | without text: mean, most | beside text | review | CPU a frame |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    all_figures = {}
    for variant in arguments.variant or VARIANTS:
        name, _, options = variant.partition("=")
        figures = measure(arguments.deburn, arguments.set, arguments.folder, shlex.split(options), arguments.jobs)
        all_figures[name] = figures
        (arguments.folder / "efforts.json").write_text(json.dumps(all_figures, indent=1))
        print(row(name, figures, frames), flush=True)
    print(f"{len(truth)} files, {frames} frames, {arguments.jobs} jobs", file=sys.stderr)


if __name__ == "__main__":
    main()
