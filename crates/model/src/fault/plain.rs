//! Plain text and forms.

use super::hits::{Draft, Hits};
use super::names::{self, FaultRole, fold_char};
use super::{edi, inner, trace};

/// Longest first line that stands for a plain text, in bytes.
const LINE_MAX: usize = 500;

/// Akinon's answer to "whose fault": the text is `<reason_type>-<message>`.
const REASON_TYPES: [&str; 3] = ["mapping", "remote", "channel_app"];

/// Reads a plain text; true when it says that it is an error.
pub(super) fn read(text: &str, levels: u8, hits: &mut Hits<'_>) -> bool {
    if let Some((reason, message)) = reason_type(text) {
        let mark = hits.len();
        // What follows the reason is any text, a traceback as often as not.
        if !inner::add_line(message, levels, hits) {
            hits.add(&Draft { message, ..Draft::default() });
        }
        hits.recode(mark, reason);
        return true;
    }
    let unescaped;
    let text = if has_escaped_lines(text) {
        unescaped = text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\t", "\t");
        unescaped.as_str()
    } else {
        text
    };
    if let Some(trace) = trace::read(text) {
        if text.ends_with("})") && inner::add_shown(text, trace.code, hits) {
            return true;
        }
        return hits.add(&Draft {
            code: trace.code,
            lead: trace.lead,
            message: trace.message,
            exception: trace.exception,
            ..Draft::default()
        });
    }
    if let Some(rejected) = edi::read(text, hits) {
        return rejected;
    }
    let line = first_line(text);
    hits.add(&Draft { message: line, ..Draft::default() })
        && (is_error_line(line) || holds_error_sign(line) || is_error_word(text))
}

/// What stands in the texts of errors only, wherever: signs of drivers and clients.
const ERROR_SIGNS: [&str; 26] = [
    "SQLSTATE[",
    "ConnectionPool(host=",
    "Max retries exceeded",
    "[Errno ",
    "[WinError ",
    "cURL error ",
    "curl: (",
    "Read timed out",
    "Connect timed out",
    "connect timed out",
    "connection timed out",
    "Connection timed out",
    "Operation timed out",
    "onnection refused",
    "onnection reset by peer",
    "onnection aborted",
    "No route to host",
    "could not resolve host",
    "Could not resolve host",
    "getaddrinfo",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "socket hang up",
    "CERTIFICATE_VERIFY_FAILED",
    "ORA-0",
];

fn holds_error_sign(line: &str) -> bool {
    ERROR_SIGNS.iter().any(|sign| line.contains(sign))
}

/// A whole answer that is one word or number of failure: `NOK`, `false`, `-1`, `HATA`.
fn is_error_word(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '.' | '!'));
    names::is_failure_word(text) || matches!(text, "false" | "False" | "FALSE" | "-1")
}

/// The first line that is not blank, cut at a character boundary.
pub(super) fn first_line(text: &str) -> &str {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    &line[..line.floor_char_boundary(LINE_MAX)]
}

/// A stack trace whose line breaks came as backslash and `n`, for it was escaped twice.
fn has_escaped_lines(text: &str) -> bool {
    text.contains("\\n") && !text.contains('\n') && {
        ["Traceback (most recent", "\\n\\tat ", "\\n   at ", "\\n    at ", "\\n   konum"]
            .iter()
            .any(|mark| text.contains(mark))
    }
}

/// `remote-Bağlantı kurulamadı`: the reason type and the rest.
fn reason_type(text: &str) -> Option<(&str, &str)> {
    REASON_TYPES.iter().find_map(|reason| {
        let message = text.strip_prefix(reason)?.strip_prefix('-')?.trim();
        (!message.is_empty()).then_some((&text[..reason.len()], message))
    })
}

/// Reason phrases of HTTP that a body of one line consists of or begins with.
const PHRASES: [&str; 28] = [
    "bad request",
    "unauthorized",
    "payment required",
    "forbidden",
    "not found",
    "page not found",
    "method not allowed",
    "not acceptable",
    "proxy authentication required",
    "request timeout",
    "request time-out",
    "conflict",
    "gone",
    "length required",
    "precondition failed",
    "payload too large",
    "request entity too large",
    "unsupported media type",
    "unprocessable entity",
    "too many requests",
    "internal server error",
    "not implemented",
    "bad gateway",
    "service unavailable",
    "service temporarily unavailable",
    "gateway timeout",
    "gateway time-out",
    "upstream connect error",
];

