#!/usr/bin/env python3
"""Checks what `deburn mask` wrote against its input, its report and boxes made by hand.

    python3.11 -m venv venv
    venv/bin/pip install -r scripts/requirements-evaluate.txt
    deburn mask DATA_DIR/files -o OUT_DIR
    venv/bin/python scripts/evaluate.py DATA_DIR OUT_DIR [--report FILE] [--markdown FILE]

DATA_DIR has a `manifest.json` with `records`, and the files they name. A record may have `truth`: a frame and its text
lines, each with `box` [x0, y0, x1, y1] (half open), `phi` (classes), `is_phi` and `ambiguous`.

Nothing of deburn is used: files are read by pydicom and its decoders, the report is read as JSON. Checked are

- the report: a record for each file, the sums, an output file exactly where the status promises one;
- bytes: files that were not masked are copies, and in masked ones nothing changed but what has to;
- pixels: they differ from the input only inside the report's regions, and only to black;
- recall: the share of truth lines whose ink is covered (told, not judged).

Text and header values are never printed. Exit code: 0, 1 if anything but recall is amiss, 2 for a wrong command line.
"""

import argparse
import json
import sys
import traceback
import warnings
import zlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import imagecodecs
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.pixels import apply_color_lut, convert_color_space, get_decoder
from pydicom.pixels.utils import get_expected_length

SYNTAX_ROOT = "1.2.840.10008.1.2"
DEFLATED = SYNTAX_ROOT + ".1.99"
# Decoding these is not exact: IDCT and chroma upsampling are left to the decoder, as is rounding in JPEG 2000.
DCT_SYNTAXES = {SYNTAX_ROOT + end for end in (".4.50", ".4.51", ".4.53", ".4.55", ".4.111", ".4.112")}
WAVELET_SYNTAXES = {SYNTAX_ROOT + end for end in (".4.91", ".4.203")}
# Lossy whatever the header says; an uncompressed copy has to say so.
ALWAYS_LOSSY = {SYNTAX_ROOT + end for end in (".4.50", ".4.51", ".4.53", ".4.55", ".4.81")}
LOSSLESS_JPEG_SYNTAXES = {SYNTAX_ROOT + end for end in (".4.57", ".4.70")}
# By so many stored values two decoders may differ on the same stream.
DCT_TOLERANCE = 8
WAVELET_TOLERANCE = 2

PIXEL_DATA = 0x7FE00010
META_GROUP_LENGTH, TRANSFER_SYNTAX = 0x00020000, 0x00020010
# Elements that may differ where pixels were written decoded.
MAY_CHANGE = {
    META_GROUP_LENGTH,
    TRANSFER_SYNTAX,
    0x00280000,  # group length
    0x00280004,  # Photometric Interpretation
    0x00280006,  # Planar Configuration
    0x00282110,  # Lossy Image Compression
    0x00282112,  # Lossy Image Compression Ratio
    0x00282114,  # Lossy Image Compression Method
    0x7FE00000,  # group length
    0x7FE00001,  # Extended Offset Table
    0x7FE00002,  # Extended Offset Table Lengths
    PIXEL_DATA,
    0xFFFEE0DD,  # a second Sequence Delimitation Item behind Pixel Data
}
INK_SHARE = 0.95  # of a line's ink that has to be filled
BOX_GROWTH = 6  # pixels around truth boxes that are no false mask


@dataclass
class Frame:
    """One decoded frame: samples as (rows, columns, components) and how to read them."""

    samples: np.ndarray
    photometric: str
    bits: int
    signed: bool

    def rgb(self) -> np.ndarray:
        """Returns displayable components as integers: RGB where the samples are YBR, else as they are."""
        if self.photometric.startswith("YBR_FULL") and self.samples.dtype == np.uint8:
            return convert_color_space(self.samples, "YBR_FULL", "RGB").astype(np.int64)
        return self.samples.astype(np.int64)


@dataclass
class Span:
    """Where an element lies in a file: its header begins at `start`, its value at `value`."""

    tag: int
    start: int
    value: int
    end: int


