//! The table `runs`: each execution of a flow, by its listing and by its downloads.

use super::intern::{Name, Names, Renamed};
use super::small::{self, count};
use super::stored::{self, FileNumbers, number};
use super::{CountedExchange, RecordPlace, micros};
use hashbrown::{HashMap, HashSet};
use model::exchange::Outcome;
use model::listing::{Listing, Run};
use model::time::Timestamp;
use std::collections::BTreeMap;
use tables::cell::{FlowName, LogId, LogStatusWord, RunId};
use tables::rows::{RunRow, Runs};
use tables::state::{DownloadStateRow, DownloadStates, RunStateRow, RunStates};
use tables::{Batch, ReadError, Stored};

/// Counts of one run.
#[derive(Debug, Default)]
struct RunCounts {
    exchanges: u64,
    failed: u64,
    succeeded: u64,
    first: Option<Timestamp>,
    /// Latest end, or start where the duration is not known.
    last: Option<Timestamp>,
    /// The flow of the first exchange that names one, in the order of places.
    flow: Option<(RecordPlace, Name)>,
    /// The flow of a download; used only when no exchange names one.
    linked_flow: Option<Name>,
    /// Downloads linked to the run that name no log and hold no exchange.
    unnamed: u64,
}

/// All runs seen, about 120 bytes each, and the downloads seen, 10 to 19 bytes for each log id.
#[derive(Debug, Default)]
pub(super) struct RunCounter {
    counts: HashMap<Name, RunCounts>,
    /// Run, if known, and log.
    downloads: HashSet<(Name, Name)>,
    /// The newest entry: the next exchange is mostly of the same download.
    last_download: Option<(Name, Name)>,
    /// Run and file of exchanges that name no log.
    unnamed: HashSet<(Name, u32)>,
    last_unnamed: Option<(Name, u32)>,
}

impl RunCounter {
    pub(super) fn add(&mut self, seen: &CountedExchange<'_>, run: Name, log: Name, flow: Name) {
        self.download(run, log);
        if run == Name::ABSENT {
            return;
        }
        let unnamed = (run, seen.place.file);
        if log == Name::ABSENT && self.last_unnamed != Some(unnamed) {
            self.last_unnamed = Some(unnamed);
            self.unnamed.insert(unnamed);
        }
        let counts = self.counts.entry(run).or_default();
        counts.exchanges += 1;
        counts.failed += u64::from(seen.outcome == Outcome::Failed);
        counts.succeeded += u64::from(seen.outcome == Outcome::Success);
        if let Some(start) = seen.exchange.started_at {
            let duration = seen.exchange.duration_ms.and_then(micros).unwrap_or(0);
            counts.first = super::earlier(counts.first, Some(start));
            counts.last =
                counts.last.max(Some(Timestamp(start.0.saturating_add_unsigned(duration))));
        }
        if flow != Name::ABSENT {
            counts.flow_at(seen.place, flow);
        }
    }

    /// Counts a download without exchanges.
    pub(super) fn linked(&mut self, run: Name, log: Name, flow: Name, names: &Names) {
        self.download(run, log);
        if run == Name::ABSENT {
            return;
        }
        let counts = self.counts.entry(run).or_default();
        counts.unnamed += u64::from(log == Name::ABSENT);
        counts.linked_flow(flow, names);
    }

    fn download(&mut self, run: Name, log: Name) {
        if log != Name::ABSENT && self.last_download != Some((run, log)) {
            self.last_download = Some((run, log));
            self.downloads.insert((run, log));
        }
    }

    /// Merges `other`; `names` are those of this accumulator, `renamed` maps the names of the other to them.
    pub(super) fn merge(&mut self, other: Self, names: &Names, renamed: &Renamed) {
        for (run, counts) in other.counts {
            let here = self.counts.entry(renamed.get(run)).or_default();
            here.exchanges += counts.exchanges;
            here.failed += counts.failed;
            here.succeeded += counts.succeeded;
            here.first = super::earlier(here.first, counts.first);
            here.last = here.last.max(counts.last);
            if let Some((place, flow)) = counts.flow {
                here.flow_at(place, renamed.get(flow));
            }
            if let Some(flow) = counts.linked_flow {
                here.linked_flow(renamed.get(flow), names);
            }
            here.unnamed += counts.unnamed;
        }
        let downloads = other.downloads.into_iter();
        self.downloads.extend(downloads.map(|(run, log)| (renamed.get(run), renamed.get(log))));
        let unnamed = other.unnamed.into_iter();
        self.unnamed.extend(unnamed.map(|(run, file)| (renamed.get(run), file)));
    }

