//! One exchange becomes a row of `exchanges`, rows of `errors`, and counts.

use grouping::{
    Circumstances, Class, ErrorRef, MaskedMessages, MessageId, Side, classify, retryable, side,
};
use model::endpoint;
use model::exchange::{Body, BodyKind, ErrorSource, ErrorText, Evidence, Exchange, Key, Outcome};
use redact::{MaskedValues, Redacted, Scope};
use tables::Encoder;
use tables::cell::{
    BodyDigest, BodyText, ClassWord, EvidenceWord, FileName, Fingerprint, FlowName, HttpMethod,
    KeyKindWord, KeyValue, LogId, MemberName, Micros, OutcomeWord, RecordPointer, RunId, SideWord,
    SourceWord, StepName,
};
use tables::rows::{ErrorRow, ExchangeRow};

use crate::aggregate::{BodySide, CountedBody, CountedError, CountedExchange, RecordPlace};
use crate::link::{self, Linked, LinkedBy, NameLink};
use crate::log_text;
use crate::state::KeptLeaf;
use crate::worker::{JobRows, KeepBodies, Setting, WorkerCounts};

/// A row group of `exchanges` is cut at this size in memory, in bytes, equal bodies counting once. A body is written
/// once a row group, so a large one catches more repeats: with 12 MiB a dump of retries took twice the space and a
/// sixth more time than with 40 MiB, and 60 MiB less memory. Each worker holds one.
const ROW_GROUP_BYTES: usize = 40 << 20;

/// Rows of `errors` are packed at this size in memory, in bytes.
const ERRORS_BYTES: usize = 8 << 20;

/// The message of the error of an exchange that failed by the listing alone.
const LISTED: &str = "the listing says that the log failed";

/// An exchange whose texts are redacted: everything that is known of it without the listing.
pub(crate) struct RedactedExchange<'k> {
    /// Of it the texts that are fields here as well, the bodies and the errors are not used.
    pub(crate) x: &'k Exchange<'k>,
    pub(crate) url: Option<&'k Redacted<'k>>,
    pub(crate) endpoint: Option<&'k Redacted<'k>>,
    pub(crate) request: Option<RedactedBody<'k>>,
    pub(crate) response: Option<RedactedBody<'k>>,
    pub(crate) extra: Option<&'k Redacted<'k>>,
    /// Errors of the document that are not known here, because it failed by the listing.
    pub(crate) unlisted: u32,
}

/// A body and what is counted of it.
#[derive(Clone, Copy)]
pub(crate) struct RedactedBody<'k> {
    /// `None` when it is not kept.
    pub(crate) text: Option<&'k Redacted<'k>>,
    pub(crate) digest: BodyDigest,
    /// As logged.
    pub(crate) bytes: u64,
    pub(crate) shape: u64,
    pub(crate) kind: BodyKind,
}

impl RedactedBody<'_> {
    fn cell(&self) -> Option<BodyText<'_>> {
        Some(log_text::body(self.text?, self.digest))
    }

    fn counted(&self) -> CountedBody {
        let Self { digest, bytes, shape, kind, .. } = *self;
        CountedBody { digest: digest.0, bytes, shape, kind }
    }
}

/// An error whose texts are redacted. Its masked message is counted already.
pub(crate) struct RedactedError<'k> {
    pub(crate) masked: MessageId,
    pub(crate) class: Class,
    /// Without regard to the step, which the listing can name.
    pub(crate) side: Option<Side>,
    pub(crate) code: Option<Redacted<'k>>,
    pub(crate) field: Option<Redacted<'k>>,
    pub(crate) message: Redacted<'k>,
    pub(crate) source: ErrorSource,
    pub(crate) key: Option<Key<'k>>,
    /// What is masked in the message.
    pub(crate) values: MaskedValues,
}

impl<'k> RedactedError<'k> {
    fn of(
        error: &ErrorText<'k>,
        x: &Exchange<'k>,
        scope: &mut Scope,
        messages: &mut MaskedMessages,
    ) -> Self {
        let what = ErrorRef {
            code: error.code,
            field: error.field,
            message: error.message,
            status: x.status,
            cut: error.cut,
        };
        let class = classify(&what);
        let raised = error.source == ErrorSource::Exception;
        let at = Circumstances { step: None, url: x.url, raised };
        let mut values = MaskedValues::default();
        Self {
            masked: messages.add(what),
            class,
            side: side(&what, class, &at),
            message: scope.text_noting("errors.message", error.message, &mut values),
            code: error.code.map(|code| scope.text("errors.code", code)),
            field: error.field.map(|field| scope.text("errors.field", field)),
            source: error.source,
            key: error.key.or(x.key),
            values,
        }
    }

