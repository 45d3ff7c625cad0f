//! The truth file: which text stands where. Read by hand and not by derived code, whose messages quote values: a line's
//! text may be PHI.

use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::sensitive::Sensitive;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// What is known of the text in some files.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Where it was read from, for messages.
    pub path: PathBuf,
    /// The files, in the order of the truth file.
    pub files: Vec<TruthFile>,
}

/// A file and its text.
#[derive(Clone, Debug)]
pub struct TruthFile {
    /// Its path below the folder of the originals, with `/` between names.
    pub file: String,
    /// Whether somebody has looked for its text. If not, `lines` is empty and means nothing.
    pub annotated: bool,
    /// The picture with its letters, a path below the folder of the truth file.
    pub glyphs: Option<String>,
    /// The text lines.
    pub lines: Vec<TruthLine>,
}

/// A line of text.
#[derive(Clone, Debug)]
pub struct TruthLine {
    /// First and last frame that it stands in.
    pub frames: [u32; 2],
    /// Where it stands, at most 2 pixels loose.
    pub bounds: Rect,
    /// What it says, where the truth tells.
    pub text: Option<Sensitive<String>>,
    /// What it is to the evaluation.
    pub kind: Kind,
    /// Free words for the kinds of text in it.
    pub class: Vec<String>,
    /// How well a person reads it, where the truth tells.
    pub readability: Option<Readability>,
    /// Where its letters stand in the file's picture of letters: the top left corner of its box there.
    pub glyphs: Option<[u32; 2]>,
    /// Where it stands if not in Pixel Data.
    pub plane: Option<String>,
}

/// How a line counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It has to be hidden.
    Phi,
    /// People would not agree; counted apart.
    Ambiguous,
    /// It should stay.
    Technical,
}

/// How well a person reads a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Readability {
    /// At normal zoom.
    Normal,
    /// Capitals of 6 to 8 pixels.
    Small,
    /// Hardly lighter or darker than what is around it.
    LowContrast,
}

impl Truth {
    /// Reads a truth file.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if it cannot be read or breaks the format; the message names the key, never a text.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = |problem: String| Error::Path { path: path.to_owned(), problem };
        let bytes = std::fs::read(path).map_err(|error| wrong(error.kind().to_string()))?;
        let files = parse(&bytes).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), files })
    }

    /// Returns the folder of the truth file.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Makes the error of a line that does not go with its file.
    #[must_use]
    pub fn wrong_line(&self, file: &TruthFile, line: usize, problem: &str) -> Error {
        Error::Path { path: self.path.clone(), problem: format!("{}, lines[{line}]: {problem}", file.file) }
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<TruthFile>, String> {
    // The reader's own message may quote what it stumbled over.
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("not JSON, at line {} column {}", error.line(), error.column()))?;
    let top = Node::new(&value, String::new())?;
    top.only(&["files"])?;
    let mut files = Vec::new();
    let mut known = BTreeSet::new();
    for (index, value) in top.list("files")?.iter().enumerate() {
        let file = file(value, format!("files[{index}]"))?;
        if !known.insert(file.file.clone()) {
            return Err(format!("files[{index}].file: {} stands there twice", file.file));
        }
        files.push(file);
    }
    Ok(files)
}

fn file(value: &Value, place: String) -> Result<TruthFile, String> {
    let mut node = Node::new(value, place)?;
    node.only(&["file", "annotated", "glyphs", "lines", "transfer_syntax", "status", "frames", "note"])?;
    let name = node.below("file")?.ok_or_else(|| node.wrong("file", "is missing"))?;
    node.place = format!("{} ({name})", node.place);
    let annotated = node.flag("annotated")?.unwrap_or(true);
    let lines = match (annotated, node.object.get("lines")) {
        (false, None) => &[],
        _ => node.list("lines")?,
    };
    if !annotated && !lines.is_empty() {
        return Err(node.wrong("lines", "not empty, though annotated is false"));
    }
    let lines = lines.iter().enumerate().map(|(index, value)| line(value, format!("{}.lines[{index}]", node.place)));
    let lines: Vec<TruthLine> = lines.collect::<Result<_, _>>()?;
    let glyphs = node.below("glyphs")?;
    if glyphs.is_none() && lines.iter().any(|line| line.glyphs.is_some()) {
        return Err(node.wrong("glyphs", "is missing, though a line has them"));
    }
    Ok(TruthFile { file: name, annotated, glyphs, lines })
}

