//! One error object: which member is its text, its code, its field, its details.

use super::names::Says;
use super::statement::Statement;
use super::text::{fill, is_summary, text_in_language};
use crate::exchange::cut;
use crate::failure::ErrorCollector;
use crate::json::{Type, Value};
use crate::roles::Role;
use crate::scalar::{http_status, integer};

/// What is added to the score of a text that is only a summary.
const SUMMARY: u8 = 4;

/// The members of an error object by what they mean.
#[derive(Default)]
struct ErrorParts<'r> {
    /// The best text so far and its score, lower is better.
    text: Option<(u8, Value<'r>)>,
    code: Option<(u8, Value<'r>)>,
    field: Option<Value<'r>>,
    /// What is to be filled into the text.
    parameters: Option<Value<'r>>,
    nested: bool,
    /// A list or map of errors is among the members: the others are no fields with errors.
    errors: bool,
}

impl<'r> ErrorCollector<'_, 'r> {
    /// Errors in an object that stands where errors stand.
    pub(crate) fn object(&mut self, object: Value<'r>, field: Option<&'r str>, level: u8) {
        if let Some(text) = text_in_language(object) {
            self.value(text, field, level + 1);
            return;
        }
        let parts = self.parts(object);
        let before = self.out.len();
        let code = parts.code.map(|(_, value)| cut(self.string(value)));
        if parts.text.is_none() && !parts.errors && !(parts.nested && parts.code.is_some()) {
            self.map(object, field, level);
        } else {
            let named = match parts.field {
                Some(value) => self.field_of(value).or(field),
                None => field,
            };
            if parts.nested {
                let outer = self.headed;
                self.headed |= parts.text.is_some();
                let summary = parts
                    .text
                    .is_none_or(|(score, text)| score >= SUMMARY && is_summary(text.inner()));
                self.details(object, named, summary, code, level);
                self.headed = outer;
            }
            let text = parts.text.map(|(_, text)| match parts.parameters {
                Some(parameters) if text.ty == Type::String => {
                    let filled = fill(self.string(text), parameters);
                    filled.map_or(text, |filled| {
                        let raw =
                            self.arena.alloc_str(&serde_json::Value::from(filled).to_string());
                        Value { raw, ..text }
                    })
                }
                _ => text,
            });
            if self.out.len() > before {
                // A detail that repeats the headline has the code of the headline, which is the surer one.
                let text = text.map(|text| text_in_language(text).unwrap_or(text));
                if let (Some(text), Some(code)) = (text.filter(|t| t.ty == Type::String), code) {
                    let headline = self.string(text);
                    for error in self.out[before..].iter_mut().filter(|e| e.message == headline) {
                        error.code = Some(code);
                    }
                }
                return;
            }
            if let Some(text) = text {
                self.value(text, named, level + 1);
                for error in &mut self.out[before..] {
                    error.code = error.code.or(code);
                }
            }
        }
        // A code that stands alone is all that there is to show.
        if self.out.len() == before
            && level > 1
            && !self.headed
            && let Some(code) = code.filter(|code| code.bytes().any(|b| b.is_ascii_alphabetic()))
        {
            let named = parts.field.and_then(|value| self.field_of(value)).or(field);
            self.push(Some(code), named, code);
        }
    }

    /// The errors in the details of an error object. `summary`: its text only says that something went wrong, so
    /// the cause is what a person wants to read.
    fn details(
        &mut self,
        object: Value<'r>,
        field: Option<&'r str>,
        summary: bool,
        code: Option<&'r str>,
        level: u8,
    ) {
        object.members(|name, value| {
            let known = self.names.in_answer(name);
            let nested = is_nested(known.says, known.role, name, value);
            if nested && (summary || !holds_causes(name)) {
                let outer = self.beside;
                self.beside |= name_contains(name, &["inner", "cause"])
                    || !(known.holds_errors()
                        || matches!(known.says, Says::Text(_) | Says::Failed)
                        || name_contains(name, DETAILS));
                let before = self.out.len();
                self.value(value, field, level + 1);
                self.beside = outer;
                // Mere texts have the code that stands beside their list.
                if summary && value.ty == Type::Array && holds_only_strings(value) {
                    for error in &mut self.out[before..] {
                        error.code = error.code.or(code);
                    }
                }
            }
            true
        });
    }

    /// Sorts the members of an object that may be an error: text, code, field, details.
    fn parts(&mut self, object: Value<'r>) -> ErrorParts<'r> {
        let mut parts = ErrorParts::default();
        object.members(|name, value| {
            let known = self.names.in_answer(name);
            let is_text = || match value.ty {
                Type::String => !value.inner().trim().is_empty(),
                _ => text_in_language(value).is_some(),
            };
            let score = match known.says {
                Says::ErrorText => Some(0),
                Says::Text(_) => Some(message_score(name)),
                // `"error": "invalid_grant"` is a code where a description stands beside it.
                Says::Errors if value.ty == Type::String => {
                    Some(if value.inner().contains(' ') { 3 } else { 7 })
                }
                Says::Exception => Some(8),
                _ => None,
            };
            if let Some(score) = score.filter(|_| is_text()) {
                let summary = value.ty == Type::String && is_summary(value.inner());
                let score = score + if summary { SUMMARY } else { 0 };
                if parts.text.is_none_or(|(best, _)| score < best) {
                    parts.text = Some((score, value));
                }
            }
            if let Some(score) = code_score(known.says, known.role, name, value)
                && (is_code(value) || (score == 0 && value.ty == Type::Number && value.raw != "0"))
                && parts.code.is_none_or(|(best, _)| score < best)
            {
                parts.code = Some((score, value));
            }
            if name == "extensions" {
                value.members(|name, inner| {
                    if is_code(inner)
                        && parts.code.is_none_or(|(best, _)| best > 3)
                        && ["code", "errorCode", "error_code"].contains(&name)
                    {
                        parts.code = Some((3, inner));
                    }
                    true
                });
            }
            let is_field = match known.role {
                Role::Field if name == "location" => {
                    value.ty == Type::String && value.inner() != "Authorization"
                }
                // `"source": "UPS"` is no place in a document, `{"pointer": ..}` is one.
                Role::Field if name == "source" => {
                    value.ty != Type::String || value.inner().starts_with(['/', '$', '#'])
                }
                _ if name == "fields" => value.ty == Type::Array && holds_only_strings(value),
                Role::Field => !value.is_empty(),
                // `"path": ["items", 0, "price"]`
                Role::Url => name == "path" && value.ty == Type::Array && !value.is_empty(),
                _ => false,
            };
            if is_field && parts.field.is_none() {
                parts.field = Some(value);
            }
            if ["parameters", "params", "arguments", "args", "messageParameters", "placeholders"]
                .contains(&name)
                && matches!(value.ty, Type::Array | Type::Object)
            {
                parts.parameters = Some(value);
            }
            let nested = is_nested(known.says, known.role, name, value);
            parts.nested |= nested;
            parts.errors |= nested && known.says == Says::Errors;
            true
        });
        // OAuth: `error` is the code where a description stands beside it.
        if let Some((_, text)) = parts.text
            && parts.code.is_none()
        {
            object.members(|name, value| {
                if self.names.in_answer(name).says == Says::Errors
                    && value.ty == Type::String
                    && value.raw.len() > 2
                    && value.raw.as_ptr() != text.raw.as_ptr()
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
        let before = self.out.len();
        // What states that it failed is no mere map: what speaks of errors comes first.
        if Statement::of(object, self.names).is_stated() {
            self.entries(object, field, true, level);
        }
        if self.out.len() == before {
            self.entries(object, field, false, level);
        }
    }

    /// The errors in the members of a map; `surely`: only of those whose names speak of errors.
    fn entries(&mut self, object: Value<'r>, field: Option<&'r str>, surely: bool, level: u8) {
        object.members(|name, value| {
            let known = self.names.in_answer(name);
            if known.says == Says::Aside
                && (self.beside || starts_with_any(name, &["warn", "uyari"]))
            {
                return true;
            }
            let says_error = known.holds_errors()
                || known.says == Says::Failed
                || (known.says == Says::Status && value.ty == Type::Object)
                || (matches!(known.says, Says::Text(_)) && says_message(name, value))
                || matches!(
                    known.role,
                    Role::Items | Role::Body | Role::ResponseBody | Role::Response
                );
            if surely && !says_error {
                return true;
            }
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
                            && !matches!(
                                known.role,
                                Role::Start | Role::End | Role::Key(..) | Role::Url
                            ))
                    {
                        self.value(value, inner, level + 1);
                    }
                }
                Type::Array | Type::Object => {
                    self.value(value, inner, level + 1);
                }
                _ => {}
            }
            !self.is_full()
        });
    }

    /// The field that an error names: a string, the last part of a pointer, a path as a list.
    fn field_of(&mut self, value: Value<'r>) -> Option<&'r str> {
        match value.ty {
            Type::String => {
                let text = self.string(value);
                let text = text
                    .strip_prefix("/data/attributes/")
                    .unwrap_or(text)
                    .trim_start_matches(['/', '$', '.', '#']);
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
                    if self.names.in_answer(name).role == Role::Field && inner.ty == Type::String {
                        found = self.field_of(inner);
                    }
                    found.is_none()
                });
                found
            }
            _ => None,
        }
    }
}

