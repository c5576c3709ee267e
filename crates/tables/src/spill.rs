//! Rows that wait on disk until the end of the run, because one column is known only then.
//!
//! The scratch file is private to the run: the columns of each batch as they lie in memory, little
//! endian, compressed, one frame a batch. It needs no footer and no Parquet reader, and no other
//! program ever sees it.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::batch::Batch;
use super::columns::{Bits, Cells, Data, Lists, Runs, Texts};
use super::encode::{Encoded, Formats, encode};
use super::error::{Encoding, Error};
use super::output::TableWriter;
use super::parquet::ZSTD_LEVEL;
use super::schema::{Schema, Type};

/// The columns that [`Spill::rewrite`] fills in.
const LATE_COLUMNS: [&str; 3] = ["group", "class", "side"];

/// What is known of an error only once all are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Late<'g> {
    /// Fingerprint of its group.
    pub group: &'g str,
    /// Its class, when a rule of the user says another.
    pub class: Option<&'g str>,
    /// Its side, likewise.
    pub side: Option<&'g str>,
}

/// Rows of one table that wait in a scratch file of the stage for their group.
///
/// The `group` column holds a preliminary id, which [`Spill::rewrite`] turns into the final one.
/// A spill that goes away removes its file.
#[derive(Debug)]
pub struct Spill {
    schema: &'static Schema,
    path: PathBuf,
    file: BufWriter<File>,
    /// Of each frame in the file, in order.
    frames: Vec<FrameSize>,
}

/// The rows of one batch in the form of the scratch file.
#[derive(Debug)]
pub(super) struct Frame {
    size: FrameSize,
    compressed: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct FrameSize {
    compressed: usize,
    /// Before compression.
    plain: usize,
}

impl Spill {
    /// Creates the scratch file; no other of its name exists.
    pub(super) fn create(path: PathBuf, schema: &'static Schema) -> Result<Self, Error> {
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let file = BufWriter::new(file.map_err(Error::io(&path, "create"))?);
        Ok(Self { schema, path, file, frames: Vec::new() })
    }

    /// Appends rows that were encoded with [`Formats::scratch`]. I/O only.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::NotEncoded`] when they were encoded otherwise or belong to
    /// another table.
    pub fn append(&mut self, rows: Encoded) -> Result<(), Error> {
        let frame = rows
            .scratch
            .filter(|_| rows.schema == self.schema)
            .ok_or(Error::NotEncoded { table: self.schema.name, format: Encoding::Scratch })?;
        self.file.write_all(&frame.compressed).map_err(Error::io(&self.path, "write"))?;
        self.frames.push(frame.size);
        Ok(())
    }

