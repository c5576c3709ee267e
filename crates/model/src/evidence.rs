//! The evidence of one exchange: collects its error texts and the signs of success and failure, by which
//! [`Signs`] decides.

use std::collections::HashSet;

use crate::answer::BodyVerdict;
use crate::bulk;
use crate::exchange::{BodyKind, ErrorSource, ErrorText, Exchange, Key, Outcome, Row};
use crate::facts::ReadBody;
use crate::failure::{ErrorCollector, mark_cut};
use crate::json::{Type, Value};
use crate::key::unchecked;
use crate::memo::Memo;
use crate::reason;
use crate::record::Field;
use crate::scalar::outcome_word;
use crate::slots::{RESPONSE, Slots};
use crate::verdict::{FAILED, Signs};

/// An exchange that is to be judged.
pub(crate) struct Evaluation<'c, 'r> {
    pub(crate) fields: &'r [Field<'r>],
    pub(crate) slots: &'c Slots<'r>,
    /// The response body, and whether it says that it failed.
    pub(crate) response: Option<(&'r ReadBody<'r>, BodyVerdict)>,
    pub(crate) memo: &'c Memo,
}

/// What the record's own error fields say.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct RecordErrors<'r> {
    /// There is a list or an object of errors.
    listed: bool,
    /// There are error texts.
    texts: bool,
    /// There are error codes.
    codes: bool,
    /// The code that goes with error texts that have none of their own.
    code: Option<&'r str>,
    /// They name rows of the bulk request.
    rows_named: bool,
}

/// What the response body says.
#[derive(Default)]
struct BodySigns {
    failed: bool,
    /// There are error texts.
    texts: bool,
    /// It names rows of the bulk request.
    rows_named: bool,
}

