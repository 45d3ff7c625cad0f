#!/usr/bin/env python3
"""Decodes real sample files once: pictures to score on, and text-free backgrounds to train on.

    python scripts/train/prepare.py DATA_DIR work

DATA_DIR has a `manifest.json` with `records` and the files they name. Written are `work/eval/` (PNG and `index.json`)
and `work/backgrounds/` (PNG). `split.json` says which picture goes where, by the first characters of its file's hash;
no picture is on both sides, in whatever encoding. Backgrounds come only from records whose license allows models to be
built and passed on: anything else in the split is refused.
"""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut, pixel_array

HERE = Path(__file__).resolve().parent
JPEG_XL = ("1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111", "1.2.840.10008.1.2.4.112")
VIDEO = tuple(f"1.2.840.10008.1.2.4.{end}" for end in range(100, 109))
# Starts of the license texts that allow it, and what none of them may say.
PERMITTED = ("MIT", "BSD", "Apache-2.0", "CC0", "CC-BY", "public domain")
FORBIDDEN = ("research", "teaching", "-NC", "GPL", "TCIA")
# Dark and bright end of the window, in percentiles; None is the largest value.
WHOLE_WINDOW = (0.1, None)
Record = dict[str, Any]


def decoded(path: Path, record: Record, frame: int) -> np.ndarray:
    """The frame as stored: (rows, columns) or (rows, columns, 3)."""
    syntax, frames = record["transfer_syntax"], record.get("frames") or 1
    if syntax in JPEG_XL:
        import imagecodecs

        data = pydicom.dcmread(path).PixelData
        return imagecodecs.jpegxl_decode(list(generate_frames(data, number_of_frames=frames))[frame])
    if syntax in VIDEO:
        import av

        stream = b"".join(generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1))
        for index, picture in enumerate(av.open(io.BytesIO(stream)).decode(video=0)):
            if index == frame:
                return picture.to_ndarray(format="rgb24")
        raise ValueError("the stream has fewer frames")
    try:
        return pixel_array(path, index=frame)
    except Exception:  # files without a meta header
        samples = pydicom.dcmread(path, force=True).pixel_array
        return samples[frame] if frames > 1 else samples


def as_rgb(samples: np.ndarray, path: Path, record: Record, window: tuple[float, float | None]) -> np.ndarray:
    """8-bit RGB; gray samples through `window`."""
    if record["photometric"] == "PALETTE COLOR":
        colors = apply_color_lut(samples, pydicom.dcmread(path))
        return (colors >> 8 if colors.dtype == np.uint16 else colors).astype(np.uint8)
    if samples.ndim == 3:
        if samples.dtype == np.uint8:
            return samples
        return (samples.astype(np.float64) / max(1, samples.max()) * 255).astype(np.uint8)
    values = samples.astype(np.float32)
    if samples.dtype == np.uint8 and record["bits_stored"] == 8 and window == WHOLE_WINDOW:
        dark, bright = 0.0, 255.0
    else:
        dark = float(np.percentile(values, window[0]))
        bright = float(values.max() if window[1] is None else np.percentile(values, window[1]))
    gray = np.clip((values - dark) / max(1e-6, bright - dark), 0, 1) * 255
    if record["photometric"] == "MONOCHROME1":
        gray = 255 - gray
    return np.repeat(gray.astype(np.uint8)[..., None], 3, axis=2)


def check_split(split: dict[str, Any], records: dict[str, Record]) -> None:
    """No picture is on both sides, and every background may be trained on."""
    scored = split["eval_boxed"] + split["eval_text_free"]
    trained = [entry["name"] for entry in split["train_backgrounds"]]
    families = {records[name]["family"] for name in scored} - {"", None}
    for name in trained:
        license_text = records[name]["licence"]
        if name in scored or records[name]["family"] in families or records[name].get("truth"):
            raise SystemExit(f"{name} is scored on and must not be trained on")
        if not license_text.startswith(PERMITTED) or any(word in license_text for word in FORBIDDEN):
            raise SystemExit(f"the license of {name} does not allow it as a background: {license_text}")


def write_scored(split: dict[str, Any], records: dict[str, Record], data: Path, target: Path) -> None:
    index = []
    for name in split["eval_boxed"] + split["eval_text_free"]:
        record = records[name]
        truth, path = record.get("truth") or {}, data / record["file"]
        picture = as_rgb(decoded(path, record, truth.get("frame") or 0), path, record, WHOLE_WINDOW)
        Image.fromarray(picture).save(target / f"{name}.png")
        lines = truth.get("lines", [])
        index.append({"name": name, "png": f"{name}.png", "modality": record["modality"], "lines": lines})
    (target / "index.json").write_text(json.dumps(index))
    print(len(index), "pictures to score on")


def write_backgrounds(split: dict[str, Any], records: dict[str, Record], data: Path, target: Path) -> None:
    count = 0
    for entry in split["train_backgrounds"]:
        record = records[entry["name"]]
        path = data / record["file"]
        windows = [WHOLE_WINDOW, *[(low, high) for low, high in entry.get("windows", [])]]
        for frame in entry.get("frames", [0]):
            samples = decoded(path, record, frame)
            for number, window in enumerate(windows):
                picture = Image.fromarray(as_rgb(samples, path, record, window))
                if "crop" in entry:
                    picture = picture.crop(entry["crop"])
                if "scale" in entry:
                    size = (int(picture.width * entry["scale"]), int(picture.height * entry["scale"]))
                    picture = picture.resize(size, Image.Resampling.BOX)
                picture.save(target / f"{entry['name']}_{frame}_{number}.png")
                count += 1
    print(count, "backgrounds of", len(split["train_backgrounds"]), "pictures")


def main() -> None:
    parser = argparse.ArgumentParser(description="Decodes pictures to score on and backgrounds to train on.")
    parser.add_argument("data", type=Path, help="folder with manifest.json")
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    manifest = json.loads((arguments.data / "manifest.json").read_text())
    records = {Path(record["file"]).name.split("_")[0]: record for record in manifest["records"]}
    split = json.loads((HERE / "split.json").read_text())
    check_split(split, records)
    for name, write in (("eval", write_scored), ("backgrounds", write_backgrounds)):
        folder = arguments.target / name
        folder.mkdir(parents=True, exist_ok=True)
        write(split, records, arguments.data, folder)


if __name__ == "__main__":
    main()
