//! Finding the input files, and reading them. The only module that uses the file system.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use globset::GlobBuilder;
use rayon::prelude::*;
use thiserror::Error as ThisError;
use walkdir::WalkDir;

use crate::budget::Share;
use crate::ends::Ends;
use crate::limits::Limits;
use crate::problem::{Problem, ProblemKind, Stage, shown};

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path, to open it.
    pub path: PathBuf,
    /// Its name in reports: as given, or relative to the input when that is a folder; `/` between
    /// the parts, lossy UTF-8. Unique within a [`Discovery`].
    pub name: String,
    /// Size in bytes when it was found; 0 when the system would not say.
    pub bytes: u64,
    /// The last part of the path is a symbolic link.
    pub link: bool,
}

/// A place below an input that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its name, made like [`Source::name`].
    pub name: String,
    /// Why, of the kind [`ProblemKind::Io`].
    pub problem: Problem,
}

/// The files that the inputs name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Regular files, sorted by name, each once.
    pub sources: Vec<Source>,
    /// Folders without permission, dangling and circular links, and pipes, sockets and devices, which are not
    /// opened, since that can hang; sorted by name.
    pub unread: Vec<Unread>,
}

/// Why the inputs cannot be used as they were given.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum DiscoverError {
    /// An input names nothing.
    #[error("{input}: no such file or folder")]
    Missing {
        /// The input as given.
        input: String,
    },
    /// A pattern matches nothing.
    #[error("{input}: no file matches")]
    NoMatch {
        /// The input as given.
        input: String,
    },
    /// A pattern is malformed.
    #[error("{input}: not a pattern")]
    Pattern {
        /// The input as given.
        input: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// An input is a pipe, a socket or a device.
    #[error("{input}: not a regular file or folder")]
    NotRegular {
        /// The input as given.
        input: String,
    },
    /// The system does not let an input be examined.
    #[error("{input}: cannot be read")]
    Io {
        /// The input as given.
        input: String,
        /// Why.
        source: io::Error,
    },
}

/// A file whose name may still be changed to make it unique.
struct FoundFile<'i> {
    source: Source,
    /// The folder given as input, when it was found in one.
    folder: Option<&'i str>,
}

/// The folder in which `analyze fetch` keeps its state; nothing in it is a log.
const FETCH_FOLDER: &str = ".fetch";

/// Files whose sizes are read together, on another thread than the one that walks.
const SIZE_BATCH: usize = 512;

/// Finds the files that `inputs` name: files, folders (walked, links followed, but each folder
/// through one link at most), and patterns with
/// `*`, `?`, `[...]`, `{a,b}` and `**`. Folders called `.fetch` are left out. What exists under a name is never taken for a pattern.
///
/// Costs reading every folder, and one call of the system for the size of each file, the latter on the
/// threads of the current Rayon pool at the same time. No file is opened.
///
/// # Errors
///
/// When an input names nothing, is a malformed pattern, is neither file nor folder, or cannot be examined.
pub fn discover(inputs: &[String]) -> Result<Discovery, DiscoverError> {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    for input in inputs {
        let path = Path::new(input);
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                walk(path, Some(input.as_str()), None, &mut found, &mut unread);
            }
            Ok(meta) if meta.is_file() => {
                let (bytes, link) = (meta.len(), path.is_symlink());
                let source = Source { path: path.to_owned(), name: slashed(path), bytes, link };
                found.push(FoundFile { source, folder: None });
            }
            Ok(_) => return Err(DiscoverError::NotRegular { input: input.clone() }),
            Err(_) if is_pattern(input) => matching(input, &mut found, &mut unread)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DiscoverError::Missing { input: input.clone() });
            }
            Err(source) => return Err(DiscoverError::Io { input: input.clone(), source }),
        }
    }
    if inputs.len() > 1 {
        keep_each_path_once(&mut found);
    }
    let sources = with_unique_names(found);
    unread.sort_by(|a, b| a.name.cmp(&b.name));
    unread.dedup();
    Ok(Discovery { sources, unread })
}

