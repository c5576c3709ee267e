//! Which part of a token is constant and which is a variable.
//!
//! A token is the text between blanks, brackets, double quotes and `= , ; | #`, without the
//! punctuation at its end. Composites are tried before their parts: `10.0.0.1:443` is one
//! variable, not four and a port.

use crate::bytes::{AT, COLON, DIGIT, DOT, LETTER, MARK, SLASH, UPPER, VAR, classes_of, is};

/// Writes the token with its variable parts masked. `called` says that `(` or `=` follows at once,
/// which makes an identifier a name even with digits: `jk2_init(`, `r24=`.
pub(crate) fn emit(token: &[u8], called: bool, out: &mut Vec<u8>) {
    emit_classed(token, classes_of(token), called, out);
}

/// The same for a token whose classes are known. They may include marks that the token does not have.
pub(crate) fn emit_classed(token: &[u8], classes: u16, called: bool, out: &mut Vec<u8>) {
    if classes & LETTER == 0 {
        if classes & DIGIT == 0 {
            out.extend_from_slice(token);
        } else {
            let dots = token.iter().take_while(|&&byte| byte == b'.').count();
            out.extend_from_slice(if dots >= 2 { &token[..dots] } else { &[] });
            variable(out);
        }
    } else if classes & MARK != 0 {
        marked(token, classes, called, out);
    } else {
        plain(token, classes, called, out);
    }
}

/// Appends a variable; a run of variables joined by separators collapses into one.
pub(crate) fn variable(out: &mut Vec<u8>) {
    match out.as_slice() {
        [.., VAR] => return,
        [.., VAR, b'.' | b':' | b'/' | b'-' | b'_' | b'+' | b'~' | b'@' | b'&' | b'*'] => {
            out.pop();
            return;
        }
        _ => {}
    }
    out.push(VAR);
}

/// A token with a meaningful mark inside: address, path, host, key and value, dotted name.
fn marked(token: &[u8], classes: u16, called: bool, out: &mut Vec<u8>) {
    let has = |class: u16| classes & class != 0;
    if (has(AT) && is_email(token))
        || (has(SLASH) && is_path(token))
        || (has(DOT) && is_host(token))
        || (has(COLON) && is_hardware_address(token))
    {
        variable(out);
    } else if has(DOT)
        && let Some(dots) = token.windows(2).position(|pair| pair == b"..")
    {
        let after = dots + token[dots..].iter().take_while(|&&byte| byte == b'.').count();
        emit(&token[..dots], false, out);
        out.extend_from_slice(&token[dots..after]);
        emit(&token[after..], called, out);
    } else if has(COLON)
        && let Some(colon) = token.iter().position(|&byte| byte == b':')
        && token[..colon].iter().any(|&byte| is(byte, LETTER))
    {
        emit(&token[..colon], true, out);
        out.push(b':');
        let value = &token[colon + 1..];
        if is_boolean(value) {
            variable(out);
        } else {
            emit(value, called, out);
        }
    } else if has(SLASH)
        && let Some(slash) = token.iter().position(|&byte| byte == b'/')
    {
        emit(&token[..slash], false, out);
        out.push(b'/');
        emit(&token[slash + 1..], called, out);
    } else if !has(DIGIT) {
        out.extend_from_slice(token);
    } else if let Some(name) = dotted_name_len(token) {
        out.extend_from_slice(&token[..name]);
        variable(out);
    } else if called && is_identifier(token) {
        out.extend_from_slice(token);
    } else {
        variable(out);
    }
}

/// Letters, digits, `_` and `-` only, at least one letter.
fn plain(token: &[u8], classes: u16, called: bool, out: &mut Vec<u8>) {
    if classes & DIGIT == 0 {
        if token.len() >= 8 && token.iter().all(|byte| matches!(byte, b'a'..=b'f')) {
            variable(out);
        } else {
            out.extend_from_slice(token);
        }
    } else if is_uuid(token) {
        variable(out);
    } else if is_error_code(token) || is_name(token) || (called && is_identifier(token)) {
        out.extend_from_slice(token);
    } else {
        let name = instance_name_len(token);
        out.extend_from_slice(&token[..name]);
        variable(out);
    }
}

pub(crate) fn is_boolean(word: &[u8]) -> bool {
    matches!(word, b"true" | b"false" | b"True" | b"False")
}

