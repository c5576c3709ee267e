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
//! [`protocol`] has the parameters, their checks, the envelope and the error answers once.
//! [`SavedLogs`](dump::SavedLogs) is what a dump holds. docs/api.md says what is documented and what was decided where
//! the documents are silent.
//!
//! ```
//! use api::protocol::{ListQuery, Parameters};
//!
//! let query = ListQuery::of(&Parameters::of("projectId=12&flowId=3fb1a1d2&log_type=3"));
//! assert_eq!(query.map(|query| (query.limit, query.page)), Ok((25, 1)));
//! let wrong = ListQuery::of(&Parameters::of("projectId=12&flowId=3fb1a1d2&limit=500")).unwrap_err();
//! assert_eq!(wrong.to_string(), "limit: \"500\" is not a whole number from 1 to 100");
//! ```
//!
//! This is the only library of the workspace that knows a network; what makes reports does not know this crate.

pub mod dump;
pub mod fetch;
pub mod protocol;
pub mod query;
pub mod serve;
pub mod token;

mod http_date;
