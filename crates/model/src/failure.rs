//! Error texts in JSON: what a person would read, with field and code, out of any shape.
//!
//! | shape | gives |
//! |---|---|
//! | `"text"`, `["text", ..]` | each text; a text that is JSON, a Python repr, XML, HTML or a stack trace is read as such |
//! | `{"price": ["text"]}`, nested | text with field `price`; array indexes are no part of the field |
//! | `{"message": .., "code": .., "field": ..}` and its many spellings | one error |
//! | the same with a list of details | the details; the headline only when they give nothing |
//! | `{"3": {..}}` | as an array: the index is no field |

use std::sync::OnceLock;

use bumpalo::Bump;

use crate::answer::statement::{Place, Statement, says_none};
use crate::answer::{fails_inside, verdict};
use crate::exchange::{BodyKind, ErrorSource, ErrorText, Key, NAME_BYTES};
use crate::facts::{AnswerErrors, ReadBody};
use crate::fault;
use crate::json::{Type, Value, text_of, unescape};
use crate::key::unchecked;
use crate::memo::Memo;
use crate::record::NameRoles;
use crate::repair::{open_string, repair};

/// How deep error shapes are followed. The deepest known (`OData` inner errors) nest five levels.
const MAX_LEVELS: u8 = 12;

/// Errors of one exchange at most; a bulk answer has one or two a row.
const MAX_ERRORS: usize = 100_000;

/// A text with more errors than this quotes no answers in them.
const MAX_TAILS: usize = 64;

/// Gathers the error texts of one exchange.
#[derive(Debug)]
pub(crate) struct ErrorCollector<'x, 'r> {
    pub(crate) arena: &'r Bump,
    pub(crate) names: &'x mut NameRoles,
    pub(crate) out: &'x mut Vec<ErrorText<'r>>,
    pub(crate) source: ErrorSource,
    /// The key of the row that the errors are about.
    pub(crate) key: Option<Key<'r>>,
    /// The text was cut by the platform.
    pub(crate) cut: bool,
    scratch: &'x mut String,
    /// What is read stands beside an error: a sentence there, advice for example, is no error itself.
    pub(crate) beside: bool,
    /// An error that holds it has a text of its own.
    pub(crate) headed: bool,
}

impl<'x, 'r> ErrorCollector<'x, 'r> {
    /// Collects into `out`, at first as the record's own errors.
    pub(crate) fn new(
        arena: &'r Bump,
        names: &'x mut NameRoles,
        scratch: &'x mut String,
        out: &'x mut Vec<ErrorText<'r>>,
    ) -> Self {
        let source = ErrorSource::Errors;
        Self {
            arena,
            names,
            out,
            source,
            key: None,
            cut: false,
            scratch,
            beside: false,
            headed: false,
        }
    }