@dataclass
class Row:
    """A line of the table."""

    file: str
    syntaxes: str = ""
    status: str = ""
    frames: str = ""
    bytes: str = ""
    outside: str = ""
    masked: str = ""
    false: str = ""
    phi: str = ""
    other: str = ""
    notes: list[str] = field(default_factory=list)

    TITLES = (
        "file | syntax in → out | status | frames | bytes | px changed outside | masked % | false % | PHI lines "
        "| technical / ambiguous lines | notes"
    )

    def markdown(self) -> str:
        """Returns the line."""
        cells = [self.file, self.syntaxes, self.status, self.frames, self.bytes, self.outside, self.masked, self.false]
        return "| " + " | ".join([*cells, self.phi, self.other, "; ".join(self.notes)]) + " |"


@dataclass
class Totals:
    """What is added up over the files."""

    violations: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    covered: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    false_boxed: list[float] = field(default_factory=list)
    false_clean: list[float] = field(default_factory=list)
    pictures_without_text: int = 0
    pictures_without_text_masked: int = 0


# --- bytes ---


def spans_of(dataset: Dataset, data: bytes, offset: int, end: int, big: bool) -> list[Span]:
    """Lists the top level elements of a data set that begins at `offset` in `data`, in file order."""
    spans = []
    for element in dataset.values():
        value = getattr(element, "value_tell", None)
        value = offset + (element.file_tell if value is None else value)
        group, number = int(element.tag) >> 16, int(element.tag) & 0xFFFF
        order: Literal["big", "little"] = "big" if big else "little"
        stored = group.to_bytes(2, order) + number.to_bytes(2, order)
        # Tag, VR and length take 8 bytes, or 12 where the VR has a long length.
        start = next((value - size for size in (8, 12) if data[value - size : value - size + 4] == stored), None)
        if start is None:
            raise ValueError("an element is not where pydicom says")
        spans.append(Span(int(element.tag), start, value, end))
    spans.sort(key=lambda span: span.start)
    for span, following in pairwise(spans):
        span.end = following.start
    return spans


def locate(path: Path) -> tuple[bytes, list[Span]]:
    """Returns the bytes of a file, its data set inflated, and where its elements lie."""
    data = path.read_bytes()
    dataset = dcmread(path, force=True)
    meta = getattr(dataset, "file_meta", Dataset())
    spans = spans_of(meta, data, 0, 0, False)
    start = offset = 0
    if spans:
        last = spans[-1]
        size = 4 if last.value - last.start == 12 else 2
        start = last.end = last.value + int.from_bytes(data[last.value - size : last.value], "little")
    if meta.get("TransferSyntaxUID") == DEFLATED:
        data, offset = data[:start] + zlib.decompress(data[start:], -zlib.MAX_WBITS), start
    spans += spans_of(dataset, data, offset, len(data), not dataset.original_encoding[1])
    return data, spans


def compare_in_place(before: Path, after: Path) -> str | None:
    """Returns what differs outside the value of Pixel Data, if anything does."""
    (old, old_spans), (new, _) = locate(before), locate(after)
    pixels = next(span for span in old_spans if span.tag == PIXEL_DATA)
    if len(old) != len(new):
        return "length differs"
    if old[: pixels.value] != new[: pixels.value]:
        return "bytes before the pixels differ"
    return "bytes behind the pixels differ" if old[pixels.end :] != new[pixels.end :] else None


def compare_decoded(before: Path, after: Path) -> str | None:
    """Returns which element differs that may not, if any does: headers, values and order are compared as bytes."""
    (old, old_spans), (new, new_spans) = locate(before), locate(after)
    if old[: old_spans[0].start] != new[: new_spans[0].start]:
        return "preamble differs"
    kept_old = [(s.tag, old[s.start : s.end]) for s in old_spans if s.tag not in MAY_CHANGE]
    kept_new = [(s.tag, new[s.start : s.end]) for s in new_spans if s.tag not in MAY_CHANGE]
    if [tag for tag, _ in kept_old] != [tag for tag, _ in kept_new]:
        return "other elements than before"
    for (tag, value), (_, again) in zip(kept_old, kept_new, strict=True):
        if value != again:
            return f"element ({tag >> 16:04X},{tag & 0xFFFF:04X}) differs"
    wrong_before = wrong_group_lengths(old, old_spans)
    wrong = wrong_group_lengths(new, new_spans) - wrong_before
    return f"group lengths wrong: {sorted(f'{g:04X}' for g in wrong)}" if wrong else None


