//! The documented calls: their parameters, checks, envelope and error answers. `logs`, `serve` and `fetch` all use
//! this table, so that they cannot disagree.

use std::borrow::Cow;
use std::fmt::Write as _;

use model::json::push_escaped;
use model::listing::LogType;

/// Path of the call List Logs.
pub const LIST_PATH: &str = "/logs";
/// Path of the call Download Logs.
pub const DOWNLOAD_PATH: &str = "/logs/download";
/// Path of the call that lists the flows of a project.
pub const FLOWS_PATH: &str = "/api/nifi/flow/list";
/// The production host of the documents.
pub const PRODUCTION: &str = "https://flow.entegrator.akinon.net:3000";

/// Rows of a page when the query does not say.
pub const DEFAULT_LIMIT: u32 = 25;
/// The most rows of a page.
pub const MAX_LIMIT: u32 = 100;

const PROJECT_ID: &[&str] = &["projectId", "projectid"];
const FLOW_ID: &[&str] = &["flowId"];
const LIMIT: &[&str] = &["limit"];
const PAGE: &[&str] = &["page"];
const LOG_TYPE: &[&str] = &["log_type"];
const FILENAME_UUID: &[&str] = &["filename_uuid"];
const ORIGINAL_FILENAME_UUID: &[&str] = &["original_filename_uuid"];
const ID: &[&str] = &["id"];
const PROJECT_SLUG: &[&str] = &["projectslug"];
const SEARCH_FIELD: &str = "search_field.";
const SEARCH_VALUE: &str = "search_value.";

/// A parameter that is missing or wrong: the 400 of the API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {fault}")]
pub struct BadParameter {
    /// Name of the parameter, as the documents spell it.
    pub parameter: String,
    /// What was given and what is possible.
    pub fault: String,
}

impl BadParameter {
    /// A parameter with its fault.
    pub fn new(parameter: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), fault: fault.into() }
    }

    fn missing(parameter: &str) -> Self {
        Self::new(parameter, "missing; this call needs it")
    }
}

/// The parameters of a query string, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Name and value, percent-decoded.
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Reads `a=1&b=2`. `+` is a blank; a `%` that begins no escape stands for itself, and bytes that are not UTF-8
    /// become U+FFFD.
    pub fn of(query: &str) -> Self {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        Self { pairs: query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect() }
    }

    /// Adds a parameter at the end.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.pairs.push((name.to_owned(), value.into()));
    }

    /// The same as a query string; what could be misread is percent-encoded.
    pub fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in &self.pairs {
            if !query.is_empty() {
                query.push('&');
            }
            query += &encoded(name);
            query.push('=');
            query += &encoded(value);
        }
        query
    }

    /// The same with another page.
    #[must_use]
    pub fn on_page(&self, page: u64) -> Self {
        let mut pairs = self.pairs.clone();
        match pairs.iter_mut().find(|(name, _)| name == "page") {
            Some((_, value)) => *value = page.to_string(),
            None => pairs.push(("page".to_owned(), page.to_string())),
        }
        Self { pairs }
    }

    /// Names that neither call has, in their order: the API ignores them.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        const KNOWN: [&[&str]; 9] = [
            PROJECT_ID,
            FLOW_ID,
            LIMIT,
            PAGE,
            LOG_TYPE,
            FILENAME_UUID,
            ORIGINAL_FILENAME_UUID,
            ID,
            PROJECT_SLUG,
        ];
        let known = |name: &str| {
            KNOWN.iter().any(|names| names.contains(&name))
                || name.starts_with(SEARCH_FIELD)
                || name.starts_with(SEARCH_VALUE)
        };
        self.pairs.iter().map(|(name, _)| name.as_str()).filter(move |name| !known(name))
    }

    /// The value of a parameter with these spellings; `None` when it is absent or empty.
    fn get(&self, names: &[&str]) -> Result<Option<&str>, BadParameter> {
        let mut values = self
            .pairs
            .iter()
            .filter(|(name, value)| names.contains(&name.as_str()) && !value.is_empty())
            .map(|(_, value)| value.as_str());
        let first = values.next();
        match values.find(|value| first != Some(value)) {
            Some(other) => {
                let fault = format!("given twice, as {:?} and {other:?}", first.unwrap_or(""));
                Err(BadParameter::new(names[0], fault))
            }
            None => Ok(first),
        }
    }

    fn owned(&self, names: &[&str]) -> Result<Option<String>, BadParameter> {
        Ok(self.get(names)?.map(str::to_owned))
    }

    fn required(&self, names: &[&str]) -> Result<String, BadParameter> {
        self.owned(names)?.ok_or_else(|| BadParameter::missing(names[0]))
    }

    /// A whole number within `range`.
    fn number(
        &self,
        names: &[&str],
        range: std::ops::RangeInclusive<u64>,
        says: &str,
    ) -> Result<Option<u64>, BadParameter> {
        let Some(text) = self.get(names)? else { return Ok(None) };
        let number = Some(text)
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .filter(|number| range.contains(number));
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(BadParameter::new(names[0], format!("{text:?} is not {says}"))),
        }
    }

    /// Pairs of `search_field.N` and `search_value.N`, by N.
    fn search(&self) -> Result<Vec<SearchPair>, BadParameter> {
        let mut numbered: Vec<(u32, &str, &str, &str)> = Vec::new();
        for (name, value) in &self.pairs {
            let Some((part, number)) = [SEARCH_FIELD, SEARCH_VALUE]
                .into_iter()
                .find_map(|part| Some((part, name.strip_prefix(part)?)))
            else {
                continue;
            };
            let n = Some(number)
                .filter(|n| n.bytes().all(|byte| byte.is_ascii_digit()) && !n.starts_with('0'))
                .and_then(|n| n.parse().ok());
            let Some(n) = n else {
                return Err(BadParameter::new(name, "its number is not 1, 2, 3 and so on"));
            };
            match numbered.iter().find(|(m, p, ..)| (*m, *p) == (n, part)) {
                Some((.., other)) if other != value => {
                    let fault = format!("given twice, as {other:?} and {value:?}");
                    return Err(BadParameter::new(name, fault));
                }
                Some(_) => {}
                None => numbered.push((n, part, name, value)),
            }
        }
        let last = numbered.iter().map(|(n, ..)| *n).max().unwrap_or(0);
        let of = |n: u32, part: &str| {
            let found = numbered.iter().find(|(m, p, ..)| (*m, *p) == (n, part));
            let found =
                found.map(|(.., value)| (*value).to_owned()).filter(|value| !value.is_empty());
            found.ok_or_else(|| {
                let fault = format!(
                    "missing; pairs are numbered from 1 without gaps, the last one is {last}"
                );
                BadParameter::new(format!("{part}{n}"), fault)
            })
        };
        // A gap ends the search for pairs, so a large N costs nothing.
        (1..=last)
            .map(|n| Ok(SearchPair { field: of(n, SEARCH_FIELD)?, value: of(n, SEARCH_VALUE)? }))
            .collect()
    }
}

