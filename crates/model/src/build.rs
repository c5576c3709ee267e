//! One exchange from the slots of its record: its texts, bodies, keys and rows.

use std::sync::Arc;

use bumpalo::Bump;

use crate::address;
use crate::body::Shapes;
use crate::endpoint::is_uuid;
use crate::evidence::Evaluation;
use crate::exchange::{BodyKind, Exchange, Key, KeyKind, Outcome, Row, cut};
use crate::extra;
use crate::extract::{Inherited, MAP_RANK};
use crate::facts::{BodyReader, ReadBody};
use crate::failure::ErrorCollector;
use crate::json::{Type, Value, text_of, unescaped};
use crate::key;
use crate::memo::Memo;
use crate::payload;
use crate::raw_request::{RawRequest, split};
use crate::record::{Field, NameRoles};
use crate::slots::{KeyCandidate, Slots};

/// The engine keeps at most so many bytes of a failed response in an attribute (`InvokeHTTP`'s
/// "Response Body Attribute Size", default 256); a cut inside a character leaves up to three fewer.
const ATTRIBUTE_BYTES: std::ops::RangeInclusive<usize> = 253..=256;

/// How often a body is looked into for JSON inside a JSON string.
const MAX_ESCAPES: u8 = 4;

/// Builds exchanges, with buffers kept between them.
#[derive(Debug)]
pub(crate) struct Builder {
    arena: Bump,
    shapes: Shapes,
    memo: Arc<Memo>,
    scratch: String,
    extra: String,
}

impl Builder {
    /// A builder that remembers what bodies say in `memo`.
    pub(crate) fn new(memo: Arc<Memo>) -> Self {
        Self {
            arena: Bump::new(),
            shapes: Shapes::default(),
            memo,
            scratch: String::new(),
            extra: String::new(),
        }
    }

    pub(crate) fn memo(&self) -> Arc<Memo> {
        Arc::clone(&self.memo)
    }

    /// Builds the exchange of a record and hands it to `sink`.
    pub(crate) fn exchange(
        &mut self,
        fields: &[Field<'_>],
        slots: &Slots<'_>,
        above: &Inherited<'_>,
        pointer: &str,
        names: &mut NameRoles,
        sink: &mut dyn FnMut(&Exchange<'_>),
    ) {
        self.arena.reset();
        let Self { arena, shapes, memo, scratch, extra } = self;
        let arena = &*arena;
        let plain = |inner| unescaped(inner, arena);
        let mut x = Exchange {
            pointer,
            log_id: slots.log_id.or(above.log_id).map(plain),
            run_id: slots.run.or(above.run).map(plain),
            file_uuid: slots.file_uuid.or(above.file_uuid).map(plain),
            flow: slots.flow.or(above.flow).map(plain),
            step: slots.step.or(above.step).map(plain),
            row_num: slots.row_num,
            started_at: slots.started_at.or(above.started_at),
            duration_ms: slots.duration_ms,
            method: slots.method.map(|value| text_of(value, arena)),
            url: address::text(slots.url, slots.address, arena),
            status: slots.status,
            ..Exchange::default()
        };
        let sent = request(slots, &mut x, arena);
        let answered = response(slots, &mut x, arena);
        let mut reader = BodyReader { shapes, memo, names };
        let request = sent.map(|text| read(text, &mut reader, arena));
        let response = answered.map(|text| read(text, &mut reader, arena));
        x.request = request.as_ref().map(|read| read.body);
        x.response = response.as_ref().map(|read| read.body);
        x.response_truncated = answered.zip(response.as_ref()).is_some_and(|(text, read)| {
            let bounded = ATTRIBUTE_BYTES.contains(&text.len()) && (slots.bounded || !read.whole);
            let broken = !read.whole && matches!(read.body.kind, BodyKind::Json | BodyKind::Xml);
            slots.truncated || bounded || broken
        });
        extra::write(fields, slots, &x, extra);
        x.extra = (!extra.is_empty()).then_some(extra.as_str());

        let orders = [x.flow, x.step, x.url].into_iter().flatten().any(mentions_orders);
        let mut finder = KeyFinder { reader: &mut reader, arena, orders };
        let mut rows = finder.rows(request.as_ref());
        let bodies = [request.as_ref(), response.as_ref()];
        x.key = finder.key(slots.key.or(above.key), x.url, bodies, !rows.is_empty());

        let response = response.as_ref().map(|read| (read, reader.verdict(read)));
        let mut errors = Vec::new();
        let mut collector = ErrorCollector::new(arena, reader.names, scratch, &mut errors);
        let evaluation = Evaluation { fields, slots, response, memo };
        evaluation.judge(&mut x, &mut rows, &mut collector);
        // A status that is not understood is no sign of success.
        if x.outcome == Outcome::Success
            && slots.unclear_status
            && x.status.is_none()
            && slots.flag.is_none()
        {
            x.outcome = Outcome::Unknown;
        }
        sink(&Exchange { errors: &errors, rows: &rows, ..x });
    }
}

/// The text of the request body; takes a request string apart into method, URL and body.
fn request<'r>(slots: &Slots<'r>, x: &mut Exchange<'r>, arena: &'r Bump) -> Option<&'r str> {
    let string = slots.raw_request.or(slots.request).filter(|value| value.ty == Type::String);
    let parts = string.and_then(|value| {
        let text = text_of(value, arena);
        split(text).or_else(|| split(payload::decoded_message(text, arena)?))
    });
    let text = if let Some(RawRequest { method, url, body }) = parts {
        x.method = x.method.or(Some(method));
        x.url = x.url.or(Some(url));
        let named = slots.request.filter(|_| slots.raw_request.is_some());
        named.map_or(Some(body), |value| payload::text(value, slots.encoded[0], arena))?
    } else {
        payload::text(slots.request.or(slots.raw_request)?, slots.encoded[0], arena)?
    };
    (!text.is_empty()).then_some(text)
}

