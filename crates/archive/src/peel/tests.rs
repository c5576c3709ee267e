use std::io::Write as _;

use ::base64::prelude::*;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

mod archives;
mod damage;
mod envelopes;

const JSON: &str = r#"{"status":400,"errors":{"sku":["Geçersiz değer, lütfen kontrol edin."]}}"#;

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(files, zip::CompressionMethod::Deflated)
}

fn zip_with(files: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, data) in files {
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(data).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Lines of numbers: long, not all alike, and no base64.
fn squares() -> String {
    (0..5_000).map(|i| (i * i).to_string()).collect::<Vec<_>>().join("\n")
}

fn b64(data: &[u8]) -> String {
    BASE64_STANDARD.encode(data)
}

/// A leaf that outlives the call.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeptLeaf {
    member: Option<String>,
    layers: String,
    text: String,
    whole: bool,
    form: Form,
}

fn decode_with(limits: Limits, input: &[u8]) -> (Vec<KeptLeaf>, Decoded) {
    let mut kept = Vec::new();
    let decoded = Decoder::new(limits).decode(input, &mut |leaf| {
        kept.push(KeptLeaf {
            member: leaf.member.map(str::to_owned),
            layers: leaf.layers.to_owned(),
            text: leaf.text.to_owned(),
            whole: leaf.whole,
            form: leaf.form,
        });
    });
    (kept, decoded)
}

fn decode(input: &[u8]) -> (Vec<KeptLeaf>, Decoded) {
    decode_with(Limits::default(), input)
}

fn kinds(decoded: &Decoded) -> Vec<ProblemKind> {
    decoded.problems.iter().map(|problem| problem.kind).collect()
}

/// One sound leaf with the JSON in it.
fn check(input: impl AsRef<[u8]>, layers: &str, member: Option<&str>) {
    let (leaves, decoded) = decode(input.as_ref());
    assert_eq!(decoded.problems, [], "{layers}");
    assert_eq!(leaves.len(), 1, "{layers}");
    assert_eq!(leaves[0].text, JSON, "{layers}");
    assert_eq!(leaves[0].layers, layers);
    assert_eq!(decoded.layers, layers);
    assert_eq!(leaves[0].member.as_deref(), member, "{layers}");
    assert!(leaves[0].whole && leaves[0].form == Form::Json);
}

#[test]
fn every_layer_alone_and_in_others() {
    let json = JSON.as_bytes();
    let zipped = zip(&[("log.json", json)]);
    let member = Some("log.json");
    check(json, "", None);
    check(format!("\u{feff}{JSON}"), "", None);
    check(&zipped, "zip", member);
    check(b64(&zipped), "base64>zip", member);
    check(format!("\u{feff}{}\r\n", b64(&zipped)), "base64>zip", member);
    check(b64(b64(&zipped).as_bytes()), "base64>base64>zip", member);
    check(b64(json), "base64", None);
    check(gzip(json), "gzip", None);
    check(b64(&gzip(json)), "base64>gzip", None);
    check(zlib(json), "zlib", None);
    check(b64(&zlib(json)), "base64>zlib", None);
    check(format!("\"{}\"\n", b64(&zipped)), "quoted>base64>zip", member);
    check(
        format!("\"{}\"", b64(&zipped).replace('/', "\\/").replace('=', "\\u003d")),
        "quoted>base64>zip",
        member,
    );
    check(serde_json::to_string(JSON).unwrap(), "quoted", None);
    check(format!("{{\"data\":\"{}\"}}", b64(&zipped)), "object>base64>zip", member);
    check(
        format!(
            "{{\"type\":\"application/zip\",\"size\":7,\"file\":\"data:application/zip;base64,{}\"}}",
            b64(&zipped)
        ),
        "object>data-uri>base64>zip",
        member,
    );
    check(format!("data:application/zip;base64,{}", b64(&zipped)), "data-uri>base64>zip", member);
    check(zip(&[("in.zip", &zipped)]), "zip>zip", Some("in.zip/log.json"));
    check(
        zip(&[("dir/", b""), ("dir/log.json.gz", &gzip(json))]),
        "zip>gzip",
        Some("dir/log.json.gz"),
    );
    check(zip(&[("log.txt", b64(&zipped).as_bytes())]), "zip>base64>zip", Some("log.txt/log.json"));
    check(zip_with(&[("log.json", json)], zip::CompressionMethod::Stored), "zip", member);
}

