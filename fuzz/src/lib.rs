//! What each fuzz target does with its bytes. It uses the public names of the library alone and no network.
//!
//! The tests of the program run the same functions once over the fixtures, on stable Rust, so that they do not rot.

use deburn::dicom::blocks::Grain;
use deburn::dicom::bytes::Bytes;
use deburn::dicom::codec::{self, Fallback, Masker};
use deburn::dicom::fill::{Fill, FillChoice};
use deburn::dicom::marks::Done;
use deburn::dicom::places::{Overlays, Pictures, Places};
use deburn::dicom::plan::{Method, Plan, WriteOptions};
use deburn::dicom::rewrite::{Changes, LayerMask};
use deburn::dicom::{Frames, Instance, Limits, Photometric, PixelDescription, write as written};
use deburn::phi::{Identity, Rules};
use deburn::report::Summary;
use deburn::review::{Ledger, Loaded};
use deburn::{Error, Rect, Region, batch, report, source};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::path::{Component, Path};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// One megapixel: small enough for the memory that a fuzzer gives, large enough for nearly all fixtures.
pub const LIMITS: Limits = Limits { max_pixels: 1 << 20, max_inflated: 4 << 20 };

/// Frames of a picture that are looked at: a header may count millions of them that hold a bit each.
const MOST_FRAMES: u32 = 6;

/// How the transfer syntaxes of JPEG 2000 and HTJ2K begin.
const J2K: [&str; 2] = ["1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20"];

/// A report that decisions can be about.
pub const REPORT: &str = include_str!("../report.jsonl");

/// Whether JPEG 2000 is left out.
static WITHOUT_J2K: AtomicBool = AtomicBool::new(false);

/// Lets panics of dependencies unwind: the library turns them into errors. One that it does not catch still ends the
/// fuzzer, and so does every panic of the library itself or of these functions. Called by fuzzers alone.
pub fn allow_fenced_panics() {
    // openjp2 0.6.1 hands null pointers to `dealloc`, which the standard library of nightly Rust checks for where debug
    // assertions are on, and aborts.
    WITHOUT_J2K.store(cfg!(debug_assertions), Ordering::Relaxed);
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.location().is_some_and(|place| place.file().contains("/registry/src/")) {
            abort(info);
        }
    }));
}

/// Opens and decodes: header, identity, frames, and all that is looked at beside them.
pub fn open(data: &[u8]) {
    let Some(instance) = instance(data) else { return };
    if let Ok(attributes) = instance.attributes() {
        let _ = Identity::new(attributes);
    }
    let _ = instance.attribute("SequenceOfUltrasoundRegions");
    let _ = instance.ultrasound_regions(u32::MAX, u32::MAX);
    let Ok(frames) = instance.frames() else { return };
    if let Some(frames) = &frames {
        look(frames);
    }
    if let Ok(places) = Places::find(&instance, frames.as_ref(), &LIMITS, Overlays::Mask) {
        places.layers.iter().for_each(|layer| look(layer.pictures()));
    }
}

/// Masks what opens, writes it and opens it again. The last eight bytes say what is masked and how.
pub fn write(data: &[u8]) {
    let Some((file, &choice)) = data.split_last_chunk::<8>() else { return };
    let Some(instance) = instance(file) else { return };
    let fill = match choice[0] % 4 {
        0 | 1 => FillChoice::Black,
        2 => FillChoice::Background,
        _ => FillChoice::Value(choice[0].into()),
    };
    let fallback = match choice[1] % 4 {
        0 => Fallback::ExplicitLe,
        1 => Fallback::Rle,
        2 => Fallback::JpegLs,
        _ if WITHOUT_J2K.load(Ordering::Relaxed) => Fallback::ExplicitLe,
        _ => Fallback::J2k,
    };
    let Ok(frames) = instance.frames().map(|frames| frames.map(|frames| Frames { fill, ..frames })) else { return };
    let Ok(places) = Places::find(&instance, frames.as_ref(), &LIMITS, Overlays::Mask) else { return };
    let many = |pictures: &dyn Pictures| pictures.count() > MOST_FRAMES;
    if frames.as_ref().is_some_and(|frames| many(frames)) || places.layers.iter().any(|layer| many(layer.pictures())) {
        return;
    }
    let mut masked = None;
    if let Some(frames) = &frames {
        let regions = |frame| region(choice, frames.size(), frame);
        if (0..frames.count()).any(|frame| regions(frame).is_some()) || places.has_stream_notes() {
            let Some(bytes) = write_pixels(frames, &regions, WriteOptions { fallback }) else { return };
            masked = Some(self::instance(&bytes).expect("it was opened to be verified"));
        }
    }
    let after = masked.as_ref().unwrap_or(&instance);
    let Ok(frames) = after.frames() else { panic!("the frames were read to be verified") };
    let Ok(places) = Places::find(after, frames.as_ref(), &LIMITS, Overlays::Mask) else { return };
    write_rest(after, &places, choice);
}

