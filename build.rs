//! Gets the pinned ONNX Runtime library and puts it beside the executable that is being built.
//!
//! The library is kept in `<target folder>/onnxruntime-<version>/`, so that it is downloaded once for all profiles.
//! Whatever keeps it from being fetched is a warning, for the program can be built without it and says at run time
//! where it looks; only a download that is not the pinned one stops the build.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, fs, io};

#[path = "src/text/ort_release.rs"]
mod ort_release;

/// Variables that keep the build from downloading: our own, docs.rs, a build without network, a library of one's own.
const SKIP: [&str; 4] = ["DEBURN_SKIP_ORT_FETCH", "DOCS_RS", "CARGO_NET_OFFLINE", "ORT_DYLIB_PATH"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/text/ort_release.rs");
    for name in SKIP {
        println!("cargo:rerun-if-env-changed={name}");
    }
    // CARGO_NET_OFFLINE=false is a way to say "online".
    if let Some(name) = SKIP.iter().find(|name| env::var(name).is_ok_and(|v| !v.is_empty() && v != "false")) {
        if *name != "ORT_DYLIB_PATH" {
            println!("cargo:warning=ONNX Runtime is not fetched because {name} is set; see `deburn doctor`");
        }
        return;
    }
    let word = |name: &str| env::var(name).unwrap_or_default();
    let (os, arch) = (word("CARGO_CFG_TARGET_OS"), word("CARGO_CFG_TARGET_ARCH"));
    let Some(wheel) = ort_release::wheel(&os, &arch, &word("CARGO_CFG_TARGET_ENV")) else {
        println!(
            "cargo:warning=there is no ready ONNX Runtime for this target; build or install version 1.24 or newer \
             yourself and name its library in ORT_DYLIB_PATH"
        );
        return;
    };
    // <target>/<profile>/build/<package>-<hash>/out; tests and benches find the library one folder above `deps`.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let Some((profile, target)) = out.ancestors().nth(3).and_then(|p| Some((p, p.parent()?))) else {
        println!("cargo:warning=ONNX Runtime is not fetched: OUT_DIR has an unexpected form");
        return;
    };
    // Runs this again when the library was deleted; its time is set back below so that it does not otherwise.
    println!("cargo:rerun-if-changed={}", profile.join(ort_release::library_name(&os)).display());
    let cache = target.join(format!("onnxruntime-{}", ort_release::VERSION));
    match ort_release::fetch(wheel, &cache).and_then(|_| Ok(place(&cache, profile)?)) {
        Ok(()) => {}
        Err(ort_release::FetchError::Mismatch(problem)) => panic!("ONNX Runtime is not the pinned one: {problem}"),
        Err(ort_release::FetchError::Unavailable(problem)) => {
            println!("cargo:warning=ONNX Runtime was not fetched ({problem}); `deburn fetch-runtime` tries again");
        }
    }
}

/// Links or copies the files of `cache` into `profile`.
fn place(cache: &Path, profile: &Path) -> io::Result<()> {
    for entry in fs::read_dir(cache)? {
        let source = entry?.path();
        let Some(name) = source.file_name().filter(|_| source.is_file()) else { continue };
        let goal = profile.join(name);
        if fs::metadata(&goal).is_ok_and(|there| fs::metadata(&source).is_ok_and(|m| m.len() == there.len())) {
            continue;
        }
        let part = profile.join(format!(".{}-{}", name.display(), std::process::id()));
        let _ = fs::remove_file(&part);
        if fs::hard_link(&source, &part).is_err() {
            fs::copy(&source, &part)?;
        }
        // Cargo runs the script again if a file that it names is newer than the last run's start.
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::File::options().write(true).open(&part)?.set_modified(long_ago)?;
        fs::rename(&part, &goal)?;
    }
    Ok(())
}
