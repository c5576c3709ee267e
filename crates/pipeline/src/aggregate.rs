//! The small tables of a report: error groups, keys, endpoints, runs, bodies and logs. They are counted in memory.
//!
//! Each worker adds its exchanges to an [`Accumulator`] of its own. At the end, when all error groups are known, the
//! accumulators are merged and finished:
//!
//! ```text
//! CountedExchange ──► Accumulator ─┐
//! CountedExchange ──► Accumulator ─┼─ merge ──► finish(groups, listing) ──► Aggregates
//! CountedExchange ──► Accumulator ─┘
//! ```
//!
//! Laws, held by a test: the order of [`Accumulator::add`], the split over accumulators and the
//! order of [`Accumulator::merge`] change nothing in the result. So nothing here depends on the order of
//! reading: samples are those at the smallest [`RecordPlace`], sums are of whole numbers (bytes and
//! microseconds), and rows are sorted.
//!
//! The state of a report keeps its accumulator (see `stored`), so that it can be merged without its exchanges.
//!
//! Counts, distinct counts, sums and maxima are exact. Percentiles are exact for up to 64 numbers
//! and below 128, and within 0.8 % beyond (see `sketch`).
//!
//! # Memory
//!
//! Nothing grows with the number of exchanges as such, only with what is distinct:
//!
//! | for each distinct | bytes, about |
//! |---|---|
//! | body of an (endpoint, flow, step) | 10 to 19 |
//! | key of a flow | 280, the key, and its last message |
//! | masked message of an error | 200 and a sample message |
//! | pair of a masked message with a file | 8 to 16 |
//! | pair of a masked message with a run, key, or endpoint and status | 10 to 19 |
//! | set of masked messages in one exchange | 40, and 4 for each of them |
//! | run; log | 140 and its id; 40 and its id |
//! | (endpoint, flow, step) | 300 and up to 3 KiB of sizes and durations |
//!
//! An exchange in which all is known costs a dozen look-ups and no allocation.

mod bodies;
mod endpoints;
mod flows;
mod groups;
mod intern;
mod keys;
mod logs;
mod runs;
mod sketch;
mod small;
mod stored;
mod top;

pub(crate) use small::redactions;
pub use small::{SmallTables, SmallTexts};
pub use top::{OpenKey, Top, TopGroup, TopName};

use bodies::BodyCounter;
use endpoints::EndpointCounter;
use grouping::{Class, Groups, MessageId};
use groups::{ErrorContext, ErrorCounter, MessageNumber};
use hashbrown::HashMap;
use intern::{EndpointNames, Name, Names};
use keys::{KeyCounter, KeyId, Order};
use model::exchange::{BodyKind, Exchange, Key, Outcome};
use model::listing::Listing;
use model::time::Timestamp;
use redact::{MaskedValues, Redacted};
use runs::RunCounter;

use crate::state::TextRedaction;

/// A sample or last message is kept up to this many bytes and ends in `...` when it was longer: a
/// stack trace for each of a million keys would not fit in memory. The table `errors` has it whole.
pub const MESSAGE_BYTES: usize = 4096;

/// The place of an exchange, by which samples are ordered, and attempts with the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordPlace {
    /// Number of the file in name order, from 0.
    pub file: u32,
    /// Place among the file's exchanges, from 0.
    pub record: u32,
}

/// One exchange, with everything that is counted of it.
#[derive(Debug, Clone, Copy)]
pub struct CountedExchange<'r> {
    /// Its place; no two exchanges have the same.
    pub place: RecordPlace,
    /// Key, rows, times and status are used; the fields below replace the others.
    pub exchange: &'r Exchange<'r>,
    /// The run, after linking.
    pub run_id: Option<&'r str>,
    /// The flow, after linking.
    pub flow: Option<&'r str>,
    /// The step, after linking.
    pub step: Option<&'r str>,
    /// The log, after linking.
    pub log_id: Option<&'r str>,
    /// Method, host and masked path; `None` when the exchange has none of them.
    pub endpoint: Option<&'r Redacted<'r>>,
    /// Its outcome, the listing considered.
    pub outcome: Outcome,
    /// The request body; `None` when absent or empty.
    pub request: Option<CountedBody>,
    /// The response body; `None` when absent or empty.
    pub response: Option<CountedBody>,
    /// Its errors, in the order of the record.
    pub errors: &'r [CountedError<'r>],
}

