//! What a dump holds: its logs, newest snapshot each, and which file is the download of which log.

mod download;
mod fields;
pub(crate) mod page;

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use archive::{Budget, Decoder, Form, Limits, Source, map_ordered};
use model::exchange::Outcome;
use model::extract::Extractor;
use model::json::push_escaped;
use model::listing::{self, Flow, LogEntry, LogType, SnapshotAge};
use model::time::Timestamp;
use rayon::ThreadPool;

pub use self::download::DownloadError;
use self::download::{FoundDownload, OfLog};
use self::fields::FieldHashes;
pub use self::fields::has_field;
use self::page::FoundRecord;

/// Bytes of bodies that an extractor remembers.
const REMEMBERED: usize = 8 << 20;
/// Files that a worker reads at a time.
const FILES: usize = 16;

/// One log of a dump.
#[derive(Debug)]
pub struct StoredLog {
    /// Its id.
    pub id: Box<str>,
    /// Its record, as a page has it; made from the download where no page has it.
    pub record: Box<str>,
    /// Its type.
    pub log_type: Option<LogType>,
    /// When it began.
    pub created: Option<Timestamp>,
    /// Its `filename_uuid`.
    pub filename_uuid: Option<Box<str>>,
    /// Id of its flow; `None` when nothing in the dump says it.
    flow: Option<NameId>,
    /// Its `original_filename_uuid`.
    run: Option<NameId>,
    age: SnapshotAge,
    download: Option<DownloadPlace>,
}

/// A flow or run id, numbered.
type NameId = u32;

/// Where the download of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct DownloadPlace {
    /// Not whole: goes behind those that are.
    is_cut: bool,
    source: u32,
    /// One leaf of several in its file; `None` for all.
    leaf: Option<u32>,
}

/// A flow of a dump, as the flow list tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpFlow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

/// What was read and what could not be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DumpCounts {
    /// Files.
    pub files: u64,
    /// Texts that are listing pages.
    pub pages: u64,
    /// Texts that are downloads.
    pub downloads: u64,
    /// Downloads that name no log, neither in their text nor in their file name.
    pub unnamed: u64,
    /// Logs that are known from downloads only.
    pub made: u64,
    /// Files that could not be read.
    pub unread: u64,
}

/// A dump in memory: records whole, downloads as places in files.
#[derive(Debug)]
pub struct SavedLogs {
    sources: Vec<Source>,
    limits: Limits,
    names: IdTable,
    /// Newest first: by `created`, then by id, both descending.
    logs: Vec<StoredLog>,
    /// Places in `logs`.
    places: HashMap<Box<str>, u32>,
    flows: Vec<DumpFlow>,
    projects: Vec<(String, Option<String>)>,
    /// Hashes of the fields in downloads, each with the place of its log in `logs`.
    fields: FieldHashes,
    counts: DumpCounts,
}

/// Flow and run ids by number.
#[derive(Debug, Default)]
struct IdTable {
    ids: HashMap<Box<str>, NameId>,
    names: Vec<Box<str>>,
}

impl IdTable {
    fn id(&mut self, name: &str) -> NameId {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = self.names.len() as NameId;
        self.ids.insert(name.into(), id);
        self.names.push(name.into());
        id
    }
}

/// What one job read.
#[derive(Default)]
struct FoundInFiles {
    records: Vec<FoundRecord>,
    downloads: Vec<FoundDownload>,
    flows: Vec<Flow>,
    projects: Vec<listing::Project>,
    pages: u64,
    unread: u64,
}

