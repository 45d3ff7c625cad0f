"""What the generated text says: invented names, ids, dates, measurements, labels, sentences and noise words.

The detector is to find text whatever it says, so noise words and single letters are as welcome as real phrases.
"""

from chance import Chance

SURNAMES = (
    "DOE SMITH JOHNSON GARCIA MUELLER KOWALSKI OKAFOR NGUYEN PATEL ROSSI IVANOV HANSEN DUBOIS KIM TANAKA SILVA BROWN "
    "WILLIAMS COHEN HADDAD ANDERSSON NOVAK PETROV LEE ZHOU FERNANDEZ ODONNELL MARTIN"
).split()
GIVEN_NAMES = (
    "JANE JOHN MARIA ANNA PETER LUKAS IVAN SOFIA EMMA OMAR LI WEI HANS PIERRE CARLOS YUKI FATIMA DAVID SARAH THOMAS "
    "JULIA MICHAEL BEATRIZ"
).split()
ACCENTED_NAMES = (
    "Müller|Łukasz|Núñez|Göran Åström|Zoë Brontë|François|Jiří Dvořák|Søren Kjær|José Peña|Şahin Yıldız|Ágnes Kővári"
    "|Žižek|Müller^Jörg|Łukasz Żółć|Björk|Čapek Šárka|Ümit Öztürk|Håkon Ørn"
).split("|")
OTHER_SCRIPTS = {
    "cjk": (
        "王小明|李娜|张伟|陈美玲|山田太郎|佐藤花子|高橋健一|鈴木一郎|王芳 女 45岁|患者姓名 刘洋|氏名 田中美咲|欧阳修"
        "|上海市第一人民医院|超声检查|出生日期 1956年03月12日|左|右|腹部|検査日 2019/05/11|性别:男"
    ).split("|"),
    "cyrillic": (
        "Иванов Иван|ПЕТРОВА АННА|Дата рождения: 12.03.1956|Отделение УЗИ|Больница №4|Жен.|Муж 45 лет|Сидоренко О.П."
        "|Печень|Παπαδόπουλος|Γεώργιος|Ημ/νία 12/03/2011|Нгуен|ЩУКИН Ю.Ж."
    ).split("|"),
    "arabic": "محمد أحمد|فاطمة الزهراء|تاريخ الميلاد|مستشفى المركز|علي حسن|ذكر|أنثى ٤٥|رقم الملف ٢٣٤٥٦".split("|"),
    "hebrew": "ישראל ישראלי|כהן שרה|תאריך לידה|בית חולים|לוי דוד|זכר|נקבה".split("|"),
    "thai": "สมชาย ใจดี|โรงพยาบาล|วันเกิด".split("|"),
    "devanagari": "राम कुमार|अस्पताल|जन्म तिथि".split("|"),
}
OTHER_SCRIPT_WEIGHTS = {"cjk": 5, "cyrillic": 3, "arabic": 2, "hebrew": 2, "thai": 1, "devanagari": 1}
INSTITUTIONS = (
    "General Hospital|St. Mary Medical Center|UNIV HOSPITAL|City Clinic Radiology|Klinikum Nord|Hôpital Central"
    "|Memorial Health|VA MED CTR|Sonography Lab|IMAGING CENTER|Radiologie Dr. Huber"
).split("|")
LABELS = (
    "M F L R 45Y 062Y AP PA LT RT A P 1 7 12 3/4 LAT II S H MJ JD kV #9 V G B I N X 0 5 10 15 20 cm m/s Hz dB mm L/R "
    "B7 D 1.0 -0.5 .42 -.42 PWR C 48 Rt. Lt. *** RAO LAO ERECT SUPINE FL W L: I:1 H-F aVR V1 V6 III bpm 1 2 A B"
).split()
WORDS = (
    "gain depth map dyn range persist frame rate focus left right kidney liver long trans sag lobe upper lower mid "
    "ovary uterus cardiac apex valve PWR CINE FREEZE preset general abdomen small parts thyroid carotid patient name "
    "study series image exposure the of and to findings impression normal no evidence of acute disease referred by "
    "history date birth report signed"
).split()
ALPHABETS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "ABCDEFGHJKLMNPRSTUVWXYZ0123456789",
    "etaoinshrdlu",
)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
MARKERS = "LRMFDASPIVX17"
CAPITALS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def digits(chance: Chance, count: int) -> str:
    return "".join(chance.pick("0123456789") for _ in range(count))


