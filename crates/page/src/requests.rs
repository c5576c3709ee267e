//! The requests that the page holds one by one, and their bodies.

use std::collections::{BinaryHeap, HashMap};

use query::{LoggedRequest, LoggedRequests};
use redact::{Level, MaskedValues, Redactor};
use serde::Serialize;
use tables::cell::{BodyDigest, BodyText, OutcomeWord};
use tables::rows::Exchanges;
use tables::{ReadError, Stored};

use crate::counts::{CountedNames, ErrorKinds, RequestCounts, WaitingState, flags};
use crate::resend;
use crate::shown::{Masker, ShownText, plain};
use crate::waiting::FailedKeys;

/// Most requests in a page.
const REQUESTS: usize = 50_000;

/// Most requests whose bodies are read.
const WITH_BODIES: usize = 12_000;

/// Of a body the first so many bytes are in the page.
const BODY_BYTES: usize = 64 << 10;

/// Most bytes of bodies that are held in memory while a page is made.
const HELD_BYTES: usize = 256 << 20;

/// Bodies are compressed together in chunks of about so many bytes.
const CHUNK_BYTES: usize = 256 << 10;

tables::select! {
    /// A request, and what tells equal bodies.
    struct BodyDigests<'b> from Exchanges {
        exchange: i64,
        /// Every selection has a text.
        outcome: OutcomeWord<'b>,
        request_digest: Option<BodyDigest>,
        response_digest: Option<BodyDigest>,
    }
}

tables::select! {
    /// What was sent and answered.
    struct SentAndAnswered<'b> from Exchanges {
        request_body: Option<BodyText<'b>>,
        response_body: Option<BodyText<'b>>,
    }
}

/// The ids of the requests in a page, the most wanted first: the newest of each group and of each open key, then more
/// of each group, then those with other messages, then all attempts at open keys.
pub(crate) fn wanted(counts: &RequestCounts, keys: &FailedKeys) -> Vec<i64> {
    let mut ranked: Vec<(u8, usize, i64)> = Vec::new();
    for (group, requests) in counts.by_group.iter().enumerate() {
        for (n, (_, id)) in requests.newest.iter().rev().enumerate() {
            let (tier, place) = if n == 0 { (0, group) } else { (1, n * 100_000 + group) };
            ranked.push((tier, place, *id));
        }
        for (n, (_, id)) in requests.different.values().enumerate() {
            ranked.push((2, n * 100_000 + group, *id));
        }
    }
    let (failed, others) = keys.requests();
    ranked.extend(
        failed.into_iter().map(|(rank, _, id)| (if rank < 1_000 { 0 } else { 3 }, rank, id)),
    );
    ranked.extend(
        others.into_iter().map(|(rank, _, id)| (if rank < 1_000 { 2 } else { 4 }, rank, id)),
    );
    ranked.sort_unstable();
    let mut known = std::collections::HashSet::new();
    let ids = ranked.into_iter().map(|(_, _, id)| id).filter(|id| known.insert(*id));
    ids.take(REQUESTS).collect()
}

/// The requests of the page, newest first. One list for each column, -1 or null where there is no value.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RequestTable {
    /// As text: ids are larger than the numbers of JavaScript.
    id: Vec<String>,
    /// Microseconds since 1970.
    time: Vec<Option<i64>>,
    duration: Vec<Option<f64>>,
    flow: Vec<i32>,
    step: Vec<i32>,
    endpoint: Vec<i32>,
    status: Vec<i32>,
    flags: Vec<u8>,
    method: Vec<Option<ShownText<'static>>>,
    run: Vec<Option<ShownText<'static>>>,
    url: Vec<Option<ShownText<'static>>>,
    /// The command that sends it again, all but its body.
    curl: Vec<Option<ShownText<'static>>>,
    key_kind: Vec<i32>,
    key: Vec<Option<ShownText<'static>>>,
    file: Vec<Option<ShownText<'static>>>,
    record: Vec<i32>,
    /// Bodies, by their place among all bodies of the page; -1 without a body, -2 for a body that was left out.
    request: Vec<i32>,
    response: Vec<i32>,
    /// How many entries it has in the lists of errors.
    errors: Vec<u32>,
    error_kind: Vec<i32>,
    error_code: Vec<Option<ShownText<'static>>>,
    error_field: Vec<Option<ShownText<'static>>>,
    error_message: Vec<ShownText<'static>>,
    error_key_kind: Vec<i32>,
    error_key: Vec<Option<ShownText<'static>>>,
}

