//! What a download begins with, told by its two ends.
//!
//! A download is base64 of a zip with one member. What its document begins with stands at the beginning, and
//! that nothing else is in it, at the end: so whoever only wants to know what kind of document it is need not
//! read what stands between. Whatever is written in another way is not told by its ends.

use crate::base64;
use crate::budget::Budget;
use crate::inflate::Inflater;
use crate::sniff;
use crate::wrap;
use crate::zip::{directory, local};

/// Bytes of a file that are looked at, from its beginning and from its end. The first hold some
/// 4 KiB of a document, however little it was packed.
const HEAD: usize = 8 << 10;
const TAIL: usize = 1 << 10;

/// The two ends of a file.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'a> {
    /// The first bytes.
    pub head: &'a [u8],
    /// The last bytes.
    pub tail: &'a [u8],
    /// How long it is.
    pub bytes: u64,
}

impl<'a> Ends<'a> {
    /// How many bytes the ends have together. What is not longer than this has none.
    pub const BYTES: usize = HEAD + TAIL;

    /// The ends of a file of which all bytes are there; `None` when it is too short.
    pub fn of(file: &'a [u8]) -> Option<Self> {
        (file.len() > Self::BYTES).then(|| Self {
            head: &file[..HEAD],
            tail: &file[file.len() - TAIL..],
            bytes: file.len() as u64,
        })
    }

    /// The room for either end in a buffer of [`BYTES`](Self::BYTES).
    pub(crate) fn rooms(buffer: &mut [u8]) -> (&mut [u8], &mut [u8]) {
        buffer.split_at_mut(HEAD)
    }

    /// The ends of a file of so many bytes that stand one behind the other.
    pub(crate) fn joined(ends: &'a [u8], bytes: u64) -> Option<Self> {
        let (head, tail) = ends.split_at_checked(HEAD)?;
        (tail.len() == TAIL && bytes > Self::BYTES as u64).then_some(Self { head, tail, bytes })
    }
}

/// The first `max` bytes of the one document that `ends` are around, cut between characters; `None` when it
/// takes the whole file to tell.
pub(crate) fn begins(inflater: &mut Inflater, ends: &Ends<'_>, max: usize) -> Option<String> {
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let zip = match sniff::magic(ends.head) {
        Some(sniff::Magic::Zip) => *ends,
        _ => undone(ends, &mut head, &mut tail)?,
    };
    let packed = only_member(&zip)?;
    let mut text = Vec::new();
    let budget = Budget::unlimited();
    let head = zip.head.get(packed)?;
    inflater.raw(head, &mut text, 0, max as u64 + 64, &budget.share(0));
    // Less would be another look than that at the whole.
    (text.len() >= max).then(|| text.truncate(max))?;
    let valid = match std::str::from_utf8(&text) {
        Ok(_) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return None,
    };
    text.truncate(valid);
    let start = sniff::trim_start(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text));
    let document = match start.first() {
        Some(b'[') => true,
        // An object may be a wrap around something else.
        Some(b'{') => wrap::object(start).is_none(),
        _ => false,
    };
    (document && sniff::json_begins(&text)).then(|| String::from_utf8(text).ok()).flatten()
}

/// The ends of what base64 on one line stands for.
fn undone<'b>(ends: &Ends<'_>, head: &'b mut Vec<u8>, tail: &'b mut Vec<u8>) -> Option<Ends<'b>> {
    let text = sniff::trim_end(ends.tail);
    let bytes = ends.bytes - (ends.tail.len() - text.len()) as u64;
    let pads = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    if !bytes.is_multiple_of(4) || pads > 2 {
        return None;
    }
    // Groups of four are counted from the beginning of the file.
    let first = (4 - (bytes as usize - text.len()) % 4) % 4;
    let text = text.get(first..text.len() - pads)?;
    for (text, bytes) in [(ends.head, &mut *head), (text, &mut *tail)] {
        bytes.resize(text.len() / 4 * 3 + 64, 0);
        let length = base64::bare(text, bytes)?;
        bytes.truncate(length);
    }
    Some(Ends { head, tail, bytes: bytes / 4 * 3 - pads as u64 })
}

