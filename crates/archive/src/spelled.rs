//! Bytes that a text spells: in hex, base32, as a literal of a programming language, as a list of numbers, in the
//! encoding of `uuencode`.
//!
//! Only bytes that begin like something that is opened, or like JSON, are taken for such.

use crate::base64;
use crate::envelope::hex_byte;
use crate::sniff;

/// The bytes that `text` writes as hex digits: bare, after `\x` or `0x`, or in the lines of `xxd` and
/// `hexdump -C`. Only bytes that begin like a zip, gzip, xz, zstd or bzip2, or like JSON.
pub(crate) fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let bare = text.strip_prefix(b"\\x").or_else(|| text.strip_prefix(b"0x")).unwrap_or(text);
    // The digits of each line, and the width of a line's bytes in a dump with offsets and characters.
    let dump = offset_length(text).is_some();
    let mut out = Vec::new();
    let mut looked = false;
    for line in if dump { text } else { bare }.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii_end();
        let digits = if dump {
            let Some(offset) = offset_length(line) else { continue };
            let rest = line[offset..].trim_ascii_start();
            // Two blanks or a bar stand before the characters.
            let end = memchr::memchr(b'|', rest).unwrap_or(rest.len());
            let gap = dump_gap(&rest[..end]);
            &rest[..gap]
        } else {
            line
        };
        let mut half = None;
        for &byte in digits {
            match (half, char::from(byte).to_digit(16)) {
                (None, Some(high)) => half = Some(high),
                (Some(high), Some(low)) => {
                    out.push((high << 4 | low) as u8);
                    half = None;
                }
                (_, None) if sniff::is_blank(byte) => {}
                _ => return None,
            }
        }
        if !dump && half.is_some() {
            return None;
        }
        // One look is enough to leave a text of digits alone.
        if !looked && out.len() >= 16 {
            looked = true;
            if !is_known(&out) {
                return None;
            }
        }
    }
    (out.len() >= 16 && is_known(&out)).then_some(out)
}

/// Whether `bytes` begin like something that is opened, or like JSON.
fn is_known(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64)];
    matches!(sniff::magic(head), Some(magic) if magic != sniff::Magic::Zlib)
        || sniff::json_begins(head)
}

/// Length of the offset that a line of a hex dump begins with, colon included.
fn offset_length(line: &[u8]) -> Option<usize> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match line.get(digits) {
        Some(b':') if digits >= 4 => Some(digits + 1),
        Some(b' ') if digits == 8 && line.get(digits + 1) == Some(&b' ') => Some(digits),
        _ => None,
    }
}

/// Where the bytes of a line of a hex dump end: before two blanks that are followed by characters. Two
/// blanks in the middle of the line, behind eight bytes, are not that.
fn dump_gap(line: &[u8]) -> usize {
    let gap = |from: usize| memchr::memmem::find(&line[from..], b"  ").map(|gap| from + gap);
    let Some(first) = gap(0) else { return line.len() };
    let digits = line[..first].iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 16 { gap(first + 2).unwrap_or(line.len()) } else { first }
}

/// The bytes that `text` writes in base32 (RFC 4648, 6), blanks left out. Only of a zip, gzip or JSON.
pub(crate) fn base32(text: &[u8]) -> Option<Vec<u8>> {
    const HEADS: [&[u8]; 4] = [b"KBFQGBA", b"D6FQQ", b"LN5SE", b"PMR"];
    if !HEADS.iter().any(|head| text.starts_with(head)) {
        return None;
    }
    let (mut out, mut bits, mut count) = (Vec::with_capacity(text.len() / 8 * 5), 0_u32, 0);
    for &byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            b'=' => continue,
            _ if sniff::is_blank(byte) => continue,
            _ => return None,
        };
        bits = (bits << 5 | u32::from(value)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    is_known(&out).then_some(out)
}

/// The bytes of a Python literal such as `b'PK\x03'`, when these are known.
pub(crate) fn bytes_literal(text: &[u8]) -> Option<Vec<u8>> {
    let text = sniff::trim_end(text);
    let quote = *text.get(1).filter(|quote| text[0] == b'b' && matches!(quote, b'\'' | b'"'))?;
    let mut rest = text[2..].strip_suffix(&[quote]).unwrap_or(&text[2..]);
    let mut out = Vec::with_capacity(rest.len());
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let (byte, used) = match rest.get(at + 1) {
            Some(b'x') => (hex_byte(&rest[at + 2..])?, 4),
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(&byte @ (b'\\' | b'\'' | b'"')) => (byte, 2),
            _ => (b'\\', 1),
        };
        out.push(byte);
        rest = &rest[at + used..];
    }
    out.extend_from_slice(rest);
    let base64 = base64::likeness(&out[..out.len().min(512)]) == base64::Likeness::Sure;
    (is_known(&out) || base64).then_some(out)
}

