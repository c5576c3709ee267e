//! Logs made in memory, the same for every machine and every run: what the benches and
//! `analyze bench --generate` run on.
//!
//! ```text
//!   logs::rows(count, seed) ──► logs::document(shape, ..) ──► wrap::Download      dump::file(seed, n)
//!                                   JSON text                  zip, and base64     a dump of any size
//!   errors::repeated, errors::distinct ──► texts to group
//! ```
//!
//! Nothing here is timed; who measures builds the input first. The logs imitate what a
//! shop and an ERP say to each other: short price and stock updates, products with descriptions in
//! Turkish, orders with lines, now and then a page of a listing; one exchange in seven fails.
//! Numbers measured on other inputs differ, above all with the share of large bodies, so a figure
//! always belongs to the input it was measured on. Whoever changes a generator changes that input:
//! baselines from before are then worthless.
//!
//! ```
//! use corpus::logs::{Shape, document, rows};
//! use corpus::wrap::Download;
//!
//! let download = Download::of(document(Shape::Flat, &rows(20, 1)), "901.json");
//! assert!(download.text.starts_with("UEsDB"));
//! assert!(download.zip.len() < download.json.len());
//! ```

pub mod dump;
pub mod errors;
pub mod logs;
mod random;
pub mod wrap;

pub use random::Random;
