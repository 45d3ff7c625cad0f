"""The fonts of both splits, and a line of text as a soft mask.

No font file is in both splits, and no Latin family either. The report split holds none of the fonts that deburn's own
detector is trained with; `make_evaluation_set.py --list-fonts` prints them, for whoever trains next.
"""

import functools
import glob
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Debian package -> the folder below the font root and the files; `family/style` -> files of each split.
PACKAGES = {
    "fonts-dejavu-core": ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf"],
    "fonts-dejavu-extra": ["DejaVuSansMono-Oblique.ttf"],
    "fonts-liberation": ["LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf", "LiberationSansNarrow-Regular.ttf",
                         "LiberationSansNarrow-Bold.ttf", "LiberationMono-Regular.ttf", "LiberationSerif-Regular.ttf",
                         "LiberationSerif-Bold.ttf"],
    "fonts-roboto-unhinted": ["Roboto-Regular.ttf", "Roboto-Medium.ttf", "RobotoCondensed-Regular.ttf"],
    "fonts-freefont-ttf": ["FreeSans.ttf", "FreeMonoBold.ttf"],
    "fonts-noto-core": ["NotoSans-Regular.ttf", "NotoSans-Bold.ttf", "NotoSerif-Regular.ttf",
                        "NotoNaskhArabic-Regular.ttf", "NotoSansArabic-Regular.ttf", "NotoKufiArabic-Regular.ttf",
                        "NotoSansHebrew-Regular.ttf", "NotoSerifHebrew-Regular.ttf", "NotoSansHebrew-Bold.ttf"],
    "fonts-noto-cjk": ["NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"],
    "fonts-urw-base35": ["NimbusSans-Regular.otf", "NimbusSans-Bold.otf", "NimbusRoman-Regular.otf", "C059-Roman.otf",
                         "P052-Roman.otf", "C059-Bold.otf"],
    "fonts-hack": ["Hack-Regular.ttf", "Hack-Bold.ttf"],
    "fonts-inconsolata": ["Inconsolata.otf"],
    "fonts-lato": ["Lato-Regular.ttf", "Lato-Bold.ttf", "Lato-Medium.ttf"],
    "fonts-open-sans": ["OpenSans-Regular.ttf", "OpenSans-Bold.ttf", "OpenSans-CondBold.ttf"],
    "fonts-vollkorn": ["Vollkorn-Regular.ttf", "Vollkorn-Bold.ttf"],
    "fonts-courier-prime": ["Courier Prime.otf", "Courier Prime Bold.otf", "Courier Prime Sans.otf"],
    "fonts-cantarell": ["Cantarell-Regular.otf", "Cantarell-Bold.otf"],
    "fonts-firacode": ["FiraCode-Regular.ttf", "FiraCode-Medium.ttf"],
    "fonts-b612": ["B612-Regular.otf", "B612-Bold.otf", "B612Mono-Regular.otf"],
    "fonts-3270": ["3270-Regular.ttf", "3270SemiCondensed-Regular.ttf"],
    "fonts-glasstty": ["Glass_TTY_VT220.ttf"],
    "fonts-comfortaa": ["Comfortaa-Regular.ttf"],
    "fonts-sil-andika": ["Andika-Regular.ttf", "Andika-Bold.ttf"],
    "fonts-georgewilliams": ["CaslonRoman.ttf", "Caliban.ttf"],
    "fonts-paratype": ["PTS55F.ttf", "PTF55F.ttf", "PTM55F.ttf", "PTN57F.ttf"],
    "fonts-gfs-neohellenic": ["GFSNeohellenic.otf"],
    "fonts-wqy-zenhei": ["wqy-zenhei.ttc"],
    "fonts-droid-fallback": ["DroidSansFallbackFull.ttf"],
    "fonts-vlgothic": ["VL-Gothic-Regular.ttf"],
    "fonts-nanum": ["NanumGothic.ttf", "NanumMyeongjo.ttf"],
    "fonts-arphic-uming": ["uming.ttc"],
    "fonts-hosny-amiri": ["Amiri-Regular.ttf"],
    "fonts-kacst": ["KacstBook.ttf", "KacstOffice.ttf"],
    "culmus": ["DavidCLM-Medium.otf", "MiriamCLM-Book.ttf"],
    "fonts-breip": ["Breip.ttf"],
    "fonts-kristi": ["Kristi.ttf"],
    "fonts-dancingscript": ["DancingScript-Regular.otf"],
    "fonts-rufscript": ["Rufscript010.ttf"],
    "fonts-sjfonts": ["SteveHand.ttf", "Delphine.ttf"],
    "fonts-dkg-handwriting": ["dkg.ttf", "dkgIt.ttf"],
    "fonts-ecolier-court": ["Ecolier-court.ttf"],
    "fonts-bwht": ["BecauseWeLearn-Regular.otf", "BecauseWeMentor-Regular.otf", "BecauseWeBuild-Regular.otf",
                   "BecauseWeConnect-Regular.otf", "BecauseWeCreate-Regular.otf", "BecauseWeOrganize-Regular.otf"],
    "fonts-humor-sans": ["Humor-Sans.ttf"],
    "fonts-kiloji": ["kiloji.ttf"],
    "xfonts-base": ["6x9.pcf.gz", "5x7.pcf.gz", "6x10.pcf.gz", "6x12.pcf.gz", "6x13.pcf.gz", "7x13.pcf.gz",
                    "7x14.pcf.gz", "8x13.pcf.gz", "8x16.pcf.gz", "9x15.pcf.gz", "10x20.pcf.gz", "5x8.pcf.gz",
                    "9x18.pcf.gz"],
    "xfonts-75dpi": ["helvR08-ISO8859-1.pcf.gz", "helvR10-ISO8859-1.pcf.gz", "helvB12-ISO8859-1.pcf.gz",
                     "helvR14-ISO8859-1.pcf.gz", "helvB18-ISO8859-1.pcf.gz", "helvR24-ISO8859-1.pcf.gz",
                     "courR08-ISO8859-1.pcf.gz", "courB10-ISO8859-1.pcf.gz", "courR12-ISO8859-1.pcf.gz",
                     "courB14-ISO8859-1.pcf.gz", "lutRS08-ISO8859-1.pcf.gz", "lutRS10-ISO8859-1.pcf.gz",
                     "lutBS12-ISO8859-1.pcf.gz", "lutRS14-ISO8859-1.pcf.gz", "lutRS18-ISO8859-1.pcf.gz",
                     "charR08.pcf.gz", "charR10.pcf.gz", "charB12.pcf.gz", "charR14.pcf.gz", "charR18.pcf.gz",
                     "timR08-ISO8859-1.pcf.gz", "timR10-ISO8859-1.pcf.gz", "timB12-ISO8859-1.pcf.gz",
                     "timR14-ISO8859-1.pcf.gz", "timB18-ISO8859-1.pcf.gz", "ncenR08-ISO8859-1.pcf.gz",
                     "ncenR10-ISO8859-1.pcf.gz", "ncenB14-ISO8859-1.pcf.gz", "ncenR24-ISO8859-1.pcf.gz"],
    "xfonts-terminus": ["ter-u12n_unicode.pcf.gz", "ter-u14b_unicode.pcf.gz", "ter-u16n_unicode.pcf.gz",
                        "ter-u28n_unicode.pcf.gz", "ter-u18n_unicode.pcf.gz", "ter-u20b_unicode.pcf.gz",
                        "ter-u22n_unicode.pcf.gz", "ter-u24b_unicode.pcf.gz"],
}

