//! What is remembered of bodies that come again.
//!
//! Retries, unchanged answers and error answers make equal bodies common in dumps. A body that is met
//! for the second time is taken apart once more and remembered by its digest; from the third time on
//! nobody reads it but the digest. Of a body that stands escaped in its document the text is
//! remembered too, by a digest of what stands there, so that its escapes are not undone again; of an
//! answer the errors it tells; and of a bulk request and its answer together, which rows are refused.
//!
//! Everything remembered depends on the bodies' bytes only, so the result is the same whatever was
//! met before. Memory: at most [`MAX_KNOWN`] entries of some 200 bytes, and of texts and errors what
//! [`Memo::with_memory`] is given; when either is full, all of it is forgotten.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::exchange::{Body, BodyKind, ErrorText, KeyKind, Row};
use crate::failure::verdict_of;
use crate::json::{Type, Value};
use crate::key::{self, Outlined};
use crate::raw_request::split;
use crate::record::Names;
use crate::slots::FoundKey;

/// Bodies remembered at most.
const MAX_KNOWN: usize = 1 << 16;

/// Digests of which it is remembered that they were met, in bits.
const MET_BITS: u32 = 17;

/// Texts shorter than this are unescaped faster than they are looked up.
const SHORT: usize = 64;

/// A body that stood escaped in its document.
#[derive(Debug)]
pub(crate) struct Met {
    /// With its escapes undone.
    pub(crate) text: Box<str>,
    pub(crate) digest: u128,
    pub(crate) known: Arc<Known>,
}

/// What the bytes of a body say.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) kind: BodyKind,
    pub(crate) shape: u64,
    /// What a JSON body says of success, see [`verdict_of`].
    pub(crate) verdict: Option<bool>,
    /// The key that it speaks of: where orders are not the matter, and where they are.
    pub(crate) keys: [Option<OwnedKey>; 2],
    /// The keys of the rows that it lists, likewise.
    pub(crate) rows: [Box<[OwnedKey]>; 2],
    /// The errors that it tells as an answer, once someone has asked.
    pub(crate) told: OnceLock<Told>,
}

/// A key that outlives its body.
#[derive(Debug)]
pub(crate) struct OwnedKey {
    pub(crate) kind: KeyKind,
    pub(crate) rank: u8,
    /// Escaped as it stood.
    pub(crate) inner: Box<str>,
}

/// What an answer tells of errors.
#[derive(Debug)]
pub(crate) struct Told {
    /// It says itself that it is an error.
    pub(crate) error: bool,
    pub(crate) errors: Box<[OwnedError]>,
}

/// An error that outlives its body.
#[derive(Debug)]
pub(crate) struct OwnedError {
    pub(crate) code: Option<Box<str>>,
    pub(crate) field: Option<Box<str>>,
    pub(crate) message: Box<str>,
    /// The row of the bulk request that it speaks of, by its place.
    pub(crate) row: Option<u32>,
}

/// What an answer makes of the rows of a bulk request.
#[derive(Debug)]
pub(crate) struct Judged {
    /// It names rows, refused or not.
    pub(crate) named: bool,
    /// The rows it refuses, by their places.
    pub(crate) refused: Box<[u32]>,
    pub(crate) errors: Box<[OwnedError]>,
}

/// What a judgement of rows depends on: the digests of request and answer, whether orders are the
/// matter, and whether the whole exchange failed.
pub(crate) type Trial = (u128, u128, bool, bool);

impl OwnedKey {
    fn of(key: FoundKey<'_>) -> Self {
        Self { kind: key.kind, rank: key.rank, inner: key.inner.into() }
    }
}

