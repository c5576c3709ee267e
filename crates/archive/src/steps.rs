//! The steps of the decoder one by one, to measure them.
//!
//! ```text
//!   payload   UEsDBBQAAAAIAAAAYV3k...                          Anatomy::text
//!               │ base64                         ┐
//!   zip       PK.. ▒▒▒▒▒▒▒▒▒▒ PK.. ▒▒▒ PK..      │ limit    Anatomy::streams
//!               │ inflate                        ┘
//!   texts     [{"row_num":1, ...
//! ```
//!
//! [`Decoder`](crate::Decoder) takes the same steps, and checks limits, checksums and encodings. Here each
//! step runs alone, on bytes that are known to be sound.

use std::fmt;
use std::ops::Range;

use crate::base64;
use crate::budget::Budget;
use crate::inflate::{Inflater, StreamEnd};
use crate::limits::{Limits, Method};
use crate::sniff::{self, Magic};
use crate::zip::directory;

/// Where the layers of a usual download stand: a sound zip, or base64 of one on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anatomy {
    /// Place of the base64 text in the payload, in bytes; None when the payload is the zip itself.
    pub text: Option<Range<usize>>,
    /// DEFLATE streams in the zip, in the order of its directory. Stored members have none.
    pub streams: Vec<Stream>,
}

/// One DEFLATE stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Place of its compressed bytes in the zip.
    pub packed: Range<usize>,
    /// Size after decompression, in bytes; counted, not taken from a header.
    pub bytes: usize,
}

/// Runs the steps of the decoder. Holds the buffers that are reused from payload to payload.
pub struct DecoderSteps {
    limits: Limits,
    budget: Budget,
    base64: base64::Buffers,
    inflater: Inflater,
    /// Output of [`inflate`](Self::inflate).
    text: Vec<u8>,
    /// Output of the two engines in [`limit`](Self::limit).
    bare: [Vec<u8>; 2],
}

impl fmt::Debug for DecoderSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecoderSteps").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl DecoderSteps {
    /// Steps with empty buffers; they grow to the size of the largest payload and its texts.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            budget: Budget::unlimited(),
            base64: base64::Buffers::default(),
            inflater: Inflater::new(),
            text: Vec::new(),
            bare: [Vec::new(), Vec::new()],
        }
    }

    /// Finds the layers of a payload. None when it is not a zip or base64 of one on one line, when it is
    /// damaged, or when it exceeds a limit. Costs as much as decoding.
    pub fn anatomy(&mut self, payload: &[u8]) -> Option<Anatomy> {
        let (text, zip) = if sniff::magic(payload) == Some(Magic::Zip) {
            (None, payload)
        } else {
            let body = sniff::trim_end(sniff::trim_start(payload));
            let start = payload.len() - sniff::trim_start(payload).len();
            let share = self.budget.share(0);
            // When the first group is no zip, the text need not be decoded.
            let head = base64::decode(body.get(..4)?, &mut self.base64, &share).length;
            if !self.base64.bytes(head).starts_with(b"PK") || body.contains(&b'\n') {
                return None;
            }
            let decoded = base64::decode(body, &mut self.base64, &share);
            if decoded.fault.is_some() {
                return None;
            }
            (Some(start..start + body.len()), self.base64.bytes(decoded.length))
        };
        let listing = directory::read(zip, self.limits.members as usize, 1).ok()?;
        if listing.beyond > 0 || !listing.faults.kept.is_empty() {
            return None;
        }
        let mut streams = Vec::new();
        for member in listing.members {
            let usual = matches!(member.method, 0 | 8) && !member.open && !member.is_encrypted();
            let packed = zip.get(member.data.clone()).filter(|_| usual)?;
            if member.method == 0 {
                continue;
            }
            self.text.clear();
            let cap = self.limits.allowance(packed.len() as u64, Method::Deflate);
            let share = self.budget.share(0);
            let (used, end) = self.inflater.raw(packed, &mut self.text, member.size, cap, &share);
            if end != StreamEnd::Complete || used != packed.len() {
                return None;
            }
            streams.push(Stream { packed: member.data, bytes: self.text.len() });
        }
        Some(Anatomy { text, streams })
    }

    /// Decodes the base64 text as the decoder does, and returns the zip; returns the payload when it is the
    /// zip itself.
    ///
    /// # Panics
    ///
    /// This and the other steps may panic when `anatomy` is that of another payload.
    pub fn base64<'a>(&'a mut self, payload: &'a [u8], anatomy: &Anatomy) -> &'a [u8] {
        let Some(text) = &anatomy.text else { return payload };
        let share = self.budget.share(0);
        let decoded = base64::decode(&payload[text.clone()], &mut self.base64, &share);
        self.base64.bytes(decoded.length)
    }

    /// Inflates all streams of a zip as the decoder does. Returns the bytes of output.
    pub fn inflate(&mut self, zip: &[u8], anatomy: &Anatomy) -> u64 {
        let share = self.budget.share(0);
        let mut bytes = 0;
        for stream in &anatomy.streams {
            let packed = &zip[stream.packed.clone()];
            let cap = self.limits.allowance(packed.len() as u64, Method::Deflate);
            self.text.clear();
            self.inflater.raw(packed, &mut self.text, stream.bytes as u64, cap, &share);
            bytes += self.text.len() as u64;
        }
        bytes
    }

    /// Runs only the base64 and DEFLATE engines that the decoder is built on, over the same bytes, into
    /// buffers that are large enough already: the least that decoding can cost. Checks only what the
    /// engines check themselves. Returns the bytes of output.
    pub fn limit(&mut self, payload: &[u8], anatomy: &Anatomy) -> u64 {
        let [zip, text] = &mut self.bare;
        let zip = match &anatomy.text {
            Some(range) => {
                // Vector code may write a little past the last byte it yields.
                let needed = range.len() / 4 * 3 + 64;
                grow(zip, needed);
                let length = base64::bare(&payload[range.clone()], zip).unwrap_or_default();
                &zip[..length]
            }
            None => payload,
        };
        let mut bytes = 0;
        for stream in &anatomy.streams {
            grow(text, stream.bytes);
            bytes += self.inflater.bare(&zip[stream.packed.clone()], &mut text[..stream.bytes]);
        }
        bytes
    }
}

