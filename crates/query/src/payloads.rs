//! The request bodies of keys as files, to be sent again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tables::cell::{
    BodyText, FileName, Fingerprint, FlowName, HttpMethod, KeyKindWord, KeyStateWord, KeyValue,
    LoggedUrl, MessageText, MissingBodyWord, PayloadName, PayloadPartWord,
};
use tables::rows::Exchanges;
use tables::{Batch, CsvOptions, ReadError, Stored, TextFormat};
use xxhash_rust::xxh3::xxh3_64;

use crate::bulk_row::row_of;
use crate::keys::{ListedKeyRow, ListedKeys};
use crate::requests::{LoggedRequest, RequestBodies, RequestColumns};

/// The list of the files, beside them.
const INDEX_FILE: &str = "index.csv";

/// Characters of a key or endpoint that a file name keeps: file systems take 255 bytes a name.
const NAME_CHARACTERS: usize = 80;

tables::table! {
    /// One row for each key whose request body was asked for, in the order of the keys.
    table PayloadIndex, PAYLOAD_INDEX = "index" of PayloadRow<'b> {
        /// its file beside the list; null when there is none
        payload: Option<PayloadName<'b>>,
        /// what the file holds of the body: `whole`, or `row`, the row of the key
        part: Option<PayloadPartWord<'b>>,
        /// why there is no file: `left_out` (by `--bodies` of the report), `no_body`, `unknown_record`
        missing: Option<MissingBodyWord<'b>>,
        /// as in `keys`
        flow: Option<FlowName<'b>>,
        /// as in `keys`
        key_kind: KeyKindWord<'b>,
        /// as in `keys`
        key: KeyValue<'b>,
        /// as in `exchanges`
        method: Option<HttpMethod<'b>>,
        /// as in `exchanges`
        url: Option<LoggedUrl<'b>>,
        /// as in `exchanges`
        status: Option<i32>,
        /// file of the newest attempt that failed
        file: Option<FileName<'b>>,
        /// record of that attempt
        record: Option<i32>,
        /// group of its newest error
        fingerprint: Option<Fingerprint<'b>>,
        /// text of its newest error
        message: Option<MessageText<'b>>,
        /// `open`, `unknown` (tried again since with an unknown outcome: it may be there already), `resolved`, `good`
        state: KeyStateWord<'b>,
    }
}

tables::select! {
    /// The place of an exchange.
    struct ExchangePlace<'b> from Exchanges {
        file: FileName<'b>,
        record: i32,
    }
}

tables::select! {
    /// What was sent.
    struct SentText<'b> from Exchanges {
        request_body: Option<BodyText<'b>>,
    }
}

/// Why request bodies were not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The report could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder holds something. Nothing is ever written over.
    #[error("{}: not empty\nname a folder that is empty or absent", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The file system refused. What was written before stays; `index.csv` comes last.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `create`, `write`.
        action: &'static str,
        /// Its answer.
        source: io::Error,
    },
}

/// How many keys have which result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PayloadCounts {
    /// Whole request bodies written.
    pub whole: u64,
    /// Rows of bulk requests written.
    pub rows: u64,
    /// Keys whose body `--bodies` left out of the report.
    pub left_out: u64,
    /// Keys whose request has no body, or none in the log.
    pub no_body: u64,
    /// Keys for which the report does not say in which record their newest failure is.
    pub unknown_record: u64,
    /// Files of JSON lines, one for each endpoint.
    pub endpoints: u64,
}

/// The result for one key.
#[derive(Debug, Clone, Copy, Default)]
enum PayloadOutcome {
    Whole,
    Row,
    LeftOut,
    NoBody,
    #[default]
    UnknownRecord,
}

impl PayloadOutcome {
    /// The words in `index.csv`: the part that was written, or why nothing was.
    fn words(self) -> Result<PayloadPartWord<'static>, MissingBodyWord<'static>> {
        match self {
            Self::Whole => Ok(PayloadPartWord("whole")),
            Self::Row => Ok(PayloadPartWord("row")),
            Self::LeftOut => Err(MissingBodyWord("left_out")),
            Self::NoBody => Err(MissingBodyWord("no_body")),
            Self::UnknownRecord => Err(MissingBodyWord("unknown_record")),
        }
    }

    fn count(self, counts: &mut PayloadCounts) {
        *match self {
            Self::Whole => &mut counts.whole,
            Self::Row => &mut counts.rows,
            Self::LeftOut => &mut counts.left_out,
            Self::NoBody => &mut counts.no_body,
            Self::UnknownRecord => &mut counts.unknown_record,
        } += 1;
    }
}

