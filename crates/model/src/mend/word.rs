//! What stands without quotes: keys, numbers, constants, words.

use super::{BracketKind, Mender, Repair, Unmendable, gap::gap, string};
use crate::json::{Cursor, Type};
use crate::mend::Repairs;

/// Longest word without quotes, and longest `<..>`, in bytes.
const WORD_MOST: usize = 1024;

/// Length of the name that a text begins with: letters, digits, `_`, `$`, `.`.
pub(super) fn name_length(text: &str) -> usize {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    text.find(|c| !is_name(c)).unwrap_or(text.len())
}

impl Mender<'_> {
    /// Reads the key of a member and writes it as a string. Whether it has quotes.
    pub(super) fn key(&mut self) -> Result<bool, Unmendable> {
        let rest = self.rest();
        match self.next()? {
            b'"' => self.straight_string().map(|()| true),
            b'\'' => self.single_string().map(|()| true),
            _ if string::is_smart_quote(rest) => self.smart_string().map(|()| true),
            b'u' | b'b' if matches!(rest.as_bytes().get(1), Some(b'"' | b'\'')) => {
                self.word().map(|()| true)
            }
            first => {
                // `:name` is a symbol of Ruby.
                let symbol = usize::from(first == b':');
                let is_key = |c: char| c.is_alphanumeric() || "_-$.@".contains(c);
                let name = &rest[symbol..];
                let length = name.find(|c| !is_key(c)).unwrap_or(name.len());
                if length == 0 || length > WORD_MOST {
                    return Err(Unmendable);
                }
                let name = &self.text[self.at + symbol..][..length];
                self.note(Repair::BareWord);
                self.push_string(name);
                self.at += symbol + length;
                Ok(false)
            }
        }
    }

    /// `:name`, a symbol of Ruby.
    pub(super) fn symbol(&mut self) -> Result<(), Unmendable> {
        let length = name_length(&self.rest()[1..]);
        if length == 0 {
            return Err(Unmendable);
        }
        self.note(Repair::BareWord);
        let name = &self.text[self.at + 1..][..length];
        self.push_string(name);
        self.at += 1 + length;
        Ok(())
    }

    /// Whether a value can end at `at`.
    fn ends(&self, at: usize) -> bool {
        let end = gap(self.text, at, None, &mut Repairs::default());
        let closes = match self.text.as_bytes().get(end.end) {
            None => true,
            Some(b'=') => self.text[end.end..].starts_with("=>"),
            Some(byte) => b",;}])".contains(byte),
        };
        closes || end.line.is_some()
    }

    /// Reads a number. One that JSON does not have is written as the same number, if JSON can, else as a string.
    pub(super) fn number(&mut self) -> Result<(), Unmendable> {
        if let Ok(value) = Cursor::at(self.text, self.at).value()
            && value.ty == Type::Number
            && self.ends(self.at + value.raw.len())
        {
            self.out.push_str(value.raw);
            self.at += value.raw.len();
            return Ok(());
        }
        let rest = self.rest();
        let is_number = |b: &u8| b.is_ascii_alphanumeric() || b"+-._".contains(b);
        let length = rest.bytes().take_while(is_number).count();
        let token = &self.text[self.at..][..length];
        let Some(plain) = plain_number(token).filter(|_| self.ends(self.at + length)) else {
            return self.bare_word();
        };
        self.note(Repair::Number);
        self.out.push_str(&plain);
        self.at += length;
        Ok(())
    }

    /// Reads a string with a prefix, a constant, a call, or a word without quotes.
    pub(super) fn word(&mut self) -> Result<(), Unmendable> {
        let length = name_length(self.rest());
        if length == 0 || length > WORD_MOST {
            return Err(Unmendable);
        }
        let name = &self.text[self.at..][..length];
        match (name, self.text.as_bytes().get(self.at + length)) {
            ("u" | "U" | "b" | "B", Some(quote @ (b'"' | b'\''))) => {
                self.note(Repair::Quote);
                self.at += 1;
                return match (name, quote) {
                    ("b" | "B", _) => self.byte_string(),
                    (_, b'"') => self.straight_string(),
                    _ => self.single_string(),
                };
            }
            (_, Some(b'(')) => return self.call(name),
            ("new", Some(b' ')) => {
                let after = &self.text[self.at + length + 1..];
                let length = name_length(after);
                if length > 0 && after[length..].starts_with('(') {
                    self.at += "new ".len();
                    return self.call(&after[..length]);
                }
            }
            // `array (` as PHP writes it.
            ("array" | "Array", Some(b' ' | b'\n'))
                if self.rest()[length..].trim_start().starts_with('(') =>
            {
                let blanks = self.rest().len() - length - self.rest()[length..].trim_start().len();
                return self.php_array(length + blanks);
            }
            _ => {}
        }
        if self.ends(self.at + length)
            && let Some(constant) = constant(name)
        {
            if constant != name {
                self.note(Repair::Constant);
            }
            self.out.push_str(constant);
            self.at += length;
            return Ok(());
        }
        self.bare_word()
    }

    /// A value without quotes, which only a member of an object can have: a word up to a comma, bracket or
    /// line end, or several words of letters, digits and few signs.
    fn bare_word(&mut self) -> Result<(), Unmendable> {
        if !self.is_in(BracketKind::Object) {
            return Err(Unmendable);
        }
        let rest = self.rest();
        let (mut end, mut blank, mut signs) = (0, false, false);
        for (at, c) in rest.char_indices() {
            match c {
                ',' | '}' | '\n' | '\r' => break,
                // A comment.
                '/' | '#' if blank && rest[..at].ends_with([' ', '\t']) => break,
                ' ' | '\t' => blank = true,
                _ if c.is_alphanumeric() || "_-./:@%#$".contains(c) => end = at + c.len_utf8(),
                '?' | '=' | '&' | '+' | '~' | '!' | '*' => {
                    signs = true;
                    end = at + 1;
                }
                _ => return Err(Unmendable),
            }
            if at > WORD_MOST {
                return Err(Unmendable);
            }
        }
        let word = &self.text[self.at..][..end];
        let several = word.contains([' ', '\t']);
        if word.is_empty() || !self.ends(self.at + end) || (several && signs) {
            return Err(Unmendable);
        }
        self.note(Repair::BareWord);
        self.push_string(word);
        self.at += end;
        Ok(())
    }

    /// `<Response [400]>`: what Python writes of an object. Its text becomes a string.
    pub(super) fn angles(&mut self) -> Result<(), Unmendable> {
        let rest = self.rest();
        if !rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(Unmendable);
        }
        let mut depth = 0_u32;
        for (at, byte) in rest.bytes().enumerate().take(WORD_MOST) {
            match byte {
                b'<' => depth += 1,
                b'>' => depth -= 1,
                b'\n' => break,
                _ => {}
            }
            if depth == 0 {
                if !self.ends(self.at + at + 1) {
                    break;
                }
                self.note(Repair::BareWord);
                let object = &self.text[self.at..=self.at + at];
                self.push_string(object);
                self.at += at + 1;
                return Ok(());
            }
        }
        Err(Unmendable)
    }
}

