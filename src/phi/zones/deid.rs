//! Reads the pixel rules of pydicom/deid recipes as zones.
//!
//! ```text
//! FORMAT dicom
//! %filter graylist
//! LABEL Some scanner                       # comment
//!   contains Modality US|XA                # a regular expression, any case
//!   + equals Rows 600 || equals Rows 768
//!   ctpcoordinates 0,0,800,59              # x, y, width, height
//!   coordinates 128,56,144,72              # x min, y min, x max, y max
//! ```
//!
//! As in deid, conditions are taken from left to right, the labels of a file from top to bottom, and `keepcoordinates`
//! take their place out of what this and earlier labels mask. What differs is to the safe side:
//!
//! - deid joins all conditions of a label in one row, the lines not in brackets. A label is used here if it holds read
//!   like that or line by line.
//! - `keepcoordinates` where nothing was masked before do nothing in deid. Here all else is masked.
//! - A label without coordinates only marks an image in deid. In a graylist or whitelist it is left out here. In any
//!   other filter, such as a blacklist, it denies: no text of the image is kept.
//! - A whitelist is no permission: its labels count for their coordinates alone.
//! - `equals` also takes alternatives (`600|768`), and `missing` holds for an empty value too.
//! - What deid skips with a warning is refused.
//!
//! `%header`, `%labels`, `%fields` and `%values` are for tags and are skipped.

use super::condition::{Condition, Kind, Test, ULTRASOUND_REGIONS, attribute_name};
use super::{RuleAction, ZoneRule};
use crate::phi::problem::Problem;

/// More conditions or lines in one label are refused: each may cost a level of depth.
const MAX_CONDITIONS: usize = 64;

const ACTIONS: [&str; 7] = ["contains", "notcontains", "equals", "notequals", "missing", "present", "empty"];

/// Sections that have nothing to do with pixels.
const OTHER_SECTIONS: [&str; 4] = ["header", "labels", "fields", "values"];

/// Returns whether a text looks like a recipe: it begins with its format or a section.
#[must_use]
pub fn is_recipe(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        let word = line.split_whitespace().next().unwrap_or_default();
        word.eq_ignore_ascii_case("format") && !line.contains('=') || line.starts_with('%')
    })
}

/// Reads a recipe. Ids are made of the labels and may repeat; all rules are of the group `deid`.
///
/// # Errors
///
/// The first line that is not understood.
pub fn read(file: &str, text: &str) -> Result<Vec<ZoneRule>, Problem> {
    let mut rules = Vec::new();
    let mut section = Section::None;
    let mut label: Option<Label> = None;
    for (index, line) in text.lines().enumerate() {
        let problem = |problem: String| Problem::new(format!("in line {}", index + 1), problem);
        let line = line.trim();
        let word = line.split_whitespace().next().unwrap_or_default();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('%') {
            finish(file, label.take(), &mut rules)?;
            section = read_section(line).map_err(problem)?;
            continue;
        }
        match &section {
            Section::Other => {}
            Section::Filter(section) if word.eq_ignore_ascii_case("label") => {
                finish(file, label.take(), &mut rules)?;
                label = Some(Label::new(&line[word.len()..], section, index + 1));
            }
            Section::Filter(_) => {
                let label = label.as_mut().ok_or_else(|| problem("expected LABEL".into()))?;
                label.add(line).map_err(problem)?;
            }
            Section::None => {
                let format = without_comment(&line[word.len()..]);
                if !word.eq_ignore_ascii_case("format") || !format.eq_ignore_ascii_case("dicom") {
                    return Err(problem("expected FORMAT dicom or a section".into()));
                }
            }
        }
    }
    finish(file, label, &mut rules)?;
    Ok(rules)
}

/// Which part of a recipe a line is in.
#[derive(Debug)]
enum Section {
    /// Before the first.
    None,
    /// A filter of this name, in lower case.
    Filter(String),
    /// One that has nothing to do with pixels.
    Other,
}