/// Reads a whole file into `buffer`, whose old content is dropped. The capacity of the buffer is counted
/// in `share`, before it is allocated.
///
/// # Errors
///
/// [`ProblemKind::Io`] when the system refuses or the file is no longer a regular one;
/// [`ProblemKind::TooLarge`] when it is longer than [`Limits::file_bytes`]: nothing is read when its size
/// says so. The buffer is then of no use.
///
/// Does not hang on a pipe or device that has replaced the file since it was found.
pub fn read(
    source: &Source,
    limits: &Limits,
    share: &Share<'_>,
    buffer: &mut Vec<u8>,
) -> Result<(), Problem> {
    buffer.clear();
    let limit = limits.file_bytes;
    let refuse =
        |error: &io::Error| Problem::new(None, 0, Stage::Read, ProblemKind::Io, &plain(error));
    let too_large = |bytes: u64| {
        let fault = format!("{bytes} bytes or more, the limit is {limit}");
        Problem::new(None, limit, Stage::Read, ProblemKind::TooLarge, &fault)
    };
    let file = open(&source.path).map_err(|error| refuse(&error))?;
    let meta = file.metadata().map_err(|error| refuse(&error))?;
    if !meta.is_file() {
        return Err(Problem::new(None, 0, Stage::Read, ProblemKind::Io, "not a regular file"));
    }
    if meta.len() > limit {
        return Err(too_large(meta.len()));
    }
    // With one byte more than the size, the last read finds the end without growing the buffer.
    let needed = (meta.len() as usize + 1).max(buffer.capacity());
    share.take(needed as u64);
    buffer.reserve_exact(needed);
    let bytes =
        file.take(limit.saturating_add(1)).read_to_end(buffer).map_err(|error| refuse(&error))?
            as u64;
    // It grew while it was read.
    share.take((buffer.capacity() - needed.min(buffer.capacity())) as u64);
    if bytes > limit {
        buffer.clear();
        return Err(too_large(bytes));
    }
    Ok(())
}

/// Reads the two ends of a file into `buffer`, whose old content is dropped. `None` when the file has
/// `least` or [`Ends::BYTES`] bytes or less, is longer than [`Limits::file_bytes`], or cannot be read:
/// [`read`] says why.
pub fn read_ends<'b>(
    source: &Source,
    limits: &Limits,
    least: u64,
    buffer: &'b mut Vec<u8>,
) -> Option<Ends<'b>> {
    let mut file = open(&source.path).ok()?;
    let meta = file.metadata().ok().filter(fs::Metadata::is_file)?;
    let bytes = meta.len();
    if bytes <= least.max(Ends::BYTES as u64) || bytes > limits.file_bytes {
        return None;
    }
    buffer.resize(Ends::BYTES, 0);
    let (head, tail) = Ends::split(buffer);
    file.read_exact(head).ok()?;
    file.seek(io::SeekFrom::Start(bytes - tail.len() as u64)).ok()?;
    file.read_exact(tail).ok()?;
    Ends::joined(buffer, bytes)
}

/// Opens a file without waiting: otherwise opening a pipe waits for a writer that may never come.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.read(true).open(path)
}

/// BLAKE3 digest of the bytes of a file, 256 bits. Files with equal digests have equal bytes. Shown as 64
/// hex digits, lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`. Costs a fraction of decoding them.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

/// Walks a folder. `input` is the prefix of names that would otherwise be equal; with `only`, files
/// are taken when their whole path matches.
fn walk<'i>(
    folder: &Path,
    input: Option<&'i str>,
    only: Option<&globset::GlobMatcher>,
    found: &mut Vec<FoundFile<'i>>,
    unread: &mut Vec<Unread>,
) {
    let walker = || WalkDir::new(folder).follow_links(true);
    let walked = walk_in(walker(), folder, input, only, false).or_else(|| {
        // Sorted, so that the names decide through which of several links a folder is entered.
        walk_in(walker().sort_by_file_name(), folder, input, only, true)
    });
    let (mut files, mut unreadable) = walked.unwrap_or_default();
    files.par_sort_unstable_by(by_name);
    found.append(&mut files);
    unread.append(&mut unreadable);
}

/// The result of a walk: files in any order, and what could not be read.
type Walked<'i> = (Vec<FoundFile<'i>>, Vec<Unread>);

/// Walks a folder in the order of `walker`. `None` when that is not `sorted` and a link to a folder is found:
/// then the order matters.
fn walk_in<'i>(
    walker: WalkDir,
    folder: &Path,
    input: Option<&'i str>,
    only: Option<&globset::GlobMatcher>,
    sorted: bool,
) -> Option<Walked<'i>> {
    let name_of = |path: &Path| match only {
        None => slashed(path.strip_prefix(folder).unwrap_or(path)),
        Some(_) => slashed(path.strip_prefix("./").unwrap_or(path)),
    };
    let sized = Mutex::new(Vec::new());
    let mut unread = Vec::new();
    let mut linked = HashSet::new();
    let mut walk = walker.into_iter();
    let whole = rayon::in_place_scope(|scope| {
        let read_sizes = |mut found: Vec<FoundFile<'i>>| {
            let sized = &sized;
            scope.spawn(move |_| {
                for FoundFile { source, .. } in &mut found {
                    source.bytes = fs::metadata(&source.path).map_or(0, |meta| meta.len());
                }
                sized.lock().unwrap_or_else(PoisonError::into_inner).append(&mut found);
            });
        };
        let mut found = Vec::new();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(folder);
                    unread.push(Unread { name: name_of(path), problem: unwalked(&error) });
                    continue;
                }
            };
            if entry.file_type().is_dir() && entry.depth() > 0 && entry.file_name() == FETCH_FOLDER
            {
                walk.skip_current_dir();
                continue;
            }
            if entry.path_is_symlink() && entry.file_type().is_dir() {
                if !sorted && entry.depth() > 0 {
                    return false;
                }
                // A folder is entered through one link only: a few folders that link to each other have
                // more ways through them than can be walked.
                if fs::canonicalize(entry.path()).is_ok_and(|real| !linked.insert(real)) {
                    walk.skip_current_dir();
                }
                continue;
            }
            let wanted = only.is_none_or(|glob| {
                let path = entry.path();
                glob.is_match(path) || path.strip_prefix("./").is_ok_and(|path| glob.is_match(path))
            });
            if !wanted || entry.file_type().is_dir() {
                continue;
            }
            if !entry.file_type().is_file() {
                let fault = format!("{}, not read", special_file(entry.file_type()));
                let problem = Problem::new(None, 0, Stage::Read, ProblemKind::Io, &fault);
                unread.push(Unread { name: name_of(entry.path()), problem });
                continue;
            }
            let name = name_of(entry.path());
            let link = entry.path_is_symlink();
            let source = Source { path: entry.into_path(), name, bytes: 0, link };
            found.push(FoundFile { source, folder: input });
            if found.len() >= SIZE_BATCH {
                read_sizes(std::mem::take(&mut found));
            }
        }
        read_sizes(found);
        true
    });
    let sized = sized.into_inner().unwrap_or_else(PoisonError::into_inner);
    whole.then_some((sized, unread))
}

