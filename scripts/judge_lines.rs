//! Tells which lines of text would stay under `strict`, read without a doubt in a picture whose header tells nothing.
//!
//! ```sh
//! cargo run --release --example judge_lines < lines.txt
//! ```
//!
//! One line for each of the input: `keep` or `mask`, the rule, and the text, with tabs between them.

use std::io::{BufWriter, Error, Result, Write, stdin, stdout};

use deburn::phi::{Identity, Judge, Policy, ReadingLimits, Rules};
use deburn::text::{Orientation, Reading, TextLine};
use deburn::{Quad, Rect, Sensitive};

fn main() -> Result<()> {
    let rules = Rules::embedded().map_err(|problem| Error::other(format!("{problem:?}")))?;
    let judge = Judge {
        policy: Policy::Strict,
        rules: &rules,
        identity: Identity::empty(),
        zones: Vec::new(),
        ultrasound_regions: Vec::new(),
        limits: ReadingLimits::default(),
        review_below: None,
    };
    let mut out = BufWriter::new(stdout().lock());
    for text in stdin().lines() {
        let text = text?;
        let findings = judge.decide(&[line(&text)], 0, (4096, 64));
        let finding = findings.first().ok_or_else(|| Error::other("a line without a finding"))?;
        writeln!(out, "{}\t{}\t{text}", if finding.is_mask() { "mask" } else { "keep" }, finding.rule)?;
    }
    out.flush()
}

/// Makes a line as wide as its text.
fn line(text: &str) -> TextLine {
    let mut width = 0;
    let character_scores: Vec<f32> = text
        .chars()
        .map(|_| {
            width += 10;
            1.0
        })
        .collect();
    let readings = if text.trim().is_empty() {
        Vec::new()
    } else {
        let text = Sensitive::new(text.to_owned());
        vec![Reading { text, score: 1.0, character_scores, orientation: Orientation::Upright, at_first: None }]
    };
    TextLine { readings, ..TextLine::unread(Quad::from_rect(Rect::new(10, 20, 20 + width, 36)), 1.0) }
}
