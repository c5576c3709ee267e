//! The members of objects, each with the role of its name.

use crate::json::{Cursor, Fault, Type, Value};
use crate::record::{FieldSide, NameRoles};
use crate::roles::Role;

/// A member of an object in a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'a> {
    /// The name, escaped as it stands.
    pub(crate) name: &'a str,
    /// What the name can mean in a record.
    pub(crate) role: Role,
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
    /// How many of the list belong to the present object.
    len: usize,
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
        self.len = 0;
        let ty = cursor.peek()?;
        if ty != Type::Object {
            return cursor.value();
        }
        let start = cursor.pos();
        cursor.enter()?;
        loop {
            let first = self.len == 0;
            let before = self.list.get(self.len);
            let same = before.and_then(|member| {
                Some((cursor.key_if(member.name.as_bytes(), first)?, member.role))
            });
            let (name, role) = match same {
                Some(same) => same,
                None => match cursor.key(first)? {
                    Some(name) => (name, names.role(FieldSide::Record, name, usize::MAX)),
                    None => break,
                },
            };
            let member = Member { name, role, value: cursor.value()? };
            match self.list.get_mut(self.len) {
                Some(place) => *place = member,
                None => self.list.push(member),
            }
            self.len += 1;
        }
        Ok(Value { ty, raw: &cursor.text()[start..cursor.pos()] })
    }

    /// The members, in order; none of a value that is no object.
    pub(crate) fn listed(&self) -> &[Member<'a>] {
        &self.list[..self.len]
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
                    let fresh =
                        NameRoles::default().role(FieldSide::Record, member.name, usize::MAX);
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
