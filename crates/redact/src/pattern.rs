//! Secrets and personal data that their form gives away.
//!
//! Each function looks at one place of a text and says where the piece that begins there ends. There is no
//! rule of entropy: ids of every system would fall to it.

use std::ops::Range;

/// True for bytes of words; those of letters outside ASCII count.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// True when a piece that begins at `at` is not the rest of a longer word, number or id.
pub(crate) fn begins_at(text: &[u8], at: usize) -> bool {
    let Some(&before) = at.checked_sub(1).and_then(|n| text.get(n)) else { return true };
    let earlier = at.checked_sub(2).map_or(b' ', |n| text[n]);
    // `\n` of an escape that was not undone.
    if earlier == b'\\' && matches!(before, b'n' | b't' | b'r') {
        return true;
    }
    if earlier.is_ascii_alphanumeric() && matches!(before, b'-' | b'.' | b'/') {
        return false;
    }
    !is_word(before)
}

/// True when a piece that ends at `end` is not the beginning of a longer word, number or id.
pub(crate) fn ends_at(text: &[u8], end: usize) -> bool {
    let Some(&next) = text.get(end) else { return true };
    let later = text.get(end + 1).copied().unwrap_or(b' ');
    // `5321234567,50` is an amount, `0532 123 45 67,4111 1111` are two numbers.
    let decimals =
        || (1..=3).contains(&(run(text, end + 1, |byte| byte.is_ascii_digit()) - (end + 1)));
    !(is_word(next)
        || matches!(next, b'-' | b'/') && later.is_ascii_alphanumeric()
        || next == b'.' && later.is_ascii_digit()
        || next == b',' && decimals())
}

/// The e-mail address around the `@` at `at`.
pub(crate) fn email(text: &[u8], at: usize) -> Option<Range<usize>> {
    let is_local = |byte: u8| {
        is_word(byte)
            || matches!(byte, b'.' | b'%' | b'+' | b'-' | b'\'' | b'!' | b'#' | b'&' | b'$')
    };
    let mut start = at;
    while start > 0 && is_local(text[start - 1]) && at - start < 64 {
        start -= 1;
    }
    // The letter of an escape that was not undone; signs that only stand before.
    if start > 0 && text[start - 1] == b'\\' && matches!(text[start], b'n' | b'r' | b't') {
        start += 1;
    }
    // A letter that was cut in two by the limit is none.
    while start < at && (!is_word(text[start]) || text[start] & 0xc0 == 0x80) {
        start += 1;
    }
    // `&email=a@b.co` has no `=` in its local part, `x&a@b.co` does have the `&`.
    if let Some(cut) = text[start..at].iter().rposition(|&byte| byte == b'&') {
        start += cut + 1;
    }
    let is_domain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') || byte >= 0x80;
    let mut end =
        at + 1 + text[at + 1..].iter().take(255).take_while(|&&byte| is_domain(byte)).count();
    if start == at || !text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    // The longest domain that ends in a word of letters: `a@b.com.2` and `a@b.com-` end before their last sign.
    while let Some(dot) = memchr::memrchr(b'.', &text[at + 1..end]) {
        let dot = at + 1 + dot;
        let top = run(text, dot + 1, |byte| byte.is_ascii_alphabetic());
        if (3..=25).contains(&(top - dot)) && (top == end || !text[top].is_ascii_alphanumeric()) {
            let is_file = FILES
                .iter()
                .any(|ending| text[dot + 1..top].eq_ignore_ascii_case(ending.as_bytes()));
            return (!is_file).then_some(start..top);
        }
        end = dot;
    }
    None
}

/// Endings of files that are named like addresses: `logo@2x.png`.
const FILES: [&str; 8] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js"];

/// A number that people write in groups.
struct Grouped {
    digits: Vec<u8>,
    /// For each digit, where it ends.
    ends: Vec<usize>,
    /// The length of each group.
    groups: Vec<usize>,
}

