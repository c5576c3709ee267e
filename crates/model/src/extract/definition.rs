//! Documents about calls that are no calls: descriptions of interfaces, environments, collections, matchers.

use crate::json::{Cursor, Type, Value};
use crate::record::{Field, FieldSide};

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum About {
    /// Calls.
    #[default]
    Calls,
    /// Requests to be made, some with saved answers.
    Collection,
    /// No calls.
    Definition,
}

/// Names at the top of a document that say that it defines something.
const DEFINITIONS: [&str; 6] =
    ["openapi", "swagger", "asyncapi", "$schema", "_postman_variable_scope", "__export_format"];

impl About {
    /// By the fields of the root of a document.
    pub(super) fn of(root: &[Field<'_>]) -> Self {
        let top = || root.iter().filter(|field| field.parent.is_none());
        if top().any(|field| DEFINITIONS.contains(&field.key)) {
            return Self::Definition;
        }
        let collection = top().any(|field| {
            field.key == "info"
                && field.value.ty == Type::Object
                && field.value.raw.contains("schema.getpostman.com")
        });
        if collection { Self::Collection } else { Self::Calls }
    }
}

/// Whether a record says that it is an entry of another kind than a call.
pub(super) fn is_other_entry(fields: &[Field<'_>]) -> bool {
    const KINDS: [&str; 14] = [
        "query",
        "cache",
        "job",
        "model",
        "view",
        "event",
        "log",
        "mail",
        "notification",
        "redis",
        "command",
        "schedule",
        "gate",
        "dump",
    ];
    fields.iter().any(|field| {
        field.key == "type"
            && field.side == FieldSide::Record
            && KINDS.contains(&field.value.inner())
    })
}

/// Whether the request of a record is a pattern that requests are held against.
pub(super) fn is_pattern(fields: &[Field<'_>]) -> bool {
    const PATTERNS: [&str; 5] =
        ["urlPattern", "urlPathPattern", "urlPathTemplate", "bodyPatterns", "bodyPattern"];
    fields.iter().filter(|field| field.side == FieldSide::Request).any(|field| {
        (field.key.len() > 9 && PATTERNS.contains(&field.key))
            || matches!(field.value.ty, Type::Object | Type::Array) && has_matcher(field.value, 4)
    })
}

/// Whether a matcher stands at the beginning of a value. Nothing behind that is looked at.
fn has_matcher(value: Value<'_>, levels: u8) -> bool {
    const MATCHERS: [&str; 9] = [
        "matcher",
        "equalTo",
        "matches",
        "doesNotMatch",
        "doesNotContain",
        "equalToJson",
        "equalToXml",
        "matchesJsonPath",
        "matchesXPath",
    ];
    let mut cursor = Cursor::new(value.raw);
    for _ in 0..levels {
        match cursor.peek() {
            Ok(Type::Object) if cursor.enter().is_ok() => match cursor.key(true) {
                Ok(Some(name)) if MATCHERS.contains(&name) => return true,
                Ok(Some(_)) => {}
                _ => return false,
            },
            Ok(Type::Array) if cursor.enter().is_ok() => {}
            _ => return false,
        }
    }
    false
}
