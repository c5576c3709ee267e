//! Endpoints: method, host and path of a URL with its ids masked.
//!
//! An endpoint is what calls have in common when the record they are about is left out. Nothing says
//! which parts of a path are ids, so a segment is judged by its form: digits, UUIDs, hex, e-mail
//! addresses, percent-encoded texts and tokens that mix letters and digits are ids; words, versions
//! (`v1`, `i1`, `v2.1`) and words with a digit at the end (`oauth2`) are not. A wrong guess either splits
//! one endpoint into several or joins two; neither hides an exchange.
//!
//! The masked text never holds a query, a fragment, user names, passwords or session ids.

use memchr::{memchr, memchr2};

/// What stands for an id.
const ID: &str = "{id}";

/// Writes the endpoint of a call into `out`, which is cleared first:
/// `PATCH omnitron.example.com/api/i1/product_prices/{id}/`.
///
/// | part | becomes |
/// |---|---|
/// | method | upper case; left out when it is no word. A method at the beginning of `url` counts when `method` is absent |
/// | scheme, user, query, fragment, `;parameters` | dropped |
/// | host | lower case, without the default port of its scheme |
/// | path | ids as `{id}`; `12345.json` is `{id}.json`, `Products('A1')` is `Products({id})`, `//` is `/` |
///
/// A URL without scheme that does not begin with `/` begins with its host. A relative one has no host, an
/// empty one leaves the method alone. Any text is accepted, and the endpoint of an endpoint is the same text.
/// No allocation beyond `out`; time is linear in the length of the URL.
pub fn mask(method: Option<&str>, url: &str, out: &mut String) {
    out.clear();
    let (written, url) = leading_method(url.trim());
    let method = method.map(str::trim).filter(|method| is_method(method)).or(written);
    if let Some(method) = method {
        out.push_str(method);
        out.make_ascii_uppercase();
    }
    let url = url[..memchr2(b'?', b'#', url.as_bytes()).unwrap_or(url.len())].trim();
    if method.is_some() && !url.is_empty() {
        out.push(' ');
    }
    let (scheme, rest) = split_scheme(url);
    let path = match rest.strip_prefix("//") {
        Some(rest) if scheme.is_some() || !rest.starts_with('/') => authority(scheme, rest, out),
        None if scheme.is_none() && !rest.starts_with('/') => authority(scheme, rest, out),
        _ => rest,
    };
    segments(path, out);
    // Dropped parts may leave the blank behind the method, or blanks at the end of a path.
    out.truncate(out.trim_end().len());
}

/// Splits a method that a URL field begins with (`GET https://..`), as some loggers write it.
fn leading_method(url: &str) -> (Option<&str>, &str) {
    const METHODS: [&str; 9] =
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "MERGE", "TRACE"];
    match url.split_once(' ') {
        Some((word, rest)) if METHODS.contains(&word) => (Some(word), rest),
        _ => (METHODS.contains(&url).then_some(url), if METHODS.contains(&url) { "" } else { url }),
    }
}

fn is_method(text: &str) -> bool {
    (1..=20).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_')
}

/// Splits `https:` off `https://host`; a colon elsewhere (`host:8080`) is no scheme.
fn split_scheme(url: &str) -> (Option<&str>, &str) {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let colon = memchr(b':', url.as_bytes()).filter(|&colon| url[colon + 1..].starts_with("//"));
    match colon.map(|colon| url.split_at(colon)) {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), &rest[1..]),
        _ => (None, url),
    }
}

/// Writes the host and gives the path after it.
fn authority<'u>(scheme: Option<&str>, rest: &'u str, out: &mut String) -> &'u str {
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split(';').next().unwrap_or_default().trim();
    let default_port = match scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => ":80",
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => ":443",
        _ => "",
    };
    let host = host.strip_suffix(default_port).unwrap_or(host).trim_end();
    if is_host(host) {
        let start = out.len();
        out.push_str(host);
        out[start..].make_ascii_lowercase();
    } else {
        segments(host, out);
    }
    // With a scheme the first part is a host for sure, and its empty path is `/` (RFC 3986, 6.2.3).
    if path.is_empty() && scheme.is_some() && !host.is_empty() { "/" } else { path }
}

