#!/usr/bin/env python3
"""Training samples: a crop with text and three maps at half its resolution.

    python scripts/train/samples.py sheet.png --real work/backgrounds

writes a contact sheet: each crop above the same crop with its maps, the region's border in magenta and the center
lines in green. Look at one before every training run.

Maps: `region` is 1 in the bounds of each line, which is what gets masked; `core` is 1 on the shrunk center line of
each line and keeps touching lines apart; `weight` is the loss's weight, 0 where text is too faint to be asked for.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

import textures
from backgrounds import RealPictures, background
from canvas import Canvas, TextLine
from chance import Chance
from clutter import paint_clutter
from degrade import choose_resolution, degrade
from fonts import FontShelf
from layouts import LAYOUT_WEIGHTS, LAYOUTS, WITH_AXES, Scene, paint_axis, paint_numbered_calipers

FONT_ROOT = Path("/usr/share/fonts")
CORE_INSET = 0.28  # of a line's short side, on each of its sides
RIM, RIM_WEIGHT = 3, 0.4  # pixels around a line where the loss is softer, since no exact border is right
FAINTEST_RANGE = 14  # of 8-bit samples within a line that is asked for
# A line weighs more by pixel the smaller it is: a mean over pixels would be ruled by barcodes and giant letters, and
# with them by the belief that any blocky texture is text.
PLAIN_SIDE, WORTH_POWER, LEAST_WORTH, MOST_WORTH = 16, 0.7, 0.3, 2.0


@dataclass(frozen=True)
class Sample:
    picture: np.ndarray
    lines: list[TextLine]
    layout: str


def compose(shelf: FontShelf, chance: Chance, side: int, real: RealPictures, layout: str | None = None) -> Sample:
    """One picture of `side` by `side` pixels with its lines."""
    layout = layout or chance.weighted(LAYOUT_WEIGHTS)
    resolution = choose_resolution(chance)
    drawn = int(round(side * resolution.drawn))
    on_paper = layout == "page"
    picture = textures.paper(chance, drawn) if on_paper else background(chance, drawn, real)
    if on_paper and chance.happens(0.1):
        picture, on_paper = 255 - picture, False
    paint_clutter(chance, picture, chance.whole(2, 10) if layout == "nothing" else chance.pick([0, 0, 1, 2, 3, 5]))
    canvas = Canvas(np.clip(picture, 0, 255))
    scene = Scene(shelf, chance, canvas, resolution.least_cap, chance.happens(0.15), on_paper)
    if layout in WITH_AXES:
        if chance.happens(0.33):
            for _ in range(chance.pick([1, 1, 2])):
                paint_axis(scene)
        if chance.happens(0.06):
            paint_numbered_calipers(scene)
    LAYOUTS[layout](scene)
    if chance.happens(0.1):  # a trace, a line or a dot scale through the text
        paint_clutter(chance, canvas.picture, 1)
    frame = degrade(chance, canvas.picture, side, resolution)
    lines = [enlarge(line, side / drawn, side) for line in canvas.lines]
    return Sample(frame, [line if has_contrast(frame, line) else replace(line, weight=0.0) for line in lines], layout)


def enlarge(line: TextLine, factor: float, side: int) -> TextLine:
    if factor == 1:
        return line
    left, top = int(line.left * factor), int(line.top * factor)
    right, bottom = np.ceil((line.left + line.width) * factor), np.ceil((line.top + line.height) * factor)
    corners = None if line.corners is None else line.corners * factor
    width, height = min(side, int(right)) - left, min(side, int(bottom)) - top
    return replace(line, left=left, top=top, width=width, height=height, corners=corners)


def has_contrast(frame: np.ndarray, line: TextLine) -> bool:
    """Whether anything is left of the line in the final frame."""
    part = frame[line.top : line.top + line.height, line.left : line.left + line.width].reshape(-1, 3)
    return part.size > 0 and int((part.max(axis=0) - part.min(axis=0)).max()) >= FAINTEST_RANGE


def maps_of(lines: list[TextLine], side: int) -> np.ndarray:
    """Region, core and weight as (3, side / 2, side / 2)."""
    half = side // 2
    region, core = np.zeros((half, half), np.float32), np.zeros((half, half), np.float32)
    weight = np.ones((half, half), np.float32)
    for line in lines:
        weight[half_open(line.top, line.height, RIM), half_open(line.left, line.width, RIM)] = RIM_WEIGHT
    for line in lines:
        worth = line.weight * worth_of(min(line.width, line.height))
        if line.corners is not None:
            fill_turned(line.corners, worth, region, core, weight)
            continue
        bounds = half_open(line.top, line.height, 1), half_open(line.left, line.width, 1)
        region[bounds], weight[bounds] = 1, worth
        inset = CORE_INSET * min(line.width, line.height)
        core[shrunk(line.top, line.height, inset), shrunk(line.left, line.width, inset)] = 1
    return np.stack([region, core, weight])


def worth_of(short_side: int) -> float:
    return min(MOST_WORTH, max(LEAST_WORTH, (PLAIN_SIDE / max(1, short_side)) ** WORTH_POWER))


def half_open(start: int, length: int, margin: int) -> slice:
    """A range of pixels with a margin, in map pixels, rounded outward."""
    return slice(max(0, (start - margin) // 2), (start + length + margin + 1) // 2)


def shrunk(start: int, length: int, inset: float) -> slice:
    first = int(round((start + inset) / 2))
    return slice(first, max(first + 1, int(round((start + length - inset) / 2))))


def fill_turned(corners: np.ndarray, worth: float, region: np.ndarray, core: np.ndarray, weight: np.ndarray) -> None:
    outline = np.round(corners / 2).astype(np.int32)
    cv2.fillPoly(region, [outline], 1)
    cv2.fillPoly(weight, [outline], worth)
    along, down = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    aspect = np.linalg.norm(down) / max(1.0, float(np.linalg.norm(along)))
    along = along * (1 - 2 * CORE_INSET * min(1.0, aspect))
    down = down * (1 - 2 * CORE_INSET * min(1.0, 1 / max(1e-3, aspect)))
    middle = corners.mean(axis=0)
    inner = np.array([middle - along - down, middle + along - down, middle + along + down, middle - along + down])
    cv2.fillPoly(core, [np.round(inner / 2).astype(np.int32)], 1)


def contact_sheet(samples: list[Sample], columns: int = 8) -> np.ndarray:
    """The samples and, under each, the sample with its maps, as BGR."""
    pairs = []
    for sample in samples:
        side = len(sample.picture)
        region, core, _ = (
            cv2.resize(layer, (side, side), interpolation=cv2.INTER_NEAREST) > 0
            for layer in maps_of(sample.lines, side)
        )
        marked = sample.picture.copy()
        marked[region ^ cv2.erode(region.astype(np.uint8), np.ones((3, 3))).astype(bool)] = (255, 0, 255)
        marked[core & (np.indices(core.shape).sum(axis=0) % 3 == 0)] = (0, 255, 0)
        pairs.append(np.vstack([sample.picture, marked]))
    rows = [np.hstack(pairs[start : start + columns]) for start in range(0, len(pairs) - columns + 1, columns)]
    return cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes a contact sheet of training samples.")
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--fonts", type=Path, default=FONT_ROOT, help="font root")
    parser.add_argument("--real", type=Path, help="folder of text-free pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layout", choices=sorted(LAYOUTS))
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    shelf, real, chance = FontShelf(arguments.fonts), RealPictures(arguments.real), Chance(arguments.seed)
    started = time.process_time()
    samples = [compose(shelf, chance, 320, real, arguments.layout) for _ in range(24)]
    spent = (time.process_time() - started) / len(samples)
    cv2.imwrite(str(arguments.sheet), contact_sheet(samples))
    fonts = {script: len(paths) for script, paths in shelf.outlines.items()}
    print(f"{spent * 1000:.0f} ms a sample; {fonts}, {len(shelf.bitmaps)} bitmap fonts, {len(real.pictures)} pictures")


if __name__ == "__main__":
    main()
