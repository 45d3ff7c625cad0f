"""Layouts of radiographs, cross-sections, fluoroscopy: gray, 8 to 16 bits."""

import cv2
import numpy as np

from . import grounds, marks
from .canvas import Canvas, turned
from .scribe import Picture, layout
from .ultrasound import column, quality

WHITE = (255, 255, 255)


def film(s, name, low=0.02, high=0.97):
    """A radiograph of 10 to 16 bits as a canvas; returns it with its bits."""
    width, height = s.random.choice([(900, 1100), (1100, 900), (1000, 1250), (760, 920)])
    bits = s.random.choice([10, 12, 12, 14, 16])
    top = 2**bits - 1
    picture = (low + (high - low) * grounds.radiograph(s.g, height, width)) * top
    return Canvas(picture[..., None], top=top, classes=[f"layout:{name}", f"bits:{bits}"]), bits


def window_of(canvas, low=2, high=99):
    """A window over most of the tissue: center and width."""
    first, last = np.percentile(canvas.clean, [low, high])
    return round((first + last) / 2), max(2, round(last - first))


@layout("report", "xr_film_label", 16)
def film_label(s):
    """A name plate flashed into a corner, white or black, sometimes turned; side markers."""
    canvas, bits = film(s, "xr_film_label")
    width, height = canvas.size
    pen = s.pen(s.random.uniform(13, 24), "sans mono serif")
    wide, high = int(pen.cap * 19), int(pen.cap * 9)
    x, y = s.random.choice(
        [(20, 20), (width - wide - 20, 20), (20, height - high - 20), (width - wide - 20, height - high - 20)]
    )
    plate = s.random.choice(["black", "white", "none"])
    if plate != "none":
        marks.box(canvas, x, y, wide, high, None, 8 if plate == "black" else 235)
    tone = {"black": WHITE, "white": (20, 20, 20), "none": WHITE}[plate]
    items = [s.item("name"), s.item("id"), s.item("date"), s.item("institution")]
    column(s, canvas, items, x + 10, y + 10 + pen.cap, pen.cap * 2, pen, tone)
    lead(s, canvas, s.random.choice("LR"), s.random.uniform(30, 80))
    note = s.pen(s.random.uniform(10, 20))
    s.write(canvas, s.item("xr", True), width / 2, 30 + note.cap, note, WHITE, "center")
    return Picture(canvas, s.random.choice(["DX", "CR"]), bits, window_of(canvas), inverted=s.chance(0.35))


def lead(s, canvas, letter, cap, x=None, y=None, degrees=None):
    """A letter of lead: dense, with soft rims, at an angle, with a faint carrier around it."""
    pen = s.pen(cap, "sans")
    drawn = s.fonts.mask(pen.font, letter, cap, True)
    if drawn is None:
        return None
    mask = turned(drawn[0], s.random.uniform(-25, 25) if degrees is None else degrees)
    mask = cv2.GaussianBlur(np.pad(mask, 4), (0, 0), max(0.6, cap / 50))
    width, height = canvas.size
    x = int(s.random.uniform(0.05, 0.85) * width) if x is None else x
    y = int(s.random.uniform(0.05, 0.85) * height) if y is None else y
    if not canvas.is_free(x, y, mask.shape[1], mask.shape[0], 6):
        return None
    pad = int(cap * 0.35)
    x0, y0, x1, y1 = max(0, x - pad), max(0, y - pad), x + mask.shape[1] + pad, y + mask.shape[0] + pad
    if s.chance(0.5):

        def carrier(picture):
            picture[y0:y1, x0:x1] += 0.06 * canvas.top

        canvas.both(carrier)
    tone = s.color(canvas, (x, y, mask.shape[1], mask.shape[0]), WHITE)
    return canvas.put(
        mask,
        x,
        y,
        tone,
        cap=cap,
        text=letter,
        phi=False,
        opacity=s.random.uniform(0.75, 1),
        gap=6,
        classes=["kind:marker", "font:sans", "lead_marker", *(["single_character"] if len(letter) == 1 else [])],
    )


@layout("report", "xr_lead_markers", 14)
def lead_markers(s):
    """Lead letters of 15 to 120 pixels, single ones and short words, and initials of the radiographer."""
    canvas, bits = film(s, "xr_lead_markers")
    for _ in range(s.random.randint(3, 6)):
        letters = s.random.choice(
            ["L", "R", "L", "R", "PA", "AP", "WB", "1", "2", "UP", s.who.physician[0] + s.who.family[0]]
        )
        lead(s, canvas, letters, 15 * 8 ** s.random.random())
    pen = s.pen(s.random.uniform(11, 18))
    s.write(canvas, s.item("name"), 24, 40, pen, WHITE)
    s.write(canvas, s.item("date"), 24, 40 + pen.cap * 2, pen, WHITE)
    return Picture(canvas, "DX", bits, window_of(canvas), inverted=s.chance(0.3))


