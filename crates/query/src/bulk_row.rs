//! The row of one key in a bulk request, and what the answer says about that row.

use std::borrow::Cow;

use model::json::{Type as JsonType, Value};

/// A row of a bulk request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkRow<'b> {
    /// Its JSON text.
    pub text: &'b str,
    /// Its place in its list, from 0.
    pub place: usize,
    /// How many rows the list has.
    pub rows: usize,
}

/// The one row of a bulk request that has `key`: an element of the list that the body is, or of a list directly in it.
/// `None` when there is no such row, when it is the only one and so the whole body can be sent, or when several rows,
/// or the body around them, have the key too.
pub fn row_of<'b>(body: &'b str, key: &str) -> Option<BulkRow<'b>> {
    let root = Value::of(body)?;
    let mut lists = Vec::new();
    match root.ty {
        JsonType::Array => lists.push(root),
        JsonType::Object => {
            let mut around = false;
            root.members(|_, member| {
                around |= is_key(member, key) || has_key(member, key, 0);
                if member.ty == JsonType::Array {
                    lists.push(member);
                }
                !around
            });
            if around {
                return None;
            }
        }
        _ => return None,
    }
    let (mut found, mut more) = (None, false);
    for list in lists {
        let mut rows = 0;
        let mut here = None;
        list.elements(|row| {
            if has_key(row, key, 1) {
                more |= here.is_some() || found.is_some();
                here = Some((row.raw, rows));
            }
            rows += 1;
            !more
        });
        if rows > 1 {
            found = found.or(here.map(|(text, place)| BulkRow { text, place, rows }));
        } else {
            more |= here.is_some();
        }
    }
    found.filter(|_| !more)
}

/// Whether a row of a list that the body is, or that is directly in it, has the key.
pub(crate) fn has_row(body: &str, key: &str) -> bool {
    let mut found = false;
    each_row(body, |row| {
        found = has_key(row, key, 1);
        !found
    });
    found
}

/// The values in each row of a bulk request that can be its key: texts and numbers of the row, and of objects in it.
/// `each` gets the place of the row in the body and the value.
pub(crate) fn values_of_rows<'b>(body: &'b str, mut each: impl FnMut(u32, Cow<'b, str>)) {
    let mut place = 0;
    each_row(body, |row| {
        values_of(row, 1, &mut |value| each(place, value));
        place += 1;
        true
    });
}

/// Calls `each` for the elements of the list that the body is, or of the lists directly in it, until it says `false`.
fn each_row<'b>(body: &'b str, mut each: impl FnMut(Value<'b>) -> bool) {
    let Some(root) = Value::of(body) else { return };
    let mut list = |list: Value<'b>| {
        let mut go_on = true;
        list.elements(|row| {
            go_on = each(row);
            go_on
        });
        go_on
    };
    match root.ty {
        JsonType::Array => _ = list(root),
        JsonType::Object => root.members(|_, member| member.ty != JsonType::Array || list(member)),
        _ => {}
    }
}

/// The texts and numbers of an object, and of objects in it so many levels down.
fn values_of<'b>(object: Value<'b>, levels: u8, each: &mut dyn FnMut(Cow<'b, str>)) {
    object.members(|_, member| {
        match member.ty {
            JsonType::String if member.raw.contains('\\') => {
                if let Ok(text) = serde_json::from_str::<String>(member.raw) {
                    each(text.into());
                }
            }
            JsonType::String => each(member.inner().into()),
            JsonType::Number => each(member.raw.into()),
            JsonType::Object if levels > 0 => values_of(member, levels - 1, each),
            _ => {}
        }
        true
    });
}

