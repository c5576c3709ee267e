//! JSON strings: finding their end, undoing and making escapes.

mod block;

use bumpalo::Bump;

use super::{Fault, FaultKind, Type, Value};

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
///
/// Most strings are short and hold no escape; most bytes stand in bodies, where an escape comes every few
/// bytes. So it goes in steps of 16 bytes to the first sign, and if that is an escape, on in blocks of 64 whose
/// escapes are found by arithmetic, all at once.
#[inline]
pub(crate) fn string_end(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let signs = block::any16(block);
        if signs != 0 {
            let sign = signs.trailing_zeros() as usize;
            if block[sign % 16] == b'"' {
                return Ok(at + sign + 1);
            }
            break;
        }
        at += 16;
    }
    long_string_end(bytes, at)
}

/// The bits below the lowest one that is set.
const fn below(bits: u64) -> u64 {
    (bits & bits.wrapping_neg()).wrapping_sub(1)
}

// Beside `string_end`, whose callers are to hold only the first step.
#[inline(never)]
fn long_string_end(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    // The first byte of the block is escaped by the last one before it.
    let mut carry = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<64>) {
        let signs = block::signs64(chunk);
        let before = carry;
        let escaped = escaped(signs.slashes, &mut carry);
        let ends = signs.quotes & !escaped;
        let inside = if ends == 0 { u64::MAX } else { below(ends) };
        let mut odd = escaped & !(signs.quotes | signs.slashes) & inside;
        let mut sound = signs.controls & inside == 0;
        while odd != 0 && sound {
            let n = odd.trailing_zeros() as usize;
            sound = match chunk[n] {
                b'n' | b'r' | b't' | b'b' | b'f' | b'/' => true,
                b'u' => bytes
                    .get(at + n + 1..at + n + 5)
                    .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
                _ => false,
            };
            odd &= odd - 1;
        }
        if !sound {
            // Says what is wrong and where; it begins before the backslash that carried over.
            return string_end_by_words(bytes, at - before as usize);
        }
        if ends != 0 {
            return Ok(at + ends.trailing_zeros() as usize + 1);
        }
        at += 64;
    }
    string_end_by_words(bytes, at - carry as usize)
}

/// Which of 64 bytes are escaped by a backslash before them, given which are backslashes.
///
/// `carry`: whether the first byte is escaped by the block before; then whether the next block's is.
/// A run of backslashes escapes every second byte from its start on: a sum carries through a run that
/// begins at an odd place, after "Parsing Gigabytes of JSON per Second" (Langdale, Lemire, 2019).
fn escaped(slashes: u64, carry: &mut u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    if slashes == 0 {
        return std::mem::take(carry);
    }
    let slashes = slashes & !*carry;
    let follows = slashes << 1 | *carry;
    let odd_starts = slashes & !EVEN & !follows;
    let (even_runs, over) = odd_starts.overflowing_add(slashes);
    *carry = u64::from(over);
    (EVEN ^ (even_runs << 1)) & follows
}

/// As [`string_end`], eight bytes at a time.
fn string_end_by_words(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
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

/// The content of a string value: a slice of the document, or unescaped into the arena; the text itself for
/// all other types.
pub(crate) fn text_of<'r>(value: Value<'r>, arena: &'r Bump) -> &'r str {
    if value.ty == Type::String { unescaped(value.inner(), arena) } else { value.raw }
}

/// As [`unescape`]: the text itself when it holds no escapes, else a copy in the arena.
pub(crate) fn unescaped<'r>(inner: &'r str, arena: &'r Bump) -> &'r str {
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return inner;
    }
    let memory = arena.alloc_slice_fill_copy(inner.len(), 0);
    let len = unescape_into(inner.as_bytes(), memory);
    simdutf8::basic::from_utf8(&memory[..len]).unwrap_or(inner)
}

/// As [`unescape`], into memory of at least the length of `inner`; gives the length used.
///
/// For bodies, where an escape stands every few bytes: sixteen bytes are looked at and copied at a
/// time, and what was copied past an escape is overwritten.
fn unescape_into(inner: &[u8], out: &mut [u8]) -> usize {
    let (mut rest, mut to) = (inner, 0);
    while let Some((block, after)) = rest.split_first_chunk::<16>()
        // No less is left of `out`, since nothing becomes longer.
        && let Some(room) = out.get_mut(to..).and_then(<[u8]>::first_chunk_mut::<16>)
    {
        *room = *block;
        let slashes = block::slashes16(block);
        if slashes == 0 {
            rest = after;
            to += 16;
            continue;
        }
        let plain = slashes.trailing_zeros() as usize % 16;
        let short = rest.get(plain + 1).map_or(0, |sign| SHORT[usize::from(*sign)]);
        if short != 0 {
            room[plain] = short;
            rest = &rest[plain + 2..];
            to += plain + 1;
            continue;
        }
        let (text, used) = escape(rest, plain);
        to += plain;
        to += text.encode_utf8(&mut out[to..]).len();
        rest = &rest[plain + used..];
    }
    while let Some(&byte) = rest.first() {
        if byte == b'\\' {
            let (text, used) = escape(rest, 0);
            to += text.encode_utf8(&mut out[to..]).len();
            rest = &rest[used..];
        } else {
            out[to] = byte;
            to += 1;
            rest = &rest[1..];
        }
    }
    to
}

/// By the byte after a backslash: the byte that the two stand for, 0 when they are no escape of two bytes.
const SHORT: [u8; 256] = {
    let mut short = [0; 256];
    let signs = *b"\"\\/ntrbf";
    let bytes = *b"\"\\/\n\t\r\x08\x0c";
    let mut n = 0;
    while n < signs.len() {
        short[signs[n] as usize] = bytes[n];
        n += 1;
    }
    short
};

/// The character of the escape at `at`, and how many bytes it takes. The character never takes more
/// bytes than the escape.
#[inline]
fn escape(bytes: &[u8], at: usize) -> (char, usize) {
    match bytes.get(at + 1) {
        Some(sign) if SHORT[usize::from(*sign)] != 0 => (char::from(SHORT[usize::from(*sign)]), 2),
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

/// Appends `text` as the content of a JSON string, escaped where the grammar requires it.
pub fn push_escaped(text: &str, out: &mut String) {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[done..at]);
        done = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            _ => {
                out.push_str("\\u00");
                for digit in [byte >> 4, byte & 15] {
                    out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
                }
            }
        }
    }
    out.push_str(&text[done..]);
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

    #[test]
    fn a_run_of_backslashes_at_the_edge_of_a_block_escapes_every_second_byte() {
        for slashes in 1..9 {
            for lead in 50..70 {
                let text =
                    format!("{}{}\"{}\"", "x".repeat(lead), "\\".repeat(slashes), "y".repeat(80));
                let quote = lead + slashes + 1;
                let end = if slashes % 2 == 0 { quote } else { quote + 81 };
                assert_eq!(string_end(text.as_bytes(), 0).ok(), Some(end), "{lead} {slashes}");
            }
        }
    }

    proptest! {
        #[test]
        fn blocks_find_what_words_find(text in r#"([a-zş "]{0,30}|\\["\\/bfnrt]|\\u[0-9a-f]{4}|\\u0g|\\x|\\{1,5}|\x01|.{0,70}){0,12}"#, cut in 0usize..500) {
            let bytes = &text.as_bytes()[..cut.min(text.len())];
            prop_assert_eq!(string_end(bytes, 0), string_end_by_words(bytes, 0));
        }

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