def date(chance: Chance) -> str:
    year, month, day = chance.whole(1930, 2026), chance.whole(1, 12), chance.whole(1, 28)
    name = chance.pick(MONTHS)
    return chance.pick(
        [
            f"{year}-{month:02d}-{day:02d}",
            f"{month:02d}/{day:02d}/{year}",
            f"{day:02d}.{month:02d}.{year}",
            f"{year}{month:02d}{day:02d}",
            f"{day:02d}-{name}-{year}",
            f"{month:02d}/{day:02d}/{year % 100:02d}",
            f"{day:02d} {name.upper()} {year}",
            f"{year}.{month:02d}.{day:02d}",
        ]
    )


def clock(chance: Chance) -> str:
    minute = chance.whole(0, 59)
    if chance.happens(0.5):
        return f"{chance.whole(0, 23):02d}:{minute:02d}:{chance.whole(0, 59):02d}"
    return f"{chance.whole(1, 12)}:{minute:02d} {chance.pick(['AM', 'PM'])}"


def noise_word(chance: Chance, longest: int = 11) -> str:
    alphabet = chance.pick(ALPHABETS)
    return "".join(chance.pick(alphabet) for _ in range(chance.whole(1, longest)))


def person(chance: Chance) -> str:
    if chance.happens(0.2):
        return chance.pick(ACCENTED_NAMES)
    surname, given = chance.pick(SURNAMES), chance.pick(GIVEN_NAMES)
    if chance.happens(0.25):
        surname, given = noise_word(chance), noise_word(chance)
    return chance.pick(
        [
            f"{surname}^{given}",
            f"{surname}, {given}",
            f"{surname.title()}, {given.title()}",
            f"{given.title()} {surname.title()}",
            f"{surname} {given} {chance.pick('ABCDEFGHJKLMPRSTW')}",
            surname,
            surname.title(),
        ]
    )


def identifier(chance: Chance) -> str:
    return chance.pick(
        [
            f"MRN {digits(chance, 8)}",
            f"ID: {digits(chance, 7)}",
            f"{digits(chance, 3)}-{digits(chance, 2)}-{digits(chance, 4)}",
            f"Acc# {chance.pick('ABCDEX')}{digits(chance, 9)}",
            f"PID{digits(chance, 6)}",
            digits(chance, 10),
            f"DOB: {date(chance)}",
        ]
    )


def measurement(chance: Chance) -> str:
    share, size, small = chance.number(0, 1), chance.whole(20, 99), chance.whole(1, 20)
    return chance.pick(
        [
            f"MI {share * 1.9:.1f}",
            f"{share * 20:.2f} cm",
            f"Gn {size}",
            f"FR {size}Hz",
            f"Dist {share * 9:.2f}cm",
            "C5-1 / Abd",
            f"DR {size}",
            f"{small}.0 MHz",
            f"TIS<{share:.1f} MI={share:.1f} AO=100%",
            f"HR= {size + 30}bpm",
            "RT KIDNEY LONG",
            "GB SAG",
            "CHEST PA PORTABLE",
            f"W {size * 9} L {small}",
            f"{size}%",
            f"{size}mm/s",
            f"{small / 20:.2f}"[1:],
            f"-{share * 3:.1f}",
        ]
    )


def sentence(chance: Chance, fewest: int = 4, most: int = 9) -> str:
    return " ".join(chance.pick(WORDS) for _ in range(chance.whole(fewest, most)))


def long_line(chance: Chance) -> str:
    kind = chance.whole(0, 3)
    if kind == 0:
        return f"{chance.pick(SURNAMES)}^{chance.pick(GIVEN_NAMES)} {date(chance)} MRN {digits(chance, 8)}"
    if kind == 1:
        return f"Patient: {person(chance)}  DOB: {date(chance)}  Sex: {chance.pick('MF')}"
    if kind == 2:
        return f"{chance.pick(INSTITUTIONS)}  {date(chance)} {clock(chance)}  {person(chance)}"
    return sentence(chance)


def label(chance: Chance) -> str:
    """One to four characters, as beside axes and in corners."""
    return chance.pick(LABELS) if chance.happens(0.7) else noise_word(chance, 3)


def words(chance: Chance) -> str:
    count = chance.whole(1, 3)
    text = " ".join(noise_word(chance) if chance.happens(0.5) else chance.pick(WORDS) for _ in range(count))
    return chance.pick([text, text.upper(), text.title()])


def any_text(chance: Chance) -> str:
    draw = chance.weighted(
        {
            person: 18,
            identifier: 12,
            date: 10,
            clock: 5,
            label: 19,
            measurement: 16,
            institution: 4,
            long_line: 8,
            words: 8,
        }
    )
    return draw(chance)


def institution(chance: Chance) -> str:
    return chance.pick(INSTITUTIONS)
