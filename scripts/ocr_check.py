#!/usr/bin/env python3
"""Tries to read the PHI of sample files with Tesseract, before and after `deburn mask`.

    apt-get install tesseract-ocr
    venv/bin/pip install -r scripts/requirements-evaluate.txt
    venv/bin/python scripts/ocr_check.py DATA_DIR OUT_DIR FILE_SUBSTRING…

DATA_DIR and OUT_DIR are those of evaluate.py. Of each file that a substring matches, the frame with truth is read, and
of the output the first and the last frame too: whole, in several page segmentation modes, both polarities, enlarged;
and each PHI line by itself. A word of a PHI line (three or more letters and digits) counts as read if any result is
similar to it (or, below five, the same). Only numbers and file names are printed, never a word.

What Tesseract cannot read in the input proves nothing when it cannot read it in the output either; the table has both.
Exit code: 0, 1 if a PHI word of a masked file is still read, 2 for a wrong command line.
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from pydicom import Dataset, dcmread

from evaluate import display, frame_count, kind_of, load_frame

PAGE_MODES = (3, 6, 11)
LINE_MODE = 7
SIMILAR = 0.8
SHORTEST_WORD = 3
SHORTEST_FUZZY = 5
ENLARGED = 2
LINE_MARGIN = 8


@dataclass
class Outcome:
    """How many PHI words and lines of a file Tesseract read."""

    words: int = 0
    words_before: int = 0
    words_after: int = 0
    lines: int = 0
    lines_before: int = 0
    lines_after: int = 0


def words_of(text: str) -> set[str]:
    """Returns the words of a text, lower case, without punctuation, short ones left out."""
    words = re.findall(r"[^\W_]+(?:[.:/-][^\W_]+)*", text.lower())
    bare = {re.sub(r"[\W_]", "", word) for word in words}
    return {word for word in bare if len(word) >= SHORTEST_WORD}


def is_read(word: str, read: set[str]) -> bool:
    """Returns whether any of the words read is similar to `word`, or the same if it is short.

    Speckle is read as short words; one letter more or less would make many a match by chance.
    """
    if len(word) < SHORTEST_FUZZY:
        return word in read
    for other in read:
        matcher = SequenceMatcher(None, word, other, autojunk=False)
        if matcher.real_quick_ratio() >= SIMILAR and matcher.quick_ratio() >= SIMILAR and matcher.ratio() >= SIMILAR:
            return True
    return False


def value_range(dataset: Dataset, index: int) -> tuple[float, float]:
    """Returns the values shown as black and as white: what the input's frame holds, without outliers."""
    samples = display(load_frame(dataset, index), dataset)
    return float(np.percentile(samples, 0.1)), float(np.percentile(samples, 99.9))


def render(dataset: Dataset, index: int, low: float, high: float) -> Image.Image:
    """Returns a frame as an 8-bit grayscale picture, `low` black and `high` white.

    Input and output have to be shown alike: the output's own range begins at its fill, far below the picture.
    """
    frame = load_frame(dataset, index)
    samples = display(frame, dataset).astype(float)
    scaled = np.clip((samples - low) / max(high - low, 1), 0, 1) * 255
    picture = Image.fromarray(scaled.mean(axis=2).round().astype(np.uint8))
    return ImageOps.invert(picture) if frame.photometric == "MONOCHROME1" else picture


def tesseract(picture: Image.Image, mode: int) -> set[str]:
    """Returns the words that Tesseract reads."""
    enlarged = picture.resize((picture.width * ENLARGED, picture.height * ENLARGED), Image.Resampling.LANCZOS)
    png = io.BytesIO()
    enlarged.save(png, "PNG", dpi=(300, 300))
    command = ["tesseract", "stdin", "stdout", "--psm", str(mode), "-l", "eng"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, input=png.getvalue(), capture_output=True, check=True, env=environment)
    return words_of(done.stdout.decode("utf-8", "replace"))


