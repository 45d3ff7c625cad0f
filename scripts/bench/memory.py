#!/usr/bin/env python3
"""Shows that the memory of a run grows neither with the length of a clip nor with the number of files.

    scripts/bench/memory.py clip               # native and RLE clips of 1/8 GB and 1 GB: about 10 minutes on 2 cores
    scripts/bench/memory.py batch              # 100 and 10 000 small files with --effort fast --verify off
    scripts/bench/memory.py clip --gigabytes 0.1 --deburn target/debug/deburn

The clip is the picture of fixtures/us_rgb.dcm over and over, 640 x 480 in color: in every frame noise stands in another
place, and in every 64th it covers the lower half of the picture. Its text is masked, so that all stages run: the look, the
writing, the comparison with the input and the second look. The small files are a part of that picture that holds a word.

Peak memory is the sum of the largest resident sets of all processes of a run (VmHWM: an upper bound, for pages that two of
them share count twice). What a run takes that looks at one frame is what the models and the program take; it is told apart.
Exit code 1 if a run takes a gigabyte more than that, or if many files or frames take clearly more than a few.

Files are made in a temporary folder (--folder) and removed. Linux, Python 3.9 or newer, nothing else.
"""

import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COLUMNS, ROWS = 640, 480
ROW = 3 * COLUMNS
# What a run may take beyond that of one frame, and what is noise of the allocators, in MB.
MOST, NOISE = 1000, 64
NATIVE, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
FORMS = {"native": NATIVE, "RLE": RLE}


def element(group, number, vr, value):
    """An element in explicit VR little endian."""
    value = value.encode() if isinstance(value, str) else value
    value += (b"\0" if vr in ("UI", "OB", "OW") else b" ") * (len(value) % 2)
    head = struct.pack("<HH2s", group, number, vr.encode())
    if vr in ("OB", "OW"):
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def number(group, tag, value):
    """An element of one unsigned short."""
    return element(group, tag, "US", struct.pack("<H", value))


def header(uid, syntax, columns, rows, frames):
    """The preamble, the meta group, and the data set up to Pixel Data."""
    kind = "1.2.840.10008.5.1.4.1.1.3.1" if frames > 1 else "1.2.840.10008.5.1.4.1.1.6.1"
    meta = element(2, 1, "OB", b"\0\1") + element(2, 2, "UI", kind) + element(2, 3, "UI", uid)
    meta += element(2, 0x10, "UI", syntax) + element(2, 0x12, "UI", "2.25.1")
    meta = element(2, 0, "UL", struct.pack("<I", len(meta))) + meta
    data = element(8, 0x16, "UI", kind) + element(8, 0x18, "UI", uid) + element(8, 0x60, "CS", "US")
    data += element(0x10, 0x10, "PN", "DOE^JANE")
    data += number(0x28, 2, 3) + element(0x28, 4, "CS", "RGB") + number(0x28, 6, 0)
    if frames > 1:
        data += element(0x28, 8, "IS", str(frames))
    data += number(0x28, 0x10, rows) + number(0x28, 0x11, columns)
    for tag, value in ((0x100, 8), (0x101, 8), (0x102, 7), (0x103, 0)):
        data += number(0x28, tag, value)
    return bytes(128) + b"DICM" + meta + data


def picture():
    """The pixels of the fixture, which end the file."""
    return (ROOT / "fixtures/us_rgb.dcm").read_bytes()[-ROW * ROWS :]


