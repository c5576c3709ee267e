//! How the program ends.

use std::process::ExitCode;

/// What the exit code says. A closed pipe is [`Exit::Done`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It was done.
    Done = 0,
    /// It was done, and there is no log in the input. Goes before [`Exit::Rejected`]. The code is also
    /// that of [`Exit::FAILED_ON`].
    Nothing = 1,
    /// It was not done: usage, I/O, output refused.
    NotDone = 2,
    /// It was done, but more files than allowed could not be read.
    Rejected = 3,
    /// It was interrupted; nothing is left behind.
    Interrupted = 130,
}

impl Exit {
    /// It was done, and something that `--fail-on` names was found.
    pub(crate) const FAILED_ON: Self = Self::Nothing;
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