def wrong_group_lengths(data: bytes, spans: list[Span]) -> set[int]:
    """Returns the groups whose Group Length (gggg,0000) is not the length of what follows."""
    wrong = set()
    for span in spans:
        group = span.tag >> 16
        if span.tag & 0xFFFF == 0:
            length = sum(s.end - s.start for s in spans if s.tag >> 16 == group and s.tag != span.tag)
            if int.from_bytes(data[span.value : span.value + 4], "little") != length:
                wrong.add(group)
    return wrong


def check_header(before: Dataset, after: Dataset, record: dict[str, Any]) -> list[str]:
    """Returns what the output's header says wrongly about its pixels."""
    problems = []
    if str(after.file_meta.TransferSyntaxUID) != record["output_transfer_syntax"]:
        problems.append("output_transfer_syntax is not that of the file")
    if not after.file_meta.TransferSyntaxUID.is_compressed:
        expected = get_expected_length(after)
        if len(after.PixelData) != expected + expected % 2 and record["write_method"] == "decoded":
            problems.append("PixelData has a wrong length")
    changed = before.file_meta.TransferSyntaxUID != after.file_meta.TransferSyntaxUID
    lossy = before.file_meta.TransferSyntaxUID in ALWAYS_LOSSY
    if changed and lossy and after.get("LossyImageCompression") != "01":
        problems.append("LossyImageCompression is not 01")
    return problems


# --- pixels ---


def load_frame(dataset: Dataset, index: int) -> Frame:
    """Decodes a frame without color conversion (4:2:2 is upsampled)."""
    syntax = syntax_of(dataset)
    bits, signed = int(dataset.BitsStored), bool(dataset.get("PixelRepresentation", 0))
    if syntax.startswith(SYNTAX_ROOT + ".4.11"):
        stream = get_frame(dataset.PixelData, index, number_of_frames=frame_count(dataset))
        samples, photometric = imagecodecs.jpegxl_decode(stream), "RGB"
        photometric = photometric if samples.ndim == 3 else str(dataset.PhotometricInterpretation)
    elif syntax in (SYNTAX_ROOT + ".4.53", SYNTAX_ROOT + ".4.55"):
        stream = get_frame(dataset.PixelData, index, number_of_frames=frame_count(dataset))
        samples, photometric = imagecodecs.jpeg8_decode(stream), str(dataset.PhotometricInterpretation)
    else:
        samples, about = get_decoder(syntax).as_array(dataset, raw=True, index=index)
        photometric = str(about["photometric_interpretation"])
    if samples.ndim == 2:
        samples = samples[:, :, np.newaxis]
    return Frame(samples, photometric.replace("YBR_FULL_422", "YBR_FULL"), bits, signed)


def syntax_of(dataset: Dataset) -> str:
    """Returns the transfer syntax, guessed by pydicom where the file does not name it."""
    named = getattr(dataset, "file_meta", Dataset()).get("TransferSyntaxUID")
    if named is None:
        implicit, little = dataset.original_encoding
        named = SYNTAX_ROOT + ("" if implicit else ".1" if little else ".2")
        dataset.file_meta.TransferSyntaxUID = named
    return str(named)


def frame_count(dataset: Dataset) -> int:
    """Returns Number of Frames, 1 where it is absent or empty."""
    return int(dataset.get("NumberOfFrames") or 1)


