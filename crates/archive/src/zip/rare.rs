//! Compression methods that few writers use, each undone by a crate of its own.
//!
//! Most of them keep a window of their output, as large as their header says. The header is not believed:
//! the window is at most as large as the member may be, and is counted in the budget before it is
//! allocated.

use std::io::{self, Read};

use bzip2::bufread::{BzDecoder, MultiBzDecoder};
use deflate64::Deflate64Decoder;
use lzma_rust2::{LzmaReader, XzReader};

use super::ZipMember;
use crate::budget::Share;
use crate::inflate::StreamEnd;
use crate::sniff::StreamMethod;

/// Bytes asked for at a time.
const STEP: usize = 1 << 16;
/// The window that every zstd decoder should allow (RFC 8878, 3.1.1.1.2), as a power of two: writers
/// that do not know the size beforehand demand it for little data too.
const ZSTD_LEAST: u32 = 23;
/// The largest window that the zstd program itself allows by default, as a power of two.
const ZSTD_MOST: u32 = 27;
/// What the decoder of bzip2 needs, in bytes: blocks have at most 900 kB.
const BZIP2: u64 = 4 << 20;
/// What the decoder of lz4 needs, in bytes: two blocks of at most 4 MiB, and what they look back at.
const LZ4: u64 = 9 << 20;
/// What the decoder of deflate64 needs, in bytes: it looks back at most 64 KiB.
const DEFLATE64: u64 = 1 << 20;
/// The fault of a stream that breaks the rules of its method.
const DAMAGED: &str = "the compressed data is damaged";

/// Whether [`unpack`] knows the method: deflate64, bzip2, lzma, zstd and xz.
pub(crate) fn knows(method: u16) -> bool {
    matches!(method, 9 | 12 | 14 | 93 | 95)
}

/// Appends what `packed` unpacks to, at most a little more than `cap` bytes. The memory of the decoder and
/// of `out` is counted in `share`. For the methods that [`knows`] names.
pub(crate) fn unpack(
    member: &ZipMember,
    packed: &[u8],
    out: &mut Vec<u8>,
    cap: u64,
    share: &Share<'_>,
) -> StreamEnd {
    match member.method {
        12 => within(BZIP2, share, || {
            read_all(&mut BzDecoder::new(packed), out, member.size, cap, share)
        }),
        14 => lzma(member, packed, out, cap, share),
        93 => zstd(packed, out, member.size, cap, share),
        95 => within(cap, share, || {
            read_all(&mut XzReader::new(packed, true), out, member.size, cap, share)
        }),
        _ => deflate64(member, packed, out, cap, share),
    }
}

/// Appends what the file `packed` of the compression program unpacks to, one stream or several, at most a
/// little more than `cap` bytes.
pub(crate) fn unpack_file(
    method: StreamMethod,
    packed: &[u8],
    out: &mut Vec<u8>,
    cap: u64,
    share: &Share<'_>,
) -> StreamEnd {
    match method {
        StreamMethod::Bzip2 => {
            within(BZIP2, share, || read_all(&mut MultiBzDecoder::new(packed), out, 0, cap, share))
        }
        StreamMethod::Lz4 => within(LZ4, share, || {
            let mut reader = lz4_flex::frame::FrameDecoder::new(packed);
            match read_all(&mut reader, out, 0, cap, share) {
                // The decoder takes a frame that it cannot read for an empty one.
                StreamEnd::Complete if out.is_empty() => StreamEnd::Broken(DAMAGED),
                end => end,
            }
        }),
        StreamMethod::Xz => {
            within(cap, share, || read_all(&mut XzReader::new(packed, true), out, 0, cap, share))
        }
        StreamMethod::Zstd => zstd(packed, out, 0, cap, share),
    }
}

