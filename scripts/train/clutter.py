"""Graphics that look like text and are none: rulers, grids, ECG, calipers, bars, arrows, dotted arcs, icons.

Every function paints one thing in place, at a place by lot, in the color given.
"""

from collections.abc import Callable

import cv2
import numpy as np

from chance import Chance

Painter = Callable[[Chance, np.ndarray, tuple[int, int], list[float]], None]
Point = tuple[int, int]
Paint = list[float]

CALIPERS = (cv2.MARKER_CROSS, cv2.MARKER_TILTED_CROSS, cv2.MARKER_TRIANGLE_DOWN, cv2.MARKER_DIAMOND)


def line(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    height, width = picture.shape[:2]
    cv2.line(picture, at, (chance.whole(0, width - 1), chance.whole(0, height - 1)), color, chance.whole(1, 2))


def rectangle(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    corner = (at[0] + chance.whole(6, 149), at[1] + chance.whole(6, 99))
    cv2.rectangle(picture, at, corner, color, chance.pick([1, 2, -1]))


def ruler(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    step, length, every = chance.number(4, 40), chance.whole(2, 8), chance.pick([2, 5, 10])
    lying, x, y = chance.happens(0.4), *at
    for index in range(chance.whole(5, 39)):
        tick, offset = length * (2 if index % every == 0 else 1), int(index * step)
        start = (x + offset, y) if lying else (x, y + offset)
        end = (x + offset, y + tick) if lying else (x + tick, y + offset)
        cv2.line(picture, start, end, color, 1)


def dot_scale(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    """Depth dots down the side, each fifth one bigger or doubled."""
    step, every, x, y = chance.number(5, 30), chance.pick([5, 10]), *at
    size = chance.whole(0, 1)
    for index in range(chance.whole(8, 39)):
        center = (x, y + int(index * step))
        if index % every:
            cv2.circle(picture, center, size, color, -1)
        else:
            cv2.rectangle(picture, center, (center[0] + chance.whole(1, 5), center[1] + 1), color, -1)


def calipers(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    """One or two measuring marks, maybe joined by dots."""
    marker, size = chance.pick(CALIPERS), chance.whole(5, 15)
    end = (at[0] + chance.whole(-120, 119), at[1] + chance.whole(-80, 79))
    cv2.drawMarker(picture, at, color, marker, size, 1)
    if chance.happens(0.65):
        cv2.drawMarker(picture, end, color, marker, size, 1)
        count = max(2, int(np.hypot(end[0] - at[0], end[1] - at[1]) / 6))
        for share in np.linspace(0.08, 0.92, count):
            dot = (int(at[0] + (end[0] - at[0]) * share), int(at[1] + (end[1] - at[1]) * share))
            cv2.circle(picture, dot, 0, color, -1)


def ellipse_of_dots(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    """A measured outline."""
    reach = (chance.number(8, 80), chance.number(8, 80))
    for angle in np.arange(0, 2 * np.pi, 5 / max(reach)):
        dot = (int(at[0] + reach[0] * np.cos(angle)), int(at[1] + reach[1] * np.sin(angle)))
        cv2.circle(picture, dot, 0, color, -1)


def ecg(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    """A trace with P, QRS and T."""
    width = picture.shape[1]
    xs = np.arange(at[0] % 40, min(width, at[0] + chance.whole(60, 319)))
    if len(xs) < 2:
        return
    period, height, narrow = chance.number(30, 110), chance.number(8, 45), chance.number(1.0, 3.5)
    phase = xs % period - period / 2
    beat = np.exp(-((phase / narrow) ** 2)) - chance.number(0, 0.4) * np.exp(-(((phase - 2 * narrow) / narrow) ** 2))
    beat += chance.number(0, 0.3) * np.exp(-(((phase - period * 0.25) / (period * 0.06)) ** 2))
    beat += chance.number(0, 0.15) * np.exp(-(((phase + period * 0.18) / (period * 0.04)) ** 2))
    wander = np.cumsum(chance.normal(len(xs))) * 0.3
    ys = at[1] + wander - height * beat * chance.pick([1, 1, 1, -1])
    thickness = chance.pick([1, 1, 2])
    cv2.polylines(picture, [np.stack([xs, ys], axis=1).astype(np.int32)], False, color, thickness, chance.pick([8, 16]))


def gray_bar(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    width, height, (x, y) = chance.whole(5, 19), chance.whole(40, 219), at
    shades = np.linspace(255, 0, height)[:, None, None] * np.ones((1, 1, 3))
    if chance.happens(0.3):
        shades = shades * (np.array(color) / 255)
    if chance.happens(0.25):  # in steps
        shades = np.round(shades / 32) * 32
    target = picture[y : y + height, x : x + width]
    target[:] = shades[: len(target)]


def arc(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    axes = (chance.whole(4, 119), chance.whole(4, 119))
    cv2.ellipse(picture, at, axes, chance.number(0, 180), 0, chance.pick([360, 180, 120]), color, 1)


def table(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    step_x, step_y = chance.whole(8, 59), chance.whole(8, 39)
    columns, rows, (x, y) = chance.whole(2, 7), chance.whole(2, 7), at
    for index in range(columns + 1):
        cv2.line(picture, (x + index * step_x, y), (x + index * step_x, y + rows * step_y), color, 1)
    for index in range(rows + 1):
        cv2.line(picture, (x, y + index * step_y), (x + columns * step_x, y + index * step_y), color, 1)


def chart_paper(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    """The fine and coarse lines of ECG paper over the whole picture or its lower part."""
    step, shade = chance.whole(4, 9), np.array(color) * chance.number(0.2, 0.6)
    top = at[1] if chance.happens(0.5) else 0
    for offset in range(0, max(picture.shape[:2]), step):
        value = (shade * (1.0 if offset % (5 * step) == 0 else 0.5)).tolist()
        if top + offset < picture.shape[0]:
            picture[top + offset, :] = np.maximum(picture[top + offset, :], value)
        if offset < picture.shape[1]:
            picture[top:, offset] = np.maximum(picture[top:, offset], value)


def arrow(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    end = (at[0] + chance.whole(-40, 39), at[1] + chance.whole(-40, 39))
    cv2.arrowedLine(picture, at, end, color, chance.pick([1, 2, 3]), tipLength=0.35)


def dotted_arc(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    radius, angle = chance.number(60, 400), chance.number(0, 6.28)
    step, size = chance.number(5, 20) / radius, chance.whole(0, 1)
    for _ in range(chance.whole(5, 39)):
        cv2.circle(picture, (int(at[0] + radius * np.cos(angle)), int(at[1] + radius * np.sin(angle))), size, color, -1)
        angle += step


def sector_edge(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    """The two sides and the arc of a fan, with ticks along one side."""
    reach, middle, half = chance.number(80, 400), np.pi / 2 + chance.number(-0.2, 0.2), chance.number(0.3, 0.8)
    apex = np.array(at, float) - [0, chance.number(0, 0.8) * reach]
    ends = [apex + reach * np.array([np.cos(middle + turn), np.sin(middle + turn)]) for turn in (-half, half)]
    for end in ends:
        cv2.line(picture, tuple(apex.astype(int).tolist()), tuple(end.astype(int).tolist()), color, 1)
    degrees = np.degrees([middle - half, middle + half])
    cv2.ellipse(picture, tuple(apex.astype(int).tolist()), (int(reach), int(reach)), 0, *degrees.tolist(), color, 1)
    if chance.happens(0.5):
        along = (ends[0] - apex) / reach
        across = np.array([-along[1], along[0]]) * chance.whole(2, 6)
        for distance in np.arange(0, reach, chance.number(8, 30)):
            tick = apex + along * distance
            cv2.line(picture, tuple(tick.astype(int).tolist()), tuple((tick + across).astype(int).tolist()), color, 1)


def icon(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    for _ in range(chance.whole(1, 3)):
        size = chance.whole(4, 23)
        points = [
            [at[0] + chance.whole(-size, size), at[1] + chance.whole(-size, size)] for _ in range(chance.whole(3, 6))
        ]
        cv2.polylines(picture, [np.array(points, np.int32)], chance.happens(0.5), color, chance.pick([1, 2]))


def body_mark(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    """An outline of a body or a breast with the probe's bar on it."""
    wide, high = chance.whole(10, 40), chance.whole(12, 60)
    cv2.ellipse(picture, at, (wide, high), 0, 0, 360, color, 1)
    if chance.happens(0.6):
        cv2.ellipse(picture, (at[0], at[1] - high - wide // 2), (wide // 2, wide // 2), 0, 0, 360, color, 1)
    spot = (at[0] + chance.whole(-wide, wide), at[1] + chance.whole(-high, high))
    cv2.line(
        picture, spot, (spot[0] + chance.whole(-12, 12), spot[1] + chance.whole(-12, 12)), color, chance.whole(1, 3)
    )


def wedge(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    points = [[at[0] + chance.whole(-14, 14), at[1] + chance.whole(-14, 14)] for _ in range(4)]
    cv2.fillConvexPoly(picture, cv2.convexHull(np.array(points, np.int32)), color)


def strokes(chance: Chance, picture: np.ndarray, at: Point, color: Paint) -> None:
    """Repeated strokes, no letters."""
    step, (x, y) = chance.whole(3, 8), at
    for index in range(chance.whole(3, 19)):
        end = (x + index * step + chance.whole(-2, 2), y + chance.whole(3, 19))
        cv2.line(picture, (x + index * step, y), end, color, 1)


PAINTERS: dict[Painter, float] = {
    **{line: 1, rectangle: 1, ruler: 1.2, dot_scale: 1, calipers: 1.5, ellipse_of_dots: 0.5, ecg: 1.5, gray_bar: 1},
    **{arc: 1, table: 1, chart_paper: 0.3, arrow: 1, dotted_arc: 1, sector_edge: 0.8, icon: 1, body_mark: 0.5},
    **{wedge: 1, strokes: 1},
}


def paint_clutter(chance: Chance, picture: np.ndarray, count: int) -> None:
    height, width = picture.shape[:2]
    for _ in range(count):
        if chance.happens(0.6):
            color = [chance.number(60, 255)] * 3
        else:
            color = [chance.number(0, 255) for _ in range(3)]
        at = (chance.whole(0, width - 1), chance.whole(0, height - 1))
        chance.weighted(PAINTERS)(chance, picture, at, color)
