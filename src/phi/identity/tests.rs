use super::*;
use crate::sensitive::Sensitive;
use proptest::prelude::*;

/// Makes an attribute with the value representation that a keyword has most often.
fn attribute(keyword: &str, value: &str) -> Attribute {
    let vr = match keyword {
        _ if keyword.ends_with("DateTime") => "DT",
        _ if keyword.ends_with("Date") => "DA",
        _ if keyword.ends_with("Time") => "TM",
        _ if keyword.ends_with("Age") => "AS",
        _ if keyword.starts_with('(') || keyword.ends_with("Name") && !keyword.starts_with("Inst") => "PN",
        _ => "LO",
    };
    let number = keyword.bytes().fold(0u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let tag = (0x0010, number);
    Attribute { tag, keyword: keyword.to_owned(), vr: vr.to_owned(), value: Sensitive::new(value.to_owned()) }
}

fn identity(attributes: &[(&str, &str)]) -> Identity {
    Identity::new(attributes.iter().map(|(keyword, value)| attribute(keyword, value)))
}

#[track_caller]
fn assert_found(identity: &Identity, texts: &[&str], expected: bool) {
    let wrong: Vec<&&str> = texts.iter().filter(|text| identity.find(text).is_empty() == expected).collect();
    assert!(wrong.is_empty(), "should be {}: {wrong:?}", if expected { "found" } else { "missed" });
}

#[test]
fn every_rule_holds_its_own_examples() {
    let mut wrong = Vec::new();
    let file = rules::File::embedded();
    assert!(file.reasons().all(|(id, why)| !id.is_empty() && !why.is_empty()));
    for group in file.attributes {
        assert!(!group.examples.is_empty(), "{}", group.id);
        for example in group.examples {
            let identity = identity(&[(&example.keyword, &example.value)]);
            assert_eq!(identity.terms().len(), 1, "{}: {}", group.id, example.value);
            let missed = example.hits.iter().filter(|text| identity.find(text).is_empty());
            wrong.extend(missed.map(|text| format!("{} is missed in {text:?}", example.value)));
            let found = example.misses.iter().filter(|text| !identity.find(text).is_empty());
            wrong.extend(found.map(|text| format!("{} is found in {text:?}", example.value)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn accents_and_spellings_of_names_are_one() {
    let spellings: [(&str, &[&str], &[&str]); 9] = [
        ("Müller^Jörg", &["MULLER", "Mueller", "MÜLLER J", "Müiler", "Joerg", "JORG"], &["MILL", "MILE"]),
        ("Mueller^Joerg", &["MULLER", "Müller", "Jörg"], &["MULE"]),
        ("Groß^Jens", &["GROSS", "GroB", "Gross J"], &["GROW", "GROUP"]),
        ("Łukasz^Żak", &["LUKASZ", "tukasz", "Zak", "Łukasz Żak"], &["LUKE", "ZAP"]),
        ("Sørensen^Åse", &["SORENSEN", "Soerensen", "AASE", "Ase", "S0RENSEN"], &["BASE", "AS"]),
        ("O'Brien^Seán", &["OBRIEN", "O’BRIEN", "O BRIEN", "0'Brien", "Sean", "SEAN OBRIEN"], &["BRAIN", "SPAN 2"]),
        (
            "Garcia-Lopez^Ana",
            &["GARCIA LOPEZ", "GARCIALOPEZ", "Lopez", "ANA GARCIA", "GARCIA-L0PEZ"],
            &["GAIN", "ANAL"],
        ),
        (
            "Muñoz Pérez^María José",
            &["MUNOZ PEREZ", "Perez", "JOSE", "MARIA J MUNOZ", "MUNOZPEREZMARIA"],
            &["MAP", "MARK"],
        ),
        ("Nguyễn^Thị Mai", &["NGUYEN", "Nguyen Thi Mai", "THI MAI NGUYEN", "nguyển"], &["MAP 2", "NG"]),
    ];
    for (name, hits, misses) in spellings {
        let identity = identity(&[("PatientName", name)]);
        assert_found(&identity, hits, true);
        assert_found(&identity, misses, false);
    }
}

#[test]
fn names_in_other_scripts_are_found_with_and_without_spaces() {
    let yamada = identity(&[("PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう")]);
    assert_found(
        &yamada,
        &["山田太郎", "山田 太郎", "山田", "患者:山田太郎様", "やまだ たろう", "YAMADA", "TAROU YAMADA", "山田大郎"],
        true,
    );
    assert_found(&yamada, &["山口", "太", "郎"], false);
    let wang = identity(&[("PatientName", "Wang^XiaoDong=王^小東")]);
    assert_found(&wang, &["王小東", "王 小東", "小東", "XIAODONG", "WANG", "Xiao Dong"], true);
    assert_found(&wang, &["王", "王小明", "DON"], false);
    let hong = identity(&[("PatientName", "Hong^Gildong=洪^吉洞=홍^길동")]);
    assert_found(&hong, &["홍길동", "길동", "洪吉洞", "HONG GILDONG"], true);
    assert_found(&hong, &["홍", "길"], false);
}

const LINES: &[&str] = &[
    "MI 1.2",
    "TIS 0.4",
    "TIS0.4",
    "TIB: 0.5",
    "LT KIDNEY LONG",
    "RT KIDNEY TRANS",
    "12 cm",
    "28 Hz",
    "28Hz",
    "C5-1",
    "Depth 15.0 cm",
    "Gn 60",
    "W: 3498 L: 2000",
    "DR 60 dB",
    "PSV 85.3 cm/s",
    "SAG LIVER L-M",
    "3/3/4",
    "2D",
    "THI",
    "H4.00 MHz",
    "20dB/DR60",
    "MapE/ST2",
    "19fps",
    "Sag Liver L-M",
    "+ Cist Mag",
    "1.06 cm",
    "HGen",
    "1.8 3.6",
    "CINE 0118",
    "44CG43",
    "78F78",
    "630P630",
    "TIS<0.4 MI=0.8 AO=100%",
    "LYMPH",
    "NODE",
    "BREAST",
    "FROZEN",
    "16cm 4326s",
    "R3 A2 P16",
    "4V1c-S",
    "180mm",
    "T1/0/1/4",
    "Gain= 13dB",
    "HR= 61bpm",
    "Normal",
    "HPen-HGen",
    "75 mm/s",
    "PRC 16/4/1 PRS 4",
    "1 Ao Diam",
    "LA Diam",
    "66.67 mm/s",
    "P Low",
    "Pancreas",
    "Dist 1.43 cm",
    "kv 120",
    "mA 200",
    "3.0 mm/1.0sp",
    "Tilt: -0.0",
    "W = 1492 L = 906",
    "Surface",
    "64 Hz",
    "3.0 9.0",
    "FPS: 22/22",
    "f: 2.4 MHz/2.4 MHz",
    "G(c): -5 dB",
    "L25xp/13-6 Ophthalmic",
    "MI: 0.2 TIS: 0.0",
    "Se: 3/2",
    "Im: 1/1",
    "Lat: F",
    "GALLBLADDER",
    "PORTAL VEIN",
    "CAROTID BULB",
    "LVIDd 4.8 cm",
    "E/A 1.2",
    "BPD 8.9 cm",
    "FL 6.5 cm 33w4d",
    "AP",
    "PA",
    "LAO 30",
    "MITRAL VALVE",
    "RV",
    "Aorta",
    "THYROID",
    "TESTIS",
    "HEAD",
    "FOOT",
    "AORTA PROX",
    "PRF 1.5 kHz",
    "WF 60 Hz",
    "Persist Med",
    "Zoom 1.2",
];
const PEOPLE: &[&str] = &[
    "DOE^JANE",
    "SMITH^ANN",
    "JONES^ROBERT^A",
    "BROWN^MARY",
    "GARCIA^JOSE",
    "MILLER^DAVID",
    "WILSON^LINDA",
    "NGUYEN^LAN",
    "SCHMIDT^HANS",
    "MUELLER^ANNA",
    "ROSSI^MARIO",
    "DUBOIS^MARIE",
    "LI^WEI",
    "KIM^MIN",
    "JOHNSON^WILLIAM",
    "ANDERSON^KAREN",
    "TAYLOR^SUSAN",
    "MOORE^JAMES",
    "JANSEN^PIETER",
    "SILVA^JOAO",
    "COHEN^SARAH",
    "KOWALSKI^PIOTR",
    "SINGH^AMRIT",
    "SATO^YUKI",
    "PEREZ^LUIS",
    "HARRIS^EMMA",
    "WEBER^KLAUS",
];

#[test]
fn technical_lines_are_no_ones_name_id_or_date() {
    for person in PEOPLE {
        let rest = [
            ("PatientID", "4711"),
            ("AccessionNumber", "20458813"),
            ("PatientBirthDate", "19600102"),
            ("StudyDate", "20130125"),
        ];
        let time = [
            ("StudyTime", "095312"),
            ("PatientSex", "F"),
            ("PatientTelephoneNumbers", "212-555-0147"),
            ("PatientName", person),
        ];
        let identity = identity(&[rest, time].concat());
        let found: Vec<_> = LINES.iter().filter(|line| !identity.find(line).is_empty()).collect();
        assert!(found.is_empty(), "{person}: {found:?}");
    }
}

#[test]
fn an_age_that_follows_from_birth_and_study_is_found() {
    let adult = identity(&[("PatientBirthDate", "19350316"), ("StudyDate", "20130125")]);
    assert_found(&adult, &["77Y", "(77)", "Age: 77", "M 77", "78Y"], true);
    assert_found(&adult, &["76Y", "77", "77 cm", "79Y"], false);
    let child = identity(&[("PatientBirthDate", "20130101"), ("AcquisitionDateTime", "20130125101500")]);
    assert_found(&child, &["24D", "24 days", "3W", "3 Wochen", "24 jours"], true);
    assert_found(&child, &["25D", "4W", "2D"], false);
    let newborn = identity(&[("PatientBirthDate", "20130125"), ("StudyDate", "20130125"), ("SeriesDate", "20130127")]);
    assert_found(&newborn, &["2D", "0D", "2 days"], true);
    let hit = &adult.find("Age: 77")[0];
    assert_eq!(adult.terms()[hit.term].keyword, "PatientBirthDate");
}

#[test]
fn the_errors_of_the_recognizer_are_forgiven() {
    let identity = identity(&[
        ("PatientName", "JOHNSON^BEATRIZ"),
        ("PatientBirthDate", "19581208"),
        ("PatientID", "B580052S"),
        ("OperatorsName", "WOŁSKI^STANISŁAW"),
    ]);
    let texts = [
        "JOHNSONABEATRIZ",
        "JOHNSON-BEATRIZ",
        "JOHNSONWBEATRIZ",
        "JOHNSONBEATRIZ",
        "J0HN5ON",
        "8EATRIZ",
        "DOB:19581208",
        "DOB:I9S812O8",
        "8S8OO525",
        "BSB0052S",
        "WOtSKI",
        "STANISLAW",
        "WOLSKI",
        "Stanistaw",
        "JOHNSOM",
        "JOHNSONBEATRI",
        "Name:JOHNSON",
    ];
    assert_found(&identity, &texts, true);
}

#[test]
fn values_that_say_nothing_are_no_terms() {
    let nothing = [
        ("PatientName", "ANONYMOUS"),
        ("PatientName", "^^^^"),
        ("PatientID", "N/A"),
        ("PatientBirthDate", "00000000"),
        ("StudyTime", "000000"),
        ("PatientAge", "000Y"),
        ("InstitutionName", "UNKNOWN"),
        ("PatientID", "---"),
        ("StationName", "US"),
        ("PatientSex", ""),
        ("StudyID", "1"),
        ("PatientID", "0000"),
        ("StudyDate", "20131399"),
        ("PatientName", "NO NAME"),
        ("Manufacturer", "ACME"),
        ("InstitutionName", "Medical Center"),
        ("TemplateVersion", "20130125"),
    ];
    for (keyword, value) in nothing {
        assert!(identity(&[(keyword, value)]).terms().is_empty(), "{keyword} {value}");
    }
    assert_found(&identity(&[("PatientName", "TEST")]), &["TEST"], true);
    assert!(Identity::empty().find("DOE").is_empty());
}

#[test]
fn terms_are_in_the_order_of_tags_and_equal_ones_are_one() {
    let mut later = attribute("ReferringPhysicianName", "DOE^JANE");
    later.tag = (0x0040, 0xA123);
    let identity = Identity::new([later, attribute("PatientName", "DOE^JANE"), attribute("PatientName", "DOE^JANE")]);
    assert_eq!(identity.terms().iter().map(|term| term.keyword.as_str()).collect::<Vec<_>>(), ["PatientName"]);
    assert_eq!(identity.find("xx Jane Doe"), [IdentityHit { range: 3..11, term: 0 }]);
}

#[test]
fn debug_shows_no_value() {
    let identity = identity(&[("PatientName", "DOE^JANE"), ("PatientID", "4711"), ("PatientSex", "F")]);
    let shown = format!("{identity:?} {:?}", identity.terms()).to_lowercase();
    assert!(!["doe", "jane", "4711"].iter().any(|value| shown.contains(value)), "{shown}");
}

const VALUES: [(&str, &str); 16] = [
    ("PatientName", "DOE^JANE"),
    ("PatientName", "LI^AN=李^安"),
    ("OperatorsName", "von der Heide^Mary Ann"),
    ("PatientID", "MF-0000013"),
    ("PatientID", "4711"),
    ("PatientBirthDate", "19600102"),
    ("StudyDate", "20130125"),
    ("StudyTime", "095312"),
    ("PatientAge", "053Y"),
    ("PatientSex", "F"),
    ("InstitutionName", "Baptist Medical Center Latour"),
    ("PatientTelephoneNumbers", "212-555-0147"),
    ("StationName", "SONO-LATOUR2"),
    ("PatientAddress", "12 Elm Street, Springfield"),
    ("AcquisitionDateTime", "20130126101500"),
    ("ReferringPhysicianName", "DOE"),
];

const PIECES: [&str; 24] = [
    "DOE",
    "JANE",
    "^",
    "A",
    " ",
    "-",
    ".",
    ":",
    "Li",
    "an",
    "4711",
    "MF0000013",
    "1960",
    "01",
    "02",
    "Jan",
    "25",
    "2013",
    "9:53",
    "PM",
    "53Y",
    "F",
    "Latour",
    "李安",
];

proptest! {
    #[test]
    fn any_text_can_be_searched(text in "\\PC{0,60}", pieces in prop::collection::vec(0..PIECES.len(), 0..10)) {
        let identity = identity(&VALUES);
        let joined = format!("{}{text}{0}", pieces.iter().map(|&at| PIECES[at]).collect::<String>());
        for text in [text, joined] {
            for hit in identity.find(&text) {
                prop_assert!(text.get(hit.range.clone()).is_some_and(|part| !part.is_empty()));
                prop_assert!(hit.term < identity.terms().len());
            }
        }
    }

    #[test]
    fn any_value_can_be_a_term(value in "\\PC{0,40}", kind in 0..VALUES.len(), text in "\\PC{0,20}") {
        let identity = identity(&[(VALUES[kind].0, &value)]);
        for text in [&text, &value] {
            for hit in identity.find(text) {
                prop_assert!(text.get(hit.range).is_some());
            }
        }
    }

    #[test]
    fn a_further_attribute_never_removes_a_hit(
        own in prop::collection::vec(0..VALUES.len(), 0..6),
        further in 0..VALUES.len(),
        pieces in prop::collection::vec(0..PIECES.len(), 0..10),
    ) {
        let text: String = pieces.iter().map(|&at| PIECES[at]).collect();
        let mut values: Vec<(&str, &str)> = own.iter().map(|&at| VALUES[at]).collect();
        let before = identity(&values).find(&text);
        values.push(VALUES[further]);
        let after = identity(&values).find(&text);
        for hit in before {
            let is_there = |other: &IdentityHit| other.range.start <= hit.range.start && hit.range.end <= other.range.end;
            prop_assert!(after.iter().any(is_there), "{:?} of {text:?}", hit.range);
        }
    }
}

/// Prints what reading a realistic header and searching 40 lines cost: `cargo test --release -- --ignored --nocapture`.
#[test]
#[ignore = "prints a timing"]
#[expect(clippy::print_stdout, reason = "the timing is what this is for")]
fn searching_forty_lines_takes_less_than_a_millisecond() {
    let names = [
        "DOE^JANE^MARIA",
        "Garcia-Lopez^Ana",
        "SCHMIDT^HANS^^Dr.",
        "Johannson^Beatriz",
        "NGUYEN^THI MAI",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ];
    let mut attributes: Vec<Attribute> = VALUES.iter().map(|(keyword, value)| attribute(keyword, value)).collect();
    attributes.extend(names.iter().map(|name| attribute("ReferringPhysicianName", name)));
    attributes.extend((0..12).map(|n| attribute("RequestedProcedureID", &format!("RP{}", 2_045_881 + n * 7919))));
    attributes.extend((0..12).map(|n| attribute("SeriesTime", &format!("0953{:02}", n * 3))));
    attributes.extend((0..12).map(|n| attribute("SeriesDate", &format!("201301{:02}", n + 10))));
    let lines: Vec<&str> =
        ["LT KIDNEY LONG AXIS", "Depth 15.0 cm 28 Hz", "W: 3498 L: 2000", "PSV 85.3 cm/s EDV 12"].repeat(10);
    let start = std::time::Instant::now();
    let identity = Identity::new(attributes.clone());
    let built = start.elapsed();
    let start = std::time::Instant::now();
    let runs = 100;
    let hits: usize = (0..runs).map(|_| lines.iter().map(|line| identity.find(line).len()).sum::<usize>()).sum();
    println!(
        "{} terms, {} patterns built in {built:?}; 40 lines searched in {:?}, {hits} hits",
        identity.terms().len(),
        identity.terms().iter().map(|term| term.patterns.len()).sum::<usize>(),
        start.elapsed() / runs
    );
}
