//! The hidden folder in which a report is built, and its move to the final name.
//!
//! ```text
//!   dump/  .report.partial/      the partial folder, locked as long as this process runs
//!   dump/  report/               after the move, which is one step of the file system
//! ```
//!
//! The partial folder of a report has a fixed name, so that a second run for the same folder finds it and stops. The
//! process holds a lock on the folder, which the system releases when the process ends. So a partial folder without a
//! lock was left by a killed run, and is removed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, ScopedJoinHandle};
use std::time::Duration;

use super::error::Error;
use super::output::{AtPath, SCRATCH, at_path};

/// The ending of the name of a partial folder.
const PARTIAL: &str = ".partial";

/// The ending of the name of a report that was moved aside, after [`PARTIAL`].
const ASIDE: &str = ".old";

/// How often to try to make a partial folder while another run removes that of a killed run.
const ATTEMPTS: u32 = 50;

/// How often to try to remove a folder while another thread writes to it.
const REMOVALS: u32 = 20;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// What this process has to remove when it ends early: the partial folders that were neither moved nor removed, each
/// with the parent folders that were made for it. The lock is held while one is moved or removed, so that no partial
/// folder is removed while it becomes the report.
static OPEN: Mutex<Vec<Leftovers>> = Mutex::new(Vec::new());

#[derive(Debug, Clone, PartialEq, Eq)]
struct Leftovers {
    partial: PathBuf,
    /// The innermost first.
    made: Vec<PathBuf>,
}

impl Leftovers {
    fn remove(&self) -> io::Result<()> {
        let removed = remove_folder(&self.partial);
        for folder in &self.made {
            // Another program may use it by now.
            let _ = fs::remove_dir(folder);
        }
        removed
    }
}

/// A partial folder that this process owns. It is removed when it is dropped without [`PartialFolder::publish`].
#[derive(Debug)]
pub(super) struct PartialFolder {
    target: PathBuf,
    leftovers: Leftovers,
    /// Held as long as the partial folder exists; `None` where folders cannot be locked.
    lock: Option<File>,
}

impl PartialFolder {
    /// Makes the partial folder for a report at `target`, and the parents of it that do not exist.
    pub(super) fn create(target: &Path, name: &OsStr) -> Result<Self, Error> {
        let parent = parent_of(target);
        let absent = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made = parent.ancestors().take_while(absent).map(Path::to_owned).collect();
        let [partial, _] = hidden_beside(target, name);
        let leftovers = Leftovers { partial, made };
        let mut open = open();
        let lock = fs::create_dir_all(parent)
            .map_err(Error::io(parent, "create"))
            .and_then(|()| acquire(target, &leftovers.partial));
        match lock {
            Ok(lock) => {
                open.push(leftovers.clone());
                Ok(Self { target: target.to_owned(), leftovers, lock })
            }
            Err(error) => {
                for folder in &leftovers.made {
                    let _ = fs::remove_dir(folder);
                }
                Err(error)
            }
        }
    }

    /// Where files are written.
    pub(super) fn path(&self) -> &Path {
        &self.leftovers.partial
    }

    /// Flushes everything in the partial folder to disk, and makes it the report.
    ///
    /// With `replaces`, the report at the target is exchanged with the partial folder in one step, and then removed.
    /// Without, the target must be free or an empty folder.
    pub(super) fn publish(self, replaces: bool) -> Result<(), Error> {
        let (target, partial) = (&self.target, &self.leftovers.partial);
        flush(partial)?;
        let mut open = open();
        let old = if replaces { present(target)? } else { None };
        if old.is_some() {
            swap(target, partial)?;
        } else {
            // Not every system replaces an empty folder by itself.
            #[cfg(not(unix))]
            let _ = fs::remove_dir(target);
            fs::rename(partial, target).map_err(Error::io(target, "move the report here"))?;
        }
        open.retain(|leftovers| *leftovers != self.leftovers);
        // Flushes the name as well. The report is complete without it.
        let _ = File::open(parent_of(target)).and_then(|parent| parent.sync_all());
        if old.is_some() {
            // The new report is in its place; what is left of the old one is removed by the next run.
            let _ = remove_folder(partial);
            let _ = remove_folder(&aside(partial));
        }
        Ok(())
    }
}

