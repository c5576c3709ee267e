//! Checksums of a Parquet file, so that no changed byte of a report is read as another value.
//!
//! Parquet has checksums for the content of pages only; a change in the header of a page or in the footer can name other
//! values. So the file is divided into blocks of 64 KiB, from its first byte to the end of its pages, and between pages
//! and footer stand:
//!
//! | bytes | content |
//! |---|---|
//! | 8 for each block | XXH3 of the block, 64 bits, low byte first; the last block may be shorter |
//! | 8 | `xxh3sums` |
//! | 8 | where the last block ends: bytes from the start of the file, low byte first |
//! | 8 | XXH3 of the fields above but the mark, and of all bytes behind: the footer, its length, `PAR1` |
//!
//! Readers of Parquet find the footer from the end of the file and do not look there.
//!
//! The summary, which is JSON, has the checksum of all bytes before it as its last member.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// Bytes of a block: what is read at least to check one byte.
const BLOCK: u64 = 1 << 16;

/// Bytes of a checksum, and of the length.
const NUMBER: usize = 8;

const MARK: [u8; NUMBER] = *b"xxh3sums";

/// Mark, length, and checksum of the footer.
const FIXED: usize = 3 * NUMBER;

/// What ends a Parquet file: the length of the footer, and a mark.
const TAIL: usize = 8;

/// The checksums of a file being written.
#[derive(Default)]
pub(super) struct ChecksumWriter {
    block: Xxh3Default,
    /// Those of the blocks that are complete.
    sums: Vec<u8>,
    len: u64,
}

impl ChecksumWriter {
    /// Takes bytes that are written next.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = (BLOCK - self.len % BLOCK) as usize;
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.block.update(now);
            self.len += now.len() as u64;
            if self.len.is_multiple_of(BLOCK) {
                self.end_block();
            }
            bytes = rest;
        }
    }

    fn end_block(&mut self) {
        self.sums.extend_from_slice(&self.block.digest().to_le_bytes());
        self.block.reset();
    }

    /// What stands before `footer`, which ends the file.
    pub(super) fn finish(mut self, footer: &[u8]) -> Vec<u8> {
        if !self.len.is_multiple_of(BLOCK) {
            self.end_block();
        }
        let len = self.len.to_le_bytes();
        let footer = footer_sum(&self.sums, len, footer);
        let mut out = self.sums;
        for number in [MARK, len, footer] {
            out.extend_from_slice(&number);
        }
        out
    }
}

/// Where the footer begins in the last bytes of a file.
pub(super) fn footer_start(end: &[u8]) -> usize {
    let tail = end.len().saturating_sub(TAIL);
    tail.saturating_sub(footer_len(&end[tail..]))
}

fn footer_len(tail: &[u8]) -> usize {
    tail.first_chunk().map_or(0, |len| u32::from_le_bytes(*len)) as usize
}

fn footer_sum(sums: &[u8], len: [u8; NUMBER], footer: &[u8]) -> [u8; NUMBER] {
    let mut sum = Xxh3Default::new();
    sum.update(sums);
    sum.update(&len);
    sum.update(footer);
    sum.digest().to_le_bytes()
}

/// The checksums of a file that is read, whose footer matches its own.
#[derive(Debug)]
pub(super) struct Checksums {
    sums: Vec<u8>,
    len: u64,
}

impl Checksums {
    /// Reads the checksums of a file; `None` when there are none, or the footer or they have changed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn read(file: &mut (impl Read + Seek)) -> io::Result<Option<Self>> {
        let size = file.seek(SeekFrom::End(0))?;
        let mut tail = [0; TAIL];
        let Some(tail_at) = size.checked_sub(TAIL as u64) else { return Ok(None) };
        read_at(file, tail_at, &mut tail)?;
        let footer = footer_len(&tail) + TAIL;
        let Some(fixed_at) = size.checked_sub((footer + FIXED) as u64) else { return Ok(None) };
        let mut end = vec![0; FIXED + footer];
        read_at(file, fixed_at, &mut end)?;
        let (fixed, footer) = end.split_at(FIXED);
        let number = |n: usize| -> [u8; NUMBER] {
            fixed[n * NUMBER..].first_chunk().copied().unwrap_or_default()
        };
        let len = u64::from_le_bytes(number(1));
        // The blocks fill the file up to here, so a wrong length is noticed before memory is taken for it.
        let blocks = len.div_ceil(BLOCK).saturating_mul(NUMBER as u64);
        if number(0) != MARK || len.checked_add(blocks) != Some(fixed_at) {
            return Ok(None);
        }
        let mut sums = vec![0; blocks as usize];
        read_at(file, len, &mut sums)?;
        let sound = footer_sum(&sums, number(1), footer) == number(2);
        Ok(sound.then_some(Self { sums, len }))
    }

    /// Reads a range of the file; `None` when it lies beyond the blocks, or a block has changed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn checked(
        &self,
        file: &mut (impl Read + Seek),
        range: Range<u64>,
    ) -> io::Result<Option<Vec<u8>>> {
        if range.start > range.end || range.end > self.len {
            return Ok(None);
        }
        let start = range.start / BLOCK * BLOCK;
        let end = range.end.next_multiple_of(BLOCK).min(self.len);
        let mut bytes = vec![0; (end - start) as usize];
        read_at(file, start, &mut bytes)?;
        let first = (start / BLOCK) as usize;
        let sums = self.sums.chunks_exact(NUMBER).skip(first);
        let blocks = bytes.chunks(BLOCK as usize);
        if blocks.zip(sums).any(|(block, sum)| xxh3_64(block).to_le_bytes() != sum) {
            return Ok(None);
        }
        bytes.truncate((range.end - start) as usize);
        bytes.drain(..(range.start - start) as usize);
        Ok(Some(bytes))
    }
}

