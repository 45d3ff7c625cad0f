#!/usr/bin/env python3
"""Writes the test fixtures of deburn: small DICOM files and their truth.

    python3.11 -m venv venv
    venv/bin/pip install -r scripts/requirements-fixtures.txt
    venv/bin/python scripts/make_fixtures.py [folder]

The folder is `fixtures/` beside `scripts/` unless one is given. Seeds, UIDs
and dates are fixed, so a second run writes the same bytes. Every person, id,
hospital and date is invented.

Text is drawn through a glyph mask, and the truth boxes are the bounds of that
mask, so the truth never comes from a detector. Every good image is read back
through pydicom and compared with what was drawn before the run ends.
"""

import functools
import hashlib
import io
import json
import struct
import sys
import uuid
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import barcode
import numpy as np
import segno
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81"
J2K_LOSSLESS = "1.2.840.10008.1.2.4.90"
J2K = "1.2.840.10008.1.2.4.91"
H264 = "1.2.840.10008.1.2.4.102"
RLE = "1.2.840.10008.1.2.5"

SOP = "1.2.840.10008.5.1.4.1.1."
US, US_CLIP = SOP + "6.1", SOP + "3.1"
SC, SC_BITS = SOP + "7", SOP + "7.1"
DX, CT = SOP + "1.1", SOP + "2"
FLOAT_MAP = SOP + "30"
SR, PR, PDF, VIDEO = SOP + "88.11", SOP + "11.1", SOP + "104.1", SOP + "77.1.1.1"


def uid(name):
    """A UID under 2.25 that depends on the name alone."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_DNS, name + '.deburn.test').int}"


def seeded(name):
    """A random generator that depends on the name alone."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


@dataclass(frozen=True)
class Person:
    """An invented patient with one invented study."""

    name: str
    id: str
    birth: str
    sex: str
    date: str
    time: str
    accession: str
    physician: str
    site: str = "NORTHLAKE HOSPITAL"

    @property
    def dotted_date(self):
        return f"{self.date[6:]}-{self.date[4:6]}-{self.date[:4]}"

    @property
    def slashed_birth(self):
        return f"{self.birth[4:6]}/{self.birth[6:]}/{self.birth[:4]}"

    @property
    def clock(self):
        return f"{self.time[:2]}:{self.time[2:4]}:{self.time[4:]}"

    @property
    def spoken(self):
        return " ".join(reversed(self.name.split("^")))


JANE = Person("DOE^JANE", "NL4471920", "19610312", "F", "20200215", "094107", "A2002150", "WINTER^PAULA")
HANS = Person("MUELLER^HANS", "NL0083315", "19570903", "M", "20190627", "141530", "A1906277", "SOMMER^KARL")
ANNA = Person("KOWALSKI^ANNA", "NL5520184", "19830121", "F", "20211104", "080255", "A2111041", "HERBST^LENA")
RAVI = Person("SAMPLE^RAVI", "NL7719036", "19490730", "M", "20180319", "172244", "A1803193", "WINTER^PAULA")


# --- Drawing -----------------------------------------------------------------


@functools.cache
def font(size):
    """Pillow's bundled font; size 0 is its old 11-pixel bitmap font."""
    if size == 0:
        return ImageFont.load_default_imagefont()
    # The basic layout gives the same glyph positions with and without Raqm.
    return ImageFont.load_default(size).font_variant(layout_engine=ImageFont.Layout.BASIC)


def glyphs(text, size, hard=False, turns=0):
    """The ink of a line of text as 0..=255, cropped to the ink."""
    image = Image.new("L", (40 + len(text) * max(size, 11), 3 * max(size, 11)))
    ImageDraw.Draw(image).text((10, 10), text, font=font(size), fill=255)
    ink = np.asarray(image, dtype=np.int32)
    if hard:
        ink = np.where(ink >= 110, 255, 0)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return np.rot90(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], turns)


class Canvas:
    """Frames under construction and the text lines drawn into them.

    `pixels` is (frames, rows, columns) or (frames, rows, columns, samples).
    """

    def __init__(self, pixels):
        self.pixels = np.array(pixels, dtype=np.int32)
        self.lines = []

    @property
    def frames(self):
        return self.pixels.shape[0]

    def text(self, text, x, y, value, size=14, phi=False, frames=None, hard=False, right=False, turns=0):
        """Draws a line with the top left (or top right) corner of its ink at x, y."""
        ink = glyphs(text, size, hard, turns)
        height, width = ink.shape
        x = x - width if right else x
        first, last = frames or (0, self.frames - 1)
        assert min(x, y) >= 0 and x + width <= self.pixels.shape[2] and y + height <= self.pixels.shape[1], text
        area = self.pixels[first : last + 1, y : y + height, x : x + width]
        weight = ink[None] if self.pixels.ndim == 3 else ink[None, :, :, None]
        area[:] = (area * (255 - weight) + np.asarray(value) * weight + 127) // 255
        line = {"frames": [first, last], "box": [x, y, x + width, y + height], "text": text, "is_phi": phi}
        if turns:
            line["turns"] = turns
        self.lines.append(line)

    def code(self, text, x, y, modules):
        """Draws a machine-readable code of zeros (dark) and ones with its top left corner at x, y."""
        height, width = modules.shape
        self.pixels[:, y : y + height, x : x + width] = modules
        line = {"frames": [0, self.frames - 1], "box": [x, y, x + width, y + height], "text": text, "is_phi": True}
        self.lines.append(line)

    def fill(self, x0, y0, x1, y1, value):
        self.pixels[:, y0:y1, x0:x1] = value


def blur(image, sigma, axis):
    """A Gaussian blur along one axis, with wrapped edges."""
    taps = range(-int(3 * sigma), int(3 * sigma) + 1)
    weights = [np.exp(-0.5 * (tap / sigma) ** 2) for tap in taps]
    return sum(w * np.roll(image, tap, axis) for tap, w in zip(taps, weights, strict=True)) / sum(weights)


def smooth(rng, shape, sigma):
    """Smooth noise of about unit variance."""
    noise = blur(blur(rng.standard_normal(shape), sigma, 0), sigma, 1)
    return noise / noise.std()


def speckle(name, frames=1, depth=420, beams=150):
    """Log-compressed speckle in beam space: (frames, depth, beams), 0..=1.

    Complex scatterers, weighted by an echo map with cysts, a bright capsule
    and an artery, are blurred by the point spread function of a probe.
    """
    rng = seeded(name)
    d, a = np.meshgrid(np.linspace(0, 1, depth), np.linspace(-1, 1, beams), indexing="ij")
    echo = 0.35 * np.exp(0.45 * smooth(rng, (depth, beams), 14.0)) * (1.1 - 0.5 * d)
    echo *= np.where(d < 0.08 + 0.02 * np.cos(5 * a), 1.8, 1.0)
    for depth_at, angle_at, height, width, level in (
        (0.42, -0.28, 0.10, 0.24, 0.02),
        (0.58, 0.38, 0.07, 0.13, 0.03),
        (0.33, 0.55, 0.04, 0.10, 0.05),
        (0.70, -0.10, 0.12, 0.30, 0.65),
    ):
        distance = np.hypot((d - depth_at) / height, (a - angle_at) / width)
        echo = np.where(distance < 1, echo * level, echo)
        # Enhancement behind fluid, and the bright walls that the beam meets at right angles.
        behind = (np.abs(a - angle_at) < 0.8 * width) & (d > depth_at) & (distance >= 1)
        echo = np.where(behind & (level < 0.1), echo * 1.5, echo)
        echo += np.where((np.abs(distance - 1.04) < 0.05) & (np.abs(a - angle_at) < 0.6 * width), 1.4, 0)
    echo += 3.0 * np.exp(-(((d - 0.83 - 0.07 * np.cos(2.2 * a + 0.4)) / 0.008) ** 2))
    fields = [rng.standard_normal((depth, beams)) + 1j * rng.standard_normal((depth, beams)) for _ in range(2)]
    made = []
    for frame in range(frames):
        phase = 0.28 * frame
        field_now = np.roll(np.cos(phase) * fields[0] + np.sin(phase) * fields[1], frame, axis=0)
        envelope = np.abs(blur(blur(field_now * echo, 1.3, 0), 1.1, 1))
        made.append(np.clip(1 + 20 * np.log10(envelope / 1.6 + 1e-6) / 50, 0, 1))
    return np.array(made)


def sector(beams, width, height, top, bottom):
    """Scan conversion of beam space into a curved sector on black, 0..=255."""
    frames, depth, count = beams.shape
    reach = bottom - top
    inner, half = 0.30 * reach, np.radians(37)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    dx, dy = x - width / 2, y - (top - inner * np.cos(half))
    radius, angle = np.hypot(dx, dy), np.arctan2(dx, dy)
    outer = reach + inner * np.cos(half)
    d = (radius - inner) / (outer - inner) * (depth - 1)
    b = (angle / half + 1) / 2 * (count - 1)
    inside = (d >= 0) & (d < depth - 1) & (b >= 0) & (b < count - 1)
    d, b = np.where(inside, d, 0), np.where(inside, b, 0)
    d0, b0 = d.astype(int), b.astype(int)
    fd, fb = d - d0, b - b0
    value = (
        beams[:, d0, b0] * (1 - fd) * (1 - fb)
        + beams[:, d0 + 1, b0] * fd * (1 - fb)
        + beams[:, d0, b0 + 1] * (1 - fd) * fb
        + beams[:, d0 + 1, b0 + 1] * fd * fb
    )
    return np.rint(np.where(inside, value, 0) * 235).astype(np.int32)


