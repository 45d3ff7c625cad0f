"""Blood flow in ultrasound: color and power windows, spectral strips, color M-mode. Painted in place; none is text."""

import cv2
import numpy as np

from chance import Chance
from textures import as_rgb, smooth_field

POWER_RAMP = ((60, 5, 0), (235, 110, 0), (255, 245, 130))
TOWARD_RAMP = ((70, 0, 0), (225, 30, 0), (255, 245, 60))
AWAY_RAMP = ((0, 0, 80), (0, 60, 230), (60, 240, 255))
Ramp = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]


def ramp(speed: np.ndarray, colors: Ramp) -> np.ndarray:
    """Speeds 0..=1 as colors between the three of the ramp."""
    slow, middle, fast = (np.array(color, np.float32) for color in colors)
    share = speed[..., None]
    return np.where(share < 0.5, slow + (middle - slow) * share * 2, middle + (fast - middle) * (share * 2 - 1))


def flow_colors(velocity: np.ndarray, power: bool) -> np.ndarray:
    """Velocities -1..=1 as colors: by direction, or by strength alone."""
    speed = np.abs(velocity)
    if power:
        return ramp(speed, POWER_RAMP).astype(np.float32)
    toward = (velocity > 0)[..., None]
    return np.where(toward, ramp(speed, TOWARD_RAMP), ramp(speed, AWAY_RAMP)).astype(np.float32)


