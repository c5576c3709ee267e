//! Requests as other tools take them: the address and headers to send again, and HAR.

use model::json::{Type as JsonType, Value as JsonValue};
use serde_json::{Value, json};
use tables::cell::BodyText;

use crate::requests::{LoggedRequest, LoggedRequests};

/// What stands in place of credentials.
pub const CREDENTIALS: &str = "CREDENTIALS";

/// Headers that a client makes anew for each request.
const MADE_ANEW: [&str; 6] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "accept-encoding",
    "content-encoding",
];

/// Parts of names of headers and URL parameters whose values are credentials.
const SECRET: [&str; 10] = [
    "auth",
    "token",
    "cookie",
    "secret",
    "password",
    "passwd",
    "api-key",
    "api_key",
    "apikey",
    "signature",
];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "key" || SECRET.iter().any(|part| name.contains(part))
}

impl LoggedRequest<'_> {
    /// Method, URL and headers to send it again; `None` when the log has no URL. The method is GET, or POST with a
    /// body, when the log does not say. Headers are those that the log has, or the type of the body by its content;
    /// there is always one for credentials. Every value that looks like credentials is [`CREDENTIALS`].
    pub fn resend(&self) -> Option<ResendRequest> {
        let url = without_credentials(self.exchange.url?.0);
        let body = self.exchange.request_body.map(|body| body.text);
        let usual = if body.is_some() { "POST" } else { "GET" };
        let method =
            self.exchange.method.map_or(usual, |method| method.0).trim().to_ascii_uppercase();
        let mut headers = self.headers("request");
        headers.retain(|(name, _)| !MADE_ANEW.contains(&name.to_ascii_lowercase().as_str()));
        let has = |headers: &[(String, String)], wanted: &str| {
            headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if let Some(body) = body.filter(|_| !has(&headers, "content-type")) {
            headers.push(("Content-Type".to_owned(), content_type(body).to_owned()));
        }
        if !headers.iter().any(|(name, _)| is_secret(name)) {
            headers.push(("Authorization".to_owned(), CREDENTIALS.to_owned()));
        }
        Some(ResendRequest { method, url, headers })
    }

    /// The headers of a side that the log has, with placeholders for credentials.
    fn headers(&self, side: &str) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let extra = self.exchange.extra.and_then(|extra| JsonValue::of(extra.0));
        if let Some(extra) = extra {
            extra.members(|name, value| {
                let name = name.to_ascii_lowercase();
                if name.contains(side) && name.contains("header") {
                    collect_headers(value, &mut headers);
                }
                true
            });
        }
        headers
    }

    /// An entry of HAR 1.2. The names with `_` are this program's own, as the format allows.
    fn har(&self) -> Value {
        let exchange = &self.exchange;
        let pairs = |headers: Vec<(String, String)>| -> Vec<Value> {
            headers.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
        };
        let resend = self.resend();
        let url = resend.as_ref().map_or("", |resend| resend.url.as_str());
        let duration = exchange.duration_ms.filter(|duration| duration.is_finite());
        let length = |body: Option<BodyText<'_>>| body.map_or(0, |body| body.text.len());
        let mut request = json!({
            "method": resend.as_ref().map_or("", |resend| resend.method.as_str()),
            "url": url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": pairs(self.headers("request")),
            "queryString": parameters(url),
            "headersSize": -1,
            "bodySize": length(exchange.request_body),
        });
        if let Some(body) = exchange.request_body {
            request["postData"] = json!({"mimeType": content_type(body.text), "text": body.text});
        }
        let mut content = json!({
            "size": length(exchange.response_body),
            "mimeType": exchange.response_body.map_or("x-unknown", |body| content_type(body.text)),
        });
        if let Some(body) = exchange.response_body {
            content["text"] = body.text.into();
        }
        json!({
            "startedDateTime": exchange.started_at.map_or_else(
                || "1970-01-01T00:00:00.000000Z".to_owned(),
                tables::rfc3339,
            ),
            "time": duration.unwrap_or(0.0),
            "request": request,
            "response": {
                // 0 is what browsers write for a request without an answer.
                "status": exchange.status.unwrap_or(0),
                "statusText": "",
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": pairs(self.headers("response")),
                "content": content,
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": length(exchange.response_body),
            },
            "cache": {},
            "timings": {"send": 0, "wait": duration.unwrap_or(0.0), "receive": 0},
            "_exchange": exchange.exchange,
            "_file": exchange.file.0,
            "_record": exchange.record,
            "_flow": exchange.flow.map(|flow| flow.0),
            "_key": exchange.key.map(|key| key.0),
            "_outcome": exchange.outcome.0,
            "_errors": self.errors.iter().map(|error| error.message.0).collect::<Vec<_>>(),
        })
    }
}

