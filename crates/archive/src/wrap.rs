//! Wraps made of text: a JSON string, an object around one string, a `data:` URI.
//!
//! They are looked for at the very beginning only, so that a document which merely contains an
//! encoded body is left alone.

use std::ops::Range;

use crate::sniff;

/// Bytes that may stand around a payload in an object: keys, a content type, a file name.
const AROUND: usize = 4096;
/// The same for a payload that is gzip. Records of a log can hold a gzipped body, so the object
/// must consist of little else.
const AROUND_GZIP: usize = 256;

/// The content of a text that is one JSON string, quotes left out, escapes left in; and whether the
/// closing quote is there. None when more than a string stands there.
pub(crate) fn quoted(text: &[u8]) -> Option<(Range<usize>, bool)> {
    let start = text.len() - sniff::trim_start(text).len();
    if text.get(start) != Some(&b'"') {
        return None;
    }
    match string_end(text, start + 1) {
        Some(end) => {
            let rest = sniff::trim_end(&text[end + 1..]);
            rest.is_empty().then_some((start + 1..end, true))
        }
        None => Some((start + 1..text.len(), false)),
    }
}

/// Place of the quote that ends the string whose content begins at `from`.
pub(crate) fn string_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// A payload in an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrappedPayload {
    /// The string, quotes left out, escapes left in.
    pub(crate) content: Range<usize>,
    /// The object has nothing else in it, or is cut within the string: it is certainly a wrap. Otherwise
    /// it may be a record of a log that holds an archive.
    pub(crate) sure: bool,
}

/// The string in an object that is a payload: base64 of a zip or of gzip, or a `data:` URI. Objects
/// around it may be nested; what else they hold must be small and plain.
pub(crate) fn object(text: &[u8]) -> Option<WrappedPayload> {
    let mut at = 0;
    let head = text.len().min(AROUND);
    let skip = |at: usize| at + (text[at..].len() - sniff::trim_start(&text[at..]).len());
    let mut depth = 0_u32;
    let mut others = 0_u32;
    while at < head {
        at = skip(at);
        match *text.get(at)? {
            b'{' => {
                depth += 1;
                at += 1;
            }
            b'}' if depth > 1 => {
                depth -= 1;
                at += 1;
            }
            b',' => {
                others += 1;
                at += 1;
            }
            b'"' if depth > 0 => {
                at = skip(string_end(text, at + 1)? + 1);
                if text.get(at) != Some(&b':') {
                    return None;
                }
                at = skip(at + 1);
                match *text.get(at)? {
                    b'"' => {
                        let start = at + 1;
                        let around = around(&text[start..]);
                        let end = string_end(text, start);
                        if let Some(around) = around {
                            let closed = end.is_some();
                            let end = end.unwrap_or(text.len());
                            let rest = &text[end..];
                            // A record goes on with more than names and sizes.
                            let small = start + rest.len() <= around
                                && memchr::memchr2(b'{', b'[', rest).is_none();
                            let alone = others == 0 && memchr::memchr(b',', rest).is_none();
                            let sure = alone || !closed;
                            return small.then_some(WrappedPayload { content: start..end, sure });
                        }
                        at = end? + 1;
                    }
                    b'{' => {}
                    b'[' => {
                        at = skip(at + 1);
                        if text.get(at) != Some(&b']') {
                            return None;
                        }
                        at += 1;
                    }
                    _ => at += memchr::memchr2(b',', b'}', &text[at..])?,
                }
            }
            _ => return None,
        }
    }
    None
}

/// How many bytes may stand around a string that begins like `content`; None when it is no payload.
fn around(content: &[u8]) -> Option<usize> {
    if [b"UEsDB", b"UEsFB", b"UEsHC"].iter().any(|magic| content.starts_with(*magic)) {
        Some(AROUND)
    } else if content.starts_with(b"H4sI") {
        Some(AROUND_GZIP)
    } else {
        data_uri(content).map(|_| AROUND)
    }
}

