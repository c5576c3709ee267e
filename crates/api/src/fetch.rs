//! Fetching a project's logs into a dump: complete, again from where it stopped, and honest about what is missing.
//!
//! ```text
//!   DUMP/logs/<flow>/<type>-<pass>-p<page>.json     answers of List Logs, as they came
//!   DUMP/downloads/<flow>/<logId>.b64               answers of Download Logs, as they came
//!   DUMP/.fetch/                                    state.json, manifest.jsonl, errors.jsonl, lock
//! ```
//!
//! First the pages of each flow and type, then the downloads of the logs that have finished. A file has its name only
//! when it is whole: it is written in `.fetch`, checked, and moved. So a run may end at any moment, and the same command
//! continues it.

mod client;
mod downloads;
mod folder;
mod known;
mod list;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use model::listing::LogType;
use model::time::Timestamp;

pub use self::client::Patience;
use self::client::{AskError, Client};
use self::folder::FetchFolder;
use self::known::KnownLogs;
use crate::protocol::{FLOWS_PATH, PRODUCTION, Parameters};
use crate::token::{TokenError, TokenSource};

/// What is fetched, from where, and how.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// The folder of the dump; made when it is absent.
    pub dump: PathBuf,
    /// Scheme, host and port.
    pub host: String,
    /// The project.
    pub project_id: String,
    /// Its slug, which downloads need.
    pub project_slug: String,
    /// The flows; empty for all that the project has.
    pub flows: Vec<String>,
    /// Types of logs.
    pub types: Vec<LogType>,
    /// Only logs that began then or later.
    pub since: Option<Timestamp>,
    /// A rerun asks for pages until one has only known logs that are older than this before the newest one.
    pub overlap: Duration,
    /// Downloads at a time.
    pub concurrency: usize,
    /// Requests per second; 0 for as many as possible.
    pub rate: f64,
    /// Authorities of certificates besides those of the system, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Proxy; without it that of the environment.
    pub proxy: Option<String>,
    /// Where the token comes from.
    pub token: TokenSource,
    /// The header with the token.
    pub auth_header: String,
    /// Asks for all pages again, also on a rerun.
    pub full: bool,
    /// Reads all downloads again, and fetches those that have changed.
    pub verify: bool,
    /// How failures are waited out.
    pub patience: Patience,
}

impl FetchOptions {
    /// The usual options for a project.
    pub fn new(dump: PathBuf, project_id: String, project_slug: String) -> Self {
        Self {
            dump,
            host: PRODUCTION.to_owned(),
            project_id,
            project_slug,
            flows: Vec::new(),
            types: vec![LogType::Main, LogType::Sub, LogType::Line],
            since: None,
            overlap: Duration::from_hours(24),
            concurrency: 4,
            rate: 5.0,
            ca_file: None,
            proxy: None,
            token: TokenSource::Environment,
            auth_header: "Authorization".to_owned(),
            full: false,
            verify: false,
            patience: Patience::default(),
        }
    }
}

/// How far a run is. Counts only grow.
#[derive(Debug, Default)]
pub struct FetchProgress {
    /// Requests.
    pub requests: AtomicU64,
    /// Pages that were answered.
    pub pages: AtomicU64,
    /// Downloads that this run has to get; 0 until all pages are there.
    pub wanted: AtomicU64,
    /// Those of them that are done, also when the log has none.
    pub done: AtomicU64,
    /// Bytes of all answers.
    pub bytes: AtomicU64,
}

/// What a run fetched and what it could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Flows.
    pub flows: u64,
    /// Logs of the types asked for, in the dump.
    pub logs: u64,
    /// Pages that were saved; those that say nothing new are not.
    pub pages: u64,
    /// Downloads that were saved.
    pub downloads: u64,
    /// Downloads that were there before.
    pub kept: u64,
    /// Logs that have no download, as the host says.
    pub without: u64,
    /// Logs that have not finished, and are downloaded by a later run.
    pub unfinished: u64,
    /// Bytes of the answers.
    pub bytes: u64,
    /// Downloads that could not be had.
    pub failed: Vec<FailedLog>,
    /// Lists that may lack logs.
    pub holes: Vec<Hole>,
}

/// A download that could not be had.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FailedLog {
    /// The flow.
    pub flow: String,
    /// The log.
    pub id: String,
    /// Why.
    pub fault: String,
}

/// A list that may lack logs, because rows moved while it was read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hole {
    /// The flow.
    pub flow: String,
    /// The type of the logs: 1, 2 or 3.
    pub log_type: u8,
    /// Different logs of the last reading.
    pub seen: u64,
    /// Rows that the host counts.
    pub count: u64,
    /// Why logs may be missing.
    pub fault: String,
}

