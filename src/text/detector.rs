//! Finds the text lines of one picture with one network or with two whose misses differ.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picture sides are checked to be below 2^20 before anything is computed from them; factors are whole numbers"
)]

use image::RgbImage;

use super::cores::Cores;
use super::manifest::{RegionThresholds, ScoutThresholds, Thresholds};
use super::marks::{Marks, are_again, is_upright};
use super::network::Network;
use super::passes::Passes;
use super::regions::Regions;
use super::scout::{self, Sighted};
use super::spots::Spots;
use super::{looks, quads, tiles};
use crate::error::{Error, Result};
use crate::geometry::{Point, Quad, Rect};

/// Where a line of text is; nothing is read yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// A rectangle round the line, in frame pixels. Corners may lie outside the frame.
    pub quad: Quad,
    /// The mean probability of text in the line or its core, in 0..=1.
    pub score: f32,
}

/// What was found in a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detections {
    /// The lines, from top to bottom and then from left to right.
    pub lines: Vec<Detection>,
    /// How many candidates were not taken: those much higher than a usual line that were not found again, and those
    /// in which the other network sees nothing.
    pub dropped: u32,
}

/// What is known of a part of a frame from one that was looked at before.
pub struct Later<'a> {
    /// Whether something changed near an area of the part: else no new line is taken there.
    pub is_wanted: &'a dyn Fn(Rect) -> bool,
    /// Whether something changed in an area itself.
    pub is_changed: &'a dyn Fn(Rect) -> bool,
    /// Whether an area reaches into what stood where something changed.
    pub is_gone: &'a dyn Fn(Rect) -> bool,
    /// The lines that stood where something changed.
    pub known: &'a [Detection],
    /// The lines whose pixels are the same. They are not returned.
    pub same: &'a [Detection],
}

/// Finds text in pictures, one at a time.
#[derive(Debug)]
pub struct Detector {
    /// Marks the cores of lines.
    cores: Option<Network<Thresholds>>,
    /// Marks lines whole.
    regions: Option<Network<RegionThresholds>>,
    /// Says where the others have to look; everywhere without it.
    scout: Option<Network<ScoutThresholds>>,
    passes: Passes,
}

impl Detector {
    /// Makes a detector of one network or of two.
    #[must_use]
    pub fn new(cores: Option<Network<Thresholds>>, regions: Option<Network<RegionThresholds>>, passes: Passes) -> Self {
        Self { cores, regions, scout: None, passes }
    }

    /// Gives the detector a scout.
    #[must_use]
    pub fn with_scout(self, scout: Network<ScoutThresholds>) -> Self {
        Self { scout: Some(scout), ..self }
    }

    /// Returns the text lines of a picture, from top to bottom and then from left to right, in its own pixels.
    ///
    /// Lines are as the text stands; [`super::pad`] grows them for masking. The result depends on nothing but the
    /// picture, the settings and the networks.
    ///
    /// # Errors
    ///
    /// [`Error::Detector`] if a network fails or returns something that cannot be read, [`Error::TooLarge`] for a
    /// side of 2^20 pixels or more.
    pub fn detect(&mut self, image: &RgbImage) -> Result<Detections> {
        self.detect_part(image, image.dimensions(), None).map(|(found, _)| found)
    }

    /// Returns the factor by which [`Detector::detect`] enlarges a picture.
    #[must_use]
    pub fn enlargement(&self, width: u32, height: u32) -> u32 {
        let passes = &self.passes;
        let largest = (passes.longest_enlarged / width.max(height).max(1)).clamp(1, passes.largest_factor);
        passes.least_short_side.div_ceil(width.min(height).max(1)).clamp(1, largest)
    }

