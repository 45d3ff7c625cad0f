//! Prints what `deburn` decodes of each file, for `compare_pydicom.py`.
//!
//! ```sh
//! cargo run --example dump_samples -- [--raw DIR] FILE...
//! ```
//!
//! One line of JSON a file: `file` and either `error` or what the samples are, with the SHA-256 of all of them as
//! little endian containers, frame after frame. With `--raw`, these bytes are also written to `DIR/N.raw`, where N
//! is the number of the file on the command line, from 0.

use std::ffi::OsString;
use std::io::{Error, Result, Write, stdout};
use std::path::{Path, PathBuf};

use deburn::dicom::{Instance, Limits, Samples};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn main() -> Result<()> {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut folder = None;
    if arguments.first().is_some_and(|first| first == "--raw") {
        folder = arguments.get(1).map(PathBuf::from);
        arguments.drain(..arguments.len().min(2));
    }
    for (number, path) in arguments.iter().map(Path::new).enumerate() {
        let raw = folder.as_ref().map(|folder| folder.join(format!("{number}.raw")));
        let mut line = match describe(path, raw.as_deref()) {
            Ok(line) => line,
            Err(error) => json!({ "error": error.to_string() }),
        };
        line["file"] = json!(path.to_string_lossy());
        writeln!(stdout(), "{line}")?;
    }
    Ok(())
}

/// Decodes all frames of a file.
fn describe(path: &Path, raw: Option<&Path>) -> Result<Value> {
    let instance = Instance::open(path, &Limits::default()).map_err(Error::other)?;
    let Some(frames) = instance.frames().map_err(Error::other)? else {
        return Err(Error::other("no pixels"));
    };
    let mut out = match raw {
        #[expect(clippy::disallowed_methods, reason = "scratch data of a developer, no output of the program")]
        Some(raw) => Some(std::fs::File::create(raw)?),
        None => None,
    };
    let (mut digest, mut least, mut most, mut decoded) = (Sha256::new(), u32::MAX, 0, None);
    for index in 0..frames.count() {
        let frame = frames.decode(index).map_err(Error::other)?;
        let bytes: Vec<u8> = match &frame.samples {
            Samples::U8(samples) => samples.clone(),
            Samples::U16(samples) => samples.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Samples::U32(samples) => samples.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        for sample in 0..frame.samples.len() {
            least = least.min(frame.samples.get(sample));
            most = most.max(frame.samples.get(sample));
        }
        digest.update(&bytes);
        if let Some(out) = &mut out {
            out.write_all(&bytes)?;
        }
        decoded = Some(frame.description);
    }
    let d = decoded.ok_or_else(|| Error::other("no frames"))?;
    let sha256: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(json!({
        "transfer_syntax": instance.file.transfer_syntax,
        "rows": d.rows,
        "columns": d.columns,
        "samples_per_pixel": d.samples_per_pixel,
        "photometric": d.photometric.code(),
        "bits": [d.bits_allocated, d.bits_stored, d.high_bit],
        "signed": d.signed,
        "frames": d.frames,
        "sha256": sha256,
        "min": least,
        "max": most,
    }))
}