@layout("report", "xr_outside_window", 16)
def outside_window(s):
    """Text in values that the VOI window of the header shows all white or all black."""
    canvas, bits = film(s, "xr_outside_window", 0.06, 0.62)
    width, height = canvas.size
    canvas.classes.append("outside_voi")
    low, size = 0.04 * canvas.top, 0.55 * canvas.top
    bright = s.chance(0.6)
    for corner in range(4):
        wide, high = 400, 130
        x, y = (16 if corner % 2 == 0 else width - wide - 16), (16 if corner < 2 else height - high - 16)
        base = s.random.uniform(0.72, 0.8) if bright else 0.0
        marks.box(canvas, x, y, wide, high, None, base * 255)
        pen = s.pen(s.random.uniform(9.5, 19), "sans serif bitmap mono")
        ink = (base + s.random.uniform(0.1, 0.19)) * 255 if bright else s.random.uniform(0.03, 0.038) * 255
        for index, item in enumerate([s.item("name"), s.item(), s.item("xr", True)]):
            s.write(
                canvas,
                item,
                x + 8,
                y + 12 + pen.cap + index * pen.cap * 2,
                pen,
                (ink,) * 3,
                exact=True,
                hidden_by_window=True,
            )
    return Picture(canvas, "DX", bits, (round(low + size / 2), round(size)))


@layout("report", "xr_one_level", 10)
def one_level(s):
    """Text one or a few gray levels from a saturated ground at the top of the range."""
    canvas, bits = film(s, "xr_one_level", 0.02, 0.9)
    width, height = canvas.size
    canvas.classes.append("one_level")
    step = 255 / canvas.top * s.random.choice([1, 1, 2, 3])
    for x, y in ((0, 0), (width - 420, 0), (0, height - 140)):
        marks.box(canvas, x, y, 420, 140, None, 255)
        pen = s.pen(s.random.uniform(12, 24), "sans mono serif", antialias=False)
        for index, item in enumerate([s.item("name"), s.item("id"), s.item("date")]):
            s.write(
                canvas,
                item,
                x + 14,
                y + 16 + pen.cap + index * pen.cap * 1.8,
                pen,
                (255 - step,) * 3,
                exact=True,
                hidden_by_window=True,
            )
    return Picture(canvas, "DX", bits, window_of(canvas))


@layout("report", "xr_vertical", 12)
def vertical(s):
    """Text turned by a quarter along both sides, upside down at the foot, slanted labels in the middle."""
    canvas, bits = film(s, "xr_vertical")
    width, height = canvas.size
    pen = s.pen(s.random.uniform(11, 22))
    for index, item in enumerate([s.item("name"), s.item("date"), s.item("xr", True)]):
        s.write(canvas, item, 10 + index * pen.cap * 2, height * 0.8, pen, WHITE, turns=1, gap=4)
    for index, item in enumerate([s.item("institution"), s.item("id"), s.item("physician")]):
        s.write(canvas, item, width - (1.8 + 2 * index) * pen.cap, 40, pen, WHITE, turns=3, gap=4)
    other = s.pen(s.random.uniform(12, 26), "sans serif mono stroke")
    s.write(canvas, s.item("name"), width * 0.3, height - 20, other, WHITE, turns=2, gap=4)
    for _ in range(3):
        s.write(
            canvas,
            s.mixed(0.5),
            s.random.uniform(0.2, 0.5) * width,
            s.random.uniform(0.25, 0.8) * height,
            other,
            WHITE,
            degrees=s.random.choice([-1, 1]) * s.random.uniform(5, 75),
            gap=6,
        )
    return Picture(canvas, "CR", bits, window_of(canvas), inverted=s.chance(0.3))