/// Masks the blocks of a JPEG stream. The first eight bytes say which and as what.
pub fn jpeg(data: &[u8]) {
    let Some((&choice, stream)) = data.split_first_chunk::<8>() else { return };
    let Some(description) = description(stream, choice[0]) else { return };
    let syntax = ["50", "51", "52", "55", "56"][usize::from(choice[1] % 5)];
    let transfer_syntax = &format!("1.2.840.10008.1.2.4.{syntax}");
    let fill = if choice[2] == 0 { FillChoice::Black } else { FillChoice::Value(choice[2].into()) };
    let masker = Masker { transfer_syntax, description: &description, fill, palette: None, decoded: None };
    let Ok(grain) = masker.grain(stream) else { return };
    let size = (description.columns, description.rows);
    let region = region([0, 0, 0xFF, 0, choice[4], choice[5], choice[6], choice[7]], size, 0).expect("of this frame");
    let blocks = grain.blocks(&region);
    let Ok(masked) = masker.mask(stream, &blocks) else { return };
    let Ok(before) = codec::decode(transfer_syntax, &description, stream) else { return };
    let after = codec::decode(transfer_syntax, &description, &masked).expect("what is written can be decoded");
    let fill = Fill::new(fill, &before, None, &blocks.pixels()).expect("no palette is needed");
    assert!(grain == Grain::PIXEL || fill.covers(&after, &blocks.core()), "the fill is where it has to be");
    assert!(codec::without_notes(transfer_syntax, &masked).is_none(), "no comment is left");
}

/// Looks at overlays, icons, nested and floating point pixels, masks them, or has them removed.
pub fn places(data: &[u8]) {
    let Some(instance) = instance(data) else { return };
    let Ok(frames) = instance.frames() else { return };
    for overlays in [Overlays::Mask, Overlays::Remove, Overlays::Hold] {
        let Ok(places) = Places::find(&instance, frames.as_ref(), &LIMITS, overlays) else { continue };
        if places.layers.iter().any(|layer| layer.count() > MOST_FRAMES) {
            continue;
        }
        places.layers.iter().for_each(|layer| look(layer.pictures()));
        let end = data.last_chunk::<4>().copied().unwrap_or_default();
        write_rest(&instance, &places, [0, 0, 0xFF, 0, end[0], end[1], end[2], end[3]]);
    }
}

/// Reads rules, scripts, recipes and decisions, as the first byte says.
pub fn rules(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    if kind % 4 == 3 {
        decisions(text);
        return;
    }
    let Ok(text) = std::str::from_utf8(text) else { return };
    let name = ["a.toml", "a.script", "deid.recipe"][usize::from(kind % 4)];
    let none = || Rules::none().expect("no rules can always be used");
    let mut rules = none();
    if rules.add_site(name, text).is_err() {
        return;
    }
    let lookup = |name: &str| name.len().is_multiple_of(2).then(|| format!("{name}\\US 1.5"));
    let _ = rules.zones().for_instance(&lookup);
    let _ = rules.zones().for_instance(&|_| None);
    for text in [text, "DOE JANE 1960-01-02"] {
        let _ = rules.patterns(text);
        let _ = rules.deny(text);
        let _ = rules.allowed(text);
    }
    let printed = rules.effective_toml();
    let mut again = none();
    if let Err(problem) = again.add_site("printed.toml", &printed) {
        panic!("what is printed cannot be read: {problem:?}\n{printed}");
    }
    assert_eq!(again.effective_toml(), printed);
}

/// Reads reports, journals and lists of files, as the first byte says. Reports are parted by the byte 1E.
pub fn reports(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    match kind % 4 {
        0 => merge(text),
        1 => summary(text),
        2 => journal(text),
        _ => list(text),
    }
}