def ultrasound(name, person, width=320, height=240, frames=1, color=True, texts=True, hard=False):
    """An ultrasound screen: header strip, sector, gray bar, depth scale, settings."""
    big = width >= 600
    size, small, gap = (15, 12, 22) if big else (12, 0 if hard else 11, 14)
    top, bottom = (84, height - 34) if big else (52, height - 18)
    gray = sector(speckle(name, frames), width, height, top, bottom)

    def shade(r, g, b):
        return np.array([r, g, b]) if color else (r * 299 + g * 587 + b * 114) // 1000

    canvas = Canvas(np.repeat(gray[..., None], 3, axis=3) if color else gray)
    white, yellow, cyan = shade(235, 235, 235), shade(240, 220, 90), shade(120, 210, 235)
    if big:
        canvas.fill(0, 0, width, 58, shade(16, 22, 40))
        canvas.fill(0, 58, width, 59, shade(70, 80, 110))
    # Gray bar at the left, depth scale at the right.
    bar = np.linspace(235, 0, (bottom - top) // 3).astype(np.int32)
    left = 10
    canvas.pixels[:, top + 14 : top + 14 + len(bar), left : left + (12 if big else 7)] = (
        bar[:, None, None] if color else bar[:, None]
    )
    # The sector's skin line lies a little below `top` in the middle, so depth 0 is there.
    scale_x, zero = width - (44 if big else 28), top + 4
    for tick in range(13):
        at = zero + round((bottom - 8 - zero) * tick / 12)
        canvas.fill(scale_x - (10 if tick % 5 == 0 else 5), at, scale_x, at + 1, white)
        if tick % 5 == 0 and texts:
            canvas.text(str(tick), scale_x + 6, at - 4, white, small, hard=hard)
    focus = zero + round((bottom - 8 - zero) * 0.5)
    for step in range(7 if texts else 0):
        canvas.fill(scale_x + 4 + step, focus - step // 2, scale_x + 5 + step, focus + step // 2 + 1, yellow)
    if not texts:
        return canvas
    draw = functools.partial(canvas.text, hard=hard)
    if big:
        draw(person.site, 12, 10, white, size, phi=True)
        draw(person.name, 12, 10 + gap, yellow, size, phi=True)
        draw("ID: " + person.id, 176, 10 + gap, yellow, size, phi=True)
        draw("DOB " + person.slashed_birth, 310, 10 + gap, yellow, size, phi=True)
        draw(f"{person.dotted_date}  {person.clock}", width - 12, 10, white, size, phi=True, right=True)
        draw("MI 0.8  TIs 0.4", width - 12, 10 + gap, white, size, right=True)
        for row, words in enumerate(("C5-1", "28 Hz", "12 cm", "2D", "Gn 54%", "DR 60 dB")):
            draw(words, 12, bottom - 106 + 17 * row, cyan, small)
        draw("LIVER RT", width - 150, bottom + 8, white, size)
        draw("+ D1 2.47 cm", 12, bottom + 12, yellow, size)
    else:
        draw(person.name, 6, 4, yellow, size, phi=True)
        draw("ID " + person.id, 6, 4 + gap, yellow, size, phi=True)
        draw(f"{person.dotted_date} {person.clock}", width - 6, 4, white, size, phi=True, right=True)
        draw(person.site, width - 6, 4 + gap, white, small, phi=True, right=True)
        draw("MI 0.8", width - 6, 4 + 2 * gap, white, small, right=True)
        draw("12 cm", 6, bottom - 18, cyan, small)
        draw("28 Hz", 6, bottom - 4, cyan, small)
    return canvas


def radiograph(name, rows, columns, level=(500, 2600)):
    """A radiograph of a knee-like phantom in 12 bits: (1, rows, columns)."""
    rng = seeded(name)
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    y, x = y / rows, x / columns
    soft = np.exp(-(((x - 0.5 - 0.03 * np.sin(5 * y)) / 0.27) ** 4))
    femur = np.exp(-(((x - 0.5) / (0.085 + 0.09 * np.clip(y - 0.25, 0, 1))) ** 4)) * (y < 0.49)
    tibia = np.exp(-(((x - 0.5) / (0.085 + 0.09 * np.clip(0.80 - y, 0, 1))) ** 4)) * (y > 0.52)
    bone = blur(blur(femur + tibia, 2.0, 0), 2.0, 1)
    patella = np.exp(-((np.hypot((x - 0.5) / 0.09, (y - 0.40) / 0.08)) ** 6))
    grain = smooth(rng, (rows, columns), 1.2)
    mottle = smooth(rng, (rows, columns), 9.0)
    low, high = level
    image = low + (high - low) * (0.42 * soft + 0.42 * bone + 0.16 * patella * bone)
    image += (high - low) * (0.02 * mottle * soft + 0.008 * grain)
    return np.clip(np.rint(image), 0, 4095).astype(np.int32)[None]


def label_radiograph(canvas, person, value, size=13, height=None):
    """The usual burned labels of a radiograph, one of them turned, in the rows above `height`."""
    height, width = height or canvas.pixels.shape[1], canvas.pixels.shape[2]
    canvas.text(person.name, 8, 8, value, size, phi=True)
    canvas.text(person.id, 8, 8 + size + 6, value, size, phi=True)
    canvas.text(person.dotted_date, width - 8, height - size - 8, value, size, phi=True, right=True)
    canvas.text("R", width - 34, 10, value, 2 * size)
    canvas.text(f"AP {person.clock}", 8, height - 120, value, size, phi=True, turns=1)


# --- Data sets ---------------------------------------------------------------


def dataset(name, sop_class, modality, person):
    """A data set whose header tells the person and study that are burned in."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, uid(name)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid("study " + person.accession), uid("series " + name)
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = modality, "DEBURN FIXTURES", "PHANTOM 1"
    ds.InstitutionName, ds.ReferringPhysicianName = person.site, person.physician
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = person.date
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = person.time
    ds.AccessionNumber, ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = person.accession, "1", "1", "1"
    ds.PatientName, ds.PatientID = person.name, person.id
    ds.PatientBirthDate, ds.PatientSex = person.birth, person.sex
    if sop_class.startswith(SC):
        ds.ConversionType = "WSD"
    if sop_class == DX:
        ds.PresentationIntentType, ds.BodyPartExamined, ds.ViewPosition = "FOR PRESENTATION", "KNEE", "AP"
    if modality in ("US", "DX"):
        ds.BurnedInAnnotation = "YES"
    return ds


def describe(ds, shape, photometric, allocated=8, stored=None, signed=False, planar=0):
    """Sets the Image Pixel attributes for (frames, rows, columns[, samples])."""
    ds.SamplesPerPixel = shape[3] if len(shape) == 4 else 1
    ds.PhotometricInterpretation = photometric
    if ds.SamplesPerPixel > 1:
        ds.PlanarConfiguration = planar
    ds.Rows, ds.Columns = shape[1:3]
    ds.BitsAllocated, ds.BitsStored = allocated, stored or allocated
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(signed)
    if shape[0] > 1 or ds.SOPClassUID == US_CLIP:
        ds.NumberOfFrames = shape[0]
    if ds.SOPClassUID == US_CLIP:
        ds.FrameTime, ds.FrameIncrementPointer = "40", 0x00181063


def set_pixels(ds, data, vr="OW", encapsulated=False):
    data = bytes(data)
    ds["PixelData"] = DataElement(0x7FE00010, vr, data + b"\0" * (len(data) % 2))
    ds["PixelData"].is_undefined_length = encapsulated


def lossy(ds, method, ratio="10"):
    ds.LossyImageCompression, ds.LossyImageCompressionRatio = "01", ratio
    ds.LossyImageCompressionMethod = method


def item(data, tag=0xE000):
    return struct.pack("<HHI", 0xFFFE, tag, len(data)) + data


def encapsulate(frames, fragments=lambda frame: 1, table=True):
    """Pixel Data items for frames cut into the given number of fragments."""
    offsets, body = [], b""
    for number, frame in enumerate(frames):
        frame += b"\0" * (len(frame) % 2)
        offsets.append(len(body))
        step = -(-len(frame) // fragments(number))
        step += step % 2
        body += b"".join(item(frame[at : at + step]) for at in range(0, len(frame), step))
    return item(struct.pack(f"<{len(offsets)}I", *offsets) if table else b"") + body


def to_ybr(rgb):
    """PS3.3 C.7.6.3.1.2: YBR_FULL from RGB, 8 bits."""
    r, g, b = np.moveaxis(np.asarray(rgb, dtype=np.int64), -1, 0)
    y = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16
    cb = ((-11056 * r - 21712 * g + 32768 * b + 32768) >> 16) + 128
    cr = ((32768 * r - 27440 * g - 5328 * b + 32768) >> 16) + 128
    return np.clip(np.stack([y, cb, cr], -1), 0, 255).astype(np.uint8)


def jpeg(frame, **options):
    """One baseline JPEG stream by Pillow."""
    out = io.BytesIO()
    options = {"quality": 90, "subsampling": "4:2:2"} | options
    Image.fromarray(np.asarray(frame, dtype=np.uint8)).save(out, "JPEG", **options)
    return out.getvalue()


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def entropy(bits):
    """Bits as JPEG entropy-coded bytes: padded with ones, 0xFF stuffed."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def magnitude(value):
    """The JPEG category of a difference and its additional bits."""
    size = abs(value).bit_length()
    return size, format(value if value > 0 else value + (1 << size) - 1, f"0{size}b") if size else ""


def canonical(counts, symbols):
    """Huffman codes as bit strings from the counts of each length."""
    codes, code, rest = {}, 0, iter(symbols)
    for length, count in enumerate(counts, 1):
        for _ in range(count):
            codes[next(rest)] = format(code, f"0{length}b")
            code += 1
        code <<= 1
    return codes


def jpeg_lossless(frame, precision):
    """One JPEG lossless stream, selection value 1 (ITU-T T.81 annex H)."""
    rows, columns = frame.shape
    counts, symbols = [0, 1, 5] + [1] * 8 + [0] * 5, [0, 4, 5, 3, 6, 2, 7, 1, 8, 9, 10, 11, 12, 13]
    codes = canonical(counts, symbols)
    guess = np.empty_like(frame)
    guess[:, 1:] = frame[:, :-1]
    guess[1:, 0] = frame[:-1, 0]
    guess[0, 0] = 1 << (precision - 1)
    sized = (magnitude(difference) for difference in (frame - guess).ravel().tolist())
    return (
        b"\xff\xd8"
        + segment(0xC3, struct.pack(">BHHB3B", precision, rows, columns, 1, 1, 0x11, 0))
        + segment(0xC4, bytes([0, *counts, *symbols]))
        + segment(0xDA, bytes([1, 1, 0, 1, 0, 0]))
        + entropy("".join(codes[size] + bits for size, bits in sized))
        + b"\xff\xd9"
    )


ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))


