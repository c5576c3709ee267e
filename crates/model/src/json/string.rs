//! JSON strings: finding their end, undoing and making escapes.

use super::{Fault, FaultKind};

/// Eight times the same byte.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// A word whose high bits mark the bytes of `word` that are a quote, a backslash or below a blank.
/// After "Bit Twiddling Hacks" (S. E. Anderson), "Determine if a word has a byte less than n" and
/// "has a zero byte"; a byte above the first hit may be marked wrongly, so only the first counts.
const fn special(word: u64) -> u64 {
    const LOW: u64 = all(0x01);
    const HIGH: u64 = all(0x80);
    let quote = word ^ all(b'"');
    let slash = word ^ all(b'\\');
    let below = word.wrapping_sub(all(0x20)) & !word;
    (below | (quote.wrapping_sub(LOW) & !quote) | (slash.wrapping_sub(LOW) & !slash)) & HIGH
}

/// The place past the closing quote of the string whose content begins at `at`.
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    'words: while let Some(eight) = bytes.get(at..at + 8) {
        let mut hits = special(u64::from_le_bytes(eight.try_into().expect("eight bytes")));
        // Escapes stand close together in bodies: all hits of a word are used before the next is read.
        while hits != 0 {
            let n = (hits.trailing_zeros() / 8) as usize;
            let place = at + n;
            match bytes[place] {
                b'"' => return Ok(place + 1),
                b'\\' => {
                    let past = match bytes.get(place + 1) {
                        Some(b'"' | b'\\' | b'n') => place + 2,
                        _ => place + escape_len(bytes, place)?,
                    };
                    if past >= at + 8 {
                        at = past;
                        continue 'words;
                    }
                    hits &= u64::MAX << ((past - at) * 8);
                }
                0..0x20 => return Err(Fault { offset: place, kind: FaultKind::Syntax }),
                // Marked wrongly.
                _ => hits &= hits - 1,
            }
        }
        at += 8;
    }
    loop {
        match bytes.get(at) {
            None => return Err(Fault { offset: at, kind: FaultKind::Truncated }),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at += escape_len(bytes, at)?,
            Some(0..0x20) => return Err(Fault { offset: at, kind: FaultKind::Syntax }),
            Some(_) => at += 1,
        }
    }
}

/// The length of the escape at `at`.
#[cold]
fn escape_len(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => {
            for n in 2..6 {
                match bytes.get(at + n) {
                    None => return Err(Fault { offset: at + n, kind: FaultKind::Truncated }),
                    Some(b) if b.is_ascii_hexdigit() => {}
                    Some(_) => return Err(Fault { offset: at + n, kind: FaultKind::Syntax }),
                }
            }
            Ok(6)
        }
        None => Err(Fault { offset: at + 1, kind: FaultKind::Truncated }),
        Some(_) => Err(Fault { offset: at + 1, kind: FaultKind::Syntax }),
    }
}

/// Appends the content of a string with its escapes undone.
///
/// `inner` is the text between the quotes of a sound string. A lone surrogate becomes U+FFFD, since
/// UTF-8 has no place for it; a broken escape (only possible when `inner` is not sound) is kept as it stands.
pub fn unescape(inner: &str, out: &mut String) {
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let (text, used) = escape(rest.as_bytes(), at);
        out.push(text);
        rest = &rest[at + used..];
    }
    out.push_str(rest);
}

