//! Members of a zip: unpacked, checked, and decoded further.

use super::{DecodeRun, LayerPlace};
use crate::inflate::StreamEnd;
use crate::limits::Method;
use crate::problem::{ProblemKind, Stage};
use crate::zip::directory::{self, NoDirectory};
use crate::zip::{ZipMember, local, method_name, rare};

/// The archive whose members are being read.
#[derive(Clone, Copy)]
struct Archive<'a> {
    data: &'a [u8],
    place: LayerPlace<'a>,
    layers: &'a str,
}

/// What can be used of a member's bytes.
enum Usable {
    /// All of them, if the checksum agrees.
    All,
    /// What stands before a cut.
    BeforeCut,
    /// Nothing.
    Nothing,
}

/// How much of a member's data was unpacked.
struct UnpackedData {
    /// Packed bytes that were used.
    used: usize,
    /// How the data ended.
    end: StreamEnd,
}

impl DecodeRun<'_, '_> {
    /// Takes a zip layer off: every member by the directory, or, when that is gone, every member
    /// whose local header is found.
    pub(super) fn unzip(&mut self, data: &[u8], place: LayerPlace<'_>) {
        let Some(layers) = self.deeper(place, "zip", Stage::Zip) else { return };
        self.decoded.archives += u32::from(place.member.is_some());
        let archive = Archive { data, place, layers: &layers };
        let limit = self.decoder.limits.members.saturating_sub(self.decoded.members) as usize;
        match directory::read(data, limit, self.decoder.limits.problems as usize) {
            Ok(listing) => {
                self.unreported = self.unreported.saturating_add(listing.faults.more as u32);
                for fault in &listing.faults.kept {
                    let path = fault.member.as_deref().map(|name| path(place.member, name));
                    let member = path.as_deref().or(place.member);
                    let place = LayerPlace { member, ..place };
                    self.problem(place, fault.byte as u64, Stage::Zip, fault.kind, &fault.text);
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
                self.decoded.members += left_out;
                self.decoded.unread += left_out;
                if listing.beyond > 0 {
                    self.too_many(place, Some(listing.beyond));
                }
            }
            Err(missing) => {
                let (kind, fault) = match missing {
                    NoDirectory::NotFound => {
                        (ProblemKind::HeaderMismatch, "the end record points at no directory")
                    }
                    NoDirectory::NoEndRecord => {
                        (ProblemKind::Truncated, "ends before its directory")
                    }
                };
                let fault = format!("{fault}, local headers are scanned");
                self.problem(place, data.len() as u64, Stage::Zip, kind, &fault);
                self.scan(archive, &[], limit);
            }
        }
    }

    /// Reads the members whose local headers are found outside of the `known` places, in order: whole
    /// members, and the beginning of one that is cut.
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

    /// Reads one member and counts it. Returns the place behind its data.
    fn member(&mut self, archive: Archive<'_>, member: &ZipMember) -> usize {
        if member.is_folder(archive.data) {
            return member.data.end;
        }
        let mut stop = member.data.end;
        self.one_member(|run| stop = run.unpack(archive, member));
        stop
    }

    /// Counts a member, and reads it by `read` unless a limit of the file is exceeded.
    pub(super) fn one_member(&mut self, read: impl FnOnce(&mut Self)) {
        self.decoded.members += 1;
        if self.stopped {
            self.decoded.unread += 1;
            return;
        }
        let given = |run: &Self| (run.leaves, run.decoded.archives);
        let reported = |run: &Self| run.decoded.problems.len() + run.unreported as usize;
        let before = (given(self), reported(self));
        read(self);
        if given(self) == before.0 {
            self.decoded.unread += 1;
            debug_assert!(
                self.peek.is_some() || reported(self) > before.1,
                "a member that is not read has a problem"
            );
        }
    }

    /// Unpacks one member and decodes its bytes further. Returns the place behind its data.
    fn unpack(&mut self, archive: Archive<'_>, member: &ZipMember) -> usize {
        let path = path(archive.place.member, &member.name(archive.data));
        let place = LayerPlace { member: Some(&path), ..archive.place };
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
        let method = method_of(member);
        let cap = self.cap(packed.len() as u64, method);
        let unpacked = match member.method {
            8 => {
                let (used, end) =
                    self.decoder.inflater.raw(packed, &mut out, member.size, cap, self.share);
                UnpackedData { used, end }
            }
            other if rare::knows(other) && !member.open => {
                let end = rare::unpack(member, packed, &mut out, cap, self.share);
                UnpackedData { used: packed.len(), end }
            }
            other => {
                let fault = format!("method {other} ({})", method_name(other));
                let kind = ProblemKind::UnsupportedMethod;
                self.problem(place, member.header as u64, Stage::Zip, kind, &fault);
                self.recycle(out);
                return if member.open { member.data.start } else { member.data.end };
            }
        };
        self.keep_beginning(&mut out, packed.len() as u64, method, &unpacked.end);
        let stop = self.unpacked(archive, member, place, &out, &unpacked);
        self.recycle(out);
        stop
    }

    /// A member that is not compressed: used where it stands, without a copy.
    fn stored(&mut self, archive: Archive<'_>, member: &ZipMember, place: LayerPlace<'_>) -> usize {
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
            (true, _) => StreamEnd::Full,
            (_, true) => StreamEnd::Cut,
            _ => StreamEnd::Complete,
        };
        let unpacked = UnpackedData { used: data.len(), end };
        let most = usize::try_from(self.decoder.limits.member_bytes).unwrap_or(usize::MAX);
        let data = if full { &data[..most] } else { data };
        self.unpacked(archive, member, place, data, &unpacked)
    }