/// Words with which a line that reports an error begins.
const OPENINGS: [&str; 13] = [
    "error",
    "fatal",
    "fatal error",
    "exception",
    "err",
    "unhandled exception",
    "failed",
    "failure",
    "invalid",
    "access denied",
    "permission denied",
    "yetkisiz",
    "geçersiz",
];

/// Whether a line begins as errors do: a class of exceptions, `Error:`, `Hata`, `502 Bad Gateway`.
pub(super) fn is_error_line(line: &str) -> bool {
    let line = line.trim_start();
    if trace::class_of(line).is_some() {
        return true;
    }
    let folded: String = line.chars().take(64).flat_map(fold_char).collect();
    let mut words = folded.trim_start_matches(['[', '(', '"', '\'', '*', '-', '<', ' ']);
    // `HTTP/1.1 502 Bad Gateway`, `HTTP Error 404: Not Found`, `502 Bad Gateway`
    let http = words.strip_prefix("http");
    if let Some(rest) = http {
        words = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        words = words.strip_prefix("1.0 ").or_else(|| words.strip_prefix("1.1 ")).unwrap_or(words);
        words = words.strip_prefix("2 ").unwrap_or(words);
    }
    let digits = words.len() - words.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let status: Option<u16> =
        words[..digits].parse().ok().filter(|status| (400..600).contains(status));
    let after = words[digits..].trim_start_matches([' ', ':', '-', '.']);
    if digits == 0 || status.is_some() {
        if PHRASES.iter().any(|phrase| begins_with_word(after, phrase)) {
            return true;
        }
        if http.is_some() && status.is_some() {
            return true;
        }
    }
    words.starts_with("hata") || OPENINGS.iter().any(|opening| begins_with_word(words, opening))
}

/// `text` begins with `word`, and the word ends there.
fn begins_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Whether a text is wholly `name=value&name=value`: at least two pairs, no blanks, no brackets or
/// quotes that a form would have escaped.
pub(super) fn is_form(text: &str) -> bool {
    let mut pairs = 0_u32;
    let sound = text.split('&').all(|pair| {
        pairs += 1;
        pair.split_once('=').is_some_and(|(name, value)| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.%[]+$@!".contains(&byte))
                && value
                    .chars()
                    .all(|c| !c.is_whitespace() && !c.is_control() && !"<>\"{}|\\^`".contains(c))
        })
    });
    sound && pairs >= 2
}

/// Reads a form; true when it holds an error (`error=invalid_grant&error_description=...`,
/// `success=false&message=...`).
pub(super) fn read_form(text: &str, hits: &mut Hits<'_>) -> bool {
    let mut message: Option<(u8, bool, &str)> = None;
    let mut error = None;
    let mut code = None;
    let mut field = None;
    let (mut failed, mut succeeded) = (false, false);
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        if value.is_empty() {
            continue;
        }
        // `L_ERRORCODE0`: the fields of the first of several errors.
        match names::role(name.trim_end_matches(|c: char| c.is_ascii_digit())) {
            FaultRole::Message { rank, strong } if message.is_none_or(|(old, _, _)| rank < old) => {
                message = Some((rank, strong, value));
            }
            FaultRole::Error if names::is_true(value) => failed = true,
            FaultRole::Error if !names::is_false(value) && !names::is_success_word(value) => {
                error = error.or(Some(value));
            }
            FaultRole::Code { strong: true, .. }
                if !names::is_false(value) && !names::is_success_word(value) =>
            {
                code = code.or(Some(value));
            }
            FaultRole::Field => field = field.or(Some(value)),
            FaultRole::Success => {
                failed |= names::is_false(value);
                succeeded |= names::is_true(value);
            }
            FaultRole::Failure => failed |= names::is_true(value),
            FaultRole::Verdict | FaultRole::Status => {
                failed |= names::is_failure_word(value);
                succeeded |= names::is_success_word(value);
            }
            _ => {}
        }
    }
    let strong = message.is_some_and(|(_, strong, _)| strong);
    if !failed && (succeeded || (error.is_none() && code.is_none() && !strong)) {
        return false;
    }
    let text = message.map(|(_, _, text)| text).or(error).or(code);
    let code = code.or(error).filter(|code| Some(*code) != text);
    let [text, code, field] = [text, code, field].map(|value| value.map(percent_decoded));
    if let Some(text) = text {
        let draft = Draft {
            code: code.as_deref(),
            field: field.as_deref(),
            message: &text,
            ..Draft::default()
        };
        hits.add(&draft);
    }
    true
}

/// `+` and `%C5%9F` decoded; what is no UTF-8 then becomes U+FFFD.
fn percent_decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes
            .get(at + 1..at + 3)
            .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(value)) => {
                decoded.push(value);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
