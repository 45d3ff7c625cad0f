use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct File {
    technical: Vec<TechnicalRule>,
}

static GRAMMAR: LazyLock<Technical> = LazyLock::new(|| {
    let file: File = toml::from_str(EMBEDDED).unwrap();
    Technical::new(file.technical).unwrap()
});

/// Common family and given names of many origins.
const NAMES: &str = "
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson
    Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker
    Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell
    Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy
    Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson
    Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross
    Foster Jimenez Powell Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Fisher Vasquez Simmons
    Hart Hand Foot Head May Rose Park Lane Page Will Mark Grant Penny Gene Art Ray Lung Bone Temple Chin Shin Tan Lai
    Chan Wong Li Wang Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Luo Gao Zheng Liang Xie Lian
    Tang Feng Deng Cao Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du Ye Cheng Wei Su Lu Ding Ren Shen Yao Lam Ng
    Cheung Leung Lau Tsang Ho Kwok Yip Tam Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Kwon Hwang Ahn Song Yoo Hong
    Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Mori Abe Ikeda
    Tran Le Pham Hoang Phan Vu Vo Dang Bui Do Ngo Duong Ly Thi Anh Minh Linh Hai Long
    Singh Kumar Sharma Rao Reddy Rai Das Gupta Shah Khan Ali Ahmed Hussain Begum Iyer Nair Menon Pillai Bose Roy Sen Sri
    Mohammed Hassan Ibrahim Abdullah Omar Yusuf Fatima Aisha Zahra Mahmoud Salem Nasser Haddad Khoury Mansour Sayed
    Cohen Levy Mizrahi Peretz Biton Friedman Katz Goldberg Levenstein Stein Adler Rosen Weiss Herz Kopf Hals Magen Bein
    Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf Schröder
    Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Leber Merz Winkel Fuss Sehnert Lang Kern Nagel
    Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Testa Gamba Coscia
    Dubois Durand Leroy Moreau Simon Laurent Lefebvre Michel Bertrand Roux Fournier Girard Legrand Lebras Rene Renee
    Silva Santos Oliveira Souza Lima Pereira Ferreira Alves Ribeiro Carvalho Colon Izquierdo Cervantes Cabeza Leon Sal
    Ivanov Smirnov Kuznetsov Popov Petrov Sokolov Novak Horvat Kovac Nagy Szabo Toth Kowalski Nowak Wisniewski Popa Mas
    Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Berg Lund Sten Alf Lindqvist Virtanen Korhonen Papadopoulos
    Yilmaz Kaya Demir Celik Sahin Ozturk Okafor Adeyemi Mensah Diallo Traore Mwangi Otieno Dlamini Nkosi Abebe Tesfaye
    Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Sandra Margaret Ashley
    Maria Ana Andrea Carmen Lucia Sofia Elena Laura Marta Ines Pilar Isabel Carina Iris Vera Mia Emma Hannah Lea Anna
    Eva Ida Ava Uta Ute Lia Ria Ilia Ira Hal Sid Rex Tad Sid Tom Tim Jim Max Ian Sam Ben Dan Ron Ken Ted Art Per Gen
    John Michael David Robert William Richard Joseph Charles Christopher Daniel Matthew Anthony Donald Steven Paul
    Jose Juan Luis Carlos Jorge Pedro Manuel Francisco Diego Pablo Crisostomo Philip Philippos Corwin Corline Sylvian
    Singleton Crane Coral Sagan Sagner Probert Scarlat Liverpool Renaldo Armstrong Handley Headley Kneeland Longfoot
    Lovelace Osgood Merchant Caldwell Towne Waters Stryker Simpson Hadlock Aspen Juniper Redwood Stone Marker Dolores";

#[test]
fn every_rule_meets_its_own_examples() {
    assert!(GRAMMAR.rules().len() > 20);
    for rule in GRAMMAR.rules() {
        assert!(!rule.hits.is_empty() && !rule.misses.is_empty(), "{} has no examples", rule.id);
    }
}

#[test]
fn names_are_not_technical() {
    // GEN is a preset of frequency (Philips) and stays; it is rare as a name.
    let technical = ["Gen"];
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    assert!(names.len() > 500);
    for (index, name) in names.iter().enumerate() {
        assert_eq!(GRAMMAR.accepts(name).is_some(), technical.contains(name), "{name}");
        let other = names[(index * 7 + 3) % names.len()];
        for pair in [
            format!("{name} {other}"),
            format!("{other}, {name}"),
            format!("{name}^{other}"),
            format!("{name}{other}"),
            format!("{}. {name}", &other[..1]),
            format!("{name} 63Y"),
            format!("{name} 63 M"),
            format!("Dr {name}"),
        ] {
            assert_eq!(GRAMMAR.accepts(&pair), None, "{pair}");
        }
    }
}