/// What a constant is in JSON.
fn constant(name: &str) -> Option<&'static str> {
    Some(match name {
        "null" | "None" | "nil" | "undefined" | "Null" | "NULL" => "null",
        "true" | "True" | "TRUE" => "true",
        "false" | "False" | "FALSE" => "false",
        "NaN" | "nan" => "NaN",
        "Infinity" | "inf" => "Infinity",
        _ => return None,
    })
}

/// A number in another notation as JSON has it: `+1`, `.5`, `5.`, `0x1F`, `10L`, `-inf`; one with zeros in
/// front as a string, since these may be a key. `None` when it is no number.
fn plain_number(token: &str) -> Option<String> {
    let (sign, digits) = match token.as_bytes().first()? {
        b'-' => ("-", &token[1..]),
        b'+' => ("", &token[1..]),
        _ => ("", token),
    };
    if matches!(digits, "inf" | "Infinity") {
        return Some(format!("{sign}Infinity"));
    }
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let sound = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        return match u64::from_str_radix(hex, 16) {
            Ok(number) if sound => Some(format!("{sign}{number}")),
            _ => None,
        };
    }
    let long = digits.strip_suffix(['L', 'n']).filter(|digits| is_digits(digits));
    let digits = long.unwrap_or(digits);
    let exponent = digits.find(['e', 'E']).unwrap_or(digits.len());
    let (mantissa, exponent) = digits.split_at(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let sound = |part: &str| part.is_empty() || is_digits(part);
    if !sound(whole) || !sound(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let number = match (whole, fraction) {
        ("", fraction) => format!("{sign}0.{fraction}{exponent}"),
        (whole, "") => format!("{sign}{whole}{exponent}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}{exponent}"),
    };
    let mut cursor = Cursor::new(&number);
    if cursor.value().is_ok() && cursor.at_end() {
        return Some(number);
    }
    (exponent.is_empty() && whole.starts_with('0')).then(|| format!("\"{token}\""))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
