//! How times and rows of a report look in JSON.

use serde::ser::{Error as _, Serialize as _, Serializer};
use tables::cell::Micros;
use tables::rows::{ErrorGroupRow, ErrorGroups};
use tables::{Batch, CsvOptions, TextFormat};

/// RFC 3339; null when absent.
#[expect(clippy::ref_option, reason = "serde calls it so")]
pub(crate) fn optional_time<S: Serializer>(at: &Option<Micros>, to: S) -> Result<S::Ok, S::Error> {
    at.map(tables::rfc3339).serialize(to)
}

/// RFC 3339.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn time<S: Serializer>(at: &Micros, to: S) -> Result<S::Ok, S::Error> {
    tables::rfc3339(*at).serialize(to)
}

/// An object with a member for each column, as in `error_groups.jsonl`.
pub(crate) fn group<S: Serializer>(row: &ErrorGroupRow<'_>, to: S) -> Result<S::Ok, S::Error> {
    let mut batch = Batch::<ErrorGroups>::new();
    batch.push(row);
    let line = tables::text(&batch, TextFormat::Json, CsvOptions::default());
    let object: serde_json::Value = serde_json::from_slice(&line).map_err(S::Error::custom)?;
    object.serialize(to)
}
