//! Text of two or four bytes a unit: UTF-16, as the shells of Windows write it, and UTF-32.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use crate::sniff;

/// An encoding of two or four bytes a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wide {
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

/// Whether `head` begins like one of them: with a mark, or with ASCII characters and the NULs that these
/// bring. Gives the bytes of the mark too.
pub(crate) fn sniff(head: &[u8]) -> Option<(Wide, usize)> {
    let ascii = |a: u8, b: u8| is_ascii_text(a) && is_ascii_text(b);
    match *head {
        // The mark of UTF-16 LE and a NUL would begin in the same way; no text has a NUL there.
        [0xff, 0xfe, 0, 0, ..] => Some((Wide::Utf32Le, 4)),
        [0, 0, 0xfe, 0xff, ..] => Some((Wide::Utf32Be, 4)),
        [0xff, 0xfe, ..] => Some((Wide::Utf16Le, 2)),
        [0xfe, 0xff, ..] => Some((Wide::Utf16Be, 2)),
        [a, 0, 0, 0, b, 0, 0, 0, ..] if ascii(a, b) => Some((Wide::Utf32Le, 0)),
        [0, 0, 0, a, 0, 0, 0, b, ..] if ascii(a, b) => Some((Wide::Utf32Be, 0)),
        [a, 0, b, 0, ..] if ascii(a, b) => Some((Wide::Utf16Le, 0)),
        [0, a, 0, b, ..] if ascii(a, b) => Some((Wide::Utf16Be, 0)),
        _ => None,
    }
}

fn is_ascii_text(byte: u8) -> bool {
    sniff::is_blank(byte) || (0x20..0x7f).contains(&byte)
}

impl Wide {
    /// Its name, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Utf32Le => "UTF-32LE",
            Self::Utf32Be => "UTF-32BE",
        }
    }

    /// Bytes of a unit.
    pub(crate) fn unit(self) -> usize {
        match self {
            Self::Utf16Le | Self::Utf16Be => 2,
            Self::Utf32Le | Self::Utf32Be => 4,
        }
    }

    /// Memory that [`decode`](Self::decode) allocates for `units`, in bytes: three for a unit of UTF-16,
    /// four for one of UTF-32.
    pub(crate) fn held(self, units: &[u8]) -> u64 {
        match self.unit() {
            2 => units.len() as u64 / 2 * 3,
            _ => units.len() as u64,
        }
    }

    /// `units`, which are whole and without a mark, as UTF-8, and the unit of the first that is no
    /// character. Each of those becomes U+FFFD.
    pub(crate) fn decode(self, units: &[u8]) -> (Cow<'_, str>, Option<usize>) {
        match self {
            Self::Utf16Le => utf16(UTF_16LE, units),
            Self::Utf16Be => utf16(UTF_16BE, units),
            Self::Utf32Le => utf32(units, u32::from_le_bytes),
            Self::Utf32Be => utf32(units, u32::from_be_bytes),
        }
    }
}

fn utf16<'a>(encoding: &'static Encoding, units: &'a [u8]) -> (Cow<'a, str>, Option<usize>) {
    let (text, broken) = encoding.decode_without_bom_handling(units);
    let at = broken.then(|| {
        let at = text.find('\u{fffd}').unwrap_or_default();
        text.get(..at).map_or(0, |before| before.encode_utf16().count())
    });
    (text, at)
}

fn utf32(units: &[u8], number: fn([u8; 4]) -> u32) -> (Cow<'_, str>, Option<usize>) {
    let mut text = String::with_capacity(units.len());
    let mut broken = None;
    for (at, unit) in units.as_chunks().0.iter().enumerate() {
        let character = char::from_u32(number(*unit));
        if character.is_none() {
            broken = broken.or(Some(at));
        }
        text.push(character.unwrap_or('\u{fffd}'));
    }
    (Cow::Owned(text), broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_four_is_recognised_with_and_without_a_mark() {
        let text = "{\"ş\":\"😀\"}";
        let units = |big: bool, wide: bool, text: &str| -> Vec<u8> {
            let order = |bytes: [u8; 4]| {
                let bytes = if wide { bytes.to_vec() } else { bytes[2..].to_vec() };
                if big { bytes } else { bytes.into_iter().rev().collect() }
            };
            if wide {
                text.chars().flat_map(|c| order(u32::from(c).to_be_bytes())).collect()
            } else {
                text.encode_utf16().flat_map(|unit| order(u32::from(unit).to_be_bytes())).collect()
            }
        };
        for (wide, big, four) in [
            (Wide::Utf16Le, false, false),
            (Wide::Utf16Be, true, false),
            (Wide::Utf32Le, false, true),
            (Wide::Utf32Be, true, true),
        ] {
            for (start, mark) in [("", 0), ("\u{feff}", wide.unit())] {
                let bytes = units(big, four, &format!("{start}{text}"));
                assert_eq!(sniff(&bytes), Some((wide, mark)));
                assert_eq!(wide.decode(&bytes[mark..]), (text.into(), None), "{wide:?}");
                assert!(text.len() as u64 <= wide.held(&bytes[mark..]));
            }
        }
        assert_eq!(sniff(b"{\"a\""), None);
    }

    #[test]
    fn what_is_no_character_is_replaced_and_its_place_given() {
        assert_eq!(Wide::Utf32Le.decode(b"a\0\0\0\0\xd8\0\0"), ("a\u{fffd}".into(), Some(1)));
        assert_eq!(Wide::Utf32Be.decode(b"\0\x11\0\0"), ("\u{fffd}".into(), Some(0)));
        assert_eq!(Wide::Utf16Le.decode(b"a\0\0\xd8b\0"), ("a\u{fffd}b".into(), Some(1)));
    }
}
