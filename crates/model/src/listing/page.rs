//! One saved page: is it one, and what does it say?

use std::fmt;
use std::sync::LazyLock;

use memchr::memmem;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::LogEntry;
use super::fields::{self, Field, Name};
use super::flows::{self, Flow, Group, Project};
use super::words::{LogField, Word};

/// What one saved page holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Log records in page order; records nested under `sub_flows` follow the one that nests them.
    pub entries: Vec<LogEntry>,
    /// Flows of a flow list.
    pub flows: Vec<Flow>,
    /// Projects of a project list.
    pub projects: Vec<Project>,
    /// `count` of the envelope: rows in all pages or in this one, the API does not say which.
    pub count: Option<i64>,
    /// Elements of the page that are no record (null, text, an object without an id).
    pub skipped: u32,
    /// Where the JSON breaks off, in bytes from the beginning of the text; the records before it are kept.
    /// `None` for a sound page.
    pub broken_at: Option<u64>,
}

/// Levels of `{"data": ...}` and arrays around the records.
const MOST_WRAPPERS: u8 = 3;
/// Levels of `sub_flows`; the API has one.
const MOST_NESTED_LOGS: u8 = 8;

/// Reads a listing page; `None` when the text is none.
///
/// A page is an envelope of `GET /logs` (`results` with its `count`), a bare list of log records or one
/// of them, a flow list or a project list, also inside `{"data": ...}` or as an array of pages. An
/// envelope without rows is a page too.
///
/// Downloads are refused, even where they carry the fields of a log: a record that holds a request, a
/// response, a URL, headers or a status code is an exchange, and an object that names a log and has
/// `results` is a download. One such record refuses the whole text.
///
/// A page whose JSON breaks off after at least one whole record is read so far, see
/// [`Page::broken_at`]. Costs about two passes over a page, and over anything else at most one; most
/// downloads are refused at their first record.
pub fn parse(text: &str) -> Option<Page> {
    let json = trimmed(text);
    let mut page = Page::default();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    match read(&mut deserializer, &mut page) {
        Ok(Found::Records) => {
            deserializer.end().ok()?;
            Some(page)
        }
        Err(error) if (error.is_eof() || error.is_syntax()) && !page.entries.is_empty() => {
            let before = (text.len() - json.len()) as u64;
            page.broken_at = Some(before + offset(json, error.line(), error.column()));
            Some(page)
        }
        Ok(Found::Nothing) | Err(_) => None,
    }
}

/// Whether a text that begins like this may be a listing page, told from its first 4 KiB.
///
/// False only when it is surely none (as long as its first record begins there, and its field names
/// are written without escapes): it is no JSON object or array, or no name that a page needs occurs.
/// A few substring searches, to be asked before [`parse`].
pub fn may_be_listing(prefix: &str) -> bool {
    const LOOKED_AT: usize = 4096;
    /// Parts of the names without which nothing is taken for a page, in snake and camel case. Small
    /// downloads are sooner read than these are made ready.
    static NEEDLES: LazyLock<[memmem::Finder<'static>; 6]> = LazyLock::new(|| {
        ["\"results\"", "ilename", "rocess", "\"component\"", "ILENAME", "ROCESS"]
            .map(memmem::Finder::new)
    });
    let start = prefix.trim_start_matches('\u{feff}').trim_start().as_bytes();
    let start = &start[..start.len().min(LOOKED_AT)];
    matches!(start.first(), Some(b'{' | b'['))
        && NEEDLES.iter().any(|needle| needle.find(start).is_some())
}