STYLES = {
    "tune": {
        "sans": ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf",
                 "LiberationSansNarrow-Regular.ttf", "LiberationSansNarrow-Bold.ttf", "Roboto-Regular.ttf",
                 "Roboto-Medium.ttf", "RobotoCondensed-Regular.ttf", "NimbusSans-Regular.otf", "NimbusSans-Bold.otf",
                 "NotoSans-Regular.ttf", "FreeSans.ttf"],
        "mono": ["DejaVuSansMono.ttf", "DejaVuSansMono-Oblique.ttf", "LiberationMono-Regular.ttf", "FreeMonoBold.ttf"],
        "serif": ["LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf", "NimbusRoman-Regular.otf",
                  "NotoSerif-Regular.ttf"],
        "hand": ["Breip.ttf", "Kristi.ttf", "DancingScript-Regular.otf", "Rufscript010.ttf", "SteveHand.ttf"],
        "cjk": ["wqy-zenhei.ttc", "NotoSerifCJK-Regular.ttc"],
        "cyrillic": ["DejaVuSans.ttf", "NotoSans-Bold.ttf", "LiberationSans-Regular.ttf"],
        "greek": ["DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf"],
        "arabic": ["NotoNaskhArabic-Regular.ttf", "NotoSansArabic-Regular.ttf"],
        "hebrew": ["NotoSansHebrew-Regular.ttf", "NotoSansHebrew-Bold.ttf"],
        "hangul": ["NotoSerifCJK-Regular.ttc"],
        "bitmap": ["6x9.pcf.gz", "5x7.pcf.gz", "8x16.pcf.gz", "9x18.pcf.gz", "helvR08-ISO8859-1.pcf.gz",
                   "helvR10-ISO8859-1.pcf.gz", "helvB12-ISO8859-1.pcf.gz", "helvR14-ISO8859-1.pcf.gz",
                   "helvB18-ISO8859-1.pcf.gz", "helvR24-ISO8859-1.pcf.gz", "courR08-ISO8859-1.pcf.gz",
                   "courB10-ISO8859-1.pcf.gz", "courR12-ISO8859-1.pcf.gz", "courB14-ISO8859-1.pcf.gz",
                   "lutRS08-ISO8859-1.pcf.gz", "lutRS10-ISO8859-1.pcf.gz", "lutBS12-ISO8859-1.pcf.gz",
                   "lutRS14-ISO8859-1.pcf.gz", "lutRS18-ISO8859-1.pcf.gz", "ter-u12n_unicode.pcf.gz",
                   "ter-u14b_unicode.pcf.gz", "ter-u16n_unicode.pcf.gz", "ter-u28n_unicode.pcf.gz"],
        "stroke": ["hershey:0", "hershey:3"],
    },
    "report": {
        "sans": ["Lato-Regular.ttf", "Lato-Bold.ttf", "Lato-Medium.ttf", "OpenSans-Regular.ttf", "OpenSans-Bold.ttf",
                 "OpenSans-CondBold.ttf", "Cantarell-Regular.otf", "Cantarell-Bold.otf", "B612-Regular.otf",
                 "B612-Bold.otf", "Comfortaa-Regular.ttf", "Andika-Regular.ttf", "Andika-Bold.ttf", "PTN57F.ttf",
                 "PTS55F.ttf", "Caliban.ttf"],
        "mono": ["Hack-Regular.ttf", "Hack-Bold.ttf", "Inconsolata.otf", "FiraCode-Regular.ttf", "FiraCode-Medium.ttf",
                 "B612Mono-Regular.otf", "3270-Regular.ttf", "3270SemiCondensed-Regular.ttf",
                 "Courier Prime Sans.otf", "PTM55F.ttf", "Glass_TTY_VT220.ttf"],
        "serif": ["Vollkorn-Regular.ttf", "Vollkorn-Bold.ttf", "Courier Prime.otf", "Courier Prime Bold.otf",
                  "C059-Roman.otf", "C059-Bold.otf", "P052-Roman.otf", "CaslonRoman.ttf", "PTF55F.ttf"],
        "hand": ["dkg.ttf", "dkgIt.ttf", "Delphine.ttf", "Ecolier-court.ttf", "Humor-Sans.ttf",
                 "BecauseWeLearn-Regular.otf", "BecauseWeMentor-Regular.otf", "BecauseWeBuild-Regular.otf",
                 "BecauseWeConnect-Regular.otf", "BecauseWeCreate-Regular.otf", "BecauseWeOrganize-Regular.otf"],
        "cjk": ["NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc", "DroidSansFallbackFull.ttf", "uming.ttc",
                "VL-Gothic-Regular.ttf", "kiloji.ttf"],
        "cyrillic": ["PTS55F.ttf", "PTF55F.ttf", "PTM55F.ttf", "OpenSans-Regular.ttf", "FiraCode-Regular.ttf"],
        "greek": ["GFSNeohellenic.otf", "OpenSans-Regular.ttf", "FiraCode-Regular.ttf", "Hack-Regular.ttf"],
        "arabic": ["NotoKufiArabic-Regular.ttf", "Amiri-Regular.ttf", "KacstBook.ttf", "KacstOffice.ttf"],
        "hebrew": ["NotoSerifHebrew-Regular.ttf", "DavidCLM-Medium.otf", "MiriamCLM-Book.ttf"],
        "hangul": ["NanumGothic.ttf", "NanumMyeongjo.ttf"],
        "bitmap": ["6x10.pcf.gz", "6x12.pcf.gz", "6x13.pcf.gz", "7x13.pcf.gz", "7x14.pcf.gz", "8x13.pcf.gz",
                   "9x15.pcf.gz", "10x20.pcf.gz", "5x8.pcf.gz", "charR08.pcf.gz", "charR10.pcf.gz", "charB12.pcf.gz",
                   "charR14.pcf.gz", "charR18.pcf.gz", "timR08-ISO8859-1.pcf.gz", "timR10-ISO8859-1.pcf.gz",
                   "timB12-ISO8859-1.pcf.gz", "timR14-ISO8859-1.pcf.gz", "timB18-ISO8859-1.pcf.gz",
                   "ncenR08-ISO8859-1.pcf.gz", "ncenR10-ISO8859-1.pcf.gz", "ncenB14-ISO8859-1.pcf.gz",
                   "ncenR24-ISO8859-1.pcf.gz", "ter-u18n_unicode.pcf.gz", "ter-u20b_unicode.pcf.gz",
                   "ter-u22n_unicode.pcf.gz", "ter-u24b_unicode.pcf.gz"],
        "stroke": ["hershey:1", "hershey:2", "hershey:4", "hershey:5"],
    },
}


