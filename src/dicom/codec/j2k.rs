//! JPEG 2000 (ISO/IEC 15444-1) and High-Throughput JPEG 2000 (15444-15).

use jpeg2k::{DecodeParameters, Image};

use super::markers::check_size;
use super::openjp2_encoder as encoder;
use crate::dicom::pixels::{Frame, Photometric, PixelDescription, Samples};
use crate::error::{Error, Result};

/// Decodes one frame. The inverse of the stream's own color transform has been done, the result is then RGB.
///
/// # Errors
///
/// [`Error::Decode`] if the stream does not fit the description, lacks tiles, or cannot be decoded to its end.
pub fn decode(description: &PixelDescription, data: &[u8]) -> Result<Frame> {
    let data = codestream(data)?;
    let header = Header::read(data)?;
    check_size("JPEG 2000", description, (header.rows, header.columns), header.components, header.precision)?;
    header.check_tiles(data)?;
    let image = Image::from_bytes_with(data, DecodeParameters::new().strict(true)).map_err(|source| Error::Decode {
        codec: "JPEG 2000",
        problem: "stream is damaged or incomplete".into(),
        source: Some(source.to_string().into()),
    })?;
    let components = image.components();
    let whole = |c: &&jpeg2k::ImageComponent| (c.height(), c.width()) == (header.rows, header.columns);
    if components.len() != header.components || components.iter().filter(whole).count() != header.components {
        return Err(failed("decoded image has another size than its header says"));
    }
    let pixels = components[0].data().len();
    let order = (0..pixels).flat_map(|pixel| components.iter().map(move |c| c.data()[pixel]));
    // Signed samples become two's complement in their container, which cutting off the high bytes does.
    let samples = match description.bits_allocated {
        8 => Samples::U8(order.map(|v| v.to_le_bytes()[0]).collect()),
        _ => Samples::U16(order.map(|v| u16::from_le_bytes([v.to_le_bytes()[0], v.to_le_bytes()[1]])).collect()),
    };
    let photometric = match description.photometric {
        gray if gray.samples_per_pixel() == 1 => gray,
        _ if header.transformed => Photometric::Rgb,
        // Without a transform in the stream, these names are mistaken and viewers show what they get.
        Photometric::YbrIct | Photometric::YbrRct => Photometric::Rgb,
        Photometric::YbrFull422 => Photometric::YbrFull,
        other => other,
    };
    Ok(Frame { description: PixelDescription { photometric, planar: false, ..description.clone() }, samples })
}

/// Checks that a masked frame can be encoded losslessly in the form of its stream.
///
/// # Errors
///
/// [`Error::Encode`] if the stream is irreversible: Photometric Interpretation may say so too (`YBR_ICT`), and the
/// frames beside it stay so.
pub fn check_reversible(data: &[u8]) -> Result<()> {
    let header = Header::read(codestream(data)?)?;
    if header.irreversible { Err(Error::encode("JPEG 2000", "stream is lossy")) } else { Ok(()) }
}

/// Encodes one frame losslessly, with the precision, sign and component transform of the stream `like` where there is
/// one.
///
/// # Errors
///
/// [`Error::Encode`] if the samples have more bits than the stream, or the encoder refuses.
pub fn encode(frame: &Frame, like: Option<&[u8]>) -> Result<Vec<u8>> {
    let d = &frame.description;
    let components = usize::from(d.samples_per_pixel);
    let (precision, signed, transformed) = match like {
        Some(data) => {
            let header = Header::read(codestream(data)?)?;
            (header.precision, header.signed, header.transformed)
        }
        None => (coded_bits(frame), d.signed, d.photometric == Photometric::Rgb),
    };
    let unused = 32 - u32::from(d.bits_allocated).min(32);
    // A stream that knows no signs holds two's complement of its own width.
    let largest = if d.signed { u32::MAX >> (32 - precision.min(32)) } else { u32::MAX };
    let value = |index| {
        let container = frame.samples.get(index);
        if signed { (container << unused).cast_signed() >> unused } else { (container & largest).cast_signed() }
    };
    let half = 1_i64 << (precision - 1);
    let range = if signed { -half..half } else { 0..2 * half };
    if (0..frame.samples.len()).any(|index| !range.contains(&i64::from(value(index)))) {
        return Err(Error::encode("JPEG 2000", "samples have more bits than the stream"));
    }
    let plane = |component| (component..frame.samples.len()).step_by(components).map(value).collect();
    let planes: Vec<Vec<i32>> = (0..components).map(plane).collect();
    let transformed = transformed && components == 3;
    let (width, height) = (d.columns, d.rows);
    encoder::encode(encoder::Image { width, height, precision, signed, transformed, planes: &planes })
}

/// Returns Bits Stored if they hold all samples, else Bits Allocated.
fn coded_bits(frame: &Frame) -> u32 {
    let d = &frame.description;
    let (stored, allocated) = (u32::from(d.bits_stored), u32::from(d.bits_allocated));
    let above = 32 - stored;
    let fits = |container: u32| {
        let (low, sign) = (container << above >> above, (container << above).cast_signed() >> above);
        let extended = sign.cast_unsigned() << (32 - allocated) >> (32 - allocated);
        container == if d.signed { extended } else { low }
    };
    let all = (0..frame.samples.len()).all(|index| fits(frame.samples.get(index)));
    if all { stored } else { allocated }
}

/// Returns whether a stream says that it lost information. One that does not may still have.
pub fn is_lossy(data: &[u8]) -> bool {
    codestream(data).and_then(Header::read).is_ok_and(|header| header.irreversible)
}

