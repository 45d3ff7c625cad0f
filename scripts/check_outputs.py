#!/usr/bin/env python3
"""Checks the outputs of `deburn mask` with readers that are not deburn: pydicom with its decoders, GDCM and DCMTK.

    python3.11 -m venv venv
    venv/bin/pip install -r scripts/requirements-compare.txt python-gdcm
    apt-get install dcmtk
    target/release/deburn mask ORIGINALS -o MASKED
    venv/bin/python scripts/check_outputs.py ORIGINALS MASKED

Of every masked file: no element differs but those that may (compare_headers.py); with each reader that decodes both files,
pixels outside of the reported boxes are equal and pixels inside of the reported quadrilaterals have one value; `dcmdump`
reads the file to its end. Where a lossy stream was decoded once, readers may differ by what decoders differ in. Prints a
Markdown table, a line an input, or with `--by-syntax` a line for each way from one transfer syntax to another. Exit code 1
if something is not so. Readers that are not installed are left out, and the table says which there were.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom
from compare_headers import allowed, elements
from pydicom.pixels import pixel_array

MOST = 32  # as in compare_pydicom.py
DCMTK = {"dcmdjpeg": ("50", "51", "53", "55", "57", "70"), "dcmdjpls": ("80", "81"), "dcmdrle": ("rle",)}


def frames(samples, dataset):
    shape = (int(dataset.get("NumberOfFrames", 1) or 1), dataset.Rows, dataset.Columns, dataset.SamplesPerPixel)
    return np.asarray(samples).reshape(shape).astype(np.int64)


def by_pydicom(path, plugin):
    dataset = pydicom.dcmread(path, force=True)
    return frames(pixel_array(dataset, raw=False, decoding_plugin=plugin), dataset)


def by_dcmtk(path, folder):
    """Decodes with DCMTK's own program for the transfer syntax, if it has one."""
    syntax = str(pydicom.dcmread(path, force=True, stop_before_pixels=True).file_meta.TransferSyntaxUID)
    kind = "rle" if syntax == "1.2.840.10008.1.2.5" else syntax.removeprefix("1.2.840.10008.1.2.4.")
    program = next((name for name, kinds in DCMTK.items() if kind in kinds), None)
    if program is None or shutil.which(program) is None:
        return None
    out = Path(folder) / "decoded.dcm"
    subprocess.run([program, str(path), str(out)], check=True, capture_output=True)
    dataset = pydicom.dcmread(out, force=True)
    return frames(pixel_array(dataset, raw=True), dataset)


def inside(quad, rows, columns):
    """The pixels whose middle lies inside of a quadrilateral."""
    y, x = np.mgrid[0:rows, 0:columns] + 0.5
    corners = [(point["x"], point["y"]) for point in quad]
    sides = [
        (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True)
    ]
    return np.all(np.array(sides) >= 0, axis=0) | np.all(np.array(sides) <= 0, axis=0)


def compare(before, after, record):
    """What is wrong with the pixels of a masked file, if anything."""
    regions = [region for region in record["regions"] if "plane" not in region]
    most = MOST if record.get("write_method") in ("decoded", "transcoded") else 0
    if before.shape != after.shape:
        return f"shape {before.shape} became {after.shape}"
    _, rows, columns, _ = before.shape
    for index in range(before.shape[0]):
        may_change = np.zeros((rows, columns), bool)
        for region in regions:
            if region["action"] != "mask" or not region["frames"][0] <= index <= region["frames"][1]:
                continue
            box = region["bounding_box"]
            may_change[box["y0"] : box["y1"], box["x0"] : box["x1"]] = True
            values = after[index][inside(region["quad"], rows, columns)]
            if len(values) and (values != values[0]).any():
                return f"frame {index}: a mask is not of one value (differs by {np.ptp(values, axis=0).max()})"
        changed = (np.abs(before[index] - after[index]) > most).any(axis=-1) & ~may_change
        if changed.any():
            return f"frame {index}: {changed.sum()} pixels changed outside"
    return None