impl LoggedRequests {
    /// All of them as one HAR 1.2 document.
    pub fn har(&self) -> Value {
        json!({"log": {
            "version": "1.2",
            "creator": {"name": "analyze", "version": env!("CARGO_PKG_VERSION")},
            "entries": self.iter().map(|request| request.har()).collect::<Vec<_>>(),
        }})
    }
}

/// A request to send again, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResendRequest {
    /// In capital letters.
    pub method: String,
    /// As logged, without credentials.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
}

/// Headers as an object, or as a list of objects with `name` and `value`.
fn collect_headers(value: JsonValue<'_>, headers: &mut Vec<(String, String)>) {
    let text = |value: JsonValue<'_>| match value.ty {
        JsonType::String => serde_json::from_str(value.raw).ok(),
        JsonType::Number | JsonType::Bool => Some(value.raw.to_owned()),
        _ => None,
    };
    let mut add = |name: &str, value: Option<String>| {
        let name_ok = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if let (true, Some(value)) = (name_ok, value) {
            let value = if is_secret(name) { CREDENTIALS.to_owned() } else { value };
            // A line end would begin another header.
            if !value.chars().any(char::is_control) {
                headers.push((name.to_owned(), value));
            }
        }
    };
    match value.ty {
        JsonType::Object => value.members(|name, value| {
            add(name, text(value));
            true
        }),
        JsonType::Array => value.elements(|pair| {
            let (mut name, mut content) = (None, None);
            pair.members(|member, value| {
                match member {
                    "name" => name = text(value),
                    "value" => content = text(value),
                    _ => {}
                }
                true
            });
            add(&name.unwrap_or_default(), content);
            true
        }),
        _ => {}
    }
}

/// The media type of a body, by its content.
fn content_type(body: &str) -> &'static str {
    let start = body.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(['{', '[']) {
        "application/json"
    } else if start.starts_with('<') {
        "application/xml"
    } else if start.contains('=') && !start.contains(char::is_whitespace) {
        "application/x-www-form-urlencoded"
    } else {
        "text/plain"
    }
}

/// A URL with placeholders for a password and for parameters that are credentials.
fn without_credentials(url: &str) -> String {
    let (before_query, query) = url.split_once('?').map_or((url, None), |(a, b)| (a, Some(b)));
    let mut out = String::new();
    match before_query.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            out.extend([scheme, "://", host, path]);
        }
        None => out.push_str(before_query),
    }
    for (n, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        out.push(if n == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => out.extend([name, "=", CREDENTIALS]),
            _ => out.push_str(pair),
        }
    }
    out
}

/// The parameters of a URL, as they are written.
fn parameters(url: &str) -> Vec<Value> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_url_are_placeholders() {
        let check = |url: &str, expected: &str| assert_eq!(without_credentials(url), expected);
        check("https://a.example.com/x?page=2&limit=", "https://a.example.com/x?page=2&limit=");
        check("https://me:pw@a.example.com/x", "https://a.example.com/x");
        check(
            "https://a.example.com/x?access_token=1&q=2",
            "https://a.example.com/x?access_token=CREDENTIALS&q=2",
        );
        check("/x/y@z?key=1", "/x/y@z?key=CREDENTIALS");
        check("?", "?");
    }

    #[test]
    fn headers_are_read_from_objects_and_lists() {
        let read = |text: &str| {
            let mut headers = Vec::new();
            collect_headers(JsonValue::of(text).unwrap(), &mut headers);
            headers
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            read(r#"{"Accept":"a\/b","X-N":5,"Authorization":"Basic x","Bad name":"y"}"#),
            "Accept=a/b X-N=5 Authorization=CREDENTIALS"
        );
        assert_eq!(read(r#"[{"name":"Accept","value":"x"},{"value":"y"},3]"#), "Accept=x");
        assert_eq!(read(r#"{"A":"x\r\nEvil: 1"}"#), "");
        assert_eq!(read(r#""Accept: x""#), "");
    }

    #[test]
    fn the_type_of_a_body_is_seen() {
        for (body, expected) in [
            (" {", "application/json"),
            ("<a/>", "application/xml"),
            ("a=1&b=2", "application/x-www-form-urlencoded"),
            ("a = 1", "text/plain"),
            ("", "text/plain"),
        ] {
            assert_eq!(content_type(body), expected, "{body}");
        }
    }
}
