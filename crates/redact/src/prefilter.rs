//! Says of most texts, in one fast pass, that no secret is in them.
//!
//! Few texts hold a secret, and to walk all of them is a third of the work of a report. So a text is first searched
//! for words of which every name of a secret has one, and for the signs without which no pattern of a secret fits.
//! Each place that is found is looked at, and only when something may be there is the text walked.
//!
//! A mistake can only cost time: a text that is said to hold nothing holds nothing. A test holds that for all names
//! of the catalogue in many spellings; debug builds walk every text that is passed over, and so do all tests.
//!
//! The words are searched by Teddy, the vector algorithm of Hyperscan, as `aho-corasick` has it. It is fast for some
//! dozens of words of at least four bytes. So it runs over a copy of the text in lower case, with `_` for all that is
//! no letter: `pin_` finds `PIN"`, `pin=` and `Pin-No`.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed;
use memchr::{memchr_iter, memmem, memrchr3};

use crate::encoding::Encoding;
use crate::names::{Meaning, ends_in_secret, meaning};
use crate::pattern;
use crate::rule::{Level, Rule};

/// Looks for signs of secrets. Keeps a buffer for the copy of the text.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    copy: Vec<u8>,
}

/// Every name of a secret has one of these in one of its words. `\xe4\xb0` and `\xe4\xb1` are in the copy the `İ` and `ı` of
/// programs that change case by Turkish rules.
const NAME_WORDS: &[&[u8]] = &[
    b"pass",
    b"pwd_",
    b"paro",
    b"ifre",
    b"\xb0fre",
    b"\xb1fre",
    b"toke",
    b"jwt_",
    b"secr",
    b"gnatur",
    b"asserti",
    b"assert\xe4",
    b"verif",
    b"r\xe4\xb0f",
    b"r\xe4\xb1f",
    b"csrf",
    b"xsrf",
    b"key_",
    b"keyi",
    b"key\xe4",
    b"auth",
    b"cred",
    b"yetk",
    b"cook",
    b"erez",
    b"sess",
    b"sid_",
    b"s\xe4\xb0d",
    b"s\xe4\xb1d",
    b"otur",
    b"security",
    b"secur\xe4",
    b"venl",
    b"anaht",
    b"cvc_",
    b"cvcc",
    b"cvcn",
    b"cvv_",
    b"cvvc",
    b"cvvn",
    b"cvn_",
    b"csc_",
    b"cid_",
    b"cidc",
    b"c\xe4\xb0d",
    b"c\xe4\xb1d",
    b"card_",
    b"cardc",
    b"pin_",
    b"pinn",
    b"p\xe4\xb0n",
    b"p\xe4\xb1n",
    b"otp_",
    b"otpc",
    b"sms_",
    b"smsc",
    b"smsk",
];

/// The same `ı` written as an escape: what stands before it and what after it.
const AROUND_I: [(&str, &str); 8] = [
    ("", "fre"),
    ("p", "n"),
    ("s", "d"),
    ("c", "d"),
    ("r", "f"),
    ("r", "ty"),
    ("t", "on"),
    ("y", "d"),
];

/// Shorter texts are walked as fast as they are searched, in bytes: vectors have nothing to gain there.
const SHORT: usize = 64;

/// Bytes of a text that are searched at a time, and of the longest word, by which pieces overlap.
const PIECE: usize = 12 << 10;
const LONGEST_WORD: usize = 16;

/// Words that are searched at once. Twice as many take four times as long.
const AT_ONCE: usize = 15;

static NAMES: LazyLock<Option<Vec<packed::Searcher>>> = LazyLock::new(|| searchers(NAME_WORDS));

/// The schemes of credentials, the beginning of PEM blocks, and those of the keys of services.
static SIGNS: LazyLock<Option<Vec<packed::Searcher>>> = LazyLock::new(|| {
    let mut signs: Vec<Vec<u8>> = ["basi", "bear", "toke", "begi"].map(Into::into).to_vec();
    for prefix in pattern::service_key_prefixes() {
        let sign: Vec<u8> = prefix.bytes().map(letter).collect();
        if sign.len() < 4 {
            // What may stand before it: no letter, or an escape.
            signs.extend(b"_nrt".map(|before| [&[before], &*sign].concat()));
        } else {
            signs.push(sign);
        }
    }
    searchers(&signs.iter().map(Vec::as_slice).collect::<Vec<_>>())
});

