//! Device zones: rectangles that are always masked, or where text is never kept, on the devices a rule names.
//!
//! Zones come from a site's own TOML file, from a DicomPixelAnonymizer script of CTP ([`ctp`]) or from a recipe of
//! pydicom/deid ([`deid`]). A zone never permits anything: what lies outside of all zones is judged like any text.

mod condition;
pub mod ctp;
pub mod deid;

use super::problem::Problem;
use crate::geometry::Rect;
use condition::{Condition, Lookup, ULTRASOUND_REGIONS};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a zone does with the pixels or the text in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneAction {
    /// It is filled.
    Mask,
    /// Text that touches it is never kept.
    Deny,
}

/// What a rule does with its rectangles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    /// They are filled.
    Mask,
    /// Text that touches them is never kept.
    Deny,
    /// They are taken out of the masks that earlier rules of the same `group` have made for the instance. Where those
    /// made none, all but the rectangles is filled. Text there is then judged like any other.
    Spare,
}

/// One zone as in a rules file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneRule {
    /// Names the rule in reports; unique.
    pub id: String,
    /// Why the zone is there.
    pub why: String,
    /// What is done there.
    pub action: RuleAction,
    /// Where: `[x, y, width, height]` in frame pixels from the top left. Parts outside of the frame are ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rectangles: Vec<[u32; 4]>,
    /// The whole frame too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole_frame: bool,
    /// The places of Sequence of Ultrasound Regions (0018,6011) too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ultrasound_regions: bool,
    /// First and last frame, counted from 0; all if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<[u32; 2]>,
    /// Ties `spare` to the masks it is taken out of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What must hold of the header, see `Condition::from_table`; all instances if it is empty.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub device: toml::Table,
}

/// A zone in the frames of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneHit {
    /// The rule's id.
    pub id: String,
    /// What is done there.
    pub action: ZoneAction,
    /// Where.
    pub rect: Rect,
    /// First and last frame, counted from 0; all if `None`.
    pub frames: Option<[u32; 2]>,
}

impl ZoneHit {
    /// Returns whether the zone is in a frame, counted from 0.
    #[must_use]
    pub fn stands_in(&self, frame: u32) -> bool {
        self.frames.is_none_or(|[first, last]| (first..=last).contains(&frame))
    }
}

/// Zones ready to use.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    rules: Vec<ZoneRule>,
    /// The condition of each rule.
    conditions: Vec<Condition>,
}

impl Zones {
    /// Checks rules and reads their conditions.
    ///
    /// # Errors
    ///
    /// The first rule with an empty or repeated id, without a reason or a place, with an empty rectangle, frames or a
    /// group that make no sense, or with a condition that is not understood.
    pub fn new(rules: Vec<ZoneRule>) -> Result<Self, Problem> {
        let mut ids = BTreeSet::new();
        let mut conditions = Vec::with_capacity(rules.len());
        for rule in &rules {
            let problem = |problem: String| Problem::new(&rule.id, problem);
            check(rule).map_err(|what| problem(what.to_owned()))?;
            if !ids.insert(rule.id.as_str()) {
                return Err(problem("another zone has this id".into()));
            }
            conditions.push(Condition::from_table(&rule.device).map_err(|what| problem(format!("device: {what}")))?);
        }
        Ok(Self { rules, conditions })
    }

    /// Returns the rules in their order.
    #[must_use]
    pub fn rules(&self) -> &[ZoneRule] {
        &self.rules
    }

    /// Returns the names of the attributes that conditions ask for: keywords and `(GGGG,EEEE)`. A name that the caller's
    /// dictionary lacks is a mistake that would keep a zone from ever being masked.
    #[must_use]
    pub fn attributes(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.conditions.iter().for_each(|condition| condition.attributes(&mut names));
        names
    }

