#!/usr/bin/env python3
"""Writes slices of CT and MR without text, of volumes that nothing was trained on, as DICOM files with their truth.

    python scripts/train/held_out.py slices [--head Cranium.inv3]
    deburn mask --policy all slices -o masked
    deburn evaluate --truth slices/truth.json --masked masked

A chest and a contrast-enhanced head by MR come from the source archive of pyradiomics (BSD-3-Clause), see `volumes.py`.
A CT of a head is in Debian's package `invesalius-examples` (GPL-2), which is why it is only measured on:
/usr/share/doc/invesalius-examples/examples/Cranium.inv3. Its slices are written as they are and at twice the size.
"""

import argparse
import json
import plistlib
import tarfile
from pathlib import Path

import cv2
import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from volumes import ARCHIVES, fetched, read

Window = tuple[float, float]
# What a header may say of one slice; the first is shown first.
HEAD: tuple[list[Window], ...] = (
    [(40, 80)],
    [(40, 80), (600, 2800)],
    [(35, 40), (40, 80)],
    [(400, 1800)],
    [(75, 215)],
)
CHEST: tuple[list[Window], ...] = ([(50, 350)], [(-600, 1500)], [(50, 350), (-600, 1500)])
INTERCEPT = -1024


def head_of(path: Path) -> np.ndarray:
    """Hounsfield units of an InVesalius project as (slice, row, column)."""
    with tarfile.open(path) as project:
        members = {Path(member.name).name: member for member in project.getmembers()}

        def content(name: str) -> bytes:
            source = project.extractfile(members[name])
            assert source is not None
            return source.read()

        matrix = plistlib.loads(content("main.plist"))["matrix"]
        return np.frombuffer(content(matrix["filename"]), matrix["dtype"]).reshape(matrix["shape"])


def write(path: Path, values: np.ndarray, windows: list[Window], *, is_ct: bool) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage if is_ct else MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Modality = "CT" if is_ct else "MR"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.PatientName, dataset.PatientID = "Roe^Ann", "77123"
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    if is_ct:
        dataset.RescaleIntercept, dataset.RescaleSlope = INTERCEPT, 1
        values = values - INTERCEPT
    if windows:
        dataset.WindowCenter, dataset.WindowWidth = [c for c, _ in windows], [w for _, w in windows]
    dataset.PixelData = np.clip(values, 0, 4095).astype("<u2").tobytes()
    dataset.save_as(path, enforce_file_format=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes slices that nothing was trained on as DICOM files.")
    parser.add_argument("target", type=Path)
    parser.add_argument("--head", type=Path, help="project of InVesalius")
    parser.add_argument("--cache", type=Path, default=Path("work/volumes"), help="folder for the archives")
    arguments = parser.parse_args()
    for folder in (arguments.target, arguments.cache):
        folder.mkdir(parents=True, exist_ok=True)
    archive = fetched(ARCHIVES["pyradiomics"], arguments.cache)
    chest, _ = read(archive, "data/lung2_image.nrrd", arguments.cache)
    for number, place in enumerate(range(3, len(chest), 5)):
        windows = CHEST[number % len(CHEST)]
        write(arguments.target / f"chest_{place:03}.dcm", chest[place], windows, is_ct=True)
    brain, _ = read(archive, "data/brain2_image.nrrd", arguments.cache)
    for place in range(1, len(brain), 2):
        top = float(np.percentile(brain[place], 99))
        windows = [(0.55 * top, top)] if place % 4 == 3 else []
        write(arguments.target / f"mr_{place:03}.dcm", brain[place], windows, is_ct=False)
    head = head_of(arguments.head).astype(np.float32) if arguments.head else []
    for number, place in enumerate(range(4, len(head), 8)):
        own = head[place]
        larger = cv2.resize(own, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        write(arguments.target / f"head_{place:03}.dcm", own, HEAD[number % len(HEAD)], is_ct=True)
        write(arguments.target / f"large_{place:03}.dcm", larger, HEAD[(number + 1) % len(HEAD)], is_ct=True)
    files = [{"file": path.name, "lines": []} for path in sorted(arguments.target.glob("*.dcm"))]
    (arguments.target / "truth.json").write_text(json.dumps({"files": files}, indent=1))
    print(len(files), "files")


if __name__ == "__main__":
    main()
