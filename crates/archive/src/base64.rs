//! Base64 text: recognising it, and decoding it in one pass.
//!
//! RFC 4648 with both alphabets, with or without padding, wrapped at any column. One long line, the
//! documented form, is decoded where it stands; other forms are compacted first.

use ::base64::engine::general_purpose::GeneralPurposeConfig;
use ::base64::engine::simd::Simd;
use ::base64::engine::{DecodePaddingMode, Engine as _};
use ::base64::{DecodeError, DecodeSliceError};

use crate::budget::Share;
use crate::problem::ProblemKind;
use crate::sniff::{self, Magic};
use crate::wide;

/// Characters of a text that are decoded to see what it holds.
const PROBE: usize = 128;
/// A text of at least this many characters, all of the alphabet, is taken for damaged base64, not for words.
const LONG: usize = 256;

/// Value of each character that is in either alphabet, and [`OTHER`] for the rest.
const VALUES: [u8; 256] = {
    let mut table = [OTHER; 256];
    let mut i = 0;
    while i < 26 {
        table[b'A' as usize + i] = i as u8;
        table[b'a' as usize + i] = 26 + i as u8;
        if i < 10 {
            table[b'0' as usize + i] = 52 + i as u8;
        }
        i += 1;
    }
    table[b'+' as usize] = 62;
    table[b'-' as usize] = 62;
    table[b'/' as usize] = 63;
    table[b'_' as usize] = 63;
    table
};
const OTHER: u8 = 0xff;

/// How sure it is that a text is base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// It decodes to the beginning of something known.
    Sure,
    /// It decodes to what may be a zlib stream; only decoding all of it shows.
    Zlib,
    /// Long, all of the alphabet, but it decodes to nothing known.
    Unclear,
    /// Not base64.
    No,
}

/// How sure it is that `text`, without blanks around it, is base64 of something worth decoding.
pub(crate) fn likeness(text: &[u8]) -> Likeness {
    likeness_at(text, 0)
}

fn likeness_at(text: &[u8], depth: u32) -> Likeness {
    let mut values = [0_u8; PROBE];
    let mut count = 0;
    let mut complete = true;
    for &byte in text {
        if sniff::is_blank(byte) {
            continue;
        }
        let value = VALUES[usize::from(byte)];
        if value == OTHER {
            break;
        }
        if count == PROBE {
            complete = false;
            break;
        }
        values[count] = value;
        count += 1;
    }
    if count < 2 {
        return Likeness::No;
    }
    let mut head = [0_u8; PROBE / 4 * 3];
    let mut length = 0;
    for group in values[..count].chunks(4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| group.get(i).copied().unwrap_or_default());
        let bytes = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
        let whole = group.len() - 1;
        head[length..length + whole].copy_from_slice(&bytes[..whole]);
        length += whole;
    }
    let head = &head[..length];
    match sniff::magic(head) {
        Some(Magic::Zip | Magic::Gzip | Magic::Stream(_)) => return Likeness::Sure,
        Some(Magic::Zlib) if all_alphabet(text) => return Likeness::Zlib,
        _ => {}
    }
    let wide_json = wide::sniff(head).is_some_and(|(_, mark)| {
        let units = &head[mark..];
        let ascii: Vec<u8> = units.iter().copied().filter(|&byte| byte != 0).collect();
        units.len() >= 2 && sniff::json_begins(&ascii)
    });
    // A word of few letters decodes to almost anything: a short text must decode to a whole value.
    let known = if complete && length < 12 {
        all_alphabet(text) && is_short_json(head)
    } else {
        sniff::json_begins(head)
            || wide_json
            || (depth < 4
                && count >= 16
                && (0..length).all(|i| VALUES[usize::from(head[i])] != OTHER || is_pad(head[i]))
                && likeness_at(head, depth + 1) == Likeness::Sure)
    };
    if known {
        Likeness::Sure
    } else if (text.len() >= LONG || sniff::foreign(head).is_some())
        && is_block(text)
        && all_alphabet(text)
    {
        Likeness::Unclear
    } else {
        Likeness::No
    }
}

