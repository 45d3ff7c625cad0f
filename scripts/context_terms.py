#!/usr/bin/env python3
"""Makes src/phi/technical-terms.toml from the code meanings of DICOM context groups (PS3.16), checked against names.

    python3 scripts/context_terms.py              writes the file anew
    python3 scripts/context_terms.py --audit      tells which words of all technical files are names, or are none
    python3 scripts/context_terms.py --names      prints all names of Latin letters, one a line
    python3 scripts/context_terms.py --pairs N    prints N given names with surnames in the ways in which they are written

The last two are for `cargo run --release --example judge_lines`, which tells what of them would stay.

A word of a code meaning that nobody is called stands for itself; one that is also a name needs company; one that is a
common surname or says too much of a person or a site is left out. Meanings that hold such words come in whole, as
phrases. What counts as a name: what is among the names of a country in `names-dataset`, or in the US census of 1990 in
`names`; 1.5 million in all. Needs scripts/requirements-context-terms.txt; neither list of names becomes part of deburn.
"""

import argparse
import collections
import functools
import random
import re
import sys
import textwrap
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

PHI = Path(__file__).resolve().parent.parent / "src" / "phi"
TARGET = PHI / "technical-terms.toml"

# Context groups of anatomy, sides, views, projections, and of what is measured: first and last.
GROUPS = [
    (2, 2), (4, 7), (20, 20), (26, 27), (212, 212), (244, 247), (501, 502), (3010, 3010), (3014, 3016), (3019, 3019),
    (3604, 3610), (3630, 3630), (3703, 3705), (3712, 3712), (3717, 3718), (4005, 4005), (4009, 4011), (4014, 4015),
    (4028, 4028), (4030, 4031), (4040, 4042), (6020, 6022), (6054, 6054), (6064, 6064), (6113, 6117), (6149, 6157),
    (6170, 6171), (6300, 6301), (6312, 6312), (7140, 7140), (7152, 7160), (7166, 7171), (12001, 12011), (12018, 12025),
    (12032, 12035), (12101, 12141), (12200, 12245), (12250, 12312), (12320, 12324),
]  # fmt: skip
# Surnames with at least this share of the US population (in percent) are no technical words, whatever company they have.
COMMON = 0.01
# Eponyms that the lists of names miss, and words of persons, sites, reports and devices.
LEFT_OUT = set(
    "bernoulli cockett couinaud hunterian lagrangian rastelli senning trendelenburg ellestad giacomini naughton "
    "cited device imaging network not report system systems unknown user using "
    "age board boyd conception date female finding foreign has male most number patient test chosen specimen "
    "pepper mustard bruce balke shin neo pia tau pod reg bag chair seat stand belt bicycle bite gel leak mold "
    "shield stripe state value edd lmp the contact individual source behavior clothing procedure".split()
)
# Words that join others and say nothing by themselves.
JOINING = {"for", "two", "five"}


@functools.cache
def names() -> dict[str, float]:
    """Returns each known name, folded, with its share of US surnames in percent, or 0."""
    known: dict[str, float] = {}
    from names_dataset import NameDataset

    data = NameDataset()
    for table in (data.last_names, data.first_names):
        for name, facts in table.items():
            if name and any(((facts or {}).get("rank") or {}).values()):
                known[folded(name)] = 0.0
    census = resources.files("names")
    for file in ("dist.female.first", "dist.male.first", "dist.all.last"):
        for line in census.joinpath(file).read_text(encoding="ascii").splitlines():
            name, share = line.split()[:2]
            known[name.lower()] = float(share) if file == "dist.all.last" else known.get(name.lower(), 0.0)
    return known


