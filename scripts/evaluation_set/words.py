"""What the lines say. Everybody and everything here is invented; the splits share no name, place or institution."""

from dataclasses import dataclass

PEOPLE = {
    "tune": {
        "family": "Abernathy Bellweather Carmody Dunleavy Eastwick Fairbairn Galbraith Hathersage Inglethorpe Jessop Kettering "
                  "Lockhart Mossman Netherby Orchard Pemberton Quigley Rosewarne Satterly Tremaine".split(),
        "given": "Adela Bertram Cora Dexter Edwina Floyd Greta Horace Ida Jasper Kitty Lionel Mabel Ned Opal Percy Ruby "
                 "Silas Thelma Winston".split(),
        "accented": ["Grünewald, Jörg", "Béranger, Zoé", "Peñalver, Íñigo", "Strömqvist, Åsa", "Kadlčík, Ondřej",
                     "Żurawski, Łucja", "Gündoğdu, Şule", "Høiland, Bjørn"],
        "place": ["Mossgate", "Harrow End", "Linden Quay", "Port Ashby"],
        "institution": ["Mossgate Infirmary", "Linden Quay Clinic", "St Brannock's Hospital", "Harrow End Imaging"],
        "device": ("Tarn Medical", "Sonatarn T4"),
    },
    "report": {
        "family": "Ashgrove Birtwistle Cavendish Draycott Ellingham Featherstone Gilchrist Hollingbery Ironside Jellicoe Kingsmill "
                  "Lanyon Merriweather Nightingale Oakeshott Pinkerton Ravenhill Stanhope Thistlewood Underhay Vavasour "
                  "Wetherell Yarborough Zellner Brandt Fontaine Marchetti Vukovic Haraldsen Osei Chandra Tavares".split(),
        "given": "Agatha Barnaby Clement Dorothea Ernest Felicity Gideon Harriet Isidore Josephine Kenneth Lavinia Magnus "
                 "Nerys Octavia Phineas Rosalind Septimus Tabitha Ursula Vernon Wilhelmina Xenia Yvette Zachary Milan "
                 "Aneta Kwame Priya Rui".split(),
        "accented": ["Müllenbrück, Jürgen", "D'Arçonnel, Hélène", "Ibáñez Nuño, Begoña", "Sjöstrand, Håkan",
                     "Řezníčková, Žofie", "Śliwiński, Wół", "Çağlayan, İpek", "Kjærgård, Søren", "Győrffy, Ödön",
                     "Țurcanu, Ștefan", "Brândușă, Ana", "Þórsdóttir, Guðný"],
        "place": ["Ravensmoor", "Kesterfield", "Aldermarsh", "Vale of Thorne", "Brightwater"],
        "institution": ["Ravensmoor Royal Infirmary", "Kesterfield General", "Aldermarsh Heart Centre",
                        "Brightwater Women's Clinic", "Thorne Valley Radiology", "Klinik am Seeufer",
                        "Hôpital des Trois Fontaines"],
        "device": ("Corvid Imaging", "Rook 900"),
    },
}