/// Up to `most` digits from `start` on, with at most two bytes of `separators` between groups.
fn digits(text: &[u8], start: usize, most: usize, separators: &[u8]) -> Grouped {
    let mut found = Grouped {
        digits: Vec::with_capacity(most),
        ends: Vec::with_capacity(most),
        groups: vec![],
    };
    let mut at = start;
    let mut new_group = true;
    while found.digits.len() < most {
        match text.get(at) {
            Some(&byte) if byte.is_ascii_digit() => {
                if new_group {
                    found.groups.push(0);
                    new_group = false;
                }
                *found.groups.last_mut().expect("a group was begun") += 1;
                found.digits.push(byte - b'0');
                at += 1;
                found.ends.push(at);
            }
            Some(byte) if separators.contains(byte) => {
                let gap =
                    text[at..].iter().take(3).take_while(|byte| separators.contains(byte)).count();
                if gap > 2 || !text.get(at + gap).is_some_and(u8::is_ascii_digit) {
                    break;
                }
                at += gap;
                new_group = true;
            }
            _ => break,
        }
    }
    found
}

const PHONE_SEPARATORS: &[u8] = b" -.()/";

/// A phone number at `at`: `+90 532 ...`, `0532 ...`, `(0212) ...`, `0090...`, `(532) ...`, `+44...`.
pub(crate) fn phone(text: &[u8], at: usize) -> Option<usize> {
    let (start, plus) = match text[at] {
        b'+' => (if text.get(at + 1) == Some(&b'(') { at + 2 } else { at + 1 }, true),
        b'(' => (at + 1, false),
        _ => (at, false),
    };
    if !text.get(start)?.is_ascii_digit() {
        return None;
    }
    let found = digits(text, start, 16, PHONE_SEPARATORS);
    let number = &found.digits;
    // The number ends after `count` digits, and nothing goes on there.
    let exactly = |count: usize| {
        let end = *found.ends.get(count.checked_sub(1)?)?;
        ends_at(text, end).then_some(end)
    };
    let grouped = found.groups.len() >= 3;
    let mobile = |second: u8| matches!(second, 0 | 1 | 3 | 4 | 5 | 6);
    match number.as_slice() {
        [9, 0, area, ..] if plus && *area > 1 => exactly(12),
        [1, area, ..] if plus && *area > 1 => exactly(11),
        [0, 0, 9, 0, area, ..] if !plus && *area > 1 => exactly(14),
        [0, 5, second, ..] if !plus && mobile(*second) => exactly(11),
        // `0212 123 45 67` and `0 212 ...`, but not `0  2026-10-24 06:04`.
        [0, 2..=4 | 8, ..]
            if !plus && grouped && matches!(found.groups.as_slice(), [4, ..] | [1, 3, ..]) =>
        {
            exactly(11)
        }
        [5, second, ..] if text[at] == b'(' && found.groups[0] == 3 && mobile(*second) => {
            exactly(10)
        }
        [2..=9, ..] if text[at] == b'(' && found.groups.get(..3) == Some(&[3, 3, 4]) => exactly(10),
        [5, second, ..] if at == start && grouped && found.groups[0] == 3 && mobile(*second) => {
            // `532 123 45 67` and `532 123 4567`; other groups of numbers are quantities.
            let turkish = matches!(found.groups.as_slice(), [3, 3, 2, 2, ..] | [3, 3, 4, ..]);
            turkish.then(|| exactly(10))?
        }
        [1..=9, ..] if plus && (9..=15).contains(&number.len()) => exactly(number.len()),
        _ => None,
    }
}

/// The number of a payment card at `at`: alone or in the groups that stand on the card.
pub(crate) fn card(text: &[u8], at: usize) -> Option<usize> {
    if !matches!(text[at], b'2'..=b'6' | b'9') {
        return None;
    }
    let found = digits(text, at, 20, b" -");
    let number = &found.digits;
    let well_grouped = matches!(
        found.groups.as_slice(),
        [14..=19] | [4, 4, 4, 2 | 4] | [4, 4, 4, 4, 1..=3] | [4, 6, 4 | 5]
    );
    let end = *found.ends.last()?;
    (well_grouped && is_card(number) && ends_at(text, end)).then_some(end)
}