#[test]
fn a_bzip2_member_is_opened_and_its_checksum_held() {
    let mut data = zip_with(&[("log.json", JSON.as_bytes())], zip::CompressionMethod::Bzip2);
    check(&data, "zip", Some("log.json"));
    for (signature, offset) in [(b"PK\x03\x04", 14), (b"PK\x01\x02", 16)] {
        let at = memchr::memmem::find(&data, signature).unwrap();
        data[at + offset] ^= 1;
    }
    let (leaves, decoded) = decode(&data);
    assert!(leaves.is_empty());
    assert_eq!(kinds(&decoded), [ProblemKind::CrcMismatch]);
}

/// Found by fuzzing (a file of the libzip tests with one bit of its method changed): how much a damaged
/// member gave depended on the room that the decoder had from the file before.
#[test]
fn what_is_reported_of_a_damaged_member_does_not_depend_on_files_before() {
    let bzip2 = BASE64_STANDARD
        .decode("UEsDBAoAAAAMAFR0RTxIQDWwLwAAADwAAAAPAAAAYWJhYy1yZXBlYXQudHh0QlpoOTFBWSZTWQNkyAQAAAdBAAAQOAAgADHNNBJqepUQJk7NnxdyRjhQkANkyARQSwECHgMKAAAADABUdEU8SEA1sC8AAAA8AAAADwAAAAAAAAAAAAAA/YEAAAAAYWJhYy1yZXBlYXQudHh0UEsFBgAAAAABAAEAPQAAAFwAAAAAAA==")
        .unwrap();
    let mut deflate = zip(&[("a.json", squares().as_bytes())]);
    let middle = deflate.len() / 2;
    deflate[middle..middle + 40].fill(0xff);
    for damaged in [bzip2, deflate] {
        let mut decoder = Decoder::new(Limits::default());
        let first = decoder.decode(&damaged, &mut |_| {});
        assert!(!first.problems.is_empty());
        decoder.decode(squares().repeat(50).as_bytes(), &mut |_| {});
        for _ in 0..3 {
            assert_eq!(decoder.decode(&damaged, &mut |_| {}), first);
        }
    }
}

#[test]
fn an_unknown_method_is_named() {
    let mut data = zip(&[("log.json", JSON.as_bytes())]);
    for (signature, offset) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let at = memchr::memmem::find(&data, signature).unwrap();
        data[at + offset] = 98;
    }
    let (_, decoded) = decode(&data);
    assert_eq!(decoded.problems[0].message, "\"log.json\": byte 0: method 98 (ppmd)");
    assert_eq!(kinds(&decoded), [ProblemKind::UnsupportedMethod]);
}

#[test]
fn members_that_share_bytes_are_refused_and_the_others_read() {
    let mut data = zip(&[("a.json", b"[1]"), ("b.json", b"[2]"), ("c.json", b"[3]")]);
    let entries: Vec<usize> = memchr::memmem::find_iter(&data, b"PK\x01\x02").collect();
    let offset = data[entries[0] + 42..entries[0] + 46].to_vec();
    data[entries[1] + 42..entries[1] + 46].copy_from_slice(&offset);
    let (leaves, decoded) = decode(&data);
    assert_eq!(leaves.len(), 1);
    assert_eq!(leaves[0].text, "[3]");
    assert!(kinds(&decoded).contains(&ProblemKind::OverlappingMembers), "{decoded:?}");
}

#[test]
fn headers_that_contradict_each_other_are_reported_with_numbers() {
    let mut data = zip(&[("log.json", JSON.as_bytes())]);
    let at = memchr::memmem::find(&data, b"PK\x01\x02").unwrap();
    data[at + 24] ^= 1;
    let (leaves, decoded) = decode(&data);
    assert_eq!(leaves[0].text, JSON);
    let (size, claimed) = (JSON.len(), JSON.len() ^ 1);
    assert_eq!(
        decoded.problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>(),
        [
            format!(
                "\"log.json\": byte 0: {size} bytes in the local header, {claimed} in the directory"
            ),
            format!("\"log.json\": byte 38: {size} bytes, the headers say {claimed}"),
        ]
    );
}

