//! Conditions on header values: which instances a zone is for, as a tree, and its form in a site's TOML file.

use regex::{Regex, RegexBuilder};
use std::collections::BTreeSet;
use toml::{Table, Value};

/// Looks up an attribute by its PS3.6 keyword or `(gggg,eeee)`; several values are joined by a backslash.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The one sequence that conditions can ask for, see [`super::Zones::for_instance`].
pub const ULTRASOUND_REGIONS: &str = "SequenceOfUltrasoundRegions";

/// Deeper trees are refused: a reader cannot follow them, and each level costs stack. The TOML reader allows 80 levels,
/// and a level here takes two there.
const MAX_DEPTH: usize = 16;

/// What must hold for an instance.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Each of them; of none: always.
    All(Vec<Self>),
    /// At least one; of none: never.
    Any(Vec<Self>),
    /// Not this one.
    Not(Box<Self>),
    /// A test of one attribute.
    Test(Test),
}

/// How the value of an attribute is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The whole value is this text.
    Equals,
    /// The text is somewhere in it.
    Contains,
    /// It starts with the text.
    StartsWith,
    /// It ends with the text.
    EndsWith,
    /// A regular expression fits the whole value.
    Matches,
    /// A regular expression fits somewhere.
    Finds,
    /// Its number is below. As CTP does, all but digits and the period is left out of both sides.
    LessThan,
    /// Its number is above.
    GreaterThan,
    /// There is a value.
    Present,
    /// The attribute is there without a value.
    Empty,
}

/// Kinds that need no operand.
const BARE_KINDS: [(&str, Kind); 2] = [("present", Kind::Present), ("empty", Kind::Empty)];

const KINDS: [(&str, Kind); 8] = [
    ("equals", Kind::Equals),
    ("contains", Kind::Contains),
    ("starts_with", Kind::StartsWith),
    ("ends_with", Kind::EndsWith),
    ("matches", Kind::Matches),
    ("finds", Kind::Finds),
    ("less_than", Kind::LessThan),
    ("greater_than", Kind::GreaterThan),
];

/// Keys of a table of conditions that hold further tables.
const GROUPS: [&str; 3] = ["all", "any", "none"];

/// A test of one attribute. What is absent passes none, and what is empty only [`Kind::Empty`].
#[derive(Clone, Debug)]
pub struct Test {
    attribute: String,
    kind: Kind,
    /// As written; empty for kinds that need none.
    operand: String,
    case_sensitive: bool,
    /// For [`Kind::Matches`] and [`Kind::Finds`].
    regex: Option<Regex>,
}

impl Test {
    /// Makes a test.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the attribute's name or the operand.
    pub fn new(attribute: &str, kind: Kind, operand: &str, case_sensitive: bool) -> Result<Self, String> {
        let attribute = attribute_name(attribute)?;
        let regex = match kind {
            Kind::Matches => {
                // The text alone must be an expression, so that nothing in it can close the group around it.
                compile(operand, case_sensitive)?;
                Some(compile(&format!(r"\A(?:{operand})\z"), case_sensitive)?)
            }
            Kind::Finds => Some(compile(operand, case_sensitive)?),
            Kind::LessThan | Kind::GreaterThan if number(operand).is_none() => {
                return Err(format!("{attribute}: {operand:?} is not a number"));
            }
            Kind::Present | Kind::Empty if is_sequence(&attribute) => {
                return Err(format!("{attribute}: whether a sequence is present is not known here"));
            }
            _ => None,
        };
        Ok(Self { attribute, kind, operand: operand.to_owned(), case_sensitive, regex })
    }

    fn holds(&self, attribute: &Lookup<'_>) -> bool {
        attribute(&self.attribute).is_some_and(|value| match value.trim() {
            "" => self.kind == Kind::Empty,
            value => self.holds_for(value),
        })
    }

