//! One record taken apart: its fields in order, each with the role its name can play.
//!
//! The fields of a request, a response or an attributes object are listed right after the field
//! that holds them, so that a record is one flat list however it is nested. Values are slices of the
//! document. Headers and parameters written as lists of name-value pairs are read as objects.
//!
//! The role of a name is looked up once and kept: by its place in the record (records of one list have the
//! same keys in the same order), then by name. Most records cost one pass over their values and one
//! comparison a key.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::answer::names::{AnswerName, by_role, name_in_answer};
use crate::given::GivenRoles;
use crate::json::{Cursor, ExpectedKey, Fault, Type, Value};
use crate::roles::{Role, normalise, role_in_request, role_in_response, role_of_key};

/// What a field stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum FieldSide {
    /// The record itself, or its attributes.
    Record,
    /// Its request object.
    Request,
    /// Its response object.
    Response,
}

/// One field of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// The key, escaped as it stands.
    pub(crate) key: &'a str,
    /// What its name can mean where it stands.
    pub(crate) role: Role,
    /// What it stands in.
    pub(crate) side: FieldSide,
    /// The field that holds it, as a place in the list.
    pub(crate) parent: Option<u16>,
    /// Whether its own members follow in the list.
    pub(crate) entered: bool,
    /// Its value.
    pub(crate) value: Value<'a>,
    /// How it came by its role.
    pub(crate) origin: RoleOrigin,
}

/// How a field came by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleOrigin {
    /// By its name.
    Name,
    /// The user gave it to the name.
    GivenName,
    /// The user gave it to the path; the field stands in the list once more.
    GivenPath,
}

/// A record holds at most this many listed fields; what comes after is kept in the document only.
/// The widest recorded record has 61; a map of ten thousand rows is no record, and ends here.
pub(crate) const MAX_FIELDS: usize = 512;

/// Names kept at most before all are dropped: maps keyed by SKU have no end of names.
const MAX_NAMES: usize = 4096;

/// What the names of fields can mean, kept between records.
#[derive(Debug, Default)]
pub(crate) struct NameRoles {
    known: [HashMap<Box<str>, Role>; 3],
    /// The fields of the record before, in order.
    before: Vec<FieldBefore>,
    /// What names mean inside answers.
    answers: HashMap<Box<str>, AnswerName>,
    scratch: String,
    /// Roles of the user, which come first.
    given: Arc<GivenRoles>,
}

/// The field that stood at one place of the record before.
#[derive(Debug)]
struct FieldBefore {
    side: FieldSide,
    key: ExpectedKey,
    role: Role,
}

impl NameRoles {
    /// With roles of the user.
    pub(crate) fn with(given: Arc<GivenRoles>) -> Self {
        Self { given, ..Self::default() }
    }

    /// The roles of the user.
    pub(crate) fn given(&self) -> &Arc<GivenRoles> {
        &self.given
    }

    /// The field that stood at this place of the record before, if it stood in `side`.
    fn expected(&self, side: FieldSide, at: usize) -> Option<&FieldBefore> {
        self.before.get(at).filter(|before| before.side == side)
    }

    /// The role of the key in `side` at place `at` of a record, which is expected there from now on.
    fn role_at(&mut self, side: FieldSide, key: &str, at: usize) -> Role {
        let role = self.role(side, key);
        let field = FieldBefore { side, key: ExpectedKey::new(key), role };
        if let Some(before) = self.before.get_mut(at) {
            *before = field;
        } else if at == self.before.len() && at < MAX_FIELDS {
            self.before.push(field);
        }
        role
    }

    /// What a key means inside an answer.
    pub(crate) fn in_answer(&mut self, key: &str) -> AnswerName {
        if let Some(name) = self.answers.get(key) {
            return *name;
        }
        normalise(key, &mut self.scratch);
        let name = match self.given.named(&self.scratch) {
            Some(role) => AnswerName { role, says: by_role(role, &self.scratch) },
            None => name_in_answer(&self.scratch),
        };
        if self.answers.len() >= MAX_NAMES {
            self.answers.clear();
        }
        self.answers.insert(key.into(), name);
        name
    }

