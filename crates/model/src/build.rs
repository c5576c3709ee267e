//! One exchange from the slots of its record: bodies, keys, errors, verdict.

use std::cell::OnceCell;
use std::sync::Arc;

use bumpalo::Bump;
use xxhash_rust::xxh3::xxh3_128;

use crate::body::{Member, Shapes};
use crate::bulk;
use crate::endpoint::is_uuid;
use crate::exchange::{
    Body, BodyKind, ErrorSource, ErrorText, Evidence, Exchange, Key, KeyKind, Mark, Outcome, Row,
    cut,
};
use crate::extract::{Above, MAP_RANK};
use crate::failure::{Gather, tell_cut, text_of, verdict_of};
use crate::json::{Type, Value, push_escaped};
use crate::key::{self, Outlined, whole};
use crate::memo::{Known, Memo, Met, OwnedKey};
use crate::near::Near;
use crate::raw_request::{RawRequest, split};
use crate::record::{Field, Names, Side};
use crate::roles::Role;
use crate::slots::{FoundKey, RESPONSE, Slots, outcome_word};
use crate::twins::Twins;

/// The engine keeps at most so many bytes of a failed response in an attribute (`InvokeHTTP`'s
/// "Response Body Attribute Size", default 256); a cut inside a character leaves up to three fewer.
const ATTRIBUTE_BYTES: std::ops::RangeInclusive<usize> = 253..=256;

/// The memory for exchanges that come again: one part of so many of that for bodies.
const TWINS_SHARE: usize = 8;

/// How often a body is looked into for JSON inside a JSON string.
const MAX_ESCAPES: u8 = 4;

/// Builds exchanges, with buffers kept between them.
#[derive(Debug)]
pub(crate) struct Builder {
    arena: Bump,
    shapes: Shapes,
    memo: Arc<Memo>,
    pub(crate) near: Near,
    twins: Twins,
    scratch: String,
    extra: String,
}

impl Builder {
    /// A builder that remembers bodies in `memo`.
    pub(crate) fn new(memo: Arc<Memo>) -> Self {
        Self {
            arena: Bump::new(),
            shapes: Shapes::default(),
            twins: Twins::with_memory(memo.memory() / TWINS_SHARE),
            near: Near::new(Arc::clone(&memo)),
            memo,
            scratch: String::new(),
            extra: String::new(),
        }
    }