/// `None` on a machine without the vectors for it.
fn searchers(words: &[&[u8]]) -> Option<Vec<packed::Searcher>> {
    words
        .chunks(AT_ONCE)
        .map(|words| packed::Config::new().builder().extend(words).build())
        .collect()
}

impl Prefilter {
    /// False when no secret is in `text`; true for short texts. About 1 GB/s on a core, five
    /// times as fast as the walk.
    pub(crate) fn may_hold_secret(&mut self, text: &str) -> bool {
        let text = text.as_bytes();
        let (Some(names), Some(signs)) = (&*NAMES, &*SIGNS) else { return true };
        if text.len() < SHORT {
            return true;
        }
        let mut has_rare_sign = false;
        // A piece stays in the nearest cache while all searchers look at it.
        for piece in (0..text.len()).step_by(PIECE) {
            let piece = piece..text.len().min(piece + PIECE + LONGEST_WORD);
            has_rare_sign |= self.copy(&text[piece.clone()]);
            // The copy begins one byte before the piece.
            let place = |at: usize| piece.start + at.saturating_sub(1);
            let any = |searchers: &[packed::Searcher], holds: fn(&[u8], usize) -> bool| {
                searchers.iter().any(|searcher| {
                    searcher.find_iter(&self.copy).any(|word| holds(text, place(word.start())))
                })
            };
            if any(names, is_name) || any(signs, is_sign) {
                return true;
            }
        }
        memmem::find_iter(text, b"eyJ").any(|at| pattern::jwt(text, at).is_some())
            || has_rare_sign
                && (hides_by_backslash(text)
                    || memchr_iter(b'%', text).any(|at| hides_by_percent(text, at))
                    || hides_by_entity(text)
                    || memchr_iter(b'@', text).any(|at| is_userinfo(text, at))
                    || memchr_iter(b'(', text).any(|at| pattern::path_session(text, at).is_some()))
    }

    /// Makes the copy: letters in lower case, `_` for the rest, before the text and after it. True when a rare sign is in it.
    fn copy(&mut self, text: &[u8]) -> bool {
        self.copy.resize(text.len() + 2, b'_');
        let mut found = 0;
        for (copied, &byte) in self.copy[1..].iter_mut().zip(text) {
            *copied = letter(byte);
            let is_rare = [b'%', b'@', b'&', b'(', b'\\'].map(|sign| u8::from(byte == sign));
            found |= is_rare.iter().fold(0, |any, is| any | is);
        }
        if let Some(end) = self.copy.last_mut() {
            *end = b'_';
        }
        found != 0
    }
}

/// Without the sixth bit, which letters of ASCII have in lower case.
fn letter(byte: u8) -> u8 {
    let lower = byte | 0x20;
    let is_letter = lower.wrapping_sub(b'a') < 26 || byte >= 0x80;
    if is_letter { lower } else { b'_' }
}

/// Bytes of a name before and after the word by which it is found.
const BEFORE: usize = 26;
const AFTER: usize = 30;

/// Bytes of the name in a name/value pair before that word, and after it.
const LONGEST: usize = 64;

/// True when the word at `at` may be one of the name of a secret. Whole words around it are compared.
fn is_name(text: &[u8], at: usize) -> bool {
    let mut start = at;
    while start > 0 && at - start < BEFORE && !ends_name(text[start - 1]) {
        start -= 1;
    }
    let before = if start > 0 { text[start - 1] } else { b'"' };
    // `\nPassword`, and `\u015fifre`.
    let escape = before == b'\\';
    if escape && text[start] == b'u' {
        return true;
    }
    let mut end = at + 1;
    loop {
        let next = text.get(end).copied().unwrap_or(b'"');
        if !is_letter(next) && !next.is_ascii_digit() {
            if next == b'\\' && escapes_letter(&text[end..]) {
                return true;
            }
            let named = ends_in_secret(&text[start..end])
                || escape && start < at && ends_in_secret(&text[start + 1..end]);
            if named {
                match use_of_name(&text[end..]) {
                    NameUse::Field => return true,
                    // `<password type="text">`
                    NameUse::Word
                        if before == b'<'
                            && next.is_ascii_whitespace()
                            && !is_empty_element(&text[end..]) =>
                    {
                        return true;
                    }
                    // `"name":"password","value":`
                    NameUse::Value if is_pair_name(text, at) => return true,
                    NameUse::Word | NameUse::Value => {}
                }
            }
            if ends_name(next) || end - at > AFTER {
                return holds_secret_by_percent(&text[start..end]);
            }
        } else if end - at > 2 * AFTER {
            // A long run of letters.
            return false;
        }
        end += 1;
    }
}

