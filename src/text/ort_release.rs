//! The pinned release of ONNX Runtime and how to get it. Used by `build.rs` (by path) and by `deburn fetch-runtime`.
//!
//! The library is taken from the Python wheel of the same release, the one form of it that every platform's package
//! index carries. Python is only asked to download; nothing is installed.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// The release that is fetched. Any release that knows API version 24 can be loaded instead.
pub const VERSION: &str = "1.31.1";

/// The wheel for one platform.
#[derive(Debug)]
pub struct Wheel {
    os: &'static str,
    arch: &'static str,
    platform: &'static str,
    sha256: &'static str,
    library: &'static str,
}

/// Windows on x86-64, Linux with glibc on x86-64 and arm64, macOS on arm64. There is no wheel for musl or Intel Macs.
const WHEELS: [Wheel; 4] = [
    Wheel {
        os: "linux",
        arch: "x86_64",
        platform: "manylinux_2_28_x86_64",
        sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        library: "libonnxruntime.so.1.31.1",
    },
    Wheel {
        os: "linux",
        arch: "aarch64",
        platform: "manylinux_2_28_aarch64",
        sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
        library: "libonnxruntime.so.1.31.1",
    },
    Wheel {
        os: "macos",
        arch: "aarch64",
        platform: "macosx_14_0_arm64",
        sha256: "60b6b69bfe580eab576cacc5d132a0e9cf2a37fcfd18d46dd191042b1d1ed0d7",
        library: "libonnxruntime.1.31.1.dylib",
    },
    Wheel {
        os: "windows",
        arch: "x86_64",
        platform: "win_amd64",
        sha256: "c3d91b5de31e2fc82d71bd65b2b22bddee8b49057a3a36338e9a868e0ea90c05",
        library: "onnxruntime.dll",
    },
];

/// Why the library could not be fetched.
#[derive(Debug)]
pub enum FetchError {
    /// Python, pip or the package index is not there; trying later can help.
    Unavailable(String),
    /// What came is not what was pinned. Never to be ignored.
    Mismatch(String),
}

impl std::fmt::Display for FetchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unavailable(problem) | Self::Mismatch(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for FetchError {}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Returns the library's file name on an operating system named as in [`std::env::consts::OS`].
#[must_use]
pub fn library_name(os: &str) -> &'static str {
    match os {
        "windows" => "onnxruntime.dll",
        "macos" => "libonnxruntime.dylib",
        _ => "libonnxruntime.so",
    }
}

/// Returns the wheel for a target, all three words as in cargo's `CARGO_CFG_TARGET_*`; `None` if there is none.
#[must_use]
pub fn wheel(os: &str, arch: &str, env: &str) -> Option<&'static Wheel> {
    WHEELS.iter().find(|w| w.os == os && w.arch == arch && env != "musl")
}

/// Puts the library and its license texts into `folder` and returns the library's path.
///
/// Nothing is done if the library is there already. Files appear whole: they are written in a folder of this
/// process and renamed, so that two runs at the same time do not disturb each other.
///
/// # Errors
///
/// [`FetchError::Mismatch`] if the download has another hash than the pinned one, else
/// [`FetchError::Unavailable`].
pub fn fetch(wheel: &Wheel, folder: &Path) -> Result<PathBuf, FetchError> {
    let library = folder.join(library_name(wheel.os));
    if library.is_file() {
        return Ok(library);
    }
    let work = folder.join(format!(".fetch-{}", std::process::id()));
    fs::create_dir_all(&work)?;
    let fetched = download(wheel, &work).and_then(|file| unpack(wheel, &file, &work, folder));
    let _ = fs::remove_dir_all(&work);
    fetched.map(|()| library)
}

/// Lets pip download the wheel into `work` and checks its hash once more.
#[expect(clippy::disallowed_methods, reason = "build.rs has no `output`; what is written is renamed as well")]
fn download(wheel: &Wheel, work: &Path) -> Result<PathBuf, FetchError> {
    let requirements = work.join("requirements.txt");
    fs::write(&requirements, format!("onnxruntime=={VERSION} --hash=sha256:{}\n", wheel.sha256))?;
    run_pip(wheel, &requirements, work)?;
    let file = fs::read_dir(work)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| FetchError::Unavailable("pip left no wheel".to_owned()))?;
    let hash: String = Sha256::digest(fs::read(&file)?).iter().map(|byte| format!("{byte:02x}")).collect();
    if hash != wheel.sha256 {
        return Err(FetchError::Mismatch(format!("the wheel's sha256 is {hash}, not {}", wheel.sha256)));
    }
    Ok(file)
}

/// Runs `python3 -m pip download` for the wheel's platform, which need not be the host's.
fn run_pip(wheel: &Wheel, requirements: &Path, work: &Path) -> Result<(), FetchError> {
    let mut missing = String::new();
    for python in ["python3", "python"] {
        let output = Command::new(python)
            .args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"])
            .args(["--only-binary=:all:", "--require-hashes", "--retries", "2", "--timeout", "20"])
            .args(["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"])
            .args(["--platform", wheel.platform])
            .arg("--dest")
            .arg(work)
            .arg("--requirement")
            .arg(requirements)
            .output();
        let output = match output {
            Ok(output) => output,
            Err(error) => {
                missing = format!("{python} cannot be run: {error}");
                continue;
            }
        };
        if output.status.success() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&output.stderr);
        let last = words.lines().rev().find(|line| line.starts_with("ERROR")).or(words.lines().last());
        let problem = format!("pip download failed: {}", last.unwrap_or("no message"));
        return Err(if words.contains("DO NOT MATCH THE HASHES") {
            FetchError::Mismatch(problem)
        } else {
            FetchError::Unavailable(problem)
        });
    }
    Err(FetchError::Unavailable(missing))
}

/// Takes the library and the license texts out of the wheel; the library comes last, as the sign that all is there.
#[expect(clippy::disallowed_methods, reason = "build.rs has no `output`; what is written is renamed as well")]
fn unpack(wheel: &Wheel, file: &Path, work: &Path, folder: &Path) -> Result<(), FetchError> {
    let broken = |error: zip::result::ZipError| FetchError::Mismatch(format!("the wheel cannot be read: {error}"));
    let mut archive = zip::ZipArchive::new(fs::File::open(file)?).map_err(broken)?;
    let members = [
        ("onnxruntime/LICENSE".to_owned(), "onnxruntime.LICENSE.txt"),
        ("onnxruntime/ThirdPartyNotices.txt".to_owned(), "onnxruntime.ThirdPartyNotices.txt"),
        (format!("onnxruntime/capi/{}", wheel.library), library_name(wheel.os)),
    ];
    for (member, name) in members {
        let mut bytes = Vec::new();
        archive.by_name(&member).map_err(broken)?.read_to_end(&mut bytes)?;
        let whole = work.join(name);
        let mut file = fs::File::create(&whole)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&whole, folder.join(name))?;
    }
    Ok(())
}
