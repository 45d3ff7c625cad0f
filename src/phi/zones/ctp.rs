//! Reads scripts of CTP's DicomPixelAnonymizer as zones.
//!
//! A script is a list of signatures in braces, each followed by its regions:
//!
//! ```text
//! any other text is comment
//! { Modality.equals("US") * ([0028,0010].equals("600") + !Manufacturer.contains("ATL")) }  // to the end of the line
//!   (0, 0, 800, 59) (128, 56, 16, 16)
//! ```
//!
//! Regions are left, top, width and height. `*` is and, `+` is or, `!` is not; `!` binds closest, then `*`. A missing
//! attribute is the empty text. Four things differ from CTP, all to the safe side:
//!
//! - CTP fills the regions of the first signature that fits. Here those of all that fit are filled, so a signature
//!   without regions exempts nothing.
//! - A method, tag or region that CTP would skip with a warning is refused.
//! - Attributes of sequences (`A::B`) are refused.
//! - A brace in a quoted text does not end the signature.

use super::condition::{Condition, Kind, Test, is_sequence};
use super::{RuleAction, ZoneRule};
use crate::phi::problem::Problem;

/// Deeper parentheses are refused.
const MAX_DEPTH: usize = 16;

/// Names of dcm4che 1, which CTP uses, that PS3.6 spells otherwise, of attributes that tell a device.
const OTHER_NAMES: [(&str, &str); 2] = [("SoftwareVersion", "SoftwareVersions"), ("OperatorName", "OperatorsName")];

const METHODS: [(&str, Kind, bool); 11] = [
    ("equals", Kind::Equals, true),
    ("equalsIgnoreCase", Kind::Equals, false),
    ("contains", Kind::Contains, true),
    ("containsIgnoreCase", Kind::Contains, false),
    ("startsWith", Kind::StartsWith, true),
    ("startsWithIgnoreCase", Kind::StartsWith, false),
    ("endsWith", Kind::EndsWith, true),
    ("endsWithIgnoreCase", Kind::EndsWith, false),
    ("matches", Kind::Matches, true),
    ("isLessThan", Kind::LessThan, true),
    ("isGreaterThan", Kind::GreaterThan, true),
];

/// Returns whether a text looks like a script: something in braces, and a method called with a quoted text.
#[must_use]
pub fn is_script(text: &str) -> bool {
    let calls = |method: &str| {
        let mut rest = text;
        while let Some(at) = rest.find(method) {
            let called = rest[at + method.len()..].trim_start();
            if rest[..at].trim_end().ends_with('.')
                && called.strip_prefix('(').is_some_and(|a| a.trim_start().starts_with('"'))
            {
                return true;
            }
            rest = &rest[at + method.len()..];
        }
        false
    };
    text.contains('{') && METHODS.iter().any(|(method, ..)| calls(method))
}

/// Reads a script. The ids of the rules are `ctp-1`, `ctp-2`… in their order.
///
/// # Errors
///
/// The first signature or region that is not understood, with its line.
pub fn read(file: &str, text: &str) -> Result<Vec<ZoneRule>, Problem> {
    let mut reader = Reader { text, at: 0 };
    let mut rules: Vec<ZoneRule> = Vec::new();
    // The signature that regions are for.
    let mut open: Option<ZoneRule> = None;
    while let Some(c) = reader.next() {
        let start = reader.at;
        match c {
            '{' => {
                rules.extend(open.take());
                let condition = reader.signature().map_err(|problem| reader.problem(problem))?;
                let device = condition.to_table().map_err(|problem| reader.problem_at(start, problem))?;
                open = Some(ZoneRule {
                    id: format!("ctp-{}", rules.len() + 1),
                    why: format!("signature in line {} of {file}", reader.line(start)),
                    action: RuleAction::Mask,
                    rectangles: Vec::new(),
                    whole_frame: false,
                    ultrasound_regions: false,
                    frames: None,
                    group: None,
                    device,
                });
            }
            '(' => {
                let inside = reader.text[reader.at..].split(')').next().unwrap_or_default();
                let rectangle = region(inside).map_err(|problem| reader.problem_at(start, problem))?;
                reader.at += inside.len();
                if let (Some(rule), Some(rectangle)) = (&mut open, rectangle) {
                    rule.rectangles.push(rectangle);
                }
            }
            '}' => return Err(reader.problem_at(start, "a closing brace without an opening one")),
            _ => {}
        }
    }
    if open.is_none() && rules.is_empty() {
        return Err(Problem::new(format!("in {file}"), "no signature in braces found"));
    }
    rules.extend(open);
    rules.retain(|rule| !rule.rectangles.is_empty());
    Ok(rules)
}

