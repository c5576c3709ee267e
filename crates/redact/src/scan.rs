//! Finds what is masked in a text of unknown carrier.
//!
//! One pass over the text. JSON and its relatives, and XML, are walked where they begin, also amid other
//! text; what lies between is read as names with values (forms, queries, headers, lines of a log) and is
//! searched for patterns. A value that is itself such a text is walked in turn, its escapes undone.

use std::ops::Range;

use crate::encoding::Encoding;
use crate::mask::{Masks, is_masked};
use crate::names::{Lookups, Meaning};
use crate::rule::{Level, Rule};

mod frame;
mod multipart;
mod plain;
mod structure;
mod value;
mod xml;

use frame::Frame;
use value::{is_plausible, is_prose, may_hold, pieces};

/// Texts within texts are opened to this depth: eight as people nest them, and the carriers between.
const DEPTH: u8 = 12;

/// A piece of text and what is written instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) span: Range<usize>,
    pub(crate) rule: Rule,
    pub(crate) with: String,
    /// The piece with its escapes undone.
    pub(crate) value: String,
}

/// Where a value stands, and how it is written there.
#[derive(Debug, Clone)]
struct Value {
    span: Range<usize>,
    encoding: Encoding,
    /// The quote that a replacement needs: a number is masked by a string.
    quote: Option<char>,
}

/// What patterns are searched in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// All: it is a text.
    Free,
    /// Those that no key, id, time or amount can look like.
    Kept,
}

/// One pass over one text.
struct Scan<'m> {
    masks: &'m Masks,
    lookups: &'m mut Lookups,
    /// In any order; some lie within others.
    edits: Vec<Edit>,
    /// Values of business keys, ids, times and amounts; `None` when nobody asks for them.
    kept: Option<Vec<Range<usize>>>,
    depth: u8,
}

/// What is masked in `text`; `name` is empty when it stands under none.
pub(crate) fn edits(masks: &Masks, lookups: &mut Lookups, name: &str, text: &str) -> Vec<Edit> {
    Scan::read(masks, lookups, None, name, text).edits
}

/// The values of business keys, ids, times and amounts in `text`, which a value masked elsewhere must not touch.
pub(crate) fn kept(
    masks: &Masks,
    lookups: &mut Lookups,
    name: &str,
    text: &str,
) -> Vec<Range<usize>> {
    Scan::read(masks, lookups, Some(Vec::new()), name, text).kept.unwrap_or_default()
}

impl<'m> Scan<'m> {
    fn read(
        masks: &'m Masks,
        lookups: &'m mut Lookups,
        kept: Option<Vec<Range<usize>>>,
        name: &str,
        text: &str,
    ) -> Self {
        let mut scan = Self { masks, lookups, edits: Vec::new(), kept, depth: 0 };
        let whole = 0..text.len();
        if name.is_empty() {
            scan.text(text, whole, Kind::Free);
        } else {
            let meaning = scan.lookups.meaning(name.as_bytes());
            let value = Value { span: whole, encoding: Encoding::Plain, quote: None };
            let mut frame = Frame::default();
            scan.field(text, &mut frame, meaning, value);
            scan.close(text, frame);
        }
        scan
    }

    fn keep(&mut self, span: Range<usize>) {
        if let Some(kept) = &mut self.kept {
            kept.push(span);
        }
    }

    fn is_active(&self, rule: Rule) -> bool {
        self.masks.level >= rule.level()
    }

    /// A text of unknown carrier.
    fn text(&mut self, text: &str, range: Range<usize>, kind: Kind) {
        if self.depth >= DEPTH {
            return;
        }
        self.depth += 1;
        let bytes = &text.as_bytes()[..range.end];
        let mut frame = Frame::default();
        let mut plain = range.start;
        let mut at = range.start;
        if let Some(value) = structure::whole_string(bytes, range.clone()) {
            self.inner(text, &value, kind);
            at = range.end;
            plain = at;
        } else if multipart::begins(&bytes[range.clone()]) {
            self.multipart(text, range.clone());
            at = range.end;
            plain = at;
        }
        while let Some(found) = memchr::memchr3(b'{', b'[', b'<', &bytes[at..]) {
            let open = at + found;
            let escaped = structure::escaped_opening(&bytes[open..]);
            if bytes[open] == b'<' && xml::begins(&bytes[open..]) {
                self.plain(&text[plain..open], plain, kind, &mut frame);
                at = self.xml(text, open..range.end);
            } else if let Some(encoding) = escaped {
                self.plain(&text[plain..open], plain, kind, &mut frame);
                self.nested(text, &Value { span: open..range.end, encoding, quote: None }, kind);
                at = range.end;
            } else if bytes[open] != b'<' && structure::begins(&bytes[open..]) {
                self.plain(&text[plain..open], plain, kind, &mut frame);
                at = self.structure(text, open..range.end);
            } else {
                at = open + 1;
                continue;
            }
            plain = at;
        }
        self.plain(&text[plain..range.end], plain, kind, &mut frame);
        self.close(text, frame);
        self.depth -= 1;
    }

