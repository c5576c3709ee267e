//! Times in JSON: RFC 3339, UTC; null when absent.

use model::time::Timestamp;
use serde::{Serialize as _, Serializer};

#[expect(clippy::ref_option, reason = "serde calls it so")]
pub(super) fn optional<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(to)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(super) fn always<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    at.to_string().serialize(to)
}