fn read_section(line: &str) -> Result<Section, String> {
    let line = without_comment(line.trim_start_matches('%'));
    let (kind, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let kind = kind.to_lowercase();
    if OTHER_SECTIONS.contains(&kind.as_str()) {
        return Ok(Section::Other);
    }
    match (kind.as_str(), name.trim()) {
        ("filter", "") => Err("a filter must have a name".into()),
        ("filter", name) => Ok(Section::Filter(name.to_lowercase())),
        _ => Err(format!("unknown section %{kind}")),
    }
}

fn without_comment(text: &str) -> &str {
    text.split('#').next().unwrap_or_default().trim()
}

/// Whether a condition is joined to those before by and or or.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    And,
    Or,
}

impl Join {
    fn apply(self, left: Condition, right: Condition) -> Condition {
        match self {
            Self::And => left.and(right),
            Self::Or => left.or(right),
        }
    }
}

/// A place that is masked or spared.
#[derive(Clone, Copy, Debug)]
enum Place {
    Rectangle([u32; 4]),
    WholeFrame,
    UltrasoundRegions,
}

/// What stands under a LABEL line.
#[derive(Debug)]
struct Label {
    name: String,
    line: usize,
    /// Whether its filter says nothing against an image.
    is_harmless: bool,
    lines: Vec<Vec<(Join, Condition)>>,
    places: Vec<(RuleAction, Place)>,
}

impl Label {
    fn new(name: &str, section: &str, line: usize) -> Self {
        let is_harmless = matches!(section, "graylist" | "greylist" | "whitelist");
        Self { name: without_comment(name).to_owned(), line, is_harmless, lines: Vec::new(), places: Vec::new() }
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let word = line.split_whitespace().next().unwrap_or_default();
        let coordinates = &line[word.len()..];
        match word.to_lowercase().as_str() {
            "coordinates" => self.places.push((RuleAction::Mask, place(coordinates, false)?)),
            "ctpcoordinates" => self.places.push((RuleAction::Mask, place(coordinates, true)?)),
            "keepcoordinates" => self.places.push((RuleAction::Spare, place(coordinates, false)?)),
            "ctpkeepcoordinates" => self.places.push((RuleAction::Spare, place(coordinates, true)?)),
            _ => {
                let (join, rest) = match (line.strip_prefix('+'), line.strip_prefix("||")) {
                    (Some(rest), _) => (Join::And, rest),
                    (_, Some(rest)) => (Join::Or, rest),
                    _ => (Join::And, line),
                };
                self.lines.push(conditions(join, rest.trim())?);
                if self.lines.iter().map(Vec::len).sum::<usize>() > MAX_CONDITIONS {
                    return Err(format!("more than {MAX_CONDITIONS} conditions in one label"));
                }
            }
        }
        Ok(())
    }

    fn condition(&self) -> Condition {
        let fold = |parts: &mut dyn Iterator<Item = (Join, Condition)>| {
            parts.reduce(|(first, left), (join, right)| (first, join.apply(left, right)))
        };
        let row = fold(&mut self.lines.iter().flatten().cloned());
        let Some((_, row)) = row else { return Condition::All(Vec::new()) };
        if self.lines.iter().skip(1).all(|line| line.len() == 1) {
            return row;
        }
        let by_line = fold(&mut self.lines.iter().filter_map(|line| fold(&mut line.iter().cloned())));
        by_line.map_or(row.clone(), |(_, by_line)| Condition::Any(vec![row, by_line]))
    }
}

/// Makes the rules of a label: one for each run of lines that mask, and of those that keep.
fn finish(file: &str, label: Option<Label>, rules: &mut Vec<ZoneRule>) -> Result<(), Problem> {
    let Some(mut label) = label else { return Ok(()) };
    if label.places.is_empty() {
        if label.is_harmless {
            return Ok(());
        }
        label.places.push((RuleAction::Deny, Place::WholeFrame));
    }
    let problem = |problem: String| Problem::new(format!("in line {}", label.line), problem);
    if label.lines.is_empty() && label.places[0].0 == RuleAction::Deny {
        return Err(problem("the label has neither conditions nor coordinates".into()));
    }
    let device = label.condition().to_table().map_err(problem)?;
    for run in label.places.chunk_by(|a, b| a.0 == b.0) {
        let mut rule = ZoneRule {
            id: slug(&label.name),
            why: format!("label in line {} of {file}: {}", label.line, label.name),
            action: run[0].0,
            rectangles: Vec::new(),
            whole_frame: false,
            ultrasound_regions: false,
            frames: None,
            group: (run[0].0 != RuleAction::Deny).then(|| "deid".to_owned()),
            device: device.clone(),
        };
        for (_, place) in run {
            match *place {
                Place::Rectangle(rectangle) => rule.rectangles.push(rectangle),
                Place::WholeFrame => rule.whole_frame = true,
                Place::UltrasoundRegions => rule.ultrasound_regions = true,
            }
        }
        rules.push(rule);
    }
    Ok(())
}

