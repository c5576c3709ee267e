//! What is remembered of whole exchanges that come again.
//!
//! A retry sends the same body to the same address and mostly gets the same answer; a job that runs
//! every hour does so with most of what it has. What such an exchange comes to (its key, rows, errors
//! and verdict) follows from its call, its bodies and what the record says of errors, not from its
//! place, its times or its ids. So what it says is hashed (its *seal*), and the exchange with a known
//! seal is not judged again.
//!
//! Only exchanges whose bodies are remembered already come in here, so that one that never comes again
//! costs nothing.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::num::NonZeroU64;

use bumpalo::Bump;
use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::exchange::{
    Body, ErrorSource, ErrorText, Evidence, Exchange, Key, KeyKind, Mark, Outcome, Row,
};
use crate::json::Value;
use crate::record::Field;
use crate::slots::{FoundKey, Slots};

/// The exchanges that one extractor remembers.
#[derive(Debug)]
pub(crate) struct Twins {
    /// In the order in which they were met.
    known: Vec<Twin>,
    /// Their places, by their seals.
    places: HashMap<u128, usize>,
    /// The place of the last one.
    last: usize,
    /// How many were remembered and forgotten before these.
    forgotten: u64,
    /// Bytes of these, and how many there may be; when there are more, all are forgotten.
    bytes: usize,
    memory: usize,
    /// Nobody can make two exchanges of one seal who does not know it.
    seed: u64,
    said: Vec<u8>,
}

/// What an exchange came to. Its texts lie in one piece, so that one look at memory finds them.
#[derive(Debug)]
pub(crate) struct Twin {
    seal: u128,
    /// The place of the one that came after it, the last time.
    next: usize,
    text: Box<str>,
    key: Option<OwnKey>,
    rows: Box<[(OwnKey, bool)]>,
    errors: Box<[OwnError]>,
    outcome: Outcome,
    evidence: Option<Evidence>,
    mark: Mark,
}

/// A key whose value stands in the text of its twin.
#[derive(Debug, Clone, Copy)]
struct OwnKey {
    kind: KeyKind,
    value: Piece,
}

/// An error whose texts stand in the text of its twin.
#[derive(Debug)]
struct OwnError {
    code: Option<Piece>,
    field: Option<Piece>,
    message: Piece,
    source: ErrorSource,
    key: Option<OwnKey>,
    cut: bool,
}

/// Where a text begins and ends.
#[derive(Debug, Clone, Copy)]
struct Piece(usize, usize);

impl Twins {
    /// Remembers exchanges of so many bytes.
    pub(crate) fn with_memory(bytes: usize) -> Self {
        Self {
            known: Vec::new(),
            places: HashMap::new(),
            last: 0,
            forgotten: 0,
            bytes: 0,
            memory: bytes,
            seed: RandomState::new().build_hasher().finish(),
            said: Vec::new(),
        }
    }

