//! All pages of a dump as one: logs, runs and the names of flows.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::fields;
use super::words::{LogField, Word};
use super::{Flow, LogEntry, LogType, Page, Project, State, Status};
use crate::endpoint::is_uuid;
use crate::json::Value;
use crate::time::Timestamp;

/// One log: what all pages together say about one id.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// The newest snapshot. A field that it leaves open comes from the newest older one that has it.
    pub entry: LogEntry,
    /// How many different snapshots of it the pages hold. The same record on two pages (paging drift,
    /// repeated saving) is one snapshot, nested or not.
    pub snapshots: u32,
    /// Name of its flow; `None` when neither its main log nor a flow list was saved.
    pub flow: Option<String>,
    /// Slug of its step; `None` for main logs.
    pub step: Option<String>,
    /// Execution it belongs to.
    pub run_id: Option<String>,
    /// Its status, put right from the other logs of its run when it is a main log: see [`Run::status`].
    pub effective_status: Option<Status>,
    /// From `created` to `finished`; `None` when one is missing or they are in the wrong order. Of steps
    /// only an upper bound, since the platform writes their ends in a batch.
    pub duration_ms: Option<f64>,
}

/// One execution of a flow: the logs that share an execution id.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The execution id (`original_filename_uuid`).
    pub run_id: String,
    /// Name of the flow.
    pub flow: Option<String>,
    /// Id of the flow.
    pub flow_id: Option<String>,
    /// Beginning of the main log, else of the earliest other log.
    pub started_at: Option<Timestamp>,
    /// End of the main log; when that is stale or missing, of the last other log, if all have finished.
    pub finished_at: Option<Timestamp>,
    /// The effective status.
    ///
    /// | main log says | the others | effective |
    /// |---|---|---|
    /// | in progress, or nothing | a step is known, all have finished, one failed | failed |
    /// | in progress, or nothing | a step is known, all have finished, all were empty | empty |
    /// | in progress, or nothing | a step is known, all have finished, none failed | success |
    /// | success or empty | one failed | failed |
    /// | anything else | | as the main log says |
    ///
    /// Without a main log the first rows apply; besides, one failed log makes it failed, and one running
    /// step makes it in progress. `None` when only sound line logs are known: they may be a part.
    pub status: Option<Status>,
    /// Number of logs, the main log included.
    pub logs: u32,
    /// Id of the main log; `None` when no page holds it.
    pub main_id: Option<String>,
}

/// Everything that the listing pages of a dump say.
///
/// Add or merge everything, then call [`finish`](Self::finish) once; before that it is empty.
/// The result depends on the set of pages only, not on their order: the newest snapshot of a log
/// is found by its content, and `place` decides between lists of flows, which carry no time.
#[derive(Debug, Default)]
pub struct Listing {
    /// Different snapshots by id, in any order; empty once finished.
    snapshots: HashMap<String, Vec<Snapshot>>,
    /// Flows and projects by id, each with the place of its page.
    flows: BTreeMap<String, (u64, Flow)>,
    projects: BTreeMap<String, (u64, Project)>,
    /// Sorted by id.
    logs: Vec<Log>,
    /// Places in `logs`, found by the hash of their ids: every exchange looks up its log.
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Sorted by run id.
    runs: Vec<Run>,
    /// Places in `logs`, sorted by `filename_uuid`; among equal ones the main log is first.
    by_filename_uuid: Vec<u32>,
    /// Flow names by flow id, and by name in lower case.
    flow_names: BTreeMap<String, String>,
}

/// A log record apart from its nesting, which depends on the page and not on the log.
#[derive(Debug)]
struct Snapshot {
    /// `parent_id` is `None` here.
    entry: LogEntry,
    parent_id: Option<String>,
}

impl Listing {
    /// Adds a page. `place` is the place of its file in the dump's order; of two lists that hold the same
    /// flow or project the later one counts.
    pub fn add(&mut self, page: Page, place: u64) {
        for mut entry in page.entries {
            let parent_id = entry.parent_id.take();
            let id = entry.id.clone();
            add_snapshot(self.snapshots.entry(id).or_default(), Snapshot { entry, parent_id });
        }
        for flow in page.flows {
            keep_larger(&mut self.flows, flow.id.clone(), (place, flow));
        }
        for project in page.projects {
            keep_larger(&mut self.projects, project.id.clone(), (place, project));
        }
    }

