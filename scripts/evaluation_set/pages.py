"""Layouts of scanned pages: forms, letters, faxes, labels with codes, with stamps, handwriting and signatures."""

import io

import barcode
import cv2
import numpy as np
import segno
from barcode.writer import SVGWriter  # noqa: F401  (python-barcode wants a writer to be there)

from . import grounds, marks, words
from .canvas import Canvas, quarter_turns, turned
from .scribe import Picture, layout

INK, BLUE, RED = (25, 25, 30), (25, 35, 140), (175, 25, 35)


def sheet(s, name, width=850, height=1100):
    """Paper as a canvas, gray or colored."""
    channels = 3 if s.chance(0.4) else 1
    picture = np.repeat(grounds.paper(s.g, height, width)[..., None], channels, 2)
    return Canvas(picture, classes=[f"layout:{name}", "scanned_page"])


def scanned(s, canvas, bits=None, turns=None, quality=None):
    """Skews, turns, blurs and adds noise, as scanners and faxes do; returns the picture."""
    width, height = canvas.size
    skew = s.random.uniform(-2.5, 2.5) if s.chance(0.7) else 0.0
    if skew:
        canvas.warp(
            cv2.getRotationMatrix2D((width / 2, height / 2), skew, 1.0),
            width,
            height,
            border=float(s.random.choice([250, 245, 20])),
        )
        mark(canvas, "skewed")
    turns = s.random.choice([0, 0, 0, 1, 2, 3]) if turns is None else turns
    if turns:
        canvas.warp(*quarter_turns(turns, width, height), cv2.INTER_NEAREST)
        mark(canvas, f"page_turned_{90 * turns}")
    blur = s.random.uniform(0.3, 0.8) if s.chance(0.5) else 0
    noise = s.g.standard_normal(canvas.paint.shape[:2])[..., None].astype(np.float32) * s.random.uniform(0, 6)
    for picture in (canvas.paint, canvas.clean):
        if blur:
            picture[:] = cv2.GaussianBlur(picture, (0, 0), blur).reshape(picture.shape)
        picture += noise
    one_bit = s.chance(0.25) if bits is None else bits == 1
    if one_bit:
        speckled = s.g.random(canvas.taken.shape) < s.random.uniform(0, 0.004)
        for picture in (canvas.paint, canvas.clean):
            picture[:] = picture.mean(2, keepdims=True)
            picture[speckled] = 255 - picture[speckled]
        canvas.paint, canvas.clean = canvas.paint[..., :1].copy(), canvas.clean[..., :1].copy()
        mark(canvas, "one_bit")
    jpeg = None if one_bit else (s.random.randint(40, 95) if s.chance(0.5) else None) if quality is None else quality
    return Picture(canvas, "OT", one_bit=one_bit, quality=jpeg)


def mark(canvas, word):
    """Adds a class to all lines."""
    for line in canvas.lines:
        line.classes.append(word)


def paragraph(s, canvas, x, y, pen, count, phi_share=0.1):
    """Sentences below each other; returns where the next line may stand."""
    for _ in range(count):
        if s.chance(phi_share):
            item = (
                f"{s.random.choice(['Re:', 'Seen:', 'cc'])} {words.name(s.random, s.who)}, {words.date(s.random, s.who.birth)}",
                True,
                "name",
            )
        else:
            item = (s.random.choice(words.SENTENCES[s.split]), False, "sentence")
        s.write(canvas, item, x, y, pen, INK)
        y += pen.cap * 2.2
    return y


def signature(s, canvas, x, y, width, height):
    """A scrawl: loops along a base line, as a line of the kind signature."""
    count = s.random.randint(6, 12)
    t = np.linspace(0, count * 2 * np.pi, 60 * count)
    swell = np.interp(t, np.linspace(0, t[-1], count + 1), s.g.uniform(0.15, 1, count + 1))
    swell[:60] = 1
    xs = t / t[-1] * width * 0.85 + np.sin(t * s.random.uniform(0.8, 1.1)) * width * 0.05
    ys = height * 0.6 - np.abs(np.cos(t / 2)) * swell * height * 0.55 + np.sin(t * 0.37) * height * 0.08
    points = np.stack([xs + width * 0.05, ys + 4], 1)
    mask = np.zeros((int(height) + 12, int(width) + 12), np.uint8)
    cv2.polylines(
        mask, [np.round(points * 16).astype(np.int32)], False, 255, s.random.choice([2, 2, 3]), cv2.LINE_AA, 4
    )
    if s.chance(0.4):
        cv2.line(mask, (5, int(height * 0.8)), (int(width * 0.9), int(height * 0.65)), 255, 2, cv2.LINE_AA)
    ink = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    mask = mask[ink[0][0] : ink[0][-1] + 1, ink[1][0] : ink[1][-1] + 1].astype(np.float32) / 255
    canvas.put(
        mask,
        int(x),
        int(y),
        s.random.choice([INK, BLUE]),
        cap=height * 0.55,
        text="(signature)",
        phi=True,
        classes=["kind:signature", "font:hand", "signature"],
        gap=2,
    )


