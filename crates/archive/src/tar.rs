//! The structure of a tar archive (POSIX.1-2008, `pax`; the older `ustar` and `v7`; GNU's long names).

use std::ops::Range;

/// Bytes of a header, and of the blocks that data fills.
const BLOCK: usize = 512;

/// A file in a tar archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TarMember {
    pub(crate) name: String,
    /// Place of its header.
    pub(crate) header: usize,
    /// Its bytes; they end with the archive at the latest.
    pub(crate) data: Range<usize>,
    /// Its size, as claimed.
    pub(crate) size: u64,
}

/// What was found at a place of the archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TarEntry {
    File(TarMember),
    /// Bytes that are no header; the next header stands at the end of them, or the archive ends.
    Damaged(Range<usize>),
}

/// Whether a header begins here: its checksum is right.
pub(crate) fn is_header(data: &[u8]) -> bool {
    let Some(header) = data.get(..BLOCK) else { return false };
    // A quick look before the sum.
    if header[0] == 0
        || !(header[148..155].iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0)))
    {
        return false;
    }
    let sum = header.iter().map(|&byte| u64::from(byte)).sum::<u64>()
        - header[148..156].iter().map(|&byte| u64::from(byte)).sum::<u64>()
        + 8 * u64::from(b' ');
    number(&header[148..156]) == Some(sum)
}

/// The entries of an archive, in order: folders, links and devices are left out.
pub(crate) fn entries(data: &[u8]) -> impl Iterator<Item = TarEntry> {
    let mut at = 0_usize;
    let mut long: Option<String> = None;
    std::iter::from_fn(move || {
        loop {
            let header = data.get(at..at.checked_add(BLOCK)?)?;
            if header.iter().all(|&byte| byte == 0) {
                at += BLOCK;
                continue;
            }
            if !is_header(header) {
                let from = at;
                while at + BLOCK <= data.len() && !is_header(&data[at..]) {
                    at += BLOCK;
                }
                let end = if at + BLOCK <= data.len() { at } else { data.len() };
                at = end;
                return Some(TarEntry::Damaged(from..end));
            }
            let size = number(&header[124..136]).unwrap_or_default();
            let start = at + BLOCK;
            let length = usize::try_from(size).unwrap_or(usize::MAX).min(data.len() - start);
            let body = start..start + length;
            let place = at;
            at = start.saturating_add(length.next_multiple_of(BLOCK)).min(data.len());
            match header[156] {
                b'L' => long = Some(text(&data[body])),
                b'x' => long = pax_path(&data[body]).or(long.take()),
                0 | b'0' | b'7' => {
                    let name = long.take().unwrap_or_else(|| name(header));
                    if header[156] == 0 && name.ends_with('/') {
                        continue;
                    }
                    return Some(TarEntry::File(TarMember {
                        name,
                        header: place,
                        data: body,
                        size,
                    }));
                }
                b'K' | b'g' => {}
                _ => long = None,
            }
        }
    })
}

/// The name in a header, with its prefix.
fn name(header: &[u8]) -> String {
    let name = text(&header[..100]);
    let prefix =
        if &header[257..263] == b"ustar\0" { text(&header[345..500]) } else { String::new() };
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

/// The text of a field, up to its NUL.
fn text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// A number of a header: octal digits, or binary with the highest bit set (GNU).
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let low = field.get(field.len().checked_sub(8)?..)?;
        return Some(u64::from_be_bytes(low.try_into().ok()?) & (u64::MAX >> 1));
    }
    let digits = field.iter().skip_while(|&&byte| byte == b' ');
    let digits = digits.take_while(|byte| matches!(byte, b'0'..=b'7'));
    digits
        .copied()
        .try_fold(0_u64, |sum, digit| sum.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

/// The `path` among the records of a pax header: length, key, value, each ended by a line feed.
fn pax_path(records: &[u8]) -> Option<String> {
    let mut rest = records;
    let mut path = None;
    while let Some(space) = memchr::memchr(b' ', rest) {
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length)?;
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(text(value.strip_suffix(b"\n").unwrap_or(value)));
        }
        rest = &rest[length..];
    }
    path
}
