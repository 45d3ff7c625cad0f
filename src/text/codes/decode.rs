//! Decodes codes: the only code that knows the decoder.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{GrayImage, imageops};
use rxing::{BarcodeFormat, DecodeHints, RXingResult, helpers};

use super::patch::Patch;
use super::{Code, CodeKind, Located, SURE, bars};
use crate::geometry::{Quad, Rect};
use crate::sensitive::Sensitive;

/// The quiet zone that is shown to the decoder round a candidate, in pixels of the picture.
const QUIET: f32 = 8.0;

/// Candidates are enlarged until their shorter side has so many pixels: modules of a pixel and a half become readable…
const LEAST_SIDE: f32 = 160.0;
/// …but not by more than this, and not above…
const LARGEST_ZOOM: f32 = 3.0;
/// …so many pixels on the longer side. Larger ones are reduced.
const LONGEST_SIDE: f32 = 800.0;

/// How far a QR code may reach beyond the points that the decoder gives, as a share of their distance: they are the
/// middles of finder patterns, 3.5 modules inside of a symbol whose middles are 14 modules apart or more.
const BEYOND_QR: f32 = 0.3;
/// The same for other matrix codes, of which it gives the corners.
const BEYOND_MATRIX: f32 = 0.12;
/// The same for linear codes: it gives the middles of the outermost patterns.
const BEYOND_LINEAR: f32 = 0.15;
/// Half of the height at which a linear code is looked at around the line where it was decoded.
const HALF_LINE: f32 = 3.0;

thread_local! {
    /// Whether this thread is in the decoder, whose panics are caught and change nothing.
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this thread is in the decoder of machine-readable codes: it is known to panic on odd pictures, which is
/// caught and means that nothing was decoded.
#[must_use]
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Decodes what is in a candidate.
pub(super) fn patch(gray: &GrayImage, candidate: &Located) -> Option<Code> {
    let patch = candidate.patch.grown(QUIET, if candidate.is_linear { 0.0 } else { QUIET });
    let (short, long) = (patch.width().min(patch.height()), patch.width().max(patch.height()));
    let zoom = (LEAST_SIDE / short).clamp(1.0, LARGEST_ZOOM).min(LONGEST_SIDE / long);
    let mut cut = patch.cut(gray, zoom);
    let read = |cut: &GrayImage| {
        let found = |result: &RXingResult| code(cut, result);
        let results = decode(cut, Some(candidate.is_linear));
        results.iter().map(found).find(|code| candidate.score >= SURE || code.kind.has_check())
    };
    let code = read(&cut).or_else(|| {
        // Bright modules on dark ground; the decoder looks for dark ones.
        imageops::invert(&mut cut);
        read(&cut)
    })?;
    Some(Code { quad: patch.uncut(&code.quad, zoom), ..code })
}

/// Decodes what is anywhere in a picture.
pub(super) fn everywhere(gray: &GrayImage) -> Vec<Code> {
    decode(gray, None).iter().map(|result| code(gray, result)).filter(|code| code.kind.has_check()).collect()
}

fn code(gray: &GrayImage, result: &RXingResult) -> Code {
    let kind = kind(*result.getBarcodeFormat());
    let content = Some(Sensitive::new(result.getText().to_owned()));
    Code { quad: place(gray, kind, result), kind, score: 1.0, content }
}

/// Returns a rectangle that holds a decoded code; the whole picture where the decoder does not say where it is.
fn place(gray: &GrayImage, kind: CodeKind, result: &RXingResult) -> Quad {
    let points: Vec<(f32, f32)> = result.getPoints().iter().map(|point| (point.x, point.y)).collect();
    let all = Quad::from_rect(Rect::new(0, 0, gray.width(), gray.height()));
    let [first, .., last] = points.as_slice() else { return all };
    if kind.is_linear() {
        let angle = (last.1 - first.1).atan2(last.0 - first.0);
        let line = Patch::round(points.iter().copied(), 2.0 * HALF_LINE, angle);
        let line = line.grown(BEYOND_LINEAR * line.width(), 0.0);
        return bars::heightened(gray, line).quad(1.0);
    }
    let patch = Patch::round(points.iter().copied(), 2.0, 0.0);
    let share = if kind == CodeKind::Qr { BEYOND_QR } else { BEYOND_MATRIX };
    let beyond = share * patch.width().max(patch.height());
    patch.grown(beyond, beyond).quad(1.0)
}

/// Kinds of code that the decoder looks for in a candidate of bars…
const LINEAR: [BarcodeFormat; 11] = [
    BarcodeFormat::CODE_128,
    BarcodeFormat::CODE_39,
    BarcodeFormat::CODE_93,
    BarcodeFormat::CODABAR,
    BarcodeFormat::ITF,
    BarcodeFormat::EAN_8,
    BarcodeFormat::EAN_13,
    BarcodeFormat::UPC_A,
    BarcodeFormat::RSS_14,
    BarcodeFormat::RSS_EXPANDED,
    BarcodeFormat::PDF_417,
];
/// …and in others.
const MATRIX: [BarcodeFormat; 6] = [
    BarcodeFormat::QR_CODE,
    BarcodeFormat::MICRO_QR_CODE,
    BarcodeFormat::RECTANGULAR_MICRO_QR_CODE,
    BarcodeFormat::DATA_MATRIX,
    BarcodeFormat::AZTEC,
    BarcodeFormat::PDF_417,
];

/// Runs the decoder for linear codes, for others, or for all. A panic in it means that nothing was decoded.
fn decode(gray: &GrayImage, is_linear: Option<bool>) -> Vec<RXingResult> {
    let (width, height) = gray.dimensions();
    let formats = match is_linear {
        Some(true) => LINEAR.into_iter().collect(),
        Some(false) => MATRIX.into_iter().collect(),
        None => LINEAR.into_iter().chain(MATRIX).collect(),
    };
    // Bars that lie level are read in the middle; to try harder is to turn the picture and to look at every row.
    let hard = is_linear != Some(true);
    let mut hints = DecodeHints { TryHarder: Some(hard), PossibleFormats: Some(formats), ..DecodeHints::default() };
    DECODING.set(true);
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        helpers::detect_multiple_in_luma_with_hints(gray.as_raw().clone(), width, height, &mut hints)
    }));
    DECODING.set(false);
    // An error is its way to say that it found nothing.
    decoded.ok().and_then(Result::ok).unwrap_or_default()
}

