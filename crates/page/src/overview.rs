//! The part of the page that needs no script: what failed, since when, whether it is still broken, whose side, what
//! waits; charts, each with its numbers in a table.

use maud::{Markup, PreEscaped, html};
use tables::cell::Micros;

use crate::bins::TimeBins;
use crate::charts::{self, STEP};
use crate::counts::CountedNames;
use crate::figures::{COLOURED, EndpointFigures, FlowFigures, PageFigures};
use crate::formats::{count, duration, moment, percent};
use crate::group_list::GroupColumns;
use crate::quality::ReportQuality;
use crate::recent_runs::{RunColumns, StepSpan};
use crate::shown::{ShownText, plain};

/// Groups of the static list.
pub(crate) const GROUPS: usize = 20;

/// Rows of other static lists.
const ROWS: usize = 12;

/// Runs of the static list.
const RUNS: usize = 8;

/// Rows of the table beside a chart over time.
const TIME_ROWS: usize = 24;

/// All that the static part shows.
pub(crate) struct Overview<'p> {
    pub(crate) name: &'p str,
    pub(crate) banner: Option<&'static str>,
    pub(crate) bins: TimeBins,
    pub(crate) names: &'p CountedNames,
    pub(crate) groups: &'p GroupColumns,
    pub(crate) figures: &'p PageFigures,
    pub(crate) runs: &'p RunColumns,
    pub(crate) quality: &'p ReportQuality,
}

