//! Whether the object under `request` or `response` is an HTTP message or the body of one.
//!
//! A message says enough of itself: a method and an address, headers, its own status, a body. One of these alone is
//! none when names stand beside it that no message has: `{"id": 9, "size": "XL", "body": "cotton"}` is a product.

use crate::address::is_address;
use crate::json::{Type, Value};
use crate::record::{Field, FieldSide, pair};
use crate::roles::Role;
use crate::scalar::{StatusValue, http_status, mentions, status_value};
use crate::slots::is_method;

/// What an object under `request` or `response` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// A body, with all its members.
    Body,
    /// A message with its parts.
    Envelope,
    /// An answer that has a status and a text, and no other body than itself.
    Both,
}

/// What the members of an object say of it.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sign of its own")]
struct MessageSigns {
    method: bool,
    address: bool,
    headers: bool,
    status: bool,
    /// A body under a name that hardly stands in a body.
    body: bool,
    /// `data`, `content`, `text` and the like: a body, or a member of one.
    data: bool,
    /// A text that may be the reason phrase.
    reason: bool,
    /// Members that a message may have as well as a body.
    facts: u16,
    /// Members that no message has.
    others: u16,
}

/// What the object at `at` is, whose members follow in the list.
pub(crate) fn message(fields: &[Field<'_>], at: usize) -> Message {
    let field = &fields[at];
    if field.role == Role::Attributes {
        return Message::Envelope;
    }
    let inside = |c: &&Field<'_>| c.parent.is_some_and(|p| usize::from(p) >= at);
    let mut signs = MessageSigns::default();
    for child in fields[at + 1..].iter().take_while(inside) {
        if child.parent == Some(at as u16) {
            signs.take(child);
        }
    }
    let beside = |role: Role| {
        fields.iter().any(|f| {
            let status = role == Role::HttpStatus && f.role == Role::Status;
            f.side == FieldSide::Record
                && (f.role == role || (status && http_status(f.value).is_some()))
        })
    };
    signs.judge(beside)
}

impl MessageSigns {
    fn take(&mut self, child: &Field<'_>) {
        match child.role {
            Role::RequestBody | Role::ResponseBody if is_firm(child.key) => self.body = true,
            Role::RequestBody | Role::ResponseBody => self.data = true,
            Role::Method if is_verb(child.value) => self.method = true,
            Role::Url if child.value.ty == Type::String || is_address(child.value) => {
                self.address = true;
            }
            Role::Headers if is_headers(child) => self.headers = true,
            Role::HttpStatus => match status_value(child.value, true) {
                StatusValue::Http(_) | StatusValue::Missing => self.status = true,
                _ => self.others += 1,
            },
            Role::Reason => {
                self.reason |= child.value.ty == Type::String && !child.value.is_empty();
                self.facts += 1;
            }
            Role::Headers
            | Role::ResponseUrl
            | Role::Duration
            | Role::Start
            | Role::End
            | Role::Host
            | Role::Scheme
            | Role::Port
            | Role::Query
            | Role::Encoded
            | Role::Truncated => self.facts += 1,
            _ => self.others += 1,
        }
    }

    /// Decides. `beside`: whether the record has a field of this role itself.
    fn judge(&self, beside: impl Fn(Role) -> bool) -> Message {
        let firm = [self.method, self.address, self.headers, self.status, self.body];
        let firm: u16 = firm.into_iter().map(u16::from).sum();
        // A method or a status is what a body has least often.
        let sure = self.method || self.status;
        let two_bodies = self.body && self.data && !sure;
        let doubled = !sure && self.others > 0 && self.address && beside(Role::Url);
        if firm >= 2 && !two_bodies && !doubled && (firm + u16::from(sure)) * 2 >= self.others {
            return Message::Envelope;
        }
        if self.others > 0 || firm == 0 || two_bodies {
            return Message::Body;
        }
        // One sign, and nothing beside it that no message has.
        if self.headers || self.body {
            return Message::Envelope;
        }
        let own = [
            (self.method, Role::Method),
            (self.address, Role::Url),
            (self.status, Role::HttpStatus),
        ];
        if own.into_iter().any(|(has, role)| has && beside(role)) {
            return Message::Body;
        }
        if self.status && self.reason && !self.data { Message::Both } else { Message::Envelope }
    }
}

fn is_firm(key: &str) -> bool {
    key == "body"
        || ["body", "postdata", "govde", "base64", "b64"].iter().any(|word| mentions(key, word))
}

/// A method of HTTP; `call` of JSON-RPC is none.
fn is_verb(value: Value<'_>) -> bool {
    const VERBS: [&str; 10] =
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "QUERY"];
    value.ty == Type::String
        && is_method(value.inner())
        && VERBS.iter().any(|verb| value.inner().eq_ignore_ascii_case(verb))
}

/// Headers as a map, as a list of pairs, or as lines; a name such as `size` or `encoding` alone does not say so.
fn is_headers(child: &Field<'_>) -> bool {
    if !mentions(child.key, "header") && !mentions(child.key, "baslik") {
        return false;
    }
    let mut like = false;
    match child.value.ty {
        Type::String => like = child.value.inner().contains(": "),
        Type::Object => child.value.members(|name, _| {
            // A request line beside the headers.
            like = is_header_name(name) || name == "headers";
            !like
        }),
        Type::Array => child.value.elements(|header| {
            like = match header.ty {
                Type::String => header.inner().contains(':') || is_header_name(header.inner()),
                _ => pair(header).is_some(),
            };
            false
        }),
        _ => {}
    }
    like
}

fn is_header_name(name: &str) -> bool {
    const SHORT: [&str; 12] = [
        "accept",
        "age",
        "allow",
        "authorization",
        "connection",
        "cookie",
        "date",
        "etag",
        "host",
        "location",
        "server",
        "vary",
    ];
    name.contains('-') || SHORT.iter().any(|header| name.eq_ignore_ascii_case(header))
}
