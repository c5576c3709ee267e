//! The folder of a dump that is fetched: whole files only, a state, a manifest, a lock.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use model::listing::LogType;
use serde::{Deserialize, Serialize};

use super::{FetchError, FetchOptions, Fetched};
use crate::http_date;
use crate::protocol::{encoded, type_number};

/// The folder of the fetch within a dump.
const OWN: &str = ".fetch";
/// Version of the state.
const SCHEMA: u32 = 1;
/// The longest name made of an id, in bytes: file systems allow 255.
const MOST_NAME: usize = 180;

/// What is known about how far the lists are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FetchState {
    schema: u32,
    host: String,
    project_id: String,
    project_slug: String,
    /// By flow, then by type.
    lists: BTreeMap<String, BTreeMap<u8, ListState>>,
}

/// How far one list is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ListState {
    /// Number of the reading whose pages are saved.
    pub(super) pass: u32,
    /// The last page of it that was read.
    pub(super) page: u64,
    /// All its logs were read once: later runs need the newest pages only.
    pub(super) is_complete: bool,
    /// The logs before this time were not asked for.
    #[serde(default)]
    pub(super) since: Option<String>,
    /// When its newest log began.
    pub(super) newest_created: Option<String>,
    /// Runs that had not finished.
    pub(super) open_runs: Vec<String>,
}

/// A line of the manifest: a download that is there, or that the host does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ManifestLine {
    pub(super) flow: String,
    pub(super) id: String,
    pub(super) run: Option<String>,
    /// Size in bytes; `None` when the host has no download.
    pub(super) bytes: Option<u64>,
    pub(super) blake3: Option<String>,
}

/// The folder, locked for one run.
#[derive(Debug)]
pub(super) struct FetchFolder {
    root: PathBuf,
    state: FetchState,
    manifest: HashMap<(String, String), ManifestLine>,
    /// `None` when nothing is written.
    log: Option<Mutex<File>>,
    parts: AtomicU64,
    /// Held as long as the run works.
    lock: Option<File>,
}

