"""Presidio's DICOM redactor: Tesseract reads, and what the header says or a pattern knows is masked.

It masks PHI, not all text; multi-frame files it does not take. Its language model is not on PyPI, so names are told by
the header alone (`use_metadata`, its default), and NLP is Presidio's own "no_op" engine.
"""

import shutil
import sys
from pathlib import Path

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from presidio_image_redactor import DicomImageRedactorEngine, ImageAnalyzerEngine

source, target = Path(sys.argv[1]), Path(sys.argv[2])
nlp = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}])
nlp.load()
analyzer = ImageAnalyzerEngine(analyzer_engine=AnalyzerEngine(nlp_engine=nlp))
engine = DicomImageRedactorEngine(image_analyzer_engine=analyzer)
target.mkdir(exist_ok=True)
for path in sorted(source.glob("*.dcm")):
    own = target / f"{path.stem}.work"
    engine.redact_from_file(str(path), str(own), verbose=False)
    (done,) = own.rglob("*.dcm")
    done.replace(target / path.name)
    shutil.rmtree(own)
