#!/usr/bin/env python3
"""Checks the chain deburn, then a tag scrubber: nothing of the identity is left in headers or pixels.

    scripts/chain/check.py --deburn target/release/deburn          # both scrubbers, on the fixtures
    scripts/chain/check.py --deburn target/release/deburn --input STUDIES [--truth truth.json]

Makes an environment with the packages of scripts/requirements-chain.txt below target/chain/, masks the input, hands on
what may go on, scrubs it with each scrubber (scrub.py), and then checks of every file:

- No term of the identity in its input's header (parts of names, ids, dates, places, at any depth) stands in the header
  that came out, as text or as bytes, nor anywhere else in the file but the pixels.
- The pixels are those that deburn wrote, and `deburn evaluate` finds each PHI line of the truth hidden in them.
- UIDs: each of the input has become one and the same other wherever it stands, no two have become one, references
  within the input hold, and the meta information agrees with the data set.
- Marks: Patient Identity Removed is YES; where there are pixels, Burned In Annotation is NO and De-identification Method
  Code Sequence still has 113101.
- Nothing else has come out than what was handed on.

To the fixtures it adds a study of two instances and a presentation state that refers to them. Prints counts, names and
attributes, never a value. Exit code 1 if any of it does not hold.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from environment import environment

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
SCRUBBERS = ["dicom-anonymizer", "dicognito"]
CLEAN_PIXELS = "113101"
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

# Attributes that identify; what stands in them is looked for. Dates of all kinds come by their VR.
KEYWORDS = """
AccessionNumber AdmissionID DeviceSerialNumber InstitutionAddress InstitutionName InstitutionalDepartmentName IssuerOfPatientID
OtherPatientIDs PatientAddress PatientBirthName PatientComments PatientID PatientMotherBirthName PatientTelephoneNumbers
RequestedProcedureID StationName StudyID
""".split()
# Dates by which nobody is known, and those that scrubbers set themselves, are no terms.
SHORTEST_WORD, SHORTEST_NUMBER = 4, 5


def elements(dataset):
    """Yields all elements at any depth but sequences and pixels."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item)
        elif element.keyword not in PIXELS:
            yield element


def terms(dataset):
    """Returns the terms that the header's identity can be told by, lower case."""
    found = set()
    for element in elements(dataset):
        if element.VR == "PN" or element.keyword in KEYWORDS:
            for word in re.split(r"[\s^=,;\\]+", str(element.value).lower()):
                long = SHORTEST_NUMBER if word.isdigit() else SHORTEST_WORD
                if len(word) >= long and word != "none":
                    found.add(word)
        elif element.keyword == "PatientBirthDate" and element.value:
            found.add(str(element.value))
    return found


def left(raw, dataset, known):
    """Returns the keywords of elements that a term stands in, and `bytes` where only the file's bytes have it."""
    found = set()
    for element in elements(dataset):
        value = element.value
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if any(re.search(rf"(?<![a-z0-9]){re.escape(term)}(?![a-z0-9])", text.lower()) for term in known):
            found.add(element.keyword or str(element.tag))
    # Of terms this long, chance makes none in the noise of a picture. UIDs hold long runs of digits by chance.
    lower = raw.lower()
    sure = [term for term in known if len(term) > 5 and not term.isdigit()]
    if not found and any(term.encode() in lower for term in sure):
        found.add("bytes")
    return found


def uids(dataset, path=()):
    """Yields (place, UID) of each UID that names an object of the study; classes and syntaxes stay what they are."""
    for element in dataset:
        if element.VR == "SQ":
            for index, item in enumerate(element.value):
                yield from uids(item, (*path, element.keyword, index))
        elif element.VR == "UI" and element.value and "Class" not in element.keyword and "Syntax" not in element.keyword:
            if isinstance(element.value, str) and not element.value.startswith("1.2.840.10008."):
                yield (*path, element.keyword), str(element.value)


def study(source):
    """Adds two instances of one study and a presentation state that refers to both."""
    from pydicom import Dataset, dcmread
    from pydicom.uid import generate_uid

    first = dcmread(source / "us_rgb.dcm")
    second = dcmread(source / "us_rgb.dcm")
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["chain second"])
    second.InstanceNumber = "2"
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = first.SOPClassUID, first.SOPInstanceUID
    second.ReferencedImageSequence = [image]
    second.save_as(source / "chain_second.dcm")
    state = dcmread(source / "pr.dcm")
    state.SOPInstanceUID = state.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["chain state"])
    state.StudyInstanceUID = first.StudyInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = first.SeriesInstanceUID
    series.ReferencedImageSequence = []
    for each in (first, second):
        image = Dataset()
        image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = each.SOPClassUID, each.SOPInstanceUID
        series.ReferencedImageSequence.append(image)
    state.ReferencedSeriesSequence = [series]
    state.save_as(source / "chain_state.dcm")


