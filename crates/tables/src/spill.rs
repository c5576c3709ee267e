//! Rows that are kept until the end of the job, because one of their columns is known only then.
//!
//! Each batch is a frame: its columns as they are in memory, little endian, compressed. The frames are in a scratch file
//! beside the report, which no other program reads, so it needs no footer and no Parquet reader.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, Write as _};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::batch::{Batch, Columns, Table};
use crate::columns::{Bits, BodyTexts, Cells, ColumnTexts, Data, Lists, TextBuffer};
use crate::error::Error;
use crate::parquet::ZSTD_LEVEL;
use crate::schema::{ColumnType, Schema};

/// Rows of one table, kept for later. Dropping it removes its file.
#[derive(Debug)]
pub struct Spill<T> {
    place: FrameStore,
    /// Of each frame, in order.
    frames: Vec<FrameSize>,
    table: PhantomData<T>,
}

#[derive(Debug)]
enum FrameStore {
    Memory(Vec<u8>),
    Disk(ScratchFile),
}

/// A file that is removed when it is dropped.
#[derive(Debug)]
struct ScratchFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        // A file that cannot be removed here is removed with the hidden folder around it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The rows of one batch, compressed.
#[derive(Debug)]
pub struct Frame<T> {
    size: FrameSize,
    compressed: Vec<u8>,
    table: PhantomData<T>,
}

#[derive(Debug, Clone, Copy)]
struct FrameSize {
    compressed: usize,
    /// Before compression.
    plain: usize,
}

impl<T: Table> Spill<T> {
    /// Keeps the rows in memory.
    pub fn in_memory() -> Self {
        Self { place: FrameStore::Memory(Vec::new()), frames: Vec::new(), table: PhantomData }
    }

    /// Creates the scratch file; no other of its name exists.
    pub(super) fn create(path: PathBuf) -> Result<Self, Error> {
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let file = BufWriter::new(file.map_err(Error::io(&path, "create"))?);
        let place = FrameStore::Disk(ScratchFile { path, file });
        Ok(Self { place, frames: Vec::new(), table: PhantomData })
    }

    /// Appends a frame. I/O only.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn append(&mut self, frame: &Frame<T>) -> Result<(), Error> {
        match &mut self.place {
            FrameStore::Memory(bytes) => bytes.extend_from_slice(&frame.compressed),
            FrameStore::Disk(ScratchFile { path, file }) => {
                file.write_all(&frame.compressed).map_err(Error::io(path, "write"))?;
            }
        }
        self.frames.push(frame.size);
        Ok(())
    }

    /// Passes the frames to `take` in their order, several at a time, and removes the file.
    ///
    /// # Errors
    /// [`Error::Io`], and what `take` fails with.
    pub fn drain<E: From<Error>>(
        mut self,
        at_a_time: usize,
        mut take: impl FnMut(Vec<Frame<T>>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let FrameStore::Disk(ScratchFile { path, file }) = &mut self.place {
            file.flush().map_err(Error::io(path, "write"))?;
            file.get_mut().rewind().map_err(Error::io(path, "read"))?;
        }
        let mut from = 0;
        for window in self.frames.chunks(at_a_time.max(1)) {
            let mut frames = Vec::with_capacity(window.len());
            for &size in window {
                let mut compressed = vec![0; size.compressed];
                match &mut self.place {
                    FrameStore::Memory(bytes) => {
                        compressed.copy_from_slice(&bytes[from..from + size.compressed]);
                    }
                    FrameStore::Disk(ScratchFile { path, file }) => {
                        let read = file.get_mut().read_exact(&mut compressed);
                        read.map_err(Error::io(path, "read"))?;
                    }
                }
                from += size.compressed;
                frames.push(Frame { size, compressed, table: PhantomData });
            }
            take(frames)?;
        }
        Ok(())
    }
}

impl<T: Table> Frame<T> {
    /// Compresses the rows of a batch, and leaves it empty with its memory.
    ///
    /// # Errors
    /// [`Error::Io`] when zstd refuses.
    pub fn pack(batch: &mut Batch<T>) -> Result<Self, Error> {
        let (size, compressed) = pack(batch)?;
        batch.clear();
        Ok(Self { size, compressed, table: PhantomData })
    }

    /// The batch that was packed.
    ///
    /// # Errors
    /// [`Error::Scratch`] when the bytes are not what was packed: the disk or another program changed them.
    pub fn unpack(&self) -> Result<Batch<T>, Error> {
        let columns = unpack(T::SCHEMA, self.size, &self.compressed);
        columns.and_then(Batch::from_columns).ok_or(Error::Scratch { table: T::SCHEMA.name })
    }
}