def stamp(s, canvas, x, y, texts, color=None):
    """A rubber stamp: a frame and lines at an angle, unevenly inked."""
    color = color or s.random.choice([BLUE, RED, (90, 30, 120)])
    pen = s.pen(s.random.uniform(12, 20), "sans mono")
    degrees = s.random.uniform(-9, 9)
    wide = int(max(len(text) for text, _, _ in texts) * pen.cap * 0.95 + 30)
    high = int(len(texts) * pen.cap * 2.8 + 12)
    matrix = cv2.getRotationMatrix2D((0, 0), degrees, 1)[:, :2]
    corners = (np.array([[0, 0], [wide, 0], [wide, high], [0, high]]) @ matrix.T + [x, y]).astype(np.int32)
    canvas.both(lambda picture: cv2.polylines(picture, [corners], True, marks.value(canvas, color), 2, cv2.LINE_AA))
    for index, (text, phi, kind) in enumerate(texts):
        drawn = s.fonts.mask(pen.font, text, pen.cap, True)
        if drawn is None:
            continue
        mask = turned(drawn[0], degrees)
        patchy = np.clip(grounds.smooth(s.g, *mask.shape, 4) * 1.4 + 0.35, 0.35, 1)
        start = np.array([14 + drawn[0].shape[1] / 2, 12 + (index * 2.8 + 0.8) * pen.cap]) @ matrix.T + [x, y]
        canvas.put(
            mask * patchy,
            int(start[0] - mask.shape[1] / 2),
            int(start[1] - mask.shape[0] / 2),
            color,
            cap=drawn[1],
            text=text,
            phi=phi,
            classes=[f"kind:{kind}", f"font:{pen.style}", "stamp", "slanted"],
            gap=0,
        )


def code_mask(s, kind, text):
    """A QR code or Code 128 as a mask of its dark modules."""
    if kind == "qr":
        matrix = np.array([list(row) for row in segno.make(text, error="m", micro=False).matrix], np.float32)
        return np.kron(matrix, np.ones((s.random.randint(2, 5),) * 2, np.float32))
    modules = barcode.get_barcode_class("code128")(text).build()[0]
    row = np.array([int(module) for module in modules], np.float32)
    row = row[np.flatnonzero(row)[0] : np.flatnonzero(row)[-1] + 1]
    return np.kron(row[None], np.ones((s.random.randint(36, 70), s.random.choice([1, 2, 2, 3])), np.float32))


def code(s, canvas, kind, text, x, y):
    """Puts a code on the page with its quiet zone; it identifies the patient."""
    mask = code_mask(s, kind, text)
    quiet = 16
    marks.box(canvas, x - quiet, y - quiet, mask.shape[1] + 2 * quiet, mask.shape[0] + 2 * quiet, None, 250)
    canvas.put(
        mask,
        int(x),
        int(y),
        INK,
        cap=float(mask.shape[0]),
        text=text,
        phi=True,
        classes=[f"kind:{kind}", "font:code", "code"],
        gap=4,
    )
    return mask.shape


