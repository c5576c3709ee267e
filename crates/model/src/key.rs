//! Business keys in bodies: of the one thing that a body speaks of, or of each of its rows.

use crate::body::Member;
use crate::exchange::{BodyKind, KeyKind};
use crate::json::{Type, Value};
use crate::memo::Known;
use crate::record::{Names, Side};
use crate::roles::Role;
use crate::slots::{FoundKey, usable_key};

/// A body with the outline that [`Shapes::outlined`](crate::body::Shapes) made of it.
#[derive(Debug)]
pub(crate) struct Outlined<'a> {
    pub(crate) text: &'a str,
    pub(crate) kind: BodyKind,
    /// Empty for bodies that are no JSON object, and where `known` tells what is in them.
    pub(crate) members: Vec<Member<'a>>,
    /// What is remembered of a body that was met before.
    pub(crate) known: Option<&'a Known>,
    /// Where it is put down what is found in a body that is met for the first time, if it is to be remembered.
    pub(crate) fresh: Option<&'a Known>,
}

#[cfg(test)]
impl<'a> Outlined<'a> {
    fn of(text: &'a str) -> Self {
        let mut members = Vec::new();
        let (body, _) = crate::body::Shapes::default().outlined(text, 0, &mut members);
        Self { text, kind: body.kind, members, known: None, fresh: None }
    }
}

/// Picks the surest key among those offered; where orders are the matter, order keys come first.
#[derive(Debug, Default)]
struct Pick<'a> {
    best: Option<(u8, FoundKey<'a>)>,
    orders: bool,
}

impl<'a> Pick<'a> {
    fn offer(&mut self, names: &mut Names, name: &str, value: Value<'a>, depth: u8) {
        let Role::Key(kind, rank) = names.role(Side::Record, name, usize::MAX) else { return };
        let Some(key) = usable_key(kind, rank, value) else { return };
        let away = (kind == KeyKind::Order) != self.orders && rank < 4;
        let score = rank + depth + if away && self.orders { 4 } else { 0 };
        if self.best.is_none_or(|(best, _)| score < best) {
            self.best = Some((score, key));
        }
    }
}

/// The key of what a body speaks of; `members` is the outline of a JSON body. `orders`: the flow or
/// URL speaks of orders. The value comes as it stands in the body: escaped in JSON.
pub(crate) fn in_body<'a>(
    body: &Outlined<'a>,
    orders: bool,
    names: &mut Names,
) -> Option<FoundKey<'a>> {
    let mut pick = Pick { best: None, orders };
    match body.kind {
        BodyKind::Json => {
            // Members of the root first, else those of the objects in it.
            for depth in [1, 2] {
                for member in body.members.iter().filter(|m| m.depth == depth) {
                    pick.offer(names, member.key, member.value, depth - 1);
                }
                if pick.best.is_some() {
                    break;
                }
            }
        }
        BodyKind::Xml => in_markup(body.text, names, &mut pick),
        BodyKind::Form => in_form(body.text, names, &mut pick),
        _ => {}
    }
    pick.best.map(|(_, key)| key)
}

/// A text as a value without checking it: members up to where it breaks are found.
pub(crate) fn whole(text: &str) -> Value<'_> {
    let raw = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']).trim_end();
    let ty = match raw.as_bytes().first() {
        Some(b'{') => Type::Object,
        Some(b'[') => Type::Array,
        _ => Type::Null,
    };
    Value { ty, raw }
}

/// Keys among the members of an object; else in the objects it holds, one level down.
fn in_object<'a>(object: Value<'a>, names: &mut Names, pick: &mut Pick<'a>) {
    object.members(|name, value| {
        pick.offer(names, name, value, 0);
        true
    });
    if pick.best.is_none() {
        object.members(|_, inner| {
            if inner.ty == Type::Object {
                inner.members(|name, value| {
                    pick.offer(names, name, value, 1);
                    true
                });
            }
            pick.best.is_none()
        });
    }
}

/// The key of one row of a list.
pub(crate) fn of_row<'a>(row: Value<'a>, orders: bool, names: &mut Names) -> Option<FoundKey<'a>> {
    let mut pick = Pick { best: None, orders };
    in_object(row, names, &mut pick);
    pick.best.map(|(_, key)| key)
}

/// The keys of the rows of a bulk request, in order: the elements of a list, or of the one list of an
/// object that has no key itself. Empty unless every element has a key.
pub(crate) fn rows<'a>(
    body: &Outlined<'a>,
    orders: bool,
    names: &mut Names,
    out: &mut Vec<FoundKey<'a>>,
) {
    out.clear();
    let root = whole(body.text);
    if root.ty == Type::Array {
        return list(root, orders, names, out);
    }
    let mut pick = Pick { best: None, orders };
    for member in body.members.iter().filter(|m| m.depth == 1) {
        pick.offer(names, member.key, member.value, 0);
    }
    // `pk`, `reference` and the like name the batch, not its one row.
    if pick.best.is_some_and(|(_, key)| key.rank < 4) {
        return;
    }
    for member in &body.members {
        if member.value.ty == Type::Array {
            list(member.value, orders, names, out);
            if !out.is_empty() {
                return;
            }
        }
    }
}