impl Drop for FetchFolder {
    fn drop(&mut self) {
        // A process that was just started may have a copy of the open file, which would keep the lock.
        if let Some(lock) = &self.lock {
            let _unlocked = lock.unlock();
        }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FetchError + '_ {
    |source| FetchError::File { path: path.to_owned(), source }
}

impl FetchFolder {
    /// Opens or makes the folder, and locks it. Removes what an interrupted run left in `.fetch`.
    pub(super) fn open(options: &FetchOptions) -> Result<Self, FetchError> {
        let own = options.dump.join(OWN);
        fs::create_dir_all(&own).map_err(at(&own))?;
        let lock_path = own.join("lock");
        let lock = File::options().create(true).write(true).truncate(false).open(&lock_path);
        let lock = lock.map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(FetchError::Locked { path: lock_path });
            }
            Err(fs::TryLockError::Error(error)) => return Err(at(&lock_path)(error)),
        }
        for entry in fs::read_dir(&own).map_err(at(&own))? {
            let path = entry.map_err(at(&own))?.path();
            if path.extension().is_some_and(|extension| extension == "part") {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        let mut folder = Self::open_to_read(options)?;
        let path = own.join("manifest.jsonl");
        let mut log = File::options().create(true).append(true).open(&path).map_err(at(&path))?;
        // A run that was ended while it wrote a line leaves a part of it.
        if fs::read(&path).map_err(at(&path))?.last().is_some_and(|last| *last != b'\n') {
            log.write_all(b"\n").map_err(at(&path))?;
        }
        folder.log = Some(Mutex::new(log));
        folder.lock = Some(lock);
        Ok(folder)
    }

    /// Reads what the folder has, without a lock and without writing.
    pub(super) fn open_to_read(options: &FetchOptions) -> Result<Self, FetchError> {
        let own = options.dump.join(OWN);
        let mut state = FetchState {
            schema: SCHEMA,
            host: options.host.trim_end_matches('/').to_owned(),
            project_id: options.project_id.clone(),
            project_slug: options.project_slug.clone(),
            lists: BTreeMap::new(),
        };
        let path = own.join("state.json");
        // A state that cannot be read is made anew: all lists are then read in full.
        if let Some(bytes) = read_if_there(&path)?
            && let Ok(old) = serde_json::from_slice::<FetchState>(&bytes)
            && old.schema == SCHEMA
        {
            let of = |state: &FetchState| format!("project {} at {}", state.project_id, state.host);
            if old.project_id != state.project_id || old.host != state.host {
                let (has, wanted) = (of(&old), of(&state));
                return Err(FetchError::OtherProject { path, has, wanted });
            }
            state.lists = old.lists;
        }
        let mut manifest = HashMap::new();
        let path = own.join("manifest.jsonl");
        let bytes = read_if_there(&path)?.unwrap_or_default();
        for line in bytes.split(|byte| *byte == b'\n') {
            // A part of a line says nothing.
            if let Ok(line) = serde_json::from_slice::<ManifestLine>(line) {
                manifest.insert((line.flow.clone(), line.id.clone()), line);
            }
        }
        let root = options.dump.clone();
        let (log, parts) = (None, AtomicU64::new(0));
        Ok(Self { root, state, manifest, log, parts, lock: None })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// How far a list is.
    pub(super) fn list(&self, flow: &str, log_type: LogType) -> ListState {
        let list = self.state.lists.get(flow).and_then(|types| types.get(&type_number(log_type)));
        list.cloned().unwrap_or_default()
    }

    /// Notes how far a list is; replaces the state in one step.
    pub(super) fn set_list(
        &mut self,
        flow: &str,
        log_type: LogType,
        list: &ListState,
    ) -> Result<(), FetchError> {
        let types = self.state.lists.entry(flow.to_owned()).or_default();
        if types.insert(type_number(log_type), list.clone()).as_ref() == Some(list) {
            return Ok(());
        }
        self.write_state()
    }

    fn write_state(&self) -> Result<(), FetchError> {
        let mut json = serde_json::to_vec_pretty(&self.state).unwrap_or_default();
        json.push(b'\n');
        self.write_if_new(&format!("{OWN}/state.json"), &json)
    }

    /// The line of the manifest about a log.
    pub(super) fn manifest(&self, flow: &str, id: &str) -> Option<&ManifestLine> {
        self.manifest.get(&(flow.to_owned(), id.to_owned()))
    }

    /// Whether the manifest has any download.
    pub(super) fn has_downloads(&self) -> bool {
        self.manifest.values().any(|line| line.bytes.is_some())
    }

    /// Adds a line to the manifest.
    pub(super) fn append(&self, line: &ManifestLine) -> Result<(), FetchError> {
        let path = self.root.join(OWN).join("manifest.jsonl");
        let mut json = serde_json::to_vec(line).unwrap_or_default();
        json.push(b'\n');
        if let Some(log) = &self.log {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.write_all(&json).map_err(at(&path))?;
        }
        Ok(())
    }

    /// Writes a file so that it has its name only when it is whole: in `.fetch` first, then moved.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FetchError> {
        let path = self.root.join(name);
        let part = self.parts.fetch_add(1, Ordering::Relaxed);
        let part = self.root.join(OWN).join(format!("{part}.part"));
        let written = (|| {
            let mut file = File::create(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::rename(&part, &path)?;
            // The name is on the disk only when the folder is.
            #[cfg(unix)]
            if let Some(folder) = path.parent() {
                File::open(folder)?.sync_all()?;
            }
            Ok(())
        })();
        written.map_err(|source| {
            // What is left of it is removed by the next run.
            let _removed = fs::remove_file(&part);
            FetchError::File { path, source }
        })
    }

    /// Writes a file unless it has these bytes already.
    pub(super) fn write_if_new(&self, name: &str, bytes: &[u8]) -> Result<(), FetchError> {
        let path = self.root.join(name);
        if read_if_there(&path)?.as_deref() == Some(bytes) {
            return Ok(());
        }
        self.write(name, bytes)
    }

    /// Writes the logs and lists that this run could not have, and nothing when there are none.
    pub(super) fn write_errors(&self, fetched: &Fetched) -> Result<(), FetchError> {
        let path = self.root.join(OWN).join("errors.jsonl");
        let at_time = http_date::text(http_date::now());
        let mut text = String::new();
        let mut line = |json: serde_json::Value| {
            text += &json.to_string();
            text.push('\n');
        };
        for failed in &fetched.failed {
            line(serde_json::json!({"at": at_time, "download": failed}));
        }
        for hole in &fetched.holes {
            line(serde_json::json!({"at": at_time, "list": hole}));
        }
        if text.is_empty() {
            return Ok(());
        }
        let file = File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(at(&path))
    }
}

/// The bytes of a file; `None` when there is none.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, FetchError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FetchError::File { path: path.to_owned(), source }),
    }
}

/// A text from the host as the name of a file or folder: no separators, no dots at the beginning, not too long.
pub(super) fn file_name(text: &str) -> String {
    let name = encoded(text);
    let name = match name.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => name,
    };
    if name.len() <= MOST_NAME {
        return name;
    }
    let digest = blake3::hash(text.as_bytes()).to_hex();
    format!("{}~{}", &name[..MOST_NAME - 40], &digest[..32])
}

/// The file of a download.
pub(super) fn download_name(flow: &str, id: &str) -> String {
    format!("downloads/{}/{}.b64", file_name(flow), file_name(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_a_host_cannot_leave_the_folder() {
        assert_eq!(file_name("90123"), "90123");
        assert_eq!(file_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
        assert_eq!(file_name(".."), "%2E.");
        assert_eq!(file_name("a\\b:c"), "a%5Cb%3Ac");
        assert_eq!(file_name(".fetch"), "%2Efetch");
        let long = "x".repeat(400);
        assert!(file_name(&long).len() <= MOST_NAME);
        assert_ne!(file_name(&long), file_name(&"x".repeat(401)));
    }
}
