//! `analyze endpoint`: what an endpoint takes and answers, how fast it is, and since when that is different.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use query::{
    BodyPath, BodySchema, Durations, EndpointDescription, EndpointFlow, EndpointPeriod,
    EndpointTotals, EndpointTurn, KindTotals, PathChange, PathEvent, TurnFigure, ValueCount,
    describe_endpoint, endpoint_query, endpoints, find_endpoint,
};
use tables::Stored;
use tables::cell::Micros;

use super::Exit;
use super::figures::{bytes, count, counted, milliseconds, minute, percent, span};
use super::outgoing::Outgoing;
use super::summary::sparkline;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{
    cut, cut_address, cut_end, cut_start, safe, say, shell, width, write_json, write_json_pretty,
};
use super::zone::zone;

/// Flows, periods, paths and changes that are shown without `--all`.
const FLOWS: usize = 8;
const PERIODS: usize = 24;
const PATHS: usize = 40;
const CHANGES: usize = 12;

/// Endpoints that are listed without `--all`.
const ENDPOINTS: usize = 20;

/// Columns of an example.
const EXAMPLE: usize = 40;

/// Bars of a trend at most.
const BARS: usize = 60;

/// What does this endpoint take and answer, how fast is it, and since when is it different?
///
/// Shows its requests by status, flow and step; requests, share of failures and times by the hour (by the day when they
/// span more than 48 hours); and of the bodies that were sent and answered each path with its presence, types and
/// values. Without ENDPOINT, lists the endpoints with their ranks.
///
/// BODIES is the share of bodies with the path, MISSING counts objects at its place that are without it, DIFFERENT its
/// values.
///
/// Changes: a path has appeared when no earlier body of the same flow and step has it, and vanished when no later one
/// has it. What chance may explain is not shown: in random order, so many bodies without it at one end would be less
/// probable than one in a thousand, for all paths together; and so would runs, one in a hundred, with three runs on each
/// side at least. Answers of failed requests are compared with each other.
///
/// Failures or times since when they are different: the runs in order of time are cut where they differ most. It is shown
/// when shuffled runs differ as much in fewer than four of a thousand cases, and the figure by half.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EndpointCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// The endpoint: its rank (1 has most failed requests), or words that all stand in its name
    #[arg(value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// Shows all endpoints, flows, periods, paths and changes
    #[arg(short, long)]
    all: bool,
    /// Shows only paths that are missing in some objects, those that are missing most often first
    #[arg(long)]
    missing: bool,
    /// How many of the most frequent values of a path are shown
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,
    /// One JSON object; without ENDPOINT JSON lines, one for each endpoint
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze endpoint report
  analyze endpoint report 1
  analyze endpoint report 'post orders' --all
  analyze endpoint report orders --missing
  analyze endpoint report orders --json \\
      | jq '.request.paths[] | select(.missing > 0)'

Exit codes: 0 done, 2 not done: no such endpoint, several with these words, no report.";

const LIST: ColumnHeads = &[
    ("RANK", Align::Right),
    ("REQUESTS", Align::Right),
    ("FAILED", Align::Right),
    ("SHARE", Align::Right),
    ("MAX", Align::Right),
    ("ENDPOINT", Align::Address),
];

const OF_FLOWS: ColumnHeads = &[
    ("REQUESTS", Align::Right),
    ("FAILED", Align::Right),
    ("SHARE", Align::Right),
    ("50 %", Align::Right),
    ("95 %", Align::Right),
    ("MAX", Align::Right),
    ("FLOW, STEP", Align::Left),
];

const OF_PERIODS: ColumnHeads = &[
    ("FROM", Align::Left),
    ("REQUESTS", Align::Right),
    ("FAILED", Align::Right),
    ("SHARE", Align::Right),
    ("50 %", Align::Right),
    ("95 %", Align::Right),
    ("MAX", Align::Right),
];

const OF_PATHS: ColumnHeads = &[
    ("BODIES", Align::Right),
    ("MISSING", Align::Right),
    ("TYPE", Align::Left),
    ("DIFFERENT", Align::Right),
    ("PATH", Align::Left),
    ("MOST FREQUENT", Align::Left),
];

const OF_CHANGES: ColumnHeads = &[
    ("WHEN", Align::Left),
    ("WHAT", Align::Left),
    ("BODIES WITH IT", Align::Right),
    ("WITHOUT", Align::Right),
    ("PATH", Align::Left),
];

