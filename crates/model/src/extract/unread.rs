//! What looks like calls in places that were not read: counted, so that a shape that is not understood is
//! reported and not left out in silence.
//!
//! Bodies of calls are read as such, whatever is in them. All that is neither a call nor around calls is
//! searched here without the limits of the look ahead; in usual documents that is little.

use super::Walk;
use super::look::is_call;
use super::table::METHODS;
use crate::json::{Cursor, Type, Value, unescape};
use crate::json_text::json_part;
use crate::record::{Field, FieldSide};
use crate::roles::Role;
use crate::scalar::{has_scheme, http_status, mentions};
use crate::slots::Slots;

/// A call takes more bytes than this.
const SHORTEST_CALL: usize = 24;

/// An archive in an answer begins within so many bytes.
const PACKED_WITHIN: usize = 512;

/// How many levels are searched.
const MAX_LEVELS: u8 = 24;

/// Values in a text that look like calls and were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// JSON pointer to the field in which the first of them stands.
    pub pointer: String,
    /// How many there are.
    pub count: u32,
}

impl Walk<'_> {
    /// Counts what looks like calls in those fields of an object that are neither read nor a body.
    pub(super) fn unread_fields(
        &mut self,
        fields: &[Field<'_>],
        slots: &Slots<'_>,
        read: &[usize],
        bodies: bool,
    ) {
        for (at, field) in fields.iter().enumerate() {
            let body = matches!(
                field.role,
                Role::RequestBody
                    | Role::ResponseBody
                    | Role::Body
                    | Role::Request
                    | Role::Response
            );
            // An error may describe the call that it is about.
            let other = matches!(
                field.role,
                Role::Errors
                    | Role::ErrorMessage
                    | Role::ExceptionMessage
                    | Role::Failed
                    | Role::Headers
            );
            let searched = field.side == FieldSide::Record
                && matches!(field.value.ty, Type::Object | Type::Array)
                && field.value.raw.len() > SHORTEST_CALL
                && !field.entered
                && (bodies || !(body || other || slots.carried.has(at)))
                && !read.contains(&at);
            if searched {
                let len = self.pointer.len();
                self.push_key(field.key);
                self.unread_value(field.value);
                self.pointer.truncate(len);
            }
        }
    }

    /// Counts what looks like calls in a value at the pointer.
    pub(super) fn unread_value(&mut self, value: Value<'_>) {
        let count = self.calls_in(value, MAX_LEVELS);
        self.count_unread(count);
    }

    fn count_unread(&mut self, count: u32) {
        if count > 0 {
            let pointer = &self.pointer;
            let first = || Unread { pointer: pointer.clone(), count: 0 };
            let unread = self.found.unread.get_or_insert_with(first);
            unread.count = unread.count.saturating_add(count);
        }
    }

    fn calls_in(&mut self, value: Value<'_>, levels: u8) -> u32 {
        if levels == 0 || value.raw.len() <= SHORTEST_CALL {
            return 0;
        }
        let mut count: u32 = 0;
        match value.ty {
            Type::Object if self.is(value, is_call) => return 1,
            Type::Object => value.members(|_, member| {
                count = count.saturating_add(self.calls_in(member, levels - 1));
                true
            }),
            Type::Array if is_row_of_call(value) => return 1,
            Type::Array => value.elements(|element| {
                count = count.saturating_add(self.calls_in(element, levels - 1));
                true
            }),
            Type::String => {
                if let Some(part) = json_part(value) {
                    let mut text = String::new();
                    unescape(part, &mut text);
                    if let Some(inner) = Value::of(&text) {
                        return self.calls_in(inner, levels - 1);
                    }
                }
            }
            _ => {}
        }
        count
    }

    /// Counts an answer that is an archive: to the only call of a text, or to one that reads logs, it is a log.
    pub(super) fn packed_answer(&mut self, slots: &Slots<'_>) {
        let packed = |value: Value<'_>| {
            let head = &value.raw.as_bytes()[..value.raw.len().min(PACKED_WITHIN)];
            let magics = [&b"\"UEsDB"[..], b"\"H4sI"];
            match value.ty {
                Type::String => magics.iter().any(|magic| head.starts_with(magic)),
                Type::Object => {
                    magics.iter().any(|magic| memchr::memmem::find(head, magic).is_some())
                }
                _ => false,
            }
        };
        if !slots.response.is_some_and(packed) {
            return;
        }
        if slots.url.is_some_and(|url| mentions(url.inner(), "/log")) {
            self.count_unread(1);
        } else if self.found.exchanges == 1 {
            self.packed = Some(self.pointer.clone());
        }
    }

    /// Reports the archive in the answer of the only call.
    pub(super) fn end_of_unread(&mut self) {
        if let Some(pointer) = self.packed.take()
            && self.found.exchanges == 1
        {
            self.pointer = pointer;
            self.count_unread(1);
        }
    }
}

/// Whether a list of scalars has a method of HTTP, and an address or a status.
fn is_row_of_call(row: Value<'_>) -> bool {
    let mut first = Cursor::new(row.raw);
    if first.enter().is_err() || !matches!(first.peek(), Ok(ty) if ty != Type::Object) {
        return false;
    }
    let (mut method, mut other) = (false, false);
    row.elements(|cell| {
        method |= cell.ty == Type::String && METHODS.contains(&cell.inner());
        other |=
            http_status(cell).is_some() || (cell.ty == Type::String && has_scheme(cell.inner()));
        !matches!(cell.ty, Type::Object | Type::Array)
    });
    method && other
}