    /// Takes over all that `other` holds; the order of merging does not matter. Neither may be finished.
    pub fn merge(&mut self, other: Self) {
        for (id, snapshots) in other.snapshots {
            let known = self.snapshots.entry(id).or_default();
            for snapshot in snapshots {
                add_snapshot(known, snapshot);
            }
        }
        for (id, flow) in other.flows {
            keep_larger(&mut self.flows, id, flow);
        }
        for (id, project) in other.projects {
            keep_larger(&mut self.projects, id, project);
        }
    }

    /// The different snapshots of logs, sorted, each with the id of the log that nests it. Empty once finished.
    pub fn snapshots(&self) -> Vec<LogEntry> {
        let entry = |snapshot: &Snapshot| LogEntry {
            parent_id: snapshot.parent_id.clone(),
            ..snapshot.entry.clone()
        };
        let mut entries: Vec<_> = self.snapshots.values().flatten().map(entry).collect();
        entries.sort_unstable();
        entries
    }

    /// The flows, by id, each with the place of its page.
    pub fn listed_flows(&self) -> impl Iterator<Item = &(u64, Flow)> {
        self.flows.values()
    }

    /// The projects, by id, each with the place of its page.
    pub fn listed_projects(&self) -> impl Iterator<Item = &(u64, Project)> {
        self.projects.values()
    }

    /// Settles logs, runs and names. To be called once, after the last page.
    pub fn finish(&mut self) {
        // Sorted before they become logs, which are dear to move.
        let mut snapshots: Vec<_> = std::mem::take(&mut self.snapshots).into_iter().collect();
        snapshots.sort_unstable_by(|(a, _), (b, _)| by_id(a, b));
        self.logs = snapshots.into_iter().filter_map(|(_, snapshots)| newest(snapshots)).collect();
        for (place, log) in (0..).zip(&self.logs) {
            let hash = |id: &str| self.hasher.hash_one(id);
            let rehash = |place: &u32| hash(&self.logs[*place as usize].entry.id);
            self.places.insert_unique(hash(&log.entry.id), place, rehash);
        }
        self.find_runs();
        self.name_flows();
        self.settle_runs();
        let mut order: Vec<u32> = (0..self.logs.len() as u32)
            .filter(|&place| self.logs[place as usize].entry.filename_uuid.is_some())
            .collect();
        order.sort_by_key(|&place| {
            let entry = &self.logs[place as usize].entry;
            (entry.filename_uuid.as_deref(), entry.kind() != Some(LogType::Main), place)
        });
        self.by_filename_uuid = order;
    }

    /// The logs: numeric ids first, by value, then the others as text.
    pub fn logs(&self) -> impl ExactSizeIterator<Item = &Log> {
        self.logs.iter()
    }

