//! The choice of the form that a masked instance is written in.

use super::blocks::Grain;
use super::codec::{self, Fallback, MaskForm, Masker};
use super::frames::{Frames, Store};
use super::instance::is_subsampled;
use crate::error::{Error, Result};
use crate::region::Region;

/// How masked instances are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// The transfer syntax of instances that cannot be written in their own.
    pub fallback: Fallback,
}

/// What a masked instance is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Transfer Syntax UID of the output.
    pub transfer_syntax: String,
    /// How the pixels get there.
    pub method: Method,
    /// The unit of masking.
    pub grain: Grain,
    /// Why it is not the form of the input.
    pub reason: Option<String>,
    options: WriteOptions,
}

/// How the pixels of an output are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Masked samples overwritten in place.
    InPlace,
    /// Coded blocks of masked frames replaced in their JPEG streams.
    JpegBlocks,
    /// Masked frames encoded again without loss.
    Reencoded,
    /// All frames decoded and encoded without loss in this syntax.
    Transcoded(Fallback),
    /// All frames decoded and written uncompressed.
    Decoded,
}

impl Plan {
    /// Finds how to write the instance of `frames` with the region that `regions` gives for each frame filled: in the
    /// input's own form where all masked frames allow it.
    ///
    /// # Errors
    ///
    /// What reading the streams of the masked frames reports.
    pub fn new(frames: &Frames<'_>, regions: &impl Fn(u32) -> Option<Region>, options: WriteOptions) -> Result<Self> {
        let transfer_syntax = frames.file.transfer_syntax.clone();
        let own = |method, grain| Self { transfer_syntax, method, grain, reason: None, options };
        if let Store::Native { .. } = frames.store {
            let grain = if is_subsampled(&frames.description) { Grain::PAIR } else { Grain::PIXEL };
            return Ok(own(Method::InPlace, grain));
        }
        let method = match codec::lookup(&frames.file.transfer_syntax).map(|syntax| syntax.mask) {
            Some(MaskForm::JpegBlocks) => Method::JpegBlocks,
            _ => Method::Reencoded,
        };
        let masker = masker(frames);
        let mut found: Option<Grain> = None;
        for frame in (0..frames.count()).filter(|&frame| regions(frame).is_some()) {
            let problem = match masker.grain(&frames.stored(frame)?) {
                Ok(grain) if *found.get_or_insert(grain) == grain => continue,
                Ok(_) => Error::encode("JPEG blocks", "frames have blocks of different sizes"),
                Err(error @ Error::Encode { .. }) => error,
                Err(error) => return Err(error),
            };
            return Ok(Self { options, ..Self::fallback(frames, options.fallback, problem.to_string()) });
        }
        Ok(own(method, found.unwrap_or(Grain::PIXEL)))
    }

    /// Returns the plan to write all frames in `fallback`.
    #[must_use]
    pub fn fallback(frames: &Frames<'_>, fallback: Fallback, reason: String) -> Self {
        let one_bit = frames.description.bits_allocated == 1;
        let method = match fallback {
            Fallback::ExplicitLe => Method::Decoded,
            // The lossless codecs hold bytes and words.
            _ if one_bit => Method::Decoded,
            coded => Method::Transcoded(coded),
        };
        let transfer_syntax = match method {
            Method::Transcoded(coded) => coded.transfer_syntax(),
            _ => Fallback::ExplicitLe.transfer_syntax(),
        };
        let options = WriteOptions { fallback };
        Self { transfer_syntax: transfer_syntax.into(), method, grain: Grain::PIXEL, reason: Some(reason), options }
    }

    /// Returns what to try when `error` came of this plan: the fallback, then uncompressed frames, then nothing.
    #[must_use]
    pub fn next(&self, frames: &Frames<'_>, error: &Error) -> Option<Self> {
        let retry = matches!(
            error,
            Error::Encode { .. }
                | Error::Decode { .. }
                | Error::Verification(_)
                | Error::PixelData(_)
                | Error::Panic(_)
        );
        let fallback = match self.method {
            Method::JpegBlocks | Method::Reencoded => self.options.fallback,
            Method::Transcoded(_) => Fallback::ExplicitLe,
            Method::InPlace | Method::Decoded => return None,
        };
        let reason = match &self.reason {
            Some(before) => format!("{before}; {error}"),
            None => error.to_string(),
        };
        retry.then(|| Self { options: self.options, ..Self::fallback(frames, fallback, reason) })
    }
}

/// Returns what masks the frames in their own form.
pub(super) fn masker<'a>(frames: &'a Frames<'_>) -> Masker<'a> {
    Masker {
        transfer_syntax: &frames.file.transfer_syntax,
        description: &frames.description,
        fill: frames.fill,
        palette: frames.palette.as_ref(),
        decoded: Some(frames.decoded),
    }
}
