//! The request bodies of keys as files, to be sent again.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use model::json::{Type as JsonType, Value};
use xxhash_rust::xxh3::xxh3_64;

use super::keys::StoredKey;
use tables::{Batch, Column, EXCHANGES, ReadError, Schema, Stored, TextFormat, Type};

/// The list of what was written, beside it.
const INDEX_FILE: &str = "index.csv";

/// Characters of a key that its file name keeps: file systems take 255 bytes a name.
const NAME_CHARACTERS: usize = 80;

/// The columns of `index.csv`.
static INDEX: Schema = Schema {
    name: "index",
    columns: &[
        column("payload", Type::Text),
        column("part", Type::Text),
        column("without", Type::Text),
        column("flow", Type::Text),
        column("key_kind", Type::Text),
        column("key", Type::Text),
        column("method", Type::Text),
        column("url", Type::Text),
        column("status", Type::U16),
        column("file", Type::Text),
        column("record", Type::U32),
        column("group", Type::Text),
        column("message", Type::Text),
    ],
};

const fn column(name: &'static str, kind: Type) -> Column {
    Column { name, kind, body: false }
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

/// Why there is no request body for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Without {
    /// The report was made with `--bodies none`, or `failed`, and leaves it out.
    LeftOut,
    /// Nothing was sent, or the log does not hold it.
    NoBody,
    /// The report does not tell where its newest failure stands.
    NoPlace,
}

impl Without {
    /// The word in `index.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeftOut => "left_out",
            Self::NoBody => "no_body",
            Self::NoPlace => "no_place",
        }
    }
}

/// What was written for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// The whole request body.
    Whole,
    /// Of a bulk request, the row of the key.
    Row,
    /// Nothing.
    None(Without),
}

/// How many of each were written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Payloads {
    /// Whole request bodies.
    pub whole: u64,
    /// Rows cut out of bulk requests.
    pub rows: u64,
    /// Keys whose body `--bodies` left out of the report.
    pub left_out: u64,
    /// Keys whose request has no body.
    pub no_body: u64,
    /// Keys whose newest failure has no known place.
    pub no_place: u64,
}

impl Payloads {
    fn count(&mut self, payload: &Payload) {
        *match payload {
            Payload::Whole => &mut self.whole,
            Payload::Row => &mut self.rows,
            Payload::None(Without::LeftOut) => &mut self.left_out,
            Payload::None(Without::NoBody) => &mut self.no_body,
            Payload::None(Without::NoPlace) => &mut self.no_place,
        } += 1;
    }
}

