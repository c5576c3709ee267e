//! The text of a body out of what recorders wrap it in.
//!
//! A body may stand in an object beside facts about it: `{"encoding": "base64", "string": ".."}`, HAR's
//! `{"mimeType": .., "size": .., "text": ..}`, a `Buffer` of Node, `$binary` of Mongo, a list of form fields. Such an
//! object is told from a body that is an object by its names: all of them are known here, and one of them or the
//! value says that it is a wrapper. A body is never lost: what cannot be decoded stays as it stands.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bumpalo::Bump;

use crate::json::{Cursor, Type, Value, text_of, unescape};
use crate::scalar::plain;

/// What a member of a wrapper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The body as text, or as the object that it is.
    Text,
    /// The body as text; an object under this name is a member of a body.
    OnlyText,
    /// The body in base64, by the member's name.
    Base64,
    /// The fields of a form.
    Form,
    /// How the text is encoded.
    Encoding,
    /// A flag: the text is in base64.
    Encoded,
    /// Something that only a wrapper says.
    Sign,
    /// Something that a wrapper may say.
    Fact,
}

/// Whether all names in the object are those of a wrapper around a body; then what is in it.
struct Wrapper<'a> {
    text: Option<(&'a str, Value<'a>)>,
    base64: Option<Value<'a>>,
    form: Option<Value<'a>>,
    kind: Option<Value<'a>>,
    base64_text: bool,
    /// It says of itself what only a wrapper says.
    sign: bool,
    /// It has a media type in the spelling of HAR.
    media: bool,
}

impl<'a> Wrapper<'a> {
    fn of(object: Value<'a>) -> Option<Self> {
        let mut found = Self {
            text: None,
            base64: None,
            form: None,
            kind: None,
            base64_text: false,
            sign: false,
            media: false,
        };
        // By hand: the value behind a name that no wrapper has may be long, and is not looked at.
        let mut cursor = Cursor::new(object.raw);
        cursor.enter().ok()?;
        let mut first = true;
        while let Some(name) = cursor.key(first).ok()? {
            first = false;
            let part = part_of(name)?;
            found.take(part, name, cursor.value().ok()?).then_some(())?;
        }
        (!first).then_some(found)
    }

    /// Takes a member; whether it is one of a wrapper.
    fn take(&mut self, part: Part, name: &'a str, value: Value<'a>) -> bool {
        let text = value.ty == Type::String;
        match part {
            Part::OnlyText if value.ty == Type::Object => return false,
            Part::Text | Part::OnlyText => {
                let second = self.text.is_some_and(|(_, before)| !before.is_empty());
                if self.text.is_none_or(|(_, before)| before.is_empty()) {
                    self.text = Some((name, value));
                }
                return !second || value.is_empty();
            }
            Part::Base64 => self.base64 = Some(value),
            Part::Form => self.form = (value.ty == Type::Array).then_some(value),
            Part::Encoding => {
                self.base64_text |= text && value.inner().eq_ignore_ascii_case("base64");
                self.sign = true;
                return text || value.ty == Type::Null;
            }
            Part::Encoded => {
                self.base64_text |=
                    value.raw == "true" || (text && value.inner().eq_ignore_ascii_case("base64"));
                self.sign = true;
                return text || value.ty == Type::Bool;
            }
            Part::Sign if name == "mode" => {
                self.sign = true;
                return ["raw", "urlencoded", "formdata", "file"].contains(&value.inner());
            }
            Part::Sign => {
                self.sign = true;
                self.media |= name.eq_ignore_ascii_case("mimetype");
                return text || value.ty == Type::Null;
            }
            Part::Fact if name == "type" => self.kind = Some(value),
            Part::Fact => {}
        }
        true
    }

    /// Its kind is the name of the member that holds the body (`{"type": "JSON", "json": {..}}`).
    fn kind_says(&self) -> bool {
        let Some(kind) = self.kind.filter(|kind| kind.ty == Type::String) else { return false };
        kind.inner() == "Buffer"
            || (kind.inner() == "BINARY" && self.base64.is_some())
            || self.text.is_some_and(|(name, _)| kind.inner().eq_ignore_ascii_case(name))
    }
}

/// The part of a wrapper that has this name, whatever its case and signs.
fn part_of(name: &str) -> Option<Part> {
    if name.len() > 20 {
        return None;
    }
    let mut letters = [0; 20];
    let mut len = 0;
    for byte in name.bytes().filter(u8::is_ascii_alphanumeric) {
        letters[len] = byte.to_ascii_lowercase();
        len += 1;
    }
    Some(match &letters[..len] {
        b"text" | b"string" | b"content" | b"raw" | b"json" | b"xml" => Part::Text,
        b"data" | b"body" | b"payload" => Part::OnlyText,
        b"base64string" | b"base64bytes" | b"base64" | b"base64body" | b"base64data"
        | b"binary" | b"rawbytes" => Part::Base64,
        b"params" | b"urlencoded" | b"formdata" | b"form" => Part::Form,
        b"encoding" => Part::Encoding,
        b"encoded" | b"isbase64" | b"isbase64encoded" | b"base64encoded" | b"encodedbody" => {
            Part::Encoded
        }
        b"mimetype" | b"contenttype" | b"mode" | b"charset" => Part::Sign,
        b"type" | b"size" | b"length" | b"bytes" | b"contentlength" | b"compression"
        | b"comment" | b"options" | b"truncated" | b"subtype" | b"contenttypehint" | b"not" => {
            Part::Fact
        }
        _ => return None,
    })
}