/// 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12; the first may have letters only.
fn is_uuid(token: &[u8]) -> bool {
    token.len() == 36
        && token.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// An abbreviation of "error" (or of a well-known system that numbers its errors) and a number of
/// at most five digits: `E-1042`, `ERR1001`, `ORA-00942`. Such a code names the cause and stays.
pub(crate) fn is_error_code(token: &[u8]) -> bool {
    let letters = token.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let (prefix, rest) = token.split_at(letters);
    let digits = rest.strip_prefix(b"-").unwrap_or(rest);
    matches!(
        prefix,
        b"E" | b"ER" | b"ERR" | b"ERROR" | b"HATA" | b"ORA" | b"SQL" | b"PLS" | b"TNS" | b"HTTP"
    ) && (2..=5).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
}

/// A name with one digit: it ends in it (`tty2`, `SOCKS5`, `L3`) or has
/// letters on either side of it (`log4j`, `flush2DB`).
fn is_name(token: &[u8]) -> bool {
    let mut digits = token.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit());
    let (Some((at, _)), None) = (digits.next(), digits.next()) else { return false };
    let (before, after) = (&token[..at], &token[at + 1..]);
    if before.iter().chain(after).any(|&byte| !is(byte, LETTER)) {
        return false;
    }
    if token.len() >= 7 && token.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    if after.is_empty() { !before.is_empty() } else { before.len() >= 2 && token.len() >= 5 }
}

fn is_identifier(token: &[u8]) -> bool {
    token.first().is_some_and(|&byte| is(byte, LETTER) || byte == b'_')
        && token.iter().all(|&byte| is(byte, LETTER | DIGIT) || matches!(byte, b'_' | b'.'))
        && longest_digits(token) < 4
}

fn longest_digits(token: &[u8]) -> usize {
    token.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max().unwrap_or(0)
}

/// How much of `node-129` or `batch_status_100_1` is the name of a thing whose instances are
/// numbered: words of two or more letters and not all capitals, joined by `-`, or two or more such
/// words joined by `_`. All capitals (`SKU-000123`) are the mark of an id. 0 when there is none.
fn instance_name_len(token: &[u8]) -> usize {
    let mut end = 0;
    let mut words = 0;
    let mut at = 0;
    while at < token.len() {
        let word = token[at..].iter().take_while(|&&byte| is(byte, LETTER)).count();
        let name = &token[at..at + word];
        let Some(&joint) = token.get(at + word) else { break };
        let named = word >= 2 && name.iter().any(|&byte| is(byte, LETTER & !UPPER));
        if !named || !matches!(joint, b'-' | b'_') {
            break;
        }
        words += 1;
        at += word + 1;
        if joint == b'-' || words >= 2 {
            end = at;
        }
    }
    end
}

/// How much of `core.2275` or `libc.so.6` is the name before a number at the end.
fn dotted_name_len(token: &[u8]) -> Option<usize> {
    let dot = memchr::memrchr(b'.', token)?;
    let number = &token[dot + 1..];
    let name = &token[..dot];
    let sound = !number.is_empty()
        && number.iter().all(u8::is_ascii_digit)
        && name.iter().all(|&byte| is(byte, LETTER) || byte == b'.')
        && name.len() >= 2;
    sound.then_some(dot + 1)
}

fn is_email(token: &[u8]) -> bool {
    memchr::memchr(b'@', token).is_some_and(|at| {
        let word = |byte: Option<&u8>| byte.is_some_and(|&byte| is(byte, LETTER | DIGIT));
        word(token[..at].last()) && word(token.get(at + 1))
    })
}

