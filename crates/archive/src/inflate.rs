//! DEFLATE into a reused buffer, and the two thin wraps around it: gzip and zlib.

use flate2::{Decompress, FlushDecompress, Status};

use crate::budget::Share;
use crate::problem::ProblemKind;

/// Output of one step where data is damaged, in bytes.
const STEP: usize = 32 << 10;

/// What is reserved before the first byte has flowed, at most.
const FIRST_RESERVE: u64 = 1 << 20;
/// The most that DEFLATE can make of one byte (a match of 258 bytes in two bits).
const DEFLATE_RATIO: u64 = 1032;

/// How one compressed stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// Its final block was read.
    Complete,
    /// The input ended first.
    Cut,
    /// The output passed the cap.
    Full,
    /// The stream breaks the rules of DEFLATE, or of the wrap; why.
    Broken(&'static str),
    /// It demands a larger window than a limit allows; which.
    Window(&'static str),
}

/// A DEFLATE decompressor to be reused: its window and tables are allocated once for each worker.
pub(crate) struct Inflater {
    state: Decompress,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { state: Decompress::new(false) }
    }

    /// Appends what `input` inflates to, at most `cap + 1` bytes. Returns how many bytes of `input` were
    /// used. `claim` is the size that the headers say; it only decides the first reservation, later ones
    /// follow the data. What `out` grows by is counted in `share`.
    pub(crate) fn raw(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        claim: u64,
        cap: u64,
        share: &Share<'_>,
    ) -> (usize, StreamEnd) {
        self.stream(false, input, out, claim, cap, share)
    }

    /// A zlib stream (RFC 1950), whose Adler-32 is checked.
    pub(crate) fn zlib(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        cap: u64,
        share: &Share<'_>,
    ) -> (usize, StreamEnd) {
        self.stream(true, input, out, 0, cap, share)
    }

    /// Runs the decompressor alone over a sound stream. `out` must be as long as the output. Returns the
    /// bytes written. For measuring: all else here is built on the same decompressor.
    pub(crate) fn bare(&mut self, input: &[u8], out: &mut [u8]) -> u64 {
        self.state.reset(false);
        // A stream that is not sound shows in the count.
        let _status = self.state.decompress(input, out, FlushDecompress::Finish);
        self.state.total_out()
    }

    fn stream(
        &mut self,
        zlib: bool,
        input: &[u8],
        out: &mut Vec<u8>,
        claim: u64,
        cap: u64,
        share: &Share<'_>,
    ) -> (usize, StreamEnd) {
        self.state.reset(zlib);
        let start = out.len();
        let possible = (input.len() as u64).saturating_mul(DEFLATE_RATIO);
        // Room beyond the claim lets the fast loop of the decompressor run to the very end.
        let first = claim.min(FIRST_RESERVE).min(possible).min(cap).max(1024) as usize + 512;
        share.reserve(out, first);
        let mut used = 0;
        loop {
            if (out.len() - start) as u64 > cap {
                // How far it got depends on the room there was; what is reported and counted must not.
                out.truncate(start + cap as usize + 1);
                return (used, StreamEnd::Full);
            }
            if out.capacity() - out.len() < 64 {
                let grown = (out.len() - start).max(FIRST_RESERVE as usize / 2);
                let room = (cap - (out.len() - start) as u64).saturating_add(512);
                share.reserve(out, grown.min(usize::try_from(room).unwrap_or(usize::MAX)));
            }
            let before = (self.state.total_in(), out.len());
            let status = self.state.decompress_vec(&input[used..], out, FlushDecompress::None);
            used += (self.state.total_in() - before.0) as usize;
            match status {
                Ok(Status::StreamEnd) if (out.len() - start) as u64 > cap => {}
                Ok(Status::StreamEnd) => return (used, StreamEnd::Complete),
                Ok(Status::Ok | Status::BufError) => {
                    let stuck = self.state.total_in() == before.0 && out.len() == before.1;
                    if stuck || (used == input.len() && out.len() < out.capacity()) {
                        return (used, StreamEnd::Cut);
                    }
                }
                Err(_) => return self.damaged(zlib, input, out, start),
            }
        }
    }

    /// Reads damaged data once more, in steps of a fixed size. How far the decompressor gets before it
    /// sees the damage depends on the room it is given, and what is reported must not depend on
    /// what was in the buffers before.
    fn damaged(
        &mut self,
        zlib: bool,
        input: &[u8],
        out: &mut Vec<u8>,
        start: usize,
    ) -> (usize, StreamEnd) {
        self.state.reset(zlib);
        out.truncate(start);
        let mut step = Vec::with_capacity(STEP);
        let mut used = 0;
        loop {
            step.clear();
            let before = self.state.total_in();
            let status =
                self.state.decompress_vec(&input[used..], &mut step, FlushDecompress::None);
            let read = (self.state.total_in() - before) as usize;
            if status.is_err() || (read == 0 && step.is_empty()) {
                return (used, StreamEnd::Broken("the compressed data is damaged"));
            }
            used += read;
            out.extend_from_slice(&step);
        }
    }
}

