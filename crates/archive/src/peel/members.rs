//! Members of a zip: unpacked, checked, and peeled in their turn.

use super::{Place, Run};
use crate::inflate::End;
use crate::problem::{ProblemKind, Stage};
use crate::zip::{Member, directory, local, method_name, rare};

/// The archive whose members are being read.
#[derive(Clone, Copy)]
struct Archive<'a> {
    data: &'a [u8],
    place: Place<'a>,
    layers: &'a str,
}

/// What can be used of a member's bytes.
enum Ending {
    /// All of them, if the checksum agrees.
    Whole,
    /// What stands before a cut.
    Part,
    /// Nothing.
    Nothing,
}

/// A member's bytes, or why there are none.
struct Unpacked {
    /// Packed bytes that were used.
    used: usize,
    /// How the data ended.
    end: End,
}

impl Run<'_, '_> {
    /// Takes a zip layer off: every member by the directory, or, when that is gone, every member
    /// whose local header is found.
    pub(super) fn unzip(&mut self, data: &[u8], place: Place<'_>) {
        let Some(layers) = self.deeper(place, "zip", Stage::Zip) else { return };
        self.report.archives += u32::from(place.member.is_some());
        let archive = Archive { data, place, layers: &layers };
        let limit = self.decoder.limits.members.saturating_sub(self.report.members) as usize;
        match directory::read(data, limit, self.decoder.limits.problems as usize) {
            Ok(listing) => {
                self.untold = self.untold.saturating_add(listing.faults.more as u32);
                for fault in &listing.faults.kept {
                    let path = fault.member.as_deref().map(|name| path(place.member, name));
                    let member = path.as_deref().or(place.member);
                    let place = Place { member, ..place };
                    self.problem(place, fault.offset as u64, Stage::Zip, fault.kind, &fault.text);
                }
                for member in &listing.members {
                    self.member(archive, member);
                }
                if listing.broken {
                    let mut known: Vec<_> = listing
                        .members
                        .iter()
                        .map(|member| member.header..member.data.end)
                        .collect();
                    known.sort_by_key(|range| range.start);
                    self.scan(archive, &known, limit.saturating_sub(listing.members.len()));
                }
                let left_out = (listing.beyond + listing.left_out) as u32;
                self.report.members += left_out;
                self.report.unread += left_out;
                if listing.beyond > 0 {
                    self.too_many(place, Some(listing.beyond));
                }
            }
            Err(seen) => {
                let (kind, fault) = if seen {
                    (ProblemKind::HeaderMismatch, "the end record points at no directory")
                } else {
                    (ProblemKind::Truncated, "ends before its directory")
                };
                let fault = format!("{fault}, local headers are scanned");
                self.problem(place, data.len() as u64, Stage::Zip, kind, &fault);
                self.scan(archive, &[], limit);
            }
        }
    }

    /// Reads what local headers are there outside of what is `known`, in order: whole members and the
    /// beginning of the one that is cut.
    fn scan(&mut self, archive: Archive<'_>, known: &[std::ops::Range<usize>], limit: usize) {
        let data = archive.data;
        let mut at = 0;
        let mut found = 0;
        let mut known = known.iter().peekable();
        while let Some(header) = local::find(data, at) {
            if self.stopped {
                return;
            }
            if let Some(member) = known.next_if(|member| member.start <= header) {
                at = at.max(member.end).max(member.start + 4);
                continue;
            }
            let Some(member) = local::read(data, header) else {
                let fault = "a local header is cut off";
                let place = archive.place;
                self.problem(place, header as u64, Stage::Zip, ProblemKind::Truncated, fault);
                at = header + 4;
                continue;
            };
            if found == limit {
                return self.too_many(archive.place, None);
            }
            found += 1;
            at = self.member(archive, &member).max(header + 4);
        }
    }

    /// Reads one member and counts what became of it. Gives the place behind its data.
    fn member(&mut self, archive: Archive<'_>, member: &Member) -> usize {
        if member.is_folder(archive.data) {
            return member.data.end;
        }
        self.report.members += 1;
        if self.stopped {
            self.report.unread += 1;
            return member.data.end;
        }
        let found = |run: &Self| (run.leaves, run.report.archives);
        let told = |run: &Self| run.report.problems.len() + run.untold as usize;
        let before = (found(self), told(self));
        let stop = self.unpack(archive, member);
        if found(self) == before.0 {
            self.report.unread += 1;
            debug_assert!(
                self.peek.is_some() || told(self) > before.1,
                "a member is lost without a word"
            );
        }
        stop
    }