/// Writes for each key the body of its newest failed request to a file of its own in `dir`, the same requests as JSON
/// lines in one file for each endpoint, and `index.csv` beside them.
///
/// A line is an object: `method`, `url`, `headers` (an object; those that the log has, and the type of the body),
/// `body` (a text), `flow`, `key_kind`, `key`, `part` and `file` (as in the index). What looks like credentials is
/// [`CREDENTIALS`](crate::CREDENTIALS). The lines are in the order of `exchanges`.
///
/// Of a bulk request the row of the key is written where it is unambiguous, else the whole body. The name of a file
/// is made of letters, digits, `-`, `_` and `.` of the key and a digest of flow, kind and key, never a path. `raw_csv`
/// leaves cells of the index that a spreadsheet would run as they are. Reads one row group of `exchanges` at a time,
/// and bodies only of those that have one of the keys.
///
/// # Errors
/// When `dir` holds something, cannot be written, or the report cannot be read.
pub fn write_payloads(
    report: &Stored,
    keys: &Batch<ListedKeys>,
    dir: &Path,
    raw_csv: bool,
) -> Result<PayloadCounts, PayloadError> {
    prepare(dir)?;
    let keys: Vec<ListedKeyRow<'_>> = keys.rows().collect();
    let mut wanted: HashMap<(FileName<'_>, i32), Vec<usize>> = HashMap::new();
    for (n, key) in keys.iter().enumerate() {
        if let (Some(file), Some(record)) = (key.last_file, key.last_record) {
            wanted.entry((file, record)).or_default().push(n);
        }
    }
    let mut payloads: Vec<Payload> = keys.iter().map(|_| Payload::default()).collect();
    let mut started = HashSet::new();
    let mut table = report.table::<Exchanges>()?;
    for group in 0..table.groups() {
        let places = table.read::<ExchangePlace<'_>>(group)?;
        let mut found = Vec::new();
        for (row, ExchangePlace { file, record }) in places.iter().enumerate() {
            found.extend(wanted.get(&(file, record)).map(|keys| (row, keys)));
        }
        if found.is_empty() {
            continue;
        }
        let rows: Vec<usize> = found.iter().map(|(row, _)| *row).collect();
        let columns = table.read_rows::<RequestColumns<'_>>(group, &rows)?;
        let bodies = table.read_rows::<SentText<'_>>(group, &rows)?;
        let mut lines: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (row, (_, of)) in found.into_iter().enumerate() {
            let bodies =
                RequestBodies { request_body: bodies.get(row).request_body, response_body: None };
            let exchange = columns.get(row).with_bodies(Some(bodies));
            let request = LoggedRequest { exchange, errors: Vec::new(), state: None };
            for &n in of {
                payloads[n] = write_payload(&keys[n], &request, dir, &mut lines)?;
            }
        }
        for (name, lines) in lines {
            let path = dir.join(name);
            // A name that is there and was not written here is refused, so that a link in the way is not followed.
            let file = if started.insert(path.clone()) {
                File::create_new(&path)
            } else {
                OpenOptions::new().append(true).open(&path)
            };
            let mut file = file.map_err(io_error(&path, "create"))?;
            file.write_all(&lines).map_err(io_error(&path, "write"))?;
        }
    }
    let mut counts = PayloadCounts { endpoints: started.len() as u64, ..PayloadCounts::default() };
    for payload in &payloads {
        payload.outcome.count(&mut counts);
    }
    let path = dir.join(INDEX_FILE);
    let options = CsvOptions { raw: raw_csv, ..CsvOptions::default() };
    let index = tables::text(&index(&keys, &payloads), TextFormat::Csv, options);
    fs::write(&path, index).map_err(io_error(&path, "write"))?;
    Ok(counts)
}

/// What was written for a key, and where its request was sent.
#[derive(Debug, Default)]
struct Payload {
    /// Name of the file.
    name: Option<String>,
    outcome: PayloadOutcome,
    method: Option<String>,
    url: Option<String>,
    status: Option<i32>,
}

/// A line of the requests to an endpoint.
#[derive(Serialize)]
struct ResendLine<'b> {
    method: Option<&'b str>,
    url: Option<&'b str>,
    headers: BTreeMap<&'b str, &'b str>,
    body: &'b str,
    flow: Option<&'b str>,
    key_kind: &'b str,
    key: &'b str,
    part: &'static str,
    file: &'b str,
}

/// Writes the body of the request that has the newest failure of a key, and adds its line to those of the endpoint.
fn write_payload(
    key: &ListedKeyRow<'_>,
    logged: &LoggedRequest<'_>,
    dir: &Path,
    lines: &mut BTreeMap<String, Vec<u8>>,
) -> Result<Payload, PayloadError> {
    let request = &logged.exchange;
    let mut payload = Payload {
        name: None,
        outcome: if request.request_digest.is_some() {
            PayloadOutcome::LeftOut
        } else {
            PayloadOutcome::NoBody
        },
        method: request.method.map(|method| method.0.to_owned()),
        url: request.url.map(|url| url.0.to_owned()),
        status: request.status,
    };
    let Some(BodyText { text: body, .. }) = request.request_body else { return Ok(payload) };
    let is_own = (request.key_kind, request.key) == (Some(key.key_kind), Some(key.key));
    let part = if is_own { None } else { row_of(body, key.key.0).map(|row| row.text) };
    payload.outcome = if part.is_some() { PayloadOutcome::Row } else { PayloadOutcome::Whole };
    let body = part.unwrap_or(body);
    let name = file_name(key.flow, key.key_kind, key.key, body);
    let path = dir.join(&name);
    // As above.
    let mut file = File::create_new(&path).map_err(io_error(&path, "create"))?;
    file.write_all(body.as_bytes()).map_err(io_error(&path, "write"))?;
    let resend = logged.resend();
    let headers = resend.iter().flat_map(|resend| &resend.headers);
    let line = ResendLine {
        method: resend.as_ref().map(|resend| resend.method.as_str()),
        url: resend.as_ref().map(|resend| resend.url.as_str()),
        headers: headers.map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        body,
        flow: key.flow.map(|flow| flow.0),
        key_kind: key.key_kind.0,
        key: key.key.0,
        part: if part.is_some() { "row" } else { "whole" },
        file: &name,
    };
    let endpoint = request.endpoint.map_or("", |endpoint| endpoint.0);
    let to = lines.entry(lines_name(endpoint)).or_default();
    serde_json::to_writer(&mut *to, &line).expect("texts are JSON, and memory takes them");
    to.push(b'\n');
    payload.name = Some(name);
    Ok(payload)
}

