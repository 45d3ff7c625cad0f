#!/usr/bin/env python3
"""Damages good DICOM files at random and checks what `deburn mask` makes of them.

Each mutant is a fixture (or a file of --more) with bytes changed, cut out, doubled, or with a length field replaced. Every
one must be accounted for in the report, none may be held for a panic or a crash of the worker, and pydicom must be able to
open whatever is in the output. Mutants that break one of these are kept in the folder --keep. Needs Python 3.9 or newer
and pydicom (scripts/requirements-compare.txt).

    python3 scripts/mutation_test.py target/release/deburn --mutants 10000 --keep bad/
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pydicom

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
LENGTHS = [b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f", b"\x01\x00\x00\x00"]
BUGS = ("panic", "crashed", "timeout", "out_of_memory")


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Damages a file in one to four places, most of them in its first kilobytes, where the header is."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(data), chance.choice([600, 4000, len(data)])))
        kind = chance.randrange(6)
        if kind <= 1:
            data[at] = chance.randrange(256)
        elif kind == 2:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 3:
            data[at : at + 4] = chance.choice(LENGTHS)
        elif kind == 4:
            del data[at : at + chance.choice([1, 2, 8, 100])]
        else:
            data[at:at] = data[at : at + chance.choice([1, 2, 8, 100])]
        if not data:
            return b"\0"
    return bytes(data)


def check(folder: Path, arguments) -> dict:
    """Masks a folder of mutants and returns how many ended how; complains of what may not be."""
    out = folder / "out"
    command = [arguments.program, "mask", str(folder / "in"), "-o", str(out), "--quiet", "--timeout", "120"]
    command += ["--policy", "all", "--effort", "fast"]
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace")
    complaints = [] if run.returncode in (0, 2) and "panicked" not in run.stderr else [("run", run.stderr[-300:])]
    report = out / "deburn-report.jsonl"
    lines = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    named = {line["path"]: line for line in lines if line["type"] in ("instance", "ignored")}
    ends = {}
    for path in sorted((folder / "in").iterdir()):
        line = named.pop(path.name, None)
        if line is None:
            complaints.append((path.name, "unaccounted"))
            continue
        end = line.get("status", "ignored")
        ends[end] = ends.get(end, 0) + 1
        code = line.get("reason", {}).get("code")
        if code in BUGS:
            complaints.append((path.name, code))
        written = out / path.name
        if written.exists() != (end in ("clean", "masked", "no_pixels")):
            complaints.append((path.name, "the output is not as the report says"))
        if written.exists():
            try:
                for _ in pydicom.dcmread(written, force=True).iterall():
                    pass
            except Exception as error:  # pydicom raises many kinds
                complaints.append((path.name, f"pydicom: {type(error).__name__}"))
    complaints += [(name, "is no input") for name in named]
    for name, problem in complaints:
        print(f"{name}: {problem}", flush=True)
        if arguments.keep and (folder / "in" / name).is_file():
            arguments.keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / "in" / name, arguments.keep / name)
    return {"ends": ends, "complaints": len(complaints)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--mutants", type=int, default=10000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", type=int, default=200_000, help="larger files are not damaged")
    parser.add_argument("--more", type=Path, help="a folder with further good files")
    parser.add_argument("--keep", type=Path, help="where mutants that show a fault go")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    good = sorted(FIXTURES.glob("*.dcm"))
    good += sorted(path for path in arguments.more.rglob("*") if path.is_file()) if arguments.more else []
    good = [path.read_bytes() for path in good if path.stat().st_size <= arguments.largest]
    ends, complaints, made = {}, 0, 0
    while made < arguments.mutants:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "in").mkdir()
            for _ in range(min(arguments.batch, arguments.mutants - made)):
                (Path(folder) / "in" / f"{made:05}").write_bytes(mutate(chance.choice(good), chance))
                made += 1
            result = check(Path(folder), arguments)
        for end, count in result["ends"].items():
            ends[end] = ends.get(end, 0) + count
        complaints += result["complaints"]
        print(f"{made} mutants: {ends}, {complaints} complaints", flush=True)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
