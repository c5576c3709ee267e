//! Strings that hold JSON.

use crate::json::{Type, Value};

/// A string that holds a JSON object or list.
pub(crate) fn is_json_text(value: Value<'_>) -> bool {
    value.ty == Type::String
        && matches!(
            value.inner().trim_start().as_bytes(),
            [b'{' | b'[', ..] | [b'\\', b'"', b'{' | b'[' | b'\\', ..]
        )
}

/// The JSON in a string, escaped as it stands: the whole string, or what ends a line of a log behind its time and
/// level.
pub(crate) fn json_part(value: Value<'_>) -> Option<&str> {
    /// Bytes that may stand before the JSON of a line.
    const MAX_HEAD: usize = 200;
    if is_json_text(value) {
        return Some(value.inner());
    }
    let inner = value.inner();
    if value.ty != Type::String || inner.len() < 40 {
        return None;
    }
    let line = inner.trim_end_matches("\\n").trim_end_matches("\\r").trim_end();
    if !line.ends_with('}') {
        return None;
    }
    let head = &line.as_bytes()[..line.len().min(MAX_HEAD)];
    let at = memchr::memmem::find(head, b"{\\\"")?;
    Some(&line[at..])
}
