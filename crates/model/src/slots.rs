//! Which field of a record has which role.
//!
//! Names say what a field can mean; here the whole record decides. A request object is taken for
//! the request's envelope only if it holds a body, headers, a method or a URL, otherwise it *is* the
//! body. `status` between 100 and 599 is HTTP's, 1 to 4 the Integrator's, a word an outcome. Of
//! several candidates the surest name wins, and a name with a value wins over one without.

use smallvec::SmallVec;

use crate::endpoint::is_uuid;
use crate::exchange::{KeyKind, cut};
use crate::json::{Type, Value};
use crate::record::{Field, FieldSide, MAX_FIELDS};
use crate::roles::Role;
use crate::scalar::{http_status, integer, milliseconds, outcome_word, timestamp, truth};
use crate::time::Timestamp;

/// The fields of one record by role. Values are slices of the document.
#[derive(Debug, Default)]
pub(crate) struct Slots<'a> {
    pub(crate) request: Option<Value<'a>>,
    pub(crate) response: Option<Value<'a>>,
    /// `METHOD - URL - BODY` in one string.
    pub(crate) raw_request: Option<Value<'a>>,
    pub(crate) status: Option<u16>,
    /// The Integrator's status enum, 1 to 4.
    pub(crate) enum_status: Option<u8>,
    pub(crate) reason: Option<Value<'a>>,
    pub(crate) url: Option<Value<'a>>,
    pub(crate) method: Option<Value<'a>>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) duration_ms: Option<f64>,
    pub(crate) key: Option<KeyCandidate<'a>>,
    pub(crate) row_num: Option<i64>,
    pub(crate) log_id: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) file_uuid: Option<&'a str>,
    pub(crate) run: Option<&'a str>,
    pub(crate) flow: Option<&'a str>,
    pub(crate) step: Option<&'a str>,
    /// An explicit flag: whether it succeeded.
    pub(crate) flag: Option<bool>,
    /// The response came from the engine's attribute of bounded length.
    pub(crate) bounded: bool,
    /// The record says that the response was cut.
    pub(crate) truncated: bool,
    /// Errors, texts, codes: places in the field list, in order.
    pub(crate) errors: FieldIndexes,
    pub(crate) error_texts: FieldIndexes,
    pub(crate) error_codes: FieldIndexes,
    pub(crate) messages: FieldIndexes,
    pub(crate) exception_class: Option<Value<'a>>,
    pub(crate) exception_message: Option<Value<'a>>,
    pub(crate) reason_type: Option<Value<'a>>,
    /// Lists and maps that may hold records.
    pub(crate) items: FieldIndexes,
    /// Kinds of evidence that this is an exchange: request, response, status, address, errors, exception, flag.
    pub(crate) evidence: u8,
    /// Fields that stand in a column of the report.
    pub(crate) carried: FieldSet,
}

/// Indexes into the list of fields; most records have few of a kind, which need no memory of their own.
type FieldIndexes = SmallVec<[u16; 8]>;

/// A business key with the rank of its name: 0 is surest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyCandidate<'a> {
    pub(crate) kind: KeyKind,
    pub(crate) rank: u8,
    /// The value, escaped as it stands.
    pub(crate) inner: &'a str,
}

/// A set of fields, a bit for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldSet([u64; MAX_FIELDS / 64]);

impl Default for FieldSet {
    fn default() -> Self {
        Self([0; MAX_FIELDS / 64])
    }
}

impl FieldSet {
    pub(crate) fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    pub(crate) fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }
}

pub(crate) const REQUEST: u8 = 1;
pub(crate) const RESPONSE: u8 = 2;
pub(crate) const STATUS: u8 = 4;
pub(crate) const ADDRESS: u8 = 8;
pub(crate) const ERRORS: u8 = 16;
pub(crate) const EXCEPTION: u8 = 32;
pub(crate) const FLAG: u8 = 64;

/// The best candidate for a slot so far: its place, its score, lower is better, and what was read in it.
#[derive(Debug, Clone, Copy)]
struct Best<T = ()>(usize, u8, T);

