//! `deburn doctor`: says what this installation can do, and tries it.

use super::{EngineArguments, FAILED};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use deburn::dicom::codec;
use deburn::text::{self, Device, Effort, Engine, Models, Role, Runtime};
use deburn::{Error, Quad, Result};
use image::RgbImage;

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct DoctorOptions {
    /// The ONNX Runtime library to use instead of the one that is found.
    pub ort_library: Option<PathBuf>,
    /// The folder with models to use instead of those that are built in.
    pub model_folder: Option<PathBuf>,
    /// What to run the models on.
    pub device: Device,
}

/// What can be done with a transfer syntax, one line of the table.
#[derive(Clone, Copy, Debug)]
pub struct SyntaxRow<'a> {
    /// Its UID.
    pub uid: &'a str,
    /// Its name in PS3.6.
    pub name: &'a str,
    /// Whether its frames can be decoded.
    pub decode: bool,
    /// How masks are written, in a few words.
    pub mask: &'a str,
}

/// Shows what this installation can do.
pub fn doctor(arguments: &EngineArguments) -> Result<ExitCode> {
    let options = DoctorOptions {
        ort_library: arguments.ort_lib.clone(),
        model_folder: arguments.model_dir.clone(),
        device: arguments.device,
    };
    let rows: Vec<SyntaxRow<'_>> = codec::syntaxes()
        .iter()
        .map(|syntax| SyntaxRow {
            uid: syntax.uid,
            name: syntax.name,
            decode: syntax.decode,
            mask: match syntax.mask {
                codec::MaskForm::InPlace => "in place, same syntax out",
                codec::MaskForm::JpegBlocks => "blocks of the stream, same syntax out",
                codec::MaskForm::Reencoded => "encoded without loss, same syntax out",
                codec::MaskForm::ReencodedIfReversible => "encoded without loss, same syntax out; lossy: --fallback",
                codec::MaskForm::Fallback => "decoded, --fallback out",
                codec::MaskForm::Held => "held",
            },
        })
        .collect();
    let usable =
        run(&options, &rows, &mut std::io::stdout().lock()).map_err(Error::io("cannot write to standard output"))?;
    Ok(if usable { ExitCode::SUCCESS } else { FAILED.into() })
}

