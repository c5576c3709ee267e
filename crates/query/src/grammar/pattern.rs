//! Text to look for.

use std::fmt::{self, Write as _};

use regex::{Regex, RegexBuilder};

use super::TextField;

/// A text or regular expression, ready to be looked for.
#[derive(Debug, Clone)]
pub struct TextPattern {
    written: WrittenPattern,
    /// `None` when any text matches.
    regex: Option<Regex>,
    /// The text without regard to which part of a value it has to be; `None` for what was not written as a text.
    inside: Option<regex::bytes::Regex>,
}

/// How a pattern was written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum WrittenPattern {
    /// `*`
    Presence,
    Text(String),
    Regex(String),
}

/// Which part of a text a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MatchedPart {
    Whole,
    Beginning,
    Any,
}

fn matched_part(field: Option<TextField>) -> MatchedPart {
    use TextField::{Class, Code, Group, Key, Method, Order, Outcome, Run, Side, Sku};
    match field {
        Some(Key | Sku | Order | Run | Method | Outcome | Class | Side | Code) => {
            MatchedPart::Whole
        }
        Some(Group) => MatchedPart::Beginning,
        _ => MatchedPart::Any,
    }
}

impl TextPattern {
    /// Any text, so that the field only has to be there.
    pub fn presence() -> Self {
        Self { written: WrittenPattern::Presence, regex: None, inside: None }
    }

    /// A text in a field, or anywhere. Without a capital letter it matches in any case.
    ///
    /// # Errors
    /// When the text is too long.
    pub fn text(text: &str, field: Option<TextField>) -> Result<Self, regex::Error> {
        let part = matched_part(field);
        let body = if part == MatchedPart::Any { in_json(text) } else { regex::escape(text) };
        let any_case = !text.chars().any(char::is_uppercase);
        let inside = regex::bytes::RegexBuilder::new(&body).case_insensitive(any_case).build()?;
        let pattern = match part {
            MatchedPart::Whole => format!(r"\A(?:{body})\z"),
            MatchedPart::Beginning => format!(r"\A(?:{body})"),
            MatchedPart::Any => body,
        };
        let regex = RegexBuilder::new(&pattern).case_insensitive(any_case).build()?;
        Ok(Self {
            written: WrittenPattern::Text(text.to_owned()),
            regex: Some(regex),
            inside: Some(inside),
        })
    }

    /// A regular expression of the crate `regex`, which matches in any part of a text and in the case it is written.
    ///
    /// # Errors
    /// When it is none, or too large.
    pub fn regex(text: &str) -> Result<Self, regex::Error> {
        let regex = Some(Regex::new(text)?);
        Ok(Self { written: WrittenPattern::Regex(text.to_owned()), regex, inside: None })
    }

    /// Whether the text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    /// Whether one of several texts may match, which stand behind one another, whatever is between them. `false` means
    /// that none does.
    pub fn may_be_in(&self, joined: &[u8]) -> bool {
        self.inside.as_ref().is_none_or(|inside| inside.is_match(joined))
    }

    /// Whether any text matches.
    pub fn is_presence(&self) -> bool {
        self.regex.is_none()
    }

    /// The places that match, in their order, empty ones left out. A pattern of a whole text has it as its place in a
    /// longer text too.
    pub fn places(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        match (&self.written, &self.regex) {
            (_, None) => Vec::new(),
            (WrittenPattern::Text(word), Some(regex)) if regex.as_str().starts_with(r"\A") => {
                text.match_indices(word.as_str()).map(|(at, word)| at..at + word.len()).collect()
            }
            (_, Some(regex)) => {
                let places = regex.find_iter(text).map(|found| found.range());
                places.filter(|place| !place.is_empty()).collect()
            }
        }
    }
}

/// A pattern of the text as it is, and as it can stand in a string of JSON: `ş` also as `\u015f`, `"` also as `\"`.
fn in_json(text: &str) -> String {
    let any_case = !text.chars().any(char::is_uppercase);
    let mut out = String::new();
    for c in text.chars() {
        let plain = regex::escape(c.encode_utf8(&mut [0; 4]));
        match c {
            '"' | '/' => out.extend([r"\\?", &plain]),
            '\\' => out.push_str(r"\\{1,2}"),
            _ if c.is_ascii() => out.push_str(&plain),
            _ => {
                let capital = c.to_uppercase().next().filter(|&upper| any_case && upper != c);
                out.extend(["(?:", &plain, "|(?i:", &json_escape(c)]);
                if let Some(capital) = capital {
                    out.extend(["|", &json_escape(capital)]);
                }
                out.push_str("))");
            }
        }
    }
    out
}

/// The pattern of a character as JSON escapes it.
fn json_escape(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().fold(String::new(), |mut out, unit| {
        // Writing to a String does not fail.
        let _never = write!(out, r"\\u{unit:04x}");
        out
    })
}

impl PartialEq for TextPattern {
    /// By what was written.
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.written {
            WrittenPattern::Presence => f.write_str("*"),
            WrittenPattern::Regex(regex) => write!(f, "/{regex}/"),
            WrittenPattern::Text(text) if is_plain(text) => f.write_str(text),
            WrittenPattern::Text(text) => {
                write!(f, "\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
            }
        }
    }
}

/// Whether a text means itself without quotes, wherever it stands.
fn is_plain(text: &str) -> bool {
    let mark = |c: char| c.is_whitespace() || "\"():,".contains(c);
    !text.is_empty()
        && !text.contains(mark)
        && !text.starts_with(['-', '/', '*'])
        && !["OR", "AND", "NOT"].contains(&text)
}
