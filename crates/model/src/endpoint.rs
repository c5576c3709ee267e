//! Endpoints: URLs with their ids masked.
