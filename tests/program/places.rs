//! What is beside Pixel Data, and the header: cleaned where it shows text, marked, and otherwise as it was.

use crate::common::{Run, deburn, fixtures, open, truth};
use crate::end_to_end::ALL;
use deburn::dicom::places::{Layer, Overlays, Places};
use deburn::dicom::{Instance, Limits, header};
use deburn::report::{PlaceAction, Record, RegionRecord, Status, WriteMethod};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Calls `look` with the layers of an instance.
fn with_layers<T>(instance: &Instance, look: impl FnOnce(&[Box<dyn Layer + '_>]) -> T) -> T {
    let frames = instance.frames().expect("it opens");
    let places = Places::find(instance, frames.as_ref(), &Limits::default(), Overlays::Mask);
    let places = places.expect("all places are examined");
    look(&places.layers)
}

/// Returns the rows of a box in a frame of a layer.
fn rows(instance: &Instance, plane: &str, frame: u32, [x0, y0, x1, y1]: [u32; 4]) -> Option<Vec<Vec<u8>>> {
    with_layers(instance, |layers| {
        let layer = layers.iter().find(|layer| layer.name() == plane)?;
        let values = layer.values(frame).expect("it is read");
        let (columns, rows) = layer.size();
        let size = values.len() / (columns as usize * rows as usize);
        let at = |x: u32, y: u32| (y as usize * columns as usize + x as usize) * size;
        Some((y0..y1).map(|y| values[at(x0, y)..at(x1, y)].to_vec()).collect())
    })
}

/// Returns a folder with copies of some fixtures.
fn folder_of(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in names {
        std::fs::copy(fixtures().join(name), folder.path().join(name)).expect("a copy");
    }
    folder
}

#[test]
fn names_planted_beside_the_image_are_gone() {
    let mut planes = BTreeSet::new();
    for file in truth().iter().filter(|file| file.status == Status::Masked) {
        let (input, output) = (open(&fixtures().join(&file.file)), open(&ALL.out(&file.file)));
        let bytes = output.file.data().read_vec(0, output.file.data().len()).unwrap();
        for line in &file.lines {
            let Some(plane) = &line.plane else { continue };
            planes.insert(plane.clone());
            if plane.contains("icon") {
                // Nothing of it is read; its bytes must not be found.
                continue;
            }
            for frame in line.frames[0]..=line.frames[1] {
                let before = rows(&input, plane, frame, line.bounds).unwrap();
                let ink = before.iter().flatten().collect::<BTreeSet<_>>();
                assert!(ink.len() > 1, "{} {plane}: there was something", file.file);
                let Some(after) = rows(&output, plane, frame, line.bounds) else { continue };
                let size = after[0].len() / (line.bounds[2] - line.bounds[0]) as usize;
                let values: BTreeSet<&[u8]> = after.iter().flat_map(|row| row.chunks(size)).collect();
                assert_eq!(values.len(), 1, "{} {plane} frame {frame}", file.file);
            }
        }
        for line in file.lines.iter().filter(|line| line.plane.is_some()) {
            for stored in stored_rows(&input, line.plane.as_deref().unwrap(), line.bounds) {
                let found = bytes.windows(stored.len()).any(|window| window == stored);
                assert!(!found, "{}: a row of {:?} is in the output", file.file, line.plane);
            }
        }
    }
    let all = ["double_float", "float", "icon", "nested_1", "nested_icon_1", "overlay_6000", "overlay_6002"];
    assert_eq!(planes, all.map(str::to_owned).into(), "all places are among the fixtures");
}

/// Returns rows through the middle of a line's box as they are stored, of places whose pixels have whole bytes.
fn stored_rows(input: &Instance, plane: &str, [x0, y0, x1, y1]: [u32; 4]) -> Vec<Vec<u8>> {
    let row =
        |values: &[u8], columns: u32, y: u32| values[(y * columns + x0) as usize..(y * columns + x1) as usize].to_vec();
    let middle = [(y0 + y1) / 2 - 1, (y0 + y1) / 2 + 1];
    let nested = |icon: bool| input.file.layout.nested.iter().filter(move |item| item.is_icon() == icon);
    let pixels = |item: &deburn::dicom::layout::NestedPixels| {
        let value = item.get(tags::PIXEL_DATA).expect("it has pixels").value.clone();
        input.file.data().read_vec(value.start, value.end - value.start).expect("a value")
    };
    // The small images of the fixtures are 112 pixels wide.
    nested(plane.contains("icon"))
        .filter(|_| plane.starts_with("nested") || plane == "icon")
        .flat_map(|item| middle.map(|y| row(&pixels(item), 112, y)))
        .collect()
}

#[test]
fn cleaned_places_show_nothing_to_the_detector() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = 0;
    for (path, record) in &ALL.report.records {
        if record.places.iter().any(|place| place.action != PlaceAction::Unchanged) {
            std::fs::copy(ALL.out(path), folder.path().join(path)).unwrap();
            files += 1;
        }
    }
    assert!(files >= 8, "{files}");
    let again = Run::mask(folder.path(), &["--policy", "all"]);
    for (path, record) in &again.report.records {
        // One pixel of the floating point maps is 1e30: an outlier, which may be marked, and no text.
        let is_outlier = |region: &RegionRecord| {
            path.ends_with("float_map.dcm") && region.bounding_box.x0 >= 124 && region.bounding_box.y0 >= 60
        };
        let in_places: Vec<_> = record.regions.iter().filter(|region| region.plane.is_some()).collect();
        assert!(in_places.iter().all(|region| is_outlier(region)), "{path}: {in_places:?}");
        assert!(
            // Icons in items stay, filled with zeros, and are so again.
            record.places.iter().all(|place| {
                let stays = place.action == PlaceAction::Unchanged || place.name.starts_with("nested_icon");
                stays || !in_places.is_empty()
            }),
            "{path}: {:?}",
            record.places
        );
    }
}

#[test]
fn overlays_are_masked_removed_or_held() {
    let names = ["us_overlay.dcm", "ct_overlay_embedded.dcm", "pr_overlay.dcm"];
    let folder = folder_of(&names);
    let removed = Run::mask(folder.path(), &["--policy", "all", "--overlays", "remove"]);
    for name in names {
        let (input, output) = (open(&fixtures().join(name)), open(&removed.out(name)));
        let groups = |instance: &Instance| {
            instance.file.layout.elements.iter().filter(|element| element.tag.0 & 0xFF01 == 0x6000).count()
        };
        assert!(groups(&input) > 0 && groups(&output) == 0, "{name}");
        assert!(removed.report.records[name].places.iter().all(|place| place.action == PlaceAction::Removed));
        assert!(codes(&output, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).contains(&"113103".to_owned()));
    }
    let embedded = open(&removed.out("ct_overlay_embedded.dcm"));
    let samples = embedded.frames().unwrap().unwrap().decode(0).unwrap().samples;
    assert!((0..samples.len()).all(|index| samples.get(index) < 1 << 12), "no bit is left above the values");
    assert_eq!(removed.report.records["ct_overlay_embedded.dcm"].write_method, None, "no text was looked for");

    let held = Run::mask(folder.path(), &["--policy", "all", "--overlays", "hold"]);
    for name in names {
        assert_eq!(held.report.records[name].status, Status::Held);
        assert!(!held.out(name).exists());
    }
}

/// Returns the Code Values of a sequence's items.
fn codes(instance: &Instance, sequence: Tag) -> Vec<String> {
    let items = header::items(&instance.file, sequence);
    items.iter().filter_map(|item| header::text(item, tags::CODE_VALUE)).collect()
}

fn texts(item: &InMemDicomObject, wanted: &[Tag]) -> Vec<String> {
    wanted.iter().map(|tag| header::text(item, *tag).unwrap_or_default()).collect()
}

#[test]
fn marks_are_exact_in_every_encoding() {
    let mut syntaxes = BTreeSet::new();
    for (path, record) in ALL.report.records.iter().filter(|(_, record)| record.status == Status::Masked) {
        let output = open(&ALL.out(path));
        syntaxes.insert(record.output_transfer_syntax.clone());
        let has_image = path != "pr_overlay.dcm";
        let burned_in = header::text(&output.header, tags::BURNED_IN_ANNOTATION);
        assert_eq!(burned_in.as_deref(), has_image.then_some("NO"), "{path}");
        let methods = header::text(&output.header, tags::DEIDENTIFICATION_METHOD).unwrap();
        let method = format!("deburn {}: burned-in text masked", env!("CARGO_PKG_VERSION"));
        assert_eq!(methods.split('\\').next_back(), Some(method.as_str()), "{path}");
        let overlay = |record: &Record| {
            let cleaned = |place: &&deburn::report::PlaceRecord| place.action != PlaceAction::Unchanged;
            record.places.iter().filter(cleaned).any(|place| place.name.starts_with("overlay"))
        };
        let mut wanted: Vec<String> = has_image.then(|| "113101".to_owned()).into_iter().collect();
        wanted.extend(overlay(record).then(|| "113103".to_owned()));
        let mut own = codes(&output, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
        own.retain(|code| code != "113100");
        assert_eq!(own, wanted, "{path}");
        let equipment = header::items(&output.file, tags::CONTRIBUTING_EQUIPMENT_SEQUENCE).pop().unwrap();
        let names = [tags::MANUFACTURER, tags::MANUFACTURER_MODEL_NAME, tags::SOFTWARE_VERSIONS];
        assert_eq!(texts(&equipment, &names), ["deburn", "deburn", env!("CARGO_PKG_VERSION")], "{path}");
        assert!(equipment.get(tags::CONTRIBUTION_DATE_TIME).is_none());
        let purpose = equipment.get(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE).unwrap().items().unwrap();
        let parts = [tags::CODE_VALUE, tags::CODING_SCHEME_DESIGNATOR, tags::CODE_MEANING];
        assert_eq!(texts(&purpose[0], &parts), ["109104", "DCM", "De-identifying Equipment"], "{path}");
    }
    let encodings = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"];
    assert!(encodings.into_iter().all(|uid| syntaxes.contains(&Some(uid.to_owned()))));
}

#[test]
fn marks_are_added_to_those_of_others() {
    let name = "marked_before.dcm";
    let (input, output) = (open(&fixtures().join(name)), open(&ALL.out(name)));
    let text = |instance: &Instance, tag| header::text(&instance.header, tag);
    assert_eq!(text(&output, tags::IMAGE_TYPE).as_deref(), Some("DERIVED\\PRIMARY\\\\RT"));
    let how = format!(
        "edge enhanced deburn {}: text burned into the pixels was filled with a constant",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(text(&output, tags::DERIVATION_DESCRIPTION), Some(how));
    let method = format!("SITE SCRIPT 3\\MANUAL\\deburn {}: burned-in text masked", env!("CARGO_PKG_VERSION"));
    assert_eq!(text(&output, tags::DEIDENTIFICATION_METHOD), Some(method));
    assert_eq!(codes(&output, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE), ["113100", "113101"]);
    let equipment = header::items(&output.file, tags::CONTRIBUTING_EQUIPMENT_SEQUENCE);
    let makers: Vec<_> = equipment.iter().map(|item| header::text(item, tags::MANUFACTURER).unwrap()).collect();
    assert_eq!(makers, ["DEBURN FIXTURES", "deburn"]);
    for tag in [tags::PATIENT_IDENTITY_REMOVED, tags::SOP_INSTANCE_UID] {
        assert_eq!(text(&input, tag), text(&output, tag));
    }
    let frame_types = output.file.layout.texts.find(tags::FRAME_TYPE, &output.file.layout.elements);
    let range = frame_types[0].1.clone();
    let value = output.file.data().read_vec(range.start, range.end - range.start).unwrap();
    assert_eq!(value, b"DERIVED\\PRIMARY\\VOLUME\\NONE ");

    // What was marked once has no second code of the same kind.
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("out");
    let path = ALL.out("us_overlay.dcm");
    deburn().args(["mask", "--policy", "all", "--marks", "all", "-o"]).arg(&again).arg(&path).assert().success();
    let twice = open(&again.join("us_overlay.dcm"));
    assert_eq!(codes(&twice, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE), ["113101", "113103"]);
}

/// Elements that marks may change.
pub const MARKS: [(u16, u16); 6] =
    [(0x0008, 0x0008), (0x0008, 0x2111), (0x0012, 0x0063), (0x0012, 0x0064), (0x0018, 0xA001), (0x0028, 0x0301)];

/// Elements that change where pixels are written in another transfer syntax, then those that tell of a loss, then those
/// of the pixels.
const SYNTAX: [(u16, u16); 9] = [
    (0x0002, 0x0010),
    (0x0028, 0x0004),
    (0x0028, 0x0006),
    (0x0028, 0x2110),
    (0x0028, 0x2112),
    (0x0028, 0x2114),
    (0x7FE0, 0x0001),
    (0x7FE0, 0x0002),
    (0x7FE0, 0x0010),
];

/// Returns the bytes of each element but group lengths.
fn elements(instance: &Instance) -> BTreeMap<(u16, u16), Vec<u8>> {
    let file = &instance.file;
    let meta = file.meta.iter().flat_map(|meta| &meta.layout.elements).map(|element| (&file.file, element));
    let all = meta.chain(file.layout.elements.iter().map(|element| (file.data(), element)));
    all.filter(|(_, e)| e.tag.1 != 0)
        .map(|(bytes, e)| ((e.tag.0, e.tag.1), bytes.read_vec(e.start, e.end - e.start).expect("an element")))
        .collect()
}

/// Returns the elements that differ and are not among those that may.
pub fn unexpected_changes(input: &Path, output: &Path, record: &Record) -> Vec<(u16, u16)> {
    let (input, output) = (open(input), open(output));
    let (before, after) = (elements(&input), elements(&output));
    let mut allowed: BTreeSet<(u16, u16)> = MARKS.into();
    match record.write_method {
        Some(WriteMethod::Decoded | WriteMethod::Transcoded) => allowed.extend(SYNTAX),
        Some(WriteMethod::Reencoded) => allowed.extend(SYNTAX[3..].iter().copied()),
        Some(WriteMethod::JpegBlocks) => allowed.extend(SYNTAX[6..].iter().copied()),
        Some(WriteMethod::InPlace) | None => {}
    }
    if record.regions.iter().any(|region| region.plane.is_none()) {
        allowed.insert((0x7FE0, 0x0010));
    }
    for place in record.places.iter().filter(|place| place.action != PlaceAction::Unchanged) {
        match place.name.as_str() {
            "icon" => drop(allowed.insert((0x0088, 0x0200))),
            "float" => drop(allowed.insert((0x7FE0, 0x0008))),
            "double_float" => drop(allowed.insert((0x7FE0, 0x0009))),
            overlay if overlay.starts_with("overlay_") => {
                let group = u16::from_str_radix(&overlay[8..], 16).expect("a group");
                let own = before.contains_key(&(group, 0x3000));
                allowed.insert(if own { (group, 0x3000) } else { (0x7FE0, 0x0010) });
            }
            _ => allowed.extend(input.file.layout.nested.iter().map(|item| (item.path[0].0, item.path[0].1))),
        }
    }
    let tags: BTreeSet<(u16, u16)> = before.keys().chain(after.keys()).copied().collect();
    tags.into_iter().filter(|tag| before.get(tag) != after.get(tag) && !allowed.contains(tag)).collect()
}

#[test]
fn no_other_element_changes() {
    let mut files = 0;
    for (path, record) in ALL.report.records.iter().filter(|(_, record)| record.status == Status::Masked) {
        let mut changed = unexpected_changes(&fixtures().join(path), &ALL.out(path), record);
        if path == "marked_before.dcm" {
            // Its Frame Type, of which another test has the bytes.
            changed.retain(|tag| *tag != (0x5200, 0x9229));
        }
        assert_eq!(changed, [], "{path}");
        files += 1;
    }
    assert!(files > 35, "{files}");
}

#[test]
fn group_lengths_stay_right() {
    let name = "nested_private.dcm";
    let (input, output) = (open(&fixtures().join(name)), open(&ALL.out(name)));
    let size = |instance: &Instance, group: u16| -> i64 {
        let own = |e: &&deburn::dicom::layout::Element| e.tag.0 == group && e.tag.1 != 0;
        let all = instance.file.layout.elements.iter().filter(own);
        all.map(|e| i64::try_from(e.end - e.start).unwrap()).sum()
    };
    let told = |instance: &Instance| instance.header.get(Tag(8, 0)).unwrap().to_int::<i64>().unwrap();
    // It was stale before: what is kept right is the difference.
    assert_ne!(size(&input, 8), size(&output, 8), "a description was added");
    assert_eq!(told(&output) - told(&input), size(&output, 8) - size(&input, 8));
}

#[test]
fn without_marks_only_pixel_data_changes() {
    let names = ["us_rgb_planar.dcm", "us_cine_native.dcm", "nested_private.dcm", "no_preamble.dcm", "dx_deflated.dcm"];
    let folder = folder_of(&names);
    let run = Run::mask(folder.path(), &["--policy", "all", "--marks", "off"]);
    for name in names {
        let (input, output) = (open(&fixtures().join(name)), open(&run.out(name)));
        assert_eq!(run.report.records[name].write_method, Some(WriteMethod::InPlace));
        assert_eq!(input.file.layout, output.file.layout, "{name}");
        let bytes = |instance: &Instance| {
            let data = instance.file.data();
            let pixels = instance.file.layout.get(tags::PIXEL_DATA).unwrap();
            let mut bytes = data.read_vec(0, pixels.value.start).unwrap();
            bytes.extend(data.read_vec(pixels.value.end, data.len() - pixels.value.end).unwrap());
            bytes
        };
        assert!(bytes(&input) == bytes(&output), "{name}");
    }
}

#[test]
fn new_uids_are_in_both_places_and_the_same_in_every_run() {
    let names = ["us_overlay.dcm", "dx_deflated.dcm", "no_preamble.dcm", "clean_ruler_grid.dcm"];
    let folder = folder_of(&names);
    let runs = [(); 2].map(|()| Run::mask(folder.path(), &["--policy", "all", "--new-uids"]));
    for name in &names[..3] {
        let (input, output) = (open(&fixtures().join(name)), open(&runs[0].out(name)));
        let uid = output.sop_instance_uid().unwrap();
        assert_ne!(Some(&uid), input.sop_instance_uid().as_ref(), "{name}");
        assert!(uid.starts_with("2.25.") && uid.len() <= 44, "{uid}");
        assert_eq!(runs[0].report.records[*name].output_sop_instance_uid.as_ref(), Some(&uid));
        if let Some(meta) = &output.file.meta {
            let range = meta.layout.get(tags::MEDIA_STORAGE_SOP_INSTANCE_UID).unwrap().value.clone();
            let value = output.file.file.read_vec(range.start, range.end - range.start).unwrap();
            assert_eq!(String::from_utf8(value).unwrap().trim_end_matches('\0'), uid);
            let elements = meta.layout.elements.iter().filter(|element| element.tag.1 != 0);
            let size: u64 = elements.map(|element| element.end - element.start).sum();
            let told = output.file.file.read_vec(meta.layout.get(Tag(2, 0)).unwrap().value.start, 4).unwrap();
            assert_eq!(u64::from(u32::from_le_bytes(told.try_into().unwrap())), size, "{name}");
        }
        assert!(std::fs::read(runs[0].out(name)).unwrap() == std::fs::read(runs[1].out(name)).unwrap());
    }
    assert_eq!(open(&runs[0].out(names[3])).sop_instance_uid(), open(&fixtures().join(names[3])).sop_instance_uid());
}

#[test]
fn what_is_clean_is_marked_only_on_demand() {
    let name = "clean_ruler_grid.dcm";
    let folder = folder_of(&[name]);
    let run = Run::mask(folder.path(), &["--marks", "all"]);
    let record = &run.report.records[name];
    assert_eq!((record.status, record.write_method), (Status::Clean, None));
    let (input, output) = (open(&fixtures().join(name)), open(&run.out(name)));
    assert_eq!(unexpected_changes(&fixtures().join(name), &run.out(name), record), []);
    assert_eq!(codes(&output, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE), ["113101"]);
    assert_eq!(elements(&input)[&(0x7FE0, 0x0010)], elements(&output)[&(0x7FE0, 0x0010)]);
    assert!(header::text(&output.header, tags::DERIVATION_DESCRIPTION).is_none(), "it is not derived");
}

#[test]
fn held_instances_say_what_holds_them() {
    let reason = |name: &str| ALL.report.records[name].reason.as_ref().unwrap().message.clone();
    assert_eq!(reason("us_private_jpeg.dcm"), "(0009,1020): a JPEG picture, not examined");
    assert_eq!(reason("us_jpeg_preview.dcm"), "PixelData: a second picture in the stream of a frame, not examined");
    assert_eq!(reason("pdf_document.dcm"), "EncapsulatedDocument: a PDF document, not examined");
}

#[test]
fn comments_in_a_stream_go_although_nothing_is_masked() {
    let name = "us_ybr_jpeg.dcm";
    // Cleaned once, nothing is left to mask in it. Then a name is planted behind SOI.
    let mut bytes = std::fs::read(ALL.out(name)).unwrap();
    let clean = open(&ALL.out(name));
    let fragment = clean.file.layout.fragments[1].clone();
    let start = usize::try_from(fragment.start).unwrap();
    let comment = b"\xFF\xFE\0\x0ADOE^JANE";
    let length = u32::try_from(fragment.end - fragment.start + comment.len() as u64).unwrap();
    bytes[start - 4..start].copy_from_slice(&length.to_le_bytes());
    bytes.splice(start + 2..start + 2, *comment);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();

    let run = Run::mask(folder.path(), &["--policy", "all"]);
    let record = &run.report.records[name];
    let places: Vec<_> = record.places.iter().map(|place| (place.name.as_str(), place.action)).collect();
    assert_eq!((record.status, places), (Status::Masked, vec![("stream_notes", PlaceAction::Removed)]));
    assert!(record.regions.is_empty());
    let output = open(&run.out(name));
    let stored = |instance: &Instance| instance.frames().unwrap().unwrap().stored(0).unwrap();
    assert_eq!(stored(&output), stored(&clean), "all else of the stream is as it was");
}
