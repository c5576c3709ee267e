//! Error codes and field paths, without what changes from one occurrence to the next.

use crate::bytes::{BLANK, LETTER, VAR, is};

/// The code that takes part in a group: an API's own short code. `None` for what names one
/// occurrence or says again what the text or the status says:
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

/// Six digits in a row or twelve in all, or sixteen hexadecimal digits in a row: not a code of a list.
fn is_id(code: &str) -> bool {
    let longest = |class: fn(&u8) -> bool| {
        code.as_bytes().split(|byte| !class(byte)).map(<[u8]>::len).max().unwrap_or(0)
    };
    longest(u8::is_ascii_digit) >= 6
        || longest(u8::is_ascii_hexdigit) >= 16
        || code.bytes().filter(u8::is_ascii_digit).count() >= 12
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

/// Writes the field path that takes part in a group; false when nothing is left of it. Parts of
/// digits only (array indexes) are dropped, parts with four or more digits (keys of a map by SKU
/// or order number) are variables.
pub(crate) fn field(written: &str, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    for part in written.split(['.', '[', ']', '/']) {
        let part = part.trim();
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if out.len() > start {
            out.push(b'.');
        }
        if part.bytes().filter(u8::is_ascii_digit).count() >= 4 {
            out.push(VAR);
        } else {
            // The marks of the skeleton must not occur in it.
            out.extend(part.bytes().map(|byte| if byte < b' ' { b' ' } else { byte }));
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
    fn field_paths_lose_indexes_and_keys() {
        let of = |path: &str| {
            let mut out = Vec::new();
            field(path, &mut out).then(|| String::from_utf8_lossy(&out).replace('\u{1}', "<*>"))
        };
        assert_eq!(of("items.3.price").as_deref(), Some("items.price"));
        assert_eq!(of("items[3].price").as_deref(), Some("items.price"));
        assert_eq!(of("rows.SKU-000123.stock").as_deref(), Some("rows.<*>.stock"));
        assert_eq!((of("7"), of("")), (None, None));
    }
}
