#!/usr/bin/env python3
"""Compares the elements of masked files with those of their originals, by pydicom.

    venv/bin/pip install -r scripts/requirements-compare.txt
    venv/bin/python scripts/compare_headers.py ORIGINALS MASKED [--verbose]

MASKED is the output of `deburn mask ORIGINALS -o MASKED`, with its report.
Elements may differ where the report says that something was cleaned, where
the transfer syntax has changed, and where marks stand. Every other difference
is printed, and the exit code is 1 then. Where `dcmdump` is on PATH, it has to
read every output too.
"""

import argparse
import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

from pydicom import dcmread

MARKS = {0x00080008, 0x00082111, 0x00120063, 0x00120064, 0x0018A001, 0x00280301}
SYNTAX = {0x00280004, 0x00280006, 0x00282110, 0x00282112, 0x00282114, 0x7FE00001, 0x7FE00002, 0x7FE00010}
LOSSY = {0x00282110, 0x00282112, 0x00282114}
GROUPS = {0x52009229, 0x52009230}


def elements(path):
    """The elements of a file by tag, but group lengths, as pydicom has them before it looks at their values."""
    ds = dcmread(path, force=True)
    # Sequences are compared with all that is in them.
    return {int(tag): ds[tag] for tag in ds.keys() if tag.element != 0}


def allowed(record, before):
    """The tags that may differ."""
    tags = set(MARKS)
    if record.get("transfer_syntax") != record.get("output_transfer_syntax"):
        tags |= SYNTAX
    if record.get("output_sop_instance_uid"):
        tags.add(0x00080018)
    if any("plane" not in region for region in record["regions"]):
        tags |= {0x7FE00010, 0x7FE00001, 0x7FE00002} | GROUPS
    if record.get("write_method") in ("reencoded", "jpeg_blocks"):
        # A stream that is written without a loss no longer says that it had one before.
        tags |= LOSSY
    for place in record.get("places", []):
        name = place["name"]
        if place["action"] == "unchanged":
            continue
        if name.startswith("overlay_"):
            group = int(name[8:], 16)
            tags |= {tag for tag in before if tag >> 16 == group} | {0x7FE00010}
        elif name == "icon":
            tags.add(0x00880200)
        elif name == "stream_notes":
            tags |= {0x7FE00010, 0x7FE00001, 0x7FE00002}
        elif name in ("float", "double_float"):
            tags |= {0x7FE00008, 0x7FE00009} | GROUPS
        else:
            tags |= {tag for tag, element in before.items() if element.VR == "SQ"}
    return tags


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("originals", type=Path)
    parser.add_argument("masked", type=Path)
    parser.add_argument("--verbose", action="store_true", help="print what differs and may")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    dcmdump = shutil.which("dcmdump")
    compared, wrong = 0, 0
    for line in (options.masked / "deburn-report.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record["type"] != "instance" or record["status"] not in ("masked", "clean", "no_pixels"):
            continue
        name = record["path"]
        output = options.masked / name
        try:
            before, after = elements(options.originals / name), elements(output)
            same = {tag for tag in before.keys() & after.keys() if before[tag] == after[tag]}
            differ = (before.keys() | after.keys()) - same
            unexpected = differ - allowed(record, before)
        except Exception as error:
            # pydicom does not read all that deburn reads.
            print(f"{name}: not compared: {type(error).__name__}")
            continue
        compared += 1
        if unexpected or options.verbose:
            shown = " ".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in sorted(unexpected or differ))
            print(f"{name}: {'UNEXPECTED ' if unexpected else ''}{shown}")
        readable = not dcmdump or subprocess.run([dcmdump, "-q", output], capture_output=True).returncode == 0
        if not readable:
            original = subprocess.run([dcmdump, "-q", options.originals / name], capture_output=True).returncode == 0
            print(f"{name}: dcmdump cannot read it{', and could read the original' if original else ''}")
        wrong += bool(unexpected) or (not readable and original)
    print(f"{compared} files compared{' and read by dcmdump' if dcmdump else ''}, {wrong} wrong")
    sys.exit(wrong > 0 or compared == 0)


if __name__ == "__main__":
    main()
