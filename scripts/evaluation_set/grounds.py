"""What text stands on: pictures without a letter, as floats, gray or RGB."""

import cv2
import numpy as np


def smooth(g, height, width, cells):
    """A smooth random field, 0..1."""
    cells = max(2, int(cells))
    small = g.random((cells, max(2, round(cells * width / height)))).astype(np.float32)
    return np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def gray(picture):
    """Three equal channels."""
    return np.repeat(np.asarray(picture, np.float32)[..., None], 3, 2)


def tissue(g, depth, beams):
    """Reflectivity along depth and beam: layers, cysts, bright walls."""
    field = 0.25 + 0.5 * smooth(g, depth, beams, g.integers(3, 8)) * smooth(g, depth, beams, g.integers(2, 5))
    ys, xs = np.mgrid[0:depth, 0:beams].astype(np.float32)
    for _ in range(g.integers(2, 7)):
        cy, cx, ry, rx = (
            g.uniform(0.1, 1) * depth,
            g.uniform(0, 1) * beams,
            g.uniform(0.04, 0.22) * depth,
            g.uniform(0.04, 0.25) * beams,
        )
        distance = ((ys - cy) / ry) ** 2 + ((xs - cx) / rx) ** 2
        field = np.where(distance < 1, field * g.choice([0.05, 0.3, 1.8]), field)
        field += np.exp(-(((distance - 1) / 0.12) ** 2)) * g.uniform(0, 1.2)
    for _ in range(g.integers(1, 5)):
        line = g.uniform(0.05, 0.95) * depth + depth * 0.03 * np.sin(xs[0] / beams * g.uniform(2, 9) + g.uniform(0, 6))
        field += np.exp(-(((ys - line) / g.uniform(1.5, 5)) ** 2)) * g.uniform(0.5, 2.5)
    return field


def echo(g, depth, beams):
    """Speckle by interference, attenuated with depth and compressed like a scanner does; 0..255."""
    sigma = (g.uniform(0.8, 1.6), g.uniform(0.9, 2.6))
    real, imaginary = (
        cv2.GaussianBlur(g.standard_normal((depth, beams)).astype(np.float32), (0, 0), sigma[1], sigmaY=sigma[0])
        for _ in range(2)
    )
    amplitude = np.hypot(real, imaginary)
    amplitude *= tissue(g, depth, beams) / amplitude.mean()
    amplitude *= np.exp(-np.linspace(0, g.uniform(0.2, 1.8), depth))[:, None]
    span = g.uniform(35, 65)
    level = 20 * np.log10(amplitude + 1e-4)
    return np.clip((level + span) / (span + g.uniform(2, 10)), 0, 1) ** g.uniform(1.0, 1.8) * g.uniform(170, 250)


def sector(g, height, width, center=None, radius=None, half_angle=None, start=0.0):
    """A scan-converted sector on black. Returns the picture and where the sector is."""
    center = center or (width / 2, -0.02 * height)
    radius = radius or 0.96 * height
    half_angle = half_angle or g.uniform(0.55, 0.8)
    data = echo(g, 420, 260).astype(np.float32)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    dx, dy = xs - center[0], ys - center[1]
    distance, angle = np.hypot(dx, dy), np.arctan2(dx, dy)
    rows = (distance / radius - start) / (1 - start) * (data.shape[0] - 1)
    columns = (angle / half_angle + 1) / 2 * (data.shape[1] - 1)
    picture = cv2.remap(data, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR, borderValue=0)
    inside = (rows >= 0) & (rows < data.shape[0]) & (columns >= 0) & (columns < data.shape[1])
    return picture, inside