/// The text of a body as it was sent; `None` when the value only says something about a body that was not kept.
/// `encoded`: the record says that a text is in base64.
pub(crate) fn text<'r>(value: Value<'r>, encoded: bool, arena: &'r Bump) -> Option<&'r str> {
    match value.ty {
        Type::Object => {
            let inner = plain(value);
            let typed = value.raw.get(..20).unwrap_or(value.raw);
            if inner.ty == Type::String
                && (typed.contains("\"S\"") || typed.contains("\"stringValue\""))
            {
                return Some(text_of(inner, arena));
            }
            unpacked(value, arena)
        }
        Type::String => {
            let text = text_of(value, arena);
            Some(if encoded { decoded(text, arena).unwrap_or(text) } else { text })
        }
        _ => Some(value.raw),
    }
}

fn unpacked<'r>(object: Value<'r>, arena: &'r Bump) -> Option<&'r str> {
    let Some(wrapper) = Wrapper::of(object) else { return Some(object.raw) };
    let sure = wrapper.sign || wrapper.kind_says();
    let buffer = wrapper.kind.is_some_and(|kind| kind.inner() == "Buffer");
    if let Some((_, value)) =
        wrapper.text.filter(|(_, value)| !value.is_empty() || wrapper.base64.is_none())
    {
        let text = text_of(value, arena);
        let inside = value.ty == Type::String && text.trim_start().starts_with(['{', '[', '<']);
        return Some(match value.ty {
            Type::Array if buffer && !value.is_empty() => bytes(value, arena).unwrap_or(object.raw),
            Type::Array => object.raw,
            _ if !sure && !inside => object.raw,
            Type::String if wrapper.base64_text || buffer => decoded(text, arena).unwrap_or(text),
            _ if value.is_empty() && wrapper.form.is_some_and(|form| !form.is_empty()) => {
                wrapper.form.and_then(|fields| form(fields, arena)).unwrap_or(object.raw)
            }
            Type::Null => "",
            _ => text,
        });
    }
    if let Some(base64) = wrapper.base64 {
        let mut value = base64;
        base64.members(|name, inner| {
            value = inner;
            !name.eq_ignore_ascii_case("base64")
        });
        return Some(decoded(text_of(value, arena), arena).unwrap_or(object.raw));
    }
    if let Some(fields) = wrapper.form.filter(|fields| sure && !fields.is_empty()) {
        return Some(form(fields, arena).unwrap_or(object.raw));
    }
    (!wrapper.media).then_some(object.raw)
}

/// The facts about a body that stand in its wrapper.
pub(crate) fn facts<'a>(wrapper: Value<'a>, mut each: impl FnMut(&'a str, Value<'a>)) {
    wrapper.members(|name, value| {
        let part = part_of(name);
        if matches!(part, Some(Part::Encoding | Part::Encoded | Part::Sign | Part::Fact))
            && !value.is_empty()
        {
            each(name, value);
        }
        true
    });
}

/// A whole HTTP message that is written in base64.
pub(crate) fn decoded_message<'r>(text: &str, arena: &'r Bump) -> Option<&'r str> {
    // `HTTP/`, `GET `, `POST`, `PUT `, `PATC`, `DELE`, `HEAD`.
    const BEGINNINGS: [&str; 7] = ["SFRUUC8", "R0VUI", "UE9TV", "UFVUI", "UEFUQ", "REVMR", "SEVBR"];
    let begins = matches!(text.as_bytes(), [b'R'..=b'U', ..])
        && BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
    begins.then(|| decoded(text, arena)).flatten().filter(|message| message.contains("HTTP/"))
}

/// The text in base64 of either alphabet, with or without padding and line ends; `None` when it holds none.
pub(crate) fn decoded<'r>(text: &str, arena: &'r Bump) -> Option<&'r str> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let compact: String = text.split_ascii_whitespace().collect();
    let bytes = GeneralPurpose::new(alphabet, CONFIG).decode(compact).ok()?;
    simdutf8::basic::from_utf8(&bytes).ok().map(|text| &*arena.alloc_str(text))
}

/// The text of a list of bytes.
fn bytes<'r>(list: Value<'_>, arena: &'r Bump) -> Option<&'r str> {
    let (mut bytes, mut sound) = (Vec::new(), true);
    list.elements(|byte| {
        match byte.raw.parse() {
            Ok(byte) => bytes.push(byte),
            Err(_) => sound = false,
        }
        sound
    });
    let text = sound.then(|| simdutf8::basic::from_utf8(&bytes).ok()).flatten()?;
    Some(arena.alloc_str(text))
}

