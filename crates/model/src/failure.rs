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

use crate::body::BodyMember;
use crate::exchange::{BodyKind, ErrorSource, ErrorText, Key, NAME_BYTES, cut};
use crate::facts::{AnswerErrors, ReadBody};
use crate::fault;
use crate::json::{Type, Value, text_of, unescape};
use crate::key::unchecked;
use crate::members::Member;
use crate::memo::Memo;
use crate::record::{FieldSide, NameRoles};
use crate::repair::{open_string, repair};
use crate::roles::Role;
use crate::scalar::{http_status, outcome_word, truth};

/// How deep error shapes are followed. The deepest known (`OData` inner errors) nest five levels.
const MAX_LEVELS: u8 = 12;

/// Errors of one exchange at most; a bulk answer has one or two a row.
const MAX_ERRORS: usize = 100_000;

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
    beside: bool,
}

/// The members of an error object by role.
#[derive(Default)]
struct ErrorParts<'r> {
    /// The best text so far and its score, lower is better.
    text: Option<(u8, Value<'r>)>,
    code: Option<(u8, Value<'r>)>,
    field: Option<Value<'r>>,
    nested: bool,
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
        Self { arena, names, out, source, key: None, cut: false, scratch, beside: false }
    }

    /// The content of a string value: a slice of the document, or unescaped into the arena.
    pub(crate) fn string(&mut self, value: Value<'r>) -> &'r str {
        text_of(value, self.arena)
    }

    /// Errors in a text of any kind. True when the text itself says that it is an error.
    pub(crate) fn text(&mut self, text: &'r str, field: Option<&'r str>, level: u8) -> bool {
        let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
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
                key,
                cut,
            });
        });
        error || (self.source != ErrorSource::Response && self.out.len() > before)
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
        failed
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
            }
            return kept.is_error;
        }
        let from = self.out.len();
        let is_error = match read.body.kind {
            BodyKind::Json => self.value(unchecked(read.body.text), None, 0),
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
                self.value(element, field, level + 1);
                self.out.len() < MAX_ERRORS
            }),
            Type::Object => self.object(value, field, level),
        }
        self.out.len() > before
    }

    fn object(&mut self, object: Value<'r>, field: Option<&'r str>, level: u8) {
        let parts = self.parts(object);
        if parts.text.is_none() && !(parts.nested && parts.code.is_some()) {
            return self.map(object, field, level);
        }
        let named = match parts.field {
            Some(value) => self.field_of(value).or(field),
            None => field,
        };
        let before = self.out.len();
        if parts.nested {
            object.members(|name, value| {
                let role = self.names.role(FieldSide::Record, name);
                if is_nested(role, name, value) {
                    let outer = self.beside;
                    self.beside |= !holds_errors(role);
                    self.value(value, named, level + 1);
                    self.beside = outer;
                }
                true
            });
        }
        if self.out.len() > before {
            return;
        }
        let Some((_, text)) = parts.text else { return };
        let code = parts.code.map(|(_, value)| cut(self.string(value)));
        let first = self.out.len();
        self.value(text, named, level + 1);
        for error in &mut self.out[first..] {
            error.code = error.code.or(code);
        }
    }

    /// Sorts the members of an object that may be an error: text, code, field, details.
    fn parts(&mut self, object: Value<'r>) -> ErrorParts<'r> {
        let mut parts = ErrorParts::default();
        object.members(|name, value| {
            let role = self.names.role(FieldSide::Record, name);
            let text = (value.ty == Type::String && value.raw.trim_matches('"').trim() != "")
                || is_message(value);
            let mut offer = |score: u8| {
                if text && parts.text.is_none_or(|(best, _)| score < best) {
                    parts.text = Some((score, value));
                }
            };
            match role {
                Role::ErrorMessage => offer(0),
                Role::Message => offer(message_score(name)),
                Role::Errors if value.ty == Type::String => offer(3),
                Role::ExceptionMessage => offer(8),
                Role::Reason => offer(6),
                _ => {}
            }
            let scalar = matches!(value.ty, Type::String | Type::Number) && value.raw.len() > 2;
            let mut code = |score: u8| {
                if scalar
                    && !value.inner().contains("://")
                    && value.raw != "\"about:blank\""
                    && parts.code.is_none_or(|(best, _)| score < best)
                {
                    parts.code = Some((score, value));
                }
            };
            match role {
                Role::ErrorCode => code(0),
                Role::Code if name.eq_ignore_ascii_case("type") => code(3),
                Role::Code => code(1),
                Role::ReasonType => code(2),
                Role::ExceptionClass => code(4),
                Role::Field if parts.field.is_none() && !value.is_empty() => {
                    parts.field = Some(value);
                }
                _ => {}
            }
            parts.nested |= is_nested(role, name, value);
            true
        });
        // OAuth: `error` is the code where a description stands beside it.
        if parts.text.is_some_and(|(score, _)| score < 3) && parts.code.is_none() {
            object.members(|name, value| {
                let role = self.names.role(FieldSide::Record, name);
                if role == Role::Errors
                    && value.ty == Type::String
                    && value.raw.len() > 2
                    && !value.inner().contains(' ')
                {
                    parts.code = Some((5, value));
                }
                parts.code.is_none()
            });
        }
        parts
    }

    /// `{field: [..]}`: the names are fields, unless they are indexes or only say "error".
    fn map(&mut self, object: Value<'r>, field: Option<&'r str>, level: u8) {
        object.members(|name, value| {
            let role = self.names.role(FieldSide::Record, name);
            let says_error = matches!(role, Role::Errors | Role::ErrorMessage | Role::Failed)
                || (role == Role::Message && message_score(name) < 5)
                || matches!(role, Role::Items | Role::Body | Role::ResponseBody | Role::Response);
            let index = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
            let inner = if says_error || index { field } else { Some(self.join(field, name)) };
            match value.ty {
                Type::String => {
                    // A single word beside a name is data; a sentence is a message.
                    let text = value.inner().trim();
                    if says_error
                        || index
                        || (!self.beside
                            && text.contains(' ')
                            && !matches!(role, Role::Start | Role::End | Role::Key(..) | Role::Url))
                    {
                        self.value(value, inner, level + 1);
                    }
                }
                Type::Array | Type::Object => {
                    self.value(value, inner, level + 1);
                }
                _ => {}
            }
            self.out.len() < MAX_ERRORS
        });
    }

    /// `name` below `field`. A path is cut at [`NAME_BYTES`]: each of very many errors may have
    /// one of its own.
    fn join(&mut self, field: Option<&'r str>, name: &'r str) -> &'r str {
        let mut path = match field {
            Some(field) if field.len() >= NAME_BYTES => return field,
            Some(field) => format!("{field}."),
            None => String::new(),
        };
        unescape(name, &mut path);
        path.truncate(path.floor_char_boundary(NAME_BYTES));
        self.arena.alloc_str(&path)
    }

    /// The field that an error names: a string, the last part of a pointer, a path as a list.
    fn field_of(&mut self, value: Value<'r>) -> Option<&'r str> {
        match value.ty {
            Type::String => {
                let text = self.string(value);
                let text = text
                    .strip_prefix("/data/attributes/")
                    .unwrap_or(text)
                    .trim_start_matches(['/', '$', '.']);
                (!text.is_empty() && text.len() <= 200).then_some(text)
            }
            Type::Array => {
                let mut path = None;
                value.elements(|element| {
                    if element.ty == Type::String
                        && !["body", "query", "path"].contains(&element.inner())
                    {
                        path = Some(self.join(path, element.inner()));
                    }
                    true
                });
                path
            }
            Type::Object => {
                let mut found = None;
                value.members(|name, inner| {
                    if self.names.role(FieldSide::Record, name) == Role::Field
                        && inner.ty == Type::String
                    {
                        found = self.field_of(inner);
                    }
                    found.is_none()
                });
                found
            }
            _ => None,
        }
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

/// A text that stands where errors stand and says that there are none.
fn says_none(text: &str) -> bool {
    [
        "null",
        "none",
        "nil",
        "undefined",
        "false",
        "0",
        "ok",
        "success",
        "no error",
        "no errors",
        "yok",
        "hata yok",
        "n/a",
        "-",
    ]
    .iter()
    .any(|word| text.eq_ignore_ascii_case(word))
}

/// How sure a message's name is; from 5 up it may as well be a business field.
pub(crate) fn message_score(name: &str) -> u8 {
    let is = |words: &[&str]| words.iter().any(|w| name.eq_ignore_ascii_case(w));
    if is(&["message", "mesaj", "messages", "mesajlar", "msg"]) {
        1
    } else if is(&[
        "detail",
        "details",
        "detay",
        "detailedDescription",
        "longtext",
        "userMessage",
        "developerMessage",
    ]) {
        2
    } else if is(&["aciklama", "description", "açıklama"]) {
        5
    } else if is(&["title"]) {
        6
    } else {
        7
    }
}

/// `{"lang": "tr", "value": "text"}` and the like.
fn is_message(value: Value<'_>) -> bool {
    let (mut text, mut others) = (false, 0);
    value.members(|name, v| {
        match name {
            "value" | "text" | "#text" | "message" => text = v.ty == Type::String,
            "lang" | "language" | "locale" => {}
            _ => others += 1,
        }
        true
    });
    text && others == 0
}

/// Whether the name of a member says that errors stand in it.
fn holds_errors(role: Role) -> bool {
    matches!(role, Role::Errors | Role::ErrorMessage | Role::Message | Role::Failed)
}

/// Details inside an error object.
fn is_nested(role: Role, name: &str, value: Value<'_>) -> bool {
    if !matches!(value.ty, Type::Array | Type::Object) || value.is_empty() || is_message(value) {
        return false;
    }
    holds_errors(role)
        || [
            "innererror",
            "violations",
            "invalid_params",
            "invalid-params",
            "issues",
            "causes",
            "cause",
            "body",
            "data",
            "extensions",
            "validationErrors",
            "modelState",
            "ModelState",
            "response",
        ]
        .contains(&name)
}

/// What the members of a response body say of success. `Some(true)`: it failed; `Some(false)`: it
/// succeeded; `None`: they say nothing.
pub(crate) fn verdict(body: Value<'_>, names: &mut NameRoles) -> Option<bool> {
    let mut failed = None;
    body.members(|name, value| {
        let role = names.role(FieldSide::Record, name);
        failed = with_member(failed, &Member { name, role, value });
        true
    });
    failed
}

/// As [`verdict`], of a body whose outline is known.
pub(crate) fn verdict_of(members: &[BodyMember<'_>]) -> Option<bool> {
    let top = members.iter().filter(|member| member.depth == 1);
    top.fold(None, |failed, top| with_member(failed, &top.member))
}

/// As [`verdict`], of an object whose members are listed.
pub(crate) fn verdict_of_listed(members: &[Member<'_>]) -> Option<bool> {
    members.iter().fold(None, with_member)
}

/// Adds what one member says: a member that says "failed" outweighs all others.
fn with_member(before: Option<bool>, member: &Member<'_>) -> Option<bool> {
    let &Member { name, role, value } = member;
    let filled = || match value.ty {
        Type::Null | Type::Bool | Type::Number => false,
        Type::String => {
            !value.inner().trim().is_empty() && outcome_word(value.inner()) != Some(true)
        }
        _ => !value.is_empty(),
    };
    let says = match role {
        Role::Ok => truth(value).map(|flag| !flag),
        Role::Failed => {
            truth(value).or_else(|| (value.ty != Type::String && filled()).then_some(true))
        }
        Role::Errors => (truth(value) == Some(true) || filled()).then_some(true),
        Role::ErrorMessage | Role::ExceptionMessage => filled().then_some(true),
        Role::ErrorCode => {
            let text = value.inner().trim();
            let sound = ["", "null", "none", "ok", "success", "no_error"]
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word))
                || text.bytes().all(|b| b == b'0')
                || (100..400).contains(&http_status(value).unwrap_or(0));
            (!sound && matches!(value.ty, Type::String | Type::Number)).then_some(true)
        }
        // Not `status`: in an order it is the order's state, and Omnitron numbers those 100 to 550.
        Role::HttpStatus | Role::Code if http_status(value).is_some_and(|n| n >= 400) => Some(true),
        // `"sonuc": false`; the state of a product, say, may be false and all be well.
        Role::State | Role::ResponseBody
            if value.ty == Type::Bool
                && !["state", "status", "durum"].iter().any(|n| name.eq_ignore_ascii_case(n)) =>
        {
            Some(value.raw == "false")
        }
        Role::Status | Role::State | Role::ResponseBody
            if value.ty == Type::String && outcome_word(value.inner()) == Some(false) =>
        {
            Some(true)
        }
        _ => None,
    };
    match says {
        Some(says) => Some(before.unwrap_or(false) || says),
        None => before,
    }
}