/// Whether `value` is a whole, short JSON value that a log may consist of.
fn is_short_json(value: &[u8]) -> bool {
    let value = sniff::trim_end(sniff::trim_start(value));
    match (value.first(), value.last()) {
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => sniff::json_begins(value),
        (Some(b'"'), Some(b'"')) => value.len() >= 2 && sniff::json_begins(value),
        _ => value == b"null",
    }
}

fn is_pad(byte: u8) -> bool {
    byte == b'=' || sniff::is_blank(byte)
}

/// Whether `text` is one line, or wrapped at one width as encoders do: lists of keys and tables of
/// numbers are made of the same characters.
fn is_block(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n').map(|line| sniff::trim_end(line).len());
    match (lines.next(), lines.next(), lines.next()) {
        (Some(_), None, _) => true,
        (Some(first), Some(second), rest) => {
            first >= 40 && if rest.is_some() { second == first } else { second <= first }
        }
        _ => false,
    }
}

/// Whether `text` has nothing but the alphabet, padding and line ends, and few spaces.
fn all_alphabet(text: &[u8]) -> bool {
    let mut spaces = 0;
    let all = text.iter().all(|&byte| {
        spaces += usize::from(byte == b' ');
        VALUES[usize::from(byte)] != OTHER || is_pad(byte)
    });
    all && spaces * 40 <= text.len()
}

/// Buffers that outlive one text.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// Decoded bytes; longer than the last result, so that it is zeroed only when it grows.
    decoded: Vec<u8>,
    /// The text without its line ends.
    compact: Vec<u8>,
}

impl Buffers {
    /// The first `length` decoded bytes.
    pub(crate) fn bytes(&self, length: usize) -> &[u8] {
        &self.decoded[..length]
    }

    /// Memory held, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.decoded.capacity() + self.compact.capacity()
    }
}

/// What a text gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Base64Decoded {
    /// Bytes in [`Buffers::bytes`].
    pub(crate) length: usize,
    /// Character of the text, kind and fault of the first defect; what stands before is decoded.
    pub(crate) fault: Option<(u64, ProblemKind, String)>,
    /// The text was decoded to its end, padding included.
    pub(crate) whole: bool,
}

/// Decodes `text`, up to its first defect. What the buffers grow by is taken from `share`.
pub(crate) fn decode(text: &[u8], buffers: &mut Buffers, share: &Share<'_>) -> Base64Decoded {
    let Buffers { decoded, compact } = buffers;
    let body = sniff::trim_end(text);
    let wrapped = memchr::memchr2(b'\n', b'\r', body).is_some();
    if wrapped {
        compact_lines(body, compact, share);
        if let Some(result) = attempt(compact, decoded, share) {
            return result;
        }
    } else if let Some(result) = attempt(body, decoded, share) {
        return result;
    }
    if mended(body, compact, share)
        && let Some(mut result) = attempt(compact, decoded, share)
        && result.fault.is_none()
    {
        // A guess, although a good one.
        result.fault = plus_as_space(body).then(|| {
            let at = memchr::memchr(b' ', body).unwrap_or_default();
            (at as u64, ProblemKind::BadBase64, "spaces in place of +, read as such".to_owned())
        });
        return result;
    }
    // Spaces between the groups, both alphabets, characters that do not belong: the slow way.
    decode_slowly(body, decoded, compact, share)
}

/// Decodes a sound text of one alphabet, on one line, with the engine alone, into `decoded`, which must be
/// large enough. Returns the bytes written; None when the text is anything else. For measuring:
/// [`decode`] is built on the same engine.
pub(crate) fn bare(text: &[u8], decoded: &mut [u8]) -> Option<usize> {
    engine_decode(&standard(), text, decoded).ok()
}

