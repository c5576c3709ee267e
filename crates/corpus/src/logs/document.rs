//! Documents that platforms make of exchanges.

use model::json::push_escaped;

use super::{LoggedExchange, iso, put};

/// How a platform writes its exchanges down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogShape {
    /// A list of flat rows, bodies as strings: every quote in them is escaped.
    Flat,
    /// A list of rows with `request` and `response` objects, bodies as JSON where they are JSON.
    Nested,
    /// A list of flow files (Apache `NiFi`): attributes that are all strings, the request as `content`,
    /// failed answers cut at 256 bytes.
    Nifi,
}

impl LogShape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flat, Self::Nested, Self::Nifi];

    /// Its name in the ids of benches.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Nested => "nested",
            Self::Nifi => "nifi",
        }
    }
}

/// How much of a failed answer a flow file keeps, in bytes.
pub(super) const NIFI_CUT: usize = 256;

/// The rows as one download of this shape, without blanks between the tokens.
pub fn document(shape: LogShape, rows: &[LoggedExchange]) -> String {
    let mut out = String::new();
    for (n, row) in rows.iter().enumerate() {
        out.push(if n == 0 { '[' } else { ',' });
        match shape {
            LogShape::Flat => flat(row, n, &mut out),
            LogShape::Nested => nested(row, n, &mut out),
            LogShape::Nifi => nifi(row, n, &mut out),
        }
    }
    out.push_str(if rows.is_empty() { "[]" } else { "]" });
    out
}

fn flat(row: &LoggedExchange, n: usize, out: &mut String) {
    put(
        out,
        format_args!(
            r#"{{"row_num":{},"created":"{}","{}":"{}","method":"{}","url":"{}","status_code":"#,
            n + 1,
            iso(row.started_ms),
            row.key_field,
            row.key,
            row.method,
            row.url
        ),
    );
    status(row, out);
    put(out, format_args!(r#","duration":{},"request_body":"#, row.duration_ms));
    string(Some(&row.request), out);
    out.push_str(r#","response_body":"#);
    string(row.response.as_deref(), out);
    out.push_str(r#","errors":["#);
    if row.error.is_some() {
        string(row.error.as_deref(), out);
    }
    out.push_str("]}");
}

fn nested(row: &LoggedExchange, n: usize, out: &mut String) {
    put(
        out,
        format_args!(
            r#"{{"row_num":{},"timestamp":{},"{}":"{}","request":{{"method":"{}","url":"{}","headers":{{"Content-Type":"application/json","Accept-Language":"tr"}},"body":"#,
            n + 1,
            row.started_ms,
            row.key_field,
            row.key,
            row.method,
            row.url
        ),
    );
    body(Some(&row.request), out);
    out.push_str(r#"},"response":"#);
    if row.status.is_some() {
        out.push_str(r#"{"status":"#);
        status(row, out);
        out.push_str(r#","headers":{"Content-Type":"application/json","Server":"nginx"},"body":"#);
        body(row.response.as_deref(), out);
        out.push('}');
    } else {
        out.push_str("null");
    }
    put(out, format_args!(r#","duration_ms":{},"errors":["#, row.duration_ms));
    if row.error.is_some() {
        out.push_str(r#"{"message":"#);
        string(row.error.as_deref(), out);
        out.push('}');
    }
    out.push_str("]}");
}

fn nifi(row: &LoggedExchange, n: usize, out: &mut String) {
    put(
        out,
        format_args!(
            r#"{{"attributes":{{"invokehttp.request.url":"{}","invokehttp.tx.id":"{:08x}-0000-4000-8000-{:012x}","invokehttp.request.duration":"{}","fragment.index":"{n}","created":"{}","{}":"{}","mime.type":"application/json""#,
            row.url,
            row.duration_ms,
            row.started_ms,
            row.duration_ms,
            row.started_ms,
            row.key_field,
            row.key
        ),
    );
    if let Some(status) = row.status {
        put(out, format_args!(r#","invokehttp.status.code":"{status}""#));
    }
    if let Some(response) = &row.response {
        if row.failed() {
            let mut end = response.len().min(NIFI_CUT);
            while !response.is_char_boundary(end) {
                end -= 1;
            }
            out.push_str(r#","invokehttp.response.body":"#);
            string(Some(&response[..end]), out);
        } else {
            out.push_str(r#","response_body":"#);
            string(Some(response), out);
        }
    }
    if row.error.is_some() {
        out.push_str(r#","invokehttp.java.exception.class":"java.net.SocketTimeoutException","invokehttp.java.exception.message":"#);
        string(row.error.as_deref(), out);
    }
    out.push_str(r#"},"content":"#);
    string(Some(&row.request), out);
    out.push('}');
}

fn status(row: &LoggedExchange, out: &mut String) {
    match row.status {
        Some(status) => put(out, format_args!("{status}")),
        None => out.push_str("null"),
    }
}

/// A body as it stands in a nested log: JSON as JSON, anything else as a string.
fn body(text: Option<&str>, out: &mut String) {
    match text {
        Some(json) if json.starts_with(['{', '[']) => out.push_str(json),
        other => string(other, out),
    }
}

/// A JSON string; null for nothing.
fn string(text: Option<&str>, out: &mut String) {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => {
            out.push('"');
            push_escaped(text, out);
            out.push('"');
        }
        None => out.push_str("null"),
    }
}
