//! Frames of an instance that were decoded already, so that the same bytes are not decoded twice.
//!
//! An instance is looked at, masked, compared with what was written and looked at again. Each of these asks for frames, and
//! each reads their bytes anew; what was decoded of equal bytes before is taken from here.

use super::codec;
use super::pixels::{Frame, PixelDescription, Samples};
use crate::error::Result;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of samples that are kept of one instance and of what is written of it. The frames that came first are kept, for
/// all are asked for in turns.
const MOST_BYTES: usize = 64 << 20;

/// Frames by the bytes that they were decoded from.
#[derive(Debug, Default)]
pub struct Decoded(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    frames: HashMap<[u8; 32], Arc<Frame>>,
    bytes: usize,
}

impl Decoded {
    /// Decodes a frame, unless a frame of the same form, description and bytes was decoded before.
    ///
    /// # Errors
    ///
    /// As [`codec::decode`].
    pub fn decode(&self, transfer_syntax: &str, description: &PixelDescription, data: &[u8]) -> Result<Frame> {
        let key = key(transfer_syntax, description, data);
        let known = self.lock().frames.get(&key).cloned();
        if let Some(known) = known {
            return Ok(Frame::clone(&known));
        }
        let frame = codec::decode(transfer_syntax, description, data)?;
        let size = size(&frame.samples);
        let mut kept = self.lock();
        if kept.bytes + size <= MOST_BYTES && !kept.frames.contains_key(&key) {
            kept.bytes += size;
            kept.frames.insert(key, Arc::new(frame.clone()));
        }
        Ok(frame)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the hash of all that a decoded frame depends on.
fn key(transfer_syntax: &str, description: &PixelDescription, data: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    // Neither of the two holds a zero byte.
    hash.update(format!("{transfer_syntax}\0{description:?}\0"));
    hash.update(data);
    hash.finalize().into()
}

const fn size(samples: &Samples) -> usize {
    match samples {
        Samples::U8(own) => own.len(),
        Samples::U16(own) => 2 * own.len(),
        Samples::U32(own) => 4 * own.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::{Instance, Limits};
    use std::path::Path;

    #[test]
    fn equal_bytes_are_decoded_once_and_others_anew() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/us_cine_jpeg.dcm");
        let instance = Instance::open(&path, &Limits::default()).unwrap();
        let frames = instance.frames().unwrap().unwrap();
        let (syntax, description) = (&instance.file.transfer_syntax, &frames.description);
        let decoded = Decoded::default();
        for _ in 0..2 {
            for frame in 0..frames.count() {
                let stored = frames.stored(frame).unwrap();
                let expected = codec::decode(syntax, description, &stored).unwrap();
                assert_eq!(decoded.decode(syntax, description, &stored).unwrap(), expected);
            }
        }
        let different: std::collections::BTreeSet<_> = (0..frames.count()).map(|i| frames.stored(i).unwrap()).collect();
        let kept = decoded.lock();
        assert_eq!(kept.frames.len(), different.len());
        assert_eq!(kept.bytes, different.len() * 400 * 300 * 3);
    }

    #[test]
    fn what_cannot_be_decoded_is_not_known() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/us_ybr_jpeg.dcm");
        let instance = Instance::open(&path, &Limits::default()).unwrap();
        let frames = instance.frames().unwrap().unwrap();
        let (syntax, description) = (&instance.file.transfer_syntax, &frames.description);
        let decoded = Decoded::default();
        assert!(decoded.decode(syntax, description, b"nothing").is_err());
        assert!(decoded.decode(syntax, description, b"nothing").is_err());
        assert!(decoded.lock().frames.is_empty());
        let stored = frames.stored(0).unwrap();
        decoded.decode(syntax, description, &stored).unwrap();
        let wider = PixelDescription { columns: description.columns + 1, ..description.clone() };
        assert!(decoded.decode(syntax, &wider, &stored).is_err(), "the same bytes under another description");
    }
}
