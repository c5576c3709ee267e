//! The numbers of a report: `summary.json`.

use std::collections::BTreeMap;
use std::time::Duration;

use archive::ProblemKind;
use serde::Serialize;

use crate::aggregate::Aggregates;
use crate::members::Members;
use crate::outcome::{FileOutcome, FileFacts};

/// Version of the tables and of this summary; raised when a named column changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// What is counted while the work runs.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    files: BTreeMap<FileOutcome, u64>,
    members: Members,
    problems: BTreeMap<&'static str, u64>,
    read: u64,
    decoded: u64,
    /// Exchanges: success, failed, unknown.
    pub exchanges: [u64; 3],
    /// Rows of `errors`.
    pub errors: u64,
}

impl Counts {
    /// Counts a file.
    pub fn file(&mut self, file: &FileFacts) {
        *self.files.entry(file.outcome).or_default() += 1;
        self.members.merge(&file.members);
        self.read += file.bytes;
        self.decoded += file.decoded_bytes;
    }

    /// Counts a problem.
    pub(crate) fn problem(&mut self, kind: ProblemKind) {
        *self.problems.entry(kind.name()).or_default() += 1;
    }
}

/// `summary.json`. Totals reconcile: each is the sum of its parts and the row count of its table.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// See [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Files: total, and one count per outcome.
    pub files: BTreeMap<&'static str, u64>,
    /// Members of archives: total, one count per outcome of a file, and `archive` for those that are
    /// archives themselves.
    pub members: BTreeMap<&'static str, u64>,
    /// Problems: total, and one count per kind.
    pub problems: BTreeMap<&'static str, u64>,
    /// Bytes on disk and bytes of text in them.
    pub bytes: Bytes,
    /// Exchanges by outcome.
    pub exchanges: Exchanges,
    /// Errors and their groups.
    pub errors: Errors,
    /// Business keys.
    pub keys: Keys,
    /// Runs, by listing or download.
    pub runs: u64,
    /// Wall time of the job, in milliseconds.
    pub elapsed_ms: u64,
    /// Version of the program.
    pub version: &'static str,
    /// Digest of the user's own rules for groups; `None` when there are none.
    pub user_rules: Option<String>,
    /// Version of the rules that make groups: fingerprints of one version, and of equal rules of the
    /// user, only can be compared.
    pub rules_version: u32,
}

/// Bytes on disk and bytes of text in them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bytes {
    /// Of all input files.
    pub read: u64,
    /// After unpacking.
    pub decoded: u64,
}

/// Exchanges by outcome.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Exchanges {
    /// All of them.
    pub total: u64,
    /// Something says that they went well.
    pub success: u64,
    /// Something says that they failed.
    pub failed: u64,
    /// Nothing tells.
    pub unknown: u64,
}

/// Errors and their groups.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Errors {
    /// All of them.
    pub total: u64,
    /// Groups of them.
    pub groups: u64,
}

/// Business keys.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Keys {
    /// All of them.
    pub total: u64,
    /// Those whose newest attempt failed.
    pub open: u64,
    /// Those that failed, and whose newest attempt went well.
    pub healed: u64,
}

impl Summary {
    /// The summary of a finished job.
    pub fn new(counts: &Counts, aggregates: &Aggregates, elapsed: Duration) -> Self {
        let mut files: BTreeMap<_, _> = FileOutcome::ALL
            .iter()
            .map(|o| (o.name(), counts.files.get(o).copied().unwrap_or(0)))
            .collect();
        files.insert("total", counts.files.values().sum());
        let mut members: BTreeMap<_, _> = counts.members.parts().collect();
        members.insert("total", counts.members.total());
        let mut problems = counts.problems.clone();
        problems.insert("total", counts.problems.values().sum());
        let [success, failed, unknown] = counts.exchanges;
        Self {
            schema_version: SCHEMA_VERSION,
            files,
            members,
            problems,
            bytes: Bytes { read: counts.read, decoded: counts.decoded },
            exchanges: Exchanges { total: success + failed + unknown, success, failed, unknown },
            errors: Errors { total: counts.errors, groups: aggregates.error_groups.len() as u64 },
            keys: Keys {
                total: aggregates.keys.len() as u64,
                open: aggregates.open_keys,
                healed: aggregates.healed_keys,
            },
            runs: aggregates.runs.len() as u64,
            elapsed_ms: elapsed.as_millis() as u64,
            version: env!("CARGO_PKG_VERSION"),
            user_rules: None,
            rules_version: grouping::RULES_VERSION,
        }
    }

    /// As `summary.json` holds it.
    pub fn to_json(&self) -> String {
        // Plain numbers and names always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