/// Writes for each key the body of its newest failed request to a file of its own in `dir`, and
/// `index.csv` beside them.
///
/// Of a bulk request the row of the key is written where it can be told apart, else the whole body.
/// The name of a file is made of letters, digits, `-`, `_` and `.` of the key and a digest of flow,
/// kind and key, never a path. `raw_csv` leaves cells of the index that a spreadsheet would run as
/// they are. Reads one row group of `exchanges` at a time, and bodies only of those that have one
/// of the keys.
///
/// # Errors
/// When `dir` holds something, cannot be written, or the report cannot be read.
pub fn write_payloads(
    report: &Stored,
    keys: &[StoredKey],
    dir: &Path,
    raw_csv: bool,
) -> Result<Payloads, PayloadError> {
    prepare(dir)?;
    let mut wanted: HashMap<(&str, u32), Vec<usize>> = HashMap::new();
    for (n, key) in keys.iter().enumerate() {
        if let (Some(file), Some(record)) = (&key.last_file, key.last_record) {
            wanted.entry((file, record)).or_default().push(n);
        }
    }
    let mut lines: Vec<Line> = keys.iter().map(|_| Line::default()).collect();
    let mut table = report.table(&EXCHANGES)?;
    for group in 0..table.groups() {
        let places = table.rows(group, &["file", "record"])?;
        let (files, records) = (places.column("file"), places.column("record"));
        let found = (0..places.len()).filter_map(|row| {
            let place = (files.text(row)?, records.number(row)? as u32);
            wanted.get(&place).map(|keys| (row, keys))
        });
        let found: Vec<(usize, &Vec<usize>)> = found.collect();
        if found.is_empty() {
            continue;
        }
        let columns =
            ["key_kind", "key", "method", "url", "status", "request_body", "request_digest"];
        let rows = table.rows(group, &columns)?;
        for (row, of) in found {
            let text = |name| rows.column(name).text(row);
            let own = (text("key_kind"), text("key"));
            for &n in of {
                let key = &keys[n];
                let line = &mut lines[n];
                line.method = text("method").map(str::to_owned);
                line.url = text("url").map(str::to_owned);
                line.status = rows.column("status").number(row).map(|status| status as u16);
                let Some(body) = text("request_body") else {
                    let digest = text("request_digest");
                    let left_out = digest.is_some();
                    let why = if left_out { Without::LeftOut } else { Without::NoBody };
                    line.payload = Payload::None(why);
                    continue;
                };
                let is_own = own == (Some(&key.key_kind), Some(&key.key));
                let part = if is_own { None } else { row_of(body, &key.key) };
                line.payload = if part.is_some() { Payload::Row } else { Payload::Whole };
                let body = part.unwrap_or(body);
                let name = file_name(key, body);
                let path = dir.join(&name);
                // A name that is taken is refused, so that a link in the way is not followed either.
                let mut file = File::create_new(&path).map_err(io_error(&path, "create"))?;
                file.write_all(body.as_bytes()).map_err(io_error(&path, "write"))?;
                line.file = Some(name);
            }
        }
    }
    let mut payloads = Payloads::default();
    for line in &lines {
        payloads.count(&line.payload);
    }
    let path = dir.join(INDEX_FILE);
    let index = tables::text(&index(keys, &lines), TextFormat::Csv, raw_csv);
    fs::write(&path, index).map_err(io_error(&path, "write"))?;
    Ok(payloads)
}

/// What became of a key.
#[derive(Debug)]
struct Line {
    file: Option<String>,
    payload: Payload,
    method: Option<String>,
    url: Option<String>,
    status: Option<u16>,
}

impl Default for Line {
    fn default() -> Self {
        let payload = Payload::None(Without::NoPlace);
        Self { file: None, payload, method: None, url: None, status: None }
    }
}

fn index(keys: &[StoredKey], lines: &[Line]) -> Batch {
    let mut batch = Batch::new(&INDEX);
    for (key, line) in keys.iter().zip(lines) {
        let (part, without) = match line.payload {
            Payload::Whole => (Some("whole"), None),
            Payload::Row => (Some("row"), None),
            Payload::None(why) => (None, Some(why.name())),
        };
        batch
            .row()
            .text(line.file.as_deref())
            .text(part)
            .text(without)
            .text(key.flow.as_deref())
            .text(Some(&key.key_kind))
            .text(Some(&key.key))
            .text(line.method.as_deref())
            .text(line.url.as_deref())
            .u16(line.status)
            .text(key.last_file.as_deref())
            .u32(key.last_record)
            .text(key.last_group.as_deref())
            .text(key.last_message.as_deref());
    }
    batch
}

/// Makes the folder, or sees that it is empty.
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
fn file_name(key: &StoredKey, body: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let shown: String = key.key.chars().take(NAME_CHARACTERS).map(safe).collect();
    // A unit separator, which no name has, keeps the three apart. The digest tells keys apart that
    // look alike once they are names, also where a file system does not tell `A` from `a`.
    let whole =
        format!("{}\u{1f}{}\u{1f}{}", key.flow.as_deref().unwrap_or(""), key.key_kind, key.key);
    let digest = xxh3_64(whole.as_bytes()) >> 16;
    let kind: String = key.key_kind.chars().map(safe).collect();
    format!("{kind}-{shown}-{digest:012x}.{}", extension(body))
}

