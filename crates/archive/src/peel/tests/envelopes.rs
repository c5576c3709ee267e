//! Payloads in the text that people save them in. Each law holds for any JSON, see the properties at the end.

use proptest::prelude::*;

use super::*;

fn zipped(json: &str) -> Vec<u8> {
    zip(&[("log.json", json.as_bytes())])
}

/// One sound leaf with `json` in it, whatever the layers are.
fn gives(input: impl AsRef<[u8]>, json: &str) {
    let (leaves, decoded) = decode(input.as_ref());
    let shown = String::from_utf8_lossy(input.as_ref()).into_owned();
    assert_eq!(decoded.problems, [], "{shown}");
    let texts: Vec<_> = leaves.iter().map(|leaf| leaf.text.trim_end()).collect();
    assert_eq!(texts, [json], "{shown}");
}

/// As many sound leaves as `json` has, with members that have different names.
fn gives_all(input: impl AsRef<[u8]>, json: &[&str]) {
    let (leaves, decoded) = decode(input.as_ref());
    let shown = String::from_utf8_lossy(input.as_ref()).into_owned();
    assert_eq!(decoded.problems, [], "{shown}");
    let texts: Vec<_> = leaves.iter().map(|leaf| leaf.text.as_str()).collect();
    assert_eq!(texts, json, "{shown}");
    let mut names: Vec<_> = leaves.iter().map(|leaf| leaf.member.clone()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), json.len());
    let inside = leaves.iter().filter(|leaf| leaf.member.is_some()).count() as u32;
    assert_eq!(inside + decoded.archives + decoded.unread, decoded.members);
}

/// The text is one leaf, as it stands.
fn stays(text: &str) {
    let (leaves, _) = decode(text.as_bytes());
    let texts: Vec<_> = leaves.iter().map(|leaf| leaf.text.as_str()).collect();
    assert_eq!(texts, [text]);
    assert_eq!(leaves[0].layers, "");
}

/// `text` with a line end behind every `width` characters.
fn wrapped(text: &str, width: usize, end: &str) -> String {
    let lines: Vec<_> =
        text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(end)
}

#[test]
fn divided_lines_of_container_runtimes_are_joined() {
    let (begin, end) = JSON.split_at(JSON.len() / 2);
    let time = "2026-03-01T10:00:00.000000001+03:00";
    gives(format!("{time} stdout P {begin}\n{time} stdout F {end}\n"), JSON);
    let other = format!("{time} stdout F started\n");
    gives(
        format!("{other}{time} stdout P {begin}\n{other}{time} stdout F {end}\n").replacen(
            "stdout F started",
            "stderr F started",
            2,
        ),
        JSON,
    );
    stays(&format!("{time} stdout P one\n{time} stdout F two\n"));
}

#[test]
fn json_in_the_notation_of_another_language_is_one_document() {
    for text in [
        format!("{{request: {JSON}, response: {JSON}}}"),
        format!("[{{'request': {JSON}}}, {{'request': {JSON}}}]"),
        format!("{{ /* run */ \"a\": {JSON}}}"),
        format!("[OrderedDict([('request', {JSON})])]"),
        format!("[{{:request=>{JSON}}}]"),
    ] {
        stays(&text);
    }
}