/// Whether a text is written like a host: a name with dots, an address, or one label that is no id.
/// With or without scheme the answer is the same, so that the endpoint of an endpoint is the same text.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !text.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let has_port = match port {
        Some(port) if (1..=5).contains(&port.len()) && is_digits(port) => true,
        Some(_) => return false,
        None => false,
    };
    if let Some(address) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return address
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.');
    }
    let is_letter = |letter: char| {
        letter.is_ascii_alphanumeric() || "-_.".contains(letter) || !letter.is_ascii()
    };
    if name.is_empty() || name.len() > 253 || !name.chars().all(is_letter) {
        return false;
    }
    match name.rsplit_once('.') {
        Some((_, last)) if is_digits(last) => {
            name.split('.').count() == 4
                && name.split('.').all(|part| is_digits(part) && part.len() <= 3)
        }
        Some((_, last)) => last.len() >= 2,
        // `erp01` is a host in an intranet, `1a2b3c4d` an id at the beginning of a relative path.
        None => {
            let digits = name.bytes().filter(u8::is_ascii_digit).count();
            let short = name.len() <= 15 && digits <= 3;
            name.starts_with(|first: char| !first.is_ascii_digit())
                && (short || has_port || !is_id(name))
        }
    }
}

/// Writes a path with its ids masked, never two slashes in a row: they would read as the end of a scheme
/// or the beginning of a host.
fn segments(path: &str, out: &mut String) {
    for (place, segment) in path.split('/').enumerate() {
        if place > 0 && !out.ends_with('/') {
            out.push('/');
        }
        // Parameters of a segment (`;jsessionid=..`) are the query of older servers.
        let end = memchr(b';', segment.as_bytes()).unwrap_or(segment.len());
        let segment = segment[..end].trim();
        if is_id(segment) {
            masked(segment, out);
        } else if let Some((name, inside)) = called(segment) {
            out.push_str(name);
            out.push('(');
            out.push_str(if is_masked(inside) { inside } else { ID });
            out.push(')');
        } else {
            out.push_str(segment);
        }
    }
}

/// Writes the mask of an id, keeping a file ending: it names the format, not the record.
fn masked(segment: &str, out: &mut String) {
    out.push_str(ID);
    if let Some((name, ending)) = segment.rsplit_once('.')
        && (2..=5).contains(&ending.len())
        && ending.bytes().all(|byte| byte.is_ascii_lowercase())
        && !name.contains(['@', '%', '('])
        && is_id(name)
    {
        out.push('.');
        out.push_str(ending);
    }
}

/// `Products('A1')` of `OData` as name and key; `None` for anything else, also without a key.
fn called(segment: &str) -> Option<(&str, &str)> {
    let (name, inside) = segment.strip_suffix(')')?.split_once('(')?;
    (!name.is_empty() && !inside.is_empty() && !name.contains('{')).then_some((name, inside))
}

/// A placeholder such as `{id}` or `{sku}`.
fn is_masked(text: &str) -> bool {
    let name = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    name.is_some_and(|name| !is_id(name))
}

/// Whether a segment of a path names a record. The rules look at ASCII letters of either case alike.
fn is_id(segment: &str) -> bool {
    /// Longer words without a digit are texts or encoded data, not names of resources.
    const LONGEST_WORD: usize = 80;
    if segment.is_empty() || is_masked(segment) {
        return false;
    }
    if let Some(inside) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return is_id(inside);
    }
    let bytes = segment.as_bytes();
    // Most segments are plain words; one look at their bytes settles them.
    let is_plain = |byte: &u8| !(byte.is_ascii_digit() || matches!(byte, b'%' | b'@' | b'('));
    if bytes.len() < SHORTEST_SCRAMBLED && bytes.iter().all(is_plain) {
        return false;
    }
    if is_digits(segment) {
        return true;
    }
    // `(S(abc))` is the session segment of ASP.NET.
    if bytes[0] == b'(' && segment.ends_with(')') {
        return true;
    }
    let escaped = memchr(b'%', bytes).is_some();
    if escaped && segment.contains("%20") {
        return segment.split("%20").any(is_id);
    }
    let at = memchr(b'@', bytes).is_some_and(|place| place > 0);
    if segment.len() > LONGEST_WORD || at || (escaped && has_escapes(bytes)) || is_uuid(segment) {
        return true;
    }
    if called(segment).is_some() || !bytes.iter().any(u8::is_ascii_digit) {
        return is_scrambled(segment);
    }
    if is_version(segment) {
        return false;
    }
    if bytes.len() >= 8 && bytes.iter().all(u8::is_ascii_hexdigit) {
        return true;
    }
    // `7sm-pyl-xzv`: groups of one length with a digit among them are a code.
    let group = segment.find('-').unwrap_or_default();
    let mut groups = segment.split('-');
    if (3..=6).contains(&group)
        && segment.len() > 2 * group + 1
        && groups.all(|one| one.len() == group)
    {
        return true;
    }
    let tokens = || segment.split(['-', '_', '.', '~', ' ', ',', ':', '+', '=', '$', '!', '*']);
    let has_word = tokens().any(|token| token.bytes().any(|byte| !byte.is_ascii_digit()));
    tokens().any(|token| is_id_token(token, has_word))
}

