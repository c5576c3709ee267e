//! The records of a listing page as they stand in its text.

use model::json::{Cursor, Type, Value};
use model::listing::{LogEntry, SnapshotAge};

/// A record of a page.
#[derive(Debug)]
pub(crate) struct FoundRecord {
    pub(crate) entry: LogEntry,
    /// As it stands in the page.
    pub(crate) text: Box<str>,
    pub(crate) age: SnapshotAge,
}

/// Adds the records of a page whose `entries` were read from `text`, nested ones too.
///
/// The entries come in the order of the text, so each is found by its id behind the one before it.
pub(crate) fn records(text: &str, entries: &[LogEntry], out: &mut Vec<FoundRecord>) {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut search = RecordSearch { entries: entries.iter().peekable(), out };
    // A page may break off; the records before that are found.
    let _broken = search.descend(&mut Cursor::new(text), 0);
}

/// How deep arrays and objects are followed: pages in lists, in wrappers, with nested logs.
const MOST_LEVELS: u32 = 32;

struct RecordSearch<'e> {
    entries: std::iter::Peekable<std::slice::Iter<'e, LogEntry>>,
    out: &'e mut Vec<FoundRecord>,
}

impl RecordSearch<'_> {
    /// Looks for records in the value at the cursor.
    fn descend(&mut self, cursor: &mut Cursor<'_>, level: u32) -> Result<(), model::json::Fault> {
        let ty = cursor.peek()?;
        if level > MOST_LEVELS || !matches!(ty, Type::Array | Type::Object) {
            return cursor.value().map(|_| ());
        }
        if ty == Type::Object
            && let Ok(value) = cursor.clone().value()
            && self.is_next(value)
        {
            let Some(entry) = self.entries.next() else { return Ok(()) };
            let record =
                FoundRecord { entry: entry.clone(), text: value.raw.into(), age: entry.age() };
            self.out.push(record);
        }
        cursor.enter()?;
        let mut first = true;
        loop {
            let more = if ty == Type::Array {
                cursor.element(first)?
            } else {
                cursor.key(first)?.is_some()
            };
            if !more {
                return Ok(());
            }
            first = false;
            self.descend(cursor, level + 1)?;
        }
    }

    /// Whether an object is the next record: it has its id.
    fn is_next(&mut self, object: Value<'_>) -> bool {
        let Some(next) = self.entries.peek() else { return false };
        let mut found = false;
        object.members(|key, value| {
            if key.eq_ignore_ascii_case("id") && matches!(value.ty, Type::String | Type::Number) {
                let mut id = String::new();
                model::json::unescape(value.inner(), &mut id);
                found = id.trim() == next.id;
            }
            true
        });
        found
    }
}