#[test]
fn names_that_are_accepted_are_technical_words() {
    // From census lists of 130,000 names, these and a few like them are all that is accepted.
    for word in
        ["KIDNEY", "SPINE", "VEIN", "MASS", "SHADOW", "SHOULDER", "LEFT", "RIGHT", "SURFACE", "PHILIPS", "SIEMENS"]
    {
        assert!(GRAMMAR.accepts(word).is_some(), "{word}");
    }
}

#[test]
fn shared_words_need_company() {
    for line in
        ["LONG", "HEAD", "LONG HEAD", "HAND, LONG", "LONG 5.2 cm", "LONG PHILIPS", "LONG L", "LONG 9L", "LONG 63"]
    {
        assert_eq!(GRAMMAR.accepts(line), None, "{line}");
    }
    for line in ["LONG LIVER", "LT LONG", "RT HAND", "FOOT AP", "HEAD CT", "LTHAND", "KIDNEYLONG"] {
        assert!(GRAMMAR.accepts(line).is_some(), "{line}");
    }
}

#[test]
fn ages_and_identifiers_are_no_measures() {
    for text in ["075V", "075 V", "0118 cm", "P1797.26"] {
        assert!(GRAMMAR.accepts(text).is_none(), "{text}");
    }
    for text in ["75V", "0.75 V", "P 179.26"] {
        assert!(GRAMMAR.accepts(text).is_some(), "{text}");
    }
}

#[test]
fn spaces_at_slashes_and_triangles_are_what_recognizers_make_of_them() {
    for text in ["T1/ 0/1/ 4", "60dB T1/ 0/1/4", "50 mm /s", "\u{25B3}=2"] {
        assert!(GRAMMAR.accepts(text).is_some(), "{text}");
    }
    for text in ["03 / 12 / 1975", "12 /1975", "4711/ 12"] {
        assert!(GRAMMAR.accepts(text).is_none(), "{text}");
    }
}

#[test]
fn spaces_may_be_missing() {
    for (line, glued) in [
        ("LT KIDNEY LONG", "LTKIDNEYLONG"),
        ("TIS 0.4 MI 0.8", "TIS0.4MI0.8"),
        ("Gain = 13 dB", "Gain=13dB"),
        ("H 4.00 MHz", "H4.00MHz"),
        ("12 cm", "12cm"),
        ("PSV 88.2 cm/s", "PSV88.2cm/s"),
        ("BPD 52.1 mm", "BPD52.1mm"),
        ("LVIDd 4.5 cm", "LVIDd4.5cm"),
        ("Store in progress", "Storeinprogress"),
        ("RT KNEE", "RTKNEE"),
        ("1 Ao Diam 3.0 cm", "1AoDiam3.0cm"),
        ("LIVER SPLEEN", "LIVERSPLEEN"),
        ("Riñón derecho", "Riñónderecho"),
        ("6C1 HD", "6C1HD"),
        ("Portal vein 1.2 cm", "Portalvein1.2cm"),
        ("R MLO", "RMLO"),
    ] {
        assert!(GRAMMAR.accepts(line).is_some(), "{line}");
        assert!(GRAMMAR.accepts(glued).is_some(), "{glued}");
    }
}

#[test]
fn what_identifies_is_not_technical() {
    for line in [
        "1962-03-02",
        "02.03.1962",
        "3/2/62",
        "02MAR1962",
        "2 MAR 62",
        "MAR 2",
        "19620302",
        "02/03",
        "1962",
        "03.02",
        "2/62",
        "14:23:53",
        "8:48:26 AM",
        "9:04 am",
        "15:26",
        "+2:09:04",
        "14h23",
        "3:00",
        "63Y",
        "063Y",
        "63 Y",
        "63 yrs",
        "63 years",
        "63M",
        "63 F",
        "M 63",
        "F/63",
        "63/M",
        "M63",
        "45W",
        "005M",
        "030D",
        "M",
        "F",
        "[M]",
        "555-1234",
        "(555) 123-4567",
        "555 123 4567",
        "+49 89 12345",
        "06 12 34 56 78",
        "120907058",
        "00047431395",
        "A578",
        "AB123",
        "ABC123",
        "MF-0000013",
        "12-345-67",
        "123-45-6789",
        "0545234234325V",
        "MRN 123",
        "ID 123",
        "ID: 4",
        "Acc 12",
        "Ex: 2411",
        "Name",
        "Pt",
        "DOB",
        "Dr",
        "Room 3",
        "Bed 3",
        "Ward 4",
        "K1A 0B6",
        "SW1A 1AA",
        "CF10 3AT",
        "75011 PARIS",
        "GE MEDICAL SYSTEMS",
        "BREAST CENTER",
        "HEART HOSPITAL",
        "LIVER CLINIC",
        "a@b.org",
        "www.liver.org",
        "JD",
        "AC",
        "OB",
        "BP",
        "TR",
        "LIVER JD",
        "KIDNEY SMITH",
        "山田太郎",
        "",
        " ",
        "-",
        "...",
        "()",
        "EDD 12/10/2023",
        "LMP",
        "IM: 2024-01-02",
    ] {
        assert_eq!(GRAMMAR.accepts(line), None, "{line}");
    }
}

