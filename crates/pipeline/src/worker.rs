//! The state of one worker, and how it reads one file.
//!
//! ```text
//!   bytes ──archive──► leaves ──model──► exchanges ──grouping──► rows of exchanges and errors
//!                        │                  └──────────────────► Accumulator (the in-memory tables)
//!                        └─► FileFacts (rows of files and problems)
//! ```

use std::sync::atomic::{AtomicBool, Ordering};

use archive::{Budget, Decoder, Limits};
use grouping::MaskedMessages;
use model::extract::Extractor;
use redact::{Counts, Redactor, Scope};
use tables::rows::{Errors, Exchanges};
use tables::{Batch, Encoder, Frame};

use crate::aggregate::Accumulator;
use crate::at_hand;
use crate::input::Input;
use crate::leaves::LeafReader;
use crate::outcome::{FileFacts, FileOutcome};
use crate::records::RecordRows;
use crate::state::StateBatches;
use crate::survey::{Survey, Unpacked};

/// Exchanges whose two body columns are filled. Digests and counts always cover all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepBodies {
    /// For all.
    #[default]
    All,
    /// For the failed ones.
    Failed,
    /// For none.
    None,
}

impl KeepBodies {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Failed, Self::None];

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Failed => "failed",
            Self::None => "none",
        }
    }
}

/// What does not change during a job.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s> {
    /// Bounds on what one input may make the decoder do.
    pub limits: Limits,
    /// The memory that all workers share.
    pub budget: &'s Budget,
    /// Which bodies are kept.
    pub bodies: KeepBodies,
    /// What the survey found.
    pub survey: &'s Survey,
    /// When set, the rest of a file is skipped, and its row is not used.
    pub stop: &'s AtomicBool,
}

impl Setting<'_> {
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The state of one worker: buffers, the names of fields it has seen, and its counts.
#[derive(Debug)]
pub struct Worker {
    decoder: Decoder,
    extractor: Extractor,
    buffer: Vec<u8>,
    unpacked: Unpacked,
    scope: Scope,
    counts: WorkerCounts,
}

/// What a worker counted, and rows that are not encoded yet.
#[derive(Debug, Default)]
pub(crate) struct WorkerCounts {
    /// Counts for the in-memory tables.
    pub(crate) accumulator: Accumulator,
    /// The distinct masked messages of errors.
    pub(crate) messages: MaskedMessages,
    /// A buffer for the endpoint of an exchange.
    pub(crate) endpoint: String,
    /// Rows of the current job.
    pub(crate) exchanges: Batch<Exchanges>,
    /// Rows of the current job. Until the end of the run the fingerprint is the id of the masked message; class and side
    /// do not yet follow the rules of the user.
    pub(crate) errors: Batch<Errors>,
    /// Rows of the state of the current job; `None` when there is no state.
    pub(crate) state: Option<StateBatches>,
}

/// The finished rows of one job.
#[derive(Debug)]
pub struct JobRows<P> {
    /// Row groups of `exchanges`, in order.
    pub exchanges: Vec<P>,
    /// Row groups of tables of the state, each table in order.
    pub state: Vec<P>,
    /// Rows of `errors`, in order.
    pub errors: Vec<Frame<Errors>>,
    /// Exchanges by outcome: success, failed, unknown.
    pub outcomes: [u64; 3],
    /// How many rows of `errors` there are.
    pub error_count: u64,
    /// The first error of encoding rows.
    pub failed: Option<tables::Error>,
}

impl<P> Default for JobRows<P> {
    fn default() -> Self {
        Self {
            exchanges: Vec::new(),
            state: Vec::new(),
            errors: Vec::new(),
            outcomes: [0; 3],
            error_count: 0,
            failed: None,
        }
    }
}

