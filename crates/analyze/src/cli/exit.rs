//! How the program ends.

/// The exit code. A closed pipe is [`Exit::Done`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Done, and there is no log in the input. Goes before [`Exit::Rejected`]. [`Exit::FAILED_ON`] has the same code.
    Nothing = 1,
    /// Not done: wrong usage, I/O, or the output was refused.
    NotDone = 2,
    /// Done, but more files than allowed were rejected. [`Exit::INCOMPLETE`] has the same code.
    Rejected = 3,
    /// Not done: the host refuses the token.
    Refused = 4,
    /// Interrupted; nothing is left behind.
    Interrupted = 130,
}

impl Exit {
    /// Done, and something that `--fail-on` names was found.
    pub(crate) const FAILED_ON: Self = Self::Nothing;
    /// Done, except for what was listed.
    pub(crate) const INCOMPLETE: Self = Self::Rejected;
}