    /// Like [`Detector::detect`], for a part of a frame whose sides are `whole`, at the sizes that the frame is shown in.
    /// Also returns what the network of regions marks.
    ///
    /// The networks look where the scout sees text, and a line must be seen by it along a part of it, if a small one: traces,
    /// scales and edges, which both networks take for text, seldom are. (On the tune split 2865 of 2873 lines are hidden so,
    /// and 2861 where both networks are shown all of a picture; on the report split 7685 of 7718 and 7688, of its 3924 that
    /// are PHI 3917 both ways.)
    ///
    /// Both ways a line is taken by ask for pixels that the network of regions marks. Where it marks none, or a group of them
    /// without one that reaches the seed, that of cores, which costs ten times as much, need not look.
    ///
    /// In a `later` frame, where speckle changes everywhere, the networks look where something changed near; of what the scout
    /// sees together, where it is certain of a cell and something changed in one, or where something stood that changed. Lines
    /// that are known and marked again are taken as they are, and that of cores looks for what is marked beside them and those
    /// that are the same.
    ///
    /// # Errors
    ///
    /// As [`Detector::detect`].
    pub fn detect_part(
        &mut self,
        image: &RgbImage,
        whole: (u32, u32),
        later: Option<&Later<'_>>,
    ) -> Result<(Detections, Marks)> {
        const LIMIT: u32 = 1 << 20;
        let factor = self.enlargement(whole.0, whole.1);
        let (width, height) = image.dimensions();
        // A further copy may be twice as large.
        if width.max(height).saturating_mul(factor).saturating_mul(2) >= LIMIT {
            return Err(Error::TooLarge { what: "a side of the picture", limit: u64::from(LIMIT / 2) });
        }
        let mut marks = Marks { maps: Vec::new(), thresholds: None, factor: factor as f32, news: None };
        if width.min(height) == 0 {
            return Ok((Detections::default(), marks));
        }
        let enlarged = tiles::resized(image, factor as f32);
        let short = whole.0.min(whole.1).saturating_mul(factor);
        let before = |area: Rect| {
            Rect::new(area.x0 / factor, area.y0 / factor, area.x1.div_ceil(factor), area.y1.div_ceil(factor))
        };
        let is_wanted = |area: Rect| later.is_none_or(|later| (later.is_wanted)(before(area)));
        let seen = if self.passes.is_thorough { None } else { self.sighted(&enlarged, short, self.passes.margin)? };
        let spots = seen.as_ref().zip(self.scout.as_ref()).map(|(seen, network)| {
            let mut spots = Spots::new(enlarged.dimensions(), |area| is_wanted(area) && seen.is_text(area));
            if let Some(later) = later {
                spots.retain(|group| {
                    group.iter().any(|&area| (later.is_gone)(before(area)))
                        || group.iter().any(|&area| (later.is_changed)(before(area)))
                            && group.iter().any(|&area| seen.reaches(area, network.thresholds.certain))
                });
            }
            spots
        });
        let from_before = later.filter(|_| !self.passes.is_thorough);
        let (known, same) = from_before.map_or((&[][..], &[][..]), |later| (later.known, later.same));
        let upright = |lines: &[Detection]| -> Vec<Detection> {
            lines.iter().map(|line| marks.enlarged(line)).filter(|line| is_upright(&line.quad)).collect()
        };
        let (known, same) = (upright(known), upright(same));
        let again = |maps: &[Regions], thresholds: &RegionThresholds| -> Vec<Detection> {
            known.iter().filter(|line| are_again(maps, line, thresholds)).copied().collect()
        };
        let places = |again: &[Detection]| -> Vec<Rect> {
            again.iter().chain(&same).map(|line| quads::pad(&line.quad).bounding_box(LIMIT, LIMIT)).collect()
        };
        let mut found_again = Vec::new();
        if let Some(network) = &mut self.regions {
            let thresholds = network.thresholds;
            let explained = |maps: &[Regions]| places(&again(maps, &thresholds));
            marks.maps = looks::all(network, &enlarged, &self.passes, short, spots.as_ref(), explained)?;
            marks.thresholds = Some(thresholds);
            found_again = again(&marks.maps, &thresholds);
        }
        let (again, places) = (&found_again, places(&found_again));
        let is_marked = |area: Rect| {
            is_wanted(area) && (self.passes.is_thorough || marks.touch(area)) && marks.touch_beside(area, &places)
        };
        let mut spots = Spots::new(enlarged.dimensions(), is_marked);
        if !self.passes.is_thorough {
            spots.retain(|group| group.iter().any(|&area| marks.have_seed(area)));
            if let Some((seen, network)) = seen.as_ref().zip(self.scout.as_ref()) {
                spots.retain(|group| group.iter().any(|&area| seen.reaches(area, network.thresholds.certain)));
            }
        }
        let mut found = match &mut self.cores {
            Some(network) => Cores { network, passes: &self.passes }.detect(&enlarged, &spots, short)?,
            None => Detections::default(),
        };
        marks.news = from_before.map(|_| spots);
        found.lines.extend(again);
        let mut found = self.union(found, &marks.maps, seen.as_ref(), short);
        if let Some((seen, network)) = seen.zip(self.scout.as_ref()) {
            let before = found.lines.len();
            found.lines.retain(|line| seen.shows(&line.quad, &network.thresholds) || is_known(line, again));
            found.dropped += u32::try_from(before - found.lines.len()).unwrap_or(u32::MAX);
        }
        for point in found.lines.iter_mut().flat_map(|line| &mut line.quad.0) {
            *point = Point::new(point.x / factor as f32, point.y / factor as f32);
        }
        Ok((found, marks))
    }

    /// Returns what the network of regions marks in a picture; it was shown machine-readable codes as text too.
    ///
    /// # Errors
    ///
    /// As [`Detector::detect`].
    pub fn marks(&mut self, image: &RgbImage) -> Result<Marks> {
        let factor = self.enlargement(image.width(), image.height()) as f32;
        let none = Marks { maps: Vec::new(), thresholds: None, factor, news: None };
        let Some(network) = &mut self.regions else { return Ok(none) };
        let enlarged = tiles::resized(image, factor);
        let maps = looks::all(network, &enlarged, &self.passes, enlarged.width().min(enlarged.height()), None, |_| {
            Vec::new()
        })?;
        Ok(Marks { maps, thresholds: Some(network.thresholds), ..none })
    }

