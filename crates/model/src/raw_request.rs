//! A request logged as one string: `METHOD - URL - BODY`, `METHOD-URL-BODY`, or a request line.
//!
//! The separator of the second form also stands in URLs (UUIDs, slugs) and in bodies. A URL holds no
//! braces, angle brackets, quotes or blanks, so such a sign marks the beginning of a body;
//! a form body begins with a name and `=`; an empty body leaves a separator at the end.

/// A request taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    /// Empty when there is none.
    pub(crate) body: &'a str,
}

const METHODS: [&str; 9] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

/// Takes a request string apart; `None` when it does not begin with a method and an address.
pub(crate) fn split(text: &str) -> Option<RawRequest<'_>> {
    let text = text.trim_start();
    let method =
        METHODS.iter().find(|m| text.get(..m.len()).is_some_and(|t| t.eq_ignore_ascii_case(m)))?;
    let (method, rest) = text.split_at(method.len());
    if let Some(rest) = rest.strip_prefix(" - ") {
        let (url, body) = match rest.split_once(" - ") {
            Some(both) => both,
            None => (rest.strip_suffix(" -").unwrap_or(rest), ""),
        };
        return is_address(url).then_some(RawRequest { method, url, body });
    }
    if let Some(rest) = rest.strip_prefix('-') {
        if !is_address(rest) {
            return None;
        }
        let (url, body) = match dash(rest) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        return Some(RawRequest { method, url, body });
    }
    let rest = rest.strip_prefix([' ', ':', '\t'])?.trim_start();
    if !is_address(rest) {
        return None;
    }
    let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
    let (url, rest) = rest.split_at(end);
    let body = match rest.trim_start() {
        // A whole HTTP message: the body stands past the first empty line.
        message if message.starts_with("HTTP/") => ["\r\n\r\n", "\n\n"]
            .iter()
            .find_map(|gap| message.split_once(gap))
            .map_or("", |(_, body)| body),
        body => body.strip_prefix("- ").unwrap_or(body),
    };
    Some(RawRequest { method, url, body })
}

fn is_address(text: &str) -> bool {
    text.starts_with('/')
        || text.get(..8).is_some_and(|t| t.contains("://"))
        || text
            .split(['/', ' ', '?'])
            .next()
            .is_some_and(|host| host.contains('.') && host.len() > 3)
}

/// The place of the `-` between URL and body.
fn dash(rest: &str) -> Option<usize> {
    let dashes = || rest.match_indices('-').map(|(at, _)| at);
    let begins_body = |at: &usize| {
        let right = rest[at + 1..].trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
        match right.as_bytes() {
            [b'{' | b'<' | b'"', ..] => true,
            [b'[', next, ..] => b"{[]\"-0123456789 \r\n\ttfn".contains(next),
            _ => right.starts_with("--") && right.contains("\r\n") && !right.starts_with("---{"),
        }
    };
    let strong = dashes().find(begins_body);
    if strong.is_some() {
        return strong;
    }
    if rest.ends_with('-') {
        return Some(rest.len() - 1);
    }
    // `name=`: the name holds nothing that only URLs hold.
    let form = dashes().find(|at| {
        let right = &rest[at + 1..];
        right.find('=').is_some_and(|end| {
            end > 0
                && right[..end]
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_[]%.+*".contains(&b))
        })
    });
    if form.is_some() {
        return form;
    }
    let blank = rest.find(|c: char| c.is_whitespace())?;
    rest[..blank].rfind('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_apart() {
        for (text, url, body) in [
            ("POST - https://a.example/x - {\"a\":1}", "https://a.example/x", "{\"a\":1}"),
            (
                "POST - https://a.example/x - {\"a\":\"b - c\"}",
                "https://a.example/x",
                "{\"a\":\"b - c\"}",
            ),
            ("POST - https://a.example/x - ", "https://a.example/x", ""),
            ("POST - https://a.example/x", "https://a.example/x", ""),
            (
                "POST-https://a.example/x-y/1f2e-3d4c/?t=1-{\"a\":\"b-c\"}",
                "https://a.example/x-y/1f2e-3d4c/?t=1",
                "{\"a\":\"b-c\"}",
            ),
            ("POST-https://a-b.example/x-y-", "https://a-b.example/x-y", ""),
            ("POST-https://a-b.example/x-y--", "https://a-b.example/x-y-", ""),
            ("POST-/api/i1/x/-[{\"a\":1}]", "/api/i1/x/", "[{\"a\":1}]"),
            (
                "POST-https://a-b.example/v1/pay-amount=1&c[d]=t-e",
                "https://a-b.example/v1/pay",
                "amount=1&c[d]=t-e",
            ),
            ("POST-https://a.example/x-hello there", "https://a.example/x", "hello there"),
            ("POST-https://a.example/x-<a>b-c</a>", "https://a.example/x", "<a>b-c</a>"),
            (
                "POST https://a.example/x HTTP/1.1\r\nHost: a\r\n\r\n{\"a\":1}",
                "https://a.example/x",
                "{\"a\":1}",
            ),
            ("POST https://a.example/x {\"a\":1}", "https://a.example/x", "{\"a\":1}"),
        ] {
            assert_eq!(split(text), Some(RawRequest { method: "POST", url, body }), "{text}");
        }
    }

    #[test]
    fn other_texts_are_left_alone() {
        for text in
            ["", "POST", "POSTED - x", "POST - hello", "{\"a\":1}", "GET-well soon", "delete me"]
        {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
