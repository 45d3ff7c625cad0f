"""A picture under work: what is painted, the same without its letters, and the letters' masks.

Every line is drawn through its mask, and the mask goes through every later turn, skew and scaling of the picture. So
the truth is known to the pixel and never comes from a detector. The picture without letters goes through all of it
too: what the letters change is their contrast, what is left there is the noise.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)

# A pixel of a line's mask at this share of the mask's highest value belongs to a letter; below, it is its soft edge.
GLYPH = 0.3


@dataclass(eq=False)
class Line:
    """A line of text on the canvas."""

    text: str
    phi: bool
    mask: np.ndarray
    x: int
    y: int
    cap: float
    classes: list
    frames: tuple = (0, 0)
    # What it was drawn with, to draw it again in the next frame of a clip.
    color: np.ndarray = None
    contrast: float = 0.0
    noise: float = 0.0
    readability: str = ""
    # Where a person sees it only after changing the window; such a line is kept, however faint.
    hidden_by_window: bool = False

    def glyph(self):
        """Returns the letters' pixels."""
        return self.mask >= GLYPH * self.mask.max()


@dataclass
class Canvas:
    """Floats, `height` × `width` × 1 or 3, from 0 to `top`."""

    paint: np.ndarray
    top: float = 255.0
    lines: list = field(default_factory=list)
    classes: list = field(default_factory=list)

    def __post_init__(self):
        self.paint = np.ascontiguousarray(self.paint, np.float32)
        self.clean = self.paint.copy()
        self.taken = np.zeros(self.paint.shape[:2], bool)

    @property
    def size(self):
        """Width and height."""
        return self.paint.shape[1], self.paint.shape[0]

    def both(self, draw):
        """Calls `draw` on the picture and on the one without letters, for what is no text."""
        for picture in (self.paint, self.clean):
            draw(picture)

    def value(self, color):
        """Returns a color, given in 0..255, in the form of the picture."""
        color = np.atleast_1d(np.asarray(color, np.float32))
        if self.paint.shape[2] == 1 and len(color) == 3:
            color = np.array([color @ LUMA])
        return (np.repeat(color, self.paint.shape[2]) if len(color) == 1 else color) * (self.top / 255)

    def is_free(self, x, y, width, height, gap=1):
        """Returns whether no line stands there."""
        y0, x0 = max(0, y - gap), max(0, x - gap)
        return not self.taken[y0 : max(y0, y + height + gap), x0 : max(x0, x + width + gap)].any()

    def put(
        self,
        mask,
        x,
        y,
        color,
        *,
        cap,
        text,
        phi,
        classes,
        effect="plain",
        opacity=1.0,
        over=(0, 0, 0),
        gap=1,
        hidden_by_window=False,
    ):
        """Draws a mask with its corner at `x`, `y`; returns the line.

        `None` if it finds no room or nobody could read it.
        """
        width, height = self.size
        x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + mask.shape[1]), min(height, y + mask.shape[0])
        whole = mask.sum()
        if x1 <= x0 or y1 <= y0 or not self.is_free(x0, y0, x1 - x0, y1 - y0, gap):
            return None
        mask = mask[y0 - y : y1 - y, x0 - x : x1 - x]
        if mask.sum() < 0.75 * whole:
            return None
        line = Line(
            text, phi, mask, x0, y0, cap, [*self.classes, *classes, f"effect:{effect}"], color=self.value(color)
        )
        line.hidden_by_window = hidden_by_window
        reach = int(cap) + 8
        near = np.s_[max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach]
        before = (self.paint[near].copy(), self.clean[near].copy())
        self.decorate(line, effect, over)
        area = self.paint[y0:y1, x0:x1]
        alpha = mask[..., None] * opacity
        area[:] = area * (1 - alpha) + line.color * alpha
        self.judge(line)
        if not line.readability:
            self.paint[near], self.clean[near] = before
            return None
        self.taken[y0:y1, x0:x1] = True
        self.lines.append(line)
        return line

    def decorate(self, line, effect, over):
        """Draws what belongs to an effect below the letters."""
        x0, y0, (height, width) = line.x, line.y, line.mask.shape
        pad = max(2, int(line.cap * 0.3))
        rows = slice(max(0, y0 - pad), y0 + height + pad)
        columns = slice(max(0, x0 - pad - 1), x0 + width + pad + 1)
        over = self.value(over)
        if effect == "inverse":
            for picture in (self.paint, self.clean):
                picture[rows, columns] = over
        elif effect == "panel":
            for picture in (self.paint, self.clean):
                picture[rows, columns] = picture[rows, columns] * 0.45 + over * 0.55
        elif effect in ("outline", "shadow"):
            layer = np.zeros(self.taken.shape, np.float32)
            shift = 0 if effect == "outline" else max(1, int(line.cap / 14))
            target = layer[y0 + shift : y0 + shift + height, x0 + shift : x0 + shift + width]
            target[:] = line.mask[: target.shape[0], : target.shape[1]]
            if effect == "outline":
                layer[rows, columns] = cv2.dilate(layer[rows, columns], np.ones((3, 3), np.uint8))
            self.paint[:] = self.paint * (1 - layer[..., None]) + over * layer[..., None]

    def warp(self, matrix, width, height, interpolation=cv2.INTER_LINEAR, border=0.0):
        """Moves every pixel by a 2 × 3 matrix into a new picture; the masks go with it."""

        def moved(picture):
            out = cv2.warpAffine(picture, matrix, (width, height), flags=interpolation, borderValue=(border,) * 3)
            return out.reshape(height, width, -1)

        self.paint, self.clean = moved(self.paint), moved(self.clean)
        factor = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        for line in self.lines:
            corners = np.array([[0, 0], [line.mask.shape[1], 0], [0, line.mask.shape[0]], line.mask.shape[::-1]], float)
            corners = (corners + [line.x, line.y]) @ matrix[:, :2].T + matrix[:, 2]
            (left, top), (right, bottom) = np.floor(corners.min(0)) - 3, np.ceil(corners.max(0)) + 3
            left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
            shift = matrix.copy().astype(float)
            shift[:, 2] += matrix[:, :2] @ [line.x, line.y] - [left, top]
            size = (max(1, int(right - left)), max(1, int(bottom - top)))
            mask = cv2.warpAffine(line.mask, shift, size, flags=interpolation, borderValue=0)
            line.mask, line.x, line.y, line.cap = np.clip(mask, 0, 1), int(left), int(top), line.cap * factor
        self.taken = np.zeros((height, width), bool)

    def judge(self, line, paint=None, clean=None):
        """Measures a line's contrast and noise, and says how well a person reads it; `""` if not at all.

        The line is cut into parts about three capitals long, and the part that is hardest to read decides: half a name
        is not read. Contrast is the mean change that the letters make, in gray levels of 255: of brightness, or half
        that of the most changed color where that is more (color alone is read less well). Noise is the standard
        deviation of the picture without letters around the part, of what is finer than the letters.
        """
        paint, clean = (self.paint if paint is None else paint), (self.clean if clean is None else clean)
        height, width = line.mask.shape
        along = 1 if width >= height else 0
        count = max(1, round(max(width, height) / (3 * line.cap + 1)))
        edges = np.linspace(0, max(width, height), count + 1).astype(int)
        ranks = ["", "low_contrast", "small", "normal"]
        worst = None
        for first, last in zip(edges[:-1], edges[1:]):
            part = np.s_[:, first:last] if along else np.s_[first:last]
            corner = (line.x + first, line.y) if along else (line.x, line.y + first)
            measured = self.measure(line, line.mask[part], *corner, paint, clean)
            if measured is None:
                continue
            reads = readability(line.cap, *measured)
            rank = (ranks.index(reads), measured[0] - measured[1])
            if worst is None or rank < worst[0]:
                worst = (rank, reads, measured)
        _, line.readability, (line.contrast, line.noise) = worst or (None, "", (0.0, 0.0))
        if line.hidden_by_window:
            line.readability = line.readability or "low_contrast"

    def measure(self, line, mask, x, y, paint, clean):
        """Returns contrast and noise of a part of a line; `None` where it holds next to no letter."""
        glyph = mask >= 0.6 * line.mask.max()
        if glyph.sum() < 4:
            return None
        height, width = glyph.shape
        own = np.s_[y : y + height, x : x + width]
        change = (paint[own] - clean[own])[glyph] * (255 / self.top)
        mean = change.mean(0)
        luma = abs(mean @ LUMA) if len(mean) == 3 else abs(mean[0])
        margin = int(line.cap / 2) + 2
        around = clean[max(0, y - margin) : y + height + margin, max(0, x - margin) : x + width + margin]
        around = (around @ LUMA if around.shape[2] == 3 else around[..., 0]) * (255 / self.top)
        fine = around - cv2.GaussianBlur(around, (0, 0), max(2.0, line.cap))
        return float(max(luma, np.abs(mean).max() / 2)), float(fine.std())

    def erase(self, line):
        """Takes a line's letters out of the picture again."""
        height, width = line.mask.shape
        pad = 4
        own = np.s_[max(0, line.y - pad) : line.y + height + pad, max(0, line.x - pad) : line.x + width + pad]
        near = np.zeros(self.taken.shape, np.uint8)
        near[line.y : line.y + height, line.x : line.x + width] = line.mask > 0.01
        near = cv2.dilate(near[own], np.ones((5, 5), np.uint8)).astype(bool)
        self.paint[own][near] = self.clean[own][near]

    def cut(self):
        """Cuts all masks to their letters, and drops what has left the picture."""
        for line in list(self.lines):
            glyph = line.glyph() if line.mask.size and line.mask.max() > 0.05 else np.zeros((1, 1), bool)
            if glyph.sum() < 3:
                self.lines.remove(line)
                continue
            ys, xs = np.flatnonzero(glyph.any(1)), np.flatnonzero(glyph.any(0))
            line.mask = line.mask[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
            line.x, line.y = line.x + int(xs[0]), line.y + int(ys[0])


def readability(cap, contrast, noise):
    """Says how well a person reads letters with capitals of this height; `""` if not at all.

    Readable is what stands out from the noise by a factor that grows as letters get smaller; the limits were set by
    looking at crops near them.
    """
    if cap < 5.5:
        return ""
    if cap < 8.75:
        return "small" if contrast >= max(24, 2.8 * noise) else ""
    if contrast - noise >= 30 and contrast >= 1.3 * noise:
        return "normal"
    limit, factor = (16, 2.6) if cap < 14 else (13, 2.0)
    return "low_contrast" if contrast >= max(limit, factor * noise) else ""


def scale(factor_x, factor_y):
    """The matrix of a scaling that maps pixel centers as resizing does."""
    return np.array([[factor_x, 0, (factor_x - 1) / 2], [0, factor_y, (factor_y - 1) / 2]], float)


def quarter_turns(turns, width, height):
    """The matrix of quarter turns counterclockwise, and the new size."""
    return {
        1: (np.array([[0, 1, 0], [-1, 0, width - 1]], float), height, width),
        2: (np.array([[-1, 0, width - 1], [0, -1, height - 1]], float), width, height),
        3: (np.array([[0, -1, height - 1], [1, 0, 0]], float), height, width),
    }[turns]


def turned(mask, degrees):
    """Turns a mask about its center by any angle, counterclockwise."""
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float) @ matrix.T
    low, high = corners.min(0) - 1, corners.max(0) + 1
    matrix[:, 2] -= low
    size = tuple(int(v) for v in np.ceil(high - low) + 1)
    return cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR)
