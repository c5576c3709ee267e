//! Bulk requests: which rows of the request the answer refuses.
//!
//! The answer names rows by position (a list parallel to the request, `{}` for sound rows), by index
//! (`{"index": 2, ..}`, `{"3": {..}}`) or by their own key. Rows that no answer names are sound, unless
//! the whole exchange failed without naming any.

use std::collections::HashMap;

use crate::answer::{verdict, verdict_of_listed};
use crate::exchange::{Key, Row};
use crate::failure::ErrorCollector;
use crate::json::{Cursor, Type, Value};
use crate::key::of_row;
use crate::members::{Elements, Member, Members};
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

/// An element of a list.
struct ListEntry<'r> {
    value: Value<'r>,
    named: Named,
    /// What it says of itself, see [`verdict`].
    verdict: Option<bool>,
}

#[derive(Clone, Copy)]
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
            Type::Object => {
                let mut members = Members::default();
                // Of an answer that breaks off, the members before.
                let _read = members.read(&mut Cursor::new(answer.raw), self.collector.names);
                let members = members.listed();
                self.keyed(members, errors) || self.inside(members, errors, level)
            }
            _ => false,
        }
    }

    /// A list: parallel to the request, or of entries that name their row.
    fn list(&mut self, answer: Value<'r>, errors: bool) -> bool {
        let mut entries = Vec::new();
        let (mut elements, mut members) = (Elements::of(answer), Members::default());
        while let Some(value) = elements.next(&mut members, self.collector.names) {
            let named = self.place(members.listed());
            entries.push(ListEntry { value, named, verdict: verdict_of_listed(members.listed()) });
        }
        let parallel = entries.len() == self.rows.len();
        // Row numbers count from one when the last of them is the count, indexes from zero.
        let numbers = || {
            entries.iter().filter_map(|e| {
                if let Named::Index(n, one) = e.named { Some((n, one)) } else { None }
            })
        };
        let zero = numbers().any(|(n, _)| n == 0);
        let one_based = !zero && numbers().any(|(n, one)| one || n == self.rows.len());
        // `{}` beside entries that are not empty: sound rows beside refused ones.
        let some_sound =
            parallel && entries.iter().any(|e| e.value.ty == Type::Object && e.value.is_empty());
        let mut some = false;
        for (at, entry) in entries.iter().enumerate() {
            let place = match entry.named {
                Named::Key(place) => Some(place),
                Named::Index(n, _) => n.checked_sub(usize::from(one_based)),
                Named::No => parallel.then_some(at),
            };
            if let Some(place) = place.filter(|place| *place < self.rows.len()) {
                some = true;
                let ListEntry { value, verdict, .. } = *entry;
                self.entry(value, verdict, place, errors, self.bad || some_sound);
            }
        }
        some
    }

    /// The row that an entry of an answer names, by the members of the entry.
    fn place(&mut self, entry: &[Member<'r>]) -> Named {
        for orders in [false, true] {
            if let Some(at) = of_row(entry, orders, self.collector.names)
                .and_then(|key| self.places.get(key.inner))
            {
                return Named::Key(*at);
            }
        }
        entry
            .iter()
            .filter(|member| member.role == Role::RowNum)
            .find_map(|member| {
                let n = integer(member.value).and_then(|n| usize::try_from(n).ok())?;
                Some(Named::Index(n, !member.name.to_ascii_lowercase().contains("index")))
            })
            .unwrap_or(Named::No)
    }

    /// A map whose names are indexes or keys of rows, all of them.
    fn keyed(&mut self, answer: &[Member<'r>], errors: bool) -> bool {
        let named = |member: &Member<'r>| {
            if let Some(at) = self.places.get(member.name) {
                return Some((*at, false, member.value));
            }
            let at = member.name.parse().ok().filter(|n| *n <= self.rows.len())?;
            Some((at, true, member.value))
        };
        let Some(members) = answer.iter().map(named).collect::<Option<Vec<_>>>() else {
            return false;
        };
        if members.is_empty() {
            return false;
        }
        let zero = members.iter().any(|(at, index, _)| *index && *at == 0);
        let one_based =
            !zero && members.iter().any(|(at, index, _)| *index && *at == self.rows.len());
        for (at, index, value) in members {
            let at = if index && one_based { at - 1 } else { at };
            if at < self.rows.len() {
                let verdict = verdict(value, self.collector.names);
                self.entry(value, verdict, at, true, errors || self.bad);
            }
        }
        true
    }

    /// Searches the members of an object for the part that names rows.
    fn inside(&mut self, answer: &[Member<'r>], errors: bool, level: u8) -> bool {
        let mut named = false;
        for Member { role, value, .. } in answer {
            if !matches!(value.ty, Type::Array | Type::Object) || value.is_empty() {
                continue;
            }
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
                named |= self.part(*value, errors || says_errors, level - 1);
            }
        }
        named
    }

    /// Judges one entry of an answer for its row.
    fn entry(
        &mut self,
        entry: Value<'r>,
        verdict: Option<bool>,
        at: usize,
        errors: bool,
        bad: bool,
    ) {
        let failed = match verdict {
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
