//! One saved page: is it one, and what does it say?

use std::sync::LazyLock;

use memchr::memmem;

use super::LogEntry;
use super::fields::{self, ListingField};
use super::flows::{self, Flow, ProcessGroup, Project};
use super::words::{LogField, Word};
use crate::json::{Cursor, Fault, Type, Value};

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
    let mut cursor = Cursor::new(json);
    match page.read(&mut cursor, 0, false) {
        Ok(PageContent::Records) => cursor.at_end().then_some(page),
        Err(PageStop::Broken(fault)) if !page.entries.is_empty() => {
            // Of a text that ends inside a value, its last byte.
            let inside = fault.offset.min(json.len() - 1);
            page.broken_at = Some((text.len() - json.len() + inside) as u64);
            Some(page)
        }
        Ok(PageContent::Nothing) | Err(_) => None,
    }
}

/// Reads one record of a page; `None` when it is no object with an id. To be called where the text is known to be a
/// record: [`parse`] judges texts of which nothing is known. Records nested in it are left to the caller.
pub fn record(object: Value<'_>) -> Option<LogEntry> {
    fields::log_entry(&fields::of_object(object)?)
}

/// Whether a text that begins like this may be a listing page, judged by its first 4 KiB.
///
/// False only when it is surely none (as long as its first record begins there, and its field names
/// are written without escapes): it is no JSON object or array, or no name that a page needs occurs.
/// A few substring searches, to be made before [`parse`].
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
    let read = || Page::default().read(&mut Cursor::new(trimmed(prefix)), 0, false);
    may_be_listing(prefix) && !matches!(read(), Err(PageStop::NoPage))
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

/// What a value holds that may be a page, a list of records or one record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PageContent {
    /// Records, or an envelope without any.
    Records,
    /// A scalar or an empty list.
    Nothing,
}

/// Why the reading of a text ends before its end.
enum PageStop {
    /// It is no listing page.
    NoPage,
    /// It is no JSON from here on.
    Broken(Fault),
}

impl From<Fault> for PageStop {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}

