//! Masked instances over whole files, one of each transfer syntax: what changes, what does not, and what is gone.

use super::turbo::{Coding, Entropy, transform};
use super::*;
use crate::dicom::blocks::Grain;
use crate::dicom::file::Limits;
use crate::dicom::fill::{Fill, FillChoice};
use crate::dicom::fragments::of_input;
use crate::dicom::frames::{Frames, Store};
use crate::dicom::header::text;
use crate::dicom::instance::Instance;
use crate::dicom::write::{self, Method, Plan, WriteOptions};
use crate::geometry::Rect;
use crate::region::Region;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

/// What is masked in these tests: nothing that begins or ends with a block.
const AREA: Rect = Rect::new(21, 10, 77, 29);

fn open(bytes: &[u8]) -> Instance {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    Instance::open(file.path(), &Limits::default()).unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/{name}.dcm"))).unwrap()
}

fn frames(instance: &Instance) -> Frames<'_> {
    instance.frames().unwrap().unwrap()
}

fn region(frames: &Frames<'_>) -> Region {
    let mut region = Region::new(frames.description.columns, frames.description.rows);
    region.add_rect(AREA);
    region
}

/// Masks `AREA` in the frames that `which` names and checks the output as the program does.
fn mask_frames(input: &[u8], fallback: Fallback, which: impl Fn(u32) -> bool + Sync) -> (Vec<u8>, Plan) {
    let instance = open(input);
    let frames = frames(&instance);
    let regions = |frame| which(frame).then(|| region(&frames));
    let plan = Plan::new(&frames, &regions, WriteOptions { fallback }).unwrap();
    let mut out = Cursor::new(Vec::new());
    write::masked(&frames, &regions, &plan, &mut out).unwrap();
    let out = out.into_inner();
    let output = open(&out);
    write::verify(&frames, &regions, &plan, &self::frames(&output)).unwrap();
    (out, plan)
}

fn mask(input: &[u8]) -> (Vec<u8>, Plan) {
    mask_frames(input, Fallback::ExplicitLe, |_| true)
}

/// Asserts, independently of the checks of the program, that `AREA` is black and what is outside the blocks is as before.
fn assert_masked(input: &[u8], output: &[u8], grain: Grain, name: &str) {
    let (input, output) = (open(input), open(output));
    let (input, output) = (frames(&input), frames(&output));
    assert_eq!(input.count(), output.count(), "{name}");
    for index in 0..input.count() {
        let (before, after) = (input.decode(index).unwrap(), output.decode(index).unwrap());
        let d = &before.description;
        let count = usize::from(d.samples_per_pixel);
        let black = Fill::black(d, input.palette.as_ref()).unwrap().values().unwrap();
        let changed = grain.changed(AREA, d.columns, d.rows);
        let mut differ = 0;
        for (x, y) in (0..d.rows).flat_map(|y| (0..d.columns).map(move |x| (x, y))) {
            for (component, black) in black.iter().enumerate().take(count) {
                let sample = (y as usize * d.columns as usize + x as usize) * count + component;
                let (old, new) = (before.samples.get(sample), after.samples.get(sample));
                let inside = |area: Rect| (area.x0..area.x1).contains(&x) && (area.y0..area.y1).contains(&y);
                if inside(AREA) {
                    assert_eq!(new, *black, "{name} frame {index}: {x} {y}");
                    differ += u32::from(old != new);
                } else if !inside(changed) {
                    assert_eq!(new, old, "{name} frame {index}: {x} {y}");
                }
            }
        }
        assert!(differ > 0, "{name}: there was something to mask");
    }
}

const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// A file made for a test: gray or color frames in fragments, explicit VR.
struct Made {
    syntax: &'static str,
    photometric: &'static str,
    size: [u16; 2],
    /// Bits allocated and stored.
    bits: [u16; 2],
    signed: bool,
    frames: Vec<Vec<u8>>,
}