fn instance(data: &[u8]) -> Option<Instance> {
    match Instance::read(Bytes::Memory(data.to_vec()), &LIMITS) {
        Ok(instance) => {
            let is_j2k = J2K.iter().any(|syntax| instance.file.transfer_syntax.starts_with(syntax));
            Some(instance).filter(|_| !is_j2k || !WITHOUT_J2K.load(Ordering::Relaxed))
        }
        Err(error) => {
            assert!(!error.to_string().contains('\n'), "a message is one line");
            None
        }
    }
}

fn look(pictures: &dyn Pictures) {
    for frame in (0..pictures.count().min(MOST_FRAMES)).chain(pictures.count().checked_sub(1)) {
        let _ = pictures.repeats(frame);
        for view in pictures.views(frame).into_iter().flatten() {
            assert_eq!(view.image.dimensions(), pictures.size());
        }
    }
}

/// Makes the region of a frame: none, or a box.
fn region(choice: [u8; 8], (columns, rows): (u32, u32), frame: u32) -> Option<Region> {
    let [.., mask, _, x, y, width, height] = choice;
    if mask >> (frame % 8) & 1 == 0 {
        return None;
    }
    let part = |of: u32, share: u8| u32::try_from(u64::from(of) * u64::from(share) / 256).expect("a part of it");
    let (x0, y0) = (part(columns, x), part(rows, y));
    let mut region = Region::new(columns, rows);
    region.add_rect(Rect::new(x0, y0, x0 + 1 + part(columns - x0, width), y0 + 1 + part(rows - y0, height)));
    Some(region)
}

/// Writes masked pixels by the plan and its fallbacks; `None` where an instance would be held.
fn write_pixels(
    frames: &Frames<'_>,
    regions: &(impl Fn(u32) -> Option<Region> + Sync),
    options: WriteOptions,
) -> Option<Vec<u8>> {
    let mut plan = Plan::new(frames, regions, options).ok()?;
    loop {
        match write_as(frames, regions, &plan) {
            Ok(bytes) => return Some(bytes),
            Err(error) => {
                let patched = plan.method == Method::InPlace && matches!(error, Error::Verification(_));
                assert!(!patched, "what is patched in place is as it has to be: {error}");
                plan = plan.next(frames, &error)?;
            }
        }
    }
}

fn write_as(
    frames: &Frames<'_>,
    regions: &(impl Fn(u32) -> Option<Region> + Sync),
    plan: &Plan,
) -> deburn::Result<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    written::masked(frames, regions, plan, &mut out)?;
    let bytes = out.into_inner();
    let again = Instance::read(Bytes::Memory(bytes.clone()), &LIMITS)?;
    let again_frames = again.frames()?.ok_or(Error::Verification("PixelData is missing"))?;
    written::verify(frames, regions, plan, &again_frames)?;
    Ok(bytes)
}

/// Masks the layers, has removed what goes, adds marks, and checks what comes of it.
fn write_rest(instance: &Instance, places: &Places<'_>, choice: [u8; 8]) {
    let mut masks = Vec::new();
    for (layer, pictures) in (0..).zip(&places.layers).filter(|(layer, _)| !places.is_cleared(*layer)) {
        for frame in 0..pictures.count() {
            let region = region(choice, pictures.size(), frame);
            let region = region.map(|region| region.grown(|area| pictures.maskable(area)));
            masks.extend(region.map(|region| LayerMask { layer, frame, region }));
        }
    }
    let done = Done { pixels: true, graphics: true, has_image: true };
    let Ok(changes) = Changes::new(instance, places, masks, Some(done)) else { return };
    let mut out = Vec::new();
    if changes.write(&instance.file, &mut out).is_err() {
        return;
    }
    let Ok(again) = Instance::read(Bytes::Memory(out), &LIMITS) else { return };
    let Ok(frames) = again.frames() else { return };
    let Ok(again_places) = Places::find(&again, frames.as_ref(), &LIMITS, Overlays::Mask) else { return };
    let _ = changes.verify(instance, places, &again, &again_places);
}

