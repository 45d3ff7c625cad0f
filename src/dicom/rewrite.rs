//! An instance written again with changes beside the samples of Pixel Data: masked layers, places removed, marks. No
//! other byte is different, which is checked element by element.

use super::bytes::Bytes;
use super::change::{self, Change, group_lengths};
use super::file::DicomFile;
use super::instance::Instance;
use super::layout::{Element, Encoding, Layout};
use super::marks::{self, Done};
use super::places::Places;
use super::preamble;
use crate::error::{Error, Result};
use crate::region::Region;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::ops::Range;

/// Bytes before the prefix `DICM` (PS3.10 7.1).
const PREAMBLE: u64 = 128;

/// Bytes that are compared at once.
const CHUNK: u64 = 1 << 16;

/// A mask in a frame of a layer.
#[derive(Clone, Debug)]
pub struct LayerMask {
    /// Index among [`Places::layers`].
    pub layer: usize,
    /// The frame.
    pub frame: u32,
    /// What is filled.
    pub region: Region,
}

/// What changes, in the order of the file.
#[derive(Debug)]
pub struct Changes {
    changes: Vec<Change>,
    /// Of the File Meta Information.
    meta_changes: Vec<Change>,
    masks: Vec<LayerMask>,
    marks: Option<Done>,
}

impl Changes {
    /// Gathers the changes of `instance`: `masks` in the layers of its `places`, what these have removed, and marks.
    ///
    /// # Errors
    ///
    /// Where a layer cannot be read or a mark cannot be set.
    pub fn new(
        instance: &Instance,
        places: &Places<'_>,
        mut masks: Vec<LayerMask>,
        marks: Option<Done>,
    ) -> Result<Self> {
        let file = &instance.file;
        for layer in places.removals.iter().filter_map(|removal| removal.clear) {
            let pictures = &places.layers[layer];
            let region = Region::whole(pictures.size());
            masks.extend((0..pictures.count()).map(|frame| LayerMask { layer, frame, region: region.clone() }));
        }
        let mut patches: BTreeMap<(u64, u64), (Tag, Vec<u8>)> = BTreeMap::new();
        for mask in &masks {
            let layer = &places.layers[mask.layer];
            let range = layer.range(mask.frame);
            // Planes may share the bytes of one frame.
            let (_, bytes) = match patches.entry((range.start, range.end)) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => {
                    free.insert((layer.tag(), file.data().read_vec(range.start, range.end - range.start)?))
                }
            };
            layer.patch(mask.frame, &mask.region, bytes)?;
        }
        let patch = |((start, end), (tag, bytes))| Change { tag, range: start..end, bytes };
        let mut changes: Vec<Change> = patches.into_iter().map(patch).collect();
        for removal in &places.removals {
            changes.extend(removal.elements.iter().filter_map(|tag| file.layout.get(*tag)).map(change::remove));
            if let Some((tag, range)) = removal.blank.clone() {
                let bytes = vec![0; usize::try_from(range.end - range.start).expect("an icon in memory")];
                changes.push(Change { tag, range, bytes });
            }
        }
        if let Some(done) = marks {
            changes.extend(marks::changes(instance, done)?);
        }
        Ok(Self { changes, meta_changes: Vec::new(), masks, marks })
    }

    /// Adds another SOP Instance UID, in the data set and in the File Meta Information.
    ///
    /// # Errors
    ///
    /// [`Error::Verification`] if the data set is empty.
    pub fn set_uid(&mut self, file: &DicomFile, uid: &str) -> Result<()> {
        let mut value = uid.as_bytes().to_vec();
        value.resize(value.len().next_multiple_of(2), 0);
        self.changes.push(change::set(&file.layout, file.encoding, tags::SOP_INSTANCE_UID, VR::UI, &value)?);
        if let Some(meta) = &file.meta {
            let (layout, encoding) = (&meta.layout, Encoding::ExplicitLittle);
            self.meta_changes.push(change::set(
                layout,
                encoding,
                tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
                VR::UI,
                &value,
            )?);
        }
        Ok(())
    }

    /// Returns whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Writes `file`, that of the instance, with the changes and the group lengths that go with them.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`Error::Verification`] if two changes touch the same bytes.
    pub fn write(&self, file: &DicomFile, out: &mut impl Write) -> Result<()> {
        let head = file.meta.as_ref().map_or(0, |meta| meta.range.end);
        if let Some(meta) = &file.meta {
            // A TIFF header would lead beside what has moved.
            let skip = if preamble::is_tiff(file)? { PREAMBLE } else { 0 };
            out.write_all(&vec![0; usize::try_from(skip).expect("128")]).map_err(WRITE)?;
            splice((&file.file, &meta.layout), skip..head, Encoding::ExplicitLittle, &self.meta_changes, out)?;
        }
        let place = (file.data(), &file.layout);
        if !file.is_deflated() {
            return splice(place, head..file.file.len(), file.encoding, &self.changes, out);
        }
        let mut encoder = DeflateEncoder::new(Counted { out, count: 0 }, Compression::default());
        splice(place, 0..file.data().len(), file.encoding, &self.changes, &mut encoder)?;
        let counted = encoder.finish().map_err(WRITE)?;
        // PS3.5 A.5: a null byte makes the length even.
        counted.out.write_all(&[0][..usize::from(counted.count % 2 == 1)]).map_err(WRITE)
    }

    /// Checks what was written: all other elements are as they were in `before`, the layers of `places`, which are those
    /// of `before`, are masked in `output` where they had to be and nowhere else, and the marks are there.
    ///
    /// # Errors
    ///
    /// [`Error::Verification`] naming what differs; [`Error::Io`].
    pub fn verify(
        &self,
        before: &Instance,
        places: &Places<'_>,
        output: &Instance,
        output_places: &Places<'_>,
    ) -> Result<()> {
        let changed: BTreeSet<Tag> = self.changes.iter().chain(&self.meta_changes).map(|change| change.tag).collect();
        let inside: Vec<&Change> = self.changes.iter().filter(|change| is_inside(change, &before.file)).collect();
        verify_elements(&before.file, &output.file, &changed, &inside)?;
        for (index, layer) in places.layers.iter().enumerate().filter(|(index, _)| !places.is_cleared(*index)) {
            let written = output_places.layers.iter().find(|other| other.name() == layer.name());
            for frame in 0..layer.count() {
                let mask = self.masks.iter().find(|mask| (mask.layer, mask.frame) == (index, frame));
                let expected = match mask {
                    Some(mask) => layer.masked(frame, &mask.region)?,
                    None => layer.values(frame)?,
                };
                let equal = match written {
                    Some(written) => written.values(frame)? == expected,
                    // A plane without a set bit is none.
                    None => expected.iter().all(|&value| value == 0),
                };
                if !equal {
                    return Err(Error::Verification("a layer is not masked as it had to be"));
                }
            }
        }
        let gone = places.removals.iter().flat_map(|removal| &removal.elements);
        if gone.into_iter().any(|tag| output.file.layout.get(*tag).is_some()) {
            return Err(Error::Verification("an element is left that had to go"));
        }
        self.marks.map_or(Ok(()), |done| marks::verify(output, done))
    }
}

