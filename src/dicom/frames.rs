//! Frame by frame out of Pixel Data: which bytes belong to which frame, and their decoding.
//!
//! dicom-rs copies all fragments for each frame and drops frames beyond Number of Frames without a word, so the
//! bytes are found here and only the decoding of one frame is left to the codecs.

use super::codec::{self, MaskForm, native};
use super::decoded::Decoded;
use super::file::DicomFile;
use super::fill::{Fill, FillChoice};
use super::layout::Element;
use super::palette::PaletteColor;
use super::pixels::{Frame, Photometric, PixelDescription};
use super::places::{Pictures, Placement, SOFT_EDGE};
use super::views::{self, View, Window};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::region::Region;
use dicom_core::VR;
use dicom_dictionary_std::uids;
use dicom_object::InMemDicomObject;
use std::ops::Range;

/// Where the frames lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// Uncompressed, one after the other.
    Native {
        /// The value of Pixel Data.
        value: Range<u64>,
        /// 8-bit samples in big endian 16-bit words: neighbors are swapped (PS3.5 8.1.2).
        word_swapped: bool,
    },
    /// Encapsulated: the fragments of each frame, as indices into `layout.fragments`.
    Encapsulated(Vec<Range<usize>>),
}

impl Store {
    /// Finds the frames of the Pixel Data `element`.
    ///
    /// # Errors
    ///
    /// [`Error::PixelData`] unless there are exactly the frames that `description` promises.
    pub fn new(file: &DicomFile, element: &Element, description: &PixelDescription) -> Result<Self> {
        let encapsulated = codec::lookup(&file.transfer_syntax).is_some_and(|info| info.encapsulated);
        match (encapsulated, element.undefined_length) {
            (true, true) => split(file, description).map(Self::Encapsulated),
            (true, false) => Err(Error::PixelData("not encapsulated, against its transfer syntax".into())),
            (false, true) => Err(Error::PixelData("encapsulated, against its transfer syntax".into())),
            (false, false) => Self::native(file, element, description),
        }
    }

    fn native(file: &DicomFile, element: &Element, description: &PixelDescription) -> Result<Self> {
        if matches!(description.photometric, Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb) {
            return Err(Error::invalid("PhotometricInterpretation", "not allowed for uncompressed pixels"));
        }
        if description.photometric == Photometric::YbrPartial420 {
            return Err(Error::invalid("PhotometricInterpretation", "4:2:0 is for video only"));
        }
        let promised = (u128::from(description.native_frame_bits()) * u128::from(description.frames)).div_ceil(8);
        let present = u128::from(element.value.end - element.value.start);
        if present < promised {
            return Err(Error::PixelData("fewer bytes than Rows x Columns x NumberOfFrames need".into()));
        }
        // One byte may pad the value to an even length (PS3.5 8.1.1); more is taken only where it shows nothing.
        let surplus = u64::try_from(present - promised).expect("inside a file");
        let is_padding = surplus == 0
            || surplus == 1 && promised % 2 == 1
            || surplus < description.native_frame_bits().div_ceil(8)
                && file.data().is_zero(element.value.end - surplus..element.value.end)?;
        if !is_padding {
            return Err(Error::PixelData("more bytes than Rows x Columns x NumberOfFrames need".into()));
        }
        let word_swapped =
            file.encoding.is_big_endian() && element.vr == VR::OW && matches!(description.bits_allocated, 1 | 8);
        Ok(Self::Native { value: element.value.clone(), word_swapped })
    }
}

