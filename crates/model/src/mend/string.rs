//! Strings: their quotes, escapes and control characters.

use super::{Mender, Repair, Unmendable};
use crate::json::{Cursor, push_escaped, unescape};

/// The quotes that word processors put in place of `"` and `'`.
const SMART_DOUBLE: [char; 3] = ['“', '”', '„'];
const SMART_SINGLE: [char; 3] = ['‘', '’', '‚'];

/// Whether a text begins with a typographic quote.
pub(super) fn is_smart_quote(text: &str) -> bool {
    text.starts_with(SMART_DOUBLE) || text.starts_with(SMART_SINGLE)
}

/// Whether a text begins with a string in any quotes.
pub(super) fn begins_string(text: &str) -> bool {
    let text = text.strip_prefix(['u', 'U', 'b', 'B']).unwrap_or(text);
    text.starts_with(['"', '\'']) || is_smart_quote(text)
}

impl Mender<'_> {
    /// A string in `"`. A sound one stays as it is.
    pub(super) fn straight_string(&mut self) -> Result<(), Unmendable> {
        let sound = Cursor::at(self.text, self.at).value();
        if let Ok(value) = sound {
            self.out.push_str(value.raw);
            self.at += value.raw.len();
            return Ok(());
        }
        self.at += 1;
        self.content(|rest| rest.starts_with('"').then_some(1))
    }

    /// A string in `'`.
    pub(super) fn single_string(&mut self) -> Result<(), Unmendable> {
        self.note(Repair::Quote);
        self.at += 1;
        self.content(|rest| rest.starts_with('\'').then_some(1))
    }

    /// A string in typographic quotes. A single one ends it only where a string can end, since it also is
    /// an apostrophe.
    pub(super) fn smart_string(&mut self) -> Result<(), Unmendable> {
        self.note(Repair::Quote);
        let double = self.rest().starts_with(SMART_DOUBLE);
        self.at += '“'.len_utf8();
        let length = '“'.len_utf8();
        self.content(|rest| {
            if double {
                return rest.starts_with(SMART_DOUBLE).then_some(length);
            }
            let after = rest.strip_prefix(SMART_SINGLE)?;
            let next = after.bytes().take(64).find(|byte| !byte.is_ascii_whitespace());
            next.is_none_or(|byte| b":,}])=".contains(&byte)).then_some(length)
        })
    }

    /// `b'..'`: its bytes as text; what is no UTF-8 becomes U+FFFD.
    pub(super) fn byte_string(&mut self) -> Result<(), Unmendable> {
        let from = self.out.len();
        if self.next()? == b'"' {
            self.straight_string()?;
        } else {
            self.single_string()?;
        }
        let mut content = String::new();
        unescape(&self.out[from + 1..self.out.len() - 1], &mut content);
        // Each escape stands for one byte; only together they make characters.
        let mut bytes = Vec::with_capacity(content.len());
        for c in content.chars() {
            match u8::try_from(u32::from(c)) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.out.truncate(from);
        self.push_string(&String::from_utf8_lossy(&bytes));
        Ok(())
    }

    /// Writes a text as a string.
    pub(super) fn push_string(&mut self, text: &str) {
        self.out.push('"');
        push_escaped(text, &mut self.out);
        self.out.push('"');
    }

    /// Reads the content of a string up to its end, whose length `end` gives, and writes it with quotes.
    fn content(&mut self, end: impl Fn(&str) -> Option<usize>) -> Result<(), Unmendable> {
        self.out.push('"');
        loop {
            let rest = self.rest();
            let plain = rest.bytes().take_while(|byte| !is_special(*byte)).count();
            self.out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            if self.out.len() > self.most {
                return Err(Unmendable);
            }
            let byte = self.next()?;
            if let Some(length) = end(self.rest()) {
                self.at += length;
                self.out.push('"');
                return Ok(());
            }
            match byte {
                b'\\' => self.escape()?,
                b'"' => {
                    self.out.push_str("\\\"");
                    self.at += 1;
                }
                0..0x20 => {
                    self.note(Repair::ControlCharacter);
                    push_escaped(&self.text[self.at..=self.at], &mut self.out);
                    self.at += 1;
                    if byte == b'\n' && self.start.begins_line(self.text, self.at) {
                        return Err(Unmendable);
                    }
                }
                _ => {
                    let length = self.rest().chars().next().map_or(1, char::len_utf8);
                    self.out.push_str(&self.text[self.at..self.at + length]);
                    self.at += length;
                }
            }
        }
    }

    /// Reads an escape: one of JSON stays, one of other languages becomes its character, and a backslash
    /// that begins none stays a backslash.
    fn escape(&mut self) -> Result<(), Unmendable> {
        let rest = self.rest();
        let sign = *rest.as_bytes().get(1).ok_or(Unmendable)?;
        let (length, code) = match sign {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => (2, None),
            b'u' if hex(rest, 4).is_some() => (6, None),
            b'\'' => (2, Some(u32::from(sign))),
            b'x' if hex(rest, 2).is_some() => (4, hex(rest, 2)),
            b'U' if hex(rest, 8).is_some() => (10, hex(rest, 8)),
            // A line that goes on.
            b'\n' => {
                self.note(Repair::Escape);
                self.at += 2;
                return Ok(());
            }
            // An escaped typographic quote.
            _ if is_smart_quote(&rest[1..]) => {
                let quote = rest[1..].chars().next().unwrap_or('"');
                self.note(Repair::Escape);
                self.out.push(quote);
                self.at += 1 + quote.len_utf8();
                return Ok(());
            }
            _ => (1, Some(u32::from('\\'))),
        };
        if let Some(code) = code {
            let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            self.note(Repair::Escape);
            push_escaped(c.encode_utf8(&mut [0; 4]), &mut self.out);
        } else {
            self.out.push_str(&self.text[self.at..self.at + length]);
        }
        self.at += length;
        Ok(())
    }
}

/// Whether a byte in a string may be more than itself.
fn is_special(byte: u8) -> bool {
    // 0xe2 begins the typographic quotes.
    matches!(byte, b'"' | b'\'' | b'\\' | 0..0x20 | 0xe2)
}

/// The number in the hex digits of an escape such as `\x41`.
fn hex(escape: &str, digits: usize) -> Option<u32> {
    let digits = escape.get(2..2 + digits)?;
    let sound = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    sound.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}
