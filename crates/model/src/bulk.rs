//! Bulk requests: which rows of the request the answer refuses.
//!
//! The answer names rows by position (a list parallel to the request, `{}` for sound rows), by index
//! (`{"index": 2, ..}`, `{"3": {..}}`) or by their own key. Rows that no answer names are sound, unless
//! the whole exchange failed without naming any.

use std::collections::HashMap;

use crate::answer::verdict;
use crate::exchange::{Key, Row};
use crate::failure::ErrorCollector;
use crate::json::{Type, Value};
use crate::key::of_row;
use crate::record::FieldSide;
use crate::roles::Role;
use crate::scalar::integer;

/// How deep an answer is searched for the part that names rows.
const LEVELS: u8 = 4;

/// Marks the rows that `answer` refuses and collects their errors under their keys.
/// True when the answer names rows, refused or not.
///
/// `errors`: the answer stands where errors stand, so what it names has failed. `bad`: the whole
/// exchange failed (4xx), so an object in a parallel list that is not empty is an error.
pub(crate) fn judge<'r>(
    answer: Value<'r>,
    rows: &mut [Row<'r>],
    collector: &mut ErrorCollector<'_, 'r>,
    errors: bool,
    bad: bool,
) -> bool {
    let places = rows.iter().enumerate().map(|(at, row)| (row.key.value, at)).collect();
    Judge { places, rows, collector, bad }.part(answer, errors, LEVELS)
}

struct Judge<'j, 'x, 'r> {
    /// Keys to places in the request.
    places: HashMap<&'r str, usize>,
    rows: &'j mut [Row<'r>],
    collector: &'j mut ErrorCollector<'x, 'r>,
    bad: bool,
}

enum Named {
    Key(usize),
    /// The number, and whether its name counts from one.
    Index(usize, bool),
    No,
}

impl<'r> Judge<'_, '_, 'r> {
    fn part(&mut self, answer: Value<'r>, errors: bool, level: u8) -> bool {
        if level == 0 {
            return false;
        }
        match answer.ty {
            Type::String => {
                let text = self.collector.string(answer);
                Value::of(text).is_some_and(|inner| {
                    inner.ty != Type::String && self.part(inner, errors, level - 1)
                })
            }
            Type::Array => self.list(answer, errors),
            Type::Object => self.keyed(answer, errors) || self.inside(answer, errors, level),
            _ => false,
        }
    }

    /// A list: parallel to the request, or of entries that name their row.
    fn list(&mut self, answer: Value<'r>, errors: bool) -> bool {
        let mut entries = Vec::new();
        answer.elements(|element| {
            entries.push(element);
            true
        });
        let named: Vec<Named> = entries.iter().map(|entry| self.place(*entry)).collect();
        let parallel = entries.len() == self.rows.len();
        // Row numbers count from one when the last of them is the count, indexes from zero.
        let numbers = || {
            named
                .iter()
                .filter_map(|n| if let Named::Index(n, one) = n { Some((*n, *one)) } else { None })
        };
        let zero = numbers().any(|(n, _)| n == 0);
        let one_based = !zero && numbers().any(|(n, one)| one || n == self.rows.len());
        // `{}` beside entries that are not empty: sound rows beside refused ones.
        let some_sound =
            parallel && entries.iter().any(|entry| entry.ty == Type::Object && entry.is_empty());
        let mut some = false;
        for (at, (entry, named)) in entries.into_iter().zip(named).enumerate() {
            let place = match named {
                Named::Key(place) => Some(place),
                Named::Index(n, _) => n.checked_sub(usize::from(one_based)),
                Named::No => parallel.then_some(at),
            };
            if let Some(place) = place.filter(|place| *place < self.rows.len()) {
                some = true;
                self.entry(entry, place, errors, self.bad || some_sound);
            }
        }
        some
    }

    /// The row that an entry of an answer names.
    fn place(&mut self, entry: Value<'r>) -> Named {
        if entry.ty != Type::Object {
            return Named::No;
        }
        for orders in [false, true] {
            if let Some(at) = of_row(entry, orders, self.collector.names)
                .and_then(|key| self.places.get(key.inner))
            {
                return Named::Key(*at);
            }
        }
        let mut found = Named::No;
        entry.members(|name, value| {
            if self.collector.names.role(FieldSide::Record, name, usize::MAX) == Role::RowNum
                && let Some(n) = integer(value).and_then(|n| usize::try_from(n).ok())
            {
                found = Named::Index(n, !name.to_ascii_lowercase().contains("index"));
            }
            matches!(found, Named::No)
        });
        found
    }

    /// A map whose names are indexes or keys of rows, all of them.
    fn keyed(&mut self, answer: Value<'r>, errors: bool) -> bool {
        let (mut members, mut total) = (Vec::new(), 0);
        answer.members(|name, value| {
            total += 1;
            if let Some(at) = self.places.get(name) {
                members.push((*at, false, value));
            } else if let Some(at) = name.parse().ok().filter(|n| *n <= self.rows.len()) {
                members.push((at, true, value));
            }
            true
        });
        if members.is_empty() || members.len() < total {
            return false;
        }
        let zero = members.iter().any(|(at, index, _)| *index && *at == 0);
        let one_based =
            !zero && members.iter().any(|(at, index, _)| *index && *at == self.rows.len());
        for (at, index, value) in members {
            let at = if index && one_based { at - 1 } else { at };
            if at < self.rows.len() {
                self.entry(value, at, true, errors || self.bad);
            }
        }
        true
    }

    /// Searches the members of an object for the part that names rows.
    fn inside(&mut self, answer: Value<'r>, errors: bool, level: u8) -> bool {
        let mut named = false;
        answer.members(|name, value| {
            if matches!(value.ty, Type::Array | Type::Object) && !value.is_empty() {
                let role = self.collector.names.role(FieldSide::Record, name, usize::MAX);
                let says_errors = matches!(role, Role::Errors | Role::Failed | Role::ErrorMessage);
                let may_hold = matches!(
                    role,
                    Role::Items
                        | Role::Body
                        | Role::ResponseBody
                        | Role::Response
                        | Role::Message
                        | Role::None
                        | Role::Key(..)
                );
                if says_errors || may_hold {
                    named |= self.part(value, errors || says_errors, level - 1);
                }
            }
            true
        });
        named
    }

    /// Judges one entry of an answer for its row.
    fn entry(&mut self, entry: Value<'r>, at: usize, errors: bool, bad: bool) {
        let said =
            if entry.ty == Type::Object { verdict(entry, self.collector.names) } else { None };
        let failed = match said {
            Some(failed) => failed,
            None if entry.is_empty() => false,
            None => errors || (bad && !matches!(entry.ty, Type::Number | Type::Bool)),
        };
        if !failed {
            return;
        }
        let row = &mut self.rows[at];
        row.failed = true;
        let outer: Option<Key<'r>> = self.collector.key.replace(row.key);
        let before = self.collector.out.len();
        self.collector.value(entry, None, 0);
        if self.collector.out.len() == before {
            self.collector.push(None, None, "the row was refused without a reason");
        }
        self.collector.key = outer;
    }
}
