//! Leaf bytes to UTF-8 text.

use std::borrow::Cow;

use crate::budget::Share;
use crate::peel::Form;
use crate::problem::{ProblemKind, first_bytes};
use crate::sniff;
use crate::wide::{self, Wide};

/// How far NULs are looked for: binary formats have them in their headers.
const HEAD: usize = 1024;

/// A leaf as text.
pub(crate) struct LeafText<'a> {
    /// Sound UTF-8 without a byte order mark; empty for [`Form::Binary`].
    pub(crate) utf8: Cow<'a, str>,
    pub(crate) form: Form,
    /// False when a cut character was dropped from the end.
    pub(crate) whole: bool,
    /// The bytes were no sound UTF-8.
    pub(crate) reencoded: bool,
    /// Bytes that are counted in the share for `utf8`; to be released with it.
    pub(crate) held: u64,
    /// Byte, kind and fault of the first defect.
    pub(crate) fault: Option<(u64, ProblemKind, String)>,
}

/// Reads `data` as UTF-8, borrowed; as UTF-16 or UTF-32 where a mark or NULs say so; else, unless it looks
/// binary, as windows-1254, the Turkish superset of ISO 8859-9 that older ERPs write. A few strange
/// bytes among UTF-8 do not make it another encoding.
pub(crate) fn read<'a>(data: &'a [u8], share: &Share<'_>) -> LeafText<'a> {
    if let Some((wide, mark)) = wide::sniff(data) {
        return read_wide(data, wide, mark, share);
    }
    let mark = if data.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let data = &data[mark..];
    let mut text = LeafText {
        utf8: Cow::Borrowed(""),
        form: Form::Binary,
        whole: true,
        reencoded: false,
        held: 0,
        fault: None,
    };
    let head = &data[..data.len().min(HEAD)];
    // A NUL within JSON is a fault of the JSON, which says more than that the file is binary.
    if (memchr::memchr(0, head).is_some() && !sniff::opens_json(head))
        || sniff::foreign(head).is_some()
    {
        return text;
    }
    // The plain check is slower on text that is not all ASCII (4 % of the decoder's time), but it
    // alone tells where the fault is.
    match simdutf8::basic::from_utf8(data).or_else(|_| std::str::from_utf8(data)) {
        Ok(sound) => text.utf8 = Cow::Borrowed(sound),
        Err(error) => {
            let at = error.valid_up_to();
            let offset = (mark + at) as u64;
            if error.error_len().is_none() && at > 0 {
                text.utf8 = String::from_utf8_lossy(&data[..at]);
                text.whole = false;
                let fault =
                    format!("text ends within a character, {} bytes left out", data.len() - at);
                text.fault = Some((offset, ProblemKind::Truncated, fault));
            } else if looks_binary(data) {
                return text;
            } else {
                // The decoder makes room for three bytes a character before it begins.
                text.held = 3 * data.len() as u64;
                share.take(text.held);
                text.reencoded = true;
                let first = first_bytes(&data[at..]);
                let fault = if let Some((repaired, strange)) = repaired(data) {
                    text.utf8 = Cow::Owned(repaired);
                    format!("{strange} bytes that are not UTF-8 in a text that is ({first})")
                } else {
                    text.utf8 = encoding_rs::WINDOWS_1254.decode_without_bom_handling(data).0;
                    format!("not UTF-8 ({first}), read as windows-1254")
                };
                text.fault = Some((offset, ProblemKind::BadEncoding, fault));
            }
        }
    }
    text.form = form(&text.utf8);
    text
}

fn read_wide<'a>(data: &'a [u8], wide: Wide, mark: usize, share: &Share<'_>) -> LeafText<'a> {
    let units = &data[mark..];
    let held = wide.held(units);
    share.take(held);
    let rest = units.len() % wide.unit();
    let (text, broken) = wide.decode(&units[..units.len() - rest]);
    let fault = if let Some(unit) = broken {
        let fault = format!("not sound {}: a lone surrogate, or no character", wide.name());
        Some(((mark + unit * wide.unit()) as u64, ProblemKind::BadEncoding, fault))
    } else if rest > 0 {
        let fault = format!("{} text ends within a character, {rest} bytes left out", wide.name());
        Some((data.len() as u64, ProblemKind::Truncated, fault))
    } else {
        None
    };
    LeafText { form: form(&text), utf8: text, whole: rest == 0, reencoded: true, held, fault }
}

/// UTF-8 with strange bytes in it, and how many those are: a message cut within a character, or an
/// answer in another encoding that was pasted into the log. Those that are Turkish letters in
/// windows-1254 become these letters, all others U+FFFD. None when the strange bytes are more than the
/// characters beyond ASCII that are sound; then none of it is UTF-8.
fn repaired(data: &[u8]) -> Option<(String, usize)> {
    let (mut sound, mut strange) = (0, 0);
    for chunk in data.utf8_chunks() {
        sound += chunk.valid().bytes().filter(|&byte| byte >= 0xc0).count();
        strange += chunk.invalid().len();
    }
    if sound < strange {
        return None;
    }
    let mut text = String::with_capacity(data.len() + 2 * strange);
    for chunk in data.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(match *chunk.invalid() {
            [] => None,
            [0xc7] => Some('Ç'),
            [0xd0] => Some('Ğ'),
            [0xd6] => Some('Ö'),
            [0xdc] => Some('Ü'),
            [0xdd] => Some('İ'),
            [0xde] => Some('Ş'),
            [0xe7] => Some('ç'),
            [0xf0] => Some('ğ'),
            [0xf6] => Some('ö'),
            [0xfc] => Some('ü'),
            [0xfd] => Some('ı'),
            [0xfe] => Some('ş'),
            _ => Some('\u{fffd}'),
        });
    }
    Some((text, strange))
}

