//! The schema of Integrator logs.

pub mod body;
mod build;
mod bulk;
pub mod endpoint;
pub mod exchange;
pub mod extract;
mod failure;
pub mod fault;
pub mod json;
mod key;
pub mod listing;
mod raw_request;
mod record;
pub mod roles;
mod slots;
pub mod time;
