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

/// The place of the first quote, backslash or control character at or after `at`, or the length.
fn next_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
        let hits = special(word);
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < bytes.len() && bytes[at] != b'"' && bytes[at] != b'\\' && bytes[at] >= 0x20 {
        at += 1;
    }
    at
}

/// The place past the closing quote of the string whose content begins at `at`.
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        at = next_special(bytes, at);
        match bytes.get(at) {
            None => return Err(Fault { offset: at, kind: FaultKind::Truncated }),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => match bytes.get(at + 1) {
                None => return Err(Fault { offset: at + 1, kind: FaultKind::Truncated }),
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                Some(b'u') => {
                    for n in 2..6 {
                        match bytes.get(at + n) {
                            None => {
                                return Err(Fault { offset: at + n, kind: FaultKind::Truncated });
                            }
                            Some(b) if b.is_ascii_hexdigit() => {}
                            Some(_) => {
                                return Err(Fault { offset: at + n, kind: FaultKind::Syntax });
                            }
                        }
                    }
                    at += 6;
                }
                Some(_) => return Err(Fault { offset: at + 1, kind: FaultKind::Syntax }),
            },
            Some(_) => return Err(Fault { offset: at, kind: FaultKind::Syntax }),
        }
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
        let bytes = rest.as_bytes();
        let (text, used) = match bytes.get(at + 1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(c @ (b'"' | b'\\' | b'/')) => (char::from(*c), 2),
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
        };
        out.push(text);
        rest = &rest[at + used..];
    }
    out.push_str(rest);
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
        fn escaping_is_undone(text in "(?s).{0,40}") {
            let mut inner = String::new();
            push_escaped(&text, &mut inner);
            prop_assert_eq!(undone(&inner), &*text);
            let theirs: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            prop_assert_eq!(theirs, text);
        }
    }
}
