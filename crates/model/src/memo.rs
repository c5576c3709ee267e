//! What is remembered of bodies that come again.
//!
//! Retries, unchanged answers and error answers make equal bodies common in dumps. A large body is
//! remembered by its digest when it is met, a small one when it is met again; from then on
//! nobody reads it but the digest. Of a body that stands escaped in its document the text is
//! remembered too, by a digest of what stands there, so that its escapes are not undone again; of an
//! answer the errors it tells; of a bulk request and its answer together, which rows are refused; and of
//! the shape of a body, its paths. What takes memory is kept at a first meeting only while half of the memory
//! is free: it may never come again. Whole exchanges that come again are in `twins`, and the bodies that one
//! extractor meets one after the other in `near`.
//!
//! Everything remembered depends on the bodies' bytes only, so the result is the same whatever was
//! met before. Memory: at most [`MAX_KNOWN`] entries of some 200 bytes, and of texts, rows, errors and
//! paths what [`Memo::with_memory`] is given; when either is full, all of it is forgotten.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::body::{self, Member};
use crate::exchange::{Body, BodyKind, ErrorText, KeyKind, Mark, Row};
use crate::failure::verdict_of;
use crate::json::{Type, Value};
use crate::raw_request::split;
use crate::record::Names;
use crate::slots::FoundKey;

/// Bodies remembered at most.
const MAX_KNOWN: usize = 1 << 16;

/// Digests of which it is remembered that they were met, in bits.
const MET_BITS: u32 = 17;

/// A body of so many bytes is remembered when it is first met: to take it apart again would cost
/// more than to remember it.
const LARGE: usize = 1024;

/// Parts of a memo; a power of two.
const PARTS: usize = 32;

/// Texts shorter than this, with their quotes, are unescaped faster than they are looked up.
pub(crate) const SHORT: usize = 64;

/// A body that stood escaped in its document. What is wanted of it each time stands in it, not behind a
/// pointer.
#[derive(Debug, Clone)]
pub(crate) struct Met {
    /// With its escapes undone.
    pub(crate) text: Arc<str>,
    pub(crate) digest: u128,
    pub(crate) kind: BodyKind,
    pub(crate) shape: u64,
    pub(crate) mark: Mark,
    pub(crate) known: Arc<Known>,
}

