#!/usr/bin/env python3
"""Uses the review page as a person does, in a headless Chromium, and checks what `deburn apply` makes of it.

    python3 -m venv venv && venv/bin/pip install -r scripts/requirements-review.txt
    venv/bin/python scripts/test_review.py [--deburn target/release/deburn] [--shots FOLDER] [--measure N]

Without the packages or a browser it says that nothing was tested, and is content; `--must` makes that a failure.
`--measure N` also makes a report of N instances and measures the page with it.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "src/review/assets"
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
FILES = ["us_rgb.dcm", "us_cine_native.dcm", "dx_rle.dcm", "us_overlay.dcm", "dx_label_outside_window.dcm", "video_mpeg4.dcm"]


def run(deburn, *arguments, codes=(0, 2)):
    done = subprocess.run([deburn, *map(str, arguments)], capture_output=True, text=True, env=environment())
    assert done.returncode in codes, f"{arguments[0]}: {done.returncode}: {done.stderr}"
    return done


def environment():
    return {**os.environ, "XDG_DATA_HOME": os.environ.get("XDG_DATA_HOME", str(ROOT / "target/tmp/data"))}


class Review:
    """A running `deburn review`."""

    def __init__(self, deburn, report, inputs, *more):
        command = [deburn, "review", report, "--input", inputs, "--reviewer", "ada", *more]
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())
        self.link = self.process.stdout.readline().strip()
        assert self.link.startswith("http://127.0.0.1:"), self.link

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def from_sources(context):
    """Takes the page from the source folder, for work on it without a build."""
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}

    def asset(route):
        name = route.request.url.rsplit("/", 1)[1]
        route.fulfill(path=ASSETS / name, content_type=kinds[name.rsplit(".", 1)[1]])

    def page(route):
        if "token" in route.request.url:
            route.continue_()
        else:
            route.fulfill(response=route.fetch(), body=(ASSETS / "index.html").read_text())

    context.route("**/assets/*", asset)
    context.route("http://127.0.0.1:*/", page)


def open_page(browser, link, problems, sources, scheme="dark"):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    if sources:
        from_sources(context)
    page = context.new_page()
    # A thumbnail of what cannot be decoded is refused, as it should be.
    # Chromium may ask for /favicon.ico before it has read which icon the page names.
    expected = lambda message: "422" in message.text or message.location["url"].endswith("/favicon.ico")
    page.on("console", lambda message: message.type == "error" and not expected(message) and problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("http://127.0.0.1", "blob:")) or problems.append(request.url))
    page.goto(link)
    page.wait_for_selector("#panel .instance")
    return page


def until(page, expression, argument=None):
    """Waits for an expression to hold. Playwright's own waiting evaluates text in the page, which its policy forbids."""
    end = time.time() + 15
    while not page.evaluate(expression, argument):
        assert time.time() < end, f"waited in vain for {expression}"
        page.wait_for_timeout(20)


def find(page, name):
    """Filters the worklist to one file and opens it."""
    page.keyboard.press("/")
    page.fill("#f-text", name)
    until(page, "() => document.getElementById('count').textContent.startsWith('1 of')")
    page.click("#list .line")
    until(page, "name => document.querySelector('#panel h1').textContent === name", name)
    page.wait_for_selector("#canvas:visible")
    page.wait_for_timeout(300)
    page.focus("#stage")


def saved(page, decisions, count):
    """Waits until so many decisions are in the file."""
    end = time.time() + 10
    while time.time() < end:
        lines = decisions.read_text().splitlines()
        if len(lines) - 1 >= count:
            page.wait_for_timeout(300)
            return [json.loads(line) for line in lines[1:]]
        page.wait_for_timeout(50)
    raise AssertionError(f"{len(lines) - 1} decisions are saved, {count} were made; {page.inner_text('#saved')}")


def on_screen(page, box):
    """Returns the middle of a box of the picture in pixels of the window."""
    matrix = page.evaluate("""() => {
        const { left, top } = document.getElementById('stage').getBoundingClientRect();
        const { e, f, a } = new DOMMatrix(getComputedStyle(document.getElementById('canvas')).transform);
        return [left + e, top + f, a];
    }""")
    x, y, zoom = matrix
    return [(x + value * zoom) if index % 2 == 0 else (y + value * zoom) for index, value in enumerate(box)], zoom


