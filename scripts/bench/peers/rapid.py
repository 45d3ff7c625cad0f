"""RapidOCR, mask all: every line that it detects and reads, with its own defaults (models in the wheel).

Lines that it reads with a score below its own threshold are not in its result and so not masked.
"""

import logging

import common
import numpy as np
from rapidocr import RapidOCR

logging.disable(logging.INFO)
engine = RapidOCR()


def lines(picture):
    """Returns the straight boxes of all lines."""
    result = engine(picture[..., ::-1])
    for quad in [] if result.boxes is None else result.boxes:
        quad = np.asarray(quad)
        yield (*quad.min(0), *quad.max(0))


common.run(lines)