impl OwnedError {
    /// Copies errors; the keys of those that have one are keys of `rows`.
    pub(crate) fn copies(errors: &[ErrorText<'_>], rows: &[Row<'_>]) -> Box<[Self]> {
        // Keys are slices of the request, so their address tells the row; equal keys may come twice.
        let mut places = HashMap::new();
        if errors.iter().any(|error| error.key.is_some()) {
            places.extend((0..).zip(rows).map(|(n, row)| (row.key.value.as_ptr(), n)));
        }
        let own = |error: &ErrorText<'_>| Self {
            code: error.code.map(Into::into),
            field: error.field.map(Into::into),
            message: error.message.into(),
            row: error.key.and_then(|key| places.get(&key.value.as_ptr()).copied()),
        };
        errors.iter().map(own).collect()
    }

    fn bytes(&self) -> usize {
        let len = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        size_of::<Self>() + self.message.len() + len(&self.code) + len(&self.field)
    }
}

impl Known {
    /// What is to be remembered of a body; `None` for one that is escaped again.
    pub(crate) fn of(
        body: &Body<'_>,
        outlined: &Outlined<'_>,
        names: &mut Names,
    ) -> Option<Arc<Self>> {
        if body.kind == BodyKind::Text && body.text.trim_start().starts_with('"') {
            return None;
        }
        let rows = [false, true].map(|orders| {
            let mut rows = Vec::new();
            if body.kind == BodyKind::Json {
                key::rows(outlined, orders, names, &mut rows);
            }
            rows.into_iter().map(OwnedKey::of).collect()
        });
        let keys =
            [false, true].map(|orders| key::in_body(outlined, orders, names).map(OwnedKey::of));
        let verdict = verdict_of(&outlined.members, names);
        let told = OnceLock::new();
        Some(Arc::new(Self { kind: body.kind, shape: body.shape, verdict, keys, rows, told }))
    }
}

/// Bodies that came at least twice, by digest.
#[derive(Debug)]
pub(crate) struct Memo {
    known: HashMap<u128, Arc<Known>>,
    /// Half a digest in the place that its other half tells.
    met: Vec<u64>,
    /// By the digest of the escaped text. It is seeded, so that nobody can make two texts of one digest.
    texts: HashMap<u128, Arc<Met>>,
    judged: HashMap<Trial, Arc<Judged>>,
    seed: u64,
    /// Bytes of all texts, rows and errors, and how many there may be.
    bytes: usize,
    memory: usize,
}

impl Memo {
    /// A memo that remembers texts, rows and errors of so many bytes together.
    pub(crate) fn with_memory(bytes: usize) -> Self {
        Self {
            known: HashMap::new(),
            met: Vec::new(),
            texts: HashMap::new(),
            judged: HashMap::new(),
            seed: RandomState::new().build_hasher().finish(),
            bytes: 0,
            memory: bytes,
        }
    }

    /// A body that is a string with escapes, if it was met before.
    pub(crate) fn escaped(&self, value: Value<'_>) -> Option<Arc<Met>> {
        if self.texts.is_empty() || value.ty != Type::String || value.raw.len() < SHORT {
            return None;
        }
        self.texts.get(&xxh3_128_with_seed(value.raw.as_bytes(), self.seed)).cloned()
    }

    /// Remembers the text of a body that is known and is the whole text of `value`. A string that would be
    /// taken apart elsewhere (a whole request, an HTTP message) is left out.
    pub(crate) fn put_escaped(&mut self, value: Value<'_>, text: &str, digest: u128) {
        if value.ty != Type::String
            || value.raw.len() < SHORT
            || value.raw.len() == text.len() + 2
            || split(text).is_some()
            || text.starts_with("HTTP/")
        {
            return;
        }
        let Some(known) = self.get(digest) else { return };
        if self.take(text.len()) {
            let escaped = xxh3_128_with_seed(value.raw.as_bytes(), self.seed);
            self.texts.insert(escaped, Arc::new(Met { text: text.into(), digest, known }));
        }
    }

    /// What is known of a body.
    pub(crate) fn get(&self, digest: u128) -> Option<Arc<Known>> {
        self.known.get(&digest).cloned()
    }

