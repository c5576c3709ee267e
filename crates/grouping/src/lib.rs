//! Groups error texts by cause.
//!
//! Ten thousand failed rows are usually a dozen causes, each written with other SKUs, ids, numbers
//! and times. This crate takes the texts and gives groups, each with a template, a count and a
//! fingerprint that stays the same next week.
//!
//! Two phases. While reading, each text becomes a *masked message* (variables masked in one scan) that
//! is hashed and counted; counts of several threads merge. At the end the few distinct masked messages
//! are mined into *templates*, in sorted order on one thread. Errors with equal code, field path and
//! template are one group; those that only say that a value is missing are one group whatever the
//! field. [`Rules`] of the user are applied to what was mined. Two tables give the class of an error
//! ([`classify`]) and the side on which it arose ([`side()`]).
//!
//! ```
//! use grouping::{ErrorRef, MaskedMessages};
//!
//! let mut messages = MaskedMessages::default();
//! for message in ["SKU-000123 kodlu ürün bulunamadı.", "1KD00012-BLK kodlu ürün bulunamadı."] {
//!     messages.add(ErrorRef { message, ..ErrorRef::default() });
//! }
//! let groups = messages.finish();
//! let only = groups.iter().next().expect("two texts were added");
//! assert_eq!((only.template.as_str(), only.count), ("<*> kodlu ürün bulunamadı.", 2));
//! ```
//!
//! It does not know exchanges, files or tables, needs no configuration, and does not translate:
//! the Turkish and the English text of one cause are two groups.

mod bytes;
mod class;
mod class_words;
mod code;
mod column;
mod date;
mod group;
mod mask;
mod masked;
mod mine;
mod missing;
mod number;
mod quote;
mod rules;
mod side;
mod token;
mod trace;
mod value;
mod words;

pub use class::{Class, classify, retryable};
pub use group::{Group, Groups, RULES_VERSION};
pub use masked::{ErrorRef, MaskedMessages, MessageId, PART};
pub use rules::{GroupRule, Pattern, PatternError, Rules, SplitRule};
pub use side::{Circumstances, Side, side};
