//! Listing pages.