/// The name of what is neither file nor folder.
fn special_file(kind: fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    let _ = kind;
    "a device"
}

/// Why the walk could not read a folder or a link.
fn unwalked(error: &walkdir::Error) -> Problem {
    let fault = match (error.loop_ancestor(), error.io_error()) {
        (Some(_), _) => "a link that leads back to a folder around it".to_owned(),
        (None, Some(error)) => plain(error),
        (None, None) => "cannot be read".to_owned(),
    };
    Problem::new(None, 0, Stage::Read, ProblemKind::Io, &fault)
}

fn is_pattern(input: &str) -> bool {
    input.contains(['*', '?', '[', '{'])
}

/// Adds the files that match a pattern. The walk begins at the longest part of it that is no pattern.
fn matching(
    input: &str,
    found: &mut Vec<FoundFile<'_>>,
    unread: &mut Vec<Unread>,
) -> Result<(), DiscoverError> {
    let pattern = input.strip_prefix("./").unwrap_or(input);
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    let glob = glob.map_err(|source| DiscoverError::Pattern { input: input.to_owned(), source })?;
    let literal: PathBuf = Path::new(pattern)
        .components()
        .take_while(|part| !is_pattern(&part.as_os_str().to_string_lossy()))
        .collect();
    let folder = if literal.as_os_str().is_empty() { Path::new(".") } else { &literal };
    let before = found.len();
    if folder.is_dir() {
        walk(folder, None, Some(&glob.compile_matcher()), found, unread);
    }
    if found.len() == before {
        return Err(DiscoverError::NoMatch { input: input.to_owned() });
    }
    Ok(())
}

/// Drops files that are in the list already, also by another path.
fn keep_each_path_once(found: &mut Vec<FoundFile<'_>>) {
    let mut paths = HashSet::new();
    found.retain(|file| {
        let path = &file.source.path;
        paths.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone()))
    });
}

fn by_name(a: &FoundFile<'_>, b: &FoundFile<'_>) -> std::cmp::Ordering {
    let (a, b) = (&a.source, &b.source);
    a.name.cmp(&b.name).then_with(|| a.path.cmp(&b.path))
}

/// Sorts by name; where two inputs give the same name, those found in folders are named with their
/// folder.
fn with_unique_names(mut found: Vec<FoundFile<'_>>) -> Vec<Source> {
    found.sort_by(by_name);
    let mut clash = false;
    for same in found.chunk_by_mut(|a, b| a.source.name == b.source.name) {
        if same.len() < 2 {
            continue;
        }
        clash = true;
        for file in same {
            if let Some(folder) = file.folder {
                let folder = slashed(Path::new(folder));
                file.source.name = format!("{}/{}", folder.trim_end_matches('/'), file.source.name);
            }
        }
    }
    if clash {
        found.sort_by(by_name);
    }
    let mut sources: Vec<Source> = found.into_iter().map(|file| file.source).collect();
    if clash {
        number_equal_names(&mut sources);
    }
    sources
}

/// Makes names different that are still equal: those that differ only in bytes that are not UTF-8.
fn number_equal_names(sources: &mut [Source]) {
    let mut names = HashSet::new();
    for source in &mut *sources {
        let plain = source.name.clone();
        let mut number = 2;
        while !names.insert(source.name.clone()) {
            source.name = format!("{plain}~{number}");
            number += 1;
        }
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
}

/// A path as text, with `/` between the parts on every system.
fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// An error of the system on one line, without the number that Rust adds.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    shown(&text.to_lowercase())
}

#[cfg(test)]
mod tests;
