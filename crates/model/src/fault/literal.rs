//! What the readers of Python literals and of loose JSON share: a place in the text, the JSON
//! written so far, quoted strings.

use crate::json::{push_escaped, unescape};

/// Nesting beyond this is refused.
pub(super) const DEPTH_MAX: u8 = 64;

/// Why a literal could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LiteralStop {
    /// The text ends too early: the platform cut it.
    Cut,
    /// It is something else.
    Fault,
}

/// A place in a text, and its JSON so far.
#[derive(Debug)]
pub(super) struct Literal<'t, 'o> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) out: &'o mut String,
}

/// Runs a reader over the whole of `text` as [`super::python_to_json`] promises.
pub(super) fn convert<'t>(
    text: &'t str,
    out: &mut String,
    read: impl FnOnce(&mut Literal<'t, '_>) -> Result<(), LiteralStop>,
) -> bool {
    out.clear();
    let mut literal = Literal { text: super::trimmed(text), at: 0, out };
    let result = read(&mut literal);
    literal.skip_blanks();
    let at_end = literal.at == literal.text.len();
    if result == Ok(()) && at_end {
        return true;
    }
    if result != Err(LiteralStop::Cut) {
        out.clear();
    }
    false
}

impl<'t> Literal<'t, '_> {
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn skip_blanks(&mut self) {
        // Nearly always there is one blank or none; other white space of Unicode is rare.
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        if self.peek().is_some_and(|byte| byte >= 0x80) {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
        }
    }

    /// Passes over blanks and the byte `wanted`; an end of text is [`LiteralStop::Cut`].
    pub(super) fn expect(&mut self, wanted: u8) -> Result<(), LiteralStop> {
        self.skip_blanks();
        match self.peek() {
            Some(byte) if byte == wanted => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(LiteralStop::Fault),
            None => Err(LiteralStop::Cut),
        }
    }

    /// After a member of a list: true at a comma with more to come, false at the end. A comma before
    /// the end is allowed.
    pub(super) fn more(&mut self, end: u8) -> Result<bool, LiteralStop> {
        self.skip_blanks();
        let comma = self.peek() == Some(b',');
        if comma {
            self.at += 1;
            self.skip_blanks();
        }
        match self.peek() {
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(false)
            }
            Some(_) if comma => Ok(true),
            Some(_) => Err(LiteralStop::Fault),
            None => Err(LiteralStop::Cut),
        }
    }

    /// Writes the text as a JSON string.
    pub(super) fn push_string(&mut self, text: &str) {
        self.out.push('"');
        self.push_escaped(text);
        self.out.push('"');
    }

    /// Writes the text as the inside of a JSON string.
    pub(super) fn push_escaped(&mut self, text: &str) {
        push_escaped(text, self.out);
    }

    /// Reads a quoted string of Python, which begins at the quote, and writes its content without
    /// quotes. `raw` leaves escapes alone. A cut string is written as far as it goes.
    pub(super) fn quoted(&mut self, raw: bool) -> Result<(), LiteralStop> {
        let (quote, triple) = self.open_quote();
        loop {
            let rest = self.rest();
            let Some(found) = memchr::memchr2(quote, b'\\', rest.as_bytes()) else {
                self.push_escaped(rest);
                self.at = self.text.len();
                return Err(LiteralStop::Cut);
            };
            self.push_escaped(&rest[..found]);
            self.at += found;
            let rest = &rest[found..];
            if rest.as_bytes()[0] == b'\\' {
                if rest.len() == 1 {
                    self.at = self.text.len();
                    return Err(LiteralStop::Cut);
                }
                if raw {
                    let next = rest[1..].chars().next().map_or(0, char::len_utf8);
                    self.push_escaped(&rest[..=next]);
                    self.at += 1 + next;
                } else {
                    self.escape(rest);
                }
            } else if !triple {
                self.at += 1;
                return Ok(());
            } else if rest.len() >= 3 && rest.as_bytes()[..3].iter().all(|byte| *byte == quote) {
                self.at += 3;
                return Ok(());
            } else {
                self.push_escaped(&rest[..1]);
                self.at += 1;
            }
        }
    }

    /// Passes over the opening quote; the quote, and whether it is a triple one.
    fn open_quote(&mut self) -> (u8, bool) {
        let bytes = self.rest().as_bytes();
        let quote = bytes.first().copied().unwrap_or(b'"');
        let triple = bytes.len() >= 3 && bytes[..3].iter().all(|byte| *byte == quote);
        self.at += if triple { 3 } else { 1 };
        (quote, triple)
    }

    /// Decodes the escape at the start of `rest`, which has at least two bytes.
    fn escape(&mut self, rest: &str) {
        let code = rest.as_bytes()[1];
        let simple = match code {
            b'n' => Some('\n'),
            b't' => Some('\t'),
            b'r' => Some('\r'),
            b'a' => Some('\u{7}'),
            b'b' => Some('\u{8}'),
            b'f' => Some('\u{c}'),
            b'v' => Some('\u{b}'),
            b'\\' | b'\'' | b'"' | b'/' => Some(char::from(code)),
            _ => None,
        };
        if let Some(c) = simple {
            self.push_char(c);
            self.at += 2;
            return;
        }
        match code {
            // A line that goes on.
            b'\n' => self.at += 2,
            b'x' => self.hex_escape(rest, 2),
            b'u' => self.hex_escape(rest, 4),
            b'U' => self.hex_escape(rest, 8),
            b'0'..=b'7' => {
                let digits = rest
                    .bytes()
                    .skip(1)
                    .take(3)
                    .take_while(|byte| (b'0'..=b'7').contains(byte))
                    .count();
                let value = u32::from_str_radix(&rest[1..=digits], 8).unwrap_or_default();
                self.push_char(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
                self.at += 1 + digits;
            }
            // Python keeps the backslash of an escape it does not know.
            _ => {
                self.out.push_str("\\\\");
                self.at += 1;
            }
        }
    }

    fn hex_escape(&mut self, rest: &str, digits: usize) {
        let Some(value) = hex(rest, digits) else {
            self.out.push_str("\\\\");
            self.at += 1;
            return;
        };
        self.at += 2 + digits;
        let mut c = char::from_u32(value);
        if digits == 4 && (0xd800..0xdc00).contains(&value) {
            let low =
                rest.get(6..).filter(|next| next.starts_with("\\u")).and_then(|next| hex(next, 4));
            if let Some(low) = low.filter(|low| (0xdc00..0xe000).contains(low)) {
                c = char::from_u32(0x1_0000 + ((value - 0xd800) << 10) + (low - 0xdc00));
                self.at += 6;
            }
        }
        self.push_char(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }

    pub(super) fn push_char(&mut self, c: char) {
        self.push_escaped(c.encode_utf8(&mut [0; 4]));
    }

    /// Reads a quoted byte string of Python; what is no UTF-8 becomes U+FFFD.
    pub(super) fn quoted_bytes(&mut self, raw: bool) -> Result<(), LiteralStop> {
        // Escapes of bytes stand for single bytes, which only together make characters; so decode
        // them as characters below 256 first and put the bytes together after.
        let from = self.out.len();
        let outcome = self.quoted(raw);
        let mut chars = String::new();
        unescape(&self.out[from..], &mut chars);
        let mut bytes = Vec::with_capacity(chars.len());
        for c in chars.chars() {
            match u8::try_from(u32::from(c)) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.out.truncate(from);
        self.push_escaped(&String::from_utf8_lossy(&bytes));
        outcome
    }
}

/// The number in the hex digits of `\x41`.
fn hex(escape: &str, digits: usize) -> Option<u32> {
    let digits = escape.get(2..2 + digits)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Whether a text is a number of JSON.
pub(super) fn is_json_number(text: &str) -> bool {
    let body = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(body[at + 1..].trim_start_matches(['+', '-']))),
        None => (body, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // At most one sign in front of an exponent.
    let sign_ok = body.bytes().filter(|byte| matches!(byte, b'+' | b'-')).count() <= 1;
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
        && sign_ok
}
