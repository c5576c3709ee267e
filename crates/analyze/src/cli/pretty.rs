//! JSON text with line breaks and indents, everything else as it was written.

use std::io;

use model::json::{Cursor, Fault};

/// One level of indent.
const INDENT: &str = "  ";

/// Takes pieces of text.
pub(crate) type TextSink<'s> = &'s mut dyn FnMut(&str) -> io::Result<()>;

/// Whether `text` is nothing but JSON values.
///
/// # Errors
/// The byte at which it is no longer JSON.
pub(crate) fn check(text: &str) -> Result<(), Fault> {
    let mut cursor = Cursor::new(text);
    while !cursor.at_end() {
        cursor.value()?;
    }
    Ok(())
}

/// Indents all JSON values in `text` anew, each ended by a line end. The text has passed [`check`]. Numbers,
/// strings and the order and repetition of keys stay as they are: only blanks between tokens change.
///
/// Writes piece by piece: the indents of a deeply nested text can be larger than the memory.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(text: &str, out: TextSink<'_>) -> io::Result<()> {
    let mut cursor = Cursor::new(text);
    while !cursor.at_end() {
        let Ok(value) = cursor.value() else { break };
        push(value.raw, out)?;
        out("\n")?;
    }
    Ok(())
}

/// Writes one valid value, token by token; their order was checked before.
fn push(raw: &str, out: TextSink<'_>) -> io::Result<()> {
    let bytes = raw.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at += 1;
        match bytes[start] {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'"' => {
                at = string_end(bytes, start);
                out(&raw[start..at])?;
            }
            b'{' | b'[' => {
                out(&raw[start..at])?;
                at += bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
                if let Some(b'}' | b']') = bytes.get(at) {
                    out(&raw[at..=at])?;
                    at += 1;
                } else {
                    depth += 1;
                    new_line(depth, out)?;
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(depth, out)?;
                out(&raw[start..at])?;
            }
            b',' => {
                out(",")?;
                new_line(depth, out)?;
            }
            b':' => out(": ")?,
            _ => {
                let token = |b: &u8| !b.is_ascii_whitespace() && !matches!(b, b',' | b'}' | b']');
                at += bytes[at..].iter().take_while(|b| token(b)).count();
                // Tokens outside strings are ASCII, so this is a slice between characters.
                out(raw.get(start..at).unwrap_or_default())?;
            }
        }
    }
    Ok(())
}

fn new_line(depth: usize, out: TextSink<'_>) -> io::Result<()> {
    out("\n")?;
    (0..depth).try_for_each(|_| out(INDENT))
}

/// Past the closing quote of the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pretty(text: &str) -> String {
        super::check(text).unwrap();
        let mut out = String::new();
        let mut sink = |piece: &str| {
            out.push_str(piece);
            Ok(())
        };
        write(text, &mut sink).unwrap();
        out
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty(expected), expected, "an indented text does not change");
    }

    #[test]
    fn numbers_and_strings_stay_as_written() {
        check(
            r#"{"n":[1e400,0.10,-0,8690000000000001,NaN] ,"s":"a\u0131\"}{,:\\","ş":"\ud800"}"#,
            "{\n  \"n\": [\n    1e400,\n    0.10,\n    -0,\n    8690000000000001,\n    NaN\n  ],\n  \"s\": \"a\\u0131\\\"}{,:\\\\\",\n  \"ş\": \"\\ud800\"\n}\n",
        );
    }

    #[test]
    fn what_is_empty_stays_on_its_line() {
        check("{\"a\":{ },\"b\":[\n]}", "{\n  \"a\": {},\n  \"b\": []\n}\n");
        check("null", "null\n");
        check("", "");
    }

    #[test]
    fn several_documents_follow_each_other() {
        check("{\"a\":1}\n{\"a\":2}[true]", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n[\n  true\n]\n");
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        assert_eq!(super::check("{\"a\": 1").unwrap_err().offset, 7);
        assert!(super::check("[1,]").is_err());
        assert!(super::check("{'a': 1}").is_err());
    }
}