/// Makes an id of a label: its letters and digits in lower case, joined by hyphens.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_lowercase).collect::<Vec<_>>().join("-");
    if slug.is_empty() { "deid".to_owned() } else { slug }
}

fn place(text: &str, with_size: bool) -> Result<Place, String> {
    let text = without_comment(text);
    if text.eq_ignore_ascii_case("all") {
        return Ok(Place::WholeFrame);
    }
    if let Some(source) = text.get(..5).filter(|start| start.eq_ignore_ascii_case("from:")).map(|_| &text[5..]) {
        // deid's own reader makes the line lower case.
        let is_known = source.trim().eq_ignore_ascii_case(ULTRASOUND_REGIONS)
            || attribute_name(source).is_ok_and(|name| name == ULTRASOUND_REGIONS);
        let unknown = || format!("coordinates can only be taken from {ULTRASOUND_REGIONS}");
        return if is_known { Ok(Place::UltrasoundRegions) } else { Err(unknown()) };
    }
    let numbers: Option<Vec<u32>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x, y, width, height]) if with_size && width > 0 && height > 0 => {
            Ok(Place::Rectangle([x, y, width, height]))
        }
        Some(&[x0, y0, x1, y1]) if !with_size && x0 < x1 && y0 < y1 => Ok(Place::Rectangle([x0, y0, x1 - x0, y1 - y0])),
        _ if with_size => Err("expected x,y,width,height of a rectangle that is not empty".into()),
        _ => Err("expected xmin,ymin,xmax,ymax of a rectangle that is not empty".into()),
    }
}

/// Reads the conditions of a line. They are parted by `+` and `||` with a further condition behind; elsewhere these
/// belong to the value.
fn conditions(join: Join, line: &str) -> Result<Vec<(Join, Condition)>, String> {
    let mut parts: Vec<(Join, &str)> = Vec::new();
    let (mut join, mut rest) = (join, line);
    'line: loop {
        for (at, _) in rest.match_indices(['+', '|']) {
            let next = match (rest[at..].strip_prefix('+'), rest[at..].strip_prefix("||")) {
                (Some(behind), _) => (Join::And, behind),
                (_, Some(behind)) => (Join::Or, behind),
                _ => continue,
            };
            let word = next.1.split_whitespace().next().unwrap_or_default();
            if ACTIONS.iter().any(|action| word.eq_ignore_ascii_case(action)) {
                parts.push((join, &rest[..at]));
                (join, rest) = next;
                continue 'line;
            }
        }
        parts.push((join, rest));
        break;
    }
    parts.into_iter().map(|(join, text)| Ok((join, condition(text.trim())?))).collect()
}