    /// Returns the zones of an instance, in the order of the rules, cut to its frames.
    ///
    /// `attribute` gives the value of an attribute by its PS3.6 keyword or `(gggg,eeee)`, several values joined by a
    /// backslash, and an empty text where it is there without a value. For `SequenceOfUltrasoundRegions` it gives Region
    /// Location Min X0, Min Y0, Max X1 and Max Y1 of each item, joined alike.
    #[must_use]
    pub fn for_instance(&self, attribute: &Lookup<'_>) -> Vec<ZoneHit> {
        let side = |name: &str| attribute(name).and_then(|value| value.trim().parse().ok());
        // Pixel data has a size. Were it missing here, the frame would be taken as endless: masks are cut to it later.
        let frame = Rect::new(0, 0, side("Columns").unwrap_or(u32::MAX), side("Rows").unwrap_or(u32::MAX));
        let regions = if self.rules.iter().any(|rule| rule.ultrasound_regions) {
            attribute(ULTRASOUND_REGIONS).map(|text| parse_regions(&text)).unwrap_or_default()
        } else {
            Vec::new()
        };
        let mut standing: Vec<Standing<'_>> = Vec::new();
        // Groups that have masked something for this instance, whatever of it was spared again.
        let mut begun = BTreeSet::new();
        for (rule, _) in self.rules.iter().zip(&self.conditions).filter(|(_, condition)| condition.holds(attribute)) {
            let group = rule.group.as_deref();
            let hit = |action, rect| (group, ZoneHit { id: rule.id.clone(), action, rect, frames: rule.frames });
            let places = places(rule, &regions, frame);
            match rule.action {
                RuleAction::Mask => {
                    begun.extend(group.filter(|_| !places.is_empty()));
                    standing.extend(places.into_iter().map(|rect| hit(ZoneAction::Mask, rect)));
                }
                RuleAction::Deny => standing.extend(places.into_iter().map(|rect| hit(ZoneAction::Deny, rect))),
                RuleAction::Spare => {
                    if group.is_none_or(|group| begun.insert(group)) {
                        standing.push(hit(ZoneAction::Mask, frame));
                    }
                    let is_cut = |own: &Standing<'_>| own.0 == group && own.1.action == ZoneAction::Mask;
                    standing = standing
                        .into_iter()
                        .flat_map(|own| if is_cut(&own) { spare(&own, &places) } else { vec![own] })
                        .collect();
                }
            }
        }
        standing.into_iter().map(|(_, hit)| hit).collect()
    }
}

/// A zone of an instance, and the group of its rule.
type Standing<'a> = (Option<&'a str>, ZoneHit);

fn check(rule: &ZoneRule) -> Result<(), &'static str> {
    if rule.id.trim().is_empty() {
        return Err("the id is empty");
    }
    if rule.why.trim().is_empty() {
        return Err("the reason (why) is empty");
    }
    if rule.rectangles.is_empty() && !rule.whole_frame && !rule.ultrasound_regions {
        return Err("it has no place: give `rectangles`, `whole_frame` or `ultrasound_regions`");
    }
    if rule.rectangles.iter().any(|[_, _, width, height]| *width == 0 || *height == 0) {
        return Err("a rectangle is empty; rectangles are [x, y, width, height]");
    }
    if rule.frames.is_some_and(|[first, last]| first > last) {
        return Err("the first of the frames is behind the last");
    }
    if rule.action == RuleAction::Spare && (rule.group.is_none() || rule.frames.is_some()) {
        return Err("`spare` needs a `group` and holds for all frames");
    }
    Ok(())
}

/// Returns the rectangles of a rule, cut to the frame; none of them is empty.
fn places(rule: &ZoneRule, regions: &[[u32; 4]], frame: Rect) -> Vec<Rect> {
    // The second corner of a region is the last pixel inside (PS3.3 C.8.5.5.1.1). deid takes it as outside: what is
    // spared goes by that, so that neither reading spares more.
    let inside = u32::from(rule.action != RuleAction::Spare);
    let given = rule
        .rectangles
        .iter()
        .map(|&[x, y, width, height]| Rect::new(x, y, x.saturating_add(width), y.saturating_add(height)));
    let regions = regions
        .iter()
        .filter(|_| rule.ultrasound_regions)
        .map(|&[x0, y0, x1, y1]| Rect::new(x0, y0, x1.saturating_add(inside), y1.saturating_add(inside)));
    let whole = rule.whole_frame.then_some(frame);
    let cut = |rect: Rect| Rect::new(rect.x0, rect.y0, rect.x1.min(frame.x1), rect.y1.min(frame.y1));
    whole.into_iter().chain(given).chain(regions).map(cut).filter(|rect| !rect.is_empty()).collect()
}