def black_of(frame: Frame, dataset: Dataset) -> list[int]:
    """Returns the values that a masked pixel may have in each component; of palettes, each darkest index."""
    low = -(1 << (frame.bits - 1)) if frame.signed else 0
    high = low + (1 << frame.bits) - 1
    half = 1 << (frame.bits - 1)
    if frame.photometric == "PALETTE COLOR":
        indices = np.arange(1 << frame.bits, dtype=np.uint16 if frame.bits > 8 else np.uint8)
        brightness = apply_color_lut(indices[np.newaxis, :], dataset)[0].astype(np.int64) @ [299, 587, 114]
        return [int(index) for index in np.flatnonzero(brightness == brightness.min())]
    if frame.photometric == "MONOCHROME1":
        return [high]
    if frame.photometric.startswith("YBR_FULL"):
        return [0, half, half]
    if frame.photometric.startswith("YBR_PARTIAL"):
        return [16 << (frame.bits - 8), half, half]
    return [low] * frame.samples.shape[2]


def is_black(frame: Frame, dataset: Dataset) -> np.ndarray:
    """Returns which pixels hold exactly the fill."""
    black = black_of(frame, dataset)
    if frame.photometric == "PALETTE COLOR":
        return np.isin(frame.samples[:, :, 0], black)
    return (frame.samples.astype(np.int64) == np.array(black)).all(axis=2)


def tolerance_of(dataset: Dataset) -> int:
    """Returns by how much decoders may differ, in stored values."""
    syntax = syntax_of(dataset)
    if syntax in DCT_SYNTAXES or syntax in LOSSLESS_JPEG_SYNTAXES and is_dct_stream(dataset):
        return DCT_TOLERANCE
    return WAVELET_TOLERANCE if syntax in WAVELET_SYNTAXES else 0