impl CountedExchange<'_> {
    /// The rows of a bulk request and how many of them failed; an ordinary exchange is one row.
    fn rows(&self) -> (u64, u64) {
        let failed = self.outcome == Outcome::Failed;
        let rows = self.exchange.rows;
        let refused = rows.iter().filter(|row| row.failed).count() as u64;
        match rows.len() as u64 {
            0 => (1, u64::from(failed)),
            all if failed && refused == 0 => (all, all),
            all => (all, refused),
        }
    }
}

/// What is counted of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedBody {
    /// XXH3-128 of its bytes; bodies with the same lower 64 bits count as equal.
    pub digest: u128,
    /// Its length in bytes.
    pub bytes: u64,
    /// Hash of kind and paths; equal bodies must have equal shapes.
    pub shape: u64,
    /// Its format.
    pub kind: BodyKind,
}

/// One of the two bodies of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BodySide {
    /// The body of the request.
    Request,
    /// The body of the answer.
    Response,
}

impl BodySide {
    const ALL: [Self; 2] = [Self::Request, Self::Response];

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// One error of an exchange.
#[derive(Debug, Clone)]
pub struct CountedError<'r> {
    /// The masked message of its text.
    pub masked: MessageId,
    /// What kind of error it is.
    pub class: Class,
    /// Its side; `None` when unknown.
    pub side: Option<grouping::Side>,
    /// Whether a retry may help.
    pub retryable: bool,
    /// Key of the row that it is about, else of the exchange.
    pub key: Option<Key<'r>>,
    /// The text a person would read.
    pub message: Redacted<'r>,
    /// What is masked in it.
    pub values: MaskedValues,
}

/// What a worker has counted. See the [module](self) for laws and memory.
#[derive(Debug, Default)]
pub struct Accumulator {
    names: Names,
    endpoint_names: EndpointNames,
    endpoints: EndpointCounter,
    bodies: BodyCounter,
    keys: KeyCounter,
    errors: ErrorCounter,
    runs: RunCounter,
    exchange: AttemptBuffers,
    last: Last,
}

/// The names of the exchange before, which the next one mostly shares. They are names of this
/// accumulator, so they stay when another is merged into it.
#[derive(Debug, Default)]
struct Last {
    endpoint: Name,
    flow: Name,
    step: Name,
    run: Name,
    log: Name,
}

/// Buffers for one exchange, reused for the next.
#[derive(Debug, Default)]
struct AttemptBuffers {
    /// The attempts: rows of a bulk request, or the one key.
    rows: Vec<Attempted>,
    /// The place in `rows` of each key there.
    row_of: HashMap<KeyId, u32>,
    /// Masked messages of all errors.
    messages: Vec<MessageNumber>,
    /// Errors that name no row of the exchange: place among the errors, and masked message.
    general: Vec<(u32, MessageNumber)>,
}

#[derive(Debug)]
struct Attempted {
    key: KeyId,
    failed: bool,
    /// An error names this row.
    named: bool,
}

