//! What quoted texts are, and where quotes close.

use crate::bytes::{DIGIT, LETTER, is};

/// A quoted text of more words than this is a sentence and is scanned.
pub(crate) const QUOTED_WORDS: usize = 4;
/// A quoted text longer than this is scanned, too. In bytes.
pub(crate) const QUOTED_BYTES: usize = 80;

/// Letters, joined by dots, `_`, `-` or `/`: how fields are named, and few values are.
pub(crate) fn is_field_name(content: &[u8]) -> bool {
    content.len() <= QUOTED_BYTES
        && content.iter().all(|&byte| is(byte, LETTER) || matches!(byte, b'_' | b'-' | b'.' | b'/'))
}

/// Words before a quoted name that make it the name of a field.
pub(crate) fn is_field_noun(word: &[u8]) -> bool {
    const NOUNS: [&[u8]; 15] = [
        b"field",
        b"fields",
        b"attribute",
        b"attributes",
        b"parameter",
        b"parameters",
        b"property",
        b"column",
        b"argument",
        b"element",
        b"alan",
        "alanı".as_bytes(),
        b"parametre",
        b"parametresi",
        b"kolon",
    ];
    NOUNS.iter().any(|noun| noun.eq_ignore_ascii_case(word))
}

/// Whether the value of a key explains the error. Ids in the value are masked all the same.
pub(crate) fn is_explaining_key(key: &[u8]) -> bool {
    const PARTS: [&[u8]; 14] = [
        b"message",
        b"msg",
        b"error",
        b"detail",
        b"reason",
        b"desc",
        b"title",
        b"fault",
        b"exception",
        b"type",
        b"code",
        b"hata",
        b"mesaj",
        b"aciklama",
    ];
    PARTS.iter().any(|part| key.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part)))
}

/// Where the quote closes; `'` closes only where no letter follows, so that `can't` opens none.
pub(crate) fn closing(inner: &[u8], quote: u8) -> Option<usize> {
    let mut from = 0;
    while let Some(len) = memchr::memchr(quote, &inner[from..]) {
        let at = from + len;
        let escaped = at > 0 && inner[at - 1] == b'\\';
        let inside =
            quote == b'\'' && inner.get(at + 1).is_some_and(|&byte| is(byte, LETTER | DIGIT));
        if !escaped && !inside {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// The method of a request line: `GET /orders HTTP/1.1`.
pub(crate) fn request_method(content: &[u8]) -> Option<&[u8]> {
    let len = memchr::memchr(b' ', content)?;
    let method = &content[..len];
    matches!(method, b"GET" | b"POST" | b"PUT" | b"PATCH" | b"DELETE" | b"HEAD" | b"OPTIONS")
        .then_some(method)
}
