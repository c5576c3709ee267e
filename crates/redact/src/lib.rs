//! Masks secrets and personal data in texts of logs, in place.
//!
//! A [`Redactor`] knows what is masked ([`Level`]) and the [`Key`] of pseudonyms. A [`Scope`] is one exchange:
//! it [learns](Scope::learn) from the request and the answer which values are secret, and then
//! [masks](Scope::text) them in all texts of the exchange, also where no name or pattern would give them away.
//! What comes out is a [`Redacted`]; nothing else makes one from a text of a log, so a writer that accepts
//! only this type cannot forget. ([`Redacted::of_report`] takes a text that was redacted before.) [`Counts`] say how often each [`Rule`] was applied, never to what.
//!
//! Spans of the raw text are replaced. JSON stays JSON, XML stays XML, a URL stays a URL, and a second pass
//! changes nothing. Secrets become `[redacted]` (`redacted` in a URL). Personal data become pseudonyms such as
//! `email_k7f3m2aqzx5c`: equal values, equal pseudonyms under one key, so that counts and joins survive.
//!
//! ```
//! use redact::{Key, Level, Redactor};
//!
//! let redactor = Redactor::new(Level::Secrets, &Key::new([7; 32]));
//! let mut scope = redactor.scope();
//! let request = r#"{"username":"erp","password":"Kara-Kutu-9","sku":"A-1"}"#;
//! scope.learn(request);
//! assert_eq!(
//!     scope.text("request_body", request).as_str(),
//!     r#"{"username":"erp","password":"[redacted]","sku":"A-1"}"#,
//! );
//! assert_eq!(scope.text("message", "no login with Kara-Kutu-9").as_str(), "no login with [redacted]");
//! ```
//!
//! It does not know files, tables or columns, and reads no clock: equal texts under an equal key give equal
//! results.

mod encoding;
mod mask;
mod names;
mod pattern;
mod rule;
mod scan;
mod scope;

pub use mask::{Key, is_masked};
pub use rule::{Level, Rule};
pub use scope::{Counts, MaskedValues, Redacted, Redactor, Scope};
