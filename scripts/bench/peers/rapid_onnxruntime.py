"""The older RapidOCR package (rapidocr-onnxruntime), mask all, with its own defaults."""

import logging

import common
import numpy as np
from rapidocr_onnxruntime import RapidOCR

logging.disable(logging.INFO)
engine = RapidOCR()


def lines(picture):
    """Returns the straight boxes of all lines."""
    result, _ = engine(picture[..., ::-1])
    for quad, *_ in result or []:
        quad = np.asarray(quad)
        yield (*quad.min(0), *quad.max(0))


common.run(lines)