def jpeg_extended(frame, step=12):
    """One 12-bit sequential JPEG stream (process 4) with flat Huffman tables."""
    rows, columns = frame.shape
    padded = np.pad(frame, ((0, -rows % 8), (0, -columns % 8)), mode="edge") - 2048
    k = np.arange(8)
    basis = np.sqrt(np.where(k == 0, 0.125, 0.25))[:, None] * np.cos(np.pi * k[:, None] * (2 * k + 1) / 16)
    blocks = padded.reshape(padded.shape[0] // 8, 8, padded.shape[1] // 8, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
    levels = np.rint(basis @ blocks @ basis.T / step).astype(int).reshape(-1, 64)[:, ZIGZAG]
    dc_counts, dc_symbols = [0, 0, 0, 15] + [0] * 12, list(range(15))
    ac_symbols = [0, 0xF0] + [run << 4 | size for run in range(16) for size in range(1, 15)]
    ac_counts = [0] * 7 + [len(ac_symbols)] + [0] * 8
    dc, ac = canonical(dc_counts, dc_symbols), canonical(ac_counts, ac_symbols)
    out, before = [], 0
    for block in levels.tolist():
        size, bits = magnitude(block[0] - before)
        before = block[0]
        out.append(dc[size] + bits)
        run = 0
        for level in block[1:]:
            if level == 0:
                run += 1
                continue
            out.append(ac[0xF0] * (run // 16))
            size, bits = magnitude(level)
            out.append(ac[run % 16 << 4 | size] + bits)
            run = 0
        if run:
            out.append(ac[0])
    return (
        b"\xff\xd8"
        + segment(0xDB, bytes([0] + [step] * 64))
        + segment(0xC1, struct.pack(">BHHB3B", 12, rows, columns, 1, 1, 0x11, 0))
        + segment(0xC4, bytes([0x00, *dc_counts, *dc_symbols]))
        + segment(0xC4, bytes([0x10, *ac_counts, *ac_symbols]))
        + segment(0xDA, bytes([1, 1, 0, 0, 63, 0]))
        + entropy("".join(out))
        + b"\xff\xd9"
    )


# --- The collection ----------------------------------------------------------


@dataclass
class Collection:
    """The files written so far and their truth."""

    folder: Path
    files: list = field(default_factory=list)
    expected: dict = field(default_factory=dict)

    def save(self, name, ds, syntax, status, canvas=None, note="", samples=None, tolerance=0, lines=None, meta=True):
        """Writes a data set and its truth; `samples` is what a reader should get."""
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
        ds.file_meta.ImplementationClassUID = uid("implementation")
        ds.file_meta.ImplementationVersionName = "DEBURN_FIXTURES"
        path = self.folder / f"{name}.dcm"
        if meta:
            dcmwrite(path, ds, enforce_file_format=True)
        else:
            del ds.file_meta
            dcmwrite(path, ds, implicit_vr=True, little_endian=True)
        lines = lines if lines is not None else canvas.lines if canvas else []
        frames = int(ds.get("NumberOfFrames", 1)) if "Rows" in ds else 0
        self.files.append(
            {
                "file": path.name,
                "transfer_syntax": syntax,
                "status": status,
                "frames": frames,
                "lines": lines,
                "note": note,
            }
        )
        if samples is not None:
            self.expected[path.name] = (np.asarray(samples), tolerance)

    def check(self):
        """Reads every image back through pydicom and compares it with what was drawn."""
        for name, (samples, tolerance) in self.expected.items():
            ds = dcmread(self.folder / name, force=True)
            if "TransferSyntaxUID" not in ds.file_meta:
                ds.file_meta.TransferSyntaxUID = IMPLICIT
            read = pixel_array(ds, raw=True).astype(np.int64).reshape(samples.shape)
            error = np.abs(read - samples)
            assert error.mean() <= tolerance / 4 and error.max() <= 16 * tolerance, (name, error.mean(), error.max())
        for entry in self.files:
            phi = any(line["is_phi"] for line in entry["lines"])
            assert phi == (entry["status"] == "masked") or entry["status"] == "held", entry["file"]
            if entry["file"] not in self.expected:
                continue
            samples = self.expected[entry["file"]][0]
            assert samples.shape[0] == entry["frames"], entry["file"]
            for line in entry["lines"]:
                x0, y0, x1, y1 = line["box"]
                inside = samples[line["frames"][0], y0:y1, x0:x1]
                assert "plane" in line or inside.std() > 0, (entry["file"], line)

    def write_truth(self):
        entries = ",\n".join(truth_entry(entry) for entry in sorted(self.files, key=lambda entry: entry["file"]))
        (self.folder / "truth.json").write_text('{ "files": [\n' + entries + "\n] }\n", encoding="utf-8")


def truth_entry(entry):
    """An entry as JSON with a row for each text line."""
    parts = []
    for key, value in entry.items():
        text = json.dumps(value, ensure_ascii=False)
        if key == "lines" and value:
            text = "[\n" + ",\n".join("      " + json.dumps(line, ensure_ascii=False) for line in value) + "\n    ]"
        parts.append(f"    {json.dumps(key)}: {text}")
    return "  {\n" + ",\n".join(parts) + "\n  }"


def color_ultrasound(out):
    canvas = ultrasound("us_rgb", JANE, 640, 480)
    # The calipers of D1, at the walls of the large cyst.
    for x, y in ((239, 244), (311, 244)):
        canvas.fill(x - 5, y, x + 6, y + 1, (240, 220, 90))
        canvas.fill(x, y - 5, x + 1, y + 6, (240, 220, 90))
    ds = dataset("us_rgb", US, "US", JANE)
    describe(ds, canvas.pixels.shape, "RGB")
    set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes())
    out.save("us_rgb", ds, EXPLICIT, "masked", canvas, "the sample of the main README", canvas.pixels)

    name = "us_rgb_planar"
    canvas, ds = ultrasound(name, HANS), dataset(name, US, "US", HANS)
    describe(ds, canvas.pixels.shape, "RGB", planar=1)
    set_pixels(ds, np.moveaxis(canvas.pixels, 3, 1).astype(np.uint8).tobytes())
    out.save(name, ds, EXPLICIT, "masked", canvas, "Planar Configuration 1", canvas.pixels)

    name = "us_ybr_full_native"
    canvas, ds = ultrasound(name, ANNA), dataset(name, US, "US", ANNA)
    samples = to_ybr(canvas.pixels)
    describe(ds, canvas.pixels.shape, "YBR_FULL")
    set_pixels(ds, samples.tobytes())
    out.save(name, ds, EXPLICIT, "masked", canvas, "YBR_FULL, not compressed", samples)

    name = "us_ybr422_native"
    canvas, ds = ultrasound(name, RAVI), dataset(name, US, "US", RAVI)
    full = to_ybr(canvas.pixels).astype(np.int64)
    chroma = (full[:, :, 0::2, 1:] + full[:, :, 1::2, 1:] + 1) // 2
    pairs = np.concatenate([full[:, :, 0::2, :1], full[:, :, 1::2, :1], chroma], axis=3).astype(np.uint8)
    full[..., 1:] = np.repeat(chroma, 2, axis=2)
    describe(ds, canvas.pixels.shape, "YBR_FULL_422")
    set_pixels(ds, pairs.tobytes())
    out.save(name, ds, EXPLICIT, "masked", canvas, "YBR_FULL_422, not compressed: Y Y Cb Cr", full)

    name = "us_ybr_rle"
    canvas, ds = ultrasound(name, JANE), dataset(name, US, "US", JANE)
    samples = to_ybr(canvas.pixels)
    describe(ds, canvas.pixels.shape, "YBR_FULL")
    ds.compress(RLE, samples[0], encoding_plugin="pydicom", generate_instance_uid=False)
    out.save(name, ds, RLE, "masked", canvas, "YBR_FULL in RLE", samples)

    name = "us_j2k_rct"
    canvas, ds = ultrasound(name, HANS), dataset(name, US, "US", HANS)
    describe(ds, canvas.pixels.shape, "YBR_RCT")
    ds.compress(J2K_LOSSLESS, canvas.pixels[0].astype(np.uint8), generate_instance_uid=False)
    out.save(name, ds, J2K_LOSSLESS, "masked", canvas, "color JPEG 2000, reversible transform", canvas.pixels)


def color_jpeg(out):
    for name, photometric, options, note in (
        ("us_ybr_jpeg", "YBR_FULL_422", {}, "JPEG baseline, 4:2:2"),
        ("us_ybr_jpeg_420", "YBR_FULL_422", {"subsampling": "4:2:0"}, "JPEG baseline, 4:2:0 in fact"),
        ("us_rgb_jpeg", "RGB", {"keep_rgb": True, "subsampling": "4:4:4"}, "JPEG baseline, RGB components"),
        (
            "us_ybr_jpeg_restart",
            "YBR_FULL_422",
            {"restart_marker_blocks": 5, "optimize": True},
            "JPEG baseline with restart markers and its own Huffman tables",
        ),
    ):
        canvas, ds = ultrasound(name, ANNA), dataset(name, US, "US", ANNA)
        describe(ds, canvas.pixels.shape, photometric)
        set_pixels(ds, encapsulate([jpeg(canvas.pixels[0], **options)]), "OB", True)
        lossy(ds, "ISO_10918_1")
        samples = canvas.pixels if photometric == "RGB" else to_ybr(canvas.pixels)
        out.save(name, ds, JPEG_BASELINE, "masked", canvas, note, samples, 16)


def palette_ultrasound(out):
    """Indices 0..=239 are a gray ramp, 240 to 242 the colors of the text."""
    red = np.arange(256) * 273 % 65536
    red[240:] = 0
    green, blue = red.copy(), red.copy()
    red[240:243], green[240:243], blue[240:243] = (61680, 30840, 60395), (56540, 53970, 60395), (23130, 60395, 60395)
    for name, person, segmented in (("us_palette", HANS, False), ("us_palette_segmented", ANNA, True)):
        # Levels above the ramp would be text colors; hard glyphs need no mixed ones.
        canvas = ultrasound(name, person, color=False, texts=False, hard=True)
        canvas.pixels = np.minimum(canvas.pixels, 239)
        canvas.text(person.name, 6, 4, 240, 0, phi=True, hard=True)
        canvas.text("ID " + person.id, 6, 18, 240, 0, phi=True, hard=True)
        canvas.text(f"{person.dotted_date} {person.clock}", 314, 4, 242, 12, phi=True, hard=True, right=True)
        canvas.text("MI 0.8", 314, 22, 242, 12, hard=True, right=True)
        canvas.text("12 cm", 6, 210, 241, 12, hard=True)
        ds = dataset(name, US, "US", person)
        describe(ds, canvas.pixels.shape, "PALETTE COLOR")
        tags = {"Red": red, "Green": green, "Blue": blue}
        for key, table in tags.items():
            setattr(ds, key + "PaletteColorLookupTableDescriptor", [256, 0, 16])
            if segmented:
                # PS3.3 C.7.9.2: discrete 0, linear ramp to 239, discrete text colors, discrete
                # zero, linear rest; blue says its zeros with an indirect segment (offset 0).
                words = [0, 1, 0, 1, 239, int(table[239]), 0, 3, *map(int, table[240:243])]
                words += [2, 1, 0, 0] if key == "Blue" else [0, 1, 0]
                words += [1, 12, 0]
                data = struct.pack(f"<{len(words)}H", *words)
                setattr(ds, f"Segmented{key}PaletteColorLookupTableData", data)
            else:
                setattr(ds, key + "PaletteColorLookupTableData", table.astype("<u2").tobytes())
        samples = canvas.pixels.astype(np.uint8)
        if segmented:
            set_pixels(ds, samples.tobytes(), "OB")
            out.save(name, ds, EXPLICIT, "masked", canvas, "segmented 16-bit palette", samples)
        else:
            ds.compress(RLE, samples[0], encoding_plugin="pydicom", generate_instance_uid=False)
            out.save(name, ds, RLE, "masked", canvas, "16-bit palette, bitmap font, RLE", samples)


def clips(out):
    name = "us_cine_jpeg"
    canvas, ds = ultrasound(name, RAVI, 400, 300, frames=12), dataset(name, US_CLIP, "US", RAVI)
    canvas.text("PT " + RAVI.spoken, 150, 282, (240, 220, 90), 12, phi=True, frames=(5, 5))
    describe(ds, canvas.pixels.shape, "YBR_FULL_422")
    streams = [jpeg(frame, quality=80) for frame in canvas.pixels]
    set_pixels(ds, encapsulate(streams, lambda frame: (1, 3, 1, 2)[frame % 4]), "OB", True)
    lossy(ds, "ISO_10918_1")
    note = "frames of 1, 3, 1, 2 .. fragments with an offset table; one name in frame 5 alone"
    out.save(name, ds, JPEG_BASELINE, "masked", canvas, note, to_ybr(canvas.pixels), 24)

    name = "us_cine_native"
    canvas = ultrasound(name, JANE, 200, 150, frames=4, color=False, texts=False)
    canvas.text(JANE.name, 4, 4, 235, 12, phi=True)
    canvas.text(JANE.id, 4, 20, 235, 12, phi=True, frames=(1, 2))
    canvas.text("MI 0.8", 196, 4, 200, 12, right=True)
    ds = dataset(name, US_CLIP, "US", JANE)
    describe(ds, canvas.pixels.shape, "MONOCHROME2")
    set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes(), "OB")
    out.save(name, ds, BIG_ENDIAN, "masked", canvas, "big endian, OB; the id is in frames 1 and 2 alone", canvas.pixels)

    name = "us_cine_extended_offsets"
    canvas = ultrasound(name, ANNA, 200, 150, frames=3, color=False, texts=False)
    canvas.text(ANNA.name, 4, 4, 235, 13, phi=True)
    canvas.text("28 Hz", 4, 132, 200, 12)
    ds = dataset(name, US_CLIP, "US", ANNA)
    describe(ds, canvas.pixels.shape, "MONOCHROME2")
    streams = [stream + b"\0" * (len(stream) % 2) for stream in map(jpeg, canvas.pixels)]
    starts = [sum(len(stream) + 8 for stream in streams[:frame]) for frame in range(3)]
    ds.ExtendedOffsetTable = struct.pack("<3Q", *starts)
    ds.ExtendedOffsetTableLengths = struct.pack("<3Q", *map(len, streams))
    set_pixels(ds, encapsulate(streams, table=False), "OB", True)
    lossy(ds, "ISO_10918_1")
    out.save(name, ds, JPEG_BASELINE, "masked", canvas, "gray clip, Extended Offset Table", canvas.pixels, 24)

    name = "us_big_endian_ow"
    canvas = ultrasound(name, HANS, 160, 120, color=False, texts=False)
    canvas.text(HANS.name, 4, 4, 235, 12, phi=True)
    ds = dataset(name, US, "US", HANS)
    describe(ds, canvas.pixels.shape, "MONOCHROME2")
    # 8-bit samples in OW big endian: the bytes of each pair are swapped (PS3.5 D.2).
    set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes(), "OW")
    ds["PixelData"].value = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    out.save(
        name, ds, BIG_ENDIAN, "masked", canvas, "big endian, 8-bit samples in OW: byte pairs swapped", canvas.pixels
    )


