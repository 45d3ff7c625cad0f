//! Charts as inline SVG. Numbers stand beside the bars, so that nothing hangs on colors.

use std::fmt::Write as _;

/// A bar of a chart.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    /// What it counts.
    pub(super) label: String,
    /// Counts, each with the class of its color.
    pub(super) parts: Vec<(u64, &'static str)>,
}

impl Bar {
    pub(super) fn total(&self) -> u64 {
        self.parts.iter().map(|(count, _)| count).sum()
    }
}

const LABELS: f64 = 190.0;
const BARS: f64 = 270.0;
const NUMBERS: f64 = 60.0;
const ROW: f64 = 24.0;

/// Sums up what is beyond the first `most` bars.
pub(super) fn shortened(mut bars: Vec<Bar>, most: usize) -> Vec<Bar> {
    if bars.len() <= most {
        return bars;
    }
    let rest = bars.split_off(most - 1);
    let mut sum = Bar { label: format!("{} others", rest.len()), parts: Vec::new() };
    for (count, class) in rest.into_iter().flat_map(|bar| bar.parts) {
        match sum.parts.iter_mut().find(|(_, own)| *own == class) {
            Some(part) => part.0 += count,
            None => sum.parts.push((count, class)),
        }
    }
    bars.push(sum);
    bars
}

/// Draws bars below each other.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(super) fn bars(title: &str, bars: &[Bar]) -> String {
    let most = bars.iter().map(Bar::total).max().unwrap_or(0).max(1) as f64;
    let (width, height) = (LABELS + BARS + NUMBERS, ROW * bars.len().max(1) as f64);
    let mut svg = figure(title, width, height);
    for (row, bar) in bars.iter().enumerate() {
        let y = ROW * row as f64;
        let _ = write!(
            svg,
            "<g><title>{label}: {total}</title><text class=\"label\" x=\"{x}\" y=\"{base}\" text-anchor=\"end\">{short}</text>",
            label = escape(&bar.label),
            total = bar.total(),
            x = LABELS - 10.0,
            base = y + 16.0,
            short = escape(&cut(&bar.label)),
        );
        let mut x = LABELS;
        for (count, class) in bar.parts.iter().filter(|(count, _)| *count > 0) {
            let length = (*count as f64 / most * BARS).max(1.5);
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{}\" width=\"{length:.1}\" height=\"14\" rx=\"2\"/>",
                y + 5.0
            );
            x += length;
        }
        let _ =
            writeln!(svg, "<text class=\"number\" x=\"{:.1}\" y=\"{}\">{}</text></g>", x + 6.0, y + 16.0, bar.total());
    }
    svg + "</svg></figure>\n"
}

/// Draws counts by tenths of a score, one series beside the other.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(super) fn histogram(title: &str, series: &[(&str, &'static str, [u64; 10])]) -> String {
    const HEIGHT: f64 = 150.0;
    let most = series.iter().flat_map(|(_, _, counts)| counts).copied().max().unwrap_or(0).max(1) as f64;
    let width = LABELS + BARS + NUMBERS;
    let (left, step) = (20.0, (width - 40.0) / 10.0);
    let mut svg = figure(title, width, HEIGHT + 60.0);
    let thickness = (step - 8.0) / series.len() as f64;
    for (row, (name, class, counts)) in series.iter().enumerate() {
        for (tenth, &count) in counts.iter().enumerate() {
            let length = if count == 0 { 0.0 } else { (count as f64 / most * (HEIGHT - 16.0)).max(1.5) };
            let x = left + step * tenth as f64 + 4.0 + thickness * row as f64;
            let y = HEIGHT - length;
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{thickness:.1}\" height=\"{length:.1}\" rx=\"2\">\
<title>{name}, 0.{tenth} and above: {count}</title></rect>"
            );
            if count > 0 {
                let _ = write!(
                    svg,
                    "<text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{count}</text>",
                    x + thickness / 2.0,
                    y - 3.0
                );
            }
        }
        let x = left + 170.0 * row as f64;
        let y = HEIGHT + 44.0;
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" rx=\"2\"/><text class=\"label\" x=\"{}\" y=\"{y}\">{name}</text>",
            y - 11.0,
            x + 18.0
        );
    }
    for tenth in 0..=10 {
        let x = left + step * f64::from(tenth);
        let _ = write!(
            svg,
            "<text class=\"small\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{:.1}</text>",
            HEIGHT + 16.0,
            f64::from(tenth) / 10.0
        );
    }
    let _ = write!(svg, "<line x1=\"{left}\" y1=\"{HEIGHT}\" x2=\"{}\" y2=\"{HEIGHT}\"/>", width - 20.0);
    svg + "</svg></figure>\n"
}

fn figure(title: &str, width: f64, height: f64) -> String {
    format!(
        "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n"
    )
}

fn cut(label: &str) -> String {
    const MOST: usize = 28;
    if label.chars().count() <= MOST {
        return label.to_owned();
    }
    label.chars().take(MOST - 1).chain(['…']).collect()
}

/// Makes text safe between tags and in attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_label_is_markup() {
        assert_eq!(escape("<a b=\"c\">'&\n"), "&lt;a b=&quot;c&quot;&gt;&#39;&amp;\u{fffd}");
    }

    #[test]
    fn what_is_left_out_is_summed_up() {
        let bar = |count| Bar { label: "x".into(), parts: vec![(count, "masked")] };
        let short = shortened((1..=10).map(bar).collect(), 4);
        assert_eq!((short.len(), short[3].total(), short[3].label.as_str()), (4, (4..=10).sum(), "7 others"));
    }
}
