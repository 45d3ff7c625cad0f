//! Which model files there are, how they want to be fed and how their output is read: `models/manifest.toml`.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The manifest that is built in.
const MANIFEST: &str = include_str!("../../models/manifest.toml");
/// The model files that it names.
const FILES: [(&str, &[u8]); 1] = [("PP-OCRv6_det_small.onnx", include_bytes!("../../models/PP-OCRv6_det_small.onnx"))];

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Finds where text is.
    Detector,
}

/// How a picture is laid out in the input tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Picture, channel, row, column.
    Nchw,
}

/// The order of the color channels in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Blue, green, red.
    Bgr,
    /// Red, green, blue.
    Rgb,
}

/// What the output tensor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// One channel of probabilities at input size, of the shrunken cores of text lines.
    ProbabilityMap,
}

/// How a picture becomes an input tensor: sample `v` of a channel becomes `(v * scale - mean) / std`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputForm {
    /// The tensor's axes.
    pub layout: Layout,
    /// The order of the channels.
    pub channels: Channels,
    /// What both sides have to be divisible by.
    pub multiple_of: u32,
    /// Factor for samples of 0 to 255.
    pub scale: f32,
    /// In the order of the channels.
    pub mean: [f32; 3],
    /// In the order of the channels.
    pub std: [f32; 3],
}

/// How lines are read from a probability map.
///
/// There is no limit on the number of lines: what is left out would stay in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A pixel belongs to a line if its probability is above this.
    pub probability: f32,
    /// A line is kept if the mean probability in its rectangle reaches this.
    pub r#box: f32,
    /// How much a core grows: by area × `unclip` ÷ perimeter on each side.
    pub unclip: f32,
    /// The least short side of a core, in pixels of the map.
    pub min_side: f32,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// What its output holds.
    pub output: Output,
    /// What its input wants.
    pub input: InputForm,
    /// How its output is read.
    pub thresholds: Thresholds,
}

/// A manifest and the files that it names, checked against their hashes.
#[derive(Clone, Debug)]
pub struct Models(Vec<(ModelEntry, Cow<'static, [u8]>)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    model: Vec<ModelEntry>,
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
        let found = self.0.iter().find(|(entry, _)| entry.role == Role::Detector);
        let (entry, bytes) = found.expect("checked when the manifest was read");
        (entry, bytes)
    }

    /// Returns all models in the order of the manifest.
    pub fn entries(&self) -> impl Iterator<Item = &ModelEntry> {
        self.0.iter().map(|(entry, _)| entry)
    }

    fn read(manifest: &str, file: impl Fn(&str) -> Result<Cow<'static, [u8]>>) -> Result<Self> {
        let manifest: Manifest =
            toml::from_str(manifest).map_err(|error| problem("manifest.toml", error.message().to_owned()))?;
        let mut models = Vec::new();
        for entry in manifest.model {
            check(&entry)?;
            let bytes = file(&entry.file)?;
            let hash = sha256(&bytes);
            if hash != entry.sha256 {
                return Err(problem(&entry.file, format!("sha256 is {hash}, the manifest says {}", entry.sha256)));
            }
            models.push((entry, bytes));
        }
        if models.iter().filter(|(entry, _)| entry.role == Role::Detector).count() != 1 {
            return Err(problem("manifest.toml", "exactly one model must be the detector"));
        }
        Ok(Self(models))
    }
}

/// Refuses numbers that would make the detector blind or loop for ever.
fn check(entry: &ModelEntry) -> Result<()> {
    let (input, thresholds) = (&entry.input, &entry.thresholds);
    let share = |value: f32| (0.0..1.0).contains(&value);
    let sound = (1..=256).contains(&input.multiple_of)
        && input.scale.is_finite()
        && input.mean.iter().all(|v| v.is_finite())
        && input.std.iter().all(|v| v.is_finite() && *v > 0.0)
        && share(thresholds.probability)
        && share(thresholds.r#box)
        && (0.0..=10.0).contains(&thresholds.unclip)
        && (0.0..=100.0).contains(&thresholds.min_side);
    if sound { Ok(()) } else { Err(problem(&entry.file, "a number in the manifest is out of range")) }
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

    #[test]
    fn the_built_in_models_have_their_hashes() {
        let models = Models::embedded().expect("built in");
        let (entry, bytes) = models.detector();
        assert_eq!((entry.license.as_str(), bytes.len()), ("Apache-2.0", 9_929_594));
    }

    #[test]
    fn unknown_keys_are_refused() {
        for key in ["[[model]]", "[model.input]", "[model.thresholds]"] {
            let manifest = MANIFEST.replace(key, &format!("{key}\nsurprise = 1"));
            let error = Models::read(&manifest, |_| Ok(Cow::Borrowed(FILES[0].1)));
            assert!(matches!(error, Err(Error::Model { ref problem, .. }) if problem.contains("surprise")), "{key}");
        }
    }

    #[test]
    fn a_changed_file_is_refused() {
        let error = Models::read(MANIFEST, |_| Ok(Cow::Borrowed(b"another network")));
        assert!(matches!(error, Err(Error::Model { ref problem, .. }) if problem.contains("sha256")));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for (good, bad) in
            [("multiple_of = 32", "multiple_of = 0"), ("box = 0.3", "box = nan"), ("unclip = 1.8", "unclip = -1.0")]
        {
            let error = Models::read(&MANIFEST.replace(good, bad), |_| Ok(Cow::Borrowed(FILES[0].1)));
            assert!(matches!(error, Err(Error::Model { .. })), "{bad}");
        }
    }

    #[test]
    fn a_folder_is_read_like_the_built_in_models() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(matches!(Models::from_folder(folder.path()), Err(Error::Model { .. })));
        std::fs::write(folder.path().join("manifest.toml"), MANIFEST).expect("written");
        std::fs::write(folder.path().join(FILES[0].0), FILES[0].1).expect("written");
        let models = Models::from_folder(folder.path()).expect("the same files");
        assert_eq!(models.detector().0, Models::embedded().expect("built in").detector().0);
        let outside = MANIFEST.replace("file = \"", "file = \"../");
        std::fs::write(folder.path().join("manifest.toml"), outside).expect("written");
        assert!(matches!(Models::from_folder(folder.path()), Err(Error::Model { .. })));
    }
}
