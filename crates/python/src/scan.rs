//! One table straight from the logs, without a report on disk.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use pipeline::input::FoundInputs;
use pipeline::run::{self, Progress};
use pyo3::prelude::*;
use tables::{Batch, ChosenRows, Column, Columns, Encoder, Error, Schema, Sink, Spill, Table};

use crate::batches::{Batches, Source};
use crate::job::{JobOptions, find};
use crate::stored::chosen;
use crate::{error, table_of};

/// How long an iterator waits for rows before it looks for signals.
const TICK: Duration = Duration::from_millis(50);

/// Batches that wait for the consumer, besides the one that each worker has at hand.
const AHEAD: usize = 2;

/// The rows of one table, while a job on threads of its own makes them. The job waits for the consumer, and ends when the
/// batches are dropped.
#[pyfunction]
#[pyo3(signature = (paths, options, table, columns=None))]
pub(crate) fn scan(
    paths: Vec<String>,
    options: JobOptions,
    table: &str,
    columns: Option<Vec<String>>,
) -> PyResult<Batches> {
    let table = table_of(table)?;
    let columns = chosen(table, columns.as_deref())?;
    let (send, received) = mpsc::sync_channel(AHEAD);
    let stop = Arc::<AtomicBool>::default();
    let stopped = Arc::clone(&stop);
    let work = move || {
        let sink = TableSink { table, send: send.clone() };
        if let Err(fault) = read(&paths, &options, sink, &stopped) {
            // Nothing is received when the consumer has gone.
            let _gone = send.send(Err(fault));
        }
    };
    std::thread::Builder::new().name("scan".to_owned()).spawn(work)?;
    let scanned = Scanned { received, stop };
    let wanted = columns.clone();
    let batches = scanned.flat_map(move |rows| arrays(rows, &wanted));
    Ok(Batches::new(columns, Box::new(batches)))
}

fn arrays(rows: Result<Option<Columns>, String>, wanted: &[&'static Column]) -> Source {
    match rows {
        Ok(Some(rows)) => {
            let rows = ChosenRows::of(rows, |column| wanted.contains(&column));
            Box::new(rows.into_arrow().map(|rows| Ok(Some(rows))))
        }
        Ok(None) => Box::new(std::iter::once(Ok(None))),
        Err(fault) => Box::new(std::iter::once(Err(fault))),
    }
}

fn read(
    paths: &[String],
    options: &JobOptions,
    sink: TableSink,
    stop: &AtomicBool,
) -> Result<(), String> {
    let options = options.options()?;
    let FoundInputs { inputs, unread } = find(paths, &options)?;
    let done = run::report(&inputs, &unread, sink, &options, &Progress::default(), stop);
    done.map(drop).map_err(|fault| error(&fault))
}

/// What the job has made; the job stops when it is dropped.
struct Scanned {
    received: Receiver<Result<Columns, String>>,
    stop: Arc<AtomicBool>,
}

impl Iterator for Scanned {
    type Item = Result<Option<Columns>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.received.recv_timeout(TICK) {
            Ok(rows) => Some(rows.map(Some)),
            Err(RecvTimeoutError::Timeout) => Some(Ok(None)),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}

impl Drop for Scanned {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Hands the rows of one table on, and drops those of all others.
struct TableSink {
    table: &'static Schema,
    send: SyncSender<Result<Columns, String>>,
}

/// Makes rows of one table ready for [`TableSink`].
struct TableEncoder(&'static Schema);

impl Sink for TableSink {
    type Encoder = TableEncoder;

    fn encoder(&self) -> TableEncoder {
        TableEncoder(self.table)
    }

    fn append(&mut self, part: Option<Columns>) -> Result<(), Error> {
        let Some(rows) = part else { return Ok(()) };
        self.send.send(Ok(rows)).map_err(|_| Error::Io {
            path: PathBuf::from(self.table.name),
            action: "hand on rows",
            source: io::ErrorKind::BrokenPipe.into(),
        })
    }

    fn spill<T: Table>(&self) -> Result<Spill<T>, Error> {
        Ok(Spill::in_memory())
    }

    fn finish(self, _summary: &str) -> Result<(), Error> {
        Ok(())
    }
}

impl Encoder for TableEncoder {
    type Part = Option<Columns>;

    fn encode<T: Table>(&self, batch: &mut Batch<T>) -> Result<Self::Part, Error> {
        let rows = (T::SCHEMA == self.0 && !batch.is_empty()).then(|| batch.take().into_columns());
        batch.clear();
        Ok(rows)
    }

    fn repeats_bodies(&self) -> bool {
        false
    }
}