def scans(out):
    name = "scan_page"
    rng = seeded(name)
    canvas = Canvas(np.full((1, 1100, 850), 244) + np.rint(1.5 * smooth(rng, (1100, 850), 1.5))[None].clip(-6, 6))
    form(canvas, HANS, 40, 24, size=20)
    ds = dataset(name, SC, "OT", HANS)
    describe(ds, canvas.pixels.shape, "MONOCHROME2")
    set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes(), "OB")
    out.save(name, ds, EXPLICIT, "masked", canvas, "a scanned form", canvas.pixels)

    name = "scan_1bit"
    canvas = Canvas(np.ones((1, 1100, 848)))
    form(canvas, ANNA, 1, 0, size=20)
    bits(out, name, canvas, ANNA, "1 bit a pixel, whole bytes a frame")

    name = "scan_1bit_odd"
    canvas = Canvas(np.ones((2, 243, 345)))
    canvas.text("PATIENT " + RAVI.spoken, 20, 20, 0, 18, phi=True, hard=True)
    canvas.text("BORN " + RAVI.slashed_birth, 20, 60, 0, 18, phi=True, hard=True)
    canvas.text("PAGE 1", 250, 210, 0, 18, frames=(0, 0), hard=True)
    canvas.text("PAGE 2", 250, 210, 0, 18, frames=(1, 1), hard=True)
    canvas.text("ID " + RAVI.id, 20, 120, 0, 18, phi=True, frames=(1, 1), hard=True)
    bits(out, name, canvas, RAVI, "1 bit a pixel, 83835 bits a frame: frame 1 starts inside a byte (PS3.5 8.1.1)")


def pages_with_codes(out):
    """One page with codes and a signature, upright and upside down."""
    canvas = Canvas(np.ones((1, 1100, 848)))
    form(canvas, JANE, 1, 0, size=20)
    qr = np.array([list(row) for row in segno.make(JANE.id + " " + JANE.spoken, error="m", micro=False).matrix]) == 0
    canvas.code("QR " + JANE.id, 640, 680, np.kron(qr, np.ones((4, 4))))
    bars = np.array([bit == "0" for bit in barcode.Code128(JANE.accession).build()[0]], dtype=np.int32)
    canvas.code("CODE 128 " + JANE.accession, 300, 985, np.kron(bars[None], np.ones((50, 2))))
    # A quarter of the modules flipped: more than error correction mends.
    flipped = seeded("damaged code").random(qr.shape) < 0.25
    canvas.code("QR, damaged", 90, 840, np.kron(qr ^ flipped, np.ones((3, 3))))
    signature(canvas, 480, 870)
    lines = canvas.lines
    for turns, way in ((0, "upright"), (2, "upside_down")):
        canvas.pixels = np.rot90(canvas.pixels, turns, axes=(1, 2)) if turns else canvas.pixels
        canvas.lines = lines if not turns else [turned(line, canvas.pixels.shape) for line in lines]
        name = f"scan_codes_{way}"
        bits(out, name, canvas, JANE, f"QR, Code 128, a damaged QR and a signature on a page, {way.replace('_', ' ')}")


def screens(out):
    """A dose sheet that a program drew on light ground, and the same, signed with a pen."""
    for name, note in (("sc_dose_sheet", "a dose sheet on light ground"), ("sc_dose_sheet_signed", "…with a signature")):
        canvas = Canvas(np.full((1, 420, 640), 240))
        draw = functools.partial(canvas.text, value=16, size=16)
        draw(HANS.name, 20, 20, phi=True)
        draw(HANS.id, 300, 20, phi=True)
        draw(HANS.dotted_date, 480, 20, phi=True)
        canvas.fill(20, 48, 620, 50, 120)
        columns = (20, 180, 280, 400, 520)
        rows = (
            ("Scan", "kV", "mAs", "CTDIvol", "DLP"),
            ("Topogram", "120", "35", "0.14", "7.2"),
            ("Abdomen", "120", "184", "9.87", "402.5"),
            ("Pelvis", "100", "210", "11.52", "391.8"),
            ("Thorax", "120", "97", "6.31", "218.4"),
        )
        for number, row in enumerate(rows):
            for x, text in zip(columns, row):
                draw(text, x, 70 + 32 * number)
        if "signed" in name:
            signature(canvas, 400, 300)
        ds = dataset(name, SC, "CT", HANS)
        describe(ds, canvas.pixels.shape, "MONOCHROME2")
        ds.compress(RLE, canvas.pixels[0].astype(np.uint8), encoding_plugin="pydicom", generate_instance_uid=False)
        out.save(name, ds, RLE, "masked", canvas, note, canvas.pixels)


def turned(line, shape):
    """A line of a page turned by 180 degrees."""
    _, rows, columns = shape
    x0, y0, x1, y1 = line["box"]
    return line | {"box": [columns - x1, rows - y1, columns - x0, rows - y0], "turns": 2}


def signature(canvas, x, y):
    """Strokes of a pen: loops of changing height."""
    t = np.linspace(0, 1, 4000)
    height = 26 * (0.5 + 0.5 * np.abs(np.sin(9 * t))) * (1 - 0.5 * t)
    xs = np.rint(x + 10 + 150 * t + 9 * np.cos(40 * t)).astype(int)
    ys = np.rint(y + 35 + height * np.sin(40 * t)).astype(int)
    for dx in range(3):
        for dy in range(3):
            canvas.pixels[:, ys + dy, xs + dx] = 0
    box = [int(xs.min()), int(ys.min()), int(xs.max()) + 3, int(ys.max()) + 3]
    canvas.lines.append({"frames": [0, 0], "box": box, "text": "signature", "is_phi": True})


def form(canvas, person, ink, noise, size):
    """A printed form. `noise` 0 means glyphs without gray."""
    width = canvas.pixels.shape[2]
    draw = functools.partial(canvas.text, value=0 if noise == 0 else ink, hard=noise == 0)
    rule = 0 if noise == 0 else 90
    draw(person.site, 60, 60, size=size + 8, phi=True)
    draw("REFERRAL FORM", width - 60, 64, size=size, right=True)
    canvas.fill(60, 110, width - 60, 113, rule)
    rows = [
        ("Patient", person.spoken, True),
        ("Date of birth", person.slashed_birth, True),
        ("Patient ID", person.id, True),
        ("Accession", person.accession, True),
        ("Referred by", person.physician.replace("^", " "), True),
        ("Date", person.dotted_date, True),
        ("Examination", "ABDOMEN", False),
    ]
    for number, (label, value, phi) in enumerate(rows):
        y = 150 + 60 * number
        draw(label, 70, y, size=size)
        draw(value, 300, y, size=size, phi=phi)
        canvas.fill(290, y + 28, width - 70, y + 30, rule)
    draw("Findings", 70, 600, size=size)
    canvas.fill(60, 640, width - 60, 642, rule)
    canvas.fill(60, 960, width - 60, 962, rule)
    canvas.fill(60, 640, 62, 962, rule)
    canvas.fill(width - 62, 640, width - 60, 962, rule)
    draw(f"{person.spoken.title()} was seen on {person.dotted_date}.", 84, 668, size=size - 3, phi=True)
    draw("Liver of normal size, no focal lesion.", 84, 702, size=size - 3)
    draw("Gallbladder without stones.", 84, 736, size=size - 3)
    draw("Page 1 of 1", width - 60, 1040, size=size - 6, right=True)


