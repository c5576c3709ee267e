//! Text between documents: forms, queries, headers, lines of a log, sentences.

use std::ops::Range;

use super::value::{begins_prose, is_constant, is_prose};
use super::{Encoding, Frame, Kind, Meaning, Scan, Value};
use crate::mask::REDACTED;
use crate::names::Lookups;
use crate::pattern;
use crate::rule::{Level, Rule};

/// What a byte may begin or end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Nothing,
    Letter,
    Digit,
    At,
    Equals,
    Colon,
    Percent,
    /// `+` and `(`
    Number,
    Dash,
}

const SIGNS: [Sign; 256] = {
    let mut signs = [Sign::Nothing; 256];
    let mut n = 0;
    while n < 256 {
        let byte = n as u8;
        signs[n] = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.. => Sign::Letter,
            b'0'..=b'9' => Sign::Digit,
            b'@' => Sign::At,
            b'=' => Sign::Equals,
            b':' => Sign::Colon,
            b'%' => Sign::Percent,
            b'+' | b'(' => Sign::Number,
            b'-' => Sign::Dash,
            _ => Sign::Nothing,
        };
        n += 1;
    }
    signs
};

impl Scan<'_> {
    /// Finds all in `text`, which begins at `base` of the whole text.
    pub(super) fn plain(&mut self, text: &str, base: usize, kind: Kind, frame: &mut Frame) {
        let edits = self.edits.len();
        let kept = self.kept.as_ref().map_or(0, Vec::len);
        self.stretch(text, base, kind, frame);
        let kept = self.kept.iter_mut().flat_map(|spans| &mut spans[kept..]);
        for span in self.edits[edits..].iter_mut().map(|edit| &mut edit.span).chain(kept) {
            *span = base + span.start..base + span.end;
        }
    }

    /// The same, with places within `text`; those in `frame` are of the whole text.
    fn stretch(&mut self, text: &str, base: usize, kind: Kind, frame: &mut Frame) {
        let bytes = text.as_bytes();
        let secrets = self.masks.level >= Level::Secrets;
        let personal = self.masks.level >= Level::Personal;
        let mut at = 0;
        // No piece begins before the end of the one before.
        let mut done = 0;
        while at < bytes.len() {
            let found = match SIGNS[usize::from(bytes[at])] {
                Sign::Nothing => {
                    at += 1;
                    continue;
                }
                Sign::Letter => if pattern::begins_at(bytes, at) || bytes[at - 1] == b'/' {
                    let found = if secrets { secret(bytes, at) } else { None };
                    found.or_else(|| {
                        let end = if personal { pattern::iban(bytes, at)? } else { return None };
                        (kind == Kind::Free).then_some((at..end, Rule::Iban))
                    })
                } else {
                    None
                }
                .or_else(|| {
                    at = word_end(bytes, at);
                    None
                }),
                Sign::Digit => {
                    let number = personal && kind == Kind::Free && pattern::begins_at(bytes, at);
                    let found = if number { personal_number(text, at) } else { None };
                    if found.is_none() {
                        at = word_end(bytes, at);
                    }
                    found
                }
                Sign::At => {
                    let span = if personal { pattern::email(bytes, at) } else { None };
                    let span = span
                        .map(|span| span.start.max(done)..span.end)
                        .filter(|span| span.start < at);
                    at += usize::from(span.is_none());
                    span.map(|span| (span, Rule::Email))
                }
                Sign::Number => {
                    let phone = personal
                        && kind == Kind::Free
                        && !at.checked_sub(1).is_some_and(|n| pattern::is_word(bytes[n]));
                    let session = secrets && bytes[at] == b'(';
                    let found = session
                        .then(|| pattern::path_session(bytes, at))
                        .flatten()
                        .map(|span| (span, Rule::Session));
                    let found = found.or_else(|| {
                        Some((at..phone.then(|| pattern::phone(bytes, at)).flatten()?, Rule::Phone))
                    });
                    at += usize::from(found.is_none());
                    found
                }
                Sign::Dash => {
                    let found = secrets
                        .then(|| pattern::pem(bytes, at))
                        .flatten()
                        .map(|end| (at..end, Rule::Pem));
                    at += usize::from(found.is_none());
                    found
                }
                Sign::Equals | Sign::Colon => {
                    let end = self.pair(text, base, at, frame);
                    done = done.max(end);
                    at = end;
                    continue;
                }
                Sign::Percent => {
                    let end = self.percent(text, at, done, kind);
                    done = done.max(end);
                    at = end;
                    continue;
                }
            };
            if let Some((span, rule)) = found {
                at = span.end.max(at);
                done = at;
                self.found(text, span, rule);
            }
        }
    }

    /// A piece with percent escapes around `at`; gives the place after it.
    fn percent(&mut self, text: &str, at: usize, done: usize, kind: Kind) -> usize {
        let bytes = text.as_bytes();
        if !bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        {
            return at + 1;
        }
        let is_end = |byte: u8| {
            byte.is_ascii_whitespace()
                || matches!(
                    byte,
                    b'&' | b'?' | b'=' | b';' | b'"' | b'\'' | b'<' | b'>' | b'/' | b'#' | b'\\'
                )
        };
        let start =
            bytes[done..at].iter().rposition(|&byte| is_end(byte)).map_or(done, |n| done + n + 1);
        let end = at + bytes[at..].iter().take_while(|&&byte| !is_end(byte)).count();
        self.nested(
            text,
            &Value { span: start..end, encoding: Encoding::Percent, quote: None },
            kind,
        );
        end
    }

    /// A name with its value around the `=` or `:` at `at`; gives the place where to go on.
    fn pair(&mut self, text: &str, base: usize, at: usize, frame: &mut Frame) -> usize {
        let bytes = text.as_bytes();
        if bytes[at] == b':' && bytes[at + 1..].starts_with(b"//") {
            return self.authority(text, at);
        }
        let Some((name, what)) = name_before(self.lookups, text, at) else { return at + 1 };
        let mut start = at + 1;
        start += usize::from(bytes[at] == b'=' && bytes.get(start) == Some(&b'>'));
        let spaces = bytes[start..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        start += spaces;
        let quoted = quoted(bytes, start);
        let loose = bytes[at] == b':' || spaces > 0 || bytes[..at].ends_with(b" ");
        let quotes = quoted.as_ref().map_or(0, |content| content.start - start);
        let (start, end) = match quoted {
            Some(content) => (content.start, content.end),
            None => (start, value_end(text, &name, at, start, what, loose)),
        };
        let content = &text[start..end];
        if content.is_empty() {
            return at + 1;
        }
        let encoding = if quotes > 1 {
            Encoding::Backslash(b'"')
        } else if !loose && memchr::memchr(b'%', content.as_bytes()).is_some()
            || is_form(bytes, name.start, end)
        {
            Encoding::Percent
        } else {
            Encoding::Plain
        };
        if let Meaning::Kept = what {
            // What a key consists of; a longer run may be a token.
            let key = bytes[start..end]
                .iter()
                .take_while(|&&byte| pattern::is_word(byte) || matches!(byte, b'-' | b'.' | b'+'))
                .count();
            if (1..=40).contains(&key) && !matches!(bytes.get(start + key), Some(b'@' | b'%')) {
                self.keep(start..start + key);
                return start + key;
            }
            return at + 1;
        }
        let is_secret = matches!(what, Meaning::Masked(rule) if rule.level() == Level::Secrets);
        if loose
            && quotes == 0
            && is_secret
            && begins_prose(content.split_whitespace().next().unwrap_or(""))
        {
            return at + 1;
        }
        if is_prose(content) {
            return at + 1;
        }
        let value = Value { span: start..end, encoding, quote: None };
        match what {
            Meaning::Masked(rule) => {
                let masked = self.is_active(rule) && self.mask(text, rule, &value);
                if masked {
                    frame.near +=
                        u32::from(rule.level() == Level::Personal && rule != Rule::Username);
                    return end;
                }
            }
            Meaning::Beside(..) | Meaning::Near => {
                let value = Value { span: base + start..base + end, ..value };
                frame.add(content, what, value);
            }
            _ => {}
        }
        at + 1
    }

    /// What stands between `://` and the host; gives the place after it.
    fn authority(&mut self, text: &str, colon: usize) -> usize {
        let bytes = text.as_bytes();
        let start = colon + 3;
        let end = start
            + bytes[start..]
                .iter()
                .take_while(|&&byte| {
                    !byte.is_ascii_whitespace()
                        && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'\\')
                })
                .count();
        let Some(host) = memchr::memrchr(b'@', &bytes[start..end]).map(|n| start + n) else {
            return start;
        };
        let secret = match memchr::memchr(b':', &bytes[start..host]) {
            Some(n) => start + n + 1..host,
            // A token alone. `ssh://git@host` has a public name.
            None if bytes[..colon].ends_with(b"http") || bytes[..colon].ends_with(b"https") => {
                start..host
            }
            None => return host + 1,
        };
        if self.masks.level >= Level::Secrets && !secret.is_empty() {
            let before = self.edits.len();
            self.found(text, secret, Rule::UrlPassword);
            for edit in &mut self.edits[before..] {
                edit.with = Encoding::Percent.encode(&edit.with);
            }
        }
        host + 1
    }
}

