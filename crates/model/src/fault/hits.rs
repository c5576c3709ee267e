//! The error texts of one body, kept until all of them are known.

use super::{FoundError, TEXT_MAX};
use crate::exchange::KeyKind;

/// A piece of the buffer, from and to in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: usize,
    to: usize,
}

/// One error text, its pieces in the buffer of [`Hits`].
#[derive(Debug, Clone, Copy)]
struct Hit {
    code: Option<Span>,
    field: Option<Span>,
    message: Span,
    exception: bool,
    /// The key of its row.
    key: HitKey,
    /// Where it stands in the outermost text; hits are handed out in this order.
    at: usize,
}

/// What is known of the key of a hit's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HitKey {
    /// An element further out may name it.
    Unknown,
    /// Several keys stand beside it, so none is meant.
    Several,
    One(KeyKind, Span),
}

/// The keys that an element names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedKeys<'t> {
    One(KeyKind, &'t str),
    Several,
}

/// What is known of an error text before it is folded into the buffer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Draft<'t> {
    /// As in [`FoundError`], not yet folded.
    pub(super) code: Option<&'t str>,
    /// As in [`FoundError`], not yet folded.
    pub(super) field: Option<&'t str>,
    /// Put before the message with a colon (`ValueError` of a Django page); mostly absent.
    pub(super) lead: Option<&'t str>,
    /// As in [`FoundError`], not yet folded; a blank one makes no hit.
    pub(super) message: &'t str,
    /// As in [`FoundError`].
    pub(super) exception: bool,
    /// Offset in the outermost text.
    pub(super) at: usize,
}

/// Error texts in a shared buffer.
///
/// They are collected first because an enclosing element may repeat what its children said, and
/// elements end in another order than they begin.
#[derive(Debug)]
pub(super) struct Hits<'s> {
    buffer: &'s mut String,
    hits: Vec<Hit>,
}

impl<'s> Hits<'s> {
    /// Empties the buffer and begins.
    pub(super) fn new(buffer: &'s mut String) -> Self {
        buffer.clear();
        Self { buffer, hits: Vec::new() }
    }

    /// How many hits there are; a mark for the calls that look at what came after.
    pub(super) fn len(&self) -> usize {
        self.hits.len()
    }

    /// Adds one; false when its message is blank.
    pub(super) fn add(&mut self, draft: &Draft<'_>) -> bool {
        let from = self.buffer.len();
        if let Some(lead) = draft.lead {
            fold(lead, TEXT_MAX, self.buffer);
            if !draft.message.trim().is_empty() {
                self.buffer.push_str(": ");
            }
        }
        let left = TEXT_MAX.saturating_sub(self.buffer.len() - from);
        fold(draft.message, left, self.buffer);
        let message = Span { from, to: self.buffer.len() };
        if message.from == message.to {
            return false;
        }
        let code = draft.code.and_then(|code| self.keep(code));
        let field = draft.field.and_then(|field| self.keep(field));
        let (exception, at) = (draft.exception, draft.at);
        self.hits.push(Hit { code, field, message, exception, key: HitKey::Unknown, at });
        true
    }

    /// Moves the hits from `mark` on to `at` and gives them `code` where they have none.
    pub(super) fn adopt(&mut self, mark: usize, at: usize, code: Option<&str>) {
        let code = code.and_then(|code| self.keep(code));
        for hit in self.hits.iter_mut().skip(mark) {
            hit.at = at;
            hit.code = hit.code.or(code);
        }
    }

    /// Like [`Hits::adopt`], but `code` takes the place of the one that a hit has.
    pub(super) fn recode(&mut self, mark: usize, code: &str) {
        let code = self.keep(code);
        for hit in self.hits.iter_mut().skip(mark) {
            hit.code = code.or(hit.code);
        }
    }

    /// Whether a hit from `mark` on waits for the key of its row.
    pub(super) fn wait_for_key(&self, mark: usize) -> bool {
        self.hits.iter().skip(mark).any(|hit| hit.key == HitKey::Unknown)
    }

