//! The schema of Integrator logs.

pub mod endpoint;
pub mod exchange;
pub mod fault;
pub mod json;
pub mod listing;
mod record;
pub mod roles;
pub mod time;