/// A number that is personal, at the first of its digits.
fn personal_number(text: &str, at: usize) -> Option<(Range<usize>, Rule)> {
    let bytes = text.as_bytes();
    let (end, rule) = None
        .or_else(|| Some((pattern::phone(bytes, at)?, Rule::Phone)))
        .or_else(|| Some((pattern::card(bytes, at)?, Rule::Card)))
        .or_else(|| Some((pattern::turkish_id(bytes, at)?, Rule::NationalId)))?;
    let alone = at == 0 && end == bytes.len();
    let kept =
        rule == Rule::NationalId && (alone || at > 0 && matches!(bytes[at - 1], b'/' | b'='));
    (!kept && !is_business(&text[..at])).then_some((at..end, rule))
}

/// The end of the word at `at`.
fn word_end(bytes: &[u8], at: usize) -> usize {
    at + 1 + bytes[at + 1..].iter().take_while(|&&byte| pattern::is_word(byte)).count()
}

/// A secret whose form gives it away, at the beginning of a word.
fn secret(bytes: &[u8], at: usize) -> Option<(Range<usize>, Rule)> {
    match bytes[at] {
        b'e' => pattern::jwt(bytes, at).map(|end| (at..end, Rule::Jwt)),
        b'B' | b'b' | b'T' | b't' => {
            pattern::credentials(bytes, at).map(|span| (span, Rule::Credentials))
        }
        _ => pattern::service_key(bytes, at).map(|end| (at..end, Rule::ServiceKey)),
    }
}