#[test]
fn sizes_behind_the_data_do_no_harm_to_a_scan() {
    let long = squares();
    let mut writer = ZipWriter::new_stream(Vec::new());
    for name in ["a.txt", "b.txt"] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(long.as_bytes()).unwrap();
    }
    let data = writer.finish().unwrap().into_inner();
    let end = memchr::memmem::find(&data, b"PK\x01\x02").unwrap();
    for part in [&data[..], &data[..end]] {
        let (leaves, decoded) = decode(part);
        assert_eq!(leaves.len(), 2, "{:?}", decoded.problems);
        assert!(leaves.iter().all(|leaf| leaf.whole && leaf.text == long));
        assert_eq!(decoded.problems.len(), usize::from(part.len() == end));
    }
}

#[test]
fn utf16_around_a_payload() {
    let text = format!("\u{feff}{}", b64(&zip(&[("log.json", JSON.as_bytes())])));
    let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    check(&le, "base64>zip", Some("log.json"));
    check(&be, "base64>zip", Some("log.json"));
    check(&le[2..], "base64>zip", Some("log.json"));
}

#[test]
fn ordinary_documents_are_left_alone() {
    let numbers: String = squares();
    for text in [
        &numbers,
        r#"{"a":"x","body":"UEsDBBQAAAAIAA=="}"#,
        "null",
        "[]",
        "{}",
        "\"\"",
        "\"Unauthorized\"",
        "Unauthorized",
        "502",
        "<html></html>",
        "",
        " \n",
        r#"{"message":"Unauthorized"}"#,
        "{\"a\":1}\n{\"a\":2}\n",
        "plain words, no more",
        r#"{"request":{"body":"UEsDBBQAAAAIAA"},"response":[1,2]}"#,
    ] {
        let (leaves, decoded) = decode(text.as_bytes());
        assert_eq!(leaves.len(), 1, "{text}");
        assert_eq!((leaves[0].text.as_str(), leaves[0].layers.as_str()), (text, ""));
        assert!(decoded.problems.is_empty(), "{text}");
    }
}

#[test]
fn all_members_come_in_archive_order() {
    let files: Vec<(String, String)> =
        (0..20).rev().map(|i| (format!("{i}.json"), format!("[{i}]"))).collect();
    let list: Vec<(&str, &[u8])> =
        files.iter().map(|(name, data)| (name.as_str(), data.as_bytes())).collect();
    let (leaves, decoded) = decode(&zip(&list));
    let texts: Vec<&str> = leaves.iter().map(|leaf| leaf.text.as_str()).collect();
    assert_eq!(texts, files.iter().map(|(_, data)| data.as_str()).collect::<Vec<_>>());
    assert_eq!(decoded.members, 20);
    assert_eq!(decoded.bytes, texts.iter().map(|text| text.len() as u64).sum::<u64>());
}

#[test]
fn an_empty_zip_has_no_members_and_no_problem() {
    let (leaves, decoded) = decode(&zip(&[]));
    assert_eq!((leaves.len(), decoded.members, decoded.problems.len()), (0, 0, 0));
    assert_eq!(decoded.layers, "zip");
}

#[test]
fn bytes_around_an_archive_do_no_harm() {
    let zipped = zip(&[("log.json", JSON.as_bytes())]);
    check([b"HTTP/1.1 200 OK\r\n\r\n", &zipped[..]].concat(), "zip", Some("log.json"));
    check([&[0x7f, b'E', b'L', b'F', 0, 0], &zipped[..]].concat(), "zip", Some("log.json"));
    check([&zipped[..], b"\n"].concat(), "zip", Some("log.json"));
}

#[test]
fn equal_names_are_all_read() {
    let mut data = zip(&[("a.json", b"[1]"), ("b.json", b"[2]")]);
    while let Some(at) = memchr::memmem::find(&data, b"b.json") {
        data[at] = b'a';
    }
    let (leaves, decoded) = decode(&data);
    assert_eq!(leaves.len(), 2);
    assert!(decoded.problems.is_empty());
}