    /// The role of a key in `side`.
    pub(crate) fn role(&mut self, side: FieldSide, key: &str) -> Role {
        let known = &mut self.known[side as usize];
        if let Some(role) = known.get(key) {
            return *role;
        }
        normalise(key, &mut self.scratch);
        let given = self.given.named(&self.scratch);
        let role = given.unwrap_or_else(|| match side {
            FieldSide::Record => role_of_key(key, &mut self.scratch),
            FieldSide::Request => role_in_request(&self.scratch),
            FieldSide::Response => role_in_response(&self.scratch),
        });
        if known.len() >= MAX_NAMES {
            known.clear();
        }
        known.insert(key.into(), role);
        role
    }
}

/// Lists the fields of the object at the cursor, which ends past it.
///
/// # Errors
/// Where the object breaks; the fields before stand in `fields`, the one that broke too, if it is an
/// array or object, with all the text there is as its value.
pub(crate) fn scan<'a>(
    text: &'a str,
    cursor: &mut Cursor<'a>,
    names: &mut NameRoles,
    fields: &mut Vec<Field<'a>>,
) -> Result<(), Fault> {
    Scan { text, names, fields }.object(cursor, FieldSide::Record, None, 0)
}

/// A record on its way to its fields.
struct Scan<'s, 'a> {
    text: &'a str,
    names: &'s mut NameRoles,
    fields: &'s mut Vec<Field<'a>>,
}

impl<'a> Scan<'_, 'a> {
    fn object(
        &mut self,
        cursor: &mut Cursor<'a>,
        side: FieldSide,
        parent: Option<u16>,
        depth: u8,
    ) -> Result<(), Fault> {
        cursor.enter()?;
        let mut first = true;
        loop {
            let at = self.fields.len();
            let expected = self.names.expected(side, at);
            let same = expected.and_then(|e| Some((cursor.key_if(&e.key, first)?, e.role)));
            let (key, role) = if let Some((key, role)) = same {
                (key, Some(role))
            } else if let Some(key) = cursor.key(first)? {
                (key, None)
            } else {
                return Ok(());
            };
            first = false;
            let ty = cursor.peek()?;
            let start = cursor.pos();
            if at >= MAX_FIELDS {
                cursor.value()?;
                continue;
            }
            let role = role.unwrap_or_else(|| self.names.role_at(side, key, at));
            let inner = if depth < 3 { entered(role) } else { None };
            let value = Value { ty, raw: &self.text[start..start] };
            let origin = RoleOrigin::Name;
            self.fields.push(Field { key, role, side, parent, entered: false, value, origin });
            let read = match (ty, inner) {
                (Type::Object, Some(inner)) => {
                    self.fields[at].entered = true;
                    self.object(cursor, inner, Some(at as u16), depth + 1)
                }
                (Type::Array, Some(inner)) if role == Role::Attributes => {
                    cursor.value().map(|value| {
                        let entered = push_pairs(value, self.names, self.fields, inner, at as u16);
                        self.fields[at].entered = entered;
                    })
                }
                // One saved answer in a list.
                (Type::Array, Some(inner)) if role == Role::Response => {
                    cursor.value().map(|list| self.only_element(list, inner, at, depth))
                }
                (Type::Object | Type::Array, _) => cursor.value().map(drop),
                _ => cursor.scalar(ty),
            };
            if let Err(fault) = read {
                // A container that breaks may hold whole records; a scalar that breaks is nothing.
                self.fields.truncate(at + usize::from(matches!(ty, Type::Object | Type::Array)));
                if let Some(broken) = self.fields.get_mut(at) {
                    broken.entered = false;
                    broken.value.raw = &self.text[start..];
                }
                return Err(fault);
            }
            self.fields[at].value.raw = &self.text[start..cursor.pos()];
        }
    }
}

impl<'a> Scan<'_, 'a> {
    /// Lists the fields of the object that is the only element of a list.
    fn only_element(&mut self, list: Value<'a>, side: FieldSide, at: usize, depth: u8) {
        let (mut only, mut count) = (None, 0);
        list.elements(|element| {
            count += 1;
            only = (element.ty == Type::Object).then_some(element);
            count < 2
        });
        let Some(only) = only.filter(|_| count == 1) else { return };
        self.fields[at].entered = true;
        let text = std::mem::replace(&mut self.text, only.raw);
        // It was read once, so it is sound.
        let _sound = self.object(&mut Cursor::new(only.raw), side, Some(at as u16), depth + 1);
        self.text = text;
    }
}

