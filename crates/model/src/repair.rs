//! JSON that breaks off: what the platform cut is closed where it ends, so that the same rules apply
//! to it as to whole JSON.

use crate::json::unescape;

/// Writes to `out` the JSON of a text that breaks off: a string value goes as far as it goes, a key,
/// number or word that may be half of one is left out, and what is open is closed. A text that is no
/// JSON gives something that is none either. Takes time in proportion to the text.
///
/// ```text
/// {"error":{"code":17,"message":"Price li   →   {"error":{"code":17,"message":"Price li"}}
/// {"error":{"code":17,"mess                 →   {"error":{"code":17}}
/// ```
pub(crate) fn repair(text: &str, out: &mut String) {
    let end = BrokenEnd::of(text);
    out.clear();
    match end.open_string {
        Some(start) => {
            out.push_str(&text[..start]);
            out.push_str(without_half_escape(&text[start..]));
            out.push('"');
        }
        None => out.push_str(&text[..end.sound]),
    }
    out.extend(end.brackets.iter().rev().map(|bracket| char::from(*bracket)));
}

/// The content of the string value in which a text breaks off; empty when it does so elsewhere.
pub(crate) fn open_string(text: &str) -> String {
    let mut content = String::new();
    if let Some(start) = BrokenEnd::of(text).open_string {
        unescape(without_half_escape(&text[start..]), &mut content);
    }
    content
}

/// How a text ends.
struct BrokenEnd {
    /// The brackets that close what is open, the outermost first: at `sound`, which is where it is the
    /// same as at the end when a string is open.
    brackets: Vec<u8>,
    /// Up to here, only brackets are missing.
    sound: usize,
    /// Where the content of a string value begins that is still open.
    open_string: Option<usize>,
}

impl BrokenEnd {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut end = Self { brackets: Vec::new(), sound: 0, open_string: None };
        let mut value = true;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'{' | b'[' => {
                    // `}` and `]` stand two behind `{` and `[`.
                    end.brackets.push(byte + 2);
                    value = byte == b'[';
                    end.sound = at;
                }
                b'}' | b']' => {
                    end.brackets.pop();
                    end.sound = at;
                }
                b',' => {
                    end.sound = at - 1;
                    value = end.brackets.last() == Some(&b']');
                }
                b':' => value = true,
                b'"' => match string_end(bytes, at) {
                    Some(behind) => {
                        at = behind;
                        if value {
                            end.sound = at;
                        }
                    }
                    None if value => {
                        end.open_string = Some(at);
                        return end;
                    }
                    None => return end,
                },
                _ => {}
            }
        }
        end
    }
}

/// Behind the quote that closes a string.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
        if at >= bytes.len() {
            return None;
        }
    }
}

/// The content of a string without the part of an escape at its end.
fn without_half_escape(content: &str) -> &str {
    let Some(last) = content.rfind('\\') else { return content };
    let slashes = content.len() - content.trim_end_matches('\\').len();
    let half = if slashes > 0 {
        slashes % 2 == 1
    } else {
        // `\u` and fewer than four digits; the backslash itself is not escaped.
        let before = &content[..last];
        let escaped = (before.len() - before.trim_end_matches('\\').len()) % 2 == 1;
        !escaped && content[last + 1..].starts_with('u') && content.len() - last < 6
    };
    if half { &content[..last] } else { content }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Value;

    fn check(text: &str, repaired: &str, open: &str) {
        let mut out = String::new();
        repair(text, &mut out);
        assert_eq!((out.as_str(), open_string(text).as_str()), (repaired, open), "{text}");
    }

    #[test]
    fn what_is_open_is_closed() {
        check(
            r#"{"error":{"code":17,"message":"Price li"#,
            r#"{"error":{"code":17,"message":"Price li"}}"#,
            "Price li",
        );
        check(r#"{"error":{"code":17,"mess"#, r#"{"error":{"code":17}}"#, "");
        check(r#"{"error":{"code":17,"message":"#, r#"{"error":{"code":17}}"#, "");
        check(r#"{"error":{"code":17"#, r#"{"error":{}}"#, "");
        check(r#"[{"a":["x"],"b":[1,"y"#, r#"[{"a":["x"],"b":[1,"y"]}]"#, "y");
        check(r#"{"a":"b","c"#, r#"{"a":"b"}"#, "");
        check(r#"{"a":"çok \u015f\u01"#, r#"{"a":"çok \u015f"}"#, "çok ş");
        check(r#"{"a":"b\\\"#, r#"{"a":"b\\"}"#, "b\\");
        check(r#"{"a":"b\\u01"#, r#"{"a":"b\\u01"}"#, "b\\u01");
        check(r#"{"a":1}"#, r#"{"a":1}"#, "");
        check("", "", "");
    }

    #[test]
    fn every_cut_of_sound_json_gives_sound_json() {
        let whole = r#"{"error":{"code":"a\"b\\","list":[1,true,{"x":"\u00e7","y":null},[]],"m":"ü"},"n":-1.5e3}"#;
        let mut out = String::new();
        for at in (1..=whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            repair(&whole[..at], &mut out);
            assert!(Value::of(&out).is_some(), "{out}");
        }
        assert_eq!(out, whole);
    }
}