def vessels(chance: Chance, height: int, width: int, grid: int) -> np.ndarray:
    """Winding vessels, broken here and there."""
    mask = np.zeros((height, width), np.float32)
    for _ in range(chance.whole(2, 16)):
        steps = chance.whole(6, 29)
        wander = chance.normal((steps, 2)) * chance.number(2, 7) / grid
        drift = np.array([chance.number(-6, 6), chance.number(-6, 6)]) / grid
        course = np.cumsum(wander + drift, axis=0) + [chance.whole(0, width - 1), chance.whole(0, height - 1)]
        cv2.polylines(mask, [course.astype(np.int32)], False, 1, max(1, chance.whole(1, 9) // grid))
    return mask * (smooth_field(chance, height, width, 12) > 0.25)


def flow_mask(chance: Chance, height: int, width: int, grid: int) -> np.ndarray:
    """Where flow is shown: vessels, lakes, dense crumbs as in perfused tissue, with or without speckles."""
    kind = chance.weighted({"vessels": 5, "lakes": 3, "crumbs": 3})
    if kind == "vessels":
        mask = vessels(chance, height, width, grid)
    elif kind == "lakes":
        mask = (smooth_field(chance, height, width, chance.whole(3, 13)) > chance.number(0.2, 0.7)).astype(np.float32)
    else:
        fine = smooth_field(chance, height, width, max(6, height // chance.whole(4, 12)))
        coarse = smooth_field(chance, height, width, chance.whole(2, 6))
        mask = (fine * 0.6 + coarse > chance.number(0.6, 1.0)).astype(np.float32)
    if chance.happens(0.4):
        mask = np.maximum(mask, chance.uniform((height, width)) < chance.number(0.01, 0.15))
    if chance.happens(0.1):
        mask[:] = 1
    return mask.astype(np.float32)


def paint_window(chance: Chance, picture: np.ndarray) -> None:
    """A color or power Doppler window, maybe with its frame and its color bar."""
    side_y, side_x = picture.shape[:2]
    power = chance.happens(0.45)
    width, height = int(side_x * chance.number(0.3, 1)), int(side_y * chance.number(0.3, 1))
    left, top = chance.whole(0, side_x - width), chance.whole(0, side_y - height)
    grid = chance.pick([1, 1, 2, 3])
    rows, columns = max(8, height // grid), max(8, width // grid)
    velocity = (smooth_field(chance, rows, columns, chance.whole(3, 9)) * 2 - 1) * chance.number(0.6, 1.6)
    velocity += chance.number(-0.5, 0.5)
    if chance.happens(0.5):
        velocity += chance.normal((rows, columns)) * chance.number(0.05, 0.4)
    colors = flow_colors(np.clip(velocity, -1, 1), power)
    mask = flow_mask(chance, rows, columns, grid)
    if power and chance.happens(0.6):  # power fades to the vessel's edge
        mask = cv2.GaussianBlur(mask, (0, 0), chance.number(0.6, 2.5))
        colors = colors * np.clip(mask * 1.3, 0.2, 1)[..., None]
        mask = np.clip(mask * chance.number(1, 3), 0, 1)
    how = chance.pick([cv2.INTER_NEAREST, cv2.INTER_LINEAR])
    colors = cv2.resize(colors, (width, height), interpolation=how)
    share = cv2.resize(mask, (width, height), interpolation=how)[..., None]
    window = picture[top : top + height, left : left + width]
    window[:] = window * (1 - share) + colors * share
    if chance.happens(0.6):
        lean = int(chance.number(-0.25, 0.25) * width)
        right, bottom = left + width - 1, top + height - 1
        frame = np.array([[left + lean, top], [right + lean, top], [right, bottom], [left, bottom]])
        cv2.polylines(picture, [frame], True, (220.0,) * 3, 1)
    if chance.happens(0.6):
        paint_color_bar(chance, picture, power)


def paint_color_bar(chance: Chance, picture: np.ndarray, power: bool) -> None:
    side_y, side_x = picture.shape[:2]
    width, height = chance.whole(6, 17), chance.whole(40, min(159, side_y - 4))
    left, top = chance.whole(0, side_x - width), chance.whole(0, side_y - height)
    speeds = np.linspace(1, 0.02 if power else -1, height)[:, None]
    picture[top : top + height, left : left + width] = flow_colors(np.repeat(speeds, width, axis=1), power)


def heart_beats(chance: Chance, width: int) -> np.ndarray:
    """Two humps a beat along time, about 0..=1."""
    time = np.arange(width) / chance.number(40, 140) + chance.number(0, 1)
    phase = time % 1
    early, late = np.exp(-(((phase - 0.25) / 0.1) ** 2)), np.exp(-(((phase - 0.6) / 0.12) ** 2))
    return ((early + 0.5 * late + 0.08) * (1 + 0.15 * chance.normal(width))).astype(np.float32)


def paint_spectrum(chance: Chance, picture: np.ndarray) -> None:
    """A strip of spectral Doppler with its base line."""
    side_y, side_x = picture.shape[:2]
    height = int(side_y * chance.number(0.25, 0.6))
    top = chance.whole(0, side_y - height)
    envelope = heart_beats(chance, side_x) * height * 0.55
    base = height * chance.number(0.6, 0.9)
    rows = np.mgrid[0:height, 0:side_x][0]
    filled = (rows < base) & (rows > base - envelope)
    strength = chance.rayleigh((height, side_x)) * 0.5 * np.where(filled, 1, 0.04)
    if chance.happens(0.5):
        strength += chance.rayleigh((height, side_x)) * 0.5 * ((rows > base) & (rows < base + envelope * 0.3))
    strength = cv2.GaussianBlur(np.clip(strength, 0, 1).astype(np.float32), (0, 0), chance.number(0.3, 0.9))
    if chance.happens(0.3):
        sign = chance.pick([1, -1])
        velocity = np.clip(sign * strength * (1 + 0.5 * smooth_field(chance, height, side_x, 5)), -1, 1)
        strip = flow_colors(velocity, power=False) * (strength > 0.08)[..., None]
    else:
        strip = as_rgb(strength * chance.number(120, 255))
    picture[top : top + height] = strip
    line = top + int(base)
    cv2.line(picture, (0, line), (side_x, line), (200.0, 200.0, 200.0), 1)


def paint_color_m_mode(chance: Chance, picture: np.ndarray) -> None:
    """Depth over time in flow colors: streaks and mosaic that come again with each beat, over gray bands."""
    side_y, side_x = picture.shape[:2]
    height = int(side_y * chance.number(0.3, 0.9))
    top = chance.whole(0, side_y - height)
    bands = cv2.GaussianBlur(
        chance.normal((height, side_x)), (0, 0), chance.number(5, 25), sigmaY=chance.number(0.8, 3)
    )
    strip = as_rgb(np.clip(bands / bands.std() * 30 + 40, 0, 255))
    period = chance.whole(30, 130)
    beat = smooth_field(chance, height, period, chance.whole(5, 16)) * 2 - 1
    beat += chance.normal((height, period)) * chance.number(0.05, 0.6)
    repeats = -(-side_x // period)
    velocity = np.tile(beat, (1, repeats))[:, :side_x] * chance.number(0.8, 1.8)
    velocity = cv2.GaussianBlur(velocity + chance.normal(velocity.shape) * 0.15, (0, 0), chance.number(0.3, 1.2))
    shown = np.tile(smooth_field(chance, height, period, chance.whole(3, 8)), (1, repeats))[:, :side_x]
    shown = (shown + 0.1 * chance.normal(shown.shape) > chance.number(0.2, 0.6))[..., None]
    picture[top : top + height] = np.where(shown, flow_colors(np.clip(velocity, -1, 1), power=False), strip)
