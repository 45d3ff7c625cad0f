//! All rules in force: the embedded ones and those of a site's files, which are read here.
//!
//! A site's file is one of three, told apart by what is in it:
//!
//! - `[[pattern]]`, `[[technical]]`, `[[deny]]`, `[[allow]]` and `[[zone]]` tables in TOML. Unknown keys are errors. A
//!   rule with the id of an earlier one of its kind takes its place; in one file an id stands once.
//! - a script of CTP's DicomPixelAnonymizer, see [`super::zones::ctp`];
//! - a recipe of pydicom/deid, see [`super::zones::deid`].
//!
//! The last two only add zones. An id that is taken gets a number, so that no zone is lost.
//!
//! ```toml
//! [[deny]]
//! id = "own-name"
//! why = "the hospital's name is on every image"
//! text = "Northlake Hospital"
//!
//! [[allow]]
//! id = "protocol"
//! why = "our name for this protocol"
//! regex = 'NL-CARD-[0-9]'
//!
//! [[zone]]
//! id = "banner"
//! why = "name and birth date"
//! action = "mask"                     # or "deny"
//! rectangles = [[0, 0, 800, 59]]      # x, y, width, height
//! [zone.device]
//! Modality = "US"
//! ManufacturerModelName = { contains = "Model 7" }
//! Rows = "600"
//! ```

