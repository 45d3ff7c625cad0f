//! The frames of a clip, looked at in several threads, each after one that was looked at before.

use crate::error::{Error, Result};
use crate::reader::Looked;
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

/// The most frames that one thread looks at one after the other, so that each is decoded once and two are in memory. The
/// first of them comes after the first frame of the clip, the others after their neighbor; what a frame inherits
/// therefore does not depend on the number of threads.
const LONGEST_SEGMENT: u32 = 16;

/// A short clip is cut into this many segments, so that no thread waits long for the last one…
const SEGMENTS: u32 = 16;

/// …of which each has this many frames, as long as there are so many: its first one may differ much from that of the clip.
const SHORTEST_SEGMENT: u32 = 2;

/// Calls `look` with each frame and one that was looked at before, and returns the results in the order of the frames:
/// `None` where `look` says that a frame shows what the one before it shows, and for frames after one that failed.
///
/// The first frame is looked at by itself; where others follow in several threads, `meanwhile` is done beside it. `what`
/// names the work in the error that a panic becomes.
pub(super) fn each<T: Send>(
    count: u32,
    what: &'static str,
    meanwhile: impl FnOnce() + Send,
    look: impl Fn(u32, Option<&Looked>) -> Result<Option<(T, Looked)>> + Sync,
) -> Vec<Result<Option<T>>> {
    // The first frame that failed. Later ones need not be looked at; earlier ones are, so that the reason reported
    // does not depend on the order of threads.
    let failed = AtomicU32::new(u32::MAX);
    let look = |frame: u32, before: Option<&Looked>| -> Result<Option<(T, Looked)>> {
        if frame > failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // Frames may be looked at in other threads, where a panic would take the pool along.
        let looked = catch_unwind(AssertUnwindSafe(|| look(frame, before))).unwrap_or(Err(Error::Panic(what)));
        if looked.is_err() {
            failed.fetch_min(frame, Ordering::Relaxed);
        }
        looked
    };
    if count == 0 {
        return Vec::new();
    }
    let length = (count / SEGMENTS).clamp(SHORTEST_SEGMENT, LONGEST_SEGMENT);
    let alone = || apart(look(0, None));
    let (first, seen) = if count - 1 > length { rayon::join(alone, meanwhile).0 } else { alone() };
    let starts: Vec<u32> = (1..count).step_by(length as usize).collect();
    let segment = |start: u32| {
        let mut before: Option<Looked> = None;
        let one = |frame| {
            let (own, now) = apart(look(frame, before.as_ref().or(seen.as_ref())));
            before = now.or_else(|| before.take());
            own
        };
        (start..(start + length).min(count)).map(one).collect::<Vec<_>>()
    };
    let segments: Vec<Vec<_>> = starts.into_par_iter().map(segment).collect();
    std::iter::once(first).chain(segments.into_iter().flatten()).collect()
}

/// Parts a result from what the next frame inherits.
fn apart<T>(looked: Result<Option<(T, Looked)>>) -> (Result<Option<T>>, Option<Looked>) {
    match looked {
        Ok(Some((own, looked))) => (Ok(Some(own)), Some(looked)),
        Ok(None) => (Ok(None), None),
        Err(error) => (Err(error), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_in_order_and_the_first_error_is_the_one_reported() {
        let look = |frame: u32, _: Option<&Looked>| match frame {
            40 => Err(Error::Panic("frame 40")),
            70 => panic!("a later frame"),
            _ => Ok((frame.is_multiple_of(2)).then(|| (frame, Looked::default()))),
        };
        let done = each(100, "test", || (), look);
        assert_eq!(done.len(), 100);
        let fine: Vec<_> = done[..40].iter().map(|own| *own.as_ref().expect("looked at")).collect();
        assert!(
            fine.iter()
                .enumerate()
                .all(|(at, own)| *own == at.is_multiple_of(2).then_some(u32::try_from(at).unwrap_or(0)))
        );
        assert!(matches!(done[40], Err(Error::Panic("frame 40"))));
        assert!(each(0, "test", || (), look).is_empty());
    }

    #[test]
    fn only_the_first_frame_comes_after_none() {
        let seen = each(50, "test", || (), |frame, before| Ok(Some(((frame, before.is_some()), Looked::default()))));
        assert!(
            seen.into_iter().all(|own| own.is_ok_and(|own| own.is_some_and(|(frame, after)| after == (frame > 0))))
        );
    }
}
