//! The end record (4.3.16, zip64: 4.3.14 and 4.3.15) and the directory (4.3.12) that it points at.

use super::{Zip64, ZipFault, ZipFaults, ZipMember, local, u16_at, u32_at, u64_at};
use crate::problem::{ProblemKind, shown};
use crate::sniff;

const END: &[u8] = b"PK\x05\x06";
const END_FIXED: usize = 22;
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_FIXED: usize = 46;
/// End records looked at; more than the longest comment can hold false ones. Each costs a few reads.
const CANDIDATES: usize = 1 << 16;
/// The longest comment and the end record: how far from the end of the file that may begin (4.3.16).
const TAIL: usize = END_FIXED + 0xffff;

/// The members that the directory lists, in its order.
#[derive(Debug)]
pub(crate) struct MemberList {
    pub(crate) members: Vec<ZipMember>,
    /// Members that were left out because the limit was reached.
    pub(crate) beyond: usize,
    /// Members that were left out because they have no data of their own; faults say why.
    pub(crate) left_out: usize,
    /// The directory breaks off before its end: there may be more members than it lists.
    pub(crate) broken: bool,
    pub(crate) faults: ZipFaults,
}

/// The entry of a directory that has one, as it says.
pub(crate) struct OnlyEntry<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) flags: u16,
    pub(crate) method: u16,
    /// Bytes of the member's data.
    pub(crate) packed: u64,
    /// Where the directory begins.
    pub(crate) directory: u64,
}

/// The one entry of an archive of `bytes` bytes that ends with `tail`, when its member begins where the archive
/// does and nothing stands behind the end record; `None` for all else, also for what only takes more care.
pub(crate) fn only_entry(tail: &[u8], bytes: u64) -> Option<OnlyEntry<'_>> {
    let at = tail.len().checked_sub(END_FIXED)?;
    let end = tail[at..].strip_prefix(END)?;
    // One part, one member in it and in all, and no comment.
    if !end.starts_with(&[0, 0, 0, 0, 1, 0, 1, 0]) || !end.ends_with(&[0, 0]) {
        return None;
    }
    let (size, directory) = (u32_at(end, 8)?, u64::from(u32_at(end, 12)?));
    if directory + u64::from(size) + END_FIXED as u64 != bytes {
        return None;
    }
    let entry = tail.get(at.checked_sub(size as usize)?..at)?;
    let fixed = entry.get(..ENTRY_FIXED).filter(|fixed| fixed.starts_with(ENTRY))?;
    let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(fixed, at).map_or(0, usize::from));
    let (packed, offset) = (u32_at(fixed, 20)?, u32_at(fixed, 42)?);
    let whole = entry.len() == ENTRY_FIXED + name + extra + comment;
    (whole && offset == 0 && packed != u32::MAX).then_some(())?;
    Some(OnlyEntry {
        name: &entry[ENTRY_FIXED..ENTRY_FIXED + name],
        flags: u16_at(fixed, 8)?,
        method: u16_at(fixed, 10)?,
        packed: packed.into(),
        directory,
    })
}

/// Where a directory stands.
struct EndRecord {
    at: usize,
    start: usize,
    /// The first byte behind it: the end record, or the zip64 one.
    stop: usize,
    /// What is to be added to the offsets in it: bytes before the archive.
    base: i64,
    entries: u64,
    /// Bytes of the directory, as claimed.
    size: u64,
    /// The end record counts in 16 bits.
    narrow: bool,
    /// The archive says that it is one part of several.
    split: bool,
}

/// Whether an end record stands near the end of `data`, for archives with something before them.
pub(crate) fn has_end(data: &[u8]) -> bool {
    let tail = &data[data.len().saturating_sub(TAIL)..];
    let found = memchr::memmem::rfind(tail, END).map(|at| data.len() - tail.len() + at);
    // An empty archive must end the file: 22 bytes that are mostly zero are easily found by chance.
    found.is_some_and(|at| {
        let end = candidate(data, at);
        end.is_some_and(|end| end.stop > end.start || at + END_FIXED == data.len())
    })
}

/// Why there is no directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoDirectory {
    /// There is no end record, as in a zip that is cut.
    NoEndRecord,
    /// There is no directory where the end record says, nor before the end record.
    NotFound,
}