fn line(value: &Value, place: String) -> Result<TruthLine, String> {
    let node = Node::new(value, place)?;
    node.only(&[
        "frames",
        "box",
        "text",
        "is_phi",
        "ambiguous",
        "class",
        "readability",
        "glyphs",
        "cap_height",
        "contrast",
        "plane",
        "turns",
    ])?;
    let frames: [u32; 2] = node.numbers("frames")?;
    if frames[0] > frames[1] {
        return Err(node.wrong("frames", "the last is before the first"));
    }
    let [x0, y0, x1, y1] = node.numbers("box")?;
    let bounds = Rect::new(x0, y0, x1, y1);
    if bounds.is_empty() {
        return Err(node.wrong("box", "holds no pixel"));
    }
    let is_phi = node.flag("is_phi")?.ok_or_else(|| node.wrong("is_phi", "is missing"))?;
    let kind = match (node.flag("ambiguous")?.unwrap_or(false), is_phi) {
        (true, _) => Kind::Ambiguous,
        (false, true) => Kind::Phi,
        (false, false) => Kind::Technical,
    };
    let class = match node.object.get("class") {
        None => Vec::new(),
        Some(value) => value
            .as_array()
            .and_then(|words| words.iter().map(|word| word.as_str().map(str::to_owned)).collect())
            .ok_or_else(|| node.wrong("class", "not a list of words"))?,
    };
    let readability = match node.text("readability")? {
        None => None,
        Some("normal") => Some(Readability::Normal),
        Some("small") => Some(Readability::Small),
        Some("low_contrast") => Some(Readability::LowContrast),
        Some(_) => return Err(node.wrong("readability", "neither normal, small nor low_contrast")),
    };
    let glyphs = node.object.contains_key("glyphs").then(|| node.numbers("glyphs")).transpose()?;
    let text = node.text("text")?.map(|text| Sensitive::new(text.to_owned()));
    let plane = node.text("plane")?.map(str::to_owned);
    Ok(TruthLine { frames, bounds, text, kind, class, readability, glyphs, plane })
}

/// An object and its place in the file, for messages.
struct Node<'a> {
    object: &'a Map<String, Value>,
    place: String,
}

impl<'a> Node<'a> {
    fn new(value: &'a Value, place: String) -> Result<Self, String> {
        match value.as_object() {
            Some(object) => Ok(Self { object, place }),
            None if place.is_empty() => Err("not an object".into()),
            None => Err(format!("{place}: not an object")),
        }
    }

    fn wrong(&self, key: &str, problem: &str) -> String {
        let dot = if self.place.is_empty() { "" } else { "." };
        format!("{}{dot}{key}: {problem}", self.place)
    }

