//! The figures as a picture: for each stage a small chart of its throughput over threads, as SVG.
//!
//! ```text
//!   MB/s │            ,·'   ideal: the rate of one thread, times the threads
//!        │        ,·'  ┬
//!        │    ,·'  ___─●    a point a number of threads: the median, with the slowest and the
//!        │ ,·'●─┴─'         fastest run
//!      0 └──────────────
//!        0    1        2    threads
//! ```
//!
//! Each chart has its own scale, from zero: it shows how a stage grows with threads, and stages differ a hundredfold.

use std::fmt::Write as _;

use measure::{Measured, MeasuredStage, Measurement};

use super::text;

/// Charts beside each other.
const COLUMNS: usize = 4;
/// Size of a chart with its margins, in pixels.
const CELL: (f64, f64) = (250.0, 200.0);
/// The margins: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (52.0, 34.0, 16.0, 34.0);
/// Height of the head of the picture, and of its foot.
const HEAD: f64 = 79.0;
const FOOT: f64 = 30.0;

const INK: &str = "#24292f";
const PALE: &str = "#6e7781";
const GRID: &str = "#e3e6ea";
const LINE: &str = "#0b62c4";
const LIMIT: &str = "#c2570c";

/// One chart.
struct Chart<'m> {
    title: String,
    /// Fewer threads first.
    points: Vec<Point>,
    /// MB/s of the limit with one thread; only for `decode`.
    limit: Option<f64>,
    measured: &'m Measured,
}

/// A number of threads, and MB of text a second.
struct Point {
    threads: usize,
    median: f64,
    slowest: f64,
    fastest: f64,
}

/// The whole picture.
pub(super) fn svg(measured: &Measured) -> String {
    let charts: Vec<Chart<'_>> = MeasuredStage::ALL
        .into_iter()
        .filter(|&stage| stage != MeasuredStage::Limit)
        .filter_map(|stage| Chart::of(stage, measured))
        .collect();
    let columns = charts.len().clamp(1, COLUMNS);
    let rows = charts.len().div_ceil(columns).max(1);
    // Not narrower than its title.
    let width = (columns as f64 * CELL.0).max(2.0 * CELL.0) + 16.0;
    let height = HEAD + rows as f64 * CELL.1 + FOOT;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\" \
         font-size=\"11\" fill=\"{INK}\">\n\
         <title>Throughput of each stage over threads</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let mut head = SvgText { out: &mut out, anchor: "start", colour: INK };
    head.put(
        16.0,
        24.0,
        "font-size=\"15\" font-weight=\"600\"",
        "MB of text a second over threads",
    );
    head.colour = PALE;
    head.put(16.0, 41.0, "", &text::machine(&measured.machine));
    head.put(16.0, 56.0, "", &text::build(&measured.build));
    head.put(16.0, 71.0, "", &text::sample(&measured.sample));
    for (n, chart) in charts.iter().enumerate() {
        let (column, row) = (n % columns, n / columns);
        chart.draw(column as f64 * CELL.0, HEAD + row as f64 * CELL.1, &mut out);
    }
    let limited = charts.iter().any(|chart| chart.limit.is_some());
    legend(height - FOOT / 2.0, limited, &mut out);
    out.push_str("</svg>\n");
    out
}

/// What the lines mean.
fn legend(y: f64, limited: bool, out: &mut String) {
    let mut entries = vec![
        (LINE, "", "median, slowest and fastest run"),
        (PALE, "4 3", "ideal: one thread times their number"),
    ];
    if limited {
        entries.push((LIMIT, "2 2", "limit: base64 and DEFLATE alone"));
    }
    let mut x = 16.0;
    for (colour, dashes, words) in entries {
        line((x, y), (x + 24.0, y), colour, 2.0, dashes, out);
        SvgText { out, anchor: "start", colour: INK }.put(x + 30.0, y + 4.0, "", words);
        x += 48.0 + 6.0 * words.len() as f64;
    }
}

impl<'m> Chart<'m> {
    /// The chart of a stage; None when it was not measured.
    fn of(stage: MeasuredStage, measured: &'m Measured) -> Option<Self> {
        let point = |one: &Measurement| {
            let spread = one.spread();
            let rate = |seconds| Some(measured.rates(seconds)?.decoded_mb);
            Some(Point {
                threads: one.threads,
                median: rate(spread.median)?,
                slowest: rate(spread.max)?,
                fastest: rate(spread.min)?,
            })
        };
        let points: Vec<_> = measured
            .measurements
            .iter()
            .filter(|one| one.stage == stage)
            .filter_map(point)
            .collect();
        let limit =
            measured.find(MeasuredStage::Limit, 1).filter(|_| stage == MeasuredStage::Decode);
        let limit = limit.and_then(|one| measured.rates(one.spread().median));
        (!points.is_empty()).then(|| Self {
            title: match stage.source() {
                "memory" => stage.name().to_owned(),
                source => format!("{}, from {source}", stage.name()),
            },
            points,
            limit: limit.map(|rates| rates.decoded_mb),
            measured,
        })
    }