    /// Checks unpacked bytes against the headers and peels them. Gives the place behind the data.
    fn unpacked(
        &mut self,
        archive: Archive<'_>,
        member: &ZipMember,
        place: LayerPlace<'_>,
        bytes: &[u8],
        unpacked: &UnpackedData,
    ) -> usize {
        let start = member.data.start;
        let stop = start + unpacked.used;
        let next = if member.open { stop } else { member.data.end };
        let whole = match self.usable(member, place, bytes, unpacked) {
            Usable::All => match self.verify(archive, member, place, bytes, unpacked) {
                Some((true, next)) => (true, next),
                Some((false, next)) => {
                    self.charge(bytes.len() as u64, place, Stage::Inflate);
                    return next;
                }
                None => (false, next),
            },
            Usable::BeforeCut => (false, next),
            Usable::Nothing => {
                // Unpacking was work, so it counts against the limit, although nothing is used.
                self.charge(bytes.len() as u64, place, Stage::Inflate);
                return if member.open { start } else { next };
            }
        };
        let (whole, next) = whole;
        if (whole || !bytes.is_empty()) && self.charge(bytes.len() as u64, place, Stage::Inflate) {
            let inside = LayerPlace {
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

    /// Reports how the data of a member ended. Returns what can be used of it.
    fn usable(
        &mut self,
        member: &ZipMember,
        place: LayerPlace<'_>,
        bytes: &[u8],
        unpacked: &UnpackedData,
    ) -> Usable {
        let (start, stop) = (member.data.start as u64, (member.data.start + unpacked.used) as u64);
        let stage = Stage::Inflate;
        let (got, size) = (bytes.len(), member.size);
        // All the bytes are there, and only the end mark of the stream is not.
        let all = || !member.open && got as u64 == size && crc32fast::hash(bytes) == member.crc;
        match &unpacked.end {
            StreamEnd::Complete => Usable::All,
            StreamEnd::Full if self.peek.is_some() => Usable::BeforeCut,
            StreamEnd::Full => {
                let packed = member.data.len() as u64;
                let method = method_of(member);
                let cap = self.decoder.limits.allowance(packed, method);
                // Else the limit of the whole file is exceeded, which is reported as that.
                if got as u64 <= self.left {
                    let limit = self.decoder.limits.exceeded(packed, method);
                    let fault = format!("inflates past {cap} bytes, from {packed}; {limit}");
                    self.problem(place, start, stage, ProblemKind::TooLarge, &fault);
                }
                if member.clipped { Usable::Nothing } else { Usable::BeforeCut }
            }
            StreamEnd::Cut => {
                let fault = format!("data ends after {got} bytes of output, {size} claimed");
                self.problem(place, stop, stage, ProblemKind::Truncated, &fault);
                match (all(), member.clipped) {
                    (true, _) => Usable::All,
                    (false, true) => Usable::Nothing,
                    (false, false) => Usable::BeforeCut,
                }
            }
            StreamEnd::Broken(why) => {
                let fault = format!("{why}, {got} bytes of output before");
                self.problem(place, stop, stage, ProblemKind::BadDeflate, &fault);
                if all() { Usable::All } else { Usable::Nothing }
            }
            StreamEnd::Window(why) => {
                self.problem(place, start, stage, ProblemKind::TooLarge, why);
                Usable::Nothing
            }
        }
    }

    /// Checks whole bytes against the checksum and the sizes in the headers. Returns whether the checksum
    /// is right, and the place behind the data; None when there is no checksum.
    fn verify(
        &mut self,
        archive: Archive<'_>,
        member: &ZipMember,
        place: LayerPlace<'_>,
        bytes: &[u8],
        unpacked: &UnpackedData,
    ) -> Option<(bool, usize)> {
        let start = member.data.start as u64;
        let stop = member.data.start + unpacked.used;
        let stage = Stage::Inflate;
        let (mut crc, mut size, mut next) = (member.crc, member.size, member.data.end);
        if member.open {
            let Some(found) =
                local::descriptor(archive.data, stop, unpacked.used as u64, bytes.len() as u64)
            else {
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

    /// Cuts output that exceeds the limit of its layer to what is used of it; all of it counts as work. Output that
    /// ended at the limit of the whole file is left, so that this limit is seen to be exceeded.
    pub(super) fn keep_beginning(
        &mut self,
        out: &mut Vec<u8>,
        packed: u64,
        method: Method,
        end: &StreamEnd,
    ) {
        let limits = &self.decoder.limits;
        let allowance = limits.allowance(packed, method);
        if *end == StreamEnd::Full && self.peek.is_none() && out.len() as u64 > allowance {
            let kept = limits.kept(packed, method);
            self.left = self.left.saturating_sub(allowance - kept);
            out.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        }
    }

    pub(super) fn too_many(&mut self, place: LayerPlace<'_>, beyond: Option<usize>) {
        let limit = self.decoder.limits.members;
        let fault = match beyond {
            Some(beyond) => format!("more than {limit} members, {beyond} are not read"),
            None => format!("more than {limit} members, the rest is not read"),
        };
        self.problem(place, 0, Stage::Zip, ProblemKind::TooManyMembers, &fault);
    }
}

/// How a member is compressed.
fn method_of(member: &ZipMember) -> Method {
    if member.method == 8 { Method::Deflate } else { Method::Other }
}

/// Bytes of a member's path, at most. A name may have 65,535, and is repeated in every row and problem of
/// what the member holds.
const PATH: usize = 1024;

/// Path of a member: its name behind the path of the archive it is in. Of a path that is too long the end
/// is replaced by the CRC-32 of the whole, so that paths stay different.
pub(super) fn path(outer: Option<&str>, name: &str) -> String {
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
    fn a_long_path_is_cut_and_stays_different_from_others() {
        let long = "ş".repeat(30_000);
        let (one, other) = (path(None, &long), path(None, &format!("{long}x")));
        assert!(one.len() <= PATH && one.starts_with("şşş") && one != other, "{one}");
        assert!(path(Some(&one), &long).len() <= PATH);
        assert_eq!(path(Some("a.zip"), "b"), "a.zip/b");
        assert_eq!(path(None, &"y".repeat(PATH)).len(), PATH);
    }
}