/// Assigns fragments to frames (PS3.5 A.4): one each, or by an offset table, or by the start codes of the streams.
fn split(file: &DicomFile, description: &PixelDescription) -> Result<Vec<Range<usize>>> {
    let Some((table, fragments)) = file.layout.fragments.split_first() else {
        return Err(Error::PixelData("the basic offset table item is missing".into()));
    };
    let frames = usize::try_from(description.frames).unwrap_or(usize::MAX);
    let mismatch = || {
        Error::PixelData(format!(
            "{} fragments cannot be assigned to {} frames of NumberOfFrames",
            fragments.len(),
            description.frames
        ))
    };
    if fragments.len() < frames {
        return Err(mismatch());
    }
    if fragments.len() == frames {
        return Ok((0..frames).map(|i| i..i + 1).collect());
    }
    if frames == 1 {
        return Ok(vec![0..fragments.len(); 1]);
    }
    // RLE has one fragment a frame (PS3.5 A.4.2), so more of them are more frames.
    if file.transfer_syntax == uids::RLE_LOSSLESS {
        return Err(mismatch());
    }
    let starts = match offsets(file, table)? {
        Some(offsets) => offsets
            .iter()
            .map(|&offset| {
                let item = fragments[0].start - 8 + offset;
                fragments.binary_search_by_key(&item, |fragment| fragment.start - 8).ok()
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Error::PixelData("the offset table points beside the fragments".into()))?,
        None => start_codes(file, fragments)?,
    };
    let ascending = starts.first() == Some(&0) && starts.windows(2).all(|pair| pair[0] < pair[1]);
    if starts.len() != frames || !ascending {
        return Err(mismatch());
    }
    let ends = starts.iter().skip(1).copied().chain([fragments.len()]);
    Ok(starts.iter().zip(ends).map(|(&start, end)| start..end).collect())
}

/// Reads the Basic Offset Table; `None` where it is empty. The Extended Offset Table is not needed: it goes with one
/// fragment a frame only (PS3.5 A.4).
fn offsets(file: &DicomFile, basic: &Range<u64>) -> Result<Option<Vec<u64>>> {
    let bytes = file.data().read_vec(basic.start, basic.end - basic.start)?;
    let entries = bytes.chunks_exact(4).map(|b| u64::from(u32::from_le_bytes(b.try_into().expect("chunks of four"))));
    Ok(Some(entries.collect::<Vec<_>>()).filter(|entries| !entries.is_empty()))
}

/// Returns the fragments that begin with the start code of a JPEG, JPEG-LS, JPEG 2000 or JPEG XL stream.
fn start_codes(file: &DicomFile, fragments: &[Range<u64>]) -> Result<Vec<usize>> {
    const CODES: [&[u8]; 4] = [&[0xFF, 0xD8, 0xFF], &[0xFF, 0x4F, 0xFF, 0x51], &[0xFF, 0x0A], b"\0\0\0\x0cJXL "];
    let mut starts = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let head = file.data().read_vec(fragment.start, (fragment.end - fragment.start).min(8))?;
        if CODES.iter().any(|code| head.starts_with(code)) {
            starts.push(index);
        }
    }
    Ok(starts)
}

/// The frames of one instance; decodes one at a time, from any thread.
#[derive(Debug)]
pub struct Frames<'a> {
    /// The file they are read from.
    pub file: &'a DicomFile,
    /// How they are stored.
    pub description: PixelDescription,
    /// The color tables of `PALETTE COLOR`.
    pub palette: Option<PaletteColor>,
    /// The value windows of the header, in stored values.
    pub windows: Vec<Window>,
    /// The values of the header.
    pub header: &'a InMemDicomObject,
    /// Bits of the samples that overlays declare to be theirs.
    pub overlay_bits: u32,
    /// What masks are filled with.
    pub fill: FillChoice,
    /// Where they lie.
    pub store: Store,
    /// Those that were decoded.
    pub decoded: &'a Decoded,
}

impl Pictures for Frames<'_> {
    fn size(&self) -> (u32, u32) {
        (self.description.columns, self.description.rows)
    }

    fn count(&self) -> u32 {
        self.description.frames
    }

    fn repeats(&self, frame: u32) -> Result<bool> {
        Frames::repeats(self, frame)
    }

    /// The values, and the bits around them where these show something.
    fn views(&self, frame: u32) -> Result<Vec<View>> {
        let decoded = self.decode(frame)?;
        let mut views = views::views(&decoded, self.palette.as_ref(), &self.windows);
        views.extend(views::unused_bits(&decoded, self.overlay_bits));
        Ok(views)
    }

    fn soft_edge(&self) -> u32 {
        let form = codec::lookup(&self.file.transfer_syntax).map(|syntax| syntax.mask);
        if form == Some(MaskForm::JpegBlocks) { 0 } else { SOFT_EDGE }
    }

    fn maskable(&self, area: Rect) -> Rect {
        Frames::maskable(self, area)
    }

    fn placement(&self) -> Option<Placement> {
        Some(Placement { frame: Some(0), ..Placement::default() })
    }
}