use super::patterns::{self, PatternHit, PatternRule, Patterns};
use super::problem::Problem;
use super::technical::{self, Technical, TechnicalRule};
use super::terms::{TermHit, TermRule, Terms};
use super::zones::{ZoneRule, Zones, ctp, deid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Rules by kind, as in a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RuleFile {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pattern: Vec<PatternRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    technical: Vec<TechnicalRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deny: Vec<TermRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow: Vec<TermRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    zone: Vec<ZoneRule>,
}

/// All rules in force.
#[derive(Debug)]
pub struct Rules {
    patterns: Patterns,
    technical: Technical,
    deny: Terms,
    allow: Terms,
    zones: Zones,
}

impl Rules {
    /// Returns the embedded rules: patterns and technical grammar. Terms and zones are a site's own.
    ///
    /// # Errors
    ///
    /// A bug: an embedded rule that cannot be used.
    pub fn embedded() -> Result<Self, Problem> {
        let mut rules = Self::none()?;
        for (file, text) in [("patterns", patterns::EMBEDDED), ("technical", technical::EMBEDDED)] {
            rules.add(read_toml(file, text)?)?;
        }
        Ok(rules)
    }

    /// Returns no rules: nothing is a pattern, nothing is technical.
    ///
    /// # Errors
    ///
    /// None: an empty set of rules is one that can be used.
    pub fn none() -> Result<Self, Problem> {
        Ok(Self {
            patterns: Patterns::new(Vec::new())?,
            technical: Technical::new(Vec::new())?,
            deny: Terms::default(),
            allow: Terms::default(),
            zones: Zones::default(),
        })
    }

    /// Adds the rules of a site's file, or none of them if there is an error.
    ///
    /// `file` is its name, for messages.
    ///
    /// # Errors
    ///
    /// The first rule that is not understood or cannot be used, with its id or line.
    pub fn add_site(&mut self, file: &str, text: &str) -> Result<(), Problem> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        // Neither a script nor a recipe is TOML. A script may begin with any comment, so its signatures tell it.
        let not_toml = match read_toml(file, text) {
            Ok(rules) => return self.add(rules),
            Err(problem) => problem,
        };
        let zones = if ctp::is_script(text) {
            ctp::read(file, text)?
        } else if deid::is_recipe(text) {
            deid::read(file, text)?
        } else if file.to_lowercase().ends_with(".script") {
            ctp::read(file, text)?
        } else {
            return Err(not_toml);
        };
        let zone = self.renamed(zones);
        self.add(RuleFile { zone, ..RuleFile::default() })
    }

    /// Returns all rules in force as one TOML file, which [`Rules::add_site`] reads.
    ///
    /// Added to no rules or to these, it gives the same rules again.
    #[must_use]
    pub fn effective_toml(&self) -> String {
        let file = RuleFile {
            pattern: self.patterns.rules().to_vec(),
            technical: self.technical.rules().to_vec(),
            deny: self.deny.rules().to_vec(),
            allow: self.allow.rules().to_vec(),
            zone: Vec::new(),
        };
        let holds = "rules are texts, numbers and tables with texts as keys";
        let mut text = toml::to_string(&file).expect(holds);
        for zone in self.zones.rules() {
            // Conditions in one line: as tables of their own they would fill pages.
            let device = toml::Value::Table(zone.device.clone());
            let zone = ZoneRule { device: toml::Table::new(), ..zone.clone() };
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}[[zone]]\n{}", toml::to_string(&zone).expect(holds));
            if device.as_table().is_some_and(|table| !table.is_empty()) {
                text += &format!("device = {device}\n");
            }
        }
        text
    }

    /// Returns all PHI patterns in a text.
    #[must_use]
    pub fn patterns(&self, text: &str) -> Vec<PatternHit<'_>> {
        self.patterns.find(text)
    }

    /// Returns the technical grammar.
    #[must_use]
    pub const fn technical(&self) -> &Technical {
        &self.technical
    }

    /// Returns all deny terms in a text.
    #[must_use]
    pub fn deny(&self, text: &str) -> Vec<TermHit<'_>> {
        self.deny.find(text)
    }

    /// Returns the id of the first allow term that the whole text is.
    #[must_use]
    pub fn allowed(&self, text: &str) -> Option<&str> {
        self.allow.whole(text)
    }

    /// Returns the device zones.
    #[must_use]
    pub const fn zones(&self) -> &Zones {
        &self.zones
    }

    fn add(&mut self, file: RuleFile) -> Result<(), Problem> {
        let patterns = merged(self.patterns.rules(), file.pattern, |rule| &rule.id)?.map(Patterns::new).transpose()?;
        let technical =
            merged(self.technical.rules(), file.technical, |rule| &rule.id)?.map(Technical::new).transpose()?;
        let deny = merged(self.deny.rules(), file.deny, |rule| &rule.id)?.map(Terms::new).transpose()?;
        let allow = merged(self.allow.rules(), file.allow, |rule| &rule.id)?.map(Terms::new).transpose()?;
        let zones = merged(self.zones.rules(), file.zone, |rule| &rule.id)?.map(Zones::new).transpose()?;
        // All of the file can be used. Only now anything changes.
        replace(&mut self.patterns, patterns);
        replace(&mut self.technical, technical);
        replace(&mut self.deny, deny);
        replace(&mut self.allow, allow);
        replace(&mut self.zones, zones);
        Ok(())
    }

    /// Gives imported zones ids, and their groups names, that no other has.
    fn renamed(&self, mut zones: Vec<ZoneRule>) -> Vec<ZoneRule> {
        let mut ids: BTreeSet<String> = self.zones.rules().iter().map(|zone| zone.id.clone()).collect();
        let groups: BTreeSet<String> = self.zones.rules().iter().filter_map(|zone| zone.group.clone()).collect();
        for zone in &mut zones {
            zone.id = free_name(&zone.id, &ids);
            ids.insert(zone.id.clone());
            zone.group = zone.group.take().map(|group| free_name(&group, &groups));
        }
        zones
    }
}

fn replace<T>(own: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *own = new;
    }
}

/// Returns a name that is not taken: the one given, or with the first number that makes it free.
fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).expect("fewer than 2^32 names are taken")
}

/// Adds new rules to own ones, those with a known id in its place. Returns `None` if there are none to add.
fn merged<R: Clone>(own: &[R], new: Vec<R>, id: impl Fn(&R) -> &String) -> Result<Option<Vec<R>>, Problem> {
    if new.is_empty() {
        return Ok(None);
    }
    let mut all = own.to_vec();
    let mut places: std::collections::BTreeMap<String, usize> =
        own.iter().enumerate().map(|(place, rule)| (id(rule).clone(), place)).collect();
    let mut seen = BTreeSet::new();
    for rule in new {
        let name = id(&rule).clone();
        if !seen.insert(name.clone()) {
            return Err(Problem::new(name, "the id stands twice in this file"));
        }
        match places.get(&name) {
            Some(&place) => all[place] = rule,
            None => {
                places.insert(name, all.len());
                all.push(rule);
            }
        }
    }
    Ok(Some(all))
}

