//! The documented calls answered from a dump.

use crate::dump::{SavedLogs, StoredLog, has_field};
use crate::protocol::{
    AskedAt, BadParameter, DownloadQuery, ListQuery, SearchPair, envelope, error_body,
};
use memchr::memmem;
use model::listing::LogType;

/// The rows of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected<'d> {
    /// Rows on all pages.
    pub count: u64,
    /// Those of the page, newest first.
    pub rows: Vec<&'d str>,
}

/// Finds the rows of one page.
///
/// Costs one look at every log of the dump; with search pairs also the reading of the records that contain the values.
pub fn select<'d>(dump: &'d SavedLogs, query: &ListQuery) -> Selected<'d> {
    select_where(dump, query, &|_| true)
}

/// The same among the logs that are there.
fn select_where<'d>(
    dump: &'d SavedLogs,
    query: &ListQuery,
    is_there: &dyn Fn(&StoredLog) -> bool,
) -> Selected<'d> {
    let flow = dump.name_id(&query.flow_id);
    let run = query.original_filename_uuid.as_deref().map(|run| dump.name_id(run));
    let wanted_type = query.wanted_type();
    let search: Vec<FieldSearch<'_>> = query.search.iter().map(FieldSearch::new).collect();
    let is_wanted = |place: usize, log: &StoredLog| {
        let of_run = |run| SavedLogs::is_of_run(log, run);
        let of_file = |uuid: &String| log.filename_uuid.as_deref() == Some(uuid.as_str());
        wanted_type.is_none_or(|wanted| log.log_type == Some(wanted))
            && SavedLogs::is_of_flow(log, flow)
            && run.is_none_or(of_run)
            && query.filename_uuid.as_ref().is_none_or(of_file)
            && search.iter().all(|search| search.finds(dump, place, log))
            && is_there(log)
    };
    let first = (query.page - 1).saturating_mul(u64::from(query.limit));
    let mut selected = Selected { count: 0, rows: Vec::new() };
    if !may_be_project(dump, &query.project_id) {
        return selected;
    }
    for (place, log) in dump.logs().iter().enumerate() {
        if !is_wanted(place, log) {
            continue;
        }
        if selected.count >= first && selected.rows.len() < query.limit as usize {
            selected.rows.push(&log.record);
        }
        selected.count += 1;
    }
    selected
}

/// A search pair, ready to look into many records.
struct FieldSearch<'q> {
    pair: &'q SearchPair,
    value: memmem::Finder<'q>,
}

impl<'q> FieldSearch<'q> {
    fn new(pair: &'q SearchPair) -> Self {
        Self { pair, value: memmem::Finder::new(&pair.value) }
    }

    /// Whether a line record, or else its download, has the field.
    fn finds(&self, dump: &SavedLogs, place: usize, log: &StoredLog) -> bool {
        let SearchPair { field, value } = self.pair;
        let record = log.record.as_bytes();
        // Looking for the value alone is much faster than reading the record. With escapes, it can be spelled otherwise.
        let may_have =
            || self.value.find(record).is_some() || memchr::memchr(b'\\', record).is_some();
        log.log_type == Some(LogType::Line)
            && (may_have() && has_field(&log.record, field, value)
                || dump.download_has(place, field, value))
    }
}

/// Whether an id can be that of the dump's project: it is one of those in saved lists, or there is no list.
fn may_be_project(dump: &SavedLogs, id: &str) -> bool {
    dump.projects().is_empty() || dump.projects().iter().any(|(known, _)| known == id)
}

/// An answer of the API, apart from its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// The media type of JSON.
pub const JSON: &str = "application/json; charset=utf-8";
/// The media type of a download: text.
pub const TEXT: &str = "text/plain; charset=utf-8";

impl Answer {
    /// JSON with status 200.
    pub fn json(body: String) -> Self {
        Self { status: 200, media_type: JSON, body: body.into_bytes() }
    }

    /// An error with a message for people.
    pub fn error(status: u16, message: &str) -> Self {
        Self { status, media_type: JSON, body: error_body(message).into_bytes() }
    }
}

impl From<BadParameter> for Answer {
    fn from(error: BadParameter) -> Self {
        Self::error(400, &error.to_string())
    }
}

/// Answers List Logs: 200 with the envelope, 400, or 404 when no row is on the page.
pub fn list(dump: &SavedLogs, asked: &AskedAt) -> Answer {
    list_where(dump, asked, &|_| true)
}

/// The same as if only some logs were there.
pub(crate) fn list_where(
    dump: &SavedLogs,
    asked: &AskedAt,
    is_there: &dyn Fn(&StoredLog) -> bool,
) -> Answer {
    let query = match ListQuery::of(&asked.parameters) {
        Ok(query) => query,
        Err(error) => return error.into(),
    };
    let selected = select_where(dump, &query, is_there);
    if selected.rows.is_empty() {
        return Answer::error(404, &nothing(dump, &query, selected.count));
    }
    Answer::json(envelope(&query, asked, selected.count, &selected.rows))
}