/// Whether a text that begins like this may be a listing page: as [`may_be_listing`], and when its first record
/// ends within `prefix`, that is none of a download. `prefix` may end anywhere. Costs as much as [`parse`]ing it.
pub fn may_begin_listing(prefix: &str) -> bool {
    // What refuses a text for what it says refuses it whatever follows.
    let mut deserializer = serde_json::Deserializer::from_str(trimmed(prefix));
    may_be_listing(prefix)
        && !read(&mut deserializer, &mut Page::default()).is_err_and(|error| error.is_data())
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

fn read(
    deserializer: &mut serde_json::Deserializer<serde_json::de::StrRead<'_>>,
    page: &mut Page,
) -> Result<Found, serde_json::Error> {
    Node { page, wrappers: 0, is_results: false }.deserialize(deserializer)
}

/// Byte offset of a place that `serde_json` gives as line (from 1) and column (bytes, from 1).
fn offset(json: &str, line: usize, column: usize) -> u64 {
    let before: usize = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(json.len()) as u64
}

/// A value that may be a page, a list of records or one record. What is found goes into `page`; an
/// error from here (rather than from the JSON) means that the whole text is no page.
struct Node<'p> {
    page: &'p mut Page,
    wrappers: u8,
    /// It stands under `results`, where the API puts its records.
    is_results: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Records, or an envelope without any.
    Records,
    /// A scalar or an empty list.
    Nothing,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a listing page")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Found, A::Error> {
        let (mut records, mut others) = (0_u32, 0_u32);
        while let Some(raw) = elements.next_element::<&RawValue>()? {
            let Some(fields) = fields::of_object(raw) else {
                others += 1;
                continue;
            };
            let known = if wraps_a_page(&fields) && self.wrappers < MOST_WRAPPERS {
                self.page.take_page(raw, self.wrappers + 1)
            } else {
                self.page.take(&fields, self.is_results)
            };
            if known.ok_or_else(refusal)? {
                records += 1;
            } else if records == 0 {
                return Err(refusal());
            } else {
                others += 1;
            }
        }
        if others > records {
            return Err(refusal());
        }
        self.page.skipped += others;
        Ok(if records > 0 { Found::Records } else { Found::Nothing })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut fields: Vec<Field<'de>> = Vec::new();
        let mut results = None;
        let mut found = Found::Nothing;
        while let Some(Name(name)) = map.next_key()? {
            let word = Word::of(&name);
            let is_results = name == "results";
            if (is_results || word == Word::Wrapper) && self.wrappers < MOST_WRAPPERS {
                // An object that names a log and has a list is a download.
                if fields.iter().any(names_a_log) {
                    return Err(refusal());
                }
                let node = Node { page: &mut *self.page, wrappers: self.wrappers + 1, is_results };
                let inside = map.next_value_seed(node)?;
                if is_results {
                    results = Some(inside);
                }
                if inside == Found::Records {
                    found = inside;
                }
            } else if self.wrappers == 0 && word == Word::Container {
                // Not worth reading: these hold the exchanges of a download, perhaps megabytes of them.
                return Err(refusal());
            } else {
                fields.push(Field { name, word, raw: map.next_value()? });
            }
        }
        let has = |name: &str| fields.iter().any(|field| field.name == name);
        let paging = ["count", "limit", "page", "previous", "next"];
        let envelope = results.is_some()
            && (has("count") || paging.into_iter().filter(|name| has(name)).count() >= 2);
        if found == Found::Records || envelope {
            if fields.iter().any(|field| names_a_log(field) || is_of_exchange(field)) {
                return Err(refusal());
            }
            let count = fields.iter().find(|field| field.name == "count");
            self.page.count =
                self.page.count.or(count.and_then(|count| fields::integer(count.raw)));
            return Ok(Found::Records);
        }
        match self.page.take(&fields, false) {
            Some(true) => Ok(Found::Records),
            _ => Err(refusal()),
        }
    }
}

/// Ends the reading of a text that is no page; `parse` drops it.
fn refusal<E: de::Error>() -> E {
    E::custom("not a listing page")
}

