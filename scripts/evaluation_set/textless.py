"""Pictures without a letter that look as if they had some. The kinds are the same in both splits, the seeds are not."""

import cv2
import numpy as np

from . import grounds, marks
from .canvas import Canvas
from .scribe import Picture, layout
from .ultrasound import AMBER, CYAN, GRAY, GREEN, WHITE, dark, lay


def ultrasound(s):
    """A sector with all its furniture and no numbers."""
    width, height = s.random.choice([(640, 480), (800, 600), (1024, 768)])
    picture = dark(height, width)
    part, inside = grounds.sector(s.g, height - 40, int(width * 0.8))
    lay(picture, part, inside, int(width * 0.1), 30)
    if s.chance(0.5):
        grounds.flow(s.g, picture, (int(width * 0.35), int(height * 0.35), int(width * 0.3), int(height * 0.3)))
    canvas = Canvas(picture)
    marks.ruler(canvas, width * 0.94, 40, height - 60, s.random.randint(8, 20), GRAY)
    marks.ruler(canvas, width * 0.1, height - 12, width * 0.8, s.random.randint(8, 20), GRAY, vertical=False)
    marks.bar(canvas, 12, 60, 14, 160)
    marks.bar(canvas, width - 26, 60, 14, 160, grounds.velocity(np.linspace(1, -1, 160)[:, None])[:, 0])
    marks.probe_mark(canvas, int(width * 0.45), 12, CYAN)
    marks.body_mark(canvas, 40, height - 50, GREEN)
    for _ in range(s.random.randint(1, 4)):
        marks.caliper(
            canvas,
            s.g,
            s.g.uniform(0.25, 0.75, 2) * [width, height],
            s.g.uniform(0.25, 0.75, 2) * [width, height],
            s.random.choice([GREEN, AMBER, WHITE]),
        )
    marks.arrow(canvas, (width * 0.3, height * 0.6), (width * 0.4, height * 0.5), WHITE)
    if s.chance(0.6):
        marks.ecg(canvas, s.g, 20, height - 26, width - 60, 24, GREEN)
    return Picture(canvas)


def doppler(s):
    """Spectral and color Doppler with axes of ticks alone."""
    width, height = 800, 600
    picture = dark(height, width)
    part, inside = grounds.sector(s.g, 300, width, radius=330)
    lay(picture, part, inside)
    grounds.flow(s.g, picture, (int(width * 0.3), 80, int(width * 0.4), 180))
    picture[320:580, 40:760] = grounds.gray(grounds.spectrum(s.g, 260, 720))
    canvas = Canvas(picture)
    marks.ruler(canvas, 765, 320, 260, 20, GRAY)
    marks.ruler(canvas, 40, 584, 720, 24, GRAY, vertical=False)
    marks.ecg(canvas, s.g, 40, 590, 720, 18, GREEN)
    return Picture(canvas)


def ecg_paper(s):
    """Heart traces on a grid, as screenshots and as scanned pages."""
    width, height = 900, 650
    canvas = Canvas(grounds.gray(grounds.paper(s.g, height, width)))
    marks.grid(canvas, 10, 10, 88, 63, 10, (245, 205, 205))
    marks.grid(canvas, 10, 10, 17, 12, 50, (235, 160, 160))
    for row in range(4):
        marks.ecg(canvas, s.g, 20, 130 + row * 150, 850, 70, (20, 20, 30), s.random.choice([1, 2]))
    return Picture(canvas, "OT")


def bone(s):
    """Trabeculae and a step wedge in a radiograph."""
    width, height = 800, 1000
    picture = grounds.radiograph(s.g, height, width)
    fine = cv2.GaussianBlur(s.g.standard_normal((height, width)).astype(np.float32), (0, 0), 3, sigmaY=1.2)
    picture = np.clip(picture + 0.12 * np.abs(fine) / fine.std() * (picture > 0.3), 0, 1)
    canvas = Canvas(picture[..., None] * 4095, top=4095)
    for step in range(10):
        marks.box(canvas, width - 60, 100 + step * 40, 50, 40, None, 20 + step * 23)
    marks.ruler(canvas, 20, 80, 800, 20, 230)
    return Picture(canvas, "DX", 12, (2000, 3500), inverted=s.chance(0.3))


def cross_section(s):
    """CT and MR without annotation, with a scale and a grid of points."""
    canvas = Canvas(grounds.slice_of_body(s.g, 512, 512)[..., None] * 255)
    marks.ruler(canvas, 490, 150, 200, 20, 220)
    for x in range(60, 500, 80):
        marks.rule(canvas, (x - 3, 470), (x + 3, 470), 200)
    return Picture(canvas, s.random.choice(["CT", "MR"]))


def empty_form(s):
    """A page with boxes, rules and shading but no text."""
    canvas = Canvas(grounds.gray(grounds.paper(s.g, 1000, 780)))
    for _ in range(12):
        marks.box(
            canvas,
            s.random.randint(40, 400),
            s.random.randint(40, 900),
            s.random.randint(60, 320),
            s.random.randint(14, 60),
            (90, 90, 90),
        )
    for y in range(500, 900, 34):
        marks.rule(canvas, (60, y), (720, y), (150, 150, 150))
    return Picture(canvas, "OT", quality=s.random.choice([None, 70]))


def fluoro(s):
    """Fluoroscopy and endoscopy without text."""
    if s.chance(0.5):
        return Picture(Canvas(grounds.fluoroscopy(s.g, 640, 640)[..., None] * 255), "XA")
    return Picture(Canvas(grounds.endoscopy(s.g, 576, 720, (400, 288), 260)), "ES", quality=s.random.choice([None, 80]))


def test_pattern(s):
    """Gray bars, line pairs and checkers."""
    picture = np.zeros((640, 640, 1), np.float32)
    picture[:120] = np.repeat(np.linspace(0, 255, 16), 40)[None, :, None]
    for index, step in enumerate((2, 3, 4, 6, 8, 12)):
        x = 20 + index * 100
        picture[160:300, x : x + 80] = (np.arange(80) // step % 2 * 255)[None, :, None]
        picture[320:460, x : x + 80] = ((np.arange(80)[None] // step + np.arange(140)[:, None] // step) % 2 * 255)[
            ..., None
        ]
    canvas = Canvas(picture)
    marks.grid(canvas, 20, 490, 30, 6, 20, 180)
    return Picture(canvas, "OT")


KINDS = [
    (ultrasound, 22, 12),
    (doppler, 10, 5),
    (ecg_paper, 6, 3),
    (bone, 8, 4),
    (cross_section, 8, 4),
    (empty_form, 6, 3),
    (fluoro, 8, 4),
    (test_pattern, 2, 1),
]


def without_text(draw, name):
    """Names the kind in the class, which goes into the note of the truth."""

    def drawn(s):
        picture = draw(s)
        picture.canvas.classes = [f"layout:{name}"]
        return picture

    return drawn


for kind, in_report, in_tune in KINDS:
    layout("report", f"without_{kind.__name__}", in_report)(without_text(kind, f"without_{kind.__name__}"))
    layout("tune", f"tune_without_{kind.__name__}", in_tune)(without_text(kind, f"tune_without_{kind.__name__}"))
