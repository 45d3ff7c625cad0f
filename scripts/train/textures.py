"""Synthetic tissue, film and masks without text: RGB pictures of floats, about 0..=255.

Every function takes the chance and the side of the square picture. They imitate what was seen to be mistaken for text:
speckle, muscle fibers, vessel and heart walls, trabeculae, saturated masks with ragged holes, label maps.
"""

from collections.abc import Callable

import cv2
import numpy as np

from chance import Chance

Texture = Callable[[Chance, int], np.ndarray]


def smooth_field(chance: Chance, height: int, width: int, cells: int) -> np.ndarray:
    """Noise of about `cells` cells over the height, smoothly enlarged; about 0..=1."""
    grid = (max(2, cells), max(2, cells * width // height + 1))
    return cv2.resize(chance.uniform(grid), (width, height), interpolation=cv2.INTER_CUBIC)


def smooth_row(chance: Chance, length: int, cells: int) -> np.ndarray:
    """As `smooth_field`, along a line."""
    return cv2.resize(chance.uniform((1, cells)), (length, 1), interpolation=cv2.INTER_CUBIC)[0]


def cloud(chance: Chance, height: int, width: int, roughness: float, cells: int = 3) -> np.ndarray:
    """Noise of many octaves, mean 0 and deviation 1; `roughness` is what each finer octave keeps of the last."""
    field, share = np.zeros((height, width), np.float32), 1.0
    while cells < min(height, width):
        field += share * smooth_field(chance, height, width, cells)
        share *= roughness
        cells = cells * 2 + 1
    return (field - field.mean()) / (field.std() + 1e-6)


def as_rgb(gray: np.ndarray) -> np.ndarray:
    return np.repeat(np.ascontiguousarray(gray, np.float32)[..., None], 3, axis=2)


def tinted(chance: Chance, picture: np.ndarray, probability: float, darkest: float = 0.3) -> np.ndarray:
    """Sometimes in one color, as sepia or blue ultrasound maps are."""
    if not chance.happens(probability):
        return picture
    return picture * (darkest + (1 - darkest) * chance.uniform(3))


def grain(chance: Chance, height: int, width: int, strength: float) -> np.ndarray:
    """Ultrasound grain around 1, finer along the beam than across."""
    noise = chance.rayleigh((height, width))
    noise = cv2.GaussianBlur(noise, (0, 0), chance.number(0.3, 3.3), sigmaY=chance.number(0.3, 1.8))
    return (noise - noise.mean()) / noise.std() * strength + 1


def sector_mask(chance: Chance, height: int, width: int) -> np.ndarray:
    """The fan of a curved or phased probe."""
    rows, columns = np.mgrid[0:height, 0:width]
    apex_x, apex_y = width * chance.number(0, 1), -height * chance.number(-0.4, 0.6)
    angle = np.arctan2(columns - apex_x, rows - apex_y)
    radius = np.hypot(columns - apex_x, rows - apex_y)
    reach, start = height * chance.number(0.7, 1.6), height * chance.number(0, 0.3)
    return (np.abs(angle) < chance.number(0.3, 0.9)) & (radius < reach) & (radius > start)


def speckle(chance: Chance, side: int) -> np.ndarray:
    """Ultrasound tissue, mostly gray, half of it cut to a fan."""
    if chance.happens(0.5):
        texture = grain(chance, side, side, chance.number(0.1, 0.6))
        gray = np.clip(texture * smooth_field(chance, side, side, chance.whole(2, 13)), 0, 3)
        gray = gray * chance.number(30, 230) + chance.number(0, 30)
    else:
        across, along = chance.number(0.8, 4), chance.number(0.5, 1.6)
        parts = [cv2.GaussianBlur(chance.normal((side, side)), (0, 0), across, sigmaY=along) for _ in range(2)]
        envelope = np.hypot(*parts)
        tissue = np.clip(smooth_field(chance, side, side, chance.whole(3, 8)) * 1.4 - 0.2, 0.02, 1.2)
        tissue = tissue ** chance.number(1, 2.2)
        gray = np.log1p(30 * envelope / envelope.mean() * tissue) / np.log(31) * chance.number(60, 210)
    if chance.happens(0.45):
        gray = gray * sector_mask(chance, side, side) + chance.whole(0, 11)
    return tinted(chance, as_rgb(gray), 0.25, 0.6)


def scan(chance: Chance, side: int) -> np.ndarray:
    """A part of a scan-converted ultrasound picture: speckle that widens with depth, walls, shadows, the fan's rim."""
    reach = side * chance.scale(0.7, 2.6)
    start = reach * chance.number(0, 0.45)
    half_angle = chance.number(0.25, 0.85)
    # A place in the fan that is the crop's middle.
    radius, angle = chance.number(start, reach), chance.number(-half_angle, half_angle)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) - side / 2
    across, down = columns + radius * np.sin(angle), rows + radius * np.cos(angle)
    samples, beams = int((reach - start) / chance.number(0.7, 1.6)) + 8, chance.whole(48, 260)
    brightness = shown_echo(chance, samples, beams)
    along = (np.hypot(across, down) - start) / (reach - start) * (samples - 1)
    beam = (np.arctan2(across, down) / half_angle + 1) / 2 * (beams - 1)
    how = chance.pick([cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
    gray = cv2.remap(brightness, beam.astype(np.float32), along.astype(np.float32), how, borderValue=0)
    if chance.happens(0.3):  # edge enhancement
        gray += chance.number(0.3, 1.2) * (gray - cv2.GaussianBlur(gray, (0, 0), chance.number(0.8, 2)))
    if chance.happens(0.2):  # speckle reduction
        gray = cv2.medianBlur(np.clip(gray, 0, 255).astype(np.uint8), 3).astype(np.float32)
    if chance.happens(0.15):
        gray = np.rot90(gray, chance.whole(1, 3))
    return tinted(chance, as_rgb(np.clip(gray, 0, 255) + chance.pick([0, 0, 0, 8])), 0.25, 0.5)


def shown_echo(chance: Chance, samples: int, beams: int) -> np.ndarray:
    """Gray values of an echo by depth and beam: compounded speckle on tissue, in decibels above a floor."""
    envelope = np.zeros((samples, beams), np.float32)
    spread = chance.number(0.5, 2.2), chance.number(0.5, 1.6)
    looks = chance.pick([1, 1, 1, 2, 3])
    for _ in range(looks):
        parts = [cv2.GaussianBlur(chance.normal((samples, beams)), (0, 0), spread[0], sigmaY=spread[1]) for _ in "ri"]
        envelope += np.hypot(*parts)
    tissue = np.clip(smooth_field(chance, samples, beams, chance.whole(2, 9)) * 1.6 - 0.3, 0.003, 1.3)
    tissue = tissue ** chance.number(0.7, 2.5)
    for _ in range(chance.pick([0, 0, 1, 2, 4])):  # cavities
        hollow = smooth_field(chance, samples, beams, chance.whole(2, 8)) > chance.number(0.62, 0.85)
        tissue[hollow] *= chance.number(0.003, 0.2)
    for _ in range(chance.pick([0, 1, 2, 3, 5])):  # walls
        bend = samples * chance.number(0, 0.5)
        course = chance.number(0, samples) + bend * (smooth_row(chance, beams, chance.whole(2, 5)) - 0.5)
        distance = np.arange(samples)[:, None] - course[None]
        strength = chance.number(2, 25) * np.clip(smooth_row(chance, beams, 4) * 1.5, 0, 1)
        tissue += np.exp(-((distance / chance.number(0.8, 6)) ** 2)) * strength
    if chance.happens(0.3):  # shadows below stones and ribs
        tissue *= np.where(smooth_row(chance, beams, chance.whole(4, 12)) > 0.7, chance.number(0.02, 0.3), 1)
    decibels = 20 * np.log10(envelope / (envelope.mean() + 1e-6) * tissue + 1e-6)
    span, top = chance.number(30, 75), chance.number(-6, 14)
    shown = np.clip((decibels - top) / span + 1, 0, 1) ** chance.number(0.7, 1.8)
    return np.ascontiguousarray(shown * chance.number(110, 255), np.float32)


def fibers(chance: Chance, side: int) -> np.ndarray:
    """Muscle, tendon, M-mode bands: thin bright lines that look like rows of text."""
    noise = cv2.GaussianBlur(chance.normal((side, side)), (0, 0), chance.number(5, 25), sigmaY=chance.number(0.7, 2.5))
    noise = (noise - noise.mean()) / noise.std()
    bend = (smooth_field(chance, side, side, chance.whole(2, 5)) - 0.5) * chance.number(0, 60)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    noise = cv2.remap(noise, columns, rows + bend, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    shade = np.clip(smooth_field(chance, side, side, 5) * 1.5, 0, 1.5)
    gray = np.clip(noise * chance.number(20, 80) * shade + chance.number(0, 60), 0, 255)
    if chance.happens(0.5):
        gray *= 1 + 0.3 * chance.normal((side, side))
    return as_rgb(np.rot90(gray) if chance.happens(0.2) else gray)


def trabeculae(chance: Chance, side: int) -> np.ndarray:
    """The mesh of spongy bone."""
    mesh = smooth_field(chance, side, side, chance.whole(15, 59)) - 0.5
    shade = np.clip(smooth_field(chance, side, side, 4) * 1.6 - 0.2, 0, 1.5)
    gray = np.exp(-((mesh / chance.number(0.04, 0.15)) ** 2)) * chance.number(20, 110) * shade
    gray += smooth_field(chance, side, side, 4) * chance.number(20, 150)
    return as_rgb(gray + chance.normal((side, side)) * chance.number(0, 8))


def walls(chance: Chance, side: int) -> np.ndarray:
    """Bright curved borders with grain: heart walls, vessel walls, bone surfaces."""
    gray = smooth_field(chance, side, side, 5) * chance.number(0, 50)
    knots = 6
    for _ in range(chance.whole(2, 7)):
        drift = np.cumsum(chance.normal(knots)) * side * chance.number(0.02, 0.2)
        course = np.stack([np.linspace(-0.1, 1.1, knots) * side, chance.number(0, 1) * side + drift], axis=1)
        if chance.happens(0.5):
            course = course[:, ::-1]
        steps = np.linspace(0, knots - 1, 40)
        course = np.stack([np.interp(steps, np.arange(knots), course[:, axis]) for axis in (0, 1)], axis=1)
        course = cv2.GaussianBlur(course.astype(np.float32), (1, 9), 0)
        wall = np.zeros((side, side), np.float32)
        cv2.polylines(wall, [course.astype(np.int32)], False, 1, chance.whole(2, 35))
        gray += cv2.GaussianBlur(wall, (0, 0), chance.number(0.8, 5)) * chance.number(30, 230)
    gray = gray * grain(chance, side, side, chance.number(0.1, 0.55))
    return as_rgb(np.clip(gray * np.clip(smooth_field(chance, side, side, 4) * 1.5, 0.1, 1.3), 0, 255))


def blobs(chance: Chance, side: int) -> np.ndarray:
    """Flat organs and masks with holes."""
    gray = np.full((side, side), float(chance.pick([0, 0, 20, 100])), np.float32)
    for _ in range(chance.whole(1, 3)):
        organ = smooth_field(chance, side, side, chance.whole(2, 7)) > chance.number(0.35, 0.7)
        gray[organ] = chance.number(60, 255)
    holes = smooth_field(chance, side, side, chance.whole(8, 59)) > chance.number(0.65, 0.9)
    gray[holes] = chance.number(0, 255)
    if chance.happens(0.5):
        gray += chance.normal((side, side)) * chance.number(0, 12)
    if chance.happens(0.6):
        gray = cv2.GaussianBlur(gray, (0, 0), chance.number(0.4, 1.5))
    return tinted(chance, as_rgb(gray), 0.3)


def clipped_mask(chance: Chance, side: int) -> np.ndarray:
    """CT or MR in a window so narrow that it is nearly two-valued: a body with ragged holes and crumbs."""
    field = cloud(chance, side, side, chance.number(0.35, 0.85), chance.whole(3, 9))
    rows, columns = np.mgrid[0:side, 0:side] / side
    center, reach = chance.uniform(2) * 0.6 + 0.2, chance.number(0.25, 0.7)
    distance = np.hypot((columns - center[0]) * chance.number(0.7, 1.4), rows - center[1]) / reach
    body = np.clip((1 - distance + 0.06 * cloud(chance, side, side, 0.5)) * 12, 0, 1)
    window = chance.scale(0.04, 1.2)
    gray = np.clip((field - chance.number(-1.6, 0.8)) / window, 0, 1) * body
    if chance.happens(0.4):  # a skull or a skin line round it
        gray = np.maximum(gray, np.abs(distance - 1.05) < chance.number(0.01, 0.06))
    if chance.happens(0.3):
        gray = 1 - gray
    top = chance.number(120, 255)
    return as_rgb(gray * top + chance.whole(0, 20))


def section(chance: Chance, side: int) -> np.ndarray:
    """A part of a CT or MR slice: a body of soft shades with hollow bones, air, vessels, a table and a round field."""
    full = side * chance.scale(0.8, 3.0)  # side of the whole slice
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    reach = 0.5 * max(0.0, full - side) + 0.2 * side
    down, across = rows - side / 2 + chance.number(-reach, reach), columns - side / 2 + chance.number(-reach, reach)
    axes = full * chance.number(0.3, 0.48), full * chance.number(0.25, 0.45)
    outline = 1 - np.hypot(across / axes[0], down / axes[1]) + 0.05 * cloud(chance, side, side, 0.35)
    body = np.clip(outline * full / chance.number(2, 12), 0, 1)
    gray = cloud(chance, side, side, chance.number(0.25, 0.6)) * chance.number(2, 14) + chance.number(40, 150)
    gray += (outline < chance.number(0.02, 0.2)) * chance.number(-50, 60)  # fat or skin below the surface
    for _ in range(chance.pick([0, 1, 2, 4, 6])):
        paint_organ(chance, gray, full)
    for _ in range(chance.pick([0, 2, 5, 9, 14])):
        paint_bone(chance, gray, full)
    if chance.happens(0.5):
        paint_branches(chance, gray, full)
    gray = gray * body + chance.pick([0, 0, 0, 12, 70]) * (1 - body)
    if chance.happens(0.3):  # the table
        radius = full * chance.number(0.6, 2.5)
        distance = np.abs(np.hypot(across, down + radius - full * chance.number(0.3, 0.5)) - radius)
        for offset in (0, chance.number(6, 30)):
            gray += np.exp(-(((distance - offset) / chance.number(0.6, 2.5)) ** 2)) * chance.number(10, 120)
    if chance.happens(0.3):  # streaks from metal or a wide shoulder
        angle = np.arctan2(down + full * chance.number(-0.2, 0.2), across + full * chance.number(-0.2, 0.2))
        fan = smooth_row(chance, 721, chance.whole(60, 300))[((angle / np.pi + 1) * 360).astype(int)]
        gray += (fan - 0.5) * chance.number(5, 60)
    if chance.happens(0.6):
        noise = cv2.GaussianBlur(chance.normal((side, side)), (0, 0), chance.number(0.4, 1.6))
        gray += noise / (noise.std() + 1e-6) * chance.number(1, 14)
    gray = (gray - 100) * chance.scale(0.5, 3) + chance.number(60, 190)
    if chance.happens(0.2):  # the round field of view
        gray[np.hypot(across, down) > full * chance.number(0.45, 0.52)] = chance.pick([0, 0, 30, 255])
    return as_rgb(255 - gray if chance.happens(0.1) else gray)


def paint_organ(chance: Chance, gray: np.ndarray, full: float) -> None:
    """A shade with a soft or hard border; air if it is dark."""
    side = len(gray)
    organ = np.zeros((side, side), np.float32)
    center = (chance.whole(0, side - 1), chance.whole(0, side - 1))
    axes = [max(2, int(full * chance.scale(0.01, 0.2))) for _ in "xy"]
    cv2.ellipse(organ, center, axes, chance.number(0, 180), 0, 360, 1, -1)
    organ = organ * (1 + 0.15 * cloud(chance, side, side, 0.4)) > 0.9
    soft = cv2.GaussianBlur(organ.astype(np.float32), (0, 0), chance.scale(0.4, 4))
    gray += soft * chance.pick([-150, -60, -25, 20, 45, 90]) * chance.number(0.5, 1.2)


def paint_bone(chance: Chance, gray: np.ndarray, full: float) -> None:
    """A ring, an arc or a full spot, bright, with marrow of its own shade."""
    side = len(gray)
    bone = np.zeros((side, side), np.float32)
    center = (chance.whole(0, side - 1), chance.whole(0, side - 1))
    axes = [max(2, int(full * chance.scale(0.006, 0.07))) for _ in "xy"]
    start, extent = chance.number(0, 360), chance.pick([360, 360, 360, 200, 120])
    thickness = -1 if chance.happens(0.25) else max(1, int(full * chance.scale(0.002, 0.012)))
    cv2.ellipse(bone, center, axes, chance.number(0, 180), start, start + extent, 1, thickness, cv2.LINE_AA)
    if chance.happens(0.4):  # a process or a rib that starts here
        end = [int(place + full * chance.number(-0.12, 0.12)) for place in center]
        cv2.line(bone, center, end, chance.number(0.5, 1), max(1, abs(thickness)), cv2.LINE_AA)
    gray += cv2.GaussianBlur(bone, (0, 0), chance.scale(0.4, 2.5)) * chance.number(30, 160)


def paint_branches(chance: Chance, gray: np.ndarray, full: float) -> None:
    """Vessels and airways: short bent lines and dots, all light or all dark."""
    side = len(gray)
    tree = np.zeros((side, side), np.float32)
    for _ in range(chance.pick([8, 20, 50, 90])):
        at, angle = chance.uniform(2) * side, chance.number(0, 2 * np.pi)
        course = [at]
        for _ in range(chance.pick([0, 1, 2, 5])):
            angle += chance.number(-0.7, 0.7)
            course.append(course[-1] + full * chance.scale(0.006, 0.03) * np.array([np.cos(angle), np.sin(angle)]))
        width = max(1, int(full * chance.scale(0.001, 0.008)))
        cv2.polylines(tree, [np.array(course).astype(np.int32)], False, chance.number(0.4, 1), width, cv2.LINE_AA)
    gray += cv2.GaussianBlur(tree, (0, 0), chance.scale(0.35, 1.5)) * chance.pick([-120, -70, 40, 80, 130])


def folds(chance: Chance, side: int) -> np.ndarray:
    """A brain in a narrow window: a flat light body with dark furrows, crumbs and chambers, or the other way round."""
    field, coarse = cloud(chance, side, side, chance.number(0.2, 0.55), chance.whole(4, 14)), cloud(chance, side, side, 0.3)
    rows, columns = np.mgrid[0:side, 0:side] / side
    center, reach = chance.uniform(2) * 0.8 + 0.1, chance.number(0.3, 1.2)
    distance = np.hypot((columns - center[0]) * chance.number(0.8, 1.3), rows - center[1]) / reach
    inside = distance + 0.03 * coarse < 1
    light = chance.number(130, 255)
    gray = light * (1 - chance.number(0.0, 0.25) * smooth_field(chance, side, side, chance.whole(2, 9)))
    furrow = np.abs(field) < chance.number(0.02, 0.2)
    patches = coarse + chance.number(0, 2) * distance > chance.number(0, 2)  # not everywhere
    dark = (furrow & patches) | (field > chance.number(1.4, 2.6))
    dark |= cloud(chance, side, side, 0.7, chance.whole(8, 30)) > chance.number(1.7, 3)
    gray = np.where(dark, gray * chance.number(0, 0.5), gray) * inside
    if chance.happens(0.4):  # the skull
        gray = np.where(np.abs(distance - 1.06) < chance.number(0.01, 0.08), 255, gray)
    if chance.happens(0.4):
        gray = cv2.GaussianBlur(gray, (0, 0), chance.scale(0.4, 2))
    if chance.happens(0.3):
        gray = gray + chance.normal((side, side)) * chance.number(1, 12)
    return as_rgb(255 - gray if chance.happens(0.15) else gray)


def label_map(chance: Chance, side: int) -> np.ndarray:
    """Segments in flat colors with hard, often blocky edges."""
    block = chance.pick([1, 1, 2, 3, 5, 8])
    small = -(-side // block)
    field = cloud(chance, small, small, chance.number(0.2, 0.7), chance.whole(3, 12))
    levels = chance.whole(2, 9)
    index = np.clip(((field + 2) / 4 * levels).astype(int), 0, levels)
    colors = chance.uniform((levels + 1, 3)) * 255
    if chance.happens(0.4):
        colors[:] = colors[:, :1]
    colors[: chance.whole(1, max(1, levels // 2))] = 0
    picture = np.kron(colors[index].astype(np.float32), np.ones((block, block, 1), np.float32))
    return np.ascontiguousarray(picture[:side, :side])


def film(chance: Chance, side: int) -> np.ndarray:
    """X-ray film: soft shades and overlapping bones."""
    gray = smooth_field(chance, side, side, 4) * chance.number(80, 180) + chance.number(20, 70)
    for _ in range(chance.whole(3, 8)):
        bone = np.zeros((side, side), np.float32)
        center = (chance.whole(0, side - 1), chance.whole(0, side - 1))
        axes = (chance.whole(20, side // 2), chance.whole(8, side // 4))
        cv2.ellipse(bone, center, axes, chance.number(0, 180), 0, 360, 1, chance.whole(4, 39))
        gray += cv2.GaussianBlur(bone, (0, 0), chance.number(3, 10)) * chance.number(-60, 80)
    return as_rgb(gray + chance.normal((side, side)) * chance.number(1, 7))


def photograph(chance: Chance, side: int) -> np.ndarray:
    """Skin, stone, water: colored noise of many octaves, some with glints."""
    roughness = chance.number(0.35, 0.9)
    light = cloud(chance, side, side, roughness)
    picture = as_rgb(light * chance.number(10, 60) + chance.number(30, 200))
    picture += as_rgb(cloud(chance, side, side, 0.5)) * (chance.uniform(3) - 0.5) * chance.number(0, 80)
    if chance.happens(0.35):
        glints = np.clip(cloud(chance, side, side, chance.number(0.7, 1.0)) - chance.number(1.0, 2.2), 0, 1)
        glints = cv2.GaussianBlur(glints, (0, 0), chance.number(0.3, 3), sigmaY=chance.number(0.3, 1))
        picture += as_rgb(glints) * chance.number(80, 400)
    return tinted(chance, picture, 0.6)


def flat(chance: Chance, side: int) -> np.ndarray:
    """A screen's empty part: black, dark, seldom a color."""
    picture = np.full((side, side, 3), chance.pick([0, 0, 0, 4, 8, 16, 30, 60]), np.float32)
    if chance.happens(0.1):
        picture[:] = chance.uniform(3) * 255
    return picture


def bright(chance: Chance, side: int) -> np.ndarray:
    """A light screen or paper with an uneven light."""
    picture = np.full((side, side, 3), chance.number(170, 255), np.float32)
    picture -= smooth_field(chance, side, side, 3)[..., None] * 30
    return tinted(chance, picture, 0.2, 0.6)


def paper(chance: Chance, side: int) -> np.ndarray:
    """A scanned page."""
    shade = smooth_field(chance, side, side, 3)[..., None] * chance.number(0, 40)
    return np.full((side, side, 3), chance.number(190, 255), np.float32) - shade


def chart(chance: Chance, side: int) -> np.ndarray:
    """Light ruled paper, as ECG recorders print on: fine and coarse lines in one color, traces in a dark one."""
    picture = paper(chance, side)
    step, every = chance.number(3, 14), chance.pick([5, 5, 10])
    color, offset = 1 - chance.uniform(3) * chance.number(0.05, 0.6), chance.whole(0, 40)
    for axis in (0, 1):
        for index in range(int(side / step) + 1):
            at = int(index * step + offset) % side
            strength = 1.0 if index % every == 0 else 0.45
            line = picture[at] if axis == 0 else picture[:, at]
            line *= 1 - strength * (1 - color)
    ink, columns = chance.number(0, 90), np.arange(side)
    for _ in range(chance.pick([0, 1, 2, 3, 5])):
        period, height, narrow = chance.number(30, 160), chance.scale(6, 90), chance.number(1, 5)
        phase = (columns + chance.whole(0, 99)) % period - period / 2
        beat = np.exp(-((phase / narrow) ** 2)) * chance.pick([1, 1, -1])
        beat += 0.25 * np.exp(-(((phase - period * 0.25) / (period * 0.07)) ** 2))
        beat += chance.number(0, 0.4) * np.abs(smooth_row(chance, side, chance.whole(3, 30)) - 0.5)
        rows = chance.number(0, side) - height * beat
        course = np.stack([columns, rows], axis=1).astype(np.int32)
        cv2.polylines(picture, [course], False, [ink] * 3, chance.pick([1, 1, 2, 3]), cv2.LINE_AA)
    return picture


def enlarged(chance: Chance, side: int, texture: Texture) -> np.ndarray:
    """A texture of few pixels, enlarged as viewers and this detector's own scaling do: small MR, old captures."""
    small = texture(chance, max(32, int(side / chance.scale(2.0, 8.0))))
    how = chance.pick([cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST])
    return cv2.resize(np.ascontiguousarray(small, np.float32), (side, side), interpolation=how)