def check(original, masked, record, folder):
    """Returns the results by reader."""
    try:
        before, after = elements(original), elements(masked)
        same = {tag for tag in before.keys() & after.keys() if before[tag] == after[tag]}
        wrong = (before.keys() | after.keys()) - same - allowed(record, before)
        results = {"elements": "DIFFER" if wrong else "equal"}
    except NotImplementedError:  # pydicom does not read all that deburn reads
        results = {}
    if shutil.which("dcmdump"):
        done = subprocess.run(["dcmdump", "-q", str(masked)], capture_output=True, check=False)
        results["dcmdump"] = "read" if done.returncode == 0 else "FAILED"
    readers = {
        "pylibjpeg": lambda path: by_pydicom(path, "pylibjpeg"),
        "pyjpegls": lambda path: by_pydicom(path, "pyjpegls"),
        "gdcm": lambda path: by_pydicom(path, "gdcm"),
        "dcmtk": lambda path: by_dcmtk(path, folder),
    }
    for name, read in readers.items():
        try:
            old = read(original)
        except Exception:  # whatever a reader refuses the input with
            continue
        if old is None:
            continue
        try:
            new = read(masked)
            # Uncompressed outputs need no decoder.
            new = by_pydicom(masked, "") if new is None else new
        except Exception as error:
            if record.get("write_method") in ("decoded", "transcoded"):
                new = by_pydicom(masked, "")
            else:
                results[name] = f"FAILED: {type(error).__name__}"
                continue
        problem = compare(old, new, record)
        results[name] = problem.upper() if problem else "right"
    return results


def rows(originals, outputs):
    """Yields for each input its syntaxes, method, sizes, results and the reason of another syntax or of no output."""
    for line in (outputs / "deburn-report.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record["type"] != "instance":
            continue
        original, masked = originals / record["path"], outputs / record["path"]
        before = record.get("transfer_syntax", "unknown").removeprefix("1.2.840.10008.")
        size = original.stat().st_size
        if record["status"] in ("held", "review"):
            reason = record.get("reason", {}).get("message", "a person has to look")
            yield record["path"], before, "none", record["status"], size, 0, {"output": "none"}, reason
            continue
        after = record["output_transfer_syntax"].removeprefix("1.2.840.10008.")
        if record["status"] in ("clean", "no_pixels"):
            results = {"bytes": "equal" if original.read_bytes() == masked.read_bytes() else "DIFFER"}
        else:
            with tempfile.TemporaryDirectory() as folder:
                results = check(original, masked, record, folder)
        method = record.get("write_method", "pixels untouched" if record["status"] == "masked" else "copied")
        yield record["path"], before, after, method, size, masked.stat().st_size, results, record.get("write_reason", "")


READERS = {"bytes", "pylibjpeg", "pyjpegls", "gdcm", "dcmtk"}


def is_right(results):
    return all(result in ("equal", "read", "right", "none") for result in results.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("originals", type=Path)
    parser.add_argument("outputs", type=Path)
    parser.add_argument("--by-syntax", action="store_true", help="sum up by transfer syntaxes and method")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found = list(rows(options.originals, options.outputs))
    if options.by_syntax:
        print("| syntax in | syntax out | method | files | bytes in | bytes out | identical outside masks | checked by |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        groups = {}
        for row in found:
            groups.setdefault(row[1:4], []).append(row)
        for key, own in sorted(groups.items()):
            checks = sorted({name for row in own for name in row[6]})
            read = all(READERS & row[6].keys() for row in own)
            identical = "yes" if all(is_right(row[6]) for row in own) else "NO"
            # deburn compares all it writes; this is what others say.
            identical = "no output" if key[1] == "none" else identical if read else "by deburn alone"
            sizes = [sum(row[column] for row in own) for column in (4, 5)]
            print("| " + " | ".join([*key, str(len(own)), *map(str, sizes), identical, ", ".join(checks)]) + " |")
    else:
        print("| file | syntax in | syntax out | method | bytes in | bytes out | checked by | reason |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for *cells, results, reason in found:
            told = ", ".join(f"{name} {result}" for name, result in results.items())
            print("| " + " | ".join([*map(str, cells), told, reason]) + " |")
    return 0 if found and all(is_right(row[6]) for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
