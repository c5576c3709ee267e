//! Questions to a finished report: which keys to send again, what is behind an error group, what has changed since
//! another report.
//!
//! Everything here reads the Parquet tables of a [`Stored`](tables::Stored) report, by row group and column. Rows
//! that are asked for come as a [`Batch`](tables::Batch) of their table; the command line shows them.

mod align;
mod diff;
mod explain;
mod grammar;
mod groups;
mod json;
mod key_cursor;
mod keys;
mod nearest;
mod payloads;
#[cfg(test)]
mod tests;

pub use diff::{
    ChangeKind, Coverage, GroupChange, KeyChange, KeyChanges, ReportDiff, Thresholds, Warning, diff,
};
pub use explain::{Explained, ExplainedError, PeriodCount, ValueCount, Values, explain};
pub use groups::{FindError, find_group, groups};
pub use keys::{KeyFilter, KeyState, keys};
pub use payloads::{PayloadCounts, PayloadError, write_payloads};
