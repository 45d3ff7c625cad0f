//! Finds and loads the ONNX Runtime library, once per process. Sessions are made in `model`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider};

use super::{ort_release, version};
use crate::error::{Error, Result};

/// The loaded ONNX Runtime library. Clones are the same library.
#[derive(Clone, Debug)]
pub struct Runtime(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    // Keeps the library's global state alive as long as the process.
    environment: Environment,
    path: PathBuf,
    version: String,
}

/// The one library of this process: it cannot be unloaded or exchanged.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Loads the library, or returns the one that is loaded.
    ///
    /// `explicit` is used alone when given, and so is the environment variable `ORT_DYLIB_PATH`. Otherwise the
    /// places of [`places`] are tried in order.
    ///
    /// # Errors
    ///
    /// [`Error::RuntimeNotFound`] with one line for each place tried; [`Error::Usage`] if another library than
    /// `explicit` is loaded already.
    pub fn load(explicit: Option<&Path>) -> Result<Self> {
        let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            return match explicit {
                Some(path) if path != runtime.path() => {
                    Err(Error::Usage(format!("ONNX Runtime is already loaded from {}", runtime.path().display())))
                }
                _ => Ok(runtime.clone()),
            };
        }
        let chosen = explicit
            .map(Path::to_path_buf)
            .or_else(|| std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()).map(PathBuf::from));
        let places = chosen.as_ref().map_or_else(places, |path| vec![path.clone()]);
        let mut tried = Vec::new();
        for place in &places {
            match try_load(place) {
                Ok(environment) => {
                    let version = version::of_library(place).unwrap_or_else(|| ort::info().to_owned());
                    let runtime = Self(Arc::new(Loaded { environment, path: place.clone(), version }));
                    tracing::debug!(path = %place.display(), "loaded ONNX Runtime");
                    *loaded = Some(runtime.clone());
                    return Ok(runtime);
                }
                Err(problem) => tried.push(format!("  {}: {problem}", place.display())),
            }
        }
        Err(Error::RuntimeNotFound { tried: tried.join("\n"), advice: advice(chosen.is_some()) })
    }

    /// Returns the path that the library was loaded from; a bare name if the system's loader found it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the library's version, such as `1.31.1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// Returns the execution providers compiled into the library. That one is listed does not mean that its driver
    /// and device are there.
    #[must_use]
    pub fn providers(&self) -> Vec<&'static str> {
        fn compiled<E: ExecutionProvider>() -> Option<&'static str> {
            E::is_available().unwrap_or(false).then_some(E::NAME)
        }
        let found = [
            compiled::<ep::CPU>(),
            compiled::<ep::CUDA>(),
            compiled::<ep::TensorRT>(),
            compiled::<ep::CoreML>(),
            compiled::<ep::DirectML>(),
            compiled::<ep::OpenVINO>(),
        ];
        found.into_iter().flatten().collect()
    }

    /// Returns what sessions are made from.
    pub(super) fn environment(&self) -> &Environment {
        &self.0.environment
    }
}

/// Returns the places where the library is looked for, in order: beside the executable, in `lib` beside it, in
/// `../lib/deburn`, in the per-user data folder, and last by bare name wherever the system's loader looks.
///
/// Only folders that belong to this program are listed: a `..` alone would load what somebody left there.
#[must_use]
pub fn places() -> Vec<PathBuf> {
    let name = ort_release::library_name(std::env::consts::OS);
    let mut places = Vec::new();
    // Canonical, so that a symbolic link in ~/bin finds the library beside the real file.
    let exe = std::env::current_exe().and_then(std::fs::canonicalize).ok();
    if let Some(folder) = exe.as_deref().and_then(Path::parent) {
        places.push(folder.join(name));
        places.push(folder.join("lib").join(name));
        if let Some(above) = folder.parent() {
            places.push(above.join("lib").join("deburn").join(name));
            // Unit tests run from <target>/<profile>/deps, the build puts the library one folder above.
            #[cfg(test)]
            places.push(above.join(name));
        }
    }
    places.extend(user_folder().map(|folder| folder.join(name)));
    places.push(PathBuf::from(name));
    #[cfg(target_os = "linux")]
    places.push(PathBuf::from("libonnxruntime.so.1"));
    places
}

/// Returns this program's folder for the current user's data, where `deburn fetch-runtime` puts the library.
#[must_use]
pub fn user_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library").join("Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local").join("share")))
    };
    base.map(|base| base.join("deburn"))
}

/// Puts the pinned library into the per-user data folder and returns its path.
///
/// # Errors
///
/// [`Error::Usage`] if there is no ready library for this platform, no such folder, or the download failed; the
/// text says which.
pub fn fetch() -> Result<PathBuf> {
    let env = if cfg!(target_env = "musl") { "musl" } else { "" };
    let wheel = ort_release::wheel(std::env::consts::OS, std::env::consts::ARCH, env).ok_or_else(|| {
        Error::Usage("there is no ready ONNX Runtime for this platform; name your own in ORT_DYLIB_PATH".to_owned())
    })?;
    let folder = user_folder().ok_or_else(|| Error::Usage("there is no folder for user data".to_owned()))?;
    ort_release::fetch(wheel, &folder).map_err(|error| Error::Usage(format!("cannot fetch ONNX Runtime: {error}")))
}

/// Loads one candidate; the error is in words for the list of places tried.
fn try_load(path: &Path) -> Result<Environment, String> {
    let bare = path.components().count() == 1;
    if !bare && !path.exists() {
        return Err("no such file".to_owned());
    }
    let builder = ort::init_from(path).map_err(|error| match error {
        ort::LoadDynamicError::Dlopen { error, .. } => error.to_string(),
        other => other.to_string(),
    })?;
    builder.with_name("deburn").with_telemetry(false).build().map_err(|error| error.to_string())
}

/// Returns what to do about a library that was not found.
fn advice(chosen: bool) -> String {
    if chosen {
        "name a library of ONNX Runtime 1.24 or newer, or unset the option and ORT_DYLIB_PATH".to_owned()
    } else {
        "run `deburn fetch-runtime` once, or name a library in ORT_DYLIB_PATH".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_this_program_and_the_loader_are_searched() {
        let places = places();
        assert!(places.len() >= 5, "{places:?}");
        assert!(places.iter().all(|place| !place.components().any(|c| c.as_os_str() == "..")));
        assert_eq!(
            places.iter().filter(|place| !place.is_absolute()).count(),
            if cfg!(target_os = "linux") { 2 } else { 1 }
        );
    }

    #[test]
    fn a_missing_library_is_named_with_its_reason() {
        let error = try_load(Path::new("/nowhere/libonnxruntime.so")).err();
        assert_eq!(error.as_deref(), Some("no such file"));
    }

    #[test]
    fn the_library_loads_and_runs_on_the_cpu() {
        let runtime = Runtime::load(None).expect("the build puts the library beside the tests");
        assert!(runtime.providers().contains(&"CPUExecutionProvider"), "{:?}", runtime.providers());
        assert_eq!(runtime.version(), ort_release::VERSION);
        assert!(matches!(Runtime::load(Some(Path::new("/other.so"))), Err(Error::Usage(_))));
    }
}
