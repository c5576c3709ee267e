//! A request as a command for a shell.

use std::fmt::Write as _;

use query::{LoggedRequest, acts, quoted};

use super::figures::second;
use super::terminal::safe;

/// A command for any POSIX shell that sends the request again, after a comment that names it. Every argument is
/// quoted, the body goes through a pipe, credentials are placeholders. Where the log has no URL, only a comment.
pub(crate) fn curl(request: &LoggedRequest<'_>) -> String {
    let exchange = &request.exchange;
    let mut name = exchange.started_at.map(second).unwrap_or_default();
    if let (Some(kind), Some(key)) = (exchange.key_kind, exchange.key) {
        let _never = write!(name, " {} {}", kind.0, key.0);
    }
    let id = exchange.exchange;
    let comment = safe(&format!("# request {id}, {}, {}", exchange.outcome.0, name.trim()));
    let comment = comment.trim_end_matches([' ', ',']);
    let Some(resend) = request.resend() else {
        return format!("{comment}: the log has no URL\n");
    };
    let mut out = format!("{comment}\n");
    let body = exchange.request_body.map(|body| body.text);
    if let Some(body) = body {
        let _never = writeln!(out, "{} |", printf(body));
    }
    out.push_str(&resend.curl(body.is_some()));
    out.push('\n');
    out
}

/// The command that prints a text: a builtin, so that no limit on arguments holds.
fn printf(text: &str) -> String {
    let shown = |c: char| matches!(c, '\n' | '\t') || !acts(c);
    if text.chars().all(shown) {
        return format!("printf %s {}", quoted(text));
    }
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str(r"\\"),
            _ if shown(c) => escaped.push(c),
            _ => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    // Three octal digits after the zero end by themselves.
                    let _never = write!(escaped, "\\0{byte:03o}");
                }
            }
        }
    }
    format!("printf %b {}", quoted(&escaped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_printed_as_it_is() {
        assert_eq!(printf(r#"{"a":"it's 100 % \n"}"#), r#"printf %s '{"a":"it'\''s 100 % \n"}'"#);
        assert_eq!(printf("a\\n\u{1b}\0b\n"), "printf %b 'a\\\\n\\0033\\0000b\n'");
    }
}
