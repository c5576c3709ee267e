//! The parts of an answer that failed, each with the key of its row.

use super::names::Says;
use super::object::{DETAILS, name_contains};
use super::statement::{Place, Statement};
use super::{MAX_LEVELS, may_be_json, may_tell};
use crate::exchange::{Key, KeyKind, cut};
use crate::failure::ErrorCollector;
use crate::json::{Type, Value, unescaped};
use crate::record::{FieldSide, NameRoles};
use crate::roles::Role;
use crate::slots::{KeyCandidate, usable_key};

impl<'r> ErrorCollector<'_, 'r> {
    /// Collects the errors of the parts of an answer that say that they failed; whether one did.
    pub(crate) fn parts_that_failed(&mut self, value: Value<'r>, place: Place, level: u8) -> bool {
        let mut failed = false;
        match value.ty {
            _ if level > MAX_LEVELS => {}
            Type::Array => value.elements(|element| {
                let before = self.out.len();
                failed |= self.parts_that_failed(element, Place::Inside, level + 1);
                self.name_row(element, before);
                true
            }),
            Type::String if may_be_json(value) => {
                let text = self.string(value).trim();
                failed = Value::of(text).is_some_and(|inner| {
                    inner.ty != Type::String
                        && self.parts_that_failed(inner, Place::Answer, level + 1)
                });
            }
            Type::Object => {
                let statement = Statement::of(value, self.names);
                if statement.is_advice() {
                    return false;
                }
                let own = match place {
                    Place::Answer => statement.verdict(place) == Some(true),
                    Place::Inside => statement.fails_inside(),
                };
                let mut inside = false;
                value.members(|key, member| {
                    let name = self.names.in_answer(key);
                    // The details of an error are read with it, for they know of its field and code.
                    let detail =
                        own && (matches!(name.says, Says::Text(_)) || name_contains(key, DETAILS));
                    if may_tell(&statement, name, member) && !name.holds_errors() && !detail {
                        inside |= self.parts_that_failed(member, Place::Inside, level + 1);
                    }
                    true
                });
                if own && !inside {
                    self.value(value, None, level + 1);
                } else if own && statement.list {
                    value.members(|key, member| {
                        if self.names.in_answer(key).holds_errors() && member.ty == Type::Array {
                            self.value(member, None, level + 1);
                        }
                        true
                    });
                }
                failed = own || inside;
            }
            _ => {}
        }
        failed
    }

    /// Gives the errors from `before` on the key that their row has, if they have none.
    pub(crate) fn name_row(&mut self, row: Value<'r>, before: usize) {
        if self.out[before..].iter().all(|error| error.key.is_some()) {
            return;
        }
        if let Some(key) = key_of(row, self.names) {
            let key = Key { kind: key.kind, value: unescaped(cut(key.inner), self.arena) };
            for error in &mut self.out[before..] {
                error.key = error.key.or(Some(key));
            }
        }
    }
}

/// The key by which an entry of an answer names its row: a sure name in it, or in what it echoes; else the id
/// beside an error.
fn key_of<'r>(row: Value<'r>, names: &mut NameRoles) -> Option<KeyCandidate<'r>> {
    let mut found = RowName::default();
    row.members(|name, value| {
        found.offer(names, name, value);
        true
    });
    if found.key().is_none() {
        row.members(|_, echo| {
            if echo.ty == Type::Object {
                let mut inner = RowName::default();
                echo.members(|name, value| {
                    inner.offer(names, name, value);
                    true
                });
                found.best = found.best.or(inner.key());
            }
            true
        });
    }
    found.key()
}

/// The members that may name a row.
#[derive(Default)]
struct RowName<'r> {
    best: Option<KeyCandidate<'r>>,
    id: Option<KeyCandidate<'r>>,
    /// An error stands beside them.
    error: bool,
}

impl<'r> RowName<'r> {
    fn offer(&mut self, names: &mut NameRoles, name: &str, value: Value<'r>) {
        let role = match names.role(FieldSide::Record, name) {
            // `offer-sku`, `sellerSku`
            Role::None if name.to_ascii_lowercase().ends_with("sku") => Role::Key(KeyKind::Sku, 1),
            role => role,
        };
        if let Role::Key(kind, rank @ 0..=2) = role
            && self.best.is_none_or(|best| rank < best.rank)
        {
            self.best = usable_key(kind, rank, value).or(self.best);
        }
        let is = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
        if is(&["id", "_id", "externalId", "external_id", "recordId", "rowId"]) {
            self.id = self.id.or(usable_key(KeyKind::Record, 6, value));
        }
        self.error |= matches!(value.ty, Type::Object | Type::Array)
            && names.in_answer(name).says == Says::Errors;
    }

    fn key(&self) -> Option<KeyCandidate<'r>> {
        self.best.or(self.id.filter(|_| self.error))
    }
}