    /// Looks otherwise than [`Detector::detect`] at a picture whose text should be gone, or at a part of a frame whose sides
    /// are `whole`, and returns the lines that are plainly there, from the top; of what the scout sees together, where a cell
    /// is wanted.
    ///
    /// The scout sees it with another margin, which moves every letter to other pixels; the network of regions, where the
    /// scout sees text, at three quarters of the usual size too; that of cores, where there is one, has to see the same at
    /// that size in what is around.
    ///
    /// # Errors
    ///
    /// As [`Detector::detect`].
    pub fn look_again(
        &mut self,
        image: &RgbImage,
        whole: (u32, u32),
        is_wanted: impl Fn(Rect) -> bool,
    ) -> Result<Vec<Detection>> {
        let (width, height) = image.dimensions();
        if width.min(height) == 0 {
            return Ok(Vec::new());
        }
        let passes = Passes { margin: self.passes.margin_again, ..self.passes };
        let factor = self.enlargement(whole.0, whole.1) as f32;
        let short = factor * whole.0.min(whole.1) as f32;
        let scale = factor * if short < passes.least_region_side as f32 { 2.0 } else { 1.0 };
        let times = factor as u32;
        let enlarged = |area: Rect| Rect::new(area.x0 * times, area.y0 * times, area.x1 * times, area.y1 * times);
        let seen = self.sighted(&tiles::resized(image, factor), short as u32, passes.margin)?;
        let spots = seen.zip(self.scout.as_ref()).map(|(seen, network)| {
            let mut spots = Spots::new((width, height), |area| seen.is_text(enlarged(area)));
            spots.retain(|group| {
                group.iter().any(|&area| is_wanted(area))
                    && group.iter().any(|&area| seen.reaches(enlarged(area), network.thresholds.certain))
            });
            spots
        });
        let Some(network) = &mut self.regions else { return Ok(Vec::new()) };
        let map = looks::at(network, image, scale * passes.scale_again, &passes, spots.as_ref())?;
        let thresholds = RegionThresholds { score: network.thresholds.score_again, ..network.thresholds };
        let lines = map.lines(&thresholds);
        let Some(network) = &mut self.cores else { return Ok(lines) };
        let mut cores = Cores { network, passes: &passes };
        let mut confirmed = Vec::new();
        for line in lines {
            if cores.confirm(image, &line, factor * passes.scale_again)? {
                confirmed.push(line);
            }
        }
        Ok(confirmed)
    }

    /// Returns where the scout sees text in an enlarged picture, or in a part of one with this short side; nothing without
    /// a scout.
    fn sighted(&mut self, image: &RgbImage, short: u32, margin: u32) -> Result<Option<Sighted>> {
        let passes = &self.passes;
        self.scout.as_mut().map(|network| scout::look(network, image, passes, short, margin)).transpose()
    }

    /// Returns what both networks find in an enlarged picture, or in a part of one with this short side.
    ///
    /// A line of the network of cores is taken if the network of regions marks a part of it, if a small one: false lines
    /// are seldom the same for both, and hardly any text is invisible to one of them. A line of the network of regions alone
    /// is taken if it is marked in two sizes: noise and edges look like text in one. A low one hardly shows in any but the
    /// largest copy; there the scout is the other witness.
    fn union(&self, mut found: Detections, maps: &[Regions], seen: Option<&Sighted>, short: u32) -> Detections {
        let passes = &self.passes;
        let Some(network) = &self.regions else { return found };
        let thresholds = &network.thresholds;
        // What share of a line is marked in each copy of the picture.
        let shares = |line: &Detection| -> Vec<f32> {
            let quad = without_rim(&line.quad);
            maps.iter().map(|map| map.share(&quad, thresholds)).collect()
        };
        let sizes = |shares: &[f32]| shares.iter().filter(|share| **share >= thresholds.support).count();
        let scouted = seen.zip(self.scout.as_ref());
        let is_certain =
            |line: &Detection| scouted.is_some_and(|(seen, scout)| seen.is_certain(&line.quad, &scout.thresholds));
        let is_text = |line: &Detection| {
            let shares = shares(line);
            let mean = shares.iter().sum::<f32>() / shares.len() as f32;
            let is_low = quads::short_side(&line.quad) < passes.low_line;
            let is_sure = line.score >= if is_low { thresholds.sure_low } else { thresholds.sure };
            match sizes(&shares) {
                0 => false,
                1 if shares.len() > 1 => is_sure && is_low && is_certain(line),
                _ => is_sure || mean >= thresholds.whole,
            }
        };
        let before = found.lines.len();
        found.lines.retain(|line| sizes(&shares(line)) > 0);
        let mut dropped = before - found.lines.len();
        let looks: Vec<Vec<Detection>> = maps.iter().map(|map| map.lines(thresholds)).collect();
        for (line, believed) in region_lines(&looks, passes, short) {
            match believed {
                Believed::No => dropped += 1,
                Believed::WhereNothingIs if is_partly_known(&line, &found.lines, passes.coarse_share) => {}
                Believed::Yes | Believed::WhereNothingIs if is_known(&line, &found.lines) => {}
                Believed::Yes | Believed::WhereNothingIs if is_text(&line) => found.lines.push(line),
                Believed::Yes | Believed::WhereNothingIs => dropped += 1,
            }
        }
        found.lines = quads::merge(found.lines);
        let all = found.lines.clone();
        found.lines.retain(|line| !all.iter().any(|other| quads::is_stroke_of(&line.quad, &other.quad)));
        dropped += all.len() - found.lines.len();
        found.dropped += u32::try_from(dropped).unwrap_or(u32::MAX);
        found
    }
}

/// How far the size of a line of the network of regions and the copy that it is seen in speak for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Believed {
    Yes,
    /// It is seen in a small copy, where boxes round usual text are coarse.
    WhereNothingIs,
    /// It is too large.
    No,
}