impl Drop for PartialFolder {
    fn drop(&mut self) {
        let mut open = open();
        if let Some(at) = open.iter().position(|leftovers| *leftovers == self.leftovers) {
            open.swap_remove(at);
            // A failure cannot be reported from here; the next run removes what remains.
            let _ = self.leftovers.remove();
        }
        // Only when the folder is gone: another run would take an unlocked one for that of a killed run.
        self.lock = None;
    }
}

/// Removes all partial folders of this process. From then on none can become a report, and the process has to end.
/// `false`, without that effect, when there is none.
pub(super) fn clean_up() -> Result<bool, Error> {
    let open = open();
    if open.is_empty() {
        return Ok(false);
    }
    let mut removed = Ok(true);
    for leftovers in open.iter() {
        if let Err(error) = leftovers.remove() {
            removed = Err(Error::io(&leftovers.partial, "remove")(error));
        }
    }
    std::mem::forget(open);
    removed
}

/// Restores a report that a killed run had moved aside, where reports cannot be exchanged in one step.
pub(super) fn recover(target: &Path, name: &OsStr) -> Result<(), Error> {
    let [_, aside] = hidden_beside(target, name);
    if !aside.is_dir() || !matches!(lock(&aside), Lock::Held(_)) {
        return Ok(());
    }
    if target.exists() {
        remove_stale(&aside)
    } else {
        fs::rename(&aside, target).map_err(Error::io(&aside, "move back"))
    }
}

/// The partial folder of a report at `target`, and where a report is moved aside.
pub(super) fn hidden_beside(target: &Path, name: &OsStr) -> [PathBuf; 2] {
    let partial = target.with_file_name(hidden(name, PARTIAL));
    let aside = aside(&partial);
    [partial, aside]
}

/// Whether a folder is named as partial folders and reports that were moved aside are.
pub(super) fn is_name(folder: &Path) -> bool {
    // Of `.` the name is known only when it is resolved.
    let resolved = folder.file_name().is_none().then(|| folder.canonicalize().ok()).flatten();
    let name = resolved.as_deref().unwrap_or(folder).file_name().and_then(OsStr::to_str);
    let name = name.map(|name| name.strip_suffix(ASIDE).unwrap_or(name));
    name.is_some_and(|name| {
        name.len() > PARTIAL.len() + 1 && name.starts_with('.') && name.ends_with(PARTIAL)
    })
}

/// Refuses a folder on which another file system is mounted: the report could not be moved there.
pub(super) fn refuse_mount(target: &Path) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
        let answer = statx(CWD, target, AtFlags::empty(), StatxFlags::empty());
        if answer.is_ok_and(|answer| {
            answer.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT)
                && answer.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
        }) {
            return Err(Error::Mount { path: target.to_owned() });
        }
    }
    let _ = target;
    Ok(())
}

/// The folder around `target`.
pub(super) fn parent_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn open() -> MutexGuard<'static, Vec<Leftovers>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `.NAME` with `end`.
fn hidden(name: &OsStr, end: &str) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(end);
    hidden
}

fn aside(partial: &Path) -> PathBuf {
    let mut aside = partial.as_os_str().to_owned();
    aside.push(ASIDE);
    PathBuf::from(aside)
}

/// Makes the partial folder, or replaces that of a killed run.
fn acquire(target: &Path, partial: &Path) -> Result<Option<File>, Error> {
    let busy = || Error::Busy { path: target.to_owned(), partial: partial.to_owned() };
    for _ in 0..ATTEMPTS {
        match fs::create_dir(partial) {
            Ok(()) => match lock(partial) {
                Lock::Held(file) => return Ok(Some(file)),
                Lock::Unknown => return Ok(None),
                // Another run removed it before it was locked, as that of a killed run.
                Lock::Other | Lock::Gone | Lock::NoFolder => std::thread::sleep(PAUSE),
            },
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match lock(partial) {
                Lock::Held(_guard) => remove_stale(partial)?,
                Lock::NoFolder => {
                    let entry = "a file".to_owned();
                    return Err(Error::InTheWay { path: partial.to_owned(), entry });
                }
                Lock::Gone => {}
                Lock::Other | Lock::Unknown => return Err(busy()),
            },
            Err(error) => return Err(Error::io(partial, "create")(error)),
        }
    }
    Err(busy())
}

enum Lock {
    Held(File),
    /// Another process has the lock.
    Other,
    /// It is no longer under this name.
    Gone,
    /// Something else than a folder is under this name.
    NoFolder,
    /// Folders cannot be locked here.
    Unknown,
}

