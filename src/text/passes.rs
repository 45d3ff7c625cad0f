//! At which scales and in which parts a picture is shown to the networks of a detector.

use super::manifest::Effort;

/// At which scales and in which parts a picture is shown to the networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passes {
    /// A picture whose short side is below this is enlarged by the least whole number that reaches it.
    pub least_short_side: u32,
    /// The largest such number.
    pub largest_factor: u32,
    /// …and the longest side that a picture is enlarged to: a strip is low, but its text is not small.
    pub longest_enlarged: u32,
    /// Pixels of plain ground that are put around a picture that is not reduced: small text touches its border.
    pub margin: u32,
    /// The longest side of a tile.
    pub tile_side: u32,
    /// How many pixels neighboring tiles share.
    pub tile_overlap: u32,
    /// The network of cores is shown reduced copies too, each half as large as the one before, as long as their short
    /// side reaches this.
    pub least_reduced_side: u32,
    /// Even smaller copies are shown down to this short side, of which only giant lines are taken.
    pub least_giant_reduced_side: u32,
    /// A line is giant if its short side is above this share of the picture's short side…
    pub giant_share: f32,
    /// …and above this many pixels of the enlarged picture.
    pub giant_side: f32,
    /// A giant line may be large text if its short side is up to this share of the picture's short side.
    pub largest_share: f32,
    /// A giant line is large text if it is found again, reduced, with this share of the area of both together.
    pub giant_agreement: f32,
    /// The network of regions is shown a copy of twice the size if the enlarged picture's short side is below this, else
    /// the enlarged picture itself.
    pub least_region_side: u32,
    /// How many pixels around what is marked are shown along to the network of regions where it looks at parts of a picture
    /// alone…
    pub around_regions: u32,
    /// …and to that of cores; twice as many of its own pixels in a reduced copy.
    pub around_cores: u32,
    /// The scout is shown reduced copies too, each half as large as the one before, as long as their short side reaches
    /// this.
    pub least_scouted_side: u32,
    /// How many pixels around what the scout marks are shown along to the network of regions; of a reduced copy, of its
    /// own.
    pub around_scouted: u32,
    /// Every pixel is shown to both networks in all sizes. Else the copy of twice the size and the network of cores are
    /// shown what the network of regions marks in another size, or in any: a line that is marked in none is not taken.
    pub is_thorough: bool,
    /// It is shown further copies, each half as large as the one before, as long as their short side reaches this.
    pub least_reduced_region_side: u32,
    /// Its lines that are lower than this many pixels of the enlarged picture are none.
    pub least_line: f32,
    /// …and low if they are lower than this.
    pub low_line: f32,
    /// …and of those that its further copies show, the ones that are higher than this count…
    pub large_line: f32,
    /// …if known lines take up no more than this share of them.
    pub coarse_share: f32,
    /// What is written is looked at again at this share of the size that the network of regions is shown first…
    pub scale_again: f32,
    /// …and with this margin.
    pub margin_again: u32,
    /// The network of cores has to find this share of the area of a line then.
    pub share_again: f32,
}

impl Passes {
    /// Returns the passes of an effort.
    #[must_use]
    pub fn of(effort: Effort) -> Self {
        match effort {
            Effort::Fast | Effort::Standard => Self::default(),
            Effort::Max => Self {
                least_short_side: 960,
                least_reduced_side: 100,
                least_region_side: 1600,
                least_reduced_region_side: 100,
                is_thorough: true,
                ..Self::default()
            },
        }
    }
}

impl Passes {
    /// Returns the height above which a line of a picture with this short side is giant.
    #[must_use]
    pub fn giant(&self, short: u32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "picture sides are below 2^20")]
        let share = self.giant_share * short as f32;
        share.max(self.giant_side)
    }
}

impl Default for Passes {
    fn default() -> Self {
        Self {
            // Frames of 320 x 240 lose whole lines at their own size and none at twice that.
            least_short_side: 480,
            // A letter of 5 pixels is 20 high then; more only blurs.
            largest_factor: 4,
            // 400 lines of 800 pixels may still be a low-resolution frame.
            longest_enlarged: 1600,
            // Of 425 lines in 52 synthetic pictures, many at the border, those not covered to 98 % fell from 19 to 10; 16
            // found one more, but masked 4.6 % and not 2.8 % of text-free pictures (2.3 % without a margin).
            margin: 8,
            // Holds the usual 1280 x 960 frame whole with its margin, and bounds the memory of a run.
            tile_side: 1296,
            // Text up to about 100 pixels high lies whole in one of two neighbors.
            tile_overlap: 128,
            // At 100, one more copy of a usual frame, one more of 315 lines is found, but the area masked outside of
            // text doubles, and on pictures without text it reaches a third of one.
            least_reduced_side: 200,
            // No further copies. At 60 single letters up to a third of the picture's height are found, and not only up
            // to about a fifth, but one of ten text-free pictures was masked to 27 %.
            least_giant_reduced_side: 200,
            // Text-free pictures were masked to 24 % without the rule, to 2 % with this number.
            giant_share: 0.18,
            // Without it a strip of a frame would have no line that is not giant.
            giant_side: 96.0,
            // Without a limit, two of ten text-free pictures were masked whole: their boxes are found again at any
            // size. With this one the check for large text changed nothing on 32 real pictures.
            largest_share: 0.45,
            // At 0.3 one of ten text-free pictures was masked to 20 %, and no line more was found.
            giant_agreement: 0.5,
            // As the card of the network says. An earlier state found no seed in 12 of 2893 lines of the tune split at their
            // own size, and in 9 at twice that.
            least_region_side: 800,
            // On the tune split (2873 lines, `--policy all`) looks at parts with 16 and 32 pixels around them hide 2861
            // lines and looks at whole pictures 2862, for a fifth (clips) to half (radiographs) less CPU time.
            around_regions: 16,
            // With 16 pictures without text were masked to 3.3 % on average and not to 2.3 %; 48 finds no more.
            around_cores: 32,
            // Letters of 40 to 60 pixels are what the scout misses first, and it was trained on letters up to 120.
            least_scouted_side: 200,
            // Of the tune split's 2873 lines 2865 are hidden with 48 pixels, 2863 with 32 and with 64; with 16 the cut edges look
            // like text, and a clip takes a third more.
            around_scouted: 48,
            is_thorough: false,
            // Letters a fifth of the picture high are as high as usual text there.
            least_reduced_region_side: 200,
            // No line of the tune split that only this network finds is lower.
            least_line: 4.0,
            // Without a limit, one made cross section without text was masked to 8 % (weights of before the last training).
            low_line: 16.0,
            // A letter of 20 pixels in the copy of half the size.
            large_line: 40.0,
            // With the same weights 207 technical lines of the real files stay untouched with it and 197 without, of 314.
            coarse_share: 0.3,
            // Not one half, which has been looked at.
            scale_again: 0.75,
            // Not a multiple of the network's stride of 32 away from the first.
            margin_again: 22,
            share_again: 0.5,
        }
    }
}