    /// Whether a body was met before and is to be remembered now.
    pub(crate) fn wants(&mut self, digest: u128) -> bool {
        if self.met.is_empty() {
            self.met = vec![0; 1 << MET_BITS];
        }
        let place = &mut self.met[(digest >> (128 - MET_BITS)) as usize];
        let half = digest as u64;
        std::mem::replace(place, half) == half
    }

    /// Remembers a body.
    pub(crate) fn put(&mut self, digest: u128, known: Arc<Known>) {
        if self.known.len() >= MAX_KNOWN {
            self.forget();
        }
        let keys = known.rows.iter().flatten();
        let rows = keys.map(|key| size_of::<OwnedKey>() + key.inner.len()).sum::<usize>();
        if rows == 0 || self.take(rows) {
            self.known.insert(digest, known);
        }
    }

    /// Remembers the errors that an answer tells.
    pub(crate) fn put_told(&mut self, known: &Known, error: bool, errors: &[ErrorText<'_>]) {
        let errors = OwnedError::copies(errors, &[]);
        if self.take(errors.iter().map(OwnedError::bytes).sum()) {
            // Nobody else has set it: a memo serves one thread.
            let _set = known.told.set(Told { error, errors });
        }
    }

    /// How the rows of a bulk request fared, if it came with this answer before.
    pub(crate) fn judged(&self, trial: &Trial) -> Option<Arc<Judged>> {
        self.judged.get(trial).cloned()
    }

    /// Remembers how the rows of a bulk request fared.
    pub(crate) fn put_judged(
        &mut self,
        trial: Trial,
        named: bool,
        rows: &[Row<'_>],
        errors: &[ErrorText<'_>],
    ) {
        let errors = OwnedError::copies(errors, rows);
        let refused = (0..).zip(rows).filter(|(_, row)| row.failed).map(|(n, _)| n);
        let judged = Judged { named, refused: refused.collect(), errors };
        let bytes = judged.errors.iter().map(OwnedError::bytes).sum::<usize>()
            + size_of_val(&*judged.refused)
            + size_of::<(Trial, Judged)>();
        if self.take(bytes) {
            self.judged.insert(trial, Arc::new(judged));
        }
    }

    /// Whether there is room for so many bytes; makes room by forgetting everything.
    fn take(&mut self, bytes: usize) -> bool {
        if bytes > self.memory / 4 {
            return false;
        }
        if self.bytes + bytes > self.memory {
            self.forget();
        }
        self.bytes += bytes;
        true
    }

    fn forget(&mut self) {
        self.known.clear();
        self.texts.clear();
        self.judged.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use crate::extract::Extractor;

    #[test]
    fn a_body_says_the_same_however_often_it_comes() {
        let bodies = [
            r#"{"sku":"A-1","success":false,"message":"no such \u0131tem"}"#,
            r#"{"number":"00012345","sku":"B-2"}"#,
            r#"[{"sku":"A-1"},{"sku":"B-2"}]"#,
            "<a><sku>C-3</sku></a>",
            r#"{"price":["too low"]}"#,
            r#"{"cut":"#,
            "",
        ];
        let mut extractor = Extractor::default();
        let mut told: Vec<Vec<String>> = Vec::new();
        for _ in 0..5 {
            let mut round = Vec::new();
            for request in bodies {
                for response in bodies {
                    let record = serde_json::json!({
                        "url": "/orders/", "status_code": 400, "request_body": request, "response_body": response,
                    });
                    extractor.extract(&record.to_string(), true, &mut |x| {
                        round.push(format!(
                            "{:?} {:?} {:?} {:?} {:?} {:?}",
                            x.key, x.outcome, x.errors, x.rows, x.request, x.response
                        ));
                    });
                }
            }
            told.push(round);
        }
        assert_eq!(told[0].len(), bodies.len() * bodies.len());
        assert!(told.iter().all(|round| *round == told[0]));
    }
}
