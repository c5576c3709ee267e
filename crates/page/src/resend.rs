//! The command that sends a request again, all but its body.

use std::fmt::Write as _;

use query::LoggedRequest;

use crate::shown::acts;

/// A command for any POSIX shell; it reads the body, where there is one, from standard input. Credentials are
/// placeholders. `None` when the log has no URL.
pub(crate) fn command(request: &LoggedRequest<'_>, body: Option<&str>) -> Option<String> {
    let mut resend = request.resend()?;
    let exchange = &request.exchange;
    let has_body = exchange.request_digest.is_some();
    if has_body && exchange.method.is_none() {
        "POST".clone_into(&mut resend.method);
    }
    let typed = resend.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some(body) = body.filter(|_| !typed) {
        resend.headers.insert(0, ("Content-Type".to_owned(), content_type(body).to_owned()));
    }
    let url: String = resend.url.chars().map(in_url).collect();
    let mut lines = vec!["curl --globoff --path-as-is".to_owned()];
    lines.push(match (resend.method.as_str(), has_body) {
        // Waits for a body otherwise.
        ("HEAD", false) => "--head".to_owned(),
        (method, _) => format!("--request {}", quoted(method)),
    });
    lines.push(format!("--url {}", quoted(&url)));
    let headers = resend.headers.iter();
    lines.extend(
        headers.map(|(name, value)| format!("--header {}", quoted(&format!("{name}: {value}")))),
    );
    if has_body {
        lines.push("--data-binary @-".to_owned());
    }
    Some(lines.join(" \\\n  "))
}

fn content_type(body: &str) -> &'static str {
    match body.trim_start().chars().next() {
        Some('{' | '[') => "application/json",
        Some('<') => "application/xml",
        _ if body.contains('=') && !body.contains(char::is_whitespace) => {
            "application/x-www-form-urlencoded"
        }
        _ => "text/plain",
    }
}

/// A word in single quotes, in which a shell changes nothing. Characters that act on a terminal are left out.
fn quoted(word: &str) -> String {
    let word: String = word.chars().filter(|c| !acts(*c) && *c != '\n').collect();
    format!("'{}'", word.replace('\'', r"'\''"))
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
        assert_eq!(quoted("it's\u{1b}[1m\n"), r"'it'\''s[1m'");
        assert_eq!(in_url('\n') + &in_url('\u{202e}') + &in_url('ş'), "%0A%E2%80%AEş");
        assert_eq!(content_type("a=1&b=2"), "application/x-www-form-urlencoded");
    }
}