/// `/var/log/x`, `a/b/c`, `C:\x`, `\\host\share`. One slash between two words is prose.
fn is_path(token: &[u8]) -> bool {
    match token {
        [b'/', rest @ ..] => rest.iter().any(|&byte| is(byte, LETTER | DIGIT)),
        [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic() => true,
        [b'\\', b'\\', rest @ ..] => rest.iter().any(|&byte| is(byte, LETTER | DIGIT)),
        _ => memchr::memchr_iter(b'/', token).count() >= 2,
    }
}

/// Last labels of host names; two-letter country codes are taken by form.
const DOMAINS: [&[u8]; 22] = [
    b"com",
    b"net",
    b"org",
    b"edu",
    b"gov",
    b"mil",
    b"info",
    b"biz",
    b"int",
    b"arpa",
    b"name",
    b"local",
    b"localdomain",
    b"internal",
    b"lan",
    b"home",
    b"corp",
    b"cloud",
    b"dev",
    b"app",
    b"test",
    b"example",
];
/// Two-letter endings of file names that look like country codes.
const FILE_ENDINGS: [&[u8]; 14] = [
    b"py", b"rs", b"cs", b"so", b"sh", b"md", b"js", b"ts", b"go", b"gz", b"db", b"pl", b"ps",
    b"vb",
];

/// A host name, with or without a port: labels joined by dots, the last one a domain. Names that
/// begin with a domain (`com.example.Client`) are packages.
fn is_host(token: &[u8]) -> bool {
    let port = token.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let host = match token.len() - port {
        colon if port > 0 && colon > 0 && token[colon - 1] == b':' => &token[..colon - 1],
        _ => token,
    };
    let last = host.iter().rev().take_while(|byte| byte.is_ascii_lowercase()).count();
    let Some(dot) = host.len().checked_sub(last + 1).filter(|&dot| host[dot] == b'.') else {
        return false;
    };
    let last = &host[dot + 1..];
    let country = last.len() == 2 && !FILE_ENDINGS.contains(&last);
    if !country && !DOMAINS.contains(&last) {
        return false;
    }
    let mut dots = 0;
    let mut label = 0;
    for &byte in host {
        match byte {
            b'.' if label > 0 => (dots, label) = (dots + 1, 0),
            b'-' | b'_' => label += 1,
            _ if byte.is_ascii_alphanumeric() => label += 1,
            _ => return false,
        }
    }
    let first = host.split(|&byte| byte == b'.').next().unwrap_or(host);
    let reversed = DOMAINS.contains(&first)
        || matches!(first, b"java" | b"javax" | b"io" | b"android" | b"sun");
    let digits = first.iter().any(u8::is_ascii_digit);
    !reversed && (!country || dots >= 2 || digits || port > 0)
}

/// Six or more groups of one to four hexadecimal digits joined by colons: MAC and IPv6 addresses.
fn is_hardware_address(token: &[u8]) -> bool {
    memchr::memchr_iter(b':', token).count() >= 4
        && token
            .split(|&byte| byte == b':')
            .all(|group| group.len() <= 4 && group.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &str, masked: &str) {
        let mut out = Vec::new();
        emit(token.as_bytes(), false, &mut out);
        assert_eq!(String::from_utf8_lossy(&out).replace('\u{1}', "<*>"), masked, "{token}");
    }

    #[test]
    fn ids_numbers_and_addresses_are_variables_as_a_whole() {
        for token in [
            "SKU-000123",
            "1KD00012-BLK",
            "TR0000123M",
            "0000000012345",
            "-3.50",
            "30s",
            "2048MB",
            "0x0b85eee0",
            "003a90fc",
            "25%",
            "b9000564-fe1a-409b-b8cc-1e88b294cd1d",
            "abcdefab-fe1a-409b-b8cc-1e88b294cd1d",
            "10.0.0.1:443",
            "erp3.example.com",
            "api.example.com.tr:8443",
            "a.b@example.com",
            "/var/log/app.log",
            "C:\\temp\\a.csv",
            "00:0D:60:E9:1D:DC",
            "fe80:0:0:0:1:2:3:4",
            "a/b/c.txt",
            "shp_12ab34",
            "v1.12",
            "SKU-000123'ün",
        ] {
            check(token, "<*>");
        }
    }

    #[test]
    fn names_and_error_codes_stay() {
        for token in [
            "bulunamadı",
            "log4j",
            "tty2",
            "SOCKS5",
            "flush2DB",
            "E-1042",
            "ORA-00942",
            "high-res",
            "java.io.IOException",
            "row.price",
            "Input/output",
            "com.example.erp.Client",
            "don't",
        ] {
            check(token, token);
        }
    }

    #[test]
    fn a_numbered_instance_keeps_its_name() {
        check("node-129", "node-<*>");
        check("core.2275", "core.<*>");
        check("batch_request_status_100_1", "batch_request_status_<*>");
        check("HTTP/1.1", "HTTP/<*>");
        check("sessionid:0x14ed", "sessionid:<*>");
        check("instruction......0", "instruction......<*>");
        check("0.0.0.0/0.0.0.0:3888", "<*>");
        check("Main.java:12", "Main.java:<*>");
    }
}
