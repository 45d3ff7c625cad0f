"""What the checks of the cluster jobs share: an input tree, the run of one machine, and the comparison with it."""

import filecmp
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = "deburn-report.jsonl"
# All text masked, one small network: the checks are about what is done with files, not about what is found.
OPTIONS = ["--policy", "all", "--effort", "fast"]
SMALL = 400_000


def input_tree(folder, copies):
    """Fills a folder with copies of the fixtures, good and bad, in folders of unlike size; returns its files."""
    shutil.rmtree(folder, ignore_errors=True)
    count = 0
    for copy in range(copies):
        for path in sorted((ROOT / "fixtures").rglob("*")):
            # The first copy is whole, later ones hold the small files.
            if not path.is_file() or (copy and path.stat().st_size > SMALL):
                continue
            target = folder / f"site {copy}" / path.relative_to(ROOT / "fixtures")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            count += 1
    return count


def one_machine(deburn, source, output, key):
    """Masks the tree in one run."""
    shutil.rmtree(output, ignore_errors=True)
    command = [deburn, "mask", "--quiet", *OPTIONS, "--text-key", key, source, "--output", output]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):
        raise SystemExit(f"the run of one machine ended with {done.returncode}: {done.stderr.strip()}")


def files_of(folder):
    """Returns the relative paths of all files of an output."""
    return {os.path.relpath(path, folder) for path in Path(folder).rglob("*") if path.is_file()}


def differences(one, other):
    """Returns what differs between two outputs, reports included, as lines for people."""
    first, second = files_of(one), files_of(other)
    lines = [f"only of one machine: {name}" for name in sorted(first - second)]
    lines += [f"only of the cluster: {name}" for name in sorted(second - first)]
    for name in sorted(first & second):
        if not filecmp.cmp(Path(one, name), Path(other, name), shallow=False):
            lines.append(f"not the same bytes: {name}")
    return lines


def told(one, other, what):
    """Prints the result of a comparison; returns the exit code."""
    lines = differences(one, other)
    for line in lines:
        print(line)
    count = len(files_of(one))
    print(f"{what}: {count} files of one machine, report included; {len(lines)} differ")
    return 1 if lines or count < 2 else 0