# Letters as high as a Latin capital, by script.
LIKE_H = {"cjk": "国", "hangul": "한", "arabic": "ل", "hebrew": "ה", "cyrillic": "Н", "greek": "Η"}


class Missing(Exception):
    """Font files that are not installed; the message names the packages."""


class Fonts:
    """The installed fonts of one split."""

    def __init__(self, split, root, allow_missing):
        paths = sorted(glob.glob(os.path.join(root, "**", "*"), recursive=True))
        tune, report = ({name for names in styles.values() for name in names} for styles in STYLES.values())
        assert not tune & report, "a font is in both splits"
        found = {os.path.basename(path): path for path in paths if "100dpi" not in path}
        package = {name: package for package, names in PACKAGES.items() for name in names}
        wanted = {name for names in STYLES[split].values() for name in names if not name.startswith("hershey")}
        missing = sorted({package[name] for name in wanted if name not in found})
        if missing and not allow_missing:
            raise Missing("fonts are missing: apt-get install " + " ".join(missing) + "  (or --allow-missing)")
        self.paths, self.styles = found, {}
        for style, names in STYLES[split].items():
            self.styles[style] = [name for name in names if name.startswith("hershey") or name in found]
            if not self.styles[style]:
                raise Missing(f"no font of style {style}: apt-get install " + " ".join(missing))

    def pick(self, random, style, cap):
        """Returns the name of a font; of the bitmap fonts one whose capitals are near to `cap`."""
        names = self.styles[style]
        if style == "bitmap":
            near = sorted(names, key=lambda name: (abs(self.cap(name, 0) - cap), name))[:4]
            return random.choice(near)
        return random.choice(names)

    @functools.lru_cache(maxsize=4096)
    def load(self, name, size):
        """Returns the font at a size in pixels; 0 for the only size of a bitmap font."""
        path = self.paths[name]
        if name.endswith(".pcf.gz"):
            return ImageFont.truetype(path, pcf_size(path))
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.RAQM)

    @functools.lru_cache(maxsize=4096)
    def cap(self, name, size, style=""):
        """Returns the height of a capital H in pixels, in other scripts that of a letter like it."""
        _, top, _, bottom = self.load(name, size).getbbox(LIKE_H.get(style, "H"))
        return bottom - top

    def mask(self, name, text, cap, antialias, thickness=1, style=""):
        """Draws a line. Returns a float mask (0..1), tight around the ink, the true cap height, and where the mask's
        corner lies as seen from the start of the base line. Bitmap fonts come in their own size.

        `None` where the font lacks a letter or shows nothing.
        """
        if not all(self.knows(name, letter) for letter in text):
            return None
        if name.startswith("hershey"):
            return stroke_mask(int(name.split(":")[1]), text, cap, antialias, thickness)
        if name.endswith(".pcf.gz"):
            size, antialias = 0, False
        else:
            size = max(5, round(cap * 100 / max(self.cap(name, 100, style), 30)))
        font = self.load(name, size)
        left, top, right, bottom = font.getbbox(text)
        if right <= left or bottom <= top:
            return None
        picture = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8), 0)
        draw = ImageDraw.Draw(picture)
        draw.fontmode = "L" if antialias else "1"
        draw.text((4 - left, 4 - top), text, font=font, fill=255)
        cut = tight(np.asarray(picture, np.float32) / 255)
        if cut is None:
            return None
        # From the origin on the base line to the corner of the cut.
        dx, dy = font.getbbox(text, anchor="ls")[:2]
        return cut[0], float(self.cap(name, size, style)), (dx - 4 + cut[1], dy - 4 + cut[2])

    @functools.lru_cache(maxsize=65536)
    def knows(self, name, letter):
        """Returns whether the font has a letter, and not the box that stands for one that is missing."""
        if name.startswith("hershey"):
            return letter.isascii()
        if letter.isspace():
            return True
        if name.endswith(".pcf.gz") and (letter.isascii() or not name.startswith("ter-")):
            return ord(letter) < 256
        font = self.load(name, 40)
        own, none = font.getmask(letter), font.getmask("\U000F1234")
        return own.size != none.size or bytes(own) != bytes(none)


