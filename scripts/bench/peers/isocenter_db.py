"""Isocenter with its ONNX text detector (`detector: db`), every instance in scope, redacting; headers left alone.

Its own defaults besides: it writes JPEG 2000 without loss, and reads each redacted instance once more. It names its
output after what it makes of the instances, so they are brought back to the names of the input at the end, by Series
Instance UID.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from isocenter import Session
from pydicom import dcmread


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        scratch = Path(scratch)
        with Session(str(scratch / "store.db")) as session:
            session.ingest(str(source))
            session.configuration.burned_in_text = {"action": "redact", "scope": "all", "detector": "db"}
            session.redact(show_progress=False)
            session.export(str(scratch / "out"), show_progress=False)
        names = {}
        for path in source.glob("*.dcm"):
            names[dcmread(path, stop_before_pixels=True).SeriesInstanceUID] = path.name
        target.mkdir(exist_ok=True)
        for path in (scratch / "out").rglob("*.dcm"):
            shutil.move(path, target / names[dcmread(path, stop_before_pixels=True).SeriesInstanceUID])


# Its workers are started by spawn.
if __name__ == "__main__":
    main()
