"""Writes lines on a canvas: pens, colors, alignment; and the list of layouts that use it."""

from dataclasses import dataclass, field

import numpy as np

from . import canvas as canvas_, words

LAYOUTS = []


@dataclass
class Layout:
    """A way to lay text out: its split, its name, how many pictures, and what draws one."""

    split: str
    name: str
    count: int
    draw: object


def layout(split, name, count):
    """Registers a layout."""

    def register(draw):
        LAYOUTS.append(Layout(split, name, count, draw))
        return draw

    return register


@dataclass
class Picture:
    """A finished drawing and how it goes into a file."""

    canvas: canvas_.Canvas
    modality: str = "US"
    # 8 for gray or color; 10 to 16 for gray only.
    bits: int = 8
    # Window center and width in stored values, where the header has them.
    window: tuple = None
    inverted: bool = False
    one_bit: bool = False
    # JPEG quality; `None` for no loss.
    quality: int = None
    # For clips: the canvases of further frames; `canvas` is the first and holds the lines of all.
    frames: list = field(default_factory=list)
    note: str = ""


@dataclass
class Pen:
    """A font at a size."""

    font: str
    style: str
    cap: float
    antialias: bool
    thickness: int = 1


class Scribe:
    """Everything that is decided by chance, for one picture."""

    def __init__(self, split, fonts, random, g, who, number):
        self.split, self.fonts, self.random, self.g, self.who = split, fonts, random, g, who
        # Of the pictures of a layout, for what should turn up equally often.
        self.number = number

    def pen(self, cap, styles="sans mono serif bitmap stroke", antialias=None):
        """Returns a pen of about this cap height, of one of the styles."""
        names = styles.split()
        if cap < 7.5:
            names = [name for name in names if name in ("sans", "mono", "bitmap")] or ["bitmap"]
        if cap > 24:
            names = [name for name in names if name != "bitmap"] or ["sans"]
        style = self.random.choice(names)
        font = self.fonts.pick(self.random, style, cap)
        antialias = self.random.random() < 0.8 if antialias is None else antialias
        return Pen(font, style, cap, antialias, 2 if style == "stroke" and cap > 14 else 1)

    def item(self, kind=None, technical=False):
        """Returns (text, is PHI, kind)."""
        if technical:
            return words.technical(self.random, self.split, kind or "us")
        return words.phi(self.random, self.who, kind)

    def mixed(self, share=0.5):
        """Returns an item that is PHI with a probability."""
        if self.random.random() < share:
            return self.item()
        return self.item(self.random.choice(["us", "us", "view", "measurement"]), True)

    def color(self, canvas, box, wanted, contrast=None):
        """Returns `wanted` where it stands out in a box (x, y, width, height), else white or black; or, with a
        contrast, the gray that has it."""
        x, y, width, height = (int(v) for v in box)
        area = canvas.clean[max(0, y) : y + height, max(0, x) : x + width] * (255 / canvas.top)
        mean = area.reshape(-1, area.shape[2]).mean(0) if area.size else np.zeros(1)
        mean = float(mean @ canvas_.LUMA) if len(mean) == 3 else float(mean[0])
        if contrast is not None:
            # Dark on nearly black is not to be seen on any screen.
            contrast = abs(contrast) if mean < 60 else contrast
            return (mean + contrast,) * 3 if mean + contrast < 250 else (mean - contrast,) * 3
        own = (
            float(np.atleast_1d(np.asarray(wanted, np.float32)).repeat(3)[:3] @ canvas_.LUMA)
            if np.ndim(wanted) == 0
            else float(np.asarray(wanted, np.float32) @ canvas_.LUMA)
        )
        if abs(own - mean) < 75:
            return (255, 255, 255) if mean < 128 else (0, 0, 0)
        return wanted

    def write(
        self,
        canvas,
        item,
        x,
        y,
        pen,
        color=(255, 255, 255),
        align="left",
        effect="plain",
        opacity=1.0,
        turns=0,
        degrees=0.0,
        contrast=None,
        over=(0, 0, 0),
        classes=(),
        gap=1,
        exact=False,
        hidden_by_window=False,
    ):
        """Writes an item with its base line starting at `x`, `y` (or ending, or centered there); returns the line or
        `None` where it found no room or could not be read."""
        text, phi, kind = item
        drawn = self.fonts.mask(pen.font, text, pen.cap, pen.antialias, pen.thickness, pen.style)
        if drawn is None:
            return None
        mask, cap, (dx, dy) = drawn
        if turns:
            mask = np.ascontiguousarray(np.rot90(mask, turns))
            dx, dy = 0, 0 if turns == 3 else -mask.shape[0]
        if degrees:
            mask, dx, dy = canvas_.turned(mask, degrees), 0, -mask.shape[0]
        shift = {"left": dx, "right": -mask.shape[1], "center": -mask.shape[1] / 2}[align]
        left, top = round(x + shift), round(y + dy)
        height, width = mask.shape
        if effect == "inverse":
            color = (
                color
                if abs(np.mean(color) - np.mean(over)) > 90
                else ((0, 0, 0) if np.mean(over) > 128 else (255, 255, 255))
            )
        elif not exact:
            color = self.color(canvas, (left, top, width, height), color, contrast)
        if effect in ("outline", "shadow") and np.mean(color) < 90:
            over = (255, 255, 255)
        tags = [f"kind:{kind}", f"font:{pen.style}", *classes]
        if len(text) == 1:
            tags.append("single_character")
        if np.ptp(color) > 60:
            tags.append("colored")
        if np.mean(color) < 90:
            tags.append("dark_letters")
        if turns:
            tags.append("vertical" if turns % 2 else "upside_down")
        if degrees:
            tags.append("slanted")
        if not pen.antialias or pen.style == "bitmap":
            tags.append("hard_edges")
        return canvas.put(
            mask,
            left,
            top,
            color,
            cap=cap,
            text=text,
            phi=phi,
            classes=tags,
            effect=effect,
            opacity=opacity,
            over=over,
            gap=gap,
            hidden_by_window=hidden_by_window,
        )

    def chance(self, share):
        """Returns true with a probability."""
        return self.random.random() < share