impl SavedLogs {
    /// Reads a dump: all pages and all downloads. `done` is called with the size of each file that is done. `None` when
    /// `stop` was set.
    ///
    /// Costs as much as decoding all files once, and the memory of all records; of a download only 12 bytes for each
    /// of its fields are kept.
    pub fn read(
        sources: Vec<Source>,
        limits: &Limits,
        pool: &ThreadPool,
        done: &(dyn Fn(u64) + Sync),
        stop: &AtomicBool,
    ) -> Option<Self> {
        let extractor = Extractor::new(REMEMBERED, limits.json_depth as usize);
        let budget = Budget::new(limits.in_flight_bytes, pool.current_num_threads());
        let workers: Vec<Mutex<(Decoder, Extractor, Vec<u8>)>> = (0..pool.current_num_threads())
            .map(|_| Mutex::new((Decoder::new(*limits), extractor.fork(), Vec::new())))
            .collect();
        let work = |job: usize| {
            let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
            let mut worker = worker.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let (decoder, extractor, buffer) = &mut *worker;
            let mut found = FoundInFiles::default();
            let first = job * FILES;
            for (n, source) in sources.iter().enumerate().skip(first).take(FILES) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let share = budget.share(n as u64);
                if archive::read(source, limits, &share, buffer).is_err() {
                    found.unread += 1;
                } else {
                    let mut leaf_place = 0;
                    decoder.decode_within(&share, buffer, &mut |leaf| {
                        found.take(&leaf, (n as u32, leaf_place), extractor);
                        leaf_place += 1;
                    });
                }
                buffer.clear();
                buffer.shrink_to(budget.keep());
                done(source.bytes);
            }
            found
        };
        let mut building = DumpBuilder::default();
        let jobs = sources.len().div_ceil(FILES);
        let Ok(finished) = map_ordered(pool, jobs, 2 * workers.len(), stop, work, |_, found| {
            building.add(found);
            Ok::<(), Infallible>(())
        });
        if finished.stopped || stop.load(Ordering::Relaxed) {
            return None;
        }
        building.counts.files = sources.len() as u64;
        Some(building.finish(sources, *limits))
    }

    /// The logs, newest first: by `created`, then by id, both descending; those without a time are last.
    pub fn logs(&self) -> &[StoredLog] {
        &self.logs
    }

    /// Place of a log among the [`logs`](Self::logs).
    pub fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).map(|&place| place as usize)
    }

    /// The flows that lists of flows, and the main logs, name, by id.
    pub fn flows(&self) -> &[DumpFlow] {
        &self.flows
    }

    /// Id and slug of each project that saved lists name.
    pub fn projects(&self) -> &[(String, Option<String>)] {
        &self.projects
    }

    /// What was read.
    pub fn counts(&self) -> DumpCounts {
        self.counts
    }

    /// Whether a log is of a flow. One whose flow nothing in the dump says is of every flow: otherwise nothing could
    /// find it.
    pub(crate) fn is_of_flow(log: &StoredLog, flow: Option<NameId>) -> bool {
        log.flow.is_none() || log.flow == flow
    }

    pub(crate) fn is_of_run(log: &StoredLog, run: Option<NameId>) -> bool {
        run.is_some() && log.run == run
    }

    /// The number of a flow or run id; `None` when no log has it.
    pub(crate) fn name_id(&self, name: &str) -> Option<NameId> {
        self.names.ids.get(name).copied()
    }

    /// The id of the flow of a log.
    pub fn flow_of(&self, log: &StoredLog) -> Option<&str> {
        log.flow.map(|flow| &*self.names.names[flow as usize])
    }

    /// The run of a log.
    pub fn run_of(&self, log: &StoredLog) -> Option<&str> {
        log.run.map(|run| &*self.names.names[run as usize])
    }

    /// Whether the download of the log at `place` has a field, or a business key, of this name and value.
    pub(crate) fn download_has(&self, place: usize, name: &str, value: &str) -> bool {
        self.fields.has(place as u32, name, value)
    }
}

impl FoundInFiles {
    fn take(&mut self, leaf: &archive::Leaf<'_>, place: (u32, u32), extractor: &mut Extractor) {
        if leaf.form != Form::Json {
            return;
        }
        if listing::may_be_listing(leaf.text)
            && let Some(page) = listing::parse(leaf.text)
        {
            self.pages += 1;
            page::records(leaf.text, &page.entries, &mut self.records);
            self.flows.extend(page.flows);
            self.projects.extend(page.projects);
        } else {
            self.downloads.extend(FoundDownload::read(leaf, place, extractor));
        }
    }
}

/// A dump while it is read.
#[derive(Default)]
struct DumpBuilder {
    names: IdTable,
    logs: Vec<StoredLog>,
    places: HashMap<Box<str>, u32>,
    downloads: Vec<FoundDownload>,
    flow_names: HashMap<String, Option<String>>,
    /// Of flow lists: name or slug in lower case to id, for downloads that name a flow.
    flow_ids: HashMap<String, String>,
    projects: Vec<(String, Option<String>)>,
    counts: DumpCounts,
}

