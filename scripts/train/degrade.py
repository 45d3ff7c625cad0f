"""What happens to a picture on its way: capture at low resolution, blur, noise, dimming, inversion, JPEG, gray."""

from dataclasses import dataclass

import cv2
import numpy as np

from chance import Chance

# Height of capitals that can still be read after shrinking.
READABLE_CAP = 3.4


@dataclass(frozen=True)
class Resolution:
    """How a crop came to its size: drawn at `drawn` times it, shrunk to `shrunk` times it, and enlarged."""

    drawn: float = 1.0
    shrunk: float = 1.0

    @property
    def least_cap(self) -> float:
        return READABLE_CAP / self.shrunk


def choose_resolution(chance: Chance) -> Resolution:
    """Half of all pictures come enlarged: small ones are run at 2x, and old captures were scaled before."""
    kind = chance.weighted({"native": 50, "doubled": 30, "enlarged": 5, "shrunk": 15})
    if kind == "doubled":
        return Resolution(drawn=0.5)
    if kind == "enlarged":
        return Resolution(drawn=chance.number(0.4, 0.85))
    if kind == "shrunk":
        return Resolution(shrunk=chance.number(0.36, 0.75))
    return Resolution()


def recompressed(picture: np.ndarray, quality: int) -> np.ndarray:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, encoded = cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8), options)
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)


def degrade(chance: Chance, picture: np.ndarray, side: int, resolution: Resolution) -> np.ndarray:
    """The picture as a frame has it: 8 bits, `side` pixels wide and high."""
    if chance.happens(0.2):
        noise = chance.normal(picture.shape[:2])[..., None] * chance.number(0, 9)
        picture = picture + noise
    if resolution.shrunk < 1:
        small = max(8, int(side * resolution.shrunk))
        how = chance.pick([cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_LINEAR])
        picture = cv2.resize(picture, (small, small), interpolation=how)
    if picture.shape[0] != side:
        if chance.happens(0.3):
            picture = recompressed(picture, chance.whole(50, 95))
        how = chance.pick([cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
        picture = cv2.resize(picture, (side, side), interpolation=how).astype(np.float32)
    elif chance.happens(0.15):
        picture = cv2.GaussianBlur(picture, (0, 0), chance.number(0.3, 0.9))
    if chance.happens(0.16):
        picture = picture * chance.number(0.25, 0.8) + chance.whole(0, 20)
    if chance.happens(0.06):
        picture = 255 - np.clip(picture, 0, 255)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    if chance.happens(0.3):
        picture = recompressed(picture, chance.whole(45, 95))
    if chance.happens(0.1):
        picture = picture[..., chance.pick([[2, 1, 0], [1, 0, 2], [0, 2, 1]])]
    elif chance.happens(0.12):
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    return np.ascontiguousarray(picture)