impl Page {
    /// Takes in the value at the cursor, inside so many `wrappers`. `is_results`: it stands under `results`,
    /// where the API puts its records.
    fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        wrappers: u8,
        is_results: bool,
    ) -> Result<PageContent, PageStop> {
        match cursor.peek()? {
            Type::Array => self.read_list(cursor, wrappers, is_results),
            Type::Object => self.read_object(cursor, wrappers),
            _ => {
                cursor.value()?;
                Ok(PageContent::Nothing)
            }
        }
    }

    fn read_list(
        &mut self,
        cursor: &mut Cursor<'_>,
        wrappers: u8,
        is_results: bool,
    ) -> Result<PageContent, PageStop> {
        let (mut records, mut others) = (0_u32, 0_u32);
        cursor.enter()?;
        let mut first = true;
        while cursor.element(first)? {
            first = false;
            let value = cursor.value()?;
            let Some(fields) = fields::of_object(value) else {
                others += 1;
                continue;
            };
            let known = if wraps_a_page(&fields) && wrappers < MOST_WRAPPERS {
                let inside = self.read(&mut Cursor::new(value.raw), wrappers + 1, false)?;
                inside == PageContent::Records
            } else {
                self.take(&fields, is_results).ok_or(PageStop::NoPage)?
            };
            if known {
                records += 1;
            } else if records == 0 {
                return Err(PageStop::NoPage);
            } else {
                others += 1;
            }
        }
        if others > records {
            return Err(PageStop::NoPage);
        }
        self.skipped += others;
        Ok(if records > 0 { PageContent::Records } else { PageContent::Nothing })
    }

    fn read_object(
        &mut self,
        cursor: &mut Cursor<'_>,
        wrappers: u8,
    ) -> Result<PageContent, PageStop> {
        let mut fields: Vec<ListingField<'_>> = Vec::new();
        let mut has_results = false;
        let mut content = PageContent::Nothing;
        cursor.enter()?;
        let mut first = true;
        while let Some(key) = cursor.key(first)? {
            first = false;
            let name = fields::unescaped(key);
            let word = Word::of(&name);
            let is_results = name == "results";
            if (is_results || word == Word::Wrapper) && wrappers < MOST_WRAPPERS {
                // An object that names a log and has a list is a download.
                if fields.iter().any(names_a_log) {
                    return Err(PageStop::NoPage);
                }
                has_results |= is_results;
                if self.read(cursor, wrappers + 1, is_results)? == PageContent::Records {
                    content = PageContent::Records;
                }
            } else if wrappers == 0 && word == Word::Container {
                // Not worth reading: these hold the exchanges of a download, perhaps megabytes of them.
                return Err(PageStop::NoPage);
            } else {
                fields.push(ListingField { name, word, value: cursor.value()? });
            }
        }
        let has = |name: &str| fields.iter().any(|field| field.name == name);
        let paging = ["count", "limit", "page", "previous", "next"];
        let envelope = has_results
            && (has("count") || paging.into_iter().filter(|name| has(name)).count() >= 2);
        if content == PageContent::Records || envelope {
            if fields.iter().any(|field| names_a_log(field) || is_of_exchange(field)) {
                return Err(PageStop::NoPage);
            }
            let count = fields.iter().find(|field| field.name == "count");
            self.count = self.count.or(count.and_then(|count| fields::integer(count.value)));
            return Ok(PageContent::Records);
        }
        match self.take(&fields, false) {
            Some(true) => Ok(PageContent::Records),
            _ => Err(PageStop::NoPage),
        }
    }

    /// Takes a record in. False when it is neither log, flow nor project, `None` when it is an exchange.
    ///
    /// Under `results` a log may have fields that would be doubtful elsewhere.
    fn take(&mut self, fields: &[ListingField<'_>], is_results: bool) -> Option<bool> {
        match flows::group(fields) {
            Some(ProcessGroup::Flow(flow)) => self.flows.push(flow),
            Some(ProcessGroup::Project(project)) => self.projects.push(project),
            None if !is_log(fields, is_results)? => return Some(false),
            None => self.take_log(fields, None, 0),
        }
        Some(true)
    }

    /// Takes in a log and the logs nested in it.
    fn take_log(&mut self, fields: &[ListingField<'_>], parent: Option<&str>, nested: u8) {
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
            .flat_map(|field| fields::elements(field.value));
        for value in inside {
            match fields::of_object(value).filter(|_| nested < MOST_NESTED_LOGS) {
                Some(fields) => self.take_log(&fields, Some(&id), nested + 1),
                None => self.skipped += 1,
            }
        }
    }
}

/// Whether a field identifies a log, which the envelope of a page never does.
fn names_a_log(field: &ListingField<'_>) -> bool {
    matches!(field.word, Word::Log(field) if field.identifies())
}

/// Whether only an exchange has such a field.
fn is_of_exchange(field: &ListingField<'_>) -> bool {
    matches!(field.word, Word::Exchange | Word::Container | Word::Results)
        && field.value.ty != Type::Null
}

/// Whether an object may be a page within a list of pages: it has what wraps records and is no log.
fn wraps_a_page(fields: &[ListingField<'_>]) -> bool {
    fields.iter().any(|field| matches!(field.word, Word::Results | Word::Wrapper))
        && !fields.iter().any(names_a_log)
}

/// Whether a record is a log of a listing; `None` when it is an exchange instead.
///
/// It needs an id, a name that identifies a log, and `log_type` or two other names that only listings
/// use. Outside `results` doubt decides against it: three such names, no errors, no unknown arrays or
/// objects, and more known names than unknown ones.
fn is_log(fields: &[ListingField<'_>], is_results: bool) -> Option<bool> {
    let (mut known, mut unknown, mut listing, mut errors) = (0, 0, 0, 0);
    let (mut has_id, mut has_type, mut identified, mut holds_more) = (false, false, false, false);
    for field in fields {
        match field.word {
            Word::Log(name) => {
                known += 1;
                listing += u32::from(name.is_of_listing());
                has_type |= name == LogField::LogType;
                has_id |= name == LogField::Id && fields::text(field.value).is_some();
                // `log_type` alone is too common a name.
                identified |=
                    name.identifies() && name != LogField::LogType && field.value.ty != Type::Null;
            }
            Word::Exchange | Word::Container | Word::Results => {
                if is_of_exchange(field) {
                    return None;
                }
            }
            Word::Error => {
                let says_nothing =
                    field.value.ty == Type::Null || is_results && fields::is_blank(field.value);
                errors += u32::from(!says_nothing);
            }
            Word::Wrapper | Word::Other => {
                let holds = matches!(field.value.ty, Type::Array | Type::Object)
                    && !fields::is_blank(field.value);
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