impl Frames<'_> {
    /// Returns Number of Frames.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.description.frames
    }

    /// Returns the bytes of a frame as they lie in the file: all its fragments, or its native bytes from the byte that
    /// holds its first bit on.
    ///
    /// # Errors
    ///
    /// [`Error::PixelData`] if there is no such frame, [`Error::Io`] if the file cannot be read.
    pub fn stored(&self, frame: u32) -> Result<Vec<u8>> {
        if frame >= self.count() {
            return Err(Error::PixelData("there is no such frame".into()));
        }
        match &self.store {
            Store::Native { value, .. } => {
                let (range, _) = self.native_range(value, frame);
                self.file.data().read_vec(range.start, range.end - range.start)
            }
            Store::Encapsulated(frames) => {
                let fragments = &self.file.layout.fragments[1..];
                let own = &fragments[frames[frame as usize].clone()];
                let mut bytes = Vec::new();
                for fragment in own {
                    bytes.extend(self.file.data().read_vec(fragment.start, fragment.end - fragment.start)?);
                }
                Ok(bytes)
            }
        }
    }

    /// Returns the stored bytes of a frame without comments, Exif and the like; `None` if there are none in them.
    ///
    /// # Errors
    ///
    /// As [`Frames::stored`].
    pub fn without_notes(&self, frame: u32) -> Result<Option<Vec<u8>>> {
        match self.store {
            Store::Native { .. } => Ok(None),
            Store::Encapsulated(_) => Ok(codec::without_notes(&self.file.transfer_syntax, &self.stored(frame)?)),
        }
    }

    /// Returns whether a frame has notes.
    ///
    /// # Errors
    ///
    /// As [`Frames::stored`].
    pub fn has_notes(&self) -> Result<bool> {
        for frame in 0..self.count() {
            if self.without_notes(frame)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns what `region` of a decoded frame is filled with.
    ///
    /// # Errors
    ///
    /// As [`Fill::new`].
    pub fn fill_of(&self, decoded: &Frame, region: &Region) -> Result<Fill> {
        Fill::new(self.fill, decoded, self.palette.as_ref(), region)
    }

    /// Returns whether a frame is stored as the very bytes of the frame before it.
    ///
    /// # Errors
    ///
    /// As [`Frames::stored`].
    pub fn repeats(&self, frame: u32) -> Result<bool> {
        let Some(before) = frame.checked_sub(1) else { return Ok(false) };
        if let Store::Native { value, .. } = &self.store {
            // The same bytes are other pixels where the frames begin at different bits.
            if self.native_range(value, frame).1 != self.native_range(value, before).1 {
                return Ok(false);
            }
        }
        Ok(self.stored(frame)? == self.stored(before)?)
    }

    /// Decodes a frame.
    ///
    /// # Errors
    ///
    /// As [`Frames::stored`] and [`codec::decode`].
    pub fn decode(&self, frame: u32) -> Result<Frame> {
        let mut bytes = self.stored(frame)?;
        match &self.store {
            Store::Native { value, word_swapped } => {
                let (_, first_bit) = self.native_range(value, frame);
                let own = self.normalize(&mut bytes, first_bit, *word_swapped);
                native::unpack(&self.description, self.file.encoding.is_big_endian(), false, own)
            }
            Store::Encapsulated(_) => self.decoded.decode(&self.file.transfer_syntax, &self.description, &bytes),
        }
    }

    /// Returns which bytes of a native value hold `frame`, whole words where words are swapped, and how many bits of
    /// earlier frames come first.
    #[must_use]
    pub fn native_range(&self, value: &Range<u64>, frame: u32) -> (Range<u64>, u64) {
        let bits = self.description.native_frame_bits();
        let (first, last) = (bits * u64::from(frame), bits * (u64::from(frame) + 1));
        let unit = if matches!(self.store, Store::Native { word_swapped: true, .. }) { 16 } else { 8 };
        let start = first / unit * unit;
        let end = (last.div_ceil(unit) * unit / 8).min(value.end - value.start);
        (value.start + start / 8..value.start + end, first - start)
    }

    /// Turns native bytes into a plain sample stream that begins with the frame.
    fn normalize<'b>(&self, bytes: &'b mut [u8], first_bit: u64, word_swapped: bool) -> &'b [u8] {
        if word_swapped {
            bytes.chunks_exact_mut(2).for_each(|word| word.swap(0, 1));
        }
        let skip = usize::try_from(first_bit / 8).expect("below a word");
        let shift = first_bit % 8;
        let needed = usize::try_from(self.description.native_frame_bits().div_ceil(8)).expect("a frame in memory");
        let own = &mut bytes[skip..];
        if shift > 0 {
            for index in 0..needed.min(own.len()) {
                let next = own.get(index + 1).copied().unwrap_or(0);
                own[index] = own[index] >> shift | next << (8 - shift);
            }
        }
        &own[..needed.min(own.len())]
    }

    /// Returns the smallest box around `area` that can be masked by itself: with native 4:2:2 whole pairs of pixels,
    /// which share their chroma. An odd last column is a pair of its own.
    #[must_use]
    pub fn maskable(&self, area: Rect) -> Rect {
        match self.store {
            Store::Native { .. } => self.description.whole_pairs(area),
            Store::Encapsulated(_) => area,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::dicom::places::Pictures as _;
    use crate::dicom::{Instance, Limits};
    use std::path::{Path, PathBuf};

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
    }

    fn open(path: &Path) -> Instance {
        Instance::open(path, &Limits::default()).unwrap()
    }

    #[test]
    fn masks_of_whole_blocks_need_no_ground_for_soft_edges() {
        for (name, soft_edge) in [("us_cine_jpeg.dcm", 0), ("us_rgb.dcm", 2)] {
            let instance = open(&fixture(name));
            assert_eq!(instance.frames().unwrap().unwrap().soft_edge(), soft_edge, "{name}");
        }
    }

    #[test]
    fn fragments_are_assigned_by_the_offset_table_or_by_start_codes() {
        let path = fixture("us_cine_jpeg.dcm");
        let instance = open(&path);
        let whole = instance.frames().unwrap().unwrap();
        assert!(instance.file.layout.fragments.len() > 13, "some of the 12 frames have several fragments");
        let streams: Vec<_> = (0..12).map(|frame| whole.stored(frame).unwrap()).collect();
        assert!(streams.iter().all(|stream| stream.starts_with(&[0xFF, 0xD8])));
        assert!(whole.stored(12).is_err());

        // Without the table the same frames come out by their start codes.
        let mut bare = std::fs::read(&path).unwrap();
        let table = &instance.file.layout.fragments[0];
        let table = usize::try_from(table.start).unwrap()..usize::try_from(table.end).unwrap();
        assert_eq!(table.len(), 48);
        bare.drain(table.clone());
        bare[table.start - 4..table.start].fill(0);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file.as_file(), &bare).unwrap();
        let again = open(file.path());
        let again = again.frames().unwrap().unwrap();
        assert!(streams == (0..12).map(|frame| again.stored(frame).unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn equal_bytes_repeat_a_frame_only_where_they_begin_at_the_same_bit() {
        let bytes = std::fs::read(fixture("scan_1bit_odd.dcm")).unwrap();
        let instance = open(&fixture("scan_1bit_odd.dcm"));
        let value = instance.file.layout.get(dicom_dictionary_std::tags::PIXEL_DATA).unwrap().value.clone();
        let mut striped = bytes;
        striped[usize::try_from(value.start).unwrap()..usize::try_from(value.end).unwrap()].fill(0b0001_0001);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file.as_file(), &striped).unwrap();
        let instance = open(file.path());
        let frames = instance.frames().unwrap().unwrap();
        assert_ne!(frames.decode(0).unwrap().samples, frames.decode(1).unwrap().samples);
        assert!(!frames.repeats(1).unwrap());
        assert!(!frames.repeats(0).unwrap());
    }

    #[test]
    fn one_bit_frames_begin_inside_bytes() {
        let instance = open(&fixture("scan_1bit_odd.dcm"));
        let frames = instance.frames().unwrap().unwrap();
        assert_ne!(frames.description.native_frame_bits() % 8, 0);
        let value = instance.file.layout.get(dicom_dictionary_std::tags::PIXEL_DATA).unwrap().value.clone();
        let all = instance.file.data().read_vec(value.start, value.end - value.start).unwrap();
        let pixels = usize::try_from(frames.description.pixels()).unwrap();
        for frame in 0..2 {
            let decoded = frames.decode(frame).unwrap();
            for pixel in 0..pixels {
                let bit = frame as usize * pixels + pixel;
                assert_eq!(decoded.samples.get(pixel), u32::from(all[bit / 8] >> (bit % 8) & 1), "{frame} {pixel}");
            }
        }
    }
}