    /// Returns whether a value passes the test.
    #[must_use]
    pub fn holds_for(&self, value: &str) -> bool {
        let same = |value: &str, operand: &str| match self.kind {
            Kind::Equals => value == operand.trim(),
            Kind::Contains => value.contains(operand),
            Kind::StartsWith => value.starts_with(operand),
            Kind::EndsWith => value.ends_with(operand),
            _ => false,
        };
        match self.kind {
            Kind::Matches | Kind::Finds => self.regex.as_ref().is_some_and(|regex| regex.is_match(value)),
            Kind::LessThan => number(value).zip(number(&self.operand)).is_some_and(|(own, limit)| own < limit),
            Kind::GreaterThan => number(value).zip(number(&self.operand)).is_some_and(|(own, limit)| own > limit),
            Kind::Present => !value.is_empty(),
            Kind::Empty => value.is_empty(),
            _ if self.case_sensitive => same(value, &self.operand),
            _ => same(&value.to_lowercase(), &self.operand.to_lowercase()),
        }
    }

    fn to_value(&self) -> Value {
        if let Some((name, _)) = BARE_KINDS.iter().find(|(_, kind)| *kind == self.kind) {
            return Table::from_iter([((*name).to_owned(), true.into())]).into();
        }
        let (name, _) = KINDS.iter().find(|(_, kind)| *kind == self.kind).expect("a kind is in one of the lists");
        if self.kind == Kind::Equals && !self.case_sensitive {
            return self.operand.clone().into();
        }
        let mut table = Table::from_iter([((*name).to_owned(), self.operand.clone().into())]);
        if self.case_sensitive {
            table.insert("case_sensitive".into(), true.into());
        }
        table.into()
    }
}

impl Condition {
    /// Returns the test for an attribute that is absent or empty.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the attribute's name.
    pub fn absent(attribute: &str) -> Result<Self, String> {
        Ok(Self::Not(Box::new(Self::Test(Test::new(attribute, Kind::Present, "", false)?))))
    }

    /// Returns whether the condition holds.
    #[must_use]
    pub fn holds(&self, attribute: &Lookup<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(attribute)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(attribute)),
            Self::Not(part) => !part.holds(attribute),
            Self::Test(test) => test.holds(attribute),
        }
    }

    /// Joins two: both must hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut parts) if !parts.is_empty() => {
                parts.push(other);
                Self::All(parts)
            }
            one => Self::All(vec![one, other]),
        }
    }

    /// Joins two: one of them must hold.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut parts) if !parts.is_empty() => {
                parts.push(other);
                Self::Any(parts)
            }
            one => Self::Any(vec![one, other]),
        }
    }

    /// Reads the table of a TOML file: all of its entries must hold.
    ///
    /// ```toml
    /// Modality = "US"                                   # the whole value, any case
    /// ImageType = { contains = "SECONDARY" }
    /// StationName = { starts_with = "OB", not = "OB-7" }
    /// any = [{ Rows = "600" }, { Rows = "768" }]        # one of these
    /// all = [{ Rows = { greater_than = "99" } }]        # each of these
    /// none = [{ Manufacturer = { present = true } }]    # none of these: it is absent or empty
    /// ```
    ///
    /// # Errors
    ///
    /// Says which entry is wrong.
    pub fn from_table(table: &Table) -> Result<Self, String> {
        let condition = parse_table(table)?;
        if condition.depth() > MAX_DEPTH { Err("the conditions are nested too deeply".into()) } else { Ok(condition) }
    }

    /// Returns the table that [`Condition::from_table`] reads.
    ///
    /// # Errors
    ///
    /// Says so where the condition is nested too deeply.
    pub fn to_table(&self) -> Result<Table, String> {
        if self.depth() > MAX_DEPTH {
            Err("the conditions are nested too deeply".into())
        } else {
            Ok(print_table(self))
        }
    }

    /// Adds the names of the attributes it asks for.
    pub fn attributes<'a>(&'a self, names: &mut BTreeSet<&'a str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.attributes(names)),
            Self::Not(part) => part.attributes(names),
            Self::Test(test) => {
                names.insert(&test.attribute);
            }
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(part) => 1 + part.depth(),
            Self::Test(_) => 0,
        }
    }
}

