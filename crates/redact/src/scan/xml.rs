//! XML, SOAP and HTML: elements, attributes and CDATA. Nothing is refused; what is not closed reaches to the
//! end of the text.

use std::ops::Range;

use memchr::memmem;

use super::frame::is_about;
use super::{Encoding, Frame, Kind, Meaning, Scan, Value};

/// True when `text` begins with a tag, a comment or a declaration.
pub(super) fn begins(text: &[u8]) -> bool {
    match text.get(1) {
        Some(b'?' | b'!') => true,
        Some(b'/') => text.get(2).is_some_and(u8::is_ascii_alphabetic),
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
            // `<ali@example.com>` is none, and `a <b and c`: a tag ends before the next one begins.
            let name = text[1..].iter().take_while(|&&byte| is_name(byte)).count();
            matches!(text.get(1 + name), Some(b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>'))
                && memchr::memchr2(b'<', b'>', &text[1..]).is_some_and(|at| text[at + 1] == b'>')
        }
        _ => false,
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':') || byte >= 0x80
}

/// An element that is open.
struct Element<'t> {
    name: &'t str,
    meaning: Meaning,
    /// Where its text begins.
    content: usize,
    frame: Frame,
}

impl Scan<'_> {
    /// Walks the elements from the start of `range` on, and gives the place after the last.
    pub(super) fn xml(&mut self, text: &str, range: Range<usize>) -> usize {
        let bytes = &text.as_bytes()[..range.end];
        let mut open: Vec<Element<'_>> = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let Some(found) = memchr::memchr(b'<', &bytes[at..]) else {
                if let Some(element) = open.last() {
                    let content = element.content.max(at)..range.end;
                    self.content(text, &mut open, content);
                    at = range.end;
                }
                break;
            };
            let tag = at + found;
            if open.is_empty() && tag > at && !bytes[at..tag].iter().all(u8::is_ascii_whitespace) {
                return at;
            }
            let rest = &bytes[tag..];
            if rest.starts_with(b"<![CDATA[") {
                let start = tag + 9;
                let end = memmem::find(&bytes[start..], b"]]>").map_or(range.end, |n| start + n);
                let value = Value { span: start..end, encoding: Encoding::Plain, quote: None };
                match open.last_mut() {
                    Some(element) => {
                        let name = element.meaning;
                        self.element_value(text, &mut open, name, value);
                    }
                    None => self.inner(text, &value, Kind::Free),
                }
                at = (end + 3).min(range.end);
                if let Some(element) = open.last_mut() {
                    element.content = at;
                }
            } else if rest.starts_with(b"<!--") {
                let start = tag + 4;
                let end = memmem::find(&bytes[start..], b"-->").map_or(range.end, |n| start + n);
                self.inner(
                    text,
                    &Value { span: start..end, encoding: Encoding::Plain, quote: None },
                    Kind::Free,
                );
                at = (end + 3).min(range.end);
            } else if rest.starts_with(b"</") {
                let end = memchr::memchr(b'>', rest).map_or(range.end, |n| tag + n);
                let name = local(text[tag + 2..end].trim());
                // A tag that was never opened, or one whose children were not closed, as in HTML.
                if let Some(depth) = open.iter().rposition(|element| element.name == name) {
                    if let Some(element) = open.last() {
                        let content = element.content..tag;
                        self.content(text, &mut open, content);
                    }
                    while open.len() > depth {
                        self.end(text, &mut open);
                    }
                }
                at = (end + 1).min(range.end);
                if let Some(element) = open.last_mut() {
                    element.content = at;
                }
            } else if begins(rest) {
                let end = tag_end(bytes, tag);
                if let Some(element) = open.last() {
                    let content = element.content..tag;
                    if !bytes[content.clone()].iter().all(u8::is_ascii_whitespace) {
                        self.content(text, &mut open, content);
                    }
                }
                let inner = &text[tag + 1..end];
                let name_len = inner
                    .find(|char: char| char.is_whitespace() || char == '/')
                    .unwrap_or(inner.len());
                let name = local(&inner[..name_len]);
                if inner.len() > 14 && !inner.contains("=\"") && !inner.contains("='") {
                    // `<eyJh...>`: a value that a message has put in brackets.
                    self.plain(inner, tag + 1, Kind::Free, &mut Frame::default());
                }
                let called = self.attributes(text, tag + 1 + name_len..end);
                at = (end + 1).min(range.end);
                if let Some(element) = open.last_mut() {
                    element.content = at;
                }
                if !matches!(bytes[tag + 1], b'?' | b'!') && !inner.ends_with('/') {
                    let own = self.lookups.meaning(name.as_bytes());
                    let meaning = if let Meaning::Masked(_) = called { called } else { own };
                    let inherits =
                        open.last().is_some_and(|parent| parent.meaning == Meaning::PairValue);
                    let about = is_about(own);
                    let mut frame = Frame::new(b'{', Meaning::Unknown, about);
                    if inherits {
                        frame.inherited = Meaning::PairValue;
                    }
                    open.push(Element { name, meaning, content: at, frame });
                }
            } else {
                at = tag + 1;
            }
        }
        while !open.is_empty() {
            self.end(text, &mut open);
        }
        at
    }

    /// A stretch of text in the innermost element.
    fn content(&mut self, text: &str, open: &mut Vec<Element<'_>>, span: Range<usize>) {
        let Some(element) = open.last() else { return };
        if span.start >= span.end
            || text.as_bytes()[span.clone()].iter().all(u8::is_ascii_whitespace)
        {
            return;
        }
        let value = Value { span, encoding: Encoding::Entities, quote: None };
        let name = element.meaning;
        self.element_value(text, open, name, value);
    }

    /// The value of the innermost element is a field of the one around it.
    fn element_value(&mut self, text: &str, open: &mut [Element<'_>], name: Meaning, value: Value) {
        if let Some(around) = open.len().checked_sub(2) {
            self.field(text, &mut open[around].frame, name, value);
        } else {
            let mut frame = Frame::default();
            self.field(text, &mut frame, name, value);
            self.close(text, frame);
        }
    }

    fn end(&mut self, text: &str, open: &mut Vec<Element<'_>>) {
        if let Some(element) = open.pop() {
            let mut frame = element.frame;
            if (frame.inherited == Meaning::PairValue || element.meaning == Meaning::PairValue)
                && let Some(parent) = open.last_mut()
            {
                parent.frame.values.append(&mut frame.values);
            }
            self.close(text, frame);
        }
    }

    /// Masks attributes; what the attribute `name` or `key` calls the element whose text is the value.
    fn attributes(&mut self, text: &str, range: Range<usize>) -> Meaning {
        let bytes = &text.as_bytes()[..range.end];
        let mut frame = Frame::default();
        let mut at = range.start;
        while let Some(found) = memchr::memchr(b'=', &bytes[at..]) {
            let equals = at + found;
            let name = text[at..equals].trim();
            let name = local(name.rsplit(char::is_whitespace).next().unwrap_or(name));
            let mut start = equals + 1;
            while bytes.get(start).is_some_and(u8::is_ascii_whitespace) {
                start += 1;
            }
            let end = match bytes.get(start) {
                Some(&quote @ (b'"' | b'\'')) => {
                    start += 1;
                    memchr::memchr(quote, &bytes[start..]).map_or(range.end, |n| start + n)
                }
                _ => {
                    start
                        + bytes[start..]
                            .iter()
                            .take_while(|byte| !byte.is_ascii_whitespace())
                            .count()
                }
            };
            let value = Value { span: start..end, encoding: Encoding::Entities, quote: None };
            let meaning = self.lookups.meaning(name.as_bytes());
            self.field(text, &mut frame, meaning, value);
            at = (end + 1).min(range.end);
        }
        let called = if frame.values.is_empty() { frame.pair(text) } else { Meaning::Unknown };
        self.close(text, frame);
        called
    }
}

/// The `>` that ends the tag at `tag`, which may stand in no quotes; the end of a text that is cut off.
fn tag_end(text: &[u8], tag: usize) -> usize {
    let mut at = tag + 1;
    while let Some(found) = memchr::memchr3(b'>', b'"', b'\'', &text[at..]) {
        at += found;
        if text[at] == b'>' {
            return at;
        }
        // A quote opens a value only after `=`.
        let opens = text[tag..at].trim_ascii_end().ends_with(b"=");
        at += 1;
        if opens {
            let Some(close) = memchr::memchr(text[at - 1], &text[at..]) else { return text.len() };
            at += close + 1;
        }
    }
    text.len()
}

/// A name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
