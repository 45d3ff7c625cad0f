//! The decoders over whole streams: the fixtures' frames, whole, cut and damaged, and the real files where
//! `DEBURN_TEST_DATA` names their folder.

use std::path::{Path, PathBuf};

use super::*;
use crate::dicom::file::Limits;
use crate::dicom::instance::Instance;
use crate::dicom::pixels::Photometric;
use proptest::prelude::*;

const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// A frame as it lies in its file.
struct Coded {
    syntax: String,
    description: PixelDescription,
    bytes: Vec<u8>,
}

impl Coded {
    fn decode(&self) -> Result<Frame> {
        decode(&self.syntax, &self.description, &self.bytes)
    }
}

fn read(path: &Path) -> Result<Coded> {
    let instance = Instance::open(path, &Limits::default())?;
    let frames = instance.frames()?.ok_or(Error::MissingAttribute("PixelData"))?;
    let (description, bytes) = (frames.description.clone(), frames.stored(0)?);
    Ok(Coded { syntax: instance.file.transfer_syntax.clone(), description, bytes })
}

fn fixture(name: &str) -> Coded {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).expect("a readable fixture")
}

/// One of each family.
const FIXTURES: [&str; 9] = [
    "us_ybr_jpeg_420.dcm",
    "us_rgb_jpeg.dcm",
    "dx_jpeg12.dcm",
    "dx_jpeg_lossless.dcm",
    "dx_jpegls.dcm",
    "dx_jpegls_near.dcm",
    "dx_j2k.dcm",
    "us_j2k_rct.dcm",
    "us_ybr_rle.dcm",
];

#[test]
fn every_family_decodes_its_fixture() {
    for name in FIXTURES {
        let coded = fixture(name);
        let frame = coded.decode().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(frame.samples.len() as u64, coded.description.samples(), "{name}");
    }
}

#[test]
fn a_stream_cut_anywhere_is_an_error() {
    for name in FIXTURES {
        let mut coded = fixture(name);
        // The last bytes of a frame may be EOI and padding, without which it is still whole.
        let length = coded.bytes.len();
        for cut in [length - 64, length / 2, 200, 20, 1, 0] {
            coded.bytes.truncate(cut);
            assert!(coded.decode().is_err(), "{name} cut to {cut} of {length}");
        }
    }
}

#[test]
fn a_stream_of_another_size_components_or_depth_is_an_error() {
    for name in FIXTURES {
        let coded = fixture(name);
        let d = &coded.description;
        let gray = d.samples_per_pixel == 1;
        let others = [
            PixelDescription { rows: d.rows + 1, ..d.clone() },
            PixelDescription { rows: d.rows - 1, ..d.clone() },
            PixelDescription { columns: d.columns - 1, ..d.clone() },
            // RLE does not know how long a row is.
            PixelDescription { rows: d.columns, columns: d.rows + u32::from(name.contains("rle")), ..d.clone() },
            PixelDescription {
                samples_per_pixel: if gray { 3 } else { 1 },
                photometric: if gray { Photometric::Rgb } else { Photometric::Monochrome2 },
                ..d.clone()
            },
        ];
        for other in others {
            assert!(decode(&coded.syntax, &other, &coded.bytes).is_err(), "{name} as {other:?}");
        }
        if d.bits_allocated == 16 {
            let narrow = PixelDescription { bits_allocated: 8, bits_stored: 8, high_bit: 7, ..d.clone() };
            assert!(decode(&coded.syntax, &narrow, &coded.bytes).is_err(), "{name} in 8 bits");
        }
    }
}

#[test]
fn eight_bit_streams_fit_16_bit_containers() {
    let mut coded = fixture("us_rgb_jpeg.dcm");
    let Samples::U8(narrow) = coded.decode().expect("decodes").samples else { panic!("8 bits") };
    coded.description.bits_allocated = 16;
    let wide = narrow.into_iter().map(u16::from).collect();
    assert_eq!(coded.decode().expect("decodes").samples, Samples::U16(wide));
}

