#!/usr/bin/env python3
"""Makes the first inputs of the fuzz targets, in fuzz/corpus/, from fixtures/ and fuzz/seeds/.

Needs Python 3.9 or newer, nothing else.
"""

import hashlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
LARGEST = 40_000  # larger ones make every run slow
BOX = bytes([0, 0, 0xFF, 0, 40, 40, 90, 90])  # how `write` and `jpeg` are told what to mask


def streams(data: bytes):
    """Yields what begins like a JPEG stream and lies in an item."""
    at = data.find(b"\xfe\xff\x00\xe0")
    while at >= 0:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at + 8 : at + 10] == b"\xff\xd8":
            yield data[at + 8 : at + 8 + length]
        at = data.find(b"\xfe\xff\x00\xe0", at + 4)


def main() -> None:
    made = {name: [] for name in ("open", "write", "jpeg", "places", "rules", "reports")}
    for path in sorted(FIXTURES.rglob("*.dcm")):
        data = path.read_bytes()
        made["jpeg"] += [BOX + stream for stream in list(streams(data))[:1] if len(stream) <= LARGEST]
        if len(data) <= LARGEST:
            made["open"].append(data)
            made["write"].append(data + BOX)
            if any(word in path.name for word in ("overlay", "icon", "nested", "float", "sr", "pr")):
                made["places"].append(data)
    # What was found once is tried first.
    for name, seeds in made.items():
        for folder in ("seeds", "regressions"):
            seeds += [path.read_bytes() for path in sorted((HERE / folder / name).glob("*"))]
        folder = HERE / "corpus" / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
        print(f"{name}: {len(seeds)} seeds")


if __name__ == "__main__":
    main()
