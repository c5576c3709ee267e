//! Reading one list: the logs of one flow and type, page by page, while rows may come and go.
//!
//! There is no time filter and no cursor in the API, only page numbers. A row that arrives pushes others to later
//! pages, which shows them twice; a row that is deleted pulls others to earlier pages, where they are missed. So a list
//! of several pages is read again with another limit, whose pages have other borders, until one reading shows nothing
//! that was missed. What may still be missing then is a [`Hole`].

use std::sync::atomic::Ordering;

use hashbrown::HashSet;
use model::listing::LogType;
use model::time::Timestamp;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::client::{AskError, Client};
use super::folder::{FetchFolder, ListState, file_name};
use super::known::{FetchedPage, KnownLog, KnownLogs};
use super::{FetchError, FetchOptions, Hole};
use crate::protocol::{LIST_PATH, ListQuery, type_number};

/// Limits of the readings of one list, one after the other.
const LIMITS: [u32; 5] = [100, 99, 97, 95, 93];

/// One list that is read.
pub(super) struct ListReader<'f, 'c> {
    options: &'f FetchOptions,
    client: &'f Client<'c>,
    folder: &'f mut FetchFolder,
    known: &'f mut KnownLogs,
    flow: &'f str,
    log_type: LogType,
    /// Hashes of the ids of all rows that this run has shown.
    seen_rows: HashSet<u64>,
    /// Pages that were saved.
    pub(super) saved: u64,
    /// What may be missing.
    pub(super) hole: Option<Hole>,
}

/// What one reading has shown.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent observations, not states")]
struct Reading {
    /// Hashes of the ids of its rows.
    rows: HashSet<u64>,
    /// Rows that are known as logs of another list.
    of_others: u64,
    /// Rows that the host counted at last.
    count: u64,
    /// Pages with rows.
    pages: u64,
    /// A log was not known although rows before it were: an earlier reading has missed it.
    has_missed: bool,
    /// The count became smaller from one page to the next.
    has_shrunk: bool,
    /// The count of every page was its number of rows: then it says nothing about the list.
    counts_pages: bool,
    /// It was ended by a page on which all is known.
    is_partial: bool,
}

/// The query of a page.
pub(super) fn page_query(
    options: &FetchOptions,
    flow: &str,
    log_type: LogType,
    page: u64,
    limit: u32,
) -> ListQuery {
    ListQuery {
        project_id: options.project_id.clone(),
        flow_id: flow.to_owned(),
        limit,
        page,
        log_type: Some(log_type),
        filename_uuid: None,
        original_filename_uuid: None,
        search: Vec::new(),
    }
}

/// The target of the request of a page.
pub(super) fn target(query: &ListQuery) -> String {
    format!("{LIST_PATH}?{}", query.parameters().query())
}

impl<'f, 'c> ListReader<'f, 'c> {
    pub(super) fn new(
        options: &'f FetchOptions,
        client: &'f Client<'c>,
        folder: &'f mut FetchFolder,
        known: &'f mut KnownLogs,
        flow: &'f str,
        log_type: LogType,
    ) -> Self {
        let seen_rows = HashSet::new();
        Self { options, client, folder, known, flow, log_type, seen_rows, saved: 0, hole: None }
    }

    /// Reads the list until nothing of it is missing, or as often as there are limits.
    pub(super) fn run(&mut self) -> Result<(), FetchError> {
        let mut state = self.folder.list(self.flow, self.log_type);
        // What an earlier run left out because of its `since` may be wanted now.
        let earlier = state.since.as_deref().and_then(Timestamp::parse_text);
        let leaves_out =
            earlier.is_some_and(|earlier| self.options.since.is_none_or(|since| since < earlier));
        let is_rerun = state.is_complete && !self.options.full && !leaves_out;
        let open: Vec<String> = if is_rerun { self.open_runs(&HashSet::new()) } else { Vec::new() };
        // The pages of an interrupted reading have the number of that reading.
        if state.is_complete || state.pass == 0 {
            state.pass = self.next_pass();
            state.page = 0;
        }
        state.is_complete = is_rerun;
        // Before the first page: a run that is killed behind it would give the others the number of another reading.
        self.folder.set_list(self.flow, self.log_type, &state)?;
        let horizon = self.horizon(&state);
        let mut before: Option<Reading> = None;
        for limit in LIMITS {
            let saved = self.saved;
            let reading = self.read(&mut state, limit, horizon)?;
            let fault = self.why_unsettled(&reading, before.as_ref());
            self.hole = fault.map(|fault| Hole {
                flow: self.flow.to_owned(),
                log_type: type_number(self.log_type),
                seen: reading.rows.len() as u64,
                count: reading.count,
                fault: fault.to_owned(),
            });
            // One page is one moment; more are read again, unless that has just been done.
            if self.hole.is_none() && (reading.pages <= 1 || before.is_some()) {
                break;
            }
            before = Some(reading);
            if self.saved > saved {
                state.pass += 1;
            }
        }
        self.ask_for_open_runs(&mut state, &open)?;
        state.is_complete = self.hole.is_none();
        state.page = 0;
        if !is_rerun {
            state.since = self.options.since.map(|since| since.to_string());
        }
        state.newest_created = self.newest().map(|time| time.to_string());
        state.open_runs = self.open_runs(&HashSet::new());
        state.open_runs.sort();
        self.folder.set_list(self.flow, self.log_type, &state)
    }

