//! What a download holds once its shape is understood: request and response, their errors, the
//! business key, times, and the verdict with its evidence.

use crate::time::Timestamp;

/// The words of an enum in reports: `name`, and back by `of_name`.
macro_rules! words {
    ($name:ident: $($variant:ident = $word:literal,)*) => {
        impl $name {
            /// All of them.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$variant),*];

            /// The word used in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The one with this word.
            pub fn of_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.name() == name)
            }
        }
    };
}

/// Bytes of an id, key, name or code, and of a [`pointer`](Exchange::pointer) but for the places at its
/// end: what is longer is cut. Each holds for very many exchanges or errors, and a megabyte repeated
/// would be gigabytes.
pub const NAME_BYTES: usize = 1024;

/// The beginning of a name that has at most [`NAME_BYTES`].
pub fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_BYTES)]
}

/// One request/response pair, or a row that has only one of the two or only an error.
///
/// Everything borrows from the document or from the extractor's buffers and is valid for the call
/// it is handed to. What the document does not say is `None`, never `""` or 0.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exchange<'r> {
    /// JSON Pointer (RFC 6901) of the record in its document; empty for the document itself.
    pub pointer: &'r str,
    /// Id of the log, as the document names it.
    pub log_id: Option<&'r str>,
    /// Execution id of the run (`original_filename_uuid`), as the document names it.
    pub run_id: Option<&'r str>,
    /// The log's own file id (`filename_uuid`); in main logs it is the run's id.
    pub file_uuid: Option<&'r str>,
    /// Flow name or flow id, as the document names it.
    pub flow: Option<&'r str>,
    /// Step slug or title, as the document names it.
    pub step: Option<&'r str>,
    /// Row number as logged.
    pub row_num: Option<i64>,
    /// The business key: from the record, else from the request, else from the response.
    pub key: Option<Key<'r>>,
    /// When the exchange began.
    pub started_at: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<f64>,
    /// HTTP method, as logged.
    pub method: Option<&'r str>,
    /// URL, as logged.
    pub url: Option<&'r str>,
    /// HTTP status, 100 to 599.
    pub status: Option<u16>,
    /// Request body.
    pub request: Option<Body<'r>>,
    /// Response body.
    pub response: Option<Body<'r>>,
    /// The platform cut the response.
    pub response_truncated: bool,
    /// Whether it failed.
    pub outcome: Outcome,
    /// Why it is failed; `None` for the others.
    pub evidence: Option<Evidence>,
    /// Its errors, in the order they stand.
    pub errors: &'r [ErrorText<'r>],
    /// Rows of a bulk request, in request order; empty for an ordinary exchange.
    pub rows: &'r [Row<'r>],
    /// JSON object of the record's fields that no other field here carries.
    pub extra: Option<&'r str>,
}

/// A request or response body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body<'r> {
    /// A string's content, or the JSON text of an object or array as it stands in the document; never empty.
    pub text: &'r str,
    /// XXH3-128 of the text's bytes: equal bodies, equal digests.
    pub digest: u128,
    /// What it is, by content.
    pub kind: BodyKind,
    /// Hash of the kind and the set of paths with their types, values left out.
    pub shape: u64,
}

/// What a body is, by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BodyKind {
    /// A JSON object or array, whole or cut.
    Json,
    /// XML, SOAP included.
    Xml,
    /// An HTML page.
    Html,
    /// `a=1&b=2`.
    Form,
    /// Anything else that can be read.
    Text,
    /// Only blanks.
    Empty,
}

words! { BodyKind:
    Json = "json",
    Xml = "xml",
    Html = "html",
    Form = "form",
    Text = "text",
    Empty = "empty",
}

/// A business key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key<'r> {
    /// What it names.
    pub kind: KeyKind,
    /// Its value, as written: leading zeros stay.
    pub value: &'r str,
}

/// What a business key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyKind {
    /// A sellable product variant.
    Sku,
    /// An order number.
    Order,
    /// A product family.
    BaseCode,
    /// A barcode (GTIN, EAN).
    Barcode,
    /// Any other record id.
    Record,
}

words! { KeyKind:
    Sku = "sku",
    Order = "order",
    BaseCode = "base_code",
    Barcode = "barcode",
    Record = "record",
}

/// One error text of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct ErrorText<'r> {
    /// Error code or exception class, as written.
    pub code: Option<&'r str>,
    /// Path of the field that the error is about, dots between names, array indexes left out.
    pub field: Option<&'r str>,
    /// The text a person would read.
    pub message: &'r str,
    /// Where the text came from.
    pub source: ErrorSource,
    /// In a bulk answer the key of the row that it is about; otherwise `None` (the exchange's key applies).
    pub key: Option<Key<'r>>,
    /// The text ends where the platform cut the response.
    pub cut: bool,
}

/// Where an error text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorSource {
    /// The record's own error fields.
    Errors,
    /// The response body.
    Response,
    /// An exception class or message of the engine, or a stack trace.
    Exception,
    /// Only the status says so.
    Status,
    /// Only a flag says so.
    Flag,
    /// Only the listing says so.
    Listing,
}

words! { ErrorSource:
    Errors = "errors",
    Response = "response",
    Exception = "exception",
    Status = "status",
    Flag = "flag",
    Listing = "listing",
}

/// One row of a bulk request.
#[derive(Debug, Clone, Copy)]
pub struct Row<'r> {
    /// The row's business key.
    pub key: Key<'r>,
    /// The answer refuses this row, or the whole exchange failed without naming rows.
    pub failed: bool,
}

/// Whether an exchange did what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Outcome {
    /// Nothing says that it failed, and something says that it did not.
    Success,
    /// Some evidence says that it failed.
    Failed,
    /// Nothing says either.
    #[default]
    Unknown,
}

words! { Outcome:
    Success = "success",
    Failed = "failed",
    Unknown = "unknown",
}

/// What says that an exchange failed, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// An explicit flag of the record (`is_ok: false`).
    Flag,
    /// Non-empty error fields of the record.
    Errors,
    /// The response body says so.
    Body,
    /// HTTP status 400 or above.
    Status,
    /// An exception class.
    Exception,
    /// The listing marks the log as failed.
    Listing,
}

words! { Evidence:
    Flag = "flag",
    Errors = "errors",
    Body = "body",
    Status = "status",
    Exception = "exception",
    Listing = "listing",
}
