//! What a body says, by its text alone: what it is, its shape, the key and rows that it names, its verdict,
//! and its errors as an answer.
//!
//! All of it is pure: functions of [`crate::body`], [`crate::key`] and [`crate::failure`] over the text. Each
//! fact is worked out when it is first wanted, since most bodies are only requests or only answers. Of a body
//! that repeats, [`Memo`] keeps what was worked out.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use xxhash_rust::xxh3::xxh3_128;

use crate::answer::BodyVerdict;
use crate::body::{BodyMember, Shapes};
use crate::exchange::{Body, BodyKind, ErrorText, KeyKind};
use crate::key::{self, unchecked};
use crate::memo::Memo;
use crate::record::NameRoles;
use crate::slots::KeyCandidate;

/// A body that was read: what it is, and the way to what it says.
#[derive(Debug)]
pub(crate) struct ReadBody<'r> {
    pub(crate) body: Body<'r>,
    /// It does not break off.
    pub(crate) whole: bool,
    /// Its outline; `None` when the body is remembered and was not outlined.
    outline: Option<Outline<'r>>,
    /// Where facts are kept of a body that repeats.
    pub(crate) kept: Option<Arc<BodyFacts>>,
}

/// What is found on the way when a body is read.
#[derive(Debug, Clone, Default)]
struct Outline<'r> {
    members: Vec<BodyMember<'r>>,
    /// A member somewhere may say that something failed.
    alarm: bool,
}

/// The facts of a body that outlive its text, each once it was wanted.
#[derive(Debug)]
pub(crate) struct BodyFacts {
    kind: BodyKind,
    shape: u64,
    whole: bool,
    verdict: OnceLock<BodyVerdict>,
    /// The key: in a flow that is not about orders, and in one that is.
    keys: [OnceLock<Option<OwnedKey>>; 2],
    /// The keys of its rows, likewise.
    rows: [OnceLock<Box<[OwnedKey]>>; 2],
    pub(crate) errors: OnceLock<AnswerErrors>,
}

/// A key that outlives its body.
#[derive(Debug)]
struct OwnedKey {
    kind: KeyKind,
    rank: u8,
    inner: Box<str>,
}

/// The errors of a body as an answer.
#[derive(Debug)]
pub(crate) struct AnswerErrors {
    /// It says itself that it is an error.
    pub(crate) is_error: bool,
    pub(crate) errors: Box<[OwnedError]>,
}

/// An error text that outlives its body.
#[derive(Debug)]
pub(crate) struct OwnedError {
    pub(crate) code: Option<Box<str>>,
    pub(crate) field: Option<Box<str>>,
    pub(crate) message: Box<str>,
    /// The key of its row.
    pub(crate) key: Option<(KeyKind, Box<str>)>,
}

/// Reads bodies, with buffers kept between them.
#[derive(Debug)]
pub(crate) struct BodyReader<'m> {
    pub(crate) shapes: &'m mut Shapes,
    pub(crate) memo: &'m Memo,
    pub(crate) names: &'m mut NameRoles,
}