    /// Unpacks one member and goes on with its bytes. Gives the place behind its data.
    fn unpack(&mut self, archive: Archive<'_>, member: &Member) -> usize {
        let path = path(archive.place.member, &member.name(archive.data));
        let place = Place { member: Some(&path), ..archive.place };
        if member.is_encrypted() {
            let at = member.header as u64;
            let fault = format!("needs a password ({})", member.cipher(archive.data));
            self.problem(place, at, Stage::Zip, ProblemKind::Encrypted, &fault);
            return if member.open { member.data.start } else { member.data.end };
        }
        let packed = &archive.data[member.data.clone()];
        if member.method == 0 {
            return self.stored(archive, member, place);
        }
        let mut out = self.take_buffer();
        let cap = self.cap(packed.len() as u64);
        let unpacked = match member.method {
            8 => {
                let (used, end) =
                    self.decoder.inflater.raw(packed, &mut out, member.size, cap, self.share);
                Unpacked { used, end }
            }
            other if rare::knows(other) && !member.open => {
                let end = rare::unpack(member, packed, &mut out, cap, self.share);
                Unpacked { used: packed.len(), end }
            }
            other => {
                let fault = format!("method {other} ({})", method_name(other));
                let kind = ProblemKind::UnsupportedMethod;
                self.problem(place, member.header as u64, Stage::Zip, kind, &fault);
                self.give_back(out);
                return if member.open { member.data.start } else { member.data.end };
            }
        };
        let stop = self.unpacked(archive, member, place, &out, &unpacked);
        self.give_back(out);
        stop
    }

    /// A member that is not compressed: used where it stands, without a copy.
    fn stored(&mut self, archive: Archive<'_>, member: &Member, place: Place<'_>) -> usize {
        let mut range = member.data.clone();
        let mut cut = false;
        if member.open {
            match local::stored_end(archive.data, range.start) {
                Some(end) => range.end = end,
                None => cut = true,
            }
        } else if let Ok(size) = usize::try_from(member.size)
            && size < range.len()
            && crc32fast::hash(&archive.data[range.start..range.start + size]) == member.crc
        {
            // Of two sizes that contradict each other the checksum knows the right one.
            range.end = range.start + size;
        } else {
            cut = range.end == archive.data.len() && (range.len() as u64) < member.size;
        }
        let data = &archive.data[range];
        let full = self.peek.is_none() && data.len() as u64 > self.decoder.limits.member_bytes;
        let end = match (full, cut) {
            (true, _) => End::Full,
            (_, true) => End::Cut,
            _ => End::Complete,
        };
        let unpacked = Unpacked { used: data.len(), end };
        self.unpacked(archive, member, place, data, &unpacked)
    }

    /// Checks unpacked bytes against the headers and peels them. Gives the place behind the data.
    fn unpacked(
        &mut self,
        archive: Archive<'_>,
        member: &Member,
        place: Place<'_>,
        bytes: &[u8],
        unpacked: &Unpacked,
    ) -> usize {
        let start = member.data.start;
        let stop = start + unpacked.used;
        let next = if member.open { stop } else { member.data.end };
        let whole = match self.ended(member, place, bytes, unpacked) {
            Ending::Whole => match self.vouched(archive, member, place, bytes, unpacked) {
                Some((true, next)) => (true, next),
                Some((false, next)) => {
                    self.charge(bytes.len() as u64, place, Stage::Inflate);
                    return next;
                }
                None => (false, next),
            },
            Ending::Part => (false, next),
            Ending::Nothing => {
                // The work is done, so it is paid for, although nothing is kept.
                self.charge(bytes.len() as u64, place, Stage::Inflate);
                return if member.open { start } else { next };
            }
        };
        let (whole, next) = whole;
        if (whole || !bytes.is_empty()) && self.charge(bytes.len() as u64, place, Stage::Inflate) {
            let inside = Place {
                layers: archive.layers,
                depth: place.depth + 1,
                packed: unpacked.used as u64,
                whole,
                ..place
            };
            self.peel(bytes, inside);
        }
        next
    }