impl EndpointCommand {
    /// Prints the description, or the list.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let report = Stored::open(&self.report)?;
        let endpoints = endpoints(&report)?;
        let wide = io::stdout().is_terminal().then(width);
        let mut out = Outgoing::of(&report, false)?;
        let Some(name) = &self.endpoint else {
            if self.json {
                for endpoint in &endpoints {
                    write_json(&mut out, endpoint)?;
                }
            } else if endpoints.is_empty() {
                say("no request names an endpoint");
            } else {
                let shown = endpoints.len().min(if self.all { usize::MAX } else { ENDPOINTS });
                for line in list(&endpoints[..shown]).lines(wide) {
                    writeln!(out, "{line}")?;
                }
                if shown < endpoints.len() {
                    let more = (endpoints.len() - shown) as u64;
                    let more = counted(more, "more endpoint", "more endpoints");
                    say(&format!("{more}; --all shows them"));
                }
            }
            out.flush()?;
            return Ok(Exit::Done);
        };
        let totals = find_endpoint(&endpoints, name)?;
        let described =
            describe_endpoint(&report, &totals.endpoint, self.examples, zone(), out.scope())?;
        if self.json {
            write_json_pretty(&mut out, &described)?;
        } else {
            let text = EndpointText {
                of: &described,
                report: shell(&self.report.to_string_lossy()),
                query: endpoint_query(&endpoints, &totals.endpoint),
                all: self.all,
                missing: self.missing,
                wide,
                lines: Vec::new(),
            };
            for line in text.lines(totals.rank, endpoints.len()) {
                writeln!(out, "{line}")?;
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

fn list(endpoints: &[EndpointTotals]) -> TextTable {
    let mut table = TextTable::new(LIST).without_room(&["MAX", "SHARE"]);
    for total in endpoints {
        table.row([
            count(total.rank as u64),
            count(total.requests),
            count(total.failed),
            share(total.failed, total.requests),
            total.duration_max_ms.map(milliseconds).unwrap_or_default(),
            total.endpoint.clone(),
        ]);
    }
    table
}

struct EndpointText<'e> {
    of: &'e EndpointDescription,
    /// The folder as a shell takes it.
    report: String,
    /// The query that finds its requests.
    query: String,
    all: bool,
    /// Whether only paths that are missing somewhere are shown.
    missing: bool,
    /// Columns of the terminal; `None` when the output is no terminal.
    wide: Option<usize>,
    lines: Vec<String>,
}

impl EndpointText<'_> {
    fn lines(mut self, rank: usize, endpoints: usize) -> Vec<String> {
        let of = self.of;
        let place = format!(", {rank} of {endpoints}");
        let room = self.wide.map_or(usize::MAX, |wide| wide.saturating_sub(place.len()));
        self.lines.push(format!("{}{place}", cut_address(&of.endpoint, room)));
        let failed = match of.failed {
            0 => "none failed".to_owned(),
            failed => format!("{} failed ({})", count(failed), share(failed, of.requests)),
        };
        self.lines.push(format!("Requests   {}, {failed}", count(of.requests)));
        if let (Some(first), Some(last)) = (of.first_at, of.last_at) {
            self.lines.push(format!(
                "Period     {} to {} ({})",
                minute(first),
                minute(last),
                zone().name()
            ));
        }
        if !of.statuses.top.is_empty() {
            let statuses = of.statuses.top.iter();
            let mut statuses: Vec<_> =
                statuses.map(|of| format!("{} ({})", of.value, count(of.count))).collect();
            let with: u64 = of.statuses.top.iter().map(|of| of.count).sum();
            if with < of.requests {
                statuses.push(format!("none ({})", count(of.requests - with)));
            }
            self.lines.push(format!("Statuses   {}", statuses.join(", ")));
        }
        if let Some(Durations { p50_ms, p95_ms, max_ms }) = of.durations {
            let [p50, p95, max] = [p50_ms, p95_ms, max_ms].map(milliseconds);
            self.lines.push(format!("Time       median {p50}, 95 % within {p95}, longest {max}"));
        }
        self.flows();
        self.periods();
        self.bodies("Sent", &of.request);
        self.bodies("Answered", &of.response);
        self.lines.push(String::new());
        self.lines.push("Next".to_owned());
        for query in [self.query.clone(), format!("{} is:failed", self.query)] {
            self.lines.push(format!("  analyze search {} {}", self.report, shell(&query)));
        }
        let wide = self.wide;
        let commands = self.lines.len() - 2;
        let fitted = self.lines.into_iter().enumerate().map(|(n, line)| match wide {
            // A command is copied whole.
            Some(wide) if n < commands => cut_end(&line, wide),
            _ => line,
        });
        fitted.collect()
    }

    /// A heading and a table below it, of which so many rows are shown; the rest is counted.
    fn part(&mut self, heading: &str, table: &TextTable, left_out: usize) {
        if table.is_empty() {
            return;
        }
        self.lines.push(String::new());
        self.lines.push(heading.to_owned());
        self.table(table, left_out);
    }

    fn table(&mut self, table: &TextTable, left_out: usize) {
        let wide = self.wide.map(|wide| wide.saturating_sub(2));
        self.lines.extend(table.lines(wide).iter().map(|line| format!("  {line}")));
        if left_out > 0 {
            self.lines.push(format!("  and {} more; --all shows them", count(left_out as u64)));
        }
    }

    fn limit(&self, limit: usize) -> usize {
        if self.all { usize::MAX } else { limit }
    }

    fn flows(&mut self) {
        let flows = &self.of.flows;
        let shown = flows.len().min(self.limit(FLOWS));
        let mut table = TextTable::new(OF_FLOWS).without_room(&["SHARE", "50 %"]);
        for EndpointFlow { flow, step, requests, failed, durations } in &flows[..shown] {
            let [p50, p95, max] = times(*durations);
            let names: Vec<&str> = [flow, step].into_iter().filter_map(Option::as_deref).collect();
            let names = match names.as_slice() {
                [] => "(flow unknown)".to_owned(),
                names => names.join(", "),
            };
            let share = share(*failed, *requests);
            table.row([count(*requests), count(*failed), share, p50, p95, max, names]);
        }
        self.part("By flow and step", &table, flows.len() - shown);
    }

    fn periods(&mut self) {
        let periods = &self.of.periods;
        let (Some(first), Some(last)) = (periods.first(), periods.last()) else { return };
        let (unit, length) = if first.day { ("day", 24) } else { ("hour", 1) };
        let number = |at: Micros| {
            usize::try_from((at.0 - first.from.0) / (length * 3_600_000_000)).unwrap_or_default()
        };
        let all = number(last.from) + 1;
        let room = self.wide.map_or(BARS, |wide| wide.saturating_sub(40).clamp(8, BARS));
        // As many periods for each bar as let all of them fit.
        let step = all.div_ceil(room);
        let mut bars = vec![Bar::default(); all.div_ceil(step)];
        for period in periods {
            bars[number(period.from) / step].add(period);
        }
        let each = if step > 1 { format!(", a bar for {step} {unit}s") } else { String::new() };
        self.lines.push(String::new());
        self.lines.push(format!("By {unit}, {}{each}", zone().name()));
        self.trend("requests", &bars, |bar| bar.requests, count);
        self.trend("failed", &bars, Bar::millionths, |n| percent(n as f64 / 1e6));
        self.trend("95 %", &bars, |bar| bar.p95_ms, span);
        self.turns();
        let shown = periods.len().min(self.limit(PERIODS));
        let mut table = TextTable::new(OF_PERIODS).without_room(&["SHARE", "50 %"]);
        for EndpointPeriod { from, requests, failed, durations, .. } in
            &periods[periods.len() - shown..]
        {
            let [p50, p95, max] = times(*durations);
            let share = share(*failed, *requests);
            let from = when(*from, first.day);
            table.row([from, count(*requests), count(*failed), share, p50, p95, max]);
        }
        let earlier = periods.len() - shown;
        self.table(&table, 0);
        if earlier > 0 {
            let earlier = count(earlier as u64);
            self.lines.push(format!("  and {earlier} earlier; --all shows them"));
        }
    }

    /// A line with a figure of each bar, and the largest in words.
    fn trend(
        &mut self,
        name: &str,
        bars: &[Bar],
        figure: impl Fn(&Bar) -> u64,
        words: impl Fn(u64) -> String,
    ) {
        let figures: Vec<u64> = bars.iter().map(figure).collect();
        let most = figures.iter().copied().max().unwrap_or(0);
        if most > 0 {
            let most = words(most);
            self.lines.push(format!("  {name:<9}{}  at most {most}", sparkline(&figures)));
        }
    }

    fn turns(&mut self) {
        for EndpointTurn { figure, at, before, after, .. } in &self.of.turns {
            let (name, [before, after]) = match figure {
                TurnFigure::FailedShare => ("failed", [before, after].map(|share| percent(*share))),
                TurnFigure::Median => ("median", [before, after].map(|ms| milliseconds(*ms))),
            };
            let at = minute(*at);
            self.lines.push(format!("  {name:<9}{after} since {at}, {before} before"));
        }
    }

    fn bodies(&mut self, name: &str, schema: &BodySchema) {
        self.lines.push(String::new());
        if schema.bodies == 0 {
            self.lines.push(format!("{name}: no bodies"));
            return;
        }
        let bodies = counted(schema.bodies, "body", "bodies");
        match schema.kinds.as_slice() {
            [kind] => self.lines.push(format!("{name}: {bodies}, {}", kind_facts(kind))),
            kinds => {
                self.lines.push(format!("{name}: {bodies}"));
                let line =
                    |kind: &KindTotals| format!("  {} {}", count(kind.bodies), kind_facts(kind));
                self.lines.extend(kinds.iter().map(line));
            }
        }
        if schema.left_out > 0 {
            let missing = if schema.left_out == schema.bodies {
                "no values: --bodies has left all of them out of the report".to_owned()
            } else {
                format!(
                    "values of {} only: --bodies has left the others out of the report",
                    count(schema.bodies - schema.left_out)
                )
            };
            self.lines.push(format!("  {missing}"));
        }
        if schema.cut > 0 {
            let cut = counted(schema.cut, "body breaks off", "bodies break off");
            self.lines.push(format!("  {cut} inside the JSON, its paths are not counted"));
        }
        let mut told: Vec<&BodyPath> = schema.paths.iter().filter(|path| tells(path)).collect();
        if self.missing {
            told.retain(|path| path.missing > Some(0));
            told.sort_by_key(|path| std::cmp::Reverse(path.missing));
        }
        let shown = told.len().min(self.limit(PATHS));
        let room = self.wide.map_or(usize::MAX, |wide| (wide / 3).max(24));
        let mut table = TextTable::new(OF_PATHS);
        for path in &told[..shown] {
            table.row([
                percent(path.share),
                path.missing.filter(|missing| *missing > 0).map(count).unwrap_or_default(),
                path.types.join("|"),
                path.distinct
                    .map(|distinct| {
                        format!("{}{}", count(distinct), if path.at_least { "+" } else { "" })
                    })
                    .unwrap_or_default(),
                cut_start(&safe(&path.path), room),
                values(&path.examples),
            ]);
        }
        if !table.is_empty() {
            self.table(&table, told.len() - shown);
        }
        if schema.more_paths {
            self.lines.push(format!(
                "  more than {} paths: the others are not counted",
                count(schema.paths.len() as u64)
            ));
        }
        self.changes(&schema.changes);
    }

    fn changes(&mut self, changes: &[PathChange]) {
        if changes.is_empty() {
            return;
        }
        let shown = changes.len().min(self.limit(CHANGES));
        let several = self.of.flows.len() > 1;
        let mut table = TextTable::new(OF_CHANGES);
        for change in &changes[..shown] {
            let what = match change.event {
                PathEvent::Appeared => "appeared",
                PathEvent::Vanished => "last seen",
            };
            let ty = change.value_type.map(|ty| format!(" as {ty}")).unwrap_or_default();
            let answers = match change.failed {
                Some(true) => ", when failed",
                _ => "",
            };
            let flow = change.flow.as_deref().filter(|_| several);
            let flow = flow.map(|flow| format!(", flow {flow}")).unwrap_or_default();
            table.row([
                minute(change.at),
                what.to_owned(),
                format!("{} of {}", count(change.with), count(change.of)),
                count(change.without),
                format!("{}{ty}{answers}{flow}", change.path),
            ]);
        }
        self.lines.push(format!("  Changes, {}", zone().name()));
        self.table(&table, changes.len() - shown);
    }
}

/// One or several periods together.
#[derive(Debug, Clone, Copy, Default)]
struct Bar {
    requests: u64,
    failed: u64,
    /// The largest of the periods.
    p95_ms: u64,
}

impl Bar {
    fn add(&mut self, period: &EndpointPeriod) {
        self.requests += period.requests;
        self.failed += period.failed;
        let p95 = period.durations.map_or(0, |of| (of.p95_ms as i64).unsigned_abs());
        self.p95_ms = self.p95_ms.max(p95);
    }