#[test]
fn a_wrong_checksum_costs_one_member_only() {
    let mut data = zip_with(
        &[("a.json", b"[\"first\"]"), ("b.json", b"[\"second\"]")],
        zip::CompressionMethod::Stored,
    );
    let at = memchr::memmem::find(&data, b"first").unwrap();
    data[at] = b'F';
    let (leaves, decoded) = decode(&data);
    assert_eq!(leaves.len(), 1);
    assert_eq!(leaves[0].text, "[\"second\"]");
    assert_eq!(kinds(&decoded), [ProblemKind::CrcMismatch]);
    assert_eq!(decoded.problems[0].member.as_deref(), Some("a.json"));
}

#[test]
fn an_encrypted_member_is_named() {
    let mut data = zip(&[("a.json", JSON.as_bytes())]);
    for signature in [b"PK\x03\x04", b"PK\x01\x02"] {
        let at = memchr::memmem::find(&data, signature).unwrap();
        let flags = at + if signature[2] == 3 { 6 } else { 8 };
        data[flags] |= 1;
    }
    let (leaves, decoded) = decode(&data);
    assert!(leaves.is_empty());
    assert_eq!(decoded.problems[0].message, "\"a.json\": byte 0: needs a password (ZipCrypto)");
}

#[test]
fn a_zip_without_its_end_gives_whole_members_and_the_start_of_the_last() {
    let long: String = squares();
    let data = zip(&[("a.json", JSON.as_bytes()), ("b.txt", long.as_bytes())]);
    let end = memchr::memmem::find(&data, b"PK\x01\x02").unwrap();
    let (leaves, decoded) = decode(&data[..end - 500]);
    assert_eq!(leaves.len(), 2, "{:?} {:?}", leaves, decoded.problems);
    assert!(leaves[0].whole && leaves[0].text == JSON);
    assert!(!leaves[1].whole && long.starts_with(&leaves[1].text) && leaves[1].text.len() > 1_000);
    assert_eq!(kinds(&decoded), [ProblemKind::Truncated, ProblemKind::Truncated]);
}

#[test]
fn a_cut_base64_text_gives_what_stands_before_the_cut() {
    let text = b64(JSON.as_bytes());
    let (leaves, decoded) = decode(&text.as_bytes()[..41]);
    assert_eq!((leaves[0].text.as_str(), leaves[0].whole), (&JSON[..30], false));
    assert_eq!(kinds(&decoded), [ProblemKind::Truncated]);
}

#[test]
fn a_cut_download_gives_what_stands_before_the_cut() {
    let long = squares();
    let text = b64(&zip(&[("log.txt", long.as_bytes())]));
    let wrapped = text.as_bytes().chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..]);
    let quoted = format!("\"{text}\"").into_bytes();
    let object = format!("{{\"data\":\"{text}\"}}").into_bytes();
    for payload in [text.into_bytes(), wrapped, quoted, object] {
        let (leaves, decoded) = decode(&payload[..=payload.len() / 2]);
        assert_eq!(leaves.len(), 1, "{:?}", decoded.problems);
        assert!(!leaves[0].whole && long.starts_with(&leaves[0].text));
        assert!(leaves[0].text.len() > long.len() / 4);
        assert!(kinds(&decoded).iter().all(|&kind| kind == ProblemKind::Truncated));
    }
}

#[test]
fn an_archive_behind_another_is_read_and_the_first_is_reported() {
    let first = zip(&[("a.json", b"[1]")]);
    let (leaves, decoded) = decode(&[first, zip(&[("b.json", b"[2]")])].concat());
    assert_eq!(leaves[0].text, "[2]", "{leaves:?} {decoded:?}");
    assert_eq!(kinds(&decoded), [ProblemKind::HeaderMismatch]);
}

#[test]
fn a_false_end_record_in_the_comment_hides_nothing() {
    let mut data = zip(&[("log.json", JSON.as_bytes())]);
    let length = data.len();
    data[length - 2] = 22;
    data.extend(zip(&[]));
    check(&data, "zip", Some("log.json"));
}

#[test]
fn layers_end_at_the_depth_limit() {
    let mut data = zip(&[("log.json", JSON.as_bytes())]);
    for _ in 0..20 {
        data = zip(&[("in.zip", &data)]);
    }
    let (leaves, decoded) = decode(&data);
    assert!(leaves.is_empty());
    assert_eq!(kinds(&decoded), [ProblemKind::TooDeep]);
}

