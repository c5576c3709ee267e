//! The calls as a whole: queries against an oracle, the server over HTTP, and fetching from both servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod fetched;
mod host;
mod kit;
mod queries;
mod schedules;
mod served;
