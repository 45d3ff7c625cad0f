#!/usr/bin/env python3
"""Turns the manifest that `scripts/evaluate.py` reads into a truth file for `deburn evaluate`.

    python3 scripts/truth_from_manifest.py DATA_DIR/manifest.json -o truth.json [--boxed-only]
    deburn mask DATA_DIR/files -o OUT_DIR
    deburn evaluate --truth truth.json --input DATA_DIR/files --masked OUT_DIR

The manifest has `records`, each with `file` (a path below the manifest's folder), `frames` (Number of Frames, or null),
`burned_in_text` and `truth`: null, or the `frame` that was looked at, `text_static_across_frames`, `lines_changing`
(indices of lines that stand in that frame only) and `lines` with `box`, `text`, `phi`, `is_phi` and `ambiguous`.

A file with text and without boxes becomes one that is not annotated; a file without text becomes one without lines.
Texts are left out unless `--texts` is given: they may be PHI. Only the standard library is used.
"""

import argparse
import json
import sys
from pathlib import Path, PurePosixPath
from typing import Any


def frames_of(index: int, truth: dict[str, Any], count: int) -> list[int]:
    """Returns the first and the last frame that a line is known to stand in."""
    changing = truth.get("lines_changing") or []
    # Where not even the changing lines are named, nothing is known of the other frames.
    static = truth.get("text_static_across_frames", count == 1) or bool(changing)
    return [0, count - 1] if static and index not in changing else [truth["frame"], truth["frame"]]


def convert(record: dict[str, Any], folder: str, texts: bool) -> dict[str, Any]:
    """Returns the truth of one file."""
    entry: dict[str, Any] = {"file": PurePosixPath(record["file"]).relative_to(folder).as_posix()}
    truth = record.get("truth")
    if truth is None:
        return entry | ({"annotated": False} if record["burned_in_text"] else {"lines": []})
    lines = []
    for index, line in enumerate(truth["lines"]):
        known = {"frames": frames_of(index, truth, record.get("frames") or 1), "box": line["box"]}
        known |= {"text": line["text"]} if texts else {}
        known |= {"is_phi": line["is_phi"], "class": line["phi"]}
        lines.append(known | ({"ambiguous": True} if line["ambiguous"] else {}))
    return entry | {"lines": lines}


def main() -> int:
    """Reads the manifest and writes the truth file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest", type=Path, help="JSON file with records")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the truth file to write")
    parser.add_argument("--folder", default="files", help="folder of the files beside the manifest [default: files]")
    parser.add_argument("--boxed-only", action="store_true", help="leave out files without text boxes")
    parser.add_argument("--texts", action="store_true", help="keep the texts of the lines")
    arguments = parser.parse_args()
    records = json.loads(arguments.manifest.read_text(encoding="utf-8"))["records"]
    wanted = [record for record in records if record.get("truth") or not arguments.boxed_only]
    files = [convert(record, arguments.folder, arguments.texts) for record in wanted]
    text = json.dumps({"files": files}, ensure_ascii=False, indent=1)
    arguments.output.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
