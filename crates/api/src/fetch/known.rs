//! The logs that the pages of a dump hold, read from the pages themselves.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;

use hashbrown::HashSet;
use model::json::{Type, Value};
use model::listing::{self, LogType, SnapshotAge, State, Status};
use model::time::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use super::FetchError;
use super::folder::{FetchFolder, read_if_there};
use crate::dump::page::FoundRecord;
use crate::protocol::decoded;

/// What is known of a log: its newest snapshot.
#[derive(Debug, Clone)]
pub(super) struct KnownLog {
    /// The flow whose list has it.
    pub(super) flow: String,
    pub(super) log_type: LogType,
    pub(super) run: Option<String>,
    pub(super) filename_uuid: Option<String>,
    pub(super) created: Option<Timestamp>,
    pub(super) is_finished: bool,
    /// Whether the record says that there is a payload (`is_send_S3`).
    pub(super) has_payload: Option<bool>,
    age: SnapshotAge,
}

/// All known logs, and all texts of records.
#[derive(Debug, Default)]
pub(super) struct KnownLogs {
    logs: HashMap<String, KnownLog>,
    texts: HashSet<u128>,
}

/// A page as the host answered it.
#[derive(Debug)]
pub(super) struct FetchedPage {
    /// The records with an id in their order, nested ones behind the one that nests them.
    pub(super) records: Vec<FoundRecord>,
    /// Rows, those without an id too.
    pub(super) rows: u64,
    /// Rows that the host counts.
    pub(super) count: u64,
    /// Rows that a full page has, as the host says.
    pub(super) limit: u64,
    /// The body as it came.
    pub(super) body: Vec<u8>,
}

impl FetchedPage {
    /// Reads an answer of List Logs: an envelope with `results`. What a record has besides its id is left open, since the
    /// documents show no line log.
    pub(super) fn read(body: Vec<u8>) -> Result<Self, String> {
        let text = std::str::from_utf8(&body).map_err(|_| "the page is not UTF-8".to_owned())?;
        let no_page = || "the answer is no page of logs".to_owned();
        let envelope = Value::of(text).filter(|value| value.ty == Type::Object);
        let (mut results, mut count, mut limit) = (None, 0, u64::MAX);
        let number = |value: Value<'_>| value.inner().trim().parse::<u64>().ok();
        envelope.ok_or_else(no_page)?.members(|key, value| {
            match key {
                "results" if value.ty == Type::Array => results = Some(value),
                "count" => count = number(value).unwrap_or(0),
                "limit" => limit = number(value).filter(|limit| *limit > 0).unwrap_or(u64::MAX),
                _ => {}
            }
            true
        });
        let (mut records, mut rows) = (Vec::new(), 0);
        results.ok_or_else(no_page)?.elements(|row| {
            rows += 1;
            add_record(row, None, &mut records);
            true
        });
        Ok(Self { records, rows, count, limit, body })
    }

    /// The records that are rows of the page.
    pub(super) fn top(&self) -> impl Iterator<Item = &FoundRecord> {
        self.records.iter().filter(|record| record.entry.parent_id.is_none())
    }
}

/// Adds a record and those nested in it.
fn add_record(object: Value<'_>, parent: Option<&str>, records: &mut Vec<FoundRecord>) {
    let Some(mut entry) = listing::record(object) else { return };
    entry.parent_id = parent.map(str::to_owned);
    let (id, age) = (entry.id.clone(), entry.age());
    records.push(FoundRecord { entry, text: object.raw.into(), age });
    object.members(|key, value| {
        // The API has one level.
        if key == "sub_flows" && parent.is_none() {
            value.elements(|nested| {
                add_record(nested, Some(&id), records);
                true
            });
        }
        true
    });
}

impl KnownLogs {
    /// Reads all pages below `logs` in the dump.
    pub(super) fn read(folder: &FetchFolder) -> Result<Self, FetchError> {
        let mut known = Self::default();
        let mut paths: Vec<PathBuf> = Vec::new();
        let at = |path: PathBuf| |source| FetchError::File { path, source };
        let logs = folder.root().join("logs");
        if logs.is_dir() {
            for flow in fs::read_dir(&logs).map_err(at(logs.clone()))? {
                let flow = flow.map_err(at(logs.clone()))?.path();
                if flow.is_dir() {
                    for page in fs::read_dir(&flow).map_err(at(flow.clone()))? {
                        paths.push(page.map_err(at(flow.clone()))?.path());
                    }
                }
            }
        }
        paths.sort();
        for path in paths {
            let folder = path.parent().and_then(|folder| folder.file_name());
            let flow = decoded(&folder.unwrap_or_default().to_string_lossy());
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let log_type = match name.split('-').next() {
                Some("1") => LogType::Main,
                Some("2") => LogType::Sub,
                Some("3") => LogType::Line,
                _ => continue,
            };
            if let Some(Ok(page)) = read_if_there(&path)?.map(FetchedPage::read) {
                known.add(&flow, log_type, &page);
            }
        }
        Ok(known)
    }

    /// Whether the page has a row that no page had, in this very text.
    pub(super) fn is_new(&self, page: &FetchedPage) -> bool {
        page.top().any(|row| !self.texts.contains(&xxh3_128(row.text.as_bytes())))
    }

    /// Takes in the logs of a page of the list of a flow and type.
    pub(super) fn add(&mut self, flow: &str, log_type: LogType, page: &FetchedPage) {
        for FoundRecord { entry, text, age } in &page.records {
            self.texts.insert(xxh3_128(text.as_bytes()));
            let settled = |status| !matches!(status, Status::InProgress);
            let new = KnownLog {
                flow: flow.to_owned(),
                log_type: if entry.parent_id.is_none() { log_type } else { LogType::Sub },
                run: entry.original_filename_uuid.clone(),
                filename_uuid: entry.filename_uuid.clone(),
                created: entry.created,
                is_finished: match entry.state {
                    Some(state) => state == State::Finished,
                    None => entry.finished.is_some() || entry.status.is_some_and(settled),
                },
                has_payload: entry.is_send_s3,
                age: *age,
            };
            match self.logs.get_mut(&entry.id) {
                Some(known) if known.age >= new.age => {}
                Some(known) => *known = new,
                None => {
                    self.logs.insert(entry.id.clone(), new);
                }
            }
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&KnownLog> {
        self.logs.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &KnownLog)> {
        self.logs.iter()
    }

    /// Logs of a flow and type.
    pub(super) fn of<'k>(
        &'k self,
        flow: &'k str,
        log_type: LogType,
    ) -> impl Iterator<Item = (&'k String, &'k KnownLog)> {
        self.logs.iter().filter(move |(_, log)| log.log_type == log_type && log.flow == flow)
    }

    /// The flows that the logs name.
    pub(super) fn flows(&self) -> Vec<String> {
        let flows: BTreeSet<&String> = self.logs.values().map(|log| &log.flow).collect();
        flows.into_iter().cloned().collect()
    }
}