/// Serializes and compresses a batch.
fn pack(batch: &Columns) -> Result<(FrameSize, Vec<u8>), Error> {
    let mut plain = Vec::with_capacity(batch.bytes());
    push_len(batch.len(), &mut plain);
    for cells in batch.cells() {
        plain.extend_from_slice(&cells.valid.bytes);
        match &cells.data {
            Data::Text(texts) => push_column(texts, &mut plain),
            Data::Bodies(bodies) => {
                let mut texts = ColumnTexts::default();
                (0..bodies.rows.len()).for_each(|row| texts.push(bodies.get(row)));
                push_column(&texts, &mut plain);
            }
            Data::I32(values) => values.iter().for_each(|v| plain.extend(v.to_le_bytes())),
            Data::I64(values) => values.iter().for_each(|v| plain.extend(v.to_le_bytes())),
            Data::F64(values) => values.iter().for_each(|v| plain.extend(v.to_le_bytes())),
            Data::Bool(values) => plain.extend_from_slice(&values.bytes),
            Data::List(lists) => {
                push_texts(&lists.items, &mut plain);
                lists.ends.iter().for_each(|end| push_len(*end, &mut plain));
            }
        }
    }
    let place = Path::new(batch.schema().name);
    let compressed =
        zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(Error::io(place, "compress"))?;
    let size = FrameSize { compressed: compressed.len(), plain: plain.len() };
    Ok((size, compressed))
}

fn push_column(texts: &ColumnTexts, out: &mut Vec<u8>) {
    push_texts(&texts.distinct, out);
    texts.rows.iter().for_each(|place| out.extend(place.to_le_bytes()));
}

fn push_texts(texts: &TextBuffer, out: &mut Vec<u8>) {
    push_len(texts.ends.len(), out);
    texts.ends.iter().for_each(|end| push_len(*end, out));
    push_len(texts.buffer.len(), out);
    out.extend_from_slice(texts.buffer.as_bytes());
}

fn push_len(len: usize, out: &mut Vec<u8>) {
    out.extend((len as u64).to_le_bytes());
}

/// The columns in a frame; `None` when it is not what [`pack`] made.
fn unpack(schema: &'static Schema, size: FrameSize, compressed: &[u8]) -> Option<Columns> {
    let plain = zstd::bulk::decompress(compressed, size.plain).ok()?;
    read_columns(schema, &plain)
}

/// The columns in the bytes of a frame.
fn read_columns(schema: &'static Schema, mut rest: &[u8]) -> Option<Columns> {
    let rows = take_len(&mut rest)?;
    let mut columns = Vec::with_capacity(schema.columns.len());
    for column in schema.columns {
        let valid = take_bits(rows, &mut rest)?;
        let data = match column.kind {
            ColumnType::Text if column.body => {
                Data::Bodies(bodies_of(&take_column(rows, &mut rest)?, &valid))
            }
            ColumnType::Text => Data::Text(take_column(rows, &mut rest)?),
            ColumnType::I32 => Data::I32(take_values(rows, &mut rest, i32::from_le_bytes)?),
            ColumnType::I64 | ColumnType::Time => {
                Data::I64(take_values(rows, &mut rest, i64::from_le_bytes)?)
            }
            ColumnType::F64 => Data::F64(take_values(rows, &mut rest, f64::from_le_bytes)?),
            ColumnType::Bool => Data::Bool(take_bits(rows, &mut rest)?),
            ColumnType::List => {
                let items = take_texts(&mut rest)?;
                let ends = take_ends(rows, &mut rest)?;
                if ends.last().is_some_and(|end| *end > items.ends.len()) {
                    return None;
                }
                Data::List(Lists { items, ends })
            }
        };
        columns.push(Cells { valid, data });
    }
    rest.is_empty().then(|| Columns::from_cells(schema, columns)).flatten()
}

fn take<'p>(len: usize, rest: &mut &'p [u8]) -> Option<&'p [u8]> {
    let (taken, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some(taken)
}

fn take_len(rest: &mut &[u8]) -> Option<usize> {
    let (bytes, behind) = rest.split_first_chunk()?;
    *rest = behind;
    usize::try_from(u64::from_le_bytes(*bytes)).ok()
}

fn take_bits(len: usize, rest: &mut &[u8]) -> Option<Bits> {
    Bits::from_bytes(take(len.div_ceil(8), rest)?.to_vec(), len)
}

fn take_values<T, const N: usize>(
    len: usize,
    rest: &mut &[u8],
    value: fn([u8; N]) -> T,
) -> Option<Vec<T>> {
    let (chunks, _) = take(len.checked_mul(N)?, rest)?.as_chunks();
    Some(chunks.iter().map(|chunk| value(*chunk)).collect())
}