impl Made {
    /// Of one frame of a fixture, under another transfer syntax.
    fn like(name: &str, syntax: &'static str, stream: Vec<u8>) -> Self {
        let instance = open(&fixture(name));
        let d = &frames(&instance).description;
        let photometric = d.photometric.code();
        let size = [d.rows, d.columns].map(|side| u16::try_from(side).unwrap());
        Self {
            syntax,
            photometric,
            size,
            bits: [d.bits_allocated, d.bits_stored],
            signed: d.signed,
            frames: vec![stream],
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let even = |value: &[u8], pad: u8| {
            let mut value = value.to_vec();
            value.resize(value.len().next_multiple_of(2), pad);
            value
        };
        let short = |group: u16, element: u16, vr: &str, value: &[u8]| {
            let length = u16::try_from(value.len()).unwrap().to_le_bytes();
            [&group.to_le_bytes(), &element.to_le_bytes(), vr.as_bytes(), &length, value].concat()
        };
        let number = |element, value: u16| short(0x28, element, "US", &value.to_le_bytes());
        let color = !self.photometric.starts_with('M');
        let mut out = [&[0; 128], &b"DICM"[..]].concat();
        out.extend(short(2, 0x10, "UI", &even(self.syntax.as_bytes(), 0)));
        out.extend(short(8, 0x16, "UI", &even(b"1.2.840.10008.5.1.4.1.1.7", 0)));
        out.extend(short(8, 0x18, "UI", &even(b"2.25.1", 0)));
        out.extend(number(2, if color { 3 } else { 1 }));
        out.extend(short(0x28, 4, "CS", &even(self.photometric.as_bytes(), b' ')));
        if color {
            out.extend(number(6, 0));
        }
        out.extend(short(0x28, 8, "IS", &even(self.frames.len().to_string().as_bytes(), b' ')));
        let [allocated, stored] = self.bits;
        let numbers =
            [(0x10, self.size[0]), (0x11, self.size[1]), (0x100, allocated), (0x101, stored), (0x102, stored - 1)];
        out.extend(numbers.into_iter().flat_map(|(element, value)| number(element, value)));
        out.extend(number(0x103, self.signed.into()));
        out.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        let item = |value: &[u8]| {
            [&[0xFE, 0xFF, 0, 0xE0][..], &u32::try_from(value.len()).unwrap().to_le_bytes(), value].concat()
        };
        out.extend(item(&[]));
        out.extend(self.frames.iter().flat_map(|frame| item(&even(frame, 0))));
        out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        out
    }
}

/// The stream of the first frame of a fixture.
fn stream(name: &str) -> Vec<u8> {
    let instance = open(&fixture(name));
    frames(&instance).stored(0).unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::DeflateEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut out).unwrap();
    out
}

/// A stream coded otherwise, with the same coefficients.
fn recoded(name: &str, progressive: bool, arithmetic: bool) -> Vec<u8> {
    let stream = stream(name);
    let entropy = if arithmetic { Entropy::Arithmetic } else { Entropy::OwnTables };
    transform(&stream, Coding { progressive, entropy }, |_, _, _| {}).unwrap()
}

#[test]
fn every_syntax_keeps_its_form() {
    let blocks = |width, height, reach| Grain { width, height, reach };
    let (full, half, quarter) = (blocks(8, 8, (0, 0)), blocks(16, 8, (1, 0)), blocks(16, 16, (1, 1)));
    let jpeg = [
        ("us_ybr_jpeg", half),
        ("us_ybr_jpeg_420", quarter),
        ("us_ybr_jpeg_restart", half),
        ("us_rgb_jpeg", full),
        ("us_cine_jpeg", half),
        ("us_cine_extended_offsets", full),
        ("dx_jpeg12", full),
    ];
    for (name, grain) in jpeg {
        let input = fixture(name);
        let (output, plan) = mask(&input);
        assert_eq!((plan.method, plan.reason), (Method::JpegBlocks, None), "{name}");
        assert_eq!(plan.grain, grain, "{name}");
        assert_eq!(plan.transfer_syntax, open(&input).file.transfer_syntax, "{name}");
        assert_masked(&input, &output, grain, name);
        let limit = input.len() + input.len() / 100;
        assert!(output.len() <= limit, "{name} grew from {} to {}", input.len(), output.len());
    }
    for name in ["dx_jpeg_lossless", "dx_jpegls", "dx_jpegls_near", "dx_j2k", "us_j2k_rct", "dx_rle", "us_ybr_rle"] {
        let input = fixture(name);
        let (output, plan) = mask(&input);
        assert_eq!((plan.method, plan.reason), (Method::Reencoded, None), "{name}");
        assert_eq!(plan.transfer_syntax, open(&input).file.transfer_syntax, "{name}");
        assert_masked(&input, &output, Grain::PIXEL, name);
    }
}