    /// The content of a string value: a slice of the document, or unescaped into the arena.
    pub(crate) fn string(&mut self, value: Value<'r>) -> &'r str {
        text_of(value, self.arena)
    }

    /// Errors in a text of any kind. True when the text itself says that it is an error.
    pub(crate) fn text(&mut self, text: &'r str, field: Option<&'r str>, level: u8) -> bool {
        let trimmed = crate::fault::trimmed(text);
        if trimmed.is_empty() || level > MAX_LEVELS || says_none(trimmed) {
            return false;
        }
        if matches!(trimmed.as_bytes()[0], b'{' | b'[' | b'"' | b'(') {
            if let Some(value) = Value::of(trimmed) {
                if value.ty == Type::String {
                    let inner = self.string(value);
                    return self.text(inner, field, level + 1);
                }
                return self.value(value, field, level + 1) && self.condemns(value);
            }
            if let Some(failed) = self.parts_of_text(trimmed, level) {
                return failed;
            }
            let mut json = std::mem::take(self.scratch);
            json.clear();
            let read = fault::python_to_json(trimmed, &mut json)
                || fault::loose_to_json(trimmed, &mut json);
            let json = self.keep(json);
            if read && let Some(value) = Value::of(json) {
                return self.value(value, field, level + 1) && self.condemns(value);
            }
            if matches!(trimmed.as_bytes()[0], b'{' | b'[') && self.broken(trimmed, field, level) {
                return self.condemns(unchecked(trimmed));
            }
        }
        if let Some(failed) = self.parts_of_text(trimmed, level) {
            return failed;
        }
        let mut found_text = String::new();
        let (arena, before) = (self.arena, self.out.len());
        let (source, key, cut) = (self.source, self.key, self.cut);
        let out = &mut *self.out;
        let error = fault::read(text, &mut found_text, &mut |found| {
            let keep = |text: &str| -> &'r str { arena.alloc_str(text) };
            out.push(ErrorText {
                code: found.code.map(keep),
                field: found.field.map(keep).or(field),
                message: keep(found.message),
                source: if found.exception && source == ErrorSource::Errors {
                    ErrorSource::Exception
                } else {
                    source
                },
                key: key.or(found.key.map(|(kind, value)| Key { kind, value: keep(value) })),
                cut,
            });
        });
        self.open_tails(before, level);
        error || (self.source != ErrorSource::Response && self.out.len() > before)
    }

    /// Errors that end with JSON, as clients quote an answer (`400 Bad Request: [{"message": ..}]`), are what
    /// stands in there.
    fn open_tails(&mut self, from: usize, level: u8) {
        if self.out.len() - from > MAX_TAILS {
            return;
        }
        for at in (from..self.out.len()).rev() {
            let error = self.out[at];
            let Some(value) = tail(error.message) else { continue };
            let before = self.out.len();
            let beside = std::mem::replace(&mut self.beside, true);
            self.value(value, error.field, level + 1);
            self.beside = beside;
            if self.out.len() > before {
                for inner in &mut self.out[before..] {
                    inner.key = inner.key.or(error.key);
                }
                self.out.remove(at);
            }
        }
    }

    /// Whether a value says of itself that it is an error. Where errors stand, any is; the sentences of
    /// an answer may be data.
    fn condemns(&mut self, value: Value<'r>) -> bool {
        if self.source != ErrorSource::Response {
            return true;
        }
        let mut failed = verdict(value, self.names) == Some(true);
        value.elements(|element| {
            failed |= verdict(element, self.names) == Some(true);
            !failed
        });
        failed || fails_inside(value, self.names, 0)
    }

    /// Errors in JSON that may break off anywhere; whether there were any.
    pub(crate) fn broken(&mut self, text: &'r str, field: Option<&'r str>, level: u8) -> bool {
        let mut repaired = std::mem::take(self.scratch);
        repair(text, &mut repaired);
        let repaired = self.keep(repaired);
        // What is not sound for another reason is read up to where that shows.
        let value = Value::of(repaired).unwrap_or_else(|| unchecked(text));
        self.value(value, field, level + 1)
    }

    /// Errors in a whole response body that is neither a form nor empty. True when it says that it is an error.
    ///
    /// Of a body that repeats, the errors are kept in `memo`.
    pub(crate) fn answer(&mut self, read: &ReadBody<'r>, memo: &Memo) -> bool {
        let kept = read.kept.as_ref().map(|facts| &facts.errors);
        if let Some(kept) = kept.and_then(OnceLock::get)
            && self.out.len() + kept.errors.len() < MAX_ERRORS
        {
            let arena = self.arena;
            let keep = |text: &str| -> &'r str { arena.alloc_str(text) };
            for error in &kept.errors {
                let (code, field) = (error.code.as_deref(), error.field.as_deref());
                self.push(code.map(keep), field.map(keep), keep(&error.message));
                if let (Some(pushed), Some((kind, value))) = (self.out.last_mut(), &error.key) {
                    pushed.key = pushed.key.or(Some(Key { kind: *kind, value: keep(value) }));
                }
            }
            return kept.is_error;
        }
        let from = self.out.len();
        let is_error = match read.body.kind {
            BodyKind::Json => self.json(unchecked(read.body.text)),
            _ => self.text(read.body.text, None, 0),
        };
        if let Some(kept) = kept
            && self.out.len() < MAX_ERRORS
        {
            let errors = AnswerErrors::of(is_error, &self.out[from..]);
            if memo.reserve(errors.bytes()) {
                // Another thread may have set the same before.
                let _same = kept.set(errors);
            }
        }
        is_error
    }

    /// Errors in a JSON answer that failed: those of the parts that failed, else what stands there as a whole.
    fn json(&mut self, answer: Value<'r>) -> bool {
        let before = self.out.len();
        self.parts_that_failed(answer, Place::Answer, 0);
        self.out.len() > before || self.value(answer, None, 0)
    }

    fn keep(&mut self, text: String) -> &'r str {
        let kept = self.arena.alloc_str(&text);
        *self.scratch = text;
        kept
    }

