#!/usr/bin/env python3
"""Renders DICOM pictures with text for `deburn evaluate`, with a truth to the letter's pixel.

    python3.11 -m venv venv
    venv/bin/pip install -r scripts/requirements-evaluation-set.txt
    venv/bin/python scripts/make_evaluation_set.py --split report -o target/evaluation/report
    deburn mask --policy all target/evaluation/report -o target/evaluation/masked
    deburn evaluate --truth target/evaluation/report/truth.json --masked target/evaluation/masked --sheet misses.png

Two splits, `tune` and `report`, share no font file and no layout of text (pictures without text are of the same
kinds): what is tuned on the one is told of the other. All people, places and institutions are invented. Seeds are
fixed, so with the pinned packages and the same fonts a second run draws the same pixels. Nothing of it is kept in the
repository.

The fonts come from Debian packages (files and splits: evaluation_set/fonts.py):

    apt-get install culmus fonts-3270 fonts-arphic-uming fonts-b612 fonts-breip fonts-bwht fonts-cantarell fonts-comfortaa \\
        fonts-courier-prime fonts-dancingscript fonts-dejavu-core fonts-dejavu-extra fonts-dkg-handwriting \\
        fonts-droid-fallback fonts-ecolier-court fonts-firacode fonts-freefont-ttf fonts-georgewilliams \\
        fonts-gfs-neohellenic fonts-glasstty fonts-hack fonts-hosny-amiri fonts-humor-sans fonts-inconsolata \\
        fonts-kacst fonts-kiloji fonts-kristi fonts-lato fonts-liberation fonts-nanum fonts-noto-cjk fonts-noto-core \\
        fonts-open-sans fonts-paratype fonts-roboto-unhinted fonts-rufscript fonts-sil-andika fonts-sjfonts \\
        fonts-urw-base35 fonts-vlgothic fonts-vollkorn fonts-wqy-zenhei xfonts-75dpi xfonts-base xfonts-terminus

What is missing is named with its package; `--allow-missing` goes on without, and then figures are not comparable.

Each line of the truth has in `class`: `kind:` (name, date, id, …), `layout:`, `font:` (sans, mono, serif, bitmap, stroke,
hand, or a script), `cap:` (height of a capital, in pixels), `effect:`, `codec:` and words such as `upscaled`, `vertical`,
`over_speckle`; and beside it `cap_height`, `contrast` and `readability`:

- `normal`: capitals of 9 pixels or more, contrast at least 30 gray levels above the noise around it.
- `small`: capitals of 6 to 8 pixels.
- `low_contrast`: less contrast than that. Also text that shows only after the window is changed.

Contrast and noise are measured on the finished picture against the same picture without letters (Canvas.judge). What
nobody could read is taken out of the picture and of the truth.
"""

import argparse
import collections
import json
import multiprocessing
import random
import sys
import time
import zlib
from pathlib import Path

import cv2
import numpy as np

from evaluation_set import files, fonts, scribe, words
from evaluation_set import (  # noqa: F401  (they register layouts)
    clips,
    pages,
    radiographs,
    screens,
    textless,
    turned,
    ultrasound,
    ultrasound_tune,
)

STATE = {}


def start(split, root, allow_missing, folder):
    """Loads what every process needs."""
    cv2.setNumThreads(1)
    STATE.update(split=split, fonts=fonts.Fonts(split, root, allow_missing), folder=folder)


def make(task):
    """Makes one picture; returns its part of the truth."""
    index, number = task
    layout = scribe.LAYOUTS[index]
    name = f"{layout.name}_{number:03d}"
    seed = zlib.crc32(f"{layout.split}/{name}".encode())
    chance = random.Random(seed)
    who = words.person(chance, layout.split)
    picture = layout.draw(scribe.Scribe(layout.split, STATE["fonts"], chance, np.random.default_rng(seed), who, number))
    return files.write(picture, who, name, STATE["folder"], chance)


def summary(entries):
    """Counts files and lines by class."""
    lines = [line for entry in entries for line in entry["lines"]]
    counts = collections.Counter(word for line in lines for word in line["class"])
    counts.update(f"readability:{line.get('readability')}" for line in lines)
    counts.update("PHI" if line["is_phi"] else "technical" for line in lines)
    without = sum(not entry["lines"] for entry in entries)
    told = [f"{len(entries)} files ({without} without text), {len(lines)} lines"]
    told += [f"{count:6} {word}" for word, count in sorted(counts.items())]
    return "\n".join(told)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], epilog="README of the repository shows the whole run."
    )
    parser.add_argument("--split", choices=["tune", "report"], required=True)
    parser.add_argument("-o", "--output", type=Path, help="an empty or new folder")
    parser.add_argument("--fonts", default="/usr/share/fonts", help="the folder of the fonts [%(default)s]")
    parser.add_argument("--allow-missing", action="store_true", help="go on without fonts that are not installed")
    parser.add_argument("--only", help="layouts whose name starts so")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument(
        "--list-fonts", action="store_true", help="print the fonts of the split and their packages, and end"
    )
    arguments = parser.parse_args()
    if arguments.list_fonts:
        package = {name: package for package, names in fonts.PACKAGES.items() for name in names}
        for style, names in fonts.STYLES[arguments.split].items():
            print("\n".join(f"{style}\t{name}\t{package.get(name, 'OpenCV')}" for name in names))
        return
    if arguments.output is None:
        parser.error("-o is missing")
    if arguments.output.is_dir() and any(arguments.output.iterdir()):
        parser.error("the folder is not empty")
    began = time.monotonic()
    try:
        fonts.Fonts(arguments.split, arguments.fonts, arguments.allow_missing)
    except fonts.Missing as problem:
        sys.exit(f"error: {problem}")
    (arguments.output / "glyphs").mkdir(parents=True)
    chosen = [
        (index, number)
        for index, layout in enumerate(scribe.LAYOUTS)
        if layout.split == arguments.split and layout.name.startswith(arguments.only or "")
        for number in range(layout.count)
    ]
    state = (arguments.split, arguments.fonts, arguments.allow_missing, arguments.output)
    with multiprocessing.Pool(arguments.jobs, start, state) as pool:
        entries = pool.map(make, chosen, chunksize=4)
    text = json.dumps({"files": entries}, ensure_ascii=False, indent=None)
    (arguments.output / "truth.json").write_text(text + "\n", encoding="utf-8")
    print(summary(entries))
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