#[test]
fn output_ends_at_the_ratio_and_at_the_total() {
    let bomb = zip(&[("a", &vec![b'['; 20_000_000])]);
    let (leaves, decoded) = decode(&bomb);
    // The beginning is used, as of a member that is cut.
    assert_eq!((leaves[0].text.len(), leaves[0].whole), (4 << 20, false));
    assert_eq!(kinds(&decoded), [ProblemKind::TooLarge]);
    let bzip2 = zip::CompressionMethod::Bzip2;
    let part = vec![b'['; 7_000_000];
    assert_eq!(decode(&zip_with(&[("a", &part)], bzip2)).1.problems, []);
    let many: Vec<(String, &[u8])> = (0..12).map(|i| (i.to_string(), &part[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, data)| (name.as_str(), *data)).collect();
    let (leaves, decoded) = decode(&zip_with(&many, bzip2));
    assert_eq!(leaves.len(), 9);
    assert_eq!(kinds(&decoded), [ProblemKind::TooLarge]);
}

#[test]
fn members_end_at_their_limit() {
    let limits = Limits { members: 3, ..Limits::default() };
    let files: [(&str, &[u8]); 5] =
        [("a", b"1"), ("b", b"2"), ("c", b"3"), ("d", b"4"), ("e", b"5")];
    let (leaves, decoded) = decode_with(limits, &zip(&files));
    assert_eq!(leaves.len(), 3);
    assert_eq!(kinds(&decoded), [ProblemKind::TooManyMembers]);
}

#[test]
fn problems_end_at_their_limit() {
    let limits = Limits { problems: 2, ..Limits::default() };
    let files: Vec<(String, &[u8])> = (0..9).map(|i| (i.to_string(), &b"text"[..])).collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, data)| (name.as_str(), *data)).collect();
    let mut data = zip_with(&files, zip::CompressionMethod::Stored);
    while let Some(at) = memchr::memmem::find(&data, b"text") {
        data[at] = b'T';
    }
    let (_, decoded) = decode_with(limits, &data);
    assert_eq!(decoded.problems.len(), 3);
    assert_eq!(decoded.problems[2].message, "byte 0: 7 more problems in this file");
}

#[test]
fn binary_payloads_are_named() {
    let (leaves, decoded) = decode(b"7z\xbc\xaf\x27\x1c\0\x04rest");
    assert_eq!((leaves[0].form, leaves[0].text.as_str()), (Form::Binary, ""));
    assert_eq!(kinds(&decoded), [ProblemKind::NotAnArchive]);
    assert!(decoded.problems[0].message.contains("a 7z archive"));
}

#[test]
fn peek_gives_the_beginning_of_each_leaf() {
    let long = JSON.repeat(2_000);
    let inner = zip(&[("c", long.as_bytes())]);
    let data = zip(&[("a", long.as_bytes()), ("b", b"[]"), ("in.zip", &inner)]);
    for input in [data.clone(), b64(&data).into_bytes(), gzip(&data)] {
        let mut texts = Vec::new();
        Decoder::new(Limits::default()).peek(&input, 52, &mut |text| texts.push(text.to_owned()));
        if input.starts_with(b"\x1f\x8b") {
            // The directory is not within what is unpacked of a gzip; its first member is.
            assert!(long.starts_with(&texts[0]), "{texts:?}");
        } else {
            assert_eq!(texts[..2], [JSON[..51].to_owned(), "[]".to_owned()]);
        }
    }
    for input in
        [long.clone().into_bytes(), b64(long.as_bytes()).into_bytes(), gzip(long.as_bytes())]
    {
        let mut texts = Vec::new();
        Decoder::new(Limits::default()).peek(&input, 40, &mut |text| texts.push(text.to_owned()));
        assert_eq!(texts, [&JSON[..40]]);
    }
}

/// One member of `JSON` behind headers made here, for methods that the `zip` crate does not write.
fn zip_of(method: u16, flags: u16, packed: &[u8]) -> Vec<u8> {
    let crc = crc32fast::hash(JSON.as_bytes());
    let mut data = Vec::new();
    let header = |data: &mut Vec<u8>| {
        for value in [46, flags, method, 0, 0x21] {
            data.extend_from_slice(&u16::to_le_bytes(value));
        }
        for value in [crc, packed.len() as u32, JSON.len() as u32] {
            data.extend_from_slice(&value.to_le_bytes());
        }
        data.extend_from_slice(&[8, 0, 0, 0]);
    };
    data.extend_from_slice(b"PK\x03\x04");
    header(&mut data);
    data.extend_from_slice(b"log.json");
    data.extend_from_slice(packed);
    let start = data.len() as u32;
    data.extend_from_slice(b"PK\x01\x02\x2e\0");
    header(&mut data);
    data.extend_from_slice(&[0; 14]);
    data.extend_from_slice(b"log.json");
    let length = data.len() as u32 - start;
    data.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    for value in [length, start] {
        data.extend_from_slice(&value.to_le_bytes());
    }
    data.extend_from_slice(&[0, 0]);
    data
}