/// What a gzip file gave.
pub(crate) struct Gunzipped {
    /// The first fault: byte in the gzip data, kind, fault. None for a sound file.
    pub(crate) fault: Option<(u64, ProblemKind, String)>,
    /// The output is whole, as far as its checksums can tell.
    pub(crate) whole: bool,
    /// The output can be used: false when a checksum is wrong or the stream is damaged.
    pub(crate) usable: bool,
}

/// Unpacks all members of a gzip file (RFC 1952) into `out`, one after the other.
pub(crate) fn gunzip(
    inflater: &mut Inflater,
    input: &[u8],
    out: &mut Vec<u8>,
    cap: u64,
    share: &Share<'_>,
) -> Gunzipped {
    let failed = |at: usize, kind, fault: String, usable| Gunzipped {
        fault: Some((at as u64, kind, fault)),
        whole: false,
        usable,
    };
    let mut at = 0;
    loop {
        let Some(header) = gzip_header(&input[at..]) else {
            let fault = format!("gzip header ends after {} bytes", input.len() - at);
            return failed(at, ProblemKind::Truncated, fault, at > 0);
        };
        let body = at + header;
        let start = out.len();
        let left = cap.saturating_sub(start as u64);
        let (used, end) = inflater.raw(&input[body..], out, 4 * input.len() as u64, left, share);
        let stop = body + used;
        match end {
            StreamEnd::Complete => {}
            StreamEnd::Cut => {
                let fault = format!("gzip data ends after {} bytes of output", out.len());
                return failed(stop, ProblemKind::Truncated, fault, true);
            }
            StreamEnd::Full => {
                let fault = format!("inflates past {cap} bytes");
                return failed(body, ProblemKind::TooLarge, fault, false);
            }
            StreamEnd::Broken(why) | StreamEnd::Window(why) => {
                let fault = format!("{why}, {} bytes of output before", out.len());
                return failed(stop, ProblemKind::BadDeflate, fault, false);
            }
        }
        let Some(trailer) = input.get(stop..stop + 8) else {
            let fault = "gzip checksum is cut off".to_owned();
            return failed(stop, ProblemKind::Truncated, fault, true);
        };
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *trailer else {
            return failed(stop, ProblemKind::Truncated, String::new(), false);
        };
        let stated = u32::from_le_bytes([c0, c1, c2, c3]);
        let size = u32::from_le_bytes([s0, s1, s2, s3]);
        let found = crc32fast::hash(&out[start..]);
        if stated != found {
            let fault = format!("CRC-32 is {found:08x}, gzip trailer says {stated:08x}");
            return failed(stop, ProblemKind::CrcMismatch, fault, false);
        }
        if size != (out.len() - start) as u32 {
            let fault = format!("{} bytes, gzip trailer says {size}", out.len() - start);
            return failed(stop + 4, ProblemKind::SizeMismatch, fault, true);
        }
        at = stop + 8;
        let rest = &input[at..];
        if rest.iter().all(|byte| matches!(byte, 0 | b'\n' | b'\r' | b' ')) {
            return Gunzipped { fault: None, whole: true, usable: true };
        }
        if !rest.starts_with(&[0x1f, 0x8b]) {
            let fault = format!("{} bytes after the end of the gzip data", rest.len());
            let fault = Some((at as u64, ProblemKind::SizeMismatch, fault));
            return Gunzipped { fault, whole: true, usable: true };
        }
    }
}