/// Reads a region; `None` for a comment in parentheses, which has letters and no comma, and for an empty region.
fn region(inside: &str) -> Result<Option<[u32; 4]>, String> {
    if inside.chars().any(char::is_alphabetic) && !inside.contains(',') {
        return Ok(None);
    }
    let numbers: Option<Vec<u32>> = inside.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x, y, width, height]) => Ok((width > 0 && height > 0).then_some([x, y, width, height])),
        _ => Err("a region must be (left, top, width, height)".to_owned()),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Goes past a character, if it comes next after space and comments.
    fn take(&mut self, c: char) -> bool {
        self.skip();
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start().len();
            let rest = &self.text[self.at..];
            if !rest.starts_with("//") {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    fn problem(&self, problem: impl Into<String>) -> Problem {
        self.problem_at(self.at, problem)
    }

    fn problem_at(&self, at: usize, problem: impl Into<String>) -> Problem {
        Problem::new(format!("in line {}", self.line(at)), problem)
    }

    /// Reads what follows an opening brace, to the closing one.
    fn signature(&mut self) -> Result<Condition, String> {
        let condition = self.sum(0)?;
        if self.take('}') { Ok(condition) } else { Err(self.unexpected("`*`, `+` or the closing brace")) }
    }

    fn sum(&mut self, depth: usize) -> Result<Condition, String> {
        let mut terms = vec![self.product(depth)?];
        while self.take('+') {
            terms.push(self.product(depth)?);
        }
        Ok(if terms.len() == 1 { terms.swap_remove(0) } else { Condition::Any(terms) })
    }

    fn product(&mut self, depth: usize) -> Result<Condition, String> {
        let mut factors = vec![self.factor(depth)?];
        while self.take('*') {
            factors.push(self.factor(depth)?);
        }
        Ok(if factors.len() == 1 { factors.swap_remove(0) } else { Condition::All(factors) })
    }

    fn factor(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > MAX_DEPTH {
            return Err("the signature is nested too deeply".into());
        }
        if self.take('!') {
            return Ok(Condition::Not(Box::new(self.factor(depth + 1)?)));
        }
        self.skip();
        if self.peek() == Some('(') && !self.is_tag() {
            self.next();
            let inner = self.sum(depth + 1)?;
            return if self.take(')') { Ok(inner) } else { Err(self.unexpected("`*`, `+` or `)`")) };
        }
        self.test()
    }

    /// Returns whether a tag in parentheses comes next, and not a term in them.
    fn is_tag(&self) -> bool {
        let inside = self.text[self.at + 1..].split(')').next().unwrap_or_default();
        inside.contains(',') && inside.chars().all(|c| c.is_ascii_hexdigit() || c == ',' || c.is_whitespace())
    }

    fn test(&mut self) -> Result<Condition, String> {
        let text = self.text;
        let rest = &text[self.at..];
        let name = &rest[..rest.find(['.', '"', '{', '}', '*', '+', '!', '\n']).unwrap_or(rest.len())];
        if name.trim().is_empty() || !rest[name.len()..].starts_with('.') {
            return Err(self.unexpected("a test such as Modality.equals(\"US\")"));
        }
        self.at += name.len() + 1;
        match name.trim() {
            "true" => return Ok(Condition::All(Vec::new())),
            "false" => return Ok(Condition::Any(Vec::new())),
            _ => {}
        }
        let rest = &text[self.at..];
        let method =
            rest[..rest.find(|c: char| !c.is_alphanumeric() && !c.is_whitespace()).unwrap_or(rest.len())].trim();
        let known = METHODS.iter().find(|(own, ..)| *own == method);
        let &(_, kind, case_sensitive) = known.ok_or_else(|| format!("unknown method {method:?}"))?;
        self.at += rest.find('(').unwrap_or(rest.len());
        let operand = self.operand()?;
        make(name.trim(), kind, operand, case_sensitive)
    }

    /// Reads a quoted text in parentheses. There are no escapes in it.
    fn operand(&mut self) -> Result<&'a str, String> {
        let text = self.text;
        let quoted = if self.take('(') && self.take('"') { text[self.at..].split_once('"') } else { None };
        let (operand, _) = quoted.ok_or_else(|| self.unexpected("a quoted text in parentheses"))?;
        self.at += operand.len() + 1;
        if self.take(')') { Ok(operand) } else { Err(self.unexpected("`)` behind the quoted text")) }
    }

    fn unexpected(&self, expected: &str) -> String {
        match self.peek() {
            Some(c) => format!("expected {expected}, found {c:?}"),
            None => format!("expected {expected}, found the end of the file"),
        }
    }
}