/// Makes `buffer` at least `length` long.
fn grow(buffer: &mut Vec<u8>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use ::base64::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::Decoder;

    /// A zip of two packed members with a stored one between them.
    fn archive() -> (Vec<u8>, u64) {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let texts = [r#"{"sku":"A-1"}"#.repeat(5_000), "[]".to_owned(), "[1,2,3]".repeat(300)];
        for (n, text) in texts.iter().enumerate() {
            let method = if n == 1 {
                zip::CompressionMethod::Stored
            } else {
                zip::CompressionMethod::Deflated
            };
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(format!("{n}.json"), options).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        let bytes = (texts[0].len() + texts[2].len()) as u64;
        (writer.finish().unwrap().into_inner(), bytes)
    }

    #[test]
    fn each_step_gives_what_the_decoder_gives() {
        let (zip, bytes) = archive();
        let text = format!(" {}\r\n", BASE64_STANDARD.encode(&zip));
        let mut steps = DecoderSteps::new(Limits::default());
        for payload in [&zip, text.as_bytes()] {
            let anatomy = steps.anatomy(payload).unwrap();
            assert_eq!(anatomy.streams.len(), 2);
            assert_eq!(steps.base64(payload, &anatomy), zip);
            assert_eq!(steps.inflate(&zip, &anatomy), bytes);
            assert_eq!(steps.limit(payload, &anatomy), bytes);
            let mut decoded = 0;
            Decoder::new(Limits::default())
                .decode(payload, &mut |leaf| decoded += leaf.text.len() as u64);
            assert_eq!(decoded, bytes + 2);
        }
    }

    #[test]
    fn damaged_and_other_payloads_have_no_anatomy() {
        let (zip, _) = archive();
        let mut steps = DecoderSteps::new(Limits::default());
        let text = BASE64_STANDARD.encode(&zip);
        let (start, end) = text.split_at(76);
        let quoted = format!("\"{text}\"");
        let wrapped = format!("{start}\n{end}");
        for payload in ["", "{}", "e30=", "PK", &text[..text.len() / 2], &quoted, &wrapped] {
            assert_eq!(steps.anatomy(payload.as_bytes()), None, "{payload:.40}");
        }
        let mut damaged = zip;
        damaged[60] ^= 0xff;
        assert_eq!(steps.anatomy(&damaged), None);
    }

    #[test]
    fn a_stream_that_exceeds_a_limit_has_no_anatomy() {
        let (zip, _) = archive();
        let limits = Limits { member_bytes: 1_000, ..Limits::default() };
        assert_eq!(DecoderSteps::new(limits).anatomy(&zip), None);
    }
}