/// What the main header says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    rows: u32,
    columns: u32,
    components: usize,
    precision: u32,
    /// Samples are signed.
    signed: bool,
    /// A multiple component transform is used.
    transformed: bool,
    /// The wavelet transform is the 9-7 one, which loses information.
    irreversible: bool,
    tiles: usize,
    /// Where the first tile-part starts.
    end: usize,
}

impl Header {
    /// Reads the segments SIZ and COD (15444-1 A.5.1, A.6.1).
    fn read(data: &[u8]) -> Result<Self> {
        let mut at = 2;
        let mut header: Option<Self> = None;
        let mut style = None;
        loop {
            let marker = be16(data, at).ok_or_else(|| failed("main header is cut off"))?;
            if marker == 0xFF90 {
                break;
            }
            let length = be16(data, at + 2).ok_or_else(|| failed("main header is cut off"))? as usize;
            let payload = data.get(at + 4..at + 2 + length).ok_or_else(|| failed("main header is cut off"))?;
            match marker {
                0xFF51 if header.is_some() => return Err(failed("more than one image size")),
                0xFF51 => header = Some(Self::size(payload)?),
                0xFF52 => style = payload.get(4).zip(payload.get(9)),
                _ => {}
            }
            at += 2 + length;
        }
        let mut header = header.ok_or_else(|| failed("no image size"))?;
        let (components, wavelet) = style.ok_or_else(|| failed("no coding style"))?;
        header.transformed = *components != 0;
        header.irreversible = *wavelet == 0;
        header.end = at;
        Ok(header)
    }

    /// Reads SIZ.
    fn size(payload: &[u8]) -> Result<Self> {
        let cut = || failed("image size is cut off");
        let word = |at| be32(payload, at).ok_or_else(cut);
        let (right, bottom, left, top) = (word(2)?, word(6)?, word(10)?, word(14)?);
        let (tile_columns, tile_rows, tile_left, tile_top) = (word(18)?, word(22)?, word(26)?, word(30)?);
        let components = be16(payload, 34).ok_or_else(cut)? as usize;
        let table = payload.get(36..36 + components * 3).ok_or_else(cut)?.as_chunks::<3>().0;
        let Some(&[depth, ..]) = table.first() else { return Err(failed("no components")) };
        if table.iter().any(|c| c[1..] != [1, 1]) {
            return Err(failed("subsampled components"));
        }
        if table.iter().any(|c| c[0] != depth) {
            return Err(failed("components of different depth"));
        }
        let empty = right <= left || bottom <= top || tile_left > left || tile_top > top;
        if empty || tile_columns == 0 || tile_rows == 0 {
            return Err(failed("image or tile size is malformed"));
        }
        let tiles =
            u64::from((right - tile_left).div_ceil(tile_columns)) * u64::from((bottom - tile_top).div_ceil(tile_rows));
        // The number of a tile has 16 bits.
        let tiles = u16::try_from(tiles).map_err(|_| failed("more tiles than can be numbered"))?;
        Ok(Self {
            rows: bottom - top,
            columns: right - left,
            components,
            precision: u32::from(depth & 0x7F) + 1,
            signed: depth & 0x80 != 0,
            transformed: false,
            irreversible: false,
            tiles: usize::from(tiles),
            end: 0,
        })
    }

    /// Walks the tile-parts (15444-1 A.4.2) and checks that every tile is there: decoders leave zeros for others.
    fn check_tiles(&self, data: &[u8]) -> Result<()> {
        let mut seen = vec![false; self.tiles];
        let mut at = self.end;
        while be16(data, at) == Some(0xFF90) {
            let tile = be16(data, at + 4).ok_or_else(|| failed("a tile-part is cut off"))? as usize;
            let length = be32(data, at + 6).ok_or_else(|| failed("a tile-part is cut off"))? as usize;
            *seen.get_mut(tile).ok_or_else(|| failed("a tile has no place in the image"))? = true;
            if length == 0 {
                // The last one may reach to the end.
                break;
            }
            if length < 14 || length > data.len() - at {
                return Err(failed("a tile-part is cut off"));
            }
            at += length;
        }
        if seen.contains(&false) { Err(failed("tiles are missing")) } else { Ok(()) }
    }
}

/// Returns the codestream, out of its JP2 boxes where a writer put it into some against PS3.5 8.2.4.
fn codestream(data: &[u8]) -> Result<&[u8]> {
    const SIGNATURE: [u8; 8] = [0, 0, 0, 12, b'j', b'P', b' ', b' '];
    let mut rest = data;
    if data.starts_with(&SIGNATURE) {
        loop {
            let length = be32(rest, 0).ok_or_else(|| failed("no codestream box"))? as usize;
            let kind = rest.get(4..8).ok_or_else(|| failed("no codestream box"))?;
            if kind == b"jp2c" {
                rest = if length == 0 { rest.get(8..) } else { rest.get(8..length) }
                    .ok_or_else(|| failed("codestream box is cut off"))?;
                break;
            }
            rest = rest.get(length.max(8)..).ok_or_else(|| failed("no codestream box"))?;
        }
    }
    if rest.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) { Ok(rest) } else { Err(failed("stream does not start with SOC")) }
}

/// Reads a 16-bit number.
fn be16(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 2)?.first_chunk().map(|&b| u32::from(u16::from_be_bytes(b)))
}

/// Reads a 32-bit number.
fn be32(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4)?.first_chunk().map(|&b| u32::from_be_bytes(b))
}

/// Makes an error of this codec.
fn failed(problem: &str) -> Error {
    Error::decode("JPEG 2000", problem)
}