def correct(page, record_of, decisions):
    """Moves a box, keeps another, and draws one in some frames of a clip; returns what must be in the pixels."""
    find(page, "us_rgb.dcm")
    masked = [index for index, region in enumerate(record_of["us_rgb.dcm"]["regions"]) if region["action"] == "mask" and region["reason"].startswith("identity")]
    moved, kept = masked[0], masked[1]
    page.click(f"#item-r{moved}")
    x, y, w, h = (int(page.input_value(f"#{name}")) for name in ["p-x", "p-y", "p-w", "p-h"])
    (left, top, right, bottom), zoom = on_screen(page, [x, y, x + w, y + h])
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.down()
    page.mouse.move((left + right) / 2 + 30 * zoom, (top + bottom) / 2 + 200 * zoom, steps=4)
    page.mouse.up()
    lines = saved(page, decisions, 1)
    place = lines[0]["what"]["region"]["box"]
    assert abs(place["x0"] - x - 30) <= 1 and abs(place["y0"] - y - 200) <= 1, (place, x, y)
    page.click(f"#item-r{kept}")
    page.focus("#stage")
    page.keyboard.press("k")
    saved(page, decisions, 2)
    page.keyboard.press("r")
    saved(page, decisions, 3)
    assert "1 of" in page.inner_text("#progress-text")

    find(page, "us_cine_native.dcm")
    page.keyboard.press("d")
    for key in ["ArrowDown", "ArrowRight"] * 3:
        page.keyboard.press(f"Shift+{key}")
    page.keyboard.press("Enter")
    lines = saved(page, decisions, 4)
    drawn = lines[3]["what"]["region"]
    # It was drawn for the whole clip; it is taken away from the first and the last frame.
    page.wait_for_selector("#panel .scope")
    page.check("#p-scope-one")
    page.focus("#stage")
    page.keyboard.press("Delete")
    saved(page, decisions, 5)
    page.focus("#stage")
    page.keyboard.press(",")
    until(page, "() => document.getElementById('c-text').textContent.startsWith('4')")
    page.keyboard.press("Delete")
    saved(page, decisions, 6)
    # One step too many, taken back.
    page.keyboard.press("h")
    saved(page, decisions, 7)
    page.keyboard.press("u")
    saved(page, decisions, 8)
    return {"place": place, "old": [x, y, x + w, y + h], "kept": record_of["us_rgb.dcm"]["regions"][kept]["bounding_box"], "drawn": drawn["box"]}


def check_pixels(inputs, out, wanted):
    import numpy
    import pydicom

    def pixels(folder, name):
        return pydicom.dcmread(folder / name).pixel_array

    def cut(array, box):
        return array[box["y0"] : box["y1"], box["x0"] : box["x1"]]

    before, after = pixels(inputs, "us_rgb.dcm"), pixels(out, "us_rgb.dcm")
    assert (cut(after, wanted["place"]) == 0).all(), "the moved box is masked where it was moved to"
    assert (cut(after, wanted["kept"]) == cut(before, wanted["kept"])).all(), "what was kept is as it was"
    x0, y0, x1, y1 = wanted["old"]
    assert (after[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2] == before[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]).mean() > 0.9, "where it was moved from"
    before, after = pixels(inputs, "us_cine_native.dcm"), pixels(out, "us_cine_native.dcm")
    masked = [bool((cut(after[frame], wanted["drawn"]) == 0).all()) and not numpy.array_equal(after[frame], before[frame]) for frame in range(4)]
    assert masked == [False, True, True, False], f"drawn in frames 1 and 2: {masked}"


