//! JSON and what resembles it: Python and Ruby literals, JavaScript objects, documents that are cut off.
//!
//! Nothing is refused. A string ends at a quote after which a value can end; what is not in quotes reaches
//! to the next sign; what is cut off reaches to the end of the text.

use std::ops::Range;

use super::frame::is_about;
use super::{Encoding, Frame, Kind, Meaning, Rule, Scan, Value};

/// True when `text` begins with a bracket that opens a document, not one of prose.
pub(super) fn begins(text: &[u8]) -> bool {
    let at = skip_space(text, 1);
    let Some(&next) = text.get(at) else { return false };
    match next {
        b'"' | b'\'' | b'{' | b'[' => true,
        b'(' => text[0] == b'[',
        b'}' | b']' => at > 1 || text[0] == b'{',
        b':' | b'_' | b'$' | b'a'..=b'z' | b'A'..=b'Z' if text[0] == b'{' => {
            let end = at + 1 + text[at + 1..].iter().take_while(|&&byte| is_name(byte)).count();
            let after = skip_space(text, end);
            // A key without quotes, but not the `{a: ` of a template such as `{host}:{port}`.
            text.get(after) == Some(&b':') || text[after.min(text.len())..].starts_with(b"=>")
        }
        // A list of numbers or constants, not the `[2 items]` of prose.
        b'0'..=b'9' | b'-' | b't' | b'f' | b'n' | b'T' | b'F' | b'N' if text[0] == b'[' => {
            let end = at
                + text[at..]
                    .iter()
                    .take(40)
                    .take_while(|&&byte| is_name(byte) || byte == b'+')
                    .count();
            matches!(text.get(skip_space(text, end)), Some(b',' | b']'))
        }
        b'u' | b'b' => matches!(text.get(at + 1), Some(b'\'' | b'"')),
        _ => false,
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-' | b'.') || byte >= 0x80
}

/// How a document that begins here is escaped as a whole: `{\"a\"`, `{&quot;a&quot;`.
pub(super) fn escaped_opening(text: &[u8]) -> Option<Encoding> {
    let brackets =
        text.iter().take(8).take_while(|byte| matches!(byte, b'{' | b'[' | b' ')).count();
    let rest = &text[brackets..];
    if brackets == 0 {
        None
    } else if rest.starts_with(b"&quot;")
        || rest.starts_with(b"&#34;")
        || rest.starts_with(b"&#39;")
    {
        Some(Encoding::Entities)
    } else {
        let slashes = rest.iter().take_while(|&&byte| byte == b'\\').count();
        let quote = *rest.get(slashes)?;
        // `{\n "a"`: the spaces between are escaped too.
        let space = matches!(quote, b'n' | b'r' | b't')
            && rest[slashes + 1..].iter().take(64).any(|&byte| byte == b'\\');
        (slashes > 0 && (matches!(quote, b'"' | b'\'') || space))
            .then_some(Encoding::Backslash(b'"'))
    }
}

/// The content of a text that is one string of JSON.
pub(super) fn whole_string(text: &[u8], range: Range<usize>) -> Option<Value> {
    let start = skip_space(text, range.start);
    let quote = *text.get(start)?;
    if quote != b'"' {
        return None;
    }
    let end = text.trim_ascii_end().len();
    let content = string(text, start);
    (content.end + 1 == end).then_some(Value {
        span: content,
        encoding: Encoding::Backslash(quote),
        quote: None,
    })
}

fn skip_space(text: &[u8], at: usize) -> usize {
    at + text.get(at..).unwrap_or(&[]).iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The content of the string whose quote stands at `open`; to the end of the text when it is cut off.
fn string(text: &[u8], open: usize) -> Range<usize> {
    let quote = text[open];
    let mut at = open + 1;
    loop {
        let Some(found) = memchr::memchr2(quote, b'\\', &text[at..]) else {
            return open + 1..text.len();
        };
        at += found;
        if text[at] == b'\\' {
            at = (at + 2).min(text.len());
            continue;
        }
        let next = skip_space(text, at + 1);
        match text.get(next) {
            None
            | Some(
                b',' | b':' | b'}' | b']' | b')' | b'"' | b'\'' | b'{' | b'[' | b'=' | b'/' | b'#',
            ) => {
                return open + 1..at;
            }
            // A quote amid a string that was not escaped.
            Some(_) => at += 1,
        }
    }
}

impl Scan<'_> {
    /// Walks the document that begins at the start of `range`, and gives the place after it.
    pub(super) fn structure(&mut self, text: &str, range: Range<usize>) -> usize {
        let bytes = &text.as_bytes()[..range.end];
        let mut frames: Vec<Frame> = Vec::new();
        let mut at = range.start;
        let mut key = Meaning::Unknown;
        let mut after_key = false;
        while at < range.end {
            let byte = bytes[at];
            match byte {
                b'{' | b'[' | b'(' => {
                    let about = is_about(key)
                        || key == Meaning::Unknown
                            && frames.last().is_some_and(|frame| frame.open != b'{' && frame.about);
                    let inherited = match frames.last() {
                        Some(parent) if parent.open != b'{' => parent.inherited,
                        _ => key,
                    };
                    // The values of an object have names of their own.
                    let inherited = if byte == b'{' && inherited != Meaning::PairValue {
                        Meaning::Unknown
                    } else {
                        inherited
                    };
                    frames.push(Frame::new(byte, inherited, about));
                    (key, after_key) = (Meaning::Unknown, false);
                    at += 1;
                }
                b'}' | b']' | b')' => {
                    at += 1;
                    if let Some(frame) = frames.pop() {
                        self.leave(text, frame, frames.last_mut());
                    }
                    if frames.is_empty() {
                        return at;
                    }
                    (key, after_key) = (Meaning::Unknown, false);
                }
                b',' => {
                    (key, after_key) = (Meaning::Unknown, false);
                    at += 1;
                }
                b'"' | b'\'' => {
                    let content = string(bytes, at);
                    at = (content.end + 1).min(range.end);
                    let value =
                        Value { span: content, encoding: Encoding::Backslash(byte), quote: None };
                    let Some(frame) = frames.last_mut() else { continue };
                    match colon(bytes, at) {
                        Some(after) if frame.open == b'{' && !after_key => {
                            key = self.key_meaning(&text[value.span.clone()]);
                            after_key = true;
                            at = after;
                            self.key(text, &value);
                        }
                        _ => self.element(text, frame, key, value),
                    }
                }
                _ if byte.is_ascii_whitespace() => at += 1,
                _ => {
                    let token = bare(bytes, at, after_key);
                    if token.is_empty() {
                        at += 1;
                        continue;
                    }
                    at = token.end;
                    let Some(frame) = frames.last_mut() else { continue };
                    if frame.open == b'{'
                        && !after_key
                        && let Some(after) = colon(bytes, at)
                    {
                        key = self.key_meaning(text[token].trim_start_matches(':'));
                        after_key = true;
                        at = after;
                    } else if !matches!(bytes.get(at), Some(b'"' | b'\'' | b'(')) {
                        let quote = Some(if is_python(bytes) { '\'' } else { '"' });
                        self.element(
                            text,
                            frame,
                            key,
                            Value { span: token, encoding: Encoding::Plain, quote },
                        );
                    }
                }
            }
        }
        while let Some(frame) = frames.pop() {
            self.leave(text, frame, frames.last_mut());
        }
        range.end
    }

    /// What a key means, whose escapes are not undone yet.
    fn key_meaning(&mut self, key: &str) -> Meaning {
        if memchr::memchr(b'\\', key.as_bytes()).is_some() {
            self.lookups.meaning(Encoding::Backslash(b'"').decode(key).text.as_bytes())
        } else {
            self.lookups.meaning(key.as_bytes())
        }
    }

    /// A name may hold a value too: objects that are keyed by mail addresses.
    fn key(&mut self, text: &str, key: &Value) {
        if key.span.len() > 5
            && memchr::memchr2(b'@', b'+', &text.as_bytes()[key.span.clone()]).is_some()
        {
            self.inner(text, key, Kind::Kept);
        }
    }

    /// A scalar: the value of a key, or an element of a list.
    fn element(&mut self, text: &str, frame: &mut Frame, key: Meaning, value: Value) {
        if frame.open == b'{' {
            self.field(text, frame, key, value);
            return;
        }
        // The second of a pair: `("password", "x")`, `["Authorization", "Bearer x"]`.
        let of_pair = match frame.before {
            Meaning::Masked(Rule::Authorization | Rule::Cookie | Rule::ApiKey) => frame.before,
            Meaning::Masked(_) if frame.open == b'(' => frame.before,
            _ => frame.inherited,
        };
        let content = &text[value.span.clone()];
        let is_name = value.quote.is_none() && content.len() < 40 && !content.contains('/');
        frame.before = if is_name && frame.inherited == Meaning::Unknown {
            self.key_meaning(content)
        } else {
            Meaning::Unknown
        };
        let meaning = if frame.before == Meaning::Unknown { of_pair } else { frame.inherited };
        self.field(text, frame, meaning, value);
    }

    /// Closes an object or a list; values of a pair may stand deeper than its name.
    fn leave(&mut self, text: &str, mut frame: Frame, parent: Option<&mut Frame>) {
        if frame.inherited == Meaning::PairValue
            && let Some(parent) = parent
        {
            parent.values.append(&mut frame.values);
        }
        self.close(text, frame);
    }
}

/// The place after a colon or `=>` that follows a key.
fn colon(text: &[u8], at: usize) -> Option<usize> {
    let next = skip_space(text, at);
    let rest = text.get(next..)?;
    if rest.starts_with(b":") {
        Some(next + 1)
    } else {
        rest.starts_with(b"=>").then_some(next + 2)
    }
}

/// What is written without quotes: a number, a constant, a key of JavaScript, a text that lost its quotes.
fn bare(text: &[u8], at: usize, after_key: bool) -> Range<usize> {
    let end = at
        + text[at..]
            .iter()
            .enumerate()
            .take_while(|&(n, &byte)| match byte {
                b',' | b'{' | b'}' | b'[' | b']' | b'(' | b')' | b'"' | b'\'' | b'\n' | b'\r' => {
                    false
                }
                b':' => after_key || n == 0,
                b'=' => after_key || text.get(at + n + 1) != Some(&b'>'),
                _ => true,
            })
            .count();
    at..at + text[at..end].trim_ascii_end().len()
}

/// True for a document whose first quote is a single one.
fn is_python(text: &[u8]) -> bool {
    memchr::memchr2(b'\'', b'"', text).is_some_and(|at| text[at] == b'\'')
}
