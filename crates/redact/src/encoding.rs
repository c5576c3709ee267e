//! Text within text: escapes undone, with the way back to the raw places.

use std::fmt::Write as _;

/// How a text is written inside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As it is.
    Plain,
    /// With backslashes: strings of JSON, JavaScript and Python. The byte is the quote around it.
    Backslash(u8),
    /// With `%C5%9F`, and in forms `+` for a space.
    Percent,
    /// With `&amp;` and `&#x15f;`.
    Entities,
}

/// A text without its escapes.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// For each byte of `text`, and for its end, where it came from in the raw text.
    places: Vec<u32>,
}

impl Decoded {
    /// The place in the raw text of byte `at`.
    pub(crate) fn raw(&self, at: usize) -> usize {
        self.places[at] as usize
    }

    fn push(&mut self, decoded: char, raw: usize) {
        self.text.push(decoded);
        self.places.resize(self.text.len(), raw as u32);
    }
}

impl Encoding {
    /// True when `raw` may hold an escape.
    pub(crate) fn is_escaped(self, raw: &[u8]) -> bool {
        match self {
            Self::Plain => false,
            Self::Backslash(_) => memchr::memchr(b'\\', raw).is_some(),
            Self::Percent => memchr::memchr2(b'%', b'+', raw).is_some(),
            Self::Entities => memchr::memchr(b'&', raw).is_some(),
        }
    }

    /// Undoes the escapes of `raw`; what is no escape stays.
    pub(crate) fn decode(self, raw: &str) -> Decoded {
        let mut decoded = Decoded {
            text: String::with_capacity(raw.len()),
            places: Vec::with_capacity(raw.len() + 1),
        };
        let mut at = 0;
        while let Some(next) = raw[at..].chars().next() {
            let (char, len) = self.unescape(&raw[at..]).unwrap_or((next, next.len_utf8()));
            decoded.push(char, at);
            at += len;
        }
        decoded.places.push(raw.len() as u32);
        decoded
    }

    /// The character that the escape at the beginning of `raw` stands for, and the length of the escape.
    fn unescape(self, raw: &str) -> Option<(char, usize)> {
        let bytes = raw.as_bytes();
        match self {
            Self::Plain => None,
            Self::Backslash(_) => {
                if bytes[0] != b'\\' {
                    return None;
                }
                Some(match bytes.get(1)? {
                    b'n' => ('\n', 2),
                    b't' => ('\t', 2),
                    b'r' => ('\r', 2),
                    b'b' => ('\u{8}', 2),
                    b'f' => ('\u{c}', 2),
                    b'x' => (char::from_u32(hex(bytes.get(2..4)?)?)?, 4),
                    b'u' => {
                        let unit = hex(bytes.get(2..6)?)?;
                        match (unit, bytes.get(6..12)) {
                            (0xd800..=0xdbff, Some([b'\\', b'u', low @ ..])) => {
                                let low =
                                    hex(low)?.checked_sub(0xdc00).filter(|&low| low < 0x400)?;
                                (char::from_u32(0x10000 + ((unit - 0xd800) << 10) + low)?, 12)
                            }
                            // Half of a pair.
                            _ => (char::from_u32(unit).unwrap_or('\u{fffd}'), 6),
                        }
                    }
                    b'"' | b'\'' | b'\\' | b'/' => (char::from(bytes[1]), 2),
                    _ => return None,
                })
            }
            Self::Percent => match bytes[0] {
                b'+' => Some((' ', 1)),
                b'%' => {
                    let first = hex(bytes.get(1..3)?)? as u8;
                    let len = match first {
                        0..=0x7f => return Some((char::from(first), 3)),
                        0xc2..=0xdf => 2,
                        0xe0..=0xef => 3,
                        0xf0..=0xf4 => 4,
                        _ => return None,
                    };
                    let mut utf8 = [first, 0, 0, 0];
                    for (n, byte) in utf8.iter_mut().enumerate().take(len).skip(1) {
                        if bytes.get(3 * n) != Some(&b'%') {
                            return None;
                        }
                        *byte = hex(bytes.get(3 * n + 1..3 * n + 3)?)? as u8;
                    }
                    let char = std::str::from_utf8(&utf8[..len]).ok()?.chars().next()?;
                    Some((char, 3 * len))
                }
                _ => None,
            },
            Self::Entities => {
                if bytes[0] != b'&' {
                    return None;
                }
                let end = memchr::memchr(b';', &bytes[..bytes.len().min(12)])?;
                let char = match &raw[1..end] {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    "nbsp" => '\u{a0}',
                    entity => {
                        let number = entity.strip_prefix('#')?;
                        let code = match number.strip_prefix(['x', 'X']) {
                            Some(digits) => u32::from_str_radix(digits, 16),
                            None => number.parse(),
                        };
                        char::from_u32(code.ok()?)?
                    }
                };
                Some((char, end + 1))
            }
        }
    }

