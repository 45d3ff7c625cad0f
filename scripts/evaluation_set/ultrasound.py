"""Layouts of ultrasound pictures."""

import numpy as np

from . import grounds, marks
from .canvas import Canvas
from .scribe import Picture, layout

AMBER, CYAN, GREEN, WHITE, GRAY = (255, 190, 60), (90, 220, 255), (120, 255, 130), (255, 255, 255), (185, 185, 185)


def size(s, *choices):
    """Picks a size of the screen."""
    return s.random.choice(choices)


def quality(s, share=0.45):
    """Picks a JPEG quality, or none."""
    return s.random.randint(40, 95) if s.chance(share) else None


def dark(height, width, tone=0.0):
    """A dark screen."""
    return np.full((height, width, 3), tone, np.float32)


def lay(picture, part, inside, x=0, y=0):
    """Puts a gray image into a color one where it is."""
    area = picture[y : y + part.shape[0], x : x + part.shape[1]]
    area[inside] = grounds.gray(part)[inside]


def column(s, canvas, items, x, y, pitch, pen, color, align="left", **more):
    """Writes items below each other."""
    for index, item in enumerate(items):
        s.write(canvas, item, x, y + index * pitch, pen, color, align, **more)


def numbers(s, canvas, x, y, step, count, pen, color, first=0, by=1, align="right"):
    """The numbers of a scale."""
    for index in range(count):
        s.write(
            canvas, (f"{first + index * by:g}", False, "axis"), x, y + index * step + pen.cap / 2, pen, color, align
        )


def settings(s, count):
    """A list of scanner settings."""
    return [s.item("us", True) for _ in range(count)]