/// Reads corners joined by backslashes, four for each region. What is no number ends them.
fn parse_regions(text: &str) -> Vec<[u32; 4]> {
    let numbers: Vec<u32> = text.split('\\').map_while(|number| number.trim().parse().ok()).collect();
    numbers.chunks_exact(4).map(|corners| [corners[0], corners[1], corners[2], corners[3]]).collect()
}

/// Returns what is left of a masked zone without the spared rectangles.
fn spare<'a>((group, hit): &Standing<'a>, spared: &[Rect]) -> Vec<Standing<'a>> {
    let mut left = vec![hit.rect];
    for hole in spared {
        left = left.into_iter().flat_map(|rect| minus(rect, *hole)).collect();
    }
    left.into_iter().map(|rect| (*group, ZoneHit { rect, ..hit.clone() })).collect()
}

/// Returns what is left of `rect` without `hole`: the strips above, left, right and below, where there are any.
fn minus(rect: Rect, hole: Rect) -> Vec<Rect> {
    let inner = Rect::new(hole.x0.max(rect.x0), hole.y0.max(rect.y0), hole.x1.min(rect.x1), hole.y1.min(rect.y1));
    if inner.is_empty() {
        return vec![rect];
    }
    let strips = [
        Rect::new(rect.x0, rect.y0, rect.x1, inner.y0),
        Rect::new(rect.x0, inner.y0, inner.x0, inner.y1),
        Rect::new(inner.x1, inner.y0, rect.x1, inner.y1),
        Rect::new(rect.x0, inner.y1, rect.x1, rect.y1),
    ];
    strips.into_iter().filter(|strip| !strip.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zones(text: &str) -> Result<Zones, Problem> {
        #[derive(Deserialize)]
        struct File {
            zone: Vec<ZoneRule>,
        }
        let file: File = toml::from_str(text).map_err(|error| Problem::new("toml", error.message()))?;
        Zones::new(file.zone)
    }

    /// A zone of a few keys.
    fn one(keys: &str) -> Result<Zones, Problem> {
        zones(&format!("[[zone]]\nid = 'a'\nwhy = 'b'\n{keys}"))
    }

    /// Looks up in a frame of 8 columns and 6 rows with two ultrasound regions.
    fn lookup(name: &str) -> Option<String> {
        let values = [("Columns", "8"), ("Rows", "6"), ("Modality", "US"), (ULTRASOUND_REGIONS, r"1\1\3\2\5\0\99\99")];
        values.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn zones_are_for_their_device_and_cut_to_the_frame() {
        let zones = zones(
            "[[zone]]\nid = 'banner'\nwhy = 'x'\naction = 'mask'\nrectangles = [[0, 0, 800, 2], [9, 9, 1, 1]]\n\
             frames = [2, 3]\n[zone.device]\nModality = 'US'\n\
             [[zone]]\nid = 'strip'\nwhy = 'x'\naction = 'deny'\n\
             rectangles = [[7, 4294967295, 4294967295, 3], [7, 5, 4294967295, 3]]\n\
             [[zone]]\nid = 'ct'\nwhy = 'x'\naction = 'mask'\nwhole_frame = true\ndevice = { Modality = 'CT' }",
        )
        .unwrap();
        let hits = zones.for_instance(&lookup);
        let banner = ZoneHit {
            id: "banner".into(),
            action: ZoneAction::Mask,
            rect: Rect::new(0, 0, 8, 2),
            frames: Some([2, 3]),
        };
        let strip = ZoneHit { id: "strip".into(), action: ZoneAction::Deny, rect: Rect::new(7, 5, 8, 6), frames: None };
        assert_eq!([1, 2, 3, 4].map(|frame| banner.stands_in(frame)), [false, true, true, false]);
        assert!(strip.stands_in(u32::MAX));
        assert_eq!(hits, [banner, strip]);
    }

    #[test]
    fn ultrasound_regions_are_masked_with_and_spared_without_their_last_pixels() {
        let rects = |keys: &str| -> Vec<Rect> {
            one(keys).unwrap().for_instance(&lookup).into_iter().map(|hit| hit.rect).collect()
        };
        let masked = rects("action = 'mask'\nultrasound_regions = true");
        assert_eq!(masked, [Rect::new(1, 1, 4, 3), Rect::new(5, 0, 8, 6)]);
        let left = rects("action = 'spare'\ngroup = 'g'\nultrasound_regions = true");
        for (x, y) in (0..8).flat_map(|x| (0..6).map(move |y| (x, y))) {
            let is_spared = (1..3).contains(&x) && (1..2).contains(&y) || x >= 5;
            assert_eq!(count(&left, x, y), usize::from(!is_spared), "({x}, {y})");
        }
    }

    fn count(rects: &[Rect], x: u32, y: u32) -> usize {
        rects.iter().filter(|r| (r.x0..r.x1).contains(&x) && (r.y0..r.y1).contains(&y)).count()
    }

    #[test]
    fn only_masks_of_the_same_group_are_spared() {
        let zones = zones(
            "[[zone]]\nid = 'own'\nwhy = 'x'\naction = 'mask'\nwhole_frame = true\n\
             [[zone]]\nid = 'deny'\nwhy = 'x'\naction = 'deny'\nwhole_frame = true\ngroup = 'g'\n\
             [[zone]]\nid = 'mask'\nwhy = 'x'\naction = 'mask'\nrectangles = [[0, 0, 4, 6]]\ngroup = 'g'\n\
             [[zone]]\nid = 'spare'\nwhy = 'x'\naction = 'spare'\nwhole_frame = true\ngroup = 'g'\n\
             [[zone]]\nid = 'again'\nwhy = 'x'\naction = 'spare'\nrectangles = [[0, 0, 1, 1]]\ngroup = 'g'",
        );
        let ids: Vec<String> = zones.unwrap().for_instance(&lookup).into_iter().map(|hit| hit.id).collect();
        assert_eq!(ids, ["own", "deny"]);
    }

    #[test]
    fn a_frame_without_size_is_endless() {
        let hits = one("action = 'mask'\nwhole_frame = true").unwrap().for_instance(&|_| None);
        assert_eq!(hits[0].rect, Rect::new(0, 0, u32::MAX, u32::MAX));
    }

    #[test]
    fn wrong_zones_are_named() {
        for (keys, expected) in [
            ("action = 'mask'", "no place"),
            ("action = 'fill'\nwhole_frame = true", "unknown variant `fill`"),
            ("action = 'mask'\nwhole_frame = true\nrect = 1", "unknown field `rect`"),
            ("action = 'mask'\nrectangles = [[1, 2, 0, 3]]", "empty"),
            ("action = 'mask'\nrectangles = [[1, 2, 3]]", "length"),
            ("action = 'mask'\nrectangles = [[-1, 2, 3, 4]]", "invalid value"),
            ("action = 'mask'\nwhole_frame = true\nframes = [2, 1]", "behind"),
            ("action = 'spare'\nwhole_frame = true", "needs a `group`"),
            ("action = 'mask'\nwhole_frame = true\n[zone.device]\nRows = { equal = '1' }", "unknown key `equal`"),
        ] {
            let problem = one(keys).unwrap_err();
            assert!(problem.problem.contains(expected), "{keys}: {problem}");
        }
        let twice = "[[zone]]\nid = 'a'\nwhy = 'b'\naction = 'mask'\nwhole_frame = true\n".repeat(2);
        assert!(zones(&twice).unwrap_err().problem.contains("another zone"));
    }

    proptest! {
        #[test]
        fn what_is_spared_and_what_is_left_make_the_whole(
            holes in proptest::collection::vec((0_u32..9, 0_u32..9, 0_u32..9, 0_u32..9), 0..6),
        ) {
            let holes: Vec<Rect> = holes.into_iter().map(|(a, b, c, d)| Rect::new(a, b, c, d)).collect();
            let rect = Rect::new(1, 2, 7, 8);
            let hit = ZoneHit { id: String::new(), action: ZoneAction::Mask, rect, frames: None };
            let left: Vec<Rect> = spare(&(None, hit), &holes).into_iter().map(|(_, hit)| hit.rect).collect();
            for (x, y) in (0..9).flat_map(|x| (0..9).map(move |y| (x, y))) {
                let is_left = count(&[rect], x, y) == 1 && count(&holes, x, y) == 0;
                prop_assert_eq!(count(&left, x, y), usize::from(is_left), "({}, {})", x, y);
            }
        }
    }
}