/// Copies the lines of `text` without their ends.
fn compact_lines(text: &[u8], compact: &mut Vec<u8>, share: &Share<'_>) {
    compact.clear();
    share.reserve(compact, text.len());
    let mut start = 0;
    for end in memchr::memchr2_iter(b'\n', b'\r', text) {
        compact.extend_from_slice(&text[start..end]);
        start = end + 1;
    }
    compact.extend_from_slice(&text[start..]);
}

/// Copies `text` without what other programs do to base64: line ends as `\n`, soft line breaks of mails, byte
/// order marks where texts were joined, percent-encoding, and spaces that were a `+` in a form. Returns
/// whether there was any of it.
fn mended(text: &[u8], compact: &mut Vec<u8>, share: &Share<'_>) -> bool {
    compact.clear();
    share.reserve(compact, text.len());
    let plus = plus_as_space(text);
    let mut changed = plus;
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let (symbol, used) = match rest {
            [b' ', ..] if plus => (Some(b'+'), 1),
            [byte, ..] if sniff::is_blank(*byte) => (None, 1),
            [b'\\', b'n' | b'r' | b't', ..] | [b'=', b'\n', ..] => (None, 2),
            [b'=', b'\r', b'\n', ..]
            | [0xef, 0xbb, 0xbf, ..]
            | [b'%', b'0', b'a' | b'A' | b'd' | b'D', ..] => (None, 3),
            [b'\\', b'/', ..] => (Some(b'/'), 2),
            [b'\\', b'u', b'0', b'0', b'2', b'b' | b'B', ..] => (Some(b'+'), 6),
            [b'\\', b'u', b'0', b'0', b'3', b'd' | b'D', ..] => (Some(b'='), 6),
            [b'%', b'2', b'b' | b'B', ..] => (Some(b'+'), 3),
            [b'%', b'2', b'f' | b'F', ..] => (Some(b'/'), 3),
            [b'=' | b'%', b'3', b'd' | b'D', ..] => (Some(b'='), 3),
            _ => (Some(byte), 1),
        };
        changed |= used > 1;
        compact.extend(symbol);
        rest = &rest[used.min(after.len() + 1)..];
    }
    changed
}

/// Whether the spaces in `text` are what a form made of `+`: each stands between two characters, there is no
/// `+`, and with them the length is one that base64 has. Groups of one length are what encoders make.
fn plus_as_space(text: &[u8]) -> bool {
    if memchr::memchr(b' ', text).is_none() || memchr::memchr2(b'+', b'-', text).is_some() {
        return false;
    }
    if text
        .windows(2)
        .any(|two| two.contains(&b' ') && two.iter().all(|&byte| sniff::is_blank(byte)))
    {
        return false;
    }
    let count = |wanted: fn(u8) -> bool| text.iter().filter(|&&byte| wanted(byte)).count();
    let spaces = count(|byte| byte == b' ');
    let symbols = count(|byte| !sniff::is_blank(byte));
    let (with, without) = ((symbols + spaces) % 4, symbols % 4);
    let lengths: Vec<usize> = text.split(|&byte| byte == b' ').map(<[u8]>::len).collect();
    let regular = lengths.split_last().is_some_and(|(last, others)| {
        others.iter().all(|length| *length == others[0]) && *last <= others[0]
    });
    if regular {
        // Only padding, or a length that base64 never has, shows that characters are missing.
        return with == 0 && (without == 1 || (without != 0 && text.ends_with(b"=")));
    }
    with != 1 && (without != 0 || spaces % 4 == 0)
}