/// As [`unescape`], into memory of at least the length of `inner`; gives the length used.
///
/// For bodies, where an escape stands every few bytes: eight bytes are looked at and copied at a
/// time, and what was copied past an escape is overwritten.
pub(crate) fn unescape_into(inner: &[u8], out: &mut [u8]) -> usize {
    const LOW: u64 = all(0x01);
    const HIGH: u64 = all(0x80);
    let (mut from, mut to) = (0, 0);
    while let Some(eight) = inner.get(from..from + 8) {
        let word = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
        let slash = word ^ all(b'\\');
        let hits = slash.wrapping_sub(LOW) & !slash & HIGH;
        // `to` never passes `from`, so there is room.
        out[to..to + 8].copy_from_slice(eight);
        if hits == 0 {
            from += 8;
            to += 8;
            continue;
        }
        let plain = (hits.trailing_zeros() / 8) as usize;
        if let Some(&sign @ (b'"' | b'\\' | b'/')) = inner.get(from + plain + 1) {
            out[to + plain] = sign;
            to += plain + 1;
            from += plain + 2;
            continue;
        }
        let (text, used) = escape(inner, from + plain);
        to += plain;
        to += text.encode_utf8(&mut out[to..]).len();
        from += plain + used;
    }
    while let Some(&byte) = inner.get(from) {
        if byte == b'\\' {
            let (text, used) = escape(inner, from);
            to += text.encode_utf8(&mut out[to..]).len();
            from += used;
        } else {
            out[to] = byte;
            from += 1;
            to += 1;
        }
    }
    to
}

/// The character of the escape at `at`, and how many bytes it takes. The character never takes more
/// bytes than the escape.
#[inline]
fn escape(bytes: &[u8], at: usize) -> (char, usize) {
    match bytes.get(at + 1) {
        Some(c @ (b'"' | b'\\' | b'/')) => (char::from(*c), 2),
        Some(b'n') => ('\n', 2),
        Some(b't') => ('\t', 2),
        Some(b'r') => ('\r', 2),
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'u') => match hex4(bytes, at + 2) {
            Some(high @ 0xd800..0xdc00) => match low_surrogate(bytes, at + 6) {
                Some(low) => {
                    let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                }
                None => (char::REPLACEMENT_CHARACTER, 6),
            },
            Some(code) => (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            None => ('\\', 1),
        },
        _ => ('\\', 1),
    }
}

fn low_surrogate(bytes: &[u8], at: usize) -> Option<u32> {
    if bytes.get(at..at + 2)? != b"\\u" {
        return None;
    }
    hex4(bytes, at + 2).filter(|code| (0xdc00..0xe000).contains(code))
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .iter()
        .try_fold(0, |code, &b| Some(code << 4 | char::from(b).to_digit(16)?))
}

/// Appends `text` as the content of a JSON string, escaped as far as the grammar asks for it.
pub fn push_escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                out.push_str("\\u00");
                for digit in [c as u32 >> 4, c as u32 & 15] {
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn undone(inner: &str) -> String {
        let mut out = String::new();
        unescape(inner, &mut out);
        out
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(undone(r#"a\"b\\c\/d\n\t"#), "a\"b\\c/d\n\t");
        assert_eq!(undone(r"\u0131\u015f \ud83d\ude00"), "ış 😀");
    }

    #[test]
    fn a_lone_surrogate_becomes_the_replacement_character() {
        assert_eq!(undone(r"\ud83d x"), "\u{fffd} x");
        assert_eq!(undone(r"\ude00\ud83d"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for n in 0..40 {
            for (byte, ends) in [("\"", true), ("\\n\"", true), ("\u{1f}", false)] {
                let text = "ş".repeat(n / 2) + &"x".repeat(n % 2) + byte;
                assert_eq!(string_end(text.as_bytes(), 0).is_ok(), ends, "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_fast_way_gives_what_the_simple_one_does(inner in r#"([a-zş ]{0,10}|\\["\\/bfnrt]|\\u[0-9a-f]{4}|\\ud83d\\ude00|\\u12|\\x){0,9}"#) {
            let mut memory = vec![0; inner.len()];
            let len = unescape_into(inner.as_bytes(), &mut memory);
            prop_assert_eq!(std::str::from_utf8(&memory[..len]).unwrap(), undone(&inner));
        }

        #[test]
        fn escaping_is_undone(text in "(?s).{0,40}") {
            let mut inner = String::new();
            push_escaped(&text, &mut inner);
            prop_assert_eq!(undone(&inner), &*text);
            let theirs: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            prop_assert_eq!(theirs, text);
        }
    }
}
