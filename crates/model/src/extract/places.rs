//! In which fields of an object records stand. Content beats name: a list of records is one under the name of a
//! flag, an error or a body as well.

use super::definition::About;
use super::look::{is_call, is_call_or_answer, is_likely_record};
use super::{Inherited, MAX_CONTAINERS, Walk};
use crate::json::{Type, Value};
use crate::record::{Field, MAX_FIELDS, RoleOrigin};
use crate::roles::Role;
use crate::slots::{ERRORS, FLAG, REQUEST, RESPONSE, STATUS, Slots};

/// How many levels below an object are looked at for records.
pub(super) const LOOK_LEVELS: u8 = 12;

/// How many levels below a call are looked at for further calls.
const INNER_LEVELS: u8 = 4;

/// The fields of an object that hold records, and whether the object is a call of its own besides.
#[derive(Debug, Default)]
pub(super) struct RecordPlaces {
    pub(super) fields: Vec<usize>,
    pub(super) own_call: bool,
}

impl Walk<'_> {
    /// The fields with those that hold records whatever their names say marked as such; `None` when all names
    /// are right. `root`: the object is a document.
    pub(super) fn renamed<'a>(
        &mut self,
        fields: &[Field<'a>],
        slots: &Slots<'a>,
        root: bool,
    ) -> Option<Vec<Field<'a>>> {
        // With a request of its own, what stands as its body or answer is that.
        let asked = slots.method.is_some()
            || slots.raw_request.is_some()
            || (slots.url.is_some() && !root)
            || slots.request.is_some_and(|request| request.ty == Type::String);
        let both = has_both(slots);
        let single = is_single(slots);
        let mut renamed: Option<Vec<Field<'a>>> = None;
        for (at, field) in fields.iter().enumerate() {
            let container = matches!(field.value.ty, Type::Object | Type::Array);
            let named = !matches!(field.role, Role::None | Role::Items | Role::Attributes);
            if !container || !named || field.parent.is_some() || field.origin != RoleOrigin::Name {
                continue;
            }
            // A message whose first member is an object may be a map; one with nothing beside it may be around records.
            let first = fields.get(at + 1).is_some_and(|first| {
                first.parent == Some(at as u16) && first.value.ty == Type::Object
            });
            if field.entered && !first && !single {
                continue;
            }
            let body = is_body(field.role);
            if body && (asked || self.about == About::Collection) {
                continue;
            }
            let beside =
                body && !both && if field.entered { single } else { slots.evidence & STATUS != 0 };
            // An error may describe the call that it is about.
            let error = matches!(
                field.role,
                Role::Errors
                    | Role::ErrorMessage
                    | Role::ExceptionClass
                    | Role::ExceptionMessage
                    | Role::Failed
            );
            if self.lists(field.value, is_call_or_answer)
                || (beside && self.holds(field.value, LOOK_LEVELS, is_call))
                || (!body && !error && !field.entered && self.is_plain(field.value, is_call))
            {
                renamed.get_or_insert_with(|| fields.to_vec())[at].role = Role::Items;
            }
        }
        let mut renamed = renamed?;
        // A request that is left is what the answer belongs to.
        if Slots::of(&renamed).evidence & REQUEST != 0 {
            for (field, before) in renamed.iter_mut().zip(fields) {
                if matches!(before.role, Role::Response | Role::ResponseBody) {
                    field.role = before.role;
                }
            }
        }
        let entered = |(_, field): &(usize, &Field<'_>)| field.entered && field.role == Role::Items;
        while let Some(at) = renamed.iter().enumerate().find(entered).map(|(at, _)| at) {
            leave(&mut renamed, at);
        }
        Some(renamed)
    }

    /// The fields that hold records. `whole`: the object was read to its end; `root`: it is a document.
    pub(super) fn places(
        &mut self,
        fields: &[Field<'_>],
        slots: &Slots<'_>,
        depth: u8,
        (whole, root): (bool, bool),
    ) -> RecordPlaces {
        let mut places = RecordPlaces::default();
        // A path of the user leads from the record, so this is one.
        let given = |field: &Field<'_>| field.origin == RoleOrigin::GivenPath;
        if depth >= MAX_CONTAINERS || (slots.evidence != 0 && fields.iter().any(given)) {
            return places;
        }
        let both = has_both(slots);
        let single = is_single(slots);
        // Saved answers to one request, each a record.
        let mut answers = false;
        for at in &slots.items {
            let field = &fields[usize::from(*at)];
            if field.entered {
                continue;
            }
            let plain = matches!(field.role, Role::Items | Role::None | Role::Attributes);
            let saved = field.role == Role::Response
                && field.value.ty == Type::Array
                && self.about == About::Collection;
            let holds = if plain && both {
                field.value.raw.len() > SHORTEST_CALL
                    && self.holds(field.value, INNER_LEVELS, is_call)
            } else {
                (plain || single || saved)
                    && (self.holds(field.value, LOOK_LEVELS, is_likely_record)
                        || (!whole && self.broken_holds(field.value)))
            };
            if holds {
                places.fields.push(usize::from(*at));
                answers |= saved;
            }
        }
        places.fields.dedup();
        if (places.fields.is_empty() && single) || both {
            for at in &slots.texts {
                let field = &fields[usize::from(*at)];
                let holds = if both {
                    let sent = is_body(field.role) || field.role == Role::RawRequest;
                    !sent && self.holds(field.value, INNER_LEVELS, is_call)
                } else {
                    self.holds(field.value, LOOK_LEVELS, is_likely_record)
                };
                if holds {
                    places.fields.push(usize::from(*at));
                }
            }
        }
        // The answer to a call that reads logs is these.
        let reads = root
            && slots.request.is_none()
            && slots.method.is_none_or(|method| method.inner().eq_ignore_ascii_case("GET"));
        let call = slots.method.is_some()
            && slots.url.is_some()
            && slots.evidence & (RESPONSE | STATUS) != 0
            && !reads;
        let mut calls =
            || places.fields.iter().any(|at| self.holds(fields[*at].value, INNER_LEVELS, is_call));
        places.own_call = !answers && (both || (call && calls()));
        places
    }

    /// Walks into the members of a map that has more of them than a record has fields, from the first that was
    /// not listed.
    pub(super) fn more_members<'a>(
        &mut self,
        object: Value<'a>,
        listed: &[Field<'a>],
        above: Inherited<'a>,
    ) {
        if listed.len() < MAX_FIELDS || above.depth >= MAX_CONTAINERS {
            return;
        }
        let slots = Slots::of(listed);
        if slots.evidence != 0 {
            return;
        }
        let mut skip = listed.iter().filter(|field| field.parent.is_none()).count();
        let below = Inherited { depth: above.depth + 1, ..above.under(&slots) };
        object.members(|key, value| {
            if skip > 0 {
                skip -= 1;
            } else if matches!(value.ty, Type::Object | Type::Array)
                && self.holds(value, LOOK_LEVELS, is_likely_record)
            {
                self.child(&Field { key, value, entered: false, parent: None, ..listed[0] }, below);
            }
            true
        });
    }
}

/// Takes the members of a field that was entered out of the list.
fn leave(fields: &mut Vec<Field<'_>>, at: usize) {
    let inside = |field: &&Field<'_>| field.parent.is_some_and(|parent| usize::from(parent) >= at);
    let members = fields[at + 1..].iter().take_while(inside).count();
    fields.drain(at + 1..=at + members);
    fields[at].entered = false;
    for field in &mut fields[at + 1..] {
        field.parent = field.parent.map(|parent| parent - members as u16);
    }
}

/// A call takes more bytes than this.
const SHORTEST_CALL: usize = 40;

/// A request, and an answer or a status.
fn has_both(slots: &Slots<'_>) -> bool {
    slots.evidence & REQUEST != 0 && slots.evidence & (RESPONSE | STATUS) != 0
}

/// One kind of evidence at most. A flag beside `data` is the envelope's; the records stand inside.
fn is_single(slots: &Slots<'_>) -> bool {
    (slots.evidence & !(FLAG | ERRORS)).count_ones() <= 1
}

/// Roles of the bodies of a call.
fn is_body(role: Role) -> bool {
    matches!(
        role,
        Role::Request | Role::Response | Role::RequestBody | Role::ResponseBody | Role::Body
    )
}