impl Worker {
    /// A new worker with an extractor, an empty set of masked messages, and what masks the texts of its rows.
    pub fn new(
        limits: &Limits,
        extractor: Extractor,
        messages: MaskedMessages,
        redactor: &Redactor,
    ) -> Self {
        Self {
            decoder: Decoder::new(*limits),
            extractor,
            buffer: Vec::new(),
            unpacked: Unpacked::default(),
            scope: redactor.scope(),
            counts: WorkerCounts { messages, ..WorkerCounts::default() },
        }
    }

    /// The same worker, which makes the rows of the state as well.
    #[must_use]
    pub fn with_state(mut self) -> Self {
        self.counts.state = Some(StateBatches::default());
        self
    }

    /// Takes its counts out of it.
    pub fn take_counts(&mut self) -> (MaskedMessages, Accumulator, Counts) {
        let WorkerCounts { accumulator, messages, .. } = std::mem::take(&mut self.counts);
        (messages, accumulator, self.scope.take_counts())
    }

    /// Reads one file; its exchanges and errors go to `rows`. `number`: its place in name order.
    pub fn file<E: Encoder>(
        &mut self,
        input: &Input,
        number: u32,
        setting: &Setting<'_>,
        encoder: &E,
        rows: &mut JobRows<E::Part>,
    ) -> FileFacts {
        at_hand::set(input.name());
        let Self { decoder, extractor, buffer, unpacked, scope, counts } = self;
        let records = RecordRows::new(input.name(), number, setting, encoder, scope, rows, counts);
        let mut leaves = LeafReader::new(records, setting);
        let n = number as usize;
        if let Some((leaf, decoded)) = setting.survey.kept.take(n, unpacked) {
            leaves.leaf(&leaf, extractor);
            let (bytes, digest) = (setting.survey.bytes[n], setting.survey.digests[n]);
            let mut facts = leaves.finish(bytes, (digest, true), decoded);
            facts.masked = scope.take_counts();
            return facts;
        }
        let share = setting.budget.share(number.into());
        let bytes = match input.read(&setting.limits, &share, buffer) {
            Ok(bytes) => bytes,
            Err(problem) => {
                let problems = vec![problem.into()];
                return FileFacts::bare(FileOutcome::Rejected, input.bytes(), None, problems);
            }
        };
        let size = bytes.len() as u64;
        let (digest, same) = setting.survey.digest(n, bytes);
        let decoded = decoder.decode_within(&share, bytes, &mut |leaf| {
            leaves.leaf(&leaf, extractor);
        });
        let mut facts = leaves.finish(size, (Some(digest), same), decoded);
        facts.masked = scope.take_counts();
        buffer.clear();
        buffer.shrink_to(setting.budget.keep());
        facts
    }

    /// Encodes the rows that are left in the batches. To be called after the last file of a job.
    pub fn end_job<E: Encoder>(&mut self, encoder: &E, rows: &mut JobRows<E::Part>) {
        rows.flush_exchanges(&mut self.counts.exchanges, encoder);
        rows.flush_errors(&mut self.counts.errors);
        if let Some(state) = &mut self.counts.state {
            match state.encode(encoder) {
                Ok(parts) => rows.state.extend(parts),
                Err(error) => rows.fail(error),
            }
        }
    }

    /// What it uses to make rows without reading a file.
    pub(crate) fn parts(&mut self) -> (&mut Scope, &mut WorkerCounts) {
        (&mut self.scope, &mut self.counts)
    }
}

impl<P> JobRows<P> {
    pub(crate) fn flush_exchanges<E: Encoder<Part = P>>(
        &mut self,
        batch: &mut Batch<Exchanges>,
        encoder: &E,
    ) {
        if batch.is_empty() {
            return;
        }
        match encoder.encode(batch) {
            Ok(part) => self.exchanges.push(part),
            Err(error) => self.fail(error),
        }
    }

    pub(crate) fn flush_errors(&mut self, batch: &mut Batch<Errors>) {
        if batch.is_empty() {
            return;
        }
        match Frame::pack(batch) {
            Ok(frame) => self.errors.push(frame),
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: tables::Error) {
        self.failed.get_or_insert(error);
    }
}
