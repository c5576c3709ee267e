//! What can be said of a value by itself.

use std::ops::Range;

use super::Kind;
use crate::rule::{Level, Rule};

/// What a byte adds to a value: a sign without which no pattern fits, a digit, a part of a word, a backslash.
const SIGN: u8 = 1;
const DIGIT: u8 = 2;
const WORD: u8 = 4;
const BACKSLASH: u8 = 8;

const PARTS: [u8; 256] = {
    let mut parts = [0; 256];
    let mut n = 0;
    while n < 256 {
        let byte = n as u8;
        parts[n] = match byte {
            b'@' | b'=' | b':' | b'+' | b'(' | b'{' | b'[' | b'<' | b'%' | b'&' => SIGN,
            b'0'..=b'9' => DIGIT | WORD,
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' => WORD,
            b'\\' => BACKSLASH,
            _ => 0,
        };
        n += 1;
    }
    parts
};

/// False when nothing in `raw` can be masked but by a name; one cheap pass.
pub(super) fn may_hold(raw: &[u8], kind: Kind) -> bool {
    if raw.len() < 6 || is_uuid(raw) || is_time(raw) {
        return false;
    }
    if kind == Kind::Kept
        && raw.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
    {
        return false;
    }
    let (mut digits, mut word, mut escape_ends) = (0, 0, 0);
    for (at, &byte) in raw.iter().enumerate() {
        let part = PARTS[usize::from(byte)];
        match part {
            0 => word = 0,
            SIGN => return true,
            BACKSLASH if at >= escape_ends => {
                if !is_letter_escape(&raw[at + 1..]) {
                    return true;
                }
                word = 0;
                escape_ends = at + 2;
            }
            BACKSLASH => word = 0,
            _ => {
                digits += usize::from(part & DIGIT != 0);
                word += 1;
                // A phone number has ten digits; a key, a token, a PEM block and an IBAN a long word.
                if digits >= 10 || word >= 10 {
                    return true;
                }
            }
        }
    }
    false
}

/// True after the backslash of an escape that stands for no sign: `\n`, `\"`, `\u015f`.
fn is_letter_escape(rest: &[u8]) -> bool {
    match rest {
        [b'u', b'0', b'0', b'0'..=b'7', ..] => false,
        [b'n' | b'r' | b't' | b'"' | b'\'' | b'/' | b'u', ..] => true,
        _ => false,
    }
}

/// True for `2026-11-01T10:20:30.123456+03:00` and its like.
fn is_time(raw: &[u8]) -> bool {
    let is_part = |byte: &u8| {
        byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'+' | b'T' | b'Z' | b' ')
    };
    raw.len() <= 35
        && raw.len() >= 10
        && raw.iter().enumerate().all(|(n, byte)| match n {
            4 | 7 => *byte == b'-',
            0..10 => byte.is_ascii_digit(),
            10 => matches!(byte, b'T' | b' '),
            _ => is_part(byte),
        })
}

/// True for a value that says something: no number, no flag, not empty.
pub(super) fn is_text(value: &str) -> bool {
    value.chars().any(char::is_alphabetic) && !is_constant(value)
}

/// True for what says that there is no value.
pub(super) fn is_constant(value: &str) -> bool {
    ["null", "none", "true", "false", "nil", "undefined", "nan", "n/a"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

/// True when `value` can be what the name of its field says.
pub(super) fn is_plausible(rule: Rule, value: &str) -> bool {
    if value.is_empty()
        || is_constant(value)
        || value.bytes().all(|byte| matches!(byte, b'*' | b'-' | b'.'))
    {
        return false;
    }
    if rule.level() == Level::Personal && is_uuid(value.as_bytes()) {
        return false;
    }
    let digits = || value.bytes().filter(u8::is_ascii_digit).count();
    match rule {
        Rule::Email => value.contains('@'),
        Rule::Phone => digits() >= 7,
        Rule::Iban => digits() >= 8,
        Rule::NationalId | Rule::TaxNumber => digits() >= 5,
        Rule::Card | Rule::Birth => digits() >= 4,
        Rule::Code => digits() >= 3 && value.len() <= 16,
        Rule::Ip => digits() >= 1 && value.contains(['.', ':']),
        Rule::Person | Rule::Company => value.chars().any(char::is_alphabetic),
        // An address of the network or of a program, not of a house.
        Rule::Address => {
            let is_host = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b':' | b'/' | b'_' | b'-');
            !(value.contains("://") || value.contains('.') && value.bytes().all(is_host))
        }
        Rule::Gender => value.len() <= 24,
        _ => true,
    }
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(n, byte)| match n {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Words with which error messages begin, as they stand under the name of a wrong field.
const PROSE: [&str; 34] = [
    "this",
    "bu",
    "the",
    "enter",
    "ensure",
    "must",
    "may",
    "is",
    "are",
    "not",
    "cannot",
    "can't",
    "should",
    "invalid",
    "please",
    "lütfen",
    "geçersiz",
    "gecersiz",
    "hatalı",
    "required",
    "field",
    "missing",
    "incorrect",
    "wrong",
    "unable",
    "expired",
    "zorunlu",
    "boş",
    "has",
    "was",
    "does",
    "no",
    "too",
    "value",
];

/// True for a sentence about a field: `This field may not be blank.`
pub(super) fn is_prose(value: &str) -> bool {
    let mut words = value.split_whitespace();
    let Some(first) = words.next() else { return false };
    // `May, Salas and Morgan` is a company.
    words.nth(1).is_some() && begins_prose(first) && !first.ends_with(',')
}

/// True for a word with which an error message begins.
pub(super) fn begins_prose(word: &str) -> bool {
    let word = word.trim_matches(|char: char| !char.is_alphanumeric() && char != '\'');
    let lower = word.to_lowercase();
    PROSE.contains(&lower.as_str())
}

/// The pieces of a value that are secret: without the scheme of credentials and the names of cookies.
pub(super) fn pieces(rule: Rule, value: &str) -> Vec<Range<usize>> {
    let start = value.len() - value.trim_start().len();
    let end = value.trim_end().len();
    let inner = &value[start..end];
    let mut pieces = Vec::new();
    match rule {
        Rule::Cookie if inner.contains('=') => {
            let mut next = start;
            for (n, part) in inner.split([';', '\n']).enumerate() {
                let at = next;
                next += part.len() + 1;
                let Some((name, secret)) = part.split_once('=') else { continue };
                if n == 0 || !is_attribute(name.trim()) {
                    let secret_at = at + name.len() + 1;
                    pieces.push(secret_at..secret_at + secret.trim_end().len());
                }
            }
        }
        Rule::Authorization | Rule::Token => match inner.split_once(' ') {
            Some((scheme, rest)) if is_scheme(scheme, rule) => {
                pieces.push(end - rest.trim_start().len()..end);
            }
            _ => pieces.push(start..end),
        },
        _ => pieces.push(start..end),
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn is_scheme(word: &str, rule: Rule) -> bool {
    let known = [
        "basic",
        "bearer",
        "token",
        "digest",
        "negotiate",
        "ntlm",
        "apikey",
        "api-key",
        "key",
        "hmac",
        "jwt",
        "oauth",
    ];
    known.iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
        || rule == Rule::Authorization && word.len() <= 24 && word.starts_with("AWS4-")
}

fn is_attribute(name: &str) -> bool {
    ["path", "domain", "expires", "max-age", "samesite", "priority", "version", "comment"]
        .iter()
        .any(|attribute| name.eq_ignore_ascii_case(attribute))
}