@layout("report", "ct_corners", 12)
def ct_corners(s):
    """A cross-section of 8 or 12 bits with annotations in all corners and middles of the edges."""
    width = height = s.random.choice([512, 512, 768])
    bits = s.random.choice([8, 12])
    top = 2**bits - 1
    canvas = Canvas(
        grounds.slice_of_body(s.g, height, width)[..., None] * 0.9 * top, top=top, classes=["layout:ct_corners"]
    )
    pen = s.pen(s.random.uniform(8.8, 13))
    pitch = pen.cap * 1.7
    column(s, canvas, [s.item("name"), s.item("id"), s.item("age"), s.item("date")], 5, 4 + pen.cap, pitch, pen, WHITE)
    column(
        s,
        canvas,
        [s.item("institution"), s.item("date"), s.item("physician")],
        width - 5,
        4 + pen.cap,
        pitch,
        pen,
        WHITE,
        "right",
    )
    lower = [
        ("W 400 L 40", False, "setting"),
        ("SL 5.0", False, "setting"),
        s.item("dose", True),
        ("Im 34/112", False, "setting"),
    ]
    column(s, canvas, lower, 5, height - 8 - 3 * pitch, pitch, pen, WHITE)
    for letter, x, y in (
        ("R", 6, height / 2),
        ("L", width - 12, height / 2),
        ("A", width / 2, pen.cap + 5),
        ("P", width / 2, height - 5),
    ):
        s.write(canvas, (letter, False, "orientation"), x, y, pen, WHITE, "right" if letter == "L" else "left")
    marks.ruler(canvas, width - 14, height * 0.6, 150, 15, 220)
    return Picture(
        canvas,
        s.random.choice(["CT", "MR"]),
        bits,
        None if bits == 8 else (top // 2, top),
        quality=quality(s, 0.4) if bits == 8 else None,
    )


@layout("report", "fluoro_ring", 10)
def fluoro(s):
    """Fluoroscopy in a round field, text in the black corners and on its rim."""
    width = height = s.random.choice([512, 768, 1024])
    canvas = Canvas(
        grounds.fluoroscopy(s.g, height, width)[..., None] * 255, classes=["layout:fluoro_ring", "fluoroscopy"]
    )
    pen = s.pen(s.random.uniform(9, 15))
    column(s, canvas, [s.item("name"), s.item("id")], 6, 6 + pen.cap, pen.cap * 1.8, pen, WHITE)
    column(
        s, canvas, [s.item("date"), s.item("institution")], width - 6, 6 + pen.cap, pen.cap * 1.8, pen, WHITE, "right"
    )
    column(
        s,
        canvas,
        [("73 kV 4.1 mA", False, "setting"), ("RAO 30 CRA 12", False, "setting"), ("Fl 15 p/s", False, "setting")],
        6,
        height - 6 - 2 * pen.cap * 1.8,
        pen.cap * 1.8,
        pen,
        WHITE,
    )
    s.write(canvas, s.item("physician"), width - 6, height - 8, pen, WHITE, "right")
    s.write(
        canvas,
        (s.random.choice(["LCA", "RCA", "Run 4", "SPIDER"]), False, "label"),
        width * 0.5,
        height * 0.85,
        s.pen(s.random.uniform(14, 30)),
        WHITE,
        "center",
    )
    return Picture(canvas, "XA", 8, quality=quality(s, 0.4))


@layout("tune", "tune_xr_corner_text", 14)
def corner_text(s):
    """Two lines in the upper left, a side letter, text along the collimator."""
    canvas, bits = film(s, "tune_xr_corner_text")
    width, height = canvas.size
    pen = s.pen(s.random.uniform(10, 20))
    column(s, canvas, [s.item("name"), s.item("date"), s.item("id")], 30, 50, pen.cap * 2, pen, WHITE)
    s.write(canvas, s.item("institution"), width - 30, height - 30, pen, WHITE, "right")
    s.write(canvas, s.item("xr", True), 10, height * 0.6, pen, WHITE, turns=1, gap=4)
    lead(s, canvas, s.random.choice("RL"), s.random.uniform(25, 90))
    lead(s, canvas, s.random.choice(["AP", "LAT", "12"]), s.random.uniform(18, 60))
    return Picture(canvas, "DX", bits, window_of(canvas), inverted=s.chance(0.3))


@layout("tune", "tune_xr_hidden", 8)
def hidden(s):
    """Text above the window, and one level below the top, in strips along the edges."""
    canvas, bits = film(s, "tune_xr_hidden", 0.05, 0.6)
    width, height = canvas.size
    pen = s.pen(s.random.uniform(11, 20))
    marks.box(canvas, 0, 0, width, 60, None, 0.75 * 255)
    canvas.classes.append("outside_voi")
    for x, item in ((20, s.item("name")), (width * 0.45, s.item("id")), (width * 0.75, s.item("date"))):
        s.write(canvas, item, x, 40, pen, (0.92 * 255,) * 3, exact=True, hidden_by_window=True)
    canvas.classes[-1] = "one_level"
    marks.box(canvas, 0, height - 60, width, 60, None, 255)
    for x, item in ((20, s.item("institution")), (width * 0.65, s.item("name"))):
        s.write(
            canvas,
            item,
            x,
            height - 20,
            s.pen(pen.cap, "sans mono", False),
            (255 - 255 / canvas.top,) * 3,
            exact=True,
            hidden_by_window=True,
        )
    return Picture(canvas, "DX", bits, (round(0.3 * canvas.top), round(0.55 * canvas.top)))


@layout("tune", "tune_ct_edges", 8)
def ct_edges(s):
    """A cross-section with one line on top, one at the foot, letters at the sides."""
    width = height = 512
    canvas = Canvas(grounds.slice_of_body(s.g, height, width)[..., None] * 230, classes=["layout:tune_ct_edges"])
    pen = s.pen(s.random.uniform(8.8, 14))
    s.write(canvas, s.item("name"), 4, 4 + pen.cap, pen, WHITE)
    s.write(canvas, s.item("date"), width - 4, 4 + pen.cap, pen, WHITE, "right")
    s.write(canvas, s.item("id"), 4, height - 6, pen, WHITE)
    s.write(canvas, s.item("dose", True), width - 4, height - 6, pen, WHITE, "right")
    for letter, x in (("R", 6), ("L", width - 16)):
        s.write(canvas, (letter, False, "orientation"), x, height / 2, pen, WHITE)
    return Picture(canvas, "CT", 8, quality=quality(s, 0.4))