/// `search_field.N` with its `search_value.N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPair {
    /// Name of the field; ASCII case does not matter.
    pub field: String,
    /// Its whole value, as text.
    pub value: String,
}

/// A query of List Logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// The project.
    pub project_id: String,
    /// The flow.
    pub flow_id: String,
    /// Rows of a page, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// The page, from 1.
    pub page: u64,
    /// Main, sub or line logs.
    pub log_type: Option<LogType>,
    /// The main log with this execution id.
    pub filename_uuid: Option<String>,
    /// The logs of the execution with this id.
    pub original_filename_uuid: Option<String>,
    /// Fields that line logs must have, all of them.
    pub search: Vec<SearchPair>,
}

impl ListQuery {
    /// Reads and checks the parameters of a query.
    ///
    /// # Errors
    /// The first parameter, in the order of the documents, that is missing or wrong.
    pub fn of(parameters: &Parameters) -> Result<Self, BadParameter> {
        let project_id = parameters.required(PROJECT_ID)?;
        let flow_id = parameters.required(FLOW_ID)?;
        let most = u64::from(MAX_LIMIT);
        let limit = parameters.number(LIMIT, 1..=most, "a whole number from 1 to 100")?;
        let page = parameters.number(PAGE, 1..=u64::from(u32::MAX), "a whole number from 1")?;
        let says = "1 (main logs), 2 (sub logs) or 3 (line logs)";
        let log_type = match parameters.number(LOG_TYPE, 1..=3, says)? {
            Some(1) => Some(LogType::Main),
            Some(2) => Some(LogType::Sub),
            Some(_) => Some(LogType::Line),
            None => None,
        };
        let search = parameters.search()?;
        if !search.is_empty() && log_type != Some(LogType::Line) {
            return Err(BadParameter::new("search_field.1", "works with log_type=3 only"));
        }
        Ok(Self {
            project_id,
            flow_id,
            limit: limit.map_or(DEFAULT_LIMIT, |limit| limit as u32),
            page: page.unwrap_or(1),
            log_type,
            filename_uuid: parameters.owned(FILENAME_UUID)?,
            original_filename_uuid: parameters.owned(ORIGINAL_FILENAME_UUID)?,
            search,
        })
    }

    /// The type of the logs that are looked at. A query that does not say: `filename_uuid` alone finds main logs and
    /// `original_filename_uuid` alone line logs, as documented; without both, all types.
    pub fn wanted_type(&self) -> Option<LogType> {
        self.log_type.or(match (&self.filename_uuid, &self.original_filename_uuid) {
            (Some(_), None) => Some(LogType::Main),
            (None, Some(_)) => Some(LogType::Line),
            _ => None,
        })
    }

