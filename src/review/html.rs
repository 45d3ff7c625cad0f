//! The report for audit: one page that needs nothing else, without scripts, with masked pictures only.

mod chart;
mod sheet;

use super::loaded::Loaded;
use crate::dicom::Limits;
use crate::error::Result;
use crate::phi::Decision;
use crate::report::{Counts, Record, RegionChange, Status};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chart::{Bar, escape};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// The style of the page.
const STYLE: &str = include_str!("assets/report.css");

/// Statuses in the order of the report's summary.
const STATUSES: [(Status, &str, &str); 5] = [
    (Status::Clean, "clean", "clean"),
    (Status::Masked, "masked", "masked"),
    (Status::NoPixels, "no-pixels", "no pixels"),
    (Status::Review, "review", "review"),
    (Status::Held, "held", "held"),
];

/// Rules that a chart names; the others are summed up.
const MOST_RULES: usize = 16;

/// Makes the page. Pictures are those of the masked files in `output`; there are none without it.
///
/// # Errors
///
/// None but those of encoding a picture; files that cannot be opened are said to be missing.
pub fn page(loaded: &Loaded, output: Option<&Path>, limits: &Limits) -> Result<String> {
    let style_hash = BASE64.encode(Sha256::digest(STYLE.as_bytes()));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'sha256-{style_hash}'\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>deburn report</title>\n\
<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    );
    let counts = counted(loaded);
    page += &head(loaded);
    page += &cards(loaded, counts);
    page += &charts(loaded, counts);
    page += &held(loaded);
    page += &changes(loaded);
    page += &sheet::sheet(loaded, output, limits)?;
    page += &provenance(loaded);
    page += "</main>\n</body>\n</html>\n";
    Ok(page)
}

fn counted(loaded: &Loaded) -> Counts {
    let mut counts = Counts::default();
    loaded.records.iter().for_each(|record| counts.add(record.status));
    counts
}

fn of(counts: Counts, status: Status) -> u64 {
    match status {
        Status::Clean => counts.clean,
        Status::Masked => counts.masked,
        Status::NoPixels => counts.no_pixels,
        Status::Review => counts.review,
        Status::Held => counts.held,
    }
}

fn head(loaded: &Loaded) -> String {
    let header = &loaded.header;
    let policy = name(&header.options.policy);
    let reviewed = match &header.review {
        Some(review) => {
            format!(", reviewed by {}", review.reviewers.iter().map(|own| escape(own)).collect::<Vec<_>>().join(", "))
        }
        None => String::new(),
    };
    format!(
        "<header><h1>Burned-in text: what was done</h1>\n<p>deburn {} {}, policy <b>{}</b>{reviewed}</p></header>\n",
        escape(&header.version),
        escape(&header.command),
        escape(&policy)
    )
}

/// Counts and the proof that none is missing.
fn cards(loaded: &Loaded, counts: Counts) -> String {
    let mut text =
        "<section aria-labelledby=\"counts\"><h2 id=\"counts\">Instances</h2>\n<ul class=\"cards\">\n".to_owned();
    for (status, class, words) in STATUSES {
        let count = of(counts, status);
        let _ = writeln!(text, "<li class=\"{class}\"><b>{}</b><span>{words}</span></li>", grouped(count));
    }
    text += "</ul>\n";
    let frames: u64 = loaded.records.iter().map(|record| u64::from(record.frames.examined)).sum();
    let parts: Vec<String> = STATUSES.iter().map(|(status, _, _)| grouped(of(counts, *status))).collect();
    let whole = match loaded.footer {
        Some(footer)
            if footer.inputs == counts.total() && footer.counts == counts && footer.frames_examined == frames =>
        {
            "<b class=\"good\">complete</b>: the run's own sums are the same"
        }
        Some(_) => "<b class=\"bad\">incomplete</b>: the run's own sums differ",
        None => "<b class=\"bad\">incomplete</b>: the run was cut off, its sums are missing",
    };
    let _ = writeln!(
        text,
        "<p class=\"proof\">Count proof: {} = {} inputs, each with one record; {} frames examined; {} other files \
ignored. {whole}.</p></section>",
        parts.join(" + "),
        grouped(counts.total()),
        grouped(frames),
        grouped(loaded.ignored.len() as u64)
    );
    text
}

fn charts(loaded: &Loaded, counts: Counts) -> String {
    let by_status: Vec<Bar> = (STATUSES.iter())
        .map(|&(status, class, words)| Bar { label: words.into(), parts: vec![(of(counts, status), class)] })
        .collect();
    let mut modalities: BTreeMap<&str, Counts> = BTreeMap::new();
    for record in &loaded.records {
        modalities.entry(record.modality.as_deref().unwrap_or("none")).or_default().add(record.status);
    }
    let parts = |counts: &Counts| STATUSES.iter().map(|&(status, class, _)| (of(*counts, status), class)).collect();
    let mut by_modality: Vec<Bar> =
        modalities.iter().map(|(name, counts)| Bar { label: (*name).to_owned(), parts: parts(counts) }).collect();
    by_modality.sort_by_key(|bar| std::cmp::Reverse(bar.total()));
    let (detection, reading) = scores(loaded);
    format!(
        "<section aria-labelledby=\"charts\"><h2 id=\"charts\">Figures</h2>\n<div class=\"charts\">\n{}{}{}{}</div></section>\n",
        chart::bars("Instances by status", &by_status),
        chart::bars("Instances by modality", &chart::shortened(by_modality, MOST_RULES)),
        chart::bars("Regions by rule", &chart::shortened(rules(loaded), MOST_RULES)),
        chart::histogram(
            "Regions by score",
            &[("masked: detection", "masked", detection), ("kept: reading", "kept", reading)]
        ),
    )
}