/// By content: JSON that is sound, what begins like a tag, anything else.
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

/// The one row of a bulk request that has `key`: an element of the list that the body is, or of a
/// list directly in it. `None` when there is no such row, when it is the only one and so the whole
/// body can be sent, or when several rows, or the body around them, have the key too.
fn row_of<'b>(body: &'b str, key: &str) -> Option<&'b str> {
    let root = Value::of(body)?;
    let mut lists = Vec::new();
    match root.ty {
        JsonType::Array => lists.push(root),
        JsonType::Object => {
            let mut around = false;
            root.members(|_, member| {
                around |= is_key(member, key) || has_key(member, key, 0);
                if member.ty == JsonType::Array {
                    lists.push(member);
                }
                !around
            });
            if around {
                return None;
            }
        }
        _ => return None,
    }
    let (mut found, mut more) = (None, false);
    for list in lists {
        let mut rows = 0;
        let mut here = None;
        list.elements(|row| {
            rows += 1;
            if has_key(row, key, 1) {
                more |= here.is_some() || found.is_some();
                here = Some(row.raw);
            }
            !more
        });
        if rows > 1 {
            found = found.or(here);
        } else {
            more |= here.is_some();
        }
    }
    found.filter(|_| !more)
}

/// Whether an object has a member with this value, or an object in it has, so many levels down.
fn has_key(object: Value<'_>, key: &str, levels: u8) -> bool {
    let mut found = false;
    object.members(|_, member| {
        found = is_key(member, key) || levels > 0 && has_key(member, key, levels - 1);
        !found
    });
    found
}

fn is_key(value: Value<'_>, key: &str) -> bool {
    match value.ty {
        JsonType::String if value.inner() == key => true,
        JsonType::String if value.raw.contains('\\') => {
            serde_json::from_str::<String>(value.raw).is_ok_and(|text| text == key)
        }
        JsonType::Number => value.raw == key,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_cut_out_where_it_alone_has_the_key() {
        let check = |body: &str, expected: Option<&str>| {
            assert_eq!(row_of(body, "A-1"), expected, "{body}");
        };
        check(r#"[{"sku":"A-2"}, {"sku":"A-1","n":1.50}]"#, Some(r#"{"sku":"A-1","n":1.50}"#));
        check(r#"{"items":[{"sku":"A-1"},{"sku":"B"}]}"#, Some(r#"{"sku":"A-1"}"#));
        check(
            r#"[{"p":{"sku":"\u0041-1"}},{"p":{"sku":"B"}}]"#,
            Some(r#"{"p":{"sku":"\u0041-1"}}"#),
        );
        check(r#"[{"sku":"A-1"}]"#, None);
        check(r#"[{"sku":"A-1"},{"sku":"A-1"}]"#, None);
        check(r#"{"order":"A-1","lines":[{"order":"A-1"},{"x":1}]}"#, None);
        check(r#"{"a":[{"sku":"A-1"},{"x":1}],"b":[{"sku":"A-1"}]}"#, None);
        check(r#"{"sku":"A-1"}"#, None);
        check(r#"[{"sku":"A-1"},{"sku":"#, None);
        check("sku=A-1&sku=B", None);
        assert_eq!(row_of(r#"[{"id":17},{"id":170}]"#, "17"), Some(r#"{"id":17}"#));
    }

    #[test]
    fn a_file_name_is_never_a_path_and_tells_keys_apart() {
        let name = |flow: &str, key: &str, body: &str| {
            let key = StoredKey {
                flow: Some(flow.to_owned()),
                key_kind: "sku".to_owned(),
                key: key.to_owned(),
                attempts: 1,
                failures: 1,
                first_seen: None,
                last_seen: None,
                last_outcome: "failed".to_owned(),
                open: true,
                last_group: None,
                last_message: None,
                last_file: None,
                last_record: None,
            };
            file_name(&key, body)
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
