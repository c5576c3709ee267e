//! Business keys in bodies: the key of the record that a body is about, or the keys of its rows.

use crate::body::BodyMember;
use crate::exchange::{BodyKind, KeyKind};
use crate::json::{Type, Value};
use crate::members::{Elements, Member, Members};
use crate::record::{FieldSide, NameRoles};
use crate::roles::Role;
use crate::slots::{KeyCandidate, usable_key};

/// The surest key among those offered; where orders are the matter, order keys come first.
#[derive(Debug, Default)]
struct BestKey<'a> {
    best: Option<(u8, KeyCandidate<'a>)>,
    orders: bool,
    /// There is a list of the items of an order.
    order_items: bool,
    /// What names an order when nothing else does: a short number, else an id.
    order: Option<(u8, KeyCandidate<'a>)>,
}

impl<'a> BestKey<'a> {
    fn offer_named(&mut self, names: &mut NameRoles, name: &str, value: Value<'a>, depth: u8) {
        self.offer(names.role(FieldSide::Record, name), value, depth);
    }

    fn offer(&mut self, role: Role, value: Value<'a>, depth: u8) {
        self.order_items |= role == Role::OrderItems && value.ty == Type::Array;
        let rank = match role {
            Role::Key(KeyKind::Order, rank) => rank,
            Role::Id => 9,
            Role::Key(..) => u8::MAX,
            _ => return,
        };
        if rank < self.order.map_or(u8::MAX, |(before, _)| before) {
            self.order = usable_key(KeyKind::Order, 0, value).map(|key| (rank, key)).or(self.order);
        }
        let Role::Key(kind, rank) = role else { return };
        let Some(key) = usable_key(kind, rank, value) else { return };
        let away = (kind == KeyKind::Order) != self.orders && rank < 4;
        let score = rank + depth + if away && self.orders { 4 } else { 0 };
        if self.best.is_none_or(|(best, _)| score < best) {
            self.best = Some((score, key));
        }
    }

    /// The key; that of an order is the order's own, not one of an item.
    fn key(self) -> Option<KeyCandidate<'a>> {
        let best = self.best.map(|(_, key)| key);
        let named = best.is_some_and(|key| key.kind == KeyKind::Order);
        self.order.filter(|_| self.order_items && !named).map(|(_, key)| key).or(best)
    }
}

/// The key of what a body is about; `members` is the outline of a JSON body. `orders`: the flow or URL is about
/// orders. The value comes as it stands in the body: escaped in JSON.
pub(crate) fn in_body<'a>(
    text: &'a str,
    kind: BodyKind,
    members: &[BodyMember<'a>],
    orders: bool,
    names: &mut NameRoles,
) -> Option<KeyCandidate<'a>> {
    let mut pick = BestKey { orders, ..BestKey::default() };
    match kind {
        BodyKind::Json => {
            // Members of the root first, else those of the objects in it.
            for depth in [1, 2] {
                for BodyMember { member, .. } in members.iter().filter(|m| m.depth == depth) {
                    pick.offer(member.role, member.value, depth - 1);
                }
                if pick.best.is_some() || pick.order_items {
                    break;
                }
            }
        }
        BodyKind::Xml => in_markup(text, names, &mut pick),
        BodyKind::Form => in_form(text, names, &mut pick),
        _ => {}
    }
    pick.key()
}

/// A text as a value without checking it: members up to where it breaks are found.
pub(crate) fn unchecked(text: &str) -> Value<'_> {
    let raw = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']).trim_end();
    let ty = match raw.as_bytes().first() {
        Some(b'{') => Type::Object,
        Some(b'[') => Type::Array,
        _ => Type::Null,
    };
    Value { ty, raw }
}

/// The key of one row of a list, by its members; else by those of the objects in it.
pub(crate) fn of_row<'a>(
    row: &[Member<'a>],
    orders: bool,
    names: &mut NameRoles,
) -> Option<KeyCandidate<'a>> {
    let mut pick = BestKey { orders, ..BestKey::default() };
    for member in row {
        pick.offer(member.role, member.value, 0);
    }
    for object in row.iter().filter(|member| member.value.ty == Type::Object) {
        if pick.best.is_some() || pick.order_items {
            break;
        }
        object.value.members(|name, value| {
            pick.offer_named(names, name, value, 1);
            true
        });
    }
    pick.key()
}

