//! The bodies of a memo that one extractor has met itself.
//!
//! To look here costs no lock and no count of references, which all workers would write to, for each body. And
//! bodies come again in the order in which they came before, so the one that came after the last one is
//! *guessed*: where it stands indeed, nobody has to read it to find its end.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::json::{Type, Value};
use crate::memo::{Memo, Met, SHORT};

/// Bodies that stand escaped in their documents, in the order in which they were met.
#[derive(Debug)]
pub(crate) struct Near {
    memo: Arc<Memo>,
    texts: Vec<Text>,
    /// Their places, by the digests of what stands in the document.
    places: HashMap<u128, usize>,
    /// The place of the last one.
    last: usize,
    /// How often the memo had forgotten everything when these were met.
    forgotten: usize,
}

/// A body, and how it is known again.
#[derive(Debug)]
struct Text {
    escaped: u128,
    /// Bytes that it takes in the document, quotes and all, and the first of them.
    len: usize,
    begin: [u8; BEGIN],
    /// The place of the one that came after it, the last time.
    next: usize,
    met: Met,
}

const BEGIN: usize = 16;

/// Where a body stands in [`Near`], as long as that forgets nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    at: u32,
    forgotten: u32,
}

impl Near {
    pub(crate) fn new(memo: Arc<Memo>) -> Self {
        let forgotten = memo.forgotten();
        Self { memo, texts: Vec::new(), places: HashMap::new(), last: 0, forgotten }
    }

    /// Where the string at `start` ends, and its place, if it is the body that came after the last one before.
    ///
    /// It was a sound string when it was met, and equal bytes end at the same quote.
    pub(crate) fn guess(&mut self, text: &str, start: usize) -> Option<(usize, Place)> {
        let at = self.texts.get(self.last)?.next;
        let next = &self.texts[at];
        let end = start + next.len;
        let raw = text.get(start..end)?;
        if raw.as_bytes().first_chunk() != Some(&next.begin)
            || raw.as_bytes().last() != Some(&b'"')
            || self.memo.escaped(raw) != next.escaped
        {
            return None;
        }
        self.last = at;
        // A memo holds far fewer than 2^32 bodies.
        let place = Place { at: at as u32, forgotten: self.forgotten as u32 };
        Some((end, place))
    }

    /// The place of a body that is a string with escapes, if it was met before. `guessed`: where it was found
    /// already.
    pub(crate) fn find(&mut self, value: Value<'_>, guessed: Option<Place>) -> Option<usize> {
        if let Some(place) = guessed.filter(|place| place.forgotten == self.forgotten as u32) {
            return Some(place.at as usize);
        }
        if value.ty != Type::String || value.raw.len() < SHORT {
            return None;
        }
        let escaped = self.memo.escaped(value.raw);
        let known = self.places.get(&escaped).copied();
        if known.is_none() {
            let met = self.memo.met(escaped)?;
            let (len, begin) = (value.raw.len(), *value.raw.as_bytes().first_chunk()?);
            self.texts.push(Text { escaped, len, begin, next: 0, met });
            self.places.insert(escaped, self.texts.len() - 1);
        }
        let at = known.unwrap_or(self.texts.len() - 1);
        self.texts[self.last].next = at;
        self.last = at;
        Some(at)
    }

    /// What stands in a place.
    pub(crate) fn get(&self, place: usize) -> Option<&Met> {
        self.texts.get(place).map(|text| &text.met)
    }

    /// Forgets what the memo has forgotten.
    pub(crate) fn refresh(&mut self) {
        let forgotten = self.memo.forgotten();
        if self.forgotten != forgotten {
            self.texts.clear();
            self.places.clear();
            (self.last, self.forgotten) = (0, forgotten);
        }
    }
}