impl<'r> Evaluation<'_, 'r> {
    /// Decides what became of `x`, which has its status and bodies, and which of the bulk request's `rows` failed.
    /// A failed exchange has at least one error text afterwards, all others have none.
    pub(crate) fn judge(
        &self,
        x: &mut Exchange<'r>,
        rows: &mut [Row<'r>],
        collector: &mut ErrorCollector<'_, 'r>,
    ) {
        let record = self.record_errors(rows, collector);
        let exception = self.exception(collector);
        let mut signs = Signs {
            flag: self.slots.flag,
            enum_status: self.slots.enum_status,
            // A flag that says "succeeded" outweighs fields that some write with every record (`error_code`,
            // `error_desc`), but no list of errors.
            errors: record.listed
                || ((record.texts || record.codes)
                    && !(self.slots.stated_success && x.status.is_none_or(|status| status < 400))),
            body_failed: false,
            body_errors: false,
            status: x.status,
            exception,
            // A text alone may be a page, a number, a sentence: it says nothing of success.
            response: self.slots.evidence & RESPONSE != 0
                && x.response.is_some_and(|body| body.kind != BodyKind::Text),
        };
        collector.source = ErrorSource::Response;
        collector.cut = x.response_truncated;
        let call = (x.method, x.url);
        let body = self.response_errors(signs, record.texts, call, x.key, rows, collector);
        signs.body_failed = body.failed || rows.iter().any(|row| row.failed);
        signs.body_errors = body.texts;
        x.evidence = signs.evidence();
        x.outcome = signs.outcome(x.evidence);
        if x.outcome != Outcome::Failed {
            collector.out.clear();
            return;
        }
        if !record.rows_named && !body.rows_named {
            for row in rows.iter_mut() {
                row.failed = true;
            }
        }
        if collector.out.is_empty() {
            collector.source = ErrorSource::Errors;
            for at in &self.slots.messages {
                collector.value(self.value(*at), None, 0);
            }
        }
        if collector.out.is_empty() {
            self.no_reason(signs, record.code, collector);
        }
        remove_doubles(collector.out);
    }

    fn value(&self, at: u16) -> Value<'r> {
        self.fields[usize::from(at)].value
    }

    /// Collects the errors of the record's own error fields.
    fn record_errors(
        &self,
        rows: &mut [Row<'r>],
        collector: &mut ErrorCollector<'_, 'r>,
    ) -> RecordErrors<'r> {
        let slots = self.slots;
        let (mut rows_named, mut listed) = (false, false);
        for at in &slots.errors {
            let value = self.value(*at);
            let before = collector.out.len();
            if !rows.is_empty()
                && matches!(value.ty, Type::Array | Type::Object | Type::String)
                && bulk::judge(value, rows, collector, true, true)
            {
                rows_named = true;
            } else {
                collector.value(value, None, 0);
            }
            listed |= value.ty != Type::String && collector.out.len() > before;
        }
        let codes: Vec<&'r str> = slots
            .error_codes
            .iter()
            .map(|at| self.value(*at))
            .filter(|value| value.ty != Type::Null)
            .map(|value| collector.string(value).trim())
            .filter(|code| !is_no_error(code))
            .collect();
        for at in &slots.error_texts {
            let value = self.value(*at);
            if value.ty != Type::String || outcome_word(value.inner()) != Some(true) {
                collector.value(value, None, 0);
            }
        }
        let reason_type = || slots.reason_type.map(|value| collector.string(value));
        let code = codes.first().copied().or_else(reason_type);
        for error in collector.out.iter_mut() {
            error.code = error.code.or(code);
        }
        RecordErrors {
            listed,
            texts: !collector.out.is_empty(),
            codes: !codes.is_empty(),
            code,
            rows_named,
        }
    }

    /// Collects the engine's exception; whether there is one.
    fn exception(&self, collector: &mut ErrorCollector<'_, 'r>) -> bool {
        let from = collector.out.len();
        collector.source = ErrorSource::Exception;
        if let Some(value) = self.slots.exception_message {
            let text = collector.string(value);
            collector.text(text, None, 0);
        }
        let class = self.slots.exception_class.map(|value| collector.string(value));
        for error in &mut collector.out[from..] {
            error.source = ErrorSource::Exception;
            error.code = error.code.or(class);
        }
        if let (Some(class), true) = (class, collector.out.len() == from) {
            collector.push(Some(class), None, class);
        }
        collector.out.len() > from
    }

    /// Collects the errors of the response body. `signs`: all others; `record_texts`: the record has error texts;
    /// `call`: its method and URL; `own_key`: that of the exchange.
    fn response_errors(
        &self,
        signs: Signs,
        record_texts: bool,
        call: Call<'_>,
        own_key: Option<Key<'r>>,
        rows: &mut [Row<'r>],
        collector: &mut ErrorCollector<'_, 'r>,
    ) -> BodySigns {
        let Some((read, verdict)) = self.response else { return BodySigns::default() };
        let mut failed = verdict.failed(lists_errors(call));
        let (text, kind) = (read.body.text, read.body.kind);
        let from = collector.out.len();
        let bad = signs.bad_status() || signs.flag == Some(false) || record_texts;
        let rows_named = !rows.is_empty()
            && kind == BodyKind::Json
            && bulk::judge(unchecked(text), rows, collector, false, bad);
        // Other evidence says that it failed, so sentences in the body are its errors.
        let expected =
            bad || failed == Some(true) || signs.exception || signs.enum_status == Some(FAILED);
        let rows_tell = rows_named && failed != Some(true) && !signs.bad_status();
        if collector.out.len() == from && !rows_tell {
            // Bodies that are not JSON are read in any case: a SOAP fault comes with any status.
            let is_error = match kind {
                BodyKind::Json if !expected => false,
                BodyKind::Empty => false,
                BodyKind::Json if collector.cut => collector.broken(text, None, 0),
                _ => collector.answer(read, self.memo),
            };
            let is_error = is_error || (kind == BodyKind::Text && is_refusal_code(text, call));
            if kind != BodyKind::Json && is_error && failed.is_none() {
                failed = Some(true);
            }
            if !expected && failed != Some(true) {
                collector.out.truncate(from);
            }
        }
        if collector.cut {
            mark_cut(&mut collector.out[from..], text, kind);
        }
        // A document about one thing names it in its own way; the key of the exchange is the surer one.
        let errors = &mut collector.out[from..];
        if let Some(own) = own_key
            && kind == BodyKind::Xml
            && errors.iter().all(|error| error.key == errors[0].key)
            && errors.iter().any(|error| error.key.is_some_and(|key| key.kind != own.kind))
        {
            for error in errors {
                error.key = None;
            }
        }
        let texts = collector.out.len() > from;
        BodySigns { failed: failed == Some(true), texts, rows_named }
    }

    /// The error of an exchange that failed without any error text.
    fn no_reason(
        &self,
        signs: Signs,
        code: Option<&'r str>,
        collector: &mut ErrorCollector<'_, 'r>,
    ) {
        // This text was not cut, whatever the response.
        collector.cut = false;
        let status = signs.status.filter(|_| signs.bad_status());
        let (source, message): (_, &'r str) = match (status, code) {
            (Some(status), _) => {
                let logged = self.slots.reason.map_or("", |value| collector.string(value)).trim();
                let reason = if logged.is_empty() { reason::phrase(status) } else { logged };
                let message = format!("HTTP {status} {reason}");
                (ErrorSource::Status, collector.arena.alloc_str(message.trim_end()))
            }
            (None, Some(code)) => (ErrorSource::Errors, code),
            (None, None) => (ErrorSource::Flag, "failed without a reason"),
        };
        collector.source = source;
        collector.push(code, None, message);
    }
}