#[test]
fn syntaxes_without_a_fixture_keep_their_form_too() {
    let native = |name| native::pack(&frames(&open(&fixture(name))).decode(0).unwrap());
    let gray = Made::like("dx_rle", "1.2.840.10008.1.2.1.98", native("dx_rle"));
    let jxl = jxl::encode(&frames(&open(&fixture("us_rgb"))).decode(0).unwrap()).unwrap();
    let jxl_gray = jxl::encode(&frames(&open(&fixture("dx_rle"))).decode(0).unwrap()).unwrap();
    let made = [
        (gray, Method::Reencoded),
        (Made::like("us_rgb", "1.2.840.10008.1.2.8.1", deflate(&native("us_rgb"))), Method::Reencoded),
        (Made::like("us_rgb", "1.2.840.10008.1.2.4.110", jxl), Method::Reencoded),
        (Made::like("dx_rle", "1.2.840.10008.1.2.4.112", jxl_gray), Method::Reencoded),
        (Made::like("dx_jpeg_lossless", "1.2.840.10008.1.2.4.57", stream("dx_jpeg_lossless")), Method::Reencoded),
        (Made::like("us_ybr_jpeg", JPEG, recoded("us_ybr_jpeg", true, false)), Method::JpegBlocks),
        (Made::like("us_ybr_jpeg", JPEG, recoded("us_ybr_jpeg", false, true)), Method::JpegBlocks),
        (Made::like("us_rgb_jpeg", "1.2.840.10008.1.2.4.55", recoded("us_rgb_jpeg", true, false)), Method::JpegBlocks),
        (Made::like("us_ybr_jpeg", "1.2.840.10008.1.2.4.52", recoded("us_ybr_jpeg", false, true)), Method::JpegBlocks),
        (Made::like("us_ybr_jpeg", "1.2.840.10008.1.2.4.56", recoded("us_ybr_jpeg", true, true)), Method::JpegBlocks),
        (Made::like("us_ybr_jpeg", "1.2.840.10008.1.2.4.53", recoded("us_ybr_jpeg", true, false)), Method::Decoded),
    ];
    for (made, method) in made {
        let input = made.bytes();
        let (output, plan) = mask(&input);
        assert_eq!(plan.method, method, "{}: {:?}", made.syntax, plan.reason);
        assert_eq!(plan.reason.is_some(), method == Method::Decoded, "{}", made.syntax);
        assert_eq!(plan.transfer_syntax == made.syntax, method != Method::Decoded);
        assert_masked(&input, &output, plan.grain, made.syntax);
        if method == Method::JpegBlocks {
            let output = open(&output);
            let jpeg = frames(&output).stored(0).unwrap();
            let stream = markers::Stream::read("JPEG", &jpeg, 1).unwrap();
            let process = match made.syntax.rsplit('.').next().unwrap() {
                "52" => 0xC9,
                "55" => 0xC2,
                "56" => 0xCA,
                _ => 0xC0,
            };
            assert_eq!(stream.header.process, process, "{}: the process that the syntax asks for", made.syntax);
        }
    }
}

#[test]
fn monochrome1_is_masked_with_its_highest_value() {
    let mut twelve = Made::like("dx_jpeg12", "1.2.840.10008.1.2.4.51", stream("dx_jpeg12"));
    twelve.photometric = "MONOCHROME1";
    let (output, plan) = mask(&twelve.bytes());
    assert_eq!(plan.method, Method::JpegBlocks);
    let output = open(&output);
    let frame = frames(&output).decode(0).unwrap();
    let columns = frame.description.columns as usize;
    assert_eq!(frame.samples.get(AREA.y0 as usize * columns + AREA.x0 as usize), 4095);
    // With fewer bits stored than coded, black is inside the range; a coarse table has no coefficient for it.
    twelve.bits = [16, 11];
    let instance = open(&twelve.bytes());
    let frames = frames(&instance);
    let plan = Plan::new(&frames, &|_| Some(region(&frames)), WriteOptions::default()).unwrap();
    assert_eq!(plan.method, Method::Decoded);
    assert!(plan.reason.unwrap().contains("no coefficient"));
}

#[test]
fn signed_frames_are_masked_within_the_bits_of_their_stream() {
    for (name, syntax) in [
        ("dx_jpeg_lossless", "1.2.840.10008.1.2.4.70"),
        ("dx_jpegls", "1.2.840.10008.1.2.4.80"),
        ("dx_jpeg12", "1.2.840.10008.1.2.4.51"),
        ("dx_j2k", "1.2.840.10008.1.2.4.90"),
    ] {
        let mut made = Made::like(name, syntax, stream(name));
        made.signed = true;
        let (output, plan) = mask(&made.bytes());
        assert_eq!(plan.transfer_syntax, syntax);
        let output = open(&output);
        let frame = frames(&output).decode(0).unwrap();
        let sample = frame.samples.get(AREA.y0 as usize * frame.description.columns as usize + AREA.x0 as usize);
        assert_eq!(sample & 0xFFF, 0x800, "{name}: the lowest value of 12 bits");
    }
}

