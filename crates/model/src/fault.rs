//! Error texts in bodies that are not JSON.
