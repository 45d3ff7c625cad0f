//! Which model files there are, how they want to be fed and how their output is read: `models/manifest.toml`.

use std::borrow::Cow;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::charset::Charset;
pub use super::forms::{
    Channels, CharsetFile, InputForm, Layout, LineForm, Output, RegionThresholds, ScoutThresholds, Thresholds,
};
use crate::error::{Error, Result};

/// The manifest that is built in.
const MANIFEST: &str = include_str!("../../models/manifest.toml");
/// The files that it names.
const FILES: [(&str, &[u8]); 7] = [
    ("deburn_scout.onnx", include_bytes!("../../models/deburn_scout.onnx")),
    ("deburn_det.onnx", include_bytes!("../../models/deburn_det.onnx")),
    ("PP-OCRv6_det_small.onnx", include_bytes!("../../models/PP-OCRv6_det_small.onnx")),
    ("PP-OCRv6_rec_small.onnx", include_bytes!("../../models/PP-OCRv6_rec_small.onnx")),
    ("PP-OCRv6_rec_tiny.onnx", include_bytes!("../../models/PP-OCRv6_rec_tiny.onnx")),
    ("ppocrv6_dict.txt", include_bytes!("../../models/ppocrv6_dict.txt")),
    ("ppocrv6_tiny_dict.txt", include_bytes!("../../models/ppocrv6_tiny_dict.txt")),
];

/// What a model is for, with what only such a model has.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Finds where text is.
    Detector {
        /// How its output is read.
        thresholds: Thresholds,
    },
    /// Finds where text is, as a region up to the edge of each line.
    RegionDetector {
        /// How its output is read.
        thresholds: RegionThresholds,
    },
    /// Says where the detectors have to look.
    Scout {
        /// How its output is read.
        thresholds: ScoutThresholds,
    },
    /// Reads a line of text.
    Recognizer {
        /// For which effort it is taken.
        effort: Effort,
        /// What its classes mean.
        charset: CharsetFile,
        /// The size of the line that it is shown.
        line: LineForm,
    },
}

/// How much is done to read text well.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// One small network finds text, another small one reads it: faint and tiny text is found less often, more technical
    /// text is masked
    Fast,
    /// Two networks find text, and it is read well
    #[default]
    Standard,
    /// Both networks look at more scales
    Max,
}

impl Effort {
    /// Those that have a recognizer of their own, the best first; the last resort reads like the standard.
    const OF_RECOGNIZERS: [Self; 2] = [Self::Standard, Self::Fast];

    /// All, the best first.
    pub const ALL: [Self; 3] = [Self::Max, Self::Standard, Self::Fast];

    /// Returns its name in the manifest and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Standard => "standard",
            Self::Max => "max",
        }
    }
}

/// One model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelEntry {
    /// What it is for.
    pub role: Role,
    /// A name for people.
    pub name: String,
    /// Its file name, beside the manifest.
    pub file: String,
    /// The file's hash, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its license, as an SPDX expression.
    pub license: String,
    /// Where it comes from.
    pub source: String,
    /// The version of that source.
    pub source_version: String,
    /// What its input wants.
    pub input: InputForm,
}

/// A manifest and the files that it names, checked against their hashes.
#[derive(Clone, Debug)]
pub struct Models(Vec<Loaded>);

#[derive(Clone, Debug)]
struct Loaded {
    entry: ModelEntry,
    network: Cow<'static, [u8]>,
    charset: Option<Charset>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    model: Vec<Written>,
}

/// A model as it is written in the manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    role: WrittenRole,
    name: String,
    file: String,
    sha256: String,
    license: String,
    source: String,
    source_version: String,
    output: Output,
    input: InputForm,
    thresholds: Option<Thresholds>,
    regions: Option<RegionThresholds>,
    scout: Option<ScoutThresholds>,
    effort: Option<Effort>,
    charset: Option<CharsetFile>,
    line: Option<LineForm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenRole {
    Detector,
    RegionDetector,
    Scout,
    Recognizer,
}

impl Models {
    /// Returns the models that are built into the program.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if the program file is damaged.
    pub fn embedded() -> Result<Self> {
        Self::read(MANIFEST, |name| match FILES.iter().find(|(file, _)| *file == name) {
            Some((_, bytes)) => Ok(Cow::Borrowed(*bytes)),
            None => Err(problem(name, "not built in")),
        })
    }

