//! Problems of files: those of the decoder, and those of logs.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use archive::{Problem, problem_message};

/// What is wrong with a file, beyond what the decoder can say ([`archive::ProblemKind`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogFault {
    /// The JSON ends inside a value.
    Truncated,
    /// The text is not JSON.
    BadJson,
    /// The text is not strict JSON, and all of it was read.
    RepairedJson,
    /// There is no JSON in the text.
    NoJson,
    /// The JSON nests deeper than the limit.
    TooDeep,
    /// JSON that is no log.
    UnknownShape,
    /// A saved error answer in place of a log.
    HttpError,
    /// A member that is neither text nor an archive.
    NotAnArchive,
    /// The file has more problems than are kept.
    TooManyProblems,
    /// The file changed between the survey and the main pass.
    Changed,
    /// Tables of an earlier report: they repeat what the logs say.
    EarlierReport,
}

impl LogFault {
    /// The word for it in the column `kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::BadJson | Self::NoJson => "bad_json",
            Self::RepairedJson => "repaired_json",
            Self::TooDeep => "too_deep",
            Self::UnknownShape => "unknown_shape",
            Self::HttpError => "http_error",
            Self::NotAnArchive => "not_an_archive",
            Self::TooManyProblems => "too_many_problems",
            Self::Changed => "changed",
            Self::EarlierReport => "earlier_report",
        }
    }

    /// The word for the column `stage`.
    fn stage(self) -> &'static str {
        match self {
            Self::Truncated | Self::BadJson | Self::RepairedJson | Self::TooDeep => "json",
            Self::NoJson | Self::UnknownShape | Self::HttpError | Self::TooManyProblems => "model",
            Self::NotAnArchive => "text",
            Self::Changed | Self::EarlierReport => "read",
        }
    }
}

/// A row of the table `problems`, without its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// Path of the member; `None` when the problem is one of the file itself.
    pub member: Option<String>,
    /// Its place, in bytes from the start of the layer that the stage reads. At most [`i64::MAX`].
    pub byte: u64,
    /// Word of the stage that reports it.
    pub stage: &'static str,
    /// Word of its kind.
    pub kind: &'static str,
    /// Place, fault, numbers.
    pub message: String,
}

impl FileProblem {
    /// A problem with a log. `fault`: what is wrong, with numbers.
    pub fn new(member: Option<&str>, byte: u64, kind: LogFault, fault: &str) -> Self {
        let byte = byte.min(i64::MAX.cast_unsigned());
        // Of a place that was not opened no byte is known.
        let message = match kind {
            LogFault::EarlierReport if member.is_none() => fault.to_owned(),
            _ => problem_message(member, byte, fault),
        };
        Self {
            member: member.map(str::to_owned),
            byte,
            stage: kind.stage(),
            kind: kind.name(),
            message,
        }
    }
}

impl FileProblem {
    /// A row of the table `problems` of a report.
    pub(crate) fn stored(
        member: Option<&str>,
        byte: u64,
        stage: &str,
        kind: &str,
        message: &str,
    ) -> Self {
        let (stage, kind) = (known_word(stage), known_word(kind));
        Self { member: member.map(str::to_owned), byte, stage, kind, message: message.to_owned() }
    }
}

/// A word that lives as long as the program. Stages and kinds are closed sets, so that little is kept.
fn known_word(word: &str) -> &'static str {
    static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = words.get(word) {
        return known;
    }
    let word: &'static str = Box::leak(word.to_owned().into_boxed_str());
    words.insert(word);
    word
}

impl From<Problem> for FileProblem {
    fn from(problem: Problem) -> Self {
        let Problem { member, byte, stage, kind, message } = problem;
        Self { member, byte, stage: stage.name(), kind: kind.name(), message }
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.message)
    }
}
