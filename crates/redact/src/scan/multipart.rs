//! Forms of several parts (RFC 7578).

use std::ops::Range;

use memchr::memmem;

use super::{Encoding, Frame, Scan, Value};

const DISPOSITION: &[u8] = b"form-data";

/// True for the first line of a form, its boundary.
pub(super) fn begins(text: &[u8]) -> bool {
    text.starts_with(b"--") && memmem::find(&text[..text.len().min(400)], DISPOSITION).is_some()
}

impl Scan<'_> {
    pub(super) fn multipart(&mut self, text: &str, range: Range<usize>) {
        let bytes = &text.as_bytes()[..range.end];
        let line = memchr::memchr2(b'\r', b'\n', &bytes[range.clone()])
            .map_or(range.end, |at| range.start + at);
        let boundary = &bytes[range.start..line];
        let mut frame = Frame::default();
        let mut at = line;
        while at < range.end {
            let end = memmem::find(&bytes[at..], boundary).map_or(range.end, |found| at + found);
            let part = at..end;
            let (head, body) = [b"\r\n\r\n".as_slice(), b"\n\n"]
                .iter()
                .find_map(|gap| {
                    memmem::find(&bytes[part.clone()], gap).map(|n| (at + n, at + n + gap.len()))
                })
                .unwrap_or((end, end));
            let name = name(&text[at..head]);
            let content = text[body..end].trim_end_matches(['\r', '\n']);
            let value =
                Value { span: body..body + content.len(), encoding: Encoding::Plain, quote: None };
            let meaning = self.lookups.meaning(name.as_bytes());
            self.field(text, &mut frame, meaning, value);
            at = end + boundary.len();
        }
        self.close(text, frame);
    }
}

/// The name in `Content-Disposition: form-data; name="..."`.
fn name(head: &str) -> &str {
    let after = head.split_once("name=").map_or("", |(_, after)| after);
    let after = after.strip_prefix('"').unwrap_or(after);
    after.split(['"', ';', '\r', '\n']).next().unwrap_or("")
}