/// True for `\u0131` and its like: a letter or a digit.
fn escapes_letter(text: &[u8]) -> bool {
    let Some(digits) = text.strip_prefix(b"\\u").and_then(|rest| rest.first_chunk::<4>()) else {
        return false;
    };
    let letters = [b"00c7", b"00e7", b"00d6", b"00f6", b"00dc", b"00fc", b"0307"];
    matches!(digits, [b'0', b'0', b'3', b'0'..=b'9'] | [b'0', b'0', b'4'..=b'7', _])
        || matches!(digits, [b'0', b'1', b'1' | b'3' | b'5', _])
        || letters.iter().any(|letter| letter.eq_ignore_ascii_case(digits))
}

/// True when a name without its percent escapes is one of a secret.
fn holds_secret_by_percent(name: &[u8]) -> bool {
    if memchr::memchr(b'%', name).is_none() {
        return false;
    }
    let is_cut = name[name.len().saturating_sub(2)..].contains(&b'%');
    let decoded = Encoding::Percent.decode(&String::from_utf8_lossy(name)).text.into_bytes();
    is_cut
        || (1..=decoded.len()).any(|end| {
            let next = decoded.get(end).copied().unwrap_or(b'"');
            !is_letter(next) && !next.is_ascii_digit() && ends_in_secret(&decoded[..end])
        })
}

/// True when the whole value around `at` is the name of a secret in a name/value pair, or is escaped.
fn is_pair_name(text: &[u8], at: usize) -> bool {
    let before = text[..at].iter().rev().take(LONGEST).take_while(|&&byte| !ends_name(byte));
    let after = text[at..].iter().take(LONGEST).take_while(|&&byte| !ends_name(byte));
    let value = at - before.count()..at + after.count();
    let may_be = |value: Range<usize>| {
        let rule = match meaning(&text[value.clone()]) {
            Meaning::Masked(rule) if rule.level() == Level::Secrets => Some(rule),
            _ => None,
        };
        (rule.is_some() || text[value.clone()].contains(&b'%')) && is_in_pair(text, value, rule)
    };
    // `{name: password, value: x}`
    let colon = text[value.clone()].iter().position(|&byte| byte == b':');
    may_be(value.clone()) || colon.is_some_and(|colon| may_be(value.start + colon + 1..value.end))
}

/// True when this value, which is the name of such a secret, may be the first of a pair: an element of a list, or the
/// value of a field such as `name`.
fn is_in_pair(text: &[u8], value: Range<usize>, rule: Option<Rule>) -> bool {
    let lead = before(&text[..value.start], |byte| byte.is_ascii_whitespace());
    let is_quoted = lead.last().is_some_and(|&byte| is_quote(byte));
    let lead = before(lead, |byte| byte.is_ascii_whitespace() || is_quote(byte));
    match lead {
        // `u'name': u'password'`, and the escape of a line end.
        [] | [.., b'u' | b'b' | b'r' | b'n' | b't'] => true,
        [.., b'=', b'='] => false,
        [.., b':' | b'='] | [.., b'=', b'>'] => is_name_of_pair(lead),
        [.., b',' | b'[' | b'('] => {
            let of_list =
                matches!(rule, None | Some(Rule::Authorization | Rule::Cookie | Rule::ApiKey));
            let is_element = is_quoted && !text[value].contains(&b'/');
            is_element && (of_list || !is_in_list_or_object(lead)) || lead.ends_with(b"CDATA[")
        }
        [.., last] => !is_letter(*last) && !last.is_ascii_digit(),
    }
}

/// True when the last bracket in `lead` opens a list or an object.
fn is_in_list_or_object(lead: &[u8]) -> bool {
    let open = memrchr3(b'[', b'{', b'(', lead);
    let closed = memrchr3(b']', b'}', b')', lead);
    open.is_some_and(|open| lead[open] != b'(' && closed.is_none_or(|closed| closed < open))
}

