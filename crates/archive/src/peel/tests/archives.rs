//! Archives whose headers lie, and what is saved of them.

use super::*;

const LOCAL: &[u8] = b"PK\x03\x04";
const ENTRY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

/// The places of a signature.
fn places(data: &[u8], signature: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(data, signature).collect()
}

/// Two stored members, the first of which claims `more` packed bytes than it has, in the directory.
fn claiming(more: u32, method: zip::CompressionMethod) -> Vec<u8> {
    let mut data = zip_with(&[("a.json", JSON.as_bytes()), ("b.json", b"[\"second\"]")], method);
    let at = places(&data, ENTRY)[0] + 20;
    let packed = u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
    data[at..at + 4].copy_from_slice(&(packed + more).to_le_bytes());
    data
}

#[test]
fn a_member_that_claims_the_bytes_of_the_next_costs_the_next_nothing() {
    use ProblemKind::{HeaderMismatch, OverlappingMembers, SizeMismatch};
    for method in [zip::CompressionMethod::Deflated, zip::CompressionMethod::Stored] {
        for more in [1, 30, 60] {
            let (leaves, decoded) = decode(&claiming(more, method));
            let texts: Vec<_> = leaves.iter().map(|leaf| leaf.text.as_str()).collect();
            assert_eq!(texts, [JSON, "[\"second\"]"], "{:?}", decoded.problems);
            assert!(leaves.iter().all(|leaf| leaf.whole));
            assert!(kinds(&decoded).contains(&OverlappingMembers), "{:?}", decoded.problems);
            let others = kinds(&decoded);
            assert!(others.iter().all(|kind| {
                matches!(kind, OverlappingMembers | HeaderMismatch | SizeMismatch)
            }));
        }
    }
}

/// After David Fifield, "A better zip bomb" (2019): each member quotes the local header of the next in a
/// stored block, and so has all those behind it in its data.
fn quoting(members: usize) -> Vec<u8> {
    let header = |n: usize, crc: u32, packed: usize, size: usize| {
        let mut header = LOCAL.to_vec();
        for value in [20_u16, 0, 8, 0, 0x21] {
            header.extend_from_slice(&value.to_le_bytes());
        }
        for value in [crc, packed as u32, size as u32] {
            header.extend_from_slice(&value.to_le_bytes());
        }
        header.extend_from_slice(&[4, 0, 0, 0]);
        header.extend_from_slice(format!("{n:04}").as_bytes());
        header
    };
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
    let mut plain = b".".repeat(500_000);
    encoder.write_all(&plain).unwrap();
    let kernel = encoder.finish().unwrap();
    let mut entries = Vec::new();
    let mut behind: Vec<u8> = Vec::new();
    let mut packed = kernel.clone();
    for n in (0..members).rev() {
        let crc = crc32fast::hash(&plain);
        let own = header(n, crc, packed.len(), plain.len());
        entries.push((n, crc, packed.len(), plain.len()));
        behind = [&own[..], &packed].concat();
        let length = own.len() as u16;
        let block = [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
        packed = [&block[..], &behind].concat();
        plain = [&own[..], &plain].concat();
    }
    let mut directory = Vec::new();
    for (n, crc, packed, size) in entries.into_iter().rev() {
        let own = header(n, crc, packed, size);
        directory.extend_from_slice(ENTRY);
        directory.extend_from_slice(&[20, 0]);
        directory.extend_from_slice(&own[4..30]);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&((n * 39) as u32).to_le_bytes());
        directory.extend_from_slice(&own[30..]);
    }
    let start = behind.len() as u32;
    let mut data = [behind, directory.clone(), END.to_vec(), vec![0; 4]].concat();
    for value in [members as u16, members as u16] {
        data.extend_from_slice(&value.to_le_bytes());
    }
    for value in [directory.len() as u32, start] {
        data.extend_from_slice(&value.to_le_bytes());
    }
    data.extend_from_slice(&[0, 0]);
    data
}

