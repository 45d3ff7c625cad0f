"""Tesseract, mask all: every word that it finds, with its own defaults (page segmentation 3, English, any confidence).

It reads, it does not search for text: what it cannot read it does not box. No tiles, no second view of deep pictures.
"""

import common
import pytesseract


def words(picture):
    """Returns the boxes of all words."""
    data = pytesseract.image_to_data(picture, output_type=pytesseract.Output.DICT)
    for index, text in enumerate(data["text"]):
        if text.strip():
            x, y = data["left"][index], data["top"][index]
            yield x, y, x + data["width"][index], y + data["height"][index]


common.run(words)