    /// Writes a replacement, which is ASCII, as it must stand inside a text of this encoding.
    pub(crate) fn encode(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Backslash(quote) => {
                let mut escaped = String::with_capacity(text.len());
                for char in text.chars() {
                    if char == '\\' || char == char::from(quote) {
                        escaped.push('\\');
                    }
                    escaped.push(char);
                }
                escaped
            }
            Self::Percent => percent(text),
            Self::Entities => {
                text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
            }
        }
    }
}

/// The value of hexadecimal digits; `None` when one is not.
fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

/// A replacement in a URL or form. Brackets are not allowed there, and `redacted` reads better than
/// `%5Bredacted%5D`.
fn percent(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '[' | ']' => {}
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' => escaped.push(char),
            _ => write!(escaped, "%{:02X}", char as u32).expect("a string takes all"),
        }
    }
    escaped
}

/// `text` as it is written within others: for the search of a value that was masked elsewhere.
pub(crate) fn written_forms(text: &str) -> Vec<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if text.bytes().all(is_plain) {
        return vec![text.to_owned()];
    }
    if text.bytes().all(|byte| is_plain(byte) || byte == b' ') {
        return vec![text.to_owned(), text.replace(' ', "%20"), text.replace(' ', "+")];
    }
    let json = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let ascii = |text: &str| {
        let mut escaped = String::new();
        for char in text.chars() {
            if char.is_ascii() {
                escaped.push(char);
            } else {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write!(escaped, "\\u{unit:04x}").expect("a string takes all");
                }
            }
        }
        escaped
    };
    let url = |space: &str, kept: &str| {
        let mut escaped = String::new();
        for byte in text.bytes() {
            match byte {
                b' ' => escaped.push_str(space),
                _ if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) => {
                    escaped.push(byte.into());
                }
                _ => write!(escaped, "%{byte:02X}").expect("a string takes all"),
            }
        }
        escaped
    };
    let escaped_once = json(text);
    let slashes = escaped_once.replace('/', "\\/");
    let unicode = ascii(&escaped_once);
    let mut forms = vec![
        text.to_owned(),
        json(&escaped_once),
        json(&unicode),
        unicode,
        slashes,
        escaped_once,
        url("%20", "-_.~"),
        url("+", "-_.~*"),
        url("%20", "-_.~@:/!$'()*,;"),
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
    ];
    let lower: Vec<String> =
        forms[6..9].iter().filter(|form| form.contains('%')).map(|form| lower_hex(form)).collect();
    forms.extend(lower);
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// `%C5%9F` as `%c5%9f`.
fn lower_hex(text: &str) -> String {
    let mut digits = 0;
    text.chars()
        .map(|char| {
            if char == '%' {
                digits = 2;
            } else if digits > 0 {
                digits -= 1;
                return char.to_ascii_lowercase();
            }
            char
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_lead_back() {
        let check = |encoding: Encoding, raw: &str, text: &str| {
            let decoded = encoding.decode(raw);
            assert_eq!(decoded.text, text);
            assert_eq!(decoded.raw(0), 0);
            assert_eq!(decoded.raw(decoded.text.len()), raw.len());
        };
        let json = Encoding::Backslash(b'"');
        check(json, r#"a\"b\\\/\n\u00e7\ud83d\ude00"#, "a\"b\\/\nç😀");
        check(json, r"\ud83d x \u12", "\u{fffd} x \\u12");
        check(json, r"tail\", "tail\\");
        check(Encoding::Percent, "a%20b+%C5%9F%zz%C5", "a b ş%zz%C5");
        check(Encoding::Entities, "a&amp;b&#x15f;&#351;&nope;&", "a&bşş&nope;&");
    }

    #[test]
    fn a_value_is_searched_in_the_forms_in_which_it_is_written() {
        let forms = written_forms("Ağa \"B\"");
        for form in [
            "Ağa \"B\"",
            "Ağa \\\"B\\\"",
            "A\\u011fa \\\"B\\\"",
            "A%C4%9Fa%20%22B%22",
            "A%c4%9fa+%22B%22",
            "Ağa &quot;B&quot;",
        ] {
            assert!(forms.iter().any(|found| found == form), "{form}: {forms:?}");
        }
    }
}