/// The content of the quotes at `at`: `"`, `'`, `\"`, `\\\"`, `&quot;`. They are closed on the same line, or the
/// text is cut off.
fn quoted(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let slashes = bytes[at..].iter().take_while(|&&byte| byte == b'\\').count();
    let quotes = match bytes.get(at + slashes) {
        Some(b'"' | b'\'') => slashes + 1,
        _ if bytes[at..].starts_with(b"&quot;") => 6,
        _ => return None,
    };
    let start = at + quotes;
    let line = memchr::memchr2(b'\r', b'\n', &bytes[start..]);
    match memchr::memmem::find(&bytes[start..], &bytes[at..start]) {
        Some(length) if line.is_none_or(|line| length < line) => Some(start..start + length),
        None if line.is_none() => Some(start..bytes.len()),
        _ => None,
    }
}

fn is_name(byte: u8) -> bool {
    pattern::is_word(byte) || matches!(byte, b'-' | b'.' | b'[' | b']' | b'%' | b'$' | b'!')
}

/// The name before the sign at `at`, and what it means; `None` when nothing is known of it.
fn name_before(lookups: &mut Lookups, text: &str, at: usize) -> Option<(Range<usize>, Meaning)> {
    let bytes = text.as_bytes();
    let mut end = at;
    while end > 0 && bytes[end - 1] == b' ' && at - end < 2 {
        end -= 1;
    }
    // `"name": `, `\"name\": `, `&quot;name&quot;: `
    if bytes[..end].ends_with(b"&quot;") {
        end -= 6;
    }
    while end > 0 && matches!(bytes[end - 1], b'"' | b'\'' | b'\\') {
        end -= 1;
    }
    let mut start = end;
    let mut found = None;
    for words in 0..3 {
        let word = bytes[..start].iter().rev().take(64).take_while(|&&byte| is_name(byte)).count();
        if word == 0 {
            break;
        }
        start -= word;
        while !text.is_char_boundary(start) {
            start += 1;
        }
        let name = &text[start..end];
        let what = if memchr::memchr(b'%', name.as_bytes()).is_some() {
            lookups.meaning(Encoding::Percent.decode(name).text.as_bytes())
        } else {
            lookups.meaning(name.as_bytes())
        };
        // The longest name that is known: `Ad Soyad` before `Soyad`.
        if !matches!(
            what,
            Meaning::Unknown | Meaning::Person | Meaning::PairName | Meaning::PairValue
        ) && (words == 0 || matches!(what, Meaning::Masked(_)))
        {
            found = Some((start..end, what));
        }
        if start == 0 || bytes[start - 1] != b' ' {
            break;
        }
        start -= 1;
    }
    found
}