def folded(text: str) -> str:
    """Returns a text without diacritics and case."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def meanings() -> list[str]:
    """Returns the code meanings of the context groups."""
    from pydicom.sr._cid_dict import cid_concepts
    from pydicom.sr._concepts_dict import concepts

    found = set()
    for group in cid_concepts:
        if not any(first <= group <= last for first, last in GROUPS):
            continue
        for scheme, keywords in cid_concepts[group].items():
            for keyword in keywords:
                for meaning, groups in concepts[scheme].get(keyword, {}).values():
                    if group in groups:
                        found.add(meaning)
    return sorted(found, key=lambda meaning: (meaning.lower(), meaning))


def entries(files: Iterable[Path]) -> Iterator[tuple[str, str, str]]:
    """Yields rule, kind and entry of all words of the grammar."""
    for file in files:
        for rule in tomllib.loads(file.read_text(encoding="utf-8"))["technical"]:
            for kind, values in rule.items():
                if isinstance(values, list) and kind not in ("hits", "misses", "forms"):
                    yield from ((rule["id"], kind, entry) for entry in values)


def own_files() -> list[Path]:
    """Returns the files of the grammar that people write."""
    return sorted(file for file in PHI.glob("technical-*.toml") if file != TARGET)


def words_of(meaning: str) -> list[str]:
    """Returns the words of a meaning, folded."""
    return re.findall(r"[a-z]+", folded(meaning))


def terms() -> tuple[list[str], list[str], list[str]]:
    """Returns words that stand for themselves, words that need company, and phrases."""
    known = {folded(entry) for _, _, entry in entries(own_files())}
    free, shared = set(), set()
    for word in {word for meaning in meanings() for word in words_of(meaning)} - known - LEFT_OUT:
        if len(word) < 3 or names().get(word, 0.0) >= COMMON:
            continue
        (shared if word in JOINING or word in names() else free).add(word)
    phrases = [
        meaning
        for meaning in meanings()
        if len(words_of(meaning)) in range(2, 7)
        and not re.search(r"[0-9,^/|()]", meaning)
        and not set(words_of(meaning)) & {"patient", "report", "unknown", "user", "prosthesis", "specimen", "date"}
        and any(word in LEFT_OUT or len(word) < 3 or names().get(word, 0.0) >= COMMON for word in words_of(meaning))
    ]
    return sorted(free), sorted(shared), phrases


def quoted(values: Iterable[str]) -> str:
    """Returns a list as TOML, in lines of 120 characters."""
    text = " ".join('"{}",'.format(value.replace("\\", "\\\\").replace('"', '\\"')) for value in values)
    # Spaces within entries must not be broken.
    text = re.sub(r'"[^"]*"', lambda found: found[0].replace(" ", "\0"), text)
    return "[\n" + textwrap.indent("\n".join(textwrap.wrap(text, 116, break_on_hyphens=False, break_long_words=False)), "    ").replace("\0", " ") + "\n]"


def write() -> None:
    """Writes the file."""
    free, shared, phrases = terms()
    TARGET.write_text(
        f'''\
# Technical grammar: the words of code meanings of DICOM context groups (PS3.16). Made by scripts/context_terms.py.

[[technical]]
id = "dicom-terms"
why = "Words of the code meanings for anatomy, sides, views and measurements, of cardiac, vascular and obstetric ultrasound above all. Each was looked up in 1.5 million names: nobody is called what stands for itself, and what is a name too needs company."
words = {quoted(free)}
shared = {quoted(shared)}
hits = [
    "Common Femoral Artery", "Mid Circumflex Coronary Artery", "Great saphenous vein", "Mitral valve A-wave duration",
    "Accessory Renal Artery", "Bladder and urethra", "RV Stroke Index", "ANTERIOR COMMUNICATING ARTERY",
]
misses = [
    "Common", "Great", "GREAT WAVE", "With", "Axis, Early", "ARTERY SMITH", "DUCTUS, JOHN", "Broad and Common",
]

[[technical]]
id = "dicom-phrases"
why = "Code meanings that hold a word that is no technical one by itself, as a surname, come in whole."
words = {quoted(phrases)}
hits = ["Circle of Willis", "White matter", "Left ventricle posterior wall"]
misses = ["Willis", "White", "Willis of Circle"]
''',
        encoding="utf-8",
    )


def audit() -> None:
    """Tells what of the grammar the lists of names speak for and against."""
    kinds: dict[str, set[str]] = collections.defaultdict(set)
    for _, kind, entry in entries(own_files()):
        kinds[folded(entry)].add(kind)
    single = sorted(entry for entry in kinds if entry.isalpha() and len(entry) > 3)
    print("stand for themselves, and are surnames in the US census:")
    census = (entry for entry in single if "shared" not in kinds[entry] and names().get(entry, 0.0) > 0.0)
    print(" ", *(f"{entry} ({names()[entry]} %)" for entry in census if kinds[entry] & {"words", "settings", "glue"}))
    print("need company, and are no names:")
    print(" ", *(entry for entry in single if "shared" in kinds[entry] and entry not in names()))


def pairs(count: int) -> Iterator[str]:
    """Yields given names and surnames that are common in some country, together, by lot."""
    from names_dataset import NameDataset

    data, lot = NameDataset(), random.Random(7)

    def common(table: dict, rank: int) -> list[str]:
        ranks = ((name, ((facts or {}).get("rank") or {}).values()) for name, facts in table.items())
        return [name for name, own in ranks if name.isascii() and any(place and place <= rank for place in own)]

    given, family = common(data.first_names, 2000), common(data.last_names, 3000)
    for _ in range(count):
        a, b = lot.choice(given), lot.choice(family)
        ways = (f"{b} {a}", f"{a} {b}", f"{b}, {a}", f"{b.upper()}, {a.upper()}", f"{a[0]}. {b}", f"{b} {a[0]}")
        yield lot.choice((*ways, f"{b}{a}", f"{b}^{a}"))


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--audit", action="store_true", help="look the words of all other files up instead")
    instead.add_argument("--names", action="store_true", help="print names instead")
    instead.add_argument("--pairs", type=int, metavar="N", help="print N pairs of names instead")
    arguments = parser.parse_args()
    if arguments.audit:
        audit()
    elif arguments.names:
        print(*sorted(name for name in names() if name.replace(" ", "").isalpha()), sep="\n")
    elif arguments.pairs:
        print(*pairs(arguments.pairs), sep="\n")
    else:
        write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
