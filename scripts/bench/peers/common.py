"""What the peers that only know pictures need around them: DICOM in, a function that finds boxes, DICOM out.

It is what a person would write around an OCR library in an afternoon: every frame is decoded with pydicom, shown as
8-bit RGB over its whole range of values, each box is filled with black, and the file is written uncompressed.
"""

import sys
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.pixels import pixel_array
from pydicom.uid import ExplicitVRLittleEndian


def shown(frame):
    """Returns a frame as 8-bit RGB."""
    if frame.dtype != np.uint8:
        low, high = int(frame.min()), int(frame.max())
        frame = ((frame.astype(np.float32) - low) * (255 / max(1, high - low))).astype(np.uint8)
    return frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, 2)


def mask_file(path, target, find):
    """Masks every box that `find` returns, as (x0, y0, x1, y1), of every frame of a file."""
    dataset = dcmread(path)
    samples = pixel_array(dataset)
    color = dataset.SamplesPerPixel == 3
    frames = samples.reshape(-1, *samples.shape[-3:]) if color else samples.reshape(-1, *samples.shape[-2:])
    black = int(samples.max()) if dataset.PhotometricInterpretation == "MONOCHROME1" else 0
    for frame in frames:
        for x0, y0, x1, y1 in find(shown(frame)):
            frame[max(0, int(y0)) : int(np.ceil(y1)), max(0, int(x0)) : int(np.ceil(x1))] = black
    data = frames.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"
    if color:
        dataset.PhotometricInterpretation = "RGB"
        dataset.PlanarConfiguration = 0
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    target.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(target)


def run(find):
    """Masks all .dcm files of the folder argv[1] into the folder argv[2]."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for path in sorted(source.glob("*.dcm")):
        mask_file(path, target / path.name, find)