impl Accumulator {
    /// Counts one exchange.
    ///
    /// `shape_paths` returns the sorted paths of the body on that side. It is called only for a shape that is new to this
    /// accumulator.
    ///
    /// A bulk exchange is one attempt for each of its rows, any other is one for its key, if it
    /// has one. When it failed but no row did, all rows failed. An error is added to the row whose
    /// key it has, and one that names no row to all failed rows that no error names.
    pub fn add(
        &mut self,
        seen: &CountedExchange<'_>,
        shape_paths: &mut dyn FnMut(BodySide) -> Vec<String>,
    ) {
        let Self { names, last, .. } = self;
        let flow = names.intern_again(seen.flow, &mut last.flow);
        let step = names.intern_again(seen.step, &mut last.step);
        let run = names.intern_again(seen.run_id, &mut last.run);
        let log = names.intern_again(seen.log_id, &mut last.log);

        let endpoint = self.endpoint_names.intern_again(seen.endpoint, &mut last.endpoint);
        let endpoint = self.endpoints.id(endpoint, flow, step);
        let failed = seen.outcome == Outcome::Failed;
        self.endpoints.add(endpoint, seen, failed);
        for (side, body) in
            [(BodySide::Request, &seen.request), (BodySide::Response, &seen.response)]
        {
            if let Some(body) = body {
                self.bodies.add(endpoint, side, body, seen.place, failed, shape_paths);
            }
        }
        if let Some(duration) = seen.exchange.duration_ms.and_then(micros) {
            self.endpoints.took(endpoint, duration);
        }
        self.runs.add(seen, run, log, flow);
        self.add_attempts(seen, flow);
        let context = ErrorContext {
            place: seen.place,
            at: seen.exchange.started_at,
            endpoint,
            status: seen.exchange.status,
            run,
        };
        self.add_errors(seen, flow, &context);
    }

    /// Counts a download without exchanges, such as an empty log, for its log and run. A download with exchanges is counted
    /// by them: once for each log, or once for each file where they name no log.
    pub fn file_linked(&mut self, log_id: Option<&str>, run_id: Option<&str>, flow: Option<&str>) {
        let log = self.names.intern_some(log_id);
        let run = self.names.intern_some(run_id);
        let flow = self.names.intern_some(flow);
        self.runs.linked(run, log, flow, &self.names);
    }

    /// Adds everything that was added to `other`.
    pub fn merge(&mut self, mut other: Self) {
        if self.keys.len() < other.keys.len() {
            // The result is the same either way; merging the smaller one is cheaper.
            std::mem::swap(self, &mut other);
        }
        let names = self.names.merge(&other.names);
        let endpoint_names = self.endpoint_names.merge(&other.endpoint_names);
        let endpoints = self.endpoints.merge(other.endpoints, &endpoint_names, &names);
        let messages = self.errors.merge_masked_messages(&mut other.errors);
        let keys = self.keys.merge(other.keys, &names, &messages);
        self.errors.merge_sets(other.errors, &messages, &endpoints, &keys, &names);
        self.bodies.merge(other.bodies, &endpoints);
        self.runs.merge(other.runs, &self.names, &names);
    }