    /// That of an exchange that failed by the listing alone.
    pub(crate) fn listed(x: &Exchange<'k>, messages: &mut MaskedMessages) -> Self {
        let what = ErrorRef { message: LISTED, status: x.status, ..ErrorRef::default() };
        let class = classify(&what);
        Self {
            masked: messages.add(what),
            class,
            side: side(&what, class, &Circumstances { url: x.url, ..Circumstances::default() }),
            code: None,
            field: None,
            message: Redacted::fixed(LISTED),
            source: ErrorSource::Listing,
            key: x.key,
            values: MaskedValues::default(),
        }
    }
}

/// The side that the step alone tells. It counts after everything else.
pub(crate) fn side_of_step(step: Option<&str>) -> Option<Side> {
    let at = Circumstances { step, ..Circumstances::default() };
    side(&ErrorRef::default(), Class::Other, &at)
}

/// The log and run of a file.
#[derive(Debug, Clone)]
pub(crate) struct FileLink {
    pub(crate) log_id: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) by: Option<LinkedBy>,
}

/// Makes the rows of one file.
pub(crate) struct RecordRows<'f, E: Encoder> {
    pub(crate) file: &'f str,
    pub(crate) number: u32,
    setting: &'f Setting<'f>,
    encoder: &'f E,
    scope: &'f mut Scope,
    rows: &'f mut JobRows<E::Part>,
    pub(crate) counts: &'f mut WorkerCounts,
    /// Number of the leaf at hand.
    pub(crate) leaf: u32,
    /// Exchanges of the file so far.
    pub(crate) records: u32,
    /// The link of its first exchange.
    pub(crate) linked: Option<FileLink>,
    /// Its exchanges are counted for the small tables. Else they are counted already.
    pub(crate) counted: bool,
}

impl<'f, E: Encoder> RecordRows<'f, E> {
    pub(crate) fn new(
        file: &'f str,
        number: u32,
        setting: &'f Setting<'f>,
        encoder: &'f E,
        scope: &'f mut Scope,
        rows: &'f mut JobRows<E::Part>,
        counts: &'f mut WorkerCounts,
    ) -> Self {
        Self {
            file,
            number,
            setting,
            encoder,
            scope,
            rows,
            counts,
            leaf: 0,
            records: 0,
            linked: None,
            counted: true,
        }
    }

    /// Adds an exchange. `name`: the link by the name of the member or file.
    pub(crate) fn add(&mut self, x: &Exchange<'_>, member: Option<&str>, name: Option<&NameLink>) {
        if self.setting.stopped() {
            return;
        }
        let linked = link::exchange(&self.setting.survey.listing, x, name);
        let verdict = with_listing(x, &linked);
        let by_listing = verdict.1 == Some(Evidence::Listing);
        let keep = self.keeps_bodies(verdict.0);
        let mut endpoint = std::mem::take(&mut self.counts.endpoint);
        endpoint.clear();
        endpoint::mask(x.method, x.url.unwrap_or(""), &mut endpoint);
        let scope = &mut *self.scope;
        learn(scope, x, x.errors);
        let masked_url = x.url.map(|url| scope.text("exchanges.url", url));
        // Absent is null in the tables, never "".
        let masked_endpoint = Some(endpoint.as_str()).filter(|endpoint| !endpoint.is_empty());
        let masked_endpoint =
            masked_endpoint.map(|endpoint| scope.text("exchanges.endpoint", endpoint));
        let request =
            x.request.map(|body| LoggedBody::new(scope, "exchanges.request_body", body, keep));
        let response =
            x.response.map(|body| LoggedBody::new(scope, "exchanges.response_body", body, keep));
        let masked_extra = x.extra.map(|extra| scope.text("exchanges.extra", extra));
        let messages = &mut self.counts.messages;
        let errors = if by_listing {
            vec![RedactedError::listed(x, messages)]
        } else {
            x.errors.iter().map(|error| RedactedError::of(error, x, scope, messages)).collect()
        };
        let known = RedactedExchange {
            x,
            url: masked_url.as_ref(),
            endpoint: masked_endpoint.as_ref(),
            request: request.as_ref().map(|body| body.redacted(keep)),
            response: response.as_ref().map(|body| body.redacted(keep)),
            extra: masked_extra.as_ref(),
            unlisted: if by_listing { x.errors.len() as u32 } else { 0 },
        };
        self.write(&known, errors, &linked, verdict, member, &mut |side| {
            let body = if side == BodySide::Request { &x.request } else { &x.response };
            body.as_ref().map(model::body::paths).unwrap_or_default()
        });
        self.counts.endpoint = endpoint;
    }

