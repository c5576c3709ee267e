//! Questions to a finished report: which keys to send again, why the errors of a group belong
//! together, what has changed since another report.
//!
//! Everything here reads the Parquet tables of a [`Stored`](tables::Stored) report, by row
//! group and column, and gives plain data; showing it is the matter of the command line.

mod align;
mod diff;
mod explain;
mod groups;
mod key_cursor;
mod keys;
mod payloads;
mod times;

pub use diff::{Change, Diff, GroupChange, Guards, KeyChange, KeyChanges, Warning, Window, diff};
pub use explain::{Explained, Period, Sample, ValueCount, Values, explain};
pub use groups::{FindError, GroupRow, find_group, groups};
pub use keys::{KeyState, StoredKey, Wanted, key_batch, keys};
pub use payloads::{Payload, PayloadError, Payloads, Without, write_payloads};