@layout("report", "page_form", 14)
def form(s):
    """A request form: boxes with printed labels, filled by hand or by printer, a stamp, a signature."""
    canvas = sheet(s, "page_form")
    head, label = s.pen(s.random.uniform(15, 24), "sans serif"), s.pen(s.random.uniform(8.8, 11), "sans serif")
    s.write(canvas, s.item("institution"), 60, 70, head, INK)
    s.write(canvas, ("REQUEST FOR EXAMINATION", False, "title"), 60, 115, s.pen(14, "sans serif"), INK)
    y = 150
    filled = s.random.choice(["hand", "mono"])
    for field, kind in (
        ("Surname, first name", "name"),
        ("Date of birth", "date"),
        ("Patient no.", "id"),
        ("Referrer", "physician"),
        ("Ward", "institution"),
    ):
        marks.box(canvas, 60, y, 730, 56, (110, 110, 110))
        s.write(canvas, (field, False, "field"), 66, y + 6 + label.cap, label, (70, 70, 80))
        text = {"date": lambda: words.date(s.random, s.who.birth), "id": lambda: s.who.number}.get(
            kind, lambda: s.item(kind)[0]
        )()
        pen = s.pen(s.random.uniform(15, 24) if filled == "hand" else s.random.uniform(11, 15), filled)
        tags = ["handwriting"] if filled == "hand" else []
        s.write(canvas, (text, True, kind), 240, y + 42, pen, s.random.choice([BLUE, INK]), classes=tags)
        y += 66
    body = s.pen(s.random.uniform(8.8, 12), "sans serif mono")
    y = paragraph(s, canvas, 66, y + 40, body, 9)
    hand = s.pen(s.random.uniform(14, 26), "hand")
    for text in (words.SENTENCES[s.split][s.random.randrange(4)][:34], f"{words.name(s.random, s.who)}"):
        s.write(
            canvas,
            (text, True, "note"),
            90,
            y + 40,
            hand,
            BLUE,
            classes=["handwriting"],
            degrees=s.random.uniform(-3, 3),
        )
        y += hand.cap * 2.6
    stamp(s, canvas, 480, 830, [s.item("institution"), s.item("date")])
    signature(s, canvas, 80, 960, s.random.uniform(150, 260), s.random.uniform(40, 75))
    return scanned(s, canvas)


@layout("report", "page_notes", 14)
def notes(s):
    """A sheet of notes by hand: lines of several hands and sizes, on rules or blank, initialed and signed."""
    canvas = sheet(s, "page_notes", 800, 1000)
    if s.chance(0.5):
        for y in range(120, 960, 44):
            marks.rule(canvas, (40, y), (760, y), (170, 185, 210))
    hand, y = s.pen(s.random.uniform(12, 26), "hand"), 110
    while y < 880:
        if s.chance(0.15):
            hand = s.pen(s.random.uniform(12, 30), "hand")
        text = s.random.choice(
            [s.item("name")[0], s.item("date")[0], s.item("id")[0], s.random.choice(words.SENTENCES[s.split])]
        )
        s.write(
            canvas,
            (text, True, "note"),
            s.random.uniform(45, 120),
            y,
            hand,
            s.random.choice([INK, BLUE, BLUE]),
            classes=["handwriting"],
            degrees=s.random.uniform(-2.5, 2.5) or 0.1,
        )
        y += max(44, hand.cap * 2.6)
    stamp(
        s,
        canvas,
        s.random.uniform(420, 520),
        s.random.uniform(200, 800),
        [s.item("institution"), s.item("date"), s.item("physician")],
    )
    signature(s, canvas, s.random.uniform(60, 480), 900, s.random.uniform(140, 260), s.random.uniform(40, 70))
    return scanned(s, canvas)


@layout("report", "page_letter", 10)
def letter(s):
    """A typed letter with head, address, paragraphs and a signature."""
    canvas = sheet(s, "page_letter")
    body = s.pen(s.random.uniform(8.8, 12.5), "serif sans mono")
    s.write(
        canvas,
        s.item("institution"),
        790,
        80,
        s.pen(s.random.uniform(14, 22), "serif sans"),
        s.random.choice([INK, (20, 70, 120)]),
        "right",
    )
    for index, item in enumerate(
        [s.item("physician"), s.item("institution"), (s.who.place, True, "place"), s.item("date")]
    ):
        s.write(canvas, item, 70, 150 + index * body.cap * 2.3, body, INK)
    s.write(
        canvas,
        (f"Re: {words.name(s.random, s.who)}, born {words.date(s.random, s.who.birth)}, {s.who.number}", True, "name"),
        70,
        290,
        body,
        INK,
    )
    y = paragraph(s, canvas, 70, 340, body, s.random.randint(10, 17), 0.15)
    s.write(canvas, ("Yours sincerely", False, "sentence"), 70, y + 20, body, INK)
    signature(s, canvas, 90, y + 45, s.random.uniform(140, 240), s.random.uniform(40, 70))
    s.write(canvas, s.item("physician"), 70, min(1050, y + 150), body, INK)
    stamp(s, canvas, 420, min(950, y + 60), [s.item("date"), s.item("name")])
    return scanned(s, canvas)


