//! Local file headers (4.3.7) and data descriptors (4.3.9): what is left of an archive whose
//! directory is gone.

use super::{Zip64, ZipMember, u16_at, u32_at, u64_at};

/// `PK\x03\x04`.
pub(crate) const SIGNATURE: &[u8] = b"PK\x03\x04";
/// Bytes before the name.
const FIXED: usize = 30;
/// The sizes and the CRC stand behind the data (4.4.4, bit 3).
const DESCRIPTOR: u16 = 8;

/// The header at `at` as a member; its data ends with the archive at the latest. None when there is
/// no whole header.
pub(crate) fn read(archive: &[u8], at: usize) -> Option<ZipMember> {
    let fixed = archive.get(at..at.checked_add(FIXED)?)?;
    if !fixed.starts_with(SIGNATURE) {
        return None;
    }
    let flags = u16_at(fixed, 6)?;
    let name = at + FIXED..at + FIXED + usize::from(u16_at(fixed, 26)?);
    let start = name.end + usize::from(u16_at(fixed, 28)?);
    let extra = archive.get(name.end..start)?;
    let mut zip64 = Zip64::find(extra);
    let size = zip64.or(u32_at(fixed, 22)?);
    let packed = zip64.or(u32_at(fixed, 18)?);
    let crc = u32_at(fixed, 14)?;
    // Some writers set the bit and fill the header in afterwards.
    let open = flags & DESCRIPTOR != 0 && packed == 0;
    let left = archive.len() - start;
    let length = usize::try_from(packed).unwrap_or(usize::MAX);
    let length = if open { left } else { length.min(left) };
    Some(ZipMember {
        name,
        header: at,
        data: start..start + length,
        flags,
        method: u16_at(fixed, 8)?,
        crc,
        size,
        open,
        clipped: false,
    })
}

/// Bytes of packed data that the header at `at` claims; None when it leaves them to a descriptor.
pub(crate) fn claimed(archive: &[u8], member: &ZipMember) -> Option<u64> {
    let extra = archive.get(member.name.end..member.data.start)?;
    let mut zip64 = Zip64::find(extra);
    zip64.or(u32_at(archive, member.header + 22)?);
    (!member.open).then_some(zip64.or(u32_at(archive, member.header + 18)?))
}

/// Place of the next local header at or after `from`.
pub(crate) fn find(archive: &[u8], from: usize) -> Option<usize> {
    let rest = archive.get(from..)?;
    memchr::memmem::find(rest, SIGNATURE).map(|at| from + at)
}

/// The CRC and the unpacked size in the descriptor behind the data, and the descriptor's length.
///
/// Signature and width are both optional in the wild, so all four forms are tried; the right one
/// is that which knows how many packed bytes stand before it, and how many they become. Of a small member
/// the narrow form fits the wide one too, with 0 as its size, so `unpacked` decides.
pub(crate) fn descriptor(
    archive: &[u8],
    at: usize,
    packed: u64,
    unpacked: u64,
) -> Option<(u32, u64, usize)> {
    let signature = if archive.get(at..)?.starts_with(b"PK\x07\x08") { 4 } else { 0 };
    let mut fits = None;
    for start in [signature, 0] {
        let Some(crc) = u32_at(archive, at + start) else { continue };
        let narrow = u32_at(archive, at + start + 4).map(u64::from).filter(|&it| it == packed);
        let narrow = narrow.and_then(|_| u32_at(archive, at + start + 8)).map(u64::from);
        let wide = u64_at(archive, at + start + 4).filter(|&it| it == packed);
        let wide = wide.and_then(|_| u64_at(archive, at + start + 12));
        for (size, length) in [(narrow, start + 12), (wide, start + 20)] {
            let Some(size) = size else { continue };
            // Nothing unpacked has eight more bytes of zeros in the wide form.
            let zeros = unpacked == 0 && length == start + 12 && wide == Some(0);
            if size == unpacked && !zeros {
                return Some((crc, size, length));
            }
            fits = fits.or(Some((crc, size, length)));
        }
    }
    fits
}

/// Where the data of an open, stored member ends: before a descriptor that fits it.
pub(crate) fn stored_end(archive: &[u8], start: usize) -> Option<usize> {
    // Without the signature a descriptor is just 12 bytes; then the next header is what ends it.
    memchr::memmem::find_iter(archive.get(start..)?, b"PK\x07\x08")
        .take(1024)
        .find(|&length| descriptor(archive, start + length, length as u64, length as u64).is_some())
        .map(|length| start + length)
}