/// The keys of the rows of a bulk request, in order: the elements of a list, or of the one list of an
/// object that has no key itself; `members` is the outline of the body. Empty unless every element has a key.
pub(crate) fn rows<'a>(
    text: &'a str,
    members: &[BodyMember<'a>],
    orders: bool,
    names: &mut NameRoles,
) -> Vec<KeyCandidate<'a>> {
    let root = unchecked(text);
    if root.ty == Type::Array {
        return list(root, orders, names);
    }
    let mut pick = BestKey { orders, ..BestKey::default() };
    for BodyMember { member, .. } in members.iter().filter(|m| m.depth == 1) {
        pick.offer(member.role, member.value, 0);
    }
    // `pk`, `reference` and the like name the batch, not its one row.
    if pick.best.is_some_and(|(_, key)| key.rank < 4) {
        return Vec::new();
    }
    // The items of an order are no rows.
    if members.iter().any(|m| m.member.role == Role::OrderItems) {
        return Vec::new();
    }
    let lists = members.iter().map(|m| m.member.value).filter(|value| value.ty == Type::Array);
    lists.map(|value| list(value, orders, names)).find(|rows| !rows.is_empty()).unwrap_or_default()
}

/// The keys of the elements of a list; none unless every element has one.
fn list<'a>(array: Value<'a>, orders: bool, names: &mut NameRoles) -> Vec<KeyCandidate<'a>> {
    let mut keys = Vec::new();
    let (mut elements, mut members) = (Elements::of(array), Members::default());
    while elements.next(&mut members, names).is_some() {
        let Some(key) = of_row(members.listed(), orders, names) else { return Vec::new() };
        keys.push(key);
    }
    keys
}

fn in_markup<'a>(text: &'a str, names: &mut NameRoles, pick: &mut BestKey<'a>) {
    for at in memchr::memchr_iter(b'<', text.as_bytes()) {
        let rest = &text[at + 1..];
        if matches!(rest.as_bytes().first(), Some(b'/' | b'?' | b'!')) {
            continue;
        }
        let Some(close) = memchr::memchr(b'>', rest.as_bytes()) else { return };
        let (tag, content) = (&rest[..close], &rest[close + 1..]);
        let end = memchr::memchr(b'<', content.as_bytes()).unwrap_or(content.len());
        let content = content[..end].trim();
        if content.is_empty() || tag.as_bytes().last() == Some(&b'/') {
            continue;
        }
        let name = tag.split_ascii_whitespace().next().unwrap_or("");
        let local = memchr::memrchr(b':', name.as_bytes()).map_or(name, |at| &name[at + 1..]);
        pick.offer_named(names, local, bare(content), 0);
    }
}

fn in_form<'a>(text: &'a str, names: &mut NameRoles, pick: &mut BestKey<'a>) {
    for pair in text.split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            // Keys that need percent decoding are rare, and then kept as written.
            pick.offer_named(names, name, bare(value), 0);
        }
    }
}

/// The key in the query of a URL.
pub(crate) fn in_url<'a>(
    url: &'a str,
    orders: bool,
    names: &mut NameRoles,
) -> Option<KeyCandidate<'a>> {
    let (_, query) = url.split_once('?')?;
    let mut pick = BestKey { orders, ..BestKey::default() };
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

    fn outline(text: &str) -> Vec<BodyMember<'_>> {
        let mut members = Vec::new();
        crate::body::Shapes::default().outlined(text, 0, &mut NameRoles::default(), &mut members);
        members
    }

    fn key(text: &str, kind: BodyKind, orders: bool) -> Option<(KeyKind, String)> {
        in_body(text, kind, &outline(text), orders, &mut NameRoles::default())
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
            let keys = rows(text, &outline(text), false, &mut NameRoles::default());
            keys.iter().map(|k| k.inner.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(rows_of(r#"[{"sku":"A"},{"product":"B-12"}]"#), ["A", "B-12"]);
        assert_eq!(rows_of(r#"{"items":[{"sku":"A"},{"sku":"B"}]}"#), ["A", "B"]);
        assert_eq!(rows_of(r#"{"number":"12345","orderitem_set":[{"sku":"A"}]}"#), [""; 0]);
        assert_eq!(rows_of(r#"[{"sku":"A"},{"x":1}]"#), [""; 0]);
        assert_eq!(rows_of(r#"{"sku":"A"}"#), [""; 0]);
    }
}