/// Reads the directory. At most `limit` members and `faults` faults are listed, the others are counted.
pub(crate) fn read(archive: &[u8], limit: usize, faults: usize) -> Result<MemberList, NoDirectory> {
    let end = find_end(archive)?;
    if end.start == end.stop && archive.starts_with(local::SIGNATURE) {
        return Err(NoDirectory::NotFound);
    }
    let mut listing = MemberList {
        members: Vec::new(),
        beyond: 0,
        left_out: 0,
        broken: false,
        faults: ZipFaults::up_to(faults),
    };
    let mut found = 0_u64;
    let mut unmoved = false;
    let mut at = end.start;
    while let Some((entry, next)) = entry(archive, at, end.stop) {
        found += 1;
        if listing.members.len() >= limit {
            listing.beyond += 1;
        } else if let Some(member) = resolve(archive, &entry, &end, &mut listing.faults) {
            unmoved |= end.base != 0 && member.header as u64 == entry.offset;
            listing.members.push(member);
        } else {
            listing.left_out += usize::from(!entry.member.is_folder(archive));
        }
        at = next;
    }
    listing.broken = at < end.stop && found < end.entries;
    let counted = if end.narrow { found & 0xffff } else { found };
    if counted != end.entries {
        let text = format!("directory has {found} members, the end record says {}", end.entries);
        listing.faults.add(|| fault(None, end.at, ProblemKind::HeaderMismatch, text));
    }
    let length = (at - end.start) as u64;
    if length != end.size {
        let text = format!("directory has {length} bytes, the end record says {}", end.size);
        listing.faults.add(|| fault(None, end.at, ProblemKind::SizeMismatch, text));
    }
    if unmoved {
        let text = format!("directory {} bytes from where the end record says", end.base);
        listing.faults.add(|| fault(None, end.at, ProblemKind::HeaderMismatch, text));
    }
    note_rests(archive, &end, &mut listing);
    if end.split {
        let text = "one part of an archive split over several files".to_owned();
        listing.faults.add(|| fault(None, end.at, ProblemKind::HeaderMismatch, text));
    }
    separate(archive, &mut listing);
    Ok(listing)
}

/// Notes bytes that no member accounts for: a second archive before this one, anything but padding
/// behind it.
fn note_rests(archive: &[u8], end: &EndRecord, listing: &mut MemberList) {
    let first = listing.members.iter().map(|member| member.header).min().unwrap_or(end.start);
    if end.base > 0 && first > 0 && archive.starts_with(local::SIGNATURE) {
        let text = format!("another archive in the {first} bytes before this one is not read");
        listing.faults.add(|| fault(None, 0, ProblemKind::HeaderMismatch, text));
    }
    if first > 0 && sniff::opens_json(archive) {
        let text = format!("{first} bytes of text before the archive are not read");
        listing.faults.add(|| fault(None, 0, ProblemKind::HeaderMismatch, text));
    }
    if end.start == end.stop && end.start > 0 {
        let text = format!("{} bytes before an empty archive are not read", end.start);
        listing.faults.add(|| fault(None, 0, ProblemKind::HeaderMismatch, text));
    }
    let comment = usize::from(u16_at(archive, end.at + 20).unwrap_or_default());
    let behind = end.at + END_FIXED + comment;
    let rest = sniff::trim_end(archive.get(behind..).unwrap_or_default());
    if !rest.is_empty() {
        let text = format!("{} bytes behind the end of the archive are not read", rest.len());
        listing.faults.add(|| fault(None, behind, ProblemKind::SizeMismatch, text));
    }
}

/// Chooses among the end records, last one first: one that points at a directory with members,
/// whose comment ends the file, and whose directory is where it says, in this order. An empty archive is
/// the last choice: it would hide members without a problem.
fn find_end(archive: &[u8]) -> Result<EndRecord, NoDirectory> {
    let mut best: Option<(u32, EndRecord)> = None;
    let mut missing = NoDirectory::NoEndRecord;
    let finder = memchr::memmem::FinderRev::new(END);
    for at in finder.rfind_iter(archive).take(CANDIDATES) {
        if at + END_FIXED <= archive.len() {
            missing = NoDirectory::NotFound;
        }
        let Some(end) = candidate(archive, at) else { continue };
        let comment = usize::from(u16_at(archive, at + 20).unwrap_or_default());
        let exact = at + END_FIXED + comment == archive.len();
        let rank =
            u32::from(end.start < end.stop) * 4 + u32::from(exact) * 2 + u32::from(end.base == 0);
        if best.as_ref().is_none_or(|(other, _)| rank > *other) {
            best = Some((rank, end));
        }
        if rank == 7 {
            break;
        }
    }
    best.map(|(_, end)| end).ok_or(missing)
}