/// Tries to lock a folder.
fn lock(path: &Path) -> Lock {
    let file = match open_folder(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Lock::Gone,
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Lock::NoFolder,
        Err(_) => return Lock::Unknown,
    };
    match file.try_lock() {
        Ok(()) if is_at(&file, path) => Lock::Held(file),
        Ok(()) => Lock::Gone,
        Err(TryLockError::WouldBlock) => Lock::Other,
        Err(TryLockError::Error(_)) => Lock::Unknown,
    }
}

/// Opens a folder, and nothing else: opening a pipe would wait for its other end.
fn open_folder(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags((OFlags::DIRECTORY | OFlags::NONBLOCK).bits().cast_signed());
    }
    options.read(true).open(path)
}

/// Whether an open folder is still the one under `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let (open, named) = (file.metadata(), fs::metadata(path));
    open.is_ok_and(|open| named.is_ok_and(|named| identity(open) == identity(named)))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.is_dir()
}

/// Removes the partial folder or the old report of a killed run, if it holds nothing else.
fn remove_stale(path: &Path) -> Result<(), Error> {
    if let AtPath::Foreign(entry) = at_path(path)? {
        return Err(Error::InTheWay { path: path.to_owned(), entry });
    }
    remove_folder(path).map_err(Error::io(path, "remove"))
}

/// A report that will be removed, locked where that is possible, so that no other run takes it for that of a killed
/// run.
struct Old {
    _lock: Option<File>,
}

/// The report at `target`; `None` when it is no longer there.
fn present(target: &Path) -> Result<Option<Old>, Error> {
    match at_path(target)? {
        AtPath::Nothing | AtPath::EmptyFolder => Ok(None),
        AtPath::Report => {
            let lock = if let Lock::Held(file) = lock(target) { Some(file) } else { None };
            Ok(Some(Old { _lock: lock }))
        }
        AtPath::Unfinished(entry) | AtPath::Foreign(entry) => {
            Err(Error::InTheWay { path: target.to_owned(), entry })
        }
    }
}

/// Moves the partial folder to the place of the report, and the report to that of the partial folder, or aside.
fn swap(target: &Path, partial: &Path) -> Result<(), Error> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, partial, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
        // Not every file system can. If something else is wrong, the renames below report it.
    }
    let aside = aside(partial);
    fs::rename(target, &aside).map_err(Error::io(target, "move aside"))?;
    if let Err(error) = fs::rename(partial, target) {
        fs::rename(&aside, target).map_err(Error::io(&aside, "move back"))?;
        return Err(Error::io(target, "move the report here")(error));
    }
    Ok(())
}

/// Flushes all files of a folder, and the folder, to disk. In parallel, because a disk flushes many files at once.
pub(super) fn flush(folder: &Path) -> Result<(), Error> {
    let list = || -> io::Result<Vec<PathBuf>> {
        // Scratch files are removed before the move.
        let scratch =
            |path: &Path| path.as_os_str().as_encoded_bytes().ends_with(SCRATCH.as_bytes());
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
        entries.filter(|path| !path.as_ref().is_ok_and(|path| scratch(path))).collect()
    };
    let mut paths = list().map_err(Error::io(folder, "list"))?;
    // The folder of the state.
    paths.extract_if(.., |path| path.is_dir()).try_for_each(|folder| flush(&folder))?;
    let sync = |path: &PathBuf| {
        let file = File::options().write(true).open(path);
        file.and_then(|file| file.sync_all()).map_err(Error::io(path, "write"))
    };
    std::thread::scope(|scope| {
        let share = paths.len().div_ceil(FLUSHERS).max(1);
        let flush = |share: &[PathBuf]| share.iter().try_for_each(sync);
        let threads: Vec<_> = paths
            .chunks(share)
            .map(|share| {
                let spawned = Builder::new().spawn_scoped(scope, move || flush(share));
                spawned.map_err(|_no_thread| share)
            })
            .collect();
        threads.into_iter().try_for_each(|thread| match thread.map(ScopedJoinHandle::join) {
            Ok(Ok(flushed)) => flushed,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(share) => flush(share),
        })
    })?;
    // Not every system can open a folder.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Threads that flush files.
const FLUSHERS: usize = 4;

/// Removes a folder and what is in it. It may be gone already, and a thread of this process may still make files in
/// it.
fn remove_folder(path: &Path) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && tries < REMOVALS => {
                tries += 1;
                std::thread::sleep(PAUSE);
            }
            removed => return removed,
        }
    }
}
