#!/usr/bin/env python3
"""Compares the samples that deburn decodes with those of pydicom and its decoders.

    python3.11 -m venv venv
    venv/bin/pip install -r scripts/requirements-compare.txt
    venv/bin/python scripts/compare_pydicom.py FOLDER

Prints a Markdown table, a line a file. Samples of lossless syntaxes have to be equal once masked to Bits Stored and
sign-extended; of lossy JPEG the largest difference is told, in RGB. Exit code: 0, or 1 if lossless samples differ or
lossy ones by more than 32 (decoders differ in how they smooth subsampled chroma).
"""

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import convert_color_space, pixel_array

LOSSY_JPEG = {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 52, 53, 54, 55, 56)}
MOST = 32


def stored(samples, bits, signed):
    """Masks containers to Bits Stored and extends the sign."""
    _, width, high = bits
    values = (samples.astype(np.int64) >> (high + 1 - width)) & ((1 << width) - 1)
    return np.where(values >> (width - 1), values - (1 << width), values) if signed else values


def ours(line, raw):
    width = {1: 1, 8: 1, 16: 2, 32: 4}[line["bits"][0]]
    samples = np.frombuffer(raw.read_bytes(), dtype=f"<u{width}")
    shape = [line["frames"], line["rows"], line["columns"], line["samples_per_pixel"]]
    return samples.reshape(shape)


def theirs(dataset, shape, to_rgb):
    """Returns pydicom's samples, undone of what it does beyond decoding unless `to_rgb`."""
    frames = [pixel_array(dataset, raw=not to_rgb, index=i).reshape(shape[1:]) for i in range(shape[0])]
    return np.stack(frames)


def compare(path, line, raw):
    """Returns syntax, photometric interpretation, frames, result, and whether that is as it should be."""
    head = ["", "", ""]
    try:
        dataset = pydicom.dcmread(path, force=True)
        syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
        head = [syntax, str(dataset.get("PhotometricInterpretation", "")), str(dataset.get("NumberOfFrames", 1))]
        shape = [int(dataset.get("NumberOfFrames", 1) or 1), dataset.Rows, dataset.Columns, dataset.SamplesPerPixel]
        to_rgb = syntax in LOSSY_JPEG and dataset.SamplesPerPixel == 3
        reference = theirs(dataset, shape, to_rgb)
    except Exception as error:  # whatever pydicom refuses a file with
        if "error" in line:
            return [*head, "both refuse"], True
        return [*head, f"only deburn (pydicom: {type(error).__name__})"], True
    if "error" in line:
        return [*head, f"only pydicom ({line['error']})"], True
    samples = ours(line, raw)
    if samples.shape != reference.shape:
        return [*head, f"shape {samples.shape}, pydicom {reference.shape}"], False
    if to_rgb and line["photometric"].startswith("YBR"):
        samples = convert_color_space(samples, line["photometric"], "RGB")
    bits = line["bits"] if not to_rgb else [*line["bits"][:1], line["bits"][1], line["bits"][1] - 1]
    mask = (1 << line["bits"][0]) - 1
    a = stored(samples, bits, line["signed"])
    b = stored(reference.astype(np.int64) & mask, bits, line["signed"])
    most = int(np.abs(a - b).max())
    if most == 0:
        return [*head, "equal"], True
    # A lossy stream may carry the name of a lossless syntax; the decoders then differ by rounding.
    return [*head, f"max diff {most}"], most <= MOST if syntax in LOSSY_JPEG else most <= 1


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    paths = sorted(p for p in Path(sys.argv[1]).iterdir() if p.is_file())
    if not paths:
        sys.exit("no files")
    good = True
    print("| file | syntax | photometric | frames | result |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for path in paths:
            command = ["cargo", "run", "--quiet", "--example", "dump_samples", "--", "--raw", scratch, str(path)]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            cells, fine = compare(path, json.loads(run.stdout), Path(scratch) / "0.raw")
            print(f"| {path.name} | " + " | ".join(cells) + (" |" if fine else " **!** |"))
            good &= fine
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