def bits(out, name, canvas, person, note):
    ds = dataset(name, SC_BITS, "OT", person)
    describe(ds, canvas.pixels.shape, "MONOCHROME2", allocated=1)
    ds.NumberOfFrames = canvas.frames
    # The first pixel is the lowest bit; frames follow each other without padding.
    set_pixels(ds, np.packbits(canvas.pixels.astype(np.uint8).ravel(), bitorder="little").tobytes(), "OB")
    out.save(name, ds, EXPLICIT, "masked", canvas, note, canvas.pixels)


def radiographs(out):
    name = "dx_label_outside_window"
    canvas = Canvas(radiograph(name, 600, 500, (60, 2400)))
    canvas.fill(0, 540, 500, 600, 3000)
    label_radiograph(canvas, JANE, 430, 16, height=540)
    canvas.text(f"{JANE.spoken}  {JANE.dotted_date}", 20, 562, 3900, 18, phi=True)
    ds = dataset(name, DX, "DX", JANE)
    describe(ds, canvas.pixels.shape, "MONOCHROME2", 16, 12)
    ds.WindowCenter, ds.WindowWidth = "1500", "2000"
    set_pixels(ds, canvas.pixels.astype("<u2").tobytes())
    note = "labels below and above the window 500..2500, so both are invisible in it"
    out.save(name, ds, EXPLICIT, "masked", canvas, note, canvas.pixels)

    name = "dx_mono1"
    canvas = Canvas(3000 - radiograph(name, 320, 256) - 1024)
    label_radiograph(canvas, RAVI, -1000)
    ds = dataset(name, DX, "DX", RAVI)
    describe(ds, canvas.pixels.shape, "MONOCHROME1", 16, 16, signed=True)
    set_pixels(ds, canvas.pixels.astype("<i2").tobytes())
    out.save(name, ds, EXPLICIT, "masked", canvas, "MONOCHROME1, signed 16 bits, no window", canvas.pixels)

    name = "ct_signed_dirty"
    canvas = Canvas(slice_of(name, 256) - 1024)
    canvas.text(HANS.name, 8, 8, 1500, 13, phi=True)
    canvas.text(HANS.dotted_date, 248, 8, 1500, 13, phi=True, right=True)
    canvas.text("120 kV", 8, 236, 1500, 13)
    ds = dataset(name, CT, "CT", HANS)
    describe(ds, canvas.pixels.shape, "MONOCHROME2", 16, 12, signed=True)
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    dirt = seeded(name + " dirt").integers(0, 16, canvas.pixels.shape) << 12
    set_pixels(ds, ((canvas.pixels & 0x0FFF) | dirt).astype("<u2").tobytes())
    note = "signed 12 bits in 16; the four high bits are random and no part of the value"
    out.save(name, ds, EXPLICIT, "masked", canvas, note, canvas.pixels)

    name = "ct_outlier"
    canvas = Canvas(slice_of(name, 256))
    canvas.text(ANNA.name, 8, 8, 700, 13, phi=True)
    canvas.text(ANNA.id, 8, 26, 700, 13, phi=True)
    canvas.text("KVP 120", 8, 236, 700, 13)
    spots = seeded(name + " spots").integers(40, 216, (7, 2))
    canvas.pixels[0, spots[:, 0], spots[:, 1]] = 65535
    ds = dataset(name, CT, "CT", ANNA)
    describe(ds, canvas.pixels.shape, "MONOCHROME2", 16)
    ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
    set_pixels(ds, canvas.pixels.astype("<u2").tobytes())
    note = "seven samples of 65535; full range leaves the label two gray levels of 256"
    out.save(name, ds, EXPLICIT, "masked", canvas, note, canvas.pixels)


def slice_of(name, size):
    """A CT-like slice, air 0, water 1024: (1, size, size)."""
    rng = seeded(name)
    y, x = (np.mgrid[0:size, 0:size] / size - 0.5) * 2
    body = np.hypot(x / 0.78, y / 0.62)
    image = np.where(body < 1, 1024 + 40 + 15 * smooth(rng, (size, size), 6.0), 40)
    image = np.where((body < 1) & (body > 0.93), 930, image)
    for cx, cy, rx, ry, value in (
        (0.0, 0.38, 0.12, 0.10, 1500),
        (-0.34, -0.08, 0.26, 0.30, 1090),
        (0.40, 0.05, 0.14, 0.18, 1075),
        (0.10, -0.20, 0.10, 0.12, 1020),
    ):
        image = np.where(np.hypot((x - cx) / rx, (y - cy) / ry) < 1, value, image)
    image = blur(blur(image, 0.8, 0), 0.8, 1) + 12 * rng.standard_normal((size, size))
    return np.clip(np.rint(image), 0, 4000).astype(np.int32)[None]


def radiograph_in_many_syntaxes(out):
    """One radiograph, 16 bits allocated and 12 stored, in each transfer syntax."""
    canvas = Canvas(radiograph("dx", 320, 256))
    label_radiograph(canvas, HANS, 3900)
    pixels = canvas.pixels.astype(np.uint16)

    def fresh(name):
        ds = dataset(name, DX, "DX", HANS)
        describe(ds, canvas.pixels.shape, "MONOCHROME2", 16, 12)
        ds.WindowCenter, ds.WindowWidth = "2048", "4096"
        set_pixels(ds, pixels.astype("<u2").tobytes())
        return ds

    def save(name, ds, syntax, note, tolerance=0, status="masked"):
        out.save(name, ds, syntax, status, canvas, note, canvas.pixels, tolerance)

    save("dx_implicit", fresh("dx_implicit"), IMPLICIT, "implicit VR little endian")
    save("dx_deflated", fresh("dx_deflated"), DEFLATED, "deflated")
    ds = fresh("dx_big_endian")
    ds["PixelData"].value = pixels.astype(">u2").tobytes()
    save("dx_big_endian", ds, BIG_ENDIAN, "big endian, 16 bits")
    for name, syntax, note in (
        ("dx_rle", RLE, "RLE"),
        ("dx_jpegls", JPEG_LS, "JPEG-LS lossless"),
        ("dx_j2k", J2K_LOSSLESS, "JPEG 2000 lossless"),
    ):
        ds = fresh(name)
        options = {"encoding_plugin": "pydicom"} if syntax == RLE else {}
        ds.compress(syntax, pixels[0], generate_instance_uid=False, **options)
        save(name, ds, syntax, note)
    ds = fresh("dx_jpegls_near")
    ds.compress(JPEG_LS_NEAR, pixels[0], generate_instance_uid=False, jls_error=3)
    lossy(ds, "ISO_14495_1", "3")
    save("dx_jpegls_near", ds, JPEG_LS_NEAR, "JPEG-LS near lossless, error 3", 12)
    ds = fresh("dx_j2k_lossy")
    ds.compress(J2K, pixels[0], generate_instance_uid=False, j2k_cr=[10])
    lossy(ds, "ISO_15444_1")
    save("dx_j2k_lossy", ds, J2K, "JPEG 2000 lossy", 240)
    ds = fresh("dx_jpeg_lossless")
    set_pixels(ds, encapsulate([jpeg_lossless(canvas.pixels[0], 12)]), "OB", True)
    save("dx_jpeg_lossless", ds, JPEG_LOSSLESS, "JPEG lossless, selection value 1")
    ds = fresh("dx_jpeg12")
    set_pixels(ds, encapsulate([jpeg_extended(canvas.pixels[0])], table=False), "OB", True)
    lossy(ds, "ISO_10918_1", "4")
    save("dx_jpeg12", ds, JPEG_EXTENDED, "JPEG extended, 12 bits, empty offset table", 120)


def clean_image(out):
    name = "clean_ruler_grid"
    # A phantom: one smooth disc. Speckle, calipers and a tick at the end of a ruler look enough like letters to some
    # detectors; this file is to have something that is text to none.
    y, x = np.mgrid[0:240, 0:320]
    canvas = Canvas(np.clip(170 - np.hypot(x - 160, y - 120), 0, 110).astype(np.int32)[None])
    for at in range(40, 300, 40):
        canvas.fill(at, 20, at + 1, 220, 130)
    for at in range(20, 221, 40):
        canvas.fill(40, at, 281, at + 1, 130)
    for at in range(40, 281, 10):
        canvas.fill(at, 228, at + 1, 238 if at % 50 == 30 else 233, 220)
    canvas.fill(30, 228, 291, 229, 220)
    ds = dataset(name, US, "US", ANNA)
    describe(ds, canvas.pixels.shape, "MONOCHROME2")
    set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes(), "OB")
    out.save(name, ds, EXPLICIT, "clean", canvas, "a phantom with grid and ruler, but no text", canvas.pixels)


def add_private(ds, person):
    """Private elements of several forms, one of them with a name in it."""
    block = ds.private_block(0x0009, "DEBURN TEST 01", create=True)
    block.add_new(0x01, "LO", "private of " + person.name)
    block.add_new(0x02, "OB", bytes(range(7)) + b"\0")
    block.add_new(0x03, "FD", [1.5, -2.25])


def code(value, scheme, meaning):
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value, scheme, meaning
    return ds


def items(*datasets, undefined=False):
    for ds in datasets:
        ds.is_undefined_length_sequence_item = undefined
    return Sequence(datasets)


def without_pixels(out):
    ds = dataset("sr", SR, "SR", JANE)
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName, ds.InstitutionName = "DOË^JÄNE", "HÔPITAL DU LAC"
    ds.CompletionFlag, ds.VerificationFlag, ds.ValueType = "COMPLETE", "UNVERIFIED", "CONTAINER"
    ds.ContinuityOfContent = "SEPARATE"
    ds.ConceptNameCodeSequence = items(code("18748-4", "LN", "Diagnostic Imaging Report"))
    findings = Dataset()
    findings.RelationshipType, findings.ValueType = "CONTAINS", "TEXT"
    findings.ConceptNameCodeSequence = items(code("59776-5", "LN", "Procedure Findings"), undefined=True)
    findings.TextValue = "Foie de taille normale, vésicule sans calcul. Patiente: JÄNE DOË."
    section = Dataset()
    section.RelationshipType, section.ValueType, section.ContinuityOfContent = "CONTAINS", "CONTAINER", "SEPARATE"
    section.ContentSequence = items(findings, undefined=True)
    section["ContentSequence"].is_undefined_length = True
    ds.ContentSequence = items(section)
    add_private(ds, JANE)
    out.save("sr", ds, EXPLICIT, "no_pixels", note="structured report, ISO_IR 100, private and nested elements")

    ds = dataset("pr", PR, "PR", RAVI)
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = "LABEL", "gray scale", "TEST^READER"
    ds.PresentationCreationDate, ds.PresentationCreationTime = RAVI.date, RAVI.time
    ds.PresentationLUTShape = "IDENTITY"
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = DX, uid("dx_mono1")
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedImageSequence = uid("series dx_mono1"), items(image, undefined=True)
    ds.ReferencedSeriesSequence = items(series)
    ds["ReferencedSeriesSequence"].is_undefined_length = True
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [1, 1], [256, 320]
    area.PresentationSizeMode, area.PresentationPixelAspectRatio = "SCALE TO FIT", [1, 1]
    ds.DisplayedAreaSelectionSequence = items(area)
    add_private(ds, RAVI)
    out.save("pr", ds, IMPLICIT, "no_pixels", note="presentation state, ISO 2022 IR 87, private and nested elements")


