//! The fields of a record that no column carries.

use crate::exchange::Exchange;
use crate::json::{Type, Value, push_escaped};
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
                out.extend([field.key, ".", name, "\":", value.raw]);
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
        match field.value.ty {
            // `NaN` is no JSON; what reads `extra` is strict.
            Type::Number if field.value.raw.ends_with(['N', 'y']) => {
                out.push('"');
                push_escaped(field.value.raw, out);
                out.push('"');
            }
            _ => out.push_str(field.value.raw),
        }
    }
    if !out.is_empty() {
        out.push('}');
    }
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