    /// Reads `manifest.toml` and the model files from a folder.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if something is missing, malformed or has another hash than the manifest says.
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let manifest = std::fs::read_to_string(folder.join("manifest.toml"))
            .map_err(|error| problem("manifest.toml", format!("cannot be read: {}", error.kind())))?;
        Self::read(&manifest, |name| {
            // A manifest names files beside it and nothing else.
            if Path::new(name).components().count() != 1 || Path::new(name).file_name().is_none() {
                return Err(problem(name, "not a plain file name"));
            }
            let bytes = std::fs::read(folder.join(name));
            bytes.map(Cow::Owned).map_err(|error| problem(name, format!("cannot be read: {}", error.kind())))
        })
    }

    /// Returns the detector and its bytes.
    #[must_use]
    pub fn detector(&self) -> (&ModelEntry, &[u8]) {
        let found = self.0.iter().find(|model| matches!(model.entry.role, Role::Detector { .. }));
        let model = found.expect("checked when the manifest was read");
        (&model.entry, &model.network)
    }

    /// Returns the detector of regions and its bytes.
    #[must_use]
    pub fn region_detector(&self) -> (&ModelEntry, &[u8]) {
        let found = self.0.iter().find(|model| matches!(model.entry.role, Role::RegionDetector { .. }));
        let model = found.expect("checked when the manifest was read");
        (&model.entry, &model.network)
    }

    /// Returns the scout and its bytes, if there is one: a detector looks everywhere without it.
    #[must_use]
    pub fn scout(&self) -> Option<(&ModelEntry, &[u8])> {
        let found = self.0.iter().find(|model| matches!(model.entry.role, Role::Scout { .. }));
        found.map(|model| (&model.entry, &*model.network))
    }

    /// Returns the recognizer for an effort, its bytes and its charset.
    #[must_use]
    pub fn recognizer(&self, effort: Effort) -> (&ModelEntry, &[u8], &Charset) {
        let effort = effort.min(Effort::Standard);
        let is_it = |role: &Role| matches!(role, Role::Recognizer { effort: own, .. } if *own == effort);
        let found = self.0.iter().find(|model| is_it(&model.entry.role));
        let found = found.and_then(|model| Some((&model.entry, &*model.network, model.charset.as_ref()?)));
        found.expect("checked when the manifest was read")
    }

    /// Returns all models in the order of the manifest.
    pub fn entries(&self) -> impl Iterator<Item = &ModelEntry> {
        self.0.iter().map(|model| &model.entry)
    }

    fn read(manifest: &str, file: impl Fn(&str) -> Result<Cow<'static, [u8]>>) -> Result<Self> {
        let manifest: Manifest =
            toml::from_str(manifest).map_err(|error| problem("manifest.toml", error.message().to_owned()))?;
        let checked = |name: &str, expected: &str| {
            let bytes = file(name)?;
            let hash = sha256(&bytes);
            if hash == expected {
                Ok(bytes)
            } else {
                Err(problem(name, format!("sha256 is {hash}, the manifest says {expected}")))
            }
        };
        let mut models: Vec<Loaded> = Vec::new();
        for written in manifest.model {
            let entry = written.entry()?;
            check(&entry)?;
            let network = checked(&entry.file, &entry.sha256)?;
            let charset = match &entry.role {
                Role::Detector { .. } | Role::RegionDetector { .. } | Role::Scout { .. } => None,
                Role::Recognizer { charset: CharsetFile { file, sha256 }, .. } => {
                    let bytes = checked(file, sha256)?;
                    Some(Charset::read(&bytes).map_err(|error| problem(file, error))?)
                }
            };
            models.push(Loaded { entry, network, charset });
        }
        let count = |wanted: &dyn Fn(&Role) -> bool| models.iter().filter(|model| wanted(&model.entry.role)).count();
        if count(&|role| matches!(role, Role::Detector { .. })) != 1 {
            return Err(problem("manifest.toml", "exactly one model must be the detector"));
        }
        if count(&|role| matches!(role, Role::RegionDetector { .. })) != 1 {
            return Err(problem("manifest.toml", "exactly one model must be the region detector"));
        }
        if count(&|role| matches!(role, Role::Scout { .. })) > 1 {
            return Err(problem("manifest.toml", "at most one model may be the scout"));
        }
        for wanted in Effort::OF_RECOGNIZERS {
            if count(&|role| matches!(role, Role::Recognizer { effort, .. } if *effort == wanted)) != 1 {
                return Err(problem("manifest.toml", "exactly one model must be the recognizer for each effort"));
            }
        }
        Ok(Self(models))
    }
}