impl Page {
    /// Takes a record in. False when it is neither log, flow nor project, `None` when it is an exchange.
    ///
    /// Under `results` a log may have fields that would be doubtful elsewhere.
    fn take(&mut self, fields: &[Field<'_>], is_results: bool) -> Option<bool> {
        match flows::group(fields) {
            Some(Group::Flow(flow)) => self.flows.push(flow),
            Some(Group::Project(project)) => self.projects.push(project),
            None if !is_log(fields, is_results)? => return Some(false),
            None => self.take_log(fields, None, 0),
        }
        Some(true)
    }

    /// Takes in an element of a list that is itself a page; `None` when it turns out to be none.
    fn take_page(&mut self, raw: &RawValue, wrappers: u8) -> Option<bool> {
        let node = Node { page: self, wrappers, is_results: false };
        let found = node.deserialize(&mut serde_json::Deserializer::from_str(raw.get())).ok()?;
        Some(found == Found::Records)
    }

    /// Takes in a log and the logs nested in it.
    fn take_log(&mut self, fields: &[Field<'_>], parent: Option<&str>, nested: u8) {
        let Some(mut entry) = fields::log_entry(fields) else {
            self.skipped += 1;
            return;
        };
        entry.parent_id = parent.map(str::to_owned);
        let id = entry.id.clone();
        self.entries.push(entry);
        let inside = fields
            .iter()
            .filter(|field| field.word == Word::Log(LogField::SubFlows))
            .filter_map(|field| fields::of_array(field.raw))
            .flatten();
        for raw in inside {
            match fields::of_object(raw).filter(|_| nested < MOST_NESTED_LOGS) {
                Some(fields) => self.take_log(&fields, Some(&id), nested + 1),
                None => self.skipped += 1,
            }
        }
    }
}

/// Whether a field identifies a log, which the envelope of a page never does.
fn names_a_log(field: &Field<'_>) -> bool {
    matches!(field.word, Word::Log(field) if field.identifies())
}

/// Whether only an exchange has such a field.
fn is_of_exchange(field: &Field<'_>) -> bool {
    matches!(field.word, Word::Exchange | Word::Container | Word::Results)
        && !fields::is_null(field.raw)
}

/// Whether an object may be a page within a list of pages: it has what wraps records and is no log.
fn wraps_a_page(fields: &[Field<'_>]) -> bool {
    fields.iter().any(|field| matches!(field.word, Word::Results | Word::Wrapper))
        && !fields.iter().any(names_a_log)
}

/// Whether a record is a log of a listing; `None` when it is an exchange instead.
///
/// It needs an id, a name that identifies a log, and `log_type` or two other names that only listings
/// use. Outside `results` doubt decides against it: three such names, no errors, no unknown arrays or
/// objects, and more known names than unknown ones.
fn is_log(fields: &[Field<'_>], is_results: bool) -> Option<bool> {
    let (mut known, mut unknown, mut listing, mut errors) = (0, 0, 0, 0);
    let (mut has_id, mut has_type, mut identified, mut holds_more) = (false, false, false, false);
    for field in fields {
        match field.word {
            Word::Log(name) => {
                known += 1;
                listing += u32::from(name.is_of_listing());
                has_type |= name == LogField::LogType;
                has_id |= name == LogField::Id && fields::text(field.raw).is_some();
                // `log_type` alone is too common a name.
                identified |=
                    name.identifies() && name != LogField::LogType && !fields::is_null(field.raw);
            }
            Word::Exchange | Word::Container | Word::Results => {
                if is_of_exchange(field) {
                    return None;
                }
            }
            Word::Error => {
                let says_nothing =
                    fields::is_null(field.raw) || is_results && fields::is_blank(field.raw);
                errors += u32::from(!says_nothing);
            }
            Word::Wrapper | Word::Other => {
                let holds = field.raw.get().starts_with(['[', '{']) && !fields::is_blank(field.raw);
                if holds && field.word == Word::Wrapper {
                    return None;
                }
                unknown += 1;
                holds_more |= holds;
            }
        }
    }
    if errors > 0 && (!is_results || known < 8) {
        return None;
    }
    let enough = has_type || listing >= if is_results { 2 } else { 3 };
    let doubtful = !is_results && (holds_more || unknown >= known);
    Some(has_id && identified && enough && !doubtful)
}