/// Length of what stands before the payload of a base64 `data:` URI (RFC 2397); None when `text`
/// is none.
pub(crate) fn data_uri(text: &[u8]) -> Option<usize> {
    let scheme = text.get(..5)?;
    if !scheme.eq_ignore_ascii_case(b"data:") {
        return None;
    }
    let head = &text[..text.len().min(256)];
    let comma = memchr::memchr(b',', head)?;
    let marker = comma.checked_sub(7)?;
    head[marker..comma].eq_ignore_ascii_case(b";base64").then_some(comma + 1)
}

/// The beginning of an escaped string, without escapes: enough to recognise what it holds.
pub(crate) fn head_unescaped(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    unescape(&content[..content.len().min(512)], &mut out);
    out
}

/// Whether there is nothing to undo.
pub(crate) fn is_plain(content: &[u8]) -> bool {
    memchr::memchr(b'\\', content).is_none()
}

/// Undoes the escapes of a JSON string (RFC 8259, section 7) into `out`. What is no escape is kept
/// as it stands: damaged text is still worth reading.
pub(crate) fn unescape(content: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = content;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let (c, used) = match rest.get(1) {
            Some(b'n') => ('\n', 2),
            Some(b'r') => ('\r', 2),
            Some(b't') => ('\t', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(&c @ (b'"' | b'\\' | b'/')) => (char::from(c), 2),
            Some(b'u') => unicode(rest).unwrap_or(('\\', 1)),
            _ => ('\\', 1),
        };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[used..];
    }
    out.extend_from_slice(rest);
}

/// The escape of a code unit (`\u` and four digits), or a pair of them, at the start of `text`, and its length.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        escape.iter().try_fold(0, |sum, &digit| Some(sum * 16 + char::from(digit).to_digit(16)?))
    };
    let first = unit(0)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 6));
    }
    match (first, unit(6)) {
        (high @ 0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
            let c = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
            Some((c, 12))
        }
        _ => Some(('\u{fffd}', 6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_string_is_a_wrap_and_more_is_not() {
        assert_eq!(quoted(b" \"UEsD\\/\\\"\" \n"), Some((2..10, true)));
        assert_eq!(quoted(b"\"UEsD"), Some((1..5, false)));
        assert_eq!(quoted(b"\"a\",\"b\""), None);
        assert_eq!(quoted(b"text"), None);
        assert_eq!(quoted(b"\"a\\"), Some((1..3, false)));
    }

    #[test]
    fn an_object_around_a_payload() {
        let check = |text: &str, content: Option<&str>| {
            let payload = object(text.as_bytes()).map(|payload| &text[payload.content]);
            assert_eq!(payload, content, "{text}");
        };
        check(r#"{"data":"UEsDBA=="}"#, Some("UEsDBA=="));
        check(r#"{"a":1,"b":{"c":null,"file":"UEsDBA=="},"d":"x"}"#, Some("UEsDBA=="));
        check(
            r#"{"contentType":"application/zip","data":"data:application/zip;base64,UEsD"}"#,
            Some("data:application/zip;base64,UEsD"),
        );
        check(r#"{"data":"UEsDBA"#, Some("UEsDBA"));
        check(r#"{"status":400,"body":"text"}"#, None);
        check(r#"{"rows":[{"data":"UEsDBA=="}]}"#, None);
        check("{}", None);
        check("{", None);
        check("[]", None);
    }

    #[test]
    fn a_record_with_a_gzipped_body_is_not_a_wrap() {
        let record = format!(r#"{{"body":"H4sIAAAA","response":"{}"}}"#, "x".repeat(300));
        assert_eq!(object(record.as_bytes()), None);
        assert!(object(br#"{"data":"H4sIAAAA"}"#).is_some());
    }

    #[test]
    fn escapes_are_undone() {
        let check = |text: &str, plain: &str| {
            let mut out = Vec::new();
            unescape(text.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), plain, "{text}");
        };
        check(r"a\/b\u003d\n\u015f", "a/b=\nş");
        check(r"\ud83d\ude00 \ud83d \q \", "😀 \u{fffd} \\q \\");
        check("plain", "plain");
    }

    #[test]
    fn data_uris() {
        assert_eq!(data_uri(b"data:application/zip;base64,UEsD"), Some(28));
        assert_eq!(data_uri(b"DATA:;BASE64,UEsD"), Some(13));
        assert_eq!(data_uri(b"data:text/plain,hello"), None);
        assert_eq!(data_uri(b"date"), None);
    }
}