    /// The small tables.
    ///
    /// `groups` must know every masked message that was added; `files` are the names of all files, in their order; `texts`
    /// are those of [`Accumulator::texts`]. Costs
    /// a sort of each table, on the threads of the current Rayon pool, and for a moment a second set of
    /// the pairs that `error_groups` counts.
    pub fn finish<'a>(
        &'a self,
        groups: &'a Groups,
        listing: &'a Listing,
        files: &'a [&'a str],
        texts: &'a SmallTexts<'a>,
    ) -> SmallTables<'a> {
        let resolved = self.errors.resolve(groups);
        let groups_of_runs = self.errors.groups_of_runs(&resolved);
        let fingerprint = |masked| resolved.fingerprint(masked);
        let ((key_order, keys), error_groups) = rayon::join(
            || {
                let order = self.keys.order(&self.names);
                let rows = self.keys.rows(&order, &self.names, files, &fingerprint);
                (order, rows)
            },
            || self.errors.rows(&resolved, texts, self, files),
        );
        SmallTables {
            error_groups,
            keys,
            key_order,
            endpoints: self.endpoints.rows(&self.bodies, &self.endpoint_names, &self.names),
            runs: self.runs.rows(&self.names, listing, &groups_of_runs),
            flows: flows::rows(listing),
            bodies: self.bodies.rows(&self.endpoints, &self.endpoint_names, files, texts),
            logs: logs::rows(listing, texts, &self.runs.downloaded(&self.names)),
            redactions: Vec::new(),
        }
    }

    /// The texts of the small tables that no exchange has as they are: templates, paths, those of the listing.
    ///
    /// `groups` and `listing` must be those of [`Accumulator::finish`].
    pub fn texts<'a>(
        &'a self,
        redaction: &mut TextRedaction<'_>,
        groups: &'a Groups,
        listing: &'a Listing,
    ) -> SmallTexts<'a> {
        SmallTexts {
            groups: self.errors.texts(redaction, groups),
            paths: self.bodies.texts(redaction),
            logs: logs::texts(listing, redaction),
        }
    }

    /// The format of bodies with a shape.
    pub(crate) fn body_kind(&self, shape: u64) -> Option<BodyKind> {
        self.bodies.kind(shape)
    }

    /// What is masked in the first error with a masked message.
    pub(crate) fn masked_values(&self, message: MessageId) -> Option<&MaskedValues> {
        self.errors.masked_values(message)
    }

    /// Start of the first and of the last exchange that has a time.
    pub fn period(&self) -> Option<(Timestamp, Timestamp)> {
        self.endpoints.period()
    }

    fn add_attempts(&mut self, seen: &CountedExchange<'_>, flow: Name) {
        let AttemptBuffers { rows, row_of, .. } = &mut self.exchange;
        rows.clear();
        row_of.clear();
        let at = seen.exchange.started_at;
        let whole =
            seen.outcome == Outcome::Failed && seen.exchange.rows.iter().all(|row| !row.failed);
        let bulk = seen.exchange.rows.iter().map(|row| (row.key, row.failed || whole));
        let one = seen.exchange.key.filter(|_| seen.exchange.rows.is_empty());
        for (turn, (key, failed)) in (0..).zip(bulk.chain(one.map(|key| (key, whole)))) {
            let outcome = match (failed, seen.outcome) {
                (true, _) => Outcome::Failed,
                (false, Outcome::Unknown) => Outcome::Unknown,
                (false, _) => Outcome::Success,
            };
            let key = self.keys.id(flow, key);
            self.keys.attempt(key, Order::new(at, seen.place, turn), at, outcome);
            rows.push(Attempted { key, failed, named: false });
            row_of.insert(key, turn);
        }
    }

    fn add_errors(&mut self, seen: &CountedExchange<'_>, flow: Name, context: &ErrorContext) {
        let AttemptBuffers { rows, row_of, messages, general } = &mut self.exchange;
        messages.clear();
        general.clear();
        let errors = seen.errors;
        // The key of a bulk request itself, such as a batch number, names no row and is no attempt.
        let batch = seen.exchange.key.filter(|_| !seen.exchange.rows.is_empty());
        let order = |nth| Order::new(context.at, context.place, nth);
        for (nth, error) in (0..).zip(errors) {
            let masked = self.errors.add(error, nth, context);
            messages.push(masked);
            let key = error.key.map(|key| self.keys.id(flow, key));
            let row = key.and_then(|key| row_of.get(&key));
            if let Some(key) = key.filter(|_| row.is_some() || error.key != batch) {
                self.errors.add_key(masked, key);
            }
            match row {
                Some(&row) => {
                    let row = &mut rows[row as usize];
                    row.named = true;
                    self.keys.error(row.key, order(nth), masked, &error.message);
                }
                // The first few are enough for every row.
                None if general.len() < keys::REASONS => general.push((nth, masked)),
                None => {}
            }
        }
        for row in rows.iter().filter(|row| row.failed && !row.named) {
            for &(nth, masked) in &*general {
                self.errors.add_key(masked, row.key);
                self.keys.error(row.key, order(nth), masked, &errors[nth as usize].message);
            }
        }
        messages.sort_unstable();
        messages.dedup();
        self.errors.add_exchange(messages);
    }
}

/// Logged milliseconds as whole microseconds; `None` when they are no duration.
#[expect(clippy::cast_sign_loss, reason = "negative durations are refused before the cast")]
fn micros(milliseconds: f64) -> Option<u64> {
    let micros = (milliseconds * 1000.0).round();
    (micros.is_finite() && micros >= 0.0).then_some(micros as u64)
}

/// The earlier of two times, if any. (`None` is the smallest in the order of `Option`.)
fn earlier(left: Option<Timestamp>, right: Option<Timestamp>) -> Option<Timestamp> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

#[cfg(test)]
mod tests;