def never_examined(out):
    ds = dataset("pdf_document", PDF, "DOC", HANS)
    ds.BurnedInAnnotation, ds.DocumentTitle = "YES", "LETTER"
    ds.ConceptNameCodeSequence, ds.MIMETypeOfEncapsulatedDocument = Sequence(), "application/pdf"
    ds.EncapsulatedDocument = tiny_pdf(f"Dear Mr {HANS.spoken.title()}, born {HANS.slashed_birth}")
    ds.EncapsulatedDocumentLength = len(ds.EncapsulatedDocument)
    ds.EncapsulatedDocument += b"\0" * (ds.EncapsulatedDocumentLength % 2)
    out.save("pdf_document", ds, EXPLICIT, "held", note="a document, not an image; the PDF names the patient")

    ds = dataset("video_mpeg4", VIDEO, "ES", JANE)
    describe(ds, (50, 1080, 1920, 3), "YBR_PARTIAL_420")
    stream = seeded("video").integers(0, 256, 4000, dtype=np.uint8).tobytes()
    set_pixels(ds, encapsulate([b"\0\0\0\x1cftypmp42" + stream]), "OB", True)
    lossy(ds, "ISO_14496_10")
    out.save("video_mpeg4", ds, H264, "held", note="video; the stream is random bytes in one fragment")

    name = "us_private_jpeg"
    canvas, ds = plain(name, ANNA)
    photo = Canvas(np.full((1, 48, 112), 30))
    photo.text(ANNA.name, 4, 6, 240, 13, phi=True)
    ds.private_block(0x0009, "DEBURN TEST 01", create=True).add_new(0x20, "OB", jpeg(photo.pixels[0]))
    lines = canvas.lines + [line | {"plane": "private"} for line in photo.lines]
    out.save(name, ds, EXPLICIT, "held", canvas, "a JPEG picture in a private element", canvas.pixels, lines=lines)

    name = "us_jpeg_preview"
    canvas, ds = plain(name, HANS)
    # As in Exif: the name is in the preview of the stream alone.
    stream = jpeg(canvas.pixels[0])
    preview = segment(0xE1, b"Exif\0\0" + jpeg(photo.pixels[0]))
    set_pixels(ds, encapsulate([stream[:2] + preview + stream[2:]]), "OB", True)
    lossy(ds, "ISO_10918_1")
    note = "a preview picture in an APP1 segment of the frame's stream"
    out.save(name, ds, JPEG_BASELINE, "held", canvas, note, canvas.pixels, 24)


def plain(name, person):
    canvas = ultrasound(name, person, 160, 120, color=False, texts=False)
    canvas.text("MI 0.8", 154, 4, 235, 12, right=True)
    ds = dataset(name, US, "US", person)
    describe(ds, canvas.pixels.shape, "MONOCHROME2")
    set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes(), "OB")
    return canvas, ds


def drawn(text, frames=1, at=100, only=None, size=(120, 160)):
    """An overlay plane with a line of text."""
    plane = Canvas(np.zeros((frames, *size)))
    plane.text(text, 4, at, 1, 13, phi=True, hard=True, frames=only)
    return plane


def overlay(ds, group, plane, origin=(1, 1), big_endian=False):
    """Adds an overlay plane (PS3.3 C.9.2)."""
    frames, rows, columns = plane.pixels.shape
    block = {0x10: ("US", rows), 0x11: ("US", columns), 0x22: ("LO", "annotation"), 0x40: ("CS", "G")}
    if frames > 1:
        block[0x15] = ("IS", str(frames))
    block |= {0x50: ("SS", list(origin))}
    if frames > 1:
        block[0x51] = ("US", 1)
    block |= {0x100: ("US", 1), 0x102: ("US", 0)}
    bits = np.packbits(plane.pixels.astype(np.uint8).ravel(), bitorder="little").tobytes()
    bits += b"\0" * (len(bits) % 2)
    if big_endian:
        bits = np.frombuffer(bits, "<u2").astype(">u2").tobytes()
    block[0x3000] = ("OW", bits)
    for element, (vr, value) in block.items():
        ds.add_new((group, element), vr, value)


def in_plane(name, *canvases):
    return [line | {"plane": name} for canvas in canvases for line in canvas.lines]


def overlays(out):
    name = "us_overlay"
    canvas, ds = plain(name, ANNA)
    plane = drawn(ANNA.name)
    overlay(ds, 0x6000, plane)
    lines = canvas.lines + in_plane("overlay_6000", plane)
    out.save(name, ds, EXPLICIT, "masked", canvas, "the name is in overlay plane 6000", canvas.pixels, lines=lines)

    name = "us_overlay_frames"
    canvas = ultrasound(name, JANE, 160, 120, frames=2, color=False, texts=False)
    ds = dataset(name, US_CLIP, "US", JANE)
    describe(ds, canvas.pixels.shape, "MONOCHROME2")
    set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes(), "OB")
    # 97 x 33 bits a frame, so that the second one begins inside a byte.
    plane = drawn(JANE.id, 2, 10, (1, 1), (33, 97))
    overlay(ds, 0x6002, plane, origin=(60, 20), big_endian=True)
    note = "a plane of two frames, the id in the second; big endian, so the bytes of each word are swapped"
    lines = canvas.lines + in_plane("overlay_6002", plane)
    out.save(name, ds, BIG_ENDIAN, "masked", canvas, note, canvas.pixels, lines=lines)

    name = "ct_overlay_embedded"
    canvas, ds = Canvas(slice_of(name, 160)), dataset(name, CT, "CT", RAVI)
    planes = [drawn(RAVI.name, at=100, size=(160, 160)), drawn(RAVI.id, at=20, size=(160, 160))]
    describe(ds, canvas.pixels.shape, "MONOCHROME2", 16, 12)
    ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
    stored = canvas.pixels | planes[0].pixels.astype(np.int32) << 12 | planes[1].pixels.astype(np.int32) << 15
    set_pixels(ds, stored.astype("<u2").tobytes())
    for group, bit in ((0x6000, 12), (0x6002, 15)):
        block = {0x10: ("US", 160), 0x11: ("US", 160), 0x40: ("CS", "G"), 0x50: ("SS", [1, 1])}
        for element, (vr, value) in (block | {0x100: ("US", 16), 0x102: ("US", bit)}).items():
            ds.add_new((group, element), vr, value)
    note = "two overlays in bits 12 and 15 of the pixels (retired)"
    lines = canvas.lines + in_plane("overlay_6000", planes[0]) + in_plane("overlay_6002", planes[1])
    out.save(name, ds, IMPLICIT, "masked", canvas, note, canvas.pixels, lines=lines)

    name = "ct_hidden_bits"
    canvas, ds = Canvas(slice_of(name, 160)), dataset(name, CT, "CT", HANS)
    hidden = drawn(HANS.name, at=70, size=(160, 160))
    describe(ds, canvas.pixels.shape, "MONOCHROME2", 16, 12)
    stored = canvas.pixels | hidden.pixels.astype(np.int32) << 13
    set_pixels(ds, stored.astype("<u2").tobytes())
    note = "the name is in bit 13, which nothing speaks of"
    out.save(name, ds, EXPLICIT, "masked", hidden, note, canvas.pixels)

    name = "pr_overlay"
    ds = dataset(name, PR, "PR", JANE)
    ds.ContentLabel, ds.PresentationLUTShape = "LABEL", "IDENTITY"
    plane = drawn(JANE.name, at=40)
    overlay(ds, 0x6000, plane)
    lines = in_plane("overlay_6000", plane)
    out.save(name, ds, EXPLICIT, "masked", note="a presentation state with an overlay, no pixels", lines=lines)


def beside_the_image(out):
    name = "us_icon"
    canvas, ds = plain(name, HANS)
    icon = Canvas(np.full((1, 48, 112), 30))
    icon.text(HANS.name, 4, 6, 240, 13, phi=True)
    ds.IconImageSequence = items(small_image(icon))
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = US, uid("us_rgb")
    reference.IconImageSequence = items(small_image(icon))
    ds.ReferencedImageSequence = items(reference)
    lines = canvas.lines + in_plane("icon", icon) + in_plane("nested_icon_1", icon)
    note = "the name is in the icon image, and in that of a referenced image"
    out.save(name, ds, EXPLICIT, "masked", canvas, note, canvas.pixels, lines=lines)

    name = "us_nested_pixels"
    canvas, ds = plain(name, JANE)
    inner = Canvas(np.full((1, 48, 112), 30))
    inner.text(JANE.name, 4, 6, 240, 13, phi=True)
    block = ds.private_block(0x0009, "DEBURN TEST 01", create=True)
    block.add_new(0x10, "SQ", items(small_image(inner)))
    lines = canvas.lines + in_plane("nested_1", inner)
    note = "the name is in Pixel Data inside a private sequence"
    out.save(name, ds, EXPLICIT, "masked", canvas, note, canvas.pixels, lines=lines)

    for name, person, double, syntax in (
        ("float_map", RAVI, False, EXPLICIT),
        ("double_float_map", ANNA, True, BIG_ENDIAN),
    ):
        y, x = np.mgrid[0:64, 0:128]
        canvas = Canvas((300 * np.exp(-np.hypot(x - 64, y - 40) / 30))[None])
        canvas.text(person.name, 6, 6, 700, 13, phi=True)
        ds = dataset(name, FLOAT_MAP, "MR", person)
        describe(ds, canvas.pixels.shape, "MONOCHROME2", 64 if double else 32)
        for keyword in ("BitsStored", "HighBit", "PixelRepresentation"):
            delattr(ds, keyword)
        values = canvas.pixels / 512 - 0.25
        # An outlier that leaves all else one shade of gray.
        values[0, 63, 127] = 1e30
        keyword = "DoubleFloatPixelData" if double else "FloatPixelData"
        order = ">" if syntax == BIG_ENDIAN else "<"
        setattr(ds, keyword, values.astype(order + ("f8" if double else "f4")).tobytes())
        lines = in_plane("double_float" if double else "float", canvas)
        out.save(name, ds, syntax, "masked", note=f"{keyword}, no Pixel Data; one value of 1e30", lines=lines)

    name = "marked_before"
    canvas = Canvas(radiograph(name, 120, 200))
    canvas.text(HANS.name, 8, 8, 3900, 13, phi=True)
    ds = dataset(name, DX, "DX", HANS)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "", "RT"]
    ds.DerivationDescription = "edge enhanced"
    ds.PatientIdentityRemoved, ds.DeidentificationMethod = "YES", ["SITE SCRIPT 3", "MANUAL"]
    ds.DeidentificationMethodCodeSequence = items(code("113100", "DCM", "Basic Application Confidentiality Profile"))
    ds["DeidentificationMethodCodeSequence"].is_undefined_length = True
    equipment = Dataset()
    equipment.Manufacturer, equipment.SoftwareVersions = "DEBURN FIXTURES", "1"
    equipment.PurposeOfReferenceCodeSequence = items(code("109102", "DCM", "Processing Equipment"))
    ds.ContributingEquipmentSequence = items(equipment)
    frame_type = Dataset()
    frame_type.FrameType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    shared = Dataset()
    shared.MRImageFrameTypeSequence = items(frame_type)
    ds.SharedFunctionalGroupsSequence = items(shared)
    describe(ds, canvas.pixels.shape, "MONOCHROME2", 16, 12)
    set_pixels(ds, canvas.pixels.astype("<u2").tobytes())
    note = "other programs and persons have marked it before"
    out.save(name, ds, EXPLICIT, "masked", canvas, note, canvas.pixels)