/// True when the field whose name ends at the end of `lead`, a colon or the like after it, may be the name of a pair.
fn is_name_of_pair(lead: &[u8]) -> bool {
    let lead = before(lead, |byte| {
        byte.is_ascii_whitespace() || is_quote(byte) || matches!(byte, b':' | b'=' | b'>')
    });
    let name = lead.iter().rev().take(LONGEST);
    let name = name.take_while(|&&byte| !ends_name(byte) && byte != b':').count();
    let (lead, mut name) = lead.split_at(lead.len() - name);
    if lead.ends_with(b"\\") {
        match name {
            [b'n' | b'r' | b't', rest @ ..] => name = rest,
            _ => return true,
        }
    }
    let is_pair =
        |name: &[u8]| matches!(meaning(name), Meaning::PairName | Meaning::Beside(Rule::Person, _));
    let last_word = name.split(u8::is_ascii_whitespace).next_back();
    // An escape, or the end of an entity.
    name.contains(&b'%') || lead.ends_with(b";") || is_pair(name) || last_word.is_some_and(is_pair)
}

/// What is left of `lead` without these bytes at its end.
fn before(lead: &[u8], is_dropped: impl Fn(u8) -> bool) -> &[u8] {
    &lead[..lead.iter().rposition(|&byte| !is_dropped(byte)).map_or(0, |at| at + 1)]
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\')
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// What a name is where it stands.
enum NameUse {
    /// The name of a field whose value may be secret, or what may be one.
    Field,
    /// A value, or the end of one.
    Value,
    /// A word amid others, or the name of a field that holds no value of its own.
    Word,
}

/// What the name before `rest` is.
fn use_of_name(rest: &[u8]) -> NameUse {
    let mut is_quoted = false;
    let mut at = 0;
    while at < LONGEST {
        let Some(&byte) = rest.get(at) else { return NameUse::Value };
        at += 1;
        match byte {
            b':' if is_quoted && holds_no_text(&rest[at..]) => return NameUse::Word,
            b':' | b'=' | b'%' | b'>' => return NameUse::Field,
            b'&' => {
                return if begins_entity(&rest[at..]) { NameUse::Field } else { NameUse::Value };
            }
            b',' | b';' | b'<' => return NameUse::Value,
            b'"' | b'\'' => is_quoted = true,
            b'\\' => match rest.get(at) {
                Some(b'n' | b'r' | b't') => at += 1,
                Some(b'u') if rest[at + 1..].starts_with(b"0026") => return NameUse::Value,
                Some(b'u' | b'x') => return NameUse::Field,
                _ => {}
            },
            _ if is_letter(byte) => {
                return if is_quoted { NameUse::Value } else { NameUse::Word };
            }
            _ => {}
        }
    }
    NameUse::Field
}

/// True when the value after a colon is empty, no text, or an object, whose fields have names of their own.
fn holds_no_text(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let ends = |rest: &[u8]| match rest.trim_ascii_start() {
        [b',', rest @ ..] => matches!(rest.trim_ascii_start(), [b'"' | b'\\', ..]),
        [b'}' | b']'] => true,
        [b'}' | b']', next, ..] => {
            matches!(next, b',' | b'}' | b']' | b'"') || next.is_ascii_whitespace()
        }
        _ => false,
    };
    if let Some(object) = rest.strip_prefix(b"{") {
        return matches!(object.trim_ascii_start(), [b'"', ..] | [b'\\', b'"', ..]);
    }
    let nothing: [&[u8]; 5] = [b"null", b"true", b"false", b"\"\"", b"\\\"\\\""];
    nothing.iter().any(|nothing| rest.strip_prefix(*nothing).is_some_and(ends))
}

/// True after the `&` of an entity.
fn begins_entity(rest: &[u8]) -> bool {
    rest.starts_with(b"#")
        || rest.iter().take(8).find(|byte| !byte.is_ascii_alphabetic()) == Some(&b';')
}

/// True for the end of a tag of an element without content: ` nil="true"/>`.
fn is_empty_element(rest: &[u8]) -> bool {
    let Some(end) = rest.iter().take(4 * LONGEST).position(|&byte| byte == b'>') else {
        return false;
    };
    let tag = &rest[..end];
    let quotes = memchr_iter(b'"', tag).count();
    tag.ends_with(b"/")
        && quotes.is_multiple_of(2)
        && !tag.contains(&b'\'')
        && !tag.contains(&b'\\')
}

/// Signs between which names stand.
fn ends_name(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\'' | b'<' | b'>' | b'{' | b'}' | b'=' | b'&' | b'?' | b';' | b',' | b'\\'
    ) || byte.is_ascii_control()
}

