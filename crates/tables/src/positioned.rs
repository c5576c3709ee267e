//! Reads of one file by several threads at once.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// A reader of an open file with a position of its own.
#[derive(Debug)]
pub(super) struct PositionedReader<'f> {
    file: &'f File,
    position: u64,
}

impl<'f> PositionedReader<'f> {
    /// Reads from the start of the file.
    pub(super) fn new(file: &'f File) -> Self {
        Self { file, position: 0 }
    }
}

impl Read for PositionedReader<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(self.file, bytes, self.position)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(self.file, bytes, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for PositionedReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::Current(by) => (self.position, by),
            SeekFrom::End(by) => (self.file.metadata()?.len(), by),
        };
        let position = from.checked_add_signed(by);
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