@layout("report", "us_banner", 16)
def banner(s):
    """A colored strip on top in two rows, settings at the right, annotations over the sector, a depth scale."""
    width, height = size(s, (800, 600), (1024, 768), (960, 720))
    picture = dark(height, width, s.random.choice([0, 0, 6]))
    part, inside = grounds.sector(s.g, height - 90, int(width * 0.72))
    lay(picture, part, inside, int(width * 0.08), 80)
    canvas = Canvas(picture, classes=["layout:us_banner"])
    strip = s.random.choice([(28, 44, 90), (60, 60, 64), (0, 60, 70), (200, 205, 210), (0, 0, 0)])
    marks.box(canvas, 0, 0, width, 58, None, strip)
    pen = s.pen(s.random.uniform(9, 16))
    ink = WHITE if sum(strip) < 330 else (10, 10, 30)
    s.write(canvas, s.item("name"), 12, 24, pen, ink)
    s.write(canvas, s.item("id"), 12, 50, pen, ink)
    s.write(canvas, s.item("institution"), width / 2, 24, pen, ink, "center")
    s.write(canvas, s.item("physician"), width / 2, 50, pen, ink, "center")
    s.write(canvas, s.item("date"), width - 12, 24, pen, ink, "right")
    s.write(canvas, s.item("us", True), width - 12, 50, pen, ink, "right")
    small = s.pen(s.random.uniform(8, 12), "sans mono bitmap")
    column(s, canvas, settings(s, 9), width - 130, 100, small.cap * 1.9, small, s.random.choice([GRAY, AMBER, CYAN]))
    note = s.pen(s.random.uniform(13, 24))
    effect = s.random.choice(["plain", "outline", "shadow", "panel"])
    s.write(
        canvas,
        s.item("view", True),
        width * 0.45,
        height * 0.55,
        note,
        s.random.choice([WHITE, AMBER, GREEN]),
        effect=effect,
        classes=["over_speckle"],
    )
    s.write(canvas, s.mixed(0.6), width * 0.35, height * 0.8, note, WHITE, effect=effect, classes=["over_speckle"])
    axis = s.pen(s.random.uniform(7, 10), "sans bitmap stroke")
    marks.ruler(canvas, width * 0.82, 95, height - 130, 14, GRAY)
    numbers(s, canvas, width * 0.815, 95, 70, (height - 130) // 70, axis, GRAY, by=s.random.choice([1, 2, 5]))
    marks.bar(canvas, 14, 90, 12, 150)
    marks.probe_mark(canvas, int(width * 0.4), 66, CYAN)
    return Picture(canvas, quality=quality(s))


@layout("report", "us_corners", 24)
def corners(s):
    """Linear image over the whole width with text over speckle in the four corners."""
    width, height = size(s, (640, 480), (768, 576), (720, 540))
    canvas = Canvas(
        grounds.gray(grounds.linear(s.g, height, width)) * s.random.uniform(0.5, 1),
        classes=["layout:us_corners", "over_speckle"],
    )
    pen = s.pen(s.random.uniform(9, 18))
    effect, pitch = ["plain", "outline", "inverse", "shadow", "panel"][s.number % 5], pen.cap * 2.1
    color = s.random.choice([WHITE, (255, 255, 90), CYAN])
    more = dict(
        effect=effect,
        over=(
            s.random.choice([(0, 0, 0), (0, 0, 0), (40, 40, 120)])
            if effect != "inverse"
            else s.random.choice([WHITE, AMBER, (70, 90, 160)])
        ),
    )
    opacity = s.random.uniform(0.45, 0.8) if effect == "plain" and s.chance(0.5) else 1.0
    tags = ["semi_transparent"] if opacity < 1 or effect == "panel" else []
    for items, x, y, align in [
        ([s.item("name"), s.item("id"), s.item("age")], 8, 8 + pen.cap, "left"),
        ([s.item("institution"), s.item("date")], width - 8, 8 + pen.cap, "right"),
        (settings(s, 4), 8, height - 10 - 3 * pitch, "left"),
        (
            [s.item("measurement", True), s.item("physician"), s.item("view", True)],
            width - 8,
            height - 10 - 2 * pitch,
            "right",
        ),
    ]:
        column(s, canvas, items, x, y, pitch, pen, color, align, opacity=opacity, classes=tags, **more)
    for index in range(3):
        s.write(
            canvas,
            s.mixed(0.6),
            width * 0.5,
            height * (0.3 + 0.2 * index),
            pen,
            color,
            "center",
            opacity=opacity,
            classes=tags,
            **more,
        )
    for _ in range(2):
        marks.caliper(
            canvas, s.g, s.g.uniform(0.2, 0.8, 2) * [width, height], s.g.uniform(0.2, 0.8, 2) * [width, height], GREEN
        )
    return Picture(canvas, quality=quality(s))


@layout("report", "us_dual", 12)
def dual(s):
    """Two images side by side, a list of colored labels and values at the left, inverse line at the foot."""
    width, height = size(s, (1024, 768), (1280, 800))
    picture = dark(height, width)
    half = int((width - 150) / 2)
    for index in range(2):
        part, inside = grounds.sector(s.g, int(height * 0.7), half, half_angle=0.6)
        lay(picture, part, inside, 150 + index * half, 70)
    if s.chance(0.6):
        grounds.flow(s.g, picture, (150 + half + half // 4, 220, half // 2, height // 4))
    canvas = Canvas(picture, classes=["layout:us_dual"])
    label, val = s.pen(s.random.uniform(8, 12), "sans bitmap"), None
    val = label
    y = 90
    for _ in range(11):
        text = s.item("us", True)[0].split(" ", 1)
        first = s.write(canvas, (text[0], False, "setting"), 8, y, label, s.random.choice([AMBER, CYAN]))
        if len(text) > 1 and first:
            s.write(canvas, (text[1], False, "setting"), 72, y, val, WHITE)
        y += label.cap * 2.3
    head = s.pen(s.random.uniform(11, 17))
    s.write(canvas, s.item("name"), 10, 26, head, WHITE)
    s.write(canvas, s.item("date"), width - 10, 26, head, WHITE, "right")
    s.write(canvas, s.item("id"), 10, 54, head, GRAY)
    s.write(canvas, s.item("institution"), width - 10, 54, head, GRAY, "right")
    foot = s.pen(s.random.uniform(10, 15))
    for index, item in enumerate([s.item("view", True), s.item("physician"), s.item("measurement", True)]):
        s.write(
            canvas,
            item,
            170 + index * width * 0.27,
            height - 24,
            foot,
            (0, 0, 0),
            effect="inverse",
            over=s.random.choice([WHITE, AMBER, (90, 160, 255)]),
        )
    for index in range(2):
        s.write(canvas, ("AB"[index], False, "label"), 160 + index * half, 92, head, GREEN)
        s.write(
            canvas,
            s.item("view", True),
            150 + half * (index + 0.5),
            height * 0.7,
            foot,
            WHITE,
            "center",
            effect=s.random.choice(["plain", "outline"]),
            classes=["over_speckle"],
        )
    return Picture(canvas, quality=quality(s))


@layout("report", "us_doppler", 14)
def doppler(s):
    """Color Doppler with a color bar and its numbers, and a spectrum with axes below."""
    width, height = size(s, (800, 600), (1016, 708))
    picture = dark(height, width)
    top = int(height * 0.58)
    part, inside = grounds.sector(s.g, top - 50, width, radius=top, half_angle=0.7)
    lay(picture, part, inside, 0, 50)
    grounds.flow(s.g, picture, (int(width * 0.35), int(top * 0.35), int(width * 0.3), int(top * 0.4)))
    strip = grounds.spectrum(s.g, height - top - 30, width - 90)
    picture[top : top + strip.shape[0], 40 : 40 + strip.shape[1]] = grounds.gray(strip)
    canvas = Canvas(picture, classes=["layout:us_doppler"])
    bar = grounds.velocity(np.linspace(1, -1, 140)[:, None])[:, 0]
    marks.bar(canvas, width - 30, 70, 14, 140, bar)
    axis = s.pen(s.random.uniform(7, 11), "sans bitmap stroke mono")
    for text, y in (("+38.5", 66), ("-38.5", 226), ("cm/s", 242)):
        s.write(canvas, (text, False, "axis"), width - 4, y, axis, WHITE, "right")
    numbers(s, canvas, width - 8, top + 14, (height - top - 60) / 4, 5, axis, GRAY, first=80, by=-40)
    marks.ruler(canvas, 40, height - 28, width - 90, 17, GRAY, vertical=False)
    pen = s.pen(s.random.uniform(9, 14))
    s.write(canvas, s.item("name"), 8, 20, pen, CYAN)
    s.write(canvas, s.item("institution"), width / 2, 20, pen, CYAN, "center")
    s.write(canvas, s.item("date"), width - 8, 20, pen, CYAN, "right")
    s.write(canvas, s.item("id"), 8, 44, pen, GRAY)
    column(s, canvas, settings(s, 7), 8, 74, pen.cap * 1.8, pen, GREEN)
    column(
        s,
        canvas,
        [s.item("measurement", True) for _ in range(3)],
        width * 0.6,
        top + 18,
        pen.cap * 1.9,
        pen,
        s.random.choice([WHITE, AMBER]),
        effect=s.random.choice(["plain", "panel", "outline"]),
    )
    s.write(
        canvas,
        s.item("view", True),
        width * 0.5,
        top * 0.55,
        s.pen(s.random.uniform(12, 20)),
        WHITE,
        "center",
        effect="outline",
        classes=["over_doppler"],
    )
    for index, kind in enumerate(["name", "id", "date"]):
        s.write(
            canvas,
            s.item(kind),
            width * 0.36,
            top * (0.45 + 0.09 * index * 1.2),
            s.pen(s.random.uniform(9, 18)),
            s.random.choice([WHITE, AMBER, CYAN]),
            effect=s.random.choice(["plain", "outline", "shadow"]),
            classes=["over_doppler"],
            gap=3,
        )
    marks.ecg(canvas, s.g, 40, height - 12, width - 90, 22, GREEN)
    return Picture(canvas, quality=quality(s))


@layout("report", "us_low_contrast", 24)
def low_contrast(s):
    """Faint text, from what a person just reads up to 45 levels, over speckle, in black borders, on gray."""
    width, height = size(s, (640, 480), (800, 600))
    kind = s.random.choice(["speckle", "gray", "border"])
    if kind == "speckle":
        picture = grounds.gray(grounds.linear(s.g, height, width)) * s.random.uniform(0.1, 0.5)
    else:
        picture = dark(height, width, s.random.randint(50, 150) if kind == "gray" else s.random.randint(0, 20))
        if kind == "border":
            part, inside = grounds.sector(s.g, height, width // 2)
            lay(picture, part, inside, width // 4, 0)
        picture += s.g.standard_normal(picture.shape[:2])[..., None] * s.random.uniform(0, 4)
    canvas = Canvas(picture, classes=["layout:us_low_contrast"])
    for y in range(30, height - 10, s.random.choice([34, 42])):
        for x in (12, width * 0.36, width * 0.7):
            pen = s.pen(s.random.uniform(9, 22))
            s.write(
                canvas,
                s.mixed(0.6),
                x,
                y,
                pen,
                contrast=s.random.uniform(9, 48) * s.random.choice([1, 1, 1, -1]),
                classes=[f"over_{kind}"],
                exact=False,
                gap=4,
            )
    return Picture(canvas, quality=s.random.randint(75, 95) if s.chance(0.3) else None)


@layout("report", "us_small", 20)
def small(s):
    """Text of 6 to 8 pixels, in borders and over speckle."""
    width, height = size(s, (512, 384), (640, 480), (800, 600))
    picture = dark(height, width)
    part, inside = grounds.sector(s.g, int(height * 0.9), int(width * 0.7))
    lay(picture, part, inside, int(width * 0.15), int(height * 0.08))
    canvas = Canvas(picture, classes=["layout:us_small"])
    for y in range(12, height - 4, s.random.choice([16, 22, 30])):
        for x, align in ((5, "left"), (width / 2, "center"), (width - 5, "right")):
            if s.chance(0.75 if align != "center" else 0.4):
                pen = s.pen(s.random.choice([6, 6, 7, 7, 8]), "sans mono bitmap")
                s.write(
                    canvas, s.mixed(0.5), x, y, pen, s.random.choice([WHITE, WHITE, GRAY, CYAN, AMBER]), align, gap=3
                )
    return Picture(canvas, quality=s.random.randint(70, 95) if s.chance(0.3) else None)


@layout("report", "us_large", 12)
def large(s):
    """Letters of 24 to 120 pixels, over tissue and in borders; some slanted."""
    width, height = size(s, (1024, 768), (800, 600))
    picture = dark(height, width)
    part, inside = grounds.sector(s.g, height, int(width * 0.8))
    lay(picture, part, inside, int(width * 0.1), 0)
    canvas = Canvas(picture, classes=["layout:us_large"])
    for _ in range(9):
        cap = 24 * 5 ** s.random.random()
        item = (
            s.mixed(0.4)
            if cap < 50
            else (s.random.choice(["L", "R", "A", "P", "M2", "IVC", "LV", "T3", "8"]), False, "label")
        )
        s.write(
            canvas,
            item,
            s.random.uniform(0.02, 0.7) * width,
            s.random.uniform(0.2, 0.95) * height,
            s.pen(cap, "sans serif stroke mono"),
            s.random.choice([WHITE, AMBER, GREEN]),
            effect=s.random.choice(["plain", "plain", "outline", "shadow"]),
            degrees=s.random.uniform(-40, 40) if s.chance(0.3) else 0.0,
            gap=6,
        )
    return Picture(canvas, quality=quality(s))


@layout("report", "us_grab", 18)
def grab(s):
    """A low-resolution video grab, scaled up with all its blur."""
    width, height = 352, 264
    picture = dark(height, width, 4)
    part, inside = grounds.sector(s.g, height - 24, int(width * 0.8))
    lay(picture, part, inside, int(width * 0.1), 22)
    canvas = Canvas(picture * s.random.uniform(0.6, 1), classes=["layout:us_grab", "upscaled"])
    pen = s.pen(s.random.uniform(6.5, 9), "bitmap sans stroke")
    gray = s.random.choice([WHITE, GRAY, AMBER])
    column(s, canvas, [s.item("name"), s.item("id")], 4, 12, pen.cap * 1.7, pen, gray)
    column(s, canvas, [s.item("date"), s.item("us", True)], width - 4, 12, pen.cap * 1.7, pen, gray, "right")
    column(s, canvas, settings(s, 5), 4, 70, pen.cap * 1.8, pen, gray)
    s.write(canvas, s.item("institution"), width / 2, height - 6, pen, gray, "center")
    s.write(canvas, s.item("view", True), width * 0.55, height * 0.7, pen, WHITE, classes=["over_speckle"])
    stretch(s, canvas, s.random.uniform(1.6, 2.5))
    return Picture(canvas, quality=quality(s, 0.6))


def stretch(s, canvas, factor):
    """Scales a canvas up, as a frame grabber does."""
    import cv2
    from .canvas import scale

    width, height = canvas.size
    how = s.random.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST])
    canvas.warp(scale(factor, factor), int(width * factor), int(height * factor), how)
    canvas.both(lambda picture: np.clip(picture, 0, 255, out=picture))