impl BodyReader<'_> {
    /// Reads a body.
    pub(crate) fn read<'r>(&mut self, text: &'r str) -> ReadBody<'r> {
        let digest = xxh3_128(text.as_bytes());
        if let Some(facts) = self.memo.get(digest, text) {
            let BodyFacts { kind, shape, whole, .. } = *facts;
            let body = Body { text, digest, kind, shape };
            return ReadBody { body, whole, outline: None, kept: Some(facts) };
        }
        let mut members = Vec::with_capacity(32);
        let (body, whole) = self.shapes.outlined(text, digest, self.names, &mut members);
        let facts = || BodyFacts::new(body.kind, body.shape, whole);
        let kept = self.memo.put(digest, text, facts);
        let outline = Some(Outline { members, alarm: self.shapes.alarm() });
        ReadBody { body, whole, outline, kept }
    }

    /// Whether a JSON body says that it failed.
    pub(crate) fn verdict(&mut self, body: &ReadBody<'_>) -> BodyVerdict {
        if body.body.kind != BodyKind::Json {
            return BodyVerdict::default();
        }
        let kept = body.kept.as_ref().map(|facts| &facts.verdict);
        if let Some(verdict) = kept.and_then(OnceLock::get) {
            return *verdict;
        }
        let outline = self.outline(body);
        let text = unchecked(body.body.text);
        let verdict = BodyVerdict::of(text, &outline.members, outline.alarm, self.names);
        if let Some(kept) = kept {
            // Another thread may have set the same before; so below.
            let _same = kept.set(verdict);
        }
        verdict
    }

    /// The key of what a body is about, see [`key::in_body`].
    pub(crate) fn key<'b>(
        &mut self,
        body: &'b ReadBody<'_>,
        orders: bool,
    ) -> Option<KeyCandidate<'b>> {
        let kept = body.kept.as_ref().map(|facts| &facts.keys[usize::from(orders)]);
        if let Some(key) = kept.and_then(OnceLock::get) {
            return key.as_ref().map(OwnedKey::borrowed);
        }
        let members = &self.outline(body).members;
        let key = key::in_body(body.body.text, body.body.kind, members, orders, self.names);
        if let Some(kept) = kept
            && self.memo.reserve(key.map_or(0, |key| key.inner.len()))
        {
            let _same = kept.set(key.map(OwnedKey::of));
        }
        key
    }

    /// The keys of the rows of a bulk request, see [`key::rows`].
    pub(crate) fn rows<'b>(
        &mut self,
        body: &'b ReadBody<'_>,
        orders: bool,
    ) -> Vec<KeyCandidate<'b>> {
        if body.body.kind != BodyKind::Json {
            return Vec::new();
        }
        let kept = body.kept.as_ref().map(|facts| &facts.rows[usize::from(orders)]);
        if let Some(rows) = kept.and_then(OnceLock::get) {
            return rows.iter().map(OwnedKey::borrowed).collect();
        }
        let rows = key::rows(body.body.text, &self.outline(body).members, orders, self.names);
        if let Some(kept) = kept
            && self
                .memo
                .reserve(rows.iter().map(|key| size_of::<OwnedKey>() + key.inner.len()).sum())
        {
            let _same = kept.set(rows.iter().copied().map(OwnedKey::of).collect());
        }
        rows
    }

    /// The outline of a body. That of a remembered body is made anew, when a fact is wanted for the first time.
    fn outline<'b, 'r>(&mut self, body: &'b ReadBody<'r>) -> Cow<'b, Outline<'r>> {
        if let Some(outline) = &body.outline {
            return Cow::Borrowed(outline);
        }
        let mut outline = Outline::default();
        if body.body.kind == BodyKind::Json {
            let members = &mut outline.members;
            self.shapes.outlined(body.body.text, body.body.digest, self.names, members);
            outline.alarm = self.shapes.alarm();
        }
        Cow::Owned(outline)
    }
}

impl BodyFacts {
    pub(crate) fn new(kind: BodyKind, shape: u64, whole: bool) -> Self {
        Self {
            kind,
            shape,
            whole,
            verdict: OnceLock::new(),
            keys: Default::default(),
            rows: Default::default(),
            errors: OnceLock::new(),
        }
    }
}

impl OwnedKey {
    fn of(key: KeyCandidate<'_>) -> Self {
        Self { kind: key.kind, rank: key.rank, inner: key.inner.into() }
    }

    fn borrowed(&self) -> KeyCandidate<'_> {
        KeyCandidate { kind: self.kind, rank: self.rank, inner: &self.inner }
    }
}

impl AnswerErrors {
    pub(crate) fn of(is_error: bool, errors: &[ErrorText<'_>]) -> Self {
        let own = |error: &ErrorText<'_>| OwnedError {
            code: error.code.map(Into::into),
            field: error.field.map(Into::into),
            message: error.message.into(),
            key: error.key.map(|key| (key.kind, key.value.into())),
        };
        Self { is_error, errors: errors.iter().map(own).collect() }
    }

    /// The memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let len = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let texts = |error: &OwnedError| {
            let key = error.key.as_ref().map_or(0, |(_, key)| key.len());
            size_of::<OwnedError>()
                + error.message.len()
                + len(&error.code)
                + len(&error.field)
                + key
        };
        self.errors.iter().map(texts).sum()
    }
}
