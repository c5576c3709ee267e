//! Samples of each wrap, cut and changed in every place.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const LOG: &[u8] = br#"{"status":400,"body":"value"}"#;

/// A sample, and whether a checksum confirms what is in it.
type WrapSample = (Vec<u8>, bool);

/// Small enough to be damaged in every place.
fn samples() -> Vec<WrapSample> {
    let zipped = zip(&[("a.json", LOG), ("b.json", b"[1]")]);
    let text = b64(&zipped);
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let mut streamed = ZipWriter::new_stream(Vec::new());
    for (name, bytes) in [("a.json", LOG), ("b.json", b"[1]")] {
        streamed.start_file(name, SimpleFileOptions::default()).unwrap();
        streamed.write_all(bytes).unwrap();
    }
    let mut large = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    large.start_file("a.json", SimpleFileOptions::default().large_file(true)).unwrap();
    large.write_all(LOG).unwrap();
    let lines = text.as_bytes().chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..]);
    vec![
        (LOG.to_vec(), false),
        (zipped.clone(), true),
        (zip_with(&[("a.json", LOG)], zip::CompressionMethod::Stored), true),
        (zip_with(&[("a.json", LOG)], zip::CompressionMethod::Bzip2), true),
        (streamed.finish().unwrap().into_inner(), true),
        (large.finish().unwrap().into_inner(), true),
        (zip_of(93, 0, &zstd_frame(11 << 3)), true),
        (zip(&[("in.zip", &zipped), ("in.gz", &gzip(LOG))]), true),
        (gzip(LOG), true),
        ([gzip(&LOG[..9]), gzip(&LOG[9..])].concat(), true),
        (zlib(LOG), true),
        (b64(&gzip(LOG)).into_bytes(), true),
        (b64(LOG).into_bytes(), false),
        (text.clone().into_bytes(), true),
        (lines, true),
        (BASE64_URL_SAFE_NO_PAD.encode(&zipped).into_bytes(), true),
        (b64(text.as_bytes()).into_bytes(), true),
        (format!("\"{text}\"").into_bytes(), true),
        (format!("{{\"data\":\"{}\"}}", text.replace('/', "\\/")).into_bytes(), true),
        (format!("data:;base64,{text}").into_bytes(), true),
        (wide(&text, u16::to_le_bytes), true),
        (wide(&text, u16::to_be_bytes), true),
        (wide("[\"ş\"]", u16::to_le_bytes), false),
        ("[\"ş\"]".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), false),
    ]
}

/// Decodes `input` and checks that the counts agree with each other. Returns the texts that a checksum
/// confirms.
fn survives(decoder: &mut Decoder, input: &[u8]) -> BTreeSet<String> {
    let mut bytes = 0;
    let (mut leaves, mut members) = (0, 0);
    let mut confirmed = BTreeSet::new();
    let decoded = decoder.decode(input, &mut |leaf| {
        bytes += leaf.bytes;
        leaves += 1;
        members += u32::from(leaf.member.is_some());
        assert!(leaf.form != Form::Binary || leaf.text.is_empty());
        let packed = leaf.layers.split('>').any(|layer| matches!(layer, "zip" | "gzip" | "zlib"));
        if leaf.whole && packed {
            confirmed.insert(leaf.text.to_owned());
        }
    });
    assert_eq!(bytes, decoded.bytes);
    assert_eq!(members + decoded.archives + decoded.unread, decoded.members);
    assert!(decoded.unread == 0 || !decoded.problems.is_empty());
    assert!(leaves > 0 || !decoded.problems.is_empty() || decoded.layers.ends_with("zip"));
    decoder.peek(input, 10, &mut |text| assert!(text.len() <= 10));
    confirmed
}

/// Whether each text is one of the sound sample. Of a gzip file of several parts the first are whole without
/// the others, and nothing in them says that more should follow.
fn all_sound(found: &BTreeSet<String>, whole: &BTreeSet<String>) -> bool {
    found.iter().all(|text| whole.iter().any(|sound| sound.starts_with(text.as_str())))
}

#[test]
fn no_truncation_of_any_wrap_gives_wrong_bytes() {
    let mut decoder = Decoder::new(Limits::default());
    for (sample, checked) in samples() {
        let whole = survives(&mut decoder, &sample);
        assert_eq!(checked, !whole.is_empty());
        for end in 0..sample.len() {
            let found = survives(&mut decoder, &sample[..end]);
            assert!(all_sound(&found, &whole), "{end} of {}: {found:?}", sample.len());
        }
    }
}

#[test]
fn no_flipped_bit_of_any_wrap_gives_wrong_bytes() {
    let mut decoder = Decoder::new(Limits::default());
    for (sample, _) in samples() {
        let whole = survives(&mut decoder, &sample);
        let mut damaged = sample.clone();
        for at in 0..sample.len() {
            for bit in 0..8 {
                damaged[at] ^= 1 << bit;
                let found = survives(&mut decoder, &damaged);
                assert!(all_sound(&found, &whole), "bit {bit} of byte {at}: {found:?}");
                damaged[at] = sample[at];
            }
        }
    }
}

#[test]
fn no_byte_that_is_left_out_or_doubled_gives_wrong_bytes() {
    let mut decoder = Decoder::new(Limits::default());
    for (sample, _) in samples() {
        let whole = survives(&mut decoder, &sample);
        for at in 0..sample.len() {
            let mut shorter = sample.clone();
            let byte = shorter.remove(at);
            let mut longer = sample.clone();
            longer.insert(at, byte);
            for damaged in [shorter, longer] {
                let found = survives(&mut decoder, &damaged);
                assert!(all_sound(&found, &whole), "byte {at}: {found:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_after_any_signature_are_survived(
        start in prop::sample::select(vec!["", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "UEsDB", "\"UEsDB", "{\"", "H4sI"]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        survives(&mut Decoder::new(Limits::default()), &[start.as_bytes(), &rest].concat());
    }

    #[test]
    fn the_zip_crate_reads_the_same(
        files in prop::collection::vec(("[a-z]{1,8}", prop::collection::vec(0x20_u8..0x7f, 0..200)), 0..6),
        stored in any::<bool>(),
    ) {
        let method = if stored { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        // A document that begins amid a text is taken out of it, which the oracle does not do.
        let plain = |byte: &u8| if matches!(byte, b'{' | b'[' | b'<') { b'.' } else { *byte };
        let files: std::collections::BTreeMap<String, Vec<u8>> = files
            .into_iter()
            .map(|(name, text)| (name, b"x ".iter().chain(&text).map(plain).collect()))
            .collect();
        let list: Vec<(&str, &[u8])> = files.iter().map(|(n, d)| (n.as_str(), d.as_slice())).collect();
        let data = zip_with(&list, method);
        let mut oracle = zip::ZipArchive::new(std::io::Cursor::new(&data)).unwrap();
        let expected: Vec<(String, String)> = (0..oracle.len())
            .map(|i| {
                let mut file = oracle.by_index(i).unwrap();
                let mut text = String::new();
                std::io::Read::read_to_string(&mut file, &mut text).unwrap();
                (file.name().unwrap().into_owned(), text)
            })
            .collect();
        let (leaves, decoded) = decode(&data);
        prop_assert!(decoded.problems.is_empty());
        let found: Vec<_> = leaves.into_iter().map(|leaf| (leaf.member.unwrap(), leaf.text)).collect();
        prop_assert_eq!(found, expected);
    }
}