/// Returns the name by which an attribute is looked up: its keyword, or its tag as `(GGGG,EEEE)`. Tags may be written
/// with parentheses, brackets, `0x` or `#` and without comma.
///
/// # Errors
///
/// Says so where it is none of these.
pub fn attribute_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.contains("::") {
        return Err(format!("{name}: attributes in sequences cannot be tested"));
    }
    if let Some(tag) = tag(name) {
        return Ok(if tag == "(0018,6011)" { ULTRASOUND_REGIONS.to_owned() } else { tag });
    }
    let is_keyword = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !GROUPS.contains(&name);
    if is_keyword { Ok(name.to_owned()) } else { Err(format!("{name:?} is neither a keyword nor a tag")) }
}

fn tag(name: &str) -> Option<String> {
    let enclosed = |open, close| name.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    let bare = enclosed('(', ')').or_else(|| enclosed('[', ']')).unwrap_or(name).trim();
    let bare = ["0x", "0X", "#"].iter().find_map(|prefix| bare.strip_prefix(prefix)).unwrap_or(bare);
    let is_hex =
        |text: &str, max: usize| (1..=max).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit());
    let (group, element) = match bare.split_once(',') {
        Some((group, element)) => (group.trim(), element.trim()),
        None if is_hex(bare, 8) && bare.len() == 8 => bare.split_at(4),
        None => return None,
    };
    (is_hex(group, 4) && is_hex(element, 4)).then(|| format!("({group:0>4},{element:0>4})").to_ascii_uppercase())
}

/// Returns whether an attribute is a sequence by its name. In PS3.6 and in dcm4che 1 (`Seq`) all sequences are named
/// like this, but for the one that can be asked for.
#[must_use]
pub fn is_sequence(attribute: &str) -> bool {
    attribute.ends_with("Sequence") || attribute.ends_with("Seq") || attribute.starts_with("SeqOf")
}

fn compile(pattern: &str, case_sensitive: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern).case_insensitive(!case_sensitive).build().map_err(|error| error.to_string())
}

fn number(text: &str) -> Option<f64> {
    text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect::<String>().parse().ok()
}

fn parse_table(table: &Table) -> Result<Condition, String> {
    let list = |name: &str| -> Result<Option<Vec<Condition>>, String> {
        let Some(value) = table.get(name) else { return Ok(None) };
        let tables = value.as_array().ok_or_else(|| format!("`{name}` must be an array of tables"))?;
        let parse = |value: &Value| match value.as_table() {
            Some(table) => parse_table(table),
            None => Err(format!("`{name}` must be an array of tables")),
        };
        tables.iter().map(parse).collect::<Result<_, _>>().map(Some)
    };
    let mut parts = Vec::new();
    for (name, value) in table.iter().filter(|(name, _)| !GROUPS.contains(&name.as_str())) {
        parse_test(name, value, &mut parts)?;
    }
    parts.extend(list("any")?.map(Condition::Any));
    for part in list("all")?.unwrap_or_default() {
        match part {
            Condition::All(inner) => parts.extend(inner),
            part => parts.push(part),
        }
    }
    parts.extend(list("none")?.unwrap_or_default().into_iter().map(|part| Condition::Not(Box::new(part))));
    Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Condition::All(parts) })
}