def small_image(canvas):
    ds = Dataset()
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = canvas.pixels.shape[1:3]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes(), "OB")
    return ds


def tiny_pdf(text):
    """A PDF of one page with one line."""
    stream = f"BT /F1 14 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + tail


def header_traps(out):
    def labeled(name, person):
        canvas = ultrasound(name, person, 200, 150, color=False, texts=False)
        canvas.text(person.name, 4, 4, 235, 13, phi=True)
        canvas.text(person.dotted_date, 4, 22, 235, 13, phi=True)
        canvas.text("12 cm", 4, 132, 200, 12)
        ds = dataset(name, US, "US", person)
        describe(ds, canvas.pixels.shape, "MONOCHROME2")
        set_pixels(ds, canvas.pixels.astype(np.uint8).tobytes(), "OW")
        return canvas, ds

    name = "nested_private"
    canvas, ds = labeled(name, RAVI)
    add_private(ds, RAVI)
    block = ds.private_block(0x0011, "DEBURN TEST 02", create=True)
    for element, undefined in ((0x01, False), (0x02, True)):
        leaf = Dataset()
        add_private(leaf, RAVI)
        leaf.ReferencedSOPInstanceUID = uid("leaf")
        branch = Dataset()
        branch.CodeMeaning = "branch"
        branch.RelatedSeriesSequence = items(leaf, Dataset(), undefined=undefined)
        branch["RelatedSeriesSequence"].is_undefined_length = undefined
        block.add_new(element, "SQ", items(branch, undefined=undefined))
        ds[0x0011, 0x1000 | element].is_undefined_length = undefined
    block.add_new(0x03, "SQ", Sequence())
    block.add_new(0x04, "UN", b"opaque")
    # Vendors put elements behind Pixel Data.
    after = ds.private_block(0x7FE1, "DEBURN TEST 03", create=True)
    after.add_new(0x01, "OB", b"after pixel data")
    ds.add_new(0xFFFCFFFC, "OB", b"\0" * 126)
    note = "private and nested sequences of both length forms, a stale group length, elements behind Pixel Data"
    out.save(name, ds, EXPLICIT, "masked", canvas, note, canvas.pixels)

    # Group lengths are retired but met; pydicom leaves them out, so this one is put in as bytes.
    path = out.folder / f"{name}.dcm"
    head, tail = path.read_bytes().split(b"\x08\0\x16\0UI", 1)
    path.write_bytes(head + b"\x08\0\0\0UL\4\0" + struct.pack("<I", 4242) + b"\x08\0\x16\0UI" + tail)

    name = "un_undefined_length"
    canvas, ds = labeled(name, JANE)
    ds.private_block(0x0011, "DEBURN TEST 02", create=True)
    # PS3.5 6.2.2 note: UN of undefined length is a sequence in implicit VR little endian.
    inner = struct.pack("<HHI", 0x0008, 0x0104, 6) + b"branch"
    ds.add_new(0x00111001, "UN", item(inner))
    ds[0x0011, 0x1001].is_undefined_length = True
    out.save(name, ds, EXPLICIT, "masked", canvas, "a private sequence as UN of undefined length", canvas.pixels)

    name = "no_preamble"
    canvas, ds = labeled(name, HANS)
    note = "a data set alone: implicit VR, no preamble, no file meta"
    out.save(name, ds, IMPLICIT, "masked", canvas, note, canvas.pixels, meta=False)


# --- Bad files ---------------------------------------------------------------
#
# These are put together byte by byte, because a library refuses to write them.

LONG = {"OB", "OW", "SQ", "UN", "UT"}
NAME, IDENT, FRAMES = 0x00100010, 0x00100020, 0x00280008
SAMPLES, PHOTOMETRIC, ROWS, COLUMNS = 0x00280002, 0x00280004, 0x00280010, 0x00280011
ALLOCATED, STORED, HIGH, PIXELS = 0x00280100, 0x00280101, 0x00280102, 0x7FE00010


def element(tag, vr, value, length=None):
    """One element in explicit VR little endian; `length` may lie."""
    if isinstance(value, int):
        value = struct.pack("<H", value)
    elif isinstance(value, str):
        value = value.encode("ascii")
    value += (b"\0" if vr in ("UI", "OB", "OW") else b" ") * (len(value) % 2)
    length = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    return head + (struct.pack("<HI", 0, length) if vr in LONG else struct.pack("<H", length)) + value


def encapsulated(body, end=True):
    """Pixel Data of undefined length."""
    return element(PIXELS, "OB", b"", 0xFFFFFFFF) + body + (struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) if end else b"")


def bad_file(name, changes=None, syntax=EXPLICIT):
    """A 96x64 secondary capture with a name in it, as file meta and body.

    `changes` replaces elements by their bytes; None takes one out.
    """
    canvas = Canvas(np.full((1, 64, 96), 40))
    canvas.text("DOE^JANE", 6, 10, 240, 13)
    elements = {
        0x00080016: element(0x00080016, "UI", SC),
        0x00080018: element(0x00080018, "UI", uid("bad " + name)),
        0x00080020: element(0x00080020, "DA", JANE.date),
        0x00080060: element(0x00080060, "CS", "OT"),
        NAME: element(NAME, "PN", JANE.name),
        IDENT: element(IDENT, "LO", JANE.id),
        0x0020000D: element(0x0020000D, "UI", uid("bad study")),
        0x0020000E: element(0x0020000E, "UI", uid("bad series")),
        SAMPLES: element(SAMPLES, "US", 1),
        PHOTOMETRIC: element(PHOTOMETRIC, "CS", "MONOCHROME2"),
        ROWS: element(ROWS, "US", 64),
        COLUMNS: element(COLUMNS, "US", 96),
        ALLOCATED: element(ALLOCATED, "US", 8),
        STORED: element(STORED, "US", 8),
        HIGH: element(HIGH, "US", 7),
        0x00280103: element(0x00280103, "US", 0),
        PIXELS: element(PIXELS, "OB", canvas.pixels.astype(np.uint8).tobytes()),
    } | (changes or {})
    body = b"".join(elements[tag] for tag in sorted(elements) if elements[tag])
    meta = element(0x00020001, "OB", b"\0\1") + element(0x00020002, "UI", SC)
    meta += element(0x00020003, "UI", uid("bad " + name))
    meta += element(0x00020010, "UI", syntax) if syntax else b""
    meta += element(0x00020012, "UI", uid("implementation"))
    return b"\0" * 128 + b"DICM" + element(0x00020000, "UL", struct.pack("<I", len(meta))) + meta, body