fn rules(loaded: &Loaded) -> Vec<Bar> {
    let mut rules: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for region in loaded.records.iter().flat_map(|record| &record.regions) {
        let counts = rules.entry(&region.reason).or_default();
        match region.action {
            Decision::Mask => counts[0] += 1,
            Decision::Keep => counts[1] += 1,
            Decision::Review => counts[2] += 1,
        }
    }
    let bar = |(rule, [masked, kept, review]): (&&str, &[u64; 3])| Bar {
        label: (*rule).to_owned(),
        parts: vec![(*masked, "masked"), (*kept, "kept"), (*review, "review")],
    };
    let mut bars: Vec<Bar> = rules.iter().map(bar).collect();
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.total()));
    bars
}

/// Counts regions by tenths of their score: detection of the masked ones, reading of the kept.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is in 0..=1")]
fn scores(loaded: &Loaded) -> ([u64; 10], [u64; 10]) {
    let (mut detection, mut reading) = ([0; 10], [0; 10]);
    let place = |score: f32| ((score.clamp(0.0, 1.0) * 10.0) as usize).min(9);
    for region in loaded.records.iter().flat_map(|record| &record.regions) {
        match region.action {
            Decision::Mask => region.detection_score.into_iter().for_each(|score| detection[place(score)] += 1),
            Decision::Keep => region.reading.iter().for_each(|own| reading[place(own.score)] += 1),
            Decision::Review => {}
        }
    }
    (detection, reading)
}

/// What did not go out, and why.
fn held(loaded: &Loaded) -> String {
    let is_left = |record: &&Record| matches!(record.status, Status::Held | Status::Review);
    let left: Vec<&Record> = loaded.records.iter().filter(is_left).collect();
    let mut text = "<section aria-labelledby=\"held\"><h2 id=\"held\">Not in the output</h2>\n".to_owned();
    if left.is_empty() {
        return text + "<p>Nothing was held.</p></section>\n";
    }
    text += "<table><thead><tr><th scope=\"col\">File</th><th scope=\"col\">Status</th><th scope=\"col\">Why</th></tr></thead><tbody>\n";
    for record in left {
        let (class, words) = if record.status == Status::Held { ("held", "held") } else { ("review", "review") };
        let why = match (&record.reason, record.advice.first()) {
            (Some(reason), _) => reason.message.as_str(),
            (None, Some(advice)) => advice.message.as_str(),
            (None, None) => "a person has to decide",
        };
        let _ = writeln!(
            text,
            "<tr><td class=\"path\">{}</td><td><span class=\"tag {class}\">{words}</span></td><td>{}</td></tr>",
            escape(&record.path),
            escape(why)
        );
    }
    text + "</tbody></table></section>\n"
}

/// What persons changed.
fn changes(loaded: &Loaded) -> String {
    let mut by_change: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for review in loaded.records.iter().flat_map(|record| &record.regions).filter_map(|region| region.review.as_ref()) {
        let change = match review.change {
            RegionChange::Accepted => "accepted",
            RegionChange::Drawn => "drawn",
            RegionChange::Moved => "moved",
            RegionChange::Decided => "decided otherwise",
            RegionChange::Removed => "removed",
        };
        *by_change.entry((&review.reviewer, change)).or_default() += 1;
    }
    if loaded.header.review.is_none() {
        return String::new();
    }
    let whole = loaded.records.iter().filter(|record| record.review.as_ref().is_some_and(|own| own.verdict.is_some()));
    let mut text = format!(
        "<section aria-labelledby=\"people\"><h2 id=\"people\">What persons changed</h2>\n<p>{} instances with a verdict.</p>\n\
<table><thead><tr><th scope=\"col\">Reviewer</th><th scope=\"col\">Regions</th><th scope=\"col\">Count</th></tr></thead><tbody>\n",
        whole.count()
    );
    for ((reviewer, change), count) in by_change {
        let _ = writeln!(text, "<tr><td>{}</td><td>{change}</td><td>{count}</td></tr>", escape(reviewer));
    }
    text + "</tbody></table></section>\n"
}

/// Versions and hashes.
fn provenance(loaded: &Loaded) -> String {
    let header = &loaded.header;
    let mut rows: Vec<(String, String)> = vec![
        ("Report, SHA-256".into(), loaded.sha256.clone()),
        ("deburn".into(), header.version.clone()),
        ("ONNX Runtime".into(), format!("{}, {}", header.runtime.version, header.runtime.execution_provider)),
    ];
    rows.extend(header.models.iter().map(|own| (format!("{}: {}", own.role, own.file), own.sha256.clone())));
    rows.extend(header.options.rules.iter().map(|own| (format!("rules: {}", own.file), own.sha256.clone())));
    if let Some(review) = &header.review {
        rows.push(("Reviewed report, SHA-256".into(), review.report_sha256.clone()));
        rows.extend(review.decisions.iter().map(|own| (format!("decisions: {}", own.file), own.sha256.clone())));
    }
    if let Ok(serde_json::Value::Object(options)) = serde_json::to_value(&header.options) {
        let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let own = options.iter().filter(|(name, _)| *name != "rules");
        rows.extend(own.map(|(name, value)| (format!("option: {}", name.replace('_', " ")), plain(value))));
    }
    let mut text =
        "<section aria-labelledby=\"made\"><h2 id=\"made\">Versions and hashes</h2>\n<table class=\"made\"><tbody>\n"
            .to_owned();
    for (name, value) in rows {
        let _ = writeln!(text, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(&name), escape(&value));
    }
    text + "</tbody></table></section>\n"
}

/// Returns the name of a choice as in the report.
fn name(choice: &impl serde::Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Writes a number with narrow spaces between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
