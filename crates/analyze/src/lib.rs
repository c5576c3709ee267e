//! Where the stages meet.

pub mod aggregate;
pub mod input;
pub mod link;
pub mod report;
pub mod run;
pub mod stages;
pub mod summary;
pub mod survey;
