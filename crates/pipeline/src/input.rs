//! What one job reads: files, and payloads in memory, such as standard input.

use std::path::PathBuf;

use archive::{DiscoverError, Ends, Limits, Problem, ProblemKind, Share, Source, Stage};

use crate::earlier;
use crate::problem::FileProblem;

/// The inputs of a job, and what is not read.
#[derive(Debug, Default)]
pub struct FoundInputs {
    /// Files in name order.
    pub inputs: Vec<Input>,
    /// Folders and links that could not be read, what is neither file nor folder, and earlier reports; in name
    /// order.
    pub unread: Vec<UnreadPlace>,
}

/// A place below an input that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadPlace {
    /// Its name, made like those of files.
    pub name: String,
    /// Why.
    pub problem: FileProblem,
    /// The folder, when it is that of an earlier report.
    pub report: Option<PathBuf>,
}

/// Finds the files that `names` mean, as [`archive::discover`] does, without the files of earlier reports: those
/// repeat what the logs say. Of each report `unread` has its folder.
///
/// # Errors
/// As [`archive::discover`].
pub fn find(names: &[String]) -> Result<FoundInputs, DiscoverError> {
    let archive::Discovery { mut sources, unread } = archive::discover(names)?;
    let reports = earlier::remove(&mut sources);
    let unread = unread.into_iter().map(|place| UnreadPlace {
        name: place.name,
        problem: place.problem.into(),
        report: None,
    });
    let mut unread: Vec<_> = unread.chain(reports).collect();
    unread.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(FoundInputs { inputs: sources.into_iter().map(Input::File).collect(), unread })
}

/// One payload to read.
#[derive(Debug, Clone)]
pub enum Input {
    /// A file.
    File(Source),
    /// Bytes in memory.
    Memory {
        /// Its name in reports.
        name: String,
        /// The payload.
        bytes: Vec<u8>,
    },
}

impl Input {
    /// Its name in reports.
    pub fn name(&self) -> &str {
        match self {
            Self::File(source) => &source.name,
            Self::Memory { name, .. } => name,
        }
    }

    /// Its size in bytes when it was found.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File(source) => source.bytes,
            Self::Memory { bytes, .. } => bytes.len() as u64,
        }
    }

    /// When it was last changed, microseconds since 1970-01-01 UTC; `None` in memory, and where the system does not say.
    pub fn modified(&self) -> Option<i64> {
        let Self::File(source) = self else { return None };
        let modified = std::fs::metadata(&source.path).ok()?.modified().ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_micros()).ok()
    }

    /// Its two ends, if it is longer than both ends and than `least`; `buffer` holds those of a file.
    pub fn ends<'a>(
        &'a self,
        limits: &Limits,
        least: u64,
        buffer: &'a mut Vec<u8>,
    ) -> Option<Ends<'a>> {
        match self {
            // Most dumps are small files, and the size is known.
            Self::File(source) if source.bytes <= least => None,
            Self::File(source) => archive::read_ends(source, limits, least, buffer),
            Self::Memory { bytes, .. } => {
                let size = bytes.len() as u64;
                Ends::of(bytes).filter(|_| size > least && size <= limits.file_bytes)
            }
        }
    }

    /// Its bytes; `buffer` holds those of a file, and `share` accounts for them. Bytes in memory are not accounted
    /// for.
    ///
    /// # Errors
    /// As [`archive::read`].
    pub fn read<'a>(
        &'a self,
        limits: &Limits,
        share: &Share<'_>,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Problem> {
        match self {
            Self::File(source) => {
                archive::read(source, limits, share, buffer)?;
                Ok(buffer)
            }
            Self::Memory { bytes, .. } if bytes.len() as u64 > limits.file_bytes => {
                let limit = limits.file_bytes;
                let fault = format!("{} bytes or more, the limit is {limit}", bytes.len());
                Err(Problem::new(None, limit, Stage::Read, ProblemKind::TooLarge, &fault))
            }
            Self::Memory { bytes, .. } => Ok(bytes),
        }
    }
}
