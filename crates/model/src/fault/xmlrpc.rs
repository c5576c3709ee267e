//! Faults of XML-RPC, whose names and values stand in elements beside each other.

use memchr::memmem;

use super::hits::{Draft, Hits};
use super::markup::{self, Token, Tokens};

/// A fault of XML-RPC, raw.
#[derive(Debug, Default)]
pub(super) struct RpcFault<'t> {
    code: Option<&'t str>,
    text: Option<&'t str>,
}

/// The fault in an answer of XML-RPC; `None` when there is none.
///
/// ```text
/// <methodResponse><fault><value><struct>
///   <member><name>faultCode</name><value><int>4</int></value></member>
///   <member><name>faultString</name><value><string>Too many parameters.</string></value></member>
/// ```
pub(super) fn fault(text: &str) -> Option<RpcFault<'_>> {
    let head = &text[..text.floor_char_boundary(512)];
    memmem::find(head.as_bytes(), b"<methodResponse")?;
    let from = memmem::find(text.as_bytes(), b"<fault")?;
    let mut fault = RpcFault::default();
    let (mut name, mut in_name) = ("", false);
    for token in Tokens::new(&text[from..]) {
        match token {
            Token::Start { name: tag, .. } => in_name = tag == "name",
            Token::End { .. } => in_name = false,
            Token::Text(text) | Token::Cdata(text) if !text.trim().is_empty() => {
                if in_name {
                    name = text.trim();
                } else if name.eq_ignore_ascii_case("faultCode") {
                    fault.code = fault.code.or(Some(text));
                } else if name.eq_ignore_ascii_case("faultString") {
                    fault.text = fault.text.or(Some(text));
                }
            }
            _ => {}
        }
    }
    (fault.text.is_some() || fault.code.is_some()).then_some(fault)
}

impl RpcFault<'_> {
    /// Adds the fault; its code is the text where it has none.
    pub(super) fn add(&self, hits: &mut Hits<'_>) {
        let mut text = String::new();
        markup::text_of(self.text.or(self.code).unwrap_or_default(), false, &mut text);
        hits.add(&Draft { code: self.code, message: &text, ..Draft::default() });
    }
}