/// Returns the lines of all looks at a picture of this short side, the largest copy first.
///
/// The two largest copies show lines of usual height, the smaller ones letters that are large for those. What is
/// giant must be seen alike in two of them: a letter is, a sector or a Doppler window is not.
fn region_lines(looks: &[Vec<Detection>], passes: &Passes, short: u32) -> Vec<(Detection, Believed)> {
    /// Smaller copies show large letters and draw coarse boxes round the rest.
    const LOOKS_FOR_LINES: usize = 2;
    let (giant, largest) = (passes.giant(short), passes.largest_share * short as f32);
    let mut lines = Vec::new();
    for (index, own) in looks.iter().enumerate() {
        let is_seen_again = |line: &Detection| {
            let others = looks.iter().enumerate().filter(|(other, _)| *other != index).flat_map(|(_, lines)| lines);
            others.into_iter().any(|other| quads::overlap(&other.quad, &line.quad) > passes.giant_agreement)
        };
        for line in own {
            let side = quads::short_side(&line.quad);
            if side < passes.least_line {
                // Dots.
            } else if side > giant {
                let is_believed = side <= largest && is_seen_again(line);
                lines.push((*line, if is_believed { Believed::Yes } else { Believed::No }));
            } else if index < LOOKS_FOR_LINES {
                lines.push((*line, Believed::Yes));
            } else if side > passes.large_line {
                lines.push((*line, Believed::WhereNothingIs));
            }
        }
    }
    lines
}

/// Returns whether lines that are `known` take up more than this share of a line.
fn is_partly_known(line: &Detection, known: &[Detection], most: f32) -> bool {
    let shared: f32 = known.iter().map(|own| quads::shared_area(&own.quad, &line.quad)).sum();
    shared > most * quads::area(&line.quad.0)
}

/// Returns whether `known` lines cover a line but for its rim.
fn is_known(line: &Detection, known: &[Detection]) -> bool {
    quads::covered(&without_rim(&line.quad), known)
}