def is_dct_stream(dataset: Dataset) -> bool:
    """Returns whether a JPEG stream is a lossy one, whatever the transfer syntax says."""
    stream = get_frame(dataset.PixelData, 0, number_of_frames=frame_count(dataset))
    position = 2
    while position + 4 <= len(stream) and stream[position] == 0xFF:
        marker = stream[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return marker in (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
        position += 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
    return False


def same_pixels(before: Frame, after: Frame, tolerance: int) -> np.ndarray:
    """Returns which pixels are the same, compared as RGB where the color space changed."""
    if before.photometric == after.photometric and tolerance == 0:
        return (before.samples == after.samples).all(axis=2)
    difference = np.abs(before.rgb() - after.rgb())
    # An exact stream in another color space still has its rounding.
    return (difference <= max(tolerance, 2)).all(axis=2)


@cache
def quad_mask(corners: tuple[tuple[float, float], ...], rows: int, columns: int) -> np.ndarray:
    """Returns the pixels whose center lies inside a convex quadrilateral given clockwise (y down)."""
    x, y = np.arange(columns)[np.newaxis, :] + 0.5, np.arange(rows)[:, np.newaxis] + 0.5
    inside = np.ones((rows, columns), bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0
    return inside


def region_masks(record: dict[str, Any], index: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the pixels that may be masked in a frame (boxes) and those that must be (quadrilaterals)."""
    may, must = np.zeros(shape[:2], bool), np.zeros(shape[:2], bool)
    for region in record["regions"]:
        if region["action"] == "mask" and region["frames"][0] <= index <= region["frames"][1]:
            box = region["bounding_box"]
            may[box["y0"] : box["y1"], box["x0"] : box["x1"]] = True
            corners = tuple((point["x"], point["y"]) for point in region["quad"])
            must |= quad_mask(corners, *shape[:2])
    return may, must


@dataclass
class PixelCheck:
    """What the frames of a masked file showed."""

    outside: int = 0
    outside_black: int = 0
    not_black: int = 0
    open: int = 0
    largest: int = 0
    masked: list[float] = field(default_factory=list)


def check_pixels(before: Dataset, after: Dataset, record: dict[str, Any]) -> PixelCheck:
    """Compares all frames of a masked file with the input's."""
    check = PixelCheck()
    quad_mask.cache_clear()
    tolerance = tolerance_of(before)
    for index in range(frame_count(before)):
        old, new = load_frame(before, index), load_frame(after, index)
        may, must = region_masks(record, index, new.samples.shape)
        same, black = same_pixels(old, new, tolerance), is_black(new, after)
        check.outside += int((~same & ~may).sum())
        check.outside_black += int((~same & ~may & black).sum())
        check.not_black += int((~same & may & ~black).sum())
        check.open += int((must & ~black).sum())
        if tolerance and not (black | may).all():
            check.largest = max(check.largest, int(np.abs(old.rgb() - new.rgb())[~(black | may)].max()))
        check.masked.append(float((black & may).mean()))
    return check


# --- truth ---


def ink_of(picture: np.ndarray, box: list[int]) -> np.ndarray:
    """Returns the box's pixels that stand out from its border by more than a quarter of the box's contrast."""
    x0, y0, x1, y1 = box
    inner = picture[y0:y1, x0:x1]
    border = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    deviation = np.abs(inner - np.median(border, axis=0)).max(axis=2)
    return deviation > 0.25 * deviation.max()


def kind_of(line: dict[str, Any]) -> str:
    """Returns how a truth line counts."""
    return "ambiguous" if line["ambiguous"] else "PHI" if line["is_phi"] else "technical"


def display(frame: Frame, dataset: Dataset) -> np.ndarray:
    """Returns a frame in components that differ where it looks different."""
    if frame.photometric == "PALETTE COLOR":
        return apply_color_lut(frame.samples[:, :, 0], dataset).astype(np.int64)
    return frame.rgb()


def judge_truth(row: Row, truth: dict[str, Any], before: Dataset, filled: np.ndarray, totals: Totals) -> None:
    """Counts the truth lines whose ink is covered, and what is masked beside them."""
    picture = display(load_frame(before, truth["frame"]), before)
    covered, lines = Counter[str](), Counter[str]()
    beside = filled.copy()
    for line in truth["lines"]:
        kind, (x0, y0, x1, y1) = kind_of(line), line["box"]
        ink = ink_of(picture, line["box"])
        share = float(filled[y0:y1, x0:x1][ink].mean()) if ink.any() else 1.0
        lines[kind] += 1
        covered[kind] += share >= INK_SHARE
        for name in line["phi"] if kind == "PHI" else []:
            totals.lines[f"PHI: {name}"] += 1
            totals.covered[f"PHI: {name}"] += share >= INK_SHARE
        if share < INK_SHARE and kind != "ambiguous":
            what = f"{kind} ({', '.join(line['phi'])})" if kind == "PHI" else kind
            totals.missed.append(f"{row.file}: {what} line at {line['box']}, {share:.0%} of its ink covered")
        beside[max(y0 - BOX_GROWTH, 0) : y1 + BOX_GROWTH, max(x0 - BOX_GROWTH, 0) : x1 + BOX_GROWTH] = False
    totals.covered.update(covered)
    totals.lines.update(lines)
    totals.false_boxed.append(float(beside.mean()))
    row.false = f"{beside.mean():.3%}"
    row.phi = f"{covered['PHI']}/{lines['PHI']}"
    row.other = f"{covered['technical']}/{lines['technical']} · {covered['ambiguous']}/{lines['ambiguous']}"


def filled_in(after: Dataset, record: dict[str, Any], index: int) -> np.ndarray:
    """Returns which pixels of an output frame are masked."""
    frame = load_frame(after, index)
    may, _ = region_masks(record, index, frame.samples.shape)
    return may & is_black(frame, after)


# --- files ---


def short(syntax: str | None) -> str:
    """Returns a transfer syntax without the root that all share."""
    return (syntax or "—").removeprefix("1.2.840.10008.")


def evaluate_masked(row: Row, before: Path, after: Path, record: dict[str, Any]) -> list[str]:
    """Checks a masked file and returns what is amiss."""
    compare = compare_in_place if record["write_method"] == "in_place" else compare_decoded
    problems = [difference] if (difference := compare(before, after)) else []
    row.bytes = "≠" if problems else "= but pixels" if record["write_method"] == "in_place" else "= but those that must"
    old, new = dcmread(before, force=True), dcmread(after, force=True)
    problems += check_header(old, new, record)
    check = check_pixels(old, new, record)
    row.outside = str(check.outside)
    row.masked = f"{np.mean(check.masked):.2%}"
    if tolerance := tolerance_of(old):
        row.outside += f" by > {tolerance} (else ≤ {check.largest})"
        row.notes.append("lossy stream: two decoders compared")
        if syntax_of(old) in LOSSLESS_JPEG_SYNTAXES:
            row.notes.append("but the transfer syntax says lossless")
    if old.PhotometricInterpretation != new.PhotometricInterpretation:
        row.notes.append(f"{old.PhotometricInterpretation} → {new.PhotometricInterpretation}")
    if check.outside:
        problems.append(f"{check.outside} pixels changed outside the regions, {check.outside_black} of them to black")
    if check.not_black:
        problems.append(f"{check.not_black} pixels changed inside the regions, but not to black")
    if check.open:
        problems.append(f"{check.open} pixels of the regions are not black")
    return problems


def evaluate_file(entry: dict[str, Any], record: dict[str, Any], before: Path, after: Path, totals: Totals) -> Row:
    """Checks one file against its record, its output and its truth."""
    status = record["status"]
    row = Row(record["path"], f"{short(record.get('transfer_syntax'))} → {short(record.get('output_transfer_syntax'))}")
    row.status = status
    row.frames = f"{record['frames']['examined']}/{record['frames']['total']}"
    if reason := record.get("reason"):
        row.notes.append(f"{reason['code']}: {reason['message']}")
    problems = []
    if after.exists() != (status in ("clean", "masked", "no_pixels")):
        problems.append(f"status {status}, but the output {'exists' if after.exists() else 'is missing'}")
    elif status in ("clean", "no_pixels"):
        same = before.read_bytes() == after.read_bytes()
        row.bytes = "=" if same else "≠"
        problems += [] if same else ["the copy differs"]
    elif status == "masked":
        problems += evaluate_masked(row, before, after, record)
    if status in ("clean", "masked") and after.exists():
        if record["frames"]["examined"] != record["frames"]["total"]:
            problems.append("not all frames were examined")
        judge_file(row, entry, record, before, after, totals)
    totals.violations += [f"{row.file}: {problem}" for problem in problems]
    return row


def judge_file(
    row: Row, entry: dict[str, Any], record: dict[str, Any], before: Path, after: Path, totals: Totals
) -> None:
    """Compares what is masked in a file with what is known of its text."""
    masked = record["status"] == "masked"
    if truth := entry.get("truth"):
        old = dcmread(before, force=True)
        if masked:
            filled = filled_in(dcmread(after, force=True), record, truth["frame"])
        else:
            filled = np.zeros((truth["height"], truth["width"]), bool)
        judge_truth(row, truth, old, filled, totals)
    elif not entry["burned_in_text"]:
        totals.pictures_without_text += 1
        totals.pictures_without_text_masked += masked
        totals.false_clean.append(float(row.masked.rstrip("%")) / 100 if masked else 0.0)
        row.false = row.masked
    elif not masked:
        row.notes.append("has text (no boxes), nothing masked")


# --- the run ---


def read_report(path: Path, totals: Totals) -> dict[str, dict[str, Any]]:
    """Reads the report, checks its sums, and returns the records by path."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    amiss = totals.violations.append
    if [line["type"] for line in lines].count("run") != 1 or lines[0]["type"] != "run":
        amiss("report: does not begin with its only run line")
    instances = [line for line in lines if line["type"] == "instance"]
    summary = lines[-1]
    if summary["type"] != "summary":
        amiss("report: does not end with the summary")
        return {record["path"]: record for record in instances}
    counted = Counter(record["status"] for record in instances)
    for status in ("clean", "masked", "no_pixels", "review", "held"):
        if summary[status] != counted[status]:
            amiss(f"report: summary says {summary[status]} {status}, the lines {counted[status]}")
    if summary["inputs"] != len(instances):
        amiss(f"report: summary says {summary['inputs']} inputs, there are {len(instances)} lines")
    if summary["ignored"] != sum(line["type"] == "ignored" for line in lines):
        amiss("report: ignored files do not add up")
    if summary["frames_examined"] != sum(record["frames"]["examined"] for record in instances):
        amiss("report: frames_examined does not add up")
    if len({record["path"] for record in instances}) != len(instances):
        amiss("report: two lines for one file")
    return {record["path"]: record for record in instances}


def check_files(folder: Path, out: Path, report: Path, records: dict[str, dict[str, Any]], totals: Totals) -> None:
    """Checks that inputs, records and outputs go together."""
    inputs = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    outputs = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file() and p.resolve() != report.resolve()}
    totals.violations += [f"{name}: no line in the report" for name in sorted(inputs - records.keys())]
    totals.violations += [f"{name}: a line without an input" for name in sorted(records.keys() - inputs)]
    totals.violations += [f"{name}: an output without an input" for name in sorted(outputs - inputs)]


def summarize(totals: Totals, records: dict[str, dict[str, Any]]) -> list[str]:
    """Returns the lines below the table."""
    counted = Counter(record["status"] for record in records.values())
    text = ["", "Files: " + ", ".join(f"{count} {status}" for status, count in sorted(counted.items())) + ".", ""]
    text += ["| truth lines in written files | covered | of | recall |", "| --- | --- | --- | --- |"]
    kinds = ["PHI", "technical", "ambiguous"]
    rows = [(kind, totals.covered[kind], totals.lines[kind]) for kind in kinds]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    rows += [(kind, totals.covered[kind], totals.lines[kind]) for kind in sorted(totals.lines) if ":" in kind]
    text += [f"| {kind} | {hit} | {count} | {hit / count if count else 1:.1%} |" for kind, hit, count in rows]
    text += ["", f"Covered: at least {INK_SHARE:.0%} of the ink is black in the output.", ""]
    if totals.false_boxed:
        beside = np.array(totals.false_boxed)
        text.append(f"Masked beside truth boxes: {beside.mean():.3%} of the picture, at most {beside.max():.3%}.")
    if totals.false_clean:
        beside = np.array(totals.false_clean)
        text.append(
            f"Pictures without text: {totals.pictures_without_text_masked} of {totals.pictures_without_text} masked, "
            f"{beside.mean():.3%} of the picture on average, at most {beside.max():.3%}."
        )
    text += ["", f"## Missed lines ({len(totals.missed)})", "", *(f"- {line}" for line in totals.missed)]
    text += ["", f"## Violations ({len(totals.violations)})", "", *(f"- {line}" for line in totals.violations)]
    return text


def main() -> int:
    """Runs the checks and prints Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_dir", type=Path, help="folder with manifest.json and the files it names")
    parser.add_argument("out_dir", type=Path, help="what deburn mask DATA_DIR/files -o OUT_DIR wrote")
    parser.add_argument("--report", type=Path, help="its report [default: OUT_DIR/deburn-report.jsonl]")
    parser.add_argument("--markdown", type=Path, help="also write the Markdown here")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    totals = Totals()
    report = arguments.report or arguments.out_dir / "deburn-report.jsonl"
    for path in (report, arguments.data_dir / "manifest.json"):
        if not path.is_file():
            parser.error(f"{path}: no such file")
    records = read_report(report, totals)
    folder = arguments.data_dir / "files"
    check_files(folder, arguments.out_dir, report, records, totals)
    titles = Row.TITLES.split(" | ")
    text = ["# Evaluation", "", f"| {Row.TITLES} |", "|" + " --- |" * len(titles)]
    for entry in json.loads((arguments.data_dir / "manifest.json").read_text(encoding="utf-8"))["records"]:
        name = Path(entry["file"]).relative_to("files").as_posix()
        if name not in records:
            continue
        try:
            row = evaluate_file(entry, records[name], folder / name, arguments.out_dir / name, totals)
            text.append(row.markdown())
        except Exception as error:  # whatever keeps a file from being checked is a finding of its own
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__} in {place.name}, {Path(place.filename).name}:{place.lineno}"
            totals.violations.append(f"{name}: cannot be checked: {what}")
    text += summarize(totals, records)
    print("\n".join(text))
    if arguments.markdown:
        arguments.markdown.write_text("\n".join(text) + "\n", encoding="utf-8")
    return 1 if totals.violations else 0


if __name__ == "__main__":
    sys.exit(main())