/// Makes a test for which a missing attribute is the empty text.
fn make(name: &str, kind: Kind, operand: &str, case_sensitive: bool) -> Result<Condition, String> {
    let name = OTHER_NAMES.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| *new);
    let test = Test::new(name, kind, operand, case_sensitive)?;
    if is_sequence(name) {
        return Err(format!("{name}: a sequence has no value to test"));
    }
    Ok(if test.holds_for("") { Condition::Test(test).or(Condition::absent(name)?) } else { Condition::Test(test) })
}

#[cfg(test)]
mod tests {
    use super::super::{ZoneHit, Zones};
    use super::*;
    use crate::geometry::Rect;
    use std::collections::BTreeMap;

    const SCRIPT: &str = r#"Library of regions, made up (for tests)
  see http://localhost/index?title=x

GE
  { [0008,0070].containsIgnoreCase("ge medical") *     // the maker
    ( [0008,103e].containsIgnoreCase("Dose") + SeriesDescription.startsWith("AVA") ) *
    !ImageType.contains("SAVE") }
  (0,0,512,25)

Other ones
  { Modality.equals("US") * Rows.equals("600") + Modality.equals("XA") } ( 0, 0, 800, 59 )
     (128,56,16,16) and so on
  { true. * (0028,0010).isGreaterThan("2000") * [00280011].isLessThan("3000 px") }(1,2,3,4)
  { StationName.equals("") * Manufacturer.matches("A[0-9]{2}.*") } (5,6,7,8)
  { Modality.equals("MR") }
"#;

    fn hits(script: &str, values: &[(&str, &str)]) -> Vec<ZoneHit> {
        let values: BTreeMap<&str, &str> =
            values.iter().copied().chain([("Columns", "4000"), ("Rows", "4000")]).rev().collect();
        let zones = Zones::new(read("x.script", script).unwrap()).unwrap();
        zones.for_instance(&|name| values.get(name).map(|value| (*value).to_owned()))
    }

    fn ids(values: &[(&str, &str)]) -> Vec<String> {
        let mut ids: Vec<String> = hits(SCRIPT, values).into_iter().map(|hit| hit.id).collect();
        ids.dedup();
        ids
    }

