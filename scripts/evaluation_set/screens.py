"""Layouts of screenshots, dose tables, endoscopy, and of other scripts, single characters and text at the border."""

import numpy as np

from . import grounds, marks, words
from .canvas import Canvas
from .scribe import Picture, layout
from .ultrasound import AMBER, CYAN, GRAY, GREEN, WHITE, column, dark, lay, quality

BLACK = (0, 0, 0)


def table(s, canvas, x, y, widths, rows, pen, ink, lines=None):
    """Writes rows of items into columns."""
    pitch = pen.cap * s.random.uniform(2, 2.6)
    for index, row in enumerate(rows):
        at = x
        for item, width in zip(row, widths):
            if item:
                s.write(canvas, item, at + 4, y + index * pitch, pen, ink)
            at += width
        if lines is not None:
            marks.rule(
                canvas,
                (x, y + index * pitch + pen.cap * 0.7),
                (x + sum(widths), y + index * pitch + pen.cap * 0.7),
                lines,
            )
    return y + len(rows) * pitch


def dose_rows(s, count):
    """Rows of a dose table."""

    def number(text):
        return (text, False, "dose")

    rows = [[number(text) for text in ("Scan", "kV", "mAs", "ref.", "CTDIvol", "DLP")]]
    for _ in range(count):
        rows.append(
            [
                s.item("dose", True),
                number(s.random.choice(["80", "100", "120", "140"])),
                number(str(s.random.randint(15, 320))),
                number(str(s.random.randint(40, 250))),
                number(f"{s.random.uniform(0.1, 40):.2f}"),
                number(f"{s.random.uniform(2, 900):.1f}"),
            ]
        )
    return rows


@layout("report", "screen_dose", 10)
def dose(s):
    """A CT dose sheet, light on dark or dark on light."""
    width = height = s.random.choice([512, 640, 800])
    tone, ink = s.random.choice([(0, WHITE), (0, (230, 230, 120)), (235, BLACK), (40, (200, 220, 255))])
    canvas = Canvas(dark(height, width, tone), classes=["layout:screen_dose", "screenshot"])
    pen = s.pen(s.random.uniform(8.8, 12), "sans mono bitmap")
    column(
        s,
        canvas,
        [
            s.item("name"),
            s.item("id"),
            s.item("date"),
            s.item("institution"),
            ("Total mAs 1420   Total DLP 611 mGy*cm", False, "dose"),
        ],
        12,
        24,
        pen.cap * 2,
        pen,
        ink,
    )
    unit = width / 7.2
    table(
        s,
        canvas,
        12,
        60 + pen.cap * 9,
        [unit * 1.7, unit * 0.8, unit, unit, unit * 1.2, unit],
        dose_rows(s, 8),
        pen,
        ink,
        s.random.choice([None, (120, 120, 120)]),
    )
    return Picture(canvas, "CT", quality=quality(s, 0.3))


@layout("report", "screen_worklist", 8)
def worklist(s):
    """A window with a title bar, a menu, a worklist of several people and a dialog."""
    width, height = s.random.choice([(1280, 800), (1024, 768)])
    light = s.chance(0.6)
    canvas = Canvas(dark(height, width, 232 if light else 45), classes=["layout:screen_worklist", "screenshot"])
    ink = (20, 20, 20) if light else (225, 225, 225)
    pen = s.pen(s.random.uniform(8.8, 11), "sans")
    marks.box(canvas, 0, 0, width, 30, None, s.random.choice([(40, 90, 160), (60, 60, 70)]))
    s.write(canvas, (f"Viewer - {words.name(s.random, s.who)} [{s.who.number}]", True, "name"), 10, 21, pen, WHITE)
    for index, text in enumerate(("File", "View", "Tools", "Layout", "Help")):
        s.write(canvas, (text, False, "menu"), 12 + index * 70, 50, pen, ink)
    rows = []
    for index in range(14):
        other = words.person(s.random, s.split)
        rows.append(
            [
                (words.name(s.random, other), True, "name"),
                (other.number, True, "id"),
                (words.date(s.random, other.birth), True, "date"),
                (s.random.choice(["US", "CT", "MR", "DX"]), False, "label"),
                (words.date(s.random, other.date), True, "date"),
                s.item("view", True),
            ]
        )
    marks.box(canvas, 8, 66, width - 16, height - 90, (150, 150, 150), (250, 250, 250) if light else (30, 30, 30))
    unit = width / 9
    pitch_end = table(
        s,
        canvas,
        14,
        92,
        [unit * 2.2, unit * 1.2, unit * 1.3, unit * 0.6, unit * 1.4, unit * 1.8],
        rows,
        pen,
        ink,
        (205, 205, 205) if light else (60, 60, 60),
    )
    if pitch_end < height - 160:
        marks.box(canvas, width * 0.3, height - 150, 420, 120, (90, 90, 90), (240, 240, 235))
        s.write(
            canvas,
            (f"Close study of {words.name(s.random, s.who)}?", True, "name"),
            width * 0.3 + 20,
            height - 110,
            pen,
            BLACK,
        )
        for x, text in ((60, "Yes"), (160, "No"), (250, "Cancel")):
            s.write(canvas, (text, False, "menu"), width * 0.3 + x, height - 55, pen, BLACK)
    return Picture(canvas, "OT", quality=quality(s, 0.3))


