//! Methods that few writers use, undone by the `zip` crate.

use std::io::{self, Read as _};

use super::Member;
use crate::inflate::End;

/// Whether [`unpack`] knows the method: deflate64 and bzip2.
pub(crate) fn knows(method: u16) -> bool {
    matches!(method, 9 | 12)
}

/// Appends what `packed` unpacks to, at most a little more than `cap` bytes.
///
/// The crate reads archives, not bare streams, so it gets one: a local header made here, of which
/// it needs the method, the sizes and the checksum, and then the data.
pub(crate) fn unpack(member: &Member, packed: &[u8], out: &mut Vec<u8>, cap: u64) -> End {
    let Ok(length) = u32::try_from(packed.len()) else {
        return End::Broken("more than 4 GiB of this method are not supported");
    };
    // A size past 32 bits is saturated; the crate counts what flows and so do we.
    let size = u32::try_from(member.size).unwrap_or(u32::MAX - 1);
    let mut header = Vec::with_capacity(32);
    header.extend_from_slice(super::local::SIGNATURE);
    for value in [46, 0, member.method, 0, 0x21] {
        header.extend_from_slice(&value.to_le_bytes());
    }
    for value in [member.crc, length, size] {
        header.extend_from_slice(&value.to_le_bytes());
    }
    header.extend_from_slice(&[1, 0, 0, 0, b'x']);
    let mut archive = header.as_slice().chain(packed);
    let result = match ::zip::read::read_zipfile_from_stream(&mut archive) {
        Ok(Some(file)) => file.take(cap.saturating_add(1)).read_to_end(out),
        Ok(None) | Err(_) => return End::Broken("the data cannot be opened"),
    };
    match result {
        _ if out.len() as u64 > cap => End::Full,
        Ok(_) => End::Complete,
        // A wrong checksum is an error of the crate too; the caller finds it again, with numbers.
        Err(_) if out.len() as u64 == member.size => End::Complete,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => End::Cut,
        Err(_) => End::Broken("the compressed data is damaged"),
    }
}
