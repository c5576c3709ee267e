//! Where reading goes on behind a record that cannot be mended.

use super::RecordStart;

/// The place behind the record of an array that begins at `at`, or of the next record, whichever comes
/// first: what follows a balanced bracket, a line that begins as this record does, or the beginning of
/// this record (`{"id":`) in a place where only a new record can begin. `None` when the text ends before.
///
/// Takes time in proportion to the bytes that are passed.
pub(crate) fn next_sibling(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let start = RecordStart::of(text, at);
    let opener = opener(&bytes[at..]);
    let quote = if opener.get(1) == Some(&b'\'') { b'\'' } else { b'"' };
    let (mut depth, mut here, mut inside) = (0_usize, at, false);
    while let Some(&byte) = bytes.get(here) {
        match byte {
            b'\n' if start.begins_line(text, here + 1) => return Some(here + 1),
            b'{' if here > at
                && (inside || depth <= 1)
                && opener.len() > 2
                && begins_alike(&bytes[here..], opener)
                && matches!(bytes[at..here].trim_ascii_end().last(), Some(b',' | b'}')) =>
            {
                return Some(here);
            }
            b'\\' if inside => here += 1,
            _ if byte == quote => inside = !inside,
            _ if inside => {}
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                if depth == 0 {
                    return Some(here);
                }
                depth -= 1;
                if depth == 0 {
                    return Some(here + 1);
                }
            }
            b',' if depth == 0 => return Some(here),
            _ => {}
        }
        here += 1;
    }
    None
}

/// Whether a text begins with `opener`, in whichever quotes.
fn begins_alike(text: &[u8], opener: &[u8]) -> bool {
    let plain = |byte: u8| if byte == b'\'' { b'"' } else { byte };
    text.len() >= opener.len() && text.iter().zip(opener).all(|(a, b)| plain(*a) == plain(*b))
}

/// The beginning of a record up to the colon behind its first key, at most 64 bytes; empty when it has no
/// quoted key.
fn opener(record: &[u8]) -> &[u8] {
    let head = &record[..record.len().min(64)];
    match head {
        [b'{', b'"' | b'\'', ..] => memchr::memchr(b':', head).map_or(&[], |colon| &head[..=colon]),
        _ => &[],
    }
}