@layout("report", "endoscopy_side", 12)
def endoscopy(s):
    """An endoscopic picture in a window at the right, text in a column at the left and over the picture."""
    width, height = s.random.choice([(720, 576), (640, 480), (1280, 1024)])
    picture = grounds.endoscopy(s.g, height, width, (width * 0.62, height * 0.5), height * 0.46)
    canvas = Canvas(picture, classes=["layout:endoscopy_side", "endoscopy"])
    pen = s.pen(s.random.uniform(10, 19), "sans mono bitmap stroke")
    color = s.random.choice([WHITE, AMBER, CYAN, GREEN])
    items = [
        s.item("name"),
        s.item("id"),
        s.item("age"),
        s.item("date"),
        (words.clock(s.who.time), True, "time"),
        s.item("physician"),
        ("Cr:N En:A3 Ce:0", False, "setting"),
        s.item("institution"),
    ]
    column(s, canvas, items, 10, 40, pen.cap * 2.4, pen, color)
    for _ in range(2):
        s.write(
            canvas,
            s.random.choice([("Antrum", False, "label"), ("Polyp 4 mm", False, "label"), s.item("name")]),
            s.random.uniform(0.45, 0.65) * width,
            s.random.uniform(0.25, 0.8) * height,
            s.pen(s.random.uniform(12, 22)),
            WHITE,
            effect=s.random.choice(["plain", "outline", "shadow"]),
            classes=["over_color"],
        )
    return Picture(canvas, "ES", quality=quality(s, 0.6))


@layout("report", "scripts", 24)
def scripts(s):
    """Lines in other scripts over an ultrasound sector, in borders and in a pale panel."""
    width, height = s.random.choice([(800, 600), (1024, 768)])
    picture = dark(height, width)
    part, inside = grounds.sector(s.g, height, int(width * 0.6))
    lay(picture, part, inside, int(width * 0.2), 0)
    canvas = Canvas(picture, classes=["layout:scripts", "other_script"])
    if s.chance(0.5):
        marks.box(canvas, 0, height - 130, width, 130, None, s.random.choice([(225, 225, 220), (40, 60, 110)]))
    script = sorted(words.SCRIPTS[s.split])[s.number % len(words.SCRIPTS[s.split])]
    items = words.SCRIPTS[s.split][script]
    places = [
        (x, y, align)
        for y in range(40, height - 20, 58)
        for x, align in ((14, "left"), (width - 14, "right"), (width * 0.5, "center"))
    ]
    s.random.shuffle(places)
    for x, y, align in places[:16]:
        pen = s.pen(s.random.uniform(10, 26), script, True)
        s.write(
            canvas,
            s.random.choice(items),
            x,
            y,
            pen,
            s.random.choice([WHITE, WHITE, AMBER, CYAN]),
            align,
            effect=s.random.choice(["plain", "plain", "outline", "shadow"]),
            classes=[f"script:{script}"],
            gap=4,
        )
    latin = s.pen(s.random.uniform(10, 15), "sans")
    s.write(canvas, s.item("date"), width * 0.5, height - 8, latin, WHITE, "center", gap=3)
    return Picture(canvas, quality=quality(s))