/// What stands before the checksum of a JSON text, and behind it.
const MEMBER: [&str; 2] = [",\n  \"xxh3\": \"", "\"\n}\n"];

/// A JSON object with its checksum as last member; a text that is none stays as it is.
pub(super) fn with_checksum(json: &str) -> String {
    let Some(members) = json.trim_end().strip_suffix('}') else { return json.to_owned() };
    let members = members.trim_end();
    let [before, behind] = MEMBER;
    format!("{members}{before}{:016x}{behind}", xxh3_64(members.as_bytes()))
}

/// Whether a JSON text matches its checksum, or has none.
pub(super) fn matches_checksum(json: &[u8]) -> bool {
    let Some(at) = memchr::memmem::rfind(json, MEMBER[0].as_bytes()) else { return true };
    let members = &json[..at];
    std::str::from_utf8(members)
        .is_ok_and(|text| json == with_checksum(&format!("{text}}}")).as_bytes())
}

fn read_at(file: &mut (impl Read + Seek), at: u64, bytes: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FOOTER: &[u8] = b"footer\x06\0\0\0PAR1";

    fn file(data: &[u8], pieces: usize) -> Vec<u8> {
        let mut sums = ChecksumWriter::default();
        data.chunks(pieces).for_each(|piece| sums.update(piece));
        [data, &sums.finish(FOOTER), FOOTER].concat()
    }

    proptest! {
        #[test]
        fn every_range_is_read_back_and_no_change_goes_unnoticed(
            len in prop_oneof![0..300_usize, 65_500..65_600_usize, 131_000..200_000_usize],
            pieces in prop_oneof![1..70_usize, 60_000..70_000_usize],
            ends in any::<[prop::sample::Index; 2]>(),
            (at, flip) in (any::<prop::sample::Index>(), 1..=255_u8),
        ) {
            let data: Vec<u8> = (0..len).map(|n| (n * 7 + n / 251) as u8).collect();
            let mut whole = io::Cursor::new(file(&data, pieces));
            let sums = Checksums::read(&mut whole).unwrap().unwrap();
            let mut range = ends.map(|end| end.index(len + 1) as u64);
            range.sort_unstable();
            let [start, end] = range;
            let read = sums.checked(&mut whole, start..end).unwrap().unwrap();
            prop_assert_eq!(&read[..], &data[start as usize..end as usize]);

            let mut changed = whole.into_inner();
            let at = at.index(changed.len());
            changed[at] ^= flip;
            let mut changed = io::Cursor::new(changed);
            if let Some(sums) = Checksums::read(&mut changed).unwrap() {
                prop_assert!(at < len, "byte {} of the checksums or the footer", at);
                prop_assert_eq!(sums.checked(&mut changed, 0..len as u64).unwrap(), None);
            }
        }

        #[test]
        fn bytes_of_any_kind_have_no_checksums(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Checksums::read(&mut io::Cursor::new(bytes)).unwrap().is_none());
        }
    }

    #[test]
    fn a_changed_byte_of_a_json_text_is_noticed() {
        let whole = with_checksum("{\n  \"a\": 1\n}\n");
        assert_eq!(whole, "{\n  \"a\": 1,\n  \"xxh3\": \"49deff743e816cb4\"\n}\n");
        assert!(matches_checksum(whole.as_bytes()));
        assert!(matches_checksum(b"{\"a\": 1}"), "written by hand");
        for at in 0..whole.len() {
            let mut changed = whole.clone().into_bytes();
            changed[at] ^= 1;
            let noticed = !matches_checksum(&changed);
            let json = serde_json::from_slice::<serde_json::Value>(&changed);
            let harmless = json.map_or(true, |json| json["a"] == 1);
            assert!(noticed || harmless, "byte {at}");
        }
    }

    #[test]
    fn a_range_beyond_the_blocks_is_not_read() {
        let mut whole = io::Cursor::new(file(&[1; 100], 9));
        let sums = Checksums::read(&mut whole).unwrap().unwrap();
        assert_eq!(sums.checked(&mut whole, 0..101).unwrap(), None);
        assert_eq!(sums.checked(&mut whole, 0..u64::MAX).unwrap(), None);
    }
}