    /// Reads the rows back in their order, replaces each preliminary id in the `group` column by
    /// what `late` gives for it, class and side where it gives some, writes them to `table`, which is finished, and removes the
    /// scratch file. Returns the number of rows.
    ///
    /// As many batches as there are threads in the current Rayon pool are in memory at a time. The
    /// bytes written do not depend on that number.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Parquet`] as any writing, [`Error::Scratch`] when the scratch
    /// file was changed by somebody else.
    pub fn rewrite<'g>(
        mut self,
        late: &(dyn Fn(&str) -> Late<'g> + Sync),
        mut table: TableWriter,
        formats: &Formats,
    ) -> Result<u64, Error> {
        self.file.flush().map_err(Error::io(&self.path, "write"))?;
        let file = self.file.get_mut();
        file.rewind().map_err(Error::io(&self.path, "read"))?;
        for window in self.frames.chunks(rayon::current_num_threads().max(1)) {
            let mut frames = Vec::with_capacity(window.len());
            for size in window {
                let mut compressed = vec![0; size.compressed];
                file.read_exact(&mut compressed).map_err(Error::io(&self.path, "read"))?;
                frames.push(Frame { size: *size, compressed });
            }
            let encode_frame = |frame: Frame| {
                let damaged = || Error::Scratch { path: self.path.clone() };
                let mut batch = unpack(self.schema, &frame).ok_or_else(damaged)?;
                drop(frame);
                replace(&mut batch, late);
                encode(&batch, formats)
            };
            let encoded: Vec<_> = frames.into_par_iter().map(encode_frame).collect();
            for rows in encoded {
                table.append(rows?)?;
            }
        }
        table.finish()
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        // What cannot be removed here goes away with the stage, or stays in it and hurts nobody.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Puts what is known now in the place of what was known before; rows without a group stay as they are.
fn replace<'g>(batch: &mut Batch, late: &dyn Fn(&str) -> Late<'g>) {
    let [group, class, side] = LATE_COLUMNS.map(|name| batch.schema().position(name));
    let Some(group) = group else { return };
    let cells = &batch.columns()[group];
    let Data::Text(ids) = &cells.data else { return };
    let known: Vec<Option<Late<'_>>> =
        (0..batch.len()).map(|row| cells.valid.get(row).then(|| late(ids.get(row)))).collect();
    put(batch, Some(group), |row| known[row].map(|late| late.group));
    put(batch, class, |row| known[row].and_then(|late| late.class));
    put(batch, side, |row| known[row].and_then(|late| late.side));
}

/// Replaces the cells of a column for which there is something else.
fn put<'g>(batch: &mut Batch, column: Option<usize>, other: impl Fn(usize) -> Option<&'g str>) {
    let Some(column) = column.filter(|_| (0..batch.len()).any(|row| other(row).is_some())) else {
        return;
    };
    let cells = &batch.columns()[column];
    let Data::Text(before) = &cells.data else { return };
    let (mut valid, mut texts) = (Bits::default(), Runs::default());
    for row in 0..batch.len() {
        let text = other(row).or(cells.valid.get(row).then(|| before.get(row)));
        valid.push(text.is_some());
        texts.push(text.unwrap_or_default());
    }
    batch.replace(column, Cells { valid, data: Data::Text(texts) });
}

/// Serializes and compresses a batch.
pub(super) fn pack(batch: &Batch) -> Result<Frame, Error> {
    let mut plain = Vec::with_capacity(batch.bytes());
    push_len(batch.len(), &mut plain);
    for cells in batch.columns() {
        plain.extend_from_slice(&cells.valid.bytes);
        match &cells.data {
            Data::Text(runs) => push_runs(runs, &mut plain),
            // No table with bodies waits; one that did would come back with plain texts.
            Data::Bodies(bodies) => {
                let mut texts = Runs::default();
                (0..bodies.rows.len()).for_each(|row| texts.push(bodies.get(row)));
                push_runs(&texts, &mut plain);
            }
            Data::U16(values) => values.iter().for_each(|v| plain.extend(v.to_le_bytes())),
            Data::U32(values) => values.iter().for_each(|v| plain.extend(v.to_le_bytes())),
            Data::U64(values) => values.iter().for_each(|v| plain.extend(v.to_le_bytes())),
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
    Ok(Frame { size, compressed })
}

fn push_runs(runs: &Runs, out: &mut Vec<u8>) {
    push_texts(&runs.distinct, out);
    runs.rows.iter().for_each(|place| out.extend(place.to_le_bytes()));
}

fn push_texts(texts: &Texts, out: &mut Vec<u8>) {
    push_len(texts.ends.len(), out);
    texts.ends.iter().for_each(|end| push_len(*end, out));
    push_len(texts.buffer.len(), out);
    out.extend_from_slice(texts.buffer.as_bytes());
}

fn push_len(len: usize, out: &mut Vec<u8>) {
    out.extend((len as u64).to_le_bytes());
}

/// The batch in a frame; `None` when the frame is not what [`pack`] made.
fn unpack(schema: &'static Schema, frame: &Frame) -> Option<Batch> {
    let plain = zstd::bulk::decompress(&frame.compressed, frame.size.plain).ok()?;
    read_columns(schema, &plain)
}

/// The batch in the bytes of a frame.
fn read_columns(schema: &'static Schema, mut rest: &[u8]) -> Option<Batch> {
    let rows = take_len(&mut rest)?;
    let mut columns = Vec::with_capacity(schema.columns.len());
    for column in schema.columns {
        let valid = take_bits(rows, &mut rest)?;
        let data = match column.kind {
            Type::Text => Data::Text(take_runs(rows, &mut rest)?),
            Type::U16 => Data::U16(take_values(rows, &mut rest, u16::from_le_bytes)?),
            Type::U32 => Data::U32(take_values(rows, &mut rest, u32::from_le_bytes)?),
            Type::U64 => Data::U64(take_values(rows, &mut rest, u64::from_le_bytes)?),
            Type::I64 | Type::Time => Data::I64(take_values(rows, &mut rest, i64::from_le_bytes)?),
            Type::F64 => Data::F64(take_values(rows, &mut rest, f64::from_le_bytes)?),
            Type::Bool => Data::Bool(take_bits(rows, &mut rest)?),
            Type::List => {
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
    rest.is_empty().then(|| Batch::from_columns(schema, columns)).flatten()
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

fn take_runs(len: usize, rest: &mut &[u8]) -> Option<Runs> {
    let distinct = take_texts(rest)?;
    let rows = take_values(len, rest, u32::from_le_bytes)?;
    if rows.iter().any(|place| *place as usize >= distinct.ends.len()) {
        return None;
    }
    Some(Runs::of(distinct, rows))
}

fn take_texts(rest: &mut &[u8]) -> Option<Texts> {
    let len = take_len(rest)?;
    let ends = take_ends(len, rest)?;
    let bytes = take_len(rest)?;
    let buffer = str::from_utf8(take(bytes, rest)?).ok()?;
    ends.iter()
        .all(|end| buffer.is_char_boundary(*end))
        .then(|| Texts { buffer: buffer.to_owned(), ends })
}

#[cfg(test)]
mod tests {
    use super::super::encode::Format;
    use super::super::output::Output;
    use super::super::schema::{BODIES, ERRORS, LOGS};
    use super::*;

    fn errors(range: std::ops::Range<u64>) -> Batch {
        let mut batch = Batch::new(&ERRORS);
        for n in range {
            let group = (n % 10 != 0).then(|| format!("{:016x}", n % 7));
            let mut row = batch.row();
            row.u64(Some(n)).u64(Some(n / 2)).text(Some("a.zip")).u32(None);
            row.text(group.as_deref()).text(Some("value")).text(None).text(Some("price"));
            row.text(Some(&format!("message {n}"))).text(Some("errors")).text(None).text(None);
            row.text((n % 3 == 0).then_some("erp"));
        }
        batch
    }

    /// Every kind of column, with and without values.
    fn samples() -> Vec<Batch> {
        let mut logs = Batch::new(&LOGS);
        for n in 0..9_i64 {
            let some = n % 3 != 0;
            let mut row = logs.row();
            for column in LOGS.columns {
                match column.kind {
                    Type::Text => row.text(some.then_some("ç")),
                    Type::U32 => row.u32(some.then_some(7)),
                    Type::I64 => row.i64(some.then_some(-n)),
                    Type::Time => row.time(some.then_some(n)),
                    Type::F64 => row.f64(some.then_some(0.5)),
                    Type::Bool => row.bool(some.then_some(n % 2 == 0)),
                    other => unreachable!("{other:?}"),
                };
            }
        }
        let mut bodies = Batch::new(&BODIES);
        for paths in [&["a", ""][..], &[], &["ö"]] {
            let mut row = bodies.row();
            row.text(None).text(None).text(None).text(None).u64(None).u64(None).u64(None);
            row.u64(None).u64(None).list(paths).text(None).u32(None);
        }
        vec![logs, bodies, errors(0..12), Batch::new(&ERRORS)]
    }

    #[test]
    fn a_frame_holds_its_batch() {
        for batch in samples() {
            let back = unpack(batch.schema(), &pack(&batch).unwrap()).unwrap();
            assert_eq!(back.columns(), batch.columns());
            assert_eq!(back.len(), batch.len());
        }
    }

    #[test]
    fn a_changed_frame_is_refused_or_read_but_never_a_panic() {
        for batch in samples() {
            let frame = pack(&batch).unwrap();
            let plain = zstd::bulk::decompress(&frame.compressed, frame.size.plain).unwrap();
            let read = |plain: &[u8]| {
                let batch = read_columns(batch.schema(), plain)?;
                // Every cell can be looked at.
                for row in 0..batch.len() {
                    for column in 0..batch.columns().len() {
                        let _ = batch.cell(row, column);
                    }
                }
                Some(batch)
            };
            for len in 0..plain.len() {
                assert!(read(&plain[..len]).is_none(), "cut at {len}");
            }
            for place in 0..plain.len() {
                let mut changed = plain.clone();
                changed[place] ^= 0xff;
                read(&changed);
            }
        }
    }

    #[test]
    fn rewriting_replaces_groups_and_nothing_else_in_any_number_of_threads() {
        let folder = tempfile::tempdir().unwrap();
        let formats = Formats::new([Format::Parquet, Format::Csv, Format::Json]);
        let late = |id: &str| match id.as_bytes().last() {
            Some(b'3') => Late { group: "three", class: Some("duplicate"), side: None },
            Some(b'5') => Late { group: "five", class: None, side: Some("mapping") },
            _ => Late { group: "other", ..Late::default() },
        };

        let mut expected = Vec::new();
        for threads in [0, 1, 3] {
            let dir = folder.path().join(threads.to_string());
            let out = Output::create(&dir, false).unwrap();
            let mut table = out.table(&ERRORS, &formats).unwrap();
            if threads == 0 {
                // The oracle: the groups are known from the start.
                for n in 0..5 {
                    let mut batch = errors(n * 40..n * 40 + 40);
                    replace(&mut batch, &late);
                    table.append(encode(&batch, &formats).unwrap()).unwrap();
                }
                table.finish().unwrap();
            } else {
                let mut spill = out.scratch(&ERRORS).unwrap();
                for n in 0..5 {
                    let batch = errors(n * 40..n * 40 + 40);
                    spill.append(encode(&batch, &Formats::scratch()).unwrap()).unwrap();
                }
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let rows = pool.install(|| spill.rewrite(&late, table, &formats));
                assert_eq!(rows.unwrap(), 200);
            }
            out.commit().unwrap();
            let names = ["errors.csv", "errors.jsonl", "errors.parquet"];
            let mut found: Vec<_> = std::fs::read_dir(&dir).unwrap().collect();
            assert_eq!(found.len(), names.len(), "the scratch file is gone: {found:?}");
            found.clear();
            let files = names.map(|name| std::fs::read(dir.join(name)).unwrap());
            if threads == 0 {
                let csv = String::from_utf8(files[0].clone()).unwrap();
                for row in [
                    "\n3,1,a.zip,,three,duplicate,,price,message 3,errors,,,erp\n",
                    "\n5,2,a.zip,,five,value,,price,message 5,errors,,,mapping\n",
                    "\n8,4,a.zip,,other,value,,price,message 8,errors,,,\n",
                    "\n10,5,a.zip,,,value,,price,message 10,errors,,,\n",
                ] {
                    assert!(csv.contains(row), "{row}{csv}");
                }
                expected.extend(files);
            } else {
                assert!(expected == files);
            }
        }
    }

    #[test]
    fn a_damaged_scratch_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let out = Output::create(&folder.path().join("report"), false).unwrap();
        let table = out.table(&ERRORS, &Formats::default()).unwrap();
        let mut spill = out.scratch(&ERRORS).unwrap();
        spill.append(encode(&errors(0..40), &Formats::scratch()).unwrap()).unwrap();
        spill.file.flush().unwrap();
        let len = std::fs::metadata(&spill.path).unwrap().len();
        std::fs::write(&spill.path, vec![b'x'; usize::try_from(len).unwrap()]).unwrap();
        let result = spill.rewrite(&|_| Late::default(), table, &Formats::default());
        assert!(matches!(result, Err(Error::Scratch { .. })), "{result:?}");
    }
}