/// A list of name-value pairs as `a=1&b=2`; `None` when it is none.
fn form<'r>(fields: Value<'_>, arena: &'r Bump) -> Option<&'r str> {
    let (mut out, mut sound) = (String::new(), true);
    fields.elements(|field| {
        let (mut name, mut value) = (None, None);
        field.members(|key, inner| {
            match key {
                "name" | "key" => name = Some(inner),
                "value" | "src" => value = Some(inner),
                _ => {}
            }
            true
        });
        if let (Some(name), Some(value)) = (name, value) {
            push_pair(&mut out, name.inner(), value.inner());
        } else {
            sound = false;
        }
        sound
    });
    (sound && !out.is_empty()).then(|| &*arena.alloc_str(&out))
}

/// Appends `name=value`, both escaped as they stand in JSON; signs with a meaning in a form are percent-encoded.
pub(crate) fn push_pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    for (text, after) in [(name, "="), (value, "")] {
        let mut plain = String::new();
        unescape(text, &mut plain);
        for c in plain.chars() {
            match c {
                ' ' => out.push('+'),
                '&' | '=' | '%' | '+' | '#' => {
                    use std::fmt::Write as _;
                    let _never = write!(out, "%{:02X}", c as u32);
                }
                c => out.push(c),
            }
        }
        out.push_str(after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body as a recorder writes it, and its text; `=` where the text is the value itself.
    #[rustfmt::skip]
    const CASES: &[(&str, Option<&str>)] = &[
        // Recorders in Ruby, PHP and Go.
        (r#"{"encoding":"UTF-8","string":"{\"a\":1}"}"#, Some(r#"{"a":1}"#)),
        (r#"{"encoding":"ASCII-8BIT","base64_string":"eyJhIjoxfQ==\n"}"#, Some(r#"{"a":1}"#)),
        (r#"{"encoding":"base64","string":"eyJhIjoxfQ"}"#, Some(r#"{"a":1}"#)),
        (r#"{"encoding":"utf-8","string":""}"#, Some("")),
        (r#"{"base64_string":"xZ/EsQ=="}"#, Some("şı")),
        // HAR: text, base64, a form, nothing but facts.
        (r#"{"size":7,"mimeType":"application/json","text":"{\"a\":1}"}"#, Some(r#"{"a":1}"#)),
        (r#"{"size":7,"mimeType":"text/xml","encoding":"base64","text":"PGEvPg=="}"#, Some("<a/>")),
        (r#"{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a","value":"1 2"},{"name":"b","value":"x&y"}]}"#, Some("a=1+2&b=x%26y")),
        (r#"{"mimeType":"image/png","size":512}"#, None),
        (r#"{"mimeType":"","size":0,"comment":"not kept"}"#, None),
        // Node, Mongo, test servers, collections.
        (r#"{"type":"Buffer","data":[123,125]}"#, Some("{}")),
        (r#"{"$binary":{"base64":"e30=","subType":"00"}}"#, Some("{}")),
        (r#"{"type":"JSON","json":{"a":1}}"#, Some(r#"{"a":1}"#)),
        (r#"{"type":"STRING","string":"hi","contentType":"text/plain"}"#, Some("hi")),
        (r#"{"type":"BINARY","base64Bytes":"e30="}"#, Some("{}")),
        (r#"{"mode":"raw","raw":"{\"a\":1}","options":{"raw":{"language":"json"}}}"#, Some(r#"{"a":1}"#)),
        (r#"{"mode":"urlencoded","urlencoded":[{"key":"a","value":"1"}]}"#, Some("a=1")),
        (r#"{"content":{"a":1},"contentType":"application/json","encoded":false}"#, Some(r#"{"a":1}"#)),
        (r#"{"content":"{\"a\":1}","bytes":7}"#, Some(r#"{"a":1}"#)),
        // Bodies that are objects with such names.
        (r#"{"content":"Merhaba"}"#, Some("=")),
        (r#"{"type":"note","text":"Merhaba"}"#, Some("=")),
        (r#"{"size":"XL"}"#, Some("=")),
        (r#"{"sku":"A-1","encoding":"base64","text":"e30="}"#, Some("=")),
        (r#"{"data":{"id":1},"type":"order"}"#, Some("=")),
        (r#"{"data":[1,2]}"#, Some("=")),
        (r#"{"text":"a","content":"b"}"#, Some("=")),
        (r#"{"params":{"a":1}}"#, Some("=")),
        (r#"{"mode":"production","mimeType":"a/b"}"#, Some("=")),
        (r#"{"base64":"not base64!"}"#, Some("=")),
        // Bytes that are no text stay in base64.
        (r#"{"mimeType":"image/png","encoding":"base64","text":"/9j/4A=="}"#, Some("/9j/4A==")),
        ("{}", Some("=")),
    ];

    #[test]
    fn a_body_comes_out_of_its_wrapper() {
        for (raw, wanted) in CASES {
            let arena = Bump::new();
            let value = Value::of(raw).expect("JSON");
            let wanted = wanted.map(|text| if text == "=" { *raw } else { text });
            assert_eq!(text(value, false, &arena), wanted, "{raw}");
        }
    }
}
