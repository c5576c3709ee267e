//! One record of a file, by the number that reports give it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use archive::{Form, Leaf, Limits};
use model::exchange::Exchange;
use model::extract::Extractor;
use model::given::GivenRoles;
use model::json::{Cursor, Type, unescape};
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
                let whole = at_pointer(text, exchange.pointer).filter(|part| match part {
                    Cow::Borrowed(part) => !is_spread(exchange, text, part),
                    Cow::Owned(_) => true,
                });
                *rebuilt = whole.is_none();
                found = Some(whole.map_or_else(|| understood(exchange), Cow::into_owned));
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

/// The value at a JSON Pointer (RFC 6901), which may lead through JSON inside strings. Of several documents in one text
/// the first can have the pointer as it is, otherwise the number of the document stands before it. `None` when there is no
/// such value, when the text breaks off or is no strict JSON before its end, or when the pointer can mean two places.
fn at_pointer<'t>(text: &'t str, pointer: &str) -> Option<Cow<'t, str>> {
    let steps: Vec<String> =
        pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let in_first = value_at(&mut Cursor::new(text), &steps);
    let in_numbered = steps.split_first().and_then(|(document, steps)| {
        let mut cursor = Cursor::new(text);
        for _ in 0..document.parse::<u32>().ok()? {
            cursor.value().ok()?;
        }
        value_at(&mut cursor, steps)
    });
    // An element of the only document is no document.
    let several = {
        let mut cursor = Cursor::new(text);
        cursor.value().is_ok() && !cursor.at_end()
    };
    match (in_first, in_numbered.filter(|_| several)) {
        (Some(_), Some(_)) => None,
        (one, other) => one.or(other),
    }
}

/// The value at the end of these steps from the value that begins at the cursor.
fn value_at<'t>(cursor: &mut Cursor<'t>, steps: &[String]) -> Option<Cow<'t, str>> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(Cow::Borrowed(cursor.value().ok()?.raw));
    };
    let mut first = true;
    match cursor.peek().ok()? {
        Type::Object => {
            cursor.enter().ok()?;
            let mut name = String::new();
            while let Some(key) = cursor.key(first).ok()? {
                name.clear();
                unescape(key, &mut name);
                if name == *step {
                    return value_at(cursor, rest);
                }
                cursor.value().ok()?;
                first = false;
            }
            None
        }
        Type::Array => {
            let place = step.parse::<usize>().ok()?;
            cursor.enter().ok()?;
            for _ in 0..place {
                cursor.element(first).ok().filter(|there| *there)?;
                cursor.value().ok()?;
                first = false;
            }
            cursor.element(first).ok().filter(|there| *there)?;
            value_at(cursor, rest)
        }
        Type::String => {
            let mut inner = String::new();
            unescape(cursor.value().ok()?.inner(), &mut inner);
            value_at(&mut Cursor::new(&inner), steps).map(|value| Cow::Owned(value.into_owned()))
        }
        _ => None,
    }
}

/// Whether a body of the exchange stands in the text, but not in the part of it.
fn is_spread(exchange: &Exchange<'_>, text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes().as_ptr_range(), part.as_bytes().as_ptr_range());
    let bodies = [exchange.request, exchange.response].into_iter().flatten();
    bodies.map(|body| body.text.as_ptr()).any(|at| text.contains(&at) && !part.contains(&at))
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
        check("{\"a\":1}\n{\"a\":2}", "/0/a", Some("1"));
        check("{\"a\":1}\n{\"a\":2}", "/1/a", Some("2"));
        check("[1,2]\n[3,4]", "/1/1", Some("4"));
        // The second element of the first document, or the second document.
        check("[1,2]\n[3]", "/1", None);
        check(r#"{"a":1}"#, "/b", None);
        check(r#"{"a":[1,{"b":"#, "/a/0", Some("1"));
        check("[1,", "/1", None);
        check("[[1]]", "/0/0", Some("1"));
    }
}
