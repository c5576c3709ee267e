//! Listing pages: what `GET /logs` and the flow and project lists say about runs, steps and rows.
//!
//! A dump keeps saved pages beside its downloads. [`parse`] recognises a page and reads it,
//! [`Listing`] merges all pages of a dump: one [`Log`] per id, one [`Run`] per execution.
//!
//! ```
//! let page = r#"{"count": 1, "limit": 25, "page": 1, "previous": "", "next": "", "results": [
//!     {"id": 7, "log_type": 1, "process_group_id": "f-1", "process_group_name": "price",
//!      "original_filename_uuid": "run-1", "filename_uuid": "run-1", "state": 1, "status": 1,
//!      "created": "1687519997186", "finished": null, "sub_flows": [
//!         {"id": 8, "log_type": 2, "process_group_id": "login", "parent_process_group_id": "f-1",
//!          "original_filename_uuid": "run-1", "filename_uuid": "step-1", "state": 3, "status": 2}]}]}"#;
//! let mut listing = model::listing::Listing::default();
//! listing.add(model::listing::parse(page).expect("this is a page"), 0);
//! listing.finish();
//!
//! let step = listing.by_id("8").expect("nested logs are logs too");
//! assert_eq!((step.flow.as_deref(), step.step.as_deref()), (Some("price"), Some("login")));
//! // The main log was saved while it ran, but all its steps have finished.
//! let run = listing.run("run-1").expect("both logs name their run");
//! assert_eq!(run.status, Some(model::listing::Status::Success));
//! ```
//!
//! The API documents neither line logs (type 3) nor most of the types of its fields, so reading is kind:
//! ids, numbers, flags and times are accepted as text or number, and what cannot be understood is kept
//! in [`LogEntry::extra`]. Counters do not add up and steps carry end times written in a batch; nothing
//! here tries to mend them.

mod fields;
mod flows;
mod merged;
mod names;
mod page;
#[cfg(test)]
mod tests;
mod words;

pub use flows::{Flow, Project};
pub use merged::{Listing, Log, Run, by_id};
pub use names::{numbers_in, only_number_in, uuids_in};
pub use page::{Page, may_be_listing, may_begin_listing, parse, record};

use crate::time::Timestamp;

/// One record of a listing page, as it stood when the page was saved.
///
/// Fields that are absent, null, empty text or not understood are `None`; the last kind is kept in
/// [`extra`](Self::extra).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogEntry {
    /// Id of the log, as written; never empty.
    pub id: String,
    /// Main, sub or line log.
    pub log_type: Option<LogType>,
    /// Of a main log the flow's id, of the others the slug of the step.
    pub process_group_id: Option<String>,
    /// Of a main log the flow's name, of the others the title of the step.
    pub process_group_name: Option<String>,
    /// Of a step the flow's id; absent in main logs.
    pub parent_process_group_id: Option<String>,
    /// Id of the execution: the same in a main log, its steps and its lines.
    pub original_filename_uuid: Option<String>,
    /// Of a main log the execution id too, of the others an id of their own.
    pub filename_uuid: Option<String>,
    /// How far it is.
    pub state: Option<State>,
    /// How it went.
    pub status: Option<Status>,
    /// When it began.
    pub created: Option<Timestamp>,
    /// When it ended; for steps this is written late and only an upper bound.
    pub finished: Option<Timestamp>,
    /// Rows processed, as the platform counts them.
    pub process_count: Option<i64>,
    /// Rows that succeeded, as the platform counts them.
    pub success_count: Option<i64>,
    /// Rows that failed, as the platform counts them.
    pub fail_count: Option<i64>,
    /// Undocumented; presumably the number of pieces the engine split the data into.
    pub fragment_count: Option<i64>,
    /// Undocumented; of line logs presumably the row.
    pub row_num: Option<i64>,
    /// Place of the step in its flow, from 1; gaps are normal.
    pub flow_order: Option<i64>,
    /// Whether the flow pulls on a schedule rather than being posted to.
    pub in_bound: Option<bool>,
    /// Undocumented.
    pub schedule: Option<String>,
    /// Whether a person started it.
    pub is_triggered: Option<bool>,
    /// Who started it: an e-mail address (personal data) or `System`; blanks and line ends cut off.
    pub triggered_by: Option<String>,
    /// Whether the payload was stored, so that the log can presumably be downloaded (`is_send_S3`).
    pub is_send_s3: Option<bool>,
    /// Id of the log that nests this one under `sub_flows`; absent when it stands on its own.
    pub parent_id: Option<String>,
    /// JSON object of the fields that nothing above carries, sorted by name, each value as it was written.
    pub extra: Option<String>,
}

/// How old a snapshot of a log is, by the fields that only grow while a log runs: of two snapshots of one log the
/// newer one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotAge {
    state: Option<State>,
    finished: Option<Timestamp>,
    /// Processed, succeeded, failed.
    counts: [Option<i64>; 3],
    status: Option<Status>,
}

impl LogEntry {
    /// How old this snapshot is.
    pub fn age(&self) -> SnapshotAge {
        SnapshotAge {
            state: self.state,
            finished: self.finished,
            counts: [self.process_count, self.success_count, self.fail_count],
            status: self.status,
        }
    }

    /// The id of the flow that it names: of a main log its process group, of the others the one around it.
    pub fn flow_id(&self) -> Option<&str> {
        match self.kind() {
            Some(LogType::Main) => self.process_group_id.as_deref(),
            _ => self.parent_process_group_id.as_deref(),
        }
    }

    /// Its type; when the record does not name it, by its ids.
    pub fn kind(&self) -> Option<LogType> {
        self.log_type.or_else(|| {
            let own = self.filename_uuid.as_deref()?;
            if self.parent_id.is_some() || self.parent_process_group_id.is_some() {
                Some(LogType::Sub)
            } else {
                (self.original_filename_uuid.as_deref() == Some(own)).then_some(LogType::Main)
            }
        })
    }
}

/// What a log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogType {
    /// One execution of a flow (1).
    Main,
    /// One step of an execution (2).
    Sub,
    /// One row of a step (3).
    Line,
}

impl LogType {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sub => "sub",
            Self::Line => "line",
        }
    }
}

/// How far a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Started (1).
    Start,
    /// Running (2).
    InProgress,
    /// Over (3).
    Finished,
}

impl State {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::InProgress => "in_progress",
            Self::Finished => "finished",
        }
    }
}

/// How a log went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Not known yet (1).
    InProgress,
    /// Went well (2).
    Success,
    /// Failed (3).
    Failed,
    /// Had nothing to do (4).
    Empty,
}

impl Status {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Empty => "empty",
        }
    }
}
