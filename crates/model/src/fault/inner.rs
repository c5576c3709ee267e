//! A text inside a text: the content of a message that is itself XML, HTML, JSON or a stack trace.
//!
//! JSON is read into a tree of `serde_json` here, not by our cursor: names are looked at many times, in the
//! order of the alphabet, and of equal names the last one counts.

use serde_json::Value;

use super::hits::{Draft, Hits};
use super::names::{self, FaultRole};
use super::{BodyKind, kind, loose_to_json, plain, python_to_json, read_any, trace, trimmed};

/// JSON inside a message is read as a tree up to this size in bytes; error texts are far smaller.
const JSON_MAX: usize = 64 * 1024;

/// How deep an error message is looked for in such JSON.
const JSON_DEPTH: u8 = 8;

/// Adds the error text that `draft.message` (decoded, not folded) stands for; code and field of the
/// draft apply unless what is inside says better. False when nothing was added.
pub(super) fn add(draft: &Draft<'_>, levels: u8, hits: &mut Hits<'_>) -> bool {
    let text = trimmed(draft.message);
    let mark = hits.len();
    match kind(text) {
        BodyKind::Empty => return false,
        BodyKind::Xml | BodyKind::Html if levels > 0 => {
            read_any(text, levels - 1, hits);
            if hits.len() > mark {
                hits.adopt(mark, draft.at, draft.code);
                return true;
            }
        }
        BodyKind::Json if text.len() <= JSON_MAX => {
            if let Some(value) = tree(text)
                && add_tree(draft, &value, hits)
            {
                return true;
            }
        }
        _ => {}
    }
    if let Some(trace) = trace::read(text) {
        let code = draft.code.or(trace.code);
        return hits.add(&Draft {
            code,
            lead: trace.lead,
            message: trace.message,
            exception: true,
            ..*draft
        });
    }
    hits.add(&Draft { message: text, ..*draft })
}

/// The tree of a text that is JSON or that one of our readers can make JSON.
fn tree(text: &str) -> Option<Value> {
    let mut json = String::new();
    serde_json::from_str(text).ok().or_else(|| {
        let made = python_to_json(text, &mut json) || loose_to_json(text, &mut json);
        made.then(|| serde_json::from_str(&json).ok()).flatten()
    })
}

/// Adds the message of a JSON error, or the messages of its fields (`{"price": ["too low"]}`).
fn add_tree(draft: &Draft<'_>, value: &Value, hits: &mut Hits<'_>) -> bool {
    if let Some(message) = message_of(value, JSON_DEPTH) {
        let code = draft.code.or(code_of(value));
        return hits.add(&Draft { code, message, ..*draft });
    }
    let Some(fields) = value.as_object() else { return false };
    let mut added = false;
    for (name, messages) in fields {
        for message in messages.as_array().into_iter().flatten().filter_map(Value::as_str) {
            added |= hits.add(&Draft { field: Some(name), message, ..*draft });
        }
    }
    added
}

/// Adds the error of a JSON answer that stands in an element of XML; true when it holds one.
pub(super) fn add_answer(text: &str, hits: &mut Hits<'_>) -> bool {
    if text.len() > JSON_MAX {
        return false;
    }
    let Some(value) = tree(text) else { return false };
    let Some(failing) = failing(&value, 2) else { return false };
    add_tree(&Draft::default(), failing, hits);
    true
}

/// Adds an exception as Python shows it, `ValidationError({'price': [...]})`, when what it holds
/// says more than its text.
pub(super) fn add_shown(text: &str, class: Option<&str>, hits: &mut Hits<'_>) -> bool {
    let draft = Draft { code: class, exception: true, ..Draft::default() };
    text.len() <= JSON_MAX && tree(text).is_some_and(|value| add_tree(&draft, &value, hits))
}

/// The object of an answer that says by a flag, a code, an error or the name of a message that it
/// failed: the answer itself or, one level down, what it wraps (`{"d": {...}}`).
fn failing(value: &Value, levels: u8) -> Option<&Value> {
    let (fields, below) = (value.as_object()?, levels.checked_sub(1)?);
    let mut wrapped = None;
    let (mut failed, mut succeeded, mut named) = (false, false, false);
    for (name, value) in fields {
        let word = match value {
            Value::Null => continue,
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Array(values) => {
                named |= names::role(name) == FaultRole::Error && !values.is_empty();
                continue;
            }
            Value::Object(fields) => {
                named |= names::role(name) == FaultRole::Error && !fields.is_empty();
                wrapped = wrapped.or_else(|| failing(value, below));
                continue;
            }
        };
        let (yes, no) = (names::is_true(&word), names::is_false(&word) || word.trim().is_empty());
        let well = names::is_success_word(&word);
        match names::role(name) {
            FaultRole::Success => {
                failed |= no;
                succeeded |= yes;
            }
            FaultRole::Failure => failed |= yes,
            FaultRole::Verdict | FaultRole::Status => {
                failed |= names::is_failure_word(&word);
                succeeded |= well;
            }
            FaultRole::Error
            | FaultRole::Message { strong: true, .. }
            | FaultRole::Code { strong: true, .. } => {
                named |= !no && !well;
            }
            _ => {}
        }
    }
    let itself = failed || (named && !succeeded);
    if itself { Some(value) } else { wrapped }
}

/// The best message of a JSON error, wherever it stands.
fn message_of(value: &Value, depth: u8) -> Option<&str> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(text) => (!text.trim().is_empty()).then_some(text),
        Value::Array(values) => values.iter().find_map(|value| message_of(value, depth)),
        Value::Object(fields) => {
            let mut best: Option<(u8, &str)> = None;
            for (name, value) in fields {
                let rank = match names::role(name) {
                    FaultRole::Message { rank, .. } => rank,
                    FaultRole::Error | FaultRole::Fault => 1,
                    FaultRole::Reason | FaultRole::Text => 4,
                    _ => continue,
                };
                if best.is_none_or(|(best, _)| rank < best)
                    && let Some(text) = message_of(value, depth)
                {
                    best = Some((rank, text));
                }
            }
            best.map(|(_, text)| text)
        }
        _ => None,
    }
}

/// The code of a JSON error, at its top only.
fn code_of(value: &Value) -> Option<&str> {
    value.as_object()?.iter().find_map(|(name, value)| {
        matches!(names::role(name), FaultRole::Code { strong: true, .. })
            .then(|| value.as_str())
            .flatten()
    })
}

/// Like [`add`] for a text without code and field of its own: of plain text only the first line.
pub(super) fn add_line(text: &str, levels: u8, hits: &mut Hits<'_>) -> bool {
    let plain = kind(text) == BodyKind::Text && trace::read(text).is_none();
    let message = if plain { plain::first_line(text) } else { text };
    add(&Draft { message, ..Draft::default() }, levels, hits)
}
