//! Text that moves, comes and goes in a clip is masked in each frame where it stands.

use crate::common::{Run, open};
use deburn::dicom::Samples;
use deburn::report::Status;
use font8x8::legacy::BASIC_LEGACY;

const COLUMNS: usize = 320;
const ROWS: usize = 240;
const FRAMES: usize = 20;
/// The level of the ground; masks are black.
const GROUND: u8 = 16;
const STATIC: (usize, usize) = (8, 8);

/// One frame, and where letters stand in it.
struct Drawn {
    levels: Vec<u8>,
    letters: Vec<(&'static str, usize)>,
}

impl Drawn {
    /// Draws a text two pixels a dot.
    fn text(&mut self, what: &'static str, text: &str, (left, top): (usize, usize), level: u8) {
        for (index, letter) in text.chars().enumerate() {
            let glyph = BASIC_LEGACY[letter as usize];
            for (x, y) in
                (0..16).flat_map(|y| (0..16).map(move |x| (x, y))).filter(|(x, y)| glyph[y / 2] >> (x / 2) & 1 == 1)
            {
                let at = (top + y) * COLUMNS + left + 16 * index + x;
                self.levels[at] = level;
                self.letters.push((what, at));
            }
        }
    }
}

/// Returns a frame: moving speckle in the middle, and text of every kind of motion.
fn frame(number: usize) -> Drawn {
    let mut drawn = Drawn { levels: vec![GROUND; COLUMNS * ROWS], letters: Vec::new() };
    let mut state = 77 + u32::try_from(number).expect("small");
    for (x, y) in (90..160).flat_map(|y| (120..190).map(move |x| (x, y))) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        drawn.levels[y * COLUMNS + x] = GROUND + u8::try_from(state >> 26).expect("six bits");
    }
    drawn.text("static", "KOWALSKI ANNA", STATIC, 220);
    drawn.text("counting", &format!("08:02:{:02}", 10 + number), (180, 40), 200);
    drawn.text("scrolling", "ID 5520", (200, 70 + 4 * number), 210);
    drawn.text("fading", "NL5520", (8, 160), 220 - 9 * u8::try_from(number).expect("small"));
    drawn.text("jumping", "SMITH 42", [(8, 190), (180, 190), (90, 216)][number % 3], 200);
    if number == 7 {
        drawn.text("of one frame", "DOE JOHN", (8, 40), 220);
    }
    if number >= 10 {
        drawn.text("appearing", "BORN 61", (8, 64), 220);
    }
    drawn
}

/// Returns a DICOM file in Explicit VR Little Endian of these frames as RGB.
fn file(frames: &[Drawn]) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    let mut add = |group: u16, element: u16, vr: &[u8; 2], value: &[u8]| {
        let long = matches!(vr, b"OB" | b"OW");
        bytes.extend([group.to_le_bytes(), element.to_le_bytes()].concat());
        bytes.extend(vr);
        let length = u32::try_from(value.len().next_multiple_of(2)).expect("small");
        if long {
            bytes.extend([0, 0]);
            bytes.extend(length.to_le_bytes());
        } else {
            bytes.extend(u16::try_from(length).expect("small").to_le_bytes());
        }
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    };
    let short = |value: usize| u16::try_from(value).expect("small").to_le_bytes();
    let syntax = b"1.2.840.10008.1.2.1\0";
    let class = b"1.2.840.10008.5.1.4.1.1.3.1\0";
    add(2, 0, b"UL", &(14 + 36 + 18 + 28_u32).to_le_bytes());
    add(2, 1, b"OB", &[0, 1]);
    add(2, 2, b"UI", class);
    add(2, 3, b"UI", b"2.25.4711");
    add(2, 0x10, b"UI", syntax);
    add(8, 0x16, b"UI", class);
    add(8, 0x18, b"UI", b"2.25.4711");
    add(8, 0x60, b"CS", b"US");
    add(0x28, 2, b"US", &short(3));
    add(0x28, 4, b"CS", b"RGB");
    add(0x28, 6, b"US", &short(0));
    add(0x28, 8, b"IS", FRAMES.to_string().as_bytes());
    add(0x28, 0x10, b"US", &short(ROWS));
    add(0x28, 0x11, b"US", &short(COLUMNS));
    add(0x28, 0x100, b"US", &short(8));
    add(0x28, 0x101, b"US", &short(8));
    add(0x28, 0x102, b"US", &short(7));
    add(0x28, 0x103, b"US", &short(0));
    let pixels: Vec<u8> = frames.iter().flat_map(|frame| &frame.levels).flat_map(|&level| [level; 3]).collect();
    add(0x7FE0, 0x10, b"OB", &pixels);
    bytes
}

#[test]
fn text_is_masked_in_each_frame_where_it_stands_and_alike_where_it_stands_still() {
    let frames: Vec<Drawn> = (0..FRAMES).map(frame).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("clip.dcm");
    std::fs::write(&path, file(&frames)).expect("written");
    // The first look alone, by one thread and by two.
    let runs = ["1", "2"].map(|jobs| Run::mask(&path, &["--policy", "all", "--verify", "off", "--jobs", jobs]));
    assert_eq!(runs[0].report.records["clip.dcm"].status, Status::Masked, "{}", runs[0].stderr());
    let masked = runs[0].out("clip.dcm");
    assert!(std::fs::read(&masked).expect("there") == std::fs::read(runs[1].out("clip.dcm")).expect("there"));
    let instance = open(&masked);
    let written = instance.frames().expect("read").expect("has pixels");
    let (mut still, mut speckled) = (Vec::new(), 0);
    for (number, drawn) in frames.iter().enumerate() {
        let decoded = written.decode(u32::try_from(number).expect("small")).expect("decoded");
        let Samples::U8(samples) = decoded.samples else { panic!("8 bits") };
        let is_masked = |at: usize| samples[3 * at..3 * at + 3] == [0; 3];
        let mut kinds: Vec<&str> = drawn.letters.iter().map(|(what, _)| *what).collect();
        kinds.dedup();
        assert!(kinds.len() >= 5);
        for kind in kinds {
            let own = drawn.letters.iter().filter(|(what, _)| *what == kind);
            let (all, left) = (own.clone().count(), own.filter(|(_, at)| !is_masked(*at)).count());
            assert!(left * 50 <= all, "{kind} text in frame {number}: {left} of {all} pixels are left");
        }
        // The letters end at 24; from 29 on the mask of the clock may begin.
        still.push((0..28 * COLUMNS).map(is_masked).collect::<Vec<_>>());
        let speckle = (95..155).flat_map(|y| (125..185).map(move |x| y * COLUMNS + x));
        speckled += speckle.filter(|at| is_masked(*at)).count();
    }
    // One frame of them was masked by a third when this was written.
    assert!(speckled < FRAMES * 60 * 60 / 10, "speckle is no text: {speckled} pixels are masked");
    for (number, pair) in still.windows(2).enumerate() {
        let differs = (0..pair[0].len()).find(|&at| pair[0][at] != pair[1][at]);
        let place = differs.map(|at| (at % COLUMNS, at / COLUMNS));
        assert_eq!(place, None, "the overlay's mask is the same in frame {number} and the next");
    }
}