    /// Links the file by its name or that of its member, where no exchange has linked it.
    pub(crate) fn link_by_name(&mut self, link: Option<&NameLink>) {
        if self.linked.is_none() {
            self.linked = link.map(|link| FileLink {
                log_id: link.log_id.clone(),
                run_id: link.run_id.clone(),
                by: Some(link.by),
            });
        }
    }

    /// Adds a leaf to the state, if there is one.
    pub(crate) fn keep_leaf(&mut self, kept: &KeptLeaf<'_>) {
        if let Some(state) = &mut self.counts.state {
            state.leaf(self.file, kept);
        }
    }

    /// Whether the bodies of an exchange with this outcome are kept.
    pub(crate) fn keeps_bodies(&self, outcome: Outcome) -> bool {
        match self.setting.bodies {
            KeepBodies::All => true,
            KeepBodies::Failed => outcome == Outcome::Failed,
            KeepBodies::None => false,
        }
    }

    /// Adds the rows of an exchange. `shape_paths`: as for [`Accumulator::add`](crate::aggregate::Accumulator::add).
    pub(crate) fn write(
        &mut self,
        known: &RedactedExchange<'_>,
        errors: Vec<RedactedError<'_>>,
        linked: &Linked<'_>,
        (outcome, evidence): (Outcome, Option<Evidence>),
        member: Option<&str>,
        shape_paths: &mut dyn FnMut(BodySide) -> Vec<String>,
    ) {
        let x = known.x;
        if self.records == 0 {
            self.linked = Some(FileLink {
                log_id: linked.log_id.map(str::to_owned),
                run_id: linked.run_id.map(str::to_owned),
                by: linked.by,
            });
        }
        let key = x.key.map(key_cells);
        let row = ExchangeRow {
            // Files are fewer than 2^31.
            exchange: i64::from(self.number) << 32 | i64::from(self.records),
            file: FileName(self.file),
            member: member.map(MemberName),
            pointer: RecordPointer(x.pointer),
            record: self.records.cast_signed(),
            log_id: linked.log_id.map(LogId),
            run_id: linked.run_id.map(RunId),
            flow: linked.flow.map(FlowName),
            step: linked.step.map(StepName),
            row_num: x.row_num,
            key_kind: key.map(|(kind, _)| kind),
            key: key.map(|(_, value)| value),
            started_at: x.started_at.map(|at| Micros(at.0)),
            duration_ms: x.duration_ms,
            method: x.method.map(HttpMethod),
            url: known.url.map(log_text::url),
            endpoint: known.endpoint.map(log_text::endpoint),
            status: x.status.map(i32::from),
            outcome: OutcomeWord(outcome.name()),
            evidence: evidence.map(|evidence| EvidenceWord(evidence.name())),
            request_body: known.request.as_ref().and_then(RedactedBody::cell),
            response_body: known.response.as_ref().and_then(RedactedBody::cell),
            request_digest: known.request.map(|body| body.digest),
            response_digest: known.response.map(|body| body.digest),
            response_truncated: x.response_truncated,
            extra: known.extra.map(log_text::extra),
        };
        self.counts.exchanges.push(&row);
        if let Some(state) = &mut self.counts.state {
            state.exchange(known, linked, self.leaf, errors.len());
        }
        let error_count = errors.len() as u64;
        let mut counted_errors = Vec::with_capacity(errors.len());
        for (error, nth) in errors.into_iter().zip(0..) {
            let cells = error.key.map(key_cells);
            let side = error.side.or_else(|| side_of_step(linked.step));
            self.counts.errors.push(&ErrorRow {
                error: nth,
                exchange: row.exchange,
                file: row.file,
                record: row.record,
                fingerprint: Fingerprint(&format!("{:016x}", error.masked.0)),
                class: ClassWord(error.class.name()),
                code: error.code.as_ref().map(log_text::error_code),
                field: error.field.as_ref().map(log_text::field_path),
                message: log_text::message(&error.message),
                source: SourceWord(error.source.name()),
                key_kind: cells.map(|(kind, _)| kind),
                key: cells.map(|(_, value)| value),
                side: side.map(|side| SideWord(side.name())),
                started_at: row.started_at,
                flow: row.flow,
                step: row.step,
                endpoint: row.endpoint,
                status: row.status,
            });
            if let Some(state) = &mut self.counts.state {
                state.error(&error);
            }
            if !self.counted {
                continue;
            }
            counted_errors.push(CountedError {
                masked: error.masked,
                class: error.class,
                side,
                retryable: retryable(error.class, x.status),
                key: error.key,
                message: error.message,
                values: error.values,
            });
        }
        if self.counted {
            self.count(known, &counted_errors, linked, outcome, shape_paths);
            self.rows.outcomes[outcome as usize] += 1;
            self.rows.error_count += error_count;
        }
        self.records += 1;
        if self.counts.exchanges.bytes() >= ROW_GROUP_BYTES {
            self.rows.flush_exchanges(&mut self.counts.exchanges, self.encoder);
        }
        if self.counts.errors.bytes() >= ERRORS_BYTES {
            self.rows.flush_errors(&mut self.counts.errors);
        }
    }