/// LZMA behind a version, the length of its properties, and the properties (APPNOTE 5.8.8).
fn lzma(
    member: &ZipMember,
    packed: &[u8],
    out: &mut Vec<u8>,
    cap: u64,
    share: &Share<'_>,
) -> StreamEnd {
    let [_, _, 5, 0, properties, d0, d1, d2, d3, data @ ..] = packed else {
        return if packed.len() < 9 {
            StreamEnd::Cut
        } else {
            StreamEnd::Broken("no LZMA properties")
        };
    };
    // More than the output can never be looked back at.
    let window = u64::from(u32::from_le_bytes([*d0, *d1, *d2, *d3])).min(cap.max(4096)) as u32;
    // Bit 1: the data says itself where it ends (4.4.4).
    let size = if member.flags & 2 == 0 { member.size } else { u64::MAX };
    within(window.into(), share, || {
        match LzmaReader::new_with_props(data, size, *properties, window, None) {
            Ok(mut reader) => read_all(&mut reader, out, member.size, cap, share),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => StreamEnd::Cut,
            Err(_) => StreamEnd::Broken("the LZMA properties are not valid"),
        }
    })
}

/// Zstandard, one frame or several. A window beyond what the member may become is refused by the
/// decoder before it reserves it.
fn zstd(packed: &[u8], out: &mut Vec<u8>, claim: u64, cap: u64, share: &Share<'_>) -> StreamEnd {
    let window = cap.max(1).ilog2().clamp(ZSTD_LEAST, ZSTD_MOST);
    if zstd_window(packed).is_some_and(|bytes| bytes > 1 << window) {
        return StreamEnd::Window(
            "asks for a larger window than the member may become, or than 128 MiB",
        );
    }
    within(1 << window, share, || {
        let reader = ::zstd::stream::read::Decoder::with_buffer(packed).and_then(|mut reader| {
            reader.window_log_max(window)?;
            Ok(reader)
        });
        match reader {
            Ok(mut reader) => read_all(&mut reader, out, claim, cap, share),
            Err(_) => StreamEnd::Broken("the decoder could not be set up"),
        }
    })
}

/// The window that the first frame demands, in bytes (RFC 8878, 3.1.1.1).
fn zstd_window(packed: &[u8]) -> Option<u64> {
    let [0x28, 0xb5, 0x2f, 0xfd, descriptor, rest @ ..] = packed else { return None };
    if descriptor & 0x20 == 0 {
        let window = *rest.first()?;
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // All of the frame is one segment, so its size is the window.
    let size = rest.get([0, 1, 2, 4][usize::from(descriptor & 3)]..)?;
    Some(match descriptor >> 6 {
        0 => u64::from(*size.first()?),
        1 => u64::from(super::u16_at(size, 0)?) + 256,
        2 => u64::from(super::u32_at(size, 0)?),
        _ => super::u64_at(size, 0)?,
    })
}

/// Deflate64 (APPNOTE 5.6), whose decoder takes the end of the data for the end of the stream.
fn deflate64(
    member: &ZipMember,
    packed: &[u8],
    out: &mut Vec<u8>,
    cap: u64,
    share: &Share<'_>,
) -> StreamEnd {
    within(DEFLATE64, share, || {
        let end =
            read_all(&mut Deflate64Decoder::with_buffer(packed), out, member.size, cap, share);
        let short = end == StreamEnd::Complete && (out.len() as u64) < member.size;
        if short && crc32fast::hash(out) != member.crc {
            return StreamEnd::Broken(DAMAGED);
        }
        end
    })
}

/// Runs `work` with `bytes` counted in `share` for its duration.
fn within(bytes: u64, share: &Share<'_>, work: impl FnOnce() -> StreamEnd) -> StreamEnd {
    share.take(bytes);
    let end = work();
    share.release(bytes);
    end
}

/// Appends what `reader` gives, step by step, until its end or a little more than `cap` bytes. The steps
/// do not depend on the room in `out`, since how much comes before an error depends on them; and they
/// end at the claimed size, so that a stream without its end mark loses nothing.
fn read_all(
    reader: &mut impl Read,
    out: &mut Vec<u8>,
    claim: u64,
    cap: u64,
    share: &Share<'_>,
) -> StreamEnd {
    let mut step = vec![0; STEP];
    loop {
        let left = usize::try_from(claim.saturating_sub(out.len() as u64)).unwrap_or(STEP);
        let end = if left == 0 { STEP } else { left.min(STEP) };
        match reader.read(&mut step[..end]) {
            Ok(0) => return StreamEnd::Complete,
            Ok(read) => {
                share.reserve(out, read);
                out.extend_from_slice(&step[..read]);
                if out.len() as u64 > cap {
                    return StreamEnd::Full;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return StreamEnd::Cut,
            Err(_) => return StreamEnd::Broken(DAMAGED),
        }
    }
}
