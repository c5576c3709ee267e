//! The main job as a whole: a folder of logs becomes a report, and the report is true.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod accounting;
mod bodies;
mod cells;
mod golden;
mod kit;
mod odd;
mod same;
mod shapes;
mod text;
mod truth;
mod types;
