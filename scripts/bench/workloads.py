"""The pictures of the comparison: synthetic, seeded, with a truth to the letter's pixel.

They are drawn with what scripts/evaluation_set/ has, and with the typefaces that come inside Pillow and OpenCV, so that
no fonts have to be installed. Layouts are fixed and plain: the comparison is about time, and its recall is only there
to say what that time bought. People, places and institutions are invented.

    python workloads.py single|cine|radiograph FOLDER COUNT
"""

import json
import random
import shutil
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import ImageFont
from pydicom import dcmwrite
from pydicom.encaps import encapsulate

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from evaluation_set import files, fonts, grounds, marks, words
from evaluation_set.canvas import Canvas
from evaluation_set.radiographs import window_of
from evaluation_set.scribe import Picture, Scribe

SPLIT = "report"
# Raised when the pictures change, so that old ones are not taken for new.
FORM = 1
WHITE, AMBER, CYAN, GRAY, DIM = (255, 255, 255), (255, 190, 60), (90, 220, 255), (185,) * 3, (110,) * 3

# The name that comes and goes in the clip stands in these frames, the last included: too short for a look at every
# eighth frame to be sure of it.
VISIT = (40, 44)


class BundledFonts(fonts.Fonts):
    """The typefaces that come inside Pillow (sans) and OpenCV (strokes)."""

    def __init__(self):
        self.styles = {
            "sans": ["pillow"],
            "stroke": [f"hershey:{cv2.FONT_HERSHEY_SIMPLEX}", f"hershey:{cv2.FONT_HERSHEY_DUPLEX}"],
        }

    def pick(self, chance, style, cap):
        """Returns the name of a typeface."""
        return chance.choice(self.styles[style])

    def load(self, name, size):
        """Returns Pillow's own typeface at a size in pixels."""
        return ImageFont.load_default(size)


class Plain:
    """Stands for chance where files.py asks it how a picture is stored: JPEG 4:2:2 or uncompressed."""

    def random(self):
        return 0.5

    def choice(self, _):
        return 1


def start(name):
    """Returns the scribe of a picture; its name is the seed."""
    chance = random.Random(zlib.crc32(name.encode()))
    who = words.person(chance, SPLIT)
    # The stroke typefaces know ASCII only, and no line is to be left out.
    while not f"{who.family}{who.given}{who.institution}{who.place}{who.physician}".isascii():
        who = words.person(chance, SPLIT)
    g = np.random.default_rng(zlib.crc32(name.encode()))
    return Scribe(SPLIT, BundledFonts(), chance, g, who, 0)


def header_lines(s, canvas, pen, width, ink):
    """Two rows on top: who, what, where, when."""
    low = 2 * pen.cap + 14
    high = pen.cap + 6
    for kind, x, y, align in [
        ("name", 12, high, "left"),
        ("id", 12, low + 8, "left"),
        ("institution", width / 2, high, "center"),
        ("physician", width / 2, low + 8, "center"),
        ("date", width - 12, high, "right"),
    ]:
        s.write(canvas, s.item(kind), x, y, pen, ink, align)


def settings_lines(s, canvas, x, y, pen, count, color):
    """A column of scanner settings."""
    for index in range(count):
        s.write(canvas, s.item("us", True), x, y + index * pen.cap * 1.9, pen, color)


def ultrasound(name, width=1024, height=768):
    """A sector image with a banner, dim settings, notes over the tissue with and without outline, a scale with digits."""
    s = start(name)
    picture = np.zeros((height, width, 3), np.float32)
    part, inside = grounds.sector(s.g, height - 90, int(width * 0.72))
    area = picture[80 : 80 + part.shape[0], int(width * 0.06) : int(width * 0.06) + part.shape[1]]
    area[inside] = grounds.gray(part)[inside]
    canvas = Canvas(picture, classes=["layout:bench_single"])
    header_lines(s, canvas, s.pen(s.random.uniform(10, 15), "sans stroke"), width, WHITE)
    settings_lines(s, canvas, width - 150, 110, s.pen(s.random.uniform(8, 12), "sans stroke"), 9, DIM)
    note = s.pen(s.random.uniform(11, 18), "sans stroke")
    s.write(canvas, s.item("view", True), width * 0.4, height * 0.6, note, AMBER, effect="outline")
    s.write(canvas, s.item("name"), width * 0.25, height * 0.72, note, WHITE)
    s.write(canvas, s.item("date"), width * 0.4, height * 0.8, note, GRAY)
    s.write(canvas, s.item("measurement", True), 14, height - 14, note, CYAN)
    small = s.pen(s.random.uniform(7, 9), "sans")
    s.write(canvas, s.item("id"), width - 12, height - 12, small, DIM, "right")
    for index in range(8):
        s.write(canvas, (str(2 * index), False, "axis"), width * 0.795, 100 + 70 * index, small, GRAY, "right")
    marks.ruler(canvas, width * 0.8, 95, height - 130, 14, GRAY)
    marks.bar(canvas, 14, 110, 12, 150)
    return s, Picture(canvas, "US")


