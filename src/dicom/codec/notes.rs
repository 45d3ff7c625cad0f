//! What encoders and cameras note in a JPEG or JPEG-LS stream beside the image: comments, Exif with its dates and owner,
//! thumbnails. No header shows them, so no tag scrubber takes them out.

use super::markers::{EOI, Part, SOI, Stream};
use dicom_dictionary_std::uids;

/// Returns the stream without its notes; `None` if it has none, and for transfer syntaxes that are neither JPEG nor
/// JPEG-LS.
///
/// Application and comment segments go (ISO/IEC 10918-1 B.2.4.5 and B.2.4.6), and what follows EOI. What tells decoders
/// the color space stays: JFIF without its thumbnail, Adobe, and the color transform of JPEG-LS (`mrfx`). All coded data
/// keep their bytes. A stream that cannot be read is left for its decoder to refuse.
#[must_use]
pub fn without_notes(transfer_syntax: &str, data: &[u8]) -> Option<Vec<u8>> {
    let number = transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.")?;
    let stuffing = match number {
        _ if transfer_syntax == uids::JPEGLS_LOSSLESS || transfer_syntax == uids::JPEGLS_NEAR_LOSSLESS => 0x80,
        "50" | "51" | "52" | "53" | "54" | "55" | "56" | "57" | "70" => 1,
        _ => return None,
    };
    let stream = Stream::read("JPEG", data, stuffing).ok().filter(|stream| stream.ended)?;
    let mut out = Vec::with_capacity(data.len());
    out.extend([0xFF, SOI]);
    for part in &stream.parts {
        match part {
            Part::Segment(marker, range) => out.extend(kept(*marker, &data[range.clone()]).unwrap_or_default()),
            Part::Coded(range) => out.extend_from_slice(&data[range.clone()]),
        }
    }
    out.extend([0xFF, EOI]);
    // A byte may make the length of a fragment even.
    (data.len() > out.len() + 1 || !data.starts_with(&out)).then_some(out)
}

/// Returns what stays of a segment, marker and length included.
fn kept(marker: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let payload = match (marker, payload) {
        // Version, unit and densities; then the size of the thumbnail, which becomes none.
        (0xE0, [b'J', b'F', b'I', b'F', 0, fields @ ..]) if fields.len() >= 7 => {
            [b"JFIF\0", &fields[..7], &[0, 0]].concat()
        }
        (0xEE, [b'A', b'd', b'o', b'b', b'e', ..]) => payload.get(..12).unwrap_or(payload).to_vec(),
        (0xE8, [b'm', b'r', b'f', b'x', ..]) => payload.get(..5).unwrap_or(payload).to_vec(),
        (0xE0..=0xEF | 0xFE, _) => return None,
        _ => payload.to_vec(),
    };
    let length = u16::try_from(payload.len() + 2).ok()?.to_be_bytes();
    Some([&[0xFF, marker], &length[..], &payload].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASELINE: &str = "1.2.840.10008.1.2.4.50";

    /// A stream of these segments before its frame header, and these bytes behind its end.
    fn stream(segments: &[(u8, &[u8])], behind: &[u8]) -> Vec<u8> {
        let mut out = vec![0xFF, SOI];
        for (marker, payload) in segments {
            out.extend([0xFF, *marker, 0, u8::try_from(payload.len() + 2).unwrap()]);
            out.extend_from_slice(payload);
        }
        out.extend([0xFF, 0xC0, 0, 11, 8, 0, 2, 0, 3, 1, 1, 0x11, 0]);
        out.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 5, 0xFF, 0, 6, 0xFF, EOI]);
        [&out, behind].concat()
    }

    #[test]
    fn comments_exif_and_thumbnails_go_and_the_color_space_stays() {
        let adobe: (u8, &[u8]) = (0xEE, b"Adobe\0\x64\0\0\0\0\x01");
        let notes: &[(u8, &[u8])] = &[
            (0xE0, b"JFIF\0\x01\x02\0\0\x48\0\x48\x01\x01abc"),
            (0xE1, b"Exif\0\0MM DOE^JANE"),
            adobe,
            (0xFE, b"DOE^JANE"),
        ];
        let clean: &[(u8, &[u8])] = &[(0xE0, b"JFIF\0\x01\x02\0\0\x48\0\x48\0\0"), adobe];
        assert_eq!(without_notes(BASELINE, &stream(notes, b"")).unwrap(), stream(clean, b""));
        assert_eq!(without_notes(BASELINE, &stream(clean, b"")), None);
        assert_eq!(without_notes(BASELINE, &stream(clean, &[0])), None, "padded to an even length");
        assert_eq!(without_notes(BASELINE, &stream(clean, b"DOE^JANE")).unwrap(), stream(clean, b""));
        assert_eq!(without_notes("1.2.840.10008.1.2.4.90", &stream(notes, b"")), None);
    }

    #[test]
    fn a_jpeg_without_color_markers_stays_as_it_is() {
        assert_eq!(without_notes(BASELINE, &stream(&[], b"")), None);
        assert_eq!(without_notes(BASELINE, &stream(&[], b"")[..20]), None, "cut off");
    }
}