fn condition(text: &str) -> Result<Condition, String> {
    let (action, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let action = action.to_lowercase();
    let rest = rest.trim();
    if let "missing" | "empty" | "present" = action.as_str() {
        let attribute = without_comment(rest);
        let test = |kind| Test::new(attribute, kind, "", false).map(Condition::Test);
        return match action.as_str() {
            "missing" => Condition::absent(attribute),
            "present" => Ok(test(Kind::Present)?.or(test(Kind::Empty)?)),
            _ => test(Kind::Empty),
        };
    }
    if !ACTIONS.contains(&action.as_str()) {
        return Err(format!("{action:?} is neither a condition nor coordinates"));
    }
    let (attribute, value) = rest.split_once(char::is_whitespace).ok_or("expected an attribute and a value")?;
    // deid takes a comment as a part of the value, so that the condition never holds. Without it, it may.
    let bare = value.split(" #").next().unwrap_or_default().trim();
    let not = |test: Test| Condition::Not(Box::new(Condition::Test(test)));
    match action.as_str() {
        "contains" => Test::new(attribute, Kind::Finds, bare, false).map(Condition::Test),
        "notcontains" => Test::new(attribute, Kind::Finds, value.trim(), false).map(not),
        "notequals" => Test::new(attribute, Kind::Equals, value.trim(), false).map(not),
        _ if bare.contains('|') => {
            let alternatives = std::iter::once(bare).chain(bare.split('|'));
            let test = |value: &str| Test::new(attribute, Kind::Equals, value.trim(), false).map(Condition::Test);
            alternatives.map(test).collect::<Result<_, _>>().map(Condition::Any)
        }
        _ => Test::new(attribute, Kind::Equals, bare, false).map(Condition::Test),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ZoneAction, ZoneHit, Zones};
    use super::*;
    use crate::geometry::Rect;

    const RECIPE: &str = "FORMAT dicom

%header
ADD PatientIdentityRemoved YES
REMOVE endswith:Date

%filter whitelist

LABEL Marked as clean # (nobody)
  contains BurnedInAnnotation No

%filter graylist
# a comment
LABEL Reconstruction # (somebody)
  missing Manufacturer || empty Manufacturer
  + contains ImageType DERIVED|SECONDARY
  coordinates 0,0,512,121

LABEL Localizers
  contains ManufacturerModelName Definition AS+
  + contains ImageType LOCAL || contains SeriesDescription Localizer
  coordinates 450,0,672, 85
  ctpcoordinates 0,500,10,20

LABEL EPIQ_7G (somebody)
  + contains Manufacturer EPIQ
  + equals Rows 600|768
  coordinates 0,0,100,40
  + notequals StationName x
  + notcontains PatientSex m

LABEL Flags only
  present Manufacturer

%labels
MAINTAINER nobody

%filter blacklist
LABEL Save screens
  contains SeriesDescription SAVE
  || contains 0x00190010 agfa
";

    fn hits(recipe: &str, values: &[(&str, &str)]) -> Vec<ZoneHit> {
        let mut rules = read("deid.dicom", recipe).unwrap();
        // As whoever adds them does.
        for (index, rule) in rules.iter_mut().enumerate() {
            rule.id = format!("{}/{index}", rule.id);
        }
        let size = [("Columns", "12"), ("Rows", "9")];
        Zones::new(rules).unwrap().for_instance(&|name| {
            values.iter().chain(&size).find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn ids(recipe: &str, values: &[(&str, &str)]) -> Vec<String> {
        let mut ids: Vec<String> =
            hits(recipe, values).into_iter().map(|hit| hit.id.split('/').next().unwrap().to_owned()).collect();
        ids.dedup();
        ids
    }

    #[test]
    fn labels_hold_by_their_conditions() {
        let maker = ("Manufacturer", "GE");
        let model = ("ManufacturerModelName", "SOMATOM Definition AS+");
        let big = ("Columns", "999");
        for (values, expected) in [
            (vec![], vec![]),
            (vec![("ImageType", r"derived\primary")], vec!["reconstruction"]),
            (vec![maker, ("ImageType", r"DERIVED\PRIMARY")], vec![]),
            (vec![maker, big, model, ("ImageType", r"ORIGINAL\LOCALIZER")], vec!["localizers"]),
            (vec![maker, big, model], vec![]),
            // One row of conditions, as deid reads it.
            (vec![maker, big, ("SeriesDescription", "Localizer")], vec!["localizers"]),
            (vec![("Manufacturer", "EPIQ"), ("Rows", "768")], vec!["epiq-7g-somebody"]),
            (vec![("Manufacturer", "EPIQ"), ("Rows", "76")], vec![]),
            (vec![("Manufacturer", "EPIQ"), ("Rows", "600"), ("StationName", "X")], vec![]),
            (vec![("Manufacturer", "EPIQ"), ("Rows", "600"), ("PatientSex", "M")], vec![]),
            (vec![("Manufacturer", "EPIQ"), ("Rows", "600"), ("PatientSex", "F")], vec!["epiq-7g-somebody"]),
            (vec![maker, ("SeriesDescription", "screen save")], vec!["save-screens"]),
            (vec![maker, ("(0019,0010)", "AGFA 1.2")], vec!["save-screens"]),
            (vec![maker, ("BurnedInAnnotation", "NO"), ("SeriesDescription", "save")], vec!["save-screens"]),
        ] {
            assert_eq!(ids(RECIPE, &values), expected, "{values:?}");
        }
    }

    #[test]
    fn coordinates_are_corners_and_those_of_ctp_have_a_size() {
        let values = [("Columns", "1000"), ("Rows", "1000"), ("Manufacturer", "x"), ("SeriesDescription", "localizer")];
        let rects: Vec<Rect> = hits(RECIPE, &values).into_iter().map(|hit| hit.rect).collect();
        assert_eq!(rects, [Rect::new(450, 0, 672, 85), Rect::new(0, 500, 10, 520)]);
    }

    #[test]
    fn a_blacklist_label_without_coordinates_denies_the_whole_frame() {
        let found = hits(RECIPE, &[("Manufacturer", "x"), ("SeriesDescription", "SAVE")]);
        assert_eq!((found.len(), found[0].action, found[0].rect), (1, ZoneAction::Deny, Rect::new(0, 0, 12, 9)));
    }

    #[test]
    fn a_label_holds_read_in_one_row_or_line_by_line() {
        let label = |lines: &str| format!("%filter graylist\nLABEL x\n{lines}\ncoordinates 0,0,1,1");
        let holds = |lines: &str, values: &[(&str, &str)]| !hits(&label(lines), values).is_empty();
        let (a, b, c) = (("A", "1"), ("B", "1"), ("C", "1"));
        // In one row: (A or B) and C. By line: A or (B and C).
        let lines = "present A\n|| present B + present C";
        for (values, expected) in [(vec![a], true), (vec![b], false), (vec![b, c], true), (vec![a, c], true)] {
            assert_eq!(holds(lines, &values), expected, "{values:?}");
        }
        // In one row: (A and B) or C. By line: A and (B or C).
        let lines = "present A\n+ present B || present C";
        for (values, expected) in [(vec![a], false), (vec![c], true), (vec![a, b], true), (vec![b], false)] {
            assert_eq!(holds(lines, &values), expected, "{values:?}");
        }
        // What no condition follows belongs to the value.
        assert!(holds("equals A x+y || z # c", &[("A", "X+Y || Z")]));
        assert!(holds("contains A [0-9]+$ + missing B", &[("A", "x12")]));
        assert!(!holds("contains A [0-9]+$ + missing B", &[("A", "x12"), b]));
        let empty = ("A", "");
        for (lines, expected) in [
            ("missing A", [true, true, false]),
            ("empty A", [false, true, false]),
            ("present A # c", [false, true, true]),
            ("", [true, true, true]),
        ] {
            let found = [vec![], vec![empty], vec![a]].map(|values| holds(lines, &values));
            assert_eq!(found, expected, "{lines}");
        }
    }

    /// Compares what is masked with what should be, pixel by pixel.
    fn check(recipe: &str, values: &[(&str, &str)], is_masked: impl Fn(u32, u32) -> bool) {
        let found = hits(recipe, values);
        assert!(found.iter().all(|hit| hit.action == ZoneAction::Mask));
        for (x, y) in (0..12).flat_map(|x| (0..9).map(move |y| (x, y))) {
            let is_in =
                |hit: &&ZoneHit| (hit.rect.x0..hit.rect.x1).contains(&x) && (hit.rect.y0..hit.rect.y1).contains(&y);
            assert_eq!(found.iter().any(|hit| is_in(&hit)), is_masked(x, y), "({x}, {y}) {recipe}");
        }
    }

    #[test]
    fn all_but_what_is_kept_is_masked() {
        let label = |lines: &str| format!("FORMAT dicom\n%filter graylist\nLABEL x\ncontains Modality us\n{lines}");
        let us = [("Modality", "US")];
        let kept = |x: u32, y: u32| (2..5).contains(&x) && (1..4).contains(&y);
        let other = |x: u32, y: u32| (4..12).contains(&x) && (3..7).contains(&y);
        check(&label("coordinates all\nkeepcoordinates 2,1,5,4"), &us, |x, y| !kept(x, y));
        check(&label("coordinates all\nctpkeepcoordinates 2,1,3,3\n"), &us, |x, y| !kept(x, y));
        check(&label("keepcoordinates 2,1,5,4"), &us, |x, y| !kept(x, y));
        check(&label("keepcoordinates 2,1,5,4\nkeepcoordinates 4,3,99,7"), &us, |x, y| !kept(x, y) && !other(x, y));
        check(&label("coordinates 2,1,5,4\nkeepcoordinates 4,3,99,7"), &us, |x, y| kept(x, y) && !other(x, y));
        // What is masked later is masked.
        check(&label("keepcoordinates 2,1,5,4\ncoordinates 4,3,99,7"), &us, |x, y| !kept(x, y) || other(x, y));
        check(&label("coordinates ALL"), &us, |_, _| true);
        check(&label("coordinates all"), &[("Modality", "CT")], |_, _| false);
    }

    #[test]
    fn a_label_keeps_out_of_what_earlier_ones_mask() {
        let recipe = "FORMAT dicom\n%filter graylist\nLABEL Blank Image\n    coordinates all\n\
                      LABEL Clean Ultrasound Regions\n    present SequenceOfUltrasoundRegions\n\
                      \x20   keepcoordinates from:SequenceOfUltrasoundRegions\n";
        let regions = [("SequenceOfUltrasoundRegions", r"2\1\5\4\6\6\7\8")];
        let kept =
            |x: u32, y: u32| (2..5).contains(&x) && (1..4).contains(&y) || (6..7).contains(&x) && (6..8).contains(&y);
        check(recipe, &regions, |x, y| !kept(x, y));
        check(recipe, &[], |_, _| true);
    }

    #[test]
    fn the_line_of_what_is_wrong_is_named() {
        let head = "FORMAT dicom\n%filter graylist\nLABEL x\n";
        for (recipe, line, expected) in [
            ("FORMAT nifti\n".to_owned(), 1, "FORMAT dicom"),
            ("FORMAT dicom\nLABEL x\n".to_owned(), 2, "FORMAT dicom or a section"),
            ("%pixels\n".to_owned(), 1, "unknown section %pixels"),
            ("%filter\n".to_owned(), 1, "must have a name"),
            ("%filter x\ncontains Modality US\n".to_owned(), 2, "expected LABEL"),
            ("%filter blacklist\nLABEL x\n".to_owned(), 2, "neither conditions nor coordinates"),
            (format!("{head}include Modality US"), 4, "\"include\""),
            (format!("{head}contains Modality"), 4, "an attribute and a value"),
            (format!("{head}contains Modality (US"), 4, "unclosed group"),
            (format!("{head}contains Modality US + contains Rows"), 4, "an attribute and a value"),
            (format!("{head}present SourceImageSequence"), 4, "sequence"),
            (format!("{head}missing"), 4, "neither a keyword nor a tag"),
            (format!("{head}coordinates 0,0,10"), 4, "xmin,ymin"),
            (format!("{head}coordinates 10,10,5,20"), 4, "xmin,ymin"),
            (format!("{head}coordinates from:Rows"), 4, "only be taken from"),
            (format!("{head}ctpcoordinates 0,0,0,10"), 4, "x,y,width,height"),
            (format!("{head}{}", "contains Modality US\n".repeat(70)), 68, "more than 64"),
            (format!("{head}{}coordinates all", "+ present A\n|| present B\n".repeat(20)), 3, "too deeply"),
        ] {
            let problem = read("deid.dicom", &recipe).unwrap_err();
            assert_eq!(problem.rule, format!("in line {line}"), "{recipe}: {problem}");
            assert!(problem.problem.contains(expected), "{recipe}: {problem}");
        }
    }

    #[test]
    fn recipes_are_recognized() {
        assert!(is_recipe(RECIPE) && is_recipe("# x\n\n%header\n") && is_recipe("format dicom"));
        assert!(!is_recipe("format = 1") && !is_recipe("[[zone]]") && !is_recipe(""));
    }
}
