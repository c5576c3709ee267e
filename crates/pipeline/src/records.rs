//! One exchange becomes a row of `exchanges`, rows of `errors`, and counts.

use grouping::{Circumstances, ErrorRef, classify, retryable, side};
use model::endpoint;
use model::exchange::{Body, ErrorSource, ErrorText, Evidence, Exchange, Key, Outcome};
use model::listing::{LogType, Status};
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
use crate::worker::{JobRows, KeepBodies, Setting, WorkerCounts};

/// A row group of `exchanges` is cut at this size in memory, in bytes, equal bodies counting once. A body is written
/// once a row group, so a large one catches more repeats: with 12 MiB a dump of retries took twice the space and a
/// sixth more time than with 40 MiB, and 60 MiB less memory. Each worker holds one.
const ROW_GROUP_BYTES: usize = 40 << 20;

/// Rows of `errors` are packed at this size in memory, in bytes.
const ERRORS_BYTES: usize = 8 << 20;

/// The errors of an exchange that failed by the listing alone.
const LISTED: [ErrorText<'static>; 1] = [ErrorText {
    code: None,
    field: None,
    message: "the listing says that the log failed",
    source: ErrorSource::Listing,
    key: None,
    cut: false,
}];

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
    /// Exchanges of the file so far.
    pub(crate) records: u32,
    /// The link of its first exchange.
    pub(crate) linked: Option<FileLink>,
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
        Self { file, number, setting, encoder, scope, rows, counts, records: 0, linked: None }
    }

    /// Adds an exchange. `name`: the link by the name of the member or file.
    pub(crate) fn add(&mut self, x: &Exchange<'_>, member: Option<&str>, name: Option<&NameLink>) {
        if self.setting.stopped() {
            return;
        }
        let linked = link::exchange(&self.setting.survey.listing, x, name);
        if self.records == 0 {
            self.linked = Some(FileLink {
                log_id: linked.log_id.map(str::to_owned),
                run_id: linked.run_id.map(str::to_owned),
                by: linked.by,
            });
        }
        let (outcome, evidence) = with_listing(x, &linked);
        let by_listing = evidence == Some(Evidence::Listing);
        let errors = if by_listing { &LISTED } else { x.errors };
        let keep = match self.setting.bodies {
            KeepBodies::All => true,
            KeepBodies::Failed => outcome == Outcome::Failed,
            KeepBodies::None => false,
        };
        let mut endpoint = std::mem::take(&mut self.counts.endpoint);
        endpoint.clear();
        endpoint::mask(x.method, x.url.unwrap_or(""), &mut endpoint);
        let key = x.key.map(key_cells);
        let scope = &mut *self.scope;
        learn(scope, x, errors);
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
            url: masked_url.as_ref().map(log_text::url),
            endpoint: masked_endpoint.as_ref().map(log_text::endpoint),
            status: x.status.map(i32::from),
            outcome: OutcomeWord(outcome.name()),
            evidence: evidence.map(|evidence| EvidenceWord(evidence.name())),
            request_body: request.as_ref().filter(|_| keep).map(LoggedBody::cell),
            response_body: response.as_ref().filter(|_| keep).map(LoggedBody::cell),
            request_digest: request.as_ref().map(|body| body.digest),
            response_digest: response.as_ref().map(|body| body.digest),
            response_truncated: x.response_truncated,
            extra: masked_extra.as_ref().map(log_text::extra),
        };
        self.counts.exchanges.push(&row);
        let mut counted_errors = Vec::with_capacity(errors.len());
        for (error, nth) in errors.iter().zip(0..) {
            let what = ErrorRef {
                code: error.code,
                field: error.field,
                message: error.message,
                status: x.status,
                cut: error.cut,
            };
            let masked = self.counts.messages.add(what);
            let class = classify(&what);
            let raised = error.source == ErrorSource::Exception;
            let at = Circumstances { step: linked.step, url: x.url, raised };
            let side = side(&what, class, &at);
            let key = error.key.or(x.key);
            let cells = key.map(key_cells);
            let mut values = MaskedValues::default();
            let message = scope.text_noting("errors.message", error.message, &mut values);
            let code = error.code.map(|code| scope.text("errors.code", code));
            let field = error.field.map(|field| scope.text("errors.field", field));
            self.counts.errors.push(&ErrorRow {
                error: nth,
                exchange: row.exchange,
                file: row.file,
                record: row.record,
                fingerprint: Fingerprint(&format!("{:016x}", masked.0)),
                class: ClassWord(class.name()),
                code: code.as_ref().map(log_text::error_code),
                field: field.as_ref().map(log_text::field_path),
                message: log_text::message(&message),
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
            counted_errors.push(CountedError {
                masked,
                class,
                side,
                retryable: retryable(class, x.status),
                key,
                message,
                values,
            });
        }
        let counted = CountedExchange {
            place: RecordPlace { file: self.number, record: self.records },
            exchange: x,
            run_id: linked.run_id,
            flow: linked.flow,
            step: linked.step,
            log_id: linked.log_id,
            endpoint: masked_endpoint.as_ref(),
            outcome,
            request: x.request.map(counted_body),
            response: x.response.map(counted_body),
            errors: &counted_errors,
        };
        self.counts.accumulator.add(&counted, &mut |side| {
            let body = if side == BodySide::Request { &x.request } else { &x.response };
            body.as_ref().map(model::body::paths).unwrap_or_default()
        });
        self.counts.endpoint = endpoint;
        self.rows.outcomes[outcome as usize] += 1;
        self.rows.error_count += errors.len() as u64;
        self.records += 1;
        if self.counts.exchanges.bytes() >= ROW_GROUP_BYTES {
            self.rows.flush_exchanges(&mut self.counts.exchanges, self.encoder);
        }
        if self.counts.errors.bytes() >= ERRORS_BYTES {
            self.rows.flush_errors(&mut self.counts.errors);
        }
    }
}

