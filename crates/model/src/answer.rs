//! Whether an answer in JSON says that it failed, at its top or inside: in the entry of a row, in a part of a
//! batch, in a list of messages.
//!
//! | answer | says |
//! |---|---|
//! | `{"success": true, "errorMessage": "-"}` | it went well: a stated flag outweighs fields that are always filled |
//! | `{"data": {"items": [{"sku": "A", "errors": [{"message": ".."}]}]}}` | failed inside, for `A` |
//! | `{"RETURN": [{"TYPE": "E", "MESSAGE": ".."}, {"TYPE": "W", ..}]}` | failed inside; warnings are no errors |
//! | `{"orders": [{"status": "rejected"}]}` | nothing: inside, the status of goods is no verdict without an error beside it |
//! | `{"request": {..}, "history": [..]}` | nothing: what was sent, and earlier errors |

mod forms;
pub(crate) mod names;
pub(crate) mod object;
mod parts;
pub(crate) mod statement;
pub(crate) mod text;

use self::names::{AnswerName, Says};
use self::statement::{Place, Statement};
use crate::body::BodyMember;
use crate::json::{Type, Value, unescape};
use crate::members::Member;
use crate::record::NameRoles;
use crate::roles::Role;

/// How deep answers are looked into.
pub(crate) const MAX_LEVELS: u8 = 12;

/// What a body says of success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BodyVerdict {
    /// At its top: whether it failed; `None` when it does not say.
    pub(crate) top: Option<bool>,
    /// Nothing but a list of errors says so at the top.
    pub(crate) only_lists: bool,
    /// Something inside failed.
    pub(crate) inside: bool,
}

impl BodyVerdict {
    /// The verdict of a body with this outline; `alarm`: a member somewhere may say that it failed.
    pub(crate) fn of(
        text: Value<'_>,
        members: &[BodyMember<'_>],
        alarm: bool,
        names: &mut NameRoles,
    ) -> Self {
        let mut statement = Statement::default();
        for member in members.iter().filter(|member| member.depth == 1) {
            statement.add_member(&member.member);
        }
        let top = statement.verdict(Place::Answer);
        let only_lists = statement.only_lists();
        // What failed at its top needs no look inside.
        let inside = alarm && top != Some(true) && fails_inside(text, names, 0);
        Self { top, only_lists, inside }
    }

    /// Whether it failed. `listing`: errors are what was asked for, so lists of them do not count.
    pub(crate) fn failed(self, listing: bool) -> Option<bool> {
        if listing {
            return self.top.filter(|failed| !failed || !self.only_lists);
        }
        if self.inside { Some(true) } else { self.top }
    }
}

/// What an object says of success, see [`BodyVerdict::top`].
pub(crate) fn verdict(object: Value<'_>, names: &mut NameRoles) -> Option<bool> {
    Statement::of(object, names).verdict(Place::Answer)
}

/// As [`verdict`], of an object whose members are listed.
pub(crate) fn verdict_of_listed(members: &[Member<'_>]) -> Option<bool> {
    let mut statement = Statement::default();
    for member in members {
        statement.add_member(member);
    }
    statement.verdict(Place::Answer)
}

/// Whether something inside a value says that it failed.
pub(crate) fn fails_inside(value: Value<'_>, names: &mut NameRoles, level: u8) -> bool {
    let mut failed = false;
    match value.ty {
        _ if level > MAX_LEVELS => {}
        Type::Array => value.elements(|element| {
            failed = fails_inside(element, names, level + 1);
            !failed
        }),
        Type::Object => {
            let statement = Statement::of(value, names);
            if !statement.is_advice() {
                if level > 0 && statement.fails_inside() {
                    return true;
                }
                value.members(|key, member| {
                    failed = may_tell(&statement, names.in_answer(key), member)
                        && fails_inside(member, names, level + 1);
                    !failed
                });
            }
        }
        Type::String if may_be_json(value) => {
            let mut text = String::new();
            unescape(value.inner(), &mut text);
            if let Some(inner) = Value::of(text.trim()) {
                // What an answer holds as a text is an answer itself.
                failed = (inner.ty == Type::Object && verdict(inner, names) == Some(true))
                    || fails_inside(inner, names, level + 1);
            }
        }
        _ => {}
    }
    failed
}

/// Whether a member of an object may tell how the call went: not what was sent or happened before, and not a thing
/// that belongs to a thing, as the address to an order.
fn may_tell(object: &Statement<'_>, name: AnswerName, member: Value<'_>) -> bool {
    name.says != Says::Aside
        && (!object.is_resource()
            || member.ty != Type::Object
            || matches!(name.role, Role::Body | Role::ResponseBody | Role::Response))
}

/// A string that holds an object or a list of objects.
pub(crate) fn may_be_json(value: Value<'_>) -> bool {
    let inner = value.inner();
    (inner.starts_with('{') && inner.ends_with('}'))
        || (inner.starts_with("[{") && inner.ends_with("}]"))
}