impl Written {
    /// Puts the keys together that belong to the role, all of them and no other ones.
    fn entry(self) -> Result<ModelEntry> {
        let Self { file, thresholds, regions, scout, effort, charset, line, .. } = self;
        let maps = (thresholds, regions, scout);
        let role = match (self.role, self.output, maps, (effort, charset, line)) {
            (WrittenRole::Detector, Output::ProbabilityMap, (Some(thresholds), None, None), (None, None, None)) => {
                Role::Detector { thresholds }
            }
            (
                WrittenRole::RegionDetector,
                Output::RegionAndCoreMaps,
                (None, Some(thresholds), None),
                (None, None, None),
            ) => Role::RegionDetector { thresholds },
            (WrittenRole::Scout, Output::CellMap, (None, None, Some(thresholds)), (None, None, None)) => {
                Role::Scout { thresholds }
            }
            (WrittenRole::Recognizer, Output::Ctc, (None, None, None), (Some(effort), Some(charset), Some(line))) => {
                Role::Recognizer { effort, charset, line }
            }
            (WrittenRole::Detector, ..) => {
                return Err(problem(
                    &file,
                    "a detector has thresholds and the output `probability_map`, and no effort, charset and line",
                ));
            }
            (WrittenRole::RegionDetector, ..) => {
                return Err(problem(
                    &file,
                    "a region detector has regions and the output `region_and_core_maps`, and no effort, charset and line",
                ));
            }
            (WrittenRole::Scout, ..) => {
                return Err(problem(
                    &file,
                    "a scout has the keys of a scout and the output `cell_map`, and no effort, charset and line",
                ));
            }
            (WrittenRole::Recognizer, ..) => {
                return Err(problem(
                    &file,
                    "a recognizer has effort, charset, line and the output `ctc`, and no thresholds",
                ));
            }
        };
        let Self { name, sha256, license, source, source_version, input, .. } = self;
        Ok(ModelEntry { role, name, file, sha256, license, source, source_version, input })
    }
}

