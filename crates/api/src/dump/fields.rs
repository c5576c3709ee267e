//! Fields by name and value: of records, and of downloads as hashes.

use hashbrown::HashSet;
use model::json::{Type, Value, unescape};
use xxhash_rust::xxh3::Xxh3;

/// Arrays and objects inside each other that are followed.
const MOST_LEVELS: u32 = 64;

/// Calls `each` with name and value of every scalar in a JSON text, nested ones too, until it returns false. Elements
/// of arrays have the name of the array. Null is no value.
fn each_scalar(value: Value<'_>, each: &mut dyn FnMut(&str, &str) -> bool) {
    let mut more = true;
    walk("", value, 0, &mut more, each);
}

fn walk(
    name: &str,
    value: Value<'_>,
    level: u32,
    more: &mut bool,
    each: &mut dyn FnMut(&str, &str) -> bool,
) {
    if level > MOST_LEVELS || !*more {
        return;
    }
    match value.ty {
        Type::Null => {}
        Type::Object => value.members(|key, value| {
            let mut unescaped = String::new();
            let key = if key.contains('\\') {
                unescape(key, &mut unescaped);
                &unescaped
            } else {
                key
            };
            walk(key, value, level + 1, more, each);
            *more
        }),
        Type::Array => value.elements(|value| {
            walk(name, value, level + 1, more, each);
            *more
        }),
        Type::String if value.inner().contains('\\') => {
            let mut text = String::new();
            unescape(value.inner(), &mut text);
            *more = each(name, &text);
        }
        _ => *more = each(name, value.inner()),
    }
}

/// Whether a record has a field of this name and value, nested fields too. The case of ASCII letters in the name does
/// not matter; the value is compared whole, numbers as they are written.
pub fn has_field(record: &str, name: &str, value: &str) -> bool {
    let mut found = false;
    if let Some(object) = Value::of(record) {
        each_scalar(object, &mut |field, text| {
            found = text == value && field.eq_ignore_ascii_case(name);
            !found
        });
    }
    found
}

/// Adds the hashes of all fields in a JSON text; of nothing when it is none.
pub(super) fn add_hashes(json: &str, hashes: &mut HashSet<u64>) {
    if let Some(value) = Value::of(json) {
        each_scalar(value, &mut |name, text| {
            hashes.insert(hash(name, text));
            true
        });
    }
}

/// The hash of a field. Of two different fields the hashes are the same with a probability of 1 in 2^64.
pub(super) fn hash(name: &str, value: &str) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(name.to_ascii_lowercase().as_bytes());
    hasher.update(&[0xff]); // no byte of UTF-8
    hasher.update(value.as_bytes());
    hasher.digest()
}

/// Fields of downloads: sorted hashes, each with a log.
#[derive(Debug, Default)]
pub(super) struct FieldHashes {
    hashes: Vec<u64>,
    logs: Vec<u32>,
}

impl FieldHashes {
    pub(super) fn new(mut pairs: Vec<(u64, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        Self {
            hashes: pairs.iter().map(|(hash, _)| *hash).collect(),
            logs: pairs.iter().map(|(_, log)| *log).collect(),
        }
    }

    /// Whether a log has a field.
    pub(super) fn has(&self, log: u32, name: &str, value: &str) -> bool {
        let wanted = hash(name, value);
        let first = self.hashes.partition_point(|&hash| hash < wanted);
        let last = first + self.hashes[first..].partition_point(|&hash| hash == wanted);
        self.logs[first..last].binary_search(&log).is_ok()
    }
}
