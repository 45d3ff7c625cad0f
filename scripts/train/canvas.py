"""A picture under construction: text is painted into it and remembered with its place and its worth to the loss."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from chance import Chance
from glyphs import Glyphs

Color = tuple[float, float, float]

WHITE, BLACK = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)
TEXT_COLORS: list[Color] = [
    *[WHITE] * 6,
    *[(255, 255, 0), (255, 255, 60), (0, 255, 0), (120, 230, 100), (200, 200, 200), (160, 160, 160), (0, 255, 255)],
    *[(255, 180, 80), (255, 80, 80), (110, 150, 255), (240, 220, 150)],
]
INK_COLORS: list[Color] = [(30, 30, 160), (170, 20, 20), (20, 100, 40)]
BANNER_COLORS: list[Color] = [
    *[WHITE, (200, 200, 200), (255, 255, 0), (0, 200, 255), (60, 90, 200), (150, 20, 20)],
]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
SOLID_ALPHA = 110  # ink that counts when its contrast is measured
# Ink is asked for when it differs from what it lies on by this much, plus this share of the background's spread.
FAINTEST_INK, FAINTEST_SHARE = 10.0, 0.3


@dataclass(frozen=True)
class Style:
    """How a line is painted: its color, and what lies under it."""

    color: Color
    opacity: float = 1.0
    outline: Color | None = None
    box: Color | None = None
    padding: int = 0


@dataclass(frozen=True)
class TextLine:
    """A painted line: bounds of its ink, weight in the loss (0: too faint to be asked for), corners if turned."""

    left: int
    top: int
    width: int
    height: int
    weight: float
    corners: np.ndarray | None = None


class Canvas:
    """An RGB picture of floats 0..=255 and the text lines painted into it."""

    def __init__(self, picture: np.ndarray) -> None:
        self.picture = picture
        self.height, self.width = picture.shape[:2]
        self.taken = np.zeros(picture.shape[:2], bool)
        self.lines: list[TextLine] = []

    def is_taken(self, left: int, top: int, width: int, height: int, gap: int = 0) -> bool:
        rows = slice(max(0, top - gap), max(0, top + height + gap))
        return bool(self.taken[rows, max(0, left - gap) : max(0, left + width + gap)].any())

    def free_place(
        self, chance: Chance, width: int, height: int, gap: int, *, at_border: bool = False
    ) -> tuple[int, int] | None:
        """Left and top of a free place for a line, or None after some tries."""
        if width >= self.width or height >= self.height:
            return None
        right, bottom = self.width - width, self.height - height
        for _ in range(25):
            left, top = chance.whole(0, right), chance.whole(0, bottom)
            if at_border and chance.happens(0.5):
                left = chance.pick([0, 1, right])
            elif at_border:
                top = chance.pick([0, 1, bottom])
            if not self.is_taken(left, top, width, height, gap):
                return left, top
        return None

    def paint(self, glyphs: Glyphs, left: int, top: int, style: Style) -> None:
        """Paints a line, cut at the picture's border, and remembers it."""
        height, width = glyphs.alpha.shape
        x0, y0, x1, y1 = max(0, left), max(0, top), min(self.width, left + width), min(self.height, top + height)
        if x1 - x0 < 2 or y1 - y0 < 3:
            return
        alpha = glyphs.alpha[y0 - top : y1 - top, x0 - left : x1 - left]
        if style.box is not None:
            pad = style.padding
            self.picture[max(0, y0 - pad) : y1 + pad, max(0, x0 - pad - 1) : x1 + pad + 1] = style.box
        if style.outline is not None:
            self._paint_outline(alpha, x0, y0, style.outline)
        under = self.picture[y0:y1, x0:x1]
        weight = 1.0 if style.outline is not None or is_visible(alpha, under, style) else 0.0
        share = alpha.astype(np.float32)[..., None] / 255 * style.opacity
        under[:] = under * (1 - share) + np.array(style.color, np.float32) * share
        self.taken[y0:y1, x0:x1] = True
        corners = None if glyphs.corners is None else glyphs.corners + [left, top]
        self.lines.append(TextLine(x0, y0, x1 - x0, y1 - y0, weight, corners))

    def _paint_outline(self, alpha: np.ndarray, left: int, top: int, color: Color) -> None:
        grown = cv2.dilate(np.pad(alpha, 2), np.ones((3, 3), np.uint8)).astype(np.float32)[..., None] / 255
        height, width = alpha.shape
        y0, x0 = max(0, top - 2), max(0, left - 2)
        y1, x1 = min(self.height, top + height + 2), min(self.width, left + width + 2)
        share = grown[y0 - top + 2 : y1 - top + 2, x0 - left + 2 : x1 - left + 2]
        under = self.picture[y0:y1, x0:x1]
        under[:] = under * (1 - share) + np.array(color, np.float32) * share

    def style_for(self, chance: Chance, left: int, top: int, width: int, height: int, *, faint: bool = False) -> Style:
        """A style by lot that can be read, if barely, on what lies there."""
        under = self.picture[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)]
        mean = under.reshape(-1, 3).mean(axis=0) if under.size else np.zeros(3, np.float32)
        luma = float(mean @ LUMA)
        if faint:
            step = chance.number(16, 50) + (float(under[..., 1].std()) * 0.6 if under.size else 0)
            return Style(as_color(mean + (step if luma < 170 else -step)))
        kind = chance.weighted(
            {"plain": 54, "banner": 7, "box": 5, "outline": 10, "thin": 10, "dark": 10, "same luma": 4}
        )
        if kind == "banner":
            box = chance.pick(BANNER_COLORS)
            color = BLACK if float(np.array(box) @ LUMA) > 110 else WHITE
            return Style(color, box=box, padding=max(1, height // chance.pick([3, 5, 8])))
        if kind == "box":
            return Style(chance.pick(TEXT_COLORS), box=(chance.pick([0, 40, 90]),) * 3, padding=max(1, height // 5))
        if kind == "outline":
            if chance.happens(0.8):
                return Style(chance.pick(TEXT_COLORS), outline=BLACK)
            return Style(BLACK, outline=WHITE)
        if kind == "same luma":
            color = chance.uniform(3) * 255
            color = np.clip(color + luma - float(color @ LUMA) + chance.number(-25, 25), 0, 255)
            if np.abs(color - mean).max() > 70:
                return Style(as_color(color))
        style = Style(chance.pick(TEXT_COLORS))
        if kind == "thin":
            style = replace(style, opacity=chance.number(0.35, 0.8))
        elif kind == "dark" and luma > 90:
            style = Style(BLACK)
        if abs(float(np.array(style.color) @ LUMA) - luma) * style.opacity < 45:
            style = replace(style, color=WHITE if luma < 140 else BLACK)
        return style


def paper_style(chance: Chance) -> Style:
    """Ink on paper: nearly black, or of a pen."""
    return Style((chance.whole(0, 100),) * 3) if chance.happens(0.85) else Style(chance.pick(INK_COLORS))


def as_color(values: np.ndarray) -> Color:
    red, green, blue = np.clip(values, 0, 255)
    return float(red), float(green), float(blue)


def is_visible(alpha: np.ndarray, under: np.ndarray, style: Style) -> bool:
    ink = alpha > SOLID_ALPHA
    if not ink.any():
        return True
    contrast = np.abs(np.array(style.color, np.float32) - under[ink].mean(axis=0)).max() * style.opacity
    return bool(contrast >= FAINTEST_INK + FAINTEST_SHARE * under[..., 1].std())
