//! What one job reads: files, and payloads in memory, such as standard input.

use archive::{Ends, Limits, Problem, ProblemKind, Share, Source, Stage};

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
