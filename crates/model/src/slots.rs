//! Which field of a record has which role.
//!
//! Names say what a field can mean; here the whole record decides. Whether a request object is a message or
//! the body itself says [`crate::envelope`]. `status` between 100 and 599 is HTTP's, 1 to 4 the Integrator's, a word an outcome. Of
//! several candidates the surest name wins, and a name with a value wins over one without.

mod candidates;

use smallvec::SmallVec;

use crate::address::{AddressParts, is_address};
use crate::duration::{milliseconds, unit_beside, unit_of_name};
use crate::endpoint::is_uuid;
use crate::envelope::{Message, message};
use crate::exchange::{KeyKind, cut};
use crate::json::{Type, Value};
use crate::json_text::json_part;
use crate::record::{Field, FieldSide, pair};
use crate::roles::{Role, role_of_key};
use crate::scalar::{
    StatusValue, has_scheme, http_status, integer, mentions, outcome_word, plain, status_value,
    timestamp, truth,
};
use crate::time::Timestamp;
pub(crate) use candidates::FieldSet;
use candidates::{Best, blank, offer, offer_read};

/// The fields of one record by role. Values are slices of the document.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Slots<'a> {
    pub(crate) request: Option<Value<'a>>,
    pub(crate) response: Option<Value<'a>>,
    /// `METHOD - URL - BODY` in one string.
    pub(crate) raw_request: Option<Value<'a>>,
    pub(crate) status: Option<u16>,
    /// Something stands where the HTTP status belongs that is not understood.
    pub(crate) unclear_status: bool,
    /// The Integrator's status enum, 1 to 4.
    pub(crate) enum_status: Option<u8>,
    pub(crate) reason: Option<Value<'a>>,
    /// The URL as a text, or an object with its parts.
    pub(crate) url: Option<Value<'a>>,
    /// Parts of the URL that stand beside it.
    pub(crate) address: AddressParts<'a>,
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
    /// A field that is there to say so says that it succeeded (`is_ok: true`).
    pub(crate) stated_success: bool,
    /// What the record has in common with the other half of its exchange.
    pub(crate) correlation: Option<&'a str>,
    /// The request, and the response, are texts in base64.
    pub(crate) encoded: [bool; 2],
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
    /// Strings that hold JSON, and may hold records.
    pub(crate) texts: FieldIndexes,
    /// A state of the record, understood or not (`productStatus`).
    pub(crate) state: bool,
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

pub(crate) const REQUEST: u8 = 1;
pub(crate) const RESPONSE: u8 = 2;
pub(crate) const STATUS: u8 = 4;
pub(crate) const ADDRESS: u8 = 8;
pub(crate) const ERRORS: u8 = 16;
pub(crate) const EXCEPTION: u8 = 32;
pub(crate) const FLAG: u8 = 64;

