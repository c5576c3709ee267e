//! Recognising formats by their first bytes.

use crate::tar;

/// Containers that are recognised by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    /// A local header, an end record, or the marker of a split archive before its first header.
    Zip,
    Gzip,
    /// A plausible zlib header; text can begin like this too (`x^...`).
    Zlib,
    /// A header of a tar archive.
    Tar,
    /// A file of another compression program.
    Stream(StreamMethod),
}

/// Compression programs besides gzip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamMethod {
    Bzip2,
    Lz4,
    Xz,
    Zstd,
}

impl StreamMethod {
    /// The word for the layer.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }
}

/// Containers that a signature of a few bytes names (APPNOTE.TXT 4.3.7, 4.3.16 and 8.5.3 to 8.5.5;
/// RFC 1952 2.3.1; RFC 1950 2.2).
pub(crate) fn magic(data: &[u8]) -> Option<Magic> {
    match *data {
        [b'P', b'K', 3, 4, ..]
        | [b'P', b'K', 5, 6, ..]
        // Markers of a split archive before its first header.
        | [b'P', b'K', 7, 8, b'P', b'K', ..] | [b'P', b'K', b'0', b'0', b'P', b'K', ..]
        // A text cut within the signature is still a cut zip, not a text.
        | [b'P', b'K', 3 | 5] => Some(Magic::Zip),
        [0x1f, 0x8b, 8, ..] => Some(Magic::Gzip),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..] => {
            Some(Magic::Stream(StreamMethod::Bzip2))
        }
        [0x04, 0x22, 0x4d, 0x18, ..] => Some(Magic::Stream(StreamMethod::Lz4)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Magic::Stream(StreamMethod::Xz)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Magic::Stream(StreamMethod::Zstd)),
        _ if tar::is_header(data) => Some(Magic::Tar),
        [first, second, ..]
            if first & 0x0f == 8
                && first >> 4 <= 7
                && second & 0x20 == 0
                && u16::from_be_bytes([first, second]) % 31 == 0 =>
        {
            Some(Magic::Zlib)
        }
        _ => None,
    }
}

/// Name of a format that is recognised but not opened, for messages.
pub(crate) fn foreign(data: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 15] = [
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07", "a rar archive"),
        (b"\x1f\x9d", "data of compress (.Z)"),
        (b"LZIP", "lzip data"),
        (b"MSCF", "a cabinet archive"),
        (b"!<arch>\n", "an ar archive"),
        (b"Salted__", "data encrypted by openssl, which needs a password"),
        (b"age-encryption.org/", "data encrypted by age, which needs a key"),
        (b"-----BEGIN PGP MESSAGE-----", "data encrypted by PGP, which needs a key"),
        (b"PAR1", "a Parquet file"),
        (b"%PDF-", "a PDF document"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF89a", "a GIF image"),
        (b"SQLite format 3", "an SQLite database"),
    ];
    let known = KNOWN.iter().find(|(signature, _)| data.starts_with(signature));
    known.map(|(_, name)| *name)
}

/// Blanks as JSON has them, which are also those that wrapped base64 has.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// `data` without the blanks before it.
pub(crate) fn trim_start(data: &[u8]) -> &[u8] {
    let blanks = data.iter().take_while(|&&byte| is_blank(byte)).count();
    &data[blanks..]
}

/// `data` without the blanks behind it, nor the NULs and the Ctrl-Z that some tools pad with.
pub(crate) fn trim_end(data: &[u8]) -> &[u8] {
    let pads = data.iter().rev().take_while(|&&byte| is_blank(byte) || matches!(byte, 0 | 0x1a));
    &data[..data.len() - pads.count()]
}

/// Whether `data` begins with the character that an object, an array or a string begins with.
pub(crate) fn opens_json(data: &[u8]) -> bool {
    matches!(trim_start(data).first(), Some(b'{' | b'[' | b'"'))
}

/// Whether `head`, the beginning of something, reads like the beginning of a JSON object, array or
/// string, and not like text that happens to begin with that character.
pub(crate) fn json_begins(head: &[u8]) -> bool {
    let head = trim_start(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head));
    let Some((&first, rest)) = head.split_first() else { return false };
    let after = trim_start(rest).first().copied();
    let plausible = match first {
        b'{' => matches!(after, None | Some(b'"' | b'}')),
        b'[' => matches!(
            after,
            None | Some(b'{' | b'[' | b']' | b'"' | b'-' | b't' | b'f' | b'n' | b'0'..=b'9')
        ),
        b'"' => true,
        _ => false,
    };
    plausible && is_clean_text(head)
}

/// Whether `head` is UTF-8, apart from a character cut at its end, without control characters.
pub(crate) fn is_clean_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.bytes().any(|byte| byte < 0x20 && !is_blank(byte))
}

/// Whether `head` has no control characters but blanks, form feeds, and the marks that some writers put
/// before records and colours. Its encoding does not matter.
pub(crate) fn is_text(head: &[u8]) -> bool {
    !head.iter().any(|&byte| byte < 0x20 && !is_blank(byte) && !matches!(byte, 0x0c | 0x1b | 0x1e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures() {
        assert_eq!(magic(b"PK\x03\x04rest"), Some(Magic::Zip));
        assert_eq!(magic(b"PK\x05\x06"), Some(Magic::Zip));
        assert_eq!(magic(b"\x1f\x8b\x08\x00"), Some(Magic::Gzip));
        assert_eq!(magic(b"\x78\x9c\x01"), Some(Magic::Zlib));
        assert_eq!(magic(b"PK is how it begins"), None);
        assert_eq!(magic(b""), None);
    }

    #[test]
    fn json_is_distinguished_from_text_that_begins_like_it() {
        for yes in ["{\"a", " [1,", "[]", "\u{feff}{}", "\"text", "{"] {
            assert!(json_begins(yes.as_bytes()), "{yes}");
        }
        for no in ["{a", "[INFO] started", "text", "", "{\"a\u{1}"] {
            assert!(!json_begins(no.as_bytes()), "{no}");
        }
    }
}