/// A zstd frame of one block that is not compressed, with this window descriptor.
fn zstd_frame(window: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window];
    frame.extend_from_slice(&((JSON.len() as u32) << 3 | 1).to_le_bytes()[..3]);
    frame.extend_from_slice(JSON.as_bytes());
    frame
}

#[test]
fn a_zstd_member_is_opened_unless_its_window_is_huge() {
    // 2 MiB, as a writer that streams demands for any size.
    check(zip_of(93, 0, &zstd_frame(11 << 3)), "zip", Some("log.json"));
    let (leaves, decoded) = decode(&zip_of(93, 0, &zstd_frame(0xff)));
    assert!(leaves.is_empty());
    assert_eq!(kinds(&decoded), [ProblemKind::TooLarge]);
    let frame = zstd_frame(11 << 3);
    let (leaves, decoded) = decode(&zip_of(93, 0, &frame[..frame.len() - 9]));
    assert!(leaves.iter().all(|leaf| !leaf.whole && JSON.starts_with(&leaf.text)));
    assert_eq!(kinds(&decoded), [ProblemKind::Truncated]);
}

/// A stream without matches of 258 bytes is the same in both methods.
#[test]
fn a_deflate64_member_is_opened_and_a_cut_one_is_not_used() {
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(JSON.as_bytes()).unwrap();
    let packed = deflate.finish().unwrap();
    check(zip_of(9, 0, &packed), "zip", Some("log.json"));
    for end in [0, 9, packed.len() / 2] {
        let (leaves, decoded) = decode(&zip_of(9, 0, &packed[..end]));
        assert!(leaves.is_empty());
        assert_eq!(kinds(&decoded), [ProblemKind::BadDeflate], "{end}");
    }
}

#[test]
fn what_a_member_is_encrypted_with_is_named() {
    let cipher = |flags: u16| {
        let (leaves, decoded) = decode(&zip_of(8, flags, b"secret"));
        assert!(leaves.is_empty());
        assert_eq!(kinds(&decoded), [ProblemKind::Encrypted]);
        decoded.problems[0].message.clone()
    };
    assert_eq!(cipher(1), "\"log.json\": byte 0: needs a password (ZipCrypto)");
    assert_eq!(
        cipher(0x41),
        "\"log.json\": byte 0: needs a password (strong encryption of PKWARE)"
    );
}

#[test]
fn a_budget_changes_nothing_but_which_file_waits() {
    let texts: Vec<String> = (0..6_u32)
        .map(|n| {
            let lines: Vec<String> = (0..40_000).map(|i| ((i ^ n) * 7919).to_string()).collect();
            lines.join("\n")
        })
        .collect();
    let files: Vec<Vec<u8>> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| match n % 3 {
            0 => b64(&zip(&[("a.txt", text.as_bytes())])).into_bytes(),
            1 => zip_with(&[("a.txt", text.as_bytes())], zip::CompressionMethod::Bzip2),
            _ => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        })
        .collect();
    let budget = Budget::new(10_000, 4);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let found = std::sync::Mutex::new(vec![String::new(); files.len()]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut decoder = Decoder::new(Limits::default());
                loop {
                    let n = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    let Some(file) = files.get(n) else { return };
                    let share = budget.share(n as u64);
                    decoder.decode_within(&share, file, &mut |leaf| {
                        found.lock().unwrap()[n].push_str(leaf.text);
                    });
                }
            });
        }
    });
    assert!(found.into_inner().unwrap() == texts);
    assert!(budget.peak() > 10_000, "each file alone needs more");
}

/// Changes bytes of the first local header (`PK\x03\x04`) or directory entry (`PK\x01\x02`).
fn changed(data: &[u8], signature: &[u8], offset: usize, to: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    let at = memchr::memmem::find(&data, signature).unwrap() + offset;
    data[at..at + to.len()].copy_from_slice(to);
    data
}