/// Ends in ascending order.
fn take_ends(len: usize, rest: &mut &[u8]) -> Option<Vec<usize>> {
    let ends = take_values(len, rest, u64::from_le_bytes)?;
    let ends: Vec<_> = ends.into_iter().map(usize::try_from).collect::<Result<_, _>>().ok()?;
    ends.is_sorted().then_some(ends)
}

fn take_column(len: usize, rest: &mut &[u8]) -> Option<ColumnTexts> {
    let distinct = take_texts(rest)?;
    let rows = take_values(len, rest, u32::from_le_bytes)?;
    if rows.iter().any(|place| *place as usize >= distinct.ends.len()) {
        return None;
    }
    Some(ColumnTexts::of(distinct, rows))
}

/// Bodies are kept as texts.
fn bodies_of(texts: &ColumnTexts, valid: &Bits) -> BodyTexts {
    let mut bodies = BodyTexts::default();
    for row in 0..valid.len() {
        match texts.get(row) {
            text if valid.get(row) => bodies.push(text, xxh3_64(text.as_bytes())),
            _ => bodies.push_null(),
        }
    }
    bodies
}

fn take_texts(rest: &mut &[u8]) -> Option<TextBuffer> {
    let len = take_len(rest)?;
    let ends = take_ends(len, rest)?;
    let bytes = take_len(rest)?;
    let buffer = str::from_utf8(take(bytes, rest)?).ok()?;
    ends.iter()
        .all(|end| buffer.is_char_boundary(*end))
        .then(|| TextBuffer { buffer: buffer.to_owned(), ends })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Everything;
    use crate::tests::everything;

    #[test]
    fn a_frame_holds_its_batch() {
        for rows in [0..0, 0..1, 0..200] {
            let mut batch = everything(rows);
            let before = batch.clone();
            let frame = Frame::pack(&mut batch).unwrap();
            assert!(batch.is_empty());
            let back = frame.unwrap_rows();
            assert_eq!(back.rows().collect::<Vec<_>>(), before.rows().collect::<Vec<_>>());
        }
    }

    impl Frame<Everything> {
        fn unwrap_rows(&self) -> Batch<Everything> {
            self.unpack().unwrap()
        }
    }

    #[test]
    fn a_changed_frame_is_refused_or_read_but_never_a_panic() {
        let frame = Frame::pack(&mut everything(0..12)).unwrap();
        let plain = zstd::bulk::decompress(&frame.compressed, frame.size.plain).unwrap();
        let read = |plain: &[u8]| {
            let batch = Batch::<Everything>::from_columns(read_columns(Everything::SCHEMA, plain)?);
            // Every cell can be read.
            batch.map(|batch| batch.rows().count())
        };
        for len in (0..plain.len()).step_by(97) {
            assert!(read(&plain[..len]).is_none(), "cut at {len}");
        }
        for place in (0..plain.len()).step_by(13).chain(0..2000.min(plain.len())) {
            let mut changed = plain.clone();
            changed[place] ^= 0xff;
            read(&changed);
        }
    }

    #[test]
    fn frames_come_back_in_order_from_memory_and_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scratch");
        for mut spill in [Spill::in_memory(), Spill::create(path.clone()).unwrap()] {
            for n in 0..5 {
                let mut batch = everything(n * 10..n * 10 + 10);
                spill.append(&Frame::pack(&mut batch).unwrap()).unwrap();
            }
            let mut rows = Vec::new();
            spill
                .drain(2, |frames| {
                    for frame in frames {
                        rows.extend(frame.unpack()?.rows().map(|row| format!("{row:?}")));
                    }
                    Ok::<_, Error>(())
                })
                .unwrap();
            let all = everything(0..50);
            assert_eq!(rows, all.rows().map(|row| format!("{row:?}")).collect::<Vec<_>>());
        }
        assert!(!path.exists(), "the scratch file is removed");
    }

    #[test]
    fn a_damaged_scratch_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scratch");
        let mut spill = Spill::create(path.clone()).unwrap();
        let frame = Frame::pack(&mut everything(0..40)).unwrap();
        spill.append(&frame).unwrap();
        let FrameStore::Disk(scratch) = &mut spill.place else {
            unreachable!("it was created on disk")
        };
        scratch.file.flush().unwrap();
        std::fs::write(&path, vec![b'x'; frame.compressed.len()]).unwrap();
        let read = spill.drain(1, |frames| frames[0].unpack().map(drop));
        assert!(matches!(read, Err(Error::Scratch { .. })), "{read:?}");
    }
}