    /// The runs, by id.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = &Run> {
        self.runs.iter()
    }

    /// The flows of saved flow lists, by id.
    pub fn flows(&self) -> impl ExactSizeIterator<Item = &Flow> {
        self.flows.values().map(|(_, flow)| flow)
    }

    /// The projects of saved project lists, by id.
    pub fn projects(&self) -> impl ExactSizeIterator<Item = &Project> {
        self.projects.values().map(|(_, project)| project)
    }

    /// The log of an id. Cost: a binary search, as of all look-ups here.
    pub fn by_id(&self, id: &str) -> Option<&Log> {
        let id = id.trim();
        let is = |place: &u32| self.logs[*place as usize].entry.id == id;
        let place = self.places.find(self.hasher.hash_one(id), is)?;
        self.logs.get(*place as usize)
    }

    /// The log of a `filename_uuid`; an execution id finds its main log.
    pub fn by_filename_uuid(&self, uuid: &str) -> Option<&Log> {
        let log_at = |place: u32| &self.logs[place as usize];
        let first = self
            .by_filename_uuid
            .partition_point(|&place| log_at(place).entry.filename_uuid.as_deref() < Some(uuid));
        let log = log_at(*self.by_filename_uuid.get(first)?);
        (log.entry.filename_uuid.as_deref() == Some(uuid)).then_some(log)
    }

    /// The run of an execution id.
    pub fn run(&self, run_id: &str) -> Option<&Run> {
        let place = self.runs.binary_search_by(|run| run.run_id.as_str().cmp(run_id)).ok()?;
        self.runs.get(place)
    }

    /// The name of a flow, as the listing writes it, from its id or from its name or slug in any case.
    pub fn flow_name(&self, flow: &str) -> Option<&str> {
        let name = self.flow_names.get(flow);
        name.or_else(|| self.flow_names.get(&flow.to_ascii_lowercase())).map(String::as_str)
    }

    /// Gives each log its run: by the execution id it carries, else by that of the log around it.
    fn find_runs(&mut self) {
        for place in 0..self.logs.len() {
            let mut log = &self.logs[place];
            let mut run_id = own_run(&log.entry);
            // Nesting is a tree on any one page, but pages may contradict each other: hence the bound.
            for _ in 0..8 {
                let Some(parent) = log.entry.parent_id.as_deref().filter(|_| run_id.is_none())
                else {
                    break;
                };
                let Some(parent) = self.by_id(parent) else { break };
                run_id = own_run(&parent.entry);
                log = parent;
            }
            self.logs[place].run_id = run_id.map(str::to_owned);
        }
    }

    /// Names by flow id: of the flow's newest main log, else of the flow list. Then every name leads to
    /// itself, so that other spellings of it are found.
    fn name_flows(&mut self) {
        let mut newest: BTreeMap<&str, (Option<Timestamp>, &str)> = BTreeMap::new();
        for Log { entry, .. } in &self.logs {
            if entry.kind() == Some(LogType::Main)
                && let (Some(id), Some(name)) = (&entry.process_group_id, &entry.process_group_name)
            {
                let known = newest.entry(id).or_insert((entry.created, name));
                *known = (*known).max((entry.created, name));
            }
        }
        let mut names: BTreeMap<String, String> =
            newest.iter().map(|(id, (_, name))| ((*id).to_owned(), (*name).to_owned())).collect();
        let mut spellings: Vec<(String, String)> =
            names.values().map(|name| (name.to_ascii_lowercase(), name.clone())).collect();
        for (_, flow) in self.flows.values() {
            let ids = [Some(&flow.id), flow.component_id.as_ref(), flow.flow_id.as_ref()];
            let ids = || ids.iter().flatten().copied();
            let known = ids().find_map(|id| names.get(id)).cloned();
            let Some(name) = known.or_else(|| flow.slug.clone()).or_else(|| flow.name.clone())
            else {
                continue;
            };
            for id in ids() {
                names.entry(id.clone()).or_insert_with(|| name.clone());
            }
            for spelling in
                [Some(&name), flow.slug.as_ref(), flow.name.as_ref()].into_iter().flatten()
            {
                spellings.push((spelling.to_ascii_lowercase(), name.clone()));
            }
        }
        spellings.sort_unstable();
        for (spelling, name) in spellings {
            names.entry(spelling).or_insert(name);
        }
        self.flow_names = names;
    }

    /// Builds the runs and gives each log its flow, step, status and duration.
    fn settle_runs(&mut self) {
        let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, log) in self.logs.iter_mut().enumerate() {
            log.effective_status = log.entry.status;
            log.step = step(&log.entry);
            log.duration_ms = duration_ms(&log.entry);
            if let Some(run_id) = &log.run_id {
                members.entry(run_id.clone()).or_default().push(place);
            }
        }
        for (run_id, places) in members {
            let main = places
                .iter()
                .copied()
                .find(|&place| self.logs[place].entry.kind() == Some(LogType::Main));
            let run = self.run_of(run_id, &places, main);
            if let Some(main) = main {
                self.logs[main].effective_status = run.status;
            }
            for place in places {
                self.logs[place].flow.clone_from(&run.flow);
            }
            self.runs.push(run);
        }
        for place in 0..self.logs.len() {
            let log = &self.logs[place];
            if log.flow.is_none() {
                let flow = log.entry.flow_id().and_then(|id| self.flow_name(id)).map(str::to_owned);
                let own = || log.entry.process_group_name.clone();
                let flow =
                    flow.or_else(|| (log.entry.kind() == Some(LogType::Main)).then(own).flatten());
                self.logs[place].flow = flow;
            }
        }
    }

    fn run_of(&self, run_id: String, places: &[usize], main: Option<usize>) -> Run {
        let entry = |place: usize| &self.logs[place].entry;
        let others: Vec<&LogEntry> =
            places.iter().copied().filter(|&place| Some(place) != main).map(entry).collect();
        let main = main.map(entry);
        let flow_id = main
            .and_then(LogEntry::flow_id)
            .or_else(|| others.iter().filter_map(|entry| entry.flow_id()).min())
            .map(str::to_owned);
        let flow = main
            .and_then(|main| main.process_group_name.clone())
            .or_else(|| flow_id.as_deref().and_then(|id| self.flow_name(id)).map(str::to_owned));
        let (status, from_others) = effective_status(main, &others);
        let last = || others.iter().filter_map(|entry| entry.finished).max();
        Run {
            flow,
            flow_id,
            started_at: main
                .and_then(|main| main.created)
                .or_else(|| others.iter().filter_map(|entry| entry.created).min()),
            finished_at: main
                .and_then(|main| main.finished)
                .or_else(|| from_others.then(last).flatten()),
            status,
            logs: places.len() as u32,
            main_id: main.map(|main| main.id.clone()),
            run_id,
        }
    }
}