/// Where the value of a name in no quotes ends.
fn value_end(
    text: &str,
    name: &Range<usize>,
    at: usize,
    start: usize,
    what: Meaning,
    loose: bool,
) -> usize {
    let bytes = text.as_bytes();
    let line =
        start + memchr::memchr2(b'\r', b'\n', &bytes[start..]).unwrap_or(bytes.len() - start);
    let at_line_start = text[..name.start]
        .trim_end_matches([' ', '\t', '-', '*', '>'])
        .chars()
        .next_back()
        .is_none_or(|char| char == '\n' || char == '\r');
    if bytes[at] == b':' && at_line_start {
        return trimmed(bytes, start, line);
    }
    let Meaning::Masked(rule) = what else {
        return phrase_end(bytes, start, line);
    };
    let is_value =
        |byte: u8| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'<' | b'>');
    let word = |start: usize| {
        // Its bracket would end a value.
        let inner = text[start..].trim_start();
        let mut end = start;
        if inner.starts_with(REDACTED) {
            end = text.len() - inner.len() + REDACTED.len();
        }
        while end < line && is_value(bytes[end]) {
            match bytes[end] {
                b'&' => break,
                // `a=1,b=2` and `a=1, b=2`, but not a comma within a value.
                b',' | b';' | b')' | b'}' | b']' | b'|' if ends_value(bytes, end) => break,
                _ => end += 1,
            }
        }
        end
    };
    let first = word(start);
    if rule == Rule::Cookie && bytes[at] == b':' && !is_constant(&text[start..first]) {
        let end = start
            + bytes[start..line].iter().take_while(|&&byte| !matches!(byte, b'"' | b'\'')).count();
        return trimmed(bytes, start, end);
    }
    if rule.level() == Level::Secrets {
        let credentials =
            matches!(rule, Rule::Authorization | Rule::Token) && bytes.get(first) == Some(&b' ');
        let scheme = &text[start..first];
        if credentials
            && ["basic", "bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        {
            return word(first + 1);
        }
        return first;
    }
    // Names and addresses have spaces, where a query has none.
    if loose
        || matches!(bytes.get(name.start.wrapping_sub(1)), Some(b' ' | b'(' | b'{' | b'[' | b','))
    {
        return phrase_end(bytes, start, line);
    }
    first
}

/// True when the sign at `end` separates values: nothing, a space or the next name follows.
fn ends_value(bytes: &[u8], end: usize) -> bool {
    let rest = &bytes[end + 1..];
    let Some(&next) = rest.first() else { return true };
    if next.is_ascii_whitespace()
        || matches!(next, b',' | b';' | b')' | b'}' | b']' | b'"' | b'\'' | b'|')
    {
        return true;
    }
    let name = rest.iter().take(64).take_while(|&&byte| is_name(byte)).count();
    name > 0 && matches!(rest.get(name), Some(b'=' | b':'))
}

/// The end of a value of several words: at a sign that separates, or before the next name.
fn phrase_end(bytes: &[u8], start: usize, line: usize) -> usize {
    let mut end = start;
    let mut word = start;
    while end < line {
        match bytes[end] {
            b',' | b';' | b'|' | b')' | b'}' | b']' if ends_value(bytes, end) => break,
            b'"' | b'\'' | b'<' | b'>' | b'&' => break,
            // The name of the next value: `name=Ali Veli city=Ankara`.
            b'=' | b':' if word > start => {
                end = word - 1;
                break;
            }
            b' ' => {
                end += 1;
                word = end;
            }
            _ => end += 1,
        }
    }
    trimmed(bytes, start, end)
}

fn trimmed(bytes: &[u8], start: usize, end: usize) -> usize {
    start + bytes[start..end.max(start)].trim_ascii_end().len()
}

/// True for a pair amid others that `&` joins, or in a query.
fn is_form(bytes: &[u8], name: usize, end: usize) -> bool {
    let before = &bytes[..name];
    before.ends_with(b"&")
        || before.ends_with(b"?")
        || before.ends_with(b"&amp;")
        || bytes.get(end) == Some(&b'&')
}

/// True when the words before a number call it a business key.
fn is_business(before: &str) -> bool {
    const KEYS: [&str; 30] = [
        "order",
        "orders",
        "sipariş",
        "siparis",
        "siparişi",
        "sku",
        "barcode",
        "barkod",
        "barkodu",
        "ean",
        "gtin",
        "upc",
        "ürün",
        "urun",
        "product",
        "item",
        "invoice",
        "id",
        "ref",
        "reference",
        "takip",
        "tracking",
        "kargo",
        "uuid",
        "kod",
        "kodu",
        "code",
        "stok",
        "imei",
        "serial",
    ];
    const NUMBERS: [&str; 9] =
        ["no", "number", "numara", "numarası", "numaralı", "nolu", "num", "nr", "with"];
    let is_sign = |char: char| {
        char.is_whitespace() || matches!(char, ':' | '#' | '=' | '.' | '"' | '\'' | '(' | '[' | '-')
    };
    // A line has few words of interest, and they stand at its end.
    let mut start = before.len().saturating_sub(64);
    while !before.is_char_boundary(start) {
        start += 1;
    }
    let mut words =
        before[start..].rsplit(is_sign).filter(|word| !word.is_empty()).map(str::to_lowercase);
    let Some(mut last) = words.next() else { return false };
    if NUMBERS.contains(&last.as_str()) {
        let Some(earlier) = words.next() else { return false };
        last = earlier;
    }
    KEYS.contains(&last.as_str()) || last.ends_with("_id") || last.ends_with("_no")
}
