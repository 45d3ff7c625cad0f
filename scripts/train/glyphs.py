"""One line of text as an alpha mask, cropped to its ink, upright or turned; and barcodes, which count as text."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw

from chance import Chance
from fonts import FontShelf, Typeface

INK_ALPHA = 60  # from here on a pixel belongs to the ink's bounds
LONGEST_LINE, TALLEST_LINE = 3000, 400
FONT_KINDS = {"outline": 0.6, "bitmap": 0.3, "stroke": 0.1}
FontKind = Literal["outline", "bitmap", "stroke"]


@dataclass
class Glyphs:
    """The ink of one line as 0..=255, the height of its capitals, and the font for lines that follow.

    `corners` are those of the line's own rectangle, in pixels of `alpha`, where the line was turned by an odd angle.
    """

    alpha: np.ndarray
    cap_height: float
    typeface: Typeface | None
    corners: np.ndarray | None = None


def render(
    shelf: FontShelf,
    chance: Chance,
    text: str,
    cap_height: float,
    *,
    script: str = "latin",
    kind: FontKind | None = None,
    typeface: Typeface | None = None,
) -> Glyphs | None:
    """Draws `text`; in `typeface` if given, else in a font drawn by lot. None if nothing can be drawn."""
    if typeface is None:
        typeface, cap_height = choose_typeface(shelf, chance, text, cap_height, script, kind)
    elif typeface.kind != "outline" and not fits(text, typeface.kind):
        return None
    if typeface.kind == "stroke":
        alpha = draw_strokes(chance, text, typeface, cap_height)
    else:
        alpha = draw_font(shelf, chance, text, typeface)
    if alpha is None:
        return None
    cropped = crop_to_ink(alpha)
    return None if cropped is None else Glyphs(cropped, float(cap_height), typeface)


def fits(text: str, kind: FontKind) -> bool:
    """Whether fonts of this kind have the characters: Latin-1 in bitmaps, ASCII in strokes."""
    highest = max(map(ord, text), default=0)
    return kind == "outline" or highest <= (255 if kind == "bitmap" else 126)


def choose_typeface(
    shelf: FontShelf, chance: Chance, text: str, cap_height: float, script: str, kind: FontKind | None
) -> tuple[Typeface, float]:
    """A font by lot and the cap height it really has."""
    if script != "latin":
        kind = "outline"
    kind = kind or chance.weighted(FONT_KINDS)
    if not fits(text, kind):
        kind = "outline"
    if kind == "bitmap":
        reach = max(1, cap_height * 0.18)
        near = [font for font in shelf.bitmaps if abs(font.cap_height - cap_height) <= reach]
        if near:
            font = chance.pick(near)
            return font.typeface, font.cap_height
    if kind == "stroke":
        face = chance.pick(shelf.strokes)
        (_, height), _ = cv2.getTextSize("H", face, 1, 1)
        return Typeface("stroke", face, cap_height / height), cap_height
    path = chance.pick(shelf.outlines[script] or shelf.outlines["latin"])
    size = max(5, round(cap_height / shelf.cap_share(path)))
    return Typeface("outline", path, size), cap_height


def draw_strokes(chance: Chance, text: str, typeface: Typeface, cap_height: float) -> np.ndarray:
    thickness = chance.pick([1, 1, 2]) if cap_height >= 12 else 1
    (width, height), below = cv2.getTextSize(text, typeface.source, typeface.size, thickness)
    alpha = np.zeros((height + below + 8, width + 8), np.uint8)
    edges = chance.pick([cv2.LINE_8, cv2.LINE_AA])
    cv2.putText(alpha, text, (4, height + 3), typeface.source, typeface.size, 255, thickness, edges)
    return alpha


def draw_font(shelf: FontShelf, chance: Chance, text: str, typeface: Typeface) -> np.ndarray | None:
    assert isinstance(typeface.source, Path)
    font = shelf.load(typeface.source, int(typeface.size))
    left, top, right, bottom = font.getbbox(text)
    if not 1 <= right - left <= LONGEST_LINE or bottom - top > TALLEST_LINE:
        return None
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
    pen = ImageDraw.Draw(image)
    if typeface.kind == "outline" and chance.happens(0.2):
        pen.fontmode = "1"  # no smoothed edges, as on old consoles
    pen.text((2 - left, 2 - top), text, font=font, fill=255)
    return np.asarray(image)


def crop_to_ink(alpha: np.ndarray) -> np.ndarray | None:
    ink = alpha > INK_ALPHA
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return None
    return alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()


def quarter_turn(glyphs: Glyphs, turns: int) -> Glyphs:
    return Glyphs(np.rot90(glyphs.alpha, turns).copy(), glyphs.cap_height, glyphs.typeface)


def turn(glyphs: Glyphs, degrees: float) -> Glyphs:
    """Turns a line by any angle."""
    height, width = glyphs.alpha.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]]) @ matrix.T
    origin = np.floor(corners.min(axis=0)) - 1
    matrix[:, 2] -= origin
    size = np.ceil(corners.max(axis=0) - origin).astype(int) + 1
    alpha = cv2.warpAffine(glyphs.alpha, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)
    return Glyphs(alpha, glyphs.cap_height, glyphs.typeface, corners - origin)


def lead_marker(chance: Chance, glyphs: Glyphs) -> Glyphs:
    """A letter as cast in lead for X-ray: soft, sometimes back to front, sometimes in a ring or a frame."""
    alpha = glyphs.alpha
    if chance.happens(0.12):
        alpha = alpha[:, ::-1]
    height, width = alpha.shape
    if chance.happens(0.25):
        margin, thickness = int(max(height, width) * chance.number(0.2, 0.4)), max(1, height // 14)
        alpha = np.pad(alpha, margin)
        height, width = alpha.shape
        if chance.happens(0.5):
            center, radius = (width // 2, height // 2), min(height, width) // 2 - thickness
            cv2.circle(alpha, center, max(2, radius), 255, thickness, cv2.LINE_AA)
        else:
            inset = thickness
            cv2.rectangle(alpha, (inset, inset), (width - 1 - inset, height - 1 - inset), 255, thickness)
    if chance.happens(0.5):
        alpha = cv2.GaussianBlur(alpha, (0, 0), max(0.4, height * chance.number(0.01, 0.04)))
    return Glyphs(np.ascontiguousarray(alpha), glyphs.cap_height, glyphs.typeface)


def linear_barcode(chance: Chance) -> np.ndarray:
    """Bars of one to four modules, as in Code 128, as a mask of the dark ones with its quiet zone."""
    module, height = chance.whole(1, 3), chance.whole(12, 70)
    columns = [0] * 5
    for _ in range(chance.whole(15, 45)):
        columns += [1] * chance.whole(1, 4) + [0] * chance.whole(1, 4)
    bars = np.repeat(np.array(columns + [0] * 5, np.uint8) * 255, module)
    alpha = np.repeat(bars[None], height, axis=0)
    quiet = chance.whole(0, 4)
    return np.pad(alpha, ((quiet, quiet), (0, 0)))


def square_code(chance: Chance, text: str) -> np.ndarray:
    """A QR code, or a data matrix filled by lot, as a mask of the dark modules with its quiet zone."""
    module = chance.whole(1, 5)
    if chance.happens(0.7):
        light = cv2.QRCodeEncoder_create().encode(text)
        dark = (light < 128).astype(np.uint8) * 255
        quiet = 0  # the encoder adds its own
    else:
        side, quiet = chance.pick([10, 12, 16, 20, 24]), 1
        dark = (chance.uniform((side, side)) < 0.5).astype(np.uint8) * 255
        dark[:, 0] = dark[-1] = 255
        dark[0, ::2], dark[0, 1::2] = 255, 0
        dark[::2, -1], dark[1::2, -1] = 0, 255
    return np.pad(np.kron(dark, np.ones((module, module), np.uint8)), quiet * module)