/// Returns whether an change overwrites bytes inside the value of an element, and changes no length.
fn is_inside(change: &Change, file: &DicomFile) -> bool {
    let same_length = change.range.end - change.range.start == change.bytes.len() as u64;
    let element = file.layout.get(change.tag);
    same_length && element.is_some_and(|e| e.value.start <= change.range.start && change.range.end <= e.value.end)
}

/// `map_err` argument for writes.
const WRITE: fn(std::io::Error) -> Error = |source| Error::Io { action: "cannot write the output", source };

/// A writer that counts what goes through.
struct Counted<'a, W> {
    out: &'a mut W,
    count: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// Copies a range of bytes with the changes of its elements and the group lengths that go with them.
fn splice(
    (bytes, layout): (&Bytes, &Layout),
    range: Range<u64>,
    encoding: Encoding,
    changes: &[Change],
    out: &mut impl Write,
) -> Result<()> {
    let lengths = group_lengths((bytes, layout), encoding, changes)?;
    let mut changes: Vec<&Change> = changes.iter().chain(&lengths).collect();
    // An insertion comes before what is replaced at the same place; several there are in the order of their tags.
    changes.sort_by_key(|change| (change.range.start, change.range.end, change.tag));
    if changes.windows(2).any(|pair| pair[0].range.end > pair[1].range.start) {
        return Err(Error::Verification("two changes of one element"));
    }
    let mut position = range.start;
    for change in changes {
        copy(bytes, position..change.range.start, out)?;
        out.write_all(&change.bytes).map_err(WRITE)?;
        position = change.range.end;
    }
    copy(bytes, position..range.end, out)
}