    fn count(
        &mut self,
        known: &RedactedExchange<'_>,
        errors: &[CountedError<'_>],
        linked: &Linked<'_>,
        outcome: Outcome,
        shape_paths: &mut dyn FnMut(BodySide) -> Vec<String>,
    ) {
        let counted = CountedExchange {
            place: RecordPlace { file: self.number, record: self.records },
            exchange: known.x,
            run_id: linked.run_id,
            flow: linked.flow,
            step: linked.step,
            log_id: linked.log_id,
            endpoint: known.endpoint,
            outcome,
            request: known.request.as_ref().map(RedactedBody::counted),
            response: known.response.as_ref().map(RedactedBody::counted),
            errors,
        };
        self.counts.accumulator.add(&counted, shape_paths);
    }
}

fn key_cells(key: Key<'_>) -> (KeyKindWord<'_>, KeyValue<'_>) {
    (KeyKindWord(key.kind.name()), KeyValue(key.value))
}

/// Begins an exchange, and learns all its texts.
fn learn(scope: &mut Scope, x: &Exchange<'_>, errors: &[ErrorText<'_>]) {
    scope.begin();
    for body in [x.request, x.response].into_iter().flatten() {
        scope.learn_hashed(body.digest, body.text);
    }
    let messages = errors.iter().map(|error| error.message);
    for text in x.url.into_iter().chain(x.extra).chain(messages) {
        scope.learn(text);
    }
}

/// A body as it is written.
struct LoggedBody<'t> {
    text: Redacted<'t>,
    raw: Body<'t>,
    digest: BodyDigest,
}

impl<'t> LoggedBody<'t> {
    /// What is masked in it is counted when it is kept.
    fn new(scope: &mut Scope, place: &'static str, raw: Body<'t>, keep: bool) -> Self {
        let text = scope.hashed(keep.then_some(place), raw.digest, raw.text);
        let digest = log_text::digest(&text, raw);
        Self { text, raw, digest }
    }

    fn redacted(&self, keep: bool) -> RedactedBody<'_> {
        RedactedBody {
            text: Some(&self.text).filter(|_| keep),
            digest: self.digest,
            bytes: self.raw.text.len() as u64,
            shape: self.raw.shape,
            kind: self.raw.kind,
        }
    }
}

/// The verdict, with the status of the listing as its weakest evidence. Only a failed *line* log counts, because it is
/// about one row; a failed run or step does not show which of its rows failed.
pub(crate) fn with_listing(x: &Exchange<'_>, linked: &Linked<'_>) -> (Outcome, Option<Evidence>) {
    let failed = linked.line_failed();
    let alone =
        || x.pointer.matches('/').count() <= 1 && !x.pointer.bytes().any(|b| b.is_ascii_digit());
    if x.outcome != Outcome::Failed && failed && alone() {
        return (Outcome::Failed, Some(Evidence::Listing));
    }
    (x.outcome, x.evidence)
}