    /// The same as parameters, as `fetch` asks a host.
    pub fn parameters(&self) -> Parameters {
        let mut parameters = Parameters::default();
        parameters.push("projectId", &self.project_id);
        parameters.push("flowId", &self.flow_id);
        parameters.push("limit", self.limit.to_string());
        parameters.push("page", self.page.to_string());
        if let Some(log_type) = self.log_type {
            parameters.push("log_type", type_number(log_type).to_string());
        }
        if let Some(uuid) = &self.filename_uuid {
            parameters.push("filename_uuid", uuid);
        }
        if let Some(uuid) = &self.original_filename_uuid {
            parameters.push("original_filename_uuid", uuid);
        }
        for (n, pair) in (1..).zip(&self.search) {
            parameters.push(&format!("{SEARCH_FIELD}{n}"), &pair.field);
            parameters.push(&format!("{SEARCH_VALUE}{n}"), &pair.value);
        }
        parameters
    }
}

/// The number of a type in queries and records.
pub fn type_number(log_type: LogType) -> u8 {
    match log_type {
        LogType::Main => 1,
        LogType::Sub => 2,
        LogType::Line => 3,
    }
}

/// A query of Download Logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadQuery {
    /// The log.
    pub id: String,
    /// Its project.
    pub project_id: String,
    /// Its flow.
    pub flow_id: String,
    /// The slug of its project.
    pub project_slug: String,
}

impl DownloadQuery {
    /// Reads the parameters of a query.
    ///
    /// # Errors
    /// The first parameter that is missing.
    pub fn of(parameters: &Parameters) -> Result<Self, BadParameter> {
        Ok(Self {
            id: parameters.required(ID)?,
            project_id: parameters.required(PROJECT_ID)?,
            flow_id: parameters.required(FLOW_ID)?,
            project_slug: parameters.required(PROJECT_SLUG)?,
        })
    }

    /// The same as parameters.
    pub fn parameters(&self) -> Parameters {
        let mut parameters = Parameters::default();
        parameters.push("id", &self.id);
        parameters.push("projectId", &self.project_id);
        parameters.push("flowId", &self.flow_id);
        parameters.push("projectslug", &self.project_slug);
        parameters
    }
}

/// The project of a query of the flow list.
///
/// # Errors
/// When it is missing.
pub fn project_of(parameters: &Parameters) -> Result<String, BadParameter> {
    parameters.required(PROJECT_ID)
}

/// Where a query was asked: what `next` and `previous` begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAt {
    /// Scheme and host, without a path: `http://127.0.0.1:3000`.
    pub origin: String,
    /// The parameters as they were asked.
    pub parameters: Parameters,
}

/// The answer of List Logs: the envelope around the records.
///
/// `count` is the number of rows of the query, on all its pages. The first `previous` and the last `next` are empty.
pub fn envelope(query: &ListQuery, asked: &AskedAt, count: u64, records: &[&str]) -> String {
    let pages = count.div_ceil(u64::from(query.limit));
    let link = |page: u64| {
        let mut url = String::new();
        if (1..=pages).contains(&page) {
            let query = asked.parameters.on_page(page).query();
            push_escaped(&format!("{}{LIST_PATH}?{query}", asked.origin), &mut url);
        }
        url
    };
    let mut out = String::with_capacity(256 + records.iter().map(|r| r.len() + 1).sum::<usize>());
    let (limit, page) = (query.limit, query.page);
    let (previous, next) = (link(page - 1), link(page + 1));
    let _ = write!(
        out,
        r#"{{"count":{count},"limit":{limit},"page":{page},"previous":"{previous}","next":"{next}","results":["#
    ); // a String takes every write
    for (n, record) in records.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out += record;
    }
    out += "]}";
    out
}

/// The body of an error answer: the documents name the statuses only.
pub fn error_body(message: &str) -> String {
    let mut text = String::new();
    push_escaped(message, &mut text);
    format!(r#"{{"detail":"{text}"}}"#)
}

/// Undoes percent-encoding.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let mut ahead = rest.clone();
        bytes.push(match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                rest = ahead;
                (high * 16 + low) as u8
            }
            (b'+', ..) => b' ',
            _ => byte,
        });
    }
    match String::from_utf8_lossy(&bytes) {
        Cow::Owned(repaired) => repaired,
        Cow::Borrowed(_) => String::from_utf8(bytes).unwrap_or_default(),
    }
}

/// Percent-encodes all but letters, digits and `-._~`, for a query and for the name of a file.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // a String takes every write
        }
    }
    out
}

#[cfg(test)]
mod tests;