/// Returns the stream without its application segments.
fn without_markers(jpeg: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (jpeg[..2].to_vec(), 2);
    while jpeg[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if !(0xE0..=0xEF).contains(&jpeg[at + 1]) {
            out.extend_from_slice(&jpeg[at..end]);
        }
        at = end;
    }
    out.extend_from_slice(&jpeg[at..]);
    out
}

fn with_segment(jpeg: &[u8], segment: &[u8]) -> Vec<u8> {
    [&jpeg[..2], segment, &jpeg[2..]].concat()
}

#[test]
fn the_streams_own_word_on_color_goes_before_the_data_sets() {
    let mut coded = fixture("us_ybr_jpeg.dcm");
    coded.bytes = without_markers(&coded.bytes);
    let plain = coded.bytes.clone();
    let adobe = |transform| [b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00", &[transform][..]].concat();
    let jfif = b"\xFF\xE0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    let mut pixels = |bytes: Vec<u8>, photometric| {
        coded.bytes = bytes;
        coded.description.photometric = photometric;
        let frame = coded.decode().expect("decodes");
        assert_eq!(frame.description.photometric, Photometric::Rgb);
        frame.samples
    };
    let transformed = pixels(plain.clone(), Photometric::YbrFull422);
    let untouched = pixels(plain.clone(), Photometric::Rgb);
    assert_ne!(transformed, untouched);
    assert_eq!(pixels(with_segment(&plain, &adobe(0)), Photometric::YbrFull422), untouched);
    assert_eq!(pixels(with_segment(&plain, &adobe(1)), Photometric::Rgb), transformed);
    assert_eq!(pixels(with_segment(&plain, jfif), Photometric::Rgb), transformed);
    assert_eq!(pixels(with_segment(&with_segment(&plain, &adobe(0)), jfif), Photometric::Rgb), untouched);
}

#[test]
fn wrong_spectral_selection_and_bytes_behind_the_image_do_no_harm() {
    let mut coded = fixture("us_rgb_jpeg.dcm");
    let whole = coded.decode().expect("decodes").samples;
    let scan = coded.bytes.windows(4).position(|w| w[..2] == [0xFF, 0xDA]).expect("a scan");
    let selection = scan + 2 + usize::from(coded.bytes[scan + 3]) - 3;
    coded.bytes[selection..selection + 3].copy_from_slice(&[0, 0, 0]);
    coded.bytes.extend([0, 0, 7, 0xFF, 0xD8]);
    assert_eq!(coded.decode().expect("decodes").samples, whole);
    let end = coded.bytes.windows(2).rposition(|w| w == [0xFF, 0xD9]).expect("an end");
    coded.bytes.splice(end..end, [1, 2, 3]);
    assert_eq!(coded.decode().expect("decodes").samples, whole);
}

#[test]
fn a_scan_that_is_missing_is_an_error() {
    // Two components of which only the first has a scan; the coded bytes do not matter.
    let mut jpeg = b"\xFF\xD8\xFF\xC0\x00\x11\x08\x00\x08\x00\x08\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00".to_vec();
    jpeg.extend(b"\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00\x00\x00\xFF\xD9");
    let error = decode(JPEG, &testing::describe(8, 8, Photometric::Rgb, 8), &jpeg).expect_err("incomplete");
    assert!(error.to_string().contains("no scan"), "{error}");
}