/// The end record at `at`, if a directory stands right before it, or where it says.
fn candidate(archive: &[u8], at: usize) -> Option<EndRecord> {
    archive.get(at..at + END_FIXED)?;
    let entries = u16_at(archive, at + 10)?;
    let (mut size, mut offset) =
        (u64::from(u32_at(archive, at + 12)?), u64::from(u32_at(archive, at + 16)?));
    let disk = u16_at(archive, at + 4)?;
    let split = disk != 0 && disk != u16::MAX;
    let mut end = EndRecord {
        at,
        start: 0,
        stop: at,
        base: 0,
        entries: u64::from(entries),
        size,
        narrow: true,
        split,
    };
    let saturated =
        entries == u16::MAX || size == u64::from(u32::MAX) || offset == u64::from(u32::MAX);
    if let Some(record) = zip64_record(archive, at) {
        end.stop = record;
        end.entries = u64_at(archive, record + 32)?;
        end.narrow = false;
        size = u64_at(archive, record + 40)?;
        end.size = size;
        offset = u64_at(archive, record + 48)?;
    } else if saturated && (size, offset) == (u64::from(u32::MAX), u64::from(u32::MAX)) {
        return None;
    }
    if size == 0 && end.entries == 0 {
        end.start = end.stop;
        return Some(end);
    }
    let stated = usize::try_from(offset).ok().filter(|&start| start < end.stop);
    let before = usize::try_from(size).ok().and_then(|size| end.stop.checked_sub(size));
    let is_entry = |start: &usize| archive[*start..].starts_with(ENTRY);
    // Right before the end record first: what stands at the offset may be another archive's.
    end.start = before.filter(is_entry).or_else(|| stated.filter(is_entry))?;
    end.base = if stated == Some(end.start) {
        0
    } else {
        i64::try_from(end.start).ok()?.checked_sub(i64::try_from(offset).ok()?)?
    };
    Some(end)
}

/// Place of the zip64 end record that the locator before the end record at `at` points at.
fn zip64_record(archive: &[u8], at: usize) -> Option<usize> {
    let locator = at.checked_sub(20)?;
    if !archive[locator..].starts_with(b"PK\x06\x07") {
        return None;
    }
    let is_record =
        |&record: &usize| record + 56 <= locator && archive[record..].starts_with(b"PK\x06\x06");
    let stated = usize::try_from(u64_at(archive, locator + 8)?).ok();
    // With bytes before the archive the offset is wrong; the record usually has its least size.
    stated
        .filter(|&record| record < locator)
        .filter(is_record)
        .or_else(|| locator.checked_sub(56).filter(is_record))
}

/// A directory entry, as it says.
struct DirectoryEntry {
    member: ZipMember,
    offset: u64,
    packed: u64,
    at: usize,
    /// Bytes of its names and fields that would stand behind the directory.
    over: usize,
}

/// The entry at `at`, and where the next one begins. None at the end of the directory.
fn entry(archive: &[u8], at: usize, stop: usize) -> Option<(DirectoryEntry, usize)> {
    let fixed =
        archive.get(at..at.checked_add(ENTRY_FIXED)?).filter(|_| at + ENTRY_FIXED <= stop)?;
    if !fixed.starts_with(ENTRY) {
        return None;
    }
    // Whatever these lengths say, nothing of an entry stands behind the directory.
    let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(fixed, at).map_or(0, usize::from));
    let claimed = at + ENTRY_FIXED + name + extra + comment;
    let name = at + ENTRY_FIXED..(at + ENTRY_FIXED + name).min(stop);
    let extra = archive.get(name.end..(name.end + extra).min(stop))?;
    let mut zip64 = Zip64::find(extra);
    let size = zip64.or(u32_at(fixed, 24)?);
    let packed = zip64.or(u32_at(fixed, 20)?);
    let offset = zip64.or(u32_at(fixed, 42)?);
    let member = ZipMember {
        name,
        header: 0,
        data: 0..0,
        flags: u16_at(fixed, 8)?,
        method: u16_at(fixed, 10)?,
        crc: u32_at(fixed, 16)?,
        size,
        open: false,
        clipped: false,
    };
    let over = claimed.saturating_sub(stop);
    Some((DirectoryEntry { member, offset, packed, at, over }, claimed.min(stop)))
}