/// Why a page has no rows, for people.
pub fn nothing(dump: &SavedLogs, query: &ListQuery, count: u64) -> String {
    if count > 0 {
        let last = count.div_ceil(u64::from(query.limit));
        return format!(
            "no rows on page {}: the query has {count}, and the last page is {last}",
            query.page
        );
    }
    if !may_be_project(dump, &query.project_id) {
        let known: Vec<&str> = dump.projects().iter().map(|(id, _)| id.as_str()).collect();
        return format!(
            "no logs: projectId {:?} is not in this dump, which has {}",
            query.project_id,
            known.join(", ")
        );
    }
    let flow = &query.flow_id;
    if dump.flows().iter().any(|known| known.id == *flow) {
        return format!("no logs: nothing of flow {flow:?} matches the query");
    }
    format!("no logs: flowId {flow:?} is not in this dump, {}", known_flows(dump))
}

/// Which flows a dump has, for messages.
pub fn known_flows(dump: &SavedLogs) -> String {
    const SHOWN: usize = 10;
    let flow = |flow: &crate::dump::DumpFlow| match &flow.name {
        Some(name) => format!("{} ({name})", flow.id),
        None => flow.id.clone(),
    };
    let flows = dump.flows();
    match flows.len() {
        0 => "which names no flow".to_owned(),
        n => {
            let shown: Vec<String> = flows.iter().take(SHOWN).map(flow).collect();
            let more = if n > SHOWN { format!(" and {} more", n - SHOWN) } else { String::new() };
            format!("which has {}{more}", shown.join(", "))
        }
    }
}

/// Finds the log of Download Logs; its place in [`SavedLogs::logs`].
///
/// # Errors
/// The parameter that does not fit the log, or `id` when the dump does not have the download.
pub fn find_download(dump: &SavedLogs, query: &DownloadQuery) -> Result<usize, BadParameter> {
    let id = &query.id;
    let Some(place) = dump.place(id) else {
        return Err(BadParameter::new("id", format!("no log {id:?} in this dump")));
    };
    let log = &dump.logs()[place];
    if !may_be_project(dump, &query.project_id) {
        let fault = format!("{:?} is no project of this dump", query.project_id);
        return Err(BadParameter::new("projectId", fault));
    }
    if !SavedLogs::is_of_flow(log, dump.name_id(&query.flow_id)) {
        let flow = dump.flow_of(log).unwrap_or("another flow");
        let fault = format!("{:?} is not the flow of log {id}, which is {flow}", query.flow_id);
        return Err(BadParameter::new("flowId", fault));
    }
    let mut slugs = dump.projects().iter().filter_map(|(_, slug)| slug.as_deref()).peekable();
    if slugs.peek().is_some() && !slugs.any(|slug| slug == query.project_slug) {
        let fault = format!("{:?} is no project of this dump", query.project_slug);
        return Err(BadParameter::new("projectslug", fault));
    }
    if !dump.has_download(place) {
        return Err(BadParameter::new("id", format!("log {id} has no download in this dump")));
    }
    Ok(place)
}

/// Answers Download Logs: 200 with base64 of a zip, or 400. `is_verbatim`: with the file of the dump as it is. A file
/// that cannot be read any more is a 500.
pub fn download(dump: &SavedLogs, asked: &AskedAt, is_verbatim: bool) -> Answer {
    let found = DownloadQuery::of(&asked.parameters).and_then(|query| find_download(dump, &query));
    let place = match found {
        Ok(place) => place,
        Err(error) => return error.into(),
    };
    let body = if is_verbatim {
        dump.download_verbatim(place)
    } else {
        dump.download(place).map(|text| text.map(String::into_bytes))
    };
    match body {
        Ok(Some(body)) => Answer { status: 200, media_type: TEXT, body },
        Ok(None) => BadParameter::new("id", "no download").into(),
        Err(error) => Answer::error(500, &error.to_string()),
    }
}

/// Answers the list of the flows of a project, each with its id and name.
pub fn flows(dump: &SavedLogs, asked: &AskedAt) -> Answer {
    use model::json::push_escaped;
    if let Err(error) = crate::protocol::project_of(&asked.parameters) {
        return error.into();
    }
    let mut body = String::from("[");
    for flow in dump.flows() {
        if body.len() > 1 {
            body.push(',');
        }
        let name = flow.name.as_deref().unwrap_or(&flow.id);
        for (before, text) in [
            ("{\"id\":\"", &*flow.id),
            ("\",\"component\":{\"id\":\"", &flow.id),
            ("\",\"name\":\"", name),
            ("\",\"variables\":{\"!flowId\":\"", &flow.id),
        ] {
            body += before;
            push_escaped(text, &mut body);
        }
        body += "\"}}}";
    }
    body.push(']');
    Answer::json(body)
}