    /// Tells the hits from `mark` on that wait for it the key of their row.
    pub(super) fn give_key(&mut self, mark: usize, keys: NamedKeys<'_>) {
        let key = match keys {
            NamedKeys::One(kind, key) => {
                self.keep(key).map_or(HitKey::Several, |key| HitKey::One(kind, key))
            }
            NamedKeys::Several => HitKey::Several,
        };
        for hit in self.hits.iter_mut().skip(mark).filter(|hit| hit.key == HitKey::Unknown) {
            hit.key = key;
        }
    }

    /// Removes the newest hit when its message only repeats those from `mark` on: it is one
    /// of them, or all of them in a row. The hit that it repeats gets its code if it has none.
    pub(super) fn drop_newest_if_repeated(&mut self, mark: usize) {
        let Some((newest, inner)) = self.hits.split_last() else { return };
        let Some(inner) = inner.get(mark..).filter(|inner| !inner.is_empty()) else { return };
        let newest = *newest;
        let mut left = self.text(newest.message);
        let mut same = None;
        for (i, hit) in inner.iter().enumerate() {
            let text = self.text(hit.message);
            if text == self.text(newest.message) {
                same = Some(mark + i);
                break;
            }
            if let Some(rest) = left.strip_prefix(text) {
                left = rest.trim_start_matches([' ', ',', ';', '.', '|']);
            }
        }
        if same.is_none() && !left.is_empty() {
            return;
        }
        self.hits.pop();
        if let Some(hit) = same.and_then(|i| self.hits.get_mut(i)) {
            hit.code = hit.code.or(newest.code);
            hit.field = hit.field.or(newest.field);
            hit.exception |= newest.exception;
        }
    }

    /// Drops the hits between `mark` and the newest one that say the same as the newest.
    pub(super) fn drop_equal_to_newest(&mut self, mark: usize) {
        let Some(newest) = self.hits.last().copied() else { return };
        let last = self.hits.len() - 1;
        let mut place = 0;
        let buffer = &*self.buffer;
        self.hits.retain(|hit| {
            let keep = place < mark
                || place == last
                || text_of(buffer, hit.message) != text_of(buffer, newest.message);
            place += 1;
            keep
        });
    }

    /// Gives all hits to `found`, in the order they stand in the text.
    pub(super) fn hand_out(mut self, found: &mut dyn FnMut(FoundError<'_>)) {
        self.hits.sort_by_key(|hit| hit.at);
        for hit in &self.hits {
            found(FoundError {
                code: hit.code.map(|span| self.text(span)),
                field: hit.field.map(|span| self.text(span)),
                message: self.text(hit.message),
                exception: hit.exception,
                key: match hit.key {
                    HitKey::One(kind, span) => Some((kind, self.text(span))),
                    HitKey::Unknown | HitKey::Several => None,
                },
            });
        }
    }

    fn text(&self, span: Span) -> &str {
        text_of(self.buffer, span)
    }

    /// Folds a text into the buffer; `None` when it is blank.
    fn keep(&mut self, text: &str) -> Option<Span> {
        let from = self.buffer.len();
        fold(text, TEXT_MAX, self.buffer);
        let to = self.buffer.len();
        (from < to).then_some(Span { from, to })
    }
}

fn text_of(buffer: &str, span: Span) -> &str {
    buffer.get(span.from..span.to).unwrap_or_default()
}

/// Appends `text` with runs of blanks made one, none at the ends, at most `max` bytes, whole
/// characters only.
pub(super) fn fold(text: &str, max: usize, out: &mut String) {
    let start = out.len();
    for word in text.split(is_blank).filter(|word| !word.is_empty()) {
        let gap = usize::from(out.len() > start);
        let left = max.saturating_sub(out.len() - start);
        if left <= gap {
            return;
        }
        let part = &word[..word.floor_char_boundary(left - gap)];
        if part.is_empty() {
            return;
        }
        if gap == 1 {
            out.push(' ');
        }
        out.push_str(part);
        if part.len() < word.len() {
            return;
        }
    }
}

/// Blank for a reader: white space of Unicode, byte order marks and zero-width spaces. NUL too,
/// because a text that was UTF-16 once carries them.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\0')
}