@layout("report", "diacritics", 6)
def diacritics(s):
    """Accented names of many languages, large and small, on gray, black and tissue."""
    width, height = 800, 600
    picture = grounds.gray(grounds.linear(s.g, height, width)) * 0.6
    picture[:, : width // 2] = s.random.choice([0, 0, 70, 235])
    canvas = Canvas(picture, classes=["layout:diacritics", "diacritics"])
    names = list(words.PEOPLE[s.split]["accented"])
    s.random.shuffle(names)
    for index, text in enumerate(names):
        text = s.random.choice([text, text.upper(), " ".join(text.split(", ")[::-1])])
        pen = s.pen(s.random.uniform(9, 24), "sans mono serif", True)
        s.write(
            canvas,
            (text, True, "name"),
            16 + (index % 2) * width * 0.5,
            50 + (index // 2) * 90,
            pen,
            s.random.choice([WHITE, AMBER]),
            gap=4,
        )
    return Picture(canvas, quality=quality(s))


@layout("report", "single_characters", 12)
def single(s):
    """Single letters and digits, far from each other, of 8 to 60 pixels, on black, tissue and beside ticks."""
    width, height = s.random.choice([(640, 480), (800, 600)])
    picture = dark(height, width)
    part, inside = grounds.sector(s.g, height, int(width * 0.7))
    lay(picture, part, inside, int(width * 0.3), 0)
    canvas = Canvas(picture, classes=["layout:single_characters"])
    marks.ruler(canvas, 40, 20, height - 40, 18, GRAY)
    for _ in range(20):
        text = s.random.choice(list("LRAPSIVMTBFHXDEJ1234567890"))
        pen = s.pen(8 * 7.5 ** s.random.random())
        s.write(
            canvas,
            (text, False, "marker"),
            s.random.uniform(0.01, 0.95) * width,
            s.random.uniform(0.06, 0.98) * height,
            pen,
            s.random.choice([WHITE, WHITE, AMBER, GREEN]),
            effect=s.random.choice(["plain", "plain", "outline"]),
            gap=14,
        )
    return Picture(canvas, quality=quality(s, 0.3))


@layout("report", "border", 12)
def border(s):
    """Text that touches the border of the picture, on all sides, partly cut by it."""
    width, height = s.random.choice([(640, 480), (512, 512), (800, 600)])
    picture = grounds.gray(grounds.linear(s.g, height, width)) * s.random.choice([0.25, 0.7])
    canvas = Canvas(picture, classes=["layout:border", "touches_border"])
    pen = s.pen(s.random.uniform(9, 20))
    color = s.random.choice([WHITE, AMBER, CYAN])
    for y in np.arange(pen.cap, height, pen.cap * 4.5):
        s.write(canvas, s.mixed(0.6), 0, y, pen, color, gap=3)
        s.write(canvas, s.mixed(0.6), width + s.random.choice([0, 0, pen.cap * 0.3]), y, pen, color, "right", gap=3)
    for item, y in (
        (s.item("name"), pen.cap - s.random.choice([0, 1, 2])),
        (s.item("institution"), height + s.random.choice([0, 1, 2])),
    ):
        s.write(canvas, item, width / 2, y, pen, color, "center", gap=3)
    return Picture(canvas, quality=quality(s, 0.4))


@layout("tune", "tune_screen", 10)
def tune_screen(s):
    """A settings dialog and a small dose table."""
    width, height = 900, 640
    light = s.chance(0.5)
    canvas = Canvas(dark(height, width, 240 if light else 30), classes=["layout:tune_screen", "screenshot"])
    pen, ink = s.pen(s.random.uniform(8.8, 12), "sans mono"), BLACK if light else WHITE
    for index in range(8):
        s.write(canvas, s.item("us", True), 40, 60 + index * 44, pen, ink)
        marks.box(canvas, 240, 44 + index * 44, 150, 24, (130, 130, 130))
        s.write(canvas, s.mixed(0.7), 246, 62 + index * 44, pen, ink)
    table(s, canvas, 450, 80, [130, 50, 60, 60, 70, 60], dose_rows(s, 7), pen, ink)
    s.write(canvas, s.item("name"), 40, 610, pen, ink)
    s.write(canvas, s.item("date"), 860, 610, pen, ink, "right")
    return Picture(canvas, "OT", quality=quality(s, 0.3))


@layout("tune", "tune_endoscopy", 8)
def tune_endoscopy(s):
    """A round endoscopic picture with lines on top and at the foot."""
    width, height = 640, 512
    canvas = Canvas(
        grounds.endoscopy(s.g, height, width, (width / 2, height / 2), height * 0.44),
        classes=["layout:tune_endoscopy", "endoscopy"],
    )
    pen = s.pen(s.random.uniform(10, 18))
    for item, x, y, align in (
        (s.item("name"), 8, 24, "left"),
        (s.item("date"), width - 8, 24, "right"),
        (s.item("id"), 8, height - 10, "left"),
        (s.item("institution"), width - 8, height - 10, "right"),
        (("Colon asc.", False, "label"), width / 2, height * 0.7, "center"),
    ):
        s.write(canvas, item, x, y, pen, WHITE, align, effect="outline" if align == "center" else "plain")
    return Picture(canvas, "ES", quality=quality(s, 0.6))


@layout("tune", "tune_scripts", 14)
def tune_scripts(s):
    """A linear image with a list in another script at its left, light on dark or dark on light, and two titles."""
    width, height = 900, 640
    light = s.chance(0.4)
    picture = dark(height, width, 228 if light else s.random.choice([0, 24]))
    picture[80:560, 330:870] = grounds.gray(grounds.linear(s.g, 480, 540))
    canvas = Canvas(picture, classes=["layout:tune_scripts", "other_script"])
    script = sorted(words.SCRIPTS[s.split])[s.number % len(words.SCRIPTS[s.split])]
    items = words.SCRIPTS[s.split][script]
    for index in range(9):
        pen = s.pen(s.random.uniform(10, 22), script, True)
        s.write(
            canvas,
            s.random.choice(items),
            16,
            60 + index * 60,
            pen,
            BLACK if light else WHITE,
            classes=[f"script:{script}"],
            gap=4,
        )
    for x, y in ((600, 50), (600, 610), (600, 300)):
        pen = s.pen(s.random.uniform(14, 28), script, True)
        s.write(
            canvas,
            s.random.choice(items),
            x,
            y,
            pen,
            WHITE,
            "center",
            effect="outline",
            classes=[f"script:{script}"],
            gap=4,
        )
    return Picture(canvas, quality=quality(s))