fn parse_test(name: &str, value: &Value, parts: &mut Vec<Condition>) -> Result<(), String> {
    let table = match value {
        Value::String(text) => {
            parts.push(Condition::Test(Test::new(name, Kind::Equals, text, false)?));
            return Ok(());
        }
        // Rows = 600 means what it says.
        Value::Integer(number) => return parse_test(name, &Value::String(number.to_string()), parts),
        Value::Table(table) => table,
        _ => return Err(format!("{name}: must be a text or a table")),
    };
    let mut case_sensitive = false;
    if let Some(value) = table.get("case_sensitive") {
        case_sensitive = value.as_bool().ok_or_else(|| format!("{name}: `case_sensitive` must be true or false"))?;
    }
    let before = parts.len();
    for (key, value) in table.iter().filter(|(key, _)| *key != "case_sensitive") {
        if key == "not" {
            let mut inner = Vec::new();
            parse_test(name, value, &mut inner)?;
            let inner = if inner.len() == 1 { inner.swap_remove(0) } else { Condition::All(inner) };
            parts.push(Condition::Not(Box::new(inner)));
        } else if let Some((_, kind)) = BARE_KINDS.iter().find(|(own, _)| own == key) {
            let holds = value.as_bool().ok_or_else(|| format!("{name}: `{key}` must be true or false"))?;
            let test = Condition::Test(Test::new(name, *kind, "", false)?);
            parts.push(if holds { test } else { Condition::Not(Box::new(test)) });
        } else {
            let kind = KINDS.iter().find(|(own, _)| own == key).map(|(_, kind)| *kind);
            let kind = kind.ok_or_else(|| format!("{name}: unknown key `{key}`"))?;
            let operand = match value {
                Value::Integer(number) => number.to_string(),
                _ => value.as_str().ok_or_else(|| format!("{name}: `{key}` must be a text"))?.to_owned(),
            };
            parts.push(Condition::Test(Test::new(name, kind, &operand, case_sensitive)?));
        }
    }
    if parts.len() == before { Err(format!("{name}: nothing to test")) } else { Ok(()) }
}