/// A body of the page.
#[derive(Debug, Clone)]
pub(crate) struct PageBody {
    pub(crate) text: ShownText<'static>,
    /// Bytes of the whole body.
    pub(crate) bytes: usize,
}

/// Some bodies.
#[derive(Debug, Serialize)]
pub(crate) struct BodyChunk<'b> {
    text: Vec<&'b ShownText<'static>>,
    /// Bytes of each whole body; more than the text has when it is cut.
    bytes: Vec<usize>,
}

/// The bodies of the page, the most wanted first, each once.
#[derive(Debug, Default)]
pub(crate) struct PageBodies {
    bodies: Vec<PageBody>,
    places: HashMap<BodyDigest, i32>,
    /// By request what is masked in its bodies, and so in its other texts.
    masked: HashMap<i64, MaskedValues>,
}

/// A body that waits for its place: rank of its request, digest.
type RankedBody = (usize, u128);

impl PageBodies {
    /// Reads the bodies of the most wanted requests, one row group at a time.
    pub(crate) fn read(
        report: &Stored,
        wanted: &[i64],
        redactor: &Redactor,
    ) -> Result<Self, ReadError> {
        let masks = redactor.level() != Level::None;
        let masker = Masker::new(redactor);
        // What is masked in the messages of a request shows in its bodies.
        let read = if masks { usize::MAX } else { WITH_BODIES };
        let ranks: HashMap<i64, usize> =
            wanted.iter().take(read).enumerate().map(|(rank, id)| (*id, rank)).collect();
        let mut masked = HashMap::new();
        // The least wanted is on top.
        let mut order: BinaryHeap<RankedBody> = BinaryHeap::new();
        let mut held: HashMap<u128, (usize, PageBody)> = HashMap::new();
        let mut bytes = 0;
        let mut table = report.table::<Exchanges>()?;
        for group in 0..table.groups() {
            let rows = table.read::<BodyDigests<'_>>(group)?;
            let found: Vec<(usize, usize)> = (0..rows.len())
                .filter_map(|row| Some((row, *ranks.get(&rows.get(row).exchange)?)))
                .collect();
            if found.is_empty() {
                continue;
            }
            let chosen: Vec<usize> = found.iter().map(|(row, _)| *row).collect();
            let texts = table.read_rows::<SentAndAnswered<'_>>(group, &chosen)?;
            for (place, (row, rank)) in found.into_iter().enumerate() {
                let (digests, bodies) = (rows.get(row), texts.get(place));
                if masks {
                    let both = [bodies.request_body, bodies.response_body].into_iter().flatten();
                    masker.begin(None, |scope| both.for_each(|body| scope.learn(body.text)));
                    masked.insert(digests.exchange, masker.values());
                }
                if rank >= WITH_BODIES {
                    continue;
                }
                let pairs = [
                    (digests.request_digest, bodies.request_body),
                    (digests.response_digest, bodies.response_body),
                ];
                for (digest, body) in pairs.into_iter().filter_map(|(d, b)| d.zip(b)) {
                    if let Some((known, _)) = held.get_mut(&digest.0) {
                        *known = rank.min(*known);
                        continue;
                    }
                    let text = masker.shown(body.text).cut(BODY_BYTES);
                    bytes += text.text().len();
                    order.push((rank, digest.0));
                    held.insert(digest.0, (rank, PageBody { text, bytes: body.text.len() }));
                }
                while bytes > HELD_BYTES
                    && let Some((_, digest)) = order.pop()
                {
                    let dropped = held.remove(&digest);
                    bytes -= dropped.map_or(0, |(_, body)| body.text.text().len());
                }
            }
        }
        let mut ranked: Vec<_> = held.into_iter().collect();
        ranked.sort_unstable_by_key(|(digest, (rank, _))| (*rank, *digest));
        let mut bodies = Self { masked, ..Self::default() };
        for (digest, (_, body)) in ranked {
            let place = i32::try_from(bodies.bodies.len()).unwrap_or(i32::MAX);
            bodies.places.insert(BodyDigest(digest), place);
            bodies.bodies.push(body);
        }
        Ok(bodies)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.bodies.len()
    }

    /// All bodies in chunks of neighbours.
    pub(crate) fn chunks(&self) -> Vec<BodyChunk<'_>> {
        let mut chunks = Vec::new();
        let mut chunk = BodyChunk { text: Vec::new(), bytes: Vec::new() };
        let mut size = 0;
        for body in &self.bodies {
            size += body.text.text().len();
            chunk.text.push(&body.text);
            chunk.bytes.push(body.bytes);
            if size >= CHUNK_BYTES {
                chunks.push(std::mem::replace(
                    &mut chunk,
                    BodyChunk { text: Vec::new(), bytes: Vec::new() },
                ));
                size = 0;
            }
        }
        if !chunk.text.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }

    fn body(&self, digest: Option<BodyDigest>) -> Option<&PageBody> {
        usize::try_from(self.place(digest)).ok().and_then(|place| self.bodies.get(place))
    }

    fn place(&self, digest: Option<BodyDigest>) -> i32 {
        digest.map_or(-1, |digest| self.places.get(&digest).copied().unwrap_or(-2))
    }
}

