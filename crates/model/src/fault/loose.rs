//! Text that only lacks the quotes to be JSON: `{status: error, message: Stok yok}`, and the same
//! with `=`, as maps of Java print themselves.

use super::literal::{DEPTH_MAX, Literal, LiteralStop, convert, is_json_number};

/// Longest unquoted key, in bytes; also how far a comma looks ahead for one.
const KEY_MAX: usize = 64;

/// Reads JSON whose keys or values lack their quotes and writes it to `out` as JSON text; true when
/// all of `text` is that.
///
/// ```
/// let mut json = String::new();
/// assert!(model::fault::loose_to_json("{status: error, message: Stok yok, adet: 0}", &mut json));
/// assert_eq!(json, r#"{"status":"error","message":"Stok yok","adet":0}"#);
/// ```
///
/// Only an object, or a list of objects, in which every entry has a key; after it `:` or `=`, the
/// same one everywhere in an object. An unquoted value goes on to the next comma that a key follows,
/// so `message: Foo, bar` is one. A value that is a number, `true`, `false`, `null`, `True`, `False`
/// or `None` is none of text; a missing one is null.
///
/// On false `out` is empty, except when the text was cut: it then holds the JSON of what there is,
/// cut as well. Takes time in proportion to the text; nesting beyond 64 is refused.
pub fn loose_to_json(text: &str, out: &mut String) -> bool {
    convert(text, out, |literal| {
        let inside = literal.text.strip_prefix('[').map(str::trim_start);
        match inside {
            Some(inside) if inside.starts_with('{') => literal.loose_list(DEPTH_MAX),
            None if literal.peek() == Some(b'{') => literal.loose_object(DEPTH_MAX),
            _ => Err(LiteralStop::Fault),
        }
    })
}

/// What a value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// An object with this byte between key and value.
    Object(u8),
    /// A list.
    List,
}

impl Literal<'_, '_> {
    fn loose_object(&mut self, depth: u8) -> Result<(), LiteralStop> {
        let depth = depth.checked_sub(1).ok_or(LiteralStop::Fault)?;
        self.at += 1;
        self.out.push('{');
        self.skip_blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.out.push('}');
            return Ok(());
        }
        let mut separator = None;
        loop {
            self.loose_key()?;
            self.skip_blanks();
            let found = self.peek().ok_or(LiteralStop::Cut)?;
            if !matches!(found, b':' | b'=')
                || separator.is_some_and(|separator| separator != found)
            {
                return Err(LiteralStop::Fault);
            }
            separator = Some(found);
            self.at += 1;
            self.out.push(':');
            self.loose_value(Within::Object(found), depth)?;
            if !self.more(b'}')? {
                self.out.push('}');
                return Ok(());
            }
            self.out.push(',');
        }
    }

    fn loose_list(&mut self, depth: u8) -> Result<(), LiteralStop> {
        let depth = depth.checked_sub(1).ok_or(LiteralStop::Fault)?;
        self.at += 1;
        self.out.push('[');
        self.skip_blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            self.out.push(']');
            return Ok(());
        }
        loop {
            self.loose_value(Within::List, depth)?;
            if !self.more(b']')? {
                self.out.push(']');
                return Ok(());
            }
            self.out.push(',');
        }
    }

    fn loose_key(&mut self) -> Result<(), LiteralStop> {
        self.skip_blanks();
        if matches!(self.peek(), Some(b'"' | b'\'')) {
            return self.loose_string();
        }
        let rest = self.rest();
        let end = key_end(rest).ok_or(if rest.is_empty() {
            LiteralStop::Cut
        } else {
            LiteralStop::Fault
        })?;
        self.push_string(&rest[..end]);
        self.at += end;
        Ok(())
    }

    fn loose_string(&mut self) -> Result<(), LiteralStop> {
        self.out.push('"');
        self.quoted(false)?;
        self.out.push('"');
        Ok(())
    }

    fn loose_value(&mut self, within: Within, depth: u8) -> Result<(), LiteralStop> {
        self.skip_blanks();
        match self.peek() {
            None => Err(LiteralStop::Cut),
            Some(b'{') => self.loose_object(depth),
            Some(b'[') => self.loose_list(depth),
            Some(b'"' | b'\'') => self.loose_string(),
            Some(_) => self.bare(within),
        }
    }

    /// An unquoted value, up to the comma or bracket that ends it.
    fn bare(&mut self, within: Within) -> Result<(), LiteralStop> {
        let rest = self.rest();
        let mut open = 0_u32;
        let end = rest.bytes().enumerate().position(|(at, byte)| match (byte, within) {
            (b'{', Within::Object(_)) | (b'[', Within::List) => {
                open += 1;
                false
            }
            (b'}', Within::Object(_)) | (b']', Within::List) if open > 0 => {
                open -= 1;
                false
            }
            (b'}', Within::Object(_)) | (b']', Within::List) => true,
            (b',', Within::List) => open == 0,
            (b',', Within::Object(separator)) => {
                open == 0 && is_key_ahead(&rest[at + 1..], separator)
            }
            _ => false,
        });
        let Some(end) = end else {
            self.out.push('"');
            self.push_escaped(rest);
            self.at = self.text.len();
            return Err(LiteralStop::Cut);
        };
        let value = rest[..end].trim();
        self.at += end;
        match value {
            "" | "null" | "None" | "nil" => self.out.push_str("null"),
            "true" | "True" => self.out.push_str("true"),
            "false" | "False" => self.out.push_str("false"),
            _ if is_json_number(value) => self.out.push_str(value),
            _ => self.push_string(value),
        }
        Ok(())
    }
}

/// Where an unquoted key at the start of `text` ends.
fn key_end(text: &str) -> Option<usize> {
    let end = text
        .char_indices()
        .take(KEY_MAX)
        .find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@')))
        .map(|(at, _)| at)?;
    (end > 0 && text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '$' | '@')))
        .then_some(end)
}

/// Whether a key and its separator begin `text`, within a short look; `http://` is no key.
fn is_key_ahead(text: &str, separator: u8) -> bool {
    let window = &text[..text.floor_char_boundary(2 * KEY_MAX)];
    let window = window.trim_start();
    let after = match window.as_bytes().first() {
        // The end of the object after a last comma.
        Some(b'}') => return true,
        Some(quote @ (b'"' | b'\'')) => {
            let Some(end) = memchr::memchr(*quote, &window.as_bytes()[1..]) else { return false };
            &window[end + 2..]
        }
        _ => match key_end(window) {
            Some(end) => &window[end..],
            None => return false,
        },
    };
    let after = after.trim_start();
    after.as_bytes().first() == Some(&separator) && !after[1..].starts_with("//")
}