    /// The share of the failed requests, in millionths.
    fn millionths(&self) -> u64 {
        (self.failed * 1_000_000).checked_div(self.requests).unwrap_or(0)
    }
}

/// Whether a path says more than those in it: not the whole, and not the objects of a list.
fn tells(path: &BodyPath) -> bool {
    path.path != "$" && !(path.path.ends_with("[]") && path.types == ["object"])
}

/// Of which kind bodies are, and how large.
fn kind_facts(of: &KindTotals) -> String {
    let mean = of.bytes_sum.checked_div(of.bodies).unwrap_or(0);
    format!(
        "{}, {} different, {} on average, {} at most",
        of.kind,
        count(of.distinct),
        bytes(mean),
        bytes(of.bytes_max)
    )
}

fn values(examples: &[ValueCount]) -> String {
    let shown: Vec<String> = examples
        .iter()
        .map(|value| {
            let times =
                if value.count > 1 { format!(" ({})", count(value.count)) } else { String::new() };
            format!("{}{times}", cut(&value.value, EXAMPLE))
        })
        .collect();
    shown.join(", ")
}

fn times(durations: Option<Durations>) -> [String; 3] {
    durations
        .map_or_else(Default::default, |of| [of.p50_ms, of.p95_ms, of.max_ms].map(milliseconds))
}

fn share(part: u64, all: u64) -> String {
    if all == 0 { String::new() } else { percent(part as f64 / all as f64) }
}

/// A day, or a minute.
fn when(at: Micros, day: bool) -> String {
    let at = minute(at);
    if day { at.split(' ').next().unwrap_or_default().to_owned() } else { at }
}

#[cfg(test)]
mod tests {
    use query::Values;