#[test]
fn saved_http_answers() {
    let payload = b64(&zipped(JSON));
    for body in [JSON, &payload, &format!("\"{payload}\"")] {
        for head in [
            "HTTP/2 200 \r\ncontent-type: text/plain\r\n\r\n",
            "HTTP/1.1 200 OK\nA: b\n\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n",
            "HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n",
        ] {
            gives(format!("{head}{body}"), JSON);
        }
        let (start, end) = body.split_at(20);
        let chunks = format!("14\r\n{start}\r\n{:x};x=y\r\n{end}\r\n0\r\n\r\n", end.len());
        gives(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"), JSON);
        // Some clients join the chunks and keep the header.
        gives(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}"), JSON);
    }
    let trace = "* Connected to x.example (10.0.0.1)\n> GET /x HTTP/2\n> \n< HTTP/2 200 \n< \n";
    gives(format!("{trace}{payload}\n* Connection #0 left intact\n"), JSON);
    stays(&format!("HTTP/1.1 502 Bad Gateway\r\nA: b\r\n\r\n{JSON}"));
    stays("HTTP/1.1 204 No Content\r\nA: b\r\n\r\n");
}

#[test]
fn mails_and_armour() {
    let payload = wrapped(&b64(&zipped(JSON)), 76, "\r\n");
    let head = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n\tboundary=\"x--y\"\r\n\r\n";
    let words = "--x--y\r\nContent-Type: text/plain\r\n\r\nLog ektedir.\r\n\r\n";
    let part = format!(
        "--x--y\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n{payload}\r\n"
    );
    gives(format!("{head}{words}{part}--x--y--\r\n"), JSON);
    gives_all(format!("{head}{words}{part}\r\n{part}--x--y--\r\n"), &[JSON, JSON]);
    let printable = JSON.replace('=', "=3D").replace("lütfen", "l=C3=BCt=\r\nfen");
    let single = "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
    gives(format!("{single}{printable}\r\n"), JSON);
    for mark in ["-----BEGIN CERTIFICATE-----", "-----BEGIN X-----"] {
        let end = mark.replace("BEGIN", "END");
        gives(format!("{mark}\r\n{payload}\r\n{end}\r\n"), JSON);
    }
}

#[test]
fn json_and_payloads_between_other_text() {
    let payload = b64(&zipped(JSON));
    for (before, after) in [
        (")]}'\n", ""),
        (")]}',\n", "\n"),
        ("while(1);", ""),
        ("for (;;);", ""),
        ("callback(", ");"),
        ("/**/ cb && cb(", ")"),
        ("var log = ", ";\n"),
        ("2024-01-01 12:00:00,123 INFO [main] ", "\n"),
        ("integrator_1  | ", ""),
        ("\u{1e}", "\n"),
        ("[2024-01-01T00:00:00Z] ", "\n"),
        ("Merhaba,\n\n", "\n\nDone."),
    ] {
        gives(format!("{before}{JSON}{after}"), JSON);
    }
    for (before, after) in [
        ("content: ", "\n"),
        ("INSERT INTO logs VALUES (9,'", "');"),
        ("'", "'"),
        ("`", "`"),
        ("```\n", "\n```\n"),
        ("<?xml version=\"1.0\"?><r><![CDATA[", "]]></r>"),
        ("<html><body><pre>", "</pre></body></html>"),
        ("var data = \"", "\";"),
    ] {
        gives(format!("{before}{payload}{after}"), JSON);
    }
    let lines = format!("app | {JSON}\nsomething else\napp | {JSON}\n");
    gives(lines, &format!("{JSON}\n{JSON}"));
}

#[test]
fn several_payloads_in_a_text_or_a_document() {
    let logs = [r#"{"status":400,"n":1}"#, r#"{"status":401,"n":2}"#, r#"{"status":402,"n":3}"#];
    let [a, b, c] = logs.map(|log| b64(&zipped(log)));
    for (before, between, after) in [
        ("", "\n", "\n"),
        ("[\"", "\",\"", "\"]"),
        ("[{\"id\":1,\"data\":\"", "\"},\n{\"id\":2,\"data\":\"", "\"}]"),
        ("{\"count\":3,\"results\":[{\"file\":\"", "\"},{\"file\":\"", "\"}]}"),
        ("{\"data\":\"", "\"}\n{\"data\":\"", "\"}\n"),
        ("id,content\n1,", "\n2,", "\n"),
        ("\u{feff}id;content\r\n1;", "\r\n2;", "\r\n"),
        ("id\tcontent\n1\t\"", "\"\n2\t\"", "\"\n"),
        ("2024-01-01 INFO ", "\n2024-01-02 INFO ", "\n"),
        ("<r><f>", "</f><f>", "</f></r>"),
    ] {
        gives_all(format!("{before}{a}{between}{b}{between}{c}{after}"), &logs);
    }
    // Without padding, and base64 of JSON, one a line.
    let bare = [&a, &b, &c].map(|text| text.trim_end_matches('='));
    gives_all(bare.join("\n"), &logs);
    let long = logs.map(|log| format!(r#"[{log},{{"text":"{}"}}]"#, "x".repeat(100)));
    gives_all(
        long.each_ref().map(|log| b64(log.as_bytes())).join("\n"),
        &long.each_ref().map(String::as_str),
    );
    let within = zip(&[("list.json", format!(r#"["{a}","{b}"]"#).as_bytes())]);
    gives_all(within, &logs[..2]);
}

#[test]
fn a_payload_in_pieces() {
    let payload = b64(&zipped(JSON));
    let pieces = wrapped(&payload, 100, "\", \"");
    gives(format!(r#"{{"chunks": ["{pieces}"]}}"#), JSON);
    gives(format!(r#"["{pieces}"]"#), JSON);
}

#[test]
fn documents_with_encoded_bodies_are_left_alone() {
    let payload = b64(&zipped(JSON));
    stays(&format!(r#"[{{"request":{{"body":"{payload}"}},"response":{{"status":400}}}}]"#));
    stays(&format!(r#"[{{"method":"POST","url":"/x","status":400,"body":"{payload}"}}]"#));
    let token =
        b64(br#"{"alg":"HS256","typ":"JWT","kid":"0123456789012345678901234567890123456789"}"#);
    stays(&format!(r#"{{"access_token":"{token}.{token}.x","expires":5}}"#));
    stays(&format!("<html><script>state='{token}'</script>Hata</html>"));
    stays(&format!("the token was {token}.{token}.abc\n"));
    stays(
        "java.lang.Exception: {\"a\":1}\n\tat com.example.Main.run(Main.java:1)\n\tat x.Y.z(Y.java:2)\n",
    );
    stays(
        "<html><script>var x={\"a\":1}</script><body>Service Unavailable, please try again</body></html>",
    );
}

#[test]
fn characters_that_other_programs_write_in_another_way() {
    let payload = b64(&zipped(JSON));
    assert!(payload.contains('+') || payload.contains('/'));
    gives(wrapped(&payload, 76, "=\r\n"), JSON);
    gives(wrapped(&payload, 76, "\\n"), JSON);
    gives(wrapped(&payload, 76, "\\r\\n"), JSON);
    gives(wrapped(&payload, 80, "\n\u{feff}"), JSON);
    let percent = payload.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    gives(percent, JSON);
    gives(JSON.replace('"', "&quot;"), JSON);
    gives(JSON.replace('"', "\\\""), JSON);
    gives(format!("id,log\n1,\"{}\"\n", JSON.replace('"', "\"\"")), JSON);
    let all: String = JSON
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    gives(all, JSON);
    gives(format!("<html><pre>{}</pre></html>", JSON.replace('"', "&#34;")), JSON);
}

#[test]
fn spaces_that_were_plus_are_read_and_reported() {
    let text = (0..99)
        .map(|n| b64(&zipped(&format!(r#"{{"status":400,"n":{n}}}"#))))
        .find(|text| text.contains('+') && !text.contains('-'))
        .unwrap();
    let (leaves, decoded) = decode(text.replace('+', " ").as_bytes());
    assert_eq!(leaves[0].text, decode(text.as_bytes()).0[0].text);
    assert_eq!(kinds(&decoded), [ProblemKind::BadBase64]);
}

#[test]
#[expect(clippy::format_collect, clippy::format_push_string, reason = "short texts of a test")]
fn bytes_that_are_spelled() {
    let data = zipped(JSON);
    let hex = |end: &str| data.iter().map(|byte| format!("{byte:02x}{end}")).collect::<String>();
    gives(hex(""), JSON);
    gives(hex("").to_uppercase(), JSON);
    gives(hex(" "), JSON);
    gives(format!("\\x{}", hex("")), JSON);
    gives(format!("0x{}", hex("")), JSON);
    gives(wrapped(&hex(""), 60, "\n"), JSON);
    let shown = |line: &[u8]| {
        line.iter()
            .map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' })
            .collect::<String>()
    };
    let (mut xxd, mut dump) = (String::new(), String::new());
    for (n, line) in data.chunks(16).enumerate() {
        let pairs: Vec<_> = line
            .chunks(2)
            .map(|two| two.iter().map(|b| format!("{b:02x}")).collect::<String>())
            .collect();
        xxd += &format!("{:08x}: {:39}  {}\n", n * 16, pairs.join(" "), shown(line));
        let bytes = |part: &[u8]| part.iter().map(|b| format!("{b:02x} ")).collect::<String>();
        let (first, second) = line.split_at(line.len().min(8));
        dump += &format!(
            "{:08x}  {:24} {:24} |{}|\n",
            n * 16,
            bytes(first),
            bytes(second),
            shown(line)
        );
    }
    gives(xxd, JSON);
    gives(dump, JSON);
    let literal: String = data
        .iter()
        .map(|&byte| match byte {
            b'\\' => "\\\\".to_owned(),
            b'\'' => "\\'".to_owned(),
            b'\n' => "\\n".to_owned(),
            0x20..0x7f => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        })
        .collect();
    gives(format!("b'{literal}'"), JSON);
    gives(format!("b'{}'", b64(&data)), JSON);
}

/// A tar archive with the file as its members.
#[test]
fn bytes_in_sql_and_lists_of_numbers() {
    let packed = zipped(JSON);
    let hex = packed.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    gives(format!("INSERT INTO logs VALUES (1, 0x{hex});\n"), JSON);
    gives(format!("INSERT INTO logs VALUES (1, X'{}');\n", hex.to_uppercase()), JSON);
    gives(format!("id,body\n1,\\x{hex}\n"), JSON);
    let list = packed.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    gives(format!("[{list}]"), JSON);
    gives(format!(r#"{{"type": "Buffer", "data": [{list}]}}"#), JSON);
    let signed = packed.iter().map(|byte| byte.cast_signed().to_string()).collect::<Vec<_>>();
    gives(format!("[{}]", signed.join(",")), JSON);
    stays("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]");
    stays(&format!(r#"{{"status": 400, "data": [{list}]}}"#));
}

#[test]
fn colours_and_marks_around_json() {
    let colours = JSON.replace('{', "\x1b[1;39m{\x1b[0m").replace(',', "\x1b[0m,\x1b[K");
    gives(colours, JSON);
    let lines = JSON.replace(',', ",\n");
    let plain: Vec<_> = lines.lines().collect();
    for mark in ["> ", ">", "+", "# ", "// ", "| "] {
        gives(format!("{mark}{}\n", plain.join(&format!("\n{mark}"))), &lines);
    }
    let payload = wrapped(&b64(&zipped(JSON)), 40, "\n> ");
    gives(format!("> {payload}\n"), JSON);
    stays("# a title\n# and words\n");
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, data) in files {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(header);
        out.extend_from_slice(data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn tar_alone_and_compressed() {
    let zipped = zipped(JSON);
    let archive = tar(&[("a.json", JSON.as_bytes()), ("b.zip", &zipped)]);
    let (leaves, decoded) = decode(&archive);
    assert_eq!(decoded.problems, []);
    let found: Vec<_> =
        leaves.iter().map(|leaf| (leaf.member.as_deref().unwrap(), leaf.layers.as_str())).collect();
    assert_eq!(found, [("a.json", "tar"), ("b.zip/log.json", "tar>zip")]);
    assert_eq!((decoded.members, decoded.archives), (3, 1));
    let one = tar(&[("a.json", JSON.as_bytes())]);
    check(&one, "tar", Some("a.json"));
    check(gzip(&one), "gzip>tar", Some("a.json"));
    check(b64(&one), "base64>tar", Some("a.json"));
    check(zstd::encode_all(&one[..], 3).unwrap(), "zstd>tar", Some("a.json"));
    // What is cut is used, and reported.
    let (leaves, decoded) = decode(&one[..540]);
    assert_eq!((leaves[0].text.as_str(), leaves[0].whole), (&JSON[..28], false));
    assert_eq!(kinds(&decoded), [ProblemKind::Truncated]);
    // A damaged header costs its own file.
    let mut damaged = tar(&[("a.json", b"[1]"), ("b.json", JSON.as_bytes())]);
    damaged[130] ^= 1;
    let (leaves, decoded) = decode(&[tar(&[("0", b"[0]")])[..1024].to_vec(), damaged].concat());
    assert_eq!(leaves.last().unwrap().text, JSON);
    assert_eq!(kinds(&decoded), [ProblemKind::HeaderMismatch]);
}

#[test]
fn streams_of_other_programs() {
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    bzip2.write_all(JSON.as_bytes()).unwrap();
    let bzip2 = bzip2.finish().unwrap();
    let zstd = zstd::encode_all(JSON.as_bytes(), 3).unwrap();
    let mut xz =
        lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(6)).unwrap();
    xz.write_all(JSON.as_bytes()).unwrap();
    let xz = xz.finish().unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(JSON.as_bytes()).unwrap();
    let lz4 = lz4.finish().unwrap();
    for (name, packed) in [("lz4", lz4), ("bzip2", bzip2), ("zstd", zstd), ("xz", xz)] {
        check(&packed, name, None);
        check(b64(&packed), &format!("base64>{name}"), None);
        let (_, decoded) = decode(&packed[..packed.len() - 12]);
        assert_eq!(kinds(&decoded), [ProblemKind::Truncated], "{name}");
    }
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
    let long = format!("[{}]", [JSON; 9].join(","));
    deflate.write_all(long.as_bytes()).unwrap();
    let text = wrapped(&b64(&deflate.finish().unwrap()), 76, "\n");
    assert!(text.len() < 256 || decode(text.as_bytes()).0[0].layers == "base64>deflate");
}

#[test]
fn what_is_not_opened_is_named() {
    for (begin, name) in [
        (&b"7z\xbc\xaf\x27\x1c\0\x04"[..], "a 7z archive"),
        (b"Rar!\x1a\x07\x01\0", "a rar archive"),
        (b"Salted__\x01\x02", "encrypted by openssl"),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQ==", "encrypted by PGP"),
    ] {
        let (_, decoded) = decode(begin);
        assert_eq!(kinds(&decoded), [ProblemKind::NotAnArchive], "{name}");
        assert!(decoded.problems[0].message.contains(name), "{:?}", decoded.problems);
    }
}

/// A zip written as a stream, whose sizes stand behind the data in 64 bits, is as sound as one in 32.
#[test]
fn wide_sizes_behind_the_data_are_no_defect() {
    for (wide, text) in [(false, JSON), (true, JSON), (false, ""), (true, "")] {
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(text.as_bytes()).unwrap();
        let packed = deflate.finish().unwrap();
        let crc = crc32fast::hash(text.as_bytes()).to_le_bytes();
        let sizes = [packed.len(), text.len()].map(|size| size as u64);
        let narrow = sizes.map(|size| (size as u32).to_le_bytes()).concat();
        let mut data = b"PK\x03\x04\x14\0\x08\0\x08\0\0\0\0\0".to_vec();
        data.extend([0; 12]);
        data.extend(b"\x06\0\0\0a.json");
        data.extend(&packed);
        data.extend(b"PK\x07\x08");
        data.extend(crc);
        data.extend(if wide { sizes.map(u64::to_le_bytes).concat() } else { narrow.clone() });
        let directory = data.len() as u32;
        let cut = data.clone();
        data.extend(b"PK\x01\x02\x14\0\x14\0\x08\0\x08\0\0\0\0\0");
        data.extend(crc);
        data.extend(&narrow);
        data.extend(b"\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a.json");
        let length = data.len() as u32 - directory;
        data.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        data.extend(length.to_le_bytes());
        data.extend(directory.to_le_bytes());
        data.extend([0, 0]);
        let (leaves, decoded) = decode(&data);
        assert_eq!(
            (leaves[0].text.as_str(), &decoded.problems[..]),
            (text, &[][..]),
            "wide: {wide}"
        );
        // Without its directory it is found by its headers.
        let (leaves, decoded) = decode(&cut);
        assert_eq!(leaves[0].text, text);
        assert_eq!(kinds(&decoded), [ProblemKind::Truncated], "wide: {wide}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any text between a payload and the next gives both payloads, if it is no base64
    /// itself and begins no object.
    #[test]
    fn payloads_are_found_between_any_text(
        parts in prop::collection::vec("[ -/:-@\\[-`|-~\n]{1,40}", 3..4),
        width in 40_usize..100,
        numbers in prop::collection::vec(any::<u32>(), 2..3),
    ) {
        let logs: Vec<String> = numbers.iter().map(|n| format!(r#"{{"status":400,"n":{n}}}"#)).collect();
        let texts: Vec<String> = logs.iter().map(|log| wrapped(&b64(&zipped(log)), width, "\n")).collect();
        let text = format!("x:{}|{}|{}|{}|{}", parts[0], texts[0], parts[1], texts[1], parts[2]);
        let (leaves, _) = decode(text.as_bytes());
        let found: Vec<_> = leaves.iter().map(|leaf| leaf.text.clone()).collect();
        prop_assert_eq!(found, logs);
    }

    /// Text around a document on its own line gives the document, whatever it holds.
    #[test]
    fn a_document_is_found_behind_any_mark(mark in "[A-Za-z][A-Za-z0-9 :.,|()-]{1,20}", value in "[^\u{0}-\u{1f}]{20,80}") {
        let json = serde_json::json!({"status": 400, "error": value}).to_string();
        let (leaves, _) = decode(format!("{mark} {json}\n").as_bytes());
        prop_assert_eq!(leaves[0].text.trim_end(), json);
    }

    /// Random bytes among the marks of envelopes are survived, and every member is counted once.
    #[test]
    fn any_mixture_of_marks_is_survived(
        parts in prop::collection::vec(prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "\r\n", "5\r\n", "MIME-Version: 1.0\r\n",
            "Content-Type: multipart/x; boundary=b\r\n", "--b\r\n", "--b--", "UEsDBA", "H4sIAAAA", "eyJhIjoxfQ==",
            "W3siYSI6MX1d", "{\"a\":", "[{\"b\":", "}", "]", "\"", ",", "\\n", "=\n", "%7B%22", "%2B", "&quot;", "\\\"",
            "b'", "\\x50", "504b0304", "00000000: ", "  ", "KBFQGBA", "x", "\u{feff}", "data:;base64,", "\n",
        ]), 0..40),
    ) {
        let text = parts.concat();
        let (leaves, decoded) = decode(text.as_bytes());
        let inside = leaves.iter().filter(|leaf| leaf.member.is_some()).count() as u32;
        prop_assert_eq!(inside + decoded.archives + decoded.unread, decoded.members);
        prop_assert!(!leaves.is_empty() || !decoded.problems.is_empty() || text.is_empty());
        Decoder::new(Limits::default()).peek(text.as_bytes(), 64, &mut |text| assert!(text.len() <= 64));
    }
}