/// Whether a text is a UUID. One without any digit is rare, but no word either.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether a part of a segment, between separators, looks like an id.
fn is_id_token(token: &str, beside_words: bool) -> bool {
    /// Words that end in more than one digit, or have some inside.
    const KNOWN: [&str; 14] = [
        "base64", "sha1", "sha256", "sha512", "md5", "utf8", "utf16", "ean13", "ean8", "gtin14",
        "x509", "i18n", "l10n", "k8s",
    ];
    let bytes = token.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return is_scrambled(token);
    }
    if digits == bytes.len() {
        // `step-3` is a name, `step-31` and `3` are not.
        return digits > 1 || !beside_words;
    }
    if KNOWN.iter().any(|known| known.eq_ignore_ascii_case(token)) || is_version(token) {
        return false;
    }
    if digits > 1 {
        return true;
    }
    let place = bytes.iter().position(u8::is_ascii_digit).unwrap_or_default();
    let (before, after) = (&bytes[..place], &bytes[place + 1..]);
    match (before.len(), after.len()) {
        (0, letters) => letters > 3,  // `2fa`, `3d`
        (letters, 0) => letters > 12, // `oauth2`, `step3`
        (1..=5, 1..=5) => !(is_spoken(before) && is_spoken(after)), // `b2b`, `order2cash`
        _ => true,
    }
}

/// Whether letters may be a word: short, or with a vowel.
fn is_spoken(letters: &[u8]) -> bool {
    letters.len() <= 2
        || letters.iter().any(|letter| b"aeiouyAEIOUY".contains(letter) || !letter.is_ascii())
}

/// `v1`, `v2.1`, `i1`, `v1beta2`, `2.1`.
fn is_version(text: &str) -> bool {
    let rest = text.strip_prefix(['v', 'V', 'i', 'I']);
    let numbers = rest.unwrap_or(text);
    let stable = ["alpha", "beta", "rc"].iter().find_map(|stage| numbers.split_once(stage)).map_or(
        numbers,
        |(stable, last)| {
            if last.len() <= 2 && last.bytes().all(|byte| byte.is_ascii_digit()) {
                stable
            } else {
                ""
            }
        },
    );
    let parts = stable.split('.').count();
    (rest.is_some() || parts == 2)
        && parts <= 4
        && stable.split('.').all(|part| part.len() <= 2 && is_digits(part))
}

/// Shorter words may change their case as they like.
const SHORTEST_SCRAMBLED: usize = 16;

/// Whether letters change their case as random ones do: base64 and ids made of letters alone.
fn is_scrambled(text: &str) -> bool {
    let bytes = text.as_bytes();
    let rises = bytes
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    bytes.len() >= SHORTEST_SCRAMBLED && rises.count() * 5 >= bytes.len()
}