/// The method and URL of a call.
type Call<'r> = (Option<&'r str>, Option<&'r str>);

/// An answer of two digits to a call that sends something: a code of a gateway, zero when it went well. Elsewhere
/// it may be a count.
fn is_refusal_code(text: &str, (_, url): Call<'_>) -> bool {
    let code = text.trim();
    let path = url.unwrap_or_default().split('?').next().unwrap_or_default().to_ascii_lowercase();
    code.len() == 2
        && code.bytes().all(|b| b.is_ascii_digit())
        && !code.starts_with('0')
        && ["send", "sms", "gonder", "submit"].iter().any(|verb| path.contains(verb))
}

/// Whether a call only reads a list of errors or logs: `GET /integrations/5/error-reports?page=2`.
fn lists_errors(call: Call<'_>) -> bool {
    let (method, Some(url)) = call else { return false };
    let path = url.split(['?', '#']).next().unwrap_or(url);
    method.is_none_or(|method| method.eq_ignore_ascii_case("get"))
        && path.rsplit('/').take(3).any(|segment| {
            segment.split(|c: char| !c.is_alphanumeric()).any(|word| {
                [
                    "errors",
                    "error",
                    "logs",
                    "log",
                    "history",
                    "failures",
                    "exceptions",
                    "hatalar",
                    "events",
                    "errorreports",
                    "notifications",
                    "incidents",
                ]
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
            })
        })
}

/// One error that both the record and the response report is one error.
fn remove_doubles(errors: &mut Vec<ErrorText<'_>>) {
    if errors.len() < 2 {
        return;
    }
    let mut seen = HashSet::new();
    errors.retain(|error| seen.insert((error.message, error.field, error.key)));
}

fn is_no_error(code: &str) -> bool {
    code.bytes().all(|b| b == b'0')
        || ["null", "none", "ok", "success", "no_error"]
            .iter()
            .any(|w| code.eq_ignore_ascii_case(w))
        || (code.len() == 3
            && matches!(code.as_bytes()[0], b'1'..=b'3')
            && code.bytes().all(|b| b.is_ascii_digit()))
}
