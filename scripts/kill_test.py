#!/usr/bin/env python3
"""Kills runs of `deburn mask` at random instants and checks that nothing is lost and nothing is left over.

Copies small fixtures to as many files as asked for, masks them once undisturbed, then starts the same run again and again
and kills it (with its worker or without) until so many kills were made. Whenever a run gets to its end, its output and its
report must be equal to those of the undisturbed run, byte for byte, with no other file beside them; then the next round
begins with an empty output. Needs Python 3.9 or newer and Linux, nothing else.

    python3 scripts/kill_test.py target/release/deburn --kills 200 --files 300
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
# Small, quick, and of every status: masked, without pixels, held, not DICOM. Two in ten have pixels.
SMALL = [
    "us_palette.dcm", "sr.dcm", "bad/rows_zero.dcm", "pr.dcm", "bad/notes.txt", "dx_rle.dcm", "sr.dcm",
    "pdf_document.dcm", "pr.dcm", "bad/jpeg_truncated.dcm",
]
OPTIONS = ["--policy", "all", "--effort", "fast", "--verify", "off", "--quiet"]
REPORT = "deburn-report.jsonl"
JOURNAL = ".deburn-journal"


def digests(folder: Path) -> dict:
    """Returns the SHA-256 of every file below a folder, hidden ones included."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def children(pid: int) -> list:
    """Returns the processes that a process has started and that still run."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def check_report(path: Path, files: int) -> None:
    """Checks that each file is accounted for once and that the sums are right."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    names = [line["path"] for line in lines if line["type"] in ("instance", "ignored")]
    summary = lines[-1]
    counted = sum(summary[key] for key in ("clean", "masked", "no_pixels", "review", "held"))
    assert lines[0]["type"] == "run" and summary["type"] == "summary", "the report is not whole"
    assert len(names) == len(set(names)) == files == summary["inputs"] + summary["ignored"], "a file is lost or doubled"
    assert counted == summary["inputs"], "the sums are wrong"


class Trial:
    def __init__(self, arguments, folder: Path):
        self.arguments = arguments
        self.input, self.out = folder / "in", folder / "out"
        self.environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
        for number in range(arguments.files):
            target = self.input / f"{number % 7}" / f"{number:04}.dcm"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(FIXTURES / SMALL[number % len(SMALL)], target)

    def start(self, out: Path) -> subprocess.Popen:
        command = [self.arguments.program, "mask", str(self.input), "-o", str(out), *OPTIONS]
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)

    def finish(self, run: subprocess.Popen) -> None:
        error = run.communicate()[1]
        assert run.returncode == 2, f"exit code {run.returncode}: {error}"

    def undisturbed(self, out: Path):
        begun = time.monotonic()
        self.finish(self.start(out))
        return digests(out), time.monotonic() - begun

    def kill(self, run: subprocess.Popen, whom: str) -> float:
        """Kills, and returns how long the worker outlived its run."""
        workers = children(run.pid)
        if whom in ("worker", "both"):
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
        if whom == "worker":
            return 0.0
        run.send_signal({"term": signal.SIGTERM}.get(whom, signal.SIGKILL))
        run.communicate()
        begun = time.monotonic()
        while any(is_alive(worker) for worker in workers):
            assert time.monotonic() - begun < 30, "a worker outlives its run"
            time.sleep(0.005)
        return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(arguments, Path(folder))
        wanted, length = trial.undisturbed(Path(folder) / "undisturbed")
        check_report(Path(folder) / "undisturbed" / REPORT, arguments.files)
        print(f"undisturbed: {arguments.files} files, {len(wanted) - 1} of them in the output, {length:.1f} s", flush=True)
        kills, rounds, longest, kinds = 0, 0, 0.0, {}
        while kills < arguments.kills or trial.out.exists():
            run = trial.start(trial.out)
            # Short lives, so that a round has many: at its start, in its middle and at its end.
            life = random.uniform(0, max(length / 8, 4)) if kills < arguments.kills else length * 1000
            try:
                run.wait(life)
            except subprocess.TimeoutExpired:
                whom = random.choice(["run", "run", "both", "worker", "term"])
                kinds[whom] = kinds.get(whom, 0) + 1
                kills += 1
                longest = max(longest, trial.kill(run, whom))
                is_complete = (trial.out / REPORT).exists() and not (trial.out / JOURNAL).exists()
                if whom != "worker" and not is_complete:
                    continue
            if run.returncode is None:
                trial.finish(run)
            found = digests(trial.out)
            assert found == wanted, sorted(set(found.items()) ^ set(wanted.items()))[:10]
            check_report(trial.out / REPORT, arguments.files)
            shutil.rmtree(trial.out)
            rounds += 1
            print(f"{kills} kills, {rounds} rounds equal to the undisturbed run", flush=True)
        print(f"{kills} kills ({kinds}), {rounds} rounds, all equal; a worker outlived its run by {longest:.3f} s at most")


if __name__ == "__main__":
    sys.exit(main())