    /// The field of an object, a form or an element: masks its value, or looks into it.
    fn field(&mut self, text: &str, frame: &mut Frame, meaning: Meaning, value: Value) {
        match meaning {
            Meaning::Masked(rule) => {
                let masked = self.is_active(rule) && self.mask(text, rule, &value);
                if masked && rule.level() == Level::Personal && rule != Rule::Username {
                    frame.near += 1;
                }
                if !masked {
                    self.inner(text, &value, Kind::Free);
                }
            }
            Meaning::Beside(..) | Meaning::Near | Meaning::PairName | Meaning::PairValue => {
                self.inner(text, &value, Kind::Free);
                frame.add(&text[value.span.clone()], meaning, value);
            }
            Meaning::Kept => {
                self.inner(text, &value, Kind::Kept);
                self.keep(value.span);
            }
            Meaning::Person | Meaning::Unknown => self.inner(text, &value, Kind::Free),
        }
    }

    /// Decides over the fields that mean something only beside others.
    fn close(&mut self, text: &str, frame: Frame) {
        let pair = if frame.values.is_empty() { Meaning::Unknown } else { frame.pair(text) };
        let Frame { about, near, beside, names, values, .. } = frame;
        if let Meaning::Masked(rule) = pair
            && self.is_active(rule)
        {
            for value in &values {
                self.mask(text, rule, value);
            }
        }
        if pair == Meaning::Kept {
            // What looked like a number of a person was a business key.
            let looked_like = |edit: &Edit| {
                matches!(edit.rule, Rule::Phone | Rule::Card | Rule::NationalId | Rule::Iban)
            };
            let is_value = |edit: &Edit| {
                values.iter().any(|value| {
                    value.span.start <= edit.span.start && edit.span.end <= value.span.end
                })
            };
            self.edits.retain(|edit| !(looked_like(edit) && is_value(edit)));
            for value in &values {
                self.keep(value.span.clone());
            }
        }
        if about || near + names.count_ones() >= 3 {
            for (rule, value) in &beside {
                if self.is_active(*rule) {
                    self.mask(text, *rule, value);
                }
            }
        }
    }

    /// Masks the value of a known name; false when it cannot be what the name says.
    fn mask(&mut self, text: &str, rule: Rule, value: &Value) -> bool {
        let raw = &text[value.span.clone()];
        let decoded = value.encoding.is_escaped(raw.as_bytes()).then(|| value.encoding.decode(raw));
        let plain = decoded.as_ref().map_or(raw, |decoded| &decoded.text);
        let trimmed = plain.trim();
        if is_masked(trimmed) {
            return true;
        }
        if !is_plausible(rule, trimmed) || is_prose(trimmed) {
            return false;
        }
        let place =
            |at: usize| value.span.start + decoded.as_ref().map_or(at, |decoded| decoded.raw(at));
        for piece in pieces(rule, plain) {
            let secret = &plain[piece.clone()];
            if is_masked(secret) {
                continue;
            }
            let mut with = self.masks.replacement(rule, secret);
            if let Some(quote) = value.quote {
                with = format!("{quote}{with}{quote}");
            }
            self.edits.push(Edit {
                span: place(piece.start)..place(piece.end),
                rule,
                with: value.encoding.encode(&with),
                value: secret.to_owned(),
            });
        }
        true
    }

    /// Looks into a value whose name says nothing.
    fn inner(&mut self, text: &str, value: &Value, kind: Kind) {
        let raw = &text.as_bytes()[value.span.clone()];
        if !may_hold(raw, kind) {
            return;
        }
        if value.encoding.is_escaped(raw) {
            self.nested(text, value, kind);
        } else {
            self.quoting(text, value, kind);
        }
    }

    /// Finds all in a value without escapes. A number is masked by a string.
    fn quoting(&mut self, text: &str, value: &Value, kind: Kind) {
        let before = self.edits.len();
        self.text(text, value.span.clone(), kind);
        for edit in &mut self.edits[before..] {
            edit.with = value.encoding.encode(&edit.with);
        }
        let Some(quote) = value.quote else { return };
        if self.edits.len() > before {
            // What is not in quotes is masked as a whole, so that it can be put in quotes.
            let mut edit = self.edits.drain(before..).next().expect("there is one");
            text[value.span.clone()].clone_into(&mut edit.value);
            edit.span = value.span.clone();
            edit.with = format!("{quote}{}{quote}", self.masks.replacement(edit.rule, &edit.value));
            self.edits.push(edit);
        }
    }

    /// Undoes the escapes of a value, finds all in it, and leads what was found back to the raw text.
    fn nested(&mut self, text: &str, value: &Value, kind: Kind) {
        if self.depth >= DEPTH {
            return;
        }
        let decoded = value.encoding.decode(&text[value.span.clone()]);
        let edits = std::mem::take(&mut self.edits);
        let kept = self.kept.as_mut().map(std::mem::take);
        self.text(&decoded.text, 0..decoded.text.len(), kind);
        let place = |span: Range<usize>| {
            value.span.start + decoded.raw(span.start)..value.span.start + decoded.raw(span.end)
        };
        let inner = std::mem::replace(&mut self.edits, edits);
        self.edits.extend(inner.into_iter().map(|edit| Edit {
            span: place(edit.span),
            with: value.encoding.encode(&edit.with),
            ..edit
        }));
        let inner = std::mem::replace(&mut self.kept, kept);
        for span in inner.into_iter().flatten() {
            self.keep(place(span));
        }
    }

    /// Masks a piece that a pattern found.
    fn found(&mut self, text: &str, span: Range<usize>, rule: Rule) {
        let value = &text[span.clone()];
        if !is_masked(value) {
            self.edits.push(Edit {
                rule,
                with: self.masks.replacement(rule, value),
                value: value.to_owned(),
                span,
            });
        }
    }
}