    use super::super::terminal::columns;
    use super::*;

    const LONG: &str = "a text of a log that goes on and on, with \u{1b}[31m in it, until it is wider than any terminal that is used for reading logs, and then some more: 日本語 ışık";

    #[test]
    fn an_endpoint_keeps_its_method_and_its_end() {
        let check = |room, expected: &str| {
            assert_eq!(cut_address("POST a.example.com/orders", room), expected, "{room}");
        };
        check(25, "POST a.example.com/orders");
        check(15, "POST …om/orders");
        check(8, "…/orders");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_but_commands() {
        let durations = Some(Durations { p50_ms: 1.0, p95_ms: 2_000.0, max_ms: 300_000.0 });
        let path = BodyPath {
            path: LONG.to_owned(),
            types: vec!["number", "string"],
            bodies: 1,
            share: 0.5,
            failed: 0,
            missing: Some(1_000_000),
            distinct: Some(1_000_000),
            at_least: true,
            examples: vec![ValueCount { value: LONG.to_owned(), count: 2 }],
        };
        let change = PathChange {
            path: LONG.to_owned(),
            value_type: Some("number"),
            event: PathEvent::Appeared,
            at: Micros(0),
            with: 1_000_000,
            of: 1_000_000,
            without: 1_000_000,
            flow: Some(LONG.to_owned()),
            step: None,
            failed: Some(true),
        };
        let kind = KindTotals {
            kind: "json".to_owned(),
            bodies: 1_000_000,
            failed: 0,
            distinct: 1_000_000,
            bytes_sum: u64::MAX,
            bytes_max: u64::MAX,
            shapes: 1,
        };
        let schema = BodySchema {
            bodies: 1_000_000,
            left_out: 1,
            cut: 1,
            kinds: vec![kind.clone(), kind],
            paths: vec![path; 50],
            more_paths: true,
            changes: vec![change; 20],
        };
        let flow = EndpointFlow {
            flow: Some(LONG.to_owned()),
            step: Some(LONG.to_owned()),
            requests: 1_000_000,
            failed: 1_000,
            durations,
        };
        let hour = |n: i64| EndpointPeriod {
            from: Micros(n * 3_600_000_000),
            day: false,
            requests: 1_000_000,
            failed: 1_000,
            durations,
        };
        let turn = |figure, after| EndpointTurn {
            figure,
            at: Micros(0),
            before: 0.0,
            after,
            runs_before: 12,
            runs_after: 12,
        };
        let statuses = (200..260).map(|n| ValueCount { value: n.to_string(), count: 1_000_000 });
        let of = EndpointDescription {
            endpoint: LONG.to_owned(),
            requests: 1_000_000_000,
            failed: 1_000,
            first_at: Some(Micros(0)),
            last_at: Some(Micros(0)),
            statuses: Values { distinct: 60, at_least: false, top: statuses.collect() },
            durations,
            flows: vec![flow; 20],
            periods: (0..48).map(hour).collect(),
            turns: vec![
                turn(TurnFigure::FailedShare, 0.123_456),
                turn(TurnFigure::Median, 12_345_678.9),
            ],
            request: schema.clone(),
            response: schema,
        };
        for width in [40, 60, 80, 200] {
            let (report, query) = ("report".to_owned(), LONG.to_owned());
            let (missing, wide, lines) = (false, Some(width), Vec::new());
            let text =
                EndpointText { of: &of, report, query, all: width > 60, missing, wide, lines };
            for line in text.lines(1, 1) {
                let fits = columns(&line) <= width || line.starts_with("  analyze ");
                assert!(fits, "{width}: {line}");
                assert!(!line.contains('\u{1b}'), "{line}");
            }
        }
    }
}