@layout("report", "page_fax", 8)
def fax(s):
    """A one-bit fax with a header line, low resolution and dirt."""
    canvas = sheet(s, "page_fax", 760, 980)
    pen = s.pen(s.random.uniform(9, 12), "mono sans bitmap")
    s.write(
        canvas,
        (f"{words.date(s.random, s.who.date)} {words.clock(s.who.time)}  {s.who.institution}  P.01", True, "date"),
        30,
        26,
        s.pen(9, "mono bitmap"),
        INK,
    )
    for index, text in enumerate(["Name", "Born", "No.", "From"]):
        s.write(canvas, (text, False, "field"), 60, 110 + index * 34, pen, INK)
        s.write(canvas, s.item(["name", "date", "id", "institution"][index]), 190, 110 + index * 34, pen, INK)
    y = paragraph(s, canvas, 60, 290, pen, 14, 0.2)
    s.write(
        canvas,
        (s.item("name")[0], True, "note"),
        110,
        y + 60,
        s.pen(s.random.uniform(18, 30), "hand"),
        INK,
        classes=["handwriting"],
    )
    signature(s, canvas, 400, y + 30, 200, 60)
    return scanned(s, canvas, bits=1)


@layout("report", "page_codes", 12)
def codes(s):
    """A sheet of labels: QR codes and Code 128 with what they say below them."""
    canvas = sheet(s, "page_codes", 820, 900)
    pen = s.pen(s.random.uniform(9, 13), "sans mono")
    for row in range(3):
        for column in range(2):
            x, y = 50 + column * 390, 50 + row * 280
            marks.box(canvas, x, y, 360, 250, (120, 120, 120))
            s.write(canvas, s.item("name"), x + 12, y + 24, pen, INK)
            s.write(canvas, s.item("date"), x + 12, y + 24 + pen.cap * 2, pen, INK)
            kind = "qr" if (row + column) % 2 == 0 else "code128"
            text = f"{s.who.number};{s.who.family}" if kind == "qr" else s.who.accession
            height, _ = code(s, canvas, kind, text, x + 28, y + 42 + pen.cap * 3)
            s.write(
                canvas, (s.who.accession, True, "id"), x + 28, min(y + 244, y + 62 + pen.cap * 4 + height), pen, INK
            )
    return scanned(s, canvas, bits=8)


@layout("tune", "tune_page_report", 12)
def tune_report(s):
    """Two columns of text, a name line, a signature and a note by hand."""
    canvas = sheet(s, "tune_page_report", 900, 1100)
    pen = s.pen(s.random.uniform(8.8, 12), "serif sans mono")
    s.write(canvas, s.item("institution"), 450, 60, s.pen(s.random.uniform(14, 24), "sans serif"), INK, "center")
    s.write(canvas, s.item("name"), 60, 120, pen, INK)
    s.write(canvas, s.item("date"), 840, 120, pen, INK, "right")
    left, right = paragraph(s, canvas, 60, 170, pen, 14), paragraph(s, canvas, 480, 170, pen, 14)
    for index in range(3):
        s.write(
            canvas,
            (s.item("name")[0], True, "note"),
            80,
            max(left, right) + 60 + index * 60,
            s.pen(s.random.uniform(14, 28), "hand"),
            BLUE,
            classes=["handwriting"],
        )
    signature(s, canvas, 520, max(left, right) + 60, 220, 60)
    return scanned(s, canvas)


@layout("tune", "tune_page_card", 8)
def card(s):
    """An insurance card and a label with a code, copied onto a page."""
    canvas = sheet(s, "tune_page_card", 700, 800)
    marks.box(canvas, 90, 80, 480, 300, (60, 60, 60), (215, 228, 240))
    pen = s.pen(s.random.uniform(10, 16), "sans mono")
    for index, item in enumerate([s.item("institution"), s.item("name"), s.item("id"), s.item("date")]):
        s.write(canvas, item, 120, 140 + index * 55, pen, (20, 30, 60))
    code(s, canvas, "qr", s.who.number, 150, 460)
    code(s, canvas, "code128", s.who.accession, 320, 480)
    stamp(s, canvas, 330, 640, [s.item("date"), s.item("institution")])
    return scanned(s, canvas)