/// True for digits of a length that the issuer of their beginning uses, with a right check digit.
fn is_card(digits: &[u8]) -> bool {
    let Some(begin) = digits.get(..6) else { return false };
    let begin = begin.iter().fold(0u32, |number, &digit| number * 10 + u32::from(digit));
    let lengths: &[usize] = match begin {
        510_000..=559_999 | 222_100..=272_099 | 220_000..=220_499 | 979_200..=979_299 => &[16],
        340_000..=349_999 | 370_000..=379_999 => &[15],
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => {
            &[14, 16, 19]
        }
        400_000..=499_999
        | 352_800..=358_999
        | 601_100..=601_199
        | 644_000..=659_999
        | 620_000..=629_999 => &[16, 19],
        500_000..=509_999 | 560_000..=589_999 | 630_400..=630_499 | 675_900..=676_399 => {
            &[16, 18, 19]
        }
        _ => return false,
    };
    lengths.contains(&digits.len()) && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(n, &digit)| {
            u32::from(if n % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A Turkish id number at `at`: eleven digits, of which two are check digits.
pub(crate) fn turkish_id(text: &[u8], at: usize) -> Option<usize> {
    let end = at + 11;
    let run = text.get(at..end)?;
    if run[0] == b'0' || !run.iter().all(u8::is_ascii_digit) || !ends_at(text, end) {
        return None;
    }
    let d = |n: usize| u32::from(run[n] - b'0');
    let odd = d(0) + d(2) + d(4) + d(6) + d(8);
    let even = d(1) + d(3) + d(5) + d(7);
    let tenth = (odd * 7 + 100 - even) % 10;
    (tenth == d(9) && (odd + even + d(9)) % 10 == d(10)).then_some(end)
}

/// An IBAN at `at`, with or without spaces, of the length of its country.
pub(crate) fn iban(text: &[u8], at: usize) -> Option<usize> {
    const LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18\
        FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24\
        ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29\
        VA22VG24XK20";
    let head = text.get(at..at + 4)?;
    if !(head[2].is_ascii_digit() && head[0].is_ascii_alphabetic() && head[1].is_ascii_alphabetic())
    {
        return None;
    }
    let country = [head[0].to_ascii_uppercase(), head[1].to_ascii_uppercase()];
    let length = LENGTHS.as_bytes().chunks_exact(4).find(|entry| entry[..2] == country)?;
    let length = usize::from(length[2] - b'0') * 10 + usize::from(length[3] - b'0');
    let mut number = Vec::with_capacity(length);
    let mut end = at;
    while number.len() < length {
        match *text.get(end)? {
            byte if byte.is_ascii_alphanumeric() => number.push(byte.to_ascii_uppercase()),
            b' ' | b'-' | b'.' if text[end - 1].is_ascii_alphanumeric() => {}
            _ => return None,
        }
        end += 1;
    }
    if !ends_at(text, end) || !number[2..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    number.rotate_left(4);
    let remainder = number.iter().fold(0u32, |rest, &byte| {
        if byte.is_ascii_digit() {
            (rest * 10 + u32::from(byte - b'0')) % 97
        } else {
            (rest * 100 + u32::from(byte - b'A' + 10)) % 97
        }
    });
    (remainder == 1).then_some(end)
}

/// The end of the run of `text` from `at` on whose bytes `is_part`.
fn run(text: &[u8], at: usize, is_part: impl Fn(u8) -> bool) -> usize {
    at + text[at.min(text.len())..].iter().take_while(|&&byte| is_part(byte)).count()
}

pub(crate) fn is_base64_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

pub(crate) fn is_credential(byte: u8) -> bool {
    is_base64_url(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=' | b':')
}

/// A JSON Web Token at `at`: three parts, of which the first is the base64 of `{"`.
pub(crate) fn jwt(text: &[u8], at: usize) -> Option<usize> {
    if !text[at..].starts_with(b"eyJ") {
        return None;
    }
    let head = run(text, at, is_base64_url);
    if head - at < 10 || text.get(head) != Some(&b'.') {
        return None;
    }
    let body = run(text, head + 1, is_base64_url);
    // A body that is cut off is as secret; a signature may be empty.
    if body == head + 1 || !text[head + 1..].starts_with(b"e") {
        return None;
    }
    if text.get(body) == Some(&b'.') {
        Some(run(text, body + 1, |byte| is_base64_url(byte) || byte == b'.'))
    } else {
        Some(body)
    }
}

/// A PEM block at `at`, to its last line, or to the end of a text that was cut.
pub(crate) fn pem(text: &[u8], at: usize) -> Option<usize> {
    if !text[at..].starts_with(b"-----BEGIN ") {
        return None;
    }
    // What no block has in it ends one that was cut off.
    let end = run(text, at, |byte| !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'{' | b'}'));
    let block = &text[at..end];
    let Some(last) = memchr::memmem::find(block, b"-----END ") else { return Some(end) };
    let label = at + last + b"-----END ".len();
    let label_end = run(text, label, |byte| byte.is_ascii_alphanumeric() || byte == b' ');
    Some(if text[label_end..].starts_with(b"-----") { label_end + 5 } else { label_end })
}

/// How keys of services begin, and how many letters and digits follow at least.
const SERVICE_KEYS: [(&str, usize); 38] = [
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("EZAK", 20),
    ("EZTK", 20),
    ("SG.", 20),
    ("dop_v1_", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("hf_", 30),
    ("key-", 32),
    ("lin_api_", 20),
    ("npm_", 30),
    ("pypi-", 30),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("shpat_", 20),
    ("shpca_", 20),
    ("shppa_", 20),
    ("shpss_", 20),
    ("sq0atp-", 16),
    ("sq0csp-", 16),
    ("whsec_", 16),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("ya29.", 20),
];

/// How keys of services begin.
pub(crate) fn service_key_prefixes() -> impl Iterator<Item = &'static str> {
    SERVICE_KEYS.iter().map(|(prefix, _)| *prefix)
}

/// For each first letter of a key of a service, its second letters as bits: by far most words begin otherwise.
const SERVICE_KEY_PAIRS: [u128; 128] = {
    let mut pairs = [0; 128];
    let mut n = 0;
    while n < SERVICE_KEYS.len() {
        let prefix = SERVICE_KEYS[n].0.as_bytes();
        pairs[prefix[0] as usize] |= 1 << prefix[1];
        n += 1;
    }
    pairs
};

/// A key of a known service at `at`.
pub(crate) fn service_key(text: &[u8], at: usize) -> Option<usize> {
    let (first, second) = (text[at], *text.get(at + 1)?);
    if !first.is_ascii() || !second.is_ascii() {
        return None;
    }
    if SERVICE_KEY_PAIRS[usize::from(first)] & 1 << second == 0 {
        return None;
    }
    let rest = &text[at..];
    let &(prefix, least) =
        SERVICE_KEYS.iter().find(|(prefix, _)| rest.starts_with(prefix.as_bytes()))?;
    let body = at + prefix.len();
    let end = run(text, body, |byte| is_base64_url(byte) || byte == b'.' && prefix.ends_with('.'));
    // Words that only begin alike have no digit: `key-of-a-customer-with-a-very-long-name`.
    let key = &text[body..end];
    (key.len() >= least && key.iter().any(u8::is_ascii_digit)).then_some(end)
}

/// What follows `Basic `, `Bearer ` or `Token ` at `at`, when it is a credential.
pub(crate) fn credentials(text: &[u8], at: usize) -> Option<Range<usize>> {
    let scheme = run(text, at, |byte| byte.is_ascii_alphabetic());
    let word = &text[at..scheme];
    let start = scheme + 1;
    if text.get(scheme) != Some(&b' ') || start >= text.len() {
        return None;
    }
    let end = run(text, start, is_credential);
    // The full stop of a sentence.
    let end = start
        + text[start..end]
            .iter()
            .rposition(|&byte| byte != b'.' && byte != b':')
            .map_or(0, |at| at + 1);
    let value = &text[start..end];
    let is = |scheme: &str| word.eq_ignore_ascii_case(scheme.as_bytes());
    let has_digit = value.iter().any(u8::is_ascii_digit);
    let found = if is("basic") {
        is_basic(value)
    } else if is("bearer") {
        value.len() >= 12 && (has_digit || value[1..].iter().any(u8::is_ascii_uppercase))
    } else {
        is("token")
            && value.len() >= 20
            && has_digit
            && value.iter().all(|&byte| is_base64_url(byte))
    };
    found.then_some(start..end)
}

/// True for the base64 of `user:password`.
fn is_basic(value: &[u8]) -> bool {
    let value =
        value.strip_suffix(b"=").map_or(value, |value| value.strip_suffix(b"=").unwrap_or(value));
    if value.len() < 6 {
        return false;
    }
    let mut bits = 0u32;
    let mut held = 0;
    let mut colon = false;
    for &byte in value {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            let decoded = (bits >> held & 0xff) as u8;
            colon |= decoded == b':';
            if decoded < 0x20 {
                return false;
            }
        }
    }
    colon
}

/// The inner part of `(S(...))` at `at`, a session id in the path of ASP.NET.
pub(crate) fn path_session(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    if !(rest.starts_with(b"(S(") || rest.starts_with(b"(A(") || rest.starts_with(b"(F(")) {
        return None;
    }
    let start = at + 3;
    let end = run(text, start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'[' | b']')
    });
    (end > start && matches!(text.get(end), Some(b')') | None)).then_some(start..end)
}