# Names and labels in other scripts: (text, is it PHI, what it is).
SCRIPTS = {
    "tune": {
        "cjk": [("赵文博", True, "name"), ("钱雪梅", True, "name"), ("中村和也", True, "name"), ("浜田由紀", True, "name"),
                ("云山县人民医院", True, "institution"), ("出生 1961-07-02", True, "date"), ("肝右叶", False, "label"),
                ("増幅 45", False, "setting")],
        "cyrillic": [("Вершинин Глеб", True, "name"), ("ЗАЙЦЕВА ОЛЬГА", True, "name"),
                     ("Дата 14.02.1959", True, "date"),
                     ("Больница Светлая", True, "institution"), ("Почка левая", False, "label")],
        "greek": [("Καλλέργης Νίκος", True, "name"), ("ΜΑΥΡΙΔΟΥ ΕΛΕΝΗ", True, "name"), ("Ήπαρ δεξιά", False, "label")],
        "arabic": [("سامر الخطيب", True, "name"), ("ليلى منصور", True, "name"), ("مستشفى الواحة", True, "institution"),
                   ("الكلية اليسرى", False, "label")],
        "hebrew": [("נועם ברקת", True, "name"), ("תמר שגיא", True, "name"), ("מרפאת הגליל", True, "institution"),
                   ("כליה שמאל", False, "label")],
        "hangul": [("박서준", True, "name"), ("최은지", True, "name"), ("한빛병원", True, "institution")],
    },
    "report": {
        "cjk": [("司马晓东", True, "name"), ("孙丽华", True, "name"), ("冯国强 男 58岁", True, "name"), ("小笠原誠", True, "name"),
                ("橋本さくら", True, "name"), ("ミズノ タケシ", True, "name"), ("清溪市第三医院", True, "institution"),
                ("青葉中央病院", True, "institution"), ("生年月日 1948年11月23日", True, "date"), ("检查号 40917752", True, "id"),
                ("胆囊长轴", False, "label"), ("右室流出路", False, "label"), ("深度 16 cm", False, "setting"),
                ("左腎 長軸", False, "label")],
        "cyrillic": [("Ладыгин Тимофей", True, "name"), ("ЩЕРБАТОВА ЮЛИЯ", True, "name"),
                     ("Йовович Зоран", True, "name"),
                     ("Ґонта Їжак", True, "name"), ("Дата рожд. 30.09.1944", True, "date"),
                     ("ИД 7718-30452", True, "id"),
                     ("Клиника Озёрная", True, "institution"), ("Щитовидная железа", False, "label"),
                     ("Глубина 12 см", False, "setting")],
        "greek": [("Ραγκαβής Θωμάς", True, "name"), ("ΞΥΔΑΚΗ ΦΩΤΕΙΝΗ", True, "name"),
                  ("Ημ. γέννησης 08/04/1951", True, "date"),
                  ("Κλινική Αιγαίου", True, "institution"), ("Νεφρός αριστερός", False, "label")],
        "arabic": [("طارق الجبوري", True, "name"), ("هند العتيبي", True, "name"),
                   ("مركز الشفاء الطبي", True, "institution"),
                   ("تاريخ الميلاد ١٩٦٣/٠٥/١٧", True, "date"), ("رقم الملف ٨٨٤٢٠", True, "id"),
                   ("الفص الأيمن", False, "label")],
        "hebrew": [("איתן גולדברג", True, "name"), ("רחל אבני", True, "name"),
                   ("מרכז רפואי הכרמל", True, "institution"),
                   ("ת. לידה 19.06.1957", True, "date"), ("ת.ז. 03418872", True, "id"),
                   ("בלוטת התריס", False, "label")],
        "hangul": [("정하윤", True, "name"), ("강도현 남 47세", True, "name"), ("새벽대학교병원", True, "institution"),
                   ("생년월일 1970.12.05", True, "date"), ("간 우엽", False, "label")],
    },
}

TECHNICAL = {
    "tune": {
        "us": ["AG 61", "Pwr 90", "Rng 70 dB", "Freq 6 MHz", "TIB 0.6", "MI 0.8", "Prst 3", "2D Gen", "Zm 1.2x",
               "Cmpd 2",
               "Res/Spd", "FPS 31", "Edge +1", "Focus 4.0", "D 9 cm"],
        "view": ["LK LONG", "RK TRANS", "SPLEEN", "AORTA PROX", "CBD", "THYROID L", "A4C", "PLAX"],
        "dose": ["mAs 210", "kVp 120", "DLP 311", "CTDI 8.4", "Pitch 1.2"],
        "xr": ["AP ERECT", "LATERAL", "PORTABLE", "SUPINE"],
    },
    "report": {
        "us": ["Gn 48", "DR 66", "FR 27 Hz", "AO% 100", "TIs 0.3", "MI 1.21", "Persist 3", "Map E/2", "CHI", "9L-D",
               "C1-6 OB",
               "PRF 1.4k", "WF Med", "Frq 3.5", "HRes", "SRI 4", "X-Vue", "S/A 2/1", "Dpth 14.0", "THI On",
               "Fr 212/480",
               "Auto Opt", "Sample Vol 2 mm", "Angle 58°", "Sweep 66.7", "HR 74 bpm"],
        "view": ["RT LOBE SAG", "GB NECK", "PANC TAIL", "LT OVARY TV", "CCA DIST", "MV INFLOW", "SUBCOSTAL", "APEX 2CH",
                 "BLADDER PRE", "CX LENGTH", "FEM HEAD", "PARASTERNAL SAX"],
        "dose": ["Total DLP", "CTDIvol", "kV", "mA", "Rot s", "Scan", "Topogram", "Thorax 1.0", "Abdomen Ven"],
        "xr": ["PA UPRIGHT", "L LAT DECUB", "MOBILE 90", "OBLIQUE 30", "NON WB", "CROSS TABLE", "EXP 2.5 mAs", "70 kV"],
    },
}