/// Returns a line without what its rectangle reaches beyond the letters, about this share of its height.
fn without_rim(quad: &Quad) -> Quad {
    const RIM: f32 = 0.15;
    quads::grow(quad, -RIM * quads::short_side(quad))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use crate::text::manifest::{Channels, InputForm, Layout};
    use crate::text::model::Model;
    use crate::text::scout::tests::Brightest;
    use image::Rgb;
    use ndarray::{Array4, ArrayD, ArrayView4, Axis, s};
    use std::sync::{Arc, Mutex};

    /// Says that text is wherever the picture is bright.
    struct Bright;

    impl Model for Bright {
        fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
            assert!(
                input.dim().2.is_multiple_of(32)
                    && input.dim().3.is_multiple_of(32)
                    && input.dim().2.max(input.dim().3) <= 1312
            );
            Ok(input.slice(s![.., ..1, .., ..]).mapv(|v| if v > 0.5 { 0.9 } else { 0.0 }).into_dyn())
        }
    }

    /// Says that a region is wherever the picture is brighter than a level, as sure as it is bright.
    struct BrightRegions(f32);

    impl Model for BrightRegions {
        fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
            let map = input.slice(s![.., ..1, ..;2, ..;2]).mapv(|v| if v > self.0 { v } else { 0.0 });
            Ok(ndarray::concatenate(Axis(1), &[map.view(), map.view()]).expect("same shape").into_dyn())
        }
    }

    fn network<T>(model: impl Model + 'static, thresholds: T) -> Network<T> {
        let input = InputForm {
            layout: Layout::Nchw,
            channels: Channels::Bgr,
            multiple_of: 32,
            scale: 1.0 / 255.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        Network { model: Box::new(model), input, thresholds }
    }

    fn cores(model: impl Model + 'static, unclip: f32) -> Network<Thresholds> {
        network(model, Thresholds { probability: 0.2, r#box: 0.3, unclip, min_side: 2.0 })
    }

    fn regions(level: f32) -> Network<RegionThresholds> {
        network(
            BrightRegions(level),
            RegionThresholds {
                region: 0.2,
                seed: 0.5,
                core: 0.5,
                support: 0.5,
                score: 0.35,
                sure: 0.65,
                sure_low: 0.65,
                whole: 0.7,
                score_again: 0.75,
            },
        )
    }

    /// Like [`BrightRegions`]; notes the sizes of what it is shown.
    struct WatchedRegions(Arc<Mutex<Vec<(usize, usize)>>>);

    impl Model for WatchedRegions {
        fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
            self.0.lock().expect("not poisoned").push((input.dim().3, input.dim().2));
            BrightRegions(0.1).run(input)
        }
    }

    fn watched_regions(sizes: &Arc<Mutex<Vec<(usize, usize)>>>) -> Network<RegionThresholds> {
        Network { model: Box::new(WatchedRegions(Arc::clone(sizes))), ..regions(0.1) }
    }

    /// Shows a picture to a detector with a scout that sees what is brighter than half of white; returns what is found
    /// first and again, and the sizes of what the network of regions is shown for each.
    fn with_scout(image: &RgbImage) -> [(usize, Vec<(usize, usize)>); 2] {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let regions = watched_regions(&sizes);
        let scout = network(Brightest, scout::tests::THRESHOLDS);
        let mut detector = Detector::new(None, Some(regions), Passes::default()).with_scout(scout);
        let shown = || std::mem::take(&mut *sizes.lock().expect("not poisoned"));
        let later = Later { is_changed: &|_| true, is_gone: &|_| false, is_wanted: &|_| true, known: &[], same: &[] };
        let first = detector.detect_part(image, image.dimensions(), Some(&later)).expect("detected").0.lines.len();
        let first = (first, shown());
        let again = detector.look_again(image, image.dimensions(), |_| true).expect("detected").len();
        [first, (again, shown())]
    }

    #[test]
    fn the_network_of_regions_is_shown_what_the_scout_sees_with_what_is_around_it() {
        let faint = |level: u8| {
            RgbImage::from_fn(1024, 768, |x, y| {
                let is_text = (100..160).contains(&x) && (100..120).contains(&y);
                Rgb([if is_text { level } else { 0 }; 3])
            })
        };
        for (count, sizes) in with_scout(&faint(255)) {
            assert!(count == 1 && !sizes.is_empty() && sizes.iter().all(|&(x, y)| x < 500 && y < 400), "{sizes:?}");
        }
        // What the scout does not see is shown to no other network.
        assert_eq!(with_scout(&faint(100)), [(0, Vec::new()), (0, Vec::new())]);
        // Of a small picture, which is enlarged, as well.
        let small = image::imageops::crop_imm(&faint(255), 90, 90, 300, 200).to_image();
        assert!(with_scout(&small).iter().all(|(count, _)| *count == 1));
    }

    #[test]
    fn a_line_is_one_if_the_scout_sees_a_quarter_of_it() {
        // What the network of regions marks is as faint as the scout overlooks, but for a part.
        let line = |seen: u32| {
            RgbImage::from_fn(1024, 768, |x, y| {
                let is_text = (112..512).contains(&x) && (112..128).contains(&y);
                Rgb([if is_text { if x < 112 + seen { 255 } else { 100 } } else { 0 }; 3])
            })
        };
        let found = |seen: u32, is_thorough: bool| {
            let thresholds = ScoutThresholds { text: 0.2, reduced: 0.2, ..scout::tests::THRESHOLDS };
            let scout = network(Brightest, thresholds);
            let passes = Passes { is_thorough, ..Passes::default() };
            let mut detector = Detector::new(None, Some(regions(0.1)), passes).with_scout(scout);
            let found = detector.detect(&line(seen)).expect("detected");
            (found.lines.len(), found.dropped)
        };
        assert_eq!([found(400, false), found(160, false)], [(1, 0); 2]);
        assert_eq!(found(32, false), (0, 1));
        assert_eq!(found(32, true), (1, 0));
    }

    /// Returns a map of a picture of 800 x 600 pixels with these probabilities in these areas.
    fn map(scale: f32, marks: &[(Rect, f32)]) -> Regions {
        let side = |side: u32| (side as f32 * scale) as usize;
        let mut region = ndarray::Array2::zeros((side(600), side(800)));
        for (area, value) in marks {
            region.slice_mut(s![side(area.y0)..side(area.y1), side(area.x0)..side(area.x1)]).fill(*value);
        }
        Regions { core: region.clone(), region, x_scale: scale, y_scale: scale }
    }

    #[test]
    fn a_low_line_marked_in_one_size_is_one_where_the_scout_is_certain() {
        let taken = |height: u32, level: u8, sure: f32| {
            let line = Rect::new(104, 208, 184, 208 + height);
            let image = RgbImage::from_fn(800, 600, |x, y| {
                let is_text = (line.x0..line.x1).contains(&x) && (line.y0..line.y1).contains(&y);
                Rgb([if is_text { level } else { 0 }; 3])
            });
            let mut detector = Detector::new(None, Some(regions(0.1)), Passes::default())
                .with_scout(network(Brightest, scout::tests::THRESHOLDS));
            let seen = detector.sighted(&image, 600, 8).expect("looked at");
            let maps = [map(1.0, &[(line, sure)]), map(0.5, &[]), map(0.25, &[])];
            detector.union(Detections::default(), &maps, seen.as_ref(), 600).lines.len()
        };
        assert_eq!(taken(8, 255, 0.9), 1);
        // A higher one would be seen in another size as well; the scout is not certain; the network is not.
        assert_eq!([taken(24, 255, 0.9), taken(8, 160, 0.9), taken(8, 255, 0.55)], [0; 3]);
    }

    #[test]
    fn of_a_small_copy_large_letters_count_and_coarse_boxes_round_known_lines_do_not() {
        let (line, coarse) = (Rect::new(96, 96, 296, 120), Rect::new(88, 88, 312, 136));
        let letter = Rect::new(504, 400, 560, 464);
        let detector = Detector::new(None, Some(regions(0.1)), Passes::default());
        let found = |first: &[(Rect, f32)]| -> Vec<Rect> {
            let faint = map(0.25, &[(coarse, 0.3), (letter, 0.3)]);
            let maps = [map(0.5, first), faint, map(0.125, &[(coarse, 0.9), (letter, 0.9)])];
            let found = detector.union(Detections::default(), &maps, None, 600);
            assert_eq!(found.dropped, 0);
            found.lines.iter().map(|line| line.quad.bounding_box(800, 600)).collect()
        };
        assert_eq!(found(&[(line, 0.9)]), [line, letter]);
        assert_eq!(found(&[]), [coarse, letter]);
    }

    #[test]
    fn the_network_of_cores_is_shown_what_the_scout_is_certain_of() {
        let shown = |level: u8| {
            let sizes = Arc::new(Mutex::new(Vec::new()));
            let thresholds = ScoutThresholds { text: 0.2, reduced: 0.2, certain: 0.8, ..scout::tests::THRESHOLDS };
            let cores = cores(Watched(Arc::clone(&sizes)), 0.0);
            let mut detector = Detector::new(Some(cores), Some(regions(0.1)), Passes::default())
                .with_scout(network(Brightest, thresholds));
            let image = RgbImage::from_fn(1024, 768, |x, y| {
                Rgb([if (100..160).contains(&x) && (100..120).contains(&y) { level } else { 0 }; 3])
            });
            let mut look = |later: Option<&Later<'_>>| {
                detector.detect_part(&image, image.dimensions(), later).expect("detected");
                std::mem::take(&mut *sizes.lock().expect("not poisoned")).len()
            };
            let later =
                Later { is_changed: &|_| true, is_gone: &|_| false, is_wanted: &|_| true, known: &[], same: &[] };
            [look(None), look(Some(&later))]
        };
        assert_eq!([shown(255), shown(150)], [[1, 1], [0, 0]]);
    }

    #[test]
    fn of_a_later_frame_is_shown_what_the_scout_is_certain_of_and_changed_or_what_may_be_gone() {
        let place = Rect::new(96, 96, 176, 112);
        let shown = |level: u8, changed: Option<Rect>, gone: Option<Rect>| {
            let sizes = Arc::new(Mutex::new(Vec::new()));
            let thresholds = ScoutThresholds { text: 0.2, reduced: 0.2, certain: 0.8, ..scout::tests::THRESHOLDS };
            let regions = watched_regions(&sizes);
            let mut detector =
                Detector::new(None, Some(regions), Passes::default()).with_scout(network(Brightest, thresholds));
            let image = RgbImage::from_fn(1024, 800, |x, y| {
                Rgb([if (place.x0..place.x1).contains(&x) && (place.y0..place.y1).contains(&y) { level } else { 0 }; 3])
            });
            let is_in = |area: Rect, own: Option<Rect>| own.is_some_and(|own| own.meets(&area));
            let (is_changed, is_gone) = (|area| is_in(area, changed), |area| is_in(area, gone));
            let later =
                Later { is_wanted: &|_| true, is_changed: &is_changed, is_gone: &is_gone, known: &[], same: &[] };
            detector.detect_part(&image, image.dimensions(), Some(&later)).expect("detected");
            let first = std::mem::take(&mut *sizes.lock().expect("not poisoned")).len();
            detector.look_again(&image, image.dimensions(), is_changed).expect("detected");
            [first > 0, !sizes.lock().expect("not poisoned").is_empty()]
        };
        let (end, beside) = (Some(Rect::new(160, 96, 176, 112)), Some(Rect::new(400, 96, 416, 112)));
        assert_eq!([shown(255, end, None), shown(255, beside, None)], [[true; 2], [false; 2]]);
        assert_eq!([shown(150, end, None), shown(150, beside, end)], [[false; 2], [true, false]]);
    }

    #[test]
    fn what_is_known_and_marked_again_is_not_shown_at_twice_the_size() {
        let line = Detection { quad: Quad::from_rect(Rect::new(100, 100, 160, 120)), score: 0.7 };
        let shown = |known: &[Detection]| {
            let sizes = Arc::new(Mutex::new(Vec::new()));
            let regions = watched_regions(&sizes);
            let mut detector = Detector::new(None, Some(regions), Passes::default());
            let later = Later { is_wanted: &|_| true, is_changed: &|_| true, is_gone: &|_| true, known, same: &[] };
            let image = picture(800, 600, &[Rect::new(100, 100, 160, 120)]);
            let (found, _) = detector.detect_part(&image, (800, 600), Some(&later)).expect("detected");
            assert_eq!(found.lines.len(), 1);
            sizes.lock().expect("not poisoned").len()
        };
        assert_eq!(shown(&[line]) + 1, shown(&[]));
    }

    fn detector(model: impl Model + 'static, unclip: f32) -> Detector {
        Detector::new(Some(cores(model, unclip)), None, Passes::default())
    }

    fn boxes_found(detector: &mut Detector, image: &RgbImage) -> Vec<[f32; 4]> {
        let lines = detector.detect(image).expect("detected").lines;
        let round = |line: &Detection| {
            let (left, top, right, bottom) = quads::extent(&line.quad);
            [left, top, right, bottom].map(|v| (v / 5.0).round() * 5.0)
        };
        lines.iter().map(round).collect()
    }

    #[test]
    fn the_union_has_what_either_network_finds_and_drops_what_one_of_them_rules_out() {
        let text = |x0: u32, level: u8| (Rect::new(x0, 100, x0 + 60, 120), level);
        // Bright, faint, and so faint that only the network of cores takes it for text.
        let texts = [text(100, 255), text(300, 132), text(500, 40)];
        let image = RgbImage::from_fn(800, 600, |x, y| {
            let own = texts.iter().find(|(b, _)| (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y));
            Rgb([own.map_or(0, |(_, level)| *level); 3])
        });
        struct Level(f32);
        impl Model for Level {
            fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
                Ok(input.slice(s![.., ..1, .., ..]).mapv(|v| if v > self.0 { 0.9 } else { 0.0 }).into_dyn())
            }
        }
        let all = [[100.0, 100.0, 160.0, 120.0], [300.0, 100.0, 360.0, 120.0], [500.0, 100.0, 560.0, 120.0]];
        let alone = &mut Detector::new(Some(cores(Level(0.1), 0.0)), None, Passes::default());
        assert_eq!(boxes_found(alone, &image), all);
        // Where the one marks nothing, the other does not look, or what it finds there is dropped.
        for (is_thorough, dropped) in [(false, 0), (true, 1)] {
            let passes = Passes { is_thorough, ..Passes::default() };
            let both = &mut Detector::new(Some(cores(Level(0.1), 0.0)), Some(regions(0.1)), passes);
            assert_eq!(boxes_found(both, &image), all[..2]);
            assert_eq!(both.detect(&image).expect("detected").dropped, dropped);
        }
        let blind = &mut Detector::new(Some(cores(Level(0.8), 0.0)), Some(regions(0.1)), Passes::default());
        assert_eq!(boxes_found(blind, &image), all[..2]);
        let only = &mut Detector::new(None, Some(regions(0.1)), Passes::default());
        assert_eq!(boxes_found(only, &image), all[..2]);
    }

    /// Like [`Bright`]; notes the sizes of what it is shown.
    struct Watched(Arc<Mutex<Vec<(usize, usize)>>>);

    impl Model for Watched {
        fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
            self.0.lock().expect("not poisoned").push((input.dim().3, input.dim().2));
            Bright.run(input)
        }
    }

    #[test]
    fn the_network_of_cores_is_shown_what_is_marked_with_what_is_around_it() {
        let image = picture(800, 600, &[Rect::new(100, 100, 160, 120), Rect::new(400, 500, 470, 515)]);
        let shown = |is_thorough| {
            let sizes = Arc::new(Mutex::new(Vec::new()));
            let passes = Passes { is_thorough, ..Passes::default() };
            let network = cores(Watched(Arc::clone(&sizes)), 0.0);
            let found = boxes_found(&mut Detector::new(Some(network), Some(regions(0.1)), passes), &image);
            (found, std::mem::take(&mut *sizes.lock().expect("not poisoned")))
        };
        let (found, sizes) = shown(false);
        assert_eq!(found, [[100.0, 100.0, 160.0, 120.0], [400.0, 500.0, 470.0, 515.0]]);
        assert_eq!(sizes.len(), 2);
        assert!(sizes.iter().all(|&(width, height)| width < 200 && height < 160), "{sizes:?}");
        let (again, sizes) = shown(true);
        assert_eq!(again, found);
        assert_eq!(sizes, [(832, 640), (416, 320)]);
    }

    #[test]
    fn a_known_line_that_is_marked_again_is_taken_as_it_is_and_what_is_beside_it_looked_for() {
        let line = |x1| Detection { quad: Quad::from_rect(Rect::new(100, 100, x1, 120)), score: 0.7 };
        let look = |text: Rect, known: &[Detection]| {
            let sizes = Arc::new(Mutex::new(Vec::new()));
            let network = cores(Watched(Arc::clone(&sizes)), 0.0);
            let mut detector = Detector::new(Some(network), Some(regions(0.1)), Passes::default());
            let found = {
                let later =
                    Later { is_changed: &|_| true, is_gone: &|_| false, is_wanted: &|_| true, known, same: &[] };
                detector.detect_part(&picture(800, 600, &[text]), (800, 600), Some(&later))
            };
            let shown = sizes.lock().expect("not poisoned").len();
            (found.expect("detected").0.lines, shown)
        };
        assert_eq!(look(Rect::new(100, 100, 160, 120), &[line(160)]), (vec![line(160)], 0));
        // Where it is the same, nobody looks.
        let later =
            Later { is_changed: &|_| true, is_gone: &|_| false, is_wanted: &|_| true, known: &[], same: &[line(160)] };
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let network = cores(Watched(Arc::clone(&sizes)), 0.0);
        let mut detector = Detector::new(Some(network), Some(regions(0.1)), Passes::default());
        let image = picture(800, 600, &[Rect::new(100, 100, 160, 120)]);
        detector.detect_part(&image, (800, 600), Some(&later)).expect("detected");
        assert!(sizes.lock().expect("not poisoned").is_empty());
        // It is longer now, or gone.
        let (found, shown) = look(Rect::new(100, 100, 300, 120), &[line(160)]);
        assert!(shown == 1 && quads::extent(&found[0].quad).2 >= 299.0, "{found:?}");
        let (found, shown) = look(Rect::new(400, 300, 460, 320), &[line(160)]);
        assert!(shown > 0 && found.len() == 1 && found[0].quad.0[0].x >= 399.0, "{found:?}");
    }

    #[test]
    fn codes_are_looked_for_where_marks_are_no_known_line_and_where_one_was() {
        let [line, other] = [Rect::new(104, 104, 168, 120), Rect::new(400, 300, 460, 320)];
        let known = [Detection { quad: Quad::from_rect(line), score: 0.7 }];
        let mut detector = Detector::new(None, Some(regions(0.1)), Passes::default());
        let later =
            Later { is_changed: &|_| true, is_gone: &|_| false, is_wanted: &|_| true, known: &known, same: &[] };
        let image = picture(800, 600, &[line, other]);
        let (_, marks) = detector.detect_part(&image, (800, 600), Some(&later)).expect("detected");
        let spots = marks.spots((800, 600), &[]);
        assert!(spots.touch(other) && !spots.touch(line));
        let with_code = marks.spots((800, 600), &[Rect::new(150, 110, 200, 160)]);
        assert!(with_code.touch(other) && with_code.touch(line) && with_code.touch(Rect::new(195, 150, 199, 155)));
        let (_, marks) = detector.detect_part(&image, (800, 600), None).expect("detected");
        assert!(marks.spots((800, 600), &[]).touch(line));
    }

    #[test]
    fn where_something_is_not_wanted_the_network_of_cores_does_not_look() {
        let image = picture(800, 600, &[Rect::new(100, 100, 160, 120), Rect::new(400, 500, 470, 515)]);
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let network = cores(Watched(Arc::clone(&sizes)), 0.0);
        let mut detector = Detector::new(Some(network), Some(regions(0.1)), Passes::default());
        let later = Later {
            is_changed: &|_| true,
            is_gone: &|_| false,
            is_wanted: &|area| area.y0 > 300,
            known: &[],
            same: &[],
        };
        detector.detect_part(&image, (800, 600), Some(&later)).expect("detected");
        assert_eq!(sizes.lock().expect("not poisoned").len(), 1);
    }

    fn picture(width: u32, height: u32, boxes: &[Rect]) -> RgbImage {
        let bright = |x, y| boxes.iter().any(|b| (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y));
        RgbImage::from_fn(width, height, |x, y| if bright(x, y) { Rgb([255; 3]) } else { Rgb([0; 3]) })
    }

    fn assert_found(width: u32, height: u32, boxes: &[Rect]) {
        let lines = detector(Bright, 0.0).detect(&picture(width, height, boxes)).expect("detected").lines;
        let found: Vec<_> = lines.iter().map(|line| quads::extent(&line.quad)).collect();
        assert_eq!(found.len(), boxes.len(), "{width} x {height}: {found:?}");
        for (found, expected) in found.into_iter().zip(boxes) {
            let expected = quads::extent(&Quad::from_rect(*expected));
            let near = |a: f32, b: f32| (a - b).abs() <= 2.0;
            assert!(
                near(found.0, expected.0)
                    && near(found.1, expected.1)
                    && near(found.2, expected.2)
                    && near(found.3, expected.3),
                "{width} x {height}: {found:?} for {expected:?}"
            );
        }
    }

    #[test]
    fn lines_come_back_where_they_are_in_reading_order() {
        assert_found(640, 480, &[Rect::new(0, 0, 90, 14), Rect::new(300, 20, 420, 34), Rect::new(500, 460, 640, 480)]);
        assert_found(801, 607, &[Rect::new(10, 10, 90, 30), Rect::new(700, 590, 801, 607)]);
        assert_found(61, 47, &[Rect::new(3, 4, 40, 9), Rect::new(20, 30, 61, 36)]);
        assert_found(2501, 1403, &[Rect::new(5, 5, 300, 40), Rect::new(2400, 1380, 2501, 1403)]);
    }

    #[test]
    fn a_line_across_a_seam_is_one_line() {
        assert_found(3000, 600, &[Rect::new(100, 300, 2900, 330)]);
        assert_found(600, 3000, &[Rect::new(300, 100, 330, 2900)]);
    }

    #[test]
    fn grown_lines_hold_their_core() {
        let area = Rect::new(200, 100, 400, 116);
        let lines = detector(Bright, 1.8).detect(&picture(800, 600, &[area])).expect("detected").lines;
        assert!(lines.iter().any(|line| quads::contains(&line.quad, &Quad::from_rect(area))), "{lines:?}");
    }

    #[test]
    fn a_slanted_line_gives_a_slanted_rectangle() {
        let image = RgbImage::from_fn(800, 600, |x, y| {
            let (x, y) = (x as f32 - 400.0, y as f32 - 300.0);
            let (sin, cos) = 20.0_f32.to_radians().sin_cos();
            let inside = (x * cos + y * sin).abs() < 100.0 && (y * cos - x * sin).abs() < 10.0;
            if inside { Rgb([255; 3]) } else { Rgb([0; 3]) }
        });
        let lines = detector(Bright, 0.0).detect(&image).expect("detected").lines;
        let [a, b, ..] = lines[0].quad.0;
        assert!(((b.y - a.y).atan2(b.x - a.x).to_degrees() - 20.0).abs() < 2.0, "{lines:?}");
    }

    #[test]
    fn a_large_letter_is_kept_and_a_picture_that_is_all_bright_is_not_a_line() {
        assert_found(800, 600, &[Rect::new(300, 200, 460, 380)]);
        assert_found(800, 600, &[]);
        let bright = picture(800, 600, &[Rect::new(0, 0, 800, 600)]);
        let found = detector(Bright, 0.0).detect(&bright).expect("detected");
        assert_eq!((found.lines, found.dropped), (vec![], 1));
    }

    #[test]
    fn pictures_of_any_size_can_be_examined() {
        for (width, height) in [(1, 1), (3, 3), (16, 16), (1, 500), (5000, 2), (33, 31)] {
            let lines = detector(Bright, 0.0).detect(&picture(width, height, &[])).expect("detected");
            assert_eq!(lines, Detections::default(), "{width} x {height}");
        }
    }

    #[test]
    fn the_result_depends_on_the_picture_alone() {
        let boxes: Vec<Rect> =
            (0..40).map(|i| Rect::new(i * 37 % 700, i * 53 % 580, i * 37 % 700 + 60, i * 53 % 580 + 12)).collect();
        let (image, other) = (picture(800, 600, &boxes), picture(640, 480, &boxes[..9]));
        let mut used = detector(Bright, 1.8);
        let first = used.detect(&image).expect("detected");
        used.detect(&other).expect("detected");
        assert_eq!(used.detect(&image).expect("detected"), first);
        assert_eq!(detector(Bright, 1.8).detect(&image).expect("detected"), first);
    }

    #[test]
    fn an_output_that_cannot_be_read_is_an_error() {
        struct Broken(fn(Array4<f32>) -> Array4<f32>);
        impl Model for Broken {
            fn run(&mut self, input: ArrayView4<'_, f32>) -> Result<ArrayD<f32>, String> {
                Ok((self.0)(input.slice(s![.., ..1, .., ..]).to_owned()).into_dyn())
            }
        }
        let breaks: [fn(Array4<f32>) -> Array4<f32>; 3] = [
            |map| map * f32::NAN,
            |map| map.slice(s![.., .., ..32, ..]).to_owned(),
            |map| ndarray::concatenate(Axis(1), &[map.view(), map.view()]).expect("same shape"),
        ];
        for broken in breaks {
            let result = detector(Broken(broken), 1.8).detect(&picture(640, 480, &[]));
            assert!(matches!(result, Err(Error::Detector(_))), "{result:?}");
        }
    }
}