impl DumpBuilder {
    fn add(&mut self, found: FoundInFiles) {
        self.counts.pages += found.pages;
        self.counts.unread += found.unread;
        self.counts.downloads += found.downloads.len() as u64;
        for record in found.records {
            self.add_record(record.entry, record.text, record.age);
        }
        self.downloads.extend(found.downloads);
        for flow in found.flows {
            for name in [&flow.name, &flow.slug].into_iter().flatten() {
                self.flow_ids.insert(name.to_ascii_lowercase(), flow.id.clone());
            }
            self.flow_names.insert(flow.id, flow.name.or(flow.slug));
        }
        for project in found.projects {
            let ids = [project.project_id, Some(project.id)];
            self.projects.extend(ids.into_iter().flatten().map(|id| (id, project.slug.clone())));
        }
    }

    /// Adds a record, unless a newer snapshot of its log is known.
    fn add_record(&mut self, entry: LogEntry, text: Box<str>, age: SnapshotAge) {
        let place = self.places.get(entry.id.as_str()).copied();
        if let Some(place) = place {
            let known = &self.logs[place as usize];
            // Snapshots of one age differ in fields that do not grow; any rule does that depends on them alone.
            if (known.age, &known.record) >= (age, &text) {
                return;
            }
        }
        let log_type = entry.kind();
        if log_type == Some(LogType::Main)
            && let (Some(id), Some(name)) = (&entry.process_group_id, &entry.process_group_name)
        {
            self.flow_ids.insert(name.to_ascii_lowercase(), id.clone());
            let known = self.flow_names.entry(id.clone()).or_default();
            if known.is_none() {
                *known = Some(name.clone());
            }
        }
        let log = StoredLog {
            flow: entry.flow_id().map(|flow| self.names.id(flow)),
            run: entry.original_filename_uuid.as_deref().map(|run| self.names.id(run)),
            id: entry.id.into(),
            record: text,
            log_type,
            created: entry.created,
            filename_uuid: entry.filename_uuid.map(Into::into),
            age,
            download: None,
        };
        if let Some(place) = place {
            self.logs[place as usize] = log;
        } else {
            self.places.insert(log.id.clone(), self.logs.len() as u32);
            self.logs.push(log);
        }
    }