    /// The runs in the order of their ids, which is that of their rows in `state/runs`.
    pub(super) fn order(&self, names: &Names) -> Vec<Name> {
        let mut runs: Vec<Name> = self.counts.keys().copied().collect();
        runs.sort_unstable_by_key(|run| names.get(*run));
        runs
    }

    /// Rows of the state. `row_of`: the row of each run in `state/runs`; `runs`: the table of that name.
    pub(super) fn store(
        &self,
        order: &[Name],
        row_of: &HashMap<Name, i32>,
        runs: &[RunRow<'_>],
        names: &Names,
    ) -> (Batch<RunStates>, Batch<DownloadStates>) {
        let (mut states, mut downloads) = (Batch::new(), Batch::new());
        for name in order {
            let counts = &self.counts[name];
            let place = runs.binary_search_by_key(&names.get(*name), |row| Some(row.run_id.0));
            let (place, flow) = (place.unwrap_or_default(), counts.flow);
            states.push(&RunStateRow {
                run: (place as u32).cast_signed(),
                succeeded: count(counts.succeeded),
                first_seen: small::micros(counts.first),
                last_seen: small::micros(counts.last),
                flow: flow.and_then(|(_, flow)| names.get(flow)).map(FlowName),
                flow_file: flow.map(|(place, _)| place.file.cast_signed()),
                flow_record: flow.map(|(place, _)| place.record.cast_signed()),
                download_flow: counts.linked_flow.and_then(|flow| names.get(flow)).map(FlowName),
                without_log: count(counts.unnamed),
            });
        }
        let row = |run: Name| row_of.get(&run).copied();
        let named = self.downloads.iter().map(|&(run, log)| (row(run), names.get(log), None));
        let unnamed = self.unnamed.iter().map(|&(run, file)| (row(run), None, Some(file)));
        let mut all: Vec<_> = named.chain(unnamed).collect();
        all.sort_unstable();
        for (run, log, file) in all {
            let file = file.map(u32::cast_signed);
            downloads.push(&DownloadStateRow { run, log: log.map(LogId), file });
        }
        (states, downloads)
    }

    /// The counts of a report, and the run of each row of `state/runs`.
    pub(super) fn load(
        report: &Stored,
        files: FileNumbers<'_>,
        names: &mut Names,
    ) -> Result<(Self, Vec<Name>), ReadError> {
        let mut states = Vec::new();
        stored::each::<RunStates>(report, |row| {
            let flow = match (row.flow, row.flow_file, row.flow_record) {
                (Some(flow), Some(file), Some(record)) => {
                    Some((files.place(file, record)?, names.intern(flow.0)))
                }
                _ => None,
            };
            let counts = RunCounts {
                exchanges: 0,
                failed: 0,
                succeeded: row.succeeded.unsigned_abs(),
                first: row.first_seen.map(|at| Timestamp(at.0)),
                last: row.last_seen.map(|at| Timestamp(at.0)),
                flow,
                linked_flow: row.download_flow.map(|flow| names.intern(flow.0)),
                unnamed: row.without_log.unsigned_abs(),
            };
            states.push((number(row.run)?, counts));
            Some(())
        })?;
        let (mut all, mut order) = (Self::default(), Vec::new());
        let mut states = states.into_iter().peekable();
        let mut place = 0;
        stored::each::<StoredRuns<'static>>(report, |row| {
            if let Some((_, mut counts)) = states.next_if(|(run, _)| *run == place) {
                counts.exchanges = row.exchanges.unsigned_abs();
                counts.failed = row.failed.unsigned_abs();
                let name = names.intern(row.run_id.0);
                all.counts.insert(name, counts);
                order.push(name);
            }
            place += 1;
            Some(())
        })?;
        stored::each::<DownloadStates>(report, |row| {
            let run = match row.run {
                Some(run) => *order.get(number(run)?)?,
                None => Name::ABSENT,
            };
            match (row.log, row.file) {
                (Some(log), _) => all.downloads.insert((run, names.intern(log.0))),
                (None, file) => all.unnamed.insert((run, files.here(file?)?)),
            };
            Some(())
        })?;
        Ok((all, order))
    }

    /// The ids of logs whose download was seen.
    pub(super) fn downloaded<'a>(&self, names: &'a Names) -> HashSet<&'a str> {
        self.downloads.iter().filter_map(|&(_, log)| names.get(log)).collect()
    }

    /// Rows sorted by run id: the runs of the listing, and those that only downloads name.
    pub(super) fn rows<'a>(
        &self,
        names: &'a Names,
        listing: &'a Listing,
        groups: &HashMap<Name, u64>,
    ) -> Vec<RunRow<'a>> {
        let mut downloaded: HashMap<Name, u64> = HashMap::new();
        let named = self.downloads.iter().map(|&(run, _)| run);
        for run in named.chain(self.unnamed.iter().map(|&(run, _)| run)) {
            *downloaded.entry(run).or_default() += 1;
        }
        let mut ids: BTreeMap<&str, (Option<Name>, Option<&Run>)> = BTreeMap::new();
        for log in listing.logs() {
            if let Some(run) = log.run_id.as_deref().and_then(|id| listing.run(id)) {
                ids.insert(&run.run_id, (None, Some(run)));
            }
        }
        let seen = self.counts.keys().chain(downloaded.keys());
        for (id, name) in seen.filter_map(|&name| Some((names.get(name)?, name))) {
            ids.entry(id).or_default().0 = Some(name);
        }
        let none = RunCounts::default();
        let rows = ids.into_iter().map(|(run_id, (name, run))| {
            let counts = name.and_then(|name| self.counts.get(&name)).unwrap_or(&none);
            let logs_seen = name.and_then(|name| downloaded.get(&name)).copied().unwrap_or(0);
            let started_at = run.and_then(|run| run.started_at).or(counts.first);
            let finished_at = run.and_then(|run| run.finished_at).or(counts.last);
            RunRow {
                run_id: RunId(run_id),
                flow: run
                    .and_then(|run| run.flow.as_deref())
                    .or_else(|| counts.flow(names))
                    .map(FlowName),
                started_at: small::micros(started_at),
                finished_at: small::micros(finished_at),
                duration_ms: started_at
                    .zip(finished_at)
                    .and_then(|(from, to)| elapsed_ms(from, to)),
                status: run
                    .and_then(|run| run.status)
                    .map_or_else(|| counts.status(), |status| Some(status.name()))
                    .map(LogStatusWord),
                logs: run.map_or(0, |run| i64::from(run.logs)),
                downloaded: count(logs_seen + counts.unnamed),
                exchanges: count(counts.exchanges),
                failed: count(counts.failed),
                error_rate: (counts.exchanges > 0)
                    .then(|| counts.failed as f64 / counts.exchanges as f64),
                groups: count(name.and_then(|name| groups.get(&name)).copied().unwrap_or(0)),
            }
        });
        rows.collect()
    }
}

