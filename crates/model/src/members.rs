//! The members of objects, each with the role of its name.

use crate::answer::names::Says;
use crate::json::{Cursor, ExpectedKey, Fault, Type, Value};
use crate::record::{FieldSide, NameRoles};
use crate::roles::Role;

/// A member of an object in a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'a> {
    /// The name, escaped as it stands.
    pub(crate) name: &'a str,
    /// What the name can mean in a record.
    pub(crate) role: Role,
    /// What it says in an answer.
    pub(crate) says: Says,
    /// The value.
    pub(crate) value: Value<'a>,
}

/// The members of the object read last.
///
/// The rows of a list have the same names in the same order, so each name is compared with the one at its
/// place in the object before; then neither its end nor its role has to be looked for.
#[derive(Debug, Default)]
pub(crate) struct Members<'a> {
    list: Vec<Member<'a>>,
    /// The names that stood at each place, and what they mean.
    before: Vec<(ExpectedKey, Role, Says)>,
}

impl<'a> Members<'a> {
    /// Reads the value at the cursor, which ends past it, and lists its members if it is an object.
    ///
    /// # Errors
    /// Where the value breaks; the members before are listed.
    pub(crate) fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        names: &mut NameRoles,
    ) -> Result<Value<'a>, Fault> {
        self.list.clear();
        let ty = cursor.peek()?;
        if ty != Type::Object {
            return cursor.value();
        }
        let start = cursor.pos();
        cursor.enter()?;
        loop {
            let at = self.list.len();
            let before = self.before.get(at);
            let same = before
                .and_then(|(key, role, says)| Some((cursor.key_if(key, at == 0)?, *role, *says)));
            let (name, role, says) = if let Some(same) = same {
                same
            } else if let Some(name) = cursor.key(at == 0)? {
                let role = names.role(FieldSide::Record, name);
                let says = names.in_answer(name).says;
                self.expect(at, name, role, says);
                (name, role, says)
            } else {
                break;
            };
            self.list.push(Member { name, role, says, value: cursor.value()? });
        }
        Ok(Value { ty, raw: &cursor.text()[start..cursor.pos()] })
    }

    /// The members, in order; none of a value that is no object.
    pub(crate) fn listed(&self) -> &[Member<'a>] {
        &self.list
    }

    /// Expects this name at place `at` of the next object.
    fn expect(&mut self, at: usize, name: &str, role: Role, says: Says) {
        let expected = (ExpectedKey::new(name), role, says);
        match self.before.get_mut(at) {
            Some(before) => *before = expected,
            None => self.before.push(expected),
        }
    }
}

/// The elements of an array, in order, up to where it breaks; none of other values.
pub(crate) struct Elements<'a> {
    cursor: Cursor<'a>,
    first: bool,
    array: bool,
}

impl<'a> Elements<'a> {
    pub(crate) fn of(value: Value<'a>) -> Self {
        let array = value.ty == Type::Array;
        Self { cursor: Cursor::at(value.raw, usize::from(array)), first: true, array }
    }

    /// The next element, whose members are listed in `members`.
    pub(crate) fn next(
        &mut self,
        members: &mut Members<'a>,
        names: &mut NameRoles,
    ) -> Option<Value<'a>> {
        if !self.array || !self.cursor.element(self.first).ok()? {
            return None;
        }
        self.first = false;
        members.read(&mut self.cursor, names).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_members_are_listed_as_they_stand() {
        let rows =
            r#"[{"sku":1,"url":"a"},{"sku":2,"url":"b","x":3},{},7,{"url":4 , "sku" :5},{"sku":6,"#;
        let (mut members, mut names) = (Members::default(), NameRoles::default());
        let mut elements = Elements::of(Value { ty: Type::Array, raw: rows });
        let mut seen = Vec::new();
        while let Some(value) = elements.next(&mut members, &mut names) {
            let names: Vec<_> = members
                .listed()
                .iter()
                .map(|member| {
                    let fresh = NameRoles::default().role(FieldSide::Record, member.name);
                    assert_eq!(member.role, fresh);
                    format!("{}={}", member.name, member.value.raw)
                })
                .collect();
            seen.push((value.raw, names.join(" ")));
        }
        let wanted = [
            (r#"{"sku":1,"url":"a"}"#, r#"sku=1 url="a""#),
            (r#"{"sku":2,"url":"b","x":3}"#, r#"sku=2 url="b" x=3"#),
            ("{}", ""),
            ("7", ""),
            (r#"{"url":4 , "sku" :5}"#, "url=4 sku=5"),
        ];
        assert_eq!(seen, wanted.map(|(raw, names)| (raw, names.to_owned())));
    }
}