class Checked:
    """The findings over all files."""

    def __init__(self):
        self.problems, self.mapping, self.terms, self.uids = [], {}, 0, 0

    def file(self, name, before, clean, after):
        """Checks a file against its input and what deburn made of it."""
        from pydicom import dcmread

        old, new, between = dcmread(before, force=True), dcmread(after), dcmread(clean, force=True)
        known = terms(old)
        self.terms += len(known)
        for keyword in sorted(left(after.read_bytes(), new, known)):
            self.problems.append(f"{name}: a term of the identity is left in {keyword}")
        for keyword in PIXELS:
            if between.get(keyword) != new.get(keyword):
                self.problems.append(f"{name}: {keyword} is not what deburn wrote")
        there = dict(uids(new))
        for place, uid in uids(old):
            self.uids += 1
            now = there.get(place)
            if now == uid:
                self.problems.append(f"{name}: the UID in {place[-1]} is that of the input")
            elif now and self.mapping.setdefault(uid, now) != now:
                self.problems.append(f"{name}: {place[-1]} is not the same UID as elsewhere")
        if new.file_meta.MediaStorageSOPInstanceUID != new.SOPInstanceUID:
            self.problems.append(f"{name}: meta information and data set name different instances")
        self.marks(name, new)

    def marks(self, name, new):
        """Checks what the file says of itself."""
        codes = {item.CodeValue for item in new.get("DeidentificationMethodCodeSequence", [])}
        if new.get("PatientIdentityRemoved") != "YES":
            self.problems.append(f"{name}: Patient Identity Removed is not YES")
        if not any(keyword in new for keyword in PIXELS):
            return
        if new.get("BurnedInAnnotation") != "NO":
            self.problems.append(f"{name}: Burned In Annotation is not NO")
        if CLEAN_PIXELS not in codes:
            self.problems.append(f"{name}: {CLEAN_PIXELS} is not among the methods")

    def finish(self):
        """Checks what only all files together show."""
        if len(set(self.mapping.values())) != len(self.mapping):
            self.problems.append("two UIDs have become one")


def chain(scrubber, options, source, clean, names):
    """Scrubs and checks with one scrubber; returns the problems."""
    done = options.folder / scrubber
    shutil.rmtree(done, ignore_errors=True)
    command = [sys.executable, HERE / "scrub.py", scrubber, clean, done]
    subprocess.run(command, input="\0".join(names).encode(), check=False)
    checked = Checked()
    there = sorted(str(path.relative_to(done)) for path in done.rglob("*") if path.is_file())
    for name in sorted(set(names) ^ set(there)):
        checked.problems.append(f"{name}: handed on and not scrubbed, or scrubbed and not handed on")
    for name in there:
        checked.file(name, source / name, clean / name, done / name)
    checked.finish()
    if options.truth:
        command = [options.deburn, "evaluate", "--truth", options.truth, "--input", source, "--masked", done]
        judged = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if judged.returncode:
            checked.problems.append("deburn evaluate: " + (judged.stderr.strip() or "a PHI line is left in the pixels"))
        print("\n".join(line for line in judged.stdout.splitlines() if line.startswith(("lines", "PHI "))))
    print(f"{scrubber}: {len(there)} files, {checked.terms} terms looked for, {checked.uids} UIDs followed, "
          f"{len(checked.problems)} problems")
    return checked.problems


def run(options):
    """Masks, hands on, scrubs and checks."""
    source = options.input
    if source is None:
        source, options.truth = options.folder / "in", options.folder / "truth.json"
        # `deburn evaluate` judges Pixel Data; of text elsewhere it says so, as if it might be left.
        truth = json.loads((ROOT / "fixtures/truth.json").read_text())
        for file in truth["files"]:
            file["lines"] = [line for line in file["lines"] if "plane" not in line]
        options.truth.write_text(json.dumps(truth))
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        for path in (ROOT / "fixtures").glob("*.dcm"):
            shutil.copy(path, source)
        study(source)
    clean = options.folder / "clean"
    shutil.rmtree(clean, ignore_errors=True)
    command = [options.deburn, "mask", "--quiet", "--marks", "all", *options.deburn_options, source, "--output", clean]
    masked = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if masked.returncode not in (0, 2):
        sys.exit(f"check.py: deburn failed: {masked.stderr.strip()}")
    listed = subprocess.run([options.deburn, "handoff", clean / "deburn-report.jsonl", "-0"], capture_output=True, check=True)
    names = [name for name in listed.stdout.decode().split("\0") if name]
    print(f"{len(names)} files handed on, {sum(path.is_file() for path in source.rglob('*')) - len(names)} stay behind")
    problems = [f"{scrubber}: {problem}" for scrubber in options.scrubbers
                for problem in chain(scrubber, options, source, clean, names)]
    for problem in problems:
        print(problem)
    return 1 if problems or not names else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deburn", type=Path, default=ROOT / "target/release/deburn")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/chain", help="where all of it goes")
    parser.add_argument("--input", type=Path, help="studies of your own in place of the fixtures")
    parser.add_argument("--truth", type=Path, help="what text stands in them, for `deburn evaluate`")
    parser.add_argument("--scrubbers", nargs="+", choices=SCRUBBERS, default=SCRUBBERS)
    parser.add_argument("--deburn-options", nargs="*", default=[], help="options of `deburn mask`, without their dashes")
    options = parser.parse_args()
    options.deburn, options.folder = options.deburn.resolve(), options.folder.resolve()
    options.deburn_options = [f"--{option}" for option in options.deburn_options]
    options.folder.mkdir(parents=True, exist_ok=True)
    python = environment("chain", options.folder)
    if Path(sys.prefix) != python.parent.parent:
        # The checks need pydicom too.
        return subprocess.run([python, __file__, *sys.argv[1:]], check=False).returncode
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