    /// Errors in a value that stands where errors stand; whether there were any.
    pub(crate) fn value(&mut self, value: Value<'r>, field: Option<&'r str>, level: u8) -> bool {
        let before = self.out.len();
        if level > MAX_LEVELS || before >= MAX_ERRORS {
            return false;
        }
        match value.ty {
            Type::Null | Type::Bool => {}
            Type::Number => {
                if !matches!(value.raw, "0" | "0.0" | "-0") {
                    self.push(None, field, value.raw);
                }
            }
            Type::String => {
                let text = self.string(value);
                self.text(text, field, level);
            }
            Type::Array => value.elements(|element| {
                // A warning between errors is none.
                let advice =
                    element.ty == Type::Object && Statement::of(element, self.names).is_advice();
                if !advice {
                    let before = self.out.len();
                    self.value(element, field, level + 1);
                    if self.source == ErrorSource::Response && element.ty == Type::Object {
                        self.name_row(element, before);
                    }
                }
                self.out.len() < MAX_ERRORS
            }),
            Type::Object => self.object(value, field, level),
        }
        self.out.len() > before
    }

    /// `name` below `field`. A path is cut at [`NAME_BYTES`]: each of very many errors may have
    /// one of its own.
    pub(crate) fn join(&mut self, field: Option<&'r str>, name: &'r str) -> &'r str {
        let mut path = match field {
            Some(field) if field.len() >= NAME_BYTES => return field,
            Some(field) => format!("{field}."),
            None => String::new(),
        };
        unescape(name, &mut path);
        path.truncate(path.floor_char_boundary(NAME_BYTES));
        self.arena.alloc_str(&path)
    }

    /// There are as many errors as are kept.
    pub(crate) fn is_full(&self) -> bool {
        self.out.len() >= MAX_ERRORS
    }

    pub(crate) fn push(&mut self, code: Option<&'r str>, field: Option<&'r str>, message: &'r str) {
        self.out.push(ErrorText {
            code,
            field,
            message,
            source: self.source,
            key: self.key,
            cut: self.cut,
        });
    }
}

/// The JSON at the end of a text, a word of its own.
fn tail(text: &str) -> Option<Value<'_>> {
    let text = text.trim_end_matches(['"', '.', ' ']);
    if !text.ends_with(['}', ']']) {
        return None;
    }
    let from = text.find("[{").into_iter().chain(text.find("{\"")).min()?;
    let (head, json) = text.split_at(from);
    let apart = head.ends_with(|c: char| c.is_whitespace() || matches!(c, ':' | '"' | '\''));
    Value::of(json).filter(|_| apart)
}

/// Marks the errors of a body that was cut which are cut themselves: those in whose last word the body ends.
/// The title of a page, for example, is whole. Half a code names nothing and is dropped.
pub(crate) fn mark_cut(errors: &mut [ErrorText<'_>], body: &str, kind: BodyKind) {
    let json = (kind == BodyKind::Json).then(|| open_string(body));
    let end = json.as_deref().unwrap_or(body).trim_end();
    if end.is_empty() {
        for error in errors {
            error.cut = false;
        }
        return;
    }
    for error in errors {
        let word = error.message.rsplit(char::is_whitespace).next().unwrap_or_default();
        // Half an entity at the end of markup is no part of the message.
        error.cut = end.ends_with(word)
            || end.rsplit_once('&').is_some_and(|(end, entity)| {
                entity.len() < 8 && !entity.contains(';') && end.ends_with(word)
            });
        error.code = error.code.filter(|code| !end.ends_with(code));
    }
}
