//! Objects whose values name their types, as exports of key-value and document stores write them:
//! `{"sku": {"S": "A-1"}, "request": {"M": {..}}}`, `{"fields": {"request": {"mapValue": {"fields": {..}}}}}`.

use crate::json::{Cursor, Type, Value};
use crate::record::Field;

/// How many levels are rewritten; what is deeper stays as it stands.
const MAX_LEVELS: u8 = 64;

/// The object with plain values; `None` when none of these fields holds typed members or elements, since scalars
/// are read in any case.
pub(super) fn untyped(object: Value<'_>, fields: &[Field<'_>]) -> Option<String> {
    let typed = |field: &Field<'_>| field.value.ty == Type::Object && is_nested(field.value);
    if !fields.iter().any(typed) {
        return None;
    }
    let mut plain = String::with_capacity(object.raw.len());
    write(object, MAX_LEVELS, &mut plain);
    Some(plain)
}

/// Whether an object begins as a typed map or list.
fn is_nested(object: Value<'_>) -> bool {
    let mut cursor = Cursor::new(object.raw);
    let name = cursor.enter().ok().and_then(|()| cursor.key(true).ok()?);
    let nested = match cursor.peek() {
        Ok(Type::Object) => matches!(name, Some("M" | "mapValue" | "arrayValue")),
        Ok(Type::Array) => name == Some("L"),
        _ => false,
    };
    nested && is_alone(object)
}

fn is_alone(object: Value<'_>) -> bool {
    let mut members = 0;
    object.members(|_, _| {
        members += 1;
        members < 2
    });
    members == 1
}

/// Writes a value without the names of types.
fn write(value: Value<'_>, levels: u8, out: &mut String) {
    if levels == 0 || !matches!(value.ty, Type::Object | Type::Array) {
        return out.push_str(value.raw);
    }
    if value.ty == Type::Array {
        let mut mark = '[';
        value.elements(|element| {
            out.push(mark);
            write(element, levels - 1, out);
            mark = ',';
            true
        });
        return out.push_str(if mark == '[' { "[]" } else { "]" });
    }
    if is_alone(value) {
        let mut typed = None;
        value.members(|name, inner| {
            typed = Some((name, inner));
            false
        });
        if let Some((name, inner)) = typed
            && write_typed(name, inner, levels, out)
        {
            return;
        }
    }
    let mut mark = '{';
    value.members(|name, member| {
        out.extend([mark.encode_utf8(&mut [0; 4]), "\"", name, "\":"]);
        write(member, levels - 1, out);
        mark = ',';
        true
    });
    out.push_str(if mark == '{' { "{}" } else { "}" });
}

/// Writes a value behind the name of its type; whether it is such a name.
fn write_typed(name: &str, value: Value<'_>, levels: u8, out: &mut String) -> bool {
    let number = || {
        let text = value.inner();
        Value::of(text).filter(|value| value.ty == Type::Number)
    };
    match (name, value.ty) {
        (
            "S" | "B" | "stringValue" | "timestampValue" | "referenceValue" | "bytesValue",
            Type::String,
        ) => {
            out.push_str(value.raw);
        }
        ("N" | "integerValue" | "doubleValue", Type::String | Type::Number) => {
            out.push_str(number().map_or(value.raw, |number| number.raw));
        }
        ("BOOL" | "booleanValue", Type::Bool) => out.push_str(value.raw),
        ("NULL", Type::Bool) | ("nullValue", Type::Null) => out.push_str("null"),
        ("M", Type::Object) | ("L", Type::Array) => write(value, levels - 1, out),
        ("mapValue" | "arrayValue", Type::Object) => {
            let before = out.len();
            value.members(|name, inner| {
                if matches!(name, "fields" | "values") {
                    write(inner, levels - 1, out);
                }
                out.len() == before
            });
            if out.len() == before {
                out.push_str(if name == "mapValue" { "{}" } else { "[]" });
            }
        }
        _ => return false,
    }
    true
}