def bad_files():
    """Yields (file name, bytes, why, what to expect)."""

    def made(name, why, changes=None, syntax=EXPLICIT, cut=None, tail=b""):
        meta, body = bad_file(name, changes, syntax)
        return f"{name}.dcm", meta + (body[:cut] if cut else body) + tail, why, "held"

    image = np.full((64, 96, 3), 40, dtype=np.uint8)
    photo = jpeg(image[..., 0])
    frame = bytes([40]) * 64 * 96
    rng = seeded("bad")
    noise = rng.integers(0, 256, 3000, dtype=np.uint8).tobytes()

    # Lengths.
    yield made("trunc_pixel_data", "the file ends inside Pixel Data", cut=-2000)
    yield made("trunc_header", "the file ends inside the header, within an element", cut=130)
    yield made(
        "length_past_end",
        "Patient ID is said to be longer than the file",
        {IDENT: element(IDENT, "LO", JANE.id, 60000)},
    )
    yield made(
        "pixel_length_past_end",
        "Pixel Data is said to have 4 GB less 2",
        {PIXELS: element(PIXELS, "OB", frame, 0xFFFFFFFE)},
    )
    inner = element(0x00081150, "UI", SC)
    lying = element(0x00081140, "SQ", struct.pack("<HHI", 0xFFFE, 0xE000, 4000) + inner)
    yield made("nested_length_lies", "an item is longer than the sequence that holds it", {0x00081140: lying})
    depth = 5000
    opened = element(0x00081140, "SQ", b"", 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closed = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    yield made("deep_nesting", "sequences nested 5000 deep", {0x00081140: opened * depth + closed * depth})
    yield made("trailing_garbage", "bytes that are no element follow Pixel Data", tail=noise[:333])

    yield made(
        "charset_nul", "Specific Character Set holds NUL characters, which pydicom cannot read (a mutation found it)",
        {0x00080005: element(0x00080005, "CS", b"ISO 2022 \0\0\0\x003")},
    )

    yield made(
        "vr_unknown", "an element of an unknown VR, which pydicom cannot read (a mutation found it)",
        {0x00080070: b"\x08\x00\x70\x00F\xd1\0\0" + struct.pack("<I", 4) + b"ACME"},
    )

    # Descriptions of the pixels.
    yield made("rows_zero", "Rows is 0", {ROWS: element(ROWS, "US", 0)})
    yield made("rows_missing", "Rows is missing", {ROWS: None})
    yield made("rows_empty", "Rows has no value", {ROWS: element(ROWS, "US", b"")})
    yield made(
        "pixel_data_missing", "an image SOP class without Pixel Data: the image is elsewhere or lost", {PIXELS: None}
    )
    yield made("pixel_data_empty", "Pixel Data has no value", {PIXELS: element(PIXELS, "OB", b"")})
    huge = {
        ROWS: element(ROWS, "US", 60000),
        COLUMNS: element(COLUMNS, "US", 60000),
        PIXELS: element(PIXELS, "OB", b"tiny"),
    }
    yield made("huge_dimensions", "60000 x 60000 promised, 4 bytes given", huge)
    many = {FRAMES: element(FRAMES, "IS", "2147483647")}
    yield made("huge_frames", "2147483647 frames promised, one given", many)
    yield made("frames_not_a_number", 'Number of Frames is "1A"', {FRAMES: element(FRAMES, "IS", "1A")})
    yield made("frames_negative", 'Number of Frames is "-1"', {FRAMES: element(FRAMES, "IS", "-1")})
    yield made("frames_zero", 'Number of Frames is "0"', {FRAMES: element(FRAMES, "IS", "0")})
    two = element(FRAMES, "IS", "2")
    three = element(PIXELS, "OB", frame * 3)
    yield made("frames_more_native", "three frames of bytes, two promised", {FRAMES: two, PIXELS: three})
    yield made("frames_fewer_native", "one frame of bytes, two promised", {FRAMES: two})
    named = {PIXELS: element(PIXELS, "OB", frame + b"DOE^JANE 1961")}
    yield made("pixels_bytes_behind", "bytes with a name behind the last frame", named)
    plane = {0x60000010: element(0x60000010, "US", 64), 0x60000011: element(0x60000011, "US", 96)}
    plane |= {0x60000100: element(0x60000100, "US", 1), 0x60000102: element(0x60000102, "US", 0)}
    short = {0x60003000: element(0x60003000, "OW", b"\xff" * 700)}
    yield made("overlay_short", "Overlay Data has fewer bits than its rows and columns need", plane | short)
    far = {0x60000010: element(0x60000010, "US", 64), 0x60000011: element(0x60000011, "US", 96)}
    far |= {0x60000100: element(0x60000100, "US", 8), 0x60000102: element(0x60000102, "US", 3)}
    yield made("overlay_in_value", "an embedded overlay is said to lie in a bit of the stored value", far)
    yield made("bits_allocated_12", "Bits Allocated is 12", {ALLOCATED: element(ALLOCATED, "US", 12)})
    yield made(
        "bits_stored_over_allocated",
        "Bits Stored is 16, Bits Allocated 8",
        {STORED: element(STORED, "US", 16), HIGH: element(HIGH, "US", 15)},
    )
    color = {SAMPLES: element(SAMPLES, "US", 3), PIXELS: element(PIXELS, "OB", frame * 3)}
    yield made("three_samples_monochrome", "Samples per Pixel is 3 with MONOCHROME2", color)
    yield made(
        "palette_without_table",
        "PALETTE COLOR without a palette",
        {PHOTOMETRIC: element(PHOTOMETRIC, "CS", "PALETTE COLOR")},
    )

    # Compressed streams.
    def stream(*parts):
        return {PIXELS: encapsulated(encapsulate(list(parts)))}

    yield made("jpeg_not_jpeg", "JPEG baseline is promised, the stream is not JPEG", stream(noise), JPEG_BASELINE)
    yield made(
        "jpeg_truncated",
        "the JPEG stream ends early",
        stream(jpeg(rng.integers(0, 256, (64, 96)))[:1500]),
        JPEG_BASELINE,
    )
    larger = stream(jpeg(np.full((128, 160), 40)))
    yield made("jpeg_larger_than_rows", "the JPEG stream is 160x128, Rows and Columns say 96x64", larger, JPEG_BASELINE)
    yield made(
        "jpeg_color_in_gray",
        "the JPEG stream has 3 components, Samples per Pixel is 1",
        stream(jpeg(image)),
        JPEG_BASELINE,
    )
    yield made("jpeg_native_bytes", "JPEG baseline is promised, Pixel Data is native", syntax=JPEG_BASELINE)
    yield made(
        "frames_more_jpeg",
        "three JPEG frames, two promised",
        stream(photo, photo, photo) | {FRAMES: two},
        JPEG_BASELINE,
    )
    yield made("frames_fewer_jpeg", "one JPEG frame, two promised", stream(photo) | {FRAMES: two}, JPEG_BASELINE)
    table = item(struct.pack("<2I", 0, 0x7FFFFFF0)) + item(photo + b"\0" * (len(photo) % 2)) * 3
    yield made(
        "offset_table_lies",
        "the Basic Offset Table points past the end",
        {FRAMES: two, PIXELS: encapsulated(table)},
        JPEG_BASELINE,
    )
    named = stream(photo + b"DOE^JANE 1961")
    yield made("jpeg_bytes_behind", "bytes with a name behind the end of the JPEG image", named, JPEG_BASELINE)
    rle = struct.pack("<16I", 1, 0xFFFFFF00, *[0] * 14) + b"\x81\x28" * 60
    yield made("rle_offset_lies", "the RLE segment starts past the end", stream(rle), RLE)
    rle = struct.pack("<16I", 0xFFFFFFFF, *[64] * 15) + b"\x81\x28" * 60
    yield made("rle_segments_lie", "the RLE header promises 4294967295 segments", stream(rle), RLE)
    rle = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x28" * 10
    yield made("rle_short", "the RLE segment gives fewer samples than the frame has", stream(rle), RLE)
    yield made(
        "j2k_garbage",
        "JPEG 2000 is promised, the stream is a start marker and noise",
        stream(b"\xff\x4f\xff\x51" + noise),
        J2K_LOSSLESS,
    )
    yield made(
        "jpegls_garbage",
        "JPEG-LS is promised, the stream is a start marker and noise",
        stream(b"\xff\xd8\xff\xf7" + noise),
        JPEG_LS,
    )
    past = item(b"") + struct.pack("<HHI", 0xFFFE, 0xE000, 0x00FFFFFE) + photo
    yield made(
        "item_length_past_end",
        "a fragment is said to be longer than the file",
        {PIXELS: encapsulated(past, end=False)},
        JPEG_BASELINE,
    )
    open_end = encapsulated(encapsulate([photo]), end=False)
    yield made(
        "delimiter_missing", "the file ends without the Sequence Delimitation Item", {PIXELS: open_end}, JPEG_BASELINE
    )
    yield made(
        "encapsulated_no_items",
        "Pixel Data has an empty offset table and no fragment",
        {PIXELS: encapsulated(item(b""))},
        JPEG_BASELINE,
    )

    # Deflate.
    meta, _ = bad_file("deflated_garbage", syntax=DEFLATED)
    yield "deflated_garbage.dcm", meta + noise, "deflated is promised, the body is noise", "held"
    meta, body = bad_file("deflated_truncated", syntax=DEFLATED)
    yield "deflated_truncated.dcm", meta + deflate([body])[:-40], "the deflated body ends early", "held"
    zeros = 300_000_000
    meta, body = bad_file("deflate_bomb", {PIXELS: element(PIXELS, "OB", b"", zeros)}, DEFLATED)
    bomb = deflate([body] + [bytes(1_000_000)] * (zeros // 1_000_000))
    yield "deflate_bomb.dcm", meta + bomb, "300 MB of zeros in Pixel Data of a 96x64 image", "held"

    # Transfer syntax and what is not DICOM.
    yield made("syntax_missing", "file meta without Transfer Syntax UID", syntax=None)
    yield made("syntax_unknown", "an unknown transfer syntax", syntax="1.2.840.10008.1.2.4.999")
    yield made("syntax_private", "a private transfer syntax", syntax=uid("private transfer syntax"))
    yield "dicm_only.dcm", b"\0" * 128 + b"DICM", "a preamble and nothing else", "held"
    yield "empty.dcm", b"", "an empty file", "ignored"
    yield "notes.txt", b"Notes on the phantom, not a DICOM file.\n" * 8, "a text file", "ignored"
    yield "text.dcm", b"Plain text with a DICOM suffix.\n" * 8, "a text file with a DICOM suffix", "ignored"
    picture = io.BytesIO()
    Image.fromarray(image).save(picture, "PNG")
    yield "picture.png", picture.getvalue(), "a PNG file", "ignored"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr(zipfile.ZipInfo("image.dcm", (2020, 2, 15, 9, 41, 6)), b"".join(bad_file("zipped")))
    yield "images.zip", archive.getvalue(), "a ZIP file that holds a good DICOM file", "ignored"

    # Names.
    for name in ("two words  and spaces.dcm", "naïve ünïcode 検査.dcm", "IM000001", "folder.dcm.d", "-rf.dcm"):
        meta, body = bad_file(name)
        yield name, meta + body[:-2000], "an odd file name; the file ends inside Pixel Data", "held"


def deflate(parts):
    """Raw deflate, as PS3.5 A.5 asks for."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join([packer.compress(part) for part in parts]) + packer.flush()
    return packed + b"\0" * (len(packed) % 2)


def write_bad(folder):
    entries = []
    for name, data, why, expect in bad_files():
        (folder / name).write_bytes(data)
        entries.append({"file": name, "why": why, "expect": expect})
    assert len({entry["file"] for entry in entries}) == len(entries)
    rows = ",\n".join(
        "  " + json.dumps(entry, ensure_ascii=False) for entry in sorted(entries, key=lambda e: e["file"])
    )
    (folder / "truth.json").write_text('{ "files": [\n' + rows + "\n] }\n", encoding="utf-8")
    return entries


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures"
    (folder / "bad").mkdir(parents=True, exist_ok=True)
    out = Collection(folder)
    for make in (
        color_ultrasound,
        color_jpeg,
        palette_ultrasound,
        clips,
        scans,
        pages_with_codes,
        screens,
        radiographs,
        radiograph_in_many_syntaxes,
        clean_image,
        without_pixels,
        never_examined,
        overlays,
        beside_the_image,
        header_traps,
    ):
        make(out)
    out.check()
    out.write_truth()
    bad = write_bad(folder / "bad")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    written = {entry["file"] for entry in out.files} | {"bad/" + entry["file"] for entry in bad}
    stale = found - written - {"truth.json", "bad/truth.json", "README.md"}
    size = sum((folder / name).stat().st_size for name in found)
    print(f"{len(out.files)} good and {len(bad)} bad files, {size / 1e6:.2f} MB")
    if stale:
        sys.exit("not written by this run, so remove or name them: " + ", ".join(sorted(stale)))


if __name__ == "__main__":
    main()
