//! A look ahead: whether a value holds records.

use bumpalo::Bump;

use super::{Walk, is_json_text};
use crate::json::{Cursor, Type, Value, unescape};
use crate::record::{FieldSide, push_pairs, scan};
use crate::slots::{REQUEST, RESPONSE, Slots};

impl Walk<'_> {
    /// Whether something in a value is a record, looking at the first few of everything.
    pub(super) fn holds(&mut self, value: Value<'_>, depth: u8) -> bool {
        if depth == 0 {
            return false;
        }
        let (mut found, mut seen) = (false, 0);
        match value.ty {
            Type::Array => {
                for_elements(value.raw, |element| {
                    found = match element.ty {
                        Type::Object => self.is_record(element) || self.holds(element, depth - 1),
                        Type::Array => self.is_pairs(element) || self.holds(element, depth - 1),
                        Type::String if is_json_text(element) => {
                            let mut text = String::new();
                            unescape(element.inner(), &mut text);
                            Value::of(&text).is_some_and(|inner| {
                                inner.ty == Type::Object && self.is_record(inner)
                            })
                        }
                        _ => false,
                    };
                    seen += 1;
                    !found && seen < 4
                });
                found || self.is_pairs(value)
            }
            Type::Object => {
                if self.is_record(value) {
                    return true;
                }
                for_members(value.raw, |_, member| {
                    if matches!(member.ty, Type::Object | Type::Array) {
                        seen += 1;
                        found = self.holds(member, depth - 1);
                    }
                    !found && seen < 8
                });
                found
            }
            _ => false,
        }
    }

    fn is_record(&mut self, object: Value<'_>) -> bool {
        let arena = Bump::new();
        let mut fields = self.list();
        let (mut cursor, names) = (Cursor::new(object.raw), &mut self.extractor.names);
        let read = scan(object.raw, &mut cursor, names, &mut fields);
        let given = !names.given().is_empty() && names.given().apply(&mut fields, &arena);
        let slots = Slots::of(&fields);
        let enough = sure(&slots) || given && slots.evidence != 0;
        let found = enough && (read.is_ok() || fields.len() > 2);
        self.recycle(fields);
        found
    }

    fn is_pairs(&mut self, array: Value<'_>) -> bool {
        let mut fields = self.list();
        let found =
            push_pairs(array, &mut self.extractor.names, &mut fields, FieldSide::Record, None)
                && sure(&Slots::of(&fields));
        self.recycle(fields);
        found
    }
}

/// A list is looked at as name-value pairs only if it is at most so long.
const MAX_PAIRS_BYTES: usize = 1 << 20;

/// The list at `start` when it is short and begins like name-value pairs.
pub(super) fn short_list(text: &str, start: usize) -> Option<Value<'_>> {
    let mut cursor = Cursor::at(text, start);
    cursor.enter().ok()?;
    if !cursor.element(true).ok()? || cursor.peek().ok()? != Type::Object {
        return None;
    }
    let first = cursor.value().ok()?;
    let (mut name, mut members) = (false, 0);
    first.members(|key, value| {
        name |= value.ty == Type::String
            && ["name", "key", "field", "ad", "alan", "attribute", "k", "parameter"]
                .iter()
                .any(|n| key.eq_ignore_ascii_case(n));
        members += 1;
        members < 5
    });
    if !name || members > 4 {
        return None;
    }
    let value = Cursor::at(text, start).value().ok()?;
    (value.raw.len() <= MAX_PAIRS_BYTES).then_some(value)
}

/// Enough of an exchange to be one among others.
fn sure(slots: &Slots<'_>) -> bool {
    let kinds = slots.evidence.count_ones();
    let placed = slots.key.is_some() || slots.row_num.is_some();
    kinds >= 2
        || (kinds == 1
            && (placed || slots.evidence & (REQUEST | RESPONSE) != 0 && slots.status.is_some()))
}

/// Elements of an array that may be cut at its end.
fn for_elements<'a>(raw: &'a str, each: impl FnMut(Value<'a>) -> bool) {
    Value { ty: Type::Array, raw }.elements(each);
}

/// Members of an object that may be cut at its end.
fn for_members<'a>(raw: &'a str, each: impl FnMut(&'a str, Value<'a>) -> bool) {
    Value { ty: Type::Object, raw }.members(each);
}
