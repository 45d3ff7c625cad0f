"""What text is painted on: real text-free pictures, synthetic textures, and graphics over them."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

import doppler
import textures
from chance import Chance

# Kind -> how often. Real pictures are drawn only where a folder of them was given.
KINDS: dict[str, float] = {
    **{"flat": 15, "real": 40, "speckle": 13, "scan": 13, "walls": 9, "fibers": 4, "trabeculae": 4, "blobs": 6},
    **{"clipped mask": 7, "label map": 4, "film": 7, "photograph": 4, "bright": 4, "chart": 4},
    **{"section": 12, "folds": 7},
}
TEXTURES: dict[str, textures.Texture] = {
    "flat": textures.flat,
    "speckle": textures.speckle,
    "scan": textures.scan,
    "walls": textures.walls,
    "fibers": textures.fibers,
    "trabeculae": textures.trabeculae,
    "blobs": textures.blobs,
    "clipped mask": textures.clipped_mask,
    "label map": textures.label_map,
    "film": textures.film,
    "photograph": textures.photograph,
    "bright": textures.bright,
    "chart": textures.chart,
    "section": textures.section,
    "folds": textures.folds,
}
# Slices have few pixels and are shown large.
OFTEN_ENLARGED = {"section": 0.35, "folds": 0.5}
ULTRASOUND_LIKE = {"flat", "real", "speckle", "scan", "walls", "fibers", "trabeculae", "blobs", "clipped mask"}


class RealPictures:
    """Text-free real pictures: the PNG files of a folder, or none."""

    def __init__(self, folder: Path | None) -> None:
        paths = sorted(folder.glob("*.png")) if folder else []
        self.pictures = [cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB) for path in paths]
        # Several frames or windows of one picture count as one.
        self.by_name: dict[str, list[np.ndarray]] = {}
        for path, picture in zip(paths, self.pictures, strict=True):
            self.by_name.setdefault(path.stem.split("_")[0], []).append(picture)

    def crop(self, chance: Chance, side: int) -> np.ndarray:
        """A part of a picture at any scale, turned, mirrored, in another window; on a plain ground if smaller."""
        picture = chance.pick(self.by_name[chance.pick(list(self.by_name))])
        if chance.happens(0.2):
            picture = miniature(chance, picture)
        height, width = picture.shape[:2]
        smallest = min(height, width)
        # The smallest copy that a network is shown has a short side of 200 pixels.
        least = max(min(0.35, 160 / smallest), 24 / smallest)
        scale = chance.scale(least, max(least * 1.01, 3.2 if smallest < 300 else 1.6))
        reach = max(8, int(side / scale))
        rows, columns = min(reach, height), min(reach, width)
        top, left = chance.whole(0, height - rows), chance.whole(0, width - columns)
        part = picture[top : top + rows, left : left + columns]
        how = cv2.INTER_AREA if scale < 1 else chance.pick([cv2.INTER_LINEAR, cv2.INTER_CUBIC])
        size = (max(8, int(columns * scale)), max(8, int(rows * scale)))
        part = cv2.resize(part, size, interpolation=how)[:side, :side]
        if chance.happens(0.3):
            part = np.rot90(part, chance.whole(0, 3))
        if chance.happens(0.5):
            part = part[:, ::-1]
        ground = np.full((side, side, 3), chance.pick([0, 0, 0, 10, 255]), np.float32)
        rows, columns = part.shape[:2]
        top, left = chance.whole(0, side - rows), chance.whole(0, side - columns)
        ground[top : top + rows, left : left + columns] = part
        return in_another_window(chance, ground)


def miniature(chance: Chance, picture: np.ndarray) -> np.ndarray:
    """The picture at few pixels, as small MR and thumbnails have; the crop enlarges it again."""
    scale = chance.whole(40, 120) / min(picture.shape[:2])
    if scale >= 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def in_another_window(chance: Chance, picture: np.ndarray) -> np.ndarray:
    """Contrast and brightness by lot; sometimes so steep that only a mask is left, sometimes in false colors."""
    kind = chance.weighted({"as is": 60, "mild": 28, "steep": 9, "false color": 3})
    if kind == "mild":
        return np.clip((picture - 128) * chance.number(0.6, 1.6) + 128 + chance.number(-50, 50), 0, 255)
    if kind == "steep":
        level = float(np.percentile(picture, chance.number(15, 90)))
        return np.clip((picture - level) * chance.scale(2, 12) + 128, 0, 255)
    if kind == "false color":
        gray = np.clip(picture[..., 1], 0, 255).astype(np.uint8)
        colors = chance.pick([cv2.COLORMAP_HOT, cv2.COLORMAP_JET, cv2.COLORMAP_BONE])
        return cv2.cvtColor(cv2.applyColorMap(gray, colors), cv2.COLOR_BGR2RGB).astype(np.float32)
    return picture


def background(chance: Chance, side: int, real: RealPictures) -> np.ndarray:
    """A picture without text, 0..=255."""
    weights = dict(KINDS)
    if not real.by_name:
        del weights["real"]
    kind = chance.weighted(weights)
    if kind == "real":
        picture = real.crop(chance, side)
    elif chance.happens(OFTEN_ENLARGED.get(kind, 0.16)):
        picture = textures.enlarged(chance, side, TEXTURES[kind])
    else:
        picture = TEXTURES[kind](chance, side)
    picture = np.ascontiguousarray(np.clip(picture, 0, 255), np.float32)
    if chance.happens(0.25):
        paint_border(chance, picture)
    if kind in ULTRASOUND_LIKE:
        paint_flow(chance, picture)
    return np.clip(picture, 0, 255)


def paint_border(chance: Chance, picture: np.ndarray) -> None:
    """A hard edge between the picture and a black border or a colored banner."""
    edge = chance.whole(0, len(picture))
    color = [chance.pick([0, 0, 12, 40])] * 3 if chance.happens(0.7) else [chance.number(0, 140) for _ in range(3)]
    if chance.happens(0.5):
        picture[:, :edge] = color
    else:
        picture[:edge] = color


def paint_flow(chance: Chance, picture: np.ndarray) -> None:
    painters: list[tuple[float, Callable[[Chance, np.ndarray], None]]] = [
        (0.22, doppler.paint_window),
        (0.06, doppler.paint_spectrum),
        (0.05, doppler.paint_color_m_mode),
    ]
    for probability, paint in painters:
        if chance.happens(probability):
            paint(chance, picture)