/// The bytes that `text` lists as numbers, in decimal (also signed, as Java writes them) or with `0x`: `[80, 75, 3, 4]`,
/// `{"type":"Buffer","data":[80,75,3,4]}`, `new byte[] {0x50, 0x4b}`, one a line.
pub(crate) fn numbers(text: &[u8]) -> Option<Vec<u8>> {
    const AROUND: usize = 64;
    let head = &text[..text.len().min(AROUND)];
    let start = match memchr::memrchr2(b'[', b'{', head) {
        Some(bracket) => bracket + 1,
        None => 0,
    };
    // A value beside the list makes it a part of something.
    if head[..start].iter().any(u8::is_ascii_digit) {
        return None;
    }
    let mut rest = sniff::trim_start(&text[start..]);
    let mut out = Vec::new();
    while let Some((byte, used)) = number(rest) {
        out.push(byte);
        rest = sniff::trim_start(&rest[used..]);
        rest = sniff::trim_start(rest.strip_prefix(b",").unwrap_or(rest));
        // One look is enough to leave a list of numbers alone.
        if out.len() == 16 && !is_known(&out) {
            return None;
        }
    }
    let closed = rest.len() <= AROUND && rest.iter().all(|byte| !byte.is_ascii_alphanumeric());
    (out.len() >= 16 && closed && is_known(&out)).then_some(out)
}

/// The byte that a number at the start of `text` means, and the length of the number.
fn number(text: &[u8]) -> Option<(u8, usize)> {
    if let Some(digits) = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")) {
        return hex_byte(digits).map(|byte| (byte, 4));
    }
    let minus = usize::from(text.first() == Some(&b'-'));
    let digits = text[minus..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let value: i16 = std::str::from_utf8(&text[..minus + digits]).ok()?.parse().ok()?;
    let byte = u8::try_from(value).or_else(|_| i8::try_from(value).map(i8::cast_unsigned));
    Some((byte.ok()?, minus + digits))
}

/// The bytes of a file that `uuencode` wrote (POSIX, `uuencode`): the lines between `begin MODE NAME` and `end`.
pub(crate) fn uuencoded(text: &[u8]) -> Option<Vec<u8>> {
    let start =
        memchr::memmem::find(text, b"begin ").filter(|&at| at == 0 || text[at - 1] == b'\n')?;
    let mut lines = text[start..].split(|&byte| byte == b'\n');
    let mode = lines.next()?.strip_prefix(b"begin ")?;
    if !mode.get(..4)?.iter().all(|byte| byte.is_ascii_digit() || *byte == b' ') {
        return None;
    }
    let mut out = Vec::new();
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let value = |byte: &u8| byte.wrapping_sub(b' ') & 63;
        let Some((length, symbols)) = line.split_first() else { break };
        if !line.iter().all(|byte| (b' '..=b'`').contains(byte)) {
            break;
        }
        let before = out.len();
        // Blanks at the end of a line are often lost.
        for four in symbols.chunks(4) {
            let bits =
                (0..4).fold(0, |bits, n| bits << 6 | u32::from(four.get(n).map_or(0, value)));
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
        }
        out.resize(before + usize::from(value(length)), 0);
        if value(length) == 0 {
            break;
        }
    }
    is_known(&out).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &[u8] = br#"[{"status":400,"errors":["x"]}]"#;

    fn list(each: impl Fn(&u8) -> String, between: &str) -> String {
        JSON.iter().map(each).collect::<Vec<_>>().join(between)
    }

    #[test]
    fn numbers_are_bytes() {
        let check = |text: String| {
            assert_eq!(numbers(text.as_bytes()).as_deref(), Some(JSON), "{text}");
        };
        let decimal = list(u8::to_string, ",");
        check(format!("[{decimal}]"));
        check(format!(r#"{{"type":"Buffer","data":[{decimal}]}}"#));
        check(list(u8::to_string, "\r\n"));
        check(format!("byte[] log = {{ {} }};\n", list(|byte| format!("0x{byte:02X}"), ", ")));
        check(format!("bytes([{}])", list(u8::to_string, ", ")));
        let signed = [31, -117, 8, 0, 0, 0, 0, 0, 0, 3, -1, -2, -3, -4, -5, -6, -7];
        let text = signed.map(|number: i16| number.to_string()).join(", ");
        let read = numbers(format!("[{text}]").as_bytes()).unwrap();
        assert_eq!((read[1], read[10]), (0x8b, 0xff));
    }

    #[test]
    fn other_numbers_are_left_alone() {
        let decimal = list(u8::to_string, ",");
        for text in [
            "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]".to_owned(),
            format!("[{decimal},256]"),
            format!("[{decimal}.5]"),
            format!(r#"{{"data":[{decimal}],"status":400}}"#),
            "[123]".to_owned(),
            String::new(),
        ] {
            assert_eq!(numbers(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_uuencoded_file_is_read() {
        let text = b"Ek:\nbegin 644 a.json\n?6WLB<W1A='5S(CHT,# L(F5R<F]R<R(Z6R)X(EU]70\n`\nend\n";
        assert_eq!(uuencoded(text).as_deref(), Some(JSON));
        assert_eq!(uuencoded(b"begin the day\nwith coffee\nend\n"), None);
    }
}