fn key_cells(key: Key<'_>) -> (KeyKindWord<'_>, KeyValue<'_>) {
    (KeyKindWord(key.kind.name()), KeyValue(key.value))
}

/// Begins an exchange, and learns all its texts.
fn learn(scope: &mut Scope, x: &Exchange<'_>, errors: &[ErrorText<'_>]) {
    scope.begin();
    let bodies = [x.request, x.response].into_iter().flatten().map(|body| body.text);
    let messages = errors.iter().map(|error| error.message);
    for text in bodies.chain(x.url).chain(x.extra).chain(messages) {
        scope.learn(text);
    }
}

/// A body as it is written.
struct LoggedBody<'t> {
    text: Redacted<'t>,
    digest: BodyDigest,
}

impl<'t> LoggedBody<'t> {
    /// What is masked in it is counted when it is kept.
    fn new(scope: &mut Scope, place: &'static str, raw: Body<'t>, keep: bool) -> Self {
        let text = if keep { scope.text(place, raw.text) } else { scope.uncounted(raw.text) };
        let digest = log_text::digest(&text, raw);
        Self { text, digest }
    }

    fn cell(&self) -> BodyText<'_> {
        log_text::body(&self.text, self.digest)
    }
}

fn counted_body(body: Body<'_>) -> CountedBody {
    CountedBody {
        digest: body.digest,
        bytes: body.text.len() as u64,
        shape: body.shape,
        kind: body.kind,
    }
}

/// The verdict, with the status of the listing as its weakest evidence. Only a failed *line* log counts, because it is
/// about one row; a failed run or step does not show which of its rows failed.
fn with_listing(x: &Exchange<'_>, linked: &Linked<'_>) -> (Outcome, Option<Evidence>) {
    let failed = linked.log.is_some_and(|log| {
        log.entry.log_type == Some(LogType::Line) && log.entry.status == Some(Status::Failed)
    });
    let alone =
        || x.pointer.matches('/').count() <= 1 && !x.pointer.bytes().any(|b| b.is_ascii_digit());
    if x.outcome != Outcome::Failed && failed && alone() {
        return (Outcome::Failed, Some(Evidence::Listing));
    }
    (x.outcome, x.evidence)
}