    /// Tells how the data of a member ended, and what can be used of it.
    fn ended(
        &mut self,
        member: &Member,
        place: Place<'_>,
        bytes: &[u8],
        unpacked: &Unpacked,
    ) -> Ending {
        let (start, stop) = (member.data.start as u64, (member.data.start + unpacked.used) as u64);
        let stage = Stage::Inflate;
        let (got, size) = (bytes.len(), member.size);
        // All the bytes are there, and only the end mark of the stream is not.
        let all = || !member.open && got as u64 == size && crc32fast::hash(bytes) == member.crc;
        match &unpacked.end {
            End::Complete => Ending::Whole,
            End::Full if self.peek.is_some() => Ending::Part,
            End::Full => {
                let packed = member.data.len() as u64;
                let cap = self.decoder.limits.allowance(packed);
                if cap <= self.left {
                    let limits = &self.decoder.limits;
                    let limit = if cap < limits.member_bytes {
                        format!(", the limit is 1 MiB or {} times", limits.ratio)
                    } else {
                        ", the limit of a member".to_owned()
                    };
                    let fault = format!("inflates past {cap} bytes, from {packed}{limit}");
                    self.problem(place, start, stage, ProblemKind::TooLarge, &fault);
                }
                Ending::Nothing
            }
            End::Cut => {
                let fault = format!("data ends after {got} bytes of output, {size} claimed");
                self.problem(place, stop, stage, ProblemKind::Truncated, &fault);
                match (all(), member.clipped) {
                    (true, _) => Ending::Whole,
                    (false, true) => Ending::Nothing,
                    (false, false) => Ending::Part,
                }
            }
            End::Broken(why) => {
                let fault = format!("{why}, {got} bytes of output before");
                self.problem(place, stop, stage, ProblemKind::BadDeflate, &fault);
                if all() { Ending::Whole } else { Ending::Nothing }
            }
            End::Window(why) => {
                self.problem(place, start, stage, ProblemKind::TooLarge, why);
                Ending::Nothing
            }
        }
    }

    /// Holds whole bytes against the checksum and the sizes of the headers. Whether they are what was
    /// packed, and the place behind the data; None when no checksum is there.
    fn vouched(
        &mut self,
        archive: Archive<'_>,
        member: &Member,
        place: Place<'_>,
        bytes: &[u8],
        unpacked: &Unpacked,
    ) -> Option<(bool, usize)> {
        let start = member.data.start as u64;
        let stop = member.data.start + unpacked.used;
        let stage = Stage::Inflate;
        let (mut crc, mut size, mut next) = (member.crc, member.size, member.data.end);
        if member.open {
            let Some(found) = local::descriptor(archive.data, stop, unpacked.used as u64) else {
                let fault =
                    format!("no checksum follows the data, {} bytes of output", bytes.len());
                self.problem(place, stop as u64, stage, ProblemKind::Truncated, &fault);
                return None;
            };
            (crc, size, next) = (found.0, found.1, stop + found.2);
        }
        if self.peek.is_some() {
            return Some((true, next));
        }
        let (found, length) = (crc32fast::hash(bytes), bytes.len() as u64);
        if found != crc {
            let fault =
                format!("CRC-32 of {length} bytes is {found:08x}, the headers say {crc:08x}");
            self.problem(place, start, stage, ProblemKind::CrcMismatch, &fault);
            return Some((false, next));
        }
        if length != size {
            let fault = format!("{length} bytes, the headers say {size}");
            self.problem(place, start, stage, ProblemKind::SizeMismatch, &fault);
        }
        let rest = member.data.len() - unpacked.used;
        if rest > 0 && !member.open {
            let fault = format!("{rest} packed bytes behind the end of the data");
            self.problem(place, stop as u64, stage, ProblemKind::SizeMismatch, &fault);
        }
        Some((true, next))
    }

    fn too_many(&mut self, place: Place<'_>, beyond: Option<usize>) {
        let limit = self.decoder.limits.members;
        let fault = match beyond {
            Some(beyond) => format!("more than {limit} members, {beyond} are not read"),
            None => format!("more than {limit} members, the rest is not read"),
        };
        self.problem(place, 0, Stage::Zip, ProblemKind::TooManyMembers, &fault);
    }
}

/// Bytes of a member's path, at most. A name may have 65,535, and stands in every row and problem of what
/// the member holds.
const PATH: usize = 1024;

/// Path of a member, behind that of the archive it stands in. In the place of what is too long stands the
/// CRC-32 of the whole, so that members stay apart.
fn path(outer: Option<&str>, name: &str) -> String {
    let mut path = match outer {
        Some(outer) => format!("{outer}/{name}"),
        None => name.to_owned(),
    };
    if path.len() > PATH {
        let rest = format!("...{:08x}", crc32fast::hash(path.as_bytes()));
        path.truncate(path.floor_char_boundary(PATH - rest.len()));
        path.push_str(&rest);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_cut_and_still_one_of_its_own() {
        let long = "ş".repeat(30_000);
        let (one, other) = (path(None, &long), path(None, &format!("{long}x")));
        assert!(one.len() <= PATH && one.starts_with("şşş") && one != other, "{one}");
        assert!(path(Some(&one), &long).len() <= PATH);
        assert_eq!(path(Some("a.zip"), "b"), "a.zip/b");
        assert_eq!(path(None, &"y".repeat(PATH)).len(), PATH);
    }
}