@functools.lru_cache(maxsize=256)
def pcf_size(path):
    """Finds the only size that a bitmap font can be opened with."""
    for size in range(4, 64):
        try:
            ImageFont.truetype(path, size)
            return size
        except OSError:
            continue
    raise Missing(f"{path}: no size found")


def stroke_mask(face, text, cap, antialias, thickness):
    """A line in one of the Hershey stroke fonts, as video overlays and plotters have them."""
    scale = cap / cv2.getTextSize("H", face, 1, 1)[0][1]
    (width, height), base = cv2.getTextSize(text, face, scale, thickness)
    canvas = np.zeros((height + base + 16 + 2 * thickness, width + 16), np.uint8)
    kind = cv2.LINE_AA if antialias else cv2.LINE_8
    cv2.putText(canvas, text, (8, height + 8), face, scale, 255, thickness, kind)
    cut = tight(canvas.astype(np.float32) / 255)
    return None if cut is None else (cut[0], float(cap), (cut[1] - 8, cut[2] - 8 - height))


def tight(mask):
    """Cuts a mask to its ink and returns it with its corner; `None` where there is none."""
    ink = mask > 0.05
    if not ink.any():
        return None
    ys, xs = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return np.ascontiguousarray(mask[ys[0]:ys[-1] + 1, xs[0]:xs[-1] + 1]), int(xs[0]), int(ys[0])
