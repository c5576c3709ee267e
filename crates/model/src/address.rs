//! The address of a request: one text, or parts that are put together.

use bumpalo::Bump;

use crate::json::{Type, Value, text_of, unescaped};
use crate::payload::push_pair;
use crate::scalar::{has_scheme, plain};

/// The parts of an address, as far as a record names them one by one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AddressParts<'a> {
    pub(crate) scheme: Option<Value<'a>>,
    pub(crate) host: Option<Value<'a>>,
    /// The host is that of the request by its name or place, not that of the machine that logs.
    pub(crate) sure_host: bool,
    pub(crate) port: Option<Value<'a>>,
    pub(crate) query: Option<Value<'a>>,
    path: Option<Value<'a>>,
}

/// Whether an object is an address in parts: `{"protocol": .., "host": [..], "path": [..]}`, `{"full": ..}`.
pub(crate) fn is_address(object: Value<'_>) -> bool {
    let parts = of_object(object);
    parts.0.is_some() || parts.1.host.is_some() || parts.1.path.is_some()
}

/// The whole address and the parts in an object.
fn of_object(object: Value<'_>) -> (Option<Value<'_>>, AddressParts<'_>) {
    let (mut whole, mut parts) =
        (None, AddressParts { sure_host: true, ..AddressParts::default() });
    object.members(|name, value| {
        if value.is_empty() {
            return true;
        }
        let text = value.ty == Type::String;
        match name.to_ascii_lowercase().as_str() {
            "raw" | "full" | "href" | "absolute" | "url" | "uri" | "original" if text => {
                whole = whole.or(Some(value));
            }
            "protocol" | "scheme" => parts.scheme = Some(value),
            "host" | "hostname" | "domain" | "authority" => {
                parts.host = parts.host.or(Some(value));
            }
            "port" => parts.port = Some(value),
            "path" | "pathname" | "rawpath" => parts.path = parts.path.or(Some(value)),
            "query" | "search" | "querystring" | "rawquery" | "params" => {
                parts.query = parts.query.or(Some(value));
            }
            _ => {}
        }
        true
    });
    (whole, parts)
}

/// The address as one text. A whole address stays as it stands; a path gets scheme, host and query when they stand
/// beside it.
pub(crate) fn text<'r>(
    url: Option<Value<'r>>,
    mut parts: AddressParts<'r>,
    arena: &'r Bump,
) -> Option<&'r str> {
    let mut whole = url.map(plain);
    if let Some(object) = whole.filter(|value| value.ty == Type::Object) {
        let own;
        (whole, own) = of_object(object);
        parts = AddressParts {
            scheme: own.scheme.or(parts.scheme),
            host: own.host.or(parts.host),
            sure_host: own.host.is_some() || parts.sure_host,
            port: own.port.or(parts.port),
            query: own.query.or(parts.query),
            path: own.path,
        };
    }
    let written = whole.map(|value| text_of(value, arena)).filter(|text| !text.is_empty());
    if let Some(text) = written.filter(|text| has_scheme(text)) {
        return Some(text);
    }
    let path = match written {
        Some(path) => path,
        None => joined(parts.path, "/", arena).unwrap_or(""),
    };
    let scheme = parts.scheme.and_then(|value| scheme(value.inner()));
    let host = joined(parts.host, ".", arena)
        .filter(|host| (parts.sure_host || scheme.is_some() || has_scheme(host)) && is_host(host))
        .filter(|host| {
            !path.starts_with(host)
                && (path.is_empty() || path.starts_with('/') || written.is_none())
        });
    let query = parts.query.and_then(|value| query(value, arena)).filter(|_| !path.contains('?'));
    if host.is_none() && query.is_none() {
        return (!path.is_empty()).then_some(path);
    }
    let mut out = String::new();
    if let Some(host) = host {
        if let Some(scheme) = scheme.filter(|_| !has_scheme(host)) {
            out.push_str(scheme);
            out.push_str("://");
        }
        out.push_str(host.trim_end_matches('/'));
        let port = parts.port.map_or("", |port| plain(port).inner());
        let has_port =
            host.rsplit(':').next().is_some_and(|end| end.bytes().all(|b| b.is_ascii_digit()));
        if !matches!(port, "" | "80" | "443" | "0" | "null") && !has_port {
            out.push(':');
            out.push_str(port);
        }
        if !path.starts_with('/') && !path.is_empty() {
            out.push('/');
        }
    }
    out.push_str(path);
    if let Some(query) = query {
        out.push('?');
        out.push_str(&query);
    }
    (!out.is_empty()).then(|| &*arena.alloc_str(&out))
}

/// `https`, also written `https:` or `HTTPS`; the version of a protocol (`HTTP/1.1`) is none.
fn scheme(text: &str) -> Option<&'static str> {
    let text = text.trim_end_matches("://").trim_end_matches(':');
    ["http", "https", "ws", "wss"].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme))
}

fn is_host(host: &str) -> bool {
    host.len() > 2 && !host.contains([' ', '{', '"']) && !host.starts_with('/')
}

/// A text, or the texts of a list with `between` between them.
fn joined<'r>(value: Option<Value<'r>>, between: &str, arena: &'r Bump) -> Option<&'r str> {
    let value = value?;
    match value.ty {
        Type::String => Some(text_of(value, arena)),
        Type::Array => {
            let mut out = String::new();
            value.elements(|part| {
                if !out.is_empty() || between == "/" {
                    out.push_str(between);
                }
                out.push_str(unescaped(part.inner(), arena));
                true
            });
            Some(arena.alloc_str(&out))
        }
        _ => None,
    }
}

/// `a=1&b=2` out of a text, a map of names to values or a list of name-value pairs.
fn query(value: Value<'_>, arena: &Bump) -> Option<String> {
    let mut out = String::new();
    match value.ty {
        Type::String => {
            let text = unescaped(value.inner(), arena);
            let text = text.strip_prefix('?').unwrap_or(text);
            if text.contains([' ', '{', '\n', '"']) {
                return None;
            }
            out.push_str(text);
        }
        Type::Object => value.members(|name, value| {
            each(value, |value| push_pair(&mut out, name, value.inner()));
            true
        }),
        Type::Array => value.elements(|pair| {
            let (mut name, mut text) = (None, None);
            pair.members(|key, value| {
                match key {
                    "key" | "name" | "Key" | "Name" => name = Some(value),
                    "value" | "Value" => text = Some(value),
                    _ => {}
                }
                true
            });
            if let (Some(name), Some(value)) = (name, text) {
                push_pair(&mut out, name.inner(), value.inner());
            }
            true
        }),
        _ => {}
    }
    (!out.is_empty()).then_some(out)
}

/// A scalar, or the scalars of a list.
fn each<'a>(value: Value<'a>, mut take: impl FnMut(Value<'a>)) {
    match value.ty {
        Type::Object => {}
        Type::Array => value.elements(|element| {
            take(element);
            true
        }),
        _ => take(value),
    }
}
