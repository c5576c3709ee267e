//! What was read, and what could not be read as it should.

use std::collections::BTreeMap;

use tables::cell::{FileName, MessageText, ProblemKindWord};
use tables::rows::Problems;
use tables::{ReadError, Stored};

use crate::shown::{Masker, ShownText, plain};

tables::select! {
    /// A problem.
    struct ShownProblem<'b> from Problems {
        file: FileName<'b>,
        kind: ProblemKindWord<'b>,
        message: MessageText<'b>,
    }
}

/// Problems of a kind.
#[derive(Debug)]
pub(crate) struct ProblemsOfKind {
    pub(crate) kind: ShownText<'static>,
    pub(crate) count: u64,
    /// File and text of the first.
    pub(crate) file: ShownText<'static>,
    pub(crate) message: ShownText<'static>,
}

/// Files by outcome, problems by kind.
#[derive(Debug)]
pub(crate) struct ReportQuality {
    pub(crate) files: u64,
    /// Files with each outcome that some file has.
    pub(crate) outcomes: Vec<(String, u64)>,
    /// Most first.
    pub(crate) problems: Vec<ProblemsOfKind>,
}

impl ReportQuality {
    /// Reads `summary.json` and the table `problems`.
    pub(crate) fn read(report: &Stored, masker: &Masker) -> Result<Self, ReadError> {
        let mut kinds: BTreeMap<String, ProblemsOfKind> = BTreeMap::new();
        let mut table = report.table::<Problems>()?;
        for group in 0..table.groups() {
            for problem in table.read::<ShownProblem<'_>>(group)?.iter() {
                let first = || ProblemsOfKind {
                    kind: plain(problem.kind.0).into_owned(),
                    count: 0,
                    file: plain(problem.file.0).cut(300),
                    message: masker.shown(problem.message.0).cut(300),
                };
                kinds.entry(problem.kind.0.to_owned()).or_insert_with(first).count += 1;
            }
        }
        let mut problems: Vec<_> = kinds.into_values().collect();
        problems.sort_by_key(|problems| std::cmp::Reverse(problems.count));
        let outcomes =
            ["decoded", "partial", "listing", "empty", "duplicate", "rejected", "error_page"];
        let outcomes = outcomes.into_iter().filter_map(|outcome| {
            let number =
                report.number(&format!("/files/{outcome}")).filter(|number| *number > 0)?;
            Some((outcome.replace('_', " "), number))
        });
        Ok(Self {
            files: report.number("/files/total").unwrap_or(0),
            outcomes: outcomes.collect(),
            problems,
        })
    }
}