    fn finish(mut self, sources: Vec<Source>, limits: Limits) -> SavedLogs {
        let mut fields = Vec::new();
        let listed = self.logs.len();
        self.link(&sources, &mut fields);
        self.counts.made = (self.logs.len() - listed) as u64;
        self.find_flows();
        let mut order: Vec<u32> = (0..self.logs.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            let (a, b) = (&self.logs[a as usize], &self.logs[b as usize]);
            b.created.cmp(&a.created).then_with(|| listing::by_id(&b.id, &a.id))
        });
        let mut new_place = vec![0; order.len()];
        for (place, &old) in (0..).zip(&order) {
            new_place[old as usize] = place;
        }
        let mut logs: Vec<Option<StoredLog>> = self.logs.into_iter().map(Some).collect();
        let logs = order.iter().filter_map(|&old| logs[old as usize].take()).collect();
        for place in self.places.values_mut() {
            *place = new_place[*place as usize];
        }
        for (_, log) in &mut fields {
            *log = new_place[*log as usize];
        }
        let mut flows: Vec<DumpFlow> =
            self.flow_names.into_iter().map(|(id, name)| DumpFlow { id, name }).collect();
        flows.sort_by(|a, b| a.id.cmp(&b.id));
        self.projects.sort();
        self.projects.dedup();
        SavedLogs {
            sources,
            limits,
            names: self.names,
            logs,
            places: self.places,
            flows,
            projects: self.projects,
            fields: FieldHashes::new(fields),
            counts: self.counts,
        }
    }

    /// Gives each download its log, and makes a record of a log that no page has.
    fn link(&mut self, sources: &[Source], fields: &mut Vec<(u64, u32)>) {
        let mut by_uuid: HashMap<Box<str>, u32> = HashMap::new();
        for (place, log) in (0..).zip(&self.logs) {
            if let Some(uuid) = &log.filename_uuid {
                let known = by_uuid.entry(uuid.clone()).or_insert(place);
                if log.log_type == Some(LogType::Main) {
                    *known = place;
                }
            }
        }
        for download in std::mem::take(&mut self.downloads) {
            let (source, leaf) = download.place;
            let mut logs: Vec<(String, &OfLog, Option<u32>)> = Vec::new();
            for of in &download.of_logs {
                let by_file = of.file_uuid.as_deref().and_then(|uuid| by_uuid.get(uuid));
                let id = by_file.map(|&place| self.logs[place as usize].id.to_string());
                logs.extend(id.or_else(|| of.log_id.clone()).map(|id| (id, of, Some(leaf))));
            }
            if let (true, Some(of)) = (logs.is_empty(), download.of_logs.first()) {
                let member = download.member.as_deref();
                let file = sources.get(source as usize).map(|source| source.name.as_str());
                let named = |path| self.log_named(path, &by_uuid);
                // A file that is named after its log is that of the log, with all its members.
                let found = member
                    .and_then(named)
                    .map(|id| (id, of, Some(leaf)))
                    .or_else(|| file.and_then(named).map(|id| (id, of, None)));
                logs.extend(found);
            }
            if logs.is_empty() {
                self.counts.unnamed += 1;
            }
            for (id, of, leaf) in logs {
                let known = self.places.get(id.as_str()).copied();
                let place = known.unwrap_or_else(|| self.make(&id, of));
                let new = DownloadPlace { is_cut: !download.is_whole, source, leaf };
                let known = &mut self.logs[place as usize].download;
                if known.is_none_or(|known| new < known) {
                    *known = Some(new);
                }
                fields.extend(of.fields.iter().map(|&hash| (hash, place)));
            }
        }
    }

    /// The id of the log that a path names: one that a page has, else a number in the name of the file.
    fn log_named(&self, path: &str, by_uuid: &HashMap<Box<str>, u32>) -> Option<String> {
        let known = |part: &str| {
            let stem = part.split('.').next().unwrap_or(part);
            if self.places.contains_key(stem) {
                return Some(stem.to_owned());
            }
            let by_uuid = listing::uuids_in(part).find_map(|uuid| by_uuid.get(uuid));
            if let Some(&place) = by_uuid {
                return Some(self.logs[place as usize].id.to_string());
            }
            let mut numbers = listing::numbers_in(part).filter(|number| number.len() >= 2);
            numbers.find(|number| self.places.contains_key(*number)).map(str::to_owned)
        };
        let last = path.rsplit('/').next()?;
        let known = path.rsplit('/').find_map(known);
        known.or_else(|| listing::only_number_in(last).map(str::to_owned))
    }

    /// Makes the record of a line log from its download, with the fields that are known. Returns its place.
    fn make(&mut self, id: &str, of: &OfLog) -> u32 {
        let flow = of.flow.as_deref().map(|flow| {
            self.flow_ids
                .get(&flow.to_ascii_lowercase())
                .cloned()
                .unwrap_or_else(|| flow.to_owned())
        });
        let mut record = String::from("{\"id\":");
        if id.len() < 16 && !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit()) {
            record += id;
        } else {
            text(&mut record, id);
        }
        record += ",\"log_type\":3";
        let fields = [
            // By its name others tell the record from something else, so it is there even if nothing is known.
            ("process_group_id", of.step.as_deref().or(Some(""))),
            ("parent_process_group_id", flow.as_deref()),
            ("original_filename_uuid", of.run_id.as_deref()),
            ("filename_uuid", of.file_uuid.as_deref()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                let _ = write!(record, ",\"{name}\":"); // a String takes every write
                text(&mut record, value);
            }
        }
        record += ",\"state\":3";
        let status = match of.outcome {
            Outcome::Failed => Some(3),
            Outcome::Success => Some(2),
            Outcome::Unknown => None,
        };
        if let Some(status) = status {
            let _ = write!(record, ",\"status\":{status}"); // a String takes every write
        }
        if let Some(created) = of.started_at {
            let _ = write!(record, ",\"created\":\"{created}\""); // a String takes every write
        }
        if let Some(row) = of.row_num {
            let _ = write!(record, ",\"row_num\":{row}"); // a String takes every write
        }
        record.push('}');
        let entry = LogEntry {
            id: id.to_owned(),
            log_type: Some(LogType::Line),
            parent_process_group_id: flow,
            original_filename_uuid: of.run_id.clone(),
            filename_uuid: of.file_uuid.clone(),
            created: of.started_at,
            ..LogEntry::default()
        };
        let age = entry.age();
        self.add_record(entry, record.into(), age);
        self.places[id]
    }

    /// Gives a log without a flow that of the main log of its run.
    fn find_flows(&mut self) {
        let mains = self.logs.iter().filter(|log| log.log_type == Some(LogType::Main));
        let flows: HashMap<NameId, NameId> =
            mains.filter_map(|log| Some((log.run?, log.flow?))).collect();
        for log in &mut self.logs {
            if log.flow.is_none() {
                log.flow = log.run.and_then(|run| flows.get(&run).copied());
            }
        }
    }
}

fn text(out: &mut String, value: &str) {
    out.push('"');
    push_escaped(value, out);
    out.push('"');
}
