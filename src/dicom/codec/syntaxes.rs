//! The table of transfer syntaxes: which are decoded, and how their masked frames are written.

/// How the frames of a transfer syntax are written after masking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskForm {
    /// Native samples are changed where they lie; the transfer syntax stays.
    InPlace,
    /// Coded blocks are replaced inside the stream; all others keep their coefficients, and the transfer syntax stays.
    JpegBlocks,
    /// The masked frames are encoded again, without loss; the transfer syntax stays.
    Reencoded,
    /// As `Reencoded` where the stream shows that it is reversible, else as `Fallback`.
    ReencodedIfReversible,
    /// All frames are decoded and written in a lossless transfer syntax of the user's choice.
    Fallback,
    /// Nothing is decoded, the instance is held.
    Held,
}

/// What is known of a transfer syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxInfo {
    /// Transfer Syntax UID.
    pub uid: &'static str,
    /// Its name, shorter than in PS3.6.
    pub name: &'static str,
    /// Whether [`decode`](super::decode) or [`native::unpack`](super::native::unpack) reads its frames.
    pub decode: bool,
    /// Whether frames lie in fragments (PS3.5 A.4).
    pub encapsulated: bool,
    /// How masked frames are written.
    pub mask: MaskForm,
}

/// Returns every transfer syntax that has a name here, ordered by kind.
#[must_use]
pub const fn syntaxes() -> &'static [SyntaxInfo] {
    SYNTAXES
}

/// Returns what is known of a transfer syntax.
#[must_use]
pub fn lookup(uid: &str) -> Option<&'static SyntaxInfo> {
    SYNTAXES.iter().find(|syntax| syntax.uid == uid)
}

/// Returns what to call a transfer syntax that is not decoded, for
/// [`Error::UnsupportedTransferSyntax`](crate::Error::UnsupportedTransferSyntax).
#[must_use]
pub fn held_kind(uid: &str) -> &'static str {
    lookup(uid).map_or("private or unknown transfer syntax", |syntax| syntax.name)
}

/// Makes a row for native frames.
const fn native(uid: &'static str, name: &'static str) -> SyntaxInfo {
    SyntaxInfo { uid, name, decode: true, encapsulated: false, mask: MaskForm::InPlace }
}

/// Makes a row for frames that are decoded from fragments.
const fn coded(uid: &'static str, name: &'static str, mask: MaskForm) -> SyntaxInfo {
    SyntaxInfo { uid, name, decode: true, encapsulated: true, mask }
}

/// Makes a row for what cannot be decoded.
const fn held(uid: &'static str, name: &'static str) -> SyntaxInfo {
    SyntaxInfo { uid, name, decode: false, encapsulated: true, mask: MaskForm::Held }
}

use MaskForm::{Fallback, JpegBlocks, Reencoded, ReencodedIfReversible};

