//! A look ahead: whether a value holds records.

use bumpalo::Bump;

use super::Walk;
use super::table::Table;
use crate::json::{Cursor, Type, Value, unescape};
use crate::json_text::json_part;
use crate::record::{FieldSide, push_pairs, scan};
use crate::scalar::has_scheme;
use crate::slots::{ADDRESS, REQUEST, RESPONSE, STATUS, Slots};

/// What an object has to be, by the roles of its fields.
pub(super) type IsRecord = fn(&Slots<'_>) -> bool;

/// Elements of a list that are looked at.
const MOST_ELEMENTS: u32 = 16;

/// Lists and objects in an object that are looked at.
const MOST_MEMBERS: u32 = 64;

/// Objects that are looked at until one is a record; a body without any ends the search here.
const MAX_LOOKS: u16 = 256;

impl Walk<'_> {
    /// Whether something in a value is a record by what `wanted` says, looking at the first few of everything on so
    /// many levels.
    pub(super) fn holds(&mut self, value: Value<'_>, levels: u8, wanted: IsRecord) -> bool {
        self.looks = MAX_LOOKS;
        self.holds_below(value, levels, wanted)
    }

    fn holds_below(&mut self, value: Value<'_>, levels: u8, wanted: IsRecord) -> bool {
        if levels == 0 || self.looks == 0 {
            return false;
        }
        let (mut found, mut seen) = (false, 0);
        match value.ty {
            Type::Array => {
                if Table::of_rows(value, None).is_some_and(|table| self.is_log_table(&table)) {
                    return true;
                }
                for_elements(value.raw, |element| {
                    found = match element.ty {
                        Type::Array if self.is_pairs(element, wanted) => true,
                        Type::Object | Type::Array => self.holds_below(element, levels - 1, wanted),
                        Type::String => self.text_holds(element, levels - 1, wanted),
                        _ => false,
                    };
                    seen += 1;
                    !found && seen < MOST_ELEMENTS
                });
                found || self.is_pairs(value, wanted)
            }
            Type::Object => {
                if self.is(value, wanted) {
                    return true;
                }
                for_members(value.raw, |_, member| {
                    found = match member.ty {
                        Type::Object | Type::Array => {
                            seen += 1;
                            self.holds_below(member, levels - 1, wanted)
                        }
                        Type::String => self.text_holds(member, levels - 1, wanted),
                        _ => false,
                    };
                    !found && seen < MOST_MEMBERS
                });
                found
            }
            Type::String => self.text_holds(value, levels - 1, wanted),
            _ => false,
        }
    }

    /// Whether a string holds a record, as log shippers and queues write it. Since most texts are bodies, it must
    /// be a request or an answer without doubt.
    fn text_holds(&mut self, value: Value<'_>, levels: u8, wanted: IsRecord) -> bool {
        if levels == 0 || self.looks == 0 {
            return false;
        }
        let Some(part) = json_part(value) else { return false };
        let mut text = String::new();
        unescape(part, &mut text);
        let Some(inner) = Value::of(&text) else { return false };
        match inner.ty {
            Type::Object => {
                let traffic = self.is(inner, |slots| {
                    let answered = slots.evidence & (RESPONSE | STATUS) != 0;
                    let asked = slots.evidence & (REQUEST | ADDRESS) != 0;
                    (answered && asked) || (slots.method.is_some() && slots.url.is_some())
                });
                traffic || {
                    let mut found = false;
                    inner.members(|_, member| {
                        found = matches!(member.ty, Type::Object | Type::Array | Type::String)
                            && self.holds_below(member, levels - 1, wanted);
                        !found
                    });
                    found
                }
            }
            Type::Array | Type::String => self.holds_below(inner, levels - 1, wanted),
            _ => false,
        }
    }

    /// Whether a list holds errors that were logged one by one: each has its time, and names its row or run.
    pub(super) fn are_events(&mut self, list: Value<'_>) -> bool {
        let mut first = None;
        if list.ty == Type::Array {
            list.elements(|element| {
                first = Some(element);
                false
            });
        }
        self.looks = 1;
        first.filter(|first| first.ty == Type::Object).is_some_and(|first| {
            self.is_plain(first, |slots| {
                let named = slots.key.is_some() || slots.run.is_some() || slots.log_id.is_some();
                let texts = [&slots.messages, &slots.error_texts];
                slots.started_at.is_some() && named && texts.iter().any(|texts| !texts.is_empty())
            })
        })
    }

    /// Whether most of the first elements of a list or map are what `wanted` says, or such lists themselves.
    pub(super) fn lists(&mut self, value: Value<'_>, wanted: IsRecord) -> bool {
        self.looks = MAX_LOOKS;
        self.lists_below(value, 3, wanted)
    }

    fn lists_below(&mut self, value: Value<'_>, levels: u8, wanted: IsRecord) -> bool {
        if levels == 0 {
            return false;
        }
        let (mut seen, mut calls, mut scalars) = (0, 0, 0);
        let mut take = |walk: &mut Self, element: Value<'_>| {
            let call = match element.ty {
                Type::Object => {
                    walk.is(element, wanted) || walk.lists_below(element, levels - 1, wanted)
                }
                Type::Array => walk.lists_below(element, levels - 1, wanted),
                Type::String if json_part(element).is_some() => {
                    walk.text_holds(element, 1, is_call)
                }
                _ => {
                    scalars += 1;
                    return scalars < 4;
                }
            };
            seen += 1;
            calls += u32::from(call);
            seen < 4
        };
        match value.ty {
            Type::Array => for_elements(value.raw, |element| take(self, element)),
            Type::Object => for_members(value.raw, |_, member| take(self, member)),
            _ => {}
        }
        calls * 2 > seen
    }

    /// Whether an object is what `wanted` says, or a table whose rows are records.
    pub(super) fn is(&mut self, object: Value<'_>, wanted: impl Fn(&Slots<'_>) -> bool) -> bool {
        self.judged(object, wanted, true)
    }

    /// Whether an object is what `wanted` says.
    pub(super) fn is_plain(
        &mut self,
        object: Value<'_>,
        wanted: impl Fn(&Slots<'_>) -> bool,
    ) -> bool {
        self.judged(object, wanted, false)
    }

    fn judged(
        &mut self,
        object: Value<'_>,
        wanted: impl Fn(&Slots<'_>) -> bool,
        tables: bool,
    ) -> bool {
        self.looks = self.looks.saturating_sub(1);
        let arena = Bump::new();
        let mut fields = self.list();
        let (mut cursor, names) = (Cursor::new(object.raw), &mut self.extractor.names);
        let read = scan(object.raw, &mut cursor, names, &mut fields);
        let given = !names.given().is_empty() && names.given().apply(&mut fields, &arena);
        let slots = Slots::of(&fields);
        let enough = wanted(&slots) || given && slots.evidence != 0;
        let mut found = enough && (read.is_ok() || fields.len() > 2);
        if tables && let Some(table) = Table::in_object(&fields, &slots) {
            found = self.is_log_table(&table);
        }
        self.recycle(fields);
        found
    }

    fn is_pairs(&mut self, array: Value<'_>, wanted: IsRecord) -> bool {
        let mut fields = self.list();
        let found =
            push_pairs(array, &mut self.extractor.names, &mut fields, FieldSide::Record, None)
                && wanted(&Slots::of(&fields));
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
pub(super) fn is_likely_record(slots: &Slots<'_>) -> bool {
    let kinds = slots.evidence.count_ones();
    let placed = slots.key.is_some() || slots.row_num.is_some();
    kinds >= 2
        || (kinds == 1
            && (placed
                || slots.evidence & (REQUEST | RESPONSE) != 0
                    && (slots.status.is_some() || slots.enum_status.is_some())))
}

/// A request, or a method, or an absolute address, and an answer or a status.
pub(super) fn is_call(slots: &Slots<'_>) -> bool {
    let asked = slots.evidence & REQUEST != 0
        || slots.method.is_some()
        || slots.url.is_some_and(|url| has_scheme(url.inner()));
    let answered = slots.evidence & RESPONSE != 0
        || slots.evidence & STATUS != 0 && (slots.status.is_some() || slots.unclear_status);
    asked && answered
}

/// A call, or an answer with its status, whose request was not kept.
pub(super) fn is_call_or_answer(slots: &Slots<'_>) -> bool {
    is_call(slots) || slots.evidence & (RESPONSE | STATUS) == RESPONSE | STATUS
}

/// Elements of an array that may be cut at its end.
fn for_elements<'a>(raw: &'a str, each: impl FnMut(Value<'a>) -> bool) {
    Value { ty: Type::Array, raw }.elements(each);
}

/// Members of an object that may be cut at its end.
fn for_members<'a>(raw: &'a str, each: impl FnMut(&'a str, Value<'a>) -> bool) {
    Value { ty: Type::Object, raw }.members(each);
}
