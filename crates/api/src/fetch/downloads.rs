//! The downloads of the logs that have finished, several at a time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use archive::{Decoder, Limits};
use model::listing;

use super::client::{AskError, Client};
use super::folder::{FetchFolder, ManifestLine, download_name, read_if_there};
use super::known::KnownLogs;
use super::{FailedLog, FetchError, FetchOptions, Fetched};
use crate::protocol::{DOWNLOAD_PATH, DownloadQuery};

/// A log whose download is missing.
#[derive(Debug, Clone)]
pub(super) struct WantedLog {
    flow: String,
    id: String,
    run: Option<String>,
    /// The record says that there is a payload.
    has_payload: bool,
}

/// The target of the request of a download.
pub(super) fn target(options: &FetchOptions, log: &WantedLog) -> String {
    let query = DownloadQuery {
        id: log.id.clone(),
        project_id: options.project_id.clone(),
        flow_id: log.flow.clone(),
        project_slug: options.project_slug.clone(),
    };
    format!("{DOWNLOAD_PATH}?{}", query.parameters().query())
}

/// The logs whose downloads are missing, by flow and id. Counts the others in `fetched`.
pub(super) fn wanted(
    options: &FetchOptions,
    folder: &FetchFolder,
    known: &KnownLogs,
    flows: &BTreeSet<&str>,
    fetched: &mut Fetched,
) -> Result<Vec<WantedLog>, FetchError> {
    let mut wanted = Vec::new();
    for (id, log) in known.iter() {
        let is_old = |created| options.since.is_some_and(|since| created < since);
        if !options.types.contains(&log.log_type)
            || !flows.contains(log.flow.as_str())
            || log.created.is_some_and(is_old)
        {
            continue;
        }
        fetched.logs += 1;
        if !log.is_finished {
            fetched.unfinished += 1;
            continue;
        }
        let has_payload = log.has_payload == Some(true);
        let log =
            WantedLog { flow: log.flow.clone(), id: id.clone(), run: log.run.clone(), has_payload };
        match is_there(options, folder, &log)? {
            Some(true) => fetched.kept += 1,
            Some(false) => fetched.without += 1,
            None => wanted.push(log),
        }
    }
    wanted.sort_by(|a, b| a.flow.cmp(&b.flow).then_with(|| listing::by_id(&a.id, &b.id)));
    Ok(wanted)
}

/// Whether the download is in the dump; `Some(false)` when the host has none, `None` when it has to be fetched.
fn is_there(
    options: &FetchOptions,
    folder: &FetchFolder,
    log: &WantedLog,
) -> Result<Option<bool>, FetchError> {
    let line = folder.manifest(&log.flow, &log.id);
    let path = folder.root().join(download_name(&log.flow, &log.id));
    match line {
        Some(ManifestLine { bytes: None, .. }) => return Ok((!options.full).then_some(false)),
        Some(ManifestLine { blake3: Some(digest), .. }) if options.verify => {
            let bytes = read_if_there(&path)?;
            let is_same = |bytes: &Vec<u8>| *digest == *blake3::hash(bytes).to_hex();
            return Ok(bytes.filter(is_same).map(|_| true));
        }
        Some(_) => return Ok(path.is_file().then_some(true)),
        None => {}
    }
    // A run that was ended between the file and its line in the manifest, or a lost manifest.
    match read_if_there(&path)? {
        Some(bytes) if check(&bytes).is_ok() => {
            folder.append(&manifest_line(log, Some(&bytes)))?;
            Ok(Some(true))
        }
        _ => Ok(None),
    }
}

fn manifest_line(log: &WantedLog, bytes: Option<&[u8]>) -> ManifestLine {
    ManifestLine {
        flow: log.flow.clone(),
        id: log.id.clone(),
        run: log.run.clone(),
        bytes: bytes.map(|bytes| bytes.len() as u64),
        blake3: bytes.map(|bytes| blake3::hash(bytes).to_hex().to_string()),
    }
}

