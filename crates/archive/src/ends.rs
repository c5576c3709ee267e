//! What the document of a download begins with, from the first and the last bytes of the file.
//!
//! A download is base64 of a zip with one member. The beginning of the file holds the beginning of the
//! document; the end of the file holds the zip directory, which shows that there is no other member. So the
//! kind of the document can be seen without reading the middle. Files of any other form have to be read
//! whole.

use crate::base64;
use crate::budget::Budget;
use crate::envelope;
use crate::inflate::Inflater;
use crate::sniff;
use crate::wrap;
use crate::zip::{directory, local};

/// Bytes of [`Ends::head`]: some 4 KiB of a document, even when it was hardly compressed.
const HEAD: usize = 8 << 10;
/// Bytes of [`Ends::tail`]: the directory of a zip with one member, in base64.
const TAIL: usize = 1 << 10;

/// The first 8 KiB and the last 1 KiB of a file that is longer than both together.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'a> {
    /// The first 8,192 bytes of the file.
    pub head: &'a [u8],
    /// The last 1,024 bytes of the file.
    pub tail: &'a [u8],
    /// Size of the whole file, in bytes.
    pub bytes: u64,
}

impl<'a> Ends<'a> {
    /// Size of both ends together, in bytes. Only longer files have ends.
    pub const BYTES: usize = HEAD + TAIL;

    /// The ends of a file that is in memory; `None` when it has [`BYTES`](Self::BYTES) bytes or less.
    pub fn of(file: &'a [u8]) -> Option<Self> {
        (file.len() > Self::BYTES).then(|| Self {
            head: &file[..HEAD],
            tail: &file[file.len() - TAIL..],
            bytes: file.len() as u64,
        })
    }

    /// Splits a buffer of [`BYTES`](Self::BYTES) bytes into the parts for head and tail.
    pub(crate) fn split(buffer: &mut [u8]) -> (&mut [u8], &mut [u8]) {
        buffer.split_at_mut(HEAD)
    }

    /// The ends of a file of `bytes` bytes from a buffer that holds head and tail one behind the other.
    pub(crate) fn joined(ends: &'a [u8], bytes: u64) -> Option<Self> {
        let (head, tail) = ends.split_at_checked(HEAD)?;
        (tail.len() == TAIL && bytes > Self::BYTES as u64).then_some(Self { head, tail, bytes })
    }
}

/// As [`Decoder::peek_ends`](crate::Decoder::peek_ends).
pub(crate) fn peek(inflater: &mut Inflater, ends: &Ends<'_>, max: usize) -> Option<String> {
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let zip = match sniff::magic(ends.head) {
        Some(sniff::Magic::Zip) => *ends,
        _ => base64_ends(ends, &mut head, &mut tail)?,
    };
    let packed = only_member(&zip)?;
    let mut text = Vec::new();
    let budget = Budget::unlimited();
    let head = zip.head.get(packed)?;
    inflater.raw(head, &mut text, 0, max as u64 + 64, &budget.share(0));
    // A shorter text would differ from what `Decoder::peek` gives of the whole file.
    (text.len() >= max).then(|| text.truncate(max))?;
    let valid = match std::str::from_utf8(&text) {
        Ok(_) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return None,
    };
    text.truncate(valid);
    let start = sniff::trim_start(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text));
    let document = !envelope::begins_escaped(start)
        && match start.first() {
            Some(b'[') => true,
            // An object may be a wrap around a payload.
            Some(b'{') => wrap::object(start).is_none(),
            _ => false,
        };
    (document && sniff::json_begins(&text)).then(|| String::from_utf8(text).ok()).flatten()
}

/// The ends of the bytes that a base64 text on one line decodes to.
fn base64_ends<'b>(
    ends: &Ends<'_>,
    head: &'b mut Vec<u8>,
    tail: &'b mut Vec<u8>,
) -> Option<Ends<'b>> {
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

/// Where the packed bytes of the only member of a zip stand, as far as the head has them.
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

    /// Text that DEFLATE shrinks to about a half.
    fn noise(begin: &str, bytes: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"abcdefghijklmnop"[(state >> 60) as usize]
        };
        begin.bytes().chain(std::iter::repeat_with(&mut next).take(bytes)).collect()
    }

    fn first_text(file: &[u8]) -> Option<String> {
        peek(&mut Inflater::new(), &Ends::of(file)?, 4096)
    }

    #[test]
    fn the_ends_of_a_download_show_its_document() {
        let text = noise("[{\"row_num\":1,\"note\":\"", 100_000);
        let zip = zipped(&[("1.json", &text)], "");
        let base64 = STANDARD.encode(&zip);
        for file in [zip.clone(), base64.clone().into(), format!("{base64}\r\n").into()] {
            assert_eq!(first_text(&file).unwrap().as_bytes(), &text[..4096]);
        }
        let ends = [&base64.as_bytes()[..HEAD], &base64.as_bytes()[base64.len() - TAIL..]].concat();
        let ends = Ends::joined(&ends, base64.len() as u64).unwrap();
        assert_eq!(peek(&mut Inflater::new(), &ends, 64).unwrap().as_bytes(), &text[..64]);
    }

    #[test]
    fn files_of_other_forms_have_to_be_read_whole() {
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
            assert_eq!(first_text(file), None, "{n}");
            assert_eq!(first_text(STANDARD.encode(file).as_bytes()), None, "{n} in base64");
        }
        assert_eq!(first_text(format!("\"{}\"", STANDARD.encode(&one)).as_bytes()), None);
        let mut lines = STANDARD.encode(&one);
        (76..lines.len()).step_by(77).for_each(|at| lines.insert(at, '\n'));
        assert_eq!(first_text(lines.as_bytes()), None);
        assert_eq!(first_text(&one[..Ends::BYTES]), None);
    }

    #[test]
    fn a_document_in_the_escapes_of_another_format_is_read_whole() {
        let text = noise("[{\"\"", 20_000);
        assert_eq!(first_text(&zipped(&[("1.json", &text)], "")), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_ends_give_what_a_peek_gives(
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
            if let Some(first) = first_text(&file) {
                let mut leaves = Vec::new();
                let mut decoder = Decoder::new(Limits::default());
                decoder.peek(&file, 4096, &mut |text| leaves.push(text.to_owned()));
                let plain = |text: &str| text.trim_start_matches('\u{feff}').to_owned();
                let common = plain(&first).len().min(leaves.first().map_or(0, String::len));
                prop_assert_eq!(leaves.len(), 1);
                prop_assert!(common + 64 >= first.len());
                prop_assert_eq!(&plain(&first)[..common], &leaves[0][..common]);
            }
        }
    }
}
