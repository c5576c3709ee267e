//! A report in SQLite: queries of the user ([`LoadedQuery`]), and a whole report as one SQLite file ([`save()`]).
//!
//! The tables have the names and columns of docs/tables.md. SQLite has fewer types: times are texts such as
//! `2026-10-24T02:00:00.000000Z`, which compare as times and which its date functions take; lists are JSON arrays, for
//! `json_each`; true is 1. For DuckDB, which reads Parquet itself, there are [`duckdb_views`].
//!
//! What a query may do is decided by SQLite itself: an authorizer permits reading and functions, and nothing else. The same
//! authorizer tells which columns a query reads, so no others are loaded.

mod error;
mod functions;
mod load;
mod run;
mod save;
#[cfg(test)]
mod tests;

pub use error::SqlError;
pub use run::{LoadedQuery, SqlValue};
pub use save::{duckdb_views, save};
