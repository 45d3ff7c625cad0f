//! Asks the loaded library for its version, which `ort` does not hand out: the one foreign call of this room.
#![expect(unsafe_code, reason = "ONNX Runtime tells its version only through its C entry point")]

use std::ffi::CStr;
use std::path::Path;

use libloading::{Library, Symbol};

/// Returns the version of the library at `path`, such as `1.31.1`. It must be loaded and in use already.
pub(super) fn of_library(path: &Path) -> Option<String> {
    // SAFETY: the library is loaded already, so that its initializers do not run again; `ort` has called the same
    // entry point with the same signature.
    let library = unsafe { Library::new(path) }.ok()?;
    // SAFETY: this is the signature of the C header, `const OrtApiBase* OrtGetApiBase(void)`.
    let base: Symbol<'_, unsafe extern "C" fn() -> *const ort::sys::OrtApiBase> =
        unsafe { library.get(b"OrtGetApiBase") }.ok()?;
    // SAFETY: takes nothing and returns a pointer to a static table, or null.
    let base = unsafe { base().as_ref() }?;
    // SAFETY: returns a static string with a terminating zero; it is copied before `library` is closed.
    let version = unsafe { CStr::from_ptr((base.GetVersionString)()) };
    version.to_str().ok().map(str::to_owned)
}
