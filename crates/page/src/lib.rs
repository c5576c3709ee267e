//! A finished report as one HTML file that is read without a network.
//!
//! ```text
//! report ──► counts by step of time ──► static part: answers, charts, tables   (needs no script)
//!        └─► groups, keys, requests, bodies ──► data in templates              (read by the script)
//! ```
//!
//! What a log says gets into the page through a `Masker`, and ids and business keys through `plain`. All numbers of the page, those of the
//! static part and those that follow a query, are made of the same cells.

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
use std::thread;

use maud::{Render as _, html};
use query::LoggedRequests;
use redact::{Level, Redactor};
use serde::Serialize;
use tables::{ReadError, Stored};

use counts::{CellColumns, CountedNames, ErrorKinds, ErrorSets, RequestCounts};
use figures::PageFigures;
use group_list::GroupColumns;
use names::NameList;
use overview::{GROUPS, Overview};
use packed::packed;
use quality::ReportQuality;
use recent_runs::RunColumns;
use requests::{PageBodies, RequestTable};
use shown::Masker;
use waiting::{FailedKeys, WaitingCells};

/// How a page is made.
#[derive(Debug, Clone)]
pub struct PageOptions {
    /// How the report is named in the title and in commands that the page offers: its path.
    pub name: String,
    /// Size of the file that should not be exceeded. Bodies are left out first, then requests; counts, groups and open
    /// keys are always there.
    pub max_bytes: usize,
    /// What masks the texts of the log.
    pub redactor: Redactor,
    /// What stands above the page when it may hold secrets and personal data.
    pub banner: Option<&'static str>,
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
}

/// What the page holds one by one, and where the bodies are.
#[derive(Debug, Default, Serialize)]
struct ContentList {
    requests: usize,
    all_requests: u64,
    bodies: usize,
    all_bodies: usize,
    /// The first body of each chunk.
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
    let masker = Masker::new(&options.redactor);
    if options.redactor.level() != Level::None {
        masker.learn_all(&LoggedRequests::behind_messages(report, LEARNED)?);
    }
    let mut names =
        CountedNames { endpoints: NameList::masked(&masker), ..CountedNames::default() };
    let mut keys = FailedKeys::read(report, &places, &mut names, &masker)?;
    let mut counts = RequestCounts::read(report, &groups, &mut keys, names)?;
    let group_list = GroupColumns::of(&groups, &mut counts.names, &masker);
    let runs = RunColumns::read(report, &mut counts.names)?;
    let waiting = keys.cells(&counts.bins);
    let figures = PageFigures::of(&counts, &waiting, group_list.title.len().min(GROUPS));

    let mut wanted = requests::wanted(&counts, &keys);
    // What takes longest is done beside each other.
    let (logged, bodies) = thread::scope(|scope| {
        let bodies = scope.spawn(|| PageBodies::read(report, &wanted, &options.redactor));
        (LoggedRequests::read(report, &wanted, false), finished(bodies))
    });
    let (mut logged, bodies) = (logged?, bodies?);
    let open_keys = keys.open_keys();
    let table_of = |logged: &LoggedRequests, names: &mut CountedNames| {
        RequestTable::of(logged, &bodies, names, &counts.kinds, &places, &options.redactor)
    };
    let mut table = table_of(&logged, &mut counts.names);
    let data = PageData {
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
    };
    let (data, keys_data, mut requests_data, chunks) = thread::scope(|scope| {
        let chunks = scope.spawn(|| packed_chunks(&bodies, options.max_bytes));
        let requests = scope.spawn(|| packed(&table));
        (packed(&data), packed(&open_keys), finished(requests), finished(chunks))
    });

    let quality = ReportQuality::read(report, &masker)?;
    let overview = Overview {
        name: &options.name,
        banner: options.banner,
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
    let mut page = overview::head(&title, assets::STYLE, &policy).into_string();
    page.push_str(&body(&overview));
    template(&mut page, "data-counts", &data?);
    template(&mut page, "data-keys", &keys_data?);
    let room = options.max_bytes.saturating_sub(page.len() + script.len() + FRAME_BYTES);
    while requests_data.as_ref().is_ok_and(|data| data.len() > room) && wanted.len() > FEW_REQUESTS
    {
        wanted.truncate(wanted.len() / 2);
        logged = LoggedRequests::read(report, &wanted, false)?;
        table = table_of(&logged, &mut counts.names);
        requests_data = packed(&table);
    }
    let requests_data = requests_data?;

    let mut room = room.saturating_sub(requests_data.len());
    let mut contents = ContentList {
        requests: table.len(),
        all_requests: figures.requests,
        all_bodies: bodies.len(),
        ..ContentList::default()
    };
    let mut chunks = chunks?;
    let fitting = chunks.iter().take_while(|(_, chunk)| {
        let fits = chunk.len() <= room;
        room = room.saturating_sub(chunk.len());
        fits
    });
    let fitting = fitting.count();
    chunks.truncate(fitting);
    for (bodies, _) in &chunks {
        contents.chunks.push(contents.bodies);
        contents.bodies += bodies;
    }
    template(&mut page, "data-contents", &packed(&contents)?);
    template(&mut page, "data-requests", &requests_data);
    page.extend(["<script>", &script, "</script>\n"]);
    for (n, (_, chunk)) in chunks.iter().enumerate() {
        template(&mut page, &format!("data-bodies-{n}"), chunk);
    }
    page.push_str("</body>\n</html>\n");
    out.write_all(page.as_bytes())?;
    Ok(PageContents {
        bytes: page.len(),
        requests: contents.requests,
        all_requests: contents.all_requests,
        bodies: contents.bodies,
        all_bodies: contents.all_bodies,
    })
}

/// Groups and keys whose newest requests show what is masked in their messages: as many keys as a page lists.
const LEARNED: usize = 50_000;

/// Room for the ends of elements and the list of contents.
const FRAME_BYTES: usize = 4_096;

/// Requests that are in every page.
const FEW_REQUESTS: usize = 200;

/// The result of a thread.
fn finished<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Bodies in chunks, each with how many it has, until they are larger together than a page may be.
fn packed_chunks(bodies: &PageBodies, max_bytes: usize) -> io::Result<Vec<(usize, String)>> {
    let mut bytes = 0;
    let mut chunks = Vec::new();
    for chunk in bodies.chunks() {
        let text = packed(&chunk)?;
        bytes += text.len();
        chunks.push((chunk.len(), text));
        if bytes > max_bytes {
            break;
        }
    }
    Ok(chunks)
}

fn template(page: &mut String, id: &str, data: &str) {
    page.extend(["<template id=\"", id, "\">", data, "</template>\n"]);
}

/// The visible part.
fn body(overview: &Overview<'_>) -> String {
    let from = formats::moment(overview.bins.start(0), true);
    let to = formats::moment(overview.bins.start(overview.bins.count), true);
    let markup = html! {
        @if let Some(banner) = overview.banner { p class="banner" role="note" { (banner) } }
        header {
            div {
                h1 { "Integrator report" }
                p { (shown::plain(overview.name)) @if overview.bins.count > 0 { ", " (from) " to " (to) " UTC" } }
            }
            div class="tools needs-script" hidden {
                button type="button" id="copy-link" { "Copy link" }
                button type="button" id="theme" { "Dark" }
                button type="button" id="help-button" aria-haspopup="dialog" { "Help " kbd { "?" } }
            }
        }
        form id="search" class="needs-script" role="search" hidden {
            label for="query" class="visually-hidden" { "Query" }
            input type="search" id="query" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="Filter: a word, flow:price, status:5xx, is:open, side:erp …   press /" aria-describedby="query-note";
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