def radiograph(name, width=2000, height=2500):
    """A projection of 16 bits with a name plate, a note, a side marker, and an identifier outside of the window."""
    s = start(name)
    top = 2**16 - 1
    canvas = Canvas(
        (0.02 + 0.95 * grounds.radiograph(s.g, height, width))[..., None] * top,
        top=top,
        classes=["layout:bench_radiograph"],
    )
    pen = s.pen(s.random.uniform(20, 30), "sans stroke")
    for index, kind in enumerate(("name", "id", "date", "institution")):
        s.write(canvas, s.item(kind), 60, 70 + index * pen.cap * 2.2, pen, WHITE)
    s.write(canvas, s.item("xr", True), width - 60, 70, pen, WHITE, "right")
    s.write(canvas, (s.random.choice("LR"), False, "side"), width - 160, height * 0.25, s.pen(70, "sans"), WHITE)
    faint = s.pen(22, "sans")
    s.write(canvas, s.item("id"), 60, height - 60, faint, WHITE, contrast=14, exact=True, hidden_by_window=True)
    return s, Picture(canvas, "DX", bits=16, window=window_of(canvas))


def write_clip(name, folder, frames, width=800, height=600):
    """Writes a JPEG clip: an overlay that stands still, speckle that moves in every frame, a name that comes and goes.

    Frames are made one by one; as canvases they would take gigabytes. Returns its part of the truth.
    """
    s = start(name)
    overlay = Canvas(np.zeros((height, width, 3), np.float32), classes=["layout:bench_cine", "clip"])
    header_lines(s, overlay, s.pen(12, "sans"), width, WHITE)
    settings_lines(s, overlay, width - 130, 110, s.pen(10, "sans"), 9, GRAY)
    s.write(overlay, s.item("measurement", True), 14, height - 14, s.pen(12, "sans"), CYAN)
    s.write(overlay, s.item("view", True), width * 0.35, height * 0.8, s.pen(14, "sans"), AMBER)
    still = list(overlay.lines)
    guest = s.write(overlay, s.item("name"), width * 0.3, height * 0.6, s.pen(14, "sans"), WHITE)
    visit = (min(VISIT[0], frames - 1), min(VISIT[1], frames - 1))
    overlay.cut()
    for line in overlay.lines:
        line.frames = (0, frames - 1) if line in still else visit
    streams = []
    for index, tissue in enumerate(speckle(s.g, frames, width, height)):
        for line in overlay.lines:
            if line in still or visit[0] <= index <= visit[1]:
                high, wide = line.mask.shape
                area = tissue[line.y : line.y + high, line.x : line.x + wide]
                area += (line.color - area) * line.mask[..., None]
        streams.append(files.jpeg(np.clip(np.rint(tissue), 0, 255).astype(np.uint8), 90, 1))
    picture = Picture(overlay, "US", quality=90)
    picture.frames = [overlay] * (frames - 1)
    samples = [files.decoded(stream, (height, width, 3)) for stream in streams[:1]] * frames
    dataset = files.header(picture, s.who, name, samples, True)
    files.pixels(dataset, picture, samples, streams, files.JPEG, Plain())
    dataset.PixelData = encapsulate(streams)
    dcmwrite(folder / "files" / f"{name}.dcm", dataset, enforce_file_format=True)
    sheet, corners = files.pack(overlay.lines)
    sheet.save(folder / "glyphs" / f"{name}.png")
    return {
        "file": f"{name}.dcm",
        "glyphs": f"glyphs/{name}.png",
        "lines": [told(line, corner) for line, corner in zip(overlay.lines, corners)],
    }


def told(line, corner):
    """A line as the truth has it."""
    high, wide = line.mask.shape
    return {
        "frames": list(line.frames),
        "box": [line.x, line.y, line.x + wide, line.y + high],
        "text": line.text,
        "is_phi": line.phi,
        "class": sorted(set(line.classes)),
        "glyphs": list(corner),
    }


def speckle(g, frames, width, height):
    """Yields color pictures of tissue that beats, with noise of its own in each frame of the sector."""
    part, inside = grounds.sector(g, height - 70, int(width * 0.75))
    base = np.zeros((height, width), np.float32)
    where = np.zeros((height, width), bool)
    own = np.s_[60 : 60 + part.shape[0], int(width * 0.05) : int(width * 0.05) + part.shape[1]]
    base[own][inside] = part[inside]
    where[own] = inside
    for index in range(frames):
        beat = 1 + 0.02 * np.sin(index / 25 * 2 * np.pi)
        matrix = cv2.getRotationMatrix2D((width / 2, 60), 0.6 * np.sin(index / 40 * 2 * np.pi), beat)
        moved = cv2.warpAffine(base, matrix, (width, height))
        moved *= 1 + 0.08 * g.standard_normal((height, width)).astype(np.float32)
        yield grounds.gray(np.clip(moved, 0, 255) * where)


def make(kind, folder, count):
    """Makes a workload below `folder`, unless it stands there already: files/, truth.json, glyphs/."""
    stamp = folder / "made.json"
    said = {"kind": kind, "count": count, "form": FORM}
    if stamp.is_file() and json.loads(stamp.read_text()) == said:
        return
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "glyphs").mkdir(parents=True)
    (folder / "files").mkdir()
    cv2.setNumThreads(1)
    if kind == "cine":
        truth = [write_clip("cine_000", folder, count)]
    else:
        draw = {"single": ultrasound, "radiograph": radiograph}[kind]
        truth = []
        for number in range(count):
            name = f"{kind}_{number:03d}"
            s, picture = draw(name)
            entry = files.write(picture, s.who, name, folder, Plain())
            (folder / entry["file"]).rename(folder / "files" / entry["file"])
            truth.append({key: entry[key] for key in ("file", "glyphs", "lines")})
    (folder / "truth.json").write_text(json.dumps({"files": truth}))
    stamp.write_text(json.dumps(said))


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("single", "cine", "radiograph"):
        sys.exit(__doc__)
    make(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
