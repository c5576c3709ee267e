//! Whether an exchange failed, and what says so: the precedence of the evidence.

use crate::exchange::{Evidence, Outcome};

/// The status with which the Integrator marks what succeeded.
const SUCCEEDED: u8 = 2;

/// The status with which the Integrator marks what failed.
pub(crate) const FAILED: u8 = 3;

/// The signs of success and failure of one exchange.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sign of its own")]
pub(crate) struct Signs {
    /// The record's flag: whether it succeeded.
    pub(crate) flag: Option<bool>,
    /// The Integrator's status, 1 to 4.
    pub(crate) enum_status: Option<u8>,
    /// The record has errors or error codes.
    pub(crate) errors: bool,
    /// The response body says that it failed, or refuses rows.
    pub(crate) body_failed: bool,
    /// The response body has error texts; with a bad status they are its own word.
    pub(crate) body_errors: bool,
    /// HTTP status.
    pub(crate) status: Option<u16>,
    /// The engine logged an exception.
    pub(crate) exception: bool,
    /// There is a response body.
    pub(crate) response: bool,
}

impl Signs {
    /// HTTP status 400 or above.
    pub(crate) fn bad_status(&self) -> bool {
        self.status.is_some_and(|status| status >= 400)
    }

    /// Why the exchange failed; `None` when it did not. The first line that holds decides.
    ///
    /// The listing comes last; it concerns whole logs and is looked at where logs are known.
    pub(crate) fn evidence(&self) -> Option<Evidence> {
        let flag = self.flag.or((self.enum_status == Some(FAILED)).then_some(false));
        let body = self.body_failed || (self.bad_status() && self.body_errors);
        let precedence = [
            (flag == Some(false), Some(Evidence::Flag)),
            (self.errors, Some(Evidence::Errors)),
            // A flag that says "succeeded" outweighs all that follows.
            (flag == Some(true), None),
            (body, Some(Evidence::Body)),
            (self.bad_status(), Some(Evidence::Status)),
            (self.exception, Some(Evidence::Exception)),
        ];
        precedence.into_iter().find_map(|(holds, evidence)| holds.then_some(evidence)).flatten()
    }

    /// What became of an exchange with this evidence of failure.
    pub(crate) fn outcome(&self, evidence: Option<Evidence>) -> Outcome {
        let succeeded = self.status.is_some()
            || self.flag.is_some()
            || self.enum_status == Some(SUCCEEDED)
            || self.response;
        match evidence {
            Some(_) => Outcome::Failed,
            None if succeeded => Outcome::Success,
            None => Outcome::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_evidence_decides() {
        use Evidence as E;
        use Outcome::{Failed, Success, Unknown};
        let none = Signs::default();
        let all = Signs {
            errors: true,
            body_failed: true,
            body_errors: true,
            status: Some(500),
            exception: true,
            ..none
        };
        let table = [
            (none, None, Unknown),
            (Signs { response: true, ..none }, None, Success),
            (Signs { status: Some(399), ..none }, None, Success),
            (Signs { status: Some(200), body_errors: true, ..none }, None, Success),
            (Signs { enum_status: Some(SUCCEEDED), ..none }, None, Success),
            (Signs { enum_status: Some(1), ..none }, None, Unknown),
            (Signs { exception: true, ..none }, Some(E::Exception), Failed),
            (Signs { status: Some(400), exception: true, ..none }, Some(E::Status), Failed),
            (Signs { status: Some(400), body_errors: true, ..none }, Some(E::Body), Failed),
            (Signs { errors: false, ..all }, Some(E::Body), Failed),
            (Signs { errors: false, flag: Some(true), ..all }, None, Success),
            (Signs { flag: Some(true), ..all }, Some(E::Errors), Failed),
            (all, Some(E::Errors), Failed),
            (Signs { flag: Some(false), ..all }, Some(E::Flag), Failed),
            (Signs { enum_status: Some(FAILED), ..all }, Some(E::Flag), Failed),
            (Signs { enum_status: Some(FAILED), flag: Some(true), ..none }, None, Success),
        ];
        for (signs, evidence, outcome) in table {
            assert_eq!(signs.evidence(), evidence, "{signs:?}");
            assert_eq!(signs.outcome(evidence), outcome, "{signs:?}");
        }
    }
}
