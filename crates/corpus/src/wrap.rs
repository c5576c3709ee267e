//! Logs as the platform serves them: base64 text of a zip with one JSON member.

use std::io::{Cursor, Write as _};
use std::ops::Range;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// One download, with every layer at hand.
#[derive(Debug, Clone)]
pub struct Download {
    /// The JSON inside.
    pub json: String,
    /// The zip around it, DEFLATE at its usual level.
    pub zip: Vec<u8>,
    /// Where the bare DEFLATE stream of the member stands in `zip`.
    pub deflated: Range<usize>,
    /// What is downloaded: the zip in base64, one line, padded.
    pub text: String,
}

impl Download {
    /// Wraps a document into a member of this name.
    ///
    /// # Panics
    /// Never: a zip in memory has no reason to fail.
    pub fn of(json: String, member: &str) -> Self {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(member, options).expect("a first member of a short name fits");
        writer.write_all(json.as_bytes()).expect("memory takes what is written to it");
        let zip = writer.finish().expect("one member is no large directory").into_inner();

        let mut archive = ZipArchive::new(Cursor::new(&zip)).expect("the archive was just written");
        let entry = archive.by_index_raw(0).expect("it has one member");
        let start = entry.data_start().expect("an archive that was opened knows it") as usize;
        let deflated = start..start + entry.compressed_size() as usize;
        drop(entry);
        let text = BASE64_STANDARD.encode(&zip);
        Self { json, zip, deflated, text }
    }

    /// The bare DEFLATE stream.
    pub fn deflate_stream(&self) -> &[u8] {
        &self.zip[self.deflated.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{LogShape, document, exchanges};

    #[test]
    fn the_layers_come_off_again() {
        let download = Download::of(document(LogShape::Nested, &exchanges(50, 3)), "a.json");
        let mut texts = Vec::new();
        let mut decoder = archive::Decoder::new(archive::Limits::default());
        let decoded =
            decoder.decode(download.text.as_bytes(), &mut |leaf| texts.push(leaf.text.to_owned()));
        assert!(decoded.problems.is_empty(), "{:?}", decoded.problems);
        assert_eq!(texts, [download.json.as_str()]);
        assert_eq!(decoded.layers, "base64>zip");
    }

    #[test]
    fn the_bare_stream_inflates_to_the_document() {
        let download = Download::of(document(LogShape::Flat, &exchanges(50, 3)), "a.json");
        let mut json = Vec::new();
        flate2::write::DeflateDecoder::new(&mut json)
            .write_all(download.deflate_stream())
            .expect("a sound stream");
        assert_eq!(json, download.json.as_bytes());
    }

    #[test]
    fn logs_pack_about_as_well_as_real_ones_do() {
        let download = Download::of(document(LogShape::Flat, &exchanges(400, 3)), "a.json");
        let ratio = download.json.len() as f64 / download.zip.len() as f64;
        assert!((4.0..12.0).contains(&ratio), "{ratio}");
    }
}