/// How sure a name is that of a code; lower is surer.
fn code_score(says: Says, role: Role, name: &str, value: Value<'_>) -> Option<u8> {
    let is = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
    let token = || !value.inner().contains(' ') && value.ty == Type::String;
    match says {
        Says::ErrorCode => Some(0),
        Says::ResultCode => Some(1),
        // `"number": "849"` of a BAPI.
        _ if is(&["number"]) => (value.inner().len() <= 4
            && value.inner().bytes().all(|b| b.is_ascii_digit()))
        .then_some(6),
        Says::Code if is(&["issue"]) => token().then_some(2),
        Says::Code if is(&["category"]) => token().then_some(5),
        Says::Code => Some(1),
        // `type`, `__type`, `@type`
        Says::Severity if is_type(name) => (value.inner().len() > 1).then_some(3),
        // `"statusCode": "DUPLICATE_VALUE"`
        Says::HttpStatus => (token() && integer(value).is_none()).then_some(1),
        Says::Text(_) if is(&["reason"]) => token().then_some(4),
        _ => match role {
            Role::ReasonType => Some(2),
            Role::ExceptionClass => Some(4),
            _ if is(&["name"]) => (token() && names_an_error(value.inner())).then_some(5),
            _ => None,
        },
    }
}

fn is_type(name: &str) -> bool {
    name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).eq_ignore_ascii_case("type")
}