/// Why a run has ended before its end. Whole files are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The host is written wrongly.
    #[error("{host}: {fault}")]
    Host {
        /// As given.
        host: String,
        /// What is wrong.
        fault: &'static str,
    },
    /// The proxy is written wrongly. It may have a password, so it is not shown.
    #[error("--proxy: not the address of a proxy, such as http://proxy.example.com:8080")]
    Proxy,
    /// The file of certificates has none.
    #[error("{path}: no certificate in it\n--ca-file is a file in PEM, which has lines BEGIN CERTIFICATE", path = path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
    },
    /// There is no token.
    #[error(transparent)]
    NoToken(TokenError),
    /// The token is refused.
    #[error("token refused ({status})")]
    Refused {
        /// 401 or 403.
        status: u16,
    },
    /// Nothing answers at the host.
    #[error("{host}: {fault}")]
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        fault: String,
    },
    /// A list cannot be had.
    #[error("{what}: {fault}")]
    List {
        /// What was asked.
        what: String,
        /// What the host says, and how often it was asked.
        fault: String,
    },
    /// The host sends the same page again and again.
    #[error("{what}: the same rows as on the page before; the host seems to ignore `page`")]
    SamePage {
        /// What was asked.
        what: String,
    },
    /// Another run works on the dump.
    #[error("{path}: another fetch is working on this dump", path = path.display())]
    Locked {
        /// The file that is locked.
        path: PathBuf,
    },
    /// The dump is of another project.
    #[error("{path}: this dump is of {has}, not of {wanted}\nfetch into another folder", path = path.display())]
    OtherProject {
        /// The state of the dump.
        path: PathBuf,
        /// Host and project that it has.
        has: String,
        /// Host and project that were asked for.
        wanted: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{path}: {fault}", path = path.display(), fault = plain(source))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A signal has ended it.
    #[error("interrupted")]
    Interrupted,
}

/// An error of the system without the number that Rust adds.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// Fetches. Errors end the run; the same command continues it.
///
/// # Errors
/// See [`FetchError`]. A download or a list that cannot be had is no error, and is in the result.
pub fn fetch(
    options: &FetchOptions,
    progress: &FetchProgress,
    stop: &AtomicBool,
) -> Result<Fetched, FetchError> {
    let client = Client::new(options, stop, progress)?;
    let mut folder = FetchFolder::open(options)?;
    let mut fetched = Fetched::default();
    let flows = flows(options, &client, &folder)?;
    fetched.flows = flows.len() as u64;
    let mut known = KnownLogs::read(&folder)?;
    for flow in &flows {
        for &log_type in &options.types {
            let mut list =
                list::ListReader::new(options, &client, &mut folder, &mut known, flow, log_type);
            list.run()?;
            fetched.pages += list.saved;
            fetched.holes.extend(list.hole);
        }
    }
    downloads::run(options, &client, &mut folder, &known, &flows, &mut fetched)?;
    folder.write_errors(&fetched)?;
    fetched.bytes = progress.bytes.load(Ordering::Relaxed);
    Ok(fetched)
}

/// What a run would ask, as targets of requests, without asking anything and without writing anything: the first page
/// of each list, and the downloads that are known to be missing.
///
/// # Errors
/// When the dump cannot be read.
pub fn plan(options: &FetchOptions) -> Result<Vec<String>, FetchError> {
    let mut targets = Vec::new();
    if options.flows.is_empty() {
        targets.push(flows_target(options));
    }
    let folder = FetchFolder::open_to_read(options)?;
    let known = KnownLogs::read(&folder)?;
    let flows = if options.flows.is_empty() { known.flows() } else { options.flows.clone() };
    for flow in &flows {
        for &log_type in &options.types {
            targets.push(list::target(&list::page_query(options, flow, log_type, 1, 100)));
        }
    }
    let flows: BTreeSet<&str> = flows.iter().map(String::as_str).collect();
    let wanted = downloads::wanted(options, &folder, &known, &flows, &mut Fetched::default())?;
    targets.extend(wanted.iter().map(|log| downloads::target(options, log)));
    Ok(targets)
}

fn flows_target(options: &FetchOptions) -> String {
    let mut parameters = Parameters::default();
    parameters.push("projectId", &options.project_id);
    format!("{FLOWS_PATH}?{}", parameters.query())
}

/// The flows asked for, or all of the project; the list of those is saved.
fn flows(
    options: &FetchOptions,
    client: &Client<'_>,
    folder: &FetchFolder,
) -> Result<Vec<String>, FetchError> {
    if !options.flows.is_empty() {
        let mut seen = BTreeSet::new();
        return Ok(options.flows.iter().filter(|flow| seen.insert(*flow)).cloned().collect());
    }
    let mut read = |body: Vec<u8>| {
        let flows = flow_ids(&body).ok_or_else(|| "the answer is no flow list".to_owned())?;
        Ok((body, flows))
    };
    let what = || format!("flow list of project {}", options.project_id);
    match client.ask(&flows_target(options), &mut read) {
        Ok((body, flows)) => {
            folder.write_if_new("flows.json", &body)?;
            Ok(flows)
        }
        Err(AskError::Fatal(error)) => Err(error),
        Err(AskError::NotFound) => Ok(Vec::new()),
        Err(AskError::BadRequest(fault)) => {
            Err(FetchError::List { what: what(), fault: format!("answered 400{fault}") })
        }
        Err(AskError::Failed(fault)) => Err(FetchError::List { what: what(), fault }),
    }
}

/// The ids in a list of flows; `None` when it is none.
fn flow_ids(body: &[u8]) -> Option<Vec<String>> {
    let list: Vec<serde_json::Value> = serde_json::from_slice(body).ok()?;
    list.iter()
        .map(|flow| match flow.get("id")? {
            serde_json::Value::String(id) => Some(id.clone()),
            serde_json::Value::Number(id) => Some(id.to_string()),
            _ => None,
        })
        .collect()
}