/// Writes a description of this installation and returns whether pictures can be examined with it.
///
/// # Errors
///
/// Only those of `out`; what is wrong with the installation is part of the description.
pub fn run(options: &DoctorOptions, syntaxes: &[SyntaxRow<'_>], out: &mut impl Write) -> io::Result<bool> {
    writeln!(out, "deburn {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH)?;
    let runtime = Runtime::load(options.ort_library.as_deref());
    match &runtime {
        Ok(runtime) => {
            writeln!(out, "\nONNX Runtime {} from {}", runtime.version(), runtime.path().display())?;
            writeln!(out, "  execution providers: {}", runtime.providers().join(", "))?;
        }
        Err(error) => writeln!(out, "\nbad: {error}")?,
    }
    let models = match &options.model_folder {
        Some(folder) => Models::from_folder(folder),
        None => Models::embedded(),
    };
    write_models(options, &models, out)?;
    let works = match (runtime, models) {
        (Ok(runtime), Ok(models)) => write_smoke_test(runtime, models, options.device, out)?,
        _ => false,
    };
    write_syntaxes(syntaxes, out)?;
    writeln!(out, "\n{}", if works { "ready" } else { "not ready: see the lines marked bad" })?;
    Ok(works)
}

fn write_models(options: &DoctorOptions, models: &Result<Models>, out: &mut impl Write) -> io::Result<()> {
    match &options.model_folder {
        Some(folder) => writeln!(out, "\nmodels in {}", folder.display())?,
        None => writeln!(out, "\nmodels (built in)")?,
    }
    match models {
        Ok(models) => models.entries().try_for_each(|model| {
            let role = match &model.role {
                Role::Detector { .. } => "detector".to_owned(),
                Role::RegionDetector { .. } => "region detector".to_owned(),
                Role::Scout { .. } => "scout".to_owned(),
                Role::Recognizer { effort, .. } => format!("recognizer, effort {}", effort.name()),
            };
            writeln!(out, "  {role}: {}, {}, sha256 ok ({})", model.name, model.license, model.sha256)
        }),
        Err(error) => writeln!(out, "  bad: {error}"),
    }
}

/// Finds and reads the text in a small picture drawn for the purpose.
fn write_smoke_test(runtime: Runtime, models: Models, device: Device, out: &mut impl Write) -> io::Result<bool> {
    let (picture, area) = text::sample::picture();
    let start = std::time::Instant::now();
    let found = Engine::new(runtime, models, device).and_then(|engine| {
        let lines = engine.detector(Effort::Standard)?.detect(&picture)?.lines;
        let covers = |line: &text::Detection| {
            let b = text::pad(&line.quad).bounding_box(picture.width(), picture.height());
            b.x0 <= area.x0 && b.y0 <= area.y0 && b.x1 >= area.x1 && b.y1 >= area.y1
        };
        Ok((engine, lines.into_iter().find(covers)))
    });
    let time = start.elapsed().as_millis();
    write!(out, "\ndetection on {device}: ")?;
    match found {
        Ok((engine, Some(line))) => {
            let used = engine.device();
            writeln!(out, "ok, on {used} ({}), {time} ms with loading", used.provider())?;
            let mut works = true;
            for effort in Effort::ALL {
                write!(out, "reading, effort {}: ", effort.name())?;
                works &= write_reading(&engine, effort, &picture, &line.quad, out)?;
            }
            Ok(works)
        }
        Ok((engine, None)) => {
            writeln!(out, "bad: the text of a test picture was not found on {}", engine.device())?;
            Ok(false)
        }
        Err(error) => {
            writeln!(out, "bad: {error}")?;
            Ok(false)
        }
    }
}

/// Reads the text of the test picture and returns whether it is what was drawn.
fn write_reading(
    engine: &Engine,
    effort: Effort,
    picture: &RgbImage,
    line: &Quad,
    out: &mut impl Write,
) -> io::Result<bool> {
    let start = std::time::Instant::now();
    let reading = engine.recognizer(effort).and_then(|mut recognizer| recognizer.read(picture, line));
    let time = start.elapsed().as_millis();
    // Recognizers drop spaces.
    let bare = |text: &str| text.replace(' ', "");
    match reading {
        Ok(Some(reading)) if bare(reading.text.expose()) == bare(text::sample::TEXT) => {
            writeln!(out, "ok, {time} ms with loading")?;
            Ok(true)
        }
        Ok(_) => {
            writeln!(out, "bad: the text of a test picture was misread")?;
            Ok(false)
        }
        Err(error) => {
            writeln!(out, "bad: {error}")?;
            Ok(false)
        }
    }
}

fn write_syntaxes(syntaxes: &[SyntaxRow<'_>], out: &mut impl Write) -> io::Result<()> {
    if syntaxes.is_empty() {
        return Ok(());
    }
    let widest = |length: fn(&SyntaxRow<'_>) -> usize| syntaxes.iter().map(length).max().unwrap_or(0);
    let (uids, names) = (widest(|row| row.uid.len()), widest(|row| row.name.len()));
    writeln!(out, "\n{:uids$}  {:names$}  read  masks", "transfer syntax", "name", uids = uids.max(15))?;
    for row in syntaxes {
        let read = if row.decode { "yes" } else { "no" };
        writeln!(out, "{:uids$}  {:names$}  {read:4}  {}", row.uid, row.name, row.mask, uids = uids.max(15))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(options: &DoctorOptions) -> (String, bool) {
        let rows = [SyntaxRow {
            uid: "1.2.840.10008.1.2.1",
            name: "Explicit VR Little Endian",
            decode: true,
            mask: "in place",
        }];
        let mut out = Vec::new();
        let works = run(options, &rows, &mut out).expect("a vector takes everything");
        (String::from_utf8(out).expect("text"), works)
    }

    #[test]
    fn a_folder_without_models_is_bad() {
        // No library either, for one that is loaded stays so for the other test.
        let missing = Some("/nowhere".into());
        let options = DoctorOptions { ort_library: missing.clone(), model_folder: missing, device: Device::Auto };
        let (text, works) = description(&options);
        assert!(!works && text.contains("bad: model manifest.toml: cannot be read"), "{text}");
    }

    #[test]
    fn a_missing_library_is_bad_and_the_table_is_still_there() {
        let options = DoctorOptions { ort_library: Some("/nowhere/lib.so".into()), ..DoctorOptions::default() };
        let (text, works) = description(&options);
        assert!(!works && text.contains("/nowhere/lib.so: no such file"), "{text}");
        assert!(text.contains("1.2.840.10008.1.2.1  Explicit VR Little Endian  yes   in place"), "{text}");
    }
}
