//! Text to look for.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::TextField;

/// A text or regular expression, ready to be looked for.
#[derive(Debug, Clone)]
pub struct Pattern {
    written: WrittenPattern,
    regex: Regex,
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

impl Pattern {
    /// Any text, so that the field only has to be there.
    pub fn presence() -> Self {
        let regex = Regex::new("").expect("the empty pattern is valid");
        Self { written: WrittenPattern::Presence, regex }
    }

    /// A text in a field, or anywhere. Without a capital letter it matches in any case.
    ///
    /// # Errors
    /// When the text is too long.
    pub fn text(text: &str, field: Option<TextField>) -> Result<Self, regex::Error> {
        let part = matched_part(field);
        let body = if part == MatchedPart::Any { in_json(text) } else { regex::escape(text) };
        let pattern = match part {
            MatchedPart::Whole => format!(r"\A(?:{body})\z"),
            MatchedPart::Beginning => format!(r"\A(?:{body})"),
            MatchedPart::Any => body,
        };
        let any_case = !text.chars().any(char::is_uppercase);
        let regex = RegexBuilder::new(&pattern).case_insensitive(any_case).build()?;
        Ok(Self { written: WrittenPattern::Text(text.to_owned()), regex })
    }

    /// A regular expression of the crate `regex`, which matches in any part of a text and in the case it is written.
    ///
    /// # Errors
    /// When it is none, or too large.
    pub fn regex(text: &str) -> Result<Self, regex::Error> {
        Ok(Self { written: WrittenPattern::Regex(text.to_owned()), regex: Regex::new(text)? })
    }

    /// Whether the text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.written == WrittenPattern::Presence || self.regex.is_match(text)
    }

    /// Whether any text matches.
    pub fn is_presence(&self) -> bool {
        self.written == WrittenPattern::Presence
    }

    /// The places that match, in their order, empty ones left out. A pattern of a whole text has it as its place in a
    /// longer text too.
    pub fn places(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        match &self.written {
            WrittenPattern::Text(word) if self.regex.as_str().starts_with(r"\A") => {
                text.match_indices(word.as_str()).map(|(at, word)| at..at + word.len()).collect()
            }
            _ => {
                let places = self.regex.find_iter(text).map(|found| found.range());
                places.filter(|place| !place.is_empty()).collect()
            }
        }
    }
}

/// A pattern of the text as it is, and as it can stand in a string of JSON: `ş` also as `\u015f`, `"` also as `\"`.
fn in_json(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '/' => out.push_str(&format!(r"\\?{}", regex::escape(&c.to_string()))),
            '\\' => out.push_str(r"\\{1,2}"),
            _ if c.is_ascii() => out.push_str(&regex::escape(&c.to_string())),
            _ => {
                out.push_str(&format!("(?:{}", regex::escape(&c.to_string())));
                let any_case = !text.chars().any(char::is_uppercase);
                let capital = c.to_uppercase().next().filter(|&upper| any_case && upper != c);
                for c in [Some(c), capital].into_iter().flatten() {
                    let units = c
                        .encode_utf16(&mut [0; 2])
                        .iter()
                        .map(|unit| format!(r"\\u{unit:04x}"))
                        .collect::<String>();
                    out.push_str(&format!("|(?i:{units})"));
                }
                out.push(')');
            }
        }
    }
    out
}

impl PartialEq for Pattern {
    /// By what was written.
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl fmt::Display for Pattern {
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