/// Refuses numbers that would make a network blind, loop for ever or take all memory.
fn check(entry: &ModelEntry) -> Result<()> {
    let input = &entry.input;
    let share = |value: f32| (0.0..1.0).contains(&value);
    let of_input = (1..=256).contains(&input.multiple_of)
        && input.scale.is_finite()
        && input.mean.iter().all(|v| v.is_finite())
        && input.std.iter().all(|v| v.is_finite() && *v > 0.0);
    let of_role = match &entry.role {
        Role::Detector { thresholds } => {
            share(thresholds.probability)
                && share(thresholds.r#box)
                && (0.0..=10.0).contains(&thresholds.unclip)
                && (0.0..=100.0).contains(&thresholds.min_side)
        }
        Role::RegionDetector {
            thresholds: RegionThresholds { region, seed, score, core, support, sure, sure_low, whole, score_again },
        } => [region, seed, score, core, support, sure, sure_low, whole, score_again]
            .into_iter()
            .all(|&value| share(value)),
        Role::Scout { thresholds: ScoutThresholds { text, reduced, certain, line, share: along, alone } } => {
            [text, reduced, certain, line, along, alone].into_iter().all(|own| share(*own))
        }
        Role::Recognizer { effort, line, .. } => {
            *effort <= Effort::Standard
                && (8..=256).contains(&line.height)
                && (line.height..=line.most_width).contains(&line.least_width)
                && line.most_width <= 1 << 14
        }
    };
    if of_input && of_role { Ok(()) } else { Err(problem(&entry.file, "a number in the manifest is out of range")) }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn problem(file: &str, problem: impl Into<String>) -> Error {
    Error::Model { file: file.to_owned(), problem: problem.into() }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make their inputs")]
mod tests {
    use super::*;

    fn built_in(name: &str) -> Result<Cow<'static, [u8]>> {
        let found = FILES.iter().find(|(file, _)| *file == name);
        found.map(|(_, bytes)| Cow::Borrowed(*bytes)).ok_or_else(|| problem(name, "not built in"))
    }

    #[test]
    fn the_built_in_models_have_their_hashes() {
        let models = Models::embedded().expect("built in");
        let (entry, bytes) = models.detector();
        assert_eq!((entry.license.as_str(), bytes.len()), ("Apache-2.0", 9_929_594));
        for (effort, size, classes) in [(Effort::Standard, 21_234_383, 18_710), (Effort::Fast, 4_462_639, 6_906)] {
            let (entry, bytes, charset) = models.recognizer(effort);
            assert_eq!(
                (entry.license.as_str(), bytes.len(), charset.classes()),
                ("Apache-2.0", size, classes),
                "{effort:?}"
            );
        }
    }

    #[test]
    fn the_notice_names_each_file_with_its_hash() {
        let notice = include_str!("../../models/NOTICE.md");
        for (file, bytes) in FILES {
            let line = notice.lines().find(|line| line.starts_with(&format!("| `{file}`")));
            assert!(line.is_some_and(|line| line.contains(&sha256(bytes))), "{file}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        for key in [
            "[[model]]",
            "[model.input]",
            "[model.thresholds]",
            "[model.regions]",
            "[model.scout]",
            "[model.charset]",
            "[model.line]",
        ] {
            let manifest = MANIFEST.replace(key, &format!("{key}\nsurprise = 1"));
            let error = Models::read(&manifest, built_in);
            assert!(matches!(error, Err(Error::Model { ref problem, .. }) if problem.contains("surprise")), "{key}");
        }
    }

    #[test]
    fn each_role_has_its_own_keys_and_no_others() {
        for (good, bad) in [
            ("output = \"ctc\"", "output = \"probability_map\""),
            ("output = \"probability_map\"", "output = \"ctc\""),
            ("output = \"region_and_core_maps\"", "output = \"probability_map\""),
            ("role = \"region_detector\"", "role = \"detector\""),
            ("output = \"cell_map\"", "output = \"probability_map\""),
            ("role = \"scout\"", "role = \"region_detector\""),
            ("[model.regions]\n", "[model.thresholds]\n"),
            ("effort = \"fast\"", "effort = \"max\""),
            ("effort = \"fast\"", ""),
            ("effort = \"fast\"", "effort = \"standard\""),
            ("role = \"detector\"", "role = \"recognizer\""),
            ("role = \"recognizer\"", "role = \"detector\""),
            ("role = \"detector\"", "role = \"detector\"\neffort = \"fast\""),
            ("[model.line]\nheight = 48", "[model.thresholds]\nprobability = 0.5"),
        ] {
            assert!(MANIFEST.contains(good), "{good}");
            let error = Models::read(&MANIFEST.replacen(good, bad, 1), built_in);
            assert!(matches!(error, Err(Error::Model { .. })), "{good} to {bad}");
        }
    }

    #[test]
    fn there_may_be_one_scout_or_none() {
        let start = MANIFEST.find("[[model]]\nrole = \"scout\"").expect("a scout");
        let end = start + 1 + MANIFEST[start + 1..].find("[[model]]").expect("another model");
        let without = Models::read(&[&MANIFEST[..start], &MANIFEST[end..]].concat(), built_in).expect("read");
        assert!(without.scout().is_none() && Models::embedded().expect("built in").scout().is_some());
        let twice = [MANIFEST, &MANIFEST[start..end]].concat();
        assert!(matches!(Models::read(&twice, built_in), Err(Error::Model { .. })));
    }

    #[test]
    fn a_changed_file_is_refused() {
        for changed in FILES.map(|(file, _)| file) {
            let error = Models::read(MANIFEST, |name| match name {
                _ if name == changed => Ok(Cow::Borrowed(b"another network" as &[u8])),
                _ => built_in(name),
            });
            let is_told = |file: &str, problem: &str| file == changed && problem.contains("sha256");
            assert!(
                matches!(error, Err(Error::Model { ref file, ref problem }) if is_told(file, problem)),
                "{changed}"
            );
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for (good, bad) in [
            ("multiple_of = 32", "multiple_of = 0"),
            ("box = 0.3", "box = nan"),
            ("support = 0.5", "support = 1.5"),
            ("\ntext = 0.2", "\ntext = 1.5"),
            ("\nreduced = 0.3", "\nreduced = nan"),
            ("unclip = 1.8", "unclip = -1.0"),
            ("height = 48", "height = 0"),
            ("least_width = 64", "least_width = 100000"),
            ("most_width = 3200", "most_width = 1000000"),
        ] {
            assert!(MANIFEST.contains(good), "{good}");
            let error = Models::read(&MANIFEST.replace(good, bad), built_in);
            assert!(matches!(error, Err(Error::Model { .. })), "{bad}");
        }
    }

    #[test]
    fn a_folder_is_read_like_the_built_in_models() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(matches!(Models::from_folder(folder.path()), Err(Error::Model { .. })));
        std::fs::write(folder.path().join("manifest.toml"), MANIFEST).expect("written");
        for (name, bytes) in FILES {
            std::fs::write(folder.path().join(name), bytes).expect("written");
        }
        let models = Models::from_folder(folder.path()).expect("the same files");
        assert!(models.entries().eq(Models::embedded().expect("built in").entries()));
        let outside = MANIFEST.replace("file = \"", "file = \"../");
        std::fs::write(folder.path().join("manifest.toml"), outside).expect("written");
        assert!(matches!(Models::from_folder(folder.path()), Err(Error::Model { .. })));
    }
}