fn list<'a>(array: Value<'a>, orders: bool, names: &mut Names, out: &mut Vec<FoundKey<'a>>) {
    array.elements(|element| {
        if let Some(key) =
            (element.ty == Type::Object).then(|| of_row(element, orders, names)).flatten()
        {
            out.push(key);
            true
        } else {
            out.clear();
            false
        }
    });
}

fn in_markup<'a>(text: &'a str, names: &mut Names, pick: &mut Pick<'a>) {
    for at in memchr::memchr_iter(b'<', text.as_bytes()) {
        let rest = &text[at + 1..];
        let Some(close) = rest.find('>') else { return };
        let tag = &rest[..close];
        if tag.starts_with(['/', '?', '!']) || tag.ends_with('/') {
            continue;
        }
        let name = tag.split_ascii_whitespace().next().unwrap_or("");
        let local = name.rsplit(':').next().unwrap_or(name);
        let content = &rest[close + 1..];
        let content = content[..content.find('<').unwrap_or(content.len())].trim();
        if !content.is_empty() {
            pick.offer(names, local, bare(content), 0);
        }
    }
}

fn in_form<'a>(text: &'a str, names: &mut Names, pick: &mut Pick<'a>) {
    for pair in text.split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            // Keys that need percent decoding are rare, and then kept as written.
            pick.offer(names, name, bare(value), 0);
        }
    }
}

/// The key in the query of a URL.
pub(crate) fn in_url<'a>(url: &'a str, orders: bool, names: &mut Names) -> Option<FoundKey<'a>> {
    let (_, query) = url.split_once('?')?;
    let mut pick = Pick { best: None, orders };
    in_form(query.split('#').next().unwrap_or(query), names, &mut pick);
    pick.best.map(|(_, key)| key).filter(|key| key.rank < 3)
}

/// A text that is no JSON as a value: `inner` gives all of it.
fn bare(text: &str) -> Value<'_> {
    let number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // `inner` takes the quotes off strings only, so text that stands bare poses as a number.
    let fits = number || (text.len() <= 256 && !text.trim().is_empty());
    Value { ty: if fits { Type::Number } else { Type::Null }, raw: text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str, kind: BodyKind, orders: bool) -> Option<(KeyKind, String)> {
        in_body(&Outlined { kind, ..Outlined::of(text) }, orders, &mut Names::default())
            .map(|k| (k.kind, k.inner.to_owned()))
    }

    #[test]
    fn the_surest_name_wins() {
        let sku = |v: &str| Some((KeyKind::Sku, v.to_owned()));
        assert_eq!(
            key(r#"{"base_code":"B","product":"P-100","sku":"S"}"#, BodyKind::Json, false),
            sku("S")
        );
        assert_eq!(key(r#"{"product":"0012","price":"1"}"#, BodyKind::Json, false), sku("0012"));
        assert_eq!(key(r#"{"data":{"StokKodu":"A 1"}}"#, BodyKind::Json, false), sku("A 1"));
        assert_eq!(
            key("<a:Item><a:ItemCode>X1</a:ItemCode></a:Item>", BodyKind::Xml, false),
            sku("X1")
        );
        assert_eq!(key("price=1&sku=A-1", BodyKind::Form, false), sku("A-1"));
        assert_eq!(key(r#"{"price":1,"order":2}"#, BodyKind::Json, false), None);
    }

    #[test]
    fn order_flows_speak_of_orders() {
        let text = r#"{"number":"00012345","sku":"S"}"#;
        assert_eq!(key(text, BodyKind::Json, true), Some((KeyKind::Order, "00012345".to_owned())));
        assert_eq!(key(text, BodyKind::Json, false), Some((KeyKind::Sku, "S".to_owned())));
    }

    #[test]
    fn rows_of_bulk_requests_are_found() {
        let rows_of = |text: &str| {
            let mut out = Vec::new();
            rows(&Outlined::of(text), false, &mut Names::default(), &mut out);
            out.iter().map(|k| k.inner.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(rows_of(r#"[{"sku":"A"},{"product":"B-12"}]"#), ["A", "B-12"]);
        assert_eq!(rows_of(r#"{"items":[{"sku":"A"},{"sku":"B"}]}"#), ["A", "B"]);
        assert_eq!(rows_of(r#"{"number":"12345","orderitem_set":[{"sku":"A"}]}"#), [""; 0]);
        assert_eq!(rows_of(r#"[{"sku":"A"},{"x":1}]"#), [""; 0]);
        assert_eq!(rows_of(r#"{"sku":"A"}"#), [""; 0]);
    }
}
