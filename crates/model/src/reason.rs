//! HTTP statuses and their reason phrases: RFC 9110 and the RFCs around it.

/// Statuses with their phrases, and further phrases that name the same status.
#[rustfmt::skip]
const PHRASES: &[(u16, &str, &[&str])] = &[
    (100, "Continue", &[]), (101, "Switching Protocols", &[]), (103, "Early Hints", &[]),
    (200, "OK", &[]), (201, "Created", &[]), (202, "Accepted", &[]), (203, "Non-Authoritative Information", &[]),
    (204, "No Content", &[]), (205, "Reset Content", &[]), (206, "Partial Content", &[]), (207, "Multi-Status", &[]),
    (301, "Moved Permanently", &["Moved"]), (302, "Found", &["Redirect"]), (303, "See Other", &["Redirect Method"]),
    (304, "Not Modified", &[]), (307, "Temporary Redirect", &["Redirect Keep Verb"]), (308, "Permanent Redirect", &[]),
    (400, "Bad Request", &[]), (401, "Unauthorized", &["Unauthorised"]), (402, "Payment Required", &[]),
    (403, "Forbidden", &[]), (404, "Not Found", &[]), (405, "Method Not Allowed", &[]), (406, "Not Acceptable", &[]),
    (407, "Proxy Authentication Required", &[]), (408, "Request Timeout", &["Request Time-out"]), (409, "Conflict", &[]),
    (410, "Gone", &[]), (411, "Length Required", &[]), (412, "Precondition Failed", &[]),
    (413, "Content Too Large", &["Payload Too Large", "Request Entity Too Large"]),
    (414, "URI Too Long", &["Request-URI Too Long", "Request-URI Too Large"]), (415, "Unsupported Media Type", &[]),
    (416, "Range Not Satisfiable", &["Requested Range Not Satisfiable"]), (417, "Expectation Failed", &[]),
    (421, "Misdirected Request", &[]), (422, "Unprocessable Content", &["Unprocessable Entity"]), (423, "Locked", &[]),
    (424, "Failed Dependency", &[]), (425, "Too Early", &[]), (426, "Upgrade Required", &[]),
    (428, "Precondition Required", &[]), (429, "Too Many Requests", &[]), (431, "Request Header Fields Too Large", &[]),
    (499, "Client Closed Request", &[]), (500, "Internal Server Error", &["Internal Error", "Server Error"]),
    (501, "Not Implemented", &[]), (502, "Bad Gateway", &[]),
    (503, "Service Unavailable", &["Service Temporarily Unavailable", "Temporarily Unavailable"]),
    (504, "Gateway Timeout", &["Gateway Time-out"]), (505, "HTTP Version Not Supported", &[]),
    (507, "Insufficient Storage", &[]), (508, "Loop Detected", &[]),
];

/// The phrase of a status of 400 or above, for logs that keep only the number; empty when it has none.
pub(crate) fn phrase(status: u16) -> &'static str {
    let known = PHRASES.iter().find(|(number, ..)| status >= 400 && *number == status);
    known.map_or("", |(_, phrase, _)| phrase)
}

/// The status that a text names: `Not Found`, `NotFound`, `NOT_FOUND`, `HttpStatusCode.NotFound`.
pub(crate) fn status_named(text: &str) -> Option<u16> {
    if !(2..=60).contains(&text.len()) {
        return None;
    }
    let mut name = letters(text);
    for lead in ["httpstatuscode", "httpstatus", "http", "status"] {
        if let Some(rest) = name.strip_prefix(lead).filter(|rest| !rest.is_empty()) {
            name = rest.to_owned();
            break;
        }
    }
    let same = |phrase: &str| letters(phrase) == name;
    PHRASES
        .iter()
        .find(|(_, phrase, others)| same(phrase) || others.iter().any(|other| same(other)))
        .map(|(status, ..)| *status)
}

/// The letters of a text, in lower case.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}