/// The text of the response body; takes an HTTP message apart into status and body.
fn response<'r>(slots: &Slots<'r>, x: &mut Exchange<'r>, arena: &'r Bump) -> Option<&'r str> {
    let mut text = payload::text(slots.response?, slots.encoded[1], arena)?;
    text = payload::decoded_message(text, arena).unwrap_or(text);
    if let Some(rest) = text.strip_prefix("HTTP/")
        && let Some((head, body)) = rest.split_once("\r\n\r\n").or_else(|| rest.split_once("\n\n"))
    {
        let status = head.split_ascii_whitespace().nth(1).and_then(|code| code.parse().ok());
        x.status = x.status.or(status.filter(|code| (100..600).contains(code)));
        text = body;
    }
    (!text.is_empty()).then_some(text)
}

/// Reads a body. JSON or XML that was escaped more than once is freed of all escapes; a JSON string that holds
/// something else stays as it is.
fn read<'r>(text: &'r str, reader: &mut BodyReader<'_>, arena: &'r Bump) -> ReadBody<'r> {
    let mut inner = text;
    for _ in 0..MAX_ESCAPES {
        let trimmed = inner.trim();
        if !trimmed.starts_with('"') {
            break;
        }
        let Some(value) = Value::of(trimmed).filter(|v| v.ty == Type::String) else { break };
        inner = text_of(value, arena);
        let read = reader.read(inner);
        if matches!(read.body.kind, BodyKind::Json | BodyKind::Xml) {
            return read;
        }
    }
    reader.read(text)
}

/// Finds the business keys of one exchange.
struct KeyFinder<'k, 'm, 'r> {
    reader: &'k mut BodyReader<'m>,
    arena: &'r Bump,
    /// The flow, step or URL is about orders.
    orders: bool,
}

impl<'r> KeyFinder<'_, '_, 'r> {
    /// The rows of a bulk request, in its order.
    fn rows(&mut self, request: Option<&'r ReadBody<'r>>) -> Vec<Row<'r>> {
        let keys = request.map(|read| self.reader.rows(read, self.orders)).unwrap_or_default();
        keys.into_iter().map(|key| Row { key: self.taken(key), failed: false }).collect()
    }

    /// The business key: the record's or the container's, else the request's, the response's, the URL's.
    fn key(
        &mut self,
        own: Option<KeyCandidate<'r>>,
        url: Option<&'r str>,
        bodies: [Option<&'r ReadBody<'r>>; 2],
        bulk: bool,
    ) -> Option<Key<'r>> {
        if let Some(key) = own.filter(|key| key.rank < 4 || bulk) {
            return Some(self.taken(key));
        }
        if bulk {
            return None;
        }
        let mut weak = own;
        for body in bodies.into_iter().flatten() {
            if let Some(key) = self.reader.key(body, self.orders) {
                if key.rank < 4 {
                    return Some(self.taken(key));
                }
                weak = weak.or(Some(key));
            }
        }
        if let Some(url) = url
            && let Some(key) = key::in_url(url, self.orders, self.reader.names)
        {
            return Some(Key { kind: key.kind, value: key.inner });
        }
        weak.map(|key| self.taken(key))
    }

    /// The key as it is reported.
    fn taken(&self, key: KeyCandidate<'r>) -> Key<'r> {
        let kind = match key.kind {
            KeyKind::Record if key.rank == MAP_RANK && self.orders => KeyKind::Order,
            KeyKind::Record if key.rank == MAP_RANK => KeyKind::Sku,
            kind => kind,
        };
        Key { kind, value: unescaped(cut(key.inner), self.arena) }
    }
}

/// Whether the name of a flow or step, or a URL, says that orders are its matter.
fn mentions_orders(text: &str) -> bool {
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