fn read_toml(file: &str, text: &str) -> Result<RuleFile, Problem> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        Problem::new(line.map_or_else(|| format!("in {file}"), |line| format!("in line {line}")), error.message())
    })
}

#[cfg(test)]
mod tests {
    use super::super::zones::ZoneHit;
    use super::*;
    use proptest::prelude::*;

    const SITE: &str = r#"
[[pattern]]
id = "room"
why = "rooms are named after donors"
decision = "mask"
regex = 'ROOM \d+'
hits = ["ROOM 12"]
misses = ["ROOMY"]

[[technical]]
id = "own-probes"
why = "names of our probes"
words = ["NLP7"]

[[deny]]
id = "own-name"
why = "on every image"
text = "Northlake Hospital"

[[deny]]
id = "own-number"
why = "our record numbers"
regex = 'NL-\d{6}'

[[allow]]
id = "protocol"
why = "our name for it"
text = "NL card 4"

[[zone]]
id = "banner"
why = "name and birth date"
action = "mask"
rectangles = [[0, 0, 800, 59], [128, 56, 16, 16]]
frames = [0, 5]
[zone.device]
Modality = "US"
ManufacturerModelName = { contains = "Model 7" }
"[0008,1010]" = { not = { starts_with = "OB", case_sensitive = true } }
any = [{ Rows = "600" }, { Rows = { greater_than = "700" }, Columns = 1000 }]

[[zone]]
id = "strip"
why = "a \"quoted\" one\nin two lines"
action = "deny"
whole_frame = true
"#;

    const SCRIPT: &str = "GE\n{ Modality.equals(\"US\") * (Rows.equals(\"600\") + !Manufacturer.contains(\"A\\B\")) }\n\
                          (0,0,800,59)\n{ StationName.equals(\"\") } (1,2,3,4)";

    const RECIPE: &str = "FORMAT dicom\n%filter graylist\nLABEL Blank\ncoordinates all\nLABEL Blank\n\
                          contains Modality US|XA || missing Modality\n+ equals Rows 600 + notcontains A \"x\"\n\
                          keepcoordinates 1,2,3,4\n%filter blacklist\nLABEL odd\npresent StationName";

    /// Returns the rules of all these files, but not the embedded ones, which take a while.
    fn all() -> Rules {
        let mut rules = Rules::none().unwrap();
        for (file, text) in [("site.toml", SITE), ("x.script", SCRIPT), ("deid.dicom", RECIPE), ("again.dicom", RECIPE)]
        {
            rules.add_site(file, text).unwrap();
        }
        rules
    }

    #[test]
    fn embedded_rules_are_printed_and_read_the_same() {
        let rules = Rules::embedded().unwrap();
        let printed = rules.effective_toml();
        assert!(!rules.patterns("DOB: 1960-01-02").is_empty() && rules.technical().accepts("MI 0.8").is_some());
        assert!(rules.deny("DOB").is_empty() && rules.allowed("MI").is_none() && rules.zones().rules().is_empty());
        let mut again = Rules::none().unwrap();
        again.add_site("printed.toml", &printed).unwrap();
        assert_eq!(again.effective_toml(), printed);
    }

