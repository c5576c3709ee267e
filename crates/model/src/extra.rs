//! The fields of a record that no column carries.

use crate::exchange::Exchange;
use crate::json::{Type, Value, string_end};
use crate::payload::facts;
use crate::record::{Field, FieldSide, RoleOrigin};
use crate::roles::Role;
use crate::slots::Slots;

/// Writes these fields as one JSON object, those inside request or response with the name of the object
/// that holds them in front. Writes nothing when all are carried.
pub(crate) fn write(fields: &[Field<'_>], slots: &Slots<'_>, x: &Exchange<'_>, out: &mut String) {
    out.clear();
    let mut hidden_below: Option<u16> = None;
    for (at, field) in fields.iter().enumerate() {
        // Members of an object that is shown or carried whole.
        if let (Some(parent), Some(top)) = (field.parent, hidden_below)
            && parent >= top
        {
            continue;
        }
        hidden_below = None;
        let carried = slots.carried.has(at) || field.origin == RoleOrigin::GivenPath;
        if field.entered && !carried {
            hidden_below = Some(at as u16);
        }
        let is_log_id = field.role == Role::Id
            && x.log_id.is_some()
            && slots.log_id == slots.id
            && slots.id == Some(field.value.inner());
        if carried && field.entered {
            // A body that was taken whole hides its members; an envelope does not.
            if is_body(field, slots) {
                hidden_below = Some(at as u16);
            }
            continue;
        }
        if carried && field.value.ty == Type::Object && is_unpacked(field, x) {
            facts(field.value, |name, value| {
                out.push_str(if out.is_empty() { "{\"" } else { ",\"" });
                out.extend([field.key, ".", name, "\":"]);
                push_strict(value.raw, out);
            });
            continue;
        }
        if carried
            || is_log_id
            || field.role == Role::Doubled
            || (field.value.is_empty() && field.value.ty != Type::String)
        {
            continue;
        }
        out.push_str(if out.is_empty() { "{\"" } else { ",\"" });
        if let Some(parent) = field.parent.map(|p| &fields[usize::from(p)])
            && field.side != FieldSide::Record
        {
            out.push_str(parent.key);
            out.push('.');
        }
        out.push_str(field.key);
        out.push_str("\":");
        push_strict(field.value.raw, out);
    }
    if !out.is_empty() {
        out.push('}');
    }
}

/// Appends a value with `NaN`, `Infinity` and `-Infinity` as texts: they are no JSON, and what reads `extra` is strict.
fn push_strict(mut raw: &str, out: &mut String) {
    const WORDS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    if raw.starts_with('"') {
        return out.push_str(raw);
    }
    while let Some(at) = memchr::memchr3(b'"', b'N', b'I', raw.as_bytes()) {
        let rest = &raw[at..];
        if rest.starts_with('"') {
            let end = string_end(rest.as_bytes(), 1).unwrap_or(rest.len());
            out.push_str(&raw[..at + end]);
            raw = &rest[end..];
            continue;
        }
        let signed = at - usize::from(raw[..at].ends_with('-'));
        let word = WORDS.iter().find(|word| raw[signed..].starts_with(**word));
        let (word, from) = word.map_or((&rest[..1], at), |word| (*word, signed));
        out.push_str(&raw[..from]);
        let quote = if word.len() > 1 { "\"" } else { "" };
        out.extend([quote, word, quote]);
        raw = &raw[from + word.len()..];
    }
    out.push_str(raw);
}

/// The field is the wrapper of a body.
fn is_unpacked(field: &Field<'_>, x: &Exchange<'_>) -> bool {
    matches!(field.role, Role::RequestBody | Role::ResponseBody | Role::Body)
        && ![x.request, x.response]
            .into_iter()
            .flatten()
            .any(|body| std::ptr::eq(body.text.as_ptr(), field.value.raw.as_ptr()))
}

fn is_body(field: &Field<'_>, slots: &Slots<'_>) -> bool {
    let same =
        |value: Option<Value<'_>>| value.is_some_and(|v| std::ptr::eq(v.raw, field.value.raw));
    same(slots.request) || same(slots.response)
}

#[cfg(test)]
mod tests {
    use super::push_strict;

    #[test]
    fn what_is_no_json_becomes_a_text() {
        let check = |raw: &str, strict: &str| {
            let mut out = String::new();
            push_strict(raw, &mut out);
            assert_eq!(out, strict);
        };
        check("NaN", r#""NaN""#);
        check(
            r#"{"NaN":[NaN, -Infinity,Infinity],"a\"NaN":"I am NaN"}"#,
            r#"{"NaN":["NaN", "-Infinity","Infinity"],"a\"NaN":"I am NaN"}"#,
        );
        check(r#""Infinity""#, r#""Infinity""#);
        check("-1.5e3", "-1.5e3");
    }
}