/// Control characters that no text has, in the first bytes of what is not UTF-8.
fn looks_binary(data: &[u8]) -> bool {
    let head = &data[..data.len().min(HEAD)];
    let controls = head
        .iter()
        .filter(|&&b| (b < 0x20 && !sniff::is_blank(b) && b != 0x0c) || b == 0x7f)
        .count();
    controls * 50 > head.len()
}

/// The form of sound text, by its first characters.
fn form(text: &str) -> Form {
    let trimmed = sniff::trim_start(text.as_bytes());
    let Some(&first) = trimmed.first() else { return Form::Blank };
    match first {
        b'{' | b'[' | b'"' => Form::Json,
        b'<' => Form::Markup,
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' if is_scalar(sniff::trim_end(trimmed)) => {
            Form::Json
        }
        _ => Form::Text,
    }
}

/// Whether all of `text` is one JSON literal, or made of the characters of a number.
fn is_scalar(text: &[u8]) -> bool {
    matches!(text, b"null" | b"true" | b"false")
        || text.iter().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_alone(data: &[u8]) -> LeafText<'_> {
        read(data, &crate::Budget::unlimited().share(0))
    }

    /// Found by fuzzing: `0a 00 0a 00 00 00 00 00 00 00` is line ends and NULs in UTF-16, which is not
    /// an empty file.
    #[test]
    fn nuls_are_no_blanks() {
        let text = read_alone(b"\n\0\n\0\0\0\0\0\0\0");
        assert_eq!((&*text.utf8, text.form), ("\n\n\0\0\0", Form::Text));
        let text = read_alone(b"\0\0\0\0\0\0\0\0");
        assert_ne!(text.form, Form::Blank);
    }

    fn check(data: &[u8], text: &str, form: Form, whole: bool, reencoded: bool) {
        let read = read_alone(data);
        assert_eq!(
            (&*read.utf8, read.form, read.whole, read.reencoded),
            (text, form, whole, reencoded),
            "{data:?}"
        );
    }

    #[test]
    fn sound_text_is_borrowed_as_it_is() {
        check("{\"ad\":\"ş\"}".as_bytes(), "{\"ad\":\"ş\"}", Form::Json, true, false);
        check(b"\xef\xbb\xbf[]", "[]", Form::Json, true, false);
        check(b" <html>", " <html>", Form::Markup, true, false);
        check(b"null\n", "null\n", Form::Json, true, false);
        check(b"no route", "no route", Form::Text, true, false);
        check(b" \n", " \n", Form::Blank, true, false);
        assert!(matches!(read_alone(b"{}").utf8, Cow::Borrowed(_)));
    }

    #[test]
    fn a_cut_last_character_is_dropped() {
        check(b"{\"ad\":\"\xc5", "{\"ad\":\"", Form::Json, false, false);
        assert_eq!(read_alone(b"{\"ad\":\"\xc5").fault.unwrap().0, 7);
    }

    #[test]
    fn other_bytes_are_read_as_turkish() {
        check(b"{\"ad\":\"\xfe\xddK\"}", "{\"ad\":\"şİK\"}", Form::Json, true, true);
        let fault = read_alone(b"{\"ad\":\"\xfe\xddK\"}").fault.unwrap();
        assert_eq!((fault.0, fault.1), (7, ProblemKind::BadEncoding));
    }

    #[test]
    fn strange_bytes_leave_the_sound_ones_alone() {
        check("ş\u{e7} \u{fffd} ok".as_bytes(), "şç \u{fffd} ok", Form::Text, true, false);
        check(b"\xc5\x9f \xc5\x9f \xfe", "ş ş ş", Form::Text, true, true);
        check(b"\xc5\x9f\xc4\xb1 cut \xc5 here", "şı cut \u{fffd} here", Form::Text, true, true);
        // As windows-1254: a capital İ before a closing quotation mark is a sound pair of UTF-8 too.
        check(b"\x93B\xdcT\xc7ES\xdd\x94", "“BÜTÇESİ”", Form::Text, true, true);
    }

    #[test]
    fn utf16_in_both_orders() {
        let le: Vec<u8> = "{\"ş\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "\u{feff}{\"ş\":1}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        check(&le, "{\"ş\":1}", Form::Json, true, true);
        check(&be, "{\"ş\":1}", Form::Json, true, true);
        check(&be[..be.len() - 1], "{\"ş\":1", Form::Json, false, true);
    }

    #[test]
    fn binary_has_no_text() {
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "", Form::Binary, true, false);
        check(b"Rar!\x1a\x07\x01\x00", "", Form::Binary, true, false);
        check(&[0x07, 0x80, 0x03, 0x9f, 0x12], "", Form::Binary, true, false);
    }
}