#[test]
fn a_frame_without_a_mask_loses_its_comments_and_nothing_else() {
    let clean = stream("us_ybr_jpeg");
    let noted = [&clean[..2], b"\xFF\xFE\0\x0ADOE^JANE", &clean[2..]].concat();
    let mut made = Made::like("us_ybr_jpeg", JPEG, clean.clone());
    made.frames = vec![clean.clone(), noted];
    let (output, _) = mask_frames(&made.bytes(), Fallback::ExplicitLe, |frame| frame == 0);
    let output = open(&output);
    let stored = frames(&output).stored(1).unwrap();
    assert_eq!(stored[..clean.len().min(stored.len())], clean[..]);
    assert!(!output.file.data().read_vec(0, output.file.data().len()).unwrap().windows(8).any(|w| w == b"DOE^JANE"));
}

#[test]
fn every_fill_keeps_the_form_where_it_can_be_coded() {
    let own = |name: &str, fill| {
        let input = fixture(name);
        let instance = open(&input);
        let frames = Frames { fill, ..frames(&instance) };
        let regions = |_| Some(region(&frames));
        let plan = Plan::new(&frames, &regions, WriteOptions::default()).unwrap();
        let mut out = Cursor::new(Vec::new());
        write::masked(&frames, &regions, &plan, &mut out).unwrap();
        let output = open(&out.into_inner());
        let written = self::frames(&output);
        write::verify(&frames, &regions, &plan, &written).unwrap();
        let decoded = written.decode(0).unwrap();
        let first = AREA.y0 as usize * decoded.description.columns as usize + AREA.x0 as usize;
        (plan.method, decoded.samples.get(first * usize::from(decoded.description.samples_per_pixel)))
    };
    for name in ["dx_rle", "dx_jpegls", "dx_j2k", "dx_jpeg_lossless", "us_ybr_rle", "us_j2k_rct"] {
        assert_eq!(own(name, FillChoice::Background).0, Method::Reencoded, "{name}");
        assert_eq!(own(name, FillChoice::Value(77)), (Method::Reencoded, 77), "{name}");
    }
    assert_eq!(own("us_ybr_jpeg", FillChoice::Background).0, Method::Decoded, "blocks are given one value");
    assert_eq!(own("us_ybr_jpeg", FillChoice::Value(128)), (Method::JpegBlocks, 128));
}

/// Reads the coefficients of a stream, by component and row of blocks.
fn coefficients(jpeg: &[u8]) -> Vec<(usize, usize, Vec<[i16; 64]>)> {
    let mut all = Vec::new();
    transform(jpeg, Coding { progressive: false, entropy: Entropy::OwnTables }, |component, row, blocks| {
        all.push((component, row, blocks.to_vec()));
    })
    .unwrap();
    all
}

