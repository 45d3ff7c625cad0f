#!/usr/bin/env python3
"""Runs deburn and what else a user might pick on the same files, one after the other, and compares them.

    apt-get install tesseract-ocr        # for the tools that use it; Isocenter needs a Python 3.12 or newer on PATH
    scripts/bench/compare.py             # builds deburn, makes environments and pictures below target/bench, runs all
    scripts/bench/compare.py --quick     # a tenth of the pictures, to see that it works

Pictures are synthetic, seeded, with a truth to the letter's pixel (workloads.py): a batch of single 1024 × 768
ultrasound frames in color, a clip of 800 × 600 in color JPEG with an overlay that stands still over speckle that moves
and a name that comes and goes, and a batch of 2500 × 2000 radiographs of 16 bits. Tools:

    floor             no tool: every frame read and decoded once by deburn's decoders; of the clip, also compared with
                      the frame before and masked by JPEG coefficients (floor.rs; one thread)
    deburn            deburn mask --policy all, the standard effort
    deburn-fast       the same with --effort fast
    tesseract         pytesseract, every word masked
    rapid             RapidOCR, every line masked that it reads
    rapid-detector    RapidOCR's detector alone, every box masked
    rapid-onnxruntime the older package of RapidOCR
    isocenter         Isocenter with its ONNX detector, all text redacted
    presidio          Presidio's DICOM redactor; masks what the header names or a pattern knows, not all text

Each keeps its own defaults, threads included. What each does not do stands on top of its script in peers/; above all,
none of them but deburn keeps a JPEG clip a JPEG, looks at what it wrote before it gives it away (Isocenter looks again
and reports), or at overlays, icons and text outside of one rendering.

A figure is that of the whole job, from the start of the process to its end, models loaded and files written, divided by
frames: wall time, CPU time (of all its processes, user and system) and the peak of its memory (proportional set size of
all its processes, looked at five times a second, or the largest resident set of one of them, whichever is more). Files
are read once before each run, so that none finds them on a cold disk. Recall is the share of lines of which 98 % of the
letters' pixels are under a mask in every frame, as `deburn evaluate` measures it; beside it what was masked without
text. Ratios are to `deburn`. Prints a table (Markdown) and writes it and a JSON with all figures; exit code 1 if a tool
that was asked for by --tools failed where it can work, or if one of the others hid more lines than deburn.

Linux only (/proc). On a machine that has other work, only CPU times compare.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COUNTS = {"single": 200, "cine": 100, "radiograph": 20}
QUICK = {"single": 20, "cine": 12, "radiograph": 2}
# Of JPEG, other decoders differ by a few levels, beside edges of color by more: of what is no mask, not of text.
TOLERANCE = {"cine": 40}
PEERS = {
    "tesseract": ("tools", "tesseract.py"),
    "rapid": ("tools", "rapid.py"),
    "rapid-detector": ("tools", "rapid_detector.py"),
    "rapid-onnxruntime": ("tools", "rapid_onnxruntime.py"),
    "isocenter": ("isocenter", "isocenter_db.py"),
    "presidio": ("presidio", "presidio.py"),
}
DEBURN = {"deburn": "standard", "deburn-fast": "fast"}
ORDER = ["floor", *DEBURN, *PEERS]
CANNOT = {("presidio", "cine"): "takes no clips"}


def python(name, newer):
    """Returns a Python for an environment: Isocenter needs 3.12 or newer."""
    if name != "isocenter" or sys.version_info >= (3, 12):
        return sys.executable
    if newer:
        return newer
    for minor in range(14, 11, -1):
        found = shutil.which(f"python3.{minor}")
        works = found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
        if works:
            return found
    return None


def environment(name, folder, newer=None):
    """Makes the environment of a tool below `folder`; returns its Python, or why there is none."""
    requirements = ROOT / "scripts" / ("requirements-bench.txt" if name == "tools" else f"requirements-bench-{name}.txt")
    venv = folder / f"venv-{name}"
    stamp = venv / "made"
    if not stamp.is_file() or stamp.stat().st_mtime < requirements.stat().st_mtime:
        base = python(name, newer)
        if base is None:
            return None, "no Python 3.12 or newer on PATH"
        print(f"making the environment of {name} (once)", file=sys.stderr)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([base, "-m", "venv", venv], check=True)
        pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "--requirement", requirements], check=False)
        if done.returncode:
            return None, "its packages could not be installed"
        stamp.touch()
    return venv / "bin/python", None


def processes(session):
    """Yields the processes of a session."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                yield entry.path


