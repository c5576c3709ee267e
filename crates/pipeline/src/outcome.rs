//! The outcome of a file, and the facts for its row in the table `files`.

use archive::Digest;
use redact::Counts;

use crate::link::LinkedBy;
use crate::members::MemberCounts;
use crate::problem::{FileProblem, LogFault};

/// The outcome of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileOutcome {
    /// All of it could be read, and it holds exchanges. Members of an archive that are no logs do not change that.
    Decoded,
    /// Some of it could be read: the rest is lost, or is a saved error answer in place of a log.
    Partial,
    /// A page of `GET /logs`, or of flows or projects.
    Listing,
    /// Nothing in it.
    Empty,
    /// The same bytes as an earlier file, or the same logs in another wrap.
    Duplicate,
    /// Nothing could be read.
    Rejected,
    /// A saved HTTP error instead of a log.
    ErrorPage,
}

impl FileOutcome {
    /// All of them, in the order of the contract.
    pub const ALL: [Self; 7] = [
        Self::Decoded,
        Self::Partial,
        Self::Listing,
        Self::Empty,
        Self::Duplicate,
        Self::Rejected,
        Self::ErrorPage,
    ];

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decoded => "decoded",
            Self::Partial => "partial",
            Self::Listing => "listing",
            Self::Empty => "empty",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::ErrorPage => "error_page",
        }
    }
}

/// What is known of a file after it was read.
#[derive(Debug, Clone)]
pub struct FileFacts {
    /// Its outcome.
    pub outcome: FileOutcome,
    /// Its size in bytes when it was read.
    pub bytes: u64,
    /// The digest of these bytes; `None` when it could not be read.
    pub digest: Option<Digest>,
    /// It was read, and has the same bytes as in the survey.
    pub same: bool,
    /// Layers, outermost first, the kind of text last: `base64>zip>json`.
    pub layers: String,
    /// Members of its archives, by outcome.
    pub members: MemberCounts,
    /// The files that hold the same logs as leaves of this one, which were not read again; each once.
    pub copied: Vec<u32>,
    /// JSON documents in it.
    pub documents: u32,
    /// Exchanges in it.
    pub exchanges: u32,
    /// Bytes of text in it.
    pub decoded_bytes: u64,
    /// What could not be read as it should, in order.
    pub problems: Vec<FileProblem>,
    /// The log it belongs to.
    pub log_id: Option<String>,
    /// The run it belongs to.
    pub run_id: Option<String>,
    /// How that was found.
    pub linked_by: Option<LinkedBy>,
    /// What was masked in its exchanges and errors.
    pub masked: Counts,
    /// When it was last changed, microseconds since 1970-01-01 UTC; `None` when that is not known.
    pub modified: Option<i64>,
    /// Counts by which its outcome is decided.
    pub(crate) signs: OutcomeSigns,
}

/// What decides the outcome of a file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OutcomeSigns {
    /// Some of its text could not be read.
    pub(crate) lossy: bool,
    /// Listing pages.
    pub(crate) pages: u32,
    /// Saved error answers.
    pub(crate) error_pages: u32,
    /// Texts and documents that are no logs.
    pub(crate) others: u32,
}

impl OutcomeSigns {
    /// The outcome of a file with so many exchanges and copies of logs.
    pub(crate) fn outcome(self, exchanges: u32, copies: u32) -> FileOutcome {
        // An odd encoding and JSON that was repaired lose no text, and a member that is no log loses no log. But a saved
        // error answer is there in place of a log.
        let lost = self.lossy || self.error_pages > 0;
        if exchanges > 0 || self.pages > 0 {
            match (lost, exchanges) {
                (true, _) => FileOutcome::Partial,
                (false, 0) => FileOutcome::Listing,
                (false, _) => FileOutcome::Decoded,
            }
        } else if self.error_pages > 0 {
            FileOutcome::ErrorPage
        } else if copies > 0 {
            FileOutcome::Duplicate
        } else if lost || self.others > 0 {
            FileOutcome::Rejected
        } else {
            FileOutcome::Empty
        }
    }
}

impl FileFacts {
    /// A file that was not decoded.
    pub(crate) fn bare(
        outcome: FileOutcome,
        bytes: u64,
        digest: Option<Digest>,
        problems: Vec<FileProblem>,
    ) -> Self {
        Self {
            outcome,
            bytes,
            digest,
            same: false,
            layers: String::new(),
            members: MemberCounts::default(),
            copied: Vec::new(),
            documents: 0,
            exchanges: 0,
            decoded_bytes: 0,
            problems,
            log_id: None,
            run_id: None,
            linked_by: None,
            masked: Counts::default(),
            modified: None,
            signs: OutcomeSigns::default(),
        }
    }

    /// A file with the same bytes as an earlier one.
    pub fn copy(bytes: u64, digest: Option<Digest>) -> Self {
        Self::bare(FileOutcome::Duplicate, bytes, digest, Vec::new())
    }

    /// A copy that was left out, although no file with its bytes was read.
    pub(crate) fn lost_copy(bytes: u64, digest: Option<Digest>, of: &str) -> Self {
        let fault =
            format!("left out as a copy of {of}, which changed before it was read; read it alone");
        let problem = FileProblem::new(None, 0, LogFault::Changed, &fault);
        Self::bare(FileOutcome::Rejected, bytes, digest, vec![problem])
    }

    /// Adds the problem that logs of it were left out as copies of a file that changed later.
    pub(crate) fn lost_logs(&mut self, of: &str) {
        let fault = format!(
            "logs left out as copies of {of}, which changed before it was read; read it alone"
        );
        self.problems.insert(0, FileProblem::new(None, 0, LogFault::Changed, &fault));
        self.outcome = match self.outcome {
            FileOutcome::Decoded => FileOutcome::Partial,
            FileOutcome::Duplicate => FileOutcome::Rejected,
            other => other,
        };
    }

    /// Adds the problem that the file had `before` other bytes in the survey. It may have been read while it was written.
    pub(crate) fn changed(&mut self, before: u64) {
        let fault = format!(
            "changed while the report was made: {before} bytes at first, {} when it was read",
            self.bytes
        );
        let problem = FileProblem::new(None, 0, LogFault::Changed, &fault);
        self.problems.insert(0, problem);
        self.outcome = match self.outcome {
            FileOutcome::Decoded | FileOutcome::Listing => FileOutcome::Partial,
            FileOutcome::Empty => FileOutcome::Rejected,
            other => other,
        };
    }
}