    fn draw(&self, left: f64, top: f64, out: &mut String) {
        let (x0, x1) = (left + MARGIN.0, left + CELL.0 - MARGIN.2);
        let (y0, y1) = (top + CELL.1 - MARGIN.3, top + MARGIN.1);
        let [Some(first), Some(last)] = [self.points.first(), self.points.last()] else { return };
        // The rate of one thread, from the measurement with the fewest threads: a straight line from the origin.
        let ideal = first.median / first.threads as f64;
        let most_threads = last.threads as f64;
        let highest = self
            .points
            .iter()
            .map(|point| point.fastest)
            .chain([ideal * most_threads, self.limit.unwrap_or(0.0) * most_threads])
            .fold(0.0, f64::max);
        let step = tick(highest);
        let top_value = (highest / step).ceil() * step;
        let x = |threads: f64| x0 + (x1 - x0) * threads / (most_threads + 0.25);
        let y = |value: f64| y0 + (y1 - y0) * value / top_value;

        SvgText { out, anchor: "start", colour: INK }.put(
            left + 16.0,
            top + 18.0,
            "font-weight=\"600\"",
            &self.title,
        );
        let ticks = (0..).map(|n| f64::from(n) * step);
        for value in ticks.take_while(|value| *value < top_value + step / 2.0) {
            line((x0, y(value)), (x1, y(value)), GRID, 1.0, "", out);
            SvgText { out, anchor: "end", colour: PALE }.put(
                x0 - 6.0,
                y(value) + 4.0,
                "",
                &label(value),
            );
        }
        let cores = self.measured.machine.cores;
        if cores < last.threads {
            // More threads than cores cannot be faster.
            line((x(cores as f64), y0), (x(cores as f64), y1), GRID, 1.0, "", out);
            SvgText { out, anchor: "middle", colour: PALE }.put(
                x(cores as f64),
                y1 - 3.0,
                "font-size=\"9\"",
                "cores",
            );
        }
        let mut free = f64::MIN;
        for point in &self.points {
            let at = x(point.threads as f64);
            line((at, y0), (at, y0 + 3.0), PALE, 1.0, "", out);
            // Numbers that would run into the one before are left out.
            if at >= free {
                let number = point.threads.to_string();
                SvgText { out, anchor: "middle", colour: PALE }.put(at, y0 + 15.0, "", &number);
                free = at + 8.0 + 7.0 * number.len() as f64;
            }
        }
        SvgText { out, anchor: "end", colour: PALE }.put(
            x1,
            y0 + 28.0,
            "font-size=\"10\"",
            "threads",
        );
        line((x0, y0), (x1, y0), PALE, 1.0, "", out);
        if let Some(limit) = self.limit {
            let end = (x(most_threads), y(limit * most_threads));
            line((x0, y0), end, LIMIT, 1.5, "2 2", out);
        }
        line((x0, y0), (x(most_threads), y(ideal * most_threads)), PALE, 1.5, "4 3", out);

        let mut path = String::new();
        for point in &self.points {
            let at = x(point.threads as f64);
            let _never = write!(path, "{:.1},{:.1} ", at, y(point.median));
            line((at, y(point.slowest)), (at, y(point.fastest)), LINE, 1.0, "", out);
            for end in [point.slowest, point.fastest] {
                line((at - 3.0, y(end)), (at + 3.0, y(end)), LINE, 1.0, "", out);
            }
        }
        let _never = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{LINE}\" stroke-width=\"2\"/>",
            path.trim_end()
        );
        for point in &self.points {
            let (at, height) = (x(point.threads as f64), y(point.median));
            let _never = writeln!(
                out,
                "<circle cx=\"{at:.1}\" cy=\"{height:.1}\" r=\"3\" fill=\"{LINE}\"/>"
            );
        }
        let mut words = text::figure(last.median);
        if last.threads > first.threads {
            let times = last.median / first.median;
            let _never = write!(words, ", {times:.2}×");
        }
        SvgText { out, anchor: "end", colour: LINE }.put(
            x1,
            top + 18.0,
            "font-weight=\"600\"",
            &words,
        );
    }
}

/// The distance of grid lines: 1, 2 or 5 times a power of ten, so that at most four are below `highest`.
fn tick(highest: f64) -> f64 {
    let power = 10_f64.powf((highest.max(1e-3) / 4.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| highest / step <= 4.0).unwrap_or(10.0 * power)
}

/// A number of an axis.
fn label(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        10_000.0.. => format!("{} k", value / 1_000.0),
        1.0.. => format!("{value}"),
        _ => format!("{value:.3}"),
    }
}

fn line(
    from: (f64, f64),
    to: (f64, f64),
    colour: &str,
    width: f64,
    dashes: &str,
    out: &mut String,
) {
    let dashes =
        if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
    // Writing to a String does not fail.
    let _never = writeln!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>",
        from.0, from.1, to.0, to.1
    );
}

/// Words in the picture.
struct SvgText<'o> {
    out: &'o mut String,
    anchor: &'static str,
    colour: &'static str,
}

impl SvgText<'_> {
    /// Writes words at a position. They may be anything; `style` is not escaped.
    fn put(&mut self, x: f64, y: f64, style: &str, words: &str) {
        let mut safe = String::new();
        for c in words.chars() {
            match c {
                '&' => safe.push_str("&amp;"),
                '<' => safe.push_str("&lt;"),
                '>' => safe.push_str("&gt;"),
                // Not allowed in XML (2.2, Char).
                _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                    safe.push('\u{fffd}');
                }
                _ => safe.push(c),
            }
        }
        let (anchor, colour) = (self.anchor, self.colour);
        let _never = writeln!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\" {style}>{safe}</text>"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_grid_lines_at_round_numbers() {
        for (highest, expected) in [
            (0.9, 0.5),
            (1.0, 0.5),
            (4.0, 1.0),
            (9.0, 5.0),
            (950.0, 500.0),
            (1_700.0, 500.0),
            (33_000.0, 10_000.0),
        ] {
            assert!((tick(highest) - expected).abs() < 1e-9, "{highest}: {}", tick(highest));
        }
    }

    #[test]
    fn words_cannot_end_the_text() {
        let mut out = String::new();
        SvgText { out: &mut out, anchor: "start", colour: INK }.put(0.0, 0.0, "", "a<b>&\u{1}");
        assert!(out.contains(">a&lt;b&gt;&amp;\u{fffd}</text>"), "{out}");
    }
}