impl CodeKind {
    /// Returns whether the code is one of bars.
    #[must_use]
    pub const fn is_linear(self) -> bool {
        !matches!(self, Self::Matrix | Self::Qr | Self::DataMatrix | Self::Aztec | Self::Pdf417 | Self::MaxiCode)
    }

    /// Returns whether chance hardly decodes to this kind: a few bars of anything are a short code of the others.
    const fn has_check(self) -> bool {
        !matches!(self, Self::Itf | Self::Codabar | Self::Ean | Self::DataBar | Self::OtherLinear)
    }
}

const fn kind(format: BarcodeFormat) -> CodeKind {
    match format {
        BarcodeFormat::QR_CODE | BarcodeFormat::MICRO_QR_CODE | BarcodeFormat::RECTANGULAR_MICRO_QR_CODE => {
            CodeKind::Qr
        }
        BarcodeFormat::DATA_MATRIX => CodeKind::DataMatrix,
        BarcodeFormat::AZTEC => CodeKind::Aztec,
        BarcodeFormat::PDF_417 => CodeKind::Pdf417,
        BarcodeFormat::MAXICODE => CodeKind::MaxiCode,
        BarcodeFormat::CODE_128 => CodeKind::Code128,
        BarcodeFormat::CODE_39 => CodeKind::Code39,
        BarcodeFormat::CODE_93 => CodeKind::Code93,
        BarcodeFormat::CODABAR => CodeKind::Codabar,
        BarcodeFormat::ITF => CodeKind::Itf,
        BarcodeFormat::EAN_8 | BarcodeFormat::EAN_13 | BarcodeFormat::UPC_A | BarcodeFormat::UPC_E => CodeKind::Ean,
        BarcodeFormat::RSS_14 | BarcodeFormat::RSS_EXPANDED => CodeKind::DataBar,
        _ => CodeKind::OtherLinear,
    }
}