#[test]
fn members_that_quote_each_other_are_unpacked_once() {
    let data = quoting(40);
    // What it claims: forty times the kernel.
    let (leaves, decoded) = decode(&data);
    assert_eq!(decoded.members, 40);
    assert!(decoded.bytes <= 500_000, "{} bytes", decoded.bytes);
    assert!(leaves.iter().all(|leaf| leaf.text.bytes().all(|byte| byte == b'.')));
    let overlapping =
        kinds(&decoded).iter().filter(|k| **k == ProblemKind::OverlappingMembers).count();
    assert_eq!(overlapping, 39, "{:?}", &decoded.problems[..4]);
    assert_eq!(decoded.unread, 39, "{:?}", decoded.problems.last());
}

#[test]
fn a_stream_that_lacks_only_its_end_mark_is_whole_because_its_checksum_is_right() {
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(JSON.as_bytes()).unwrap();
    deflate.flush().unwrap();
    let bzip2 = zip_with(&[("log.json", JSON.as_bytes())], zip::CompressionMethod::Bzip2);
    let bzip2 = &bzip2[38..places(&bzip2, ENTRY)[0] - 4];
    for (method, packed) in [(8, &deflate.get_ref()[..]), (12, bzip2)] {
        let mut data = zip_of(method, 0, packed);
        let (leaves, decoded) = decode(&data);
        assert_eq!(leaves.len(), 1, "{method}: {:?}", decoded.problems);
        assert!(leaves[0].whole && leaves[0].text == JSON, "{method}");
        assert_eq!(kinds(&decoded), [ProblemKind::Truncated], "{method}");
        // With one bit of the sum changed nothing confirms them.
        for (signature, offset) in [(LOCAL, 14), (ENTRY, 16)] {
            let at = places(&data, signature)[0] + offset;
            data[at] ^= 1;
        }
        let (leaves, _) = decode(&data);
        assert!(leaves.iter().all(|leaf| !leaf.whole), "{method}");
    }
}

#[test]
fn of_two_sizes_of_a_stored_member_the_checksum_knows_the_right_one() {
    let mut data = zip_with(&[("a.json", JSON.as_bytes())], zip::CompressionMethod::Stored);
    // Eight bytes of padding behind the data, which the packed size counts.
    let (entry, end) = (places(&data, ENTRY)[0], places(&data, END)[0]);
    let size = JSON.len() as u32;
    for at in [18, entry + 20] {
        data[at..at + 4].copy_from_slice(&(size + 8).to_le_bytes());
    }
    data[end + 16..end + 20].copy_from_slice(&(entry as u32 + 8).to_le_bytes());
    data.splice(entry..entry, [0; 8]);
    let (leaves, decoded) = decode(&data);
    assert!(leaves[0].whole && leaves[0].text == JSON);
    assert_eq!(kinds(&decoded), [ProblemKind::SizeMismatch]);
    assert!(decoded.problems[0].message.contains("8 packed bytes behind"), "{decoded:?}");
}

#[test]
fn a_password_that_only_the_local_header_demands_is_reported_and_not_needed() {
    let data = changed(&zip(&[("log.json", JSON.as_bytes())]), LOCAL, 6, &[1]);
    let (leaves, decoded) = decode(&data);
    assert!(leaves[0].whole && leaves[0].text == JSON);
    assert_eq!(kinds(&decoded), [ProblemKind::Encrypted]);
    assert!(decoded.problems[0].message.contains("the local header asks for a password"));
}

#[test]
fn an_entry_that_runs_past_the_directory_is_read() {
    for (offset, length) in [(28, 2_000_u16), (30, 40_000), (32, 9)] {
        let data = zip(&[("a.json", b"[1]"), ("log.json", JSON.as_bytes())]);
        let at = places(&data, ENTRY)[1] + offset;
        let mut data = data;
        data[at..at + 2].copy_from_slice(&length.to_le_bytes());
        let (leaves, decoded) = decode(&data);
        assert_eq!(leaves.len(), 2, "{:?}", decoded.problems);
        assert!(leaves[1].whole && leaves[1].text == JSON);
        let message = &decoded.problems[0].message;
        assert!(
            message.contains("runs") && message.contains("past the end of the directory"),
            "{message}"
        );
    }
}