def read_words(picture: Image.Image, boxes: list[list[int]]) -> set[str]:
    """Returns the words read on the whole picture and in each box, in both polarities."""
    words = set[str]()
    for version in (picture, ImageOps.invert(picture)):
        for mode in PAGE_MODES:
            words |= tesseract(version, mode)
        for x0, y0, x1, y1 in boxes:
            area = (x0 - LINE_MARGIN, y0 - LINE_MARGIN, x1 + LINE_MARGIN, y1 + LINE_MARGIN)
            area = (max(area[0], 0), max(area[1], 0), min(area[2], picture.width), min(area[3], picture.height))
            words |= tesseract(version.crop(area), LINE_MODE)
    return words


def check_file(truth: dict[str, Any], before: Path, after: Path) -> Outcome:
    """Reads a file's input and output, if there is one."""
    phi = [line for line in truth["lines"] if kind_of(line) == "PHI"]
    boxes = [line["box"] for line in phi]
    old, index = dcmread(before, force=True), truth["frame"]
    window = value_range(old, index)
    read_before = read_words(render(old, index, *window), boxes)
    read_after = set[str]()
    if after.exists():
        new = dcmread(after, force=True)
        for frame in sorted({0, index, frame_count(new) - 1}):
            read_after |= read_words(render(new, frame, *window), boxes)
    outcome = Outcome(lines=len(phi))
    for line in phi:
        words = words_of(line["text"])
        hits_before = sum(is_read(word, read_before) for word in words)
        hits_after = sum(is_read(word, read_after) for word in words)
        outcome.words += len(words)
        outcome.words_before += hits_before
        outcome.words_after += hits_after
        outcome.lines_before += hits_before > 0
        outcome.lines_after += hits_after > 0
    return outcome


def statuses(report: Path) -> dict[str, str]:
    """Returns the status of each file in the report."""
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    return {line["path"]: line["status"] for line in lines if line["type"] == "instance"}


def main() -> int:
    """Reads the chosen files and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_dir", type=Path, help="folder with manifest.json and the files it names")
    parser.add_argument("out_dir", type=Path, help="what deburn mask DATA_DIR/files -o OUT_DIR wrote")
    parser.add_argument("substrings", nargs="+", metavar="FILE_SUBSTRING", help="part of the file names to read")
    parser.add_argument("--report", type=Path, help="its report [default: OUT_DIR/deburn-report.jsonl]")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    report = arguments.report or arguments.out_dir / "deburn-report.jsonl"
    for path in (report, arguments.data_dir / "manifest.json"):
        if not path.is_file():
            parser.error(f"{path}: no such file")
    status = statuses(report)
    print("| file | status | PHI lines | words | words read before | after | lines with a word read before | after |")
    print("|" + " --- |" * 8)
    leaks = chosen = 0
    for entry in json.loads((arguments.data_dir / "manifest.json").read_text(encoding="utf-8"))["records"]:
        name = Path(entry["file"]).relative_to("files").as_posix()
        if not entry.get("truth") or not any(part in name for part in arguments.substrings):
            continue
        chosen += 1
        try:
            outcome = check_file(entry["truth"], arguments.data_dir / entry["file"], arguments.out_dir / name)
        except NotImplementedError:
            print(f"| {name} | {status.get(name, 'no line')}, pydicom cannot decode it |" + " |" * 6)
            continue
        cells = [outcome.words, outcome.words_before, outcome.words_after, outcome.lines_before, outcome.lines_after]
        print(f"| {name} | {status.get(name, 'no line')} | {outcome.lines} | " + " | ".join(map(str, cells)) + " |")
        sys.stdout.flush()
        leaks += outcome.words_after if status.get(name) == "masked" else 0
    if not chosen:
        parser.error("no file with truth has such a name")
    print(f"\n{leaks} PHI words are still read in masked files.")
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