const SYNTAXES: &[SyntaxInfo] = &[
    native("1.2.840.10008.1.2", "Implicit VR Little Endian"),
    native("1.2.840.10008.1.2.1", "Explicit VR Little Endian"),
    native("1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian"),
    native("1.2.840.10008.1.2.2", "Explicit VR Big Endian"),
    coded("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed", Reencoded),
    coded("1.2.840.10008.1.2.5", "RLE Lossless", Reencoded),
    coded("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", Reencoded),
    coded("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)", JpegBlocks),
    coded("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4)", JpegBlocks),
    coded("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5)", JpegBlocks),
    coded("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection (Process 6 and 8)", Fallback),
    coded("1.2.840.10008.1.2.4.54", "JPEG Spectral Selection (Process 7 and 9)", Fallback),
    coded("1.2.840.10008.1.2.4.55", "JPEG Full Progression (Process 10 and 12)", JpegBlocks),
    coded("1.2.840.10008.1.2.4.56", "JPEG Full Progression (Process 11 and 13)", JpegBlocks),
    coded("1.2.840.10008.1.2.4.57", "JPEG Lossless (Process 14)", Reencoded),
    coded("1.2.840.10008.1.2.4.70", "JPEG Lossless (Process 14, Selection Value 1)", Reencoded),
    held("1.2.840.10008.1.2.4.58", "JPEG Lossless with arithmetic coding (Process 15)"),
    held("1.2.840.10008.1.2.4.59", "JPEG hierarchical (Process 16 and 18)"),
    held("1.2.840.10008.1.2.4.60", "JPEG hierarchical (Process 17 and 19)"),
    held("1.2.840.10008.1.2.4.61", "JPEG hierarchical (Process 20 and 22)"),
    held("1.2.840.10008.1.2.4.62", "JPEG hierarchical (Process 21 and 23)"),
    held("1.2.840.10008.1.2.4.63", "JPEG hierarchical (Process 24 and 26)"),
    held("1.2.840.10008.1.2.4.64", "JPEG hierarchical (Process 25 and 27)"),
    held("1.2.840.10008.1.2.4.65", "JPEG hierarchical (Process 28)"),
    held("1.2.840.10008.1.2.4.66", "JPEG hierarchical (Process 29)"),
    coded("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", Reencoded),
    coded("1.2.840.10008.1.2.4.81", "JPEG-LS Near-Lossless", Reencoded),
    coded("1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless", ReencodedIfReversible),
    coded("1.2.840.10008.1.2.4.91", "JPEG 2000", ReencodedIfReversible),
    held("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Lossless"),
    held("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2"),
    coded("1.2.840.10008.1.2.4.201", "HTJ2K Lossless", Fallback),
    coded("1.2.840.10008.1.2.4.202", "HTJ2K Lossless RPCL", Fallback),
    coded("1.2.840.10008.1.2.4.203", "HTJ2K", Fallback),
    coded("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", ReencodedIfReversible),
    coded("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", Fallback),
    coded("1.2.840.10008.1.2.4.112", "JPEG XL", ReencodedIfReversible),
    held("1.2.840.10008.1.2.4.94", "JPIP Referenced"),
    held("1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate"),
    held("1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced"),
    held("1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate"),
    held("1.2.840.10008.1.2.4.100", "MPEG-2 video"),
    held("1.2.840.10008.1.2.4.100.1", "MPEG-2 video, fragmentable"),
    held("1.2.840.10008.1.2.4.101", "MPEG-2 video"),
    held("1.2.840.10008.1.2.4.101.1", "MPEG-2 video, fragmentable"),
    held("1.2.840.10008.1.2.4.102", "H.264 video"),
    held("1.2.840.10008.1.2.4.102.1", "H.264 video, fragmentable"),
    held("1.2.840.10008.1.2.4.103", "H.264 video"),
    held("1.2.840.10008.1.2.4.103.1", "H.264 video, fragmentable"),
    held("1.2.840.10008.1.2.4.104", "H.264 video"),
    held("1.2.840.10008.1.2.4.104.1", "H.264 video, fragmentable"),
    held("1.2.840.10008.1.2.4.105", "H.264 video"),
    held("1.2.840.10008.1.2.4.105.1", "H.264 video, fragmentable"),
    held("1.2.840.10008.1.2.4.106", "H.264 stereo video"),
    held("1.2.840.10008.1.2.4.106.1", "H.264 stereo video, fragmentable"),
    held("1.2.840.10008.1.2.4.107", "HEVC video"),
    held("1.2.840.10008.1.2.4.108", "HEVC video"),
    held("1.2.840.10008.1.2.7.1", "SMPTE ST 2110 video"),
    held("1.2.840.10008.1.2.7.2", "SMPTE ST 2110 video"),
    held("1.2.840.10008.1.2.7.3", "SMPTE ST 2110 audio"),
    held("1.2.840.10008.1.2.6.1", "RFC 2557 MIME encapsulation"),
    held("1.2.840.10008.1.2.6.2", "XML encoding"),
    held("1.2.840.10008.1.20", "Papyrus 3 Implicit VR Little Endian"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uid_stands_once_and_is_held_exactly_if_it_is_not_decoded() {
        for (i, syntax) in SYNTAXES.iter().enumerate() {
            assert!(SYNTAXES[i + 1..].iter().all(|other| other.uid != syntax.uid), "{}", syntax.uid);
            assert_eq!(syntax.decode, syntax.mask != MaskForm::Held, "{}", syntax.uid);
        }
    }

    #[test]
    fn unknown_syntaxes_have_a_kind() {
        assert_eq!(held_kind("1.2.840.113619.5.2"), "private or unknown transfer syntax");
        assert_eq!(held_kind("1.2.840.10008.1.2.4.107"), "HEVC video");
        assert!(lookup("1.2.840.10008.1.2.4.50").is_some_and(|s| s.decode && s.encapsulated));
    }
}