#[test]
fn behind_a_place_where_the_directory_breaks_members_are_found_by_their_headers() {
    let files: Vec<(String, String)> =
        (0..5).map(|n| (format!("{n}.json"), format!("[{n}]"))).collect();
    let list: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let sound = zip(&list);
    for broken in 0..5 {
        let mut data = sound.clone();
        data[places(&sound, ENTRY)[broken]] = b'X';
        let (mut leaves, decoded) = decode(&data);
        leaves.sort_by_key(|leaf| leaf.member.clone());
        let texts: Vec<_> = leaves.iter().map(|leaf| leaf.text.as_str()).collect();
        assert_eq!(texts, ["[0]", "[1]", "[2]", "[3]", "[4]"], "{:?}", decoded.problems);
        assert!(kinds(&decoded).contains(&ProblemKind::HeaderMismatch));
    }
}

#[test]
fn an_archive_behind_a_text_is_read_and_the_text_is_reported() {
    let zipped = zip(&[("log.json", JSON.as_bytes())]);
    for text in ["{\"a\":1}\n", "[1,2]", "\"words\"\n"] {
        let (leaves, decoded) = decode(&[text.as_bytes(), &zipped].concat());
        assert_eq!((leaves.len(), leaves[0].text.as_str()), (1, JSON), "{text}");
        let message = &decoded.problems[0].message;
        assert!(message.contains("bytes of text before the archive are not read"), "{message}");
    }
}

#[test]
fn bytes_under_the_name_of_a_folder_are_a_member() {
    let mut data = zip(&[("log.jsonX", JSON.as_bytes())]);
    for at in places(&data, b"log.jsonX") {
        data[at + 8] = b'/';
    }
    let (leaves, decoded) = decode(&data);
    assert_eq!((decoded.members, leaves[0].text.as_str()), (1, JSON));
    assert_eq!(decode(&zip(&[("log.json/", b"")])).1.members, 0);
}

/// A bomb was reported, and counted, by how far the decompressor got, which depends on the room in its buffer.
#[test]
fn what_a_bomb_costs_does_not_depend_on_files_before() {
    let limits = Limits { member_bytes: 200_000, ..Limits::default() };
    let bomb = gzip(&vec![b' '; 900_000]);
    let nested = zip(&[("a.gz", &bomb), ("b.gz", &bomb), ("c.json", JSON.as_bytes())]);
    let plenty = squares().repeat(4);
    for input in [bomb.clone(), zlib(&vec![b' '; 900_000]), nested] {
        let first = decode_with(limits, &input).1;
        assert!(kinds(&first).contains(&ProblemKind::TooLarge));
        let mut decoder = Decoder::new(limits);
        decoder.decode(&gzip(plenty.as_bytes()), &mut |_| {});
        assert_eq!(decoder.decode(&input, &mut |_| {}), first);
    }
}

#[test]
fn each_member_is_a_leaf_or_an_archive_or_counted_as_unread() {
    let inner = zip(&[("q.json", b"[1]"), ("r.json", b"[2]")]);
    let mut data = zip(&[
        ("a.json", JSON.as_bytes()),
        ("in.zip", &inner),
        ("in.zip.b64", b64(&inner).as_bytes()),
        ("broken.gz", &gzip(JSON.as_bytes())[..8]),
        ("empty", b""),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0"),
        ("dir/", b""),
        ("wrong.json", b"[\"crc\"]"),
    ]);
    let at = places(&data, ENTRY)[7] + 16;
    data[at] ^= 1;
    let (leaves, decoded) = decode(&data);
    assert_eq!(decoded.members, 7 + 4);
    assert_eq!((decoded.archives, decoded.unread), (2, 2), "{:?}", decoded.problems);
    assert_eq!(leaves.len(), 1 + 4 + 2);
}

#[test]
fn faults_of_a_directory_are_kept_up_to_the_limit_and_counted_beyond() {
    let files: Vec<(String, &[u8])> = (0..300).map(|n| (format!("{n:03}"), &b"[1]"[..])).collect();
    let list: Vec<(&str, &[u8])> = files.iter().map(|(n, text)| (n.as_str(), *text)).collect();
    let mut data = zip(&list);
    for at in places(&data, LOCAL) {
        data[at + 30] = b'x';
    }
    let limits = Limits { problems: 10, ..Limits::default() };
    let (leaves, decoded) = decode_with(limits, &data);
    assert_eq!((leaves.len(), decoded.problems.len()), (300, 11));
    assert!(decoded.problems[10].message.contains("290 more problems"), "{:?}", decoded.problems);
}
