//! The schema of Integrator logs.

pub mod endpoint;
pub mod exchange;
pub mod fault;
pub mod listing;
pub mod time;