/// Whose fields follow when an object with this role is taken apart.
fn entered(role: Role) -> Option<FieldSide> {
    match role {
        Role::Request => Some(FieldSide::Request),
        Role::Response => Some(FieldSide::Response),
        Role::Attributes => Some(FieldSide::Record),
        _ => None,
    }
}

/// Reads an array of name-value pairs as the members of an object; whether it was one.
pub(crate) fn push_pairs<'a>(
    array: Value<'a>,
    names: &mut NameRoles,
    fields: &mut Vec<Field<'a>>,
    side: FieldSide,
    parent: impl Into<Option<u16>>,
) -> bool {
    let parent = parent.into();
    let before = fields.len();
    let mut sound = true;
    array.elements(|element| {
        match pair(element) {
            Some((key, value)) if fields.len() < MAX_FIELDS => {
                let role = names.role(side, key);
                let origin = RoleOrigin::Name;
                fields.push(Field { key, role, side, parent, entered: false, value, origin });
            }
            _ => sound = false,
        }
        sound
    });
    if !sound {
        fields.truncate(before);
    }
    sound && fields.len() > before
}

/// `{"Name": .., "Value": ..}`, in either order; the name a string.
pub(crate) fn pair(element: Value<'_>) -> Option<(&str, Value<'_>)> {
    let (mut name, mut value, mut others) = (None, None, 0);
    element.members(|key, v| {
        if ["name", "key", "field", "ad", "alan", "attribute", "k", "parameter"]
            .iter()
            .any(|n| key.eq_ignore_ascii_case(n))
        {
            name = (v.ty == Type::String).then_some(v.inner());
        } else if ["value", "val", "deger", "content", "v"]
            .iter()
            .any(|n| key.eq_ignore_ascii_case(n))
            || key.ends_with("Value")
        {
            value = Some(v);
        } else {
            others += 1;
        }
        others < 3
    });
    (others < 3).then_some((name?, value?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str) -> Vec<(String, FieldSide, Role)> {
        let mut fields = Vec::new();
        scan(text, &mut Cursor::new(text), &mut NameRoles::default(), &mut fields).unwrap();
        fields.iter().map(|f| (f.key.to_owned(), f.side, f.role)).collect()
    }

    #[test]
    fn a_request_object_is_taken_apart_in_place() {
        let got =
            roles(r#"{"id":1,"request":{"url":"/a","body":{"sku":1}},"response":{"status":200}}"#);
        let wanted = [
            ("id", FieldSide::Record, Role::Id),
            ("request", FieldSide::Record, Role::Request),
            ("url", FieldSide::Request, Role::Url),
            ("body", FieldSide::Request, Role::RequestBody),
            ("response", FieldSide::Record, Role::Response),
            ("status", FieldSide::Response, Role::HttpStatus),
        ];
        assert_eq!(got, wanted.map(|(k, s, r)| (k.to_owned(), s, r)));
    }

    #[test]
    fn attributes_may_be_name_value_pairs() {
        let text = r#"{"attributes":[{"name":"invokehttp.status.code","value":"400"},{"name":"sku","value":"A"}]}"#;
        let got = roles(text);
        assert_eq!(got[1].2, Role::HttpStatus);
        assert_eq!(got.len(), 3);
    }

    #[test]
    fn names_are_remembered_by_place_and_other_names_still_found() {
        let mut names = NameRoles::default();
        for text in [
            r#"{"sku":1,"url":2}"#,
            r#"{"sku":1,"url":2}"#,
            r#"{"url":1,"sku":2,"method":3}"#,
            r#"{"url":1,"skus":2}"#,
            r#"{"request":{"body":1}}"#,
            r#"{"response":{"body":1}}"#,
        ] {
            let mut fields = Vec::new();
            scan(text, &mut Cursor::new(text), &mut names, &mut fields).unwrap();
            for field in &fields {
                let fresh = NameRoles::default().role(field.side, field.key);
                assert_eq!(field.role, fresh, "{text} {}", field.key);
            }
        }
    }
}