def noisy(base, noise, chance, index):
    """A frame: the picture with noise in some place."""
    frame = bytearray(base)
    if index % 64 == 0:
        where = chance.randrange(1 << 16)
        frame[ROW * ROWS // 2 :] = noise[where : where + ROW * ROWS // 2]
    x, y = 3 * chance.randrange(COLUMNS // 2, COLUMNS - 64), chance.randrange(ROWS // 2, ROWS - 64)
    for row in range(y, y + 64):
        where = chance.randrange(1 << 16)
        frame[row * ROW + x : row * ROW + x + 192] = noise[where : where + 192]
    return bytes(frame)


def rle(frame):
    """A frame as one fragment: three segments of literal runs, which is as long as RLE gets (PS3.5 G.3)."""
    segments = []
    for plane in (frame[channel::3] for channel in range(3)):
        runs = (plane[at : at + 128] for at in range(0, len(plane), 128))
        segments.append(b"".join(b"\x7f" + run for run in runs))
    starts = [64]
    for segment in segments[:-1]:
        starts.append(starts[-1] + len(segment))
    value = struct.pack("<16I", 3, *starts, *[0] * 12) + b"".join(segments)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value


def write_clip(path, syntax, size):
    """Writes a clip of so many bytes."""
    chance, base = random.Random(7), picture()
    noise = chance.randbytes((1 << 16) + ROW * ROWS // 2)
    frames = max(2, round(size / len(base)))
    with path.open("wb") as out:
        out.write(header("2.25.7", syntax, COLUMNS, ROWS, frames))
        length = frames * len(base) if syntax == NATIVE else 0xFFFF_FFFF
        out.write(struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, length))
        if syntax == RLE:
            out.write(struct.pack("<HHI", 0xFFFE, 0xE000, 0))
        for index in range(frames):
            frame = noisy(base, noise, chance, index)
            out.write(frame if syntax == NATIVE else rle(frame))
        if syntax == RLE:
            out.write(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    return frames


def write_small(folder, count):
    """Writes small files, each with another corner of the picture's banner."""
    base, (columns, rows) = picture(), (64, 24)
    for index in range(count):
        x = 3 * (index % 16)
        own = b"".join(base[(8 + y) * ROW + x :][: 3 * columns] for y in range(rows))
        data = header(f"2.25.{1000 + index}", NATIVE, columns, rows, 1) + element(0x7FE0, 0x10, "OB", own)
        (folder / f"{index:05}.dcm").write_bytes(data)


def highest(session, seen):
    """Looks how much memory the processes of a session have had at most, so far."""
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            if int(Path(entry.path, "stat").read_text().rpartition(")")[2].split()[3]) != session:
                continue
            for line in Path(entry.path, "status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    seen[entry.name] = max(seen.get(entry.name, 0), int(line.split()[1]))
        except OSError:
            pass


def run(options, inputs, *more):
    """Masks a folder; returns the peak memory in MB, wall and CPU time."""
    output, seen, over = options.folder / "out", {}, threading.Event()
    shutil.rmtree(output, ignore_errors=True)
    command = [options.deburn, "mask", "--quiet", "--jobs", options.jobs, *more, inputs, "--output", output]
    begun = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], start_new_session=True, stdin=subprocess.DEVNULL)

    def watch():
        while not over.wait(0.05):
            highest(process.pid, seen)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    over.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"memory.py: deburn ended with exit code {process.returncode}")
    if {path.name for path in inputs.iterdir()} - {path.name for path in output.iterdir()}:
        sys.exit("memory.py: the output is not whole")
    shutil.rmtree(output)
    return sum(seen.values()) / 1024, time.perf_counter() - begun, usage.ru_utime + usage.ru_stime


def tell(what, figures):
    """Prints a row."""
    peak, wall, cpu = figures
    print(f"| {what} | {peak:.0f} MB | {wall:.0f} s | {cpu:.0f} s |", flush=True)
    return peak


def made(options, name):
    """Makes an empty folder for inputs."""
    folder = options.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def clips(options):
    """Clips of three lengths; returns what is wrong."""
    problems = []
    for name in options.forms:
        peaks = []
        for share in (0, 1 / 8, 1):
            folder = made(options, "clip")
            frames = write_clip(folder / "clip.dcm", FORMS[name], share * options.gigabytes * 1e9)
            size = (folder / "clip.dcm").stat().st_size
            peaks.append(tell(f"{name}, {frames} frames, {size / 1e6:.0f} MB", run(options, folder, *options.more)))
            shutil.rmtree(folder)
        if peaks[2] - peaks[0] > MOST:
            problems.append(f"the {name} clip takes {peaks[2] - peaks[0]:.0f} MB more than two frames")
        if peaks[2] > 1.1 * peaks[1] + NOISE:
            problems.append(f"a longer {name} clip takes more memory")
    return problems


def batch(options):
    """Small files, few and many; returns what is wrong."""
    peaks = []
    for count in (100, options.files):
        folder = made(options, "batch")
        write_small(folder, count)
        peaks.append(tell(f"{count} small files", run(options, folder, "--effort", "fast", "--verify", "off", *options.more)))
        shutil.rmtree(folder)
    return ["many files take more memory than few"] if peaks[1] > peaks[0] + NOISE else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.epilog = "What stands behind a -- goes to deburn mask."
    parser.add_argument("what", choices=["clip", "batch"])
    parser.add_argument("--deburn", type=Path, default=ROOT / "target/release/deburn", help="the program")
    parser.add_argument("--folder", type=Path, help="where files are made [default: a temporary folder]")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="of the longer clip")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS), help="how clips are stored")
    parser.add_argument("--files", type=int, default=10_000, help="of the larger batch")
    parser.add_argument("--jobs", type=int, default=2)
    own, more = sys.argv[1:], []
    if "--" in own:
        own, more = own[: own.index("--")], own[own.index("--") + 1 :]
    options = parser.parse_args(own)
    options.more = more
    options.deburn = options.deburn.resolve()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        options.folder = Path(folder)
        print("| run | peak memory | wall | CPU |\n| --- | --- | --- | --- |", flush=True)
        problems = {"clip": clips, "batch": batch}[options.what](options)
    for problem in problems:
        print(f"memory.py: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