    #[test]
    fn signatures_are_boolean_expressions() {
        let maker = ("(0008,0070)", "GE MEDICAL SYSTEMS");
        let station = ("StationName", "x");
        for (values, expected) in [
            (vec![station, maker, ("(0008,103E)", "DOSE REPORT")], vec!["ctp-1"]),
            (vec![station, maker, ("SeriesDescription", "AVA 1")], vec!["ctp-1"]),
            (vec![station, maker, ("SeriesDescription", "ava 1")], vec![]),
            (vec![station, ("SeriesDescription", "AVA 1")], vec![]),
            (vec![station, maker, ("SeriesDescription", "AVA"), ("ImageType", r"DERIVED\SAVE")], vec![]),
            (vec![station, maker, ("SeriesDescription", "AVA"), ("ImageType", r"DERIVED\save")], vec!["ctp-1"]),
            (vec![station, ("Modality", "US")], vec![]),
            (vec![station, ("Modality", "US"), ("Rows", "600")], vec!["ctp-2"]),
            (vec![station, ("Modality", "us"), ("Rows", "600")], vec![]),
            (vec![station, ("Modality", "XA")], vec!["ctp-2"]),
            (vec![station, ("(0028,0010)", "2001"), ("(0028,0011)", "2999")], vec!["ctp-3"]),
            (vec![station, ("(0028,0010)", "2000"), ("(0028,0011)", "2999")], vec![]),
            (vec![station, ("(0028,0010)", "2001")], vec![]),
            (vec![("Manufacturer", "A12 x")], vec!["ctp-4"]),
            (vec![("Manufacturer", "x A12 x")], vec![]),
            (vec![station, ("Modality", "MR")], vec![]),
        ] {
            assert_eq!(ids(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn all_regions_of_all_that_fit_are_filled() {
        let found = hits(SCRIPT, &[("Modality", "XA"), ("Manufacturer", "A12")]);
        let rects: Vec<Rect> = found.iter().map(|hit| hit.rect).collect();
        assert_eq!(rects, [Rect::new(0, 0, 800, 59), Rect::new(128, 56, 144, 72), Rect::new(5, 6, 12, 14)]);
        assert!(found.iter().all(|hit| hit.action == super::super::ZoneAction::Mask));
    }

    #[test]
    fn or_binds_less_than_and_and_not_the_most() {
        for (signature, expected) in [
            ("true. + false. * false.", true),
            ("(true. + false.) * false.", false),
            ("!false. * true.", true),
            ("!(false. * true.)", true),
            ("!true. + true.", true),
            ("!!true.", true),
            ("((!(true.)))", false),
        ] {
            assert_eq!(!hits(&format!("{{{signature}}} (0,0,1,1)"), &[]).is_empty(), expected, "{signature}");
        }
    }

    #[test]
    fn the_line_of_what_is_wrong_is_named() {
        for (script, line, expected) in [
            ("{ Modality.equals(\"US\") }\n(0,0,1)", 2, "a region must be"),
            ("{ Modality.equals(\"US\") }\n\n(0,0,1,2O)", 3, "a region must be"),
            ("{ Modality.equals(\"US\") } (-1,0,1,2)", 1, "a region must be"),
            ("{ Modality.equals(\"US\") } (0 0 1 2)", 1, "a region must be"),
            ("x\n{ Modality.equal(\"US\") } (0,0,1,2)", 2, "unknown method \"equal\""),
            ("x\n{ Modality.equals(US) } (0,0,1,2)", 2, "quoted text"),
            ("{ Modality.equals(\"US\" }\n(0,0,1,2)", 1, "`)`"),
            ("{ Modality.equals(\"US\") *\n }\n(0,0,1,2)", 2, "expected a test"),
            ("{ Modality.equals(\"US\")\n Rows.equals(\"2\") }\n(0,0,1,2)", 2, "expected `*`"),
            ("{ (Modality.equals(\"US\") }\n(0,0,1,2)", 1, "or `)`"),
            ("{ SeqOfUltrasoundRegions::RegionLocationMinY0.equals(\"1\") }\n(0,0,1,2)", 1, "sequences"),
            ("{ SourceImageSeq.equals(\"1\") }\n(0,0,1,2)", 1, "sequence"),
            ("{ Modality.matches(\"(\") }\n(0,0,1,2)", 1, "unclosed group"),
            ("{ Modality.equals(\"US\")", 1, "the end of the file"),
            ("{ }", 1, "expected a test"),
            ("\n} (1,2,3,4)", 2, "without an opening"),
        ] {
            let problem = read("x.script", script).unwrap_err();
            assert_eq!(problem.rule, format!("in line {line}"), "{script}: {problem}");
            assert!(problem.problem.contains(expected), "{script}: {problem}");
        }
        assert!(read("x.script", "nothing").unwrap_err().problem.contains("no signature"));
        let deep = format!("{{ {}true.{} }} (1,2,3,4)", "(".repeat(100_000), ")".repeat(100_000));
        assert!(read("x.script", &deep).unwrap_err().problem.contains("too deeply"));
    }

    #[test]
    fn scripts_are_recognized() {
        assert!(is_script(SCRIPT));
        assert!(is_script("{ Modality . equals ( \"US\") } (0,0,1,1)"));
        assert!(!is_script("[[zone]]\ndevice = { Modality = { equals = \"US\" } }"));
        assert!(!is_script("Modality.equals(\"US\")"));
    }
}