fn index(keys: &[ListedKeyRow<'_>], payloads: &[Payload]) -> Batch<PayloadIndex> {
    let mut batch = Batch::new();
    for (key, payload) in keys.iter().zip(payloads) {
        let words = payload.outcome.words();
        batch.push(&PayloadRow {
            payload: payload.name.as_deref().map(PayloadName),
            part: words.ok(),
            missing: words.err(),
            flow: key.flow,
            key_kind: key.key_kind,
            key: key.key,
            method: payload.method.as_deref().map(HttpMethod),
            url: payload.url.as_deref().map(LoggedUrl),
            status: payload.status,
            file: key.last_file,
            record: key.last_record,
            fingerprint: key.last_fingerprint,
            message: key.last_message,
            state: key.state,
        });
    }
    batch
}

/// Makes the folder, or checks that it is empty.
fn prepare(dir: &Path) -> Result<(), PayloadError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(PayloadError::NotEmpty { path: dir.to_owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(dir).map_err(io_error(dir, "create"))
        }
        Err(error) => Err(io_error(dir, "read")(error)),
    }
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> PayloadError {
    move |source| PayloadError::Io { path: path.to_owned(), action, source }
}

/// A file name for the body of a key.
fn file_name(
    flow: Option<FlowName<'_>>,
    KeyKindWord(kind): KeyKindWord<'_>,
    KeyValue(key): KeyValue<'_>,
    body: &str,
) -> String {
    let (shown, kind) = (name_of(key), name_of(kind));
    // A unit separator, which no name has, keeps the three apart. The digest separates keys that look alike once
    // they are names, also where a file system does not distinguish `A` from `a`.
    let whole = format!("{}\u{1f}{kind}\u{1f}{key}", flow.map_or("", |flow| flow.0));
    format!("{kind}-{shown}-{:012x}.{}", digest(&whole), extension(body))
}

/// A file name for the requests to an endpoint.
fn lines_name(endpoint: &str) -> String {
    format!("requests-{}-{:012x}.jsonl", name_of(endpoint), digest(endpoint))
}

/// The text with `_` for each character that a name cannot have everywhere, as far as a name is long.
fn name_of(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    text.chars().take(NAME_CHARACTERS).map(safe).collect()
}

fn digest(text: &str) -> u64 {
    xxh3_64(text.as_bytes()) >> 16
}

/// By content: valid JSON, what begins like a tag, anything else.
fn extension(body: &str) -> &'static str {
    let start = body.trim_start_matches('\u{feff}').trim_start();
    let json = start.starts_with(['{', '['])
        && serde_json::from_str::<&serde_json::value::RawValue>(start).is_ok();
    if json {
        "json"
    } else if start.starts_with('<') {
        "xml"
    } else {
        "txt"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_never_a_path_and_tells_keys_apart() {
        let name = |flow: &str, key: &str, body: &str| {
            file_name(Some(FlowName(flow)), KeyKindWord("sku"), KeyValue(key), body)
        };
        for key in ["../../etc/passwd", "/", "", "..", "a\0b\u{1b}[1m", "CON", &"x".repeat(5000)] {
            let name = name("price", key, "{}");
            assert!(name.starts_with("sku-"), "{name}");
            assert!(name.len() < 120 && !name.contains(['/', '\\', '\0', '\u{1b}']), "{name}");
        }
        let names = [
            name("price", "a/b", "<x/>"),
            name("price", "a_b", "<x/>"),
            name("stock", "a_b", "<x/>"),
            name("stock", "A_b", "<x/>"),
        ];
        for (n, one) in names.iter().enumerate() {
            for other in &names[..n] {
                assert_ne!(one.to_lowercase(), other.to_lowercase());
            }
        }
        assert_eq!(extension(" [1]"), "json");
        assert_eq!(extension("<x/>"), "xml");
        assert_eq!(extension("a=1"), "txt");
        assert_eq!(extension("{\"cut\":"), "txt");
    }
}