    /// Builds the exchange of a record and hands it to `sink`.
    pub(crate) fn exchange(
        &mut self,
        fields: &[Field<'_>],
        slots: &Slots<'_>,
        above: &Above<'_>,
        pointer: &str,
        names: &mut Names,
        sink: &mut dyn FnMut(&Exchange<'_>),
    ) {
        self.arena.reset();
        let Self { arena, shapes, memo, near, twins, scratch, extra } = self;
        near.refresh();
        let sent = slots.request.filter(|_| slots.raw_request.is_none());
        let mut sides = [(0, sent), (1, slots.response)];
        // In the order in which they stand, which is that in which they are guessed when they come again.
        sides.sort_by_key(|(_, value)| value.map(|value| value.raw.as_ptr()));
        let mut found = [None; 2];
        for (side, value) in sides {
            found[side] = value.and_then(|value| near.find(value, slots.met[side]));
        }
        let [request, response] = found.map(|place| near.get(place?));
        let met = Sides { request, response, known: Default::default() };
        let mut making = Making { arena, shapes, memo, scratch, names, orders: false };
        making.exchange(fields, slots, above, pointer, &met, twins, extra, sink);
    }
}

/// The bodies of an exchange that were met before.
struct Sides<'n> {
    request: Option<&'n Met>,
    response: Option<&'n Met>,
    /// What is known of those, request first, whose text was not met in this form.
    known: [OnceCell<Arc<Known>>; 2],
}

struct Making<'m, 'r> {
    arena: &'r Bump,
    shapes: &'m mut Shapes,
    memo: &'m Memo,
    scratch: &'m mut String,
    names: &'m mut Names,
    /// The flow, step or URL speaks of orders.
    orders: bool,
}

impl<'r> Making<'_, 'r> {
    #[expect(clippy::too_many_arguments, reason = "what one record brings along, each used once")]
    fn exchange(
        &mut self,
        fields: &'r [Field<'r>],
        slots: &Slots<'r>,
        above: &Above<'r>,
        pointer: &'r str,
        met: &'r Sides<'r>,
        twins: &'r mut Twins,
        extra: &'r mut String,
        sink: &mut dyn FnMut(&Exchange<'_>),
    ) {
        let mut x = Exchange {
            pointer,
            log_id: slots.log_id.or(above.log_id).map(|id| self.plain(id)),
            run_id: slots.run.or(above.run).map(|id| self.plain(id)),
            file_uuid: slots.file_uuid.or(above.file_uuid).map(|id| self.plain(id)),
            flow: slots.flow.or(above.flow).map(|name| self.plain(name)),
            step: slots.step.or(above.step).map(|name| self.plain(name)),
            row_num: slots.row_num,
            started_at: slots.started_at.or(above.started_at),
            duration_ms: slots.duration_ms,
            method: slots.method.map(|v| self.text(v)),
            url: slots.url.map(|v| self.text(v)),
            status: slots.status,
            ..Exchange::default()
        };
        let request = match met.request {
            Some(met) => Some((&*met.text, None)),
            None => self.request(slots, &mut x),
        };
        let response = match met.response {
            Some(met) => Some((&*met.text, None)),
            None => self.response(slots, &mut x),
        };
        let request = request.map(|(text, value)| {
            let (body, outlined, _) = self.body(text, met.request, value, &met.known[0]);
            x.request = Some(body);
            outlined
        });
        let response = response.map(|(text, value)| {
            let (body, outlined, whole) = self.body(text, met.response, value, &met.known[1]);
            x.response = Some(body);
            let bounded = ATTRIBUTE_BYTES.contains(&text.len()) && (slots.bounded || !whole);
            x.response_truncated = slots.truncated
                || bounded
                || (!whole && matches!(body.kind, BodyKind::Json | BodyKind::Xml));
            outlined
        });
        write_extra(fields, slots, &x, extra);
        x.extra = (!extra.is_empty()).then_some(extra.as_str());
        let own_key = slots.key.or(above.key);
        let bodies = [request.as_ref(), response.as_ref()];
        let known = bodies.iter().flatten().all(|body| body.known.is_some());
        let seal = known.then(|| twins.seal(fields, slots, own_key, &x));
        if let Some(place) = seal.and_then(|seal| twins.find(seal)) {
            twins.get(place).again(self.arena, &mut x);
            return sink(&x);
        }
        self.orders = [x.flow, x.step, x.url].into_iter().flatten().any(speaks_of_orders);
        let mut rows = self.rows(request.as_ref());
        x.key = self.key(own_key, &x, bodies, !rows.is_empty());
        let mut errors = Vec::new();
        self.judge(fields, slots, &mut x, bodies, &mut rows, &mut errors);
        let mut x = Exchange { errors: &errors, rows: &rows, ..x };
        x.mark = seal.map_or_else(Mark::default, |seal| twins.put(seal, &x));
        sink(&x);
    }

    /// The request body, and the value whose whole text it is; takes a request string apart into method,
    /// URL and body.
    fn request(
        &mut self,
        slots: &Slots<'r>,
        x: &mut Exchange<'r>,
    ) -> Option<(&'r str, Option<Value<'r>>)> {
        let string = slots.raw_request.or(slots.request).filter(|v| v.ty == Type::String);
        if let Some(value) = string {
            let text = self.text(value);
            if let Some(RawRequest { method, url, body }) = split(text) {
                x.method = x.method.or(Some(method));
                x.url = x.url.or(Some(url));
                let named =
                    slots.request.filter(|_| slots.raw_request.is_some()).map(|v| self.text(v));
                return named
                    .or(Some(body))
                    .filter(|text| !text.is_empty())
                    .map(|text| (text, None));
            }
        }
        let value = slots.request.or(slots.raw_request)?;
        let text = self.text(value);
        (!text.is_empty()).then_some((text, Some(value)))
    }

    /// The response body, and the value whose whole text it is; takes an HTTP message apart into status and body.
    fn response(
        &mut self,
        slots: &Slots<'r>,
        x: &mut Exchange<'r>,
    ) -> Option<(&'r str, Option<Value<'r>>)> {
        let value = slots.response?;
        let text = self.text(value);
        if let Some(rest) = text.strip_prefix("HTTP/")
            && let Some((head, body)) =
                rest.split_once("\r\n\r\n").or_else(|| rest.split_once("\n\n"))
        {
            let status = head.split_ascii_whitespace().nth(1).and_then(|code| code.parse().ok());
            x.status = x.status.or(status.filter(|code| (100..600).contains(code)));
            return (!body.is_empty()).then_some((body, None));
        }
        (!text.is_empty()).then_some((text, Some(value)))
    }

