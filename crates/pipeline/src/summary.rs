//! The numbers of a report: `summary.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tables::cell::Micros;
use tables::{ReadError, Stored};

use crate::aggregate::SmallTables;
use crate::members::MemberCounts;
use crate::outcome::{FileFacts, FileOutcome};

/// Counts of a job while it runs.
#[derive(Debug, Clone, Default)]
pub struct JobCounts {
    files: BTreeMap<FileOutcome, u64>,
    members: MemberCounts,
    problems: BTreeMap<&'static str, u64>,
    read: u64,
    decoded: u64,
    /// Exchanges by outcome: success, failed, unknown.
    pub exchanges: [u64; 3],
    /// Rows of `errors`.
    pub errors: u64,
}

impl JobCounts {
    /// Counts a file.
    pub fn file(&mut self, file: &FileFacts) {
        *self.files.entry(file.outcome).or_default() += 1;
        self.members.merge(&file.members);
        self.read += file.bytes;
        self.decoded += file.decoded_bytes;
    }

    /// Counts a problem.
    pub(crate) fn problem(&mut self, kind: &'static str) {
        *self.problems.entry(kind).or_default() += 1;
    }
}

/// `summary.json`. Totals reconcile: each is the sum of its parts and the row count of its table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// See [`tables::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Files: total, and one count per outcome.
    pub files: BTreeMap<String, u64>,
    /// Members of archives: total, one count per outcome of a file, and `archive` for those that are
    /// archives themselves.
    pub members: BTreeMap<String, u64>,
    /// Problems: total, and one count per kind.
    pub problems: BTreeMap<String, u64>,
    /// Bytes on disk, and bytes of text in them.
    pub bytes: ByteTotals,
    /// Exchanges by outcome.
    pub exchanges: ExchangeTotals,
    /// Rows of requests: each row of a bulk request counts, an ordinary request is one row.
    pub rows: RowTotals,
    /// Errors and their groups.
    pub errors: ErrorTotals,
    /// Business keys.
    pub keys: KeyTotals,
    /// Runs, by listing or download.
    pub runs: u64,
    /// When the exchanges began; `None` when none has a time.
    pub period: Option<Period>,
    /// Version of the program.
    pub version: String,
    /// Digest of the user's own rules for groups; `None` when there are none.
    pub user_rules: Option<String>,
    /// What is masked in it: `none`, `secrets` or `personal`. Reports of earlier programs, which mask nothing, do not say.
    #[serde(default = "nothing")]
    pub redaction: String,
    /// Version of the rules that make groups. Fingerprints can be compared only when this version and the rules of the
    /// user are equal.
    pub rules_version: u32,
}

fn nothing() -> String {
    "none".to_owned()
}

/// Bytes on disk, and bytes of text in them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ByteTotals {
    /// Of all input files.
    pub read: u64,
    /// After unpacking.
    pub decoded: u64,
}

/// Exchanges by outcome.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ExchangeTotals {
    /// All of them.
    pub total: u64,
    /// Those that succeeded.
    pub success: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those with an unknown outcome.
    pub unknown: u64,
}

/// Rows of requests.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RowTotals {
    /// All of them.
    pub total: u64,
    /// Those that failed.
    pub failed: u64,
}

/// Errors and their groups.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ErrorTotals {
    /// All of them.
    pub total: u64,
    /// Groups of them.
    pub groups: u64,
}

/// Business keys.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct KeyTotals {
    /// All of them.
    pub total: u64,
    /// Those whose newest attempt failed.
    pub open: u64,
    /// Those that failed, and whose newest attempt succeeded.
    pub resolved: u64,
}

/// Start of the first and of the last exchange that has a time, as RFC 3339.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Period {
    /// Of the first.
    pub from: String,
    /// Of the last.
    pub to: String,
}

impl Summary {
    /// The summary of a finished job.
    pub fn new(
        counts: &JobCounts,
        small: &SmallTables<'_>,
        period: Option<(Micros, Micros)>,
    ) -> Self {
        let mut files: BTreeMap<_, _> = FileOutcome::ALL
            .iter()
            .map(|o| (o.name().to_owned(), counts.files.get(o).copied().unwrap_or(0)))
            .collect();
        files.insert("total".to_owned(), counts.files.values().sum());
        let owned = |(name, count): (&str, u64)| (name.to_owned(), count);
        let mut members: BTreeMap<_, _> = counts.members.parts().map(owned).collect();
        members.insert("total".to_owned(), counts.members.total());
        let problems = counts.problems.iter().map(|(name, count)| (*name, *count));
        let mut problems: BTreeMap<_, _> = problems.map(owned).collect();
        problems.insert("total".to_owned(), counts.problems.values().sum());
        let [success, failed, unknown] = counts.exchanges;
        Self {
            schema_version: tables::SCHEMA_VERSION,
            files,
            members,
            problems,
            bytes: ByteTotals { read: counts.read, decoded: counts.decoded },
            exchanges: ExchangeTotals {
                total: success + failed + unknown,
                success,
                failed,
                unknown,
            },
            errors: ErrorTotals { total: counts.errors, groups: small.error_groups.len() as u64 },
            keys: KeyTotals {
                total: small.keys.len() as u64,
                open: small.keys.iter().filter(|key| key.open).count() as u64,
                // It failed and is not open: the newest attempt with a known outcome succeeded.
                resolved: small.keys.iter().filter(|key| !key.open && key.failures > 0).count()
                    as u64,
            },
            rows: RowTotals {
                total: small.endpoints.iter().map(|row| row.rows.unsigned_abs()).sum(),
                failed: small.endpoints.iter().map(|row| row.rows_failed.unsigned_abs()).sum(),
            },
            runs: small.runs.len() as u64,
            period: period
                .map(|(from, to)| Period { from: tables::rfc3339(from), to: tables::rfc3339(to) }),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            user_rules: None,
            redaction: nothing(),
            rules_version: grouping::RULES_VERSION,
        }
    }

    /// The summary of a finished report.
    ///
    /// # Errors
    /// When it is not that of a report of this version.
    pub fn of_report(report: &Stored) -> Result<Self, ReadError> {
        report.summary()
    }

    /// As `summary.json` holds it.
    pub fn to_json(&self) -> String {
        // Plain numbers and names always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