impl<'a> Slots<'a> {
    /// Gives each role its field.
    pub(crate) fn of(fields: &[Field<'a>]) -> Self {
        let mut slots = Self::default();
        // Fields inside an object that turned out to be a body are no fields of the record.
        let mut hidden = FieldSet::default();
        let (mut request, mut response, mut body) = (None, None, None);
        let (mut status, mut url, mut method, mut start, mut duration) =
            (None, None, None, None, None);
        let (mut parts, mut message_value, mut sure_flag) = (FieldSet::default(), None, false);
        let (mut group, mut parent_group, mut step, mut step_word) = (None, None, None, None);
        for (at, field) in fields.iter().enumerate() {
            if field.parent.is_some_and(|p| hidden.has(usize::from(p))) {
                hidden.set(at);
                continue;
            }
            let value = field.value;
            if field.entered {
                let kind = message(fields, at);
                if kind == Message::Body {
                    hidden.set(at);
                    // What a client was told to send is a request; other settings are none.
                    if field.key == "config" {
                        slots.items.push(at as u16);
                        continue;
                    }
                } else {
                    slots.carried.set(at);
                    slots.evidence |= match field.role {
                        Role::Request => REQUEST,
                        Role::Response => RESPONSE,
                        _ => 0,
                    };
                    if kind == Message::Both {
                        offer(&mut response, at, 3, value);
                    }
                    continue;
                }
            }
            let scalar = !matches!(value.ty, Type::Object | Type::Array);
            match field.role {
                Role::RequestBody => offer(&mut request, at, body_rank(field), value),
                Role::ResponseBody | Role::Response => {
                    // `result` and `output` may be a flag or a word.
                    if scalar
                        && field.side == FieldSide::Record
                        && is_result_word(field.key)
                        && slots.take_flag(value, true)
                    {
                        continue;
                    }
                    let rank = if field.role == Role::Response { 4 } else { body_rank(field) };
                    offer(&mut response, at, rank, value);
                }
                Role::Request if field.key == "config" => {}
                Role::Request => offer(&mut request, at, 4, value),
                Role::RawRequest => {
                    slots.raw_request = Some(value);
                    slots.carried.set(at);
                    slots.evidence |= REQUEST;
                }
                Role::Body => offer(&mut body, at, 5, value),
                Role::HttpStatus | Role::OriginStatus => {
                    // An empty status says that it is an exchange all the same.
                    slots.evidence |= STATUS;
                    match status_value(value, true) {
                        StatusValue::Http(read) => {
                            offer_read(&mut status, at, status_rank(field), value, read);
                        }
                        StatusValue::Outcome(good) => slots.take_outcome(good),
                        StatusValue::Missing => slots.carried.set(at),
                        StatusValue::Unclear => slots.unclear_status = true,
                    }
                }
                Role::Status => {
                    let value = plain(value);
                    if let Some(number) = integer(value)
                        .and_then(|n| u8::try_from(n).ok())
                        .filter(|n| (1..=4).contains(n))
                    {
                        slots.enum_status = Some(number);
                    } else if !slots.take_flag(value, true) {
                        match status_value(value, false) {
                            StatusValue::Http(read) => {
                                offer_read(&mut status, at, 3, value, read);
                            }
                            StatusValue::Outcome(good) => slots.take_outcome(good),
                            StatusValue::Missing => {}
                            StatusValue::Unclear => slots.unclear_status = true,
                        }
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
                Role::Url => {
                    let value = plain(value);
                    if value.ty == Type::String || is_address(value) {
                        offer(&mut url, at, url_rank(field.key, value), value);
                    }
                }
                Role::ResponseUrl if value.ty == Type::String => offer(&mut url, at, 6, value),
                Role::Host | Role::Scheme | Role::Port | Role::Query if !value.is_empty() => {
                    slots.take_address(field);
                    parts.set(at);
                }
                Role::Encoded => {
                    let base64 =
                        truth(value) == Some(true) || value.inner().eq_ignore_ascii_case("base64");
                    slots.encoded[0] |= base64 && field.side != FieldSide::Response;
                    slots.encoded[1] |= base64 && field.side != FieldSide::Request;
                }
                Role::Correlation if scalar && !blank(value) && slots.correlation.is_none() => {
                    slots.correlation = Some(cut(value.inner()));
                }
                Role::Headers if field.side == FieldSide::Record && !scalar => {
                    slots.take_headers(value);
                }
                Role::Method => {
                    let value = plain(value);
                    if value.ty == Type::String && is_method(value.inner()) {
                        offer(&mut method, at, 0, value);
                    }
                }
                Role::Start => {
                    if let Some(read) = timestamp(value) {
                        let score = u8::from(field.side != FieldSide::Record);
                        offer_read(&mut start, at, score, value, read);
                    } else {
                        // `request_time` of a web server, `"execution_time": "1.5 s"`.
                        let unit = unit_of_name(field.key);
                        let says = unit.is_some() || value.ty == Type::String;
                        if let Some(read) = milliseconds(value, unit).filter(|_| says) {
                            offer_read(&mut duration, at, 2, value, read);
                        }
                    }
                }
                Role::End if slots.ended_at.is_none() => slots.ended_at = timestamp(value),
                Role::Time => {
                    if let Some(read) = timestamp(value) {
                        offer_read(&mut start, at, 1, value, read);
                    } else if let Some(read) = milliseconds(value, unit_of_name(field.key)) {
                        offer_read(&mut duration, at, 1, value, read);
                    }
                }
                Role::Duration => {
                    let unit = unit_of_name(field.key).or_else(|| unit_beside(fields, field));
                    if let Some(read) = milliseconds(value, unit) {
                        let score = if scalar { u8::from(unit.is_none()) } else { 3 };
                        offer_read(&mut duration, at, score, value, read);
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
                    // A document of an index has no other key than its id.
                    if field.key == "_id" && fields.iter().any(|f| f.key == "_index") {
                        slots.take_key(at, KeyKind::Record, 5, value);
                    }
                }
                Role::Errors | Role::Failed if field.role == Role::Errors || !scalar => {
                    slots.take_errors(at, value);
                }
                Role::ErrorMessage => {
                    slots.error_texts.push(at as u16);
                    slots.evidence |= ERRORS;
                }
                Role::ErrorCode if scalar => match http_status(value) {
                    // Telemetry calls the status of a call its result.
                    Some(read) if field.key.eq_ignore_ascii_case("resultcode") => {
                        offer_read(&mut status, at, 5, value, read);
                    }
                    _ => slots.error_codes.push(at as u16),
                },
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
                Role::Ok if scalar => sure_flag |= slots.take_flag(value, true),
                Role::Failed => sure_flag |= slots.take_flag(value, false),
                Role::State if scalar => match integer(value) {
                    Some(_) => {}
                    None => {
                        slots.take_flag(value, true);
                    }
                },
                Role::Truncated => slots.truncated |= truth(value) == Some(true),
                Role::None if field.key == "value" => message_value = Some(at),
                Role::Items | Role::None if !scalar => slots.items.push(at as u16),
                _ => {}
            }
            // Whatever its name, it may be a list of records too.
            let plain = matches!(field.role, Role::None | Role::Items);
            if !scalar && !plain && field.key != "config" {
                slots.items.push(at as u16);
            }
            if value.ty == Type::String && field.side == FieldSide::Record {
                if json_part(value).is_some() {
                    slots.texts.push(at as u16);
                }
                slots.state |= (plain || generic(field.role)) && is_state_name(field.key);
            }
        }
        // The value of a message that could not be processed.
        if let Some(at) = message_value {
            if slots.evidence & EXCEPTION != 0 && body.is_none() {
                offer(&mut body, at, 5, fields[at].value);
            } else if matches!(fields[at].value.ty, Type::Object | Type::Array) {
                slots.items.push(at as u16);
            }
        }
        // A status stands there, read or not.
        let stands = status.is_some()
            || slots.evidence & STATUS != 0 && (slots.unclear_status || slots.flag.is_some());
        let sole = stands && response.is_none() && body.is_none();
        if sole && url.is_none() && method.is_none() && slots.raw_request.is_none() {
            // `payload` beside nothing but a status.
            let payload = |Best(at, ..): &mut Best| {
                fields[*at].side == FieldSide::Record
                    && fields[*at].key.eq_ignore_ascii_case("payload")
            };
            response = request.take_if(payload);
        } else if sole && url.is_some() && request.is_none() {
            // `text` of a client library.
            let text = |field: &Field<'_>| {
                field.key == "text"
                    && field.side == FieldSide::Record
                    && field.value.ty == Type::String
            };
            if let Some(at) = fields.iter().position(text) {
                offer(&mut response, at, 5, fields[at].value);
            }
        }
        // A body whose side is not named belongs to the request unless that has one of its own, or nothing but a
        // status stands beside it, or the method has no body.
        if let Some(Best(at, score, ())) = body {
            // `invokehttp.request.url`
            let named = url.is_some_and(|Best(at, ..): Best| mentions(fields[at].key, "request"));
            let asked = named || method.is_some() || slots.evidence & REQUEST != 0;
            let read = method.is_some_and(|Best(at, ..): Best| {
                let method = plain(fields[at].value);
                ["GET", "HEAD"].iter().any(|m| method.inner().eq_ignore_ascii_case(m))
            });
            let answered = stands && (!asked || read) && response.is_none();
            let side = match (&request, &response) {
                _ if answered => &mut response,
                (Some(_), None) => &mut response,
                (Some(Best(_, r, ())), Some(Best(_, s, ()))) if *r < 20 && *s >= 20 => {
                    &mut response
                }
                _ => &mut request,
            };
            offer(side, at, score, fields[at].value);
        }
        slots.assign(fields, request, response, status, url, method, start, duration);
        slots.stated_success = sure_flag && slots.flag == Some(true);
        // `status: "COMPLETE"` says that the call was made, not what came of it.
        if slots.flag == Some(true) && !sure_flag && slots.status.is_some_and(|s| s >= 400) {
            slots.flag = None;
        }
        if slots.url.is_none_or(|url| !has_scheme(url.inner())) {
            slots.carried.add(&parts);
        }
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
        for (side, body) in [request, response].into_iter().enumerate() {
            self.encoded[side] |= body.is_some_and(|(at, ())| is_base64_name(fields[at].key));
        }
        self.request = request.map(value).filter(|v| !blank(*v));
        self.response = response.map(value).filter(|v| !blank(*v));
        self.url = self.take(url, ADDRESS).map(value).filter(|v| !blank(*v));
        self.method = self.take(method, ADDRESS).map(value).map(plain);
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

    fn take_address(&mut self, field: &Field<'a>) {
        let value = field.value;
        match field.role {
            Role::Host => {
                let own = field.side == FieldSide::Request || {
                    ["request", "url", "http", "vhost", "authority"]
                        .iter()
                        .any(|word| mentions(field.key, word))
                };
                if own || self.address.host.is_none() {
                    self.address.host = Some(value);
                    self.address.sure_host |= own;
                }
            }
            Role::Scheme => self.address.scheme = self.address.scheme.or(Some(value)),
            Role::Port => self.address.port = self.address.port.or(Some(value)),
            _ => self.address.query = self.address.query.or(Some(value)),
        }
    }

    /// Headers of a message in a queue that say why it could not be processed.
    fn take_headers(&mut self, headers: Value<'a>) {
        if memchr::memmem::find(headers.raw.as_bytes(), b"xception").is_none() {
            return;
        }
        let mut scratch = String::new();
        let mut take = |name: &str, value: Value<'a>| {
            let value = plain(value);
            if value.ty == Type::String && !blank(value) {
                match role_of_key(name, &mut scratch) {
                    Role::ExceptionClass => self.exception_class = Some(value),
                    Role::ExceptionMessage if self.exception_message.is_some() => {}
                    Role::ErrorMessage | Role::ExceptionMessage => {
                        self.exception_message = Some(value);
                    }
                    _ => return,
                }
                self.evidence |= EXCEPTION;
            }
        };
        headers.members(|name, value| {
            take(name, value);
            true
        });
        headers.elements(|element| {
            if let Some((name, value)) = pair(element) {
                take(name, value);
            }
            true
        });
    }

    fn take_outcome(&mut self, good: bool) {
        self.flag = Some(self.flag.unwrap_or(true) && good);
        self.evidence |= FLAG;
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
            self.take_outcome(good);
        }
        good.is_some()
    }
}

/// A body by its own name in a message is surest, then one beside request and response. A copy in base64 is
/// taken only when there is no other.
fn body_rank(field: &Field<'_>) -> u8 {
    u8::from(field.side == FieldSide::Record) + 2 * u8::from(is_base64_name(field.key))
}

fn is_base64_name(key: &str) -> bool {
    memchr::memchr(b'6', key.as_bytes()).is_some()
        && (mentions(key, "base64") || key.ends_with("b64") || key.ends_with("B64"))
}

/// The status that the caller got is surer than that of a server behind it.
fn status_rank(field: &Field<'_>) -> u8 {
    let behind = field.role == Role::OriginStatus;
    u8::from(field.side == FieldSide::Record) + 4 * u8::from(behind)
}

/// An absolute URL is surer than a path, and a path than a name.
fn url_rank(key: &str, value: Value<'_>) -> u8 {
    let place = match value.ty {
        Type::String if has_scheme(value.inner()) => 0,
        Type::String if value.inner().starts_with(['/', '\\']) => 1,
        Type::String => 2,
        _ => 0,
    };
    place + if key.eq_ignore_ascii_case("link") || key.eq_ignore_ascii_case("href") { 3 } else { 0 }
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
            | Role::Field
            | Role::OrderItems
            | Role::Host
            | Role::Correlation
            | Role::Query
            | Role::Unit
            | Role::Attributes
    )
}

/// A name whose last word says that it is a state.
fn is_state_name(key: &str) -> bool {
    ["status", "Status", "STATUS", "state", "State", "durumu", "Durumu"]
        .iter()
        .any(|word| key.ends_with(word))
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

pub(crate) fn is_method(word: &str) -> bool {
    (2..=10).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic())
}
