"""A layout of ultrasound pictures whose text stands on its side or its head."""

from . import grounds
from .canvas import Canvas
from .scribe import Picture, layout
from .ultrasound import AMBER, CYAN, WHITE, quality, size


@layout("report", "us_turned", 8)
def us_turned(s):
    """Text turned by a quarter up and down both sides, upside down, and slanted over tissue."""
    width, height = size(s, (640, 480), (800, 600))
    canvas = Canvas(
        grounds.gray(grounds.linear(s.g, height, width)) * s.random.uniform(0.2, 0.8), classes=["layout:us_turned"]
    )
    pen = s.pen(s.random.uniform(9, 18))
    pitch, effect = pen.cap * 2.3, s.random.choice(["plain", "outline", "shadow"])
    for index in range(3):
        s.write(
            canvas,
            s.mixed(0.6),
            8 + index * pitch,
            height - 12,
            pen,
            s.random.choice([WHITE, AMBER]),
            turns=1,
            effect=effect,
            gap=3,
        )
        s.write(
            canvas,
            s.mixed(0.6),
            width - (index + 1) * pitch,
            12,
            pen,
            s.random.choice([WHITE, CYAN]),
            turns=3,
            effect=effect,
            gap=3,
        )
        s.write(
            canvas, s.mixed(0.6), width * 0.35, height - 12 - index * pitch, pen, WHITE, turns=2, effect=effect, gap=3
        )
    for _ in range(5):
        degrees = s.random.choice([-1, 1]) * s.random.uniform(4, 80)
        x, y = s.random.uniform(0.2, 0.6) * width, s.random.uniform(0.2, 0.8) * height
        s.write(
            canvas, s.mixed(0.5), x, y, s.pen(s.random.uniform(10, 22)), WHITE, degrees=degrees, effect=effect, gap=5
        )
    return Picture(canvas, quality=quality(s, 0.3))