/// Length of a gzip member's header; None when it is cut or none.
fn gzip_header(input: &[u8]) -> Option<usize> {
    let (&[0x1f, 0x8b, 8, flags, ..], 10..) = (input, input.len()) else { return None };
    let mut at = 10;
    if flags & 4 != 0 {
        let length = u16::from_le_bytes([*input.get(at)?, *input.get(at + 1)?]);
        at += 2 + usize::from(length);
    }
    // File name, then comment, both ended by a NUL.
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += memchr::memchr(0, input.get(at..)?)? + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    (at <= input.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn share() -> Share<'static> {
        static BUDGET: std::sync::LazyLock<crate::Budget> =
            std::sync::LazyLock::new(crate::Budget::unlimited);
        BUDGET.share(0)
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(data: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_stream_larger_than_the_first_reserve_comes_whole() {
        let data: Vec<u8> = (0..5_000_000_u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        let packed = deflate(&data);
        let mut out = Vec::new();
        let (used, end) = Inflater::new().raw(&packed, &mut out, 3, u64::MAX, &share());
        assert_eq!((used, end), (packed.len(), StreamEnd::Complete));
        assert!(out == data);
    }

    #[test]
    fn output_stops_at_the_cap_without_large_reservations() {
        let packed = deflate(&vec![0; 50_000_000]);
        let mut out = Vec::new();
        let (_, end) = Inflater::new().raw(&packed, &mut out, u64::MAX, 2_000_000, &share());
        assert_eq!(end, StreamEnd::Full);
        assert!(out.capacity() < 4_000_000, "{}", out.capacity());
    }

    #[test]
    fn output_of_exactly_the_cap_is_complete() {
        let packed = deflate(&vec![7; 3_000_000]);
        let mut out = Vec::new();
        assert_eq!(
            Inflater::new().raw(&packed, &mut out, 9, 3_000_000, &share()).1,
            StreamEnd::Complete
        );
        assert_eq!(out.len(), 3_000_000);
    }

    #[test]
    fn every_cut_of_a_stream_is_recognised() {
        let data = b"some text, some more text, and some more text again".repeat(3);
        let packed = deflate(&data);
        let mut inflater = Inflater::new();
        for end in 0..packed.len() {
            let mut out = Vec::new();
            let (_, ended) = inflater.raw(&packed[..end], &mut out, 0, 10_000, &share());
            assert_eq!(ended, StreamEnd::Cut, "cut at {end}");
            assert!(data.starts_with(&out));
        }
    }

    #[test]
    fn several_gzip_members_are_joined() {
        let mut both = gzip(b"one,");
        both.extend(gzip(b"two"));
        let mut out = Vec::new();
        let result = gunzip(&mut Inflater::new(), &both, &mut out, 1_000, &share());
        assert!(result.fault.is_none() && result.whole);
        assert_eq!(out, b"one,two");
    }

    #[test]
    fn a_wrong_gzip_checksum_makes_the_data_unusable() {
        let mut packed = gzip(b"some text");
        let at = packed.len() - 6;
        packed[at] ^= 1;
        let result = gunzip(&mut Inflater::new(), &packed, &mut Vec::new(), 1_000, &share());
        assert_eq!(result.fault.unwrap().1, ProblemKind::CrcMismatch);
        assert!(!result.usable);
    }

    #[test]
    fn zlib_checks_its_sum() {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"text").unwrap();
        let mut packed = encoder.finish().unwrap();
        let mut out = Vec::new();
        assert_eq!(Inflater::new().zlib(&packed, &mut out, 100, &share()).1, StreamEnd::Complete);
        assert_eq!(out, b"text");
        *packed.last_mut().unwrap() ^= 1;
        assert!(matches!(
            Inflater::new().zlib(&packed, &mut Vec::new(), 100, &share()).1,
            StreamEnd::Broken(_)
        ));
    }
}
