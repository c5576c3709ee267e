//! Error texts in bodies that are not JSON: XML, SOAP, HTML, stack traces, forms, plain text.
//!
//! [`kind`] says by the first bytes what a text is, [`read`] gives what a person would read as the
//! error. Two more readers, [`python_to_json`] and [`loose_to_json`], turn texts that only look like
//! JSON into JSON, so that the same rules as for JSON bodies apply to them.
//!
//! ```
//! use model::fault;
//!
//! let body = "<html><head><title>502 Bad Gateway</title></head></html>";
//! let mut scratch = String::new();
//! let mut seen = Vec::new();
//! let error = fault::read(body, &mut scratch, &mut |found| seen.push(found.message.to_owned()));
//! assert!(error);
//! assert_eq!(seen, ["502 Bad Gateway"]);
//! ```
//!
//! Every reader is total (any text is answered, cut ones with what they still hold), takes time in
//! proportion to the text and never resolves an entity that the text itself declares.

mod edi;
mod hits;
mod html;
mod inner;
mod keys;
mod literal;
mod loose;
mod markup;
mod names;
mod plain;
mod python;
#[cfg(test)]
mod tests;
mod trace;
mod xml;
mod xmlrpc;

use self::hits::Hits;
use crate::exchange::{BodyKind, KeyKind};

pub use self::loose::loose_to_json;
pub use self::python::python_to_json;

/// Longest code, field or message handed out, in bytes; longer ones are cut at a character boundary.
pub const TEXT_MAX: usize = 4096;

/// How often a text inside a text is looked into (a SOAP answer in a CDATA section of another one).
const LEVELS: u8 = 3;

/// One error text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundError<'a> {
    /// Error code, fault code, exception class or Akinon's reason type (`mapping`, `remote`,
    /// `channel_app`), as written; `None` when the text names none.
    pub code: Option<&'a str>,
    /// The field that the error is about, as written; `None` when the text names none.
    pub field: Option<&'a str>,
    /// The text itself: markup taken off, entities decoded, runs of blanks made one, never empty.
    ///
    /// For an exception of Python or JavaScript it starts with the type (`KeyError: 'price'`), as the
    /// one-line form in logs does; for Java and .NET the class stands in `code` only.
    pub message: &'a str,
    /// It is the text of an exception or comes from a stack trace.
    pub exception: bool,
    /// The business key of the row that it is about, where the text names one beside it.
    pub key: Option<(KeyKind, &'a str)>,
}

/// What a text is; blanks and a byte order mark in front are passed over.
///
/// Looks at the first bytes only, except for a form, which is checked to its end.
pub fn kind(text: &str) -> BodyKind {
    let text = trimmed(text);
    match text.as_bytes().first() {
        None => BodyKind::Empty,
        Some(b'{' | b'[') => BodyKind::Json,
        Some(b'<') => markup::kind(text),
        Some(_) if plain::is_form(text) => BodyKind::Form,
        Some(_) => BodyKind::Text,
    }
}

/// Calls `found` for each error text in a body that is not JSON, in the order they stand.
///
/// True when the text itself says that it is an error: a SOAP fault, an error page, a stack trace,
/// an `<error>` element, `<success>false</success>`, a line that begins like an error. False when it
/// is only text or a page; its headline is then handed out all the same, because with a status of
/// 400 or above it is what a person would read. XML without an error gives nothing and false.
/// A bare flag (`<success>false</success>` without any text) gives nothing and true.
///
/// `scratch` holds decoded texts during the call; what is in it before and after means nothing.
pub fn read(text: &str, scratch: &mut String, found: &mut dyn FnMut(FoundError<'_>)) -> bool {
    let mut hits = Hits::new(scratch);
    let error = read_any(text, LEVELS, &mut hits);
    hits.hand_out(found);
    error
}

/// Reads a text of any kind into `hits`; `levels` more texts inside it are looked into.
fn read_any(text: &str, levels: u8, hits: &mut Hits<'_>) -> bool {
    match kind(text) {
        BodyKind::Empty => false,
        BodyKind::Xml => xml::read(text, levels, hits),
        BodyKind::Html => html::read(text, hits),
        BodyKind::Form => plain::read_form(trimmed(text), hits),
        BodyKind::Json | BodyKind::Text => plain::read(trimmed(text), levels, hits),
    }
}

/// The text without blanks and byte order marks around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}