    fn hits(rules: &Rules, values: &[(&str, &str)]) -> Vec<ZoneHit> {
        rules
            .zones()
            .for_instance(&|name| values.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_site_adds_rules_of_each_kind() {
        let rules = all();
        let deny = |text: &str| rules.deny(text).into_iter().map(|hit| hit.id.to_owned()).collect::<Vec<_>>();
        assert_eq!(deny("NORTHLAKEHOSPITAL nl-123456"), ["own-name", "own-number"]);
        assert_eq!((rules.allowed("NLCARD4"), rules.allowed("NL card 4 b")), (Some("protocol"), None));
        assert!(rules.patterns("in ROOM 12").iter().any(|hit| hit.id == "room"));
        assert!(rules.technical().accepts("NLP7").is_some());
        let ids: Vec<&str> = rules.zones().rules().iter().map(|zone| zone.id.as_str()).collect();
        let expected = ["banner", "strip", "ctp-1", "ctp-2", "blank", "blank-2", "odd", "blank-3", "blank-4", "odd-2"];
        assert_eq!(ids, expected);
    }

    #[test]
    fn printing_and_reading_gives_the_same_rules() {
        let rules = all();
        let printed = rules.effective_toml();
        let mut alone = Rules::none().unwrap();
        alone.add_site("printed.toml", &printed).unwrap();
        let mut twice = all();
        twice.add_site("printed.toml", &printed).unwrap();
        let models = ["Model 7", "Model 8"];
        let rows = ["600", "768"];
        let stations = ["", "OB 1", "XX 1"];
        for other in [&alone, &twice] {
            assert_eq!(other.effective_toml(), printed);
            for (model, rows, station) in
                models.iter().flat_map(|m| rows.iter().flat_map(move |r| stations.map(|s| (m, r, s))))
            {
                for modality in ["US", "CT", ""] {
                    let values = [
                        ("Modality", modality),
                        ("ManufacturerModelName", *model),
                        ("Rows", *rows),
                        ("Columns", "1000"),
                        ("StationName", station),
                        ("(0008,1010)", station),
                    ];
                    assert_eq!(hits(other, &values), hits(&rules, &values), "{values:?}");
                }
            }
        }
    }

    #[test]
    fn a_rule_with_a_known_id_takes_the_place_of_the_earlier_one() {
        let mut rules = all();
        let other = "[[deny]]\nid = 'own-name'\nwhy = 'moved'\ntext = 'Southlake'\n\
                     [[zone]]\nid = 'strip'\nwhy = 'smaller'\naction = 'mask'\nrectangles = [[1, 2, 3, 4]]";
        rules.add_site("other.toml", other).unwrap();
        assert!(rules.deny("Northlake Hospital").is_empty());
        assert_eq!(rules.deny("SOUTHLAKE")[0].id, "own-name");
        assert_eq!((rules.zones().rules()[1].id.as_str(), rules.zones().rules()[1].whole_frame), ("strip", false));
        assert_eq!(rules.zones().rules().len(), all().zones().rules().len());
        let twice = "[[deny]]\nid = 'a'\nwhy = 'b'\ntext = 'c'\n".repeat(2);
        assert!(rules.add_site("twice.toml", &twice).unwrap_err().problem.contains("twice"));
    }

    #[test]
    fn unknown_keys_are_named_with_their_line() {
        for (from, to, line, key) in [
            ("misses = [\"ROOMY\"]", "miss = []", 8, "`miss`"),
            ("words = [\"NLP7\"]", "word = []", 13, "`word`"),
            ("text = \"Northlake Hospital\"", "texts = []", 18, "`texts`"),
            ("text = \"NL card 4\"", "regexp = ''", 28, "`regexp`"),
            ("why = \"name and birth date\"", "wy = ''", 32, "`wy`"),
            ("[[allow]]", "[[permit]]", 25, "`permit`"),
        ] {
            let mut rules = Rules::none().unwrap();
            let problem = rules.add_site("site.toml", &SITE.replace(from, to)).unwrap_err();
            assert_eq!(problem.rule, format!("in line {line}"), "{problem}");
            assert!(problem.problem.contains(key), "{problem}");
        }
        let text = SITE.replace("greater_than", "above");
        let problem = Rules::none().unwrap().add_site("site.toml", &text).unwrap_err();
        assert_eq!((problem.rule.as_str(), problem.problem.contains("`above`")), ("banner", true), "{problem}");
        let problem = Rules::none().unwrap().add_site("site.toml", "\n[[zone]\n").unwrap_err();
        assert_eq!(problem.rule, "in line 2", "{problem}");
    }

    #[test]
    fn a_file_with_an_error_adds_nothing() {
        let mut rules = all();
        let before = rules.effective_toml();
        for (file, text) in [
            ("a.toml", SITE.replace("own-name", "new").replace(r"NL-\d{6}", "(")),
            ("b.script", format!("{SCRIPT} (1,2,3)")),
            ("c.dicom", format!("{RECIPE}\nnonsense")),
            ("d.txt", "nonsense".to_owned()),
            ("d.script", "nonsense".to_owned()),
        ] {
            rules.add_site(file, &text).unwrap_err();
            assert_eq!(rules.effective_toml(), before, "{file}");
        }
    }

    #[test]
    fn the_form_of_a_file_is_told_by_what_is_in_it() {
        for (text, zones) in [(SITE, 2), (SCRIPT, 2), (RECIPE, 3), ("", 0), ("# nothing", 0), ("FORMAT dicom", 0)] {
            for name in ["a.txt", "a.toml", "a.dicom"] {
                for mark in ["", "\u{FEFF}"] {
                    let mut rules = Rules::none().unwrap();
                    rules.add_site(name, &format!("{mark}{}", text.replace('\n', "\r\n"))).unwrap();
                    assert_eq!(rules.zones().rules().len(), zones, "{name} {text}");
                }
            }
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        for text in
            ["[".repeat(100_000), format!("x = {}", "[".repeat(100_000)), format!("x = {}", "{a=".repeat(100_000))]
        {
            assert!(Rules::none().unwrap().add_site("x", &text).is_err());
        }
    }

    /// Pieces of the three forms, so that random texts get further than their first character.
    fn piece() -> impl Strategy<Value = String> {
        let words = [
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            "\"",
            "*",
            "+",
            "!",
            "||",
            "|",
            ",",
            ".",
            "#",
            "//",
            "\n",
            " ",
            "=",
            "'",
            "Modality",
            "(0008,0070)",
            "[0008,0070]",
            ".equals(\"US\")",
            ".matches(\"",
            ".isLessThan(\"1\")",
            "true.",
            "(0,0,1,1)",
            "0,0,9,9",
            "FORMAT dicom\n",
            "%filter graylist\n",
            "%filter blacklist\n",
            "LABEL x\n",
            "contains Modality US",
            "equals Rows 1|2",
            "missing ",
            "coordinates ",
            "keepcoordinates ",
            "from:",
            "all",
            "[[zone]]\n",
            "[[deny]]\n",
            "id = 'a'\n",
            "why = 'b'\n",
            "text = 'c'\n",
            "regex = '",
            "action = 'mask'\n",
            "rectangles = [[0,0,1,1]]\n",
            "whole_frame = true\n",
            "device = { ",
            "any = [{",
            "é",
            "4294967295",
            "-1",
        ];
        prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"]
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in proptest::collection::vec(piece(), 0..40), name in "[a-z]{0,2}(.script)?") {
            let text = text.concat();
            let mut rules = Rules::none().unwrap();
            if rules.add_site(&name, &text).is_ok() {
                let printed = rules.effective_toml();
                let mut again = Rules::none().unwrap();
                prop_assert_eq!(again.add_site("x.toml", &printed), Ok(()));
                prop_assert_eq!(again.effective_toml(), printed);
                let hits = rules.zones().for_instance(&|_| Some(text.clone()));
                prop_assert!(hits.iter().all(|hit| !hit.rect.is_empty()));
            }
            prop_assert!(rules.deny(&text).iter().all(|hit| text.get(hit.range.clone()).is_some()));
            prop_assert!(rules.allowed(&text).is_none_or(|id| !id.is_empty()));
        }

        #[test]
        fn no_unicode_text_makes_it_panic(text in "\\PC*") {
            Rules::none().unwrap().add_site("x", &text).ok();
            let term = format!("[[deny]]\nid = 'a'\nwhy = 'b'\ntext = '''{text}'''");
            let mut rules = Rules::none().unwrap();
            if rules.add_site("x.toml", &term).is_ok() {
                prop_assert!(!rules.deny(&text).is_empty());
                for hit in rules.deny(&text) {
                    prop_assert!(text.get(hit.range).is_some());
                }
            }
        }
    }
}
