//! The one error type: what a caller can act on, in words that name attributes but hold no values.

use std::borrow::Cow;
use std::path::PathBuf;

/// A `Result` with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An underlying error that is kept for a debugger. It is never shown: messages of readers and codecs may quote
/// header values.
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What can go wrong with an instance or with the set-up of a run.
///
/// Messages are lower case and name attributes by their PS3.6 keyword. They never hold text from pixels or a
/// header value other than UIDs of transfer syntaxes and SOP classes and plain sizes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system failed to read or write.
    #[error("{action}: {}", cause(source))]
    Io {
        /// What was tried, such as `cannot read the file`.
        action: &'static str,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not DICOM, or not recognizable as such.
    #[error("not a DICOM file: {0}")]
    NotDicom(&'static str),
    /// The data set breaks the encoding rules of PS3.5.
    #[error("malformed data set: {problem} at byte {position}")]
    Malformed {
        /// What is wrong.
        problem: &'static str,
        /// Where in the (inflated) file.
        position: u64,
    },
    /// An attribute is missing or empty that the pixel data cannot be read without.
    #[error("{0} is missing")]
    MissingAttribute(&'static str),
    /// An attribute holds a value that is not allowed or contradicts another.
    #[error("{keyword}: {problem}")]
    InvalidAttribute {
        /// The attribute's PS3.6 keyword.
        keyword: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no decoder for this transfer syntax.
    #[error("TransferSyntaxUID: {kind} ({uid}) cannot be decoded")]
    UnsupportedTransferSyntax {
        /// The transfer syntax.
        uid: String,
        /// What it is: `video`, `private or unknown transfer syntax`…
        kind: &'static str,
    },
    /// The frames are pages of a scanned document, which the caller does not want to have masked.
    #[error("a scanned document")]
    Document,
    /// The object holds something that could show text and that this program cannot examine.
    #[error("{keyword}: {problem}, not examined")]
    NotExamined {
        /// The attribute's PS3.6 keyword; `(gggg,eeee)` for private ones.
        keyword: Cow<'static, str>,
        /// What it is.
        problem: &'static str,
    },
    /// A codec refused the frame.
    #[error("PixelData: {codec} decoder failed: {problem}")]
    Decode {
        /// The codec's name.
        codec: &'static str,
        /// What is wrong, in our words.
        problem: String,
        /// The codec's own error, never shown.
        #[source]
        source: Option<Source>,
    },
    /// A masked frame cannot be stored in this form.
    #[error("PixelData: {codec}: {problem}")]
    Encode {
        /// The codec's name.
        codec: &'static str,
        /// What is in the way, in our words.
        problem: String,
        /// The codec's own error, never shown.
        #[source]
        source: Option<Source>,
    },
    /// The pixel data holds more or fewer frames than promised, or does not fit the other attributes.
    #[error("PixelData: {0}")]
    PixelData(String),
    /// A limit that keeps memory bounded was passed.
    #[error("{what} is above the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The written file did not hold what it had to.
    #[error("verification of the output failed: {0}")]
    Verification(&'static str),
    /// A bug: some code panicked on this instance.
    #[error("internal error: {0} panicked")]
    Panic(&'static str),
    /// ONNX Runtime cannot be found or loaded.
    #[error("ONNX Runtime cannot be loaded; tried:\n{tried}\n{advice}")]
    RuntimeNotFound {
        /// One line a place.
        tried: String,
        /// The one command that mends it.
        advice: String,
    },
    /// The device asked for is not there.
    #[error("device {device} is not available: {problem}")]
    Device {
        /// As on the command line.
        device: String,
        /// What the runtime says.
        problem: String,
    },
    /// A model file is missing, changed or does not fit its manifest.
    #[error("model {file}: {problem}")]
    Model {
        /// File name.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The detector failed on a frame.
    #[error("text detector failed: {0}")]
    Detector(String),
    /// The recognizer failed on a line.
    #[error("text recognizer failed: {0}")]
    Recognizer(String),
    /// A rule, built in or of a site, cannot be used.
    #[error("{file}: {problem}")]
    Rules {
        /// File name.
        file: String,
        /// The rule and what is wrong with it.
        problem: String,
    },
    /// A report is not whole, contradicts itself, or does not go with another one.
    #[error("report: {0}")]
    Report(String),
    /// The command line asks for something that cannot be done.
    #[error("{0}")]
    Usage(String),
    /// Something about a path of this run.
    #[error("{path}: {problem}", path = path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Error {
    /// Returns the machine-readable name of the variant, as in the report.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::NotDicom(_) => "not_dicom",
            Self::Malformed { .. } => "malformed",
            Self::MissingAttribute(_) => "missing_attribute",
            Self::InvalidAttribute { .. } => "invalid_attribute",
            Self::UnsupportedTransferSyntax { .. } => "unsupported_transfer_syntax",
            Self::Document => "document",
            Self::NotExamined { .. } => "not_examined",
            Self::Decode { .. } => "decode",
            Self::Encode { .. } => "encode",
            Self::PixelData(_) => "pixel_data",
            Self::TooLarge { .. } => "too_large",
            Self::Verification(_) => "verification",
            Self::Panic(_) => "panic",
            Self::RuntimeNotFound { .. } => "runtime_not_found",
            Self::Device { .. } => "device",
            Self::Model { .. } => "model",
            Self::Detector(_) => "detector",
            Self::Recognizer(_) => "recognizer",
            Self::Rules { .. } => "rules",
            Self::Report(_) => "report",
            Self::Usage(_) => "usage",
            Self::Path { .. } => "path",
        }
    }

    /// Makes an [`Error::InvalidAttribute`].
    pub fn invalid(keyword: &'static str, problem: impl Into<String>) -> Self {
        Self::InvalidAttribute { keyword, problem: problem.into() }
    }

    /// Makes an [`Error::Decode`] without an underlying error.
    pub fn decode(codec: &'static str, problem: impl Into<String>) -> Self {
        Self::Decode { codec, problem: problem.into(), source: None }
    }

    /// Makes an [`Error::Encode`] without an underlying error.
    pub fn encode(codec: &'static str, problem: impl Into<String>) -> Self {
        Self::Encode { codec, problem: problem.into(), source: None }
    }

    /// Makes an [`Error::Io`] for use with `map_err`.
    pub fn io(action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}

/// Names the kind of a system error; one that has none is named as the system does, which knows of no path or value.
fn cause(error: &std::io::Error) -> String {
    let kind = error.kind().to_string();
    match error.raw_os_error() {
        Some(code) if kind == "uncategorized error" => {
            std::io::Error::from_raw_os_error(code).to_string().to_lowercase()
        }
        _ => kind,
    }
}