fn keep_larger<T: Ord>(map: &mut BTreeMap<String, T>, key: String, value: T) {
    match map.entry(key) {
        std::collections::btree_map::Entry::Vacant(vacant) => {
            vacant.insert(value);
        }
        std::collections::btree_map::Entry::Occupied(mut occupied) => {
            if *occupied.get() < value {
                occupied.insert(value);
            }
        }
    }
}

/// Adds a snapshot unless its content is known; of several parents the smallest id stays.
fn add_snapshot(known: &mut Vec<Snapshot>, new: Snapshot) {
    match known.iter_mut().find(|snapshot| snapshot.entry == new.entry) {
        None => {
            // Most logs are seen once, and `push` alone would make room for four.
            known.reserve_exact(1);
            known.push(new);
        }
        Some(same) => {
            same.parent_id = match (same.parent_id.take(), new.parent_id) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
}

/// Settles the snapshots of one id into its log; `None` for none at all.
fn newest(mut snapshots: Vec<Snapshot>) -> Option<Log> {
    // The rest of the fields makes the order total.
    snapshots.sort_unstable_by(|a, b| {
        a.entry.age().cmp(&b.entry.age()).then_with(|| a.entry.cmp(&b.entry))
    });
    let count = snapshots.len() as u32;
    let parent_id = snapshots.iter_mut().filter_map(|snapshot| snapshot.parent_id.take()).min();
    let mut entry = snapshots.pop()?.entry;
    for Snapshot { entry: older, .. } in snapshots.into_iter().rev() {
        fill(&mut entry, older);
    }
    entry.parent_id = parent_id;
    Some(Log {
        entry,
        snapshots: count,
        flow: None,
        step: None,
        run_id: None,
        effective_status: None,
        duration_ms: None,
    })
}

/// Fills what `newer` leaves open from an older snapshot.
fn fill(newer: &mut LogEntry, older: LogEntry) {
    let own = newer.extra.take().unwrap_or_default();
    let mut extra = extra_fields(&own);
    // A field whose newest value was not understood is not open: its raw value stands in `extra`.
    let unread: Vec<Word> = extra.keys().map(|name| Word::of(name)).collect();
    let is_open = |field: LogField| !unread.contains(&Word::Log(field));
    macro_rules! fill {
        ($($field:ident $name:ident)*) => {
            $(if newer.$field.is_none() && is_open(LogField::$name) {
                newer.$field = older.$field;
            })*
        };
    }
    fill! {
        log_type LogType process_group_id ProcessGroupId process_group_name ProcessGroupName
        parent_process_group_id ParentProcessGroupId original_filename_uuid OriginalFilenameUuid
        filename_uuid FilenameUuid state State status Status created Created
        finished Finished process_count ProcessCount success_count SuccessCount
        fail_count FailCount fragment_count FragmentCount row_num RowNum
        flow_order FlowOrder in_bound InBound schedule Schedule is_triggered IsTriggered
        triggered_by TriggeredBy is_send_s3 IsSendS3
    }
    for (name, json) in extra_fields(older.extra.as_deref().unwrap_or_default()) {
        // An old value that was not understood must not stand beside a newer one that was.
        if !matches!(Word::of(&name), Word::Log(_)) {
            extra.entry(name).or_insert(json);
        }
    }
    newer.extra = fields::object(extra.iter().map(|(name, json)| (&**name, *json)));
}

/// The fields of [`LogEntry::extra`] by name, each with its JSON.
fn extra_fields(extra: &str) -> BTreeMap<Cow<'_, str>, &str> {
    let mut by_name = BTreeMap::new();
    if let Some(object) = Value::of(extra) {
        object.members(|key, value| {
            by_name.insert(fields::unescaped(key), value.raw);
            true
        });
    }
    by_name
}

/// The execution id that a record carries itself.
fn own_run(entry: &LogEntry) -> Option<&str> {
    let main = || entry.filename_uuid.as_deref().filter(|_| entry.log_type == Some(LogType::Main));
    entry.original_filename_uuid.as_deref().or_else(main)
}

/// The slug of a step. A process group that has an id instead of a slug is named by its title in the
/// same style: `Read Data From ERP` is `read_data_from_erp`.
fn step(entry: &LogEntry) -> Option<String> {
    if matches!(entry.kind(), None | Some(LogType::Main)) {
        return None;
    }
    let id = entry.process_group_id.as_deref();
    let is_slug = |id: &&str| id.bytes().any(|byte| byte.is_ascii_alphabetic()) && !is_uuid(id);
    let from_title = || {
        let words = entry.process_group_name.as_deref()?.split_ascii_whitespace();
        Some(words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_"))
    };
    id.filter(is_slug).map(str::to_owned).or_else(from_title).or_else(|| id.map(str::to_owned))
}

fn duration_ms(entry: &LogEntry) -> Option<f64> {
    let micros = entry.finished?.0 - entry.created?.0;
    (micros >= 0).then_some(micros as f64 / 1000.0)
}

/// The status of a run as [`Run::status`] defines it, and whether the other logs decided that it is over.
fn effective_status(main: Option<&LogEntry>, others: &[&LogEntry]) -> (Option<Status>, bool) {
    let is_over = |entry: &LogEntry| {
        let settled = || matches!(entry.status, Some(status) if status != Status::InProgress);
        entry.state.map_or_else(settled, |state| state == State::Finished)
    };
    let any_failed = others.iter().any(|entry| entry.status == Some(Status::Failed));
    let steps = || others.iter().filter(|entry| entry.kind() == Some(LogType::Sub));
    let all_over = steps().next().is_some() && others.iter().all(|entry| is_over(entry));
    match main.and_then(|main| main.status) {
        None | Some(Status::InProgress) if all_over => {
            let all_empty = others.iter().all(|entry| entry.status == Some(Status::Empty));
            let status = match (any_failed, all_empty) {
                (true, _) => Status::Failed,
                (_, true) => Status::Empty,
                _ => Status::Success,
            };
            (Some(status), true)
        }
        Some(Status::Success | Status::Empty) if any_failed => (Some(Status::Failed), false),
        None if main.is_none() && any_failed => (Some(Status::Failed), false),
        None if main.is_none() && steps().any(|entry| !is_over(entry)) => {
            (Some(Status::InProgress), false)
        }
        status => (status, false),
    }
}

/// The order of ids: numeric ids first, by value, then the others as text.
pub fn by_id(a: &str, b: &str) -> Ordering {
    fn rank(id: &str) -> (bool, usize, &str) {
        let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let digits = if is_number { id.trim_start_matches('0') } else { id };
        (!is_number, if is_number { digits.len() } else { 0 }, digits)
    }
    // `007` and `7` are different ids of the same value.
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))
}
