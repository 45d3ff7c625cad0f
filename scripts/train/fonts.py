"""Fonts of the generator, by script, split into a part to train on and a part held out for scoring.

Fonts are looked for below a font root in Debian's layout; what is not installed is left out. The split goes by file
name, so no rendering of a held-out font is ever trained on.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
from PIL import ImageFont

HERE = Path(__file__).resolve().parent
CACHED_FONTS = 1500

# Script -> file names trained on, file names held out.
OUTLINE_FONTS = {
    "latin": (
        r"(DejaVuSans|DejaVuSans-Bold|DejaVuSansMono.*|LiberationSans-(Regular|Bold)|LiberationMono-(Regular|Bold)"
        r"|LiberationSerif-Regular|Roboto-(Regular|Bold)|FreeSans|FreeMonoBold|NotoSans-(Regular|Bold)"
        r"|NotoSerif-Regular|NotoSansMono-Regular|NimbusSansNarrow-Bold|NimbusMonoPS-Regular|URWBookman-Light"
        r"|URWGothic-Book|TerminusTTF-4.*)\.(ttf|otf)",
        r"(Hack-(Regular|Bold)|Inconsolata.*|Lato-(Regular|Bold)|OpenSans-(Regular|Bold)|Vollkorn-Reg.*"
        r"|.*ourier.?[Pp]rime.*egular.*|Cantarell-(Regular|Bold)|FiraCode-Reg.*|DejaVuSansCondensed|DejaVuSerif)"
        r"\.(ttf|otf)",
    ),
    "hand": (
        r"(DancingScript-.*|femkeklaver|Rufscript010|Breip|Kristi|SteveHand)\.(ttf|otf)",
        r"(Isabella|dkg|Delphine)\.(ttf|otf)",
    ),
    "cjk": (r"(wqy-zenhei|NotoSerifCJK-Regular)\.tt[cf]", r"(NotoSansCJK-Regular|DroidSansFallbackFull)\.tt[cf]"),
    "cyrillic": (
        r"(DejaVuSans|NotoSans-Regular|LiberationSans-Regular|FreeSans|NotoSerif-Regular|DejaVuSansMono)\.ttf",
        r"(DejaVuSerif|OpenSans-Regular|FiraCode-Regular)\.ttf",
    ),
    "arabic": (
        r"(NotoNaskhArabic-Regular|NotoSansArabic-Regular|NotoSansArabic-Bold|DejaVuSans)\.ttf",
        r"(NotoKufiArabic-Regular|Amiri-Regular)\.ttf",
    ),
    "hebrew": (
        r"(NotoSansHebrew-Regular|NotoSansHebrew-Bold|DejaVuSans)\.ttf",
        r"(NotoSerifHebrew-Regular|NotoRashiHebrew-Regular)\.ttf",
    ),
    "thai": (r"NotoSansThai-Regular\.ttf", r"NotoSerifThai-Regular\.ttf"),
    "devanagari": (r"NotoSansDevanagari-Regular\.ttf", r"NotoSerifDevanagari-Regular\.ttf"),
}
# Stroke fonts of OpenCV: trained on, held out.
STROKE_FONTS = (
    (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX),
    (cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX_SMALL),
)
# X11 bitmap fonts without Latin letters (cursors, drawing sets, Arabic), and those held out.
NOT_LATIN_BITMAPS = ("cu", "ara", "olc", "olg", "dec", "clI")
HELD_OUT_BITMAPS = (
    *("char", "tim", "nce", "6x1", "7x1", "8x1", "9x1", "10x", "5x8", "clR", "18x", "12x"),
    *("ter-u18", "ter-u20", "ter-u22", "ter-u24"),
)
BITMAP_CAP_HEIGHTS = (4, 32)  # above the first, up to the second


@dataclass(frozen=True)
class Typeface:
    """One font at one size: a font file and its pixel size, or a stroke font of OpenCV and its scale."""

    kind: Literal["outline", "bitmap", "stroke"]
    source: Path | int
    size: float


@dataclass(frozen=True)
class BitmapFont:
    """A bitmap font file and the height of its capitals in pixels."""

    typeface: Typeface
    cap_height: int


class FontShelf:
    """The installed fonts of one side of the split."""

    def __init__(self, root: Path, *, held_out: bool = False) -> None:
        files = [path for ending in ("ttf", "otf", "ttc") for path in sorted(root.rglob("*." + ending))]
        side = int(held_out)
        self.outlines = {
            script: [path for path in files if re.fullmatch(patterns[side], path.name)]
            for script, patterns in OUTLINE_FONTS.items()
        }
        self.strokes = STROKE_FONTS[side]
        self.bitmaps = list(bitmap_fonts(root, held_out))
        self._loaded: dict[tuple[Path, int], ImageFont.FreeTypeFont] = {}
        self._cap_shares: dict[Path, float] = {}
        if not self.outlines["latin"]:
            raise SystemExit(f"no Latin fonts below {root}")

    def load(self, path: Path, size: int) -> ImageFont.FreeTypeFont:
        key = (path, size)
        if key not in self._loaded:
            if len(self._loaded) > CACHED_FONTS:
                self._loaded.clear()
            self._loaded[key] = ImageFont.truetype(str(path), size)
        return self._loaded[key]

    def cap_share(self, path: Path) -> float:
        """Height of a capital H as a share of the font size."""
        if path not in self._cap_shares:
            _, top, _, bottom = self.load(path, 100).getbbox("H")
            self._cap_shares[path] = min(0.9, max(0.3, (bottom - top) / 100)) if bottom > top else 0.7
        return self._cap_shares[path]


def bitmap_fonts(root: Path, held_out: bool):
    """The usable X11 bitmap fonts of one side; `bitmap_fonts.json` knows their cap heights."""
    lowest, highest = BITMAP_CAP_HEIGHTS
    for relative, size, cap_height in json.loads((HERE / "bitmap_fonts.json").read_text()):
        path = root / relative
        usable = lowest < cap_height <= highest and not path.name.startswith(NOT_LATIN_BITMAPS)
        if not usable or "-L" in path.name or path.name.startswith(HELD_OUT_BITMAPS) != held_out:
            continue
        if path.exists():
            yield BitmapFont(Typeface("bitmap", path, size), cap_height)
