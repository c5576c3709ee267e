//! Questions to a finished report: which keys to send again, what is behind an error group, what has changed since
//! another report.
//!
//! Everything here reads the Parquet tables of a [`Stored`](tables::Stored) report, by row group and column. Rows
//! that are asked for come as a [`Batch`](tables::Batch) of their table; the command line shows them.

mod align;
mod diff;
mod differs;
mod explain;
mod groups;
mod json;
mod key_cursor;
mod keys;
mod payloads;
mod runs;
#[cfg(test)]
mod tests;
mod trends;

pub use diff::{
    ChangeKind, Coverage, GroupChange, KeyChange, KeyChanges, ReportDiff, Thresholds, Warning, diff,
};
pub use differs::{Difference, DifferenceKind, Differences};
pub use explain::{Explained, ExplainedError, PeriodCount, ValueCount, Values, explain};
pub use groups::{FindError, find_group, groups};
pub use keys::{KeyFilter, KeyState, KeysError, duplicates, keys};
pub use payloads::{PayloadCounts, PayloadError, write_payloads};
pub use runs::{FlowRuns, RunFilter, RunStep, flows, runs, steps};
pub use trends::trends;