def proportional(folder):
    """Returns the proportional set size of a process, in kB."""
    try:
        for line in Path(folder, "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def measure(command, log, extra=None):
    """Runs a command; returns its exit code, wall and CPU time in seconds and peak memory in MB."""
    peak, over = 0, threading.Event()
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # Isocenter writes a log where it is started.
            cwd=log.parent,
            env={**os.environ, **(extra or {})},
        )

        def watch():
            nonlocal peak
            while not over.wait(0.2):
                peak = max(peak, sum(proportional(folder) for folder in processes(process.pid)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        over.set()
        watcher.join()
    return {
        "exit_code": process.returncode,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": max(peak, usage.ru_maxrss) / 1024,
    }


def evaluated(deburn, work, output, kind):
    """Returns recall and false area of an output, as `deburn evaluate` has them."""
    figures = output.with_suffix(".json")
    command = [deburn, "evaluate", "--truth", work / "truth.json", "--input", work / "files", "--masked", output]
    command += ["--json", figures, "--overwrite", "--tolerance", TOLERANCE.get(kind, 0)]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):
        return {"problem": "the output cannot be evaluated"}
    totals = json.loads(figures.read_text())["totals"]
    found = {"withheld_files": totals["absent"], "false_area": totals["false_area_with_text"]["mean"]}
    for group in ("phi", "technical"):
        counts = totals["lines"][group]
        found[group] = {
            "lines": counts["lines"],
            "hidden": counts["hidden_98"],
            "withheld": counts["absent"],
        }
    return found


def command_of(tool, options, files, output):
    """Returns the command of a tool, or why there is none."""
    if tool == "floor":
        return [options.floor, *sorted(files.iterdir())], None
    if tool in DEBURN:
        return [
            options.deburn, "mask", "--quiet", "--policy", "all", "--effort", DEBURN[tool], files, "--output", output,
        ], None
    name, script = PEERS[tool]
    if tool in ("tesseract", "presidio") and not shutil.which("tesseract"):
        return None, "tesseract is not installed"
    interpreter, problem = environment(name, options.folder, options.python)
    return ([interpreter, HERE / "peers" / script, files, output], None) if interpreter else (None, problem)


def run(tool, kind, options, work, frames):
    """Runs a tool on a workload and judges its output; returns its figures."""
    if (tool, kind) in CANNOT:
        return {"problem": CANNOT[tool, kind]}
    output = options.folder / "out" / kind / tool
    command, problem = command_of(tool, options, work / "files", output)
    if problem:
        return {"problem": problem}
    best = None
    for _ in range(options.repeat):
        shutil.rmtree(output, ignore_errors=True)
        output.parent.mkdir(parents=True, exist_ok=True)
        for path in (work / "files").iterdir():
            path.read_bytes()
        log = output.with_suffix(".log")
        found = measure(command, log)
        if found["exit_code"] not in ((0, 2) if tool in DEBURN else (0,)):
            return {"problem": f"exit code {found['exit_code']}, see {log}", "failed": True}
        if best is None or found["cpu"] < best["cpu"]:
            best = found
    best.update(frames=frames, wall_per_frame=best["wall"] / frames, cpu_per_frame=best["cpu"] / frames)
    if tool != "floor":
        best.update(evaluated(options.deburn, work, output, kind))
    if not options.keep:
        shutil.rmtree(output, ignore_errors=True)
    return best


def hidden(figures):
    """Returns how many lines of any kind a tool hid or did not let out; `None` where that is not known."""
    if "phi" not in figures:
        return None
    return sum(figures[group][key] for group in ("phi", "technical") for key in ("hidden", "withheld"))


def share(part, whole):
    """A share as text."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def row(tool, figures, own):
    """A row of the table."""
    if "problem" in figures and "wall" not in figures:
        return [tool, figures["problem"], "", "", "", "", "", "", ""]
    cells = [tool]
    for key in ("wall_per_frame", "cpu_per_frame"):
        cells.append(f"{1000 * figures[key]:.0f} ms" if figures[key] >= 0.01 else f"{1000 * figures[key]:.1f} ms")
        ratio = figures[key] / own[key] if own else None
        cells.append("" if ratio is None else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}")
    cells.append(f"{figures['peak_mb']:.0f} MB")
    if "phi" not in figures:
        return [*cells, "", "", ""]
    both = [figures["phi"], figures["technical"]]
    withheld = sum(group["withheld"] for group in both)
    cells.append(share(figures["phi"]["hidden"], figures["phi"]["lines"]))
    cells.append(
        share(sum(group["hidden"] for group in both), sum(group["lines"] for group in both))
        + (f" ({withheld} withheld)" if withheld else "")
    )
    cells.append("" if figures["false_area"] is None else f"{100 * figures['false_area']:.2f} %")
    return cells


def table(kind, result, frames):
    """The table of a workload, as Markdown."""
    what = {
        "single": "{} ultrasound frames, 1024 × 768, RGB",
        "cine": "clip of {} frames, 800 × 600, color JPEG",
        "radiograph": "{} radiographs, 2500 × 2000, 16 bits",
    }[kind].format(frames)
    own = result.get("deburn")
    own = own if own and "wall" in own else None
    head = [what, "wall a frame", "ratio", "CPU a frame", "ratio", "peak memory", "PHI lines hidden", "all lines hidden",
            "masked without text"]
    lines = [head, ["---"] * len(head), *(row(tool, result[tool], own) for tool in ORDER if tool in result)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine():
    """What it ran on."""
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "target/bench", help="where all of it goes")
    parser.add_argument("--deburn", type=Path, help="the program [default: target/release/deburn, built first]")
    parser.add_argument("--floor", type=Path, help="the floor [default: target/release/examples/floor, built first]")
    parser.add_argument("--python", help="a Python 3.12 or newer for Isocenter [default: the newest on PATH]")
    parser.add_argument("--tools", nargs="+", choices=ORDER, help="these only")
    parser.add_argument("--workloads", nargs="+", choices=COUNTS, default=list(COUNTS), help="these only")
    parser.add_argument("--quick", action="store_true", help="a tenth of the pictures")
    parser.add_argument("--count", type=int, help="this many frames in each workload")
    parser.add_argument("--repeat", type=int, default=1, help="run each so often and take the run with least CPU time")
    parser.add_argument("--keep", action="store_true", help="keep the outputs")
    return parser.parse_args()


def main():
    options = arguments()
    options.folder = options.folder.resolve()
    options.folder.mkdir(parents=True, exist_ok=True)
    tools = options.tools or ORDER
    if not options.deburn or (not options.floor and "floor" in tools):
        subprocess.run(
            [ROOT / "scripts/bench/build.sh", *([] if options.deburn else ["--bin", "deburn"]), "--example", "floor"],
            check=True,
        )
    options.deburn = (options.deburn or ROOT / "target/release/deburn").resolve()
    options.floor = (options.floor or ROOT / "target/release/examples/floor").resolve()
    maker, problem = environment("tools", options.folder)
    if problem:
        sys.exit(f"compare.py: {problem}")
    results, failed, tables = {}, [], []
    for kind in options.workloads:
        frames = options.count or (QUICK if options.quick else COUNTS)[kind]
        work = options.folder / "work" / f"{kind}-{frames}"
        subprocess.run([maker, HERE / "workloads.py", kind, work, str(frames)], check=True)
        results[kind] = {}
        for tool in tools:
            print(f"{kind}: {tool}", file=sys.stderr, flush=True)
            figures = run(tool, kind, options, work, frames)
            results[kind][tool] = figures
            if figures.get("failed") or (options.tools and "problem" in figures and (tool, kind) not in CANNOT):
                failed.append(f"{tool} on {kind}: {figures['problem']}")
        own = hidden(results[kind].get("deburn", {}))
        more = [tool for tool in PEERS if own is not None and (hidden(results[kind].get(tool, {})) or 0) > own]
        failed += [f"{tool} hid more lines than deburn on {kind}" for tool in more]
        tables.append(table(kind, results[kind], frames))
    version = subprocess.run([options.deburn, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    report = {"deburn": version, "machine": machine(), "workloads": results}
    (options.folder / "compare.json").write_text(json.dumps(report, indent=1) + "\n")
    (options.folder / "compare.md").write_text("\n\n".join(tables) + "\n")
    print("\n\n".join(tables))
    for line in failed:
        print(f"compare.py: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