/// Whether a text holds percent-encoded bytes.
fn has_escapes(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|three| {
        three[0] == b'%' && three[1].is_ascii_hexdigit() && three[2].is_ascii_hexdigit()
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(method: Option<&str>, url: &str, expected: &str) {
        let mut out = "left over".to_owned();
        mask(method, url, &mut out);
        assert_eq!(out, expected, "{url:?}");
    }

    fn check_segment(segment: &str, expected: &str) {
        check(None, &format!("/api/{segment}/x"), &format!("/api/{expected}/x"));
    }

    #[test]
    fn whole_calls() {
        check(
            Some("patch"),
            "https://Omnitron.Example.com:443/api/i1/product_prices/4711/?page=2#top",
            "PATCH omnitron.example.com/api/i1/product_prices/{id}/",
        );
        check(
            Some("POST"),
            "https://erp.example.com/ws/0b5cfa30-0a4e-4f2e-9d5d-0a1b2c3d4e5f/orders?ticket=5",
            "POST erp.example.com/ws/{id}/orders",
        );
        check(
            Some("POST"),
            "http://user:secret@10.0.0.5:1515/(S(abcdefghijklmnopqrstuvwx))/IntegratorService/Post",
            "POST 10.0.0.5:1515/{id}/IntegratorService/Post",
        );
        check(Some("GET"), "GET http://h.example.com:80/a", "GET h.example.com/a");
        check(None, "GET http://h.example.com/a", "GET h.example.com/a");
        check(None, "https://h.example.com", "h.example.com/");
        check(None, "HTTPS://H.Example.com?x=1", "h.example.com/");
        check(None, "//cdn.example.com/a", "cdn.example.com/a");
        check(None, "h.example.com:8080/a", "h.example.com:8080/a");
        check(None, "http://erp01/ws/orders", "erp01/ws/orders");
        check(None, "https://[2001:DB8::1]:8443/a/5", "[2001:db8::1]:8443/a/{id}");
        check(Some("GET"), "/api/v1/orders/5", "GET /api/v1/orders/{id}");
        check(Some("GET"), "api/v1/orders/5", "GET api/v1/orders/{id}");
    }

    #[test]
    fn junk_is_no_reason_to_stop() {
        check(None, "", "");
        check(Some("get"), "", "GET");
        check(Some("get"), " \n", "GET");
        check(Some(""), "/a", "/a");
        check(Some("Invoke HTTP 5"), "/a", "/a");
        check(None, "?q=1", "");
        check(None, "http://", "");
        check(None, "http:///a/5", "/a/{id}");
        check(None, "////a", "/a");
        check(None, "null", "null");
        check(None, "12345", "{id}");
        check(None, "connection refused", "connection refused");
        check(None, "http://user@", "");
    }

    #[test]
    fn ids_are_masked() {
        for id in [
            "5",
            "4711",
            "0000000000123456",
            "8690000000000",
            "0b5cfa30-0a4e-4f2e-9d5d-0a1b2c3d4e5f",
            "{0B5CFA30-0A4E-4F2E-9D5D-0A1B2C3D4E5F}",
            "0b5cfa300a4e4f2e9d5d0a1b2c3d4e5f",
            "deadbeef1",
            "SKU-000123",
            "1KD00042-BLK",
            "TR0012345M",
            "shp_1a2b3c4d5e",
            "pi_3KxAbCdEfGhIjKlM",
            "cus_NffrFeUfNV2Hib",
            "ch_1Nirs2eZvKYlo2C",
            "red-shirt-12345",
            "7sm-pyl-xzv",
            "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
            "order-77",
            "musteri@example.com",
            "musteri%40example.com",
            "a%2Fb",
            "%C5%9F",
            "(S(lit3py55t21z5v55vlm25s55))",
            "2023-06-23",
            "12,13,14",
            "aGVsbG8gd29ybGQxMjM0NTY3ODkw",
            "QmFzZUxFbmNvZGVkVGV4dEhlcmU",
        ] {
            check_segment(id, "{id}");
        }
    }

    #[test]
    fn names_stay() {
        for name in [
            "v1",
            "v2.1",
            "V3",
            "v1beta1",
            "i1",
            "2.1",
            "products",
            "product_prices",
            "waiting-orders",
            "add-new-row",
            "oauth2",
            "step3",
            "step-3",
            "s3",
            "b2b",
            "order2cash",
            "2fa",
            "sha256",
            "base64",
            "GetProductsByCode",
            "getAllWaitingOrdersForIntegration",
            "IntegratorService.svc",
            "$metadata",
            "orders.json",
            "Ürünler",
            "Purchase%20Orders",
            "{id}",
            "{sku}",
            "products:batch",
            "deadbeef",
            "ping()",
        ] {
            check_segment(name, name);
        }
    }

    #[test]
    fn ids_inside_of_segments() {
        check_segment("12345.json", "{id}.json");
        check_segment("Products('A1')", "Products({id})");
        check_segment("Orders(5)", "Orders({id})");
        check_segment("Orders({id})", "Orders({id})");
        check_segment("orders;jsessionid=0A1B2C3D", "orders");
    }

    fn masked_again(method: Option<&str>, url: &str) -> Result<(), TestCaseError> {
        let (mut once, mut twice) = (String::new(), String::new());
        mask(method, url, &mut once);
        mask(None, &once, &mut twice);
        prop_assert_eq!(&once, &twice, "{}", url);
        prop_assert!(!once.contains('?') && !once.contains('#'));
        Ok(())
    }

    proptest! {
        #[test]
        fn masking_twice_is_masking_once(url in "\\PC*", get in any::<bool>()) {
            masked_again(get.then_some("get"), &url)?;
        }

        #[test]
        fn masking_an_endpoint_does_not_change_it(
            url in r"((GET |POST )?(https?://|//|/)?([uU]ser(:pw)?@)?)?([A-Za-z0-9]{1,6}[.:-]?){0,4}(/|[A-Za-z0-9%@{}().,;_-]{1,12}|v1|\{id\}|/[0-9]{1,6}\.json| ){0,8}(\?a=b)?",
            post in any::<bool>(),
        ) {
            masked_again(post.then_some("post"), &url)?;
        }

        #[test]
        fn ids_do_not_split_an_endpoint(id in "[0-9]{1,20}", other in "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}") {
            let (mut one, mut two) = (String::new(), String::new());
            mask(Some("PUT"), &format!("https://h.example.com/orders/{id}/lines/"), &mut one);
            mask(Some("PUT"), &format!("https://h.example.com/orders/{other}/lines/"), &mut two);
            prop_assert_eq!(one, two);
        }
    }
}
