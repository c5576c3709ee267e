//! Where the stages meet.

pub mod report;