    fn text(&mut self, value: Value<'r>) -> &'r str {
        text_of(value, self.arena)
    }

    /// Text that stands escaped in the document.
    fn plain(&mut self, inner: &'r str) -> &'r str {
        if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
            return inner;
        }
        self.scratch.clear();
        crate::json::unescape(inner, self.scratch);
        self.arena.alloc_str(self.scratch)
    }

    /// A body with its facts and outline, and whether it is whole. JSON that was escaped more than
    /// once is freed of all escapes; a JSON string that holds no JSON stays as it is.
    ///
    /// `met`: where it is known from; `value`: what it is the whole text of; `held`: keeps what is known.
    fn body(
        &mut self,
        text: &'r str,
        met: Option<&'r Met>,
        value: Option<Value<'r>>,
        held: &'r OnceCell<Arc<Known>>,
    ) -> (Body<'r>, Outlined<'r>, bool) {
        let remembered = |body: Body<'r>, known: &'r Known| {
            let (kind, known) = (body.kind, Some(known));
            (body, Outlined { text, kind, members: Vec::new(), known, fresh: None }, true)
        };
        if let Some(&Met { digest, kind, shape, mark, ref known, .. }) = met {
            return remembered(Body { text, digest, kind, shape, mark }, known);
        }
        let digest = xxh3_128(text.as_bytes());
        if let Some(known) = self.memo.get(digest) {
            let known = held.get_or_init(|| known);
            if let Some(value) = value {
                self.memo.put_escaped(value, text, digest, known, true);
            }
            let (kind, shape, mark) = (known.kind, known.shape, Mark::default());
            return remembered(Body { text, digest, kind, shape, mark }, known);
        }
        let mut members = Vec::with_capacity(32);
        let (outer, whole) = self.outlined(text, digest, &mut members);
        let mut fresh = None;
        if whole
            && self.memo.wants(digest, text.len())
            && let Some(known) = Known::of(&outer, &members, self.names)
        {
            let known = held.get_or_init(|| known);
            self.memo.put(digest, Arc::clone(known));
            if let Some(value) = value {
                self.memo.put_escaped(value, text, digest, known, false);
            }
            fresh = Some(&**known);
        }
        let mut inner = text;
        for _ in 0..MAX_ESCAPES {
            let trimmed = inner.trim();
            if !trimmed.starts_with('"') {
                break;
            }
            let Some(value) = Value::of(trimmed).filter(|v| v.ty == Type::String) else { break };
            inner = self.text(value);
            let digest = xxh3_128(inner.as_bytes());
            let (body, whole) = self.outlined(inner, digest, &mut members);
            if matches!(body.kind, BodyKind::Json | BodyKind::Xml) {
                return (
                    body,
                    Outlined { text: inner, kind: body.kind, members, known: None, fresh: None },
                    whole,
                );
            }
        }
        (outer, Outlined { text, kind: outer.kind, members, known: None, fresh }, whole)
    }

    /// The outline of a body that is not known, whose paths are remembered on the way: they are asked for when
    /// it is counted.
    fn outlined(
        &mut self,
        text: &'r str,
        digest: u128,
        members: &mut Vec<Member<'r>>,
    ) -> (Body<'r>, bool) {
        let (body, whole) = self.shapes.outlined(text, digest, members);
        if body.kind == BodyKind::Json {
            self.memo.put_paths(body.shape, || self.shapes.paths());
        }
        (body, whole)
    }

    fn rows(&mut self, request: Option<&Outlined<'r>>) -> Vec<Row<'r>> {
        let Some(body) = request.filter(|body| body.kind == BodyKind::Json) else {
            return Vec::new();
        };
        let orders = self.orders;
        let remembered = body.known.and_then(|known| known.rows[usize::from(orders)].get());
        let mut found = Vec::new();
        if let Some(rows) = remembered {
            found.extend(rows.iter().map(Self::again));
        } else {
            let again = self.outline_again(body);
            key::rows(again.as_ref().unwrap_or(body), orders, self.names, &mut found);
            if let Some(known) = body.known.or(body.fresh) {
                self.memo.put_rows(known, orders, &found);
            }
        }
        found.into_iter().map(|key| Row { key: self.found(key), failed: false }).collect()
    }

    /// The key that a body speaks of.
    fn key_in(&mut self, body: &Outlined<'r>) -> Option<FoundKey<'r>> {
        let orders = self.orders;
        if let Some(key) = body.known.and_then(|known| known.keys[usize::from(orders)].get()) {
            return key.as_ref().map(Self::again);
        }
        let again = self.outline_again(body);
        let found = key::in_body(again.as_ref().unwrap_or(body), orders, self.names);
        if let Some(known) = body.known.or(body.fresh) {
            // Another worker may have set the same before.
            let _set = known.keys[usize::from(orders)].set(found.map(OwnedKey::of));
        }
        found
    }

    /// The outline of a body that was met before, of which something is asked for the first time.
    fn outline_again(&mut self, body: &Outlined<'r>) -> Option<Outlined<'r>> {
        let (text, kind) = (body.text, body.kind);
        body.known.filter(|_| kind == BodyKind::Json)?;
        let mut members = Vec::new();
        self.shapes.outlined(text, 0, &mut members);
        Some(Outlined { text, kind, members, known: None, fresh: None })
    }

    /// A key that was remembered.
    fn again(key: &'r OwnedKey) -> FoundKey<'r> {
        FoundKey { kind: key.kind, rank: key.rank, inner: &key.inner }
    }

    fn found(&mut self, key: FoundKey<'r>) -> Key<'r> {
        let kind = match key.kind {
            KeyKind::Record if key.rank == MAP_RANK && self.orders => KeyKind::Order,
            KeyKind::Record if key.rank == MAP_RANK => KeyKind::Sku,
            kind => kind,
        };
        Key { kind, value: self.plain(cut(key.inner)) }
    }

    /// The business key: the record's, else the container's, the request's, the response's, the URL's.
    fn key(
        &mut self,
        own: Option<FoundKey<'r>>,
        x: &Exchange<'r>,
        bodies: [Option<&Outlined<'r>>; 2],
        bulk: bool,
    ) -> Option<Key<'r>> {
        if let Some(key) = own.filter(|key| key.rank < 4) {
            return Some(self.found(key));
        }
        if bulk {
            return own.map(|key| self.found(key));
        }
        let mut weak = own;
        for body in bodies.into_iter().flatten() {
            if let Some(key) = self.key_in(body) {
                if key.rank < 4 {
                    return Some(self.found(key));
                }
                weak = weak.or(Some(key));
            }
        }
        if let Some(url) = x.url
            && let Some(key) = key::in_url(url, self.orders, self.names)
        {
            return Some(Key { kind: key.kind, value: key.inner });
        }
        weak.map(|key| self.found(key))
    }

    /// Decides whether it failed, by the precedence of the evidence, and gathers the error texts.
    fn judge(
        &mut self,
        fields: &'r [Field<'r>],
        slots: &Slots<'r>,
        x: &mut Exchange<'r>,
        [request, response]: [Option<&Outlined<'r>>; 2],
        rows: &mut [Row<'r>],
        errors: &mut Vec<ErrorText<'r>>,
    ) {
        let bad_status = x.status.is_some_and(|status| status >= 400);
        let mut said_row = String::new();
        let mut gather = Gather {
            arena: self.arena,
            names: self.names,
            out: errors,
            source: ErrorSource::Errors,
            key: None,
            cut: false,
            scratch: &mut said_row,
            beside: false,
        };
        // The record's own errors.
        let mut rows_named = false;
        for at in &slots.errors {
            let field = &fields[usize::from(*at)];
            if !rows.is_empty()
                && matches!(field.value.ty, Type::Array | Type::Object | Type::String)
                && bulk::judge(field.value, rows, &mut gather, true, true)
            {
                rows_named = true;
                continue;
            }
            gather.value(field.value, None, 0);
        }
        let codes: Vec<&'r str> = slots
            .error_codes
            .iter()
            .map(|at| fields[usize::from(*at)].value)
            .filter(|v| v.ty != Type::Null)
            .map(|v| gather.string(v).trim())
            .filter(|code| !is_no_error(code))
            .collect();
        for at in &slots.error_texts {
            let value = fields[usize::from(*at)].value;
            if value.ty != Type::String || outcome_word(value.inner()) != Some(true) {
                gather.value(value, None, 0);
            }
        }
        let record_errors = !gather.out.is_empty();
        let code = codes.first().copied().or_else(|| slots.reason_type.map(|v| gather.string(v)));
        for error in gather.out.iter_mut() {
            error.code = error.code.or(code);
        }
        // The engine's exception.
        let exception_from = gather.out.len();
        gather.source = ErrorSource::Exception;
        if let Some(value) = slots.exception_message {
            let text = gather.string(value);
            gather.text(text, None, 0);
        }
        let class = slots.exception_class.map(|v| gather.string(v));
        for error in &mut gather.out[exception_from..] {
            error.source = ErrorSource::Exception;
            error.code = error.code.or(class);
        }
        if let (Some(class), true) = (class, gather.out.len() == exception_from) {
            gather.push(Some(class), None, class);
        }
        let exception = gather.out.len() > exception_from;
        // The response body.
        let from = gather.out.len();
        gather.source = ErrorSource::Response;
        gather.cut = x.response_truncated;
        let (mut body_failed, mut named) = (None, false);
        if let Some(&Outlined { text, kind, ref members, known, fresh }) = response {
            body_failed = match kind {
                BodyKind::Json => match known {
                    Some(known) => known.verdict,
                    None => verdict_of(members, gather.names),
                },
                _ => None,
            };
            if !rows.is_empty() && kind == BodyKind::Json {
                let bad = bad_status || slots.flag == Some(false) || record_errors;
                let again = request.is_some_and(|body| body.known.is_some()) && known.is_some();
                let kept = request.is_some_and(|body| body.known.or(body.fresh).is_some())
                    && known.or(fresh).is_some()
                    && !rows_named;
                let trial = x
                    .request
                    .zip(x.response)
                    .filter(|_| kept)
                    .map(|(sent, said)| ((sent.digest, said.digest, self.orders, bad), again));
                named = gather.judge_rows(trial, self.memo, text, rows, bad);
            }
            let looks = bad_status
                || body_failed == Some(true)
                || slots.flag == Some(false)
                || record_errors
                || exception
                || slots.enum_status == Some(3);
            if gather.out.len() == from && !(named && body_failed != Some(true) && !bad_status) {
                // Bodies that are no JSON are read in any case: a SOAP fault comes with any status.
                let first = gather.out.len();
                let says_error = match (kind, known.or(fresh)) {
                    (BodyKind::Json, _) if !looks => false,
                    (BodyKind::Form | BodyKind::Empty, _) => false,
                    (BodyKind::Json, _) if gather.cut => gather.broken(text, None, 0),
                    (_, Some(told)) => gather.told_by(told, self.memo, text, known.is_some()),
                    (BodyKind::Json, None) => gather.value(whole(text), None, 0),
                    (_, None) => gather.text(text, None, 0),
                };
                if kind != BodyKind::Json && says_error && body_failed.is_none() {
                    body_failed = Some(true);
                }
                if !looks && body_failed != Some(true) {
                    gather.out.truncate(first);
                }
            }
            if gather.cut {
                tell_cut(&mut gather.out[from..], text, kind);
            }
        }
        rows_named |= named;
        let refused = rows.iter().any(|row| row.failed);
        let body_errors = gather.out.len() > from;
        // The verdict: flag, errors, body, status, exception; the listing's word comes later.
        let evidence = if slots.flag == Some(false)
            || (slots.flag.is_none() && slots.enum_status == Some(3))
        {
            Some(Evidence::Flag)
        } else if record_errors || !codes.is_empty() {
            Some(Evidence::Errors)
        } else if slots.flag == Some(true) {
            None
        } else if body_failed == Some(true) || refused || (bad_status && body_errors) {
            Some(Evidence::Body)
        } else if bad_status {
            Some(Evidence::Status)
        } else if exception {
            Some(Evidence::Exception)
        } else {
            None
        };
        x.evidence = evidence;
        x.outcome = match evidence {
            Some(_) => Outcome::Failed,
            None if x.status.is_some()
                || slots.flag.is_some()
                || slots.enum_status == Some(2)
                || slots.evidence & RESPONSE != 0 && x.response.is_some() =>
            {
                Outcome::Success
            }
            None => Outcome::Unknown,
        };
        if x.outcome != Outcome::Failed {
            gather.out.clear();
            return;
        }
        if !rows_named {
            for row in rows.iter_mut() {
                row.failed = true;
            }
        }
        if gather.out.is_empty() {
            gather.source = ErrorSource::Errors;
            for at in &slots.messages {
                gather.value(fields[usize::from(*at)].value, None, 0);
            }
        }
        if gather.out.is_empty() {
            // Nobody said why; what is made up here was not cut.
            gather.cut = false;
            let (source, message): (_, &'r str) = match (x.status.filter(|_| bad_status), code) {
                (Some(status), _) => {
                    let reason = slots.reason.map_or("", |v| gather.string(v));
                    let reason = if reason.trim().is_empty() {
                        reason_phrase(status)
                    } else {
                        reason.trim()
                    };
                    (
                        ErrorSource::Status,
                        gather.arena.alloc_str(format!("HTTP {status} {reason}").trim_end()),
                    )
                }
                (None, Some(code)) => (ErrorSource::Errors, code),
                (None, None) => (ErrorSource::Flag, "failed without a reason"),
            };
            gather.source = source;
            gather.push(code, None, message);
        }
        dedup(gather.out);
    }
}

/// One error told twice (by the record and by the response) is one error.
fn dedup(errors: &mut Vec<ErrorText<'_>>) {
    if errors.len() < 2 {
        return;
    }
    let mut seen = std::collections::HashSet::new();
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

fn speaks_of_orders(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins = |word: &str, at: usize| {
        bytes.get(at..at + word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word.as_bytes()))
    };
    // Found by its third letter, which is rarer than the first.
    let order =
        || memchr::memchr2_iter(b'd', b'D', bytes).any(|d| d >= 2 && begins("order", d - 2));
    let siparis = || {
        memchr::memchr2_iter(b'p', b'P', bytes)
            .any(|p| p >= 2 && (begins("siparis", p - 2) || begins("sipariş", p - 2)))
    };
    (order() || siparis()) && !is_uuid(text)
}

/// The fields that no column carries, as one JSON object; names inside request or response with
/// their holder's name in front. Empty when all are carried.
fn write_extra(fields: &[Field<'_>], slots: &Slots<'_>, x: &Exchange<'_>, out: &mut String) {
    out.clear();
    let mut hidden_below: Option<u16> = None;
    for (at, field) in fields.iter().enumerate() {
        // Members of an object that is shown or carried whole.
        if let (Some(parent), Some(top)) = (field.parent, hidden_below)
            && parent >= top
        {
            continue;
        }
        hidden_below = None;
        let carried = slots.carried.has(at);
        if field.entered && !carried {
            hidden_below = Some(at as u16);
        }
        let is_log_id = field.role == Role::Id
            && x.log_id.is_some()
            && slots.log_id == slots.id
            && slots.id == Some(field.value.inner());
        if carried && field.entered {
            // A body that was taken whole hides its members; an envelope does not.
            if is_body(field, slots) {
                hidden_below = Some(at as u16);
            }
            continue;
        }
        if carried || is_log_id || (field.value.is_empty() && field.value.ty != Type::String) {
            continue;
        }
        out.push_str(if out.is_empty() { "{\"" } else { ",\"" });
        if let Some(parent) = field.parent.map(|p| &fields[usize::from(p)])
            && field.side != Side::Record
        {
            out.push_str(parent.key);
            out.push('.');
        }
        out.push_str(field.key);
        out.push_str("\":");
        match field.value.ty {
            // `NaN` is no JSON; what reads `extra` is strict.
            Type::Number if field.value.raw.ends_with(['N', 'y']) => {
                out.push('"');
                push_escaped(field.value.raw, out);
                out.push('"');
            }
            _ => out.push_str(field.value.raw),
        }
    }
    if !out.is_empty() {
        out.push('}');
    }
}

fn is_body(field: &Field<'_>, slots: &Slots<'_>) -> bool {
    let same =
        |value: Option<Value<'_>>| value.is_some_and(|v| std::ptr::eq(v.raw, field.value.raw));
    same(slots.request) || same(slots.response)
}

/// Reason phrases of RFC 9110 and its kin, for statuses whose phrase was not logged.
fn reason_phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        423 => "Locked",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