impl RunCounts {
    fn flow_at(&mut self, place: RecordPlace, flow: Name) {
        if self.flow.is_none_or(|(known, _)| place < known) {
            self.flow = Some((place, flow));
        }
    }

    /// Downloads are not ordered here, so the first name in the alphabet is used.
    fn linked_flow(&mut self, flow: Name, names: &Names) {
        let known = self.linked_flow.and_then(|known| names.get(known));
        if names.get(flow).is_some_and(|new| known.is_none_or(|known| new < known)) {
            self.linked_flow = Some(flow);
        }
    }

    fn flow<'a>(&self, names: &'a Names) -> Option<&'a str> {
        names.get(self.flow.map(|(_, flow)| flow).or(self.linked_flow)?)
    }

    /// The status without a listing: failed if anything failed, else success if anything succeeded.
    fn status(&self) -> Option<&'static str> {
        match (self.failed, self.succeeded) {
            (0, 0) => None,
            (0, _) => Some("success"),
            _ => Some("failed"),
        }
    }
}

tables::select! {
    /// What `runs` says of a run.
    struct StoredRuns<'b> from Runs {
        run_id: RunId<'b>,
        exchanges: i64,
        failed: i64,
    }
}

/// `None` when the end is before the start: the clocks of two machines differ.
fn elapsed_ms(from: Timestamp, to: Timestamp) -> Option<f64> {
    let elapsed = to.0.checked_sub(from.0)?;
    (elapsed >= 0).then(|| elapsed as f64 / 1000.0)
}
