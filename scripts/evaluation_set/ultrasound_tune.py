"""Layouts of ultrasound pictures that the report split does not have."""

import numpy as np

from . import grounds, marks
from .canvas import Canvas
from .scribe import Picture, layout
from .ultrasound import AMBER, CYAN, GRAY, GREEN, WHITE, column, dark, lay, numbers, quality, settings, stretch


@layout("tune", "tune_us_footer", 18)
def footer(s):
    """All of the text in two rows at the foot, a title in the middle on top, numbers along the left edge."""
    width, height = s.random.choice([(720, 576), (900, 680)])
    picture = dark(height, width)
    part, inside = grounds.sector(s.g, height - 150, int(width * 0.8), half_angle=0.65)
    lay(picture, part, inside, int(width * 0.12), 50)
    canvas = Canvas(picture, classes=["layout:tune_us_footer"])
    pen = s.pen(s.random.uniform(9, 16))
    s.write(canvas, s.item("institution"), width / 2, 14 + pen.cap, pen, s.random.choice([WHITE, CYAN]), "center")
    for row, items in enumerate(
        [
            [s.item("name"), s.item("date"), s.item("us", True)],
            [s.item("id"), s.item("physician"), s.item("measurement", True)],
        ]
    ):
        for index, item in enumerate(items):
            s.write(
                canvas, item, 10 + index * width * 0.36, height - 60 + row * 30, pen, s.random.choice([WHITE, AMBER])
            )
    axis = s.pen(s.random.uniform(7, 10), "sans bitmap stroke")
    marks.ruler(canvas, 34, 60, height - 180, 12, GRAY)
    numbers(s, canvas, 28, 60, 60, (height - 180) // 60, axis, GRAY, by=2)
    note = s.pen(s.random.uniform(12, 26))
    s.write(
        canvas,
        s.mixed(0.5),
        width * 0.5,
        height * 0.5,
        note,
        WHITE,
        "center",
        effect=s.random.choice(["plain", "outline", "panel", "shadow"]),
        classes=["over_speckle"],
    )
    return Picture(canvas, quality=quality(s))


@layout("tune", "tune_us_right_list", 16)
def right_list(s):
    """A gray panel with a list at the right, an inverse title, color flow, faint and small notes."""
    width, height = s.random.choice([(800, 600), (1000, 720)])
    picture = dark(height, width)
    picture[:, int(width * 0.78) :] = s.random.randint(25, 70)
    part, inside = grounds.sector(s.g, height - 60, int(width * 0.76))
    lay(picture, part, inside, 0, 50)
    if s.chance(0.6):
        grounds.flow(s.g, picture, (int(width * 0.25), int(height * 0.4), int(width * 0.25), int(height * 0.25)))
    canvas = Canvas(picture, classes=["layout:tune_us_right_list"])
    pen = s.pen(s.random.uniform(9, 14))
    items = [s.item("name"), s.item("id"), s.item("date"), *settings(s, 8), s.item("measurement", True)]
    column(s, canvas, items, width * 0.79, 60, pen.cap * 2.2, pen, s.random.choice([WHITE, GRAY, GREEN]))
    s.write(
        canvas,
        s.item("institution"),
        16,
        30,
        pen,
        (0, 0, 0),
        effect="inverse",
        over=s.random.choice([WHITE, CYAN, AMBER]),
    )
    for _ in range(4):
        s.write(
            canvas,
            s.mixed(0.5),
            s.random.uniform(0.02, 0.5) * width,
            s.random.uniform(0.15, 0.95) * height,
            s.pen(s.random.uniform(10, 20)),
            contrast=s.random.uniform(12, 45),
            classes=["over_speckle"],
            gap=4,
        )
    for _ in range(6):
        s.write(
            canvas,
            s.mixed(0.5),
            s.random.uniform(0.02, 0.6) * width,
            s.random.uniform(0.1, 0.95) * height,
            s.pen(s.random.choice([6, 7, 8]), "sans mono bitmap"),
            WHITE,
            gap=4,
        )
    return Picture(canvas, quality=quality(s))


@layout("tune", "tune_us_scattered", 20)
def scattered(s):
    """Linear image with notes of all sizes anywhere, down to the border, some large, some slanted or vertical."""
    width, height = s.random.choice([(640, 480), (800, 600)])
    canvas = Canvas(
        grounds.gray(grounds.linear(s.g, height, width)) * s.random.uniform(0.2, 0.9),
        classes=["layout:tune_us_scattered", "over_speckle"],
    )
    for _ in range(16):
        pen = s.pen(6 * 12 ** s.random.random())
        item = s.mixed(0.5) if pen.cap < 40 else (s.random.choice("LRAPMT27"), False, "label")
        s.write(
            canvas,
            item,
            s.random.uniform(0, 0.75) * width,
            s.random.uniform(0.04, 1) * height,
            pen,
            s.random.choice([WHITE, AMBER, CYAN, GREEN]),
            effect=s.random.choice(["plain", "plain", "outline", "shadow", "panel", "inverse"]),
            turns=s.random.choice([0, 0, 0, 1, 3]),
            degrees=s.random.uniform(-40, 40) if s.chance(0.12) else 0.0,
            opacity=s.random.choice([1, 1, 0.6]),
            gap=5,
        )
    for _ in range(2):
        marks.caliper(
            canvas, s.g, s.g.uniform(0.1, 0.9, 2) * [width, height], s.g.uniform(0.1, 0.9, 2) * [width, height], GREEN
        )
    return Picture(canvas, quality=quality(s))


@layout("tune", "tune_us_faint_small", 12)
def faint_small(s):
    """Rows of faint and of small text on dark gray."""
    width, height = 640, 512
    tone = s.random.randint(10, 120)
    canvas = Canvas(
        dark(height, width, tone) + s.g.standard_normal((height, width))[..., None] * s.random.uniform(0, 4),
        classes=["layout:tune_us_faint_small"],
    )
    for row, y in enumerate(range(24, height - 8, 32)):
        for x in (10, 230, 430):
            if row % 2:
                s.write(
                    canvas,
                    s.mixed(0.5),
                    x,
                    y,
                    s.pen(s.random.choice([6, 7, 8]), "sans mono bitmap"),
                    s.random.choice([WHITE, GRAY, CYAN]),
                    gap=3,
                )
            else:
                s.write(
                    canvas, s.mixed(0.5), x, y, s.pen(s.random.uniform(9, 16)), contrast=s.random.uniform(11, 45), gap=3
                )
    return Picture(canvas)


@layout("tune", "tune_us_grab", 14)
def tune_grab(s):
    """A small linear image with a frame of text, scaled up."""
    width, height = 320, 240
    picture = dark(height, width)
    picture[24:200, 30:290] = grounds.gray(grounds.linear(s.g, 176, 260))
    canvas = Canvas(picture, classes=["layout:tune_us_grab", "upscaled"])
    pen = s.pen(s.random.uniform(6.5, 9), "bitmap sans stroke")
    s.write(canvas, s.item("name"), 4, 14, pen, WHITE)
    s.write(canvas, s.item("date"), width - 4, 14, pen, WHITE, "right")
    column(s, canvas, [s.item("id"), s.item("us", True)], 4, 214, pen.cap * 1.8, pen, GRAY)
    s.write(canvas, s.item("measurement", True), width - 4, 214, pen, AMBER, "right")
    stretch(s, canvas, s.random.uniform(1.7, 2.6))
    return Picture(canvas, quality=quality(s, 0.6))