#[test]
fn every_conflict_is_reported_with_both_values() {
    let (local, central): (&[u8], &[u8]) = (b"PK\x03\x04", b"PK\x01\x02");
    let data = zip(&[("log.json", JSON.as_bytes())]);
    let found = crc32fast::hash(JSON.as_bytes());
    let check = |damaged: &[u8], kind: ProblemKind, parts: &[&str]| {
        let (_, decoded) = decode(damaged);
        let problem = decoded.problems.iter().find(|problem| problem.kind == kind);
        let problem =
            problem.unwrap_or_else(|| panic!("{kind:?} is not among {:?}", decoded.problems));
        for part in parts {
            assert!(problem.message.contains(part), "{part:?} is not in {:?}", problem.message);
        }
    };
    let crc = format!("{found:08x}");
    check(
        &changed(&data, central, 16, &[1, 0, 0, 0]),
        ProblemKind::CrcMismatch,
        &[&crc, "00000001"],
    );
    check(
        &changed(&data, local, 8, &[0]),
        ProblemKind::HeaderMismatch,
        &["method 0 (stored) in the local header", "8 (deflate) in the directory"],
    );
    check(
        &changed(&data, local, 30, b"LOG"),
        ProblemKind::HeaderMismatch,
        &["\"log.json\"", "named \"LOG.json\" in the local header"],
    );
    check(
        &changed(&data, local, 18, &[7, 0]),
        ProblemKind::HeaderMismatch,
        &["7 packed bytes in the local header", "in the directory"],
    );
    let counts = changed(&data, b"PK\x05\x06", 8, &[5, 0, 5, 0]);
    let parts = ["directory has 1 members", "the end record says 5"];
    check(&counts, ProblemKind::HeaderMismatch, &parts);
    let bomb = zip(&[("a", &vec![b'['; 20_000_000])]);
    check(
        &bomb,
        ProblemKind::TooLarge,
        &["inflates past", "--max-ratio is 250, twice that below 64 MiB"],
    );
}

/// Found by fuzzing: the download ended between the data and the descriptor behind it, and the member
/// was given as whole although its bytes had not been checked.
#[test]
fn a_member_whose_checksum_is_cut_off_is_not_whole() {
    let header = b"PK\x03\x04\x14\0\x08\0\x08\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a";
    let data = b"\x4b\x03\x00"; // "f", deflated
    let mut whole = [&header[..], &data[..], b"PK\x07\x08"].concat();
    for value in [crc32fast::hash(b"f"), 3, 1] {
        whole.extend(value.to_le_bytes());
    }
    for end in header.len() + data.len()..=whole.len() {
        let (leaves, decoded) = decode(&whole[..end]);
        assert_eq!(leaves.len(), 1, "{end}");
        assert_eq!(leaves[0].whole, end == whole.len(), "{end}: {:?}", decoded.problems);
        assert!(kinds(&decoded).contains(&ProblemKind::Truncated), "{end}");
    }
}

/// The sum and the sizes stand behind the data; the directory has the right ones.
#[test]
fn a_descriptor_that_contradicts_is_reported() {
    let mut writer = ZipWriter::new_stream(Vec::new());
    writer.start_file("a.json", SimpleFileOptions::default()).unwrap();
    writer.write_all(JSON.as_bytes()).unwrap();
    let data = writer.finish().unwrap().into_inner();
    let end = memchr::memmem::find(&data, b"PK\x01\x02").unwrap();
    let damaged = changed(&data[..end], b"PK\x07\x08", 4, &[1, 2, 3, 4]);
    let (leaves, decoded) = decode(&damaged);
    assert!(leaves.is_empty());
    assert!(kinds(&decoded).contains(&ProblemKind::CrcMismatch), "{decoded:?}");
    let (leaves, decoded) = decode(&changed(&data, b"PK\x07\x08", 4, &[1, 2, 3, 4]));
    assert_eq!(leaves[0].text, JSON);
    let problem = &decoded.problems[0];
    assert_eq!(problem.kind, ProblemKind::HeaderMismatch);
    assert!(problem.message.contains("CRC-32 04030201 behind the data"), "{}", problem.message);
}
