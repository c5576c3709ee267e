//! The documented calls of the Integrator, List Logs and Download Logs, three times: answered from a dump, served from
//! a dump, and asked of a host to make a dump.
//!
//! ```text
//!   protocol: parameters, checks, envelope, errors
//!      │
//!   dump ──► query ──► `analyze logs`
//!              └─────► serve ──HTTP──► fetch ──► dump
//! ```
//!
//! [`protocol`] has the parameters, their checks, the envelope and the error answers once. [`SavedLogs`](dump::SavedLogs) is what
//! a dump holds. docs/api.md says what is documented and what was decided where the documents are silent.
//!
//! This is the only library of the workspace that knows a network; what makes reports does not know this crate.

pub mod dump;
pub mod fetch;
pub mod protocol;
pub mod query;
pub mod serve;
pub mod token;

mod http_date;