    fn only(&self, keys: &[&str]) -> Result<(), String> {
        match self.object.keys().find(|key| !keys.contains(&key.as_str())) {
            // Long or odd, it is more likely a value gone astray than a key.
            Some(key) if key.len() <= 30 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
                Err(self.wrong(key, "unknown key"))
            }
            Some(_) => Err(self.wrong("?", "unknown key")),
            None => Ok(()),
        }
    }

    fn list(&self, key: &str) -> Result<&'a [Value], String> {
        let value = self.object.get(key).ok_or_else(|| self.wrong(key, "is missing"))?;
        Ok(value.as_array().ok_or_else(|| self.wrong(key, "not a list"))?)
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, String> {
        let value = self.object.get(key);
        value.map(|value| value.as_str().ok_or_else(|| self.wrong(key, "not a text"))).transpose()
    }

    /// Returns a path that cannot lead out of the folder that it is meant for.
    fn below(&self, key: &str) -> Result<Option<String>, String> {
        let Some(name) = self.text(key)? else { return Ok(None) };
        let below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || !below {
            return Err(self.wrong(key, "not a path below a folder"));
        }
        Ok(Some(name.to_owned()))
    }

    fn flag(&self, key: &str) -> Result<Option<bool>, String> {
        let value = self.object.get(key);
        value.map(|value| value.as_bool().ok_or_else(|| self.wrong(key, "neither true nor false"))).transpose()
    }

    fn numbers<const N: usize>(&self, key: &str) -> Result<[u32; N], String> {
        let list = self.list(key)?;
        let numbers: Option<Vec<u32>> = list.iter().map(|value| u32::try_from(value.as_u64()?).ok()).collect();
        let wrong = || self.wrong(key, &format!("not {N} whole numbers"));
        numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &str) -> String {
        parse(json.as_bytes()).expect_err("malformed")
    }

    #[test]
    fn the_truth_of_the_fixtures_is_read() {
        let truth = Truth::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/truth.json")).unwrap();
        assert!(truth.files.len() > 30);
        let lines: Vec<&TruthLine> = truth.files.iter().flat_map(|file| &file.lines).collect();
        assert!(lines.iter().any(|line| line.kind == Kind::Phi));
        assert!(lines.iter().any(|line| line.kind == Kind::Technical));
        assert!(lines.iter().any(|line| line.plane.is_some()));
    }

    #[test]
    fn optional_keys_are_read() {
        let line = r#"{"frames": [0, 3], "box": [1, 2, 3, 4], "is_phi": true, "ambiguous": true, "class": ["name"]}"#;
        let json =
            format!(r#"{{"files": [{{"file": "a/b.dcm", "lines": [{line}]}}, {{"file": "c", "annotated": false}}]}}"#);
        let files = parse(json.as_bytes()).unwrap();
        let line = &files[0].lines[0];
        assert_eq!((line.kind, line.frames, line.bounds), (Kind::Ambiguous, [0, 3], Rect::new(1, 2, 3, 4)));
        assert_eq!((line.class.as_slice(), &line.text), (["name".to_owned()].as_slice(), &None));
        assert!(files[0].annotated && !files[1].annotated);
    }

    #[test]
    fn letters_and_readability_are_read() {
        let rest = r#""frames": [0, 0], "box": [0, 0, 1, 1], "is_phi": true"#;
        let file = |glyphs: &str, line: &str| {
            parse(format!(r#"{{"files": [{{"file": "a"{glyphs}, "lines": [{{{rest}, {line}}}]}}]}}"#).as_bytes())
        };
        let glyphs = r#", "glyphs": "letters/a.png""#;
        let line = r#""glyphs": [7, 9], "readability": "low_contrast", "cap_height": 9.5, "contrast": 20"#;
        let files = file(glyphs, line).unwrap();
        assert_eq!(files[0].glyphs.as_deref(), Some("letters/a.png"));
        let line = &files[0].lines[0];
        assert_eq!((line.glyphs, line.readability), (Some([7, 9]), Some(Readability::LowContrast)));
        assert_eq!(
            file("", r#""glyphs": [7, 9]"#).unwrap_err(),
            "files[0] (a).glyphs: is missing, though a line has them"
        );
        let up = file(r#", "glyphs": "../a.png""#, r#""glyphs": [7, 9]"#);
        assert_eq!(up.unwrap_err(), "files[0] (a).glyphs: not a path below a folder");
        let wrong = file("", r#""readability": "DOE""#).unwrap_err();
        assert_eq!(wrong, "files[0] (a).lines[0].readability: neither normal, small nor low_contrast");
    }

    #[test]
    fn messages_name_the_key_and_no_text() {
        let line = |line: &str| problem(&format!(r#"{{"files": [{{"file": "a", "lines": [{line}]}}]}}"#));
        let place = "files[0] (a).lines[0]";
        let rest = r#""frames": [0, 0], "box": [0, 0, 1, 1], "is_phi": true"#;
        assert_eq!(line(r#"{"frames": "DOE"}"#), format!("{place}.frames: not a list"));
        assert_eq!(line(r#"{"frames": [0]}"#), format!("{place}.frames: not 2 whole numbers"));
        assert_eq!(line(r#"{"frames": [1, 0]}"#), format!("{place}.frames: the last is before the first"));
        assert_eq!(line(r#"{"frames": [0, 0], "box": [3, 0, 3, 1]}"#), format!("{place}.box: holds no pixel"));
        assert_eq!(line(r#"{"frames": [0, 0], "box": [0, 0, 1, -1]}"#), format!("{place}.box: not 4 whole numbers"));
        assert_eq!(line(r#"{"frames": [0, 0], "box": [0, 0, 1, 1]}"#), format!("{place}.is_phi: is missing"));
        assert_eq!(line(&format!(r#"{{{rest}, "txt": "DOE"}}"#)), format!("{place}.txt: unknown key"));
        assert_eq!(line(&format!(r#"{{{rest}, "DOE^JANE": 1}}"#)), format!("{place}.?: unknown key"));
        assert_eq!(line(&format!(r#"{{{rest}, "class": "DOE"}}"#)), format!("{place}.class: not a list of words"));
        assert_eq!(line(r#""DOE^JANE""#), format!("{place}: not an object"));
    }

    #[test]
    fn files_are_named_once_and_lie_below_the_folder() {
        assert_eq!(problem("[]"), "not an object");
        assert_eq!(problem("{"), "not JSON, at line 1 column 1");
        assert_eq!(problem("{}"), "files: is missing");
        for name in ["../a", "/a", "", "a/../b"] {
            let json = format!(r#"{{"files": [{{"file": "{name}", "lines": []}}]}}"#);
            assert_eq!(problem(&json), "files[0].file: not a path below a folder");
        }
        let twice = r#"{"files": [{"file": "a", "lines": []}, {"file": "a", "lines": []}]}"#;
        assert_eq!(problem(twice), "files[1].file: a stands there twice");
        assert_eq!(problem(r#"{"files": [{"file": "a"}]}"#), "files[0] (a).lines: is missing");
    }
}
