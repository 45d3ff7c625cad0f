"""Clips: static text over moving tissue, text in one frame alone, moving text, a counting clock."""

import cv2
import numpy as np

from . import grounds, words
from .canvas import Canvas
from .scribe import Picture, layout
from .ultrasound import CYAN, WHITE, column

FRAMES = 8


def moving_tissue(s, width, height):
    """Returns the frames of a beating picture, without text."""
    part, inside = grounds.sector(s.g, height - 60, int(width * 0.8))
    base = np.zeros((height, width), np.float32)
    base[60:, int(width * 0.1) : int(width * 0.1) + part.shape[1]][inside] = part[inside]
    frames = []
    for index in range(FRAMES):
        beat = 1 + 0.02 * np.sin(index / FRAMES * 2 * np.pi)
        matrix = cv2.getRotationMatrix2D((width / 2, 60), 0, beat)
        moved = cv2.warpAffine(base, matrix, (width, height)) * (1 + 0.08 * s.g.standard_normal((height, width)))
        moved[:50] = 0
        frames.append(np.clip(moved, 0, 255).astype(np.float32)[..., None])
    return frames


class Clip:
    """Frames with their canvases; lines are drawn into those frames that they stand in."""

    def __init__(self, s, frames, classes):
        self.s = s
        self.canvases = [Canvas(frame, classes=classes) for frame in frames]
        self.lines = []

    def write(self, first, last, *arguments, **more):
        """Writes the same line into the frames from `first` to `last`."""
        drawn = [self.s.write(self.canvases[frame], *arguments, **more) for frame in range(first, last + 1)]
        if any(line is None for line in drawn):
            for frame, line in zip(range(first, last + 1), drawn):
                if line is not None:
                    self.canvases[frame].erase(line)
            return
        # The frame with the least contrast speaks for the line.
        line = min(drawn, key=lambda line: line.contrast - line.noise)
        line.frames = (first, last)
        self.lines.append(line)

    def picture(self, quality):
        """Puts the frames together. A line is measured in its first frame."""
        first, *rest = self.canvases
        first.lines = self.lines
        return Picture(first, "US", frames=rest, quality=quality)


def header(s, clip, pen, width):
    """The lines that stand in all frames."""
    for item, x, align in (
        (s.item("name"), 8, "left"),
        (s.item("id"), width / 2, "center"),
        (s.item("date"), width - 8, "right"),
    ):
        clip.write(0, FRAMES - 1, item, x, 20, pen, WHITE, align)


@layout("report", "clip_events", 10)
def events(s):
    """Static header; a name in one frame alone; a name that moves; a clock that counts."""
    width, height = s.random.choice([(480, 360), (400, 320)])
    clip = Clip(s, moving_tissue(s, width, height), ["layout:clip_events", "clip"])
    pen = s.pen(s.random.uniform(9, 13), "sans mono bitmap stroke")
    header(s, clip, pen, width)
    once = s.random.randrange(FRAMES)
    clip.write(once, once, s.item("name"), 20, 48, pen, CYAN, classes=["one_frame"])
    clip.write(
        FRAMES - 1 - once,
        FRAMES - 1 - once,
        s.item("id"),
        width / 2,
        height * 0.55,
        pen,
        WHITE,
        "center",
        effect="outline",
        classes=["one_frame"],
    )
    seconds = int(s.who.time[4:]) % 50
    for frame in range(FRAMES):
        clip.write(
            frame,
            frame,
            (f"{s.who.time[:2]}:{s.who.time[2:4]}:{seconds + frame // 2:02d}", True, "time"),
            width - 8,
            48,
            pen,
            WHITE,
            "right",
            classes=["clock"],
        )
    mover = s.item("name")
    for frame in range(FRAMES):
        clip.write(
            frame,
            frame,
            mover,
            20 + 6 * frame,
            height - 30 - 4 * frame,
            pen,
            WHITE,
            effect="outline",
            classes=["moving"],
        )
    return clip.picture(s.random.choice([None, s.random.randint(80, 95)]))


@layout("report", "clip_static", 4)
def static(s):
    """Static text in the border and over beating tissue, a count of frames."""
    width, height = 480, 400
    clip = Clip(s, moving_tissue(s, width, height), ["layout:clip_static", "clip"])
    pen = s.pen(s.random.uniform(9, 13), "sans mono")
    header(s, clip, pen, width)
    for index in range(4):
        clip.write(0, FRAMES - 1, s.mixed(0.5), 8, 80 + index * pen.cap * 2.2, pen, WHITE)
    clip.write(
        0,
        FRAMES - 1,
        s.item("view", True),
        width / 2,
        height * 0.7,
        pen,
        WHITE,
        "center",
        effect="outline",
        classes=["over_speckle"],
    )
    for frame in range(FRAMES):
        clip.write(
            frame,
            frame,
            (f"{frame + 1}/{FRAMES}", False, "counter"),
            width - 8,
            height - 8,
            pen,
            CYAN,
            "right",
            classes=["clock"],
        )
    return clip.picture(s.random.choice([None, s.random.randint(80, 95)]))


@layout("tune", "tune_clip", 4)
def tune_clip(s):
    """Static lines, a clock, and a name that is there in two frames."""
    width, height = 400, 300
    clip = Clip(s, moving_tissue(s, width, height), ["layout:tune_clip", "clip"])
    pen = s.pen(s.random.uniform(9, 12), "sans mono")
    header(s, clip, pen, width)
    clip.write(
        3, 4, s.item("name"), width / 2, height * 0.6, pen, WHITE, "center", effect="outline", classes=["one_frame"]
    )
    for frame in range(FRAMES):
        clip.write(
            frame,
            frame,
            (words.clock(f"{int(s.who.time[:4])}{10 + frame}".zfill(6)), True, "time"),
            8,
            height - 8,
            pen,
            WHITE,
            classes=["clock"],
        )
    return clip.picture(None)