/// What the answer to a bulk request says about one of its rows: the element of a list with that key, or at the same
/// place in a list with as many elements as the request. The list is the answer itself, or directly in it.
pub fn answer_of_row<'b>(answer: &'b str, row: &BulkRow<'_>, key: &str) -> Option<&'b str> {
    let root = Value::of(answer)?;
    let mut lists = Vec::new();
    match root.ty {
        JsonType::Array => lists.push(root),
        JsonType::Object => root.members(|_, member| {
            lists.extend((member.ty == JsonType::Array).then_some(member));
            true
        }),
        _ => {}
    }
    let mut at_place = None;
    for list in lists {
        let (mut count, mut here, mut named) = (0, None, None);
        list.elements(|element| {
            if count == row.place {
                here = Some(element.raw);
            }
            count += 1;
            named = has_key(element, key, 1).then_some(element.raw);
            named.is_none()
        });
        if named.is_some() {
            return named;
        }
        at_place = at_place.or(here.filter(|_| count == row.rows));
    }
    at_place
}

/// Whether an object has a member with this value, or an object in it has, so many levels down.
fn has_key(object: Value<'_>, key: &str, levels: u8) -> bool {
    let mut found = false;
    object.members(|_, member| {
        found = is_key(member, key) || levels > 0 && has_key(member, key, levels - 1);
        !found
    });
    found
}

fn is_key(value: Value<'_>, key: &str) -> bool {
    match value.ty {
        JsonType::String if value.inner() == key => true,
        JsonType::String if value.raw.contains('\\') => {
            serde_json::from_str::<String>(value.raw).is_ok_and(|text| text == key)
        }
        JsonType::Number => value.raw == key,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_cut_out_where_it_alone_has_the_key() {
        let check = |body: &str, expected: Option<&str>| {
            assert_eq!(row_of(body, "A-1").map(|row| row.text), expected, "{body}");
        };
        check(r#"[{"sku":"A-2"}, {"sku":"A-1","n":1.50}]"#, Some(r#"{"sku":"A-1","n":1.50}"#));
        check(r#"{"items":[{"sku":"A-1"},{"sku":"B"}]}"#, Some(r#"{"sku":"A-1"}"#));
        check(
            r#"[{"p":{"sku":"\u0041-1"}},{"p":{"sku":"B"}}]"#,
            Some(r#"{"p":{"sku":"\u0041-1"}}"#),
        );
        check(r#"[{"sku":"A-1"}]"#, None);
        check(r#"[{"sku":"A-1"},{"sku":"A-1"}]"#, None);
        check(r#"{"order":"A-1","lines":[{"order":"A-1"},{"x":1}]}"#, None);
        check(r#"{"a":[{"sku":"A-1"},{"x":1}],"b":[{"sku":"A-1"}]}"#, None);
        check(r#"{"sku":"A-1"}"#, None);
        check(r#"[{"sku":"A-1"},{"sku":"#, None);
        check("sku=A-1&sku=B", None);
        assert_eq!(
            row_of(r#"[{"id":17},{"id":170}]"#, "17"),
            Some(BulkRow { text: r#"{"id":17}"#, place: 0, rows: 2 })
        );
    }

    #[test]
    fn a_key_is_found_in_one_row_or_several() {
        for body in [r#"[{"sku":"A"}]"#, r#"{"rows":[{"sku":"B"},{"p":{"sku":"A"}},{"sku":"A"}]}"#]
        {
            assert!(has_row(body, "A"), "{body}");
        }
        for body in [r#"{"sku":"A"}"#, r#"["A"]"#, r#"[{"sku":"AA"}]"#, "A", "[{\"sku\":"] {
            assert!(!has_row(body, "A"), "{body}");
        }
    }

    #[test]
    fn the_answer_about_a_row_is_found_by_key_or_place() {
        let row = BulkRow { text: "", place: 1, rows: 3 };
        let check = |answer: &str, expected: Option<&str>| {
            assert_eq!(answer_of_row(answer, &row, "A"), expected, "{answer}");
        };
        check(r#"[{},{"price":["bad"]},{}]"#, Some(r#"{"price":["bad"]}"#));
        check(
            r#"{"errors":[{"sku":"B"},{"sku":"A","error":"bad"}]}"#,
            Some(r#"{"sku":"A","error":"bad"}"#),
        );
        check(r#"{"errors":[{"n":1},{"n":2}]}"#, None);
        check(r#"{"batch":7}"#, None);
        check("no JSON", None);
    }
}