fn copy(bytes: &Bytes, range: Range<u64>, out: &mut impl Write) -> Result<()> {
    let mut reader = bytes.reader(range.start, range.end);
    std::io::copy(&mut reader, out).map_err(Error::io("cannot copy the file"))?;
    Ok(())
}

/// Checks that two files are the same byte for byte, but for the top level elements in `changed` and the lengths of their
/// groups. Where all changes of an element are `inside` it, the bytes around them must be the same too.
fn verify_elements(before: &DicomFile, after: &DicomFile, changed: &BTreeSet<Tag>, inside: &[&Change]) -> Result<()> {
    let start = |file: &DicomFile| file.meta.as_ref().map_or(0, |meta| meta.range.start);
    let is_zero = preamble::is_tiff(before)? && after.file.is_zero(0..PREAMBLE)?;
    if !is_zero && !equal((&before.file, 0..start(before)), (&after.file, 0..start(after)))? {
        return Err(Error::Verification("the preamble differs"));
    }
    let may_change = |tag: Tag| changed.contains(&tag) || tag.1 == 0 && changed.iter().any(|other| other.0 == tag.0);
    let meta = |file: &DicomFile| file.meta.as_ref().map_or(Vec::new(), |meta| meta.layout.elements.clone());
    for (old, new, a_bytes, b_bytes) in [
        (meta(before), meta(after), &before.file, &after.file),
        (before.layout.elements.clone(), after.layout.elements.clone(), before.data(), after.data()),
    ] {
        let kept = |elements: Vec<Element>| -> Vec<Element> {
            elements.into_iter().filter(|element| !may_change(element.tag)).collect()
        };
        let (old, new) = (kept(old), kept(new));
        if old.len() != new.len() {
            return Err(Error::Verification("an element is missing or added"));
        }
        for (a, b) in old.iter().zip(&new) {
            if !equal((a_bytes, a.start..a.end), (b_bytes, b.start..b.end))? {
                return Err(Error::Verification("an element differs that had to stay"));
            }
        }
    }
    verify_inside(before, after, changed, inside)?;
    // Zeros that some writers append.
    let tail = |file: &DicomFile| file.layout.elements.last().map_or(file.range.start, |element| element.end);
    let tails = [before, after].map(|file| tail(file)..file.data().len());
    if !equal((before.data(), tails[0].clone()), (after.data(), tails[1].clone()))? {
        return Err(Error::Verification("bytes behind the last element differ"));
    }
    Ok(())
}

/// Checks the bytes around the changes `inside` of elements.
fn verify_inside(before: &DicomFile, after: &DicomFile, changed: &BTreeSet<Tag>, inside: &[&Change]) -> Result<()> {
    for tag in changed {
        let mut own: Vec<&Change> = inside.iter().copied().filter(|change| change.tag == *tag).collect();
        own.sort_by_key(|change| change.range.start);
        if own.is_empty() {
            continue;
        }
        let (Some(a), Some(b)) = (before.layout.get(*tag), after.layout.get(*tag)) else {
            return Err(Error::Verification("an element is missing or added"));
        };
        let ends = own.iter().map(|change| change.range.start).chain([a.end]);
        let starts = [a.start].into_iter().chain(own.iter().map(|change| change.range.end));
        for (start, end) in starts.zip(ends) {
            let shifted = b.start + (start - a.start)..b.start + (end - a.start);
            if a.end - a.start != b.end - b.start || !equal((before.data(), start..end), (after.data(), shifted))? {
                return Err(Error::Verification("an element differs that had to stay"));
            }
        }
    }
    Ok(())
}

/// Compares two ranges.
fn equal((a, a_range): (&Bytes, Range<u64>), (b, b_range): (&Bytes, Range<u64>)) -> Result<bool> {
    if a_range.end - a_range.start != b_range.end - b_range.start {
        return Ok(false);
    }
    let (mut a, mut b) = (a.reader(a_range.start, a_range.end), b.reader(b_range.start, b_range.end));
    let mut left = a_range.end - a_range.start;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    while left > 0 {
        let length = left.min(CHUNK);
        for (reader, buffer) in [(&mut a, &mut first), (&mut b, &mut second)] {
            buffer.clear();
            reader.take(length).read_to_end(buffer).map_err(Error::io("cannot read the file"))?;
        }
        if first != second {
            return Ok(false);
        }
        left -= length;
    }
    Ok(true)
}
