//! The schema of Integrator logs: listing pages to logs, documents of any shape to exchanges.
//!
//! Two kinds of text come in. A *listing page* (`GET /logs`) is documented and read by
//! [`listing::parse`]. The *document* of a download has no public schema, so
//! [`Extractor`](extract::Extractor) finds out what each field means: by its name (one table of
//! spellings, [`roles`]), by where it stands, and by what it holds.
//!
//! ```text
//!   text ─► json::Cursor ─► record: fields ─► slots: role to field ─► build: bodies, key, rows ─► evidence: errors, verdict ─► Exchange
//!             extract walks the document ┘                              └─ facts, key, body         └─ failure, bulk, fault
//! ```
//!
//! ```
//! use model::extract::Extractor;
//!
//! let text = r#"{"records": [{"stokKodu": "A-1", "durumKodu": 400, "yanit": {"price": ["Too low: 0"]}}]}"#;
//! let mut seen = Vec::new();
//! let found = Extractor::default().extract(text, true, &mut |exchange| {
//!     let error = exchange.errors[0];
//!     seen.push((exchange.status, exchange.key.map(|key| key.value.to_owned()), error.message.to_owned()));
//! });
//! assert_eq!(found.exchanges, 1);
//! assert_eq!(seen, [(Some(400), Some("A-1".to_owned()), "Too low: 0".to_owned())]);
//! ```
//!
//! Everything is a pure function over `&str`; values borrow from the document. What the bodies of a dump say is
//! remembered when they repeat (`memo`), which changes no result. The crate does not know files, archives or
//! tables, and a number in a body is never converted.

pub mod exchange;
pub mod extract;
pub mod listing;

pub mod body;
pub mod endpoint;
pub mod fault;
pub mod given;
pub mod how;
pub mod json;
mod json_text;
pub mod mend;
pub mod roles;
pub mod time;

mod address;
mod answer;
mod build;
mod bulk;
mod duration;
mod envelope;
mod evidence;
mod extra;
mod facts;
mod failure;
mod key;
mod members;
mod memo;
mod payload;
mod raw_request;
mod reason;
mod record;
mod repair;
mod scalar;
mod slots;
mod verdict;