/// What the bytes of a body say.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) kind: BodyKind,
    pub(crate) shape: u64,
    /// What a JSON body says of success, see [`verdict_of`].
    pub(crate) verdict: Option<bool>,
    // The rest once someone has asked: most bodies are only requests or only answers.
    /// The key that it speaks of: where orders are not the matter, and where they are.
    pub(crate) keys: [OnceLock<Option<OwnedKey>>; 2],
    /// The keys of the rows that it lists, likewise.
    pub(crate) rows: [OnceLock<Box<[OwnedKey]>>; 2],
    /// The errors that it tells as an answer.
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
    pub(crate) fn of(key: FoundKey<'_>) -> Self {
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
    /// What is to be remembered of a body whose outline lists these members; `None` for one that is escaped
    /// again.
    pub(crate) fn of(
        body: &Body<'_>,
        members: &[Member<'_>],
        names: &mut Names,
    ) -> Option<Arc<Self>> {
        if body.kind == BodyKind::Text && body.text.trim_start().starts_with('"') {
            return None;
        }
        Some(Arc::new(Self {
            kind: body.kind,
            shape: body.shape,
            verdict: verdict_of(members, names),
            keys: Default::default(),
            rows: Default::default(),
            told: OnceLock::new(),
        }))
    }
}

/// What is remembered of bodies, for one extractor or for several that work side by side.
///
/// Cut into parts by digest, each behind a lock of its own, so that workers seldom wait for one another.
#[derive(Debug)]
pub struct Memo {
    parts: [RwLock<Part>; PARTS],
    /// Half a digest in the place that its other half tells.
    met: OnceLock<Box<[AtomicU64]>>,
    /// Digests of escaped texts are seeded, so that nobody can make two texts of one digest.
    seed: u64,
    /// How many texts were remembered, forgotten ones too: the number of the next one.
    texts: AtomicU64,
    /// How often everything was forgotten.
    forgotten: AtomicUsize,
    /// Bytes of all texts, rows, errors and paths, and how many there may be.
    bytes: AtomicUsize,
    memory: usize,
}

/// What is remembered of bodies whose digests begin alike.
#[derive(Debug, Default)]
struct Part {
    known: HashMap<u128, Arc<Known>>,
    /// By the digest of the escaped text.
    texts: HashMap<u128, Met>,
    judged: HashMap<Trial, Arc<Judged>>,
    /// By the shape.
    paths: HashMap<u64, Arc<[String]>>,
}

impl Memo {
    /// A memo that remembers texts, rows, errors and paths of so many bytes together.
    pub fn with_memory(bytes: usize) -> Self {
        Self {
            parts: Default::default(),
            met: OnceLock::new(),
            seed: RandomState::new().build_hasher().finish(),
            texts: AtomicU64::new(0),
            forgotten: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            memory: bytes,
        }
    }

    /// The digest by which a text is found that stands escaped in its document, quotes and all.
    pub(crate) fn escaped(&self, raw: &str) -> u128 {
        xxh3_128_with_seed(raw.as_bytes(), self.seed)
    }

    /// A body by that digest.
    pub(crate) fn met(&self, escaped: u128) -> Option<Met> {
        self.read(escaped).texts.get(&escaped).cloned()
    }

    /// How often everything was forgotten.
    pub(crate) fn forgotten(&self) -> usize {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// Bytes that it remembers at most.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Remembers the text of a body that is known and is the whole text of `value`. A string that would be
    /// taken apart elsewhere (a whole request, an HTTP message) is left out, and one that may never come
    /// `again` as soon as half of the memory is taken.
    pub(crate) fn put_escaped(
        &self,
        value: Value<'_>,
        text: &str,
        digest: u128,
        known: &Arc<Known>,
        again: bool,
    ) {
        if value.ty != Type::String
            || value.raw.len() < SHORT
            || value.raw.len() == text.len() + 2
            || split(text).is_some()
            || text.starts_with("HTTP/")
        {
            return;
        }
        if self.take_for(text.len(), again) {
            let escaped = self.escaped(value.raw);
            let number = self.texts.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            let mark = Mark(NonZeroU64::new(number));
            let (kind, shape, known) = (known.kind, known.shape, Arc::clone(known));
            let met = Met { text: text.into(), digest, kind, shape, mark, known };
            self.write(escaped).texts.insert(escaped, met);
        }
    }

    /// What is known of a body.
    pub(crate) fn get(&self, digest: u128) -> Option<Arc<Known>> {
        self.read(digest).known.get(&digest).cloned()
    }

    /// Whether a body of so many bytes is to be remembered now: it was met before, or is large.
    pub(crate) fn wants(&self, digest: u128, bytes: usize) -> bool {
        if bytes >= LARGE {
            return true;
        }
        let met = self.met.get_or_init(|| (0..1 << MET_BITS).map(|_| AtomicU64::new(0)).collect());
        let place = &met[(digest >> (128 - MET_BITS)) as usize];
        let half = digest as u64;
        place.swap(half, Ordering::Relaxed) == half
    }

    /// Remembers a body.
    pub(crate) fn put(&self, digest: u128, known: Arc<Known>) {
        if self.read(digest).known.len() >= MAX_KNOWN / PARTS {
            self.forget();
        }
        self.write(digest).known.insert(digest, known);
    }

    /// Remembers the keys of the rows that a body lists.
    pub(crate) fn put_rows(&self, known: &Known, orders: bool, rows: &[FoundKey<'_>]) {
        let bytes = |key: &FoundKey<'_>| size_of::<OwnedKey>() + key.inner.len();
        if self.take(rows.iter().map(bytes).sum()) {
            // Another worker may have set the same before.
            let rows = rows.iter().copied().map(OwnedKey::of).collect();
            let _set = known.rows[usize::from(orders)].set(rows);
        }
    }

    /// Remembers the errors that an answer tells. `again`: as for [`put_escaped`](Self::put_escaped).
    pub(crate) fn put_told(
        &self,
        known: &Known,
        error: bool,
        errors: &[ErrorText<'_>],
        again: bool,
    ) {
        let errors = OwnedError::copies(errors, &[]);
        if self.take_for(errors.iter().map(OwnedError::bytes).sum(), again) {
            // Another worker may have set the same before.
            let _set = known.told.set(Told { error, errors });
        }
    }

    /// How the rows of a bulk request fared, if it came with this answer before.
    pub(crate) fn judged(&self, trial: &Trial) -> Option<Arc<Judged>> {
        self.read(trial.0).judged.get(trial).cloned()
    }

    /// Remembers how the rows of a bulk request fared. `again`: as for [`put_escaped`](Self::put_escaped).
    pub(crate) fn put_judged(
        &self,
        trial: Trial,
        named: bool,
        rows: &[Row<'_>],
        errors: &[ErrorText<'_>],
        again: bool,
    ) {
        let errors = OwnedError::copies(errors, rows);
        let refused = (0..).zip(rows).filter(|(_, row)| row.failed).map(|(n, _)| n);
        let judged = Judged { named, refused: refused.collect(), errors };
        let bytes = judged.errors.iter().map(OwnedError::bytes).sum::<usize>()
            + size_of_val(&*judged.refused)
            + size_of::<(Trial, Judged)>();
        if self.take_for(bytes, again) {
            self.write(trial.0).judged.insert(trial, Arc::new(judged));
        }
    }

    /// The paths of a body, as [`paths`](body::paths) lists them. Bodies of one shape have the same, so they
    /// are listed once, and shared.
    pub fn paths(&self, body: &Body<'_>) -> Arc<[String]> {
        let part = u128::from(body.shape);
        if let Some(paths) = self.read(part).paths.get(&body.shape) {
            return Arc::clone(paths);
        }
        self.keep_paths(body.shape, body::paths(body))
    }

    /// Remembers the paths of a shape, unless they are known. `list` lists them as [`paths`](body::paths) would.
    pub(crate) fn put_paths(&self, shape: u64, list: impl FnOnce() -> Vec<String>) {
        if !self.read(shape.into()).paths.contains_key(&shape) {
            self.keep_paths(shape, list());
        }
    }

    fn keep_paths(&self, shape: u64, paths: Vec<String>) -> Arc<[String]> {
        let paths: Arc<[String]> = paths.into();
        if self.take(paths.iter().map(|path| size_of::<String>() + path.len()).sum()) {
            self.write(shape.into()).paths.insert(shape, Arc::clone(&paths));
        }
        paths
    }

    /// As [`take`](Self::take); for what may never come `again` no room is made, and half of it is left free.
    fn take_for(&self, bytes: usize, again: bool) -> bool {
        let spare = self.bytes.load(Ordering::Relaxed) + bytes <= self.memory / 2;
        (again || spare) && self.take(bytes)
    }

    /// Whether there is room for so many bytes; makes room by forgetting everything.
    fn take(&self, bytes: usize) -> bool {
        if bytes > self.memory / 4 {
            return false;
        }
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.memory {
            self.forget();
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        true
    }

    fn forget(&self) {
        self.forgotten.fetch_add(1, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
        for part in &self.parts {
            *part.write().unwrap_or_else(PoisonError::into_inner) = Part::default();
        }
    }

    fn read(&self, digest: u128) -> RwLockReadGuard<'_, Part> {
        self.parts[digest as usize % PARTS].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, digest: u128) -> RwLockWriteGuard<'_, Part> {
        self.parts[digest as usize % PARTS].write().unwrap_or_else(PoisonError::into_inner)
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
