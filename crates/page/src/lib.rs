//! A finished report as one HTML file that is read without a network.
//!
//! ```text
//! report ──► counts by step of time ──► static part: answers, charts, tables   (needs no script)
//!        └─► groups, keys, requests, bodies ──► data in templates              (read by the script)
//! ```
//!
//! What a log says gets into the page through [`shown`](shown::shown) alone. All numbers of the page, those of the
//! static part and those that follow a query, are made of the same cells ([`counts`]).

mod assets;
mod bins;
mod charts;
mod counts;
mod figures;
mod formats;
mod group_list;
mod names;
mod overview;
mod packed;
mod quality;
mod recent_runs;
mod requests;
mod resend;
mod shown;
mod waiting;

use std::collections::HashMap;
use std::io::{self, Write};

use maud::{Render as _, html};
use query::LoggedRequests;
use serde::Serialize;
use tables::{ReadError, Stored};

use counts::{CellColumns, CountedNames, ErrorKinds, ErrorSets, RequestCounts};
use figures::PageFigures;
use group_list::GroupColumns;
use overview::{GROUPS, Overview};
use packed::packed;
use quality::ReportQuality;
use recent_runs::RunColumns;
use requests::{PageBodies, RequestTable};
use waiting::{FailedKeys, WaitingCells};

/// How a page is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOptions {
    /// How the report is named in the title and in commands that the page offers: its path.
    pub name: String,
    /// Size of the file that should not be exceeded. Bodies are left out first, then requests; counts, groups and open
    /// keys are always there.
    pub max_bytes: usize,
}

/// How much of a report is in its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageContents {
    /// Bytes of the page.
    pub bytes: usize,
    /// Requests that can be looked at one by one.
    pub requests: usize,
    /// Requests of the report, all of which are counted.
    pub all_requests: u64,
    /// Different bodies.
    pub bodies: usize,
    /// Different bodies that there would be without the limit on the size.
    pub all_bodies: usize,
}

/// Why a page was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The report could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The page could not be written.
    #[error("cannot write the page")]
    Write(#[from] io::Error),
}

/// What the script reads when the page is opened.
#[derive(Serialize)]
struct PageData<'p> {
    name: &'p str,
    from: i64,
    step: i64,
    bins: usize,
    /// Of a step of time, for people.
    length: String,
    names: &'p CountedNames,
    groups: &'p GroupColumns,
    kinds: &'p ErrorKinds,
    sets: &'p ErrorSets,
    cells: &'p CellColumns,
    waiting: &'p WaitingCells,
    runs: &'p RunColumns,
    contents: ChunkList,
}

/// Where the bodies are, and what was left out.
#[derive(Debug, Default, Serialize)]
struct ChunkList {
    requests: usize,
    all_requests: u64,
    bodies: usize,
    all_bodies: usize,
    /// How many bodies each chunk has.
    chunks: Vec<usize>,
}