impl BodyChunk<'_> {
    /// How many bodies it has.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }
}

fn owned(text: Option<&str>) -> Option<ShownText<'static>> {
    text.map(|text| plain(text).into_owned())
}

impl RequestTable {
    /// The requests with these ids.
    pub(crate) fn of(
        requests: &LoggedRequests,
        bodies: &PageBodies,
        names: &mut CountedNames,
        kinds: &ErrorKinds,
        groups: &HashMap<&str, i32>,
        redactor: &Redactor,
    ) -> Self {
        let mut table = Self::default();
        let masker = Masker::new(redactor);
        let columns = kinds.group.iter().zip(&kinds.class).zip(&kinds.side);
        let known: HashMap<(i32, i32, i32), i32> = columns
            .zip(0..)
            .map(|(((group, class), side), n)| ((*group, *class, *side), n))
            .collect();
        let mut newest: Vec<LoggedRequest<'_>> = requests.iter().collect();
        newest.sort_by_key(|request| {
            let exchange = &request.exchange;
            (std::cmp::Reverse(exchange.started_at), exchange.exchange)
        });
        for request in &newest {
            let known_values = bodies.masked.get(&request.exchange.exchange);
            masker.begin(known_values, |scope| request.learned_by(scope));
            table.push(request, bodies, names, &known, groups, &masker);
        }
        table
    }

    fn push(
        &mut self,
        request: &LoggedRequest<'_>,
        bodies: &PageBodies,
        names: &mut CountedNames,
        kinds: &HashMap<(i32, i32, i32), i32>,
        groups: &HashMap<&str, i32>,
        masker: &Masker,
    ) {
        let masked = |text: Option<&str>| text.map(|text| masker.shown(text).into_owned());
        let row = &request.exchange;
        let state = match request.state {
            Some(query::KeyState::Open) => WaitingState::Open,
            Some(query::KeyState::Resolved) => WaitingState::Resolved,
            _ => WaitingState::Good,
        };
        self.id.push(row.exchange.to_string());
        self.time.push(row.started_at.map(|at| at.0));
        self.duration.push(row.duration_ms.filter(|ms| ms.is_finite()));
        self.flow.push(names.flows.place(row.flow.map(|flow| flow.0)));
        self.step.push(names.steps.place(row.step.map(|step| step.0)));
        self.endpoint.push(names.endpoints.place(row.endpoint.map(|endpoint| endpoint.0)));
        self.status.push(row.status.unwrap_or(-1));
        self.flags.push(flags(row.outcome.0, state, row.response_truncated));
        self.method.push(owned(row.method.map(|method| method.0)));
        self.run.push(owned(row.run_id.map(|run| run.0)));
        self.url.push(masked(row.url.map(|url| url.0)));
        let body = bodies.body(row.request_digest);
        let curl = resend::command(request, body.map(|body| body.text.text()));
        self.curl.push(masked(curl.as_deref()));
        self.key_kind.push(names.key_kinds.place(row.key_kind.map(|kind| kind.0)));
        self.key.push(owned(row.key.map(|key| key.0)));
        self.file.push(owned(Some(row.file.0)));
        self.record.push(row.record);
        self.request.push(bodies.place(row.request_digest));
        self.response.push(bodies.place(row.response_digest));
        self.errors.push(u32::try_from(request.errors.len()).unwrap_or(u32::MAX));
        for error in &request.errors {
            let group = groups.get(error.fingerprint.0).copied().unwrap_or(-1);
            let class = names.classes.place(Some(error.class.0));
            let side = names.sides.place(error.side.map(|side| side.0));
            self.error_kind.push(kinds.get(&(group, class, side)).copied().unwrap_or(-1));
            self.error_code.push(masked(error.code.map(|code| code.0)));
            self.error_field.push(masked(error.field.map(|field| field.0)));
            self.error_message.push(masker.shown(error.message.0).cut(4_000));
            self.error_key_kind.push(names.key_kinds.place(error.key_kind.map(|kind| kind.0)));
            self.error_key.push(owned(error.key.map(|key| key.0)));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.id.len()
    }
}
