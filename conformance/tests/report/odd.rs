//! A folder of odd inputs: every wrap, whole, cut and damaged, and texts that are no logs.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::prelude::*;
use zip::write::SimpleFileOptions;

/// Two exchanges, one of them failed.
pub(crate) const LOG: &str = r#"[{"sku":"A-1","request":{"ad":"şğı"},"response":{"detail":"Geçersiz değer girildi."},"status_code":400},{"sku":"A-2","request":{"ad":"x"},"status_code":200}]"#;

/// An archive of these members, stored where `stored`.
pub(crate) fn zip(members: &[(&str, &[u8])], stored: bool) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let method =
        if stored { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Names and bytes of inputs that are sound.
fn sound() -> Vec<(&'static str, Vec<u8>)> {
    let log = LOG.as_bytes();
    let page = b"<html><title>502 Bad Gateway</title></html>";
    let inner = zip(&[("log.json", log), ("notes.txt", b"no log at all")], false);
    let text = BASE64_STANDARD.encode(&inner);
    let mixed = zip(
        &[
            ("log.json", log),
            ("in.zip", &inner),
            ("in.txt", text.as_bytes()),
            ("log.json.gz", &gzip(log)),
            ("page.html", page),
            ("answer.json", br#"{"message":"Unauthorized"}"#),
            ("other.json", br#"{"cities":["Ankara"]}"#),
            ("notes.txt", b"no log at all"),
            ("picture", b"\x89PNG\r\n\x1a\n\0\0\0"),
            ("cut.json", &log[..140]),
            ("empty.json", b"[]"),
            ("nothing", b""),
        ],
        false,
    );
    vec![
        ("json", log.to_vec()),
        ("zip", inner.clone()),
        ("stored", zip(&[("log.json", log)], true)),
        ("mixed", mixed),
        ("gzip", gzip(log)),
        ("base64", text.clone().into_bytes()),
        ("quoted", format!("\"{text}\"").into_bytes()),
        ("object", format!("{{\"data\":\"{text}\"}}").into_bytes()),
        ("uri", format!("data:application/zip;base64,{text}").into_bytes()),
        ("ndjson", format!("{LOG}\n{LOG}\n{{\"message\":\"Unauthorized\"}}\n").into_bytes()),
        ("utf16", LOG.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("page", page.to_vec()),
        ("empty", Vec::new()),
        ("null", b"null".to_vec()),
        ("words", b"no log at all".to_vec()),
        (
            "listing",
            br#"{"count":1,"results":[{"id":7,"state":"finish","status":"success"}]}"#.to_vec(),
        ),
    ]
}

/// Writes the sound inputs to `folder`, and of each cuts, single changed bytes, and a copy.
pub(crate) fn write(folder: &Path) {
    let file = |name: String, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    for (name, bytes) in sound() {
        file(name.to_owned(), &bytes);
        file(format!("{name}-again"), &bytes);
        for part in 1..12 {
            file(format!("{name}-cut-{part}"), &bytes[..bytes.len() * part / 12]);
            let mut changed = bytes.clone();
            if let Some(byte) = changed.get_mut(bytes.len() * part / 12) {
                *byte ^= 1 << (part % 8);
                file(format!("{name}-changed-{part}"), &changed);
            }
        }
    }
}