/// Prints so that reading and printing again gives the same: the first test of an attribute and the first `any` stand
/// in the table, further ones in `all`.
fn print_table(condition: &Condition) -> Table {
    let single = std::slice::from_ref(condition);
    let parts = if let Condition::All(parts) = condition { parts.as_slice() } else { single };
    let mut table = Table::new();
    let (mut all, mut none) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Condition::Test(test) if !table.contains_key(&test.attribute) => {
                table.insert(test.attribute.clone(), test.to_value());
            }
            Condition::Test(test) => all.push(Table::from_iter([(test.attribute.clone(), test.to_value())])),
            Condition::Any(parts) => {
                let tables: Vec<Value> = parts.iter().map(|part| print_table(part).into()).collect();
                if table.contains_key("any") {
                    all.push(Table::from_iter([("any".to_owned(), tables.into())]));
                } else {
                    table.insert("any".into(), tables.into());
                }
            }
            Condition::Not(part) => none.push(print_table(part)),
            Condition::All(_) => all.push(print_table(part)),
        }
    }
    for (name, tables) in [("all", all), ("none", none)] {
        if !tables.is_empty() {
            table.insert(name.into(), Value::Array(tables.into_iter().map(Value::Table).collect()));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Condition, String> {
        Condition::from_table(&text.parse::<Table>().unwrap())
    }

    fn lookup(name: &str) -> Option<String> {
        let values = [
            ("Modality", "US"),
            ("Manufacturer", "Müller Systems"),
            ("ImageType", r"DERIVED\SECONDARY"),
            ("Rows", "600"),
            ("(0019,1002)", "v2.1"),
            ("StationName", "  "),
            ("StudyID", ""),
        ];
        values.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn entries_must_all_hold() {
        for (text, expected) in [
            ("", true),
            ("Modality = 'us'", true),
            ("Modality = 'CT'", false),
            ("Modality = 'US'\nRows = '600'", true),
            ("Modality = 'US'\nRows = 768", false),
            ("Rows = 600", true),
            ("Manufacturer = { contains = 'MÜLLER' }", true),
            ("Manufacturer = { contains = 'MÜLLER', case_sensitive = true }", false),
            ("Manufacturer = { starts_with = 'müller', ends_with = 'systems' }", true),
            ("Manufacturer = { starts_with = 'systems' }", false),
            (r"ImageType = { equals = 'derived\secondary' }", true),
            ("ImageType = 'DERIVED'", false),
            ("ImageType = { matches = 'derived.*' }", true),
            ("ImageType = { matches = 'secondary|derived' }", false),
            ("ImageType = { finds = '^primary|second' }", true),
            ("Rows = { less_than = '601', greater_than = 599 }", true),
            ("Rows = { less_than = '600' }", false),
            ("'(0019,1002)' = 'V2.1'\n'[0019,1002]' = 'v2.1'\n0x00191002 = 'v2.1'", true),
            ("Modality = { not = 'CT' }", true),
            ("Modality = { not = { contains = 'u', equals = 'us' } }", false),
            ("any = [{ Rows = '480' }, { Rows = '600' }]", true),
            ("any = []", false),
            ("all = [{ Rows = '600' }, { any = [{ Modality = 'US' }] }]", true),
            ("none = [{ Rows = '480' }, { Modality = 'CT' }]", true),
            ("none = [{ Rows = '480' }, { Modality = 'US' }]", false),
        ] {
            assert_eq!(read(text).unwrap().holds(&lookup), expected, "{text}");
        }
    }

    #[test]
    fn what_is_absent_or_empty_passes_no_test() {
        for (name, is_empty) in [("PatientSex", false), ("StationName", true), ("StudyID", true)] {
            assert_eq!(read(&format!("{name} = {{ empty = true }}")).unwrap().holds(&lookup), is_empty, "{name}");
            for test in ["''", "{ contains = '' }", "{ matches = '.*' }", "{ finds = '' }", "{ present = true }"] {
                assert!(!read(&format!("{name} = {test}")).unwrap().holds(&lookup), "{name} {test}");
            }
            for test in ["{ present = false }", "{ not = 'x' }", "{ not = { finds = '.*' } }"] {
                assert!(read(&format!("{name} = {test}")).unwrap().holds(&lookup), "{name} {test}");
            }
        }
        assert!(read("Modality = { present = true, empty = false }").unwrap().holds(&lookup));
    }

    #[test]
    fn wrong_entries_are_named() {
        for (text, expected) in [
            ("Modality = { equal = 'US' }", "unknown key `equal`"),
            ("Modality = true", "must be a text or a table"),
            ("Modality = {}", "nothing to test"),
            ("Modality = { finds = '(' }", "unclosed group"),
            ("Modality = { matches = 'a)(b' }", "unopened group"),
            ("Rows = { less_than = 'few' }", "not a number"),
            ("'Model Name' = 'x'", "neither a keyword nor a tag"),
            ("'A::B' = 'x'", "in sequences"),
            ("SourceImageSequence = { present = true }", "sequence"),
            ("any = 'x'", "array of tables"),
            ("any = ['x']", "array of tables"),
            ("Modality = { present = 'x' }", "`present` must be"),
            ("Modality = { equals = 'x', case_sensitive = 1 }", "`case_sensitive` must be"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
        assert!(read("SequenceOfUltrasoundRegions = { present = true }").is_ok());
    }

    #[test]
    fn printing_and_reading_gives_the_same() {
        for text in [
            "",
            "Modality = 'US'\nRows = { less_than = '7', greater_than = '3', case_sensitive = true }",
            "any = [{ any = [{ Rows = 1 }, { Rows = 2, Columns = 3 }] }, {}]\n\
             all = [{ any = [] }, { any = [{ A = 'b' }] }]",
            "A = 'x'\n\
             all = [{ A = 'y' }, { A = { not = 'z', present = true } }, { B = 'c', none = [{ D = 'e' }, {}] }]",
            "A = { present = false, empty = true }\nB = { empty = true, present = true }",
            "'(0019,1002)' = { finds = 'a\\b\"' }",
        ] {
            let once = read(text).unwrap().to_table().unwrap();
            let again = Condition::from_table(&once).unwrap().to_table().unwrap();
            assert_eq!(once, again, "{text}");
        }
    }

    #[test]
    fn deep_conditions_are_refused() {
        let nested = |depth: usize| format!("{}{}", "any = [{".repeat(depth), "}]".repeat(depth));
        assert!(read(&nested(10)).is_ok());
        assert!(read(&nested(20)).unwrap_err().contains("too deeply"));
    }
}
