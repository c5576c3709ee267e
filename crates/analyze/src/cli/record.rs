//! One record of a file, by the number that reports give it.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use archive::{Form, Leaf, Limits};
use model::exchange::Exchange;
use model::extract::Extractor;
use model::given::GivenRoles;
use model::json::{Cursor, Type, Value, unescape};
use model::listing;
use model::mend::may_be_json;
use serde_json::json;

use super::figures::counted;

/// Looks for a record in the leaves of a file, which it takes in their order.
pub(super) struct RecordFinder {
    wanted: u32,
    /// Records in the leaves so far.
    records: u32,
    /// Whether the record was put together from what was understood.
    rebuilt: bool,
    extractor: Extractor,
    /// The texts so far with records. A repeat counts once, as in a report.
    texts: HashSet<u64>,
    hasher: RandomState,
}

impl RecordFinder {
    /// Looks for the record with this number, the first being 0.
    pub(super) fn new(wanted: u32, limits: &Limits, roles: GivenRoles) -> Self {
        let extractor =
            Extractor::new(1 << 20, limits.json_depth as usize).with_roles(Arc::new(roles));
        let (texts, hasher) = (HashSet::new(), RandomState::new());
        Self { wanted, records: 0, rebuilt: false, extractor, texts, hasher }
    }

    /// The record, if it is in this leaf: as it stands in the text, or what was understood of it.
    pub(super) fn leaf(&mut self, leaf: &Leaf<'_>) -> Option<String> {
        let text = leaf.text;
        let is_log = matches!(leaf.form, Form::Json | Form::Text)
            && may_be_json(text)
            && !(listing::may_be_listing(text) && listing::parse(text).is_some());
        if !is_log || self.records > self.wanted || !self.texts.insert(self.hasher.hash_one(text)) {
            return None;
        }
        let mut found = None;
        let Self { wanted, records, rebuilt, .. } = self;
        self.extractor.extract(text, !leaf.layers.is_empty(), &mut |exchange| {
            if records == wanted {
                found = at_pointer(text, exchange.pointer);
                *rebuilt = found.is_none();
                found = found.take().or_else(|| Some(understood(exchange)));
            }
            *records += 1;
        });
        found
    }

    pub(super) fn is_rebuilt(&self) -> bool {
        self.rebuilt
    }

    /// Why nothing was found.
    pub(super) fn not_found(&self) -> String {
        let numbers = match self.records {
            0 => String::new(),
            records => format!(", numbered from 0 to {}", records - 1),
        };
        let records = counted(self.records, "record", "records");
        format!("no record {}; there are {records}{numbers}", self.wanted)
    }
}

/// The value at a JSON Pointer (RFC 6901), which may lead through JSON inside strings. Of several documents the first
/// has the pointer as it is, the others have their number before it. `None` when the text is no strict JSON, or when the
/// pointer can mean two places.
fn at_pointer(text: &str, pointer: &str) -> Option<String> {
    let mut documents = Vec::new();
    let mut cursor = Cursor::new(text);
    while !cursor.at_end() {
        documents.push(cursor.value().ok()?);
    }
    let steps: Vec<String> =
        pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let in_first = value_at(*documents.first()?, &steps);
    let in_other = steps.split_first().and_then(|(document, steps)| {
        let document = document.parse::<usize>().ok().filter(|number| *number > 0)?;
        value_at(*documents.get(document)?, steps)
    });
    match (in_first, in_other) {
        (Some(_), Some(_)) => None,
        (one, other) => one.or(other),
    }
}

fn value_at(value: Value<'_>, steps: &[String]) -> Option<String> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.raw.to_owned()) };
    let mut found = None;
    match value.ty {
        Type::Object => value.members(|name, member| {
            let mut plain = String::new();
            unescape(name, &mut plain);
            if plain == *step {
                found = Some(member);
            }
            found.is_none()
        }),
        Type::Array => {
            let mut left = step.parse::<usize>().ok()?;
            value.elements(|element| {
                if left == 0 {
                    found = Some(element);
                }
                left = left.saturating_sub(1);
                found.is_none()
            });
        }
        Type::String => {
            let mut inner = String::new();
            unescape(value.inner(), &mut inner);
            return value_at(Value::of(&inner)?, steps);
        }
        _ => {}
    }
    value_at(found?, rest)
}

/// A record as it was understood, for records that are spread over the text.
fn understood(exchange: &Exchange<'_>) -> String {
    let errors: Vec<&str> = exchange.errors.iter().map(|error| error.message).collect();
    json!({
        "pointer": exchange.pointer,
        "method": exchange.method,
        "url": exchange.url,
        "status": exchange.status,
        "request": exchange.request.map(|body| body.text),
        "response": exchange.response.map(|body| body.text),
        "errors": errors,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_through_names_places_strings_and_documents() {
        let check = |text: &str, pointer: &str, expected: Option<&str>| {
            assert_eq!(at_pointer(text, pointer).as_deref(), expected, "{text} {pointer}");
        };
        check(r#"{"a":1}"#, "", Some(r#"{"a":1}"#));
        check(r#"{"a/b":[1, {"~":2.50}]}"#, "/a~1b/1/~0", Some("2.50"));
        check(r#"{"a":"[{\"b\":\"c\"}]"}"#, "/a/0/b", Some(r#""c""#));
        check("{\"a\":1}\n{\"a\":2}", "/1", Some(r#"{"a":2}"#));
        check("{\"a\":1}\n{\"a\":2}", "/1/a", Some("2"));
        // The second element of the first document, or the second document.
        check("[1,2]\n[3]", "/1", None);
        check(r#"{"a":1}"#, "/b", None);
        check("[1,", "/0", None);
    }
}