/// Describes a JPEG stream as its frame header does; `None` without one.
fn description(stream: &[u8], choice: u8) -> Option<PixelDescription> {
    let is_frame = |pair: &[u8]| pair[0] == 0xFF && matches!(pair[1], 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB);
    let at = stream.windows(2).position(is_frame)?;
    let &[_, _, _, _, precision, y0, y1, x0, x1, components] = stream.get(at..at + 10)? else { return None };
    let photometric = match (components, choice % 4) {
        (1, 0) => Photometric::Monochrome1,
        (1, _) => Photometric::Monochrome2,
        (_, 0) => Photometric::Rgb,
        (_, 1) => Photometric::YbrFull,
        _ => Photometric::YbrFull422,
    };
    let bits_allocated = if precision <= 8 { 8 } else { 16 };
    let description = PixelDescription {
        rows: u16::from_be_bytes([y0, y1]).into(),
        columns: u16::from_be_bytes([x0, x1]).into(),
        samples_per_pixel: photometric.samples_per_pixel(),
        photometric,
        planar: choice & 16 != 0,
        bits_allocated,
        bits_stored: precision.into(),
        high_bit: u16::from(precision).saturating_sub(1),
        signed: choice & 32 != 0,
        frames: 1,
    };
    (description.check().is_ok() && description.pixels() <= LIMITS.max_pixels).then_some(description)
}

/// Reads decisions on [`REPORT`]; the first line is given.
fn decisions(text: &[u8]) {
    static LOADED: OnceLock<Loaded> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| Loaded::read(file(REPORT.as_bytes()).path()).expect("a report of this version"));
    let head = format!(
        "{{\"type\":\"decisions\",\"form\":1,\"version\":\"0.1.0\",\"report_sha256\":\"{}\"}}\n",
        loaded.sha256
    );
    let file = file(&[head.as_bytes(), text.trim_ascii_start()].concat());
    let Ok(ledger) = Ledger::read(&[file.path().to_owned()], loaded) else { return };
    for index in ledger.touched(loaded) {
        let _ = ledger.state(loaded, index);
    }
    for entry in ledger.entries() {
        let _ = ledger.last_step(&entry.reviewer);
    }
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a temporary file");
    file
}

fn merge(text: &[u8]) {
    let parts = text.split(|&byte| byte == 0x1E).enumerate();
    let mut reports: Vec<_> = parts.map(|(index, part)| (format!("r{index}"), Cursor::new(part))).collect();
    let mut out = Vec::new();
    if report::merge(&mut reports, None, &mut out).is_err() {
        return;
    }
    let mut names = BTreeSet::new();
    let whole = report::read(out.as_slice(), |line| {
        let path = source::parse_name(line.path).expect("no name that leads out is merged");
        assert_stays_below(&path);
        assert!(names.insert(path), "each name stands there once");
        Ok(())
    });
    whole.expect("what is merged is a whole report");
}

fn summary(text: &[u8]) {
    let mut lines = Vec::new();
    let _ = report::read(text, |raw| {
        lines.push(raw.line.clone());
        Ok(())
    });
    let mut summary = Summary::default();
    lines.iter().for_each(|line| summary.add(line, None));
    let _ = report::write_csv(lines.into_iter().map(Ok), std::io::sink());
    let file = file(text);
    let _ = Loaded::read(file.path());
}

/// Reads a journal, whose checksums are made here: a fuzzer finds none.
fn journal(text: &[u8]) {
    let mut journal = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let json = line.strip_suffix(b"\n").unwrap_or(line);
        let sum: String = Sha256::digest(json).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        journal.extend_from_slice(sum.as_bytes());
        journal.push(b' ');
        journal.extend_from_slice(line);
    }
    let open = |bytes: &[u8]| {
        let file = file(bytes);
        let opened = batch::Journal::open(file.reopen().expect("it is there"));
        let Ok((mut journal, past)) = opened else { return };
        for known in past.known.values() {
            if let batch::Known::Done { place, .. } = known {
                journal.line(*place).expect("what was read can be read again");
            }
        }
        let folder = Path::new("/nowhere");
        for stale in &batch::Plan::new(&[], Some(folder), &past).stale {
            assert_stays_below(stale.strip_prefix(folder).expect("nothing beside the output is removed"));
        }
    };
    open(&journal);
    open(text);
}

fn list(text: &[u8]) {
    for root in [None, Some(Path::new("/nowhere"))] {
        let Ok(inputs) = source::from_list(text, root) else { continue };
        for input in &inputs {
            assert_stays_below(&input.relative);
            assert_eq!(source::parse_name(&input.name()).as_ref(), Some(&input.relative), "a name leads back");
        }
        let _ = source::arrange(inputs);
    }
    if let Some(path) = std::str::from_utf8(text).ok().and_then(source::parse_name) {
        assert_stays_below(&path);
    }
}

fn assert_stays_below(path: &Path) {
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    assert!(inside && path.components().next().is_some(), "a path leads out");
}
