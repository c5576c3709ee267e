//! Questions to a finished report: which keys to send again, which requests match a search, what was sent and answered
//! for a key, what is behind an error group, what has changed since another report.
//!
//! Everything here reads the Parquet tables of a [`Stored`](tables::Stored) report, by row group and column. Rows
//! that are asked for come as a [`Batch`](tables::Batch) of their table; the command line shows them.

mod align;
mod bulk_row;
mod curl;
mod diff;
mod differs;
mod endpoint;
mod explain;
mod failed_in_a_row;
pub mod grammar;
mod groups;
mod har;
mod json;
mod key_cursor;
mod keys;
mod named;
mod nearest;
mod payloads;
mod periods;
mod redacted;
mod requests;
mod runs;
mod scan;
mod schedules;
mod search;
#[cfg(test)]
mod tests;
mod trends;
mod zone;

pub use bulk_row::{BulkRow, answer_of_row, row_of};
pub use curl::{acts, quoted};
pub use diff::{
    BlockKind, ChangeKind, Coverage, GroupChange, KeyChange, KeyChanges, ReportDiff, Thresholds,
    Warning, diff,
};
pub use differs::{Difference, DifferenceKind, Differences};
pub use endpoint::{
    BodyPath, BodySchema, Durations, EndpointDescription, EndpointFlow, EndpointPeriod,
    EndpointTotals, EndpointTurn, FindEndpointError, KindTotals, PathChange, PathEvent, TurnFigure,
    describe_endpoint, endpoint_query, endpoints, find_endpoint,
};
pub use explain::{Explained, ExplainedError, PeriodCount, ValueCount, Values, explain};
pub use groups::{FindError, GroupAlias, find_group, group_aliases, group_title, groups};
pub use har::{CREDENTIALS, ResendRequest};
pub use keys::{KeyFilter, KeyState, KeysError, ListedKeyRow, ListedKeys, duplicates, keys};
pub use named::{Attempts, NameError, NamedTarget, attempts, find_named, newest_of_group};
pub use payloads::{PayloadCounts, PayloadError, write_payloads};
pub use requests::{LoggedRequest, LoggedRequests};
pub use runs::{FlowRuns, RunFilter, RunStep, flows, runs, steps};
pub use schedules::{FlowSchedule, ScheduleHole, schedules};
pub use search::{CountBy, count, count_by, search};
pub use trends::trends;
pub use zone::{Zone, ZoneError};