SENTENCES = {
    "tune": ["The gall bladder is thin walled.", "No free fluid was seen.", "Reviewed with the duty consultant.",
             "Both kidneys measure within normal limits.", "Please repeat in six months."],
    "report": ["The left ventricle is of normal size and systolic function.",
               "Trace regurgitation across the mitral valve.",
               "There is a simple cyst in the upper pole, 14 mm across.",
               "Comparison is made with the earlier examination.",
               "No focal consolidation, effusion or pneumothorax.", "Clinical question: persistent cough, weight loss.",
               "Recommend follow-up imaging in three months.", "Discussed by telephone with the referring ward.",
               "Allergies: none known. Weight 71 kg, height 168 cm.",
               "Contrast 80 ml given at 3 ml/s without incident."],
}


@dataclass
class Person:
    """Whose picture it is: the header and the PHI lines tell the same."""

    family: str
    given: str
    sex: str
    birth: str
    number: str
    accession: str
    institution: str
    place: str
    physician: str
    date: str
    time: str
    device: tuple


def person(random, split):
    """Invents a person and a visit."""
    pool = PEOPLE[split]
    if random.random() < 0.25:
        family, given = random.choice(pool["accented"]).split(", ")
    else:
        family, given = random.choice(pool["family"]), random.choice(pool["given"])
    day = lambda first, last: f"{random.randint(first, last)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}"
    digits = lambda count: "".join(random.choice("0123456789") for _ in range(count))
    return Person(
        family=family,
        given=given,
        sex=random.choice("MF"),
        birth=day(1934, 2015),
        number=random.choice([digits(8), digits(6), f"{random.choice('KRVQ')}{digits(7)}"]),
        accession=random.choice([f"A{digits(9)}", digits(10), f"{random.choice(['XR', 'US', 'CT'])}-{digits(6)}"]),
        institution=random.choice(pool["institution"]),
        place=random.choice(pool["place"]),
        physician=f"{random.choice(pool['family'])} {random.choice(pool['given'])[0]}",
        date=day(2016, 2025),
        time=f"{random.randint(6, 21):02d}{random.randint(0, 59):02d}{random.randint(0, 59):02d}",
        device=pool["device"],
    )


MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def date(random, value):
    """Writes YYYYMMDD in one of the ways that devices do."""
    y, m, d = value[:4], value[4:6], value[6:]
    return random.choice(
        [
            f"{y}-{m}-{d}",
            f"{d}.{m}.{y}",
            f"{m}/{d}/{y}",
            f"{d} {MONTHS[int(m) - 1]} {y}",
            f"{y}/{m}/{d}",
            f"{MONTHS[int(m) - 1].upper()} {d}, {y}",
            f"{d}-{MONTHS[int(m) - 1]}-{y[2:]}",
        ]
    )


def clock(value):
    """Writes HHMMSS with colons."""
    return f"{value[:2]}:{value[2:4]}:{value[4:]}"


def name(random, who):
    """Writes a name in one of the ways that devices do."""
    return random.choice(
        [
            f"{who.family}, {who.given}",
            f"{who.family.upper()}^{who.given.upper()}",
            f"{who.given} {who.family}",
            f"{who.family.upper()} {who.given}",
            f"{who.family.upper()}, {who.given.upper()}",
        ]
    )


def phi(random, who, kind=None):
    """Returns (text, True, kind) of something that identifies `who`."""
    kind = kind or random.choice("name name date date id id institution physician age".split())
    text = {
        "name": lambda: name(random, who),
        "date": lambda: random.choice(
            [
                date(random, who.birth),
                date(random, who.date),
                f"DOB {date(random, who.birth)}",
                f"{date(random, who.date)} {clock(who.time)}",
                f"*{date(random, who.birth)}",
            ]
        ),
        "id": lambda: random.choice(
            [who.number, f"ID {who.number}", f"Acc {who.accession}", who.accession, f"MRN: {who.number}"]
        ),
        "institution": lambda: random.choice(
            [who.institution, who.institution.upper(), f"{who.institution}, {who.place}"]
        ),
        "physician": lambda: random.choice(
            [f"Dr. {who.physician}", f"Ref: {who.physician}", f"Op {who.physician[:2].upper()}"]
        ),
        "age": lambda: f"{who.sex} {int(who.date[:4]) - int(who.birth[:4])}Y",
    }[kind]()
    return text, True, kind


def technical(random, split, kind="us"):
    """Returns (text, False, kind) of something that any picture may show."""
    if kind == "measurement":
        text = random.choice(
            [
                f"Dist {random.uniform(0.2, 12):.2f} cm",
                f"D1 {random.uniform(2, 80):.1f} mm",
                f"Area {random.uniform(1, 30):.2f} cm2",
                f"Vmax {random.uniform(20, 420):.0f} cm/s",
                f"EF {random.randint(20, 75)} %",
                f"RI {random.random():.2f}",
            ]
        )
        return text, False, "measurement"
    return random.choice(TECHNICAL[split][kind]), False, {"view": "label"}.get(kind, "setting")