/// Finds the data of an entry through its local header, and holds the two against each other.
/// None, with a fault, when there is no data.
fn resolve(
    archive: &[u8],
    entry: &DirectoryEntry,
    end: &EndRecord,
    faults: &mut ZipFaults,
) -> Option<ZipMember> {
    use ProblemKind::{Encrypted, HeaderMismatch, SizeMismatch};
    let mut member = entry.member.clone();
    let named = &entry.member;
    let mut report = |offset: usize, kind: ProblemKind, text: &dyn Fn() -> String| {
        faults.add(|| fault(Some(named.name(archive).into_owned()), offset, kind, text()));
    };
    if entry.over > 0 {
        report(entry.at, HeaderMismatch, &|| {
            format!("its entry runs {} bytes past the end of the directory", entry.over)
        });
    }
    let offset = i64::try_from(entry.offset).ok();
    let header = offset.and_then(|offset| offset.checked_add(end.base));
    let local = [header, offset]
        .into_iter()
        .flatten()
        .find_map(|at| local::read(archive, usize::try_from(at).ok()?));
    let Some(local) = local else {
        report(entry.at, HeaderMismatch, &|| {
            format!("no local header at byte {}, where the directory says", entry.offset)
        });
        return None;
    };
    member.header = local.header;
    // Data that runs into the directory is cut there: what it would read is not data.
    let limit = if local.header < end.start { end.start } else { archive.len() };
    let left = limit.saturating_sub(local.data.start);
    let length = usize::try_from(entry.packed).unwrap_or(usize::MAX);
    if length > left {
        report(entry.at, SizeMismatch, &|| {
            format!("{} packed bytes claimed, {left} are there", entry.packed)
        });
    }
    member.data = local.data.start..local.data.start + length.min(left);
    let mut conflict = |text: &dyn Fn() -> String| report(local.header, HeaderMismatch, text);
    if local.method != member.method {
        conflict(&|| {
            let (here, there) = (method(local.method), method(member.method));
            format!("method {here} in the local header, {there} in the directory")
        });
    }
    if archive.get(local.name.clone()) != archive.get(member.name.clone()) {
        conflict(&|| format!("named \"{}\" in the local header", shown(&local.name(archive))));
    }
    let deferred = local.flags & 8 != 0;
    let packed = entry.packed;
    if let Some(claimed) = local::claimed(archive, &local).filter(|_| !deferred)
        && claimed != packed
    {
        conflict(&|| {
            format!("{claimed} packed bytes in the local header, {packed} in the directory")
        });
    }
    let (crc, size) = (member.crc, member.size);
    if !deferred && local.size != size {
        conflict(&|| format!("{} bytes in the local header, {size} in the directory", local.size));
    }
    let packed = member.data.len() as u64;
    if let Some((sum, there, _)) =
        local::descriptor(archive, member.data.end, packed, size).filter(|_| deferred)
        && (sum, there) != (crc, size)
    {
        conflict(&|| {
            format!(
                "{there} bytes with CRC-32 {sum:08x} behind the data, {size} with {crc:08x} in the directory"
            )
        });
    }
    if local.is_encrypted() && !member.is_encrypted() {
        // Which of the two is right, the checksum shows.
        report(local.header, Encrypted, &|| {
            format!("the local header asks for a password ({})", local.cipher(archive))
        });
    }
    Some(member)
}

fn method(method: u16) -> String {
    format!("{method} ({})", super::method_name(method))
}

/// Makes sure that no byte is unpacked for two members: that is how a small archive becomes terabytes.
/// Members that share a local header, or whose data begins behind the header of the next, are left out;
/// data that would run into the next member ends there.
fn separate(archive: &[u8], listing: &mut MemberList) {
    let MemberList { members, left_out, faults, .. } = listing;
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&i| (members[i].header, i));
    let mut shared = vec![false; members.len()];
    for at in 0..order.len() {
        let header = |place: usize| order.get(place).map(|&i| members[i].header);
        let member = &members[order[at]];
        let own = Some(member.header);
        if header(at + 1) == own || (at > 0 && header(at - 1) == own) {
            shared[order[at]] = true;
            continue;
        }
        let Some(next) = header(at + 1).filter(|&next| next < member.data.end) else { continue };
        if next < member.data.start {
            shared[order[at]] = true;
            continue;
        }
        faults.add(|| {
            let (claimed, left) = (member.data.len(), next - member.data.start);
            let text =
                format!("{claimed} packed bytes claimed, the next member begins after {left}");
            let name = member.name(archive).into_owned();
            fault(Some(name), member.header, ProblemKind::OverlappingMembers, text)
        });
        let member = &mut members[order[at]];
        member.data.end = next;
        member.clipped = true;
    }
    let count = shared.iter().filter(|&&shared| shared).count();
    let Some(first) = shared.iter().position(|&shared| shared) else { return };
    let member = &members[first];
    let text = format!("shares its bytes with others, {count} members in all");
    let name = member.name(archive).into_owned();
    faults.add(|| fault(Some(name), member.header, ProblemKind::OverlappingMembers, text));
    let mut index = 0;
    members.retain(|member| {
        index += 1;
        let shared = shared[index - 1];
        *left_out += usize::from(shared && !member.is_folder(archive));
        !shared
    });
}

fn fault(member: Option<String>, byte: usize, kind: ProblemKind, text: String) -> ZipFault {
    ZipFault { member, byte, kind, text }
}