fn offer(best: &mut Option<Best>, at: usize, score: u8, value: Value<'_>) {
    offer_read(best, at, score, value, ());
}

fn offer_read<T>(best: &mut Option<Best<T>>, at: usize, score: u8, value: Value<'_>, read: T) {
    let score = score + if blank(value) { 20 } else { 0 };
    if best.as_ref().is_none_or(|b| score < b.1) {
        *best = Some(Best(at, score, read));
    }
}

fn blank(value: Value<'_>) -> bool {
    value.ty == Type::Null || (value.ty == Type::String && value.raw.len() == 2)
}

impl<'a> Slots<'a> {
    /// Gives each role its field.
    pub(crate) fn of(fields: &[Field<'a>]) -> Self {
        let mut slots = Self::default();
        // Fields inside an object that turned out to be a body are no fields of the record.
        let mut hidden = FieldSet::default();
        let (mut request, mut response, mut body) = (None, None, None);
        let (mut status, mut url, mut method, mut start, mut duration) =
            (None, None, None, None, None);
        let (mut group, mut parent_group, mut step, mut step_word) = (None, None, None, None);
        for (at, field) in fields.iter().enumerate() {
            if field.parent.is_some_and(|p| hidden.has(usize::from(p))) {
                hidden.set(at);
                continue;
            }
            let value = field.value;
            if field.entered {
                if is_envelope(fields, at) {
                    slots.carried.set(at);
                    slots.evidence |= match field.role {
                        Role::Request => REQUEST,
                        Role::Response => RESPONSE,
                        _ => 0,
                    };
                    continue;
                }
                hidden.set(at);
            }
            let scalar = !matches!(value.ty, Type::Object | Type::Array);
            match field.role {
                Role::RequestBody => {
                    offer(&mut request, at, u8::from(field.side == FieldSide::Record), value);
                }
                Role::ResponseBody => {
                    // `result` and `output` may be a flag or a word.
                    if scalar
                        && field.side == FieldSide::Record
                        && is_result_word(field.key)
                        && slots.take_flag(value, true)
                    {
                        continue;
                    }
                    offer(&mut response, at, u8::from(field.side == FieldSide::Record), value);
                }
                Role::Envelope if field.side == FieldSide::Response => {
                    offer(&mut response, at, 1, value);
                }
                Role::Envelope if field.side == FieldSide::Request => {
                    offer(&mut request, at, 1, value);
                }
                Role::Request => offer(&mut request, at, 2, value),
                Role::Response => offer(&mut response, at, 2, value),
                Role::RawRequest => {
                    slots.raw_request = Some(value);
                    slots.carried.set(at);
                    slots.evidence |= REQUEST;
                }
                Role::Body => offer(&mut body, at, 5, value),
                Role::HttpStatus if scalar => {
                    if let Some(read) = http_status(value) {
                        let score = u8::from(field.side == FieldSide::Record);
                        offer_read(&mut status, at, score, value, read);
                    }
                    // An empty status says that it is an exchange all the same.
                    slots.evidence |= STATUS;
                    if blank(value) || value.raw == "0" {
                        slots.carried.set(at);
                    }
                }
                Role::Status if scalar => {
                    if let Some(read) = http_status(value) {
                        offer_read(&mut status, at, 3, value, read);
                    } else if let Some(number) = integer(value)
                        .and_then(|n| u8::try_from(n).ok())
                        .filter(|n| (1..=4).contains(n))
                    {
                        slots.enum_status = Some(number);
                    } else {
                        slots.take_flag(value, true);
                    }
                }
                Role::Code if scalar => {
                    if let Some(read) = http_status(value) {
                        offer_read(&mut status, at, 6, value, read);
                    }
                }
                Role::Reason if value.ty == Type::String => {
                    slots.reason = Some(value);
                    slots.carried.set(at);
                }
                Role::Url if value.ty == Type::String => {
                    offer(&mut url, at, u8::from(!has_address(value)), value);
                }
                Role::ResponseUrl if value.ty == Type::String => offer(&mut url, at, 4, value),
                Role::Method if value.ty == Type::String && is_method(value.inner()) => {
                    offer(&mut method, at, 0, value);
                }
                Role::Start if scalar => {
                    if let Some(read) = timestamp(value) {
                        let score = u8::from(field.side != FieldSide::Record);
                        offer_read(&mut start, at, score, value, read);
                    }
                }
                Role::End if scalar && slots.ended_at.is_none() => {
                    slots.ended_at = timestamp(value);
                }
                Role::Time if scalar => {
                    if let Some(read) = timestamp(value) {
                        offer_read(&mut start, at, 1, value, read);
                    } else if let Some(read) = milliseconds(value) {
                        offer_read(&mut duration, at, 1, value, read);
                    }
                }
                Role::Duration if scalar => {
                    if let Some(read) = milliseconds(value) {
                        offer_read(&mut duration, at, 0, value, read);
                    } else if timestamp(value).is_some() && slots.ended_at.is_none() {
                        slots.ended_at = timestamp(value);
                    }
                }
                Role::Key(kind, rank) if scalar && field.side == FieldSide::Record => {
                    slots.take_key(at, kind, rank, value);
                }
                Role::RowNum if scalar && slots.row_num.is_none() => {
                    slots.row_num = integer(value);
                    if slots.row_num.is_some() {
                        slots.carried.set(at);
                    }
                }
                Role::Step if value.ty == Type::String && !blank(value) => {
                    // A slug (`process_group_id`) is surer than a title.
                    let place = if field.key.ends_with("name") || field.key.ends_with("Name") {
                        &mut step_word
                    } else {
                        &mut step
                    };
                    *place = place.or(Some((at, cut(value.inner()))));
                }
                Role::Group if scalar && !blank(value) => group = Some((at, cut(value.inner()))),
                Role::ParentGroup if scalar && !blank(value) => {
                    parent_group = Some((at, cut(value.inner())));
                }
                Role::Flow if value.ty == Type::String && !blank(value) && slots.flow.is_none() => {
                    slots.flow = Some(cut(value.inner()));
                    slots.carried.set(at);
                }
                Role::Run if scalar && !blank(value) && slots.run.is_none() => {
                    slots.run = Some(cut(value.inner()));
                    slots.carried.set(at);
                }
                Role::FileUuid if value.ty == Type::String && !blank(value) => {
                    slots.file_uuid = Some(cut(value.inner()));
                }
                Role::LogId if scalar && !blank(value) => {
                    slots.log_id = Some(cut(value.inner()));
                    slots.carried.set(at);
                }
                Role::Id if scalar && !blank(value) && field.side == FieldSide::Record => {
                    slots.id = Some(cut(value.inner()));
                }
                Role::Errors | Role::Failed if field.role == Role::Errors || !scalar => {
                    slots.take_errors(at, value);
                }
                Role::ErrorMessage => {
                    slots.error_texts.push(at as u16);
                    slots.evidence |= ERRORS;
                }
                Role::ErrorCode if scalar => slots.error_codes.push(at as u16),
                Role::Message | Role::Reason if field.side == FieldSide::Record => {
                    slots.messages.push(at as u16);
                }
                Role::ReasonType if value.ty == Type::String && !blank(value) => {
                    slots.reason_type = Some(value);
                }
                Role::ExceptionClass if value.ty == Type::String && !blank(value) => {
                    slots.exception_class = Some(value);
                    slots.evidence |= EXCEPTION;
                    slots.carried.set(at);
                }
                Role::ExceptionMessage if !blank(value) => {
                    if value.ty == Type::String {
                        slots.exception_message = slots.exception_message.or(Some(value));
                        slots.carried.set(at);
                    } else {
                        slots.errors.push(at as u16);
                    }
                    slots.evidence |= EXCEPTION;
                }
                Role::Ok if scalar => {
                    slots.take_flag(value, true);
                }
                Role::Failed => {
                    slots.take_flag(value, false);
                }
                Role::State if scalar => match integer(value) {
                    Some(_) => {}
                    None => {
                        slots.take_flag(value, true);
                    }
                },
                Role::Truncated => slots.truncated |= truth(value) == Some(true),
                Role::Items | Role::None if !scalar => slots.items.push(at as u16),
                _ => {}
            }
            // Bodies and names that hold others may be lists of records too.
            if !scalar && generic(field.role) {
                slots.items.push(at as u16);
            }
        }
        // A body whose side is not named belongs to the request unless that has one of its own.
        if let Some(Best(at, score, ())) = body {
            let side = match (&request, &response) {
                (Some(_), None) => &mut response,
                (Some(Best(_, r, ())), Some(Best(_, s, ()))) if *r < 20 && *s >= 20 => {
                    &mut response
                }
                _ => &mut request,
            };
            offer(side, at, score, fields[at].value);
        }
        slots.assign(fields, request, response, status, url, method, start, duration);
        // Group ids: with a parent the group is the step, alone it is the flow or a slug.
        if let Some((at, inner)) = parent_group {
            slots.flow = Some(slots.flow.unwrap_or(inner));
            slots.carried.set(at);
        }
        if let Some((at, inner)) = group {
            slots.carried.set(at);
            if parent_group.is_some() || !is_uuid(inner) {
                slots.step = Some(inner);
            } else {
                slots.flow = Some(slots.flow.unwrap_or(inner));
            }
        }
        for (at, inner) in [step, step_word].into_iter().flatten() {
            if slots.step.is_none() {
                slots.step = Some(inner);
                slots.carried.set(at);
            }
        }
        if slots.log_id.is_none()
            && (slots.run.is_some() || slots.file_uuid.is_some() || group.is_some())
        {
            slots.log_id = slots.id;
        }
        slots
    }

    #[expect(clippy::too_many_arguments, reason = "the candidates of one loop, assigned together")]
    fn assign(
        &mut self,
        fields: &[Field<'a>],
        request: Option<Best>,
        response: Option<Best>,
        status: Option<Best<u16>>,
        url: Option<Best>,
        method: Option<Best>,
        start: Option<Best<Timestamp>>,
        duration: Option<Best<f64>>,
    ) {
        let value = |(at, ()): (usize, ())| fields[at].value;
        let response = self.take(response, RESPONSE);
        self.bounded = response.is_some_and(|(at, ())| {
            fields[at].key.eq_ignore_ascii_case("invokehttp.response.body")
        });
        let request = self.take(request, REQUEST);
        self.request = request.map(value).filter(|v| !blank(*v));
        self.response = response.map(value).filter(|v| !blank(*v));
        self.url = self.take(url, ADDRESS).map(value).filter(|v| !blank(*v));
        self.method = self.take(method, ADDRESS).map(value);
        self.status = self.take(status, STATUS).map(|(_, status)| status);
        self.started_at = self.take(start, 0).map(|(_, time)| time);
        self.duration_ms = self.take(duration, 0).map(|(_, duration)| duration);
        if self.duration_ms.is_none()
            && let (Some(start), Some(end)) = (self.started_at, self.ended_at)
            && end >= start
        {
            self.duration_ms = Some((end.0 - start.0) as f64 / 1000.0);
        }
    }

    /// Takes the best candidate for a slot, which is carried then.
    fn take<T>(&mut self, best: Option<Best<T>>, evidence: u8) -> Option<(usize, T)> {
        let Best(at, _, read) = best?;
        self.carried.set(at);
        self.evidence |= evidence;
        Some((at, read))
    }

    fn take_key(&mut self, at: usize, kind: KeyKind, rank: u8, value: Value<'a>) {
        let Some(key) = usable_key(kind, rank, value) else { return };
        if self.key.is_none_or(|k| rank < k.rank) {
            self.key = Some(key);
        }
        self.carried.set(at);
    }

    fn take_errors(&mut self, at: usize, value: Value<'a>) {
        self.evidence |= ERRORS;
        match truth(value) {
            // `error: true` says that it failed; `error: false` is too common to say that it succeeded.
            Some(true) => {
                self.flag = Some(false);
            }
            Some(false) => {}
            None => self.errors.push(at as u16),
        }
        self.carried.set(at);
    }

    /// Takes a flag or a word for the outcome; whether it was one. A sign of failure wins.
    fn take_flag(&mut self, value: Value<'a>, positive: bool) -> bool {
        let good = match truth(value) {
            Some(flag) => Some(flag == positive),
            None if value.ty == Type::String => {
                outcome_word(value.inner()).map(|good| good == positive)
            }
            None => None,
        };
        if let Some(good) = good {
            self.flag = Some(self.flag.unwrap_or(true) && good);
            self.evidence |= FLAG;
        }
        good.is_some()
    }
}

/// Whether the object at `at`, whose members follow, is an envelope around a body rather than the body.
///
/// `body`, headers and a method are firm signs. `data`, `content`, `code` and `message` also stand in
/// bodies: they make an envelope only together, and only in a record that has its status or address
/// nowhere else.
fn is_envelope(fields: &[Field<'_>], at: usize) -> bool {
    let field = &fields[at];
    if field.role == Role::Attributes {
        return true;
    }
    let (mut text, mut typed, mut firm, mut known, mut other) = (false, false, false, 0, 0);
    for child in
        fields[at + 1..].iter().take_while(|c| c.parent.is_some_and(|p| usize::from(p) >= at))
    {
        if child.parent != Some(at as u16) {
            continue;
        }
        match child.role {
            Role::RequestBody | Role::ResponseBody | Role::Envelope => {
                text |= child.key == "text";
                other += i32::from(field.role == Role::Envelope && child.key != "text");
                firm |= ["body", "Body", "postData", "requestBody", "responseBody", "govde"]
                    .contains(&child.key);
            }
            Role::Headers if field.role == Role::Envelope => typed = true,
            Role::Method | Role::Headers => firm = true,
            Role::HttpStatus if http_status(child.value).is_some() || blank(child.value) => {
                known += 1;
            }
            Role::Url
            | Role::ResponseUrl
            | Role::Reason
            | Role::Duration
            | Role::Start
            | Role::End
            | Role::Truncated => known += 1,
            _ => other += 1,
        }
    }
    if field.role == Role::Envelope {
        // HAR's `content` and `postData`: a text, if there is one, beside its type and size.
        return other == 0 && (text || typed);
    }
    let elsewhere = |f: &Field<'_>| {
        f.side == FieldSide::Record
            && match field.role {
                Role::Response => {
                    f.role == Role::HttpStatus
                        || (f.role == Role::Status && http_status(f.value).is_some())
                }
                _ => matches!(f.role, Role::Url | Role::Method),
            }
    };
    firm || (other == 0 && known > 0 && !fields.iter().any(elsewhere))
}

/// Roles whose objects and lists may as well hold records.
fn generic(role: Role) -> bool {
    matches!(
        role,
        Role::Body
            | Role::RequestBody
            | Role::ResponseBody
            | Role::Request
            | Role::Response
            | Role::Errors
            | Role::Message
            | Role::Failed
            | Role::Status
            | Role::State
            | Role::Step
            | Role::Flow
            | Role::Key(..)
            | Role::RowNum
            | Role::Run
            | Role::Start
            | Role::Attributes
    )
}

fn is_result_word(key: &str) -> bool {
    ["result", "Result", "RESULT", "output"].contains(&key)
}

/// A key's value as it can be used: no blanks only, no tiny number under a name that also counts things.
pub(crate) fn usable_key(kind: KeyKind, rank: u8, value: Value<'_>) -> Option<KeyCandidate<'_>> {
    let inner = value.inner();
    let fits = match value.ty {
        Type::String => !inner.trim().is_empty() && inner.len() <= 256,
        Type::Number => true,
        _ => false,
    };
    // `order: 3` and `number: 12` count something.
    let small = inner.len() < 4 && inner.bytes().all(|b| b.is_ascii_digit());
    (fits && !((3..6).contains(&rank) && small) && (rank < 3 || !inner.starts_with("http")))
        .then_some(KeyCandidate { kind, rank, inner })
}

fn has_address(value: Value<'_>) -> bool {
    let inner = value.inner();
    // A search that is made ready for its needle takes longer than most addresses are.
    let scheme = || inner.as_bytes().windows(3).any(|three| three == b"://");
    inner.starts_with('/') || inner.starts_with("\\/") || scheme()
}

fn is_method(word: &str) -> bool {
    (2..=10).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic())
}
