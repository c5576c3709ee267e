//! Bytes as the inside of a zip: the fuzzer's bytes become members between sound headers, damaged in one place that the
//! bytes choose. A member that is called whole has the bytes that were packed.
#![no_main]

use archive::{Decoder, Limits};
use libfuzzer_sys::fuzz_target;

/// CRC-32 as zips have it, bit by bit: independent of the decoder's.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

fn stored(members: &[(&[u8], &[u8])], comment: &[u8]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let mut common = Vec::new();
        common.extend_from_slice(&[20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0x50]);
        common.extend_from_slice(&crc32(data).to_le_bytes());
        common.extend_from_slice(&(data.len() as u32).to_le_bytes());
        common.extend_from_slice(&(data.len() as u32).to_le_bytes());
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&(zip.len() as u32).to_le_bytes());
        directory.extend_from_slice(name);
        zip.extend_from_slice(b"PK\x03\x04");
        zip.extend_from_slice(&common);
        zip.extend_from_slice(name);
        zip.extend_from_slice(data);
    }
    let start = zip.len() as u32;
    zip.extend_from_slice(&directory);
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    zip.extend_from_slice(&(members.len() as u16).to_le_bytes());
    zip.extend_from_slice(&(members.len() as u16).to_le_bytes());
    zip.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    zip.extend_from_slice(&start.to_le_bytes());
    zip.extend_from_slice(&(comment.len() as u16).to_le_bytes());
    zip.extend_from_slice(comment);
    zip
}

fuzz_target!(|input: &[u8]| {
    let mut decoder = Decoder::new(Limits { member_bytes: 1 << 20, members: 100, ..Limits::default() });
    // The bytes as they are, behind a signature, so that all mutations reach the readers of headers.
    let mut behind = b"PK\x03\x04".to_vec();
    behind.extend_from_slice(input);
    decoder.decode(&behind, &mut |leaf| assert!(leaf.bytes <= 1 << 20));

    let [at, value, rest @ ..] = input else { return };
    let (name, rest) = rest.split_at(rest.len().min(usize::from(*at) % 24));
    let (first, second) = rest.split_at(rest.len() / 2);
    let names: [&[u8]; 2] = [b"a.json", name];
    // Text that is no container of its own, so that a leaf is a member.
    let text = |bytes: &[u8]| -> Vec<u8> {
        let letters = bytes.iter().map(|byte| b'a' + byte % 26);
        b"{\"a\":\"".iter().copied().chain(letters).chain(*b"\"}").collect()
    };
    let (first, second) = (text(first), text(second));
    let sound = stored(&[(names[0], &first), (names[1], &second)], name);
    let mut damaged = sound.clone();
    let place = (usize::from(*at) << 3 | usize::from(*value) & 7) % damaged.len();
    damaged[place] ^= value | 1;
    for (zip, is_sound) in [(&sound, true), (&damaged, false)] {
        let (mut whole, mut members, mut neighbour) = (0, 0, false);
        let decoded = decoder.decode(zip, &mut |leaf| {
            members += u32::from(leaf.member.is_some());
            if leaf.whole && leaf.layers.ends_with("zip") {
                whole += 1;
                let bytes = leaf.text.as_bytes();
                assert!(bytes == first || bytes == second, "bytes that were never packed");
                neighbour |= bytes == second;
            }
        });
        assert_eq!(members + decoded.archives + decoded.unread, decoded.members);
        // A member whose data is damaged costs the other one nothing.
        let data = 36..36 + first.len();
        if !is_sound && data.contains(&place) && !name.is_empty() && first != second {
            assert!(neighbour && whole == 1, "{:?}", decoded.problems);
        }
        // A name may be that of a folder, which has no content.
        if is_sound && !name.is_empty() && !name.ends_with(b"/") && !name.ends_with(b"\\") && name != b"a.json" {
            assert_eq!(whole, 2, "{:?}", decoded.problems);
        }
    }
});