    /// The seal of an exchange: a hash of everything that its key, rows, errors and verdict follow from.
    /// `x` has its call, status and bodies.
    pub(crate) fn seal(
        &mut self,
        fields: &[Field<'_>],
        slots: &Slots<'_>,
        key: Option<FoundKey<'_>>,
        x: &Exchange<'_>,
    ) -> u128 {
        let said = &mut self.said;
        said.clear();
        // What is destructured here is either sealed or decides nothing, so that a new slot is thought of.
        let Slots {
            status: _,
            enum_status,
            flag,
            evidence,
            reason,
            errors,
            error_texts,
            error_codes,
            messages,
            exception_class,
            exception_message,
            reason_type,
            // The bodies, the call and the names, as `x` has them.
            request: _,
            response: _,
            raw_request: _,
            met: _,
            url: _,
            method: _,
            flow: _,
            step: _,
            truncated: _,
            bounded: _,
            // In `key`.
            key: _,
            // Told anew for each exchange.
            started_at: _,
            ended_at: _,
            duration_ms: _,
            row_num: _,
            log_id: _,
            id: _,
            file_uuid: _,
            run: _,
            items: _,
            carried: _,
        } = slots;
        said.extend(x.status.unwrap_or_default().to_le_bytes());
        let flag = flag.map_or(2, u8::from);
        said.extend([flag, enum_status.unwrap_or_default(), *evidence]);
        said.push(u8::from(x.response_truncated));
        for body in [x.request, x.response] {
            said.extend(body.map_or(0, |body: Body<'_>| body.digest).to_le_bytes());
            said.push(u8::from(body.is_some()));
        }
        for text in [x.method, x.url, x.flow, x.step] {
            push(text, said);
        }
        let (kind, rank) = key.map_or((0, 0), |key| (1 + key.kind as u8, key.rank));
        said.extend([kind, rank]);
        push(key.map(|key| key.inner), said);
        for value in [reason, exception_class, exception_message, reason_type] {
            push(value.map(|value: Value<'_>| value.raw), said);
        }
        for places in [errors, error_texts, error_codes, messages] {
            said.extend((places.len() as u32).to_le_bytes());
            for at in places {
                push(Some(fields[usize::from(*at)].value.raw), said);
            }
        }
        xxh3_128_with_seed(said, self.seed)
    }

    /// The place of the exchange with this seal, if one is remembered.
    pub(crate) fn find(&mut self, seal: u128) -> Option<usize> {
        // Exchanges come again in the order in which they came before.
        let next = self.known.get(self.last)?.next;
        if self.known[next].seal != seal {
            let known = self.places.get(&seal).copied()?;
            self.known[self.last].next = known;
        }
        self.last = self.known[self.last].next;
        Some(self.last)
    }

    /// What stands in a place that [`find`](Self::find) gave.
    pub(crate) fn get(&self, place: usize) -> &Twin {
        &self.known[place]
    }

    /// Remembers what an exchange came to. Its mark, which no other exchange of this extractor has.
    pub(crate) fn put(&mut self, seal: u128, x: &Exchange<'_>) -> Mark {
        let mut text = String::new();
        let rows = x.rows.iter().map(|row| (OwnKey::of(row.key, &mut text), row.failed)).collect();
        let key = x.key.map(|key| OwnKey::of(key, &mut text));
        let errors = x.errors.iter().map(|error| OwnError::of(error, &mut text)).collect();
        let mut twin = Twin {
            seal,
            next: 0,
            text: text.into(),
            key,
            rows,
            errors,
            outcome: x.outcome,
            evidence: x.evidence,
            mark: Mark::default(),
        };
        let bytes = twin.bytes();
        if bytes > self.memory / 4 {
            return Mark::default();
        }
        self.bytes += bytes;
        if self.bytes > self.memory {
            self.forgotten += self.known.len() as u64;
            self.known.clear();
            self.places.clear();
            (self.last, self.bytes) = (0, bytes);
        }
        let place = self.known.len();
        twin.mark = Mark(NonZeroU64::new(self.forgotten + place as u64 + 1));
        let mark = twin.mark;
        self.known.push(twin);
        self.places.insert(seal, place);
        self.known[self.last].next = place;
        self.last = place;
        mark
    }
}

/// A text with its length, so that no two lists of texts are the same bytes.
fn push(text: Option<&str>, said: &mut Vec<u8>) {
    said.extend(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
    said.extend(text.unwrap_or_default().as_bytes());
}

impl Twin {
    /// Puts what the twin came to into `x`; rows and errors take their memory from the arena.
    pub(crate) fn again<'r>(&'r self, arena: &'r Bump, x: &mut Exchange<'r>) {
        let text = &*self.text;
        let row = |(key, failed): &(OwnKey, bool)| Row { key: key.lent(text), failed: *failed };
        x.rows = arena.alloc_slice_fill_iter(self.rows.iter().map(row));
        x.errors = arena.alloc_slice_fill_iter(self.errors.iter().map(|error| error.lent(text)));
        x.key = self.key.map(|key| key.lent(text));
        (x.outcome, x.evidence, x.mark) = (self.outcome, self.evidence, self.mark);
    }

    /// Its memory, with that of its place in the table.
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.text.len()
            + size_of_val(&*self.rows)
            + size_of_val(&*self.errors)
            + 2 * size_of::<(u128, usize)>()
    }
}

impl OwnKey {
    fn of(key: Key<'_>, text: &mut String) -> Self {
        Self { kind: key.kind, value: Piece::of(key.value, text) }
    }

    fn lent(self, text: &str) -> Key<'_> {
        Key { kind: self.kind, value: self.value.lent(text) }
    }
}

impl OwnError {
    fn of(error: &ErrorText<'_>, text: &mut String) -> Self {
        Self {
            code: error.code.map(|code| Piece::of(code, text)),
            field: error.field.map(|field| Piece::of(field, text)),
            message: Piece::of(error.message, text),
            source: error.source,
            key: error.key.map(|key| OwnKey::of(key, text)),
            cut: error.cut,
        }
    }

    fn lent<'r>(&self, text: &'r str) -> ErrorText<'r> {
        ErrorText {
            code: self.code.map(|code| code.lent(text)),
            field: self.field.map(|field| field.lent(text)),
            message: self.message.lent(text),
            source: self.source,
            key: self.key.map(|key| key.lent(text)),
            cut: self.cut,
        }
    }
}

impl Piece {
    fn of(part: &str, text: &mut String) -> Self {
        let start = text.len();
        text.push_str(part);
        Self(start, text.len())
    }

    fn lent(self, text: &str) -> &str {
        &text[self.0..self.1]
    }
}
