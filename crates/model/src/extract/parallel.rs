//! Records that are written as parallel lists: `requests`, `responses`, `statuses` of one length.

use super::look::{is_call, is_likely_record};
use super::names::{is_rows, plural};
use super::{Inherited, Walk};
use crate::json::{Type, Value};
use crate::record::{Field, FieldSide, RoleOrigin};
use crate::roles::Role;
use crate::slots::Slots;

impl Walk<'_> {
    /// The common length of parallel lists (`requests`, `responses`, ...); `None` when these are none.
    pub(super) fn parallel(&mut self, fields: &[Field<'_>]) -> Option<usize> {
        let lists = || fields.iter().filter(|f| f.value.ty == Type::Array && f.parent.is_none());
        // Most records hold one list at most, and what its name means costs more than to count.
        lists().nth(1)?;
        let mut lengths: Vec<(Role, usize)> = Vec::new();
        for field in lists() {
            if let Some(role) = plural(field.key) {
                let mut n = 0;
                field.value.elements(|_| {
                    n += 1;
                    true
                });
                lengths.push((role, n));
            }
        }
        let sides = |n: usize| {
            lengths.iter().filter(|(_, len)| *len == n).map(|(role, _)| *role).collect::<Vec<_>>()
        };
        let length = lengths.iter().map(|(_, n)| *n).find(|n| *n > 0 && sides(*n).len() >= 2)?;
        let roles = sides(length);
        let traffic = roles.iter().any(|r| {
            matches!(r, Role::Request | Role::RequestBody | Role::Response | Role::ResponseBody)
        });
        if !traffic {
            return None;
        }
        // `rows` and `errors` are parallel only when the rows are no records themselves.
        let rows = fields.iter().find(|f| f.value.ty == Type::Array && is_rows(f.key));
        match rows {
            Some(rows) if self.holds(rows.value, 2, is_likely_record) => None,
            _ if lists().any(|list| self.lists(list.value, is_call)) => None,
            _ => Some(length),
        }
    }

    pub(super) fn parallel_lists<'a>(
        &mut self,
        fields: &[Field<'a>],
        meta: &Slots<'a>,
        length: usize,
        above: Inherited<'a>,
    ) {
        let mut columns: Vec<(&Field<'a>, Role, Vec<Value<'a>>)> = Vec::new();
        for field in fields.iter().filter(|f| f.value.ty == Type::Array && f.parent.is_none()) {
            let Some(role) = plural(field.key) else { continue };
            let mut values = Vec::with_capacity(length);
            field.value.elements(|value| {
                values.push(value);
                true
            });
            if values.len() == length {
                columns.push((field, role, values));
            }
        }
        // Errors may come as a map from place to errors beside the lists.
        for field in fields
            .iter()
            .filter(|f| f.role == Role::Errors && f.value.ty == Type::Object && f.parent.is_none())
        {
            let mut values = vec![Value { ty: Type::Null, raw: "null" }; length];
            let mut places = true;
            field.value.members(|name, value| {
                match name.parse::<usize>().ok().and_then(|at| values.get_mut(at)) {
                    Some(place) => *place = value,
                    None => places = false,
                }
                places
            });
            if places {
                columns.push((field, Role::Errors, values));
            }
        }
        let above = above.under(meta);
        let mut list = self.list();
        for at in 0..length {
            list.clear();
            for (column, role, values) in &columns {
                let value = values[at];
                let place = list.len() as u16;
                let side = match role {
                    Role::Request => Some(FieldSide::Request),
                    Role::Response => Some(FieldSide::Response),
                    _ => None,
                };
                let entered = side.is_some() && value.ty == Type::Object;
                list.push(Field {
                    key: column.key,
                    role: *role,
                    side: FieldSide::Record,
                    parent: None,
                    entered,
                    value,
                    origin: RoleOrigin::Name,
                });
                if let (Some(side), true) = (side, entered) {
                    value.members(|key, value| {
                        let role = self.extractor.names.role(side, key);
                        list.push(Field {
                            key,
                            role,
                            side,
                            parent: Some(place),
                            entered: false,
                            value,
                            origin: RoleOrigin::Name,
                        });
                        true
                    });
                }
            }
            let slots = Slots::of(&list);
            let len = self.pointer.len();
            if let Some((first, ..)) = columns.first() {
                self.push_key(first.key);
            }
            self.push_index(at);
            self.emit(&list, &slots, above);
            self.pointer.truncate(len);
        }
        self.recycle(list);
    }
}