/// True when at `at` stands what only a pattern can find.
fn is_sign(text: &[u8], at: usize) -> bool {
    let rest = &text[at..];
    let begins = |word: &str| {
        rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word.as_bytes()))
    };
    if let Some(scheme) = ["basic", "bearer", "token"].into_iter().find(|scheme| begins(scheme)) {
        return match &rest[scheme.len()..] {
            [b' ', ..] => pattern::credentials(text, at).is_some(),
            // A space that is written otherwise.
            [b'+', ..] | [b'%', b'2', ..] | [b'\\', b'u' | b'x', ..] | [b'&', b'#' | b'n', ..] => {
                true
            }
            _ => false,
        };
    }
    if begins("begin") {
        // The last dash may be an escape.
        return at > 0 && matches!(text[at - 1], b'-' | b'd' | b'D');
    }
    pattern::service_key(text, at).is_some()
        || text.len() > at + 1 && pattern::service_key(text, at + 1).is_some()
}

/// True when a backslash may stand for a letter of a name.
fn hides_by_backslash(text: &[u8]) -> bool {
    memmem::find_iter(text, b"\\u0").any(|at| match text.get(at + 3..at + 6) {
        Some([b'0', b'4'..=b'7', _]) => true,
        Some(b"130" | b"131") => is_turkish_i(&text[..at], &text[at + 6..]),
        _ => false,
    }) || memmem::find_iter(text, b"\\x").any(|at| matches!(text.get(at + 2), Some(b'4'..=b'7')))
}

/// True when the percent sign at `at` may stand for a letter of a name, or the sign of a pattern.
fn hides_by_percent(text: &[u8], at: usize) -> bool {
    match text.get(at + 1..at + 3) {
        Some(b"40") => {
            // `%2F%2Fuser%3Apassword%40`
            let before = &text[at.saturating_sub(256)..at];
            memmem::find(before, b"%2F%2F").or_else(|| memmem::find(before, b"%2f%2f")).is_some()
        }
        Some([high @ b'4'..=b'7', low]) => {
            // No letter: `[`, `]`, `_`, `{`, `}`.
            !matches!((high, low), (b'5' | b'7', b'B'..=b'F' | b'b'..=b'f'))
        }
        Some(b"25") => matches!(text.get(at + 3), Some(b'4'..=b'7')),
        // `(S(`
        Some(b"28") => matches!(text.get(at + 3), Some(b'S' | b'A' | b'F')),
        Some(b"C4" | b"c4") => match text.get(at + 3..at + 6) {
            Some([b'%', b'B' | b'b', b'0' | b'1']) => is_turkish_i(&text[..at], &text[at + 6..]),
            _ => false,
        },
        _ => false,
    }
}

fn hides_by_entity(text: &[u8]) -> bool {
    memmem::find(text, b"&#").is_some() || memmem::find(text, b"&amp;#").is_some()
}

/// True when an `ı` between these makes a word of the name of a secret.
fn is_turkish_i(before: &[u8], after: &[u8]) -> bool {
    AROUND_I.iter().any(|(last, next)| {
        let before = &before[before.len().saturating_sub(last.len())..];
        let after = &after[..after.len().min(next.len())];
        before.eq_ignore_ascii_case(last.as_bytes()) && after.eq_ignore_ascii_case(next.as_bytes())
    })
}