/// Where the packed bytes begin of the one member that a zip has, as far as its head goes.
fn only_member(zip: &Ends<'_>) -> Option<std::ops::Range<usize>> {
    let entry = directory::only_entry(zip.tail, zip.bytes)?;
    let member = local::read(zip.head, 0)?;
    let start = member.data.start;
    let name = zip.head.get(member.name.clone())?;
    let sound = member.method == 8
        && entry.method == 8
        && !member.is_encrypted()
        && member.flags == entry.flags
        && name == entry.name
        && !name.ends_with(b"/");
    // Behind the data stands a descriptor at most, 4.3.9.
    let behind = entry.directory.checked_sub(start as u64 + entry.packed)?;
    (sound && matches!(behind, 0 | 12 | 16 | 20 | 24))
        .then(|| start..zip.head.len().min(start + entry.packed as usize))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::{Decoder, Limits};

    fn zipped(members: &[(&str, &[u8])], comment: &str) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.set_comment(comment).unwrap();
        zip.finish().unwrap().into_inner()
    }

    /// Text that is packed to about a half.
    fn noise(begin: &str, bytes: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"abcdefghijklmnop"[(state >> 60) as usize]
        };
        begin.bytes().chain(std::iter::repeat_with(&mut next).take(bytes)).collect()
    }

    fn begin_of(file: &[u8]) -> Option<String> {
        begins(&mut Inflater::new(), &Ends::of(file)?, 4096)
    }

    #[test]
    fn a_download_is_told_by_its_ends() {
        let text = noise("[{\"row_num\":1,\"note\":\"", 100_000);
        let zip = zipped(&[("1.json", &text)], "");
        let base64 = STANDARD.encode(&zip);
        for file in [zip.clone(), base64.clone().into(), format!("{base64}\r\n").into()] {
            assert_eq!(begin_of(&file).unwrap().as_bytes(), &text[..4096]);
        }
        let ends = [&base64.as_bytes()[..HEAD], &base64.as_bytes()[base64.len() - TAIL..]].concat();
        let ends = Ends::joined(&ends, base64.len() as u64).unwrap();
        assert_eq!(begins(&mut Inflater::new(), &ends, 64).unwrap().as_bytes(), &text[..64]);
    }

    #[test]
    fn what_may_hold_something_else_is_not() {
        let text = noise("[{\"row_num\":1,\"note\":\"", 100_000);
        let page = ("2.json", b"{\"results\":[]}" as &[u8]);
        let one = zipped(&[("1.json", &text)], "");
        let wrapped = format!("{{\"data\":\"{}\"}}", STANDARD.encode(&one));
        let others = [
            zipped(&[("1.json", &text), page], ""),
            zipped(&[page, ("1.json", &text)], ""),
            zipped(&[("1.json", &text)], "a comment"),
            zipped(&[("1.zip", &one)], ""),
            zipped(&[("1.json", wrapped.as_bytes())], ""),
            zipped(&[("1.json", format!("\"{}\"", STANDARD.encode(&one)).as_bytes())], ""),
            zipped(&[("1.txt", STANDARD.encode(&one).as_bytes())], ""),
            zipped(&[("1.xml", &noise("<a>", 100_000))], ""),
            [b"junk" as &[u8], &one].concat(),
            [&one as &[u8], &one].concat(),
            [&one as &[u8], b"junk"].concat(),
            one[..one.len() - 9].to_vec(),
            text.clone(),
        ];
        for (n, file) in others.iter().enumerate() {
            assert_eq!(begin_of(file), None, "{n}");
            assert_eq!(begin_of(STANDARD.encode(file).as_bytes()), None, "{n} in base64");
        }
        assert_eq!(begin_of(format!("\"{}\"", STANDARD.encode(&one)).as_bytes()), None);
        let mut lines = STANDARD.encode(&one);
        (76..lines.len()).step_by(77).for_each(|at| lines.insert(at, '\n'));
        assert_eq!(begin_of(lines.as_bytes()), None);
        assert_eq!(begin_of(&one[..Ends::BYTES]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_ends_tell_what_a_peek_tells(
            begin in r#"(\[|\{|"|x|\u{feff}\[| \{"results":\[|\{"data":")[{"a1:}]{0,9}"#,
            bytes in 20_000_usize..60_000,
            second in any::<bool>(),
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            base64 in any::<bool>(),
        ) {
            let text = noise(&begin, bytes);
            let members: [(&str, &[u8]); 2] = [("1.json", &text), ("2.json", b"[]")];
            let mut file = zipped(&members[..=usize::from(second)], "");
            for (at, byte) in flips {
                let at = at.index(file.len());
                file[at] = byte;
            }
            let file = if base64 { STANDARD.encode(file).into_bytes() } else { file };
            if let Some(told) = begin_of(&file) {
                let mut leaves = Vec::new();
                let mut decoder = Decoder::new(Limits::default());
                decoder.peek(&file, 4096, &mut |text| leaves.push(text.to_owned()));
                let plain = |text: &str| text.trim_start_matches('\u{feff}').to_owned();
                let common = plain(&told).len().min(leaves.first().map_or(0, String::len));
                prop_assert_eq!(leaves.len(), 1);
                prop_assert!(common + 64 >= told.len());
                prop_assert_eq!(&plain(&told)[..common], &leaves[0][..common]);
            }
        }
    }
}
