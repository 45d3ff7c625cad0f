"""What devices draw that looks like text and is none. Drawn on the picture and on the one without letters alike."""

import cv2
import numpy as np


def ruler(canvas, x, y, length, step, color, vertical=True, ticks=(3, 7), every=5):
    """A scale of ticks without numbers."""

    def draw(picture):
        for index, at in enumerate(np.arange(0, length, step)):
            size = ticks[1] if index % every == 0 else ticks[0]
            first = (int(x), int(y + at)) if vertical else (int(x + at), int(y))
            last = (int(x + size), int(y + at)) if vertical else (int(x + at), int(y + size))
            cv2.line(picture, first, last, value(canvas, color), 1)

    canvas.both(draw)


def grid(canvas, x, y, columns, rows, step, color):
    """A graph grid."""

    def draw(picture):
        for i in range(columns + 1):
            cv2.line(
                picture, (int(x + i * step), y), (int(x + i * step), int(y + rows * step)), value(canvas, color), 1
            )
        for i in range(rows + 1):
            cv2.line(
                picture, (x, int(y + i * step)), (int(x + columns * step), int(y + i * step)), value(canvas, color), 1
            )

    canvas.both(draw)


def ecg(canvas, g, x, y, width, height, color, thickness=1):
    """A heart trace."""
    at = np.arange(width)
    period = g.uniform(50, 130)
    phase = at % period / period
    wave = (
        0.12 * np.exp(-(((phase - 0.2) / 0.03) ** 2))
        - 0.1 * np.exp(-(((phase - 0.33) / 0.012) ** 2))
        + np.exp(-(((phase - 0.36) / 0.013) ** 2))
        - 0.2 * np.exp(-(((phase - 0.39) / 0.014) ** 2))
        + 0.25 * np.exp(-(((phase - 0.62) / 0.06) ** 2))
    )
    points = np.stack([x + at, y - wave * height + g.standard_normal(width) * 0.3], 1).astype(np.int32)
    canvas.both(lambda picture: cv2.polylines(picture, [points], False, value(canvas, color), thickness))


def caliper(canvas, g, start, end, color):
    """Two crosses and a dotted line between them."""
    size = int(g.integers(4, 9))
    kind = int(g.choice([cv2.MARKER_CROSS, cv2.MARKER_TILTED_CROSS]))

    def draw(picture):
        for point in (start, end):
            cv2.drawMarker(picture, tuple(int(v) for v in point), value(canvas, color), kind, size * 2, 1)
        for part in np.linspace(0, 1, max(3, int(np.hypot(end[0] - start[0], end[1] - start[1]) / 7)))[1:-1]:
            point = np.array(start) * (1 - part) + np.array(end) * part
            cv2.circle(picture, tuple(int(v) for v in point), 0, value(canvas, color), -1)

    canvas.both(draw)


def bar(canvas, x, y, width, height, colors=None):
    """A gray bar, or a color bar of `height` × 3 values."""
    ramp = np.linspace(255, 0, height)[:, None] if colors is None else colors

    def draw(picture):
        area = picture[y : y + height, x : x + width]
        shown = np.stack([canvas.value(tone) for tone in ramp])
        area[:] = shown[: area.shape[0], None]

    canvas.both(draw)


def box(canvas, x, y, width, height, color, fill=None):
    """A frame, or a filled box."""

    def draw(picture):
        if fill is not None:
            cv2.rectangle(picture, (int(x), int(y)), (int(x + width), int(y + height)), value(canvas, fill), -1)
        if color is not None:
            cv2.rectangle(picture, (int(x), int(y)), (int(x + width), int(y + height)), value(canvas, color), 1)

    canvas.both(draw)


def rule(canvas, start, end, color, thickness=1):
    """A straight line."""
    canvas.both(
        lambda picture: cv2.line(picture, tuple(map(int, start)), tuple(map(int, end)), value(canvas, color), thickness)
    )


def arrow(canvas, start, end, color):
    """A thin arrow."""
    canvas.both(
        lambda picture: cv2.arrowedLine(
            picture, tuple(map(int, start)), tuple(map(int, end)), value(canvas, color), 1, tipLength=0.3
        )
    )


def probe_mark(canvas, x, y, color):
    """The dot or triangle that shows the side of the probe."""
    points = np.array([[x, y], [x + 9, y + 4], [x, y + 9]], np.int32)
    canvas.both(lambda picture: cv2.fillPoly(picture, [points], value(canvas, color)))


def body_mark(canvas, x, y, color):
    """A small outline of a body with the probe's place."""

    def draw(picture):
        tone = value(canvas, color)
        cv2.ellipse(picture, (x, y), (13, 20), 0, 0, 360, tone, 1)
        cv2.ellipse(picture, (x, y - 27), (6, 7), 0, 0, 360, tone, 1)
        cv2.line(picture, (x - 8, y + 4), (x + 2, y - 6), tone, 3)

    canvas.both(draw)


def value(canvas, color):
    """The color as OpenCV takes it."""
    return tuple(float(v) for v in canvas.value(color))
