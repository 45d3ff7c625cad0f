"""Where text goes: scattered, in blocks, on pages, tiny, beside axes, at borders, vertical, as markers, as barcodes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

import strings
from canvas import BLACK, WHITE, Canvas, Style, paper_style
from chance import Chance
from fonts import FontShelf, Typeface
from glyphs import FontKind, Glyphs, lead_marker, linear_barcode, quarter_turn, render, square_code, turn


@dataclass
class Scene:
    """A canvas with what the layouts need to know about it.

    `least_cap` is the smallest height of capitals that can still be read after the picture is degraded; `faint` says
    that all text of the scene has low contrast; `on_paper` that it is ink on a page.
    """

    shelf: FontShelf
    chance: Chance
    canvas: Canvas
    least_cap: float
    faint: bool = False
    on_paper: bool = False

    @property
    def side(self) -> int:
        return self.canvas.width

    def cap_height(self, low: float, high: float) -> float:
        """A height of capitals for a picture of 320 pixels; smaller pictures get no huge letters."""
        high = max(low * 1.2, high * min(1.0, self.side / 320))
        return max(self.chance.scale(low, high), self.least_cap)

    def render(self, text: str, cap_height: float, **options) -> Glyphs | None:
        return render(self.shelf, self.chance, text, cap_height, **options)

    def paint(self, glyphs: Glyphs, left: int, top: int, style: Style | None = None) -> None:
        if style is None:
            height, width = glyphs.alpha.shape
            faint = self.faint or self.chance.happens(0.08)
            style = self.canvas.style_for(self.chance, left, top, width, height, faint=faint)
        self.canvas.paint(glyphs, left, top, style)

    def place(self, glyphs: Glyphs, *, at_border: bool = False) -> None:
        """Paints the line at a free place, sometimes cut by the border of the picture."""
        chance = self.chance
        height, width = glyphs.alpha.shape
        gap = int(max(2, glyphs.cap_height * chance.number(0.25, 0.8)))
        found = self.canvas.free_place(chance, width, height, gap, at_border=at_border)
        if found is None:
            return
        left, top = found
        if chance.happens(0.04):
            left += chance.pick([-1, 1]) * chance.whole(0, width // 3)
        self.paint(glyphs, left, top)

    def cut_to_width(self, glyphs: Glyphs) -> Glyphs:
        """The start of a line that is wider than the picture."""
        if glyphs.alpha.shape[1] <= self.side - 2 or glyphs.corners is not None:
            return glyphs
        return replace(glyphs, alpha=glyphs.alpha[:, : self.side - self.chance.whole(2, 30)])


def some_line(scene: Scene, text: str, cap_height: float, kind: FontKind | None = None) -> Glyphs | None:
    """A line, now and then in another script or in handwriting instead."""
    chance = scene.chance
    lot = chance.number(0, 1)
    if lot < 0.11:
        script = chance.weighted(strings.OTHER_SCRIPT_WEIGHTS)
        if scene.shelf.outlines[script]:
            text = chance.pick(strings.OTHER_SCRIPTS[script])
            if chance.happens(0.3):
                text += " " + strings.digits(chance, chance.whole(1, 8))
            return scene.render(text, max(cap_height, 8), script=script)
    elif lot < 0.17:
        return scene.render(text, max(cap_height, 12), script="hand")
    return scene.render(text, cap_height, kind=kind)


def scatter(scene: Scene) -> None:
    for _ in range(scene.chance.whole(1, 9)):
        glyphs = some_line(scene, strings.any_text(scene.chance), scene.cap_height(7, 40))
        place_turned(scene, glyphs, 0.2)


def short(scene: Scene) -> None:
    """Single letters, numbers and units."""
    for _ in range(scene.chance.whole(3, 14)):
        glyphs = scene.render(strings.label(scene.chance), scene.cap_height(6, 44))
        place_turned(scene, glyphs, 0.2)


def place_turned(scene: Scene, glyphs: Glyphs | None, probability: float, *, at_border: bool = False) -> None:
    """Places a line, turned by an odd angle this often."""
    if glyphs is None:
        return
    chance = scene.chance
    if chance.happens(probability):
        glyphs = turn(glyphs, chance.number(-50, 50) if chance.happens(0.6) else chance.number(-180, 180))
    scene.place(scene.cut_to_width(glyphs), at_border=at_border)


def tiny(scene: Scene) -> None:
    """Text of 5 to 8 pixels."""
    chance = scene.chance
    for _ in range(chance.whole(3, 14)):
        text = strings.any_text(chance) if chance.happens(0.6) else strings.label(chance)
        kind: FontKind | None = "bitmap" if chance.happens(0.6) else None
        glyphs = scene.render(text, max(chance.number(5, 8), scene.least_cap), kind=kind)
        place_turned(scene, glyphs, 0.35)


def straddling(scene: Scene) -> None:
    """Small lines that begin on dark ground and end over tissue, or the other way round."""
    chance, canvas = scene.chance, scene.canvas
    for _ in range(chance.whole(2, 8)):
        text = chance.pick([strings.any_text, strings.measurement, strings.label])(chance)
        glyphs = scene.render(text, scene.cap_height(6, 16))
        if glyphs is None:
            continue
        glyphs = scene.cut_to_width(glyphs)
        height, width = glyphs.alpha.shape
        best, best_step = None, -1.0
        for _ in range(8):
            place = canvas.free_place(chance, width, height, 3)
            if place is None:
                break
            under = canvas.picture[place[1] : place[1] + height, place[0] : place[0] + width, 1]
            third = max(1, width // 3)
            step = abs(float(under[:, :third].mean()) - float(under[:, -third:].mean()))
            if step > best_step:
                best, best_step = place, step
        if best is not None:
            shade = chance.number(130, 255)
            plain = Style((shade, shade, shade * chance.pick([1, 1, 0.4])))
            scene.paint(glyphs, *best, plain if chance.happens(0.7) else None)


def marker(scene: Scene) -> None:
    """Lead letters and side marks, up to more than half of the picture, at any angle, with small initials beside."""
    chance = scene.chance
    for _ in range(chance.whole(1, 3)):
        text = chance.pick(strings.MARKERS) if chance.happens(0.7) else strings.label(chance)
        glyphs = scene.render(text, scene.cap_height(20, 190), kind="outline" if chance.happens(0.6) else None)
        if glyphs is None:
            continue
        if chance.happens(0.6):
            glyphs = lead_marker(chance, glyphs)
        place_turned(scene, glyphs, 0.5, at_border=chance.happens(0.2))
        if chance.happens(0.3):
            place_turned(scene, scene.render(strings.noise_word(chance, 3), scene.cap_height(7, 16)), 0.3)


def initials(scene: Scene) -> None:
    """Single characters, most of them large, upright, on their side or at an angle."""
    chance = scene.chance
    for _ in range(chance.whole(1, 5)):
        text = chance.pick(strings.MARKERS) if chance.happens(0.5) else chance.pick(strings.CAPITALS_AND_DIGITS)
        small = chance.happens(0.3)
        glyphs = scene.render(text, scene.cap_height(8, 18) if small else scene.cap_height(22, 120))
        if glyphs is not None and chance.happens(0.4):
            scene.place(quarter_turn(glyphs, chance.pick([1, 2, 3])))
        else:
            place_turned(scene, glyphs, 0.4, at_border=chance.happens(0.1))


def at_border(scene: Scene) -> None:
    chance = scene.chance
    for _ in range(chance.whole(1, 6)):
        text = strings.any_text(chance) if chance.happens(0.55) else strings.label(chance)
        place_turned(scene, some_line(scene, text, scene.cap_height(6, 36)), 0, at_border=chance.happens(0.85))


def vertical(scene: Scene) -> None:
    chance = scene.chance
    for _ in range(chance.whole(1, 6)):
        glyphs = some_line(scene, strings.any_text(chance), scene.cap_height(7, 40))
        if glyphs is not None and chance.happens(0.85):
            glyphs = quarter_turn(glyphs, chance.pick([1, 3]))
            scene.place(glyphs)
        else:
            place_turned(scene, glyphs, 0)


def block(scene: Scene) -> None:
    """Lines under one another in one font, touching or nearly so."""
    for _ in range(scene.chance.whole(1, 3)):
        paint_block(scene, 20)


def page(scene: Scene) -> None:
    for _ in range(scene.chance.whole(2, 5)):
        paint_block(scene, 18, prose=0.7)


def paint_block(scene: Scene, highest: float, prose: float = 0.0) -> None:
    chance, side = scene.chance, scene.side
    cap_height = scene.cap_height(6, highest)
    script = "hand" if chance.happens(0.07) else "latin"
    left, top = chance.whole(-10, side * 2 // 3), chance.whole(-4, side - 30)
    pitch, to_the_right = chance.number(1.25, 2.0), chance.happens(0.25)
    typeface: Typeface | None = None
    style: Style | None = None
    for index in range(chance.whole(2, 12)):
        text = paragraph_line(chance) if chance.happens(prose) else strings.any_text(chance)
        kind: FontKind | None = "outline" if prose else None
        glyphs = scene.render(text, cap_height, script=script, kind=kind, typeface=typeface)
        if glyphs is None:
            continue
        typeface = glyphs.typeface
        height, width = glyphs.alpha.shape
        y = top + int(index * glyphs.cap_height * pitch)
        if y + height > side + height // 2:
            break
        indent = chance.pick([0, 0, 0, int(cap_height)])
        x = left + side // 3 - width if to_the_right else min(side - 4, left + indent)
        if scene.canvas.is_taken(x, y + 1, width, height - 2):
            continue
        if style is None or chance.happens(0.1):
            style = block_style(scene, x, y, width, height)
        scene.paint(glyphs, x, y, style)


def paragraph_line(chance: Chance) -> str:
    return strings.long_line(chance) if chance.happens(0.5) else strings.sentence(chance, 2, 8)


def block_style(scene: Scene, left: int, top: int, width: int, height: int) -> Style:
    if scene.on_paper:
        return paper_style(scene.chance)
    style = scene.canvas.style_for(scene.chance, left, top, width, height, faint=scene.faint)
    if style.box is not None and scene.chance.happens(0.7):
        return replace(style, padding=1)  # else one line's box hides its neighbors
    return style


def codes(scene: Scene) -> None:
    """Barcodes and square codes, dark on light, with a caption at times. They are masked as text is."""
    chance = scene.chance
    for _ in range(chance.whole(1, 2)):
        caption = strings.identifier(chance)
        alpha = linear_barcode(chance) if chance.happens(0.5) else square_code(chance, caption)
        if chance.happens(0.2):
            alpha = np.rot90(alpha).copy()
        alpha = alpha[: scene.side - 8, : scene.side - 8]
        inverse = chance.happens(0.1)
        light = float(chance.whole(150, 255))
        style = Style(WHITE, box=BLACK) if inverse else Style((chance.whole(0, 60),) * 3, box=(light,) * 3)
        glyphs = Glyphs(alpha, 10, None)
        if chance.happens(0.1):
            glyphs = turn(glyphs, chance.number(-12, 12))
        height, width = glyphs.alpha.shape
        found = scene.canvas.free_place(chance, width, height, 4)
        if found is None:
            continue
        scene.paint(glyphs, *found, replace(style, padding=chance.whole(1, 6)))
        if chance.happens(0.6):
            place_turned(scene, scene.render(caption, scene.cap_height(6, 14)), 0)
    for _ in range(chance.whole(0, 4)):
        place_turned(scene, some_line(scene, strings.any_text(chance), scene.cap_height(7, 24)), 0)


def nothing(scene: Scene) -> None:
    """Only lookalikes."""


def paint_axis(scene: Scene) -> None:
    """A depth, time or velocity axis: ticks or dots, which are not text, and small numbers beside them, which are.

    Numbers may touch their ticks, the axis and what runs through them, as they do on real consoles.
    """
    chance, canvas, side = scene.chance, scene.canvas, scene.side
    upright = chance.happens(0.65)
    count, step = chance.whole(3, 14), chance.number(10, 60)
    x, y = chance.whole(2, side - 3), chance.whole(2, side - 3)
    if upright:
        x, y = chance.pick([x, chance.whole(2, 30), side - chance.whole(3, 30)]), chance.whole(0, side // 3)
    else:
        x, y = chance.whole(0, side // 3), chance.pick([y, chance.whole(2, 30), side - chance.whole(3, 30)])
    tick = chance.whole(2, 9)
    shade = chance.number(90, 255)
    color = chance.pick([(shade, shade, shade), (shade, shade, 60.0), (60.0, shade, 60.0), (shade, shade, shade)])
    toward = chance.pick([-1, 1])
    dots, minor, every = chance.happens(0.3), chance.pick([0, 0, 1, 4]), chance.pick([1, 1, 1, 2, 5])
    if chance.happens(0.3):
        end = (x, int(y + step * count)) if upright else (int(x + step * count), y)
        cv2.line(canvas.picture, (x, y), end, color, 1)
    for index in range(count * (minor + 1)):
        offset = int(step * index / (minor + 1))
        length = tick if index % (minor + 1) == 0 else max(1, tick // 2)
        at = (x, y + offset) if upright else (x + offset, y)
        if dots:
            cv2.circle(canvas.picture, at, 1 if index % (minor + 1) == 0 else 0, color, -1)
        else:
            end = (at[0] - toward * length, at[1]) if upright else (at[0], at[1] - toward * length)
            cv2.line(canvas.picture, at, end, color, 1)
    if chance.happens(0.15):
        return
    paint_axis_numbers(scene, (x, y), upright, toward, [int(step * index) for index in range(0, count, every)], color)


def paint_axis_numbers(
    scene: Scene, at: tuple[int, int], upright: bool, toward: int, offsets: list[int], color: tuple[float, float, float]
) -> None:
    chance, canvas = scene.chance, scene.canvas
    cap_height = max(chance.number(5, 13), scene.least_cap)
    numbers = axis_numbers(chance, len(offsets))
    gap, center = chance.pick([0, 0, 1, 2, 3, 5, 8]), chance.happens(0.8)
    typeface: Typeface | None = None
    style = Style(color, opacity=chance.pick([1, 1, 1, 0.7]))
    for text, offset in zip(numbers, offsets, strict=True):
        glyphs = scene.render(text, cap_height, kind="bitmap" if chance.happens(0.5) else None, typeface=typeface)
        if glyphs is None:
            continue
        typeface = glyphs.typeface
        height, width = glyphs.alpha.shape
        if upright:
            left = at[0] + (gap if toward > 0 else -gap - width)
            top = at[1] + offset - (height // 2 if center else 0)
        else:
            left = at[0] + offset - (width // 2 if center else 0)
            top = at[1] + (gap if toward > 0 else -gap - height)
        inside = left >= 0 and top >= 0 and left + width <= canvas.width and top + height <= canvas.height
        if inside and not canvas.is_taken(left, top, width, height):
            scene.paint(glyphs, left, top, style)


def axis_numbers(chance: Chance, count: int) -> list[str]:
    """The numbers of an axis in one format, maybe with the unit at an end."""
    first, unit = chance.whole(0, 3), chance.pick([0.01, 0.02, 0.1, 0.5, 1, 1, 1, 2, 5, 10, 20, 50])
    sign = chance.pick([1, 1, 1, -1])
    signed, short_form = chance.happens(0.2), chance.happens(0.6)
    numbers = []
    for index in range(count):
        value = (first + index) * unit * sign
        text = f"{value:.2f}" if unit < 0.1 else f"{value:.1f}" if unit < 1 else f"{value:.0f}"
        if short_form:
            text = text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
        numbers.append("+" + text if signed and value > 0 else text)
    if numbers and chance.happens(0.25):
        numbers[chance.pick([0, -1])] = chance.pick(["cm", "m/s", "cm/s", "kHz", "s", "mm", "[m/s]", "mV"])
    return numbers


def paint_numbered_calipers(scene: Scene) -> None:
    """Measuring marks with their number beside: the mark is no text, the number is."""
    chance, canvas = scene.chance, scene.canvas
    shade = chance.number(120, 255)
    color = chance.pick([(shade, shade, shade), (shade, shade, 40.0), (40.0, shade, 40.0)])
    symbol, size = chance.pick([cv2.MARKER_CROSS, cv2.MARKER_TILTED_CROSS]), chance.whole(5, 11)
    for _ in range(chance.whole(1, 4)):
        at = (chance.whole(8, scene.side - 9), chance.whole(8, scene.side - 9))
        cv2.drawMarker(canvas.picture, at, color, symbol, size, 1)
        glyphs = scene.render(chance.pick("1234ABCD"), max(chance.number(6, 11), scene.least_cap))
        if glyphs is None or chance.happens(0.3):
            continue
        height, width = glyphs.alpha.shape
        left, top = at[0] + size // 2 + chance.whole(0, 4), at[1] - chance.whole(0, height)
        if left + width <= canvas.width and top >= 0 and not canvas.is_taken(left, top, width, height):
            scene.paint(glyphs, left, top, Style(color))


Layout = Callable[[Scene], None]
LAYOUTS: dict[str, Layout] = {
    "scatter": scatter,
    "short": short,
    "block": block,
    "page": page,
    "tiny": tiny,
    "straddling": straddling,
    "marker": marker,
    "initials": initials,
    "border": at_border,
    "vertical": vertical,
    "codes": codes,
    "nothing": nothing,
}
LAYOUT_WEIGHTS: dict[str, float] = {
    **{"scatter": 20, "short": 13, "block": 12, "page": 7, "tiny": 14, "straddling": 7, "marker": 8, "border": 7},
    **{"initials": 11, "vertical": 7, "codes": 2.5, "nothing": 20},
}
# Layouts beside which an axis or calipers may stand.
WITH_AXES = set(LAYOUTS) - {"block", "page"}
