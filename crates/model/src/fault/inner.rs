//! A text inside a text: the content of a message that is itself XML, HTML, JSON or a stack trace.

use serde_json::Value;

use super::hits::{Draft, Hits};
use super::names::{self, Role};
use super::{TextKind, kind, plain, read_any, trace, trimmed};

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
        TextKind::Empty => return false,
        TextKind::Xml | TextKind::Html if levels > 0 => {
            read_any(text, levels - 1, hits);
            if hits.len() > mark {
                hits.adopt(mark, draft.at, draft.code);
                return true;
            }
        }
        TextKind::Json if text.len() <= JSON_MAX => {
            if let Ok(value) = serde_json::from_str::<Value>(text)
                && let Some(message) = message_of(&value, JSON_DEPTH)
            {
                let code = draft.code.or(code_of(&value));
                return hits.add(&Draft { code, message, ..*draft });
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

/// The best message of a JSON error, wherever it stands.
pub(super) fn message_of(value: &Value, depth: u8) -> Option<&str> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(text) => (!text.trim().is_empty()).then_some(text),
        Value::Array(values) => values.iter().find_map(|value| message_of(value, depth)),
        Value::Object(fields) => {
            let mut best: Option<(u8, &str)> = None;
            for (name, value) in fields {
                let rank = match names::role(name) {
                    Role::Message { rank, .. } => rank,
                    Role::Error | Role::Fault => 1,
                    Role::Reason | Role::Text => 4,
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
        matches!(names::role(name), Role::Code { strong: true, .. })
            .then(|| value.as_str())
            .flatten()
    })
}

/// Like [`add`] for a text without code and field of its own: of plain text only the first line.
pub(super) fn add_line(text: &str, levels: u8, hits: &mut Hits<'_>) -> bool {
    let plain = kind(text) == TextKind::Text && trace::read(text).is_none();
    let message = if plain { plain::first_line(text) } else { text };
    add(&Draft { message, ..Draft::default() }, levels, hits)
}
