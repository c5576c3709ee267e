//! What can be said of a value by itself.

use std::ops::Range;

use crate::rule::Rule;

/// Signs without which nothing that a pattern finds can stand in a short text.
const SIGNS: [bool; 256] = {
    let mut signs = [false; 256];
    let mut n = 0;
    let list = b"@=:+({[<%&\\";
    while n < list.len() {
        signs[list[n] as usize] = true;
        n += 1;
    }
    signs
};

/// False when nothing in `raw` can be masked but by a name; one cheap pass.
pub(super) fn may_hold(raw: &[u8]) -> bool {
    if raw.len() < 6 {
        return false;
    }
    raw.len() >= 16
        || raw.iter().any(|&byte| SIGNS[usize::from(byte)])
        || raw.iter().filter(|byte| byte.is_ascii_digit()).count() >= 9
}

/// True for a value that says something: no number, no flag, not empty.
pub(super) fn is_text(value: &str) -> bool {
    value.chars().any(char::is_alphabetic) && !is_constant(value)
}

fn is_constant(value: &str) -> bool {
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
    words.nth(1).is_some() && begins_prose(first)
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