#[test]
fn coefficients_outside_the_masked_blocks_are_the_same() {
    for (name, factors) in [
        ("us_ybr_jpeg", [(2, 1), (1, 1), (1, 1)]),
        ("us_ybr_jpeg_420", [(2, 2), (1, 1), (1, 1)]),
        ("us_ybr_jpeg_restart", [(2, 1), (1, 1), (1, 1)]),
        ("us_rgb_jpeg", [(1, 1); 3]),
        ("dx_jpeg12", [(1, 1); 3]),
    ] {
        let input = fixture(name);
        let (output, plan) = mask(&input);
        let (input, output) = (open(&input), open(&output));
        let blocks = plan.grain.blocks(&region(&frames(&input)));
        let before = coefficients(&frames(&input).stored(0).unwrap());
        let after = coefficients(&frames(&output).stored(0).unwrap());
        assert_eq!(before.len(), after.len());
        let (mut kept, mut masked) = (0, 0);
        for ((component, row, before), (_, _, after)) in before.iter().zip(&after) {
            for (column, (before, after)) in before.iter().zip(after).enumerate() {
                let (across, down) = factors[*component];
                if blocks.contains(column / across, row / down) {
                    assert!(after[1..].iter().all(|&ac| ac == 0), "{name}");
                    masked += 1;
                } else {
                    assert_eq!(before, after, "{name} {component} {row} {column}");
                    kept += 1;
                }
            }
        }
        assert!(kept > 100 && masked > 10, "{name}: {kept} {masked}");
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Puts segments behind SOI.
fn with_segments(jpeg: &[u8], segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    for (marker, payload) in segments {
        out.extend([0xFF, *marker]);
        out.extend(u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
        out.extend_from_slice(payload);
    }
    out.extend_from_slice(&jpeg[2..]);
    out
}

/// Drops the application segments that Pillow writes.
fn bare(jpeg: &[u8]) -> Vec<u8> {
    let stream = markers::Stream::read("JPEG", jpeg, 1).unwrap();
    let mut out = jpeg[..2].to_vec();
    for part in &stream.parts {
        match part {
            markers::Part::Segment(0xE0..=0xEF | 0xFE, _) => {}
            markers::Part::Segment(_, range) => out.extend_from_slice(&jpeg[range.start - 4..range.end]),
            markers::Part::Coded(range) => out.extend_from_slice(&jpeg[range.clone()]),
        }
    }
    out.extend([0xFF, 0xD9]);
    out
}

#[test]
fn names_in_segments_and_behind_the_image_are_gone() {
    let name: &[u8] = b"PLANTED^NAME";
    let jfif = [b"JFIF\0\x01\x02\x01\x00\x48\x00\x48\x01\x04", name].concat();
    let adobe = [b"Adobe\0\x64\0\0\0\0\x01", name].concat();
    let segments: [(u8, &[u8]); 5] = [(0xE0, &jfif), (0xE1, name), (0xEE, &adobe), (0xED, name), (0xFE, name)];
    let mut jpeg = with_segments(&bare(&stream("us_ybr_jpeg")), &segments);
    jpeg.extend_from_slice(name);
    let input = Made::like("us_ybr_jpeg", JPEG, jpeg).bytes();
    assert!(holds(&input, name));
    let (output, plan) = mask(&input);
    assert_eq!(plan.method, Method::JpegBlocks);
    assert!(!holds(&output, name));
    assert!(holds(&output, b"JFIF\0\x01\x02\x01\x00\x48\x00\x48\0\0\xFF"), "density kept, thumbnail gone");
    assert!(holds(&output, b"Adobe\0\x64\0\0\0\0\x01\xFF"));
    // Lossless streams are written anew as a whole.
    for (fixture, syntax) in [("dx_jpeg_lossless", "1.2.840.10008.1.2.4.70"), ("dx_jpegls", "1.2.840.10008.1.2.4.80")] {
        let mut jpeg = with_segments(&stream(fixture), &[(0xFE, name), (0xE1, name)]);
        jpeg.extend_from_slice(name);
        let (output, _) = mask(&Made::like(fixture, syntax, jpeg).bytes());
        assert!(!holds(&output, name), "{fixture}");
    }
}

#[test]
fn the_streams_word_on_color_stays_what_it_was() {
    let plain = bare(&stream("us_ybr_jpeg"));
    let adobe: &[u8] = b"Adobe\0\x64\0\0\0\0\0";
    let jfif: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    for segments in [&[][..], &[(0xEE, adobe)], &[(0xE0, jfif)], &[(0xE0, jfif), (0xEE, adobe)]] {
        for photometric in ["RGB", "YBR_FULL_422"] {
            let mut made = Made::like("us_ybr_jpeg", JPEG, with_segments(&plain, segments));
            made.photometric = photometric;
            let input = made.bytes();
            let (output, plan) = mask(&input);
            assert_masked(&input, &output, plan.grain, photometric);
            let output = open(&output);
            let jpeg = frames(&output).stored(0).unwrap();
            for (marker, word) in [(0xE0, &b"JFIF"[..]), (0xEE, b"Adobe")] {
                let had = segments.iter().any(|segment| segment.0 == marker);
                assert_eq!(holds(&jpeg, word), had, "{photometric} {segments:?}");
            }
        }
    }
    // Letters as identifiers say RGB where nothing else speaks.
    let mut letters = bare(&stream("us_rgb_jpeg"));
    let header = markers::Stream::read("JPEG", &letters, 1).unwrap();
    for part in &header.parts {
        let (range, first, step) = match part {
            markers::Part::Segment(0xC0, range) => (range, 6, 3),
            markers::Part::Segment(0xDA, range) => (range, 1, 2),
            _ => continue,
        };
        for (index, letter) in b"RGB".iter().enumerate() {
            letters[range.start + first + index * step] = *letter;
        }
    }
    let mut made = Made::like("us_rgb_jpeg", JPEG, letters);
    made.photometric = "YBR_FULL";
    let (output, plan) = mask(&made.bytes());
    assert_masked(&made.bytes(), &output, plan.grain, "letters");
    let output = open(&output);
    let jpeg = frames(&output).stored(0).unwrap();
    let header = markers::Stream::read("JPEG", &jpeg, 1).unwrap().header;
    assert_eq!(header.components.iter().map(|component| component.0).collect::<Vec<_>>(), b"RGB");
}

#[test]
fn frames_without_a_mask_keep_their_fragments_and_the_tables_are_right() {
    for name in ["us_cine_jpeg", "us_cine_extended_offsets"] {
        let bytes = fixture(name);
        let masked = |frame| frame == 0 || frame == 5 || frame == 7;
        let (out, _) = mask_frames(&bytes, Fallback::ExplicitLe, masked);
        let (input, output) = (open(&bytes), open(&out));
        let (before, after) = (frames(&input), frames(&output));
        let fragment = |instance: &Instance, index: usize| {
            let range = &instance.file.layout.fragments[1 + index];
            instance.file.data().read_vec(range.start, range.end - range.start).unwrap()
        };
        for frame in 0..before.count() {
            let (old, new) = (of_input(&before, frame), of_input(&after, frame));
            if masked(frame) {
                assert_eq!(new.len(), 1);
            } else {
                assert_eq!(old.len(), new.len());
                assert!(old.zip(new).all(|(old, new)| fragment(&input, old) == fragment(&output, new)));
            }
        }
        assert!(output.file.layout.fragments.iter().all(|range| (range.end - range.start) % 2 == 0));
        assert_tables(&output, name, masked);
        let tags = |instance: &Instance| instance.file.layout.elements.iter().map(|e| e.tag).collect::<Vec<_>>();
        assert_eq!(tags(&input), tags(&output), "no element comes or goes");
    }
}

/// Asserts that the offset tables of a file point to the first item of each frame and say how long those are that were
/// written anew.
fn assert_tables(instance: &Instance, name: &str, anew: impl Fn(u32) -> bool + Sync) {
    let frames = frames(instance);
    let fragments = &instance.file.layout.fragments;
    let items: Vec<u64> = (0..frames.count())
        .map(|frame| fragments[1 + of_input(&frames, frame).start].start - fragments[1].start)
        .collect();
    let value = |tag| instance.file.layout.get(tag).map(|e| e.value.clone());
    let read =
        |range: std::ops::Range<u64>| instance.file.data().read_vec(range.start, range.end - range.start).unwrap();
    let basic = read(fragments[0].clone());
    if !basic.is_empty() {
        let basic: Vec<u64> = basic.as_chunks().0.iter().map(|&b| u64::from(u32::from_le_bytes(b))).collect();
        assert_eq!(basic, items, "{name}");
    }
    let longs = |tag| {
        value(tag).map(|range| read(range).as_chunks().0.iter().map(|&b| u64::from_le_bytes(b)).collect::<Vec<_>>())
    };
    if let (Some(offsets), Some(lengths)) =
        (longs(tags::EXTENDED_OFFSET_TABLE), longs(tags::EXTENDED_OFFSET_TABLE_LENGTHS))
    {
        assert_eq!(offsets, items, "{name}");
        for (frame, length) in (0..frames.count()).zip(lengths).filter(|&(frame, _)| anew(frame)) {
            let jpeg = frames.stored(frame).unwrap();
            let padding = jpeg.len() as u64 - length;
            assert!(padding <= 1, "{name}: {padding} bytes behind frame {frame}");
            assert_eq!(jpeg[usize::try_from(length).unwrap() - 2..][..2], [0xFF, 0xD9], "{name}");
        }
    }
    assert!(!basic.is_empty() || value(tags::EXTENDED_OFFSET_TABLE).is_some(), "{name} has a table");
}

#[test]
fn the_group_length_of_pixel_data_stays_right() {
    let mut bytes = fixture("us_ybr_jpeg");
    let input = open(&bytes);
    let pixels = input.file.layout.get(tags::PIXEL_DATA).unwrap();
    let at = usize::try_from(pixels.start).unwrap();
    let size = u32::try_from(pixels.end - pixels.start).unwrap().to_le_bytes();
    bytes.splice(at..at, [&[0xE0, 0x7F, 0, 0][..], b"UL", &[4, 0], &size].concat());
    for fallback in [Fallback::ExplicitLe, Fallback::Rle, Fallback::J2k] {
        let mut outputs = vec![mask(&bytes).0];
        let input = open(&bytes);
        let frames = frames(&input);
        let plan = Plan::fallback(&frames, fallback, "a test".into());
        let mut out = Cursor::new(Vec::new());
        write::masked(&frames, &|_| Some(region(&frames)), &plan, &mut out).unwrap();
        outputs.push(out.into_inner());
        for output in outputs {
            let output = open(&output);
            let pixels = output.file.layout.get(tags::PIXEL_DATA).unwrap();
            let group = output.file.layout.get(Tag(0x7FE0, 0)).unwrap().value.clone();
            let length = output.file.file.read_vec(group.start, group.end - group.start).unwrap();
            let length = u64::from(u32::from_le_bytes(length.try_into().unwrap()));
            assert_eq!(length, pixels.end - pixels.start, "{fallback:?}");
        }
    }
}

#[test]
fn lossy_jpeg_2000_goes_to_the_fallback_that_was_chosen() {
    let input = fixture("dx_j2k_lossy");
    for (fallback, method) in [
        (Fallback::ExplicitLe, Method::Decoded),
        (Fallback::Rle, Method::Transcoded(Fallback::Rle)),
        (Fallback::JpegLs, Method::Transcoded(Fallback::JpegLs)),
        (Fallback::J2k, Method::Transcoded(Fallback::J2k)),
    ] {
        let (output, plan) = mask_frames(&input, fallback, |_| true);
        assert_eq!(plan.method, method);
        assert_eq!(plan.transfer_syntax, fallback.transfer_syntax());
        assert!(plan.reason.unwrap().contains("lossy"));
        assert_masked(&input, &output, Grain::PIXEL, "dx_j2k_lossy");
        let output = open(&output);
        assert_eq!(text(&output.header, tags::LOSSY_IMAGE_COMPRESSION).as_deref(), Some("01"));
    }
}

#[test]
fn color_clips_and_signed_frames_survive_every_fallback() {
    for name in ["us_cine_jpeg", "us_ybr_rle", "ct_signed_dirty", "us_palette", "us_ybr_full_native"] {
        let bytes = fixture(name);
        let input = open(&bytes);
        let native = frames(&input).decode(0).unwrap();
        for fallback in [Fallback::Rle, Fallback::JpegLs, Fallback::J2k] {
            let coded = encode(fallback, &native).unwrap();
            let photometric = fallback.photometric(native.description.photometric);
            let description = PixelDescription { photometric, ..native.description.clone() };
            let again = decode(fallback.transfer_syntax(), &description, &coded).unwrap();
            assert_eq!(again.samples, native.samples, "{name} {fallback:?}");
            assert_eq!(again.description.photometric, native.description.photometric, "{name} {fallback:?}");
        }
    }
    // A whole clip, offset table and header included.
    let bytes = fixture("us_cine_jpeg");
    let input = open(&bytes);
    let before = frames(&input);
    for fallback in [Fallback::Rle, Fallback::JpegLs, Fallback::J2k] {
        let plan = Plan::fallback(&before, fallback, "a test".into());
        let regions = |frame| (frame % 2 == 0).then(|| region(&before));
        let mut out = Cursor::new(Vec::new());
        write::masked(&before, &regions, &plan, &mut out).unwrap();
        let output = open(out.get_ref());
        write::verify(&before, &regions, &plan, &frames(&output)).unwrap();
        assert_tables(&output, "a clip", |_| true);
        let photometric = text(&output.header, tags::PHOTOMETRIC_INTERPRETATION).unwrap();
        assert_eq!(photometric, if fallback == Fallback::J2k { "YBR_RCT" } else { "RGB" });
    }
}

#[test]
fn near_lossless_frames_written_anew_still_count_as_lossy() {
    let mut bytes = fixture("dx_jpegls_near");
    let input = open(&bytes);
    let lossy = |tag: Tag| tag.0 == 0x28 && (0x2110..=0x2114).contains(&tag.1);
    for element in input.file.layout.elements.iter().rev().filter(|e| lossy(e.tag)) {
        bytes.drain(usize::try_from(element.start).unwrap()..usize::try_from(element.end).unwrap());
    }
    assert_eq!(text(&open(&bytes).header, tags::LOSSY_IMAGE_COMPRESSION), None);
    let (output, _) = mask(&bytes);
    let output = open(&output);
    assert_eq!(text(&output.header, tags::LOSSY_IMAGE_COMPRESSION).as_deref(), Some("01"));
    assert_eq!(text(&output.header, tags::LOSSY_IMAGE_COMPRESSION_METHOD).as_deref(), Some("ISO_14495_1"));
    let stream = frames(&output).stored(0).unwrap();
    assert!(!jpegls::is_lossy(&stream), "the frame itself is lossless now");
}

#[test]
#[expect(clippy::print_stdout, reason = "says what was written how, or that nothing was tested")]
fn real_compressed_files_keep_their_syntax_or_have_a_reason() {
    let Some(folder) = std::env::var_os("DEBURN_TEST_DATA").map(|d| PathBuf::from(d).join("real/files")) else {
        println!("DEBURN_TEST_DATA is not set: not run");
        return;
    };
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let (mut kept, mut others) = (0, 0);
    for path in &paths {
        let Ok(instance) = Instance::open(path, &Limits::default()) else { continue };
        let Ok(Some(frames)) = instance.frames() else { continue };
        if matches!(frames.store, Store::Native { .. }) {
            continue;
        }
        let (columns, rows) = (frames.description.columns, frames.description.rows);
        let last = frames.count() - 1;
        let regions = |frame| {
            let mut region = Region::new(columns, rows);
            region.add_rect(Rect::new(columns / 5, rows / 4, columns / 3 + 1, rows / 2 + 1));
            (frame == 0 || frame == last).then_some(region)
        };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut plan = Plan::new(&frames, &regions, WriteOptions::default()).unwrap();
        let out = loop {
            let mut out = Cursor::new(Vec::new());
            let done = write::masked(&frames, &regions, &plan, &mut out).and_then(|()| {
                let output = open(out.get_ref());
                write::verify(&frames, &regions, &plan, &self::frames(&output))
            });
            match done {
                Ok(()) => break out.into_inner(),
                Err(error) => plan = plan.next(&frames, &error).unwrap_or_else(|| panic!("{name}: {error}")),
            }
        };
        let syntax = &frames.file.transfer_syntax;
        let (before, after) = (frames.file.file.len(), out.len());
        println!("{name}: {syntax} {:?} {before} {after} {:?}", plan.method, plan.reason);
        if plan.reason.is_none() {
            assert_eq!(&plan.transfer_syntax, syntax, "{name}");
            kept += 1;
        } else {
            others += 1;
        }
    }
    assert!(kept > 40 && others < 10, "{kept} kept, {others} not");
}

#[test]
fn frames_with_other_blocks_than_their_neighbors_go_to_the_fallback() {
    let mut made = Made::like("us_ybr_jpeg", JPEG, stream("us_ybr_jpeg"));
    made.frames.push(stream("us_rgb_jpeg"));
    let instance = open(&made.bytes());
    let frames = frames(&instance);
    let of = |which: fn(u32) -> bool| {
        let regions = |frame| which(frame).then(|| region(&frames));
        Plan::new(&frames, &regions, WriteOptions::default()).unwrap()
    };
    assert_eq!(of(|_| true).method, Method::Decoded);
    assert_eq!(of(|frame| frame == 1).method, Method::JpegBlocks);
}

#[test]
fn a_plan_that_fails_is_followed_by_its_fallback_and_then_by_none() {
    let instance = open(&fixture("us_ybr_jpeg"));
    let frames = frames(&instance);
    let options = WriteOptions { fallback: Fallback::JpegLs };
    let plan = Plan::new(&frames, &|_| Some(region(&frames)), options).unwrap();
    let second = plan.next(&frames, &Error::Verification("a test")).unwrap();
    assert_eq!(second.method, Method::Transcoded(Fallback::JpegLs));
    let third = second.next(&frames, &Error::encode("JPEG-LS", "another test")).unwrap();
    assert_eq!(third.method, Method::Decoded);
    let reason = third.reason.as_deref().unwrap();
    assert!(reason.contains("a test") && reason.contains("another test"));
    assert_eq!(third.next(&frames, &Error::Verification("a test")), None);
    let io = Error::io("cannot write the output")(std::io::ErrorKind::StorageFull.into());
    assert_eq!(plan.next(&frames, &io), None, "another form would not help");
}