/// What is wrong with the body of a download: it has to be base64 of a zip whose members are whole, by their checksums.
fn check(body: &[u8]) -> Result<(), String> {
    let decoded = Decoder::new(Limits::default()).decode(body, &mut |_| {});
    if !decoded.layers.split('>').any(|layer| layer == "zip") {
        return Err("the answer is no base64 of a zip".to_owned());
    }
    match decoded.problems.first() {
        Some(problem) => Err(format!("the download is damaged: {problem}")),
        None => Ok(()),
    }
}

/// Fetches the missing downloads of the flows.
pub(super) fn run(
    options: &FetchOptions,
    client: &Client<'_>,
    folder: &mut FetchFolder,
    known: &KnownLogs,
    flows: &[String],
    fetched: &mut Fetched,
) -> Result<(), FetchError> {
    let flows: BTreeSet<&str> = flows.iter().map(String::as_str).collect();
    let wanted = wanted(options, folder, known, &flows, fetched)?;
    let progress = client.progress();
    progress.wanted.store(wanted.len() as u64, Ordering::Relaxed);
    let (next, ends) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results: Mutex<DownloadResults> = Mutex::default();
    let folder = &*folder;
    std::thread::scope(|scope| {
        for _ in 0..options.concurrency.max(1).min(wanted.len()) {
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(log) = wanted.get(n) else { return };
                    let got = one(options, client, folder, log);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    match got {
                        Ok(got) => {
                            results.got.push((n, got));
                            progress.done.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => {
                            ends.store(true, Ordering::Relaxed);
                            // The first reason is the one that counts.
                            results.error.get_or_insert(error);
                        }
                    }
                }
            });
        }
    });
    let DownloadResults { mut got, error } =
        results.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = error {
        return Err(error);
    }
    got.sort_by_key(|(n, _)| *n);
    // When the host refuses every download although records say that there are some, something else is wrong, such as
    // the slug. Nothing is remembered then.
    let is_saved = |(_, got): &(usize, DownloadResult)| matches!(got, DownloadResult::Saved);
    let refuses_all = !folder.has_downloads()
        && !got.iter().any(is_saved)
        && wanted.iter().any(|log| log.has_payload);
    for (n, got) in got {
        let log = &wanted[n];
        let mut failed = |fault: String| {
            let (flow, id) = (log.flow.clone(), log.id.clone());
            fetched.failed.push(FailedLog { flow, id, fault });
        };
        match got {
            DownloadResult::Saved => fetched.downloads += 1,
            DownloadResult::Refused(fault) if refuses_all => {
                failed(format!("answered 400{fault}, as for all logs; are slug and flow right?"));
            }
            DownloadResult::Refused(_) => {
                folder.append(&manifest_line(log, None))?;
                fetched.without += 1;
            }
            DownloadResult::Failed(fault) => failed(fault),
        }
    }
    Ok(())
}

/// What all threads have done.
#[derive(Default)]
struct DownloadResults {
    /// By the place of the log.
    got: Vec<(usize, DownloadResult)>,
    /// Why the run ends.
    error: Option<FetchError>,
}

/// How the fetching of one download went.
enum DownloadResult {
    Saved,
    /// 400, with what the host says: it has none.
    Refused(String),
    Failed(String),
}

fn one(
    options: &FetchOptions,
    client: &Client<'_>,
    folder: &FetchFolder,
    log: &WantedLog,
) -> Result<DownloadResult, FetchError> {
    let answer = client.ask(&target(options, log), &mut |body| check(&body).map(|()| body));
    match answer {
        Ok(body) => {
            folder.write(&download_name(&log.flow, &log.id), &body)?;
            folder.append(&manifest_line(log, Some(&body)))?;
            Ok(DownloadResult::Saved)
        }
        Err(AskError::Fatal(error)) => Err(error),
        Err(AskError::BadRequest(fault)) => Ok(DownloadResult::Refused(fault)),
        Err(AskError::NotFound) => Ok(DownloadResult::Failed("answered 404".to_owned())),
        Err(AskError::Failed(fault)) => Ok(DownloadResult::Failed(fault)),
    }
}