def nothing_leaks(page, records):
    """No header value, text or file name in address, title and storage."""
    told = page.evaluate("() => [location.href, document.title, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie]")
    assert told[1:] == ["deburn review", "{}", "{}", ""], told
    assert "token" not in told[0] and not any(record["path"] in told[0] for record in records), told[0]
    addresses = page.evaluate("() => performance.getEntriesByType('resource').map(entry => entry.name)")
    assert addresses and not any(Path(record["path"]).stem in address for record in records for address in addresses)
    names = page.evaluate("() => [...document.querySelectorAll('button, input, select, [role]')].filter(e => e.offsetParent && !e.matches('[role=presentation]') && !(e.ariaLabel || e.labels?.length || e.innerText?.trim() || e.title)).map(e => e.outerHTML)")
    assert not names, f"without a name for screen readers: {names}"


def end_to_end(deburn, browser, work, shots, sources):
    inputs, masked, out = work / "in", work / "masked", work / "out"
    inputs.mkdir()
    for name in FILES:
        shutil.copy(ROOT / "fixtures" / name, inputs)
    run(deburn, "mask", inputs, "-o", masked, "--effort", "fast", "--quiet")
    report, decisions = masked / "deburn-report.jsonl", masked / "deburn-report.decisions.jsonl"
    records = [json.loads(line) for line in report.read_text().splitlines()]
    records = [line for line in records if line["type"] == "instance"]
    problems = []
    with Review(deburn, report, inputs) as review:
        page = open_page(browser, review.link, problems, sources)
        page.focus("#stage")
        wanted = correct(page, {record["path"]: record for record in records}, decisions)
        nothing_leaks(page, records)
        if shots:
            screenshots(page, shots)
        page.reload()
        page.wait_for_selector("#panel .instance")
        assert "1 of" in page.inner_text("#progress-text"), "the progress is still there"
        second = browser.new_page()
        second.goto(review.link)
        assert "not valid" in second.inner_text("body"), "the link works once"
    assert not problems, problems
    run(deburn, "apply", report, "--input", inputs, "-o", out, "--quiet")
    check_pixels(inputs, out, wanted)
    new = [json.loads(line) for line in (out / "deburn-report.jsonl").read_text().splitlines()]
    changes = {region["review"]["change"] for line in new for region in line.get("regions", []) if "review" in region}
    assert changes >= {"moved", "decided", "drawn"}, changes
    page = browser.new_page(viewport={"width": 1200, "height": 1500}, color_scheme="light")
    run(deburn, "review", out / "deburn-report.jsonl", "--html", work / "audit.html")
    page.goto((work / "audit.html").as_uri())
    assert page.locator("svg image").count() >= 3
    if shots:
        page.screenshot(path=shots / "static-light.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=shots / "static-dark.png", full_page=True)
        page.pdf(path=shots / "static.pdf")


def screenshots(page, shots):
    shots.mkdir(parents=True, exist_ok=True)
    for scheme in ["dark", "light"]:
        page.emulate_media(color_scheme=scheme)
        find(page, "us_rgb.dcm")
        page.fill("#f-text", "")
        page.focus("#stage")
        page.wait_for_timeout(700)
        page.keyboard.press("]")
        page.wait_for_timeout(300)
        page.screenshot(path=shots / f"still-{scheme}.png")
        page.keyboard.press("b")
        page.wait_for_timeout(300)
        page.screenshot(path=shots / f"after-{scheme}.png")
        page.keyboard.press("b")
        find(page, "us_cine_native.dcm")
        page.fill("#f-text", "")
        page.focus("#stage")
        page.keyboard.press("[")
        page.wait_for_timeout(700)
        page.screenshot(path=shots / f"clip-{scheme}.png")
    find(page, "dx_label_outside_window.dcm")
    page.keyboard.press("w")
    page.wait_for_timeout(300)
    page.screenshot(path=shots / "window.png")
    page.keyboard.press("?")
    page.screenshot(path=shots / "shortcuts.png")
    page.keyboard.press("Escape")


def measure(deburn, browser, work, count, sources):
    """Measures a long report: until the first lines and the first picture stand, and the next pictures."""
    inputs, source = work / "many", work / "one"
    source.mkdir()
    shutil.copy(ROOT / "fixtures/us_rgb.dcm", source / "a.dcm")
    report = work / "many.jsonl"
    run(deburn, "scan", source, "--effort", "fast", "--quiet", "--report", work / "one.jsonl")
    lines = [json.loads(line) for line in (work / "one.jsonl").read_text().splitlines()]
    header, record, footer = lines
    with report.open("w") as file:
        print(json.dumps(header), file=file)
        for index in range(count):
            folder = inputs / f"{index // 50:04}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{index:05}.dcm").symlink_to(source / "a.dcm")
            own = {**record, "path": f"{index // 50:04}/{index:05}.dcm", "series_instance_uid": f"1.2.{index // 50}", "study_instance_uid": f"1.2.{index // 200}"}
            print(json.dumps(own), file=file)
        footer = {**footer, "inputs": count, "masked": count, "frames_examined": count, "regions_masked": footer["regions_masked"] * count}
        print(json.dumps(footer), file=file)
    problems = []
    began = time.time()
    with Review(deburn, report, inputs) as review:
        served = time.time() - began
        page = open_page(browser, review.link, problems, sources)
        page.wait_for_selector("#canvas:visible")
        page.wait_for_selector("#list .line")
        paint = page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
        until(page, "() => performance.getEntriesByName('deburn-open').length > 0")
        whole = page.evaluate("() => { const [e] = performance.getEntriesByName('deburn-open'); return e.startTime + e.duration; }")
        page.wait_for_timeout(1000)
        page.focus("#stage")

        def times(act, rounds):
            page.evaluate("() => performance.clearMeasures()")
            for index in range(rounds):
                act(index)
                until(page, "n => performance.getEntriesByName('deburn-open').length >= n", index + 1)
                page.wait_for_timeout(400)
            return page.evaluate("() => performance.getEntriesByName('deburn-open').map(e => e.duration)")

        following = times(lambda _: page.keyboard.press("n"), 20)
        jumps = []
        for index in range(20):
            page.evaluate("y => { document.getElementById('list').scrollTop = y; }", 12000 + index * 30000)
            page.wait_for_timeout(250)
            page.evaluate("() => performance.clearMeasures()")
            page.locator("#list .line").nth(8).click()
            until(page, "() => performance.getEntriesByName('deburn-open').length > 0")
            jumps += page.evaluate("() => performance.getEntriesByName('deburn-open').map(e => e.duration)")
        nodes = page.evaluate("() => document.querySelectorAll('#list *').length")
        filtered = page.evaluate("""() => { const begun = performance.now(); const box = document.getElementById('f-text');
            box.value = '99'; box.dispatchEvent(new Event('input', { bubbles: true })); return performance.now() - begun; }""")
    assert not problems, problems
    told = lambda values: f"median {statistics.median(values):.0f} ms, most {max(values):.0f} ms"
    print(f"{count} instances: served after {served:.2f} s, first paint {paint:.0f} ms, first picture {whole:.0f} ms")
    print(f"next picture: {told(following)}; any picture of the list: {told(jumps)}; a filter {filtered:.0f} ms; {nodes} elements in the list")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deburn", type=Path)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--measure", type=int)
    parser.add_argument("--must", action="store_true")
    parser.add_argument("--sources", action="store_true", help="the page as it is in the source folder")
    options = parser.parse_args()
    built = [ROOT / "target" / kind / "deburn" for kind in ["release", "debug"]]
    deburn = options.deburn or next((path for path in built if path.is_file()), None)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        from playwright.sync_api import sync_playwright
        import pydicom  # noqa: F401
    except ImportError:
        sync_playwright = None
    missing = "no build of deburn" if not deburn else "no Chromium" if not browser else "no packages of scripts/requirements-review.txt" if not sync_playwright else None
    if missing:
        print(f"the review page was not tested in a browser: {missing}", file=sys.stderr)
        return 1 if options.must else 0
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        # As root, Chromium has no sandbox.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=browser, args=sandbox)
        end_to_end(deburn.resolve(), chromium, Path(work), options.shots, options.sources)
        print("the review page does what it shows")
        if options.measure:
            measure(deburn.resolve(), chromium, Path(work), options.measure, options.sources)
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