#[test]
fn deflated_frames_are_inflated_to_the_byte() {
    let d = testing::describe(3, 3, Photometric::Monochrome2, 8);
    let deflate = |bytes: &[u8]| {
        let mut encoder = flate2::read::DeflateEncoder::new(bytes, flate2::Compression::default());
        let mut out = Vec::new();
        encoder.read_to_end(&mut out).expect("in memory");
        out
    };
    let syntax = "1.2.840.10008.1.2.8.1";
    let frame: Vec<u8> = (1..=9).collect();
    for pad in [&[][..], &[0]] {
        let found = decode(syntax, &d, &deflate(&[&frame, pad].concat())).expect("whole");
        assert_eq!(found.samples, Samples::U8(frame.clone()));
    }
    assert!(decode(syntax, &d, &deflate(&frame[..8])).is_err());
    assert!(decode(syntax, &d, &deflate(&[0; 1 << 20])).is_err());
    assert!(decode(syntax, &d, &deflate(&frame)[..5]).is_err());
}

#[test]
fn encapsulated_uncompressed_frames_may_have_a_pad_byte() {
    let d = testing::describe(1, 3, Photometric::Monochrome2, 8);
    let found = decode("1.2.840.10008.1.2.1.98", &d, &[1, 2, 3, 0]).expect("whole");
    assert_eq!(found.samples, Samples::U8(vec![1, 2, 3]));
    assert!(decode("1.2.840.10008.1.2.1.98", &d, &[1, 2]).is_err());
    assert!(decode("1.2.840.10008.1.2.1.98", &d, &[1, 2, 3, 0, 4, 5]).is_err());
}

#[test]
fn jpeg_xl_keeps_integers_of_every_depth() {
    use zune_core::{bit_depth::BitDepth, colorspace::ColorSpace, options::EncoderOptions};
    let values: Vec<u16> = (0..64_u16).map(|i| i * 1023).collect();
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let options = EncoderOptions::new(8, 8, ColorSpace::Luma, BitDepth::Sixteen);
    let mut jxl = Vec::new();
    zune_jpegxl::JxlSimpleEncoder::new(&bytes, options).encode(&mut jxl).expect("in memory");
    let d = testing::describe(8, 8, Photometric::Monochrome2, 16);
    assert_eq!(decode("1.2.840.10008.1.2.4.110", &d, &jxl).expect("whole").samples, Samples::U16(values));
    for cut in 0..jxl.len() - 1 {
        assert!(decode("1.2.840.10008.1.2.4.110", &d, &jxl[..cut]).is_err(), "{cut}");
    }
    assert!(decode("1.2.840.10008.1.2.4.110", &testing::describe(8, 7, Photometric::Monochrome2, 16), &jxl).is_err());
}

#[test]
fn video_and_unknown_syntaxes_are_named() {
    let d = testing::describe(1, 1, Photometric::Rgb, 8);
    for (uid, word) in [("1.2.840.10008.1.2.4.102", "H.264"), ("1.2.3", "private or unknown")] {
        let error = decode(uid, &d, &[]).expect_err("held");
        assert!(matches!(error, Error::UnsupportedTransferSyntax { .. }));
        assert!(error.to_string().contains(word));
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "says that nothing was tested")]
fn real_files_decode_or_are_refused_with_a_reason() {
    let Some(folder) = std::env::var_os("DEBURN_TEST_DATA").map(|d| PathBuf::from(d).join("real/files")) else {
        println!("DEBURN_TEST_DATA is not set: not run");
        return;
    };
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut decoded = 0;
    for path in &paths {
        let Ok(instance) = Instance::open(path, &Limits::default()) else { continue };
        let Ok(Some(frames)) = instance.frames() else { continue };
        for index in 0..frames.count().min(3) {
            let frame = frames.decode(index).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(frame.samples.len() as u64, frames.description.samples());
        }
        decoded += 1;
    }
    assert!(decoded > paths.len() / 2, "{decoded} of {}", paths.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn damaged_streams_never_panic(name in prop::sample::select(&FIXTURES[..]), at: prop::sample::Index, value: u8) {
        let mut coded = fixture(name);
        // Headers are where damage leads decoders astray.
        let range = coded.bytes.len().min(700);
        let at = at.index(range);
        coded.bytes[at] = value;
        prop_assert!(!matches!(coded.decode(), Err(Error::Panic(_))));
    }
}