/// Decodes a text that has nothing but one alphabet and padding at its end; None when it has more.
fn attempt(text: &[u8], decoded: &mut Vec<u8>, share: &Share<'_>) -> Option<Base64Decoded> {
    let pads = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let symbols = &text[..text.len() - pads];
    let short = symbols.len() % 4;
    // One character of a group holds no whole byte: it is the rest of a cut text.
    let usable = if short == 1 { &symbols[..symbols.len() - 1] } else { symbols };
    // Vector code may write a little past the last byte it yields.
    let needed = usable.len() / 4 * 3 + 64;
    if decoded.len() < needed {
        share.reserve(decoded, needed - decoded.len());
        decoded.resize(needed, 0);
    }
    let length = match engine_decode(&standard(), usable, decoded) {
        Ok(length) => length,
        Err(Some((_, b'-' | b'_'))) => engine_decode(&url_safe(), usable, decoded).ok()?,
        Err(_) => return None,
    };
    let end = symbols.len() as u64;
    let fault = match (short, pads) {
        (0, 0) | (2, 0 | 2) | (3, 0 | 1) => None,
        (0, _) if symbols.is_empty() => {
            Some((0, ProblemKind::BadBase64, format!("nothing but {pads} padding characters")))
        }
        (1, _) => Some((
            end,
            ProblemKind::Truncated,
            format!("ends within a group, after {end} characters"),
        )),
        (2, 1) => {
            let fault = format!("ends within its padding, after {} characters", end + 1);
            Some((end + 1, ProblemKind::Truncated, fault))
        }
        _ => {
            let fault = format!("{pads} padding characters after {end} characters of text");
            Some((end, ProblemKind::BadBase64, fault))
        }
    };
    // Padding may be missing; then only the content shows whether the text is whole.
    let whole = short != 1;
    Some(Base64Decoded { length, fault, whole })
}

/// Runs `engine`. The error has the place and the value of a bad character; None for other faults.
fn engine_decode(
    engine: &Simd,
    text: &[u8],
    decoded: &mut [u8],
) -> Result<usize, Option<(usize, u8)>> {
    engine.decode_slice(text, decoded).map_err(|error| match error {
        DecodeSliceError::DecodeError(DecodeError::InvalidByte(at, byte)) => Some((at, byte)),
        _ => None,
    })
}

fn config() -> GeneralPurposeConfig {
    // Encoders that leave stray bits in the last character exist, and the bits are not data.
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
}

fn standard() -> Simd {
    Simd::standard(config())
}

fn url_safe() -> Simd {
    Simd::url_safe(config())
}

/// Decodes up to the first character that cannot be base64, and says where it stands.
fn decode_slowly(
    text: &[u8],
    decoded: &mut Vec<u8>,
    compact: &mut Vec<u8>,
    share: &Share<'_>,
) -> Base64Decoded {
    compact.clear();
    // And four characters of padding.
    share.reserve(compact, text.len() + 4);
    let mut alphabet = None;
    let mut pads = 0;
    let mut fault = None;
    for (at, &byte) in text.iter().enumerate() {
        if sniff::is_blank(byte) {
            continue;
        }
        if byte == b'=' {
            pads += 1;
            continue;
        }
        let own = match byte {
            b'+' | b'/' => Some(b'+'),
            b'-' | b'_' => Some(b'-'),
            _ => None,
        };
        let why = if VALUES[usize::from(byte)] == OTHER {
            format!("character 0x{byte:02x} is not base64")
        } else if pads > 0 {
            format!("{} bytes after the padding", text.len() - at)
        } else if own.is_some() && alphabet.is_some() && own != alphabet {
            "standard and URL-safe characters in one text".to_owned()
        } else {
            alphabet = alphabet.or(own);
            compact.push(match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => other,
            });
            continue;
        };
        fault = Some((at as u64, ProblemKind::BadBase64, why));
        break;
    }
    let broken = fault.is_some() && pads == 0;
    if broken {
        // The group that the bad character stands in is not to be trusted.
        compact.truncate(compact.len() / 4 * 4);
    } else {
        compact.extend(std::iter::repeat_n(b'=', pads.min(4)));
    }
    match attempt(compact, decoded, share) {
        Some(inner) => Base64Decoded {
            length: inner.length,
            fault: fault.or(inner.fault),
            whole: inner.whole && !broken,
        },
        None => Base64Decoded { length: 0, fault, whole: false },
    }
}