def linear(g, height, width):
    """A rectangular image, as linear probes make it."""
    return cv2.resize(echo(g, 360, 300).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def flow(g, picture, box):
    """Lays color Doppler into a box (x, y, width, height) of an RGB picture: a few vessels, fastest in their middle,
    now and then beyond the range and so in the other color, at half the resolution of the picture."""
    x, y, width, height = box
    rows, columns = max(8, height // 2), max(8, width // 2)
    depth = np.zeros((rows, columns), np.float32)
    for _ in range(g.integers(1, 5)):
        course = np.cumsum(g.normal(0, 1, (14, 2)), 0) * 0.05 + g.uniform(-0.07, 0.07, 2) * np.arange(14)[:, None]
        course = (course + g.uniform(0.2, 0.8, 2)) * [columns, rows]
        vessel = np.zeros_like(depth)
        cv2.polylines(
            vessel,
            [cv2.blur(course.astype(np.float32), (1, 5)).astype(np.int32)],
            False,
            1.0,
            int(g.integers(4, max(6, rows // 4))),
        )
        distance = cv2.distanceTransform((vessel > 0).astype(np.uint8), cv2.DIST_L2, 3)
        depth = np.maximum(depth, distance / max(1.0, float(distance.max())))
    # Flow is not drawn to the wall, and fades out where the beam meets the vessel at a right angle.
    ragged = smooth(g, rows, columns, rows / 4) * 0.5 + smooth(g, rows, columns, 3) * 0.6
    depth = np.where(depth > ragged * 0.75 - 0.1, depth, 0)
    direction = np.sign(smooth(g, rows, columns, 2) - 0.5)
    noise = cv2.GaussianBlur(g.standard_normal((rows, columns)).astype(np.float32), (0, 0), 1.2)
    speed = direction * np.sqrt(depth) * g.uniform(0.6, 1.15) + 0.25 * noise * (depth > 0)
    speed = np.where(np.abs(speed) > 1, speed - 2 * np.sign(speed), speed)
    color = cv2.resize(velocity(speed), (width, height), interpolation=cv2.INTER_LINEAR)
    inside = cv2.resize((depth > 0).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    picture[y : y + height, x : x + width][inside] = color[inside]
    cv2.rectangle(picture, (x, y), (x + width, y + height), (190.0, 190.0, 190.0), 1)


def velocity(speed):
    """The usual colors of flow towards and away from the probe."""
    strength = np.abs(speed)[..., None]
    towards = np.concatenate([90 + 165 * strength, 235 * strength**1.7, 60 * strength**3], 2)
    away = np.concatenate([40 * strength**3, 225 * strength**1.7, 90 + 165 * strength], 2)
    return np.where((speed > 0)[..., None], towards, away).astype(np.float32)


def spectrum(g, height, width):
    """A spectral Doppler strip, gray: beats of unequal length and height, with ragged edges and stray echoes."""
    beats, top = np.zeros(width, np.float32), 0.0
    while top < width:
        length, strength = g.uniform(0.85, 1.15) * width / g.uniform(4, 9), g.uniform(0.75, 1.0)
        phase = (np.arange(width) - top) / length
        rise = np.where(
            phase < 0.16, np.clip(phase / 0.16, 0, 1) ** 1.5, np.exp(-(phase - 0.16) / g.uniform(0.1, 0.25))
        )
        second = 0.4 * np.exp(-(((phase - 0.55) / 0.13) ** 2))
        beats = np.maximum(beats, np.where((phase >= 0) & (phase < 1.2), np.maximum(rise, second) * strength, 0))
        top += length
    edge = beats * (1 + 0.12 * cv2.GaussianBlur(g.standard_normal((1, width)).astype(np.float32), (0, 0), 0.8)[0]) + 0.1
    base = g.uniform(0.6, 0.85) * height
    reach = np.clip(edge * base * g.uniform(0.55, 0.8), 0, base - 3)
    ys = (base - np.arange(height)[:, None]) / np.maximum(reach, 1)
    inside = np.clip((1.1 - ys) / 0.25, 0, 1) * (ys > 0)
    filled = inside * (0.25 + 0.75 * np.exp(-(((ys - 0.8) / 0.3) ** 2)))
    below = 0.25 * np.exp(-(((ys + 0.15) / 0.12) ** 2)) * (ys < 0)
    echoes = g.rayleigh(0.6, (height, width)) * (filled + below + 0.035)
    picture = cv2.GaussianBlur(echoes.astype(np.float32), (0, 0), 0.9, sigmaY=0.6) * 200
    picture[int(base)] = 170
    return np.clip(picture, 0, 255)


def radiograph(g, height, width):
    """A projection of body, bones and collimator, 0..1 with tissue bright."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = width * g.uniform(0.4, 0.6), height * g.uniform(0.45, 0.6)
    body = 1 / (
        1
        + np.exp(
            (np.hypot((xs - cx) / (width * g.uniform(0.3, 0.45)), (ys - cy) / (height * g.uniform(0.4, 0.6))) - 1) * 12
        )
    )
    thick = body * (0.35 + 0.25 * smooth(g, height, width, 3))
    thick += ribs(g, height, width, cx, cy) * body if g.random() < 0.6 else long_bones(g, height, width) * body
    for _ in range(g.integers(1, 4)):
        thick -= (
            0.2
            * np.exp(
                -(
                    ((xs - g.uniform(0.2, 0.8) * width) / (0.13 * width)) ** 2
                    + ((ys - g.uniform(0.2, 0.7) * height) / (0.2 * height)) ** 2
                )
            )
            * body
        )
    picture = np.clip(thick + 0.08, 0, 1)
    picture += g.standard_normal((height, width)).astype(np.float32) * (0.006 + 0.008 * np.sqrt(picture))
    if g.random() < 0.6:
        left, top = int(g.uniform(0, 0.07) * width), int(g.uniform(0, 0.05) * height)
        frame = np.zeros((height, width), bool)
        frame[top : height - top, left : width - left] = True
        picture = np.where(frame, picture, 0.015 + 0.004 * g.standard_normal((height, width)))
    return np.clip(picture, 0, 1).astype(np.float32)


def ribs(g, height, width, cx, cy):
    """Arcs on both sides of a spine, and the spine."""
    layer = np.zeros((height, width), np.float32)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    count, pitch = int(g.integers(6, 11)), height * g.uniform(0.055, 0.08)
    for index in range(count):
        y = cy - count / 2 * pitch + index * pitch
        for side in (-1, 1):
            center = (int(cx + side * width * 0.17), int(y + pitch))
            axes = (int(width * (0.15 + 0.012 * index)), int(pitch * 1.5))
            arc = np.zeros_like(layer)
            cv2.ellipse(arc, center, axes, float(side * 14), 180.0, 360.0, 0.1, max(4, int(pitch * 0.32)))
            layer += arc
    layer = cv2.GaussianBlur(layer, (0, 0), width / 220)
    spine = np.exp(-(((xs - cx) / (width * 0.035)) ** 4)) * (0.16 + 0.05 * (np.sin(ys / pitch * 2.6) > -0.3))
    return layer + cv2.GaussianBlur(spine, (0, 0), width / 300)


def long_bones(g, height, width):
    """Shafts with denser rims that cross the picture, with a joint."""
    layer = np.zeros((height, width), np.float32)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(g.integers(1, 4)):
        angle, at = g.uniform(-0.5, 0.5), g.uniform(0.3, 0.7) * width
        across = (xs - at) * np.cos(angle) + (ys - height / 2) * np.sin(angle)
        half = (
            width
            * g.uniform(0.03, 0.07)
            * (1 + 0.5 * np.exp(-(((ys - g.uniform(0.2, 0.8) * height) / (0.09 * height)) ** 2)))
        )
        layer += 0.12 * (np.abs(across) < half) + 0.14 * np.exp(-(((np.abs(across) - half) / (half * 0.18)) ** 2))
    return cv2.GaussianBlur(layer, (0, 0), width / 400)


def slice_of_body(g, height, width):
    """A cross-section on black, 0..1, as in CT and MR."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = width * g.uniform(0.46, 0.54), height * g.uniform(0.46, 0.54)
    rim = np.hypot((xs - cx) / (width * g.uniform(0.3, 0.4)), (ys - cy) / (height * g.uniform(0.26, 0.38))) + 0.05 * (
        smooth(g, height, width, 5) - 0.5
    )
    picture = np.where(rim < 1, 0.45, 0.0) + np.where((rim < 1) & (rim > 0.93), 0.15, 0.0)
    for _ in range(g.integers(6, 14)):
        ox, oy = cx + g.uniform(-0.22, 0.22) * width, cy + g.uniform(-0.2, 0.2) * height
        spot = np.hypot(
            (xs - ox) / (width * g.uniform(0.02, 0.1)), (ys - oy) / (height * g.uniform(0.02, 0.1))
        ) + 0.2 * (smooth(g, height, width, 8) - 0.5)
        picture = np.where((spot < 1) & (rim < 0.9), g.choice([0.1, 0.3, 0.55, 0.7, 0.95]), picture)
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.1)
    return np.clip(picture + g.standard_normal((height, width)) * 0.025 * (picture > 0.02), 0, 1).astype(np.float32)


def fluoroscopy(g, height, width):
    """A dim circular field with a catheter, 0..1."""
    field = 0.25 + 0.5 * smooth(g, height, width, 4) * smooth(g, height, width, 3)
    layer = np.zeros((height, width), np.float32)
    for _ in range(g.integers(1, 4)):
        points = np.cumsum(g.normal(0, 1, (40, 2)) * 9 + g.uniform(-6, 6, 2), 0) + [width / 2, height / 2]
        points = cv2.blur(points.astype(np.float32), (1, 9))
        cv2.polylines(layer, [points.astype(np.int32)], False, 0.35, int(g.integers(2, 5)), cv2.LINE_AA)
    field -= cv2.GaussianBlur(layer, (0, 0), 0.8)
    ys, xs = np.mgrid[0:height, 0:width]
    circle = np.hypot(xs - width / 2, ys - height / 2) < 0.48 * min(width, height)
    return np.clip(np.where(circle, field + g.standard_normal((height, width)) * 0.03, 0.01), 0, 1).astype(np.float32)


def endoscopy(g, height, width, center, radius):
    """Wet mucosa in a round or eight-sided window, RGB."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(xs - center[0], ys - center[1]) / radius
    relief = smooth(g, height, width, 4) * 0.6 + smooth(g, height, width, 9) * 0.4
    light = np.clip(1.1 - 0.65 * distance, 0.1, 1) * (0.55 + 0.6 * relief)
    picture = np.stack([225 * light, 115 * light**1.3, 95 * light**1.4], 2)
    for _ in range(g.integers(3, 9)):
        points = (
            np.cumsum(g.normal(0, 1, (30, 2)) * 7 + g.uniform(-5, 5, 2), 0)
            + np.array(center)
            + g.uniform(-0.5, 0.5, 2) * radius
        )
        layer = np.zeros((height, width), np.float32)
        cv2.polylines(layer, [points.astype(np.int32)], False, 1, int(g.integers(1, 4)), cv2.LINE_AA)
        picture *= 1 - 0.35 * cv2.GaussianBlur(layer, (0, 0), 1.2)[..., None] * np.array([0.3, 0.8, 0.7])
    for _ in range(g.integers(2, 12)):
        spot = tuple(int(v) for v in np.array(center) + g.uniform(-0.6, 0.6, 2) * radius)
        cv2.ellipse(
            picture,
            spot,
            (int(g.integers(2, 12)), int(g.integers(2, 8))),
            float(g.uniform(0, 180)),
            0,
            360,
            (250.0, 245.0, 240.0),
            -1,
        )
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.8)
    corner = (np.abs(xs - center[0]) + np.abs(ys - center[1])) / radius
    inside = (
        (distance < 1)
        if g.random() < 0.5
        else (np.maximum(np.abs(xs - center[0]), np.abs(ys - center[1])) < 0.95 * radius) & (corner < 1.45)
    )
    picture += g.standard_normal(picture.shape) * 2
    return np.where(inside[..., None], np.clip(picture, 0, 255), 0).astype(np.float32)


def paper(g, height, width):
    """Scanned paper: nearly white, unevenly lit, with fibers."""
    light = g.uniform(225, 252) - g.uniform(0, 25) * smooth(g, height, width, 3)
    return np.clip(light + g.standard_normal((height, width)) * g.uniform(0.5, 3), 0, 255).astype(np.float32)
