//! The command that sends a request again, and which characters act on a terminal instead of being shown.

use std::fmt::Write as _;

use crate::har::ResendRequest;

impl ResendRequest {
    /// A command for any POSIX shell, on several lines. Every argument is quoted, characters that act on a terminal are
    /// left out of method and headers. With `has_body` the command reads the body from standard input.
    pub fn curl(&self, has_body: bool) -> String {
        // Globs are characters of URLs like others; paths go as they are.
        let mut lines = vec!["curl --globoff --path-as-is".to_owned()];
        lines.push(match (self.method.as_str(), has_body) {
            // Waits for a body otherwise.
            ("HEAD", false) => "--head".to_owned(),
            (method, _) => format!("--request {}", quoted(&shown(method))),
        });
        let url: String = self.url.chars().map(in_url).collect();
        lines.push(format!("--url {}", quoted(&url)));
        let headers = self.headers.iter();
        let header = |(name, value): &(String, String)| quoted(&shown(&format!("{name}: {value}")));
        lines.extend(headers.map(|named| format!("--header {}", header(named))));
        if has_body {
            lines.push("--data-binary @-".to_owned());
        }
        lines.join(" \\\n  ")
    }
}

/// Whether a character would act on the terminal instead of being shown: control characters, line separators,
/// invisible ones, and those that turn the reading direction.
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A word in single quotes, in which a shell changes nothing.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !acts(*c)).collect()
}

/// A character of a URL, in per cent where it would act on a terminal or end the word.
fn in_url(c: char) -> String {
    if !acts(c) && !c.is_whitespace() {
        return c.to_string();
    }
    c.encode_utf8(&mut [0; 4]).bytes().fold(String::new(), |mut out, byte| {
        // Writing to a String does not fail.
        let _never = write!(out, "%{byte:02X}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_ends_a_word_or_acts() {
        let resend = ResendRequest {
            method: "PO\u{1b}[1mST".to_owned(),
            url: "https://e.example/a b\n\u{202e}ş?q='".to_owned(),
            headers: vec![("X".to_owned(), "it's\r\ny".to_owned())],
        };
        let expected = "curl --globoff --path-as-is \\\n  --request 'PO[1mST' \\\n  \
            --url 'https://e.example/a%20b%0A%E2%80%AEş?q='\\''' \\\n  --header 'X: it'\\''sy'";
        assert_eq!(resend.curl(false), expected);
        assert!(resend.curl(true).ends_with(" \\\n  --data-binary @-"));
        let head = ResendRequest { method: "HEAD".to_owned(), url: String::new(), headers: vec![] };
        assert!(head.curl(false).contains("--head "));
    }
}