#[cfg(test)]
mod tests {
    use ::base64::prelude::*;
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, bytes: &[u8], fault: Option<(u64, ProblemKind)>, whole: bool) {
        let mut buffers = Buffers::default();
        let budget = crate::Budget::unlimited();
        let result = decode(text.as_bytes(), &mut buffers, &budget.share(0));
        assert_eq!(buffers.bytes(result.length), bytes, "{text}");
        assert_eq!(result.fault.map(|(at, kind, _)| (at, kind)), fault, "{text}");
        assert_eq!(result.whole, whole, "{text}");
    }

    #[test]
    fn standard_forms() {
        check("aGVsbG8=", b"hello", None, true);
        check("aGVsbG8", b"hello", None, true);
        check("aGVs\r\nbG8\n=\n", b"hello", None, true);
        check("aGVs bG8=\0\0", b"hello", None, true);
        check("-_-_", &[0xfb, 0xff, 0xbf], None, true);
        check("+/+/", &[0xfb, 0xff, 0xbf], None, true);
        check("aGVsbG9=", b"hello", None, true);
    }

    #[test]
    fn defects_have_a_place() {
        use ProblemKind::{BadBase64, Truncated};
        check("aGVsb", b"hel", Some((5, Truncated)), false);
        check("aGVsbA=", b"hell", Some((7, Truncated)), true);
        check("aGVs*G8=", b"hel", Some((4, BadBase64)), false);
        check("aGVsbG8= and more", b"hello", Some((9, BadBase64)), true);
        check("aGVs=bG8=", b"hel", Some((5, BadBase64)), true);
        check("+/-_", b"", Some((2, BadBase64)), false);
        check("====", b"", Some((0, BadBase64)), true);
    }

    #[test]
    fn what_is_base64_and_what_is_not() {
        let sure = [
            "UEsDBBQAAAAI",
            "UEsFBgAAAAA",
            "H4sIAAAA",
            "e30=",
            "W10=",
            "IiI=",
            "bnVsbA==",
            "eyJzdGF0dXMiOjQwMH0=",
            "VUVzREJCUUFBQUFJ",
            "77u/eyJzdGF0dXMiOjQwMH0=",
        ];
        for text in sure {
            assert_eq!(likeness(text.as_bytes()), Likeness::Sure, "{text}");
        }
        for text in
            ["null", "Unauthorized", "no such log", "1234", "", "=", "hello world again", "OK"]
        {
            assert_eq!(likeness(text.as_bytes()), Likeness::No, "{text}");
        }
        assert_eq!(likeness(&b"iVBORw0KGgoAAAANSUhEUg".repeat(20)), Likeness::Unclear);
        assert_eq!(likeness(&b"deadbeef".repeat(40)), Likeness::Unclear);
        assert_eq!(likeness(&b"8690001234567\n".repeat(40)), Likeness::No);
        assert_eq!(likeness(b"eJwrSa0oAQAEXQHB"), Likeness::Zlib);
    }

    proptest! {
        #[test]
        fn any_wrapping_decodes_to_the_plain_bytes(
            data in prop::collection::vec(any::<u8>(), 1..400),
            column in 1_usize..90,
            separator in prop::sample::select(vec!["\n", "\r\n", "\r", " ", "\n\t", " \r\n"]),
            url_safe in any::<bool>(),
            padded in any::<bool>(),
        ) {
            let mut text = if url_safe { BASE64_URL_SAFE.encode(&data) } else { BASE64_STANDARD.encode(&data) };
            if !padded {
                text.truncate(text.trim_end_matches('=').len());
            }
            let lines: Vec<&str> =
                text.as_bytes().chunks(column).map(|line| std::str::from_utf8(line).unwrap()).collect();
            check(&lines.join(separator), &data, None, true);
        }
    }
}