#[test]
fn the_group_is_that_of_the_first_word() {
    for (line, id) in [
        ("12", "numbers"),
        ("12 LIVER", "abdomen"),
        ("Gn 60", "ultrasound-settings"),
        ("RT LIVER", "laterality"),
        ("12 cm", "units"),
        ("C5-1", "transducers"),
    ] {
        assert_eq!(GRAMMAR.accepts(line).map(|found| found.id), Some(id), "{line}");
    }
}

#[test]
fn bad_rules_are_refused() {
    let rule = || TechnicalRule { id: "own".into(), why: "test".into(), ..TechnicalRule::default() };
    let problem = |rules: Vec<TechnicalRule>| Technical::new(rules).unwrap_err().problem;
    assert!(Technical::new(vec![rule()]).is_ok());
    assert_eq!(problem(vec![rule(), rule()]), "is there twice");
    assert_eq!(problem(vec![TechnicalRule { id: " ".into(), ..rule() }]), "has no id");
    assert_eq!(problem(vec![TechnicalRule { why: String::new(), ..rule() }]), "has no reason (why)");
    assert!(problem(vec![TechnicalRule { forms: vec!["a)(b".into()], ..rule() }]).contains("unopened"));
    assert!(problem(vec![TechnicalRule { words: vec!["12".into()], ..rule() }]).contains("no letter"));
    assert!(problem(vec![TechnicalRule { hits: vec!["liver".into()], ..rule() }]).contains("does not accept"));
    let liver = TechnicalRule { words: vec!["liver".into()], misses: vec!["LIVER".into()], ..rule() };
    assert!(problem(vec![liver]).contains("accepts its miss"));
    assert!(toml::from_str::<TechnicalRule>("id = 'a'\nwhy = 'b'\nword = []").is_err());
}

#[test]
fn long_lines_are_refused_at_once() {
    assert_eq!(GRAMMAR.accepts(&"liver ".repeat(100_000)), None);
    assert_eq!(GRAMMAR.accepts(&"1".repeat(160)), None);
    assert_eq!(GRAMMAR.accepts(&"1 ".repeat(80)), None);
    assert_eq!(GRAMMAR.accepts(&"\u{fdfa}".repeat(150)), None);
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
        let _ = GRAMMAR.accepts(&text);
    }

    #[test]
    fn technical_pieces_in_any_order_are_read_without_panic(pieces in prop::collection::vec("(MI|TIS|[0-9]{1,5}|[.:/=(),+-]|cm|x| |LT|LIVER|C5-1|3:00|FN|Gn)", 0..24)) {
        let _ = GRAMMAR.accepts(&pieces.concat());
    }

    #[test]
    fn an_unknown_word_makes_a_line_not_technical(word in "[BDFGHJKMNPQVWZ][aeiou]{2}[bdfgjkqvwz][a-z]{1,6}", line in prop::sample::select(vec!["LT KIDNEY", "MI 1.1", "12 cm", "C5-1"]), before in any::<bool>()) {
        prop_assume!(GRAMMAR.accepts(&format!("LIVER {word}")).is_none());
        for space in ["", " ", ", ", "/"] {
            let text = if before { format!("{word}{space}{line}") } else { format!("{line}{space}{word}") };
            prop_assert_eq!(GRAMMAR.accepts(&text), None, "{}", text);
        }
    }

    #[test]
    fn numbers_of_five_digits_are_never_kept_without_a_decimal_point(number in 10_000_u64..10_000_000_000, label in prop::sample::select(vec!["", "MI ", "W: ", "IM ", "LIVER ", "PRF "]), unit in prop::sample::select(vec!["", " cm", "Hz", " LIVER"])) {
        let text = format!("{label}{number}{unit}");
        prop_assert_eq!(GRAMMAR.accepts(&text), None, "{}", text);
    }
}
