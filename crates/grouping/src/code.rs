//! Error codes and field paths, without what changes from one occurrence to the next.

use crate::bytes::{AT, BLANK, DIGIT, LETTER, LINE, VAR, classes_of, is};
use crate::{mask, token};

/// The code that takes part in a group: an API's own short code. `None` for a code that identifies one
/// occurrence or repeats the text or the status:
///
/// | left out | example |
/// |---|---|
/// | ids, also in front of a command name | `<uuid>-SendRow-<timestamp>` |
/// | exception classes | `java.net.SocketTimeoutException`, `KeyError` |
/// | the HTTP status | `404` |
/// | sentences | `Bad Request` |
///
/// A namespace prefix is dropped: `soap:Server` and `s:Server` are one code.
pub(crate) fn code(written: &str, status: Option<u16>) -> Option<&str> {
    let code = written.trim();
    let code = match code.split_once(':') {
        Some((prefix, local))
            if !prefix.is_empty()
                && !local.is_empty()
                && prefix.bytes().all(|b| is(b, LETTER) || b == b'-') =>
        {
            local
        }
        _ => code,
    };
    if code.is_empty() || code.len() > 64 || code.bytes().any(|byte| is(byte, BLANK)) {
        return None;
    }
    if is_id(code) || is_exception_class(code) || is_status(code, status) {
        return None;
    }
    Some(code)
}

/// A text without the code of its error in front: `E-1042: closed`, `[E-1042] closed`, `E-1042 - closed`. All
/// of it when nothing else is left.
pub(crate) fn without<'t>(text: &'t str, code: &str) -> &'t str {
    let opened = text.trim_start().trim_start_matches(['[', '(']);
    let rest = opened
        .strip_prefix(code)
        .filter(|rest| rest.trim_start().starts_with([':', ']', ')']) || rest.starts_with(" - "));
    let rest = rest.map(|rest| rest.trim_start_matches([' ', ':', ']', ')', '-']));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

/// Whether a code is one of a list, which identifies a cause (`E-1042`, `1001`, `order_100_12`), rather
/// than a kind of error (`invalid`, `Server`, `1`).
pub(crate) fn is_listed(code: &str) -> bool {
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    digits >= 3 || (digits > 0 && code.bytes().any(|byte| is(byte, LETTER)))
}

/// Six digits in a row or twelve in all, or sixteen hexadecimal digits in a row: not a code of a list.
fn is_id(code: &str) -> bool {
    let hexadecimal =
        code.as_bytes().split(|byte| !byte.is_ascii_hexdigit()).map(<[u8]>::len).max();
    longest_digits(code) >= 6
        || hexadecimal.unwrap_or(0) >= 16
        || code.bytes().filter(u8::is_ascii_digit).count() >= 12
}

fn longest_digits(text: &str) -> usize {
    text.as_bytes().split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max().unwrap_or(0)
}

/// A code that is the class of an exception.
pub(crate) fn exception_class(code: &str) -> Option<&str> {
    let code = code.trim();
    let plain = |byte: u8| is(byte, LETTER | DIGIT) || matches!(byte, b'.' | b'$' | b'_');
    (code.len() <= 128 && code.bytes().all(plain) && is_exception_class(code)).then_some(code)
}

fn is_exception_class(code: &str) -> bool {
    let last = code.rsplit(['.', '$']).next().unwrap_or(code);
    let dotted = last.len() < code.len();
    let capital = last.starts_with(|first: char| first.is_ascii_uppercase());
    let mixed = last.bytes().any(|byte| byte.is_ascii_lowercase());
    capital
        && mixed
        && (dotted
            || ["Exception", "Error", "Warning", "Timeout"]
                .iter()
                .any(|end| last.len() > end.len() && last.ends_with(end)))
}

/// Without a known status, any number of a failed HTTP status counts as one.
fn is_status(code: &str, status: Option<u16>) -> bool {
    code.parse::<u16>().is_ok_and(|number| match status {
        Some(status) => number == status,
        None => (400..600).contains(&number),
    })
}

/// Writes the field path that takes part in a group; false when nothing is left of it. Parts that
/// identify one record of many are left out: array indexes, and SKUs, order numbers or other ids as
/// keys of a map.
pub(crate) fn field(written: &str, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    for part in written.split(['.', '[', ']', '/']).map(str::trim) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let classes = classes_of(part.as_bytes());
        let mut masked = Vec::new();
        if classes & (DIGIT | AT) == 0 {
            // Most parts are plain names without variables.
        } else if classes & (BLANK | LINE) != 0 {
            mask::mask(part.as_bytes(), false, &mut masked);
        } else if longest_digits(part) < 3 {
            token::emit_classed(part.as_bytes(), classes, true, &mut masked);
        } else {
            token::emit_classed(part.as_bytes(), classes, false, &mut masked);
        }
        if masked == [VAR] {
            continue;
        }
        if out.len() > start {
            out.push(b'.');
        }
        if masked.is_empty() {
            // Control bytes separate the parts of a masked message.
            out.extend(part.bytes().map(|byte| if byte < b' ' { b' ' } else { byte }));
        } else {
            out.extend_from_slice(&masked);
        }
    }
    out.len() > start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_a_list_stay_and_ids_go() {
        for stays in ["E-1042", "invalid_choice", "1001", "batch_request_status_100_1", "Server"] {
            assert_eq!(code(stays, Some(400)), Some(stays));
        }
        assert_eq!(code(" soap:Server ", None), Some("Server"));
        for goes in [
            "3f2b7c1e-0000-4000-8000-123456789abc-SendRow-1687519997186",
            "java.net.SocketTimeoutException",
            "KeyError",
            "400",
            "Bad Request",
            "",
        ] {
            assert_eq!(code(goes, Some(400)), None, "{goes}");
        }
        assert_eq!((code("404", None), code("404", Some(200))), (None, Some("404")));
    }

    #[test]
    fn codes_of_a_list_have_a_number() {
        assert!(["E-1042", "1001", "order_100_12", "NB1"].iter().all(|code| is_listed(code)));
        assert!(["invalid", "Server", "1", "17", ""].iter().all(|code| !is_listed(code)));
    }

    #[test]
    fn field_paths_lose_indexes_and_keys() {
        let of = |path: &str| {
            let mut out = Vec::new();
            field(path, &mut out).then(|| String::from_utf8_lossy(&out).replace('\u{1}', "<*>"))
        };
        assert_eq!(of("items.3.price").as_deref(), Some("items.price"));
        assert_eq!(of("items[3].price").as_deref(), Some("items.price"));
        for key in [
            "SKU-000123",
            "A-12",
            "0000000012345",
            "1KD00012-BLK",
            "b9000564-fe1a-409b-b8cc-1e88b294cd1d",
        ] {
            assert_eq!(of(&format!("rows.{key}.stock")).as_deref(), Some("rows.stock"), "{key}");
            assert_eq!(of(key), None);
        }
        for name in ["address1", "line_2", "price_list_2", "size42", "attributes.renk", "Stok Kodu"]
        {
            assert_eq!(of(name).as_deref(), Some(name));
        }
        assert_eq!((of("7"), of("")), (None, None));
    }
}