    /// Why a reading is not the last one; `None` when nothing is missing.
    fn why_unsettled(&self, reading: &Reading, before: Option<&Reading>) -> Option<&'static str> {
        let counts_all = reading.pages <= 1 || !reading.counts_pages;
        let distinct = if reading.is_partial {
            self.known.of(self.flow, self.log_type).count() as u64 + reading.of_others
        } else {
            reading.rows.len() as u64
        };
        let lost = |before: &Reading| {
            !reading.is_partial
                && !before.is_partial
                && before.rows.iter().any(|row| !reading.rows.contains(row))
        };
        if reading.has_missed {
            Some("the last reading has still found logs that the one before had missed")
        } else if counts_all && distinct < reading.count {
            Some("the host counts more rows than it lists")
        } else if counts_all && reading.has_shrunk || before.is_some_and(lost) {
            Some("rows were deleted while the list was read")
        } else {
            None
        }
    }

    /// Reads the pages from the first to the end; with a `horizon`, to the first page that has only known and finished
    /// logs from before it.
    fn read(
        &mut self,
        state: &mut ListState,
        limit: u32,
        horizon: Option<Timestamp>,
    ) -> Result<Reading, FetchError> {
        let known_before: HashSet<u64> =
            self.known.of(self.flow, self.log_type).map(|(id, _)| xxh3_64(id.as_bytes())).collect();
        let mut reading = Reading { counts_pages: true, ..Reading::default() };
        let (mut page_number, mut last, mut has_known) = (1, None, false);
        loop {
            let query = page_query(self.options, self.flow, self.log_type, page_number, limit);
            let Some(page) = self.ask(&query)? else { return Ok(reading) };
            let texts: Vec<u8> =
                page.top().flat_map(|row| xxh3_128(row.text.as_bytes()).to_le_bytes()).collect();
            let digest = xxh3_128(&texts);
            if last.replace(digest) == Some(digest) {
                return Err(FetchError::SamePage { what: list_name(&query) });
            }
            let (rows, count) = (page.rows, page.count);
            reading.pages += 1;
            reading.has_shrunk |= reading.pages > 1 && count < reading.count;
            reading.count = count;
            reading.counts_pages &= count == rows;
            for row in page.top() {
                let id = xxh3_64(row.entry.id.as_bytes());
                let was_known = known_before.contains(&id);
                // `serve` lists a log of an unknown flow in all of them.
                let other = |log: &KnownLog| log.flow != self.flow || log.log_type != self.log_type;
                let is_of_other = self.known.get(&row.entry.id).is_some_and(other);
                let is_repeated = !reading.rows.insert(id);
                reading.of_others += u64::from(is_of_other && !is_repeated);
                reading.has_missed |= has_known && !was_known && !is_of_other && !is_repeated;
                has_known |= was_known;
                self.seen_rows.insert(id);
            }
            let is_old = |row: &crate::dump::page::FoundRecord| {
                let log = self.known.get(&row.entry.id);
                let is_before = |horizon| row.entry.created.is_none_or(|created| created < horizon);
                log.is_some_and(|log| log.is_finished) && horizon.is_some_and(is_before)
            };
            let is_known = !self.known.is_new(&page) && page.top().all(is_old);
            let is_before_since = self.options.since.is_some_and(|since| {
                page.top().all(|row| row.entry.created.is_some_and(|created| created < since))
            });
            self.save(state, &page_name(page_number), &page)?;
            state.page = page_number;
            self.folder.set_list(self.flow, self.log_type, state)?;
            // A host may give fewer rows than asked for, and then says so.
            if rows < u64::from(limit).min(page.limit) {
                return Ok(reading);
            }
            if is_known || is_before_since {
                reading.is_partial = true;
                // What lies behind `since` need not be there.
                reading.count = if is_before_since { 0 } else { reading.count };
                return Ok(reading);
            }
            page_number += 1;
        }
    }

    /// Asks again for runs that had not finished and that no page has shown since, and for their lines.
    fn ask_for_open_runs(
        &mut self,
        state: &mut ListState,
        open: &[String],
    ) -> Result<(), FetchError> {
        let still_open: HashSet<String> = self.open_runs(&self.seen_rows).into_iter().collect();
        for run in open.iter().filter(|run| still_open.contains(*run)) {
            for page in 1.. {
                let mut query = page_query(self.options, self.flow, self.log_type, page, LIMITS[0]);
                match self.log_type {
                    LogType::Main => query.filename_uuid = Some(run.clone()),
                    _ => query.original_filename_uuid = Some(run.clone()),
                }
                let Some(answer) = self.ask(&query)? else { break };
                let name = format!("run-{}-{}", file_name(run), page_name(page));
                self.save(state, &name, &answer)?;
                if answer.rows < u64::from(LIMITS[0]).min(answer.limit) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Asks for a page; `None` behind the last one.
    fn ask(&mut self, query: &ListQuery) -> Result<Option<FetchedPage>, FetchError> {
        let answer = self.client.ask(&target(query), &mut FetchedPage::read);
        let list = |fault: String| FetchError::List { what: list_name(query), fault };
        match answer {
            Ok(page) => {
                self.client.progress().pages.fetch_add(1, Ordering::Relaxed);
                Ok(Some(page).filter(|page| page.rows > 0))
            }
            Err(AskError::NotFound) => Ok(None),
            Err(AskError::Fatal(error)) => Err(error),
            Err(AskError::BadRequest(fault)) => Err(list(format!("answered 400{fault}"))),
            Err(AskError::Failed(fault)) => Err(list(fault)),
        }
    }

    /// Saves a page that says something new, and never over another page: then under the number of a new reading.
    fn save(
        &mut self,
        state: &mut ListState,
        name: &str,
        page: &FetchedPage,
    ) -> Result<(), FetchError> {
        if self.known.is_new(page) {
            let flow = file_name(self.flow);
            let log_type = type_number(self.log_type);
            let path = |pass: u32| format!("logs/{flow}/{log_type}-{pass}-{name}.json");
            if self.folder.root().join(path(state.pass)).exists() {
                state.pass = self.next_pass();
            }
            self.folder.write(&path(state.pass), &page.body)?;
            self.saved += 1;
        }
        self.known.add(self.flow, self.log_type, page);
        Ok(())
    }

    /// The number of a new reading: one more than the files of this list have.
    fn next_pass(&self) -> u32 {
        let folder = self.folder.root().join("logs").join(file_name(self.flow));
        let prefix = format!("{}-", type_number(self.log_type));
        let passes = std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|file| {
            let name = file.file_name();
            let rest = name.to_str()?.strip_prefix(&prefix)?;
            rest.split('-').next()?.parse::<u32>().ok()
        });
        passes.max().unwrap_or(0) + 1
    }

    /// Known finished logs from before this are not expected to change; `None` when all pages are wanted. Counts from
    /// the newest log of the last run that came to its end: what an interrupted one has shown has gaps.
    fn horizon(&self, state: &ListState) -> Option<Timestamp> {
        let overlap = i64::try_from(self.options.overlap.as_micros()).unwrap_or(i64::MAX);
        let newest = state.newest_created.as_deref().filter(|_| state.is_complete)?;
        Some(Timestamp(Timestamp::parse_text(newest)?.0.saturating_sub(overlap)))
    }

    fn newest(&self) -> Option<Timestamp> {
        self.known.of(self.flow, self.log_type).filter_map(|(_, log)| log.created).max()
    }

    /// Runs that have not finished, as far as this list shows them: of main logs their own, of others that of the log.
    /// Those of the logs `without` are left out.
    fn open_runs(&self, without: &HashSet<u64>) -> Vec<String> {
        let logs = self
            .known
            .of(self.flow, self.log_type)
            .filter(|(id, log)| !log.is_finished && !without.contains(&xxh3_64(id.as_bytes())));
        let runs: HashSet<&String> = logs
            .filter_map(|(_, log)| match self.log_type {
                LogType::Main => log.filename_uuid.as_ref().or(log.run.as_ref()),
                _ => log.run.as_ref(),
            })
            .collect();
        runs.into_iter().cloned().collect()
    }
}

fn page_name(page: u64) -> String {
    format!("p{page}")
}

/// A list and its page, for messages.
fn list_name(query: &ListQuery) -> String {
    let log_type = query.log_type.map_or(0, type_number);
    format!("list of flow {}, type {log_type}, page {}", query.flow_id, query.page)
}