/// True when `//user:password` may stand before the `@` at `at`; the slashes may be escaped.
fn is_userinfo(text: &[u8], at: usize) -> bool {
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'@')
    };
    let start = text[..at].iter().rposition(ends).map_or(0, |end| end + 1);
    let Some(before) = text[..start].strip_suffix(b"/") else {
        return memchr::memchr(b'%', &text[start..at]).is_some();
    };
    let slashes = before.iter().rev().take_while(|&&byte| byte == b'\\').count();
    before[..before.len() - slashes].ends_with(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::secret_names;

    fn may_hold(text: &str) -> bool {
        let long = format!("{}{text}", "\n".repeat(SHORT));
        Prefilter::default().may_hold_secret(&long)
    }

    /// A name of the catalogue in the spellings that are compared as equal.
    fn spellings(name: &str) -> Vec<String> {
        let words: Vec<&str> = name.split('_').collect();
        let capital = |word: &&str| word[..1].to_uppercase() + &word[1..];
        let pascal: Vec<String> = words.iter().map(capital).collect();
        let upper = name.to_uppercase();
        let mut spellings = vec![
            name.to_owned(),
            pascal.concat(),
            pascal.join("-"),
            words[0].to_owned() + &pascal[1..].concat(),
            upper.replace(['i', 'I'], "İ"),
            name.replace('i', "ı"),
            format!("user[{name}]"),
            format!("wsse:{}", pascal.concat()),
            format!("erp.{name}_2"),
        ];
        spellings.extend(["", "-", " ", ".", "__"].map(|separator| words.join(separator)));
        spellings.push(upper);
        spellings
    }

    #[test]
    fn every_name_of_a_secret_is_found_in_every_spelling() {
        let mut names = 0;
        for name in secret_names() {
            names += 1;
            for name in spellings(name) {
                for text in [
                    format!(r#"{{"a":1,"{name}":"x"}}"#),
                    format!("a=1&{name}=x"),
                    format!("line\n{name}: x"),
                    format!(r#"{{"a":"line\n{name}: x"}}"#),
                    format!(r#"{{\"{name}\":\"x\"}}"#),
                    format!("<a><{name}>x</{name}></a>"),
                    name.replace(' ', "%20"),
                    name.replace('İ', "%C4%B0").replace('ı', "%c4%b1"),
                    name.replace('İ', r"\u0130").replace('ı', r"\u0131"),
                    name.replace(['a', 'e'], r"\u0061"),
                ] {
                    assert!(may_hold(&text), "{text}");
                }
            }
        }
        assert!(names > 150, "{names}");
    }

    #[test]
    fn names_in_pairs_are_found() {
        for text in [
            r#"{"name":"password","value":"x"}"#,
            r#"{"name": "wsse:Password", "value": "x"}"#,
            r"{'key': u'token', 'value': 'x'}",
            r"{name: password, value: x}",
            r#"{\"header\": \"Cookie\", \"value\": \"x\"}"#,
            r#"["Authorization", "x"]"#,
            r#"{"rows":[["a","b"],("password","x")]}"#,
            "<entry><key>token</key><value>x</value></entry>",
            r#"<property name="password">x</property>"#,
            "<name><![CDATA[password]]></name><value>x</value>",
            "{&quot;name&quot;:&quot;password&quot;,&quot;value&quot;:&quot;x&quot;}",
            "a=1&user%5Bpass%77ord%5D=x",
        ] {
            assert!(may_hold(text), "{text}");
        }
    }

    #[test]
    fn texts_without_secrets_are_passed_over() {
        for text in [
            r#"{"author":"x","shipping":{"side":"left","keyboard":"k"},"passed":true,"secretary":"s"}"#,
            r#"{"sku":"A-1","price":"12.90","e":"info@example.com","url":"https://example.com/a?b=%C3%BC"}"#,
            r#"{"ad":"\u015eeker k\u0131s\u0131m","not":"Kap\u0131 (2 adet)"}"#,
            "<order><carrier>Basic</carrier><tokens>3</tokens></order>",
            // A value that is equal to a name, but is not the name in a pair.
            r#"{"cvc_check":"pass","event_type":"session","bars":"bars, cookies, tortillas"}"#,
            r#"{"binaries":["mkdir","pwd","rm"],"rule":"file.name == \"token\" \u0026\u0026 x"}"#,
            // A field without a text of its own.
            r#"{"client_secret":null,"useToken":false,"session":{"id":"5"},"token":"","x":1}"#,
            r#"<card><token nil="true"/><cvv-response-code>M</cvv-response-code></card>"#,
            "filter%5Bquery%5D=security%3Aattack+status%3Ahigh",
            r#"{"carrier":"Authority To Leave Base \u0026 Kilo"}"#,
        ] {
            assert!(!may_hold(text), "{text}");
        }
    }

    #[test]
    fn patterns_are_found_in_every_writing() {
        for text in [
            "https://user:pw@example.com",
            r"https:\/\/user:pw@example.com",
            "u=https%3A%2F%2Fuser:pw@example.com",
            "/(S(abc123))/orders",
            "Basic YWRtaW46cGFyb2xh",
            "a=Basic%20YWRtaW46cGFyb2xh",
            "-----BEGIN RSA PRIVATE KEY-----",
            r"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            r"\nSG.abcdefghijklmnopqrstuvw1",
            "sk_live_abcdefgh12345",
            "&#112;assword=x",
            "%2570assword=x",
        ] {
            assert!(may_hold(text), "{text}");
        }
    }
}