/// `UNPROCESSABLE_ENTITY`, `ValidationError`.
fn names_an_error(text: &str) -> bool {
    let shouts = text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit());
    (shouts && text.contains('_')) || text.ends_with("Error") || text.ends_with("Exception")
}

/// A value that may be a code: no address, not zero.
fn is_code(value: Value<'_>) -> bool {
    match value.ty {
        Type::String => {
            value.raw.len() > 2
                && !value.inner().contains("://")
                && !["about:blank", "error", "E", "ERROR", "fail", "0"].contains(&value.inner())
        }
        Type::Number => {
            integer(value) != Some(0) && !(100..400).contains(&http_status(value).unwrap_or(0))
        }
        _ => false,
    }
}

fn holds_only_strings(array: Value<'_>) -> bool {
    let mut only = !array.is_empty();
    array.elements(|element| {
        only &= element.ty == Type::String;
        only
    });
    only
}

/// Whether a member of a map of fields is a message itself: `message`, or a text under `resultMessage`.
fn says_message(name: &str, value: Value<'_>) -> bool {
    message_score(name) < 3 && (is_message_name(name) || value.ty == Type::String)
        || ["reasons", "validationResults", "validationMessages"].contains(&name)
        || (value.ty == Type::String
            && ["reason", "explanation"].iter().any(|end| {
                name.len() > end.len()
                    && name.is_char_boundary(name.len() - end.len())
                    && name[name.len() - end.len()..].eq_ignore_ascii_case(end)
            }))
}

fn is_message_name(name: &str) -> bool {
    ["message", "mesaj", "messages", "mesajlar", "msg", "detail", "details", "detay"]
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word))
}

/// How sure a message's name is; from 5 up it may as well be a business field.
pub(crate) fn message_score(name: &str) -> u8 {
    let is = |words: &[&str]| words.iter().any(|w| name.eq_ignore_ascii_case(w));
    let ends = |words: &[&str]| {
        words.iter().any(|end| {
            name.len().checked_sub(end.len()).is_some_and(|from| {
                name.get(from..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
            })
        })
    };
    if is(&["message", "mesaj", "messages", "mesajlar", "msg"]) {
        1
    } else if is(&["detail", "details", "detay", "longtext", "resultText", "statxt"])
        || ends(&["message", "msg", "mesaj", "mesaji", "mesajı", "detailedDescription"])
    {
        2
    } else if is(&["aciklama", "description", "açıklama"]) {
        5
    } else if is(&["title"]) {
        6
    } else {
        7
    }
}

/// Details inside an error object.
fn is_nested(says: Says, role: Role, name: &str, value: Value<'_>) -> bool {
    if !matches!(value.ty, Type::Array | Type::Object)
        || value.is_empty()
        || text_in_language(value).is_some()
    {
        return false;
    }
    let holds = matches!(says, Says::Errors | Says::ErrorText | Says::Exception | Says::Text(_))
        || role == Role::Failed
        || name_contains(name, DETAILS)
        || name_contains(name, &["cause", "innererror", "innerexception"]);
    holds
        || ["body", "data", "extensions", "response", "result", "response_metadata"].contains(&name)
        || (name == "fields" && !holds_only_strings(value))
}

/// Parts of names of details behind a summary: `additionalDetails`, `violations`, `invalid-params`.
pub(super) const DETAILS: &[&str] =
    &["detail", "violation", "issue", "invalid", "validation", "modelstate", "problem", "detay"];

/// Whether the cause of an error stands in a member: where the error has a text of its own, that is told.
fn holds_causes(name: &str) -> bool {
    name_contains(name, &["caused", "rootcause", "root_cause", "innerexception", "previous"])
}

pub(super) fn name_contains(name: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| {
        name.as_bytes().windows(part.len()).any(|w| w.eq_ignore_ascii_case(part.as_bytes()))
    })
}

fn starts_with_any(name: &str, words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| name.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
}