/// `2 orders`, `1 product`, `3 barcode keys`: keys of a kind.
fn key_words(kind: &str, number: u64) -> String {
    let one = number == 1;
    match kind {
        "order" => if one { "order" } else { "orders" }.to_owned(),
        "sku" => if one { "product" } else { "products" }.to_owned(),
        other => format!("{} {}", other.replace('_', " "), if one { "key" } else { "keys" }),
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A chart that is stretched to its place. What it says is in `label` and in a table beside it; without a label its
/// numbers stand beside it.
fn chart(class: &str, id: &str, bins: usize, label: &str, paths: &[String]) -> Markup {
    let role = (!label.is_empty()).then_some("img");
    let hidden = label.is_empty().then_some("true");
    html! {
        svg class=(class) id=[(!id.is_empty()).then_some(id)] viewBox=(format!("0 0 {} 100", bins.max(1) * STEP))
            preserveAspectRatio="none" role=[role] aria-label=[role.map(|_| label)] aria-hidden=[hidden] {
            @for (n, path) in paths.iter().enumerate() { path class=(format!("s{n}")) d=(path) {} }
        }
    }
}

impl Overview<'_> {
    /// The whole static part, in the order in which it is read.
    pub(crate) fn html(&self) -> Markup {
        html! {
            (self.answers())
            (self.errors_over_time())
            (self.group_table())
            (Self::requests_place())
            (self.waiting_over_time())
            (self.flow_hours())
            (self.endpoint_table())
            (self.run_table())
            (self.data_quality())
        }
    }

    fn name_of(place: Option<&ShownText<'static>>, unknown: &'static str) -> Markup {
        html! { @if let Some(name) = place { (name) } @else { (unknown) } }
    }

    fn time(&self, bin: usize) -> String {
        moment(self.bins.start(bin), false)
    }

    fn answers(&self) -> Markup {
        let figures = self.figures;
        let waiting: u64 = figures.waiting.iter().map(|(_, number)| number).sum();
        let largest = self.groups.title.first();
        html! {
            section id="answers" aria-label="At a glance" {
                dl {
                    div {
                        dt { "What failed" }
                        dd {
                            b id="n-failed" { (count(figures.failed)) } " of "
                            span id="n-requests" { (count(figures.requests)) } " requests ("
                            span id="n-share" { (percent(figures.failed, figures.requests)) } ")"
                            p {
                                span id="n-errors" { (count(figures.errors)) } " errors in "
                                span id="n-groups" { (count(self.groups.title.len() as u64)) } " groups"
                                @if let Some(largest) = largest {
                                    ", most often “" span id="n-largest" { (largest) } "”"
                                }
                            }
                        }
                    }
                    div {
                        dt { "Since when" }
                        dd {
                            b id="n-first" { (figures.first.map_or("–".to_owned(), |bin| self.time(bin))) }
                            p id="n-busiest" { (self.busiest()) }
                        }
                    }
                    div {
                        dt { "Still broken?" }
                        dd {
                            b id="n-broken" { (if waiting > 0 { "Yes" } else if figures.failed > 0 { "Nothing waits" } else { "No" }) }
                            p id="n-last" { (self.last_failure()) }
                        }
                    }
                    div {
                        dt { "Whose side" }
                        dd id="n-sides" {
                            @for (n, (side, number)) in figures.sides.iter().take(4).enumerate() {
                                @let share = percent(*number, figures.errors);
                                @if n == 0 {
                                    div { b { (Self::name_of(self.names.sides.get(*side), "not known")) } " " (share) }
                                } @else {
                                    p { (Self::name_of(self.names.sides.get(*side), "not known")) " " (share) }
                                }
                            }
                        }
                    }
                    div {
                        dt { "What waits" }
                        dd id="n-waiting" {
                            @if figures.waiting.is_empty() { b { "nothing" } }
                            @for (kind, number) in figures.waiting.iter().take(3) {
                                @let word = self.names.key_kinds.get(*kind).map_or("", ShownText::text);
                                p { a href=(format!("#v=keys:{word}")) { b { (count(*number)) } " " (plain(&key_words(word, *number))) } }
                            }
                            @if !figures.waiting.is_empty() { p { "their newest attempt failed" } }
                        }
                    }
                }
            }
        }
    }

    fn busiest(&self) -> String {
        self.figures.busiest.map_or_else(
            || self.no_failure(),
            |(bin, number)| {
                let (length, time) = (self.bins.length(), self.time(bin));
                format!("most: {} in {length} from {time}", count(number))
            },
        )
    }

    fn no_failure(&self) -> String {
        let failed = self.figures.failed > 0;
        if failed { "the time is not known" } else { "no failed request" }.to_owned()
    }

    fn last_failure(&self) -> String {
        let Some(last) = self.figures.last else { return self.no_failure() };
        let before = (self.bins.count - 1 - last) as f64 * self.bins.step as f64 / 1e3;
        let when = if before == 0.0 {
            "at the end of the log".to_owned()
        } else {
            format!("{} before the log ends", duration(before))
        };
        format!("last failure {}, {when}", self.time(last))
    }

    /// The times below a chart: first, middle, last.
    fn axis(&self) -> Markup {
        let ends = match self.bins.count {
            0 => Vec::new(),
            1 => vec![0],
            2..8 => vec![0, self.bins.count - 1],
            bins => vec![0, bins / 2, bins - 1],
        };
        html! {
            div class="axis" aria-hidden="true" { @for bin in ends { span { (self.time(bin)) } } }
        }
    }

    /// Numbers over time as a table, in at most 24 rows.
    fn time_table(&self, names: &[Markup], series: &[Vec<u64>], join: fn(&[u64]) -> u64) -> Markup {
        let per_row = self.bins.count.div_ceil(TIME_ROWS).max(1);
        html! {
            details class="numbers" {
                summary { "As a table" }
                div class="scroll" tabindex="0" role="region" aria-label="The numbers of the chart" {
                    table {
                        thead { tr { th scope="col" { "From (UTC)" } @for name in names { th scope="col" class="number" { (name) } } } }
                        tbody {
                            @for bin in (0..self.bins.count).step_by(per_row) {
                                tr {
                                    th scope="row" { (self.time(bin)) }
                                    @for numbers in series {
                                        td class="number" { (count(join(&numbers[bin..(bin + per_row).min(numbers.len())]))) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn errors_over_time(&self) -> Markup {
        let shown = self.groups.title.len().min(COLOURED);
        let more = self.groups.title.len() > COLOURED;
        let series = &self.figures.errors_by_bin[..if more { COLOURED + 1 } else { shown }];
        let (paths, most) = charts::stacked(series);
        let mut names: Vec<Markup> =
            self.groups.title[..shown].iter().map(|title| html! { (title.cut(90)) }).collect();
        if more {
            names.push(html! { "other groups" });
        }
        let label = "Errors over time by group. The numbers are in the table below.";
        html! {
            section id="errors-over-time" aria-labelledby="h-errors" {
                h2 id="h-errors" { "Errors over time" }
                p class="hint" {
                    "Errors in steps of " (self.bins.length()) ", at most " span id="n-most-errors" { (count(most)) } "."
                    span class="needs-script" hidden { " Drag over the chart to look at a part of the time." }
                }
                div class="plot" id="errors-plot" { (chart("bars", "errors-chart", self.bins.count, label, &paths)) }
                (self.axis())
                ol class="legend" id="errors-legend" {
                    @for (n, name) in names.iter().enumerate() {
                        li {
                            span class=(format!("swatch s{n}")) {}
                            @if n < shown { a href=(format!("#v=group:{}", self.groups.fingerprint[n].text())) { (name) } } @else { (name) }
                        }
                    }
                }
                (self.time_table(&names, series, |numbers| numbers.iter().sum()))
            }
        }
    }

    fn group_table(&self) -> Markup {
        let groups = self.groups;
        let all = groups.title.len();
        html! {
            section id="groups" aria-labelledby="h-groups" {
                h2 id="h-groups" { "Error groups" }
                p class="hint" {
                    @if all == 0 { "No request has an error. " } @else { "Errors that differ only in ids, numbers and names. " }
                    span id="groups-shown" { (count(all.min(GROUPS) as u64)) " of " (counted(all as u64, "group", "groups")) ", most errors first." }
                }
                div hidden[all == 0] {
                    div class="list" id="group-list" tabindex="0" role="region" aria-label="List of error groups" {
                        table {
                            thead { tr {
                                th scope="col" class="number" { "Errors" }
                                th scope="col" class="trend wide" { "Over time" }
                                th scope="col" class="text" { "Error, <*> where it varies" }
                                th scope="col" class="number" { "Waiting" }
                                th scope="col" class="word wide" { "Class" }
                                th scope="col" class="word wide" { "Side" }
                                th scope="col" class="times wide" { "First, last (UTC)" }
                            } }
                            tbody {
                                @for group in 0..all.min(GROUPS) { (self.group_row(group)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn group_row(&self, group: usize) -> Markup {
        let groups = self.groups;
        let (paths, _) = charts::stacked(&self.figures.sparks[group..=group]);
        let used = |bin: &usize| self.figures.sparks[group][*bin] > 0;
        let (first, last) = ((0..self.bins.count).find(used), (0..self.bins.count).rfind(used));
        html! {
            tr {
                td class="number" { (count(groups.count[group].unsigned_abs())) }
                td class="wide" { (chart("spark", "", self.bins.count, "", &paths)) }
                th scope="row" class="text" {
                    a href=(format!("#v=group:{}", groups.fingerprint[group].text())) { (groups.title[group].cut(300)) }
                }
                td class="number" { (count(groups.open[group].unsigned_abs())) }
                td class="wide" { (Self::name_of(self.names.classes.get(groups.class[group]), "")) }
                td class="wide" { (Self::name_of(self.names.sides.get(groups.side[group]), "")) }
                td class="wide times" { @if let (Some(first), Some(last)) = (first, last) { (self.time(first)) br; (self.time(last)) } }
            }
        }
    }

    /// Where the script lists single requests.
    fn requests_place() -> Markup {
        html! {
            section id="requests" class="needs-script" aria-labelledby="h-requests" hidden {
                h2 id="h-requests" { "Requests" }
                p class="hint" id="requests-shown" {}
                div class="list" id="request-list" tabindex="0" role="region" aria-label="List of requests" {
                    table { thead { tr {
                        th scope="col" class="time" { "Start (UTC)" }
                        th scope="col" class="number" { "Status" }
                        th scope="col" class="text" { "Error, or endpoint" }
                        th scope="col" class="key wide" { "Key" }
                        th scope="col" class="flow wide" { "Flow" }
                    } } }
                }
                // The head of lists of keys, which the script makes.
                div id="key-list" hidden {
                    table { thead { tr {
                        th scope="col" class="text" { "Key" }
                        th scope="col" class="number" { "Attempts" }
                        th scope="col" class="time" { "Since (UTC)" }
                        th scope="col" class="time wide" { "Last (UTC)" }
                        th scope="col" class="flow wide" { "Flow" }
                        th scope="col" class="error wide" { "Its error" }
                    } } }
                }
            }
        }
    }

    fn waiting_over_time(&self) -> Markup {
        let figures = self.figures;
        let used =
            figures.waiting_by_bin.iter().filter(|series| series.iter().any(|n| *n > 0)).count();
        if used == 0 {
            return html! {};
        }
        let kinds = figures.waiting.len().min(figures.waiting_by_bin.len() - 1);
        let series = &figures.waiting_by_bin;
        let (paths, most) = charts::stacked(series);
        let mut names: Vec<Markup> = figures.waiting[..kinds]
            .iter()
            .map(|(kind, _)| {
                let word = self.names.key_kinds.get(*kind).map_or("", ShownText::text);
                html! { (plain(&key_words(word, 2))) }
            })
            .collect();
        names.resize_with(series.len(), || html! { "other keys" });
        let label = "Keys that waited, over time. The numbers are in the table below.";
        let shown_series: Vec<usize> =
            (0..series.len()).filter(|n| *n < kinds || series[*n].iter().any(|n| *n > 0)).collect();
        let table_names: Vec<Markup> = shown_series.iter().map(|n| names[*n].clone()).collect();
        let table_series: Vec<Vec<u64>> = shown_series.iter().map(|n| series[*n].clone()).collect();
        html! {
            section id="waiting" aria-labelledby="h-waiting" {
                h2 id="h-waiting" { "Orders and products that waited" }
                p class="hint" {
                    "A key waits from its first failure until its newest attempt, when that succeeded. At most "
                    span id="n-most-waiting" { (count(most)) } " at a time. "
                    a class="needs-script" href="#v=keys" hidden { "List those that wait now" }
                }
                (chart("bars low", "waiting-chart", self.bins.count, label, &paths))
                (self.axis())
                ol class="legend" id="waiting-legend" {
                    @for n in &shown_series { li { span class=(format!("swatch s{n}")) {} (names[*n]) } }
                }
                (self.time_table(&table_names, &table_series, |numbers| numbers.iter().copied().max().unwrap_or(0)))
            }
        }
    }

    fn flow_hours(&self) -> Markup {
        let flows: Vec<&FlowFigures> =
            self.figures.flows.iter().filter(|flow| flow.failed > 0).take(ROWS).collect();
        let most = flows.iter().flat_map(|flow| &flow.by_bin).copied().max().unwrap_or(0);
        if flows.is_empty() {
            return html! {};
        }
        html! {
            section id="flows" aria-labelledby="h-flows" {
                h2 id="h-flows" { "Failed requests by flow and time" }
                p class="hint" {
                    "The darker, the more failed in a step of " (self.bins.length()) "; at most " span id="n-most-heat" { (count(most)) } "."
                }
                div class="scroll" tabindex="0" role="region" aria-label="Table of flows" {
                    table class="heat" {
                        thead { tr {
                            th scope="col" { "Flow" }
                            th scope="col" { (self.axis()) span class="visually-hidden" { "Over time" } }
                            th scope="col" class="number" { "Failed" }
                            th scope="col" class="number" { "Requests" }
                            th scope="col" class="number" { "Share" }
                        } }
                        tbody id="flow-rows" { @for flow in flows { (self.flow_row(flow, most)) } }
                    }
                }
            }
        }
    }

    fn flow_row(&self, flow: &FlowFigures, most: u64) -> Markup {
        let peak = flow.by_bin.iter().enumerate().rev().max_by_key(|(_, number)| **number);
        let label = peak.map_or(String::new(), |(bin, number)| {
            format!("most at {}: {}", self.time(bin), count(*number))
        });
        html! {
            tr {
                th scope="row" { (Self::name_of(self.names.flows.get(flow.flow), "(flow not known)")) }
                td { (chart("cells", "", self.bins.count, &label, &charts::heat(&flow.by_bin, most))) }
                td class="number" { (count(flow.failed)) }
                td class="number" { (count(flow.requests)) }
                td class="number" { (percent(flow.failed, flow.requests)) }
            }
        }
    }

    fn endpoint_table(&self) -> Markup {
        let endpoints: Vec<&EndpointFigures> = self.figures.endpoints.iter().take(ROWS).collect();
        if endpoints.is_empty() {
            return html! {};
        }
        let slowest = endpoints.iter().filter_map(|e| e.duration(0.95)).fold(1.0, f64::max);
        html! {
            section id="endpoints" aria-labelledby="h-endpoints" {
                h2 id="h-endpoints" { "Endpoints and how long they take" }
                p class="hint" {
                    span id="endpoints-shown" { (count(endpoints.len() as u64)) " of " (counted(self.figures.endpoints.len() as u64, "endpoint", "endpoints")) }
                    ", most failed first. The bar goes from the median to the 95th percentile, within 5 %."
                }
                div class="scroll" tabindex="0" role="region" aria-label="Table of endpoints" {
                    table {
                        thead { tr {
                            th scope="col" { "Endpoint" }
                            th scope="col" class="number" { "Failed" }
                            th scope="col" class="number" { "Requests" }
                            th scope="col" class="number" { "Share" }
                            th scope="col" class="wide" { "Duration" }
                            th scope="col" class="number" { "Median" }
                            th scope="col" class="number" { "p95" }
                        } }
                        tbody id="endpoint-rows" { @for endpoint in endpoints { (self.endpoint_row(endpoint, slowest)) } }
                    }
                }
            }
        }
    }

    fn endpoint_row(&self, endpoint: &EndpointFigures, slowest: f64) -> Markup {
        let (median, p95) = (endpoint.duration(0.5), endpoint.duration(0.95));
        let time = |ms: Option<f64>| ms.map_or(String::new(), duration);
        let bar = median.zip(p95).map(|(median, p95)| charts::span(median, p95 - median, slowest));
        html! {
            tr {
                th scope="row" class="text" { (Self::name_of(self.names.endpoints.get(endpoint.endpoint), "(address not known)")) }
                td class="number" { (count(endpoint.failed)) }
                td class="number" { (count(endpoint.requests)) }
                td class="number" { (percent(endpoint.failed, endpoint.requests)) }
                td class="wide" {
                    @if let Some((from, length)) = bar {
                        svg class="span" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
                            path class="s0" d=(format!("M{from} 0h{length}v10h-{length}z")) {}
                        }
                    }
                }
                td class="number" { (time(median)) }
                td class="number" { (time(p95)) }
            }
        }
    }

    fn run_table(&self) -> Markup {
        let runs = self.runs;
        let shown = runs.id.len().min(RUNS);
        if shown == 0 {
            return html! {};
        }
        html! {
            section id="runs" aria-labelledby="h-runs" {
                h2 id="h-runs" { "Runs and their steps" }
                p class="hint" {
                    span id="runs-shown" { (count(shown as u64)) " of " (counted(runs.all as u64, "run", "runs")) }
                    ", those first that failed. Each step begins where it stands; red ones failed."
                }
                div class="scroll" tabindex="0" role="region" aria-label="Table of runs" {
                    table {
                        thead { tr {
                            th scope="col" { "Run" }
                            th scope="col" { "Start (UTC)" }
                            th scope="col" { "Status" }
                            th scope="col" class="number" { "Failed" }
                            th scope="col" class="number" { "Took" }
                            th scope="col" class="waterfall" { "Steps" }
                        } }
                        tbody id="run-rows" { @for run in 0..shown { (self.run_row(run)) } }
                    }
                }
            }
        }
    }

    fn run_row(&self, run: usize) -> Markup {
        let runs = self.runs;
        let ends = runs.steps[run].iter().map(|step| step.2.unwrap_or(0.0) + step.3.unwrap_or(0.0));
        let end = ends.chain(runs.duration[run]).fold(0.0, f64::max);
        html! {
            tr {
                th scope="row" { (Self::name_of(self.names.flows.get(runs.flow[run]), "(flow not known)")) div class="id" { (runs.id[run]) } }
                td { (runs.start[run].map_or(String::new(), |at| moment(Micros(at), false))) }
                td { (Self::name_of(runs.statuses.get(runs.status[run]), "")) }
                td class="number" { (count(runs.failed[run].unsigned_abs())) " of " (count(runs.requests[run].unsigned_abs())) }
                td class="number" { (runs.duration[run].map_or(String::new(), duration)) }
                td {
                    ol class="steps" {
                        @for StepSpan(name, status, start, took) in &runs.steps[run] {
                            @let failed = runs.statuses.get(*status).is_some_and(|word| word.text() == "failed");
                            @let (from, length) = charts::span(start.unwrap_or(0.0), took.unwrap_or(0.0), end);
                            li {
                                svg class="span" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
                                    path class=(if failed { "bad" } else { "s0" }) d=(format!("M{from} 0h{length}v10h-{length}z")) {}
                                }
                                span { (Self::name_of(self.names.steps.get(*name), "")) " " (took.map_or(String::new(), duration)) @if failed { " failed" } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn data_quality(&self) -> Markup {
        let quality = self.quality;
        html! {
            section id="quality" aria-labelledby="h-quality" {
                h2 id="h-quality" { "What was read" }
                p {
                    (counted(quality.files, "file", "files"))
                    @for (outcome, number) in &quality.outcomes { ", " (count(*number)) " " (plain(outcome)) }
                    ". "
                    @if quality.problems.is_empty() { "Everything could be read as it should." }
                }
                @if !quality.problems.is_empty() {
                    div class="scroll" tabindex="0" role="region" aria-label="What could not be read as it should" {
                        table {
                            thead { tr { th scope="col" class="number" { "Problems" } th scope="col" { "Kind" } th scope="col" { "For example" } } }
                            tbody {
                                @for problem in &quality.problems {
                                    tr {
                                        td class="number" { (count(problem.count)) }
                                        th scope="row" { (problem.kind) }
                                        td class="text" { (problem.file) ": " (problem.message) }
                                    }
                                }
                            }
                        }
                    }
                }
                p class="hint" { "Report " (plain(self.name)) ", made into this page by analyze " (env!("CARGO_PKG_VERSION")) "." }
            }
        }
    }
}

/// How the page is used, for a dialog.
pub(crate) fn help() -> Markup {
    const KEYS: [(&str, &str); 5] = [
        ("/", "write a query"),
        ("j k", "next or previous row of a list"),
        ("Enter", "open the row"),
        ("Esc", "back to the overview; there, clear query and time"),
        ("?", "this help"),
    ];
    const QUERIES: [(&str, &str); 10] = [
        ("word  \"a phrase\"  /regex/", "in keys, messages, URLs and bodies"),
        ("a b   a OR b   -a   (a b)", "all, any, not, together"),
        ("field:value  field:a,b  field:*", "the field has the value, one of them, any"),
        ("status:4xx  status:>=400", "HTTP status; 400..499 for a range"),
        ("duration:>2s", "how long it took"),
        ("since:2026-10-24T02:00  until:-3h", "when it began; times are UTC"),
        ("is:open  is:resolved  is:failed", "state of the key, outcome"),
        ("class:missing  side:erp  group:", "error group: its class, side, fingerprint"),
        ("key: sku: order: flow: step: run:", "what was sent, by whom"),
        ("endpoint: method: url: req: res: msg:", "where to, bodies, messages"),
    ];
    let table = |rows: &[(&str, &str)]| {
        html! { table { tbody { @for (what, means) in rows { tr { th scope="row" { (what) } td { (means) } } } } } }
    };
    html! {
        dialog id="help" aria-labelledby="h-help" {
            h2 id="h-help" { "Help" }
            h3 { "Keys" }
            (table(&KEYS))
            h3 { "Queries, as in analyze search" }
            (table(&QUERIES))
            p class="hint" { "Numbers count all requests of the report where flow, step, endpoint, status, outcome, state, class, side, group and time answer the query. Else they count the requests in this page, and the line below the query says so. Times are counted in whole steps of the chart." }
            div class="buttons" { button type="button" id="help-close" { "Close" } }
        }
    }
}

/// The whole document but for the data: what stands before them, and the script after the data that it reads at once.
pub(crate) fn head(title: &str, style: &str, policy: &str) -> Markup {
    html! {
        (PreEscaped("<!doctype html>\n<html lang=\"en\">"))
        (PreEscaped("<head>"))
        meta charset="utf-8";
        meta http-equiv="Content-Security-Policy" content=(policy);
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        meta name="referrer" content="no-referrer";
        link rel="icon" href="data:,";
        title { (plain(title)) }
        style { (PreEscaped(style)) }
        (PreEscaped("</head>"))
    }
}
