#!/usr/bin/env python3
"""Checks the outputs of `deburn mask` with readers that are not deburn: pydicom with its decoders, GDCM and DCMTK.

    python3.11 -m venv venv
    venv/bin/pip install -r scripts/requirements-compare.txt python-gdcm
    apt-get install dcmtk
    target/release/deburn mask ORIGINALS -o MASKED
    venv/bin/python scripts/check_outputs.py ORIGINALS MASKED

Of every masked file: all elements but those that speak of the pixels' form are equal; with each reader that decodes both
files, pixels outside of the reported boxes are equal and pixels inside of the reported quadrilaterals have one value;
`dcmdump` reads the file to its end. Where a lossy JPEG was decoded, readers may differ by what decoders differ in. Prints a Markdown table, a line a file. Exit code 1 if something is not so. Readers
that are not installed are left out, and the table says which there were.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import pixel_array

MOST = 32  # as in compare_pydicom.py
MAY_CHANGE = {0x00020000, 0x00020010, 0x00280004, 0x00280006, 0x00282110, 0x00282112, 0x00282114}
PIXELS = 0x7FE00000
DCMTK = {"dcmdjpeg": ("50", "51", "53", "55", "57", "70"), "dcmdjpls": ("80", "81"), "dcmdrle": ("rle",)}


def elements(dataset):
    """All elements with their raw values, but those that speak of the form of the pixels."""
    kept = {}
    for part in (dataset.file_meta, dataset):
        for tag in part.keys():
            if tag not in MAY_CHANGE and tag < PIXELS and tag & 0xFFFF:
                kept[int(tag)] = part[tag].to_json(bulk_data_threshold=1 << 30, bulk_data_element_handler=None)
    return kept


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
    regions, most = record["regions"], MOST if record["write_method"] in ("decoded", "transcoded") else 0
    if before.shape != after.shape:
        return f"shape {before.shape} became {after.shape}"
    _, rows, columns, _ = before.shape
    for index in range(before.shape[0]):
        allowed = np.zeros((rows, columns), bool)
        for region in regions:
            if region["action"] != "mask" or not region["frames"][0] <= index <= region["frames"][1]:
                continue
            box = region["bounding_box"]
            allowed[box["y0"] : box["y1"], box["x0"] : box["x1"]] = True
            values = after[index][inside(region["quad"], rows, columns)]
            if len(values) and (values != values[0]).any():
                return f"frame {index}: a mask is not of one value (differs by {np.ptp(values, axis=0).max()})"
        changed = (np.abs(before[index] - after[index]) > most).any(axis=-1) & ~allowed
        if changed.any():
            return f"frame {index}: {changed.sum()} pixels changed outside"
    return None


def check(original, masked, record, folder):
    """Returns the results by reader."""
    before, after = (pydicom.dcmread(path, force=True) for path in (original, masked))
    results = {"elements": "equal" if elements(before) == elements(after) else "DIFFER"}
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
            if record["write_method"] in ("decoded", "transcoded"):
                new = by_pydicom(masked, "")
            else:
                results[name] = f"FAILED: {type(error).__name__}"
                continue
        problem = compare(old, new, record)
        results[name] = problem.upper() if problem else "right"
    return results


def main():
    originals, outputs = Path(sys.argv[1]), Path(sys.argv[2])
    warnings.simplefilter("ignore")
    failed = 0
    print("| file | syntax in | syntax out | method | bytes in | bytes out | checked by | reason |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for line in (outputs / "deburn-report.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record["type"] != "instance" or record["status"] != "masked":
            continue
        original, masked = originals / record["path"], outputs / record["path"]
        with tempfile.TemporaryDirectory() as folder:
            results = check(original, masked, record, folder)
        told = ", ".join(f"{name} {result}" for name, result in results.items())
        failed += any(result not in ("equal", "read", "right") for result in results.values())
        short = [record[key].removeprefix("1.2.840.10008.") for key in ("transfer_syntax", "output_transfer_syntax")]
        sizes = [str(path.stat().st_size) for path in (original, masked)]
        cells = [record["path"], *short, record["write_method"], *sizes, told, record.get("write_reason", "")]
        print("| " + " | ".join(cells) + " |")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