/// Writes the page of a report.
///
/// Reads the columns of `exchanges` and `errors` once, and again those of the requests that the page holds. Memory is
/// that of the keys that failed, of the errors (16 bytes each), of 50,000 requests, and of 256 MiB of bodies at most.
///
/// # Errors
/// When the report cannot be read, or `out` refuses.
pub fn write(
    report: &Stored,
    options: &PageOptions,
    out: &mut impl Write,
) -> Result<PageContents, PageError> {
    let groups = query::groups(report)?;
    let rows: Vec<_> = groups.rows().collect();
    let places: HashMap<&str, i32> =
        (0..).zip(&rows).map(|(n, row)| (row.fingerprint.0, n)).collect();
    let mut names = CountedNames::default();
    let mut keys = FailedKeys::read(report, &places, &mut names)?;
    let mut counts = RequestCounts::read(report, &groups, &mut keys, names)?;
    let group_list = GroupColumns::of(&groups, &mut counts.names);
    let runs = RunColumns::read(report, &mut counts.names)?;
    let waiting = keys.cells(&counts.bins);
    let figures = PageFigures::of(&counts, &waiting, group_list.title.len().min(GROUPS));

    let wanted = requests::wanted(&counts, &keys);
    let logged = LoggedRequests::read(report, &wanted, false)?;
    let bodies = PageBodies::read(report, &wanted)?;
    let table = RequestTable::of(&logged, &bodies, &mut counts.names, &counts.kinds, &places);
    let open_keys = keys.open_keys();

    let quality = ReportQuality::read(report)?;
    let overview = Overview {
        name: &options.name,
        bins: counts.bins,
        names: &counts.names,
        groups: &group_list,
        figures: &figures,
        runs: &runs,
        quality: &quality,
    };
    let script = assets::script();
    let policy = assets::policy(assets::STYLE, &script);
    let title = format!("{}: Integrator report", options.name);
    let mut start = overview::head(&title, assets::STYLE, &policy).into_string();
    start.push_str(&body(&overview));
    let requests_data = packed(&table)?;
    let keys_data = packed(&open_keys)?;

    let mut contents = ChunkList {
        requests: table.len(),
        all_requests: figures.requests,
        all_bodies: bodies.len(),
        ..ChunkList::default()
    };
    let data = |contents: ChunkList| PageData {
        name: &options.name,
        from: counts.bins.from,
        step: counts.bins.step,
        bins: counts.bins.count,
        length: counts.bins.length(),
        names: &counts.names,
        groups: &group_list,
        kinds: &counts.kinds,
        sets: &counts.sets,
        cells: &counts.cells,
        waiting: &waiting,
        runs: &runs,
        contents,
    };
    let first = packed(&data(ChunkList::default()))?.len();
    let mut bytes = start.len() + script.len() + requests_data.len() + keys_data.len() + first;
    let mut packed_chunks = Vec::new();
    for chunk in bodies.chunks() {
        let text = packed(&chunk)?;
        if bytes + text.len() > options.max_bytes {
            break;
        }
        bytes += text.len();
        contents.bodies += chunk.len();
        contents.chunks.push(chunk.len());
        packed_chunks.push(text);
    }
    let made = PageContents {
        bytes: 0,
        requests: contents.requests,
        all_requests: contents.all_requests,
        bodies: contents.bodies,
        all_bodies: contents.all_bodies,
    };
    let mut page = start;
    template(&mut page, "data-counts", &packed(&data(contents))?);
    template(&mut page, "data-keys", &keys_data);
    template(&mut page, "data-requests", &requests_data);
    page.push_str("<script>");
    page.push_str(&script);
    page.push_str("</script>\n");
    for (n, chunk) in packed_chunks.iter().enumerate() {
        template(&mut page, &format!("data-bodies-{n}"), chunk);
    }
    page.push_str("</body>\n</html>\n");
    out.write_all(page.as_bytes())?;
    Ok(PageContents { bytes: page.len(), ..made })
}

fn template(page: &mut String, id: &str, data: &str) {
    page.extend(["<template id=\"", id, "\">", data, "</template>\n"]);
}

/// The visible part.
fn body(overview: &Overview<'_>) -> String {
    let from = formats::moment(overview.bins.start(0), true);
    let to = formats::moment(overview.bins.start(overview.bins.count), true);
    let markup = html! {
        header {
            div {
                h1 { "Integrator report" }
                p { (shown::shown(overview.name)) @if overview.bins.count > 0 { ", " (from) " to " (to) " UTC" } }
            }
            div class="tools needs-script" hidden {
                button type="button" id="copy-link" { "Copy link" }
                button type="button" id="theme" { "Dark" }
                button type="button" id="help-button" aria-haspopup="dialog" { "Help " kbd { "?" } }
            }
        }
        form id="search" class="needs-script" role="search" hidden {
            label for="query" class="visually-hidden" { "Query" }
            input type="text" id="query" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="Filter: a word, flow:price, status:5xx, is:open, side:erp …   press /" aria-describedby="query-note";
            button type="button" id="clear" hidden { "Clear" }
            span id="brushed" hidden { span id="brushed-text" {} " " button type="button" id="unbrush" { "All time" } }
            p id="query-note" role="status" {}
        }
        main {
            div id="overview" { (overview.html()) }
            div id="view" tabindex="-1" hidden {}
        }
        (overview::help())
    };
    format!("<body>\n{}\n", markup.render().into_string())
}
