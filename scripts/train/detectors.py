"""The detectors that are compared: this one, and those of PP-OCR with settings that favor recall."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime

import regions
from regions import Cut

STRIDE = 32


def open_session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    """The picture at about `scale`, with sides that are multiples of 32."""
    height, width = (max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in picture.shape[:2])
    if (height, width) == picture.shape[:2]:
        return picture
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)


class OwnDetector:
    """The detector of this package."""

    def __init__(self, model: Path, cuts: list[Cut], growth: int = 1) -> None:
        self.session, self.cuts, self.growth = open_session(model), cuts, growth

    def maps(self, picture: np.ndarray, scale: float) -> np.ndarray:
        pixels = np.ascontiguousarray(scaled(picture, scale).transpose(2, 0, 1)[None], np.float32)
        return self.session.run(["p"], {"x": pixels})[0][0]

    def masks(self, picture: np.ndarray, scale: float) -> dict[str, np.ndarray]:
        """A mask for each cut."""
        maps = self.maps(picture, scale)
        return {str(cut): regions.mask(maps, *picture.shape[:2], cut, self.growth) for cut in self.cuts}


class PaddleDetector:
    """A PP-OCR detector; its boxes grow by a pixel and a tenth, giant ones are read again at twice the scale."""

    MEAN = np.array([0.485, 0.456, 0.406], np.float32)
    SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
    THRESHOLD, BOX_SCORE, UNCLIP = 0.2, 0.3, 1.8
    GIANT = 0.18  # short side of a box as a share of the picture's

    def __init__(self, model: Path) -> None:
        self.session = open_session(model)
        self.input = self.session.get_inputs()[0].name

    def boxes(self, picture: np.ndarray, scale: float) -> list[tuple[np.ndarray, float]]:
        """Corners in picture pixels, and the short side."""
        pixels = (scaled(picture[..., ::-1], scale).astype(np.float32) / 255 - self.MEAN) / self.SPREAD
        (found,) = self.session.run(None, {self.input: np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])})
        region = found[0, 0]
        ratio = np.array([picture.shape[1] / region.shape[1], picture.shape[0] / region.shape[0]])
        above = (region > self.THRESHOLD).astype(np.uint8)
        boxes = []
        for contour in cv2.findContours(above, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0][:3000]:
            center, (width, height), angle = cv2.minAreaRect(contour)
            corners = cv2.boxPoints((center, (width, height), angle))
            if min(width, height) < 2 or mean_inside(region, corners) < self.BOX_SCORE:
                continue
            unclipped = 2 * width * height * self.UNCLIP / max(1e-6, 2 * (width + height))
            width, height = width + unclipped, height + unclipped
            growth = 2 + 0.2 * min(width, height)
            corners = cv2.boxPoints((center, (width + growth, height + growth), angle)) * ratio
            boxes.append((corners, min(width, height) * ratio[1]))
        return boxes

    def masks(self, picture: np.ndarray, scale: float) -> dict[str, np.ndarray]:
        rows, columns = picture.shape[:2]
        mask, limit = np.zeros((rows, columns), np.uint8), self.GIANT * min(rows, columns)
        for corners, side in self.boxes(picture, scale):
            if side <= limit:
                fill(mask, corners)
                continue
            left, top = np.maximum(0, np.floor(corners.min(axis=0))).astype(int)
            right, bottom = np.minimum([columns, rows], np.ceil(corners.max(axis=0))).astype(int)
            for inner, inner_side in self.boxes(picture[top:bottom, left:right], 2 * scale):
                if inner_side <= limit:
                    fill(mask, inner + [left, top])
        return {"": mask > 0}


def fill(mask: np.ndarray, corners: np.ndarray) -> None:
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1)


def mean_inside(region: np.ndarray, corners: np.ndarray) -> float:
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int), [region.shape[1] - 1, region.shape[0] - 1])
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    fill(inside, corners - [left, top])
    return cv2.mean(region[top : bottom + 1, left : right + 1], inside)[0]


Detector = OwnDetector | PaddleDetector
